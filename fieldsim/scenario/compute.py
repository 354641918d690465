"""Compute what a scenario asks for: the field itself, then the fields derived from it, at each output time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fieldsim.errors import FieldSimError, InvalidInput, must
from fieldsim.scenario.build import Given, guard_memory, make_given
from fieldsim.scenario.conduct import Conduct
from fieldsim.scenario.language import evaluate
from fieldsim.scenario.load import Loaded
from fieldsim.scenario.schema_mesh import MeshSpec

if TYPE_CHECKING:
    from fieldsim.fields import ScalarField, VectorField
    from fieldsim.meshes import Mesh

FREE = Conduct()


@dataclass(frozen=True)
class Solution:
    """The field of a scenario: one a time, or one in all where nothing runs in time."""

    loaded: Loaded
    mesh: Mesh
    fields: tuple[ScalarField, ...]
    times: tuple[float, ...] = ()
    given: Given | None = None
    result: Any = None
    # of several fields, the solution of each by name
    parts: Mapping[str, Solution] = field(default_factory=dict)

    @property
    def last(self) -> int:
        """The number of the last output."""
        return len(self.fields) - 1

    def time_of(self, number: int) -> float:
        """Return the time of an output, 0 where nothing runs in time."""
        return self.times[number] if self.times else 0.0

    def number_at(self, time: float | None) -> int:
        """Return the number of the output at a time (None: the last). Raises InvalidInput between outputs."""
        if time is None or not self.times:
            return self.last
        nearest = min(range(len(self.times)), key=lambda k: abs(self.times[k] - time))
        if abs(self.times[nearest] - time) > 1e-9 * max(self.times[-1], abs(time)):
            shown = ", ".join(f"{t:g}" for t in self.times[:12])
            raise InvalidInput(must("time", f"an output time ({shown}, ... s)", time, "Change `outputs`."))
        return nearest


def solve(loaded: Loaded, mesh: MeshSpec | None = None, conduct: Conduct = FREE) -> Solution:
    """Compute the field of a scenario, on its own mesh or on another one. Raises FieldSimError."""
    scenario = loaded.scenario
    spec = mesh if mesh is not None else scenario.mesh
    if spec is not None:
        guard_memory(scenario, spec)
    if not scenario.solves:
        conduct.progress("evaluating the field")
        given = make_given(scenario, spec, loaded.path.parent)
        return Solution(loaded, given.mesh, (given.field,), given=given)
    from fieldsim.scenario.solved import solve_model

    return solve_model(loaded, spec, conduct)


def fields_at(solution: Solution, number: int) -> dict[str, ScalarField | VectorField]:
    """Return the field and all derived fields at one output. Raises FieldSimError naming the derived field."""
    setting, scenario = solution.loaded.setting, solution.loaded.scenario
    fields: dict[str, Any] = {setting.unknown: solution.fields[number]}
    fields |= {name: part.fields[number] for name, part in solution.parts.items()}
    if solution.result is not None and not solution.parts:
        from fieldsim.scenario.solved import flux_field

        fields["flux"] = flux_field(solution, number)
    time = solution.time_of(number)
    for name, derived in scenario.derive.items():
        try:
            value = evaluate(derived.expression, solution.mesh, fields, setting.amounts, time)
            fields[name] = _named(value, name, derived.unit)
        except FieldSimError as error:
            raise type(error)(f"derive.{name}: {error}") from error
    return fields


def _named(value: Any, name: str, unit: str | None) -> Any:
    if not hasattr(value, "with_values"):
        raise InvalidInput(must("expression", "a field", value, "Use the field in it, e.g. -grad(V)."))
    if unit is None:
        return value.with_values(value.values, unit=value.unit, name=name)
    return value.with_values(_converted(value, unit), unit=unit, name=name)


def _converted(value: Any, unit: str) -> Any:
    """Return values in the unit that was asked for; a result whose unit is not known takes it as it is."""
    from fieldsim.units import convert

    return value.values if value.unit in ("", unit) else convert(value.values, value.unit, unit)


def value_of(text: str, solution: Solution, number: int, fields: dict[str, Any]) -> Any:
    """Return the value of an expression of fields at one output."""
    amounts = solution.loaded.setting.amounts
    return evaluate(text, solution.mesh, fields, amounts, solution.time_of(number))
