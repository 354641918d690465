"""Array types used in annotations throughout the package, and the rule for arrays that users give."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from fieldsim.errors import InvalidInput, must

FloatArray: TypeAlias = npt.NDArray[np.float64]
IntArray: TypeAlias = npt.NDArray[np.int64]
BoolArray: TypeAlias = npt.NDArray[np.bool_]
AnyArray: TypeAlias = npt.NDArray[Any]


def frozen(array: npt.ArrayLike) -> FloatArray:
    """Return `array` as contiguous float64 that refuses to be written to."""
    result = np.array(array, dtype=np.float64, order="C")
    result.flags.writeable = False
    return result


def real_array(what: object, name: str, rule: str = "made of real numbers") -> FloatArray:
    """Return array-like input as float64, refusing what is not plain real numbers."""
    if isinstance(what, np.ma.MaskedArray):
        raise InvalidInput(
            must(name, "a plain array", "a masked array", "Use what.filled(...) to say what stands there.")
        )
    try:
        array = np.asarray(what)
    except (TypeError, ValueError) as error:
        raise InvalidInput(
            must(name, "a formula, a function, an array or a number", what, "See the docstring for examples.")
        ) from error
    return real_numbers(array, name, rule)


def real_numbers(values: npt.NDArray[np.generic], name: str, rule: str = "made of real numbers") -> FloatArray:
    """Return real numbers as float64."""
    if values.dtype.kind not in "iuf":
        raise InvalidInput(must(name, rule, f"dtype {values.dtype}", "Give a formula, an array or a number."))
    return np.asarray(values, dtype=np.float64)
