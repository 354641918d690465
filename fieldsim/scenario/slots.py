"""The value types of a scenario: numbers with units and parameters, whole numbers, formulas, names.

A number is SI as it stands; text is a number with a unit ("5 cm") or an expression in the parameters ("L/2").
Each type is a frozen marker for pydantic: it reads, refuses, and describes itself in the JSON Schema.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic_core import PydanticCustomError, core_schema

from fieldsim.errors import InvalidInput
from fieldsim.scenario.amounts import Setting, checked_number, shown, split_quantity
from fieldsim.scenario.language import function_names

# where a slot's unit depends on the scenario, it is named by one of these and looked up in the setting
UNKNOWN, FLUX, SLOPE, SOURCE, TRANSFER = "@unknown", "@flux", "@slope", "@source", "@transfer"
SINK, SUPPLY, CONTACT = "@sink", "@supply", "@contact"

_OWN_SUBJECT = re.compile(r"`(?:value|expression|unit)` (?=must)")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z", re.ASCII)


def wrong(message: str) -> PydanticCustomError:
    """Return the error that carries one of our sentences through pydantic."""
    return PydanticCustomError("fieldsim", "{message}", {"message": message})


def setting_of(info: ValidationInfo) -> Setting:
    """Return the setting that validation was given."""
    return info.context if isinstance(info.context, Setting) else Setting()


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
