"""Finite-difference weights against rational arithmetic, printed tables and polynomials; tables at every end."""

from __future__ import annotations

from fractions import Fraction
from math import pi

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import exact_weights

from fieldsim.errors import InvalidInput
from fieldsim.stencils import ORDERS, End, derivative_tables, fornberg_weights, ghost_layers, is_uniform

EPS = np.finfo(float).eps


def weights_at(at: float, nodes, derivative: int) -> np.ndarray:
    return fornberg_weights(np.array([at]), np.array([nodes], dtype=float), derivative)[derivative, 0]


@st.composite
def node_sets(draw):
    """Between two and nine nodes a quarter apart or more, and a place among them."""
    gaps = draw(st.lists(st.integers(16, 64), min_size=1, max_size=8))
    nodes = np.cumsum([0, *gaps]) / 64.0 + draw(st.integers(-64, 64)) / 64.0
    at = draw(st.integers(0, 256)) / 256.0 * (nodes[-1] - nodes[0]) + nodes[0]
    return float(at), nodes


# ---- weights

# B. Fornberg, Math. Comp. 51 (1988), tables 1 and 3; the derivative, nodes from the place, and its weights.
PRINTED = [
    (1, (-1, 0, 1), "-1/2 0 1/2"),
    (1, (-2, -1, 0, 1, 2), "1/12 -2/3 0 2/3 -1/12"),
    (1, (-3, -2, -1, 0, 1, 2, 3), "-1/60 3/20 -3/4 0 3/4 -3/20 1/60"),
    (1, (-4, -3, -2, -1, 0, 1, 2, 3, 4), "1/280 -4/105 1/5 -4/5 0 4/5 -1/5 4/105 -1/280"),
    (2, (-1, 0, 1), "1 -2 1"),
    (2, (-2, -1, 0, 1, 2), "-1/12 4/3 -5/2 4/3 -1/12"),
    (2, (-3, -2, -1, 0, 1, 2, 3), "1/90 -3/20 3/2 -49/18 3/2 -3/20 1/90"),
    (2, (-4, -3, -2, -1, 0, 1, 2, 3, 4), "-1/560 8/315 -1/5 8/5 -205/72 8/5 -1/5 8/315 -1/560"),
    (3, (-2, -1, 0, 1, 2), "-1/2 1 0 -1 1/2"),
    (4, (-2, -1, 0, 1, 2), "1 -4 6 -4 1"),
    (1, (0, 1, 2), "-3/2 2 -1/2"),
    (1, (0, 1, 2, 3, 4), "-25/12 4 -3 4/3 -1/4"),
    (2, (0, 1, 2, 3), "2 -5 4 -1"),
    (2, (0, 1, 2, 3, 4, 5), "15/4 -77/6 107/6 -13 61/12 -5/6"),
]


@pytest.mark.parametrize(("derivative", "nodes", "printed"), PRINTED)
def test_printed_tables(derivative, nodes, printed):
    expected = [float(Fraction(word)) for word in printed.split()]
    assert weights_at(0.0, nodes, derivative) == pytest.approx(expected, rel=1e-13, abs=1e-14)


@given(node_sets(), st.integers(0, 4))
def test_weights_are_those_of_rational_arithmetic(places, derivative):
    at, nodes = places
    expected = np.array([float(w) for w in exact_weights(Fraction(at), [Fraction(x) for x in nodes], derivative)])
    assert weights_at(at, nodes, derivative) == pytest.approx(expected, abs=1e-11 * max(1.0, np.abs(expected).max()))


@given(node_sets(), st.integers(0, 4), st.data())
def test_weights_differentiate_polynomials_exactly(places, derivative, data):
    """Every polynomial of a degree below the number of points, by the very definition of the weights."""
    at, nodes = places
    degree = data.draw(st.integers(0, nodes.size - 1))
    p = np.polynomial.Polynomial(np.arange(1.0, degree + 2) * (-1) ** np.arange(degree + 1))
    w = weights_at(at, nodes, derivative)
    size = np.abs(w) @ np.abs(p(nodes)) + 1.0
    assert abs(w @ p(nodes) - p.deriv(derivative)(at)) <= 1e-12 * size


def test_rows_are_independent_of_each_other():
    at, nodes = np.array([0.2, 5.0]), np.array([[0.0, 0.5, 1.0], [4.0, 5.0, 7.0]])
    both = fornberg_weights(at, nodes, 2)
    for row in (0, 1):
        alone = fornberg_weights(at[row : row + 1], nodes[row : row + 1], 2)
        assert np.array_equal(both[:, row], alone[:, 0])


# ---- tables along an axis


def stretched(cells: int, low: float = 0.0, high: float = 1.0) -> np.ndarray:
    s = np.linspace(0.0, 1.0, cells + 1)
    edges = low + (high - low) * (s + 0.1 * np.sin(2.0 * s)) / (1.0 + 0.1 * np.sin(2.0))
    return 0.5 * (edges[1:] + edges[:-1])


def uniform(cells: int, low: float = 0.0, high: float = 1.0) -> np.ndarray:
    return low + (np.arange(cells) + 0.5) * (high - low) / cells


def apply(table, values: np.ndarray) -> np.ndarray:
    assert table.index.min() >= 0
    return np.einsum("ij,ij->i", table.weights, values[table.index])


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("spread", [uniform, stretched])
def test_walls_are_exact_on_polynomials_in_every_row(order, spread):
    """p points an order more differentiate x^p exactly, up to the first and last row; even on stretched axes."""
    centers = spread(24, -0.5, 1.0)
    first, second = derivative_tables(centers, order=order, second=True)
    for degree in range(order + 1):
        values = centers**degree
        slope = degree * centers ** max(degree - 1, 0)
        assert np.abs(apply(first, values) - slope).max() <= 1e-10, degree
    for degree in range(order + 2):
        values = centers**degree
        curvature = degree * (degree - 1) * centers ** max(degree - 2, 0)
        assert np.abs(apply(second, values) - curvature).max() <= 1e-7, degree


@pytest.mark.parametrize("order", ORDERS)
def test_the_first_table_alone_has_one_point_less(order):
    centers = stretched(20)
    first, same = derivative_tables(centers, order=order, second=False)
    assert same is first
    assert first.index.shape == (20, order + 1)
    assert np.abs(apply(first, centers**order) - order * centers ** (order - 1)).max() <= 1e-10


@given(
    order=st.sampled_from(ORDERS),
    widths=st.lists(st.floats(0.5, 2.0), min_size=10, max_size=20),
    second=st.booleans(),
)
def test_tables_hold_their_order_on_any_spacing(order, widths, second):
    edges = np.concatenate([[0.0], np.cumsum(widths)]) / sum(widths)
    centers = 0.5 * (edges[1:] + edges[:-1])
    tables = derivative_tables(centers, order=order, second=second)
    m, table = (2, tables[1]) if second else (1, tables[0])
    degree = order + m - 1
    p = np.polynomial.Polynomial([0.3, *([1.0] * degree)])
    size = np.einsum("ij,ij->i", np.abs(table.weights), np.abs(p(centers))[table.index]) + 1.0
    assert np.all(np.abs(apply(table, p(centers)) - p.deriv(m)(centers)) <= 1e-11 * size)


def test_inner_rows_of_a_uniform_axis_are_the_printed_ones():
    n, h = 12, 1.0 / 12
    first, second = derivative_tables(uniform(n), order=2, second=True)
    inner = slice(1, n - 2)
    assert np.allclose(first.weights[inner] * h, [-0.5, 0.0, 0.5, 0.0], atol=1e-13)
    assert np.allclose(second.weights[inner] * h**2, [1.0, -2.0, 1.0, 0.0], atol=1e-12)
    assert np.all(first.weights[inner, 1] == 0.0)  # the centre cancels exactly, not to rounding


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("spread", [uniform, stretched])
def test_seam_rows_run_around(order, spread):
    """A wave of the period, at the order claimed in every row: no row is one-sided."""
    period = 1.5
    end = End("seam", period)
    errors = []
    for n in (32, 64):
        centers = spread(n, 0.0, period)
        first, second = derivative_tables(centers, order=order, lower=end, upper=end, second=True)
        k = 2 * pi / period
        wave, slope, curvature = np.cos(k * centers + 1), -k * np.sin(k * centers + 1), -k * k * np.cos(k * centers + 1)
        errors.append((np.abs(apply(first, wave) - slope).max(), np.abs(apply(second, wave) - curvature).max()))
        assert np.all(np.abs(first.nodes - centers[:, None]) < period / 2)
        turns = (first.nodes - centers[first.index]) / period
        assert np.allclose(turns, np.round(turns), atol=1e-12)
    assert np.log2(errors[0][0] / errors[1][0]) >= order - 0.4
    assert np.log2(errors[0][1] / errors[1][1]) >= order - 0.4


@pytest.mark.parametrize("order", ORDERS)
def test_seam_rows_are_all_alike_on_a_uniform_axis(order):
    n = 20
    end = End("seam", 1.0)
    first, second = derivative_tables(uniform(n), order=order, lower=end, upper=end, second=True)
    offsets = (first.index - np.arange(n)[:, None]) % n
    assert np.all(offsets == offsets[0])
    for table in (first, second):
        assert np.allclose(table.weights, table.weights[n // 2], rtol=1e-11, atol=1e-9)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("spread", [uniform, stretched])
@pytest.mark.parametrize(("parity", "sign"), [(0, 1.0), (1, -1.0)])
def test_rows_through_a_pole_go_on_beyond_it(order, spread, parity, sign):
    """Even powers continue with +, odd ones with -: exact in the first row as in any other, no point doubled."""
    centers = spread(24)
    first, second = derivative_tables(centers, order=order, lower=End("pole", 0.0), second=True)
    for degree in range(parity, order + 1, 2):
        slope, bend = degree * centers ** max(degree - 1, 0), degree * (degree - 1) * centers ** max(degree - 2, 0)
        assert np.abs(apply(first.folded(sign, 1.0), centers**degree) - slope)[:12].max() <= 1e-10
        assert np.abs(apply(second.folded(sign, 1.0), centers**degree) - bend)[:12].max() <= 1e-7


@pytest.mark.parametrize("order", ORDERS)
def test_rows_through_an_upper_pole(order):
    """cos(theta) is even and sin(theta) odd about theta = pi."""
    ends = {"lower": End("pole", 0.0), "upper": End("pole", pi)}
    errors = []
    for n in (16, 32):
        centers = uniform(n, 0.0, pi)
        first, _ = derivative_tables(centers, order=order, second=True, **ends)
        even = apply(first.folded(1.0, 1.0), np.cos(centers)) + np.sin(centers)
        odd = apply(first.folded(-1.0, -1.0), np.sin(centers)) - np.cos(centers)
        errors.append(max(np.abs(even).max(), np.abs(odd).max()))
    assert np.log2(errors[0] / errors[1]) >= order - 0.1


def test_ghosts_are_numbered_from_the_pole_outwards():
    n = 8
    ends = {"lower": End("pole", 0.0), "upper": End("pole", 1.0)}
    first, _ = derivative_tables(uniform(n), order=4, second=False, **ends)
    assert first.layers == ghost_layers(4) == 3
    assert list(first.index[0]) == [-2, -1, 0, 1, 2]
    assert np.allclose(first.nodes[0], np.array([-1.5, -0.5, 0.5, 1.5, 2.5]) / n)
    assert list(first.index[-1]) == [n - 3, n - 2, n - 1, -1 - 3, -1 - 4]
    assert np.allclose(first.nodes[-1], 1.0 + np.array([-2.5, -1.5, -0.5, 0.5, 1.5]) / n)


def test_scaled_rows_multiply_outside_and_inside():
    """r -> (1/r) d(r f): f = r^2 gives 3 r."""
    centers = stretched(20, 0.5, 2.0)
    first, _ = derivative_tables(centers, order=4, second=False)
    table = first.scaled(1.0 / centers, first.nodes)
    assert np.allclose(apply(table, centers**2), 3.0 * centers, atol=1e-10)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(
    ("kind", "low", "high"),
    [("wall", 0.0, 1.0), ("wall", 100.0, 101.0), ("seam", 0.0, 2 * pi), ("pole", 0.0, pi), ("pole", 0.0, 1.0)],
)
@pytest.mark.parametrize("cells", [24, 288])
def test_rows_sum_to_zero(order, kind, low, high, cells):
    """The derivative of a constant is zero to a few units of rounding of the weights, however fine the axis is."""
    ends = {
        "wall": {},
        "seam": {"lower": End("seam", high - low), "upper": End("seam", high - low)},
        "pole": {"lower": End("pole", low), "upper": End("pole", high)},
    }[kind]
    for table in derivative_tables(uniform(cells, low, high), order=order, second=True, **ends):
        assert (np.abs(table.weights.sum(axis=1)) / np.abs(table.weights).sum(axis=1)).max() <= 8 * EPS


# ---- too few cells, uniformity


@pytest.mark.parametrize("order", ORDERS)
def test_too_few_cells_are_refused_with_the_number_needed(order):
    for cells, second, needed in ((order, False, order + 1), (order + 1, True, order + 2)):
        with pytest.raises(InvalidInput, match=rf"at least {needed} along x .*order {order}; got {cells}\. Take more"):
            derivative_tables(uniform(cells), order=order, second=second, name="x")
        derivative_tables(uniform(needed), order=order, second=second, name="x")


def test_order_eight_on_six_cells():
    with pytest.raises(InvalidInput, match="`cells` must be at least 9 along r for derivatives of order 8; got 6"):
        derivative_tables(uniform(6), order=8, second=False, name="r")


@pytest.mark.parametrize("order", ORDERS)
def test_a_seam_needs_one_cell_a_point_and_no_more(order):
    end = End("seam", 1.0)
    first, second = derivative_tables(uniform(order + 1), order=order, lower=end, upper=end, second=True)
    assert np.abs(apply(second, np.ones(order + 1))).max() <= 1e-10
    assert np.abs(apply(first, np.ones(order + 1))).max() <= 1e-10
    with pytest.raises(InvalidInput, match=f"at least {order + 1}"):
        derivative_tables(uniform(order), order=order, lower=end, upper=end, second=True)


@settings(max_examples=40)
@given(cells=st.integers(3, 40), low=st.floats(-50, 50), width=st.floats(0.1, 50), bump=st.floats(1e-6, 0.3))
def test_uniform_means_to_rounding(cells, low, width, bump):
    centers = uniform(cells, low, low + width)
    assert is_uniform(centers)
    moved = centers.copy()
    moved[1] += bump * width / cells
    assert not is_uniform(moved)
