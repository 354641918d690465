"""Numbers as a scenario writes them: SI as they stand, text with a unit ("5 cm"), or an expression in the parameters.

A Setting holds what such text may refer to.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fieldsim.errors import ExpressionError, InvalidInput, UnitsError, echo
from fieldsim.scenario.language import COORDINATES, Amount

LONGEST_TEXT = 2000
_NUMBER = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_A_NUMBER = ("nan", "inf", "infinity")


@dataclass(frozen=True)
class Parameter:
    """A parameter's value in SI, its SI unit (None: not known), and whether it was given in degC or degF."""

    value: float
    unit: str | None = None
    offset: bool = False


@dataclass(frozen=True)
class Setting:
    """What the text of a scenario may refer to, collected before its values are read."""

    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    names: frozenset[str] = frozenset()
    units: Mapping[str, str] = field(default_factory=dict)
    unknown: str = ""
    field_unit: str | None = None
    coordinates: frozenset[str] = COORDINATES
    # the unknown as the scenario writes it, in terms of the model's own symbol in SI: "(T - 273.15)"
    solved: str = ""
    # bodies by the names that the scenario gives them, and what the interface calls them: fixed[0]
    bodies: Mapping[str, str] = field(default_factory=dict)
    # of several fields, the setting of each; and in these the names of all, which a source may follow
    fields: Mapping[str, Setting] = field(default_factory=dict)
    company: frozenset[str] = frozenset()

    @property
    def amounts(self) -> dict[str, Any]:
        """The parameters by name: amounts with their units, plain numbers where none is known."""
        return {name: Amount(p.value, p.unit) if p.unit else p.value for name, p in self.parameters.items()}

    @property
    def following(self) -> frozenset[str]:
        """The names of the fields that a coefficient may follow."""
        return self.company or frozenset({self.unknown} - {""})

    @property
    def values(self) -> dict[str, float]:
        """The parameters' values by name."""
        return {name: parameter.value for name, parameter in self.parameters.items()}


@dataclass(frozen=True)
class Formula:
    """An expression of place (and time): the text as written, and with the parameters' values in it."""

    text: str
    resolved: str

    def __str__(self) -> str:
        """Return the text that means the same without the parameters."""
        return self.resolved


def checked_number(value: object, setting: Setting, unit: str) -> float:
    """Return a slot's value as an SI float; raises InvalidInput with the whole sentence."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise InvalidInput(f"must be a number; got {shown(value)}. Give a number{_example(unit)}.")
    if not isinstance(value, str):
        try:
            number = float(value)
        except OverflowError:
            raise InvalidInput(f"must be below 1.8e308; got {echo(value)[:40]}. Give a smaller number.") from None
        return _finite(number, value)
    text = value.strip()
    if len(text) > LONGEST_TEXT:
        remedy = "Put parts of the formula into `parameters`, or the values into a data file."
        raise InvalidInput(f"must have at most {LONGEST_TEXT} characters; got {len(text)}. {remedy}")
    if not text or text.lower().lstrip("+-.") in _NOT_A_NUMBER:
        raise InvalidInput(f"must be a finite number; got {shown(value)}. Give a number{_example(unit)}.")
    if is_quantity(text):
        return _finite(_quantity(text, unit), value)
    return from_parameters(text, setting, unit)


def split_quantity(value: object) -> tuple[str, str] | None:
    """Return the number and the unit of text such as "5 cm"; None for anything else."""
    text = value.strip() if isinstance(value, str) else ""
    match = _NUMBER.match(text)
    unit = text[match.end() :].strip() if match else ""
    return (match[0], unit) if match and unit and is_quantity(text) else None


def is_quantity(text: str) -> bool:
    """Tell whether text is a number with or without a unit, and no formula."""
    from fieldsim.units import looks_like_quantity

    return looks_like_quantity(text)


def _quantity(text: str, unit: str) -> float:
    from fieldsim.units import parse_quantity

    try:
        return parse_quantity(text, unit, name="value")
    except UnitsError as error:
        hint = " An angle is written 30 deg or 0.52 rad." if unit == "rad" else ""
        raise UnitsError(f"{error}{hint}") from None


def from_parameters(text: str, setting: Setting, unit: str) -> float:
    """Evaluate an expression in the parameters."""
    from fieldsim.expressions import compile_expression

    expression = compile_expression(text, frozenset(setting.parameters), where="value")
    lone = setting.parameters.get(text)
    if lone is not None:
        _same_dimension(text, lone, unit)
    return _finite(_scalar(expression(setting.values), text), text)


def _same_dimension(name: str, parameter: Parameter, unit: str) -> None:
    from fieldsim.units import quantity_dimension_matches

    if parameter.unit is not None and not quantity_dimension_matches(parameter.unit, unit):
        raise UnitsError(
            f"must be in {unit or 'no unit'}; got the parameter {name}, in {parameter.unit or 'no unit'}. "
            "Use another parameter, or give its value without a unit."
        )


def _scalar(value: object, text: str) -> float:
    try:
        if isinstance(value, bool) or str(getattr(value, "dtype", "")) == "bool":
            raise TypeError
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise ExpressionError(f"must give one real number; got {shown(text)}. Write a number.") from None


def _finite(number: float, given: object) -> float:
    if number - number != 0.0:
        raise InvalidInput(f"must be finite; got {shown(given)}. Give a finite number.")
    return number


def shown(value: object) -> str:
    """Return a value as a message shows it: ASCII, at most 200 characters."""
    if value is None:
        return "nothing"
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    text = ascii(value)
    return text if len(text) <= 200 else text[:197] + "..."


def _example(unit: str) -> str:
    return f" in {unit}, or text such as '1 {unit}'" if unit else ""
