"""Incomplete factors of a sparse matrix, to precondition it where no symmetric part comes near it.

Elimination in the order of the grid with entries dropped below a hundredth of their column (Saad, Iterative Methods
for Sparse Linear Systems, SIAM 2003, section 10.4). Along a flow that outweighs diffusion in a cell the factors are
nearly exact: what is carried downstream is eliminated in one sweep.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import spilu

Array = NDArray[np.float64]

_DROPPED = 1e-2
_FILL = 4
_ASKEW = 0.2


class IncompleteFactors:
    """Incomplete factors of one matrix; raises RuntimeError for a singular one."""

    def __init__(self, matrix: sparse.csr_array) -> None:
        self._factors = spilu(
            matrix.tocsc(), drop_tol=_DROPPED, fill_factor=_FILL, permc_spec="NATURAL", diag_pivot_thresh=0.0
        )

    def apply(self, b: Array) -> Array:
        """Return an approximate solution."""
        return np.asarray(self._factors.solve(b), dtype=float)


def askew(matrix: sparse.csr_array) -> bool:
    """Return whether the couplings that are not mutual make a fifth or more of the diagonal.

    So they do in steady states of cells of Peclet number 0.5 and up, and in time once steps pass several cells.
    """
    size = float(np.abs(matrix.diagonal()).sum())
    return size > 0.0 and float(abs(matrix - matrix.T).sum()) > 2.0 * _ASKEW * size
