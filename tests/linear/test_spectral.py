"""Solvers by transforms against sparse elimination, dense eigenvalues and closed forms."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from direct_answers import KINDS, assert_solves, right_side, uniform_operator
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import fft

from fieldsim.linear import GridOperator
from fieldsim.linear.factors import Term, factorise
from fieldsim.linear.separable import find_fast_solver
from fieldsim.linear.spectral import trigonometric_basis

SHAPES = [(1,), (2,), (3,), (17,), (1, 1), (2, 2), (5, 1), (7, 4), (3, 2, 5), (4, 1, 3), (6, 5, 4)]


@pytest.mark.parametrize("shift", [0.0, 0.7])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_every_combination_of_walls_gives_the_matrix_answer(shape, shift):
    for kinds in itertools.product(KINDS, repeat=len(shape)):
        operator = uniform_operator(shape, kinds, (1.3, 0.2, 5.0)[: len(shape)], shift)
        solver = find_fast_solver(operator)
        assert solver is not None, kinds
        assert solver.name == "spectral"
        assert_solves(solver, operator)


@settings(max_examples=60, deadline=None)
@given(
    shape=st.lists(st.integers(1, 9), min_size=1, max_size=3).map(tuple),
    kinds=st.lists(st.sampled_from(KINDS), min_size=3, max_size=3),
    exponents=st.lists(st.floats(-3, 3), min_size=3, max_size=3),
    shift=st.sampled_from([0.0, 1e-3, 1.0, 1e6]),
    seed=st.integers(0, 10**6),
)
def test_couplings_of_any_size(shape, kinds, exponents, shift, seed):
    couplings = [10.0**e for e in exponents]
    operator = uniform_operator(shape, kinds[: len(shape)], couplings[: len(shape)], shift)
    solver = find_fast_solver(operator)
    assert solver is not None
    b = right_side(operator, seed)
    residual = operator.apply(solver.apply(b)) - b
    # backward stable: the residual is at rounding level of |A| |x|
    scale = operator.row_bounds().max() * np.linalg.norm(solver.apply(b)) + np.linalg.norm(b)
    assert np.linalg.norm(residual) <= 1e-14 * scale


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [2, 3, 4, 7, 12])
def test_eigenvalues_are_those_of_the_dense_matrix(kind, n):
    operator = uniform_operator((n,), (kind,), (2.5,), 0.3)
    factors = factorise(operator)
    basis = trigonometric_basis(factors.terms[0])
    dense = np.linalg.eigvalsh(operator.matrix().toarray())
    np.testing.assert_allclose(np.sort(basis.values), dense, atol=1e-13)


@pytest.mark.parametrize(
    ("kind", "lowest"),
    # of the differential equation on (0, 1): pi^2, 0 then pi^2, (pi/2)^2, 0 then (2 pi)^2
    [("DD", np.pi**2), ("NN", np.pi**2), ("DN", np.pi**2 / 4), ("ND", np.pi**2 / 4), ("P", 4 * np.pi**2)],
)
def test_lowest_eigenvalues_tend_to_those_of_the_equation(kind, lowest):
    n = 2000
    factors = factorise(uniform_operator((n,), (kind,), (float(n * n),)))
    values = np.sort(trigonometric_basis(factors.terms[0]).values)
    assert values[values > 1.0][0] == pytest.approx(lowest, rel=1e-5)


def test_walls_a_whole_cell_away_take_the_sine_transform_of_the_first_kind():
    # the classical five-point matrix of a unit square with known values on its edge
    n, coupling = 6, 3.0
    diagonal = np.zeros((n, n))
    for axis in (0, 1):
        for end in (0, -1):
            index = [slice(None)] * 2
            index[axis] = end
            diagonal[tuple(index)] += coupling
    faces = (np.full((n - 1, n), coupling), np.full((n, n - 1), coupling))
    operator = GridOperator(diagonal, faces, (False, False))
    solver = find_fast_solver(operator)
    assert "DST-I x DST-I" in solver.reason
    assert_solves(solver, operator)
    angles = np.pi * np.arange(1, n + 1) / (n + 1)
    values = 2 * coupling * (2 - np.cos(angles)[:, None] - np.cos(angles))
    np.testing.assert_allclose(np.linalg.eigvalsh(operator.matrix().toarray()), np.sort(values.ravel()), rtol=1e-12)


def test_a_sine_mode_is_divided_by_its_eigenvalue():
    n = 64
    operator = uniform_operator((n, n), ("DD", "P"), (1.0, 1.0))
    x = (np.arange(n) + 0.5) / n
    mode = np.sin(3 * np.pi * x)[:, None] * np.cos(4 * np.pi * x)
    value = 4 * np.sin(3 * np.pi / (2 * n)) ** 2 + 4 * np.sin(2 * np.pi / n) ** 2
    np.testing.assert_allclose(find_fast_solver(operator).apply(mode), mode / value, atol=1e-11)


def test_a_singular_system_ignores_the_mean_and_returns_mean_zero():
    operator = uniform_operator((6, 5), ("NN", "P"), (1.0, 2.0))
    solver = find_fast_solver(operator)
    b = right_side(operator)
    x = solver.apply(b + 3.0)
    assert abs(x.mean()) < 1e-15
    np.testing.assert_allclose(operator.apply(x), b, atol=1e-14)


def test_flat_right_sides_come_back_flat():
    operator = uniform_operator((6, 5), ("DD", "P"), (1.0, 2.0))
    b = right_side(operator)
    solver = find_fast_solver(operator)
    np.testing.assert_array_equal(solver.apply(b.ravel()), solver.apply(b).ravel())


def test_resonance_is_refused_and_a_shift_between_eigenvalues_is_not():
    values = 4 * np.sin(np.pi * np.arange(1, 9) / 16) ** 2
    resonant = uniform_operator((8,), ("DD",), (1.0,), -values[2])
    assert find_fast_solver(resonant) is None
    between = uniform_operator((8,), ("DD",), (1.0,), -0.5 * (values[2] + values[3]))
    assert_solves(find_fast_solver(between), between, tolerance=1e-12)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("change", [1e-10, -1e-10, np.nan, np.inf])
@pytest.mark.parametrize("where", [(0, 0, 0), (20, 31, 17), (39, 47, 43)])
@pytest.mark.parametrize("which", [0, 1, 2, "diagonal"])
def test_one_deviating_entry_among_many_is_noticed(which, where, change, compiled, monkeypatch):
    monkeypatch.setattr("fieldsim.linear.factors._COMPILED_ABOVE", 0 if compiled else 1 << 30)
    operator = uniform_operator((40, 48, 44), ("DD", "P", "NN"), (1.0, 2.0, 3.0), 0.1)
    array = operator.diagonal if which == "diagonal" else operator.couplings[which]
    place = tuple(min(i, n - 1) for i, n in zip(where, array.shape, strict=True))
    array[place] *= 1.0 + change
    assert find_fast_solver(operator) is None


@pytest.mark.parametrize("bad", [np.nan, np.inf, -1.0])
def test_values_that_are_not_conductances_are_refused(bad):
    for which in (0, 1, "diagonal"):
        operator = uniform_operator((5, 6), ("DD", "NN"), (1.0, 2.0))
        array = operator.diagonal if which == "diagonal" else operator.couplings[which]
        array[2, 3] = bad
        assert find_fast_solver(operator) is None


@pytest.mark.parametrize("shape", [(30,), (12, 9), (6, 5, 7), (2, 3, 4)])
@pytest.mark.parametrize("kind", KINDS)
def test_compiled_comparison_accepts_the_same(shape, kind, monkeypatch):
    monkeypatch.setattr("fieldsim.linear.factors._COMPILED_ABOVE", 0)
    operator = uniform_operator(shape, (kind,) * len(shape), (1.3, 0.2, 5.0)[: len(shape)], 0.7)
    assert_solves(find_fast_solver(operator), operator)


def test_grids_without_cells_and_of_four_axes_are_refused():
    assert find_fast_solver(GridOperator(np.ones((0, 3)), (np.ones((0, 3)), np.ones((0, 2))), (True, False))) is None
    assert find_fast_solver(uniform_operator((2, 3, 2, 3), ("DD",) * 4, (1.0,) * 4)) is None


def test_small_deviations_are_refined_away():
    operator = uniform_operator((12, 9), ("DD", "NN"), (1.0, 2.0))
    # a block, so that no product comes closer than half of it
    operator.couplings[0][:6, :5] *= 1.0 + 9e-13
    solver = find_fast_solver(operator)
    assert solver.name == "separable"
    assert_solves(solver, operator, tolerance=1e-14)


def test_arrays_that_repeat_in_memory_give_the_same_answer():
    shape = (40, 30, 50)
    operator = uniform_operator(shape, ("DD", "P", "NN"), (1.0, 2.0, 3.0))
    faces = [c.shape for c in operator.couplings]
    lean = GridOperator(
        operator.diagonal,
        tuple(np.broadcast_to(v, s) for v, s in zip((1.0, 2.0, 3.0), faces, strict=True)),
        operator.periodic,
    )
    b = right_side(operator)
    np.testing.assert_array_equal(find_fast_solver(lean).apply(b), find_fast_solver(operator).apply(b))


def test_large_grids_agree_with_a_bare_transform():
    n = 48
    operator = uniform_operator((n, n, n), ("DD",) * 3, (1.0,) * 3)
    b = right_side(operator)
    k = 4 * np.sin(np.pi * np.arange(1, n + 1) / (2 * n)) ** 2
    bare = fft.idstn(fft.dstn(b, type=2) / (k[:, None, None] + k[:, None] + k), type=2)
    np.testing.assert_allclose(find_fast_solver(operator).apply(b), bare, rtol=0, atol=1e-13 * np.abs(bare).max())


def test_a_term_with_uneven_couplings_has_no_transform():
    ones = np.ones(4)
    assert (
        trigonometric_basis(Term(np.array([1.0, 1.0, 2.0]), np.zeros(4), (ones,), periodic=False, active=True)) is None
    )
    # the ends hold the mean of the inside, as insulated ends with a constant would
    varying = np.array([0.15, 0.1, 0.2, 0.15])
    assert trigonometric_basis(Term(np.ones(3), varying, (ones,), periodic=False, active=True)) is None
    assert trigonometric_basis(Term(np.ones(4), varying, (ones,), periodic=True, active=True)) is None
    walls = np.array([0.0, 0.0, 0.0, 0.5])
    assert trigonometric_basis(Term(np.ones(3), walls, (ones,), periodic=False, active=True)) is None
