"""Choose colours and levels from values: one fixed range, a law that suits the spread, round levels.

For 1/r and its kin levels are geometric. By default they begin where the value first rises above all that is found
on the walls, so that surfaces close, and end below the lowest value around a cut-out, so that none is torn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from fieldsim.arrays import FloatArray
from fieldsim.errors import InvalidInput, must
from fieldsim.view import palette
from fieldsim.view.charges import beside
from fieldsim.view.levels import check_levels, fixed_limits, geometric_levels, linear_levels, log_levels
from fieldsim.view.scene import ColourScale, ScaleKind

Law = Literal["linear", "log", "geometric", "auto"]
LAWS = ("linear", "log", "geometric", "auto")
_TEMPERATURES = {"degC", "K", "degF"}
_WIDE = 30.0


@dataclass(frozen=True)
class Choice:
    """The levels of a picture, the colour scale they are drawn on, and whether all surfaces close."""

    levels: tuple[float, ...]
    scale: ColourScale
    closed: bool


def choose(
    values: Sequence[FloatArray],
    *,
    label: str,
    unit: str = "",
    law: Law = "auto",
    count: int = 6,
    levels: Sequence[float] | None = None,
    limits: tuple[float, float] | None = None,
    colormap: str | None = None,
    rim: FloatArray | None = None,
) -> Choice:
    """Return levels and colour scale for arrays that share one bar.

    `law` "auto" takes a logarithmic scale where magnitudes spread over more than a factor of 30 around a
    cut-out, else a linear one. `limits` fixes the colour range, `levels` the levels; `rim` are the
    values on the outer walls, inside which surfaces should close. Raises InvalidInput.
    """
    if law not in LAWS:
        raise InvalidInput(must("scale", f"one of {', '.join(LAWS)}", law, "Use log or geometric for 1/r."))
    low, high = limits or fixed_limits(values)
    if law == "auto":
        law = "geometric" if _spreads(values) else "linear"
    walls = [] if rim is None else [rim]
    if levels is not None:
        chosen, closed = check_levels(levels), False
    elif law == "linear":
        chosen, closed = linear_levels(low, high, count), False
    else:
        chosen, closed = _two_sided(values, walls, law, count)
    if rim is not None and chosen:
        top = float(np.max(np.abs(rim), initial=0.0))
        closed = min(abs(v) for v in chosen) >= top * (1.0 - 1e-9)
    scale = _scale(low, high, law, chosen, values, label=label, unit=unit, colormap=colormap, fixed=limits is not None)
    return Choice(chosen, scale, closed)


def _spreads(values: Sequence[FloatArray]) -> bool:
    """Tell a field with cut-outs whose magnitudes span a wide range."""
    holes = any(np.isnan(v).any() for v in values)
    magnitudes = np.concatenate([np.abs(v[np.isfinite(v)]) for v in values])
    positive = magnitudes[magnitudes > 0.0]
    return holes and positive.size > 0 and float(positive.max()) > _WIDE * float(np.median(positive)) / 6.0


def _two_sided(
    values: Sequence[FloatArray], walls: Sequence[FloatArray], law: Law, count: int
) -> tuple[tuple[float, ...], bool]:
    """Return logarithmic levels for positive and for negative values, mirrored where both occur."""
    sides: dict[int, tuple[float, float]] = {}
    for sign in (1, -1):
        low, high = _magnitudes(values, walls, sign)
        if 0.0 < low < high:
            sides[sign] = (low, high)
    if not sides:
        raise InvalidInput(
            must("values", "of more than one magnitude on a logarithmic scale", "a constant", "Use a linear scale.")
        )
    make = log_levels if law == "log" else geometric_levels
    if len(sides) == 2:
        low = max(pair[0] for pair in sides.values()) if walls else max(pair[1] for pair in sides.values()) / 1e3
        high = max(pair[1] for pair in sides.values())
        each = make(low, high, max(3, count - 1))
        return tuple(-v for v in reversed(each)) + (() if walls else (0.0,)) + each, bool(walls)
    sign, (low, high) = next(iter(sides.items()))
    each = make(low, high, count)
    return tuple(sorted(sign * v for v in each)), bool(walls)


def _magnitudes(values: Sequence[FloatArray], walls: Sequence[FloatArray], sign: int) -> tuple[float, float]:
    """Return the smallest and largest level of one sign: above the walls where asked, below any cut-out."""
    low, high = np.inf, 0.0
    for array in values:
        known = np.isfinite(array) & (sign * array > 0.0)
        if not known.any():
            continue
        around = beside(np.isnan(array)) & known
        low = min(low, float(np.min(np.abs(array[known]))))
        high = max(high, float(np.min(np.abs(array[around])) if around.any() else np.max(np.abs(array[known]))))
    same = [np.abs(wall[sign * wall > 0.0]) for wall in walls]
    rim = max((float(one.max()) for one in same if one.size), default=0.0)
    if 0.0 < rim < 0.7 * high:
        low = rim
    return low, high


def _scale(
    low: float,
    high: float,
    law: Law,
    levels: tuple[float, ...],
    values: Sequence[FloatArray],
    *,
    label: str,
    unit: str,
    colormap: str | None,
    fixed: bool,
) -> ColourScale:
    signed = low < 0.0 < high and min(-low, high) > 0.1 * max(-low, high) and unit not in _TEMPERATURES
    if law == "linear":
        if signed and not fixed:
            high = max(-low, high)
            low = -high
        return ColourScale(low, high, "linear", colormap or _colours(low, high, unit, signed=signed), label)
    kind: ScaleKind = "log" if low > 0.0 else "symlog"
    magnitudes = sorted(abs(v) for v in levels if v != 0.0)
    if not fixed and magnitudes:
        # the range of the levels with a step on either side: the rest is one colour anyway
        step = (magnitudes[-1] / magnitudes[0]) ** (1.0 / max(len(magnitudes) - 1, 1)) if len(magnitudes) > 1 else 2.0
        step = min(max(step, 1.3), 3.0)
        top, bottom = magnitudes[-1] * step, magnitudes[0] / step
        high = top if high > 0.0 else -bottom
        low = -top if low < 0.0 else bottom
    threshold = magnitudes[0] / (1.0 if signed else 10.0) if magnitudes else max(abs(low), abs(high)) / 1e3
    ticks = tuple(v for v in levels if low <= v <= high)
    return ColourScale(low, high, kind, colormap or _colours(low, high, unit, signed=signed), label, threshold, ticks)


def _colours(low: float, high: float, unit: str, *, signed: bool) -> str:
    if unit in _TEMPERATURES:
        return palette.TEMPERATURE
    if signed:
        return palette.DIVERGING
    if unit == "m":
        return palette.TERRAIN
    if unit in {"V", "J/kg", "J", "V/m"}:
        return palette.WARM if high > 0.0 else palette.COLD
    return palette.SEQUENTIAL
