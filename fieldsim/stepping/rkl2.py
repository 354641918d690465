"""RKL2, explicit super time stepping: Legendre polynomials stretch the stable interval by the square of the stages.

A step of s stages is stable up to dt = (s^2 + s - 2)/4 times explicit Euler's limit 2/lambda. An odd s damps the
fastest mode; coefficients from Meyer, Balsara & Aslam, J. Comput. Phys. 257 (2014) 594, equations 16-18.
On u' = lambda u it misses (1/6 - c) dt^3 u''', c = (s^2 + s - 6) / (9 (s^2 + s - 2)), which the defect of the
trapezoidal rule, (1/12 + 1/6 - c) dt^3 u''', measures.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import ceil, sqrt

import numpy as np

from fieldsim.stepping.system import Array, Method, Past, System, Trial, failed

_FEWEST, _MOST = 3, 301
_SLACK = 1.25


@dataclass(frozen=True)
class _Coefficients:
    """One row a stage from the second on: shares of Y_(j-1) - Y_0, Y_(j-2) - Y_0, dt f(Y_(j-1)) and dt f(Y_0)."""

    first: float
    rows: tuple[tuple[float, float, float, float], ...]
    times: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class LegendreStepping(Method):
    """RKL2 with as many stages as the step needs, in five arrays whatever their number."""

    @property
    def explicit(self) -> bool:
        """Whether no equation is solved."""
        return True

    def stable_step(self, system: System, t: float, u: Array) -> float:
        """Return the longest step that the most stages keep stable, in s."""
        fastest = system.fastest_rate(t, u)
        return _reach(_MOST) / fastest if fastest > 0.0 else float("inf")

    def stages(self, dt: float, fastest: float) -> int:
        """Return the smallest odd number of stages that keeps a step of `dt` stable."""
        # s^2 + s - 2 >= 2 dt lambda
        wanted = max(_FEWEST, ceil(0.5 * (sqrt(9.0 + 8.0 * dt * fastest) - 1.0) - 1e-9))
        return wanted + 1 - wanted % 2

    def take(self, system: System, t: float, u: Array, dt: float, past: Past | None = None) -> Trial:
        """Take one step of length `dt` from (t, u)."""
        # data may stiffen during the step, and so may a law that follows u
        fastest = max(system.fastest_rate(t, u), system.fastest_rate(t + dt, u))
        count = self.stages(dt, fastest if system.linear else _SLACK * fastest)
        table = _coefficients(count)
        first, first_flows = dt * system.rate(t, u), dt * system.flows(t, u)
        if not np.isfinite(first).all():
            return failed(u, first)
        # changes, not values, are combined: the coefficients' rounding would move a large constant
        older, change = np.zeros_like(u), table.first * first
        older_flows, flows = np.zeros_like(first_flows), table.first * first_flows
        for (one, two, new, old), c in zip(table.rows, table.times, strict=True):
            value = u + change
            rate = system.rate(t + c * dt, value)
            if not np.isfinite(rate).all():
                return failed(value, rate)
            passed = system.flows(t + c * dt, value)
            older, change = change, one * change + two * older + (new * dt) * rate + old * first
            older_flows, flows = flows, one * flows + two * older_flows + (new * dt) * passed + old * first_flows
        value = u + change
        missed = 1.0 / 6.0 - (count**2 + count - 6.0) / (9.0 * (count**2 + count - 2.0))
        defect = change - 0.5 * (first + dt * system.rate(t + dt, value))
        times = (t, *(t + c * dt for c in table.times))
        return Trial(value, flows, times, defect * (missed / (1.0 / 12.0 + missed)), True)


def _reach(count: int) -> float:
    """Return dt lambda up to which `count` stages are stable."""
    return 0.5 * (count**2 + count - 2.0)


@lru_cache(maxsize=64)
def _coefficients(count: int) -> _Coefficients:
    b = [1 / 3, 1 / 3, *((j * j + j - 2.0) / (2.0 * j * (j + 1.0)) for j in range(2, count + 1))]
    w = 4.0 / (count**2 + count - 2.0)
    rows, times = [], [b[1] * w]
    before = 0.0
    for j in range(2, count + 1):
        one = (2.0 * j - 1.0) / j * b[j] / b[j - 1]
        two = -(j - 1.0) / j * b[j] / b[j - 2]
        new = one * w
        old = -(1.0 - b[j - 1]) * new
        rows.append((one, two, new, old))
        # a stage's time is what the recursion makes of u' = 1
        reached = one * times[-1] + two * before + new + old
        before = times[-1]
        times.append(reached)
    return _Coefficients(b[1] * w, tuple(rows), tuple(times[:-1]))


RKL2 = LegendreStepping(name="rkl2", title="RKL2 super time stepping", order=2, error_order=3, parabolic=True)
