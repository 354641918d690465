"""Resistance where bodies meet imperfectly: a glue line, an oxide film, a gap too thin for cells of its own.

Through a face of area A between cells i and j flows A (u_i - u_j) / (d_i/K_i + R + d_j/K_j), R in m^2 K/W for heat: the
unknown jumps by R times the flux, which is the same on both sides.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fieldsim.arrays import BoolArray, FloatArray
from fieldsim.boundary import Given, Place, read_given, read_where
from fieldsim.errors import InvalidInput, NumericalFailure, must
from fieldsim.meshes import Mesh

Halves = Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]

_ROUNDS = 100
_SAME = 1e-14
_REMEDY = "A perfect contact has 0 and needs no entry; what insulates has a large resistance."


@dataclass(frozen=True)
class _Faces:
    """The faces of one contact across one axis, and the resistance over them in one row."""

    axis: int
    mask: BoolArray
    resistance: Given


@dataclass(frozen=True, eq=False)
class Contacts:
    """All contact resistances of a mesh."""

    faces: tuple[_Faces, ...] = ()

    @cached_property
    def varying(self) -> tuple[str, ...]:
        """Names of the resistances that depend on time."""
        return tuple(dict.fromkeys(f.resistance.name for f in self.faces if f.resistance.varies))

    def across(self, axis: int, t: float) -> FloatArray | None:
        """Return the resistance of the faces between neighbours along `axis` at time `t` (s); None where none is."""
        total: FloatArray | None = None
        for part in self.faces:
            if part.axis == axis:
                total = np.zeros(part.mask.shape) if total is None else total
                total[part.mask] += _checked(part.resistance, t)
        return total


def read_contacts(mesh: Mesh, place: Place, contact: object, unit: str) -> Contacts:
    """Read [(where, resistance), ...]: every face between a cell where it holds and one where it does not.

    Resistances of entries that share a face add up, as coatings do. Raises InvalidInput and ExpressionError.
    """
    if isinstance(contact, str | np.ndarray) or not isinstance(contact, Sequence):
        remedy = "For example contact=[('x < 0.1', 1e-4)]."
        raise InvalidInput(must("contact", "a list of (where, resistance)", contact, remedy))
    faces: list[_Faces] = []
    for number, item in enumerate(contact):
        name = f"contact[{number}]"
        if not isinstance(item, tuple | list) or len(item) != 2:
            raise InvalidInput(must(name, "a pair (where, resistance)", item, "For example ('x < 0.1', 1e-4)."))
        inside = read_where(item[0], place, name)
        found = []
        for axis in range(mesh.ndim):
            mask = _rim(inside, axis, periodic=mesh.axes[axis].periodic)
            if mask.any():
                over = _place_of_faces(mesh, axis, mask.shape).part(mask)
                found.append(_Faces(axis, mask, read_given(item[1], over, unit=unit, name=name)))
        if not found:
            rule = "a body with a surface inside the mesh"
            remedy = "Walls take their resistance from Convective: h = 1/R."
            raise InvalidInput(must(name, rule, item[0], remedy))
        for part in found:
            _checked(part.resistance, 0.0)
        faces += found
    return Contacts(tuple(faces))


def _rim(inside: BoolArray, axis: int, *, periodic: bool) -> BoolArray:
    """Return the faces between neighbours along an axis of which one is inside and one is not."""
    differs: BoolArray = inside != np.roll(inside, -1, axis)
    return differs if periodic else differs.take(range(inside.shape[axis] - 1), axis)


def _place_of_faces(mesh: Mesh, axis: int, shape: tuple[int, ...]) -> Place:
    def coordinates(names: Collection[str]) -> Mapping[str, FloatArray]:
        return mesh.inner_face_coordinates(axis, names)

    return Place(shape, mesh.expression_names, coordinates, "face")


def _checked(resistance: Given, t: float) -> FloatArray:
    values = resistance.values(t)
    if (values < 0.0).any():
        raise InvalidInput(must(resistance.name, "0 or more", float(values.min()), _REMEDY))
    return values


def up_to_surfaces(
    halves: Halves, u: FloatArray, axis: int, above: FloatArray, below: FloatArray, extra: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the half-cell resistances on both sides of the faces across an axis where K follows the unknown.

    `halves(above, below)` gives them from the value that each cell's K is averaged up to on either side: the
    neighbour's `above` and `below`, but the cell's own surface where a contact holds the two values apart.
    """
    n, count = u.shape[axis], extra.shape[axis]
    first, second = u.take(range(count), axis), np.roll(u, -1, axis).take(range(count), axis)
    lower, upper = halves(above, below)
    for _ in range(_ROUNDS):
        parted = (extra > 0.0) & np.isfinite(lower + upper)
        flux = np.divide(first - second, lower + extra + upper, out=np.zeros_like(extra), where=parted)
        down, up = (flux * np.where(parted, half, 0.0) for half in (lower, upper))
        ends = np.where(parted, first - down, second), np.where(parted, second + up, first)
        before = above, below
        above, below = above.copy(), below.copy()
        np.moveaxis(above, axis, 0)[:count] = np.moveaxis(ends[0], axis, 0)
        np.moveaxis(below, axis, 0)[(np.arange(count) + 1) % n] = np.moveaxis(ends[1], axis, 0)
        lower, upper = halves(above, below)
        change = max(float(np.abs(new - old).max()) for new, old in zip((above, below), before, strict=True))
        if change <= _SAME * float(np.abs(u).max()):
            return lower, upper
    raise NumericalFailure(
        f"the surface values at a contact do not settle: they still change by {change:.3g}. "
        "Refine the mesh there, or smooth the conductivity's dependence on the unknown."
    )
