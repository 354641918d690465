"""Sums of one-dimensional derivatives over the lines of an array: out[o] (+)= scale * D_axis(in[s]).

Arrays are seen as lines (rows of the last axis) of one flat array. Along the two slow axes a derivative is a sum of
whole lines with scalar weights; along the last axis a sum of shifted pieces of one line. Everything of one output line
is computed while its inputs are in cache. Lines are independent, so the number of threads does not change a bit.

Lines are named by offsets into flat arrays, not by slices: a slice costs an atomic reference count, which two threads
fight over. Offsets are unsigned, because signed ones carry tests for negative indices that stop vectorisation.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from fieldsim.kernels.jit import compiled, compiled_parallel

# A chunk of rows is combined in one pass over the line: enough to hide the store, few enough for the registers and
# for the compiler's overlap checks (at most eight).
CHUNK = 5


@compiled
def _set_rows(out, o, n, x, count, i0, i1, i2, i3, i4, c0, c1, c2, c3, c4):  # type: ignore[no-untyped-def]
    """Set out[o + k] = sum of the first `count` products c_m x[i_m + k]."""
    if count == 2:
        for k in range(n):
            out[o + k] = c0 * x[i0 + k] + c1 * x[i1 + k]
    elif count == 3:
        for k in range(n):
            out[o + k] = c0 * x[i0 + k] + c1 * x[i1 + k] + c2 * x[i2 + k]
    elif count == 4:
        for k in range(n):
            out[o + k] = c0 * x[i0 + k] + c1 * x[i1 + k] + c2 * x[i2 + k] + c3 * x[i3 + k]
    elif count == 5:
        for k in range(n):
            out[o + k] = c0 * x[i0 + k] + c1 * x[i1 + k] + c2 * x[i2 + k] + c3 * x[i3 + k] + c4 * x[i4 + k]
    else:
        for k in range(n):
            out[o + k] = c0 * x[i0 + k]


@compiled
def _add_rows(out, o, n, x, count, i0, i1, i2, i3, i4, c0, c1, c2, c3, c4):  # type: ignore[no-untyped-def]
    """Add the first `count` products c_m x[i_m + k] to out[o + k]."""
    if count == 2:
        for k in range(n):
            out[o + k] += c0 * x[i0 + k] + c1 * x[i1 + k]
    elif count == 3:
        for k in range(n):
            out[o + k] += c0 * x[i0 + k] + c1 * x[i1 + k] + c2 * x[i2 + k]
    elif count == 4:
        for k in range(n):
            out[o + k] += c0 * x[i0 + k] + c1 * x[i1 + k] + c2 * x[i2 + k] + c3 * x[i3 + k]
    elif count == 5:
        for k in range(n):
            out[o + k] += c0 * x[i0 + k] + c1 * x[i1 + k] + c2 * x[i2 + k] + c3 * x[i3 + k] + c4 * x[i4 + k]
    else:
        for k in range(n):
            out[o + k] += c0 * x[i0 + k]


@compiled
def _combine(out, o, n, add, x, base, stride, labels, weights, count, scale):  # type: ignore[no-untyped-def]
    """Set or add scale * sum_m weights[m] x[base + labels[m] stride + k], chunk by chunk."""
    target, length = np.uint64(o), np.uint64(n)
    start = 0
    while True:
        left = min(count - start, CHUNK)
        m0 = start
        m1 = start + 1 if left > 1 else m0
        m2 = start + 2 if left > 2 else m0
        m3 = start + 3 if left > 3 else m0
        m4 = start + 4 if left > 4 else m0
        i0 = np.uint64(base + labels[m0] * stride)
        i1 = np.uint64(base + labels[m1] * stride)
        i2 = np.uint64(base + labels[m2] * stride)
        i3 = np.uint64(base + labels[m3] * stride)
        i4 = np.uint64(base + labels[m4] * stride)
        c0, c1, c2 = scale * weights[m0], scale * weights[m1], scale * weights[m2]
        c3, c4 = scale * weights[m3], scale * weights[m4]
        if add or start > 0:
            _add_rows(out, target, length, x, left, i0, i1, i2, i3, i4, c0, c1, c2, c3, c4)
        else:
            _set_rows(out, target, length, x, left, i0, i1, i2, i3, i4, c0, c1, c2, c3, c4)
        start += CHUNK
        if start >= count:
            return


@compiled
def _add_row(out, o, n, x, i, c):  # type: ignore[no-untyped-def]
    """Add c x[i + k] to out[o + k]."""
    target, source, length = np.uint64(o), np.uint64(i), np.uint64(n)
    for k in range(length):
        out[target + k] += c * x[source + k]


@compiled
def across(  # type: ignore[no-untyped-def]
    out, o, n, add, x, base, stride, ghosts, ghost_base, ghost_stride, labels, weights, count, scale
):
    """Combine whole lines, a derivative along a slow axis: a negative label names a line of the ghosts.

    `labels`, `weights` and `count` are those of one row of the table.
    """
    beyond = False
    for m in range(count):
        beyond = beyond or labels[m] < 0
    if not beyond:
        _combine(out, o, n, add, x, base, stride, labels, weights, count, scale)
        return
    if not add:
        for k in range(n):
            out[o + k] = 0.0
    for m in range(count):
        if labels[m] >= 0:
            _add_row(out, o, n, x, base + labels[m] * stride, scale * weights[m])
        else:
            _add_row(out, o, n, ghosts, ghost_base + (-1 - labels[m]) * ghost_stride, scale * weights[m])


@compiled
def _ends(out, o, add, x, i, labels, weights, first, last, scale):  # type: ignore[no-untyped-def]
    """Apply rows `first` ... `last` - 1 of the last axis point by point."""
    for k in range(first, last):
        total = 0.0
        for m in range(labels.shape[1]):
            total += weights[k, m] * x[i + labels[k, m]]
        if add:
            out[o + k] += scale * total
        else:
            out[o + k] = scale * total


@compiled
def _set_varying(out, o, n, x, i0, i1, table, f0, f1, scale):  # type: ignore[no-untyped-def]
    for k in range(n):
        out[o + k] = scale * (table[f0 + k] * x[i0 + k] + table[f1 + k] * x[i1 + k])


@compiled
def _add_varying(out, o, n, x, i0, i1, table, f0, f1, scale):  # type: ignore[no-untyped-def]
    for k in range(n):
        out[o + k] += scale * (table[f0 + k] * x[i0 + k] + table[f1 + k] * x[i1 + k])


@compiled
def _varying(  # type: ignore[no-untyped-def]
    out, o, add, x, i, offsets, table, start, n2, count, low, high, scale
):
    """Combine shifted pieces of one line with weights that change from point to point: table[start + m n2 + k].

    `count` is even: an odd one is filled up with a column of zeros.
    """
    target, length = np.uint64(o + low), np.uint64(high - low)
    for m in range(0, count, 2):
        i0, i1 = np.uint64(i + low + offsets[m]), np.uint64(i + low + offsets[m + 1])
        f0, f1 = np.uint64(start + m * n2 + low), np.uint64(start + (m + 1) * n2 + low)
        if add or m > 0:
            _add_varying(out, target, length, x, i0, i1, table, f0, f1, scale)
        else:
            _set_varying(out, target, length, x, i0, i1, table, f0, f1, scale)


@compiled
def along(  # type: ignore[no-untyped-def]
    out, o, n, add, x, i, t, labels, weights, spans, offsets, steady, varying, scale
):
    """Apply table `t` along the line that starts at x[i]: point by point near the ends, by shifted pieces between."""
    low, high, count = spans[t, 0], spans[t, 1], spans[t, 3]
    _ends(out, o, add, x, i, labels[t], weights[t], 0, low, scale)
    if high > low:
        if spans[t, 2] == 1:
            _combine(out, o + low, high - low, add, x, i + low, 1, offsets[t], steady[t], count, scale)
        else:
            start = t * offsets.shape[1] * n
            _varying(out, o, add, x, i, offsets[t], varying, start, n, count + count % 2, low, high, scale)
    _ends(out, o, add, x, i, labels[t], weights[t], high, n, scale)


@compiled
def _multiply(out, o, n, add, factor, f, line):  # type: ignore[no-untyped-def]
    """Set or add factor[f + k] line[k]."""
    target, source, length = np.uint64(o), np.uint64(f), np.uint64(n)
    if add:
        for k in range(length):
            out[target + k] += factor[source + k] * line[k]
    else:
        for k in range(length):
            out[target + k] = factor[source + k] * line[k]


@compiled
def block_size(shape, block):  # type: ignore[no-untyped-def]
    """Return the number of lines in a block; `shape` holds n0, n1, n2, the number of blocks and their size."""
    columns = (shape[1] + shape[5] - 1) // shape[5]
    first0, first1 = block // columns * shape[4], block % columns * shape[5]
    return min(shape[4], shape[0] - first0) * min(shape[5], shape[1] - first1)


@compiled
def line_of(shape, block, number):  # type: ignore[no-untyped-def]
    """Return the indices (i, j) of a line of a block: j runs fastest, so that a sweep along i comes back soon."""
    columns = (shape[1] + shape[5] - 1) // shape[5]
    first0, first1 = block // columns * shape[4], block % columns * shape[5]
    across_block = min(shape[5], shape[1] - first1)
    return first0 + number // across_block, first1 + number % across_block


@compiled_parallel
def apply_terms(  # type: ignore[no-untyped-def]
    out,  # flat (outputs, n0, n1, n2)
    values,  # flat (inputs, n0, n1, n2)
    ghosts0,  # flat (inputs, layers0, n1, n2): layers beyond the ends of axis 0
    ghosts1,  # flat (inputs, n0, layers1, n2): layers beyond the ends of axis 1
    shape,  # (8,): n0, n1, n2, number of blocks, their size along axes 0 and 1, layers0, layers1
    terms,  # (terms, 6): output, input, axis, table, add, row of `fields` or -1
    scales,  # (terms, n0 or 1, n1 or 1): factor of each line
    fields,  # flat (fields, n0, n1, n2): factors that change along the line
    labels,  # (tables, rows, width)
    weights,  # (tables, rows, width)
    counts,  # (tables, rows): entries used
    spans,  # (tables, 4): low, high, uniform, count of the interior along the last axis
    offsets,  # (tables, width): interior offsets along the last axis
    steady,  # (tables, width): interior weights along the last axis where they do not change
    varying,  # flat (tables, width, n2): interior weights along the last axis
):
    """Compute every term on every line."""
    n0, n1, n2, layers0, layers1 = shape[0], shape[1], shape[2], shape[6], shape[7]
    whole = n0 * n1 * n2
    for block in prange(shape[3]):
        buffer = np.empty(n2)
        for number in range(block_size(shape, block)):
            i, j = line_of(shape, block, number)
            line = (i * n1 + j) * n2
            for t in range(terms.shape[0]):
                s, axis, table = terms[t, 1], terms[t, 2], terms[t, 3]
                varies = terms[t, 5] >= 0
                add = terms[t, 4] == 1
                target, o = (buffer, 0) if varies else (out, terms[t, 0] * whole + line)
                scale = scales[t, i % scales.shape[1], j % scales.shape[2]]
                if axis == 0:
                    across(
                        target, o, n2, add and not varies, values, s * whole + j * n2, n1 * n2, ghosts0,
                        (s * layers0 * n1 + j) * n2, n1 * n2, labels[table, i], weights[table, i],
                        counts[table, i], scale,
                    )  # fmt: skip
                elif axis == 1:
                    across(
                        target, o, n2, add and not varies, values, s * whole + i * n1 * n2, n2, ghosts1,
                        (s * n0 + i) * layers1 * n2, n2, labels[table, j], weights[table, j], counts[table, j],
                        scale,
                    )  # fmt: skip
                else:
                    along(
                        target, o, n2, add and not varies, values, s * whole + line, table, labels, weights, spans,
                        offsets, steady, varying, scale,
                    )  # fmt: skip
                if varies:
                    _multiply(out, terms[t, 0] * whole + line, n2, add, fields, terms[t, 5] * whole + line, buffer)
