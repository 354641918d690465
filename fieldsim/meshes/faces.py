"""Faces across an axis: Gauss-Legendre points on them with their shares of the area, areas, area vectors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from fieldsim.arrays import FloatArray
from fieldsim.meshes.mesh import Mesh
from fieldsim.meshes.quadrature import Along, at_points, over


@dataclass(frozen=True)
class FacePoints:
    """One point on every face: native coordinates of ALL axes (broadcastable), and its part of the area."""

    q: tuple[FloatArray, ...]
    areas: FloatArray


def face_points(mesh: Mesh, axis: int, count: int) -> Iterator[FacePoints]:
    """Yield `count` points for each axis along the faces across `axis`, shape `shape` with one more along `axis`.

    The areas count left-out axes in full, as `Mesh.face_areas` does, and sum to it but for the error of the rule.
    """
    nodes, weights = np.polynomial.legendre.leggauss(count)
    across = [other for other in range(mesh.ndim) if other != axis]
    shape = tuple(n + 1 if k == axis else n for k, n in enumerate(mesh.shape))
    factors = [i for i in range(mesh.dim) if i != mesh.axis_coordinate[axis]]
    for chosen in product(range(count), repeat=len(across)):
        along: list[Along] = [at_points(a.edges) for a in mesh.axes]
        for other, number in zip(across, chosen, strict=True):
            line = mesh.axes[other]
            half = 0.5 * line.widths
            along[other] = Along((line.centers + half * nodes[number])[:, None], (half * weights[number])[:, None])
        q = list(mesh.open_centers)
        for other, line_points in enumerate(along):
            q[mesh.axis_coordinate[other]] = mesh.along(line_points.points.ravel(), other)
        yield FacePoints(tuple(q), mesh.integral(along, factors, shape))


def areas_at_centers(mesh: Mesh, axis: int) -> FloatArray:
    """Return the areas of the surfaces across `axis` through the cell centres, shape `shape`."""
    along = [over(a.edges[:-1], a.edges[1:]) for a in mesh.axes]
    along[axis] = at_points(mesh.axes[axis].centers)
    factors = [i for i in range(mesh.dim) if i != mesh.axis_coordinate[axis]]
    return mesh.integral(along, factors, mesh.shape)


def face_vectors(mesh: Mesh, axis: int) -> tuple[FloatArray, FloatArray]:
    """Return the area vectors (along +axis) and centres of straight-edged faces across an axis, (dim, n + 1 ...)."""
    corners = mesh.corners

    def corner(*ends: int) -> FloatArray:
        others = [other for other in range(mesh.ndim) if other != axis]
        result = corners
        for other, end in zip(others, ends, strict=True):
            n = mesh.shape[other]
            result = result.take(range(end, n + end), other + 1)
        return result

    if mesh.ndim == 2:
        edge = corner(1) - corner(0)
        vectors = np.stack([edge[1], -edge[0]]) * (1.0 if axis == 0 else -1.0)
        return vectors, 0.5 * (corner(0) + corner(1))
    vectors = 0.5 * np.cross(corner(1, 1) - corner(0, 0), corner(0, 1) - corner(1, 0), axis=0)
    # the other two axes follow this one in turn, but for the middle one
    vectors *= -1.0 if axis == 1 else 1.0
    return vectors, 0.25 * (corner(0, 0) + corner(0, 1) + corner(1, 0) + corner(1, 1))
