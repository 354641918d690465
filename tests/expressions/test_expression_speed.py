"""A formula costs what the same line of NumPy costs."""

from __future__ import annotations

import timeit

import numpy as np
import pytest

from fieldsim.expressions import compile_expression


def best(function: object, number: int) -> float:
    return min(timeit.repeat(function, number=number, repeat=7)) / number  # type: ignore[arg-type]


@pytest.mark.slow
def test_compiling_takes_less_than_a_millisecond() -> None:
    text = "where(r > 0.1, q/(4*pi*epsilon0*r), 0) + 3*sin(pi*x)*exp(-t)"
    assert best(lambda: compile_expression(text, {"r", "q", "x", "t"}), 20) < 1e-3


@pytest.mark.slow
def test_evaluating_costs_little_more_than_numpy_by_hand() -> None:
    x, y = np.random.default_rng(1).random((2, 80, 80, 80))
    formula = compile_expression("sin(pi*x)*exp(-y)/sqrt(x**2 + y**2 + 1)", {"x", "y"})

    def by_hand() -> object:
        return np.sin(np.pi * x) * np.exp(-y) / np.sqrt(x**2 + y**2 + 1)

    np.testing.assert_allclose(formula({"x": x, "y": y}), by_hand(), rtol=1e-15)
    assert best(lambda: formula({"x": x, "y": y}), 3) < 1.5 * best(by_hand, 3)
