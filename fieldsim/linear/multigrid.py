"""Conjugate gradients with a matrix-free geometric multigrid cycle, for GridOperator in one to three dimensions.

Cells merge in pairs; the correction is constant on a coarse cell, and coarse couplings are kept between half and
all of what that implies ("over-correction", Braess, Computing 55, 1995), so jumps of any size do no harm. The W-cycle
with red-black Gauss-Seidel or lines, in reversed order after the correction, is symmetric and positive.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fieldsim.errors import InvalidInput, must
from fieldsim.kernels import coarsening, conjugate, line_relaxation, multigrid
from fieldsim.kernels.multigrid_tail import cycle_small
from fieldsim.linear.grid_operator import GridOperator
from fieldsim.linear.multigrid_levels import Level, build_levels, dense

Array = NDArray[np.float64]

_SMALL = 32768
# (kind, colour): two sweeps of red and black, in reversed order after the correction
_DOWN = np.array([(multigrid.START, 0), (multigrid.RELAX, 1), (multigrid.RELAX, 0), (multigrid.RELAX, 1)])
_DOWN_AGAIN = np.array([(multigrid.RELAX, 0), (multigrid.RELAX, 1)] * 2)
_UP = np.array([(multigrid.PROLONG, 0), *[(multigrid.RELAX, 1), (multigrid.RELAX, 0)] * 2])
_NOTHING = np.zeros((0, 0, 0))


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
        self.levels = build_levels(operator)
        large = sum(level.d.size > _SMALL for level in self.levels[:-1])
        self._large = self.levels[:large]
        self._tail = _Tail(self.levels[large:])
        self._x = [np.empty(level.shape) for level in self._large[1:]]
        self._b = [np.empty(level.shape) for level in self._large[1:]]
        if large:
            self._x.append(self._tail.x)
            self._b.append(self._tail.b)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of unknowns on each level, fine to coarse."""
        return tuple(level.d.size for level in self.levels)

    def apply(self, b: Array) -> Array:
        """Return one symmetric cycle's approximate solution of A x = b, in the shape of `b` (flat or the grid's)."""
        fine = self.levels[0]
        result = np.empty(fine.shape)
        self._precondition(result, np.ascontiguousarray(b, dtype=float).reshape(fine.shape))
        return result.reshape(b.shape)

    def solve(
        self, b: Array, guess: Array | None = None, rtol: float = 1e-10, limit: int = 200
    ) -> tuple[Array, int, list[float]]:
        """Return (x, iterations, relative residuals) once |b - A x| <= rtol |b|, or after `limit` iterations.

        The residuals are those of the recurrence of conjugate gradients: they drift from the true one by rounding.
        """
        fine = self.levels[0]
        operator = (fine.d, *fine.couplings)
        right = np.ascontiguousarray(b, dtype=float).reshape(fine.shape)
        if guess is None:
            x, r = np.zeros(fine.shape), right.copy()
        else:
            x, r = np.array(guess, dtype=float, order="C").reshape(fine.shape), np.empty(fine.shape)
            multigrid.residual(r, x, right, *operator, fine.planes)
        if self.singular:
            conjugate.remove_mean(r.reshape(-1))
        size = np.sqrt(conjugate.dot(right.reshape(-1), right.reshape(-1)))
        history = [float(np.sqrt(conjugate.dot(r.reshape(-1), r.reshape(-1))) / size) if size > 0.0 else 0.0]
        if history[0] <= rtol:
            return x.reshape(b.shape), 0, history
        z, q, p = np.empty(fine.shape), np.empty(fine.shape), np.zeros(fine.shape)
        before = 1.0
        weight = 0.0
        for iteration in range(1, limit + 1):
            self._precondition(z, r)
            work = conjugate.dot(r.reshape(-1), z.reshape(-1))
            weight = work / before if iteration > 1 else 0.0
            energy = conjugate.turn(q, p, z, weight, *operator, fine.planes)
            if not (energy > 0.0 and work > 0.0):
                return x.reshape(b.shape), iteration - 1, history
            squares = conjugate.advance(x.reshape(-1), r.reshape(-1), p.reshape(-1), q.reshape(-1), work / energy)
            history.append(float(np.sqrt(squares) / size))
            if history[-1] <= rtol:
                return x.reshape(b.shape), iteration, history
            before = work
        return x.reshape(b.shape), limit, history

    def _precondition(self, x: Array, b: Array) -> None:
        """Set x to the answer of one cycle for A x = b from a guess of zero."""
        if self._large:
            self._cycle(0, x, b, again=False)
        else:
            self._tail.b[:] = b
            self._tail.cycle(again=False)
            x[:] = self._tail.x

    def _cycle(self, number: int, x: Array, b: Array, *, again: bool) -> None:
        """Improve x by one cycle from a guess of zero, or from its present value where `again`."""
        if number == len(self._large):
            self._tail.cycle(again=again)
            return
        level = self._large[number]
        coarse_x, coarse_b = self._x[number], self._b[number]
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
            self._cycle(number + 1, coarse_x, coarse_b, again=visit > 0)
        if level.steps.size:
            multigrid.prolong(x, coarse_x, level.merge)
            _take(level, x, b, range(len(level.steps) - 1, -1, -1))
        else:
            multigrid.run(_UP, _NOTHING, x, b, level.w, *operator, coarse_x, level.merge, level.cuts)


def _take(level: Level, x: Array, b: Array, order: range) -> None:
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
        x, b = np.zeros(sum(s[0] for s in sizes)), np.zeros(sum(s[0] for s in sizes))
        self.x, self.b = x[: first.d.size].reshape(first.shape), b[: first.d.size].reshape(first.shape)
        flat = [np.concatenate([level.w.ravel() for level in levels])]
        flat.append(np.concatenate([level.d.ravel() for level in levels]))
        flat += [np.concatenate([level.couplings[axis].ravel() for level in levels]) for axis in range(3)]
        self._fields = (x, b, *flat)
        self._shapes = np.array([[*lv.shape, *(c.shape[a] for a, c in enumerate(lv.couplings))] for lv in levels])
        self._begins = begins
        self._merges = np.array([level.merge for level in levels])
        self._visits = np.array([level.visits for level in levels])
        self._smoothing = _flat_smoothing(levels)
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
            self._smoothing,
            self._coarsest,
            again,
        )


def _flat_smoothing(levels: list[Level]) -> tuple[NDArray[Any], ...]:
    """Return the line steps of all levels, where each level's begin, all factors and where they begin, point steps."""
    steps: list[tuple[int, ...]] = []
    begins, factors, end = [0], [np.zeros(0)], 0
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
        _DOWN,
        _DOWN_AGAIN,
        _UP,
    )
