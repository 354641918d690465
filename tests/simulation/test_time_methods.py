"""Runs by every method: the exponential against eigenvalues of the stencil, books, restarts, steadiness, growth."""

from __future__ import annotations

import numpy as np
import pytest

import fieldsim as fs
from fieldsim.errors import InvalidInput
from fieldsim.physics import ConservationSystem
from fieldsim.stepping import METHODS
from fieldsim.storage import checkpoint

PI = np.pi
FULL = (0, 2 * PI)
STEEL = fs.Heat(1.0, density=1.0, capacity=1.0)


def rate(k, n, length=1.0):
    """Decay rate of the mode of wave number k on cells of one size: 4/h^2 sin^2(k h/2)."""
    h = length / n
    return 4 / h**2 * np.sin(k * h / 2) ** 2


def step_of(method):
    """A step for the methods that need one."""
    return None if METHODS[method].error_order or METHODS[method].explicit or METHODS[method].exact else 0.01


# ---- exact exponentials


@pytest.mark.parametrize("offset", [0.0, 300.0])
def test_the_exponential_has_no_error_in_time(offset):
    """Three sine modes between walls: each decays with its own eigenvalue of the stencil, at every output."""
    n = (12, 10, 8)
    mesh = fs.cartesian(x=(0, 1), y=(0, 1), z=(0, 1), cells=n)
    modes = {(1, 1, 1): 1.0, (2, 1, 3): 0.5, (4, 2, 2): 0.25}
    formula = " + ".join(f"{a}*sin({i}*pi*x)*sin({j}*pi*y)*sin({k}*pi*z)" for (i, j, k), a in modes.items())
    problem = fs.Problem(
        mesh,
        fs.Diffusion(diffusivity=1.0),
        {side: fs.Value(offset) for side in mesh.walls},
        initial=f"{offset} + {formula}",
    )
    run = fs.evolve(problem, until=0.05, outputs=3, method="exponential")
    x, y, z = mesh.centers
    for time, field, balance in zip(run.times, run.fields, run.balances, strict=True):
        exact = offset + sum(
            a
            * np.exp(-time * sum(rate(m * PI, c) for m, c in zip(mode, n, strict=True)))
            * np.sin(mode[0] * PI * x)
            * np.sin(mode[1] * PI * y)
            * np.sin(mode[2] * PI * z)
            for mode, a in modes.items()
        )
        np.testing.assert_allclose(field.values, exact, rtol=0, atol=1e-12)
        assert balance.relative < 1e-12
    assert run.solver.steps == 3
    assert run.solver.method == "exact exponential"


def test_the_exponential_knows_flows_and_sources():
    """A rod heated by 2 W/m^3 with a wall that gives 3 W/m^2: its books follow from its mean, a parabola grows.

    Between insulated ends the mean rises by 2 t + 3 t; the cosine decays by the stencil's own eigenvalue.
    """
    mesh = fs.cartesian(x=(0, 1), cells=16)
    problem = fs.Problem(
        mesh,
        fs.Heat(1.0, density=1.0, capacity=1.0, source=2.0),
        {"x-": fs.FluxOut(-3.0), "x+": fs.FluxOut(0.0)},
        initial="cos(pi*x)",
    )
    run = fs.evolve(problem, until=0.3, outputs=[0.1, 0.3], method="exponential")
    for time, field, balance in zip(run.times, run.fields, run.balances, strict=True):
        assert field.values.mean() == pytest.approx(5 * time, abs=1e-13)
        assert balance.flow_in == pytest.approx(3 * time, rel=1e-12)
        assert balance.source == pytest.approx(2 * time, rel=1e-12)
        assert balance.relative < 1e-12
        first = 2 * (field.values * np.cos(PI * mesh.centers[0])).mean()
        # the wall's flux drives the mode: a' = -rate a + 2 * 3 * cos(pi h/2)
        limit = 6 * np.cos(PI / 32) / rate(PI, 16)
        assert first == pytest.approx(limit + (1 - limit) * np.exp(-rate(PI, 16) * time), abs=1e-12)


def test_flows_through_a_wall_are_integrated_exactly():
    """The sine mode loses 2 h k a sin(pi h/2)... as d(mean)/dt says; int flow dt = what left the rod."""
    n = 20
    mesh = fs.cartesian(x=(0, 1), cells=n)
    problem = fs.Problem(mesh, STEEL, {"x-": fs.Value(0.0), "x+": fs.Value(0.0)}, initial="sin(pi*x)")
    run = fs.evolve(problem, until=0.2, outputs=1, method="exponential")
    left = (1 - np.exp(-0.2 * rate(PI, n))) * problem.initial_values.mean()
    assert run.balance.through["x-"] == pytest.approx(left / 2, rel=1e-12)
    assert run.balance.flow_out == pytest.approx(left, rel=1e-12)
    assert run.balance.flow_in == 0.0


def test_books_close_on_an_offset_however_fine_the_cells():
    """A wall of thin cells multiplies the rounding of 300 K by 2k/h; the books are kept about the level."""
    mesh = fs.cartesian(x=(0, 1), cells=400)
    model = fs.Heat(1.0, density=1.0, capacity=1.0, source=5.0)
    problem = fs.Problem(mesh, model, {"x-": fs.Value(300.0), "x+": fs.Value(301.0)}, initial="300 + sin(3*x)")
    run = fs.evolve(problem, until=10.0, outputs=10, method="exponential")
    assert max(balance.relative for balance in run.balances) < 1e-13
    np.testing.assert_allclose(run.field.values.mean(), 300.5 + 5 / 12, rtol=1e-5)


@pytest.mark.parametrize("periodic", [("x",), ()])
def test_a_null_space_is_carried(periodic):
    """A periodic or insulated box keeps its mean, exactly, for ever."""
    mesh = fs.cartesian(x=(0, 1), y=(0, 2), cells=(8, 6), periodic=periodic)
    values = 1.0 + np.random.default_rng(1).standard_normal(mesh.shape)
    problem = fs.Problem(mesh, STEEL, {side: fs.FluxOut(0.0) for side in mesh.walls}, initial=values)
    run = fs.evolve(problem, until=1e3, outputs=2, method="exponential")
    np.testing.assert_allclose(run.field.values, values.mean(), rtol=0, atol=1e-13)
    assert run.balance.relative < 1e-12


CURVED = {
    "disk": lambda: fs.polar(r=(0, 1), phi=FULL, cells=(8, 12)),
    "pipe": lambda: fs.cylindrical(r=(0.5, 1), phi=FULL, z=(0, 1), cells=(6, 8, 4)),
    "ball": lambda: fs.spherical(r=(0, 1), theta=(0, PI), phi=FULL, cells=(6, 6, 8)),
    "stretched": lambda: fs.cartesian(edges={"x": np.linspace(0, 1, 13) ** 1.5, "y": np.linspace(0, 1, 9)}),
}


@pytest.mark.parametrize("name", CURVED)
def test_sharp_steps_tend_to_the_exponential_on_curved_meshes(name):
    mesh = CURVED[name]()
    boundary = {side: fs.Convective(h=2.0, ambient=1.0) for side in mesh.walls}
    problem = fs.Problem(mesh, fs.Heat(1.0, 1.0, 1.0, source=0.5, sink=0.3), boundary, initial="1 + x")
    exact = fs.evolve(problem, until=0.2, outputs=2, method="exponential")
    sharp = fs.evolve(problem, until=0.2, outputs=2, method="esdirk4", rtol=1e-8)
    np.testing.assert_allclose(exact.field.values, sharp.field.values, rtol=0, atol=1e-6)
    assert exact.balance.relative < 1e-12
    for wall, amount in exact.balance.through.items():
        assert amount == pytest.approx(sharp.balance.through[wall], rel=1e-5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": fs.Heat("1 + T", 1.0, 1.0)}, r"steps for a law in which .* follows T; got 'exponential'\. Leave it"),
        ({"model": fs.Heat(1.0, 1.0, 1.0, source="sin(t)")}, r"data that change in time \(source\)"),
        ({"boundary": {"x-": fs.Value("t"), "x+": fs.Value(0.0), "y-": fs.FluxOut(0.0), "y+": fs.FluxOut(0.0)}}, "x-"),
        ({"fixed": [("x < 0.3", 0.0)]}, "held bodies or holes"),
        ({"model": fs.Heat("1 + x*y", 1.0, 1.0)}, "no products of one factor an axis"),
    ],
    ids=["follows", "source", "wall", "body", "coefficient"],
)
def test_the_exponential_is_refused_with_the_reason(changes, message):
    mesh = fs.cartesian(x=(0, 1), y=(0, 1), cells=(8, 6))
    problem = fs.Problem(mesh, STEEL, {side: fs.Value(0.0) for side in mesh.walls}, initial=1.0).replace(**changes)
    with pytest.raises(InvalidInput, match=message):
        fs.evolve(problem, until=1.0, method="exponential")


def test_the_exponential_takes_shorter_steps_for_observers():
    problem = fs.Problem(fs.cartesian(x=(0, 1), cells=8), STEEL, {s: fs.Value(0.0) for s in ("x-", "x+")}, initial="x")
    seen = []
    run = fs.evolve(
        problem, until=1.0, outputs=1, method="exponential", dt=0.25, observers=[lambda m: seen.append(m.t)]
    )
    assert seen == [0.0, 0.25, 0.5, 0.75, 1.0]
    whole = fs.evolve(problem, until=1.0, outputs=1, method="exponential")
    np.testing.assert_allclose(run.field.values, whole.field.values, rtol=0, atol=1e-14)


# ---- every method


@pytest.mark.parametrize("method", METHODS)
def test_a_run_resumes_to_the_same_bits(method, tmp_path):
    mesh = fs.cartesian(x=(0, 1), y=(0, 1), cells=(8, 5), periodic=("y",))
    boundary = {"x-": fs.Convective(h=2.0, ambient=1.0), "x+": fs.FluxOut(0.5)}
    problem = fs.Problem(mesh, STEEL, boundary, initial="sin(3*x)")
    given = {"until": 0.1, "outputs": 3, "method": method, "dt": step_of(method), "jumps": [0.05]}
    states = []
    whole = fs.evolve(problem, **given, observers=[lambda m: states.append(m.state())])
    for number in (0, len(states) // 2, len(states) - 2):
        checkpoint.save(tmp_path / f"{number}.ck", states[number].arrays, states[number].meta)
        loaded = checkpoint.load(tmp_path / f"{number}.ck")
        again = fs.evolve(problem, **given, resume=type(states[0])(loaded.arrays, loaded.meta))
        for a, b in zip(again.fields, whole.fields, strict=True):
            np.testing.assert_array_equal(a.values, b.values)
        assert again.balances == whole.balances
        assert again.solver == whole.solver


@pytest.mark.parametrize("method", ["tr_bdf2", "esdirk4", "bdf2", "rkl2", "exponential"])
def test_books_close_on_an_offset(method):
    """Tiny cells around the axis and 300 K: combinations must add changes, not values."""
    mesh = fs.polar(r=(0, 1), phi=FULL, cells=(8, 12))
    model = fs.Heat(1.0, density=1.0, capacity=1.0, source=1.0)
    problem = fs.Problem(mesh, model, {"r+": fs.Convective(h=2.0, ambient=301.0)}, initial=300.0)
    run = fs.evolve(problem, until=0.1, outputs=1, method=method, rtol=1e-3)
    assert run.balance.relative < 1e-12


@pytest.mark.parametrize("method", ["esdirk4", "bdf2", "rkl2", "crank_nicolson", "exponential"])
@pytest.mark.parametrize("name", ["disk", "stretched"])
def test_a_jump_start_overshoots_less_than_half_a_percent(name, method):
    """Ones and zeros inside, walls at 0 and 1 from the first moment on: nothing may leave [0, 1]."""
    mesh = CURVED[name]()
    inside = np.zeros(mesh.shape)
    inside[: mesh.shape[0] // 2] = 1.0
    problem = fs.Problem(
        mesh, STEEL, {side: fs.Value(float(i % 2)) for i, side in enumerate(mesh.walls)}, initial=inside
    )
    run = fs.evolve(problem, until=0.5, outputs=3, method=method, dt=step_of(method))
    assert run.solver.overshoot is not None
    assert run.solver.overshoot < 0.005
    assert run.balance.relative < 1e-12


def test_the_state_of_an_older_version_is_refused():
    states = []
    fs.evolve(heated(), until=0.1, outputs=1, observers=[lambda moment: states.append(moment.state())])
    arrays = {name: values for name, values in states[1].arrays.items() if name != "amounts"}
    with pytest.raises(InvalidInput, match="`resume` must be a state of this version of fieldsim"):
        fs.evolve(heated(), until=0.1, outputs=1, resume=type(states[1])(arrays, states[1].meta))


@pytest.mark.parametrize("method", ["tr_bdf2", "esdirk4", "bdf2", "rkl2"])
def test_the_tolerance_bounds_the_error(method):
    n, formula = 40, "sin(pi*x) + 0.5*sin(3*pi*x)"
    problem = fs.Problem(
        fs.cartesian(x=(0, 1), cells=n), STEEL, {s: fs.Value(0.0) for s in ("x-", "x+")}, initial=formula
    )
    exact = fs.evolve(problem, until=0.05, outputs=1, method="exponential").field.values
    errors = []
    for rtol in (1e-3, 1e-5):
        run = fs.evolve(problem, until=0.05, outputs=1, method=method, rtol=rtol)
        errors.append(np.abs(run.field.values - exact).max())
        assert errors[-1] < 20 * rtol
    assert errors[1] < 0.1 * errors[0]


def test_fixed_super_steps_with_a_drift_are_refused():
    """RKL2 is stable along the negative real axis only; a velocity moves the rates off it."""
    mesh = fs.cartesian(x=(0, 1), cells=32, periodic=("x",))
    problem = fs.Problem(mesh, fs.Diffusion(1e-3, velocity=(1.0,)), {}, initial="sin(2*pi*x)**2")
    with pytest.raises(InvalidInput, match="`dt` must be left out for RKL2 super time stepping where a velocity"):
        fs.evolve(problem, until=0.5, method="rkl2", dt=0.05)
    run = fs.evolve(problem, until=0.5, outputs=1, method="rkl2")
    other = fs.evolve(problem, until=0.5, outputs=1)
    np.testing.assert_allclose(run.field.values, other.field.values, rtol=0, atol=3e-3)
    assert run.balance.relative < 1e-12


# ---- steadiness


def heated(**changes):
    """A rod at 0 whose ends are put to 1 and 3."""
    problem = fs.Problem(
        fs.cartesian(x=(0, 1), cells=32), STEEL, {"x-": fs.Value(1.0), "x+": fs.Value(3.0)}, initial=0.0
    )
    return problem.replace(**changes) if changes else problem


@pytest.mark.parametrize("method", ["tr_bdf2", "esdirk4", "bdf2", "backward_euler", "exponential"])
def test_a_run_ends_when_it_is_steady(method):
    """The slowest mode falls as exp(-pi^2 t): 1e-6 of it is left at t = 1.4, and the line 1 + 2x stands."""
    run = fs.evolve(heated(), until=100.0, outputs=1000, method=method, steady=1e-6)
    assert run.solver.steady
    assert 1.0 < run.time < 5.0
    assert run.times[-1] == run.time
    np.testing.assert_allclose(run.field.values, 1 + 2 * heated().mesh.centers[0], rtol=0, atol=3e-6)
    assert "steady" in run.summary()


def test_steadiness_is_the_rate_kept_up_until_the_end():
    """One mode, 0.1 s a step: steady once s exp(-rate t) (exp(0.1 rate) - 1) until/0.1 < 1e-4 of the spread."""
    ends = {"x-": fs.Value(0.0), "x+": fs.Value(0.0)}
    problem = heated(initial="sin(pi*x)", boundary=ends)
    run = fs.evolve(problem, until=50.0, outputs=500, method="exponential", steady=1e-4)
    most, least, decay = problem.initial_values.max(), problem.initial_values.min(), rate(PI, 32)
    times = 0.1 * np.arange(1, 100)
    moved = most * np.exp(-decay * times) * np.expm1(0.1 * decay) * 50.0 / 0.1
    spread = most - least * np.exp(-decay * times)
    assert run.time == pytest.approx(times[np.argmax(moved <= 1e-4 * spread)], rel=1e-12)


def test_a_run_that_is_not_steady_yet_goes_on_to_its_end():
    run = fs.evolve(heated(), until=0.2, outputs=2, steady=1e-6)
    assert not run.solver.steady
    assert run.time == 0.2
    assert "steady" not in run.summary()


def test_what_was_steady_from_the_start_ends_at_once():
    run = fs.evolve(heated(initial="1 + 2*x"), until=10.0, outputs=1, steady=1e-6)
    assert run.solver.steady
    assert run.time < 0.1


def test_a_body_that_warms_evenly_is_never_steady():
    """Insulated and heated, all cells alike: their spread stays 0, but they warm by 1 K/s."""
    ends = {"x-": fs.FluxOut(0.0), "x+": fs.FluxOut(0.0)}
    run = fs.evolve(heated(boundary=ends, model=fs.Heat(1.0, 1.0, 1.0, source=1.0)), until=2.0, steady=1e-3)
    assert not run.solver.steady
    np.testing.assert_allclose(run.field.values, 2.0, rtol=1e-9)


@pytest.mark.parametrize("steady", [0.0, 1.0, -1e-6, np.nan, True, "yes"])
def test_bad_steadiness_is_refused(steady):
    with pytest.raises(InvalidInput, match="`steady` must be between 0 and 1"):
        fs.evolve(heated(), until=1.0, steady=steady)


def test_steadiness_of_what_is_driven_is_refused():
    driven = heated(model=fs.Heat(1.0, 1.0, 1.0, source="sin(t)"))
    with pytest.raises(InvalidInput, match="`steady` must be asked of data constant in time; got 'a varying source'"):
        fs.evolve(driven, until=1.0, steady=1e-6)


# ---- growth


@pytest.mark.parametrize("method", ["tr_bdf2", "esdirk4", "bdf2"])
def test_uniform_growth_follows_verhulst(method):
    """u' = r u (1 - u) without gradients: u = 1/(1 + (1/u0 - 1) exp(-r t)) (Verhulst 1838)."""
    mesh = fs.cartesian(x=(0, 1), cells=4)
    ends = {"x-": fs.FluxOut(0.0), "x+": fs.FluxOut(0.0)}
    problem = fs.Problem(mesh, fs.Diffusion(1.0, source="5*c*(1 - c)"), ends, initial=0.1)
    run = fs.evolve(problem, until=1.5, outputs=3, method=method, rtol=1e-5, atol=1e-5)
    for time, field, balance in zip(run.times, run.fields, run.balances, strict=True):
        np.testing.assert_allclose(field.values, 1 / (1 + 9 * np.exp(-5 * time)), rtol=0, atol=5e-4)
        assert balance.relative < 1e-12


def test_growth_enters_the_stages():
    """Newton with the growth of the source converges by squares: four or five corrections, not a dozen."""
    mesh = fs.cartesian(x=(0, 1), cells=64)
    ends = {"x-": fs.FluxOut(0.0), "x+": fs.FluxOut(0.0)}
    problem = fs.Problem(mesh, fs.Diffusion(1e-3, source="5*c*(1 - c)"), ends, initial="0.1 + 0.05*cos(pi*x)")
    system = ConservationSystem(problem.volume)
    count = 0
    own = system.correct

    def counted(*args, **options):
        nonlocal count
        count += 1
        return own(*args, **options)

    system.correct = counted
    dt = 0.08  # r dt = 0.4
    METHODS["backward_euler"].take(system, 0.0, problem.initial_values, dt, None)
    assert count <= 6  # the error estimate is one


def test_fishers_wave_runs_at_its_speed():
    """u = (1 + exp((x - 5t/sqrt 6)/sqrt 6))^-2 solves u_t = u_xx + u (1 - u) (Ablowitz & Zeppetella 1979)."""
    mesh = fs.cartesian(x=(-15, 20), cells=140)
    start, end = (f"(1 + exp((x - 5*{t}/sqrt(6))/sqrt(6)))**-2" for t in (0.0, 2.0))
    problem = fs.Problem(
        mesh,
        fs.Diffusion(1.0, source="c*(1 - c)"),
        {"x-": fs.FluxOut(0.0), "x+": fs.FluxOut(0.0)},
        initial=start,
        exact=end,
    )
    run = fs.evolve(problem, until=2.0, outputs=1, method="esdirk4")
    assert run.error() < 2e-3


# ---- what a run needs


@pytest.mark.parametrize("method", ["rkl2", "tr_bdf2", "bdf2", "esdirk4"])
@pytest.mark.parametrize("start", ["1e-17*x", "1e-12*x"])
def test_a_start_that_is_next_to_nothing_is_no_scale(method, start):
    """Walls at 0 and 1 drive the rod to u = x, whatever rounding the formula of the start left behind."""
    mesh = fs.cartesian(x=(0, 1), cells=4)
    problem = fs.Problem(mesh, STEEL, {"x-": fs.Value(0.0), "x+": fs.Value(1.0)}, initial=start, exact="x")
    assert fs.evolve(problem, until=3.0, outputs=1, method=method, rtol=1e-6).error() < 1e-6


@pytest.mark.parametrize("before", ["<", "<="])
@pytest.mark.parametrize("method", [name for name in METHODS if name not in ("exponential", "explicit_euler")])
def test_a_named_jump_parts_the_steps(method, before):
    """A flux of 1 W/m^2 that sets in at 0.5 s has brought 0.5 J/m^2 after 1 s, whatever the formula says at 0.5 s."""
    mesh = fs.cartesian(x=(0, 1), cells=8)
    walls = {"x-": fs.FluxOut(0.0), "x+": fs.FluxOut(f"where(t {before} 0.5, 0, -1)")}
    problem = fs.Problem(mesh, STEEL, walls)
    dt = 0.1 if not METHODS[method].explicit else None
    run = fs.evolve(problem, until=1.0, outputs=[0.5, 1.0], method=method, jumps=[0.5], dt=dt)
    assert abs(run.fields[1].values).max() < 1e-13
    assert run.balance.flow_in == pytest.approx(0.5, abs=1e-11)


def test_outputs_may_lie_close():
    mesh = fs.cartesian(x=(0, 1), cells=8)
    problem = fs.Problem(mesh, STEEL, {"x-": fs.Value(0.0), "x+": fs.Value(0.0)}, initial="sin(pi*x)")
    run = fs.evolve(problem, until=0.1, outputs=[1e-15, 0.05, 0.05 + 1e-16 * 70, 0.1])
    np.testing.assert_allclose(run.fields[1].values, run.fields[0].values, rtol=0, atol=1e-12)
    assert abs(run.field.values - run.fields[0].values * np.exp(-0.1 * rate(PI, 8))).max() < 1e-4


@pytest.mark.parametrize("run", [fs.solve, lambda problem: fs.evolve(problem, until=1.0)], ids=["solve", "evolve"])
def test_what_is_no_problem_is_refused(run):
    with pytest.raises(InvalidInput, match="`problem` must be a Problem or a CoupledProblem; got"):
        run(fs.Heat(52.0))


def test_a_problem_says_whether_it_has_time():
    heated().require_time()
    with pytest.raises(InvalidInput, match="`density` must be given for a run in time"):
        heated(model=fs.Heat(1.0)).require_time()
    mesh = fs.cartesian(x=(0, 1), cells=4)
    with pytest.raises(InvalidInput, match="electric potential has no time of its own"):
        fs.Problem(mesh, fs.Electrostatics(), {"x-": fs.Value(0.0), "x+": fs.Value(1.0)}).require_time()
