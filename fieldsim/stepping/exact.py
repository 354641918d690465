"""The exact solution of a linear system with constant data as a method: u(t + dt) = exp(-dt B) u + phi_1 ... .

Flows are known by their integrals over a step: a face gives in or out by the sign of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

from fieldsim.stepping.system import Array, Method, Past, System, Trial


@dataclass(frozen=True, kw_only=True)
class ExactStepping(Method):
    """Steps without an error in time, for systems that know their own exponential (System.carry)."""

    def take(self, system: System, t: float, u: Array, dt: float, past: Past | None = None) -> Trial:
        """Take one step of length `dt` from (t, u)."""
        new, flows = system.carry(t, u, dt)
        return Trial(new, flows, (t,), None, True)


EXPONENTIAL = ExactStepping(name="exponential", title="exact exponential", order=0, exact=True)
