"""The conservative core: storage du/dt = div(K grad u - s v u) + source - sink u, integrated over each cell.

conduction.py has the flow between neighbours, drift.py what a velocity carries. Walls follow their half-cell law; poles
have no area and seams are faces like any other. What leaves one cell enters its neighbour, so the balance closes to
rounding; the matrix comes from the same face conductances.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from fieldsim.arrays import BoolArray, FloatArray
from fieldsim.boundary import Given, Wall, WallState, settled
from fieldsim.errors import InvalidInput, must
from fieldsim.linear import GridOperator, Operator
from fieldsim.meshes import Side
from fieldsim.physics.conduction import Conduction
from fieldsim.physics.drift import surfaces
from fieldsim.physics.faces import dissipation, flows_through
from fieldsim.physics.law import Law
from fieldsim.physics.regions import loose_regions
from fieldsim.physics.tensor import GivenTensor

_NUDGE = 6e-6


@dataclass(frozen=True)
class Linearised:
    """-d gain/du = operator * diag(weight), the operator symmetric but for a drift; without `weight` it is 1.

    For K = m(place) f(u), weight = f(u) makes Kirchhoff's variable the unknown, in which conduction is symmetric;
    for other K it is close to the derivative. `whole` has the floating bodies' cells among the unknowns.
    """

    operator: Operator
    whole: Operator
    weight: FloatArray | None = None


@dataclass(frozen=True, eq=False)
class FiniteVolume(Law):
    """A conservation law on a mesh, in extensive form: flows and supplies a cell in the equation's `rate` unit."""

    @cached_property
    def upwind(self) -> FiniteVolume:
        """The same law with its drift carried upstream, which is linear in what is carried."""
        return self if self.drift is None else replace(self, drift=replace(self.drift, scheme="upwind"))

    @cached_property
    def loose(self) -> tuple[BoolArray, ...]:
        """Regions of connected cells in which nothing holds the unknown: a steady state has no level of its own there.

        Bodies, sinks and walls that let more out of a warmer cell hold it; floating bodies join what they touch.
        """
        if self.source.follows:
            return ()
        holding = np.zeros(self.mesh.shape, dtype=bool)
        # whether a wall holds is no matter of how well cells conduct; a conductivity may not know the value 1
        law = self
        if isinstance(self.conductivity, Given) and self.conductivity.follows:
            plain = Given(self.conductivity.name, self.conductivity.place, np.ones(self.mesh.shape))
            law = replace(self, conductivity=plain, wall_conductivity={})
        for state in law.wall_states(0.0, np.ones(self.mesh.shape)).values():
            holding[wall_index(state.wall.side)] |= state.slope * state.wall.areas > 0.0
        if self.sink is not None:
            holding |= self._sink(0.0) > 0.0
        return loose_regions(self.mesh, self.bodies, holding)

    # ---- flows

    @cached_property
    def conduction(self) -> Conduction:
        """What conducts between neighbouring cells."""
        return Conduction(self.mesh, self.conductivity, self.bodies, self.contacts)

    def conductivity_at(self, t: float, u: FloatArray, axis: int = 0) -> FloatArray:
        """Return the conductivity in every cell, where it is a tensor that along an axis."""
        return self.conduction.along(t, u, axis)

    def flux_of(self, t: float, u: FloatArray, slope: FloatArray) -> FloatArray:
        """Return -K grad u + s v u for given components of grad u along the mesh's axes, (ndim, *shape)."""
        values = self.conduction.values(t, u)
        carried = 0.0 if self.drift is None else self.drift.flux(t, u)
        if isinstance(self.conductivity, GivenTensor):
            return np.asarray(carried - np.einsum("ij...,j...->i...", values, slope))
        return carried - values * slope

    def operator_at(self, t: float, u: FloatArray) -> GridOperator:
        """Return the face conductances between all neighbouring cells, without the walls.

        Schemes that fit or centre a drift reduce them.
        """
        operator = self.conduction.operator(t, u)
        if self.drift is None:
            return operator
        return replace(operator, couplings=self.drift.thinned(t, operator.couplings))

    def wall_states(self, t: float, u: FloatArray) -> dict[str, WallState]:
        """Return every wall at time `t` (s) with the values `u` in the cells along it."""
        return {name: self.wall_state(name, t, u) for name in self.conditions}

    def wall_state(self, name: str, t: float, u: FloatArray) -> WallState:
        """Return one wall at time `t` (s) with the values `u` in the cells along it."""
        side = self.mesh.sides[name]
        index = wall_index(side)
        inner: FloatArray = u[index]
        areas, distances = self._wall_geometry[name]
        given = self.wall_conductivity.get(name)
        drift = None if self.drift is None else self.drift.through(name, t)
        if given is None:
            wall = Wall(side, areas, self.conductivity_at(t, u, side.axis)[index], distances, drift=drift)
            return settled(self.conditions[name], t, inner, lambda surface: wall, fixed=True)

        def wall_at(surface: FloatArray) -> Wall:
            mean = self.conduction.mean(given, t, inner.ravel(), surface.ravel())
            own = self.conduction.checked(given.values(t, surface.ravel()))
            return Wall(side, areas, mean.reshape(inner.shape), distances, own.reshape(inner.shape), drift)

        return settled(self.conditions[name], t, inner, wall_at, fixed=False)

    @cached_property
    def _wall_geometry(self) -> dict[str, tuple[FloatArray, FloatArray]]:
        result = {}
        for name in self.conditions:
            side = self.mesh.sides[name]
            index = wall_index(side)
            areas = np.where(self.bodies.idle[index], 0.0, self.mesh.face_areas(side.axis)[index])
            result[name] = areas, self.mesh.half_distances(side.axis)[side.end][index]
        return result

    def supply(self, t: float, u: FloatArray) -> FloatArray:
        """Return source minus sink in every cell, per time."""
        result = self.equation.source_factor * self.source.values(t, u) * self.mesh.volumes
        if self.sink is not None:
            result -= self._sink(t) * u
        if self.bodies.any:
            result[self.bodies.idle] = 0.0
        return result

    def _sink(self, t: float) -> FloatArray:
        taken = self.sink.values(t) if self.sink is not None else np.zeros(self.mesh.shape)
        if (taken < 0.0).any():
            raise InvalidInput(
                must("sink", "0 or more", float(taken.min()), "It takes sink * u; use source for what comes in.")
            )
        return taken * self.mesh.volumes

    def outflows(self, t: float, u: FloatArray) -> dict[str, FloatArray]:
        """Return what leaves through each wall, a face, and into each held body, a cell of it, per time."""
        u = self.bodies.filled(t, u)
        flows = {name: state.flow_out for name, state in self.wall_states(t, u).items()}
        if self.bodies.all:
            arriving = -self.leaving(t, u)
            flows |= {body.name: arriving[body.cells] for body in self.bodies.all}
        return flows

    def leaving(self, t: float, u: FloatArray) -> FloatArray:
        """Return what leaves each cell for its neighbours and through walls; `u` has the bodies' values."""
        result: FloatArray = self.operator_at(t, u).apply(u)
        states = self.wall_states(t, u).values()
        if self.drift is not None:
            result -= self.drift.net(self.drift.carried(t, u, surfaces(states)))
        for state in states:
            result[wall_index(state.wall.side)] += state.flow_out
        return result

    def face_flows(self, t: float, u: FloatArray) -> tuple[FloatArray, ...]:
        """Return what flows along +axis through all faces of each axis; `u` has the bodies' values."""
        states = self.wall_states(t, u).values()
        flows = flows_through(self.operator_at(t, u), states, u)
        if self.drift is None:
            return flows
        return self.drift.on_faces(flows, self.drift.carried(t, u, surfaces(states)))

    def dissipation(self, t: float, u: FloatArray) -> float:
        """Return the integral of K |grad u|^2."""
        return dissipation(self.operator_at(t, u), self.wall_states(t, u).values(), u)

    def gain(self, t: float, u: FloatArray) -> FloatArray:
        """Return what each cell gains per time: inflow from neighbours and walls, and the supply."""
        u = self.bodies.filled(t, u)
        leaving = self.leaving(t, u)
        result: FloatArray = self.supply(t, u) - leaving
        if self.bodies.any:
            result[self.bodies.idle] = 0.0
        for body in self.bodies.afloat:
            # what a body gains warms all of it alike
            share = (self.mesh.volumes if self.storage is None else self.storage)[body.cells]
            net = float(body.supply.values(t)) - float(leaving[body.cells].sum())
            result[body.cells] = net * share / share.sum()
        return result

    # ---- derivatives

    def matrix_at(self, t: float) -> Operator:
        """Return the operator K of a linear law, gain = supply - K u, walls included, at time `t`."""
        return self.linearised(t, np.zeros(self.mesh.shape)).operator

    def linearised(self, t: float, u: FloatArray) -> Linearised:
        """Return the derivative of the gain at (t, u), walls included."""
        u = self.bodies.filled(t, u)
        operator, diagonal, weight = self.stiffness(t, u)
        if self.sink is not None:
            diagonal += self._sink(t)
        if self.source.follows:
            diagonal += self._damping(t, u)
        if self.bodies.afloat:
            # a body's supply is all it gives off: sources and sinks have no say in its cells
            diagonal[self.bodies.idle] = 0.0
        if weight is not None:
            diagonal /= weight
        whole = operator.shifted(diagonal)
        closed = self.bodies.closed(whole)
        return Linearised(closed, self.bodies.joined(whole) if self.bodies.afloat else closed, weight)

    def stiffness(self, t: float, u: FloatArray) -> tuple[Operator, FloatArray, FloatArray | None]:
        """Return K, D and w: (K w + D) is the derivative of `leaving` by the unknown; w is None for 1."""
        conduction = self.operator_at(t, u)
        weight = self._weight(t, u) if self.conductivity.follows else None
        if weight is not None:
            conduction = _weighted(conduction, weight)
        operator: Operator = conduction
        diagonal = np.zeros(self.mesh.shape)
        states = self.wall_states(t, u).values()
        if self.drift is not None:
            operator = self.drift.beside(t, u, conduction, weight, surfaces(states))
        for state in states:
            index = wall_index(state.wall.side)
            slope = state.wall.areas * state.slope
            if weight is not None:
                slope = slope * self.conductivity_at(t, u)[index] / state.wall.conductivity
            diagonal[index] += slope
        return operator, diagonal, weight

    def _weight(self, t: float, u: FloatArray) -> FloatArray:
        level = np.full_like(u, u[~self.bodies.idle].mean())
        result: FloatArray = self.conductivity_at(t, u) / self.conductivity_at(t, level)
        return result

    def _damping(self, t: float, u: FloatArray) -> FloatArray:
        """Return -d source/du times volume where the source falls with u; growth is left to the iteration."""
        nudge = _NUDGE * max(float(np.abs(u).max()), _NUDGE)
        rise = (self.source.values(t, u + nudge) - self.source.values(t, u - nudge)) / (2.0 * nudge)
        result: FloatArray = np.maximum(-self.equation.source_factor * rise, 0.0) * self.mesh.volumes
        return result


def wall_index(side: Side) -> tuple[slice | int, ...]:
    """Return the index of the cells along a side."""
    return (slice(None),) * side.axis + (-1 if side.end else 0,)


def _weighted(operator: GridOperator, weight: FloatArray) -> GridOperator:
    """Return the couplings that, times the weights, are the derivatives of the flows."""
    couplings = []
    for axis, coupling in enumerate(operator.couplings):
        count = coupling.shape[axis]
        pair = weight + np.roll(weight, -1, axis)
        couplings.append(2.0 * coupling / pair.take(range(count), axis))
    return GridOperator(operator.diagonal, tuple(couplings), operator.periodic)
