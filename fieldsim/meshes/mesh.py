"""A structured mesh: a coordinate system and the cells along each of its axes.

Values sit at cell centres and cells fill the domain, so that r = 0 and the poles are faces of zero area. An axis that
is left out is a symmetry: volumes count it in full (2 pi for phi, 4 pi for a radial sphere, one metre for z).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod, tau
from typing import Literal

import numpy as np

from fieldsim.arrays import BoolArray, FloatArray, frozen
from fieldsim.coordinates import Coordinates, Pole
from fieldsim.coordinates.sheet import FormulaSheet
from fieldsim.errors import InvalidInput, must
from fieldsim.meshes.axis import Axis
from fieldsim.meshes.names import coordinate_formulas, why_absent
from fieldsim.meshes.quadrature import Along, at_points, integrate, over

SideKind = Literal["wall", "seam", "pole"]
_SAME_PLACE = 1e-12


@dataclass(frozen=True)
class Side:
    """One end of one axis. Only a `wall` needs a boundary condition."""

    name: str
    axis: int
    end: Literal[0, 1]
    kind: SideKind
    pole: Pole | None = None


@dataclass(frozen=True, eq=False)
class Mesh:
    """Cells of a structured mesh; make one with `fieldsim.cartesian`, `polar`, `cylindrical` or `spherical`."""

    coordinates: Coordinates
    axes: tuple[Axis, ...]

    def __repr__(self) -> str:
        spans = ", ".join(f"{a.name}={a.edges[0]:g}..{a.edges[-1]:g} ({a.cells})" for a in self.axes)
        return f"<{self.coordinates.name} mesh {spans}>"

    # ---- names and sizes

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the active axes, in array order."""
        return tuple(axis.name for axis in self.axes)

    @cached_property
    def shape(self) -> tuple[int, ...]:
        """Number of cells along each active axis."""
        return tuple(axis.cells for axis in self.axes)

    @property
    def ndim(self) -> int:
        """Number of active axes."""
        return len(self.axes)

    @property
    def dim(self) -> int:
        """Number of Cartesian axes, which is the number of components of a vector."""
        return self.coordinates.dim

    @property
    def size(self) -> int:
        """Number of cells."""
        return prod(self.shape)

    @cached_property
    def coordinate_axis(self) -> tuple[int | None, ...]:
        """For every coordinate of the system, the array axis it runs along, or None where it is left out."""
        return tuple(self.names.index(name) if name in self.names else None for name in self.coordinates.names)

    @cached_property
    def axis_coordinate(self) -> tuple[int, ...]:
        """For every array axis, the number of its coordinate in the system."""
        return tuple(self.coordinates.names.index(name) for name in self.names)

    def axis_number(self, name: str) -> int:
        """Return the array axis called `name`; raises InvalidInput with the names there are."""
        if name not in self.names:
            raise InvalidInput(
                must("axis", f"one of {', '.join(self.names)}", name, "The axes of this mesh have these names.")
            )
        return self.names.index(name)

    @property
    def orthogonal(self) -> bool:
        """Whether the coordinate lines cross at right angles everywhere."""
        return True

    def formulas(self) -> FormulaSheet:
        """Return gradient, divergence, curl and Laplacian on this mesh written out, as `.text` and `.latex`."""
        from fieldsim.coordinates.formulas import formula_sheet

        return formula_sheet(self.coordinates, self.names)

    # ---- sides

    @cached_property
    def sides(self) -> dict[str, Side]:
        """Every end of every active axis by name ("r-", "r+", ...)."""
        result = {}
        for number, axis in enumerate(self.axes):
            for end, sign in ((0, "-"), (1, "+")):
                pole = self._pole(number, end)
                kind: SideKind = "seam" if axis.periodic else "pole" if pole else "wall"
                result[axis.name + sign] = Side(axis.name + sign, number, 1 if end else 0, kind, pole)
        return result

    @cached_property
    def walls(self) -> tuple[str, ...]:
        """Names of the sides that need a boundary condition."""
        return tuple(name for name, side in self.sides.items() if side.kind == "wall")

    def _pole(self, axis: int, end: int) -> Pole | None:
        """Return the pole that an end of an axis touches, if any."""
        edges = self.axes[axis].edges
        place = edges[-1] if end else edges[0]
        for pole in self.coordinates.poles:
            near = abs(place - pole.at) <= _SAME_PLACE * max(1.0, abs(pole.at))
            if pole.axis == self.axis_coordinate[axis] and near:
                return pole
        return None

    # ---- positions

    @cached_property
    def open_centers(self) -> tuple[FloatArray, ...]:
        """Native coordinates of the centres for ALL coordinates, each broadcastable to `shape`."""
        result: list[FloatArray] = []
        for number, axis in enumerate(self.coordinate_axis):
            if axis is None:
                result.append(np.full((1,) * self.ndim, self.coordinates.reference[number]))
            else:
                result.append(self.along(self.axes[axis].centers, axis))
        return tuple(result)

    @cached_property
    def centers(self) -> FloatArray:
        """Native coordinates of the cell centres, shape (axes, *shape)."""
        return frozen([np.broadcast_to(self.open_centers[c], self.shape) for c in self.axis_coordinate])

    @cached_property
    def points(self) -> FloatArray:
        """Cartesian coordinates of the cell centres, shape (dim, *shape)."""
        return frozen([np.broadcast_to(x, self.shape) for x in self.coordinates.to_cartesian(self.open_centers)])

    @cached_property
    def corners(self) -> FloatArray:
        """Cartesian coordinates of the cell corners, shape (dim, n0 + 1, ...)."""
        shape = tuple(n + 1 for n in self.shape)
        q = []
        for number, axis in enumerate(self.coordinate_axis):
            if axis is None:
                q.append(np.full((1,) * self.ndim, self.coordinates.reference[number]))
            else:
                q.append(self.along(self.axes[axis].edges, axis))
        return frozen([np.broadcast_to(x, shape) for x in self.coordinates.to_cartesian(q)])

    def along(self, values: FloatArray, axis: int) -> FloatArray:
        """Return one axis' values shaped to broadcast against the mesh."""
        return values.reshape([-1 if k == axis else 1 for k in range(self.ndim)])

    def native(self, points: FloatArray) -> FloatArray:
        """Return all native coordinates (dim, n) of Cartesian points (dim, n), periodic ones within the mesh."""
        q = np.array(self.coordinates.from_cartesian(tuple(points)), dtype=np.float64)
        for number, axis in enumerate(self.coordinate_axis):
            if axis is None:
                continue
            period = self.coordinates.periods[number]
            low = self.axes[axis].edges[0]
            if self.axes[axis].periodic:
                period = self.axes[axis].length
            if period is not None:
                q[number] = low + np.mod(q[number] - low, period)
                # A point a rounding error below the first edge belongs to that edge, not to the far end.
                q[number] = np.where(low + period - q[number] <= 1e-12 * period, low, q[number])
        return q

    def contains(self, points: FloatArray) -> BoolArray:
        """Tell which Cartesian points (dim, n) lie in the mesh (a rounding error outside counts as inside)."""
        return self.contains_native(self.native(points))

    def contains_native(self, q: FloatArray) -> BoolArray:
        """Tell which native coordinates (dim, n) lie in the mesh."""
        inside: BoolArray = np.all(np.isfinite(q), axis=0)
        for number, axis in enumerate(self.coordinate_axis):
            if axis is not None and not self.axes[axis].periodic:
                edges, slack = self.axes[axis].edges, 1e-9 * self.axes[axis].length
                inside &= (q[number] >= edges[0] - slack) & (q[number] <= edges[-1] + slack)
        return inside

    # ---- names that an expression may use

    @cached_property
    def expression_names(self) -> frozenset[str]:
        """Coordinate names, native and Cartesian, that vary on this mesh."""
        return frozenset(coordinate_formulas(self.coordinates, frozenset(self.names)))

    def coordinate_values(self, names: Iterable[str]) -> dict[str, FloatArray]:
        """Return the named coordinates at the cell centres, each broadcastable to `shape`.

        Raises InvalidInput for a coordinate that this mesh leaves out.
        """
        return self.coordinates_at(names, self.open_centers)

    def face_coordinates(self, side: str, names: Iterable[str] | None = None) -> dict[str, FloatArray]:
        """Return the named coordinates on the faces of a side, arrays over the side (`shape` without its axis)."""
        which = self.sides[side]
        edges = self.axes[which.axis].edges
        q = list(self.open_centers)
        place = edges[-1] if which.end else edges[0]
        q[self.axis_coordinate[which.axis]] = np.full((1,) * self.ndim, place)
        shape = tuple(1 if k == which.axis else n for k, n in enumerate(self.shape))
        values = self.coordinates_at(self.expression_names if names is None else names, q)
        return {name: np.broadcast_to(value, shape).squeeze(axis=which.axis) for name, value in values.items()}

    def inner_face_coordinates(self, axis: int, names: Iterable[str]) -> dict[str, FloatArray]:
        """Return the named coordinates on the faces between neighbours along `axis`, broadcastable to the faces."""
        edges = self.axes[axis].edges
        q = list(self.open_centers)
        q[self.axis_coordinate[axis]] = self.along(edges[1:] if self.axes[axis].periodic else edges[1:-1], axis)
        return self.coordinates_at(names, q)

    def coordinates_at(self, names: Iterable[str], q: Sequence[FloatArray]) -> dict[str, FloatArray]:
        """Return the named coordinates at native coordinates `q` of ALL axes, each broadcastable to theirs."""
        formulas = coordinate_formulas(self.coordinates, frozenset(self.names))
        result = {}
        for name in names:
            if name not in formulas:
                raise InvalidInput(why_absent(name, self.coordinates, self.names))
            result[name] = np.asarray(formulas[name](q))
        return result

    # ---- geometry

    @cached_property
    def scale_factors(self) -> tuple[FloatArray, ...]:
        """Scale factors h_i of ALL coordinates at the centres, each broadcastable to `shape`."""
        return tuple(np.asarray(h) for h in self.coordinates.scale_factors(self.open_centers))

    @cached_property
    def basis(self) -> FloatArray:
        """Unit vectors e_i in Cartesian components, shape (dim, dim, broadcastable to `shape`)."""
        return self.coordinates.basis(self.open_centers)

    def turned_bases(self) -> Iterator[tuple[str, FloatArray, FloatArray]]:
        """Yield each left-out coordinate with the basis, (dim, dim), at a cell and at another place along it."""
        middle = [np.asarray(q.flat[q.size // 2]) for q in self.open_centers]
        for i, axis in enumerate(self.coordinate_axis):
            if axis is None:
                low, high = self.coordinates.whole[i]
                moved = list(middle)
                moved[i] = np.asarray(low + 0.3183 * (high - low))
                here, there = (np.asarray(self.coordinates.basis(q)).reshape(self.dim, -1) for q in (middle, moved))
                yield self.coordinates.names[i], here, there

    @cached_property
    def volumes(self) -> FloatArray:
        """Volumes of the cells (areas in two dimensions, lengths in one), shape `shape`."""
        cells = [over(a.edges[:-1], a.edges[1:]) for a in self.axes]
        return frozen(np.array(self.integral(cells, range(self.dim), self.shape)))

    def face_areas(self, axis: int) -> FloatArray:
        """Return the areas of the faces across `axis`, shape `shape` with one more along `axis`, read-only."""
        along = [over(a.edges[:-1], a.edges[1:]) for a in self.axes]
        along[axis] = at_points(self.axes[axis].edges)
        number = self.axis_coordinate[axis]
        factors = [i for i in range(self.dim) if i != number]
        shape = tuple(n + 1 if k == axis else n for k, n in enumerate(self.shape))
        return self.integral(along, factors, shape)

    def half_distances(self, axis: int) -> tuple[FloatArray, FloatArray]:
        """Return the lengths from each centre to its lower and upper face along `axis`, shape `shape`, read-only."""
        a = self.axes[axis]
        along = [at_points(other.centers) for other in self.axes]
        lengths = []
        for low, high in ((a.edges[:-1], a.centers), (a.centers, a.edges[1:])):
            along[axis] = over(low, high)
            lengths.append(self.integral(along, [self.axis_coordinate[axis]], self.shape, whole=False))
        return lengths[0], lengths[1]

    def integral(
        self,
        along: Sequence[Along],
        factors: Iterable[int],
        shape: tuple[int, ...],
        *,
        whole: bool = True,
    ) -> FloatArray:
        """Integrate a product of scale factors; left-out axes over their whole range, or at their reference.

        The result is a read-only view: along axes on which it does not depend nothing is stored.
        """
        chosen = tuple(factors)
        parts = []
        for number, axis in enumerate(self.coordinate_axis):
            low, high = self.coordinates.whole[number]
            if axis is not None:
                parts.append(along[axis])
            elif whole:
                parts.append(over(np.array([low]), np.array([high])))
            else:
                parts.append(at_points(np.array([self.coordinates.reference[number]])))

        def product(q: Sequence[FloatArray]) -> FloatArray | float:
            h = self.coordinates.scale_factors(q)
            result: FloatArray | float = 1.0
            for i in chosen:
                result = result * h[i]
            return result

        # a scale factor may come out as -1e-17 at a pole
        value = np.abs(integrate(product, parts))
        left_out = tuple(i for i, axis in enumerate(self.coordinate_axis) if axis is None)
        return np.broadcast_to(value.squeeze(axis=left_out), shape)


def is_full_turn(length: float, period: float | None = tau) -> bool:
    """Tell whether a range of an angle closes on itself."""
    return period is not None and abs(length - period) <= _SAME_PLACE * period
