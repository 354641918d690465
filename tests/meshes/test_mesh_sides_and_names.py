"""What the ends of the axes are, which points lie in a mesh, and which names a formula may use on it."""

from __future__ import annotations

from math import inf, nan, pi

import numpy as np
import pytest
from mesh_catalogue import MESHES

import fieldsim as fs
from fieldsim.errors import InvalidInput

TURN = (0.0, 2 * pi)
BALL = {"r": (0, 1), "theta": (0, pi), "phi": TURN}


# ---- sides


@pytest.mark.parametrize(
    ("mesh", "kinds"),
    [
        (lambda: fs.cartesian(x=(0, 1), y=(0, 1), cells=(4, 4)), "wall wall wall wall"),
        (lambda: fs.cartesian(x=(0, 1), y=(0, 1), cells=(4, 4), periodic=("y",)), "wall wall seam seam"),
        (lambda: fs.polar(r=(0, 1), phi=TURN, cells=(4, 4)), "pole wall seam seam"),
        (lambda: fs.polar(r=(0, 1), phi=(0, 1), cells=(4, 4)), "pole wall wall wall"),
        (lambda: fs.polar(r=(0.5, 1), phi=TURN, cells=(4, 4)), "wall wall seam seam"),
        (lambda: fs.polar(r=(0, 1), cells=4), "pole wall"),
        (lambda: fs.cylindrical(r=(0, 1), z=(0, 1), cells=(4, 4), periodic=("z",)), "pole wall seam seam"),
        (lambda: fs.spherical(**BALL, cells=(4, 4, 4)), "pole wall pole pole seam seam"),
        (lambda: fs.spherical(r=(0.5, 1), theta=(0, pi / 2), cells=(4, 4)), "wall wall pole wall"),
        (lambda: fs.spherical(r=(0.5, 1), theta=(0.1, pi), cells=(4, 4)), "wall wall wall pole"),
        (lambda: fs.spherical(r=(0, 1), cells=4), "pole wall"),
    ],
)
def test_kinds_of_sides(mesh, kinds):
    mesh = mesh()
    assert [side.kind for side in mesh.sides.values()] == kinds.split()
    assert mesh.walls == tuple(name for name, side in mesh.sides.items() if side.kind == "wall")


@pytest.mark.parametrize("name", MESHES)
def test_every_axis_has_two_sides_in_order(name):
    mesh = MESHES[name](4)
    assert list(mesh.sides) == [n + end for n in mesh.names for end in "-+"]
    for key, side in mesh.sides.items():
        assert side.name == key
        assert mesh.names[side.axis] == key[:-1]
        assert side.end == "-+".index(key[-1])
        assert (side.pole is not None) == (side.kind == "pole")
        areas = np.take(mesh.face_areas(side.axis), -side.end, axis=side.axis)
        assert (np.abs(areas).max() < 1e-12) == (side.kind == "pole")


# ---- which points lie inside


@pytest.mark.parametrize("name", MESHES)
def test_centres_are_found_again(name):
    mesh = MESHES[name](8)
    points = mesh.points.reshape(mesh.dim, -1)
    q = mesh.native(points)
    assert q.shape == points.shape
    for number, axis in enumerate(mesh.coordinate_axis):
        if axis is not None:
            assert q[number] == pytest.approx(mesh.centers[axis].ravel(), abs=1e-9)
    assert np.all(mesh.contains(points))


@pytest.mark.parametrize("name", MESHES)
def test_corners_lie_inside_and_points_beyond_walls_do_not(name):
    mesh = MESHES[name](8)
    assert np.all(mesh.contains(mesh.corners.reshape(mesh.dim, -1)))
    for side in mesh.sides.values():
        if side.kind != "wall":
            continue
        edges = mesh.axes[side.axis].edges
        q = [np.broadcast_to(c, mesh.shape).ravel() for c in mesh.open_centers]
        step = 0.05 * (edges[-1] - edges[0])
        q[mesh.axis_coordinate[side.axis]] = np.full(mesh.size, edges[-1] + step if side.end else edges[0] - step)
        assert not np.any(mesh.contains(np.stack(mesh.coordinates.to_cartesian(q)))), side.name


def test_points_that_are_no_numbers_lie_nowhere():
    mesh = fs.polar(r=(0, 1), phi=TURN, cells=(4, 8))
    assert list(mesh.contains(np.array([[nan, inf, 0.0, 0.5], [0.0, 0.0, 0.0, 0.5]]))) == [False, False, True, True]


def test_native_coordinates_fall_within_the_mesh():
    """A sector that crosses the ray phi = 0, and a full turn that begins elsewhere."""
    sector = fs.polar(r=(0, 1), phi=(-0.5, 0.5), cells=(4, 8))
    points = np.array([[0.5, 0.5, -0.5], [0.1, -0.1, 0.1]])
    assert sector.native(points)[1, :2] == pytest.approx([np.arctan2(0.1, 0.5), -np.arctan2(0.1, 0.5)])
    assert list(sector.contains(points)) == [True, True, False]
    turn = fs.polar(r=(0, 1), phi=(pi, 3 * pi), cells=(4, 8))
    assert np.all((turn.native(points)[1] >= pi) & (turn.native(points)[1] < 3 * pi))
    box = fs.cartesian(x=(1, 2), cells=4, periodic=("x",))
    assert box.native(np.array([[0.25, 1.25, 7.25]]))[0] == pytest.approx([1.25] * 3)
    assert np.all(box.contains(np.array([[-3.0, 1.5, 9.0]])))


def test_the_first_edge_of_a_turn_belongs_to_it():
    turn = fs.polar(r=(0, 1), phi=TURN, cells=(4, 8))
    below = np.array([[0.5], [-1e-17]])
    assert turn.native(below)[1, 0] == 0.0


def test_left_out_axes_hold_points_everywhere_along_them():
    tube = fs.cylindrical(r=(1, 2), cells=4)
    assert list(tube.contains(np.array([[0.0, 0.0], [1.5, 2.5], [-77.0, 0.0]]))) == [True, False]
    ball = fs.spherical(r=(0, 1), cells=4)
    assert list(ball.contains(np.array([[0.0, 1.0], [0.0, 1.0], [-0.9, 0.0]]))) == [True, False]


# ---- names in formulas


@pytest.mark.parametrize(
    ("mesh", "names"),
    [
        (lambda: fs.cartesian(x=(0, 1), cells=4), "x"),
        (lambda: fs.cartesian(x=(0, 1), y=(0, 1), cells=(4, 4)), "x y r phi"),
        (lambda: fs.cartesian(x=(0, 1), y=(0, 1), z=(0, 1), cells=(4,) * 3), "x y z r theta phi"),
        (lambda: fs.polar(r=(0, 1), phi=TURN, cells=(4, 4)), "x y r phi"),
        (lambda: fs.polar(r=(0, 1), cells=4), "r"),
        (lambda: fs.cylindrical(r=(0, 1), phi=TURN, z=(0, 1), cells=(4,) * 3), "x y z r theta phi"),
        (lambda: fs.cylindrical(r=(0, 1), z=(0, 1), cells=(4, 4)), "r z theta"),
        (lambda: fs.cylindrical(r=(0, 1), phi=TURN, cells=(4, 4)), "x y r phi"),
        (lambda: fs.cylindrical(r=(0, 1), cells=4), "r"),
        (lambda: fs.spherical(**BALL, cells=(4,) * 3), "x y z r theta phi"),
        (lambda: fs.spherical(r=(0, 1), theta=(0, pi), cells=(4, 4)), "r theta z"),
        (lambda: fs.spherical(r=(0, 1), cells=4), "r"),
    ],
)
def test_names_that_vary_along_a_left_out_axis_are_absent(mesh, names):
    assert mesh().expression_names == frozenset(names.split())


@pytest.mark.parametrize("name", MESHES)
def test_named_coordinates_have_their_values(name):
    """x, y, z of the points; r, theta and phi the mesh's own, or else the polar or spherical ones (ISO 80000-2)."""
    mesh = MESHES[name](4)
    values = mesh.coordinate_values(mesh.expression_names)
    assert set(values) == mesh.expression_names
    x = dict(zip("xyz", mesh.points, strict=False))
    radius = np.sqrt(sum(part**2 for part in mesh.points))
    expected = {**x, "r": radius}
    if mesh.dim > 1:
        expected["phi"] = np.arctan2(x["y"], x["x"]) % (2 * pi)
    if mesh.dim == 3:
        expected["theta"] = np.arccos(np.clip(x["z"] / radius, -1, 1))
    expected |= dict(zip(mesh.names, mesh.centers, strict=True))
    for key, got in values.items():
        assert np.broadcast_to(got, mesh.shape) == pytest.approx(expected[key], abs=1e-7), key


@pytest.mark.parametrize(
    ("mesh", "name", "said"),
    [
        (lambda: fs.polar(r=(0, 1), cells=4), "x", "it varies along phi, which this mesh leaves out as a symmetry"),
        (lambda: fs.cylindrical(r=(0, 1), z=(0, 1), cells=(4, 4)), "phi", "Give the mesh that axis too"),
        (lambda: fs.spherical(r=(0, 1), cells=4), "z", "it varies along theta and phi"),
        (
            lambda: fs.cartesian(x=(0, 1), y=(0, 1), cells=(4, 4)),
            "z",
            "is not a coordinate of a cartesian mesh over x, y",
        ),
        (lambda: fs.cartesian(x=(0, 1), cells=4), "rho", "Use x."),
    ],
)
def test_absent_names_say_why(mesh, name, said):
    with pytest.raises(InvalidInput, match=f"`{name}` ") as caught:
        mesh().coordinate_values([name])
    assert said in str(caught.value)


def test_unknown_axes_are_named():
    with pytest.raises(InvalidInput, match="`axis` must be one of r, phi; got 'x'"):
        fs.polar(r=(0, 1), phi=TURN, cells=(4, 4)).axis_number("x")


@pytest.mark.parametrize("name", MESHES)
def test_coordinates_on_the_faces_of_a_side(name):
    mesh = MESHES[name](4)
    for key, side in mesh.sides.items():
        values = mesh.face_coordinates(key)
        shape = tuple(n for k, n in enumerate(mesh.shape) if k != side.axis)
        assert set(values) == mesh.expression_names
        assert all(value.shape == shape for value in values.values())
        edges = mesh.axes[side.axis].edges
        assert np.all(values[mesh.names[side.axis]] == edges[-side.end])
        for k, other in enumerate(mesh.names):
            if k != side.axis:
                along = np.take(mesh.centers[k], 0, axis=side.axis)
                assert np.array_equal(values[other], along)
        assert set(mesh.face_coordinates(key, [mesh.names[0]])) == {mesh.names[0]}


def test_a_mesh_describes_itself():
    text = repr(fs.polar(r=(0, 2), phi=(0, 1), cells=(4, 8)))
    assert text == "<polar mesh r=0..2 (4), phi=0..1 (8)>"
