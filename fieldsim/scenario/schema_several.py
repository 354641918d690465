"""The part of the schema for several fields on one mesh, whose sources may follow each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, get_args

from pydantic import Field as Described
from pydantic import GetCoreSchemaHandler, TypeAdapter, ValidationError, ValidationInfo
from pydantic_core import InitErrorDetails, core_schema

from fieldsim.errors import InvalidInput
from fieldsim.scenario.amounts import Setting
from fieldsim.scenario.formula_slots import FormulaIn
from fieldsim.scenario.part_slots import RegionsIn
from fieldsim.scenario.schema_models import Body, Contact, Laws, Model, Number, Regional
from fieldsim.scenario.schema_views import Side
from fieldsim.scenario.slots import UNKNOWN, Unit, checked_name, setting_of, wrong


@dataclass(frozen=True)
class UnscaledUnit(Unit):
    """A unit whose numbers are those of SI: formulas of several fields take their values as they are."""

    def read(self, value: Any, setting: Setting) -> str:
        """Return the unit after checking that it is one."""
        from fieldsim.units import convert, si_unit

        unit = super().read(value, setting)
        if [float(convert(x, unit, si_unit(unit))) for x in (0.0, 1.0)] != [0.0, 1.0]:
            raise InvalidInput(f"must be an SI unit among several fields; got {unit}. Write {si_unit(unit)}.")
        return unit


class FieldSpec(Model):
    """One of several fields: its equation, whose source may follow all of them, and its own conditions.

    `boundary`, `fixed` and `contact` are those of the scenario where they are left out.
    """

    beside: ClassVar[tuple[str, ...]] = ("unit", "boundary", "fixed", "contact", "initial", "exact")

    unit: Annotated[str, UnscaledUnit()] | None = None
    boundary: dict[Side, Laws] = Described(default_factory=dict)
    fixed: list[Body] = Described(default_factory=list)
    contact: list[Contact] = Described(default_factory=list)
    initial: Annotated[Regional, RegionsIn(UNKNOWN, time=False)] | None = None
    exact: Annotated[Number, FormulaIn(UNKNOWN)] | None = None


@dataclass(frozen=True)
class EachInItsUnits:
    """Reads a mapping of fields, each with the units of its own equation."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        reader: TypeAdapter[Any] = TypeAdapter(get_args(source)[1])

        def read(value: Any, inner: Any, info: ValidationInfo) -> Any:
            if not isinstance(value, dict):
                return inner(value)
            setting = setting_of(info)
            found, faults = {}, []
            for name, item in value.items():
                try:
                    checked_name(name, setting.coordinates)
                    found[name] = reader.validate_python(item, strict=True, context=setting.fields.get(name, setting))
                except ValidationError as error:
                    faults += [_below(name, detail) for detail in error.errors(include_url=False)]
                except InvalidInput as error:
                    faults.append(InitErrorDetails(type=wrong(str(error)), loc=(name, "[key]"), input=name))
            if faults:
                raise ValidationError.from_exception_data("fields", faults)
            return found

        return core_schema.with_info_wrap_validator_function(read, handler(source))


def _below(name: str, detail: Any) -> InitErrorDetails:
    """Return pydantic's error about a field as one about the field of that name."""
    own = detail["type"] == "fieldsim"
    kind = wrong(detail["ctx"]["message"]) if own else detail["type"]
    result = InitErrorDetails(type=kind, loc=(name, *detail["loc"]), input=detail.get("input"))
    if not own:
        result["ctx"] = detail.get("ctx") or {}
    return result
