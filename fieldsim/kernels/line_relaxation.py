"""Relaxation by colours of points or of whole lines, for anisotropic couplings and for rings of odd length.

A line keeps its couplings inside and is solved by elimination (Thomas), a ring with fill towards its last cell. Lines
of one colour do not touch. Factors come from sums of positive terms only: pivot_k = e_k + g_k,
e_k = s_k + g_(k-1) e_(k-1) / pivot_(k-1), so weakly grounded lines lose no digits.
A step is (axis or -1 for points, seam bits of three axes, parity): a ring of odd length has a seam cell of
its own colour.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from fieldsim.kernels.inner import inner
from fieldsim.kernels.jit import compiled_parallel

_TOGETHER = 4


@inner
def _is_seam(place, n, faces):  # type: ignore[no-untyped-def]
    """Return 1 for the last cell of a ring of odd length."""
    return 1 if (n % 2 == 1 and n > 1 and faces == n and place == n - 1) else 0


@inner
def row_masks(like, n, faces):  # type: ignore[no-untyped-def]
    """Return rows that mark even cells, odd cells, the seam cell of an odd ring, and all cells."""
    mask = np.zeros((4, n), like.dtype)
    mask[0, 0::2] = 1.0
    mask[1, 1::2] = 1.0
    mask[3, :] = 1.0
    if _is_seam(n - 1, n, faces):
        mask[0, n - 1] = 0.0
        mask[2, n - 1] = 1.0
    return mask


@inner
def _mask_number(step, i, j, n0, n1, m0, m1):  # type: ignore[no-untyped-def]
    """Return which mask of row (i, j) a step relaxes, or -1."""
    axis = step[0]
    parity = step[4]
    if axis != 0:
        seam = _is_seam(i, n0, m0)
        if seam != step[1]:
            return -1
        parity += 0 if seam else i
    if axis != 1:
        seam = _is_seam(j, n1, m1)
        if seam != step[2]:
            return -1
        parity += 0 if seam else j
    if axis == 2:
        return 3 if parity % 2 == 0 else -1
    if step[3] == 1:
        return 2 if parity % 2 == 0 else -1
    return parity % 2


@inner
def _relax_points(x, b, w, c0, c1, c2, step, i):  # type: ignore[no-untyped-def]
    n0, n1, n2 = x.shape
    t, masks = np.empty(n2, x.dtype), row_masks(x, n2, c2.shape[2])
    for j in range(n1):
        number = _mask_number(step, i, j, n0, n1, c0.shape[0], c1.shape[1])
        if number < 0:
            continue
        _outside(t, b, x, c0, c1, c2, -1, i, j)
        row, weight, mask = x[i, j], w[i, j], masks[number]
        for k in range(n2):
            row[k] += mask[k] * (t[k] * weight[k] - row[k])


@inner
def _weigh(t, b, g, x):  # type: ignore[no-untyped-def]
    for k in range(t.size):
        t[k] = b[k] + g[k] * x[k]


@inner
def _weigh_more(t, g, x):  # type: ignore[no-untyped-def]
    for k in range(t.size):
        t[k] += g[k] * x[k]


@inner
def _outside(t, b, x, c0, c1, c2, axis, i, j):  # type: ignore[no-untyped-def]
    """Set t = b + the couplings to cells off the line, on row (i, j)."""
    n0, n1, n2 = x.shape
    m0, m1, m2 = c0.shape[0], c1.shape[1], c2.shape[2]
    right = b[i, j]
    for k in range(n2):
        t[k] = right[k]
    if axis != 0 and m0 > 0:
        if i > 0 or m0 == n0:
            lower = i - 1 if i > 0 else n0 - 1
            _weigh_more(t, c0[lower, j], x[lower, j])
        if i < m0:
            _weigh_more(t, c0[i, j], x[i + 1 if i < n0 - 1 else 0, j])
    if axis != 1 and m1 > 0:
        if j > 0 or m1 == n1:
            lower = j - 1 if j > 0 else n1 - 1
            _weigh_more(t, c1[i, lower], x[i, lower])
        if j < m1:
            _weigh_more(t, c1[i, j], x[i, j + 1 if j < n1 - 1 else 0])
    if axis != 2 and m2 > 0:
        g, row = c2[i, j], x[i, j]
        if n2 > 1:
            _weigh_more(t[1:n2], g[0 : n2 - 1], row[0 : n2 - 1])
            _weigh_more(t[0 : n2 - 1], g[0 : n2 - 1], row[1:n2])
            if m2 == n2:
                t[0] += g[n2 - 1] * row[n2 - 1]
                t[n2 - 1] += g[n2 - 1] * row[0]


@inner
def _solve_rows(y, x, inverse, lower, fill, i, js, count):  # type: ignore[no-untyped-def]
    """Solve along four rows side by side: each alone would wait for its own last product."""
    n = x.shape[2]
    j0, j1, j2, j3 = js[0], js[1], js[2], js[3]
    y0, y1, y2, y3 = y[0], y[1], y[2], y[3]
    l0, l1, l2, l3 = lower[i, j0], lower[i, j1], lower[i, j2], lower[i, j3]
    i0, i1, i2, i3 = inverse[i, j0], inverse[i, j1], inverse[i, j2], inverse[i, j3]
    ring = fill.size > 0
    a0, a1, a2, a3 = y0[0], y1[0], y2[0], y3[0]
    for k in range(n - 1):
        a0 = y0[k + 1] + l0[k] * a0
        a1 = y1[k + 1] + l1[k] * a1
        a2 = y2[k + 1] + l2[k] * a2
        a3 = y3[k + 1] + l3[k] * a3
        y0[k + 1] = a0
        y1[k + 1] = a1
        y2[k + 1] = a2
        y3[k + 1] = a3
    if ring:
        for m in range(count):
            row, filled = y[m], fill[i, js[m]]
            total = row[n - 1]
            for k in range(n - 1):
                total += filled[k] * row[k]
            last = total * inverse[i, js[m], n - 1]
            weight = inverse[i, js[m]]
            for k in range(n - 1):
                row[k] = row[k] * weight[k] + filled[k] * last
            row[n - 1] = last
    else:
        for k in range(n):
            y0[k] *= i0[k]
        for k in range(n):
            y1[k] *= i1[k]
        for k in range(n):
            y2[k] *= i2[k]
        for k in range(n):
            y3[k] *= i3[k]
    a0, a1, a2, a3 = y0[n - 1], y1[n - 1], y2[n - 1], y3[n - 1]
    for m in range(1, n):
        k = n - 1 - m
        a0 = y0[k] + l0[k] * a0
        a1 = y1[k] + l1[k] * a1
        a2 = y2[k] + l2[k] * a2
        a3 = y3[k] + l3[k] * a3
        y0[k] = a0
        y1[k] = a1
        y2[k] = a2
        y3[k] = a3
    for m in range(count):
        out, row = x[i, js[m]], y[m]
        for k in range(n):
            out[k] = row[k]


@inner
def _relax_rows(x, b, inverse, lower, fill, c0, c1, c2, step, i):  # type: ignore[no-untyped-def]
    """Relax the lines of a plane that run along the last axis."""
    n0, n1, n2 = x.shape
    y = np.zeros((_TOGETHER, n2), x.dtype)
    js = np.zeros(_TOGETHER, np.int64)
    count = 0
    for j in range(n1):
        if _mask_number(step, i, j, n0, n1, c0.shape[0], c1.shape[1]) >= 0:
            js[count] = j
            _outside(y[count], b, x, c0, c1, c2, 2, i, j)
            count += 1
        if count == _TOGETHER or (j == n1 - 1 and count > 0):
            for m in range(count, _TOGETHER):
                js[m] = js[0]
            _solve_rows(y, x, inverse, lower, fill, i, js, count)
            count = 0


@inner
def _relax_columns(x, b, inverse, lower, fill, c0, c1, c2, step, place):  # type: ignore[no-untyped-def]
    """Relax the lines along the first (second) axis in the sheet `place` of the second (first) one, all k at once."""
    n0, n1, n2 = x.shape
    axis = step[0]
    n = x.shape[axis]
    number = _mask_number(step, 0 if axis == 0 else place, place if axis == 0 else 0, n0, n1, c0.shape[0], c1.shape[1])
    if number < 0:
        return
    mask = row_masks(x, n2, c2.shape[2])[number]
    y = np.empty((n, n2), x.dtype)
    for t in range(n):
        i, j = (t, place) if axis == 0 else (place, t)
        _outside(y[t], b, x, c0, c1, c2, axis, i, j)
        if t > 0:
            _weigh_more(y[t], lower[t - 1, place] if axis == 0 else lower[place, t - 1], y[t - 1])
    if fill.size > 0:
        for t in range(n - 1):
            _weigh_more(y[n - 1], fill[t, place] if axis == 0 else fill[place, t], y[t])
    for m in range(n):
        t = n - 1 - m
        i, j = (t, place) if axis == 0 else (place, t)
        row, weight, couple = y[t], inverse[i, j], lower[i, j]
        for k in range(n2):
            row[k] *= weight[k]
        if t < n - 1:
            _weigh_more(row, couple, y[t + 1])
            if fill.size > 0:
                _weigh_more(row, fill[i, j], y[n - 1])
        out = x[i, j]
        for k in range(n2):
            out[k] += mask[k] * (row[k] - out[k])


@inner
def relax_part(x, b, w, inverse, lower, fill, c0, c1, c2, step, part):  # type: ignore[no-untyped-def]
    """Relax what a step has in one plane of the first axis (of the second one for lines along the first)."""
    if step[0] < 0:
        _relax_points(x, b, w, c0, c1, c2, step, part)
    elif step[0] == 2:
        _relax_rows(x, b, inverse, lower, fill, c0, c1, c2, step, part)
    else:
        _relax_columns(x, b, inverse, lower, fill, c0, c1, c2, step, part)


@compiled_parallel
def relax(x, b, w, inverse, lower, fill, c0, c1, c2, step):  # type: ignore[no-untyped-def]
    """Relax all points or lines of one colour."""
    parts = x.shape[1] if step[0] == 0 else x.shape[0]
    for part in prange(parts):
        relax_part(x, b, w, inverse, lower, fill, c0, c1, c2, step, np.int64(part))


@inner
def _factor_sheet(inverse, lower, fill, d, c0, c1, c2, axis, sheet):  # type: ignore[no-untyped-def]
    n0, n1, n2 = d.shape
    across = n1 if axis == 2 else n2
    n = d.shape[axis]
    line = c0 if axis == 0 else c1 if axis == 1 else c2
    ring = line.shape[axis] == n
    for q in range(across):
        before, pivot_before, excess_before, fill_before, last_ground = 0.0, 1.0, 0.0, 0.0, 0.0
        for t in range(n):
            i = t if axis == 0 else sheet
            j = sheet if axis == 0 else t if axis == 1 else q
            k = t if axis == 2 else q
            ground = d[i, j, k]
            if axis != 0 and c0.shape[0] > 0:
                if i < c0.shape[0]:
                    ground += c0[i, j, k]
                if i > 0 or c0.shape[0] == n0:
                    ground += c0[i - 1 if i > 0 else n0 - 1, j, k]
            if axis != 1 and c1.shape[1] > 0:
                if j < c1.shape[1]:
                    ground += c1[i, j, k]
                if j > 0 or c1.shape[1] == n1:
                    ground += c1[i, j - 1 if j > 0 else n1 - 1, k]
            if axis != 2 and c2.shape[2] > 0:
                if k < c2.shape[2]:
                    ground += c2[i, j, k]
                if k > 0 or c2.shape[2] == n2:
                    ground += c2[i, j, k - 1 if k > 0 else n2 - 1]
            excess = ground + before * (excess_before / pivot_before)
            following = line[i, j, k] if t < n - 1 else 0.0
            filled = 0.0
            if ring and t < n - 1:
                if t == 0:
                    at_last = n - 1
                    filled = line[at_last if axis == 0 else i, at_last if axis == 1 else j, at_last if axis == 2 else k]
                else:
                    filled = fill_before * (before / pivot_before)
            pivot = excess + following + filled
            if ring and t == n - 1:
                pivot += last_ground
            share = 1.0 / pivot if pivot > 0.0 else 0.0
            inverse[i, j, k] = share
            lower[i, j, k] = following * share
            if ring:
                fill[i, j, k] = filled * share
                last_ground += filled * share * excess
            before, excess_before, fill_before = following, excess, filled
            pivot_before = pivot if pivot > 0.0 else 1.0


@compiled_parallel
def factor_lines(inverse, lower, fill, d, c0, c1, c2, axis):  # type: ignore[no-untyped-def]
    """Set the factors of all lines along `axis`; `fill` is empty where the lines are no rings."""
    sheets = d.shape[1] if axis == 0 else d.shape[0]
    for sheet in prange(sheets):
        _factor_sheet(inverse, lower, fill, d, c0, c1, c2, axis, np.int64(sheet))
