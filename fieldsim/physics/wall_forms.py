"""Walls of the energy form: their laws in terms of the value on the wall, and the form with them assembled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fieldsim.arrays import BoolArray, FloatArray
from fieldsim.boundary import WallState
from fieldsim.linear import SparseOperator
from fieldsim.physics.assembly import WallMatrices
from fieldsim.physics.elimination import VertexEnergy, WallData


@dataclass(frozen=True)
class SolvedWall(WallState):
    """A wall whose values and flows are known; `law` tells how strongly it holds the cells along it."""

    values: FloatArray
    flux: FloatArray

    @property
    def flux_out(self) -> FloatArray:
        """What leaves per area."""
        return self.flux

    @property
    def surface(self) -> FloatArray:
        """The value on the wall itself."""
        return self.values


@dataclass(frozen=True, eq=False)
class SurfaceLaws:
    """The walls' laws in terms of the value on the wall, faces in one row.

    u = reference where `held`, else film (u - reference) + flux leaves an area.
    """

    held: BoolArray
    film: FloatArray
    reference: FloatArray
    flux: FloatArray
    states: Mapping[str, WallState]

    def data(self, level: float) -> FloatArray:
        """Return the data z of the faces with the unknown counted from `level`."""
        off = self.reference - level
        return np.where(self.held, off, self.film * off - self.flux)


@dataclass(frozen=True, eq=False)
class Form:
    """The energy form with walls: matrices that are good while K and the films stay the same."""

    energy: VertexEnergy
    walls: WallData
    operator: SparseOperator
    matrices: WallMatrices

    def leaving(self, u: FloatArray, laws: SurfaceLaws, level: float) -> FloatArray:
        """Return what leaves each cell, flat."""
        return np.asarray(self.operator.stored @ (u - level) - self.matrices.load @ laws.data(level))

    def surface(self, u: FloatArray, laws: SurfaceLaws, level: float) -> FloatArray:
        """Return the mean value on each wall face."""
        values = self.matrices.value_of_cells @ (u - level) + self.matrices.value_of_data @ laws.data(level)
        return np.where(laws.held, laws.reference, level + values)

    def flux_out(self, u: FloatArray, laws: SurfaceLaws, level: float) -> FloatArray:
        """Return what leaves through each wall face, per area."""
        held = self.matrices.flow_of_cells @ (u - level) + self.matrices.flow_of_data @ laws.data(level)
        held = np.divide(held, self.walls.areas, out=np.zeros_like(held), where=self.walls.areas > 0.0)
        surface = self.surface(u, laws, level)
        return np.where(laws.held, held, laws.film * (surface - laws.reference) + laws.flux)
