"""Values between cell centres: cubic Lagrange interpolation along each axis, through poles and across the seam.

The result is exact for cubics in the mesh's own coordinates (so for quadratics on a Cartesian mesh) and fourth-order
accurate on every mesh, up to the walls.
"""

from __future__ import annotations

from itertools import product

import numpy as np

from fieldsim.arrays import FloatArray, IntArray
from fieldsim.fields.continuation import component_signs, continues, layers_beyond
from fieldsim.meshes import Mesh, Side
from fieldsim.stencils import fornberg_weights

_POINTS = 4
_LAYERS = 2


class Interpolator:
    """A field prepared for many look-ups; values have shape (components, *mesh.shape).

    `vector` says that the components are the mesh's own, which change sign beyond poles.
    """

    def __init__(self, mesh: Mesh, values: FloatArray, *, vector: bool) -> None:
        self.mesh = mesh
        self._values = values
        self._positions: list[FloatArray] = []
        for axis in range(mesh.ndim):
            self._extend(axis, vector=vector)

    def __call__(self, native: FloatArray) -> FloatArray:
        """Return the components at native coordinates (dim, n): shape (components, n)."""
        starts, weights = [], []
        for axis, positions in enumerate(self._positions):
            start, weight = _axis_weights(positions, native[self.mesh.axis_coordinate[axis]])
            starts.append(start)
            weights.append(weight)
        result = np.zeros((self._values.shape[0], native.shape[1]))
        for offsets in product(*(range(weight.shape[1]) for weight in weights)):
            index = tuple(start + offset for start, offset in zip(starts, offsets, strict=True))
            corner = np.stack([component[index] for component in self._values])
            factor = np.ones(native.shape[1])
            for weight, offset in zip(weights, offsets, strict=True):
                factor = factor * weight[:, offset]
            result += factor * corner
        return result

    def _extend(self, number: int, *, vector: bool) -> None:
        """Add layers beyond the joined ends of one axis; a pole's images are later axes, not yet extended."""
        axis = self.mesh.axes[number]
        layers = min(_LAYERS, axis.cells)
        values, positions = [self._values], [axis.centers]
        for end in (0, 1):
            side = self.mesh.sides[axis.name + "-+"[end]]
            rows = np.arange(axis.cells - layers, axis.cells) if end == 0 else np.arange(layers)
            if side.kind == "seam":
                extra = np.take(self._values, rows, axis=number + 1)
                where = axis.centers[rows] + (axis.length if end else -axis.length)
            elif side.pole is not None and continues(self.mesh, side):
                extra = self._beyond(side, layers, vector=vector)
                where = 2.0 * side.pole.at - axis.centers[::-1][:layers]
                if end == 0:
                    extra = np.flip(extra, axis=number + 1)
                    where = 2.0 * side.pole.at - axis.centers[:layers][::-1]
            else:
                continue
            values = [*values, extra] if end else [extra, *values]
            positions = [*positions, where] if end else [where, *positions]
        self._values = np.concatenate(values, axis=number + 1) if len(values) > 1 else self._values
        self._positions.append(np.concatenate(positions))

    def _beyond(self, side: Side, layers: int, *, vector: bool) -> FloatArray:
        """Return the layers beyond a pole, nearest first, with the sign of each component."""
        signs = (1,) * self._values.shape[0]
        if vector and side.pole is not None:
            signs = component_signs(self.mesh.coordinates, side.pole)
        return np.stack(
            [sign * layers_beyond(self.mesh, side, v, layers) for sign, v in zip(signs, self._values, strict=True)]
        )


def _axis_weights(positions: FloatArray, where: FloatArray) -> tuple[IntArray, FloatArray]:
    """Return the first of the points used for each place, and their weights."""
    points = min(_POINTS, positions.size)
    start = np.searchsorted(positions, where) - points // 2
    start = np.clip(start, 0, positions.size - points)
    nodes = positions[start[:, None] + np.arange(points)]
    return start.astype(np.int64), fornberg_weights(where, nodes, 0)[0]
