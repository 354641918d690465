"""The answer to a coupled problem: one Result a field, by name, with sources that know the other fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property

import numpy as np

from fieldsim.arrays import FloatArray
from fieldsim.errors import InvalidInput, must
from fieldsim.fields import ScalarField
from fieldsim.simulation.answers import Answer
from fieldsim.simulation.balance import Balance
from fieldsim.simulation.coupled import CoupledProblem
from fieldsim.simulation.result import Result, SolverRecord
from fieldsim.units import times


@dataclass(frozen=True, eq=False)
class FieldResult(Result):
    """The answer for one field of several: a Result whose source follows the fields of `company`."""

    company: CoupledResult | None = None

    def total_source(self, number: int = -1) -> Answer:
        """Return the integral of reactions less sinks at fields[number], per time."""
        unit = times(self.problem.equation.source.unit, "m^3")
        sunk = float(super().total_source(number))
        made = 0.0
        if self.company is not None:
            made = float(self.company.production(self.problem.equation.symbol, number).sum())
        return Answer(sunk + made, self.problem.unit_of(unit))


@dataclass(frozen=True, eq=False, repr=False)
class CoupledResult:
    """The answer to a coupled problem: result["u"] is the Result of a field, with its times, fields and balance.

    `fields` are the steady states, or the fields at the end of the run, by name.
    """

    problem: CoupledProblem
    parts: Mapping[str, Result]
    solver: SolverRecord

    def __getitem__(self, name: str) -> FieldResult:
        """Return the answer for a field; raises InvalidInput for a name the problem does not have."""
        if name not in self.parts:
            close = get_close_matches(str(name), self.parts, n=1)
            remedy = f"Did you mean {close[0]!r}?" if close else "Ask for one of them."
            raise InvalidInput(must("the name of a field", f"one of {', '.join(self.parts)}", name, remedy))
        return self._own[name]

    @cached_property
    def _own(self) -> dict[str, FieldResult]:
        return {
            name: FieldResult(part.problem, part.fields, part.balance, part.solver, part.times, part.balances, self)
            for name, part in self.parts.items()
        }

    def __iter__(self) -> Iterator[str]:
        """Go through the names of the fields."""
        return iter(self.parts)

    def __len__(self) -> int:
        """Count the fields."""
        return len(self.parts)

    @property
    def times(self) -> FloatArray:
        """The times of the outputs in s; empty for a steady state."""
        return next(iter(self.parts.values())).times

    @property
    def time(self) -> float:
        """Time of `fields` in s; 0 for a steady state."""
        return float(self.times[-1]) if self.times.size else 0.0

    @property
    def fields(self) -> dict[str, ScalarField]:
        """The fields at the end, by name."""
        return {name: part.field for name, part in self.parts.items()}

    @property
    def balances(self) -> dict[str, Balance]:
        """The books of each field, by name: what reactions make counts as source."""
        return {name: part.balance for name, part in self.parts.items()}

    def production(self, name: str, number: int = -1) -> FloatArray:
        """Return what reactions make of a field in every cell at output `number`, per time."""
        rows = [np.nan_to_num(part.fields[number].values, nan=0.0) for part in self.parts.values()]
        time = float(self.times[number]) if self.times.size else 0.0
        made = self.problem.law.production(time, np.stack(rows))
        return np.asarray(made[self.problem.names.index(name)])

    def __repr__(self) -> str:
        return self.summary()

    def summary(self) -> str:
        """Return a few lines a field for a reader: range, walls, balance and solver."""
        return "\n".join(part.summary() for part in self.parts.values())
