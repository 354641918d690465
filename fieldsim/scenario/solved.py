"""Fields that are solved for: the scenario's model, laws and times as a Problem, and what its result says of sides."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from fieldsim.errors import InvalidInput, NumericalFailure, must
from fieldsim.scenario.amounts import Formula
from fieldsim.scenario.build import DEFAULT_OUTPUTS
from fieldsim.scenario.build_mesh import make_mesh
from fieldsim.scenario.build_problem import make_coupled, make_problem
from fieldsim.scenario.conduct import Conduct, Follower
from fieldsim.scenario.units_shown import in_unit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fieldsim.fields import ScalarField, VectorField
    from fieldsim.scenario.compute import Solution
    from fieldsim.scenario.load import Loaded
    from fieldsim.scenario.schema import Scenario, TimeSpec
    from fieldsim.scenario.schema_mesh import MeshSpec
    from fieldsim.simulation import CoupledProblem, CoupledResult, Problem, Result

    Array = NDArray[np.float64]


def problem_of(loaded: Loaded, spec: MeshSpec | None) -> Problem | CoupledProblem:
    """Build the problem of a scenario on its mesh. Raises InvalidInput and its kin."""
    if spec is None:
        raise InvalidInput(must("mesh", "given with a model", None, "Add `mesh`."))
    make = make_coupled if loaded.scenario.fields else make_problem
    return make(loaded.scenario, loaded.setting, make_mesh(spec, loaded.path.parent))


def solve_model(loaded: Loaded, spec: MeshSpec | None, conduct: Conduct) -> Solution:
    """Solve a scenario's model, steady or in time. Raises FieldSimError."""
    from fieldsim.scenario.compute import Solution
    from fieldsim.simulation import CoupledProblem, evolve, solve

    problem = problem_of(loaded, spec)
    scenario = loaded.scenario
    what = " and ".join(scenario.fields) if isinstance(problem, CoupledProblem) else problem.equation.quantity
    conduct.progress(f"solving for {what} in {problem.mesh.size} cells")
    plan = scenario.time
    if plan is None:
        return _solution(loaded, solve(problem, solver=scenario.solver))
    follower = Follower(conduct)
    try:
        result = evolve(
            problem,
            until=plan.until,
            outputs=output_times(scenario, plan),
            method=plan.method,
            dt=plan.step,
            steady=plan.steady,
            rtol=plan.tolerance if plan.tolerance is not None else 1e-4,
            atol=plan.absolute_tolerance or 0.0,
            jumps=plan.jumps or (),
            solver=scenario.solver,
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


def _solution(loaded: Loaded, result: Result | CoupledResult) -> Solution:
    from fieldsim.scenario.compute import Solution
    from fieldsim.simulation import CoupledResult

    if isinstance(result, CoupledResult):
        parts = {name: _solution(_alone(loaded, name), result[name]) for name in result}
        return replace(next(iter(parts.values())), loaded=loaded, parts=parts)
    fields = tuple(_shown(loaded, field) for field in result.fields)
    times = tuple(float(t) for t in result.times)
    return Solution(loaded, result.problem.mesh, fields, times, result=result)


def _alone(loaded: Loaded, name: str) -> Loaded:
    """Return what was loaded, for one of several fields."""
    return replace(loaded, scenario=loaded.scenario.alone(name), setting=loaded.setting.fields[name])


def output_times(scenario: Scenario, plan: TimeSpec) -> list[float]:
    """Return the times that were asked for, with those that checks and views name."""
    if plan.until == 0.0:
        return [0.0]
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
    return field.with_values(in_unit(field.values, field.unit, unit), unit=unit, name=loaded.setting.unknown)


def _unit(loaded: Loaded, solved: str) -> str:
    given = loaded.scenario.field
    return given.unit if given is not None and given.unit is not None else solved


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
        values[side] = in_unit(wall.value, wall.value_unit, solution.fields[number].unit)
    return values


def has_edges(scenario: Scenario) -> bool:
    """Tell whether the solved field has kinks or jumps inside: regions of materials, bodies, holes, contacts."""
    if scenario.model is None:
        return False
    conductivity = getattr(scenario.model.chosen[1], _CONDUCTIVITY[scenario.model.chosen[0]], None)
    stepwise = isinstance(conductivity, list) or (isinstance(conductivity, Formula) and "where" in conductivity.text)
    return stepwise or bool(scenario.fixed or scenario.holes or scenario.contact)


_CONDUCTIVITY = {"heat": "conductivity", "diffusion": "diffusivity", "electrostatics": "permittivity", "gravity": ""}


def values_at(solution: Solution, number: int, points: Array) -> Array:
    """Return the solved field at Cartesian points (n, dim), exact for layers where it has kinks or jumps."""
    field = solution.fields[number]
    if not has_edges(solution.loaded.scenario):
        return field.at(points)
    result: Result = solution.result
    return in_unit(result.at(points, number), result.field.unit, field.unit)
