"""The curvilinear operators as single loops over the mesh; each keeps its plain form for the matrix."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp

from fieldsim.arrays import FloatArray, IntArray
from fieldsim.kernels.skew import along_gradient, around, bent, through
from fieldsim.meshes import Mesh
from fieldsim.operators.metric import tables
from fieldsim.operators.packing import KernelTables, block_shape, pack_tables, read_only
from fieldsim.operators.pointwise import Operator
from fieldsim.stencils import Table


@dataclass(frozen=True, eq=False)
class LineView:
    """A mesh and its derivative tables as the kernels see them."""

    mesh: Mesh
    order: int

    @cached_property
    def shape(self) -> tuple[int, int, int]:
        """Cells along the kernel's three axes."""
        n0, n1, n2 = (1,) * (3 - self.mesh.ndim) + self.mesh.shape
        return n0, n1, n2

    @cached_property
    def sizes(self) -> IntArray:
        """The shape and the blocks for a thread; metric and field of each row come back with the sweep."""
        return np.array(block_shape(self.shape, self.tables.width, 3 * self.mesh.dim), np.int64)

    @property
    def first(self) -> int:
        """The kernel axis of the mesh's first axis."""
        return 3 - self.mesh.ndim

    @cached_property
    def tables(self) -> KernelTables:
        """First-derivative tables, one an axis."""
        return pack_tables(self._rows(second=False), self.shape)

    @cached_property
    def both_tables(self) -> KernelTables:
        """First-derivative tables, one an axis, then second-derivative ones."""
        return pack_tables([*self._rows(second=False), *self._rows(second=True)], self.shape)

    def _rows(self, *, second: bool) -> list[tuple[Table, int]]:
        axes = range(self.mesh.ndim)
        return [(tables(self.mesh, a, self.order, second=second)[int(second)], a + self.first) for a in axes]


@dataclass(frozen=True, eq=False)
class _Fused:
    """What the three share: the plain operator behind, and the view of the mesh."""

    plain: Operator
    view: LineView

    @property
    def mesh(self) -> Mesh:
        """The mesh."""
        return self.plain.mesh

    @property
    def components(self) -> int:
        """Number of input components."""
        return self.plain.components

    @property
    def outputs(self) -> int:
        """Number of output components."""
        return self.plain.outputs

    def matrix(self) -> sp.csr_array:
        """Return the sparse matrix of the plain form."""
        return self.plain.matrix()


@dataclass(frozen=True, eq=False)
class FusedGradient(_Fused):
    """grad f = sum_i a^i D_i f in one sweep."""

    metric: FloatArray

    def apply(self, values: FloatArray, out: FloatArray) -> FloatArray:
        """Write the Cartesian components of the gradient to `out`."""
        v = self.view
        along_gradient(
            out.reshape(-1), read_only(values).reshape(-1), self.metric.reshape(-1), v.first, v.sizes, *v.tables.arrays
        )
        return out


@dataclass(frozen=True, eq=False)
class FusedDivergence(_Fused):
    """div F = (1/J) sum_i D_i(JA^i . F) in one sweep."""

    metric: FloatArray
    factor: FloatArray

    def apply(self, values: FloatArray, out: FloatArray) -> FloatArray:
        """Write the divergence of Cartesian components to `out`."""
        v = self.view
        through(
            out.reshape(-1),
            read_only(values).reshape(-1),
            self.metric.reshape(-1),
            self.factor.reshape(-1),
            v.first,
            v.sizes,
            *v.tables.arrays,
        )
        return out


@dataclass(frozen=True, eq=False)
class FusedCurl(_Fused):
    """curl F = sum_i b_i eps_ijk D_j(a_k . F) in one sweep, in space."""

    metric: FloatArray
    dual: FloatArray

    def apply(self, values: FloatArray, out: FloatArray) -> FloatArray:
        """Write the Cartesian components of the curl to `out`."""
        v = self.view
        around(
            out.reshape(-1), read_only(values).reshape(-1), self.metric.reshape(-1), self.dual.reshape(-1), v.sizes,
            *v.tables.arrays,
        )  # fmt: skip
        return out


@dataclass(frozen=True, eq=False)
class FusedSecondOrder(_Fused):
    """Coefficients times D_i f, D_ii f and D_ij f (i < j), in this order, in one sweep."""

    coefficients: FloatArray

    def apply(self, values: FloatArray, out: FloatArray) -> FloatArray:
        """Write the sum to `out`."""
        v = self.view
        bent(
            out.reshape(-1), read_only(values).reshape(-1), self.coefficients.reshape(-1), v.first, v.sizes,
            *v.both_tables.arrays,
        )  # fmt: skip
        return out
