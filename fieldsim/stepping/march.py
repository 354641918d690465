"""The time loop: accepted steps that land on given times, under error control or of a fixed length.

After the start and after each jump in the data the adaptive loop takes two backward-Euler steps: an L-stable
first-order start does not overshoot where Crank-Nicolson overshoots by 56-90 % and TR-BDF2 by 2-3 %. Crank-Nicolson,
whose steps are fixed, takes four of half the length (Rannacher 1984).
The loop only steps; whoever iterates over it prints, saves or stops.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fieldsim.errors import InvalidInput, NumericalFailure, Refused, must
from fieldsim.stepping.clock import Clock, Step
from fieldsim.stepping.control import (
    check_tolerances,
    expected_spread,
    extent,
    first_step,
    next_factor,
    retry_factor,
    sizes,
)
from fieldsim.stepping.landings import even_share, landings
from fieldsim.stepping.system import Method, Past, System, Trial
from fieldsim.stepping.tableaux import BACKWARD_EULER, TR_BDF2

Array = NDArray[np.float64]

START_STEPS = 2
MOST_STEPS = 10_000_000
_REPEATS = 25
_SHORTEST = 1e-13
_FIRST = 1e-12
_INSET = 1e-12
_LEAST_SPREAD = 1e-2
_EXPECTED_COUNTS = 0.1
_STABILITY_SLACK = 1e-9
_EXPLICIT_SHARE = 0.9


def march(
    system: System,
    u: Array,
    stops: Sequence[float],
    *,
    start: float | Clock = 0.0,
    past: Past | None = None,
    method: Method = TR_BDF2,
    dt: float | None = None,
    rtol: float = 1e-4,
    atol: float | Array = 0.0,
    jumps: Sequence[float] = (),
) -> Iterator[Step]:
    """Yield accepted steps of du/dt = f(t, u) until the last of `stops`, landing on each stop and each jump.

    `dt` fixes the longest step (s); without it the local error is held below `rtol` times the spread
    max u - min u (down to a hundredth of its largest) plus `atol`, a field by its own. Without an error estimate
    an explicit method steps by nine tenths of its present stability limit. The step that ends at a jump sees the
    data before it, the next those after it. `start` and `past` of a Step continue a march.
    Raises InvalidInput, Refused (unstable or hopeless step) and NumericalFailure (non-finite values).
    """
    clock = start if isinstance(start, Clock) else Clock(float(start), begin=float(start))
    times = landings(clock.t, stops, jumps)
    if not times:
        return
    breaks = {float(jump) for jump in jumps}
    loop = _Loop(system, method, times[-1] - clock.begin, dt, rtol, atol, breaks)
    loop.prepare(clock.t, np.asarray(u, dtype=float))
    stopped = {float(stop) for stop in stops}
    u = np.array(u, dtype=float)
    if clock.wanted == 0.0:
        clock = loop.wound_up(clock, u)
    for landing in times:
        while clock.t < landing:
            step = loop.advance(clock, u, past, landing)
            clock, past = step.clock, step.past
            if clock.t == landing:
                if landing in breaks:
                    clock, past = replace(clock, start_steps=loop.start_steps), None
                step = replace(step, clock=clock, past=past, landed=landing in stopped)
            u = step.u
            yield step


def stable_step(system: System, method: Method, u: Array, t: float = 0.0) -> float:
    """Return the longest stable step of an explicit method at `u` by Gershgorin's bound, in s (inf if implicit)."""
    return method.stable_step(system, t, u)


class _Loop:
    """The rules of one march: how long a step may be, and when it is accepted."""

    def __init__(
        self,
        system: System,
        method: Method,
        length: float,
        dt: float | None,
        rtol: float,
        atol: float | Array,
        breaks: Collection[float] = (),
    ) -> None:
        self.system, self.method, self.length, self.breaks = system, method, length, breaks
        self.parts = getattr(system, "parts", 1)
        self.dt, self.rtol, self.atol = dt, rtol, atol
        self.follows_limit = dt is None and method.explicit and not method.error_order
        self.adaptive = dt is None and method.error_order > 0
        damped_starts = 0 if method.explicit else START_STEPS
        self.start_steps = damped_starts if self.adaptive else method.half_starts
        check_tolerances(rtol, atol)
        if dt is not None and not (np.isfinite(dt) and 0.0 < dt <= length * (1.0 + 1e-12)):
            rule = f"above 0 and at most the length of the run, {length:.6g} s"
            raise InvalidInput(must("dt", rule, dt, "Leave it out to let the error estimate choose."))
        if dt is None and not (method.explicit or method.exact or self.adaptive):
            raise InvalidInput(must("dt", f"given for {method.title}", None, "It has no error estimate."))

    def prepare(self, t: float, u: Array) -> None:
        """Refuse an unstable or hopeless fixed step before work starts."""
        if self.method.explicit and not self.adaptive:
            limit = self.method.stable_step(self.system, t, u)
            if self.dt is None:
                self.dt = min(_EXPLICIT_SHARE * limit, self.length)
            self._refuse_unstable(limit, self.dt)
        if self.dt is not None and self.length / self.dt > MOST_STEPS:
            count = self.length / self.dt
            raise Refused(
                f"`dt` = {self.dt:.6g} s needs {count:.3g} steps to cover {self.length:.6g} s; at "
                f"most {MOST_STEPS:.0e} are taken. Use method='tr_bdf2' without dt, or a shorter run."
            )

    def _refuse_unstable(self, limit: float, dt: float) -> None:
        if dt > limit * (1.0 + _STABILITY_SLACK):
            raise Refused(
                f"`dt` must be at most {limit:.6g} s for {self.method.title} to be stable on this mesh "
                f"(Gershgorin's bound); got {dt:.6g} s, {dt / limit:.3g} times the limit. Take a "
                "shorter step, a coarser mesh, or method='tr_bdf2', which is stable for every step."
            )

    def wound_up(self, clock: Clock, u: Array) -> Clock:
        """Return the clock with the first step to try, and the scale of things to come."""
        lowest, highest = extent(u, self.parts)
        clock = replace(clock, lowest=_plain(lowest), highest=_plain(highest), start_steps=self.start_steps)
        if not self.adaptive:
            return replace(clock, wanted=self.length if self.dt is None else self.dt)
        if getattr(self.system, "sized", False):
            clock = replace(clock, expected=_plain(np.where(highest > lowest, 0.0, 1.0)))
        elif not self.method.explicit:
            clock = replace(clock, expected=_plain(expected_spread(self.system, clock.t, u, self.length, self.parts)))
        # without a look ahead nothing has a scale where nothing varies yet: the first steps find it
        known = np.maximum(clock.expected, highest - lowest) > 0.0
        scale = np.where(known, self._tolerance(u, clock), 0.0)
        wanted = first_step(self.system, clock.t, u, scale, self.length)
        # next to nothing at the start is no scale: a step at rounding would never grow out of it
        return replace(clock, wanted=max(wanted, _FIRST * self.length))

    def advance(self, clock: Clock, u: Array, past: Past | None, landing: float) -> Step:
        """Return the next accepted step towards `landing`."""
        method = BACKWARD_EULER if clock.start_steps > 0 else self.method
        wanted = self._longest(clock, u, past)
        for rejected in range(_REPEATS):
            dt = even_share(landing - clock.t, wanted)
            if dt < min(_SHORTEST * self.length, landing - clock.t):
                raise NumericalFailure(
                    f"the step shrank to {dt:.3g} s at t = {clock.t:.6g} s, step {clock.number + 1}, without "
                    f"meeting the tolerance {self.rtol:g}. Look for a source or a boundary value that is not "
                    "finite or jumps there, or relax rtol."
                )
            t = landing if dt == landing - clock.t else clock.t + dt
            begin, end = self._between_jumps(clock.t, t)
            trial = method.take(self.system, begin, u, end - begin, past)
            ticked = self._tick(clock, t, trial.u)
            error = self._scaled_error(trial, u, ticked)
            if not self.adaptive:
                self._check(trial, clock, t)
                limit = self.method.stable_step(self.system, t, trial.u)
                if self.follows_limit and t - clock.t > limit * (1.0 + _STABILITY_SLACK):
                    # the law stiffened on the way
                    wanted = _EXPLICIT_SHARE * limit
                    continue
                self._refuse_unstable(limit, t - clock.t if self.dt is None or self.follows_limit else self.dt)
                return self._step(clock, u, trial, ticked, method, 0.0, rejected)
            if trial.solved and error <= 1.0:
                growth = min(next_factor(error, clock.previous_error, method.error_order), method.largest_growth)
                # the last step before a landing may be a short rest: it does not shrink what follows
                following = max(dt * growth, wanted if dt < wanted and growth >= 1.0 else 0.0)
                ticked = replace(
                    ticked,
                    wanted=following,
                    previous_error=max(error, 1e-4),
                )
                return self._step(clock, u, trial, ticked, method, error, rejected)
            wanted = dt * (retry_factor(error, method.error_order) if trial.solved else 0.25)
        self._check(trial, clock, t)
        raise NumericalFailure(
            f"step {clock.number + 1} at t = {clock.t:.6g} s was repeated {_REPEATS} times, last with "
            f"{dt:.3g} s, and its error is still {error:.3g} times the tolerance. Relax rtol, or look for "
            "a jump in the data."
        )

    def _between_jumps(self, begin: float, end: float) -> tuple[float, float]:
        """Return the ends of a step, drawn in by next to nothing where data jump there: each step sees one side."""
        inset = max(_INSET * (end - begin), 8.0 * float(np.spacing(max(abs(begin), abs(end)))))
        return begin + inset * (begin in self.breaks), end - inset * (end in self.breaks)

    def _longest(self, clock: Clock, u: Array, past: Past | None) -> float:
        """Return the step to try, within what the method bears."""
        wanted = clock.wanted
        if not self.adaptive:
            # the half steps of Rannacher's start share their matrix with Crank-Nicolson
            wanted *= 0.5 if clock.start_steps > 0 else 1.0
            if self.follows_limit:
                wanted = min(_EXPLICIT_SHARE * self.method.stable_step(self.system, clock.t, u), self.length)
        elif self.method.explicit:
            wanted = min(wanted, _EXPLICIT_SHARE * self.method.stable_step(self.system, clock.t, u))
        return wanted if past is None else min(wanted, self.method.largest_growth * past.dt)

    def _step(
        self, clock: Clock, u: Array, trial: Trial, ticked: Clock, method: Method, error: float, rejected: int
    ) -> Step:
        past = Past(ticked.t - clock.t, trial.u - u, trial.flows) if self.method.remembers else None
        return Step(
            clock.t, trial.u, trial.flows, trial.times, ticked, past, method.name, error, rejected, landed=False
        )

    def _tick(self, clock: Clock, t: float, u: Array) -> Clock:
        lowest, highest = extent(u, self.parts)
        lowest, highest = np.minimum(clock.lowest, lowest), np.maximum(clock.highest, highest)
        start_steps = max(clock.start_steps - 1, 0)
        return replace(
            clock,
            t=t,
            number=clock.number + 1,
            lowest=_plain(lowest),
            highest=_plain(highest),
            start_steps=start_steps,
        )

    def _scaled_error(self, trial: Trial, u: Array, clock: Clock) -> float:
        """Return the error estimate in units of the tolerance."""
        if not self.adaptive:
            return 0.0
        if trial.error is None:
            return float("inf")
        error = sizes(trial.error, self.parts)
        if not (np.isfinite(error).all() and np.isfinite(trial.u).all()):
            return float("inf")
        tolerance = np.maximum(self._tolerance(u, clock), self._tolerance(trial.u, clock))
        if (error[tolerance == 0.0] > 0.0).any():
            return float("inf")
        return float(np.divide(error, tolerance, out=np.zeros_like(error), where=tolerance > 0.0).max())

    def _tolerance(self, u: Array, clock: Clock) -> Array:
        """Return the error allowed in a step, a field: it follows the spread down to a hundredth of what it was."""
        lowest, highest = extent(u, self.parts)
        before = np.maximum(np.subtract(clock.highest, clock.lowest), _EXPECTED_COUNTS * np.asarray(clock.expected))
        rounding = 100 * np.finfo(float).eps * np.maximum(np.abs(lowest), np.abs(highest))
        spread = np.maximum(highest - lowest, _LEAST_SPREAD * before)
        return np.asarray(self.rtol * spread + self.atol + rounding)

    def _check(self, trial: Trial, clock: Clock, t: float) -> None:
        bad = ~np.isfinite(trial.u)
        if bad.any():
            cell = tuple(int(i) for i in np.argwhere(bad)[0])
            place = f"cell {cell[1:]} of field {cell[0] + 1}" if hasattr(self.system, "parts") else f"cell {cell}"
            raise NumericalFailure(
                f"step {clock.number + 1} at t = {t:.6g} s gave {trial.u[cell]} first in {place}. Look "
                "for a source, coefficient or boundary value that is not finite there; earlier values stand."
            )
        if not trial.solved:
            raise NumericalFailure(
                f"the equations of step {clock.number + 1} at t = {t:.6g} s were not solved to rounding. "
                "Take a shorter step, or leave dt out so that the step adapts."
            )


def _plain(values: Array) -> tuple[float, ...]:
    return tuple(values.tolist())
