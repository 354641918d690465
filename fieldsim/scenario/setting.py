"""Collect what a scenario's text may refer to: parameters, names of fields, units that depend on the model.

This runs on the raw tree, before validation, so that one pass can report every fault of the file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fieldsim.errors import Finding, InvalidInput
from fieldsim.scenario.amounts import Parameter, Setting, checked_number, split_quantity
from fieldsim.scenario.language import COORDINATES
from fieldsim.scenario.nodes import Node, finding, plain
from fieldsim.scenario.schema_mesh import AXES
from fieldsim.scenario.slots import CONTACT, FLUX, SINK, SLOPE, SOURCE, SUPPLY, TRANSFER, UNKNOWN, checked_name

if TYPE_CHECKING:
    from fieldsim.physics import Equation

_KINDS = ("heat", "diffusion", "electrostatics", "gravity")
_OFFSET_UNITS = frozenset({"degC", "degF", "°C", "°F", "celsius", "fahrenheit", "Celsius"})


def collect(root: Node) -> tuple[Setting, list[Finding]]:
    """Return the setting of a scenario and the faults of its parameters."""
    tree = plain(root)
    coordinates = COORDINATES | _native_names(tree.get("mesh"))
    parameters, findings = _parameters(root, tree.get("parameters"), coordinates)
    name, units = unknown_of(tree)
    field_unit = _field_unit(tree)
    names = {name} | (set(tree["derive"]) if isinstance(tree.get("derive"), dict) else set())
    if _key_of(tree.get("model")) is not None:
        names |= {"flux", "outflow"}
    fields = _fields(tree, parameters, coordinates)
    if fields:
        name = next(iter(fields))
        units = dict(fields[name].units)
        names |= {known for one in fields for known in (one, f"flux_{one}", f"outflow_{one}")}
    setting = Setting(
        parameters=parameters,
        names=frozenset(n for n in names if isinstance(n, str)),
        units=units,
        unknown=name,
        field_unit=field_unit,
        coordinates=coordinates,
        solved=_solved(tree, field_unit),
        bodies=_bodies(tree.get("fixed")),
        fields=fields,
    )
    return setting, findings


def _fields(tree: dict[str, Any], parameters: dict[str, Parameter], coordinates: frozenset[str]) -> dict[str, Setting]:
    """Return the setting of each of several fields: its own units, and the names of all."""
    given = tree.get("fields")
    if not isinstance(given, dict):
        return {}
    company = frozenset(name for name in given if isinstance(name, str))
    result = {}
    for name in (name for name in given if isinstance(name, str)):
        spec = given[name] if isinstance(given[name], dict) else {}
        kind = next((key for key in spec if key in _KINDS), None)
        unit = spec.get("unit") if isinstance(spec.get("unit"), str) else None
        alone = {**tree, "field": {"name": name, "unit": unit}, "model": {kind: {}} if kind else None}
        own, units = unknown_of(alone)
        result[name] = Setting(
            parameters=parameters,
            units=units,
            unknown=own,
            field_unit=unit,
            coordinates=coordinates,
            solved=own,
            bodies=_bodies(spec.get("fixed")),
            company=company,
        )
    return result


def _bodies(fixed: Any) -> dict[str, str]:
    """Return the bodies by their names, and by their place in the list."""
    bodies: dict[str, str] = {}
    for number, body in enumerate(fixed if isinstance(fixed, list) else []):
        own = f"fixed[{number}]"
        name = body.get("name") if isinstance(body, dict) else None
        bodies |= {own: own} | ({name: own} if isinstance(name, str) else {})
    return bodies


def _field_unit(tree: dict[str, Any]) -> str | None:
    given = tree.get("field")
    unit = given.get("unit") if isinstance(given, dict) else None
    return unit if isinstance(unit, str) else None


def _solved(tree: dict[str, Any], unit: str | None) -> str:
    """Return the unknown in the scenario's unit as a formula of the model's symbol, whose unit is SI: (T - 273.15)."""
    equation = _equation(_key_of(tree.get("model")), tree.get("field"))
    if equation is None:
        return ""
    symbol, si = equation.symbol, equation.unit
    if unit is None or _si(unit, "") != si:
        return symbol
    from fieldsim.units import convert

    zero, one = (float(convert(value, si, unit)) for value in (0.0, 1.0))
    scaled = symbol if one - zero == 1.0 else f"{one - zero!r}*{symbol}"
    return scaled if zero == 0.0 else f"({scaled} + {zero!r})"


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
    from fieldsim.units import per_length, power

    across = power(walls.transfer, -1)
    supply = equation.rate if dim_of(tree) == 3 else per_length(equation.rate, 3 - dim_of(tree))
    units |= {SOURCE: equation.source.unit, SUPPLY: supply, CONTACT: across}
    return name, units | ({SINK: equation.sink.unit} if equation.sink is not None else {})


def dim_of(tree: dict[str, Any]) -> int:
    """Return how many Cartesian coordinates a point of the scenario's mesh has."""
    mesh = tree.get("mesh")
    if not isinstance(mesh, dict):
        return 3
    kind = mesh.get("type")
    if kind in ("spherical", "cylindrical", "prolate_spheroidal", "toroidal"):
        return 3
    axes = AXES.get(kind, ()) if isinstance(kind, str) else ()
    return min(max(sum(name in mesh for name in axes), 1 if kind == "cartesian" else 2), 3)


def _equation(kind: str | None, given: Any) -> Equation | None:
    """Return the conservation law of a model, for its names and units alone."""
    if kind not in _KINDS:
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
