"""The constructors of meshes: cartesian, polar, cylindrical, spherical.

An axis that is left out is a symmetry, not a default length. r = 0, the poles and a full turn in phi are recognised
from the ranges and need no condition.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from difflib import get_close_matches

import numpy as np
import numpy.typing as npt

from fieldsim.arrays import FloatArray
from fieldsim.coordinates import (
    REGISTRY,
    Cartesian1,
    Cartesian2,
    Cartesian3,
    Coordinates,
    Cylindrical,
    Polar,
    Spherical,
)
from fieldsim.errors import InvalidInput, must
from fieldsim.meshes.axis import Axis, checked_edges, uniform_edges
from fieldsim.meshes.mesh import Mesh, is_full_turn

Span = tuple[float | str, float | str]
Cells = int | Sequence[int]
Edges = Mapping[str, npt.ArrayLike]
_SLACK = 1e-12


def cartesian(
    *,
    x: Span | None = None,
    y: Span | None = None,
    z: Span | None = None,
    cells: Cells | None = None,
    periodic: Collection[str] = (),
    edges: Edges | None = None,
) -> Mesh:
    """Make a Cartesian mesh with one, two or three axes.

    `x`, `y`, `z` are (low, high) in metres, or with a unit, (0, "5 cm"); `cells` the number along each given axis;
    `edges` maps an axis to its cell edges instead; `periodic` names axes whose ends are joined. Raises InvalidInput.
    """
    spans = {"x": x, "y": y, "z": z}
    given = [name for name in "xyz" if spans[name] is not None or name in (edges or {})]
    if not given or given != list("xyz")[: len(given)]:
        raise InvalidInput(must("axes", "x, or x and y, or x, y and z", given, "Give x=(0, 1) first, then y, then z."))
    systems = {1: Cartesian1(), 2: Cartesian2(), 3: Cartesian3()}
    return build_mesh(systems[len(given)], spans, cells=cells, periodic=periodic, edges=edges)


def polar(
    *, r: Span | None = None, phi: Span | None = None, cells: Cells | None = None, edges: Edges | None = None
) -> Mesh:
    """Make a plane polar mesh; `phi` left out means that nothing depends on the angle.

    `r` in metres from 0 upwards, `phi` in radians. Raises InvalidInput.
    """
    return build_mesh(Polar(), {"r": r, "phi": phi}, cells=cells, edges=edges)


def cylindrical(
    *,
    r: Span | None = None,
    phi: Span | None = None,
    z: Span | None = None,
    cells: Cells | None = None,
    periodic: Collection[str] = (),
    edges: Edges | None = None,
) -> Mesh:
    """Make a cylindrical mesh; `phi` left out means axisymmetric, `z` left out means one metre of an endless body.

    `r` and `z` in metres, `phi` in radians. Raises InvalidInput.
    """
    return build_mesh(Cylindrical(), {"r": r, "phi": phi, "z": z}, cells=cells, periodic=periodic, edges=edges)


def spherical(
    *,
    r: Span | None = None,
    theta: Span | None = None,
    phi: Span | None = None,
    cells: Cells | None = None,
    edges: Edges | None = None,
) -> Mesh:
    """Make a spherical mesh (ISO 80000-2: theta from +z in [0, pi], phi azimuth).

    `phi` left out means axisymmetric; `theta` and `phi` left out means radial. Raises InvalidInput.
    """
    return build_mesh(Spherical(), {"r": r, "theta": theta, "phi": phi}, cells=cells, edges=edges)


def orthogonal(
    system: str,
    axes: Mapping[str, Span | None],
    *,
    cells: Cells | None = None,
    periodic: Collection[str] = (),
    edges: Edges | None = None,
    focus: float | None = None,
) -> Mesh:
    """Make a mesh of any registered coordinate system by name ("parabolic", "toroidal", ...).

    `axes` gives (low, high) by coordinate name; an axis that is left out is a symmetry where the system has one;
    `focus` is the focal length in metres of the systems that have foci. Raises InvalidInput.
    """
    if system not in REGISTRY:
        close = get_close_matches(system, REGISTRY, n=1)
        remedy = f"Did you mean {close[0]!r}?" if close else "Use one of these names."
        raise InvalidInput(must("system", f"one of {', '.join(REGISTRY)}", system, remedy))
    kind = REGISTRY[system][min(len(axes) + len(edges or {}), len(REGISTRY[system])) - 1]
    known = [f.name for f in fields(kind)]
    if focus is not None and "focus" not in known:
        raise InvalidInput(f"`focus` does not belong to {system} coordinates: they have no foci. Leave it out.")
    if focus is not None and not (np.isfinite(focus) and focus > 0.0):
        raise InvalidInput(must("focus", "a positive length in metres", focus, "For example focus=1.0."))
    for name in axes:
        if name not in kind.names:
            raise InvalidInput(_unknown_axis("axes", name, kind()))
    coordinates = kind() if focus is None else kind(focus=focus)  # type: ignore[call-arg]
    return build_mesh(coordinates, axes, cells=cells, periodic=periodic, edges=edges)


def build_mesh(
    coordinates: Coordinates,
    spans: Mapping[str, Span | None],
    *,
    cells: Cells | None = None,
    periodic: Collection[str] = (),
    edges: Edges | None = None,
) -> Mesh:
    """Make a mesh of any coordinate system from its ranges or its edges."""
    given_edges = dict(edges or {})
    for name in given_edges:
        if name not in coordinates.names:
            raise InvalidInput(_unknown_axis("edges", name, coordinates))
        if spans.get(name) is not None:
            raise InvalidInput(
                f"`{name}` is given twice, as a range and in `edges`. Leave the range out: the edges contain it."
            )
    active = [n for n in coordinates.names if spans.get(n) is not None or n in given_edges]
    _check_symmetry(coordinates, active)
    counts = _counts(cells, [n for n in active if n not in given_edges])
    if isinstance(periodic, str) or not isinstance(periodic, Collection):
        raise InvalidInput(must("periodic", "a list of axis names", periodic, "For example periodic=('x',)."))
    for name in periodic:
        if name not in active:
            raise InvalidInput(must("periodic", f"named by {', '.join(active)}", name, "Name axes that the mesh has."))
    axes = []
    for name in active:
        if name in given_edges:
            positions = checked_edges(name, given_edges[name])
        else:
            span = spans[name]
            positions = uniform_edges(name, span if span is not None else (0.0, 1.0), counts[name])
        axes.append(_axis(coordinates, name, positions, joined=name in periodic))
    return Mesh(coordinates, tuple(axes))


def _axis(coordinates: Coordinates, name: str, edges: FloatArray, *, joined: bool) -> Axis:
    """Return an axis after checking its range against the coordinate's limits and period."""
    number = coordinates.names.index(name)
    low, high = coordinates.limits[number]
    if edges[0] < low - _SLACK or edges[-1] > high + _SLACK:
        raise InvalidInput(
            must(
                name,
                f"within [{low:g}, {high:g}]",
                (float(edges[0]), float(edges[-1])),
                f"That is the whole range of {name} in {coordinates.name} coordinates.",
            )
        )
    period = coordinates.periods[number]
    length = float(edges[-1] - edges[0])
    closed = is_full_turn(length, period)
    if period is not None and length > period * (1.0 + _SLACK):
        raise InvalidInput(
            must(
                name,
                f"at most {period:.6g} (a full turn) long",
                (float(edges[0]), float(edges[-1])),
                "Use a full turn.",
            )
        )
    if joined and period is None and not (np.isinf(low) and np.isinf(high)):
        raise InvalidInput(
            f"`periodic` must not name {name}: a {coordinates.name} {name} does not come back to its beginning. "
            "Only straight axes and full turns are periodic."
        )
    if joined and period is not None and not closed:
        raise InvalidInput(
            must(
                name,
                f"a full turn ({period:.6g}) to be periodic",
                (float(edges[0]), float(edges[-1])),
                f"Use {name}=(0, 2*pi), or leave `periodic` out for a sector.",
            )
        )
    return Axis(name, edges, periodic=joined or closed)


def _counts(cells: Cells | None, names: Sequence[str]) -> dict[str, int]:
    """Return the number of cells for each axis that is given as a range."""
    if not names and cells is None:
        return {}
    if cells is None:
        raise InvalidInput(
            must("cells", f"given for {', '.join(names)}", None, f"For example cells={(32,) * len(names)}.")
        )
    try:
        counts: list[int] = [cells] if np.ndim(cells) == 0 else list(cells)  # type: ignore[arg-type,list-item]
    except (TypeError, ValueError):
        counts = []
    if len(counts) != len(names):
        number = "one number" if len(names) == 1 else f"{len(names)} numbers"
        raise InvalidInput(
            must(
                "cells",
                f"{number}, one for each of {', '.join(names) or 'no axis'}",
                cells,
                "Axes given by `edges` need no number of cells.",
            )
        )
    return dict(zip(names, counts, strict=True))


def _check_symmetry(coordinates: Coordinates, active: Sequence[str]) -> None:
    """Refuse a set of left-out axes that is not a symmetry."""
    left_out = frozenset(coordinates.names) - frozenset(active)
    if left_out and left_out not in coordinates.symmetries:
        allowed = [" and ".join(sorted(s)) for s in coordinates.symmetries]
        raise InvalidInput(
            must(
                "axes",
                f"all of {', '.join(coordinates.names)}" + "".join(f", or without {a}" for a in allowed),
                list(active),
                "Only those axes can be left out as a symmetry.",
            )
        )


def _unknown_axis(argument: str, name: str, coordinates: Coordinates) -> str:
    close = get_close_matches(name, coordinates.names, n=1)
    remedy = f"Did you mean {close[0]!r}?" if close else "Use the name of an axis that the mesh has."
    return must(argument, f"named by {', '.join(coordinates.names)}", name, remedy)
