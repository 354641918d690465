"""How operators are called: ranks, orders, `out=`, units, names, cut-out cells; inputs stay as they are."""

from __future__ import annotations

from math import nan, pi

import numpy as np
import pytest
from mesh_catalogue import ALL
from oracles import case_for, places, sampled

import fieldsim as fs
from fieldsim.errors import FieldSimError, InvalidInput, RankError

TURN = (0.0, 2 * pi)
SQUARE = fs.cartesian(x=(0, 1), y=(0, 1), cells=(12, 12))
SPACE = fs.cartesian(x=(0, 1), y=(0, 1), z=(0, 1), cells=(12, 12, 12))
f = fs.ScalarField(SQUARE, "x**2 + y", unit="V", name="V")
F = fs.VectorField(SQUARE, ["x*y", "y"], unit="m/s", name="v")
ON_SCALARS = ["gradient", "hessian", "laplacian"]
ON_VECTORS = ["divergence", "curl", "jacobian"]


# ---- ranks


@pytest.mark.parametrize("name", ["gradient", "hessian", "partial", "directional_derivative"])
def test_operators_on_scalars_refuse_vectors(name):
    """CONTRACT: operators named with the wrong rank say so."""
    more = {"partial": ("x",), "directional_derivative": ([1, 0],)}.get(name, ())
    with pytest.raises(
        RankError, match=f"^{name} takes a scalar field; this is a vector field: divergence, curl and jacobian take"
    ):
        getattr(fs, name)(F, *more)


@pytest.mark.parametrize("name", ON_VECTORS)
def test_operators_on_vectors_refuse_scalars(name):
    with pytest.raises(
        RankError, match=f"^{name} takes a vector field; this is a scalar field: gradient, laplacian and hessian"
    ):
        getattr(fs, name)(f)


@pytest.mark.parametrize("name", [*ON_SCALARS, *ON_VECTORS])
@pytest.mark.parametrize("thing", [np.ones((12, 12)), 3.0, "x**2", None, fs.jacobian(F)])
def test_operators_refuse_what_is_no_field(name, thing):
    with pytest.raises(RankError, match="field"):
        getattr(fs, name)(thing)


def test_a_rank_error_is_also_a_type_and_a_value_error():
    for kind in (TypeError, ValueError, InvalidInput, FieldSimError):
        with pytest.raises(kind):
            fs.gradient(F)


def test_there_is_no_curl_on_a_line():
    with pytest.raises(RankError, match="in the plane or in space"):
        fs.curl(fs.VectorField(fs.cartesian(x=(0, 1), cells=8), ["x"]))


def test_kinds_of_results():
    """CONTRACT: in two dimensions the curl of a vector is a scalar, its z component."""
    assert isinstance(fs.curl(F), fs.ScalarField)
    G = fs.VectorField(SPACE, ["x", "y", "z"])
    assert isinstance(fs.curl(G), fs.VectorField)
    assert isinstance(fs.gradient(f), fs.VectorField)
    assert isinstance(fs.laplacian(F), fs.VectorField)
    assert isinstance(fs.hessian(f), fs.TensorField)
    assert isinstance(fs.jacobian(F), fs.TensorField)
    tube = fs.VectorField(fs.cylindrical(r=(0, 1), cells=12), ["r", "r", "0"])
    assert fs.curl(tube).values.shape == (3, 12)
    assert fs.gradient(fs.ScalarField(fs.spherical(r=(0, 1), cells=12), "r**2")).values.shape == (3, 12)


# ---- orders and cells


@pytest.mark.parametrize("order", [0, 1, 3, 5, 7, 9, 10, -2, 2.5, nan, "2", None, True, [2], (4,)])
@pytest.mark.parametrize("name", [*ON_SCALARS, *ON_VECTORS])
def test_orders_are_two_four_six_or_eight(name, order):
    with pytest.raises(InvalidInput, match="`order` must be 2, 4, 6 or 8; got"):
        getattr(fs, name)(f if name in ON_SCALARS else F, order=order)


def test_too_few_cells_for_an_order_say_how_many_it_takes():
    """FAULTS, Grid: order 8 on 6 cells."""
    mesh = fs.cartesian(x=(0, 1), cells=6)
    g = fs.ScalarField(mesh, "x**2")
    with pytest.raises(
        InvalidInput, match=r"`cells` must be at least 9 along x for derivatives of order 8; got 6\. Take more"
    ):
        fs.gradient(g, order=8)
    with pytest.raises(InvalidInput, match="at least 10 along x"):
        fs.laplacian(g, order=8)
    assert fs.gradient(g, order=4).values[0] == pytest.approx(2 * mesh.points[0], abs=1e-12)


def test_too_few_cells_beside_a_pole_name_the_order_that_was_asked_for():
    """Rows there stand two orders higher; nobody asked for order 4."""
    for mesh in (fs.polar(r=(0, 1), cells=4), fs.polar(r=(0, 1), phi=TURN, cells=(8, 4))):
        with pytest.raises(InvalidInput, match="at least 5 along") as caught:
            fs.gradient(fs.ScalarField(mesh, "r**2"), order=2)
        assert "order 2" in str(caught.value)


@pytest.mark.parametrize("order", [2, 8])
@pytest.mark.parametrize("name", ALL)
def test_as_few_cells_as_the_messages_ask_for_will_do(name, order):
    """Every operator runs on axes of order + 6 cells: the composed rows beside a pole need no more."""
    mesh = ALL[name](4 * ((order + 9) // 4))
    g, G = sampled(mesh, case_for(mesh), places(mesh.points))
    for operator in ON_SCALARS:
        assert np.isfinite(getattr(fs, operator)(g, order).values).all()
    for operator in ["laplacian", *(n for n in ON_VECTORS if mesh.dim > 1 or n != "curl")]:
        assert np.isfinite(getattr(fs, operator)(G, order).values).all()


# ---- out=


def _calls(mesh):
    g, G = sampled(mesh, case_for(mesh), places(mesh.points))
    d = mesh.dim
    yield from (
        (fs.gradient, g, (d,)),
        (fs.divergence, G, ()),
        (fs.laplacian, g, ()),
        (fs.laplacian, G, (d,)),
        (fs.hessian, g, (d, d)),
        (fs.jacobian, G, (d, d)),
    )
    if d > 1:
        yield fs.curl, G, (() if d == 2 else (3,))


@pytest.mark.parametrize("name", ALL)
def test_results_go_to_out_and_fill_it(name):
    """Every number of `out` is written, those along left-out axes too, whatever stood there."""
    mesh = ALL[name](8)
    for operator, source, lead in _calls(mesh):
        expected = operator(source).values
        out = np.full((*lead, *mesh.shape), nan)
        result = operator(source, out=out)
        assert result.values is out
        assert np.array_equal(out, expected)
        assert np.array_equal(operator(source, out=out).values, expected)  # again, over the old result
        field = result.with_values(np.full_like(out, nan))
        assert operator(source, out=field).values is field.values
        assert np.array_equal(field.values, expected)


def test_out_for_partial_and_directional_derivatives():
    for call in (lambda **k: fs.partial(f, "x", **k), lambda **k: fs.directional_derivative(f, [1, 2], **k)):
        out = np.full(SQUARE.shape, nan)
        assert call(out=out).values is out
        assert np.array_equal(out, call().values)


@pytest.mark.parametrize(
    ("out", "said"),
    [
        (np.empty((2, 12, 11)), r"a float64 array of shape \(2, 12, 12\); got \(2, 12, 11\)"),
        (np.empty((12, 12)), r"shape \(2, 12, 12\)"),
        (np.empty((2, 12, 12), np.float32), "float64"),
        (np.empty((2, 12, 12), complex), "float64"),
        (np.empty((12, 12, 2)).T, "contiguous and writeable"),
        (np.empty((2, 12, 24))[..., ::2], "contiguous and writeable"),
        (f, r"shape \(2, 12, 12\)"),
        ([1.0], "float64"),
        ("here", "float64"),
    ],
)
def test_out_that_cannot_take_the_result(out, said):
    with pytest.raises(InvalidInput, match=f"`out` must be .*{said}"):
        fs.gradient(f, out=out)


def test_out_that_cannot_be_written():
    out = np.empty((2, 12, 12))
    out.flags.writeable = False
    with pytest.raises(InvalidInput, match="writeable"):
        fs.gradient(f, out=out)


def test_out_must_not_be_the_input():
    """The kernel would read what it has overwritten."""
    g = fs.ScalarField(SQUARE, "x**3")
    G = fs.VectorField(SQUARE, ["x**3", "y"])
    for call in (
        lambda: fs.laplacian(g, out=g),
        lambda: fs.laplacian(g, out=g.values),
        lambda: fs.partial(g, "x", out=g),
        lambda: fs.directional_derivative(g, [1, 0], out=g),
        lambda: fs.laplacian(G, out=G),
        lambda: fs.divergence(G, out=G.values[0]),
        lambda: fs.curl(G, out=G.values[1]),
    ):
        with pytest.raises(InvalidInput, match="`out` must be another array than the input"):
            call()
    assert g.values == pytest.approx(SQUARE.points[0] ** 3)


# ---- inputs


@pytest.mark.parametrize(
    "name", ["cartesian2 whole", "polar whole", "cylindrical whole", "spherical whole", "toroidal ring"]
)
def test_inputs_are_never_changed(name):
    mesh = ALL[name](12)
    for operator, source, _ in _calls(mesh):
        before = source.values.copy()
        source.values.flags.writeable = False
        for order in (2, 4):
            operator(source, order)
        assert np.array_equal(source.values, before)


def test_views_inside_fields_give_the_same_numbers_as_copies():
    """A slice, a reversed axis and a transposed array, wrapped without a copy."""
    block = np.random.default_rng(0).uniform(size=(24, 24))
    for view in (block[::2, ::2], block[:12, :12][::-1], block[:12, :12].T, np.asfortranarray(block[:12, :12])):
        viewed, copied = (fs.ScalarField.from_values(SQUARE, v) for v in (view, np.ascontiguousarray(view)))
        for operator in (fs.gradient, fs.laplacian, fs.hessian):
            assert np.array_equal(operator(viewed).values, operator(copied).values)
        assert np.array_equal(viewed.at([[0.3, 0.4]]), copied.at([[0.3, 0.4]]))
    both = np.moveaxis(np.random.default_rng(1).uniform(size=(12, 12, 2)), -1, 0)
    viewed, copied = (fs.VectorField.from_values(SQUARE, v) for v in (both, np.ascontiguousarray(both)))
    for operator in (fs.divergence, fs.curl, fs.laplacian, fs.jacobian):
        assert np.array_equal(operator(viewed).values, operator(copied).values)


def test_cut_out_cells_spread_no_further_than_the_stencil():
    """NaN marks a cut-out cell; two cells away at order 2 nothing is known of it."""
    values = SQUARE.points[0] ** 2
    values[5, 6] = nan
    g = fs.ScalarField.from_values(SQUARE, values)
    for operator, reach in ((fs.gradient, 1), (fs.laplacian, 1), (fs.hessian, 1)):
        bad = np.isnan(operator(g).values).reshape(-1, 12, 12).any(axis=0)
        i, j = np.nonzero(bad)
        assert bad[5, 5]
        assert bad[4, 6]
        assert np.max(np.abs(i - 5)) <= reach
        assert np.max(np.abs(j - 6)) <= reach


def test_cut_out_cells_stay_cut_out():
    """The centre of a point charge has no field either, though its neighbours' difference would be a number."""
    values = SQUARE.points[0] ** 2
    values[5, 6] = nan
    g = fs.ScalarField.from_values(SQUARE, values)
    for operator in (fs.gradient, fs.laplacian, fs.hessian):
        assert np.isnan(operator(g).values.reshape(-1, 12, 12)[:, 5, 6]).all()


# ---- partial and directional derivatives


def test_partial_derivatives_are_not_divided_by_scale_factors():
    mesh = fs.polar(r=(0.5, 1), phi=TURN, cells=(16, 64))
    g = fs.ScalarField(mesh, "r**2*sin(phi)", unit="V")
    r, phi = mesh.centers
    assert fs.partial(g, "r", order=4).values == pytest.approx(2 * r * np.sin(phi), abs=1e-6)
    assert fs.partial(g, "phi", order=4).values == pytest.approx(r**2 * np.cos(phi), abs=1e-5)
    assert fs.partial(g, "r").unit == "V/m"
    assert fs.partial(g, "phi").unit == "V"


@pytest.mark.parametrize("name", ["q", "r", "X", 0, None])
def test_partial_derivatives_along_axes_there_are(name):
    with pytest.raises(InvalidInput, match="`axis` must be one of x, y; got"):
        fs.partial(f, name)


def test_directional_derivatives_take_any_length():
    """D_u f = grad f . u / |u| (COURSEWORK 1): largest along the gradient, zero along the contour."""
    g = fs.ScalarField(SQUARE, "3*x + 4*y", unit="m")
    for direction, slope in (((3, 4), 5.0), ((-3, -4), -5.0), ((4, -3), 0.0), ((1, 0), 3.0), ((0, 7), 4.0)):
        for scale in (1.0, 1e-200, 1e200):
            toward = [scale * part for part in direction]
            assert fs.directional_derivative(g, toward).values == pytest.approx(np.full((12, 12), slope), abs=1e-12)
    assert fs.directional_derivative(g, fs.gradient(g)).values == pytest.approx(np.full((12, 12), 5.0))
    assert fs.directional_derivative(g, [1, 0]).unit == "1"


def test_directional_derivatives_on_a_round_mesh():
    mesh = fs.polar(r=(0, 1), phi=TURN, cells=(24, 48))
    g = fs.ScalarField(mesh, "x**2 - x*y")
    x, y = mesh.points
    expected = (2 * x - y - x) / np.sqrt(2)
    assert fs.directional_derivative(g, (1, 1), order=4).values == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(
    ("direction", "said"),
    [
        ([0, 0], "different from zero"),
        ([1, 0, 0], "a Cartesian vector of 2 components"),
        ([nan, 0], "finite"),
        ("x", "`direction`"),
        ([1j, 0], "`direction`"),
        (None, "`direction`"),
        (fs.VectorField(fs.cartesian(x=(0, 1), y=(0, 1), cells=(12, 12)), ["1", "0"]), "on the field's mesh"),
    ],
)
def test_directions_that_are_none(direction, said):
    with pytest.raises(FieldSimError, match=said):
        fs.directional_derivative(f, direction)


# ---- units and names


def test_units_follow_the_derivatives():
    assert fs.gradient(f).unit == "V/m"
    assert fs.laplacian(f).unit == "V/m^2"
    assert fs.hessian(f).unit == "V/m^2"
    assert fs.divergence(F).unit == "1/s"
    assert fs.curl(F).unit == "1/s"
    assert fs.jacobian(F).unit == "1/s"
    assert fs.laplacian(F).unit == "1/m/s"
    assert fs.divergence(fs.gradient(f)).unit == "V/m^2"
    hot = fs.ScalarField(SQUARE, "x", unit="degC")
    assert fs.gradient(hot).unit == "K/m"
    assert fs.gradient(fs.ScalarField(SQUARE, "x")).unit == "1/m"


def test_names_follow_the_derivatives():
    assert [fs.gradient(f).name, fs.divergence(F).name, fs.curl(F).name] == ["grad V", "div v", "curl v"]
    assert fs.gradient(fs.ScalarField(SQUARE, "x")).name == ""
