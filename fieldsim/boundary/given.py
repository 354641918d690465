"""A number that a user gives over a place: a constant, a quantity, an array, a formula, a function, or pieces.

A formula may use the coordinates of the place, the time t and, where allowed, the unknown by its symbol; it is
compiled once and evaluated at each t. A function of one argument is a function of the unknown: lambda T: 1 + T/100.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from fieldsim.arrays import FloatArray, frozen, real_array
from fieldsim.boundary.pieces import is_pieces, read_pieces
from fieldsim.boundary.place import Place
from fieldsim.errors import ExpressionError, InvalidInput, NumericalFailure, must
from fieldsim.expressions import compile_expression
from fieldsim.units import looks_like_quantity, parse_quantity

Number: TypeAlias = float | str | npt.ArrayLike | Callable[[Any], Any] | Sequence[Any]
Rule: TypeAlias = Callable[[float, FloatArray | None], object]

TIME = "t"


@dataclass(frozen=True)
class Given:
    """A number over a place, ready to be evaluated: `values(t, u)` has the place's shape.

    `varies` and `follows` say whether it depends on the time and on the unknown.
    """

    name: str
    place: Place
    constant: FloatArray | None = None
    rule: Rule | None = None
    varies: bool = False
    follows: bool = False

    def values(self, t: float, u: FloatArray | None = None) -> FloatArray:
        """Return the values at time `t` (s) and unknown `u`; raises NumericalFailure naming the first bad cell."""
        if self.constant is not None:
            return self.constant
        result = _spread(self.rule(t, u) if self.rule else 0.0, self.place, self.name)
        _check_finite(result, self.name, self.place, f" at t = {t:.6g} s" if self.varies else "")
        return result


def read_given(what: Number, place: Place, *, unit: str, name: str, time: bool = True, unknown: str = "") -> Given:
    """Read a number over `place`: 5.0, "5 cm" (in `unit`), an array of the place's shape, "sin(x)*exp(-t)".

    `unit` is the SI unit expected; with `time` false a formula may not use t; with `unknown` ("T") it may use the
    unknown, and so may a function of one argument. Pieces [(where, number), ..., number] are read one by one.
    Raises InvalidInput, ExpressionError, UnitsError, and NumericalFailure where a value is not finite.
    """
    if is_pieces(what):
        return _pieced(what, place, unit, name, time=time, unknown=unknown)
    if callable(what):
        return _function(what, place, name, unknown)
    if isinstance(what, str) and not looks_like_quantity(what):
        return _formula(what, place, name, time=time, unknown=unknown)
    if isinstance(what, str):
        what = parse_quantity(what, unit, name=name)
    if isinstance(what, np.ma.MaskedArray):
        what = real_array(what, name)
    try:
        array = np.asarray(what)
    except (TypeError, ValueError) as error:
        raise InvalidInput(_not_a_number(name, what)) from error
    if array.dtype.kind not in "fiu":
        raise InvalidInput(_not_a_number(name, what))
    return _constant(array.astype(float), place, name)


def _constant(values: object, place: Place, name: str) -> Given:
    constant = _spread(values, place, name)
    _check_finite(constant, name, place, "")
    return Given(name, place, constant)


def _pieced(what: Sequence[Any], place: Place, unit: str, name: str, *, time: bool, unknown: str) -> Given:
    pieces = read_pieces(what, place, name)
    parts = [
        (piece.mask, read_given(piece.thing, piece.place, unit=unit, name=piece.name, time=time, unknown=unknown))  # type: ignore[arg-type]
        for piece in pieces
    ]

    def gather(t: float, u: FloatArray | None) -> FloatArray:
        result = np.empty(place.shape)
        for mask, part in parts:
            result[mask] = part.values(t, None if u is None else u[mask])
        return result

    varies, follows = any(part.varies for _, part in parts), any(part.follows for _, part in parts)
    if varies or follows:
        return Given(name, place, None, gather, varies, follows)
    return _constant(gather(0.0, None), place, name)


def _function(what: Callable[[Any], Any], place: Place, name: str, unknown: str) -> Given:
    if not unknown:
        remedy = "Only conductivities and sources may be functions, of the unknown."
        raise InvalidInput(must(name, "a number, a quantity, a formula or an array", what, remedy))

    def rule(t: float, u: FloatArray | None) -> object:
        try:
            return np.asarray(what(u), dtype=float)
        except (TypeError, ValueError) as error:
            rule = f"a function that takes an array of {unknown} and returns numbers"
            raise InvalidInput(must(name, rule, f"{type(error).__name__}: {error}", "Use NumPy functions.")) from error

    return Given(name, place, None, rule, follows=True)


def _formula(text: str, place: Place, name: str, *, time: bool, unknown: str) -> Given:
    own = {TIME} | ({unknown} if unknown else set())
    if not time:
        _refuse_time(text, place, name)
        own -= {TIME}
    expression = compile_expression(text, place.names | own, where=name)
    varies, follows = TIME in expression.names, bool(unknown) and unknown in expression.names
    coordinates = dict(place.coordinates(expression.names - {TIME, unknown}))
    if not varies and not follows:
        return _constant(expression(coordinates), place, name)

    def rule(t: float, u: FloatArray | None) -> object:
        return expression({**coordinates, TIME: t, **({unknown: u} if follows else {})})

    return Given(name, place, None, rule, varies, follows)


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
    if place.mask is not None and array.shape == place.mask.shape and array.shape != place.shape:
        array = array[place.mask]
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
            f"`{name}` must be finite; got {values[index]} first in {place.noun} {place.index(index)}{when}. "
            "Change the formula or the data there."
        )


def _not_a_number(name: str, what: object) -> str:
    return must(name, "a number, a quantity, a formula or an array", what, "For example 5.0 or '2*x'.")
