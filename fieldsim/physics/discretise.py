"""Read a model's coefficients, conditions and bodies on a mesh, once, and check them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from fieldsim.arrays import FloatArray
from fieldsim.boundary import Given, GradientOut, Place, Wall, bind_walls, is_pieces, read_given
from fieldsim.errors import InvalidInput, must
from fieldsim.fields import ScalarField
from fieldsim.meshes import Mesh
from fieldsim.physics.bodies import Bodies, read_bodies
from fieldsim.physics.conduction import positive
from fieldsim.physics.contact import read_contacts
from fieldsim.physics.drift import Drift, check_scheme
from fieldsim.physics.energy import EnergyVolume
from fieldsim.physics.equation import Coefficient, Equation
from fieldsim.physics.far_field import opened
from fieldsim.physics.finite_volume import FiniteVolume, wall_index
from fieldsim.physics.normals import turns_flux
from fieldsim.physics.tensor import GivenTensor, is_tensor, read_tensor
from fieldsim.physics.velocity import read_velocity
from fieldsim.units import power

# the share of the largest flow below which a stream runs along a contact
_CROSSES = 1e-9


def discretise(
    mesh: Mesh, equation: Equation, boundary: object, *, fixed: object = (), holes: object = (), contact: object = ()
) -> FiniteVolume:
    """Read coefficients and conditions of an equation on a mesh; raises InvalidInput and its children.

    Conductivity and source may depend on place, time and the unknown, the sink on place and time, what stores on
    place only; conductivity and storage must be positive.
    """
    place, symbol = place_of_cells(mesh), equation.symbol
    conductivity = _conductivity(equation, mesh, place)
    along = {}
    conditions = bind_walls(mesh, boundary, equation.units)
    bodies = read_bodies(mesh, place, fixed, holes, equation)
    storage = _storage(equation, mesh, place)
    if conductivity.follows:
        for name in conditions:
            side = np.zeros(mesh.shape, dtype=bool)
            side[wall_index(mesh.sides[name])] = True
            along[name] = _read(equation.conductivity, mesh, place.part(side), unknown=symbol)
    askew = not mesh.orthogonal or (isinstance(conductivity, GivenTensor) and not conductivity.diagonal)
    if askew:
        _refuse_askew(mesh, equation, conductivity, boundary, contact)
        along = {name: given for name, given in along.items() if _slopes(boundary[name])}  # type: ignore[index]
    volume = (EnergyVolume if askew else FiniteVolume)(
        mesh,
        equation,
        conductivity,
        storage,
        _read(equation.source, mesh, place, unknown=symbol),
        conditions,
        bodies,
        _sink(equation, mesh, place),
        along,
        read_contacts(mesh, place, contact, power(equation.units.transfer, -1)),
        _drift(equation, mesh, bodies, storage),
    )
    _refuse_streams(volume)
    volume = opened(volume)
    _refuse_covered_walls(volume)
    return volume


def _refuse_streams(volume: FiniteVolume) -> None:
    """Raise InvalidInput where a velocity crosses a contact: what the unknown is inside it, no law says."""
    drift = volume.drift
    if drift is None:
        return
    for time in (0.0, 1.0) if drift.varies else (0.0,):
        flows = drift.flows(time)
        largest = max((float(np.abs(flow).max(initial=0.0)) for flow in flows), default=0.0)
        for part in volume.contacts.faces:
            if float(np.abs(flows[part.axis][part.mask]).max(initial=0.0)) > _CROSSES * largest:
                name = part.resistance.name
                remedy = "Make it a thin layer of cells of its own conductivity, or keep the velocity along it."
                raise InvalidInput(must(name, "where no velocity crosses it", "a stream through the contact", remedy))


def place_of_cells(mesh: Mesh) -> Place:
    """Return the cells of a mesh as a place for numbers."""
    return Place(mesh.shape, mesh.expression_names, mesh.coordinate_values, "cell")


def _conductivity(equation: Equation, mesh: Mesh, place: Place) -> Given | GivenTensor:
    """Return the conductivity, a number or a tensor a cell."""
    coefficient = equation.conductivity
    if is_tensor(coefficient.value, mesh):
        return read_tensor(coefficient.value, mesh, place, unit=coefficient.unit, name=coefficient.name)
    conductivity = _read(coefficient, mesh, place, unknown=equation.symbol)
    if conductivity.constant is not None:
        positive(conductivity.constant, conductivity.name)
    return conductivity


def _slopes(condition: object) -> bool:
    """Return whether a condition, or a part of it, gives the gradient."""
    parts = condition if isinstance(condition, list | tuple) else [condition]
    return any(isinstance(part[-1] if isinstance(part, tuple) else part, GradientOut) for part in parts)


def _refuse_askew(
    mesh: Mesh, equation: Equation, conductivity: Given | GivenTensor, boundary: object, contact: object
) -> None:
    """Raise InvalidInput for what has no meaning, or no form yet, where flux and faces are askew."""
    rule = "left out where lines do not cross at right angles or a tensor turns the flux"
    remedy = "Take an orthogonal mesh, and conductivities along its lines."
    for name, value in (("contact", contact or None), ("velocity", equation.velocity)):
        if value is not None:
            raise InvalidInput(must(name, rule, value, remedy))
    if not isinstance(conductivity, GivenTensor) or not isinstance(boundary, Mapping):
        return
    for side, condition in boundary.items():
        if _slopes(condition) and turns_flux(mesh, mesh.sides[side], conductivity.values(0.0)):
            raise InvalidInput(
                must(
                    f"boundary[{side!r}]",
                    "a flux or a value where the tensor turns the flux away from the wall's normal",
                    "GradientOut",
                    "The slope along the wall drives flux through it too: give FluxOut, Value or Convective.",
                )
            )


def _refuse_covered_walls(volume: FiniteVolume) -> None:
    """Raise InvalidInput where a floating body lies on a wall that lets something through.

    The wall's condition has no say there. A held body takes up whatever comes; a floating one would lose count of it.
    """
    for name, condition in volume.conditions.items():
        side = volume.mesh.sides[name]
        one = np.ones(volume.bodies.holes[wall_index(side)].shape)
        wall = Wall(side, one, one, one, one)
        for body in volume.bodies.afloat:
            covered = body.cells[wall_index(side)]
            for t in (0.0, 1.0) if condition.varies else (0.0,):
                law = condition.law(t, wall, one)
                if ((law.slope != 0.0) | (law.flux != 0.0))[covered].any():
                    rule = "a cell or more away from walls that are not insulated"
                    remedy = "Put FluxOut(0.0) on that part of the wall, and what passes there into the supply."
                    raise InvalidInput(must(body.name, rule, f"cells along boundary[{name!r}]", remedy))


def _storage(equation: Equation, mesh: Mesh, place: Place) -> FloatArray | None:
    if not equation.storage:
        return None
    storage: FloatArray = np.array(mesh.volumes)
    for coefficient in equation.storage:
        if coefficient.value is None:
            continue
        values = _read(coefficient, mesh, place, time=False).values(0.0)
        remedy = "What stores nothing has no run in time: use solve(problem)."
        storage *= positive(values, coefficient.name, remedy=remedy)
    return storage


def _drift(equation: Equation, mesh: Mesh, bodies: Bodies, storage: FloatArray | None) -> Drift | None:
    """Return what the equation's velocity carries, None where it has none."""
    if equation.velocity is None:
        return None
    check_scheme(equation.drift)
    equation.require_storage("a velocity, which carries what they store")
    velocity = read_velocity(mesh, equation.velocity)
    stored = np.ones(mesh.shape) if storage is None else storage / mesh.volumes
    return Drift(mesh, velocity, equation.drift, bodies, stored)


def _sink(equation: Equation, mesh: Mesh, place: Place) -> Given | None:
    """Return the sink, None where it is nought."""
    if equation.sink is None:
        return None
    sink = _read(equation.sink, mesh, place)
    return None if sink.constant is not None and not sink.constant.any() else sink


def _read(coefficient: Coefficient, mesh: Mesh, place: Place, *, time: bool = True, unknown: str = "") -> Given:
    value = _plain(coefficient.value, coefficient.name, mesh)
    return read_given(value, place, unit=coefficient.unit, name=coefficient.name, time=time, unknown=unknown)  # type: ignore[arg-type]


def _plain(value: object, name: str, mesh: Mesh) -> object:
    """Return fields, also among pieces, as arrays."""
    if is_pieces(value):
        return [(p[0], _plain(p[1], name, mesh)) if isinstance(p, tuple) else _plain(p, name, mesh) for p in value]
    if not isinstance(value, ScalarField):
        return value
    if value.mesh is not mesh:
        remedy = "Build the field on the problem's mesh."
        raise InvalidInput(must(name, "a field on the problem's own mesh", value, remedy))
    return value.values
