"""The corners of cells at the vertices of a structured mesh, and the directions that flows take there.

A corner (cell c, vertex v) has one sub-face an axis. With the half edges e_a from v into the cell, w = |det e| and
S_a = w e^-T the areas of its sub-faces, its energy is half of d.A d, A_ab = S_a . K S_b / w = (G K G^T)_ab, where
d_a is what the unknown gains from the centre to sub-face a (Wheeler & Yotov 2006). On orthogonal coordinates the rows
of G are e_a sqrt(area / half distance), so that the diagonal of A is the two-point law's conductance.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import prod

import numpy as np
import numpy.typing as npt

from fieldsim.arrays import BoolArray, FloatArray
from fieldsim.errors import InvalidInput, must
from fieldsim.meshes import Mesh

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class VertexGrid:
    """Numbers of cells, vertices and sub-faces of a structured grid.

    Around a vertex, local cell k lies at `offsets[k]` (0 below, 1 above along each axis); `slots[k, a]` is the number
    of its sub-face across axis a, and `pairs[slot]` are the local cells below and above that sub-face.
    """

    shape: tuple[int, ...]
    periodic: tuple[bool, ...]

    @cached_property
    def offsets(self) -> tuple[tuple[int, ...], ...]:
        """Where the local cells of a vertex lie."""
        return tuple(product((0, 1), repeat=len(self.shape)))

    @cached_property
    def slots(self) -> IntArray:
        """Number of the sub-face of local cell k across axis a, shape (2^d, d)."""
        half = len(self.offsets) // 2
        rows = []
        for offset in self.offsets:
            others = [offset[:a] + offset[a + 1 :] for a in range(len(offset))]
            rows.append([a * half + sum(o << i for i, o in enumerate(other)) for a, other in enumerate(others)])
        return np.array(rows)

    @cached_property
    def pairs(self) -> IntArray:
        """Local cells below and above each sub-face, shape (sub-faces, 2)."""
        result = np.zeros((self.count, 2), dtype=int)
        for k, offset in enumerate(self.offsets):
            for a, o in enumerate(offset):
                result[self.slots[k, a], o] = k
        return result

    @property
    def count(self) -> int:
        """Number of sub-faces that meet at a vertex."""
        return len(self.shape) * len(self.offsets) // 2

    @property
    def vertex_shape(self) -> tuple[int, ...]:
        """Number of vertices along each axis; the seam of a periodic axis has one."""
        return tuple(n if closed else n + 1 for n, closed in zip(self.shape, self.periodic, strict=True))

    @cached_property
    def at_ends(self) -> BoolArray:
        """Whether a vertex lies at an end of an open axis, flat."""
        result = np.zeros(self.vertex_shape, dtype=bool)
        for axis, closed in enumerate(self.periodic):
            if not closed:
                moved = np.moveaxis(result, axis, 0)
                moved[0] = moved[-1] = True
        return result.ravel()

    def cells_at(self, vertices: IntArray) -> IntArray:
        """Return the flat numbers of the cells around vertices, shape (n, 2^d); -1 outside the grid."""
        places = np.unravel_index(vertices, self.vertex_shape)
        result = np.zeros((vertices.size, len(self.offsets)), dtype=np.int64)
        outside = np.zeros(result.shape, dtype=bool)
        for axis, (n, closed) in enumerate(zip(self.shape, self.periodic, strict=True)):
            steps = np.array([offset[axis] for offset in self.offsets]) - 1
            index = places[axis][:, None] + steps
            if closed:
                index %= n
            outside |= (index < 0) | (index >= n)
            result = result * n + np.clip(index, 0, n - 1)
        result[outside] = -1
        return result


class CurvedCorners:
    """Corners of cells with straight edges in any position; K has Cartesian components."""

    def __init__(self, mesh: Mesh, grid: VertexGrid) -> None:
        self.grid = grid
        self.points = np.array(mesh.corners).reshape(mesh.dim, -1)
        self.strides = tuple(prod(n + 1 for n in grid.shape[axis + 1 :]) for axis in range(mesh.ndim))

    def factors(self, vertices: IntArray, cells: IntArray) -> FloatArray:
        """Return G of every corner, shape (n, 2^d, d, d); 0 outside the grid."""
        halves = self._half_edges(vertices)
        result = np.zeros((*cells.shape, halves.shape[1], halves.shape[3]))
        for k, offset in enumerate(self.grid.offsets):
            edges = [halves[:, axis, o] for axis, o in enumerate(offset)]
            areas, size = _cofactors(edges)
            size = np.where(cells[:, k] >= 0, np.abs(size), np.inf)
            result[:, k] = areas / np.sqrt(size)[:, None, None]
        return result

    def areas(self, vertices: IntArray, cells: IntArray) -> FloatArray:
        """Return the areas of the sub-faces of every corner, shape (n, 2^d, d)."""
        halves = self._half_edges(vertices)
        result = np.zeros((*cells.shape, halves.shape[1]))
        for k, offset in enumerate(self.grid.offsets):
            vectors, _ = _cofactors([halves[:, axis, o] for axis, o in enumerate(offset)])
            result[:, k] = np.sqrt(np.square(vectors).sum(axis=-1)) * (cells[:, k] >= 0)[:, None]
        return result

    def _half_edges(self, vertices: IntArray) -> FloatArray:
        """Return half the edges from each vertex, shape (n, axes, below or above, dim); 0 where there is none."""
        places = np.unravel_index(vertices, self.grid.vertex_shape)
        here = sum((p * s for p, s in zip(places, self.strides, strict=True)), np.zeros(vertices.size, dtype=np.int64))
        result = np.zeros((vertices.size, len(places), 2, len(self.points)))
        for axis, (n, closed) in enumerate(zip(self.grid.shape, self.grid.periodic, strict=True)):
            for end, step in ((0, -1), (1, 1)):
                index = (places[axis] + step) % n if closed else np.clip(places[axis] + step, 0, n)
                there = here + (index - places[axis]) * self.strides[axis]
                result[:, axis, end] = 0.5 * (self.points[:, there] - self.points[:, here]).T
        return result


class OrthogonalCorners:
    """Corners of cells between orthogonal coordinate surfaces; K has components in the mesh's own basis.

    A vertex on a pole is none: the faces that meet there are divided among their other vertices.
    """

    def __init__(self, mesh: Mesh, grid: VertexGrid) -> None:
        self.grid = grid
        ends = [[_pole_row(mesh, axis, end) for end in (0, 1)] for axis in range(mesh.ndim)]
        for (low, high), line in zip(ends, mesh.axes, strict=True):
            if (low & high).any():
                rule = f"of two cells or more from pole to pole, along {line.name}, where a tensor turns the flux"
                raise InvalidInput(must("mesh", rule, line.cells, "Divide it."))
        self._areas = np.zeros((mesh.ndim, 2, mesh.size))
        self._squares = np.zeros((mesh.ndim, 2, mesh.size))
        for axis in range(mesh.ndim):
            faces, distances = mesh.face_areas(axis), mesh.half_distances(axis)
            parts = np.ones(mesh.shape)
            for other in range(mesh.ndim):
                if other != axis:
                    parts *= 2.0 - ends[other][0] - ends[other][1]
            for end in (0, 1):
                area = faces.take(range(end, mesh.shape[axis] + end), axis) / parts
                self._areas[axis, end] = area.ravel()
                self._squares[axis, end] = (area / distances[end]).ravel()
        self._at_pole = np.array([[np.broadcast_to(row, mesh.shape).ravel() for row in pair] for pair in ends])

    def factors(self, vertices: IntArray, cells: IntArray) -> FloatArray:
        """Return G of every corner, shape (n, 2^d, d, d), diagonal; 0 outside the grid and at poles."""
        axes = range(len(self.grid.shape))
        result = np.zeros((*cells.shape, len(axes), len(axes)))
        for k, offset in enumerate(self.grid.offsets):
            there = self._there(cells[:, k], offset)
            for axis in axes:
                outward = 1.0 - 2.0 * offset[axis]
                squares = self._squares[axis, 1 - offset[axis], cells[:, k]]
                result[:, k, axis, axis] = outward * np.sqrt(there * squares)
        return result

    def areas(self, vertices: IntArray, cells: IntArray) -> FloatArray:
        """Return the areas of the sub-faces of every corner, shape (n, 2^d, d)."""
        axes = range(len(self.grid.shape))
        result = np.zeros((*cells.shape, len(axes)))
        for k, offset in enumerate(self.grid.offsets):
            there = self._there(cells[:, k], offset)
            for axis in axes:
                result[:, k, axis] = there * self._areas[axis, 1 - offset[axis], cells[:, k]]
        return result

    def _there(self, cells: IntArray, offset: tuple[int, ...]) -> BoolArray:
        there: BoolArray = cells >= 0
        for axis, o in enumerate(offset):
            there = there & ~self._at_pole[axis, 1 - o, cells]
        return there


def _pole_row(mesh: Mesh, axis: int, end: int) -> BoolArray:
    """Return whether a cell touches the pole at an end of an axis, broadcastable to the mesh."""
    row = np.zeros(mesh.shape[axis], dtype=bool)
    side = mesh.sides[mesh.names[axis] + "-+"[end]]
    row[-1 if end else 0] = side.kind == "pole"
    return row.reshape([-1 if k == axis else 1 for k in range(mesh.ndim)])


def _cofactors(edges: list[FloatArray]) -> tuple[FloatArray, FloatArray]:
    """Return w e^-T, shape (n, d, d), and det e of edges e_a, each (n, d)."""
    if len(edges) == 2:
        (x0, y0), (x1, y1) = edges[0].T, edges[1].T
        rows = np.stack([np.stack([y1, -x1], -1), np.stack([-y0, x0], -1)], 1)
    else:
        rows = np.stack([np.cross(edges[(a + 1) % 3], edges[(a + 2) % 3]) for a in range(3)], 1)
    return rows, np.einsum("ni,ni->n", edges[0], rows[:, 0])
