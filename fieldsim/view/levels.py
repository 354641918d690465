"""Where contours and ticks go: linear, logarithmic and geometric levels, fixed colour ranges, SI prefixes.

Geometric levels v0, v0 k, v0 k^2, ... have equal steps in log(v): for 1/r the surfaces then lie at radii
that shrink by the same factor, where equal steps in v would crowd them all at the centre.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from fieldsim.errors import InvalidInput, must
from fieldsim.view.scene import Array

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_RATIOS = (10.0**0.05, 10.0**0.1, 2.0**0.5, 2.0, 4.0, 10.0)


def nice_step(span: float, count: int) -> float:
    """Return the round step (1, 2, 2.5, 5 times 10^k) that cuts `span` into about `count` parts."""
    raw = span / max(count, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    return power * min(_STEPS, key=lambda step: abs(math.log(step * power / raw)))


def linear_levels(low: float, high: float, count: int = 10) -> tuple[float, ...]:
    """Return round, equally spaced levels strictly inside (low, high), about `count` of them."""
    _ordered(low, high)
    step = nice_step(high - low, count + 1)
    first, last = math.floor(low / step) - 1, math.ceil(high / step) + 1
    slack = 1e-9 * (high - low)
    return tuple(_clean(k * step, step) for k in range(first, last + 1) if low + slack < k * step < high - slack)


def log_levels(low: float, high: float, count: int = 8) -> tuple[float, ...]:
    """Return levels 1, 2, 5 per decade, or whole decades or a finer ratio where that does not suit."""
    _positive(low, high)
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    fine = [m * 10.0**k for k in decades for m in (1.0, 2.0, 5.0) if low < m * 10.0**k < high]
    if len(fine) <= 2 * count:
        enough = len(fine) >= max(2, 0.6 * count)
        return tuple(_clean(v, v) for v in fine) if enough else geometric_levels(low, high, count)
    whole = [10.0**k for k in decades if low < 10.0**k < high]
    return tuple(whole[:: max(1, round(len(whole) / count))])


def geometric_levels(low: float, high: float, count: int = 6) -> tuple[float, ...]:
    """Return about `count` levels in [low, high] from a round number on with one ratio: 2 where that will do."""
    _positive(low, high)
    raw = (high / low) ** (1.0 / max(count, 1))
    ratio = min(_RATIOS, key=lambda r: abs(math.log(r / raw))) if raw > 1.05 else raw
    if 1.5 < raw < 2.9:
        ratio = 2.0
    if raw > 10.0:
        ratio = 10.0 ** max(1, round(math.log10(raw)))
    first = round_up(low)
    levels: list[float] = []
    while first * ratio ** len(levels) <= high * (1.0 + 1e-9):
        levels.append(first * ratio ** len(levels))
    return tuple(_clean(v, v) for v in levels) or (math.sqrt(low * high),)


def round_up(value: float) -> float:
    """Return the smallest number with at most two leading digits (1, 1.2, 1.5, 2, ...) not below `value`."""
    power = 10.0 ** math.floor(math.log10(value))
    for lead in (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0):
        if lead * power >= value * (1.0 - 1e-12):
            return _clean(lead * power, power)
    return 10.0 * power


def fixed_limits(values: Iterable[Array], *, symmetric: bool = False) -> tuple[float, float]:
    """Return one (low, high) over all arrays, NaN ignored: the colour range that a movie keeps.

    `symmetric` gives (-m, m). A constant is widened by a part in twenty so that low < high.
    """
    low, high = math.inf, -math.inf
    for array in values:
        known = array[np.isfinite(array)]
        if known.size:
            low, high = min(low, float(known.min())), max(high, float(known.max()))
    if not low <= high:
        raise InvalidInput(must("values", "finite somewhere", "no finite value", "Check the field."))
    if symmetric:
        high = max(abs(low), abs(high))
        low = -high
    if high - low <= 1e-12 * max(abs(low), abs(high)):
        margin = 0.05 * max(abs(low), abs(high)) or 1.0
        low, high = low - margin, high + margin
    return low, high


def nice_ticks(low: float, high: float, count: int = 5) -> tuple[tuple[float, ...], tuple[str, ...]]:
    """Return round tick positions within [low, high] and their texts."""
    _ordered(low, high)
    step = nice_step(high - low, count)
    first, last = math.ceil(low / step - 1e-6), math.floor(high / step + 1e-6)
    numbers = tuple(_clean(k * step, step) for k in range(first, last + 1))
    return numbers, tuple(number_text(v) for v in numbers)


def number_text(value: float) -> str:
    """Return a number as a label writes it: 0.05, 40, 1.5e6 as 1.5×10⁶, with a true minus sign."""
    if value == 0.0:
        return "0"
    if 1e-3 <= abs(value) < 1e5:
        return f"{value:.6g}".replace("-", "\N{MINUS SIGN}")
    mantissa, exponent = f"{value:.3e}".split("e")
    lead = mantissa.rstrip("0").rstrip(".").replace("-", "\N{MINUS SIGN}")
    power = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"10{power}" if lead == "1" else f"{lead}\N{MULTIPLICATION SIGN}10{power}"


_PREFIXES = {-9: "n", -6: "µ", -3: "m", -2: "c", 0: "", 3: "k"}


def engineering(largest: float, unit: str) -> tuple[float, str]:
    """Return (factor, unit) that writes numbers up to `largest` metres, volts or seconds readably.

    Only bare SI units take a prefix; any other unit comes back with factor one.
    """
    if unit not in {"m", "V", "A", "W", "N", "J"} or largest <= 0.0 or not math.isfinite(largest):
        return 1.0, unit
    power = min(max(3 * math.floor(math.log10(largest * (1.0 + 1e-9)) / 3.0), -9), 3)
    if power == -3 and largest >= 0.03:
        power = -2 if unit == "m" and largest < 0.6 else 0
    return 10.0**-power, _PREFIXES[power] + unit


_LONG_TIMES = ((3 * 86400.0, 86400.0, "d"), (1e4, 3600.0, "h"))


def clock(largest: float) -> tuple[float, str]:
    """Return (factor, unit) that writes times up to `largest` seconds as s, from 10 000 s on as h, from 3 d on as d."""
    for threshold, length, unit in _LONG_TIMES:
        if math.isfinite(largest) and largest >= threshold:
            return 1.0 / length, unit
    return 1.0, "s"


def _clean(value: float, step: float) -> float:
    """Round away the binary dust of `k * step`."""
    if value == 0.0:
        return 0.0
    digits = 12 - math.floor(math.log10(max(abs(value), abs(step))))
    return round(value, digits) if digits < 300 else value


def _ordered(low: float, high: float) -> None:
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise InvalidInput(must("range", "two finite numbers, low < high", (low, high), "Check the field."))


def _positive(low: float, high: float) -> None:
    _ordered(low, high)
    if low <= 0.0:
        raise InvalidInput(must("range", "positive for logarithmic levels", (low, high), "Use linear levels."))


def check_levels(levels: Sequence[float]) -> tuple[float, ...]:
    """Return user-given levels as increasing floats; InvalidInput where they are not finite and distinct."""
    result = tuple(sorted(float(v) for v in levels))
    if not result or not all(math.isfinite(v) for v in result) or len(set(result)) < len(result):
        raise InvalidInput(must("levels", "distinct finite numbers", list(levels), "List each level once."))
    return result
