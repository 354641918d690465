"""Functions that a formula may call: elementwise NumPy or SciPy functions with their numbers of arguments.

`where(condition, a, b)` is listed for its meaning; the compiler builds it itself, as it does `a if c else b`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from types import MappingProxyType
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Function:
    """One function of the language: what is called, how many arguments it takes, what it means."""

    name: str
    call: Callable[..., Any]
    least: int
    most: int | None
    meaning: str

    def __call__(self, *arguments: Any) -> Any:
        """Evaluate the function."""
        return self.call(*arguments)


def _special(name: str) -> Callable[..., Any]:
    """Return a function of scipy.special that is imported when it is first called."""

    def call(*arguments: Any) -> Any:
        return getattr(importlib.import_module("scipy.special"), name)(*arguments)

    return call


def _minimum(*arguments: Any) -> Any:
    return reduce(np.minimum, arguments)


def _maximum(*arguments: Any) -> Any:
    return reduce(np.maximum, arguments)


def _hypot(*arguments: Any) -> Any:
    return reduce(np.hypot, arguments)


def _heaviside(value: Any, at_zero: Any = 0.5) -> Any:
    return np.heaviside(value, at_zero)


def _clip(value: Any, low: Any, high: Any) -> Any:
    return np.minimum(np.maximum(value, low), high)


_ONE_ARGUMENT: tuple[tuple[str, Callable[..., Any], str], ...] = (
    ("sin", np.sin, "sine of an angle in radians"),
    ("cos", np.cos, "cosine of an angle in radians"),
    ("tan", np.tan, "tangent of an angle in radians"),
    ("asin", np.arcsin, "inverse sine, in [-pi/2, pi/2]"),
    ("acos", np.arccos, "inverse cosine, in [0, pi]"),
    ("atan", np.arctan, "inverse tangent, in [-pi/2, pi/2]"),
    ("arcsin", np.arcsin, "inverse sine, as asin"),
    ("arccos", np.arccos, "inverse cosine, as acos"),
    ("arctan", np.arctan, "inverse tangent, as atan"),
    ("sinh", np.sinh, "hyperbolic sine"),
    ("cosh", np.cosh, "hyperbolic cosine"),
    ("tanh", np.tanh, "hyperbolic tangent"),
    ("asinh", np.arcsinh, "inverse hyperbolic sine"),
    ("acosh", np.arccosh, "inverse hyperbolic cosine"),
    ("atanh", np.arctanh, "inverse hyperbolic tangent"),
    ("exp", np.exp, "exponential"),
    ("expm1", np.expm1, "exp(x) - 1, accurate near 0"),
    ("log", np.log, "natural logarithm"),
    ("log10", np.log10, "decimal logarithm"),
    ("log2", np.log2, "binary logarithm"),
    ("log1p", np.log1p, "log(1 + x), accurate near 0"),
    ("sqrt", np.sqrt, "square root"),
    ("cbrt", np.cbrt, "real cube root"),
    ("abs", np.absolute, "absolute value"),
    ("sign", np.sign, "-1, 0 or 1"),
    ("floor", np.floor, "largest integer not above x"),
    ("ceil", np.ceil, "smallest integer not below x"),
    ("round", np.rint, "nearest integer, halves to even"),
    ("radians", np.radians, "degrees to radians"),
    ("degrees", np.degrees, "radians to degrees"),
    ("erf", _special("erf"), "error function"),
    ("erfc", _special("erfc"), "complementary error function"),
    ("gamma", _special("gamma"), "gamma function"),
    ("j0", _special("j0"), "Bessel function of the first kind, order 0"),
    ("j1", _special("j1"), "Bessel function of the first kind, order 1"),
    ("y0", _special("y0"), "Bessel function of the second kind, order 0"),
    ("y1", _special("y1"), "Bessel function of the second kind, order 1"),
    ("i0", _special("i0"), "modified Bessel function of the first kind, order 0"),
    ("i1", _special("i1"), "modified Bessel function of the first kind, order 1"),
    ("k0", _special("k0"), "modified Bessel function of the second kind, order 0"),
    ("k1", _special("k1"), "modified Bessel function of the second kind, order 1"),
)

_MORE_ARGUMENTS: tuple[Function, ...] = (
    Function("atan2", np.arctan2, 2, 2, "angle of the point (x, y), written atan2(y, x)"),
    Function("arctan2", np.arctan2, 2, 2, "angle of a point, as atan2(y, x)"),
    Function("min", _minimum, 2, None, "smallest of the arguments, cell by cell"),
    Function("max", _maximum, 2, None, "largest of the arguments, cell by cell"),
    Function("clip", _clip, 3, 3, "clip(x, low, high): x held between two bounds"),
    Function("hypot", _hypot, 2, None, "root of the sum of squares"),
    Function("heaviside", _heaviside, 1, 2, "0 below 0, 1 above, at 0 one half or the second argument"),
    Function("step", _heaviside, 1, 2, "as heaviside"),
    Function("where", np.where, 3, 3, "where(condition, a, b): a where the condition holds, else b"),
)

FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {name: Function(name, call, 1, 1, meaning) for name, call, meaning in _ONE_ARGUMENT}
    | {entry.name: entry for entry in _MORE_ARGUMENTS}
)
