"""How accurate a sequence of answers is: observed order and Richardson's extrapolation.

e_i ~ C h_i^p gives p = log(e_i / e_{i+1}) / log(h_i / h_{i+1}). Source: Roache, Verification and Validation (1998).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fieldsim.arrays import FloatArray
from fieldsim.errors import InvalidInput, must


def observed_order(errors: npt.ArrayLike, ratios: npt.ArrayLike = 2.0) -> FloatArray:
    """Return the order between each two errors of a sequence of ever finer meshes, shape (n - 1,).

    `ratios` says how many times finer each mesh is than the one before: a number, or one for each step. Raises
    InvalidInput.
    """
    sizes = _sequence("errors", errors, 2)
    bad = np.flatnonzero(sizes <= 0.0)
    if bad.size:
        raise InvalidInput(
            must(
                "errors",
                "above zero",
                f"{sizes[bad[0]]} at index {bad[0]}",
                "An exact answer has no order: leave it out.",
            )
        )
    return np.asarray(np.log(sizes[:-1] / sizes[1:]) / np.log(_ratios(ratios, sizes.size - 1)))


def order_of_values(values: npt.ArrayLike, ratio: float = 2.0) -> float:
    """Return the order seen in the last three of a sequence of values, with no exact answer at hand.

    Each mesh is `ratio` times finer than the one before. NaN where the values do not settle in one way.
    """
    found = _sequence("values", values, 3)
    step = _ratios(ratio, 1)[0]
    before, after = found[-2] - found[-3], found[-1] - found[-2]
    if before == 0.0 or after == 0.0 or before / after <= 0.0:
        return float("nan")
    return float(np.log(before / after) / np.log(step))


def richardson(
    coarse: npt.ArrayLike, fine: npt.ArrayLike, order: float, ratio: float = 2.0
) -> tuple[FloatArray, FloatArray]:
    """Return the extrapolated answer and the estimated error of the finer one: (fine - coarse) / (ratio^order - 1).

    Works on numbers and on arrays of one shape. Raises InvalidInput.
    """
    one, two = np.asarray(coarse, dtype=np.float64), np.asarray(fine, dtype=np.float64)
    if one.shape != two.shape:
        raise InvalidInput(
            must("fine", f"of the shape of coarse {one.shape}", two.shape, "Take both at the same points.")
        )
    if isinstance(order, bool) or not 0.0 < float(order) < np.inf:
        raise InvalidInput(must("order", "a positive number", order, "2 for a second-order method."))
    error = (two - one) / (_ratios(ratio, 1)[0] ** float(order) - 1.0)
    return np.asarray(two + error), np.asarray(np.abs(error))


def _sequence(name: str, values: npt.ArrayLike, least: int) -> FloatArray:
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidInput(must(name, "a list of numbers", values, "Coarsest mesh first.")) from error
    if array.ndim != 1 or array.size < least or not np.all(np.isfinite(array)):
        raise InvalidInput(must(name, f"at least {least} finite numbers", values, "Coarsest mesh first."))
    return array


def _ratios(ratios: npt.ArrayLike, count: int) -> FloatArray:
    try:
        array = np.asarray(ratios, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidInput(must("ratios", "numbers above 1", ratios, "2 for halved cells.")) from error
    if array.shape not in ((), (count,)) or not np.all(array > 1.0) or not np.all(np.isfinite(array)):
        raise InvalidInput(must("ratios", f"one number above 1, or {count}", ratios, "2 for halved cells."))
    return np.broadcast_to(array, (count,))
