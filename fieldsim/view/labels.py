"""Words on a picture: names with units, the frame around it with its axis labels, and titles."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from fieldsim.arrays import FloatArray
from fieldsim.units import pretty
from fieldsim.view.levels import engineering, number_text
from fieldsim.view.scene import Frame


def with_unit(name: str, unit: str) -> str:
    """Return "name (unit)" as a bar or axis shows it; the bare name for a pure number."""
    shown = pretty(unit)
    return f"{name} ({shown})" if shown else name


def quantity(value: float, unit: str, digits: int = 3) -> str:
    """Return a number with its unit for a note, to so many significant digits."""
    return f"{number_text(float(f'{value:.{digits}g}'))} {pretty(unit)}".rstrip()


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
