"""A number that a user gives over a place: a constant, a quantity with a unit, an array, or a formula.

A formula may use the coordinates of the place and the time t; it is compiled once and evaluated at each t.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from fieldsim.arrays import FloatArray, frozen
from fieldsim.errors import ExpressionError, InvalidInput, NumericalFailure, must
from fieldsim.expressions import Expression, compile_expression
from fieldsim.units import looks_like_quantity, parse_quantity

Number: TypeAlias = float | str | npt.ArrayLike

TIME = "t"


@dataclass(frozen=True)
class Place:
    """Where a number is needed: how many values, what a formula may use there, and what to call it.

    `coordinates` returns the named coordinates broadcastable to `shape`; `noun` is "cell" or "face".
    """

    shape: tuple[int, ...]
    names: frozenset[str]
    coordinates: Callable[[Collection[str]], Mapping[str, FloatArray]]
    noun: str = "cell"


@dataclass(frozen=True)
class Given:
    """A number over a place, ready to be evaluated at a time: `values(t)` has the place's shape."""

    name: str
    place: Place
    constant: FloatArray | None
    expression: Expression | None = None
    coordinates: Mapping[str, FloatArray] = field(default_factory=dict)

    @property
    def varies(self) -> bool:
        """Whether the number depends on time."""
        return self.expression is not None

    def values(self, t: float) -> FloatArray:
        """Return the values at time `t` (s), finite; raises NumericalFailure naming the first bad cell."""
        if self.expression is None:
            return self.constant if self.constant is not None else frozen(np.zeros(self.place.shape))
        result = _spread(self.expression({**self.coordinates, TIME: t}), self.place, self.name)
        _check_finite(result, self.name, self.place, f" at t = {t:.6g} s")
        return result


def read_given(what: Number, place: Place, *, unit: str, name: str, time: bool = True) -> Given:
    """Read a number over `place`: 5.0, "5 cm" (in `unit`), an array of the place's shape, "sin(x)*exp(-t)".

    `unit` is the SI unit expected; with `time` false a formula may not use t. Raises InvalidInput,
    ExpressionError, UnitsError, and NumericalFailure where a value is not finite.
    """
    if isinstance(what, str) and not looks_like_quantity(what):
        return _formula(what, place, name, time=time)
    if isinstance(what, str):
        what = parse_quantity(what, unit, name=name)
    try:
        array = np.asarray(what)
    except (TypeError, ValueError) as error:
        raise InvalidInput(_not_a_number(name, what)) from error
    if array.dtype.kind not in "fiu" or isinstance(what, np.ma.MaskedArray):
        raise InvalidInput(_not_a_number(name, what))
    constant = _spread(array.astype(float), place, name)
    _check_finite(constant, name, place, "")
    return Given(name, place, constant)


def _formula(text: str, place: Place, name: str, *, time: bool) -> Given:
    allowed = place.names | {TIME} if time else place.names
    if not time:
        _refuse_time(text, place, name)
    expression = compile_expression(text, allowed, where=name)
    coordinates = dict(place.coordinates(expression.names - {TIME}))
    if TIME in expression.names:
        return Given(name, place, None, expression, coordinates)
    constant = _spread(expression(coordinates), place, name)
    _check_finite(constant, name, place, "")
    return Given(name, place, constant)


def _refuse_time(text: str, place: Place, name: str) -> None:
    """Say plainly that t is not allowed, instead of calling it unknown."""
    try:
        used = compile_expression(text, place.names | {TIME}, where=name).names
    except ExpressionError:
        return
    if TIME in used:
        raise ExpressionError(must(name, "constant in time", text, "Only sources and boundary numbers may use t."))


def _spread(values: object, place: Place, name: str) -> FloatArray:
    array = np.asarray(values, dtype=float)
    try:
        return frozen(np.broadcast_to(array, place.shape))
    except ValueError:
        rule = f"a number or an array of shape {place.shape}"
        got = f"an array of shape {array.shape}"
        raise InvalidInput(must(name, rule, got, f"Give one value a {place.noun}.")) from None


def _check_finite(values: FloatArray, name: str, place: Place, when: str) -> None:
    bad = ~np.isfinite(values)
    if bad.any():
        index = tuple(int(i) for i in np.argwhere(bad)[0])
        raise NumericalFailure(
            f"`{name}` must be finite; got {values[index]} first in {place.noun} {index}{when}. "
            "Change the formula or the data there."
        )


def _not_a_number(name: str, what: object) -> str:
    return must(name, "a number, a quantity, a formula or an array", what, "For example 5.0 or '2*x'.")
