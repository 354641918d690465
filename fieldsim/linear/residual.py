"""The true residual of an answer, r = b - A x, with the sums that judge it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from fieldsim.arrays import FloatArray
from fieldsim.linear.grid_operator import GridOperator

_PLANES_PER_SLAB = 16
_Arrays: TypeAlias = tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]


@dataclass(frozen=True)
class ResidualSums:
    """The sum of r = b - A x, the Euclidean norms of r, x and b, and the product of r with the diagonal's addition."""

    total: float
    norm: float
    answer: float
    right: float
    along: float


def residual_of(operator: GridOperator, x: FloatArray, b: FloatArray) -> FloatArray:
    """Return b - A x in the shape of b, the grid's or flat.

    Differences are taken before products, so that a constant x leaves no rounding from the couplings.
    """
    answer, right = np.reshape(x, operator.shape), np.reshape(b, operator.shape)
    if not operator.compiles:
        return (right - operator.apply(answer)).reshape(np.shape(b))
    from fieldsim.kernels.multigrid import residual

    x, b3, d, c0, c1, c2 = _with_three_axes(operator, answer, right)
    values, slabs = np.empty(d.shape), max(1, d.shape[0] // _PLANES_PER_SLAB)
    residual(values, x, b3, d, c0, c1, c2, np.arange(slabs + 1) * d.shape[0] // slabs)
    return values.reshape(np.shape(b))


def residual_sums(operator: GridOperator, x: FloatArray, b: FloatArray) -> ResidualSums:
    """Return what judges x, in one pass that stores no array; x and b are of the grid's shape or flat."""
    answer, right = np.reshape(x, operator.shape), np.reshape(b, operator.shape)
    if not operator.compiles:
        values = right - operator.apply(answer)
        pairs = ((values, values), (answer, answer), (right, right), (values, operator.diagonal))
        sums = np.array([values.sum(), *((one * other).sum() for one, other in pairs)])
    else:
        from fieldsim.kernels import residual

        given = _with_three_axes(operator, answer, right)
        planes = np.empty((given[0].shape[0], residual.SUMS))
        residual.residual_sums(planes, *given)
        sums = planes.sum(axis=0)
    norm, length, right_length = (float(value) for value in np.sqrt(sums[1:4]))
    return ResidualSums(float(sums[0]), norm, length, right_length, float(sums[4]))


def _with_three_axes(operator: GridOperator, x: FloatArray, b: FloatArray) -> _Arrays:
    """Return x, b, diagonal and couplings on three axes.

    Axes of one cell go between the first and the last one: planes are shared among threads, rows are long.
    """
    shape = operator.shape
    place, added = min(1, len(shape) - 1), 3 - len(shape)
    wide = (*shape[:place], *(1,) * added, *shape[place:])
    faces = iter(operator.couplings)
    couplings = []
    for axis, n in enumerate(wide):
        given = None if place <= axis < place + added else next(faces)
        # one cell has no neighbour but itself, which changes nothing
        count = 0 if given is None or n == 1 else n - (not operator.periodic[axis - added * (axis > place)])
        face = tuple(count if k == axis else m for k, m in enumerate(wide))
        couplings.append(np.zeros(face) if given is None or n == 1 else given.reshape(face))
    x, b, d = (np.ascontiguousarray(a.reshape(wide), dtype=float) for a in (x, b, operator.diagonal))
    c0, c1, c2 = (np.ascontiguousarray(c, dtype=float) for c in couplings)
    return x, b, d, c0, c1, c2
