"""Tables of derivatives as the kernels read them: plain arrays, entries with zero weight left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from fieldsim.arrays import FloatArray, IntArray
from fieldsim.stencils import Table

# Half of a common second-level cache, in bytes.
_CACHE = 1 << 20


@dataclass(frozen=True)
class KernelTables:
    """Several tables in arrays of one shape each; see `kernels.lines.apply_terms` for their meaning."""

    labels: IntArray  # (tables, rows, width)
    weights: FloatArray  # (tables, rows, width)
    counts: IntArray  # (tables, rows)
    spans: IntArray  # (tables, 4)
    offsets: IntArray  # (tables, width)
    steady: FloatArray  # (tables, width)
    varying: FloatArray  # flat (tables, width, n2)

    @property
    def width(self) -> int:
        """Most entries a row has."""
        return int(self.labels.shape[2])

    @property
    def arrays(self) -> tuple[IntArray | FloatArray, ...]:
        """The arrays in the order of the kernels' arguments."""
        return self.labels, self.weights, self.counts, self.spans, self.offsets, self.steady, self.varying


def pack_tables(tables: Sequence[tuple[Table, int]], shape: tuple[int, int, int]) -> KernelTables:
    """Pack tables, each with the kernel axis (0, 1 or 2) it runs along, for arrays of `shape`."""
    compact = [(_compact(table), axis) for table, axis in tables]
    # Even, because varying weights are read in pairs.
    width = -(-max((table.index.shape[1] for table, _ in compact), default=1) // 2) * 2
    count, rows = len(compact), max(shape)
    labels, weights = np.zeros((count, rows, width), np.int64), np.zeros((count, rows, width))
    counts, spans = np.zeros((count, rows), np.int64), np.zeros((count, 4), np.int64)
    offsets, steady = np.zeros((count, width), np.int64), np.zeros((count, width))
    varying = np.zeros((count, width, shape[2]))
    for t, (table, axis) in enumerate(compact):
        labels[t, : table.rows, : table.index.shape[1]] = table.index
        weights[t, : table.rows, : table.index.shape[1]] = table.weights
        counts[t, : table.rows] = _used(table)
        if axis == 2:
            _interior(table, spans[t], offsets[t], steady[t], varying[t])
    return KernelTables(labels, weights, counts, spans, offsets, steady, varying.reshape(-1))


def block_shape(shape: tuple[int, int, int], width: int, inputs: int) -> tuple[int, int, int, int, int, int]:
    """Return n0, n1, n2, the number of blocks that threads work through one by one, and their size in lines.

    The lines of `inputs` arrays that a sweep along axis 0 comes back to should stay in the second-level cache, and
    there should be a few blocks for each thread.
    """
    n0, n1, n2 = shape
    block1 = max(8, _CACHE // (8 * n2 * width * inputs))
    block0 = max(1, -(-n0 // 4))
    if n0 < 8:
        block1 = min(block1, -(-n1 // 16))
    block1 = min(max(block1, 1), n1)
    return n0, n1, n2, -(-n0 // block0) * -(-n1 // block1), block0, block1


def read_only(values: FloatArray) -> FloatArray:
    """Return a view that cannot be written to: the kernel is compiled for that one type only."""
    view = values.view()
    view.flags.writeable = False
    return view


def _compact(table: Table) -> Table:
    """Move the entries with non-zero weight of every row to the front, in order."""
    order = np.argsort(table.weights == 0.0, axis=1, kind="stable")
    return replace(
        table,
        index=np.take_along_axis(table.index, order, axis=1),
        weights=np.take_along_axis(table.weights, order, axis=1),
        nodes=np.take_along_axis(table.nodes, order, axis=1),
    )


def _used(table: Table) -> IntArray:
    """Return the number of non-zero entries of each row, at least one."""
    return np.asarray(np.maximum(np.count_nonzero(table.weights, axis=1), 1), dtype=np.int64)


def _interior(table: Table, span: IntArray, offsets: IntArray, steady: FloatArray, varying: FloatArray) -> None:
    """Describe the longest run of rows around the middle whose entries sit at the same offsets."""
    n, width = table.index.shape
    shift = table.index - np.arange(n)[:, None]
    used = np.arange(width)[None, :] < _used(table)[:, None]
    middle = n // 2
    alike = np.all((shift == shift[middle]) | ~used, axis=1) & (_used(table) == _used(table)[middle])
    low = middle
    while low > 0 and alike[low - 1]:
        low -= 1
    high = middle + 1
    while high < n and alike[high]:
        high += 1
    count = int(_used(table)[middle])
    run = table.weights[low:high]
    uniform = bool(np.all(np.abs(run - run.mean(axis=0)) <= 1e-12 * np.abs(run).max()))
    span[:] = (low, high, int(uniform), count)
    offsets[:width] = np.where(used[middle], shift[middle], 0)
    steady[:width] = table.weights[middle]
    varying[:width, :n] = table.weights.T
