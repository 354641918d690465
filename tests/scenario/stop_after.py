"""Signals that ask a run to stop after some steps."""

from __future__ import annotations

from fieldsim.scenario.interrupt import Signals


class StopAfter(Signals):
    """Signals that ask a run to stop after some steps."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.left = steps

    def stop_requested(self) -> bool:
        self.left -= 1
        if self.left < 0:
            self.received = 2
        return self.left < 0
