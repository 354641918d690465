"""The residual of a GridOperator and the sums that judge an answer, in one pass over the arrays.

Sums are collected plane by plane and added up in order, so that they do not depend on the number of threads.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from fieldsim.kernels.jit import compiled, compiled_parallel

_SLOTS = 8


@compiled
def _differ(t, b, d, x, lower, x_lower, upper, x_upper):  # type: ignore[no-untyped-def]
    for k in range(t.size):
        t[k] = b[k] - d[k] * x[k] + lower[k] * (x_lower[k] - x[k]) + upper[k] * (x_upper[k] - x[k])


@compiled
def _differ_more(t, x, lower, x_lower, upper, x_upper):  # type: ignore[no-untyped-def]
    for k in range(t.size):
        t[k] += lower[k] * (x_lower[k] - x[k]) + upper[k] * (x_upper[k] - x[k])


@compiled
def _differ_along(t, g, x):  # type: ignore[no-untyped-def]
    n = t.size
    if g.size == 0:
        return
    t[0] += g[0] * (x[1] - x[0])
    t[n - 1] += g[n - 2] * (x[n - 2] - x[n - 1])
    if g.size == n:
        flow = g[n - 1] * (x[n - 1] - x[0])
        t[0] += flow
        t[n - 1] -= flow
    if n > 2:
        _differ_more(t[1 : n - 1], x[1 : n - 1], g[0 : n - 2], x[0 : n - 2], g[1 : n - 1], x[2:n])


@compiled
def residual_row(t, x, b, d, c0, c1, c2, i, j, none):  # type: ignore[no-untyped-def]
    """Set t = b - A x on row (i, j); differences come before products, so constants leave no rounding."""
    n0, n1 = x.shape[0], x.shape[1]
    m0, m1 = c0.shape[0], c1.shape[1]
    lower, upper = (i - 1 if i > 0 else n0 - 1), (i + 1 if i < n0 - 1 else 0)
    _differ(
        t, b, d[i, j], x[i, j],
        c0[lower, j] if lower < m0 else none, x[lower, j],
        c0[i, j] if i < m0 else none, x[upper, j],
    )  # fmt: skip
    if m1 > 0:
        lower, upper = (j - 1 if j > 0 else n1 - 1), (j + 1 if j < n1 - 1 else 0)
        _differ_more(
            t, x[i, j],
            c1[i, lower] if lower < m1 else none, x[i, lower],
            c1[i, j] if j < m1 else none, x[i, upper],
        )  # fmt: skip
    _differ_along(t, c2[i, j], x[i, j])


@compiled
def _add_sums(slots, row, x, b, d):  # type: ignore[no-untyped-def]
    """Add to each slot the sums of r, r^2, x^2, b^2 and r d over every eighth cell, which vectorises."""
    whole = row.size // _SLOTS * _SLOTS
    for first in range(0, whole, _SLOTS):
        for k in range(_SLOTS):
            r, u, v, w = row[first + k], x[first + k], b[first + k], d[first + k]
            slots[0, k] += r
            slots[1, k] += r * r
            slots[2, k] += u * u
            slots[3, k] += v * v
            slots[4, k] += r * w
    for k in range(whole, row.size):
        slots[0, 0] += row[k]
        slots[1, 0] += row[k] * row[k]
        slots[2, 0] += x[k] * x[k]
        slots[3, 0] += b[k] * b[k]
        slots[4, 0] += row[k] * d[k]


@compiled_parallel
def residual_and_sums(r, x, b, d, c0, c1, c2):  # type: ignore[no-untyped-def]
    """Set r = b - A x on a grid of three axes, unless r is empty; return the sums of r, r^2, x^2, b^2 and r d.

    `d` is what is added to the diagonal; couplings have n - 1 faces along their axis, or n where it is periodic.
    """
    parts = np.zeros((x.shape[0], 5))
    for i in prange(x.shape[0]):
        none, row = np.zeros(x.shape[2]), np.empty(x.shape[2])
        slots = np.zeros((5, _SLOTS))
        plane = np.int64(i)
        for j in range(x.shape[1]):
            residual_row(row, x, b[plane, j], d, c0, c1, c2, plane, j, none)
            if r.size > 0:
                r[plane, j] = row
            _add_sums(slots, row, x[plane, j], b[plane, j], d[plane, j])
        for m in range(5):
            for k in range(_SLOTS):
                parts[plane, m] += slots[m, k]
    sums = np.zeros(5)
    for i in range(x.shape[0]):
        for m in range(5):
            sums[m] += parts[i, m]
    return sums
