"""The conservative core: storage du/dt = div(K grad u) + source, integrated over each cell.

flow through a face = A (u_i - u_j) / (d_i/K_i + d_j/K_j): the distance-weighted harmonic mean, exact for layers.
Walls follow their half-cell law; poles have no area and seams are faces like any other. What leaves one cell
enters its neighbour, so the balance closes to rounding. The matrix and the matrix-free flows come from the same
face conductances.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fieldsim.arrays import FloatArray
from fieldsim.boundary import (
    BoundCondition,
    Given,
    Place,
    Wall,
    WallLaw,
    bind_walls,
    read_given,
)
from fieldsim.errors import InvalidInput, NumericalFailure, must
from fieldsim.fields import ScalarField
from fieldsim.linear import GridOperator
from fieldsim.meshes import Mesh, Side
from fieldsim.physics.equation import Coefficient, Equation

Laws = Mapping[str, WallLaw]


@dataclass(frozen=True, eq=False)
class FiniteVolume:
    """A conservation law on a mesh, in extensive form: flows and supplies a cell in the equation's `rate` unit.

    `storage` holds storage coefficient times volume a cell, None where the law has no time.
    """

    mesh: Mesh
    equation: Equation
    conductivity: FloatArray
    storage: FloatArray | None
    source: Given
    conditions: Mapping[str, BoundCondition]

    @cached_property
    def operator(self) -> GridOperator:
        """The face conductances A / (d_i/K_i + d_j/K_j) between neighbouring cells, without the walls."""
        periodic = tuple(axis.periodic for axis in self.mesh.axes)
        couplings = tuple(self._couplings(axis) for axis in range(self.mesh.ndim))
        return GridOperator(np.zeros(self.mesh.shape), couplings, periodic)

    def _couplings(self, axis: int) -> FloatArray:
        n = self.mesh.shape[axis]
        to_lower, to_upper = self.mesh.half_distances(axis)
        lower_part, upper_part = to_upper / self.conductivity, to_lower / self.conductivity
        areas = self.mesh.face_areas(axis)
        if self.mesh.axes[axis].periodic:
            areas = areas.take(range(1, n + 1), axis)
            return areas / (lower_part + np.roll(upper_part, -1, axis))
        areas = areas.take(range(1, n), axis)
        return areas / (lower_part.take(range(n - 1), axis) + upper_part.take(range(1, n), axis))

    @cached_property
    def walls(self) -> dict[str, Wall]:
        """The wall faces of every side that has a condition."""
        return {name: self._wall(self.mesh.sides[name]) for name in self.conditions}

    def _wall(self, side: Side) -> Wall:
        index = wall_index(side)
        distances = self.mesh.half_distances(side.axis)[side.end]
        areas = self.mesh.face_areas(side.axis)
        return Wall(side, areas[index], self.conductivity[index], distances[index])

    @property
    def slope_varies(self) -> bool:
        """Whether the matrix depends on time, through a condition's slope."""
        return any(condition.slope_varies for condition in self.conditions.values())

    @property
    def data_vary(self) -> tuple[str, ...]:
        """Names of the data that depend on time: "source", or sides."""
        names = [f"boundary[{name!r}]" for name, c in self.conditions.items() if c.varies]
        return (*([self.source.name] if self.source.varies else []), *names)

    def laws(self, t: float) -> dict[str, WallLaw]:
        """Return the law of every wall at time `t` (s)."""
        return {name: self.conditions[name].law(t, wall) for name, wall in self.walls.items()}

    def supply(self, t: float) -> FloatArray:
        """Return the source in every cell, per time."""
        supplied = self.source.values(t) * self.mesh.volumes
        return supplied if self.equation.source_factor == 1.0 else self.equation.source_factor * supplied

    def wall_flows(self, u: FloatArray, laws: Laws) -> dict[str, FloatArray]:
        """Return what leaves through each wall face, per time, over the side."""
        return {name: wall.areas * laws[name].flux_out(self.inner(u, wall.side)) for name, wall in self.walls.items()}

    def gain(self, t: float, u: FloatArray) -> FloatArray:
        """Return what each cell gains per time: inflow from neighbours and walls, and the source."""
        result = self.supply(t) - self.operator.apply(u)
        laws = self.laws(t)
        for name, flow in self.wall_flows(u, laws).items():
            result[wall_index(self.walls[name].side)] -= flow
        return result

    def wall_slopes(self, t: float) -> FloatArray:
        """Return area times slope of the wall laws, a cell: what the walls add to the matrix's diagonal."""
        result = np.zeros(self.mesh.shape)
        for name, law in self.laws(t).items():
            wall = self.walls[name]
            result[wall_index(wall.side)] += wall.areas * law.slope
        return result

    def matrix_at(self, t: float) -> GridOperator:
        """Return the operator K with gain = supply - K u, walls included, at time `t`."""
        return self.operator.shifted(self.wall_slopes(t))

    @staticmethod
    def inner(u: FloatArray, side: Side) -> FloatArray:
        """Return the values in the cells along a side."""
        values: FloatArray = u[wall_index(side)]
        return values


def wall_index(side: Side) -> tuple[slice | int, ...]:
    """Return the index of the cells along a side."""
    return (slice(None),) * side.axis + (-1 if side.end else 0,)


def discretise(mesh: Mesh, equation: Equation, boundary: object) -> FiniteVolume:
    """Read coefficients and conditions of an equation on a mesh; raises InvalidInput and its children.

    The conductivity must be positive and so must be what stores; both may vary in place only.
    """
    place = place_of_cells(mesh)
    conductivity = _positive(_values(equation.conductivity, mesh, place), equation.conductivity.name)
    storage = None
    if equation.storage:
        storage = np.array(mesh.volumes)
        for coefficient in equation.storage:
            storage *= _positive(_values(coefficient, mesh, place), coefficient.name)
    source = _read(equation.source, mesh, place, time=True)
    return FiniteVolume(mesh, equation, conductivity, storage, source, bind_walls(mesh, boundary, equation.units))


def place_of_cells(mesh: Mesh) -> Place:
    """Return the cells of a mesh as a place for numbers."""
    return Place(mesh.shape, mesh.expression_names, mesh.coordinate_values, "cell")


def _values(coefficient: Coefficient, mesh: Mesh, place: Place) -> FloatArray:
    return _read(coefficient, mesh, place, time=False).values(0.0)


def _read(coefficient: Coefficient, mesh: Mesh, place: Place, *, time: bool) -> Given:
    value = coefficient.value
    if isinstance(value, ScalarField):
        if value.mesh is not mesh:
            remedy = "Build the field on the problem's mesh."
            raise InvalidInput(must(coefficient.name, "a field on the problem's own mesh", value, remedy))
        value = value.values
    return read_given(value, place, unit=coefficient.unit, name=coefficient.name, time=time)


def _positive(values: FloatArray, name: str) -> FloatArray:
    bad = ~(values > 0.0)
    if bad.any():
        cell = tuple(int(i) for i in np.argwhere(bad)[0])
        if not np.isfinite(values[cell]):
            raise NumericalFailure(f"`{name}` must be finite; got {values[cell]} first in cell {cell}.")
        where = f"{values[cell]:.6g} in cell {cell}" if values.size > 1 else f"{values[cell]:.6g}"
        raise InvalidInput(must(name, "above 0 everywhere", where, "An insulator has a small value, not zero."))
    return values
