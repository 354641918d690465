"""Coupled fields in time against closed forms: waves, exchange, decay chains, instabilities, invariants, restart."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import expm

import fieldsim as fs
from fieldsim.errors import InvalidInput, NumericalFailure
from fieldsim.storage import checkpoint

CLOSED = {"x-": fs.FluxOut(0.0), "x+": fs.FluxOut(0.0)}
WAVE = "(1 + exp((x - 5/sqrt(6)*t)/sqrt(6)))**-2"


def exchange(n=12, **changes):
    """A and B turn into each other on a closed line: da/dt = 0.3 a'' - 2 a + b, db/dt = 0.05 b'' + 2 a - b."""
    problem = fs.CoupledProblem(
        fs.cartesian(x=(0, 1), cells=n),
        {"a": fs.Diffusion(0.3, source="b - 2*a"), "b": fs.Diffusion(0.05, source=lambda a, b: 2 * a - b)},
        boundary=CLOSED,
        initial={"a": "1 + cos(pi*x)"},
    )
    return problem.replace(**changes) if changes else problem


def exchanged(problem, t):
    """The closed form of `exchange` on its mesh: cos(pi x) is an eigenvector of the closed line's differences."""
    x, n = problem.mesh.centers[0], problem.mesh.size
    rate = 4.0 * n**2 * np.sin(np.pi / (2 * n)) ** 2
    reaction = np.array([[-2.0, 1.0], [2.0, -1.0]])
    mean = expm(t * reaction) @ [1.0, 0.0]
    wave = expm(t * (reaction - rate * np.diag([0.3, 0.05]))) @ [1.0, 0.0]
    return mean[:, None] + wave[:, None] * np.cos(np.pi * x)


@pytest.mark.parametrize(
    ("method", "order", "steps"),
    [
        ("backward_euler", 1, (40, 80)),
        ("tr_bdf2", 2, (8, 16)),
        ("crank_nicolson", 2, (16, 32)),
        ("esdirk4", 4, (4, 8)),
        ("rk4", 4, (100, 200)),
        ("explicit_euler", 1, (100, 200)),
    ],
)
def test_order_in_time_of_an_exchange(method, order, steps):
    """Against the matrix exponential of each mode; what A loses B gains, to rounding."""
    problem, errors = exchange(), []
    exact = exchanged(problem, 0.5)
    for count in steps:
        run = fs.evolve(problem, until=0.5, outputs=1, method=method, dt=0.5 / count)
        errors.append(max(np.abs(run[name].field.values - exact[i]).max() for i, name in enumerate("ab")))
        assert all(balance.relative < 1e-12 for balance in run.balances.values())
        assert float(run["a"].content()) + float(run["b"].content()) == pytest.approx(1.0, rel=1e-13)
    assert np.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.15)


@pytest.mark.parametrize("method", ["tr_bdf2", "esdirk4", "bdf2", "rkl2"])
def test_tolerance_bounds_the_error_of_an_exchange(method):
    problem = exchange()
    run = fs.evolve(problem, until=0.5, outputs=1, method=method, rtol=1e-5)
    for row, name in enumerate("ab"):
        assert np.abs(run[name].field.values - exchanged(problem, 0.5)[row]).max() < 1e-3
        assert run[name].balance.relative < 1e-12


def test_decay_chain():
    """A -> B -> C without place: Bateman, Proc. Cambridge Phil. Soc. 15 (1910); C has no size of its own at first."""
    k, q, t = 2.0, 0.5, 3.0
    problem = fs.CoupledProblem(
        fs.cartesian(x=(0, 1), cells=2),
        {
            "A": fs.Diffusion(1.0, source="-2*A"),
            "B": fs.Diffusion(1.0, source="2*A - 0.5*B"),
            "C": fs.Diffusion(1.0, source="0.5*B"),
        },
        boundary=CLOSED,
        initial={"A": 1e-6},
    )
    run = fs.evolve(problem, until=t, outputs=3, method="esdirk4", rtol=1e-5)
    a = 1e-6 * np.exp(-k * t)
    b = 1e-6 * k / (q - k) * (np.exp(-k * t) - np.exp(-q * t))
    for name, exact in (("A", a), ("B", b), ("C", 1e-6 - a - b)):
        assert run[name].field.values == pytest.approx(exact, abs=1e-11)
    assert sum(float(run[name].content()) for name in run) == pytest.approx(1e-6, rel=1e-12)


def test_stiff_kinetics():
    """Robertson's reactions, rates from 0.04 to 3e7: ROBER of Hairer & Wanner, Solving ODEs II, IV.10, at t = 40."""
    mesh = fs.cartesian(x=(0, 1), cells=1)
    problem = fs.CoupledProblem(
        mesh,
        {
            "A": fs.Diffusion(1.0, source="-0.04*A + 1e4*B*C"),
            "B": fs.Diffusion(1.0, source="0.04*A - 1e4*B*C - 3e7*B**2"),
            "C": fs.Diffusion(1.0, source="3e7*B**2"),
        },
        boundary=CLOSED,
        initial={"A": 1.0},
    )
    run = fs.evolve(problem, until=40.0, outputs=1, method="esdirk4")
    found = [run[name].field.values[0] for name in "ABC"]
    assert found == pytest.approx([0.7158270687, 0.91855347645e-5, 0.28416374575], rel=1e-6)


def wave(cells):
    """A + B -> 2 B with a + b = 1: b is the wave of Fisher's equation."""
    return fs.CoupledProblem(
        fs.cartesian(x=(-20, 30), cells=cells),
        {"a": fs.Diffusion(1.0, source="-a*b"), "b": fs.Diffusion(1.0, source="a*b")},
        boundary=CLOSED,
        initial={"a": "1 - (1 + exp(x/sqrt(6)))**-2", "b": "(1 + exp(x/sqrt(6)))**-2"},
        exact={"a": f"1 - {WAVE}", "b": WAVE},
    )


def test_fisher_wave():
    """u = (1 + exp(z/sqrt 6))^-2 moves at 5/sqrt 6: Ablowitz and Zeppetella, Bull. Math. Biology 41 (1979)."""
    errors = []
    for cells in (100, 200):
        run = fs.evolve(wave(cells), until=5.0, outputs=1, method="esdirk4", rtol=1e-5)
        assert run["a"].field.values + run["b"].field.values == pytest.approx(1.0, abs=1e-9)
        errors.append(run["b"].error())
    assert errors[1] < 2e-4
    assert np.log2(errors[0] / errors[1]) == pytest.approx(2.0, abs=0.1)


def test_fisher_wave_from_a_steep_front():
    """A front falling as exp(-k x), k < 1, runs at k + 1/k (Murray, Mathematical Biology, section 13.2)."""
    k = 0.5
    problem = fs.CoupledProblem(
        fs.cartesian(x=(0, 60), cells=300),
        {"n": fs.Diffusion(1.0, source="n*(1 - n)")},
        boundary=CLOSED,
        initial={"n": f"min(1, exp(-{k}*(x - 5)))"},
    )
    run = fs.evolve(problem, until=12.0, outputs=[8.0, 12.0], method="esdirk4")
    x = problem.mesh.centers[0]
    places = [np.interp(-0.5, -run["n"].fields[number].values, x) for number in (1, 2)]
    assert (places[1] - places[0]) / 4.0 == pytest.approx(k + 1 / k, rel=5e-3)


def test_growth_of_a_turing_pattern():
    """Schnakenberg's kinetics, a = 0.1, b = 0.9, D = 1 and 40: each mode grows as its linearised 2 x 2 law says.

    Murray, Mathematical Biology II, section 2.4; the fastest mode is the wavelength of the pattern.
    """
    n, length = 64, 20.0
    mesh = fs.cartesian(x=(0, length), cells=n)
    waves = range(1, 9)
    bumps = " + ".join(f"cos({k}*pi*x/{length})" for k in waves)
    problem = fs.CoupledProblem(
        mesh,
        {"u": fs.Diffusion(1.0, source="0.1 - u + u**2*v"), "v": fs.Diffusion(40.0, source="0.9 - u**2*v")},
        boundary=CLOSED,
        initial={"u": f"1 + 1e-7*({bumps})", "v": f"0.9 - 1e-8*({bumps})"},
    )
    run = fs.evolve(problem, until=16.0, outputs=[8.0, 16.0], rtol=1e-4)
    found, expected = [], []
    for k in waves:
        shape = np.cos(k * np.pi * mesh.centers[0] / length)
        parts = [(run["u"].fields[number].values * shape).sum() for number in (1, 2)]
        rate = (2 * n / length * np.sin(k * np.pi / (2 * n))) ** 2
        jacobian = np.array([[0.8, 1.0], [-1.8, -1.0]]) - rate * np.diag([1.0, 40.0])
        found.append(np.log(parts[1] / parts[0]) / 8.0)
        expected.append(np.linalg.eigvals(jacobian).real.max())
    fastest = int(np.argmax(expected))
    assert fastest == int(np.argmax(found))
    assert expected[fastest] > 0.1
    assert found[fastest] == pytest.approx(expected[fastest], rel=0.01)


def test_predators_and_prey_keep_their_invariant():
    """Lotka and Volterra: v + u - log(u v) stays (Hairer, Lubich & Wanner, Geometric Numerical Integration, I.1)."""
    problem = fs.CoupledProblem(
        fs.cartesian(x=(0, 1), cells=1),
        {"u": fs.Diffusion(1.0, source="u*(1 - v)"), "v": fs.Diffusion(1.0, source="v*(u - 1)")},
        boundary=CLOSED,
        initial={"u": 2.0, "v": 0.5},
    )
    run = fs.evolve(problem, until=7.0, outputs=7, method="esdirk4", rtol=1e-4)
    u = np.array([field.values[0] for field in run["u"].fields])
    v = np.array([field.values[0] for field in run["v"].fields])
    assert np.ptp(u) > 1.0
    assert v + u - np.log(u * v) == pytest.approx(2.5, abs=1e-5)


def test_growth_on_a_plane_in_gray_and_scotts_model():
    """A bump on the upper uniform state fades as the linearised law says (Pearson, Science 261, 1993, kinetics)."""
    feed, kill, n = 0.04, 0.0575, 24
    u = 0.5 * (1.0 - np.sqrt(1.0 - 4.0 * (feed + kill) ** 2 / feed))
    v = (feed + kill) / u
    mesh = fs.cartesian(x=(0, 0.5), y=(0, 0.5), cells=(n, n), periodic=("x", "y"))
    rate = 2 * (2 * n / 0.5 * np.sin(np.pi / n)) ** 2
    jacobian = [[-(v**2) - feed, -2 * u * v], [v**2, 2 * u * v - feed - kill]] - rate * np.diag([2e-5, 1e-5])
    bump = np.cos(4 * np.pi * mesh.points[0]) * np.cos(4 * np.pi * mesh.points[1])
    start = 1e-6 * np.array([1.0, 0.5])
    problem = fs.CoupledProblem(
        mesh,
        {
            "u": fs.Diffusion(2e-5, source=f"-u*v**2 + {feed}*(1 - u)"),
            "v": fs.Diffusion(1e-5, source=f"u*v**2 - {feed + kill}*v"),
        },
        initial={"u": u + start[0] * bump, "v": v + start[1] * bump},
    )
    run = fs.evolve(problem, until=20.0, outputs=1, method="esdirk4", rtol=1e-4)
    exact = expm(20.0 * jacobian) @ start
    for row, (name, level) in enumerate((("u", u), ("v", v))):
        assert run[name].field.values - level == pytest.approx(exact[row] * bump, abs=1e-3 * abs(start).max())


def test_heat_set_free_by_a_reaction():
    """In a closed vessel the reactant's heat stays: T rises by Q c / (density capacity), however it burns."""
    mesh = fs.cartesian(x=(0, 0.1), y=(0, 0.1), cells=(8, 6))
    walls = dict.fromkeys(mesh.walls, fs.FluxOut(0.0))
    burn = "50*exp(-3000/T)*c_A"
    problem = fs.CoupledProblem(
        mesh,
        {
            "T": fs.Heat(conductivity=0.6, density=1000.0, capacity=4000.0, source=f"1e9*{burn}"),
            "c_A": fs.Diffusion(1e-9, source=f"-{burn}"),
        },
        boundary=walls,
        initial={"T": "300 + 200*x", "c_A": "2e-3*(1 + y)"},
    )
    run = fs.evolve(problem, until=2e4, outputs=1, rtol=1e-3)
    heat = 4e6 * run["T"].fields[0].values + 1e9 * run["c_A"].fields[0].values
    after = 4e6 * run["T"].field.values + 1e9 * run["c_A"].field.values
    assert after.mean() == pytest.approx(heat.mean(), rel=1e-12)
    assert run["c_A"].field.values.max() < 0.9 * 2e-3
    assert all(balance.relative < 1e-11 for balance in run.balances.values())


def test_units_change_nothing():
    """In units 2^20 times larger, all else scaled alike, a run takes the same steps to the same digits."""
    small = fs.evolve(exchange(), until=0.2, outputs=2)
    large = fs.evolve(exchange(initial={"a": f"{2.0**20}*(1 + cos(pi*x))"}), until=0.2, outputs=2)
    assert large.solver.steps == small.solver.steps
    np.testing.assert_array_equal(large["b"].field.values, 2.0**20 * small["b"].field.values)


@pytest.mark.parametrize("method", ["tr_bdf2", "bdf2"])
def test_a_resumed_run_gives_the_same_bits(method, tmp_path):
    states = []

    def keep(moment):
        if moment.step == 7:
            states.append(moment.state())

    whole = fs.evolve(exchange(), until=0.3, outputs=4, method=method, observers=[keep])
    checkpoint.save(tmp_path / "state", states[0].arrays, states[0].meta)
    loaded = checkpoint.load(tmp_path / "state")
    state = type(states[0])(loaded.arrays, loaded.meta)
    again = fs.evolve(exchange(), until=0.3, outputs=4, method=method, resume=state)
    assert len(again["a"].fields) == 5
    for name in whole:
        np.testing.assert_array_equal(again[name].field.values, whole[name].field.values)
        assert again[name].balance == whole[name].balance


def test_a_state_of_other_fields_is_refused():
    states = []
    fs.evolve(exchange(), until=0.1, outputs=1, observers=[lambda moment: states.append(moment.state())])
    with pytest.raises(InvalidInput, match="run of the fields a, b"):
        fs.evolve(exchange(), until=0.1, resume=type(states[0])({}, {"fields": ["u"]}))


def test_observers_see_all_fields():
    seen = []

    def watch(moment):
        seen.append(moment.fields["b"].values.max())
        assert moment.values.shape == (2, 12)
        with pytest.raises(InvalidInput, match=r"moment.fields\[name\]"):
            _ = moment.field
        return moment.t > 0.05

    run = fs.evolve(exchange(), until=1.0, outputs=2, observers=[watch])
    assert 0.05 < run.time < 1.0
    assert seen[-1] == run["b"].field.values.max()


def test_a_run_ends_when_steady():
    """Without a drain a : b comes to 1 : 2, the rates' ratio, evenly over the line."""
    run = fs.evolve(exchange(), until=1e6, outputs=1, steady=1e-6)
    assert run.solver.steady
    assert run["a"].field.values == pytest.approx(1 / 3, abs=1e-5)
    assert run["b"].field.values == pytest.approx(2 / 3, abs=1e-5)


def test_held_bodies_and_holes():
    """The source of v stands on a held body of u; holes are NaN in both fields; the books close."""
    mesh = fs.cartesian(x=(0, 1), y=(0, 1), cells=(12, 12))
    problem = fs.CoupledProblem(
        mesh,
        {"u": fs.Diffusion(1.0, source="-u*v"), "v": fs.Diffusion(0.5, source="u*v - v")},
        boundary={"u": dict.fromkeys(mesh.walls, fs.FluxOut(0.0)), "v": dict.fromkeys(mesh.walls, fs.Value(0.1))},
        initial={"u": 0.5, "v": 0.1},
        fixed={"u": [("hypot(x - 0.5, y - 0.5) < 0.2", 2.0)]},
        holes=["x < 0.2 and y < 0.2"],
    )
    run = fs.evolve(problem, until=0.5, outputs=2)
    assert np.isnan(run["v"].field.values[0, 0])
    assert run["u"].field.values[6, 6] == 2.0
    assert all(balance.relative < 1e-12 for balance in run.balances.values())
    made = run["u"].total_source()
    fields = [np.nan_to_num(run[name].field.values) for name in "uv"]
    free = ~problem.law.idle[0]
    assert float(made) == pytest.approx(-(fields[0] * fields[1])[free].sum() / 144, rel=1e-12)


def sheared():
    x, y = np.meshgrid(np.linspace(0, 1, 9), np.linspace(0, 1, 9), indexing="ij")
    return fs.curvilinear(np.array([x + 0.3 * y, y]))


@pytest.mark.parametrize(
    ("mesh", "model"),
    [
        (fs.polar(r=(0, 1), phi=(0, 2 * np.pi), cells=(6, 8)), {"diffusivity": 0.1}),
        (fs.spherical(r=(0, 1), theta=(0, np.pi), cells=(6, 6)), {"diffusivity": "0.1*(1 + r)"}),
        (fs.cartesian(x=(0, 1), y=(0, 1), cells=(8, 8)), {"diffusivity": [[0.2, 0.05], [0.05, 0.1]]}),
        (sheared(), {"diffusivity": 0.1}),
        (fs.cartesian(x=(0, 1), cells=16), {"diffusivity": 0.05, "velocity": (1.0,)}),
        (fs.cartesian(x=(0, 1), y=(0, 1), z=(0, 1), cells=(5, 6, 7)), {"diffusivity": 0.1}),
    ],
    ids=["disk", "ball", "tensor", "skew", "drift", "box"],
)
def test_every_mesh_and_law(mesh, model):
    """Implicit and explicit steps agree, books close, and a + b, which only walls change, follows its own law."""
    walls = dict.fromkeys(mesh.walls, fs.Value(0.5))
    problem = fs.CoupledProblem(
        mesh,
        {"a": fs.Diffusion(**model, source="-3*a*b"), "b": fs.Diffusion(**model, source="3*a*b")},
        boundary=walls,
        initial={"a": 1.0, "b": 0.2},
    )
    runs = [fs.evolve(problem, until=0.05, outputs=1, method=name, rtol=1e-4) for name in ("esdirk4", "rkl2")]
    whole = fs.Problem(mesh, fs.Diffusion(**model), dict.fromkeys(mesh.walls, fs.Value(1.0)), initial=1.2)
    total = fs.evolve(whole, until=0.05, outputs=1, method="esdirk4", rtol=1e-4).field.values
    for name in "ab":
        np.testing.assert_allclose(runs[0][name].field.values, runs[1][name].field.values, atol=1e-4)
        assert all(run[name].balance.relative < 1e-12 for run in runs)
    slack = 5e-3 if "velocity" in model else 1e-4  # a limited drift is not linear
    np.testing.assert_allclose(sum(runs[0][name].field.values for name in "ab"), total, atol=slack)


def test_blow_up_is_told():
    """u' = u^2 from 1 ends at t = 1."""
    problem = fs.CoupledProblem(
        fs.cartesian(x=(0, 1), cells=2), {"u": fs.Diffusion(1.0, source="u**2")}, boundary=CLOSED, initial={"u": 1.0}
    )
    with pytest.raises(NumericalFailure, match=r"t = (0\.999|1)"):
        fs.evolve(problem, until=2.0, outputs=1, rtol=1e-2)


def test_data_that_turn_infinite_are_named():
    """What fails at a known time is no matter of the step: the first bad cell is named."""
    models = {"a": fs.Diffusion(0.1, source="-b"), "b": fs.Diffusion(0.1, source="log(0.1 - t)")}
    with pytest.raises(NumericalFailure, match=r"source of b.*finite.*first in cell \(0,\)"):
        fs.evolve(exchange(models=models), until=0.2, outputs=1, dt=0.02)
