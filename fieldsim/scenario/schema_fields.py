"""The part of the schema that says what the field is: given (potentials, a formula, data) or solved for."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field as Described
from pydantic import StringConstraints, field_validator, model_validator

from fieldsim.scenario.base_models import Choice, Record
from fieldsim.scenario.formula_slots import FieldFormula, FormulaIn
from fieldsim.scenario.schema_potentials import Term
from fieldsim.scenario.slots import FLUX, SLOPE, SOURCE, TRANSFER, UNKNOWN, Formula, Name, PositiveLength, Unit, wrong


class GivenField(Record):
    """The field's name and unit, and what gives it; with a `model`, name and unit alone."""

    name: Annotated[str, Name()]
    unit: Annotated[str, Unit()] | None = None
    quantity: Annotated[str, StringConstraints(max_length=60)] | None = None
    potential: list[Term] | None = Described(default=None, min_length=1)
    expression: Annotated[float | Formula, FieldFormula()] | None = None
    gradient: list[Annotated[float | Formula, FieldFormula()]] | None = Described(
        default=None, description="the exact gradient of `expression`, Cartesian components, for comparison"
    )
    data: Annotated[str, StringConstraints(min_length=1, max_length=255)] | None = None
    cut: PositiveLength | None = Described(default=None, description="leave out balls of this radius at sources")
    soften: PositiveLength | None = Described(default=None, description="Plummer softening of point sources")

    @field_validator("potential", mode="before")
    @classmethod
    def open_potential(cls, value: object) -> object:
        """Let one potential stand for a list of one."""
        return [value] if isinstance(value, dict) else value

    @model_validator(mode="after")
    def at_most_one_source(self) -> GivenField:
        """Refuse a field that is given twice, and options that need another kind of field."""
        given = [key for key in ("potential", "expression", "data") if getattr(self, key) is not None]
        if len(given) > 1:
            raise wrong(f"must be given once; got {' and '.join(given)}. Keep one of them.")
        if (self.cut is not None or self.soften is not None) and self.potential is None:
            raise wrong("has no point source to cut or soften; got no `potential`. Remove `cut` and `soften`.")
        if self.cut is not None and self.soften is not None:
            raise wrong("must be cut or softened; got both. Keep one of `cut` and `soften`.")
        if self.gradient is not None and self.expression is None:
            raise wrong("must have an `expression` for `gradient` to belong to. Remove `gradient`.")
        return self

    @property
    def is_given(self) -> bool:
        """Whether the values stand in the file, and are not solved for."""
        return self.potential is not None or self.expression is not None or self.data is not None


class HeatSpec(Record):
    """density capacity dT/dt = div(conductivity grad T) + source."""

    conductivity: Annotated[float | Formula, FormulaIn("W/m/K", time=False)]
    density: Annotated[float | Formula, FormulaIn("kg/m^3", time=False)] | None = None
    capacity: Annotated[float | Formula, FormulaIn("J/kg/K", time=False)] | None = None
    source: Annotated[float | Formula, FormulaIn("W/m^3")] = 0.0


class DiffusionSpec(Record):
    """dc/dt = div(diffusivity grad c) + source."""

    diffusivity: Annotated[float | Formula, FormulaIn("m^2/s", time=False)]
    source: Annotated[float | Formula, FormulaIn(SOURCE)] = 0.0


class ElectrostaticsSpec(Record):
    """-div(permittivity grad V) = charge density."""

    permittivity: Annotated[float | Formula, FormulaIn("F/m", time=False)] = 8.8541878188e-12
    charge_density: Annotated[float | Formula, FormulaIn("C/m^3", time=False)] = 0.0


class GravitySpec(Record):
    """div grad Phi = 4 pi G density."""

    density: Annotated[float | Formula, FormulaIn("kg/m^3", time=False)]


class Model(Choice):
    """The equation that the field obeys."""

    heat: HeatSpec | None = None
    diffusion: DiffusionSpec | None = None
    electrostatics: ElectrostaticsSpec | None = None
    gravity: GravitySpec | None = None


class ConvectiveSpec(Record):
    """What leaves is h (u - ambient)."""

    h: Annotated[float | Formula, FormulaIn(TRANSFER)]
    ambient: Annotated[float | Formula, FormulaIn(UNKNOWN)]


class Law(Choice):
    """The law on one side of the mesh; "out" is along the outward normal."""

    value: Annotated[float | Formula, FormulaIn(UNKNOWN)] | None = None
    flux_out: Annotated[float | Formula, FormulaIn(FLUX)] | None = None
    gradient_out: Annotated[float | Formula, FormulaIn(SLOPE)] | None = None
    convective: ConvectiveSpec | None = None
