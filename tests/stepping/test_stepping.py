"""Time stepping against the order conditions, closed solutions and the linear algebra of the exponential."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm

from fieldsim.errors import InvalidInput, NumericalFailure, Refused
from fieldsim.stepping import METHODS, march, method_named, stable_step
from fieldsim.stepping.control import LARGEST_GROWTH, next_factor, retry_factor
from fieldsim.stepping.tableaux import RK4, TR_BDF2, Tableau

TABLEAUX = [method for method in METHODS.values() if isinstance(method, Tableau)]


class Linear:
    """du/dt = -A u + b(t) with a small dense A."""

    linear = True

    def __init__(self, a, b=lambda t: 0.0):
        self.a, self.b = np.atleast_2d(np.asarray(a, dtype=float)), b
        self.calls = 0

    def rate(self, t, u):
        self.calls += 1
        return self.b(t) - self.a @ u

    def correct(self, t, shift, u, residual, *, rtol):
        return np.linalg.solve(np.eye(len(self.a)) + shift * self.a, residual)

    def flows(self, t, u):
        return self.rate(t, u)

    def fastest_rate(self, t, u):
        return float(np.abs(self.a).sum(axis=1).max())


class Logistic:
    """du/dt = u (1 - u): u = 1 / (1 + (1/u0 - 1) exp(-t)) (Verhulst 1838)."""

    linear = False

    def rate(self, t, u):
        return u * (1 - u)

    def correct(self, t, shift, u, residual, *, rtol):
        return residual / (1 - shift * (1 - 2 * u))

    def flows(self, t, u):
        return np.zeros(0)

    def fastest_rate(self, t, u):
        return 1.0


def wall(n):
    """Half-cell walls at value 0 on both ends of a unit rod, u in n cells."""
    h = 1.0 / n
    a = (2 * np.eye(n) - np.eye(n, k=1) - np.eye(n, k=-1)) / h**2
    a[0, 0] = a[-1, -1] = 3 / h**2
    return a


def last(steps):
    for step in steps:  # noqa: B007 - only the last one is wanted
        pass
    return step


@pytest.mark.parametrize("method", TABLEAUX, ids=lambda m: m.name)
def test_order_conditions(method):
    """Butcher's conditions: sum b = 1, sum b c = 1/2, ... up to the order claimed; rows sum to c."""
    s = len(method.b)
    a = np.array([list(row) + [0.0] * (s - len(row)) for row in method.a])
    b, c = np.array(method.b), np.array(method.c)
    np.testing.assert_allclose(a.sum(axis=1), c, rtol=0, atol=1e-15)
    conditions = [(1, b.sum(), 1), (2, b @ c, 1 / 2), (3, b @ c**2, 1 / 3), (3, b @ a @ c, 1 / 6)]
    conditions += [(4, b @ c**3, 1 / 4), (4, (b * c) @ a @ c, 1 / 8)]
    conditions += [(4, b @ a @ c**2, 1 / 12), (4, b @ a @ a @ c, 1 / 24)]
    for order, got, expected in conditions:
        if order <= method.order:
            assert got == pytest.approx(expected, abs=1e-14)
    if method.embedded:
        e = np.array(method.embedded)
        assert e.sum() == pytest.approx(1.0, abs=1e-14)
        # the companion agrees with the method to one order less than error_order and no further
        moments = [e @ c ** (k - 1) - b @ c ** (k - 1) for k in range(1, method.error_order)]
        np.testing.assert_allclose(moments, 0.0, atol=1e-14)
        k = method.error_order
        assert abs(e @ c ** (k - 1) - b @ c ** (k - 1)) > 1e-3


@pytest.mark.parametrize("method", [m for m in METHODS.values() if not m.exact], ids=lambda m: m.name)
def test_observed_order_in_time(method):
    """du/dt = -2 u + sin t: u = (2 sin t - cos t)/5 + C exp(-2t)."""
    system = Linear([[2.0]], lambda t: np.sin(t))

    def exact(t):
        return (2 * np.sin(t) - np.cos(t)) / 5 + 1.2 * np.exp(-2 * t)

    errors = []
    for dt in (0.0125, 0.00625):
        step = last(march(system, np.array([1.0]), [1.0], method=method, dt=dt))
        errors.append(abs(step.u[0] - exact(1.0)))
    assert np.log2(errors[0] / errors[1]) == pytest.approx(method.order, rel=0.05)


def test_newton_solves_nonlinear_stages():
    u0 = 0.1
    exact = 1 / (1 + (1 / u0 - 1) * np.exp(-3.0))
    errors = []
    for dt in (0.1, 0.05):
        errors.append(abs(last(march(Logistic(), np.array([u0]), [3.0], dt=dt)).u[0] - exact))
    assert np.log2(errors[0] / errors[1]) == pytest.approx(2.0, abs=0.1)
    assert last(march(Logistic(), np.array([u0]), [3.0], rtol=1e-6, atol=1e-6)).u[0] == pytest.approx(exact, abs=2e-5)


@pytest.mark.parametrize("rtol", [1e-3, 1e-5])
def test_adaptive_error_follows_the_tolerance(rtol):
    n = 30
    x = (np.arange(n) + 0.5) / n
    u0 = np.sin(np.pi * x) + 0.5 * np.sin(3 * np.pi * x)
    times = [0.01, 0.05, 0.1]
    system = Linear(wall(n))
    steps = [s for s in march(system, u0, times, rtol=rtol) if s.landed]
    assert [s.t for s in steps] == times
    for step in steps:
        error = np.abs(step.u - expm(-step.t * system.a) @ u0).max()
        assert error < 10 * rtol
        assert error > 1e-3 * rtol


def test_a_jump_start_overshoots_less_than_half_a_percent():
    """A rod at 1, its walls put to 0 and 2 at once, stays within [0, 2] (maximum principle)."""
    n = 50
    a = wall(n)
    b = np.zeros(n)
    b[-1] = 2 * 2.0 * n**2
    values = []
    count = 0
    for step in march(Linear(a, lambda t: b), np.ones(n), [1e-4, 1e-2, 1.0]):
        values.append((step.u.min(), step.u.max()))
        count += 1
    low, high = np.min(values), np.max(values)
    assert low > -0.005 * 2
    assert high < 2 * 1.005
    assert count < 150


def test_start_is_backward_euler_then_the_method():
    names = [s.method for s in march(Linear(wall(8)), np.ones(8), [1.0])]
    assert names[:2] == ["backward_euler"] * 2
    assert set(names[2:]) == {"tr_bdf2"}


def test_jumps_are_landed_on_and_restart_the_loop():
    """du/dt = heaviside(t - 0.3) gives u(1) = 0.7, exactly once the jump is a landing."""
    system = Linear([[0.0]], lambda t: np.where(t > 0.3, 1.0, 0.0))
    steps = list(march(system, np.array([0.0]), [1.0], jumps=[0.3, 7.0], atol=1e-6))
    at_jump = next(i for i, s in enumerate(steps) if s.t == 0.3)
    assert not steps[at_jump].landed
    assert steps[at_jump].u[0] == pytest.approx(0.0, abs=1e-15)
    assert steps[at_jump + 1].method == "backward_euler"
    assert steps[-1].u[0] == pytest.approx(0.7, rel=1e-12)


@pytest.mark.parametrize("method", [m for m in METHODS.values() if not m.exact], ids=lambda m: m.name)
def test_flows_are_integrated_as_the_unknown_is(method):
    """Where the flows are the rate itself, they come to u_new - u: what a balance over time is made of."""
    system = Linear(wall(12), np.cos)
    u = np.linspace(0, 1, 12) ** 2
    before = u
    dt = None if method.error_order or method.explicit else 0.01
    for step in march(system, u, [0.05, 0.2], method=method, dt=dt):
        np.testing.assert_allclose(step.u - before, step.flows, rtol=0, atol=1e-11)
        before = step.u


@settings(max_examples=25, deadline=None)
@given(stops=st.lists(st.floats(1e-3, 2.0), min_size=1, max_size=5, unique=True).map(sorted))
def test_lands_on_every_stop(stops):
    landed = [s.t for s in march(Linear([[1.0]]), np.array([1.0]), stops, atol=1e-5) if s.landed]
    assert landed == stops


def test_equal_intervals_reuse_the_step():
    lengths = [s.t - s.begin for s in march(Linear(wall(10)), np.ones(10), np.linspace(0.1, 10, 100))]
    distinct = {float(f"{x:.9g}") for x in lengths}
    assert len(distinct) < 0.5 * len(lengths)


def test_growth_is_bounded():
    lengths = [s.t - s.begin for s in march(Linear(wall(20)), np.ones(20), [5.0])]
    assert all(b <= LARGEST_GROWTH * a * (1 + 1e-9) for a, b in pairwise(lengths))


@given(error=st.floats(0, 1), previous=st.floats(0, 1), order=st.sampled_from([2, 3]))
def test_controller_stays_in_its_bounds(error, previous, order):
    assert 0.2 <= next_factor(error, previous, order) <= 5.0
    assert 0.2 <= retry_factor(1.0 + error, order) <= 0.9


def test_explicit_euler_is_stable_at_the_limit_and_refused_above_it():
    """Explicit Euler on the heat equation: dt <= h^2 / 2 (Courant, Friedrichs & Lewy 1928)."""
    n = 20
    system = Linear(wall(n))
    method = method_named("explicit Euler")
    assert stable_step(system, method, np.ones(n)) == pytest.approx(0.5 / n**2, rel=1e-12)
    step = last(march(system, np.ones(n), [0.5], method=method, dt=0.5 / n**2))
    assert np.abs(step.u).max() < 0.01
    with pytest.raises(Refused, match=r"at most 0\.00125 s .*got 0\.00126 s.*tr_bdf2"):
        next(march(system, np.ones(n), [0.5], method=method, dt=0.00126))


def test_explicit_limit_is_sharp():
    """At 1.05 times the limit the highest mode grows: the refusal is not over-cautious."""
    n = 20
    a = wall(n)
    highest = np.linalg.eigvalsh(a)[-1]
    assert stable_step(Linear(a), method_named("explicit_euler"), np.ones(n)) == pytest.approx(2 / highest, rel=0.05)
    z = -RK4.negative_axis
    assert 1 + z + z**2 / 2 + z**3 / 6 + z**4 / 24 == pytest.approx(1.0, abs=1e-9)


def test_explicit_without_dt_takes_nine_tenths_of_the_limit():
    step = next(march(Linear(wall(10)), np.ones(10), [1.0], method=METHODS["rk4"]))
    assert step.t == pytest.approx(0.9 * RK4.negative_axis / 400, rel=0.01)


def test_hopeless_number_of_steps_is_refused():
    with pytest.raises(Refused, match=r"needs 1e\+15 steps"):
        next(march(Linear([[1.0]]), np.ones(1), [1.0], dt=1e-15))


@pytest.mark.parametrize("dt", [0.0, -0.1, np.nan, 2.0])
def test_bad_dt_is_invalid(dt):
    with pytest.raises(InvalidInput, match="`dt` must be above 0 and at most the length of the run"):
        next(march(Linear([[1.0]]), np.ones(1), [1.0], dt=dt))


def test_method_without_estimate_needs_dt():
    with pytest.raises(InvalidInput, match="Crank-Nicolson"):
        next(march(Linear([[1.0]]), np.ones(1), [1.0], method=METHODS["crank_nicolson"]))


@pytest.mark.parametrize("rtol", [0.0, -1.0, 1e-20, np.nan, 1.0])
def test_bad_tolerance_is_invalid(rtol):
    with pytest.raises(InvalidInput, match="`rtol` must be between"):
        next(march(Linear([[1.0]]), np.ones(1), [1.0], rtol=rtol))


def test_unknown_method_suggests_one():
    with pytest.raises(InvalidInput, match="Did you mean 'explicit_euler'"):
        method_named("explict euler")


def test_nan_names_step_time_and_cell():
    def b(t):
        value = np.zeros(4)
        value[2] = np.nan if t > 0.55 else 0.0
        return value

    with pytest.raises(NumericalFailure, match=r"step 6 at t = 0\.6 s gave nan first in cell \(2,\)"):
        last(march(Linear(np.eye(4), b), np.ones(4), [1.0], dt=0.1))
    with pytest.raises(NumericalFailure, match=r"nan|inf|shrank|repeated"):
        last(march(Linear(np.eye(4), b), np.ones(4), [1.0]))


def test_zero_length_run_takes_no_step():
    assert list(march(Linear([[1.0]]), np.ones(1), [0.0])) == []


@pytest.mark.parametrize("stops", [[1.0, 0.5], [-1.0], [np.nan]])
def test_bad_stops_are_invalid(stops):
    with pytest.raises(InvalidInput, match="`stops`"):
        next(march(Linear([[1.0]]), np.ones(1), stops))


@pytest.mark.parametrize("method", [m for m in METHODS.values() if not m.exact], ids=lambda m: m.name)
def test_resumed_march_gives_the_same_bits(method):
    system = Linear(wall(15), lambda t: np.sin(5 * t))
    stops, jumps = [0.01, 0.03, 0.07], [0.02]
    dt = None if method.error_order or method.explicit else 0.003
    whole = list(march(system, np.ones(15), stops, method=method, dt=dt, jumps=jumps))
    for number in (0, len(whole) // 3, len(whole) // 2, len(whole) - 2):
        half = whole[number]
        left = [stop for stop in stops if stop >= half.t]
        rest = list(march(system, half.u, left, start=half.clock, past=half.past, method=method, dt=dt, jumps=jumps))
        for a, b in zip(whole[number + 1 :], rest, strict=True):
            assert a.clock == b.clock
            np.testing.assert_array_equal(a.u, b.u)
            np.testing.assert_array_equal(a.flows, b.flows)


def test_nothing_happens_quickly():
    """A steady state is crossed in a few steps, at any offset of the unknown."""
    steps = list(march(Linear(wall(10), lambda t: 300.0 * wall(10).sum(axis=1)), np.full(10, 300.0), [1e6]))
    assert len(steps) < 150
    np.testing.assert_allclose(steps[-1].u, 300.0, rtol=1e-12)


def test_input_is_not_modified():
    u = np.ones(5)
    u.setflags(write=False)
    last(march(Linear(wall(5)), u, [0.1], method=TR_BDF2))
    np.testing.assert_array_equal(u, 1.0)


def test_a_slow_start_from_nothing_is_not_mistaken_for_an_error():
    """du/dt = sin t from 0: u = 1 - cos t. At the start nothing has a scale but the run ahead."""
    system = Linear([[0.0]], np.sin)
    steps = list(march(system, np.zeros(1), [10.0]))
    assert steps[-1].u[0] == pytest.approx(1 - np.cos(10.0), abs=2e-3)
    assert len(steps) < 400
