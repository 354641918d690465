"""All small levels of a multigrid cycle in one call: a thread alone is done before others would have woken up.

Levels lie one behind the other in flat arrays. `shapes` (levels, 6) holds the cells along each axis and the number of
faces along each axis, `begins` (levels, 4) where cells and the faces of each axis begin.
"""

from __future__ import annotations

import numpy as np

from fieldsim.kernels.coarsening import substitute
from fieldsim.kernels.inner import inner
from fieldsim.kernels.jit import compiled
from fieldsim.kernels.line_relaxation import relax_part
from fieldsim.kernels.multigrid import buffers, flat, prolong_plane, restrict_rows, take_step


@inner
def _cells(flat, shapes, begin, level):  # type: ignore[no-untyped-def]
    n0, n1, n2 = shapes[level, 0], shapes[level, 1], shapes[level, 2]
    return flat[begin : begin + n0 * n1 * n2].reshape((n0, n1, n2))


@inner
def _faces(flat, shapes, begins, level, axis):  # type: ignore[no-untyped-def]
    n0 = shapes[level, 3] if axis == 0 else shapes[level, 0]
    n1 = shapes[level, 4] if axis == 1 else shapes[level, 1]
    n2 = shapes[level, 5] if axis == 2 else shapes[level, 2]
    begin = begins[level, 1 + axis]
    return flat[begin : begin + n0 * n1 * n2].reshape((n0, n1, n2))


@inner
def _take_steps(steps, x, b, w, c0, c1, c2, e, merge):  # type: ignore[no-untyped-def]
    n0, n1, n2 = x.shape
    t, _, none, mask = buffers(x, n1, n2)
    x, b, w, c0, c1, c2 = flat(x), flat(b), flat(w), flat(c0), flat(c1), flat(c2)
    for s in range(steps.shape[0]):
        for i in range(n0):
            take_step(steps[s], x, b, w, c0, c1, c2, e, merge, i, 0, n1, n1, n2, t, none, mask)


@inner
def _restrict(rc, x, b, d, c0, c1, c2, merge):  # type: ignore[no-untyped-def]
    n1, n2 = x.shape[1], x.shape[2]
    t, total, none, _ = buffers(x, n1, n2)
    x, b, d, c0, c1, c2 = flat(x), flat(b), flat(d), flat(c0), flat(c1), flat(c2)
    for ic in range(rc.shape[0]):
        restrict_rows(rc, x, b, d, c0, c1, c2, merge, ic, 0, rc.shape[1], n1, n2, t, total, none)


@inner
def _prolong(x, e, merge):  # type: ignore[no-untyped-def]
    n1, n2 = x.shape[1], x.shape[2]
    x = flat(x)
    for i in range(x.shape[0]):
        prolong_plane(x, e, merge, i, n1, n2)


@inner
def _relax_lines(x, b, w, c0, c1, c2, shapes, level, lines, number):  # type: ignore[no-untyped-def]
    steps, _, factors, factor_begins = lines
    step = steps[number]
    inverse, lower, fill = w, w, w
    if step[0] >= 0:
        slot = step[5]
        inverse = _cells(factors, shapes, factor_begins[slot, 0], level)
        lower = _cells(factors, shapes, factor_begins[slot, 1], level)
        ring = factor_begins[slot, 2] >= 0
        fill = _cells(factors, shapes, factor_begins[slot, 2], level) if ring else w[0:0]
    parts = x.shape[1] if step[0] == 0 else x.shape[0]
    for part in range(parts):
        relax_part(x, b, w, inverse, lower, fill, c0, c1, c2, step, part)


@compiled
def cycle_small(fields, shapes, begins, merges, visits, points, lines, coarsest, again):  # type: ignore[no-untyped-def]
    """Run a cycle on flat levels: x of the first level from its b, from zero, or from x where `again`.

    A level is cycled `visits[level]` times for every cycle of the level above it. Levels without steps in `lines`
    (None where no level has any: nothing of it is then compiled) take the steps of `points`.
    """
    x, b, w, d, c0, c1, c2 = fields
    down_fresh, down_again, up = points
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
        first_step, end_step = 0, 0
        if lines is not None:
            first_step, end_step = lines[1][level], lines[1][level + 1]
        simple = first_step == end_step
        if down:
            rc = _cells(b, shapes, begins[level + 1, 0], level + 1)
            if simple:
                _take_steps(down_fresh if fresh else down_again, xl, bl, wl, g0, g1, g2, rc, merges[level])
            else:
                if fresh:
                    xl[:] = 0.0
                if lines is not None:
                    for s in range(first_step, end_step):
                        _relax_lines(xl, bl, wl, g0, g1, g2, shapes, level, lines, s)
            _restrict(rc, xl, bl, _cells(d, shapes, begin, level), g0, g1, g2, merges[level])
            level += 1
            made[level] = 0
            fresh = True
            continue
        e = _cells(x, shapes, begins[level + 1, 0], level + 1)
        if simple:
            _take_steps(up, xl, bl, wl, g0, g1, g2, e, merges[level])
        else:
            _prolong(xl, e, merges[level])
            if lines is not None:
                for s in range(end_step - 1, first_step - 1, -1):
                    _relax_lines(xl, bl, wl, g0, g1, g2, shapes, level, lines, s)
        if level == 0:
            return
        made[level] += 1
        if made[level] < visits[level]:
            down, fresh = True, False
        else:
            level -= 1
