"""Formulas: the gradients of the lesson, and every function's slope against central differences."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fieldsim import potentials as pot
from fieldsim.errors import ExpressionError, InvalidInput
from fieldsim.expressions import FUNCTIONS
from fieldsim.potentials.dual import DUAL_FUNCTIONS


@pytest.mark.parametrize(
    ("text", "at", "gradient"),
    [
        ("x**2 + 3*x*y + y**2", (2.0, 5.0), (2 * 2 + 3 * 5, 3 * 2 + 2 * 5)),
        ("x**2 + y**2", (1.0, 2.0), (2.0, 4.0)),
        ("x**2*y + 3*y**3", (2.0, 1.0), (4.0, 13.0)),
        ("x*y*z**2", (1.0, 2.0, 3.0), (18.0, 9.0, 12.0)),
        ("exp(x)*sin(y)", (0.3, 0.4), (np.exp(0.3) * np.sin(0.4), np.exp(0.3) * np.cos(0.4))),
        ("100 - x**2 - y**2", (3.0, 4.0), (-6.0, -8.0)),
        ("1000 - x**2/2 - y**2/2", (10.0, 0.0), (-10.0, 0.0)),
        ("(x**2 + y**2)**3", (1.0, -1.0), (6 * 4 * 1.0, 6 * 4 * -1.0)),
        ("7", (1.0, 2.0), (0.0, 0.0)),
    ],
)
def test_gradients_of_the_lesson(text, at, gradient):
    np.testing.assert_allclose(pot.formula(text).gradient(np.array(at)), gradient, rtol=1e-14)


def test_one_over_r_is_the_field_of_a_point_charge():
    V = pot.formula("k*q/r", "V", parameters={"k": 1 / (4 * np.pi * 8.8541878188e-12), "q": 1e-9})
    x = np.random.default_rng(2).normal(size=(3, 50))
    charge = pot.point_charge(1e-9)
    np.testing.assert_allclose(V.value(x), charge.value(x), rtol=1e-12)
    np.testing.assert_allclose(V.gradient(x), charge.gradient(x), rtol=1e-12)
    assert np.isnan(V.value([0.0, 0.0, 0.0]))
    assert np.isnan(V.gradient([0.0, 0.0, 0.0])).all()
    assert (V + charge).unit == "V"


def test_smooth_functions_of_r_are_smooth_at_the_origin():
    assert pot.formula("r**2").gradient([0.0, 0.0, 0.0]).tolist() == [0.0, 0.0, 0.0]
    assert pot.formula("exp(-r**2)").gradient([0.0, 0.0]).tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("text", "gradient"),
    [
        ("r", lambda x, y, z, r: (x / r, y / r, z / r)),
        ("phi", lambda x, y, z, r: (-y / (x * x + y * y), x / (x * x + y * y), 0.0)),
        (
            "theta",
            lambda x, y, z, r: (
                x * z / (r * r * np.hypot(x, y)),
                y * z / (r * r * np.hypot(x, y)),
                -np.hypot(x, y) / (r * r),
            ),
        ),
    ],
)
def test_native_coordinates(text, gradient):
    # e_theta / r and e_phi / (r sin theta): ISO 80000-2 angles
    x = np.array([0.3, -0.4, 0.5])
    expected = gradient(*x, np.linalg.norm(x))
    np.testing.assert_allclose(pot.formula(text).gradient(x), expected, rtol=1e-13, atol=1e-15)


def test_in_a_cylindrical_system_r_is_the_distance_from_the_axis():
    p = pot.formula("r**2 + z", system="cylindrical")
    assert p.value([3.0, 4.0, 7.0]) == pytest.approx(32.0)
    np.testing.assert_allclose(p.gradient([3.0, 4.0, 7.0]), [6.0, 8.0, 1.0], rtol=1e-14)
    assert pot.formula("r").value([3.0, 4.0, 12.0]) == 13.0


def test_phi_runs_from_0_to_2_pi():
    assert pot.formula("phi").value([1.0, -1.0]) == pytest.approx(7.0 * np.pi / 4.0)


def central(potential, x, axis, step):
    shift = step * np.eye(len(x))[axis]
    near = potential.value(x + shift) - potential.value(x - shift)
    far = potential.value(x + 2 * shift) - potential.value(x - 2 * shift)
    return (8 * near - far) / (12 * step)


_CALLS = {
    "acosh": "acosh(1.5 + x*x)",
    "clip": "clip(x*y, 0.1*x, 0.2 + y)",
    "where": "where(x > y, x*x, sin(y))",
    "heaviside": "heaviside(x - 5)*y + heaviside(y, 0.5)*x",
    "step": "step(x)*y",
    "gamma": "gamma(1 + x + y*y)",
}


def _call(name):
    function = FUNCTIONS[name]
    arguments = ["0.2 + 0.5*x*y", "0.3*y + 0.1*x", "x - y"][: max(1, function.least)]
    return _CALLS.get(name, f"{name}({', '.join(arguments)})")


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_the_slope_of_every_function(name):
    assert name in DUAL_FUNCTIONS
    potential = pot.formula(f"{_call(name)} + x*y")
    for x in np.array([[0.31, 0.77], [0.93, 0.42]]):
        found = potential.gradient(x)
        expected = [central(potential, x, axis, 1e-3) for axis in range(2)]
        np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize(
    "text",
    [
        "x // 0.3 + y",
        "2 // x",
        "x % 0.3 + 0.7 % y",
        "x % y",
        "x**y",
        "2**x - y**2.5",
        "x**-3 + 1/y**2",
        "-x + (+y) - (x - 1)/(y + 2) + 3/x",
        "5 - x",
        "x if x > y else y*y",
        "x if x >= y and not y < 0.1 else 3",
        "where(x <= y or x == 2 or x != x, 1, x)",
        "(x > 0.2)*x*x",
        "max(x, y, 0.5) + min(x, 0.1, y)",
        "hypot(x, y, 1) + hypot(3, 4)*x",
        "atan2(1, x) + atan2(y, 2) + atan2(1, 2)",
    ],
)
def test_every_operator(text):
    potential = pot.formula(text)
    for x in np.array([[0.31, 0.77], [0.93, 0.42]]):
        expected = [central(potential, x, axis, 1e-4) for axis in range(2)]
        np.testing.assert_allclose(potential.gradient(x), expected, rtol=1e-7, atol=1e-8)


leaves = st.sampled_from(["x", "y", "z", "r", "0.7", "2", "pi"])
formulas = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*"]), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        st.tuples(st.sampled_from(["sin", "cos", "tanh", "atan", "erf"]), inner).map(lambda t: f"{t[0]}({t[1]})"),
        st.tuples(inner, st.sampled_from(["2", "3"])).map(lambda t: f"({t[0]})**{t[1]}"),
        st.tuples(inner, inner).map(lambda t: f"({t[0]})/(2 + sin({t[1]}))"),
    ),
    max_leaves=8,
)


@settings(max_examples=120, deadline=None)
@given(formulas, st.tuples(*[st.floats(0.2, 1.2)] * 3))
def test_any_formula_against_central_differences(text, at):
    potential = pot.formula(text)
    x = np.array(at)
    steep = [np.abs(potential.gradient(x + d * np.eye(3)[i])).max() for i in range(3) for d in (-0.01, 0.0, 0.01)]
    # differences cannot follow a formula that turns within a step
    assume(max(steep) < 1e3)
    for axis in range(3):
        fine, coarse = central(potential, x, axis, 1e-4), central(potential, x, axis, 2e-4)
        error = 1e-7 * (1.0 + max(steep)) + 2.0 * abs(fine - coarse)
        assert abs(potential.gradient(x)[axis] - fine) < error


def test_kinks_take_the_middle_slope():
    x = np.array([0.0, 0.0])
    assert pot.formula("abs(x) + y").gradient(x).tolist() == [0.0, 1.0]
    assert pot.formula("max(x, y)").gradient(x).tolist() == [0.5, 0.5]


def test_a_given_gradient_is_used():
    p = pot.formula("x*y", gradient=["y", "x", "0"])
    assert p.gradient([2.0, 3.0]).tolist() == [3.0, 2.0]
    q = pot.formula("x*y", gradient=["10*y", "10*x"])
    assert q.gradient([2.0, 3.0, 4.0]).tolist() == [30.0, 20.0, 0.0]


def test_coordinates_that_a_point_lacks_are_asked_for():
    with pytest.raises(InvalidInput, match="at least 3 coordinates"):
        pot.formula("x + z").value([1.0, 2.0])
    with pytest.raises(InvalidInput, match="at least 2 coordinates"):
        pot.formula("phi").value([1.0])
    assert pot.formula("r").value([3.0, 4.0]) == 5.0


def test_shapes_follow_the_points():
    x = np.random.default_rng(1).normal(size=(2, 3, 4))
    p = pot.formula("2")
    assert p.value(x).shape == (3, 4)
    assert p.gradient(x).shape == (2, 3, 4)
    big = np.random.default_rng(1).normal(size=(2, 70_000))
    np.testing.assert_array_equal(pot.formula("x*y").value(big), big[0] * big[1])
    assert p.laplacian(x) is None
    assert p.source_density(x) is None


@pytest.mark.parametrize(
    "build",
    [
        lambda: pot.formula("__import__('os').system('true')"),
        lambda: pot.formula("x + q"),
        lambda: pot.formula("x < y"),
        lambda: pot.formula("x*y", gradient=["y", "nonsense"]),
    ],
)
def test_what_is_not_a_formula_is_refused(build):
    with pytest.raises(ExpressionError):
        build()


@pytest.mark.parametrize(
    "build",
    [
        lambda: pot.formula("x", parameters={"x": 2.0}),
        lambda: pot.formula("x*a", parameters={"a": "two"}),
        lambda: pot.formula("x", gradient="1"),
        lambda: pot.formula("x", system="polar"),
        lambda: pot.formula("x", gradient=[]),
        lambda: pot.formula("x", gradient=["1", "0", "0", "0"]),
    ],
)
def test_bad_arguments_are_refused(build):
    with pytest.raises(InvalidInput):
        build()
