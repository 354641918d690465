"""Fused loops of the operators on curvilinear meshes: derivatives and metric of one line while both are in cache.

along_gradient: out[n] = sum_i metric[i, n] D_i f;  through: out = factor sum_i D_i(metric[i] . F);
around: out[n] = sum_i dual[i, n] (D_j(metric[k] . F) - D_k(metric[j] . F)).
A derivative is a table as in `lines`, without ghosts: a curvilinear mesh has no poles.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from fieldsim.kernels.jit import compiled, compiled_parallel
from fieldsim.kernels.lines import across, along


@compiled
def _contract(out, metric, field, line):  # type: ignore[no-untyped-def]
    """Set out = sum_n metric[n] field[n] on one line."""
    m0, m1, f0, f1 = metric[0, line], metric[1, line], field[0, line], field[1, line]
    if metric.shape[0] == 2:
        for k in range(out.size):
            out[k] = m0[k] * f0[k] + m1[k] * f1[k]
    else:
        m2, f2 = metric[2, line], field[2, line]
        for k in range(out.size):
            out[k] = m0[k] * f0[k] + m1[k] * f1[k] + m2[k] * f2[k]


@compiled
def _add_pair(out, weight, other_weight, metric, field, line, other):  # type: ignore[no-untyped-def]
    """Add weight * (metric . field) on one line and other_weight * (metric . field) on another."""
    m0, m1, f0, f1 = metric[0, line], metric[1, line], field[0, line], field[1, line]
    p0, p1, g0, g1 = metric[0, other], metric[1, other], field[0, other], field[1, other]
    if metric.shape[0] == 2:
        for k in range(out.size):
            here = m0[k] * f0[k] + m1[k] * f1[k]
            there = p0[k] * g0[k] + p1[k] * g1[k]
            out[k] += weight * here + other_weight * there
    else:
        m2, f2, p2, g2 = metric[2, line], field[2, line], metric[2, other], field[2, other]
        for k in range(out.size):
            here = m0[k] * f0[k] + m1[k] * f1[k] + m2[k] * f2[k]
            there = p0[k] * g0[k] + p1[k] * g1[k] + p2[k] * g2[k]
            out[k] += weight * here + other_weight * there


@compiled
def _add_derivative(  # type: ignore[no-untyped-def]
    out, sign, metric, field, axis, i, j, n1, labels, weights, counts, span, offsets, steady, varying, buffer
):
    """Add sign * D_axis(metric . field) on line (i, j) to out."""
    if axis == 2:
        _contract(buffer, metric, field, i * n1 + j)
        along(out, True, buffer, labels, weights, span, offsets, steady, varying, sign)
        return
    row = i if axis == 0 else j
    base, stride = (j, n1) if axis == 0 else (i * n1, 1)
    count = counts[row]
    for m in range(0, count, 2):
        line = base + labels[row, m] * stride
        if m + 1 < count:
            other, weight = base + labels[row, m + 1] * stride, weights[row, m + 1]
        else:
            other, weight = line, 0.0
        _add_pair(out, sign * weights[row, m], sign * weight, metric, field, line, other)


@compiled_parallel
def along_gradient(  # type: ignore[no-untyped-def]
    out, values, metric, first, shape, labels, weights, counts, spans, offsets, steady, varying
):
    """Set out[n] = sum_i metric[i, n] D_i f for the array axes `first` ... 2, metric (dim, dim, lines, n2)."""
    n0, n1 = shape[0], shape[1]
    n2 = values.shape[1]
    dim = metric.shape[0]
    none = np.empty((0, n2))
    for line in prange(n0 * n1):
        i, j = line // n1, line % n1
        slopes = np.empty((dim, n2))
        for a in range(dim):
            axis = a + first
            if axis == 0:
                across(slopes[a], False, values, none, labels[a, i], weights[a, i], counts[a, i], j, n1, 0, 0, 1.0)
            elif axis == 1:
                across(slopes[a], False, values, none, labels[a, j], weights[a, j], counts[a, j], i * n1, 1, 0, 0, 1.0)
            else:
                along(
                    slopes[a], False, values[line], labels[a], weights[a], spans[a], offsets[a], steady[a], varying[a],
                    1.0,
                )  # fmt: skip
        for n in range(dim):
            target, d0, d1 = out[n, line], slopes[0], slopes[1]
            m0, m1 = metric[0, n, line], metric[1, n, line]
            if dim == 2:
                for k in range(n2):
                    target[k] = m0[k] * d0[k] + m1[k] * d1[k]
            else:
                m2, d2 = metric[2, n, line], slopes[2]
                for k in range(n2):
                    target[k] = m0[k] * d0[k] + m1[k] * d1[k] + m2[k] * d2[k]


@compiled_parallel
def through(  # type: ignore[no-untyped-def]
    out, field, metric, factor, first, shape, labels, weights, counts, spans, offsets, steady, varying
):
    """Set out = factor * sum_i D_i(metric[i] . field), metric (dim, dim, lines, n2)."""
    n0, n1 = shape[0], shape[1]
    n2 = field.shape[2]
    for line in prange(n0 * n1):
        i, j = line // n1, line % n1
        buffer, total = np.empty(n2), np.zeros(n2)
        for a in range(metric.shape[0]):
            _add_derivative(
                total, 1.0, metric[a], field, a + first, i, j, n1, labels[a], weights[a], counts[a], spans[a],
                offsets[a], steady[a], varying[a], buffer,
            )  # fmt: skip
        target, scale = out[line], factor[line]
        for k in range(n2):
            target[k] = scale[k] * total[k]


@compiled_parallel
def around(  # type: ignore[no-untyped-def]
    out, field, metric, dual, shape, labels, weights, counts, spans, offsets, steady, varying
):
    """Set out[n] = sum_i dual[i, n] (D_j(metric[k] . field) - D_k(metric[j] . field)) in space, i, j, k cyclic."""
    n0, n1 = shape[0], shape[1]
    n2 = field.shape[2]
    for line in prange(n0 * n1):
        row, column = line // n1, line % n1
        buffer, whirl = np.empty(n2), np.zeros((3, n2))
        for i in range(3):
            j, k = (i + 1) % 3, (i + 2) % 3
            _add_derivative(
                whirl[i], 1.0, metric[k], field, j, row, column, n1, labels[j], weights[j], counts[j], spans[j],
                offsets[j], steady[j], varying[j], buffer,
            )  # fmt: skip
            _add_derivative(
                whirl[i], -1.0, metric[j], field, k, row, column, n1, labels[k], weights[k], counts[k], spans[k],
                offsets[k], steady[k], varying[k], buffer,
            )  # fmt: skip
        for n in range(3):
            target, w0, w1, w2 = out[n, line], whirl[0], whirl[1], whirl[2]
            b0, b1, b2 = dual[0, n, line], dual[1, n, line], dual[2, n, line]
            for k in range(n2):
                target[k] = b0[k] * w0[k] + b1[k] * w1[k] + b2[k] * w2[k]
