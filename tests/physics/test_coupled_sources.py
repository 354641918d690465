"""Sources in several fields: what may be given, their slopes, names that would collide; the coupled linear system."""

from __future__ import annotations

import numpy as np
import pytest

import fieldsim as fs
from fieldsim.errors import ExpressionError, InvalidInput, NumericalFailure
from fieldsim.physics import place_of_cells
from fieldsim.physics.coupled import read_reaction
from fieldsim.physics.coupled_system import CoupledSystem

LINE = fs.cartesian(x=(0, 1), cells=5)
CLOSED = dict.fromkeys(LINE.walls, fs.FluxOut(0.0))


def reaction(what, mesh=LINE):
    return read_reaction(what, place_of_cells(mesh), ("u", "v"), unit="mol/m^3/s", name="source of u")


def fields(mesh=LINE):
    u = np.linspace(0.5, 2.0, mesh.size).reshape(mesh.shape)
    return {"u": u, "v": 1.0 / (1.0 + u**2)}


@pytest.mark.parametrize(
    ("text", "by_u", "by_v"),
    [
        ("u*v**2", lambda u, v: v**2, lambda u, v: 2 * u * v),
        ("exp(-3/u)*v", lambda u, v: 3 / u**2 * np.exp(-3 / u) * v, lambda u, v: np.exp(-3 / u)),
        ("where(u > 1, u*v, -v)", lambda u, v: np.where(u > 1, v, 0.0), lambda u, v: np.where(u > 1, u, -1.0)),
        ("u*(1 - u/3) - u*v/(1 + u)", lambda u, v: 1 - 2 * u / 3 - v / (1 + u) ** 2, lambda u, v: -u / (1 + u)),
        ("x*u + t", lambda u, v: LINE.centers[0], None),
    ],
    ids=["cubic", "arrhenius", "piecewise", "predation", "place_and_time"],
)
def test_slopes_of_formulas_are_exact(text, by_u, by_v):
    given = fields()
    found = reaction(text).slopes(2.0, given)
    for name, exact in (("u", by_u), ("v", by_v)):
        if exact is None:
            assert name not in found
        else:
            np.testing.assert_allclose(found[name], exact(**given), rtol=1e-14)


def test_slopes_of_functions_are_near():
    given = fields()
    found = reaction(lambda v, u: np.sin(u) * v).slopes(0.0, given)
    np.testing.assert_allclose(found["u"], np.cos(given["u"]) * given["v"], rtol=1e-8)
    np.testing.assert_allclose(found["v"], np.sin(given["u"]), rtol=1e-8)


def test_sources_by_regions():
    """Formulas here, a number there, an array elsewhere: values and slopes cell by cell."""
    given, x = fields(), LINE.centers[0]
    source = reaction([("x < 0.35", "u*v"), ("x < 0.75", 2.0), lambda u, t: t * u])
    u, v = given["u"], given["v"]
    np.testing.assert_allclose(source.values(3.0, given), np.where(x < 0.35, u * v, np.where(x < 0.75, 2.0, 3.0 * u)))
    assert source.uses == {"u", "v"}
    assert source.varies
    np.testing.assert_allclose(source.slopes(3.0, given)["v"], np.where(x < 0.35, u, 0.0))


@pytest.mark.parametrize("what", [4.0, "4 mol/m^3/s", "4 + 0*x", np.full(5, 4.0)], ids=["n", "unit", "place", "array"])
def test_sources_that_follow_no_field(what):
    source = reaction(what)
    np.testing.assert_array_equal(source.values(0.0, fields()), 4.0)
    assert source.slopes(0.0, fields()) == {}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("x", "coordinate"),
        ("theta", "coordinate"),
        ("t", "time"),
        ("e", "constant"),
        ("exp", "function"),
        ("2u", "letter"),
    ],
)
def test_names_that_mean_something_else_are_refused(name, message):
    with pytest.raises(InvalidInput, match=message):
        fs.CoupledProblem(LINE, {name: fs.Diffusion(1.0)})


def test_an_unknown_name_is_told():
    with pytest.raises(ExpressionError, match=r"source of u.*w"):
        fs.CoupledProblem(LINE, {"u": fs.Diffusion(1.0, source="u*w"), "v": fs.Diffusion(1.0)}, boundary=CLOSED)


def test_a_function_of_strangers_is_refused():
    with pytest.raises(InvalidInput, match=r"fields \(u, v\) or t"):
        reaction(lambda w: w)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"initial": {"w": 1.0}}, "Name the fields"),
        ({"models": {}}, "mapping from names"),
        ({"models": {"u": 1.0}}, "Heat, Diffusion"),
        ({"mesh": 3}, "a mesh"),
        ({"scales": {"u": -1.0}}, "above 0"),
        ({"boundary": {"u": {"x-": fs.Value(0.0)}}}, "x\\+"),
    ],
    ids=["initial", "empty", "model", "mesh", "scale", "boundary"],
)
def test_what_is_wrong_is_named(change, message):
    models = {"u": fs.Diffusion(1.0, source="v"), "v": fs.Diffusion(1.0, source="-v")}
    boundary = {"x-": fs.Value(0.0), "x+": fs.Value(0.0)}
    parts = {"mesh": LINE, "models": models, "boundary": boundary} | change
    with pytest.raises(InvalidInput, match=message):
        fs.CoupledProblem(**parts)


def test_a_source_that_is_not_finite_at_the_start_is_named():
    with pytest.raises(NumericalFailure, match=r"source of u.*first in cell \(0,\)"):
        fs.CoupledProblem(
            LINE,
            {"u": fs.Diffusion(1.0, source="log(v)"), "v": fs.Diffusion(1.0)},
            boundary=CLOSED,
        )


def test_one_field_alone_is_refused():
    walls = dict.fromkeys(LINE.walls, fs.Value(0.0))
    problem = fs.CoupledProblem(LINE, {"u": fs.Diffusion(1.0, source="1 - u"), "v": fs.Diffusion(1.0)}, boundary=walls)
    own = fs.solve(problem)["u"].problem
    for attempt in (fs.solve, lambda p: fs.evolve(p, until=1.0)):
        with pytest.raises(InvalidInput, match="whole coupled problem"):
            attempt(own)


def plane(shape, **changes):
    """Two fields with exchange, conductivity of their own, a held body and a hole."""
    mesh = fs.cartesian(x=(0, 1), y=(0, 1), cells=shape, periodic=("y",))
    parts = {
        "boundary": {"x-": fs.Value(1.0), "x+": fs.Convective(h=2.0, ambient=0.5)},
        "initial": {"u": "1 + 0.3*x*sin(2*pi*y)", "v": "0.5 + 0.2*cos(2*pi*y)"},
        "fixed": {"u": [("hypot(x - 0.5, y - 0.5) < 0.15", 2.0)]},
        "holes": ["x > 0.8 and y > 0.8"],
        "models": {
            "u": fs.Diffusion("1 + 0.5*u", source="-4*u*v**2 + 1 - u"),
            "v": fs.Diffusion(0.3, source="4*u*v**2 - 2*v", sink=0.5),
        },
    }
    return fs.CoupledProblem(mesh, **(parts | changes))


@pytest.mark.parametrize("method", ["auto", "direct"])
@pytest.mark.parametrize("shape", [(1, 9), (9, 8), (40, 36)], ids=str)
def test_the_linear_system_is_that_of_the_rates(shape, method):
    """(1 - s F') delta = r, with F' delta from differences of the rates; D(u) as in Kirchhoff's variable, nearly."""
    linear = {"u": fs.Diffusion(0.7, source="-4*u*v**2 + 1 - u"), "v": fs.Diffusion(0.3, source="4*u*v**2 - 2*v")}
    parts = {} if min(shape) > 1 else {"fixed": (), "holes": ()}
    problem = plane(shape, models=linear, **parts)
    system = CoupledSystem(problem.law, np.array([2.0, 0.5]), solver=method)
    u = problem.initial_values / system.scales
    residual = np.cos(3.0 * np.arange(u.size)).reshape(u.shape)
    residual[problem.law.idle] = 0.0
    shift = 0.3
    delta = system.correct(0.0, shift, u, residual, rtol=1e-10)
    slope = (system.rate(0.0, u + 1e-5 * delta) - system.rate(0.0, u - 1e-5 * delta)) / 2e-5
    np.testing.assert_allclose((delta - shift * slope)[~problem.law.idle], residual[~problem.law.idle], atol=2e-7)


def test_the_fastest_rate_bounds_the_spectrum():
    """Against all eigenvalues of the dense derivative; the bound does not depend on the units of the fields."""
    problem = plane((6, 5), fixed=(), holes=())
    bounds = []
    for scales in (np.array([1.0, 1.0]), np.array([1024.0, 1.0])):
        system = CoupledSystem(problem.law, scales)
        u = problem.initial_values / system.scales
        columns = []
        for number in range(u.size):
            nudge = np.zeros(u.size)
            nudge[number] = 1e-6
            change = system.rate(0.0, u + nudge.reshape(u.shape)) - system.rate(0.0, u - nudge.reshape(u.shape))
            columns.append(change.ravel() / 2e-6)
        spectrum = np.abs(np.linalg.eigvals(np.array(columns).T)).max()
        bounds.append(system.fastest_rate(0.0, u))
        assert spectrum <= 1.05 * bounds[-1]
        assert bounds[-1] <= 2.0 * spectrum
    assert bounds[0] == pytest.approx(bounds[1], rel=1e-12)


def test_a_law_that_follows_itself_runs_in_company():
    """D(u), a sink, held bodies and holes at once: explicit and implicit steps agree and the books close."""
    problem = plane((6, 5))
    runs = [fs.evolve(problem, until=0.01, outputs=1, method=method, rtol=1e-4) for method in ("esdirk4", "rkl2")]
    for name in "uv":
        np.testing.assert_allclose(runs[0][name].field.values, runs[1][name].field.values, rtol=1e-4)
        assert runs[0][name].balance.relative < 1e-12
