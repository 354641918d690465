"""Operators made of others: a small matrix in every cell, one operator after another, several side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import scipy.sparse as sp

from fieldsim.arrays import FloatArray
from fieldsim.meshes import Mesh


class Operator(Protocol):
    """A linear map from `components` arrays on a mesh to `outputs` arrays on it."""

    @property
    def mesh(self) -> Mesh:
        """The mesh it was prepared for."""

    @property
    def components(self) -> int:
        """Number of input components."""

    @property
    def outputs(self) -> int:
        """Number of output components."""

    def apply(self, values: FloatArray, out: FloatArray) -> FloatArray:
        """Write the result for `values` (components, *shape) to `out` (outputs, *shape) and return it."""

    def matrix(self) -> sp.csr_array:
        """Return the same map as a sparse matrix (outputs * size, components * size)."""


@dataclass(frozen=True, eq=False)
class Pointwise:
    """out[r] = sum_c entries[r, c] * in[c] in every cell; entries broadcast against the mesh."""

    mesh: Mesh
    entries: Mapping[tuple[int, int], FloatArray]
    components: int
    outputs: int

    def apply(self, values: FloatArray, out: FloatArray) -> FloatArray:
        """Write the products to `out`, which must not be `values`."""
        seen: set[int] = set()
        for (row, column), entry in self.entries.items():
            if row in seen:
                out[row] += entry * values[column]
            else:
                np.multiply(entry, values[column], out=out[row])
                seen.add(row)
        for row in set(range(self.outputs)) - seen:
            out[row] = 0.0
        return out

    def matrix(self) -> sp.csr_array:
        """Return the block matrix of diagonals."""
        blocks: list[list[sp.dia_array | sp.csr_array]] = []
        for row in range(self.outputs):
            blocks.append([])
            for column in range(self.components):
                entry = self.entries.get((row, column))
                blocks[row].append(
                    sp.csr_array((self.mesh.size, self.mesh.size))
                    if entry is None
                    else sp.diags_array(np.broadcast_to(entry, self.mesh.shape).ravel())
                )
        return sp.csr_array(sp.block_array(blocks, format="csr"))


@dataclass(frozen=True, eq=False)
class Chain:
    """`second` after `first`."""

    first: Operator
    second: Operator

    @property
    def mesh(self) -> Mesh:
        """The mesh of both."""
        return self.first.mesh

    @property
    def components(self) -> int:
        """Number of input components of the first."""
        return self.first.components

    @property
    def outputs(self) -> int:
        """Number of output components of the second."""
        return self.second.outputs

    def apply(self, values: FloatArray, out: FloatArray) -> FloatArray:
        """Apply both, with one set of arrays in between."""
        between = np.empty((self.first.outputs, *self.mesh.shape))
        return self.second.apply(self.first.apply(values, between), out)

    def matrix(self) -> sp.csr_array:
        """Return the product of both matrices."""
        return sp.csr_array(self.second.matrix() @ self.first.matrix())


@dataclass(frozen=True, eq=False)
class SideBySide:
    """The outputs of several operators on the same input, one after the other."""

    parts: tuple[Operator, ...]

    @property
    def mesh(self) -> Mesh:
        """The mesh of all."""
        return self.parts[0].mesh

    @property
    def components(self) -> int:
        """Number of input components, the same for all."""
        return self.parts[0].components

    @property
    def outputs(self) -> int:
        """Number of output components of all together."""
        return sum(part.outputs for part in self.parts)

    def apply(self, values: FloatArray, out: FloatArray) -> FloatArray:
        """Apply every part to its own slice of `out`."""
        start = 0
        for part in self.parts:
            part.apply(values, out[start : start + part.outputs])
            start += part.outputs
        return out

    def matrix(self) -> sp.csr_array:
        """Return the matrices stacked."""
        return sp.csr_array(sp.vstack([part.matrix() for part in self.parts], format="csr"))
