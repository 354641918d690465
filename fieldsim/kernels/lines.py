"""Sums of one-dimensional derivatives over the lines of an array: out[o] (+)= scale * D_axis(in[s]).

Arrays are seen as lines (rows of the last axis). Along the two slow axes a derivative is a sum of whole lines with
scalar weights; along the last axis a sum of shifted slices. Everything of one output line is computed while its inputs
are in cache. Lines are independent, so the result does not depend on the number of threads.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from fieldsim.kernels.jit import compiled, compiled_parallel

# A chunk of rows is combined in one pass over the line: enough to hide the store, few enough for the registers.
CHUNK = 5


@compiled
def _set_rows(out, count, x0, x1, x2, x3, x4, c0, c1, c2, c3, c4):  # type: ignore[no-untyped-def]
    """Set out = sum of the first `count` rows x_m times c_m."""
    n = out.size
    if count == 2:
        for k in range(n):
            out[k] = c0 * x0[k] + c1 * x1[k]
    elif count == 3:
        for k in range(n):
            out[k] = c0 * x0[k] + c1 * x1[k] + c2 * x2[k]
    elif count == 4:
        for k in range(n):
            out[k] = c0 * x0[k] + c1 * x1[k] + c2 * x2[k] + c3 * x3[k]
    elif count == 5:
        for k in range(n):
            out[k] = c0 * x0[k] + c1 * x1[k] + c2 * x2[k] + c3 * x3[k] + c4 * x4[k]
    elif count == 1:
        for k in range(n):
            out[k] = c0 * x0[k]
    else:
        for k in range(n):
            out[k] = 0.0


@compiled
def _add_rows(out, count, x0, x1, x2, x3, x4, c0, c1, c2, c3, c4):  # type: ignore[no-untyped-def]
    """Add the first `count` rows x_m times c_m to out."""
    n = out.size
    if count == 2:
        for k in range(n):
            out[k] += c0 * x0[k] + c1 * x1[k]
    elif count == 3:
        for k in range(n):
            out[k] += c0 * x0[k] + c1 * x1[k] + c2 * x2[k]
    elif count == 4:
        for k in range(n):
            out[k] += c0 * x0[k] + c1 * x1[k] + c2 * x2[k] + c3 * x3[k]
    elif count == 5:
        for k in range(n):
            out[k] += c0 * x0[k] + c1 * x1[k] + c2 * x2[k] + c3 * x3[k] + c4 * x4[k]
    elif count == 1:
        for k in range(n):
            out[k] += c0 * x0[k]


@compiled
def _row(lines, ghosts, label, base, stride, ghost_base, ghost_stride):  # type: ignore[no-untyped-def]
    """Return the line a stencil entry names: of the array, or of the ghosts where the label is negative."""
    if label >= 0:
        return lines[base + label * stride]
    return ghosts[ghost_base + (-1 - label) * ghost_stride]


@compiled
def across(  # type: ignore[no-untyped-def]
    out, add, lines, ghosts, labels, weights, count, base, stride, ghost_base, ghost_stride, scale
):
    """Combine whole lines: a derivative along a slow axis."""
    start = 0
    while True:
        left = min(count - start, CHUNK)
        m0 = start
        m1 = start + 1 if left > 1 else m0
        m2 = start + 2 if left > 2 else m0
        m3 = start + 3 if left > 3 else m0
        m4 = start + 4 if left > 4 else m0
        x0 = _row(lines, ghosts, labels[m0], base, stride, ghost_base, ghost_stride)
        x1 = _row(lines, ghosts, labels[m1], base, stride, ghost_base, ghost_stride)
        x2 = _row(lines, ghosts, labels[m2], base, stride, ghost_base, ghost_stride)
        x3 = _row(lines, ghosts, labels[m3], base, stride, ghost_base, ghost_stride)
        x4 = _row(lines, ghosts, labels[m4], base, stride, ghost_base, ghost_stride)
        c0 = scale * weights[m0]
        c1 = scale * weights[m1]
        c2 = scale * weights[m2]
        c3 = scale * weights[m3]
        c4 = scale * weights[m4]
        if add or start > 0:
            _add_rows(out, left, x0, x1, x2, x3, x4, c0, c1, c2, c3, c4)
        else:
            _set_rows(out, left, x0, x1, x2, x3, x4, c0, c1, c2, c3, c4)
        start += CHUNK
        if start >= count:
            return


@compiled
def _edge_of_line(out, add, x, labels, weights, first, last, scale):  # type: ignore[no-untyped-def]
    """Apply rows `first` ... `last` - 1 of the last axis point by point."""
    for k in range(first, last):
        total = 0.0
        for m in range(labels.shape[1]):
            total += weights[k, m] * x[labels[k, m]]
        if add:
            out[k] += scale * total
        else:
            out[k] = scale * total


@compiled
def _along_uniform(out, add, x, offsets, weights, count, low, high, scale):  # type: ignore[no-untyped-def]
    """Combine shifted slices of one line with the same weights everywhere."""
    start = 0
    target = out[low:high]
    n = high - low
    while True:
        left = min(count - start, CHUNK)
        m0 = start
        m1 = start + 1 if left > 1 else m0
        m2 = start + 2 if left > 2 else m0
        m3 = start + 3 if left > 3 else m0
        m4 = start + 4 if left > 4 else m0
        a0, a1, a2, a3, a4 = (
            low + offsets[m0],
            low + offsets[m1],
            low + offsets[m2],
            low + offsets[m3],
            low + offsets[m4],
        )
        x0, x1, x2, x3, x4 = x[a0 : a0 + n], x[a1 : a1 + n], x[a2 : a2 + n], x[a3 : a3 + n], x[a4 : a4 + n]
        c0 = scale * weights[m0]
        c1 = scale * weights[m1]
        c2 = scale * weights[m2]
        c3 = scale * weights[m3]
        c4 = scale * weights[m4]
        if add or start > 0:
            _add_rows(target, left, x0, x1, x2, x3, x4, c0, c1, c2, c3, c4)
        else:
            _set_rows(target, left, x0, x1, x2, x3, x4, c0, c1, c2, c3, c4)
        start += CHUNK
        if start >= count:
            return


@compiled
def _along_varying(out, add, x, offsets, table, count, low, high, scale):  # type: ignore[no-untyped-def]
    """Combine shifted slices of one line with weights that change from point to point: table[m, k]."""
    n = high - low
    target = out[low:high]
    for m in range(0, count, 2):
        a0 = low + offsets[m]
        x0 = x[a0 : a0 + n]
        f0 = table[m, low:high]
        if m + 1 < count:
            a1 = low + offsets[m + 1]
            x1 = x[a1 : a1 + n]
            f1 = table[m + 1, low:high]
            if add or m > 0:
                for k in range(n):
                    target[k] += scale * (f0[k] * x0[k] + f1[k] * x1[k])
            else:
                for k in range(n):
                    target[k] = scale * (f0[k] * x0[k] + f1[k] * x1[k])
        elif add or m > 0:
            for k in range(n):
                target[k] += scale * (f0[k] * x0[k])
        else:
            for k in range(n):
                target[k] = scale * (f0[k] * x0[k])


@compiled
def _multiply(out, add, factor, line):  # type: ignore[no-untyped-def]
    """Set or add factor * line."""
    if add:
        for k in range(out.size):
            out[k] += factor[k] * line[k]
    else:
        for k in range(out.size):
            out[k] = factor[k] * line[k]


@compiled
def along(out, add, x, labels, weights, span, offsets, steady, varying, scale):  # type: ignore[no-untyped-def]
    """Apply a table along one line: point by point near the ends, by shifted slices between."""
    low, high, count = span[0], span[1], span[3]
    _edge_of_line(out, add, x, labels, weights, 0, low, scale)
    if high > low:
        if span[2] == 1:
            _along_uniform(out, add, x, offsets, steady, count, low, high, scale)
        else:
            _along_varying(out, add, x, offsets, varying, count, low, high, scale)
    _edge_of_line(out, add, x, labels, weights, high, x.size, scale)


@compiled_parallel
def apply_terms(  # type: ignore[no-untyped-def]
    out,  # (outputs, n0 * n1, n2)
    values,  # (inputs, n0 * n1, n2)
    ghosts0,  # (inputs, layers0 * n1, n2): layers beyond the ends of axis 0
    ghosts1,  # (inputs, n0 * layers1, n2): layers beyond the ends of axis 1
    shape,  # (6,): n0, n1, layers0, layers1, and the blocks of axes 0 and 1 that one thread works through
    terms,  # (terms, 6): output, input, axis, table, add, row of `fields` or -1
    scales,  # (terms, n0 or 1, n1 or 1): factor of each line
    fields,  # (fields, n0 * n1, n2): factors that change along the line
    labels,  # (tables, rows, width)
    weights,  # (tables, rows, width)
    counts,  # (tables, rows): entries used
    spans,  # (tables, 4): low, high, uniform, count of the interior along the last axis
    offsets,  # (tables, width): interior offsets along the last axis
    steady,  # (tables, width): interior weights along the last axis where they do not change
    varying,  # (tables, width, n2): interior weights along the last axis
):
    """Compute every term on every line."""
    n0, n1, layers1 = shape[0], shape[1], shape[3]
    block0, block1 = shape[4], shape[5]
    columns = (n1 + block1 - 1) // block1
    blocks = (n0 + block0 - 1) // block0 * columns
    n2 = out.shape[2]
    for block in prange(blocks):
        buffer = np.empty(n2)
        first0, first1 = block // columns * block0, block % columns * block1
        for i in range(first0, min(first0 + block0, n0)):
            for j in range(first1, min(first1 + block1, n1)):
                line = i * n1 + j
                for t in range(terms.shape[0]):
                    o, s, axis, table = terms[t, 0], terms[t, 1], terms[t, 2], terms[t, 3]
                    varies = terms[t, 5] >= 0
                    add = terms[t, 4] == 1 and not varies
                    target = buffer if varies else out[o, line]
                    scale = scales[t, i % scales.shape[1], j % scales.shape[2]]
                    if axis == 0:
                        across(
                            target, add, values[s], ghosts0[s], labels[table, i], weights[table, i], counts[table, i],
                            j, n1, j, n1, scale,
                        )  # fmt: skip
                    elif axis == 1:
                        across(
                            target, add, values[s], ghosts1[s], labels[table, j], weights[table, j], counts[table, j],
                            i * n1, 1, i * layers1, 1, scale,
                        )  # fmt: skip
                    else:
                        along(
                            target, add, values[s, line], labels[table], weights[table], spans[table], offsets[table],
                            steady[table], varying[table], scale,
                        )  # fmt: skip
                    if varies:
                        _multiply(out[o, line], terms[t, 4] == 1, fields[terms[t, 5], line], buffer)
