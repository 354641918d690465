"""Tensor conductivities: closed forms in turned axes, how they are written, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

import fieldsim as fs
from fieldsim.errors import InvalidInput
from fieldsim.physics import EnergyVolume

PI = np.pi
K = [[4.0, 1.0], [1.0, 2.0]]


def held(mesh, exact):
    return {side: fs.Value(exact) for side in mesh.walls}


def weighted_error(result):
    mesh, exact = result.problem.mesh, result.problem.exact_values(0.0)
    return float(np.sqrt((mesh.volumes * (result.field.values - exact) ** 2).sum() / mesh.volumes.sum()))


MESHES = {
    "cartesian": lambda n: fs.cartesian(x=(0, 1), y=(0, 1), cells=(n, n)),
    "disk": lambda n: fs.polar(r=(0, 1), phi=(0, 2 * PI), cells=(n // 2, 2 * n)),
    "sector": lambda n: fs.polar(r=(0.5, 1), phi=(0, 1), cells=(n // 2, n)),
    "skew": lambda n: fs.curvilinear(map={"x": "u + 0.5*v", "y": "v + 0.1*sin(pi*u)"}, cells=(n, n)),
}


@pytest.mark.parametrize("name", MESHES)
def test_principal_axes_at_thirty_degrees(name):
    """exp(xi/sqrt k1) cos(eta/sqrt k2) in axes turned by 30 degrees solves div K grad u = 0."""
    k1, k2, c, s = 10.0, 1.0, np.cos(PI / 6), np.sin(PI / 6)
    exact = f"exp(({c}*x + {s}*y)/{np.sqrt(k1)})*cos((-{s}*x + {c}*y)/{np.sqrt(k2)})"
    found = []
    for n in (16, 32):
        mesh = MESHES[name](n)
        model = fs.Heat(fs.Tensor.principal((k1, k2), angle="30 deg"))
        result = fs.solve(fs.Problem(mesh, model, held(mesh, exact), exact=exact))
        assert result.balance.relative < 1e-12
        found.append(weighted_error(result))
    assert np.log2(found[0] / found[1]) > 1.8
    assert found[1] < 1e-3


def test_in_space_through_the_poles():
    """u = x y + z^2: div K grad u = 2 kxy + 2 kzz on a ball in spherical coordinates."""
    found = []
    for n in (6, 12):
        mesh = fs.spherical(r=(0, 1), theta=(0, PI), phi=(0, 2 * PI), cells=(n, n, 2 * n))
        model = fs.Heat([[3, 1, 0.5], [1, 2, 0], [0.5, 0, 1]], source=-4.0)
        result = fs.solve(fs.Problem(mesh, model, held(mesh, "x*y + z**2"), exact="x*y + z**2"))
        found.append(weighted_error(result))
    assert np.log2(found[0] / found[1]) > 1.6
    assert found[1] < 2e-2


@pytest.mark.parametrize("name", ["cartesian", "disk", "skew"])
def test_the_ways_to_write_a_tensor_agree(name):
    mesh = MESHES[name](6)
    rows = np.broadcast_to(np.array(K)[..., None, None], (2, 2, *mesh.shape))
    turned = np.linalg.eigh(np.array(K))
    angle = float(np.arctan2(turned[1][1, 1], turned[1][0, 1]))
    basis = np.broadcast_to(mesh.basis, (2, 2, *mesh.shape))
    own = np.einsum("ik...,kl,jl...->ij...", basis, np.array(K), basis)
    ways = [
        K,
        [["4 W/m/K", "1"], ["0.5 + 0.5", "2 + 0*x"]],
        np.array(K),
        rows,
        fs.Tensor(K),
        fs.Tensor(own, basis="mesh"),
        fs.TensorField(mesh, own),
        fs.Tensor.principal(turned[0][::-1].tolist(), angle=angle),
        fs.Tensor.principal(turned[0][::-1].tolist(), axis=turned[1][:, 1].tolist()),
        [("x < 0.3", K), fs.Tensor(own, basis="mesh")],
    ]
    u = np.random.default_rng(0).random(mesh.shape)
    gains = [fs.Problem(mesh, fs.Heat(way), held(mesh, 0.0)).volume.gain(0.0, u) for way in ways]
    for gain in gains[1:]:
        np.testing.assert_allclose(gain, gains[0], rtol=0, atol=1e-12 * np.abs(gains[0]).max())


def test_regions_of_numbers_and_tensors():
    """A layer of wood (along x and y) on steel: in series, flow = 1/(0.5/50 + 0.5/0.2)."""
    mesh = fs.cartesian(x=(0, 1), y=(0, 1), cells=(6, 4))
    model = fs.Heat([("x < 0.5", 50.0), fs.Tensor((0.2, 0.4))])
    walls = {"x-": fs.Value(1.0), "x+": fs.Value(0.0), "y-": fs.FluxOut(0.0), "y+": fs.FluxOut(0.0)}
    problem = fs.Problem(mesh, model, walls)
    assert not isinstance(problem.volume, EnergyVolume)
    assert fs.solve(problem).flow_out("x+").value == pytest.approx(1 / (0.5 / 50 + 0.5 / 0.2), rel=1e-12)


def test_wood_in_a_cylinder():
    """Radial flow knows k_r alone: 2 pi k_r/ln 2 per metre between r = 1 and 2."""
    mesh = fs.cylindrical(r=(1, 2), z=(0, 1), cells=(40, 3))
    walls = {"r-": fs.Value(1.0), "r+": fs.Value(0.0), "z-": fs.FluxOut(0.0), "z+": fs.FluxOut(0.0)}
    for wood in (fs.Tensor((0.3, 0.1, 0.6), basis="mesh"), fs.Tensor([[0.3, 0], [0, 0.6]], basis="mesh")):
        result = fs.solve(fs.Problem(mesh, fs.Heat(wood), walls))
        assert result.flow_out("r+").value == pytest.approx(2 * PI * 0.3 / np.log(2), rel=1e-4)
    # the same all round z: Cartesian components are good on an axisymmetric mesh
    round_z = fs.solve(fs.Problem(mesh, fs.Heat(fs.Tensor((0.3, 0.3, 0.6))), walls))
    assert round_z.flow_out("r+").value == pytest.approx(2 * PI * 0.3 / np.log(2), rel=1e-4)


def test_tensors_that_change_in_time():
    """K = (1 + t) diag(1, 1): the mode falls as exp(-2 pi^2 (t + t^2/2)), also where xy terms force the energy form."""
    mesh = fs.cartesian(x=(0, 1), y=(0, 1), cells=(16, 16))
    exact = "sin(pi*x)*sin(pi*y)*exp(-2*pi**2*(t + t**2/2))"
    problem = fs.Problem(
        mesh,
        fs.Diffusion([["1 + t", "1e-9*x"], ["1e-9*x", "1 + t"]]),
        held(mesh, 0.0),
        initial="sin(pi*x)*sin(pi*y)",
        exact=exact,
    )
    assert isinstance(problem.volume, EnergyVolume)
    run = fs.evolve(problem, until=0.05, outputs=1)
    assert run.error() < 3e-3
    assert run.balance.relative < 1e-12


REFUSED = {
    "indefinite": ([[1, 2], [2, 1]], "positive definite tensor; got '-1 as the smallest eigenvalue in cell"),
    "singular": ([[1, 1], [1, 1]], "positive definite"),
    "by place": ([[1, "2*x"], ["2*x", 1]], r"smallest eigenvalue in cell \(3, \d\)"),
    "not symmetric": ([[1, 2], [3, 5]], r"symmetric; got '2 at \[0\]\[1\] and 3 at \[1\]\[0\]"),
    "of the wrong size": ([[1, 0, 0], [0, 1, 0], [0, 0, 1]], "a symmetric matrix of 2 rows"),
    "ragged": (fs.Tensor([[1, 0], [0]]), "a symmetric matrix of 2 rows and columns"),
    "negative": (fs.Tensor((1, -1)), "positive definite"),
    "following": ([[1, "T"], ["T", 1]], "T"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_tensors_are_refused(name):
    tensor, message = REFUSED[name]
    mesh = fs.cartesian(x=(0, 1), y=(0, 1), cells=(4, 5))
    with pytest.raises(fs.FieldSimError, match=message):
        fs.Problem(mesh, fs.Heat(tensor), held(mesh, 0.0))


def test_what_does_not_fit_a_mesh_is_refused():
    pipe = fs.cylindrical(r=(1, 2), z=(0, 1), cells=(4, 3))
    with pytest.raises(InvalidInput, match="the same at every phi, which the mesh leaves out"):
        fs.Problem(pipe, fs.Heat(fs.Tensor((1, 2, 3))), held(pipe, 0.0))
    with pytest.raises(InvalidInput, match="keeps the flux along the mesh's own axes"):
        fs.Problem(pipe, fs.Heat(fs.Tensor([[1, 0.5, 0], [0.5, 2, 0], [0, 0, 3]], "mesh")), held(pipe, 0.0))
    ball = fs.spherical(r=(0, 1), theta=(0, PI), phi=(0, 2 * PI), cells=(3, 1, 4))
    with pytest.raises(InvalidInput, match="two cells or more from pole to pole, along theta"):
        fs.solve(fs.Problem(ball, fs.Heat([[3, 1, 0], [1, 2, 0], [0, 0, 1]]), held(ball, 0.0)))
    square = fs.cartesian(x=(0, 1), y=(0, 1), cells=(4, 4))
    with pytest.raises(InvalidInput, match="turns the flux away from the wall's normal"):
        fs.Problem(square, fs.Heat(K), held(square, 0.0) | {"x-": fs.GradientOut(1.0)})
    with pytest.raises(InvalidInput, match="contact"):
        fs.Problem(square, fs.Heat(K), held(square, 0.0), contact=[("x < 0.5", 0.1)])
    with pytest.raises(InvalidInput, match="basis"):
        fs.Tensor(K, basis="polar")
    for bad in ({"angle": 0.1, "axis": (1, 0)}, {}, {"axis": (0, 0)}):
        with pytest.raises(InvalidInput):
            fs.Tensor.principal((2, 1), **bad)


def test_periodic_both_ways():
    """K = [[2, c], [c, 1]]: sin(k(x + y)) takes the source (3 + 2c) k^2 sin(k(x + y)); the mean is kept at 0."""
    found = []
    for n in (16, 32):
        mesh = fs.cartesian(x=(0, 1), y=(0, 1), cells=(n, n), periodic=("x", "y"))
        source = "(3 + 2*0.5)*(2*pi)**2*sin(2*pi*(x + y))"
        problem = fs.Problem(mesh, fs.Heat([[2, 0.5], [0.5, 1]], source=source), {}, exact="sin(2*pi*(x + y))")
        result = fs.solve(problem)
        assert abs(result.balance.missing) < 1e-12
        found.append(weighted_error(result))
    assert np.log2(found[0] / found[1]) == pytest.approx(2.0, abs=0.1)
