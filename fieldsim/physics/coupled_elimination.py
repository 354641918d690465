"""Elimination of all fields together: one sparse matrix, the fields of a cell side by side, its pattern built once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from fieldsim.arrays import FloatArray

Entries = Mapping[tuple[int, int], FloatArray]


class Elimination:
    """Solves sum_j M_ij x_j = b_i for fields i, M_ij = delta_ij B_i + diag(E_ij), by sparse factors."""

    def __init__(self, blocks: Sequence[sparse.csr_array], pairs: Sequence[tuple[int, int]]) -> None:
        """Sort the entries of blocks B_i and diagonals E_ij of these patterns into columns."""
        self.pairs = tuple(pairs)
        self.patterns = [(block.indptr, block.indices) for block in blocks]
        count, cells = len(blocks), blocks[0].shape[0]
        self.order = np.arange(count * cells).reshape(count, cells).T.ravel()
        place = np.empty_like(self.order)
        place[self.order] = np.arange(self.order.size)
        here = np.arange(cells)
        rows, columns = [], []
        for i, block in enumerate(blocks):
            entries = block.tocoo()
            rows.append(place[i * cells + entries.row])
            columns.append(place[i * cells + entries.col])
        for i, j in self.pairs:
            rows.append(place[i * cells + here])
            columns.append(place[j * cells + here])
        row, column = np.concatenate(rows), np.concatenate(columns)
        self.sorting = np.lexsort((row, column))
        row, column = row[self.sorting], column[self.sorting]
        first = np.concatenate([[True], (np.diff(row) != 0) | (np.diff(column) != 0)])
        self.starts = np.flatnonzero(first)
        self.indices = row[first].astype(np.int32)
        counts = np.bincount(column[first], minlength=count * cells)
        self.pointers = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)

    def fits(self, blocks: Sequence[sparse.csr_array]) -> bool:
        """Return whether the blocks have the patterns it was built for: those of limited drifts change."""
        return all(
            np.array_equal(block.indptr, pointers) and np.array_equal(block.indices, indices)
            for block, (pointers, indices) in zip(blocks, self.patterns, strict=True)
        )

    def solve(self, blocks: Sequence[FloatArray], entries: Entries, right: FloatArray) -> FloatArray:
        """Return x for the numbers of the blocks (in CSR order) and the diagonals; NaN where they are singular.

        `right` has the shape (fields, ...), and so has the answer.
        """
        data = np.concatenate([*blocks, *(entries[pair].ravel() for pair in self.pairs)])
        summed = np.add.reduceat(data[self.sorting], self.starts)
        matrix = sparse.csc_array((summed, self.indices, self.pointers), shape=(right.size, right.size))
        try:
            factors = splu(matrix)
        except RuntimeError:  # exactly singular
            return np.full_like(right, np.nan)
        known = right.ravel()[self.order]
        found = factors.solve(known)
        found = found + factors.solve(known - matrix @ found)
        result = np.empty(right.size)
        result[self.order] = found
        return result.reshape(right.shape)
