"""Stationary points of a field: grad f = 0, with their class by the eigenvalues of the Hessian.

Cells around which every component of the gradient may vanish are starts for Newton's method on the smooth interpolant.
Minimum: all eigenvalues positive; maximum: all negative; saddle: both signs; degenerate: one is zero within what the
mesh resolves, so that second derivatives do not decide.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np

from fieldsim.analysis.smooth import STEP, Derivatives, Smooth, cartesian_directions
from fieldsim.arrays import BoolArray, FloatArray, IntArray
from fieldsim.errors import InvalidInput, RankError, must
from fieldsim.fields import ScalarField, VectorField
from fieldsim.meshes import Mesh
from fieldsim.operators import gradient

Kind: TypeAlias = Literal["minimum", "maximum", "saddle", "degenerate"]
_KINDS: tuple[Kind, ...] = ("minimum", "saddle", "maximum", "degenerate")
_ROUNDING = 256.0 * float(np.finfo(float).eps)
_ITERATIONS = 60
_BATCH = 4096
# A first step of so many cells leads to no zero nearby.
_FAR = 4.0
# An eigenvalue that changes sign within this part of a cell is not told from zero.
_UNDECIDED = 1e-4
# Points of one kind within this part of a cell are one.
_SAME = 0.5


@dataclass(frozen=True)
class StationaryPoint:
    """A point where the gradient vanishes.

    `position` in Cartesian coordinates (left-out axes at their reference), `value` of the field, the Hessian's
    `eigenvalues` in rising order (along the axes the mesh has), and the class. `isolated` is False on a line or plateau
    of such points, of which this is one.
    """

    position: tuple[float, ...]
    value: float
    eigenvalues: tuple[float, ...]
    kind: Kind
    isolated: bool = True


class StationaryPoints(list[StationaryPoint]):
    """A list of stationary points that prints as a table."""

    def __init__(self, points: Iterable[StationaryPoint] = (), *, unit: str = "") -> None:
        super().__init__(points)
        self.unit = unit

    def of_kind(self, kind: Kind) -> StationaryPoints:
        """Return the points of one class."""
        return StationaryPoints([point for point in self if point.kind == kind], unit=self.unit)

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        if not self:
            return "no stationary point"
        dim = len(self[0].position)
        header = ["kind", *"xyz"[:dim], "value" + (f" [{self.unit}]" if self.unit else ""), "Hessian eigenvalues"]
        rows = [header]
        for point in self:
            place = [f"{x:.6g}" for x in point.position]
            kind = point.kind + ("" if point.isolated else " (not isolated)")
            rows.append([kind, *place, f"{point.value:.6g}", ", ".join(f"{e:.6g}" for e in point.eigenvalues)])
        widths = [max(len(row[c]) for row in rows) for c in range(len(header))]
        return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows)


def stationary_points(f: ScalarField) -> StationaryPoints:
    """Return all points inside the mesh where grad f = 0, with value, Hessian eigenvalues and class.

    Minima first, then saddles, maxima and degenerate points, each by rising value. Zero gradient is not yet a minimum:
    see `kind`. Features narrower than two cells may be missed. Raises RankError.
    """
    if isinstance(f, VectorField):
        raise RankError("stationary_points takes a scalar field; this is a vector field. Give the field it is grad of.")
    if not isinstance(f, ScalarField):
        raise RankError(must("f", "a scalar field", f, "Make one: fieldsim.ScalarField(mesh, 'x**2 + y**2')."))
    if min(f.mesh.shape) < 3:
        raise InvalidInput(
            must("f", "on a mesh of at least 3 cells along every axis", f.mesh.shape, "Refine the mesh.")
        )
    smooth = Smooth(f)
    directions = cartesian_directions(f.mesh)
    starts, plateaus = _starts(f, directions)
    batches = [_newton(smooth, starts[first : first + _BATCH], directions) for first in range(0, len(starts), _BATCH)]
    points = _classified(smooth, _Found.joined(batches), directions) if batches else []
    points += [_flat_point(f, cell, len(directions)) for cell in plateaus]
    points.sort(key=lambda point: (_KINDS.index(point.kind), point.value, point.position))
    return StationaryPoints(points, unit=f.unit)


# ---- where to start


def _starts(f: ScalarField, directions: tuple[int, ...]) -> tuple[FloatArray, list[tuple[int, ...]]]:
    """Return centres (n, dim) of cells around which the gradient may vanish, and one cell of every plateau."""
    from scipy import ndimage

    mesh = f.mesh
    slope = gradient(f, 4 if min(mesh.shape) >= 8 else 2).cartesian[list(directions)]
    known = np.all(np.isfinite(slope), axis=0)
    possible = known.copy()
    steepest = np.zeros(mesh.shape)
    for component in slope:
        low = _around(mesh, np.where(known, component, np.inf), highest=False)
        high = _around(mesh, np.where(known, component, -np.inf), highest=True)
        margin = 0.25 * np.where(known, high - low, 0.0)
        possible &= (low - margin <= 0.0) & (high + margin >= 0.0)
        steepest = np.maximum(steepest, np.where(known, np.maximum(np.abs(low), np.abs(high)), np.inf))
    size = float(np.abs(f.values[np.isfinite(f.values)]).max(initial=0.0))
    flat = known & (steepest * _shortest_width(mesh) <= _ROUNDING * size)
    labels, count = ndimage.label(flat)
    cells = []
    for place in range(1, count + 1):
        inside = np.argwhere(labels == place)
        middle = inside.mean(axis=0)
        cells.append(tuple(int(i) for i in inside[np.argmin(((inside - middle) ** 2).sum(axis=1))]))
    return mesh.points[:, possible & ~flat].T, cells


def _around(mesh: Mesh, values: FloatArray, *, highest: bool) -> FloatArray:
    """Return the highest or lowest value in a cell and its neighbours; cells that share a pole are all neighbours."""
    from scipy import ndimage

    choose = ndimage.maximum_filter1d if highest else ndimage.minimum_filter1d
    for number, axis in enumerate(mesh.axes):
        values = choose(values, 3, axis=number, mode="wrap" if axis.periodic else "nearest")
    for side in mesh.sides.values():
        if side.pole is None:
            continue
        layer: list[slice | int] = [slice(None)] * mesh.ndim
        layer[side.axis] = slice(-1, None) if side.end else slice(0, 1)
        images = [mesh.coordinate_axis[image.axis] for image in side.pole.images]
        rings = tuple(axis for axis in images if axis is not None)
        part = values[tuple(layer)]
        if rings:
            part = part.max(axis=rings, keepdims=True) if highest else part.min(axis=rings, keepdims=True)
        if None in images:
            # The other side of the pole is the mirror image, where a component may have the other sign.
            part = np.abs(part) if highest else -np.abs(part)
        values[tuple(layer)] = part
    return values


def _shortest_width(mesh: Mesh) -> FloatArray:
    """Return the shortest width of every cell that does not shrink towards a pole, shape broadcastable to the mesh."""
    shrinking = {image.axis for side in mesh.sides.values() if side.pole for image in side.pole.images}
    result: FloatArray = np.full((1,) * mesh.ndim, np.inf)
    for axis, number in enumerate(mesh.axis_coordinate):
        if number not in shrinking:
            result = np.minimum(result, mesh.along(mesh.axes[axis].widths, axis) * mesh.scale_factors[number])
    return result


# ---- Newton's method, many starts at once


@dataclass(frozen=True)
class _Found:
    """Points where the gradient vanishes: Cartesian places, what is known there, steps and sizes of their cells."""

    points: FloatArray
    known: Derivatives
    steps: FloatArray
    sizes: FloatArray
    away: FloatArray  # distance from the centre of the cell that found it

    @classmethod
    def joined(cls, parts: list[_Found]) -> _Found:
        known = (np.concatenate(arrays) for arrays in zip(*(part.known.arrays() for part in parts), strict=True))
        rest = [np.concatenate([getattr(part, name) for part in parts]) for name in ("steps", "sizes", "away")]
        return cls(np.concatenate([part.points for part in parts]), Derivatives(*known), *rest)

    def chosen(self, rows: IntArray | BoolArray) -> _Found:
        return _Found(self.points[rows], self.known.chosen(rows), self.steps[rows], self.sizes[rows], self.away[rows])


def _newton(smooth: Smooth, starts: FloatArray, directions: tuple[int, ...]) -> _Found:
    """Return the stationary points that Newton's method reaches from `starts` without leaving their neighbourhood.

    A step that makes the gradient larger is halved.
    """
    steps, sizes = smooth.steps_at(starts)
    here, before = starts.copy(), starts.copy()
    least = np.full(len(starts), np.inf)
    # How steep the field is around: what the gradient at the end is small against.
    steepness = np.zeros(len(starts))
    active, done = np.arange(len(starts)), np.zeros(len(starts), dtype=bool)
    for iteration in range(_ITERATIONS):
        if not active.size:
            break
        known = smooth.derivatives(here[active], steps[active], directions, home=starts[active])
        good: BoolArray = np.asarray(np.isfinite(known.gradient).all(axis=1))
        good &= np.isfinite(known.hessian).all(axis=(1, 2))
        active, known = active[good], known.chosen(good)
        length = np.linalg.norm(known.gradient, axis=1)
        steepness[active] = np.maximum(steepness[active], length)
        worse = np.asarray(length > least[active], dtype=np.bool_)
        if iteration >= _ITERATIONS // 2:
            worse = np.zeros(active.size, dtype=np.bool_)
        move = _step(known, steps[active])
        reach = np.linalg.norm(move, axis=1)
        move *= np.minimum(1.0, sizes[active] / np.maximum(reach, 1e-300))[:, None]
        back = 0.5 * (before[active] + here[active])
        onward = here[active]
        onward[:, list(directions)] += move
        before[active[~worse]], least[active[~worse]] = here[active[~worse]], length[~worse]
        here[active] = np.where(worse[:, None], back, onward)
        settled = (reach <= 1e-12 * sizes[active]) | (length <= 0.01 * _ROUNDING * known.sizes / steps[active])
        done[active[settled]] = True
        # Beyond its neighbourhood a zero has starts of its own.
        near = np.linalg.norm(here[active] - starts[active], axis=1) <= 1.5 * sizes[active]
        active = active[near & ((reach <= _FAR * sizes[active]) | worse) & ~settled]
    kept = np.concatenate([np.flatnonzero(done), active])
    return _accepted(smooth, here[kept], starts[kept], steepness[kept], directions)


def _step(known: Derivatives, steps: FloatArray) -> FloatArray:
    """Return -H^-1 g with eigenvalues at the level of rounding damped, not inverted."""
    eigenvalues, vectors = np.linalg.eigh(known.hessian)
    along = np.einsum("nij,ni->nj", vectors, known.gradient)
    noise = np.maximum(_ROUNDING * known.sizes / steps**2, 1e-150)
    damped = eigenvalues / (eigenvalues**2 + noise[:, None] ** 2)
    return np.asarray(-np.einsum("nij,nj->ni", vectors, along * damped))


def _accepted(
    smooth: Smooth, points: FloatArray, starts: FloatArray, steepness: FloatArray, directions: tuple[int, ...]
) -> _Found:
    """Keep the points in the mesh and near their start whose gradient vanishes."""
    mesh = smooth.mesh
    steps, sizes = smooth.steps_at(starts)
    known = smooth.derivatives(points, steps, directions, home=starts)
    length = np.linalg.norm(known.gradient, axis=1)
    far = np.linalg.norm(known.hessian, axis=(1, 2)) * sizes
    good = mesh.contains(points.T) & np.isfinite(length)
    good &= length <= 1e-7 * np.maximum(steepness, far) + _ROUNDING * known.sizes / steps
    away = points - starts
    if mesh.coordinates.name == "cartesian":
        # The polynomial of a cell speaks for that cell; a little beyond its faces, so that no zero falls between two.
        good &= np.all(np.abs(away) <= 0.75 * smooth.widths(starts).T, axis=1)
    result = _Found(points, known, steps, sizes, np.linalg.norm(away, axis=1)).chosen(good)
    return replace(result, points=_drawn(mesh, result.points))


def _drawn(mesh: Mesh, points: FloatArray) -> FloatArray:
    """Return points (n, dim) in the first period, left-out axes at their reference."""
    native = mesh.native(points.T)
    for number, axis in enumerate(mesh.coordinate_axis):
        if axis is None:
            native[number] = mesh.coordinates.reference[number]
    places = mesh.coordinates.to_cartesian(list(native))
    return np.stack(np.broadcast_arrays(*places), axis=1).astype(np.float64)


# ---- one of each


def _groups(mesh: Mesh, points: FloatArray, reach: FloatArray) -> IntArray:
    """Number the groups of points that chains of distances below `reach` connect, across Cartesian seams too."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    count = len(points)
    if count < 2:
        return np.zeros(count, dtype=np.int64)
    cloud = [points]
    labels = [np.arange(count)]
    if mesh.coordinates.name == "cartesian":
        for number, axis in enumerate(mesh.axes):
            if axis.periodic:
                shift = np.zeros(mesh.dim)
                shift[number] = axis.length
                near = points[:, number] - axis.edges[0] < reach.max()
                cloud.append(points[near] + shift)
                labels.append(np.flatnonzero(near))
    everywhere, label = np.concatenate(cloud), np.concatenate(labels)
    pairs = cKDTree(everywhere).query_pairs(float(reach.max()), output_type="ndarray")
    gaps = np.linalg.norm(everywhere[pairs[:, 0]] - everywhere[pairs[:, 1]], axis=1)
    one, two = label[pairs[:, 0]], label[pairs[:, 1]]
    close = gaps <= np.minimum(reach[one], reach[two])
    graph = coo_array((np.ones(int(close.sum())), (one[close], two[close])), shape=(count, count))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def _classified(smooth: Smooth, found: _Found, directions: tuple[int, ...]) -> list[StationaryPoint]:
    """Return each point once, with its class; lines of degenerate points count once too."""
    if not len(found.points):
        return []
    eigenvalues = np.asarray(np.linalg.eigvalsh(found.known.hessian), dtype=np.float64)
    noise = _ROUNDING * found.known.sizes / found.steps**2
    undecided = _UNDECIDED * _change_over_a_cell(smooth, found, directions) + noise
    degenerate = (np.abs(eigenvalues) <= undecided[:, None]).any(axis=1)
    falling = (eigenvalues < 0.0).sum(axis=1)
    result = []
    for count in range(len(directions) + 1):
        # Two points of one kind within a cell would need another between them, which the mesh cannot hold.
        rows = np.flatnonzero(~degenerate & (falling == count))
        groups = _groups(smooth.mesh, found.points[rows], _SAME * found.steps[rows] / STEP)
        kind: Kind = "minimum" if count == 0 else "maximum" if count == len(directions) else "saddle"
        for group in _members(groups, rows):
            nearest = int(group[np.argmin(found.away[group])])
            result.append(_point(smooth, found, eigenvalues, nearest, kind, isolated=True))
    rows = np.flatnonzero(degenerate)
    for chain in _members(_groups(smooth.mesh, found.points[rows], 2.5 * found.sizes[rows]), rows):
        middle = found.points[chain].mean(axis=0)
        distance = np.linalg.norm(found.points[chain] - middle, axis=1)
        nearest = int(chain[np.argmin(distance)])
        alone = bool(distance.max() <= 0.1 * found.sizes[nearest])
        result.append(_point(smooth, found, eigenvalues, nearest, "degenerate", isolated=alone))
    return result


def _members(groups: IntArray, rows: IntArray) -> list[IntArray]:
    """Return the rows of each group."""
    order = np.argsort(groups, kind="stable")
    ends = np.flatnonzero(np.diff(groups[order])) + 1
    return [part for part in np.split(rows[order], ends) if part.size]


def _change_over_a_cell(smooth: Smooth, found: _Found, directions: tuple[int, ...]) -> FloatArray:
    """Return how much the Hessian changes from each point to a cell away in any direction."""
    change = np.zeros(len(found.points))
    for k in directions:
        for sign in (-1.0, 1.0):
            beside = found.points.copy()
            beside[:, k] += sign * found.steps / STEP
            hessian = smooth.derivatives(beside, found.steps, directions, home=found.points).hessian
            gap = np.abs(hessian - found.known.hessian).max(axis=(1, 2))
            inside = smooth.mesh.contains(beside.T) & np.isfinite(gap)
            change = np.maximum(change, np.where(inside, gap, 0.0))
    return change


def _point(
    smooth: Smooth, found: _Found, eigenvalues: FloatArray, n: int, kind: Kind, *, isolated: bool
) -> StationaryPoint:
    # Rounding is not a place: what is a billionth of a cell from zero is zero.
    position = tuple(0.0 if abs(x) < 1e-9 * found.sizes[n] else float(x) for x in found.points[n])
    value = float(found.known.values[n]) + smooth.offset
    return StationaryPoint(position, value, tuple(float(e) for e in eigenvalues[n]), kind, isolated)


def _flat_point(f: ScalarField, cell: tuple[int, ...], k: int) -> StationaryPoint:
    position = tuple(float(component[cell]) for component in f.mesh.points)
    return StationaryPoint(position, float(f.values[cell]), (0.0,) * k, "degenerate", isolated=False)
