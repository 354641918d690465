"""Uniform operators, and the answers of sparse elimination that the fast solvers are held to."""

from __future__ import annotations

import numpy as np
from scipy.sparse.linalg import spsolve

from fieldsim.linear import GridOperator

# walls: D holds the value half a cell outside, N is insulated, P is periodic
KINDS = ("DD", "NN", "DN", "ND", "P")


def uniform_operator(shape, kinds, couplings, shift=0.0):
    diagonal = np.full(shape, shift)
    arrays = []
    for axis, (kind, coupling) in enumerate(zip(kinds, couplings, strict=True)):
        faces = list(shape)
        faces[axis] -= kind != "P"
        arrays.append(np.full(faces, coupling))
        for end, letter in zip((0, -1), kind, strict=False):
            index = [slice(None)] * len(shape)
            index[axis] = end
            diagonal[tuple(index)] += 2.0 * coupling * (letter == "D")
    return GridOperator(diagonal, tuple(arrays), tuple(kind == "P" for kind in kinds))


VALUE, FLUX = "value", "flux"


def mesh_operator(mesh, walls, conductivity=2.0, rate=0.0, density=3.0):
    """Return the finite-volume operator of -div(K grad u) on a mesh, and the storage of each cell.

    `walls` gives "value", "flux" or a film coefficient (W/m^2/K) for a side; `rate` adds that multiple of the storage.
    """
    k = np.broadcast_to(np.asarray(conductivity, dtype=float), mesh.shape)
    diagonal, couplings = np.zeros(mesh.shape), []
    for axis, part in enumerate(mesh.axes):
        below, above = (half / k for half in mesh.half_distances(axis))
        areas = np.moveaxis(mesh.face_areas(axis), axis, 0)
        below, above = np.moveaxis(below, axis, 0), np.moveaxis(above, axis, 0)
        inside = areas[1:-1] / (above[:-1] + below[1:])
        if part.periodic:
            inside = np.concatenate([inside, areas[:1] / (above[-1:] + below[:1])])
        couplings.append(np.moveaxis(inside, 0, axis))
        for end, half in (("-", below[0]), ("+", above[-1])):
            law = walls.get(part.name + end, FLUX)
            slope = (
                0.0 if law == FLUX else areas[0 if end == "-" else -1] / (half + (0.0 if law == VALUE else 1.0 / law))
            )
            np.moveaxis(diagonal, axis, 0)[0 if end == "-" else -1] += slope
    storage = density * np.array(mesh.volumes)
    periodic = tuple(part.periodic for part in mesh.axes)
    return GridOperator(diagonal + rate * storage, tuple(couplings), periodic), storage


def exact_answer(operator, b):
    """Return the answer of sparse elimination with refinement; for A 1 = 0, the one of mean zero."""
    matrix = operator.matrix().tocsc()
    if operator.diagonal.any():
        x = np.atleast_1d(spsolve(matrix, b.ravel()))
        x += np.atleast_1d(spsolve(matrix, b.ravel() - matrix @ x))
        return x.reshape(b.shape)
    x = np.zeros(b.size)
    if b.size > 1:
        x[1:] = np.atleast_1d(spsolve(matrix[1:, 1:], b.ravel()[1:]))
    return (x - x.mean()).reshape(b.shape)


def right_side(operator, seed=0):
    b = np.random.default_rng(seed).standard_normal(operator.shape)
    return b if operator.diagonal.any() else b - b.mean()


def assert_solves(solver, operator, seed=0, tolerance=1e-13):
    b = right_side(operator, seed)
    kept = b.copy()
    x = solver.apply(b)
    np.testing.assert_array_equal(b, kept)
    expected = exact_answer(operator, b)
    assert np.linalg.norm(x - expected) <= tolerance * np.linalg.norm(expected)
