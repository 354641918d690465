"""What a run of coupled fields gathers between its steps: one recording a field, and the state to go on from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fieldsim.arrays import FloatArray
from fieldsim.errors import InvalidInput, must
from fieldsim.simulation.coupled import CoupledProblem
from fieldsim.simulation.coupled_result import CoupledResult
from fieldsim.simulation.record import Recording, RunState
from fieldsim.stepping import Clock, Past, Step

_MARK = "."


class CoupledRecording:
    """The state of a run of coupled fields between steps, and what it has gathered.

    `unknowns` is what the time loop sees: every field over its scale.
    """

    def __init__(self, problem: CoupledProblem, scales: FloatArray, parts: dict[str, Recording] | None = None) -> None:
        self.problem, self.scales = problem, scales.reshape(-1, *(1,) * problem.mesh.ndim)
        self.parts = parts or {name: Recording(own) for name, own in problem.problems.items()}
        for part in self.parts.values():
            part.range.bounded = False  # reactions may rightly leave the range of the data
        lengths = [part.amounts.size for part in self.parts.values()]
        self._cuts = np.cumsum(lengths)[:-1].tolist()

    @property
    def _first(self) -> Recording:
        return next(iter(self.parts.values()))

    @property
    def clock(self) -> Clock:
        """The clock that all fields share."""
        return self._first.clock

    @property
    def times(self) -> list[float]:
        """The times of the outputs so far."""
        return self._first.times

    @property
    def values(self) -> FloatArray:
        """All fields now, shape (fields, *mesh.shape)."""
        return np.stack([part.values for part in self.parts.values()])

    @property
    def unknowns(self) -> FloatArray:
        """All fields now, over their scales."""
        return self.values / self.scales

    @property
    def past(self) -> Past | None:
        """What a two-step method goes on from."""
        own = [part.past for part in self.parts.values() if part.past is not None]
        if not own:
            return None
        change = np.stack([past.change for past in own]) / self.scales
        return Past(own[0].dt, change, np.concatenate([past.flows for past in own]))

    def take(self, step: Step) -> None:
        """Book an accepted step of all fields."""
        flows = np.split(step.flows, self._cuts)
        for row, part in enumerate(self.parts.values()):
            scale = self.scales[row]
            past = None
            if step.past is not None:
                passed = np.split(step.past.flows, self._cuts)[row]
                past = Past(step.past.dt, step.past.change[row] * scale, passed)
            part.take(replace(step, u=step.u[row] * scale, flows=flows[row], past=past))

    def record(self) -> None:
        """Keep the present state as an output."""
        for part in self.parts.values():
            part.record()

    def result(self, method: str, reason: str, *, steady: bool = False) -> CoupledResult:
        """Return what was gathered; a run that was stopped ends where it stopped."""
        results = {name: part.result(method, reason, steady=steady) for name, part in self.parts.items()}
        solver = next(iter(results.values())).solver
        return CoupledResult(self.problem, results, replace(solver, unknowns=self.values.size))

    def state(self) -> RunState:
        """Return a copy of everything the run would need to go on from here."""
        states = {name: part.state() for name, part in self.parts.items()}
        arrays = {f"{name}{_MARK}{key}": array for name, own in states.items() for key, array in own.arrays.items()}
        meta = {"fields": list(states), "scales": self.scales.ravel().tolist()}
        return RunState(arrays, meta | {"parts": {name: own.meta for name, own in states.items()}})

    @classmethod
    def resumed(cls, problem: CoupledProblem, state: RunState) -> CoupledRecording:
        """Return the recording as it was; raises InvalidInput for the state of another problem."""
        names = list(problem.names)
        if list(state.meta.get("fields", [])) != names:
            remedy = "Resume the problem that was interrupted, or start it again."
            rule = f"the state of a run of the fields {', '.join(names)}"
            raise InvalidInput(must("resume", rule, state.meta.get("fields"), remedy))
        parts = {}
        for name, own in problem.problems.items():
            arrays = {k.removeprefix(name + _MARK): a for k, a in state.arrays.items() if k.startswith(name + _MARK)}
            parts[name] = Recording.resumed(own, RunState(arrays, state.meta["parts"][name]))
        return cls(problem, np.array(state.meta["scales"]), parts)
