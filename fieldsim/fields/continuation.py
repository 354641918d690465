"""How a field goes on beyond a pole: the value on the other side, with the sign of its component.

A point just beyond r = 0 at angle phi is the point just before it at phi + pi. A scalar keeps its value there; the
component along e_i keeps its value or changes sign with e_i (Mohseni & Colonius, J. Comput. Phys. 157 (2000) 787).
"""

from __future__ import annotations

import numpy as np

from fieldsim.arrays import FloatArray
from fieldsim.coordinates import Coordinates, Pole
from fieldsim.meshes import Mesh, Side


def continues(mesh: Mesh, side: Side) -> bool:
    """Tell whether the cells beyond a pole are cells of this mesh.

    They are not on a sector, with an odd number of cells around, or where the cells do not mirror each other.
    """
    if side.pole is None:
        return False
    for image in side.pole.images:
        number = mesh.coordinate_axis[image.axis]
        if number is None:
            continue
        axis = mesh.axes[number]
        if image.kind == "shift":
            if not (axis.periodic and axis.uniform and axis.cells % 2 == 0):
                return False
        elif not np.allclose(image.about - axis.centers[::-1], axis.centers, rtol=0.0, atol=1e-12):
            return False
    return True


def component_signs(coordinates: Coordinates, pole: Pole) -> tuple[int, ...]:
    """Return, a component, the sign it takes beyond a pole relative to the same point before it."""
    before = [np.asarray(at + 0.3) for at in coordinates.reference]
    before[pole.axis] = np.asarray(pole.at + 0.3 if pole.at <= coordinates.reference[pole.axis] else pole.at - 0.3)
    image = list(before)
    for other in pole.images:
        image[other.axis] = np.asarray(
            other.about - before[other.axis] if other.kind == "flip" else before[other.axis] + other.about
        )
    beyond = list(before)
    beyond[pole.axis] = np.asarray(2.0 * pole.at - before[pole.axis])
    here, there = coordinates.scale_factors(beyond), coordinates.scale_factors(image)
    directions = pole.signs(coordinates.dim)
    return tuple(int(np.sign(float(here[i]) / float(there[i]))) * directions[i] for i in range(coordinates.dim))


def layers_beyond(mesh: Mesh, side: Side, values: FloatArray, layers: int) -> FloatArray:
    """Return the `layers` layers of `values` (shape mesh.shape) beyond a pole, nearest first, unsigned."""
    cells = mesh.shape[side.axis]
    rows = np.arange(layers) if side.end == 0 else cells - 1 - np.arange(layers)
    result = np.take(values, rows, axis=side.axis)
    for image in side.pole.images if side.pole else ():
        number = mesh.coordinate_axis[image.axis]
        if number is None:
            continue
        if image.kind == "shift":
            result = np.roll(result, mesh.shape[number] // 2, axis=number)
        else:
            result = np.flip(result, axis=number)
    return result
