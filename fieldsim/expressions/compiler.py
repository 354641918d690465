"""Compile the text of a formula, once, into nested closures over NumPy.

Only the node types handled here exist for a formula: numbers, names, + - * / // % **, comparisons,
and/or/not, `a if c else b` and calls of listed functions. Conditions and numbers are told apart at compile
time, and parts without names are worked out then.
"""

from __future__ import annotations

import ast
import difflib
import inspect
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from fieldsim.errors import ExpressionError, must
from fieldsim.expressions.closures import (
    BINARY,
    COMPARE,
    LARGEST_PRODUCT,
    always,
    calling,
    joined,
    product,
    select,
)
from fieldsim.expressions.constants import CONSTANTS
from fieldsim.expressions.expression import Expression, Program, as_number
from fieldsim.expressions.functions import FUNCTIONS, Function
from fieldsim.expressions.reading import MAX_DEPTH, Source, read

MAX_EXPONENT = 1000
"""Largest size of a constant exponent."""

_LISTED = 12
_OTHER_NAMES = {"ln": "log", "lg": "log10", "pow": "x**y", "fabs": "abs", "sgn": "sign", "tg": "tan"}


def compile_expression(
    text: str | float,
    names: Collection[str],
    *,
    functions: Mapping[str, Callable[..., Any]] | None = None,
    where: str = "expression",
) -> Expression:
    """Compile a formula of `names`, or a bare number, for evaluation on arrays.

    `functions` adds to the function table or overrides entries of it; its functions may take and return any
    object. `where` names the formula in messages. A name in `names` hides a constant of that name.
    Raises ExpressionError, with the column, for anything outside the language.
    """
    if isinstance(text, bool) or not isinstance(text, (str, int, float, np.integer, np.floating)):
        raise ExpressionError(must(where, "a formula or a number", text, 'Write it as text, such as "x**2 + 1".'))
    if not isinstance(text, str):
        text = _number_text(text, where)
    own = dict(functions or {})
    compiler = _Compiler(Source(text, where), frozenset(names), own)
    try:
        part = compiler.whole()
    except RecursionError:
        raise compiler.source.fault(0, "the formula is too deeply nested; name its parts as parameters") from None
    return Expression(text, frozenset(compiler.used), own, where, part.constant, part.run)


def _number_text(number: float, where: str) -> str:
    try:
        value = float(number)
    except OverflowError:
        value = np.inf
    if not np.isfinite(value):
        raise ExpressionError(must(where, "a finite number", number, "Give a number below 1.8e308 in size."))
    return repr(value)


@dataclass(frozen=True)
class _Part:
    """A compiled piece: its closure, number or condition, and its value where it has no names."""

    run: Program
    kind: Literal["number", "condition", "any"] = "number"
    constant: float | None = None


class _Compiler:
    """Walk a syntax tree by the allow-list and build the closures; collect the names used."""

    def __init__(self, source: Source, names: frozenset[str], functions: dict[str, Callable[..., Any]]) -> None:
        self.source = source
        self.names = names
        self.functions = functions
        self.used: set[str] = set()
        self.calls_outside = False

    def whole(self) -> _Part:
        """Return the compiled formula; it must be a number."""
        part = self._visit(read(self.source), 0)
        if part.kind == "condition":
            raise self.source.fault(0, "this is true or false, not a number; write where(condition, 1, 0)")
        if part.constant is None and not self.used and not self.calls_outside:
            with np.errstate(all="ignore"):
                return self._constant(float(part.run({})))
        return part

    def _visit(self, node: ast.expr, depth: int) -> _Part:
        if depth > MAX_DEPTH:
            problem = f"deeper than {MAX_DEPTH} levels, or a sum of more terms; name its parts as parameters"
            raise self.source.fault(node.col_offset, problem)
        match node:
            case ast.Constant(value=int() | float() as value):
                return self._constant(float(value))
            case ast.Name():
                return self._name(node)
            case ast.BinOp(op=ast.Pow()):
                return self._power(node, depth)
            case ast.BinOp() if type(node.op) in BINARY:
                parts = self._numbers((node.left, node.right), depth)
                return self._built(node, BINARY[type(node.op)], parts)
            case ast.UnaryOp():
                return self._unary(node, depth)
            case ast.Compare():
                return self._comparison(node, depth)
            case ast.BoolOp():
                join = np.logical_and if isinstance(node.op, ast.And) else np.logical_or
                return _Part(joined(join, [self._condition(value, depth) for value in node.values]), "condition")
            case ast.IfExp():
                return self._choice((node.test, node.body, node.orelse), depth)
            case ast.Call():
                return self._call(node, depth)
            case ast.Tuple():
                raise self.source.fault(node.col_offset, "a list of values is not a number; a decimal point is 1.5")
            case _:
                raise self.source.fault(node.col_offset, f"{type(node).__name__} is not allowed in a formula")

    def _constant(self, value: float) -> _Part:
        return _Part(lambda values: value, "number", value)

    def _built(self, node: ast.expr, build: Callable[..., Program], parts: Sequence[_Part]) -> _Part:
        """Join numbers by `build`; work the result out now where all of them are constant."""
        if any(part.constant is None for part in parts):
            return _Part(build(*(part.run for part in parts)))
        # NumPy's numbers follow IEEE rules where Python's raise (1/0) or turn complex ((-1)**0.5).
        with np.errstate(all="ignore"):
            value = float(build(*(always(np.float64(part.constant)) for part in parts))({}))
        if not np.isfinite(value):
            piece = ast.unparse(node)
            shown = piece if len(piece) <= 60 else piece[:57] + "..."
            raise self.source.fault(node.col_offset, f"{shown} is not a finite real number")
        return self._constant(value)

    def _numbers(self, nodes: Iterable[ast.expr], depth: int) -> list[_Part]:
        return [self._number(node, depth) for node in nodes]

    def _number(self, node: ast.expr, depth: int) -> _Part:
        """Compile what stands where a number is needed; a condition counts 1 or 0."""
        part = self._visit(node, depth + 1)
        if part.kind == "number":
            return part
        run = part.run
        if part.kind == "condition":
            return _Part(lambda values: np.multiply(run(values), 1.0))
        return _Part(lambda values: as_number(run(values)))

    def _condition(self, node: ast.expr, depth: int) -> Program:
        part = self._visit(node, depth + 1)
        if part.kind == "number":
            raise self.source.fault(node.col_offset, "a condition is needed here, such as x > 0; this is a number")
        return part.run

    def _name(self, node: ast.Name) -> _Part:
        name = node.id
        if name in self.names:
            self.used.add(name)
            return _Part(lambda values: values[name])
        if name in CONSTANTS:
            return self._constant(CONSTANTS[name])
        if name in self.functions or name in FUNCTIONS:
            raise self.source.fault(node.col_offset, f"{name} is a function; write {name}(...)")
        known = sorted(self.names)
        raise self.source.fault(node.col_offset, _unknown("name", name, known, [*known, *CONSTANTS]))

    def _power(self, node: ast.BinOp, depth: int) -> _Part:
        base, exponent = self._numbers((node.left, node.right), depth)
        power = exponent.constant
        if power is None:
            return self._built(node, BINARY[ast.Pow], (base, exponent))
        if abs(power) > MAX_EXPONENT:
            raise self.source.fault(node.right.col_offset, f"a constant exponent may be {MAX_EXPONENT} at most")
        if base.constant is None and power.is_integer() and 2 <= abs(power) <= LARGEST_PRODUCT:
            return _Part(product(base.run, int(power)))
        return self._built(node, BINARY[ast.Pow], (base, exponent))

    def _unary(self, node: ast.UnaryOp, depth: int) -> _Part:
        if isinstance(node.op, ast.Not):
            condition = self._condition(node.operand, depth)
            return _Part(lambda values: np.logical_not(condition(values)), "condition")
        part = self._number(node.operand, depth)
        if isinstance(node.op, ast.USub):
            return self._built(node, lambda a: lambda v: -a(v), (part,))
        if isinstance(node.op, ast.UAdd):
            return self._built(node, lambda a: lambda v: +a(v), (part,))
        raise self.source.fault(node.col_offset, f"{type(node.op).__name__} is not allowed in a formula")

    def _comparison(self, node: ast.Compare, depth: int) -> _Part:
        runs = [part.run for part in self._numbers((node.left, *node.comparators), depth)]
        pairs = []
        for operator, left, right in zip(node.ops, runs, runs[1:], strict=False):
            if type(operator) not in COMPARE:
                raise self.source.fault(node.col_offset, f"{type(operator).__name__} is not allowed in a formula")
            pairs.append(COMPARE[type(operator)](left, right))
        return _Part(pairs[0] if len(pairs) == 1 else joined(np.logical_and, pairs), "condition")

    def _choice(self, nodes: Sequence[ast.expr], depth: int) -> _Part:
        condition = self._condition(nodes[0], depth)
        yes, no = (part.run for part in self._numbers(nodes[1:], depth))
        choose: Callable[..., Any] = self.functions.get("where", select)
        self.calls_outside |= "where" in self.functions
        return _Part(lambda values: choose(condition(values), yes(values), no(values)))

    def _call(self, node: ast.Call, depth: int) -> _Part:
        if not isinstance(node.func, ast.Name):
            raise self.source.fault(node.col_offset, "only a function's name may stand before ( ")
        name = node.func.id
        function = self.functions.get(name, FUNCTIONS.get(name))
        if function is None:
            raise self.source.fault(node.col_offset, self._unknown_function(name))
        if node.keywords:
            raise self.source.fault(node.col_offset, f"{name} takes no named arguments")
        self._check_count(node, name, function)
        if name == "where" and "where" not in self.functions:
            return self._choice(node.args, depth)
        if name not in self.functions:
            call = function.call if isinstance(function, Function) else function
            return self._built(node, lambda *runs: calling(call, runs), self._numbers(node.args, depth))
        # A function from outside may take anything (a field, a condition) and is never worked out in advance.
        self.calls_outside = True
        runs = [self._visit(argument, depth + 1).run for argument in node.args]
        return _Part(calling(function, runs), "any")

    def _unknown_function(self, name: str) -> str:
        if name in self.names or name in CONSTANTS:
            return f"{name} is not a function; a product is written {name}*(...)"
        table = list(dict.fromkeys((*self.functions, *FUNCTIONS)))
        return _unknown("function", name, table, table)

    def _check_count(self, node: ast.Call, name: str, function: Callable[..., Any]) -> None:
        count = len(node.args)
        if isinstance(function, Function):
            least, most = function.least, function.most
            if least <= count and (most is None or count <= most):
                return
            wanted = f"{least}" if least == most else f"{least} or more" if most is None else f"{least} to {most}"
            plural = "" if most == 1 else "s"
            raise self.source.fault(node.col_offset, f"{name} takes {wanted} argument{plural}, not {count}")
        try:
            signature = inspect.signature(function)
        except (TypeError, ValueError):
            return  # some compiled functions carry no signature: the call itself will tell
        try:
            signature.bind(*([None] * count))
        except TypeError:
            raise self.source.fault(node.col_offset, f"{name} does not take {count} arguments") from None


def _unknown(kind: str, name: str, listed: Sequence[str], candidates: Sequence[str]) -> str:
    spelling = {candidate.lower(): candidate for candidate in reversed(candidates)}
    close = [_OTHER_NAMES[name]] if name in _OTHER_NAMES else []
    close += [spelling[match] for match in difflib.get_close_matches(name.lower(), spelling, n=1)]
    shown = name if len(name) <= 40 else name[:37] + "..."
    hint = f"; did you mean {close[0]!r}?" if close else ""
    more = ", ..." if len(listed) > _LISTED else ""
    return f"unknown {kind} {shown!r}{hint} (known: {', '.join(listed[:_LISTED]) or 'constants only'}{more})"
