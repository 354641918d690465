"""The energy form: symmetric, conservative, equal to the two-point law where lines and tensors are straight."""

from __future__ import annotations

from dataclasses import fields
from itertools import product

import numpy as np
import pytest

import fieldsim as fs
from fieldsim.physics import EnergyVolume, discretise, place_of_cells
from fieldsim.physics.assembly import inside
from fieldsim.physics.tensor import GivenTensor, read_tensor

PI = np.pi
WAVY = {"x": "u + 0.08*sin(2*pi*u)*sin(2*pi*v)", "y": "v + 0.08*sin(2*pi*u)*sin(2*pi*v)"}
BENT = {"x": "u + 0.4*v + 0.1*sin(pi*u)*w", "y": "v + 0.3*w", "z": "w + 0.1*sin(pi*u)*sin(pi*v)"}
RING = {"x": "(1 + u + 0.2*sin(v))*cos(v + 0.3*u)", "y": "(1 + u + 0.2*sin(v))*sin(v + 0.3*u)"}

TORUS = {"x": "(3 + (1 + u)*cos(v))*cos(w + 0.3*v)", "y": "(3 + (1 + u)*cos(v))*sin(w + 0.3*v)", "z": "-(1 + u)*sin(v)"}

SKEW = {
    "torus": lambda: fs.curvilinear(map=TORUS, v=(0.3, 4), w=(0, 2 * PI), cells=(3, 4, 6), periodic=("w",)),
    "wavy": lambda: fs.curvilinear(map=WAVY, cells=(5, 6)),
    "bent": lambda: fs.curvilinear(map=BENT, cells=(4, 3, 5)),
    "ring": lambda: fs.curvilinear(map=RING, v=(0, 2 * PI), cells=(4, 9), periodic=("v",)),
}
ORTHOGONAL = {
    "cartesian 1": lambda: fs.cartesian(edges={"x": [0, 0.1, 0.3, 0.35, 1.0]}),
    "cartesian 2 periodic": lambda: fs.cartesian(x=(0, 1), y=(0, 2), cells=(4, 5), periodic=("y",)),
    "cartesian 3": lambda: fs.cartesian(x=(0, 1), y=(0, 2), z=(-1, 1), cells=(3, 4, 5)),
    "disk": lambda: fs.polar(r=(0, 1), phi=(0, 2 * PI), cells=(4, 8)),
    "axisymmetric": lambda: fs.cylindrical(r=(0, 1), z=(0, 2), cells=(4, 5)),
    "ball": lambda: fs.spherical(r=(0, 1), theta=(0, PI), phi=(0, 2 * PI), cells=(3, 4, 6)),
}


def mixed_boundary(mesh):
    kinds = [fs.Value("1 + t"), fs.Convective(h=2.0, ambient=3.0), fs.FluxOut(0.7), fs.GradientOut(-0.3)]
    return {name: kinds[i % 4] for i, name in enumerate(mesh.walls)}


def tensor_of(dim):
    """A full positive matrix: 2 + i on the diagonal, 0.4 beside it."""
    return (np.full((dim, dim), 0.4) + np.diag(1.6 + np.arange(dim))).tolist()


def volume_on(mesh, conductivity, boundary=None, **parts):
    rng = np.random.default_rng(1)
    model = fs.Heat(conductivity, density=rng.random(mesh.shape) + 0.5, capacity=2.0, source=rng.random(mesh.shape))
    return discretise(mesh, model.equation(), boundary or mixed_boundary(mesh), **parts)


def as_energy(volume, conductivity=None):
    """The same law with conduction by the energy form."""
    parts = {f.name: getattr(volume, f.name) for f in fields(volume)}
    return EnergyVolume(**(parts | ({"conductivity": conductivity} if conductivity is not None else {})))


def bodies_in(mesh):
    held, hole = np.zeros(mesh.shape, dtype=bool), np.zeros(mesh.shape, dtype=bool)
    held[(1,) * mesh.ndim] = True
    hole[(-2,) * mesh.ndim] = True
    return {"fixed": [(held, 4.0)], "holes": [hole]}


@pytest.mark.parametrize("bodies", [False, True], ids=["whole", "bodies"])
@pytest.mark.parametrize("kind", ["number", "tensor"])
@pytest.mark.parametrize("name", SKEW)
def test_gain_and_matrix_agree(name, kind, bodies):
    """gain(u) = gain(0) - K u, K symmetric."""
    mesh = SKEW[name]()
    boundary = mixed_boundary(mesh) if kind == "number" else {s: fs.Convective(2.0, 3.0) for s in mesh.walls}
    conductivity = "1 + x**2" if kind == "number" else tensor_of(mesh.dim)
    volume = volume_on(mesh, conductivity, boundary, **(bodies_in(mesh) if bodies else {}))
    u = np.random.default_rng(2).standard_normal(mesh.shape)
    matrix = volume.matrix_at(0.5).matrix()
    free = ~volume.bodies.idle
    expected = volume.gain(0.5, np.zeros(mesh.shape)) - (matrix @ np.where(free, u, 0.0).ravel()).reshape(mesh.shape)
    size = np.abs(matrix).max()
    np.testing.assert_allclose(volume.gain(0.5, u)[free], expected[free], rtol=0, atol=1e-13 * size)
    assert np.abs(matrix - matrix.T).max() <= 1e-15 * size
    assert np.linalg.eigvalsh(matrix.toarray())[0] > 0.0


@pytest.mark.parametrize("name", SKEW)
def test_a_constant_stays_to_the_last_digit(name):
    mesh = SKEW[name]()
    boundary = {
        s: [fs.FluxOut(0.0), fs.Value(293.15), fs.Convective(5.0, 293.15)][i % 3] for i, s in enumerate(mesh.walls)
    }
    volume = discretise(mesh, fs.Heat("1 + x**2").equation(), boundary)
    assert not volume.gain(0.0, np.full(mesh.shape, 293.15)).any()


@pytest.mark.parametrize("name", SKEW)
def test_what_leaves_one_cell_enters_its_neighbour(name):
    """The divergence of the face flows is what leaves the cells, to rounding."""
    mesh = SKEW[name]()
    volume = volume_on(mesh, tensor_of(mesh.dim), {s: fs.Value("x - y") for s in mesh.walls}, **bodies_in(mesh))
    u = volume.bodies.filled(0.0, np.random.default_rng(3).standard_normal(mesh.shape))
    flows = volume.face_flows(0.0, u)
    net = sum(np.diff(flow, axis=axis) for axis, flow in enumerate(flows))
    leaving = volume.leaving(0.0, u)
    free = ~volume.bodies.idle
    np.testing.assert_allclose(net[free], leaving[free], rtol=0, atol=1e-12 * np.abs(leaving).max())
    out = volume.outflows(0.0, u)
    total = sum(part.sum() for part in out.values())
    assert total == pytest.approx(leaving[free].sum(), rel=1e-11)
    for side, condition in mesh.sides.items():
        if condition.kind == "wall":
            flow = flows[condition.axis].take(-1 if condition.end else 0, condition.axis)
            np.testing.assert_allclose(
                flow * (1 if condition.end else -1), out[side], rtol=0, atol=1e-12 * np.abs(out[side]).max()
            )


@pytest.mark.parametrize("bodies", [False, True], ids=["whole", "bodies"])
@pytest.mark.parametrize("name", ORTHOGONAL)
def test_on_orthogonal_meshes_it_is_the_two_point_law(name, bodies):
    """Face flows A (u_i - u_j)/(d_i/K_i + d_j/K_j), also through poles, seams and every wall law."""
    mesh = ORTHOGONAL[name]()
    rng = np.random.default_rng(4)
    plain = volume_on(mesh, rng.random(mesh.shape) + 0.1, **(bodies_in(mesh) if bodies and mesh.ndim > 1 else {}))
    energy = as_energy(plain)
    u = rng.standard_normal(mesh.shape)
    size = np.abs(plain.matrix_at(0.5).matrix()).max()
    np.testing.assert_allclose(energy.gain(0.5, u), plain.gain(0.5, u), rtol=0, atol=1e-12 * size)
    apart = energy.matrix_at(0.5).matrix() - plain.matrix_at(0.5).matrix()
    assert np.abs(apart).max() <= 1e-12 * size
    assert np.abs(energy.matrix_at(0.5).near.matrix() - plain.matrix_at(0.5).matrix()).max() <= 1e-12 * size
    filled = plain.bodies.filled(0.5, u)
    for mine, other in zip(energy.face_flows(0.5, filled), plain.face_flows(0.5, filled), strict=True):
        np.testing.assert_allclose(mine, other, rtol=0, atol=1e-12 * size)
    assert energy.dissipation(0.5, filled) == pytest.approx(plain.dissipation(0.5, filled), rel=1e-11)
    for side, state in plain.wall_states(0.5, filled).items():
        mine = energy.wall_states(0.5, filled)[side]
        here = state.wall.areas > 0.0
        np.testing.assert_allclose(mine.flow_out, state.flow_out, rtol=0, atol=1e-12 * size)
        np.testing.assert_allclose(mine.surface[here], state.surface[here], rtol=0, atol=1e-12)


def test_diagonal_tensors_take_the_two_point_law():
    mesh = fs.cylindrical(r=(0, 1), phi=(0, 2 * PI), z=(0, 1), cells=(3, 5, 4))
    wood = fs.Tensor((0.3, 0.2, 0.5), basis="mesh")
    plain = volume_on(mesh, wood)
    assert not isinstance(plain, EnergyVolume)
    energy, u = as_energy(plain), np.random.default_rng(5).random(mesh.shape)
    np.testing.assert_allclose(energy.gain(0.5, u), plain.gain(0.5, u), rtol=0, atol=1e-12)


def dense_leaving(mesh, tensor, u, wall_values):
    """The energy of every corner summed over explicit unknowns on all sub-faces, minimised densely."""
    (nx, ny), x = mesh.shape, np.moveaxis(mesh.corners, 0, -1)
    number, corners = {}, []
    for i, j, a, b in product(range(nx), range(ny), (0, 1), (0, 1)):
        vertex = (i + a, j + b)
        edges = 0.5 * np.array([x[i + 1 - a, j + b] - x[vertex], x[i + a, j + 1 - b] - x[vertex]])
        names = [("x", i + a, j, b), ("y", i, j + b, a)]
        local = abs(np.linalg.det(edges)) * np.linalg.inv(edges).T @ tensor @ np.linalg.inv(edges)
        corners.append(((i, j), [number.setdefault(n, len(number)) for n in names], local))
    cells, n = nx * ny, nx * ny + len(number)
    matrix = np.zeros((n, n))
    for (i, j), faces, local in corners:
        rows = [cells + f for f in faces]
        pick = np.zeros((2, n))
        pick[[0, 1], rows] = 1.0
        pick[:, i * ny + j] = -1.0
        matrix += pick.T @ local @ pick
    held = {}
    for (axis, i, j, _), f in number.items():
        if (axis == "x" and i in (0, nx)) or (axis == "y" and j in (0, ny)):
            held[cells + f] = wall_values[axis, i, j]
    fixed = list(held)
    loose = [k for k in range(cells, n) if k not in held]
    values = np.zeros(n)
    values[:cells] = u.ravel()
    values[fixed] = list(held.values())
    values[loose] = np.linalg.solve(matrix[np.ix_(loose, loose)], -matrix[loose] @ values)
    return (matrix @ values)[:cells].reshape(mesh.shape)


def test_against_dense_algebra():
    """All sub-faces kept as unknowns in one dense matrix give the same flows."""
    mesh = fs.curvilinear(map=WAVY, cells=(3, 4))
    tensor = np.array([[3.0, 1.0], [1.0, 2.0]])
    exact = "1 + x*y - 2*x"
    volume = volume_on(mesh, tensor.tolist(), {s: fs.Value(exact) for s in mesh.walls})
    u = np.random.default_rng(6).standard_normal(mesh.shape)
    corner = mesh.corners
    walls = {}
    for side in mesh.walls:
        values = volume.wall_states(0.0, u)[side].surface
        place, end = mesh.sides[side], mesh.shape[mesh.sides[side].axis]
        for k, value in enumerate(values):
            key = ("x", end * place.end, k) if place.axis == 0 else ("y", k, end * place.end)
            walls[key] = value
    assert corner.shape == (2, 4, 5)
    expected = dense_leaving(mesh, tensor, u, walls)
    np.testing.assert_allclose(volume.leaving(0.0, u), expected, rtol=0, atol=1e-12 * np.abs(expected).max())


def test_a_tensor_over_the_cells_is_kept_as_read():
    """Components in the mesh's basis: e_r.K e_r = kxx cos^2 + 2 kxy cos sin + kyy sin^2 (rotation of axes)."""
    mesh = fs.polar(r=(0.5, 1), phi=(0, 2 * PI), cells=(2, 6))
    given = read_tensor([[4.0, 1.0], [1.0, 2.0]], mesh, place_of_cells(mesh), unit="W/m/K", name="k")
    assert isinstance(given, GivenTensor)
    phi = mesh.centers[1]
    expected = 4 * np.cos(phi) ** 2 + 2 * np.cos(phi) * np.sin(phi) + 2 * np.sin(phi) ** 2
    np.testing.assert_allclose(given.values(0.0)[0, 0], expected, rtol=1e-14)
    assert not given.diagonal


@pytest.mark.parametrize("kind", ["number", "tensor"])
@pytest.mark.parametrize("name", ["ring", "bent"])
def test_compiled_and_plain_elimination_agree(name, kind):
    """The kernel's Cholesky factors and the batched solve of NumPy are two ways to one energy."""
    mesh = SKEW[name]()
    conductivity = "1 + x**2" if kind == "number" else tensor_of(mesh.dim)
    volume = volume_on(mesh, conductivity, {s: fs.Value(0.0) for s in mesh.walls}, **bodies_in(mesh))
    energy, _ = volume._inside(0.0, np.zeros(mesh.shape))
    plain, compiled = (inside(energy, compiles=c) for c in (False, True))
    size = np.abs(plain.entries).max()
    np.testing.assert_allclose(compiled.entries, plain.entries, rtol=0, atol=1e-14 * size)
    np.testing.assert_allclose(compiled.couplings, plain.couplings, rtol=0, atol=1e-14 * size)


@pytest.mark.parametrize(
    ("shear", "ratio", "limit"), [(0.577, 1, 40), (1.0, 1, 60), (0.0, 10, 50), (0.0, 100, 150)], ids=str
)
def test_conjugate_gradients_stay_few(shear, ratio, limit):
    """The multigrid of the two-point operator near it preconditions lines at 60 and 45 degrees and strong tensors."""
    maps = {"x": f"u + {shear}*v + {shear}*w", "y": f"v + {shear}*w", "z": "w"}
    mesh = fs.curvilinear(map=maps, cells=(16, 16, 16))
    model = fs.Heat(1.0 if ratio == 1 else fs.Tensor.principal((ratio, 1), axis=(1, 1, 1)), source=1.0)
    result = fs.solve(fs.Problem(mesh, model, {s: fs.Value(0.0) for s in mesh.walls}), solver="cg")
    assert result.solver.method == "cg"
    assert result.solver.residual < 1e-9
    assert result.solver.iterations < limit
