"""Matrices that are far from symmetric: what they are, and that iteration solves them as elimination does."""

import numpy as np
import pytest
from scipy import sparse

from fieldsim.linear import GridOperator, SparseOperator, prepare
from fieldsim.linear.incomplete import IncompleteFactors, askew


def carried(n, flow, diffusion=1.0):
    """Upwind drift along the first axis of a cube beside diffusion, every wall held."""
    shape = (n, n, n)
    couplings = tuple(np.full([n - (k == axis) for k in range(3)], diffusion) for axis in range(3))
    diagonal = np.zeros(shape)
    for axis in range(3):
        ends = np.moveaxis(diagonal, axis, 0)
        ends[0] += 2 * diffusion
        ends[-1] += 2 * diffusion
    near = GridOperator(diagonal, couplings, (False,) * 3)
    line = sparse.diags_array([np.full(n, flow), np.full(n - 1, -flow)], offsets=[0, -1])
    drift = sparse.kron(line, sparse.eye_array(n * n))
    return SparseOperator(sparse.csr_array(near.matrix() + drift), near, symmetric=False)


def test_a_cell_peclet_number_of_one_half_makes_a_matrix_askew():
    """Along a line: couplings C + W and C, of a diagonal 2 C + W; W/(2 C + W) = 0.2 at W = C/2."""
    for flow, expected in ((0.45, False), (0.55, True)):
        line = sparse.diags_array(
            [np.full(99, -1.0 - flow), np.full(100, 2.0 + flow), np.full(99, -1.0)], offsets=[-1, 0, 1]
        )
        assert askew(sparse.csr_array(line)) == expected
    # what is stored outweighs the drift of a short step
    assert not askew(sparse.csr_array(line + 10.0 * sparse.eye_array(100)))


@pytest.mark.parametrize("flow", [0.1, 1.0, 10.0, 1000.0], ids=str)
def test_iteration_agrees_with_elimination(flow):
    matrix = carried(12, flow)
    b = np.random.default_rng(2).random(matrix.shape)
    direct = prepare(matrix, method="direct").solve(b)
    prepared = prepare(matrix, method="bicgstab")
    answer = prepared.solve(b, rtol=1e-10)
    assert answer.residual <= 1e-10
    assert answer.iterations < 30
    np.testing.assert_allclose(answer.require(), direct.require(), rtol=1e-7)


def test_a_small_right_hand_side_is_solved_as_sharply():
    matrix = carried(8, 10.0)
    b = np.random.default_rng(2).random(matrix.shape)
    prepared = prepare(matrix, method="bicgstab")
    np.testing.assert_allclose(1e20 * prepared.solve(1e-20 * b).require(), prepared.solve(b).require(), rtol=1e-9)


def test_a_strong_drift_is_swept_downstream_at_once():
    """Only one in a thousand is exchanged with neighbours across and upstream of the flow."""
    matrix = carried(12, 1000.0)
    b = np.random.default_rng(2).random(matrix.size)
    x = IncompleteFactors(matrix.matrix()).apply(b)
    assert np.linalg.norm(b - matrix.matrix() @ x) < 0.05 * np.linalg.norm(b)


def test_column_sums_are_those_of_the_matrix():
    matrix = carried(4, 3.0)
    np.testing.assert_allclose(
        matrix.column_sums.ravel(), matrix.matrix().toarray().sum(axis=0), rtol=1e-13, atol=1e-13
    )
    np.testing.assert_allclose(matrix.near.column_sums.ravel(), matrix.near.matrix().toarray().sum(axis=0), atol=1e-13)


def test_nothing_of_the_sum_is_lost_to_the_iteration():
    """The residual sums to nought, so that what the columns hold is what was given."""
    matrix = carried(10, 5.0)
    b = np.random.default_rng(4).random(matrix.shape)
    x = prepare(matrix, method="bicgstab").solve(b, rtol=1e-6).require()
    assert (matrix.column_sums * x).sum() == pytest.approx(b.sum(), rel=1e-13)
