"""What a given velocity v carries: the flow of s v u through each face, s what a volume stores per unit of u.

W = s times the integral of v . n over the face; carried = W u_face, u_face the upstream value (Courant, Isaacson and
Rees 1952) or, "limited", that value plus van Leer's slope times the distance to the face, in Mignone's form for uneven
cells (Journal of Computational Physics 270, 2014): second order, and no new extremes where div(s v) = 0. "exponential"
(Scharfetter and Gummel 1969, Allen and Southwell 1955) and "central" are upwind flows beside a conductance C that is
reduced to C P/(exp(P) - 1), P = |W|/C, and to C - |W|/2.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from fieldsim.arrays import FloatArray, IntArray
from fieldsim.boundary import WallState
from fieldsim.boundary.law import bernoulli
from fieldsim.errors import InvalidInput, must
from fieldsim.linear import GridOperator, SparseOperator
from fieldsim.linear.grid_operator import scatter_differences
from fieldsim.meshes import Mesh
from fieldsim.physics.bodies import Bodies
from fieldsim.physics.slopes import Ends, Slopes, limited_slopes
from fieldsim.physics.velocity import Flows, Velocity

SCHEMES = ("limited", "exponential", "upwind", "central")
_STEEPEST = 600.0
_GATHERS = 1e-6  # a relative net flow out of a cell above the error of the faces' integrals
Number = TypeVar("Number", bound=np.generic)
Walls: TypeAlias = dict[str, FloatArray | None]


def check_scheme(scheme: object) -> None:
    """Raise InvalidInput unless `scheme` is one of SCHEMES."""
    if scheme not in SCHEMES:
        remedy = "'limited' is the default: second order and free of overshoot."
        raise InvalidInput(must("drift", f"one of {', '.join(SCHEMES)}", scheme, remedy))


@dataclass(frozen=True, eq=False)
class Drift:
    """A velocity on a mesh, and how values are carried; `stored` is s in every cell, None where it is 1."""

    mesh: Mesh
    velocity: Velocity
    scheme: str
    bodies: Bodies
    stored: FloatArray | None = None
    _kept: dict[float, tuple[Flows, Walls]] = field(default_factory=dict)

    @property
    def varies(self) -> bool:
        """Whether the velocity depends on time."""
        return self.velocity.varies

    @property
    def nonlinear(self) -> bool:
        """Whether what is carried is not linear in the unknown."""
        return self.scheme == "limited"

    @property
    def bytes_to_assemble(self) -> float:
        """Memory that the matrix and its incomplete factors take, in bytes a cell, as measured in space."""
        return 3000.0 if self.nonlinear else 2000.0

    @property
    def order(self) -> int:
        """Order of accuracy where the drift outweighs diffusion within a cell."""
        return 2 if self.scheme in ("limited", "central") else 1

    def gathers(self, t: float) -> bool:
        """Return whether div(s v) is not 0, so that a constant does not stay one."""
        return self.gathering(t) > _GATHERS

    # ---- the flow that carries

    def flows(self, t: float) -> Flows:
        """Return W through the faces between neighbours along each axis; 0 at holes and inside held bodies."""
        return self._at(t)[0]

    def through(self, side: str, t: float) -> FloatArray | None:
        """Return what the drift carries out per area and unit of u through the faces of a wall; None for nothing."""
        return self._at(t)[1][side]

    def _at(self, t: float) -> tuple[Flows, Walls]:
        time = t if self.varies else 0.0
        if time not in self._kept:
            volumes = self.velocity.flows(time)
            inner = tuple(self._between(flow, axis) for axis, flow in enumerate(volumes))
            self._kept.clear()
            self._kept[time] = inner, {name: self._out_of(name, volumes) for name in self.mesh.walls}
        return self._kept[time]

    @cached_property
    def _halves(self) -> tuple[tuple[FloatArray, FloatArray], ...]:
        return tuple(self.mesh.half_distances(axis) for axis in range(self.mesh.ndim))

    def _between(self, flow: FloatArray, axis: int) -> FloatArray:
        n, periodic = self.mesh.shape[axis], self.mesh.axes[axis].periodic
        count = n if periodic else n - 1
        result = np.array(flow.take(range(1, count + 1), axis))
        if self.stored is not None:
            lower, upper = _pair(self.stored, axis, count)
            result *= np.where(result > 0.0, lower, upper)
        if self.bodies.any:
            holes, idle = (_pair(cells, axis, count) for cells in (self.bodies.holes, self.bodies.idle))
            result[holes[0] | holes[1] | (idle[0] & idle[1])] = 0.0
        return result

    def _out_of(self, side: str, flows: Flows) -> FloatArray | None:
        which = self.mesh.sides[side]
        index = (slice(None),) * which.axis + (-1 if which.end else 0,)
        out = (1.0 if which.end else -1.0) * flows[which.axis][index] / self.mesh.face_areas(which.axis)[index]
        if self.stored is not None:
            out *= self.stored[index]
        return out if out.any() else None

    def gathering(self, t: float) -> float:
        """Return the largest net flow out of a cell, relative to the largest flow through one: 0 if div(s v) = 0."""
        net, gross = np.zeros(self.mesh.shape), np.zeros(self.mesh.shape)
        for axis, flow in enumerate(self.flows(t)):
            net += _to_cells(flow, -flow, axis, self.mesh.shape)
            gross += _to_cells(np.maximum(flow, 0.0), np.maximum(-flow, 0.0), axis, self.mesh.shape)
        for name in self.mesh.walls:
            which = self.mesh.sides[name]
            index = (slice(None),) * which.axis + (-1 if which.end else 0,)
            through = self.through(name, t)
            if through is not None:
                out = through * self.mesh.face_areas(which.axis)[index]
                net[index] += out
                gross[index] += np.maximum(out, 0.0)
        free = ~self.bodies.idle
        largest = float(gross[free].max(initial=0.0))
        return float(np.abs(net[free]).max(initial=0.0)) / largest if largest > 0.0 else 0.0

    def beyond_upwind(self, t: float, couplings: Flows) -> FloatArray:
        """Return what to add to Gershgorin's bound of the upwind law so that explicit steps of this scheme are stable.

        Limited slopes may double what is carried (Harten's condition for no new extremes); centred values need
        dt W^2 < 2 C besides, C the `couplings`.
        """
        result = np.zeros(self.mesh.shape)
        for axis, (flow, coupling) in enumerate(zip(self.flows(t), couplings, strict=True)):
            extra = np.abs(flow) if self.scheme == "limited" else np.zeros_like(flow)
            if self.scheme == "central":
                extra = np.divide(0.5 * flow**2, coupling, out=extra, where=coupling > 0.0)
            result += _to_cells(extra, extra, axis, self.mesh.shape)
        return result

    # ---- what is carried

    def thinned(self, t: float, couplings: Flows) -> Flows:
        """Return the conductances that the scheme leaves beside its upstream flow."""
        if self.scheme in ("limited", "upwind"):
            return couplings
        result = []
        for flow, coupling in zip(self.flows(t), couplings, strict=True):
            if self.scheme == "central":
                result.append(np.where(coupling > 0.0, coupling - 0.5 * np.abs(flow), 0.0))
                continue
            ratio = np.divide(np.abs(flow), coupling, out=np.full_like(flow, _STEEPEST), where=coupling > 0.0)
            result.append(coupling * bernoulli(np.minimum(ratio, _STEEPEST)))
        return tuple(result)

    def carried(self, t: float, u: FloatArray, ends: Mapping[tuple[int, int], Ends]) -> Flows:
        """Return what is carried through the faces between neighbours, along each axis.

        `ends` gives the surface values on the walls by (axis, end), for the slopes of the cells along them.
        """
        result = []
        for axis, flow in enumerate(self.flows(t)):
            count = flow.shape[axis]
            lower, upper = _pair(u, axis, count)
            if self.scheme == "limited":
                slopes = self._slopes(axis, u, ends).value
                below, above = self._halves[axis]
                lower = lower + _pair(slopes * above, axis, count)[0]
                upper = upper - _pair(slopes * below, axis, count)[1]
            result.append(np.where(flow > 0.0, flow * lower, flow * upper))
        return tuple(result)

    def on_faces(self, flows: Flows, carried: Flows) -> Flows:
        """Return flows through all faces (n + 1 along each axis) with what is carried between neighbours added."""
        result = []
        for axis, (flow, addition) in enumerate(zip(flows, carried, strict=True)):
            total, inner = np.moveaxis(flow.copy(), axis, 0), np.moveaxis(addition, axis, 0)
            total[1 : len(inner) + 1] += inner
            if self.mesh.axes[axis].periodic:
                total[0] += inner[-1]
            result.append(np.moveaxis(total, 0, axis))
        return tuple(result)

    def flux(self, t: float, u: FloatArray) -> FloatArray:
        """Return s v u at the cell centres along the mesh's axes, (ndim, *shape)."""
        return self.velocity.centers(t) * (u if self.stored is None else self.stored * u)

    def net(self, carried: Flows) -> FloatArray:
        """Return what flows carry into each cell less what they carry out, without the walls."""
        result = np.zeros(self.mesh.shape)
        for axis, flow in enumerate(carried):
            scatter_differences(result, flow, axis, periodic=self.mesh.axes[axis].periodic)
        return result

    def matrix(self, t: float, u: FloatArray, ends: Mapping[tuple[int, int], Ends]) -> sparse.csr_array:
        """Return the derivative of what leaves each cell by what is carried, without the walls."""
        number: IntArray = np.arange(self.mesh.size).reshape(self.mesh.shape)
        entries: list[tuple[IntArray, IntArray, FloatArray]] = []

        def add(flow: FloatArray, lower: IntArray, upper: IntArray, column: IntArray) -> None:
            entries.append((lower.ravel(), column.ravel(), flow.ravel()))
            entries.append((upper.ravel(), column.ravel(), -flow.ravel()))

        for axis, flow in enumerate(self.flows(t)):
            count = flow.shape[axis]
            lower, upper = _pair(number, axis, count)
            forward, backward = np.maximum(flow, 0.0), np.minimum(flow, 0.0)
            add(forward, lower, upper, lower)
            add(backward, lower, upper, upper)
            if self.scheme == "limited":
                slopes = self._slopes(axis, u, ends)
                below, above = self._halves[axis]
                for step, slope in ((-1, slopes.by_lower), (0, slopes.by_own), (1, slopes.by_upper)):
                    column = np.roll(number, -step, axis)
                    ahead = forward * _pair(slope * above, axis, count)[0]
                    back = backward * _pair(slope * below, axis, count)[1]
                    add(ahead, lower, upper, _pair(column, axis, count)[0])
                    add(-back, lower, upper, _pair(column, axis, count)[1])
        rows, columns, values = (np.concatenate(part) for part in zip(*entries, strict=True))
        kept = values != 0.0
        size = (self.mesh.size, self.mesh.size)
        return sparse.coo_array((values[kept], (rows[kept], columns[kept])), shape=size).tocsr()

    def beside(
        self,
        t: float,
        u: FloatArray,
        operator: GridOperator,
        weight: FloatArray | None,
        ends: Mapping[tuple[int, int], Ends],
    ) -> SparseOperator:
        """Return conduction and drift as one matrix; near it is conduction with the diffusion of upstream values.

        Its product with `weight` (None for 1) is the derivative.
        """
        matrix = self.matrix(t, u, ends)
        if weight is not None:
            matrix = sparse.csr_array(matrix @ sparse.diags_array(1.0 / weight.ravel()))
        couplings = tuple(c + 0.5 * np.abs(flow) for c, flow in zip(operator.couplings, self.flows(t), strict=True))
        near = replace(operator, couplings=couplings)
        return SparseOperator(sparse.csr_array(operator.matrix() + matrix), near, symmetric=False)

    def _slopes(self, axis: int, u: FloatArray, ends: Mapping[tuple[int, int], Ends]) -> Slopes:
        periodic = self.mesh.axes[axis].periodic
        slopes = limited_slopes(
            u, axis, self._halves[axis], (ends.get((axis, 0)), ends.get((axis, 1))), periodic=periodic
        )
        if not self.bodies.holes.any():
            return slopes
        # nothing is known beyond the face of a hole
        near = self.bodies.holes.copy()
        for step in (-1, 1):
            near |= np.roll(self.bodies.holes, step, axis)
        return slopes.without(near)


def surfaces(states: Iterable[WallState]) -> dict[tuple[int, int], Ends]:
    """Return the values on the walls by (axis, end), and how they follow the values in the cells along them."""
    return {
        (state.wall.side.axis, state.wall.side.end): Ends(state.surface, 1.0 - state.law.slope / state.wall.conductance)
        for state in states
    }


def _pair(cells: NDArray[Number], axis: int, count: int) -> tuple[NDArray[Number], NDArray[Number]]:
    """Return the values below and above each face between neighbours."""
    return cells.take(range(count), axis), np.roll(cells, -1, axis).take(range(count), axis)


def _to_cells(lower: FloatArray, upper: FloatArray, axis: int, shape: tuple[int, ...]) -> FloatArray:
    """Return what faces between neighbours along an axis give to the cells below and above them, summed."""
    result = np.zeros(shape)
    cells, count = np.moveaxis(result, axis, 0), lower.shape[axis]
    cells[:count] += np.moveaxis(lower, axis, 0)
    cells[(np.arange(count) + 1) % shape[axis]] += np.moveaxis(upper, axis, 0)
    return result
