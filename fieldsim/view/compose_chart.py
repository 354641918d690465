"""Compose line plots: a field along a line, computed numbers as points with the analytic curve over them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from fieldsim.arrays import FloatArray
from fieldsim.errors import InvalidInput, must
from fieldsim.fields import ScalarField
from fieldsim.view.curves import CYCLE
from fieldsim.view.grid import Walls, block
from fieldsim.view.labels import with_unit
from fieldsim.view.levels import engineering, fixed_limits
from fieldsim.view.scene import Chart, Curve

Exact = Callable[[FloatArray], FloatArray]
_FINE = 401
_MARKS = 41


def profile(
    fields: ScalarField | Sequence[ScalarField],
    *,
    line: tuple[Sequence[float], Sequence[float]] | None = None,
    points: int = 201,
    exact: Exact | Sequence[Exact] | None = None,
    labels: Sequence[str] = (),
    limits: tuple[float, float] | None = None,
    title: str = "",
    walls: Walls | Sequence[Walls] | None = None,
) -> Chart:
    """Compose one or several fields along a line.

    A field with one axis is drawn along that axis; any other needs `line`, its two Cartesian ends in metres.
    `exact` gives the analytic value at the positions along the axis (or at the distance from the line's first
    end); numbers then stand as points and the formula as a line. Raises InvalidInput.
    """
    several = [fields] if isinstance(fields, ScalarField) else list(fields)
    if not several:
        raise InvalidInput(must("fields", "at least one field", 0, "Give the field to draw."))
    formulas = [exact] if callable(exact) else list(exact or [])
    wall_list: list[Walls | None] = list(walls) if isinstance(walls, Sequence) else [walls] * len(several)
    samples = [
        _along_axis(field, w) if line is None else _along_line(field, line, points)
        for field, w in zip(several, wall_list, strict=True)
    ]
    factor, unit = engineering(float(np.max(np.abs(samples[0][0]))), _axis_unit(several[0]) if line is None else "m")
    curves = []
    for k, (where, values) in enumerate(samples):
        label = labels[k] if k < len(labels) else ""
        formula = formulas[k] if k < len(formulas) else None
        curves += _curves(where, values, formula, factor, label, CYCLE[k % len(CYCLE)], alone=len(samples) == 1)
    first = several[0]
    name = first.name or "f"
    axis = first.mesh.names[0] if line is None else "distance"
    return Chart(
        title or f"{name} along {axis if line is None else 'a line'}",
        tuple(curves),
        with_unit(axis, unit),
        with_unit(name, first.unit),
        y_limits=limits,
        notes=("Points: computed. Lines: exact.",) if formulas and len(several) > 1 else (),
    )


def chart(
    x: FloatArray,
    y: FloatArray,
    *,
    x_name: str,
    y_name: str,
    x_unit: str = "",
    y_unit: str = "",
    exact: FloatArray | None = None,
    title: str = "",
    label: str = "computed",
) -> Chart:
    """Compose a plain line plot of y over x, with the exact values as a curve where they are given."""
    if np.shape(x) != np.shape(y) or np.ndim(x) != 1:
        raise InvalidInput(must("y", "as long as x", (np.shape(x), np.shape(y)), "Give two lists of numbers."))
    curves = [Curve(np.asarray(x, float), np.asarray(y, float), label if exact is not None else "")]
    if exact is not None and np.isfinite(exact).any():
        thin = _thinned(len(x))
        curves = [
            Curve(np.asarray(x, float), np.asarray(exact, float), "exact", colour=CYCLE[1]),
            Curve(np.asarray(x, float)[thin], np.asarray(y, float)[thin], label, "points", CYCLE[0]),
        ]
    return Chart(
        title or f"{y_name} over {x_name}", tuple(curves), with_unit(x_name, x_unit), with_unit(y_name, y_unit)
    )


def _curves(
    where: FloatArray,
    values: FloatArray,
    formula: Exact | None,
    factor: float,
    label: str,
    colour: str,
    *,
    alone: bool,
) -> list[Curve]:
    if formula is None:
        return [Curve(where * factor, values, label, "line", colour)]
    fine = np.linspace(where[0], where[-1], _FINE)
    thin = _thinned(len(where))
    exact_label, own_label = ("exact", label or "computed") if alone else ("", label)
    return [
        Curve(
            fine * factor, np.asarray(formula(fine), dtype=float), exact_label, "line", CYCLE[1] if alone else colour
        ),
        Curve(where[thin] * factor, values[thin], own_label, "points", colour),
    ]


def _thinned(count: int) -> FloatArray:
    """Return indices of at most about forty points, both ends among them: more would run together."""
    chosen: FloatArray = np.unique(np.linspace(0, count - 1, min(count, _MARKS)).round().astype(int))
    return chosen


def _along_axis(field: ScalarField, walls: Walls | None) -> tuple[FloatArray, FloatArray]:
    if field.mesh.ndim != 1:
        raise InvalidInput(
            must("line", "given for a field over more than one axis", None, "Write line: [[x, y, z], [x, y, z]].")
        )
    grid = block(field, turns=0, walls=walls)
    axis = field.mesh.axes[0]
    return np.concatenate([[axis.edges[0]], axis.centers, [axis.edges[-1]]]), grid.values


def _along_line(
    field: ScalarField, line: tuple[Sequence[float], Sequence[float]], points: int
) -> tuple[FloatArray, FloatArray]:
    ends = np.asarray(line, dtype=float)
    if ends.shape != (2, field.mesh.dim) or not np.isfinite(ends).all() or np.array_equal(ends[0], ends[1]):
        raise InvalidInput(
            must(
                "line",
                f"two different points with {field.mesh.dim} coordinates each",
                line,
                "Give both ends in metres.",
            )
        )
    share = np.linspace(0.0, 1.0, points)
    places = ends[0] + share[:, None] * (ends[1] - ends[0])
    return share * float(np.linalg.norm(ends[1] - ends[0])), field.at(places, outside="nan")


def _axis_unit(field: ScalarField) -> str:
    """Return m for a length along the axis, rad for an angle: told by its scale factor being one."""
    mesh = field.mesh
    number = mesh.axis_coordinate[0]
    return "m" if np.allclose(mesh.scale_factors[number], 1.0) else "rad"


def common_limits(fields: Sequence[ScalarField]) -> tuple[float, float]:
    """Return one value range for several fields, with a margin of a part in twenty."""
    low, high = fixed_limits(field.values for field in fields)
    margin = 0.05 * (high - low)
    return low - margin, high + margin
