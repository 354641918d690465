"""A matrix over a grid's cells that couples more than face neighbours, or not both ways alike.

It is stored, and comes with the GridOperator it is near (the same law without skew terms or drift), whose multigrid
preconditions it. It has the interface of a GridOperator, so that callers need not tell them apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from fieldsim.errors import InvalidInput, must
from fieldsim.linear.grid_operator import GridOperator

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SparseOperator:
    """A stored matrix, cells in C order, and the grid operator `near` it."""

    stored: sparse.csr_array
    near: GridOperator
    symmetric: bool = True

    def __post_init__(self) -> None:
        """Check that matrix and grid have the same unknowns."""
        n = self.near.size
        if self.stored.shape != (n, n):
            raise InvalidInput(must("stored", f"of shape {(n, n)}", self.stored.shape, "Give one row a cell."))

    @property
    def shape(self) -> tuple[int, ...]:
        """The grid's shape."""
        return self.near.shape

    @property
    def size(self) -> int:
        """Number of unknowns."""
        return self.near.size

    @cached_property
    def diagonal(self) -> Array:
        """The row sums, A 1: what a GridOperator has on its diagonal besides the couplings."""
        return self.apply(np.ones(self.shape))

    @cached_property
    def column_sums(self) -> Array:
        """1 A, the sums over the columns: nought where a unit in one cell only passes to others."""
        return np.asarray(self.stored.sum(axis=0), dtype=float).reshape(self.shape)

    def shifted(self, addition: Array, scale: float = 1.0) -> SparseOperator:
        """Return `scale` times this operator with `addition` (grid shape) added to the diagonal."""
        if scale == 1.0 and not addition.any():
            return self
        near, places = self.near.shifted(addition, scale), self._diagonal_places
        if places is None:
            stored = sparse.csr_array(scale * self.stored + sparse.diags_array(np.ravel(addition)))
        else:
            values = scale * self.stored.data
            values[places] += np.ravel(addition)
            stored = sparse.csr_array((values, self.stored.indices, self.stored.indptr), shape=self.stored.shape)
        return SparseOperator(stored, near, self.symmetric)

    @cached_property
    def _diagonal_places(self) -> NDArray[np.intp] | None:
        """Where the diagonal stands among the stored values, None where a row has none or several."""
        rows = np.repeat(np.arange(self.size), np.diff(self.stored.indptr))
        places = np.flatnonzero(rows == self.stored.indices)
        return places if np.array_equal(rows[places], np.arange(self.size)) else None

    def closed(self, idle: NDArray[np.bool_]) -> SparseOperator:
        """Return the operator without couplings to the cells in `idle`; theirs is a diagonal of their own."""
        near = self.near.closed(idle)
        free = sparse.diags_array((~idle).ravel().astype(float))
        own = sparse.diags_array(np.where(idle, near.diagonal, 0.0).ravel())
        return SparseOperator(sparse.csr_array(free @ self.stored @ free + own), near, self.symmetric)

    def apply(self, u: Array) -> Array:
        """Return A u on the grid."""
        return np.asarray(self.stored @ np.ravel(u), dtype=float).reshape(self.shape)

    def row_bounds(self) -> Array:
        """Return sum_j |A_ij| for each cell: Gershgorin's bound on the eigenvalues, row by row."""
        return np.asarray(abs(self.stored).sum(axis=1), dtype=float).reshape(self.shape)

    def matrix(self) -> sparse.csr_array:
        """Return A."""
        return self.stored
