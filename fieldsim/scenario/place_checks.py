"""What probes and checks demand of the mesh: points with its number of coordinates, inside it, lines without gaps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from fieldsim.scenario.nodes import Path
from fieldsim.scenario.schema import Scenario

if TYPE_CHECKING:
    from fieldsim.meshes import Mesh

Fault = tuple[Path, str]


def place_faults(scenario: Scenario, mesh: Mesh | None) -> list[Fault]:
    """Return what is wrong with the points and lines of a scenario; terrain brings its own mesh of two axes."""
    dim = 2 if scenario.mesh is None else None if mesh is None else mesh.dim
    return [*_points(scenario, dim), *_outside(scenario, mesh), *_through_gaps(scenario, mesh)]


def _places(scenario: Scenario) -> Iterator[tuple[Path, list[float]]]:
    """Yield every point that probes and checks name."""
    for name, probe in scenario.probe.items():
        if probe.at is not None:
            yield ("probe", name), probe.at
        for end, point in enumerate(probe.line or []):
            yield ("probe", name, "line", end), point
    for number, check in enumerate(scenario.check):
        if check.at is not None:
            yield ("check", number, "at"), check.at


def _outside(scenario: Scenario, mesh: Mesh | None) -> Iterator[Fault]:
    """Refuse points outside the mesh."""
    for path, point in _places(scenario):
        if mesh is None or len(point) != mesh.dim or mesh.contains(np.array(point, dtype=float)[:, np.newaxis])[0]:
            continue
        ends = ", ".join(f"{a.name} from {a.edges[0]:g} to {a.edges[-1]:g}" for a in mesh.axes)
        shown = ", ".join(f"{x:g}" for x in point)
        names = ", ".join("xyz"[: mesh.dim])
        yield (
            path,
            f"a point must lie in the mesh ({ends}); got {names} = {shown}. Move it, or enlarge `mesh`.",
        )


def _through_gaps(scenario: Scenario, mesh: Mesh | None) -> Iterator[Fault]:
    """Refuse line probes that leave the mesh between their ends, as through the hole of a ring."""
    from fieldsim.scenario.measure import probe_points

    for name, probe in scenario.probe.items():
        if mesh is None or probe.line is None or any(len(end) != mesh.dim for end in probe.line):
            continue
        points = probe_points(probe)
        inside = mesh.contains(points.T)
        if inside[0] and inside[-1] and not inside.all():
            first = ", ".join(f"{x:g}" for x in points[int(np.argmin(inside))])
            yield (
                ("probe", name, "line"),
                f"a line must stay in the mesh; this one leaves it at ({first}) m. Divide it, or move its ends.",
            )


def _points(scenario: Scenario, dim: int | None) -> Iterator[Fault]:
    """Refuse points with another number of coordinates than the mesh has."""
    if dim is None:
        return
    for path, point in _places(scenario):
        if len(point) != dim:
            names = ", ".join("xyz"[:dim])
            yield (
                path,
                f"a point must have {dim} Cartesian coordinates ({names}); got {len(point)}. Give them all.",
            )
