"""Drift in time against closed forms: a front, a turning cloud, a ring; nothing lost, nothing beyond the data."""

from math import erfc, exp, log, pi, sqrt

import numpy as np
import pytest

import fieldsim as fs
from fieldsim.errors import InvalidInput, Refused

SCHEMES = ("limited", "exponential", "upwind", "central")
MONOTONE = ("limited", "exponential", "upwind")


def ring(cells, scheme, velocity=1.0, diffusivity=1e-3, initial="sin(2*pi*x)", exact=None):
    mesh = fs.cartesian(x=(0, 1), cells=cells, periodic=("x",))
    return fs.Problem(
        mesh, fs.Diffusion(diffusivity=diffusivity, velocity=velocity, drift=scheme), initial=initial, exact=exact
    )


@pytest.mark.parametrize(("scheme", "order"), [("limited", 2.0), ("central", 2.0), ("upwind", 1.0)])
def test_a_wave_around_a_ring(scheme, order):
    """c = exp(-D k^2 t) sin(k (x - v t)), back at its start after one turn."""
    exact = "exp(-0.001*(2*pi)**2*t)*sin(2*pi*(x - t))"
    errors = []
    for cells in (40, 80):
        problem = ring(cells, scheme, exact=exact)
        result = fs.evolve(problem, until=1.0, outputs=1, method="rk4")
        errors.append(np.abs(result.field.values - problem.exact_values(1.0)).mean())
        assert abs(result.field.values.sum()) < 1e-12
    observed = log(errors[0] / errors[1], 2)
    # limited slopes clip the crests, a part of the wave that shrinks as the cells do
    assert observed > 1.9 if scheme == "limited" else observed == pytest.approx(order, abs=0.2)


@pytest.mark.parametrize("scheme", ["limited", "exponential"])
def test_a_velocity_that_changes_in_time(scheme):
    """v = cos t carries by sin t: after half a turn of the clock the wave is back, whatever way it went."""
    problem = ring(40, scheme, velocity="cos(t)", exact="exp(-0.001*(2*pi)**2*t)*sin(2*pi*(x - sin(t)))")
    result = fs.evolve(problem, until=pi, outputs=2, **({"method": "rk4"} if scheme == "limited" else {"rtol": 1e-3}))
    wide = 0.05 if scheme == "limited" else 0.55
    assert result.error() < wide
    assert result.error(1) < wide
    with pytest.raises(InvalidInput, match="velocity depends on t"):
        fs.solve(problem)


@pytest.mark.parametrize(("scheme", "wide"), [("limited", 0.01), ("exponential", 0.1)])
def test_a_front_in_a_column(scheme, wide):
    """Ogata and Banks (US Geological Survey Professional Paper 411-A, 1961): a tracer fed at x = 0 from t = 0."""
    d, v, t = 0.02, 1.0, 0.4
    mesh = fs.cartesian(x=(0, 1.5), cells=90)
    problem = fs.Problem(
        mesh,
        fs.Diffusion(diffusivity=d, velocity=v, drift=scheme),
        boundary={"x-": fs.Value(1.0), "x+": fs.GradientOut(0.0)},
    )
    result = fs.evolve(problem, until=t, outputs=1, rtol=1e-3)
    x = mesh.centers[0]
    spread = 2 * sqrt(d * t)
    expected = [0.5 * (erfc((p - v * t) / spread) + exp(v * p / d) * erfc((p + v * t) / spread)) for p in x]
    assert np.abs(result.field.values - expected).max() < wide
    assert result.balance.relative < 1e-12
    assert result.solver.overshoot < 5e-3
    # what came in: v c less D c' at the inlet, summed over the run, is what there is
    assert -result.balance.through["x-"] == pytest.approx(result.content().value, rel=1e-9)


@pytest.mark.parametrize(("method", "wide"), [("rk4", 0.17), ("tr_bdf2", 0.17)])
def test_a_cloud_on_a_turntable(method, wide):
    """A Gaussian of variance s turns and spreads: s/(s + 4 D t) exp(-|x - x_c(t)|^2/(s + 4 D t)), amount kept."""
    s, d, t = 0.06, 1e-3, pi / 2
    exact = f"{s}/({s} + 4*{d}*t)*exp(-((x - 0.4*cos(t))**2 + (y - 0.4*sin(t))**2)/({s} + 4*{d}*t))"
    mesh = fs.cartesian(x=(-1, 1), y=(-1, 1), cells=(20, 20))
    problem = fs.Problem(
        mesh,
        fs.Diffusion(diffusivity=d, velocity=("-y", "x")),
        boundary=dict.fromkeys(mesh.walls, fs.GradientOut(0.0)),
        initial=f"exp(-((x - 0.4)**2 + y**2)/{s})",
        exact=exact,
    )
    result = fs.evolve(problem, until=t, outputs=1, method=method, rtol=1e-2 if method == "tr_bdf2" else 1e-4)
    values, h = result.field.values, mesh.volumes
    assert (values * h).sum() == pytest.approx((problem.initial_values * h).sum(), rel=1e-3)
    middle = [(values * h * p).sum() / (values * h).sum() for p in mesh.points]
    np.testing.assert_allclose(middle, [0.0, 0.4], atol=0.01)
    assert np.abs(values - problem.exact_values(t)).sum() / values.sum() < wide
    assert values.min() > -1e-3
    assert result.balance.relative < 1e-12


@pytest.mark.slow
def test_order_on_the_turntable():
    s, d = 0.02, 1e-3
    errors = []
    for cells in (40, 80):
        mesh = fs.cartesian(x=(-1, 1), y=(-1, 1), cells=(cells, cells))
        problem = fs.Problem(
            mesh,
            fs.Diffusion(diffusivity=d, velocity=("-y", "x")),
            boundary=dict.fromkeys(mesh.walls, fs.GradientOut(0.0)),
            initial=f"exp(-((x - 0.4)**2 + y**2)/{s})",
            exact=f"{s}/({s} + 4*{d}*t)*exp(-((x - 0.4*cos(t))**2 + (y - 0.4*sin(t))**2)/({s} + 4*{d}*t))",
        )
        result = fs.evolve(problem, until=1.0, outputs=1, method="rk4")
        errors.append(np.abs(result.field.values - problem.exact_values(1.0)).mean())
    assert log(errors[0] / errors[1], 2) > 1.6


@pytest.mark.parametrize("scheme", MONOTONE)
@pytest.mark.parametrize(
    "how", [{"method": "backward_euler", "dt": 0.05}, {"method": "explicit_euler"}], ids=["implicit", "explicit"]
)
def test_a_block_stays_within_its_values(scheme, how):
    """Nothing beyond 0 and 1, with steps of two cells by backward Euler, and at the limit of explicit ones."""
    problem = ring(40, scheme, diffusivity=1e-9, initial="where(abs(x - 0.5) < 0.2, 1, 0)")
    result = fs.evolve(problem, until=0.5, outputs=1, **how)
    assert result.field.values.min() > -1e-12
    assert result.field.values.max() < 1.0 + 1e-12
    assert result.content().value == pytest.approx(0.4, rel=1e-12)
    # half a turn away, and where it should be
    assert abs(np.angle(np.exp(2j * pi * problem.mesh.centers[0]) @ result.field.values)) < 0.2


def test_central_values_leave_the_range():
    problem = ring(40, "central", diffusivity=1e-9, initial="where(abs(x - 0.5) < 0.2, 1, 0)")
    result = fs.evolve(problem, until=0.5, outputs=1, method="backward_euler", dt=0.01)
    assert result.field.values.min() < -0.01


@pytest.mark.parametrize("scheme", SCHEMES)
def test_explicit_steps_beyond_the_limit_are_refused(scheme):
    """Upstream: dt <= h/v (Courant, Friedrichs and Lewy 1928); limited: half of it (Harten 1983)."""
    problem = ring(50, scheme, velocity=2.0, diffusivity=1e-9)
    limit = {"upwind": 0.01, "exponential": 0.01, "limited": 0.005, "central": 2 * 1e-9 / 2.0**2}[scheme]
    with pytest.raises(Refused, match="to be stable"):
        fs.evolve(problem, until=1.0, outputs=1, method="explicit_euler", dt=1.01 * limit)
    if scheme != "central":
        fs.evolve(problem, until=0.9 * limit, outputs=1, method="explicit_euler", dt=0.9 * limit)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_constant_stays_and_the_amount_is_kept_where_the_flow_gathers(scheme):
    """div v = 1 + cos: compression gathers what is carried, but makes none."""
    mesh = fs.cartesian(x=(0, 1), cells=40)
    walls = dict.fromkeys(mesh.walls, fs.FluxOut(0.0))
    model = fs.Diffusion(diffusivity=0.02, velocity="sin(pi*x)", drift=scheme)
    result = fs.evolve(fs.Problem(mesh, model, boundary=walls, initial=3.0), until=0.5, outputs=1, rtol=1e-3)
    assert result.content().value == pytest.approx(3.0, rel=1e-12)
    assert result.field.values[-1] > 4.0


def test_heat_is_carried_at_the_speed_of_the_flow():
    """rho c dT/dt + rho c v dT/dx = 0: what a volume stores does not change the speed."""
    mesh = fs.cartesian(x=(0, 1), cells=100, periodic=("x",))
    model = fs.Heat(conductivity=1e-9, density=1000.0, capacity=4186.0, velocity="0.25 m/s")
    problem = fs.Problem(
        mesh, model, initial="293 + exp(-((x - 0.3)/0.1)**2)", exact="293 + exp(-((x - 0.3 - t/4)/0.1)**2)"
    )
    result = fs.evolve(problem, until=1.0, outputs=1, rtol=1e-3)
    assert result.error() < 0.08
    assert result.balance.relative < 1e-12


def test_a_law_with_a_velocity_has_no_exponential():
    with pytest.raises(InvalidInput, match="velocity, whose matrix is not symmetric"):
        fs.evolve(ring(16, "upwind"), until=1.0, method="exponential")
