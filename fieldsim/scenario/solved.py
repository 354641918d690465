"""Fields that are solved for: the scenario's model, laws and times as a Problem, and what its result says of sides."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from fieldsim.errors import InvalidInput, NumericalFailure, must
from fieldsim.scenario.build import DEFAULT_OUTPUTS, plain_value
from fieldsim.scenario.build_mesh import make_mesh
from fieldsim.scenario.conduct import Conduct, Follower
from fieldsim.scenario.language import Amount, evaluate_numbers
from fieldsim.scenario.schema_fields import Law, Model

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fieldsim.boundary import Condition
    from fieldsim.fields import ScalarField, VectorField
    from fieldsim.scenario.compute import Solution
    from fieldsim.scenario.load import Loaded
    from fieldsim.scenario.schema import Scenario, TimeSpec
    from fieldsim.scenario.schema_mesh import MeshSpec
    from fieldsim.simulation import Problem, Result, SideResult

    Array = NDArray[np.float64]


def make_problem(loaded: Loaded, spec: MeshSpec | None) -> Problem:
    """Build the problem of a scenario. Raises InvalidInput and its kin."""
    from fieldsim.simulation import Problem

    scenario = loaded.scenario
    if scenario.model is None or spec is None:
        raise InvalidInput(must("model", "given with a mesh", None, "Add `model` and `mesh`."))
    return Problem(
        make_mesh(spec, loaded.path.parent),
        _model(scenario.model, loaded.setting.units["@unknown"]),
        {side: _condition(law) for side, law in scenario.boundary.items()},
        initial=0.0 if scenario.initial is None else plain_value(scenario.initial),
        exact=None if scenario.exact is None else plain_value(scenario.exact),
    )


def _model(model: Model, unit: str) -> Any:
    from fieldsim import physics

    kind, spec = model.chosen
    numbers = {name: plain_value(getattr(spec, name)) for name in type(spec).model_fields}
    if kind == "diffusion":
        numbers["unit"] = unit
    return getattr(physics, kind.capitalize())(**numbers)


def _condition(law: Law) -> Condition:
    from fieldsim import boundary

    kind, value = law.chosen
    if kind == "convective":
        return boundary.Convective(h=plain_value(value.h), ambient=plain_value(value.ambient))
    kinds: dict[str, Callable[[Any], Condition]] = {
        "value": boundary.Value,
        "flux_out": boundary.FluxOut,
        "gradient_out": boundary.GradientOut,
    }
    return kinds[kind](plain_value(value))


def solve_model(loaded: Loaded, spec: MeshSpec | None, conduct: Conduct) -> Solution:
    """Solve a scenario's model, steady or in time. Raises FieldSimError."""
    from fieldsim.scenario.compute import Solution
    from fieldsim.simulation import evolve, solve

    problem = make_problem(loaded, spec)
    conduct.progress(f"solving for {problem.equation.quantity} in {problem.mesh.size} cells")
    if loaded.scenario.time is None:
        return _solution(loaded, solve(problem))
    plan = loaded.scenario.time
    follower = Follower(conduct)
    try:
        result = evolve(
            problem,
            until=plan.until,
            outputs=output_times(loaded.scenario, plan),
            method=plan.method,
            dt=plan.step,
            rtol=plan.tolerance if plan.tolerance is not None else 1e-4,
            observers=(follower,),
            resume=conduct.resume,
        )
    except NumericalFailure as error:
        kept = tuple(_shown(loaded, field) for field in follower.fields)
        raise BrokenRun(str(error), Solution(loaded, problem.mesh, kept, tuple(follower.times))) from error
    return _solution(loaded, result)


class BrokenRun(NumericalFailure):
    """A run in time that failed on its way; `partial` holds the outputs up to there."""

    def __init__(self, message: str, partial: Solution) -> None:
        super().__init__(message)
        self.partial = partial


def _solution(loaded: Loaded, result: Result) -> Solution:
    from fieldsim.scenario.compute import Solution

    fields = tuple(_shown(loaded, field) for field in result.fields)
    times = tuple(float(t) for t in result.times)
    return Solution(loaded, result.problem.mesh, fields, times, result=result)


def output_times(scenario: Scenario, plan: TimeSpec) -> list[float]:
    """Return the times that were asked for, with those that checks and views name."""
    wanted = (
        list(plan.at)
        if plan.at is not None
        else np.linspace(0.0, plan.until, (plan.outputs or DEFAULT_OUTPUTS) + 1).tolist()
    )
    named = [check.time for check in scenario.check] + [view.chosen[1].time for view in scenario.view]
    for moment in named:
        if moment is not None and min(abs(t - moment) for t in wanted) > 1e-9 * plan.until:
            wanted.append(min(moment, plan.until))
    return sorted(wanted)


def _shown(loaded: Loaded, field: ScalarField) -> ScalarField:
    """Return the solved field under the scenario's name and in its unit (K as degC, say)."""
    unit = _unit(loaded, field.unit)
    return field.with_values(_in_unit(field.values, field.unit, unit), unit=unit, name=loaded.setting.unknown)


def _unit(loaded: Loaded, solved: str) -> str:
    given = loaded.scenario.field
    return given.unit if given is not None and given.unit is not None else solved


def _in_unit(values: Array, solved: str, unit: str) -> Array:
    from fieldsim.units import convert

    return values if unit == solved else np.asarray(convert(values, solved, unit))


def flux_field(solution: Solution, number: int) -> VectorField:
    """Return the flux at one output, as the conservation law has it."""
    flux: VectorField = solution.result.flux_at(number)
    return flux.with_values(flux.values, unit=flux.unit, name="flux")


def wall_values(solution: Solution, number: int) -> dict[str, Array]:
    """Return the field's values on every wall, in the scenario's unit, for pictures that reach the walls."""
    result: Result = solution.result
    values = {}
    for side in result.problem.volume.walls:
        wall = result.at_boundary(side, number)
        values[side] = _in_unit(wall.value, wall.value_unit, solution.fields[number].unit)
    return values


def over_side(solution: Solution, number: int, text: str, side: str, take: str) -> tuple[Array, str]:
    """Return an expression of what a side knows, and its unit.

    The names are the field's (its values on the wall), `flux` (what leaves through it) and `outflow` (what has
    left since the start); the first two are reduced by `take`. Raises InvalidInput.
    """
    result: Result = solution.result
    wall = result.at_boundary(side, number)
    unit = solution.fields[number].unit
    book = result.balances[number]
    on_wall = _in_unit(wall.value, wall.value_unit, unit)
    flux_unit = wall.flow_unit if take == "integral" else wall.flux_unit
    known: dict[str, Any] = {
        solution.loaded.setting.unknown: Amount(_reduced(on_wall, wall, take), unit),
        "flux": Amount(_reduced(wall.flux_out, wall, take), flux_unit),
        "outflow": Amount(book.through[side], book.unit),
        "t": Amount(solution.time_of(number), "s"),
    }
    value = evaluate_numbers(text, known | solution.loaded.setting.amounts)
    return np.array([float(value)]), value.unit if isinstance(value, Amount) else ""


def _reduced(values: Array, wall: SideResult, take: str) -> float:
    if take in ("min", "max"):
        return float(values.min() if take == "min" else values.max())
    total = float((wall.areas * values).sum())
    return total / float(wall.areas.sum()) if take == "mean" else total
