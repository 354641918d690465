"""Stationary points against the lessons' numbers, classic test functions and random quadratics."""

from __future__ import annotations

from math import pi

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldsim.analysis.stationary import StationaryPoints, stationary_points
from fieldsim.errors import InvalidInput, RankError
from fieldsim.fields import ScalarField, VectorField
from fieldsim.meshes import cartesian, cylindrical, polar, spherical

TURN = (0.0, 2.0 * pi)


def plane(half: float = 5.0, cells: int = 64) -> object:
    return cartesian(x=(-half, half), y=(-half, half), cells=(cells, cells))


def places(points: StationaryPoints) -> np.ndarray:
    return np.array([p.position for p in points])


def test_the_lesson() -> None:
    """x^2 + 2y^2 - 4x - 8y + 20: minimum 8 at (2, 2), Hessian eigenvalues 2 and 4."""
    (point,) = stationary_points(ScalarField(plane(), "x**2 + 2*y**2 - 4*x - 8*y + 20", unit="m"))
    assert point.kind == "minimum"
    assert point.isolated
    assert point.position == pytest.approx((2, 2), abs=1e-11)
    assert point.value == pytest.approx(8, abs=1e-11)
    assert point.eigenvalues == pytest.approx((2, 4), abs=1e-9)


def test_himmelblau() -> None:
    """Nine points: four minima of value 0, one maximum 181.617, four saddles (Himmelblau 1972; recomputed)."""
    for cells in (24, 65):
        points = stationary_points(ScalarField(plane(cells=cells), "(x**2+y-11)**2 + (x+y**2-7)**2"))
        assert [p.kind for p in points] == ["minimum"] * 4 + ["saddle"] * 4 + ["maximum"]
        minima = points.of_kind("minimum")
        expected = [(-3.779310, -3.283186), (-2.805118, 3.131313), (3, 2), (3.584428, -1.848127)]
        assert np.array(sorted(map(tuple, places(minima)))) == pytest.approx(np.array(expected), abs=1e-6)
        assert [p.value for p in minima] == pytest.approx([0.0] * 4, abs=1e-10)
        (top,) = points.of_kind("maximum")
        assert top.position == pytest.approx((-0.270845, -0.923039), abs=1e-6)
        assert top.value == pytest.approx(181.617, abs=1e-3)
        saddles = sorted(p.position for p in points.of_kind("saddle"))
        assert np.array(saddles) == pytest.approx(
            np.array([(-3.073026, -0.081353), (-0.127961, -1.953715), (0.086678, 2.884255), (3.385154, 0.073852)]),
            abs=1e-6,
        )


@pytest.mark.parametrize("mesh", [plane(1.0, 31), plane(1.0, 32), polar(r=(0, 1), phi=TURN, cells=(16, 32))], ids=str)
def test_the_monkey_saddle_is_degenerate(mesh: object) -> None:
    """x^3 - 3xy^2: the Hessian vanishes at the origin, second derivatives do not decide."""
    (point,) = stationary_points(ScalarField(mesh, "x**3 - 3*x*y**2"))
    assert point.kind == "degenerate"
    assert point.isolated
    assert point.position == pytest.approx((0, 0), abs=1e-6)
    assert point.value == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    ("text", "isolated"),
    [("x**4 + y**4", True), ("x**3 + y**2", True), ("x**2", False), ("(x**2 + y**2 - 0.5)**2", False), ("7", False)],
)
def test_degenerate_points_lines_and_plateaus_count_once(text: str, isolated: bool) -> None:
    points = stationary_points(ScalarField(plane(1.0, 32), text)).of_kind("degenerate")
    assert [p.isolated for p in points] == [isolated]


def test_a_shallow_minimum_is_still_a_minimum() -> None:
    (point,) = stationary_points(ScalarField(plane(1.0, 32), "x**2 + 1e-6*y**2"))
    assert point.kind == "minimum"
    assert point.eigenvalues == pytest.approx((2e-6, 2.0), rel=1e-5)


def test_a_slope_has_none() -> None:
    points = stationary_points(ScalarField(plane(), "x + 2*y + 0.1*x*x"))
    assert list(points) == []
    assert str(points) == "no stationary point"


quadratics = st.tuples(
    st.floats(-1, 1),
    st.floats(-1, 1),
    st.floats(0, pi),
    st.sampled_from([-2.0, 0.7, 3.0]),
    st.sampled_from([-1.0, 1.5]),
)
MESHES = [
    plane(2.0, 11),
    polar(r=(0, 2.5), phi=TURN, cells=(12, 32)),
    cartesian(edges={"x": np.tan(np.linspace(-1.1, 1.1, 25)), "y": np.linspace(-2, 2, 12)}),
]


@settings(max_examples=30, deadline=None)
@given(which=st.sampled_from(range(len(MESHES))), q=quadratics)
def test_random_quadratics(which: int, q: tuple[float, float, float, float, float]) -> None:
    """f = (x - a) . H (x - a) / 2 has one stationary point, at a, of the class of H."""
    a, b, turn, one, two = q
    c, s = np.cos(turn), np.sin(turn)
    h = np.array([[c, -s], [s, c]]) @ np.diag([one, two]) @ np.array([[c, s], [-s, c]])

    def f(p: np.ndarray) -> np.ndarray:
        d = p - np.array([a, b]).reshape(2, *[1] * (p.ndim - 1))
        return 5.0 + 0.5 * np.einsum("i...,ij,j...->...", d, h, d)

    (point,) = stationary_points(ScalarField(MESHES[which], f))
    kind = "minimum" if min(one, two) > 0 else "maximum" if max(one, two) < 0 else "saddle"
    assert point.kind == kind
    assert point.position == pytest.approx((a, b), abs=2e-5)
    assert point.value == pytest.approx(5.0, abs=1e-5)
    assert point.eigenvalues == pytest.approx(sorted((one, two)), abs=5e-3)


def test_through_the_pole_of_a_disk() -> None:
    disk = polar(r=(0, 2), phi=TURN, cells=(24, 48))
    for text, kind, eigenvalues in [
        ("x**2 + 2*y**2", "minimum", (2, 4)),
        ("x**2 - y**2", "saddle", (-2, 2)),
        ("-(x-0.01)**2 - y**2", "maximum", (-2, -2)),
    ]:
        (point,) = stationary_points(ScalarField(disk, text))
        assert point.kind == kind
        assert point.eigenvalues == pytest.approx(eigenvalues, abs=1e-6)
        assert point.position == pytest.approx((0.01 if "0.01" in text else 0.0, 0.0), abs=1e-7)


def test_across_seams_each_point_counts_once() -> None:
    torus = cartesian(x=(0, 1), y=(0, 1), cells=(32, 31), periodic=("x", "y"))
    points = stationary_points(ScalarField(torus, "cos(2*pi*x) + cos(2*pi*y)"))
    assert [p.kind for p in points] == ["minimum", "saddle", "saddle", "maximum"]
    ring = polar(r=(1, 2), phi=TURN, cells=(24, 64))
    points = stationary_points(ScalarField(ring, "(r-1.5)**2 + 0.1*cos(2*phi)"))
    assert [p.kind for p in points] == ["minimum"] * 2 + ["saddle"] * 2
    minima = np.abs(places(points.of_kind("minimum")))
    assert minima == pytest.approx(np.array([[0, 1.5], [0, 1.5]]), abs=1e-5)


def test_in_three_dimensions_and_on_reduced_meshes() -> None:
    ball = spherical(r=(0, 1), theta=(0, pi), phi=TURN, cells=(10, 12, 24))
    (point,) = stationary_points(ScalarField(ball, "x**2 + 2*y**2 - z**2 + 0.1*x"))
    assert point.kind == "saddle"
    assert point.position == pytest.approx((-0.05, 0, 0), abs=1e-5)
    cube = cartesian(x=(-1, 1), y=(-1, 1), z=(-1, 1), cells=(12, 12, 12))
    points = stationary_points(ScalarField(cube, "x**2*y + y**2*z + z**2 - y + 0.1*x"))
    for p in points:
        x, y, z = p.position
        assert (2 * x * y + 0.1, x * x + 2 * y * z - 1, y * y + 2 * z) == pytest.approx((0, 0, 0), abs=1e-9)
    assert len(points) > 0
    (point,) = stationary_points(ScalarField(cylindrical(r=(0, 1), z=(-1, 1), cells=(20, 40)), "r**2 - z**2"))
    assert point.kind == "saddle"
    assert point.position == pytest.approx((0, 0, 0), abs=1e-9)
    (point,) = stationary_points(ScalarField(spherical(r=(0.5, 3), cells=60), "1/r**2 - 1/r"))
    assert point.kind == "minimum"
    assert point.position == pytest.approx((2, 0, 0), abs=1e-5)
    assert point.value == pytest.approx(-0.25, abs=1e-7)


def test_the_null_of_an_unequal_pair() -> None:
    """+4q at 0 and -q at d: E = 0 on the axis at 2d, a saddle of V (Griffiths; Laplace allows no extremum)."""
    mesh = cartesian(x=(1.4, 2.6), y=(-0.5, 0.5), z=(-0.5, 0.5), cells=(24, 20, 20))
    V = ScalarField(mesh, "4/sqrt(x**2+y**2+z**2) - 1/sqrt((x-1)**2+y**2+z**2)")
    (point,) = stationary_points(V)
    assert point.kind == "saddle"
    assert point.position == pytest.approx((2, 0, 0), abs=1e-5)
    assert sum(point.eigenvalues) == pytest.approx(0, abs=1e-3)


def test_data_with_holes_and_noise() -> None:
    """A cut-out region hides what is in it and nothing else; every strict peak of rough data has a maximum nearby."""
    mesh = plane(3.0, 48)
    f = ScalarField(mesh, "sin(2*x)*sin(2*y)")
    everything = len(stationary_points(f))
    values = f.values.copy()
    values[:6, :6] = np.nan
    fewer = stationary_points(ScalarField.from_values(mesh, values))
    assert 0 < len(fewer) < everything

    from scipy import ndimage

    rough = ndimage.gaussian_filter(np.random.default_rng(7).standard_normal(mesh.shape), 1.5, mode="nearest")
    ring = np.ones((3, 3), dtype=bool)
    ring[1, 1] = False
    peak = rough > ndimage.maximum_filter(rough, footprint=ring, mode="nearest")
    peak[[0, -1]] = peak[:, [0, -1]] = False
    maxima = places(stationary_points(ScalarField(mesh, rough)).of_kind("maximum"))
    width = mesh.axes[0].widths[0]
    for place in mesh.points[:, peak].T:
        assert np.abs(maxima - place).max(axis=1).min() <= width


def test_a_large_constant_does_not_hide_anything() -> None:
    (point,) = stationary_points(ScalarField(plane(), "1e6 + (x-1)**2 + y**2"))
    assert point.position == pytest.approx((1, 0), abs=1e-5)
    assert point.kind == "minimum"


def test_it_prints_as_a_table() -> None:
    text = str(stationary_points(ScalarField(plane(), "x**2 - y**2", unit="V")))
    assert text.splitlines()[0].split() == ["kind", "x", "y", "value", "[V]", "Hessian", "eigenvalues"]
    assert text.splitlines()[1].startswith("saddle  0  0")


def test_wrong_inputs() -> None:
    with pytest.raises(RankError, match="scalar field"):
        stationary_points(VectorField(plane(), ["x", "y"]))  # type: ignore[arg-type]
    with pytest.raises(RankError, match="scalar field"):
        stationary_points(3.0)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="3 cells"):
        stationary_points(ScalarField(cartesian(x=(0, 1), y=(0, 1), cells=(2, 8)), "x*y"))
