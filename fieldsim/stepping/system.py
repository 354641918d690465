"""What the time loop needs of the equations and of a method, and Newton's solution of one implicit stage.

Each implicit stage u_i - s f(t_i, u_i) = known is solved by Newton's method: delta from (1 - s df/du) delta =
residual. A linear f takes one correction; the residual is checked all the same. A correction that leaves a larger
residual is halved, up to five times; what still does not settle cuts the step (march.py).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_CORRECTIONS = 12
_SETTLED = 1e-6
_HALVINGS = 6
_STAGE_RTOL = 1e-8
_FIRST_RTOL = 1e-4
_ERROR_RTOL = 1e-2  # the estimate decides on the next step by its third root


class System(Protocol):
    """What the time loop needs of the equations; arrays of any one shape, time in seconds.

    A system of several fields, one behind the other along the first axis, tells their number as `parts`: each then has
    a tolerance of its own. One that is `sized` has u in units of its typical size.
    """

    @property
    def linear(self) -> bool:
        """Whether f is linear in u, so that one correction solves a stage."""

    def rate(self, t: float, u: Array) -> Array:
        """Return f(t, u)."""

    def flows(self, t: float, u: Array) -> Array:
        """Return what the books sum over time, per second at (t, u), shape (n,); empty where there are none."""

    def correct(self, t: float, shift: float, u: Array, residual: Array, *, rtol: float) -> Array:
        """Return delta with (1 - shift df/du(t, u)) delta = residual, to `rtol` of the residual at least."""

    def fastest_rate(self, t: float, u: Array) -> float:
        """Return an upper bound on the eigenvalues of -df/du at (t, u) (Gershgorin), in 1/s."""

    def carry(self, t: float, u: Array, dt: float) -> tuple[Array, Array]:
        """Return the exact u(t + dt) and what flowed until then; raises InvalidInput where they are not known."""


@dataclass(frozen=True)
class Past:
    """What a method of two steps remembers of the last one: its length, the change of u, and what flowed."""

    dt: float
    change: Array
    flows: Array


@dataclass(frozen=True)
class Trial:
    """The outcome of one step before it is accepted.

    `flows` is what flowed during the step, integrated by the same formula as u, so that books close to rounding;
    `times` are those at which the data entered; `error` is the filtered local error estimate, if any.
    """

    u: Array
    flows: Array
    times: tuple[float, ...]
    error: Array | None
    solved: bool


@dataclass(frozen=True, kw_only=True)
class Method(ABC):
    """A rule that takes one step.

    `order` of the solution; `error_order` is the power of dt by which the error estimate falls (0: none);
    `half_starts` counts the half steps by backward Euler that a march of fixed steps begins with (Rannacher);
    `remembers` tells a two-step method, whose steps grow at most by `largest_growth`; `exact` has no error in time;
    `parabolic` needs real rates to be stable, so that a drift asks for the error estimate.
    """

    name: str
    title: str
    order: int
    error_order: int = 0
    half_starts: int = 0
    largest_growth: float = 5.0
    remembers: bool = False
    exact: bool = False
    parabolic: bool = False

    @property
    def explicit(self) -> bool:
        """Whether no equation is solved, so that stability limits the step."""
        return False

    def stable_step(self, system: System, t: float, u: Array) -> float:
        """Return the longest stable step at (t, u), in s."""
        return float("inf")

    @abstractmethod
    def take(self, system: System, t: float, u: Array, dt: float, past: Past | None) -> Trial:
        """Take one step of length `dt` from (t, u)."""


def failed(value: Array, rate: Array) -> Trial:
    """Return the outcome of a step that met a rate that is not finite, NaN where that happened."""
    return Trial(np.where(np.isfinite(rate), value, np.nan), np.zeros(0), (), None, False)


def solve_stage(system: System, t: float, shift: float, known: Array, guess: Array) -> tuple[Array, Array, bool]:
    """Return the stage value, its rate, and whether Newton's corrections settled."""
    value = guess
    rate = system.rate(t, value)
    if not np.isfinite(rate).all():
        return value, rate, False
    previous, before = np.inf, _largest(known - value + shift * rate)
    for number in range(_CORRECTIONS):
        # where f bends, the first correction leaves more by that than by a solver's tolerance
        rtol = _STAGE_RTOL if system.linear or number else _FIRST_RTOL
        delta = system.correct(t, shift, value, known - value + shift * rate, rtol=rtol)
        size = _largest(delta)
        if not np.isfinite(size):
            return value, rate, False
        value, rate, left = _along(system, t, shift, known, value, delta, before)
        if not np.isfinite(left):
            return value, rate, False
        # what is left is measured in units of u: rounding in a stiff f is amplified by shift * df/du
        if left <= _SETTLED * size or size <= 4 * np.finfo(float).eps * _largest(value):
            return value, rate, True
        if size >= previous and size <= 1e-12 * _largest(value):
            return value, rate, True
        previous, before = size, left
    return value, rate, previous <= 1e-8 * _largest(value)


def _along(
    system: System, t: float, shift: float, known: Array, value: Array, delta: Array, before: float
) -> tuple[Array, Array, float]:
    """Return value, rate and what is left after a correction, halved while it leaves more than there was."""
    share = 1.0
    for _ in range(_HALVINGS):
        trial = value + share * delta
        rate = system.rate(t, trial)
        left = _largest(known - trial + shift * rate)
        if left <= before or share * _largest(delta) <= 1e-12 * _largest(trial):
            break
        share /= 2.0
    return trial, rate, left


def damped(system: System, t: float, shift: float, u: Array, raw: Array) -> Array:
    """Return an error estimate after one implicit solve, lest stiff parts dominate it."""
    return system.correct(t, shift, u, raw, rtol=_ERROR_RTOL) if np.isfinite(raw).all() else raw


def combine(weights: Sequence[float], parts: Sequence[Array]) -> Array:
    """Return the sum of weights times arrays, those of weight 0 left out."""
    total = np.zeros_like(parts[0])
    for weight, part in zip(weights, parts, strict=True):
        if weight:
            total += weight * part
    return total


def _largest(values: Array) -> float:
    return float(np.max(np.abs(values), initial=0.0))
