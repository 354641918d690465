"""Fields from formulas, functions, arrays, numbers and potentials; what is refused, and that inputs stay untouched."""

from __future__ import annotations

from math import inf, nan, pi

import numpy as np
import pytest
from mesh_catalogue import MESHES
from oracles import case_for, native_vector, places, values_of

import fieldsim as fs
from fieldsim.errors import ExpressionError, InvalidInput, NumericalFailure, RankError

TURN = (0.0, 2 * pi)


def plane(n: int = 4):
    return fs.cartesian(x=(0, 1), y=(0, 2), cells=(n, n + 1))


def disk():
    return fs.polar(r=(0, 1), phi=TURN, cells=(6, 12))


# ---- five ways to the same field


def test_formula_function_array_and_list_agree():
    mesh = plane()
    x, y = mesh.points
    expected = x**2 * y + 3 * y**3
    for given in (
        "x**2*y + 3*y**3",
        lambda p: p[0] ** 2 * p[1] + 3 * p[1] ** 3,
        expected,
        expected.tolist(),
        np.asfortranarray(expected),
    ):
        field = fs.ScalarField(mesh, given, unit="V", name="V")
        assert field.values == pytest.approx(expected, rel=1e-14)
        assert field.values.dtype == np.float64
        assert field.values.flags.c_contiguous
        assert (field.unit, field.name) == ("V", "V")


@pytest.mark.parametrize("number", [3, 3.0, np.float32(3.0), np.int8(3), np.array(3.0)])
def test_a_number_fills_every_cell(number):
    field = fs.ScalarField(plane(), number)
    assert field.values.shape == (4, 5)
    assert np.all(field.values == 3.0)


def test_native_and_cartesian_names_on_any_mesh():
    mesh = disk()
    r = mesh.centers[0]
    assert fs.ScalarField(mesh, "r*cos(phi)").values == pytest.approx(mesh.points[0])
    assert fs.ScalarField(mesh, "x**2 + y**2").values == pytest.approx(r**2)
    assert fs.ScalarField(plane(), "r*sin(phi)").values == pytest.approx(plane().points[1])


def test_a_potential_brings_its_unit():
    mesh = fs.cartesian(x=(0.1, 1), y=(0.1, 1), z=(0.1, 1), cells=(3, 4, 5))
    potential = fs.potentials.point_charge(charge=1e-9)
    field = fs.ScalarField(mesh, potential)
    # k q / r with k = 8.987552e9 in SI (COURSEWORK, section 2).
    assert field.values == pytest.approx(8.987552e9 * 1e-9 / np.sqrt((mesh.points**2).sum(axis=0)), rel=1e-6)
    assert field.unit == "V"
    assert fs.ScalarField(mesh, potential, unit="kV").unit == "kV"


def test_a_cut_out_potential_is_nan_where_it_is_cut():
    mesh = fs.cartesian(x=(-1, 1), y=(-1, 1), z=(-1, 1), cells=(8, 8, 8))
    field = fs.ScalarField(mesh, fs.potentials.point_charge(charge=1e-9).cut(0.3))
    near = np.sqrt((mesh.points**2).sum(axis=0)) < 0.3
    assert np.array_equal(np.isnan(field.values), near)


def test_a_cell_whose_centre_is_a_point_source_is_cut_out():
    """A centre a rounding error away from the charge is the charge: no 1e16 V in the middle of the picture."""
    for cells in (3, 5, 7, 9, 11):
        mesh = fs.cartesian(x=(-1, 1), y=(-1, 1), z=(-1, 1), cells=(cells,) * 3)
        values = fs.ScalarField(mesh, fs.potentials.point_charge(charge=1e-9)).values
        middle = (cells // 2,) * 3
        assert np.isnan(values[middle]), (cells, values[middle])
        assert np.isfinite(np.delete(values, np.ravel_multi_index(middle, mesh.shape))).all()


# ---- vectors


def test_vector_of_formulas_functions_arrays_and_numbers():
    mesh = plane()
    x, y = mesh.points
    for given in (
        ["-y", "x"],
        ("-y", lambda p: p[0]),
        [-y, x],
        np.stack([-y, x]),
        lambda p: np.stack([-p[1], p[0]]),
        lambda p: (-p[1], p[0]),
    ):
        field = fs.VectorField(mesh, given)
        assert field.values == pytest.approx(np.stack([-y, x]))
        assert field.values.flags.c_contiguous
    assert np.all(fs.VectorField(mesh, [1, 2.5]).values[1] == 2.5)


def test_components_in_the_mesh_or_in_the_cartesian_basis():
    """Solid rotation: (-y, x) in Cartesian components is r e_phi."""
    mesh = disk()
    r, phi = mesh.centers
    turning = fs.VectorField(mesh, ["-y", "x"], basis="cartesian", unit="m/s")
    assert turning.values == pytest.approx(np.stack([0 * r, r]), abs=1e-15)
    assert fs.VectorField(mesh, ["0", "r"]).cartesian == pytest.approx(np.stack([-mesh.points[1], mesh.points[0]]))
    e_x = fs.VectorField(mesh, ["1", "0"], basis="cartesian")
    assert e_x.values == pytest.approx(np.stack([np.cos(phi), -np.sin(phi)]))
    assert turning.norm().values == pytest.approx(r)
    assert turning.norm().unit == "m/s"
    assert turning.component("phi").values == pytest.approx(r)


@pytest.mark.parametrize("name", [n for n in MESHES if "without" not in n])
def test_cartesian_components_come_back(name):
    mesh = MESHES[name](4)
    case = case_for(mesh)
    given = values_of(case.vector, places(mesh.points))
    field = fs.VectorField(mesh, given, basis="cartesian")
    assert field.values == pytest.approx(native_vector(mesh, given), abs=1e-14)
    assert field.cartesian == pytest.approx(given, abs=1e-12)
    assert field.norm().values == pytest.approx(np.sqrt((given**2).sum(axis=0)), abs=1e-12)


def test_cartesian_components_need_a_basis_that_does_not_turn_along_a_left_out_axis():
    with pytest.raises(InvalidInput, match="leaves phi out: the same vector has other Cartesian components"):
        fs.VectorField(fs.cylindrical(r=(0, 1), z=(0, 1), cells=(4, 4)), ["1", "0", "0"], basis="cartesian")
    with pytest.raises(InvalidInput, match="Cartesian components do not fit"):
        fs.VectorField(fs.spherical(r=(0, 1), cells=4), ["1", "0", "0"], basis="cartesian")


def test_cartesian_components_fit_where_only_z_is_left_out():
    """Along z the basis is the same everywhere: a rotation about the z axis is (-y, x, 0) there."""
    tube = fs.cylindrical(r=(0, 1), phi=TURN, cells=(4, 8))
    field = fs.VectorField(tube, ["-y", "x", "2"], basis="cartesian")
    assert field.values[1] == pytest.approx(tube.centers[0])
    assert field.values[2] == pytest.approx(np.full(tube.shape, 2.0))


def test_tensors_by_hand():
    mesh = disk()
    one = np.zeros((2, 2, *mesh.shape))
    one[0, 0] = 1.0  # e_r e_r
    _, phi = mesh.centers
    tensor = fs.TensorField(mesh, one, unit="Pa")
    assert tensor.cartesian[0, 1] == pytest.approx(np.cos(phi) * np.sin(phi))
    assert tensor.trace().values == pytest.approx(np.ones(mesh.shape))
    assert tensor.trace().unit == "Pa"
    with pytest.raises(InvalidInput, match=r"of shape \(2, 2, 6, 12\)"):
        fs.TensorField(mesh, np.ones((2, 6, 12)))


# ---- what is refused


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        (np.ones((3, 4)), InvalidInput, "an array of the mesh's shape (4, 5); got 'an array of shape (3, 4)'"),
        (np.ones(20), InvalidInput, "One value a cell, at the cell centre"),
        (np.ones((4, 5), complex), InvalidInput, "made of real numbers; got 'dtype complex128'"),
        (np.ones((4, 5), bool), InvalidInput, "dtype bool"),
        (np.ones((4, 5), object), InvalidInput, "dtype object"),
        (np.full((4, 5), "1"), InvalidInput, "dtype <U1"),
        (np.ma.masked_array(np.ones((4, 5)), mask=np.zeros((4, 5))), InvalidInput, "a masked array"),
        ([[1, 2], [3]], InvalidInput, "a formula, a function, an array or a number"),
        (1j, InvalidInput, "real numbers"),
        (True, InvalidInput, "real numbers"),
        (None, InvalidInput, "real numbers"),
        (lambda p: p, InvalidInput, "an array of shape (2, 4, 5)"),
        (lambda p: p[0] + 0j, InvalidInput, "dtype complex128"),
        (lambda p: None, InvalidInput, "dtype object"),
        ("q + 1", ExpressionError, "unknown name 'q'"),
        ("x +", ExpressionError, "a value is missing"),
        ("", ExpressionError, "the formula is empty"),
        ("x > 0.5", ExpressionError, "true or false"),
    ],
)
def test_values_that_are_no_field(given, error, said):
    with pytest.raises(error) as caught:
        fs.ScalarField(plane(), given)
    assert said in str(caught.value)
    assert "`values` must be" in str(caught.value)


@pytest.mark.parametrize("bad", [nan, inf, -inf])
def test_a_cell_that_is_not_finite_is_named(bad):
    mesh = plane()
    values = np.ones(mesh.shape)
    values[2, 3] = bad
    values[3, 4] = bad
    with pytest.raises(
        NumericalFailure, match=r"`T` must be finite in every cell; got .* at cell \(2, 3\), where x=0.625, y=1.4"
    ):
        fs.ScalarField(mesh, values, name="T")
    with pytest.raises(NumericalFailure, match=r"`F\[1\]` must be finite .* at cell \(2, 3\)"):
        fs.VectorField(mesh, np.stack([np.ones(mesh.shape), values]), name="F")


@pytest.mark.parametrize("formula", ["1/(x - 0.125)", "log(x - 0.125)", "sqrt(x - 0.5)", "0/(x - 0.125)"])
def test_formulas_without_a_value_somewhere(formula):
    """FAULTS, Expressions: the first cell is named, no NumPy warning leaks (warnings are errors here)."""
    with pytest.raises(NumericalFailure, match=r"at cell \(0, 0\), where x=0.125, y=0.2"):
        fs.ScalarField(plane(), formula)


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        (["x"], RankError, "2 components (x, y); got '1'"),
        (["x", "y", "0"], RankError, "2 components (x, y); got '3'"),
        ("x", InvalidInput, "a list of 2 components; got 'x'"),
        (3.0, InvalidInput, "a list of 2 components; got 3.0"),
        (np.ones((2, 4, 4)), InvalidInput, "of shape (2, 4, 5); got (2, 4, 4)"),
        (np.ones((2, 4, 5), complex), InvalidInput, "dtype complex128"),
        (["x", "1/(x - 0.125)"], NumericalFailure, "`components[1]` must be finite in every cell"),
        (["x", "q"], ExpressionError, "`components[1]`"),
    ],
)
def test_components_that_are_no_vector(given, error, said):
    with pytest.raises(error) as caught:
        fs.VectorField(plane(), given)
    assert said in str(caught.value)


def test_three_components_on_every_cylindrical_and_spherical_mesh():
    with pytest.raises(RankError, match=r"3 components \(r, phi, z\)"):
        fs.VectorField(fs.cylindrical(r=(0, 1), z=(0, 1), cells=(4, 4)), ["1", "0"])
    assert fs.VectorField(fs.spherical(r=(0, 1), cells=4), ["r", "0", "0"]).values.shape == (3, 4)


def test_basis_and_mesh_are_checked():
    with pytest.raises(InvalidInput, match="`basis` must be 'mesh' or 'cartesian'; got 'polar'"):
        fs.VectorField(plane(), ["1", "0"], basis="polar")
    for kind in (fs.ScalarField, fs.VectorField, fs.TensorField):
        with pytest.raises(InvalidInput, match="`mesh` must be a mesh; got 'm'"):
            kind("m", "x")


def test_a_name_that_breaks_the_symmetry_is_explained():
    """INTERFACES: names that vary along a left-out axis are absent, and asking for one says why."""
    for mesh, name in (
        (fs.polar(r=(0, 1), cells=4), "x"),
        (fs.cylindrical(r=(0, 1), z=(0, 1), cells=(4, 4)), "phi"),
        (fs.spherical(r=(0, 1), cells=4), "theta"),
    ):
        with pytest.raises(InvalidInput, match="leaves out"):
            fs.ScalarField(mesh, f"1 + {name}")


def test_a_potential_without_the_symmetry_of_the_mesh_is_refused():
    """A charge off the centre has no radial field: one ray of it would pass for the whole."""
    beside = fs.potentials.point_charge(charge=1e-9, at=(0.3, 0.0, 0.0))
    with pytest.raises(InvalidInput):
        fs.ScalarField(fs.spherical(r=(0.5, 1), cells=4), beside)
    with pytest.raises(InvalidInput):
        fs.ScalarField(fs.cylindrical(r=(0.5, 1), z=(0, 1), cells=(4, 4)), beside)
    above = fs.potentials.point_charge(charge=1e-9, at=(0.0, 0.0, 0.3))
    fs.ScalarField(fs.cylindrical(r=(0.5, 1), z=(0, 1), cells=(4, 4)), above)


# ---- inputs stay as they are


@pytest.mark.parametrize("kind", ["view", "reversed", "float32", "read-only", "fortran", "int"])
def test_odd_arrays_give_the_same_numbers_and_stay_untouched(kind):
    mesh = plane(8)
    base = np.random.default_rng(0).uniform(1, 2, (8, 9)).astype(np.float32).astype(np.float64)
    given = {
        "view": np.stack([base, base], axis=-1)[..., 0],
        "reversed": base[::-1, ::-1][::-1, ::-1],
        "float32": base.astype(np.float32),
        "read-only": base.copy(),
        "fortran": np.asfortranarray(base),
        "int": np.round(base * 100).astype(np.int16),
    }[kind]
    expected = fs.ScalarField(mesh, np.array(given, dtype=np.float64))
    if kind == "read-only":
        given.flags.writeable = False
    before = given.copy()
    field = fs.ScalarField(mesh, given)
    vector = fs.VectorField(mesh, [given, given])
    assert np.array_equal(field.values, expected.values)
    for order in (2, 4):
        assert np.array_equal(fs.gradient(field, order).values, fs.gradient(expected, order).values)
        assert np.array_equal(fs.laplacian(field, order).values, fs.laplacian(expected, order).values)
        both = fs.VectorField(mesh, [expected.values, expected.values])
        assert np.array_equal(fs.curl(vector, order).values, fs.curl(both, order).values)
    assert np.array_equal(given, before)


def test_fields_describe_themselves():
    mesh = plane()
    text = repr(fs.ScalarField(mesh, "x", unit="V", name="phi"))
    assert text == "<scalar field phi on <cartesian mesh x=0..1 (4), y=0..2 (5)>: 0.125 to 0.875 V>"
    assert repr(fs.VectorField(mesh, ["1", "2"])).startswith("<vector field on")
    assert "no finite value" in repr(fs.ScalarField.from_values(mesh, np.full(mesh.shape, nan)))
