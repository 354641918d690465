"""Random text never gets further than ExpressionError; random formulas agree with Python's own arithmetic."""

from __future__ import annotations

import ast
import math
import pickle
from collections.abc import Iterator
from typing import Any

import numpy as np
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fieldsim.errors import ExpressionError
from fieldsim.expressions import FUNCTIONS, Expression, compile_expression

NAMES = {"x": 1.5, "y": -2.25, "t": 0.0}
FUZZ = settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def compiled(text: str) -> Expression | str:
    """Return the compiled formula or the message of its refusal."""
    try:
        return compile_expression(text, NAMES)
    except ExpressionError as error:
        return str(error)


def survives(text: str) -> None:
    formula = compiled(text)
    if isinstance(formula, str):
        assert formula.startswith("`expression` must be ")
        assert len(formula) < 700
        assert formula.isascii()
        assert formula.isprintable()
        return
    assert formula.names <= NAMES.keys()
    result = formula(NAMES)
    assert isinstance(result, np.float64)
    assert np.array_equal(pickle.loads(pickle.dumps(formula))(NAMES), result, equal_nan=True)


@FUZZ
@given(st.text(max_size=80))
@example("\ud800")
@example("x\u2028y")
@example("\ufeffx")
@example("x\x1b[31m")
def test_any_text_is_a_formula_or_an_expression_error(text: str) -> None:
    survives(text)


SYMBOLS = "+ - * / // % ** < <= > >= == != ( ) , . ; : = := -> ^ & | ~ ! @ # [ ] { } ' \" \\ $ ? ` << >> \n \t"
KEYWORDS = "and or not if else lambda for in is await yield import True None def class pass"
NUMBERS = "0 1 2 0.5 1e3 1e999 007 1_0 0x1 2j 1. .5"
OTHERS = "x y t e pi sin max where __class__ _ a__b unknown \u03c0 \uff58 \u200b \x00"
WORDS = [*FUNCTIONS, *(word for words in (SYMBOLS, KEYWORDS, NUMBERS, OTHERS) for word in words.split(" "))]


@FUZZ
@given(st.lists(st.sampled_from(WORDS), max_size=40), st.sampled_from(["", " "]))
def test_any_string_of_words_is_a_formula_or_an_expression_error(words: list[str], gap: str) -> None:
    survives(gap.join(words))


FRAGMENTS = st.sampled_from(["(", ")", "-", "not ", "x**", "sin(", "x if y>0 else ", "x+", "max(x,", "1<", ","])


@FUZZ
@given(FRAGMENTS, st.integers(1, 3000), st.sampled_from(["", "x", "x)", ")" * 60]))
def test_any_repetition_is_a_formula_or_an_expression_error(fragment: str, times: int, end: str) -> None:
    survives(fragment * times + end)


# ---- formulas against Python's eval (here and only here) ------------------------------------------

whole = st.integers(0, 9).map(str)
decimal = st.floats(0, 100, allow_nan=False).map(repr)


def formulas(leaf: st.SearchStrategy[str], *, exact: bool) -> st.SearchStrategy[str]:
    """Random formulas; with `exact` only operations that stay whole numbers."""
    operators = ["+", "-", "*"] if exact else ["+", "-", "*", "/", "//", "%"]

    def conditions(part: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        symbol = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
        pair = st.builds("{} {} {}".format, part, symbol, part)
        chain = st.builds("{} {} {} {} {}".format, part, symbol, part, symbol, part)
        simple = st.one_of(pair, chain)
        join = st.sampled_from(["and", "or"])
        return st.one_of(
            simple, st.builds("not {}".format, simple), st.builds("({} {} not {})".format, simple, join, simple)
        )

    def extend(part: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        bracketed = part.map("({})".format)
        either = st.one_of(part, bracketed)
        options = [
            st.builds("{} {} {}".format, either, st.sampled_from(operators), bracketed),
            bracketed.map("-{}".format),
            st.builds("({} if {} else {})".format, part, conditions(bracketed), part),
            st.builds("max({}, {})".format, part, part),
            st.builds("min({}, {}, {})".format, part, part, part),
            bracketed.map("abs{}".format),
            conditions(bracketed).map("(({}) + 0)".format),
        ]
        if exact:
            options.append(st.builds("{}**{}".format, bracketed, st.sampled_from(["0", "1", "2", "3"])))
        return st.one_of(*options)

    return st.recursive(leaf, extend, max_leaves=12)


def python_value(text: str, values: dict[str, Any]) -> float | None:
    """Return Python's own answer; None where Python gives none (division by zero, overflow, a complex)."""
    names = {"max": max, "min": min, "abs": abs, **values}
    try:
        value = eval(text, {"__builtins__": {}}, names)
    except ArithmeticError:
        return None
    return None if isinstance(value, complex) or not math.isfinite(value) else float(value)


def parts(text: str) -> Iterator[tuple[str, set[str]]]:
    """Yield every part of a formula with the names in it."""
    for node in ast.walk(ast.parse(text, mode="eval").body):
        if isinstance(node, ast.expr) and not isinstance(node, ast.Name):
            yield ast.unparse(node), {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def agrees(text: str, points: list[dict[str, Any]]) -> None:
    expected = [python_value(text, point) for point in points]
    formula = compiled(text)
    if isinstance(formula, str):
        assert "not a finite real number" in formula
        assert any(python_value(part, {}) is None for part, names in parts(text) if not names & {"x", "y"})
        return
    arrays = {name: np.array([point[name] for point in points], dtype=float) for name in ("x", "y")}
    result = np.broadcast_to(formula(arrays), (len(points),))
    for point, wanted, found in zip(points, expected, result, strict=True):
        if wanted is not None:
            assert found == wanted
            assert formula(point) == wanted


small = st.fixed_dictionaries({"x": st.integers(-9, 9), "y": st.integers(-9, 9)})
real = st.fixed_dictionaries({"x": st.floats(-100, 100), "y": st.floats(-100, 100)})


@FUZZ
@given(formulas(st.one_of(whole, st.sampled_from(["x", "y"])), exact=True), st.lists(small, min_size=1, max_size=3))
@example("-x**2", [{"x": 3, "y": 0}])
@example("-2**2", [{"x": 3, "y": 0}])
@example("2**-1 + x", [{"x": 3, "y": 0}])
@example("0 - 1 - x - y", [{"x": 3, "y": 4}])
@example("x - (1 if y > 0 else 2)**3", [{"x": 3, "y": 4}])
@example("1 if x < y < 5 else 2 if x > 3 else 3", [{"x": 3, "y": 4}, {"x": 4, "y": 3}, {"x": 0, "y": 0}])
@example("(not x < y or x == 3 and y == 4) + 0", [{"x": 3, "y": 4}, {"x": 4, "y": 3}])
def test_whole_number_formulas_equal_python(text: str, points: list[dict[str, Any]]) -> None:
    if any(abs(python_value(part, point) or 0) > 2**52 for part, _ in parts(text) for point in points):
        return  # beyond the whole numbers of float64
    agrees(text, points)


@FUZZ
@given(formulas(st.one_of(decimal, st.sampled_from(["x", "y"])), exact=False), st.lists(real, min_size=1, max_size=3))
@example("-7.5 // 2 + x", [{"x": 0.0, "y": 0.0}])
@example("-7.5 % 2 + x", [{"x": 0.0, "y": 0.0}])
@example("x % y", [{"x": -7.5, "y": 2.0}, {"x": 7.5, "y": -2.0}])
@example("x / y / 2", [{"x": 1.0, "y": 3.0}])
@example("x / (y / 2)", [{"x": 1.0, "y": 3.0}])
def test_decimal_formulas_equal_python_to_the_last_bit(text: str, points: list[dict[str, Any]]) -> None:
    agrees(text, points)


@FUZZ
@given(st.floats(-50, 50), st.integers(-8, 8))
def test_whole_powers_equal_python_within_their_roundings(base: float, exponent: int) -> None:
    try:
        expected = float(base) ** exponent
    except (ZeroDivisionError, OverflowError):
        return
    if not 1e-280 < abs(expected) < 1e280:
        return  # at the ends of the range an intermediate product leaves it
    formula = compile_expression(f"x**({exponent})", {"x"})
    bound = max(1, abs(exponent)) * 2.0**-53 * 2
    assert abs(formula({"x": base}) - expected) <= bound * abs(expected)
