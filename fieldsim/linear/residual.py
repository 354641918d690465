"""The true residual of an answer, r = b - A x, with the sums that judge it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fieldsim.arrays import FloatArray
from fieldsim.linear.grid_operator import GridOperator

_COMPILED_ABOVE = 1 << 17


@dataclass(frozen=True)
class Residual:
    """r = b - A x, its sum, the Euclidean norms of r, x and b, and the product of r with the operator's `diagonal`."""

    values: FloatArray
    total: float
    norm: float
    answer: float
    right: float
    along: float


def residual_of(operator: GridOperator, x: FloatArray, b: FloatArray) -> Residual:
    """Return the residual of x, in the shape of b (the grid's or flat); large grids take one compiled pass.

    Differences are taken before products, so that a constant x leaves no rounding from the couplings.
    """
    answer, right = np.reshape(x, operator.shape), np.reshape(b, operator.shape)
    if operator.size < _COMPILED_ABOVE or len(operator.shape) > 3:
        values = right - operator.apply(answer)
        sums = np.array([values.sum(), (values**2).sum(), (answer**2).sum(), (right**2).sum(), 0.0])
        sums[4] = (values * operator.diagonal).sum()
    else:
        values, sums = _compiled(operator, answer, right)
    norm, length, right_length = (float(value) for value in np.sqrt(sums[1:4]))
    return Residual(values.reshape(np.shape(b)), float(sums[0]), norm, length, right_length, float(sums[4]))


def _compiled(operator: GridOperator, x: FloatArray, b: FloatArray) -> tuple[FloatArray, FloatArray]:
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
    values = np.empty(wide)
    return values.reshape(shape), residual_and_sums(values, *arrays)
