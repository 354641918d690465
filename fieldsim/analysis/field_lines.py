"""Trace the lines of a vector field: dx/ds = F/|F|, s the arc length; no line stalls where F is weak.

All lines advance together by Dormand and Prince's pair of orders 5 and 4, each with its own step; between
steps they are cubic Hermite curves.
Source: Dormand, Prince, J. Comp. Appl. Math. 6 (1980) 19.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from fieldsim.arrays import BoolArray, FloatArray, IntArray
from fieldsim.errors import InvalidInput, must

FieldFunction = Callable[[FloatArray], FloatArray]
Inside = Callable[[FloatArray], BoolArray]
Ending = Literal["wall", "source", "stagnation", "closed", "length"]

_NODES = (
    (1 / 5,),
    (3 / 40, 9 / 40),
    (44 / 45, -56 / 15, 32 / 9),
    (19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729),
    (9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656),
    (35 / 384, 0.0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84),
)
_ERROR = (71 / 57600, 0.0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40)
_SAMPLES = 4  # Hermite points a step


@dataclass(frozen=True)
class Source:
    """A point where lines begin or end: its position (dim,) and its strength (any unit, sign included)."""

    position: FloatArray
    strength: float


@dataclass(frozen=True)
class FieldLine:
    """One line in the direction of the field: points (m, dim) and what it meets at its two ends.

    `start` and `end` number the sources it touches, or are None; `beginning` and `ending` say why it stops.
    """

    points: FloatArray
    beginning: Ending
    ending: Ending
    start: int | None = None
    end: int | None = None


def trace(
    field: FieldFunction,
    seeds: FloatArray,
    *,
    inside: Inside,
    size: float,
    direction: Literal["forward", "backward", "both"] = "both",
    sources: Sequence[Source] = (),
    capture: float = 0.0,
    tolerance: float = 1e-5,
    longest: float = 6.0,
    most_steps: int = 600,
) -> tuple[FieldLine, ...]:
    """Trace one line through every seed.

    `field` gives Cartesian components (n, dim) at points (n, dim), NaN where there is none; `inside` tells
    which points belong to the domain; `size` is its diameter, `tolerance` and `longest` are shares of it.
    A line ends at a wall or hole, within `capture` of a source, where the field vanishes, or on itself; one
    that winds on for ever ends after `longest` or `most_steps`.
    """
    seeds = np.asarray(seeds, dtype=float)
    if seeds.ndim != 2 or not np.isfinite(seeds).all():
        raise InvalidInput(must("seeds", "finite points of shape (n, dim)", seeds.shape, "Give one a row."))
    setting = _Setting(field, inside, size, tuple(sources), capture, tolerance * size, longest * size, most_steps)
    forward = _March(setting, seeds, 1.0).run() if direction != "backward" else None
    backward = _March(setting, seeds, -1.0).run() if direction != "forward" else None
    lines = []
    for k in range(len(seeds)):
        ahead = forward[k] if forward else _Half([seeds[k : k + 1]], "length", None)
        behind = backward[k] if backward else _Half([seeds[k : k + 1]], "length", None)
        lines.append(_joined(ahead, behind))
    return tuple(line for line in lines if len(line.points) > 1)


@dataclass(frozen=True)
class _Setting:
    field: FieldFunction
    inside: Inside
    size: float
    sources: tuple[Source, ...]
    capture: float
    tolerance: float
    longest: float
    most_steps: int

    @property
    def smallest(self) -> float:
        """The step below which a line counts as stuck."""
        return 1e-5 * self.size

    @property
    def largest(self) -> float:
        """The longest step."""
        return self.size / 30.0

    @cached_property
    def places(self) -> FloatArray:
        """Positions of the sources, (m, dim)."""
        return np.array([source.position for source in self.sources], dtype=float)

    def direction(self, points: FloatArray) -> FloatArray:
        """Return F/|F| at points; NaN outside the domain, in holes and where F vanishes."""
        result = np.full(points.shape, np.nan)
        known = np.array(np.isfinite(points).all(axis=1))
        known[known] = self.inside(points[known])
        if known.any():
            vectors = np.asarray(self.field(points[known]), dtype=float)
            length = np.linalg.norm(vectors, axis=1, keepdims=True)
            length[~(length > 0.0)] = np.nan
            result[known] = vectors / length
        return result


@dataclass
class _Half:
    """One side of a line: its stretches of points from the seed on, and why it ended."""

    pieces: list[FloatArray]
    ending: Ending
    source: int | None


class _March:
    """All lines on their way from the seeds, along the field (sign 1) or against it (sign -1)."""

    def __init__(self, setting: _Setting, seeds: FloatArray, sign: float) -> None:
        self.setting, self.seeds, self.sign = setting, seeds, sign
        self.halves = [_Half([seed[None]], "wall", None) for seed in seeds]
        self.here = seeds.copy()
        self.slope = sign * setting.direction(seeds)
        self.step = np.full(len(seeds), 0.01 * setting.size)
        self.travelled = np.zeros(len(seeds))

    def run(self) -> list[_Half]:
        """Step until every line has ended."""
        active = np.flatnonzero(np.isfinite(self.slope).all(axis=1))
        for _ in range(self.setting.most_steps):
            if not active.size:
                break
            active = self._advance(active)
        for k in active:
            self.halves[k].ending = "length"
        return self.halves

    def _advance(self, active: IntArray) -> IntArray:
        """Try one step of every active line and return those that go on."""
        setting = self.setting
        start, slope = self.here[active], self.slope[active]
        step = np.minimum(self.step[active], _reach(setting, start))
        there, last, error = _try_step(setting, start, slope, step, self.sign)
        lost = ~(np.isfinite(error) & np.isfinite(last).all(axis=1))
        accepted = ~lost & (error <= setting.tolerance)
        growth = np.where(lost, 0.4, 0.9 * (setting.tolerance / np.maximum(error, 1e-300)) ** 0.2)
        self.step[active] = step * np.clip(np.nan_to_num(growth, nan=0.4), 0.2, 4.0)
        for i in np.flatnonzero(accepted):
            self.halves[active[i]].pieces.append(_hermite(start[i], there[i], slope[i], last[i], step[i]))
        moved = active[accepted]
        self.here[moved], self.slope[moved] = there[accepted], last[accepted]
        self.travelled[moved] += step[accepted]
        over = np.zeros(len(active), dtype=bool)
        # no line turns round within a step: it has run over a place where the field vanishes
        turned = (slope * np.nan_to_num(last)).sum(axis=1) < -0.5
        over[accepted] = [self._ends(active[i], step[i], turned=turned[i]) for i in np.flatnonzero(accepted)]
        stuck = ~accepted & (self.step[active] < setting.smallest)
        for k in active[stuck]:
            self.halves[k].ending = self._why_stuck(k)
        return active[~(over | stuck)]

    def _ends(self, k: int, step: float, *, turned: bool) -> bool:
        """Tell whether line k, having made a step, has reached its end, and note which."""
        setting, half, here = self.setting, self.halves[k], self.here[k]
        gaps = np.linalg.norm(setting.places - here, axis=1) if setting.sources else np.array([np.inf])
        home = float(np.linalg.norm(here - self.seeds[k]))
        if gaps.min() <= setting.capture:
            half.ending, half.source = "source", int(gaps.argmin())
        elif turned:
            half.ending = "stagnation"
        elif self.travelled[k] > 4.0 * setting.largest and home < 0.6 * step:
            half.ending = "closed"
            half.pieces.append(self.seeds[k][None])
        elif self.travelled[k] > setting.longest:
            half.ending = "length"
        else:
            return False
        return True

    def _why_stuck(self, k: int) -> Ending:
        """Tell a line that has run against a wall or a hole from one whose field has vanished."""
        ahead = self.setting.direction((self.here[k] + 4.0 * self.setting.smallest * self.slope[k])[None])
        return "stagnation" if np.isfinite(ahead).all() else "wall"


def _reach(setting: _Setting, points: FloatArray) -> FloatArray:
    """Return the longest step allowed: a third of the way to the nearest source, to leap over none."""
    if not setting.sources:
        return np.full(len(points), setting.largest)
    gaps = np.linalg.norm(points[:, None, :] - setting.places[None], axis=2).min(axis=1)
    return np.asarray(np.minimum(setting.largest, 0.35 * np.maximum(gaps, setting.capture)))


def _try_step(
    setting: _Setting, start: FloatArray, slope: FloatArray, step: FloatArray, sign: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the end of one step, the direction there and the estimated error."""
    slopes = [slope]
    there = start
    for weights in _NODES:
        there = start + step[:, None] * sum(w * k for w, k in zip(weights, slopes, strict=True))
        slopes.append(sign * setting.direction(there))
    deviation = sum(w * k for w, k in zip(_ERROR, slopes, strict=True))
    return there, slopes[-1], step * np.linalg.norm(deviation, axis=1)


def _hermite(start: FloatArray, end: FloatArray, slope: FloatArray, last: FloatArray, step: float) -> FloatArray:
    """Return points on the cubic between two ends with given directions, the start left out."""
    t = (np.arange(1, _SAMPLES + 1) / _SAMPLES)[:, None]
    return np.asarray(
        (1.0 + 2.0 * t) * (1.0 - t) ** 2 * start
        + t * (1.0 - t) ** 2 * step * slope
        + t**2 * (3.0 - 2.0 * t) * end
        + t**2 * (t - 1.0) * step * last
    )


def _joined(ahead: _Half, behind: _Half) -> FieldLine:
    if ahead.ending == "closed":
        return FieldLine(np.concatenate(ahead.pieces), "closed", "closed")
    before = np.concatenate(behind.pieces)[::-1]
    after = np.concatenate(ahead.pieces)
    points = np.concatenate([before[:-1], after])
    return FieldLine(points, behind.ending, ahead.ending, behind.source, ahead.source)
