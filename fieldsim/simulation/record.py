"""What a run gathers between its steps: outputs, books, extremes; and the state it can be continued from."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from fieldsim.arrays import FloatArray, frozen
from fieldsim.errors import InvalidInput, must
from fieldsim.fields import ScalarField
from fieldsim.simulation.balance import Balance, books
from fieldsim.simulation.problem import Problem, shown_values
from fieldsim.simulation.result import Result, SolverRecord
from fieldsim.stepping import Clock, Past, Step

_AMOUNTS = ("flow_in", "flow_out", "source", "stored", "content")


@dataclass(frozen=True)
class RunState:
    """All that a run needs to go on to the same bits: arrays, and plain numbers for a JSON header."""

    arrays: dict[str, FloatArray]
    meta: dict[str, Any]


@dataclass
class Recording:
    """The state of a run between steps, and what it has gathered."""

    problem: Problem
    times: list[float] = field(default_factory=list)
    fields: list[ScalarField] = field(default_factory=list)
    balances: list[Balance] = field(default_factory=list)
    rejected: int = 0
    shortest: float = np.inf
    longest: float = 0.0

    def __post_init__(self) -> None:
        """Start from the initial values, at t = 0, with empty books."""
        self.values = self.problem.initial_values
        self.clock = Clock(0.0)
        self.past: Past | None = None
        self.amounts: FloatArray = np.zeros(2 * len(self.problem.volume.exits) + 1)
        self.range = DataRange(self.problem)

    @property
    def unknowns(self) -> FloatArray:
        """What the time loop steps."""
        return self.values

    def take(self, step: Step) -> None:
        """Book an accepted step."""
        self.amounts = self.amounts + step.flows
        for time in step.times:
            self.range.add(time)
        self.values, self.clock, self.past = step.u, step.clock, step.past
        self.rejected += step.rejected
        self.shortest = min(self.shortest, step.t - step.begin)
        self.longest = max(self.longest, step.t - step.begin)
        self.range.see(step.u)
        if step.landed:
            self.record()

    def record(self) -> None:
        """Keep the present state as an output."""
        self.times.append(self.clock.t)
        self.fields.append(self._field(self.values))
        self.balances.append(self.balance())

    def _field(self, values: FloatArray) -> ScalarField:
        return self._kept(shown_values(self.problem.volume, self.clock.t, values))

    def _kept(self, shown: FloatArray) -> ScalarField:
        equation = self.problem.equation
        return ScalarField.from_values(self.problem.mesh, frozen(shown), unit=equation.unit, name=equation.symbol)

    def balance(self) -> Balance:
        """Return the books so far."""
        storage = self.problem.volume.storage
        if storage is None:
            storage = np.zeros(self.problem.mesh.shape)
        storage = np.where(self.problem.volume.bodies.idle, 0.0, storage)
        stored = float((storage * (self.values - self.problem.initial_values)).sum())
        content = float((storage * np.abs(self.values)).sum())
        return books(self.problem.volume, self.amounts, self._amount, stored=stored, content=content)

    @property
    def _amount(self) -> str:
        return self.problem.unit_of(self.problem.equation.amount)

    def result(self, method: str, reason: str, *, steady: bool = False) -> Result:
        """Return what was gathered; a run that was stopped ends where it stopped, at best because it was `steady`."""
        if self.times[-1] != self.clock.t:
            self.record()
        record = SolverRecord(
            method,
            reason,
            self.values.size,
            steps=self.clock.number,
            rejected=self.rejected,
            shortest=min(self.shortest, self.longest),
            longest=self.longest,
            overshoot=self.range.overshoot(),
            steady=steady,
        )
        return Result(
            self.problem, tuple(self.fields), self.balances[-1], record, frozen(self.times), tuple(self.balances)
        )

    def state(self) -> RunState:
        """Return a copy of everything the run would need to go on from here."""
        walls = list(self.problem.volume.exits)
        rows = [[getattr(b, name) for name in _AMOUNTS] + [b.through[w] for w in walls] for b in self.balances]
        arrays = {
            "values": np.array(self.values),
            "times": np.array(self.times),
            "fields": np.array([f.values for f in self.fields]),
            "books": np.array(rows),
            "amounts": np.array(self.amounts),
        }
        if self.past is not None:
            arrays |= {"change": np.array(self.past.change), "changed": np.array(self.past.flows)}
        meta = {
            "shape": list(self.problem.mesh.shape),
            "walls": walls,
            "clock": asdict(self.clock),
            "changed_in": 0.0 if self.past is None else self.past.dt,
            "steps": [self.rejected, self.shortest if self.clock.number else 0.0, self.longest],
            "range": [self.range.low, self.range.high, self.range.least, self.range.most],
        }
        return RunState(arrays, meta)

    @classmethod
    def resumed(cls, problem: Problem, state: RunState) -> Recording:
        """Return the recording as it was; raises InvalidInput for the state of another mesh, other walls or version."""
        meta, arrays = state.meta, state.arrays
        if "amounts" not in arrays or "changed_in" not in meta:
            remedy = "Start the run again."
            raise InvalidInput(must("resume", "a state of this version of fieldsim", "one without its amounts", remedy))
        walls = list(problem.volume.exits)
        for name, expected in (("shape", list(problem.mesh.shape)), ("walls", walls)):
            if list(meta.get(name, [])) != expected:
                remedy = "Resume the problem that was interrupted, or start it again."
                raise InvalidInput(must("resume", f"the state of a run with {name} {expected}", meta.get(name), remedy))
        run = cls(problem)
        run.values = np.array(arrays["values"])
        run.clock = Clock(**meta["clock"])
        run.times = [float(t) for t in arrays["times"]]
        run.fields = [run._kept(values) for values in arrays["fields"]]
        for row in arrays["books"]:
            amounts = dict(zip(_AMOUNTS, (float(x) for x in row), strict=False))
            through = dict(zip(walls, (float(x) for x in row[len(_AMOUNTS) :]), strict=True))
            run.balances.append(Balance(unit=run._amount, through=through, **amounts))
        run.amounts = np.array(arrays["amounts"])
        if meta["changed_in"]:
            run.past = Past(meta["changed_in"], np.array(arrays["change"]), np.array(arrays["changed"]))
        run.rejected, shortest, run.longest = meta["steps"]
        run.shortest = shortest if run.clock.number else np.inf
        run.range.low, run.range.high, run.range.least, run.range.most = meta["range"]
        return run


class DataRange:
    """The range of initial and wall values, and how far the unknown left it (discrete maximum principle)."""

    def __init__(self, problem: Problem) -> None:
        self.problem, self.volume = problem, problem.volume
        values = problem.initial_values
        self.low, self.high = float(values.min()), float(values.max())
        self.least, self.most = self.low, self.high
        source = self.volume.source.constant
        self.bounded = source is not None and not source.any() and self.volume.sink is None
        self.bounded = self.bounded and not self.volume.bodies.afloat
        # the tangent of a nonlinear wall refers to no value that bounds the unknown
        self.bounded = self.bounded and not any(c.follows for c in self.volume.conditions.values())
        drift = self.volume.drift
        self.bounded = self.bounded and (drift is None or not drift.gathers(0.0))
        self.varies = bool(self.volume.data_vary)
        self._widen(0.0)

    def add(self, t: float) -> None:
        """Widen the range by the wall values at a stage."""
        if self.bounded and self.varies:
            self._widen(t)

    def _widen(self, t: float) -> None:
        if not self.bounded:
            return
        start = self.volume.bodies.filled(t, self.problem.initial_values)
        held_values = [body.value.values(t) for body in self.volume.bodies.held]
        for state in self.volume.wall_states(t, start).values():
            # where a drift runs against a closed wall, what it carries piles up
            if state.law.flux.any() or (state.law.slope < 0.0).any():
                self.bounded = False
            held_values.append(state.law.reference[state.law.slope > 0.0])
        for held in held_values:
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
