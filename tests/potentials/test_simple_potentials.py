"""Constant, uniform gravity and the hills of the first lessons, against the numbers of the lesson."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldsim import potentials as pot
from fieldsim.errors import InvalidInput

number = st.floats(-1e3, 1e3)


def test_uniform_gravity_gives_the_force_minus_mg():
    # U = m g h, F = -grad U = (0, 0, -m g), with g = 9.80665 m/s^2 (3rd CGPM, 1901)
    U = pot.uniform_gravity(mass=2.0)
    assert (-U.gradient([3.0, 4.0, 5.0])).tolist() == [0.0, 0.0, -2.0 * 9.80665]
    assert U.value([3.0, 4.0, 5.0]) == pytest.approx(2.0 * 9.80665 * 5.0)
    assert (U.unit, U.name) == ("J", "U")
    Phi = pot.uniform_gravity(up="y")
    assert Phi.unit == "J/kg"
    assert Phi.gradient([1.0, 2.0]).tolist() == [0.0, 9.80665]
    assert Phi.source_density([1.0, 2.0]) == 0.0


def test_gravity_along_z_needs_a_z():
    with pytest.raises(InvalidInput, match="at least 3 coordinates for Phi"):
        pot.uniform_gravity().value([1.0, 2.0])
    with pytest.raises(InvalidInput, match="at least 3 coordinates"):
        (pot.uniform_gravity() + pot.point_mass(1.0)).gradient([1.0, 2.0])
    with pytest.raises(InvalidInput, match="`up` must be"):
        pot.uniform_gravity(up="w")


def test_temperature_of_the_lesson():
    # T = 100 - x^2 - y^2: grad T(3, 4) = (-6, -8)
    T = pot.temperature_hill()
    assert T.value([3.0, 4.0]) == 75.0
    assert T.gradient([3.0, 4.0]).tolist() == [-6.0, -8.0]
    assert T.gradient([3.0, 4.0, 7.0]).tolist() == [-6.0, -8.0, 0.0]
    assert (T.unit, T.name, T.quantity) == ("degC", "T", "temperature")
    assert T.source_density([3.0, 4.0]) is None
    assert T.laplacian([3.0, 4.0]) == -4.0


def test_mountain_of_the_lesson():
    # h = 1000 - x^2/2 - y^2/2: grad h(10, 0) = (-10, 0)
    h = pot.height_hill()
    assert h.value([10.0, 0.0]) == 950.0
    assert h.gradient([10.0, 0.0]).tolist() == [-10.0, 0.0]
    assert h.unit == "m"


@settings(deadline=None)
@given(number, number, number, number, number)
def test_paraboloid_by_its_definition(x, y, a, c, top):
    p = pot.paraboloid(top, (c, 2.0 * c), at=(a, -a), unit="m")
    expected = top - c * (x - a) ** 2 - 2.0 * c * (y + a) ** 2
    assert p.value([x, y]) == pytest.approx(expected, rel=1e-12, abs=1e-6)
    np.testing.assert_allclose(p.gradient([x, y]), [-2 * c * (x - a), -4 * c * (y + a)], rtol=1e-12, atol=1e-9)


def test_constant_adds_without_slope():
    V = pot.point_charge(1e-9) + pot.constant(5.0, unit="V")
    assert V.value([1.0, 0.0, 0.0]) == pytest.approx(13.98755, rel=1e-6)
    np.testing.assert_array_equal(V.gradient([1.0, 0.5, 0.0]), pot.point_charge(1e-9).gradient([1.0, 0.5, 0.0]))
    assert V.source_density([1.0, 0.0, 0.0]) is None


def test_renamed_keeps_the_numbers():
    T = pot.temperature_hill().renamed("theta", quantity="excess temperature")
    assert (T.name, T.quantity, T.value([0.0, 0.0])) == ("theta", "excess temperature", 100.0)


def test_nothing_lies_under_the_hill_to_cut():
    x = np.zeros((2, 3))
    np.testing.assert_array_equal(pot.temperature_hill().cut(1.0).value(x), [100.0, 100.0, 100.0])
    assert pot.temperature_hill().soften(1.0).value([0.0, 0.0]) == 100.0
