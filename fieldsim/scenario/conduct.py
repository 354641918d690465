"""How a run in time is followed: progress, when to stop, where its state is kept, and what it goes on from."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fieldsim.fields import ScalarField
    from fieldsim.simulation import Moment, RunState

Progress = Callable[[str], None]

_SECONDS_BETWEEN_LINES = 2.0
_SECONDS_BETWEEN_STATES = 20.0


def silent(message: str) -> None:
    """Report nothing."""


def never() -> bool:
    """Go on."""
    return False


@dataclass(frozen=True)
class Conduct:
    """What a run in time is told: `stop` is asked and `keep` may be given the state after each step."""

    progress: Progress = silent
    stop: Callable[[], bool] = never
    keep: Callable[[RunState], None] | None = None
    resume: RunState | None = None


class Follower:
    """An observer that reports progress and keeps the state now and then, and stops the run when asked to."""

    def __init__(self, conduct: Conduct) -> None:
        self._conduct = conduct
        self._spoken = self._kept = time.monotonic()
        self.times: list[float] = []
        self.fields: list[ScalarField] = []

    def __call__(self, moment: Moment) -> bool:
        """Look at a moment; return whether the run is to stop there."""
        if moment.output is not None:
            self.times.append(moment.t)
            self.fields.append(next(iter(moment.fields.values())))
        now = time.monotonic()
        if now - self._spoken > _SECONDS_BETWEEN_LINES:
            self._spoken = now
            share = 100.0 * moment.t / moment.until
            at = f"t = {moment.t:.4g} s of {moment.until:g} s ({share:.0f} %)"
            self._conduct.progress(f"{at}, step {moment.step}")
        stopping = self._conduct.stop()
        if self._conduct.keep is not None and (stopping or now - self._kept > _SECONDS_BETWEEN_STATES):
            self._conduct.keep(moment.state())
            self._kept = time.monotonic()
        return stopping
