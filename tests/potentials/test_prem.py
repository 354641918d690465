"""The layered Earth against the published mass and gravity (Dziewonski and Anderson 1981) and against quadrature."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from fieldsim import potentials as pot
from fieldsim.errors import InvalidInput
from fieldsim.potentials import earth_model

G = 6.67430e-11
R = 6.371e6
INTERFACES = np.array([1221.5, 3480.0, 5701.0, 5771.0, 5971.0, 6151.0, 6346.6, 6356.0, 6368.0]) * 1e3


def test_mass_and_gravity_of_the_published_model():
    # G3: M = 5.9732e24 kg; g(ICB) = 4.403, g(CMB) = 10.689, g(R) = 9.822 m/s^2
    assert pot.prem_mass(R) == pytest.approx(5.9732e24, abs=0.5e20)
    g = pot.prem_gravity([earth_model.INNER_CORE_RADIUS, earth_model.CORE_RADIUS, earth_model.EARTH_RADIUS])
    assert np.round(g, 3).tolist() == [4.403, 10.689, 9.822]


def test_densities_of_the_published_table():
    # table IV of the paper, g/cm^3, which rounds the radii a little: centre, both sides of the core boundaries, surface
    radii = np.array([0.0, 1.2215e6, 1.2215e6 + 1.0, 3.48e6, 3.48e6 + 1.0, R])
    expected = [13.08850, 12.76360, 12.16634, 9.90349, 5.56645, 1.02]
    np.testing.assert_allclose(pot.prem_density(radii) / 1e3, expected, atol=6e-5)
    assert pot.prem_density(R + 1.0) == 0.0


def test_mean_density_and_moment_of_inertia():
    # the model was fitted to a mean density of 5.515 g/cm^3 and I / (M R^2) = 0.3308
    mass = float(pot.prem_mass(R))
    assert mass / (4.0 / 3.0 * np.pi * R**3) == pytest.approx(5515.0, abs=1.0)
    inertia, _ = quad(lambda r: 8 * np.pi / 3 * r**4 * float(pot.prem_density(r)), 0, R, points=INTERFACES, limit=200)
    assert inertia / (mass * R**2) == pytest.approx(0.3308, abs=5e-5)


@settings(deadline=None)
@given(st.floats(1e3, 8e6))
def test_mass_is_the_integral_of_the_density(r):
    edges = [0.0, *INTERFACES[r > INTERFACES], r]
    nodes, weights = np.polynomial.legendre.leggauss(4)  # exact to degree 7; the integrand has degree 5
    total = 0.0
    for low, high in pairwise(edges):
        if low < R < high:
            high = R
        s = 0.5 * (high - low) * nodes + 0.5 * (high + low)
        total += 0.5 * (high - low) * np.sum(weights * 4 * np.pi * s**2 * pot.prem_density(s))
    assert pot.prem_mass(r) == pytest.approx(total, rel=1e-9)


def test_potential_outside_is_that_of_a_point_mass():
    Phi = pot.prem(at=(1.0, 2.0, 3.0))
    far = np.array([[9e6, 1.0], [2.0, -7e6], [3.0, 2e6]])
    point = pot.point_mass(float(pot.prem_mass(R)), at=(1.0, 2.0, 3.0))
    np.testing.assert_allclose(Phi.value(far), point.value(far), rtol=1e-13)
    np.testing.assert_allclose(Phi.gradient(far), point.gradient(far), rtol=1e-13)


@settings(deadline=None)
@given(st.floats(1e4, 7e6))
def test_gradient_is_the_slope_of_the_potential(r):
    Phi = pot.prem()
    direction = np.array([2.0, -1.0, 2.0]) / 3.0
    if np.min(np.abs(np.append(INTERFACES, R) - r)) < 300.0:
        return
    step = 100.0
    near = Phi.value((r + step) * direction) - Phi.value((r - step) * direction)
    far = Phi.value((r + 2 * step) * direction) - Phi.value((r - 2 * step) * direction)
    gradient = Phi.gradient(r * direction)
    assert gradient @ direction == pytest.approx((8 * near - far) / (12 * step), rel=1e-6, abs=1e-8)
    np.testing.assert_allclose(gradient, (gradient @ direction) * direction, rtol=1e-12)
    assert np.linalg.norm(gradient) == pytest.approx(float(pot.prem_gravity(r)), rel=1e-12)
    assert Phi.source_density(r * direction) == pytest.approx(float(pot.prem_density(r)), rel=1e-12)


def test_at_the_centre_there_is_no_gravity_and_the_deepest_potential():
    Phi = pot.prem()
    assert Phi.gradient([0.0, 0.0, 0.0]).tolist() == [0.0, 0.0, 0.0]
    assert pot.prem_gravity(0.0) == 0.0
    # Phi(0) = -4 pi G int rho r dr
    integral, _ = quad(lambda r: r * float(pot.prem_density(r)), 0, R, points=INTERFACES, limit=200)
    assert Phi.value([0.0, 0.0, 0.0]) == pytest.approx(-4 * np.pi * G * integral, rel=1e-8)


def test_the_potential_is_continuous_at_every_interface():
    Phi = pot.prem()
    for r in np.append(INTERFACES, R):
        below, above = Phi.value([[r * (1 - 1e-12), r * (1 + 1e-12)], [0, 0], [0, 0]])
        assert above == pytest.approx(below, rel=1e-11)


@pytest.mark.parametrize("bad", [-1.0, [1.0, -2.0], "deep", 1j])
def test_bad_radii_are_refused(bad):
    with pytest.raises(InvalidInput, match="`r` must be"):
        pot.prem_density(bad)


def test_a_file_that_does_not_ship_is_named():
    with pytest.raises(InvalidInput, match="Install fieldsim again"):
        pot.data_file("no-such-file.csv")
