"""Contact resistance against heat-transfer textbooks: walls, shells and pipes in series, and what follows in time."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq

import fieldsim as fs
from fieldsim.errors import InvalidInput

PI = np.pi
NONE = fs.FluxOut(0.0)
WALL = fs.cartesian(x=(0, 0.3), cells=6)


def wall(contact, conductivity=(("x < 0.1", 2.0), 0.5), **changes):
    boundary = {"x-": fs.Value(100.0), "x+": fs.Value(0.0)}
    return fs.Problem(WALL, fs.Heat(list(conductivity)), boundary, contact=contact).replace(**changes)


@pytest.mark.parametrize("resistance", [0.05, "0.05 m^2*K/W", "500 cm^2*K/W", "0.5*x"])
def test_two_slabs(resistance):
    """R = L1/k1 + Rc + L2/k2 = 0.05 + 0.05 + 0.4 (Incropera & DeWitt, Fundamentals of Heat Transfer, 3.1.4)."""
    result = fs.solve(wall([("x < 0.1", resistance)]))
    assert float(result.resistance("x-", "x+")) == pytest.approx(0.5, rel=1e-13)
    assert result.balance.relative < 1e-14
    np.testing.assert_allclose(result.flux.values[0], 200.0, rtol=1e-13)
    # 200 W/m^2 drop 10 K in each slab's worth of 0.05 m^2 K/W; at the interface both surfaces are there
    points = np.array([0.0, 0.05, 0.1 - 1e-12, 0.1, 0.2, 0.3])
    np.testing.assert_allclose(result.at(points[:, None]), [100, 95, 90, 80, 40, 0], atol=1e-9)


def test_coatings_that_share_a_face_add_up():
    both = fs.solve(wall([("x < 0.1", 0.02), ("x > 0.1", 0.03)]))
    assert float(both.resistance("x-", "x+")) == pytest.approx(0.5, rel=1e-13)


@pytest.mark.parametrize(("make", "power"), [(fs.cylindrical, 1), (fs.spherical, 2)])
def test_shells(make, power):
    """ln(b/a)/(2 pi k) and (1/a - 1/b)/(4 pi k) each side of Rc/(2 pi b), Rc/(4 pi b^2) (Incropera & DeWitt, 3.3)."""
    a, b, c, k1, k2, rc = 0.1, 0.2, 0.4, 3.0, 0.7, 0.02
    full = 2 * PI if power == 1 else 4 * PI

    def layer(r1, r2, k):
        return (np.log(r2 / r1) if power == 1 else 1 / r1 - 1 / r2) / (full * k)

    exact = layer(a, b, k1) + layer(b, c, k2) + rc / (full * b**power)
    errors = []
    for n in (24, 48):
        mesh = make(r=(a, c), cells=n)
        walls = {"r-": fs.Value(1.0), "r+": fs.Value(0.0)}
        model = fs.Heat([(f"r < {b}", k1), k2])
        plain = fs.solve(fs.Problem(mesh, model, walls))
        result = fs.solve(fs.Problem(mesh, model, walls, contact=[(f"r < {b}", rc)]))
        # the contact itself is exact to rounding; the layers converge at second order
        difference = float(result.resistance("r-", "r+")) - float(plain.resistance("r-", "r+"))
        assert difference == pytest.approx(rc / (full * b**power), rel=1e-12)
        errors.append(abs(float(result.resistance("r-", "r+")) - exact))
    assert errors[1] < 1e-3 * exact
    assert np.log2(errors[0] / errors[1]) == pytest.approx(2.0, abs=0.1)


def test_a_contact_between_materials_in_the_plane():
    """Blocks glued along a line: nothing changes along it, and the field jumps by R q on every row."""
    mesh = fs.cartesian(x=(0, 0.3), y=(0, 1), cells=(6, 4))
    walls = {"x-": fs.Value(100.0), "x+": fs.Value(0.0), "y-": NONE, "y+": NONE}
    problem = fs.Problem(mesh, fs.Heat([("x < 0.1", 2.0), 0.5]), walls, contact=[("x < 0.1", 0.05)])
    result = fs.solve(problem)
    rows = np.array([0.0, 0.3, 0.5, 1.0])
    for x, expected in ((0.1 - 1e-12, 90.0), (0.1, 80.0), (0.25, 20.0)):
        np.testing.assert_allclose(result.at(np.stack([np.full(4, x), rows], axis=1)), expected, atol=1e-8)


def test_a_glued_core_in_a_cylinder_and_a_full_turn():
    """The seam of a periodic axis is a face like any other: a sector's surface counts there too."""
    mesh = fs.polar(r=(0.5, 1), phi=(0, 2 * PI), cells=(4, 8))
    walls = {"r-": NONE, "r+": NONE}
    halves = fs.Problem(
        mesh,
        fs.Heat(1.0),
        walls,
        fixed=[("phi < pi/4", 1.0), ("phi > pi and phi < 5*pi/4", 0.0)],
        contact=[("y > 0", 2.0)],
    )
    # each way round from phi = pi/4 to pi and from 2 pi back to 5 pi/4 is 3 pi/4 long, and the contact on one each
    result = fs.solve(halves)
    radii = np.array([0.5, 0.625, 0.75, 0.875, 1.0])
    centers = (radii[1:] + radii[:-1]) / 2
    each = np.diff(radii) / (0.75 * PI * centers + 2.0)
    assert float(result.flow_out("fixed[1]")) == pytest.approx(2 * each.sum(), rel=1e-2)


def test_jumps_on_both_sides_of_a_seam():
    """A thin ring of radius 1, held at 1 and opposite at 0, glued at phi = 0 and pi: q = 1/(3 pi/4 + R) either way."""
    mesh = fs.polar(r=(0.999, 1.001), phi=(0, 2 * PI), cells=(1, 16))
    bodies = [("phi > 3*pi/8 and phi < 5*pi/8", 1.0), ("phi > 11*pi/8 and phi < 13*pi/8", 0.0)]
    problem = fs.Problem(mesh, fs.Heat(1.0), {"r-": NONE, "r+": NONE}, fixed=bodies, contact=[("y > 0", 2.0)])
    result = fs.solve(problem)
    q = 1 / (0.75 * PI + 2.0)
    above, below = 1 - q * 3 * PI / 8, q * 3 * PI / 8
    assert above - below == pytest.approx(2.0 * q, rel=1e-12)
    angles = np.array([1e-9, PI - 1e-9, PI + 1e-9, 2 * PI - 1e-9, PI / 4])
    found = result.at(np.stack([np.cos(angles), np.sin(angles)], axis=1))
    np.testing.assert_allclose(found, [above, above, below, below, 1 - q * PI / 8], rtol=1e-6)


def test_an_oxide_layer_between_plates():
    """1/C = L1/e1 + d/e + L2/e2 for a layer of d/e m^2/F too thin for cells, and W = C V^2/2 with it."""
    mesh = fs.cartesian(x=(0, 3e-3), cells=6)
    model = fs.Electrostatics(permittivity=[("x < 1e-3", 4e-11), 1e-11])
    walls = {"x-": fs.Value(5.0), "x+": fs.Value(0.0)}
    result = fs.solve(fs.Problem(mesh, model, walls, contact=[("x < 1e-3", "3e7 m^2/F")]))
    capacitance = 1 / (1e-3 / 4e-11 + 3e7 + 2e-3 / 1e-11)
    assert float(result.capacitance("x-", "x+")) == pytest.approx(capacitance, rel=1e-13)
    assert float(result.energy()) == pytest.approx(capacitance * 12.5, rel=1e-12)


def test_a_held_body_behind_a_film():
    """A sphere at 100 in a coating: Q = 100/(Rc/(4 pi a^2) + (1/a - 1/b)/(4 pi k)), as on a mesh with a film wall."""
    mesh = fs.spherical(r=(0, 1), cells=40)
    coated = fs.Problem(
        mesh, fs.Heat(2.0), {"r+": fs.Value(0.0)}, fixed=[("r < 0.5", 100.0)], contact=[("r < 0.5", 0.1)]
    )
    shell = fs.spherical(r=(0.5, 1), cells=20)
    film = fs.Problem(shell, fs.Heat(2.0), {"r-": fs.Convective(h=10.0, ambient=100.0), "r+": fs.Value(0.0)})
    expected = float(fs.solve(film).flow_out("r+"))
    assert float(fs.solve(coated).flow_out("r+")) == pytest.approx(expected, rel=1e-12)


def test_conductivity_that_follows_on_both_sides():
    """P(100) - P(s1) = q L1, s1 - s2 = q Rc, P(s2) = q L2 with P = T + T^2/100 (Kirchhoff 1894)."""

    def heat(temperature):
        return temperature + temperature**2 / 100

    def left_over(q):
        warm = brentq(lambda s: heat(100.0) - heat(s) - 0.1 * q, -50.0, 100.0)
        return heat(warm - 0.05 * q) - 0.2 * q

    exact = brentq(left_over, 1.0, 900.0, xtol=1e-12)
    result = fs.solve(wall([("x < 0.1", 0.05)], model=fs.Heat("1 + T/50")))
    assert result.at_boundary("x+").flux_out == pytest.approx(exact, rel=1e-9)


def test_a_resistance_of_time():
    """Two well conducting halves, du/dt = (v - u)/R(t) with R = 1/(2 t): u - v = exp(-2 int dt/R) = exp(-2 t^2)."""
    mesh = fs.cartesian(x=(0, 2), cells=2)
    problem = fs.Problem(
        mesh,
        fs.Heat(1e9, 1.0, 1.0),
        {"x-": NONE, "x+": NONE},
        initial="1 - floor(x)",
        contact=[("x < 1", "1/(2*t + 1e-9)")],
    )
    run = fs.evolve(problem, until=1.0, outputs=2, rtol=1e-6)
    u, v = run.field.values
    assert u - v == pytest.approx(np.exp(-2.0), rel=1e-4)
    assert abs(run.balance.missing) < 1e-14
    with pytest.raises(InvalidInput, match=r"contact\[0\] depends on t"):
        fs.solve(problem.replace(boundary={"x-": fs.Value(0.0), "x+": NONE}))


def test_contacts_beside_holes_stay_shut():
    """Nothing crosses the face of a hole, whatever the contact there."""
    mesh = fs.cartesian(x=(0, 1), y=(0, 1), cells=(8, 8))
    walls = {"x-": fs.Value(1.0), "x+": fs.Value(0.0), "y-": NONE, "y+": NONE}
    problem = fs.Problem(mesh, fs.Heat(1.0), walls, holes=["y > 0.5"])
    plain = fs.solve(problem)
    glued = fs.solve(problem.replace(contact=[("y > 0.5", 3.0)]))
    np.testing.assert_array_equal(glued.field.values, plain.field.values)
    nonlinear = fs.solve(problem.replace(model=fs.Heat("1 + T"), contact=[("y > 0.5", 3.0)]))
    assert float(nonlinear.flow_out("x+")) == pytest.approx(0.5 * 1.5, rel=1e-9)


def test_a_contact_in_wood():
    """Along each axis its own conductivity: R = L1/k + Rc + L2/k with k = 2 along x and 9 along y."""
    mesh = fs.cartesian(x=(0, 1), y=(0, 1), cells=(8, 8))
    model = fs.Heat([[2.0, 0.0], [0.0, 9.0]])
    for axis, k in (("x", 2.0), ("y", 9.0)):
        walls = dict.fromkeys(mesh.walls, NONE) | {f"{axis}-": fs.Value(1.0), f"{axis}+": fs.Value(0.0)}
        result = fs.solve(fs.Problem(mesh, model, walls, contact=[(f"{axis} < 0.5", 0.3)]))
        assert float(result.resistance(f"{axis}-", f"{axis}+")) == pytest.approx(1 / k + 0.3, rel=1e-12)


@pytest.mark.parametrize(
    ("contact", "message"),
    [
        ("x < 0.1", r"`contact` must be a list of \(where, resistance\)"),
        (["x < 0.1"], r"`contact\[0\]` must be a pair"),
        ([("x < 9", 1.0)], r"`contact\[0\]` must be a body with a surface inside the mesh"),
        ([("x < 0.1", -1.0)], r"`contact\[0\]` must be 0 or more; got -1"),
        ([("x < 0.1", "3 W/m^2/K")], r"contact\[0\]"),
    ],
)
def test_wrong_contacts_are_refused(contact, message):
    with pytest.raises(fs.FieldSimError, match=message):
        wall(contact)


def test_a_stream_may_run_along_a_contact_but_not_through_it():
    """What is carried through a resistance is not one law: schemes converge to different answers there."""
    mesh = fs.cartesian(x=(0, 1), y=(0, 1), cells=(8, 8))
    walls = {"x-": fs.Value(1.0), "x+": fs.Value(0.0), "y-": fs.FluxOut(0.0), "y+": fs.GradientOut(0.0)}
    along = fs.Diffusion(0.5, velocity=("0", "where(x > 0.5, 1, 0)"))
    fs.solve(fs.Problem(mesh, along, {**walls, "y-": fs.Value("1 - x")}, contact=[("x < 0.5", 0.7)]))
    with pytest.raises(InvalidInput, match=r"contact\[0\]`* must be where no velocity crosses it.*thin layer"):
        fs.Problem(mesh, fs.Diffusion(0.5, velocity=(1.0, 0.0)), walls, contact=[("x < 0.5", 0.7)])
