"""Steady states on meshes whose lines do not cross at right angles, against closed forms."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

import fieldsim as fs

PI = np.pi
SHEARED = {"x": "u + 0.5*v", "y": "v"}
SHEARED_3 = {"x": "u + 0.5*v + 0.3*w", "y": "v - 0.2*w", "z": "w"}
BENT = {"x": "u + 0.5*v + 0.1*sin(pi*u)*v", "y": "v + 0.2*sin(2*pi*u)*(1 - v)"}
BENT_3 = {"x": "u + 0.3*v + 0.05*sin(pi*u)*w", "y": "v + 0.2*w + 0.05*sin(2*pi*w)", "z": "w + 0.1*sin(pi*u)*sin(pi*v)"}


def held(mesh, exact):
    return {side: fs.Value(exact) for side in mesh.walls}


def errors(result):
    """The volume-weighted and the largest error."""
    mesh = result.problem.mesh
    miss = result.field.values - result.problem.exact_values(0.0)
    return np.array([np.sqrt((mesh.volumes * miss**2).sum() / mesh.volumes.sum()), np.abs(miss).max()])


def orders(solved, counts):
    found = [errors(solved(n)) for n in counts]
    return [np.log2(a / b) for a, b in pairwise(found)]


@pytest.mark.parametrize("tensor", [False, True], ids=["number", "tensor"])
@pytest.mark.parametrize("dim", [2, 3])
def test_linear_fields_are_exact_on_sheared_meshes(dim, tensor):
    """Values, fluxes, values at points and flows through walls, to rounding."""
    mesh = fs.curvilinear(map=SHEARED if dim == 2 else SHEARED_3, cells=(4, 5, 3)[:dim])
    slope = np.array([2.0, -3.0, 1.5])[:dim]
    exact = "1 + 2*x - 3*y" + (" + 1.5*z" if dim == 3 else "")
    k = np.full((dim, dim), 0.5) + np.diag([2.0, 1.0, 3.0][:dim]) if tensor else 2.0 * np.eye(dim)
    problem = fs.Problem(mesh, fs.Heat(k.tolist() if tensor else 2.0), held(mesh, exact), exact=exact)
    result = fs.solve(problem)
    assert result.error() < 1e-13
    assert result.balance.relative < 1e-12
    flux = -k @ slope
    np.testing.assert_allclose(
        result.flux.cartesian, np.broadcast_to(flux.reshape(dim, *(1,) * dim), (dim, *mesh.shape)), atol=1e-12
    )
    points = mesh.coordinates.to_cartesian(np.random.default_rng(0).random((dim, 20)))
    np.testing.assert_allclose(result.at(np.stack(points, axis=1)), 1 + slope @ np.stack(points), atol=1e-13)
    # the side v+ spans u (and w): its area vector is (0, 1) in the plane, e_w x e_u = (0, 1, 0.2) in space
    area = np.array([0.0, 1.0, 0.2])[:dim]
    assert result.flow_out("v+").value == pytest.approx(flux @ area, rel=1e-12)


CONDITIONS = {
    "value": lambda n: fs.Value("sin(x)*cos(2*y)"),
    "flux": lambda n: fs.FluxOut(f"-2*(cos(x)*cos(2*y)*({n[0]}) - 2*sin(x)*sin(2*y)*({n[1]}))"),
    "gradient": lambda n: fs.GradientOut(f"cos(x)*cos(2*y)*({n[0]}) - 2*sin(x)*sin(2*y)*({n[1]})"),
    "convective": lambda n: fs.Convective(
        3.0, f"sin(x)*cos(2*y) + 2/3*(cos(x)*cos(2*y)*({n[0]}) - 2*sin(x)*sin(2*y)*({n[1]}))"
    ),
}


@pytest.mark.parametrize("kind", CONDITIONS)
def test_every_condition_is_of_second_order(kind):
    """-div 2 grad u = 10 u for u = sin x cos 2y on a mesh bent inside straight walls; the others hold the value."""
    bend = {"x": "u + 0.5*v + 0.08*sin(pi*u)*sin(2*pi*v)", "y": "v + 0.1*sin(2*pi*u)*sin(pi*v)"}
    root = np.sqrt(1.25)
    normals = {"u+": (1 / root, -0.5 / root), "v+": (0.0, 1.0)}

    def solved(n):
        mesh = fs.curvilinear(map=bend, cells=(n, n))
        exact = "sin(x)*cos(2*y)"
        walls = held(mesh, exact) | {side: CONDITIONS[kind](normal) for side, normal in normals.items()}
        return fs.solve(fs.Problem(mesh, fs.Heat(2.0, source=f"10*{exact}"), walls, exact=exact))

    ((weighted, largest),) = orders(solved, (16, 32))
    assert weighted == pytest.approx(2.0, abs=0.1)
    assert largest > 1.7


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["number", "tensor"])
def test_second_order_in_the_plane(kind):
    """u = sin 3x cos 2y: K_ij d_ij u by hand."""
    exact = "sin(3*x)*cos(2*y)"
    source = f"13*{exact}" if kind == "number" else f"(27 + 8)*{exact} + 12*cos(3*x)*sin(2*y)"

    def solved(n):
        mesh = fs.curvilinear(map=BENT, cells=(n, n))
        model = fs.Heat(1.0 if kind == "number" else [[3.0, 1.0], [1.0, 2.0]], source=source)
        return fs.solve(fs.Problem(mesh, model, held(mesh, exact), exact=exact))

    for weighted, largest in orders(solved, (16, 32, 64, 128)):
        assert weighted == pytest.approx(2.0, abs=0.1)
        assert largest == pytest.approx(2.0, abs=0.2)


@pytest.mark.slow
def test_second_order_in_space():
    """-lap u = 4 u for u = sin 2x cos y exp z."""
    exact = "sin(2*x)*cos(y)*exp(z)"

    def solved(n):
        mesh = fs.curvilinear(map=BENT_3, cells=(n, n, n))
        return fs.solve(fs.Problem(mesh, fs.Heat(1.0, source=f"4*{exact}"), held(mesh, exact), exact=exact))

    ((weighted, largest),) = orders(solved, (12, 24))
    assert weighted == pytest.approx(2.0, abs=0.1)
    assert largest > 1.85


def test_an_annulus_of_corners_follows_the_logarithm():
    """T = ln r/ln 2 between r = 1 and 2; 2 pi k/ln 2 flows through (Carslaw and Jaeger, section 7.1)."""
    ring = {"x": "(1 + u)*cos(v + 0.5*u)", "y": "(1 + u)*sin(v + 0.5*u)"}
    found = []
    for n in (8, 16):
        mesh = fs.curvilinear(map=ring, v=(0, 2 * PI), cells=(n, 6 * n), periodic=("v",))
        problem = fs.Problem(mesh, fs.Heat(2.0), {"u-": fs.Value(0.0), "u+": fs.Value(1.0)}, exact="log(r)/log(2)")
        result = fs.solve(problem)
        assert result.balance.relative < 1e-12
        found.append((result.error(), abs(result.flow_out("u-").value / (4 * PI / np.log(2)) - 1)))
    assert found[1][0] < found[0][0] / 3.5
    assert found[1][0] < 4e-4
    assert found[1][1] < found[0][1] / 3.5
    assert found[1][1] < 5e-3


def test_layers_are_exact_along_skew_lines():
    """Two slabs in series, k = 1 and 50: u is linear in each and continuous, to rounding."""
    mesh = fs.curvilinear(map={"x": "u", "y": "v + 0.7*u"}, cells=(6, 5))
    model = fs.Heat([("x < 0.5", 1.0), 50.0])
    # insulated ends would cut the layers askew: they carry the linear profiles instead
    exact = "where(x < 0.5, 100*x/51, (50 + 2*(x - 0.5))/51)"
    result = fs.solve(fs.Problem(mesh, model, held(mesh, exact), exact=exact))
    assert result.error() < 1e-13
    np.testing.assert_allclose(result.flux.cartesian[0], -100 / 51, rtol=1e-12)
    np.testing.assert_allclose(result.at([[0.5, 0.6], [0.25, 0.5]]), [50 / 51, 25 / 51], rtol=1e-12)


def test_nothing_held_needs_balanced_sources():
    """u = cos pi x cos pi y on the unit square, insulated all round: -lap u = 2 pi^2 u; the mean is kept."""
    wavy = {"x": "u + 0.08*sin(2*pi*u)*sin(2*pi*v)", "y": "v + 0.08*sin(2*pi*u)*sin(2*pi*v)"}
    exact = "cos(pi*x)*cos(pi*y)"
    found = []
    for n in (24, 48):
        mesh = fs.curvilinear(map=wavy, cells=(n, n))
        source = fs.ScalarField(mesh, f"2*pi**2*{exact}").values
        source = source - (mesh.volumes * source).sum() / mesh.volumes.sum()
        walls = {side: fs.FluxOut(0.0) for side in mesh.walls}
        result = fs.solve(fs.Problem(mesh, fs.Heat(1.0, source=source), walls, exact=exact))
        assert abs(result.balance.missing) < 1e-12
        assert abs((mesh.volumes * result.field.values).sum()) < 1e-12
        found.append(errors(result)[0])
    assert np.log2(found[0] / found[1]) == pytest.approx(2.0, abs=0.15)


def test_a_held_body_in_a_skew_box():
    """A block at 1 inside walls at 0: everything lies between, and what leaves the block reaches the walls."""
    mesh = fs.curvilinear(map=SHEARED, cells=(12, 12))
    problem = fs.Problem(
        mesh,
        fs.Electrostatics(permittivity=1.0),
        {s: fs.Value(0.0) for s in mesh.walls},
        fixed=[("abs(u - 0.5) < 0.1 and abs(v - 0.5) < 0.1", 1.0)],
    )
    result = fs.solve(problem)
    values = result.field.values
    assert values.min() > 0.0
    assert values.max() == 1.0
    reached = sum(result.flow_out(s).value for s in mesh.walls)
    assert -result.flow_out("fixed[0]").value == pytest.approx(reached, rel=1e-12)
    # W = Q V/2 (Jackson, section 1.11)
    assert result.energy().value == pytest.approx(0.5 * reached, rel=1e-12)


def test_conductivities_that_follow_the_unknown():
    """k = 1 + T: T + T^2/2 is harmonic (Kirchhoff 1894), here 1 + x + x y."""
    exact = "sqrt(3 + 2*x + 2*x*y) - 1"

    def solved(n):
        mesh = fs.curvilinear(map=BENT, cells=(n, n))
        return fs.solve(fs.Problem(mesh, fs.Heat("1 + T"), held(mesh, exact), exact=exact))

    ((weighted, largest),) = orders(solved, (16, 32))
    assert weighted == pytest.approx(2.0, abs=0.1)
    assert largest > 1.8


def test_radiation_from_a_skew_body():
    """What leaves is emissivity sigma (T^4 - T0^4) at the wall's own temperature (Stefan-Boltzmann)."""
    mesh = fs.curvilinear(map=SHEARED, cells=(10, 10))
    walls = {"u-": fs.Value(1000.0), "u+": fs.Radiative(0.9, 300.0), "v-": fs.FluxOut(0.0), "v+": fs.FluxOut(0.0)}
    result = fs.solve(fs.Problem(mesh, fs.Heat(5.0), walls, initial=500.0))
    wall = result.at_boundary("u+")
    np.testing.assert_allclose(wall.flux_out, 0.9 * 5.670374419e-8 * (wall.value**4 - 300.0**4), rtol=1e-6)
    assert result.balance.relative < 1e-11


def test_a_mode_decays_on_a_wavy_mesh():
    """sin pi x sin pi y falls as exp(-2 pi^2 t), held at 0 all round."""
    wavy = {"x": "u + 0.08*sin(2*pi*u)*sin(2*pi*v)", "y": "v + 0.08*sin(2*pi*u)*sin(2*pi*v)"}
    found = []
    for n in (12, 24):
        mesh = fs.curvilinear(map=wavy, cells=(n, n))
        problem = fs.Problem(
            mesh,
            fs.Diffusion(1.0),
            {s: fs.Value(0.0) for s in mesh.walls},
            initial="sin(pi*x)*sin(pi*y)",
            exact="sin(pi*x)*sin(pi*y)*exp(-2*pi**2*t)",
        )
        run = fs.evolve(problem, until=0.05, outputs=1, rtol=1e-5)
        assert run.balance.relative < 1e-12
        found.append(run.error())
    assert found[1] < found[0] / 3.3
    assert found[1] < 5e-3


def test_coefficients_and_films_that_change_in_time():
    """One cell's worth of physics: the energy form is assembled anew, and the books close."""
    mesh = fs.curvilinear(map=SHEARED, cells=(6, 6))
    walls = {"u-": fs.Value("t"), "u+": fs.Convective("1 + t", 1.0), "v-": fs.FluxOut(0.1), "v+": fs.GradientOut(0.2)}
    run = fs.evolve(fs.Problem(mesh, fs.Diffusion("1 + t"), walls), until=0.2, outputs=2, rtol=1e-3)
    assert run.balance.relative < 1e-12


def test_the_error_is_estimated_from_every_other_corner():
    """Half as many cells a side (Richardson 1911): the estimate is within a fifth of the true error."""
    exact = "sin(3*x)*cos(2*y)"
    mesh = fs.curvilinear(map=BENT, cells=(24, 24))
    result = fs.solve(fs.Problem(mesh, fs.Heat(1.0, source=f"13*{exact}"), held(mesh, exact), exact=exact))
    assert fs.estimate_error(result).largest == pytest.approx(result.error(), rel=0.2)


def test_newton_takes_films_into_account():
    """A derivative without what films do to k(T) takes half as many steps again."""
    mesh = fs.curvilinear(map=BENT, cells=(40, 40))
    walls = {"u-": fs.Value(1.0), "u+": fs.Convective(20.0, 5.0), "v-": fs.FluxOut(0.0), "v+": fs.Convective(9.0, 3.0)}
    result = fs.solve(fs.Problem(mesh, fs.Heat("1 + T"), walls))
    assert result.solver.iterations <= 15


def test_the_flux_is_of_second_order():
    """q = -K grad u for u = sin 3x cos 2y on a bent mesh, walls included."""
    exact, source = "sin(3*x)*cos(2*y)", "35*sin(3*x)*cos(2*y) + 12*cos(3*x)*sin(2*y)"
    found = []
    for n in (16, 32):
        mesh = fs.curvilinear(map=BENT, cells=(n, n))
        model = fs.Heat([[3.0, 1.0], [1.0, 2.0]], source=source)
        result = fs.solve(fs.Problem(mesh, model, held(mesh, exact), exact=exact))
        x, y = mesh.points
        slope = np.stack([3 * np.cos(3 * x) * np.cos(2 * y), -2 * np.sin(3 * x) * np.sin(2 * y)])
        miss = result.flux.cartesian + np.einsum("ij,j...->i...", [[3.0, 1.0], [1.0, 2.0]], slope)
        found.append(np.sqrt((mesh.volumes * miss**2).sum()))
    assert np.log2(found[0] / found[1]) > 1.85


def test_several_fields_on_a_skew_mesh():
    """b = x and -lap a = b, a = -x^3/6: each field has its own conduction."""
    mesh = fs.curvilinear(map=SHEARED, cells=(16, 16))
    models = {"a": fs.Diffusion(1.0, source="b"), "b": fs.Diffusion([[2.0, 0.5], [0.5, 1.0]])}
    problem = fs.CoupledProblem(
        mesh, models, {"a": held(mesh, "-x**3/6"), "b": held(mesh, "x")}, exact={"a": "-x**3/6", "b": "x"}
    )
    result = fs.solve(problem)
    x = mesh.points[0]
    np.testing.assert_allclose(result.fields["b"].values, x, atol=1e-12)
    np.testing.assert_allclose(result.fields["a"].values, -(x**3) / 6, atol=2e-3)


def test_a_floating_conductor_in_a_skew_box():
    """All that a floating body gives off arrives at the walls (Gauss)."""
    mesh = fs.curvilinear(map=SHEARED, cells=(10, 10))
    problem = fs.Problem(
        mesh,
        fs.Electrostatics(permittivity=[[2.0, 0.5], [0.5, 1.0]]),
        {s: fs.Value(0.0) for s in mesh.walls},
        fixed=[("abs(u - 0.5) < 0.2 and abs(v - 0.5) < 0.2", fs.Floating(1.0))],
    )
    result = fs.solve(problem)
    assert sum(result.flow_out(s).value for s in mesh.walls) == pytest.approx(1.0, rel=1e-12)
    inside = result.field.values[4:6, 4:6]
    assert np.ptp(inside) <= 1e-15 * inside.max()
    # W = Q V/2 (Jackson, section 1.11)
    assert result.energy().value == pytest.approx(0.5 * inside[0, 0], rel=1e-11)
