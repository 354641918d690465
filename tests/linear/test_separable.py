"""Fast diagonalisation and elimination against sparse elimination, on real meshes and on random products."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from direct_answers import FLUX, VALUE, assert_solves, mesh_operator, right_side
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy import pi

import fieldsim as fs
from fieldsim.kernels.tridiagonal import sweep_across, sweep_along
from fieldsim.linear import GridOperator
from fieldsim.linear.eigenvectors import eigen_basis, multiply_along
from fieldsim.linear.factors import Term, factorise
from fieldsim.linear.separable import find_fast_solver

V, F, C = VALUE, FLUX, 3.0
TURN = (0.0, 2 * pi)


def operator_of(mesh, boundary, conductivity=2.0, rate=0.0):
    return mesh_operator(mesh, boundary, conductivity, rate)[0]


def stretched(n, power, high=1.0):
    return high * np.linspace(0.0, 1.0, n + 1) ** power


def walls(names, conditions):
    return dict(zip(names, conditions, strict=True))


BOX = ("x-", "x+", "y-", "y+", "z-", "z+")
MESHES = {
    "stretched line": (lambda: fs.cartesian(edges={"x": stretched(40, 1.6)}), walls(BOX[:2], (C, V))),
    "insulated line": (lambda: fs.cartesian(edges={"x": stretched(17, 1.6)}), walls(BOX[:2], (F, F))),
    "convective plate": (lambda: fs.cartesian(x=(0, 1), y=(0, 2), cells=(14, 9)), walls(BOX[:4], (C, V, F, C))),
    "stretched box": (
        lambda: fs.cartesian(edges={"x": stretched(7, 1.5), "y": stretched(6, 0.7), "z": stretched(9, 1.2)}),
        walls(BOX, (C, V, F, C, F, F)),
    ),
    "insulated stretched box": (
        lambda: fs.cartesian(edges={"x": stretched(7, 1.5), "y": stretched(6, 0.7), "z": stretched(9, 1.2)}),
        walls(BOX, (F,) * 6),
    ),
    "stretched in x, periodic in z": (
        lambda: fs.cartesian(
            edges={"x": stretched(7, 1.5), "y": stretched(6, 1), "z": stretched(8, 1)}, periodic=("z",)
        ),
        walls(BOX[:4], (V, F, V, V)),
    ),
    "thin box": (lambda: fs.cartesian(x=(0, 1), y=(0, 1), z=(0, 1), cells=(9, 1, 2)), walls(BOX, (C, V, F, C, F, C))),
    "disk": (lambda: fs.polar(r=(0, 1), phi=TURN, cells=(12, 24)), {"r+": C}),
    "insulated disk": (lambda: fs.polar(r=(0, 1), phi=TURN, cells=(9, 15)), {"r+": F}),
    "sector of a ring": (
        lambda: fs.polar(r=(1, 3), phi=(0, 1), cells=(9, 8)),
        {"r-": V, "r+": C, "phi-": F, "phi+": V},
    ),
    "cylinder": (lambda: fs.cylindrical(r=(0, 1), phi=TURN, z=(0, 1), cells=(7, 12, 6)), {"r+": C, "z-": F, "z+": V}),
    "insulated cylinder": (
        lambda: fs.cylindrical(r=(0, 1), phi=TURN, z=(0, 1), cells=(6, 8, 5)),
        {"r+": F, "z-": F, "z+": F},
    ),
    "tube (r, z)": (
        lambda: fs.cylindrical(r=(0.5, 1), z=(0, 1), cells=(12, 10)),
        {"r-": V, "r+": C, "z-": F, "z+": C},
    ),
    "ball": (lambda: fs.spherical(r=(0, 1), theta=(0, pi), phi=TURN, cells=(8, 7, 12)), {"r+": C}),
    "insulated ball": (lambda: fs.spherical(r=(0, 1), theta=(0, pi), phi=TURN, cells=(6, 8, 10)), {"r+": F}),
    "shell (r, theta)": (
        lambda: fs.spherical(r=(1, 2), theta=(0, pi), cells=(12, 9)),
        {"r-": F, "r+": V},
    ),
    "radial sphere": (lambda: fs.spherical(r=(0, 1), cells=(25,)), {"r+": C}),
    "wedge of a shell": (
        lambda: fs.spherical(r=(1, 2), theta=(0.3, 2.0), phi=(0, 1), cells=(6, 7, 5)),
        {"r-": V, "r+": F, "theta-": V, "theta+": F, "phi-": F, "phi+": V},
    ),
}


@pytest.mark.parametrize("rate", [0.0, 0.5])
@pytest.mark.parametrize("name", MESHES)
def test_meshes_give_the_matrix_answer(name, rate):
    build, boundary = MESHES[name]
    operator = operator_of(build(), boundary, rate=rate)
    solver = find_fast_solver(operator)
    assert solver is not None
    assert_solves(solver, operator, tolerance=2e-13)


COEFFICIENTS = {
    "one axis": lambda x, y, z: 2 + x,
    "layers": lambda x, y, z: 1 + 100 * (x > 0.5),
    "product": lambda x, y, z: (1 + x) * np.exp(y) * (2 + z**2),
}


@pytest.mark.parametrize("name", COEFFICIENTS)
def test_layers_and_separable_coefficients(name):
    mesh = fs.cartesian(x=(0, 1), y=(0, 2), z=(0, 1), cells=(8, 7, 6))
    operator = operator_of(mesh, walls(BOX, (V, F, F, V, V, V)), COEFFICIENTS[name](*mesh.centers))
    assert_solves(find_fast_solver(operator), operator, tolerance=2e-13)


def test_a_coefficient_that_is_no_product_is_refused():
    mesh = fs.cartesian(x=(0, 1), y=(0, 2), z=(0, 1), cells=(8, 7, 6))
    x, y, _ = mesh.centers
    assert find_fast_solver(operator_of(mesh, walls(BOX, (V,) * 6), 1 + x * y)) is None


def test_walls_that_are_no_product_are_refused():
    # one convective wall across layers: its slope 1/(d/k + 1/h) varies along the wall unlike the couplings
    mesh = fs.cartesian(x=(0, 1), y=(0, 2), cells=(8, 7))
    x, y = mesh.centers
    boundary = walls(BOX[:4], (V, V, C, F))
    assert find_fast_solver(operator_of(mesh, boundary, 2 + x)) is None
    assert find_fast_solver(operator_of(mesh, boundary, 2 + y)) is not None


def test_a_fixed_cell_inside_is_refused():
    operator = operator_of(fs.cartesian(x=(0, 1), y=(0, 2), cells=(8, 7)), walls(BOX[:4], (V,) * 4))
    operator.diagonal[3, 3] += 1e6
    assert find_fast_solver(operator) is None


def test_two_axes_with_weights_of_their_own_are_refused():
    # z may be diagonalised; x and y carry other weights in the coupling along z than in those of each other
    shape = (4, 5, 6)
    x, y = 1.0 + np.arange(4), 1.0 + np.arange(5)
    weights = ((1.0, y[:, None]), (x[:, None, None], 1.0), (x[:, None, None] ** 2, y[:, None] ** 2))
    couplings = tuple(
        (a * b * np.ones(shape)).take(range(n - 1), axis)
        for axis, ((a, b), n) in enumerate(zip(weights, shape, strict=True))
    )
    assert factorise(GridOperator(np.ones(shape), couplings, (False,) * 3)) is None
    operator = GridOperator(np.zeros(shape), couplings, (False,) * 3)
    assert factorise(operator) is not None
    assert find_fast_solver(operator) is None


def test_a_uniform_axis_with_an_uneven_weight_has_no_fast_transform():
    weight = 1.0 + np.arange(6)
    couplings = (np.full((5, 7), 2.0), np.repeat(weight[:, None], 6, axis=1))
    operator = GridOperator(np.zeros((6, 7)), couplings, (False, False))
    solver = find_fast_solver(operator)
    assert solver.reason.endswith("eigenvectors x DCT-II")
    assert_solves(solver, operator)


def test_storage_is_added_where_it_costs_no_fast_transform():
    build, boundary = MESHES["cylinder"]
    solver = find_fast_solver(operator_of(build(), boundary, rate=0.5))
    assert solver.reason.endswith("elimination x FFT x DCT-IV")


def test_layers_that_do_not_touch_are_refused_only_where_one_floats():
    operator = operator_of(fs.cartesian(x=(0, 1), y=(0, 1), cells=(8, 6)), walls(BOX[:4], (V, V, F, F)))
    operator.couplings[0][3] = 0.0
    assert find_fast_solver(operator) is None
    held = operator.shifted(np.full((8, 6), 0.1))
    assert_solves(find_fast_solver(held), held)


def test_negative_layers_are_refused():
    operator = operator_of(fs.cartesian(x=(0, 1), y=(0, 1), cells=(8, 6)), walls(BOX[:4], (V, V, F, F)))
    operator.couplings[0][3] *= -0.5
    assert find_fast_solver(operator.shifted(np.full((8, 6), 0.1))) is None


def test_large_grids_eliminate_along_one_axis():
    mesh = fs.cartesian(edges={"x": stretched(80, 1.2), "y": stretched(60, 0.8), "z": stretched(70, 1.1)})
    operator = operator_of(mesh, walls(BOX, (C, V, F, V, F, C)))
    solver = find_fast_solver(operator)
    assert solver.reason.endswith("elimination x eigenvectors x eigenvectors")
    b = right_side(operator)
    residual = operator.apply(solver.apply(b)) - b
    assert np.linalg.norm(residual) <= 1e-13 * np.linalg.norm(b)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("name", ["insulated ball", "ball", "cylinder", "insulated cylinder"])
def test_the_order_of_the_axes_does_not_matter(name, order):
    build, boundary = MESHES[name]
    operator = operator_of(build(), boundary)
    turned = GridOperator(
        operator.diagonal.transpose(order),
        tuple(operator.couplings[axis].transpose(order) for axis in order),
        tuple(operator.periodic[axis] for axis in order),
    )
    assert_solves(find_fast_solver(turned), turned, tolerance=2e-13)


def test_a_singular_answer_has_mean_zero_and_needs_no_exact_balance():
    build, boundary = MESHES["insulated ball"]
    operator = operator_of(build(), boundary)
    b = right_side(operator)
    x = find_fast_solver(operator).apply(b + 1.0)
    assert abs(x.mean()) <= 1e-14 * np.abs(x).max()
    np.testing.assert_allclose(operator.apply(x), b, atol=1e-12)


def answer_without_cancellation(operator, b):
    """Eliminate with couplings and excesses instead of diagonals (Grassmann, Taksar & Heyman): no subtraction."""
    coupling = -operator.matrix().toarray()
    np.fill_diagonal(coupling, 0.0)
    excess, x = operator.diagonal.ravel().copy(), b.ravel().copy()
    pivots = np.empty(x.size)
    for k in range(x.size):
        later = coupling[k, k + 1 :]
        pivots[k] = excess[k] + later.sum()
        factor = later / pivots[k]
        coupling[k + 1 :, k + 1 :] += np.outer(factor, later)
        excess[k + 1 :] += factor * excess[k]
        x[k + 1 :] += factor * x[k]
    for k in reversed(range(x.size)):
        x[k] = (x[k] + coupling[k, k + 1 :] @ x[k + 1 :]) / pivots[k]
    return x.reshape(b.shape)


@pytest.mark.parametrize(("smallest", "tolerance"), [(1e-3, 1e-13), (1e-6, 1e-12), (1e-9, 1e-11)])
@pytest.mark.parametrize("large", [False, True])
def test_strong_grading(smallest, tolerance, large, monkeypatch):
    if large:
        monkeypatch.setattr("fieldsim.linear.separable._SWEEP_ABOVE", 0)
    edges = np.concatenate([[0.0], np.geomspace(smallest, 1.0, 22)])
    mesh = fs.cartesian(edges={"x": edges, "y": edges[:18]})
    operator = operator_of(mesh, walls(BOX[:4], (V, F, F, C)))
    b = right_side(operator) * mesh.volumes
    x = find_fast_solver(operator).apply(b)
    expected = answer_without_cancellation(operator, b)
    assert np.linalg.norm(x - expected) <= tolerance * np.linalg.norm(expected)


def test_grading_beyond_what_eigenvectors_resolve_is_refused():
    edges = np.concatenate([[0.0], np.geomspace(1e-13, 1.0, 30)])
    mesh = fs.cartesian(edges={"x": edges, "y": edges})
    assert find_fast_solver(operator_of(mesh, walls(BOX[:4], (V, F, F, C)))) is None


def product_operator(shape, periodic, seed, contrast, *, walled=True):
    """Return random factors that may be diagonalised on all axes but the first."""
    rng = np.random.default_rng(seed)

    def positive(n):
        return 10.0 ** (contrast * (rng.random(n) - 0.5))

    def outer(parts):
        result = np.ones(())
        for part in parts:
            result = result[..., None] * part
        return result

    common = [positive(n) for n in shape]
    first = [positive(shape[0]) for _ in shape]
    couplings, diagonal = [], np.zeros(shape)
    for axis, closed in enumerate(periodic):
        parts = list(common)
        if axis:
            parts[0] = first[axis]
        own = rng.random(shape[axis]) * walled
        own[1:-1] = 0.0
        if closed and axis:
            own[:] = 0.0
        diagonal += outer([own if a == axis else part for a, part in enumerate(parts)])
        parts[axis] = positive(shape[axis] - (not closed))
        couplings.append(outer(parts))
    return GridOperator(diagonal, tuple(couplings), tuple(periodic))


@settings(max_examples=80, deadline=None)
@given(
    shape=st.lists(st.integers(3, 8), min_size=1, max_size=3).map(tuple),
    periodic=st.lists(st.booleans(), min_size=3, max_size=3),
    seed=st.integers(0, 10**6),
    contrast=st.floats(0, 3),
    walled=st.booleans(),
    sweep=st.booleans(),
)
def test_random_products(shape, periodic, seed, contrast, walled, sweep):
    closed = (False, *periodic[1:])[: len(shape)]
    operator = product_operator(shape, closed, seed, contrast, walled=walled)
    with pytest.MonkeyPatch.context() as patch:
        if sweep:
            patch.setattr("fieldsim.linear.separable._SWEEP_ABOVE", 0)
        solver = find_fast_solver(operator)
    assert solver is not None
    assert "elimination" in solver.reason or not sweep or contrast < 0.1
    b = right_side(operator, seed)
    x = solver.apply(b)
    x += solver.apply(b - operator.apply(x))
    residual = operator.apply(x) - b
    scale = operator.row_bounds().max() * np.linalg.norm(x) + np.linalg.norm(b)
    assert np.linalg.norm(residual) <= 1e-14 * scale


@settings(max_examples=40, deadline=None)
@given(shape=st.lists(st.integers(2, 5), min_size=2, max_size=3).map(tuple), seed=st.integers(0, 10**6))
def test_what_is_accepted_is_reproduced_entry_by_entry(shape, seed):
    # random couplings are products only where one line is all there is; accepted ones must give the exact answer
    rng = np.random.default_rng(seed)
    faces = [tuple(n - (a == axis) for a, n in enumerate(shape)) for axis in range(len(shape))]
    operator = GridOperator(rng.random(shape), tuple(0.1 + rng.random(s) for s in faces), (False,) * len(shape))
    solver = find_fast_solver(operator)
    if solver is not None:
        assert_solves(solver, operator, tolerance=1e-11)


@pytest.mark.parametrize("careful", [False, True])
@pytest.mark.parametrize("where", ["nowhere", "first", "ends", "inside"])
@pytest.mark.parametrize(("n", "periodic"), [(2, False), (3, False), (9, False), (3, True), (9, True)])
def test_eigenvectors_are_orthonormal_in_the_weight(n, periodic, where, careful, monkeypatch):
    if careful:
        monkeypatch.setattr("fieldsim.linear.eigenvectors.REFINED_ABOVE", 0.0)
    rng = np.random.default_rng(4)
    weight, couplings = 0.1 + rng.random(n), 0.1 + rng.random(n - (not periodic))
    diagonal = 0.3 + rng.random(n)
    diagonal *= {"nowhere": 0, "first": np.arange(n) == 0, "ends": np.arange(n) % (n - 1) == 0, "inside": 1}[where]
    basis = eigen_basis(Term(couplings, diagonal, (np.ones(1),), periodic=periodic, active=True), weight)
    vectors = basis.vectors
    np.testing.assert_allclose(vectors.T @ (weight[:, None] * vectors), np.eye(n), atol=2e-14)
    matrix = GridOperator(diagonal, (couplings,), (periodic,)).matrix().toarray()
    np.testing.assert_allclose(vectors.T @ matrix @ vectors, np.diag(basis.values), atol=2e-13)
    if where == "nowhere":
        assert basis.values[0] == 0.0
        np.testing.assert_array_equal(np.ptp(vectors[:, 0]), 0.0)


@settings(max_examples=30, deadline=None)
@given(
    shape=st.lists(st.sampled_from([1, 2, 3, 7, 8, 9, 20]), min_size=1, max_size=3).map(tuple),
    where=st.integers(0, 2),
    limits=st.sampled_from([(1 << 18, 1 << 17), (100, 60)]),
    threaded=st.booleans(),
)
def test_products_along_an_axis(shape, where, limits, threaded):
    axis = where % len(shape)
    rng = np.random.default_rng(0)
    matrix, x = rng.random((shape[axis], shape[axis])), rng.random(shape)
    expected = np.moveaxis(np.tensordot(matrix, x, (1, axis)), 0, axis)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fieldsim.linear.eigenvectors._PRODUCT", limits[0])
        patch.setattr("fieldsim.linear.eigenvectors._BLOCK", limits[1])
        patch.setattr("fieldsim.linear.eigenvectors._THREADED_ABOVE", 0 if threaded else 1 << 30)
        result = multiply_along(matrix, x, axis)
    np.testing.assert_allclose(result, expected, rtol=1e-14)
    assert np.shares_memory(result, x)


def test_radial_modes_of_a_disk_are_bessel_zeros():
    # -(1/r)(r u')' = j0^2 u on (0, 1), u(1) = 0: first zero of J0 (Abramowitz & Stegun, table 9.5)
    mesh = fs.polar(r=(0, 1), cells=(200,))
    operator = operator_of(mesh, {"r+": V}, 1.0)
    factors = factorise(operator)
    values = eigen_basis(factors.terms[0], np.asarray(mesh.volumes)).values
    np.testing.assert_allclose(np.sqrt(values[:3]), [2.4048255577, 5.5200781103, 8.6537279129], rtol=1e-4)


@pytest.mark.parametrize("lines", [1, 5, 64, 131])
@pytest.mark.parametrize("points", [1, 2, 7])
def test_sweeps_against_dense_elimination(lines, points):
    rng = np.random.default_rng(lines + points)
    p, q = rng.random(lines), rng.random(lines)
    excess, m, n = 0.1 + rng.random(points), rng.random(points), rng.random(points)
    coupling = rng.random(points - 1)
    diagonal = excess + np.append(coupling, 0.0) + np.append(0.0, coupling)
    b = rng.standard_normal((lines, points))
    expected = np.empty_like(b)
    for k in range(lines):
        matrix = np.diag(diagonal + p[k] * m + q[k] * n) + (-np.diag(coupling, 1) - np.diag(coupling, -1))
        expected[k] = np.linalg.solve(matrix, b[k])
    x = b.copy()
    sweep_along(x, p, q, excess, coupling, m, n, -1)
    np.testing.assert_allclose(x, expected, rtol=0, atol=1e-14)
    for outer in {1, lines} if lines < 6 else {1}:
        shape = (outer, lines // outer)
        x = np.array(b.reshape(*shape, points).transpose(0, 2, 1), order="C")
        sweep_across(x, p.reshape(shape), q.reshape(shape), excess, coupling, m, n, -1)
        np.testing.assert_allclose(x.transpose(0, 2, 1).reshape(lines, points), expected, rtol=0, atol=1e-14)


@pytest.mark.parametrize("null", [0, 70, 99])
def test_sweeps_hold_the_first_unknown_of_the_singular_line(null):
    lines, points = 100, 9
    rng = np.random.default_rng(1)
    p = 1.0 + rng.random(lines)
    p[null] = 0.0
    coupling = 0.5 + rng.random(points - 1)
    diagonal = np.append(coupling, 0.0) + np.append(0.0, coupling)
    ones = np.ones(points)
    b = rng.standard_normal((lines, points))
    b[null] -= b[null].mean()
    along, across = b.copy(), np.ascontiguousarray(b.T)[None]
    sweep_along(along, p, np.zeros(lines), 0 * ones, coupling, ones, 0 * ones, null)
    sweep_across(across, p[None], np.zeros((1, lines)), 0 * ones, coupling, ones, 0 * ones, null)
    np.testing.assert_array_equal(along, across[0].T)
    matrix = np.diag(diagonal) - np.diag(coupling, 1) - np.diag(coupling, -1)
    np.testing.assert_allclose(along @ matrix + p[:, None] * along, b, atol=1e-13)
    assert abs(along[null, 0]) < 1e-14
