"""Loops of a multigrid cycle on a structured grid of three axes (short ones have length 1).

A level is (A u)_i = d_i u_i + sum_j c_ij (u_i - u_j), with w = 1 / A_ii. `c0` holds the faces between i and i + 1
along the first axis: n - 1 of them, or n where the axis is periodic. A pass runs through slabs of planes once: a plane
is relaxed, its neighbour behind it takes the next step while it is in cache, and the planes next to a cut wait
for all slabs. Every value comes out as if the steps were taken one after the other: cuts and threads change no bit.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from fieldsim.kernels.grid_rows import (
    blend,
    colours,
    fold,
    neighbour_sum,
    residual_row,
    unfold,
)
from fieldsim.kernels.jit import compiled, compiled_parallel

FIRST, SECOND = 0, 1


@compiled
def relax_plane(x, b, w, c0, c1, c2, i, colour, t, none, mask):  # type: ignore[no-untyped-def]
    """Solve the equations of one colour in a plane for their own unknowns."""
    for j in range(x.shape[1]):
        neighbour_sum(t, b[i, j], x, c0, c1, c2, i, j, none)
        blend(x[i, j], t, w[i, j], mask[(i + j + colour) % 2])


@compiled
def start_plane(x, b, w, i, mask):  # type: ignore[no-untyped-def]
    """Relax the first colour from a guess of zero."""
    for j in range(x.shape[1]):
        out, right, weight, kept = x[i, j], b[i, j], w[i, j], mask[(i + j) % 2]
        for k in range(out.size):
            out[k] = kept[k] * (right[k] * weight[k])


@compiled
def gather_plane(rc, x, c0, c1, c2, merge, ic, t, total, none, mask):  # type: ignore[no-untyped-def]
    """Sum the residual over the children of a coarse plane, after both colours were relaxed from zero.

    The first colour then misses exactly what its neighbours changed; the second one misses nothing.
    """
    n0, n1, n2 = x.shape
    f0, f1, f2 = merge[0], merge[1], merge[2]
    for jc in range(rc.shape[1]):
        total[:] = 0.0
        for i in range(ic * f0, min(ic * f0 + f0, n0)):
            for j in range(jc * f1, min(jc * f1 + f1, n1)):
                neighbour_sum(t, none, x, c0, c1, c2, i, j, none)
                kept = mask[(i + j) % 2]
                for k in range(n2):
                    total[k] += kept[k] * t[k]
        fold(rc[ic, jc], total, f2)


@compiled
def restrict_plane(rc, x, b, d, c0, c1, c2, merge, ic, t, total, none):  # type: ignore[no-untyped-def]
    """Sum the residual over the children of a coarse plane."""
    n0, n1, n2 = x.shape
    f0, f1, f2 = merge[0], merge[1], merge[2]
    for jc in range(rc.shape[1]):
        total[:] = 0.0
        for i in range(ic * f0, min(ic * f0 + f0, n0)):
            for j in range(jc * f1, min(jc * f1 + f1, n1)):
                residual_row(t, x, b[i, j], d, c0, c1, c2, i, j, none)
                for k in range(n2):
                    total[k] += t[k]
        fold(rc[ic, jc], total, f2)


@compiled
def prolong_plane(x, e, merge, i):  # type: ignore[no-untyped-def]
    """Add to the cells of a plane the correction of the coarse cells that cover them."""
    for j in range(x.shape[1]):
        unfold(x[i, j], e[i // merge[0], j // merge[1]], merge[2])


@compiled
def _descend_inside(rc, x, b, w, c0, c1, c2, merge, low, high):  # type: ignore[no-untyped-def]
    n0, n2 = x.shape[0], x.shape[2]
    f0 = merge[0]
    t, total, none, mask = np.empty(n2), np.empty(n2), np.zeros(n2), colours(n2)
    first, last = low * f0, min(high * f0, n0)
    done = (first + 2 + f0 - 1) // f0
    for i in range(first, last):
        start_plane(x, b, w, i, mask)
        if i - 1 > first:
            relax_plane(x, b, w, c0, c1, c2, i - 1, SECOND, t, none, mask)
            # the residual of plane i - 2 is known once the second colour of plane i - 1 is
            if done * f0 + f0 <= i - 1:
                gather_plane(rc, x, c0, c1, c2, merge, done, t, total, none, mask)
                done += 1
    return done


@compiled
def _descend_cut(x, b, w, c0, c1, c2, merge, low, high):  # type: ignore[no-untyped-def]
    n0, n2 = x.shape[0], x.shape[2]
    t, none, mask = np.empty(n2), np.zeros(n2), colours(n2)
    first, last = low * merge[0], min(high * merge[0], n0)
    relax_plane(x, b, w, c0, c1, c2, first, SECOND, t, none, mask)
    if last - 1 > first:
        relax_plane(x, b, w, c0, c1, c2, last - 1, SECOND, t, none, mask)


@compiled
def _descend_rest(rc, x, c0, c1, c2, merge, low, high, done):  # type: ignore[no-untyped-def]
    n2 = x.shape[2]
    t, total, none, mask = np.empty(n2), np.empty(n2), np.zeros(n2), colours(n2)
    begin = min((low * merge[0] + 2 + merge[0] - 1) // merge[0], high)
    for ic in range(low, begin):
        gather_plane(rc, x, c0, c1, c2, merge, ic, t, total, none, mask)
    for ic in range(max(done, begin), high):
        gather_plane(rc, x, c0, c1, c2, merge, ic, t, total, none, mask)


@compiled_parallel
def descend(rc, x, b, w, c0, c1, c2, merge, cuts):  # type: ignore[no-untyped-def]
    """Relax both colours from zero and set the coarse right-hand side to the residual, in one pass.

    `cuts` are the coarse planes at which slabs begin, and the end.
    """
    slabs = cuts.size - 1
    done = np.zeros(slabs, np.int64)
    for s in prange(slabs):
        done[s] = _descend_inside(rc, x, b, w, c0, c1, c2, merge, cuts[s], cuts[s + 1])
    for s in prange(slabs):
        _descend_cut(x, b, w, c0, c1, c2, merge, cuts[s], cuts[s + 1])
    for s in prange(slabs):
        _descend_rest(rc, x, c0, c1, c2, merge, cuts[s], cuts[s + 1], done[s])


@compiled
def _again_inside(x, b, w, c0, c1, c2, merge, low, high):  # type: ignore[no-untyped-def]
    n0, n2 = x.shape[0], x.shape[2]
    t, none, mask = np.empty(n2), np.zeros(n2), colours(n2)
    first, last = low * merge[0], min(high * merge[0], n0)
    for i in range(first, last):
        relax_plane(x, b, w, c0, c1, c2, i, FIRST, t, none, mask)
        if i - 1 > first:
            relax_plane(x, b, w, c0, c1, c2, i - 1, SECOND, t, none, mask)


@compiled
def _restrict_slab(rc, x, b, d, c0, c1, c2, merge, low, high):  # type: ignore[no-untyped-def]
    n2 = x.shape[2]
    t, total, none = np.empty(n2), np.empty(n2), np.zeros(n2)
    for ic in range(low, high):
        restrict_plane(rc, x, b, d, c0, c1, c2, merge, ic, t, total, none)


@compiled_parallel
def descend_again(rc, x, b, w, d, c0, c1, c2, merge, cuts):  # type: ignore[no-untyped-def]
    """Relax both colours from the present guess and set the coarse right-hand side to the residual."""
    slabs = cuts.size - 1
    for s in prange(slabs):
        _again_inside(x, b, w, c0, c1, c2, merge, cuts[s], cuts[s + 1])
    for s in prange(slabs):
        _descend_cut(x, b, w, c0, c1, c2, merge, cuts[s], cuts[s + 1])
    for s in prange(slabs):
        _restrict_slab(rc, x, b, d, c0, c1, c2, merge, cuts[s], cuts[s + 1])


@compiled
def _ascend_inside(x, e, b, w, c0, c1, c2, merge, low, high):  # type: ignore[no-untyped-def]
    n0, n2 = x.shape[0], x.shape[2]
    t, none, mask = np.empty(n2), np.zeros(n2), colours(n2)
    first, last = low * merge[0], min(high * merge[0], n0)
    for i in range(first, last):
        prolong_plane(x, e, merge, i)
        if i - 1 > first:
            relax_plane(x, b, w, c0, c1, c2, i - 1, SECOND, t, none, mask)
        if i - 2 > first + 1:
            relax_plane(x, b, w, c0, c1, c2, i - 2, FIRST, t, none, mask)


@compiled
def _ascend_rest(x, b, w, c0, c1, c2, merge, low, high):  # type: ignore[no-untyped-def]
    n0, n2 = x.shape[0], x.shape[2]
    t, none, mask = np.empty(n2), np.zeros(n2), colours(n2)
    first, last = low * merge[0], min(high * merge[0], n0)
    for i in range(first, last):
        if i < first + 2 or i >= last - 2:
            relax_plane(x, b, w, c0, c1, c2, i, FIRST, t, none, mask)


@compiled_parallel
def ascend(x, e, b, w, c0, c1, c2, merge, cuts):  # type: ignore[no-untyped-def]
    """Add the coarse correction `e` and relax both colours in reversed order, in one pass."""
    slabs = cuts.size - 1
    for s in prange(slabs):
        _ascend_inside(x, e, b, w, c0, c1, c2, merge, cuts[s], cuts[s + 1])
    for s in prange(slabs):
        _descend_cut(x, b, w, c0, c1, c2, merge, cuts[s], cuts[s + 1])
    for s in prange(slabs):
        _ascend_rest(x, b, w, c0, c1, c2, merge, cuts[s], cuts[s + 1])


@compiled
def _residual_slab(r, x, b, d, c0, c1, c2, first, last):  # type: ignore[no-untyped-def]
    none = np.zeros(x.shape[2])
    for i in range(first, last):
        for j in range(x.shape[1]):
            residual_row(r[i, j], x, b[i, j], d, c0, c1, c2, i, j, none)


@compiled_parallel
def residual(r, x, b, d, c0, c1, c2, planes):  # type: ignore[no-untyped-def]
    """Set r = b - A x; `planes` are the planes at which slabs begin, and the end."""
    for s in prange(planes.size - 1):
        _residual_slab(r, x, b, d, c0, c1, c2, planes[s], planes[s + 1])


@compiled_parallel
def restrict(rc, x, b, d, c0, c1, c2, merge, cuts):  # type: ignore[no-untyped-def]
    """Set the coarse right-hand side to the residual b - A x summed over the cells each coarse cell covers."""
    for s in prange(cuts.size - 1):
        _restrict_slab(rc, x, b, d, c0, c1, c2, merge, cuts[s], cuts[s + 1])


@compiled_parallel
def prolong(x, e, merge):  # type: ignore[no-untyped-def]
    """Add to every fine cell the correction of the coarse cell that covers it."""
    for plane in prange(x.shape[0]):
        prolong_plane(x, e, merge, np.int64(plane))
