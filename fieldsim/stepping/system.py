"""One Runge-Kutta step of du/dt = f(t, u), with implicit stages solved through the system's own callback.

Each implicit stage u_i - s f(t_i, u_i) = known is solved by Newton's method: delta from (1 - s df/du) delta =
residual. A linear f takes one correction; the residual is checked all the same. A correction that leaves a larger
residual is halved, up to five times; what still does not settle cuts the step (march.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fieldsim.stepping.tableaux import Tableau

Array = NDArray[np.float64]

_CORRECTIONS = 12
_SETTLED = 1e-6
_HALVINGS = 6
_STAGE_RTOL = 1e-8
_ERROR_RTOL = 1e-2  # the estimate decides on the next step by its third root


class System(Protocol):
    """What the time loop needs of the equations; arrays of any one shape, time in seconds."""

    @property
    def linear(self) -> bool:
        """Whether f is linear in u, so that one correction solves a stage."""

    def rate(self, t: float, u: Array) -> Array:
        """Return f(t, u)."""

    def correct(self, t: float, shift: float, u: Array, residual: Array, *, rtol: float) -> Array:
        """Return delta with (1 - shift df/du(t, u)) delta = residual, to `rtol` of the residual at least."""

    def fastest_rate(self, t: float, u: Array) -> float:
        """Return an upper bound on the eigenvalues of -df/du at (t, u) (Gershgorin), in 1/s."""


@dataclass(frozen=True)
class Stage:
    """One evaluation of f inside a step: `weight` is its share b_i dt in the step, in seconds."""

    t: float
    u: Array
    weight: float


@dataclass(frozen=True)
class Trial:
    """The outcome of one step before it is accepted; `error` is the filtered local error estimate, if any."""

    u: Array
    stages: tuple[Stage, ...]
    error: Array | None
    solved: bool


def take_step(system: System, method: Tableau, t: float, u: Array, dt: float) -> Trial:
    """Take one step of length `dt` from (t, u)."""
    rates: list[Array] = []
    stages: list[Stage] = []
    solved = True
    value = u
    for i, (row, c) in enumerate(zip(method.a, method.c, strict=True)):
        known = u.copy()
        for weight, rate in zip(row[:i], rates, strict=False):
            if weight:
                known += (weight * dt) * rate
        stage_time = t + c * dt
        shift = method.diagonal(i) * dt
        if shift:
            value, rate, settled = _solve_stage(system, stage_time, shift, known, value)
            solved = solved and settled
        else:
            value = known
            rate = system.rate(stage_time, value)
        if not np.isfinite(rate).all():
            # stop here: another stage would spread the bad cell over the grid and hide its origin
            return Trial(np.where(np.isfinite(rate), value, np.nan), (), None, False)
        rates.append(rate)
        stages.append(Stage(stage_time, value, method.b[i] * dt))
    # the sum of the rates is what flowed, to the last digit; a nonlinear last stage is solved less sharply than that
    known_last = method.last_stage_is_solution and system.linear
    new = value if known_last else u + dt * _combine(method.b, rates)
    return Trial(new, tuple(stages), _error(system, method, t + dt, dt, new, rates), solved)


def _solve_stage(system: System, t: float, shift: float, known: Array, guess: Array) -> tuple[Array, Array, bool]:
    """Return the stage value, its rate, and whether Newton's corrections settled."""
    value = guess
    rate = system.rate(t, value)
    if not np.isfinite(rate).all():
        return value, rate, False
    previous, before = np.inf, _largest(known - value + shift * rate)
    for _ in range(_CORRECTIONS):
        delta = system.correct(t, shift, value, known - value + shift * rate, rtol=_STAGE_RTOL)
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


def _error(system: System, method: Tableau, t: float, dt: float, new: Array, rates: list[Array]) -> Array | None:
    """Return the local error estimate, damped by one implicit solve lest stiff parts dominate it."""
    if not method.embedded:
        return None
    difference = [b - companion for b, companion in zip(method.b, method.embedded, strict=True)]
    raw = dt * _combine(difference, rates)
    if not np.isfinite(raw).all():
        return raw
    return system.correct(t, method.shift * dt, new, raw, rtol=_ERROR_RTOL)


def _combine(weights: tuple[float, ...] | list[float], rates: list[Array]) -> Array:
    total = np.zeros_like(rates[0])
    for weight, rate in zip(weights, rates, strict=True):
        if weight:
            total += weight * rate
    return total


def _largest(values: Array) -> float:
    return float(np.max(np.abs(values), initial=0.0))
