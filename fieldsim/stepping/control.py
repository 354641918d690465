"""Step-size control: the PI controller and the first step.

dt_new = dt * 0.9 * error^(-0.7/p) * previous_error^(0.4/p), between a fifth and five times dt, for an error
estimate of order dt^p scaled so that 1 is the tolerance (Gustafsson, ACM TOMS 17, 1991).
"""

from __future__ import annotations

from math import sqrt

import numpy as np
from numpy.typing import NDArray

from fieldsim.errors import InvalidInput, must
from fieldsim.stepping.system import System

Array = NDArray[np.float64]

SAFETY = 0.9
LARGEST_GROWTH = 5.0
SMALLEST_GROWTH = 0.2
_WORTH_CHANGING = 1.2
_LEAST_ERROR = 1e-8
_CRUDE = 1e-2
_MOMENTS = (0.1370, 0.3819, 0.6180, 0.8541)


def check_tolerances(rtol: float, atol: float | Array) -> None:
    """Raise InvalidInput for tolerances that cannot be."""
    if not (np.isfinite(rtol) and 1e-12 <= rtol < 1.0):
        raise InvalidInput(must("rtol", "between 1e-12 and 1", rtol, "1e-4 is the default."))
    if not (np.isfinite(atol).all() and (np.asarray(atol) >= 0.0).all()):
        raise InvalidInput(must("atol", "0 or more", atol, "It is in the unit of the unknown; 0 is the default."))


def next_factor(error: float, previous: float, order: int) -> float:
    """Return the factor by which the step may change after an accepted step of scaled error `error` <= 1.

    A growth of less than a fifth is not taken: an unchanged step reuses the factorised matrix.
    """
    error = max(error, _LEAST_ERROR)
    previous = max(previous, _LEAST_ERROR)
    wished = SAFETY * float(error ** (-0.7 / order)) * float(previous ** (0.4 / order))
    factor = min(max(wished, SMALLEST_GROWTH), LARGEST_GROWTH)
    return 1.0 if 1.0 <= factor < _WORTH_CHANGING else factor


def retry_factor(error: float, order: int) -> float:
    """Return the factor for repeating a step whose scaled error was above 1 or not finite."""
    if not np.isfinite(error):
        return SMALLEST_GROWTH
    wished: float = SAFETY * error ** (-1.0 / order)
    return max(SMALLEST_GROWTH, wished)


def extent(u: Array, parts: int) -> tuple[Array, Array]:
    """Return the lowest and the highest value of each of `parts` fields that stand along the first axis."""
    rows = u.reshape(parts, -1)
    return rows.min(axis=1), rows.max(axis=1)


def sizes(values: Array, parts: int) -> Array:
    """Return the largest size of each of `parts` fields."""
    return np.asarray(np.abs(values.reshape(parts, -1)).max(axis=1, initial=0.0))


def first_step(system: System, t: float, u: Array, scale: Array, longest: float) -> float:
    """Return a first step for a first-order start of tolerance `scale`, one a field, in units of u.

    Hairer, Norsett & Wanner, Solving Ordinary Differential Equations I, section II.4. `scale` 0 (nothing
    varies yet) leaves the choice to the controller.
    """
    rate = system.rate(t, u)
    if not np.isfinite(rate).all():
        return 1e-6 * longest
    steepest = _in_units(rate, scale)
    if steepest == 0.0:
        return 1e-3 * longest
    trial = min(1.0 / steepest, 1e-3 * longest)
    bend = _in_units(system.rate(t + trial, u + trial * rate) - rate, scale) / trial
    if not np.isfinite(bend) or bend == 0.0:
        return min(100.0 * trial, longest)
    return min(100.0 * trial, sqrt(2.0 / bend), longest)


def _in_units(values: Array, scale: Array) -> float:
    """Return the largest size in units of `scale`, where that is not nought."""
    size = sizes(values, scale.size)
    return float(np.divide(size, scale, out=np.zeros_like(size), where=scale > 0.0).max())


def expected_spread(system: System, t: float, u: Array, length: float, parts: int = 1) -> Array:
    """Return how far each field may come to spread during a run: one crude implicit step across all of it.

    A run that starts from nothing and is driven slowly has no scale of its own to measure errors by. The data
    are sampled at moments that share no period with the run.
    """
    lowest, highest = extent(u, parts)
    for part in _MOMENTS:
        moment = t + part * length
        rate = system.rate(moment, u)
        if not np.isfinite(rate).all():
            continue
        reached = u + system.correct(moment, length, u, length * rate, rtol=_CRUDE)
        if np.isfinite(reached).all():
            ends = extent(reached, parts)
            lowest, highest = np.minimum(lowest, ends[0]), np.maximum(highest, ends[1])
    return np.asarray(highest - lowest)
