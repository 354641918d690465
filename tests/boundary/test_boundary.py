"""Conditions on walls: the half-cell law against one-dimensional conduction, and every way to get one wrong."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fieldsim as fs
from fieldsim.boundary import Place, Wall, WallUnits, bind_walls, read_given
from fieldsim.errors import ExpressionError, InvalidInput, NumericalFailure, UnitsError

UNITS = WallUnits("K", "W/m^2", "K/m", "W/m^2/K")
MESH = fs.cartesian(x=(0, 1), y=(0, 2), cells=(4, 3))
LINE = Place((3,), frozenset({"x"}), lambda names: {"x": np.array([0.0, 1.0, 2.0])} if names else {}, "face")

positive = st.floats(1e-3, 1e3)
any_number = st.floats(-1e3, 1e3)


def one_face(conductivity=2.0, distance=0.25):
    side = MESH.sides["x+"]
    return Wall(side, np.full(3, 0.5), np.full(3, conductivity), np.full(3, distance))


def law_of(condition, wall, t=0.0):
    mesh = fs.cartesian(x=(0, 1), y=(0, 2), cells=(4, 3), periodic=("y",))
    bound = bind_walls(mesh, {"x-": fs.FluxOut(0.0), "x+": condition}, UNITS)["x+"]
    return bound.law(t, wall, wall.areas)


@given(k=positive, d=positive, inner=any_number, held=any_number)
def test_a_held_value_is_the_surface_value(k, d, inner, held):
    """Fourier across the half cell: q = k (u_inner - u_wall) / d."""
    wall = one_face(k, d)
    law = law_of(fs.Value(held), wall)
    u = np.full(3, inner)
    np.testing.assert_allclose(law.flux_out(u), k * (inner - held) / d, rtol=1e-12, atol=1e-9)
    np.testing.assert_allclose(law.surface(u, wall), held, rtol=1e-9, atol=1e-9)


@given(k=positive, d=positive, inner=any_number, flux=any_number)
def test_a_given_flux_leaves_and_lowers_the_surface(k, d, inner, flux):
    wall = one_face(k, d)
    law = law_of(fs.FluxOut(flux), wall)
    u = np.full(3, inner)
    np.testing.assert_array_equal(law.flux_out(u), flux)
    np.testing.assert_allclose(law.surface(u, wall), inner - flux * d / k, rtol=1e-12, atol=1e-9)


@given(k=positive, d=positive, inner=any_number, slope=any_number)
def test_a_gradient_outward_lets_heat_in(k, d, inner, slope):
    """q = -k du/dn: a value that rises outward drives the flux inward."""
    wall = one_face(k, d)
    law = law_of(fs.GradientOut(slope), wall)
    u = np.full(3, inner)
    np.testing.assert_allclose(law.flux_out(u), -k * slope, rtol=1e-12)
    np.testing.assert_allclose(law.surface(u, wall), inner + slope * d, rtol=1e-9, atol=1e-6)


@given(k=positive, d=positive, inner=any_number, h=positive, ambient=any_number)
def test_a_film_passes_what_the_half_cell_passes(k, d, inner, h, ambient):
    """Two resistances in series: k (u - u_s)/d = h (u_s - ambient)."""
    wall = one_face(k, d)
    law = law_of(fs.Convective(h=h, ambient=ambient), wall)
    u = np.full(3, inner)
    surface = (k / d * inner + h * ambient) / (k / d + h)
    np.testing.assert_allclose(law.surface(u, wall), surface, rtol=1e-9, atol=1e-7)
    np.testing.assert_allclose(law.flux_out(u), h * (surface - ambient), rtol=1e-7, atol=1e-5)


def test_a_film_of_no_conductance_insulates():
    law = law_of(fs.Convective(h=0.0, ambient=50.0), one_face())
    np.testing.assert_array_equal(law.flux_out(np.full(3, 7.0)), 0.0)


def test_numbers_may_be_formulas_of_place_and_time():
    mesh = fs.cartesian(x=(0, 1), y=(0, 2), cells=(4, 3))
    none = fs.FluxOut(0.0)
    conditions = {"x-": none, "x+": fs.Value("x + 10*y + t"), "y-": none, "y+": none}
    bound = bind_walls(mesh, conditions, UNITS)["x+"]
    assert bound.varies
    assert not bound.slope_varies
    y = np.array([1 / 3, 1.0, 5 / 3])
    np.testing.assert_allclose(bound.law(5.0, one_face(), np.zeros(3)).reference, 1.0 + 10 * y + 5.0)


def test_a_film_may_vary_in_time():
    mesh = fs.cartesian(x=(0, 1), cells=4)
    bound = bind_walls(mesh, {"x-": fs.Convective("1 + t", 0.0), "x+": fs.FluxOut(0.0)}, UNITS)["x-"]
    assert bound.slope_varies


def test_numbers_may_be_quantities_and_arrays():
    mesh = fs.cartesian(x=(0, 1), y=(0, 2), cells=(4, 3))
    none = fs.FluxOut("0 W/m^2")
    bound = bind_walls(
        mesh,
        {"x-": fs.Value("100 degC"), "x+": fs.FluxOut(np.array([1, 2, 3])), "y-": none, "y+": none},
        UNITS,
    )
    np.testing.assert_allclose(bound["x-"].law(0.0, one_face(), np.zeros(3)).reference, 373.15)
    np.testing.assert_array_equal(bound["x+"].law(0.0, one_face(), np.zeros(3)).flux, [1.0, 2.0, 3.0])


def test_round_meshes_know_their_side_names_and_coordinates():
    mesh = fs.spherical(r=(0, 2), theta=(0, np.pi), phi=(0, 2 * np.pi), cells=(3, 4, 8))
    bound = bind_walls(mesh, {"r+": fs.Value("z/r")}, UNITS)
    theta = (np.arange(4) + 0.5) * np.pi / 4
    wall = Wall(mesh.sides["r+"], np.ones((4, 8)), np.ones((4, 8)), np.ones((4, 8)))
    np.testing.assert_allclose(bound["r+"].law(0.0, wall, wall.areas).reference, np.cos(theta)[:, None] * np.ones(8))


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        ({"x-": fs.Value(1.0)}, r"every wall \(x-, x\+, y-, y\+\); got 'nothing for x\+, y-, y\+'. Add 'x\+'"),
        ({"lefft": fs.Value(1.0)}, r"sides x-, x\+, y-, y\+; got 'lefft'"),
        ({"x_": fs.Value(1.0)}, r"Did you mean 'x-'"),
        ({"x-": 3.0, "x+": 3.0, "y-": 3.0, "y+": 3.0}, r"`boundary\['x-'\]` must be a condition such as"),
        ([1, 2], r"`boundary` must be a mapping"),
    ],
)
def test_wrong_boundaries_are_refused(conditions, message):
    with pytest.raises(InvalidInput, match=message):
        bind_walls(MESH, conditions, UNITS)


def test_an_axis_takes_no_condition():
    mesh = fs.polar(r=(0, 1), phi=(0, 2 * np.pi), cells=(4, 8))
    with pytest.raises(InvalidInput, match=r"`boundary\['r-'\]` must be left out: r = 0 .*zero area"):
        bind_walls(mesh, {"r-": fs.Value(1.0), "r+": fs.Value(0.0)}, UNITS)
    with pytest.raises(InvalidInput, match=r"phi is periodic, its two ends are joined"):
        bind_walls(mesh, {"phi-": fs.Value(1.0), "r+": fs.Value(0.0)}, UNITS)


def test_a_negative_film_is_refused():
    mesh = fs.cartesian(x=(0, 1), cells=4)
    with pytest.raises(InvalidInput, match=r"\.h` must be 0 or more; got -1\.0"):
        bind_walls(mesh, {"x-": fs.Convective(-1.0, 0.0), "x+": fs.Value(0.0)}, UNITS)
    late = bind_walls(mesh, {"x-": fs.Convective("1 - t", 0.0), "x+": fs.Value(0.0)}, UNITS)["x-"]
    with pytest.raises(InvalidInput, match="must be 0 or more"):
        late.law(2.0, one_face(), np.zeros(3))


@pytest.mark.parametrize(
    ("what", "error", "message"),
    [
        ("5 m", UnitsError, "W/m"),
        ("1,5 W/m/K", InvalidInput, "1"),
        ("x +", ExpressionError, "formula"),
        ("q*x", ExpressionError, "unknown name 'q'"),
        ("1/x", NumericalFailure, r"`k` must be finite; got inf first in face \(0,\)"),
        (np.nan, NumericalFailure, "must be finite"),
        (np.ones(4), InvalidInput, r"a number or an array of shape \(3,\); got 'an array of shape \(4,\)'"),
        (1j, InvalidInput, "a number, a quantity, a formula or an array"),
        (True, InvalidInput, "a number, a quantity"),
        (None, InvalidInput, "a number, a quantity"),
        ([[1], [2, 3]], InvalidInput, "a number, a quantity"),
        (np.ma.masked_array([1.0, 2.0, 3.0], [0, 1, 0]), InvalidInput, "must be a plain array"),
        ({"a": 1}, InvalidInput, "a number, a quantity"),
    ],
)
def test_wrong_numbers_are_refused(what, error, message):
    with pytest.raises(error, match=message):
        read_given(what, LINE, unit="W/m/K", name="k")


def test_time_is_refused_where_it_cannot_stand():
    with pytest.raises(ExpressionError, match="constant in time"):
        read_given("x*t", LINE, unit="", name="k", time=False)


def test_a_formula_that_fails_later_names_the_time():
    given_number = read_given("x/(t - 0.5)", LINE, unit="", name="source")
    np.testing.assert_allclose(given_number.values(1.5), [0.0, 1.0, 2.0])
    with pytest.raises(NumericalFailure, match=r"first in face \(0,\) at t = 0\.5 s"):
        given_number.values(0.5)


def test_what_is_read_is_a_copy():
    array = np.array([1.0, 2.0, 3.0])
    number = read_given(array, LINE, unit="", name="k")
    array[0] = 99.0
    assert number.values(0.0)[0] == 1.0


def test_conditions_are_frozen():
    condition = fs.Value(1.0)
    with pytest.raises(FrozenInstanceError):
        condition.value = 2.0
