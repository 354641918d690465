"""A run in time: steps, outputs, books and observers.

The loop only steps. Side effects (print, save, probe, stop) live in observers, which see a Moment after each step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from fieldsim.arrays import FloatArray, frozen
from fieldsim.errors import InvalidInput, must
from fieldsim.fields import ScalarField
from fieldsim.physics import ConservationSystem
from fieldsim.simulation.balance import Balance, Ledger
from fieldsim.simulation.problem import Problem
from fieldsim.simulation.result import Result, SolverRecord
from fieldsim.stepping import Clock, Step, march, method_named
from fieldsim.storage.memory import guard

_MOST_OUTPUTS = 1_000_000


@dataclass(frozen=True)
class Moment:
    """What an observer sees: the start of the run, and the state after each accepted step.

    `output` is the number of the output this moment is, or None; `values` must not be written to.
    """

    problem: Problem
    t: float
    until: float
    step: int
    values: FloatArray
    output: int | None
    clock: Clock

    @cached_property
    def field(self) -> ScalarField:
        """The unknown at this moment."""
        equation = self.problem.equation
        return ScalarField.from_values(self.problem.mesh, self.values, unit=equation.unit, name=equation.symbol)


Observer = Callable[[Moment], bool | None]


def evolve(
    problem: Problem,
    *,
    until: float,
    outputs: int | Sequence[float] = 50,
    method: str = "tr_bdf2",
    dt: float | None = None,
    rtol: float = 1e-4,
    atol: float = 0.0,
    jumps: Sequence[float] = (),
    observers: Sequence[Observer] = (),
    solver: str = "auto",
) -> Result:
    """Follow a problem in time from 0 to `until` (s) and return the fields at the outputs, the start included.

    `outputs` is a number of equal intervals, or the times themselves. Without `dt` the step adapts so that the
    error of a step stays below `rtol` times the spread of the unknown plus `atol`; `jumps` are times at which data
    jump. An observer that returns True stops the run. Raises InvalidInput, Refused (memory, unstable step) and
    NumericalFailure.
    """
    system = ConservationSystem(problem.volume, solver=solver)
    tableau = method_named(method)
    stops = _output_times(until, outputs)
    _guard_memory(problem, len(stops))
    run = _Run(problem, float(until), tuple(observers))
    stopped = run.begin()
    if stops and not stopped:
        steps = march(system, run.values, stops, method=tableau, dt=dt, rtol=rtol, atol=atol, jumps=tuple(jumps))
        for step in steps:
            if run.take(step):
                break
    return run.result(tableau.title)


@dataclass
class _Run:
    """The state of a run between steps, and what it has gathered."""

    problem: Problem
    until: float
    observers: tuple[Observer, ...]
    times: list[float] = field(default_factory=list)
    fields: list[ScalarField] = field(default_factory=list)
    balances: list[Balance] = field(default_factory=list)
    rejected: int = 0
    shortest: float = np.inf
    longest: float = 0.0

    def __post_init__(self) -> None:
        self.values = self.problem.initial_values
        self.clock = Clock(0.0)
        self.ledger = Ledger(self.problem.volume)
        self.range = _DataRange(self.problem)

    def begin(self) -> bool:
        """Record the initial state; return whether an observer stops the run."""
        self.record()
        return self.notify(0)

    def take(self, step: Step) -> bool:
        """Book an accepted step; return whether an observer stops the run."""
        for stage in step.stages:
            if stage.weight:
                self.ledger.add(stage.t, stage.u, stage.weight)
                self.range.add(stage.t)
        self.values, self.clock = step.u, step.clock
        self.rejected += step.rejected
        self.shortest = min(self.shortest, step.t - step.begin)
        self.longest = max(self.longest, step.t - step.begin)
        self.range.see(step.u)
        if step.landed:
            self.record()
        return self.notify(len(self.times) - 1 if step.landed else None)

    def record(self) -> None:
        """Keep the present state as an output."""
        equation = self.problem.equation
        values = frozen(self.values)
        self.times.append(self.clock.t)
        self.fields.append(ScalarField.from_values(self.problem.mesh, values, unit=equation.unit, name=equation.symbol))
        self.balances.append(self.balance())

    def balance(self) -> Balance:
        """Return the books so far."""
        storage = self.problem.volume.storage
        if storage is None:
            storage = np.zeros(self.problem.mesh.shape)
        stored = float((storage * (self.values - self.problem.initial_values)).sum())
        content = float((storage * np.abs(self.values)).sum())
        return self.ledger.balance(self.problem.unit_of(self.problem.equation.amount), stored, content)

    def notify(self, output: int | None) -> bool:
        """Show the moment to every observer; return whether one of them stops the run."""
        if not self.observers:
            return False
        shown = self.values.view()
        shown.flags.writeable = False
        moment = Moment(self.problem, self.clock.t, self.until, self.clock.number, shown, output, self.clock)
        # every observer sees the moment, also after one has asked to stop
        answers = [observer(moment) for observer in self.observers]
        return any(answers)

    def result(self, method: str) -> Result:
        """Return what was gathered; a run that was stopped ends where it stopped."""
        if self.times[-1] != self.clock.t:
            self.record()
        record = SolverRecord(
            method,
            "asked for" if method else "",
            self.values.size,
            steps=self.clock.number,
            rejected=self.rejected,
            shortest=min(self.shortest, self.longest),
            longest=self.longest,
            overshoot=self.range.overshoot(),
        )
        return Result(
            self.problem, tuple(self.fields), self.balances[-1], record, frozen(self.times), tuple(self.balances)
        )


class _DataRange:
    """The range of initial and wall values, and how far the unknown left it (discrete maximum principle)."""

    def __init__(self, problem: Problem) -> None:
        self.volume = problem.volume
        values = problem.initial_values
        self.low, self.high = float(values.min()), float(values.max())
        self.least, self.most = self.low, self.high
        self.bounded = not self.volume.source.varies and not self.volume.source.values(0.0).any()
        self.varies = any(condition.varies for condition in self.volume.conditions.values())
        self._widen(0.0)

    def add(self, t: float) -> None:
        """Widen the range by the wall values at a stage."""
        if self.bounded and self.varies:
            self._widen(t)

    def _widen(self, t: float) -> None:
        for law in self.volume.laws(t).values():
            if law.flux.any():
                self.bounded = False
            held = law.reference[law.slope > 0.0]
            if held.size:
                self.low = min(self.low, float(held.min()))
                self.high = max(self.high, float(held.max()))

    def see(self, u: FloatArray) -> None:
        """Note the extremes of the unknown."""
        self.least = min(self.least, float(u.min()))
        self.most = max(self.most, float(u.max()))

    def overshoot(self) -> float | None:
        """Return the largest excess over the data's range, relative to it; None where it means nothing."""
        width = self.high - self.low
        if not self.bounded or width <= 0.0:
            return None
        return max(self.low - self.least, self.most - self.high, 0.0) / width


def _output_times(until: float, outputs: int | Sequence[float]) -> list[float]:
    """Return the output times after 0."""
    if isinstance(until, bool) or not isinstance(until, int | float | np.floating) or not 0.0 <= until < np.inf:
        raise InvalidInput(must("until", "a time in s, 0 or later", until, "For example until=10.0."))
    if until == 0.0:
        return []
    if isinstance(outputs, int | np.integer) and not isinstance(outputs, bool):
        if not 1 <= outputs <= _MOST_OUTPUTS:
            rule = f"between 1 and {_MOST_OUTPUTS}"
            raise InvalidInput(must("outputs", rule, outputs, "outputs=50 gives 51 fields, the start included."))
        times = np.linspace(0.0, until, int(outputs) + 1)[1:].tolist()
        return [*times[:-1], float(until)]
    try:
        times = np.asarray(outputs, dtype=float)
    except (TypeError, ValueError) as error:
        raise InvalidInput(must("outputs", "a number or a list of times", outputs, "outputs=50.")) from error
    good = times.ndim == 1 and times.size > 0 and np.isfinite(times).all() and (np.diff(times) > 0).all()
    if not good or times[0] < 0.0 or times[-1] > until * (1 + 1e-12):
        rule = f"increasing times from 0 to until = {until:g} s"
        raise InvalidInput(must("outputs", rule, outputs, "For example outputs=[0.1, 1.0]."))
    later = [min(t, float(until)) for t in times.tolist() if t > 0.0]
    return later if later and later[-1] == until else [*later, float(until)]


def _guard_memory(problem: Problem, outputs: int) -> None:
    size = 8.0 * problem.mesh.size
    what = f"keeping {outputs + 1} fields of {problem.mesh.size} cells"
    guard(size * (outputs + 30), what, remedy="Take fewer outputs or fewer cells.")
