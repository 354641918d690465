"""Values between the cell centres: exact where promised, of fourth order elsewhere, through poles and across seams."""

from __future__ import annotations

from math import nan, pi

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mesh_catalogue import ALL, MESHES
from oracles import case_for, lagrange_value, places, sampled, values_of

import fieldsim as fs
from fieldsim.errors import InvalidInput

TURN = (0.0, 2 * pi)
CELLS = {1: 32, 2: 24, 3: 12}


def points_within(mesh, count=1500, seed=2):
    """Return Cartesian points (dim, n) all over the mesh: on its walls, at its poles, across its seams, and between."""
    random = np.random.default_rng(seed)
    q = [np.full(count, at) for at in mesh.coordinates.reference[: mesh.dim]]
    for number, axis in enumerate(mesh.coordinate_axis):
        if axis is not None:
            u = random.random(count)
            u[:40], u[40:80] = 0.0, 1.0
            u[80:160] *= 0.5 / mesh.shape[axis]
            edges = mesh.axes[axis].edges
            q[number] = edges[0] + (edges[-1] - edges[0]) * random.permutation(u)
    return np.stack(mesh.coordinates.to_cartesian(q))


@pytest.mark.parametrize("name", ALL)
def test_fourth_order_everywhere(name):
    """CONTRACT: at least third order; the interpolation promises fourth, in the maximum over points and components."""
    errors = []
    for factor in (1, 2):
        mesh = ALL[name](factor * CELLS[ALL[name](16).ndim])
        case = case_for(mesh, waves=1.0)
        f, F = sampled(mesh, case, places(mesh.points))
        x = points_within(mesh)
        errors.append(
            (
                np.abs(f.at(x.T) - case.scalar(x)).max() / np.abs(f.values).max(),
                np.abs(F.at(x.T) - values_of(case.vector, x).T).max() / np.abs(F.values).max(),
            )
        )
    assert np.all(np.log2(np.divide(*errors)) >= 3.5), errors
    assert max(errors[1]) < 5e-3


@pytest.mark.parametrize("name", [n for n in MESHES if n.startswith("cartesian") and "periodic" not in n])
def test_cubics_are_exact_on_cartesian_meshes(name):
    """CONTRACT: exact for quadratics; four points an axis carry cubics, stretched or not, up to the walls."""
    mesh = MESHES[name](8)
    names = "xyz"[: mesh.dim]
    formula = " + ".join(f"{k + 1}*{n}**3 - {n}**2 + {n}" for k, n in enumerate(names)) + " + 2*" + "*".join(names)
    x = points_within(mesh, 300)
    exact = sum((k + 1) * p**3 - p**2 + p for k, p in enumerate(x)) + 2 * np.prod(x, axis=0)
    assert fs.ScalarField(mesh, formula).at(x.T) == pytest.approx(exact, abs=1e-12)
    vector = fs.VectorField(mesh, [formula] * mesh.dim)
    assert vector.at(x.T) == pytest.approx(np.repeat(exact[:, None], mesh.dim, axis=1), abs=1e-12)


def test_cubics_in_native_coordinates_are_exact():
    mesh = fs.spherical(r=(1, 2), theta=(0.5, 1.5), phi=(0.2, 1.7), cells=(5, 6, 7))
    r, theta, phi = 1.37, 0.61, 1.66
    point = [[r * np.sin(theta) * np.cos(phi), r * np.sin(theta) * np.sin(phi), r * np.cos(theta)]]
    got = fs.ScalarField(mesh, "r**3 - theta**3*phi + r*phi**2").at(point)
    assert got == pytest.approx([r**3 - theta**3 * phi + r * phi**2], rel=1e-13)


@given(st.floats(0.0, 1.0))
def test_along_one_axis_it_is_lagranges_formula(where):
    mesh = fs.cartesian(edges={"x": [0.0, 0.1, 0.3, 0.35, 0.6, 0.8, 1.0]})
    centers = mesh.axes[0].centers
    values = np.array([1.0, -2.0, 0.5, 3.0, 0.0, 1.0])
    start = int(np.clip(np.searchsorted(centers, where) - 2, 0, 2))
    expected = lagrange_value(where, centers[start : start + 4], values[start : start + 4])
    assert fs.ScalarField(mesh, values).at([[where]])[0] == pytest.approx(expected, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("name", ALL)
def test_centres_give_their_own_values(name):
    mesh = ALL[name](8 if ALL[name](8).ndim < 3 else 4)
    values = np.random.default_rng(0).uniform(-1, 1, mesh.shape)
    vectors = np.random.default_rng(1).uniform(-1, 1, (mesh.dim, *mesh.shape))
    points = mesh.points.reshape(mesh.dim, -1).T
    assert fs.ScalarField(mesh, values).at(points) == pytest.approx(values.ravel(), abs=1e-7)
    field = fs.VectorField(mesh, vectors)
    expected = field.cartesian.reshape(mesh.dim, -1).T
    assert field.at(points) == pytest.approx(expected, abs=1e-6)


# ---- through poles and across seams


def test_through_the_centre_of_a_disk():
    """x^3 - y^2 has no kink at r = 0, and e_x is one vector there, seen along every ray."""
    mesh = fs.polar(r=(0, 1), phi=TURN, cells=(24, 48))
    field = fs.ScalarField(mesh, "x**3 - y**2 + 2")
    e_x = fs.VectorField(mesh, ["1", "0"], basis="cartesian")
    angles = np.linspace(0, 2 * pi, 33)
    for radius in (0.0, 1e-16, 1e-12, 1e-3, 0.01, 0.03):
        points = radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        assert field.at(points) == pytest.approx(points[:, 0] ** 3 - points[:, 1] ** 2 + 2, abs=1e-5)
        assert e_x.at(points) == pytest.approx(np.broadcast_to([1.0, 0.0], points.shape), abs=1e-5)


def test_along_the_axis_of_a_ball():
    mesh = fs.spherical(r=(0, 1), theta=(0, pi), phi=TURN, cells=(16, 24, 32))
    z = np.linspace(-0.99, 0.99, 41)
    points = np.stack([0 * z, 0 * z, z], axis=1)
    field = fs.ScalarField(mesh, "3*x**2 + 2*y*z + z")
    assert field.at(points) == pytest.approx(z, abs=2e-4)
    e = fs.VectorField(mesh, ["1", "2", "3"], basis="cartesian")
    assert e.at(points) == pytest.approx(np.broadcast_to([1.0, 2.0, 3.0], points.shape), abs=2e-3)


def test_across_the_seam_nothing_jumps():
    """x^3 - y^2 across phi = 0, where the last cell meets the first."""
    mesh = fs.polar(r=(0, 1), phi=TURN, cells=(32, 64))
    field = fs.ScalarField(mesh, "x**3 - y**2")
    angles = np.linspace(-0.2, 0.2, 201)
    line = np.stack([0.7 * np.cos(angles), 0.7 * np.sin(angles)], axis=1)
    got = field.at(line)
    # (2 pi / 64)^4 is 9e-5; the second difference over 0.002 rad would show a kink of 1e-3 in the slope.
    assert got == pytest.approx(line[:, 0] ** 3 - line[:, 1] ** 2, abs=4e-5)
    assert np.abs(np.diff(got, 2)).max() < 1e-5
    just = field.at([[0.7, -1e-17], [0.7, 0.0], [0.7, 1e-17]])
    assert just == pytest.approx([0.343] * 3, abs=4e-5)
    assert np.ptp(just) < 1e-15


def test_on_sectors_and_reduced_meshes():
    sector = fs.polar(r=(0, 1), phi=(-0.7, 0.9), cells=(24, 24))
    field = fs.ScalarField(sector, "x**2 + x*y")
    assert field.at([[0.5, -0.3], [0.5, 0.3], [0.0, 0.0]]) == pytest.approx([0.1, 0.4, 0.0], abs=1e-5)
    ball = fs.spherical(r=(0, 1), cells=20)
    points = np.array([[0.1, 0.2, 0.3], [0.0, 0.0, 0.0], [-0.5, 0.5, -0.5]])
    assert fs.ScalarField(ball, "r**2").at(points) == pytest.approx((points**2).sum(axis=1), abs=1e-12)
    assert fs.VectorField(ball, ["r", "0", "0"]).at(points) == pytest.approx(points, abs=1e-12)
    tube = fs.cylindrical(r=(0, 1), z=(0, 1), cells=(12, 12))
    turning = fs.VectorField(tube, ["0", "r", "z"])
    assert turning.at([[0.3, 0.4, 0.5]]) == pytest.approx(np.array([[-0.4, 0.3, 0.5]]), abs=1e-12)


@settings(max_examples=30)
@given(turns=st.integers(-3, 3), x=st.floats(-1, 1))
def test_periodic_meshes_repeat(turns, x):
    mesh = fs.cartesian(x=(-1, 1), cells=16, periodic=("x",))
    field = fs.ScalarField(mesh, "sin(pi*x)")
    assert field.at([[x + 2 * turns]]) == pytest.approx(field.at([[x]]), abs=1e-12)


@pytest.mark.parametrize("cells", [1, 2, 3])
def test_few_cells_use_what_there_is(cells):
    mesh = fs.cartesian(x=(0, 1), y=(0, 1), cells=(cells, 8))
    degree = cells - 1
    got = fs.ScalarField(mesh, f"x**{degree} * y**3").at([[0.3, 0.7]])
    assert got == pytest.approx([0.3**degree * 0.343], rel=1e-12)


# ---- points that are not there


def test_points_outside():
    mesh = fs.cartesian(x=(0, 1), y=(0, 1), cells=(4, 4))
    field, vector = fs.ScalarField(mesh, "x"), fs.VectorField(mesh, ["x", "y"])
    points = [[0.5, 0.5], [2.0, 0.5], [nan, 0.5]]
    for f in (field, vector):
        with pytest.raises(InvalidInput, match=r"`points` must be inside the mesh; got \(2.0, 0.5\).*outside='nan'"):
            f.at(points)
        with pytest.raises(InvalidInput, match="inside the mesh"):
            f.at([[nan, 0.5]])
    assert field.at(points, outside="nan") == pytest.approx([0.5, nan, nan], nan_ok=True)
    assert np.isnan(vector.at(points, outside="nan")[1:]).all()
    assert field.at(np.zeros((0, 2))).shape == (0,)
    assert vector.at(np.zeros((0, 2))).shape == (0, 2)
    assert field.at([0.25, 0.75]) == pytest.approx([0.25])  # one point may stand alone
    assert field.at([[0.0, 1.0], [1.0 + 1e-13, 0.5]]) == pytest.approx([0.0, 1.0])  # walls belong to the mesh


@pytest.mark.parametrize("outside", ["blah", "NaN", True, None])
def test_outside_is_raise_or_nan(outside):
    field = fs.ScalarField(fs.cartesian(x=(0, 1), cells=4), "x")
    with pytest.raises(InvalidInput, match="`outside`"):
        field.at([[2.0]], outside=outside)


@pytest.mark.parametrize("points", [[[0.5, 0.5, 0.5]], np.zeros((2, 3, 2)), "x", [[1j, 0]], [[None, 1]], [0.5]])
def test_points_of_the_wrong_shape_or_kind(points):
    field = fs.ScalarField(fs.cartesian(x=(0, 1), y=(0, 1), cells=(4, 4)), "x")
    with pytest.raises(InvalidInput, match="`points` must be"):
        field.at(points)


def test_points_may_be_any_real_array_and_stay_untouched():
    field = fs.ScalarField(fs.cartesian(x=(0, 8), y=(0, 8), cells=(8, 8)), "x + 10*y")
    for points in (np.array([[1, 2], [3, 4]]), np.array([[1, 2], [3, 4]], np.float32), np.array([[1, 3], [2, 4]]).T):
        before = points.copy()
        assert field.at(points) == pytest.approx([21.0, 43.0])
        assert np.array_equal(points, before)


def test_a_sampler_is_the_vector_at_points():
    mesh = fs.polar(r=(0, 1), phi=TURN, cells=(12, 24))
    field = fs.VectorField(mesh, ["x*y", "y - 1"], basis="cartesian")
    points = np.array([[0.3, 0.2], [-0.4, 0.1], [3.0, 0.0]])
    got = field.sampler()(points)
    assert np.array_equal(got[:2], field.at(points[:2]))
    assert np.isnan(got[2]).all()
