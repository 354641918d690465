"""A symmetric operator on a structured grid, from the couplings of neighbouring cells.

(A u)_i = diagonal_i u_i + sum over neighbours j of c_ij (u_i - u_j)

The same couplings give the matrix-free product, the sparse matrix and, later, coarser levels: one
discretisation, many evaluations. Differences are taken before products, so that a constant is mapped to
`diagonal` times that constant without rounding from the couplings.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from fieldsim.errors import InvalidInput, must

Array = NDArray[np.float64]

_COMPILED_ABOVE = 1 << 17


@dataclass(frozen=True)
class GridOperator:
    """Couplings between neighbouring cells of a grid, and what is added to the diagonal.

    `diagonal` has the grid's shape. `couplings[a]` has one entry a face between neighbours along axis a: the
    grid's shape with n - 1 along a, or n where `periodic[a]` (the last face joins last and first cell).
    """

    diagonal: Array
    couplings: tuple[Array, ...]
    periodic: tuple[bool, ...]

    def __post_init__(self) -> None:
        """Check that the couplings fit the grid."""
        for axis, (coupling, periodic) in enumerate(zip(self.couplings, self.periodic, strict=True)):
            expected = list(self.shape)
            expected[axis] -= 0 if periodic else 1
            if coupling.shape != tuple(expected):
                rule = f"an array of shape {tuple(expected)}"
                raise InvalidInput(must(f"couplings[{axis}]", rule, coupling.shape, "Give one entry a face."))

    @property
    def shape(self) -> tuple[int, ...]:
        """The grid's shape."""
        return self.diagonal.shape

    @property
    def size(self) -> int:
        """Number of unknowns."""
        return self.diagonal.size

    @property
    def compiles(self) -> bool:
        """Whether products are worth loading a compiled kernel."""
        return self.size >= _COMPILED_ABOVE and len(self.shape) <= 3

    def shifted(self, addition: Array, scale: float = 1.0) -> GridOperator:
        """Return `scale` times this operator with `addition` (grid shape) added to the diagonal."""
        couplings = self.couplings if scale == 1.0 else tuple(scale * c for c in self.couplings)
        return GridOperator(scale * self.diagonal + addition, couplings, self.periodic)

    def closed(self, idle: NDArray[np.bool_]) -> GridOperator:
        """Return the operator without the cells in `idle`: couplings to them stand on the diagonal of the others."""
        diagonal, couplings = self.diagonal.copy(), []
        for axis, coupling in enumerate(self.couplings):
            faces = np.moveaxis(coupling, axis, 0).copy()
            count = faces.shape[0]
            along, gone = np.moveaxis(diagonal, axis, 0), np.moveaxis(idle, axis, 0)
            upper = (np.arange(count) + 1) % gone.shape[0]
            along[:count] += np.where(gone[upper] & ~gone[:count], faces, 0.0)
            along[upper] += np.where(gone[:count] & ~gone[upper], faces, 0.0)
            faces[gone[:count] | gone[upper]] = 0.0
            couplings.append(np.moveaxis(faces, 0, axis))
        size = max((float(c.max(initial=0.0)) for c in couplings), default=0.0)
        diagonal[idle] = size if size > 0.0 else 1.0
        return GridOperator(diagonal, tuple(couplings), self.periodic)

    def apply(self, u: Array) -> Array:
        """Return A u on the grid without building a matrix."""
        if self.compiles:
            from fieldsim.linear.residual import residual_of

            image = residual_of(self, u, np.zeros(self.shape))
            return np.negative(image, out=image)
        result = self.diagonal * u
        for axis, (coupling, periodic) in enumerate(zip(self.couplings, self.periodic, strict=True)):
            flow = differences(u, axis, periodic=periodic)
            flow *= coupling
            scatter_differences(result, flow, axis, periodic=periodic)
        return result

    @property
    def column_sums(self) -> Array:
        """1 A, the sums over the columns: the matrix is symmetric, so that they are those over the rows."""
        return self.diagonal

    def row_bounds(self) -> Array:
        """Return |A_ii| + sum_j |A_ij| for each cell: Gershgorin's bound on the eigenvalues, row by row."""
        total = np.zeros(self.shape)
        for axis, (coupling, periodic) in enumerate(zip(self.couplings, self.periodic, strict=True)):
            weight = np.abs(coupling)
            upper, lower = _sides(self.shape, axis, periodic=periodic)
            total[lower] += weight[_without_seam(axis, periodic=periodic)]
            total[upper] += weight[_without_seam(axis, periodic=periodic)]
            if periodic:
                _add_seam(total, weight, axis, sign=1.0)
        diagonal = np.abs(self.diagonal)
        bounds: Array = diagonal + 2.0 * total
        return bounds

    def matrix(self) -> sparse.csr_array:
        """Return A as a sparse matrix over the cells in C order."""
        number = np.arange(self.size).reshape(self.shape)
        rows, columns, values = [number.ravel()], [number.ravel()], [self.diagonal.ravel()]
        for axis, (coupling, periodic) in enumerate(zip(self.couplings, self.periodic, strict=True)):
            lower = number if periodic else number.take(np.arange(self.shape[axis] - 1), axis)
            upper = np.roll(number, -1, axis).take(np.arange(lower.shape[axis]), axis)
            i, j, c = lower.ravel(), upper.ravel(), coupling.ravel()
            rows += [i, j, i, j]
            columns += [i, j, j, i]
            values += [c, c, -c, -c]
        entries = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
        return sparse.coo_array(entries, shape=(self.size, self.size)).tocsr()


def differences(u: Array, axis: int, *, periodic: bool) -> Array:
    """Return u[i+1] - u[i] along `axis`; where periodic, the last entry is u[0] - u[n-1]."""
    if not periodic:
        return np.diff(u, axis=axis)
    return np.roll(u, -1, axis) - u


def scatter_differences(result: Array, flow: Array, axis: int, *, periodic: bool) -> None:
    """Subtract `flow` from the lower cell of each face and add it to the upper one, in place.

    This is the transpose of `differences`: what leaves one cell enters its neighbour.
    """
    upper, lower = _sides(result.shape, axis, periodic=periodic)
    inside = flow[_without_seam(axis, periodic=periodic)]
    result[lower] -= inside
    result[upper] += inside
    if periodic:
        _add_seam(result, flow, axis, sign=-1.0)


Index = tuple[slice | int, ...]


def _sides(shape: tuple[int, ...], axis: int, *, periodic: bool) -> tuple[Index, Index]:
    before: Index = (slice(None),) * axis
    return (*before, slice(1, None)), (*before, slice(None, shape[axis] - 1))


def _without_seam(axis: int, *, periodic: bool) -> Index:
    before: Index = (slice(None),) * axis
    return (*before, slice(None, -1) if periodic else slice(None))


def _add_seam(result: Array, flow: Array, axis: int, *, sign: float) -> None:
    """Treat the face that joins the last cell (its lower side) to the first one (its upper side)."""
    before: Index = (slice(None),) * axis
    seam = flow[(*before, -1)]
    result[(*before, -1)] += sign * seam
    result[(*before, 0)] += seam
