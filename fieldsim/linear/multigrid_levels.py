"""The levels of a geometric multigrid: coarse couplings, walls, relaxation steps, and the coarsest factors.

Walls are told from other additions to the diagonal by what the outermost cells have in excess of their neighbours: they
sit half a cell away, so on a coarse grid their conductance falls, while a storage term adds up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from fieldsim.kernels import coarsening, conjugate, line_relaxation
from fieldsim.linear.grid_operator import GridOperator
from fieldsim.linear.multigrid_plan import choose

Array = NDArray[np.float64]
Single = NDArray[np.float32]
Integers = NDArray[np.int64]
Couplings = tuple[Array, Array, Array]
LineFactors = tuple[Single, Single, Single]
Walls = dict[tuple[int, int], Array]

_COARSEST = 100
# thick enough for the steps of a pass on both sides of a cut
_PLANES_PER_SLAB = 16
# a W-cycle may cost so much more than a V-cycle
_WORK_OF_W = 1.4


@dataclass
class Level:
    """One grid of three axes: what is added to the diagonal, couplings, 1 / A_ii, and how it is relaxed.

    The numbers are held in single precision, in units in which the finest level's largest is 1.
    `merge` tells how many cells become one along each axis. `steps` are empty where points relax in two colours;
    else each row is (axis or -1, seam bits, parity), with the factors of its lines in `factors`.
    """

    d: Single
    couplings: tuple[Single, Single, Single]
    w: Single
    merge: Integers
    steps: Integers
    factors: dict[int, LineFactors]
    visits: int = 1

    @property
    def shape(self) -> tuple[int, int, int]:
        """Cells along each axis."""
        n0, n1, n2 = self.d.shape
        return n0, n1, n2

    @property
    def rings(self) -> tuple[bool, ...]:
        """Whether the last cell along each axis is coupled to the first."""
        return tuple(c.shape[axis] == n for axis, (c, n) in enumerate(zip(self.couplings, self.shape, strict=True)))

    @property
    def planes(self) -> Integers:
        """Planes at which slabs for several threads begin, and the end."""
        slabs = max(1, self.shape[0] // _PLANES_PER_SLAB)
        return np.arange(slabs + 1) * self.shape[0] // slabs

    @property
    def cuts(self) -> Integers:
        """The same for passes that take several steps: whole coarse planes a slab, nothing where it is too thin."""
        if self.shape[0] < _PLANES_PER_SLAB:
            return np.zeros(0, np.int64)
        return np.append(self.planes[:-1] // self.merge[0] * self.merge[0], self.shape[0])


def build_levels(d: Array, couplings: Couplings, scale: float) -> list[Level]:
    """Return the levels of an operator divided by `scale`, fine to coarse; the last is small enough for elimination."""
    walls = _walls(d)
    levels: list[Level] = []
    while True:
        own, first, second, third = (_single(values, scale) for values in (d, *couplings))
        w = np.empty(d.shape, np.float32)
        coarsening.inverse_diagonal(w, own, first, second, third)
        level = Level(own, (first, second, third), w, np.ones(3, np.int64), np.zeros((0, 5), np.int64), {})
        levels.append(level)
        if d.size <= _COARSEST:
            break
        merge, lines = choose(level.shape, couplings)
        level.merge = np.array(merge)
        _prepare_steps(level, lines)
        d, couplings, walls = _coarsen(level, d, couplings, walls)
    _set_visits(levels)
    return levels


def dense(level: Level) -> tuple[Array, Array]:
    """Return the couplings between all pairs of unknowns and the additions to the diagonal."""
    n = level.d.size
    coupling = np.zeros((n, n))
    number = np.arange(n).reshape(level.shape)
    for axis, c in enumerate(level.couplings):
        if c.size:
            lower = number.take(np.arange(c.shape[axis]), axis).ravel()
            upper = np.roll(number, -1, axis).take(np.arange(c.shape[axis]), axis).ravel()
            np.add.at(coupling, (lower, upper), c.ravel())
            np.add.at(coupling, (upper, lower), c.ravel())
    np.fill_diagonal(coupling, 0.0)
    return coupling, level.d.ravel().astype(float)


def _single(values: Array, scale: float) -> Single:
    result = np.empty(values.shape, np.float32)
    conjugate.scaled(result.reshape(-1), values.reshape(-1), 1.0 / scale)
    return result


def with_three_axes(operator: GridOperator) -> tuple[Array, Couplings]:
    """Return diagonal and couplings with axes of length 1 put in: before one axis, between two."""
    shape = operator.shape
    place = {1: (2,), 2: (0, 2), 3: (0, 1, 2)}[len(shape)]
    full = [1, 1, 1]
    for axis, n in zip(place, shape, strict=True):
        full[axis] = n
    couplings = []
    for axis in range(3):
        faces = list(full)
        faces[axis] = operator.couplings[place.index(axis)].shape[place.index(axis)] if full[axis] > 1 else 0
        given = operator.couplings[place.index(axis)] if faces[axis] else np.zeros(faces)
        couplings.append(np.ascontiguousarray(given, dtype=float).reshape(faces))
    first, second, third = couplings
    return np.ascontiguousarray(operator.diagonal, dtype=float).reshape(full), (first, second, third)


def _set_visits(levels: list[Level]) -> None:
    """Cycle coarse levels twice from some level on, as far up as the work allows.

    With over-corrected levels below, a cycle of single visits may overshoot more than twofold; doing it again
    would then no longer be positive. Double visits all the way down keep every eigenvalue below two.
    """
    sizes = [level.d.size for level in levels]
    for first in range(1, len(levels) - 1):
        times = [2 ** max(0, number - first + 1) for number in range(len(levels) - 1)]
        if sum(size * t for size, t in zip(sizes, times, strict=False)) <= _WORK_OF_W * sum(sizes):
            for level in levels[first:-1]:
                level.visits = 2
            return


def _prepare_steps(level: Level, lines: Sequence[int]) -> None:
    """Set the relaxation steps, and factor the lines, where two colours of points will not do."""
    odd = [ring and n % 2 == 1 and n > 1 for ring, n in zip(level.rings, level.shape, strict=True)]
    if not lines and not any(odd):
        return
    steps = []
    for axis in lines or (-1,):
        bits = [(0, 1) if odd[other] and other != axis else (0,) for other in range(3)]
        steps += [(axis, *seams, parity) for seams in product(*bits) for parity in (0, 1)]
    level.steps = np.array(steps)
    for axis in lines:
        inverse, lower = np.empty_like(level.d), np.empty_like(level.d)
        fill = np.empty_like(level.d) if level.rings[axis] else level.d[:0]
        line_relaxation.factor_lines(inverse, lower, fill, level.d, *level.couplings, axis)
        level.factors[axis] = (inverse, lower, fill)


def _side(axis: int, end: int) -> tuple[slice, ...]:
    index = [slice(None)] * 3
    index[axis] = slice(-1, None) if end else slice(0, 1)
    return tuple(index)


def _walls(d: Array) -> Walls:
    """Return what the diagonal has at each end of each axis in excess of the next cell.

    All walls of one cell together get no more than its diagonal.
    """
    walls = {}
    left = d.copy()
    for axis, n in enumerate(d.shape):
        for end in (0, 1):
            if n >= 3:
                here, inside = (n - 1, n - 2) if end else (0, 1)
                excess = np.maximum(d.take([here], axis) - d.take([inside], axis), 0.0)
                np.minimum(excess, left[_side(axis, end)], out=excess)
                if excess.any():
                    left[_side(axis, end)] -= excess
                    walls[axis, end] = excess
    return walls


def _coarsen(level: Level, fine_d: Array, fine_couplings: Couplings, walls: Walls) -> tuple[Array, Couplings, Walls]:
    merge = [int(f) for f in level.merge]
    shape = [(n + f - 1) // f for n, f in zip(level.shape, merge, strict=True)]
    couplings = []
    for axis, fine in enumerate(fine_couplings):
        faces = list(shape)
        faces[axis] = 0 if shape[axis] == 1 else shape[axis] - (not level.rings[axis])
        coarse = np.zeros(faces)
        if coarse.size:
            f0, f1, f2 = merge
            n0, n1, n2 = level.shape
            coarsening.coarse_couplings(coarse, fine, axis, f0, f1, f2, n0, n1, n2)
        couplings.append(coarse)
    d = np.empty(shape)
    coarsening.coarse_diagonal(d, fine_d, *fine_couplings, *merge)
    coarse_walls = {}
    for (axis, end), wall in walls.items():
        total, kept = _coarse_wall(level, fine_couplings[axis], wall, axis, end)
        side = _side(axis, end)
        d[side] = np.maximum(d[side] - (total - kept), 0.0)
        coarse_walls[axis, end] = kept
    first, second, third = couplings
    return d, (first, second, third), coarse_walls


def _coarse_wall(level: Level, couplings: Array, wall: Array, axis: int, end: int) -> tuple[Array, Array]:
    """Return the sum of a wall's conductances over each coarse face, and the conductance from the coarse middle."""
    n = level.shape[axis]
    chain = wall
    if level.merge[axis] == 2 and n > 1 and (end == 0 or n % 2 == 0):
        inner = couplings.take([n - 2 if end else 0], axis)
        with np.errstate(divide="ignore"):
            chain = 1.0 / (1.0 / wall + 0.5 / inner)
    total = wall
    for other, factor in enumerate(level.merge):
        if other != axis and factor == 2:
            starts = np.arange(0, level.shape[other], 2)
            total, chain = np.add.reduceat(total, starts, other), np.add.reduceat(chain, starts, other)
    return total, np.clip(chain, 0.5 * total, total)
