"""The schema of a scenario file, format 1: what may be written, with which units.

Reading gives SI numbers, checked formulas and checked names; nothing is computed here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field as Described
from pydantic import StringConstraints, field_validator

from fieldsim.errors import InvalidInput
from fieldsim.scenario.amounts import Formula, Setting
from fieldsim.scenario.answers import BETWEEN, OF_THE_WHOLE
from fieldsim.scenario.base_models import Record
from fieldsim.scenario.formula_slots import FieldExpression, FormulaIn
from fieldsim.scenario.part_slots import RegionsIn
from fieldsim.scenario.schema_fields import GivenField
from fieldsim.scenario.schema_mesh import MeshSpec
from fieldsim.scenario.schema_models import Body, Contact, Hole, Laws, Model, Regional
from fieldsim.scenario.schema_several import EachInItsUnits, FieldSpec
from fieldsim.scenario.schema_views import ExitSlot, Side, View
from fieldsim.scenario.slots import UNKNOWN, InUnit, Length, Name, Seconds, Slot, Unit, Whole, wrong
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


Method = Literal[
    "tr_bdf2", "esdirk4", "bdf2", "backward_euler", "crank_nicolson", "trapezoidal", "exponential", "rkl2",
    "explicit_euler", "rk4",
]  # fmt: skip
Solver = Literal["auto", "fast", "direct", "cg", "bicgstab"]


class TimeSpec(Record):
    """How long, and how many outputs; left out of a scenario, the steady state is sought."""

    until: Annotated[float, InUnit("s", negative=False)]
    outputs: Annotated[int, Whole(1, 100_000)] | None = None
    at: list[Seconds] | None = Described(default=None, min_length=1, description="output times instead of outputs")
    method: Method = "tr_bdf2"
    step: Annotated[float, InUnit("s", positive=True)] | None = None
    tolerance: Annotated[float, InUnit("", positive=True)] | None = Described(
        default=None, description="error of a step, as a share of the field's range"
    )
    absolute_tolerance: Annotated[float, InUnit(UNKNOWN, positive=True, difference=True)] | None = Described(
        default=None, description="error of a step that is allowed beside this, in the unit of the field"
    )
    jumps: list[Seconds] | None = Described(default=None, min_length=1, description="times at which data jump")
    steady: Annotated[float, InUnit("", positive=True)] | None = Described(
        default=None, description="end the run where nothing would change by more than this share of the range: 1e-6"
    )


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
    """A number from a book, a formula or a table, and how closely the run must meet it.

    With `at` or `over: mesh`, `of` is an expression of fields; over a side or a body, of the field's value there,
    `flux` and `outflow`; `between` two of these, of capacitance or resistance; without any of them, of the whole
    answer's energy, content, total_source, flow_in, flow_out, source, stored, missing.
    """

    of: Annotated[str, FieldExpression(also=(*BETWEEN, *OF_THE_WHOLE))]
    at: Point | None = None
    over: Annotated[str, ExitSlot(mesh=True)] | None = None
    between: list[Annotated[str, ExitSlot()]] | None = Described(default=None, min_length=2, max_length=2)
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
    fields: Annotated[dict[str, FieldSpec], EachInItsUnits()] = Described(
        default_factory=dict, description="several fields that follow each other, in place of `field` and `model`"
    )
    boundary: dict[Side, Laws] = Described(default_factory=dict)
    fixed: list[Body] = Described(default_factory=list)
    holes: list[Hole] = Described(default_factory=list)
    contact: list[Contact] = Described(default_factory=list)
    initial: Annotated[Regional, RegionsIn(UNKNOWN, time=False)] | None = None
    exact: Annotated[float | Formula, FormulaIn(UNKNOWN)] | None = Described(
        default=None, description="the known answer, for comparison only"
    )
    time: TimeSpec | None = None
    solver: Solver = "auto"
    derive: dict[Annotated[str, Name()], Derived] = Described(default_factory=dict)
    probe: dict[Annotated[str, Name()], Probe] = Described(default_factory=dict)
    check: list[Check] = Described(default_factory=list)
    view: list[View] = Described(default_factory=list)

    @property
    def solves(self) -> bool:
        """Whether the field is solved for, alone or with others."""
        return self.model is not None or bool(self.fields)

    def alone(self, name: str) -> Scenario:
        """Return the scenario of one of several fields, with what it shares with the others."""
        spec = self.fields[name]
        own = {key: getattr(spec, key) or getattr(self, key) for key in ("boundary", "fixed", "contact")}
        return self.model_copy(
            update={
                **own,
                "model": spec,
                "initial": spec.initial,
                "exact": spec.exact,
                "field": GivenField(name=name, unit=spec.unit),
                "fields": {},
            }
        )
