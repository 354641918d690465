"""What the language of formulas refuses, and how it says so."""

from __future__ import annotations

import inspect
import re
import sys
import time
from collections.abc import Iterator

import pytest

from fieldsim.errors import ExpressionError, InvalidInput
from fieldsim.expressions import (
    CONSTANTS,
    FUNCTIONS,
    MAX_DEPTH,
    MAX_LENGTH,
    MAX_NESTING,
    MAX_OPERATORS,
    compile_expression,
)

NAMES = frozenset({"x", "y", "z", "r", "theta", "phi", "t", "temperature"})

# (formula, column counted from 1, words of the message)
REFUSED = [
    # ways out of arithmetic
    ("__import__('os').system('touch MARKER')", 1, "must not begin with _"),
    ("().__class__.__bases__[0].__subclasses__()", 3, "attribute access not allowed"),
    ("x.__class__", 2, "attribute access not allowed"),
    ("(1).real", 4, "attribute access not allowed"),
    ("x.real", 2, "attribute access not allowed"),
    ("numpy.sin(x)", 6, "attribute access not allowed"),
    ("np.load(x)", 3, "attribute access not allowed"),
    ("lambda: 1", 1, "`lambda` is a word of the Python language"),
    ("[x for x in (1, 2)]", 1, "subscripts and lists"),
    ("sum(x for x in y)", 7, "`for` is a word"),
    ("{x: 1}", 1, "braces"),
    ("(n := 5)", 4, "assignment"),
    ("x[0]", 2, "subscripts"),
    ("max(*x)", 5, "'*' has no value before it"),
    ("max(**x)", 5, "'**' has no value before it"),
    ("await x", 1, "`await` is a word"),
    ("yield x", 1, "`yield` is a word"),
    ("x = 1", 3, "write == to compare"),
    ("x += 1", 4, "write == to compare"),
    ("import os", 1, "`import` is a word"),
    ("exec(x)", 1, "unknown function 'exec'"),
    ("eval(x)", 1, "unknown function 'eval'"),
    ("open(x)", 1, "unknown function 'open'"),
    ("getattr(x, y)", 1, "unknown function 'getattr'"),
    ("fromfile('/etc/passwd')", 10, "text in quotes"),
    ("loadtxt(x)", 1, "unknown function 'loadtxt'"),
    ("save(x)", 1, "unknown function 'save'"),
    ('"text"', 1, "text in quotes"),
    ("f'{x}'", 2, "text in quotes"),
    ("True", 1, "`True` is a word"),
    ("None", 1, "`None` is a word"),
    ("x is y", 3, "`is` is a word"),
    ("x in y", 3, "`in` is a word"),
    ("...", 1, "attribute access not allowed"),
    ("x; y", 2, "only one formula"),
    ("x # y", 3, "a comment"),
    ("x \\ y", 3, "a backslash"),
    # names
    ("_", 1, "must not begin with _"),
    ("a__b", 1, "contain __"),
    ("__builtins__", 1, "must not begin with _"),
    ("def", 1, "`def` is a word"),
    ("temprature", 1, "did you mean 'temperature'?"),
    ("x + Phi", 5, "did you mean 'phi'?"),
    ("Sin(x)", 1, "did you mean 'sin'?"),
    ("ln(x)", 1, "did you mean 'log'?"),
    ("epsilon_0*x", 1, "did you mean 'epsilon0'?"),
    ("sin", 1, "sin is a function; write sin(...)"),
    ("x(2)", 1, "x is not a function"),
    ("pi(2)", 1, "pi is not a function"),
    ("x*(y + 1)(z)", 10, "an operator is missing"),
    # what is not plain ASCII
    ("\uff45val(x)", 1, r"'\uff45' (FULLWIDTH LATIN SMALL LETTER E)"),
    ("\U0001d465 + 1", 1, r"'\U0001d465' (MATHEMATICAL ITALIC SMALL X)"),
    ("m\u0430x(x, 1)", 2, r"'\u0430' (CYRILLIC SMALL LETTER A)"),
    ("x\u200b", 2, r"'\u200b' (ZERO WIDTH SPACE)"),
    ("x\u00a0+ 1", 2, r"'\xa0' (NO-BREAK SPACE)"),
    ("x\u00b2", 2, "write **2"),
    ("2\u03c0", 2, "write pi"),
    ("x \u00b7 y", 3, "write * for a product"),
    ("\u221ax", 1, "write sqrt(x)"),
    ("x\x07", 2, r"'\x07' is not allowed"),
    ("x\x00", 2, r"'\x00' is not allowed"),
    ("\ud800", 1, r"'\ud800'"),
    # other notations
    ("x^2", 2, "write ** for a power"),
    ("x & y", 3, "write `and`"),
    ("|x|", 1, "abs(x)"),
    ("~x", 1, "write `not`"),
    ("x!", 2, "factorial"),
    ("!x", 1, "`not` for negation"),
    ("x @ y", 3, "write * for a product"),
    ("1 << 3", 3, "bit shifts"),
    ("x -> y", 3, "an arrow"),
    ("2x", 2, "an operator is missing between '2' and 'x'; write * for a product"),
    ("2(x)", 2, "an operator is missing"),
    ("x y", 3, "an operator is missing"),
    ("sin x", 5, "sin(...) for a function"),
    ("(x)(y)", 4, "an operator is missing"),
    ("1,5", 2, "a decimal point as 1.5"),
    ("x, y", 2, "a comma is not allowed here"),
    ("(1, 5)*x", 1, "a list of values"),
    ("()", 1, "a list of values"),
    ("(x,)", 1, "a list of values"),
    ("sin(a=1)", 6, "a named argument"),
    # numbers
    ("1e400", 1, "too large"),
    ("1" + "0" * 400, 1, "too large"),
    ("9**9**9", 4, "exponent"),
    ("x**1001", 4, "exponent"),
    ("x**-1e9", 4, "exponent"),
    ("10**200 * 10**200", 1, "not a finite real number"),
    ("1/0", 1, "1 / 0 is not a finite real number"),
    ("x + sqrt(-1)", 5, "sqrt(-1) is not a finite real number"),
    ("log(0)", 1, "not a finite real number"),
    ("(-8)**0.5", 1, "not a finite real number"),
    ("0 % 0", 1, "not a finite real number"),
    ("2j", 2, "complex numbers"),
    ("1e3J", 4, "complex numbers"),
    ("0x1F", 1, "in decimal"),
    ("1_000", 2, "without _"),
    ("007", 1, "leading zeros"),
    ("nan", 1, "unknown name 'nan'"),
    ("inf", 1, "unknown name 'inf'"),
    # shape of the formula
    ("", 1, "empty"),
    (" \t\n ", 1, "empty"),
    ("x +", 3, "ends after '+'"),
    ("  x +", 5, "ends after '+'"),
    ("x + * y", 5, "'*' has no value before it"),
    ("* x", 1, "'*' has no value before it"),
    ("sin(x", 4, "never closed"),
    ("x)", 2, "no matching ("),
    (")(", 1, "no matching ("),
    ("(x +)", 4, "'+' has no value after it"),
    ("x <> y", 4, "'>' has no value before it"),
    ("x if y > 0", 3, "needs an `else`"),
    ("x else y", 3, "does not fit here"),
    ("(x > 0) if", 9, "ends after 'if'"),
    # numbers of arguments
    ("sin()", 1, "sin takes 1 argument, not 0"),
    ("sin(x, y)", 1, "sin takes 1 argument, not 2"),
    ("atan2(x)", 1, "atan2 takes 2 arguments, not 1"),
    ("max(x)", 1, "max takes 2 or more arguments, not 1"),
    ("heaviside(x, 1, 2)", 1, "heaviside takes 1 to 2 arguments, not 3"),
    ("where(x > 0, 1)", 1, "where takes 3 arguments, not 2"),
    # conditions and numbers
    ("x > 0", 1, "where(condition, 1, 0)"),
    ("not x > 0", 1, "where(condition, 1, 0)"),
    ("x > 0 and y > 0", 1, "where(condition, 1, 0)"),
    ("where(x, 1, 0)", 7, "a condition is needed here"),
    ("1 if x else 2", 6, "a condition is needed here"),
    ("where(x and y, 1, 2)", 7, "a condition is needed here"),
    ("where(not x, 1, 2)", 11, "a condition is needed here"),
]


@pytest.mark.parametrize(("text", "column", "words"), REFUSED, ids=[ascii(row[0])[:40] for row in REFUSED])
def test_refusal_names_the_column_and_the_remedy(text: str, column: int, words: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_expression(text, NAMES, where="source")
    message = str(caught.value)
    assert message.startswith("`source` must be a formula; got ")
    assert f" Column {column}: " in message
    assert words in message
    assert message.isascii()
    assert caught.value.exit_code == 2


def test_refusal_is_invalid_input() -> None:
    with pytest.raises(InvalidInput):
        compile_expression("x^2", NAMES)


OVERLONG = {
    "parentheses": "(" * 100_000 + "x" + ")" * 100_000,
    "open parentheses": "(" * 100_000,
    "chain": "+".join("1" * 10_000),
    "megabyte name": "x" * 1_000_000,
    "megabyte number": "1" * 1_000_000,
    "blanks": " " * 1_000_000 + "x",
    "powers": "**".join(["x"] * 10_000),
    "signs": "-" * 100_000 + "x",
    "not": "not " * 100_000 + "x",
    "conditions": "x if y else " * 100_000 + "x",
    "calls": "sin(" * 50_000 + "x" + ")" * 50_000,
}


@pytest.mark.parametrize("kind", OVERLONG)
def test_oversized_text_is_refused_at_once_and_echoed_short(kind: str) -> None:
    start = time.process_time()
    with pytest.raises(ExpressionError, match=f"may have {MAX_LENGTH} characters") as caught:
        compile_expression(OVERLONG[kind], NAMES)
    assert time.process_time() - start < 0.5
    assert len(str(caught.value)) < 400


WITHIN_LENGTH = {
    "parentheses": ("(" * (MAX_NESTING + 1) + "x" + ")" * (MAX_NESTING + 1), MAX_NESTING),
    "calls": ("sin(" * (MAX_NESTING + 1) + "x" + ")" * (MAX_NESTING + 1), MAX_NESTING),
    "signs": ("-" * 1999 + "x", MAX_NESTING),
    "signs and blanks": ("- + " * 499 + "x", MAX_NESTING),
    "not": ("not " * 499 + "x", MAX_NESTING),
    "powers": ("**".join(["x"] * 600), MAX_OPERATORS),
    "deep powers": ("**".join(["x"] * 300), MAX_DEPTH),
    "sum": ("+".join(["x"] * 900), MAX_OPERATORS),
    "deep sum": ("+".join(["x"] * 300), MAX_DEPTH),
    "conditions": ("x if y>0 else " * 142 + "x", MAX_OPERATORS),
    "commas": ("max(" + ",".join(["x"] * 500) + ")", MAX_OPERATORS),
}


@pytest.mark.parametrize("kind", WITHIN_LENGTH)
def test_depth_and_operators_are_capped(kind: str) -> None:
    text, limit = WITHIN_LENGTH[kind]
    assert len(text) <= MAX_LENGTH
    with pytest.raises(ExpressionError, match=str(limit)) as caught:
        compile_expression(text, NAMES)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    "text",
    [
        "(" * MAX_NESTING + "x" + ")" * MAX_NESTING,
        "-" * (MAX_NESTING - 1) + "x",
        "+".join(["x"] * MAX_DEPTH),
        "x if y > 0 else " * 60 + "x",
        "x" + " " * (MAX_LENGTH - 1),
        "sin(" * MAX_NESTING + "x" + ")" * MAX_NESTING,
    ],
)
def test_formulas_at_the_limits_evaluate(text: str) -> None:
    assert compile_expression(text, NAMES)({"x": 1.0, "y": 1.0}) is not None


def test_formula_compiled_deep_inside_a_program_is_refused_not_crashed() -> None:
    def descend(levels: int) -> None:
        if levels:
            descend(levels - 1)
        else:
            compile_expression("+".join(["x"] * MAX_DEPTH), NAMES)

    depth = len(inspect.stack(0))
    with pytest.raises(ExpressionError, match="too deeply nested"):
        descend(sys.getrecursionlimit() - depth - 60)


class _Watch:
    """Records what Python's audit hook reports while it is switched on."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.on = False

    def __call__(self, event: str, arguments: object) -> None:
        if self.on:
            self.events.append(event)


@pytest.fixture(scope="module")
def watch() -> Iterator[_Watch]:
    hook = _Watch()
    sys.addaudithook(hook)  # cannot be removed, only silenced
    yield hook
    hook.on = False


def test_nothing_is_executed_imported_or_opened(
    watch: _Watch, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(str(tmp_path))
    accepted = ["x**2 + sin(y)", "where(x > 0, x, -x)", "max(x, y, pi)"]
    watch.on = True
    for text in [row[0] for row in REFUSED] + accepted:
        try:
            compile_expression(text, NAMES)({"x": 1.0, "y": 2.0})
        except ExpressionError:
            continue
    watch.on = False
    assert set(watch.events) <= {"compile"}  # ast.parse, which only builds the tree
    assert list(__import__("pathlib").Path(str(tmp_path)).iterdir()) == []


def test_where_names_the_formula() -> None:
    with pytest.raises(ExpressionError, match=re.escape("`boundary.x-.value` must be")):
        compile_expression("q", NAMES, where="boundary.x-.value")


@pytest.mark.parametrize("value", [True, None, 1j, [1], b"x", object()])
def test_only_text_and_numbers_are_formulas(value: object) -> None:
    with pytest.raises(ExpressionError, match="a formula or a number"):
        compile_expression(value, NAMES)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 10**400])
def test_bare_numbers_must_be_finite(value: float) -> None:
    with pytest.raises(ExpressionError, match="a finite number"):
        compile_expression(value, NAMES)


def test_tables_hold_no_name_twice_and_no_forbidden_name() -> None:
    assert not set(CONSTANTS) & set(FUNCTIONS)
    for name in (*CONSTANTS, *FUNCTIONS):
        assert name.isidentifier()
        assert "__" not in name
        assert not name.startswith("_")


def test_message_for_a_long_formula_shows_the_place() -> None:
    text = "x + " * 70 + "unknwon*x " + "+ x" * 70
    with pytest.raises(ExpressionError) as caught:
        compile_expression(text, NAMES)
    message = str(caught.value)
    assert "'unknwon'" in message
    assert "Column 281" in message
    assert "got '...x + x" in message
    assert len(message) < 400
