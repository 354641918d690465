"""The only place that configures the compiler: cached, no fast-math (bits must repeat), optional threads.

Where no cache folder can be written the kernels still compile, once a process, after a single warning.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar, cast

import numba
from numba.core import event

P = ParamSpec("P")
R = TypeVar("R")

_warned: list[bool] = []

COMPILING = "compiling kernels (once; a few seconds)"


class _FirstCompilation(event.Listener):  # type: ignore[misc]  # numba has no types
    """Hears of the first kernel that is compiled and not found in the cache."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._told = False

    def on_start(self, event: event.Event) -> None:
        """Say so, the first time."""
        if not self._told:
            self._told = True
            self._tell(COMPILING)

    def on_end(self, event: event.Event) -> None:
        """Say nothing: the work goes on."""


@contextmanager
def compilation_told(tell: Callable[[str], None]) -> Iterator[None]:
    """Within the context, tell once that kernels are being compiled; where the cache is warm nothing is told."""
    listener = _FirstCompilation(tell)
    event.register("numba:compile", listener)
    try:
        yield
    finally:
        event.unregister("numba:compile", listener)


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a serial kernel."""
    return _compile(function, parallel=False)


def compiled_parallel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a kernel whose `prange` loops run on all threads."""
    return _compile(function, parallel=True)


def _compile(function: Callable[P, R], *, parallel: bool) -> Callable[P, R]:
    options = {"nogil": True, "parallel": parallel, "error_model": "numpy"}
    try:
        return cast(Callable[P, R], numba.njit(cache=True, **options)(function))
    except RuntimeError as error:
        if "cannot cache" not in str(error):
            raise
        if not _warned:
            _warned.append(True)
            warnings.warn(
                "fieldsim cannot write compiled code to any cache folder, so each new process compiles again "
                "(a few seconds). Set NUMBA_CACHE_DIR to a writable folder.",
                RuntimeWarning,
                stacklevel=3,
            )
        return cast(Callable[P, R], numba.njit(**options)(function))
