"""Vector loops of conjugate gradients: products, updates and sums that do not depend on the number of threads.

Sums run over blocks of fixed length, each collected in the slots of a short buffer (which the compiler turns into
vector instructions); slots and blocks are added up in order.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from fieldsim.kernels.jit import compiled, compiled_parallel

_BLOCK = 32768
_SLOTS = 256


@compiled
def _add_products(slots, a, b):  # type: ignore[no-untyped-def]
    for k in range(a.size):
        slots[k] += a[k] * b[k]


@compiled
def _sum(values):  # type: ignore[no-untyped-def]
    total = 0.0
    for k in range(values.size):
        total += values[k]
    return total


@compiled_parallel
def dot(a, b):  # type: ignore[no-untyped-def]
    """Return the sum of a_i b_i of flat arrays."""
    n = a.size
    blocks = (n + _BLOCK - 1) // _BLOCK
    parts = np.zeros(blocks)
    for block in prange(blocks):
        slots = np.zeros(_SLOTS)
        for first in range(block * _BLOCK, min((block + 1) * _BLOCK, n), _SLOTS):
            last = min(first + _SLOTS, n)
            _add_products(slots, a[first:last], b[first:last])
        parts[block] = _sum(slots)
    return _sum(parts)


@compiled
def _advance(x, r, p, q, length):  # type: ignore[no-untyped-def]
    for k in range(x.size):
        x[k] += length * p[k]
    for k in range(x.size):
        r[k] -= length * q[k]


@compiled_parallel
def advance(x, r, p, q, length):  # type: ignore[no-untyped-def]
    """Add length p to x, subtract length q from r, and return the sum of the new r squared."""
    n = x.size
    blocks = (n + _BLOCK - 1) // _BLOCK
    parts = np.zeros(blocks)
    for block in prange(blocks):
        slots = np.zeros(_SLOTS)
        for first in range(block * _BLOCK, min((block + 1) * _BLOCK, n), _SLOTS):
            last = min(first + _SLOTS, n)
            rest = r[first:last]
            _advance(x[first:last], rest, p[first:last], q[first:last], length)
            _add_products(slots, rest, rest)
        parts[block] = _sum(slots)
    return _sum(parts)


@compiled
def _turn(p, z, weight):  # type: ignore[no-untyped-def]
    for k in range(p.size):
        p[k] = z[k] + weight * p[k]


@compiled_parallel
def turn(p, z, weight):  # type: ignore[no-untyped-def]
    """Set p = z + weight p."""
    n = p.size
    blocks = (n + _BLOCK - 1) // _BLOCK
    for block in prange(blocks):
        first, last = block * _BLOCK, min((block + 1) * _BLOCK, n)
        _turn(p[first:last], z[first:last], weight)


@compiled_parallel
def remove_mean(x):  # type: ignore[no-untyped-def]
    """Subtract the mean from a flat array."""
    n = x.size
    blocks = (n + _BLOCK - 1) // _BLOCK
    parts = np.zeros(blocks)
    for block in prange(blocks):
        parts[block] = _sum(x[block * _BLOCK : min((block + 1) * _BLOCK, n)])
    mean = _sum(parts) / n
    for block in prange(blocks):
        part = x[block * _BLOCK : min((block + 1) * _BLOCK, n)]
        for k in range(part.size):
            part[k] -= mean
