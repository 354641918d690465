"""The kernels against matrices from the same weights, against plain loops, and on any number of threads."""

from __future__ import annotations

import numba
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mesh_catalogue import ALL, MESHES, SYSTEMS, meshes
from oracles import case_for, places, sampled
from plain_operators import plain_curl, plain_divergence, plain_gradient, plain_laplacian
from rounding_bounds import EPS, magnitude

import fieldsim as fs
from fieldsim.operators.plans import (
    curl_plan,
    divergence_plan,
    gradient_plan,
    laplacian_plan,
    partial_plan,
    vector_partials_plan,
)

FEW = 64 * EPS
PLANS = {
    "gradient": gradient_plan,
    "divergence": divergence_plan,
    "curl": curl_plan,
    "laplacian": laplacian_plan,
}


def plans(mesh, order):
    """Return every prepared operator of a mesh by name."""
    found = {name: plan(mesh, order) for name, plan in PLANS.items() if mesh.dim > 1 or name != "curl"}
    if mesh.orthogonal:
        found["vector partials"] = vector_partials_plan(mesh, order)
    return found | {f"partial {mesh.names[axis]}": partial_plan(mesh, axis, order) for axis in range(mesh.ndim)}


def check_matrix(operator, seed):
    mesh = operator.mesh
    values = np.random.default_rng(seed).normal(size=(operator.components, *mesh.shape))
    out = np.full((operator.outputs, *mesh.shape), np.nan)
    operator.apply(values, out)
    expected = (operator.matrix() @ values.ravel()).reshape(out.shape)
    assert operator.matrix().shape == (operator.outputs * mesh.size, operator.components * mesh.size)
    assert np.all(np.abs(out - expected) <= FEW * magnitude(operator, values))


# ---- kernel = matrix


@pytest.mark.parametrize("order", [2, 8])
@pytest.mark.parametrize("name", ALL)
def test_kernel_and_matrix_are_equal_to_rounding(name, order):
    mesh = ALL[name](12 if order == 8 else 8)
    for operator in plans(mesh, order).values():
        check_matrix(operator, seed=order)


@settings(suppress_health_check=[HealthCheck.data_too_large, HealthCheck.too_slow], max_examples=40)
@given(mesh=meshes(), order=st.sampled_from([2, 4, 6, 8]), seed=st.integers(0, 2**32 - 1), data=st.data())
def test_kernel_and_matrix_are_equal_on_any_mesh(mesh, order, seed, data):
    known = plans(mesh, order)
    check_matrix(known[data.draw(st.sampled_from(sorted(known)))], seed)


@pytest.mark.parametrize("name", ["gradient", "divergence", "curl", "laplacian", "partial:phi"])
def test_operators_as_matrices_and_linear_operators(name):
    mesh = MESHES["spherical whole"](8)
    prepared = fs.operator(name, mesh, order=2)
    f, F = sampled(mesh, case_for(mesh), places(mesh.points))
    given_field = F if name in ("divergence", "curl") else f
    function = {"partial:phi": lambda field: fs.partial(field, "phi")}.get(name) or getattr(fs, name)
    expected = function(given_field).values.ravel()
    scale = np.abs(expected).max()
    x = given_field.values.ravel()
    assert prepared.as_matrix() @ x == pytest.approx(expected, abs=1e-9 * scale)
    assert prepared.as_linear_operator() @ x == pytest.approx(expected, abs=1e-12 * scale)
    assert prepared(given_field.values).ravel() == pytest.approx(expected, abs=1e-12 * scale)
    y = np.random.default_rng(0).normal(size=expected.size)
    forward, backward = y @ (prepared.as_linear_operator() @ x), (prepared.as_linear_operator().H @ y) @ x
    assert forward == pytest.approx(backward, rel=1e-9)


# ---- kernel = plain loops

FLAT = [n for n in MESHES if n.split()[0] in SYSTEMS and MESHES[n](4).ndim < 3]
SOLID = ["cartesian3 part stretched", "cylindrical whole", "spherical whole"]


@pytest.mark.parametrize(("name", "order"), [*((n, 2) for n in FLAT + SOLID), ("polar whole", 4), ("bipolar ring", 4)])
def test_kernel_and_plain_loops_are_equal_to_rounding(name, order):
    """A twin that knows only positions, Lagrange's polynomials in rational numbers and the way through a pole."""
    mesh = MESHES[name](8)
    random = np.random.default_rng(order)
    f = fs.ScalarField(mesh, random.normal(size=mesh.shape))
    F = fs.VectorField(mesh, random.normal(size=(mesh.dim, *mesh.shape)))
    pairs = [
        (fs.gradient(f, order), plain_gradient(mesh, f.values, order), gradient_plan, f),
        (fs.divergence(F, order), plain_divergence(mesh, F.values, order), divergence_plan, F),
        (fs.laplacian(f, order), plain_laplacian(mesh, f.values, order), laplacian_plan, f),
    ]
    if mesh.dim > 1:
        pairs.append((fs.curl(F, order), plain_curl(mesh, F.values, order), curl_plan, F))
    for got, expected, plan, source in pairs:
        size = magnitude(plan(mesh, order), source.values).reshape(got.values.shape)
        # The twin's positions and its d log h differ in the last places; a wrong sign or weight is of order one.
        worst = float((np.abs(got.values - expected) / (size + 1e-300)).max())
        assert worst <= 1e-9, got


# ---- threads


@pytest.fixture
def threads():
    """Return a function that sets the number of threads; one is restored afterwards."""
    if numba.config.NUMBA_NUM_THREADS < 2:
        pytest.skip("this machine runs one thread only")
    yield numba.set_num_threads
    numba.set_num_threads(1)


@pytest.mark.parametrize(
    "name", ["cartesian3 whole", "polar whole", "spherical whole", "toroidal ring", "cartesian1 whole", "warped box"]
)
def test_one_and_two_threads_give_the_same_bits(name, threads):
    mesh = ALL[name](32 if name != "warped box" else 16)
    f, F = sampled(mesh, case_for(mesh), places(mesh.points))
    results = []
    for count in (1, 2, 2):
        threads(count)
        results.append(
            [
                operator(field, order).values.tobytes()
                for order in (2, 8)
                for operator, field in (
                    (fs.gradient, f),
                    (fs.laplacian, f),
                    (fs.hessian, f),
                    (fs.divergence, F),
                    (fs.laplacian, F),
                    (fs.jacobian, F),
                    *([(fs.curl, F)] if mesh.dim > 1 else []),
                )
            ]
        )
    assert results[0] == results[1] == results[2]


def test_the_same_call_gives_the_same_bits():
    mesh = MESHES["cylindrical whole"](16)
    f, _ = sampled(mesh, case_for(mesh), places(mesh.points))
    again = MESHES["cylindrical whole"](16)
    g, _ = sampled(again, case_for(again), places(again.points))
    first, second, other = fs.gradient(f, 4), fs.gradient(f, 4), fs.gradient(g, 4)
    assert first.values.tobytes() == second.values.tobytes() == other.values.tobytes()
