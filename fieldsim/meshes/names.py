"""Which coordinate names may stand in an expression on a mesh, and what they are.

Native names come first; where the mesh is round, Cartesian names are added, and on straight meshes r, theta and phi.
A name whose value would vary along a left-out axis is absent: an expression in it would break the symmetry.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from fieldsim.arrays import FloatArray
from fieldsim.coordinates import Coordinates

Formula = Callable[[Sequence[FloatArray]], FloatArray]

_CARTESIAN = ("x", "y", "z")
# What a formula may call a coordinate on some mesh; where a mesh lacks one, the message says why.
COORDINATE_NAMES = ("x", "y", "z", "r", "theta", "phi")


def coordinate_formulas(coordinates: Coordinates, active: frozenset[str]) -> dict[str, Formula]:
    """Return, by name, functions from native coordinates to the value of each coordinate that may be used."""
    result: dict[str, Formula] = {}
    for number, name in enumerate(coordinates.names):
        if name in active:
            result[name] = _native(number)
    for number, name in enumerate(_CARTESIAN[: coordinates.dim]):
        if name not in coordinates.names and _depends_on(coordinates, number) <= active:
            result[name] = _cartesian(coordinates, number)
    if coordinates.dim > 1:
        for name, (needs, formula) in _round_names(coordinates.dim).items():
            needed = set().union(*(_depends_on(coordinates, k) for k in needs))
            invariant = _invariants(coordinates).get(name)
            if name not in coordinates.names and (invariant or needed) <= active:
                result[name] = _round(coordinates, formula)
    return result


def why_absent(name: str, coordinates: Coordinates, active: Sequence[str]) -> str:
    """Return the message for a coordinate name that this mesh does not have."""
    left_out = [n for n in coordinates.names if n not in active]
    if left_out:
        return (
            f"`{name}` cannot be used on a {coordinates.name} mesh over {', '.join(active)}: it varies along "
            f"{' and '.join(left_out)}, which this mesh leaves out as a symmetry. Give the mesh that axis too."
        )
    return (
        f"`{name}` is not a coordinate of a {coordinates.name} mesh over {', '.join(active)}. "
        f"Use {', '.join(sorted(coordinate_formulas(coordinates, frozenset(active))))}."
    )


def round_values(x: FloatArray) -> dict[str, FloatArray]:
    """Return r, phi (and theta) at Cartesian points (dim, ...)."""
    return {name: formula(tuple(x)) for name, (_, formula) in _round_names(x.shape[0]).items()}


def _native(number: int) -> Formula:
    return lambda q: q[number]


def _cartesian(coordinates: Coordinates, number: int) -> Formula:
    return lambda q: coordinates.to_cartesian(q)[number]


def _round(coordinates: Coordinates, formula: Formula) -> Formula:
    return lambda q: formula(coordinates.to_cartesian(q))


def _round_names(dim: int) -> dict[str, tuple[tuple[int, ...], Formula]]:
    """Return r, theta and phi as functions of Cartesian coordinates, with the ones they need."""
    azimuth: Formula = lambda x: np.mod(np.arctan2(x[1], x[0]), 2.0 * np.pi)  # noqa: E731
    if dim == 2:
        return {"r": ((0, 1), lambda x: np.hypot(x[0], x[1])), "phi": ((0, 1), azimuth)}
    return {
        "r": ((0, 1, 2), lambda x: np.sqrt(x[0] ** 2 + x[1] ** 2 + x[2] ** 2)),
        "theta": ((0, 1, 2), lambda x: np.arctan2(np.hypot(x[0], x[1]), x[2])),
        "phi": ((0, 1), azimuth),
    }


def _depends_on(coordinates: Coordinates, number: int) -> frozenset[str]:
    """Return the names of the native coordinates that a Cartesian coordinate depends on."""
    here = [np.asarray(at + 0.3) for at in coordinates.reference]
    return frozenset(
        name for i, name in enumerate(coordinates.names) if abs(float(coordinates.tangents(here, i)[number])) > 1e-12
    )


def _invariants(coordinates: Coordinates) -> dict[str, frozenset[str]]:
    """Return what theta depends on where a turn about the z axis is a symmetry: not on phi."""
    if "phi" in coordinates.names and coordinates.dim == 3:
        return {"theta": frozenset(coordinates.names) - {"phi"}}
    return {}
