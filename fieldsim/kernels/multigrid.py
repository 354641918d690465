"""Loops of a multigrid cycle on a structured grid of three axes (short ones have length 1).

A level is (A u)_i = d_i u_i + sum_j c_ij (u_i - u_j), with w = 1 / A_ii. `c0` holds the faces between i and i + 1
along the first axis: n - 1 of them, or n where the axis is periodic. Rows of the last axis are combined a few
slices at a time, which the compiler turns into vector instructions; every value is written by one row only, so
the number of threads does not change a bit.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from fieldsim.kernels.jit import compiled, compiled_parallel

# Rows are dealt out in so many blocks at most: enough for any desktop, few enough to amortise their buffers.
_BLOCKS = 64


@compiled
def _weigh(t, b, lower, x_lower, upper, x_upper):  # type: ignore[no-untyped-def]
    for k in range(t.size):
        t[k] = b[k] + lower[k] * x_lower[k] + upper[k] * x_upper[k]


@compiled
def _weigh_more(t, lower, x_lower, upper, x_upper):  # type: ignore[no-untyped-def]
    for k in range(t.size):
        t[k] += lower[k] * x_lower[k] + upper[k] * x_upper[k]


@compiled
def _weigh_along(t, g, x):  # type: ignore[no-untyped-def]
    """Add the neighbours within the row; `g` has n - 1 faces, or n where the row is a ring."""
    n = t.size
    if n > 1:
        t[0] += g[0] * x[1]
        t[n - 1] += g[n - 2] * x[n - 2]
        if g.size == n:
            t[0] += g[n - 1] * x[n - 1]
            t[n - 1] += g[n - 1] * x[0]
    if n > 2:
        middle, lower, x_lower, upper, x_upper = t[1 : n - 1], g[0 : n - 2], x[0 : n - 2], g[1 : n - 1], x[2:n]
        for k in range(n - 2):
            middle[k] += lower[k] * x_lower[k] + upper[k] * x_upper[k]


@compiled
def _neighbours(t, b, x, c0, c1, c2, i, j, none):  # type: ignore[no-untyped-def]
    """Set t = b + sum_j c_ij x_j on one row; `none` is a row of zeros for faces that are missing."""
    n0, n1 = x.shape[0], x.shape[1]
    m0, m1 = c0.shape[0], c1.shape[1]
    i_lower, i_upper = (i - 1 if i > 0 else n0 - 1), (i + 1 if i < n0 - 1 else 0)
    j_lower, j_upper = (j - 1 if j > 0 else n1 - 1), (j + 1 if j < n1 - 1 else 0)
    _weigh(
        t, b[i, j],
        c0[i_lower, j] if i_lower < m0 else none, x[i_lower, j],
        c0[i, j] if i < m0 else none, x[i_upper, j],
    )  # fmt: skip
    _weigh_more(
        t,
        c1[i, j_lower] if j_lower < m1 else none, x[i, j_lower],
        c1[i, j] if j < m1 else none, x[i, j_upper],
    )  # fmt: skip
    _weigh_along(t, c2[i, j], x[i, j])


@compiled
def _blend(x, t, w, mask):  # type: ignore[no-untyped-def]
    for k in range(x.size):
        x[k] += mask[k] * (t[k] * w[k] - x[k])


@compiled
def _colours(n):  # type: ignore[no-untyped-def]
    """Return 1 on even cells in the first row of masks, 1 on odd cells in the second."""
    mask = np.zeros((2, n))
    mask[0, 0::2] = 1.0
    mask[1, 1::2] = 1.0
    return mask


@compiled
def _relax_rows(x, b, w, c0, c1, c2, colour, first, last):  # type: ignore[no-untyped-def]
    n1, n2 = x.shape[1], x.shape[2]
    t, none, mask = np.empty(n2), np.zeros(n2), _colours(n2)
    for row in range(first, last):
        i, j = row // n1, row % n1
        _neighbours(t, b, x, c0, c1, c2, i, j, none)
        _blend(x[i, j], t, w[i, j], mask[(i + j + colour) % 2])


@compiled_parallel
def relax(x, b, w, c0, c1, c2, colour):  # type: ignore[no-untyped-def]
    """Solve every equation of one colour for its own unknown: half a Gauss-Seidel sweep."""
    rows = x.shape[0] * x.shape[1]
    blocks = min(_BLOCKS, rows)
    for block in prange(blocks):
        _relax_rows(x, b, w, c0, c1, c2, colour, block * rows // blocks, (block + 1) * rows // blocks)


@compiled
def _start_rows(x, b, w, first, last):  # type: ignore[no-untyped-def]
    n1, n2 = x.shape[1], x.shape[2]
    mask = _colours(n2)
    for row in range(first, last):
        i, j = row // n1, row % n1
        out, right, weight, kept = x[i, j], b[i, j], w[i, j], mask[(i + j) % 2]
        for k in range(n2):
            out[k] = kept[k] * (right[k] * weight[k])


@compiled_parallel
def start(x, b, w):  # type: ignore[no-untyped-def]
    """Relax the first colour from a guess of zero."""
    rows = x.shape[0] * x.shape[1]
    blocks = min(_BLOCKS, rows)
    for block in prange(blocks):
        _start_rows(x, b, w, block * rows // blocks, (block + 1) * rows // blocks)


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
    if n > 1:
        t[0] += g[0] * (x[1] - x[0])
        t[n - 1] += g[n - 2] * (x[n - 2] - x[n - 1])
        if g.size == n:
            flow = g[n - 1] * (x[n - 1] - x[0])
            t[0] += flow
            t[n - 1] -= flow
    if n > 2:
        _differ_more(t[1 : n - 1], x[1 : n - 1], g[0 : n - 2], x[0 : n - 2], g[1 : n - 1], x[2:n])


@compiled
def _residual_row(t, x, right, d, c0, c1, c2, i, j, none):  # type: ignore[no-untyped-def]
    """Set t = right - A x on one row; differences come before products, so constants leave no rounding."""
    n0, n1 = x.shape[0], x.shape[1]
    m0, m1 = c0.shape[0], c1.shape[1]
    i_lower, i_upper = (i - 1 if i > 0 else n0 - 1), (i + 1 if i < n0 - 1 else 0)
    j_lower, j_upper = (j - 1 if j > 0 else n1 - 1), (j + 1 if j < n1 - 1 else 0)
    _differ(
        t, right, d[i, j], x[i, j],
        c0[i_lower, j] if i_lower < m0 else none, x[i_lower, j],
        c0[i, j] if i < m0 else none, x[i_upper, j],
    )  # fmt: skip
    _differ_more(
        t, x[i, j],
        c1[i, j_lower] if j_lower < m1 else none, x[i, j_lower],
        c1[i, j] if j < m1 else none, x[i, j_upper],
    )  # fmt: skip
    _differ_along(t, c2[i, j], x[i, j])


@compiled_parallel
def residual(r, x, b, d, c0, c1, c2):  # type: ignore[no-untyped-def]
    """Set r = b - A x."""
    n1, n2 = x.shape[1], x.shape[2]
    rows = x.shape[0] * n1
    blocks = min(_BLOCKS, rows)
    for block in prange(blocks):
        none = np.zeros(n2)
        for row in range(block * rows // blocks, (block + 1) * rows // blocks):
            i, j = row // n1, row % n1
            _residual_row(r[i, j], x, b[i, j], d, c0, c1, c2, i, j, none)


@compiled
def _negate_and_weigh(q, p, slots):  # type: ignore[no-untyped-def]
    for k in range(q.size):
        q[k] = -q[k]
    for k in range(q.size):
        slots[k] += q[k] * p[k]


@compiled_parallel
def product(q, p, d, c0, c1, c2):  # type: ignore[no-untyped-def]
    """Set q = A p and return p . q, summed in the same order for any number of threads."""
    n1, n2 = p.shape[1], p.shape[2]
    rows = p.shape[0] * n1
    blocks = min(_BLOCKS, rows)
    parts = np.zeros(blocks)
    for block in prange(blocks):
        none, slots = np.zeros(n2), np.zeros(n2)
        for row in range(block * rows // blocks, (block + 1) * rows // blocks):
            i, j = row // n1, row % n1
            _residual_row(q[i, j], p, none, d, c0, c1, c2, i, j, none)
            _negate_and_weigh(q[i, j], p[i, j], slots)
        total = 0.0
        for k in range(n2):
            total += slots[k]
        parts[block] = total
    energy = 0.0
    for block in range(blocks):
        energy += parts[block]
    return energy


@compiled
def _fold(coarse, t, f2):  # type: ignore[no-untyped-def]
    """Set a coarse row to the sums of the fine cells each of its cells covers."""
    if f2 == 1:
        for k in range(coarse.size):
            coarse[k] = t[k]
        return
    pairs = t.size // 2
    even, odd = t[0 : 2 * pairs : 2], t[1 : 2 * pairs : 2]
    for k in range(pairs):
        coarse[k] = even[k] + odd[k]
    if coarse.size > pairs:
        coarse[pairs] = t[t.size - 1]


@compiled
def _restrict_rows(rc, x, b, d, c0, c1, c2, f0, f1, f2, first, last):  # type: ignore[no-untyped-def]
    n0, n1, n2 = x.shape
    t, total, none = np.empty(n2), np.empty(n2), np.zeros(n2)
    for row in range(first, last):
        ic, jc = row // rc.shape[1], row % rc.shape[1]
        total[:] = 0.0
        for i in range(ic * f0, min(ic * f0 + f0, n0)):
            for j in range(jc * f1, min(jc * f1 + f1, n1)):
                _residual_row(t, x, b[i, j], d, c0, c1, c2, i, j, none)
                for k in range(n2):
                    total[k] += t[k]
        _fold(rc[ic, jc], total, f2)


@compiled_parallel
def restrict(rc, x, b, d, c0, c1, c2, f0, f1, f2):  # type: ignore[no-untyped-def]
    """Set the coarse right-hand side to the residual b - A x summed over the cells each coarse cell covers."""
    rows = rc.shape[0] * rc.shape[1]
    blocks = min(_BLOCKS, rows)
    for block in prange(blocks):
        _restrict_rows(rc, x, b, d, c0, c1, c2, f0, f1, f2, block * rows // blocks, (block + 1) * rows // blocks)


@compiled
def _prolong_rows(x, e, f0, f1, f2, first, last):  # type: ignore[no-untyped-def]
    n1, n2 = x.shape[1], x.shape[2]
    for row in range(first, last):
        i, j = row // n1, row % n1
        fine, coarse = x[i, j], e[i // f0, j // f1]
        if f2 == 1:
            for k in range(n2):
                fine[k] += coarse[k]
        else:
            pairs = n2 // 2
            for k in range(pairs):
                fine[2 * k] += coarse[k]
                fine[2 * k + 1] += coarse[k]
            if n2 % 2:
                fine[n2 - 1] += coarse[pairs]


@compiled_parallel
def prolong(x, e, f0, f1, f2):  # type: ignore[no-untyped-def]
    """Add to every fine cell the correction of the coarse cell that covers it."""
    rows = x.shape[0] * x.shape[1]
    blocks = min(_BLOCKS, rows)
    for block in prange(blocks):
        _prolong_rows(x, e, f0, f1, f2, block * rows // blocks, (block + 1) * rows // blocks)
