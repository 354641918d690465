"""The values that pictures show: expressions of the fields of a run, with the values on its walls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fieldsim.errors import InvalidInput, must
from fieldsim.scenario.compute import Solution, fields_at, value_of

if TYPE_CHECKING:
    from fieldsim.fields import ScalarField, VectorField

_ROUNDING = 1e-10


class Shown:
    """Values of one solution; fields of an output are computed once."""

    def __init__(self, solution: Solution) -> None:
        self.solution = solution
        self._fields: dict[int, dict[str, Any]] = {}

    def _title(self, spec: Any) -> str:
        """Return a view's own title, or the scenario's."""
        return str(spec.title or self.solution.loaded.scenario.title)

    def _number(self, spec: Any) -> int:
        return self.solution.number_at(spec.time)

    def _fields_at(self, number: int) -> dict[str, Any]:
        if number not in self._fields:
            self._fields = {number: fields_at(self.solution, number)}
        return self._fields[number]

    def _value(self, text: str, number: int) -> Any:
        part = self._part(text)
        if part is not None:
            return part.fields[number]
        value = value_of(text, self.solution, number, self._fields_at(number))
        if not hasattr(value, "with_values"):
            raise InvalidInput(must("of", "a field", text, "Name a field or an expression of one."))
        return value if value.name else value.with_values(value.values, unit=value.unit, name=text)

    def _scalar(self, text: str, number: int) -> ScalarField:
        from fieldsim.fields import ScalarField

        value = self._value(text, number)
        if not isinstance(value, ScalarField):
            raise InvalidInput(must("of", "a scalar field", text, "Draw norm(...) of it, or its field lines."))
        return _level(value)

    def _vector(self, text: str | None, number: int) -> VectorField | None:
        from fieldsim.fields import VectorField

        if text is None:
            return None
        value = self._value(text, number)
        if not isinstance(value, VectorField):
            raise InvalidInput(must("of", "a vector field", text, "Draw -grad(...) of it."))
        return value

    def _walls(self, text: str, number: int) -> Any:
        """Return the values on the walls where the solved field itself is drawn."""
        part = self._part(text)
        # a mesh of one axis has single numbers on its walls, which the picture grid does not take
        if part is None or part.result is None or part.mesh.ndim == 1:
            return None
        from fieldsim.scenario.solved import wall_values

        return wall_values(part, number)

    def _part(self, text: str) -> Solution | None:
        """Return the solution of the field that is named, None for other expressions."""
        name, solution = text.strip(), self.solution
        return solution.parts.get(name) or (solution if name == solution.loaded.setting.unknown else None)


def _level(field: ScalarField) -> ScalarField:
    """Return a field that is constant but for rounding as a constant, which draws as one."""
    known = field.values[np.isfinite(field.values)]
    if not known.size or np.ptp(known) == 0.0 or np.ptp(known) > _ROUNDING * np.abs(known).max():
        return field
    return field.with_values(
        np.where(np.isfinite(field.values), known.mean(), np.nan), unit=field.unit, name=field.name
    )
