"""Integrals of fields: over the mesh, through surfaces, along paths.

integrate: sum_cells f V.  flux: surface integral of F.n dA, outward for sides and closed surfaces.  work and
circulation: line integral of F.dl. Quadratures are refined until the result stands still.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import fsum
from typing import TypeAlias, overload

import numpy as np

from fieldsim.analysis.paths import Path, Polygon, as_path
from fieldsim.analysis.surfaces import Box, Surface
from fieldsim.arrays import FloatArray
from fieldsim.errors import InvalidInput, RankError, must
from fieldsim.fields import ScalarField, VectorField
from fieldsim.meshes import Mesh, Side
from fieldsim.meshes.faces import face_vectors
from fieldsim.meshes.quadrature import Along, at_points, over
from fieldsim.meshes.quadrature import integrate as integrate_metric

# A vector field, or a function from Cartesian points (n, dim) to Cartesian components (n, dim).
VectorSource: TypeAlias = VectorField | Callable[[FloatArray], FloatArray]

# Between its cells a field is known no better than this; a function is.
_FIELD_ACCURACY = 1e-8
_FUNCTION_ACCURACY = 1e-11
_MOST_POINTS = 300_000
_BLOCK = 65536


@overload
def integrate(f: ScalarField) -> float: ...
@overload
def integrate(f: VectorField) -> FloatArray: ...
def integrate(f: ScalarField | VectorField) -> float | FloatArray:
    """Return the volume integral over the mesh: a number, or the Cartesian components (dim,) for a vector field.

    Second order: value at the cell centre times exact cell volume; a left-out axis counts in full (2 pi for phi).
    Cells that are cut out (NaN) do not count. Raises RankError.
    """
    if isinstance(f, ScalarField):
        return _volume_sum(f.mesh, f.values)
    if not isinstance(f, VectorField):
        raise RankError(must("f", "a scalar or vector field", f, "Make one: fieldsim.ScalarField(mesh, 'x*y')."))
    basis = _mean_basis(f.mesh)
    return np.array(
        [fsum(_volume_sum(f.mesh, f.values[i], basis[i, k]) for i in range(f.mesh.dim)) for k in range(f.mesh.dim)]
    )


def flux(F: VectorSource, surface: str | Surface | Path) -> float:
    """Return the flux of F through a surface: the integral of F.n dA.

    `surface` is a side of the mesh by name ("r+", outward), a surface (Sphere, Box, Disc, Cylinder, Parallelogram,
    Patch), or in the plane a path, whose positive side is on the right of travel: outward if counterclockwise.
    A function in place of a field takes points (n, dim) and returns Cartesian components. Raises InvalidInput.
    """
    if isinstance(surface, str):
        return _flux_through_side(F, surface)
    outline = surface.outline() if isinstance(surface, Box) else None
    target = outline if outline is not None else surface if isinstance(surface, Surface) else as_path(surface)
    dim = 3 if isinstance(target, Surface) else 2
    field = _sampler(F, dim, "flux through this surface")

    def total(panels: int) -> tuple[float, float, int]:
        points, areas = target.sample(panels)
        if points.shape[1] != dim:
            raise InvalidInput(must("surface", "a surface in space or a path in the plane", surface, "See flux."))
        if dim == 2:
            areas = np.stack([areas[:, 1], -areas[:, 0]], axis=1)
        return _projected(field, points, areas)

    return _refined(total, _FIELD_ACCURACY if isinstance(F, VectorField) else _FUNCTION_ACCURACY)


def work(F: VectorSource, path: object) -> float:
    """Return the work of F along a path: the integral of F.dl in the direction of travel.

    `path` is an array of points (n, dim) joined by straight lines, or a Line, Polygon, Circle or Curve. For F = -grad U
    it is U(start) - U(end) on every path. Raises InvalidInput where the path leaves the mesh.
    """
    track = as_path(path)
    dim = track.sample(1)[0].shape[1]
    field = _sampler(F, dim, "work along this path")

    def total(panels: int) -> tuple[float, float, int]:
        points, steps = track.sample(panels)
        return _projected(field, points, steps)

    return _refined(total, _FIELD_ACCURACY if isinstance(F, VectorField) else _FUNCTION_ACCURACY)


def circulation(F: VectorSource, path: object) -> float:
    """Return the circulation of F around a closed path: the integral of F.dl once around.

    `path` is as for `work`, but closed; an array of points is closed by a line from the last to the first.
    By Stokes it is the flux of curl F through any surface the path bounds. Raises InvalidInput.
    """
    track = as_path(path)
    if not isinstance(path, Path):
        track = Polygon(np.asarray(path, dtype=np.float64))
    if not track.closed:
        raise InvalidInput(must("path", "closed for a circulation", path, "Along an open path the integral is `work`."))
    return work(F, track)


# ---- volume


def _volume_sum(mesh: Mesh, values: FloatArray, factor: FloatArray | None = None) -> float:
    """Return the sum of values times volumes, in an order that does not depend on threads."""
    volumes = mesh.volumes.reshape(-1)
    flat = values.reshape(-1)
    weights = None if factor is None else np.broadcast_to(factor, mesh.shape).reshape(-1)
    parts = []
    for first in range(0, flat.size, _BLOCK):
        block = slice(first, first + _BLOCK)
        products = flat[block] * volumes[block]
        if weights is not None:
            products = products * weights[block]
        parts.append(float(np.nansum(products)))
    return fsum(parts)


def _mean_basis(mesh: Mesh) -> FloatArray:
    """Return e[i, k] averaged over left-out axes, weighted with volume: what a turning unit vector adds up to."""
    left = tuple(number for number, axis in enumerate(mesh.coordinate_axis) if axis is None)
    if not left or mesh.coordinates.name == "cartesian":
        return mesh.basis
    along = _centres_and_whole_turns(mesh)

    def mean(i: int, k: int) -> FloatArray:
        def component(q: Sequence[FloatArray]) -> FloatArray:
            return mesh.coordinates.tangents(q, i)[k] / mesh.coordinates.scale_factors(q)[i] * _volume_metric(mesh, q)

        return integrate_metric(component, along).squeeze(axis=left)

    volume = integrate_metric(lambda q: _volume_metric(mesh, q), along).squeeze(axis=left)
    result = np.zeros((mesh.dim, mesh.dim, *mesh.shape))
    for i in range(mesh.dim):
        for k in range(mesh.dim):
            result[i, k] = mean(i, k) / volume
    # What cancels over a turn must not leave rounding behind.
    result[np.abs(result) < 1e-12] = 0.0
    return result


def _centres_and_whole_turns(mesh: Mesh) -> list[Along]:
    """Take active coordinates at the centres and integrate left-out ones over their whole range, in four panels."""
    result = []
    for number, axis in enumerate(mesh.coordinate_axis):
        if axis is not None:
            result.append(at_points(mesh.axes[axis].centers))
        else:
            edges = np.linspace(*mesh.coordinates.whole[number], 5)
            panels = over(edges[:-1], edges[1:])
            result.append(Along(panels.points.reshape(1, -1), panels.weights.reshape(1, -1)))
    return result


def _volume_metric(mesh: Mesh, q: Sequence[FloatArray]) -> FloatArray:
    """Return the product of all scale factors."""
    result: FloatArray = np.ones(())
    for h in mesh.coordinates.scale_factors(q):
        result = result * np.asarray(h)
    return result


# ---- surfaces and paths


def _sampler(F: VectorSource, dim: int, what: str) -> Callable[[FloatArray], FloatArray]:
    """Return F as a function of Cartesian points (n, dim) that refuses points where it is not known."""
    if isinstance(F, ScalarField):
        raise RankError(f"{what} takes a vector field; this is a scalar field. Take its gradient first.")
    if isinstance(F, VectorField):
        if F.mesh.dim != dim:
            raise InvalidInput(
                must("points", f"of {F.mesh.dim} Cartesian components on this mesh", f"{dim}", "Match the mesh.")
            )
        raw: Callable[[FloatArray], FloatArray] = F.sampler()
    elif callable(F):
        raw = F
    else:
        raise RankError(must("F", "a vector field", F, "Make one: fieldsim.VectorField(mesh, ['-y', 'x'])."))

    def sample(points: FloatArray) -> FloatArray:
        vectors = np.asarray(raw(points), dtype=np.float64)
        if vectors.shape != points.shape:
            raise InvalidInput(
                must("F", f"a function giving components of shape {points.shape}", vectors.shape, "One row a point.")
            )
        bad = np.flatnonzero(~np.all(np.isfinite(vectors), axis=1))
        if bad.size:
            place = tuple(round(float(x), 12) for x in points[bad[0]])
            raise InvalidInput(
                must(what, "inside the mesh, away from cells that are cut out", place, "Move it, or enlarge the mesh.")
            )
        return vectors

    return sample


def _projected(
    field: Callable[[FloatArray], FloatArray], points: FloatArray, elements: FloatArray
) -> tuple[float, float, int]:
    """Return the sum of F.element, the sum of its absolute values, and the number of points."""
    parts, sizes = [], []
    for first in range(0, len(points), _BLOCK):
        block = slice(first, first + _BLOCK)
        products = np.einsum("nd,nd->n", field(points[block]), elements[block])
        parts.append(float(products.sum()))
        sizes.append(float(np.abs(products).sum()))
    return fsum(parts), fsum(sizes), len(points)


def _refined(total: Callable[[int], tuple[float, float, int]], accuracy: float) -> float:
    """Double the panels until the sum stands still against the sum of absolute values."""
    panels = 4
    value, size, points = total(panels)
    while True:
        panels *= 2
        finer, size, points = total(panels)
        if abs(finer - value) <= accuracy * size or points * 4 > _MOST_POINTS:
            return finer
        value = finer


def _flux_through_side(F: VectorSource, name: str) -> float:
    """Integrate the normal component over one end of the mesh, at two Gauss points a face and axis."""
    if not isinstance(F, VectorField):
        _sampler(F, 3, "flux")
        raise InvalidInput(must("surface", "a surface where F is a function", name, "A function has no sides."))
    mesh = F.mesh
    if name not in mesh.sides:
        raise InvalidInput(
            must("surface", f"a side ({', '.join(mesh.sides)}) or a surface", name, "For example 'x+' or Sphere(c, r).")
        )
    side = mesh.sides[name]
    if side.kind == "pole":
        return 0.0
    native, areas = _side_points(mesh, side)
    outward = 1.0 if side.end else -1.0
    sample = _sampler(F, mesh.dim, "flux")
    points = np.stack(np.broadcast_arrays(*mesh.coordinates.to_cartesian(list(native))), axis=1)
    return _projected(sample, points, outward * areas[:, None] * _normals(mesh, side, native))[0]


def _normals(mesh: Mesh, side: Side, native: FloatArray) -> FloatArray:
    """Return unit normals along the axis at the points of `_side_points`, (n, dim); one a face on skew meshes."""
    if mesh.orthogonal:
        normals: FloatArray = mesh.coordinates.basis(list(native))[mesh.axis_coordinate[side.axis]].T
        return normals
    vectors = face_vectors(mesh, side.axis)[0].take(-1 if side.end else 0, side.axis + 1).reshape(mesh.dim, -1)
    normal = vectors / np.sqrt(np.square(vectors).sum(axis=0))
    return np.repeat(normal, native.shape[1] // normal.shape[1], axis=1).T


def _side_points(mesh: Mesh, side: Side) -> tuple[FloatArray, FloatArray]:
    """Return native coordinates (dim, n) and areas (n,) of quadrature points on a side.

    The points of a face share its exact area in proportion to the metric, so that a constant field's flux is exact.
    """
    node = 0.5 / np.sqrt(3.0)
    q = []
    for number, axis in enumerate(mesh.coordinate_axis):
        if axis is None:
            q.append(np.array([[mesh.coordinates.reference[number]]]))
        elif axis == side.axis:
            q.append(mesh.axes[axis].edges[[-1 if side.end else 0], None])
        else:
            a = mesh.axes[axis]
            q.append(a.centers[:, None] + a.widths[:, None] * np.array([-node, node]))
    # Faces first, then the points of each face: (faces of every coordinate, points of every coordinate).
    faces, points = [part.shape[0] for part in q], [part.shape[1] for part in q]
    grid = []
    for number, part in enumerate(q):
        shape = [1] * (2 * mesh.dim)
        shape[number], shape[mesh.dim + number] = part.shape
        grid.append(np.broadcast_to(part.reshape(shape), (*faces, *points)).ravel())
    metric: FloatArray = np.ones((*faces, *points)).ravel()
    for number, factor in enumerate(mesh.coordinates.scale_factors(grid)):
        if number != mesh.axis_coordinate[side.axis]:
            metric = metric * np.asarray(factor)
    share = metric.reshape(int(np.prod(faces)), -1)
    exact = np.take(mesh.face_areas(side.axis), -1 if side.end else 0, axis=side.axis).reshape(-1, 1)
    return np.stack(grid), (exact * share / share.sum(axis=1, keepdims=True)).ravel()
