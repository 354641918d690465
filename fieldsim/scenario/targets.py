"""What a check expects: a number or a vector with its unit, and how far off it may be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from fieldsim.errors import InvalidInput
from fieldsim.scenario.amounts import Setting, checked_number, split_quantity
from fieldsim.scenario.slots import Slot

_PERCENT = re.compile(r"(?P<number>\S+?)\s*%\Z")


@dataclass(frozen=True)
class Expected:
    """Values in `unit` (SI), or, where the unit is None, in the unit of what is checked."""

    values: tuple[float, ...]
    unit: str | None = None
    is_vector: bool = False


@dataclass(frozen=True)
class Allowance:
    """A share of the expected value's size (`relative`), or an amount in `unit` (None: as for Expected)."""

    relative: float | None = None
    absolute: float | None = None
    unit: str | None = None


@dataclass(frozen=True)
class ExpectedSlot(Slot):
    """A number, text with a unit, an expression in the parameters, or a list of these."""

    def read(self, value: Any, setting: Setting) -> Expected:
        """Return the expected value in SI."""
        items = value if isinstance(value, list) else [value]
        if not 1 <= len(items) <= 3:
            raise InvalidInput(f"must have one to three components; got {len(items)}. Give one number or a vector.")
        pairs = [_measured(item, setting) for item in items]
        units = {unit for _, unit in pairs}
        if len(units) > 1:
            raise InvalidInput("must have one unit in all components; got several. Write the unit on each.")
        return Expected(tuple(number for number, _ in pairs), units.pop(), is_vector=isinstance(value, list))

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of what may be written."""
        return {"type": ["number", "string", "array"], "description": "The expected value, with its unit."}


@dataclass(frozen=True)
class AllowanceSlot(Slot):
    """A percentage of the expected value, or an amount."""

    def read(self, value: Any, setting: Setting) -> Allowance:
        """Return the tolerance."""
        percent = _PERCENT.match(value.strip()) if isinstance(value, str) else None
        if percent is not None:
            share = checked_number(percent["number"], setting, "") / 100.0
            return Allowance(relative=_positive(share, value))
        number, unit = _measured(value, setting)
        return Allowance(absolute=_positive(number, value), unit=unit)

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of what may be written."""
        return {
            "type": ["number", "string"],
            "description": "A percentage ('0.1 %') or an amount with its unit.",
        }


def _positive(number: float, given: object) -> float:
    if number <= 0.0:
        raise InvalidInput(f"must be above zero; got {given!r:.60}. Write for example '0.1 %'.")
    return number


def _measured(value: Any, setting: Setting) -> tuple[float, str | None]:
    """Return a number in SI and its SI unit, None where no unit was written."""
    quantity = split_quantity(value)
    if quantity is None:
        lone = setting.parameters.get(value.strip()) if isinstance(value, str) else None
        return checked_number(value, setting, lone.unit or "" if lone else ""), lone.unit if lone else None
    from fieldsim.units import si_unit

    unit = si_unit(quantity[1])
    return checked_number(value, setting, unit), unit
