"""Floating conductors against closed forms: spheres and plates of given charge, a neutral cylinder, heated blocks."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq

import fieldsim as fs
from fieldsim.errors import InvalidInput

PI = np.pi
FULL = (0, 2 * PI)
EPSILON0 = 8.8541878128e-12
NONE = fs.FluxOut(0.0)


def test_a_charged_sphere_in_a_grounded_one():
    """V = Q (1/a - 1/b)/(4 pi eps0) (Griffiths, Introduction to Electrodynamics, 2.5.4), at second order."""
    exact = 1e-9 / (4 * PI * EPSILON0) * (1 / 0.25 - 1)
    errors = []
    for n in (40, 80):
        mesh = fs.spherical(r=(0, 1), cells=n)
        model, grounded = fs.Electrostatics(permittivity=EPSILON0), {"r+": fs.Value(0.0)}
        result = fs.solve(fs.Problem(mesh, model, grounded, fixed=[("r < 0.25", fs.Floating("1 nC"))]))
        potential = result.value_of("fixed[0]")
        assert potential.unit == "V"
        errors.append(float(potential) / exact - 1.0)
        assert float(result.flow_out("fixed[0]")) == pytest.approx(-1e-9, rel=1e-12)
        assert result.balance.relative < 1e-12
        # held at that potential it has that charge, and the same field
        held = fs.solve(fs.Problem(mesh, model, grounded, fixed=[("r < 0.25", float(potential))]))
        assert float(held.flow_out("fixed[0]")) == pytest.approx(-1e-9, rel=1e-12)
        np.testing.assert_allclose(held.field.values, result.field.values, rtol=1e-12)
        assert float(result.capacitance("fixed[0]", "r+")) == pytest.approx(1e-9 / float(potential), rel=1e-12)
        assert f"fixed[0] floats at {float(potential):.6g} V, gives off 1e-09 C" in result.summary()
    assert errors[1] < 1e-3
    assert np.log2(errors[0] / errors[1]) == pytest.approx(2.0, abs=0.05)


def test_plates():
    """Between grounded plates at 0 and 1 m, a sheet of s C/m^2 from 0.4 to 0.6 m is at V = s/eps0 (0.4 | 0.4)."""
    mesh = fs.cartesian(x=(0, 1), cells=10)
    walls = {"x-": fs.Value(0.0), "x+": fs.Value(0.0)}
    sheet = [("x > 0.4 and x < 0.6", fs.Floating("3 nC/m^2"))]
    result = fs.solve(fs.Problem(mesh, fs.Electrostatics(permittivity=EPSILON0), walls, fixed=sheet))
    assert float(result.value_of("fixed[0]")) == pytest.approx(3e-9 / EPSILON0 * 0.4 / 2, rel=1e-13)
    # uncharged between plates at 0 and 1 V: where it stands by symmetry, and the field in the gaps is 1/(0.8 m)
    neutral = fs.Problem(
        mesh,
        fs.Electrostatics(permittivity=EPSILON0),
        walls | {"x+": fs.Value(1.0)},
        fixed=[(sheet[0][0], fs.Floating())],
    )
    field = fs.solve(neutral)
    assert float(field.value_of("fixed[0]")) == pytest.approx(0.5, rel=1e-13)
    assert field.at_boundary("x+").flux_out == pytest.approx(-EPSILON0 / 0.8, rel=1e-12)


def test_charges_induced_on_a_chain_of_plates():
    """Three floating sheets in series: each potential by Gauss's law from the one before."""
    mesh = fs.cartesian(x=(0, 1), cells=20)
    walls = {"x-": fs.Value(0.0), "x+": NONE}
    charges = (2e-9, -1e-9, 4e-9)
    places = ("x > 0.1 and x < 0.2", "x > 0.4 and x < 0.5", "x > 0.7 and x < 0.8")
    fixed = [(where, fs.Floating(charge)) for where, charge in zip(places, charges, strict=True)]
    result = fs.solve(fs.Problem(mesh, fs.Electrostatics(permittivity=EPSILON0), walls, fixed=fixed))
    beyond = np.cumsum(charges[::-1])[::-1]
    exact = np.cumsum(beyond * np.array([0.1, 0.2, 0.2])) / EPSILON0
    found = [float(result.value_of(f"fixed[{i}]")) for i in range(3)]
    np.testing.assert_allclose(found, exact, rtol=1e-12)


def test_a_neutral_cylinder_in_a_uniform_field():
    """u = V - (r - a^2/r) cos(phi): the cylinder takes the potential of its axis (Jackson, problem 2.12 ff.)."""
    errors = []
    for n in (32, 64):
        mesh = fs.polar(r=(0, 4), phi=FULL, cells=(n, n))
        exact = "3 - (r - 1/r)*cos(phi)"
        problem = fs.Problem(
            mesh,
            fs.Electrostatics(permittivity=EPSILON0),
            {"r+": fs.Value(exact)},
            fixed=[("r < 1", fs.Floating())],
            exact=exact,
        )
        result = fs.solve(problem)
        assert float(result.value_of("fixed[0]")) == pytest.approx(3.0, abs=1e-12)
        outside = mesh.centers[0] > 1
        errors.append(np.abs(result.field.values - problem.exact_values(0.0))[outside].max())
        # half the cylinder is charged one way, half the other, nothing in all
        through = problem.volume.outflows(0.0, result.field.values)["fixed[0]"]
        assert abs(through.sum()) < 1e-12 * np.abs(through).sum()
    assert errors[0] < 5e-3
    assert np.log2(errors[0] / errors[1]) == pytest.approx(2.0, abs=0.15)


def test_two_heated_blocks_in_an_insulated_box():
    """Nothing holds the temperature: with +6 and -6 W/m it keeps its mean; the drop is q L/k = 6*0.6/2."""
    mesh = fs.cartesian(x=(0, 1), y=(0, 1), cells=(20, 10))
    walls = dict.fromkeys(mesh.walls, NONE)
    fixed = [("x < 0.2", fs.Floating("6 W/m")), ("x > 0.8", fs.Floating(-6.0))]
    problem = fs.Problem(mesh, fs.Heat(2.0), walls, fixed=fixed, initial=5.0)
    result = fs.solve(problem)
    assert float(result.value_of("fixed[0]")) == pytest.approx(5.9, rel=1e-12)
    assert float(result.value_of("fixed[1]")) == pytest.approx(4.1, rel=1e-12)
    assert float(result.resistance("fixed[0]", "fixed[1]")) == pytest.approx(0.3, rel=1e-12)
    assert result.balance.relative < 1e-12
    with pytest.raises(InvalidInput, match=r"the net source \+6 W/m has nowhere to go"):
        fs.solve(problem.replace(fixed=fixed[:1]))


def test_conductivity_that_follows_around_a_heated_block():
    """P(T) = T + T^2/100 = q L for k = 1 + T/50, through a contact too: T - s = q R."""
    mesh = fs.cartesian(x=(0, 1), y=(0, 1), cells=(10, 4))
    walls = dict.fromkeys(mesh.walls, NONE) | {"x+": fs.Value(0.0)}
    problem = fs.Problem(mesh, fs.Heat("1 + T/50"), walls, fixed=[("x < 0.2", fs.Floating(200.0))])
    level = float(fs.solve(problem).value_of("fixed[0]"))
    assert level + level**2 / 100 == pytest.approx(160.0, rel=1e-9)
    coated = fs.solve(problem.replace(contact=[("x < 0.2", 0.1)]))
    assert float(coated.value_of("fixed[0]")) == pytest.approx(level + 20.0, rel=1e-9)


def test_an_uncharged_ball_inside_space():
    """Off the centre of a grounded cube, beside a charged one: the books close and an uncharged ball gives nothing off.

    The potential matrix is symmetric (Maxwell): charge on A lifts B as much as charge on B lifts A.
    """
    mesh = fs.cartesian(x=(-1, 1), y=(-1, 1), z=(-1, 1), cells=(24, 24, 24))
    walls = dict.fromkeys(mesh.walls, fs.Value(0.0))
    places = ("(x + 0.3)**2 + y**2 + z**2 < 0.09", "(x - 0.6)**2 + y**2 + z**2 < 0.02")
    lifted = []
    for charges in ((1e-9, 0.0), (0.0, 1e-9)):
        fixed = [(where, fs.Floating(q)) for where, q in zip(places, charges, strict=True)]
        result = fs.solve(fs.Problem(mesh, fs.Electrostatics(permittivity=EPSILON0), walls, fixed=fixed))
        assert result.balance.relative < 1e-12
        lifted.append(float(result.value_of("fixed[0]" if charges[1] else "fixed[1]")))
    assert lifted[0] == pytest.approx(lifted[1], rel=1e-9)
    assert 0.0 < lifted[0] < 1e-9 / (4 * PI * EPSILON0 * 0.6)


@pytest.mark.parametrize("kind", ["skew mesh", "velocity"])
def test_a_floating_body_held_at_its_value_gives_off_the_same(kind):
    """By definition: what it gives off is given, and held at the value found it gives off just that."""
    if kind == "skew mesh":
        mesh = fs.curvilinear(map={"x": "u + 0.3*v", "y": "v + 0.1*sin(3*u)"}, u=(0, 1), v=(0, 1), cells=(12, 12))
        model, walls = fs.Heat(2.0), dict.fromkeys(mesh.walls, NONE) | {mesh.walls[1]: fs.Value(0.0)}
    else:
        mesh = fs.cartesian(x=(0, 1), y=(0, 1), cells=(12, 12))
        model, walls = fs.Diffusion(1.0, velocity=("5", "2")), dict.fromkeys(mesh.walls, fs.Value(0.0))
    where = np.zeros(mesh.shape, dtype=bool)
    where[3:6, 4:8] = True
    problem = fs.Problem(mesh, model, walls, fixed=[(where, fs.Floating(1.0))])
    result = fs.solve(problem)
    assert result.balance.relative < 1e-12
    held = fs.solve(problem.replace(fixed=[(where, float(result.value_of("fixed[0]")))]))
    assert float(held.flow_out("fixed[0]")) == pytest.approx(-1.0, rel=1e-11)


def test_a_pocket_that_holes_cut_off():
    """What nothing holds keeps its own mean if its supplies cancel, and is named if they do not."""
    mesh = fs.cartesian(x=(0, 1), y=(0, 1), cells=(20, 20))
    walls = dict.fromkeys(mesh.walls, NONE) | {"x+": fs.Value(1.0)}
    problem = fs.Problem(mesh, fs.Heat(1.0), walls, holes=["x > 0.4 and x < 0.6"], initial="7 + y")
    result = fs.solve(problem)
    np.testing.assert_allclose(result.field.values[:8], 7.5, rtol=1e-14)
    np.testing.assert_allclose(result.field.values[12:], 1.0, rtol=1e-14)
    waves = fs.solve(problem.replace(model=fs.Heat(1.0, source=[("x < 0.4", "cos(2*pi*y)"), 0.0])))
    expected = 7.5 + np.cos(2 * PI * mesh.points[1][:8]) / (4 * PI**2)
    np.testing.assert_allclose(waves.field.values[:8], expected, atol=3e-4)
    heated = problem.replace(model=fs.Heat(1.0, source=[("x < 0.2 and y > 0.8", 1.0), 0.0]))
    with pytest.raises(InvalidInput, match=r"\+0.04 W/m in the 160 cells around cell \(0, 0\) has nowhere to go"):
        fs.solve(heated)
    with pytest.raises(
        InvalidInput, match=r"nothing holds the temperature in the 160 cells around cell \(0, 0\), which"
    ):
        fs.solve(problem.replace(model=fs.Heat("1 + T")))
    # a floating body in the pocket brings its own power, and a held one holds it
    cooled = fs.solve(heated.replace(fixed=[("x < 0.1 and y < 0.1", fs.Floating(-0.04))]))
    assert cooled.balance.relative < 1e-12
    held = fs.solve(heated.replace(fixed=[("x < 0.1 and y < 0.1", 3.0)]))
    assert float(held.flow_out("fixed[0]")) == pytest.approx(0.04, rel=1e-10)


@pytest.mark.parametrize(
    ("holes", "more", "sizes"),
    [
        ([], [], [96]),
        (["phi < pi/6"], [], [88]),
        (["phi < pi/6", "phi > pi and phi < 7*pi/6"], [], [40, 40]),
        (["r > 0.6 and r < 0.8"], [], [60, 24]),
        (["r > 0.6 and r < 0.8"], [("phi > 3 and phi < 4 and r > 0.8", 1.0)], [60]),
        (["r > 0.5 and r < 0.8 and phi > 1"], [], [76]),
    ],
)
def test_regions_that_nothing_holds(holes, more, sizes):
    """An insulated disk cut apart by wedges and rings: its seam joins the first and the last cells."""
    mesh = fs.polar(r=(0, 1), phi=FULL, cells=(8, 12))
    problem = fs.Problem(mesh, fs.Heat(1.0), {"r+": NONE}, holes=holes, fixed=more)
    assert [int(region.sum()) for region in problem.volume.loose] == sizes


@pytest.mark.parametrize("method", ["tr_bdf2", "backward_euler", "rk4"])
def test_a_block_that_cools_through_a_slab(method):
    """H du/dt = du/dx at x = 0 and u = 0 at x = 1: sin(z (1 - x)) exp(-z^2 t), z tan z = 1/H (Carslaw & Jaeger, 3.13).

    One mode decays as one: the block, of heat capacity H = 0.5 a unit of area, with the slab.
    """
    z = brentq(lambda z: z * np.tan(z) - 2.0, 0.1, 1.5)
    errors = []
    for n in (20, 40):
        mesh = fs.cartesian(x=(-0.25, 1), cells=5 * n // 4)
        model = fs.Heat(1.0, density=[("x < 0", 2.0), 1.0], capacity=1.0)
        walls = {"x-": NONE, "x+": fs.Value(0.0)}
        start = f"sin({z}*(1 - max(x, 0)))"
        problem = fs.Problem(mesh, model, walls, initial=start, fixed=[("x < 0", fs.Floating())])
        options = {"tr_bdf2": {"rtol": 1e-7}, "backward_euler": {"dt": 1e-3}, "rk4": {"dt": 2.5e-4}}[method]
        run = fs.evolve(problem, until=0.1, outputs=1, method=method, **options)
        exact = np.exp(-(z**2) * 0.1) * np.sin(z * (1 - np.maximum(mesh.axes[0].centers, 0)))
        errors.append(np.abs(run.field.values - exact).max())
        assert np.ptp(run.field.values[: n // 4]) < 1e-14
        assert float(run.value_of("fixed[0]")) == pytest.approx(np.exp(-(z**2) * 0.1) * np.sin(z), rel=2e-3)
        # what the block gave off is what it lost
        lost = 0.5 * (np.sin(z) - float(run.value_of("fixed[0]")))
        assert -run.balance.through["fixed[0]"] == pytest.approx(lost, rel=1e-10)
        assert run.balance.relative < 1e-12
    if method != "backward_euler":
        assert np.log2(errors[0] / errors[1]) == pytest.approx(2.0, abs=0.1)


def test_a_heater_in_an_insulated_box_in_time():
    """All of P = 3 sin^2(t) stays: the content rises by its integral, also where k follows T."""
    mesh = fs.cartesian(x=(0, 1), y=(0, 1), cells=(5, 4))
    walls = dict.fromkeys(mesh.walls, NONE)
    fixed = [("x < 0.4 and y < 0.5", fs.Floating("3*sin(t)**2"))]
    given = 1.5 * (1.0 - np.sin(2.0) / 2)
    for conductivity in (1.0, "1 + T"):
        model = fs.Heat(conductivity, density=2.0, capacity=3.0)
        run = fs.evolve(fs.Problem(mesh, model, walls, fixed=fixed), until=1.0, outputs=1, rtol=1e-3)
        assert float(run.content()) == pytest.approx(given, rel=2e-3)
        assert run.balance.relative < 1e-11
        assert np.ptp(run.field.values[:2, :2]) < 1e-14
        assert run.solver.overshoot is None


@pytest.mark.parametrize(
    ("supply", "message"),
    [
        ("1 V", r"fixed\[0\].supply"),
        ("x", r"fixed\[0\].supply"),
        ([1.0, 2.0], r"`fixed\[0\].supply` must be"),
        ("nan", r"fixed\[0\].supply"),
    ],
)
def test_wrong_supplies_are_refused(supply, message):
    mesh = fs.cartesian(x=(0, 1), cells=8)
    with pytest.raises(fs.FieldSimError, match=message):
        fs.Problem(mesh, fs.Heat(1.0), {"x-": NONE, "x+": NONE}, fixed=[("x < 0.5", fs.Floating(supply))])


def test_what_floating_bodies_cannot_do():
    mesh = fs.cartesian(x=(0, 1), cells=8)
    walls = {"x-": NONE, "x+": fs.Value(0.0)}
    problem = fs.Problem(mesh, fs.Heat(1.0, 1.0, 1.0), walls, fixed=[("x < 0.5", fs.Floating("t"))])
    with pytest.raises(InvalidInput, match=r"fixed\[0\].supply depends on t"):
        fs.solve(problem)
    shut = problem.replace(fixed=[("x < 0.2", fs.Floating())], holes=["x > 0.2 and x < 0.6"])
    with pytest.raises(InvalidInput, match="touches cells that are solved for"):
        fs.solve(shut)
    with pytest.raises(InvalidInput, match="`name` must be one of"):
        fs.solve(problem.replace(fixed=[("x < 0.5", fs.Floating())])).value_of("fixed[1]")


@pytest.mark.parametrize(
    "condition",
    [
        fs.Value(0.0),
        fs.Convective(h=2.0, ambient=0.0),
        fs.Radiative(emissivity=0.5, ambient=300.0),
        fs.FluxOut(-1.0),
        fs.FluxOut("t"),
        fs.GradientOut(1.0),
        [("y < 0.5", fs.Value(0.0)), NONE],
    ],
    ids=["value", "convective", "radiative", "flux", "flux-later", "gradient", "part"],
)
def test_a_floating_body_on_a_wall_that_lets_through_is_refused(condition):
    """A plate that warms at 1 W on a cooled wall would keep it all: the wall's law has no say in a body's cells."""
    mesh = fs.cartesian(x=(0, 1), y=(0, 1), cells=(4, 4))
    walls = dict.fromkeys(mesh.walls, NONE) | {"x-": condition, "x+": fs.Value(300.0)}
    with pytest.raises(InvalidInput, match=r"fixed\[0\]` must be a cell or more away .* got .*boundary\['x-'\]"):
        fs.Problem(mesh, fs.Heat(1.0), walls, fixed=[("x < 0.3 and y < 0.3", fs.Floating(1.0))])
    above = [("x < 0.3 and y > 0.7", fs.Floating(1.0))]
    if isinstance(condition, list):
        assert fs.solve(fs.Problem(mesh, fs.Heat(1.0), walls, fixed=above)).balance.relative < 1e-12


@pytest.mark.parametrize(
    "model",
    [
        fs.Diffusion(1.0, source=2.0, sink=3.0),
        fs.Diffusion(1.0, source="2 - 3*c"),
        fs.Diffusion("1 + 0.1*c", source=2.0, sink=3.0),
    ],
    ids=["sink", "source", "nonlinear"],
)
def test_sinks_and_sources_have_no_say_in_a_floating_body(model):
    """Half a rod at one value gives off its supply of 1, no more and no less, in the steady state and in time.

    Beyond it c'' = 3 c - 2 with -c' = 1 at 0.5 and c = 0 at 1: its value follows for constant K.
    """
    mesh = fs.cartesian(x=(0, 1), cells=40)
    walls = {"x-": NONE, "x+": fs.Value(0.0)}
    problem = fs.Problem(mesh, model, walls, fixed=[("x < 0.5", fs.Floating(1.0))])
    steady = fs.solve(problem)
    assert float(steady.flow_out("fixed[0]")) == pytest.approx(-1.0, rel=1e-9)
    k = np.sqrt(3.0)
    # c = 2/3 + a cosh(k s) - sinh(k s)/k, s from the body on
    a = (np.sinh(k / 2) / k - 2 / 3) / np.cosh(k / 2)
    if not isinstance(model.diffusivity, str):
        assert float(steady.value_of("fixed[0]")) == pytest.approx(2 / 3 + a, rel=1e-3)
    run = fs.evolve(problem, until=20.0, outputs=1)
    np.testing.assert_allclose(run.field.values, steady.field.values, rtol=0, atol=1e-6)
    assert run.balance.relative < 1e-12
