"""Values between the cell centres that respect the finite volume: linear between centres, faces and walls.

The value on a face is (u_i k_i/d_i + u_j k_j/d_j) / (k_i/d_i + k_j/d_j), where the flux is continuous: exact for
layers, and never outside the values around it.
"""

from __future__ import annotations

import numpy as np

from fieldsim.arrays import BoolArray, FloatArray
from fieldsim.boundary import WallState
from fieldsim.physics import FiniteVolume, wall_index


def values_at(volume: FiniteVolume, t: float, u: FloatArray, native: FloatArray) -> FloatArray:
    """Return values at native points (ndim, n) inside the mesh, shape (n,); NaN in holes."""
    # imported here: SciPy's interpolation is slow to import
    from scipy.interpolate import RegularGridInterpolator

    mesh, bodies = volume.mesh, volume.bodies
    conductivity = np.where(bodies.fixed, np.inf, np.where(bodies.holes, 0.0, volume.conductivity_at(t, u)))
    shown = bodies.filled(t, np.where(bodies.holes, 0.0, u))
    walls = volume.wall_states(t, shown)
    nodes, values = [], shown
    for axis, line in enumerate(mesh.axes):
        below, above = mesh.half_distances(axis)
        lower, upper = (_spread(conductivity / d, axis) for d in (below, above))
        ends: list[tuple[FloatArray, ...] | None] = [None, None]
        for state in walls.values():
            if state.wall.side.axis == axis:
                ends[state.wall.side.end] = tuple(_spread(x, axis) for x in _surface_law(state, bodies.idle))
        values = _with_faces(values, axis, (lower, upper), ends, periodic=line.periodic)
        points = np.empty(2 * line.cells + 1)
        points[0::2], points[1::2] = line.edges, line.centers
        nodes.append(points)
    result: FloatArray = RegularGridInterpolator(nodes, values)(native.T)
    if bodies.holes.any():
        cells = tuple(
            np.clip(np.searchsorted(a.edges, q, side="right") - 1, 0, a.cells - 1)
            for a, q in zip(mesh.axes, native, strict=True)
        )
        result[bodies.holes[cells]] = np.nan
    return result


def _surface_law(state: WallState, idle: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Return share and offset of surface value = (1 - share) * inner + offset, over a side."""
    law, conductance = state.law, state.wall.conductance
    free = ~idle[wall_index(state.wall.side)]
    return free * law.slope / conductance, free * (law.slope * law.reference - law.flux) / conductance


def _spread(cells: FloatArray, axes: int) -> FloatArray:
    """Return an array over cells with face nodes along its first `axes` axes, where its two neighbours' mean stands."""
    for axis in range(axes):
        count = np.arange(2 * cells.shape[axis] + 1)
        lower = cells.take(np.maximum(count - 1, 0) // 2, axis)
        cells = 0.5 * (lower + cells.take(np.minimum(count // 2, cells.shape[axis] - 1), axis))
    return cells


def _with_faces(
    values: FloatArray,
    axis: int,
    conductances: tuple[FloatArray, FloatArray],
    ends: list[tuple[FloatArray, ...] | None],
    *,
    periodic: bool,
) -> FloatArray:
    """Return values at faces and centres along an axis; an end without a value takes its cell's."""
    u, lower, upper = (np.moveaxis(x, axis, 0) for x in (values, *conductances))
    result = np.empty((2 * len(u) + 1, *u.shape[1:]))
    result[1::2] = u
    result[2:-1:2] = _between(u[:-1], u[1:], upper[:-1], lower[1:])
    if periodic:
        result[0] = result[-1] = _between(u[-1], u[0], upper[-1], lower[0])
    else:
        for end, law in zip((0, -1), ends, strict=True):
            result[end] = u[end] if law is None else (1.0 - law[0]) * u[end] + law[1]
    return np.moveaxis(result, 0, axis)


def _between(a: FloatArray, b: FloatArray, g: FloatArray, h: FloatArray) -> FloatArray:
    """Return (g a + h b)/(g + h), also where one conducts perfectly or neither at all."""
    with np.errstate(invalid="ignore", divide="ignore"):
        share = 1.0 / (1.0 + g / h)
    share = np.where(np.isnan(share), 0.5, share)
    result: FloatArray = a + share * (b - a)
    return result
