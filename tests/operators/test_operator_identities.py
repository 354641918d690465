"""Identities of vector calculus: those that hold to rounding on every mesh at every order, and those at the order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mesh_catalogue import ALL, MESHES, WARPED, meshes
from oracles import case_for, places, sampled
from rounding_bounds import EPS, magnitude

import fieldsim as fs
from fieldsim.operators.plans import curl_plan, divergence_plan, gradient_plan, laplacian_plan

ORDERS = (2, 4, 6, 8)
CELLS = {1: 32, 2: 24, 3: 12}
# Sums of some dozens of products of rounded weights.
FEW = 64 * EPS

any_field = st.integers(0, 2**32 - 1)
relaxed = settings(suppress_health_check=[HealthCheck.data_too_large, HealthCheck.too_slow], max_examples=60)


def noise(seed: int, *shape: int) -> np.ndarray:
    """Values without any smoothness: identities of the discrete operators do not need any."""
    return np.random.default_rng(seed).normal(size=shape)


def check_curl_grad(mesh, order: int, seed: int) -> None:
    f = fs.ScalarField(mesh, noise(seed, *mesh.shape))
    got = fs.curl(fs.gradient(f, order), order).values
    size = magnitude(curl_plan(mesh, order), magnitude(gradient_plan(mesh, order), f.values))
    assert np.all(np.abs(got) <= FEW * size.reshape(got.shape)), np.max(np.abs(got) / size.reshape(got.shape)) / EPS


def check_div_curl(mesh, order: int, seed: int) -> None:
    F = fs.VectorField(mesh, noise(seed, mesh.dim, *mesh.shape))
    got = fs.divergence(fs.curl(F, order), order).values
    size = magnitude(divergence_plan(mesh, order), magnitude(curl_plan(mesh, order), F.values))[0]
    assert np.all(np.abs(got) <= FEW * size), np.max(np.abs(got) / size) / EPS


# ---- to rounding


@pytest.mark.parametrize("order", [2, 8])
@pytest.mark.parametrize("name", [n for n in ALL if ALL[n](4).dim > 1])
def test_curl_grad_and_div_curl_vanish_to_rounding(name, order):
    mesh = ALL[name](16)
    check_curl_grad(mesh, order, seed=order)
    if mesh.dim == 3:
        check_div_curl(mesh, order, seed=order)


@relaxed
@given(mesh=meshes().filter(lambda m: m.dim > 1), order=st.sampled_from(ORDERS), seed=any_field)
def test_curl_grad_vanishes_on_any_mesh(mesh, order, seed):
    check_curl_grad(mesh, order, seed)


@relaxed
@given(mesh=meshes().filter(lambda m: m.dim == 3), order=st.sampled_from(ORDERS), seed=any_field)
def test_div_curl_vanishes_on_any_mesh(mesh, order, seed):
    check_div_curl(mesh, order, seed)


@settings(relaxed, max_examples=30)
@given(mesh=meshes(), order=st.sampled_from(ORDERS), seed=any_field, a=st.floats(-5, 5), b=st.floats(-5, 5))
def test_operators_are_linear(mesh, order, seed, a, b):
    f, g = (fs.ScalarField(mesh, noise(seed + k, *mesh.shape)) for k in (0, 1))
    F, G = (fs.VectorField(mesh, noise(seed + k, mesh.dim, *mesh.shape)) for k in (2, 3))
    for operator, plan, left, right in (
        (fs.gradient, gradient_plan, f, g),
        (fs.laplacian, laplacian_plan, f, g),
        (fs.divergence, divergence_plan, F, G),
        *([(fs.curl, curl_plan, F, G)] if mesh.dim > 1 else []),
    ):
        got = operator(a * left + b * right, order).values
        expected = a * operator(left, order).values + b * operator(right, order).values
        size = magnitude(plan(mesh, order), np.abs(a * left.values) + np.abs(b * right.values)).reshape(got.shape)
        assert np.all(np.abs(got - expected) <= FEW * size + 1e-300)


@settings(relaxed, max_examples=30)
@given(mesh=meshes(), order=st.sampled_from(ORDERS), value=st.floats(-1e6, 1e6))
def test_constants_have_no_derivative(mesh, order, value):
    f = fs.ScalarField(mesh, value)
    for operator, plan in ((fs.gradient, gradient_plan), (fs.laplacian, laplacian_plan)):
        got = operator(f, order).values
        size = magnitude(plan(mesh, order), f.values).reshape(got.shape)
        assert np.all(np.abs(got) <= FEW * size)


@pytest.mark.parametrize("order", [2, 8])
@pytest.mark.parametrize("name", MESHES)
def test_a_hessian_is_symmetric_to_the_last_bit(name, order):
    mesh = MESHES[name](16)
    H = fs.hessian(fs.ScalarField(mesh, noise(1, *mesh.shape)), order).values
    assert np.array_equal(H, np.swapaxes(H, 0, 1))


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", WARPED)
def test_a_hessian_on_a_skew_mesh_is_symmetric_to_rounding(name, order):
    mesh = WARPED[name](16)
    f, _ = sampled(mesh, case_for(mesh), places(mesh.points))
    H = fs.hessian(f, order).values
    size = magnitude(laplacian_plan(mesh, order), f.values)[0]
    assert np.all(np.abs(H - np.swapaxes(H, 0, 1)) <= FEW * size)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", WARPED)
def test_constants_stay_constant_on_a_skew_mesh(name, order):
    """Free stream (Thomas & Lombard 1979): to rounding on any warped mesh, vectors included."""
    mesh = WARPED[name](16)
    one = fs.ScalarField(mesh, 1.0)
    assert np.all(np.abs(fs.gradient(one, order).values) <= FEW * magnitude(gradient_plan(mesh, order), one.values))
    F = fs.VectorField(mesh, [1.0, -2.0, 0.5][: mesh.dim])
    size = magnitude(divergence_plan(mesh, order), F.values)[0]
    # The metric is made by the same differences of positions, whose own rounding it carries.
    assert np.all(np.abs(fs.divergence(F, order).values) <= 20 * FEW * size)
    curl = fs.curl(F, order).values
    size = magnitude(curl_plan(mesh, order), F.values).reshape(curl.shape)
    assert np.all(np.abs(curl) <= 20 * FEW * size)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", [n for n in MESHES if n.startswith("cartesian")])
def test_traces_on_straight_meshes_to_rounding(name, order):
    mesh = MESHES[name](12)
    f = fs.ScalarField(mesh, noise(1, *mesh.shape))
    F = fs.VectorField(mesh, noise(2, mesh.dim, *mesh.shape))
    size = magnitude(laplacian_plan(mesh, order), f.values)[0]
    assert np.all(np.abs(fs.hessian(f, order).trace().values - fs.laplacian(f, order).values) <= FEW * size)
    size = magnitude(divergence_plan(mesh, order), F.values)[0]
    assert np.all(np.abs(fs.jacobian(F, order).trace().values - fs.divergence(F, order).values) <= FEW * size)


# ---- at the order claimed


def gaps(mesh, order: int) -> dict[str, float]:
    """Return how far each rule of calculus is from holding, in the maximum norm over all cells."""
    case = case_for(mesh)
    f, F = sampled(mesh, case, places(mesh.points))
    f, F = f / np.abs(f.values).max(), F / np.abs(F.values).max()
    g = F.dot(F)
    grad_f, grad_g, div_F = fs.gradient(f, order), fs.gradient(g, order), fs.divergence(F, order)
    lap_f, lap_g = fs.laplacian(f, order), fs.laplacian(g, order)
    jacobian = fs.jacobian(F, order).values
    result = {
        "grad(f g)": fs.gradient(f * g, order) - (f * grad_g + g * grad_f),
        "grad(f^3)": fs.gradient(f**3, order) - 3 * f**2 * grad_f,
        "grad(exp f)": fs.gradient(np.exp(f), order) - np.exp(f) * grad_f,
        "div(f F)": fs.divergence(f * F, order) - (f * div_F + grad_f.dot(F)),
        "lap(f g)": fs.laplacian(f * g, order) - (f * lap_g + g * lap_f + 2 * grad_f.dot(grad_g)),
        "grad(F.F)": grad_g.values - 2 * np.einsum("a...,ab...->b...", F.values, jacobian),
        "trace hess f": fs.hessian(f, order).trace() - lap_f,
        "trace jac F": fs.jacobian(F, order).trace() - div_F,
        # Composing costs an order where rows change (METHODS, Operators), so both factors stand two higher.
        "div grad f": fs.divergence(fs.gradient(f, order + 2), order + 2) - lap_f,
    }
    if mesh.dim == 3:
        curl_F = fs.curl(F, order)
        cross = np.cross(grad_f.values, F.values, axis=0)
        result["curl(f F)"] = fs.curl(f * F, order).values - (f * curl_F).values - cross
        twice = np.stack(
            [jacobian[2, 1] - jacobian[1, 2], jacobian[0, 2] - jacobian[2, 0], jacobian[1, 0] - jacobian[0, 1]]
        )
        result["curl of jac"] = curl_F.values - twice
    return {name: float(np.abs(getattr(gap, "values", gap)).max()) for name, gap in result.items()}


def rounding_floor(mesh) -> float:
    """Return what second derivatives of values of order one may lose to rounding."""
    return FEW * float(magnitude(laplacian_plan(mesh, 4), np.ones(mesh.shape)).max())


@pytest.mark.parametrize("name", ALL)
def test_rules_of_calculus_hold_at_the_order_claimed(name):
    """A gap is a difference of leading errors: its rate settles later than theirs."""
    factory = ALL[name]
    ndim = factory(16).ndim
    for finer in (1, 2):
        n = finer * CELLS[ndim]
        coarse, fine = gaps(factory(n), 2), gaps(factory(2 * n), 2)
        slow = {rule: (coarse[rule], fine[rule]) for rule in coarse if fine[rule] > coarse[rule] / 2**1.7}
        if slow:
            floor = rounding_floor(factory(2 * n))
            slow = {rule: gap for rule, gap in slow.items() if gap[1] > floor}
        if not slow:
            return
    pytest.fail(f"{name}, gaps with {n} and {2 * n} cells: {slow}")
