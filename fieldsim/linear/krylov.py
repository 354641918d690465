"""Conjugate gradients with an aggregation multigrid cycle as preconditioner.

Smoother: two Chebyshev steps on D^-1 A. Coarse levels are entered by two steps of flexible conjugate
gradients (the K-cycle of Notay and Vassilevski, Numerical Linear Algebra with Applications 15, 2008), which
keeps the count of iterations nearly independent of the mesh. The outer iteration is flexible accordingly.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from fieldsim.linear.aggregation import Hierarchy, Level, build_hierarchy

Array = NDArray[np.float64]

_SMOOTHED_BAND = 4.0
_ENOUGH = 0.25


def dot(a: Array, b: Array) -> float:
    """Return the scalar product, always summed in the same order.

    A threaded BLAS would give other bits for another number of threads, and stall where threads compete.
    """
    return float(np.einsum("i,i->", a, b))


class Diagonal:
    """The diagonal as preconditioner: enough where it dominates, as in short time steps."""

    def __init__(self, matrix: sparse.csr_array) -> None:
        self._diagonal = np.asarray(matrix.diagonal(), dtype=float)

    def apply(self, residual: Array) -> Array:
        """Return an approximate solution of A x = residual."""
        result: Array = residual / self._diagonal
        return result


def dominance(matrix: sparse.csr_array) -> float:
    """Return Gershgorin's bound on the condition number of D^-1 A: (1 + r) / (1 - r), inf where r >= 1."""
    diagonal = np.asarray(matrix.diagonal(), dtype=float)
    radius = float((np.asarray(abs(matrix).sum(axis=1)).ravel() / diagonal).max()) - 1.0
    return (1.0 + radius) / (1.0 - radius) if radius < 1.0 else float("inf")


class Multigrid:
    """A prepared preconditioner: one K-cycle on the aggregation hierarchy of a matrix."""

    def __init__(self, matrix: sparse.csr_array, *, nullspace: bool = False) -> None:
        self._hierarchy: Hierarchy = build_hierarchy(matrix, nullspace=nullspace)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of unknowns on each level, fine to coarse."""
        return tuple(level.matrix.shape[0] for level in self._hierarchy.levels)

    def apply(self, residual: Array) -> Array:
        """Return an approximate solution of A x = residual."""
        return self._cycle(0, residual)

    def _cycle(self, number: int, b: Array) -> Array:
        level = self._hierarchy.levels[number]
        if level.prolongation is None or level.restriction is None:
            factors = self._hierarchy.coarsest
            return _smooth(level, None, b) if factors is None else factors.apply(b)
        x = _smooth(level, None, b)
        coarse = level.restriction @ (b - level.matrix @ x)
        x += level.prolongation @ self._enter(number + 1, coarse)
        return _smooth(level, x, b)

    def _enter(self, number: int, b: Array) -> Array:
        """Solve a coarse problem by one cycle, and by a second one where the first gained too little."""
        level = self._hierarchy.levels[number]
        first = self._cycle(number, b)
        if level.prolongation is None:
            return first
        image = level.matrix @ first
        energy, work = dot(first, image), dot(first, b)
        if not energy > 0.0:
            return first
        rest = b - (work / energy) * image
        if dot(rest, rest) <= _ENOUGH**2 * dot(b, b):
            return (work / energy) * first
        second = self._cycle(number, rest)
        second_image = level.matrix @ second
        mixed = dot(second, image)
        pure = dot(second, second_image) - mixed * mixed / energy
        if not pure > 0.0:
            return (work / energy) * first
        step = dot(second, rest) / pure
        return (work / energy - mixed * step / energy) * first + step * second


def _smooth(level: Level, x: Array | None, b: Array) -> Array:
    """Take two Chebyshev steps that damp the upper three quarters of the spectrum of D^-1 A; None is zero."""
    lowest = level.largest / _SMOOTHED_BAND
    middle, half = 0.5 * (level.largest + lowest), 0.5 * (level.largest - lowest)
    ratio = middle / half
    step = (b if x is None else b - level.matrix @ x) / (middle * level.diagonal)
    x = step if x is None else x + step
    weight = 1.0 / (2.0 * ratio - 1.0 / ratio)
    step = (weight / ratio) * step + (2.0 * weight / half) * (b - level.matrix @ x) / level.diagonal
    result: Array = x + step
    return result


def conjugate_gradients(
    product: Callable[[Array], Array],
    b: Array,
    guess: Array,
    precondition: Callable[[Array], Array],
    *,
    rtol: float,
    limit: int,
) -> tuple[Array, int]:
    """Return (x, iterations) once |b - A x| <= rtol |b| by the recurrence, or after `limit` iterations.

    Flexible conjugate gradients (Notay, SIAM Journal on Scientific Computing 22, 2000). The caller recomputes
    the true residual: the recurrence drifts from it by rounding.
    """
    x = guess.copy()
    residual = b - product(x)
    goal = rtol**2 * dot(b, b)
    if dot(residual, residual) <= goal:
        return x, 0
    z = precondition(residual)
    direction, work = z, dot(residual, z)
    for iteration in range(1, limit + 1):
        image = product(direction)
        energy = dot(direction, image)
        if not (energy > 0.0 and np.isfinite(work)):
            return x, iteration
        length = work / energy
        x += length * direction
        change = -length * image
        residual += change
        if dot(residual, residual) <= goal:
            return x, iteration
        z = precondition(residual)
        weight = dot(z, change) / work
        work = dot(residual, z)
        direction = z + weight * direction
    return x, limit
