"""Conditions on parts of a side and coefficients by region: the first part that holds, the last for the rest."""

from __future__ import annotations

import numpy as np
import pytest

import fieldsim as fs
from fieldsim.boundary import Radiative
from fieldsim.errors import ExpressionError, InvalidInput

PI = np.pi
PLATE = fs.cartesian(x=(0, 1), y=(0, 1), cells=(4, 8))
NONE = fs.FluxOut(0.0)


def plate(left, **changes):
    boundary = {"x-": left, "x+": fs.Value(0.0), "y-": NONE, "y+": NONE}
    return fs.Problem(PLATE, fs.Heat(2.0), boundary).replace(**changes)


def test_half_a_rim_is_hot():
    """u = 1/2 + atan(2 r sin(phi)/(1 - r^2))/pi on the disk, rim 1 above and 0 below (Churchill & Brown)."""
    errors = []
    for n in (16, 32):
        mesh = fs.polar(r=(0, 1), phi=(0, 2 * PI), cells=(n, 2 * n))
        boundary = {"r+": [("y > 0", fs.Value(1.0)), fs.Value(0.0)]}
        exact = "0.5 + atan(2*r*sin(phi)/(1 - r**2))/pi"
        problem = fs.Problem(mesh, fs.Heat(1.0), boundary, exact=exact)
        difference = np.abs(fs.solve(problem).field.values - problem.exact_values(0.0))
        errors.append(difference[: n // 2].max())
    assert errors[0] < 2e-3
    assert np.log2(errors[0] / errors[1]) == pytest.approx(2.0, abs=0.2)


def test_nafems_t4():
    """18.25 degC at (0.6, 0.2) (NAFEMS, The Standard NAFEMS Benchmarks, T4), recomputed from the cosine series.

    Roots of s tan(s a) = h/k; T = 100 sum C cos(s x) Y(y), Y from 1 at y = 0 to a film at y = 1.
    """
    a, b, ratio = 0.6, 1.0, 750.0 / 52.0
    low, high = np.arange(400) * PI / a + 1e-9, (np.arange(400) + 0.5) * PI / a - 1e-9
    for _ in range(80):
        middle = (low + high) / 2
        over = middle * np.tan(middle * a) > ratio
        low, high = np.where(over, low, middle), np.where(over, middle, high)
    s = (low + high) / 2
    share = (np.sin(s * a) / s) / (a / 2 + np.sin(2 * s * a) / (4 * s))

    def height(y):
        # cosh and sinh divided by exp(s b)
        near, far = np.exp(-s * y), np.exp(-s * (2 * b - y))
        return ((s + ratio) * near + (s - ratio) * far) / ((s + ratio) + (s - ratio) * np.exp(-2 * s * b))

    exact = float((100 * share * np.cos(s * a) * height(0.2)).sum())
    assert exact == pytest.approx(18.25, abs=0.01)
    values = []
    for n in (20, 40):
        mesh = fs.cartesian(x=(0, a), y=(0, b), cells=(3 * n // 5, n))
        film = fs.Convective(h=750.0, ambient=0.0)
        boundary = {"x-": NONE, "y-": fs.Value(100.0), "x+": film, "y+": film}
        surface = fs.solve(fs.Problem(mesh, fs.Heat(52.0), boundary)).at_boundary("x+").value
        values.append((surface[n // 5 - 1] + surface[n // 5]) / 2)
    assert values[1] == pytest.approx(exact, abs=0.1)
    assert (4 * values[1] - values[0]) / 3 == pytest.approx(exact, abs=0.03)


@pytest.mark.parametrize(
    "condition",
    [fs.Value("y"), fs.FluxOut("y"), fs.GradientOut("y"), fs.Convective("1 + y", 3.0), Radiative(0.9, 400.0)],
)
def test_equal_parts_are_the_whole(condition):
    parts = [("y < 0.3", condition), (PLATE.axes[1].centers > 0.6, condition), condition]
    whole, divided = fs.solve(plate(condition)), fs.solve(plate(parts))
    np.testing.assert_allclose(divided.field.values, whole.field.values, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(divided.at_boundary("x-").flux_out, whole.at_boundary("x-").flux_out, rtol=1e-9)


def test_each_part_has_its_own_law():
    result = fs.solve(plate([("y > 0.5", fs.Value("10*y")), ("y > 0.25", fs.FluxOut(-3.0)), fs.FluxOut([9.0] * 8)]))
    side, y = result.at_boundary("x-"), PLATE.axes[1].centers
    np.testing.assert_allclose(side.value[4:], 10 * y[4:], rtol=1e-12)
    np.testing.assert_array_equal(side.flux_out[:4], [9.0, 9.0, -3.0, -3.0])


def test_parts_may_vary_in_time():
    problem = plate([("y > 0.5", fs.Value("t")), NONE], initial=0.0, model=fs.Heat(2.0, 1.0, 1.0))
    assert problem.volume.data_vary == ("boundary['x-']",)
    run = fs.evolve(problem, until=1.0, outputs=1)
    np.testing.assert_allclose(run.at_boundary("x-").value[4:], 1.0)
    assert run.balance.relative < 1e-12


@pytest.mark.parametrize(
    ("left", "error", "message"),
    [
        ([("y > 2", NONE), NONE], InvalidInput, r"boundary\['x-'\]\[0\]` must be a part that holds on a face"),
        ([("y > 0", NONE), ("y > 0.5", NONE)], InvalidInput, r"boundary\['x-'\]\[1\]` must be a part that holds"),
        (
            [("y > 0.5", NONE)],
            InvalidInput,
            r"must be given for every face; got 'nothing for 4 of 8, first face \(0,\)'",
        ),
        ([NONE, ("y > 0.5", NONE)], InvalidInput, r"\[0\]` must be a pair \(where, what\)"),
        ([("y", NONE), NONE], ExpressionError, "a condition is needed here"),
        ([("q > 1", NONE), NONE], ExpressionError, "q"),
        ([(np.ones(3, bool), NONE), NONE], InvalidInput, r"an array of booleans of shape \(8,\)"),
        ([("y > 0.5", 3.0), NONE], InvalidInput, "Value, FluxOut, GradientOut, Convective, Radiative"),
        ([], InvalidInput, "Value, FluxOut"),
    ],
)
def test_wrong_parts_are_refused(left, error, message):
    with pytest.raises(error, match=message):
        plate(left)


def test_regions_of_a_composite_wall():
    """R = sum d/k: plaster, insulation and brick by region (Incropera & DeWitt, section 3.1)."""
    mesh = fs.cartesian(edges={"x": [0, 0.005, 0.01, 0.04, 0.06, 0.1, 0.16]})
    k = [("x < 0.01", "0.5 W/m/K"), ("x < 0.06", 0.04), "0.7"]
    result = fs.solve(fs.Problem(mesh, fs.Heat(k), {"x-": fs.Value(20.0), "x+": fs.Value(0.0)}))
    assert result.at_boundary("x+").flux_out == pytest.approx(20 / (0.01 / 0.5 + 0.05 / 0.04 + 0.1 / 0.7), rel=1e-11)


def test_a_formula_is_asked_in_its_region_only():
    mesh = fs.cartesian(x=(0, 1), cells=10)
    field = fs.ScalarField(mesh, "x")
    regions = [("x > 0.5", "sqrt(x - 0.5)"), (mesh.axes[0].centers < 0.2, field), mesh.axes[0].centers]
    source = fs.Problem(mesh, fs.Heat(1.0, source=regions), {"x-": fs.Value(0.0), "x+": NONE}).volume.source
    x = mesh.axes[0].centers
    np.testing.assert_allclose(source.values(0.0), np.where(x > 0.5, np.sqrt(np.maximum(x - 0.5, 0)), x))


def test_regions_may_follow_time_and_the_unknown():
    mesh = fs.cartesian(x=(0, 1), cells=4)
    model = fs.Heat([("x < 0.5", "1 + T"), (mesh.axes[0].centers < 0.7, "1 + t"), lambda T: 2 + T])
    k = fs.Problem(mesh, model, {"x-": fs.Value(0.0), "x+": NONE}).volume.conductivity
    assert k.varies
    assert k.follows
    np.testing.assert_allclose(k.values(3.0, np.array([1.0, 2.0, 3.0, 4.0])), [2.0, 3.0, 4.0, 6.0])
    with pytest.raises(InvalidInput, match=r"`conductivity` must be given for every cell"):
        fs.Problem(mesh, fs.Heat([("x < 0.5", 1.0)]), {"x-": fs.Value(0.0), "x+": NONE})
    with pytest.raises(InvalidInput, match=r"`conductivity` must be above 0"):
        fs.Problem(mesh, fs.Heat([("x < 0.5", 1.0), 0.0]), {"x-": fs.Value(0.0), "x+": NONE})
