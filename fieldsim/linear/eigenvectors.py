"""Eigenvectors of the three-point operator of one axis in a weight, and fast products with them along an axis.

L V = w V diag(lambda), V^T w V = 1: the symmetric problem of w^(-1/2) L w^(-1/2) (Golub & Van Loan, Matrix
Computations, 2013, section 8.7).
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh_tridiagonal

from fieldsim.arrays import FloatArray
from fieldsim.linear.factors import Term

LARGEST_BASIS = 2048
# above this loss of the smallest eigenvalue it is worth more work
REFINED_ABOVE = 1e-10
_EPSILON = float(np.finfo(float).eps)
# OpenBLAS divides products above 2^18 multiplications among threads of its own: these stall where cores are shared,
# and their number changes the bits. Smaller products stay on the calling thread.
_PRODUCT = 1 << 18
_COLUMNS = 8
_BLOCK = 1 << 17
_THREADED_ABOVE = 1 << 18


@dataclass(frozen=True)
class EigenBasis:
    """Generalised eigenvectors of one axis, L V = w V diag(values), V^T w V = 1.

    `loss` bounds the relative error of the smallest eigenvalue that is not zero.
    """

    values: FloatArray
    vectors: FloatArray
    loss: float
    name: str = "eigenvectors"

    def forward(self, x: FloatArray, axis: int) -> FloatArray:
        """Return V^T x along `axis`, computed in place."""
        return multiply_along(self.vectors.T, x, axis)

    def backward(self, x: FloatArray, axis: int) -> FloatArray:
        """Return V x along `axis`, computed in place."""
        return multiply_along(self.vectors, x, axis)


def eigen_basis(term: Term, weight: FloatArray) -> EigenBasis:
    """Solve the eigenproblem of one axis with its weight; a null vector is exactly the constant.

    Where rounding of the largest eigenvalue would swamp the smallest one (strongly graded cells), the singular values
    of the differences B are taken, L = B^T B: their range is the square root of that of the eigenvalues.
    """
    root = 1.0 / np.sqrt(weight)
    singular = term.active and not term.diagonal.any()
    values, vectors = _eigenpairs(term, root)
    loss = _EPSILON * _range(values, singular=singular)
    if loss > REFINED_ABOVE and term.diagonal.min() >= 0.0:
        roots, vectors = _singular_pairs(term, root)
        values = roots**2
        loss = _EPSILON * _range(roots, singular=singular)
    vectors = vectors * root[:, None]
    if singular:
        values[0] = 0.0
        vectors[:, 0] = 1.0 / np.sqrt(weight.sum())
    return EigenBasis(values, vectors, loss)


def _eigenpairs(term: Term, root: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return ascending eigenvalues and the eigenvectors of root L root."""
    if term.periodic:
        differences = _differences(term) * root
        return np.linalg.eigh(differences.T @ differences + np.diag(term.diagonal * root**2))
    main = term.diagonal.copy()
    main[:-1] += term.couplings
    main[1:] += term.couplings
    return _three_point_pairs(main * root**2, -term.couplings * root[:-1] * root[1:])


def _singular_pairs(term: Term, root: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the ascending square roots of the eigenvalues and the eigenvectors.

    Walls and faces take turns with cells along the axis, so that [[0, B], [B^T, 0]] is a three-point matrix itself
    (Golub & Kahan, SIAM Journal on Numerical Analysis 2 (1965) 205).
    """
    n = term.size
    if not term.periodic and not term.diagonal[1:-1].any():
        links = np.empty(2 * n)
        strength = np.sqrt(term.couplings)
        links[[0, -1]] = -np.sqrt(term.diagonal[0]) * root[0], np.sqrt(term.diagonal[-1]) * root[-1]
        links[1:-1:2], links[2:-1:2] = strength * root[:-1], -strength * root[1:]
        roots, vectors = _three_point_pairs(np.zeros(2 * n + 1), links)
        return np.abs(roots[n + 1 :]), vectors[1::2, n + 1 :] * np.sqrt(2.0)
    walled = np.flatnonzero(term.diagonal)
    sides = np.zeros((walled.size, n))
    sides[np.arange(walled.size), walled] = np.sqrt(term.diagonal[walled])
    _, roots, rows = np.linalg.svd(np.vstack([_differences(term), sides]) * root)
    return np.pad(roots, (0, n - roots.size))[::-1], rows[::-1].T


def _three_point_pairs(main: FloatArray, off: FloatArray) -> tuple[FloatArray, FloatArray]:
    values, vectors = eigh_tridiagonal(main, off)
    return np.asarray(values, dtype=float), np.asarray(vectors, dtype=float)


def _differences(term: Term) -> FloatArray:
    """Return B with one row a face, sqrt(c) (u_upper - u_lower)."""
    faces = np.arange(term.couplings.size)
    matrix = np.zeros((faces.size, term.size))
    strength = np.sqrt(term.couplings)
    matrix[faces, faces] -= strength
    matrix[faces, (faces + 1) % term.size] += strength
    return matrix


def _range(values: FloatArray, *, singular: bool) -> float:
    """Return the ratio of the largest to the smallest of ascending values, the null one left out."""
    lowest = float(np.abs(values[1:] if singular else values).min())
    return float(np.abs(values).max()) / lowest if lowest > 0.0 else np.inf


def multiply_along(matrix: FloatArray, x: FloatArray, axis: int) -> FloatArray:
    """Return the product of a square matrix with x along `axis`, in place where x is contiguous.

    The work is cut into small products on at most two threads; neither changes the bits of the answer.
    """
    n = x.shape[axis]
    x = np.ascontiguousarray(x)
    outer = int(np.prod(x.shape[:axis], dtype=int))
    inner = int(np.prod(x.shape[axis + 1 :], dtype=int))
    blocks = x.reshape(outer, n, inner)
    product = _product_with(matrix)
    jobs: list[FloatArray] = []
    if inner < _COLUMNS:
        rows = max(1, _BLOCK // (n * inner))
        jobs = [blocks[start : start + rows] for start in range(0, outer, rows)]

        def run(job: FloatArray) -> None:
            lines = job.transpose(1, 0, 2).reshape(n, -1)
            job[...] = product(lines).reshape(n, -1, inner).transpose(1, 0, 2)

    else:
        width = max(_COLUMNS, _BLOCK // n // _COLUMNS * _COLUMNS)
        jobs = [block[:, start : start + width] for block in blocks for start in range(0, inner, width)]

        def run(job: FloatArray) -> None:
            job[...] = product(job)

    if x.size < _THREADED_ABOVE:
        for job in jobs:
            run(job)
    else:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(run, jobs))
    return x


def _product_with(matrix: FloatArray) -> Callable[[FloatArray], FloatArray]:
    """Return the product with `matrix` as many small ones: some rows of it times a few columns."""
    n = matrix.shape[0]
    height = min(n, max(1, _PRODUCT // (_COLUMNS * n)))
    parts = -(-n // height)
    bands = np.zeros((parts, 1, height, n))
    bands.reshape(parts * height, n)[:n] = matrix

    def product(columns: FloatArray) -> FloatArray:
        count = columns.shape[1]
        whole = count // _COLUMNS * _COLUMNS
        result = np.empty((n, count))
        # the few columns that are left over are padded, so that each column goes through the same product
        for start, stop in ((0, whole), (whole, count)):
            if start == stop:
                continue
            used = columns[:, start:stop]
            if stop - start < _COLUMNS:
                used = np.pad(used, ((0, 0), (0, _COLUMNS - (stop - start))))
            groups = used.reshape(n, -1, _COLUMNS).transpose(1, 0, 2)
            made = np.matmul(bands, groups)
            flat = made.transpose(0, 2, 1, 3).reshape(parts * height, -1)
            result[:, start:stop] = flat[:n, : stop - start]
        return result

    return product
