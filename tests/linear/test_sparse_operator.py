"""A stored matrix with the interface of a grid operator: shifts, closing, bounds, against dense algebra."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from fieldsim.linear import GridOperator, SparseOperator, prepare

SHAPE = (3, 4)


def operator(*, empty_diagonal=False):
    rng = np.random.default_rng(0)
    dense = rng.random((12, 12)) * (rng.random((12, 12)) < 0.4)
    dense = dense + dense.T + np.diag(np.full(12, 6.0))
    if empty_diagonal:
        dense[2, 2] = 0.0
    near = GridOperator(np.ones(SHAPE), (np.ones((2, 4)), np.ones((3, 3))), (False, False))
    return SparseOperator(sparse.csr_array(dense), near), dense


@pytest.mark.parametrize("empty", [False, True], ids=["full", "a row without"])
def test_a_shift_adds_to_the_diagonal(empty):
    matrix, dense = operator(empty_diagonal=empty)
    addition = np.arange(12.0).reshape(SHAPE)
    shifted = matrix.shifted(addition, 0.5)
    np.testing.assert_allclose(shifted.matrix().toarray(), 0.5 * dense + np.diag(addition.ravel()), rtol=1e-15)
    np.testing.assert_array_equal(matrix.matrix().toarray(), dense)
    np.testing.assert_allclose(shifted.near.diagonal, 0.5 + addition)


def test_nothing_shifts_by_nought():
    matrix, _ = operator()
    assert matrix.shifted(np.zeros(SHAPE)) is matrix


def test_closing_takes_cells_out():
    matrix, dense = operator()
    idle = np.zeros(SHAPE, dtype=bool)
    idle[1, 1] = True
    closed = matrix.closed(idle).matrix().toarray()
    free = ~idle.ravel()
    np.testing.assert_array_equal(closed[np.ix_(free, free)], dense[np.ix_(free, free)])
    assert not closed[5, free].any()
    assert closed[5, 5] > 0.0


def test_bounds_and_sums():
    matrix, dense = operator()
    u = np.random.default_rng(1).random(SHAPE)
    np.testing.assert_allclose(matrix.apply(u).ravel(), dense @ u.ravel(), rtol=1e-14)
    np.testing.assert_allclose(matrix.diagonal.ravel(), dense.sum(axis=1), rtol=1e-14)
    np.testing.assert_allclose(matrix.row_bounds().ravel(), np.abs(dense).sum(axis=1), rtol=1e-14)


def test_it_is_solved_as_dense():
    matrix, dense = operator()
    b = np.random.default_rng(2).random(SHAPE)
    answer = prepare(matrix).solve(b).require()
    np.testing.assert_allclose(answer.ravel(), np.linalg.solve(dense, b.ravel()), rtol=1e-12)
