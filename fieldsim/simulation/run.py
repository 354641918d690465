"""A run in time: steps, outputs, books and observers.

The loop only steps. Side effects (print, save, probe, stop) live in observers, which see a Moment after each step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import overload

import numpy as np

from fieldsim.arrays import FloatArray
from fieldsim.errors import InvalidInput, must
from fieldsim.fields import ScalarField
from fieldsim.linear import check_method
from fieldsim.physics import ConservationSystem, FiniteVolume
from fieldsim.physics.coupled_system import CoupledSystem
from fieldsim.simulation.coupled import CoupledProblem, refuse_part
from fieldsim.simulation.coupled_record import CoupledRecording
from fieldsim.simulation.coupled_result import CoupledResult
from fieldsim.simulation.coupled_run import guard_coupled_memory, opened
from fieldsim.simulation.coupled_scales import absolute
from fieldsim.simulation.problem import Problem, guard_memory
from fieldsim.simulation.record import Recording, RunState
from fieldsim.simulation.result import Result
from fieldsim.simulation.times import jump_times, output_times, time_in_seconds
from fieldsim.stepping import Step, march, method_named


@dataclass(frozen=True)
class Moment:
    """What an observer sees: the start of the run, and the state after each accepted step.

    `output` is the number of the output this moment is, or None; `values`, of coupled fields (fields, *mesh.shape),
    cannot be written to.
    """

    problem: Problem | CoupledProblem
    t: float
    until: float
    step: int
    values: FloatArray
    output: int | None
    recording: Recording | CoupledRecording

    @cached_property
    def field(self) -> ScalarField:
        """The unknown at this moment; raises InvalidInput where there are several."""
        if isinstance(self.problem, CoupledProblem):
            names = ", ".join(self.problem.names)
            raise InvalidInput(
                must("field", "asked of one unknown", f"the fields {names}", "Take moment.fields[name].")
            )
        return _field(self.problem, self.values)

    @cached_property
    def fields(self) -> dict[str, ScalarField]:
        """The unknowns at this moment, by name."""
        if isinstance(self.problem, CoupledProblem):
            own = zip(self.problem.problems.items(), self.values, strict=True)
            return {name: _field(problem, values) for (name, problem), values in own}
        return {self.problem.equation.symbol: self.field}

    def state(self) -> RunState:
        """Return what `evolve(..., resume=state)` continues from, to the same bits; valid during the call only."""
        return self.recording.state()


Observer = Callable[[Moment], bool | None]


def _field(problem: Problem, values: FloatArray) -> ScalarField:
    equation = problem.equation
    return ScalarField.from_values(problem.mesh, values, unit=equation.unit, name=equation.symbol)


@overload
def evolve(
    problem: Problem,
    *,
    until: float | str,
    outputs: int | Sequence[float] = ...,
    method: str = ...,
    dt: float | None = ...,
    steady: float | None = ...,
    rtol: float = ...,
    atol: float | Mapping[str, float] = ...,
    jumps: Sequence[float | str] = ...,
    observers: Sequence[Observer] = ...,
    solver: str = ...,
    resume: RunState | None = ...,
) -> Result: ...


@overload
def evolve(
    problem: CoupledProblem,
    *,
    until: float | str,
    outputs: int | Sequence[float] = ...,
    method: str = ...,
    dt: float | None = ...,
    steady: float | None = ...,
    rtol: float = ...,
    atol: float | Mapping[str, float] = ...,
    jumps: Sequence[float | str] = ...,
    observers: Sequence[Observer] = ...,
    solver: str = ...,
    resume: RunState | None = ...,
) -> CoupledResult: ...


def evolve(
    problem: Problem | CoupledProblem,
    *,
    until: float | str,
    outputs: int | Sequence[float] = 50,
    method: str = "tr_bdf2",
    dt: float | None = None,
    steady: float | None = None,
    rtol: float = 1e-4,
    atol: float | Mapping[str, float] = 0.0,
    jumps: Sequence[float | str] = (),
    observers: Sequence[Observer] = (),
    solver: str = "auto",
    resume: RunState | None = None,
) -> Result | CoupledResult:
    """Follow a problem in time from 0 to `until` (s) and return the fields at the outputs, the start included.

    `outputs` is a number of equal intervals, or the times themselves. Without `dt` the step adapts so that the
    error of a step stays below `rtol` times the spread of the unknown plus `atol`; `jumps` are times up to
    `until` at which data jump; these and `until` may be quantities: "5 min". An observer that returns True stops
    the run; `resume` continues one, given the same arguments, from the state an observer took. Coupled fields each
    have a tolerance of their own; `atol` may then be a mapping from their names.
    `steady` (1e-6, say) ends the run where the rate of the last step would change no cell until `until` by more than
    `steady` times the largest spread so far; result.time and result.solver.steady tell.

    method          order  steps     for
    tr_bdf2         2      adaptive  the default: every law, stable for every step
    esdirk4         4      adaptive  fewer and longer steps, the more so the smaller rtol
    bdf2            2      adaptive  one equation a step, twice as many steps as tr_bdf2: where equations are dear
    backward_euler  1      adaptive  never leaves the range of its data
    crank_nicolson  2      dt        four half steps by backward Euler after the start and each jump
    trapezoidal     2      dt        the same without them: rings after a jump
    exponential     exact  outputs   constant coefficients, data and mesh in separable form: no error in time
    rkl2            2      adaptive  explicit and of little memory: no equation is solved, stages as the step needs
    explicit_euler  1      limit     for teaching; refused above the stability limit
    rk4             4      limit     for teaching; refused above the stability limit

    Raises InvalidInput, Refused (memory, unstable step) and NumericalFailure.
    """
    check_method(solver, name="solver")
    refuse_part(problem)
    rule = method_named(method)
    until = time_in_seconds("until", until)
    still = _Steadiness(problem, steady, until)
    stops, breaks = output_times(until, outputs), jump_times(jumps, until)
    if resume is not None and not isinstance(resume, RunState):
        raise InvalidInput(must("resume", "a state that an observer took", resume, "Keep moment.state() of a run."))
    system: ConservationSystem | CoupledSystem
    allowed: float | FloatArray
    run: Recording | CoupledRecording
    if isinstance(problem, CoupledProblem):
        guard_coupled_memory(problem, len(stops) + 1)
        system, run = opened(problem, solver, until, resume)
        allowed = absolute(problem, atol, system.scales.ravel())
    else:
        if isinstance(atol, Mapping):
            raise InvalidInput(must("atol", "a number where there is one field", dict(atol), "For example atol=1e-3."))
        allowed = atol
        guard_memory(problem, len(stops) + 1)
        system = ConservationSystem(problem.volume, solver=solver)
        run = Recording(problem) if resume is None else Recording.resumed(problem, resume)
    drifting = any(volume.drift is not None for volume in _volumes(problem))
    if rule.parabolic and dt is not None and drifting:
        remedy = "Without dt the error estimate keeps the step stable, or use tr_bdf2."
        raise InvalidInput(must("dt", f"left out for {rule.title} where a velocity carries the unknown", dt, remedy))
    reason = system.exponential.reason if rule.exact else "asked for"
    watch = _Watch(run, until, tuple(observers))
    if resume is None:
        run.record()
        if watch.show(0):
            return run.result(rule.title, reason)
    ended = False
    steps = march(
        system,
        run.unknowns,
        [t for t in stops if t >= run.clock.t],
        start=run.clock,
        past=run.past,
        method=rule,
        dt=dt,
        rtol=rtol,
        atol=allowed,
        jumps=breaks,
    )
    for step in steps:
        ended = still.reached(step, run.unknowns)
        run.take(step)
        if watch.show(len(run.times) - 1 if step.landed else None) or ended:
            break
    return run.result(rule.title, reason, steady=ended)


def _volumes(problem: Problem | CoupledProblem) -> list[FiniteVolume]:
    return list(problem.law.volumes.values()) if isinstance(problem, CoupledProblem) else [problem.volume]


@dataclass(frozen=True)
class _Watch:
    """Shows a run to its observers."""

    run: Recording | CoupledRecording
    until: float
    observers: tuple[Observer, ...]

    def show(self, output: int | None) -> bool:
        """Show the moment to every observer; return whether one of them stops the run."""
        if not self.observers:
            return False
        run = self.run
        shown = run.values.view()
        shown.flags.writeable = False
        moment = Moment(run.problem, run.clock.t, self.until, run.clock.number, shown, output, run)
        # every observer sees the moment, also after one has asked to stop
        answers = [observer(moment) for observer in self.observers]
        return any(answers)


class _Steadiness:
    """Tells when a run has become steady; raises InvalidInput where that cannot be told."""

    def __init__(self, problem: Problem | CoupledProblem, steady: float | None, until: float) -> None:
        self.tolerance, self.until = steady, until
        if steady is None:
            return
        number = isinstance(steady, int | float | np.integer | np.floating) and not isinstance(steady, bool)
        if not (number and 0.0 < steady < 1.0):
            raise InvalidInput(must("steady", "between 0 and 1", steady, "1e-6 is a good choice."))
        varying = problem.data_vary
        if varying:
            remedy = "What is driven in time may move again: leave steady out."
            raise InvalidInput(must("steady", "asked of data constant in time", f"a varying {varying[0]}", remedy))

    def reached(self, step: Step, before: FloatArray) -> bool:
        """Return whether the rate of a step, kept up until the end, would move nothing that counts."""
        if self.tolerance is None:
            return False
        # the mean rate of the step: rounding in a stiff rate would hide that nothing moves
        spread = np.subtract(step.clock.highest, step.clock.lowest)
        moved = np.abs(step.u - before).reshape(spread.size, -1).max(axis=1) * (self.until / (step.t - step.begin))
        return bool((moved <= self.tolerance * spread).all())
