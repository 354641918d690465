"""Quantities written by users ("5 cm", "100 degC", 0.05) into SI numbers, and numbers between units.

SI value = number * factor + offset, worked out in exact fractions and rounded once.
"""

from __future__ import annotations

import math
import re
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fieldsim.errors import UnitsError, must
from fieldsim.units.algebra import Terms, UnitProblemError, parse_unit, read_unit, unit_text
from fieldsim.units.registry import COHERENT, Dimension, dimension_of, factor_of, known, look_up, offset_of

MAX_LENGTH = 200
"""Longest quantity in characters."""

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[+-]?\.?(nan|inf|infinity)\b", re.IGNORECASE)
_BASE_UNITS = {
    "length": "m",
    "mass": "kg",
    "time": "s",
    "current": "A",
    "temperature": "K",
    "substance": "mol",
    "luminosity": "cd",
}
_WORDS: tuple[tuple[str, str], ...] = (
    ("m", "length"),
    ("m^2", "area"),
    ("m^3", "volume"),
    ("s", "time"),
    ("1/s", "frequency or rate"),
    ("kg", "mass"),
    ("K", "temperature"),
    ("A", "electric current"),
    ("mol", "amount of substance"),
    ("m/s", "speed"),
    ("m/s^2", "acceleration"),
    ("N", "force"),
    ("J", "energy"),
    ("W", "power"),
    ("Pa", "pressure or energy density"),
    ("V", "electric potential"),
    ("C", "electric charge"),
    ("F", "capacitance"),
    ("ohm", "electric resistance"),
    ("T", "magnetic flux density"),
    ("V/m", "electric field strength"),
    ("C/m", "line charge density"),
    ("C/m^2", "surface charge density"),
    ("C/m^3", "charge density"),
    ("F/m", "permittivity"),
    ("C*m", "electric dipole moment"),
    ("S/m", "electric conductivity"),
    ("A/m^2", "electric current density"),
    ("kg/m^3", "mass density"),
    ("J/kg", "energy per mass"),
    ("J/kg/K", "specific heat capacity"),
    ("J/K", "heat capacity"),
    ("J/m^3/K", "volumetric heat capacity"),
    ("W/m/K", "thermal conductivity"),
    ("W/m^2/K", "heat transfer coefficient"),
    ("W/m^2", "heat flux"),
    ("W/m^3", "heat source density"),
    ("K/m", "temperature gradient"),
    ("m^2/s", "diffusivity"),
    ("m^3/s", "volume flow"),
    ("kg/s", "mass flow"),
    ("mol/m^3", "concentration"),
    ("Pa*s", "dynamic viscosity"),
    ("1/m", "inverse length"),
)


def parse_quantity(value: str | float, unit: str, *, name: str, difference: bool = False) -> float:
    """Return a quantity as an SI number: 0.05 or "5 cm" for unit "m", "100 degC" for "K".

    A number, or text that is only a number, is SI already. `unit` is the SI unit expected ("" for a pure
    number), `name` stands in messages. With `difference` a temperature is an interval: "5 degC" is 5 K.
    Raises UnitsError for another dimension, an unknown unit, a decimal comma and anything not finite.
    """
    if isinstance(value, str):
        return _from_text(value.strip(), unit, name, difference)
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise UnitsError(must(name, _expected(unit), value, _example(unit)))
    return _finite(value, value, unit, name)


def looks_like_quantity(text: str) -> bool:
    """Tell whether `text` is a number with or without a unit ("5 cm", "1e-3") rather than a formula."""
    match = _NUMBER.match(text.strip())
    if match is None or len(text) > MAX_LENGTH:
        return False
    rest = text.strip()[match.end() :].strip()
    if rest.startswith(("(", "1")):
        return rest.startswith("1/") and _is_unit(rest)
    return not rest or _is_unit(rest)


def convert(values: ArrayLike, from_unit: str, to_unit: str, *, difference: bool = False) -> Any:
    """Return `values` in another unit: a float for a number, a new float64 array for an array.

    degC, K and degF convert as temperatures; with `difference` as intervals. "" is dimensionless.
    Raises UnitsError for unknown units and for units of different dimension.
    """
    source, target = _known(from_unit, "from_unit"), _known(to_unit, "to_unit")
    try:
        array = np.array(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise UnitsError(must("values", "real numbers", values, "Convert them first.")) from None
    if source != target:
        if dimension_of(source) != dimension_of(target):
            remedy = f"It is {_described(dimension_of(source))}, not {_described(dimension_of(target))}."
            raise UnitsError(must("from_unit", f"convertible into {to_unit!r}", from_unit, remedy))
        factor = factor_of(source) / factor_of(target)
        shift = Fraction(0) if difference else (offset_of(source) - offset_of(target)) / factor_of(target)
        # A division by 1000 rounds once, a product with 0.001 twice.
        array = array * float(factor) if factor >= 1 else array / float(1 / factor)
        if shift:
            array = array + float(shift)
    return float(array) if array.ndim == 0 else array


def quantity_dimension_matches(unit_a: str, unit_b: str) -> bool:
    """Tell whether two units measure the same kind of quantity. UnitsError where one is unknown."""
    terms_a, terms_b = _known(unit_a, "unit_a"), _known(unit_b, "unit_b")
    return terms_a == terms_b or dimension_of(terms_a) == dimension_of(terms_b)


def check_unit(unit: str, *, name: str = "unit") -> None:
    """Raise UnitsError, naming `name`, unless every symbol of `unit` is known."""
    _known(unit, name)


def si_unit(unit: str) -> str:
    """Return the SI unit of what `unit` measures: "g/cm^3" -> "kg/m^3", "kJ/kg/K" -> "J/kg/K", "degC" -> "K".

    Raises UnitsError for an unknown unit.
    """
    exponents: dict[str, Fraction] = {}
    for symbol, exponent in _known(unit, "unit"):
        for base, each in _si_terms(symbol):
            exponents[base] = exponents.get(base, Fraction(0)) + each * exponent
    return unit_text(tuple((base, exponent) for base, exponent in exponents.items() if exponent))


def _from_text(text: str, unit: str, name: str, difference: bool) -> float:  # noqa: FBT001
    if len(text) > MAX_LENGTH:
        raise UnitsError(must(name, _expected(unit), text, f"A quantity has at most {MAX_LENGTH} characters."))
    match = _NUMBER.match(text)
    if match is None:
        remedy = "It must be finite." if _NOT_FINITE.match(text) else _example(unit)
        raise UnitsError(must(name, _expected(unit), text, remedy))
    number, rest = match.group(), text[match.end() :].strip()
    if re.match(r",[0-9]", rest):
        raise UnitsError(must(name, _expected(unit), text, f"Write {number}.{rest[1:]} with a decimal point."))
    if re.match(r"[0-9.]", rest) and not rest.startswith("1/"):
        raise UnitsError(must(name, _expected(unit), text, "Write the number in one piece, without blanks."))
    if rest.startswith("/"):
        raise UnitsError(must(name, _expected(unit), text, f"Write {number} 1{rest}."))
    value = _finite(number, text, unit, name)
    if not rest:
        return value
    try:
        found = known(read_unit(rest))
    except UnitProblemError as problem:
        raise UnitsError(must(name, _expected(unit), text, f"{problem}.")) from None
    wanted = parse_unit(unit)
    if found == wanted and all(symbol in COHERENT for symbol, _ in found):
        return value
    _check_dimension(found, wanted, text, unit, name)
    offset = Fraction(0) if difference else offset_of(found)
    result = Fraction(number) * factor_of(found) + offset
    if offset and result < 0:
        raise UnitsError(must(name, "a temperature above absolute zero", text, "That is 0 K, -273.15 degC."))
    return _finite(result, text, unit, name)


def _finite(number: Any, value: object, unit: str, name: str) -> float:
    try:
        result = float(number)
    except OverflowError:
        result = math.inf
    if not math.isfinite(result):
        raise UnitsError(must(name, _expected(unit), value, "It must be finite and below 1.8e308 in size."))
    if result == 0.0 and isinstance(number, str) and re.search(r"[1-9]", number.lower().split("e")[0]):
        raise UnitsError(must(name, _expected(unit), value, "It is too small to be told from 0."))
    return result


def _check_dimension(found: Terms, wanted: Terms, text: str, unit: str, name: str) -> None:
    dimension, needed = dimension_of(found), dimension_of(wanted)
    if dimension == needed:
        return
    remedy = f"That is {_described(dimension)}, not {_described(needed)}."
    if dict(needed).get("temperature"):
        for symbol, _ in found:
            if symbol in ("C", "F"):
                remedy += f" Write deg{symbol} for a temperature."
    raise UnitsError(must(name, _expected(unit), text, remedy))


def _expected(unit: str) -> str:
    return f"a quantity in {unit} or a unit of that kind" if unit.strip() else "a number without dimension"


def _example(unit: str) -> str:
    return f'Write a number, or a number with its unit such as "5 {unit}".' if unit.strip() else 'Write 0.05 or "5 %".'


def _is_unit(text: str) -> bool:
    try:
        return bool(read_unit(text))
    except UnitProblemError:
        return False


def _known(unit: str, name: str) -> Terms:
    terms = parse_unit(unit, name=name)
    try:
        return known(terms)
    except UnitProblemError as problem:
        remedy = f'{problem}. Units are written as in "W/m/K", "degC", "nC", "mGal".'
        raise UnitsError(must(name, "a known unit", unit, remedy)) from None


def _si_terms(symbol: str) -> Terms:
    one = Fraction(1)
    if symbol in COHERENT:
        return ((symbol, one),)
    entry = look_up(symbol)
    if entry.is_angle:
        return (("rad", one),)
    named = (
        "m",
        "kg",
        "s",
        "A",
        "K",
        "mol",
        "cd",
        "N",
        "Pa",
        "J",
        "W",
        "C",
        "V",
        "F",
        "ohm",
        "S",
        "Wb",
        "T",
        "H",
    )
    for candidate in named:
        if look_up(candidate).dimension == entry.dimension:
            return ((candidate, one),)
    return tuple((_BASE_UNITS.get(base, base), exponent) for base, exponent in entry.dimension)


@lru_cache(maxsize=1)
def _words() -> dict[Dimension, str]:
    return {dimension_of(parse_unit(unit)): words for unit, words in reversed(_WORDS)}


def _described(dimension: Dimension) -> str:
    """Return a dimension in plain words: "a length", or its make-up where it has no name."""
    if not dimension:
        return "a number without dimension"
    words = _words().get(dimension)
    if words is None:
        return f"a quantity of dimension {unit_text(dimension)}"
    return f"{'an' if words[0] in 'aei' else 'a'} {words}"
