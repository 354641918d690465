"""The part of the schema that says which equation a field obeys, and what its walls and bodies do."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import AfterValidator
from pydantic import Field as Described

from fieldsim.scenario.amounts import Formula
from fieldsim.scenario.base_models import Choice, Record
from fieldsim.scenario.formula_slots import FormulaIn
from fieldsim.scenario.part_slots import ByShape, Region, RegionsIn, TensorSpec, WhereSlot, in_order
from fieldsim.scenario.slots import CONTACT, FLUX, SINK, SLOPE, SOURCE, SUPPLY, TRANSFER, UNKNOWN, InUnit, Length, Name

Direction = Literal["x", "y", "z", "r", "theta", "phi", "sigma", "tau", "mu", "nu"]

Regional: TypeAlias = float | Formula | list[Region]
Tensorial: TypeAlias = Regional | TensorSpec
Number: TypeAlias = float | Formula
Speed = Annotated[Number, FormulaIn("m/s")]
Velocity: TypeAlias = Annotated[Speed | list[Speed] | dict[Direction, Speed], ByShape()]
Drift = Literal["limited", "exponential", "upwind", "central"]
_FLOW = Described(default=None, description="a velocity that carries it: [vx, vy], or {r: ..., z: ...} on its own axes")


class HeatSpec(Record):
    """density capacity dT/dt = div(conductivity grad T) + source - sink T."""

    conductivity: Annotated[Tensorial, RegionsIn("W/m/K", unknown=True, tensor=True)]
    density: Annotated[Regional, RegionsIn("kg/m^3", time=False)] | None = None
    capacity: Annotated[Regional, RegionsIn("J/kg/K", time=False)] | None = None
    source: Annotated[Regional, RegionsIn("W/m^3", unknown=True)] = 0.0
    sink: Annotated[Regional, RegionsIn("W/m^3/K")] = 0.0
    velocity: Velocity | None = _FLOW
    drift: Drift = "limited"


class DiffusionSpec(Record):
    """dc/dt = div(diffusivity grad c) + source - sink c."""

    diffusivity: Annotated[Tensorial, RegionsIn("m^2/s", unknown=True, tensor=True)]
    source: Annotated[Regional, RegionsIn(SOURCE, unknown=True)] = 0.0
    sink: Annotated[Regional, RegionsIn(SINK)] = 0.0
    velocity: Velocity | None = _FLOW
    drift: Drift = "limited"


class ElectrostaticsSpec(Record):
    """-div(permittivity grad V) = charge density."""

    permittivity: Annotated[Tensorial, RegionsIn("F/m", time=False, unknown=True, tensor=True)] = 8.8541878188e-12
    charge_density: Annotated[Regional, RegionsIn("C/m^3", time=False, unknown=True)] = 0.0


class GravitySpec(Record):
    """div grad Phi = 4 pi G density."""

    density: Annotated[Regional, RegionsIn("kg/m^3", time=False)]


class Model(Choice):
    """The equation that the field obeys."""

    heat: HeatSpec | None = None
    diffusion: DiffusionSpec | None = None
    electrostatics: ElectrostaticsSpec | None = None
    gravity: GravitySpec | None = None


class ConvectiveSpec(Record):
    """What leaves is h (u - ambient)."""

    h: Annotated[Number, FormulaIn(TRANSFER)]
    ambient: Annotated[Number, FormulaIn(UNKNOWN)]


class RadiativeSpec(Record):
    """What leaves is emissivity sigma (T^4 - ambient^4), temperatures in kelvin."""

    emissivity: Annotated[Number, FormulaIn("")]
    ambient: Annotated[Number, FormulaIn(UNKNOWN)]


class FarFieldSpec(Record):
    """Open space beyond the wall: the field tends to `value` at infinity, as that of what is inside."""

    short = "value"

    value: Annotated[float, InUnit(UNKNOWN)] = 0.0
    about: list[Length] | None = Described(default=None, min_length=2, max_length=3)


class Law(Choice):
    """The law on one side of the mesh; "out" is along the outward normal."""

    value: Annotated[Number, FormulaIn(UNKNOWN)] | None = None
    flux_out: Annotated[Number, FormulaIn(FLUX)] | None = None
    gradient_out: Annotated[Number, FormulaIn(SLOPE)] | None = None
    convective: ConvectiveSpec | None = None
    radiative: RadiativeSpec | None = None
    far_field: FarFieldSpec | None = None


class LawPart(Law):
    """The law on the part of a side where a comparison holds; without `where`, on all that is left."""

    beside: ClassVar[tuple[str, ...]] = ("where",)

    where: Annotated[Formula, WhereSlot()] | None = None


Laws: TypeAlias = Annotated[Law | Annotated[list[LawPart], AfterValidator(in_order)], ByShape()]


class Body(Choice):
    """Cells inside that are held at a value (an electrode, a thermostat), or float and give off `floating` in all.

    Checks may name it.
    """

    beside: ClassVar[tuple[str, ...]] = ("where", "name")

    where: Annotated[Formula, WhereSlot()]
    value: Annotated[Number, FormulaIn(UNKNOWN)] | None = None
    floating: Annotated[Number, FormulaIn(SUPPLY)] | None = None
    name: Annotated[str, Name()] | None = None


class Contact(Record):
    """A resistance on the surface of the part where a comparison holds: m^2 K/W for heat."""

    where: Annotated[Formula, WhereSlot()]
    resistance: Annotated[Number, FormulaIn(CONTACT)]


class Hole(Record):
    """Cells that are cut out; their faces are insulated."""

    short = "where"

    where: Annotated[Formula, WhereSlot()]
