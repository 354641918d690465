"""Collect what a scenario's text may refer to: parameters, names of fields, units that depend on the model.

This runs on the raw tree, before validation, so that one pass can report every fault of the file.
"""

from __future__ import annotations

from typing import Any

from fieldsim.errors import Finding, InvalidInput
from fieldsim.scenario.nodes import Node, finding, plain
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

_OFFSET_UNITS = frozenset({"degC", "degF", "°C", "°F", "celsius", "fahrenheit", "Celsius"})

# the unknown of each equation: its usual name and unit
UNKNOWNS = {
    "heat": ("T", "K"),
    "diffusion": ("c", "mol/m^3"),
    "electrostatics": ("V", "V"),
    "gravity": ("Phi", "J/kg"),
}


def collect(root: Node) -> tuple[Setting, list[Finding]]:
    """Return the setting of a scenario and the faults of its parameters."""
    tree = plain(root)
    parameters, findings = _parameters(root, tree.get("parameters"))
    name, unit = unknown_of(tree)
    names = {name} | (set(tree["derive"]) if isinstance(tree.get("derive"), dict) else set())
    if _key_of(tree.get("model")) is not None:
        names.add("flux")
    given = tree.get("field")
    field_unit = given.get("unit") if isinstance(given, dict) else None
    setting = Setting(
        parameters=parameters,
        names=frozenset(n for n in names if isinstance(n, str)),
        units=_units(_key_of(tree.get("model")), unit),
        unknown=name,
        field_unit=field_unit if isinstance(field_unit, str) else None,
    )
    return setting, findings


def unknown_of(tree: dict[str, Any]) -> tuple[str, str]:
    """Return the name of the scenario's field and the SI unit its numbers are read in."""
    given = tree.get("field")
    name, unit = UNKNOWNS.get(str(_key_of(tree.get("model"))), ("f", ""))
    if isinstance(given, dict):
        name = given["name"] if isinstance(given.get("name"), str) else name
        unit = _si(given["unit"], unit) if isinstance(given.get("unit"), str) else unit
    return name, unit


def _si(unit: str, otherwise: str) -> str:
    from fieldsim.units import si_unit

    try:
        return si_unit(unit)
    except InvalidInput:
        return otherwise


def _key_of(model: Any) -> str | None:
    return next(iter(model), None) if isinstance(model, dict) else None


def _units(model: str | None, unit: str) -> dict[str, str]:
    """Return the units of the slots whose unit depends on the equation."""
    from fieldsim.units import per_length, times

    slope = per_length(unit)
    flux = {"heat": "W/m^2", "electrostatics": "C/m^2", "gravity": "m/s^2"}.get(str(model), times(slope, "m^2/s"))
    transfer = {"heat": "W/m^2/K"}.get(str(model), "m/s")
    return {UNKNOWN: unit, SLOPE: slope, FLUX: flux, SOURCE: times(unit, "1/s"), TRANSFER: transfer}


def _parameters(root: Node, given: Any) -> tuple[dict[str, Parameter], list[Finding]]:
    """Read the parameters in order; each may use the ones above it."""
    result: dict[str, Parameter] = {}
    findings: list[Finding] = []
    if not isinstance(given, dict):
        return result, findings
    for name, value in given.items():
        path = ("parameters", name)
        try:
            checked_name(name)
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
