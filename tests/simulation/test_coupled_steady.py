"""Steady states of coupled fields against closed forms, and what has none."""

from __future__ import annotations

import numpy as np
import pytest

import fieldsim as fs
from fieldsim.errors import InvalidInput, NumericalFailure


def closed(mesh):
    return dict.fromkeys(mesh.walls, fs.FluxOut(0.0))


def test_decay_along_a_way_feeds_another():
    """a'' = 4 a from a = 1 at a closed end: a = cosh 2(1-x)/cosh 2; what it loses b gains, so that a + b = 1."""
    errors = []
    for n in (20, 40):
        mesh = fs.cartesian(x=(0, 1), cells=n)
        ends = {"x+": fs.FluxOut(0.0)}
        problem = fs.CoupledProblem(
            mesh,
            {"a": fs.Diffusion(1.0, source="-4*a"), "b": fs.Diffusion(1.0, source="4*a")},
            boundary={"a": {"x-": fs.Value(1.0), **ends}, "b": {"x-": fs.Value(0.0), **ends}},
            exact={"a": "cosh(2*(1 - x))/cosh(2)"},
        )
        steady = fs.solve(problem)
        errors.append(steady["a"].error())
        assert steady["a"].field.values + steady["b"].field.values == pytest.approx(1.0, abs=1e-12)
        assert all(balance.relative < 1e-12 for balance in steady.balances.values())
        assert float(steady["b"].flow_out("x-")) == pytest.approx(2 * np.tanh(2), rel=2e-3)
    assert np.log2(errors[0] / errors[1]) == pytest.approx(2.0, abs=0.1)


@pytest.mark.parametrize(("start", "sign"), [((0.3, 0.3), -1), ((1.0, 0.0), 0)], ids=["red", "blue"])
def test_uniform_states_of_gray_and_scott(start, sign):
    """u = (1 - sqrt(1 - 4 (F + k)^2/F))/2 with v = F (1 - u)/(F + k), and the trivial u = 1, v = 0 (Pearson 1993)."""
    feed, kill = 0.04, 0.0575
    mesh = fs.cartesian(x=(0, 1), y=(0, 1), cells=(70, 70))
    problem = fs.CoupledProblem(
        mesh,
        {
            "u": fs.Diffusion(2e-5, source=f"-u*v**2 + {feed}*(1 - u)"),
            "v": fs.Diffusion(1e-5, source=f"u*v**2 - {feed + kill}*v"),
        },
        boundary=closed(mesh),
        initial={"u": start[0], "v": start[1]},
    )
    u = 1.0 if sign == 0 else 0.5 * (1.0 - np.sqrt(1.0 - 4.0 * (feed + kill) ** 2 / feed))
    steady = fs.solve(problem)
    assert steady["u"].field.values == pytest.approx(u, rel=1e-10)
    assert steady["v"].field.values == pytest.approx(feed * (1.0 - u) / (feed + kill), rel=1e-10, abs=1e-12)


def test_a_ball_of_catalyst_warms_itself():
    """Prater: T - T_wall = Q D/k (c_wall - c) everywhere, whatever the kinetics (Chem. Eng. Science 8, 1958)."""
    burn = "1e5*exp(-5000/T)*c_A"
    mesh = fs.spherical(r=(0, 1e-3), cells=40)
    problem = fs.CoupledProblem(
        mesh,
        {"T": fs.Heat(0.2, source=f"5e4*{burn}"), "c_A": fs.Diffusion(1e-8, source=f"-{burn}")},
        boundary={"T": {"r+": fs.Value(450.0)}, "c_A": {"r+": fs.Value(20.0)}},
        initial={"T": 450.0, "c_A": 20.0},
    )
    steady = fs.solve(problem)
    rise = steady["T"].field.values - 450.0
    used = 20.0 - steady["c_A"].field.values
    assert used.max() > 1.0
    assert rise == pytest.approx(5e4 * 1e-8 / 0.2 * used, rel=1e-9)
    assert all(balance.relative < 1e-10 for balance in steady.balances.values())


def test_an_amount_that_nothing_holds_has_no_steady_state():
    mesh = fs.cartesian(x=(0, 1), cells=8)
    models = {"a": fs.Diffusion(1.0, source="b - 2*a"), "b": fs.Diffusion(1.0, source="2*a - b")}
    problem = fs.CoupledProblem(mesh, models, boundary=closed(mesh), initial={"a": 1.0})
    with pytest.raises(InvalidInput, match="conserve an amount of a and b"):
        fs.solve(problem)
    # a wall that lets b out leaves nothing but nothing
    open_end = {"a": closed(mesh), "b": {**closed(mesh), "x+": fs.Value(0.0)}}
    empty = fs.solve(problem.replace(boundary=open_end))
    assert abs(empty["a"].field.values).max() < 1e-9


def test_what_never_rests_is_told():
    """Ignition without an end: no steady temperature exists, and data in time have none."""
    mesh = fs.cartesian(x=(0, 1), cells=16)
    walls = dict.fromkeys(mesh.walls, fs.Value(0.0))
    problem = fs.CoupledProblem(mesh, {"h": fs.Diffusion(1.0, source="10*exp(h)")}, boundary=walls)
    with pytest.raises(NumericalFailure, match="steady state was not found"):
        fs.solve(problem)
    with pytest.raises(InvalidInput, match="source of h depends on t"):
        fs.solve(problem.replace(models={"h": fs.Diffusion(1.0, source="t - h")}))


def test_the_answer_reads_like_a_result():
    mesh = fs.cartesian(x=(0, 1), cells=8)
    walls = dict.fromkeys(mesh.walls, fs.Value(1.0))
    steady = fs.solve(
        fs.CoupledProblem(mesh, {"u": fs.Diffusion(1.0), "v": fs.Diffusion(1.0, source="-u*v")}, boundary=walls)
    )
    assert list(steady) == ["u", "v"]
    assert len(steady) == 2
    assert set(steady.fields) == {"u", "v"}
    assert steady.time == 0.0
    assert "concentration v" in steady.summary()
    assert steady["v"].at_boundary("x-").mean == pytest.approx(1.0)
    assert steady["v"].field.name == "v"
    with pytest.raises(InvalidInput, match="Did you mean 'u'"):
        steady["uu"]
