"""Exact exponentials against the matrix exponential and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from direct_answers import FLUX, KINDS, VALUE, mesh_operator, uniform_operator
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy import pi
from scipy.linalg import expm
from scipy.special import jn_zeros, jv

import fieldsim as fs
from fieldsim.errors import InvalidInput
from fieldsim.linear import GridOperator
from fieldsim.linear.exponential import find_exponential

V, F, C = VALUE, FLUX, 3.0
TURN = (0.0, 2 * pi)


def stretched(n, power):
    return np.linspace(0.0, 1.0, n + 1) ** power


MESHES = {
    "line": (lambda: fs.cartesian(x=(0, 1), cells=(12,)), {"x-": V, "x+": F}),
    "stretched plate": (
        lambda: fs.cartesian(edges={"x": stretched(6, 1.4), "y": stretched(5, 0.8)}),
        {"x-": V, "x+": C, "y-": F, "y+": F},
    ),
    "box": (
        lambda: fs.cartesian(x=(0, 1), y=(0, 2), z=(0, 1), cells=(4, 5, 3), periodic=("y",)),
        {"x-": V, "x+": C, "z-": F, "z+": F},
    ),
    "disk": (lambda: fs.polar(r=(0, 1), phi=TURN, cells=(6, 9)), {"r+": C}),
    "insulated disk": (lambda: fs.polar(r=(0, 1), phi=TURN, cells=(5, 8)), {"r+": F}),
    "cylinder": (
        lambda: fs.cylindrical(r=(0, 1), phi=TURN, z=(0, 1), cells=(5, 6, 4)),
        {"r+": C, "z-": F, "z+": V},
    ),
    "tube": (lambda: fs.cylindrical(r=(0.5, 1), z=(0, 1), cells=(6, 5)), {"r-": V, "r+": C, "z-": F, "z+": F}),
    "ball": (lambda: fs.spherical(r=(0, 1), theta=(0, pi), phi=TURN, cells=(4, 5, 6)), {"r+": C}),
    "insulated ball": (lambda: fs.spherical(r=(0, 1), theta=(0, pi), phi=TURN, cells=(3, 4, 6)), {"r+": F}),
    "half a shell (r, theta)": (
        lambda: fs.spherical(r=(1, 2), theta=(0, pi / 2), cells=(6, 5)),
        {"r-": V, "r+": F, "theta+": V},
    ),
    "one cell": (lambda: fs.cartesian(x=(0, 1), cells=(1,)), {"x-": V, "x+": F}),
}


def system_of(name):
    build, boundary = MESHES[name]
    return mesh_operator(build(), boundary)


def exact(operator, storage, u, time, supply):
    """Return u(t) from the matrix exponential of the system augmented by its constant supply."""
    n = u.size
    rates = np.zeros((n + 1, n + 1))
    rates[:n, :n] = -operator.matrix().toarray() / storage.reshape(-1, 1)
    rates[:n, n] = (supply / storage).ravel()
    return (expm(time * rates) @ np.append(u.ravel(), 1.0))[:n].reshape(u.shape)


@pytest.mark.parametrize("time", [0.0, 1e-3, 0.3])
@pytest.mark.parametrize("name", MESHES)
def test_meshes_give_the_matrix_exponential(name, time):
    operator, storage = system_of(name)
    exponential = find_exponential(operator, storage)
    assert exponential is not None
    rng = np.random.default_rng(3)
    u, supply = rng.standard_normal(operator.shape), rng.standard_normal(operator.shape)
    kept = u.copy()
    result = exponential.apply(u, time, supply=supply)
    np.testing.assert_array_equal(u, kept)
    np.testing.assert_allclose(
        result, exact(operator, storage, u, time, supply), rtol=0, atol=3e-11 * np.abs(result).max()
    )
    np.testing.assert_allclose(exponential.apply(u, time), exact(operator, storage, u, time, 0 * u), rtol=0, atol=1e-12)


@pytest.mark.parametrize("time", [1e-9, 1e-3, 0.3, 1e3])
@pytest.mark.parametrize("name", MESHES)
def test_the_mean_on_the_way_is_the_integral_of_the_matrix_exponential(name, time):
    """time * mean = int_0^time u: one more unknown of rate u beside the system and its constant supply."""
    operator, storage = system_of(name)
    n = operator.size
    rng = np.random.default_rng(4)
    u, supply = rng.standard_normal(operator.shape), rng.standard_normal(operator.shape)
    rates = np.zeros((2 * n + 1, 2 * n + 1))
    rates[:n, :n] = -operator.matrix().toarray() / storage.reshape(-1, 1)
    rates[:n, n] = (supply / storage).ravel()
    rates[n + 1 :, :n] = np.eye(n)
    both = expm(time * rates) @ np.concatenate([u.ravel(), [1.0], np.zeros(n)])
    after, mean = find_exponential(operator, storage).carry(u, time, supply=supply)
    for got, expected in ((after, both[:n]), (mean, both[n + 1 :] / time)):
        np.testing.assert_allclose(got.ravel(), expected, rtol=0, atol=3e-11 * max(1.0, np.abs(expected).max()))


@settings(max_examples=40, deadline=None)
@given(
    shape=st.lists(st.integers(1, 5), min_size=1, max_size=3).map(tuple),
    kinds=st.lists(st.sampled_from(KINDS), min_size=3, max_size=3),
    shift=st.sampled_from([0.0, 0.4]),
    seed=st.integers(0, 10**6),
)
def test_two_steps_are_one_and_insulation_conserves(shape, kinds, shift, seed):
    operator = uniform_operator(shape, kinds[: len(shape)], (1.3, 0.2, 5.0)[: len(shape)], shift)
    storage = np.full(shape, 0.7)
    exponential = find_exponential(operator, storage)
    u = np.random.default_rng(seed).standard_normal(shape)
    once = exponential.apply(u, 0.5)
    np.testing.assert_allclose(exponential.apply(exponential.apply(u, 0.2), 0.3), once, rtol=0, atol=1e-13)
    np.testing.assert_allclose(once, exact(operator, storage, u, 0.5, 0 * u), rtol=0, atol=1e-12)
    if not operator.diagonal.any():
        assert once.sum() == pytest.approx(u.sum(), abs=1e-12)


@pytest.mark.parametrize("name", ["insulated disk", "insulated ball"])
def test_insulated_bodies_keep_their_amount_for_ever(name):
    operator, storage = system_of(name)
    exponential = find_exponential(operator, storage)
    u = np.random.default_rng(5).standard_normal(operator.shape)
    late = exponential.apply(u, 1e9)
    np.testing.assert_allclose(late, (storage * u).sum() / storage.sum(), rtol=1e-12)
    supplied = exponential.apply(u, 2.0, supply=storage)
    assert (storage * supplied).sum() == pytest.approx((storage * u).sum() + 2.0 * storage.sum(), rel=1e-12)


def test_a_mode_of_a_disk_decays_as_its_bessel_zero_says():
    # u = J_1(j_11 r) cos(phi) exp(-D j_11^2 t) with u = 0 on the rim (Carslaw & Jaeger 1959, 7.6)
    errors = []
    for n in (16, 32):
        mesh = fs.polar(r=(0, 1), phi=TURN, cells=(n, 2 * n))
        operator, storage = mesh_operator(mesh, {"r+": V}, conductivity=0.5, density=1.0)
        r, phi = mesh.centers
        root = jn_zeros(1, 1)[0]
        u = jv(1, root * r) * np.cos(phi)
        time = 0.2
        later = find_exponential(operator, storage).apply(u, time)
        errors.append(np.abs(later - u * np.exp(-0.5 * root**2 * time)).max())
    assert errors[1] < 1e-3
    assert errors[0] / errors[1] == pytest.approx(4.0, rel=0.1)


def test_what_has_no_product_form_is_refused():
    operator = uniform_operator((5, 6), ("DD", "NN"), (1.0, 2.0))
    rng = np.random.default_rng(0)
    assert find_exponential(operator, 1.0 + rng.random((5, 6))) is None
    # a storage that varies along both axes is the weight of the couplings along none
    varying = np.outer(1.0 + np.arange(5), 1.0 + np.arange(6))
    assert find_exponential(operator, varying) is None
    for bad in (0.0, -1.0, np.nan):
        assert find_exponential(operator, np.full((5, 6), bad)) is None
    bumpy = GridOperator(operator.diagonal + rng.random((5, 6)), operator.couplings, operator.periodic)
    assert find_exponential(bumpy, np.ones((5, 6))) is None


def test_tables_beyond_the_limit_are_refused(monkeypatch):
    operator, storage = system_of("disk")
    monkeypatch.setattr("fieldsim.linear.exponential._LARGEST_TABLE", 100)
    assert find_exponential(operator, storage) is None


@pytest.mark.parametrize("time", [-1.0, np.nan, np.inf])
def test_time_runs_forwards(time):
    operator = uniform_operator((5,), ("DD",), (1.0,))
    with pytest.raises(InvalidInput, match="time"):
        find_exponential(operator, np.ones(5)).apply(np.ones(5), time)
