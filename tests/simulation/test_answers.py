"""Answers with units against closed forms: capacitance, resistance, energy, contents, and estimated errors."""

from __future__ import annotations

import numpy as np
import pytest

import fieldsim as fs
from fieldsim.errors import InvalidInput
from fieldsim.simulation import estimate_error

PI = np.pi
EPSILON0 = 8.8541878128e-12
G = 6.67430e-11
NONE = fs.FluxOut(0.0)


def coax(cells=200):
    mesh = fs.cylindrical(r=(1e-3, 5e-3), cells=cells)
    return fs.solve(fs.Problem(mesh, fs.Electrostatics(), {"r-": fs.Value(10.0), "r+": fs.Value(0.0)}))


def test_coaxial_cable():
    """C' = 2 pi eps0 / ln(b/a) = 34.5664 pF/m and W = C V^2/2 (Griffiths, Introduction to Electrodynamics, 2.5)."""
    result = coax()
    capacitance, energy = result.capacitance("r-", "r+"), result.energy()
    assert float(capacitance) == pytest.approx(34.5664e-12, rel=6e-5)
    assert capacitance.unit == "F"  # of the metre that the left-out z stands for
    # the energy of the discrete field is exactly C V^2/2
    assert float(energy) == pytest.approx(float(capacitance) * 50.0, rel=1e-12)
    assert energy.unit == "J"
    charge = result.flow_out("r+")
    assert str(charge) == f"{float(charge):.6g} C"
    assert float(result.capacitance("r+", "r-")) == pytest.approx(float(capacitance), rel=1e-12)


def test_spheres():
    """C = 4 pi eps0 ab/(b - a); the same with the inner sphere held inside a full ball."""
    exact = 4 * PI * EPSILON0 * 0.5
    mesh = fs.spherical(r=(0.25, 0.5), cells=64)
    walls = fs.solve(fs.Problem(mesh, fs.Electrostatics(), {"r-": fs.Value(1.0), "r+": fs.Value(0.0)}))
    ball = fs.spherical(r=(0, 0.5), cells=128)
    inside = fs.solve(fs.Problem(ball, fs.Electrostatics(), {"r+": fs.Value(0.0)}, fixed=[("r < 0.25", 1.0)]))
    assert walls.capacitance("r-", "r+").unit == "F"
    assert float(walls.capacitance("r-", "r+")) == pytest.approx(exact, rel=1e-4)
    assert float(inside.capacitance("fixed[0]", "r+")) == pytest.approx(exact, rel=1e-4)
    assert float(inside.energy()) == pytest.approx(exact / 2, rel=1e-4)


def test_energy_of_a_charged_ball():
    """U = 3 Q^2/(20 pi eps0 R) = 5.39253e-8 J for 1 nC, 0.1 m; Q^2/(8 pi eps0) beyond 1 m (Griffiths, 2.34)."""
    charge, radius = 1e-9, 0.1
    total = 3 * charge**2 / (20 * PI * EPSILON0 * radius)
    assert total == pytest.approx(5.39253e-8, rel=1e-6)
    mesh = fs.spherical(edges={"r": np.concatenate([np.linspace(0, 0.1, 81), np.geomspace(0.1, 1.0, 161)[1:]])})
    density = [("r < 0.1", charge / (4 / 3 * PI * radius**3)), 0.0]
    model = fs.Electrostatics(charge_density=density)
    result = fs.solve(fs.Problem(mesh, model, {"r+": fs.Value(charge / (4 * PI * EPSILON0))}))
    beyond = charge**2 / (8 * PI * EPSILON0)
    assert float(result.energy()) + beyond == pytest.approx(total, rel=2e-4)
    source = result.total_source()
    assert float(source) == pytest.approx(charge, rel=1e-12)
    assert source.unit == "C"
    assert float(result.flow_out("r+")) == pytest.approx(charge, rel=1e-12)


def test_mass_and_energy_of_a_uniform_ball():
    """U = -3 G M^2/(5 R) (Feynman Lectures I, 13), of which -G M^2/(2 R) lies outside the ball."""
    mesh = fs.spherical(r=(0, 6.371e6), cells=100)
    result = fs.solve(fs.Problem(mesh, fs.Gravity(5515.0), {"r+": fs.Value(0.0)}))
    mass = 5515.0 * 4 / 3 * PI * 6.371e6**3
    assert result.total_source().unit == "kg"
    assert float(result.total_source()) == pytest.approx(mass, rel=1e-12)
    assert float(result.energy()) == pytest.approx(-0.1 * G * mass**2 / 6.371e6, rel=2e-4)
    assert result.energy().unit == "J"


def test_resistance_of_a_wall_and_content():
    """R = d/(k A); heat rho c V T."""
    mesh = fs.cartesian(x=(0, 0.5), y=(0, 2), z=(0, 3), cells=(4, 2, 2))
    walls = dict.fromkeys(mesh.walls, NONE) | {"x-": fs.Value(30.0), "x+": fs.Value(10.0)}
    result = fs.solve(fs.Problem(mesh, fs.Heat(4.0, density=10.0, capacity=3.0), walls))
    assert float(result.resistance("x-", "x+")) == pytest.approx(0.5 / (4 * 6), rel=1e-12)
    assert result.resistance("x-", "x+").unit == "K/W"
    assert float(result.content()) == pytest.approx(10 * 3 * 3 * 20, rel=1e-12)
    assert result.content().unit == "J"
    assert str(result.flow_out("x+")) == "960 W"


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda r: r.flow_out("x"), r"one of r-, r\+; got 'x'"),
        (lambda r: r.content(), "stores nothing"),
        (lambda r: r.capacitance("r-", "r-"), "the only two ways"),
    ],
)
def test_answers_that_are_not_there(ask, message):
    with pytest.raises(InvalidInput, match=message):
        ask(coax(8))


def test_a_third_way_out_is_refused():
    mesh = fs.cartesian(x=(0, 1), y=(0, 1), cells=(4, 4))
    walls = {"x-": fs.Value(1.0), "x+": fs.Value(0.0), "y-": fs.Value(0.0), "y+": NONE}
    result = fs.solve(fs.Problem(mesh, fs.Heat(1.0), walls))
    with pytest.raises(InvalidInput, match="the only two ways in and out"):
        result.resistance("x-", "x+")
    with pytest.raises(InvalidInput, match="asked of electrostatics"):
        result.capacitance("x-", "x+")
    with pytest.raises(InvalidInput, match="asked of electrostatics or gravity"):
        result.energy()
    same = fs.solve(fs.Problem(mesh, fs.Heat(1.0), walls | {"x-": fs.Value(0.0), "y-": NONE}))
    with pytest.raises(InvalidInput, match="at different values"):
        same.resistance("x-", "x+")


def test_estimated_errors_are_the_true_ones():
    """The ring: T = 100 ln(2/r)/ln 2, Q = 2 pi k 100/ln 2."""
    mesh = fs.polar(r=(1, 2), phi=(0, 2 * PI), cells=(32, 8))
    walls = {"r-": fs.Value(100.0), "r+": fs.Value(0.0)}
    problem = fs.Problem(mesh, fs.Heat(1.0), walls, exact="100*log(2/r)/log(2)")
    result = fs.solve(problem)
    estimate = estimate_error(result)
    assert estimate.largest == pytest.approx(result.error(), rel=0.2)
    flow = 2 * PI * 100 / np.log(2)
    assert estimate.flows["r+"] == pytest.approx(float(result.flow_out("r+")) - flow, rel=0.05)
    assert estimate.better["r+"] == pytest.approx(flow, rel=1e-6)
    assert str(estimate).startswith("field ± 0.0")


def test_estimates_that_cannot_be_made():
    mesh = fs.cartesian(x=(0, 1), cells=6)
    walls = {"x-": fs.Value(0.0), "x+": fs.Value(1.0)}
    odd = fs.Problem(fs.cartesian(x=(0, 1), cells=7), fs.Heat(1.0), walls)
    with pytest.raises(InvalidInput, match="of an even number of cells, 4 or more, along x; got 7"):
        estimate_error(fs.solve(odd))
    with pytest.raises(InvalidInput, match="does not fit the problem"):
        estimate_error(fs.solve(fs.Problem(mesh, fs.Heat(np.ones(6)), walls)))
    pair = fs.solve(fs.CoupledProblem(mesh, {"a": fs.Diffusion(1.0), "b": fs.Diffusion(1.0, source="a")}, walls))
    for wrong in (odd, pair, pair["b"]):
        with pytest.raises(InvalidInput, match="`result` must be the Result of a problem of one field; got"):
            estimate_error(wrong)
    with pytest.raises(InvalidInput, match="must be a steady answer"):
        estimate_error(fs.evolve(fs.Problem(mesh, fs.Heat(1.0, 1.0, 1.0), walls), until=1.0, outputs=1))


def test_a_notebook_shows_the_summary():
    result = coax(10)
    assert repr(result) == result.summary()
