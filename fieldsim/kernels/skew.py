"""Fused loops of the operators on curvilinear meshes: derivatives and metric of one line while both are in cache.

along_gradient: out[n] = sum_i metric[i, n] D_i f;  through: out = factor sum_i D_i(metric[i] . F);
around: out[n] = sum_i dual[i, n] (D_j(metric[k] . F) - D_k(metric[j] . F)).
A derivative is a table as in `lines`, without ghosts: a curvilinear mesh has no poles. Arrays are flat, as there.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from fieldsim.kernels.jit import compiled, compiled_parallel
from fieldsim.kernels.lines import across, along, block_size, line_of


@compiled
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


@compiled
def _add_derivative(  # type: ignore[no-untyped-def]
    out, o, sign, dim, metric, row, field, axis, t, i, j, shape, tables, buffer
):
    """Add sign * D_axis(metric[row] . field) on line (i, j) to out[o ...]; `t` is the table of the axis."""
    n0, n1, n2 = shape[0], shape[1], shape[2]
    labels, weights, counts, spans, offsets, steady, varying = tables
    whole = n0 * n1 * n2
    start = row * dim * whole
    if axis == 2:
        line = (i * n1 + j) * n2
        _contract(buffer, 0, n2, False, 1.0, dim, metric, start + line, whole, field, line, whole)
        along(out, o, n2, True, buffer, 0, t, labels, weights, spans, offsets, steady, varying, sign)
        return
    number = i if axis == 0 else j
    base, stride = (j * n2, n1 * n2) if axis == 0 else (i * n1 * n2, n2)
    for m in range(counts[t, number]):
        line = base + labels[t, number, m] * stride
        weight = sign * weights[t, number, m]
        _contract(out, o, n2, True, weight, dim, metric, start + line, whole, field, line, whole)


@compiled_parallel
def along_gradient(  # type: ignore[no-untyped-def]
    out, values, metric, first, shape, labels, weights, counts, spans, offsets, steady, varying
):
    """Set out[n] = sum_i metric[i, n] D_i f for the kernel axes `first` ... 2; metric flat (dim, dim, n0, n1, n2)."""
    n0, n1, n2 = shape[0], shape[1], shape[2]
    dim = 3 - first
    whole = n0 * n1 * n2
    for block in prange(shape[3]):
        for number in range(block_size(shape, block)):
            i, j = line_of(shape, block, number)
            line = (i * n1 + j) * n2
            slopes = np.empty(dim * n2)
            for a in range(dim):
                axis = a + first
                if axis == 2:
                    along(
                        slopes,
                        a * n2,
                        n2,
                        False,
                        values,
                        line,
                        a,
                        labels,
                        weights,
                        spans,
                        offsets,
                        steady,
                        varying,
                        1.0,
                    )
                    continue
                row = i if axis == 0 else j
                base, stride = (j * n2, n1 * n2) if axis == 0 else (i * n1 * n2, n2)
                across(
                slopes, a * n2, n2, False, values, base, stride, values, 0, 0, labels[a, row], weights[a, row],
                counts[a, row], 1.0,
            )  # fmt: skip
            for n in range(dim):
                _contract(
                    out, n * whole + line, n2, False, 1.0, dim, metric, n * whole + line, dim * whole, slopes, 0, n2
                )


@compiled_parallel
def through(  # type: ignore[no-untyped-def]
    out, field, metric, factor, first, shape, labels, weights, counts, spans, offsets, steady, varying
):
    """Set out = factor * sum_i D_i(metric[i] . field); metric flat (dim, dim, n0, n1, n2)."""
    n1, n2 = shape[1], shape[2]
    tables = (labels, weights, counts, spans, offsets, steady, varying)
    for block in prange(shape[3]):
        for number in range(block_size(shape, block)):
            i, j = line_of(shape, block, number)
            buffer, total = np.empty(n2), np.zeros(n2)
            for a in range(3 - first):
                _add_derivative(
                total, 0, 1.0, 3 - first, metric, a, field, a + first, a, i, j, shape, tables,
                buffer,
            )  # fmt: skip
            line, length = np.uint64((i * n1 + j) * n2), np.uint64(n2)
            for k in range(length):
                out[line + k] = factor[line + k] * total[k]


@compiled_parallel
def around(  # type: ignore[no-untyped-def]
    out, field, metric, dual, shape, labels, weights, counts, spans, offsets, steady, varying
):
    """Set out[n] = sum_i dual[i, n] (D_j(metric[k] . field) - D_k(metric[j] . field)) in space, i, j, k cyclic."""
    n0, n1, n2 = shape[0], shape[1], shape[2]
    tables = (labels, weights, counts, spans, offsets, steady, varying)
    whole = n0 * n1 * n2
    for block in prange(shape[3]):
        for number in range(block_size(shape, block)):
            row, column = line_of(shape, block, number)
            line = (row * n1 + column) * n2
            buffer, whirl = np.empty(n2), np.zeros(3 * n2)
            for i in range(3):
                j, k = (i + 1) % 3, (i + 2) % 3
                _add_derivative(whirl, i * n2, 1.0, 3, metric, k, field, j, j, row, column, shape, tables, buffer)
                _add_derivative(whirl, i * n2, -1.0, 3, metric, j, field, k, k, row, column, shape, tables, buffer)
            for n in range(3):
                _contract(out, n * whole + line, n2, False, 1.0, 3, dual, n * whole + line, 3 * whole, whirl, 0, n2)
