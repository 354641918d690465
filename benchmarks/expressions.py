"""Speed of formulas, as multiples of the same line of NumPy written by hand in the same run."""

from __future__ import annotations

import numpy as np
from machine import describe, median_time

from fieldsim.expressions import compile_expression


def main() -> None:
    """Print the ratios, and the time to compile a typical formula."""
    x, y = np.random.default_rng(1).random((2, 128, 128, 128))
    cases = {
        "sin(pi*x)*exp(-y)/sqrt(x**2 + y**2 + 1)": lambda: np.sin(np.pi * x) * np.exp(-y) / np.sqrt(x**2 + y**2 + 1),
        "x**2*y + 3*y**3": lambda: x**2 * y + 3 * y**3,
    }
    print(describe())
    for text, by_hand in cases.items():
        formula = compile_expression(text, {"x", "y"})
        ratio = median_time(lambda f=formula: f({"x": x, "y": y})) / median_time(by_hand)
        print(f"{text:45s} {ratio:6.2f} times NumPy by hand")
    text = "where(r > 0.1, q/(4*pi*epsilon0*r), 0) + 3*sin(pi*x)*exp(-t)"
    print(f"compiling {text}: {median_time(lambda: compile_expression(text, {'r', 'q', 'x', 't'})) * 1e3:.2f} ms")


if __name__ == "__main__":
    main()
