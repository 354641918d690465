"""Some rows of a plane of a structured grid at a time: sums over neighbours, residuals, fine and coarse rows.

Arrays of cells and faces are seen as (planes, rows * cells); rows lie side by side, so that a few slices of many rows
are combined in one pass, which the compiler turns into vector instructions.
"""

from __future__ import annotations

import numpy as np

from fieldsim.kernels.inner import inner

# Cells worked on together: their buffers stay in the first-level cache.
CHUNK = 512


@inner
def rows_at_once(n1, n2):  # type: ignore[no-untyped-def]
    """Return how many rows of n2 cells to take together: an even number, or one."""
    rows = min(CHUNK // n2, n1 + n1 % 2)
    return max(1, rows // 2 * 2)


@inner
def colours(like, n1, n2):  # type: ignore[no-untyped-def]
    """Return 1 where row + cell is even in the first line of masks, 1 where it is odd in the second."""
    rows = rows_at_once(n1, n2)
    mask = np.zeros((2, rows * n2), like.dtype)
    for j in range(rows):
        for k in range(n2):
            mask[(j + k) % 2, j * n2 + k] = 1.0
    return mask


@inner
def _weigh(t, b, lower, x_lower, upper, x_upper):  # type: ignore[no-untyped-def]
    for k in range(t.size):
        t[k] = b[k] + lower[k] * x_lower[k] + upper[k] * x_upper[k]


@inner
def _weigh_two(t, lower, x_lower, upper, x_upper):  # type: ignore[no-untyped-def]
    for k in range(t.size):
        t[k] += lower[k] * x_lower[k] + upper[k] * x_upper[k]


@inner
def _weigh_one(t, g, x):  # type: ignore[no-untyped-def]
    for k in range(t.size):
        t[k] += g[k] * x[k]


@inner
def _weigh_along(t, g, x, i, first, last, n2, m2):  # type: ignore[no-untyped-def]
    """Add the neighbours within rows; a row has n - 1 faces, or n where it is a ring."""
    if m2 == 0:
        return
    for j in range(first, last):
        to = (j - first) * n2
        at, cell = j * m2, j * n2
        t[to] += g[i, at] * x[i, cell + 1]
        t[to + n2 - 1] += g[i, at + n2 - 2] * x[i, cell + n2 - 2]
        if m2 == n2:
            t[to] += g[i, at + n2 - 1] * x[i, cell + n2 - 1]
            t[to + n2 - 1] += g[i, at + n2 - 1] * x[i, cell]
        if n2 > 2:
            faces, cells, inside = g[i, at : at + n2 - 1], x[i, cell : cell + n2], t[to + 1 : to + n2 - 1]
            _weigh_two(inside, faces[:-1], cells[:-2], faces[1:], cells[2:])


@inner
def neighbour_sums(t, b, x, c0, c1, c2, i, first, last, n1, n2, none):  # type: ignore[no-untyped-def]
    """Set t = b + sum_j c_ij x_j on rows `first` ... `last` - 1 of plane i; `none` holds zeros for missing faces."""
    n0, m0, m1 = x.shape[0], c0.shape[0], c1.shape[1] // n2
    begin, end = first * n2, last * n2
    size = end - begin
    t = t[:size]
    if m0 > 0:
        below, above = (i - 1 if i > 0 else n0 - 1), (i + 1 if i < n0 - 1 else 0)
        lower = c0[below, begin:end] if below < m0 else none[:size]
        upper = c0[i, begin:end] if i < m0 else none[:size]
        _weigh(t, b[i, begin:end], lower, x[below, begin:end], upper, x[above, begin:end])
    else:
        t[:] = b[i, begin:end]
    if m1 > 0:
        if first > 0 and last < n1:
            lower, upper = c1[i, begin - n2 : end - n2], c1[i, begin:end]
            _weigh_two(t, lower, x[i, begin - n2 : end - n2], upper, x[i, begin + n2 : end + n2])
        else:
            start, stop = max(begin, n2), min(end, (n1 - 1) * n2)
            _weigh_one(t[start - begin :], c1[i, start - n2 : end - n2], x[i, start - n2 : end - n2])
            _weigh_one(t[: max(stop - begin, 0)], c1[i, begin:stop], x[i, begin + n2 : stop + n2])
            if m1 == n1:
                seam = c1[i, (n1 - 1) * n2 : n1 * n2]
                if first == 0:
                    _weigh_one(t[:n2], seam, x[i, (n1 - 1) * n2 : n1 * n2])
                if last == n1:
                    _weigh_one(t[size - n2 :], seam, x[i, :n2])
    _weigh_along(t, c2, x, i, first, last, n2, c2.shape[1] // n1)


@inner
def _differ(t, b, d, x, lower, x_lower, upper, x_upper):  # type: ignore[no-untyped-def]
    for k in range(t.size):
        t[k] = b[k] - d[k] * x[k] + lower[k] * (x_lower[k] - x[k]) + upper[k] * (x_upper[k] - x[k])


@inner
def _differ_plain(t, b, d, x):  # type: ignore[no-untyped-def]
    for k in range(t.size):
        t[k] = b[k] - d[k] * x[k]


@inner
def _differ_two(t, x, lower, x_lower, upper, x_upper):  # type: ignore[no-untyped-def]
    for k in range(t.size):
        t[k] += lower[k] * (x_lower[k] - x[k]) + upper[k] * (x_upper[k] - x[k])


@inner
def _differ_one(t, x, g, x_other):  # type: ignore[no-untyped-def]
    for k in range(t.size):
        t[k] += g[k] * (x_other[k] - x[k])


@inner
def _differ_along(t, g, x, i, first, last, n2, m2):  # type: ignore[no-untyped-def]
    if m2 == 0:
        return
    for j in range(first, last):
        to = (j - first) * n2
        at, cell = j * m2, j * n2
        t[to] += g[i, at] * (x[i, cell + 1] - x[i, cell])
        t[to + n2 - 1] += g[i, at + n2 - 2] * (x[i, cell + n2 - 2] - x[i, cell + n2 - 1])
        if m2 == n2:
            flow = g[i, at + n2 - 1] * (x[i, cell + n2 - 1] - x[i, cell])
            t[to] += flow
            t[to + n2 - 1] -= flow
        if n2 > 2:
            faces, cells, inside = g[i, at : at + n2 - 1], x[i, cell : cell + n2], t[to + 1 : to + n2 - 1]
            _differ_two(inside, cells[1:-1], faces[:-1], cells[:-2], faces[1:], cells[2:])


@inner
def residual_rows(t, b, x, d, c0, c1, c2, i, first, last, n1, n2, none):  # type: ignore[no-untyped-def]
    """Set t = b - A x on rows of plane i, b being given on these rows only.

    Differences come before products, so that constants leave no rounding.
    """
    n0, m0, m1 = x.shape[0], c0.shape[0], c1.shape[1] // n2
    begin, end = first * n2, last * n2
    size = end - begin
    t, here = t[:size], x[i, begin:end]
    if m0 > 0:
        below, above = (i - 1 if i > 0 else n0 - 1), (i + 1 if i < n0 - 1 else 0)
        lower = c0[below, begin:end] if below < m0 else none[:size]
        upper = c0[i, begin:end] if i < m0 else none[:size]
        _differ(t, b, d[i, begin:end], here, lower, x[below, begin:end], upper, x[above, begin:end])
    else:
        _differ_plain(t, b, d[i, begin:end], here)
    if m1 > 0:
        if first > 0 and last < n1:
            lower, upper = c1[i, begin - n2 : end - n2], c1[i, begin:end]
            _differ_two(t, here, lower, x[i, begin - n2 : end - n2], upper, x[i, begin + n2 : end + n2])
        else:
            start, stop = max(begin, n2), min(end, (n1 - 1) * n2)
            _differ_one(t[start - begin :], x[i, start:end], c1[i, start - n2 : end - n2], x[i, start - n2 : end - n2])
            _differ_one(t[: max(stop - begin, 0)], x[i, begin:stop], c1[i, begin:stop], x[i, begin + n2 : stop + n2])
            if m1 == n1:
                seam = c1[i, (n1 - 1) * n2 : n1 * n2]
                if first == 0:
                    _differ_one(t[:n2], x[i, :n2], seam, x[i, (n1 - 1) * n2 : n1 * n2])
                if last == n1:
                    _differ_one(t[size - n2 :], x[i, (n1 - 1) * n2 : n1 * n2], seam, x[i, :n2])
    _differ_along(t, c2, x, i, first, last, n2, c2.shape[1] // n1)


@inner
def blend(x, t, w, mask):  # type: ignore[no-untyped-def]
    """Set x = w t where the mask is 1."""
    for k in range(x.size):
        x[k] += mask[k] * (t[k] * w[k] - x[k])


@inner
def scale(x, b, w, mask):  # type: ignore[no-untyped-def]
    """Set x = w b where the mask is 1, else 0."""
    for k in range(x.size):
        x[k] = mask[k] * (b[k] * w[k])


@inner
def add(total, t):  # type: ignore[no-untyped-def]
    """Add t to the total."""
    for k in range(t.size):
        total[k] += t[k]


@inner
def fold(coarse, ic, row, t, first, last, n2, factor):  # type: ignore[no-untyped-def]
    """Set a coarse row to the sums over rows `first` ... `last` - 1 of t of the cells each of its cells covers."""
    n = coarse.shape[2]
    for kc in range(n):
        coarse[ic, row, kc] = 0.0
    for j in range(first, last):
        at = j * n2
        if factor == 1:
            for kc in range(n):
                coarse[ic, row, kc] += t[at + kc]
        else:
            for kc in range(n2 // 2):
                coarse[ic, row, kc] += t[at + 2 * kc] + t[at + 2 * kc + 1]
            if n2 % 2:
                coarse[ic, row, n - 1] += t[at + n2 - 1]


@inner
def unfold(x, e, i, j, ic, jc, n2, factor):  # type: ignore[no-untyped-def]
    """Add to every cell of row (i, j) the value of the coarse cell that covers it."""
    at = j * n2
    if factor == 1:
        for k in range(n2):
            x[i, at + k] += e[ic, jc, k]
        return
    for kc in range(n2 // 2):
        value = e[ic, jc, kc]
        x[i, at + 2 * kc] += value
        x[i, at + 2 * kc + 1] += value
    if n2 % 2:
        x[i, at + n2 - 1] += e[ic, jc, n2 // 2]
