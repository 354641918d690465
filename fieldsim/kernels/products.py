"""Count the entries of an array that are no sum of products, array[i, j, k] = sum_m first[m, i] rest[m, j, k]."""

from __future__ import annotations

import numpy as np
from numba import prange

from fieldsim.kernels.jit import compiled, compiled_parallel

LARGEST = float(np.finfo(np.float64).max)


@compiled
def _count_row(values, first, rest, i, j, tolerance):  # type: ignore[no-untyped-def]
    # written so that what is not a number or infinite counts
    count = 0
    if first.shape[0] == 1:
        scale, row = first[0, i], rest[0, j]
        for k in range(values.size):
            allowed = min(abs(values[k]), LARGEST) * tolerance
            count += 0 if abs(scale * row[k] - values[k]) <= allowed else 1
        return count
    for k in range(values.size):
        total = 0.0
        for m in range(first.shape[0]):
            total += first[m, i] * rest[m, j, k]
        allowed = min(abs(values[k]), LARGEST) * tolerance
        count += 0 if abs(total - values[k]) <= allowed else 1
    return count


@compiled_parallel
def count_deviations(values, first, rest, tolerance):  # type: ignore[no-untyped-def]
    """Return how many of `values` (n0, n1, n2) differ from the sum by more than `tolerance` times their own size.

    `first` is (products, n0), `rest` (products, n1, n2).
    """
    counts = np.zeros(values.shape[0], np.int64)
    for i in prange(values.shape[0]):
        plane = np.int64(i)
        for j in range(values.shape[1]):
            counts[plane] += _count_row(values[plane, j], first, rest, plane, j, tolerance)
    return counts.sum()
