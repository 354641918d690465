"""A conservation law as du/dt = f(t, u) for the time loop, with prepared solvers for the implicit stages.

f = gain / storage, and (1 - s df/du) delta = r becomes (storage + s K) delta = storage r: symmetric and positive.
"""

from __future__ import annotations

from collections import OrderedDict
from math import log

import numpy as np

from fieldsim.arrays import FloatArray
from fieldsim.errors import InvalidInput
from fieldsim.linear import Prepared, prepare
from fieldsim.physics.finite_volume import FiniteVolume

_KEPT = 4
_DIGITS = 11
_LEVELS_FOR = 4.0


class ConservationSystem:
    """The time loop's view of a FiniteVolume; keeps the solvers of the last few step lengths."""

    def __init__(self, volume: FiniteVolume, *, solver: str = "auto") -> None:
        if volume.storage is None:
            name = volume.equation.quantity
            raise InvalidInput(f"The {name} has no time of its own: its equation is steady. Use solve(problem).")
        self.volume = volume
        self.storage: FloatArray = volume.storage
        self.solver = solver
        self.prepared: OrderedDict[tuple[float, float], Prepared] = OrderedDict()
        self.levels: tuple[float, Prepared] | None = None

    def rate(self, t: float, u: FloatArray) -> FloatArray:
        """Return du/dt."""
        return self.volume.gain(t, u) / self.storage

    def correct(self, t: float, shift: float, u: FloatArray, residual: FloatArray, *, rtol: float = 1e-8) -> FloatArray:
        """Return delta with (1 - shift df/du) delta = residual; NaN where the system could not be solved."""
        right = self.storage * residual
        if not right.any():
            return np.zeros_like(u)
        # steps that differ by rounding share one factorisation, the same one after a restart
        shared = float(f"{shift:.{_DIGITS}e}")
        delta = self._solver_for(t, shared).solve(right, rtol=rtol).x
        if shared == shift:
            return delta
        matrix = self.volume.matrix_at(t).shifted(self.storage, shift)
        # one constant restores what the rounded shift lost of the conserved amount
        lost = float((right - matrix.apply(delta)).sum())
        return delta + lost / float(matrix.diagonal.sum())

    def fastest_rate(self, t: float) -> float:
        """Return Gershgorin's bound on the eigenvalues of -df/du, in 1/s."""
        return float((self.volume.matrix_at(t).row_bounds() / self.storage).max())

    def _solver_for(self, t: float, shift: float) -> Prepared:
        key = (shift, t if self.volume.slope_varies else 0.0)
        if key in self.prepared:
            self.prepared.move_to_end(key)
            return self.prepared[key]
        matrix = self.volume.matrix_at(t).shifted(self.storage, shift)
        self.prepared[key] = prepare(matrix, method=self.solver, near=lambda: self._levels_near(shift))
        while len(self.prepared) > _KEPT:
            self.prepared.popitem(last=False)
        return self.prepared[key]

    def _levels_near(self, shift: float) -> Prepared:
        """Return the solver of the nearest power of four, whose coarse levels serve all shifts around it.

        A power, not the last shift used: a resumed run must find the same levels.
        """
        rounded = _LEVELS_FOR ** round(log(shift, _LEVELS_FOR))
        if self.levels is None or self.levels[0] != rounded:
            matrix = self.volume.matrix_at(0.0).shifted(self.storage, rounded)
            self.levels = rounded, prepare(matrix, method=self.solver)
        return self.levels[1]
