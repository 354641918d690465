"""The sums that judge an answer x of A x = b, A a GridOperator: one pass over the arrays that stores none.

Sums are collected cell by cell over a few rows, plane by plane, and added up in order, so that they do not depend on
the number of threads.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from fieldsim.kernels.grid_rows import residual_rows, rows_at_once
from fieldsim.kernels.inner import inner
from fieldsim.kernels.jit import compiled_parallel
from fieldsim.kernels.multigrid import flat

SUMS = 5


@inner
def _add_sums(slots, r, x, b, d):  # type: ignore[no-untyped-def]
    """Add r, r^2, x^2, b^2 and r d of each cell to its slot."""
    s0, s1, s2, s3, s4 = slots[0], slots[1], slots[2], slots[3], slots[4]
    for k in range(r.size):
        s0[k] += r[k]
        s1[k] += r[k] * r[k]
        s2[k] += x[k] * x[k]
        s3[k] += b[k] * b[k]
        s4[k] += r[k] * d[k]


@inner
def _plane(sums, x, b, d, c0, c1, c2, i, n1, n2):  # type: ignore[no-untyped-def]
    rows = rows_at_once(n1, n2)
    t, none, slots = np.empty(rows * n2), np.zeros(rows * n2), np.zeros((SUMS, rows * n2))
    for j in range(0, n1, rows):
        stop = min(j + rows, n1)
        begin, end = j * n2, stop * n2
        left, right = t[: end - begin], b[i, begin:end]
        residual_rows(left, right, x, d, c0, c1, c2, i, j, stop, n1, n2, none)
        _add_sums(slots, left, x[i, begin:end], right, d[i, begin:end])
    for m in range(SUMS):
        total = 0.0
        for k in range(rows * n2):
            total += slots[m, k]
        sums[i, m] = total


@compiled_parallel
def residual_sums(sums, x, b, d, c0, c1, c2):  # type: ignore[no-untyped-def]
    """Set sums[plane] to those of r = b - A x, r^2, x^2, b^2 and r d on a grid of three axes.

    `d` is what is added to the diagonal; couplings have n - 1 faces along their axis, or n where it is periodic.
    """
    n1, n2 = x.shape[1], x.shape[2]
    x, b, d, c0, c1, c2 = flat(x), flat(b), flat(d), flat(c0), flat(c1), flat(c2)
    for i in prange(x.shape[0]):
        _plane(sums, x, b, d, c0, c1, c2, np.int64(i), n1, n2)
