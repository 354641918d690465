"""Passes of a multigrid cycle over a structured grid of three axes (short ones have length 1).

A level is (A u)_i = d_i u_i + sum_j c_ij (u_i - u_j), with w = 1 / A_ii. `c0` holds the faces between i and i + 1
along the first axis: n - 1 of them, or n where the axis is a ring. A pass takes several steps, each on the plane
behind the one before it and on rows shifted by one, while these are in cache; what depends on both sides of a cut
between slabs waits for both. Every value comes out as if the steps were taken one after the other, whatever the cuts.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from fieldsim.kernels.grid_rows import (
    add,
    blend,
    colours,
    fold,
    neighbour_sums,
    residual_rows,
    rows_at_once,
    scale,
    unfold,
)
from fieldsim.kernels.inner import inner
from fieldsim.kernels.jit import compiled_parallel

# Kinds of steps: relax one colour, the same from a guess of zero, add the coarse correction.
RELAX, START, PROLONG = 0, 1, 2
# Rows that fit into the second-level cache together with those of the planes a pass has in hand: cells of a tile.
_TILE = 4096


@inner
def flat(cells):  # type: ignore[no-untyped-def]
    """Return cells or faces with the rows of a plane one behind the other."""
    return cells.reshape((cells.shape[0], cells.shape[1] * cells.shape[2]))


@inner
def take_step(step, x, b, w, c0, c1, c2, e, merge, i, first, last, n1, n2, t, none, mask):  # type: ignore[no-untyped-def]
    """Take one step on rows `first` ... `last` - 1 of plane i; cells and faces are flat, `e` has three axes."""
    kind, colour = step[0], step[1]
    if kind == PROLONG:
        for j in range(first, last):
            unfold(x, e, i, j, i // merge[0], j // merge[1], n2, merge[2])
        return
    rows = rows_at_once(n1, n2)
    for j in range(first, last, rows):
        stop = min(j + rows, last)
        begin, end = j * n2, stop * n2
        kept = mask[(i + j + colour) % 2, : end - begin]
        if kind == START:
            scale(x[i, begin:end], b[i, begin:end], w[i, begin:end], kept)
        else:
            neighbour_sums(t, b, x, c0, c1, c2, i, j, stop, n1, n2, none)
            blend(x[i, begin:end], t, w[i, begin:end], kept)


@inner
def restrict_rows(rc, x, b, d, c0, c1, c2, merge, ic, first, last, n1, n2, t, total, none):  # type: ignore[no-untyped-def]
    """Set some coarse rows of a plane to the residual b - A x summed over the cells they cover."""
    n0, f0, f1 = x.shape[0], merge[0], merge[1]
    rows = max(f1, rows_at_once(n1, n2))
    for begin in range(first * f1, min(last * f1, n1), rows):
        end = min(begin + rows, last * f1, n1)
        for i in range(ic * f0, min(ic * f0 + f0, n0)):
            residual_rows(t, b[i, begin * n2 : end * n2], x, d, c0, c1, c2, i, begin, end, n1, n2, none)
            if i == ic * f0:
                total[: (end - begin) * n2] = t[: (end - begin) * n2]
            else:
                add(total, t[: (end - begin) * n2])
        for jc in range(begin // f1, (end + f1 - 1) // f1):
            fold(rc, ic, jc, total, jc * f1 - begin, min(jc * f1 + f1, end) - begin, n2, merge[2])


@inner
def buffers(like, n1, n2):  # type: ignore[no-untyped-def]
    """Return two work rows, a row of zeros and the masks of the colours for some rows at a time, of the same kind."""
    size = max(2, rows_at_once(n1, n2)) * n2
    return np.empty(size, like.dtype), np.empty(size, like.dtype), np.zeros(size, like.dtype), colours(like, n1, n2)


@inner
def _known(low, high, cut_below, cut_above, depth, f0, n0):  # type: ignore[no-untyped-def]
    """Return the planes of a slab whose residual does not depend on other slabs, in whole coarse planes."""
    first = (low + depth + f0 - 1) // f0 * f0 if cut_below else low
    last = (high - depth) // f0 * f0 if cut_above else high
    return first, last


@inner
def _run_slab(steps, rc, x, b, w, d, c0, c1, c2, e, merge, shape, low, high, cut_below, cut_above):  # type: ignore[no-untyped-def]
    n0, n1, n2 = shape
    depth = steps.shape[0]
    t, total, none, mask = buffers(x, n1, n2)
    f0, f1 = merge[0], merge[1]
    first_known, last_known = _known(low, high, cut_below, cut_above, depth, f0, n0)
    height = max(_TILE // n2, depth + 4)
    # rows of a ring depend on each other all around: one tile
    tiles = 1 if c1.shape[1] == n1 * n2 else max(1, n1 // height)
    for tile in range(tiles):
        bottom, top = tile * n1 // tiles, (tile + 1) * n1 // tiles
        for i in range(low, high + depth):
            for s in range(depth):
                plane = i - s
                if plane < (low + s if cut_below else low) or plane >= (high - s if cut_above else high):
                    continue
                first_row, last_row = (bottom - s if tile > 0 else 0), (top - s if tile < tiles - 1 else n1)
                take_step(steps[s], x, b, w, c0, c1, c2, e, merge, plane, first_row, last_row, n1, n2, t, none, mask)
            plane = i - depth
            whole = plane % f0 == f0 - 1 or plane == n0 - 1
            if rc.size > 0 and whole and plane >= first_known and plane < last_known:
                first_row = (bottom - depth) // f1 if tile > 0 else 0
                last_row = (top - depth) // f1 if tile < tiles - 1 else rc.shape[1]
                restrict_rows(rc, x, b, d, c0, c1, c2, merge, plane // f0, first_row, last_row, n1, n2, t, total, none)


@inner
def _run_cut(steps, rc, x, b, w, d, c0, c1, c2, e, merge, shape, cuts, number, ring):  # type: ignore[no-untyped-def]
    """Take the steps that depend on both sides of the cut at the end of a slab."""
    n0, n1, n2 = shape
    depth = steps.shape[0]
    slabs = cuts.size - 1
    t, total, none, mask = buffers(x, n1, n2)
    cut = cuts[number + 1]
    for s in range(1, depth):
        for m in range(cut - s, cut + s):
            take_step(steps[s], x, b, w, c0, c1, c2, e, merge, m % n0, 0, n1, n1, n2, t, none, mask)
    if rc.size == 0:
        return
    f0 = merge[0]
    following = (number + 1) % slabs
    begin = _known(cuts[number], cut, True, True, depth, f0, n0)[1]
    above = following < slabs - 1 or ring
    end = _known(cuts[following], cuts[following + 1], True, above, depth, f0, n0)[0]
    for ic in range(begin // f0, (cut + f0 - 1) // f0):
        restrict_rows(rc, x, b, d, c0, c1, c2, merge, ic, 0, rc.shape[1], n1, n2, t, total, none)
    for ic in range((cut % n0 + f0 - 1) // f0, end // f0):
        restrict_rows(rc, x, b, d, c0, c1, c2, merge, ic, 0, rc.shape[1], n1, n2, t, total, none)


@inner
def _step_plane(step, x, b, w, c0, c1, c2, e, merge, i, n1, n2):  # type: ignore[no-untyped-def]
    t, _, none, mask = buffers(x, n1, n2)
    take_step(step, x, b, w, c0, c1, c2, e, merge, i, 0, n1, n1, n2, t, none, mask)


@inner
def _restrict_plane(rc, x, b, d, c0, c1, c2, merge, ic, n1, n2):  # type: ignore[no-untyped-def]
    t, total, none, _ = buffers(x, n1, n2)
    restrict_rows(rc, x, b, d, c0, c1, c2, merge, ic, 0, rc.shape[1], n1, n2, t, total, none)


@compiled_parallel
def run(steps, rc, x, b, w, d, c0, c1, c2, e, merge, cuts):  # type: ignore[no-untyped-def]
    """Take steps (kind, colour) in order, then restrict the residual to `rc` unless that is empty.

    `cuts` are the planes at which slabs begin, and the end: multiples of merge[0], each slab at least twice as thick
    as there are steps; no cuts for a grid too short for that. `e` is the coarse correction of a PROLONG step.
    """
    shape = x.shape
    n0, n1, n2 = shape
    x, b, w, d, c0, c1, c2 = flat(x), flat(b), flat(w), flat(d), flat(c0), flat(c1), flat(c2)
    slabs = cuts.size - 1
    if slabs < 1:
        for s in range(steps.shape[0]):
            for plane in prange(n0):
                _step_plane(steps[s], x, b, w, c0, c1, c2, e, merge, np.int64(plane), n1, n2)
        for plane in prange(rc.shape[0]):
            _restrict_plane(rc, x, b, d, c0, c1, c2, merge, np.int64(plane), n1, n2)
        return
    ring = c0.shape[0] == n0
    for slab in prange(slabs):
        this = np.int64(slab)
        below, above = this > 0 or ring, this < slabs - 1 or ring
        _run_slab(steps, rc, x, b, w, d, c0, c1, c2, e, merge, shape, cuts[this], cuts[this + 1], below, above)
    for slab in prange(slabs if ring else slabs - 1):
        _run_cut(steps, rc, x, b, w, d, c0, c1, c2, e, merge, shape, cuts, np.int64(slab), ring)


@inner
def _residual_slab(r, x, b, d, c0, c1, c2, n1, n2, first, last):  # type: ignore[no-untyped-def]
    _, _, none, _ = buffers(x, n1, n2)
    rows = rows_at_once(n1, n2)
    for i in range(first, last):
        for j in range(0, n1, rows):
            stop = min(j + rows, n1)
            here = slice(j * n2, stop * n2)
            residual_rows(r[i, here], b[i, here], x, d, c0, c1, c2, i, j, stop, n1, n2, none)


@compiled_parallel
def residual(r, x, b, d, c0, c1, c2, planes):  # type: ignore[no-untyped-def]
    """Set r = b - A x; `planes` are the planes at which slabs begin, and the end."""
    n1, n2 = x.shape[1], x.shape[2]
    r, x, b, d, c0, c1, c2 = flat(r), flat(x), flat(b), flat(d), flat(c0), flat(c1), flat(c2)
    for s in prange(planes.size - 1):
        _residual_slab(r, x, b, d, c0, c1, c2, n1, n2, planes[s], planes[s + 1])


@compiled_parallel
def restrict(rc, x, b, d, c0, c1, c2, merge):  # type: ignore[no-untyped-def]
    """Set the coarse right-hand side to the residual b - A x summed over the cells each coarse cell covers."""
    n1, n2 = x.shape[1], x.shape[2]
    x, b, d, c0, c1, c2 = flat(x), flat(b), flat(d), flat(c0), flat(c1), flat(c2)
    for plane in prange(rc.shape[0]):
        _restrict_plane(rc, x, b, d, c0, c1, c2, merge, np.int64(plane), n1, n2)


@inner
def prolong_plane(x, e, merge, i, n1, n2):  # type: ignore[no-untyped-def]
    """Add to the cells of a plane the correction of the coarse cells that cover them."""
    for j in range(n1):
        unfold(x, e, i, j, i // merge[0], j // merge[1], n2, merge[2])


@compiled_parallel
def prolong(x, e, merge):  # type: ignore[no-untyped-def]
    """Add to every fine cell the correction of the coarse cell that covers it."""
    n1, n2 = x.shape[1], x.shape[2]
    x = flat(x)
    for plane in prange(x.shape[0]):
        prolong_plane(x, e, merge, np.int64(plane), n1, n2)
