"""Which axes of a grid to merge and along which to relax whole lines, from how strongly its cells are coupled.

Relaxation smooths an error along an axis only where that axis is coupled about as strongly as every other axis, not
counting one along which lines are solved. Couplings are judged by the part of their logarithm that is a sum of
functions of one index each: cell shapes and the metric have this form, and scattered jumps average out.
"""

from __future__ import annotations

from itertools import chain, combinations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_SAMPLES_AT_ENDS = 6
_SAMPLES_INSIDE = 12
_ENOUGH = 0.35
# time of relaxation by the number of line axes, in units of two colours of points
_COST_OF_LINES = (1.0, 1.5, 2.1, 2.8)
# work of all levels by the number of merged axes
_COST_OF_LEVELS = {1: 5.0, 2: 1.7, 3: 1.35}
# lines along all axes, one after the other, never do worse than this by much
_ALL_LINES = 2.5
_WORST = 6.0


def choose(shape: tuple[int, ...], couplings: tuple[Array, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return (merging factors of the axes, axes of lines) with the least estimated time to a given accuracy."""
    active = tuple(axis for axis, n in enumerate(shape) if n > 1)
    logs = _separable_strengths(shape, couplings, active)
    best, chosen = np.inf, (active, active[:0])
    for lines in chain.from_iterable(combinations(active, count) for count in range(len(active) + 1)):
        ratios = [_smoothed(logs, axis, lines) for axis in active]
        for merged in chain.from_iterable(combinations(range(len(active)), c) for c in range(1, len(active) + 1)):
            weakest = np.minimum.reduce([ratios[m] for m in merged])
            slowdown = _slowdown(weakest)
            if lines == active:
                slowdown = min(slowdown, _ALL_LINES)
            cost = _COST_OF_LINES[len(lines)] * _COST_OF_LEVELS[len(merged)] * slowdown
            if cost < best * (1.0 - 1e-9):
                best, chosen = cost, (tuple(active[m] for m in merged), lines)
    merged_axes, lines = chosen
    return tuple(2 if axis in merged_axes else 1 for axis in range(len(shape))), lines


def _smoothed(logs: dict[int, Array], axis: int, lines: tuple[int, ...]) -> Array:
    """Return the ratio of the coupling along `axis` to the strongest one that relaxation must cope with, a cell."""
    best = np.full(next(iter(logs.values())).shape, -np.inf)
    for line in (None, *lines):
        strongest = np.maximum.reduce([value for other, value in logs.items() if other != line or other == axis])
        np.maximum(best, logs[axis] - strongest, out=best)
    return best


def _slowdown(logs: Array) -> float:
    """Return the estimated factor in the number of iterations where some cells couple weakly along a merged axis."""
    lacking = np.maximum(np.log(_ENOUGH) - logs, 0.0)
    return float(np.mean(np.exp(0.5 * np.minimum(lacking, _WORST))) * np.exp(0.25 * lacking.max()))


def _separable_strengths(
    shape: tuple[int, ...], couplings: tuple[Array, ...], active: tuple[int, ...]
) -> dict[int, Array]:
    """Return for each active axis the fitted logarithm of the couplings of sampled cells."""
    picks = [_sample(n) for n in shape]
    logs = {}
    for axis in active:
        c = couplings[axis]
        faces, n = c.shape[axis], shape[axis]
        upper = np.minimum(picks[axis], faces - 1)
        lower = np.where(picks[axis] > 0, picks[axis] - 1, n - 1 if faces == n else 0)
        sides = []
        for place in (lower, upper):
            index = list(picks)
            index[axis] = place
            sides.append(c[np.ix_(*index)])
        logs[axis] = _fit(np.maximum(*sides))
    return logs


def _fit(strength: Array) -> Array:
    """Return the separable part of the logarithm; cells without coupling take no part."""
    known = strength > 0.0
    if not known.any():
        return np.full(strength.shape, -700.0)
    log = np.log(np.where(known, strength, 1.0))
    mean = float(log[known].mean())
    rest = np.where(known, log - mean, 0.0)
    result = np.full(strength.shape, mean)
    for axis in range(strength.ndim):
        others = tuple(other for other in range(strength.ndim) if other != axis)
        count = known.sum(axis=others, keepdims=True)
        result += rest.sum(axis=others, keepdims=True) / np.maximum(count, 1)
    return result


def _sample(n: int) -> NDArray[np.int64]:
    if n <= 2 * _SAMPLES_AT_ENDS + _SAMPLES_INSIDE:
        return np.arange(n)
    inside = np.linspace(_SAMPLES_AT_ENDS, n - 1 - _SAMPLES_AT_ENDS, _SAMPLES_INSIDE).astype(np.int64)
    return np.unique(np.concatenate([np.arange(_SAMPLES_AT_ENDS), inside, np.arange(n - _SAMPLES_AT_ENDS, n)]))
