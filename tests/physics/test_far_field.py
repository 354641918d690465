"""Open space around charges and masses: closed forms on many meshes, mirror images, electrodes, what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import erf

import fieldsim as fs
from fieldsim.errors import InvalidInput

PI = np.pi
FULL = (0, 2 * PI)
EPSILON0 = 8.8541878128e-12
G = 6.67430e-11
NONE = fs.FluxOut(0.0)
FAR = fs.FarField()


def everywhere(mesh, condition=FAR, **others):
    return dict.fromkeys(mesh.walls, condition) | {name.replace("_", ""): law for name, law in others.items()}


def blob_error(mesh, walls, blobs):
    """Return the largest error relative to the largest value for Gaussian charges (centre, width, charge).

    u = q erf(r/(sqrt(2) s))/(4 pi eps0 r) (Jackson, Classical Electrodynamics, 1.7).
    """
    density, exact = np.zeros(mesh.shape), np.zeros(mesh.shape)
    for center, s, q in blobs:
        r = np.sqrt(((mesh.points - np.reshape(center, (3,) + (1,) * mesh.ndim)) ** 2).sum(axis=0))
        density += q * np.exp(-((r / s) ** 2) / 2) / (s**3 * (2 * PI) ** 1.5)
        exact += q * erf(r / (np.sqrt(2) * s)) / (4 * PI * EPSILON0 * r)
    model = fs.Electrostatics(permittivity=EPSILON0, charge_density=density)
    result = fs.solve(fs.Problem(mesh, model, walls))
    assert result.balance.relative < 1e-12
    return np.abs(result.field.values - exact).max() / np.abs(exact).max()


ONE = [((0, 0, 0.2), 0.15, 1e-9)]
CENTRED = [((0, 0, 0), 0.2, 1e-9)]
# what is left beyond the quadrupole is 1e-4 of the potential here
TWO = [((0, 0, 0.25), 0.15, 2e-9), ((0, 0, -0.2), 0.15, -1e-9)]
LIKE = [((0, 0, 0.3), 0.15, 1e-9), ((0, 0, -0.3), 0.15, 1e-9)]
UNLIKE = [((0, 0, 0.3), 0.15, 1e-9), ((0, 0, -0.3), 0.15, -1e-9)]
UP, BOTH, BALL = (-1, 1), (0, PI), (0, 1)

OPEN = {
    "box": (lambda n: fs.cartesian(x=UP, y=UP, z=UP, cells=(n, n, n)), {}, ONE, 2.0),
    "box, two charges": (lambda n: fs.cartesian(x=UP, y=UP, z=UP, cells=(n, n, n)), {}, TWO, 2.0),
    "cylinder (r, z)": (lambda n: fs.cylindrical(r=BALL, z=UP, cells=(n, 2 * n)), {}, TWO, 2.0),
    "ball": (lambda n: fs.spherical(r=BALL, cells=n), {}, CENTRED, 2.0),
    "ball (r, theta)": (lambda n: fs.spherical(r=BALL, theta=BOTH, cells=(n, n)), {}, TWO, 2.0),
    "quarter of a box": (
        lambda n: fs.cartesian(x=BALL, y=BALL, z=UP, cells=(n // 2, n // 2, n)),
        {"x_-": NONE, "y_-": NONE},
        ONE,
        2.0,
    ),
    "half a ball": (
        lambda n: fs.spherical(r=BALL, theta=BOTH, phi=BOTH, cells=(n, n, 4)),
        {"phi_-": NONE, "phi_+": NONE},
        ONE,
        2.0,
    ),
    "half, like images": (lambda n: fs.cylindrical(r=BALL, z=BALL, cells=(n, n)), {"z_-": NONE}, LIKE, 2.0),
    "half, unlike images": (
        lambda n: fs.cylindrical(r=BALL, z=BALL, cells=(n, n)),
        {"z_-": fs.Value(0.0)},
        UNLIKE,
        1.9,
    ),
}


@pytest.mark.parametrize("name", OPEN)
def test_charges_in_open_space(name):
    make, others, blobs, order = OPEN[name]
    errors = [blob_error(mesh, everywhere(mesh, **others), blobs) for mesh in (make(16), make(32))]
    assert errors[1] < 0.02
    assert np.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.2)


def test_a_ball_off_centre_in_a_narrow_box():
    """Uniform charge in a ball: (3 - r^2/R^2) Q/(8 pi eps0 R) inside, Q/(4 pi eps0 r) outside (Griffiths, 2.4).

    The box ends 1.5 radii from its centre. Grounded walls there are wrong by half of the largest potential.
    """
    radius, center, n = 0.6, np.array([0.1, 0.2, -0.15]), 24
    mesh = fs.cartesian(x=(-0.9, 0.9), y=(-0.9, 0.9), z=(-0.9, 0.9), cells=(n, n, n))
    r = np.sqrt(((mesh.points - center.reshape(3, 1, 1, 1)) ** 2).sum(axis=0))
    # the discrete ball has the charge of the true one
    inside = r < radius
    charge = 1e-9
    density = np.where(inside, charge / mesh.volumes[inside].sum(), 0.0)
    model = fs.Electrostatics(permittivity=EPSILON0, charge_density=density)
    scale = charge / (4 * PI * EPSILON0)
    exact = np.where(inside, scale / (2 * radius) * (3 - (r / radius) ** 2), scale / r)
    errors = {}
    for name, wall in (("open", FAR), ("about", fs.FarField(about=(0, 0, 0))), ("shut", fs.Value(0.0))):
        result = fs.solve(fs.Problem(mesh, model, dict.fromkeys(mesh.walls, wall)))
        errors[name] = np.abs(result.field.values - exact).max() / exact.max()
    assert errors["open"] < 0.01
    assert errors["about"] < 0.01
    assert errors["shut"] > 0.5


def test_gravity_of_two_balls():
    """Phi = -G M/r outside each (Newton); on the axis between them both pull."""
    n, masses, places, radius = 30, (2e12, 1e12), (-0.3, 0.4), 0.25
    mesh = fs.cartesian(x=(-1, 1), y=(-1, 1), z=(-1, 1), cells=(n, n, n))
    density, exact = np.zeros(mesh.shape), np.zeros(mesh.shape)
    for mass, place in zip(masses, places, strict=True):
        r = np.sqrt(((mesh.points - np.array([place, 0, 0]).reshape(3, 1, 1, 1)) ** 2).sum(axis=0))
        inside = r < radius
        density += np.where(inside, mass / mesh.volumes[inside].sum(), 0.0)
        exact -= G * mass * np.where(inside, (3 - (r / radius) ** 2) / (2 * radius), 1 / r)
    result = fs.solve(fs.Problem(mesh, fs.Gravity(density), everywhere(mesh)))
    walls = np.ones(mesh.shape, dtype=bool)
    walls[1:-1, 1:-1, 1:-1] = False
    np.testing.assert_allclose(result.field.values[walls], exact[walls], rtol=8e-3)
    assert np.abs(result.field.values - exact).max() < 0.02 * np.abs(exact).max()
    shut = fs.solve(fs.Problem(mesh, fs.Gravity(density), everywhere(mesh, fs.Value(0.0))))
    assert np.abs(shut.field.values - exact).max() > 0.2 * np.abs(exact).max()


@pytest.mark.parametrize("kind", ["shell", "held", "half", "floating"])
def test_an_isolated_sphere(kind):
    """C = 4 pi eps0 a (Griffiths, 2.5.4): the monopole leaves whatever charge sits on the sphere."""
    exact = 4 * PI * EPSILON0 * 0.5
    model = fs.Electrostatics(permittivity=EPSILON0)
    found = []
    for n in (16, 32):
        if kind == "shell":
            mesh = fs.spherical(r=(0.5, 1), cells=n)
            found.append(float(fs.solve(fs.Problem(mesh, model, {"r-": fs.Value(1.0), "r+": FAR})).flow_out("r+")))
        elif kind == "held":
            mesh = fs.spherical(r=(0, 1), cells=2 * n)
            result = fs.solve(fs.Problem(mesh, model, {"r+": FAR}, fixed=[("r < 0.5", 1.0)]))
            found.append(float(result.flow_out("r+")))
        elif kind == "half":
            mesh = fs.spherical(r=(0, 1), theta=(0, PI / 2), cells=(2 * n, 6))
            walls = {"theta+": NONE, "r+": FAR}
            result = fs.solve(fs.Problem(mesh, model, walls, fixed=[("r < 0.5", 1.0)]))
            found.append(2 * float(result.flow_out("r+")))
        else:
            mesh = fs.spherical(r=(0, 1), cells=2 * n)
            result = fs.solve(fs.Problem(mesh, model, {"r+": FAR}, fixed=[("r < 0.5", fs.Floating(1e-9))]))
            found.append(1e-9 / float(result.value_of("fixed[0]")))
            assert float(result.capacitance("fixed[0]", "infinity")) == pytest.approx(found[-1], rel=1e-12)
    errors = [abs(c / exact - 1) for c in found]
    assert errors[1] < 2e-4
    assert np.log2(errors[0] / errors[1]) == pytest.approx(2.0, abs=0.1)


def bispherical_capacitance(a, apart, *, like):
    """Return Q/V of one of two spheres of radius a, centres `apart`, both at V ("like") or at V and -V, for eps = 1.

    The method of images (Smythe, Static and Dynamic Electricity, 5.08): C11 +- C12, each a sum of 1/sinh.
    """
    mu = np.arccosh(apart / (2 * a))
    n = np.arange(1, 200)
    own = (1 / np.sinh((2 * n - 1) * mu)).sum()
    other = (1 / np.sinh(2 * n * mu)).sum()
    return 4 * PI * a * np.sinh(mu) * (own - other if like else own + other)


@pytest.mark.parametrize("like", [True, False])
def test_two_spheres_in_open_space(like):
    """Equal and opposite potentials: monopole and dipole both leave, though only electrodes are given."""
    exact = bispherical_capacitance(0.2, 0.7, like=like)
    found = {}
    for name, wall in (("open", FAR), ("shut", fs.Value(0.0))):
        mesh = fs.cylindrical(r=BALL, z=UP, cells=(50, 100))
        spheres = [("hypot(r, z - 0.35) < 0.2", 1.0), ("hypot(r, z + 0.35) < 0.2", 1.0 if like else -1.0)]
        problem = fs.Problem(mesh, fs.Electrostatics(1.0), dict.fromkeys(mesh.walls, wall), fixed=spheres)
        result = fs.solve(problem)
        assert result.balance.relative < 1e-12
        found[name] = -float(result.flow_out("fixed[0]"))
    # the staircase of cells is worth 2 % here, and the walls less
    assert found["open"] == pytest.approx(exact, rel=0.025)
    assert found["shut"] > (1.3 if like else 1.05) * exact
    if not like:
        # where both images are the same by symmetry: the plane between them is grounded
        half = fs.cylindrical(r=BALL, z=BALL, cells=(50, 50))
        walls = {"r+": FAR, "z+": FAR, "z-": fs.Value(0.0)}
        above = fs.solve(fs.Problem(half, fs.Electrostatics(1.0), walls, fixed=spheres[:1]))
        assert -float(above.flow_out("fixed[0]")) == pytest.approx(found["open"], rel=1e-9)


def test_capacitance_of_a_cube():
    """C = 0.6606782 (4 pi eps0 a) (Hwang & Mascagni, J. Appl. Phys. 95 (2004) 3798), an eighth of it in space."""
    mesh = fs.cartesian(x=BALL, y=BALL, z=BALL, cells=(24, 24, 24))
    walls = everywhere(mesh, **{"x_-": NONE, "y_-": NONE, "z_-": NONE})
    cube = [("x < 0.5 and y < 0.5 and z < 0.5", 1.0)]
    result = fs.solve(fs.Problem(mesh, fs.Electrostatics(permittivity=EPSILON0), walls, fixed=cube))
    assert -8 * float(result.flow_out("fixed[0]")) == pytest.approx(0.6606782 * 4 * PI * EPSILON0, rel=8e-3)


def test_heat_in_an_unbounded_medium():
    """A heated ball in rock at 285 K: T = 285 + P/(4 pi k r) (Carslaw & Jaeger, section 10.2)."""
    mesh = fs.spherical(r=(0, 2), cells=100)
    rock = fs.Heat(2.5, source=[("r < 0.2", 100 / (4 / 3 * PI * 0.2**3)), 0.0])
    result = fs.solve(fs.Problem(mesh, rock, {"r+": fs.FarField("285 K")}))
    r = mesh.centers[0]
    outside = r > 0.2
    exact = 285 + 100 / (4 * PI * 2.5 * r)
    np.testing.assert_allclose(result.field.values[outside], exact[outside], rtol=2e-4)
    assert float(result.flow_out("r+")) == pytest.approx(100.0, rel=1e-12)
    assert float(result.flow_out("infinity")) == float(result.flow_out("r+"))
    assert float(result.value_of("infinity")) == 285.0


def test_sources_that_cancel_in_the_plane():
    """-div grad u = x within r < a: u = (a^2 r/4 - r^3/8) cos(phi) inside, a^4/(8 r) cos(phi) outside."""
    errors = []
    for n in (32, 64):
        mesh = fs.polar(r=(0, 1), phi=FULL, cells=(n, n))
        exact = "where(r < 0.5, r/16 - r**3/8, 0.5**4/(8*r))*cos(phi)"
        model = fs.Heat(1.0, source=[("r < 0.5", "x"), 0.0])
        errors.append(fs.solve(fs.Problem(mesh, model, {"r+": FAR}, exact=exact)).error())
    assert errors[1] < 2e-5
    assert np.log2(errors[0] / errors[1]) == pytest.approx(2.0, abs=0.15)


@pytest.mark.parametrize("kind", ["dielectric", "held", "floating", "half"])
def test_a_sphere_in_a_uniform_field_without_end(kind):
    """u = -E0 z (1 - c a^3/r^3), c = (e - 1)/(e + 2), 1 for a conductor (Jackson, 2.5 and 4.4); space begins at 2 a."""
    share = (9.0 - 1) / (9.0 + 2) if kind == "dielectric" else 1.0
    inside = -3.0 / (9.0 + 2) if kind == "dielectric" else 0.0
    exact = f"where(r < 0.5, {inside}*z, -z*(1 - {share}*0.125/r**3))"
    errors = []
    for n in (24, 48):
        mesh = fs.spherical(r=(0, 1), theta=(0, PI if kind != "half" else PI / 2), cells=(n, n))
        model = fs.Electrostatics(permittivity=[("r < 0.5", 9.0), 1.0] if kind == "dielectric" else 1.0)
        walls = {"r+": fs.FarField("-z")} | ({"theta+": fs.Value(0.0)} if kind == "half" else {})
        fixed = {"held": [("r < 0.5", 0.0)], "half": [("r < 0.5", 0.0)], "floating": [("r < 0.5", fs.Floating())]}
        problem = fs.Problem(mesh, model, walls, fixed=fixed.get(kind, []), exact=exact)
        result = fs.solve(problem)
        errors.append(result.error())
        assert abs(result.balance.missing) < 1e-13
        with pytest.raises(InvalidInput, match="a number for this answer"):
            result.value_of("infinity")
    assert errors[1] < 2e-3
    assert np.log2(errors[0] / errors[1]) == pytest.approx(2.0, abs=0.2)


@pytest.mark.parametrize("mesh_kind", ["disk", "half a disk"])
def test_a_floating_cylinder_in_a_uniform_field_without_end(mesh_kind):
    """u = -(r - a^2/r) cos(phi) (Jackson, problem 2.12 ff.): its dipole leaves exactly through a circle."""
    errors = []
    for n in (24, 48):
        mesh = fs.polar(r=(0, 1), phi=FULL if mesh_kind == "disk" else BOTH, cells=(n, n))
        exact = "where(r < 0.5, 0, -(r - 0.25/r)*cos(phi))"
        walls = everywhere(mesh, NONE) | {"r+": fs.FarField("-x")}
        problem = fs.Problem(mesh, fs.Electrostatics(1.0), walls, fixed=[("r < 0.5", fs.Floating())], exact=exact)
        errors.append(fs.solve(problem).error())
    assert errors[1] < 2e-3
    assert np.log2(errors[0] / errors[1]) == pytest.approx(2.0, abs=0.2)


BOX = fs.cartesian(x=BALL, y=BALL, z=BALL, cells=(4, 4, 4))
DISK = fs.polar(r=BALL, cells=8)
SHELL = fs.spherical(r=BALL, cells=8)
TWO_WAYS = [[1.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 2.0]]


@pytest.mark.parametrize(
    ("mesh", "model", "walls", "more", "message"),
    [
        (DISK, fs.Heat(1.0, source=1.0), {"r+": FAR}, {}, "for sources that cancel in the plane; got 'a net source"),
        (DISK, fs.Heat(1.0), {"r+": FAR}, {"fixed": [("r < 0.2", 1.0)]}, "for sources that cancel in the plane"),
        (BOX, fs.Heat(1.0), everywhere(BOX, **{"z_+": fs.Convective(1.0, 0.0)}), {}, "cover 85 % of the directions"),
        (BOX, fs.Heat("1 + T"), everywhere(BOX), {}, "for a linear law without sink"),
        (BOX, fs.Heat(1.0, sink=1.0), everywhere(BOX), {}, "for a linear law without sink"),
        (BOX, fs.Diffusion(1.0, velocity=(1, 0, 0)), everywhere(BOX), {}, "got 'a velocity'"),
        (BOX, fs.Heat(TWO_WAYS), everywhere(BOX), {}, "got 'a conductivity that depends on direction'"),
        (BOX, fs.Heat("1 + x"), everywhere(BOX), {}, "`conductivity` must be the same along all far walls"),
        (BOX, fs.Heat(1.0), everywhere(BOX, **{"z_+": fs.FarField(1.0)}), {}, "There is one infinity"),
        (BOX, fs.Heat(1.0), everywhere(BOX, fs.FarField(about=(2, 0, 0))), {}, "looks away from the centre"),
        (BOX, fs.Heat(1.0), everywhere(BOX, fs.FarField("x**2")), {}, "must be a field without sources"),
        (BOX, fs.Heat(1.0), everywhere(BOX, fs.FarField(np.ones(3))), {}, "a number, a quantity or a formula"),
        (BOX, fs.Heat(1.0), everywhere(BOX, fs.FarField(about="here")), {}, "a point in Cartesian coordinates"),
        (BOX, fs.Heat(1.0), everywhere(BOX, fs.FarField(about=(0.5, 0.5))), {}, "a point with 3 coordinates"),
        (SHELL, fs.Heat(1.0), {"r+": fs.FarField(about=(0, 0, 0.1))}, {}, "on the axis and planes of symmetry"),
        (SHELL, fs.Heat(1.0), {"r+": [("r > 0", FAR), NONE]}, {}, "on a whole wall"),
        (fs.cartesian(x=BALL, cells=4), fs.Heat(1.0), {"x-": FAR, "x+": FAR}, {}, "in the plane or in space"),
        (fs.cylindrical(r=BALL, cells=4), fs.Heat(1.0), {"r+": FAR}, {}, "without end along z"),
    ],
    ids=lambda x: x[:24] if isinstance(x, str) else "",
)
def test_open_space_that_cannot_be(mesh, model, walls, more, message):
    with pytest.raises(InvalidInput, match=message):
        fs.Problem(mesh, model, walls, **more)


def test_a_far_field_has_no_run_in_time():
    problem = fs.Problem(SHELL, fs.Heat(1.0, 1.0, 1.0), {"r+": FAR})
    with pytest.raises(InvalidInput, match="must be for the steady state of one field"):
        fs.evolve(problem, until=1.0)
