"""What a march hands out after each step, and what it remembers between two of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fieldsim.stepping.system import Array, Past


@dataclass(frozen=True)
class Clock:
    """All the loop remembers between two steps besides u and a Past: a march resumed from these gives the same bits.

    `lowest`, `highest` and `expected` have one entry a field.
    """

    t: float
    begin: float = 0.0
    number: int = 0
    wanted: float = 0.0
    previous_error: float = 1.0
    start_steps: int = 0
    lowest: Sequence[float] = (0.0,)
    highest: Sequence[float] = (0.0,)
    expected: Sequence[float] = (0.0,)


@dataclass(frozen=True)
class Step:
    """One accepted step from `begin` to `clock.t`, with its scaled error.

    `flows` is what System.flows came to during the step, `times` when the data entered; `past` is what a two-step
    method goes on from.
    """

    begin: float
    u: Array
    flows: Array
    times: tuple[float, ...]
    clock: Clock
    past: Past | None
    method: str
    error: float
    rejected: int
    landed: bool

    @property
    def t(self) -> float:
        """Time at the end of the step."""
        return self.clock.t
