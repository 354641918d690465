"""Collect what a scenario's text may refer to: parameters, names of fields, units that depend on the model.

This runs on the raw tree, before validation, so that one pass can report every fault of the file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fieldsim.errors import Finding, InvalidInput
from fieldsim.scenario.language import COORDINATES
from fieldsim.scenario.nodes import Node, finding, plain
from fieldsim.scenario.schema_mesh import AXES
from fieldsim.scenario.slots import (
    FLUX,
    SLOPE,
    SOURCE,
    TRANSFER,
    UNKNOWN,
    Parameter,
    Setting,
    checked_name,
    checked_number,
    split_quantity,
)

if TYPE_CHECKING:
    from fieldsim.physics import Equation

_OFFSET_UNITS = frozenset({"degC", "degF", "°C", "°F", "celsius", "fahrenheit", "Celsius"})


def collect(root: Node) -> tuple[Setting, list[Finding]]:
    """Return the setting of a scenario and the faults of its parameters."""
    tree = plain(root)
    coordinates = COORDINATES | _native_names(tree.get("mesh"))
    parameters, findings = _parameters(root, tree.get("parameters"), coordinates)
    name, units = unknown_of(tree)
    names = {name} | (set(tree["derive"]) if isinstance(tree.get("derive"), dict) else set())
    if _key_of(tree.get("model")) is not None:
        names |= {"flux", "outflow"}
    given = tree.get("field")
    field_unit = given.get("unit") if isinstance(given, dict) else None
    setting = Setting(
        parameters=parameters,
        names=frozenset(n for n in names if isinstance(n, str)),
        units=units,
        unknown=name,
        field_unit=field_unit if isinstance(field_unit, str) else None,
        coordinates=coordinates,
    )
    return setting, findings


def _native_names(mesh: Any) -> frozenset[str]:
    """Return the names of a mesh's own coordinates: u, v and w mean something on a curvilinear mesh alone."""
    kind = mesh.get("type") if isinstance(mesh, dict) else None
    return frozenset(AXES.get(kind, ())) if isinstance(kind, str) else frozenset()


def unknown_of(tree: dict[str, Any]) -> tuple[str, dict[str, str]]:
    """Return the name of the scenario's field, and the SI units of the slots whose unit depends on it."""
    given = tree.get("field")
    equation = _equation(_key_of(tree.get("model")), given)
    name, unit = ("f", "") if equation is None else (equation.symbol, equation.unit)
    if isinstance(given, dict):
        name = given["name"] if isinstance(given.get("name"), str) else name
        unit = _si(given["unit"], unit) if isinstance(given.get("unit"), str) else unit
    if equation is None:
        return name, {UNKNOWN: unit}
    walls = equation.units
    units = {UNKNOWN: unit, SLOPE: walls.gradient, FLUX: walls.flux, TRANSFER: walls.transfer}
    return name, units | {SOURCE: equation.source.unit}


def _equation(kind: str | None, given: Any) -> Equation | None:
    """Return the conservation law of a model, for its names and units alone."""
    if kind not in ("heat", "diffusion", "electrostatics", "gravity"):
        return None
    from fieldsim import physics

    unit = given.get("unit") if isinstance(given, dict) else None
    if kind == "heat":
        return physics.Heat(conductivity=1.0).equation()
    if kind == "diffusion":
        in_si = _si(unit, "mol/m^3") if isinstance(unit, str) else "mol/m^3"
        return physics.Diffusion(diffusivity=1.0, unit=in_si).equation()
    if kind == "electrostatics":
        return physics.Electrostatics().equation()
    return physics.Gravity(density=0.0).equation()


def _si(unit: str, otherwise: str) -> str:
    from fieldsim.units import si_unit

    try:
        return si_unit(unit)
    except InvalidInput:
        return otherwise


def _key_of(model: Any) -> str | None:
    return next(iter(model), None) if isinstance(model, dict) else None


def _parameters(root: Node, given: Any, coordinates: frozenset[str]) -> tuple[dict[str, Parameter], list[Finding]]:
    """Read the parameters in order; each may use the ones above it."""
    result: dict[str, Parameter] = {}
    findings: list[Finding] = []
    if not isinstance(given, dict):
        return result, findings
    for name, value in given.items():
        path = ("parameters", name)
        try:
            checked_name(name, coordinates)
        except InvalidInput as error:
            findings.append(finding(root, path, str(error), of_key=True))
            continue
        try:
            result[name] = _parameter(value, result)
        except InvalidInput as error:
            findings.append(finding(root, path, str(error)))
            result[name] = Parameter(1.0)
    return result, findings


def _parameter(value: Any, known: dict[str, Parameter]) -> Parameter:
    setting = Setting(parameters=known)
    quantity = split_quantity(value)
    if quantity is None:
        copied = known.get(value.strip()) if isinstance(value, str) else None
        return copied or Parameter(checked_number(value, setting, ""))
    from fieldsim.units import si_unit

    written = quantity[1]
    unit = si_unit(written)
    return Parameter(checked_number(value, setting, unit), unit, offset=written in _OFFSET_UNITS)
