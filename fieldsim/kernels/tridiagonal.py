"""Solve many symmetric three-point systems along one axis of an array, in place.

(t_i + p m_i + q n_i) x_i + e_(i-1) x_(i-1) + e_i x_(i+1) = b_i, with one pair (p, q) for each line. Elimination runs
without pivoting: the systems are positive, or singular with the constant as null vector in the one line `null`, whose
first unknown is then held at zero. Lines are independent, so the result does not depend on the number of threads.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from fieldsim.kernels.jit import compiled, compiled_parallel

# unknowns that are eliminated side by side: enough for the vector units, few enough for the cache
WIDTH = 64


@compiled
def _eliminate(x, first, last, p, q, diagonal, off, m, n, held, upper, factor):  # type: ignore[no-untyped-def]
    """Solve the systems of the columns `first` ... `last` - 1 of x (points, columns)."""
    points, width = x.shape[0], last - first
    factor = factor[:width]
    p, q = p[first:last], q[first:last]
    row, below = x[0, first:last], upper[0, :width]
    for k in range(width):
        factor[k] = diagonal[0] + m[0] * p[k] + n[0] * q[k]
    if held >= 0:
        factor[held] += abs(off[0]) if points > 1 else 1.0
    for k in range(width):
        factor[k] = 1.0 / factor[k]
        row[k] *= factor[k]
    for i in range(1, points):
        row, above, before = x[i, first:last], x[i - 1, first:last], upper[i - 1, :width]
        e, d, mi, ni = off[i - 1], diagonal[i], m[i], n[i]
        for k in range(width):
            before[k] = e * factor[k]
            pivot = 1.0 / (d + mi * p[k] + ni * q[k] - e * before[k])
            factor[k] = pivot
            row[k] = (row[k] - e * above[k]) * pivot
    for i in range(points - 2, -1, -1):
        row, after, below = x[i, first:last], x[i + 1, first:last], upper[i, :width]
        for k in range(width):
            row[k] -= below[k] * after[k]


@compiled_parallel
def sweep_across(x, p, q, diagonal, off, m, n, null):  # type: ignore[no-untyped-def]
    """Solve along axis 1 of x (outer, points, inner); p, q (outer, inner), m, n, diagonal (points), off (points - 1).

    `null` is the number outer * columns + inner of the singular line, or -1.
    """
    columns = x.shape[2]
    groups = (columns + WIDTH - 1) // WIDTH
    for group in prange(x.shape[0] * groups):
        upper = np.empty((x.shape[1], WIDTH))
        factor = np.empty(WIDTH)
        o, first = group // groups, group % groups * WIDTH
        last = min(first + WIDTH, columns)
        held = null - o * columns - first
        if held >= last - first:
            held = -1
        _eliminate(x[o], first, last, p[o], q[o], diagonal, off, m, n, held, upper, factor)


@compiled_parallel
def sweep_along(x, p, q, diagonal, off, m, n, null):  # type: ignore[no-untyped-def]
    """Solve along axis 1 of x (lines, points); p, q (lines); `null` is the number of the singular line, or -1.

    Groups of lines are turned, so that elimination runs over lines side by side.
    """
    lines, points = x.shape
    groups = (lines + WIDTH - 1) // WIDTH
    for group in prange(groups):
        upper = np.empty((points, WIDTH))
        turned = np.empty((points, WIDTH))
        factor = np.empty(WIDTH)
        first = group * WIDTH
        width = min(WIDTH, lines - first)
        for k in range(width):
            for i in range(points):
                turned[i, k] = x[first + k, i]
        held = null - first
        if held >= width:
            held = -1
        here = slice(first, first + width)
        _eliminate(turned, 0, width, p[here], q[here], diagonal, off, m, n, held, upper, factor)
        for k in range(width):
            for i in range(points):
                x[first + k, i] = turned[i, k]
