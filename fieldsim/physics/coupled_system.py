"""Coupled laws as du/dt = f(t, u) for the time loop, every field in units of its own scale.

Scales are powers of two, so that no digit is lost; the fields stand one behind the other: (fields, *mesh.shape).
"""

from __future__ import annotations

import numpy as np

from fieldsim.arrays import FloatArray
from fieldsim.errors import InvalidInput, NumericalFailure, must
from fieldsim.linear.exponential import Exponential
from fieldsim.physics.coupled_law import CoupledLaw
from fieldsim.physics.coupled_solver import CoupledSolver
from fieldsim.physics.system import flows_of, require_time


class CoupledSystem:
    """The time loop's view of a CoupledLaw; `parts` fields, each with a tolerance of its own."""

    linear = False
    sized = True

    def __init__(self, law: CoupledLaw, scales: FloatArray, *, solver: str = "auto") -> None:
        for volume in law.volumes.values():
            require_time(volume.equation)
        self.law = law
        self.parts = len(law.names)
        self.solver = CoupledSolver(law, scales, method=solver)
        self.scales = self.solver.scales

    @property
    def _bends(self) -> bool:
        """Whether a coefficient that follows its field may leave its range in a step that is too long."""
        return any(volume.follows for volume in self.law.volumes.values())

    def rate(self, t: float, u: FloatArray) -> FloatArray:
        """Return du/dt; NaN where a source or coefficient leaves its range, so that the step is cut."""
        try:
            return self.law.gain(t, u * self.scales) / (self.law.capacity * self.scales)
        except NumericalFailure:
            if not self._bends:
                raise
            return np.full_like(u, np.nan)

    def flows(self, t: float, u: FloatArray) -> FloatArray:
        """Return the flows of every field, one behind the other (see `flows_of`), with what reactions make."""
        state = u * self.scales
        production = self.law.production(t, state)
        parts = []
        for row, volume in enumerate(self.law.volumes.values()):
            flows = flows_of(volume, t, state[row])
            flows[-1] += float(production[row].sum())
            parts.append(flows)
        return np.concatenate(parts)

    def correct(self, t: float, shift: float, u: FloatArray, residual: FloatArray, *, rtol: float = 1e-8) -> FloatArray:
        """Return delta with (1 - shift df/du) delta = residual; NaN where the system could not be solved."""
        if not residual.any():
            return np.zeros_like(u)
        try:
            delta = self.solver.solve(t, u, residual, mass=1.0, shift=shift, rtol=rtol)
        except NumericalFailure:
            if not self._bends:
                raise
            return np.full_like(u, np.nan)
        delta[self.law.idle] = 0.0
        return delta

    def fastest_rate(self, t: float, u: FloatArray) -> float:
        """Return a bound on the eigenvalues of -df/du, in 1/s.

        The largest size of each block, over all cells, makes a matrix of non-negative numbers whose spectral radius
        bounds that of df/du in any units of the fields (Perron; Horn and Johnson, Matrix Analysis, section 8.1).
        """
        state = u * self.scales
        sizes = np.zeros((self.parts, self.parts))
        for (i, j), entry in self.law.growth(t, state).items():
            sizes[i, j] = float(np.abs(entry / self.law.capacity[i]).max())
        for i, volume in enumerate(self.law.volumes.values()):
            derivative = volume.linearised(t, state[i])
            bounds = derivative.operator.row_bounds() / self.law.capacity[i]
            if derivative.weight is not None:
                bounds = bounds * derivative.weight
            sizes[i, i] += float(bounds[~self.law.idle[i]].max())
        return float(np.abs(np.linalg.eigvals(sizes)).max())

    @property
    def exponential(self) -> Exponential:
        """Refuse: coupled fields have no exponential here."""
        remedy = "Leave it out: tr_bdf2 takes every law; esdirk4 is sharper at small rtol."
        raise InvalidInput(must("method", "a method of steps where fields are coupled", "exponential", remedy))

    def carry(self, t: float, u: FloatArray, dt: float) -> tuple[FloatArray, FloatArray]:
        """Refuse, as `exponential` does."""
        return self.exponential.carry(u, dt)
