"""One row of a structured grid at a time: sums over neighbours, residuals, transfers between fine and coarse rows.

A row is combined a few slices at a time, which the compiler turns into vector instructions.
"""

from __future__ import annotations

import numpy as np

from fieldsim.kernels.jit import compiled


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
    if g.size == 0:
        return
    t[0] += g[0] * x[1]
    t[n - 1] += g[n - 2] * x[n - 2]
    if g.size == n:
        t[0] += g[n - 1] * x[n - 1]
        t[n - 1] += g[n - 1] * x[0]
    if n > 2:
        _weigh_more(t[1 : n - 1], g[0 : n - 2], x[0 : n - 2], g[1 : n - 1], x[2:n])


@compiled
def neighbour_sum(t, b, x, c0, c1, c2, i, j, none):  # type: ignore[no-untyped-def]
    """Set t = b + sum_j c_ij x_j on row (i, j); `none` is a row of zeros for faces that are missing."""
    n0, n1 = x.shape[0], x.shape[1]
    m0, m1 = c0.shape[0], c1.shape[1]
    lower, upper = (i - 1 if i > 0 else n0 - 1), (i + 1 if i < n0 - 1 else 0)
    _weigh(
        t, b,
        c0[lower, j] if lower < m0 else none, x[lower, j],
        c0[i, j] if i < m0 else none, x[upper, j],
    )  # fmt: skip
    if m1 > 0:
        lower, upper = (j - 1 if j > 0 else n1 - 1), (j + 1 if j < n1 - 1 else 0)
        _weigh_more(
            t,
            c1[i, lower] if lower < m1 else none, x[i, lower],
            c1[i, j] if j < m1 else none, x[i, upper],
        )  # fmt: skip
    _weigh_along(t, c2[i, j], x[i, j])


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
def blend(x, t, w, mask):  # type: ignore[no-untyped-def]
    """Set x = w t where the mask is 1."""
    for k in range(x.size):
        x[k] += mask[k] * (t[k] * w[k] - x[k])


@compiled
def colours(n):  # type: ignore[no-untyped-def]
    """Return 1 on even cells in the first row of masks, 1 on odd cells in the second."""
    mask = np.zeros((2, n))
    mask[0, 0::2] = 1.0
    mask[1, 1::2] = 1.0
    return mask


@compiled
def fold(coarse, t, factor):  # type: ignore[no-untyped-def]
    """Set a coarse row to the sums of the fine cells each of its cells covers."""
    if factor == 1:
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
def unfold(fine, coarse, factor):  # type: ignore[no-untyped-def]
    """Add to every fine cell of a row the value of the coarse cell that covers it."""
    n = fine.size
    if factor == 1:
        for k in range(n):
            fine[k] += coarse[k]
        return
    pairs = n // 2
    for k in range(pairs):
        fine[2 * k] += coarse[k]
        fine[2 * k + 1] += coarse[k]
    if n % 2:
        fine[n - 1] += coarse[pairs]
