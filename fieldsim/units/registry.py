"""What a unit symbol is worth: SI value = number * factor + offset, and its dimension; asked of pint.

pint is imported at the first look-up. It only ever sees single symbols, never text to evaluate.
Factors are kept as fractions so that "5 cm" is the same number as 0.05.
"""

from __future__ import annotations

import difflib
import math
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

from fieldsim.units.algebra import Terms, UnitProblemError

Dimension = tuple[tuple[str, Fraction], ...]
"""(base quantity, exponent) pairs in the order of the names; () is dimensionless."""

# fmt: off
COHERENT = frozenset((
    "m", "kg", "s", "A", "K", "mol", "cd", "rad", "sr", "Hz", "N", "Pa", "J", "W", "C", "V", "F",
    "ohm", "S", "Wb", "T", "H", "lm", "lx", "Bq", "Gy", "Sv", "kat",
))
"""Symbols whose factor is 1 by definition of the SI: no look-up is needed to convert them into SI."""

_COMMON = (
    *sorted(COHERENT),
    "cm", "mm", "um", "nm", "km", "g", "mg", "degC", "degF", "min", "hour", "day", "year", "ms",
    "us", "ns", "kW", "MW", "kJ", "MJ", "eV", "kV", "mV", "mA", "uA", "nC", "uC", "pC", "nF", "uF",
    "pF", "kPa", "MPa", "hPa", "bar", "atm", "Gal", "mGal", "uGal", "deg", "percent", "ppm",
    "liter", "inch", "ft", "kHz", "MHz", "GHz", "mT", "nT", "angstrom",
)
# fmt: on
_SAME = {"%": "percent", "Ohm": "ohm"}
_LOGARITHMIC = ("decibel", "neper", "octave", "decade", "bel")


@dataclass(frozen=True)
class Symbol:
    """One unit symbol in SI terms."""

    factor: Fraction
    offset: Fraction
    dimension: Dimension
    is_angle: bool


@lru_cache(maxsize=1)
def _registry() -> Any:
    import pint

    return pint.UnitRegistry(autoconvert_offset_to_baseunit=True)


@lru_cache(maxsize=512)
def look_up(symbol: str) -> Symbol:
    """Return what `symbol` means, or raise UnitProblemError with the nearest known symbol."""
    registry = _registry()
    name = _SAME.get(symbol, symbol)
    parsed = registry.parse_unit_name(name)
    if not parsed:
        spelling = {common.lower(): common for common in reversed(_COMMON)}
        close = difflib.get_close_matches(symbol.lower(), spelling, n=1)
        hint = f" (did you mean {spelling[close[0]]!r}?)" if close else ""
        raise UnitProblemError(f"Unknown unit {symbol!r}{hint}")
    if any(word in parsed[0][1] for word in _LOGARITHMIC):
        raise UnitProblemError(f"{symbol!r} is logarithmic, such units are not converted")
    factor, base = registry.get_base_units(name)
    offset = registry.Quantity(0.0, name).to_base_units().magnitude
    dimension = tuple(
        (base_quantity.strip("[]"), Fraction(exponent).limit_denominator(100))
        for base_quantity, exponent in sorted(registry.get_dimensionality(name).items())
    )
    return Symbol(_exact(factor), _exact(offset), dimension, not dimension and "radian" in str(base))


def known(terms: Terms) -> Terms:
    """Return `terms`, or raise UnitProblemError for a symbol that is unknown."""
    for symbol, _ in terms:
        if symbol not in COHERENT:
            look_up(symbol)
    return terms


def dimension_of(terms: Terms) -> Dimension:
    """Return the dimension of a unit."""
    exponents: dict[str, Fraction] = {}
    for symbol, exponent in terms:
        for base, each in look_up(symbol).dimension:
            exponents[base] = exponents.get(base, Fraction(0)) + each * exponent
    return tuple(sorted((base, exponent) for base, exponent in exponents.items() if exponent))


def factor_of(terms: Terms) -> Fraction:
    """Return the SI value of one unit (of a difference, where the scale has an offset)."""
    exact = Fraction(1)
    rest = 1.0
    for symbol, exponent in terms:
        factor = look_up(symbol).factor
        if exponent.denominator == 1:
            exact *= factor**exponent.numerator
        else:
            rest *= float(factor) ** float(exponent)
    return exact * Fraction(rest)


def offset_of(terms: Terms) -> Fraction:
    """Return the SI value of zero on the scale: 273.15 for degC alone, 0 inside a product (differences)."""
    if len(terms) == 1 and terms[0][1] == 1:
        return look_up(terms[0][0]).offset
    return Fraction(0)


def _exact(value: float) -> Fraction:
    """Return the decimal or ratio that `value` stands for, without the bits lost in products."""
    number = float(value)
    ratio = Fraction(number).limit_denominator(1000)
    if float(ratio) == number:
        return ratio
    short = f"{number:.12g}"
    return Fraction(short) if math.isclose(float(short), number, rel_tol=5e-16) else Fraction(number)
