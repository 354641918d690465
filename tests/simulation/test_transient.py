"""Runs in time against closed forms and series: decay, half space, ball, membrane; order, overshoot, books, restart."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import erfc

import fieldsim as fs
from fieldsim.errors import InvalidInput, NumericalFailure, Refused, UnitsError
from fieldsim.stepping import METHODS
from fieldsim.storage import checkpoint

PI = np.pi
FULL = (0, 2 * PI)


def rod(n=20, **changes):
    """A rod of length 1, alpha = 1, ends at 0, first sine mode."""
    mesh = fs.cartesian(x=(0, 1), cells=n)
    problem = fs.Problem(
        mesh,
        fs.Heat(conductivity=1.0, density=1.0, capacity=1.0),
        {"x-": fs.Value(0.0), "x+": fs.Value(0.0)},
        initial="sin(pi*x)",
        exact="sin(pi*x)*exp(-pi**2*t)",
    )
    return problem.replace(**changes) if changes else problem


@pytest.mark.parametrize(
    ("method", "order", "steps"),
    [
        ("explicit Euler", 1, (100, 200)),
        ("backward Euler", 1, (40, 80)),
        ("Crank-Nicolson", 2, (10, 20)),
        ("TR-BDF2", 2, (10, 20)),
        ("BDF2", 2, (40, 80)),
        ("esdirk4", 4, (5, 10)),
        ("rkl2", 2, (20, 40)),
        ("trapezoidal", 2, (10, 20)),
        ("rk4", 4, (100, 200)),
    ],
)
def test_order_in_time_on_the_rod(method, order, steps):
    """The sine is an eigenvector of the half-cell stencil: it decays with 4 sin^2(pi h/2)/h^2 but for the method."""
    n = 10
    eigenvalue = 4 * n**2 * np.sin(PI / (2 * n)) ** 2
    problem = rod(n)
    errors = []
    for count in steps:
        run = fs.evolve(problem, until=0.2, outputs=1, method=method, dt=0.2 / count)
        exact = problem.initial_values * np.exp(-eigenvalue * 0.2)
        errors.append(np.abs(run.field.values - exact).max())
        assert run.balance.relative < 1e-12
    assert np.log2(errors[0] / errors[1]) == pytest.approx(order, rel=0.05)


def test_the_rod_decays_to_1_over_e():
    """At t = L^2 / (pi^2 alpha) = 0.101321 the first mode is down to 1/e (Fourier 1822)."""
    run = fs.evolve(rod(100), until=0.101321, outputs=1)
    middle = 0.5 * (run.field.values[49] + run.field.values[50])
    assert middle == pytest.approx(np.exp(-1), rel=3e-4)
    assert run.error() < 3e-4


def test_order_in_space_and_time_together():
    errors = [fs.evolve(rod(n), until=0.1, outputs=1, dt=0.2 / n).error() for n in (16, 32)]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(2.0, abs=0.1)


def test_tolerance_bounds_the_error():
    exact = np.exp(-4 * 60**2 * np.sin(PI / 120) ** 2 * 0.1)
    for rtol in (1e-3, 1e-5):
        run = fs.evolve(rod(60), until=0.1, outputs=1, rtol=rtol)
        assert np.abs(run.field.values - rod(60).initial_values * exact).max() < 20 * rtol


def test_hot_wall():
    """T = dT erfc(x / 2 sqrt(alpha t)): 0.479500 dT at sqrt(alpha t), and q = k dT / sqrt(pi alpha t) = 940.316 W/m^2.

    k = 1, alpha = 1e-6, 1 h (Carslaw & Jaeger, section 2.4).
    """
    assert erfc(0.5) == pytest.approx(0.479500, abs=5e-7)
    edges = np.concatenate([[0.0], np.cumsum(1.025 ** np.arange(160))])
    mesh = fs.cartesian(edges={"x": edges / edges[-1]})
    boundary = {"x-": fs.Value(100.0), "x+": fs.FluxOut(0.0)}
    problem = fs.Problem(mesh, fs.Heat(conductivity=1.0, density=1000.0, capacity=1000.0), boundary)
    run = fs.evolve(problem, until=3600.0, outputs=4)
    assert run.field.at([[np.sqrt(1e-6 * 3600)]])[0] == pytest.approx(47.9500, abs=0.02)
    assert -run.at_boundary("x-").flux_out == pytest.approx(940.316, rel=3e-4)
    # what entered: 2 k dT sqrt(t / pi alpha)
    assert run.balance.flow_in == pytest.approx(2 * 100 * np.sqrt(3600 / (PI * 1e-6)), rel=5e-4)
    assert run.solver.overshoot is not None
    assert run.solver.overshoot < 1e-9


def test_quenched_ball():
    """theta = 2 sum (-1)^(n+1) exp(-n^2 pi^2 Fo) at the centre: 0.707100, 0.277078; M/M_inf by Crank, 6.20."""
    mesh = fs.spherical(r=(0, 1), cells=100)
    problem = fs.Problem(mesh, fs.Diffusion(diffusivity=1.0), {"r+": fs.Value(0.0)}, initial=1.0)
    run = fs.evolve(problem, until=0.2, outputs=[0.05, 0.1, 0.2])
    centre = [field.at([[0.0, 0.0, 0.0]])[0] for field in run.fields]
    assert centre[2] == pytest.approx(0.707100, abs=2e-4)
    assert centre[3] == pytest.approx(0.277078, abs=2e-4)
    released = run.balances[1].flow_out / (4 / 3 * PI)
    assert released == pytest.approx(0.606940, abs=3e-4)
    assert [b.relative < 1e-12 for b in run.balances] == [True] * 4


def test_membrane_time_lag():
    """Amount through = D c (t - L^2 / 6D) / L: lag 16.667 s (Barrer 1939; Crank, section 4.3.3)."""
    length, diffusivity = 100e-6, 1e-10
    mesh = fs.cartesian(x=(0, length), cells=60)
    problem = fs.Problem(mesh, fs.Diffusion(diffusivity), {"x-": fs.Value(1.0), "x+": fs.Value(0.0)})
    run = fs.evolve(problem, until=300.0, outputs=3)
    lag = 300.0 - run.balance.through["x+"] / (diffusivity / length)
    assert lag == pytest.approx(16.667, abs=5e-3)
    assert run.at_boundary("x+").flux_out == pytest.approx(diffusivity / length, rel=1e-4)


def test_seasons_in_the_ground():
    """T = A exp(-z/d) sin(w t - z/d), d = sqrt(2 D / w) = 3.40856 m, 2.76769 K at 5 m (Newman, exercise 9.4)."""
    year = 365.0
    depth = np.sqrt(2 * 0.1 / (2 * PI / year))
    assert depth == pytest.approx(3.40856, abs=1e-5)
    mesh = fs.cartesian(x=(0, 25), cells=125)
    boundary = {"x-": fs.Value("12*sin(2*pi*t/365)"), "x+": fs.FluxOut(0.0)}
    problem = fs.Problem(mesh, fs.Diffusion(diffusivity=0.1), boundary, initial=0.0)
    times = np.linspace(3 * year, 4 * year, 74)
    run = fs.evolve(problem, until=4 * year, outputs=times, rtol=1e-3)
    at_5m = np.array([field.at([[5.0]])[0] for field in run.fields[1:]])
    design = np.stack([np.sin(2 * PI * times / year), np.cos(2 * PI * times / year), np.ones_like(times)])
    a, b, _ = np.linalg.lstsq(design.T, at_5m, rcond=None)[0]
    assert np.hypot(a, b) == pytest.approx(2.76769, rel=5e-3)
    lag = np.arctan2(-b, a) / (2 * PI) * year
    assert lag == pytest.approx(85.21, rel=5e-3)
    assert run.balance.relative < 1e-12


def test_point_release_spreads_as_6_D_t():
    """<r^2> = 6 D t, and nothing is lost (Einstein 1905)."""
    mesh = fs.spherical(r=(0, 1), cells=100)
    start = np.zeros(100)
    start[:3] = 1.0
    problem = fs.Problem(mesh, fs.Diffusion(1e-3), {"r+": fs.FluxOut(0.0)}, initial=start)
    run = fs.evolve(problem, until=4.0, outputs=[1.0, 4.0])
    r2 = mesh.axes[0].centers ** 2
    spread = [(r2 * f.values * mesh.volumes).sum() / (f.values * mesh.volumes).sum() for f in run.fields]
    assert spread[2] - spread[1] == pytest.approx(6 * 1e-3 * 3.0, rel=2e-3)
    assert (run.field.values * mesh.volumes).sum() == pytest.approx((start * mesh.volumes).sum(), rel=1e-13)


def test_manufactured_run_on_a_disk():
    """u = (x**3 - y**2) cos(t) with its source and wall values in time."""
    errors = []
    for n in (16, 32):
        mesh = fs.polar(r=(0, 1), phi=FULL, cells=(n, 2 * n))
        u = "(x**3 - y**2)*cos(t)"
        model = fs.Diffusion(1.0, source="-(x**3 - y**2)*sin(t) - (6*x - 2)*cos(t)")
        problem = fs.Problem(mesh, model, {"r+": fs.Value(u)}, initial="x**3 - y**2", exact=u)
        run = fs.evolve(problem, until=1.0, outputs=1, rtol=1e-5)
        difference = run.field.values - problem.exact_values(1.0)
        errors.append(np.sqrt((mesh.volumes * difference**2).sum()))
        assert run.balance.relative < 1e-12
    assert np.log2(errors[0] / errors[1]) == pytest.approx(2.0, abs=0.1)


def test_a_film_that_varies_in_time():
    """One cell behind a film h(t) = 2t: u = exp(-t^2) once the cell conducts perfectly."""
    mesh = fs.cartesian(x=(0, 1), cells=1)
    boundary = {"x-": fs.Convective(h="2*t", ambient=0.0), "x+": fs.FluxOut(0.0)}
    problem = fs.Problem(mesh, fs.Heat(1e9, density=1.0, capacity=1.0), boundary, initial=1.0)
    run = fs.evolve(problem, until=1.0, outputs=2, atol=1e-6)
    assert run.field.values[0] == pytest.approx(np.exp(-1.0), abs=1e-4)
    assert run.balance.relative < 1e-12


BODIES = {
    "rod": lambda: fs.cartesian(x=(0, 1), cells=40),
    "plate": lambda: fs.cartesian(x=(0, 1), y=(0, 1), cells=(16, 16), periodic=("y",)),
    "disk": lambda: fs.polar(r=(0, 1), phi=FULL, cells=(12, 16)),
    "cylinder": lambda: fs.cylindrical(r=(0, 1), phi=FULL, z=(0, 1), cells=(6, 8, 6)),
    "ball": lambda: fs.spherical(r=(0, 1), theta=(0, PI), phi=FULL, cells=(6, 8, 12)),
    "axisymmetric ball": lambda: fs.spherical(r=(0, 1), theta=(0, PI), cells=(12, 12)),
}


def jump_problem(mesh):
    """Ones and zeros inside, walls at 0 and 1 from the first moment on."""
    inside = np.zeros(mesh.shape)
    inside[: mesh.shape[0] // 2] = 1.0
    boundary = {side: fs.Value(float(i % 2)) for i, side in enumerate(mesh.walls)}
    return fs.Problem(mesh, fs.Heat(1.0, density=1.0, capacity=1.0), boundary, initial=inside)


@pytest.mark.parametrize("name", BODIES)
def test_a_jump_start_overshoots_less_than_half_a_percent(name):
    problem = jump_problem(BODIES[name]())
    extremes = []
    run = fs.evolve(
        problem, until=1.0, outputs=3, observers=[lambda m: extremes.extend([m.values.min(), m.values.max()])]
    )
    assert min(extremes) > -0.005
    assert max(extremes) < 1.005
    assert run.solver.overshoot is not None
    assert run.solver.overshoot == pytest.approx(max(-min(extremes), max(extremes) - 1, 0), abs=1e-15)


@pytest.mark.parametrize("name", BODIES)
def test_backward_euler_keeps_the_maximum_principle(name):
    run = fs.evolve(jump_problem(BODIES[name]()), until=0.5, outputs=5, method="backward_euler", dt=0.05)
    assert run.solver.overshoot is not None
    assert run.solver.overshoot < 1e-9


def test_the_trapezoidal_rule_overshoots_where_the_default_does_not():
    """The lesson: at dt = 10 h^2 Crank-Nicolson without a damped start rings on a jump."""
    problem = jump_problem(BODIES["rod"]())
    run = fs.evolve(problem, until=0.1, outputs=1, method="trapezoidal", dt=10 / 40**2)
    assert run.solver.overshoot is not None
    assert run.solver.overshoot > 0.2


@pytest.mark.parametrize("method", [method for method in METHODS if method != "exponential"])
@pytest.mark.parametrize("name", ["plate", "axisymmetric ball"])
def test_books_close_with_every_method(name, method):
    mesh = BODIES[name]()
    kinds = [fs.Convective(h="1 + t", ambient=3.0), fs.FluxOut("sin(t)")]
    boundary = {side: kinds[i % 2] for i, side in enumerate(mesh.walls)}
    model = fs.Heat(conductivity="1 + 0.5*r", density=2.0, capacity=3.0, source="exp(-t)")
    problem = fs.Problem(mesh, model, boundary, initial="300 + r")
    dt = {"crank_nicolson": 0.01, "trapezoidal": 0.01}.get(method)
    run = fs.evolve(problem, until=0.05, outputs=2, method=method, dt=dt)
    for balance in run.balances:
        assert balance.relative < 1e-12
    stored = (problem.volume.storage * (run.field.values - run.fields[0].values)).sum()
    assert run.balance.stored == pytest.approx(stored)
    assert sum(run.balance.through.values()) == pytest.approx(run.balance.flow_out - run.balance.flow_in)
    made = 1 - np.exp(-0.05)
    rel = {"explicit_euler": 0.03, "backward_euler": 1e-3, "crank_nicolson": 2e-3}.get(method, 1e-4)
    assert run.balance.source == pytest.approx(made * mesh.volumes.sum(), rel=rel)


def test_books_close_with_conjugate_gradients():
    run = fs.evolve(jump_problem(BODIES["ball"]()), until=0.1, outputs=2, solver="cg")
    assert run.balance.relative < 1e-12


def test_energy_only_decays():
    """With walls at 0 and no source, the integral of u^2 falls in every step."""
    rng = np.random.default_rng(0)
    problem = rod(30, initial=rng.standard_normal(30))
    energies = []
    fs.evolve(problem, until=0.1, outputs=1, observers=[lambda m: energies.append((m.values**2).sum())])
    assert (np.diff(energies) < 0).all()


def test_explicit_euler_above_the_limit_is_refused():
    """D = 1, dx = 0.1: stable only for dt <= dx^2 / 2D = 0.005 (the FTCS lesson; Press et al., 20.2)."""
    problem = rod(10)
    fs.evolve(problem, until=1.0, outputs=1, method="explicit_euler", dt=0.005)
    for dt in (0.1, 0.05, 0.01):
        with pytest.raises(Refused, match=r"at most 0\.005 s for explicit Euler .*got"):
            fs.evolve(problem, until=1.0, outputs=1, method="explicit_euler", dt=dt)


def test_explicit_limit_that_shrinks_in_time_is_noticed():
    problem = rod(10, boundary={"x-": fs.Convective(h="1000*t", ambient=0.0), "x+": fs.FluxOut(0.0)})
    with pytest.raises(Refused, match="explicit Euler"):
        fs.evolve(problem, until=1.0, outputs=1, method="explicit_euler", dt=0.00501)


def test_outputs_are_landed_on():
    run = fs.evolve(rod(), until=0.1, outputs=4)
    np.testing.assert_array_equal(run.times, [0.0, 0.025, 0.05, 0.1 * 3 / 4, 0.1])
    assert len(run.fields) == len(run.balances) == 5
    named = fs.evolve(rod(), until=0.1, outputs=[0.0, 0.03])
    np.testing.assert_array_equal(named.times, [0.0, 0.03, 0.1])


def test_zero_length_run_returns_the_initial_state():
    run = fs.evolve(rod(), until=0.0)
    np.testing.assert_array_equal(run.times, [0.0])
    np.testing.assert_array_equal(run.field.values, rod().initial_values)
    assert run.balance.relative == 0.0


@pytest.mark.parametrize("until", [-1.0, np.nan, np.inf, "-1 s", None, True])
def test_bad_end_times_are_refused(until):
    with pytest.raises(InvalidInput, match="`until` must be a time in s, 0 or later"):
        fs.evolve(rod(), until=until)


@pytest.mark.parametrize("outputs", [0, -3, 10**9, [0.1, 0.05], [0.2], [np.nan], [], "x", [[0.1]], True])
def test_bad_outputs_are_refused(outputs):
    with pytest.raises(InvalidInput, match="`outputs` must be"):
        fs.evolve(rod(), until=0.1, outputs=outputs)


def test_an_equation_without_time_is_refused():
    mesh = fs.cartesian(x=(0, 1), cells=4)
    problem = fs.Problem(mesh, fs.Electrostatics(), {"x-": fs.Value(0.0), "x+": fs.Value(1.0)})
    with pytest.raises(InvalidInput, match="electric potential has no time of its own"):
        fs.evolve(problem, until=1.0)


@pytest.mark.parametrize("given", [{}, {"density": 7850.0}, {"capacity": 460.0}])
def test_a_run_needs_density_and_capacity_and_a_steady_state_neither(given):
    problem = rod(8, model=fs.Heat(52.0, source=1.0, **given))
    missing = "capacity" if "density" in given else "density"
    for ask in (lambda: fs.evolve(problem, until=1.0), lambda: fs.solve(problem).content()):
        with pytest.raises(InvalidInput, match=f"`{missing}` must be given for .*; got None. Give {missing} in"):
            ask()
    whole = fs.solve(problem.replace(model=fs.Heat(52.0, 7850.0, 460.0, source=1.0)))
    np.testing.assert_array_equal(fs.solve(problem).field.values, whole.field.values)


def test_too_many_outputs_for_the_memory_are_refused(monkeypatch):
    monkeypatch.setattr("fieldsim.storage.memory.memory_limits", lambda: {"a test": 100_000})
    with pytest.raises(Refused, match=r"solving for 20 unknowns and keeping 1001 field\(s\) needs"):
        fs.evolve(rod(), until=0.1, outputs=1000)


def test_a_source_that_blows_up_names_step_and_time():
    problem = rod(4, model=fs.Heat(1.0, 1.0, 1.0, source="1/(t - 0.5)"))
    with pytest.raises(NumericalFailure, match=r"`source` must be finite; got inf first in cell \(0,\) at t = 0\.5 s"):
        fs.evolve(problem, until=1.0, outputs=[0.25, 0.5, 1.0], method="explicit_euler", dt=0.03125)


def test_a_jump_in_the_data_is_landed_on():
    """Heating from t = 0.3 on at 1 W/m^3: 0.7 J are made by t = 1, exactly once the jump is a landing."""
    mesh = fs.cartesian(x=(0, 1), cells=4)
    boundary = {"x-": fs.FluxOut(0.0), "x+": fs.FluxOut(0.0)}
    problem = fs.Problem(mesh, fs.Heat(1.0, 1.0, 1.0, source="where(t > 0.3, 1, 0)"), boundary)
    run = fs.evolve(problem, until=1.0, outputs=2, jumps=[0.3], atol=1e-3)
    assert run.balance.source == pytest.approx(0.7, rel=1e-12)
    np.testing.assert_allclose(run.field.values, 0.7, rtol=1e-12)


def test_times_may_be_quantities():
    run = fs.evolve(rod(), until="100 ms", outputs=1, jumps=["10 ms"])
    np.testing.assert_array_equal(run.field.values, fs.evolve(rod(), until=0.1, outputs=1, jumps=[0.01]).field.values)
    with pytest.raises(UnitsError, match="until"):
        fs.evolve(rod(), until="1 m")


@pytest.mark.parametrize(
    ("jumps", "message"),
    [
        ("a", "`jumps` must be a list of times in s; got 'a'"),
        (0.5, "`jumps` must be a list of times"),
        ([0.05, None], r"`jumps\[1\]` must be a time in s, 0 or later; got None"),
        ([np.nan], r"`jumps\[0\]` must be a time"),
        ([[0.05]], r"`jumps\[0\]` must be a time"),
        ([0.2], r"`jumps` must be times up to until = 0\.1 s; got 0\.2"),
    ],
)
def test_bad_jumps_are_refused(jumps, message):
    with pytest.raises(InvalidInput, match=message):
        fs.evolve(rod(), until=0.1, jumps=jumps)


def test_a_run_resumes_from_a_state_only():
    with pytest.raises(InvalidInput, match="`resume` must be a state that an observer took; got 3"):
        fs.evolve(rod(), until=0.1, resume=3)


def test_observers_see_every_step_and_may_stop_the_run():
    seen = []

    def watch(moment):
        seen.append((moment.t, moment.step, moment.output))
        assert not moment.values.flags.writeable
        assert moment.field.unit == "K"
        return moment.t >= 0.05

    run = fs.evolve(rod(), until=0.1, outputs=10, observers=[watch])
    assert seen[0] == (0.0, 0, 0)
    assert [step for _, step, _ in seen] == list(range(len(seen)))
    outputs = [output for _, _, output in seen if output is not None]
    assert outputs == list(range(len(outputs)))
    assert run.times[-1] == pytest.approx(seen[-1][0])
    assert 0.05 <= run.time < 0.1


def test_a_run_may_be_stopped_before_it_starts():
    run = fs.evolve(rod(), until=0.1, observers=[lambda moment: True])
    np.testing.assert_array_equal(run.times, [0.0])


def test_an_observer_that_fails_is_not_silenced():
    def fail(moment):
        raise RuntimeError("disk gone")

    with pytest.raises(RuntimeError, match="disk gone"):
        fs.evolve(rod(), until=0.1, observers=[fail])


@pytest.mark.parametrize("name", ["rod", "axisymmetric ball", "ball"])
def test_a_resumed_run_gives_the_same_bits(name, tmp_path):
    mesh = BODIES[name]()
    boundary = {side: fs.Convective(h="2 + sin(9*t)", ambient=1.0) for side in mesh.walls}
    problem = fs.Problem(mesh, fs.Heat(1.0, 1.0, 1.0, source="cos(3*t)"), boundary)
    solver = "cg" if name == "ball" else "auto"
    states = []

    def keep(moment):
        states.append(moment.state())

    whole = fs.evolve(problem, until=0.3, outputs=4, observers=[keep], solver=solver)
    for number in (0, len(states) // 3, len(states) // 2, len(states) - 1):
        path = tmp_path / f"{number}.ck"
        checkpoint.save(path, states[number].arrays, states[number].meta)
        loaded = checkpoint.load(path)
        state = type(states[0])(loaded.arrays, loaded.meta)
        again = fs.evolve(problem, until=0.3, outputs=4, solver=solver, resume=state)
        np.testing.assert_array_equal(again.times, whole.times)
        for a, b in zip(again.fields, whole.fields, strict=True):
            np.testing.assert_array_equal(a.values, b.values)
        assert again.balances == whole.balances
        assert again.solver == whole.solver


def test_a_resumed_run_with_fixed_steps_may_end_within_one_step():
    states = []
    whole = fs.evolve(rod(), until=0.1, outputs=1, dt=0.03, observers=[lambda m: states.append(m.state())])
    again = fs.evolve(rod(), until=0.1, outputs=1, dt=0.03, resume=states[-2])
    np.testing.assert_array_equal(again.field.values, whole.field.values)


def test_the_state_of_another_mesh_is_refused():
    states = []
    fs.evolve(rod(), until=0.1, outputs=1, observers=[lambda m: states.append(m.state())])
    with pytest.raises(InvalidInput, match=r"`resume` must be the state of a run with shape \[30\]"):
        fs.evolve(rod(30), until=0.1, outputs=1, resume=states[1])


def test_same_run_same_bits():
    first, second = (fs.evolve(jump_problem(BODIES["cylinder"]()), until=0.1, solver="cg") for _ in range(2))
    np.testing.assert_array_equal(first.field.values, second.field.values)
