"""Elimination of the unknowns on sub-faces, vertex by vertex: the symmetric energy form over the cell centres.

Around a vertex E = 1/2 sum over corners of d.A d, d_a = u_f(a) - u_c, is least over the u_f, where the flows through a
sub-face from both its cells agree: M u_f = -B u_c + walls. What is left, S = C + B^T P with u_f = P u_c, couples the
cells around the vertex (9 points in the plane, 27 in space) and is symmetric and positive.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from fieldsim.arrays import BoolArray, FloatArray
from fieldsim.physics.corners import CurvedCorners, IntArray, OrthogonalCorners, VertexGrid

Corners: TypeAlias = CurvedCorners | OrthogonalCorners

_CHUNK = 1 << 12


@dataclass(frozen=True, eq=False)
class Coefficients:
    """What the energy needs of the cells, flat: K, a number or a matrix a cell, and which cells are no unknowns.

    A `fixed` cell hands its value to its sub-faces; through those of a cell `gone` nothing flows.
    """

    conductivity: FloatArray
    fixed: BoolArray
    gone: BoolArray


@dataclass(frozen=True, eq=False)
class WallData:
    """The wall faces in one row: where the value is `held`, the film h elsewhere, and their areas.

    `number[axis, end]` is the number of the face that a cell has at an end of an axis, flat over the cells.
    """

    number: Mapping[tuple[int, int], IntArray]
    areas: FloatArray
    held: BoolArray
    film: FloatArray


@dataclass(frozen=True, eq=False)
class Around:
    """The energies around some vertices, and the sub-faces between them."""

    vertices: IntArray
    cells: IntArray
    local: FloatArray  # A of each corner, (n, 2^d, d, d)
    bonds: FloatArray  # M, (n, f, f)
    pulls: FloatArray  # B, (n, f, 2^d)
    own: FloatArray  # C, (n, 2^d)


class VertexEnergy:
    """The energy of all corners of a mesh; gives it, and what follows from it, a few thousand vertices at a time."""

    def __init__(self, grid: VertexGrid, corners: Corners, coefficients: Coefficients) -> None:
        self.grid, self.corners, self.coefficients = grid, corners, coefficients

    def chunks(self, *, at_ends: bool) -> Iterator[Around]:
        """Yield the energies around the vertices inside, or at the ends of open axes."""
        chosen = np.flatnonzero(self.grid.at_ends == at_ends)
        for start in range(0, chosen.size, _CHUNK):
            yield self.around(chosen[start : start + _CHUNK])

    def around(self, vertices: IntArray) -> Around:
        """Return the energies around some vertices."""
        grid, given = self.grid, self.coefficients
        cells = grid.cells_at(vertices)
        factors = self.corners.factors(vertices, cells)
        conducts = (cells >= 0) & ~given.fixed[cells] & ~given.gone[cells]
        conductivity = given.conductivity[cells]
        if conductivity.ndim == 2:
            weighted = (conductivity * conducts)[:, :, None, None] * factors
        else:
            weighted = np.matmul(factors, conductivity * conducts[:, :, None, None])
        local = np.matmul(weighted, np.swapaxes(factors, 2, 3))
        bonds = np.zeros((vertices.size, grid.count, grid.count))
        pulls = np.zeros((vertices.size, grid.count, len(grid.offsets)))
        for k, slots in enumerate(grid.slots):
            bonds[:, slots[:, None], slots] += local[:, k]
            pulls[:, slots, k] -= local[:, k].sum(axis=2)
        return Around(vertices, cells, local, bonds, pulls, local.sum(axis=(2, 3)))

    def handed(self, around: Around) -> FloatArray:
        """Return T: u_f = T u_c on the sub-faces of fixed cells, shape (n, f, 2^d)."""
        result = np.zeros(around.pulls.shape)
        fixed = self.coefficients.fixed[around.cells] & (around.cells >= 0)
        if fixed.any():
            below, above = self.grid.pairs.T
            slots = np.arange(self.grid.count)
            result[:, slots, below] = fixed[:, below]
            result[:, slots, above] = fixed[:, above] & ~fixed[:, below]
        return result

    def walls(self, vertices: IntArray, cells: IntArray, walls: WallData) -> tuple[IntArray, FloatArray]:
        """Return the number of the wall face that each sub-face is part of (-1: none) and its area, shape (n, f)."""
        grid = self.grid
        areas = self.corners.areas(vertices, cells)
        numbers = np.full((len(cells), grid.count), -1)
        result = np.zeros(numbers.shape)
        idle: BoolArray = np.logical_or(self.coefficients.fixed, self.coefficients.gone)
        for k, offset in enumerate(grid.offsets):
            free = (cells[:, k] >= 0) & ~idle[cells[:, k]]
            for axis, o in enumerate(offset):
                slot = grid.slots[k, axis]
                there = free & (cells[:, grid.pairs[slot, 1 - o]] < 0) & (areas[:, k, axis] > 0.0)
                # a cell above the vertex is met at its lower end
                if there.any():
                    numbers[there, slot] = walls.number[axis, 1 - o][cells[there, k]]
                    result[there, slot] = areas[there, k, axis]
        return numbers, result


@dataclass(frozen=True, eq=False)
class Reduced:
    """The values on sub-faces, u_f = P u_c where no wall has a say, and what is left over the cells."""

    around: Around
    handed: FloatArray  # T
    values: FloatArray  # P
    left: FloatArray  # S


@dataclass(frozen=True, eq=False)
class ReducedWalls(Reduced):
    """With walls u_f = P u_c + Z z; the sub-faces' areas, and the numbers of the wall faces that they are part of."""

    numbers: IntArray
    areas: FloatArray
    data: FloatArray  # Z, a column a sub-face


def reduced(energy: VertexEnergy, around: Around) -> Reduced:
    """Eliminate the sub-faces around vertices away from walls."""
    handed = energy.handed(around)
    given = np.asarray(handed.any(axis=2))
    right = handed - around.pulls * ~given[:, :, None]
    values = _solved(around.bonds.copy(), right, given)
    left = _left(around, handed, values)
    # a constant stays a constant to the last digit
    own = np.einsum("nkk->nk", left)
    own -= left.sum(axis=2)
    return Reduced(around, handed, values, left)


def reduced_with_walls(energy: VertexEnergy, around: Around, walls: WallData) -> ReducedWalls:
    """Eliminate the sub-faces around vertices at walls.

    The datum z of a wall face is its value where held, else h * reference - flux, an area.
    """
    handed = energy.handed(around)
    numbers, areas = energy.walls(around.vertices, around.cells, walls)
    there, held = numbers >= 0, (numbers >= 0) & walls.held[numbers]
    given = np.asarray(handed.any(axis=2)) | held
    matrix, right = around.bonds.copy(), handed - around.pulls * ~given[:, :, None]
    np.einsum("nff->nf", matrix)[...] += np.where(there & ~held, areas * walls.film[numbers], 0.0)
    strength = np.where(held, 1.0, np.where(there, areas, 0.0))
    right = np.concatenate([right, strength[:, :, None] * np.eye(energy.grid.count)], axis=2)
    solved, count = _solved(matrix, right, given), len(energy.grid.offsets)
    values, data = solved[:, :, :count], solved[:, :, count:]
    return ReducedWalls(around, handed, values, _left(around, handed, values), numbers, areas, data)


def _solved(matrix: FloatArray, right: FloatArray, given: BoolArray) -> FloatArray:
    """Solve for the sub-faces, in place; those given, and those that nothing reaches, have their right-hand side."""
    diagonal = np.einsum("nff->nf", matrix)
    given = given | (diagonal == 0.0)
    matrix[given] = 0.0
    diagonal[given] = 1.0
    return np.asarray(np.linalg.solve(matrix, right), dtype=np.float64)


def _left(around: Around, handed: FloatArray, values: FloatArray) -> FloatArray:
    """Return S = C + B^T P + T^T (B + M P), symmetric to the last digit."""
    left = np.matmul(around.pulls.swapaxes(1, 2), values)
    if handed.any():
        left += np.matmul(handed.swapaxes(1, 2), around.pulls + np.matmul(around.bonds, values))
    np.einsum("nkk->nk", left)[...] += around.own
    return np.asarray(0.5 * (left + left.swapaxes(1, 2)))


@dataclass(frozen=True, eq=False)
class FaceState:
    """Flows along +axis through the faces of each axis, mean values on them, and the integral of K |grad u|^2.

    Arrays over an axis have the mesh's shape with one more along it; values are NaN on faces without area.
    """

    flows: tuple[FloatArray, ...]
    values: tuple[FloatArray, ...]
    dissipation: float


def face_state(energy: VertexEnergy, u: FloatArray, walls: WallData, data: FloatArray) -> FaceState:
    """Return what crosses the faces for cell values `u` (flat) and wall data z."""
    grid, d = energy.grid, len(energy.grid.shape)
    shapes = [tuple(n + (k == axis) for k, n in enumerate(grid.shape)) for axis in range(d)]
    flows, sums, areas = ([np.zeros(shape).ravel() for shape in shapes] for _ in range(3))
    dissipation = 0.0
    for at_ends in (False, True):
        for around in energy.chunks(at_ends=at_ends):
            walled = at_ends and walls.held.size > 0
            part = reduced_with_walls(energy, around, walls) if walled else reduced(energy, around)
            inner = np.where(around.cells >= 0, u[around.cells], 0.0)
            surface = np.einsum("nfk,nk->nf", part.values, inner)
            if isinstance(part, ReducedWalls):
                given = np.where(part.numbers >= 0, data[part.numbers], 0.0)
                surface += np.einsum("nfg,ng->nf", part.data, given)
            rise = surface[:, grid.slots] - inner[:, :, None]
            into = np.einsum("nkab,nkb->nka", around.local, rise)
            dissipation += float((rise * into).sum())
            sizes = energy.corners.areas(around.vertices, around.cells)
            _gather(energy, around, shapes, (flows, sums, areas), into, surface, sizes)
    values = [np.divide(s, a, out=np.full_like(s, np.nan), where=a > 0.0) for s, a in zip(sums, areas, strict=True)]
    for arrays in (flows, values):
        for axis, shape in enumerate(shapes):
            arrays[axis] = arrays[axis].reshape(shape)
            if grid.periodic[axis]:
                moved = np.moveaxis(arrays[axis], axis, 0)
                moved[-1] = moved[0]
    return FaceState(tuple(flows), tuple(values), dissipation)


def _gather(
    energy: VertexEnergy,
    around: Around,
    shapes: list[tuple[int, ...]],
    sums: tuple[list[FloatArray], list[FloatArray], list[FloatArray]],
    into: FloatArray,
    surface: FloatArray,
    sizes: FloatArray,
) -> None:
    """Add flows, values and areas of the sub-faces around some vertices to those of their faces."""
    grid, cells = energy.grid, around.cells
    idle = energy.coefficients.fixed | energy.coefficients.gone
    places = np.unravel_index(around.vertices, grid.vertex_shape)
    for slot, (below, above) in enumerate(grid.pairs):
        axis = slot // (len(grid.offsets) // 2)
        known = (cells[:, below] >= 0) & ~idle[cells[:, below]]
        cell = np.where(cells[:, below] >= 0, cells[:, below], cells[:, above])
        there = cell >= 0
        # what flows along +axis leaves the cell below, where d.A d falls with its sub-face's value
        flow = np.where(known, -into[:, below, axis], into[:, above, axis])
        size = np.where(known, sizes[:, below, axis], sizes[:, above, axis])
        index = list(np.unravel_index(np.maximum(cell, 0), grid.shape))
        index[axis] = places[axis]
        face = np.ravel_multi_index(tuple(index), shapes[axis])[there]
        for target, values in zip(sums, (flow, size * surface[:, slot], size), strict=True):
            target[axis][face] += values[there]
