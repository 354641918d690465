"""How large the rounding of an operator may be: a few units in the last place of the terms it adds up."""

from __future__ import annotations

import numpy as np

EPS = np.finfo(float).eps


def magnitude(operator, values: np.ndarray) -> np.ndarray:
    """Return |A| |x| in every cell, through every step of a composed operator: the size of the terms added up."""
    if hasattr(operator, "first"):
        return magnitude(operator.second, magnitude(operator.first, values))
    if hasattr(operator, "parts"):
        return np.concatenate([magnitude(part, values) for part in operator.parts])
    mesh = operator.mesh
    return (abs(operator.matrix()) @ np.abs(values).ravel()).reshape(operator.outputs, *mesh.shape)
