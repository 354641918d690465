"""Fused loops of the operators on curvilinear meshes: derivatives and metric of one line while both are in cache.

along_gradient: out[n] = sum_i metric[i, n] D_i f;  through: out = factor sum_i D_i(metric[i] . F);
around: out[n] = sum_i dual[i, n] (D_j(metric[k] . F) - D_k(metric[j] . F));
bent: out = sum of coefficients times D_ii f, D_ij f (i < j) and D_i f.
A derivative is a table as in `lines`, without ghosts: a curvilinear mesh has no poles. Arrays are flat, as there.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from fieldsim.kernels.inner import merged
from fieldsim.kernels.jit import compiled_parallel
from fieldsim.kernels.lines import block_lines
from fieldsim.kernels.rows import MOST, list_products, list_rows, list_shifts, set_ends, sum_rows, sum_varying


@merged
def _contract(out, o, n, add, weight, dim, a, i, step, b, j, other_step):  # type: ignore[no-untyped-def]
    """Set or add weight * sum_m a[i + m step + k] b[j + m other_step + k] over `dim` (2 or 3) terms."""
    target, length = np.uint64(o), np.uint64(n)
    i0, i1, i2 = np.uint64(i), np.uint64(i + step), np.uint64(i + (dim - 1) * step)
    j0, j1, j2 = np.uint64(j), np.uint64(j + other_step), np.uint64(j + (dim - 1) * other_step)
    if dim == 2:
        if add:
            for k in range(length):
                out[target + k] += weight * (a[i0 + k] * b[j0 + k] + a[i1 + k] * b[j1 + k])
        else:
            for k in range(length):
                out[target + k] = weight * (a[i0 + k] * b[j0 + k] + a[i1 + k] * b[j1 + k])
    elif add:
        for k in range(length):
            out[target + k] += weight * (a[i0 + k] * b[j0 + k] + a[i1 + k] * b[j1 + k] + a[i2 + k] * b[j2 + k])
    else:
        for k in range(length):
            out[target + k] = weight * (a[i0 + k] * b[j0 + k] + a[i1 + k] * b[j1 + k] + a[i2 + k] * b[j2 + k])


@merged
def _set_few(out, o, low, high, x, i, j, h, count, first, second, third):  # type: ignore[no-untyped-def]
    """Set first * x[i + k] + second * x[j + k], and + third * x[h + k] where `count` is 3, without a call."""
    target, n = np.uint64(o + low), np.uint64(max(high - low, 0))
    a, b, c = np.uint64(i + low), np.uint64(j + low), np.uint64(h + low)
    if count == 2:
        for k in range(n):
            out[target + k] = first * x[a + k] + second * x[b + k]
    else:
        for k in range(n):
            out[target + k] = first * x[a + k] + second * x[b + k] + third * x[c + k]


@merged
def _along(  # type: ignore[no-untyped-def]
    out, o, n, add, x, i, t, scale, labels, weights, counts, spans, offsets, steady, varying, starts, factors
):
    """Apply table `t` along the line that starts at x[i]."""
    low, high, used = spans[t, 0], spans[t, 1], spans[t, 3]
    few = used == 2 or used == 3
    if spans[t, 2] == 1 and few and not add:
        last = used - 1
        _set_few(
            out, o, low, high, x, i + offsets[t, 0], i + offsets[t, 1], i + offsets[t, last], used,
            scale * steady[t, 0], scale * steady[t, 1], scale * steady[t, last],
        )  # fmt: skip
    elif spans[t, 2] == 1:
        count = list_shifts(starts, factors, 0, i, t, offsets, steady, used, scale)
        sum_rows(out, o, low, high, add, x, starts, factors, count)
    else:
        sum_varying(out, o, low, high, add, x, i, t, n, used + used % 2, offsets, varying, scale)
    set_ends(out, o, low, high, n, add, x, starts, factors, 0, i, t, labels, weights, counts, scale)


@merged
def _derivative(  # type: ignore[no-untyped-def]
    out, o, x, axis, t, i, j, shape, labels, weights, counts, spans, offsets, steady, varying, starts, factors
):
    """Set out[o ...] to table `t` along `axis`, applied to x on line (i, j)."""
    n1, n2 = shape[1], shape[2]
    if axis == 2:
        line = (i * n1 + j) * n2
        _along(
            out, o, n2, False, x, line, t, 1.0, labels, weights, counts, spans, offsets, steady, varying, starts,
            factors,
        )  # fmt: skip
        return
    row = i if axis == 0 else j
    base, stride = (j * n2, n1 * n2) if axis == 0 else (i * n1 * n2, n2)
    count = counts[t, row]
    if count == 2 or count == 3:
        p, q = base + labels[t, row, 0] * stride, base + labels[t, row, 1] * stride
        r = base + labels[t, row, count - 1] * stride
        _set_few(out, o, 0, n2, x, p, q, r, count, weights[t, row, 0], weights[t, row, 1], weights[t, row, count - 1])
        return
    count, _ = list_rows(starts, factors, 0, base, stride, t, row, labels, weights, counts, 1.0)
    sum_rows(out, o, 0, n2, False, x, starts, factors, count)


@merged
def _contract_pair(out, o, n, add, a, i, j, step, first, second, x, p, q, other_step):  # type: ignore[no-untyped-def]
    """Set or add first * sum_m a[i + m step + k] x[p + m other_step + k] + second * the same of a[j ...], x[q ...].

    One pass in space for two lines: the neighbours that a central difference reads.
    """
    target, length = np.uint64(o), np.uint64(n)
    i0, i1, i2 = np.uint64(i), np.uint64(i + step), np.uint64(i + 2 * step)
    j0, j1, j2 = np.uint64(j), np.uint64(j + step), np.uint64(j + 2 * step)
    p0, p1, p2 = np.uint64(p), np.uint64(p + other_step), np.uint64(p + 2 * other_step)
    q0, q1, q2 = np.uint64(q), np.uint64(q + other_step), np.uint64(q + 2 * other_step)
    if add:
        for k in range(length):
            before = a[i0 + k] * x[p0 + k] + a[i1 + k] * x[p1 + k] + a[i2 + k] * x[p2 + k]
            after = a[j0 + k] * x[q0 + k] + a[j1 + k] * x[q1 + k] + a[j2 + k] * x[q2 + k]
            out[target + k] += first * before + second * after
    else:
        for k in range(length):
            before = a[i0 + k] * x[p0 + k] + a[i1 + k] * x[p1 + k] + a[i2 + k] * x[p2 + k]
            after = a[j0 + k] * x[q0 + k] + a[j1 + k] * x[q1 + k] + a[j2 + k] * x[q2 + k]
            out[target + k] = first * before + second * after


@merged
def _contracted(  # type: ignore[no-untyped-def]
    out, o, add, sign, dim, metric, number, field, axis, t, i, j, shape, labels, weights, counts, spans, offsets,
    steady, varying, buffer, starts, factors
):  # fmt: skip
    """Set or add sign * D_axis(metric[number] . field) on line (i, j) in out[o ...]; `t` is the table of the axis."""
    n0, n1, n2 = shape[0], shape[1], shape[2]
    whole = n0 * n1 * n2
    start = number * dim * whole
    if axis == 2:
        line = (i * n1 + j) * n2
        _contract(buffer, 0, n2, False, 1.0, dim, metric, start + line, whole, field, line, whole)
        _along(
            out, o, n2, add, buffer, 0, t, sign, labels, weights, counts, spans, offsets, steady, varying, starts,
            factors,
        )  # fmt: skip
        return
    row = i if axis == 0 else j
    base, stride = (j * n2, n1 * n2) if axis == 0 else (i * n1 * n2, n2)
    count = counts[t, row]
    m = 0
    while m < count:
        line, weight = base + labels[t, row, m] * stride, sign * weights[t, row, m]
        if dim == 3 and m + 1 < count:
            other, second = base + labels[t, row, m + 1] * stride, sign * weights[t, row, m + 1]
            _contract_pair(
                out, o, n2, add or m > 0, metric, start + line, start + other, whole, weight, second, field, line,
                other, whole,
            )  # fmt: skip
            m += 2
        else:
            _contract(out, o, n2, add or m > 0, weight, dim, metric, start + line, whole, field, line, whole)
            m += 1


@compiled_parallel
def along_gradient(  # type: ignore[no-untyped-def]
    out, values, metric, first, shape, labels, weights, counts, spans, offsets, steady, varying
):
    """Set out[n] = sum_i metric[i, n] D_i f for the kernel axes `first` ... 2; metric flat (dim, dim, n0, n1, n2)."""
    n1, n2 = shape[1], shape[2]
    dim, whole = 3 - first, shape[0] * n1 * n2
    for number in prange(shape[3]):
        starts, factors = np.empty(labels.shape[2] + MOST, np.int64), np.empty(labels.shape[2] + MOST)
        slopes = np.empty(dim * n2)
        first0, last0, first1, last1 = block_lines(shape, np.int64(number))
        for i in range(first0, last0):
            for j in range(first1, last1):
                for a in range(dim):
                    _derivative(
                        slopes, a * n2, values, a + first, a, i, j, shape, labels, weights, counts, spans, offsets,
                        steady, varying, starts, factors,
                    )  # fmt: skip
                for n in range(dim):
                    o = n * whole + (i * n1 + j) * n2
                    _contract(out, o, n2, False, 1.0, dim, metric, o, dim * whole, slopes, 0, n2)


@compiled_parallel
def through(  # type: ignore[no-untyped-def]
    out, field, metric, factor, first, shape, labels, weights, counts, spans, offsets, steady, varying
):
    """Set out = factor * sum_i D_i(metric[i] . field); metric flat (dim, dim, n0, n1, n2)."""
    n1, n2 = shape[1], shape[2]
    for number in prange(shape[3]):
        starts, factors = np.empty(labels.shape[2] + MOST, np.int64), np.empty(labels.shape[2] + MOST)
        buffer, total = np.empty(n2), np.empty(n2)
        first0, last0, first1, last1 = block_lines(shape, np.int64(number))
        for i in range(first0, last0):
            for j in range(first1, last1):
                for a in range(3 - first):
                    _contracted(
                        total, 0, a > 0, 1.0, 3 - first, metric, a, field, a + first, a, i, j, shape, labels, weights,
                        counts, spans, offsets, steady, varying, buffer, starts, factors,
                    )  # fmt: skip
                line, length = np.uint64((i * n1 + j) * n2), np.uint64(n2)
                for k in range(length):
                    out[line + k] = factor[line + k] * total[k]


@compiled_parallel
def around(  # type: ignore[no-untyped-def]
    out, field, metric, dual, shape, labels, weights, counts, spans, offsets, steady, varying
):
    """Set out[n] = sum_i dual[i, n] (D_j(metric[k] . field) - D_k(metric[j] . field)) in space, i, j, k cyclic."""
    n1, n2 = shape[1], shape[2]
    whole = shape[0] * n1 * n2
    for number in prange(shape[3]):
        starts, factors = np.empty(labels.shape[2] + MOST, np.int64), np.empty(labels.shape[2] + MOST)
        buffer, whirl = np.empty(n2), np.empty(3 * n2)
        first0, last0, first1, last1 = block_lines(shape, np.int64(number))
        for row in range(first0, last0):
            for column in range(first1, last1):
                for part in range(6):
                    # the component i, the axis of the derivative, and the metric row it acts on
                    i = part // 2
                    forth = part % 2 == 0
                    axis = (i + 1) % 3 if forth else (i + 2) % 3
                    other = (i + 2) % 3 if forth else (i + 1) % 3
                    _contracted(
                        whirl, i * n2, not forth, 1.0 if forth else -1.0, 3, metric, other, field, axis, axis, row,
                        column, shape, labels, weights, counts, spans, offsets, steady, varying, buffer, starts,
                        factors,
                    )  # fmt: skip
                for n in range(3):
                    o = n * whole + (row * n1 + column) * n2
                    _contract(out, o, n2, False, 1.0, 3, dual, o, 3 * whole, whirl, 0, n2)


@compiled_parallel
def bent(  # type: ignore[no-untyped-def]
    out, values, coefficients, first, shape, labels, weights, counts, spans, offsets, steady, varying
):
    """Set out to the sum of D_i f, D_ii f, then D_ij f (i < j), each times its row of `coefficients`.

    Tables 0 ... dim - 1 are first derivatives, the next `dim` second ones; coefficients flat (dim (dim + 3) / 2, ...).
    """
    n1, n2 = shape[1], shape[2]
    dim, whole = 3 - first, shape[0] * n1 * n2
    width = labels.shape[2]
    for number in prange(shape[3]):
        starts, factors = np.empty(width * width + MOST, np.int64), np.empty(width * width + MOST)
        found = np.empty((dim * (dim + 3) // 2) * n2)
        first0, last0, first1, last1 = block_lines(shape, np.int64(number))
        for i in range(first0, last0):
            for j in range(first1, last1):
                line = (i * n1 + j) * n2
                for t in range(2 * dim):
                    _derivative(
                        found, t * n2, values, t % dim + first, t, i, j, shape, labels, weights, counts, spans, offsets,
                        steady, varying, starts, factors,
                    )  # fmt: skip
                mixed = 2 * dim
                for a in range(dim - 1):
                    # D_a f of this line stands in `found` already; along the last axis D_2 goes on from there.
                    if dim == 3 and a == 0:
                        count = list_products(starts, factors, n1 * n2, n2, 0, i, 1, j, labels, weights, counts)
                        sum_rows(found, mixed * n2, 0, n2, False, values, starts, factors, count)
                        mixed += 1
                    _along(
                        found, mixed * n2, n2, False, found, a * n2, dim - 1, 1.0, labels, weights, counts, spans,
                        offsets, steady, varying, starts, factors,
                    )  # fmt: skip
                    mixed += 1
                if dim == 3:
                    _contract_pair(
                        out, line, n2, False, coefficients, line, line + 3 * whole, whole, 1.0, 1.0, found, 0,
                        3 * n2, n2,
                    )  # fmt: skip
                    _contract(out, line, n2, True, 1.0, 3, coefficients, line + 6 * whole, whole, found, 6 * n2, n2)
                else:
                    _contract(out, line, n2, False, 1.0, 2, coefficients, line, whole, found, 0, n2)
                    _contract(out, line, n2, True, 1.0, 3, coefficients, line + 2 * whole, whole, found, 2 * n2, n2)
