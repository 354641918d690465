"""Steady states of drift and diffusion against closed forms: profiles, reactors, pipes, sedimentation, layers."""

from math import exp, log, pi, sqrt

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq

import fieldsim as fs
from fieldsim.errors import InvalidInput

SCHEMES = ("limited", "exponential", "upwind", "central")
MONOTONE = ("limited", "exponential", "upwind")


def profile(cells, scheme, diffusivity=0.05, edges=None):
    """c = (exp(x/D) - 1)/(exp(1/D) - 1) on the unit length at v = 1 (Patankar, Numerical Heat Transfer, 1980, 5.2)."""
    mesh = fs.cartesian(x=(0, 1), cells=cells) if edges is None else fs.cartesian(edges={"x": edges})
    return fs.Problem(
        mesh,
        fs.Diffusion(diffusivity=diffusivity, velocity="1 m/s", drift=scheme),
        boundary={"x-": fs.Value(0.0), "x+": fs.Value(1.0)},
        exact=f"(exp(x/{diffusivity}) - 1)/(exp(1/{diffusivity}) - 1)",
    )


@pytest.mark.parametrize("diffusivity", [10.0, 0.1, 0.01], ids=str)
@pytest.mark.parametrize("edges", [None, np.array([0.0, 0.1, 0.15, 0.5, 0.6, 0.95, 1.0])], ids=["even", "uneven"])
def test_exponential_fitting_is_exact_in_one_dimension(diffusivity, edges):
    result = fs.solve(profile(8, "exponential", diffusivity, edges))
    assert result.error() < 1e-13
    # the flow -1/(exp(v L/D) - 1), D = 10: what is left of carrying and diffusing in balance
    if diffusivity == 10.0:
        assert result.flow_out("x+").value == pytest.approx(-1.0 / (exp(0.1) - 1.0), rel=1e-12)
        assert result.balance.relative < 1e-12


@pytest.mark.parametrize(("scheme", "order"), [("limited", 2.0), ("central", 2.0), ("upwind", 1.0)])
def test_order_of_the_profile(scheme, order):
    errors = [np.abs(e).mean() for e in (difference(profile(n, scheme)) for n in (160, 320))]
    assert log(errors[0] / errors[1], 2) == pytest.approx(order, abs=0.1)


def difference(problem):
    return fs.solve(problem).field.values - problem.exact_values(0.0)


def test_central_values_swing_where_upstream_ones_do_not():
    """At a cell Peclet number of 5 central differences swing about the answer (Patankar 1980, 5.2-1)."""
    assert fs.solve(profile(20, "central", 0.01)).field.values.min() < -0.01
    for scheme in MONOTONE:
        values = fs.solve(profile(20, scheme, 0.01)).field.values
        assert values.min() > -1e-14
        assert values.max() < 1.0 + 1e-14
        assert (np.diff(values) > -1e-14).all()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_step_carried_across_the_grid(scheme):
    """A wind carries a step of the inlet askew through a square: nothing beyond 0 and 1, but for central values."""
    mesh = fs.cartesian(x=(0, 1), y=(0, 1), cells=(20, 20))
    inlet = [("y > 0.25", fs.Value(1.0)), fs.Value(0.0)]
    outlet = fs.GradientOut(0.0)
    result = fs.solve(
        fs.Problem(
            mesh,
            fs.Diffusion(diffusivity=1e-5, velocity=(1.0, 0.5), drift=scheme),
            boundary={"x-": inlet, "y-": fs.Value(0.0), "x+": outlet, "y+": outlet},
        )
    )
    beyond = max(-result.field.values.min(), result.field.values.max() - 1.0)
    assert (beyond > 0.01) if scheme == "central" else (beyond < 1e-12)
    assert result.balance.relative < 1e-12
    # the step arrives at y = 0.75; the flow that carries 1 leaves by both outlets: 0.75 * v_x enters as ones
    assert result.flow_out("x-").value == pytest.approx(-0.75, abs=2e-3)
    if scheme == "limited":
        sharp = np.ptp(result.field.values[-1, 11:19])
        assert sharp > 0.8


@pytest.mark.parametrize("scheme", MONOTONE)
def test_a_reactor_with_a_given_inflow(scheme):
    """Danckwerts (Chemical Engineering Science 2, 1953): tracer enters with the stream, decays and leaves with it."""
    peclet, damkoehler = 8.0, 2.0
    a = sqrt(1.0 + 4.0 * damkoehler / peclet)
    below = (1 + a) ** 2 * exp(a * peclet / 2) - (1 - a) ** 2 * exp(-a * peclet / 2)
    leaving = 4 * a * exp(peclet / 2) / below
    mesh = fs.cartesian(x=(0, 1), cells=100)
    model = fs.Diffusion(diffusivity=1 / peclet, velocity=1.0, sink=damkoehler, drift=scheme)
    result = fs.solve(fs.Problem(mesh, model, boundary={"x-": fs.FluxOut(-1.0), "x+": fs.GradientOut(0.0)}))
    wide = 1e-2 if scheme == "upwind" else 5e-4
    assert result.at_boundary("x+").value == pytest.approx(leaving, rel=wide)
    assert result.flow_out("x+").value == pytest.approx(leaving, rel=wide)
    assert result.flow_out("x-").value == -1.0
    assert result.balance.relative < 1e-12
    # at the inlet the value is below that of the stream: c = 1 + D c'
    inlet = result.at_boundary("x-").value
    assert inlet == pytest.approx(2 * (1 + a - (1 - a) * exp(-a * peclet)) / (below * exp(-a * peclet / 2)), rel=wide)


def test_an_exchange_coefficient_as_strong_as_the_inflow_is_a_given_inflow():
    """Convective(h = v, ambient) with the stream coming in: h (ambient - c_s) and v c_s make v ambient."""
    mesh = fs.cartesian(x=(0, 1), cells=30)
    model = fs.Diffusion(diffusivity=0.1, velocity=2.0, sink=1.0)
    outlet = {"x+": fs.GradientOut(0.0)}
    one = fs.solve(fs.Problem(mesh, model, boundary={"x-": fs.Convective(h=2.0, ambient=3.0), **outlet}))
    other = fs.solve(fs.Problem(mesh, model, boundary={"x-": fs.FluxOut(-6.0), **outlet}))
    np.testing.assert_allclose(one.field.values, other.field.values, rtol=1e-12)


@pytest.mark.parametrize("scheme", ["limited", "exponential"])
def test_water_in_a_pipe_loses_heat_through_its_wall(scheme):
    """k T'' - rho c v T' - s (T - 20) = 0, s = h perimeter/area: T - 20 falls by exp(m x) along the pipe."""
    k, stored, v, s = 0.6, 1000.0 * 4186.0, 0.01, 4 * 500.0 / 0.02
    m = (stored * v - sqrt((stored * v) ** 2 + 4 * k * s)) / (2 * k)
    assert m == pytest.approx(-s / (stored * v), rel=1e-4)  # conduction hardly counts
    model = fs.Heat(
        conductivity=k, density=1000.0, capacity=4186.0, velocity=v, sink=s, source=20.0 * s, drift=scheme, unit="degC"
    )
    problem = fs.Problem(
        fs.cartesian(x=(0, 1), cells=200),
        model,
        boundary={"x-": fs.Value(80.0), "x+": fs.GradientOut(0.0)},
        exact=f"20 + 60*exp({m}*x)",
    )
    result = fs.solve(problem)
    # the last cell holds what leaves, the value of the outlet itself
    error = np.abs(result.field.values - problem.exact_values(0.0))[:-2].max()
    assert error < (3e-3 if scheme == "limited" else 0.4)
    assert result.at_boundary("x+").value == pytest.approx(20 + 60 * exp(m), abs=3e-3 if scheme == "limited" else 0.4)
    # what leaves carries rho c v T
    assert result.flow_out("x+").value == pytest.approx(stored * v * result.at_boundary("x+").value, rel=1e-12)
    assert result.flow_out("x-").value == pytest.approx(-stored * v * 80.0, rel=1e-4)
    assert result.balance.relative < 1e-12


@pytest.mark.parametrize(
    ("scheme", "order"), [("limited", 2.0), ("exponential", 2.0), ("central", 2.0), ("upwind", 1.0)]
)
def test_outflow_from_a_well(scheme, order):
    """v = a/r between two cylinders: D (r c')' = a c', so that c goes with r^(a/D); flow 2 pi a 8/7 at a = 3 D."""
    a, d = 0.3, 0.1
    errors, flows = [], []
    for cells in (20, 40):
        problem = fs.Problem(
            fs.polar(r=(1, 2), cells=cells),
            fs.Diffusion(diffusivity=d, velocity={"r": f"{a}/r"}, drift=scheme),
            boundary={"r-": fs.Value(1.0), "r+": fs.Value(0.0)},
            exact="(8 - r**3)/7",
        )
        result = fs.solve(problem)
        errors.append(result.error())
        flows.append(result.flow_out("r+").value - 2 * pi * a * 8 / 7)
        assert result.balance.relative < 1e-12
    assert log(errors[0] / errors[1], 2) == pytest.approx(order, abs=0.1)
    assert abs(flows[1]) < (2e-2 if scheme == "upwind" else 2e-4)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_sediment_in_a_closed_column(scheme):
    """Nothing leaves: c falls by exp(-v x/D) upwards and keeps the amount there was (Perrin 1909)."""
    h = 1 / 40
    problem = fs.Problem(
        fs.cartesian(x=(0, 1), cells=40),
        fs.Diffusion(diffusivity=0.1, velocity=-0.3, drift=scheme),
        boundary={"x-": fs.FluxOut(0.0), "x+": fs.FluxOut(0.0)},
        initial=2.0,
    )
    result = fs.solve(problem)
    assert result.content().value == pytest.approx(2.0, rel=1e-12)
    ratios = result.field.values[1:] / result.field.values[:-1]
    if scheme == "exponential":
        np.testing.assert_allclose(ratios, exp(-3 * h), rtol=1e-10)
    elif scheme == "upwind":  # D (c_i+1 - c_i)/h + v c_i+1 = 0
        np.testing.assert_allclose(ratios, 1 / (1 + 3 * h), rtol=1e-10)
    else:
        np.testing.assert_allclose(ratios[1:-1], exp(-3 * h), rtol=2e-4)


def test_heat_in_a_closed_cell_that_turns():
    """A flow in a closed box leaves the mean alone, and what enters by one wall leaves by the other."""
    mesh = fs.cartesian(x=(0, 1), y=(0, 1), cells=(12, 12))
    model = fs.Diffusion(diffusivity=0.05, velocity=("sin(pi*x)*cos(pi*y)", "-cos(pi*x)*sin(pi*y)"))
    walls = {"x-": fs.FluxOut(-1.0), "x+": fs.FluxOut(1.0), "y-": fs.FluxOut(0.0), "y+": fs.FluxOut(0.0)}
    result = fs.solve(fs.Problem(mesh, model, boundary=walls, initial=7.0))
    assert result.field.values.mean() == pytest.approx(7.0, rel=1e-12)
    # turning by half a turn about the middle mirrors the answer
    np.testing.assert_allclose(result.field.values + result.field.values[::-1, ::-1], 14.0, rtol=1e-8)
    still = fs.solve(fs.Problem(mesh, fs.Diffusion(diffusivity=0.05), boundary=walls, initial=7.0))
    assert np.ptp(result.field.values) < 0.8 * np.ptp(still.field.values)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_diffusivity_that_follows_the_concentration(scheme):
    """D = 0.2 (1 + c): the flow J solves the integral of D/(v c - J) over 0..1 = 1."""

    def length(flow):
        return quad(lambda c: 0.2 * (1 + c) / (c - flow), 0.0, 1.0)[0]

    flow = brentq(lambda j: length(j) - 1.0, -5.0, -1e-9, xtol=1e-14)
    problem = fs.Problem(
        fs.cartesian(x=(0, 1), cells=80),
        fs.Diffusion(diffusivity="0.2*(1 + c)", velocity=1.0, drift=scheme),
        boundary={"x-": fs.Value(0.0), "x+": fs.Value(1.0)},
    )
    result = fs.solve(problem)
    assert result.flow_out("x+").value == pytest.approx(flow, rel=0.15 if scheme == "upwind" else 5e-3)
    assert result.balance.relative < 1e-11


def test_bodies_and_holes_in_a_stream():
    """A held body gives what the stream takes; nothing enters a hole; the books close."""
    mesh = fs.cartesian(x=(0, 3), y=(0, 1), cells=(30, 10))
    problem = fs.Problem(
        mesh,
        fs.Diffusion(diffusivity=0.02, velocity=(1.0, 0.0)),
        boundary={"x-": fs.Value(0.0), "x+": fs.GradientOut(0.0), "y-": fs.FluxOut(0.0), "y+": fs.FluxOut(0.0)},
        fixed=[("abs(x - 1) < 0.15 and y < 0.35", 1.0)],
        holes=["abs(x - 2) < 0.15 and y > 0.65"],
    )
    result = fs.solve(problem)
    values = result.field.values[np.isfinite(result.field.values)]
    assert values.min() > -1e-12
    assert result.balance.relative < 1e-12
    assert -result.flow_out("fixed[0]").value == pytest.approx(
        result.flow_out("x+").value + result.flow_out("x-").value, rel=1e-9
    )


@pytest.mark.parametrize(
    ("mesh", "velocity"),
    [
        (fs.polar(r=(0, 1), phi=(0, 2 * pi), cells=(12, 24)), ("1", "0.3")),
        (fs.spherical(r=(0, 1), theta=(0, pi), phi=(0, 2 * pi), cells=(6, 8, 12)), ("1", "0.3", 0)),
        (fs.cylindrical(r=(0, 1), z=(0, 1), cells=(8, 6)), {"z": 2.0}),
        (fs.cartesian(x=(0, 1), y=(0, 1), cells=(6, 5), periodic=("x",)), (2.0, 1.0)),
    ],
    ids=["disk", "ball", "rod", "ring"],
)
def test_a_uniform_substance_is_carried_by_the_wind(mesh, velocity):
    model = fs.Diffusion(diffusivity=0.05, velocity=velocity)
    result = fs.solve(fs.Problem(mesh, model, boundary=dict.fromkeys(mesh.walls, fs.Value(2.0))))
    np.testing.assert_allclose(result.field.values, 2.0, rtol=1e-12)
    wind = fs.VectorField(
        mesh,
        [velocity.get(n, 0.0) for n in mesh.coordinates.names] if isinstance(velocity, dict) else list(velocity),
        basis="mesh" if isinstance(velocity, dict) else "cartesian",
    )
    wide = 0.15 if len(mesh.shape) == 3 else 0.08 if mesh.names[0] == "r" else 1e-12
    np.testing.assert_allclose(result.flux.values, 2.0 * wind.values, atol=wide)


def test_strong_drift_in_three_dimensions_is_solved_by_iteration():
    n = 20
    mesh = fs.cartesian(x=(0, 1), y=(0, 1), z=(0, 1), cells=(n, n, n))
    for scheme, peclet in (("exponential", 100.0), ("exponential", 0.1), ("upwind", 3.0)):
        model = fs.Diffusion(diffusivity=1 / n / peclet, velocity=(1.0, 0.5, 0.25), drift=scheme)
        result = fs.solve(fs.Problem(mesh, model, boundary=dict.fromkeys(mesh.walls, fs.Value("x*y"))))
        assert result.solver.method == "bicgstab"
        assert result.solver.iterations < 40
        assert result.solver.residual < 1e-10
        assert result.balance.relative < 1e-12


@pytest.mark.parametrize(("scheme", "wide"), [("limited", 0.012), ("exponential", 0.12)])
def test_a_stream_that_turns_round(scheme, wide):
    """Smith and Hutton (Numerical Heat Transfer 5, 1982): an inlet profile carried along (1 - x^2)(1 - y^2) = const."""
    mesh = fs.cartesian(x=(-1, 1), y=(0, 1), cells=(60, 30))
    still = fs.Value("1 - tanh(10)")
    problem = fs.Problem(
        mesh,
        fs.Diffusion(diffusivity=1e-7, velocity=("2*y*(1 - x**2)", "-2*x*(1 - y**2)"), drift=scheme),
        boundary={
            "x-": still,
            "x+": still,
            "y+": still,
            "y-": [("x < 0", fs.Value("1 + tanh(10*(1 + 2*x))")), fs.GradientOut(0.0)],
        },
        exact="1 + tanh(10*(1 - 2*sqrt(1 - (1 - x**2)*(1 - y**2))))",
    )
    result = fs.solve(problem)
    assert np.abs(result.field.values - problem.exact_values(0.0)).mean() < wide
    assert result.field.values.min() > 0.0
    assert result.field.values.max() < 2.0
    # what comes in leaves: the integral of 2 x (1 + tanh(10 (1 - 2 x))) over 0..1
    inflow = quad(lambda x: 2 * x * (1 + np.tanh(10 * (1 - 2 * x))), 0.0, 1.0)[0]
    assert result.balance.flow_in == pytest.approx(inflow, rel=2e-3)
    assert result.balance.relative < 1e-12


def test_an_estimate_of_the_error_knows_the_order():
    """From 20 and 40 cells the error of upstream values is the difference, that of limited ones a third of it."""
    for scheme, wide in (("upwind", 0.35), ("limited", 0.35)):
        result = fs.solve(profile(40, scheme, 0.2))
        true = np.abs(result.field.values - result.problem.exact_values(0.0)).max()
        assert fs.estimate_error(result).largest == pytest.approx(true, rel=wide)


def test_a_summary_tells_a_flow_that_gathers():
    mesh = fs.cartesian(x=(0, 1), cells=20)
    walls = {"x-": fs.Value(1.0), "x+": fs.GradientOut(0.0)}
    even = fs.solve(fs.Problem(mesh, fs.Diffusion(diffusivity=0.1, velocity=1.0), boundary=walls))
    uneven = fs.solve(fs.Problem(mesh, fs.Diffusion(diffusivity=0.1, velocity="1 + x"), boundary=walls))
    assert "div(velocity)" not in even.summary()
    assert "div(velocity) is not 0" in uneven.summary()


def test_conjugate_gradients_are_refused_by_the_name_of_their_argument():
    mesh = fs.cartesian(x=(0, 1), cells=8)
    problem = fs.Problem(mesh, fs.Diffusion(1.0, velocity=(1.0,)), {"x-": fs.Value(0.0), "x+": fs.Value(1.0)})
    with pytest.raises(InvalidInput, match=r"`solver` must be bicgstab or direct .*; got 'cg'. A velocity makes it so"):
        fs.solve(problem, solver="cg")
