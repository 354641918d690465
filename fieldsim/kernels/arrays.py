"""Stencil rows along one axis of a plain array, seen as (before, n * after): out[b, i, k] = sum_m w_m x[b, i + o_m, k].

Interior rows of an evenly spaced axis share their weights, so neighbouring rows merge into long runs of shifted slices,
whatever the axis. Work is cut into tiles that stay in cache; tiles are independent, so the number of threads does not
change a bit.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from fieldsim.kernels.jit import compiled, compiled_parallel

# So many points are combined in one pass: enough to hide the store, few enough for the registers.
_CHUNK = 5


@compiled
def _pass(target, add, count, x0, x1, x2, x3, x4, c0, c1, c2, c3, c4):  # type: ignore[no-untyped-def]
    """Set, or add to, target the first `count` products c_m * x_m."""
    n = target.size
    if add:
        if count == 1:
            for k in range(n):
                target[k] += c0 * x0[k]
        elif count == 2:
            for k in range(n):
                target[k] += c0 * x0[k] + c1 * x1[k]
        elif count == 3:
            for k in range(n):
                target[k] += c0 * x0[k] + c1 * x1[k] + c2 * x2[k]
        elif count == 4:
            for k in range(n):
                target[k] += c0 * x0[k] + c1 * x1[k] + c2 * x2[k] + c3 * x3[k]
        else:
            for k in range(n):
                target[k] += c0 * x0[k] + c1 * x1[k] + c2 * x2[k] + c3 * x3[k] + c4 * x4[k]
    elif count == 1:
        for k in range(n):
            target[k] = c0 * x0[k]
    elif count == 2:
        for k in range(n):
            target[k] = c0 * x0[k] + c1 * x1[k]
    elif count == 3:
        for k in range(n):
            target[k] = c0 * x0[k] + c1 * x1[k] + c2 * x2[k]
    elif count == 4:
        for k in range(n):
            target[k] = c0 * x0[k] + c1 * x1[k] + c2 * x2[k] + c3 * x3[k]
    else:
        for k in range(n):
            target[k] = c0 * x0[k] + c1 * x1[k] + c2 * x2[k] + c3 * x3[k] + c4 * x4[k]


@compiled
def _run(target, x, starts, weights, shift):  # type: ignore[no-untyped-def]
    """Set target to the sum of the slices of x that begin at starts[m] * shift[0] + shift[1], times weights[m]."""
    n = target.size
    count = weights.size
    for first in range(0, count, _CHUNK):
        left = min(count - first, _CHUNK)
        m1 = first + 1 if left > 1 else first
        m2 = first + 2 if left > 2 else first
        m3 = first + 3 if left > 3 else first
        m4 = first + 4 if left > 4 else first
        a0 = starts[first] * shift[0] + shift[1]
        a1 = starts[m1] * shift[0] + shift[1]
        a2 = starts[m2] * shift[0] + shift[1]
        a3 = starts[m3] * shift[0] + shift[1]
        a4 = starts[m4] * shift[0] + shift[1]
        _pass(
            target, first > 0, left,
            x[a0 : a0 + n], x[a1 : a1 + n], x[a2 : a2 + n], x[a3 : a3 + n], x[a4 : a4 + n],
            weights[first], weights[m1], weights[m2], weights[m3], weights[m4],
        )  # fmt: skip


@compiled
def _varying_run(target, x, offsets, table, first_row, low):  # type: ignore[no-untyped-def]
    """Set target to sum_m table[m, row] * x[row + offsets[m]] for consecutive rows of one line."""
    n = target.size
    place = first_row - low
    for m in range(0, offsets.size, 2):
        a0 = first_row + offsets[m]
        x0 = x[a0 : a0 + n]
        f0 = table[m, place : place + n]
        if m + 1 < offsets.size:
            a1 = first_row + offsets[m + 1]
            x1 = x[a1 : a1 + n]
            f1 = table[m + 1, place : place + n]
            if m > 0:
                for k in range(n):
                    target[k] += f0[k] * x0[k] + f1[k] * x1[k]
            else:
                for k in range(n):
                    target[k] = f0[k] * x0[k] + f1[k] * x1[k]
        elif m > 0:
            for k in range(n):
                target[k] += f0[k] * x0[k]
        else:
            for k in range(n):
                target[k] = f0[k] * x0[k]


@compiled_parallel
def apply_rows(  # type: ignore[no-untyped-def]
    out,  # (before, n * after)
    x,  # (before, n * after)
    after,
    low,  # rows low ... high - 1 are interior: they read row + offsets
    high,
    offsets,  # (points,)
    weights,  # (points, 1) where all interior rows share them, else (points, high - low)
    edge_rows,  # (edges,)
    edge_index,  # (edges, points)
    edge_weights,  # (edges, points)
    block,  # rows a tile
    width,  # columns a tile
):
    """Apply interior and edge rows to every line."""
    before = x.shape[0]
    n = x.shape[1] // after
    blocks = (n + block - 1) // block
    strips = (after + width - 1) // width
    steady = weights.shape[1] == 1
    common = np.ascontiguousarray(weights[:, 0])
    for tile in prange(before * blocks * strips):
        b = tile // (blocks * strips)
        first_row = (tile // strips) % blocks * block
        c0 = tile % strips * width
        length = min(width, after - c0)
        source, target = x[b], out[b]
        lo, hi = max(low, first_row), min(high, first_row + block)
        shift = np.empty(2, np.int64)
        shift[0] = after
        if hi > lo:
            if steady and strips == 1:
                shift[1] = lo * after
                _run(target[lo * after : hi * after], source, offsets, common, shift)
            elif after == 1:
                _varying_run(target[lo:hi], source, offsets, weights, lo, low)
            else:
                row_weights = common.copy()
                for row in range(lo, hi):
                    if not steady:
                        row_weights[:] = weights[:, row - low]
                    start = row * after + c0
                    shift[1] = start
                    _run(target[start : start + length], source, offsets, row_weights, shift)
        for e in range(edge_rows.size):
            row = edge_rows[e]
            if first_row <= row < first_row + block:
                if after == 1:
                    total = 0.0
                    for m in range(edge_index.shape[1]):
                        total += edge_weights[e, m] * source[edge_index[e, m]]
                    target[row] = total
                else:
                    start = row * after + c0
                    shift[1] = c0
                    _run(target[start : start + length], source, edge_index[e], edge_weights[e], shift)
