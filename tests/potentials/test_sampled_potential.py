"""Splines through samples: exact where theory says so, gradients against central differences, clear refusals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldsim import potentials as pot
from fieldsim.errors import InvalidInput


def grid(*axes):
    return np.meshgrid(*axes, indexing="ij")


def test_a_bicubic_spline_is_exact_for_bicubic_polynomials():
    # de Boor, chapter IV: not-a-knot cubic interpolation reproduces cubics
    x, y = np.array([0.0, 0.4, 1.0, 1.3, 2.0, 2.6]), np.linspace(-1.0, 1.0, 7)
    X, Y = grid(x, y)
    p = pot.sampled(X**3 * Y**2 - 2 * X * Y + Y**3, coordinates=(x, y), unit="m")
    at = np.random.default_rng(4).uniform([[-0.15], [-1.1]], [[2.8], [1.1]], (2, 40))
    u, v = at
    np.testing.assert_allclose(p.value(at), u**3 * v**2 - 2 * u * v + v**3, rtol=1e-11, atol=1e-11)
    expected = [3 * u**2 * v**2 - 2 * v, 2 * u**3 * v - 2 * u + 3 * v**2]
    np.testing.assert_allclose(p.gradient(at), expected, rtol=1e-10, atol=1e-10)


def test_linear_interpolation_is_the_bilinear_one():
    values = np.array([[0.0, 1.0], [10.0, 31.0]])
    p = pot.sampled(values, spacing=(2.0, 4.0), origin=(1.0, 2.0), interpolation="linear")
    # in the cell: a = (x - 1)/2, b = (y - 2)/4; f = 10 a + b + 20 a b
    assert p.value([1.5, 3.0]) == pytest.approx(10 * 0.25 + 0.25 + 20 * 0.0625)
    np.testing.assert_allclose(p.gradient([1.5, 3.0]), [(10 + 20 * 0.25) / 2, (1 + 20 * 0.25) / 4])


@pytest.mark.parametrize("interpolation", ["linear", "cubic"])
@pytest.mark.parametrize("shape", [(9,), (6, 5), (5, 6, 4)])
def test_samples_are_met_and_the_gradient_is_that_of_the_interpolant(interpolation, shape):
    rng = np.random.default_rng(11)
    values = rng.normal(size=shape)
    axes = [np.cumsum(rng.uniform(0.5, 1.5, n)) for n in shape]
    p = pot.sampled(values, coordinates=axes, interpolation=interpolation)
    np.testing.assert_allclose(p.value(np.stack(grid(*axes))), values, atol=1e-12)
    x = np.array([0.37 * a[1] + 0.63 * a[2] for a in axes])
    step = 1e-3
    for axis in range(len(shape)):
        shift = step * np.eye(len(shape))[axis]
        near = p.value(x + shift) - p.value(x - shift)
        far = p.value(x + 2 * shift) - p.value(x - 2 * shift)
        assert p.gradient(x)[axis] == pytest.approx((8 * near - far) / (12 * step), rel=1e-8, abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(st.floats(0.05, 5.95), st.floats(0.05, 5.95))
def test_interpolation_of_a_smooth_function_is_fourth_order_close(x, y):
    axis = np.linspace(0.0, 6.0, 61)
    X, Y = grid(axis, axis)
    p = pot.sampled(np.sin(X) * np.cos(Y), spacing=0.1)
    # error of cubic splines: 5/384 h^4 per axis inside (de Boor, chapter V), larger near not-a-knot ends
    assert p.value([x, y]) == pytest.approx(np.sin(x) * np.cos(y), abs=2e-5)
    np.testing.assert_allclose(p.gradient([x, y]), [np.cos(x) * np.cos(y), -np.sin(x) * np.sin(y)], atol=5e-4)


def test_beyond_half_a_cell_there_is_no_data():
    p = pot.sampled(np.arange(5.0), spacing=1.0)
    assert p.value([-0.5]) == pytest.approx(-0.5)
    assert p.value([4.5]) == pytest.approx(4.5)
    with pytest.raises(InvalidInput, match=r"`points` must be within the data, \[-0.5\] to \[4.5\]"):
        p.value([[0.0, 4.6]])
    blank = pot.sampled(np.arange(5.0), spacing=1.0, outside="nan")
    np.testing.assert_allclose(blank.value([[0.0, 4.6, np.nan]]), [0.0, np.nan, np.nan])
    np.testing.assert_allclose(blank.gradient([[0.5, 4.6]]), [[1.0, np.nan]])


def test_a_map_does_not_ask_for_height():
    p = pot.sampled(np.arange(20.0).reshape(4, 5), spacing=1.0)
    np.testing.assert_allclose(p.gradient([[1.0], [2.0], [99.0]]), [[5.0], [1.0], [0.0]], atol=1e-12)
    with pytest.raises(InvalidInput, match="at least 2 coordinates"):
        p.value([1.0])


@pytest.mark.parametrize(
    "build",
    [
        lambda: pot.sampled(np.full((5, 5), np.nan), spacing=1.0),
        lambda: pot.sampled(np.zeros((5, 5), dtype=complex), spacing=1.0),
        lambda: pot.sampled(np.zeros((3, 5)), spacing=1.0),
        lambda: pot.sampled(np.zeros((1, 5)), spacing=1.0, interpolation="linear"),
        lambda: pot.sampled(np.zeros((4, 4, 4, 4)), spacing=1.0),
        lambda: pot.sampled(np.zeros((5, 5))),
        lambda: pot.sampled(np.zeros((5, 5)), spacing=1.0, coordinates=(np.arange(5), np.arange(5))),
        lambda: pot.sampled(np.zeros((5, 5)), spacing=0.0),
        lambda: pot.sampled(np.zeros((5, 5)), spacing=(1.0, 2.0, 3.0)),
        lambda: pot.sampled(np.zeros((5, 5)), spacing="wide"),
        lambda: pot.sampled(np.zeros((5, 5)), spacing=1.0, origin=(1.0,)),
        lambda: pot.sampled(np.zeros((5, 5)), coordinates=(np.arange(5),)),
        lambda: pot.sampled(np.zeros((5, 5)), coordinates=(np.arange(5), np.arange(4))),
        lambda: pot.sampled(np.zeros((5, 5)), coordinates=(np.arange(5), [0, 1, 1, 2, 3])),
        lambda: pot.sampled(np.zeros((5, 5)), coordinates=(np.arange(5), [0, 1, np.nan, 2, 3])),
        lambda: pot.sampled(np.zeros((5, 5)), coordinates=(np.arange(5),) * 2, origin=(0, 0)),
        lambda: pot.sampled(np.zeros((5, 5)), spacing=1.0, interpolation="quintic"),
        lambda: pot.sampled(np.zeros((5, 5)), spacing=1.0, outside="clamp"),
    ],
)
def test_bad_samples_are_refused(build):
    with pytest.raises(InvalidInput, match=r"^`.+` must be .+; got .+\. .+"):
        build()


def test_the_first_bad_index_is_named():
    values = np.zeros((5, 5))
    values[2, 1] = np.inf
    with pytest.raises(InvalidInput, match=r"index \(2, 1\)"):
        pot.sampled(values, spacing=1.0)
    with pytest.raises(InvalidInput, match="first bad index is 2"):
        pot.sampled(np.zeros(5), coordinates=([0.0, 1.0, 0.5, 2.0, 3.0],))


def test_samples_from_files(tmp_path):
    values = np.add.outer(np.arange(4.0) ** 2, np.arange(5.0))
    np.savez(tmp_path / "own.npz", h=values, x=2.0 * np.arange(4), y=np.arange(5) + 1.0)
    np.savez(tmp_path / "bare.npz", h=values)
    np.save(tmp_path / "bare.npy", values)
    np.savetxt(tmp_path / "bare.csv", values, delimiter=",")
    own = pot.sampled_file(tmp_path / "own.npz", unit="m", name="h")
    assert own.value([2.0, 3.0]) == pytest.approx(1.0 + 2.0)
    assert (own.unit, own.name) == ("m", "h")
    for name in ("bare.npz", "bare.npy", "bare.csv"):
        given_spacing = pot.sampled_file(tmp_path / name, spacing=(2.0, 1.0), origin=(0.0, 1.0))
        np.testing.assert_allclose(given_spacing.gradient([3.0, 2.5]), own.gradient([3.0, 2.5]), rtol=1e-12)
    with pytest.raises(InvalidInput, match="`spacing` must be given"):
        pot.sampled_file(tmp_path / "bare.npy")
    with pytest.raises(InvalidInput, match="not both"):
        pot.sampled_file(tmp_path / "own.npz", spacing=1.0)
    np.savez(tmp_path / "two.npz", h=values, g=values)
    with pytest.raises(InvalidInput, match="one array beside"):
        pot.sampled_file(tmp_path / "two.npz", spacing=1.0)
    np.savez(tmp_path / "short.npz", h=values, x=np.arange(4.0))
    with pytest.raises(InvalidInput, match="`coordinates` must be 2 arrays"):
        pot.sampled_file(tmp_path / "short.npz")
