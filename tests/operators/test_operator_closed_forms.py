"""Closed forms from textbooks: the classic failures of grids with an axis, poles and a seam (METHODS, Operators)."""

from __future__ import annotations

from math import pi

import numpy as np
import pytest

import fieldsim as fs

TURN = (0.0, 2 * pi)


def disk(n):
    return fs.polar(r=(0, 1), phi=TURN, cells=(n, 2 * n))


def ball(n):
    return fs.spherical(r=(0, 1), theta=(0, pi), phi=TURN, cells=(n, n, 2 * n))


def shell(n, **more):
    return fs.spherical(r=(0.8, 1.2), theta=(0, pi), cells=(n, n), **more)


def worst(got, expected):
    return float(np.abs(getattr(got, "values", got) - expected).max())


def rate(error, n, least, most=np.inf):
    """Assert the observed order of `error(cells)` and return the error on the finer mesh."""
    coarse, fine = error(n), error(2 * n)
    order = np.log2(coarse / fine)
    assert least <= order <= most, f"order {order:.2f}: {coarse:.3g} -> {fine:.3g}"
    return fine


# ---- no symmetry at all, across axis and seam


def test_a_cubic_on_a_disk():
    """x^3 - y^2: gradient (3 x^2, -2 y), Laplacian 6 x - 2; no kink at r = 0, nothing at the seam."""

    def gradient_error(n):
        mesh = disk(n)
        x, y = mesh.points
        return worst(fs.gradient(fs.ScalarField(mesh, "x**3 - y**2")).cartesian, np.stack([3 * x**2, -2 * y]))

    def laplacian_error(n):
        mesh = disk(n)
        return worst(fs.laplacian(fs.ScalarField(mesh, "x**3 - y**2")), 6 * mesh.points[0] - 2)

    def hessian_error(n):
        mesh = disk(n)
        x = mesh.points[0]
        exact = np.stack([[6 * x, 0 * x], [0 * x, -2 + 0 * x]])
        return worst(fs.hessian(fs.ScalarField(mesh, "x**3 - y**2")).cartesian, exact)

    for error in (gradient_error, laplacian_error, hessian_error):
        assert rate(error, 24, least=1.9) < 1e-3


def test_a_quadric_on_a_ball():
    """3 x^2 + 2 y z: gradient (6 x, 2 z, 2 y), Laplacian 6, Hessian constant."""

    def gradient_error(n):
        mesh = ball(n)
        x, y, z = mesh.points
        return worst(fs.gradient(fs.ScalarField(mesh, "3*x**2 + 2*y*z")).cartesian, np.stack([6 * x, 2 * z, 2 * y]))

    def laplacian_error(n):
        return worst(fs.laplacian(fs.ScalarField(ball(n), "3*x**2 + 2*y*z")), 6.0)

    def hessian_error(n):
        exact = np.array([[6, 0, 0], [0, 0, 2], [0, 2, 0]], float)[:, :, None, None, None]
        return worst(fs.hessian(fs.ScalarField(ball(n), "3*x**2 + 2*y*z")).cartesian, exact)

    for error in (gradient_error, laplacian_error, hessian_error):
        assert rate(error, 16, least=1.9) < 0.02


@pytest.mark.parametrize("order", [2, 4, 6])
def test_a_quartic_on_a_ball(order):
    """x^4 + 2 y^4 + 3 z^4 has the Laplacian 12 x^2 + 24 y^2 + 36 z^2."""

    def error(n):
        mesh = ball(n)
        x, y, z = mesh.points
        return worst(
            fs.laplacian(fs.ScalarField(mesh, "x**4 + 2*y**4 + 3*z**4"), order), 12 * x**2 + 24 * y**2 + 36 * z**2
        )

    rate(error, 12, least=order - 0.1)


@pytest.mark.parametrize("order", [2, 4, 6, 8])
def test_a_constant_vector_in_polar_components(order):
    """e_x = (cos phi, -sin phi): divergence, curl, Jacobian and Laplacian are all zero, also at r = 0."""

    def errors(n):
        F = fs.VectorField(disk(n), ["1", "0"], basis="cartesian")
        return [worst(op(F, order), 0.0) for op in (fs.divergence, fs.curl, fs.jacobian)]

    coarse, fine = errors(16), errors(32)
    for before, after in zip(coarse, fine, strict=True):
        assert after < before / 2 ** (order - 0.1) or after < 1e-10


def test_a_constant_vector_in_spherical_components():
    def errors(n):
        F = fs.VectorField(ball(n), ["1", "-2", "0.5"], basis="cartesian")
        return [worst(op(F), 0.0) for op in (fs.divergence, fs.curl, fs.jacobian)]

    for before, after in zip(errors(16), errors(32), strict=True):
        assert after < before / 2**1.9


@pytest.mark.parametrize("order", [2, 4, 6, 8])
@pytest.mark.parametrize(
    "mesh",
    [
        lambda: fs.cartesian(x=(0, 1), y=(0, 1), cells=(12, 12)),
        lambda: fs.cylindrical(r=(0, 1), z=(0, 1), cells=(16, 12)),
        lambda: fs.spherical(r=(0, 1), cells=16),
        lambda: disk(16),
    ],
)
def test_linear_and_radial_fields_are_exact(mesh, order):
    """The position vector: divergence its dimension, no curl; exact at any order, the first cell included."""
    mesh = mesh()
    components = {2: ["x", "y"], 3: ["x", "y", "z"]}[mesh.dim]
    if mesh.coordinates.name == "polar":
        components = ["r", "0"]
    if mesh.coordinates.name == "cylindrical":
        components = ["r", "0", "z"]
    if mesh.coordinates.name == "spherical":
        components = ["r", "0", "0"]
    F = fs.VectorField(mesh, components)
    # On a sphere r^2 F_r = r^3 is a cubic, one degree more than order-2 rows (raised to 4 beside the pole) can miss.
    assert worst(fs.divergence(F, order), float(mesh.dim)) < 1e-9
    assert worst(fs.curl(F, order), 0.0) < 1e-9


# ---- rotation


@pytest.mark.parametrize("order", [2, 4])
def test_solid_body_rotation_of_a_sphere(order):
    """u_phi = sin(theta) at r = 1 has the vorticity 2 cos(theta); the planar formula gives half of it."""

    def error(n):
        mesh = shell(n)
        _, theta = mesh.centers
        curl = fs.curl(fs.VectorField(mesh, ["0", "0", "r*sin(theta)"]), order)
        return worst(curl, np.stack([2 * np.cos(theta), -2 * np.sin(theta), 0 * theta]))

    rate(error, 16, least=order - 0.1)


def test_the_vorticity_of_a_thin_sphere():
    """The same without the factor r: (curl u)_r = 2 cos(theta) / r, (curl u)_theta = -sin(theta) / r."""
    mesh = shell(64)
    r, theta = mesh.centers
    curl = fs.curl(fs.VectorField(mesh, ["0", "0", "sin(theta)"]), order=4)
    assert worst(curl, np.stack([2 * np.cos(theta) / r, -np.sin(theta) / r, 0 * r])) < 1e-5


def test_rigid_rotation_on_every_round_mesh():
    """omega x r has the curl 2 omega and no divergence."""
    for mesh, components in (
        (disk(24), ["0", "r"]),
        (fs.polar(r=(0, 1), cells=16), ["0", "r"]),
        (fs.cylindrical(r=(0, 1), cells=16), ["0", "r", "0"]),
        (fs.cylindrical(r=(0, 1), phi=TURN, z=(0, 1), cells=(12, 16, 8)), ["0", "r", "0"]),
    ):
        F = fs.VectorField(mesh, components)
        curl = fs.curl(F).values
        assert worst(curl if mesh.dim == 2 else curl[2], 2.0) < 1e-10
        assert worst(fs.divergence(F), 0.0) < 1e-10
    mesh = ball(32)
    F = fs.VectorField(mesh, ["-y", "x", "0"], basis="cartesian")
    assert worst(fs.curl(F, 4).cartesian, np.array([0, 0, 2.0])[:, None, None, None]) < 2e-3
    assert worst(fs.divergence(F, 4), 0.0) < 1e-9


def test_a_vortex_has_no_curl_off_its_axis():
    """u_phi = 1/r (2 pi of circulation): curl and divergence vanish on an annulus."""

    def error(n):
        F = fs.VectorField(fs.polar(r=(0.5, 1), phi=TURN, cells=(n, 2 * n)), ["0", "1/r"])
        return max(worst(fs.curl(F), 0.0), worst(fs.divergence(F), 0.0))

    assert error(16) < 1e-11  # r u_phi is constant: exact


# ---- vector Laplacian


def test_the_vector_laplacian_is_not_that_of_the_components():
    """r^2 e_r in cylindrical coordinates: (d_rr + d_r / r - 1 / r^2) r^2 = 3, not 4; r^3 e_phi: 8 r."""
    mesh = fs.cylindrical(r=(0.5, 1.5), z=(0, 1), cells=(64, 8))
    r = mesh.centers[0]
    radial = fs.laplacian(fs.VectorField(mesh, ["r**2", "0", "0"]))
    assert worst(radial, np.stack([3 + 0 * r, 0 * r, 0 * r])) < 1e-3
    around = fs.laplacian(fs.VectorField(mesh, ["0", "r**3", "z**2"]))
    assert worst(around, np.stack([0 * r, 8 * r, 2 + 0 * r])) < 1e-3


def test_vector_laplacian_of_a_shear_in_cylindrical_components():
    """F = (y^2, 0, x^3) has the Laplacian (2, 0, 6 x) wherever the axis lies."""

    def error(n):
        mesh = fs.cylindrical(r=(0, 1), phi=TURN, z=(0, 1), cells=(n, 2 * n, 16))
        F = fs.VectorField(mesh, ["y**2", "0", "x**3"], basis="cartesian")
        x = mesh.points[0]
        return worst(fs.laplacian(F).cartesian, np.stack([2 + 0 * x, 0 * x, 6 * x]))

    rate(error, 12, least=1.9)


def test_radial_fields_on_a_radial_sphere():
    """r^3 e_r: divergence 5 r^2, vector Laplacian grad div = 10 r, from the very first cell."""
    mesh = fs.spherical(r=(0, 1), cells=64)
    r = mesh.centers[0]
    F = fs.VectorField(mesh, ["r**3", "0", "0"])
    assert worst(fs.divergence(F), 5 * r**2) < 5e-3  # second order: (h/r)^2 of the order-four rows of r^5
    assert worst(fs.laplacian(F).values[0], 10 * r) < 1e-2
    assert worst(fs.jacobian(F, 4).values[0, 0], 3 * r**2) < 1e-6
    assert worst(fs.jacobian(F, 4).values[1, 1], r**2) < 1e-12


# ---- potentials


@pytest.mark.parametrize("order", [2, 4])
def test_the_field_of_a_point_charge(order):
    """phi = 1/r: grad phi = -r / r^3 (COURSEWORK 1), Laplacian 0 off the centre, on three kinds of mesh."""
    meshes = {
        "radial": lambda n: fs.spherical(r=(0.5, 1), cells=n),
        "shell": lambda n: fs.spherical(r=(0.5, 1), theta=(0, pi), phi=TURN, cells=(n, 8, 16)),
        "box": lambda n: fs.cartesian(x=(0.7, 1), y=(0.7, 1), z=(0.7, 1), cells=(n, n, n)),
        "tube": lambda n: fs.cylindrical(r=(0.4, 1), z=(0.4, 1), cells=(n, n)),
    }
    for name, make in meshes.items():

        def error(n, make=make):
            mesh = make(n)
            distance = np.sqrt((mesh.points**2).sum(axis=0))
            f = fs.ScalarField(mesh, 1 / distance)
            gradient = fs.gradient(f, order).values
            exact = np.einsum("ik...,k...->i...", mesh.basis, -mesh.points / distance**3)
            return max(worst(gradient, exact), worst(fs.laplacian(f, order), 0.0))

        assert rate(error, {"box": 32, "shell": 48}.get(name, 96), least=0.92 * order) < 0.1, name


def test_gauss_on_a_ball():
    """The integral of div F over a body is the flux through its surface: F = r^2 e_r has 4 pi R^4 through r = R."""
    mesh = fs.spherical(r=(0, 1), cells=100)
    inside = (fs.divergence(fs.VectorField(mesh, ["r**2", "0", "0"])).values * mesh.volumes).sum()
    assert inside == pytest.approx(4 * pi, rel=1e-3)


def test_harmonic_polynomials():
    """Real and imaginary parts of (x + i y)^n are harmonic: r^n cos(n phi), one wave number a mesh can carry each."""
    mesh = disk(48)
    for n in (1, 2, 3, 5):
        f = fs.ScalarField(mesh, f"r**{n}*cos({n}*phi)")
        assert worst(fs.laplacian(f, order=6), 0.0) < 2e-5
        gradient = fs.gradient(f, order=6).cartesian
        x, y = mesh.points
        slope = n * (x + 1j * y) ** (n - 1)
        assert worst(gradient, np.stack([slope.real, -slope.imag])) < 1e-6
