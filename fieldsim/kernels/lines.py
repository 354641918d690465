"""Sums of one-dimensional derivatives over the lines of an array: out[o] (+)= scale * D_axis(in[s]).

Arrays are seen as lines (rows of the last axis) of one flat array. Along the two slow axes a derivative is a sum of
whole lines with scalar weights; along the last axis a sum of shifted pieces of one line. What one output line reads,
from all axes, is gathered in one list of products and summed while its inputs are in cache. Lines are independent, so
the number of threads does not change a bit.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from fieldsim.kernels.inner import called, merged
from fieldsim.kernels.jit import compiled_parallel
from fieldsim.kernels.rows import MOST, list_rows, list_shifts, set_ends, sum_rows, sum_varying


@merged
def block_lines(shape, block):  # type: ignore[no-untyped-def]
    """Return the lines of a block, first and last of both slow axes; `shape` holds n0, n1, n2, blocks, their size."""
    columns = (shape[1] + shape[5] - 1) // shape[5]
    first0, first1 = block // columns * shape[4], block % columns * shape[5]
    return first0, min(first0 + shape[4], shape[0]), first1, min(first1 + shape[5], shape[1])


@merged
def _beyond(out, o, n, ghosts, base, stride, t, row, labels, weights, counts, scale):  # type: ignore[no-untyped-def]
    """Add the lines of a row that lie beyond a pole: label -1 - m is layer m."""
    for m in range(counts[t, row]):
        label = labels[t, row, m]
        if label < 0:
            factor = scale * weights[t, row, m]
            target, source, length = np.uint64(o), np.uint64(base + (-1 - label) * stride), np.uint64(n)
            for k in range(length):
                out[target + k] += factor * ghosts[source + k]


@merged
def _multiply(out, o, n, add, factor, f, line):  # type: ignore[no-untyped-def]
    """Set or add factor[f + k] line[k]."""
    target, source, length = np.uint64(o), np.uint64(f), np.uint64(n)
    if add:
        for k in range(length):
            out[target + k] += factor[source + k] * line[k]
    else:
        for k in range(length):
            out[target + k] = factor[source + k] * line[k]


@called
def _sum_block(  # type: ignore[no-untyped-def]
    out, buffer, number, values, ghosts, shape, groups, terms, scales, fields, labels, weights, counts, spans, offsets,
    steady, varying, starts, factors
):  # fmt: skip
    """Compute every group of terms on the lines of one block; see `apply_terms`."""
    n0, n1, n2, layers0, layers1 = shape[0], shape[1], shape[2], shape[6], shape[7]
    whole = n0 * n1 * n2
    varies0, varies1 = min(scales.shape[1] - 1, 1), min(scales.shape[2] - 1, 1)
    first0, last0, first1, last1 = block_lines(shape, number)
    for i in range(first0, last0):
        for j in range(first1, last1):
            line = (i * n1 + j) * n2
            for g in range(groups.shape[0]):
                place = groups[g, 0] * whole + line
                if groups[g, 2] < 0:
                    target, o = out, place
                else:
                    target, o = buffer, 0
                written, listed, beyond = False, 0, 0
                for t in range(groups[g, 3], groups[g, 4] + 1):
                    over = t == groups[g, 4]
                    s, axis, table, scale = 0, 2, 0, 0.0
                    if not over:
                        s, axis, table = terms[t, 0], terms[t, 1], terms[t, 2]
                        scale = scales[t, i * varies0, j * varies1]
                    if axis < 2:
                        if axis == 0:
                            base, stride, row = s * whole + j * n2, n1 * n2, i
                        else:
                            base, stride, row = s * whole + i * n1 * n2, n2, j
                        listed, ghost_lines = list_rows(
                            starts, factors, listed, base, stride, table, row, labels, weights, counts, scale
                        )
                        beyond += ghost_lines
                        continue
                    # What is listed goes with the last axis in one pass where it fits, else before it.
                    low, high, used = spans[table, 0], spans[table, 1], spans[table, 3]
                    even = spans[table, 2] == 1
                    together = even and listed + used <= MOST
                    if (listed > 0 and not together) or (over and not written):
                        sum_rows(target, o, 0, n2, written, values, starts, factors, listed)
                        written, listed = True, 0
                    if over:
                        continue
                    start = s * whole + line
                    if even:
                        count = list_shifts(starts, factors, listed, start, table, offsets, steady, used, scale)
                        sum_rows(target, o, low, high, written, values, starts, factors, count)
                    else:
                        sum_varying(
                            target, o, low, high, written, values, start, table, n2, used + used % 2, offsets, varying,
                            scale,
                        )  # fmt: skip
                    # After the rest: both ends of all lines are in cache by now.
                    set_ends(
                        target, o, low, high, n2, written, values, starts, factors, listed, start, table, labels,
                        weights, counts, scale,
                    )  # fmt: skip
                    written, listed = True, 0
                if beyond > 0:
                    for t in range(groups[g, 3], groups[g, 4]):
                        s, axis, table = terms[t, 0], terms[t, 1], terms[t, 2]
                        scale = scales[t, i * varies0, j * varies1]
                        if axis == 0:
                            base, stride, row = (s * layers0 * n1 + j) * n2, n1 * n2, i
                        else:
                            base, stride, row = shape[8] * layers0 * n1 * n2 + (s * n0 + i) * layers1 * n2, n2, j
                        if axis < 2:
                            _beyond(target, o, n2, ghosts, base, stride, table, row, labels, weights, counts, scale)
                if groups[g, 2] >= 0:
                    _multiply(out, place, n2, groups[g, 1] == 1, fields, groups[g, 2] * whole + line, buffer)


@compiled_parallel
def apply_terms(  # type: ignore[no-untyped-def]
    out,  # flat (outputs, n0, n1, n2)
    values,  # flat (inputs, n0, n1, n2)
    ghosts,  # flat (inputs, layers0, n1, n2) beyond the ends of axis 0, then (inputs, n0, layers1, n2) of axis 1
    shape,  # (9,): n0, n1, n2, number of blocks, their size along axes 0 and 1, layers0, layers1, inputs
    groups,  # (groups, 5): output, whether to add, row of `fields` or -1, first term and one past the last
    terms,  # (terms, 3): input, axis, table; within a group the slow axes come first
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
    """Compute every group of terms on every line."""
    for number in prange(shape[3]):
        room = terms.shape[0] * labels.shape[2] + MOST
        buffer, starts, factors = np.empty(shape[2]), np.zeros(room, np.int64), np.zeros(room)
        _sum_block(
            out, buffer, np.int64(number), values, ghosts, shape, groups, terms, scales, fields, labels, weights,
            counts, spans, offsets, steady, varying, starts, factors,
        )  # fmt: skip
