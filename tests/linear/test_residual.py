"""The compiled residual against the sparse matrix."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldsim.linear import GridOperator
from fieldsim.linear.residual import residual_of, residual_sums


def random_operator(shape, periodic, seed):
    rng = np.random.default_rng(seed)
    faces = [tuple(n - (k == axis and not closed) for k, n in enumerate(shape)) for axis, closed in enumerate(periodic)]
    return GridOperator(rng.random(shape), tuple(rng.random(f) for f in faces), tuple(periodic))


@settings(max_examples=60, deadline=None)
@given(
    shape=st.lists(st.integers(1, 19), min_size=1, max_size=3).map(tuple),
    periodic=st.lists(st.booleans(), min_size=3, max_size=3),
    seed=st.integers(0, 10**6),
    flat=st.booleans(),
)
@pytest.mark.parametrize("compiled", [False, True])
def test_residual_and_sums_are_those_of_the_matrix(compiled, shape, periodic, seed, flat):
    operator = random_operator(shape, periodic[: len(shape)], seed)
    rng = np.random.default_rng(seed + 1)
    x, b = rng.standard_normal((2, *shape))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fieldsim.linear.grid_operator._COMPILED_ABOVE", 0 if compiled else 1 << 30)
        given_x, given_b = (x.ravel(), b.ravel()) if flat else (x, b)
        values, found = residual_of(operator, given_x, given_b), residual_sums(operator, given_x, given_b)
    expected = b.ravel() - operator.matrix() @ x.ravel()
    assert values.shape == given_b.shape
    np.testing.assert_allclose(values.ravel(), expected, rtol=0, atol=1e-13)
    assert found.total == pytest.approx(expected.sum(), abs=1e-12)
    assert found.along == pytest.approx(expected @ operator.diagonal.ravel(), abs=1e-12)
    for norm, vector in ((found.norm, expected), (found.answer, x), (found.right, b)):
        assert norm == pytest.approx(np.linalg.norm(vector), rel=1e-13, abs=1e-13)


def test_a_constant_leaves_no_rounding():
    shape = (70, 60, 50)
    operator = random_operator(shape, (True, False, True), 3)
    quiet = GridOperator(np.zeros(shape), operator.couplings, operator.periodic)
    np.testing.assert_array_equal(residual_of(quiet, np.full(shape, 300.1), np.zeros(shape)), 0.0)
