"""Volume, surface and line integrals against closed forms and the theorems of Gauss and Stokes."""

from __future__ import annotations

from math import pi

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldsim.analysis.integrals import circulation, flux, integrate, work
from fieldsim.analysis.paths import Circle, Curve, Line, Polygon, Polyline
from fieldsim.analysis.surfaces import Box, Cylinder, Disc, Parallelogram, Patch, Sphere
from fieldsim.errors import InvalidInput, RankError
from fieldsim.fields import ScalarField, VectorField
from fieldsim.meshes import cartesian, curvilinear, cylindrical, polar, spherical
from fieldsim.operators import curl, divergence, gradient

TURN = (0.0, 2.0 * pi)
CUBE = cartesian(x=(-1, 1), y=(-1, 1), z=(-1, 1), cells=(12, 14, 10))


# ---- integrate


@pytest.mark.parametrize(
    ("mesh", "volume"),
    [
        (cartesian(x=(0, 2), y=(0, 3), cells=(4, 5)), 6.0),
        (polar(r=(0, 2), phi=TURN, cells=(5, 8)), 4 * pi),
        (polar(r=(0, 2), cells=5), 4 * pi),
        (cylindrical(r=(0, 1), z=(0, 2), cells=(5, 4)), 2 * pi),
        (cylindrical(r=(0, 1), cells=5), pi),
        (spherical(r=(1, 2), cells=5), 28 * pi / 3),
        (spherical(r=(0, 2), theta=(0, pi), cells=(5, 6)), 32 * pi / 3),
        (spherical(r=(0, 2), theta=(0, pi), phi=TURN, cells=(5, 6, 8)), 32 * pi / 3),
    ],
)
def test_one_integrates_to_the_volume(mesh: object, volume: float) -> None:
    """Left-out axes count in full: 2 pi for phi, 4 pi for a radial sphere, one metre for z."""
    assert integrate(ScalarField(mesh, 1.0)) == pytest.approx(volume, rel=1e-13)


def test_second_order_for_a_smooth_field() -> None:
    """The integral of exp(x) sin(pi y) over the unit square is 2 (e - 1) / pi."""
    exact = 2 * (np.e - 1) / pi
    errors = []
    for n in (16, 32):
        mesh = cartesian(x=(0, 1), y=(0, 1), cells=(n, n))
        errors.append(abs(integrate(ScalarField(mesh, "exp(x)*sin(pi*y)")) - exact))
    assert np.log2(errors[0] / errors[1]) == pytest.approx(2.0, abs=0.05)


def test_vectors_give_cartesian_components() -> None:
    mesh = polar(r=(0, 2), phi=TURN, cells=(12, 16))
    assert integrate(VectorField(mesh, ["3", "-1"], basis="cartesian")) == pytest.approx([12 * pi, -4 * pi], rel=1e-12)
    # e_r alone adds up to nothing over a full turn
    assert integrate(VectorField(mesh, ["1", "0"])) == pytest.approx([0.0, 0.0], abs=1e-12)


def test_unit_vectors_turn_along_left_out_axes() -> None:
    """e_z = cos(theta) e_r - sin(theta) e_theta fills a ball to its volume along z; e_r of a sphere does not."""
    ball = spherical(r=(0, 1), theta=(0, pi), cells=(8, 16))
    total = integrate(VectorField(ball, ["cos(theta)", "-sin(theta)", "0"]))
    assert total == pytest.approx([0.0, 0.0, 4 * pi / 3], abs=1e-12)
    assert integrate(VectorField(spherical(r=(0, 1), cells=8), ["1", "0", "0"])) == pytest.approx([0.0] * 3, abs=1e-12)
    tube = cylindrical(r=(0, 1), z=(0, 1), cells=(6, 6))
    assert integrate(VectorField(tube, ["r", "r", "2"])) == pytest.approx([0.0, 0.0, 2 * pi], abs=1e-12)


def test_cut_out_cells_do_not_count() -> None:
    mesh = cartesian(x=(0, 1), y=(0, 1), cells=(4, 4))
    values = np.ones(mesh.shape)
    values[0, 0] = np.nan
    assert integrate(ScalarField.from_values(mesh, values)) == pytest.approx(15 / 16)


def test_integrate_wants_a_field() -> None:
    with pytest.raises(RankError, match="scalar or vector field"):
        integrate(np.ones(3))  # type: ignore[call-overload]


# ---- flux

coefficients = st.lists(st.floats(-2, 2), min_size=6, max_size=6)


def quadratic(c: list[float]) -> list[str]:
    """A field whose divergence and curl are linear; F.at is exact for it."""
    return [
        f"{c[0]}*x*x + {c[1]}*y*z + {c[2]}*y",
        f"{c[3]}*x*y + {c[4]}*z*z - {c[0]}*z",
        f"{c[5]}*z*x + {c[2]}*y*y + {c[1]}*x",
    ]


@settings(max_examples=15, deadline=None)
@given(c=coefficients)
def test_gauss_on_quadratic_fields(c: list[float]) -> None:
    """Flux out of a box, a sphere and a cylinder = divergence at the centre times volume (div F is linear)."""
    field = VectorField(CUBE, quadratic(c))
    spread = 2 * c[0] + c[3] + c[5]  # div F = spread * x
    for surface, volume, x in [
        (Box((-0.2, -0.5, -0.3), (0.8, 0.4, 0.6)), 0.9 * 0.9, 0.3),
        (Sphere((0.2, -0.1, 0.1), 0.6), 4 / 3 * pi * 0.6**3, 0.2),
        (Cylinder((0.2, 0.1, -0.4), (0.2, 0.1, 0.5), 0.3), pi * 0.09 * 0.9, 0.2),
    ]:
        assert flux(field, surface) == pytest.approx(spread * x * volume, abs=1e-10)


@settings(max_examples=15, deadline=None)
@given(c=coefficients)
def test_stokes_on_quadratic_fields(c: list[float]) -> None:
    """Circulation around a circle and a triangle = flux of the curl through disc and patch."""
    field = VectorField(CUBE, quadratic(c))
    turning = curl(field)
    assert isinstance(turning, VectorField)
    normal = (1.0, -2.0, 0.5)
    ring, disc = Circle((0.1, 0.0, -0.2), 0.5, normal), Disc((0.1, 0.0, -0.2), 0.5, normal)
    assert circulation(field, ring) == pytest.approx(flux(turning, disc), abs=1e-9)
    corner, first, second = np.array([-0.3, 0.1, 0.2]), np.array([0.5, 0.2, 0.1]), np.array([-0.1, 0.4, -0.3])
    around = Polygon([corner, corner + first, corner + first + second, corner + second])
    assert circulation(field, around) == pytest.approx(flux(turning, Parallelogram(corner, first, second)), abs=1e-9)


@pytest.mark.parametrize(
    "mesh",
    [
        CUBE,
        polar(r=(0.5, 2), phi=TURN, cells=(16, 32)),
        polar(r=(0.5, 2), phi=(0.2, 1.9), cells=(16, 16)),
        cylindrical(r=(0, 1), z=(0, 2), cells=(16, 16)),
        cylindrical(r=(0, 1), phi=TURN, z=(0, 2), cells=(12, 16, 10)),
        spherical(r=(0.5, 2), cells=24),
        spherical(r=(0.5, 2), theta=(0, pi), cells=(16, 24)),
        spherical(r=(0.5, 2), theta=(0.4, 2), phi=(0.1, 1.5), cells=(16, 24, 16)),
    ],
    ids=str,
)
def test_gauss_over_the_whole_mesh(mesh: object) -> None:
    """The position vector's divergence is the dimension: the sum over all sides is dim * volume."""
    names = mesh.coordinates.names
    radial = {"r": "r", "z": "z", "x": "x", "y": "y"}
    parts = [radial.get(n, "0") for n in names]
    if "z" in names and "z" not in mesh.names:
        pytest.skip("no z")
    field = VectorField(mesh, parts)
    total = sum(flux(field, side) for side in mesh.sides)
    assert total == pytest.approx(mesh.dim * float(mesh.volumes.sum()), rel=1e-12)


def test_a_seam_is_a_surface_and_a_pole_is_none() -> None:
    mesh = polar(r=(0, 1), phi=TURN, cells=(20, 32))
    whirl = VectorField(mesh, ["0", "r"])
    assert flux(whirl, "phi+") == pytest.approx(0.5, rel=1e-12)
    assert flux(whirl, "phi-") == pytest.approx(-0.5, rel=1e-12)
    assert flux(whirl, "r-") == 0.0


def test_a_point_charge_has_the_same_flux_through_every_closed_surface() -> None:
    """Gauss: q / epsilon0 = 112.941 V m for 1 nC (Griffiths, section 2.2; CODATA epsilon0)."""

    def field(p: np.ndarray) -> np.ndarray:
        return 8.9875517923 * p / np.linalg.norm(p, axis=1)[:, None] ** 3

    for surface in (
        Sphere((0.3, 0, 0), 1.0),
        Box((-1, -1, -0.5), (1, 2, 1)),
        Cylinder((0, 0, -1), (0.1, 0, 2), 0.8),
        Patch(
            lambda u, v: np.stack([np.sin(u) * np.cos(v), 2 * np.sin(u) * np.sin(v), np.cos(u)], axis=1), (0, pi), TURN
        ),
    ):
        assert flux(field, surface) == pytest.approx(112.9409, rel=1e-6)
    assert flux(field, Sphere((3, 0, 0), 1.0)) == pytest.approx(0.0, abs=1e-9)


def test_an_axisymmetric_field_is_known_at_every_angle() -> None:
    mesh = cylindrical(r=(0, 2), z=(-1, 1), cells=(20, 20))
    field = VectorField(mesh, ["r", "0", "z"])
    assert flux(field, Sphere((0.4, 0.5, 0.1), 0.7)) == pytest.approx(3 * 4 / 3 * pi * 0.343, rel=1e-9)


def test_flux_in_the_plane() -> None:
    mesh = cartesian(x=(-1, 1), y=(-1, 1), cells=(10, 10))
    field = VectorField(mesh, ["x", "y"])
    assert flux(field, Circle((0.1, 0.2), 0.5)) == pytest.approx(2 * pi * 0.25, rel=1e-12)
    assert flux(field, Box((-0.5, -0.5), (0.5, 0.25))) == pytest.approx(2 * 0.75, rel=1e-12)
    # upwards along x = 0.5 the positive side is on the right, at larger x
    assert flux(field, Line((0.5, 0.0), (0.5, 0.5))) == pytest.approx(0.25, rel=1e-12)


# ---- work and circulation


def test_solid_body_rotation() -> None:
    """F = (-y, x) does work 2 x area around a loop."""
    mesh = cartesian(x=(-1, 1), y=(-1, 1), cells=(10, 10))
    whirl = VectorField(mesh, ["-y", "x"])
    assert circulation(whirl, Circle((0.2, 0.1), 0.5)) == pytest.approx(2 * pi * 0.25, rel=1e-12)
    assert circulation(whirl, [(0, 0), (0.5, 0), (0.5, 0.5)]) == pytest.approx(0.25, rel=1e-12)
    assert circulation(whirl, [(0.5, 0.5), (0.5, 0), (0, 0)]) == pytest.approx(-0.25, rel=1e-12)
    heart = Curve(lambda t: np.stack([0.5 * np.cos(t), 0.25 * np.sin(t)], axis=1), TURN)
    assert circulation(whirl, heart) == pytest.approx(2 * pi * 0.125, rel=1e-10)


@settings(max_examples=20, deadline=None)
@given(points=st.lists(st.tuples(*(st.floats(-0.9, 0.9),) * 3), min_size=2, max_size=6, unique=True))
def test_a_conservative_force_does_not_ask_for_the_path(points: list[tuple[float, float, float]]) -> None:
    """U = mgh with m = 2, g = 9.80665: the work of -grad U is U(start) - U(end)."""
    force = -1.0 * gradient(ScalarField(CUBE, "2*9.80665*z"))
    expected = 2 * 9.80665 * (points[0][2] - points[-1][2])
    assert work(force, points) == pytest.approx(expected, abs=1e-10)
    assert work(force, Polyline(points)) == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda F: flux(F, "q+"), InvalidInput, "a side"),
        (lambda F: flux(F, Sphere((0, 0, 0), 5.0)), InvalidInput, "inside the mesh"),
        (lambda F: flux(F, Circle((0, 0), 0.5)), InvalidInput, "3 Cartesian"),
        (lambda F: flux(F, 3.0), InvalidInput, "path"),
        (lambda F: flux(lambda p: p[:, :2], Sphere((0, 0, 0), 1.0)), InvalidInput, "components of shape"),
        (lambda F: flux(lambda p: p, "x+"), InvalidInput, "no sides"),
        (lambda F: flux(F.norm(), "x+"), RankError, "scalar field"),
        (lambda F: flux("F", "x+"), RankError, "vector field"),
        (lambda F: circulation(F, Line((0, 0, 0), (1, 0, 0))), InvalidInput, "closed"),
        (lambda F: work(F, [(0, 0, 0)]), InvalidInput, "two finite points"),
        (lambda F: work(F, [(0, 0, 0), (np.nan, 0, 0)]), InvalidInput, "finite"),
        (lambda F: work(F, "line"), InvalidInput, "points"),
        (lambda F: work(F, Line((0, 0, 0), (2, 0, 0))), InvalidInput, "inside the mesh"),
        (lambda F: Sphere((0, 0), 1.0), InvalidInput, "Circle"),
        (lambda F: Sphere((0, 0, 0), -1.0), InvalidInput, "positive"),
        (lambda F: Disc((0, 0, 0), 1.0, (0, 0, 0)), InvalidInput, "different from zero"),
        (lambda F: Box((0, 0, 0), (1, 1, 0)), InvalidInput, "beyond low"),
        (lambda F: Parallelogram((0, 0, 0), (1, 0, 0), (2, 0, 0)), InvalidInput, "not along"),
        (lambda F: Circle((0, 0, 0), 1.0), InvalidInput, "normal"),
        (lambda F: Circle((0, 0), 1.0, (0, 0, 1)), InvalidInput, "plane"),
        (lambda F: Line((0, 0), (0, 0)), InvalidInput, "different"),
        (lambda F: Cylinder((0, 0, 0), (0, 0, 0), 1.0), InvalidInput, "different"),
        (lambda F: Curve(lambda t: t, (0, 1)), InvalidInput, "shape"),
        (lambda F: Patch(lambda u, v: u, (0, 1), (0, 1)), InvalidInput, "shape"),
    ],
)
def test_bad_questions_are_refused(call: object, error: type, words: str) -> None:
    field = VectorField(CUBE, ["x", "y", "z"])
    with pytest.raises(error, match=words):
        call(field)


def test_a_surface_through_cut_out_cells_is_refused() -> None:
    values = np.ones((3, *CUBE.shape))
    values[:, 5:7, 6:8, 4:6] = np.nan
    with pytest.raises(InvalidInput, match="cut out"):
        flux(VectorField.from_values(CUBE, values), Disc((0, 0, 0.0), 0.4, (0, 0, 1)))


def test_divergence_and_sides_close_the_balance() -> None:
    mesh = cartesian(x=(0, 1), y=(0, 1), cells=(24, 24))
    field = VectorField(mesh, ["sin(2*x)*y", "cos(y)*x"])
    sides = sum(flux(field, side) for side in mesh.sides)
    assert integrate(divergence(field, order=4)) == pytest.approx(sides, rel=2e-3)


@pytest.mark.parametrize("cells", [(8, 32), (16, 64)])
def test_flux_through_the_sides_of_an_annulus_made_of_corners(cells: tuple[int, int]) -> None:
    """F = e_r / r carries 2 pi through every circle; the sides are polygons, second order."""
    mesh = curvilinear(map={"x": "(1 + u)*cos(v)", "y": "(1 + u)*sin(v)"}, v=(0, 2 * pi), cells=cells, periodic=("v",))
    F = VectorField(mesh, ["x/(x**2 + y**2)", "y/(x**2 + y**2)"])
    for side, sign in (("u+", 1.0), ("u-", -1.0)):
        assert flux(F, side) == pytest.approx(sign * 2 * pi, rel=5.0 / cells[1] ** 2)


def test_gauss_on_a_warped_box() -> None:
    """The sum over the sides is the integral of the divergence; nothing for a constant field (Gauss)."""
    mesh = curvilinear(map={"x": "u + 0.2*v + 0.1*sin(v*w)", "y": "v + 0.3*w*u", "z": "w + 0.1*u*v"}, cells=(9, 8, 10))
    whole = sum(flux(VectorField(mesh, ["x", "2*y", "3*z"]), side) for side in mesh.sides)
    assert whole == pytest.approx(6.0 * mesh.volumes.sum(), rel=1e-4)
    assert sum(flux(VectorField(mesh, ["1", "2", "3"]), side) for side in mesh.sides) == pytest.approx(0.0, abs=1e-13)
