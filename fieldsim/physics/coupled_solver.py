"""The linear system of coupled laws, (a S + b K - b A) delta = right: S stores, K conducts, A is the reactions' growth.

Flexible GMRES over all fields together, each row divided by S and by the field's scale. The preconditioner takes the
fields in order, each by its own fast solver with the mean of its own decay, fed with what the earlier ones gave (block
Gauss-Seidel). Where that stalls and factors fit, the matrix of all fields is eliminated.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from fieldsim.arrays import FloatArray
from fieldsim.linear import GridOperator, Prepared, prepare
from fieldsim.linear.gmres import BASIS as BASIS
from fieldsim.linear.gmres import flexible_gmres
from fieldsim.physics.coupled_law import CoupledLaw

_KEPT = 12
_ITERATIONS = 80
_STALLED = 60
_DIGITS = 3
_INNER_RTOL = 1e-2
_LEAST_DECAY = 1e-6
_LINES_BELOW = 200_000
_PLANES_BELOW = 60_000


@dataclass(frozen=True)
class _Row:
    """One field's part: its operator and weight (see Linearised), and the approximate inverse of its own block."""

    operator: GridOperator
    weight: FloatArray | float
    prepared: Prepared
    factor: FloatArray | float


class CoupledSolver:
    """Solves for the derivative of a coupled law; keeps the prepared solvers of linear laws."""

    def __init__(self, law: CoupledLaw, scales: FloatArray, *, method: str = "auto") -> None:
        self.law, self.method = law, method
        self.scales = scales.reshape(-1, *(1,) * (law.capacity.ndim - 1))
        self.prepared: OrderedDict[tuple[int, float, float], Prepared] = OrderedDict()
        self.iterations = 0

    def solve(
        self, t: float, state: FloatArray, right: FloatArray, *, mass: float, shift: float, rtol: float
    ) -> FloatArray:
        """Return delta with (mass - shift df/du(t, state)) delta = right, f = gain/S; NaN where it is not found.

        All in units of the fields over `scales`; `rtol` bounds the true residual relative to `right`, both as root
        mean squares over all cells and fields.
        """
        growth = self.law.growth(t, state * self.scales)
        if not all(np.isfinite(entry).all() for entry in growth.values()):
            return np.full_like(right, np.nan)
        entries = self._scaled(growth)
        rows = [self._row(i, t, state[i] * self.scales[i], entries.get((i, i)), mass, shift) for i in range(len(state))]
        shape = right.shape

        def product(x: FloatArray) -> FloatArray:
            return self._product(rows, entries, x.reshape(shape), mass, shift).ravel()

        def precondition(r: FloatArray) -> FloatArray:
            return self._swept(rows, entries, r.reshape(shape), shift).ravel()

        if self._lines:
            return self._eliminated(rows, entries, right, mass, shift)
        answer, count, left = flexible_gmres(product, right.ravel(), precondition, rtol=rtol, limit=_ITERATIONS)
        self.iterations += count
        if left <= rtol:
            return answer.reshape(shape)
        if right.size <= _PLANES_BELOW:
            return self._eliminated(rows, entries, right, mass, shift)
        return np.full_like(right, np.nan)

    @property
    def _lines(self) -> bool:
        capacity = self.law.capacity
        return sum(n > 1 for n in capacity.shape[1:]) <= 1 and capacity.size <= _LINES_BELOW

    def _scaled(self, growth: dict[tuple[int, int], FloatArray]) -> dict[tuple[int, int], FloatArray]:
        """Return the growth per capacity, in units of the scaled fields."""
        scales = self.scales.ravel()
        return {(i, j): entry / self.law.capacity[i] * (scales[j] / scales[i]) for (i, j), entry in growth.items()}

    def _row(self, i: int, t: float, u: FloatArray, own: FloatArray | None, mass: float, shift: float) -> _Row:
        name = self.law.names[i]
        volume, capacity = self.law.volumes[name], self.law.capacity[i]
        derivative = volume.linearised(t, u)
        weight = 1.0 if derivative.weight is None else derivative.weight
        decay = 0.0 if own is None else max(-float(own[~self.law.idle[i]].mean()), 0.0)
        kept = mass + shift * decay
        if kept == 0.0:
            kept = shift * _LEAST_DECAY * float((derivative.operator.row_bounds() / capacity).max())
        kept = kept if kept > 0.0 else 1.0
        share = float(f"{shift / kept:.{_DIGITS}e}")
        key = (i, share, t if volume.matrix_varies else 0.0)
        prepared = self.prepared.get(key)
        if prepared is None or volume.follows:
            prepared = prepare(derivative.operator.shifted(capacity / weight, share), method=self.method)
            self.prepared[key] = prepared
            while len(self.prepared) > _KEPT:
                self.prepared.popitem(last=False)
        self.prepared.move_to_end(key)
        return _Row(derivative.operator, weight, prepared, capacity / kept)

    def _product(
        self,
        rows: list[_Row],
        entries: dict[tuple[int, int], FloatArray],
        x: FloatArray,
        mass: float,
        shift: float,
    ) -> FloatArray:
        result = mass * x
        for i, row in enumerate(rows):
            result[i] += (shift / self.law.capacity[i]) * row.operator.apply(row.weight * x[i])
        for (i, j), entry in entries.items():
            result[i] -= shift * entry * x[j]
        return result

    def _swept(
        self, rows: list[_Row], entries: dict[tuple[int, int], FloatArray], r: FloatArray, shift: float
    ) -> FloatArray:
        result = np.empty_like(r)
        for i, row in enumerate(rows):
            known = r[i]
            for j in range(i):
                if (i, j) in entries:
                    known = known + shift * entries[i, j] * result[j]
            result[i] = row.prepared.solve(row.factor * known, rtol=_INNER_RTOL).x / row.weight
        return result

    def _eliminated(
        self,
        rows: list[_Row],
        entries: dict[tuple[int, int], FloatArray],
        right: FloatArray,
        mass: float,
        shift: float,
    ) -> FloatArray:
        """Return the answer by elimination, the fields of a cell side by side."""
        count, cells = right.shape[0], right[0].size
        blocks: list[list[sparse.csr_array | None]] = [[None] * count for _ in range(count)]
        for i, row in enumerate(rows):
            scale = sparse.diags_array(shift / self.law.capacity[i].ravel())
            weight = sparse.diags_array(np.broadcast_to(row.weight, right[0].shape).ravel())
            blocks[i][i] = scale @ row.operator.matrix() @ weight + mass * sparse.eye_array(cells)
        for (i, j), entry in entries.items():
            part = sparse.diags_array(-shift * entry.ravel())
            blocks[i][j] = part if blocks[i][j] is None else blocks[i][j] + part
        order = np.arange(right.size).reshape(count, cells).T.ravel()
        matrix = sparse.csc_array(sparse.block_array(blocks, format="csr")[order][:, order])
        try:
            factors = splu(matrix)
        except RuntimeError:  # exactly singular
            return np.full_like(right, np.nan)
        known = right.ravel()[order]
        found = factors.solve(known)
        found = found + factors.solve(known - matrix @ found)
        result = np.empty(right.size)
        result[order] = found
        return result.reshape(right.shape)
