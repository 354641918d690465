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
def _run(target, x, starts, weights, stride, base):  # type: ignore[no-untyped-def]
    """Set target to the sum of the slices of x that begin at starts[m] * stride + base, times weights[m]."""
    n = target.size
    count = weights.size
    for first in range(0, count, _CHUNK):
        left = min(count - first, _CHUNK)
        m1 = first + 1 if left > 1 else first
        m2 = first + 2 if left > 2 else first
        m3 = first + 3 if left > 3 else first
        m4 = first + 4 if left > 4 else first
        a0 = starts[first] * stride + base
        a1 = starts[m1] * stride + base
        a2 = starts[m2] * stride + base
        a3 = starts[m3] * stride + base
        a4 = starts[m4] * stride + base
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
    by_row = np.ascontiguousarray(weights.T if after > 1 else weights[:, :1].T)
    for tile in prange(before * blocks * strips):
        b = tile // (blocks * strips)
        first_row = (tile // strips) % blocks * block
        c0 = tile % strips * width
        length = min(width, after - c0)
        source, target = x[b], out[b]
        lo, hi = max(low, first_row), min(high, first_row + block)
        if hi > lo:
            if steady and strips == 1:
                _run(target[lo * after : hi * after], source, offsets, by_row[0], after, lo * after)
            elif after == 1:
                _varying_run(target[lo:hi], source, offsets, weights, lo, low)
            else:
                for row in range(lo, hi):
                    start = row * after + c0
                    own = by_row[0 if steady else row - low]
                    _run(target[start : start + length], source, offsets, own, after, start)
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
                    _run(target[start : start + length], source, edge_index[e], edge_weights[e], after, c0)


@compiled_parallel
def central_weights(positions, low, high, reach, derivative, weights):  # type: ignore[no-untyped-def]
    """Set weights[:, row - low] to Fornberg's for the points row - reach ... row + reach, in units of their mean step.

    The compiled twin of `stencils.fornberg_weights`, for axes with as many rows as there are values.
    """
    points = 2 * reach + 1
    blocks = (high - low + 1023) // 1024
    for block in prange(blocks):
        c = np.empty((derivative + 1, points))
        x = np.empty(points)
        for row in range(low + 1024 * block, min(high, low + 1024 * (block + 1))):
            step = (positions[row + reach] - positions[row - reach]) / (points - 1)
            for j in range(points):
                x[j] = (positions[row - reach + j] - positions[row]) / step
            c[:] = 0.0
            c[0, 0] = 1.0
            product, distance = 1.0, x[0]
            for i in range(1, points):
                highest = min(i, derivative)
                new_product, previous, distance = 1.0, distance, x[i]
                for j in range(i):
                    gap = x[i] - x[j]
                    new_product *= gap
                    if j == i - 1:
                        for m in range(highest, 0, -1):
                            c[m, i] = product * (m * c[m - 1, i - 1] - previous * c[m, i - 1]) / new_product
                        c[0, i] = -product * previous * c[0, i - 1] / new_product
                    for m in range(highest, 0, -1):
                        c[m, j] = (distance * c[m, j] - m * c[m - 1, j]) / gap
                    c[0, j] = distance * c[0, j] / gap
                product = new_product
            scale = step**-derivative
            for j in range(points):
                weights[j, row - low] = c[derivative, j] * scale
