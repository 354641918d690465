"""Sparse direct solution: factor once, substitute often.

Symmetric matrices are factored without pivoting in the minimum-degree order of A + A^T (Davis, Direct Methods
for Sparse Linear Systems, SIAM 2006); a singular one, A 1 = 0, is solved with its last unknown held at zero.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import SuperLU, splu

Array = NDArray[np.float64]


class Factorisation:
    """The factors of one sparse matrix."""

    def __init__(self, matrix: sparse.csr_array, *, symmetric: bool, nullspace: bool) -> None:
        self._nullspace = nullspace
        kept = matrix[:-1, :-1] if nullspace else matrix
        self._factors: SuperLU | None = None
        if kept.shape[0] == 0:
            return
        if symmetric:
            options = {"SymmetricMode": True}
            self._factors = splu(kept.tocsc(), permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options=options)
        else:
            self._factors = splu(kept.tocsc())

    def apply(self, b: Array) -> Array:
        """Return the solution for one right-hand side by substitution."""
        if not self._nullspace:
            return b if self._factors is None else self._factors.solve(b)
        x = np.zeros_like(b)
        if self._factors is not None:
            x[:-1] = self._factors.solve(b[:-1])
        return x
