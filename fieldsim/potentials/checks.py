"""Checks of what a user hands to a potential: numbers, vectors, arrays and points."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fieldsim.errors import InvalidInput, must

FloatArray = NDArray[np.float64]

MOST_COORDINATES = 3


def finite_number(name: str, value: object, *, positive: bool = False) -> float:
    """Return `value` as a float; raise InvalidInput unless it is one finite (if asked, positive) number."""
    rule = "a positive finite number" if positive else "a finite number"
    remedy = f"Give {name} as one plain number in SI units."
    if isinstance(value, (bool, np.bool_, str, bytes)) or np.ndim(value) != 0:  # type: ignore[arg-type]
        raise InvalidInput(must(name, rule, value, remedy))
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        raise InvalidInput(must(name, rule, value, remedy)) from None
    if not np.isfinite(number) or (positive and number <= 0.0):
        raise InvalidInput(must(name, rule, value, remedy))
    return number


def finite_vector(name: str, value: object) -> tuple[float, float, float]:
    """Return one to three finite numbers as a 3-vector, zeros standing for what is left out."""
    rule = "one to three finite numbers (x, y, z)"
    array = real_array(name, value, rule)
    if array.ndim != 1 or not 1 <= array.size <= MOST_COORDINATES or not np.all(np.isfinite(array)):
        raise InvalidInput(must(name, rule, value, "Give Cartesian components in SI units."))
    padded = np.zeros(MOST_COORDINATES)
    padded[: array.size] = array
    return (float(padded[0]), float(padded[1]), float(padded[2]))


def unit_vector(name: str, value: object) -> FloatArray:
    """Return a nonzero vector of one to three components at unit length."""
    vector = np.array(finite_vector(name, value))
    # scaled first: the square of a tiny or huge component must not vanish or overflow
    largest = np.max(np.abs(vector))
    if largest == 0.0:
        raise InvalidInput(must(name, "a nonzero vector", value, "Give the direction, e.g. (0, 0, 1)."))
    vector = vector / largest
    return np.asarray(vector / np.linalg.norm(vector))


def real_array(name: str, value: object, rule: str) -> FloatArray:
    """Return `value` as a float64 array; refuse complex, boolean, text, object and masked entries."""
    remedy = "Convert it to a plain array of real numbers first."
    try:
        array = np.asarray(value)
    except (TypeError, ValueError):
        raise InvalidInput(must(name, rule, value, remedy)) from None
    if array.dtype.kind not in "iuf" or (np.ma.isMaskedArray(value) and np.ma.is_masked(value)):
        # an array's own text runs over many lines
        shown = f"{type(value).__name__} of {array.dtype}" if isinstance(value, np.ndarray) else value
        raise InvalidInput(must(name, rule, shown, remedy))
    return array.astype(np.float64, copy=False)


def checked_points(points: ArrayLike, least: int, name: str) -> FloatArray:
    """Return points (dim, ...) as float64; raise InvalidInput unless dim is `least` to 3."""
    array = real_array("points", points, "an array (dim, ...) of real Cartesian coordinates")
    if array.ndim == 0 or not 1 <= array.shape[0] <= MOST_COORDINATES:
        raise InvalidInput(
            must(
                "points",
                "an array (dim, ...) with 1, 2 or 3 coordinates along the first axis",
                array.shape,
                "Put the coordinate first: numpy.stack([x, y, z]).",
            )
        )
    if array.shape[0] < least:
        raise InvalidInput(
            must(
                "points",
                f"an array with at least {least} coordinates for {name or 'this potential'}",
                array.shape,
                "Add the missing coordinate, or choose another axis for the potential.",
            )
        )
    return array
