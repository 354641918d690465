"""Solve many symmetric three-point systems along one axis of an array, in place.

(d_i + p m_i + q n_i) x_i + c_(i-1) (x_i - x_(i-1)) + c_i (x_i - x_(i+1)) = b_i, with one pair (p, q) for each line.
Elimination without pivoting on the excess of each pivot over its coupling, s_(i+1) = g_(i+1) + c_i s_i / (s_i + c_i),
where g = d + p m + q n: nothing cancels if g >= 0 (Grassmann, Taksar & Heyman, Operations Research 33 (1985) 1107).
In the one line `null`, where g = 0, the first unknown is held at zero. The answer does not depend on the threads.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from fieldsim.kernels.jit import compiled, compiled_parallel

# unknowns that are eliminated side by side: enough for the vector units, few enough for the cache
WIDTH = 64


@compiled
def _eliminate(x, first, last, p, q, d, c, m, n, held, upper, excess):  # type: ignore[no-untyped-def]
    """Solve the systems of the columns `first` ... `last` - 1 of x (points, columns)."""
    points, width = x.shape[0], last - first
    p, q = p[first:last], q[first:last]
    row = x[0, first:last]
    for k in range(width):
        excess[k] = d[0] + m[0] * p[k] + n[0] * q[k]
    if held >= 0:
        excess[held] += c[0] if points > 1 else 1.0
    for i in range(points - 1):
        row, after, factors = x[i, first:last], x[i + 1, first:last], upper[i, :width]
        ci, di, mi, ni = c[i], d[i + 1], m[i + 1], n[i + 1]
        for k in range(width):
            inverse = 1.0 / (excess[k] + ci)
            factor = ci * inverse
            factors[k] = factor
            after[k] += factor * row[k]
            row[k] *= inverse
            excess[k] = (di + mi * p[k] + ni * q[k]) + factor * excess[k]
    row = x[points - 1, first:last]
    for k in range(width):
        row[k] /= excess[k]
    for i in range(points - 2, -1, -1):
        row, after, factors = x[i, first:last], x[i + 1, first:last], upper[i, :width]
        for k in range(width):
            row[k] += factors[k] * after[k]


@compiled_parallel
def sweep_across(x, p, q, d, c, m, n, null):  # type: ignore[no-untyped-def]
    """Solve along axis 1 of x (outer, points, inner); p, q (outer, inner), d, m, n (points), c (points - 1).

    `null` is the number outer * columns + inner of the singular line, or -1.
    """
    columns = x.shape[2]
    groups = (columns + WIDTH - 1) // WIDTH
    for group in prange(x.shape[0] * groups):
        upper = np.empty((x.shape[1], WIDTH))
        excess = np.empty(WIDTH)
        o, first = group // groups, group % groups * WIDTH
        last = min(first + WIDTH, columns)
        held = null - o * columns - first
        if held >= last - first:
            held = -1
        _eliminate(x[o], first, last, p[o], q[o], d, c, m, n, held, upper, excess)


@compiled_parallel
def sweep_along(x, p, q, d, c, m, n, null):  # type: ignore[no-untyped-def]
    """Solve along axis 1 of x (lines, points); p, q (lines); `null` is the number of the singular line, or -1.

    Groups of lines are turned, so that elimination runs over lines side by side.
    """
    lines, points = x.shape
    groups = (lines + WIDTH - 1) // WIDTH
    for group in prange(groups):
        upper = np.empty((points, WIDTH))
        turned = np.empty((points, WIDTH))
        excess = np.empty(WIDTH)
        first = group * WIDTH
        width = min(WIDTH, lines - first)
        for k in range(width):
            for i in range(points):
                turned[i, k] = x[first + k, i]
        held = null - first
        if held >= width:
            held = -1
        here = slice(first, first + width)
        _eliminate(turned, 0, width, p[here], q[here], d, c, m, n, held, upper, excess)
        for k in range(width):
            for i in range(points):
                x[first + k, i] = turned[i, k]
