"""Read numbers from fields: probes at points and along lines, and the checks against printed numbers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fieldsim.errors import FieldSimError, InvalidInput, must
from fieldsim.scenario.compute import Solution, fields_at, value_of
from fieldsim.scenario.schema import Check, Probe
from fieldsim.scenario.targets import Allowance, Expected

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fieldsim.fields import ScalarField

    Array = NDArray[np.float64]


@dataclass(frozen=True)
class Table:
    """Rows of numbers under columns with units."""

    columns: dict[str, str]
    rows: list[list[float | str | None]]


@dataclass(frozen=True)
class CheckOutcome:
    """One check: what was found, what was expected from where, and whether it is close enough."""

    number: int
    of: str
    where: str
    found: tuple[float, ...]
    expected: tuple[float, ...]
    unit: str
    difference: float
    allowed: float
    passed: bool
    source: str
    time: float | None = None

    def as_record(self) -> dict[str, Any]:
        """Return the outcome as plain data."""
        return asdict(self)


def probe_points(probe: Probe) -> Array:
    """Return the points of a probe, shape (n, dim)."""
    if probe.line is not None:
        share = np.linspace(0.0, 1.0, probe.points)[:, np.newaxis]
        low, high = np.array(probe.line[0]), np.array(probe.line[1])
        return np.asarray(low + share * (high - low))
    return np.array([probe.at])


def read_probes(solution: Solution, fields: dict[str, Any], number: int) -> list[list[float | str | None]]:
    """Return the rows of all probes at one output: name, index, time, coordinates, value of every field."""
    rows: list[list[float | str | None]] = []
    for probed, probe in solution.loaded.scenario.probe.items():
        points = probe_points(probe)
        try:
            read = [_columns(_at(solution, number, name, field, points)) for name, field in fields.items()]
        except FieldSimError as error:
            raise type(error)(f"probe.{probed}: {error}") from error
        values = np.concatenate(read, axis=1)
        for index, (point, row) in enumerate(zip(points, values, strict=True)):
            numbers = [*point, *row]
            cells = [float(v) if np.isfinite(v) else None for v in numbers]
            rows.append([probed, index, solution.time_of(number), *cells])
    return rows


def probe_columns(solution: Solution, fields: dict[str, Any]) -> dict[str, str]:
    """Return the columns of the probe table with their units."""
    columns = {"probe": "", "index": "", "t": "s"} | dict.fromkeys("xyz"[: solution.mesh.dim], "m")
    for name, field in fields.items():
        if field.values.ndim == solution.mesh.ndim:
            columns[name] = field.unit
        else:
            columns |= {f"{name}_{axis}": field.unit for axis in "xyz"[: solution.mesh.dim]}
    return columns


def _at(solution: Solution, number: int, text: str, field: Any, points: Array) -> Array:
    """Return a field at points; the solved one also where its materials meet."""
    if solution.result is not None and text.strip() == solution.loaded.setting.unknown:
        from fieldsim.scenario.solved import values_at

        return values_at(solution, number, points)
    return np.asarray(field.at(points))


def _columns(values: Array) -> Array:
    return values[:, np.newaxis] if values.ndim == 1 else values


def run_checks(solution: Solution) -> list[CheckOutcome]:
    """Hold every check of the scenario against the solution. Raises FieldSimError naming the check."""
    outcomes = []
    cache: dict[int, dict[str, Any]] = {}
    for number, check in enumerate(solution.loaded.scenario.check):
        try:
            output = solution.number_at(check.time)
            if output not in cache:
                cache[output] = fields_at(solution, output)
            outcomes.append(_checked(number, check, solution, output, cache[output]))
        except FieldSimError as error:
            raise type(error)(f"check[{number}]: {error}") from error
    return outcomes


def _checked(number: int, check: Check, solution: Solution, output: int, fields: dict[str, Any]) -> CheckOutcome:
    in_cells = check.at is not None or check.over == "mesh"
    value = value_of(check.of, solution, output, fields) if in_cells else None
    if value is not None and not hasattr(value, "with_values"):
        raise InvalidInput(must("of", "a field or an expression of one", check.of, "For example norm(E)."))
    if value is not None and check.at is not None:
        found, unit = _at(solution, output, check.of, value, np.array([check.at])).reshape(-1), value.unit
        where = "at (" + ", ".join(f"{x:g}" for x in check.at) + ") m"
    elif value is not None:
        found, unit = _over_mesh(value, check.take)
        where = f"{check.take} over the mesh"
    else:
        found, unit, where = _beside_cells(check, solution, output)
    expected = _in_unit(check.equals, unit)
    if len(expected) != len(found):
        rule = f"{len(found)} components, those of `{check.of}`"
        raise InvalidInput(must("equals", rule, len(expected), "Give them all, or check norm(...)."))
    difference = float(np.max(np.abs(found - expected)))
    allowed = _allowed(check.within, expected, unit)
    return CheckOutcome(
        number=number,
        of=check.of,
        where=where,
        found=tuple(float(v) for v in found),
        expected=tuple(float(v) for v in expected),
        unit=unit,
        difference=difference,
        allowed=allowed,
        passed=bool(difference <= allowed),
        source=check.source,
        time=solution.time_of(output) if solution.times else None,
    )


def _beside_cells(check: Check, solution: Solution, output: int) -> tuple[Array, str, str]:
    """Return what a side, a body, two of them or the whole answer knows, with its unit, and where that is."""
    from fieldsim.scenario.answers import between, of_the_whole, over_side

    if check.over is not None:
        found, unit = over_side(solution, output, check.of, check.over, check.take)
        on_body = check.over in solution.loaded.setting.bodies
        return found, unit, f"of {check.over}" if on_body else f"{check.take} over {check.over}"
    if check.between is not None:
        found, unit = between(solution, check.of, *check.between)
        return found, unit, f"between {' and '.join(check.between)}"
    found, unit = of_the_whole(solution, output, check.of)
    return found, unit, "of the whole"


def _over_mesh(field: ScalarField, take: str) -> tuple[Array, str]:
    """Reduce a scalar field over the cells that are not cut out."""
    from fieldsim.units import times

    mesh = field.mesh
    if field.values.ndim != mesh.ndim:
        raise InvalidInput(must("of", "a scalar field", "a vector field", "Take norm(...) of it."))
    here = np.isfinite(field.values)
    values, volumes = field.values[here], mesh.volumes[here]
    if take in ("min", "max"):
        return np.array([values.min() if take == "min" else values.max()]), field.unit
    total = float(np.sum(values * volumes))
    if take == "mean":
        return np.array([total / float(np.sum(volumes))]), field.unit
    return np.array([total]), times(field.unit, "m" if mesh.dim == 1 else f"m^{mesh.dim}")


def _in_unit(expected: Expected, unit: str) -> Array:
    """Return expected values in the unit of what was found."""
    from fieldsim.units import convert

    values = np.array(expected.values)
    return values if expected.unit is None else np.atleast_1d(convert(values, expected.unit, unit))


def _allowed(within: Allowance, expected: Array, unit: str) -> float:
    """Return the allowed difference in the unit of what was found."""
    from fieldsim.units import convert

    if within.relative is not None:
        return within.relative * float(np.linalg.norm(expected))
    amount = float(within.absolute or 0.0)
    return amount if within.unit is None else float(convert(amount, within.unit, unit, difference=True))
