"""Integrals of metric factors over cells, faces and half cells by Gauss-Legendre points on an open grid.

Twelve points a cell integrate r^2 sin(theta) and its kin to rounding; a factor that does not depend on a coordinate is
never expanded along it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from fieldsim.arrays import FloatArray

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)


@dataclass(frozen=True)
class Along:
    """Where an integrand is taken along one coordinate: points, and weights that sum them group by group."""

    points: FloatArray  # (groups, per group)
    weights: FloatArray  # the same shape; all ones where nothing is integrated


def at_points(points: FloatArray) -> Along:
    """Take the integrand at `points`, one a group, without integrating."""
    column = np.atleast_1d(points)[:, None]
    return Along(column, np.ones_like(column))


def over(low: FloatArray, high: FloatArray) -> Along:
    """Integrate from low[i] to high[i], one group each."""
    low, high = np.atleast_1d(low)[:, None], np.atleast_1d(high)[:, None]
    half = 0.5 * (high - low)
    return Along(0.5 * (high + low) + half * _NODES, half * _WEIGHTS)


def integrate(integrand: Callable[[Sequence[FloatArray]], FloatArray | float], along: Sequence[Along]) -> FloatArray:
    """Return the integral on the grid of groups; the shape broadcasts (size 1 where nothing depends on a coordinate).

    A coordinate along which the integrand is constant is integrated by the sum of its weights.
    """
    count = len(along)
    grid = [part.points.reshape([-1 if k == i else 1 for k in range(count)]) for i, part in enumerate(along)]
    value = np.asarray(integrand(grid), dtype=np.float64)
    value = value.reshape((1,) * (count - value.ndim) + value.shape)
    for i, part in enumerate(along):
        groups, per_group = part.points.shape
        if value.shape[i] == 1:
            totals = part.weights.sum(axis=1)
            if np.all(totals == totals[0]):
                value = value * totals[0]
            else:
                value = value * totals.reshape([-1 if k == i else 1 for k in range(count)])
        else:
            split = value.reshape((*value.shape[:i], groups, per_group, *value.shape[i + 1 :]))
            weights = part.weights.reshape([1] * i + [groups, per_group] + [1] * (count - i - 1))
            value = (split * weights).sum(axis=i + 1)
    return value
