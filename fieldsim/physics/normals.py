"""Normals, centres and distances of straight-edged faces, and whether a tensor turns the flux away from a wall's."""

from __future__ import annotations

import numpy as np

from fieldsim.arrays import FloatArray
from fieldsim.meshes import Mesh, Side
from fieldsim.physics.finite_volume import wall_index

_TURNS = 1e-9


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


def wall_normals(mesh: Mesh, side: Side) -> tuple[FloatArray, FloatArray]:
    """Return unit normals of a side's faces in the components of K, (m, *side), and distances of the inner centres."""
    index = wall_index(side)
    if mesh.orthogonal:
        distance = mesh.half_distances(side.axis)[side.end][index]
        normal = np.zeros((mesh.ndim, *distance.shape))
        normal[side.axis] = 1.0
        return normal, distance
    vectors, places = face_vectors(mesh, side.axis)
    normal = vectors[(slice(None), *index)]
    normal = normal / np.sqrt(np.square(normal).sum(axis=0))
    gap = places[(slice(None), *index)] - mesh.points[(slice(None), *index)]
    return normal, np.abs((gap * normal).sum(axis=0))


def turns_flux(mesh: Mesh, side: Side, tensor: FloatArray) -> bool:
    """Return whether a tensor (m, m, *shape) turns a gradient along a wall's normal away from it."""
    normal, _ = wall_normals(mesh, side)
    flux = np.einsum("ij...,j...->i...", tensor[(slice(None), slice(None), *wall_index(side))], normal)
    across = flux - (flux * normal).sum(axis=0) * normal
    return bool((np.abs(across).max(axis=0) > _TURNS * np.abs(flux).max(axis=0)).any())
