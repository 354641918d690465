"""A conservation law as du/dt = f(t, u) for the time loop, with prepared solvers for the implicit stages.

f = gain / storage, and (1 - s df/du) delta = r becomes (storage + s K) delta = storage r: symmetric and positive,
also where K follows u, in Kirchhoff's variable weight * delta. Where nothing follows u or t the law knows its own
exponential, and no time is lost on steps.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import cached_property

import numpy as np

from fieldsim.arrays import FloatArray
from fieldsim.errors import InvalidInput, NumericalFailure, must
from fieldsim.linear import GridOperator, Operator, Prepared, prepare, solve_led
from fieldsim.linear.exponential import Exponential, find_exponential
from fieldsim.physics.equation import Equation
from fieldsim.physics.finite_volume import FiniteVolume, wall_index
from fieldsim.physics.floating import PreparedWithBodies

_KEPT = 4
_DIGITS = 11
_NUDGE = 6e-6
# a source that grows faster than the step resolves is taken half into the matrix, so that it stays positive
_KEPT_SHARE = 0.5


class ConservationSystem:
    """The time loop's view of a FiniteVolume; keeps the solvers of the last few step lengths."""

    def __init__(self, volume: FiniteVolume, *, solver: str = "auto") -> None:
        require_time(volume.equation)
        volume.require_run()
        self.volume = volume
        # where a drift's slopes alone follow the unknown, its upwind law is linear and near
        self.leading = volume.upwind if volume.follows and not volume.data_follow else volume
        self.storage: FloatArray = np.ones(volume.mesh.shape) if volume.storage is None else volume.storage
        self.solver = solver
        self.prepared: OrderedDict[tuple[float, float], Prepared | PreparedWithBodies] = OrderedDict()
        self.fastest: float | None = None
        self.constant: Operator | None = None

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

    def flows(self, t: float, u: FloatArray) -> FloatArray:
        """Return what comes in and goes out by each of `volume.exits` and what sources give: see `flows_of`."""
        return flows_of(self.volume, t, u)

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
        return self._conserving(self.storage + shift * self._held(t), delta, right)

    def _newton(self, t: float, shift: float, u: FloatArray, right: FloatArray, rtol: float) -> FloatArray:
        derivative = self.volume.linearised(t, u)
        weight = 1.0 if derivative.weight is None else derivative.weight
        kept = np.maximum(self.storage - shift * self._growth(t, u), _KEPT_SHARE * self.storage)
        matrix = derivative.operator.shifted(kept / weight, shift)
        if self.volume.bodies.afloat:
            whole = derivative.whole.shifted(kept / weight, shift)
            alone = prepare(matrix, method=self.solver)
            found = PreparedWithBodies(alone, whole, self.volume.bodies, derivative.weight).solve(right, rtol=rtol).x
            return self.volume.bodies.levelled(self._conserving(whole.column_sums, found, right) / weight)
        delta = None if self.leading.follows else self._led(t, shift, matrix, right, rtol)
        if delta is None:
            delta = prepare(matrix, method=self.solver).solve(right, rtol=rtol).x
        return self._conserving(matrix.column_sums, delta, right) / weight

    def _led(self, t: float, shift: float, matrix: Operator, right: FloatArray, rtol: float) -> FloatArray | None:
        """Return the correction by iteration with the factors of the upwind law; None where that does not converge."""
        upwind = self._solver_for(t, float(f"{shift:.{_DIGITS}e}"))
        if isinstance(upwind, PreparedWithBodies):
            return None
        return solve_led(matrix, upwind, right, rtol)

    def _growth(self, t: float, u: FloatArray) -> FloatArray:
        """Return d source/du times volume where the source grows with u, which the matrix of the law leaves out."""
        volume = self.volume
        if not volume.source.follows:
            return np.zeros(volume.mesh.shape)
        nudge = _NUDGE * max(float(np.abs(u).max()), _NUDGE)
        rise = (volume.source.values(t, u + nudge) - volume.source.values(t, u - nudge)) / (2.0 * nudge)
        growth = np.maximum(volume.equation.source_factor * rise, 0.0) * volume.mesh.volumes
        return np.where(volume.bodies.idle, 0.0, growth)

    def _conserving(self, held: FloatArray, delta: FloatArray, right: FloatArray) -> FloatArray:
        """Add one constant to the unknowns that restores what rounding lost of the conserved amount.

        `held` are the sums over the columns of the matrix: couplings give to one cell what they take from another.
        """
        if self.volume.bodies.any:
            free = ~self.volume.bodies.passive
            held, right, delta = np.where(free, held, 0.0), np.where(free, right, 0.0), np.where(free, delta, 0.0)
            return delta + free * (float((right - held * delta).sum()) / float(held.sum()))
        return delta + float((right - held * delta).sum()) / float(held.sum())

    def _held(self, t: float) -> FloatArray:
        """Return the column sums of a linear law's matrix: how strongly what lies outside holds each cell."""
        bodies = self.volume.bodies
        if not bodies.afloat:
            return self._matrix(t).column_sums
        return self.leading.linearised(t, np.zeros_like(self.storage)).whole.column_sums

    def _matrix(self, t: float) -> Operator:
        """Return the matrix of a linear law, made once where it is constant."""
        if self.leading.matrix_varies:
            return self.leading.matrix_at(t)
        if self.constant is None:
            self.constant = self.leading.matrix_at(t)
        return self.constant

    def fastest_rate(self, t: float, u: FloatArray) -> float:
        """Return Gershgorin's bound on the eigenvalues of -df/du, in 1/s."""
        volume = self.volume.upwind  # what a limited drift adds to it is bounded, not followed
        constant = not volume.follows and not volume.matrix_varies
        if constant and self.fastest is not None:
            return self.fastest
        derivative = volume.linearised(t, u)
        bounds = derivative.whole.row_bounds() / self.storage
        if derivative.weight is not None:
            bounds = bounds * derivative.weight
        if self.volume.drift is not None:
            bounds = bounds + self.volume.drift.beyond_upwind(t, volume.operator_at(t, u).couplings) / self.storage
        fastest = float(bounds[~self.volume.bodies.passive].max())
        if constant:
            self.fastest = fastest
        return fastest

    @cached_property
    def exponential(self) -> Exponential:
        """The law's own exponential; raises InvalidInput where there is none, with the reason."""
        found = None
        reason = self._no_exponential()
        if not reason:
            matrix = self._matrix(0.0)
            found = find_exponential(matrix, self.storage) if isinstance(matrix, GridOperator) else None
            reason = "conductivity, storage or wall laws that are no products of one factor an axis"
        if found is None:
            remedy = "Leave it out: tr_bdf2 takes every law; esdirk4 is sharper at a small rtol."
            raise InvalidInput(must("method", f"one of steps for {reason}", "exponential", remedy))
        return found

    def _no_exponential(self) -> str:
        """Return what stands against an exponential at first sight, or nothing."""
        volume = self.volume
        if volume.follows:
            return f"a law in which a coefficient, a source or a wall follows {volume.equation.symbol}"
        if volume.data_vary:
            return f"data that change in time ({', '.join(volume.data_vary)})"
        if volume.bodies.any:
            return "a mesh with held bodies or holes"
        if volume.drift is not None:
            return "a law with a velocity, whose matrix is not symmetric"
        return ""

    def carry(self, t: float, u: FloatArray, dt: float) -> tuple[FloatArray, FloatArray]:
        """Return the exact u(t + dt), and what flowed meanwhile: a linear law flows as at the mean of u."""
        # what deviates from a constant carries less rounding: differences take the constant out
        level = np.full_like(u, 0.5 * (float(u.min()) + float(u.max())))
        start, gain, held = u - level, self.volume.gain(t, level), self._matrix(t).diagonal
        after, mean = self.exponential.carry(start, dt, supply=gain)
        # as in `_conserving`: one constant for both restores what rounding lost between the two transforms
        lost = float((dt * (gain - held * mean) - self.storage * (after - start)).sum())
        shared = lost / (float(self.storage.sum()) + dt * float(held.sum()))
        return after + shared + level, dt * self._flows_around(t, level, mean + shared)

    def _flows_around(self, t: float, level: FloatArray, deviation: FloatArray) -> FloatArray:
        """Return the flows of a linear law at `level + deviation`: walls would amplify the rounding of that sum."""
        volume, parts = self.volume, []
        for state in volume.wall_states(t, level).values():
            index = wall_index(state.wall.side)
            parts.append(state.flow_out + state.wall.areas * state.slope * deviation[index])
        made = volume.supply(t, level)
        if volume.sink is not None:
            made += volume.supply(t, deviation) - volume.supply(t, np.zeros_like(level))
        return _totals(parts, made)

    def _solver_for(self, t: float, shift: float) -> Prepared | PreparedWithBodies:
        key = (shift, t if self.volume.matrix_varies else 0.0)
        if key in self.prepared:
            self.prepared.move_to_end(key)
            return self.prepared[key]
        matrix = self._matrix(t).shifted(self.storage, shift)
        alone = prepare(matrix, method=self.solver)
        if self.volume.bodies.afloat:
            whole = self.leading.linearised(t, np.zeros_like(self.storage)).whole.shifted(self.storage, shift)
            self.prepared[key] = PreparedWithBodies(alone, whole, self.volume.bodies)
        else:
            self.prepared[key] = alone
        while len(self.prepared) > _KEPT:
            self.prepared.popitem(last=False)
        return self.prepared[key]


def require_time(equation: Equation) -> None:
    """Raise InvalidInput where a law has no time of its own or lacks what stores in it."""
    if not equation.storage:
        name = equation.quantity
        raise InvalidInput(f"The {name} has no time of its own: its equation is steady. Use solve(problem).")
    equation.require_storage("a run in time")


def flows_of(volume: FiniteVolume, t: float, u: FloatArray) -> FloatArray:
    """Return per time at (t, u): what comes in by each of `volume.exits`, what goes out by each, and what is made."""
    return _totals(list(volume.outflows(t, u).values()), volume.supply(t, volume.bodies.filled(t, u)))


def _totals(parts: list[FloatArray], made: FloatArray) -> FloatArray:
    inward = [-float(flow[flow < 0.0].sum()) for flow in parts]
    outward = [float(flow[flow > 0.0].sum()) for flow in parts]
    return np.array([*inward, *outward, float(made.sum())])
