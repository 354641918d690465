"""The part of the schema that names potentials: one record a kind, made from the catalogue with its units."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import create_model

from fieldsim.errors import InvalidInput
from fieldsim.potentials.catalogue import CATALOGUE, Entry
from fieldsim.scenario.amounts import Setting, checked_number, split_quantity
from fieldsim.scenario.base_models import Choice, Record
from fieldsim.scenario.slots import Slot

# `formula` has a key of its own (`expression`), which knows the parameters
_LEFT_OUT = frozenset({"formula"})
_MOST_NUMBERS = 10_000


@dataclass(frozen=True)
class Numbers(Slot):
    """A number in `unit`, or a list of numbers, or a list of lists, as the potential's argument asks for."""

    unit: str = ""

    def read(self, value: Any, setting: Setting) -> Any:
        """Return the numbers in `unit`."""
        return self._read(value, setting, 2)

    def _read(self, value: Any, setting: Setting, depth: int) -> Any:
        if isinstance(value, list) and depth > 0:
            if not 1 <= len(value) <= _MOST_NUMBERS:
                raise InvalidInput(f"must have 1 to {_MOST_NUMBERS} values; got {len(value)}. Give at least one.")
            return [self._read(item, setting, depth - 1) for item in value]
        number = checked_number(value, setting, self.unit)
        return number if self._is_plain(value, setting) else self._from_si(number)

    @staticmethod
    def _is_plain(value: Any, setting: Setting) -> bool:
        """Tell whether a value was written without any unit, and so is in the argument's own."""
        named = setting.parameters.get(value.strip()) if isinstance(value, str) else None
        return split_quantity(value) is None and (named is None or named.unit is None)

    def _from_si(self, number: float) -> float:
        from fieldsim.units import convert, si_unit

        return float(convert(number, si_unit(self.unit), self.unit))

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of what may be written."""
        about = f"A number{' in ' + self.unit if self.unit else ''}, text with a unit, or a list of these."
        return {"type": ["number", "string", "array"], "description": about}


def _record(kind: str, entry: Entry) -> type[Record]:
    """Return the record of one kind: an argument is required where its function has no default."""
    fields: dict[str, Any] = {}
    for name, parameter in inspect.signature(entry.build).parameters.items():
        if name not in entry.units:
            continue
        unit = entry.units[name]
        annotation: Any = str if unit is None else Annotated[Any, Numbers("" if unit.startswith("@") else unit)]
        needed = parameter.default is inspect.Parameter.empty
        fields[name] = (annotation, ...) if needed else (annotation | None if unit is None else annotation, None)
    return create_model(kind, __base__=Record, __doc__=entry.meaning, **fields)


if TYPE_CHECKING:
    Term = Choice
else:
    Term = create_model(
        "Term",
        __base__=Choice,
        __doc__="One potential of a sum.",
        **{kind: (_record(kind, entry) | None, None) for kind, entry in CATALOGUE.items() if kind not in _LEFT_OUT},
    )
