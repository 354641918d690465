"""Trace the lines of a vector field: dx/ds = F/|F|, s the arc length; no line stalls where F is weak.

All lines advance together by Dormand and Prince's pair of orders 5 and 4, each with its own step; between
steps they are cubic Hermite curves.
Source: Dormand, Prince, J. Comp. Appl. Math. 6 (1980) 19.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
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
    forward = _advance(setting, seeds, 1.0) if direction != "backward" else None
    backward = _advance(setting, seeds, -1.0) if direction != "forward" else None
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
    def places(self) -> FloatArray:
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


def _advance(setting: _Setting, seeds: FloatArray, sign: float) -> list[_Half]:
    """March all seeds along (or, with sign -1, against) the field until each has ended."""
    halves = [_Half([seed[None]], "wall", None) for seed in seeds]
    here = seeds.copy()
    slope = sign * setting.direction(here)
    active = np.flatnonzero(np.isfinite(slope).all(axis=1))
    step = np.full(len(seeds), setting.size / 100.0)
    travelled = np.zeros(len(seeds))
    smallest, largest = 1e-5 * setting.size, setting.size / 30.0
    for _ in range(setting.most_steps):
        if not active.size:
            break
        limit = np.minimum(step[active], _reach(setting, here[active], largest))
        there, last, error = _try_step(setting, here[active], slope[active], limit, sign)
        bad = ~(np.isfinite(error) & np.isfinite(last).all(axis=1))
        accepted = ~bad & (error <= setting.tolerance)
        growth = np.where(bad, 0.4, 0.9 * (setting.tolerance / np.maximum(error, 1e-300)) ** 0.2)
        step[active] = np.clip(limit * np.clip(np.nan_to_num(growth, nan=0.4), 0.2, 4.0), 0.0, largest)
        moved = active[accepted]
        _record(halves, moved, here[moved], there[accepted], slope[moved], last[accepted], limit[accepted])
        here[moved], slope[moved] = there[accepted], last[accepted]
        travelled[moved] += limit[accepted]
        over = _ended(setting, halves, active, here, seeds, travelled, accepted, limit)
        stuck = ~accepted & (step[active] < smallest)
        for k in active[stuck]:
            halves[k].ending = _why_stuck(setting, here[k], slope[k], smallest)
        active = active[~(over | stuck)]
    for k in active:
        halves[k].ending = "length"
    return halves


def _reach(setting: _Setting, points: FloatArray, largest: float) -> FloatArray:
    """Return the longest step allowed: a third of the way to the nearest source, to leap over none."""
    if not setting.sources:
        return np.full(len(points), largest)
    gaps = np.linalg.norm(points[:, None, :] - setting.places[None], axis=2).min(axis=1)
    return np.asarray(np.minimum(largest, 0.35 * np.maximum(gaps, setting.capture)))


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


def _record(
    halves: list[_Half],
    moved: IntArray,
    start: FloatArray,
    end: FloatArray,
    slope: FloatArray,
    last: FloatArray,
    step: FloatArray,
) -> None:
    """Append the Hermite curve of each accepted step to its line."""
    t = (np.arange(1, _SAMPLES + 1) / _SAMPLES)[None, :, None]
    h = step[:, None, None]
    curve = (
        (1.0 + 2.0 * t) * (1.0 - t) ** 2 * start[:, None]
        + t * (1.0 - t) ** 2 * h * slope[:, None]
        + t**2 * (3.0 - 2.0 * t) * end[:, None]
        + t**2 * (t - 1.0) * h * last[:, None]
    )
    for k, piece in zip(moved, curve, strict=True):
        halves[k].pieces.append(piece)


def _ended(
    setting: _Setting,
    halves: list[_Half],
    active: IntArray,
    here: FloatArray,
    seeds: FloatArray,
    travelled: FloatArray,
    accepted: BoolArray,
    step: FloatArray,
) -> BoolArray:
    """Tell which active lines have reached a source, their own seed or the longest length, and note it."""
    over = np.zeros(len(active), dtype=bool)
    home = np.linalg.norm(here[active] - seeds[active], axis=1)
    closed = accepted & (travelled[active] > 4.0 * setting.size / 30.0) & (home < 0.6 * step)
    long = accepted & (travelled[active] > setting.longest)
    for i in np.flatnonzero(closed | long):
        half = halves[active[i]]
        half.ending = "closed" if closed[i] else "length"
        if closed[i]:
            half.pieces.append(seeds[active[i]][None])
    over |= closed | long
    if setting.sources:
        gaps = np.linalg.norm(here[active][:, None, :] - setting.places[None], axis=2)
        nearest = gaps.argmin(axis=1)
        caught = accepted & ~over & (gaps.min(axis=1) <= setting.capture)
        for i in np.flatnonzero(caught):
            halves[active[i]].ending, halves[active[i]].source = "source", int(nearest[i])
        over |= caught
    return over


def _why_stuck(setting: _Setting, point: FloatArray, slope: FloatArray, smallest: float) -> Ending:
    """Tell a line that has run against a wall or a hole from one whose field has vanished."""
    ahead = setting.direction((point + 2.0 * smallest * slope)[None])
    return "stagnation" if np.isfinite(ahead).all() else "wall"


def _joined(ahead: _Half, behind: _Half) -> FieldLine:
    if ahead.ending == "closed":
        return FieldLine(np.concatenate(ahead.pieces), "closed", "closed")
    before = np.concatenate(behind.pieces)[::-1]
    after = np.concatenate(ahead.pieces)
    points = np.concatenate([before[:-1], after])
    return FieldLine(points, behind.ending, ahead.ending, behind.source, ahead.source)
