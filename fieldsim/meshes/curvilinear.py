"""Meshes from cell corners or from a map: any smooth, non-folding grid in the plane or in space.

Vectors have Cartesian components there (the mesh's basis is the Cartesian one). Volumes are those of the straight-edged
cells: shoelace in the plane, trilinear hexahedra in space.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
import numpy.typing as npt

from fieldsim.arrays import FloatArray, frozen
from fieldsim.coordinates.mapped import POINTS, Mapped
from fieldsim.errors import InvalidInput, must
from fieldsim.expressions import compile_expression
from fieldsim.meshes.axis import Axis, uniform_edges
from fieldsim.meshes.faces import face_vectors
from fieldsim.meshes.mesh import Mesh
from fieldsim.meshes.names import round_values
from fieldsim.stencils import fornberg_weights

Cells = int | Sequence[int]


@dataclass(frozen=True, eq=False, repr=False)
class CurvilinearMesh(Mesh):
    """A mesh known by its corners; make one with `fieldsim.curvilinear`."""

    coordinates: Mapped

    @property
    def orthogonal(self) -> bool:
        """False: operators use the full metric."""
        return False

    @cached_property
    def points(self) -> FloatArray:
        """Cartesian coordinates of the cell centres, shape (dim, *shape)."""
        if self.coordinates.function is not None:
            q = [np.broadcast_to(c, self.shape) for c in self.open_centers]
            return frozen([np.broadcast_to(x, self.shape) for x in self.coordinates.function(q)])
        result = self.coordinates.corners
        for axis in range(self.ndim):
            result = self._to_centres(result, axis)
        return frozen(result)

    def _to_centres(self, values: FloatArray, axis: int) -> FloatArray:
        """Interpolate (dim, ...) from edges to centres along one axis."""
        knots, centres = self.coordinates.knots[axis], self.axes[axis].centers
        number = min(POINTS, knots.size)
        start = np.arange(centres.size) + 1 - number // 2
        turns: npt.NDArray[np.int64] | int = 0
        if self.axes[axis].periodic:
            index = start[:, None] + np.arange(number)
            turns, index = np.divmod(index, centres.size)
        else:
            start = np.clip(start, 0, knots.size - number)
            index = start[:, None] + np.arange(number)
        nodes = knots[index] + turns * (knots[-1] - knots[0])
        weights = fornberg_weights(centres, nodes, 0)[0]
        moved = np.moveaxis(values, axis + 1, -1)
        result = np.einsum("...ij,ij->...i", moved[..., index], weights)
        return np.moveaxis(result, -1, axis + 1)

    @cached_property
    def corners(self) -> FloatArray:
        """Cartesian coordinates of the cell corners, shape (dim, n0 + 1, ...)."""
        return self.coordinates.corners

    @cached_property
    def basis(self) -> FloatArray:
        """The Cartesian unit vectors, shape (dim, dim, 1, ...)."""
        return np.eye(self.dim).reshape(self.dim, self.dim, *(1,) * self.ndim)

    @cached_property
    def volumes(self) -> FloatArray:
        """Volumes of the straight-edged cells, shape `shape`."""
        return frozen(cell_volumes(self.coordinates.corners))

    def face_areas(self, axis: int) -> FloatArray:
        """Return the areas of the straight-edged faces across `axis`, shape `shape` with one more along `axis`."""
        return frozen(np.sqrt(np.square(face_vectors(self, axis)[0]).sum(axis=0)))

    @cached_property
    def expression_names(self) -> frozenset[str]:
        """Logical names u, v, w, Cartesian names, and r, phi (theta)."""
        return frozenset(self.names) | set("xyz"[: self.dim]) | round_values(self.points).keys()

    def coordinates_at(self, names: Iterable[str], q: Sequence[FloatArray]) -> dict[str, FloatArray]:
        """Return the named coordinates at logical coordinates `q`; as `Mesh.coordinates_at`."""
        wanted = list(names)
        x: tuple[FloatArray, ...] = tuple(self.points)
        if q is not self.open_centers:
            x = self.coordinates.to_cartesian(q)
        known = dict(zip("xyz", x, strict=False)) | round_values(np.stack(np.broadcast_arrays(*x)))
        known |= {name: np.asarray(part) for name, part in zip(self.names, q, strict=True)}
        for name in wanted:
            if name not in known:
                raise InvalidInput(
                    f"`{name}` is not a coordinate of this curvilinear mesh. Use {', '.join(sorted(known))}."
                )
        return {name: known[name] for name in wanted}


def curvilinear(
    corners: npt.ArrayLike | None = None,
    *,
    map: Mapping[str, str] | Callable[..., Sequence[npt.ArrayLike]] | None = None,
    u: tuple[float, float] = (0.0, 1.0),
    v: tuple[float, float] = (0.0, 1.0),
    w: tuple[float, float] = (0.0, 1.0),
    cells: Cells | None = None,
    periodic: Collection[str] = (),
) -> CurvilinearMesh:
    """Make a curvilinear mesh from `corners`, an array (dim, n0 + 1, ...), or from a `map` of (u, v[, w]).

    `map` is a dict of formulas ({"x": "(1 + u)*cos(v)", "y": "(1 + u)*sin(v)"}) or a function of the logical
    coordinates that returns the Cartesian ones; `cells` counts cells along u, v, w. An axis whose last corners
    coincide with its first is closed by naming it in `periodic`. Raises InvalidInput for folded, flat or left-handed
    cells, naming the first.
    """
    if (corners is None) == (map is None):
        raise InvalidInput(must("corners", "given, or a map instead", "both or neither", "Give exactly one."))
    if map is None:
        array = _checked_corners(corners)
        knots = tuple(frozen(np.arange(n, dtype=np.float64)) for n in array.shape[1:])
        function = None
    else:
        function, dim = _map_function(map)
        counts = [int(cells)] * dim if isinstance(cells, int | np.integer) else list(cells or ())
        if len(counts) != dim:
            raise InvalidInput(must("cells", f"{dim} numbers, one an axis", cells, "For example cells=(64, 32)."))
        knots = tuple(uniform_edges(n, s, c) for n, s, c in zip("uvw", (u, v, w), counts, strict=False))
        grid = np.meshgrid(*knots, indexing="ij")
        array = _checked_corners(np.stack([np.broadcast_to(x, grid[0].shape) for x in function(grid)]))
    names = "uvw"[: array.shape[0]]
    for name in periodic:
        if name not in names:
            raise InvalidInput(must("periodic", f"names among {', '.join(names)}", name, "Name closed axes only."))
        _check_closed(array, names.index(name), name)
    _check_cells(array)
    closed = tuple(name in periodic for name in names)
    coordinates = Mapped(knots, frozen(array), closed, function)
    axes = tuple(Axis(n, k, periodic=c) for n, k, c in zip(names, knots, closed, strict=True))
    return CurvilinearMesh(coordinates, axes)


def _map_function(
    given: Mapping[str, str] | Callable[..., Sequence[npt.ArrayLike]],
) -> tuple[Callable[[Sequence[FloatArray]], tuple[FloatArray, ...]], int]:
    """Return a function of the list of logical coordinates, and the dimension."""
    if callable(given):
        sample = len(given(*(np.full(1, 0.5),) * _arity(given)))
        return lambda q: tuple(np.asarray(x, dtype=np.float64) for x in given(*q)), sample
    names = list(given)
    if names != list("xyz")[: len(names)] or len(names) < 2:
        raise InvalidInput(must("map", "formulas for x and y, or x, y and z", names, "For example x: u*cos(v)."))
    formulas = [compile_expression(given[n], "uvw"[: len(names)], where=f"map.{n}") for n in names]

    def evaluate(q: Sequence[FloatArray]) -> tuple[FloatArray, ...]:
        values = dict(zip("uvw", q, strict=False))
        return tuple(np.asarray(f({n: values[n] for n in f.names}), dtype=np.float64) for f in formulas)

    return evaluate, len(names)


def _arity(function: Callable[..., Sequence[npt.ArrayLike]]) -> int:
    from inspect import signature

    return len(signature(function).parameters)


def _checked_corners(corners: npt.ArrayLike | None) -> FloatArray:
    try:
        array = np.asarray(corners, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidInput(must("corners", "an array of real numbers", corners, "Shape (dim, n0 + 1, ...).")) from error
    if array.ndim < 3 or array.shape[0] not in (2, 3) or array.ndim != array.shape[0] + 1 or min(array.shape[1:]) < 2:
        raise InvalidInput(
            must("corners", "of shape (2, n0+1, n1+1) or (3, n0+1, n1+1, n2+1)", array.shape, "Coordinates come first.")
        )
    bad = np.argwhere(~np.isfinite(array))
    if bad.size:
        raise InvalidInput(
            must("corners", "finite", f"{array[tuple(bad[0])]} at index {tuple(int(i) for i in bad[0])}", "Mend it.")
        )
    return array


def _check_closed(corners: FloatArray, axis: int, name: str) -> None:
    first, last = np.take(corners, 0, axis=axis + 1), np.take(corners, -1, axis=axis + 1)
    gap = float(np.abs(first - last).max())
    if gap > 1e-9 * float(np.ptp(corners)):
        raise InvalidInput(
            must(f"corners along {name}", "the same at both ends to be periodic", f"a gap of {gap:.3g}", "Close it.")
        )


def _check_cells(corners: FloatArray) -> None:
    """Refuse cells whose map folds, is flat, or is left-handed, at any of their corners."""
    dim = corners.shape[0]
    smallest = np.full([n - 1 for n in corners.shape[1:]], np.inf)
    for corner in product((0, 1), repeat=dim):
        edges = []
        for axis in range(dim):
            low, high = list(corner), list(corner)
            low[axis], high[axis] = 0, 1
            edges.append(_corner(corners, high) - _corner(corners, low))
        smallest = np.minimum(smallest, np.linalg.det(np.moveaxis(np.stack(edges), (0, 1), (-2, -1))))
    size = float(np.abs(cell_volumes(corners)).max())
    bad = np.argwhere(smallest <= 1e-12 * size)
    if len(bad) == smallest.size and np.all(smallest < 0.0):
        raise InvalidInput(
            must("corners", "right-handed (u, v, w)", "a left-handed grid", "Swap two axes, or reverse one of them.")
        )
    if bad.size:
        cell = tuple(int(i) for i in bad[0])
        raise InvalidInput(
            must("corners", "a grid without folded or flat cells", f"cell {cell}", "Move its corners apart.")
        )


def _corner(corners: FloatArray, which: Sequence[int]) -> FloatArray:
    """Return one corner of every cell, (dim, *shape)."""
    index = tuple(slice(o, n - 1 + o) for o, n in zip(which, corners.shape[1:], strict=True))
    return corners[(slice(None), *index)]


def cell_volumes(corners: FloatArray) -> FloatArray:
    """Return the signed areas or volumes of (bi- or tri-)linear cells, exact: two Gauss points an axis suffice."""
    dim = corners.shape[0]
    gauss = 0.5 + np.array([-0.5, 0.5]) / np.sqrt(3.0)
    total = np.zeros([n - 1 for n in corners.shape[1:]])
    for place in product(gauss, repeat=dim):
        tangents = []
        for axis in range(dim):
            tangent = np.zeros((dim, *total.shape))
            for which in product((0, 1), repeat=dim):
                shape = [(1.0 - s, s)[o] for o, s in zip(which, place, strict=True)]
                shape[axis] = (-1.0, 1.0)[which[axis]]
                tangent += float(np.prod(shape)) * _corner(corners, which)
            tangents.append(tangent)
        total += np.linalg.det(np.moveaxis(np.stack(tangents), (0, 1), (-2, -1)))
    return np.asarray(total / 2**dim)
