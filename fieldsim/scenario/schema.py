"""The schema of a scenario file, format 1: what may be written, with which units.

Reading gives SI numbers, checked formulas and checked names; nothing is computed here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field as Described
from pydantic import StringConstraints, field_validator

from fieldsim.errors import InvalidInput
from fieldsim.scenario.base_models import Record
from fieldsim.scenario.formula_slots import FieldExpression, FormulaIn
from fieldsim.scenario.schema_fields import GivenField, Law, Model
from fieldsim.scenario.schema_mesh import MeshSpec
from fieldsim.scenario.schema_views import Side, View
from fieldsim.scenario.slots import (
    UNKNOWN,
    Formula,
    InUnit,
    Length,
    Name,
    Seconds,
    Setting,
    Slot,
    Unit,
    Whole,
    wrong,
)
from fieldsim.scenario.targets import Allowance, AllowanceSlot, Expected, ExpectedSlot

FORMAT = 1
Text = Annotated[str, StringConstraints(min_length=1, max_length=4000)]
Point = Annotated[list[Length], Described(min_length=1, max_length=3)]


@dataclass(frozen=True)
class FormatNumber(Slot):
    """The number of the file format: 1."""

    def read(self, value: Any, setting: Setting) -> int:
        """Return the number; raises InvalidInput for a format this version does not know."""
        if type(value) is not int or value != FORMAT:
            raise InvalidInput(f"must be {FORMAT}; got {value!r:.60}. This version reads format {FORMAT} only.")
        return FORMAT

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of what may be written."""
        return {"const": FORMAT}


class TimeSpec(Record):
    """How long, and how many outputs; left out of a scenario, the steady state is sought."""

    until: Annotated[float, InUnit("s", positive=True)]
    outputs: Annotated[int, Whole(1, 100_000)] | None = None
    at: list[Seconds] | None = Described(default=None, min_length=1, description="output times instead of outputs")
    method: Literal["tr_bdf2", "backward_euler", "explicit_euler"] = "tr_bdf2"
    step: Annotated[float, InUnit("s", positive=True)] | None = None
    tolerance: Annotated[float, InUnit("", positive=True)] | None = None


class Derived(Record):
    """A field made from others; the unit is worked out unless it is given."""

    short = "expression"

    expression: Annotated[str, FieldExpression()]
    unit: Annotated[str, Unit()] | None = None


class Probe(Record):
    """Where values are read: at one point, or along a straight line."""

    short = "at"

    at: Point | None = None
    line: list[Point] | None = Described(default=None, min_length=2, max_length=2)
    points: Annotated[int, Whole(2, 100_000)] = 101

    @field_validator("line")
    @classmethod
    def same_length(cls, value: list[list[float]] | None) -> list[list[float]] | None:
        """Refuse ends of different dimension."""
        if value is not None and len(value[0]) != len(value[1]):
            raise wrong("must have two ends with equally many coordinates. Give both as [x, y] or [x, y, z].")
        return value


class Check(Record):
    """A number from a book, a formula or a table, and how closely the run must meet it."""

    of: Annotated[str, FieldExpression()]
    at: Point | None = None
    over: Literal["mesh"] | Side | None = None
    take: Literal["mean", "integral", "min", "max"] = "integral"
    time: Seconds | None = None
    equals: Annotated[Expected, ExpectedSlot()]
    within: Annotated[Allowance, AllowanceSlot()]
    source: Text
    expect: Text | None = None


class Scenario(Record):
    """A physical question: a given or a solved field, what to derive, probe, check and draw."""

    fieldsim: Annotated[int, FormatNumber()]
    title: Annotated[str, StringConstraints(min_length=1, max_length=120)]
    about: Text = ""
    question: Text | None = None
    parameters: dict[Annotated[str, Name()], Any] = Described(default_factory=dict)
    mesh: MeshSpec | None = None
    field: GivenField | None = None
    model: Model | None = None
    boundary: dict[Side, Law] = Described(default_factory=dict)
    initial: Annotated[float | Formula, FormulaIn(UNKNOWN, time=False)] | None = None
    exact: Annotated[float | Formula, FormulaIn(UNKNOWN)] | None = Described(
        default=None, description="the known answer, for comparison only"
    )
    time: TimeSpec | None = None
    derive: dict[Annotated[str, Name()], Derived] = Described(default_factory=dict)
    probe: dict[Annotated[str, Name()], Probe] = Described(default_factory=dict)
    check: list[Check] = Described(default_factory=list)
    view: list[View] = Described(default_factory=list)
