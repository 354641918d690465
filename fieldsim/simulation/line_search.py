"""How far to go along Newton's correction: the longest of the shares 1, 1/2, 1/4, ... that leaves less than before."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fieldsim.arrays import FloatArray
from fieldsim.errors import NumericalFailure

_HALVINGS = 12
# the least share of the promised decrease that counts (Armijo, Pacific J. Math. 16 (1966) 1)
_ENOUGH = 1e-4


def searched(
    residual: Callable[[FloatArray], FloatArray], u: FloatArray, delta: FloatArray, before: float
) -> tuple[FloatArray | None, FloatArray]:
    """Return the values along delta that leave less, and what they leave; None where nothing does."""
    share, left = 1.0, np.full_like(u, np.inf)
    for _ in range(_HALVINGS):
        trial = u + share * delta
        try:
            left = residual(trial)
        except NumericalFailure:  # a coefficient left its range: go less far
            left = np.full_like(u, np.inf)
        if norm(left) <= (1.0 - _ENOUGH * share) * before:
            return trial, left
        share /= 2.0
    return None, left


def norm(values: FloatArray) -> float:
    """Return the Euclidean norm, summed in the same order whatever the number of threads."""
    return float(np.sqrt(np.square(values).sum()))
