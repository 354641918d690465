"""Steady states against closed forms: walls, shells, rings, fins, and manufactured solutions on every mesh."""

from __future__ import annotations

import numpy as np
import pytest

import fieldsim as fs
from fieldsim.errors import InvalidInput

PI = np.pi
FULL = (0, 2 * PI)


def held(mesh, what):
    return {side: fs.Value(what) for side in mesh.walls}


def layers(thicknesses, cells):
    edges = [0.0]
    for thickness, n in zip(thicknesses, cells, strict=True):
        edges += (edges[-1] + thickness * np.arange(1, n + 1) / n).tolist()
    return fs.cartesian(edges={"x": edges})


@pytest.mark.parametrize("cells", [(1, 1, 1), (3, 10, 7)])
def test_composite_wall(cells):
    """Plaster, insulation, brick in series: R = sum d/k = 1.412857 m^2 K/W (Incropera & DeWitt, section 3.1)."""
    mesh = layers((0.01, 0.05, 0.1), cells)
    k = np.repeat([0.5, 0.04, 0.7], cells)
    result = fs.solve(fs.Problem(mesh, fs.Heat(conductivity=k), {"x-": fs.Value(20.0), "x+": fs.Value(0.0)}))
    resistance = 0.01 / 0.5 + 0.05 / 0.04 + 0.1 / 0.7
    assert resistance == pytest.approx(1.412857, abs=1e-6)
    assert result.at_boundary("x+").flux_out == pytest.approx(20 / resistance, rel=1e-11)
    assert result.at_boundary("x+").flux_out == pytest.approx(14.1557, abs=5e-5)
    np.testing.assert_allclose(result.flux.values[0], 20 / resistance, rtol=1e-11)
    # the interface temperature from the half cell on its left
    x, q = mesh.axes[0].edges, 20 / resistance
    for number, expected in ((cells[0], 19.7169), (cells[0] + cells[1], 2.0222)):
        left = result.field.values[number - 1] - q * (x[number] - x[number - 1]) / 2 / k[number - 1]
        assert left == pytest.approx(expected, abs=5e-5)
    assert result.balance.relative < 1e-12


def test_values_at_points_are_exact_for_layers():
    """The composite wall at its interfaces and inside: T = 20 - q (sum of d/k up to there)."""
    mesh = layers((0.01, 0.05, 0.1), (3, 10, 7))
    k = np.repeat([0.5, 0.04, 0.7], (3, 10, 7))
    result = fs.solve(fs.Problem(mesh, fs.Heat(k), {"x-": fs.Value(20.0), "x+": fs.Value(0.0)}))
    x = np.array([0.0, 0.004, 0.01, 0.0333, 0.06, 0.1, 0.16])
    crossed = np.clip(x, 0, 0.01) / 0.5 + np.clip(x - 0.01, 0, 0.05) / 0.04 + np.clip(x - 0.06, 0, 0.1) / 0.7
    expected = 20.0 - 20.0 * crossed / (0.02 + 1.25 + 1 / 7)
    np.testing.assert_allclose(expected[[2, 4]], [19.7169, 2.0222], atol=5e-5)
    np.testing.assert_allclose(result.at(x[:, None]), expected, atol=1e-9)
    assert "result.at(points); field.at smooths over jumps of the conductivity" in result.summary()
    with pytest.raises(InvalidInput, match="`points` must be an array"):
        result.at([[0.2]])


def test_values_at_points_across_a_jump_in_the_plane():
    """Two halves 1 : 0.04 between 100 at x = 1 and 0: the interface is at 100 (1/1)/(1/1 + 1/0.04) = 3.846."""
    mesh = fs.cartesian(x=(0, 1), y=(0, 1), cells=(8, 6))
    walls = {"x-": fs.Value(0.0), "x+": fs.Value(100.0), "y-": fs.FluxOut(0.0), "y+": fs.FluxOut(0.0)}
    result = fs.solve(fs.Problem(mesh, fs.Heat([("x < 0.5", 1.0), 0.04]), walls))
    points = [[0.5, y] for y in (0.0, 0.3, 0.5, 1.0)]
    np.testing.assert_allclose(result.at(points), 100 / 26, rtol=1e-9)
    many = result.at(np.random.default_rng(1).random((500, 2)))
    assert many.min() >= -1e-12
    assert many.max() <= 100 + 1e-12


def test_composite_wall_with_films():
    """Two films and two layers in series: q = dT / (1/h1 + d1/k1 + d2/k2 + 1/h2)."""
    mesh = layers((0.1, 0.2), (4, 5))
    k = np.repeat([1.0, 0.1], (4, 5))
    boundary = {"x-": fs.Convective(h=8.0, ambient=293.15), "x+": fs.Convective(h=25.0, ambient=263.15)}
    result = fs.solve(fs.Problem(mesh, fs.Heat(conductivity=k), boundary))
    q = 30 / (1 / 8 + 0.1 + 2.0 + 1 / 25)
    side = result.at_boundary("x+")
    assert side.flux_out == pytest.approx(q, rel=1e-11)
    assert side.value == pytest.approx(263.15 + q / 25, rel=1e-13)
    assert result.at_boundary("x-").value == pytest.approx(293.15 - q / 8, rel=1e-13)


def test_wall_with_given_flux_and_source():
    """k T'' = -s with q(0) = -5 W/m^2 inward and T(1) = 0: T = s (1 - x^2)/2k + 5 (1 - x)/k."""
    mesh = fs.cartesian(x=(0, 1), cells=20)
    boundary = {"x-": fs.FluxOut(-5.0), "x+": fs.Value(0.0)}
    result = fs.solve(fs.Problem(mesh, fs.Heat(conductivity=2.0, source=3.0), boundary))
    x = mesh.axes[0].centers
    # the half-cell law is exact but for the source inside the last half cell: h^2 s / 8k
    exact = 3 * (1 - x**2) / 4 + 5 * (1 - x) / 2
    np.testing.assert_allclose(result.field.values, exact, atol=0.05**2 * 3 / 16 * 1.01)
    assert result.at_boundary("x+").flow == pytest.approx(8.0, rel=1e-12)
    assert result.balance.flow_in == pytest.approx(5.0)
    assert result.balance.source == pytest.approx(3.0)


def test_gradient_out_is_the_outward_slope():
    mesh = fs.cartesian(x=(0, 1), cells=5)
    boundary = {"x-": fs.GradientOut(4.0), "x+": fs.Value(1.0)}
    result = fs.solve(fs.Problem(mesh, fs.Heat(conductivity=2.0), boundary))
    np.testing.assert_allclose(result.field.values, 1.0 - 4.0 * (mesh.axes[0].centers - 1.0), rtol=1e-12)
    assert result.at_boundary("x-").value == pytest.approx(5.0)
    assert result.at_boundary("x-").flow == pytest.approx(-8.0)


def test_spherical_shell():
    """4 pi k dT r1 r2 / (r2 - r1) = 251.327 W and T(0.15) = 33.3333 (Carslaw & Jaeger, section 9.2)."""
    powers = []
    for n in (20, 40):
        mesh = fs.spherical(r=(0.1, 0.2), cells=n)
        result = fs.solve(fs.Problem(mesh, fs.Heat(1.0), {"r-": fs.Value(100.0), "r+": fs.Value(0.0)}))
        powers.append(result.at_boundary("r+").flow)
        assert result.at_boundary("r-").flow == pytest.approx(-powers[-1], rel=1e-12)
    exact = 4 * PI * 100 * 0.1 * 0.2 / 0.1
    assert exact == pytest.approx(251.327, abs=1e-3)
    assert np.log2((powers[0] - exact) / (powers[1] - exact)) == pytest.approx(2.0, abs=0.05)
    assert (4 * powers[1] - powers[0]) / 3 == pytest.approx(251.327, abs=2e-3)
    assert result.field.at([[0.15, 0, 0]])[0] == pytest.approx(33.3333, abs=2e-2)


def test_ring_and_pipe_have_the_logarithm():
    """T = T1 + (T2 - T1) ln(r/a)/ln(b/a); Q = 2 pi k dT / ln(b/a) a metre (Carslaw & Jaeger, section 7.2)."""
    exact = "100*log(2/r)/log(2)"
    for mesh in (
        fs.polar(r=(1, 2), cells=64),
        fs.cylindrical(r=(1, 2), cells=64),
        fs.polar(r=(1, 2), phi=FULL, cells=(64, 8)),
    ):
        problem = fs.Problem(mesh, fs.Heat(3.0), {"r-": fs.Value(100.0), "r+": fs.Value(0.0)}, exact=exact)
        result = fs.solve(problem)
        assert result.error() < 5e-3
        assert result.at_boundary("r+").flow == pytest.approx(2 * PI * 3 * 100 / np.log(2), rel=1e-4)


def test_fin_with_insulated_tip():
    """A strip cooled along its length: k d T'' = h T, T = T0 cosh(m (L - x))/cosh(m L), m^2 = h/(k d).

    Thin against k/h, so that it is one-dimensional to Bi = h d/k = 1e-4 (Incropera & DeWitt, table 3.4).
    """
    k, h, d, length = 50.0, 5.0, 1e-3, 0.1
    m = np.sqrt(h / (k * d))
    mesh = fs.cartesian(x=(0, length), y=(0, d), cells=(200, 4))
    boundary = {
        "x-": fs.Value(100.0),
        "x+": fs.FluxOut(0.0),
        "y-": fs.FluxOut(0.0),
        "y+": fs.Convective(h=h, ambient=0.0),
    }
    result = fs.solve(fs.Problem(mesh, fs.Heat(k), boundary))
    x = mesh.axes[0].centers
    fin = 100 * np.cosh(m * (length - x)) / np.cosh(m * length)
    np.testing.assert_allclose(result.field.values.mean(axis=1), fin, rtol=2e-4)
    heat = np.sqrt(h * k * d) * 100 * np.tanh(m * length)
    assert -result.at_boundary("x-").flow == pytest.approx(heat, rel=3e-4)
    assert result.balance.relative < 1e-12


def test_square_with_one_hot_side():
    """Laplace on the unit square, side x = 1 at 1: u(1/2, 1/4) = 0.1820283319 by the sine series."""
    odd = np.arange(1, 60, 2)
    series = 4 / (odd * PI) * np.sinh(odd * PI / 2) / np.sinh(odd * PI) * np.sin(odd * PI / 4)
    assert series.sum() == pytest.approx(0.1820283319, abs=1e-10)
    errors = []
    for n in (16, 32):
        mesh = fs.cartesian(x=(0, 1), y=(0, 1), cells=(n, n))
        boundary = held(mesh, 0.0) | {"x+": fs.Value(1.0)}
        u = fs.solve(fs.Problem(mesh, fs.Heat(1.0), boundary)).field
        errors.append(abs(u.at([[0.5, 0.25]])[0] - 0.1820283319))
        assert u.at([[0.5, 0.5]])[0] == pytest.approx(0.25, abs=1e-6)
    assert errors[1] < 3e-4
    assert np.log2(errors[0] / errors[1]) == pytest.approx(2.0, abs=0.15)


MANUFACTURED = {
    # mesh of n cells, u, k, -div(k grad u)
    "interval": (lambda n: fs.cartesian(x=(0, 1), cells=n), "sin(2*x)", "1 + x**2",
                 "4*(1 + x**2)*sin(2*x) - 4*x*cos(2*x)"),
    "rectangle": (
        lambda n: fs.cartesian(x=(0, 1), y=(0, 2), cells=(n, n)), "sin(2*x)*cosh(y)", "1 + x",
        "3*(1 + x)*sin(2*x)*cosh(y) - 2*cos(2*x)*cosh(y)",
    ),
    "channel, periodic": (
        lambda n: fs.cartesian(x=(0, 1), y=(0, 1), cells=(n, n), periodic=("y",)), "x**3 + sin(2*pi*y)", "1 + 0.5*x",
        "-(6*x*(1 + 0.5*x) + 1.5*x**2) + 4*pi**2*(1 + 0.5*x)*sin(2*pi*y)",
    ),
    "disk": (
        lambda n: fs.polar(r=(0, 1), phi=FULL, cells=(n, 2 * n)), "x**3 - y**2", "1 + 0.5*x",
        "-((1 + 0.5*x)*(6*x - 2) + 1.5*x**2)",
    ),
    "annulus": (
        lambda n: fs.polar(r=(0.5, 1), phi=FULL, cells=(n, 4 * n)), "x**3 - y**2", "1 + 0.5*x",
        "-((1 + 0.5*x)*(6*x - 2) + 1.5*x**2)",
    ),
    "sector": (
        lambda n: fs.polar(r=(0.5, 1), phi=(0, 1), cells=(n, n)), "x**3 - y**2", "1", "-(6*x - 2)",
    ),
    "radial disk": (lambda n: fs.polar(r=(0, 1), cells=n), "r**4", "1 + r**2", "-(16*r**2 + 24*r**4)"),
    "radial cylinder": (lambda n: fs.cylindrical(r=(0, 1), cells=n), "cos(r**2)", "1",
                        "4*sin(r**2) + 4*r**2*cos(r**2)"),
    "axisymmetric cylinder": (
        lambda n: fs.cylindrical(r=(0, 1), z=(0, 1), cells=(n, n)), "r**4*sin(z)", "1", "-(16*r**2 - r**4)*sin(z)",
    ),
    "radial ball": (lambda n: fs.spherical(r=(0, 1), cells=n), "r**4", "1", "-20*r**2"),
    "axisymmetric ball": (
        lambda n: fs.spherical(r=(0, 1), theta=(0, PI), cells=(n, 2 * n)), "z**3 - (r*sin(theta))**2", "1",
        "-(6*z - 4)",
    ),
}  # fmt: skip

SOLID = {
    "box": (
        lambda n: fs.cartesian(x=(0, 1), y=(0, 1), z=(0, 1), cells=(n, n, n)), "sin(2*x)*cosh(y)*z", "1 + 0.5*z",
        "3*sin(2*x)*cosh(y)*z*(1 + 0.5*z) - 0.5*sin(2*x)*cosh(y)",
    ),
    "cylinder": (
        lambda n: fs.cylindrical(r=(0, 1), phi=FULL, z=(0, 1), cells=(n, 2 * n, n)), "x**3 - y**2 + x*z**2", "1",
        "-(8*x - 2)",
    ),
    "ball": (
        lambda n: fs.spherical(r=(0, 1), theta=(0, PI), phi=FULL, cells=(n, n, 2 * n)), "3*x**2 + 2*y*z", "1", "-6",
    ),
    "shell": (
        lambda n: fs.spherical(r=(0.5, 1), theta=(0, PI), phi=FULL, cells=(n, 2 * n, 4 * n)), "x**3 + 2*y*z", "1",
        "-6*x",
    ),
}  # fmt: skip


def manufactured_error(case, n):
    """Return the volume-weighted root mean square error and the largest error."""
    make, u, k, source = case
    mesh = make(n)
    problem = fs.Problem(mesh, fs.Heat(conductivity=k, source=source), held(mesh, u), exact=u)
    result = fs.solve(problem)
    assert result.balance.relative < 1e-12
    difference = result.field.values - problem.exact_values(0.0)
    assert result.error() == pytest.approx(np.abs(difference).max())
    return np.sqrt((mesh.volumes * difference**2).sum() / mesh.volumes.sum()), result.error()


@pytest.mark.parametrize("name", MANUFACTURED)
def test_order_two_in_space(name):
    rms, largest = zip(*(manufactured_error(MANUFACTURED[name], n) for n in (32, 64)), strict=True)
    assert np.log2(rms[0] / rms[1]) == pytest.approx(2.0, abs=0.1)
    # in the corners of a box the half-cell law reaches its order slowly
    assert np.log2(largest[0] / largest[1]) > 1.7


@pytest.mark.parametrize("name", SOLID)
def test_order_two_in_three_dimensions(name):
    rms, largest = zip(*(manufactured_error(SOLID[name], n) for n in (10, 20)), strict=True)
    assert np.log2(rms[0] / rms[1]) == pytest.approx(2.0, abs=0.12)
    assert np.log2(largest[0] / largest[1]) > 1.6


@pytest.mark.parametrize("kind", ["flux", "gradient", "film"])
def test_order_two_with_other_conditions(kind):
    """The same manufactured field, one wall by its flux, its gradient or a film: T = sin(2x) cosh(y), k = 2."""
    errors = []
    for n in (32, 64):
        mesh = fs.cartesian(x=(0, 1), y=(0, 1), cells=(n, n))
        slope = "2*cos(2*x)*cosh(y)"
        condition = {
            "flux": fs.FluxOut(f"-2*{slope}"),
            "gradient": fs.GradientOut(slope),
            "film": fs.Convective(h=3.0, ambient=f"sin(2*x)*cosh(y) + 2*{slope}/3"),
        }[kind]
        boundary = held(mesh, "sin(2*x)*cosh(y)") | {"x+": condition}
        model = fs.Heat(conductivity=2.0, source="6*sin(2*x)*cosh(y)")
        problem = fs.Problem(mesh, model, boundary, exact="sin(2*x)*cosh(y)")
        difference = fs.solve(problem).field.values - problem.exact_values(0.0)
        errors.append(np.sqrt((difference**2).mean()))
    assert np.log2(errors[0] / errors[1]) == pytest.approx(2.0, abs=0.1)


def test_stretched_axes_keep_the_order():
    errors = []
    for n in (32, 64):
        edges = np.expm1(2.0 * np.arange(n + 1) / n) / np.expm1(2.0)
        mesh = fs.cartesian(edges={"x": edges})
        problem = fs.Problem(mesh, fs.Heat(1.0, source="9*sin(3*x)"), held(mesh, "sin(3*x)"), exact="sin(3*x)")
        difference = fs.solve(problem).field.values - problem.exact_values(0.0)
        errors.append(np.sqrt((mesh.volumes * difference**2).sum()))
    assert np.log2(errors[0] / errors[1]) == pytest.approx(2.0, abs=0.1)


def test_flux_points_from_high_to_low_and_is_second_order():
    errors = []
    for n in (32, 64):
        mesh = fs.polar(r=(0, 1), phi=FULL, cells=(n, 2 * n))
        model = fs.Heat(conductivity=2.0, source="-2*(6*x - 2)")
        flux = fs.solve(fs.Problem(mesh, model, held(mesh, "x**3 - y**2"))).flux
        x, y = mesh.points
        exact = np.stack([-2 * 3 * x**2, 4 * y])
        errors.append(np.abs(flux.cartesian - exact).max())
        assert flux.unit == "W/m^2"
    assert np.log2(errors[0] / errors[1]) == pytest.approx(2.0, abs=0.15)


def test_steady_heat_does_not_depend_on_the_zero_of_temperature():
    mesh = fs.cylindrical(r=(0, 1), z=(0, 1), cells=(12, 12))
    cold = {"r+": fs.Value("z"), "z-": fs.Value(0.0), "z+": fs.Convective(3.0, 2.0)}
    warm = {"r+": fs.Value("z + 1000"), "z-": fs.Value(1000.0), "z+": fs.Convective(3.0, 1002.0)}
    a = fs.solve(fs.Problem(mesh, fs.Heat(1.0, source=0.1), cold))
    b = fs.solve(fs.Problem(mesh, fs.Heat(1.0, source=0.1), warm))
    np.testing.assert_allclose(b.field.values - 1000, a.field.values, rtol=0, atol=2e-12)
    assert b.balance.relative < 1e-11


def test_electrostatics_coaxial_cable():
    """C' = 2 pi eps0 / ln(b/a) = 34.5664 pF/m and V(2 mm) = 0.569323 (Griffiths, Introduction to Electrodynamics)."""
    mesh = fs.cylindrical(r=(1e-3, 5e-3), cells=400)
    result = fs.solve(fs.Problem(mesh, fs.Electrostatics(), {"r-": fs.Value(1.0), "r+": fs.Value(0.0)}))
    assert -result.at_boundary("r-").flow == pytest.approx(34.5664e-12, rel=2e-5)
    assert result.field.at([[2e-3, 0, 0]])[0] == pytest.approx(0.569323, abs=2e-5)
    assert result.field.name == "V"


def test_electrostatics_charged_ball_between_grounded_walls():
    """-eps V'' = rho: V = rho (R^2 - r^2)/(6 eps) in a grounded sphere (Griffiths, problem 2.21)."""
    mesh = fs.spherical(r=(0, 0.1), cells=50)
    problem = fs.Problem(mesh, fs.Electrostatics(permittivity=2.0, charge_density=3.0), {"r+": fs.Value(0.0)})
    result = fs.solve(problem)
    r = mesh.axes[0].centers
    np.testing.assert_allclose(result.field.values, 3 * (0.01 - r**2) / 12, atol=1e-6)
    assert result.at_boundary("r+").flow == pytest.approx(3 * 4 / 3 * PI * 1e-3, rel=1e-12)


def test_gravity_inside_a_uniform_ball():
    """g = -(4/3) pi G rho r, Phi = (2/3) pi G rho r^2 + const (Feynman Lectures I, 13)."""
    mesh = fs.spherical(r=(0, 6.371e6), cells=64)
    density, gravity = 5515.0, 6.67430e-11
    surface = -4 / 3 * PI * gravity * density * 6.371e6
    result = fs.solve(fs.Problem(mesh, fs.Gravity(density), {"r+": fs.Value(surface * 6.371e6)}))
    r = mesh.axes[0].centers
    np.testing.assert_allclose(result.flux.values[0], surface * r / 6.371e6, rtol=1e-6)
    assert result.at_boundary("r+").flux_out == pytest.approx(surface, rel=1e-12)
    centre = result.field.values[0]
    assert centre == pytest.approx(1.5 * surface * 6.371e6, rel=1e-3)


def test_insulated_body_keeps_its_mean():
    """cos(2 pi x)/(4 pi^2) for the source cos(2 pi x), plus the mean of the initial values."""
    mesh = fs.cartesian(x=(0, 1), y=(0, 1), cells=(32, 8), periodic=("y",))
    boundary = {"x-": fs.FluxOut(0.0), "x+": fs.FluxOut(0.0)}
    problem = fs.Problem(mesh, fs.Heat(1.0, source="cos(2*pi*x)"), boundary, initial="5 + y")
    result = fs.solve(problem)
    x = mesh.points[0]
    np.testing.assert_allclose(result.field.values, 5.5 + np.cos(2 * PI * x) / (4 * PI**2), atol=3e-4)
    assert result.field.values.mean() == pytest.approx(5.5, rel=1e-13)


def test_sources_that_cancel_leave_balanced_books():
    """A source of zero mean in an insulated body: the books compare with what it gives and takes, not with nought."""
    mesh = fs.cartesian(x=(0, 1), cells=31)
    source = np.random.default_rng(3).normal(size=31)
    walls = {"x-": fs.FluxOut(0.0), "x+": fs.FluxOut(0.0)}
    result = fs.solve(fs.Problem(mesh, fs.Heat(1.0, source=source - source.mean()), walls))
    assert result.balance.made == pytest.approx(np.abs(source - source.mean()).mean(), rel=1e-12)
    assert result.balance.relative < 1e-14


def test_fully_periodic_box():
    mesh = fs.cartesian(x=(0, 1), y=(0, 2), cells=(32, 32), periodic=("x", "y"))
    result = fs.solve(fs.Problem(mesh, fs.Diffusion(1.0, source="sin(2*pi*x)*cos(pi*y)")))
    x, y = mesh.points
    exact = np.sin(2 * PI * x) * np.cos(PI * y) / (5 * PI**2)
    np.testing.assert_allclose(result.field.values, exact, atol=1e-4)
    assert result.field.values.mean() == pytest.approx(0.0, abs=1e-15)


def test_a_net_source_without_an_exit_is_refused():
    mesh = fs.cartesian(x=(0, 1), y=(0, 1), z=(0, 1), cells=(4, 4, 4))
    boundary = {side: fs.FluxOut(0.0) for side in mesh.walls}
    problem = fs.Problem(mesh, fs.Heat(1.0, source=0.3), boundary)
    with pytest.raises(InvalidInput, match=r"No steady state exists: the net source \+0\.3 W has nowhere to go"):
        fs.solve(problem)
    drained = problem.replace(boundary=boundary | {"x+": fs.FluxOut(0.3)})
    assert fs.solve(drained).balance.relative < 1e-12


def test_a_steady_state_needs_steady_data():
    mesh = fs.cartesian(x=(0, 1), cells=4)
    problem = fs.Problem(mesh, fs.Heat(1.0, source="sin(t)"), {"x-": fs.Value("t"), "x+": fs.Value(0.0)})
    with pytest.raises(InvalidInput, match=r"source, boundary\['x-'\] depends on t"):
        fs.solve(problem)


@pytest.mark.parametrize("contrast", [1e-12, 1e12])
def test_extreme_contrast_is_exact_in_series(contrast):
    mesh = fs.cartesian(x=(0, 1), y=(0, 1), cells=(8, 4))
    k = np.ones((8, 4))
    k[4:] = contrast
    none = fs.FluxOut(0.0)
    boundary = {"x-": fs.Value(1.0), "x+": fs.Value(0.0), "y-": none, "y+": none}
    result = fs.solve(fs.Problem(mesh, fs.Heat(k), boundary))
    q = 1 / (0.5 + 0.5 / contrast)
    np.testing.assert_allclose(result.at_boundary("x+").flux_out, q, rtol=1e-9)


def test_thin_cells_do_not_hurt():
    """Cells a million times longer than wide: x and y still decouple exactly."""
    mesh = fs.cartesian(x=(0, 1e6), y=(0, 1), cells=(8, 8))
    none = fs.FluxOut(0.0)
    boundary = {"x-": fs.Value(1.0), "x+": fs.Value(0.0), "y-": none, "y+": none}
    result = fs.solve(fs.Problem(mesh, fs.Heat(1.0), boundary))
    np.testing.assert_allclose(result.field.values, 1 - mesh.points[0] / 1e6, rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", ["disk", "axisymmetric ball", "rectangle"])
def test_maximum_principle_without_source(name):
    mesh = MANUFACTURED[name][0](12)
    rng = np.random.default_rng(0)
    k = 10.0 ** rng.uniform(-3, 3, mesh.shape)
    boundary = {
        side: fs.Value(rng.random(mesh.face_areas(mesh.sides[side].axis).take(0, mesh.sides[side].axis).shape))
        for side in mesh.walls
    }
    values = fs.solve(fs.Problem(mesh, fs.Heat(k), boundary)).field.values
    assert values.min() > -1e-12
    assert values.max() < 1 + 1e-12


@pytest.mark.parametrize("solver", ["direct", "cg"])
def test_solvers_agree(solver):
    make, u, k, source = SOLID["cylinder"]
    mesh = make(8)
    problem = fs.Problem(mesh, fs.Heat(k, source=source), held(mesh, u))
    reference = fs.solve(problem).field.values
    result = fs.solve(problem, solver=solver)
    assert result.solver.method == solver
    assert result.balance.relative < 1e-12
    np.testing.assert_allclose(result.field.values, reference, rtol=0, atol=1e-8)


def test_cube_with_one_hot_side():
    """Laplace on the unit cube, top at 1: u(1/2, 1/2, 1/4) = 0.0510164047 by the double sine series."""
    n, m = np.meshgrid(np.arange(1, 40, 2), np.arange(1, 40, 2))
    root = PI * np.hypot(n, m)
    signs = np.sin(n * PI / 2) * np.sin(m * PI / 2)
    series = 16 / (n * m * PI**2) * signs * np.sinh(root / 4) / np.sinh(root)
    assert series.sum() == pytest.approx(0.0510164047, abs=1e-10)
    values = []
    for cells in (8, 16):
        mesh = fs.cartesian(x=(0, 1), y=(0, 1), z=(0, 1), cells=(cells,) * 3)
        u = fs.solve(fs.Problem(mesh, fs.Heat(1.0), held(mesh, 0.0) | {"z+": fs.Value(1.0)})).field
        values.append(u.at([[0.5, 0.5, 0.25]])[0])
    assert values[1] == pytest.approx(0.0510164047, abs=4e-4)
    assert abs(values[1] - 0.0510164047) < 0.35 * abs(values[0] - 0.0510164047)
