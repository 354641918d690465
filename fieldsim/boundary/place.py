"""A place where numbers are needed: the cells of a mesh, the faces of a side, or a part of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import numpy as np

from fieldsim.arrays import BoolArray, FloatArray


@dataclass(frozen=True)
class Place:
    """How many numbers are needed, what a formula may use there, and what to call it.

    `coordinates` returns the named coordinates broadcastable to `shape`; `noun` is "cell" or "face". A part of
    a place has one number for each true entry of `mask`, the shape of the whole place, in one row.
    """

    shape: tuple[int, ...]
    names: frozenset[str]
    coordinates: Callable[[Collection[str]], Mapping[str, FloatArray]]
    noun: str = "cell"
    mask: BoolArray | None = None

    def part(self, mask: BoolArray) -> Place:
        """Return the part of the place where `mask` (its shape) is true."""

        def coordinates(names: Collection[str]) -> Mapping[str, FloatArray]:
            values = self.coordinates(names)
            return {name: np.broadcast_to(value, self.shape)[mask] for name, value in values.items()}

        whole = mask
        if self.mask is not None:
            whole = self.mask.copy()
            whole[self.mask] = mask
        return Place((int(mask.sum()),), self.names, coordinates, self.noun, whole)

    def index(self, position: tuple[int, ...]) -> tuple[int, ...]:
        """Return a position in a part as the index of the cell or face in the whole."""
        if self.mask is None:
            return position
        return tuple(int(i) for i in np.argwhere(self.mask)[position[0]])
