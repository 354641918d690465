"""The picture grid: it reaches the walls, closes at the seam, has no hole on the axis, and lies in true space."""

from __future__ import annotations

from math import pi, tau

import numpy as np
import pytest

import fieldsim as fs
from fieldsim.view.contours import contour_lines, plane_patches
from fieldsim.view.grid import block

MESHES = {
    "box": lambda: fs.cartesian(x=(0, 1), y=(0, 2), z=(-1, 1), cells=(6, 7, 8)),
    "periodic box": lambda: fs.cartesian(x=(0, 1), y=(0, 2), cells=(12, 7), periodic=("x",)),
    "disc": lambda: fs.polar(r=(0, 1), phi=(0, tau), cells=(8, 24)),
    "ring": lambda: fs.polar(r=(0.5, 1), phi=(0, tau), cells=(8, 24)),
    "sector": lambda: fs.polar(r=(0, 1), phi=(0, 1), cells=(8, 6)),
    "cylinder": lambda: fs.cylindrical(r=(0, 1), phi=(0, tau), z=(0, 1), cells=(6, 16, 5)),
    "ball": lambda: fs.spherical(r=(0, 1), theta=(0, pi), phi=(0, tau), cells=(6, 8, 16)),
    "radial ball": lambda: fs.spherical(r=(0, 1), cells=6),
    "meridian": lambda: fs.cylindrical(r=(0, 1), z=(0, 1), cells=(6, 5)),
    "radial disc": lambda: fs.polar(r=(0, 1), cells=6),
}


@pytest.mark.parametrize("name", MESHES)
def test_a_constant_stays_constant(name: str) -> None:
    grid = block(fs.ScalarField(MESHES[name](), 3.5))
    assert np.abs(grid.values - 3.5).max() < 1e-13


@pytest.mark.parametrize("name", ["disc", "ring", "ball", "cylinder", "radial ball", "radial disc"])
def test_a_full_turn_closes_at_the_seam(name: str) -> None:
    mesh = MESHES[name]()
    text = "x + r**2" if "phi" in mesh.names else "r**2"
    grid = block(fs.ScalarField(mesh, text))
    axis = 1 if grid.ndim == 2 or name == "cylinder" else 2
    first, last = (np.take(grid.points, end, axis=axis) for end in (0, -1))
    assert np.abs(first - last).max() < 1e-14
    one, two = (np.take(grid.values, end, axis=axis) for end in (0, -1))
    assert np.array_equal(one, two)


@pytest.mark.parametrize("name", ["disc", "ball", "radial ball", "radial disc"])
def test_there_is_no_hole_at_the_centre_and_one_value_there(name: str) -> None:
    mesh = MESHES[name]()
    grid = block(fs.ScalarField(mesh, "2 + r**2 + x" if "phi" in mesh.names else "2 + r**2"))
    centre = grid.points[0].reshape(-1, 3)
    assert np.abs(centre).max() < 1e-15
    values = grid.values[0].ravel()
    assert np.ptp(values) < 1e-12
    assert values[0] == pytest.approx(2.0, abs=1e-10)


@pytest.mark.parametrize("name", ["disc", "ball", "cylinder", "radial ball", "meridian"])
def test_pictures_reach_the_walls(name: str) -> None:
    grid = block(fs.ScalarField(MESHES[name](), "r"))
    radius = np.hypot(grid.points[..., 0], grid.points[..., 1])
    if "ball" in name:
        radius = np.linalg.norm(grid.points, axis=-1)
    assert radius.max() == pytest.approx(1.0, abs=1e-14)


def test_walls_are_exact_for_quadratics() -> None:
    grid = block(fs.ScalarField(MESHES["box"](), "x**2 - 3*y*z + z**2"))
    x, y, z = np.moveaxis(grid.points, -1, 0)
    assert np.abs(grid.values - (x**2 - 3 * y * z + z**2)).max() < 1e-12
    assert (x.min(), x.max(), z.min(), z.max()) == (0.0, 1.0, -1.0, 1.0)


def test_seam_of_a_periodic_box_takes_the_value_between_its_sides() -> None:
    grid = block(fs.ScalarField(MESHES["periodic box"](), "sin(2*pi*x)"))
    assert np.abs(grid.values[[0, -1]]).max() < 1e-14


def test_given_wall_values_are_used_also_where_an_angle_is_swept_out() -> None:
    mesh = MESHES["radial ball"]()
    grid = block(fs.ScalarField(mesh, 1.0), walls={"r+": np.array(7.0)})
    assert np.all(grid.values[-1] == 7.0)
    assert np.all(grid.values[:-1] == 1.0)
    flat = fs.cartesian(x=(0, 1), y=(0, 1), cells=(3, 4))
    edge = np.array([1.0, 2.0, 3.0, 4.0])
    grid = block(fs.ScalarField(flat, 0.0), walls={"x-": edge})
    assert np.array_equal(grid.values[0, 1:-1], edge)


@pytest.mark.parametrize("cells", [(20, 15), (15, 12, 10)])
def test_what_varies_along_one_axis_alone_stays_so_up_to_the_corners(cells: tuple[int, ...]) -> None:
    """Heat between plates at 0 and 100 after a short time (erfc layer, Carslaw and Jaeger 2.4): y and z say nothing."""
    spans = dict(zip("xyz", [(0.0, 1.0)] * len(cells), strict=False))
    mesh = fs.cartesian(**spans, cells=cells)
    field = fs.ScalarField(mesh, "100*erfc((1 - x)/0.2)")
    walls = {"x-": np.full(cells[1:], field.values.min()), "x+": np.full(cells[1:], 100.0)}
    for axis, name in enumerate("xyz"[1 : len(cells)], start=1):
        for end, sign in ((0, "-"), (-1, "+")):
            walls[name + sign] = np.take(field.values, end, axis=axis)
    values = block(field, walls=walls).values
    profile = values[(slice(None), *(n // 2 for n in cells[1:]))]
    assert profile[-1] == 100.0
    assert np.abs(np.moveaxis(values, 0, -1) - profile).max() < 1e-5


def test_held_walls_that_disagree_meet_in_their_mean() -> None:
    mesh = fs.cartesian(x=(0, 1), y=(0, 1), cells=(6, 6))
    walls = {"x-": np.full(6, 100.0), "y-": np.full(6, 0.0), "y+": np.full(6, 40.0)}
    corners = block(fs.ScalarField(mesh, 20.0), walls=walls).values[0, [0, -1]]
    assert corners == pytest.approx([50.0, 70.0])


@pytest.mark.parametrize("make", [lambda: fs.cartesian(x=(0, 1), cells=6), MESHES["radial disc"]])
@pytest.mark.parametrize("shape", [(), (1,)])
def test_the_wall_of_a_mesh_of_one_axis_is_a_number(make, shape: tuple[int, ...]) -> None:
    mesh = make()
    wall = mesh.names[0] + "+"
    for turns in (0, 96):
        grid = block(fs.ScalarField(mesh, 1.0), turns=turns, walls={wall: np.full(shape, 7.0)})
        assert np.all(grid.values[-1] == 7.0)
        assert np.abs(grid.values[:-1] - 1.0).max() < 1e-14


def test_spherical_angles_follow_iso_and_not_the_other_convention() -> None:
    """Theta runs from +z: the value at the first theta lies on the positive z axis."""
    mesh = fs.spherical(r=(0, 1), theta=(0, pi), phi=(0, tau), cells=(4, 6, 8))
    grid = block(fs.ScalarField(mesh, "cos(theta)"))
    z = grid.points[-1, 1:-1, :, 2]
    assert np.allclose(grid.values[-1, 1:-1], z, atol=1e-12)
    assert np.allclose(grid.points[-1, 0], [0.0, 0.0, 1.0])


@pytest.mark.parametrize("name", ["disc", "ring", "cylinder", "ball"])
def test_vectors_are_turned_to_cartesian(name: str) -> None:
    """The field (1, 0[, 0]) in Cartesian components, given on the mesh's own basis, is (1, 0, 0) in the picture."""
    mesh = MESHES[name]()
    field = fs.VectorField(mesh, ["1", "0", "0"][: mesh.dim], basis="cartesian")
    grid = block(field)
    assert np.abs(grid.values - np.array([1.0, 0.0, 0.0])).max() < 1e-12


def test_radial_vectors_of_a_symmetric_mesh_turn_with_the_swept_angle() -> None:
    field = fs.VectorField(MESHES["meridian"](), ["r", "0", "z"])
    grid = block(field)
    assert np.abs(grid.values - grid.points).max() < 1e-12


def test_half_planes_are_mirror_images() -> None:
    grid = block(fs.ScalarField(MESHES["meridian"](), "r + z"), turns=2)
    assert grid.points.shape[1] == 2
    assert np.allclose(grid.points[:, 0, :, 0], -grid.points[:, 1, :, 0], atol=1e-15)
    assert np.array_equal(grid.values[:, 0], grid.values[:, 1])


def test_cut_out_cells_stay_cut_out() -> None:
    mesh = fs.cartesian(x=(-1, 1), y=(-1, 1), cells=(20, 20))
    values = np.where(np.hypot(*mesh.points) < 0.3, np.nan, 1.0)
    grid = block(fs.ScalarField.from_values(mesh, values), fine=100)
    assert np.isnan(grid.values).sum() == np.isnan(values).sum()


def test_refined_patches_have_no_new_extremes_and_round_edges() -> None:
    mesh = MESHES["disc"]()
    step = fs.ScalarField(mesh, "where(x > 0, 1, 0)")
    coarse, fine = block(step), block(step, fine=160)
    assert fine.points.shape[0] > 5 * coarse.points.shape[0]
    assert fine.values.min() >= coarse.values.min() - 1e-12
    assert fine.values.max() <= coarse.values.max() + 1e-12
    assert np.allclose(np.linalg.norm(fine.points[-1], axis=-1), 1.0, atol=1e-14)


@pytest.mark.parametrize(
    ("name", "normal", "patches"), [("box", 1, 1), ("ball", 1, 2), ("ball", 2, 1), ("cylinder", 2, 1)]
)
def test_planes_through_the_middle_are_patches_of_the_grid(name: str, normal: int, patches: int) -> None:
    grid = block(fs.ScalarField(MESHES[name](), "x + 2*z"))
    offset = {"box": 1.0, "cylinder": 0.3}.get(name, 0.0)
    found = plane_patches(grid.points, [grid.values], np.eye(3)[normal], offset)
    assert found is not None
    assert len(found) == patches
    for points, (values,) in found:
        assert np.abs(points[..., normal] - offset).max() < 1e-9
        # values and places are interpolated alike, so a linear field agrees but at curved walls and poles
        assert np.abs(values - points[..., 0] - 2 * points[..., 2]).max() < 0.06


def test_a_plane_off_centre_of_a_ball_is_no_patch() -> None:
    grid = block(fs.ScalarField(MESHES["ball"](), "x"))
    assert plane_patches(grid.points, [grid.values], np.eye(3)[2], 0.3) is None


def test_contours_of_a_cone_are_circles() -> None:
    mesh = fs.cartesian(x=(-1, 1), y=(-1, 1), cells=(80, 80))
    grid = block(fs.ScalarField(mesh, "sqrt(x**2 + y**2)"))
    layer = contour_lines(grid.points, grid.values, [0.5])
    (circle,) = layer.pieces()
    assert np.abs(np.hypot(circle[:, 0], circle[:, 1]) - 0.5).max() < 1e-3
    assert np.allclose(circle[0], circle[-1])


def test_contours_leave_holes_out() -> None:
    mesh = fs.cartesian(x=(-1, 1), y=(-1, 1), cells=(40, 40))
    values = np.where(np.hypot(*mesh.points) < 0.3, np.nan, mesh.points[0])
    grid = block(fs.ScalarField.from_values(mesh, values))
    pieces = contour_lines(grid.points, grid.values, [0.0]).pieces()
    assert len(pieces) == 2
    assert all(np.abs(piece[:, 1]).min() > 0.25 for piece in pieces)
