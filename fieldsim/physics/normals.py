"""Normals of walls and distances to them, and whether a tensor turns the flux away from a wall's."""

from __future__ import annotations

import numpy as np

from fieldsim.arrays import FloatArray
from fieldsim.meshes import Mesh, Side
from fieldsim.meshes.faces import face_vectors
from fieldsim.physics.finite_volume import wall_index

_TURNS = 1e-9


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
