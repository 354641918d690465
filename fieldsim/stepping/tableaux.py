"""Runge-Kutta methods as data: u_i = u + dt sum_j a_ij k_j, k_i = f(t + c_i dt, u_i), u += dt sum_i b_i k_i.

A method is explicit, or diagonally implicit with one shift (a_ii equal or zero): one factorisation serves
all its stages. `embedded` holds the weights of the companion of another order that estimates the error.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from math import sqrt

from fieldsim.errors import InvalidInput, must


@dataclass(frozen=True)
class Tableau:
    """A Runge-Kutta method.

    `order` of the solution; `error_order` is the power of dt by which the error estimate falls (0: none);
    `negative_axis` is the length of the stability interval on the negative real axis of an explicit method.
    """

    name: str
    title: str
    a: tuple[tuple[float, ...], ...]
    b: tuple[float, ...]
    c: tuple[float, ...]
    order: int
    embedded: tuple[float, ...] = ()
    error_order: int = 0
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


EXPLICIT_EULER = Tableau(
    "explicit_euler", "explicit Euler", a=((0.0,),), b=(1.0,), c=(0.0,), order=1, negative_axis=2.0
)

RK4 = Tableau(  # Kutta 1901; the stability interval is the root of 1 + z + z^2/2 + z^3/6 + z^4/24 = 1
    "rk4",
    "the classical Runge-Kutta method of order 4",
    a=((0.0,), (0.5,), (0.0, 0.5), (0.0, 0.0, 1.0)),
    b=(1 / 6, 1 / 3, 1 / 3, 1 / 6),
    c=(0.0, 0.5, 0.5, 1.0),
    order=4,
    negative_axis=2.785293563405282,
)

BACKWARD_EULER = Tableau(  # the error is estimated against the trapezoidal rule
    "backward_euler",
    "backward Euler",
    a=((0.0,), (0.0, 1.0)),
    b=(0.0, 1.0),
    c=(0.0, 1.0),
    order=1,
    embedded=(0.5, 0.5),
    error_order=2,
)

CRANK_NICOLSON = Tableau(
    "crank_nicolson", "Crank-Nicolson", a=((0.0,), (0.5, 0.5)), b=(0.5, 0.5), c=(0.0, 1.0), order=2
)

_GAMMA = 2.0 - sqrt(2.0)
_W = sqrt(2.0) / 4.0

TR_BDF2 = Tableau(  # Hosea & Shampine, Applied Numerical Mathematics 20, 1996: gamma, weights and companion
    "tr_bdf2",
    "TR-BDF2",
    a=((0.0,), (_GAMMA / 2, _GAMMA / 2), (_W, _W, _GAMMA / 2)),
    b=(_W, _W, _GAMMA / 2),
    c=(0.0, _GAMMA, 1.0),
    order=2,
    embedded=((1.0 - _W) / 3.0, (3.0 * _W + 1.0) / 3.0, _GAMMA / 6.0),
    error_order=3,
)

METHODS: dict[str, Tableau] = {m.name: m for m in (TR_BDF2, BACKWARD_EULER, CRANK_NICOLSON, EXPLICIT_EULER, RK4)}


def method_named(name: str) -> Tableau:
    """Return a method by name ("tr_bdf2", "TR-BDF2", "explicit Euler"); raises InvalidInput."""
    key = name.lower().replace("-", "_").replace(" ", "_") if isinstance(name, str) else ""
    if key not in METHODS:
        close = get_close_matches(key, METHODS, n=1)
        remedy = f"Did you mean {close[0]!r}?" if close else "Choose one of them."
        raise InvalidInput(must("method", f"one of {', '.join(METHODS)}", name, remedy))
    return METHODS[key]
