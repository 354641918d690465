"""Choose, prepare and run a solver for A x = b, and judge the answer by its true residual.

The choice follows the structure: transforms and fast diagonalisation where the couplings are products (see
`find_fast_solver`), direct where elimination fills in little (one and two dimensions, small
systems), multigrid-preconditioned conjugate gradients for large symmetric three-dimensional systems, ILU and
BiCGSTAB for large unsymmetric ones. Callers see `prepare(A).solve(b)` only, so that a faster solver replaces
these without a change above.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import LinearOperator, bicgstab, spilu

from fieldsim.errors import InvalidInput, must
from fieldsim.linear.direct import Factorisation
from fieldsim.linear.grid_operator import GridOperator
from fieldsim.linear.krylov import Diagonal, Multigrid, conjugate_gradients, dominance, dot
from fieldsim.linear.residual import residual_of, residual_sums
from fieldsim.linear.result import REMEDIES, LinearResult, Status
from fieldsim.linear.separable import find_fast_solver
from fieldsim.linear.spectral import FastSolver

Array = NDArray[np.float64]
Matrix = GridOperator | sparse.csr_array

METHODS = ("auto", "fast", "direct", "cg", "bicgstab")
COMPATIBLE = 1e-10
_ITERATIONS = 500
_ROUNDING = 50 * np.finfo(float).eps
_DIRECT_BELOW = 6_000
_PLANAR_BELOW = 600_000
_DOMINANT = 20.0


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
        near: Callable[[], Prepared] | None = None,
    ) -> None:
        check_method(method)
        if method == "cg" and not symmetric:
            raise InvalidInput(must("method", "bicgstab or direct for an unsymmetric matrix", method, "Use them."))
        self.shape = matrix.shape if isinstance(matrix, GridOperator) else (matrix.shape[0],)
        self._product: Callable[[Array], Array] = _product_of(matrix)
        self._symmetric, self.nullspace = symmetric, nullspace
        self._weights = None if weights is None else np.asarray(weights).ravel()
        self._engine: Any = None
        self._fast = _fast_solver(matrix, method, symmetric=symmetric)
        if self._fast is not None and isinstance(matrix, GridOperator):
            self.method, self.reason = self._fast.name, self._fast.reason
            excess = matrix.diagonal
            self._operator, self._row_sum = matrix, float(excess.sum())
            self._excess_square = float(np.einsum("i,i->", excess.ravel(), excess.ravel()))
            self._size = float(excess.max()) + 2.0 * sum(float(c.max(initial=0.0)) for c in matrix.couplings)
            floating = not nullspace and not excess.any()
            self._status = Status.SINGULAR if floating else Status.CONVERGED
            return
        self._matrix = matrix.matrix() if isinstance(matrix, GridOperator) else sparse.csr_array(matrix)
        self.method, self.reason = (method, "asked for") if method != "auto" else _choose(matrix, symmetric=symmetric)
        self._size = float(abs(self._matrix).max()) if self._matrix.nnz else 0.0
        self._finite = bool(np.isfinite(self._matrix.data).all())
        self._row_sum = float(self._matrix.sum())
        self._status = self._prepare_engine(near)

    def _prepare_engine(self, near: Callable[[], Prepared] | None) -> Status:
        if not self._finite:
            return Status.NOT_FINITE
        if not self.nullspace and self._annihilates_constants():
            return Status.SINGULAR
        try:
            if self.method == "direct":
                self._engine = Factorisation(self._matrix, symmetric=self._symmetric, nullspace=self.nullspace)
            elif self.method == "cg":
                if not (self._matrix.diagonal() > 0.0).all():
                    return Status.SINGULAR
                self._engine = self._preconditioner(near)
            else:
                self._engine = spilu(self._matrix.tocsc(), drop_tol=1e-5, fill_factor=20)
        except RuntimeError:  # SuperLU: "Factor is exactly singular"
            return Status.SINGULAR
        return Status.CONVERGED

    def _preconditioner(self, near: Callable[[], Prepared] | None) -> Diagonal | Multigrid:
        if not self.nullspace and dominance(self._matrix) < _DOMINANT:
            return Diagonal(self._matrix)
        other = near() if near is not None else None
        if other is not None and isinstance(other._engine, Multigrid) and other.shape == self.shape:
            return other._engine
        return Multigrid(self._matrix, nullspace=self.nullspace)

    def _annihilates_constants(self) -> bool:
        image = np.abs(self._product(np.ones(self._matrix.shape[0])))
        bound = np.asarray(abs(self._matrix).sum(axis=1)).ravel()
        return bool((image <= 4 * np.finfo(float).eps * bound).all())

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
            x, iterations, residual, status = self._solve_fast(self._fast, flat, rtol)
        else:
            start = np.zeros_like(flat) if guess is None else np.array(guess, dtype=float).ravel()
            x, iterations = self._run(flat, start, rtol)
            x = self._conserve(x, flat)
            residual, status = self._judge(_norm(x), _norm(flat), _norm(flat - self._product(x)), rtol)
        if self.nullspace:
            weights = self._weights
            x = x - (float(x.mean()) if weights is None else dot(weights, x) / float(weights.sum()))
        shaped = x.reshape(right.shape)
        return LinearResult(shaped, status, iterations, residual, self.method, REMEDIES[status])

    def _solve_fast(self, fast: FastSolver, b: Array, rtol: float) -> tuple[Array, int, float, Status]:
        """Apply the fast solver, and once more to the true residual where that is above rounding level."""
        x, applied = fast.apply(b), 1
        left = residual_sums(self._operator, x, b)
        if left.norm > self._rounding(left.answer, left.right):
            x, applied = x + fast.apply(residual_of(self._operator, x, b)), 2
            left = residual_sums(self._operator, x, b)
        square = left.norm**2
        if not self.nullspace and self._row_sum > 0.0:
            # as `_conserve`, without a product: A turns a constant into its multiple of the diagonal's excess
            shift = left.total / self._row_sum
            x += shift
            square += shift * (shift * self._excess_square - 2.0 * left.along)
        relative, status = self._judge(left.answer, left.right, float(np.sqrt(max(square, 0.0))), rtol)
        return x, applied, relative, status

    def _run(self, b: Array, start: Array, rtol: float) -> tuple[Array, int]:
        if self.method == "direct":
            x = start + self._engine.apply(b - self._product(start))
            # one refinement costs a substitution and brings the residual to rounding level
            return x + self._engine.apply(b - self._product(x)), 1
        if self.method == "cg":
            # the stored matrix multiplies faster than the grid's differences, which judge the result
            x, iterations = conjugate_gradients(
                self._matrix.dot, b, start, self._engine.apply, rtol=rtol, limit=_ITERATIONS
            )
            return x, iterations
        count = 0

        def tick(_: Array) -> None:
            nonlocal count
            count += 1

        n = b.size
        operator = LinearOperator((n, n), matvec=self._product, dtype=float)
        ilu = LinearOperator((n, n), matvec=self._engine.solve, dtype=float)
        x, _ = bicgstab(operator, b, x0=start, rtol=rtol, atol=0.0, maxiter=_ITERATIONS, M=ilu, callback=tick)
        return x, count

    def _conserve(self, x: Array, b: Array) -> Array:
        """Add the constant that makes the residual sum to zero, so that no amount is lost to the solver.

        For a symmetric positive matrix this is the Galerkin correction in the constant, which can only lower
        the error's energy.
        """
        if self.nullspace or not self._symmetric or not self._row_sum > 0.0:
            return x
        return x + float((b - self._product(x)).sum()) / self._row_sum

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
    near: Callable[[], Prepared] | None = None,
) -> Prepared:
    """Factor a matrix, or build its coarse levels, once for many right-hand sides.

    `matrix` is a GridOperator or a sparse matrix; `nullspace=True` declares A 1 = 0 (all walls insulated, or
    periodic), and `weights` are the cell volumes of the mean that is then fixed at zero. `near` gives,
    where coarse levels are needed, a prepared similar matrix whose levels serve again.
    """
    return Prepared(matrix, method=method, symmetric=symmetric, nullspace=nullspace, weights=weights, near=near)


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


def _product_of(matrix: Matrix) -> Callable[[Array], Array]:
    if isinstance(matrix, GridOperator):
        operator = matrix
        return lambda x: operator.apply(x.reshape(operator.shape)).ravel()
    stored = sparse.csr_array(matrix)
    return lambda x: stored @ x


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


def _choose(matrix: Matrix, *, symmetric: bool) -> tuple[str, str]:
    if isinstance(matrix, GridOperator):
        n, dimensions = matrix.size, sum(length > 1 for length in matrix.shape)
    else:
        n = matrix.shape[0]
        dimensions = 2 if matrix.nnz <= 5.05 * n else 3
    if n <= _DIRECT_BELOW or (dimensions <= 2 and n <= _PLANAR_BELOW):
        return "direct", f"{n} unknowns in {dimensions} dimension(s): factors fit"
    if symmetric:
        return (
            "cg",
            f"{n} unknowns in {dimensions} dimension(s), symmetric: multigrid and conjugate gradients",
        )
    return "bicgstab", f"{n} unknowns in {dimensions} dimension(s), not symmetric"
