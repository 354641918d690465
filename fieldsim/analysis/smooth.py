"""A scalar field as a smooth function of Cartesian points: value, gradient and Hessian between the cells.

Values come from polynomials through the nearest cells along each axis, through poles and seams, and a little beyond
walls. In Cartesian coordinates their own derivatives are taken; elsewhere central differences of sixth order in
Cartesian directions, a fraction of a cell wide, so that nothing is divided by r at a pole.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fieldsim.arrays import BoolArray, FloatArray, IntArray
from fieldsim.fields import ScalarField
from fieldsim.fields.continuation import continues, layers_beyond
from fieldsim.meshes import Mesh
from fieldsim.stencils import fornberg_weights

# Derivatives come from an odd number of points, a cell in their middle; values from one more, so that neighbouring
# polynomials meet in a cell's value.
_POINTS = 7
# Differences reach three steps: three quarters of a cell.
STEP = 0.25
_BLOCK = 4096
_FIRST = np.array([-1.0, 9.0, -45.0, 0.0, 45.0, -9.0, 1.0]) / 60.0
_SECOND = np.array([2.0, -27.0, 270.0, -490.0, 270.0, -27.0, 2.0]) / 180.0
# Mixed derivatives take fourth-order rows, on four points a side.
_MIXED = np.array([1.0, -8.0, 8.0, -1.0]) / 12.0
_SIDES = np.array([-3, -2, -1, 1, 2, 3])


@dataclass(frozen=True)
class Derivatives:
    """What is known at n points along k directions: `values` are less the field's offset, `sizes` their magnitude."""

    values: FloatArray  # (n,)
    gradient: FloatArray  # (n, k)
    hessian: FloatArray  # (n, k, k)
    sizes: FloatArray  # (n,)

    def arrays(self) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Return the four arrays."""
        return self.values, self.gradient, self.hessian, self.sizes

    def chosen(self, rows: BoolArray | IntArray) -> Derivatives:
        """Return some of the points."""
        return Derivatives(*(array[rows] for array in self.arrays()))


class Smooth:
    """A scalar field prepared for values and derivatives anywhere in its mesh."""

    def __init__(self, f: ScalarField) -> None:
        self.mesh = f.mesh
        finite = f.values[np.isfinite(f.values)]
        # Rounding is relative to what is interpolated: the mean carries no information about derivatives.
        self.offset = float(finite.mean()) if finite.size else 0.0
        self._values = f.values - self.offset
        self._positions: list[FloatArray] = []
        for axis in range(self.mesh.ndim):
            self._extend(axis)

    # ---- values

    def values(self, points: FloatArray) -> FloatArray:
        """Return values less `offset` at Cartesian points (n, dim); NaN farther than a cell beyond the mesh."""
        result = np.empty(len(points))
        for first in range(0, len(points), _BLOCK):
            block = slice(first, first + _BLOCK)
            result[block] = self._native_values(self.native(points[block]))
        return result

    def native(self, points: FloatArray) -> FloatArray:
        """Return native coordinates (dim, n), those of a sector on the turn nearest to it."""
        q = self.mesh.native(points.T)
        for number, axis in enumerate(self.mesh.coordinate_axis):
            period = self.mesh.coordinates.periods[number]
            if axis is not None and period is not None and not self.mesh.axes[axis].periodic:
                edges = self.mesh.axes[axis].edges
                start = 0.5 * (edges[0] + edges[-1] - period)
                q[number] = start + np.mod(q[number] - start, period)
        return q

    def _native_values(self, q: FloatArray) -> FloatArray:
        """Return values at native coordinates (dim, n)."""
        total, weights, known = self._rows(q, q, 0)
        for weight in reversed(weights):
            total = np.einsum("n...m,nm->n...", total, weight[0])
        return np.where(known, total, np.nan)

    def _rows(self, q: FloatArray, home: FloatArray, derivative: int) -> tuple[FloatArray, list[FloatArray], BoolArray]:
        """Return the cells' values around each home (n, points, ...), weights an axis, and which places are known.

        Weights have shape (derivative + 1, n, points); `q` and `home` are native coordinates (dim, n).
        """
        mesh, n = self.mesh, q.shape[1]
        known: BoolArray = np.ones(n, dtype=bool)
        index: list[IntArray] = []
        weights: list[FloatArray] = []
        for axis, positions in enumerate(self._positions):
            number, a = mesh.axis_coordinate[axis], mesh.axes[axis]
            where = q[number]
            if a.periodic:
                where = where + a.length * np.round((home[number] - where) / a.length)
            known &= (where > a.edges[0] - a.widths[0]) & (where < a.edges[-1] + a.widths[-1])
            where = np.where(known, where, a.centers[0])
            if derivative:
                count = min(_POINTS, positions.size)
                nearest = np.searchsorted(0.5 * (positions[1:] + positions[:-1]), home[number])
            else:
                count = min(_POINTS + 1, positions.size)
                nearest = np.searchsorted(positions, home[number])
            start = np.clip(nearest - count // 2, 0, positions.size - count)
            cells = start[:, None] + np.arange(count)
            weights.append(fornberg_weights(where, positions[cells], derivative))
            index.append(cells.reshape([n] + [count if k == axis else 1 for k in range(mesh.ndim)]))
        return self._values[tuple(index)], weights, known

    # ---- derivatives

    def derivatives(
        self, points: FloatArray, steps: FloatArray, directions: tuple[int, ...], *, home: FloatArray | None = None
    ) -> Derivatives:
        """Return value, gradient and Hessian along Cartesian `directions` at Cartesian points (n, dim).

        `steps` (n,) are the difference steps, see `steps_at`. In Cartesian coordinates the polynomials' own derivatives
        are taken, those of the cell of `home` (n, dim), which defaults to `points`.
        """
        straight = self.mesh.coordinates.name == "cartesian"
        parts = []
        for first in range(0, max(len(points), 1), _BLOCK):
            block = slice(first, first + _BLOCK)
            if straight:
                q = self.native(points[block])
                parts.append(self._straight(q, q if home is None else self.native(home[block])))
            else:
                parts.append(self._differences(points[block], steps[block], directions))
        return Derivatives(*(np.concatenate(part) for part in zip(*(p.arrays() for p in parts), strict=True)))

    def _differences(self, points: FloatArray, steps: FloatArray, directions: tuple[int, ...]) -> Derivatives:
        """Return derivatives from differences of the interpolated values."""
        k, n = len(directions), len(points)
        along, mixed = _stencil(k)
        offsets = np.zeros((len(along), self.mesh.dim))
        offsets[:, list(directions)] = along
        places = points[:, None, :] + steps[:, None, None] * offsets
        samples = self.values(places.reshape(n * len(along), self.mesh.dim)).reshape(n, len(along))
        gradient, hessian = np.empty((n, k)), np.empty((n, k, k))
        for i in range(k):
            line = np.insert(samples[:, 1 + 6 * i : 7 + 6 * i], 3, samples[:, 0], axis=1)
            gradient[:, i] = line @ _FIRST / steps
            hessian[:, i, i] = line @ _SECOND / steps**2
        first = 1 + 6 * k
        cross = np.outer(_MIXED, _MIXED).ravel()
        for number, (i, j) in enumerate(mixed):
            part = samples[:, first + 16 * number : first + 16 * (number + 1)]
            hessian[:, i, j] = hessian[:, j, i] = part @ cross / steps**2
        return Derivatives(samples[:, 0], gradient, hessian, np.abs(samples).max(axis=1, initial=0.0))

    def _straight(self, q: FloatArray, home: FloatArray) -> Derivatives:
        """Return the derivatives of the polynomials of the cells of `home`."""
        block, weights, known = self._rows(q, home, 2)
        k = self.mesh.dim

        def derived(powers: IntArray) -> FloatArray:
            total = block
            for weight, power in zip(reversed(weights), reversed(powers), strict=True):
                total = np.einsum("n...m,nm->n...", total, weight[power])
            return np.where(known, total, np.nan)

        unit = np.eye(k, dtype=np.int64)
        gradient = np.stack([derived(unit[i]) for i in range(k)], axis=1)
        hessian = np.empty((q.shape[1], k, k))
        for i in range(k):
            for j in range(i + 1):
                hessian[:, i, j] = hessian[:, j, i] = derived(unit[i] + unit[j])
        size = np.abs(block).max(axis=tuple(range(1, block.ndim)), initial=0.0)
        return Derivatives(derived(0 * unit[0]), gradient, hessian, size)

    def steps_at(self, points: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the difference step (n,) and the size of the cell (n,) at Cartesian points."""
        widths = self.widths(points)
        return STEP * widths.min(axis=0), np.sqrt((widths**2).sum(axis=0))

    def widths(self, points: FloatArray) -> FloatArray:
        """Return physical widths of the cells at points, shape (axes, n).

        Where cells shrink towards a pole the function does not get finer: an angle's width counts at least as much as
        that of the axis that meets the pole.
        """
        mesh = self.mesh
        q = self.native(points)
        factors = mesh.coordinates.scale_factors(list(q))
        widths = np.empty((mesh.ndim, len(points)))
        for axis, number in enumerate(mesh.axis_coordinate):
            a = mesh.axes[axis]
            cell = np.clip(np.searchsorted(a.edges, q[number]) - 1, 0, a.cells - 1)
            widths[axis] = a.widths[cell] * np.abs(factors[number])
            meeting = [
                widths[side.axis]
                for side in mesh.sides.values()
                if side.pole is not None and number in {image.axis for image in side.pole.images}
            ]
            if meeting:
                widths[axis] = np.maximum(widths[axis], np.min(meeting, axis=0))
        return widths

    # ---- preparation

    def _extend(self, number: int) -> None:
        """Add layers beyond the joined ends of one axis, so that the points of a row lie on both sides of it."""
        axis = self.mesh.axes[number]
        layers = min(_POINTS // 2 + 2, axis.cells)
        values, positions = [self._values], [axis.centers]
        for end in (0, 1):
            side = self.mesh.sides[axis.name + "-+"[end]]
            if side.kind == "seam":
                rows = np.arange(axis.cells - layers, axis.cells) if end == 0 else np.arange(layers)
                extra = np.take(self._values, rows, axis=number)
                where = axis.centers[rows] + (axis.length if end else -axis.length)
            elif side.pole is not None and continues(self.mesh, side):
                # Images are later axes, not yet extended.
                extra = layers_beyond(self.mesh, side, self._values, layers)
                where = 2.0 * side.pole.at - (axis.centers[::-1] if end else axis.centers)[:layers]
                if end == 0:
                    extra, where = np.flip(extra, axis=number), where[::-1]
            else:
                continue
            values = [*values, extra] if end else [extra, *values]
            positions = [*positions, where] if end else [where, *positions]
        if len(values) > 1:
            self._values = np.concatenate(values, axis=number)
        self._positions.append(np.concatenate(positions))


def cartesian_directions(mesh: Mesh) -> tuple[int, ...]:
    """Return the Cartesian directions that the mesh spans: all, or a meridian plane's where an angle is left out."""
    reference = [np.asarray(at) for at in mesh.coordinates.reference]
    spanned = []
    for k in range(mesh.dim):
        tangents = [abs(float(mesh.coordinates.tangents(reference, i)[k])) for i in mesh.axis_coordinate]
        if max(tangents) > 1e-9:
            spanned.append(k)
    return tuple(spanned)


def _stencil(k: int) -> tuple[FloatArray, list[tuple[int, int]]]:
    """Return the points of the differences in units of a step, shape (count, k), and the pairs of mixed derivatives."""
    rows = [np.zeros(k)]
    for i in range(k):
        rows += [side * np.eye(k)[i] for side in _SIDES]
    pairs = [(i, j) for i in range(k) for j in range(i + 1, k)]
    for i, j in pairs:
        for a in (-2, -1, 1, 2):
            for b in (-2, -1, 1, 2):
                rows.append(a * np.eye(k)[i] + b * np.eye(k)[j])
    return np.array(rows), pairs
