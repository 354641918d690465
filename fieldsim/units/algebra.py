"""The algebra of unit names: "V" per metre is "V/m", "m^2/s" per metre is "m/s"; no look-up, no pint.

    unit = factor {("*" | "/" | blank) factor}; factor = (symbol | "1" | "(" unit ")") [("^" | "**") exponent]

A unit is held as the exponents of its symbols, in the order written. A division holds for the one factor
after it: "J/kg/K" is J/(kg K); a blank after a division is refused because books disagree about it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from fieldsim.errors import UnitsError, must

Terms = tuple[tuple[str, Fraction], ...]
"""A unit: (symbol, exponent) pairs in the order written; () is dimensionless."""

MAX_LENGTH = 100
"""Longest unit in characters."""
MAX_EXPONENT = 12
"""Largest exponent of a symbol."""
_MAX_NESTING = 8

_EXAMPLE = 'Write a unit such as "W/m/K", "kg/m^3" or "1/s".'
_SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹⁻"
_TO_SUPERSCRIPT = str.maketrans("0123456789-", _SUPERSCRIPTS)
_FROM_SUPERSCRIPT = str.maketrans(_SUPERSCRIPTS, "0123456789-")
_SIGNS = {
    "°C": "degC",
    "℃": "degC",
    "°F": "degF",
    "℉": "degF",
    "°": "deg",
    "µ": "u",
    "μ": "u",
    "Ω": "ohm",
    "\N{OHM SIGN}": "ohm",
    "Å": "angstrom",
    "\N{ANGSTROM SIGN}": "angstrom",
    "·": "*",
    "⋅": "*",
    "×": "*",
    "−": "-",
    "‰": "permille",
}
_SHOWN = {
    "degC": "°C",
    "degF": "°F",
    "deg": "°",
    "ohm": "Ω",
    "percent": "%",
    "angstrom": "Å",
    "delta_degC": "K",
}
_MICRO = frozenset(
    f"u{base}" for base in ("m", "g", "s", "A", "K", "N", "Pa", "J", "W", "C", "V", "F", "S", "T", "H", "Gal")
)
_PRODUCTS = {("V", "F"): "C", ("A", "s"): "C", ("V", "A"): "W", ("W", "s"): "J"}
_CELSIUS = frozenset({"degC", "celsius", "degree_Celsius", "delta_degC"})
_WORDS_OF_FORMULAS = frozenset({"if", "else", "and", "or", "not"})

_TOKEN = re.compile(
    r"(?P<blank>\s+)|(?P<symbol>%|[A-Za-z][A-Za-z0-9_]*)|(?P<one>1(?![0-9.]))|(?P<operator>\*(?!\*)|/|\(|\))"
    r"|(?:\^|\*\*)\s*(?:\(\s*(?P<bracket>[+-]?[0-9]{1,3}(?:\.[0-9]{1,3}|/[0-9]{1,3})?)\s*\)"
    r"|(?P<exponent>[+-]?[0-9]{1,3}(?:\.[0-9]{1,3})?))"
)


def per_length(unit: str, power: int = 1) -> str:
    """Return the unit of a quantity in `unit` divided by metres to the `power`: "V" -> "V/m", "m" -> "1".

    A temperature in degC turns into K, since a gradient only knows differences.
    Raises UnitsError for what is no unit.
    """
    return times(unit, f"m^{-power}")


def times(unit_a: str, unit_b: str) -> str:
    """Return the unit of a product, equal symbols cancelled: ("V/m", "m") -> "V", ("C", "1/C") -> "1".

    Raises UnitsError for what is no unit.
    """
    parts = [parse_unit(unit_a), parse_unit(unit_b)]
    if not all(parts):
        text = unit_text(parts[0] or parts[1])
        return text or ("1" if unit_a.strip() or unit_b.strip() else "")
    exponents: dict[str, Fraction] = {}
    for symbol, exponent in (*parts[0], *parts[1]):
        plain = "K" if symbol in _CELSIUS else symbol
        exponents[plain] = exponents.get(plain, Fraction(0)) + exponent
    return unit_text(_kept(_named(exponents))) or "1"


def _named(exponents: dict[str, Fraction]) -> dict[str, Fraction]:
    """Write the products that every physicist names by their name: V F is C, A s is C, V A is W, W s is J."""
    for (first, second), name in _PRODUCTS.items():
        shared = min(exponents.get(first, Fraction(0)), exponents.get(second, Fraction(0)))
        if shared <= 0:
            continue
        named = {name: shared}
        for symbol, exponent in exponents.items():
            left = exponent - shared if symbol in (first, second) else exponent
            named[symbol] = named.get(symbol, Fraction(0)) + left
        exponents = named
    return exponents


def power(unit: str, exponent: int | float) -> str:
    """Return the unit of a power: ("m/s", 2) -> "m^2/s^2", ("m^2", 0.5) -> "m".

    Raises UnitsError for what is no unit.
    """
    parts = parse_unit(unit)
    if exponent == 1 or not parts:
        return unit_text(parts) or unit.strip()
    factor = Fraction(exponent).limit_denominator(1000)
    raised = {"K" if symbol in _CELSIUS else symbol: each * factor for symbol, each in parts}
    return unit_text(_kept(raised)) or "1"


def pretty(unit: str) -> str:
    """Return a unit for labels: "V/m^2" -> "V/m²", "W/m/K" -> "W/(m·K)", "degC" -> "°C", "1" -> "".

    Text that is no unit comes back as it is.
    """
    try:
        parts = parse_unit(unit)
    except UnitsError:
        return unit  # a label may say "arbitrary units"
    above = "·".join(_pretty_factor(symbol, exponent) for symbol, exponent in parts if exponent > 0)
    below = [_pretty_factor(symbol, -exponent) for symbol, exponent in parts if exponent < 0]
    if not below:
        return above
    return f"{above or '1'}/{below[0] if len(below) == 1 else '(' + '·'.join(below) + ')'}"


class UnitProblemError(Exception):
    """What is wrong with a unit; callers turn it into a UnitsError that names their own argument."""


def parse_unit(text: str, *, name: str = "unit") -> Terms:
    """Return the exponents of the symbols of a unit. UnitsError, with what is wrong, for what is no unit."""
    if not isinstance(text, str):
        raise UnitsError(must(name, "a unit as text", text, _EXAMPLE))
    try:
        return read_unit(text)
    except UnitProblemError as problem:
        raise UnitsError(must(name, "a unit", text, f"{problem}. {_EXAMPLE}")) from None


@lru_cache(maxsize=1024)
def read_unit(text: str) -> Terms:
    """Return the exponents of the symbols of a unit, or raise UnitProblemError."""
    if len(text) > MAX_LENGTH:
        raise UnitProblemError(f"A unit has at most {MAX_LENGTH} characters")
    return _Reader(text).unit()


def unit_text(terms: Terms) -> str:
    """Return a unit in the one spelling fieldsim writes: "J/kg/K", "N*m", "1/s", "" for dimensionless."""
    above = "*".join(_factor_text(symbol, exponent) for symbol, exponent in terms if exponent > 0)
    below = "".join("/" + _factor_text(symbol, -exponent) for symbol, exponent in terms if exponent < 0)
    return (above or "1") + below if below else above


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    after_blank: bool


class _Reader:
    """Read one unit by recursive descent."""

    def __init__(self, text: str) -> None:
        self.tokens = _tokens(text)
        self.position = 0

    def unit(self) -> Terms:
        if not self.tokens:
            return ()
        exponents = self._product(0)
        if self.position < len(self.tokens):
            raise UnitProblemError("A ) has no matching (")
        if any(abs(exponent) > MAX_EXPONENT for exponent in exponents.values()):
            raise UnitProblemError(f"An exponent is larger than {MAX_EXPONENT}")
        return _kept(exponents)

    def _next(self, *texts: str) -> _Token | None:
        """Take the next token if its text is one of `texts`."""
        if self.position < len(self.tokens) and self.tokens[self.position].text in texts:
            self.position += 1
            return self.tokens[self.position - 1]
        return None

    def _product(self, depth: int) -> dict[str, Fraction]:
        result = self._factor(depth)
        divided = False
        while self.position < len(self.tokens) and self.tokens[self.position].text != ")":
            operator = self._next("*", "/")
            if operator is None:
                self._check_blank(divided)
            sign = -1 if operator is not None and operator.text == "/" else 1
            divided |= sign < 0
            for symbol, exponent in self._factor(depth).items():
                result[symbol] = result.get(symbol, Fraction(0)) + sign * exponent
        return result

    def _check_blank(self, divided: bool) -> None:  # noqa: FBT001
        token = self.tokens[self.position]
        if token.kind == "exponent":
            raise UnitProblemError(f"The exponent {token.text} has no symbol before it")
        if not token.after_blank:
            raise UnitProblemError(f"Write * before {token.text!r}")
        if divided:
            raise UnitProblemError('A blank after "/" can be read in two ways: write "J/kg/K" or "J*K/kg"')

    def _factor(self, depth: int) -> dict[str, Fraction]:
        if self.position == len(self.tokens):
            raise UnitProblemError(f"A symbol is missing after {self.tokens[-1].text!r}")
        token = self.tokens[self.position]
        self.position += 1
        if token.text == "(":
            if depth == _MAX_NESTING:
                raise UnitProblemError("It is nested too deeply")
            result = self._product(depth + 1)
            if self._next(")") is None:
                raise UnitProblemError("A ( is never closed")
        elif token.kind == "symbol":
            _check_symbol(token.text)
            result = {token.text: Fraction(1)}
        elif token.kind == "one":
            return {}
        else:
            raise UnitProblemError(f"A symbol is missing before {token.text!r}")
        if self.position < len(self.tokens) and self.tokens[self.position].kind == "exponent":
            exponent = self._exponent()
            result = {symbol: each * exponent for symbol, each in result.items()}
        return result

    def _exponent(self) -> Fraction:
        token = self.tokens[self.position]
        self.position += 1
        digits = token.text.lstrip("^* (").rstrip(" )")
        try:
            return Fraction(digits)
        except ZeroDivisionError:
            raise UnitProblemError(f"The exponent {digits} divides by zero") from None


def _tokens(text: str) -> list[_Token]:
    """Return the tokens, with the signs of printed units (µ Ω ° · ²) spelt out."""
    plain = text
    for sign, spelling in _SIGNS.items():
        plain = plain.replace(sign, spelling)
    plain = re.sub(f"[{_SUPERSCRIPTS}]+", lambda match: "^" + match.group().translate(_FROM_SUPERSCRIPT), plain)
    tokens: list[_Token] = []
    position = 0
    blank = False
    while position < len(plain):
        match = _TOKEN.match(plain, position)
        if match is None:
            raise UnitProblemError(f"{plain[position]!a} does not belong in a unit")
        position = match.end()
        kind = (match.lastgroup or "").replace("bracket", "exponent")
        if kind != "blank":
            tokens.append(_Token(kind, match.group(), blank))
        blank = kind == "blank"
    return tokens


def _check_symbol(symbol: str) -> None:
    if symbol[-1].isdigit():
        base = symbol.rstrip("0123456789")
        raise UnitProblemError(f"Write {base}^{symbol[len(base) :]} for a power of {base}")
    if symbol in _WORDS_OF_FORMULAS:
        raise UnitProblemError(f"{symbol!r} is no unit")


def _kept(exponents: Mapping[str, Fraction]) -> Terms:
    return tuple((symbol, exponent) for symbol, exponent in exponents.items() if exponent)


def _exponent_text(exponent: Fraction) -> str:
    if exponent.denominator == 1:
        return str(exponent.numerator)
    decimal = f"{float(exponent):g}"
    return decimal if Fraction(decimal) == exponent else f"({exponent})"


def _factor_text(symbol: str, exponent: Fraction) -> str:
    return symbol if exponent == 1 else f"{symbol}^{_exponent_text(exponent)}"


def _pretty_factor(symbol: str, exponent: Fraction) -> str:
    shown = "µ" + symbol[1:] if symbol in _MICRO else _SHOWN.get(symbol, symbol)
    if exponent == 1:
        return shown
    text = _exponent_text(exponent)
    return shown + (text.translate(_TO_SUPERSCRIPT) if text.isdigit() else f"^{text}")
