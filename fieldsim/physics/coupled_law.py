"""Several conservation laws on one mesh whose sources follow each other: storage_i du_i/dt = gain_i(u_i) + V R_i(u).

Every law is a FiniteVolume without its source; the sources are reactions in all fields. Arrays over all fields have the
field first: (fields, *mesh.shape), in the order of `names`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fieldsim.arrays import BoolArray, FloatArray
from fieldsim.physics.coupled import Reaction
from fieldsim.physics.finite_volume import FiniteVolume


@dataclass(frozen=True, eq=False)
class CoupledLaw:
    """The laws and their reactions, in extensive form: each in its equation's `rate` unit a cell."""

    volumes: Mapping[str, FiniteVolume]
    reactions: Mapping[str, Reaction]

    def __post_init__(self) -> None:
        """Refuse floating bodies and far fields, which know one linear law only."""
        for volume in self.volumes.values():
            volume.require_alone()

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the fields, in order."""
        return tuple(self.volumes)

    @cached_property
    def capacity(self) -> FloatArray:
        """What a cell stores per unit of each field; the volume where a law has no time."""
        return np.stack([v.mesh.volumes if v.storage is None else v.storage for v in self.volumes.values()])

    @cached_property
    def idle(self) -> BoolArray:
        """Cells that are no unknowns of each field."""
        return np.stack([volume.bodies.idle for volume in self.volumes.values()])

    def filled(self, t: float, state: FloatArray) -> FloatArray:
        """Return the state with the values that bodies hold."""
        if not any(volume.bodies.held for volume in self.volumes.values()):
            return state
        return np.stack([v.bodies.filled(t, row) for v, row in zip(self.volumes.values(), state, strict=True)])

    def production(self, t: float, state: FloatArray) -> FloatArray:
        """Return what reactions make of each field in every cell, per time."""
        fields = self._fields(t, state)
        result = np.empty_like(state)
        for row, (name, volume) in enumerate(self.volumes.items()):
            values = self.reactions[name].values(t, fields)
            np.multiply(values, volume.equation.source_factor * volume.mesh.volumes, out=result[row])
        result[self.idle] = 0.0
        return result

    def gain(self, t: float, state: FloatArray) -> FloatArray:
        """Return what each cell gains of each field per time: inflow, less sinks, and what reactions make."""
        result = self.production(t, state)
        for row, volume in enumerate(self.volumes.values()):
            result[row] += volume.gain(t, state[row])
        return result

    def growth(self, t: float, state: FloatArray) -> dict[tuple[int, int], FloatArray]:
        """Return the derivatives of production i by field j in every cell, those that are not nought."""
        fields = self._fields(t, state)
        result = {}
        for row, (name, volume) in enumerate(self.volumes.items()):
            weight = volume.equation.source_factor * volume.mesh.volumes
            for other, slope in self.reactions[name].slopes(t, fields).items():
                column = self.names.index(other)
                entry = weight * slope
                entry[self.idle[row] | self.idle[column]] = 0.0
                result[row, column] = entry
        return result

    def _fields(self, t: float, state: FloatArray) -> dict[str, FloatArray]:
        return dict(zip(self.names, self.filled(t, state), strict=True))
