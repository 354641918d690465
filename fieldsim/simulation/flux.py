"""The flux -K grad u as a vector field, from the flows through the faces of each cell.

Face flows are those of the finite volume, walls included. Between orthogonal faces the value at a centre is
interpolated between a cell's two faces; at r = 0 and the poles, faces have no area and the gradient through the pole is
taken. In a cell of any form it is (1/V) sum of flow out times (face centre - cell centre), exact for a constant flux.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fieldsim.arrays import FloatArray
from fieldsim.fields import ScalarField, VectorField
from fieldsim.meshes import Mesh
from fieldsim.meshes.faces import face_vectors
from fieldsim.operators import gradient
from fieldsim.physics import FiniteVolume

_LEAST_FOR_GRADIENT = 5


def flux_field(volume: FiniteVolume, u: FloatArray, t: float) -> VectorField:
    """Return the flux in the mesh's basis at the cell centres, in the equation's flux unit."""
    mesh = volume.mesh
    values = np.zeros((mesh.dim, *mesh.shape))
    u = volume.bodies.filled(t, np.where(volume.bodies.holes, 0.0, u))
    flows = volume.face_flows(t, u)
    if mesh.orthogonal:
        for axis, component in enumerate(mesh.axis_coordinate):
            areas = mesh.face_areas(axis)
            faces = np.divide(flows[axis], areas, out=np.zeros(areas.shape), where=areas > 0.0)
            values[component] = _to_centers(volume, faces, axis)
        _set_poles(volume, u, t, values)
    else:
        values = _from_moments(mesh, flows)
    values[:, volume.bodies.holes] = np.nan
    equation = volume.equation
    return VectorField.from_values(mesh, values, unit=equation.units.flux, name=equation.flux_name)


def _set_poles(volume: FiniteVolume, u: FloatArray, t: float, values: FloatArray) -> None:
    """Set the components across poles in the cells that touch them."""
    mesh = volume.mesh
    poles = [side for side in mesh.sides.values() if side.kind == "pole"]
    if not poles or min(mesh.shape) < _LEAST_FOR_GRADIENT:
        return
    slope = gradient(ScalarField.from_values(mesh, u)).values[list(mesh.axis_coordinate)]
    for side in poles:
        row = (slice(None),) * side.axis + (-1 if side.end else 0,)
        values[mesh.axis_coordinate[side.axis]][row] = volume.flux_of(t, u, slope)[side.axis][row]


def _from_moments(mesh: Mesh, flows: Sequence[FloatArray]) -> FloatArray:
    """Return Cartesian components from the flows through straight-edged faces."""
    total = np.zeros((mesh.dim, *mesh.shape))
    for axis, flow in enumerate(flows):
        n = mesh.shape[axis]
        _, places = face_vectors(mesh, axis)
        for end, sign in ((0, -1.0), (1, 1.0)):
            here = range(end, n + end)
            total += sign * flow.take(here, axis) * (places.take(here, axis + 1) - mesh.points)
    return total / mesh.volumes


def _to_centers(volume: FiniteVolume, faces: FloatArray, axis: int) -> FloatArray:
    n = volume.mesh.shape[axis]
    lower, upper = faces.take(range(n), axis), faces.take(range(1, n + 1), axis)
    below, above = volume.mesh.half_distances(axis)
    result: FloatArray = (lower * above + upper * below) / (below + above)
    return result
