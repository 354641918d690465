"""What formulas evaluate to: NumPy's own answers, by broadcasting, as float64, without warnings."""

from __future__ import annotations

import copy
import math
import pickle
from typing import Any

import numpy as np
import pytest
import scipy.constants
import scipy.special

from fieldsim.errors import ExpressionError, RankError
from fieldsim.expressions import CONSTANT_TABLE, CONSTANTS, FUNCTIONS, Expression, compile_expression

x = np.linspace(-1.5, 2.1, 9)
y = np.linspace(0.5, 1.5, 5)[:, np.newaxis]
VALUES = {"x": x, "y": y, "t": 0.25, "L": 2}


def value_of(text: str | float, **values: Any) -> Any:
    return compile_expression(text, values.keys() or VALUES.keys())(values or VALUES)


AGAINST_NUMPY = [
    ("x**2*y + 3*y**3", x**2 * y + 3 * y**3),
    ("100 - x**2 - y**2", 100 - x**2 - y**2),
    ("-x**2", -(x**2)),
    ("(-x)**2", x**2),
    ("2**-1*x", 0.5 * x),
    ("x**3", x**3),
    ("x**-3", x**-3.0),
    ("x**8", x**8),
    ("x**9", x**9),
    ("y**0.5", np.sqrt(y)),
    ("y**-0.5", 1 / np.sqrt(y)),
    ("y**x", y**x),
    ("2**3**2 + 0*x", 512 + 0 * x),
    ("x/y/2", x / y / 2),
    ("x//y", x // y),
    ("x % y", x % y),
    ("+x - -y", x + y),
    ("sin(pi*x)*exp(-t)", np.sin(np.pi * x) * np.exp(-0.25)),
    ("x*L", 2.0 * x),
    ("where(x > 0, x, -x)", np.abs(x)),
    ("x if x > 0 else -x", np.abs(x)),
    ("1 if x > y else 2 if x > 0 else 3", np.where(x > y, 1.0, np.where(x > 0, 2.0, 3.0))),
    ("where(0 < x < y, 1, 0)", ((x > 0) & (x < y)) * 1.0),
    ("where(x < 0 or y > 1 and not x > 1, 1, 0)", ((x < 0) | ((y > 1) & ~(x > 1))) * 1.0),
    ("where(x == 2.1, 1, 0)", (x == 2.1) * 1.0),
    ("where(x != 2.1, 1, 0)", (x != 2.1) * 1.0),
    ("where(x <= 0.5, 1, 0)", (x <= 0.5) * 1.0),
    ("where(x >= 0.5, 1, 0)", (x >= 0.5) * 1.0),
    ("(x > 0)*x + (x <= 0)*y", np.where(x > 0, x, y)),
    ("(x > 0) + (y > 1)", (x > 0) * 1.0 + (y > 1) * 1.0),
    ("-(x > 0)", (x > 0) * -1.0),
    ("max(x, y, 0.7)", np.maximum(np.maximum(x, y), 0.7)),
    ("min(x, y, 0.7)", np.minimum(np.minimum(x, y), 0.7)),
    ("clip(x, 0, y)", np.clip(x, 0, y)),
    ("hypot(x, y, 2)", np.sqrt(x**2 + y**2 + 4)),
    ("atan2(y, x)", np.arctan2(y, x)),
    ("heaviside(x - 0.5)", np.heaviside(x - 0.5, 0.5)),
    ("heaviside(x - 0.5, 1)", np.heaviside(x - 0.5, 1.0)),
    ("step(x - 0.5)", np.heaviside(x - 0.5, 0.5)),
    ("erf(x) + erfc(x) + 0*y", 1.0 + 0 * x * y),
    ("j0(x)**2", scipy.special.j0(x) ** 2),
    ("abs(x) + sign(x)", np.abs(x) + np.sign(x)),
    ("floor(x) + ceil(x) + round(x)", np.floor(x) + np.ceil(x) + np.rint(x)),
    ("log(y) + log10(y) + log2(y) + log1p(y)", np.log(y) + np.log10(y) + np.log2(y) + np.log1p(y)),
    ("  x\n + y\t", x + y),
    ("max(x, y,)", np.maximum(x, y)),
]


@pytest.mark.parametrize(("text", "expected"), AGAINST_NUMPY, ids=[row[0] for row in AGAINST_NUMPY])
def test_values_are_those_of_numpy(text: str, expected: Any) -> None:
    result = value_of(text)
    np.testing.assert_allclose(result, expected, rtol=1e-14, atol=1e-14)
    assert result.dtype == np.float64
    assert result.shape == np.shape(expected)


# argument, value: Abramowitz & Stegun (1964), the chapters on the functions named
PUBLISHED = [
    ("erf(0.5)", 0.5204998778),
    ("gamma(0.5)", 1.7724538509),
    ("j0(1)", 0.7651976866),
    ("j1(1)", 0.4400505857),
    ("y0(1)", 0.0882569642),
    ("y1(1)", -0.7812128213),
    ("i0(1)", 1.2660658778),
    ("i1(1)", 0.5651591040),
    ("k0(1)", 0.4210244382),
    ("k1(1)", 0.6019072302),
    ("cbrt(-27)", -3.0),
    ("asin(1)", math.pi / 2),
    ("acos(-1)", math.pi),
    ("atan(1)", math.pi / 4),
    ("arcsin(1) + arccos(1) + 4*arctan(1)", 1.5 * math.pi),
    ("arctan2(1, -1)", 0.75 * math.pi),
    ("sinh(1)", 1.1752011936),
    ("cosh(1)", 1.5430806348),
    ("tanh(1)", 0.7615941560),
    ("asinh(1)", 0.8813735870),
    ("acosh(2)", 1.3169578969),
    ("atanh(0.5)", 0.5493061443),
    ("cos(pi/3)", 0.5),
    ("tan(pi/4)", 1.0),
    ("expm1(1)", math.e - 1),
    ("sqrt(2)", 1.4142135624),
    ("radians(180)", math.pi),
    ("degrees(pi)", 180.0),
]


@pytest.mark.parametrize(("text", "expected"), PUBLISHED, ids=[row[0] for row in PUBLISHED])
def test_functions_have_their_published_values(text: str, expected: float) -> None:
    assert compile_expression(text, ()).constant == pytest.approx(expected, rel=1e-9)


def test_every_function_is_tested() -> None:
    formulas = " ".join(row[0] for row in (*AGAINST_NUMPY, *PUBLISHED))
    missing = [name for name in FUNCTIONS if f"{name}(" not in formulas]
    assert missing == []


def test_every_function_tells_its_meaning_and_can_be_called() -> None:
    assert all(function.meaning and function.name == name for name, function in FUNCTIONS.items())
    assert FUNCTIONS["hypot"](3.0, 4.0) == 5.0


CODATA_NAMES = {
    "c0": "speed of light in vacuum",
    "h_planck": "Planck constant",
    "hbar": "reduced Planck constant",
    "q_e": "elementary charge",
    "k_B": "Boltzmann constant",
    "N_A": "Avogadro constant",
    "R_gas": "molar gas constant",
    "F_faraday": "Faraday constant",
    "sigma_SB": "Stefan-Boltzmann constant",
    "epsilon0": "vacuum electric permittivity",
    "mu0": "vacuum mag. permeability",
    "G": "Newtonian constant of gravitation",
    "m_e": "electron mass",
    "m_p": "proton mass",
    "m_n": "neutron mass",
    "g0": "standard acceleration of gravity",
    "atm": "standard atmosphere",
}


@pytest.mark.parametrize("name", CODATA_NAMES)
def test_constants_are_those_of_codata(name: str) -> None:
    published, _, uncertainty = scipy.constants.physical_constants[CODATA_NAMES[name]]
    # Successive CODATA editions differ by a few of their uncertainties; SciPy's edition depends on its version.
    assert CONSTANTS[name] == pytest.approx(published, rel=1e-11, abs=10 * uncertainty)


def test_constants_agree_among_themselves_and_name_their_source() -> None:
    # c^2 = 1/(epsilon0 mu0), within the uncertainty 1.6e-10 of both
    assert value_of("c0*sqrt(epsilon0*mu0)") == pytest.approx(1.0, rel=1e-9)
    assert value_of("2*pi**5*k_B**4/(15*h_planck**3*c0**2)/sigma_SB") == pytest.approx(1.0, rel=1e-9)
    # surface gravity from GM and the mean radius: 9.82 m/s^2 (Moritz 2000)
    assert value_of("GM_earth/R_earth**2") == pytest.approx(9.82, abs=0.005)
    # Kepler's third law: one sidereal year, 365.256 days, at 149 597 870 700 m
    assert value_of("2*pi*sqrt(149597870700**3/GM_sun)/86400") == pytest.approx(365.256, abs=0.01)
    assert value_of("T_ice + 0") == 273.15
    assert value_of("e + 0") == math.e
    assert all(entry.source and entry.meaning for entry in CONSTANT_TABLE)


def test_names_given_hide_constants() -> None:
    formula = compile_expression("e + G", {"e"})
    assert formula.names == {"e"}
    assert formula({"e": 1.0}) == pytest.approx(1.0 + 6.67430e-11, abs=0.0)


def test_only_names_used_are_reported_and_needed() -> None:
    formula = compile_expression("x + pi", VALUES)
    assert formula.names == {"x"}
    assert formula({"x": 1.0, "unused": "text"}) == 1.0 + math.pi
    with pytest.raises(ExpressionError, match="No value was given for 'x'"):
        formula({"y": 1.0})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5", 5.0),
        (5, 5.0),
        (-2.5, -2.5),
        (np.float32(0.5), 0.5),
        (np.int64(3), 3.0),
        (1e-300, 1e-300),
        ("1e-3", 1e-3),
        (".5", 0.5),
        ("5.", 5.0),
        ("1E+2", 100.0),
        ("2*pi", math.tau),
        ("where(1 < 2, 3, 4)", 3.0),
        ("2 if 1 > 2 else 7", 7.0),
        ("max(1, 5)", 5.0),
        ("9007199254740993", 9007199254740992.0),
    ],
)
def test_formulas_without_names_are_constants(text: str | float, expected: float) -> None:
    formula = compile_expression(text, VALUES)
    assert formula.constant == expected
    assert formula.names == frozenset()
    result = formula({})
    assert result == expected
    assert isinstance(result, np.float64)


def test_formulas_with_names_have_no_constant() -> None:
    assert compile_expression("0*x", VALUES).constant is None


@pytest.mark.parametrize(
    "text", ["1/x", "0/x", "log(x)", "sqrt(x - 1)", "x**-1", "x**-3", "1 // x", "1 % x", "exp(800 + x)"]
)
def test_non_finite_results_come_back_without_a_warning(text: str) -> None:
    with np.errstate(all="raise"):
        assert not np.isfinite(value_of(text, x=0.0))
        result = value_of(text, x=np.array([0.0, 2.0]))
    assert not np.isfinite(result[0])


def test_poles_of_tan_stay_finite_in_floating_point() -> None:
    assert abs(value_of("tan(x)", x=math.pi / 2)) > 1e15


def test_python_numbers_follow_numpy_and_never_raise_or_turn_complex() -> None:
    assert value_of("1/x", x=0) == np.inf
    assert np.isnan(value_of("x**0.5", x=-1))
    assert value_of("10**x", x=400) == np.inf
    assert value_of("x**-1", x=np.array([2, 4])).tolist() == [0.5, 0.25]
    assert value_of("3/(x > 1)", x=0) == np.inf


@pytest.mark.parametrize("dtype", [np.float32, np.int8, np.uint8, np.bool_, np.int64, ">f8"])
def test_arrays_of_any_real_type_count_as_float64(dtype: Any) -> None:
    array = np.array([0, 1, 1], dtype=dtype)
    result = value_of("200*x - 300", x=array)
    assert result.dtype == np.float64
    assert result.tolist() == [-300.0, -100.0, -100.0]


def test_views_zero_dimensions_and_read_only_arrays() -> None:
    table = np.arange(12.0).reshape(3, 4)
    table.flags.writeable = False
    np.testing.assert_array_equal(value_of("2*x", x=table[:, ::-2]), 2 * table[:, ::-2].copy())
    np.testing.assert_array_equal(value_of("x + 1", x=np.array(2.0)), 3.0)
    empty = value_of("x**2", x=np.empty((0, 3)))
    assert empty.shape == (0, 3)


def test_the_formula_of_one_name_gives_a_new_array() -> None:
    array = np.arange(3.0)
    result = value_of("x", x=array)
    result[0] = 99.0
    assert array[0] == 0.0
    assert value_of(" (x) ", x=array) is not array


@pytest.mark.parametrize("text", ["x**2", "x**3 + y", "-x", "abs(x)", "where(x > 0, x, y)", "max(x, y)"])
def test_inputs_are_never_changed(text: str) -> None:
    before = {"x": x.copy(), "y": y.copy()}
    values = {"x": x.copy(), "y": y.copy()}
    compile_expression(text, values)(values)
    np.testing.assert_array_equal(values["x"], before["x"])
    np.testing.assert_array_equal(values["y"], before["y"])


@pytest.mark.parametrize(
    "value",
    [
        1j,
        np.complex128(1),
        np.array([1j]),
        "1",
        b"1",
        None,
        [1.0],
        {"a": 1},
        np.array(["a"]),
        np.array([...]),
        np.datetime64("2020-01-01"),
        np.ma.masked_array([1.0, 2.0], mask=[True, False]),
        10**400,
    ],
    ids=str,
)
def test_values_that_are_not_real_are_refused(value: object) -> None:
    with pytest.raises(ExpressionError, match="`x` must be a real number or array") as caught:
        value_of("2*x", x=value)
    assert len(str(caught.value)) < 700


def test_shapes_that_do_not_broadcast_are_named() -> None:
    with pytest.raises(ExpressionError, match=r"x \(3,\), y \(4,\)"):
        value_of("x + y", x=np.zeros(3), y=np.zeros(4))


# ---- functions and values from outside ----------------------------------------------------------


class Field:
    """A stand-in for a field: arithmetic and comparison by Python's own operators, no NumPy."""

    __array_ufunc__ = None

    def __init__(self, story: str) -> None:
        self.story = story

    def _with(self, symbol: str, other: object, *, turned: bool = False) -> Field:
        shown = other.story if isinstance(other, Field) else f"{float(other):g}"  # type: ignore[arg-type]
        return Field(f"({shown}{symbol}{self.story})" if turned else f"({self.story}{symbol}{shown})")

    def __add__(self, other: object) -> Field:
        return self._with("+", other)

    def __radd__(self, other: object) -> Field:
        return self._with("+", other, turned=True)

    def __mul__(self, other: object) -> Field:
        return self._with("*", other)

    def __rmul__(self, other: object) -> Field:
        return self._with("*", other, turned=True)

    def __pow__(self, other: object) -> Field:
        return self._with("**", other)

    def __neg__(self) -> Field:
        return Field(f"-{self.story}")


def grad(field: Field) -> Field:
    return Field(f"grad({field.story})")


def div(field: Field) -> Field:
    if not isinstance(field, Field):
        raise RankError("divergence takes a vector field")
    return Field(f"div({field.story})")


def derive(text: str, **values: Any) -> Any:
    names = {"V": Field("V"), "q": 2.0, **values}
    return compile_expression(text, names, functions={"grad": grad, "div": div, "total": lambda f: 7})(names)


@pytest.mark.parametrize(
    ("text", "story"),
    [
        ("-grad(V)", "-grad(V)"),
        ("2*div(grad(V))", "(2*div(grad(V)))"),
        ("q*V", "(2*V)"),
        ("V*q + 1", "((V*2)+1)"),
        ("1 + V", "(1+V)"),
        ("V**2", "(V**2)"),
        ("V**3", "(V**3)"),
        ("grad(V) + grad(V*3)", "(grad(V)+grad((V*3)))"),
    ],
)
def test_fields_meet_their_own_operators(text: str, story: str) -> None:
    assert derive(text).story == story


def test_numbers_from_outside_functions_follow_numpy() -> None:
    assert derive("1/(total(V) - 7)") == np.inf
    assert derive("where(total(V) > 6, 1, 2)") == 1.0


def test_errors_of_outside_functions_pass_through_and_others_are_told() -> None:
    with pytest.raises(RankError, match="divergence takes a vector field"):
        derive("div(q)")
    with pytest.raises(ExpressionError, match="unsupported operand"):
        derive("V/2")
    with pytest.raises(ExpressionError, match="did you mean 'grad'"):
        derive("garad(V)")
    with pytest.raises(ExpressionError, match="grad does not take 2 arguments"):
        derive("grad(V, V)")


def test_outside_functions_override_the_table() -> None:
    functions = {"abs": lambda value: 42.0, "where": lambda condition, yes, no: yes}
    formula = compile_expression("abs(x) + where(x > 0, 1, 2) + (10 if x > 0 else 20)", {"x"}, functions=functions)
    assert formula({"x": -1.0}) == 53.0
    assert compile_expression("abs(1)", (), functions=functions).constant is None


def test_functions_without_a_signature_are_called() -> None:
    formula = compile_expression("largest(x, 2)", {"x"}, functions={"largest": max})
    assert formula({"x": 1.0}) == 2.0


@pytest.mark.parametrize("result", [1j, "text", None, np.array([1j]), np.array([None]), [1.0]])
def test_results_that_are_not_real_are_refused(result: object) -> None:
    formula = compile_expression("odd(x)", {"x"}, functions={"odd": lambda value: result})
    with pytest.raises(ExpressionError, match="`expression` must be a real number"):
        formula({"x": 1.0})


@pytest.mark.parametrize("result", [True, np.True_, np.array([True, False])])
def test_truth_values_are_no_result(result: object) -> None:
    formula = compile_expression("odd(x)", {"x"}, functions={"odd": lambda value: result})
    with pytest.raises(ExpressionError, match="true or false"):
        formula({"x": 1.0})


def test_integer_results_become_float64() -> None:
    formula = compile_expression("odd(x)", {"x"}, functions={"odd": lambda value: np.array([1, 2])})
    assert formula({"x": 1.0}).dtype == np.float64


# ---- the compiled object ------------------------------------------------------------------------


def test_an_expression_survives_pickle_and_copy() -> None:
    formula = compile_expression("where(x > 0, x**2, pi)", {"x", "y"}, where="source")
    for twin in (pickle.loads(pickle.dumps(formula)), copy.deepcopy(formula)):
        assert twin == formula
        assert hash(twin) == hash(formula)
        assert twin.names == {"x"}
        np.testing.assert_array_equal(twin({"x": x}), formula({"x": x}))


def test_an_expression_is_frozen_and_shows_its_text() -> None:
    formula = compile_expression("x + 1", {"x"})
    with pytest.raises(AttributeError):
        formula.text = "y"  # type: ignore[misc]
    assert "x + 1" in repr(formula)
    assert isinstance(formula, Expression)
    assert formula != compile_expression("x + 2", {"x"})
