"""All small levels of a multigrid cycle in one call: a thread alone is done before others would have woken up.

Levels lie one behind the other in flat arrays. `shapes` (levels, 6) holds the cells along each axis and the number of
faces along each axis, `begins` (levels, 4) where cells and the faces of each axis begin.
"""

from __future__ import annotations

import numpy as np

from fieldsim.kernels.coarsening import substitute
from fieldsim.kernels.grid_rows import colours
from fieldsim.kernels.jit import compiled
from fieldsim.kernels.line_relaxation import relax_part
from fieldsim.kernels.multigrid import (
    FIRST,
    SECOND,
    gather_plane,
    prolong_plane,
    relax_plane,
    restrict_plane,
    start_plane,
)


@compiled
def _cells(flat, shapes, begin, level):  # type: ignore[no-untyped-def]
    n0, n1, n2 = shapes[level, 0], shapes[level, 1], shapes[level, 2]
    return flat[begin : begin + n0 * n1 * n2].reshape((n0, n1, n2))


@compiled
def _faces(flat, shapes, begins, level, axis):  # type: ignore[no-untyped-def]
    n0 = shapes[level, 3] if axis == 0 else shapes[level, 0]
    n1 = shapes[level, 4] if axis == 1 else shapes[level, 1]
    n2 = shapes[level, 5] if axis == 2 else shapes[level, 2]
    begin = begins[level, 1 + axis]
    return flat[begin : begin + n0 * n1 * n2].reshape((n0, n1, n2))


@compiled
def _relax(x, b, w, c0, c1, c2, colour):  # type: ignore[no-untyped-def]
    n0, n2 = x.shape[0], x.shape[2]
    t, none, mask = np.empty(n2), np.zeros(n2), colours(n2)
    for i in range(n0):
        relax_plane(x, b, w, c0, c1, c2, i, colour, t, none, mask)


@compiled
def _start(x, b, w):  # type: ignore[no-untyped-def]
    mask = colours(x.shape[2])
    for i in range(x.shape[0]):
        start_plane(x, b, w, i, mask)


@compiled
def _gather(rc, x, c0, c1, c2, merge):  # type: ignore[no-untyped-def]
    n2 = x.shape[2]
    t, total, none, mask = np.empty(n2), np.empty(n2), np.zeros(n2), colours(n2)
    for ic in range(rc.shape[0]):
        gather_plane(rc, x, c0, c1, c2, merge, ic, t, total, none, mask)


@compiled
def _restrict(rc, x, b, d, c0, c1, c2, merge):  # type: ignore[no-untyped-def]
    n2 = x.shape[2]
    t, total, none = np.empty(n2), np.empty(n2), np.zeros(n2)
    for ic in range(rc.shape[0]):
        restrict_plane(rc, x, b, d, c0, c1, c2, merge, ic, t, total, none)


@compiled
def _take_step(x, b, w, c0, c1, c2, shapes, level, factors, factor_begins, step):  # type: ignore[no-untyped-def]
    inverse, lower, fill = w, w, w
    if step[0] >= 0:
        slot = step[5]
        inverse = _cells(factors, shapes, factor_begins[slot, 0], level)
        lower = _cells(factors, shapes, factor_begins[slot, 1], level)
        if factor_begins[slot, 2] >= 0:
            fill = _cells(factors, shapes, factor_begins[slot, 2], level)
        else:
            fill = w[0:0]
    parts = x.shape[1] if step[0] == 0 else x.shape[0]
    for part in range(parts):
        relax_part(x, b, w, inverse, lower, fill, c0, c1, c2, step, part)


@compiled
def cycle_small(fields, shapes, begins, merges, visits, smoothing, coarsest, again):  # type: ignore[no-untyped-def]
    """Run a cycle on flat levels: x of the first level from its b, from zero, or from x where `again`.

    A level is cycled `visits[level]` times for every cycle of the level above it. Levels without steps in
    `smoothing` relax points in two colours.
    """
    x, b, w, d, c0, c1, c2 = fields
    steps, step_begins, factors, factor_begins = smoothing
    last = shapes.shape[0] - 1
    made = np.zeros(last + 1, np.int64)
    level, down, fresh = 0, True, not again
    while True:
        begin = begins[level, 0]
        xl, bl = _cells(x, shapes, begin, level), _cells(b, shapes, begin, level)
        if level == last:
            substitute(xl.reshape(xl.size), bl.reshape(bl.size), coarsest[0], coarsest[1])
            if last == 0:
                return
            down = False
            level -= 1
            continue
        g0, g1, g2 = (
            _faces(c0, shapes, begins, level, 0),
            _faces(c1, shapes, begins, level, 1),
            _faces(c2, shapes, begins, level, 2),
        )
        wl = _cells(w, shapes, begin, level)
        first_step, end_step = step_begins[level], step_begins[level + 1]
        simple = first_step == end_step
        if down:
            rc = _cells(b, shapes, begins[level + 1, 0], level + 1)
            if simple and fresh:
                _start(xl, bl, wl)
                _relax(xl, bl, wl, g0, g1, g2, SECOND)
                _gather(rc, xl, g0, g1, g2, merges[level])
            else:
                if simple:
                    _relax(xl, bl, wl, g0, g1, g2, FIRST)
                    _relax(xl, bl, wl, g0, g1, g2, SECOND)
                else:
                    if fresh:
                        xl[:] = 0.0
                    for s in range(first_step, end_step):
                        _take_step(xl, bl, wl, g0, g1, g2, shapes, level, factors, factor_begins, steps[s])
                _restrict(rc, xl, bl, _cells(d, shapes, begin, level), g0, g1, g2, merges[level])
            level += 1
            made[level] = 0
            fresh = True
            continue
        e = _cells(x, shapes, begins[level + 1, 0], level + 1)
        for i in range(xl.shape[0]):
            prolong_plane(xl, e, merges[level], i)
        if simple:
            _relax(xl, bl, wl, g0, g1, g2, SECOND)
            _relax(xl, bl, wl, g0, g1, g2, FIRST)
        else:
            for s in range(end_step - 1, first_step - 1, -1):
                _take_step(xl, bl, wl, g0, g1, g2, shapes, level, factors, factor_begins, steps[s])
        if level == 0:
            return
        made[level] += 1
        if made[level] < visits[level]:
            down, fresh = True, False
        else:
            level -= 1
