"""The backward differentiation formula of order 2 with variable steps, w = dt / previous dt:

u_new - u = w^2/(1 + 2w) (u - u_previous) + (1 + w)/(1 + 2w) dt f(t_new, u_new)

Without a past (w = 0) this is backward Euler, which starts it. It is stable at 0 for w < 1 + sqrt 2 (Grigorieff,
Numer. Math. 42, 1983). What flows obeys the same formula, so that books close. The error, e dt^3 u''' with
e = (1 + w)^2 / (6 w (1 + 2w)), is read off the defect of the trapezoidal rule, (e - 1/12) dt^3 u'''.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fieldsim.stepping.system import Array, Method, Past, System, Trial, damped, failed, solve_stage


@dataclass(frozen=True, kw_only=True)
class TwoStepFormula(Method):
    """BDF2; its past begins anew after the start and after each jump in the data."""

    def take(self, system: System, t: float, u: Array, dt: float, past: Past | None) -> Trial:
        """Take one step of length `dt` from (t, u)."""
        ratio = dt / past.dt if past is not None else 0.0
        moved = past.change * (ratio**2 / (1.0 + 2.0 * ratio)) if past is not None else np.zeros_like(u)
        implicit = (1.0 + ratio) / (1.0 + 2.0 * ratio) * dt
        before = system.rate(t, u)
        if not np.isfinite(before).all():
            return failed(u, before)
        value, rate, solved = solve_stage(system, t + dt, implicit, u + moved, u)
        if not np.isfinite(rate).all():
            return failed(value, rate)
        change = moved + implicit * rate
        new = value if system.linear else u + change
        flows = implicit * system.flows(t + dt, value)
        if past is not None:
            flows += past.flows * (ratio**2 / (1.0 + 2.0 * ratio))
        # e / (e - 1/12), which is 1 where there is no past
        share = (1.0 + ratio) ** 2 / ((1.0 + ratio) ** 2 - 0.5 * ratio * (1.0 + 2.0 * ratio))
        defect = share * (change - (0.5 * dt) * (before + rate))
        return Trial(new, flows, (t + dt,), damped(system, t + dt, implicit, new, defect), solved)


BDF2 = TwoStepFormula(name="bdf2", title="BDF2", order=2, error_order=3, largest_growth=2.0, remembers=True)
