"""One thing here, another there: [(where, thing), ..., thing], the first piece that holds wins.

`where` is a comparison of coordinates ("x < 0.5 and y > 0") or an array of booleans over the place; a bare last
thing stands for the rest. Regions of materials, parts of a side and fixed bodies are all written so. Cells and
faces are taken whole, by their centres.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeGuard

import numpy as np

from fieldsim.arrays import BoolArray
from fieldsim.boundary.place import Place
from fieldsim.errors import InvalidInput, must
from fieldsim.expressions import compile_expression

Where: TypeAlias = str | BoolArray


@dataclass(frozen=True)
class Piece:
    """A thing and the part of the place where it holds."""

    mask: BoolArray
    place: Place
    thing: object
    name: str


def is_pieces(what: object) -> TypeGuard[Sequence[object]]:
    """Return whether `what` is written as pieces: a list that begins with a pair (where, thing)."""
    if not isinstance(what, list | tuple) or not what or not isinstance(what[0], tuple) or len(what[0]) != 2:
        return False
    where = what[0][0]
    return isinstance(where, str) or (isinstance(where, np.ndarray) and where.dtype == bool)


def read_pieces(what: Sequence[object], place: Place, name: str) -> tuple[Piece, ...]:
    """Divide a place among pieces; raises InvalidInput for pieces that hold nowhere and places left over."""
    left = np.ones(place.shape, dtype=bool)
    pieces = []
    for number, item in enumerate(what):
        label = f"{name}[{number}]"
        if isinstance(item, tuple) and len(item) == 2:
            mask, thing = read_where(item[0], place, label) & left, item[1]
            if not mask.any() and place.mask is None:
                rule = f"a part that holds on a {place.noun} that no earlier part has taken"
                raise InvalidInput(
                    must(label, rule, item[0], "Parts are tried in order; remove it, or refine the mesh.")
                )
        elif number == len(what) - 1:
            mask, thing = left, item
        else:
            remedy = "Only the last may stand alone, for the rest."
            raise InvalidInput(must(label, "a pair (where, what)", item, remedy))
        if mask.any():
            pieces.append(Piece(mask, place.part(mask), thing, label))
        left = left & ~mask
    if left.any():
        first = tuple(int(i) for i in np.argwhere(left)[0])
        got = f"nothing for {int(left.sum())} of {left.size}, first {place.noun} {first}"
        raise InvalidInput(must(name, f"given for every {place.noun}", got, "End the list with what holds elsewhere."))
    return tuple(pieces)


def read_where(where: object, place: Place, name: str) -> BoolArray:
    """Return where a comparison holds, over the place; raises InvalidInput and ExpressionError."""
    if isinstance(where, str):
        chosen = compile_expression(f"where({where}, 1, 0)", place.names, where=name)
        return np.broadcast_to(np.asarray(chosen(place.coordinates(chosen.names))) == 1.0, place.shape)
    mask = np.asarray(where)
    if place.mask is not None and mask.dtype == bool and mask.shape == place.mask.shape:
        mask = mask[place.mask]
    if mask.dtype != bool or mask.shape != place.shape:
        rule = f"a comparison or an array of booleans of shape {place.shape}"
        raise InvalidInput(must(name, rule, where, "For example 'y > 0.5'."))
    return mask
