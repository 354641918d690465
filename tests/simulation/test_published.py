"""Published benchmarks, each exact value recomputed here from its series or formula and its source named.

NAFEMS T2 stands in test_nonlinear, T4 in test_parts, coaxial cables in test_answers and test_steady, the membrane's
time lag, the half space and the ball quenched to a given surface temperature in test_transient.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import jn_zeros

import fieldsim as fs

PI = np.pi
FULL = (0, 2 * PI)
NONE = fs.FluxOut(0.0)


def grounded(mesh):
    return dict.fromkeys(mesh.walls, fs.Value(0.0))


def order(errors):
    return np.log2(abs(errors[0]) / abs(errors[1]))


def test_nafems_t3():
    """36.60 degC at 0.08 m after 32 s (NAFEMS, The Standard NAFEMS Benchmarks, T3), by Duhamel's integral.

    T(0) = 0, T(L) = 100 sin(w t): T = x/L T(L) + sum b_n sin(n pi x/L), b_n' + a_n b_n = -2 (-1)^(n+1)/(n pi) dT(L)/dt.
    """
    length, alpha, w, x, t = 0.1, 35.0 / (7200.0 * 440.5), PI / 40, 0.08, 32.0
    n = np.arange(1, 400)
    a = alpha * (n * PI / length) ** 2
    response = (a * np.cos(w * t) + w * np.sin(w * t) - a * np.exp(-a * t)) / (a**2 + w**2)
    b = -2 * (-1.0) ** (n + 1) / (n * PI) * 100 * w * response
    exact = x / length * 100 * np.sin(w * t) + float((b * np.sin(n * PI * x / length)).sum())
    assert exact == pytest.approx(36.60, abs=0.005)
    errors = []
    for cells in (40, 80):
        mesh = fs.cartesian(x=(0, length), cells=cells)
        model = fs.Heat(35.0, density=7200.0, capacity=440.5)
        walls = {"x-": fs.Value(0.0), "x+": fs.Value("100*sin(pi*t/40)")}
        run = fs.evolve(fs.Problem(mesh, model, walls), until=t, outputs=1, rtol=1e-6)
        errors.append(run.field.at([[x]])[0] - exact)
        assert run.balance.relative < 1e-12
    assert abs(errors[1]) < 0.02
    assert order(errors) == pytest.approx(2.0, abs=0.2)


def cooled(biot, shape):
    """Return roots and coefficients of Heisler's series for a slab ("slab") or a sphere cooled by a film."""
    roots = []
    for k in range(40):
        if shape == "slab":  # z tan z = Bi
            low, high = k * PI + 1e-12, (k + 0.5) * PI - 1e-12
            roots.append(brentq(lambda z: z * np.tan(z) - biot, low, high))
        else:  # 1 - z cot z = Bi
            low, high = k * PI + 1e-9, (k + 1) * PI - 1e-9
            roots.append(brentq(lambda z: 1 - z / np.tan(z) - biot, low, high))
    z = np.array(roots)
    if shape == "slab":
        return z, 4 * np.sin(z) / (2 * z + np.sin(2 * z))
    return z, 4 * (np.sin(z) - z * np.cos(z)) / (2 * z - np.sin(2 * z))


@pytest.mark.parametrize(("shape", "first"), [("slab", (0.8603, 1.1191)), ("sphere", (1.5708, 1.2732))])
def test_bodies_cooled_by_a_film(shape, first):
    """theta = sum C exp(-z^2 Fo) at the centre for Bi = 1 (Carslaw & Jaeger, sections 3.11 and 9.4; z and C as tabled
    by Incropera & DeWitt, table 5.1)."""
    z, c = cooled(1.0, shape)
    assert (z[0], c[0]) == pytest.approx(first, abs=6e-5)
    errors = []
    for cells in (20, 40):
        mesh = fs.cartesian(x=(0, 1), cells=cells) if shape == "slab" else fs.spherical(r=(0, 1), cells=cells)
        film = {mesh.walls[-1]: fs.Convective(h=1.0, ambient=0.0)} | ({"x-": NONE} if shape == "slab" else {})
        run = fs.evolve(fs.Problem(mesh, fs.Heat(1.0, 1.0, 1.0), film, initial=1.0), until=0.5, outputs=1, rtol=1e-7)
        x = mesh.axes[0].centers
        profile = np.cos(z * x[:, None]) if shape == "slab" else np.sinc(z * x[:, None] / PI)
        exact = (c * np.exp(-(z**2) * 0.5) * profile).sum(axis=1)
        errors.append(np.abs(run.field.values - exact).max())
    assert errors[1] < 3e-4
    assert order(errors) == pytest.approx(2.0, abs=0.1)


def test_uptake_by_a_cylinder():
    """M/M_inf = 1 - sum 4 exp(-a_n^2 D t/a^2)/a_n^2, J_0(a_n) = 0 (Crank, The Mathematics of Diffusion, 5.3.2)."""
    roots = jn_zeros(0, 60)
    times = [0.02, 0.1, 0.3]
    exact = [1 - (4 * np.exp(-(roots**2) * t) / roots**2).sum() for t in times]
    mesh = fs.cylindrical(r=(0, 1), cells=80)
    run = fs.evolve(fs.Problem(mesh, fs.Diffusion(1.0), {"r+": fs.Value(1.0)}), until=0.3, outputs=times, rtol=1e-6)
    taken = [book.flow_in / PI for book in run.balances[1:]]
    np.testing.assert_allclose(taken, exact, atol=3e-4)


@pytest.mark.parametrize("ratio", [4.0, 80.0])
def test_a_dielectric_sphere_in_a_uniform_field(ratio):
    """Inside the field is 3 E0/(e + 2); outside a dipole (e - 1)/(e + 2) a^3 E0 (Jackson, section 4.4)."""
    inside = 3.0 / (ratio + 2.0)
    outside = f"-r*cos(theta)*(1 - {(ratio - 1) / (ratio + 2)}*0.5**3/r**3)"
    exact = f"where(r < 0.5, -{inside}*r*cos(theta), {outside})"
    errors, flux = [], []
    for n in (16, 32):
        mesh = fs.spherical(r=(0, 1), theta=(0, PI), cells=(n, n))
        model = fs.Electrostatics(permittivity=[("r < 0.5", ratio), 1.0])
        result = fs.solve(fs.Problem(mesh, model, {"r+": fs.Value(outside)}, exact=exact))
        errors.append(result.error())
        near = np.unravel_index(np.abs(mesh.points[2] - 0.2).argmin(), mesh.shape)
        flux.append(result.flux.cartesian[2][near] / ratio - inside)
    assert errors[1] < 2e-3
    assert order(errors) == pytest.approx(2.0, abs=0.2)
    assert abs(flux[1]) < 5e-3


@pytest.mark.parametrize("ratio", [0.1, 9.0])
def test_a_dielectric_cylinder_across_a_uniform_field(ratio):
    """Inside the field is 2 E0/(e + 1) (Landau & Lifshitz, Electrodynamics of Continuous Media, section 8)."""
    outside = f"-r*cos(phi)*(1 - {(ratio - 1) / (ratio + 1)}*0.25/r**2)"
    exact = f"where(r < 0.5, -{2 / (ratio + 1)}*r*cos(phi), {outside})"
    errors = []
    for n in (16, 32):
        mesh = fs.polar(r=(0, 1), phi=FULL, cells=(n, 2 * n))
        model = fs.Electrostatics(permittivity=[("r < 0.5", ratio), 1.0])
        errors.append(fs.solve(fs.Problem(mesh, model, {"r+": fs.Value(outside)}, exact=exact)).error())
    assert errors[1] < 4e-3
    assert order(errors) == pytest.approx(2.0, abs=0.2)


def cube_center():
    """Return u at the centre of the unit cube, -div grad u = 1, u = 0 on its faces: a double series of 1/cosh.

    u = sum 16 (-1)^((m + n)/2 - 1)/(pi^2 m n k^2) (1 - 1/cosh(k/2)), m and n odd, k^2 = pi^2 (m^2 + n^2): the part
    without 1/cosh is the plane problem's, 0.0736713532814 at the centre of the square.
    """
    odd = np.arange(1, 200, 2)
    sign = (-1.0) ** ((odd - 1) // 2)
    k = PI * np.sqrt(odd[:, None] ** 2 + odd[None, :] ** 2)
    weight = 16 * sign[:, None] * sign[None, :] / (PI**2 * odd[:, None] * odd[None, :] * k**2)
    # 1/8 - sum 4 sign/(n pi)^3/cosh(n pi/2): the centre of the square
    square = 0.125 - (4 * sign / ((odd * PI) ** 3 * np.cosh(np.minimum(odd * PI / 2, 700)))).sum()
    return square - (weight / np.cosh(np.minimum(k / 2, 700))).sum()


def test_poisson_in_the_unit_cube():
    """0.0562128... at the centre, a series recomputed here."""
    exact = cube_center()
    assert exact == pytest.approx(0.0562128, abs=5e-8)
    errors = []
    for n in (15, 45):
        mesh = fs.cartesian(x=(0, 1), y=(0, 1), z=(0, 1), cells=(n, n, n))
        u = fs.solve(fs.Problem(mesh, fs.Heat(1.0, source=1.0), grounded(mesh))).field.values
        errors.append(u[n // 2, n // 2, n // 2] - exact)
    assert abs(errors[1]) < 1e-4
    assert np.log(errors[0] / errors[1]) / np.log(3) == pytest.approx(2.0, abs=0.05)


def test_torsion_of_a_square_bar():
    """J = 0.1405770 a^4 and the largest shear 0.675 G theta a (Timoshenko & Goodier, Theory of Elasticity, 109).

    Prandtl's function: -div grad f = 2, f = 0 on the rim, J = 2 int f, shear |grad f| largest at the middle of a side.
    """
    odd = np.arange(1, 400, 2)
    constant = 1 / 3 - 64 / PI**5 * (np.tanh(odd * PI / 2) / odd**5).sum()
    assert constant == pytest.approx(0.1405770, abs=5e-8)
    steepest = 1 - 8 / PI**2 * (1 / (odd**2 * np.cosh(np.minimum(odd * PI / 2, 700)))).sum()
    assert steepest == pytest.approx(0.675, abs=5e-4)
    errors, shear = [], []
    for n in (21, 63):
        mesh = fs.cartesian(x=(0, 1), y=(0, 1), cells=(n, n))
        result = fs.solve(fs.Problem(mesh, fs.Heat(1.0, source=2.0), grounded(mesh)))
        errors.append(2 * float((mesh.volumes * result.field.values).sum()) - constant)
        shear.append(result.at_boundary("x+").flux_out[n // 2] - steepest)
    assert abs(errors[1]) < 2e-4
    assert np.log(errors[0] / errors[1]) / np.log(3) == pytest.approx(2.0, abs=0.05)
    assert abs(shear[1]) < 2e-4
