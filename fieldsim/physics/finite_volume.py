"""The conservative core: storage du/dt = div(K grad u - s v u) + source - sink u, integrated over each cell.

flow through a face = A (u_i - u_j) / (d_i/K_i + d_j/K_j): the distance-weighted harmonic mean, exact for layers. Where
K follows the unknown, K_i is its mean over the values between u_i and u_j (Kirchhoff 1894), exact for K(u). Walls
follow their half-cell law; poles have no area and seams are faces like any other; drift.py adds what a velocity
carries. What leaves one cell enters its neighbour, so the balance closes to rounding; the matrix comes from the same
face conductances.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from fieldsim.arrays import BoolArray, FloatArray
from fieldsim.boundary import BoundCondition, Given, OpenSide, Wall, WallState, settled
from fieldsim.errors import InvalidInput, NumericalFailure, must
from fieldsim.linear import GridOperator, Operator
from fieldsim.meshes import Mesh, Side
from fieldsim.physics.bodies import Bodies
from fieldsim.physics.contact import Contacts, up_to_surfaces
from fieldsim.physics.drift import Drift, surfaces
from fieldsim.physics.equation import Equation
from fieldsim.physics.faces import dissipation, flows_through
from fieldsim.physics.regions import loose_regions
from fieldsim.physics.tensor import GivenTensor

# Gauss-Legendre: exact for polynomials K(u) up to degree five
_POINTS, _WEIGHTS = (0.5 * x for x in np.polynomial.legendre.leggauss(3))
_POINTS = _POINTS + 0.5
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
class FiniteVolume:
    """A conservation law on a mesh, in extensive form: flows and supplies a cell in the equation's `rate` unit.

    `storage` holds storage coefficient times volume a cell, None where the law has no time; a coefficient left out
    counts as 1, good for weights only (see `Equation.require_storage`). `wall_conductivity` is given along each
    wall where the conductivity follows the unknown.
    """

    mesh: Mesh
    equation: Equation
    conductivity: Given | GivenTensor
    storage: FloatArray | None
    source: Given
    conditions: Mapping[str, BoundCondition]
    bodies: Bodies
    sink: Given | None = None
    wall_conductivity: Mapping[str, Given] = field(default_factory=dict)
    contacts: Contacts = field(default_factory=Contacts)
    drift: Drift | None = None

    @property
    def bytes_to_assemble(self) -> float:
        """Memory that the matrix takes before anything is solved, in bytes a cell."""
        return 0.0 if self.drift is None else self.drift.bytes_to_assemble

    # ---- what depends on what

    @property
    def walls(self) -> tuple[str, ...]:
        """Names of the sides that have a condition."""
        return tuple(self.conditions)

    @property
    def exits(self) -> tuple[str, ...]:
        """Names of all through which something may leave: walls and held bodies."""
        return (*self.conditions, *(body.name for body in self.bodies.all))

    @cached_property
    def follows(self) -> bool:
        """Whether the law is nonlinear: coefficients, the source, a wall or the drift's slopes follow the unknown."""
        return self.data_follow or (self.drift is not None and self.drift.nonlinear)

    @cached_property
    def data_follow(self) -> bool:
        """Whether coefficients, the source or a wall follow the unknown."""
        walls = any(condition.follows for condition in self.conditions.values())
        return walls or self.conductivity.follows or self.source.follows

    @cached_property
    def upwind(self) -> FiniteVolume:
        """The same law with its drift carried upstream, which is linear in what is carried."""
        return self if self.drift is None else replace(self, drift=replace(self.drift, scheme="upwind"))

    @property
    def radiates(self) -> bool:
        """Whether a wall radiates, so that the unknown is an absolute temperature."""
        return any(condition.follows for condition in self.conditions.values())

    @cached_property
    def matrix_varies(self) -> bool:
        """Whether the matrix depends on time."""
        slopes = any(condition.slope_varies for condition in self.conditions.values())
        moving = self.conductivity.varies or bool(self.contacts.varying) or (self.drift or self.conductivity).varies
        return slopes or moving or (self.sink is not None and self.sink.varies)

    @property
    def data_vary(self) -> tuple[str, ...]:
        """Names of the data that depend on time: coefficients, sides, bodies."""
        given = [
            self.conductivity,
            self.source,
            *([self.sink] if self.sink else []),
            *(b.value for b in self.bodies.held),
            *(b.supply for b in self.bodies.afloat),
        ]
        walls = [f"boundary[{name!r}]" for name, c in self.conditions.items() if c.varies]
        flow = ["velocity"] if self.drift is not None and self.drift.varies else []
        return (*(g.name for g in given if g.varies), *walls, *self.contacts.varying, *flow)

    def require_run(self) -> None:
        """Raise InvalidInput where walls know the steady state only."""
        for condition in self.conditions.values():
            if isinstance(condition, OpenSide):
                remedy = "Put the walls far enough to feel nothing, and insulate them."
                rule = "for the steady state of one field"
                raise InvalidInput(must(condition.name, rule, "a far field in a run", remedy))

    def require_alone(self) -> None:
        """Raise InvalidInput where bodies or walls know one law only, and several are coupled."""
        for body in self.bodies.afloat:
            remedy = "Hold it at a value, or make it a region of large conductivity."
            raise InvalidInput(must(body.name, "held at a value among several fields", "a floating body", remedy))
        self.require_run()

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

    def conductivity_at(self, t: float, u: FloatArray, axis: int = 0) -> FloatArray:
        """Return the conductivity in every cell, where it is a tensor that along an axis."""
        values = self._checked(self.conductivity.values(t, u))
        return np.asarray(values[axis, axis]) if isinstance(self.conductivity, GivenTensor) else values

    def flux_of(self, t: float, u: FloatArray, slope: FloatArray) -> FloatArray:
        """Return -K grad u + s v u for given components of grad u along the mesh's axes, (ndim, *shape)."""
        values = self._checked(self.conductivity.values(t, u))
        carried = 0.0 if self.drift is None else self.drift.flux(t, u)
        if isinstance(self.conductivity, GivenTensor):
            return np.asarray(carried - np.einsum("ij...,j...->i...", values, slope))
        return carried - values * slope

    def operator_at(self, t: float, u: FloatArray) -> GridOperator:
        """Return the face conductances A / (d_i/K_i + d_j/K_j) between all neighbouring cells, without the walls.

        Schemes that fit or centre a drift reduce them.
        """
        changing = self.conductivity.varies or self.conductivity.follows or self.contacts.varying
        operator = self._operator(t, u) if changing else self._constant_operator
        if self.drift is None:
            return operator
        return replace(operator, couplings=self.drift.thinned(t, operator.couplings))

    @cached_property
    def _constant_operator(self) -> GridOperator:
        return self._operator(0.0, np.zeros(self.mesh.shape))

    def _operator(self, t: float, u: FloatArray) -> GridOperator:
        periodic = tuple(axis.periodic for axis in self.mesh.axes)
        couplings = tuple(self._couplings(axis, t, u) for axis in range(self.mesh.ndim))
        return GridOperator(np.zeros(self.mesh.shape), couplings, periodic)

    def _couplings(self, axis: int, t: float, u: FloatArray) -> FloatArray:
        n, periodic = self.mesh.shape[axis], self.mesh.axes[axis].periodic
        count = n if periodic else n - 1
        to_lower, to_upper = self.mesh.half_distances(axis)

        def halves(above: FloatArray, below: FloatArray) -> tuple[FloatArray, FloatArray]:
            lower = self._resistance(axis, to_upper, t, u, above)
            upper = np.roll(self._resistance(axis, to_lower, t, u, below), -1, axis)
            return lower.take(range(count), axis), upper.take(range(count), axis)

        ends = (_neighbour(u, axis, 1, periodic=periodic), _neighbour(u, axis, -1, periodic=periodic))
        lower, upper = halves(*ends)
        areas = self.mesh.face_areas(axis).take(range(1, count + 1), axis)
        extra = self.contacts.across(axis, t)
        if extra is not None and self.conductivity.follows:
            lower, upper = up_to_surfaces(halves, u, axis, *ends, extra)
        total = lower + upper if extra is None else lower + upper + extra
        # inside a held body nothing resists and nothing flows
        return np.divide(areas, total, out=np.zeros_like(total), where=total > 0.0)

    def _resistance(self, axis: int, distance: FloatArray, t: float, u: FloatArray, other: FloatArray) -> FloatArray:
        """Return distance over conductivity, the mean between the values u and other."""
        if isinstance(self.conductivity, Given) and self.conductivity.follows:
            conductivity = self._mean(self.conductivity, t, u, other)
        else:
            conductivity = self.conductivity_at(t, u, axis)
        if not self.bodies.any:
            return distance / conductivity
        result = np.where(self.bodies.fixed, 0.0, distance / conductivity)
        result[self.bodies.holes] = np.inf
        return result

    def _mean(self, conductivity: Given, t: float, u: FloatArray, other: FloatArray) -> FloatArray:
        step = other - u
        total = np.zeros_like(u)
        for point, weight in zip(_POINTS, _WEIGHTS, strict=True):
            total += weight * self._checked(conductivity.values(t, u + point * step))
        return total

    def _checked(self, values: FloatArray) -> FloatArray:
        if isinstance(self.conductivity, GivenTensor) or not (self.conductivity.varies or self.conductivity.follows):
            return values
        return positive(values, self.conductivity.name, moving=True)

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
            mean = self._mean(given, t, inner.ravel(), surface.ravel())
            own = self._checked(given.values(t, surface.ravel()))
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


def positive(
    values: FloatArray,
    name: str,
    *,
    moving: bool = False,
    remedy: str = "An insulator has a small value, not zero.",
) -> FloatArray:
    """Return values above 0; raises InvalidInput, or NumericalFailure for a coefficient that is `moving`."""
    bad = ~(values > 0.0)
    if not bad.any():
        return values
    cell = tuple(int(i) for i in np.argwhere(bad)[0])
    where = f"{values[cell]:.6g} in cell {cell}" if values.size > 1 else f"{values[cell]:.6g}"
    if moving or not np.isfinite(values[cell]):
        raise NumericalFailure(
            must(name, "above 0 for every value of the unknown", where, "Bound it: max(0.1, 1 - T/1000), say.")
        )
    raise InvalidInput(must(name, "above 0 everywhere", where, remedy))


def _neighbour(u: FloatArray, axis: int, step: int, *, periodic: bool) -> FloatArray:
    """Return each cell's neighbour's value along an axis; at the ends of an open axis the cell's own."""
    rolled = np.roll(u, -step, axis)
    if not periodic:
        end = (slice(None),) * axis + (-1 if step > 0 else 0,)
        rolled[end] = u[end]
    return rolled


def _weighted(operator: GridOperator, weight: FloatArray) -> GridOperator:
    """Return the couplings that, times the weights, are the derivatives of the flows."""
    couplings = []
    for axis, coupling in enumerate(operator.couplings):
        count = coupling.shape[axis]
        pair = weight + np.roll(weight, -1, axis)
        couplings.append(2.0 * coupling / pair.take(range(count), axis))
    return GridOperator(operator.diagonal, tuple(couplings), operator.periodic)
