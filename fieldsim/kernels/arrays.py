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


@compiled
def _advance(c, lower, x, m, inverse):  # type: ignore[no-untyped-def]
    """Take one point more into the weights of derivative m: c <- (x c - m c_lower) / gap."""
    for k in range(c.size):
        c[k] = (x[k] * c[k] - m * lower[k]) * inverse[k]


@compiled
def _begin(c, last, lower, before, m, factor):  # type: ignore[no-untyped-def]
    """Set the new point's weight from those of the point before it."""
    for k in range(c.size):
        c[k] = factor[k] * (m * lower[k] - before[k] * last[k])


@compiled
def _gap(x, y, inverse, product):  # type: ignore[no-untyped-def]
    """Set 1 / (x - y) and multiply the product of gaps."""
    for k in range(x.size):
        gap = x[k] - y[k]
        inverse[k] = 1.0 / gap
        product[k] *= gap


@compiled_parallel
def central_weights(positions, low, high, reach, derivative, weights):  # type: ignore[no-untyped-def]
    """Set weights[:, row - low] to Fornberg's for the points row - reach ... row + reach, in units of their mean step.

    The compiled twin of `stencils.fornberg_weights`, many rows side by side, for axes with as many rows as values.
    """
    points = 2 * reach + 1
    batch = 128
    for block in prange((high - low + batch - 1) // batch):
        first = low + block * batch
        n = min(batch, high - first)
        c = np.zeros((derivative + 1, points, n))
        x = np.empty((points, n))
        zero, step, inverse, factor = np.zeros(n), np.empty(n), np.empty(n), np.empty(n)
        before, product = np.ones(n), np.ones(n)
        for k in range(n):
            row = first + k
            step[k] = (positions[row + reach] - positions[row - reach]) / (points - 1)
        for j in range(points):
            for k in range(n):
                x[j, k] = (positions[first + k - reach + j] - positions[first + k]) / step[k]
        c[0, 0] = 1.0
        for i in range(1, points):
            highest = min(i, derivative)
            product[:] = 1.0
            for j in range(i):
                _gap(x[i], x[j], inverse, product)
                if j == i - 1:
                    for k in range(n):
                        factor[k] = before[k] / product[k]
                    for m in range(highest, 0, -1):
                        _begin(c[m, i], c[m, j], c[m - 1, j], x[j], m, factor)
                    _begin(c[0, i], c[0, j], zero, x[j], 0, factor)
                for m in range(highest, 0, -1):
                    _advance(c[m, j], c[m - 1, j], x[i], m, inverse)
                _advance(c[0, j], zero, x[i], 0, inverse)
            before[:] = product
        for j in range(points):
            for k in range(n):
                weights[j, first + k - low] = c[derivative, j, k] / step[k] ** derivative
