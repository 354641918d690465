"""Conjugate gradients with a matrix-free geometric multigrid cycle, for GridOperator in one to three dimensions.

Cells merge in pairs; the correction is constant on a coarse cell, and coarse couplings are kept between half and
all of what that implies ("over-correction", Braess, Computing 55, 1995), so jumps of any size do no harm. The W-cycle
with red-black Gauss-Seidel or lines, in reversed order after the correction, is symmetric and positive. It runs in
single precision, conjugate gradients around it in double.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fieldsim.errors import InvalidInput, must
from fieldsim.kernels import coarsening, conjugate, line_relaxation, multigrid
from fieldsim.kernels.multigrid_tail import cycle_small
from fieldsim.linear.grid_operator import GridOperator
from fieldsim.linear.multigrid_levels import Level, build_levels, dense, with_three_axes

Array = NDArray[np.float64]
Single = NDArray[np.float32]

_SMALL = 32768
# (kind, colour): two sweeps of red and black, in reversed order after the correction
_DOWN = np.array([(multigrid.START, 0), (multigrid.RELAX, 1), (multigrid.RELAX, 0), (multigrid.RELAX, 1)])
_DOWN_AGAIN = np.array([(multigrid.RELAX, 0), (multigrid.RELAX, 1)] * 2)
_UP = np.array([(multigrid.PROLONG, 0), *[(multigrid.RELAX, 1), (multigrid.RELAX, 0)] * 2])
_NOTHING = np.zeros((0, 0, 0), np.float32)


def suits(operator: GridOperator) -> str:
    """Return why multigrid cannot take an operator, or an empty string."""
    if not 1 <= len(operator.shape) <= 3:
        return f"multigrid takes grids of one to three axes; this one has {len(operator.shape)}"
    if operator.size == 0:
        return "the grid has no cells"
    if not all(np.isfinite(c.sum()) and (c.size == 0 or c.min() >= 0.0) for c in operator.couplings):
        return "a coupling is negative or not finite"
    if not (np.isfinite(operator.diagonal.sum()) and operator.diagonal.min() >= 0.0):
        return "what is added to the diagonal is negative or not finite"
    return ""


class GeometricMultigrid:
    """A prepared operator: coarse levels and work space, for any number of right-hand sides.

    Not safe for concurrent calls from several threads. Raises InvalidInput where `suits` gives a reason.
    """

    def __init__(self, operator: GridOperator) -> None:
        reason = suits(operator)
        if reason:
            raise InvalidInput(must("operator", "one with couplings and diagonal >= 0", reason, "Use method='auto'."))
        self.shape = operator.shape
        self.singular = not bool(operator.diagonal.any())
        d, couplings = with_three_axes(operator)
        self._operator = (d, *couplings)
        largest = max(float(values.max(initial=0.0)) for values in self._operator)
        self._scale = largest if largest > 0.0 else 1.0
        self.levels = build_levels(d, couplings, self._scale)
        large = sum(level.d.size > _SMALL for level in self.levels[:-1])
        self._large = self.levels[:large]
        self._tail = _Tail(self.levels[large:])
        # finite from the start: where a face is missing, zero times the value beyond is taken
        self._x = [*(np.zeros(level.shape, np.float32) for level in self._large), self._tail.x]
        self._b = [*(np.empty(level.shape, np.float32) for level in self._large), self._tail.b]

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of unknowns on each level, fine to coarse."""
        return tuple(level.d.size for level in self.levels)

    def apply(self, b: Array) -> Array:
        """Return one symmetric cycle's approximate solution of A x = b, in the shape of `b` (flat or the grid's)."""
        right = np.ascontiguousarray(b, dtype=float).reshape(-1)
        result = np.zeros(right.size)
        size = float(np.sqrt(conjugate.dot(right, right)))
        if size > 0.0:
            conjugate.scaled(result, self._x[0].reshape(-1), self._precondition(right, size))
        return result.reshape(b.shape)

    def solve(
        self, b: Array, guess: Array | None = None, rtol: float = 1e-10, limit: int = 200
    ) -> tuple[Array, int, list[float]]:
        """Return (x, iterations, relative residuals) once |b - A x| <= rtol |b|, or after `limit` iterations.

        The residuals are those of the recurrence of conjugate gradients: they drift from the true one by rounding.
        """
        d, planes = self._operator[0], self.levels[0].planes
        right = np.ascontiguousarray(b, dtype=float).reshape(d.shape)
        if guess is None:
            x, r = np.zeros(d.shape), right.copy()
        else:
            x, r = np.array(guess, dtype=float, order="C").reshape(d.shape), np.empty(d.shape)
            multigrid.residual(r, x, right, *self._operator, planes)
        if self.singular:
            conjugate.remove_mean(r.reshape(-1))
        whole = np.sqrt(conjugate.dot(right.reshape(-1), right.reshape(-1)))
        size = float(np.sqrt(conjugate.dot(r.reshape(-1), r.reshape(-1))))
        history = [size / whole if whole > 0.0 else 0.0]
        q, p, z = np.zeros(d.shape), np.zeros(d.shape), self._x[0]
        before = length = 0.0
        for iteration in range(1, limit + 1):
            if history[-1] <= rtol:
                return x.reshape(b.shape), iteration - 1, history
            scale = self._precondition(r.reshape(-1), size)
            work, along = (scale * dot for dot in conjugate.two_dots(z.reshape(-1), r.reshape(-1), q.reshape(-1)))
            # the new residual less the old one is -length q: rounding in the cycle does not spoil the directions
            weight = -length * along / before if iteration > 1 else 0.0
            energy = conjugate.turn(q, p, z, scale, weight, *self._operator, planes)
            if not (energy > 0.0 and work > 0.0):
                return x.reshape(b.shape), iteration - 1, history
            before, length = work, work / energy
            size = float(np.sqrt(conjugate.advance(x.reshape(-1), r.reshape(-1), p.reshape(-1), q.reshape(-1), length)))
            history.append(size / whole)
        return x.reshape(b.shape), limit, history

    def _precondition(self, b: Array, size: float) -> float:
        """Take one cycle for A x = b, flat, from a guess of zero; return what to multiply the finest x by.

        `size` is |b|, above 0.
        """
        conjugate.scaled(self._b[0].reshape(-1), b, 1.0 / size)
        self._cycle(0, again=False)
        return size / self._scale

    def _cycle(self, number: int, *, again: bool) -> None:
        """Improve a level's x by one cycle from a guess of zero, or from its present value where `again`."""
        if number == len(self._large):
            self._tail.cycle(again=again)
            return
        level, x, b = self._large[number], self._x[number], self._b[number]
        coarse_x, coarse_b = self._x[number + 1], self._b[number + 1]
        operator = (level.d, *level.couplings)
        if level.steps.size:
            if not again:
                x[:] = 0.0
            _take(level, x, b, range(len(level.steps)))
            multigrid.restrict(coarse_b, x, b, *operator, level.merge)
        else:
            down = _DOWN_AGAIN if again else _DOWN
            multigrid.run(down, coarse_b, x, b, level.w, *operator, _NOTHING, level.merge, level.cuts)
        for visit in range(self.levels[number + 1].visits):
            self._cycle(number + 1, again=visit > 0)
        if level.steps.size:
            multigrid.prolong(x, coarse_x, level.merge)
            _take(level, x, b, range(len(level.steps) - 1, -1, -1))
        else:
            multigrid.run(_UP, _NOTHING, x, b, level.w, *operator, coarse_x, level.merge, level.cuts)


def _take(level: Level, x: Single, b: Single, order: range) -> None:
    """Take relaxation steps in the order given."""
    none = (level.w, level.w, level.w)
    for number in order:
        step = level.steps[number]
        factors = level.factors.get(int(step[0]), none)
        line_relaxation.relax(x, b, level.w, *factors, *level.couplings, step)


class _Tail:
    """The small levels one behind the other in flat arrays, and the factors of the coarsest one."""

    def __init__(self, levels: list[Level]) -> None:
        first = levels[0]
        sizes = [[level.d.size, *(c.size for c in level.couplings)] for level in levels]
        begins = np.concatenate([np.zeros((1, 4), np.int64), np.cumsum(sizes, axis=0)[:-1]]).astype(np.int64)
        x, b = np.zeros((2, sum(s[0] for s in sizes)), np.float32)
        self.x, self.b = x[: first.d.size].reshape(first.shape), b[: first.d.size].reshape(first.shape)
        flat = [np.concatenate([level.w.ravel() for level in levels])]
        flat.append(np.concatenate([level.d.ravel() for level in levels]))
        flat += [np.concatenate([level.couplings[axis].ravel() for level in levels]) for axis in range(3)]
        self._fields = (x, b, *flat)
        self._shapes = np.array([[*lv.shape, *(c.shape[a] for a, c in enumerate(lv.couplings))] for lv in levels])
        self._begins = begins
        self._merges = np.array([level.merge for level in levels])
        self._visits = np.array([level.visits for level in levels])
        self._lines = _flat_lines(levels) if any(level.steps.size for level in levels) else None
        coupling, ground = dense(levels[-1])
        self._coarsest = (coupling, coarsening.eliminate(coupling, ground))

    def cycle(self, *, again: bool) -> None:
        """Improve x by one cycle, from zero or from its present value."""
        cycle_small(
            self._fields,
            self._shapes,
            self._begins,
            self._merges,
            self._visits,
            (_DOWN, _DOWN_AGAIN, _UP),
            self._lines,
            self._coarsest,
            again,
        )


def _flat_lines(levels: list[Level]) -> tuple[NDArray[Any], ...]:
    """Return the line steps of all levels, where each level's begin, all factors and where they begin."""
    steps: list[tuple[int, ...]] = []
    begins, factors, end = [0], [np.zeros(0, np.float32)], 0
    factor_begins: list[tuple[int, int, int]] = []
    for level in levels:
        slots = {}
        for axis, (inverse, lower, fill) in level.factors.items():
            slots[axis] = len(factor_begins)
            n = inverse.size
            factor_begins.append((end, end + n, end + 2 * n if fill.size else -1))
            factors += [inverse.ravel(), lower.ravel(), fill.ravel()]
            end += 2 * n + fill.size
        steps += [(*step, slots.get(int(step[0]), 0)) for step in level.steps.tolist()]
        begins.append(len(steps))
    return (
        np.array(steps, np.int64).reshape(-1, 6),
        np.array(begins, np.int64),
        np.concatenate(factors),
        np.array(factor_begins, np.int64).reshape(-1, 3),
    )
