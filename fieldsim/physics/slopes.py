"""Slopes inside cells that keep face values between those of the neighbours: van Leer's limiter on uneven cells.

With the slopes a below and b above a cell, and the ratios c_a, c_b of their lengths to the half cells,
slope = a b (c_b a + c_a b) / (a^2 + (c_a + c_b - 2) a b + b^2) where a b > 0, else 0
and at most c_a a and c_b b (Mignone, Journal of Computational Physics 270, 2014, eq. 37; van Leer 1974 where c_a =
c_b = 2): a for a = b, and never beyond the neighbours' values on the faces.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fieldsim.arrays import BoolArray, FloatArray


@dataclass(frozen=True)
class Ends:
    """The values on a wall, and their derivatives by the values in the cells along it."""

    value: FloatArray
    by_inner: FloatArray


@dataclass(frozen=True)
class Slopes:
    """Slopes in the cells along one axis, and their derivatives by the lower neighbour, the cell and the upper one."""

    value: FloatArray
    by_lower: FloatArray
    by_own: FloatArray
    by_upper: FloatArray

    def without(self, cells: BoolArray) -> Slopes:
        """Return the slopes with none in some cells."""
        return Slopes(*(np.where(cells, 0.0, x) for x in (self.value, self.by_lower, self.by_own, self.by_upper)))


def limited_slopes(
    u: FloatArray,
    axis: int,
    halves: tuple[FloatArray, FloatArray],
    ends: tuple[Ends | None, Ends | None],
    *,
    periodic: bool,
) -> Slopes:
    """Return the limited slopes along an axis; `halves` are the lengths from each centre to its two faces.

    The cells at an end without a value (a pole) have none.
    """
    values, below, above = (np.moveaxis(x, axis, 0) for x in (u, *halves))
    lower_values, upper_values = np.roll(values, 1, 0), np.roll(values, -1, 0)
    down, up = below + np.roll(above, 1, 0), above + np.roll(below, -1, 0)
    own_down, own_up = np.ones_like(values), np.ones_like(values)
    if not periodic:
        lower_values[0], down[0] = values[0], below[0]
        upper_values[-1], up[-1] = values[-1], above[-1]
        if ends[0] is not None:
            lower_values[0], own_down[0] = ends[0].value, 1.0 - ends[0].by_inner
        if ends[1] is not None:
            upper_values[-1], own_up[-1] = ends[1].value, 1.0 - ends[1].by_inner
    a, b = (values - lower_values) / down, (upper_values - values) / up
    slope, by_a, by_b = _van_leer(a, b, down / below, up / above)
    inner_down, inner_up = by_a / down, by_b / up
    by_own = inner_down * own_down - inner_up * own_up
    by_lower, by_upper = -inner_down, inner_up
    if not periodic:
        by_lower[0], by_upper[-1] = 0.0, 0.0
    return Slopes(*(np.moveaxis(x, 0, axis) for x in (slope, by_lower, by_own, by_upper)))


def _van_leer(
    a: FloatArray, b: FloatArray, c_a: FloatArray, c_b: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the limited slope and its derivatives by a and by b."""
    # only the ratio of the two counts: scaled, no square leaves the range of numbers
    size = np.maximum(np.abs(a), np.abs(b))
    same = (np.sign(a) * np.sign(b) > 0.0) & (size > 0.0)
    safe = np.where(same, size, 1.0)
    p, q = np.where(same, np.abs(a) / safe, 1.0), np.where(same, np.abs(b) / safe, 1.0)
    top, bottom = p * q * (c_b * p + c_a * q), p * p + (c_a + c_b - 2.0) * p * q + q * q
    slope = top / bottom
    by_p = (q * (2.0 * c_b * p + c_a * q) - slope * (2.0 * p + (c_a + c_b - 2.0) * q)) / bottom
    by_q = (p * (c_b * p + 2.0 * c_a * q) - slope * ((c_a + c_b - 2.0) * p + 2.0 * q)) / bottom
    # beside cells of very different lengths the formula alone may pass a neighbour's value
    for bound, of_p, of_q in ((c_a * p, c_a, 0.0), (c_b * q, 0.0, c_b)):
        beyond = slope > bound
        slope, by_p, by_q = (np.where(beyond, x, y) for x, y in ((bound, slope), (of_p, by_p), (of_q, by_q)))
    return (
        np.where(same, np.sign(a) * size * slope, 0.0),
        np.where(same, by_p, 0.0),
        np.where(same, by_q, 0.0),
    )
