"""Sums of shifted lines: out[o + k] (+)= sum_m factors[m] x[starts[m] + k], the innermost loops of all operators.

Up to eight products make one pass over the line: enough to hide the store, and the most for which the compiler checks
that a written line overlaps no read one and then vectorises. Places are unsigned, because signed ones carry tests for
negative indices that stop vectorisation; lines are named by places in flat arrays, not by slices, because a slice costs
an atomic reference count, which two threads fight over.
"""

from __future__ import annotations

import numpy as np

from fieldsim.kernels.inner import called, merged

MOST = 8


@called
def sum_rows(out, o, low, high, add, x, starts, factors, count):  # type: ignore[no-untyped-def]
    """Set, or add to, out[o + k] the first `count` products of the list for low <= k < high.

    The list has room for `MOST` entries more than are used: they are read ahead, and not used.
    """
    target, n = np.uint64(o + low), np.uint64(max(high - low, 0))
    begin = 0
    if not add:
        i0, i1, i2, i3 = (
            np.uint64(starts[0] + low), np.uint64(starts[1] + low), np.uint64(starts[2] + low),
            np.uint64(starts[3] + low),
        )  # fmt: skip
        i4, i5, i6, i7 = (
            np.uint64(starts[4] + low), np.uint64(starts[5] + low), np.uint64(starts[6] + low),
            np.uint64(starts[7] + low),
        )  # fmt: skip
        c0, c1, c2, c3 = factors[0], factors[1], factors[2], factors[3]
        c4, c5, c6, c7 = factors[4], factors[5], factors[6], factors[7]
        begin = min(count, MOST)
        if count == 0:
            for k in range(n):
                out[target + k] = 0.0
        elif count == 1:
            for k in range(n):
                out[target + k] = c0 * x[i0 + k]
        elif count < 4:
            begin = 2
            for k in range(n):
                out[target + k] = c0 * x[i0 + k] + c1 * x[i1 + k]
        elif count < 6:
            begin = 4
            for k in range(n):
                out[target + k] = c0 * x[i0 + k] + c1 * x[i1 + k] + (c2 * x[i2 + k] + c3 * x[i3 + k])
        elif count < 8:
            begin = 6
            for k in range(n):
                out[target + k] = (
                    c0 * x[i0 + k] + c1 * x[i1 + k] + (c2 * x[i2 + k] + c3 * x[i3 + k])
                    + (c4 * x[i4 + k] + c5 * x[i5 + k])
                )  # fmt: skip
        else:
            for k in range(n):
                out[target + k] = (
                    c0 * x[i0 + k] + c1 * x[i1 + k] + (c2 * x[i2 + k] + c3 * x[i3 + k])
                    + (c4 * x[i4 + k] + c5 * x[i5 + k] + (c6 * x[i6 + k] + c7 * x[i7 + k]))
                )  # fmt: skip
    while begin < count:
        left = count - begin
        i0, i1, i2 = (
            np.uint64(starts[begin] + low),
            np.uint64(starts[begin + 1] + low),
            np.uint64(starts[begin + 2] + low),
        )
        i3, i4 = np.uint64(starts[begin + 3] + low), np.uint64(starts[begin + 4] + low)
        c0, c1, c2 = factors[begin], factors[begin + 1], factors[begin + 2]
        c3, c4 = factors[begin + 3], factors[begin + 4]
        if left == 1:
            begin += 1
            for k in range(n):
                out[target + k] += c0 * x[i0 + k]
        elif left == 2:
            begin += 2
            for k in range(n):
                out[target + k] += c0 * x[i0 + k] + c1 * x[i1 + k]
        elif left == 3 or left == 6:
            begin += 3
            for k in range(n):
                out[target + k] += c0 * x[i0 + k] + c1 * x[i1 + k] + c2 * x[i2 + k]
        elif left == 4 or left == 8:
            begin += 4
            for k in range(n):
                out[target + k] += c0 * x[i0 + k] + c1 * x[i1 + k] + (c2 * x[i2 + k] + c3 * x[i3 + k])
        else:
            begin += 5
            for k in range(n):
                out[target + k] += (
                    c0 * x[i0 + k] + c1 * x[i1 + k] + (c2 * x[i2 + k] + c3 * x[i3 + k]) + c4 * x[i4 + k]
                )  # fmt: skip


@merged
def sum_varying(out, o, low, high, add, x, i, t, n2, count, offsets, varying, scale):  # type: ignore[no-untyped-def]
    """Combine shifted pieces of one line with weights that change from point to point: varying[t, m, k].

    An odd `count` is filled up with a column of zeros.
    """
    target, n = np.uint64(o + low), np.uint64(max(high - low, 0))
    start = t * offsets.shape[1] * n2 + low
    for m in range(0, count, 2):
        i0, i1 = np.uint64(i + low + offsets[t, m]), np.uint64(i + low + offsets[t, m + 1])
        f0, f1 = np.uint64(start + m * n2), np.uint64(start + (m + 1) * n2)
        if add or m > 0:
            for k in range(n):
                out[target + k] += scale * (varying[f0 + k] * x[i0 + k] + varying[f1 + k] * x[i1 + k])
        else:
            for k in range(n):
                out[target + k] = scale * (varying[f0 + k] * x[i0 + k] + varying[f1 + k] * x[i1 + k])


@merged
def set_ends(out, o, low, high, n, add, x, starts, factors, count, i, t, labels, weights, counts, scale):  # type: ignore[no-untyped-def]
    """Set, or add to, the points before `low` and from `high` on: `count` listed products and a row of table `t`."""
    for number in range(low + n - high):
        k = number if number < low else number - low + high
        total = 0.0
        for m in range(counts[t, k]):
            total += weights[t, k, m] * x[i + labels[t, k, m]]
        total *= scale
        for m in range(count):
            total += factors[m] * x[starts[m] + k]
        if add:
            out[o + k] += total
        else:
            out[o + k] = total


@merged
def list_rows(starts, factors, count, base, stride, t, row, labels, weights, counts, scale):  # type: ignore[no-untyped-def]
    """Append the lines that a row of table `t` reads, base + label * stride.

    Return the new count, and how many negative labels, which name ghosts, were left out. The row's own line is listed
    once for all axes.
    """
    ghosts = 0
    for m in range(counts[t, row]):
        label = labels[t, row, m]
        if label < 0:
            ghosts += 1
            continue
        start, factor = base + label * stride, scale * weights[t, row, m]
        place = count
        if label == row:
            for q in range(count):
                if starts[q] == start:
                    place = q
        if place < count:
            factors[place] += factor
        else:
            starts[count], factors[count] = start, factor
            count += 1
    return count, ghosts


@merged
def list_shifts(starts, factors, count, start, t, offsets, steady, used, scale):  # type: ignore[no-untyped-def]
    """Append the shifts of one line that the interior of table `t` reads, and return the new count."""
    for m in range(used):
        starts[count], factors[count] = start + offsets[t, m], scale * steady[t, m]
        count += 1
    return count


@merged
def list_products(starts, factors, stride0, stride1, t0, i, t1, j, labels, weights, counts):  # type: ignore[no-untyped-def]
    """List the lines that row i of table `t0` along axis 0 after row j of table `t1` along axis 1 reads."""
    count = 0
    for m in range(counts[t0, i]):
        for p in range(counts[t1, j]):
            starts[count] = labels[t0, i, m] * stride0 + labels[t1, j, p] * stride1
            factors[count] = weights[t0, i, m] * weights[t1, j, p]
            count += 1
    return count
