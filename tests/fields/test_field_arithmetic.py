"""Arithmetic of fields cell by cell, units, and combinations that mean nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fieldsim as fs
from fieldsim.errors import FieldSimError, InvalidInput, RankError

MESH = fs.cartesian(x=(0, 1), y=(0, 1), cells=(4, 4))
OTHER = fs.cartesian(x=(0, 1), y=(0, 1), cells=(4, 4))
f = fs.ScalarField(MESH, "x + 2", unit="V", name="f")
g = fs.ScalarField(MESH, "y + 1", unit="m", name="g")
F = fs.VectorField(MESH, ["x", "y"], unit="N")
T = fs.jacobian(F)


@pytest.mark.parametrize(
    ("got", "values", "unit"),
    [
        (lambda: f + f, 2 * f.values, "V"),
        (lambda: f - f, 0 * f.values, "V"),
        (lambda: f + 1, f.values + 1, "V"),
        (lambda: 1 - f, 1 - f.values, "V"),
        (lambda: -f, -f.values, "V"),
        (lambda: +f, f.values, "V"),
        (lambda: abs(-f), f.values, "V"),
        (lambda: 3 * f, 3 * f.values, "V"),
        (lambda: f * np.float64(3), 3 * f.values, "V"),
        (lambda: np.float64(3) * f, 3 * f.values, "V"),
        (lambda: f * np.array(3.0), 3 * f.values, "V"),
        (lambda: f / 2, f.values / 2, "V"),
        (lambda: f * g, f.values * g.values, "V*m"),
        (lambda: f / g, f.values / g.values, "V/m"),
        (lambda: 2 / f, 2 / f.values, "1/V"),
        (lambda: f**2, f.values**2, "V^2"),
        (lambda: f**-1, 1 / f.values, "1/V"),
        (lambda: np.sqrt(f * f), f.values, "V"),
        (lambda: np.maximum(f, 2.5), np.maximum(f.values, 2.5), "V"),
        (lambda: np.hypot(f, f), np.hypot(f.values, f.values), None),
        (lambda: np.exp(g / g), np.e + 0 * g.values, ""),
        (lambda: np.sin(g), np.sin(g.values), ""),
        (lambda: 2.0 ** (g / g), 2.0 + 0 * g.values, ""),
    ],
)
def test_scalars(got, values, unit):
    result = got()
    assert isinstance(result, fs.ScalarField)
    assert result.mesh is MESH
    assert result.values == pytest.approx(values, rel=1e-15)
    assert unit is None or result.unit == unit


@pytest.mark.parametrize(
    ("got", "values", "unit"),
    [
        (lambda: F + F, 2 * F.values, "N"),
        (lambda: F - F, 0 * F.values, "N"),
        (lambda: -F, -F.values, "N"),
        (lambda: 2 * F, 2 * F.values, "N"),
        (lambda: F / 2, F.values / 2, "N"),
        (lambda: f * F, f.values * F.values, "V*N"),
        (lambda: F * f, f.values * F.values, "N*V"),
        (lambda: F / g, F.values / g.values, "N/m"),
        (lambda: T + T, 2 * T.values, "N/m"),
        (lambda: T * 2, 2 * T.values, "N/m"),
        (lambda: T * f, f.values * T.values, None),
    ],
)
def test_vectors_and_tensors(got, values, unit):
    result = got()
    assert result.rank in (1, 2)
    assert result.values == pytest.approx(values, rel=1e-15)
    assert unit is None or result.unit == unit


def test_products_of_vectors():
    assert F.dot(F).values == pytest.approx((F.values**2).sum(axis=0))
    assert F.dot(F).unit == "N^2"
    assert F.norm().values == pytest.approx(np.hypot(*F.values))
    with pytest.raises(InvalidInput, match="a vector field on the same mesh"):
        F.dot(f)
    with pytest.raises(InvalidInput, match="a vector field on the same mesh"):
        F.dot(fs.VectorField(OTHER, ["1", "1"]))


def test_inputs_stay_as_they_are():
    before = f.values.copy(), F.values.copy()
    for _ in (f + 1, f * F, -F, np.sqrt(f), f**2):
        pass
    assert np.array_equal(f.values, before[0])
    assert np.array_equal(F.values, before[1])
    assert (f.unit, f.name) == ("V", "f")


# ---- combinations without a meaning


@pytest.mark.parametrize(
    "combine",
    [
        lambda: F * F,
        lambda: F**2,
        lambda: f / F,
        lambda: 1 / F,
        lambda: np.sqrt(F),
        lambda: abs(F),
        lambda: T + F,
        lambda: T * T,
        lambda: T * F,
        lambda: F @ F,
        lambda: np.maximum(F, F),
    ],
)
def test_ranks_that_do_not_combine(combine):
    with pytest.raises(RankError):
        combine()


@pytest.mark.parametrize(
    "combine", [lambda: f + F, lambda: F - f, lambda: F + 1, lambda: 1 - F, lambda: T + 1, lambda: T + f]
)
def test_a_scalar_is_not_added_to_a_vector(combine):
    """The sum would depend on the basis: F + 1 is another vector in polar components than in Cartesian ones."""
    with pytest.raises(RankError):
        combine()


@pytest.mark.parametrize("combine", [lambda: f @ g, lambda: np.modf(f), lambda: divmod(f, 2), lambda: np.frexp(f)])
def test_functions_that_are_not_cell_by_cell(combine):
    """A matrix product of two square arrays, or a pair of results, is no field."""
    try:
        result = combine()
    except (FieldSimError, TypeError):
        return
    parts = result if isinstance(result, tuple) else (result,)
    assert len(parts) == 2, "one field out of a function with two results"
    assert all(part.values.shape == MESH.shape for part in parts)


@pytest.mark.parametrize("reduce", [np.sum, np.max, np.min, np.mean, np.prod, np.std, np.add.reduce])
def test_reductions_never_give_a_field(reduce):
    """A sum over cells has no meaning on cells of different size; it is refused, or a plain number."""
    try:
        result = reduce(f)
    except (FieldSimError, TypeError):
        return
    assert not isinstance(result, fs.ScalarField)
    assert float(result) == pytest.approx(float(reduce(f.values)))


def test_complex_results_are_refused():
    with pytest.raises(FieldSimError):
        f * 1j


@pytest.mark.parametrize("array", [np.ones((4, 4)), np.ones(4), [1, 2, 3, 4], [[1] * 4] * 4])
def test_plain_arrays_are_wrapped_first(array):
    """On a square mesh a list of four could mean columns or rows."""
    with pytest.raises(InvalidInput, match="Wrap it"):
        f + array
    with pytest.raises(InvalidInput, match="Wrap it"):
        array * f


@pytest.mark.parametrize("combine", [lambda h: f + h, lambda h: h * F, lambda h: np.maximum(f, h)])
def test_fields_on_two_meshes_do_not_combine(combine):
    with pytest.raises(InvalidInput, match="on the same mesh"):
        combine(fs.ScalarField(OTHER, 1.0))


@pytest.mark.parametrize("thing", [None, "a", object()])
def test_what_is_no_number_is_a_type_error(thing):
    with pytest.raises(TypeError):
        f + thing


def test_assignment_in_place_makes_the_same_as_the_long_form():
    """`V += 1` is how people write it."""
    h = fs.ScalarField(MESH, "x", unit="V")
    kept = h
    h += 1
    assert h.values == pytest.approx(MESH.points[0] + 1)
    h *= 2
    h -= fs.ScalarField(MESH, "2", unit="V")
    h /= 2
    assert h.values == pytest.approx(MESH.points[0])
    assert h.unit == "V"
    assert kept.values.shape == MESH.shape


# ---- the algebra of fields is that of numbers

numbers = st.floats(-1e3, 1e3)


@given(numbers, numbers)
def test_linear_combinations(a, b):
    left, right = a * F + b * F, (a + b) * F
    assert left.values == pytest.approx(right.values, rel=1e-12, abs=1e-9)
    assert (a * f + b * f).values == pytest.approx((a + b) * f.values, rel=1e-12, abs=1e-9)


@given(numbers.filter(lambda a: abs(a) > 1e-3))
def test_division_undoes_multiplication(a):
    assert (a * F / a).values == pytest.approx(F.values, rel=1e-14)
    assert (f * g / g).unit == "V"
    assert (f * g / g).values == pytest.approx(f.values, rel=1e-15)
