"""The linear system of coupled laws, (a S + b K - b A) delta = right: S stores, K conducts, A is the reactions' growth.

Flexible GMRES over all fields together, each row divided by S and by the field's scale. The preconditioner takes the
fields in order, each by its own fast solver with the mean of its own decay, fed with what the earlier ones gave (block
Gauss-Seidel). On lines, and where GMRES stalls and factors fit, the matrix of all fields is eliminated.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy import sparse

from fieldsim.arrays import FloatArray
from fieldsim.linear import Operator, Prepared, prepare
from fieldsim.linear.gmres import flexible_gmres
from fieldsim.physics.coupled_elimination import Elimination, Entries
from fieldsim.physics.coupled_law import CoupledLaw

_KEPT = 12
_ITERATIONS = 80
_DIGITS = 3
_LEAST_DECAY = 1e-6
_LINES_BELOW = 200_000
_PLANES_BELOW = 60_000
_ROUNDING = 1e-10


@dataclass(frozen=True)
class _Row:
    """One field's part: its operator and weight (see Linearised), its capacity, and its couplings to itself."""

    number: int
    operator: Operator
    weight: FloatArray | float
    capacity: FloatArray


@dataclass(frozen=True)
class _Call:
    """One system to solve: (mass + shift K/S - shift E) x = right, E the reactions' growth per capacity."""

    rows: tuple[_Row, ...]
    entries: Entries
    mass: float
    shift: float

    def product(self, x: FloatArray) -> FloatArray:
        """Return the matrix times x."""
        result = np.empty_like(x)
        for i, row in enumerate(self.rows):
            result[i] = row.operator.apply(x[i] if isinstance(row.weight, float) else row.weight * x[i])
            result[i] /= row.capacity
        for (i, j), entry in self.entries.items():
            result[i] -= entry * x[j]
        result *= self.shift
        result += self.mass * x
        return result


class CoupledSolver:
    """Solves for the derivative of a coupled law; keeps the prepared solvers of linear laws."""

    def __init__(self, law: CoupledLaw, scales: FloatArray, *, method: str = "auto") -> None:
        self.law, self.method = law, method
        self.scales = scales.reshape(-1, *(1,) * (law.capacity.ndim - 1))
        self.prepared: OrderedDict[tuple[int, float, float], Prepared] = OrderedDict()
        self.stored: dict[int, sparse.csr_array] = {}
        self.elimination: Elimination | None = None
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
        rows = tuple(self._row(i, t, u) for i, u in enumerate(state * self.scales))
        call = _Call(rows, self._scaled(growth), mass, shift)
        if self._lines:
            return self._eliminated(call, right, rtol)
        answer, left = self._iterated(call, t, right, rtol)
        if left > rtol and right.size <= _PLANES_BELOW:
            return self._eliminated(call, right, rtol)
        return answer if left <= rtol else np.full_like(right, np.nan)

    @property
    def _lines(self) -> bool:
        capacity = self.law.capacity
        return sum(n > 1 for n in capacity.shape[1:]) <= 1 and capacity.size <= _LINES_BELOW

    def _row(self, i: int, t: float, u: FloatArray) -> _Row:
        derivative = self.law.volumes[self.law.names[i]].linearised(t, u)
        weight = 1.0 if derivative.weight is None else derivative.weight
        return _Row(i, derivative.operator, weight, self.law.capacity[i])

    def _scaled(self, growth: Entries) -> dict[tuple[int, int], FloatArray]:
        """Return the growth per capacity, in units of the scaled fields."""
        scales = self.scales.ravel()
        return {(i, j): entry / self.law.capacity[i] * (scales[j] / scales[i]) for (i, j), entry in growth.items()}

    # ---- iteration

    def _iterated(self, call: _Call, t: float, right: FloatArray, rtol: float) -> tuple[FloatArray, float]:
        """Return the answer of GMRES and its true relative residual."""
        shape = right.shape
        blocks = [self._block(call, row, t) for row in call.rows]

        def product(x: FloatArray) -> FloatArray:
            return call.product(x.reshape(shape)).ravel()

        def precondition(r: FloatArray) -> FloatArray:
            return _swept(call, blocks, r.reshape(shape)).ravel()

        answer, count, left = flexible_gmres(product, right.ravel(), precondition, rtol=rtol, limit=_ITERATIONS)
        self.iterations += count
        return answer.reshape(shape), left if np.isfinite(left) else np.inf

    def _block(self, call: _Call, row: _Row, t: float) -> tuple[Prepared, FloatArray]:
        """Return a solver near a field's own block, and what to multiply right-hand sides by before it."""
        own = call.entries.get((row.number, row.number))
        decay = 0.0 if own is None else max(-float(own[~self.law.idle[row.number]].mean()), 0.0)
        kept = call.mass + call.shift * decay
        if kept == 0.0:
            kept = call.shift * _LEAST_DECAY * float((row.operator.row_bounds() / row.capacity).max())
        kept = kept if kept > 0.0 else 1.0
        share = float(f"{call.shift / kept:.{_DIGITS}e}")
        build = partial(self._prepared, row, share)
        volume = self.law.volumes[self.law.names[row.number]]
        if volume.follows:
            return build(), row.capacity / kept
        key = (row.number, share, t if volume.matrix_varies else 0.0)
        if key not in self.prepared:
            self.prepared[key] = build()
            while len(self.prepared) > _KEPT:
                self.prepared.popitem(last=False)
        self.prepared.move_to_end(key)
        return self.prepared[key], row.capacity / kept

    def _prepared(self, row: _Row, share: float) -> Prepared:
        return prepare(row.operator.shifted(row.capacity / row.weight, share), method=self.method)

    # ---- elimination

    def _eliminated(self, call: _Call, right: FloatArray, rtol: float) -> FloatArray:
        """Return the answer by elimination, checked by its residual."""
        blocks, numbers = [], []
        for row in call.rows:
            block = self._matrix(row)
            along = np.repeat(np.arange(block.shape[0]), np.diff(block.indptr))
            data = block.data * (call.shift / row.capacity.ravel())[along]
            if isinstance(row.weight, np.ndarray):
                data = data * row.weight.ravel()[block.indices]
            blocks.append(block)
            numbers.append(data)
        entries = {pair: -call.shift * entry for pair, entry in call.entries.items()}
        for i in range(len(blocks)):
            own = entries.get((i, i), np.zeros(right[i].shape))
            entries[i, i] = own + call.mass
        if self.elimination is None or not self.elimination.fits(blocks):
            self.elimination = Elimination(blocks, tuple(entries))
        answer = self.elimination.solve(numbers, entries, right)
        left = np.sqrt(np.square(call.product(answer) - right).sum() / np.square(right).sum())
        return answer if left <= max(rtol, _ROUNDING) else np.full_like(right, np.nan)

    def _matrix(self, row: _Row) -> sparse.csr_array:
        """Return a field's matrix, kept where it does not change."""
        volume = self.law.volumes[self.law.names[row.number]]
        if volume.follows or volume.matrix_varies:
            return sparse.csr_array(row.operator.matrix())
        if row.number not in self.stored:
            self.stored[row.number] = sparse.csr_array(row.operator.matrix())
        return self.stored[row.number]


def _swept(call: _Call, blocks: list[tuple[Prepared, FloatArray]], r: FloatArray) -> FloatArray:
    """Return an approximate answer for r: field by field, with what the earlier ones gave."""
    result = np.empty_like(r)
    for i, (prepared, factor) in enumerate(blocks):
        known = r[i]
        for j in range(i):
            if (i, j) in call.entries:
                known = known + call.shift * call.entries[i, j] * result[j]
        result[i] = prepared.approximate(factor * known) / call.rows[i].weight
    return result
