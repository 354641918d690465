"""A given velocity as flows through the faces of a mesh: the integral of v . n over each face, by Gauss points.

From formulas the flows of a cell sum to the integral of div v over it, to the error of the rule (order 8 on Cartesian
meshes, 10 on others): nothing for a velocity without divergence. A VectorField knows its cell centres only: its flows
are interpolated between them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from fieldsim.arrays import FloatArray
from fieldsim.boundary import Given, Number, Place, read_given
from fieldsim.errors import InvalidInput, must
from fieldsim.fields import VectorField
from fieldsim.meshes import CurvilinearMesh, Mesh
from fieldsim.meshes.faces import FacePoints, areas_at_centers, face_points

VelocityLike: TypeAlias = VectorField | Mapping[str, Number] | Sequence[Number] | str | float
Flows: TypeAlias = tuple[FloatArray, ...]

_POINTS, _POINTS_CURVED = 4, 5
_UNIT = "m/s"
_EXAMPLE = 'For example velocity=("-y", "x"), or {"r": "0.1/r"} along the mesh\'s own directions.'


@dataclass(frozen=True)
class Velocity:
    """Volume flows through all faces (n + 1 along each axis, along its direction) at a time, in m^3/s.

    `centers` gives the components along the axes at the cell centres, (ndim, *shape), in m/s.
    """

    flows: Callable[[float], Flows]
    centers: Callable[[float], FloatArray]
    varies: bool = False


def read_velocity(mesh: Mesh, what: VelocityLike) -> Velocity:
    """Read a velocity in m/s: a VectorField, one number or formula a Cartesian component, or a dict by direction.

    A dict names Cartesian directions or the mesh's own ("r", "phi", "z"); those left out are 0. Formulas may use place
    and t. Raises InvalidInput, ExpressionError, UnitsError.
    """
    if isinstance(mesh, CurvilinearMesh):
        remedy = "Use cartesian, polar, cylindrical or spherical."
        raise InvalidInput(must("velocity", "given on a mesh of coordinate axes", mesh, remedy))
    if isinstance(what, VectorField):
        flows = _interpolated(mesh, what)
        return Velocity(lambda t: flows, lambda t: what.values[list(mesh.axis_coordinate)])
    components, native = _components(mesh, what)
    per_axis = [_FaceFlows(mesh, axis, components, native=native) for axis in range(mesh.ndim)]
    centers = _at_centers(mesh, components, native=native)
    if any(part.varies for part in per_axis):
        return Velocity(lambda t: tuple(part.at(t) for part in per_axis), centers, varies=True)
    steady = tuple(part.at(0.0) for part in per_axis)
    return Velocity(lambda t: steady, centers)


def _components(mesh: Mesh, what: object) -> tuple[list[Number | None], bool]:
    """Return one number for each direction, None for nought, and whether they are the mesh's own directions."""
    names = ("x", "y", "z")[: mesh.dim]
    if isinstance(what, Mapping):
        for directions, native in ((mesh.coordinates.names, True), (names, False)):
            if set(what) <= set(directions) and what:
                if not native:
                    _refuse_turning(mesh)
                return [what.get(name) for name in directions], native
        own = mesh.coordinates.names
        either = ", ".join(own) + (f" or {', '.join(names)}" if mesh.basis.size > 1 and own != names else "")
        raise InvalidInput(must("velocity", f"given along {either}", sorted(map(str, what)), _EXAMPLE))
    if isinstance(what, str | int | float | np.number) and not isinstance(what, bool) and mesh.dim == 1:
        return [what], True
    if isinstance(what, str) or not isinstance(what, Sequence | np.ndarray) or len(what) != mesh.dim:
        rule = f"a VectorField, or one number or formula for each of {', '.join(names)}"
        raise InvalidInput(must("velocity", rule, what, _EXAMPLE))
    _refuse_turning(mesh)
    return [None if isinstance(part, int | float) and part == 0 else part for part in what], False


def _refuse_turning(mesh: Mesh) -> None:
    """Refuse Cartesian components where the mesh's own directions turn along an axis that it leaves out."""
    for number, axis in enumerate(mesh.coordinate_axis):
        moved = [np.asarray(q.flat[q.size // 2]) for q in mesh.open_centers]
        here = mesh.coordinates.basis(moved)
        low, high = mesh.coordinates.whole[number]
        moved[number] = np.asarray(low + 0.3183 * (high - low))
        if axis is None and not np.allclose(here, mesh.coordinates.basis(moved), atol=1e-12):
            names = mesh.coordinates.names
            rule = f"given along the mesh's own directions ({', '.join(names)}), as the mesh leaves {names[number]} out"
            raise InvalidInput(must("velocity", rule, "Cartesian components", 'For example {"z": "1 - r**2"}.'))


class _FaceFlows:
    """The flows through the faces across one axis, from formulas at Gauss points."""

    def __init__(self, mesh: Mesh, axis: int, components: Sequence[Number | None], *, native: bool) -> None:
        self.shape = tuple(n + 1 if k == axis else n for k, n in enumerate(mesh.shape))
        # faces without area, at axes and poles, are left out: formulas and directions may not exist there
        self.faces = mesh.face_areas(axis) > 0.0
        self.parts: list[tuple[Given, FloatArray]] = []
        own = mesh.axis_coordinate[axis]
        for place in face_points(mesh, axis, _POINTS if mesh.coordinates.name == "cartesian" else _POINTS_CURVED):
            with np.errstate(invalid="ignore", divide="ignore"):
                normal = np.eye(mesh.dim)[own] if native else mesh.coordinates.basis(place.q)[own]
            for number, what in enumerate(components):
                share = np.broadcast_to(normal[number] * place.areas, self.shape)[self.faces]
                if what is not None and share.any():
                    where = _place(mesh, place, self.shape).part(self.faces)
                    given = read_given(what, where, unit=_UNIT, name=f"velocity[{number}]")
                    self.parts.append((given, share))

    @property
    def varies(self) -> bool:
        return any(given.varies for given, _ in self.parts)

    def at(self, t: float) -> FloatArray:
        result = np.zeros(self.shape)
        for given, share in self.parts:
            result[self.faces] += share * given.values(t)
        return result


def _at_centers(mesh: Mesh, components: Sequence[Number | None], *, native: bool) -> Callable[[float], FloatArray]:
    """Return the components along the axes at the cell centres as a function of time, read when they are needed."""
    place = Place(mesh.shape, mesh.expression_names, mesh.coordinate_values, "cell")

    def at(t: float) -> FloatArray:
        parts = [
            np.zeros(mesh.shape) if what is None else read_given(what, place, unit=_UNIT, name="velocity").values(t)
            for what in components
        ]
        if native:
            return np.stack([parts[number] for number in mesh.axis_coordinate])
        basis = mesh.basis[list(mesh.axis_coordinate)]
        return np.asarray(np.einsum("ik...,k...->i...", basis, np.stack(parts)))

    return at


def _place(mesh: Mesh, points: FacePoints, shape: tuple[int, ...]) -> Place:
    def coordinates(names: Collection[str]) -> Mapping[str, FloatArray]:
        return mesh.coordinates_at(names, points.q)

    return Place(shape, mesh.expression_names, coordinates, "face")


def _interpolated(mesh: Mesh, field: VectorField) -> Flows:
    """Return flows interpolated along each axis between those through the surfaces at the cell centres."""
    if field.mesh is not mesh:
        raise InvalidInput(must("velocity", "a field on the problem's own mesh", field, "Build it there."))
    flows = []
    for axis, line in enumerate(mesh.axes):
        across = np.moveaxis(areas_at_centers(mesh, axis) * field.values[mesh.axis_coordinate[axis]], axis, 0)
        centers, edges = line.centers, line.edges
        if line.periodic:
            centers = np.concatenate([[centers[-1] - line.length], centers, [centers[0] + line.length]])
            across = np.concatenate([across[-1:], across, across[:1]])
        lower = np.clip(np.searchsorted(centers, edges) - 1, 0, max(centers.size - 2, 0))
        if centers.size == 1:
            faces = np.repeat(across, 2, axis=0)
        else:
            share = (edges - centers[lower]) / (centers[lower + 1] - centers[lower])
            share = share.reshape(-1, *(1,) * (mesh.ndim - 1))
            faces = (1.0 - share) * across[lower] + share * across[lower + 1]
        flows.append(np.where(mesh.face_areas(axis) > 0.0, np.moveaxis(faces, 0, axis), 0.0))
    return tuple(flows)
