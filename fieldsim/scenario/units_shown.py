"""Values in the unit that a scenario shows: temperatures in degC where they are solved in K."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


def in_unit(values: Array, solved: str, unit: str) -> Array:
    """Return values in another unit; they are left alone where it is the same."""
    from fieldsim.units import convert

    return values if unit == solved else np.asarray(convert(values, solved, unit))
