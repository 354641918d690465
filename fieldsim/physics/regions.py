"""Regions that holes cut apart, and whether anything holds the unknown in each."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from fieldsim.arrays import BoolArray
from fieldsim.meshes import Mesh
from fieldsim.physics.bodies import Bodies


def loose_regions(mesh: Mesh, bodies: Bodies, holding: BoolArray) -> tuple[BoolArray, ...]:
    """Return the regions of connected cells that touch no held body and in no cell of which `holding` is true.

    Cells are connected through faces with an area; a floating body belongs to the region of all cells it touches.
    """
    if not bodies.any:
        return () if holding.any() else (np.ones(mesh.shape, dtype=bool),)
    number = np.arange(mesh.size).reshape(mesh.shape)
    afloat = np.zeros(mesh.shape, dtype=bool)
    first, second = [], []
    for body in bodies.afloat:
        afloat |= body.cells
        own = number[body.cells]
        first.append(own[:-1])
        second.append(own[1:])
    held = bodies.fixed & ~afloat
    holding = holding & ~bodies.idle
    for axis in range(mesh.ndim):
        n = mesh.shape[axis]
        count = n if mesh.axes[axis].periodic else n - 1
        area = np.moveaxis(mesh.face_areas(axis), axis, 0)[1 : count + 1]
        cells = np.moveaxis(number, axis, 0)
        a, b = cells[:count][area > 0.0], np.roll(cells, -1, 0)[:count][area > 0.0]
        gone = bodies.holes.ravel()
        open_faces = ~(gone[a] | gone[b])
        a, b = a[open_faces], b[open_faces]
        at_body = held.ravel()
        holding.ravel()[a[at_body[b]]] = True
        holding.ravel()[b[at_body[a]]] = True
        between = ~(at_body[a] | at_body[b])
        first.append(a[between])
        second.append(b[between])
    i, j = np.concatenate(first), np.concatenate(second)
    graph = sparse.coo_array((np.ones(i.size, dtype=bool), (i, j)), shape=(mesh.size, mesh.size))
    labels = connected_components(graph, directed=False)[1].reshape(mesh.shape)
    free = np.setdiff1d(labels[~bodies.idle], labels[holding])
    return tuple(labels == label for label in free)
