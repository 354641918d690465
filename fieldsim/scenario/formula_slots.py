"""The value types of a scenario that hold formulas: of place and time, of a given field, of whole fields."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fieldsim.errors import InvalidInput, UnitsError
from fieldsim.scenario.amounts import (
    LONGEST_TEXT,
    Formula,
    Setting,
    checked_number,
    from_parameters,
    is_quantity,
    shown,
)
from fieldsim.scenario.language import FIELD_FUNCTIONS, substituted
from fieldsim.scenario.slots import Slot


@dataclass(frozen=True)
class FormulaIn(Slot):
    """A number in SI, or an expression of place and, with `time`, of t; with `unknown`, of the field itself."""

    unit: str = ""
    time: bool = True
    unknown: bool = False

    def read(self, value: Any, setting: Setting) -> float | Formula:
        """Return an SI number or a formula."""
        unit = setting.units.get(self.unit, "") if self.unit.startswith("@") else self.unit
        if not isinstance(value, str):
            return checked_number(value, setting, unit)
        text = value.strip()
        if not text or len(text) > LONGEST_TEXT or is_quantity(text):
            return checked_number(value, setting, unit)
        names = setting.coordinates | ({"t"} if self.time else set())
        if not self.unknown or not setting.following:
            return read_formula(text, setting, names, unit)
        result = read_formula(text, setting, names | setting.following, unit)
        if isinstance(result, Formula) and re.search(rf"\b{setting.unknown}\b", text):
            _refuse_offset(result, setting)
        return result

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of what may be written."""
        unit = "" if self.unit.startswith("@") else f" in {self.unit}" if self.unit else ""
        about = f"A number{unit} (SI), text with a unit, or an expression of place"
        about += " and time" if self.time else ""
        about += ", or of the field itself." if self.unknown else "."
        return {"type": ["number", "string"], "description": about}


def read_formula(text: str, setting: Setting, names: frozenset[str], unit: str) -> float | Formula:
    """Return a formula, or its value where it depends on the parameters alone."""
    from fieldsim.expressions import compile_expression

    if text.count("(") > text.count(")"):
        raise InvalidInput(unclosed(text))
    expression = compile_expression(text, frozenset(setting.parameters) | names, where="expression")
    if not frozenset(expression.names) & names:
        return from_parameters(text, setting, unit)
    return Formula(text, substituted(text, setting.values))


def unclosed(text: str) -> str:
    """Return the sentence for a formula that ends inside brackets."""
    remedy = "Add the missing ), or put the formula in quotes: inside [ ] and { } YAML takes a comma for the end."
    return f"must close its brackets; got {shown(text)}. {remedy}"


@dataclass(frozen=True)
class FieldFormula(Slot):
    """The values of a given field: an expression of place, in the field's own unit."""

    def read(self, value: Any, setting: Setting) -> float | Formula:
        """Return a number or a formula."""
        if isinstance(value, str) and 0 < len(value.strip()) <= LONGEST_TEXT:
            text = value.strip()
            result = None if is_quantity(text) else read_formula(text, setting, setting.coordinates, "")
            if isinstance(result, Formula):
                _refuse_offset(result, setting)
                return result
        return checked_number(value, setting, "")

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of what may be written."""
        return {"type": ["number", "string"], "description": "An expression of place in the field's unit."}


def _refuse_offset(formula: Formula, setting: Setting) -> None:
    """Refuse a parameter in degC inside a field in degC: parameters are kelvin, the field is not."""
    if setting.field_unit not in ("degC", "degF"):
        return
    for name, parameter in setting.parameters.items():
        if parameter.offset and re.search(rf"\b{name}\b", formula.text):
            raise UnitsError(
                f"must not mix {setting.field_unit} and kelvin; got the parameter {name}, held in K. "
                f"Give {name} as a plain number, or the field the unit K."
            )


@dataclass(frozen=True)
class FieldExpression(Slot):
    """An expression of fields: -grad(V), norm(E), with parameters, constants and coordinates, and names `also`."""

    also: tuple[str, ...] = ()

    def read(self, value: Any, setting: Setting) -> str:
        """Return the text after checking its names and its grammar."""
        from fieldsim.expressions import compile_expression

        if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_TEXT:
            raise InvalidInput(f"must be an expression of fields; got {shown(value)}. For example -grad(V).")
        names = setting.names | frozenset(setting.parameters) | setting.coordinates | {"t", *self.also}
        functions: dict[str, Callable[..., Any]] = dict.fromkeys(FIELD_FUNCTIONS, _never)
        compile_expression(value.strip(), names, functions=functions, where="expression")
        return value.strip()

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of what may be written."""
        return {"type": "string", "description": "An expression of fields, e.g. -grad(V) or norm(E)."}


def _never(*arguments: Any) -> Any:
    raise InvalidInput("an expression of fields must be evaluated on fields.")
