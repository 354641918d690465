"""Radiation and coefficients that follow the unknown, against exact solutions by Kirchhoff's transformation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq

import fieldsim as fs
from fieldsim.boundary import Radiative
from fieldsim.errors import InvalidInput, NumericalFailure

PI = np.pi
SIGMA = 5.670374419e-8  # CODATA 2018, W/m^2/K^4


def rod(cells=10, **changes):
    """NAFEMS T2: 0.1 m, k = 55.6, 1000 K at one end; the other radiates with emissivity 0.98 to 300 K."""
    mesh = fs.cartesian(x=(0, 0.1), cells=cells)
    boundary = {"x-": fs.Value(1000.0), "x+": Radiative(0.98, 300.0)}
    return fs.Problem(mesh, fs.Heat(55.6), boundary).replace(**changes)


def test_nafems_t2():
    """927 K (NAFEMS, The Standard NAFEMS Benchmarks, T2), from k (1000 - T)/L = eps sigma (T^4 - 300^4)."""
    exact = brentq(lambda end: 55.6 * (1000 - end) / 0.1 - 0.98 * SIGMA * (end**4 - 300**4), 300, 1000)
    assert exact == pytest.approx(927.004, abs=5e-4)
    result = fs.solve(rod())
    assert result.at_boundary("x+").value == pytest.approx(exact, rel=1e-9)
    assert result.balance.relative < 1e-12
    assert result.solver.residual < 1e-10
    # Newton's method doubles the digits
    first, second, third = result.solver.history[1:4]
    assert second < first**1.5
    assert third < second**1.5


def test_radiation_alone_balances_a_source():
    """4 pi R^2 sigma T^4 = 4/3 pi R^3 s (Stefan-Boltzmann), found from 0 K."""
    mesh = fs.spherical(r=(0, 1), cells=8)
    result = fs.solve(fs.Problem(mesh, fs.Heat(1.0, source=3e3), {"r+": Radiative(1.0, 0.0)}))
    assert result.at_boundary("r+").value == pytest.approx((1e3 / SIGMA) ** 0.25, rel=1e-9)


def test_two_radiating_sides():
    """Two black walls through a plate: sigma (T1^4 - Ta^4) = k (Ta - Tb)/L = sigma (Tb^4 - T2^4)."""
    mesh = fs.cartesian(x=(0, 0.5), cells=4)
    problem = fs.Problem(mesh, fs.Heat(2.0), {"x-": Radiative(1.0, 900.0), "x+": Radiative(1.0, 300.0)})
    result = fs.solve(problem)
    warm, cold = result.at_boundary("x-").value, result.at_boundary("x+").value
    q = 2.0 * (warm - cold) / 0.5
    assert SIGMA * (900**4 - warm**4) == pytest.approx(q, rel=1e-8)
    assert SIGMA * (cold**4 - 300**4) == pytest.approx(q, rel=1e-8)


def test_a_body_cools_by_radiation():
    """rho c V dT/dt = -A sigma T^4: T = T0 (1 + 3 A sigma T0^3 t/(rho c V))^(-1/3), conducting too well to differ."""
    mesh = fs.cartesian(x=(0, 0.01), cells=2)
    model = fs.Heat(conductivity=1e9, density=1000.0, capacity=100.0)
    problem = fs.Problem(mesh, model, {"x-": fs.FluxOut(0.0), "x+": Radiative(1.0, 0.0)}, initial=1000.0)
    run = fs.evolve(problem, until=100.0, outputs=4, rtol=1e-6, atol=1e-3)
    exact = 1000.0 * (1 + 3 * SIGMA * 1e9 * run.times / (1000 * 100 * 0.01)) ** (-1 / 3)
    np.testing.assert_allclose([f.values[0] for f in run.fields], exact, rtol=1e-5)
    assert run.balance.relative < 1e-12


def test_radiation_may_change_in_time_and_place():
    mesh = fs.cartesian(x=(0, 1), y=(0, 1), cells=(2, 4))
    boundary = {side: fs.FluxOut(0.0) for side in mesh.walls} | {"x+": Radiative("0.5 + 0.1*y", "300 + t")}
    run = fs.evolve(fs.Problem(mesh, fs.Heat(1e6, 1.0, 1.0), boundary, initial=400.0), until=2.0, outputs=1)
    side = run.at_boundary("x+")
    y = mesh.axes[1].centers
    np.testing.assert_allclose(side.flux_out, (0.5 + 0.1 * y) * SIGMA * (side.value**4 - 302**4), rtol=1e-10)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x+": Radiative(1.2, 300.0)}, r"emissivity` must be between 0 and 1; got 1\.2"),
        ({"x+": Radiative(-0.1, 300.0)}, r"emissivity` must be between 0 and 1; got -0\.1"),
        ({"x+": Radiative(0.9, -3.0)}, r"ambient` must be 0 K or more; got -3\.0"),
        ({"x+": Radiative}, "must be a condition such as"),
    ],
)
def test_wrong_radiation_is_refused(change, message):
    with pytest.raises(InvalidInput, match=message):
        rod(boundary={"x-": fs.Value(1000.0)} | change)


def test_radiation_needs_kelvin():
    with pytest.raises(InvalidInput, match="must be for a temperature in K; got 'an unknown in degC'"):
        rod(model=fs.Heat(1.0, unit="degC"))
    with pytest.raises(InvalidInput, match="must be for a temperature in K; got 'an unknown in mol/m"):
        rod(model=fs.Diffusion(1.0))
    with pytest.raises(InvalidInput, match=r"`temperature` must be 0 K or more where a wall radiates; got -1\.0"):
        rod(initial=-1.0)
    with pytest.raises(InvalidInput, match="0 K or more"):
        fs.solve(rod(boundary={"x-": fs.Value(-50.0), "x+": Radiative(0.9, 0.0)}))


# k(T), its integral from 0
KIRCHHOFF = {
    "1 + T/50": lambda T: T + T**2 / 100,
    "1 + T**2/1000": lambda T: T + T**3 / 3000,
    "exp(T/20)": lambda T: 20 * (np.exp(T / 20) - 1),
    "1/(1 + T/10)": lambda T: 10 * np.log1p(T / 10),
}


@pytest.mark.parametrize("k", KIRCHHOFF)
def test_wall_whose_conductivity_follows_the_temperature(k):
    """integral of k dT is linear in x (Carslaw & Jaeger, section 1.6; Kirchhoff 1894)."""
    mesh = fs.cartesian(x=(0, 1), cells=40)
    result = fs.solve(fs.Problem(mesh, fs.Heat(k), {"x-": fs.Value(0.0), "x+": fs.Value(100.0)}))
    heat = KIRCHHOFF[k]
    np.testing.assert_allclose(heat(result.field.values), heat(100.0) * mesh.axes[0].centers, rtol=2e-5)
    assert -result.at_boundary("x+").flux_out == pytest.approx(heat(100.0), rel=1e-7)
    assert result.balance.relative < 1e-12


def test_polynomial_conductivity_is_exact_on_any_mesh():
    mesh = fs.cartesian(edges={"x": [0, 0.1, 0.5, 1.0]})
    result = fs.solve(fs.Problem(mesh, fs.Heat(lambda T: 1 + T**4), {"x-": fs.Value(0.0), "x+": fs.Value(2.0)}))
    assert -result.at_boundary("x+").flux_out == pytest.approx(2 + 2**5 / 5, rel=1e-12)


def test_pipe_whose_conductivity_follows_the_temperature():
    """Q = 2 pi (integral of k dT)/ln(b/a) a metre."""
    mesh = fs.cylindrical(r=(1, 2), cells=80)
    model = fs.Heat(lambda T: 2 + 0.1 * T)
    result = fs.solve(fs.Problem(mesh, model, {"r-": fs.Value(100.0), "r+": fs.Value(0.0)}))
    assert result.at_boundary("r+").flow == pytest.approx(2 * PI * (200 + 500) / np.log(2), rel=1e-4)


def test_films_and_layers_of_different_laws():
    """k1(T) then k2, a film behind: flux equal through all three, to the order of the mesh."""
    flux = []
    for n in (20, 40):
        mesh = fs.cartesian(x=(0, 2), cells=2 * n)
        model = fs.Heat([("x < 1", "1 + T/50"), 2.0])
        result = fs.solve(fs.Problem(mesh, model, {"x-": fs.Value(100.0), "x+": fs.Convective(5.0, 0.0)}))
        flux.append(float(result.at_boundary("x+").flux_out))

    def mismatch(q):
        contact = q / 5 + q / 2
        return 100 + 100 - contact - contact**2 / 100 - q

    exact = brentq(mismatch, 1, 200)
    assert flux[1] == pytest.approx(exact, rel=1e-4)
    assert abs(flux[0] - exact) > 3 * abs(flux[1] - exact)


def test_gradient_and_flux_on_a_wall_whose_conductivity_follows():
    mesh = fs.cartesian(x=(0, 1), cells=20)
    for condition in (fs.FluxOut(-10.0), fs.GradientOut("10/sqrt(21)")):
        problem = fs.Problem(mesh, fs.Heat(lambda T: 1 + T, 1.0, 1.0), {"x-": fs.Value(0.0), "x+": condition})
        side = fs.solve(problem).at_boundary("x+")
        # T + T^2/2 = 10 at the end, where k = 1 + T = sqrt(21)
        assert side.value == pytest.approx(np.sqrt(21) - 1, rel=2e-3)


def test_diffusion_with_a_concentration_of_its_own():
    """c_t = (c c_x)_x has the wave c = V (V t + const - x) (Crank, The Mathematics of Diffusion, section 7.2)."""
    wave = "2*(2*t + 1.5 - x)"
    errors = []
    for n in (10, 20):
        mesh = fs.cartesian(x=(0, 1), cells=n)
        boundary = {"x-": fs.Value(wave), "x+": fs.Value(wave)}
        problem = fs.Problem(mesh, fs.Diffusion("c"), boundary, initial="2*(1.5 - x)", exact=wave)
        run = fs.evolve(problem, until=0.5, outputs=1, rtol=1e-5)
        errors.append(run.error())
        assert run.balance.relative < 1e-12
    assert errors[0] < 2e-3
    assert np.log2(errors[0] / errors[1]) == pytest.approx(2.0, abs=0.1)


def test_conductivity_may_change_in_time():
    """dT/dt = k(t) T'': one sine mode decays as exp(-pi^2 integral of k) (the time t + t^2/2 instead of t)."""
    mesh = fs.cartesian(x=(0, 1), cells=64)
    boundary = {"x-": fs.Value(0.0), "x+": fs.Value(0.0)}
    problem = fs.Problem(
        mesh, fs.Heat("1 + t", 1.0, 1.0), boundary, initial="sin(pi*x)", exact="sin(pi*x)*exp(-pi**2*(t + t**2/2))"
    )
    run = fs.evolve(problem, until=0.2, outputs=2, rtol=1e-5)
    assert run.error() < 2e-4
    with pytest.raises(InvalidInput, match="conductivity depends on t"):
        fs.solve(problem)


@pytest.mark.parametrize("term", [{"sink": 4.0}, {"source": "-4*c"}, {"source": lambda c: -4 * c}])
def test_decay_along_a_way(term):
    """D c'' = s c with c(0) = 1 and a closed end: cosh(m (1 - x))/cosh(m), m^2 = s/D (Thiele 1939)."""
    mesh = fs.cartesian(x=(0, 1), cells=50)
    problem = fs.Problem(mesh, fs.Diffusion(1.0, **term), {"x-": fs.Value(1.0), "x+": fs.FluxOut(0.0)})
    result = fs.solve(problem.replace(exact="cosh(2*(1 - x))/cosh(2)"))
    assert result.error() < 2e-4
    assert -result.at_boundary("x-").flow == pytest.approx(2 * np.tanh(2), rel=1e-3)
    assert result.balance.relative < 1e-12
    assert -result.balance.source == pytest.approx(2 * np.tanh(2), rel=1e-3)


def test_a_sink_drains_what_nothing_else_holds():
    """c = s/k where source meets decay; in time c = exp(-k t)."""
    mesh = fs.cartesian(x=(0, 1), cells=4, periodic=("x",))
    assert fs.solve(fs.Problem(mesh, fs.Diffusion(1.0, 6.0, sink=2.0))).field.values == pytest.approx(3.0)
    run = fs.evolve(fs.Problem(mesh, fs.Diffusion(1.0, sink="2*t"), initial=1.0), until=1.0, outputs=1, atol=1e-7)
    assert run.field.values == pytest.approx(np.exp(-1.0), rel=1e-4)
    with pytest.raises(InvalidInput, match="`sink` must be 0 or more"):
        fs.solve(fs.Problem(mesh, fs.Diffusion(1.0, sink=-2.0)))


def test_growth_that_saturates():
    """dc/dt = c (1 - c): 1/(1 + (1/c0 - 1) exp(-t)) (Verhulst 1838), the reaction of Fisher's equation."""
    mesh = fs.cartesian(x=(0, 1), cells=3, periodic=("x",))
    problem = fs.Problem(mesh, fs.Diffusion(1.0, "c*(1 - c)"), initial=0.1)
    run = fs.evolve(problem, until=5.0, outputs=5, atol=1e-6)
    np.testing.assert_allclose([f.values[0] for f in run.fields], 1 / (1 + 9 * np.exp(-run.times)), rtol=1e-4)


def bratu(strength, cells=40):
    mesh = fs.cartesian(x=(0, 1), cells=cells)
    walls = {"x-": fs.Value(0.0), "x+": fs.Value(0.0)}
    return fs.Problem(mesh, fs.Heat(1.0, source=f"{strength}*exp(T)"), walls)


def test_thermal_explosion():
    """T'' + s exp(T) = 0 has a steady state up to s = 3.51383 only (Frank-Kamenetskii 1939; Bratu 1914).

    T = 2 log(cosh(b/4)/cosh((x - 1/2) b/2)) with b = sqrt(2 s) cosh(b/4): 0.140539 in the middle for s = 1.
    """
    b = brentq(lambda b: b - np.sqrt(2.0) * np.cosh(b / 4), 0, 4)
    peak = 2 * np.log(np.cosh(b / 4))
    assert peak == pytest.approx(0.140539, abs=1e-6)
    result = fs.solve(bratu(1.0))
    assert result.field.at([[0.5]])[0] == pytest.approx(peak, rel=1e-3)
    assert result.balance.relative < 1e-9
    with pytest.raises(NumericalFailure, match=r"steady state was not found in \d+ Newton steps: .*`initial`.*evolve"):
        fs.solve(bratu(4.5))


def test_a_conductivity_that_leaves_its_range_is_named():
    mesh = fs.cartesian(x=(0, 1), cells=4)
    problem = fs.Problem(mesh, fs.Heat("1 - T"), {"x-": fs.Value(0.0), "x+": fs.Value(5.0)})
    with pytest.raises(NumericalFailure, match="`conductivity` must be above 0 for every value of the unknown"):
        fs.solve(problem)


def test_a_function_that_is_none_of_the_unknown_is_refused():
    mesh = fs.cartesian(x=(0, 1), cells=4)
    boundary = {"x-": fs.Value(0.0), "x+": fs.Value(5.0)}
    with pytest.raises(InvalidInput, match="`density` must be a number, a quantity, a formula or an array"):
        fs.Problem(mesh, fs.Heat(1.0, density=lambda T: T), boundary)
    with pytest.raises(InvalidInput, match="a function that takes an array of T and returns numbers"):
        fs.solve(fs.Problem(mesh, fs.Heat(lambda T: "warm"), boundary))
    with pytest.raises(InvalidInput, match="nothing holds the temperature"):
        fs.solve(fs.Problem(mesh, fs.Heat("1 + T"), {"x-": fs.FluxOut(0.0), "x+": fs.FluxOut(0.0)}))
