"""Elimination of the sub-faces around the vertices of a structured mesh, one small Cholesky factorisation a vertex.

With M = L L^T the bonds between sub-faces, B their pulls by the cells and C the cells' own: S = C - (L^-1 B)^T L^-1 B.
What is left, S, is added to the couplings of the cells.
"""

from __future__ import annotations

import numpy as np

from fieldsim.kernels.jit import compiled

# a pivot below this share of its diagonal is rounding: nothing ties that sub-face to the others
_NOTHING = 1e-14


@compiled
def eliminate(factors, conductivity, cells, slots, pairs, numbers, entries, couplings):  # type: ignore[no-untyped-def]
    """Add S of every vertex to `entries` and the two-point couplings to `couplings`.

    `factors` are G, (n, corners, d, m); `conductivity` (n, corners, 1 or m, 1 or m); `cells` (n, corners);
    `numbers[k, l]` is the row of `entries` for the offset from local cell k to l. Every cell must exist.
    """
    n, corners, d, m = factors.shape
    full = conductivity.shape[2] > 1
    count = pairs.shape[0]
    local = np.empty((corners, d, d))
    weighted = np.empty((d, m))
    bonds = np.empty((count, count))
    pulls = np.empty((count, corners))
    own = np.empty(corners)
    for v in range(n):
        bonds[:] = 0.0
        pulls[:] = 0.0
        for k in range(corners):
            for a in range(d):
                for j in range(m):
                    if full:
                        total = 0.0
                        for i in range(m):
                            total += factors[v, k, a, i] * conductivity[v, k, i, j]
                        weighted[a, j] = total
                    else:
                        weighted[a, j] = factors[v, k, a, j] * conductivity[v, k, 0, 0]
            own[k] = 0.0
            for a in range(d):
                pulled = 0.0
                for b in range(d):
                    total = 0.0
                    for j in range(m):
                        total += weighted[a, j] * factors[v, k, b, j]
                    local[k, a, b] = total
                    bonds[slots[k, a], slots[k, b]] += total
                    pulled += total
                pulls[slots[k, a], k] = -pulled
                own[k] += pulled
        _reduce(bonds, pulls)
        _scatter(v, pulls, own, cells, numbers, entries)
        for slot in range(count):
            axis = slot // (corners // 2)
            lower, upper = local[pairs[slot, 0], axis, axis], local[pairs[slot, 1], axis, axis]
            if lower > 0.0 and upper > 0.0:
                couplings[axis, cells[v, pairs[slot, 0]]] += lower * upper / (lower + upper)


@compiled
def _reduce(bonds, pulls):  # type: ignore[no-untyped-def]
    """Factor the bonds as L L^T and set the pulls to L^-1 B, in place; a sub-face that nothing ties takes no part."""
    count, corners = pulls.shape
    for i in range(count):
        least = _NOTHING * bonds[i, i]
        for j in range(i):
            total = bonds[i, j]
            for k in range(j):
                total -= bonds[i, k] * bonds[j, k]
            bonds[i, j] = total / bonds[j, j]
        pivot = bonds[i, i]
        for k in range(i):
            pivot -= bonds[i, k] * bonds[i, k]
        if pivot > least:
            bonds[i, i] = np.sqrt(pivot)
            for c in range(corners):
                total = pulls[i, c]
                for k in range(i):
                    total -= bonds[i, k] * pulls[k, c]
                pulls[i, c] = total / bonds[i, i]
        else:
            bonds[i, i] = 1.0
            for k in range(i):
                bonds[i, k] = 0.0
            pulls[i] = 0.0


@compiled
def _scatter(v, reduced, own, cells, numbers, entries):  # type: ignore[no-untyped-def]
    """Add S = C - R^T R; its diagonal makes the rows sum to nought, so that a constant stays to the last digit."""
    count, corners = reduced.shape
    for k in range(corners):
        rest = 0.0
        for other in range(corners):
            if other != k:
                total = 0.0
                for i in range(count):
                    total -= reduced[i, k] * reduced[i, other]
                entries[numbers[k, other], cells[v, k]] += total
                rest += total
        entries[numbers[k, k], cells[v, k]] -= rest
