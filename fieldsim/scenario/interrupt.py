"""SIGINT and SIGTERM during a run: the first one lets the step in hand finish, the second one stops at once.

Outside of `gently` a signal raises Interrupted, which passes through every clean-up on its way out.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

EXIT_CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}


class Interrupted(BaseException):
    """The run was told to stop by a signal."""

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(signal.Signals(number).name)

    @property
    def exit_code(self) -> int:
        """128 plus the signal's number, as shells count."""
        return 128 + self.number


class Signals:
    """Which signal has come, and whether the work in hand asked to finish its step first."""

    def __init__(self) -> None:
        self.received: int | None = None
        self._gentle = False

    def stop_requested(self) -> bool:
        """Tell whether a signal has come."""
        return self.received is not None

    def raise_if_requested(self) -> None:
        """Raise Interrupted if a signal has come."""
        if self.received is not None:
            raise Interrupted(self.received)

    @contextmanager
    def gently(self) -> Iterator[None]:
        """Let a first signal only be noted: the work asks `stop_requested` between its steps."""
        self._gentle = True
        try:
            yield
        finally:
            self._gentle = False

    def _handle(self, number: int, frame: FrameType | None) -> None:
        first = self.received is None
        self.received = number
        if not (first and self._gentle):
            raise Interrupted(number)

    @contextmanager
    def installed(self) -> Iterator[Signals]:
        """Handle SIGINT and SIGTERM here for the length of a `with` block."""
        before = {number: signal.signal(number, self._handle) for number in EXIT_CODES}
        try:
            yield self
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
