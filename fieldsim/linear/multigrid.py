"""Conjugate gradients with a matrix-free geometric multigrid cycle, for GridOperator in one to three dimensions.

Cells merge in pairs; the correction is constant on a coarse cell, and coarse couplings are kept between half and
all of what that implies ("over-correction", Braess, Computing 55, 1995), so jumps of any size do no harm. The W-cycle
with red-black Gauss-Seidel, in reversed order after the correction, is symmetric and positive.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fieldsim.errors import InvalidInput, must
from fieldsim.kernels import conjugate, multigrid
from fieldsim.linear.grid_operator import GridOperator
from fieldsim.linear.multigrid_levels import Level, build_levels

Array = NDArray[np.float64]


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
        self._levels = build_levels(operator)
        self.singular = not bool(operator.diagonal.any())

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of unknowns on each level, fine to coarse."""
        return tuple(level.d.size for level in self._levels)

    def apply(self, b: Array) -> Array:
        """Return one symmetric cycle's approximate solution of A x = b, in the shape of `b` (flat or the grid's)."""
        fine = self._levels[0]
        result = np.empty(fine.shape)
        self._cycle(0, result, np.ascontiguousarray(b, dtype=float).reshape(fine.shape))
        return result.reshape(b.shape)

    def solve(
        self, b: Array, guess: Array | None = None, rtol: float = 1e-10, limit: int = 200
    ) -> tuple[Array, int, list[float]]:
        """Return (x, iterations, relative residuals) once |b - A x| <= rtol |b|, or after `limit` iterations.

        The residuals are those of the recurrence of conjugate gradients: they drift from the true one by rounding.
        """
        fine = self._levels[0]
        right = np.ascontiguousarray(b, dtype=float).reshape(fine.shape)
        x = np.zeros(fine.shape) if guess is None else np.array(guess, dtype=float, order="C").reshape(fine.shape)
        r = np.empty(fine.shape)
        fine.residual(r, x, right)
        if self.singular:
            conjugate.remove_mean(r.reshape(-1))
        size = np.sqrt(conjugate.dot(right.reshape(-1), right.reshape(-1)))
        history = [np.sqrt(conjugate.dot(r.reshape(-1), r.reshape(-1))) / size if size > 0.0 else 0.0]
        if history[0] <= rtol:
            return x.reshape(b.shape), 0, history
        z, q = np.empty(fine.shape), np.empty(fine.shape)
        flat_x, flat_r, flat_z, flat_q = x.reshape(-1), r.reshape(-1), z.reshape(-1), q.reshape(-1)
        self._cycle(0, z, r)
        p = z.copy()
        flat_p = p.reshape(-1)
        work = conjugate.dot(flat_r, flat_z)
        iteration = 0
        while iteration < limit:
            energy = fine.product(q, p)
            if not (energy > 0.0 and work > 0.0):
                break
            iteration += 1
            squares = conjugate.advance(flat_x, flat_r, flat_p, flat_q, work / energy)
            history.append(float(np.sqrt(squares) / size))
            if history[-1] <= rtol:
                break
            self._cycle(0, z, r)
            before, work = work, conjugate.dot(flat_r, flat_z)
            conjugate.turn(flat_p, flat_z, work / before)
        return x.reshape(b.shape), iteration, history

    def _cycle(self, number: int, x: Array, b: Array) -> None:
        """Set x to the answer of one cycle for A x = b from a guess of zero."""
        level = self._levels[number]
        if level.factors is not None:
            level.factors.solve(x, b)
            return
        operator = level.couplings
        multigrid.start(x, b, level.w)
        multigrid.relax(x, b, level.w, *operator, 1)
        self._correct(number, x, b)
        multigrid.relax(x, b, level.w, *operator, 1)
        multigrid.relax(x, b, level.w, *operator, 0)

    def _correct(self, number: int, x: Array, b: Array) -> None:
        level, coarse = self._levels[number], self._levels[number + 1]
        multigrid.restrict(coarse.b, x, b, level.d, *level.couplings, *level.merge)
        self._cycle(number + 1, coarse.x, coarse.b)
        if coarse.factors is None and level.twice:
            coarse.residual(coarse.r, coarse.x, coarse.b)
            self._cycle(number + 1, coarse.e, coarse.r)
            coarse.x += coarse.e
        multigrid.prolong(x, coarse.x, *level.merge)


__all__ = ["GeometricMultigrid", "Level", "suits"]
