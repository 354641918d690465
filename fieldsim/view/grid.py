"""The picture grid: cell centres with the boundary values around them, in Cartesian coordinates.

So that pictures reach the walls, an axis a centre c1 ... cn between edges e0 and en is drawn at e0, c1 ... cn, en.
Values at walls are given, or continued by the parabola through three cells, or the nearest cell's where these go up
and down; where two walls meet, the one that changes less counts more. A seam takes the value between its two sides, so
a full turn closes; axis and poles take the mean around them. Angles left out as a symmetry are swept out again, with
vectors turned along. Positions come from the mesh's own map, never (r, phi) as (x, y).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fieldsim.arrays import FloatArray
from fieldsim.coordinates import Pole
from fieldsim.fields import ScalarField, VectorField
from fieldsim.meshes import Mesh
from fieldsim.stencils import fornberg_weights

Walls = Mapping[str, FloatArray]
_MOST_POINTS = 4_000_000


@dataclass(frozen=True)
class Block:
    """A structured picture grid: points (..., 3) and values, (...) for scalars or (..., 3) Cartesian for vectors."""

    points: FloatArray
    values: FloatArray
    found: tuple[float, float] = (-np.inf, np.inf)  # the range of the cells and of the given walls

    def within(self, values: FloatArray) -> FloatArray:
        """Return values held to the range that was found: what is continued to a wall makes no colour limits."""
        return np.clip(values, *self.found)

    @property
    def ndim(self) -> int:
        """Number of array axes: 1 a line, 2 a patch, 3 a solid."""
        return self.points.ndim - 1


@dataclass(frozen=True)
class _Axis:
    """One axis of the picture grid before it is extended to its ends."""

    coordinate: int
    centers: FloatArray
    low: float
    high: float
    periodic: bool
    poles: tuple[Pole | None, Pole | None]
    name: str
    source: int | None = None  # the array axis it comes from; None where a symmetry is swept out
    first: int = 0  # of that array axis' cells, this one and every stride-th after it are drawn
    stride: int = 1

    @property
    def rows(self) -> slice:
        """The cells that are drawn."""
        return slice(self.first, None, self.stride)


def block(field: ScalarField | VectorField, *, turns: int = 96, walls: Walls | None = None, fine: int = 0) -> Block:
    """Return the picture grid of a field.

    `turns` angles sweep out an angle that the mesh leaves out; 2 gives the two half-planes of a section, 0 keeps
    the mesh's own axes. `walls` maps sides to values over the side. `fine` asks for about so many points along each
    axis of a patch: between the mesh's own they are interpolated without new extremes, and round edges are round.
    """
    mesh = field.mesh
    axes = _picture_axes(mesh, turns)
    values = _swept(field, axes)
    order = sorted(range(len(axes)), key=lambda k: not any(axes[k].poles))
    positions: list[FloatArray] = [axis.centers for axis in axes]
    for k in order:
        values, positions[k] = _extended(values, axes, k, walls)
    if isinstance(field, ScalarField):
        values = _of_one_sign(values, field.values)
    if fine and len(axes) == 2 and np.isfinite(values).all():
        for k in range(2):
            values, positions[k] = _refined(values, positions[k], k, fine)
    return Block(_points(mesh, axes, positions), values, _found(field, walls))


def _found(field: ScalarField | VectorField, walls: Walls | None) -> tuple[float, float]:
    """Return the least and the greatest value of the cells and of the given walls."""
    known = np.concatenate([np.ravel(one) for one in (field.values, *(walls or {}).values())])
    known = known[np.isfinite(known)]
    return (float(known.min()), float(known.max())) if known.size else (-np.inf, np.inf)


def _of_one_sign(values: FloatArray, cells: FloatArray) -> FloatArray:
    """Return values without those below (above) zero where no cell lies below (above) zero."""
    if not (cells < 0.0).any():
        return np.maximum(values, 0.0)
    return values if (cells > 0.0).any() else np.minimum(values, 0.0)


def _stride(mesh: Mesh) -> int:
    """Return which share of the cells is drawn along each axis, so that a large mesh does not choke the picture."""
    return max(1, int(np.ceil((mesh.size / _MOST_POINTS) ** (1.0 / mesh.ndim))))


def _picture_axes(mesh: Mesh, turns: int) -> list[_Axis]:
    result = []
    coordinates = mesh.coordinates
    stride = _stride(mesh)
    for number, name in enumerate(coordinates.names):
        source = mesh.coordinate_axis[number]
        if source is not None:
            axis = mesh.axes[source]
            ends = tuple(mesh.sides[name + sign].pole for sign in "-+")
            low, high = float(axis.edges[0]), float(axis.edges[-1])
            first = stride // 2 if axis.cells > stride else 0
            centers, poles = axis.centers[first::stride], (ends[0], ends[1])
            result.append(_Axis(number, centers, low, high, axis.periodic, poles, name, source, first, stride))
        elif turns > 0 and _is_angle(mesh, number):
            low, high = coordinates.whole[number]
            if coordinates.periods[number] is not None:
                centers = coordinates.reference[number] + (high - low) * np.arange(turns) / turns
                result.append(_Axis(number, centers, low, high, turns > 2, (None, None), ""))
                continue
            count = max(turns // 2, 16) + 1
            centers = low + (np.arange(count) + 0.5) * (high - low) / count
            result.append(
                _Axis(
                    number, centers, low, high, False, (_pole_at(mesh, number, low), _pole_at(mesh, number, high)), ""
                )
            )
    return result


def _is_angle(mesh: Mesh, number: int) -> bool:
    return mesh.coordinates.periods[number] is not None or all(np.isfinite(mesh.coordinates.limits[number]))


def _pole_at(mesh: Mesh, number: int, place: float) -> Pole | None:
    poles = (p for p in mesh.coordinates.poles if p.axis == number and abs(p.at - place) < 1e-12)
    return next(poles, None)


def _native(mesh: Mesh, axes: list[_Axis], positions: list[FloatArray]) -> list[FloatArray]:
    """Return all native coordinates, broadcastable over the picture grid."""
    native: list[FloatArray] = [np.full((1,) * len(axes), at) for at in mesh.coordinates.reference]
    for k, (axis, where) in enumerate(zip(axes, positions, strict=True)):
        native[axis.coordinate] = where.reshape([-1 if j == k else 1 for j in range(len(axes))])
    return native


def _points(mesh: Mesh, axes: list[_Axis], positions: list[FloatArray]) -> FloatArray:
    shape = tuple(len(where) for where in positions)
    cartesian = mesh.coordinates.to_cartesian(_native(mesh, axes, positions))
    result = np.zeros((*shape, 3))
    for k, x in enumerate(cartesian):
        result[..., k] = x
    return result


def _swept(field: ScalarField | VectorField, axes: list[_Axis]) -> FloatArray:
    """Return values over the unextended picture grid: scalars (...), vectors (..., 3) in Cartesian components."""
    mesh = field.mesh
    shape = tuple(len(axis.centers) for axis in axes)
    inner = tuple(axis.rows if axis.source is not None else None for axis in axes)
    if isinstance(field, ScalarField):
        return np.array(np.broadcast_to(field.values[inner], shape))
    native = _native(mesh, axes, [axis.centers for axis in axes])
    basis = mesh.coordinates.basis(native)
    cartesian = np.einsum("ik...,i...->...k", basis, field.values[(slice(None), *inner)])
    result = np.zeros((*shape, 3))
    result[..., : mesh.dim] = cartesian
    return result


def _extended(values: FloatArray, axes: list[_Axis], k: int, walls: Walls | None) -> tuple[FloatArray, FloatArray]:
    """Return values and positions along axis k with its two ends added."""
    axis = axes[k]
    if axis.source is None and axis.poles == (None, None):
        if not axis.periodic:
            return values, axis.centers
        first = np.take(values, [0], axis=k)
        where = np.append(axis.centers, axis.centers[0] + axis.high - axis.low)
        return np.concatenate([values, first], axis=k), where
    ends = []
    for end in (0, 1):
        pole = axis.poles[end]
        place = (axis.low, axis.high)[end]
        if axis.periodic:
            ends.append(_at_seam(values, axis, k))
        elif pole is not None:
            ends.append(_at_pole(values, axes, k, end, pole))
        else:
            given = (walls or {}).get(axis.name + "-+"[end])
            if given is None:
                ends.append(_at_wall(values, axis, k, end, place))
            else:
                ends.append(_given(given, values, axes, k, end, place))
    joined = np.concatenate([np.expand_dims(ends[0], k), values, np.expand_dims(ends[1], k)], axis=k)
    return joined, np.concatenate([[axis.low], axis.centers, [axis.high]])


def _refined(values: FloatArray, positions: FloatArray, k: int, fine: int) -> tuple[FloatArray, FloatArray]:
    """Return values at points between the positions along axis k: monotone cubics (Fritsch, Carlson 1980)."""
    from scipy.interpolate import PchipInterpolator

    parts = round(fine / len(positions))
    if parts < 2:
        return values, positions
    share = np.arange(parts) / parts
    between = (positions[:-1, None] + share * np.diff(positions)[:, None]).ravel()
    where = np.append(between, positions[-1])
    return np.asarray(PchipInterpolator(positions, values, axis=k)(where)), where


def _at_wall(values: FloatArray, axis: _Axis, k: int, end: int, place: float) -> FloatArray:
    """Return values continued to a wall; noise (up, down and not along a parabola) is not: its nearest cell stands."""
    there = _continued(values, axis, k, end, place, points=3)
    if len(axis.centers) < 4:
        return there
    near = [np.take(values, row if end == 0 else -1 - row, axis=k) for row in range(4)]
    first, second, third = (np.diff(np.stack(near), n=order, axis=0) for order in (1, 2, 3))
    rough = (first[0] * first[1] < 0.0) & (np.abs(third[0]) > 0.5 * np.abs(second[0]))
    return np.where(rough, near[0], there)


def _at_seam(values: FloatArray, axis: _Axis, k: int) -> FloatArray:
    """Return the value on the seam, between the last and the first cell."""
    first, last = np.take(values, 0, axis=k), np.take(values, -1, axis=k)
    before, after = axis.high - axis.centers[-1], axis.centers[0] - axis.low
    return np.asarray((last * after + first * before) / (before + after))


def _given(given: FloatArray, values: FloatArray, axes: list[_Axis], k: int, end: int, place: float) -> FloatArray:
    """Return given values over a side: repeated where swept out, grown by one at the ends that `values` reach.

    Along an edge two walls meet. Each is continued linearly to it, and the less a wall's values change on the way
    the more it counts: a wall held at one number keeps it up to the corner of an insulated wall; of two alike, the
    mean stands.
    """
    over = [axis for j, axis in enumerate(axes) if j != k]
    near = np.take(values, 0 if end == 0 else -1, axis=k)
    side = np.asarray(given, dtype=float)
    if all(axis.source is None for axis in over):
        side = side.reshape(())
    side = side[tuple(None if axis.source is None else axis.rows for axis in over)]
    grown = [n if axis.source is None else m for axis, n, m in zip(over, near.shape, np.shape(side), strict=True)]
    side = still = np.broadcast_to(side, grown)
    other = _continued(values, axes[k], k, end, place, points=2)
    edges = np.zeros(near.shape, dtype=bool)
    for j in sorted(range(len(over)), key=lambda i: not any(over[i].poles)):
        if side.shape[j] == near.shape[j]:
            continue
        ends = [_at_end(side, over, j, which, edges) for which in (0, 1)]
        side = np.concatenate([np.expand_dims(ends[0], j), side, np.expand_dims(ends[1], j)], axis=j)
    if not edges.any():
        return np.asarray(side)
    margins = [((n - m) // 2, (n - m + 1) // 2) for n, m in zip(near.shape, still.shape, strict=True)]
    still = np.pad(still, margins, mode="edge")
    least = 1e-9 * (np.abs(side) + np.abs(other)) + np.finfo(float).tiny
    own, others = np.abs(side - still) + least, np.abs(other - near) + least
    mixed = (others * side + own * other) / (own + others)
    return np.asarray(np.where(edges & np.isfinite(mixed), mixed, side))


def _at_end(side: FloatArray, axes: list[_Axis], j: int, end: int, edges: NDArray[np.bool_]) -> FloatArray:
    """Return a wall's values continued along axis j to its end, and mark it where another wall is met there."""
    axis = axes[j]
    if axis.periodic:
        return _at_seam(side, axis, j)
    pole = axis.poles[end]
    if pole is not None:
        return _at_pole(side, axes, j, end, pole)
    np.moveaxis(edges, j, 0)[-end] = True
    return _continued(side, axis, j, end, (axis.low, axis.high)[end], points=2)


def _at_pole(values: FloatArray, axes: list[_Axis], k: int, end: int, pole: Pole) -> FloatArray:
    """Return the mean around a pole of the values continued to it."""
    around = [j for j, axis in enumerate(axes) if axis.coordinate in [image.axis for image in pole.images]]
    # the mean over a whole turn is even in the distance from the pole; over a sector it is not
    whole = all(axes[j].periodic or axes[j].source is None or None not in axes[j].poles for j in around)
    there = _continued(values, axes[k], k, end, pole.at, points=2, even=whole)
    numbers = tuple(j if j < k else j - 1 for j in around)
    if not numbers:
        return there
    known = np.isfinite(there)
    count = known.sum(axis=numbers, keepdims=True)
    total = np.where(known, there, 0.0).sum(axis=numbers, keepdims=True)
    mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return np.array(np.broadcast_to(mean, there.shape))


def _continued(
    values: FloatArray, axis: _Axis, k: int, end: int, place: float, *, points: int, even: bool = False
) -> FloatArray:
    """Continue values to `place` by the polynomial through the nearest cells, in (q - place)^2 where `even`.

    Where one of these cells is cut out, the nearest cell's value stands.
    """
    points = min(points, len(axis.centers))
    rows = np.arange(points) if end == 0 else len(axis.centers) - 1 - np.arange(points)
    nodes = (axis.centers[rows] - place) ** (2 if even else 1)
    weights = fornberg_weights(np.zeros(1), nodes[None], 0)[0][0]
    shape = [-1 if j == k else 1 for j in range(values.ndim)]
    result = (np.take(values, rows, axis=k) * weights.reshape(shape)).sum(axis=k)
    return np.asarray(np.where(np.isfinite(result), result, np.take(values, rows[0], axis=k)))
