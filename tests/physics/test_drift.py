"""What a velocity carries, cell by cell: flows through faces, constants, conservation, slopes and derivatives."""

from math import pi

import numpy as np
import pytest

import fieldsim as fs
from fieldsim.errors import InvalidInput
from fieldsim.physics import discretise
from fieldsim.physics.drift import SCHEMES
from fieldsim.physics.slopes import limited_slopes
from fieldsim.physics.velocity import read_velocity

TURN = (0, 2 * pi)
STRETCHED = {"x": np.array([0.0, 0.05, 0.15, 0.4, 0.7, 1.0])}
# divergence-free velocities: a solid rotation, a cellular flow, uniform winds, and potential flows from textbooks
# (source a/r, Hagen-Poiseuille profile, potential flow past a sphere: Batchelor, Introduction to Fluid Dynamics, 1967)
FLOWS = {
    "line": (fs.cartesian(edges=STRETCHED), "2 m/s"),
    "rotation": (fs.cartesian(x=(-1, 1), y=(-1, 1), cells=(7, 6)), ("-y", "x")),
    "cells": (fs.cartesian(x=(0, 1), y=(0, 1), cells=(16, 12)), ("sin(pi*x)*cos(pi*y)", "-cos(pi*x)*sin(pi*y)")),
    "ring": (fs.cartesian(x=(0, 1), y=(0, 1), cells=(5, 4), periodic=("x",)), ("1 + y", 0)),
    "disk": (fs.polar(r=(0, 1), phi=TURN, cells=(5, 8)), ("1", "0.3")),
    "turning disk": (fs.polar(r=(0, 1), phi=TURN, cells=(5, 8)), {"phi": "r**2"}),
    "source": (fs.polar(r=(1, 2), cells=6), {"r": "0.1/r"}),
    "pipe": (fs.cylindrical(r=(0, 1), z=(0, 2), cells=(6, 5)), {"z": "1 - r**2"}),
    "cylinder": (fs.cylindrical(r=(0, 1), phi=TURN, z=(0, 1), cells=(4, 8, 3)), ("1", "2", "x*y")),
    "ball": (fs.spherical(r=(0, 1), theta=(0, pi), phi=TURN, cells=(4, 6, 8)), ("1", "2", "3")),
    "past a sphere": (
        fs.spherical(r=(1, 2), theta=(0, pi), cells=(5, 8)),
        {"r": "cos(theta)*(1 - 1/r**3)", "theta": "-sin(theta)*(1 + 0.5/r**3)"},
    ),
}


def law(mesh, velocity, scheme="upwind", wall=None):
    model = fs.Diffusion(diffusivity=0.01, velocity=velocity, drift=scheme)
    return discretise(mesh, model.equation(), dict.fromkeys(mesh.walls, wall or fs.GradientOut(0.0)))


@pytest.mark.parametrize("name", FLOWS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_constant_stays_constant_in_a_flow_without_divergence(name, scheme):
    volume = law(*FLOWS[name], scheme)
    assert volume.drift.gathering(0.0) < 1e-11
    passing = np.abs(volume.matrix_at(0.0).matrix()).max()
    assert np.abs(volume.gain(0.0, np.full(volume.mesh.shape, 300.0))).max() < 1e-10 * passing * 300.0


@pytest.mark.parametrize("name", FLOWS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_what_leaves_one_cell_enters_its_neighbour(name, scheme):
    volume = law(*FLOWS[name], scheme)
    u = np.random.default_rng(5).random(volume.mesh.shape)
    leaving = sum(flow.sum() for flow in volume.outflows(0.0, u).values())
    assert volume.gain(0.0, u).sum() == pytest.approx(-leaving, abs=1e-13 * np.abs(volume.gain(0.0, u)).sum())


@pytest.mark.parametrize("name", FLOWS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_matrix_is_the_derivative_of_the_gain(name, scheme):
    mesh, velocity = FLOWS[name]
    walls = dict.fromkeys(mesh.walls, fs.Convective(h=0.3, ambient=2.0))
    model = fs.Diffusion(diffusivity=0.01, velocity=velocity, drift=scheme)
    volume = discretise(mesh, model.equation(), walls)
    rng = np.random.default_rng(3)
    u, change = rng.random(mesh.shape), 1e-6 * rng.random(mesh.shape)
    expected = (volume.gain(0.0, u - change) - volume.gain(0.0, u + change)) / 2.0
    got = volume.linearised(0.0, u).operator.apply(change)
    np.testing.assert_allclose(got, expected, atol=1e-8 * np.abs(expected).max(), rtol=0)


def test_without_walls_in_the_flow_a_unit_in_a_cell_only_passes_to_others():
    volume = law(*FLOWS["cells"], "limited", fs.FluxOut(0.0))
    u = np.random.default_rng(1).random(volume.mesh.shape)
    operator = volume.linearised(0.0, u).operator
    assert np.abs(operator.column_sums).max() < 1e-13 * np.abs(operator.matrix()).max()


def test_a_flow_that_gathers_is_told():
    """div (x, y) = 2: of a unit cell 2 V leave, beside a largest flow through a cell of about 2 h."""
    mesh = fs.cartesian(x=(0, 1), y=(0, 1), cells=(10, 10))
    assert law(mesh, ("x", "y")).drift.gathering(0.0) == pytest.approx(0.02 / 0.2, rel=1e-12)


@pytest.mark.parametrize("name", ["rotation", "source", "pipe"])
def test_a_field_carries_like_its_formulas(name):
    """Flows of these velocities are linear along each axis, so that their interpolation is exact (pipe: by cells)."""
    mesh, velocity = FLOWS[name]
    if isinstance(velocity, dict):
        field = fs.VectorField(mesh, [velocity.get(c, 0.0) for c in mesh.coordinates.names])
    else:
        field = fs.VectorField(mesh, list(velocity), basis="cartesian")
    wide = 0.05 if name == "pipe" else 1e-12
    for got, expected in zip(
        read_velocity(mesh, field).flows(0.0), read_velocity(mesh, velocity).flows(0.0), strict=True
    ):
        np.testing.assert_allclose(got, expected, atol=wide * np.abs(expected).max(initial=1e-300) + 1e-15)


def test_flows_through_faces_are_integrals():
    """Hagen-Poiseuille: v = 1 - r^2 in a pipe of radius 1 carries pi/2, half of its largest speed times the section."""
    mesh = fs.cylindrical(r=(0, 1), z=(0, 2), cells=(3, 2))
    flows = read_velocity(mesh, {"z": "1 - r**2"}).flows(0.0)[1]
    np.testing.assert_allclose(flows.sum(axis=0), pi / 2, rtol=1e-13)


@pytest.mark.parametrize(
    ("velocity", "message"),
    [
        (3.0, "one number or formula for each of x, y"),
        (("1",), "one number or formula for each of x, y"),
        ({"r": 1.0, "q": 2.0}, "given along x, y; got"),
        ("1 m/s", "one number or formula"),
        (("1 kg", 0), "velocity"),
        ((np.ones((4, 4)), 0), "velocity"),
    ],
    ids=["number", "too few", "names", "one quantity", "unit", "array"],
)
def test_wrong_velocities_are_refused(velocity, message):
    mesh = fs.cartesian(x=(0, 1), y=(0, 1), cells=(4, 4))
    with pytest.raises(InvalidInput, match=message):
        law(mesh, velocity)


def test_what_does_not_fit_is_refused():
    with pytest.raises(InvalidInput, match="leaves phi out"):
        law(fs.cylindrical(r=(0, 1), z=(0, 2), cells=(6, 5)), ("1", "0", "0"))
    mesh = fs.cartesian(x=(0, 1), cells=4)
    with pytest.raises(InvalidInput, match="`drift` must be one of limited, exponential, upwind, central"):
        law(mesh, 1.0, "quick")
    with pytest.raises(InvalidInput, match=r"density.*given for a velocity"):
        discretise(mesh, fs.Heat(0.6, velocity=1.0).equation(), dict.fromkeys(mesh.walls, fs.Value(0.0)))
    with pytest.raises(InvalidInput, match="velocity"):
        law(fs.curvilinear(map={"x": "u", "y": "v + 0.2*u"}, cells=(4, 4)), (1.0, 0.0))


def slopes_of(values, below=0.5, above=0.5):
    u = np.array(values, dtype=float)
    halves = np.full(u.shape, below), np.full(u.shape, above)
    return limited_slopes(u, 0, halves, (None, None), periodic=False).value


def test_slopes_are_van_leers():
    """van Leer (1974): the harmonic mean of the two slopes, 2 a b/(a + b), none at an extreme."""
    assert slopes_of([0.0, 1.0, 4.0])[1] == pytest.approx(2 * 1 * 3 / (1 + 3))
    assert slopes_of([0.0, 1.0, 0.5])[1] == 0.0
    np.testing.assert_allclose(slopes_of([0.0, 1e-200, 3e-200])[1], 4e-200 / 3, rtol=1e-12)


def test_slopes_on_uneven_cells_are_exact_for_lines_and_stay_between_neighbours():
    rng = np.random.default_rng(7)
    below, above = rng.uniform(0.1, 2.0, (2, 50))
    centers = np.cumsum(below + above) - above
    line = limited_slopes(3.0 * centers, 0, (below, above), (None, None), periodic=False).value
    np.testing.assert_allclose(line[1:-1], 3.0, rtol=1e-12)
    u = rng.random(50)
    slope = limited_slopes(u, 0, (below, above), (None, None), periodic=False).value
    top, bottom = (u + slope * above)[:-1], (u - slope * below)[1:]
    low, high = np.minimum(u[:-1], u[1:]), np.maximum(u[:-1], u[1:])
    for face in (top, bottom):
        assert (face >= low - 1e-14).all()
        assert (face <= high + 1e-14).all()
