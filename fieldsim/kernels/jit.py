"""The only place that configures the compiler: cached, no fast-math (bits must repeat), optional threads.

Where no cache folder can be written the kernels still compile, once a process, after a single warning.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")

_warned: list[bool] = []


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
