"""Conduction by the symmetric energy form: on meshes whose lines do not cross at right angles, and for tensors.

E(u) = 1/2 sum over corners of d.A d, least over the values on the sub-faces between them: the multipoint flux method
(Wheeler & Yotov 2006; Ingram, Wheeler & Yotov 2010). Flows through faces follow from the same energy, so that what
leaves one cell enters its neighbour. Everything but conduction is that of the FiniteVolume.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import numpy as np

from fieldsim.arrays import BoolArray, FloatArray
from fieldsim.boundary import Wall, WallState
from fieldsim.errors import NumericalFailure
from fieldsim.linear import GridOperator, SparseOperator
from fieldsim.physics.assembly import Stencil, inside, with_walls
from fieldsim.physics.corners import CurvedCorners, IntArray, OrthogonalCorners, VertexGrid
from fieldsim.physics.elimination import Coefficients, FaceState, VertexEnergy, WallData, face_state
from fieldsim.physics.finite_volume import FiniteVolume, wall_index
from fieldsim.physics.normals import wall_normals
from fieldsim.physics.wall_forms import Form, SolvedWall, SurfaceLaws

# beyond this share of the half cell's conductance a film holds the value
_HOLDS = 1.0 - 1e-12
_ROUNDS = 100
_SAME = 1e-13


@dataclass(frozen=True, eq=False)
class EnergyVolume(FiniteVolume):
    """A conservation law whose conduction is the energy form; see FiniteVolume for what it holds.

    `conductivity` has one value a cell, or a symmetric matrix a cell: in Cartesian components on a curvilinear mesh,
    else in the mesh's own.
    """

    @property
    def bytes_to_assemble(self) -> float:
        """Memory that the matrix takes before anything is solved, in bytes a cell; measured."""
        return 1500.0 if self.mesh.ndim == 3 else 600.0

    # ---- geometry

    @cached_property
    def grid(self) -> VertexGrid:
        """Numbers of cells, vertices and sub-faces."""
        return VertexGrid(self.mesh.shape, tuple(axis.periodic for axis in self.mesh.axes))

    @cached_property
    def _corners(self) -> CurvedCorners | OrthogonalCorners:
        return (OrthogonalCorners if self.mesh.orthogonal else CurvedCorners)(self.mesh, self.grid)

    @cached_property
    def _wall_numbers(self) -> Mapping[tuple[int, int], IntArray]:
        """The number of the face that each cell has at an end of an axis, -1 for none."""
        result, count = {}, 0
        for axis in range(self.mesh.ndim):
            for end in (0, 1):
                side = self.mesh.sides[self.mesh.names[axis] + "-+"[end]]
                numbers = np.full(self.mesh.shape, -1)
                if side.name in self.conditions:
                    along = np.asarray(numbers[wall_index(side)])
                    numbers[wall_index(side)] = count + np.arange(along.size).reshape(along.shape)
                    count += along.size
                result[axis, end] = numbers.ravel()
        return MappingProxyType(result)

    @cached_property
    def _wall_slices(self) -> Mapping[str, slice]:
        result = {}
        for name in self.conditions:
            side = self.mesh.sides[name]
            numbers = self._wall_numbers[side.axis, side.end].reshape(self.mesh.shape)[wall_index(side)]
            result[name] = slice(int(numbers.min()), int(numbers.max()) + 1)
        return result

    @cached_property
    def _wall_areas(self) -> FloatArray:
        """The areas of all wall faces, 0 along bodies and holes."""
        count = max((s.stop for s in self._wall_slices.values()), default=0)
        nowhere = WallData(self._wall_numbers, np.zeros(count), np.zeros(count, dtype=bool), np.zeros(count))
        energy = self._energy(np.ones(self.mesh.size))
        result = np.zeros(count)
        vertices = np.flatnonzero(self.grid.at_ends)
        numbers, areas = energy.walls(vertices, self.grid.cells_at(vertices), nowhere)
        np.add.at(result, numbers[numbers >= 0], areas[numbers >= 0])
        return result

    @cached_property
    def _wall_normals(self) -> Mapping[str, tuple[FloatArray, FloatArray]]:
        """Along each wall, unit normals in the components of K, (dim, *side), and distances of the inner centres."""
        return {name: wall_normals(self.mesh, self.mesh.sides[name]) for name in self.conditions}

    # ---- the form

    def _energy(self, conductivity: FloatArray) -> VertexEnergy:
        fixed, gone = self.bodies.fixed.ravel(), self.bodies.holes.ravel()
        return VertexEnergy(self.grid, self._corners, Coefficients(conductivity, fixed, gone))

    def _flat_conductivity(self, t: float, u: FloatArray) -> FloatArray:
        """Return K over the flat cells: (n,) or (n, d, d)."""
        values = self.tensor_at(t, u)
        if values.ndim == self.mesh.ndim:
            return values.ravel()
        return np.ascontiguousarray(np.moveaxis(values.reshape(*values.shape[:2], -1), -1, 0))

    @cached_property
    def _constant_inside(self) -> tuple[VertexEnergy, Stencil]:
        energy = self._energy(self._flat_conductivity(0.0, np.zeros(self.mesh.shape)))
        return energy, inside(energy)

    def _inside(self, t: float, u: FloatArray) -> tuple[VertexEnergy, Stencil]:
        """Return the energy and what the vertices inside leave of it, the last ones again where nothing changed."""
        if not (self.conductivity.varies or self.conductivity.follows):
            return self._constant_inside
        last = self._kept_inside.get("last")
        if last is not None and last[0] == t and (not self.conductivity.follows or np.array_equal(last[1], u)):
            return last[2]
        energy = self._energy(self._flat_conductivity(t, u))
        found = energy, inside(energy)
        self._kept_inside["last"] = t, u.copy(), found
        return found

    @cached_property
    def _kept_inside(self) -> dict[str, tuple[float, FloatArray, tuple[VertexEnergy, Stencil]]]:
        return {}

    def _form(self, t: float, u: FloatArray, laws: SurfaceLaws) -> Form:
        """Return the form, the last one again where nothing in it has changed."""
        energy, inner = self._inside(t, u)
        last = self._kept.get("form")
        if last is not None and last.energy is energy:
            known = last.walls
            if np.array_equal(known.held, laws.held) and np.array_equal(known.film, laws.film):
                return last
        form = self._assembled(energy, inner, laws.held, laws.film)
        self._kept["form"] = form
        return form

    def _assembled(self, energy: VertexEnergy, inner: Stencil, held: BoolArray, film: FloatArray) -> Form:
        walls = WallData(self._wall_numbers, self._wall_areas, held, film)
        stencil, matrices = with_walls(energy, inner, walls)
        return Form(energy, walls, SparseOperator(stencil.matrix(), stencil.near()), matrices)

    @cached_property
    def _kept(self) -> dict[str, Form]:
        return {}

    def _laws(self, t: float, u: FloatArray, surface: FloatArray) -> SurfaceLaws:
        """Return the walls' laws, linear about the values `surface` on them."""
        count = surface.size
        held, film, reference, flux = np.zeros(count, dtype=bool), np.zeros(count), np.zeros(count), np.zeros(count)
        states = {}
        conductivity = self.tensor_at(t, u)
        for name, where in self._wall_slices.items():
            side = self.mesh.sides[name]
            index = wall_index(side)
            normal, distance = self._wall_normals[name]
            along = conductivity[(*(slice(None),) * (conductivity.ndim - self.mesh.ndim), *index)]
            if conductivity.ndim > self.mesh.ndim:
                along = np.einsum("i...,ij...,j...->...", normal, along, normal)
            areas = self._wall_areas[where].reshape(distance.shape)
            at_wall = surface[where].reshape(distance.shape)
            own = self.wall_conductivity.get(name)
            own_values = None
            if own is not None:
                own_values = self.conduction.checked(own.values(t, at_wall.ravel())).reshape(at_wall.shape)
            wall = Wall(side, areas, along, distance, own_values)
            law = self.conditions[name].law(t, wall, at_wall)
            states[name] = WallState(wall, law, u[index])
            share = law.slope / wall.conductance
            holds = share > _HOLDS
            rest = np.where(holds, 1.0, 1.0 - share)
            shift = np.divide(law.flux, law.slope, out=np.zeros_like(share), where=holds)
            held[where], film[where] = holds.ravel(), np.where(holds, 0.0, law.slope / rest).ravel()
            reference[where] = (law.reference - shift).ravel()
            flux[where] = np.where(holds, 0.0, law.flux / rest).ravel()
        return SurfaceLaws(held, film, reference, flux, states)

    def _settled(self, t: float, u: FloatArray) -> tuple[Form, SurfaceLaws, float]:
        """Return the form and the laws at u, and a level that u is counted from.

        Where a law follows the value on the wall, its tangent is taken there, by Newton's method.
        """
        flat, level = u.ravel(), float(u.flat[0])
        surface = np.full(self._wall_areas.size, level)
        for name, where in self._wall_slices.items():
            surface[where] = u[wall_index(self.mesh.sides[name])].ravel()
        follows = self.radiates or self.conductivity.follows
        for _ in range(_ROUNDS):
            laws = self._laws(t, u, surface)
            form = self._form(t, u, laws)
            if not follows:
                return form, laws, level
            before, surface = surface, form.surface(flat, laws, level)
            change = np.abs(surface - before)
            if (change <= _SAME * (np.abs(surface) + np.abs(before))).all():
                return form, laws, level
        raise NumericalFailure(
            f"the values on the walls do not settle: they still change by {float(change.max()):.3g}. Refine the mesh "
            "there, or smooth the conditions."
        )

    # ---- what a FiniteVolume is asked

    def operator_at(self, t: float, u: FloatArray) -> GridOperator:
        """Raise: couplings of neighbours alone do not make this conduction."""
        raise TypeError("The energy form has no two-point couplings: ask for leaving, stiffness or face_flows.")

    def tensor_at(self, t: float, u: FloatArray) -> FloatArray:
        """Return the conductivity in every cell: numbers (*shape), or matrices (m, m, *shape)."""
        return self.conduction.checked(self.conductivity.values(t, u))

    def leaving(self, t: float, u: FloatArray) -> FloatArray:
        """Return what leaves each cell for its neighbours and through walls; `u` has the bodies' values."""
        form, laws, level = self._settled(t, u)
        return form.leaving(u.ravel(), laws, level).reshape(u.shape)

    def stiffness(self, t: float, u: FloatArray) -> tuple[SparseOperator, FloatArray, FloatArray | None]:
        """Return K, 0 and w: K w is the derivative of `leaving` by the unknown, w None for 1; see FiniteVolume."""
        form, laws, _ = self._settled(t, u)
        if not self.conductivity.follows:
            return form.operator, np.zeros(u.shape), None
        weight = self._weight(t, u)
        level = np.full_like(u, u[~self.bodies.idle].mean())
        energy = self._energy(self._flat_conductivity(t, level))
        along = np.ones(laws.film.size)
        for name, where in self._wall_slices.items():
            along[where] = weight[wall_index(self.mesh.sides[name])].ravel()
        form = self._assembled(energy, inside(energy), laws.held, laws.film / along)
        return form.operator, np.zeros(u.shape), weight

    def wall_states(self, t: float, u: FloatArray) -> dict[str, WallState]:
        """Return every wall at time `t` (s) with the values `u` in the cells."""
        form, laws, level = self._settled(t, u)
        flat = u.ravel()
        surface, flux = form.surface(flat, laws, level), form.flux_out(flat, laws, level)
        result: dict[str, WallState] = {}
        for name, state in laws.states.items():
            where, shape = self._wall_slices[name], state.inner.shape
            on_wall, out = surface[where].reshape(shape), flux[where].reshape(shape)
            result[name] = SolvedWall(state.wall, state.law, state.inner, on_wall, out)
        return result

    def face_flows(self, t: float, u: FloatArray) -> tuple[FloatArray, ...]:
        """Return what conduction carries along +axis through all faces of each axis; `u` has the bodies' values."""
        return self.face_state(t, u).flows

    def dissipation(self, t: float, u: FloatArray) -> float:
        """Return the integral of K |grad u|^2."""
        return self.face_state(t, u).dissipation

    def face_state(self, t: float, u: FloatArray) -> FaceState:
        """Return flows through all faces, the values on them, and the integral of K |grad u|^2."""
        last = self._kept_faces.get("last")
        if last is not None and last[0] == t and np.array_equal(last[1], u):
            return last[2]
        form, laws, level = self._settled(t, u)
        state = face_state(form.energy, u.ravel() - level, form.walls, laws.data(level))
        state = FaceState(state.flows, tuple(values + level for values in state.values), state.dissipation)
        self._kept_faces["last"] = t, u.copy(), state
        return state

    @cached_property
    def _kept_faces(self) -> dict[str, tuple[float, FloatArray, FaceState]]:
        """The last face state: flux, values at points and field energy are mostly asked of one answer."""
        return {}
