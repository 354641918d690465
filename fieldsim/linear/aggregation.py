"""Algebraic coarse levels for a symmetric matrix with non-positive couplings, by pairwise aggregation.

Each unknown is paired with its strongest free neighbour, twice a level, so that coarse cells follow strong
couplings: stretched cells, layers and the thin cells around an axis need no special case. Coarse matrices are
P^T A P with P constant on each aggregate (Notay, Electronic Transactions on Numerical Analysis 37, 2010).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from fieldsim.linear.direct import Factorisation

Array = NDArray[np.float64]
Integers = NDArray[np.intp]

_COARSEST = 500
_PAIRINGS_PER_LEVEL = 2
_ROUNDS = 6
_WEAKEST_KEPT = 0.25
_LEAST_SHRINKAGE = 0.8


@dataclass(frozen=True)
class Level:
    """One matrix of the hierarchy, with what its smoother needs and the map to the next level."""

    matrix: sparse.csr_array
    diagonal: Array
    largest: float
    prolongation: sparse.csr_array | None
    restriction: sparse.csr_array | None


@dataclass(frozen=True)
class Hierarchy:
    """Levels from fine to coarse, and the factors of the coarsest matrix where it became small."""

    levels: tuple[Level, ...]
    coarsest: Factorisation | None


def build_hierarchy(matrix: sparse.csr_array, *, nullspace: bool = False) -> Hierarchy:
    """Return the coarse levels of a symmetric positive matrix; with `nullspace`, of one with A 1 = 0."""
    levels: list[Level] = []
    while True:
        prolongation = None
        if matrix.shape[0] > _COARSEST:
            aggregates = _aggregate(matrix)
            if aggregates.max() + 1 < _LEAST_SHRINKAGE * matrix.shape[0]:
                prolongation = _indicator(aggregates)
        restriction = None if prolongation is None else prolongation.T.tocsr()
        diagonal = np.asarray(matrix.diagonal(), dtype=float)
        # Gershgorin's bound on the eigenvalues of D^-1 A
        largest = float((np.asarray(abs(matrix).sum(axis=1)).ravel() / diagonal).max())
        levels.append(Level(matrix, diagonal, largest, prolongation, restriction))
        if prolongation is None or restriction is None:
            break
        matrix = (restriction @ matrix @ prolongation).tocsr()
    small = matrix.shape[0] <= 4 * _COARSEST
    factors = Factorisation(matrix, symmetric=True, nullspace=nullspace) if small else None
    return Hierarchy(tuple(levels), factors)


def _indicator(aggregates: Integers) -> sparse.csr_array:
    n = aggregates.size
    entries = (np.ones(n), aggregates, np.arange(n + 1))
    return sparse.csr_array(entries, shape=(n, int(aggregates.max()) + 1))


def _aggregate(matrix: sparse.csr_array) -> Integers:
    """Return the coarse cell of each unknown after the pairings of one level."""
    aggregates = np.arange(matrix.shape[0])
    for _ in range(_PAIRINGS_PER_LEVEL):
        pairs = _pair(matrix)
        aggregates = pairs[aggregates]
        p = _indicator(pairs)
        matrix = (p.T @ matrix @ p).tocsr()
    return aggregates


def _pair(matrix: sparse.csr_array) -> Integers:
    """Pair each unknown with its strongest neighbour where the choice is mutual; number the pairs."""
    n = matrix.shape[0]
    rows = np.repeat(np.arange(n), np.diff(matrix.indptr))
    columns, coupling = matrix.indices.astype(np.intp), -matrix.data
    kept = (rows != columns) & (coupling > 0)
    rows, columns, coupling = rows[kept], columns[kept], coupling[kept]
    starts = np.searchsorted(rows, np.arange(n + 1))
    kept = coupling >= _WEAKEST_KEPT * _row_maximum(coupling, starts)[rows]
    # equal couplings would leave the choice to the order of the rows: a small symmetric disorder decides
    key = np.random.default_rng(n).random(n)
    score = np.where(kept, coupling * (1.0 + 0.1 * ((key[rows] + key[columns]) % 1.0)), -1.0)

    partner = np.full(n, -1)
    for _ in range(_ROUNDS):
        free = (partner[rows] < 0) & (partner[columns] < 0)
        choice = _best_column(np.where(free, score, -1.0), rows, columns, starts)
        chosen = np.flatnonzero(choice >= 0)
        mutual = chosen[choice[choice[chosen]] == chosen]
        if mutual.size == 0:
            break
        partner[mutual] = choice[mutual]

    leader = np.where(partner >= 0, np.minimum(np.arange(n), partner), np.arange(n))
    alone = (partner[rows] < 0) & (partner[columns] >= 0)
    host = _best_column(np.where(alone, score, -1.0), rows, columns, starts)
    leader = np.where(host >= 0, leader[host], leader)
    return np.unique(leader, return_inverse=True)[1].ravel()


def _row_maximum(values: Array, starts: Integers) -> Array:
    result = np.full(starts.size - 1, -1.0)
    filled = starts[1:] > starts[:-1]
    result[filled] = np.maximum.reduceat(values, starts[:-1][filled]) if filled.any() else -1.0
    return result


def _best_column(score: Array, rows: Integers, columns: Integers, starts: Integers) -> Integers:
    """Return for each row the column of its largest positive score, or -1."""
    best = _row_maximum(score, starts)
    hit = (score > 0) & (score == best[rows])
    choice = np.full(starts.size - 1, -1)
    choice[rows[hit]] = columns[hit]
    return choice
