"""Linear solvers against dense algebra, closed forms and each other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from fieldsim.errors import InvalidInput, NumericalFailure
from fieldsim.linear import GridOperator, Status, prepare, solve


def random_operator(shape, periodic, seed, *, contrast=1.0, diagonal=1.0):
    rng = np.random.default_rng(seed)
    couplings = []
    for axis, closed in enumerate(periodic):
        faces = list(shape)
        faces[axis] -= 0 if closed else 1
        couplings.append(10.0 ** (contrast * (rng.random(faces) - 0.5)))
    return GridOperator(diagonal * rng.random(shape), tuple(couplings), tuple(periodic))


def poisson(shape):
    """Unit couplings; the value is held at zero half a cell outside every end of every axis."""
    diagonal = np.zeros(shape)
    for axis in range(len(shape)):
        for end in (0, -1):
            index = [slice(None)] * len(shape)
            index[axis] = end
            diagonal[tuple(index)] += 2.0
    couplings = tuple(np.ones([n - (a == axis) for a, n in enumerate(shape)]) for axis in range(len(shape)))
    return GridOperator(diagonal, couplings, (False,) * len(shape))


shapes = st.lists(st.integers(1, 5), min_size=1, max_size=3).map(tuple)


@settings(max_examples=60, deadline=None)
@given(shape=shapes, closed=st.booleans(), seed=st.integers(0, 10**6))
def test_product_matrix_and_row_bounds_agree(shape, closed, seed):
    operator = random_operator(shape, (closed,) * len(shape), seed)
    u = np.random.default_rng(seed + 1).standard_normal(shape)
    matrix = operator.matrix()
    np.testing.assert_allclose((matrix @ u.ravel()).reshape(shape), operator.apply(u), rtol=0, atol=1e-13)
    np.testing.assert_allclose(matrix.toarray(), matrix.toarray().T, rtol=0, atol=0)
    # one cell that neighbours itself cancels in the matrix but not in the bound
    if not closed or min(shape) > 2:
        bounds = np.abs(matrix.toarray()).sum(axis=1)
        np.testing.assert_allclose(operator.row_bounds().ravel(), bounds, rtol=1e-13)
    eigenvalues = np.linalg.eigvalsh(matrix.toarray())
    assert eigenvalues[-1] <= operator.row_bounds().max() * (1 + 1e-12)


def test_constants_are_mapped_without_rounding():
    operator = random_operator((4, 5, 6), (True, False, False), 3, contrast=12.0)
    image = operator.apply(np.full((4, 5, 6), 300.1))
    np.testing.assert_array_equal(image, operator.diagonal * 300.1)


def test_shifted_adds_storage_to_the_diagonal():
    operator = random_operator((3, 4), (False, True), 5)
    u = np.random.default_rng(0).standard_normal((3, 4))
    storage = np.full((3, 4), 2.5)
    np.testing.assert_allclose(operator.shifted(storage, 0.3).apply(u), 2.5 * u + 0.3 * operator.apply(u), rtol=1e-13)


def test_couplings_of_the_wrong_shape_are_refused():
    with pytest.raises(InvalidInput, match=r"couplings\[0\].*must be an array of shape \(2, 3\)"):
        GridOperator(np.ones((3, 3)), (np.ones((3, 3)), np.ones((3, 2))), (False, False))


@pytest.mark.parametrize("method", ["direct", "cg", "bicgstab"])
@pytest.mark.parametrize("shape", [(40,), (12, 11), (7, 6, 8)])
def test_solution_equals_the_dense_one(method, shape):
    operator = random_operator(shape, (False,) * len(shape), 11, contrast=2.0)
    b = np.random.default_rng(1).standard_normal(shape)
    result = solve(operator, b, method=method, rtol=1e-12, symmetric=method != "bicgstab")
    expected = np.linalg.solve(operator.matrix().toarray(), b.ravel())
    assert result.status is Status.CONVERGED
    assert result.x.shape == shape
    np.testing.assert_allclose(result.x.ravel(), expected, rtol=1e-8)
    true = np.linalg.norm(b - operator.apply(result.x)) / np.linalg.norm(b)
    assert result.residual == pytest.approx(true, rel=0.5, abs=1e-15)


@pytest.mark.parametrize("method", ["direct", "cg"])
def test_sine_mode_of_the_stencil(method):
    """Eigenvalue of the three-point stencil with half-cell walls: 4 sin^2(pi / 2n) (Strang, 2007)."""
    n = 24
    mode = np.sin(np.pi * (np.arange(n) + 0.5) / n)
    cube = mode[:, None, None] * mode[:, None] * mode
    eigenvalue = 3 * 4 * np.sin(np.pi / (2 * n)) ** 2
    # the mode is exact for the stencil with the reflected ghost, which is the half-cell law
    result = solve(poisson((n, n, n)), cube, method=method, rtol=1e-12)
    np.testing.assert_allclose(result.x, cube / eigenvalue, rtol=1e-9)


def test_conjugate_gradients_need_few_iterations_on_any_mesh():
    counts = []
    for n in (12, 24, 40):
        b = np.random.default_rng(n).standard_normal((n, n, n))
        counts.append(solve(poisson((n, n, n)), b, method="cg", rtol=1e-10).iterations)
    assert max(counts) <= 17


def test_conjugate_directions_pay_on_rough_coefficients():
    """Without conjugacy the multigrid cycle alone takes three times as many iterations here."""
    rough = random_operator((20, 20, 20), (False, False, False), 1, contrast=4.0)
    operator = GridOperator(1e-3 * rough.diagonal, rough.couplings, rough.periodic)
    b = np.random.default_rng(0).standard_normal((20, 20, 20))
    result = solve(operator, b, method="cg", rtol=1e-10)
    assert result.converged
    assert result.iterations <= 80


@pytest.mark.parametrize("contrast", [1e-6, 1e6])
def test_a_jump_in_the_coefficient_does_not_stop_conjugate_gradients(contrast):
    n = 20
    k = np.ones((n, n, n))
    k[5:12, 4:9, 6:15] = contrast
    couplings = tuple(2 / (1 / k.take(range(n - 1), axis) + 1 / k.take(range(1, n), axis)) for axis in range(3))
    diagonal = np.zeros((n, n, n))
    diagonal[0] = 2.0
    operator = GridOperator(diagonal, couplings, (False,) * 3)
    b = np.random.default_rng(0).random((n, n, n))
    result = solve(operator, b, method="cg", rtol=1e-10)
    assert result.converged
    assert result.iterations < 60
    direct = solve(operator, b, method="direct")
    np.testing.assert_allclose(result.x, direct.x, rtol=1e-6, atol=1e-8 * np.abs(direct.x).max())


@pytest.mark.parametrize("method", ["direct", "cg"])
def test_insulated_system_fixes_the_weighted_mean(method):
    operator = random_operator((9, 8, 7), (False, True, False), 2, diagonal=0.0)
    rng = np.random.default_rng(4)
    weights = rng.random((9, 8, 7)) + 0.5
    b = rng.standard_normal((9, 8, 7))
    b -= b.mean()
    result = solve(operator, b, method=method, nullspace=True, weights=weights, rtol=1e-12)
    assert result.converged
    assert abs((weights * result.x).sum()) < 1e-10 * np.abs(weights * result.x).sum()
    np.testing.assert_allclose(operator.apply(result.x), b, rtol=0, atol=1e-9)


def test_incompatible_system_is_a_status_with_a_remedy():
    operator = random_operator((5, 5), (False, False), 2, diagonal=0.0)
    result = solve(operator, np.ones((5, 5)), nullspace=True)
    assert result.status is Status.INCOMPATIBLE
    assert "sum to zero" in result.remedy
    with pytest.raises(NumericalFailure, match="incompatible"):
        result.require()


@pytest.mark.parametrize("method", ["direct", "cg"])
def test_undeclared_singular_system_is_noticed(method):
    operator = random_operator((5, 5), (False, False), 2, diagonal=0.0)
    result = solve(operator, np.ones((5, 5)), method=method)
    assert result.status is Status.SINGULAR


def test_exactly_singular_matrix_is_a_status():
    matrix = sparse.csr_array(np.array([[1.0, 2.0], [2.0, 4.0]]))
    assert solve(matrix, np.ones(2), symmetric=False).status is Status.SINGULAR


def test_non_finite_input_is_a_status():
    operator = poisson((6, 6))
    b = np.ones((6, 6))
    b[2, 3] = np.nan
    assert solve(operator, b).status is Status.NOT_FINITE
    bad = GridOperator(np.full((6, 6), np.inf), operator.couplings, operator.periodic)
    assert solve(bad, np.ones((6, 6))).status is Status.NOT_FINITE


def test_unconverged_iteration_says_so(monkeypatch):
    monkeypatch.setattr("fieldsim.linear.solver._ITERATIONS", 2)
    b = np.random.default_rng(0).standard_normal((16, 16, 16))
    result = solve(poisson((16, 16, 16)), b, method="cg", rtol=1e-12)
    assert result.status is Status.NOT_CONVERGED
    assert result.residual > 1e-12
    assert "direct" in result.remedy


@pytest.mark.parametrize("method", ["direct", "cg"])
def test_what_is_supplied_leaves(method):
    """The residual sums to zero, however loosely the system was solved."""
    operator = poisson((12, 12, 12))
    b = np.random.default_rng(0).random((12, 12, 12))
    x = solve(operator, b, method=method, rtol=1e-3).x
    assert (operator.diagonal * x).sum() == pytest.approx(b.sum(), rel=1e-13)


def test_prepare_once_solve_often():
    operator = random_operator((30, 20), (False, False), 7)
    prepared = prepare(operator)
    assert prepared.method == "direct"
    for seed in range(3):
        u = np.random.default_rng(seed).standard_normal((30, 20))
        np.testing.assert_allclose(prepared.solve(operator.apply(u)).x, u, rtol=1e-9, atol=1e-9)


def test_the_choice_follows_the_structure():
    assert prepare(poisson((50, 50))).method == "spectral"
    uneven = np.random.default_rng(1).random
    small = prepare(poisson((50, 50)).shifted(uneven((50, 50))))
    assert small.method == "direct"
    large = prepare(poisson((24, 24, 24)).shifted(uneven((24, 24, 24))))
    assert large.method == "cg"
    assert "3 dimension" in large.reason
    assert prepare(poisson((12, 12, 12)).matrix()).method == "direct"


def test_inputs_are_not_modified():
    operator = poisson((8, 8))
    b = np.random.default_rng(0).random((8, 8))
    guess = np.zeros((8, 8))
    before = b.copy()
    b.setflags(write=False)
    guess.setflags(write=False)
    solve(operator, b, guess=guess)
    np.testing.assert_array_equal(b, before)


def test_unknown_method_is_refused():
    with pytest.raises(InvalidInput, match=r"`method` must be one of auto, fast, direct, cg, bicgstab"):
        solve(poisson((3, 3)), np.ones((3, 3)), method="magic")


def test_one_unknown():
    assert solve(sparse.csr_array(np.array([[4.0]])), np.array([2.0])).x == pytest.approx([0.5])
    single = GridOperator(np.zeros((1, 1)), (np.zeros((0, 1)), np.zeros((1, 0))), (False, False))
    assert solve(single, np.zeros((1, 1)), nullspace=True).x == pytest.approx(np.zeros((1, 1)))
