"""The part of the schema that says how a field is given: by potentials, a formula, or data."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field as Described
from pydantic import StringConstraints, field_validator, model_validator

from fieldsim.scenario.amounts import Formula
from fieldsim.scenario.base_models import Record
from fieldsim.scenario.formula_slots import FieldFormula
from fieldsim.scenario.schema_potentials import Term
from fieldsim.scenario.slots import Name, PositiveLength, Unit, wrong


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
