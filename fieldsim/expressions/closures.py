"""Closures over NumPy: how the pieces of a compiled formula are put together.

A program takes the values of the names and returns the value of its piece. x**n is multiplied out for small n.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np

from fieldsim.expressions.expression import Program

LARGEST_PRODUCT = 8
"""Whole powers up to this size are multiplied out."""

BINARY: Mapping[type[ast.operator], Callable[[Program, Program], Program]] = {
    ast.Add: lambda a, b: lambda v: a(v) + b(v),
    ast.Sub: lambda a, b: lambda v: a(v) - b(v),
    ast.Mult: lambda a, b: lambda v: a(v) * b(v),
    ast.Div: lambda a, b: lambda v: a(v) / b(v),
    ast.FloorDiv: lambda a, b: lambda v: a(v) // b(v),
    ast.Mod: lambda a, b: lambda v: a(v) % b(v),
    ast.Pow: lambda a, b: lambda v: a(v) ** b(v),
}
COMPARE: Mapping[type[ast.cmpop], Callable[[Program, Program], Program]] = {
    ast.Lt: lambda a, b: lambda v: a(v) < b(v),
    ast.LtE: lambda a, b: lambda v: a(v) <= b(v),
    ast.Gt: lambda a, b: lambda v: a(v) > b(v),
    ast.GtE: lambda a, b: lambda v: a(v) >= b(v),
    ast.Eq: lambda a, b: lambda v: a(v) == b(v),
    ast.NotEq: lambda a, b: lambda v: a(v) != b(v),
}


def always(value: Any) -> Program:
    """Return the program of a constant."""
    return lambda values: value


def calling(function: Callable[..., Any], runs: Sequence[Program]) -> Program:
    """Return the program that calls `function` with the values of `runs`."""
    if len(runs) == 1:
        run = runs[0]
        return lambda values: function(run(values))
    return lambda values: function(*(run(values) for run in runs))


def joined(join: Callable[[Any, Any], Any], conditions: Sequence[Program]) -> Program:
    """Return the program of conditions joined by and, or or."""
    return lambda values: reduce(join, (condition(values) for condition in conditions))


def select(condition: Any, yes: Any, no: Any) -> Any:
    """Return `yes` where the condition holds and `no` elsewhere; a NumPy scalar for scalars."""
    result = np.where(condition, yes, no)
    return result[()] if isinstance(result, np.ndarray) else result


def product(base: Program, power: int) -> Program:
    """Return base**power by squaring: ten times quicker than the general power, within `power` roundings."""

    def run(values: Mapping[str, Any]) -> Any:
        value = base(values)
        if not isinstance(value, (np.ndarray, np.floating)):
            return value**power  # a field keeps its own meaning of a power
        result = value
        for bit in format(abs(power), "b")[1:]:
            result = result * result
            if bit == "1":
                result = result * value
        return 1.0 / result if power < 0 else result

    return run
