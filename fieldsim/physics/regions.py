"""Regions that holes cut apart, and whether anything holds the unknown in each."""

from __future__ import annotations

import numpy as np
from scipy import ndimage, sparse
from scipy.sparse.csgraph import connected_components

from fieldsim.arrays import BoolArray, IntArray
from fieldsim.meshes import Mesh
from fieldsim.physics.bodies import Bodies


def loose_regions(mesh: Mesh, bodies: Bodies, holding: BoolArray) -> tuple[BoolArray, ...]:
    """Return the regions of connected cells that touch no held body and in no cell of which `holding` is true.

    A floating body belongs to the region of all cells it touches, and seams join what lies on both sides.
    """
    if not bodies.any:
        return () if holding.any() else (np.ones(mesh.shape, dtype=bool),)
    # 0: holes; 1: held bodies; then pieces of neighbouring cells, and floating bodies
    labels: IntArray = ndimage.label(~bodies.idle)[0].astype(np.int64) + 1
    pieces = int(labels.max())
    labels[bodies.holes] = 0
    labels[bodies.passive & ~bodies.holes] = 1
    for number, body in enumerate(bodies.afloat, start=pieces + 1):
        labels[body.cells] = number
    count = pieces + 1 + len(bodies.afloat)
    first, second = _neighbours(mesh, labels, count)
    open_faces = (first > 0) & (second > 0)
    graph = sparse.coo_array((np.ones(open_faces.sum()), (first[open_faces], second[open_faces])), shape=(count, count))
    region = connected_components(graph, directed=False)[1]
    held = np.append(region[1], region[labels[holding & ~bodies.idle]])
    loose = np.setdiff1d(region[2 : pieces + 1], held)
    return tuple((region == number)[labels] for number in loose)


def _neighbours(mesh: Mesh, labels: IntArray, count: int) -> tuple[IntArray, IntArray]:
    """Return the pairs of different labels that meet at a face."""
    pairs = [np.zeros(0, dtype=np.int64)]
    for axis in range(mesh.ndim):
        along = np.moveaxis(labels, axis, 0)
        lower, upper = along, np.roll(along, -1, 0)
        if not mesh.axes[axis].periodic:
            lower, upper = lower[:-1], upper[:-1]
        differ = lower != upper
        pairs.append(np.unique(lower[differ] * count + upper[differ]))
    both = np.unique(np.concatenate(pairs))
    return both // count, both % count
