"""Array types used in annotations throughout the package."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

FloatArray: TypeAlias = npt.NDArray[np.float64]
IntArray: TypeAlias = npt.NDArray[np.int64]
BoolArray: TypeAlias = npt.NDArray[np.bool_]
AnyArray: TypeAlias = npt.NDArray[Any]


def frozen(array: npt.ArrayLike) -> FloatArray:
    """Return `array` as contiguous float64 that refuses to be written to."""
    result = np.array(array, dtype=np.float64, order="C")
    result.flags.writeable = False
    return result
