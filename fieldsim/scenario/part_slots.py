"""One thing here, another there, written as a list: entries with `where` are tried in order, the last holds elsewhere.

Regions of a coefficient, parts of a side, bodies and holes share the comparison `where` and this order.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel, GetCoreSchemaHandler, TypeAdapter, ValidationInfo, create_model, model_validator
from pydantic_core import core_schema

from fieldsim.errors import ExpressionError, InvalidInput
from fieldsim.scenario.amounts import LONGEST_TEXT, Formula, Setting, shown
from fieldsim.scenario.base_models import Record
from fieldsim.scenario.formula_slots import FormulaIn, read_formula, unclosed
from fieldsim.scenario.slots import InUnit, Plain, Slot, setting_of, wrong


@dataclass(frozen=True)
class WhereSlot(Slot):
    """A comparison of coordinates: x < 10 cm, or hypot(x, y) < R and z > 0."""

    def read(self, value: Any, setting: Setting) -> Formula:
        """Return the comparison, in SI, after checking its names and its grammar."""
        example = "For example x < 10 cm, or hypot(x, y) < R with a parameter R."
        text = value.strip() if isinstance(value, str) else ""
        if not text or len(text) > LONGEST_TEXT:
            raise InvalidInput(f"must be a comparison of coordinates; got {shown(value)}. {example}")
        if text.count("(") > text.count(")"):
            raise InvalidInput(unclosed(text))
        in_si = _AMOUNT.sub(_in_si, text)
        try:
            read = read_formula(f"{_OPEN}{in_si}{_CLOSE}", setting, setting.coordinates, "")
        except ExpressionError as error:
            raise ExpressionError(_without_where(str(error))) from None
        if not isinstance(read, Formula) or _is_number(in_si, setting):
            raise InvalidInput(f"must be a comparison of coordinates; got {shown(value)}. {example}")
        return Formula(text, read.resolved.removeprefix(_OPEN).removesuffix(_CLOSE))

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of what may be written."""
        return {"type": "string", "description": "A comparison of coordinates, e.g. x < 10 cm and y > 0."}


# comparisons are compiled as where(comparison, 1, 0)
_OPEN, _CLOSE = "where(", ", 1, 0)"
_AMOUNT = re.compile(r"(?<![\w.])((?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s+(?!(?:and|or|if|else|not)\b)([a-zA-Z]+)")


def _in_si(amount: re.Match[str]) -> str:
    """Return an amount such as 10 cm or 30 deg as its number in SI."""
    from fieldsim.units import convert, si_unit

    number, unit = amount.groups()
    if si_unit(unit) not in ("m", "rad"):
        raise InvalidInput(f"must compare lengths or angles; got {amount[0]!r}. Write 10 cm, or 30 deg.")
    return repr(float(convert(float(number), unit, si_unit(unit))))


def _without_where(message: str) -> str:
    """Return a message about where(comparison, 1, 0) as one about the comparison."""
    message = message.replace(f"'{_OPEN}", "'").replace(f"{_CLOSE}'", "'")
    return re.sub(r"Column (\d+)", lambda found: f"Column {max(int(found[1]) - len(_OPEN), 1)}", message)


def _is_number(text: str, setting: Setting) -> bool:
    """Tell whether a formula compares nothing."""
    try:
        read_formula(text, setting, setting.coordinates, "")
    except InvalidInput:
        return False
    return True


class TensorSpec(Record):
    """A symmetric tensor: its rows, or its principal values with the angle of the first or the axis of the odd one."""

    tensor: list[Any] | None = None
    principal: list[Any] | None = None
    angle: Annotated[float, InUnit("rad")] | None = None
    axis: list[Plain] | None = None
    basis: Literal["cartesian", "mesh"] = "cartesian"

    @model_validator(mode="after")
    def one_form(self) -> TensorSpec:
        """Refuse a tensor that is given in no way or in two."""
        if (self.tensor is None) == (self.principal is None):
            raise wrong("must have one of `tensor` (rows) and `principal` (values). For example {principal: [10, 1]}.")
        if self.principal is None and (self.angle is not None or self.axis is not None):
            raise wrong("has rows, which no `angle` or `axis` turns. Give `principal` values, or leave it out.")
        if self.angle is not None and self.axis is not None:
            raise wrong("must be turned once; got `angle` and `axis`. Keep one of them.")
        return self


class Region(Record):
    """A value where a comparison holds; the last of a list may leave `where` out and hold everywhere else."""

    short = "value"

    where: Formula | None = None
    value: Any


_TENSOR = {
    "type": "object",
    "properties": {
        "tensor": {"type": "array", "items": {"type": "array"}},
        "principal": {"type": "array"},
        "angle": {"type": ["number", "string"]},
        "axis": {"type": "array"},
        "basis": {"enum": ["cartesian", "mesh"]},
    },
    "additionalProperties": False,
    "description": "A symmetric tensor: {tensor: [[4, 1], [1, 2]]}, or {principal: [10, 1], angle: 30 deg}.",
}


@dataclass(frozen=True)
class RegionsIn(FormulaIn):
    """A number or a formula as in FormulaIn, or a list of regions: [{where: x < 0.1, value: 52 W/m/K}, 0.04 W/m/K]."""

    tensor: bool = False

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of what may be written."""
        one = FormulaIn.schema(self)
        if self.tensor:
            one = {"anyOf": [one, _TENSOR], "description": one["description"]}
        entry = {
            "type": "object",
            "properties": {"where": WhereSlot().schema(), "value": one},
            "required": ["value"],
            "additionalProperties": False,
        }
        regions = {"type": "array", "minItems": 1, "items": {"anyOf": [entry, one]}}
        return {"anyOf": [one, regions], "description": one["description"]}

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        slot = FormulaIn(self.unit, self.time, self.unknown)
        number: Any = Annotated[float | Formula, slot]
        if self.tensor:
            entries = Annotated[float | Formula, FormulaIn(self.unit, self.time)]
            tensor = create_model(
                "TensorSpec",
                __base__=TensorSpec,
                tensor=(list[list[entries]] | None, None),
                principal=(list[entries] | None, None),
            )
            number = Annotated[number | tensor, ByShape()]
        where = Annotated[Formula, WhereSlot()] | None
        region: Any = create_model("Region", __base__=Region, where=(where, None), value=(number, ...))
        one: TypeAdapter[Any] = TypeAdapter(number)
        many: TypeAdapter[Any] = TypeAdapter(list[region])

        def read(value: Any, info: ValidationInfo) -> Any:
            if not isinstance(value, list):
                return one.validate_python(value, strict=True, context=setting_of(info))
            return in_order(many.validate_python(value, strict=True, context=setting_of(info)))

        return core_schema.with_info_plain_validator_function(read)


@dataclass(frozen=True)
class ByShape:
    """Marks a union whose list, mapping or single value is read by its own alternative; errors are about it alone."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        readers = {_shape_of(kind): TypeAdapter(kind) for kind in get_args(source)}

        def read(value: Any, inner: Any, info: ValidationInfo) -> Any:
            shape = "list" if isinstance(value, list) else "mapping" if isinstance(value, dict) else "value"
            reader = readers.get(shape) or next(iter(readers.values()))
            return reader.validate_python(value, strict=True, context=setting_of(info))

        # the union itself is only shown to editors
        return core_schema.with_info_wrap_validator_function(read, handler(source))


def _shape_of(kind: Any) -> str:
    """Return what an alternative of a union is written as."""
    while get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    if get_origin(kind) is list:
        return "list"
    record = isinstance(kind, type) and issubclass(kind, BaseModel)
    return "mapping" if record or get_origin(kind) is dict else "value"


def in_order(parts: list[Any]) -> list[Any]:
    """Return the parts of a list; raises for an empty one, and where one that is not the last lacks `where`."""
    if not parts:
        raise wrong("must have at least one part; got none. Write the value itself, or [{where: x < 0.1, ...}, ...].")
    early = [number for number, part in enumerate(parts[:-1]) if part.where is None]
    if early:
        raise wrong(
            f"must say `where` in every part but the last; got none in part {early[0]}. "
            "Parts are tried in order; the last, without `where`, holds everywhere else."
        )
    return parts
