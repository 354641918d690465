"""Runge-Kutta methods as data: u_i = u + dt sum_j a_ij k_j, k_i = f(t + c_i dt, u_i), u += dt sum_i b_i k_i.

A method is explicit, or diagonally implicit with one shift (a_ii equal or zero): one factorisation serves
all its stages. `embedded` holds the weights of the companion of another order that estimates the error.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from fieldsim.stepping.system import Array, Method, Past, System, Trial, combine, damped, failed, solve_stage


@dataclass(frozen=True, kw_only=True)
class Tableau(Method):
    """A Runge-Kutta method; `negative_axis` is the stability interval of an explicit one on the negative real axis."""

    a: tuple[tuple[float, ...], ...]
    b: tuple[float, ...]
    c: tuple[float, ...]
    embedded: tuple[float, ...] = ()
    negative_axis: float = float("inf")

    @property
    def explicit(self) -> bool:
        """Whether no stage needs an equation to be solved."""
        return all(self.diagonal(i) == 0.0 for i in range(len(self.b)))

    @property
    def shift(self) -> float:
        """The common diagonal entry of the implicit stages, 0 for an explicit method."""
        return max(self.diagonal(i) for i in range(len(self.b)))

    @property
    def last_stage_is_solution(self) -> bool:
        """Whether the new value is the last stage itself (stiffly accurate methods)."""
        return self.a[-1] == self.b

    def diagonal(self, stage: int) -> float:
        """Return a_ii of one stage."""
        return self.a[stage][stage] if len(self.a[stage]) > stage else 0.0

    def stable_step(self, system: System, t: float, u: Array) -> float:
        """Return the longest stable step of an explicit method by Gershgorin's bound, in s."""
        fastest = system.fastest_rate(t, u) if self.explicit else 0.0
        return self.negative_axis / fastest if fastest > 0.0 else float("inf")

    def take(self, system: System, t: float, u: Array, dt: float, past: Past | None = None) -> Trial:
        """Take one step of length `dt` from (t, u)."""
        rates: list[Array] = []
        flows: list[Array] = []
        solved = True
        value = u
        for i, (row, c) in enumerate(zip(self.a, self.c, strict=True)):
            known = u.copy()
            for weight, rate in zip(row[:i], rates, strict=False):
                if weight:
                    known += (weight * dt) * rate
            stage_time = t + c * dt
            shift = self.diagonal(i) * dt
            if shift:
                value, rate, settled = solve_stage(system, stage_time, shift, known, value)
                solved = solved and settled
            else:
                value = known
                rate = system.rate(stage_time, value)
            if not np.isfinite(rate).all():
                # stop here: another stage would spread the bad cell over the grid and hide its origin
                return failed(value, rate)
            rates.append(rate)
            if self.b[i]:
                flows.append((self.b[i] * dt) * system.flows(stage_time, value))
        # the sum of the rates is what flowed, to the last digit; a nonlinear last stage is solved less sharply
        known_last = self.last_stage_is_solution and system.linear
        new = value if known_last else u + dt * combine(self.b, rates)
        times = tuple(t + c * dt for b, c in zip(self.b, self.c, strict=True) if b)
        return Trial(new, np.sum(flows, axis=0), times, self._error(system, t + dt, dt, new, rates), solved)

    def _error(self, system: System, t: float, dt: float, new: Array, rates: list[Array]) -> Array | None:
        if not self.embedded:
            return None
        difference = [b - companion for b, companion in zip(self.b, self.embedded, strict=True)]
        return damped(system, t, self.shift * dt, new, dt * combine(difference, rates))


EXPLICIT_EULER = Tableau(
    name="explicit_euler", title="explicit Euler", a=((0.0,),), b=(1.0,), c=(0.0,), order=1, negative_axis=2.0
)

RK4 = Tableau(  # Kutta 1901; the stability interval is the root of 1 + z + z^2/2 + z^3/6 + z^4/24 = 1
    name="rk4",
    title="the classical Runge-Kutta method of order 4",
    a=((0.0,), (0.5,), (0.0, 0.5), (0.0, 0.0, 1.0)),
    b=(1 / 6, 1 / 3, 1 / 3, 1 / 6),
    c=(0.0, 0.5, 0.5, 1.0),
    order=4,
    negative_axis=2.785293563405282,
)

BACKWARD_EULER = Tableau(  # the error is estimated against the trapezoidal rule
    name="backward_euler",
    title="backward Euler",
    a=((0.0,), (0.0, 1.0)),
    b=(0.0, 1.0),
    c=(0.0, 1.0),
    order=1,
    embedded=(0.5, 0.5),
    error_order=2,
)

CRANK_NICOLSON = Tableau(  # Rannacher, Numer. Math. 43, 1984: two steps as four halves by backward Euler first
    name="crank_nicolson",
    title="Crank-Nicolson with Rannacher's start",
    a=((0.0,), (0.5, 0.5)),
    b=(0.5, 0.5),
    c=(0.0, 1.0),
    order=2,
    half_starts=4,
)

TRAPEZOIDAL = Tableau(
    name="trapezoidal",
    title="the trapezoidal rule (Crank-Nicolson without a damped start)",
    a=((0.0,), (0.5, 0.5)),
    b=(0.5, 0.5),
    c=(0.0, 1.0),
    order=2,
)

_GAMMA = 2.0 - sqrt(2.0)
_W = sqrt(2.0) / 4.0

TR_BDF2 = Tableau(  # Hosea & Shampine, Applied Numerical Mathematics 20, 1996: gamma, weights and companion
    name="tr_bdf2",
    title="TR-BDF2",
    a=((0.0,), (_GAMMA / 2, _GAMMA / 2), (_W, _W, _GAMMA / 2)),
    b=(_W, _W, _GAMMA / 2),
    c=(0.0, _GAMMA, 1.0),
    order=2,
    embedded=((1.0 - _W) / 3.0, (3.0 * _W + 1.0) / 3.0, _GAMMA / 6.0),
    error_order=3,
)

_LAST = (82889 / 524892, 0.0, 15625 / 83664, 69875 / 102672, -2260 / 8211, 1 / 4)

ESDIRK4 = Tableau(  # Kennedy & Carpenter, Applied Numerical Mathematics 44, 2003, appendix C: ARK4(3)6L[2]SA, implicit
    name="esdirk4",
    title="ESDIRK4(3)6L[2]SA",
    a=(
        (0.0,),
        (1 / 4, 1 / 4),
        (8611 / 62500, -1743 / 31250, 1 / 4),
        (5012029 / 34652500, -654441 / 2922500, 174375 / 388108, 1 / 4),
        (15267082809 / 155376265600, -71443401 / 120774400, 730878875 / 902184768, 2285395 / 8070912, 1 / 4),
        _LAST,
    ),
    b=_LAST,
    c=(0.0, 1 / 2, 83 / 250, 31 / 50, 17 / 20, 1.0),
    order=4,
    embedded=(
        4586570599 / 29645900160,
        0.0,
        178811875 / 945068544,
        814220225 / 1159782912,
        -3700637 / 11593932,
        61727 / 225920,
    ),
    error_order=4,
)
