"""Numbers that carry their gradient through a formula: exact derivatives without differences.

    (a, a') + (b, b') = (a + b, a' + b'),  (a, a') (b, b') = (a b, a' b + a b'),  f(a, a') = (f(a), f'(a) a')
At a kink the middle of the one-sided slopes is taken (abs, max, r at the origin); jumps have slope zero.
Source: Griewank and Walther, Evaluating Derivatives, 2nd ed., SIAM (2008), chapter 3, forward mode.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial, reduce
from importlib import import_module
from types import MappingProxyType
from typing import Any

import numpy as np

from fieldsim.errors import ExpressionError, must
from fieldsim.expressions import FUNCTIONS
from fieldsim.potentials.checks import FloatArray

Slope = Callable[[FloatArray], Any]


@dataclass(frozen=True, eq=False)
class Dual:
    """A value (n,) with its slopes (axes, n); plain numbers and arrays (n,) have slopes zero."""

    value: FloatArray
    slopes: FloatArray

    # numpy must leave `array * dual` to the dual
    __array_ufunc__ = None

    def __add__(self, other: Any) -> Dual:
        """Add."""
        if isinstance(other, Dual):
            return Dual(self.value + other.value, self.slopes + other.slopes)
        return Dual(self.value + other, self.slopes)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Dual:
        """Subtract."""
        return self.__add__(-other)

    def __rsub__(self, other: Any) -> Dual:
        """Subtract from a number."""
        return (-self).__add__(other)

    def __mul__(self, other: Any) -> Dual:
        """Multiply by the product rule."""
        if isinstance(other, Dual):
            return Dual(self.value * other.value, self.slopes * other.value + other.slopes * self.value)
        return Dual(self.value * other, self.slopes * other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Dual:
        """Divide by the quotient rule."""
        if isinstance(other, Dual):
            ratio = self.value / other.value
            return Dual(ratio, (self.slopes - ratio * other.slopes) / other.value)
        return Dual(self.value / other, self.slopes / other)

    def __rtruediv__(self, other: Any) -> Dual:
        """Divide a number."""
        ratio = other / self.value
        return Dual(ratio, -ratio / self.value * self.slopes)

    def __floordiv__(self, other: Any) -> Dual:
        """Divide and round down: flat between its jumps."""
        return Dual(self.value // _value(other), np.zeros_like(self.slopes))

    def __rfloordiv__(self, other: Any) -> Dual:
        """Divide a number and round down."""
        return Dual(other // self.value, np.zeros_like(self.slopes))

    def __mod__(self, other: Any) -> Dual:
        """Take the remainder, a - b floor(a / b)."""
        whole = self.value // _value(other)
        return Dual(self.value % _value(other), (self - whole * other).slopes)

    def __rmod__(self, other: Any) -> Dual:
        """Take the remainder of a number."""
        return Dual(other % self.value, -(other // self.value) * self.slopes)

    def __pow__(self, power: Any) -> Dual:
        """Raise to a power."""
        if isinstance(power, Dual):
            value = self.value**power.value
            slopes = power.value * self.value ** (power.value - 1.0) * self.slopes
            return Dual(value, slopes + value * np.log(self.value) * power.slopes)
        # 0 times the infinity of a^-1 at a = 0 must not blank a formula that is the number 1
        if np.ndim(power) == 0 and power == 0:
            return Dual(np.ones_like(self.value), np.zeros_like(self.slopes))
        exponent = np.float64(power) if np.ndim(power) == 0 else power
        return Dual(self.value**exponent, exponent * self.value ** (exponent - 1.0) * self.slopes)

    def __rpow__(self, base: Any) -> Dual:
        """Raise a number to this power."""
        value = np.asarray(base, dtype=np.float64) ** self.value
        return Dual(value, value * np.log(base) * self.slopes)

    def __neg__(self) -> Dual:
        """Turn the sign."""
        return Dual(-self.value, -self.slopes)

    def __pos__(self) -> Dual:
        """Return the same."""
        return self

    def __lt__(self, other: Any) -> Any:
        """Compare values."""
        return self.value < _value(other)

    def __le__(self, other: Any) -> Any:
        """Compare values."""
        return self.value <= _value(other)

    def __gt__(self, other: Any) -> Any:
        """Compare values."""
        return self.value > _value(other)

    def __ge__(self, other: Any) -> Any:
        """Compare values."""
        return self.value >= _value(other)

    def __eq__(self, other: object) -> Any:
        """Compare values, cell by cell."""
        return self.value == _value(other)

    def __ne__(self, other: object) -> Any:
        """Compare values, cell by cell."""
        return self.value != _value(other)

    __hash__ = None  # type: ignore[assignment]


def _value(thing: Any) -> Any:
    return thing.value if isinstance(thing, Dual) else thing


def _through(call: Callable[..., Any], slope: Slope, argument: Any) -> Any:
    """Apply a function of one argument by the chain rule."""
    if not isinstance(argument, Dual):
        return call(argument)
    return Dual(call(argument.value), slope(argument.value) * argument.slopes)


def _special(name: str, *arguments: Any) -> Any:
    """Call a function of scipy.special, which takes long to import and is rarely needed."""
    return getattr(import_module("scipy.special"), name)(*arguments)


def _flat(x: FloatArray) -> FloatArray:
    return np.zeros_like(x)


def _cube_root_slope(x: FloatArray) -> FloatArray:
    return np.asarray(1.0 / (3.0 * np.cbrt(x) ** 2))


# derivatives of the functions of one argument: Abramowitz and Stegun, chapters 4, 6, 7 and 9
_SLOPES: Mapping[str, Slope] = MappingProxyType(
    {
        "sin": np.cos,
        "cos": lambda x: -np.sin(x),
        "tan": lambda x: 1.0 + np.tan(x) ** 2,
        "asin": lambda x: 1.0 / np.sqrt((1.0 - x) * (1.0 + x)),
        "acos": lambda x: -1.0 / np.sqrt((1.0 - x) * (1.0 + x)),
        "atan": lambda x: 1.0 / (1.0 + x * x),
        "sinh": np.cosh,
        "cosh": np.sinh,
        "tanh": lambda x: 1.0 / np.cosh(x) ** 2,
        "asinh": lambda x: 1.0 / np.hypot(x, 1.0),
        "acosh": lambda x: 1.0 / np.sqrt((x - 1.0) * (x + 1.0)),
        "atanh": lambda x: 1.0 / ((1.0 - x) * (1.0 + x)),
        "exp": np.exp,
        "expm1": np.exp,
        "log": lambda x: np.where(x < 0.0, np.nan, 1.0 / x),
        "log10": lambda x: np.where(x < 0.0, np.nan, 1.0 / (np.log(10.0) * x)),
        "log2": lambda x: np.where(x < 0.0, np.nan, 1.0 / (np.log(2.0) * x)),
        "log1p": lambda x: np.where(x < -1.0, np.nan, 1.0 / (1.0 + x)),
        "sqrt": lambda x: 0.5 / np.sqrt(x),
        "cbrt": _cube_root_slope,
        "abs": np.sign,
        "sign": _flat,
        "floor": _flat,
        "ceil": _flat,
        "round": _flat,
        "radians": lambda x: np.full_like(x, np.pi / 180.0),
        "degrees": lambda x: np.full_like(x, 180.0 / np.pi),
        "erf": lambda x: 2.0 / np.sqrt(np.pi) * np.exp(-x * x),
        "erfc": lambda x: -2.0 / np.sqrt(np.pi) * np.exp(-x * x),
        "gamma": lambda x: _special("gamma", x) * _special("psi", x),
        "j0": lambda x: -_special("j1", x),
        "j1": lambda x: 0.5 * (_special("j0", x) - _special("jv", 2, x)),
        "y0": lambda x: -_special("y1", x),
        "y1": lambda x: 0.5 * (_special("y0", x) - _special("yn", 2, x)),
        "i0": lambda x: _special("i1", x),
        "i1": lambda x: 0.5 * (_special("i0", x) + _special("iv", 2, x)),
        "k0": lambda x: -_special("k1", x),
        "k1": lambda x: -0.5 * (_special("k0", x) + _special("kn", 2, x)),
    }
)
_SAME = MappingProxyType({"arcsin": "asin", "arccos": "acos", "arctan": "atan", "step": "heaviside"})


def where(condition: Any, yes: Any, no: Any) -> Any:
    """Choose cell by cell, value and slopes alike."""
    if not isinstance(yes, Dual) and not isinstance(no, Dual):
        return np.where(condition, yes, no)
    slopes = [part.slopes if isinstance(part, Dual) else 0.0 for part in (yes, no)]
    value = np.where(condition, _value(yes), _value(no))
    like = yes.slopes if isinstance(yes, Dual) else no.slopes
    return Dual(np.broadcast_to(value, like.shape[1:]), np.where(condition, slopes[0], slopes[1]))


def _lesser(a: Any, b: Any) -> Any:
    tied = _value(a) == _value(b)
    return where(tied, 0.5 * (a + b), where(_value(a) < _value(b), a, b))


def _greater(a: Any, b: Any) -> Any:
    return -_lesser(-a, -b)


def _heaviside(argument: Any, at_zero: Any = 0.5) -> Any:
    return np.heaviside(_value(argument), _value(at_zero))


def hypot(*arguments: Any) -> Any:
    """Return the root of the sum of squares; slope zero where all vanish."""
    value = reduce(np.hypot, [_value(part) for part in arguments])
    safe = np.where(value == 0.0, 1.0, value)
    total = sum((_value(p) / safe) * p.slopes for p in arguments if isinstance(p, Dual))
    return Dual(value, total) if isinstance(total, np.ndarray) else value


def atan2(y: Any, x: Any) -> Any:
    """Return the angle of the point (x, y)."""
    value = np.arctan2(_value(y), _value(x))
    if not isinstance(y, Dual) and not isinstance(x, Dual):
        return value
    squared = _value(x) ** 2 + _value(y) ** 2
    slopes: Any = 0.0
    if isinstance(y, Dual):
        slopes = slopes + (_value(x) / squared) * y.slopes
    if isinstance(x, Dual):
        slopes = slopes - (_value(y) / squared) * x.slopes
    return Dual(value, slopes)


def _unknown(name: str, *arguments: Any) -> Any:
    remedy = f"The derivative of {name} is not known: give `gradient` as formulas."
    raise ExpressionError(must("expression", "of functions with known derivatives", name, remedy))


_MORE: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        "where": where,
        "hypot": hypot,
        "atan2": atan2,
        "arctan2": atan2,
        "min": lambda *arguments: reduce(_lesser, arguments),
        "max": lambda *arguments: reduce(_greater, arguments),
        "clip": lambda x, low, high: _lesser(_greater(x, low), high),
        "heaviside": _heaviside,
        "step": _heaviside,
    }
)


def _dual_function(name: str) -> Callable[..., Any]:
    if name in _MORE:
        return _MORE[name]
    slope = _SLOPES.get(_SAME.get(name, name))
    return partial(_unknown, name) if slope is None else partial(_through, FUNCTIONS[name].call, slope)


DUAL_FUNCTIONS: Mapping[str, Callable[..., Any]] = MappingProxyType({name: _dual_function(name) for name in FUNCTIONS})
"""The function table of the expression language, for numbers that carry slopes."""
