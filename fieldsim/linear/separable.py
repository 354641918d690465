"""Solve tensor-product operators directly: transforms or eigenvectors on some axes, elimination along one.

V^T w V = 1 and V^T L V = diag(lambda) turn A = sum_a L_a (x) weights into three-point systems along the remaining
axis (fast diagonalisation: Lynch, Rice & Thomas, Numerische Mathematik 6 (1964) 185). Uniform axes take fast
transforms. An axis may be diagonalised where all other terms carry the same weight along it; at most one does not.
"""

from __future__ import annotations

import numpy as np

from fieldsim.arrays import FloatArray
from fieldsim.linear.eigenvectors import LARGEST_BASIS, REFINED_ABOVE, eigen_basis
from fieldsim.linear.factors import COARSE, Factors, Term, factorise
from fieldsim.linear.grid_operator import GridOperator
from fieldsim.linear.spectral import Basis, FastSolver, divide, regular, spectral_solver, trigonometric_basis

_SWEEP_ABOVE = 200_000
_REFUSED_ABOVE = 1e-5


class SeparableSolver:
    """Diagonalise all axes but at most one, eliminate along that one, transform back.

    Where the couplings are products to no more than 1e-12, or `loss` (the relative error of the smallest eigenvalue of
    an axis) is large, `apply` refines once with the operator itself.
    """

    name = "separable"

    def __init__(self, operator: GridOperator, factors: Factors, bases: tuple[Basis | None, ...], loss: float) -> None:
        self._operator, self._factors, self._bases = operator, factors, bases
        self._refine = not factors.close or loss > REFINED_ABOVE
        self._line = bases.index(None) if None in bases else None
        if self._line is not None:
            self._systems = _Systems(factors, bases, self._line)
        parts = " x ".join("elimination" if basis is None else basis.name for basis in bases)
        self.reason = f"couplings are tensor products: {parts}"

    def apply(self, b: FloatArray) -> FloatArray:
        """Return x with A x = b, in the shape of b; where A 1 = 0, the x of mean zero for b less its mean."""
        right = np.reshape(b, self._operator.shape)
        x = self._once(right)
        if self._refine:
            x += self._once(right - self._operator.apply(x))
        return x.reshape(np.shape(b))

    def _once(self, right: FloatArray) -> FloatArray:
        x = np.array(right, dtype=float, order="C").reshape(self._factors.shape)
        if self._factors.singular:
            x -= x.mean()
        for axis, basis in enumerate(self._bases):
            if basis is not None:
                x = basis.forward(x, axis)
        if self._line is not None:
            x = self._systems.solve(x)
        else:
            values = [basis.values for basis in self._bases if basis is not None]
            divide(x, values, self._factors.constant, singular=self._factors.singular)
        for axis, basis in enumerate(self._bases):
            if basis is not None:
                x = basis.backward(x, axis)
        if self._factors.singular:
            x -= x.mean()
        return x.reshape(right.shape)


class _Systems:
    """The three-point systems that are left along one axis, one for each combination of the other axes' modes."""

    def __init__(self, factors: Factors, bases: tuple[Basis | None, ...], line: int) -> None:
        term, shape = factors.terms[line], factors.shape
        self._outer = int(np.prod(shape[:line], dtype=int))
        self._inner = int(np.prod(shape[line + 1 :], dtype=int))
        self._couplings, self._excess = term.couplings, term.diagonal
        others = [axis for axis in range(len(shape)) if axis != line]
        self._modes, self._weights = [], []
        grid = tuple(shape[axis] for axis in others)
        null = []
        for place, axis in enumerate(others):
            basis = bases[axis]
            values = np.zeros(shape[axis]) if basis is None else basis.values
            spread = values.reshape(tuple(-1 if k == place else 1 for k in range(len(grid))))
            self._modes.append(np.ascontiguousarray(np.broadcast_to(spread, grid)).reshape(self._outer, self._inner))
            weight = factors.terms[axis].weights[line]
            self._weights.append(np.ascontiguousarray(weight))
            null.append(int(np.abs(values).argmin()))
        while len(self._modes) < 2:
            self._modes.append(np.zeros((self._outer, self._inner)))
            self._weights.append(np.zeros(shape[line]))
        self._null = -1
        if factors.singular:
            self._null = int(np.ravel_multi_index(tuple(null), grid)) if grid else 0

    def solve(self, x: FloatArray) -> FloatArray:
        # compiling is put off until the first large system
        from fieldsim.kernels.tridiagonal import sweep_across, sweep_along

        x = np.ascontiguousarray(x)
        (p, q), (m, n) = self._modes, self._weights
        if self._inner == 1:
            lines = x.reshape(self._outer, -1)
            sweep_along(lines, p[:, 0], q[:, 0], self._excess, self._couplings, m, n, self._null)
        else:
            blocks = x.reshape(self._outer, -1, self._inner)
            sweep_across(blocks, p, q, self._excess, self._couplings, m, n, self._null)
        return x


def find_fast_solver(operator: GridOperator) -> FastSolver | None:
    """Return a direct solver if the arrays of `operator` have the structure for one, else None.

    Every entry is checked, so that the answer is that of `operator`; see `factorise` for what is refused.
    """
    factors = factorise(operator)
    if factors is None or len(factors.terms) > 3:
        return None
    spectral = spectral_solver(factors)
    if spectral is not None and factors.close:
        return spectral
    return _separable_solver(operator, factors)


def _separable_solver(operator: GridOperator, factors: Factors) -> SeparableSolver | None:
    weights = [factors.common_weight(axis) for axis in range(len(factors.terms))]
    line = _line(factors, weights)
    if line is None:
        return None
    bases: list[Basis | None] = []
    loss = 0.0
    for axis, (term, weight) in enumerate(zip(factors.terms, weights, strict=True)):
        if axis == line or weight is None:
            bases.append(None)
            continue
        uniform = uniform_basis(term, weight)
        if uniform is not None:
            bases.append(uniform)
            continue
        if term.size > LARGEST_BASIS:
            return None
        dense = eigen_basis(term, weight)
        bases.append(dense)
        loss = max(loss, dense.loss)
    if loss > _REFUSED_ABOVE:
        return None
    if not factors.definite and not regular([basis.values for basis in bases if basis is not None], factors.constant):
        return None
    return SeparableSolver(operator, factors, tuple(bases), loss)


def _line(factors: Factors, weights: list[FloatArray | None]) -> int | None:
    """Return the axis to eliminate along, -1 for none, or None where no plan exists."""
    forced = [axis for axis, weight in enumerate(weights) if weight is None]
    if len(forced) > 1 or any(factors.terms[axis].periodic for axis in forced):
        return None
    if forced:
        return forced[0] if factors.definite else None
    costly = [
        axis
        for axis, (term, weight) in enumerate(zip(factors.terms, weights, strict=True))
        if not term.periodic and weight is not None and uniform_basis(term, weight) is None
    ]
    largest = max(costly, key=lambda axis: factors.terms[axis].size, default=-1)
    small = int(np.prod(factors.shape, dtype=int)) <= _SWEEP_ABOVE
    if largest < 0 or not factors.definite or (small and factors.terms[largest].size <= LARGEST_BASIS // 8):
        return -1
    return largest


def uniform_basis(term: Term, weight: FloatArray) -> Basis | None:
    """Return the fast transform that diagonalises an axis in its weight, or None where it is not uniform."""
    return trigonometric_basis(term) if float(np.ptp(weight)) <= COARSE else None
