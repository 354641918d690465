"""The levels of a geometric multigrid: which axes to merge, coarse couplings, walls, and the coarsest factors."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fieldsim.kernels import coarsening, multigrid
from fieldsim.linear.grid_operator import GridOperator

Array = NDArray[np.float64]
Merge = tuple[int, int, int]
Couplings = tuple[Array, Array, Array]
Walls = dict[tuple[int, int], Array]

_COARSEST = 100


class Factors:
    """The factors of the coarsest matrix."""

    def __init__(self, level: Level) -> None:
        n = level.d.size
        coupling = np.zeros((n, n))
        number = np.arange(n).reshape(level.shape)
        for axis, c in enumerate(level.couplings):
            if c.size == 0:
                continue
            lower = number.take(np.arange(c.shape[axis]), axis)
            upper = np.roll(number, -1, axis).take(np.arange(c.shape[axis]), axis)
            np.add.at(coupling, (lower.ravel(), upper.ravel()), c.ravel())
            np.add.at(coupling, (upper.ravel(), lower.ravel()), c.ravel())
        np.fill_diagonal(coupling, 0.0)
        self._coupling = coupling
        self._pivots = coarsening.eliminate(coupling, level.d.ravel().copy())

    def solve(self, x: Array, b: Array) -> None:
        """Set x to the solution for b, with one unknown held at zero in every part that is not grounded."""
        coarsening.substitute(x.reshape(-1), b.reshape(-1), self._coupling, self._pivots)


@dataclass
class Level:
    """One grid of three axes: what is added to the diagonal, couplings, 1 / A_ii, and work space."""

    d: Array
    couplings: Couplings
    merge: Merge = (1, 1, 1)
    twice: bool = True
    factors: Factors | None = None
    w: Array = field(default_factory=lambda: np.empty((0, 0, 0)))
    x: Array = field(default_factory=lambda: np.empty((0, 0, 0)))
    b: Array = field(default_factory=lambda: np.empty((0, 0, 0)))
    r: Array = field(default_factory=lambda: np.empty((0, 0, 0)))
    e: Array = field(default_factory=lambda: np.empty((0, 0, 0)))

    @property
    def shape(self) -> tuple[int, int, int]:
        """Cells along each axis."""
        n0, n1, n2 = self.d.shape
        return n0, n1, n2

    @property
    def periodic(self) -> tuple[bool, bool, bool]:
        """Whether the last cell along each axis is coupled to the first."""
        first, second, third = (c.shape[a] == self.d.shape[a] for a, c in enumerate(self.couplings))
        return first, second, third

    def residual(self, r: Array, x: Array, b: Array) -> None:
        """Set r = b - A x."""
        multigrid.residual(r, x, b, self.d, *self.couplings)

    def product(self, q: Array, p: Array) -> float:
        """Set q = A p and return p . q."""
        return float(multigrid.product(q, p, self.d, *self.couplings))


def build_levels(operator: GridOperator) -> list[Level]:
    """Return the levels of an operator, fine to coarse, the last one factored."""
    level = _finest(operator)
    walls = _walls(level.d)
    levels = [level]
    while True:
        level.w = np.empty(level.shape)
        coarsening.inverse_diagonal(level.w, level.d, *level.couplings)
        if level.d.size <= _COARSEST:
            break
        level.merge = _choose(level)
        level, walls = _coarsen(level, walls)
        levels.append(level)
    level.factors = Factors(level)
    return levels


def _finest(operator: GridOperator) -> Level:
    lacking = 3 - len(operator.shape)
    shape = (1,) * lacking + operator.shape
    couplings = [np.zeros((0, *shape[1:]))] * min(lacking, 1) + [np.zeros((1, 0, shape[2]))] * max(lacking - 1, 0)
    for axis, c in enumerate(operator.couplings):
        full = (1,) * lacking + c.shape
        if operator.shape[axis] == 1:
            full = (*full[: axis + lacking], 0, *full[axis + lacking + 1 :])
        couplings.append(np.ascontiguousarray(c, dtype=float).reshape(full) if 0 not in full else np.zeros(full))
    first, second, third = couplings
    return Level(np.ascontiguousarray(operator.diagonal, dtype=float).reshape(shape), (first, second, third))


def _side(axis: int, end: int) -> tuple[slice, ...]:
    index = [slice(None)] * 3
    index[axis] = slice(-1, None) if end else slice(0, 1)
    return tuple(index)


def _walls(d: Array) -> Walls:
    """Return what the diagonal has at each end of each axis in excess of the next cell: a wall behind half a cell.

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


def _choose(level: Level) -> Merge:
    """Return by which factor to merge each axis."""
    strengths = [float(np.mean(c)) if c.size else 0.0 for c in level.couplings]
    strongest = max(s for s, n in zip(strengths, level.shape, strict=True) if n > 1)
    first, second, third = (
        2 if n > 1 and s >= 0.3 * strongest else 1 for s, n in zip(strengths, level.shape, strict=True)
    )
    return first, second, third


def _coarsen(level: Level, walls: Walls) -> tuple[Level, Walls]:
    merge = level.merge
    n0, n1, n2 = ((n + f - 1) // f for n, f in zip(level.shape, merge, strict=True))
    shape = (n0, n1, n2)
    couplings = []
    for axis, (fine, periodic) in enumerate(zip(level.couplings, level.periodic, strict=True)):
        faces = list(shape)
        faces[axis] = 0 if shape[axis] == 1 else shape[axis] if periodic else shape[axis] - 1
        coarse = np.zeros(faces)
        if coarse.size:
            coarsening.coarse_couplings(coarse, fine, axis, *merge, *level.shape)
        couplings.append(coarse)
    d = np.empty(shape)
    coarsening.coarse_diagonal(d, level.d, *level.couplings, *merge)
    coarse_walls = {}
    for (axis, end), wall in walls.items():
        total, kept = _coarse_wall(level, wall, axis, end)
        side = _side(axis, end)
        d[side] = np.maximum(d[side] - (total - kept), 0.0)
        coarse_walls[axis, end] = kept
    first, second, third = couplings
    coarse_level = Level(d, (first, second, third))
    coarse_level.x, coarse_level.b, coarse_level.r, coarse_level.e = (np.empty(shape) for _ in range(4))
    return coarse_level, coarse_walls


def _coarse_wall(level: Level, wall: Array, axis: int, end: int) -> tuple[Array, Array]:
    """Return the sum of a wall's conductances over each coarse face, and the conductance from the coarse middle."""
    n = level.shape[axis]
    chain = wall
    if level.merge[axis] == 2 and (end == 0 or n % 2 == 0):
        inner = level.couplings[axis].take([n - 2 if end else 0], axis)
        with np.errstate(divide="ignore"):
            chain = 1.0 / (1.0 / wall + 0.5 / inner)
    total = wall
    for other, factor in enumerate(level.merge):
        if other != axis and factor == 2:
            starts = np.arange(0, level.shape[other], 2)
            total, chain = np.add.reduceat(total, starts, other), np.add.reduceat(chain, starts, other)
    return total, np.clip(chain, 0.5 * total, total)
