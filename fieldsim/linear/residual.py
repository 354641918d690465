"""The true residual of an answer, r = b - A x, with the sums that judge it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fieldsim.arrays import FloatArray
from fieldsim.linear.grid_operator import GridOperator

_SUMS = 5


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
    values = np.empty(operator.shape)
    _compiled(operator, values, np.empty((0, 0)), answer, right)
    return values.reshape(np.shape(b))


def residual_sums(operator: GridOperator, x: FloatArray, b: FloatArray) -> ResidualSums:
    """Return what judges x, in one pass that stores no array; x and b are of the grid's shape or flat."""
    answer, right = np.reshape(x, operator.shape), np.reshape(b, operator.shape)
    if not operator.compiles:
        values = right - operator.apply(answer)
        pairs = ((values, values), (answer, answer), (right, right), (values, operator.diagonal))
        sums = np.array([values.sum(), *((one * other).sum() for one, other in pairs)])
    else:
        planes = np.empty((operator.shape[0] if len(operator.shape) > 1 else 1, _SUMS))
        _compiled(operator, np.empty((0, 0, 0)), planes, answer, right)
        sums = planes.sum(axis=0)
    norm, length, right_length = (float(value) for value in np.sqrt(sums[1:4]))
    return ResidualSums(float(sums[0]), norm, length, right_length, float(sums[4]))


def _compiled(operator: GridOperator, values: FloatArray, sums: FloatArray, x: FloatArray, b: FloatArray) -> None:
    """Set `values` to b - A x and `sums` to the sums over each plane, each unless it is empty."""
    from fieldsim.kernels.residual import residual_and_sums

    shape = operator.shape
    # axes of one cell go between the first and the last one: planes are shared among threads, rows are long
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
    arrays = [np.ascontiguousarray(a.reshape(wide), dtype=float) for a in (x, b, operator.diagonal)]
    arrays += [np.ascontiguousarray(c, dtype=float) for c in couplings]
    target = values.reshape(wide) if values.size else values
    residual_and_sums(target, sums, *arrays)
