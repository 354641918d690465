"""Problems are frozen and read at once; results answer for every wall; summaries say what was computed."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import numpy as np
import pytest

import fieldsim as fs
from fieldsim.errors import ExpressionError, InvalidInput, NumericalFailure, Refused, UnitsError
from fieldsim.simulation import Balance

MESH = fs.cartesian(x=(0, 1), y=(0, 2), cells=(4, 6))
NONE = fs.FluxOut(0.0)
WALLS = {"x-": fs.Value(1.0), "x+": fs.Value(0.0), "y-": NONE, "y+": NONE}


def plate(**changes):
    return fs.Problem(MESH, fs.Heat(2.0, 1.0, 1.0), WALLS).replace(**changes)


def test_a_problem_is_frozen_and_changed_by_replace():
    problem = plate()
    with pytest.raises(FrozenInstanceError):
        problem.initial = 1.0
    with pytest.raises(TypeError):
        problem.boundary["x-"] = NONE
    warmer = problem.replace(initial=20.0)
    assert problem.initial_values.max() == 0.0
    assert warmer.initial_values.min() == 20.0
    assert warmer.mesh is problem.mesh


def test_a_later_change_of_the_mapping_does_not_reach_the_problem():
    walls = dict(WALLS)
    problem = fs.Problem(MESH, fs.Heat(2.0), walls)
    walls["x-"] = fs.Value(99.0)
    assert problem.boundary["x-"] == fs.Value(1.0)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"mesh": "x"}, InvalidInput, "`mesh` must be a mesh"),
        ({"model": fs.Heat}, InvalidInput, "`model` must be Heat, Diffusion, Electrostatics or Gravity"),
        ({"model": 3}, InvalidInput, "`model` must be Heat"),
        ({"boundary": {}}, InvalidInput, "nothing for x-, x"),
        ({"boundary": None}, InvalidInput, "`boundary` must be a mapping"),
        ({"boundary": WALLS | {"x-": fs.Value}}, InvalidInput, r"a condition such as fs.Value\(100\).*the class Value"),
        ({"initial": np.ma.ones((4, 6))}, InvalidInput, "`initial` must be a plain array; got 'a masked array'"),
        ({"model": fs.Heat(np.ma.ones((4, 6)))}, InvalidInput, "`conductivity` must be a plain array"),
        ({"initial": np.ones(3)}, InvalidInput, r"`initial` must be a number or an array of shape \(4, 6\)"),
        ({"initial": np.nan}, NumericalFailure, "`initial` must be finite; got nan first in cell"),
        ({"initial": "1/(x - 0.125)"}, NumericalFailure, r"`initial` must be finite; got inf first in cell \(0, 0\)"),
        ({"initial": "x + t"}, ExpressionError, "`initial` must be constant in time"),
        ({"initial": "5 m"}, UnitsError, "initial"),
        ({"exact": "q"}, ExpressionError, "exact"),
        ({"model": fs.Heat(conductivity="z")}, ExpressionError, "conductivity"),
    ],
)
def test_a_wrong_problem_is_refused_at_once(changes, error, message):
    with pytest.raises(error, match=message):
        plate(**changes)


def test_a_field_of_another_mesh_is_refused():
    other = fs.cartesian(x=(0, 1), y=(0, 2), cells=(4, 6))
    assert plate(initial=fs.ScalarField(MESH, "x")).initial_values[0, 0] == 0.125
    with pytest.raises(InvalidInput, match="`initial` must be a field on the problem's own mesh"):
        plate(initial=fs.ScalarField(other, "x"))


def test_quantities_are_converted():
    problem = plate(initial="20 degC")
    np.testing.assert_allclose(problem.initial_values, 293.15)


def test_wall_values_and_flows():
    result = fs.solve(plate())
    hot, cold = result.at_boundary("x-"), result.at_boundary("x+")
    np.testing.assert_allclose(hot.value, 1.0, rtol=1e-14)
    np.testing.assert_allclose(cold.value, 0.0, atol=1e-15)
    np.testing.assert_allclose(cold.flux_out, 2.0, rtol=1e-13)
    assert cold.flow == pytest.approx(4.0)
    assert hot.mean == pytest.approx(1.0)
    assert (cold.value_unit, cold.flux_unit, cold.flow_unit) == ("K", "W/m^2", "W/m")
    insulated = result.at_boundary("y+")
    np.testing.assert_allclose(insulated.value, result.field.values[:, -1], rtol=1e-14)
    np.testing.assert_array_equal(insulated.flux_out, 0.0)


@pytest.mark.parametrize(("side", "message"), [("x", "Did you mean 'x"), ("phi+", "one of x-, x"), (3, "one of x-, x")])
def test_unknown_sides_are_refused(side, message):
    with pytest.raises(InvalidInput, match=message):
        fs.solve(plate()).at_boundary(side)


def test_flux_field_has_the_meshs_components_and_the_models_unit():
    flux = fs.solve(plate()).flux
    np.testing.assert_allclose(flux.values[0], 2.0, rtol=1e-13)
    np.testing.assert_allclose(flux.values[1], 0.0, atol=1e-13)
    assert flux.unit == "W/m^2"
    assert flux.name == "heat flux"


def test_flux_on_a_mesh_too_small_for_the_gradient():
    mesh = fs.polar(r=(0, 1), phi=(0, 2 * np.pi), cells=(2, 4))
    flux = fs.solve(fs.Problem(mesh, fs.Heat(1.0), {"r+": fs.Value("x")})).flux
    assert np.isfinite(flux.values).all()


def test_flux_of_each_output():
    problem = plate(initial=1.0)
    run = fs.evolve(problem, until=0.1, outputs=2)
    np.testing.assert_array_equal(run.flux_at(2).values, run.flux.values)
    assert np.abs(run.flux_at(0).values[0, :-1]).max() < 1e-14
    assert run.at_boundary("x+", 0).flux_out == pytest.approx(np.full(6, 16.0))


def test_error_needs_an_exact_answer():
    with pytest.raises(InvalidInput, match="no `exact` answer"):
        fs.solve(plate()).error()
    assert fs.solve(plate(exact="1 - x")).error() < 1e-14


def test_summary_names_what_a_reader_asks_for():
    steady = fs.solve(plate()).summary()
    for text in ("temperature", "steady state", "x-", "mean 1 K", "flow out 4 W/m", "in 4 - out 4", "spectral"):
        assert text in steady
    run = fs.evolve(plate(), until=0.1, outputs=2).summary()
    for text in ("t = 0.1 s", "TR-BDF2", "steps", "overshoot", "J/m"):
        assert text in run


def test_totals_know_what_they_are_per():
    line = fs.Problem(fs.cartesian(x=(0, 1), cells=4), fs.Heat(1.0), {"x-": fs.Value(1.0), "x+": fs.Value(0.0)})
    assert fs.solve(line).balance.unit == "W/m^2"
    ball = fs.Problem(fs.spherical(r=(0, 1), cells=4), fs.Heat(1.0), {"r+": fs.Value(1.0)})
    assert fs.solve(ball).balance.unit == "W"


def test_balance_arithmetic():
    balance = Balance(flow_in=3.0, flow_out=1.0, source=0.5, stored=2.0, unit="J")
    assert balance.missing == pytest.approx(0.5)
    assert balance.relative == pytest.approx(0.5 / 3)
    assert "in 3 - out 1 + source 0.5 - stored 2 = 0.5 J" in str(balance)
    assert Balance(0.0, 0.0, 0.0, 0.0, "J").relative == 0.0


def test_inputs_are_not_modified_and_views_do_as_well():
    values = np.random.default_rng(0).random((12, 8))
    k = values[:6, ::2].T
    assert not k.flags["C_CONTIGUOUS"]
    before = k.copy()
    k.setflags(write=False)
    view = fs.solve(plate(model=fs.Heat(k + 1.0), initial=k)).field.values
    copy = fs.solve(plate(model=fs.Heat(np.ascontiguousarray(k) + 1.0), initial=before)).field.values
    np.testing.assert_array_equal(view, copy)
    np.testing.assert_array_equal(k, before)
    single = fs.solve(plate(model=fs.Heat(np.ones((4, 6), dtype=np.float32)))).field.values
    assert single.dtype == np.float64


def test_result_fields_cannot_be_written_to():
    result = fs.solve(plate())
    with pytest.raises(ValueError, match="read-only"):
        result.field.values[0, 0] = 3.0


@pytest.mark.parametrize("rtol", [0.0, -1.0, np.nan, 1.0])
def test_bad_tolerance_is_refused(rtol):
    with pytest.raises(InvalidInput, match="`rtol` must be between 0 and 1"):
        fs.solve(plate(), rtol=rtol)


def test_unknown_solver_is_refused():
    with pytest.raises(InvalidInput, match="`solver` must be one of auto, fast, direct, cg"):
        fs.solve(plate(), solver="magic")


def test_a_solver_that_fails_raises_with_its_remedy(monkeypatch):
    monkeypatch.setattr("fieldsim.linear.solver._ITERATIONS", 1)
    mesh = fs.cartesian(x=(0, 1), y=(0, 1), z=(0, 1), cells=(10, 10, 10))
    problem = fs.Problem(mesh, fs.Heat(1.0, source="x"), {side: fs.Value(0.0) for side in mesh.walls})
    with pytest.raises(NumericalFailure, match=r"not converged after 1 iterations of cg.*direct"):
        fs.solve(problem, solver="cg")


def test_a_run_whose_systems_are_not_solved_says_so(monkeypatch):
    monkeypatch.setattr("fieldsim.linear.solver._ITERATIONS", 1)
    monkeypatch.setattr("fieldsim.stepping.system._CORRECTIONS", 2)
    mesh = fs.cartesian(x=(0, 1), y=(0, 1), z=(0, 1), cells=(10, 10, 10))
    problem = fs.Problem(mesh, fs.Heat(1.0, 1.0, 1.0, source="x"), {side: fs.Value(0.0) for side in mesh.walls})
    with pytest.raises(NumericalFailure, match="were not solved to rounding"):
        fs.evolve(problem, until=1.0, outputs=1, dt=1.0, solver="cg")


def test_a_problem_too_large_for_the_memory_is_refused(monkeypatch):
    monkeypatch.setattr("fieldsim.storage.memory.memory_limits", lambda: {"a test": 10_000})
    with pytest.raises(Refused, match=r"solving for 24 unknowns .* the limit is .* Take fewer cells"):
        fs.solve(plate())


def test_an_exact_answer_may_be_singular_at_the_start():
    assert plate(exact="1/t").exact_values(2.0)[0, 0] == 0.5
