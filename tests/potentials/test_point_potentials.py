"""Charges and masses against textbook numbers, an independent complex-step twin and Gauss's law."""

from __future__ import annotations

import cmath
import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldsim import potentials as pot
from fieldsim.errors import InvalidInput

K = 8.9875517862e9  # N m^2/C^2, CODATA 2022: 1/(4 pi epsilon0)
G = 6.67430e-11  # CODATA 2022

# thousandths: the complex step of the twin underflows for numbers near 1e-160
coordinate = st.integers(-2000, 2000).map(lambda n: n / 1000.0)
point = st.tuples(coordinate, coordinate, coordinate)
charge = st.integers(-5000, 5000).map(lambda n: n / 1000.0)
sources = st.lists(st.tuples(charge, point), min_size=1, max_size=24)


def twin(sources, x, softening=0.0):
    """The slow twin: plain Python, one charge after the other, derivative by the complex step."""

    def value(p):
        total = 0.0
        for q, s in sources:
            d2 = sum((a - b) ** 2 for a, b in zip(p, s, strict=True)) + softening**2
            total += K * q / cmath.sqrt(d2)
        return total

    step = 1e-150
    gradient = [value([c + 1j * step * (i == k) for k, c in enumerate(x)]).imag / step for i in range(3)]
    return value(x).real, gradient


def clearance(sources, x):
    return min(math.dist(x, s) for _, s in sources)


def test_one_nanocoulomb_at_one_metre():
    # E1: V = kq/r and E = kq/r^2 (Griffiths, section 2.3)
    V = pot.point_charge(1e-9)
    assert V.value([1.0, 0.0, 0.0]) == pytest.approx(8.98755, rel=1e-6)
    assert -V.gradient([0.0, 0.0, 1.0])[2] == pytest.approx(8.98755, rel=1e-6)
    assert (V.unit, V.name, V.quantity) == ("V", "V", "electric potential")
    assert V.singularities == (pot.PointSource((0.0, 0.0, 0.0), 1e-9),)


@pytest.mark.parametrize(("centre", "inside"), [((0.3, -0.2, 0.1), True), ((3.0, 0.0, 0.0), False)])
def test_flux_through_a_sphere_is_the_charge_inside_over_epsilon0(centre, inside):
    # Gauss's law (Griffiths, section 2.2): 112.941 V m for 1 nC, by a product rule that is exact to rounding
    nodes, weights = np.polynomial.legendre.leggauss(60)
    phi = 2.0 * np.pi * np.arange(120) / 120
    rho = np.sqrt(1.0 - nodes**2)
    normal = np.stack([np.outer(rho, np.cos(phi)), np.outer(rho, np.sin(phi)), np.outer(nodes, np.ones(120))])
    points = normal + np.array(centre)[:, None, None]
    E = -pot.point_charge(1e-9).gradient(points)
    flux = float(np.sum(np.einsum("ijk,ijk->jk", E, normal) * weights[:, None]) * 2.0 * np.pi / 120)
    assert flux == pytest.approx(112.941 if inside else 0.0, rel=5e-6, abs=1e-9)


def test_dipole_of_two_charges():
    # E2: exact values of the superposition and the far field k p / r^2 (Griffiths, section 3.4)
    V = pot.dipole(1e-9, 0.1)
    assert V.value([0.0, 0.0, 0.5]) == pytest.approx(3.63133, rel=2e-6)
    assert np.linalg.norm(V.gradient([0.5, 0.0, 0.0])) == pytest.approx(7.08352, rel=2e-6)
    assert -V.gradient([0.5, 0.0, 0.0])[2] < 0.0  # against the moment on the equator
    assert V.value([0.3, -0.4, 0.0]) == pytest.approx(0.0, abs=1e-12)
    assert pot.ideal_dipole((0.0, 0.0, 1e-10)).value([0.0, 0.0, 0.5]) == pytest.approx(3.59502, rel=2e-6)
    r = np.array([40.0, 80.0])
    places = np.stack([0.6 * r, 0.0 * r, 0.8 * r])
    value, field = V.value(places), np.linalg.norm(V.gradient(places), axis=0)
    assert math.log2(value[1] / value[0]) == pytest.approx(-2.0, abs=1e-4)
    assert math.log2(field[1] / field[0]) == pytest.approx(-3.0, abs=1e-4)


def test_dipole_along_any_axis_points_from_minus_to_plus():
    V = pot.dipole(2e-9, 0.2, at=(1.0, 2.0, 3.0), axis=(3.0, 0.0, 4.0))
    plus, minus = V.singularities
    assert plus == pot.PointSource(pytest.approx((1.06, 2.0, 3.08)), 2e-9)
    assert minus == pot.PointSource(pytest.approx((0.94, 2.0, 2.92)), -2e-9)


def test_ideal_dipole_is_the_limit_of_two_charges():
    far = np.array([[3.0, -1.0], [1.0, 2.0], [-2.0, 0.5]])
    finite = pot.dipole(1e-9 / 1e-4, 1e-4, axis=(1.0, 2.0, 2.0))
    ideal = pot.ideal_dipole(np.array([1.0, 2.0, 2.0]) / 3.0 * 1e-9)
    np.testing.assert_allclose(ideal.value(far), finite.value(far), rtol=1e-6)
    np.testing.assert_allclose(ideal.gradient(far), finite.gradient(far), rtol=1e-6)


def test_linear_quadrupole_on_its_axis():
    # E3: V = 2 k q a^2 / (r (r^2 - a^2)); 1.49793 V at 0.5 m, slope -3
    V = pot.point_charges([1e-9, -2e-9, 1e-9], [(0, 0, -0.1), (0, 0, 0), (0, 0, 0.1)])
    assert V.value([0.0, 0.0, 0.5]) == pytest.approx(1.49793, rel=5e-6)
    ends = V.value([[0.0, 0.0], [0.0, 0.0], [20.0, 40.0]])
    assert math.log2(ends[1] / ends[0]) == pytest.approx(-3.0, abs=1e-4)


def test_unequal_pair_has_its_null_at_2d_and_a_sphere_of_zero_potential():
    # E4: +4q at 0, -q at d: E = 0 at x = 2d; V = 0 on a sphere (Griffiths, section 3.2.2)
    d, q = 0.3, 1e-9
    V = pot.point_charges([4 * q, -q], [(0, 0, 0), (d, 0, 0)])
    scale = np.linalg.norm(pot.point_charge(q).gradient([d, 0.0, 0.0]))
    assert np.linalg.norm(V.gradient([2 * d, 0.0, 0.0])) < 1e-14 * scale
    rng = np.random.default_rng(1)
    n = rng.normal(size=(3, 50))
    sphere = n / np.linalg.norm(n, axis=0) * 4 * d / 15 + np.array([[16 * d / 15], [0], [0]])
    assert np.max(np.abs(V.value(sphere))) < 1e-13 * K * q / d


def test_earth_as_a_point_mass():
    # G1: GM = 3.986004418e14 m^3/s^2 (WGS 84), so M = GM/G; r = 6371 km
    Phi = pot.point_mass(3.986004418e14 / G)
    surface = [6.371e6, 0.0, 0.0]
    assert Phi.gradient(surface)[0] == pytest.approx(9.82025, rel=1e-6)
    assert Phi.value(surface) == pytest.approx(-6.25648e7, rel=1e-6)
    assert math.sqrt(-2.0 * Phi.value(surface)) == pytest.approx(11186.0, abs=0.5)
    assert Phi.unit == "J/kg"


def test_charged_ball():
    # E6: rho R^2 / (2 epsilon0) = 1.5 V(R) at the centre (Griffiths, problem 2.21)
    V = pot.charged_ball(1e-9, 0.1)
    assert V.value([0.0, 0.0, 0.0]) == pytest.approx(134.813, rel=5e-6)
    assert V.value([0.0, 0.1, 0.0]) == pytest.approx(89.8755, rel=1e-6)
    assert -V.gradient([0.1, 0.0, 0.0])[0] == pytest.approx(898.755, rel=1e-6)
    inside = V.source_density([[0.05, 0.2], [0.0, 0.0], [0.0, 0.0]])
    np.testing.assert_allclose(inside, [1e-9 / (4.0 / 3.0 * np.pi * 1e-3), 0.0], rtol=1e-9)
    assert V.singularities == ()


def test_buried_sphere():
    # G5: 50 m, contrast 500 kg/m^3, 100 m deep: 0.174733 mGal above, half at 0.766421 z
    Phi = pot.massive_ball(500.0, 50.0, at=(0.0, 0.0, -100.0))
    g = Phi.gradient([[0.0, 76.6421], [0.0, 0.0], [0.0, 0.0]])[2]
    assert g[0] * 1e5 == pytest.approx(0.174733, rel=5e-6)
    assert g[1] / g[0] == pytest.approx(0.5, rel=1e-6)


@settings(max_examples=60, deadline=None)
@given(sources, point, st.sampled_from([0.0, 0.3]))
def test_value_and_gradient_equal_the_complex_step_twin(sources, x, softening):
    if softening == 0.0 and clearance(sources, x) < 1e-3:
        return
    V = pot.point_charges([q for q, _ in sources], [s for _, s in sources])
    V = V.soften(softening) if softening else V
    value, gradient = twin(sources, x, softening)
    near = max(clearance(sources, x), softening)
    size = K * sum(abs(q) for q, _ in sources) / near
    assert V.value(x) == pytest.approx(value, rel=1e-9, abs=1e-13 * size)
    np.testing.assert_allclose(V.gradient(x), gradient, rtol=1e-9, atol=1e-12 * size / near)


@settings(max_examples=40, deadline=None)
@given(point, point)
def test_ideal_dipole_gradient_equals_the_complex_step(moment, x):
    r = math.hypot(*x)
    if r < 1e-2:
        return

    def value(p):
        return K * sum(m * c for m, c in zip(moment, p, strict=True)) / cmath.sqrt(sum(c * c for c in p)) ** 3

    step = 1e-150
    expected = [value([c + 1j * step * (i == k) for k, c in enumerate(x)]).imag / step for i in range(3)]
    dipole = pot.ideal_dipole(moment)
    size = K * math.hypot(*moment) / r**3
    np.testing.assert_allclose(dipole.gradient(x), expected, rtol=1e-9, atol=1e-12 * size)
    np.testing.assert_allclose(dipole.value(x), value(x).real, rtol=1e-9, atol=1e-12 * size * r)


def divergence_of_gradient(potential, x, step):
    total = 0.0
    for axis in range(3):
        shift = step * np.eye(3)[axis]
        ahead, behind = potential.gradient(x + shift), potential.gradient(x - shift)
        two_ahead, two_behind = potential.gradient(x + 2 * shift), potential.gradient(x - 2 * shift)
        total += (8 * (ahead - behind) - (two_ahead - two_behind))[axis] / (12 * step)
    return total


@pytest.mark.parametrize(
    "potential",
    [
        pot.point_charges([1e-9, -2e-9], [(0, 0, 0.1), (0.2, 0, 0)]),
        pot.point_charges([1e-9, -2e-9], [(0, 0, 0.1), (0.2, 0, 0)]).soften(0.2),
        pot.ideal_dipole((1e-10, 0.0, 2e-10)),
        pot.ideal_dipole((1e-10, 0.0, 2e-10)).soften(0.3),
        pot.point_mass(1e12),
        pot.massive_ball(2000.0, 2.0),
        pot.charged_ball(1e-9, 0.2),
    ],
)
def test_laplacian_is_the_divergence_of_the_gradient(potential):
    for x in np.array([[0.5, 0.6, -0.4], [-0.3, 0.8, 0.2], [0.9, 0.1, 0.7]]):
        size = np.linalg.norm(potential.gradient(x)) / np.linalg.norm(x)
        found = divergence_of_gradient(potential, x, 1e-3)
        assert float(potential.laplacian(x)) == pytest.approx(found, abs=1e-7 * size)


def test_density_vanishes_away_from_points_and_is_not_a_number_at_them():
    V = pot.point_charges([1e-9, -1e-9], [(0, 0, 0), (1, 0, 0)])
    density = V.source_density(np.array([[0.0, 0.5], [0.0, 0.0], [0.0, 0.0]]))
    assert np.isnan(density[0])
    assert density[1] == 0.0


def test_a_softened_charge_still_holds_its_charge():
    # Plummer sphere (Binney and Tremaine, eq. 2.44): centre k q / a, and the density integrates to q
    V = pot.point_charge(2e-9).soften(0.5)
    assert V.value([0.0, 0.0, 0.0]) == pytest.approx(K * 2e-9 / 0.5, rel=1e-9)
    assert V.singularities == ()
    nodes, weights = np.polynomial.legendre.leggauss(80)
    t = 0.25 * np.pi * (nodes + 1.0)  # r = a tan t maps [0, inf) to [0, pi/2)
    r = 0.5 * np.tan(t)
    density = V.source_density(np.stack([r, 0 * r, 0 * r]))
    total = np.sum(0.25 * np.pi * weights * 4 * np.pi * r**2 * density * 0.5 / np.cos(t) ** 2)
    assert total == pytest.approx(2e-9, rel=1e-10)


def test_at_a_singularity_there_is_no_number_and_no_warning():
    V = pot.dipole(1e-9, 0.1) + pot.ideal_dipole((0, 0, 1e-12), at=(1, 0, 0))
    places = np.array([[0.0, 0.0, 1.0, 0.3], [0.0, 0.0, 0.0, 0.3], [0.05, -0.05, 0.0, 0.3]])
    assert np.isnan(V.value(places)).tolist() == [True, True, True, False]
    assert np.isnan(V.gradient(places)).all(axis=0).tolist() == [True, True, True, False]
    assert not np.isinf(V.gradient([1e-170, 0.0, 0.05])).any()
    assert len(V.singularities) == 3


def test_cut_blanks_a_ball_around_every_source_and_nothing_else():
    V = pot.point_charges([1e-9, -1e-9], [(0, 0, 0), (1, 0, 0)]).cut(0.25)
    x = np.array([0.0, 0.2, 0.3, 0.7, 0.8, 1.2, 1.3])
    places = np.stack([x, 0 * x, 0 * x])
    expected = [True, True, False, False, True, True, False]
    assert np.isnan(V.value(places)).tolist() == expected
    assert np.isnan(V.gradient(places)[0]).tolist() == expected
    assert np.isnan(V.source_density(places)).tolist() == expected
    shifted = (2.0 * V).shifted((0.0, 5.0))
    assert np.isnan(shifted.value(places + np.array([[0.0], [5.0], [0.0]]))).tolist() == expected


@settings(max_examples=40, deadline=None)
@given(st.lists(point, min_size=1, max_size=5), st.floats(-3, 3), st.floats(-3, 3))
def test_sums_and_multiples_are_linear(places, a, b):
    x = np.array(places).T
    V, W = pot.point_charge(1e-9, at=(5, 0, 0)), pot.ideal_dipole((0, 0, 1e-9), at=(0, 6, 0))
    combined = a * V + W * b - V / 2.0
    expected = a * V.value(x) + b * W.value(x) - V.value(x) / 2.0
    np.testing.assert_allclose(combined.value(x), expected, rtol=1e-12, atol=1e-12)
    expected = a * V.gradient(x) + b * W.gradient(x) - V.gradient(x) / 2.0
    np.testing.assert_allclose(combined.gradient(x), expected, rtol=1e-12, atol=1e-12)
    assert np.all(combined.source_density(x) == 0.0)


def test_sum_of_parts_lists_the_sources_of_all():
    V = sum([pot.point_charge(1e-9), -pot.point_charge(2e-9, at=(1, 0, 0)), pot.charged_ball(1e-9, 0.1)])
    assert [s.strength for s in V.singularities] == [1e-9, -2e-9]
    assert V.unit == "V"


def test_shifted_moves_everything():
    V = pot.dipole(1e-9, 0.1)
    shift = np.array([1.0, 2.0, 3.0])
    moved = V.shifted(shift)
    x = np.array([0.3, -0.2, 0.4])
    np.testing.assert_allclose(moved.value(x + shift), V.value(x), rtol=1e-12)
    np.testing.assert_allclose(moved.gradient(x + shift), V.gradient(x), rtol=1e-12)
    assert moved.singularities[0].position == pytest.approx((1.0, 2.0, 3.05))


def test_two_coordinates_mean_the_plane_z_zero():
    V = pot.point_charge(1e-9, at=(0.0, 0.0, 0.5))
    flat = np.array([[0.1, -0.4], [0.2, 0.3]])
    full = np.vstack([flat, np.zeros(2)])
    np.testing.assert_array_equal(V.value(flat), V.value(full))
    np.testing.assert_array_equal(V.gradient(flat), V.gradient(full)[:2])
    np.testing.assert_array_equal(V.value([[0.1]]), V.value([[0.1], [0.0], [0.0]]))


@pytest.mark.parametrize("count", [3, 40, 1500])
def test_a_point_has_the_same_bits_alone_as_among_others(count):
    rng = np.random.default_rng(7)
    V = pot.point_charges(rng.normal(size=count), rng.normal(size=(count, 3)))
    x = rng.normal(size=(3, 300))
    values, gradients = V.value(x), V.gradient(x)
    for i in (0, 17, 299):
        assert V.value(x[:, i]) == values[i]
        np.testing.assert_array_equal(V.gradient(x[:, i]), gradients[:, i])
    np.testing.assert_array_equal(V.value(x[:, ::-1]), values[::-1])
    exact = math.fsum(K * q / math.dist(x[:, 0], s) for q, s in zip(V.strengths, V.positions, strict=True))
    size = math.fsum(K * abs(q) / math.dist(x[:, 0], s) for q, s in zip(V.strengths, V.positions, strict=True))
    assert abs(values[0] - exact) < 1e-11 * size


def test_many_points_and_many_charges_need_little_memory():
    rng = np.random.default_rng(3)
    V = pot.point_charges(rng.normal(size=200), rng.normal(size=(200, 3)))
    x = rng.normal(size=(3, 40_000))
    tracemalloc.start()
    V.gradient(x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # the answer is 1 MB; a table of all pairs would take 190 MB
    assert peak < 12e6


def test_inputs_of_any_layout_give_the_same_numbers_and_stay_untouched():
    V = pot.point_charge(1e-9, at=(0.1, 0.2, 0.3))
    x = np.random.default_rng(5).normal(size=(3, 4, 5))
    expected = V.value(x)
    assert expected.shape == (4, 5)
    fortran = np.asfortranarray(x)
    fortran.setflags(write=False)
    np.testing.assert_array_equal(V.value(fortran), expected)
    np.testing.assert_array_equal(V.value(np.repeat(x, 2, axis=2)[:, :, ::2]), expected)
    np.testing.assert_allclose(V.value(x.astype(np.float32)), expected, rtol=1e-4)
    np.testing.assert_array_equal(V(x), expected)
    assert V.value(np.empty((3, 0))).shape == (0,)
    assert V.gradient(np.empty((3, 0))).shape == (3, 0)
    assert V.source_density(np.empty((3, 0))).shape == (0,)
    places = np.zeros((1, 3))
    W = pot.point_charges([1.0], places)
    places[0, 0] = 9.0
    assert W.singularities[0].position == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    "bad",
    [
        1.0,
        np.zeros((4, 2)),
        np.zeros((0, 2)),
        np.zeros((3, 2), dtype=complex),
        np.zeros((3, 2), dtype=bool),
        np.array([["a"], ["b"], ["c"]]),
        [[1, 2], [3]],
        np.ma.masked_array(np.zeros((3, 2)), mask=True),
        np.array([[None], [None], [None]]),
    ],
)
def test_points_that_are_not_points_are_refused(bad):
    with pytest.raises(InvalidInput, match="`points` must be"):
        pot.point_charge(1e-9).value(bad)


@pytest.mark.parametrize(
    "build",
    [
        lambda: pot.point_charge(float("nan")),
        lambda: pot.point_charge("1 nK"),
        lambda: pot.point_charge(True),
        lambda: pot.point_charge(1 + 2j),
        lambda: pot.point_charge(10**400),
        lambda: pot.point_charge(np.array([1e-9])),
        lambda: pot.point_charge(None),
        lambda: pot.point_charge(1e-9, at=(0, 0, float("inf"))),
        lambda: pot.point_charge(1e-9, at=(0, 0, 0, 0)),
        lambda: pot.point_charges([], []),
        lambda: pot.point_charges([1.0], [(0, 0, 0), (1, 0, 0)]),
        lambda: pot.point_charges([1.0, np.nan], [(0, 0, 0), (1, 0, 0)]),
        lambda: pot.dipole(1e-9, 0.0),
        lambda: pot.dipole(1e-9, 0.1, axis=(0, 0, 0)),
        lambda: pot.charged_ball(1e-9, -1.0),
        lambda: pot.point_charge(1e-9).cut(0.0),
        lambda: pot.point_charge(1e-9).soften(-1.0),
        lambda: pot.temperature_hill().soften(0.0),
        lambda: pot.point_charge(1e-9) / 0.0,
        lambda: pot.point_charge(1e-9) * float("inf"),
        lambda: pot.point_charge(1e-9) + pot.point_mass(1.0),
    ],
)
def test_bad_potentials_are_refused_with_one_sentence(build):
    with pytest.raises(InvalidInput, match=r"^`.+` must be .+; got .+\. .+"):
        build()


def test_a_number_cannot_be_added_to_a_potential():
    with pytest.raises(TypeError):
        pot.point_charge(1e-9) + 5.0


def test_amounts_and_places_may_be_quantities():
    source = pot.point_charge("2 nC", at=("5 cm", 0.0, 0.0))
    np.testing.assert_array_equal(source.strengths, [2e-9])
    np.testing.assert_array_equal(source.positions, [[0.05, 0.0, 0.0]])
    np.testing.assert_array_equal(pot.point_mass("3 t").strengths, [3000.0])
    with pytest.raises(InvalidInput, match="`charge` must be a quantity in C"):
        pot.point_charge("2 kg")
