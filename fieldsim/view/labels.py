"""Words on a picture: names with units, the frame around it with its axis labels, and titles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from fieldsim.arrays import FloatArray
from fieldsim.units import pretty
from fieldsim.view.levels import engineering, number_text, round_up
from fieldsim.view.scene import Frame, Scene

_THIN = 5.0


def with_unit(name: str, unit: str) -> str:
    """Return "name (unit)" as a bar or axis shows it; the bare name for a pure number."""
    shown = pretty(unit)
    return f"{name} ({shown})" if shown else name


def quantity(value: float, unit: str, digits: int = 3) -> str:
    """Return a number with its unit for a note, to so many significant digits."""
    return f"{number_text(float(f'{value:.{digits}g}'))} {pretty(unit)}".rstrip()


def spelled_levels(levels: Sequence[float], unit: str) -> str:
    """Return increasing levels in words: one by one up to four, else their step or ratio, or their ends."""
    shown = pretty(unit)
    if len(levels) < 5:
        return f"at {', '.join(number_text(float(f'{v:.4g}')) for v in levels)} {shown}".rstrip()
    low, high = quantity(levels[0], "", 4), quantity(levels[-1], unit, 4)
    steps = np.diff(levels)
    if np.ptp(steps) < 1e-6 * steps.max():
        return f"every {quantity(steps[0], unit, 4)} from {low} to {high}"
    if levels[0] > 0.0 and np.ptp(np.log(levels[1:]) - np.log(levels[:-1])) < 1e-6:
        return f"from {low} to {high}, each {quantity(levels[1] / levels[0], '')} times the last"
    return f"at {len(levels)} values from {low} to {high}"


def unit_of(frame: Frame) -> str:
    """Return the unit of length that a frame's axes are written in."""
    return frame.labels[0].partition("(")[2].rstrip(")")


def space_frame(clouds: Iterable[FloatArray]) -> Frame:
    """Return the frame around clouds of points (..., 3) in metres, its axes in a readable multiple of the metre."""
    low, high = np.full(3, np.inf), np.full(3, -np.inf)
    for cloud in clouds:
        flat = cloud.reshape(-1, 3)
        low, high = np.fmin(low, np.nanmin(flat, axis=0)), np.fmax(high, np.nanmax(flat, axis=0))
    largest = float(np.max(np.abs(np.concatenate([low, high]))))
    factor, unit = engineering(largest, "m")
    labels = tuple(with_unit(name, unit) for name in "xyz")
    bounds = tuple(float(v) for pair in zip(low, high, strict=True) for v in pair)
    return Frame(
        (bounds[0], bounds[1], bounds[2], bounds[3], bounds[4], bounds[5]),
        (labels[0], labels[1], labels[2]),
        (factor, factor, factor),
    )


def unsqueezed(scene: Scene) -> Scene:
    """Return a scene whose thin sides are stretched to be seen, with a note that says how much; others unchanged."""
    stretch = thin_sides(scene.frame)
    notes = tuple(
        f"Drawn {number_text(factor)} times as wide along {'xyz'[k]}"
        for k, factor in enumerate(stretch)
        if factor > 1.0
    )
    return replace(scene, stretch=stretch, notes=(*scene.notes, *notes)) if notes else scene


def thin_sides(frame: Frame) -> tuple[float, float, float]:
    """Return round factors that make no side of a frame thinner than about two fifths of its longest."""
    bounds = np.asarray(frame.bounds).reshape(3, 2)
    sides = bounds[:, 1] - bounds[:, 0]
    longest = float(sides.max())
    factors = [round_up(longest / (2.5 * side)) if 1e-9 * longest < side < longest / _THIN else 1.0 for side in sides]
    return factors[0], factors[1], factors[2]
