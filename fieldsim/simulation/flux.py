"""The flux -K grad u as a vector field, from the flows through the faces of each cell.

Face fluxes are those of the finite volume, wall faces by their half-cell law; the value at a centre is interpolated
between a cell's two faces. At r = 0 and the poles, faces have no area and the gradient through the pole is taken.
"""

from __future__ import annotations

import numpy as np

from fieldsim.arrays import FloatArray
from fieldsim.fields import ScalarField, VectorField
from fieldsim.linear.grid_operator import differences
from fieldsim.operators import gradient
from fieldsim.physics import FiniteVolume, wall_index

_LEAST_FOR_GRADIENT = 5


def flux_field(volume: FiniteVolume, u: FloatArray, t: float) -> VectorField:
    """Return the flux in the mesh's basis at the cell centres, in the equation's flux unit."""
    mesh = volume.mesh
    values = np.zeros((mesh.dim, *mesh.shape))
    u = volume.bodies.filled(t, np.where(volume.bodies.holes, 0.0, u))
    slope: VectorField | None = None
    for axis in range(mesh.ndim):
        component = mesh.axis_coordinate[axis]
        faces = face_fluxes(volume, u, t, axis)
        values[component] = _to_centers(volume, faces, axis)
        for side in mesh.sides.values():
            if side.axis != axis or side.kind != "pole":
                continue
            row = (slice(None),) * axis + (-1 if side.end else 0,)
            if min(mesh.shape) < _LEAST_FOR_GRADIENT:
                continue
            slope = gradient(ScalarField.from_values(mesh, u)) if slope is None else slope
            values[component][row] = -volume.conductivity_at(t, u)[row] * slope.values[component][row]
    values[:, volume.bodies.holes] = np.nan
    equation = volume.equation
    return VectorField.from_values(mesh, values, unit=equation.units.flux, name=equation.flux_name)


def face_fluxes(volume: FiniteVolume, u: FloatArray, t: float, axis: int) -> FloatArray:
    """Return the flux along +axis through every face (n + 1 along the axis); 0 on faces without area."""
    mesh, operator = volume.mesh, volume.operator_at(t, u)
    periodic = mesh.axes[axis].periodic
    flows = -operator.couplings[axis] * differences(u, axis, periodic=periodic)
    areas = mesh.face_areas(axis)
    along = np.moveaxis(np.zeros(areas.shape), axis, 0)
    moved = np.moveaxis(flows, axis, 0)
    if periodic:
        along[1:] = moved
        along[0] = moved[-1]
    else:
        along[1:-1] = moved
    area = np.moveaxis(areas, axis, 0)
    result = np.divide(along, area, out=np.zeros_like(along), where=area > 0.0)
    for state in volume.wall_states(t, u).values():
        side = state.wall.side
        if side.axis == axis:
            outward = np.where(volume.bodies.idle[wall_index(side)], 0.0, state.flux_out)
            result[-1 if side.end else 0] = outward if side.end else -outward
    return np.moveaxis(result, 0, axis)


def _to_centers(volume: FiniteVolume, faces: FloatArray, axis: int) -> FloatArray:
    n = volume.mesh.shape[axis]
    lower, upper = faces.take(range(n), axis), faces.take(range(1, n + 1), axis)
    below, above = volume.mesh.half_distances(axis)
    result: FloatArray = (lower * above + upper * below) / (below + above)
    return result
