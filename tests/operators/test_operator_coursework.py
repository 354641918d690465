"""The numbers of the lessons on the gradient (COURSEWORK, section 1), from meshes whose cell centres are the points."""

from __future__ import annotations

from math import cos, exp, pi, sin

import numpy as np
import pytest

import fieldsim as fs


def around(*point, n=9, spacing=0.25):
    """Return a Cartesian mesh with a cell centre exactly at the point, in its middle."""
    half = n * spacing / 2
    spans = {name: (p - half, p + half) for name, p in zip("xyz", point, strict=False)}
    return fs.cartesian(**spans, cells=(n,) * len(point))


def at(field, *point):
    return field.at([point])[0]


def gradient_at(formula, *point, order=4, spacing=0.25):
    field = fs.ScalarField(around(*point, spacing=spacing), formula)
    return at(fs.gradient(field, order), *point)


# ---- gradient as the vector of all partials


@pytest.mark.parametrize(
    ("formula", "point", "expected"),
    [
        ("x**2 + y**2", (1, 2), (2, 4)),
        ("x**2*y + 3*y**3", (2, 1), (4, 13)),
        ("x*y*z**2", (1, 2, 3), (18, 9, 12)),
        ("100 - x**2 - y**2", (3, 4), (-6, -8)),
        ("1000 - x**2/2 - y**2/2", (10, 0), (-10, 0)),
        ("2*x**2 + 3*y**3", (1, 2), (4, 36)),
        ("x**2*y", (3, 2), (12, 9)),
    ],
)
def test_gradients_of_the_lessons(formula, point, expected):
    assert gradient_at(formula, *point) == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize("formula", ["x**2 + y**2", "100 - x**2 - y**2", "x**2 + 3*x*y + y**2"])
def test_quadratics_are_exact_at_second_order(formula):
    mesh = fs.cartesian(x=(-1, 2), y=(0, 3), cells=(7, 8))
    field = fs.ScalarField(mesh, formula)
    fine = fs.gradient(field, 8) if min(mesh.shape) > 8 else fs.gradient(field, 4)
    assert fs.gradient(field, 2).values == pytest.approx(fine.values, abs=1e-11)


def test_the_exponential_times_a_sine():
    """e^x sin y: (e^x sin y, e^x cos y)."""
    got = gradient_at("exp(x)*sin(y)", 0.7, 1.1, order=8, spacing=0.05)
    assert got == pytest.approx((exp(0.7) * sin(1.1), exp(0.7) * cos(1.1)), rel=1e-10)


def test_partial_derivatives():
    """f = x^2 + 3 x y + y^2: f_x = 2 x + 3 y, f_y = 3 x + 2 y."""
    mesh = fs.cartesian(x=(-1, 2), y=(0, 3), cells=(6, 7))
    f = fs.ScalarField(mesh, "x**2 + 3*x*y + y**2")
    x, y = mesh.points
    assert fs.partial(f, "x").values == pytest.approx(2 * x + 3 * y)
    assert fs.partial(f, "y").values == pytest.approx(3 * x + 2 * y)
    assert fs.gradient(f).values == pytest.approx(np.stack([2 * x + 3 * y, 3 * x + 2 * y]))


# ---- what the gradient means


def test_steepest_ascent():
    """The gradient's direction is that of the largest directional derivative, its norm the rate."""
    mesh = around(1, 2)
    f = fs.ScalarField(mesh, "x**2 + y**2")
    angles = np.linspace(0, 2 * pi, 720, endpoint=False)
    slopes = [at(fs.directional_derivative(f, (cos(a), sin(a))), 1, 2) for a in angles[::8]]
    best = angles[::8][int(np.argmax(slopes))]
    gradient = at(fs.gradient(f), 1, 2)
    assert abs(best - np.arctan2(gradient[1], gradient[0])) <= 2 * pi / 90
    assert max(slopes) == pytest.approx(np.hypot(*gradient), rel=2e-3)
    assert max(slopes) <= np.hypot(*gradient) * (1 + 1e-12)
    assert min(slopes) == pytest.approx(-max(slopes), rel=1e-9)


def test_directional_derivatives_are_projections():
    """D_u f = norm(grad f) cos t: 5 along (3, 4)/5, 0 along the contour, -5 against."""
    f = fs.ScalarField(around(1.5, 2), "x**2 + y**2")
    for t in np.linspace(0, pi, 7):
        u = (cos(t) * 3 - sin(t) * 4, cos(t) * 4 + sin(t) * 3)
        assert at(fs.directional_derivative(f, u), 1.5, 2) == pytest.approx(5 * cos(t), abs=1e-11)


def test_gradients_stand_on_their_contours():
    """The contours of x^2 + 2 y^2 - 4 x - 8 y + 20 are ellipses about (2, 2): tangent (-f_y, f_x)."""
    mesh = fs.cartesian(x=(-1, 5), y=(-1, 5), cells=(13, 11))
    f = fs.ScalarField(mesh, "x**2 + 2*y**2 - 4*x - 8*y + 20")
    x, y = mesh.points
    tangent = np.stack([-(4 * y - 8), 2 * x - 4])
    along = (fs.gradient(f).values * tangent).sum(axis=0)
    assert np.abs(along).max() <= 1e-10
    assert at(f, 2, 2) == pytest.approx(8.0)
    assert at(fs.gradient(f), 2, 2) == pytest.approx((0, 0), abs=1e-11)
    assert at(fs.hessian(f).trace(), 2, 2) == pytest.approx(6.0)
    assert fs.hessian(f).values[:, :, 6, 5] == pytest.approx(np.diag([2.0, 4.0]), abs=1e-10)


@pytest.mark.parametrize(
    ("formula", "eigenvalues"),
    [("x**2 + y**2", (2, 2)), ("-x**2 - 3*y**2", (-6, -2)), ("x**2 - y**2", (-2, 2)), ("x**2 + x**2", (0, 4))],
)
def test_the_hessian_tells_minimum_maximum_saddle_and_valley(formula, eigenvalues):
    """Zero gradient is not yet a minimum."""
    mesh = around(0, 0)
    f = fs.ScalarField(mesh, formula)
    assert at(fs.gradient(f), 0, 0) == pytest.approx((0, 0), abs=1e-12)
    H = fs.hessian(f).values[:, :, 4, 4]
    assert np.linalg.eigvalsh(H) == pytest.approx(eigenvalues, abs=1e-10)


def test_gradient_descent_by_hand():
    """x^2 + y^2 from (5, 3), rate 0.1: (4, 2.4), (3.2, 1.92), ..."""
    mesh = fs.cartesian(x=(-6, 6), y=(-6, 6), cells=(24, 24))
    slope = fs.gradient(fs.ScalarField(mesh, "x**2 + y**2"))
    place = np.array([5.0, 3.0])
    for expected in ((4, 2.4), (3.2, 1.92), (2.56, 1.536)):
        place = place - 0.1 * at(slope, *place)
        assert place == pytest.approx(expected, rel=1e-12)


# ---- linearity, product, chain rule


def test_linearity_product_and_chain_rule():
    """2 x^2 + 3 y^3 -> (4 x, 9 y^2); x^2 y -> (2 x y, x^2); (x^2 + y^2)^3 -> 6 (x^2 + y^2)^2 (x, y)."""
    mesh = fs.cartesian(x=(0.5, 1.5), y=(0.5, 1.5), cells=(12, 12))
    x, y = mesh.points
    X, Y = fs.ScalarField(mesh, "x"), fs.ScalarField(mesh, "y")
    assert fs.gradient(2 * X**2 + 3 * Y**3, 4).values == pytest.approx(np.stack([4 * x, 9 * y**2]), abs=1e-11)
    assert fs.gradient(X**2 * Y, 4).values == pytest.approx(np.stack([2 * x * y, x**2]), abs=1e-11)
    s = X**2 + Y**2
    chain = 3 * s**2 * fs.gradient(s, 4)
    assert fs.gradient(s**3, 8).values == pytest.approx(chain.values, abs=1e-9)
    assert chain.values == pytest.approx(6 * (x**2 + y**2) ** 2 * np.stack([x, y]), abs=1e-10)


# ---- physics


def test_uniform_gravity():
    """U = m g h gives F = -grad U = (0, 0, -m g)."""
    mesh = fs.cartesian(x=(0, 1), y=(0, 1), z=(0, 10), cells=(4, 4, 8))
    U = fs.ScalarField(mesh, "2*9.80665*z", unit="J")
    F = -fs.gradient(U)
    assert F.values == pytest.approx(np.broadcast_to([[[[0]]], [[[0]]], [[[-19.6133]]]], F.values.shape), abs=1e-11)
    assert F.unit == "J/m"


def test_fick_and_fourier_point_from_high_to_low():
    """q = -k grad T: 52 W/m/K over 1000 K/m is 52 kW/m^2, towards the cold side."""
    mesh = fs.cartesian(x=(0, 0.1), cells=10)
    T = fs.ScalarField(mesh, "100 - 1000*x", unit="degC")
    q = -52.0 * fs.gradient(T)
    assert q.values == pytest.approx(np.full((1, 10), 52e3))
    assert q.unit == "K/m"


def test_the_field_of_a_charge_falls_as_the_inverse_square():
    """E = -grad phi, phi = q/(4 pi eps0 r): 8.98755 V/m at 1 m from 1 nC, a quarter of it at 2 m."""
    mesh = fs.spherical(r=(0.5, 2.5), cells=400)
    E = -fs.gradient(fs.ScalarField(mesh, fs.potentials.point_charge(charge=1e-9)), order=6)
    assert at(E, 1, 0, 0) == pytest.approx((8.98755, 0, 0), rel=1e-5)
    assert at(E, 0, 0, 2) == pytest.approx((0, 0, 8.98755 / 4), rel=1e-5)


def test_the_same_gradient_in_four_systems():
    """x^2 y + z at one point, by components in Cartesian, cylindrical and spherical coordinates."""
    point = (0.6, 0.5, 0.4)
    expected = (2 * 0.6 * 0.5, 0.36, 1.0)
    box = fs.cartesian(x=(0.2, 1), y=(0.2, 1), z=(0, 1), cells=(12, 12, 12))
    tube = fs.cylindrical(r=(0.4, 1.2), phi=(0.2, 1.2), z=(0, 1), cells=(16, 16, 12))
    cone = fs.spherical(r=(0.5, 1.2), theta=(0.6, 1.5), phi=(0.2, 1.2), cells=(16, 16, 16))
    for mesh in (box, tube, cone):
        assert at(fs.gradient(fs.ScalarField(mesh, "x**2*y + z"), 4), *point) == pytest.approx(expected, abs=2e-4)
    plane = fs.polar(r=(0.4, 1.2), phi=(0.2, 1.2), cells=(24, 24))
    assert at(fs.gradient(fs.ScalarField(plane, "x**2*y"), 4), 0.6, 0.5) == pytest.approx((0.6, 0.36), abs=1e-4)


def test_nabla_by_components():
    """F = (x^2 y, y z, x z^2): divergence 2 x y + z + 2 x z, curl (-y, -z^2, -x^2)."""
    mesh = fs.cartesian(x=(0, 1), y=(0, 1), z=(0, 1), cells=(6, 7, 8))
    x, y, z = mesh.points
    F = fs.VectorField(mesh, ["x**2*y", "y*z", "x*z**2"])
    assert fs.divergence(F).values == pytest.approx(2 * x * y + z + 2 * x * z, abs=1e-12)
    assert fs.curl(F).values == pytest.approx(np.stack([-y, -(z**2), -(x**2)]), abs=1e-12)
    assert fs.laplacian(fs.ScalarField(mesh, "x**2*y + 3*y**2*z")).values == pytest.approx(2 * y + 6 * z, abs=1e-11)
