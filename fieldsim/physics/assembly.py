"""The energy form as matrices: over the cells, and between cells and wall faces.

What leaves cells by conduction is S (u - c) - L (z - c'), c a constant and z the data of the walls; a wall face has the
mean value V (u, z) and, where its value is held, lets F (u, z) out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from fieldsim.arrays import BoolArray, FloatArray
from fieldsim.linear import GridOperator
from fieldsim.physics.corners import IntArray, VertexGrid
from fieldsim.physics.elimination import (
    Around,
    Reduced,
    ReducedWalls,
    VertexEnergy,
    WallData,
    reduced,
    reduced_with_walls,
)

_CHUNK = 1 << 14
_COMPILED_ABOVE = 30_000


@dataclass(eq=False)
class Stencil:
    """Couplings of every cell with its 3^d neighbours, and of the two-point operator near them."""

    grid: VertexGrid
    entries: FloatArray
    couplings: FloatArray
    diagonal: FloatArray

    @classmethod
    def empty(cls, grid: VertexGrid) -> Stencil:
        """Return a stencil of nought."""
        d, n = len(grid.shape), int(np.prod(grid.shape))
        return cls(grid, np.zeros((3**d, n)), np.zeros((d, n)), np.zeros(n))

    def copy(self) -> Stencil:
        """Return a stencil to add to."""
        return Stencil(self.grid, self.entries.copy(), self.couplings.copy(), self.diagonal.copy())

    def add(self, part: Reduced) -> None:
        """Add what is left around some vertices."""
        cells, offsets = part.around.cells, self.grid.offsets
        for k, here in enumerate(offsets):
            for m, other in enumerate(offsets):
                number = _offset_number(here, other)
                both = (cells[:, k] >= 0) & (cells[:, m] >= 0)
                # around different vertices, local cell k is a different cell
                self.entries[number, cells[both, k]] += part.left[both, k, m]

    def add_two_point(self, around: Around, fixed: BoolArray) -> None:
        """Add the couplings across sub-faces without what flows askew."""
        grid, cells = self.grid, around.cells
        for slot, (below, above) in enumerate(grid.pairs):
            axis = slot // (len(grid.offsets) // 2)
            lower, upper = around.local[:, below, axis, axis], around.local[:, above, axis, axis]
            inside = (cells[:, below] >= 0) & (cells[:, above] >= 0)
            lower = np.where(fixed[cells[:, below]], np.inf, lower)
            upper = np.where(fixed[cells[:, above]], np.inf, upper)
            with np.errstate(divide="ignore"):
                resistance = 1.0 / lower + 1.0 / upper
            coupling = np.divide(1.0, resistance, out=np.zeros(len(cells)), where=inside & (resistance > 0.0))
            self.couplings[axis, cells[inside, below]] += coupling[inside]

    def add_walls(self, part: ReducedWalls, walls: WallData) -> None:
        """Add, to the diagonal of the two-point operator, what the walls hold."""
        grid = self.grid
        for k, offset in enumerate(grid.offsets):
            for axis, _ in enumerate(offset):
                slot = grid.slots[k, axis]
                there = (part.around.cells[:, k] >= 0) & (part.numbers[:, slot] >= 0)
                number = part.numbers[there, slot]
                own = part.around.local[there, k, axis, axis]
                film = part.areas[there, slot] * walls.film[number]
                held = np.where(walls.held[number], own, own * film / (own + film))
                np.add.at(self.diagonal, part.around.cells[there, k], held)

    def matrix(self) -> sparse.csr_array:
        """Return the matrix over the cells in C order."""
        shape, n = self.grid.shape, self.entries.shape[1]
        integers = np.int32 if n < np.iinfo(np.int32).max else np.int64
        places = np.indices(shape, dtype=integers).reshape(len(shape), n)
        columns, there = np.zeros(self.entries.shape, dtype=integers), self.entries != 0.0
        for number in range(len(self.entries)):
            column = np.zeros(n, dtype=integers)
            for axis, (length, closed) in enumerate(zip(shape, self.grid.periodic, strict=True)):
                index = places[axis] + (number // 3**axis) % 3 - 1
                column = column * length + (index % length if closed else index)
            columns[number] = column
        counts = there.sum(axis=0)
        pointers = np.concatenate([[0], np.cumsum(counts)])
        result = sparse.csr_array((self.entries.T[there.T], columns.T[there.T], pointers), shape=(n, n))
        result.sum_duplicates()
        return result

    def near(self) -> GridOperator:
        """Return the two-point operator, walls included."""
        couplings = []
        for axis, (n, closed) in enumerate(zip(self.grid.shape, self.grid.periodic, strict=True)):
            faces = self.couplings[axis].reshape(self.grid.shape)
            couplings.append(faces if closed else faces.take(range(n - 1), axis))
        return GridOperator(self.diagonal.reshape(self.grid.shape), tuple(couplings), self.grid.periodic)


@dataclass(frozen=True, eq=False)
class WallMatrices:
    """What wall faces and cells have to do with each other; see the module's formulas."""

    load: sparse.csr_array
    value_of_cells: sparse.csr_array
    value_of_data: sparse.csr_array
    flow_of_cells: sparse.csr_array
    flow_of_data: sparse.csr_array


class _Triples:
    def __init__(self) -> None:
        self.rows: list[IntArray] = []
        self.columns: list[IntArray] = []
        self.values: list[FloatArray] = []

    def add(self, rows: IntArray, columns: IntArray, values: FloatArray) -> None:
        rows, columns, values = np.broadcast_arrays(rows, columns, values)
        there = (rows >= 0) & (columns >= 0) & (values != 0.0)
        self.rows.append(rows[there])
        self.columns.append(columns[there])
        self.values.append(values[there])

    def matrix(self, shape: tuple[int, int]) -> sparse.csr_array:
        if not self.rows:
            return sparse.csr_array(shape)
        entries = np.concatenate(self.values), (np.concatenate(self.rows), np.concatenate(self.columns))
        return sparse.csr_array(sparse.coo_array(entries, shape=shape))


def inside(energy: VertexEnergy, *, compiles: bool | None = None) -> Stencil:
    """Return the couplings by all vertices inside the mesh, by a compiled kernel where there are many."""
    stencil = Stencil.empty(energy.grid)
    chosen = np.flatnonzero(~energy.grid.at_ends)
    compiles = chosen.size > _COMPILED_ABOVE if compiles is None else compiles
    for start in range(0, chosen.size, _CHUNK):
        vertices = chosen[start : start + _CHUNK]
        if compiles:
            vertices = _add_compiled(energy, vertices, stencil)
        if vertices.size:
            around = energy.around(vertices)
            stencil.add(reduced(energy, around))
            stencil.add_two_point(around, energy.coefficients.fixed)
    return stencil


def _add_compiled(energy: VertexEnergy, vertices: IntArray, stencil: Stencil) -> IntArray:
    """Add what vertices away from bodies leave, and return the others."""
    # imported here: small meshes do without the compiler
    from fieldsim.kernels.vertices import eliminate

    grid, given = energy.grid, energy.coefficients
    cells = grid.cells_at(vertices)
    plain = ~given.fixed[cells].any(axis=1)
    free, cells = vertices[plain], cells[plain]
    conductivity = given.conductivity[cells].reshape(*cells.shape, *(given.conductivity.shape[1:] or (1, 1)))
    conductivity = np.where(given.gone[cells][:, :, None, None], 0.0, conductivity)
    numbers = np.array([[_offset_number(a, b) for b in grid.offsets] for a in grid.offsets])
    factors = energy.corners.factors(free, cells)
    eliminate(factors, conductivity, cells, grid.slots, grid.pairs, numbers, stencil.entries, stencil.couplings)
    return vertices[~plain]


def _offset_number(here: tuple[int, ...], other: tuple[int, ...]) -> int:
    """Return the row of a stencil for a neighbour, offsets of -1, 0, 1 along each axis in digits of base 3."""
    return sum((b - a + 1) * 3**i for i, (a, b) in enumerate(zip(here, other, strict=True)))


def with_walls(energy: VertexEnergy, inner: Stencil, walls: WallData) -> tuple[Stencil, WallMatrices]:
    """Return the couplings by all vertices, and the matrices of the walls."""
    stencil, cells, faces = inner.copy(), inner.entries.shape[1], walls.held.size
    load, value_u, value_z, flow_u, flow_z = (_Triples() for _ in range(5))
    for around in energy.chunks(at_ends=True):
        stencil.add_two_point(around, energy.coefficients.fixed)
        if not faces:
            stencil.add(reduced(energy, around))
            continue
        part = reduced_with_walls(energy, around, walls)
        stencil.add(part)
        stencil.add_walls(part, walls)
        numbers, pulls = part.numbers, around.pulls + np.matmul(around.bonds, part.values)
        row, column = numbers[:, :, None], around.cells[:, None, :]
        out = np.matmul((around.pulls + np.matmul(around.bonds, part.handed)).swapaxes(1, 2), part.data)
        load.add(around.cells[:, :, None], numbers[:, None, :], -out)
        share = part.areas / walls.areas[numbers]
        value_u.add(row, column, share[:, :, None] * part.values)
        value_z.add(row, numbers[:, None, :], share[:, :, None] * part.data)
        held = np.where(walls.held[numbers], numbers, -1)[:, :, None]
        flow_u.add(held, column, -pulls)
        flow_z.add(held, numbers[:, None, :], -np.matmul(around.bonds, part.data))
    matrices = WallMatrices(
        load.matrix((cells, faces)),
        value_u.matrix((faces, cells)),
        value_z.matrix((faces, faces)),
        flow_u.matrix((faces, cells)),
        flow_z.matrix((faces, faces)),
    )
    return stencil, matrices
