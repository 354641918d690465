"""Observed orders, Richardson, level sets and conservative fields."""

from __future__ import annotations

from math import pi

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fieldsim.analysis.accuracy import observed_order, order_of_values, richardson
from fieldsim.analysis.conservative import conservative_check, path_difference
from fieldsim.analysis.level_sets import level_set_check
from fieldsim.errors import InvalidInput, RankError
from fieldsim.fields import ScalarField, VectorField
from fieldsim.meshes import cartesian, cylindrical, polar
from fieldsim.operators import gradient


@given(order=st.floats(0.5, 8), ratio=st.floats(1.1, 4), constant=st.floats(1e-3, 1e3))
def test_an_exact_power_law_gives_its_order(order: float, ratio: float, constant: float) -> None:
    h = ratio ** -np.arange(4.0)
    assert observed_order(constant * h**order, ratio) == pytest.approx([order] * 3)
    assert observed_order(constant * h**order, [ratio] * 3) == pytest.approx([order] * 3)
    values = 7.0 + constant * h**order
    answer, error = richardson(values[2], values[3], order, ratio)
    assert answer == pytest.approx(7.0)
    assert error == pytest.approx(constant * h[3] ** order, rel=1e-4, abs=1e-12)


def test_order_of_values_needs_no_exact_answer() -> None:
    assert order_of_values([1 + 4.0**-k for k in range(4)]) == pytest.approx(2.0)
    assert np.isnan(order_of_values([1.0, 2.0, 1.5]))
    assert np.isnan(order_of_values([1.0, 1.0, 1.0]))


@pytest.mark.parametrize(
    "call",
    [
        lambda: observed_order([1.0]),
        lambda: observed_order([1.0, 0.0]),
        lambda: observed_order([1.0, np.nan]),
        lambda: observed_order([2.0, 1.0], 1.0),
        lambda: observed_order([2.0, 1.0], [2.0, 2.0]),
        lambda: observed_order("ab"),
        lambda: richardson([1.0, 2.0], [1.0], 2),
        lambda: richardson(1.0, 2.0, 0.0),
    ],
)
def test_bad_sequences_are_refused(call: object) -> None:
    with pytest.raises(InvalidInput):
        call()


@pytest.mark.parametrize("order", [2, 4])
def test_the_gradient_turns_perpendicular_at_its_order(order: int) -> None:
    """exp(x) sin(2y): the largest |cosine| with the contours falls at the order of the gradient."""
    largest = []
    for n in (32, 64):
        mesh = cartesian(x=(-2, 2), y=(-2, 2), cells=(n, n))
        largest.append(level_set_check(ScalarField(mesh, "exp(x)*sin(2*y)"), order, cells=n * n).largest_cosine)
    assert np.log2(largest[0] / largest[1]) == pytest.approx(order, abs=0.4)
    assert largest[1] < 5e-3


def test_level_sets_on_other_meshes() -> None:
    for mesh, text in [
        (cartesian(x=(1, 2), y=(1, 2), z=(1, 2), cells=(12, 12, 12)), "x*y*z**2"),
        (polar(r=(0, 1), phi=(0, 2 * pi), cells=(24, 48)), "x**2 + 2*y"),
        (cylindrical(r=(0, 1), z=(0, 1), cells=(24, 24)), "r**2 + 2*z"),
    ]:
        check = level_set_check(ScalarField(mesh, text), 4)
        assert check.largest_cosine < 1e-4
        assert check.cells > 500
        assert "|cos|" in str(check)


def test_level_sets_that_do_not_exist() -> None:
    with pytest.raises(InvalidInput, match="two axes"):
        level_set_check(ScalarField(cartesian(x=(0, 1), cells=8), "x"))
    with pytest.raises(InvalidInput, match="flat"):
        level_set_check(ScalarField(cartesian(x=(0, 1), y=(0, 1), cells=(8, 8)), 1.0))
    with pytest.raises(RankError):
        level_set_check(VectorField(cartesian(x=(0, 1), y=(0, 1), cells=(8, 8)), ["x", "y"]))  # type: ignore[arg-type]


def test_conservative_and_not() -> None:
    cube = cartesian(x=(-2, 2), y=(-2, 2), z=(-1, 1), cells=(16, 16, 16))
    good = conservative_check(gradient(ScalarField(cube, "x*y*z + z**2 + x"), order=4))
    assert good.conservative
    assert good.relative_curl < 1e-12
    assert "conservative:" in str(good)
    whirl = VectorField(cube, ["-y", "x", "0"])
    bad = conservative_check(whirl)
    assert not bad.conservative
    assert bad.curl == pytest.approx(2.0)
    assert bad.loop_work == pytest.approx(2.0 * 1.0, rel=0.9)
    # around the unit square the whirl does 2: half of it on either way round
    assert path_difference(whirl, np.zeros(3), np.array([1.0, 1.0, 0.0])) == pytest.approx(2.0)
    assert path_difference(gradient(ScalarField(cube, "x*y")), np.zeros(3), np.ones(3) * 0.9) == pytest.approx(
        0.0, abs=1e-12
    )


def test_conservative_in_the_plane_and_refusals() -> None:
    disk = polar(r=(0, 1), phi=(0, 2 * pi), cells=(16, 32))
    assert conservative_check(gradient(ScalarField(disk, "x**2*y"), order=4)).conservative
    assert not conservative_check(VectorField(disk, ["0", "r"])).conservative
    with pytest.raises(RankError):
        conservative_check(ScalarField(disk, "x"))  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="line"):
        conservative_check(VectorField(cartesian(x=(0, 1), cells=8), ["x"]))
