"""Loops of conjugate gradients on a structured grid; sums do not depend on the number of threads.

Sums are collected in the slots of a short buffer (which the compiler turns into vector instructions), one sum a plane
or block of fixed length; slots, planes and blocks are added up in order.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from fieldsim.kernels.grid_rows import residual_rows, rows_at_once
from fieldsim.kernels.inner import inner
from fieldsim.kernels.jit import compiled, compiled_parallel
from fieldsim.kernels.multigrid import flat

_BLOCK = 32768
_SLOTS = 256


@inner
def _add_products(slots, a, b):  # type: ignore[no-untyped-def]
    for k in range(a.size):
        slots[k] += a[k] * b[k]


@inner
def _sum(values):  # type: ignore[no-untyped-def]
    total = 0.0
    for k in range(values.size):
        total += values[k]
    return total


@inner
def _dot_block(a, b, first, last):  # type: ignore[no-untyped-def]
    slots = np.zeros(_SLOTS)
    for begin in range(first, last, _SLOTS):
        end = min(begin + _SLOTS, last)
        _add_products(slots, a[begin:end], b[begin:end])
    return _sum(slots)


@compiled_parallel
def dot(a, b):  # type: ignore[no-untyped-def]
    """Return the sum of a_i b_i of flat arrays."""
    n = a.size
    blocks = (n + _BLOCK - 1) // _BLOCK
    parts = np.zeros(blocks)
    for block in prange(blocks):
        first = np.int64(block) * _BLOCK
        parts[block] = _dot_block(a, b, first, min(first + _BLOCK, n))
    return _sum(parts)


@inner
def _two_dots_block(z, r, q, first, last):  # type: ignore[no-untyped-def]
    slots = np.zeros((2, _SLOTS))
    for begin in range(first, last, _SLOTS):
        end = min(begin + _SLOTS, last)
        _add_products(slots[0], z[begin:end], r[begin:end])
        _add_products(slots[1], z[begin:end], q[begin:end])
    return _sum(slots[0]), _sum(slots[1])


@compiled_parallel
def two_dots(z, r, q):  # type: ignore[no-untyped-def]
    """Return z . r and z . q of flat arrays."""
    blocks = (z.size + _BLOCK - 1) // _BLOCK
    parts = np.zeros((2, blocks))
    for block in prange(blocks):
        first = np.int64(block) * _BLOCK
        parts[0, block], parts[1, block] = _two_dots_block(z, r, q, first, min(first + _BLOCK, z.size))
    return _sum(parts[0]), _sum(parts[1])


@inner
def _scale(out, values, factor):  # type: ignore[no-untyped-def]
    for k in range(out.size):
        out[k] = values[k] * factor


@compiled_parallel
def scaled(out, values, factor):  # type: ignore[no-untyped-def]
    """Set out = factor * values, flat arrays that may be of different precision."""
    n = out.size
    for block in prange((n + _BLOCK - 1) // _BLOCK):
        first = np.int64(block) * _BLOCK
        last = min(first + _BLOCK, n)
        _scale(out[first:last], values[first:last], factor)


@inner
def _advance(x, r, p, q, length):  # type: ignore[no-untyped-def]
    for k in range(x.size):
        x[k] += length * p[k]
    for k in range(x.size):
        r[k] -= length * q[k]


@inner
def _advance_block(x, r, p, q, length, first, last):  # type: ignore[no-untyped-def]
    slots = np.zeros(_SLOTS)
    for begin in range(first, last, _SLOTS):
        end = min(begin + _SLOTS, last)
        rest = r[begin:end]
        _advance(x[begin:end], rest, p[begin:end], q[begin:end], length)
        _add_products(slots, rest, rest)
    return _sum(slots)


@compiled_parallel
def advance(x, r, p, q, length):  # type: ignore[no-untyped-def]
    """Add length p to x, subtract length q from r, and return the sum of the new r squared."""
    n = x.size
    blocks = (n + _BLOCK - 1) // _BLOCK
    parts = np.zeros(blocks)
    for block in prange(blocks):
        first = np.int64(block) * _BLOCK
        parts[block] = _advance_block(x, r, p, q, length, first, min(first + _BLOCK, n))
    return _sum(parts)


@inner
def _turn(p, z, scale, weight):  # type: ignore[no-untyped-def]
    for k in range(p.size):
        p[k] = scale * z[k] + weight * p[k]


@inner
def _negate(q):  # type: ignore[no-untyped-def]
    for k in range(q.size):
        q[k] = -q[k]


@inner
def _product_plane(q, p, d, c0, c1, c2, i, n1, n2, none):  # type: ignore[no-untyped-def]
    slots = np.zeros(none.size)
    rows = rows_at_once(n1, n2)
    for j in range(0, n1, rows):
        stop = min(j + rows, n1)
        here = slice(j * n2, stop * n2)
        out = q[i, here]
        residual_rows(out, none[: (stop - j) * n2], p, d, c0, c1, c2, i, j, stop, n1, n2, none)
        _negate(out)
        _add_products(slots, out, p[i, here])
    return _sum(slots)


@inner
def _turn_inside(parts, q, p, z, scale, weight, d, c0, c1, c2, n1, n2, first, last):  # type: ignore[no-untyped-def]
    none = np.zeros(rows_at_once(n1, n2) * n2)
    for i in range(first, last):
        _turn(p[i], z[i], scale, weight)
        if i - 1 > first:
            parts[i - 1] = _product_plane(q, p, d, c0, c1, c2, i - 1, n1, n2, none)


@inner
def _turn_cut(parts, q, p, d, c0, c1, c2, n1, n2, first, last):  # type: ignore[no-untyped-def]
    none = np.zeros(rows_at_once(n1, n2) * n2)
    parts[first] = _product_plane(q, p, d, c0, c1, c2, first, n1, n2, none)
    if last - 1 > first:
        parts[last - 1] = _product_plane(q, p, d, c0, c1, c2, last - 1, n1, n2, none)


@compiled_parallel
def turn(q, p, z, scale, weight, d, c0, c1, c2, planes):  # type: ignore[no-untyped-def]
    """Set p = scale z + weight p and q = A p in one pass, and return p . q; `planes` are the cuts between slabs."""
    n1, n2 = p.shape[1], p.shape[2]
    q, p, z, d, c0, c1, c2 = flat(q), flat(p), flat(z), flat(d), flat(c0), flat(c1), flat(c2)
    parts = np.zeros(p.shape[0])
    slabs = planes.size - 1
    for s in prange(slabs):
        _turn_inside(parts, q, p, z, scale, weight, d, c0, c1, c2, n1, n2, planes[s], planes[s + 1])
    for s in prange(slabs):
        _turn_cut(parts, q, p, d, c0, c1, c2, n1, n2, planes[s], planes[s + 1])
    return _sum(parts)


@compiled
def remove_mean(x):  # type: ignore[no-untyped-def]
    """Subtract the mean from a flat array."""
    n = x.size
    mean = 0.0
    for first in range(0, n, _BLOCK):
        mean += _sum(x[first : min(first + _BLOCK, n)])
    mean /= n
    for k in range(n):
        x[k] -= mean
