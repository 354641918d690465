"""A tracer for metric formulas: call a coordinate system with symbols and get its formula back.

A Product is coefficient * prod atom^power; an atom is a Symbol, a Call of a function, or a Sum of products. Products
multiply by adding powers, so that common factors cancel as they do in a textbook. Sums are never multiplied out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import inf, pi
from numbers import Real
from typing import Any, TypeAlias

import numpy as np

from fieldsim.errors import InvalidInput, must

# A power read from a float such as 1/3 is the fraction with at most this denominator.
_LARGEST_ROOT = 64


@dataclass(frozen=True)
class Symbol:
    """A coordinate or a parameter, with the range of its values and its place among the others in print."""

    name: str
    place: int = 0
    low: float = -inf
    high: float = inf


@dataclass(frozen=True)
class Call:
    """A function of one argument."""

    function: str
    argument: Product


@dataclass(frozen=True)
class Sum:
    """A sum of two products or more."""

    terms: frozenset[Product]


Atom: TypeAlias = Symbol | Call | Sum


@dataclass(frozen=True)
class Product:
    """coefficient * prod atom^power: what a coordinate system computes with instead of arrays."""

    coefficient: float
    powers: frozenset[tuple[Atom, Fraction]] = frozenset()

    def __mul__(self, other: object) -> Product:
        factor = _as_product(other)
        if factor is None:
            return NotImplemented
        joined = dict(self.powers)
        for atom, power in factor.powers:
            joined[atom] = joined.get(atom, Fraction(0)) + power
        return _product(self.coefficient * factor.coefficient, joined)

    __rmul__ = __mul__

    def __pow__(self, exponent: object) -> Product:
        if not isinstance(exponent, Real):
            return NotImplemented
        power = Fraction(float(exponent)).limit_denominator(_LARGEST_ROOT)
        result = _number(self.coefficient ** float(exponent) if self.coefficient != 1.0 else 1.0)
        for atom, own in self.powers:
            # (x^2)^(1/2) is |x|.
            lost_sign = own % 2 == 0 and (own * power) % 2 != 0 and not never_negative(atom)
            base: Atom = Call("abs", of(atom)) if lost_sign else atom
            result = result * _product(1.0, {base: own * power})
        return result

    def __truediv__(self, other: object) -> Product:
        factor = _as_product(other)
        return NotImplemented if factor is None else self * factor**-1

    def __rtruediv__(self, other: object) -> Product:
        factor = _as_product(other)
        return NotImplemented if factor is None else factor * self**-1

    def __add__(self, other: object) -> Product:
        term = _as_product(other)
        return NotImplemented if term is None else _total((self, term))

    __radd__ = __add__

    def __neg__(self) -> Product:
        return self * -1.0

    def __pos__(self) -> Product:
        return self

    def __sub__(self, other: object) -> Product:
        term = _as_product(other)
        return NotImplemented if term is None else _total((self, -term))

    def __rsub__(self, other: object) -> Product:
        return -self + other

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: object, **options: object) -> Product:
        """Record a NumPy function of symbols; raises InvalidInput for one that has no formula here."""
        arguments = [_as_product(value) for value in inputs]
        name = ufunc.__name__
        if method == "__call__" and not options and None not in arguments:
            if name in _ARITHMETIC:
                # A power has a number for its exponent: the raw inputs, not products, are what it needs.
                return _ARITHMETIC[name](*(inputs if name == "power" else arguments))
            if name in FUNCTIONS:
                return _call(name, arguments[0])
        known = ", ".join(sorted({*_ARITHMETIC, *FUNCTIONS}))
        raise InvalidInput(must("scale_factors", f"made of + - * / ** and {known}", name, "Write it with these."))

    def depends_on(self, name: str) -> bool:
        """Tell whether the symbol called `name` occurs."""
        return any(_mentions(atom, name) for atom, _ in self.powers)

    def split(self, name: str) -> tuple[Product, Product]:
        """Return the factors that depend on a symbol, and the others with the coefficient."""
        own = {atom: power for atom, power in self.powers if _mentions(atom, name)}
        rest = {atom: power for atom, power in self.powers if atom not in own}
        return _product(1.0, own), _product(self.coefficient, rest)


FUNCTIONS = ("sin", "cos", "tan", "sinh", "cosh", "tanh", "exp", "log", "absolute")
_ARITHMETIC: dict[str, Callable[..., Product]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "power": lambda a, b: a**b,
    "negative": lambda a: -a,
    "positive": lambda a: a,
    "square": lambda a: a**2,
    "sqrt": lambda a: a**0.5,
    "reciprocal": lambda a: a**-1,
    "hypot": lambda a, b: (a**2 + b**2) ** 0.5,
}


def symbol(name: str, place: int, low: float = -inf, high: float = inf) -> Product:
    """Return a coordinate or parameter to compute with."""
    return of(Symbol(name, place, low, high))


def of(atom: Atom) -> Product:
    """Return the product that is one atom."""
    return Product(1.0, frozenset({(atom, Fraction(1))}))


def traced(value: object, where: str) -> Product:
    """Return what a traced function gave, as a product; raises InvalidInput if it left the tracer."""
    result = _as_product(value)
    if result is None:
        raise InvalidInput(must(where, "a formula of the coordinates", value, "Use arithmetic and NumPy functions."))
    return result


def common_factor(products: Iterable[Product]) -> Product:
    """Return the factors that all products share (coefficients only where they are of equal size)."""
    several = list(products)
    sizes = {abs(p.coefficient) for p in several}
    tables = [dict(p.powers) for p in several]
    shared: dict[Atom, Fraction] = {}
    for atom in tables[0]:
        powers = [table.get(atom, Fraction(0)) for table in tables]
        if min(powers) > 0:
            shared[atom] = min(powers)
        elif max(powers) < 0:
            shared[atom] = max(powers)
    return _product(sizes.pop() if len(sizes) == 1 else 1.0, shared)


def never_negative(atom: Atom) -> bool:
    """Tell whether an atom is known not to be negative on the ranges of its symbols."""
    if isinstance(atom, Symbol):
        return atom.low >= 0.0
    if isinstance(atom, Sum):
        return False
    if atom.function in ("cosh", "exp", "abs"):
        return True
    inner = dict(atom.argument.powers)
    if atom.argument.coefficient != 1.0 or len(inner) != 1:
        return False
    (argument, power) = next(iter(inner.items()))
    if power != 1 or not isinstance(argument, Symbol):
        return False
    positive = argument.low >= 0.0
    return positive and (atom.function in ("sinh", "tanh") or (atom.function == "sin" and argument.high <= pi))


def _call(name: str, argument: Any) -> Product:
    """Return a function of a product; of a number, the number."""
    if not argument.powers:
        return _number(float(getattr(np, name)(argument.coefficient)))
    return of(Call("abs" if name == "absolute" else name, argument))


def _as_product(value: object) -> Product | None:
    if isinstance(value, Product):
        return value
    if isinstance(value, np.ndarray) and value.ndim == 0 and value.dtype != object:
        return _number(float(value))
    return _number(float(value)) if isinstance(value, Real) else None


def _number(value: float) -> Product:
    return Product(float(value))


def _product(coefficient: float, powers: dict[Atom, Fraction]) -> Product:
    """Return a product without atoms of power zero."""
    kept = frozenset((atom, power) for atom, power in powers.items() if power != 0)
    return Product(float(coefficient), kept if coefficient else frozenset())


def _total(products: Iterable[Product]) -> Product:
    """Return a sum with like terms collected and the common factor in front."""
    coefficients: dict[frozenset[tuple[Atom, Fraction]], float] = {}
    for term in (part for product in products for part in _addends(product)):
        coefficients[term.powers] = coefficients.get(term.powers, 0.0) + term.coefficient
    terms = [Product(c, powers) for powers, c in coefficients.items() if c != 0.0]
    if len(terms) < 2:
        return terms[0] if terms else _number(0.0)
    front = common_factor(terms)
    rest = [part for term in terms for part in _addends(term / front)]
    return front * (_total(rest) if len(rest) > len(terms) else of(Sum(frozenset(rest))))


def _addends(product: Product) -> list[Product]:
    """Return the terms of a product that is a number times one sum, or the product itself."""
    if len(product.powers) == 1:
        (atom, power) = next(iter(product.powers))
        if isinstance(atom, Sum) and power == 1:
            return [term * product.coefficient for term in atom.terms]
    return [product]


def _mentions(atom: Atom, name: str) -> bool:
    if isinstance(atom, Symbol):
        return atom.name == name
    if isinstance(atom, Call):
        return atom.argument.depends_on(name)
    return any(term.depends_on(name) for term in atom.terms)
