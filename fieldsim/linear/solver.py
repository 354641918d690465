"""Choose, prepare and run a solver for A x = b, and judge the answer by its true residual.

The choice follows the structure: transforms and fast diagonalisation where the couplings are products (see
`find_fast_solver`); elimination where it fills in little (one and two dimensions, small systems); conjugate gradients,
or BiCGSTAB where A is not symmetric, with geometric multigrid as preconditioner for the rest.
Callers see `prepare(A).solve(b)` only.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from fieldsim.errors import InvalidInput, must
from fieldsim.linear.direct import Factorisation
from fieldsim.linear.gmres import flexible_gmres
from fieldsim.linear.grid_operator import GridOperator
from fieldsim.linear.incomplete import IncompleteFactors, askew
from fieldsim.linear.krylov import bicgstab, conjugate_gradients, dot
from fieldsim.linear.multigrid import GeometricMultigrid, suits
from fieldsim.linear.residual import ResidualSums, residual_of, residual_sums
from fieldsim.linear.result import REMEDIES, LinearResult, Status
from fieldsim.linear.separable import find_fast_solver
from fieldsim.linear.sparse_operator import SparseOperator
from fieldsim.linear.spectral import FastSolver

Array = NDArray[np.float64]
Operator: TypeAlias = GridOperator | SparseOperator
Matrix: TypeAlias = Operator | sparse.csr_array

METHODS = ("auto", "fast", "direct", "cg", "bicgstab")
COMPATIBLE = 1e-10
_ITERATIONS = 500
_RESTARTS = 2
_AIM = 0.3  # the recurrence drifts from the true residual
_LED = 60
_ROUNDING = 50 * np.finfo(float).eps
_DIRECT_BELOW = 6_000
_PLANAR_BELOW = 600_000
# measured: a sparse matrix with its factors, at 600 000 cells of a plane; couplings, coarse levels and work arrays
_BYTES_OF_FACTORS = 800.0
_BYTES_OF_LEVELS = 130.0


class Prepared:
    """A matrix with its factors or coarse levels: `solve` may be called any number of times.

    Not safe for concurrent calls from several threads. `method` and `reason` say what was chosen and why.
    """

    def __init__(
        self,
        matrix: Matrix,
        *,
        method: str = "auto",
        symmetric: bool = True,
        nullspace: bool = False,
        weights: Array | None = None,
    ) -> None:
        check_method(method)
        symmetric = symmetric and (not isinstance(matrix, SparseOperator) or matrix.symmetric)
        if method == "cg" and not symmetric:
            remedy = "A velocity makes it so, and reactions between fields: 'auto' chooses between those two."
            raise InvalidInput(must("solver", "bicgstab or direct for an unsymmetric matrix", method, remedy))
        self._matrix = matrix if isinstance(matrix, GridOperator | SparseOperator) else sparse.csr_array(matrix)
        self._symmetric, self.nullspace = symmetric, nullspace
        self._weights = None if weights is None else np.asarray(weights).ravel()
        self._excess, self._size, floating = _scales(self._matrix)
        self._row_sum = float(self._excess.sum())  # not finite where a row is not
        self._run: Callable[[Array, Array | None, float], tuple[Array, int]]
        self._once: Callable[[Array], Array]
        self._fast = _fast_solver(self._matrix, method, symmetric=symmetric)
        if not np.isfinite(self._size + self._row_sum):
            self.method, self.reason, self._status = method, "not finite", Status.NOT_FINITE
            return
        self._status = Status.SINGULAR if floating and not nullspace else Status.CONVERGED
        if self._fast is not None:
            self.method, self.reason = self._fast.name, self._fast.reason
            return
        self.method, self.reason = (method, "asked for") if method != "auto" else _choose(self._matrix, symmetric)
        if self._status is Status.CONVERGED:
            self._status = self._prepare_engine()

    def _prepare_engine(self) -> Status:
        if self.method == "direct":
            stored = _stored(self._matrix)
            try:
                factors = Factorisation(stored, symmetric=self._symmetric, nullspace=self.nullspace)
            except RuntimeError:  # SuperLU: "Factor is exactly singular"
                return Status.SINGULAR
            self._once = factors.apply
            self._run = lambda b, x, rtol: (
                factors.apply(b) if x is None else x + factors.apply(b - self._product(x)),
                1,
            )
            return Status.CONVERGED
        if not self._symmetric and askew(_stored(self._matrix)):
            return self._prepare_askew(_stored(self._matrix))
        multigrid = self._multigrid()
        if multigrid is not None and isinstance(self._matrix, GridOperator) and self.method == "cg":
            self._once = multigrid.apply
            self._run = lambda b, x, rtol: multigrid.solve(b, x, rtol, _ITERATIONS)[:2]
            return Status.CONVERGED
        stored = _stored(self._matrix)
        own = stored.diagonal()
        if multigrid is None and not (own != 0.0).all():
            return Status.SINGULAR
        precondition: Callable[[Array], Array] = (lambda r: r / own) if multigrid is None else multigrid.apply
        self._once = precondition
        iterate = conjugate_gradients if self.method == "cg" else bicgstab
        self._run = lambda b, x, rtol: iterate(stored.dot, b, x, precondition, rtol=rtol, limit=_ITERATIONS)
        return Status.CONVERGED

    def _prepare_askew(self, stored: sparse.csr_array) -> Status:
        """Take incomplete factors for a matrix that is far from every symmetric one."""
        try:
            factors = IncompleteFactors(stored)
        except RuntimeError:  # SuperLU: "Factor is exactly singular"
            return Status.SINGULAR
        self.reason = self.reason.replace("multigrid", "incomplete factors")
        self._once = factors.apply
        self._run = lambda b, x, rtol: bicgstab(stored.dot, b, x, factors.apply, rtol=_AIM * rtol, limit=_ITERATIONS)
        return Status.CONVERGED

    def _multigrid(self) -> GeometricMultigrid | None:
        """Return the multigrid of the grid operator that is, or is near, the matrix; None where there is none."""
        near = self._matrix.near if isinstance(self._matrix, SparseOperator) else self._matrix
        return GeometricMultigrid(near) if isinstance(near, GridOperator) and not suits(near) else None

    def solve(self, b: Array, *, guess: Array | None = None, rtol: float = 1e-10) -> LinearResult:
        """Solve A x = b for one right-hand side of the grid's shape (or flat).

        `rtol` bounds |b - A x| / |b| for iterative methods; a direct answer is accepted when its residual is
        at rounding level. For a singular system `b` must sum to zero and the answer has weighted mean zero.
        """
        right = np.asarray(b, dtype=float)
        flat = right.ravel()
        if self._status is not Status.CONVERGED:
            return self._failure(right, self._status)
        if not np.isfinite(flat).all():
            return self._failure(right, Status.NOT_FINITE)
        if self.nullspace:
            if abs(float(flat.sum())) > COMPATIBLE * float(np.abs(flat).sum()):
                return self._failure(right, Status.INCOMPATIBLE)
            flat = flat - flat.mean()
        if self._fast is not None:
            x, iterations, left = self._apply_fast(self._fast, flat)
        else:
            start = None if guess is None else np.array(guess, dtype=float).ravel()
            x, iterations, left = self._iterate(flat, start, rtol)
        residual, status = self._judge(left.answer, left.right, self._conserve(x, left), rtol)
        if self.nullspace:
            weights = self._weights
            x = x - (float(x.mean()) if weights is None else dot(weights, x) / float(weights.sum()))
        return LinearResult(x.reshape(right.shape), status, iterations, residual, self.method, REMEDIES[status])

    def approximate(self, b: Array) -> Array:
        """Return x with A x near b, unchecked: one substitution, cycle or transform, to precondition what is near A."""
        if self._status is not Status.CONVERGED:
            return np.full_like(b, np.nan)
        flat = np.ravel(b)
        x = self._fast.apply(flat) if self._fast is not None else self._once(flat)
        return x.reshape(b.shape)

    def _apply_fast(self, fast: FastSolver, b: Array) -> tuple[Array, int, ResidualSums]:
        """Apply the fast solver, and once more to the true residual where that is above rounding level."""
        x, applied = fast.apply(b), 1
        left = self._sums(x, b)
        if left.norm > self._rounding(left.answer, left.right):
            x, applied = x + fast.apply(self._residual(x, b)), 2
            left = self._sums(x, b)
        return x, applied, left

    def _iterate(self, b: Array, guess: Array | None, rtol: float) -> tuple[Array, int, ResidualSums]:
        """Run the engine, again from its answer where the true residual is larger than the engine believes.

        A direct answer is refined once at least, which brings its residual to rounding level.
        """
        x, total = self._run(b, guess, rtol)
        left = self._sums(x, b)
        enough = 0.0 if self.method == "direct" else rtol * left.right
        for _ in range(_RESTARTS):
            if left.norm <= enough or total >= _ITERATIONS:
                break
            again, iterations = self._run(b, x, rtol)
            found = self._sums(again, b)
            total += iterations
            if found.norm < left.norm:
                x, left, enough = again, found, rtol * found.right
            else:
                break
        return x, total, left

    def _conserve(self, x: Array, left: ResidualSums) -> float:
        """Add, in place, the constant that makes the residual sum to zero; return the residual's norm after it.

        No amount is then lost to the solver. For a symmetric positive matrix this is the Galerkin correction in the
        constant, which can only lower the error's energy; A turns a constant into its multiple of the row sums. Where A
        is not symmetric nothing promises that, and a constant that makes the residual larger is not taken.
        """
        if self.nullspace or not self._row_sum > 0.0:
            return left.norm
        shift = left.total / self._row_sum
        square = left.norm**2 + shift * (shift * dot(self._excess, self._excess) - 2.0 * left.along)
        after = float(np.sqrt(max(square, 0.0)))
        if not self._symmetric and after > 2.0 * left.norm:
            return left.norm
        x += shift
        return after

    def _product(self, x: Array) -> Array:
        if isinstance(self._matrix, GridOperator):
            return self._matrix.apply(x.reshape(self._matrix.shape)).ravel()
        return np.asarray(_stored(self._matrix) @ x, dtype=float)

    def _residual(self, x: Array, b: Array) -> Array:
        if isinstance(self._matrix, GridOperator):
            return residual_of(self._matrix, x, b)
        return b - self._product(x)

    def _sums(self, x: Array, b: Array) -> ResidualSums:
        if isinstance(self._matrix, GridOperator):
            return residual_sums(self._matrix, x, b)
        rest = self._residual(x, b)
        return ResidualSums(float(rest.sum()), _norm(rest), _norm(x), _norm(b), dot(rest, self._excess))

    def _judge(self, answer: float, size: float, left: float, rtol: float) -> tuple[float, Status]:
        """Judge an answer by the norms of itself, of the right-hand side and of the residual that is left."""
        relative = left / size if size > 0.0 else left
        if not np.isfinite(relative):
            return relative, Status.NOT_CONVERGED if self.method in ("cg", "bicgstab") else Status.SINGULAR
        good = left <= self._rounding(answer, size) or relative <= rtol * 1.01
        return relative, Status.CONVERGED if good else Status.NOT_CONVERGED

    def _rounding(self, answer: float, size: float) -> float:
        return _ROUNDING * (self._size * answer + size)

    def _failure(self, b: Array, status: Status) -> LinearResult:
        return LinearResult(np.full_like(b, np.nan), status, 0, np.inf, self.method, REMEDIES[status])


def check_method(method: object, *, name: str = "method") -> None:
    """Raise InvalidInput, naming the argument, unless `method` is one of METHODS."""
    if method not in METHODS:
        raise InvalidInput(must(name, f"one of {', '.join(METHODS)}", method, "'auto' chooses by structure."))


def prepare(
    matrix: Matrix,
    *,
    method: str = "auto",
    symmetric: bool = True,
    nullspace: bool = False,
    weights: Array | None = None,
) -> Prepared:
    """Factor a matrix, or build its coarse levels, once for many right-hand sides.

    `matrix` is a GridOperator, a SparseOperator or a sparse matrix; `nullspace=True` declares A 1 = 0 (all walls
    insulated, or periodic), and `weights` are the cell volumes of the mean that is then fixed at zero.
    """
    return Prepared(matrix, method=method, symmetric=symmetric, nullspace=nullspace, weights=weights)


def solve(
    matrix: Matrix,
    b: Array,
    *,
    method: str = "auto",
    symmetric: bool = True,
    nullspace: bool = False,
    weights: Array | None = None,
    guess: Array | None = None,
    rtol: float = 1e-10,
) -> LinearResult:
    """Solve A x = b once; see `prepare` and `Prepared.solve`. A hard system does not raise: read `status`."""
    prepared = prepare(matrix, method=method, symmetric=symmetric, nullspace=nullspace, weights=weights)
    return prepared.solve(b, guess=guess, rtol=rtol)


def solve_led(matrix: Operator, leader: Prepared, b: Array, rtol: float) -> Array | None:
    """Return x with matrix x = b to `rtol`, by GMRES preconditioned by the solver of a matrix near it, or None.

    One application of the leader's factors or cycles stands for a solve, so that they may serve many matrices.
    """
    stored, right = matrix.matrix(), np.ravel(b)
    x, _, left = flexible_gmres(stored.dot, right, leader.approximate, rtol=rtol, limit=_LED)
    return x.reshape(b.shape) if left <= rtol else None


def bytes_to_solve(shape: tuple[int, ...]) -> float:
    """Return the memory that preparing and solving a GridOperator of this shape takes, in bytes a cell."""
    return _BYTES_OF_FACTORS if _eliminates(shape) else _BYTES_OF_LEVELS


def _eliminates(shape: tuple[int, ...]) -> bool:
    n = prod(shape)
    return n <= _DIRECT_BELOW or (sum(length > 1 for length in shape) <= 2 and n <= _PLANAR_BELOW)


def _stored(matrix: Matrix) -> sparse.csr_array:
    return matrix.matrix() if isinstance(matrix, GridOperator | SparseOperator) else matrix


def _scales(matrix: Matrix) -> tuple[Array, float, bool]:
    """Return A 1, flat, a bound on the size of A's entries, and whether A 1 = 0."""
    if isinstance(matrix, GridOperator):
        excess = matrix.diagonal.ravel()
        size = float(excess.max(initial=0.0)) + 2.0 * sum(float(c.max(initial=0.0)) for c in matrix.couplings)
        return excess, size, not excess.any()
    stored = _stored(matrix)
    excess = np.asarray(stored.sum(axis=1), dtype=float).ravel()
    bounds = np.asarray(abs(stored).sum(axis=1), dtype=float).ravel()
    floating = bool((np.abs(excess) <= 4 * np.finfo(float).eps * bounds).all())
    return excess, float(abs(stored).max()) if stored.nnz else 0.0, floating


def _norm(values: Array) -> float:
    return float(np.sqrt(dot(values, values)))


def _fast_solver(matrix: Matrix, method: str, *, symmetric: bool) -> FastSolver | None:
    if not isinstance(matrix, GridOperator) or not symmetric or method not in ("auto", "fast"):
        found = None
    else:
        found = find_fast_solver(matrix)
    if found is None and method == "fast":
        remedy = "Couplings that are no products of one factor an axis need method='auto'."
        raise InvalidInput(must("method", "one that fits the matrix", method, remedy))
    # elimination of small systems is quick, and loading compiled sweeps is not
    small = isinstance(matrix, GridOperator) and matrix.size <= _DIRECT_BELOW
    return None if found is not None and small and method == "auto" and found.name == "separable" else found


def _choose(matrix: Matrix, symmetric: bool) -> tuple[str, str]:  # noqa: FBT001
    if not isinstance(matrix, GridOperator | SparseOperator):
        return "direct", "a matrix without a grid"
    n, dimensions = matrix.size, sum(length > 1 for length in matrix.shape)
    size = f"{n} unknowns in {dimensions} dimension(s)"
    if _eliminates(matrix.shape):
        return "direct", f"{size}: factors fit"
    if symmetric:
        return "cg", f"{size}, symmetric: conjugate gradients and multigrid"
    return "bicgstab", f"{size}, not symmetric: BiCGSTAB and multigrid"
