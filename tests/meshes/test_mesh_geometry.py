"""Positions, volumes, faces and distances of meshes against elementary geometry."""

from __future__ import annotations

from itertools import pairwise
from math import pi, sin

import numpy as np
import pytest
from mesh_catalogue import MESHES, REGULAR
from oracles import cell_volume, cells_of

import fieldsim as fs

TURN = (0.0, 2 * pi)


# ---- totals everyone knows


@pytest.mark.parametrize(
    ("mesh", "expected"),
    [
        (lambda: fs.cartesian(x=(-1, 3), cells=7), 4.0),
        (lambda: fs.cartesian(x=(-1, 3), y=(0, 0.5), cells=(7, 3)), 2.0),
        (lambda: fs.cartesian(x=(-1, 3), y=(0, 0.5), z=(2, 5), cells=(7, 3, 2)), 6.0),
        (lambda: fs.polar(r=(0, 2), phi=TURN, cells=(5, 8)), 4 * pi),
        (lambda: fs.polar(r=(0, 2), cells=5), 4 * pi),
        (lambda: fs.polar(r=(1, 2), phi=(0, pi / 3), cells=(5, 8)), pi / 2),
        (lambda: fs.cylindrical(r=(0, 2), phi=TURN, z=(0, 3), cells=(5, 8, 2)), 12 * pi),
        (lambda: fs.cylindrical(r=(0, 2), z=(0, 3), cells=(5, 2)), 12 * pi),
        (lambda: fs.cylindrical(r=(0, 2), phi=TURN, cells=(5, 8)), 4 * pi),
        (lambda: fs.cylindrical(r=(0, 2), cells=5), 4 * pi),
        (lambda: fs.spherical(r=(0, 2), theta=(0, pi), phi=TURN, cells=(5, 6, 8)), 4 / 3 * pi * 8),
        (lambda: fs.spherical(r=(0, 2), theta=(0, pi), cells=(5, 6)), 4 / 3 * pi * 8),
        (lambda: fs.spherical(r=(0, 2), cells=5), 4 / 3 * pi * 8),
        (lambda: fs.spherical(r=(1, 2), cells=5), 4 / 3 * pi * 7),
        (lambda: fs.spherical(r=(0, 2), theta=(0, pi / 2), phi=(0, pi / 2), cells=(5, 6, 8)), 1 / 6 * pi * 8),
    ],
)
def test_volumes_add_up_to_the_body(mesh, expected):
    assert mesh().volumes.sum() == pytest.approx(expected, rel=1e-13)


def test_the_centre_cell_of_a_ball_is_a_ball():
    assert fs.spherical(r=(0, 1), cells=10).volumes[0] == pytest.approx(4 / 3 * pi * 1e-3, rel=1e-13)


# ---- every cell of every mesh


@pytest.mark.parametrize("name", [n for n in MESHES if MESHES[n](4).coordinates.name in REGULAR])
def test_volume_of_each_cell(name):
    mesh = MESHES[name](4)
    expected = np.array([cell_volume(mesh, cell) for cell in cells_of(mesh)]).reshape(mesh.shape)
    assert mesh.volumes == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", MESHES)
def test_volumes_are_the_determinant_of_the_map(name):
    """|dx/dq| at the centre times the widths, to second order in the widths."""
    errors = []
    for n in (8, 16):
        mesh = MESHES[name](n)
        q = [np.broadcast_to(c, mesh.shape) for c in mesh.open_centers]
        tangents = [[np.broadcast_to(t, mesh.shape) for t in mesh.coordinates.tangents(q, i)] for i in range(mesh.dim)]
        expected = np.abs(np.linalg.det(np.moveaxis(np.array(tangents), (0, 1), (-2, -1))))
        for number, axis in enumerate(mesh.coordinate_axis):
            low, high = mesh.coordinates.whole[number]
            if axis is not None:
                expected = expected * mesh.along(mesh.axes[axis].widths, axis)
            elif mesh.coordinates.names[number] == "theta":
                expected = expected * 2.0  # sin(theta) from pole to pole, 1 at its reference
            else:
                expected = expected * (high - low)
        errors.append(np.abs(mesh.volumes - expected).max() / expected.max())
    assert errors[1] < 0.1
    assert errors[1] < max(0.35 * errors[0], 1e-12)


@pytest.mark.parametrize("name", MESHES)
def test_finer_cells_fill_the_same_body(name):
    coarse, fine = MESHES[name](4), MESHES[name](8)
    assert np.all(coarse.volumes > 0.0)
    if "stretched" in name:  # the stretched edges of the finer mesh halve the coarse cells, too
        assert np.allclose(fine.axes[0].edges[::2], coarse.axes[0].edges, atol=1e-14)
    total = fine.volumes
    for axis in range(fine.ndim):
        total = np.add.reduceat(total, np.arange(0, total.shape[axis], 2), axis=axis)
    assert total == pytest.approx(coarse.volumes, rel=1e-9)


@pytest.mark.parametrize("name", MESHES)
def test_shapes_and_positions(name):
    mesh = MESHES[name](8)
    assert mesh.size == np.prod(mesh.shape)
    assert mesh.ndim == len(mesh.shape) == len(mesh.names) == len(mesh.axes)
    assert mesh.centers.shape == (mesh.ndim, *mesh.shape)
    assert mesh.points.shape == (mesh.dim, *mesh.shape)
    assert mesh.corners.shape == (mesh.dim, *(n + 1 for n in mesh.shape))
    assert mesh.volumes.shape == mesh.shape
    assert mesh.basis.shape[:2] == (mesh.dim, mesh.dim)
    assert np.broadcast_shapes(mesh.basis.shape[2:], mesh.shape) == mesh.shape
    for number, axis in enumerate(mesh.axes):
        assert axis.cells == mesh.shape[number]
        assert axis.centers == pytest.approx((axis.edges[1:] + axis.edges[:-1]) / 2)
        assert axis.widths == pytest.approx(np.diff(axis.edges))
        assert axis.length == pytest.approx(axis.widths.sum())
        along = [0] * mesh.ndim
        along[number] = slice(None)
        assert np.array_equal(mesh.centers[(number, *along)], axis.centers)
    q = [np.full(mesh.shape, r) for r in mesh.coordinates.reference]
    for number, axis in enumerate(mesh.coordinate_axis):
        if axis is not None:
            q[number] = mesh.centers[axis]
    for x, y in zip(mesh.points, mesh.coordinates.to_cartesian(q), strict=True):
        assert np.array_equal(x, y)


@pytest.mark.parametrize("name", MESHES)
def test_what_a_mesh_hands_out_cannot_be_changed(name):
    mesh = MESHES[name](4)
    for array in (mesh.centers, mesh.points, mesh.volumes, mesh.corners, mesh.axes[0].edges, mesh.axes[0].centers):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0.0
    with pytest.raises(AttributeError):
        mesh.axes = ()
    # Meshes are compared by identity and serve as keys.
    assert mesh != MESHES[name](4)
    assert {mesh: 1}[mesh] == 1


@pytest.mark.parametrize("name", MESHES)
def test_unit_vectors_of_the_mesh_are_orthonormal_and_right_handed(name):
    mesh = MESHES[name](4)
    e = np.moveaxis(np.broadcast_to(mesh.basis, (mesh.dim, mesh.dim, *mesh.shape)), (0, 1), (-2, -1))
    assert np.allclose(e @ np.swapaxes(e, -1, -2), np.eye(mesh.dim), atol=1e-12)
    assert np.allclose(np.linalg.det(e), 1.0)


# ---- faces and distances


@pytest.mark.parametrize(
    "name", [n for n in MESHES if n.startswith(("polar", "cylindrical", "spherical", "cartesian"))]
)
def test_faces_are_the_derivative_of_volume(name):
    """V(q) of the part below a face grows by the face's area a metre: dV = A h dq, exact for the faces' areas."""
    mesh = MESHES[name](4)
    for number in range(mesh.ndim):
        areas, axis = mesh.face_areas(number), mesh.axes[number]
        shape = list(mesh.shape)
        shape[number] += 1
        assert areas.shape == tuple(shape)
        assert np.all(areas >= 0.0)
        expected = _face_areas_by_hand(mesh, number)
        assert areas == pytest.approx(expected, rel=1e-12, abs=1e-14)
        below, above = mesh.half_distances(number)
        h = np.broadcast_to(mesh.scale_factors[mesh.axis_coordinate[number]], mesh.shape)
        widths = mesh.along(axis.widths, number)
        assert below + above == pytest.approx(np.broadcast_to(h * widths, mesh.shape), rel=1e-12)
        assert below == pytest.approx(above, rel=1e-12)


def _face_areas_by_hand(mesh, number):
    """Return the areas of the faces across an axis from the formulas of the four textbook systems."""
    names = mesh.coordinates.names
    spans = {}
    for name, whole in zip(names, mesh.coordinates.whole, strict=True):
        edges = np.array(whole)
        if name in mesh.names:
            edges = mesh.axes[mesh.names.index(name)].edges
        spans[name] = edges
    d = {name: np.diff(edges) for name, edges in spans.items()}
    across = mesh.names[number]
    edge = spans[across]
    r2 = {"r": np.diff(spans["r"] ** 2) / 2} if "r" in spans else {}
    band = -np.diff(np.cos(spans["theta"])) if "theta" in spans else None
    match mesh.coordinates.name, across:
        case "cartesian", _:
            factors = {n: (np.ones_like(edge) if n == across else d[n]) for n in names}
        case (("polar" | "cylindrical"), "r"):
            factors = {**d, "r": edge}
        case (("polar" | "cylindrical"), "phi"):
            factors = {**d, "phi": np.ones_like(edge)}
        case "cylindrical", "z":
            factors = {**d, "r": r2["r"], "z": np.ones_like(edge)}
        case "spherical", "r":
            factors = {"r": edge**2, "theta": band, "phi": d["phi"]}
        case "spherical", "theta":
            factors = {"r": r2["r"], "theta": np.sin(edge), "phi": d["phi"]}
        case "spherical", "phi":
            factors = {"r": r2["r"], "theta": d["theta"], "phi": np.ones_like(edge)}
    result = np.ones(())
    for n in names:
        result = np.multiply.outer(result, factors[n])
    left_out = tuple(i for i, axis in enumerate(mesh.coordinate_axis) if axis is None)
    return result.sum(axis=left_out)


def test_faces_at_poles_have_no_area():
    ball = fs.spherical(r=(0, 1), theta=(0, pi), phi=TURN, cells=(4, 6, 8))
    assert np.all(ball.face_areas(0)[0] == 0.0)
    assert np.abs(ball.face_areas(1)[:, [0, -1]]).max() < 1e-15
    assert ball.face_areas(0)[-1].sum() == pytest.approx(4 * pi, rel=1e-13)


def test_cells_close():
    """The flux of a constant vector out of each cell of a disk vanishes: areas and directions fit together."""
    mesh = fs.polar(r=(0.5, 1), phi=(0.2, 1.4), cells=(3, 4))
    x, y = mesh.corners
    for i, j in cells_of(mesh):
        loop = [(i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1), (i, j)]
        chord = sum(x[a] * y[b] - x[b] * y[a] for a, b in pairwise(loop)) / 2
        dphi = 1.2 / 4
        # The chord area of an annular sector is sin(dphi)/dphi of the true one.
        assert chord == pytest.approx(mesh.volumes[i, j] * sin(dphi) / dphi, rel=1e-12)
