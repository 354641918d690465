"""Flexible GMRES against elimination, with preconditioners that change and systems that have no answer."""

from __future__ import annotations

import numpy as np
import pytest

from fieldsim.linear.gmres import flexible_gmres


def system(n=40):
    generator = np.random.default_rng(5)
    matrix = np.eye(n) + 0.4 * generator.standard_normal((n, n)) / np.sqrt(n)
    return matrix, generator.standard_normal(n)


@pytest.mark.parametrize("restart", [5, 30])
def test_the_answer_is_that_of_elimination(restart):
    matrix, b = system()
    x, count, left = flexible_gmres(matrix.dot, b, lambda r: r, rtol=1e-11, limit=300, restart=restart)
    assert left <= 1e-11
    assert count >= 5
    np.testing.assert_allclose(x, np.linalg.solve(matrix, b), rtol=0, atol=1e-9)
    assert left == pytest.approx(np.linalg.norm(b - matrix @ x) / np.linalg.norm(b), rel=1e-6)


def test_the_preconditioner_may_change():
    matrix, b = system()
    calls = []

    def precondition(r):
        calls.append(1)
        return r * (1.0 + 0.3 * (len(calls) % 3))

    x, _, left = flexible_gmres(matrix.dot, b, precondition, rtol=1e-11, limit=100)
    assert left <= 1e-11
    np.testing.assert_allclose(x, np.linalg.solve(matrix, b), atol=1e-9)


def test_an_exact_preconditioner_takes_one_step():
    matrix, b = system()
    inverse = np.linalg.inv(matrix)
    assert flexible_gmres(matrix.dot, b, inverse.dot, rtol=1e-10, limit=9)[1] == 1


def test_nought_gives_nought():
    x, count, left = flexible_gmres(lambda v: v, np.zeros(3), lambda r: r, rtol=1e-8, limit=9)
    assert (x.tolist(), count, left) == ([0.0, 0.0, 0.0], 0, 0.0)


@pytest.mark.parametrize(
    "matrix", [np.zeros((3, 3)), np.diag([1.0, 1.0, 0.0]), np.full((3, 3), np.nan)], ids=["0", "rank", "nan"]
)
def test_a_system_without_an_answer_says_so(matrix):
    """The true residual stays large, or is not finite: it never passes for solved."""
    left = flexible_gmres(matrix.dot, np.array([0.0, 0.0, 1.0]), lambda r: r, rtol=1e-8, limit=20)[2]
    assert not left < 0.5
