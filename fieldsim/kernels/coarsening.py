"""Coarse couplings of a structured grid from fine ones, and the factors of the coarsest matrix.

Cells merge in pairs along chosen axes. Between two coarse cells the coupling is the series of fine couplings from
middle to middle, lines in parallel, kept between half the sum of the fine couplings and that sum: with a
piecewise constant correction the coarse energy is then at least half the fine one, whatever the coefficients.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from fieldsim.kernels.inner import inner
from fieldsim.kernels.jit import compiled, compiled_parallel

_TINY = 1e-300


@inner
def series(inner, face, outer, has_inner, has_outer):  # type: ignore[no-untyped-def]
    """Return the conductance from the middle of one pair of cells to the middle of the next."""
    if face <= 0.0:
        return 0.0
    resistance = 1.0 / face
    if has_inner:
        resistance += 0.5 / max(inner, _TINY)
    if has_outer:
        resistance += 0.5 / max(outer, _TINY)
    return 1.0 / resistance


@compiled_parallel
def coarse_couplings(coarse, fine, axis, f0, f1, f2, n0, n1, n2):  # type: ignore[no-untyped-def]
    """Set the couplings along `axis` of the grid merged by factors f0, f1, f2 (1 or 2) from those of n0 x n1 x n2."""
    s0, s1, s2 = (1 if axis == 0 else 0), (1 if axis == 1 else 0), (1 if axis == 2 else 0)
    factor = f0 if axis == 0 else f1 if axis == 1 else f2
    n = n0 if axis == 0 else n1 if axis == 1 else n2
    for plane in prange(coarse.shape[0]):
        ic = np.int64(plane)
        for jc in range(coarse.shape[1]):
            for kc in range(coarse.shape[2]):
                place = ic if axis == 0 else jc if axis == 1 else kc
                last = min(place * factor + factor, n) - 1
                following = last + 1 if last + 1 < n else 0
                has_inner = last > place * factor
                has_outer = factor == 2 and following + 1 < n
                total, chain = 0.0, 0.0
                for i in range(last if s0 else ic * f0, last + 1 if s0 else min(ic * f0 + f0, n0)):
                    for j in range(last if s1 else jc * f1, last + 1 if s1 else min(jc * f1 + f1, n1)):
                        for k in range(last if s2 else kc * f2, last + 1 if s2 else min(kc * f2 + f2, n2)):
                            face = fine[i, j, k]
                            total += face
                            if factor == 2:
                                inner = fine[i - s0, j - s1, k - s2] if has_inner else 0.0
                                outer = 0.0
                                if has_outer:
                                    outer = fine[following if s0 else i, following if s1 else j, following if s2 else k]
                                chain += series(inner, face, outer, has_inner, has_outer)
                coarse[ic, jc, kc] = min(max(chain, 0.5 * total), total) if factor == 2 else total


@inner
def _coupled(c0, c1, c2, i, j, k, n0, n1, n2):  # type: ignore[no-untyped-def]
    """Return the sum of the couplings of one cell."""
    total = 0.0
    lower = i - 1 if i > 0 else n0 - 1
    if lower < c0.shape[0]:
        total += c0[lower, j, k]
    if i < c0.shape[0]:
        total += c0[i, j, k]
    lower = j - 1 if j > 0 else n1 - 1
    if lower < c1.shape[1]:
        total += c1[i, lower, k]
    if j < c1.shape[1]:
        total += c1[i, j, k]
    lower = k - 1 if k > 0 else n2 - 1
    if lower < c2.shape[2]:
        total += c2[i, j, lower]
    if k < c2.shape[2]:
        total += c2[i, j, k]
    return total


@compiled_parallel
def inverse_diagonal(w, d, c0, c1, c2):  # type: ignore[no-untyped-def]
    """Set w = 1 / A_ii, and zero for a cell without any equation."""
    n0, n1, n2 = d.shape
    for plane in prange(n0):
        i = np.int64(plane)
        for j in range(n1):
            for k in range(n2):
                total = d[i, j, k] + _coupled(c0, c1, c2, i, j, k, n0, n1, n2)
                w[i, j, k] = 1.0 / total if total > 0.0 else 0.0


@compiled_parallel
def coarse_diagonal(coarse, d, c0, c1, c2, f0, f1, f2):  # type: ignore[no-untyped-def]
    """Sum what is added to the diagonal; a cell without neighbours is solved by itself and would only pin others."""
    n0, n1, n2 = d.shape
    for plane in prange(coarse.shape[0]):
        ic = np.int64(plane)
        for jc in range(coarse.shape[1]):
            for kc in range(coarse.shape[2]):
                total = 0.0
                for i in range(ic * f0, min(ic * f0 + f0, n0)):
                    for j in range(jc * f1, min(jc * f1 + f1, n1)):
                        for k in range(kc * f2, min(kc * f2 + f2, n2)):
                            if d[i, j, k] > 0.0 and _coupled(c0, c1, c2, i, j, k, n0, n1, n2) > 0.0:
                                total += d[i, j, k]
                coarse[ic, jc, kc] = total


@compiled
def eliminate(coupling, ground):  # type: ignore[no-untyped-def]
    """Factor A = diag(ground + sum_j c_ij) - C in place, without subtractions: star-mesh elimination.

    `coupling` (n, n) symmetric with zero diagonal, `ground` (n,). On return row i holds the couplings to the unknowns
    after i when it was eliminated; the pivots are returned. A pivot is exactly zero where a part of the grid has
    no connection to ground: a singular system is recognised without a tolerance
    (Grassmann, Taksar & Heyman, Operations Research 33, 1985).
    """
    n = ground.size
    pivots = np.zeros(n)
    for p in range(n):
        total = ground[p]
        for j in range(p + 1, n):
            total += coupling[p, j]
        pivots[p] = total
        if total <= 0.0:
            continue
        for i in range(p + 1, n):
            share = coupling[p, i] / total
            if share > 0.0:
                ground[i] += share * ground[p]
                for j in range(p + 1, n):
                    coupling[i, j] += share * coupling[p, j]
                coupling[i, i] = 0.0
    return pivots


@inner
def substitute(x, b, coupling, pivots):  # type: ignore[no-untyped-def]
    """Solve with the factors of `eliminate`; an unknown without pivot is set to zero."""
    n = pivots.size
    y = np.empty(n)
    for p in range(n):
        y[p] = b[p]
    for p in range(n):
        if pivots[p] > 0.0:
            share = y[p] / pivots[p]
            for j in range(p + 1, n):
                y[j] += coupling[p, j] * share
    for p in range(n - 1, -1, -1):
        if pivots[p] > 0.0:
            total = y[p]
            for j in range(p + 1, n):
                total += coupling[p, j] * y[j]
            y[p] = total / pivots[p]
        else:
            y[p] = 0.0
    for p in range(n):
        x[p] = y[p]
