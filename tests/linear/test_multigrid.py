"""Geometric multigrid against sparse elimination: jumps, strong anisotropy, rings; and the symmetry of its cycle."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse.linalg import spsolve

from fieldsim.linear import GridOperator
from fieldsim.linear.multigrid import GeometricMultigrid


def operator(shape, *, periodic=None, contrast=1.0, stretch=1.0, held=1.0, seed=0):
    """Return couplings that jump by `contrast` and differ by `stretch` between axes, held at the first cells."""
    random = np.random.default_rng(seed)
    periodic = periodic or (False,) * len(shape)
    couplings = []
    for axis, ring in enumerate(periodic):
        faces = [n - (k == axis and not ring) for k, n in enumerate(shape)]
        couplings.append(stretch**axis * contrast ** random.uniform(0.0, 1.0, faces))
    diagonal = np.zeros(shape)
    diagonal[0] = held
    return GridOperator(diagonal, tuple(couplings), periodic)


CASES = {
    "line": operator((40,)),
    "plane": operator((33, 20)),
    "jumps of a million": operator((24, 17), contrast=1e6),
    "flat cells": operator((16, 12, 9), stretch=1e3),
    "ring": operator((12, 16), periodic=(False, True)),
    "odd ring": operator((9, 15), periodic=(False, True)),
    "box": operator((12, 10, 11), contrast=100.0),
}


@pytest.mark.parametrize("name", CASES)
def test_it_gives_the_answer_of_elimination(name: str) -> None:
    A = CASES[name]
    b = np.random.default_rng(1).standard_normal(A.shape)
    x, _, _ = GeometricMultigrid(A).solve(b, rtol=1e-12)
    matrix = A.matrix()
    truth = spsolve(matrix.tocsc(), b.ravel())
    # What rounding alone leaves of b - A x, as for a backward stable elimination (Higham, section 7.1).
    rounding = 50 * np.finfo(float).eps * abs(matrix).max() * np.linalg.norm(truth)
    assert np.linalg.norm(A.apply(x.reshape(A.shape)) - b) <= 1e-10 * np.linalg.norm(b) + rounding
    assert np.linalg.norm(x.ravel() - truth) <= 1e-6 * np.linalg.norm(truth)


@pytest.mark.parametrize("name", CASES)
def test_the_cycle_is_symmetric(name: str) -> None:
    """Conjugate gradients need x . My = y . Mx of their preconditioner (Saad, Iterative Methods, section 9.2)."""
    A = CASES[name]
    cycle = GeometricMultigrid(A)
    x, y = np.random.default_rng(2).standard_normal((2, *A.shape))
    forth, back = (np.vdot(x, cycle.apply(y)), np.vdot(y, cycle.apply(x)))
    # the cycle runs in single precision
    size = np.linalg.norm(x) * np.linalg.norm(cycle.apply(y))
    assert abs(forth - back) <= 1e-5 * size
