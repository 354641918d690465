"""Values between the cell centres that respect the finite volume: linear between centres, faces and walls.

The value on a face is (u_i k_i/d_i + u_j k_j/d_j) / (k_i/d_i + k_j/d_j), where the flux is continuous: exact for
layers, and never outside the values around it. A contact resistance parts it in two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fieldsim.arrays import BoolArray, FloatArray, IntArray
from fieldsim.boundary import WallState
from fieldsim.meshes import Axis
from fieldsim.physics import EnergyVolume, FiniteVolume, wall_index
from fieldsim.simulation.sample_askew import values_askew


def values_at(volume: FiniteVolume, t: float, u: FloatArray, native: FloatArray) -> FloatArray:
    """Return values at native points (ndim, n) inside the mesh, shape (n,); NaN in holes."""
    # imported here: SciPy's interpolation is slow to import
    from scipy.interpolate import RegularGridInterpolator

    mesh, bodies = volume.mesh, volume.bodies
    if isinstance(volume, EnergyVolume):
        return values_askew(volume, t, bodies.filled(t, np.where(bodies.holes, 0.0, u)), native)
    shown = bodies.filled(t, np.where(bodies.holes, 0.0, u))
    walls = volume.wall_states(t, shown)
    layout: list[_Nodes] = []
    nodes, values = [], shown
    for axis, line in enumerate(mesh.axes):
        below, above = mesh.half_distances(axis)
        conductivity = volume.conductivity_at(t, u, axis)
        conductivity = np.where(bodies.fixed, np.inf, np.where(bodies.holes, 0.0, conductivity))
        extra = volume.contacts.across(axis, t)
        own = _Nodes(line.cells, twice=extra is not None)
        lower, upper = (_spread(conductivity / d, layout) for d in (below, above))
        ends: list[tuple[FloatArray, ...] | None] = [None, None]
        for state in walls.values():
            if state.wall.side.axis == axis:
                ends[state.wall.side.end] = tuple(_spread(x, layout) for x in _surface_law(state, bodies.idle))
        gap = None if extra is None else _spread(_all_faces(extra, axis, periodic=line.periodic), layout)
        values = _with_faces(values, axis, (lower, upper), ends, gap, periodic=line.periodic)
        layout.append(own)
        nodes.append(np.arange(own.size, dtype=float))
    cells, places = zip(*(_place(a, q, n) for a, q, n in zip(mesh.axes, native, layout, strict=True)), strict=True)
    result: FloatArray = RegularGridInterpolator(nodes, values)(np.stack(places, axis=-1))
    if bodies.holes.any():
        result[bodies.holes[cells]] = np.nan
    return result


@dataclass(frozen=True)
class _Nodes:
    """Where values stand along an axis: on every face and centre, faces `twice` where the unknown may jump there."""

    cells: int
    twice: bool

    @property
    def size(self) -> int:
        return 3 * self.cells if self.twice else 2 * self.cells + 1

    @property
    def neighbours(self) -> tuple[IntArray, IntArray]:
        """For every node the two cells whose mean stands there: a centre's are both its own."""
        each = 3 if self.twice else 2
        cell, part = np.arange(self.size) // each, np.arange(self.size) % each
        first = np.where(part == 0, cell - 1, cell)
        second = np.where(part == 2, cell + 1, cell)
        return np.maximum(first, 0), np.minimum(second, self.cells - 1)


def _place(axis: Axis, q: FloatArray, nodes: _Nodes) -> tuple[IntArray, FloatArray]:
    """Return the cells of native places along an axis, and the places counted in nodes."""
    cell: IntArray = np.clip(np.searchsorted(axis.edges, q, side="right") - 1, 0, axis.cells - 1).astype(np.int64)
    low, middle, high = axis.edges[cell], axis.centers[cell], axis.edges[cell + 1]
    part: FloatArray = np.where(q < middle, (q - low) / (middle - low), 1.0 + (q - middle) / (high - middle))
    return cell, (3 if nodes.twice else 2) * cell + part


def _all_faces(inner: FloatArray, axis: int, *, periodic: bool) -> FloatArray:
    """Return numbers of the faces between neighbours with those at the ends of the axis, 0 at walls."""
    pad = [(0, 0)] * inner.ndim
    pad[axis] = (1, 0 if periodic else 1)
    result = np.pad(inner, pad)
    if periodic:
        first, last = ((slice(None),) * axis + (end,) for end in (0, -1))
        result[first] = result[last]
    return result


def _surface_law(state: WallState, idle: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Return share and offset of surface value = (1 - share) * inner + offset, over a side."""
    law, conductance = state.law, state.wall.conductance
    free = ~idle[wall_index(state.wall.side)]
    return free * law.slope / conductance, free * (law.slope * law.reference - law.flux) / conductance


def _spread(cells: FloatArray, layout: Sequence[_Nodes]) -> FloatArray:
    """Return an array over cells with nodes along its first axes, where the mean of the two neighbours stands."""
    for axis, nodes in enumerate(layout):
        first, second = nodes.neighbours
        cells = 0.5 * (cells.take(first, axis) + cells.take(second, axis))
    return cells


def _with_faces(
    values: FloatArray,
    axis: int,
    conductances: tuple[FloatArray, FloatArray],
    ends: list[tuple[FloatArray, ...] | None],
    gap: FloatArray | None,
    *,
    periodic: bool,
) -> FloatArray:
    """Return values at faces and centres along an axis; an end without a value takes its cell's.

    With `gap`, the contact resistance of all faces, a face has a value on either side.
    """
    u, lower, upper = (np.moveaxis(x, axis, 0) for x in (values, *conductances))
    extra = np.zeros((len(u) + 1, *u.shape[1:])) if gap is None else np.moveaxis(gap, axis, 0)
    before, after = np.empty_like(extra), np.empty_like(extra)
    before[1:-1] = _surface(u[:-1], u[1:], upper[:-1], lower[1:], extra[1:-1])
    after[1:-1] = _surface(u[1:], u[:-1], lower[1:], upper[:-1], extra[1:-1])
    if periodic:
        before[0] = before[-1] = _surface(u[-1], u[0], upper[-1], lower[0], extra[0])
        after[0] = after[-1] = _surface(u[0], u[-1], lower[0], upper[-1], extra[0])
    else:
        for end, law in zip((0, -1), ends, strict=True):
            before[end] = after[end] = u[end] if law is None else (1.0 - law[0]) * u[end] + law[1]
    if gap is None:
        result = np.empty((2 * len(u) + 1, *u.shape[1:]))
        result[0::2], result[1::2] = before, u
    else:
        result = np.empty((3 * len(u), *u.shape[1:]))
        result[0::3], result[1::3], result[2::3] = after[:-1], u, before[1:]
    return np.moveaxis(result, 0, axis)


def _surface(a: FloatArray, b: FloatArray, g: FloatArray, h: FloatArray, gap: FloatArray) -> FloatArray:
    """Return the value on the a side of a face, 1/g from a and gap + 1/h from b.

    Holds also where one side conducts perfectly or neither at all.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        share = 1.0 / (1.0 + g * (gap + 1.0 / h))
    share = np.where(np.isnan(share), 0.5, share)
    result: FloatArray = a + share * (b - a)
    return result
