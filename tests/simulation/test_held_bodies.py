"""Bodies held at a value and holes inside the mesh, against closed forms and against meshes that end there."""

from __future__ import annotations

import numpy as np
import pytest

import fieldsim as fs
from fieldsim.errors import InvalidInput

PI = np.pi
FULL = (0, 2 * PI)
EPSILON0 = 8.8541878128e-12
NONE = fs.FluxOut(0.0)


def held(mesh, what):
    return {side: fs.Value(what) for side in mesh.walls}


def test_a_held_ball_is_a_wall():
    """A ball filling whole cells gives the digits of the mesh that begins at its surface: C = 4 pi eps0 ab/(b-a)."""
    mesh = fs.spherical(r=(0, 1), cells=40)
    result = fs.solve(fs.Problem(mesh, fs.Electrostatics(), {"r+": fs.Value(0.0)}, fixed=[("r < 0.5", 2.0)]))
    shell = fs.spherical(r=(0.5, 1), cells=20)
    reference = fs.solve(fs.Problem(shell, fs.Electrostatics(), {"r-": fs.Value(2.0), "r+": fs.Value(0.0)}))
    np.testing.assert_allclose(result.field.values[20:], reference.field.values, rtol=1e-12)
    np.testing.assert_array_equal(result.field.values[:20], 2.0)
    charge = -result.balance.through["fixed[0]"]
    assert charge == pytest.approx(-reference.at_boundary("r-").flow, rel=1e-12)
    assert charge == pytest.approx(4 * PI * EPSILON0 * 2.0, rel=1e-3)
    assert result.balance.relative < 1e-12


def test_rod_in_a_square_shield():
    """C' = 2 pi eps0 / ln(1.078705 s/2a): the square's conformal radius is 0.5393526 s (Polya & Szego)."""
    mesh = fs.cartesian(x=(-1, 1), y=(-1, 1), cells=(80, 80))
    problem = fs.Problem(mesh, fs.Electrostatics(), held(mesh, 0.0), fixed=[("x**2 + y**2 < 0.04", 1.0)])
    result = fs.solve(problem)
    exact = 2 * PI * EPSILON0 / np.log(0.5393526 * 2 / 0.2)
    assert -result.balance.through["fixed[0]"] == pytest.approx(exact, rel=0.02)
    assert result.balance.relative < 1e-12


def test_two_thermostats_in_an_insulated_box():
    """Slabs held at 100 and 0 with k = 2 over 0.5 m between: q = 2 * 100/0.5."""
    mesh = fs.cartesian(x=(0, 1), y=(0, 1), cells=(8, 2))
    walls = dict.fromkeys(mesh.walls, NONE)
    problem = fs.Problem(mesh, fs.Heat(2.0), walls, fixed=[("x < 0.25", 100.0), ("x > 0.75", "0*y")])
    result = fs.solve(problem)
    np.testing.assert_allclose(result.field.values[2:6, 0], 100 * (0.75 - mesh.axes[0].centers[2:6]) / 0.5, rtol=1e-12)
    assert result.balance.through["fixed[1]"] == pytest.approx(400.0, rel=1e-12)
    np.testing.assert_allclose(result.flux.values[0, 2:6], 400.0, rtol=1e-12)


def test_a_held_body_in_time_follows_its_formula():
    mesh = fs.cartesian(x=(0, 1), cells=10)
    boundary = {"x-": NONE, "x+": NONE}
    problem = fs.Problem(mesh, fs.Heat(1e3, 1.0, 1.0), boundary, fixed=[("x < 0.2", "sin(t)")])
    run = fs.evolve(problem, until=1.0, outputs=4, rtol=1e-5)
    for t, field in zip(run.times, run.fields, strict=True):
        np.testing.assert_allclose(field.values[:2], np.sin(t), rtol=1e-14)
        np.testing.assert_allclose(field.values[2:], np.sin(t), atol=1e-3)
    assert run.balance.relative < 1e-12
    with pytest.raises(InvalidInput, match=r"fixed\[0\] depends on t"):
        fs.solve(problem)


def test_conductivity_that_follows_between_held_bodies():
    """The integral of k between the surfaces over their distance (Kirchhoff)."""
    mesh = fs.cartesian(x=(0, 1), cells=10)
    walls = {"x-": NONE, "x+": NONE}
    problem = fs.Problem(mesh, fs.Heat("1 + T/50"), walls, fixed=[("x < 0.2", 100.0), ("x > 0.8", 0.0)])
    assert fs.solve(problem).balance.through["fixed[1]"] == pytest.approx(200 / 0.6, rel=1e-10)


def test_flow_around_a_cylinder():
    """u = (r + a^2/r) cos(phi) has no flux through r = a (Lamb, Hydrodynamics, section 68)."""
    errors = []
    for n in (12, 24):
        mesh = fs.polar(r=(0, 3), phi=FULL, cells=(n, 2 * n))
        exact = "(r + 1/r)*cos(phi)"
        problem = fs.Problem(mesh, fs.Heat(1.0), held(mesh, exact), exact=exact, holes=["r < 1"])
        result = fs.solve(problem)
        hole = mesh.centers[0] < 1
        assert np.isnan(result.field.values[hole]).all()
        assert np.isfinite(result.field.values[~hole]).all()
        assert np.isfinite(result.flux.values[:, ~hole]).all()
        errors.append(result.error())
    assert np.log2(errors[0] / errors[1]) == pytest.approx(2.0, abs=0.25)


def test_an_insulated_body_with_a_hole_keeps_its_mean():
    """Only the mean over the cells that exist counts; the part without the hole is an interval."""
    mesh = fs.cartesian(x=(0, 1), y=(0, 1), cells=(32, 4))
    walls = dict.fromkeys(mesh.walls, NONE)
    model = fs.Heat(1.0, source="cos(2*pi*x)")
    result = fs.solve(fs.Problem(mesh, model, walls, initial=5.0, holes=["y > 0.5"]))
    expected = 5.0 + np.cos(2 * PI * mesh.points[0][:, :2]) / (4 * PI**2)
    np.testing.assert_allclose(result.field.values[:, :2], expected, atol=3e-4)
    assert result.balance.relative < 1e-10


def test_holes_conserve_in_time():
    mesh = fs.cartesian(x=(0, 1), y=(0, 1), cells=(8, 8))
    walls = dict.fromkeys(mesh.walls, NONE)
    problem = fs.Problem(mesh, fs.Heat(1.0, 1.0, 1.0), walls, initial="x", holes=["hypot(x - 0.5, y - 0.5) < 0.2"])
    run = fs.evolve(problem, until=2.0, outputs=1)
    left = np.isfinite(run.field.values)
    np.testing.assert_allclose(run.field.values[left], mesh.points[0][left].mean(), rtol=1e-4)
    # nothing flows: what is lost, 6e-17 of 0.4 J, is the rounding of the sum
    assert abs(run.balance.missing) < 1e-15
    assert "nan" not in run.summary()


def test_a_run_with_bodies_resumes_to_the_same_bits():
    mesh = fs.cartesian(x=(0, 1), y=(0, 1), cells=(6, 6))
    walls = dict.fromkeys(mesh.walls, NONE)
    fixed = [("x < 0.2", "1 + t")]
    problem = fs.Problem(mesh, fs.Heat("1 + T", 1.0, 1.0), walls, fixed=fixed, holes=["x > 0.8 and y > 0.8"])
    whole = fs.evolve(problem, until=1.0, outputs=2)
    states = []

    def stop(moment):
        if moment.step == 5:
            states.append(moment.state())
            return True
        return None

    fs.evolve(problem, until=1.0, outputs=2, observers=[stop])
    resumed = fs.evolve(problem, until=1.0, outputs=2, resume=states[0])
    np.testing.assert_array_equal(resumed.field.values, whole.field.values)
    assert resumed.balance == whole.balance


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fixed": "x < 0.5"}, r"`fixed` must be a list of \(where, value\)"),
        ({"fixed": ["x < 0.5"]}, r"`fixed\[0\]` must be a pair"),
        ({"fixed": [("x > 9", 1.0)]}, r"`fixed\[0\]` must be a body of one cell or more"),
        ({"fixed": [("x < 9", 1.0)]}, "some cells stay free"),
        ({"fixed": [("x < 0.5", 1.0), ("x < 0.8", 2.0)]}, r"do not touch; got 'fixed\[0\] and fixed\[1\]'"),
        ({"holes": ["x < 9"]}, "some cells stay free"),
        ({"holes": ["x > 9"]}, r"`holes\[0\]` must be a hole of one cell or more; got 'x > 9'"),
        ({"holes": "x < 9"}, "`holes` must be a list of where"),
        ({"holes": [np.ones(3, bool)]}, "array of booleans"),
    ],
)
def test_wrong_bodies_are_refused(changes, message):
    mesh = fs.cartesian(x=(0, 1), cells=8)
    with pytest.raises(InvalidInput, match=message):
        fs.Problem(mesh, fs.Heat(1.0), {"x-": NONE, "x+": NONE}).replace(**changes)
