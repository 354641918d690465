"""Preconditioned Krylov iterations on flat arrays, for matrices that are stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import linalg

Array = NDArray[np.float64]
Map = Callable[[Array], Array]


def dot(a: Array, b: Array) -> float:
    """Return the scalar product, always summed in the same order.

    A threaded BLAS would give other bits for another number of threads, and stall where threads compete.
    """
    return float(np.einsum("i,i->", a, b))


def conjugate_gradients(
    product: Map, b: Array, guess: Array | None, precondition: Map, *, rtol: float, limit: int
) -> tuple[Array, int]:
    """Return (x, iterations) once |b - A x| <= rtol |b| by the recurrence, or after `limit` iterations.

    Flexible conjugate gradients (Notay, SIAM Journal on Scientific Computing 22, 2000). The caller recomputes
    the true residual: the recurrence drifts from it by rounding.
    """
    x = np.zeros_like(b) if guess is None else guess.copy()
    residual = b - product(x)
    goal = rtol**2 * dot(b, b)
    if dot(residual, residual) <= goal:
        return x, 0
    z = precondition(residual)
    direction, work = z, dot(residual, z)
    for iteration in range(1, limit + 1):
        image = product(direction)
        energy = dot(direction, image)
        if not (energy > 0.0 and np.isfinite(work)):
            return x, iteration
        length = work / energy
        x += length * direction
        change = -length * image
        residual += change
        if dot(residual, residual) <= goal:
            return x, iteration
        z = precondition(residual)
        weight = dot(z, change) / work
        work = dot(residual, z)
        direction = z + weight * direction
    return x, limit


def bicgstab(
    product: Map, b: Array, guess: Array | None, precondition: Map, *, rtol: float, limit: int
) -> tuple[Array, int]:
    """Return (x, iterations) of SciPy's BiCGSTAB, for matrices that are not symmetric."""
    count = 0

    def tick(_: Any) -> None:
        nonlocal count
        count += 1

    shape = (b.size, b.size)
    matrix = linalg.LinearOperator(shape, matvec=product, dtype=float)
    cycle = linalg.LinearOperator(shape, matvec=precondition, dtype=float)
    # its test for a breakdown is absolute: a small right-hand side would stop it at once
    size = float(np.sqrt(dot(b, b)))
    size = size if size > 0.0 else 1.0
    x, _ = linalg.bicgstab(
        matrix,
        b / size,
        x0=None if guess is None else guess / size,
        rtol=rtol,
        atol=0.0,
        maxiter=limit,
        M=cycle,
        callback=tick,
    )
    return size * x, count
