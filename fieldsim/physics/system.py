"""A conservation law as du/dt = f(t, u) for the time loop, with prepared solvers for the implicit stages.

f = gain / storage, and (1 - s df/du) delta = r becomes (storage + s K) delta = storage r: symmetric and positive,
also where K follows u, in Kirchhoff's variable weight * delta.
"""

from __future__ import annotations

from collections import OrderedDict

import numpy as np

from fieldsim.arrays import FloatArray
from fieldsim.errors import InvalidInput, NumericalFailure
from fieldsim.linear import GridOperator, Prepared, prepare
from fieldsim.physics.finite_volume import FiniteVolume

_KEPT = 4
_DIGITS = 11


class ConservationSystem:
    """The time loop's view of a FiniteVolume; keeps the solvers of the last few step lengths."""

    def __init__(self, volume: FiniteVolume, *, solver: str = "auto") -> None:
        if volume.storage is None:
            name = volume.equation.quantity
            raise InvalidInput(f"The {name} has no time of its own: its equation is steady. Use solve(problem).")
        volume.equation.require_storage("a run in time")
        self.volume = volume
        self.storage: FloatArray = volume.storage
        self.solver = solver
        self.prepared: OrderedDict[tuple[float, float], Prepared] = OrderedDict()

    @property
    def linear(self) -> bool:
        """Whether no coefficient, source or wall follows the unknown."""
        return not self.volume.follows

    def rate(self, t: float, u: FloatArray) -> FloatArray:
        """Return du/dt; NaN where a coefficient that follows u leaves its range, so that the step is cut."""
        try:
            return self.volume.gain(t, u) / self.storage
        except NumericalFailure:
            if not self.volume.follows:
                raise
            return np.full_like(u, np.nan)

    def correct(self, t: float, shift: float, u: FloatArray, residual: FloatArray, *, rtol: float = 1e-8) -> FloatArray:
        """Return delta with (1 - shift df/du) delta = residual; NaN where the system could not be solved."""
        right = self.storage * residual
        if not right.any():
            return np.zeros_like(u)
        if self.volume.follows:
            return self._newton(t, shift, u, right, rtol)
        # steps that differ by rounding share one factorisation, the same one after a restart
        shared = float(f"{shift:.{_DIGITS}e}")
        delta = self._solver_for(t, shared).solve(right, rtol=rtol).x
        if shared == shift and not self.volume.bodies.any:
            return delta
        return self._conserving(self.volume.matrix_at(t).shifted(self.storage, shift), delta, right)

    def _newton(self, t: float, shift: float, u: FloatArray, right: FloatArray, rtol: float) -> FloatArray:
        derivative = self.volume.linearised(t, u)
        weight = 1.0 if derivative.weight is None else derivative.weight
        matrix = derivative.operator.shifted(self.storage / weight, shift)
        delta = prepare(matrix, method=self.solver).solve(right, rtol=rtol).x
        return self._conserving(matrix, delta, right) / weight

    def _conserving(self, matrix: GridOperator, delta: FloatArray, right: FloatArray) -> FloatArray:
        """Add one constant to the unknowns that restores what rounding lost of the conserved amount."""
        free = ~self.volume.bodies.idle
        lost = float((right - matrix.apply(delta))[free].sum())
        return np.where(free, delta + lost / float(matrix.diagonal[free].sum()), 0.0)

    def fastest_rate(self, t: float, u: FloatArray) -> float:
        """Return Gershgorin's bound on the eigenvalues of -df/du, in 1/s."""
        derivative = self.volume.linearised(t, u)
        bounds = derivative.operator.row_bounds() / self.storage
        if derivative.weight is not None:
            bounds = bounds * derivative.weight
        return float(bounds[~self.volume.bodies.idle].max())

    def _solver_for(self, t: float, shift: float) -> Prepared:
        key = (shift, t if self.volume.matrix_varies else 0.0)
        if key in self.prepared:
            self.prepared.move_to_end(key)
            return self.prepared[key]
        matrix = self.volume.matrix_at(t).shifted(self.storage, shift)
        self.prepared[key] = prepare(matrix, method=self.solver)
        while len(self.prepared) > _KEPT:
            self.prepared.popitem(last=False)
        return self.prepared[key]
