"""The answer to a problem: fields, fluxes, values on the walls, the balance, and how it was found."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property

import numpy as np
import numpy.typing as npt

from fieldsim.arrays import FloatArray, real_array
from fieldsim.errors import InvalidInput, must
from fieldsim.fields import ScalarField, VectorField
from fieldsim.physics import Equation, FiniteVolume
from fieldsim.simulation.answers import Answer, between, content, energy, flow_out, level, total_source
from fieldsim.simulation.balance import Balance
from fieldsim.simulation.flux import flux_field
from fieldsim.simulation.problem import Problem
from fieldsim.simulation.sample import values_at
from fieldsim.units import power, times


@dataclass(frozen=True)
class SolverRecord:
    """How an answer was found: for the log and the report.

    `overshoot` is how far a run left the range of its data, relative to that range; None where a source or a
    given flux may rightly leave it. `history` holds the relative residuals of a nonlinear iteration. `steady` tells
    a run that ended before its time because it had become steady.
    """

    method: str
    reason: str
    unknowns: int
    residual: float = 0.0
    iterations: int = 0
    steps: int = 0
    rejected: int = 0
    shortest: float = 0.0
    longest: float = 0.0
    overshoot: float | None = None
    history: tuple[float, ...] = ()
    steady: bool = False


@dataclass(frozen=True)
class SideResult:
    """Values and fluxes on one wall, arrays over the side, by the half-cell law.

    `flow` is the total that leaves through the side per time; `areas` are those of the faces (m^2).
    """

    side: str
    value: FloatArray
    flux_out: FloatArray
    areas: FloatArray
    value_unit: str
    flux_unit: str
    flow_unit: str

    @property
    def flow(self) -> float:
        """The total that leaves through the side, per time."""
        return float((self.areas * self.flux_out).sum())

    @property
    def mean(self) -> float:
        """The mean value on the wall, weighted by area; NaN where bodies or holes take all of it."""
        area = float(self.areas.sum())
        return float((self.areas * self.value).sum()) / area if area > 0.0 else float("nan")


@dataclass(frozen=True, eq=False, repr=False)
class Result:
    """The answer: `field` is the steady state, or the last of `fields` at `times` (s) of a run.

    `field.at(points)` interpolates smoothly and is not exact across jumps of the conductivity; `at(points)` is.
    `balances` are the books at each of `times`, from the start of the run; `balance` is the last of them.
    """

    problem: Problem
    fields: tuple[ScalarField, ...]
    balance: Balance
    solver: SolverRecord
    times: FloatArray
    balances: tuple[Balance, ...] = ()

    @property
    def field(self) -> ScalarField:
        """The steady state, or the field at the end of the run."""
        return self.fields[-1]

    @property
    def time(self) -> float:
        """Time of `field` in s; 0 for a steady state."""
        return float(self.times[-1]) if self.times.size else 0.0

    @cached_property
    def flux(self) -> VectorField:
        """The flux -K grad u, and what a velocity carries, at the cell centres, walls included."""
        return flux_field(self.problem.volume, self.field.values, self.time)

    def flux_at(self, number: int) -> VectorField:
        """Return the flux that belongs to fields[number]."""
        time = float(self.times[number]) if self.times.size else 0.0
        return flux_field(self.problem.volume, self.fields[number].values, time)

    def at(self, points: npt.ArrayLike, number: int = -1) -> FloatArray:
        """Return fields[number] at Cartesian points (n, dim), shape (n,); raises InvalidInput outside the mesh.

        Linear between centres, faces and walls, with the flux continuous through faces: exact for layers also at
        their interfaces, and within the range of the values around a point. NaN in holes.
        """
        mesh = self.problem.mesh
        places = np.atleast_2d(real_array(points, "points"))
        if places.ndim != 2 or places.shape[1] != mesh.dim or not mesh.contains(places.T).all():
            rule = f"an array (n, {mesh.dim}) of Cartesian points inside the mesh"
            raise InvalidInput(must("points", rule, points, "Give one row a point, in m."))
        native = mesh.native(places.T)[list(mesh.axis_coordinate)]
        edges = [(axis.edges[0], axis.edges[-1]) for axis in mesh.axes]
        inside = np.array([np.clip(q, *ends) for q, ends in zip(native, edges, strict=True)])
        return values_at(self._volume, self._time(number), self._values(number), inside)

    def at_boundary(self, side: str, number: int = -1) -> SideResult:
        """Return values and fluxes on a wall, for fields[number]; raises InvalidInput for what is not a wall."""
        volume = self.problem.volume
        if side not in volume.conditions:
            close = get_close_matches(str(side), volume.walls, n=1, cutoff=0.3)
            remedy = f"Did you mean {close[0]!r}?" if close else "Only walls have values of their own."
            rule = f"one of {', '.join(volume.walls) or 'no side: this mesh has no wall'}"
            raise InvalidInput(must("side", rule, side, remedy))
        time = float(self.times[number]) if self.times.size else 0.0
        state = volume.wall_states(time, self._values(number))[side]
        units = self.problem.equation.units
        return SideResult(
            side,
            state.surface,
            state.flux_out,
            state.wall.areas,
            units.value,
            units.flux,
            self.problem.unit_of(self.problem.equation.rate),
        )

    def flow_out(self, name: str, number: int = -1) -> Answer:
        """Return what leaves through a wall ("x+"), into a body ("fixed[0]") or to "infinity" (W, mol/s; C)."""
        return self._answer(flow_out(self._volume, self._time(number), self._values(number), name), self._equation.rate)

    def value_of(self, name: str, number: int = -1) -> Answer:
        """Return the value of a body ("fixed[0]") or at "infinity", or the mean on a wall ("x+") by area."""
        value = level(self._volume, self._time(number), self._values(number), name)
        return Answer(value, self._equation.unit)

    def content(self, number: int = -1) -> Answer:
        """Return the integral of storage times the unknown: heat above 0 (J), amount of substance (mol)."""
        return self._answer(content(self._volume, self._values(number)), self._equation.amount)

    def total_source(self, number: int = -1) -> Answer:
        """Return the integral of the source: power (W), substance per time, charge (C), mass (kg)."""
        total = total_source(self._volume, self._time(number), self._values(number))
        return self._answer(total, times(self._equation.source.unit, "m^3"))

    def energy(self, number: int = -1) -> Answer:
        """Return the energy of an electric or gravitational field inside the mesh (J); raises InvalidInput."""
        return self._answer(energy(self._volume, self._time(number), self._values(number)), "J")

    def capacitance(self, plus: str, minus: str) -> Answer:
        """Return charge over voltage (F) between two walls or bodies, or a body and "infinity" beyond far fields.

        A left-out z counts as one metre. Raises InvalidInput where anything else takes part.
        """
        if self._equation.rate != "C":
            remedy = "Ask for resistance(...) instead."
            raise InvalidInput(must("capacitance", "asked of electrostatics", self._equation.quantity, remedy))
        charge, voltage = between(self._volume, self._time(-1), self._values(-1), plus, minus)
        return self._answer(charge / _apart(voltage), "F")

    def resistance(self, start: str, end: str) -> Answer:
        """Return difference over flow (K/W for heat) between the same; raises InvalidInput likewise."""
        flow, difference = between(self._volume, self._time(-1), self._values(-1), start, end)
        equation = self._equation
        flow_unit = self.problem.unit_of(equation.rate)
        return Answer(difference / _apart(flow), times(equation.unit, power(flow_unit, -1)))

    @property
    def _volume(self) -> FiniteVolume:
        return self.problem.volume

    @property
    def _equation(self) -> Equation:
        return self.problem.equation

    def _time(self, number: int) -> float:
        return float(self.times[number]) if self.times.size else 0.0

    def _answer(self, value: float, unit: str) -> Answer:
        return Answer(value, self.problem.unit_of(unit))

    def _values(self, number: int) -> FloatArray:
        """Return the values of fields[number] with a number also in holes, where no law looks."""
        return np.where(self.problem.volume.bodies.holes, 0.0, self.fields[number].values)

    def error(self, number: int = -1) -> float:
        """Return the largest difference from the problem's exact answer, for fields[number]."""
        time = float(self.times[number]) if self.times.size else 0.0
        exact = self.problem.exact_values(time)
        if exact is None:
            raise InvalidInput("The problem has no `exact` answer. Give it one: problem.replace(exact=...).")
        return float(np.nanmax(np.abs(self.fields[number].values - exact)))

    def __repr__(self) -> str:
        return self.summary()  # a notebook shows this, and arrays and mappings in full tell a reader nothing

    def summary(self) -> str:
        """Return a few lines for a reader: range, walls, balance and solver."""
        field, equation = self.field, self.problem.equation
        when = f" at t = {self.time:.6g} s" if self.times.size else ", steady state"
        when += ", when it had become steady" if self.solver.steady else ""
        lines = [
            f"{equation.quantity} on {self.problem.mesh!r}{when}",
            f"  range    {np.nanmin(field.values):.6g} to {np.nanmax(field.values):.6g} {field.unit}",
        ]
        for side in self.problem.volume.walls:
            wall = self.at_boundary(side)
            lines.append(
                f"  {side:<8} mean {wall.mean:.6g} {wall.value_unit}, flow out {wall.flow:.6g} {wall.flow_unit}"
            )
        for body in self._volume.bodies.afloat:
            value, supply = self.value_of(body.name), -float(self.flow_out(body.name))
            lines.append(f"  {body.name:<8} floats at {value}, gives off {supply:.6g} {self.balance.unit}")
        conductivity = self._volume.conductivity.constant
        if conductivity is None or np.ptp(conductivity.reshape(-1, self.problem.mesh.size), axis=1).any():
            name = equation.conductivity.name
            lines.append(f"  points   result.at(points); field.at smooths over jumps of the {name}")
        drift = self._volume.drift
        if drift is not None and drift.gathers(self.time):
            lines.append(
                f"  drift    div(velocity) is not 0: {100 * drift.gathering(self.time):.2g} % of what flows through a "
                "cell gathers or thins there; the amount is conserved, a constant is not"
            )
        lines.append(f"  balance  {self.balance}")
        lines.append(f"  solver   {_solver_line(self.solver)}")
        return "\n".join(lines)


def _apart(value: float) -> float:
    """Return a divisor; raises InvalidInput where it is nought."""
    if value == 0.0:
        raise InvalidInput(must("start and end", "at different values", "no difference", "Hold them at two values."))
    return value


def _solver_line(solver: SolverRecord) -> str:
    if not solver.steps:
        return (
            f"{solver.method} ({solver.reason}), {solver.iterations} iteration(s), "
            f"relative residual {solver.residual:.1e}"
        )
    text = (
        f"{solver.method}, {solver.steps} steps ({solver.rejected} repeated) of {solver.shortest:.3g} to "
        f"{solver.longest:.3g} s"
    )
    if solver.overshoot is not None:
        text += f", overshoot {100 * solver.overshoot:.2g} % of the data's range"
    return text
