"""Numbers people ask of an answer, each with its unit: flows, contents, field energy, capacitance, resistance.

energy = e * sum over faces of flow * difference (e = 1/2 in electrostatics, -1/(8 pi G) for gravity): the form that the
finite volume minimises. Between two exits a and b, capacitance = charge/(u_a - u_b), resistance = (u_a - u_b)/flow.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np

from fieldsim.arrays import FloatArray
from fieldsim.boundary import OpenSide, Place, read_given
from fieldsim.errors import ExpressionError, InvalidInput, must
from fieldsim.physics import FiniteVolume

INFINITY = "infinity"
_ALONE = 1e-6


@dataclass(frozen=True)
class Answer:
    """A number with its SI unit; float(answer) is the number."""

    value: float
    unit: str

    def __float__(self) -> float:
        return self.value

    def __str__(self) -> str:
        return f"{self.value:.6g} {self.unit}".strip()


def flow_out(volume: FiniteVolume, t: float, u: FloatArray, name: object) -> float:
    """Return what leaves through a wall, into a body or to infinity per time; raises InvalidInput for other names."""
    _check_exit(volume, name)
    flows = volume.outflows(t, u)
    if name == INFINITY:
        return sum(float(flows[side].sum()) for side in _open_sides(volume))
    return float(flows[str(name)].sum())


def _open_sides(volume: FiniteVolume) -> dict[str, OpenSide]:
    """Return the walls beyond which lies open space."""
    return {side: law for side, law in volume.conditions.items() if isinstance(law, OpenSide)}


def _check_exit(volume: FiniteVolume, name: object) -> None:
    known = (*volume.exits, *([INFINITY] if _open_sides(volume) else []))
    if name not in known:
        close = get_close_matches(str(name), known, n=1, cutoff=0.3)
        remedy = f"Did you mean {close[0]!r}?" if close else "Walls and bodies have flows."
        raise InvalidInput(must("name", f"one of {', '.join(known) or 'none: nothing can leave'}", name, remedy))


def level(volume: FiniteVolume, t: float, u: FloatArray, name: str) -> float:
    """Return the value of a body or at infinity, or the mean on a wall by area; raises InvalidInput for other names."""
    _check_exit(volume, name)
    if name == INFINITY:
        return _value_far_away(volume)
    for body in volume.bodies.held:
        if body.name == name:
            weights = volume.mesh.volumes[body.cells]
            return float((weights * body.value.values(t)).sum() / weights.sum())
    for floating in volume.bodies.afloat:
        if floating.name == name:
            return float(u[floating.cells][0])
    state = volume.wall_states(t, u)[name]
    return float((state.wall.areas * state.surface).sum() / state.wall.areas.sum())


def _value_far_away(volume: FiniteVolume) -> float:
    law = next(iter(_open_sides(volume).values()))
    nowhere = Place((), frozenset(), lambda names: {}, "point")
    try:
        return float(read_given(law.value, nowhere, unit=volume.equation.unit, name=f"{law.name}.value").values(0.0))
    except ExpressionError as error:
        remedy = "A field that reaches to infinity has no one value there."
        raise InvalidInput(must(f"{law.name}.value", "a number for this answer", law.value, remedy)) from error


def between(volume: FiniteVolume, t: float, u: FloatArray, start: str, end: str) -> tuple[float, float]:
    """Return the flow from one exit to another and the difference of their levels; raises InvalidInput.

    Nothing else may take part: what enters at `start` must leave at `end`.
    """
    given, taken = -flow_out(volume, t, u, start), flow_out(volume, t, u, end)
    if abs(given - taken) > _ALONE * max(abs(given), abs(taken)):
        rule = "the only two ways in and out"
        got = f"{given:.6g} in by {start} and {taken:.6g} out by {end}"
        raise InvalidInput(must("start and end", rule, got, "Insulate the other sides and leave out sources."))
    return taken, level(volume, t, u, start) - level(volume, t, u, end)


def content(volume: FiniteVolume, u: FloatArray) -> float:
    """Return the integral of storage * u: heat above 0, or amount of substance; raises InvalidInput."""
    if volume.storage is None:
        quantity = volume.equation.quantity
        raise InvalidInput(
            f"The {quantity} stores nothing: its equation is steady. Ask for energy() or total_source()."
        )
    volume.equation.require_storage("the content")
    return float((volume.storage * u)[~volume.bodies.holes].sum())


def energy(volume: FiniteVolume, t: float, u: FloatArray) -> float:
    """Return the energy of the field inside the mesh; raises InvalidInput for laws that have none."""
    factor = volume.equation.energy
    if factor == 0.0:
        remedy = "Ask for content() instead."
        raise InvalidInput(must("energy", "asked of electrostatics or gravity", volume.equation.quantity, remedy))
    return factor * volume.dissipation(t, volume.bodies.filled(t, u))


def total_source(volume: FiniteVolume, t: float, u: FloatArray) -> float:
    """Return the integral of the source over the cells that are unknowns: power, charge, mass."""
    amounts = volume.source.values(t, volume.bodies.filled(t, u)) * volume.mesh.volumes
    return float(np.where(volume.bodies.idle, 0.0, amounts).sum())
