"""Loops that other kernels take in: compiled as part of them, never cached on their own.

A function that is read back from the cache is linked to its caller but no longer merged into it, and its loops run
at half the speed (measured: 2.7 ns a cell instead of 1.4). Only entry points are cached.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")


def inner(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a serial function for use within kernels."""
    return cast(
        Callable[P, R],
        numba.njit(nogil=True, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)(function),
    )


def merged(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a serial function that is merged into its caller and counts no references.

    The counts are atomic: a call that takes arrays costs two for each, and two threads fight over them. It may index
    arrays, but make none.
    """
    return _uncounted(function, merge=True)


def called(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a serial function that kernels call; it counts no references, like `merged`."""
    return _uncounted(function, merge=False)


def _uncounted(function: Callable[P, R], *, merge: bool) -> Callable[P, R]:
    options = {"nogil": True, "error_model": "numpy", "forceinline": merge, "_nrt": False}
    # Only kernels call it: nothing to wrap for Python or C, which takes as long to compile as the function itself.
    options |= {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    return cast(Callable[P, R], numba.njit(**options)(function))
