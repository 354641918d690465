"""Formulas written by users, compiled from an allow-list: text -> numbers on NumPy arrays.

`compile_expression("x**2*y", {"x", "y"})({"x": x, "y": y})` evaluates by broadcasting.
No text is ever executed.
"""

from __future__ import annotations

from fieldsim.expressions.compiler import MAX_EXPONENT, compile_expression
from fieldsim.expressions.constants import CONSTANT_TABLE, CONSTANTS, Constant
from fieldsim.expressions.expression import Expression
from fieldsim.expressions.functions import FUNCTIONS, Function
from fieldsim.expressions.reading import MAX_DEPTH, MAX_LENGTH, MAX_NESTING, MAX_OPERATORS

__all__ = [
    "CONSTANTS",
    "CONSTANT_TABLE",
    "FUNCTIONS",
    "MAX_DEPTH",
    "MAX_EXPONENT",
    "MAX_LENGTH",
    "MAX_NESTING",
    "MAX_OPERATORS",
    "Constant",
    "Expression",
    "Function",
    "compile_expression",
]
