"""Finite-difference weights for any points and any order, and tables of them along one axis.

The weights w of the m-th derivative at x0 solve sum_j w_j p(x_j) = p^(m)(x0) for every polynomial p of
degree below the number of points. Source: B. Fornberg, Math. Comp. 51 (1988) 699-706.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from fieldsim.arrays import FloatArray, IntArray
from fieldsim.errors import InvalidInput, must

EndKind = Literal["wall", "seam", "pole"]
ORDERS = (2, 4, 6, 8)


def fornberg_weights(at: FloatArray, nodes: FloatArray, derivative: int) -> FloatArray:
    """Return the weights of derivatives 0 ... `derivative` at `at` for each row of `nodes`.

    `at` has shape (rows,), `nodes` (rows, points); the result has shape (derivative + 1, rows, points).
    """
    rows, points = nodes.shape
    weights = np.zeros((derivative + 1, rows, points))
    weights[0, :, 0] = 1.0
    product = np.ones(rows)
    distance = nodes[:, 0] - at
    for i in range(1, points):
        highest = min(i, derivative)
        new_product = np.ones(rows)
        previous_distance = distance
        distance = nodes[:, i] - at
        for j in range(i):
            gap = nodes[:, i] - nodes[:, j]
            new_product = new_product * gap
            if j == i - 1:
                for m in range(highest, 0, -1):
                    weights[m, :, i] = (
                        product
                        * (m * weights[m - 1, :, i - 1] - previous_distance * weights[m, :, i - 1])
                        / new_product
                    )
                weights[0, :, i] = -product * previous_distance * weights[0, :, i - 1] / new_product
            for m in range(highest, 0, -1):
                weights[m, :, j] = (distance * weights[m, :, j] - m * weights[m - 1, :, j]) / gap
            weights[0, :, j] = distance * weights[0, :, j] / gap
        product = new_product
    return weights


@dataclass(frozen=True)
class End:
    """How an axis goes on beyond one of its ends.

    `wall`: it does not. `seam`: the other end follows (`length` is the period). `pole`: the axis comes back
    mirrored about `length`, the position of the end.
    """

    kind: EndKind
    length: float = 0.0


WALL = End("wall")


@dataclass(frozen=True)
class Table:
    """The derivative along one axis: row i is sum_j weights[i, j] * value[index[i, j]].

    A negative index -1 - g names layer g of the ghosts: first the mirrored layers beyond the lower end (nearest
    first), then those beyond the upper end, `layers` at each. `nodes` are the true positions of all entries.
    """

    index: IntArray
    weights: FloatArray
    nodes: FloatArray
    layers: int = 0

    @property
    def rows(self) -> int:
        """Number of rows, which is the number of cells of the axis."""
        return len(self.index)

    def scaled(self, outer: FloatArray, inner: FloatArray | None = None) -> Table:
        """Return rows that give outer * D(inner * value); `inner` is taken at `nodes`."""
        weights = self.weights * outer[:, None]
        return replace(self, weights=weights if inner is None else weights * inner)

    def folded(self, lower_sign: float, upper_sign: float) -> Table:
        """Return rows without ghosts: layer g is row g (or, at the upper end, n - 1 - g) times the sign of that end."""
        ghost = -1 - self.index
        upper = ghost >= self.layers
        image = np.where(upper, self.rows - 1 - (ghost - self.layers), ghost)
        sign = np.where(ghost < 0, 1.0, np.where(upper, upper_sign, lower_sign))
        return replace(self, index=np.where(ghost < 0, self.index, image), weights=sign * self.weights)


def is_uniform(centers: FloatArray) -> bool:
    """Tell whether the positions are equally spaced to rounding."""
    if centers.size < 3:
        return True
    steps = np.diff(centers)
    rounding = 8.0 * np.finfo(float).eps * float(np.abs(centers).max())
    return bool(np.all(np.abs(steps - steps.mean()) <= 1e-10 * np.abs(steps.mean()) + rounding))


def ghost_layers(order: int) -> int:
    """Return how many layers beyond a pole the rows of `order` may read."""
    return order // 2 + 1


def derivative_tables(
    centers: FloatArray,
    *,
    order: int,
    lower: End = WALL,
    upper: End = WALL,
    second: bool,
    name: str = "axis",
    asked: int | None = None,
) -> tuple[Table, Table]:
    """Return the tables of the first and second derivative, on shared points, accurate to `order`.

    With `second` the points suffice for the second derivative; otherwise only the first table is meant to be used
    (the two then coincide). Raises InvalidInput when the axis has too few cells, for the order that was `asked`.
    """
    index, nodes = _points(centers, order=order, lower=lower, upper=upper, second=second, name=name, asked=asked)
    offsets, unit = _offsets(centers, nodes)
    weights = fornberg_weights(np.zeros(centers.size), offsets, 2 if second else 1)
    if second:
        weights = _drop_unneeded(offsets, weights, order)
    for m in range(1, weights.shape[0]):
        # A weight that cancels analytically (the centre of a central first derivative) must be exactly zero.
        largest = np.abs(weights[m]).max(axis=1, keepdims=True)
        weights[m][np.abs(weights[m]) < 1e-13 * largest] = 0.0
        weights[m] /= unit[:, None] ** m
    first = Table(index, weights[1], nodes, ghost_layers(order))
    return first, (replace(first, weights=weights[2]) if second else first)


def _offsets(centers: FloatArray, nodes: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the nodes relative to each row's centre, in units of that row's spacing, and those units.

    Equidistant points become whole numbers: their positions are only known to rounding, which on a fine or far-off
    axis would leave rows that do not sum to zero.
    """
    relative = nodes - centers[:, None]
    steps = np.diff(nodes, axis=1)
    unit = steps.mean(axis=1)
    if is_uniform(centers) and centers.size > 1:
        whole = (centers[-1] - centers[0]) / (centers.size - 1)
        unit = np.where(np.abs(unit - whole) <= 1e-9 * whole, whole, unit)
    rounding = 8.0 * np.finfo(float).eps * np.abs(nodes).max(axis=1)
    even = np.all(np.abs(steps - unit[:, None]) <= (1e-10 * unit + rounding)[:, None], axis=1)
    scaled = relative / unit[:, None]
    return np.where(even[:, None], np.round(scaled), scaled), unit


def _points(
    centers: FloatArray, *, order: int, lower: End, upper: End, second: bool, name: str, asked: int | None
) -> tuple[IntArray, FloatArray]:
    """Choose the points of every row, as indices and as positions."""
    cells = centers.size
    width = order + 2 if second else order + 1
    joined = lower.kind != "wall" or upper.kind != "wall"
    needed = order + 1 if joined and lower.kind == "seam" else width
    if cells < needed:
        raised = asked is not None and asked != order
        why = f"order {asked} (rows beside a pole stand two orders higher)" if raised else f"order {order}"
        raise InvalidInput(
            must(
                "cells",
                f"at least {needed} along {name} for derivatives of {why}",
                cells,
                "Take more cells or a lower order.",
            )
        )
    beyond = ghost_layers(order)
    extended, labels = _extend(centers, lower, upper, beyond)
    first = -beyond if lower.kind != "wall" else 0
    last = cells - 1 + (beyond if upper.kind != "wall" else 0)
    start = np.arange(cells) - order // 2
    start = np.clip(start, first, last - width + 1)
    positions = start[:, None] + np.arange(width)[None, :] + beyond
    return labels[positions], extended[positions]


def _extend(centers: FloatArray, lower: End, upper: End, beyond: int) -> tuple[FloatArray, IntArray]:
    """Return positions and indices of the cells with `beyond` more at both ends."""
    cells = centers.size
    steps = np.arange(beyond)
    wrap_low = (cells - 1 - steps) % cells
    turns_low = (steps // cells + 1).astype(np.float64)
    wrap_high = steps % cells
    if lower.kind == "seam":
        low, low_labels = centers[wrap_low] - turns_low * lower.length, wrap_low
    else:
        low, low_labels = 2.0 * lower.length - centers[np.minimum(steps, cells - 1)], -1 - steps
    if upper.kind == "seam":
        high, high_labels = centers[wrap_high] + turns_low * upper.length, wrap_high
    else:
        high = 2.0 * upper.length - centers[np.maximum(cells - 1 - steps, 0)]
        high_labels = -1 - (beyond + steps)
    extended = np.concatenate([low[::-1], centers, high])
    labels = np.concatenate([low_labels[::-1], np.arange(cells), high_labels]).astype(np.int64)
    return extended, labels


def _drop_unneeded(offsets: FloatArray, weights: FloatArray, order: int) -> FloatArray:
    """On rows whose first order + 1 points are symmetric and equidistant, leave the last point out."""
    core = np.arange(order + 1) - order // 2
    symmetric = np.all(offsets[:, : order + 1] == core, axis=1)
    if np.any(symmetric):
        rows = offsets[symmetric][:, : order + 1]
        weights[:, symmetric, : order + 1] = fornberg_weights(np.zeros(len(rows)), rows, 2)
        weights[:, symmetric, order + 1] = 0.0
    return weights
