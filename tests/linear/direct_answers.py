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
