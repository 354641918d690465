"""A compiled formula: what it may be given, what it may give back.

Numbers and arrays enter as float64 and the result is float64 by NumPy's broadcasting; other objects (fields)
pass through untouched and meet Python's own operators.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from fieldsim.errors import ExpressionError, FieldSimError, must

Program = Callable[[Mapping[str, Any]], Any]


@dataclass(frozen=True)
class Expression:
    """A compiled formula: call it with the values of its names.

    `names` are the free names it uses; `constant` is its value where it uses none, else None.
    """

    text: str
    names: frozenset[str]
    functions: Mapping[str, Callable[..., Any]] = field(repr=False, hash=False)
    where: str = field(repr=False, compare=False)
    constant: float | None = field(repr=False, compare=False)
    program: Program = field(repr=False, compare=False)

    def __call__(self, values: Mapping[str, Any]) -> Any:
        """Return the value of the formula for `values` (name -> number, array or object), by broadcasting.

        A NumPy float64 or a new float64 array; a function given at compile time may return other objects.
        Non-finite results are returned without a warning. Raises ExpressionError for a missing value, for
        shapes that do not broadcast and for a result that is complex or a truth value.
        """
        operands = {name: self._operand(name, values) for name in self.names}
        try:
            with np.errstate(all="ignore"):
                result = self.program(operands)
        except FieldSimError:
            raise
        except (TypeError, ValueError, ArithmeticError) as error:
            shapes = ", ".join(f"{name} {getattr(value, 'shape', ())}" for name, value in sorted(operands.items()))
            remedy = f"Evaluation failed ({error}); shapes: {shapes or 'none'}."
            raise ExpressionError(must(self.where, "a formula whose parts fit", self.text, remedy)) from error
        return self._checked(result, operands)

    def __reduce__(self) -> tuple[Any, ...]:
        """Rebuild from the text: closures cannot be pickled."""
        from fieldsim.expressions.compiler import compile_expression

        build = partial(compile_expression, functions=self.functions, where=self.where)
        return build, (self.text, tuple(sorted(self.names)))

    def _operand(self, name: str, values: Mapping[str, Any]) -> Any:
        if name not in values:
            remedy = f"No value was given for {name!r}."
            raise ExpressionError(must(self.where, f"evaluated with {sorted(self.names)}", sorted(values), remedy))
        try:
            return as_number(values[name])
        except TypeError as error:
            remedy = f"It stands in the formula {self.text[:200]!r}; {error}."
            raise ExpressionError(must(name, "a real number or array", values[name], remedy)) from None

    def _checked(self, result: Any, operands: Mapping[str, Any]) -> Any:
        if isinstance(result, (bool, np.bool_)) or (isinstance(result, np.ndarray) and result.dtype == np.bool_):
            remedy = "It gives true or false; write where(condition, 1, 0)."
            raise ExpressionError(must(self.where, "a number", self.text, remedy))
        try:
            result = as_number(result)
        except TypeError as error:
            raise ExpressionError(must(self.where, "a real number", self.text, f"Its result: {error}.")) from None
        if isinstance(result, np.ndarray) and any(result is value for value in operands.values()):
            return result.copy()  # the formula "x" must not hand out the mesh's own array
        return result


def as_number(value: Any) -> Any:
    """Return numbers and arrays as float64, other objects as they are; TypeError for what is no number."""
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError("a masked array loses its mask here; fill it with nan first")
    if isinstance(value, np.ndarray):
        if value.dtype.kind not in "fiub":
            raise TypeError(f"an array of {value.dtype} is not real")
        return np.asarray(value, dtype=np.float64)
    if isinstance(value, (bool, int, float, np.bool_, np.integer, np.floating)):
        try:
            return np.float64(value)
        except OverflowError:
            raise TypeError("the integer is too large") from None
    if value is None or isinstance(value, (str, bytes, complex, np.generic, list, tuple, dict, set)):
        raise TypeError(f"{type(value).__name__} is not a real number")
    return value
