"""Values of an exact formula at points of a mesh, for the curves that computed numbers are held against."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fieldsim.errors import InvalidInput, must
from fieldsim.meshes.names import round_values
from fieldsim.scenario.amounts import Formula
from fieldsim.scenario.language import COORDINATES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fieldsim.meshes import Mesh

    Array = NDArray[np.float64]

_HAIR = 1e-4


def at_points(formula: float | Formula, points: Array, mesh: Mesh, time: float) -> Array:
    """Return a formula of place and time at Cartesian points (dim, n), with the mesh's meaning of r, theta, phi.

    Where it has no value, as sin(k r)/r at r = 0, its value a hair towards the nearest cell centre stands.
    """
    from fieldsim.expressions import compile_expression

    if not isinstance(formula, Formula):
        return np.full(points.shape[1], float(formula))
    names = frozenset(mesh.coordinates.names) | COORDINATES | {"t"}
    expression = compile_expression(formula.resolved, names, where="exact")

    def value(places: Array) -> Array:
        known = dict(zip("xyz", places, strict=False)) | _round(places) | {"t": np.asarray(time)}
        known |= dict(zip(mesh.coordinates.names, mesh.coordinates.from_cartesian(tuple(places)), strict=True))
        absent = sorted(expression.names - known.keys())
        if absent:
            raise InvalidInput(
                must("exact", f"a formula of {', '.join(sorted(known))}", absent[0], "Write it in these.")
            )
        found = np.asarray(expression({name: known[name] for name in expression.names}), dtype=float)
        return np.broadcast_to(found, places.shape[1:]).copy()

    values = value(points)
    bare = ~np.isfinite(values)
    if bare.any():
        values[bare] = value(_a_hair_inwards(points[:, bare], mesh))
    return values


def _a_hair_inwards(points: Array, mesh: Mesh) -> Array:
    """Return points moved by a ten-thousandth of the way to the nearest cell centre: off a pole, not off the field."""
    from scipy.spatial import cKDTree

    centres = mesh.points.reshape(mesh.dim, -1)
    _, nearest = cKDTree(centres.T).query(points.T)
    return np.asarray(points + _HAIR * (centres[:, nearest] - points))


def _round(places: Array) -> dict[str, Array]:
    return round_values(places) if len(places) > 1 else {"r": np.abs(places[0])}
