"""From a checked scenario to a Problem of the Python interface: model, walls, bodies, contacts, initial values.

Nothing is decided here that the interface does not decide; a scenario only spells its constructors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from fieldsim.errors import InvalidInput, must
from fieldsim.scenario.amounts import Formula, Setting
from fieldsim.scenario.language import renamed
from fieldsim.scenario.part_slots import Region, TensorSpec
from fieldsim.scenario.schema_models import Body, Law, LawPart, Model

if TYPE_CHECKING:
    from fieldsim.boundary import Condition
    from fieldsim.meshes import Mesh
    from fieldsim.scenario.schema import Scenario
    from fieldsim.simulation import CoupledProblem, Problem


def make_problem(scenario: Scenario, setting: Setting, mesh: Mesh) -> Problem:
    """Build the problem of a scenario on a mesh. Raises InvalidInput and its kin."""
    from fieldsim.simulation import Problem

    if scenario.model is None:
        raise InvalidInput(must("model", "given", None, "Add `model`."))
    return Problem(
        mesh,
        make_model(scenario.model, setting),
        {side: make_law(laws, setting) for side, laws in scenario.boundary.items()},
        initial=_zero(setting) if scenario.initial is None else spelled(scenario.initial, setting),
        exact=None if scenario.exact is None else spelled(scenario.exact, setting),
        fixed=[(body.where.resolved, make_body(body, setting)) for body in scenario.fixed],
        holes=[hole.where.resolved for hole in scenario.holes],
        contact=[(part.where.resolved, spelled(part.resistance, setting)) for part in scenario.contact],
    )


def _zero(setting: Setting) -> float:
    """Return nought of the unit that the scenario shows, in SI: 0 degC is 273.15 K."""
    from fieldsim.units import convert

    unit = setting.units["@unknown"]
    return 0.0 if setting.field_unit is None else float(convert(0.0, setting.field_unit, unit))


def make_coupled(scenario: Scenario, setting: Setting, mesh: Mesh) -> CoupledProblem:
    """Build the problem of several fields on a mesh. Raises InvalidInput and its kin."""
    from fieldsim.simulation import CoupledProblem

    parts: dict[str, dict[str, Any]] = {
        key: {} for key in ("models", "boundary", "initial", "exact", "fixed", "contact")
    }
    for name, own in setting.fields.items():
        alone = scenario.alone(name)
        parts["models"][name] = make_model(scenario.fields[name], own)
        parts["boundary"][name] = {side: make_law(laws, own) for side, laws in alone.boundary.items()}
        parts["initial"][name] = 0.0 if alone.initial is None else spelled(alone.initial, own)
        parts["fixed"][name] = [(body.where.resolved, make_body(body, own)) for body in alone.fixed]
        parts["contact"][name] = [(c.where.resolved, spelled(c.resistance, own)) for c in alone.contact]
        if alone.exact is not None:
            parts["exact"][name] = spelled(alone.exact, own)
    return CoupledProblem(mesh, holes=[hole.where.resolved for hole in scenario.holes], **parts)


def make_model(model: Model, setting: Setting) -> Any:
    """Return the model of a scenario."""
    from fieldsim import physics

    kind, spec = model.chosen
    numbers = {name: spelled(getattr(spec, name), setting) for name in type(spec).model_fields}
    if kind == "diffusion":
        numbers["unit"] = setting.units["@unknown"]
    return getattr(physics, kind.capitalize())(**numbers)


def make_law(laws: Law | Sequence[LawPart], setting: Setting) -> Any:
    """Return the condition of a side, or the list of its parts."""
    if isinstance(laws, Law):
        return _condition(laws, setting)
    conditions = [_condition(part, setting) for part in laws]
    parts = [c if part.where is None else (part.where.resolved, c) for part, c in zip(laws, conditions, strict=True)]
    return conditions[0] if len(parts) == 1 and laws[0].where is None else parts


def _condition(law: Law, setting: Setting) -> Condition:
    from fieldsim import boundary

    kind, value = law.chosen
    if kind == "convective":
        return boundary.Convective(h=spelled(value.h, setting), ambient=spelled(value.ambient, setting))
    if kind == "radiative":
        return boundary.Radiative(spelled(value.emissivity, setting), ambient=spelled(value.ambient, setting))
    if kind == "far_field":
        return boundary.FarField(value.value, about=value.about)
    kinds: dict[str, Callable[[Any], Condition]] = {
        "value": boundary.Value,
        "flux_out": boundary.FluxOut,
        "gradient_out": boundary.GradientOut,
    }
    return kinds[kind](spelled(value, setting))


def make_body(body: Body, setting: Setting) -> Any:
    """Return what a body is held at, or that it floats."""
    from fieldsim.physics import Floating

    kind, value = body.chosen
    return spelled(value, setting) if kind == "value" else Floating(spelled(value, setting))


def spelled(value: Any, setting: Setting) -> Any:
    """Return what the constructors take: a number, the text of a formula, pieces [(where, value), ..., value].

    Where a formula follows the field, the model's own symbol in SI stands for the scenario's name.
    """
    if isinstance(value, Formula):
        same = setting.solved in ("", setting.unknown)
        return value.resolved if same else renamed(value.resolved, setting.unknown, setting.solved)
    if isinstance(value, TensorSpec):
        return _tensor(value, setting)
    if isinstance(value, dict):
        return {name: spelled(item, setting) for name, item in value.items()}
    if not isinstance(value, list):
        return value
    if not isinstance(value[0], Region):
        return [spelled(item, setting) for item in value]
    whole = len(value) == 1 and value[0].where is None
    parts = [
        spelled(r.value, setting) if r.where is None else (r.where.resolved, spelled(r.value, setting)) for r in value
    ]
    return parts[0] if whole else parts


def _tensor(spec: TensorSpec, setting: Setting) -> Any:
    from fieldsim.physics.tensor import Tensor

    if spec.tensor is not None:
        return Tensor([[spelled(entry, setting) for entry in row] for row in spec.tensor], spec.basis)
    principal = [spelled(entry, setting) for entry in spec.principal or []]
    if spec.angle is None and spec.axis is None:
        return Tensor(tuple(principal), spec.basis)
    return Tensor.principal(principal, angle=spec.angle, axis=spec.axis, basis=spec.basis)
