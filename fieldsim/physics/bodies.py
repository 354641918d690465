"""Cells without a law of their own: bodies held at a value or floating, and holes that nothing enters.

A body fills whole cells up to their faces and conducts perfectly, so that the half cell of its neighbour alone
resists; a hole's faces are insulated. Where a wall's cell belongs to either, the wall's condition has no say. A body
that floats has one value in all its cells, found from what it gives off in all; the wall it lies on must be insulated.
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
from fieldsim.physics.equation import Equation
from fieldsim.physics.floating import Floating


@dataclass(frozen=True)
class Body:
    """Cells held at `value`, given over them in one row."""

    name: str
    cells: BoolArray
    value: Given


@dataclass(frozen=True)
class FloatingBody:
    """Cells of one common, unknown value, which give off `supply` per time to the others."""

    name: str
    cells: BoolArray
    supply: Given


@dataclass(frozen=True, eq=False)
class Bodies:
    """The held and floating bodies and the holes of a mesh."""

    held: tuple[Body, ...]
    holes: BoolArray
    afloat: tuple[FloatingBody, ...] = ()

    @cached_property
    def all(self) -> tuple[Body | FloatingBody, ...]:
        """Held and floating bodies."""
        return (*self.held, *self.afloat)

    @cached_property
    def fixed(self) -> BoolArray:
        """Cells of held and floating bodies, which conduct perfectly."""
        result = np.zeros_like(self.holes)
        for body in self.all:
            result |= body.cells
        return result

    @cached_property
    def idle(self) -> BoolArray:
        """Cells that are no unknowns."""
        return self.fixed | self.holes

    @cached_property
    def passive(self) -> BoolArray:
        """Cells whose values no flow changes: held bodies and holes."""
        result = self.holes.copy()
        for body in self.held:
            result |= body.cells
        return result

    @cached_property
    def any(self) -> bool:
        """Whether there are such cells."""
        return bool(self.idle.any())

    def filled(self, t: float, u: FloatArray) -> FloatArray:
        """Return `u` with the held values at time `t` in their cells; holes and floating bodies keep what they have."""
        if not self.held:
            return u
        result = u.copy()
        for body in self.held:
            result[body.cells] = body.value.values(t)
        return result

    def levelled(self, u: FloatArray) -> FloatArray:
        """Return `u` with its mean over each floating body in the body's cells."""
        if not self.afloat:
            return u
        result = u.copy()
        for body in self.afloat:
            result[body.cells] = u[body.cells].mean()
        return result

    def closed(self, operator: Operator) -> Operator:
        """Return the operator for the unknowns alone: couplings to idle cells stand on the diagonal."""
        return operator.closed(self.idle) if self.any else operator

    def joined(self, operator: Operator) -> Operator:
        """Return the operator for the unknowns and the floating bodies."""
        return operator.closed(self.passive) if self.passive.any() else operator


def read_bodies(mesh: Mesh, place: Place, fixed: object, holes: object, equation: Equation) -> Bodies:
    """Read [(where, value or Floating), ...] and [where, ...]; raises InvalidInput, also where two bodies touch."""
    taken = np.zeros(mesh.shape, dtype=bool)
    gone = np.zeros(mesh.shape, dtype=bool)
    for number, where in enumerate(_list(holes, "holes", "where")):
        cells = read_where(where, place, f"holes[{number}]")
        if not cells.any():
            remedy = "Refine the mesh or remove the hole."
            raise InvalidInput(must(f"holes[{number}]", "a hole of one cell or more", where, remedy))
        gone |= cells
    bodies: list[Body | FloatingBody] = []
    for number, item in enumerate(_list(fixed, "fixed", "(where, value)")):
        name = f"fixed[{number}]"
        if not isinstance(item, tuple) or len(item) != 2:
            raise InvalidInput(must(name, "a pair (where, value)", item, "For example ('r < 0.1', 0.0)."))
        cells = read_where(item[0], place, name) & ~taken & ~gone
        if not cells.any():
            rule = "a body of one cell or more that no earlier one has taken"
            raise InvalidInput(must(name, rule, item[0], "Refine the mesh or remove the body."))
        if isinstance(item[1], Floating):
            bodies.append(FloatingBody(name, cells, item[1].read(mesh, equation, name)))
        else:
            bodies.append(Body(name, cells, read_given(item[1], place.part(cells), unit=equation.unit, name=name)))
        taken |= cells
    if (taken | gone).all():
        raise InvalidInput(
            must("fixed", "such that some cells stay free", "bodies and holes everywhere", "Shrink them.")
        )
    _refuse_contact(mesh, bodies)
    held = tuple(body for body in bodies if isinstance(body, Body))
    return Bodies(held, gone, tuple(body for body in bodies if isinstance(body, FloatingBody)))


def _list(what: object, name: str, items: str) -> Sequence[object]:
    if isinstance(what, str | np.ndarray) or not isinstance(what, Sequence):
        raise InvalidInput(must(name, f"a list of {items}", what, f"For example {name}=[...]."))
    return what


def _refuse_contact(mesh: Mesh, held: Sequence[Body | FloatingBody]) -> None:
    if len(held) < 2:
        return
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
