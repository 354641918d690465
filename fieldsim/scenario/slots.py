"""The value types of a scenario: numbers with units and parameters, whole numbers, formulas, names.

A number is SI as it stands; text is a number with a unit ("5 cm") or an expression in the parameters ("L/2").
Each type is a frozen marker for pydantic: it reads, refuses, and describes itself in the JSON Schema.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic_core import PydanticCustomError, core_schema

from fieldsim.errors import ExpressionError, InvalidInput, UnitsError, echo
from fieldsim.scenario.language import COORDINATES, Amount, function_names

# where a slot's unit depends on the scenario, it is named by one of these and looked up in the setting
UNKNOWN, FLUX, SLOPE, SOURCE, TRANSFER = "@unknown", "@flux", "@slope", "@source", "@transfer"
SINK, SUPPLY, CONTACT = "@sink", "@supply", "@contact"

LONGEST_TEXT = 2000
_NUMBER = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_OWN_SUBJECT = re.compile(r"`(?:value|expression|unit)` (?=must)")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z", re.ASCII)
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

    @property
    def amounts(self) -> dict[str, Any]:
        """The parameters by name: amounts with their units, plain numbers where none is known."""
        return {name: Amount(p.value, p.unit) if p.unit else p.value for name, p in self.parameters.items()}

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


def wrong(message: str) -> PydanticCustomError:
    """Return the error that carries one of our sentences through pydantic."""
    return PydanticCustomError("fieldsim", "{message}", {"message": message})


def setting_of(info: ValidationInfo) -> Setting:
    """Return the setting that validation was given."""
    return info.context if isinstance(info.context, Setting) else Setting()


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


class Slot:
    """A marker that reads one value through `read` and shows `schema` to editors."""

    def read(self, value: Any, setting: Setting) -> Any:
        """Return what is kept of a value; raises InvalidInput."""
        raise InvalidInput("a slot must read its value.")

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of what may be written."""
        return {}

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        def validate(value: Any, info: ValidationInfo) -> Any:
            try:
                return self.read(value, setting_of(info))
            except InvalidInput as error:
                # the finding's path names what is wrong already
                raise wrong(_OWN_SUBJECT.sub("", str(error), count=1)) from None

        return core_schema.with_info_plain_validator_function(validate)

    def __get_pydantic_json_schema__(
        self, source: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return self.schema()


@dataclass(frozen=True)
class InUnit(Slot):
    """A finite number in SI; `unit` is what text is converted to. A difference of 1 degC is 1 K, and no 274.15 K."""

    unit: str = ""
    positive: bool = False
    negative: bool = True
    difference: bool = False

    def read(self, value: Any, setting: Setting) -> float:
        """Return the SI value."""
        unit = setting.units.get(self.unit, "") if self.unit.startswith("@") else self.unit
        number = checked_number(value, setting, unit)
        quantity = split_quantity(value) if self.difference else None
        if quantity is not None:
            from fieldsim.units import convert

            number = float(convert(float(quantity[0]), quantity[1], unit, difference=True))
        if self.positive and number <= 0.0:
            raise InvalidInput(f"must be positive; got {shown(value)}. Give a number above zero.")
        if not self.negative and number < 0.0:
            raise InvalidInput(f"must be 0 or more; got {shown(value)}. Leave the sign out.")
        return number

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of what may be written."""
        unit = "" if self.unit.startswith("@") else f" in {self.unit}" if self.unit else " without unit"
        about = f"A number{unit} (SI), text with a unit, or an expression in the parameters."
        return {"type": ["number", "string"], "description": about}


@dataclass(frozen=True)
class Whole(Slot):
    """A whole number between two bounds, or an expression in the parameters that gives one."""

    least: int = 1
    most: int = 10**9

    def read(self, value: Any, setting: Setting) -> int:
        """Return the whole number."""
        number = checked_number(value, setting, "")
        if number != int(number) or (isinstance(value, float) and not number.is_integer()):
            raise InvalidInput(f"must be a whole number; got {shown(value)}. Leave the fraction out.")
        if not self.least <= number <= self.most:
            raise InvalidInput(
                f"must be between {self.least} and {self.most}; got {shown(value)}. Give one in that range."
            )
        return int(number)

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of what may be written."""
        return {"type": ["integer", "string"], "description": f"A whole number, at least {self.least}."}


@dataclass(frozen=True)
class Name(Slot):
    """A name that expressions can use: a letter, then letters, digits and underscores."""

    taken: bool = True

    def read(self, value: Any, setting: Setting) -> str:
        """Return the name."""
        return checked_name(value, setting.coordinates)

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of what may be written."""
        return {"type": "string", "pattern": "^[A-Za-z][A-Za-z0-9_]*$"}


def checked_name(value: object, coordinates: frozenset[str]) -> str:
    """Return a new name after checking its letters and that it means nothing else; raises InvalidInput."""
    rule = "must be a letter followed by letters, digits or underscores, at most 40"
    if not isinstance(value, str) or not _NAME.match(value) or len(value) > 40 or "__" in value:
        raise InvalidInput(f"{rule}; got {shown(value)}. Give another name, for example T0.")
    if value in coordinates | {"t"} | function_names():
        raise InvalidInput(f"must be a new name; got {value!r}, which already has a meaning. Give another name.")
    return value


@dataclass(frozen=True)
class Unit(Slot):
    """The unit of a field, as units.py reads it."""

    def read(self, value: Any, setting: Setting) -> str:
        """Return the unit after checking that it is one."""
        from fieldsim.units import si_unit

        if not isinstance(value, str) or len(value) > 60:
            raise InvalidInput(f"must be a unit as text; got {shown(value)}. For example V, degC or 'W/m^2'.")
        si_unit(value.strip())
        return value.strip()

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of what may be written."""
        return {"type": "string", "description": "A unit, e.g. V, degC, W/m^2."}


Length = Annotated[float, InUnit("m")]
PositiveLength = Annotated[float, InUnit("m", positive=True)]
Seconds = Annotated[float, InUnit("s")]
Plain = Annotated[float, InUnit("")]
