"""Flexible GMRES on flat arrays: the smallest residual over the space that the preconditioner spans.

Saad, SIAM Journal on Scientific Computing 14 (1993): the preconditioner may change from one application to the next.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from fieldsim.linear.krylov import dot

Array = NDArray[np.float64]
Map = Callable[[Array], Array]

BASIS = 30
"""Directions kept before the space is built anew, two arrays each."""


def flexible_gmres(
    product: Map, b: Array, precondition: Map, *, rtol: float, limit: int, restart: int = BASIS
) -> tuple[Array, int, float]:
    """Return (x, iterations, |b - A x| / |b|), stopped at `rtol` or after `limit` iterations, from x = 0.

    The residual returned is the true one, recomputed.
    """
    x, residual, size = np.zeros_like(b), b, np.sqrt(dot(b, b))
    done, left = 0, size
    while size > 0.0 and left > rtol * size and done < limit:
        correction, count = _cycle(product, residual, precondition, rtol * size, min(restart, limit - done))
        done += count
        x = x + correction
        residual = b - product(x)
        before, left = left, np.sqrt(dot(residual, residual))
        if not left < 0.9 * before:  # also where it is not finite
            break
    return x, done, float(left / size) if size > 0.0 else 0.0


def _cycle(product: Map, residual: Array, precondition: Map, goal: float, most: int) -> tuple[Array, int]:
    """Return the correction of one cycle, and its iterations: Arnoldi's basis, turned triangular as it grows."""
    size = np.sqrt(dot(residual, residual))
    basis, images = [residual / size], []
    triangle, right = np.zeros((most + 1, most)), np.zeros(most + 1)
    right[0] = size
    turns: list[tuple[float, float]] = []
    for column in range(most):
        images.append(precondition(basis[column]))
        image = product(images[column])
        for row, direction in enumerate(basis):
            triangle[row, column] = dot(direction, image)
            image = image - triangle[row, column] * direction
        length = np.sqrt(dot(image, image))
        for row, (c, s) in enumerate(turns):
            upper, lower = triangle[row, column], triangle[row + 1, column]
            triangle[row, column], triangle[row + 1, column] = c * upper + s * lower, c * lower - s * upper
        radius = np.hypot(triangle[column, column], length)
        if not (np.isfinite(radius) and radius > 0.0):
            return np.full_like(residual, np.nan), column + 1
        c, s = triangle[column, column] / radius, length / radius
        turns.append((c, s))
        triangle[column, column] = radius
        right[column], right[column + 1] = c * right[column], -s * right[column]
        if abs(right[column + 1]) <= goal or column == most - 1 or length == 0.0:
            break
        basis.append(image / length)
    count = len(turns)
    weights = np.linalg.solve(triangle[:count, :count], right[:count])
    correction = np.zeros_like(residual)
    for weight, image in zip(weights, images, strict=True):
        correction += weight * image
    return correction, count
