"""BDF2, RKL2, ESDIRK and Crank-Nicolson against stability functions, local errors and the matrix exponential."""

from __future__ import annotations

import tracemalloc
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
from numpy.polynomial.legendre import Legendre
from scipy.linalg import expm

from fieldsim.errors import InvalidInput, Refused
from fieldsim.stepping import METHODS, Past, march
from fieldsim.stepping.bdf2 import BDF2
from fieldsim.stepping.rkl2 import RKL2, LegendreStepping

IMPLICIT = [m for m in METHODS.values() if not (m.explicit or m.exact)]
ADAPTIVE = [m for m in METHODS.values() if m.error_order]


class Linear:
    """du/dt = b - A u with a small dense A; its flows are its rate."""

    linear = True

    def __init__(self, a, b=0.0):
        self.a, self.b = np.atleast_2d(np.asarray(a, dtype=float)), b

    def rate(self, t, u):
        return self.b - self.a @ u

    def flows(self, t, u):
        return self.rate(t, u)

    def correct(self, t, shift, u, residual, *, rtol):
        return np.linalg.solve(np.eye(len(self.a)) + shift * self.a, residual)

    def fastest_rate(self, t, u):
        return float(np.abs(self.a).sum(axis=1).max())


def rod(n, *, walls):
    """The heat equation on a unit rod of n cells, ends at value 0 behind half a cell, or insulated."""
    h = 1.0 / n
    a = (2 * np.eye(n) - np.eye(n, k=1) - np.eye(n, k=-1)) / h**2
    a[0, 0] = a[-1, -1] = (3 if walls else 1) / h**2
    return a


def last(steps):
    return list(steps)[-1]


# ---- Runge-Kutta


@pytest.mark.parametrize("name", ["tr_bdf2", "esdirk4", "backward_euler"])
def test_l_stable_methods_forget_what_is_infinitely_fast(name):
    """R(z) = 1 + z b (1 - z A)^-1 1 falls to 0 as 1/z, and is at most 1 on the whole negative axis."""
    method = METHODS[name]
    s = len(method.b)
    a = np.array([list(row) + [0.0] * (s - len(row)) for row in method.a])

    def amplified(z):
        return 1 + z * np.array(method.b) @ np.linalg.solve(np.eye(s) - z * a, np.ones(s))

    assert abs(amplified(-1e6)) < 1e-5
    assert max(abs(amplified(-z)) for z in np.geomspace(1e-6, 1e6, 200)) <= 1.0


@pytest.mark.parametrize(("name", "limit"), [("trapezoidal", -1.0), ("crank_nicolson", -1.0)])
def test_the_trapezoidal_rule_forgets_nothing(name, limit):
    step = METHODS[name].take(Linear([[1e9]]), 0.0, np.ones(1), 1.0, None)
    assert step.u[0] == pytest.approx(limit, rel=1e-6)


# ---- Rannacher's start


def test_crank_nicolson_starts_with_four_half_steps_after_the_start_and_each_jump():
    steps = list(march(Linear([[1.0]]), np.ones(1), [1.0], method=METHODS["crank_nicolson"], dt=0.1, jumps=[0.5]))
    lengths = [round(step.t - step.begin, 12) for step in steps]
    half = [("backward_euler", 0.05)] * 4 + [("crank_nicolson", 0.1)] * 3
    assert list(zip([s.method for s in steps], lengths, strict=True)) == half * 2


def test_rannachers_start_keeps_order_two_on_a_jump():
    """A rod at 1 with walls put to 0: at dt far above h^2 the plain rule does not even converge."""
    a = rod(40, walls=True)
    exact = expm(-0.1 * a) @ np.ones(40)
    errors = {}
    for name in ("crank_nicolson", "trapezoidal"):
        runs = [last(march(Linear(a), np.ones(40), [0.1], method=METHODS[name], dt=0.1 / n)) for n in (16, 32)]
        errors[name] = [np.abs(run.u - exact).max() for run in runs]
    assert np.log2(errors["crank_nicolson"][0] / errors["crank_nicolson"][1]) == pytest.approx(2.0, rel=0.05)
    assert errors["trapezoidal"][0] > 50 * errors["crank_nicolson"][0]


# ---- overshoot, energy


@pytest.mark.parametrize("rtol", [1e-2, 1e-4])
@pytest.mark.parametrize("method", ADAPTIVE, ids=lambda m: m.name)
def test_adaptive_methods_do_not_overshoot_on_a_jump(method, rtol):
    """A rod at 1, its walls put to 0 and 2 at once, stays within [0, 2] (maximum principle)."""
    n = 40
    b = np.zeros(n)
    b[-1] = 2 * 2.0 * n**2
    system = Linear(rod(n, walls=True), b)
    steps = list(march(system, np.ones(n), [1e-4, 1e-2, 0.1], method=method, rtol=rtol))
    assert min(step.u.min() for step in steps) > -0.005 * 2
    assert max(step.u.max() for step in steps) < 2 * 1.005
    limit = np.linalg.solve(system.a, b)
    for step in steps:
        if step.landed:
            exact = limit + expm(-step.t * system.a) @ (np.ones(n) - limit)
            assert np.abs(step.u - exact).max() < 40 * rtol


@pytest.mark.parametrize("name", ["crank_nicolson", "bdf2", "backward_euler", "esdirk4"])
def test_fixed_steps_do_not_overshoot_on_a_jump(name):
    """At dt = 10 h^2, where the trapezoidal rule overshoots by 28 %."""
    n = 40
    b = np.zeros(n)
    b[-1] = 2 * 2.0 * n**2
    steps = list(march(Linear(rod(n, walls=True), b), np.ones(n), [0.1], method=METHODS[name], dt=10 / n**2))
    assert min(step.u.min() for step in steps) > -0.005 * 2
    assert max(step.u.max() for step in steps) < 2 * 1.005


@pytest.mark.parametrize("method", [m for m in IMPLICIT if not m.remembers], ids=lambda m: m.name)
def test_energy_falls_in_every_step_between_insulated_walls(method):
    """d|u|^2/dt = -2 |grad u|^2: every mode is damped by |R(z)| <= 1 at every step."""
    u = np.random.default_rng(3).standard_normal(30)
    system = Linear(rod(30, walls=False))
    sizes = [np.linalg.norm(u)]
    for step in march(system, u, [0.1], method=method, dt=2e-3):
        sizes.append(np.linalg.norm(step.u))
        assert step.u.sum() == pytest.approx(u.sum(), abs=1e-11)
    assert (np.diff(sizes) < 0).all()


def test_energy_of_bdf2_falls_in_its_own_norm():
    """|u_n|^2 + |2 u_n - u_(n-1)|^2 never grows (Dahlquist, BIT 18, 1978: G-stability)."""
    u = np.random.default_rng(3).standard_normal(30)
    values = [u] + [s.u for s in march(Linear(rod(30, walls=False)), u, [0.1], method=BDF2, dt=2e-3)]
    energies = [b @ b + (2 * b - a) @ (2 * b - a) for a, b in pairwise(values)]
    assert (np.diff(energies) < 0).all()


# ---- BDF2


def test_bdf2_without_a_past_is_backward_euler():
    system = Linear(rod(8, walls=True))
    u = np.linspace(1, 2, 8)
    own = BDF2.take(system, 0.0, u, 0.01, None)
    other = METHODS["backward_euler"].take(system, 0.0, u, 0.01, None)
    np.testing.assert_allclose(own.u, other.u, rtol=1e-14)
    np.testing.assert_allclose(own.error, other.error, rtol=1e-11)


@pytest.mark.parametrize("ratio", [0.5, 1.0, 2.0])
def test_bdf2_is_exact_for_quadratics_at_every_ratio(ratio):
    """u = t^2 from du/dt = 2 t: the formula of order 2 differentiates parabolas exactly."""

    class Driven(Linear):
        def rate(self, t, u):
            return np.array([2.0 * t])

    dt, t = 0.3 * ratio, 1.0
    past = Past(0.3, np.array([t**2 - (t - 0.3) ** 2]), np.array([t**2 - (t - 0.3) ** 2]))
    trial = BDF2.take(Driven([[0.0]]), t, np.array([t**2]), dt, past)
    assert trial.u[0] == pytest.approx((t + dt) ** 2, rel=1e-14)
    assert trial.flows[0] == pytest.approx((t + dt) ** 2 - t**2, rel=1e-14)
    assert abs(trial.error[0]) < 1e-14


@pytest.mark.parametrize("ratio", [0.5, 1.0, 2.0])
def test_bdf2_knows_its_local_error(ratio):
    """On u = exp(-t) with an exact past the estimate is the error made, to first order."""
    dt = 1e-3 * ratio
    past = Past(1e-3, np.array([1 - np.exp(1e-3)]), np.array([1 - np.exp(1e-3)]))
    trial = BDF2.take(Linear([[1.0]]), 0.0, np.ones(1), dt, past)
    assert abs(trial.error[0]) == pytest.approx(abs(trial.u[0] - np.exp(-dt)), rel=0.02)


def test_bdf2_keeps_its_order_on_uneven_steps():
    """Steps that alternate by a factor of two, as outputs between them force."""
    errors = []
    for n in (64, 128, 256):
        stops = np.sort(np.concatenate([np.arange(1, n + 1) / n, (np.arange(n) + 1 / 3) / n]))
        step = last(march(Linear([[2.0]]), np.ones(1), stops, method=BDF2, dt=1.0))
        errors.append(abs(step.u[0] - np.exp(-2)))
    assert np.log2(errors[1] / errors[2]) == pytest.approx(2.0, rel=0.05)


def test_steps_of_bdf2_at_most_double():
    """Above a ratio of 1 + sqrt 2 the formula is unstable (Grigorieff 1983); after a short rest as well."""
    stops = [0.0101, 0.0102, 0.5]
    for dt in (None, 0.05):
        lengths = [s.t - s.begin for s in march(Linear(rod(10, walls=True)), np.ones(10), stops, method=BDF2, dt=dt)]
        assert max(b / a for a, b in pairwise(lengths)) <= 2.0 + 1e-9


def test_a_jump_makes_bdf2_forget():
    steps = list(march(Linear([[1.0]]), np.ones(1), [1.0], method=BDF2, dt=0.1, jumps=[0.5]))
    at_jump = next(step for step in steps if step.t == 0.5)
    assert at_jump.past is None
    after = steps[steps.index(at_jump) + 1]
    assert after.u[0] == pytest.approx(at_jump.u[0] / 1.1, rel=1e-14)


# ---- RKL2


@dataclass(frozen=True, kw_only=True)
class Forced(LegendreStepping):
    """RKL2 with a given number of stages."""

    count: int = 3

    def stages(self, dt, fastest):
        return self.count


def fixed(count):
    return Forced(name="forced", title="forced", order=2, count=count)


@pytest.mark.parametrize("count", [3, 5, 21])
def test_rkl2_is_its_legendre_polynomial(count):
    """R(z) = 1 - b + b P_s(1 + 4 z/(s^2 + s - 2)), b = (s^2 + s - 2)/(2 s (s + 1)) (Meyer et al. 2014, eq. 15)."""
    b, w = (count**2 + count - 2) / (2 * count * (count + 1)), 4 / (count**2 + count - 2)
    for share in (0.3, 0.8, 1.0):
        z = -share * 2.0 / w
        got = fixed(count).take(Linear([[-z]]), 0.0, np.ones(1), 1.0).u[0]
        assert got == pytest.approx(1 - b + b * Legendre.basis(count)(1 + w * z), abs=1e-13)


@pytest.mark.parametrize(("times", "count"), [(1.0, 3), (2.5, 3), (2.6, 5), (7.0, 5), (100.0, 21), (1000.0, 63)])
def test_rkl2_takes_the_fewest_odd_stages_that_are_stable(times, count):
    """dt = (s^2 + s - 2)/4 times explicit Euler's limit 2/lambda; s = 3 reaches 2.5 and s = 5 reaches 7 of them."""
    assert RKL2.stages(times * 2.0 / 50.0, 50.0) == count


def test_rkl2_is_stable_at_a_hundred_times_the_explicit_limit_and_not_with_fewer_stages():
    a = rod(40, walls=True)
    limit = 2.0 / np.linalg.eigvalsh(a)[-1]
    u = np.random.default_rng(0).standard_normal(40)
    system = Linear(a)
    steps = list(march(system, u, [50 * 100 * limit], method=RKL2, dt=100 * limit))
    sizes = [np.linalg.norm(step.u) for step in steps]
    assert (np.diff(sizes) < 0).all()
    assert sizes[-1] < 1e-3
    for _ in range(10):
        u = fixed(15).take(system, 0.0, u, 100 * limit).u
    assert np.linalg.norm(u) > 1e6


def test_rkl2_is_of_order_two_far_above_the_explicit_limit():
    a = rod(40, walls=True)
    u = np.sin(np.pi * (np.arange(40) + 0.5) / 40)
    errors = []
    for n in (32, 64):
        step = last(march(Linear(a), u, [0.1], method=RKL2, dt=0.1 / n))
        errors.append(np.abs(step.u - expm(-0.1 * a) @ u).max())
    # seven or five stages: the constant (1/6 - c) differs a little
    missed = [1 / 6 - (s * s + s - 6) / (9 * (s * s + s - 2)) for s in (RKL2.stages(0.1 / n, 6400.0) for n in (32, 64))]
    assert np.log2(errors[0] / errors[1] * missed[1] / missed[0]) == pytest.approx(2.0, rel=0.05)


@pytest.mark.parametrize("count", [3, 9, 41])
def test_rkl2_knows_its_local_error(count):
    trial = fixed(count).take(Linear([[1.0]]), 0.0, np.ones(1), 1e-3)
    assert abs(trial.error[0]) == pytest.approx(abs(trial.u[0] - np.exp(-1e-3)), rel=0.02)


def test_rkl2_needs_few_arrays_however_many_its_stages():
    class Rod(Linear):
        def __init__(self):
            pass

        def rate(self, t, u):
            out = np.zeros_like(u)
            out[1:-1] = u[2:] - 2 * u[1:-1] + u[:-2]
            return out

        def flows(self, t, u):
            return np.zeros(1)

        def fastest_rate(self, t, u):
            return 4.0

    u = np.ones(100_000)
    tracemalloc.start()
    try:
        trial = fixed(101).take(Rod(), 0.0, u, 10.0)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert trial.solved
    assert peak < 10 * u.nbytes


def test_rkl2_beyond_its_most_stages_is_refused():
    with pytest.raises(Refused, match="RKL2 super time stepping to be stable"):
        next(march(Linear([[1e9]]), np.ones(1), [1.0], method=RKL2, dt=0.5))


def test_rkl2_never_takes_more_than_its_most_stages():
    """Beside a slow mode a decayed fast one would let the error estimate take any step; 301 stages reach this far."""
    system = Linear(np.diag([1e6, 1.0]))
    steps = list(march(system, np.array([1e-9, 1.0]), [3.0], method=RKL2, rtol=1e-2))
    longest = max(step.t - step.begin for step in steps)
    reach = (301**2 + 301 - 2) / 4 * 2.0 / 1e6
    assert 0.5 * reach < longest <= 0.9 * reach * (1 + 1e-9)
    assert steps[-1].u[1] == pytest.approx(np.exp(-3.0), rel=1e-2)


def test_rkl2_uses_data_at_the_stages_own_times():
    """du/dt = 2 t is integrated exactly by order 2, also where a step has many stages."""

    class Driven(Linear):
        def rate(self, t, u):
            return np.array([2.0 * t])

    for count in (3, 15):
        trial = fixed(count).take(Driven([[0.0]]), 1.0, np.array([1.0]), 0.5)
        assert trial.u[0] == pytest.approx(2.25, rel=1e-12)


# ---- explicit methods


@pytest.mark.parametrize("name", ["explicit_euler", "rk4"])
def test_without_dt_explicit_steps_follow_their_limit(name):
    """du/dt = -(1 + 9 t) u: u = exp(-t - 9 t^2/2), and the limit falls to a tenth on the way."""

    class Stiffening(Linear):
        def rate(self, t, u):
            return -(1.0 + 9.0 * t) * u

        def fastest_rate(self, t, u):
            return 100.0 * (1.0 + 9.0 * t)

    method = METHODS[name]
    steps = list(march(Stiffening([[1.0]]), np.ones(1), [1.0], method=method))
    assert steps[-1].u[0] == pytest.approx(np.exp(-5.5), rel=0.2 if name == "explicit_euler" else 1e-5)
    for step in steps:
        assert step.t - step.begin <= 0.9 * method.negative_axis / (100.0 * (1.0 + 9.0 * step.begin)) * (1 + 1e-9)
    lengths = [step.t - step.begin for step in steps]
    assert lengths[-2] < 0.15 * lengths[0]
    half = steps[len(steps) // 2]
    rest = list(march(Stiffening([[1.0]]), half.u, [1.0], start=half.clock, method=method))
    np.testing.assert_array_equal(rest[-1].u, steps[-1].u)
    with pytest.raises(Refused, match="to be stable on this mesh"):
        last(march(Stiffening([[1.0]]), np.ones(1), [1.0], method=method, dt=0.01))


# ---- what needs a step length


@pytest.mark.parametrize("name", ["crank_nicolson", "trapezoidal"])
def test_methods_without_an_estimate_need_dt(name):
    with pytest.raises(InvalidInput, match=r"`dt` must be given for .*; got None\. It has no error estimate"):
        next(march(Linear([[1.0]]), np.ones(1), [1.0], method=METHODS[name]))
