"""Values between centres where conduction is the energy form: linear between centres, faces, edges and vertices.

On faces stand the values that make the flow continuous, so that jumps of K are met; at edges and vertices the mean of
u + sum over axes of (face value - u) in the cells around, exact for linear fields.
"""

from __future__ import annotations

from itertools import combinations, product

import numpy as np

from fieldsim.arrays import FloatArray
from fieldsim.physics import EnergyVolume


def values_askew(volume: EnergyVolume, t: float, u: FloatArray, native: FloatArray) -> FloatArray:
    """Return values at native points (ndim, n) inside the mesh, shape (n,); NaN in holes."""
    # imported here: SciPy's interpolation is slow to import
    from scipy.interpolate import RegularGridInterpolator

    nodes = _nodes(volume, t, u)
    places, cells = [], []
    for axis, q in zip(volume.mesh.axes, native, strict=True):
        cell = np.clip(np.searchsorted(axis.edges, q, side="right") - 1, 0, axis.cells - 1)
        low, middle, high = axis.edges[cell], axis.centers[cell], axis.edges[cell + 1]
        part = np.where(q < middle, (q - low) / (middle - low), 1.0 + (q - middle) / (high - middle))
        places.append(2 * cell + part)
        cells.append(cell)
    lines = [np.arange(n, dtype=float) for n in nodes.shape]
    result: FloatArray = RegularGridInterpolator(lines, nodes)(np.stack(places, axis=-1))
    result[volume.bodies.holes[tuple(cells)]] = np.nan
    return result


def _nodes(volume: EnergyVolume, t: float, u: FloatArray) -> FloatArray:
    """Return values at centres (odd indices along all axes) and at faces, edges and vertices (even along some)."""
    mesh, holes = volume.mesh, volume.bodies.holes
    values = volume.face_state(t, u).values
    shape = tuple(2 * n + 1 for n in mesh.shape)
    total, count = np.zeros(shape), np.zeros(shape)
    rises = []
    for axis, faces in enumerate(values):
        both = (faces.take(range(end, mesh.shape[axis] + end), axis) for end in (0, 1))
        # faces that nothing crosses have the value of their cell
        rises.append([np.where(np.isfinite(face) & ~volume.bodies.fixed, face - u, 0.0) for face in both])
    for number in range(mesh.ndim + 1):
        for axes in combinations(range(mesh.ndim), number):
            for ends in product((0, 1), repeat=number):
                at = dict(zip(axes, ends, strict=True))
                index = tuple(
                    slice(2 * at[k], 2 * n + 2 * at[k], 2) if k in at else slice(1, None, 2)
                    for k, n in enumerate(mesh.shape)
                )
                own = u + sum((rises[axis][end] for axis, end in at.items()), np.zeros(u.shape))
                total[index] += np.where(holes, 0.0, own)
                count[index] += ~holes
    for axis, line in enumerate(mesh.axes):
        if line.periodic:
            for array in (total, count):
                moved = np.moveaxis(array, axis, 0)
                moved[0] += moved[-1]
                moved[-1] = moved[0]
    return np.divide(total, count, out=np.zeros(shape), where=count > 0.0)
