"""What the parts of a scenario demand of each other: sides and laws, names and their order, points.

Each check is a function (scenario, setting) -> pairs of path and sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

from fieldsim.errors import FieldSimError, Finding, InvalidInput
from fieldsim.scenario.amounts import Formula, Setting
from fieldsim.scenario.answers import OF_THE_WHOLE
from fieldsim.scenario.build import ELEVATION, make_potential
from fieldsim.scenario.build_mesh import checked_mesh
from fieldsim.scenario.faults import did_you_mean
from fieldsim.scenario.language import FIELD_FUNCTIONS
from fieldsim.scenario.nodes import Node, Path, finding
from fieldsim.scenario.place_checks import place_faults
from fieldsim.scenario.problem_checks import problem_faults
from fieldsim.scenario.schema import Scenario

if TYPE_CHECKING:
    from fieldsim.meshes import Mesh

Fault = tuple[Path, str]
_STEPPED = ("crank_nicolson", "trapezoidal")
_FIRST_NAME = re.compile(r"`(?P<name>\w+)(?:\.(?P<below>\w+))?")


def cross_check(scenario: Scenario, setting: Setting, root: Node, folder: FilePath) -> list[Finding]:
    """Return every fault that lies between the parts of a scenario; `folder` is where its files lie."""
    faults = list(_field_or_model(scenario))
    mesh: Mesh | None = None
    if scenario.mesh is not None:
        try:
            mesh = checked_mesh(scenario.mesh, folder)
        except FieldSimError as error:
            path = _mesh_path(scenario, str(error))
            faults.append((path, f"{error}{_in_degrees(scenario, path)}"))
    elif not (scenario.field is not None and scenario.field.data == ELEVATION):
        faults.append(((), "the key `mesh` is required here. Add it: {type: cartesian, x: [0, 1], cells: [64]}."))
    if mesh is not None:
        formulas = list(_formulas(scenario, setting, mesh))
        faults += formulas or problem_faults(scenario, setting, mesh)
    faults += place_faults(scenario, mesh)
    faults += _potential(scenario)
    faults += _order_of_names(scenario, setting)
    faults += _times(scenario)
    faults += _checks(scenario, setting, mesh)
    faults += _views(scenario, mesh)
    return [finding(root, path, message) for path, message in faults]


def _mesh_path(scenario: Scenario, message: str) -> Path:
    """Return the path below `mesh` that a constructor's message names."""
    named = _FIRST_NAME.match(message)
    if named and scenario.mesh is not None and named["name"] in type(scenario.mesh).model_fields:
        return ("mesh", named["name"], named["below"]) if named["below"] else ("mesh", named["name"])
    return ("mesh",)


def _in_degrees(scenario: Scenario, path: Path) -> str:
    """Return a hint where an angle looks as if it were written in degrees."""
    name = path[1] if len(path) > 1 else ""
    span = getattr(scenario.mesh, str(name), None) if name in ("theta", "phi") else None
    return " Plain numbers are rad: write [0, 360 deg]." if span is not None and max(map(abs, span)) > 7.0 else ""


def _field_or_model(scenario: Scenario) -> Iterator[Fault]:
    given = scenario.field is not None and scenario.field.is_given
    if scenario.fields and (scenario.field is not None or scenario.model is not None):
        yield ("fields",), "`fields` stands in place of `field` and `model`; got both. Keep one."
    if given and scenario.model is not None:
        yield ("model",), "a scenario must have a given field or a model; got both. Keep one of them."
    if not given and not scenario.solves:
        path: Path = ("field",) if scenario.field is not None else ()
        yield (
            path,
            "a field must be given by potential, expression or data, or solved for by a `model`. Add one.",
        )
    if not scenario.solves:
        for key in ("boundary", "initial", "time", "exact"):
            if getattr(scenario, key):
                yield (key,), f"`{key}` belongs to a model; this field is given. Remove it or add a model."
    elif scenario.fields:
        for key in ("initial", "exact"):
            if getattr(scenario, key) is not None:
                yield (key,), f"`{key}` must stand with its field under `fields`. Move it there."
    elif scenario.time is not None and scenario.initial is None:
        yield ("time",), "a run in time must begin somewhere. Add `initial`."


def _formulas(scenario: Scenario, setting: Setting, mesh: Mesh) -> Iterator[Fault]:
    """Refuse formulas of coordinates that the mesh leaves out."""
    for path, formula in _formulas_in(scenario, ()):
        if path[0] in ("view", "probe", "mesh"):
            continue
        used = setting.coordinates & _names_in(formula.resolved)
        for name in sorted(used - mesh.expression_names):
            try:
                mesh.coordinate_values([name])
            except InvalidInput as error:
                yield path, str(error)


def _formulas_in(value: Any, path: Path) -> Iterator[tuple[Path, Formula]]:
    from pydantic import BaseModel

    if isinstance(value, Formula):
        yield path, value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _formulas_in(getattr(value, name), (*path, name))
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _formulas_in(item, (*path, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _formulas_in(item, (*path, index))


def _names_in(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[A-Za-z_]\w*", text))


def _potential(scenario: Scenario) -> Iterator[Fault]:
    """Build the potential: its constructors refuse what does not fit together."""
    if scenario.field is None or not scenario.field.is_given:
        return
    try:
        potential = make_potential(scenario.field)
    except InvalidInput as error:
        yield ("field",), str(error)
        return
    if potential is None and scenario.field.gradient is not None:
        yield (
            ("field", "gradient"),
            "`gradient` must belong to an expression in x, y, z, r, theta and phi. Write the expression in these, or "
            "remove `gradient`.",
        )
    unit = scenario.field.unit
    if potential is not None and scenario.field.potential is not None and unit is not None:
        from fieldsim.units import quantity_dimension_matches

        if not quantity_dimension_matches(unit, potential.unit):
            yield (
                ("field", "unit"),
                f"`unit` must be {potential.unit}, that of the potential; got {unit}. Change it.",
            )


def _order_of_names(scenario: Scenario, setting: Setting) -> Iterator[Fault]:
    """Refuse derived fields that use themselves or later ones, and names given twice."""
    known: set[str] = set()
    everything = set(setting.names)
    for name, derived in scenario.derive.items():
        if name == setting.unknown or name in setting.parameters or name in ("flux", "outflow"):
            yield (
                ("derive", name),
                f"the name {name} is taken by the field or a parameter. Choose another name.",
            )
        later = (everything - {setting.unknown, "flux", "outflow"} - known) & _names_in(derived.expression)
        if later - set(FIELD_FUNCTIONS):
            yield ("derive", name), f"{', '.join(sorted(later))} must be derived above {name}. Move it up."
        known.add(name)
    if setting.unknown in setting.parameters:
        yield (
            ("parameters", setting.unknown),
            f"the name {setting.unknown} is that of the field. Choose another name.",
        )


def _times(scenario: Scenario) -> Iterator[Fault]:
    time = scenario.time
    if time is None:
        for number, check in enumerate(scenario.check):
            if check.time is not None:
                yield ("check", number, "time"), "a steady field has no time. Remove `time`."
        return
    if time.at is not None:
        if time.outputs is not None:
            yield ("time", "at"), "output times must be given once; got `outputs` and `at`. Keep one."
        if (
            any(b <= a for a, b in zip(time.at, time.at[1:], strict=False))
            or time.at[0] < 0
            or time.at[-1] > time.until
        ):
            yield ("time", "at"), "output times must increase from 0 to `until`. Sort them."
    if time.method in _STEPPED and time.step is None:
        yield ("time", "method"), f"{time.method} must be given a `step`. Add step: 1 ms, or use tr_bdf2."
    for number, jump in enumerate(time.jumps or []):
        if not 0.0 <= jump <= time.until:
            yield ("time", "jumps", number), f"a jump must lie between 0 and {time.until:g} s. Move it or remove it."
    for number, check in enumerate(scenario.check):
        if check.time is not None and not 0 <= check.time <= time.until * (1 + 1e-12):
            yield (
                ("check", number, "time"),
                f"`time` must lie between 0 and {time.until:g} s. Give an output time.",
            )


def _checks(scenario: Scenario, setting: Setting, mesh: Mesh | None) -> Iterator[Fault]:
    for number, check in enumerate(scenario.check):
        path: Path = ("check", number)
        places = [key for key in ("at", "over", "between") if getattr(check, key) is not None]
        if len(places) > 1:
            yield path, f"a check must say where once; got {' and '.join(places)}. Keep one."
        elif not places and not _names_in(check.of) & set(OF_THE_WHOLE):
            whole = ", ".join(OF_THE_WHOLE)
            yield (
                path,
                "a check must say where: `at` (a point), `over` (mesh, a side, a body) or `between` (two of these). "
                f"Add one; only {whole} belong to the whole.",
            )
        exits = [*([check.over] if check.over not in (None, "mesh") else []), *(check.between or [])]
        key = "over" if check.between is None else "between"
        if not scenario.solves and (exits or not places):
            yield (*path, key), "a side belongs to a solved field; this one is given. Use `over: mesh`."
        elif mesh is not None:
            for name in exits:
                if name not in mesh.walls and name not in setting.bodies:
                    yield (*path, key), f"`{name}` must be a wall of the mesh: {', '.join(mesh.walls)}. Name another."


def _views(scenario: Scenario, mesh: Mesh | None) -> Iterator[Fault]:
    for number, view in enumerate(scenario.view):
        kind, spec = view.chosen
        path: Path = ("view", number, kind)
        if kind == "profile" and spec.along is not None:
            yield from _probe_named(scenario, (*path, "along"), spec.along, line=True)
        elif kind == "profile" and (mesh is None or mesh.ndim > 1) and scenario.mesh is not None:
            lines = [name for name, probe in scenario.probe.items() if probe.line is not None]
            example = "probe: {across: {line: [[...], [...]]}} and along: across"
            remedy = f"Add along: {lines[0]}." if lines else f"Add {example}."
            yield path, f"a profile over more than one axis must say `along` which line probe. {remedy}"
        if kind == "history" and (spec.at is None) == (spec.over is None):
            yield path, "a history must say where: one of `at` (a point probe) and `over` (a side). Give one."
        if kind == "history" and spec.at is not None:
            yield from _probe_named(scenario, (*path, "at"), spec.at, line=False)
        if kind in ("history", "animation") and scenario.time is None:
            yield path, f"{kind} must have a run in time. Add `time`, or remove this view."


def _probe_named(scenario: Scenario, path: Path, name: str, *, line: bool) -> Iterator[Fault]:
    probe = scenario.probe.get(name)
    wanted = "a line" if line else "a point"
    if probe is None:
        hint = did_you_mean(name, list(scenario.probe))
        known = ", ".join(scenario.probe) or "none"
        yield path, f"`{name}` must be a probe. {hint or 'Add it under probe.'} Probes here: {known}."
    elif (probe.line is not None) != line:
        yield path, f"the probe `{name}` must be {wanted}. Name another probe."
