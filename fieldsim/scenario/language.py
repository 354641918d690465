"""The language of expressions of fields: grad, div, curl, ..., with constants and parameters that keep units.

A formula of place has its parameters replaced by their values, so that what is written to disk stands alone.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from fieldsim.errors import InvalidInput, must

if TYPE_CHECKING:
    from fieldsim.fields import ScalarField, VectorField
    from fieldsim.meshes import Mesh

COORDINATES = frozenset({"x", "y", "z", "r", "theta", "phi"})
FIELD_FUNCTIONS = ("grad", "div", "curl", "laplacian", "norm", "dot")
_ANGLES = frozenset({"theta", "phi"})


@cache
def function_names() -> frozenset[str]:
    """Return the names of all functions, those of numbers and those of fields."""
    from fieldsim.expressions import FUNCTIONS

    return frozenset(FUNCTIONS) | frozenset(FIELD_FUNCTIONS)


class _Filled(ast.NodeTransformer):
    def __init__(self, values: Mapping[str, float]) -> None:
        self.values = values

    def visit_Name(self, node: ast.Name) -> ast.expr:  # the method's name is ast's own
        if node.id not in self.values:
            return node
        value = self.values[node.id]
        number: ast.expr = ast.Constant(abs(value))
        return ast.UnaryOp(ast.USub(), number) if value < 0 else number


def substituted(text: str, values: Mapping[str, float]) -> str:
    """Return a formula that has been compiled before, with each parameter replaced by its value."""
    return ast.unparse(_Filled(values).visit(ast.parse(text.strip(), mode="eval")))


class _Renamed(ast.NodeTransformer):
    def __init__(self, name: str, by: ast.expr) -> None:
        self.name, self.by = name, by

    def visit_Name(self, node: ast.Name) -> ast.expr:  # the method's name is ast's own
        return self.by if node.id == self.name else node


def renamed(text: str, name: str, by: str) -> str:
    """Return a formula that has been compiled before, with another formula in place of a name."""
    put = ast.parse(by, mode="eval").body
    return ast.unparse(_Renamed(name, put).visit(ast.parse(text.strip(), mode="eval")))


@dataclass(frozen=True)
class Amount:
    """A number with a unit that multiplies and divides fields, so that their units follow."""

    value: float
    unit: str

    # NumPy and fields leave the arithmetic to this class
    __array_ufunc__ = None

    def __float__(self) -> float:
        return self.value

    def __neg__(self) -> Amount:
        return Amount(-self.value, self.unit)

    def __pos__(self) -> Amount:
        return self

    def __mul__(self, other: Any) -> Any:
        """Multiply a field, another amount or a number."""
        from fieldsim.units import times

        if isinstance(other, Amount):
            return Amount(self.value * other.value, times(self.unit, other.unit))
        if hasattr(other, "with_values"):
            return other.with_values(self.value * other.values, unit=times(other.unit, self.unit))
        return Amount(self.value * float(other), self.unit)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Any:
        """Divide by an amount or a number; a field below the line loses the unit."""
        if isinstance(other, Amount):
            return self * Amount(1.0 / other.value, _inverse(other.unit))
        return self.value / other if hasattr(other, "with_values") else Amount(self.value / float(other), self.unit)

    def __rtruediv__(self, other: Any) -> Any:
        """Divide a field or a number by this amount."""
        return Amount(1.0 / self.value, _inverse(self.unit)) * other

    def __pow__(self, other: Any) -> Any:
        """Raise to a power that is a number."""
        from fieldsim.units import power

        return Amount(self.value ** float(other), power(self.unit, float(other)))

    def __add__(self, other: Any) -> Any:
        """Add; amounts in one unit keep it, anything else is added as plain numbers."""
        if isinstance(other, Amount):
            total = self.value + other.value
            return Amount(total, self.unit) if other.unit == self.unit else total
        return self.value + other

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        """Subtract, with units as in a sum."""
        return self + (-other)

    def __rsub__(self, other: Any) -> Any:
        """Subtract from a field or a number."""
        return other + (-self.value)


def _inverse(unit: str) -> str:
    """Return 1/unit: "m/s" -> "s/m"."""
    from fieldsim.units import power

    return power(unit, -1)


def field_functions() -> dict[str, Callable[..., Any]]:
    """Return the functions that expressions of fields may call beside those of numbers."""
    from fieldsim import operators
    from fieldsim.expressions import FUNCTIONS

    def plain(function: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *arguments: function(*(a.value if isinstance(a, Amount) else a for a in arguments))

    return {name: plain(entry.call) for name, entry in FUNCTIONS.items() if name != "where"} | {
        "grad": operators.gradient,
        "div": operators.divergence,
        "curl": operators.curl,
        "laplacian": operators.laplacian,
        "norm": lambda field: _vector(field, "norm").norm(),
        "dot": lambda a, b: _vector(a, "dot").dot(_vector(b, "dot")),
    }


def _vector(field: Any, function: str) -> VectorField:
    from fieldsim.fields import VectorField

    if not isinstance(field, VectorField):
        raise InvalidInput(must(function, "applied to a vector field", field, "For example norm(grad(V))."))
    return field


@cache
def constant_amounts() -> Mapping[str, Amount]:
    """Return the constants of nature that have a unit."""
    from fieldsim.expressions import CONSTANT_TABLE

    return {c.name: Amount(c.value, c.unit) for c in CONSTANT_TABLE if c.unit}


def evaluate_numbers(text: str, known: Mapping[str, Any]) -> Any:
    """Return the value of an expression of numbers and amounts. Raises ExpressionError."""
    from fieldsim.expressions import compile_expression

    values = {**constant_amounts(), **known}
    expression = compile_expression(text, frozenset(values), functions=field_functions(), where="of")
    return expression({name: values[name] for name in expression.names})


def evaluate(
    text: str,
    mesh: Mesh,
    fields: Mapping[str, ScalarField | VectorField],
    amounts: Mapping[str, Any],
    time: float,
) -> Any:
    """Return the value of an expression of fields: a field, or a number where it names none.

    `amounts` are the scenario's parameters. Raises FieldSimError.
    """
    from fieldsim.expressions import compile_expression
    from fieldsim.fields import ScalarField

    known: dict[str, Any] = {**constant_amounts(), **amounts, "t": time, **fields}
    expression = compile_expression(
        text, frozenset(known) | COORDINATES | mesh.expression_names, functions=field_functions(), where="expression"
    )
    for name in expression.names - frozenset(known):
        unit = "rad" if name in _ANGLES else "m" if name in COORDINATES else ""
        known[name] = ScalarField(mesh, name, unit=unit, name=name)
    result = expression({name: known[name] for name in expression.names})
    return result.value if isinstance(result, Amount) else result
