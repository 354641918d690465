"""Rings, lines and shells against textbook numbers and against the same body made of many point charges."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fieldsim import potentials as pot
from fieldsim.errors import InvalidInput

K = 8.9875517862e9
coordinate = st.floats(-1.5, 1.5, allow_subnormal=False)
point = st.tuples(coordinate, coordinate, coordinate)


def test_ring_on_its_axis():
    # E5: V = k Q / sqrt(z^2 + R^2); 89.8755 V at the centre, E largest at z = R / sqrt 2: 345.931 V/m
    V = pot.charged_ring(1e-9, 0.1)
    assert V.value([0.0, 0.0, 0.0]) == pytest.approx(89.8755, rel=1e-6)
    z = np.array([0.070711, 0.06, 0.08])
    field = -V.gradient(np.stack([0 * z, 0 * z, z]))[2]
    assert field[0] == pytest.approx(345.931, rel=2e-6)
    assert field[0] > max(field[1], field[2])
    np.testing.assert_allclose(V.value(np.stack([0 * z, 0 * z, z])), K * 1e-9 / np.hypot(z, 0.1), rtol=1e-9)


def in_pieces(kind):
    """The same body as many equal charges: by symmetry the sums converge fast away from the wire."""
    if kind == "ring":
        axis = np.array([1.0, 2.0, 2.0]) / 3.0
        one, other = np.array([2.0, -2.0, 1.0]) / 3.0, np.array([2.0, 1.0, -2.0]) / 3.0
        angle = 2 * np.pi * np.arange(400) / 400
        places = 0.5 * (np.outer(np.cos(angle), one) + np.outer(np.sin(angle), other)) + [0.1, 0.2, -0.3]
        body = pot.charged_ring(1e-9, 0.5, at=(0.1, 0.2, -0.3), axis=5.0 * axis)
        return body, pot.point_charges(np.full(400, 1e-9 / 400), places)
    nodes, weights = np.polynomial.legendre.leggauss(200)
    start, end = np.array([-0.5, 0.1, 0.0]), np.array([0.7, -0.2, 0.4])
    places = 0.5 * (start + end) + 0.5 * np.outer(nodes, end - start)
    return pot.charged_line(1e-9, start, end), pot.point_charges(0.5e-9 * weights, places)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["ring", "line"]), point)
def test_wires_equal_the_sum_of_their_pieces(kind, at):
    body, pieces = in_pieces(kind)
    x = np.array(at)
    assume(np.min(np.linalg.norm(pieces.positions - x, axis=1)) > 0.1)
    size = float(body.value(x))
    assert size == pytest.approx(float(pieces.value(x)), rel=1e-9)
    np.testing.assert_allclose(body.gradient(x), pieces.gradient(x), rtol=1e-8, atol=1e-9 * size)
    assert body.source_density(x) == 0.0


def test_infinite_line_close_to_a_long_wire():
    # E = lambda / (2 pi epsilon0 s) (Griffiths, example 2.4); closer than the length by 1e6, digits must not be lost
    V = pot.charged_line(2e-9, (0, 0, -1000.0), (0, 0, 1000.0))
    for s in (1e-3, 1e-6, 1e-9):
        assert -V.gradient([s, 0.0, 0.0])[0] == pytest.approx(2 * K * 1e-12 / s, rel=1e-9)
    steps = V.value([[1e-6, 1e-9], [0.0, 0.0], [0.0, 0.0]])
    assert steps[1] - steps[0] == pytest.approx(2 * K * 1e-12 * np.log(1e3), rel=1e-9)


def test_line_charge_on_the_perpendicular_through_its_middle():
    # Griffiths, example 2.2 and problem 2.25: V = (k Q / L) 2 asinh(L / (2 s))
    V = pot.charged_line(1e-9, (-0.5, 0, 0), (0.5, 0, 0))
    assert V.value([0.0, 0.1, 0.0]) == pytest.approx(41.566, abs=5e-4)
    assert V.value([0.0, 0.2, 0.0]) == pytest.approx(2 * K * 1e-9 * np.arcsinh(0.5 / 0.2), rel=1e-9)


def test_beyond_its_end_a_line_is_finite():
    # on the axis: V = (k Q / L) log((x + L) / x)
    V = pot.charged_line(1e-9, (0, 0, 0), (2.0, 0, 0))
    assert V.value([3.0, 0.0, 0.0]) == pytest.approx(K * 0.5e-9 * np.log(3.0), rel=1e-9)
    assert -V.gradient([3.0, 0.0, 0.0])[0] == pytest.approx(K * 0.5e-9 * (1.0 - 1.0 / 3.0), rel=1e-9)


def test_on_the_wire_there_is_no_number():
    ring, line = pot.charged_ring(1e-9, 0.5), pot.charged_line(1e-9, (0, 0, 0), (1, 0, 0))
    for body, on in ((ring, [0.5, 0.0, 0.0]), (line, [0.25, 0.0, 0.0]), (line, [0.0, 0.0, 0.0])):
        assert np.isnan(body.value(on))
        assert np.isnan(body.gradient(on)).any()
        assert np.isnan(body.source_density(on))
        assert body.singularities == ()


def test_cut_follows_the_wire():
    x = np.array([[0.5, 0.5, 0.5, 0.0], [0.0, 0.0, 0.0, 0.0], [0.0, 0.09, 0.11, 0.0]])
    ring = pot.charged_ring(1e-9, 0.5) + pot.point_charge(1e-9)
    assert np.isnan(ring.cut(0.1).value(x)).tolist() == [True, True, False, True]
    line = pot.charged_line(1e-9, (0, 0, 0), (1, 0, 0))
    places = np.array([[-0.05, -0.2, 0.5, 0.5, 1.05], [0.0, 0.0, 0.05, 0.2, 0.05], [0.0] * 5])
    assert np.isnan(line.cut(0.1).value(places)).tolist() == [True, False, True, False, True]


def test_shell_theorem():
    # G2: no gravity and a flat potential inside, a point mass outside (Newton, Principia, book I, propositions 70-71)
    Phi = pot.massive_shell(1e20, 2e6, at=(1.0, 0.0, 0.0))
    inside = np.array([[0.0, 1.9e6], [5.0, 0.0], [-1e6, 0.0]])
    np.testing.assert_allclose(Phi.value(inside), -6.67430e-11 * 1e20 / 2e6, rtol=1e-14)
    assert np.all(Phi.gradient(inside) == 0.0)
    outside = np.array([[0.0, 2.1e6], [5e6, 0.0], [-1e6, 0.0]])
    point = pot.point_mass(1e20, at=(1.0, 0.0, 0.0))
    np.testing.assert_allclose(Phi.value(outside), point.value(outside), rtol=1e-14)
    np.testing.assert_allclose(Phi.gradient(outside), point.gradient(outside), rtol=1e-14)
    on = [2e6 + 1.0, 0.0, 0.0]
    np.testing.assert_allclose(Phi.gradient(on), 0.5 * point.gradient(on), rtol=1e-14)
    assert np.isnan(Phi.source_density(on))
    assert np.all(Phi.source_density(outside) == 0.0)


def test_charged_shell_carries_volts():
    V = pot.charged_shell(1e-9, 0.1)
    assert V.value([0.0, 0.05, 0.0]) == pytest.approx(89.8755, rel=1e-6)
    assert V.unit == "V"


@pytest.mark.parametrize(
    "build",
    [
        lambda: pot.charged_ring(1e-9, 0.0),
        lambda: pot.charged_ring(1e-9, 1.0, axis=(0, 0, 0)),
        lambda: pot.charged_line(1e-9, (0, 0, 0), (0, 0, 0)),
        lambda: pot.charged_line("x", (0, 0, 0), (1, 0, 0)),
        lambda: pot.charged_shell(1e-9, -1.0),
        lambda: pot.massive_shell(float("nan"), 1.0),
    ],
)
def test_bad_bodies_are_refused(build):
    with pytest.raises(InvalidInput, match=r"^`.+` must be .+; got .+\. .+"):
        build()
