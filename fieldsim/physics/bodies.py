"""Cells that are no unknowns: bodies held at a value (electrodes, thermostats) and holes that nothing enters.

A held body fills whole cells up to their faces and conducts perfectly, so that the half cell of its neighbour alone
resists; a hole's faces are insulated. Where a wall's cell belongs to either, the wall's condition has no say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fieldsim.arrays import BoolArray, FloatArray
from fieldsim.boundary import Given, Place, read_given, read_where
from fieldsim.errors import InvalidInput, must
from fieldsim.linear import Operator
from fieldsim.meshes import Mesh


@dataclass(frozen=True)
class Body:
    """Cells held at `value`, given over them in one row."""

    name: str
    cells: BoolArray
    value: Given


@dataclass(frozen=True, eq=False)
class Bodies:
    """The held bodies and the holes of a mesh."""

    held: tuple[Body, ...]
    holes: BoolArray

    @cached_property
    def fixed(self) -> BoolArray:
        """Cells of held bodies."""
        result = np.zeros_like(self.holes)
        for body in self.held:
            result |= body.cells
        return result

    @cached_property
    def idle(self) -> BoolArray:
        """Cells that are no unknowns."""
        return self.fixed | self.holes

    @cached_property
    def any(self) -> bool:
        """Whether there are such cells."""
        return bool(self.idle.any())

    def filled(self, t: float, u: FloatArray) -> FloatArray:
        """Return `u` with the held values at time `t` in their cells; holes keep what they have."""
        if not self.held:
            return u
        result = u.copy()
        for body in self.held:
            result[body.cells] = body.value.values(t)
        return result

    def closed(self, operator: Operator) -> Operator:
        """Return the operator for the unknowns alone: couplings to idle cells stand on the diagonal."""
        return operator.closed(self.idle) if self.any else operator


def read_bodies(mesh: Mesh, place: Place, fixed: object, holes: object, unit: str) -> Bodies:
    """Read [(where, value), ...] and [where, ...]; raises InvalidInput, also where two held bodies touch."""
    taken = np.zeros(mesh.shape, dtype=bool)
    gone = np.zeros(mesh.shape, dtype=bool)
    for number, where in enumerate(_list(holes, "holes", "where")):
        gone |= read_where(where, place, f"holes[{number}]")
    held = []
    for number, item in enumerate(_list(fixed, "fixed", "(where, value)")):
        name = f"fixed[{number}]"
        if not isinstance(item, tuple) or len(item) != 2:
            raise InvalidInput(must(name, "a pair (where, value)", item, "For example ('r < 0.1', 0.0)."))
        cells = read_where(item[0], place, name) & ~taken & ~gone
        if not cells.any():
            rule = "a body of one cell or more that no earlier one has taken"
            raise InvalidInput(must(name, rule, item[0], "Refine the mesh or remove the body."))
        held.append(Body(name, cells, read_given(item[1], place.part(cells), unit=unit, name=name)))
        taken |= cells
    if (taken | gone).all():
        raise InvalidInput(
            must("fixed", "such that some cells stay free", "bodies and holes everywhere", "Shrink them.")
        )
    _refuse_contact(mesh, held)
    return Bodies(tuple(held), gone)


def _list(what: object, name: str, items: str) -> Sequence[object]:
    if isinstance(what, str | np.ndarray) or not isinstance(what, Sequence):
        raise InvalidInput(must(name, f"a list of {items}", what, f"For example {name}=[...]."))
    return what


def _refuse_contact(mesh: Mesh, held: Sequence[Body]) -> None:
    label = np.zeros(mesh.shape, dtype=int)
    for number, body in enumerate(held, start=1):
        label[body.cells] = number
    for axis in range(mesh.ndim):
        lower = np.moveaxis(label, axis, 0)
        upper = np.roll(lower, -1, 0)
        if not mesh.axes[axis].periodic:
            lower, upper = lower[:-1], upper[:-1]
        short = (lower > 0) & (upper > 0) & (lower != upper)
        if short.any():
            pair = f"{held[int(lower[short][0]) - 1].name} and {held[int(upper[short][0]) - 1].name}"
            remedy = "Leave a cell between them, or write them as one body."
            raise InvalidInput(must("fixed", "bodies that do not touch", pair, remedy))
