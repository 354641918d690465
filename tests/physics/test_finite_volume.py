"""The conservative core: matrix-free and matrix alike, layers exact, constants untouched, nothing lost."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fieldsim as fs
from fieldsim.errors import ExpressionError, InvalidInput, NumericalFailure, UnitsError
from fieldsim.physics import ConservationSystem, Equation, discretise
from fieldsim.stepping import METHODS, stable_step

PI = np.pi

MESHES = {
    "cartesian 1": lambda: fs.cartesian(edges={"x": [0, 0.1, 0.3, 0.35, 1.0]}),
    "cartesian 2 periodic": lambda: fs.cartesian(x=(0, 1), y=(0, 2), cells=(4, 5), periodic=("y",)),
    "cartesian 3": lambda: fs.cartesian(x=(0, 1), y=(0, 2), z=(-1, 1), cells=(3, 4, 5)),
    "radial disk": lambda: fs.polar(r=(0, 1), cells=6),
    "disk": lambda: fs.polar(r=(0, 1), phi=(0, 2 * PI), cells=(4, 8)),
    "sector": lambda: fs.polar(r=(0.5, 1), phi=(0, 1.0), cells=(4, 3)),
    "pipe": lambda: fs.cylindrical(r=(1, 2), cells=5),
    "axisymmetric": lambda: fs.cylindrical(r=(0, 1), z=(0, 2), cells=(4, 5)),
    "cylinder": lambda: fs.cylindrical(r=(0, 1), phi=(0, 2 * PI), z=(0, 2), cells=(3, 6, 4)),
    "radial ball": lambda: fs.spherical(r=(0, 1), cells=6),
    "axisymmetric ball": lambda: fs.spherical(r=(0, 1), theta=(0, PI), cells=(4, 5)),
    "ball": lambda: fs.spherical(r=(0, 1), theta=(0, PI), phi=(0, 2 * PI), cells=(3, 4, 6)),
    "shell": lambda: fs.spherical(edges={"r": [1, 1.2, 1.7, 2], "theta": [1, 1.5, 2], "phi": [0, 1, 2]}),
}


def mixed_boundary(mesh):
    kinds = [fs.Value("1 + t"), fs.Convective(h=2.0, ambient=3.0), fs.FluxOut(0.7), fs.GradientOut(-0.3)]
    return {name: kinds[i % 4] for i, name in enumerate(mesh.walls)}


def volume_on(mesh, seed=0):
    rng = np.random.default_rng(seed)
    model = fs.Heat(
        conductivity=rng.random(mesh.shape) + 0.1,
        density=rng.random(mesh.shape) + 0.5,
        capacity=2.0,
        source=rng.standard_normal(mesh.shape),
    )
    return discretise(mesh, model.equation(), mixed_boundary(mesh))


@pytest.mark.parametrize("name", MESHES)
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_matrix_and_matrix_free_agree(name, seed):
    """gain(u) = gain(0) - K u, with the sparse K of the same conductances."""
    volume = volume_on(MESHES[name](), seed)
    u = np.random.default_rng(seed).standard_normal(volume.mesh.shape)
    matrix = volume.matrix_at(0.5).matrix()
    expected = volume.gain(0.5, np.zeros_like(u)) - (matrix @ u.ravel()).reshape(u.shape)
    gain = volume.gain(0.5, u)
    np.testing.assert_allclose(gain, expected, rtol=0, atol=1e-13 * np.abs(matrix).max() + 1e-13)
    dense = matrix.toarray()
    np.testing.assert_array_equal(dense, dense.T)
    assert (dense[~np.eye(len(dense), dtype=bool)] <= 0).all()


@pytest.mark.parametrize("name", MESHES)
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_what_leaves_one_cell_enters_its_neighbour(name, seed):
    volume = volume_on(MESHES[name](), seed)
    u = np.random.default_rng(seed).standard_normal(volume.mesh.shape)
    inside = volume.operator_at(0.0, np.zeros(volume.mesh.shape)).apply(u)
    assert abs(inside.sum()) < 1e-13 * np.abs(inside).sum()
    flows = volume.outflows(0.0, u)
    total = volume.supply(0.0, np.zeros(volume.mesh.shape)).sum() - sum(flow.sum() for flow in flows.values())
    assert volume.gain(0.0, u).sum() == pytest.approx(total, abs=1e-12 * np.abs(inside).sum() + 1e-12)


@pytest.mark.parametrize("name", MESHES)
def test_a_constant_stays_constant(name):
    mesh = MESHES[name]()
    conductivity = np.random.default_rng(1).random(mesh.shape) + 0.1
    boundary = {side: fs.Value(293.15) for side in mesh.walls}
    volume = discretise(mesh, fs.Heat(conductivity=conductivity).equation(), boundary)
    np.testing.assert_array_equal(volume.gain(0.0, np.full(mesh.shape, 293.15)), 0.0)


@pytest.mark.parametrize("name", MESHES)
def test_wall_areas_and_supply_use_the_true_geometry(name):
    """A source of 1 W/m^3 supplies the volume of the body."""
    mesh = MESHES[name]()
    boundary = {side: fs.FluxOut(1.0) for side in mesh.walls}
    volume = discretise(mesh, fs.Heat(conductivity=1.0, source=1.0).equation(), boundary)
    assert volume.supply(0.0, np.zeros(volume.mesh.shape)).sum() == pytest.approx(mesh.volumes.sum(), rel=1e-13)
    assert volume.storage is not None
    assert volume.storage.sum() == pytest.approx(mesh.volumes.sum(), rel=1e-13)


def test_a_ball_radiates_through_its_surface_only():
    mesh = MESHES["ball"]()
    volume = discretise(mesh, fs.Heat(conductivity=1.0).equation(), {"r+": fs.FluxOut(1.0)})
    flows = volume.outflows(0.0, np.zeros(mesh.shape))
    assert list(flows) == ["r+"]
    assert flows["r+"].sum() == pytest.approx(4 * PI, rel=1e-12)


def test_face_conductance_is_the_harmonic_mean_weighted_by_distance():
    """Two layers in series: R = d1/k1 + d2/k2."""
    mesh = fs.cartesian(edges={"x": [0.0, 0.2, 1.0]})
    volume = discretise(mesh, fs.Heat(conductivity=[0.5, 4.0]).equation(), {"x-": fs.Value(0.0), "x+": fs.Value(0.0)})
    couplings = volume.operator_at(0.0, np.zeros(mesh.shape)).couplings
    assert couplings[0][0] == pytest.approx(1 / (0.1 / 0.5 + 0.4 / 4.0), rel=1e-14)
    assert volume.wall_states(0.0, np.zeros(mesh.shape))["x-"].wall.conductance == pytest.approx(0.5 / 0.1)
    assert volume.wall_states(0.0, np.zeros(mesh.shape))["x+"].wall.conductance == pytest.approx(4.0 / 0.4)


def test_seam_faces_join_the_last_cell_to_the_first():
    mesh = fs.cartesian(edges={"x": [0.0, 0.2, 1.0, 1.5]}, periodic=("x",))
    volume = discretise(mesh, fs.Heat(conductivity=[1.0, 2.0, 4.0]).equation(), {})
    couplings = volume.operator_at(0.0, np.zeros(mesh.shape)).couplings
    assert couplings[0][2] == pytest.approx(1 / (0.25 / 4.0 + 0.1 / 1.0), rel=1e-14)


def test_gershgorin_gives_the_textbook_limit():
    """dt <= dx^2 / (2 D) in one dimension, dx^2 / (2 d D) in d (Press et al., Numerical Recipes, 20.2)."""
    for dim in (1, 2, 3):
        spans = dict(list({"x": (0, 1), "y": (0, 1), "z": (0, 1)}.items())[:dim])
        mesh = fs.cartesian(**spans, cells=(10,) * dim)
        boundary = {side: fs.FluxOut(0.0) for side in mesh.walls}
        volume = discretise(mesh, fs.Diffusion(diffusivity=1e-3).equation(), boundary)
        limit = stable_step(ConservationSystem(volume), METHODS["explicit_euler"], np.zeros(mesh.shape))
        assert limit == pytest.approx(0.1**2 / (2 * dim * 1e-3), rel=1e-12)


def test_correct_solves_the_shifted_system():
    volume = volume_on(MESHES["cylinder"]())
    system = ConservationSystem(volume)
    rng = np.random.default_rng(3)
    residual = rng.standard_normal(volume.mesh.shape)
    for shift in (1e-3, 0.1, 30.0):
        delta = system.correct(0.0, shift, residual, residual)
        zero = np.zeros_like(delta)
        image = delta - shift * (system.rate(0.0, delta) - system.rate(0.0, zero))
        np.testing.assert_allclose(image, residual, rtol=0, atol=1e-9)


@pytest.mark.parametrize("shift", [0.1, 0.1 * (1 + 3e-12)])
def test_correct_loses_nothing(shift):
    """Summed over the body, what the right-hand side supplies is in the answer, to rounding."""
    system = ConservationSystem(volume_on(MESHES["cylinder"]()))
    residual = np.random.default_rng(3).random(system.volume.mesh.shape)
    delta = system.correct(0.0, shift, residual, residual)
    matrix = system.volume.matrix_at(0.0).shifted(system.storage, shift)
    supplied = (system.storage * residual).sum()
    assert abs((matrix.diagonal * delta).sum() - supplied) < 1e-14 * supplied


def test_steps_that_differ_by_rounding_share_their_factors():
    system = ConservationSystem(volume_on(MESHES["disk"]()))
    ones = np.ones(system.volume.mesh.shape)
    system.correct(0.0, 0.1, ones, ones)
    system.correct(0.0, 0.1 * (1 + 1e-14), ones, ones)
    assert len(system.prepared) == 1
    for shift in (0.2, 0.3, 0.4, 0.5, 0.6):
        system.correct(0.0, shift, ones, ones)
    assert len(system.prepared) <= 4


def test_a_film_that_varies_in_time_changes_the_matrix():
    mesh = fs.cartesian(x=(0, 1), cells=4)
    boundary = {"x-": fs.Convective("1 + t", 0.0), "x+": fs.FluxOut(0.0)}
    volume = discretise(mesh, fs.Heat(conductivity=1.0).equation(), boundary)
    assert volume.matrix_varies
    assert volume.data_vary == ("boundary['x-']",)
    assert volume.matrix_at(5.0).diagonal[0] > volume.matrix_at(0.0).diagonal[0]


@pytest.mark.parametrize(
    ("model", "error", "message"),
    [
        (fs.Heat(conductivity=0.0), InvalidInput, "`conductivity` must be above 0 everywhere; got '0 in cell"),
        (fs.Heat(conductivity=-1.0), InvalidInput, "`conductivity` must be above 0"),
        (fs.Heat(conductivity="x - 0.5"), InvalidInput, r"got '-0\.375 in cell \(0,\)'"),
        (fs.Heat(conductivity=1.0, density=0.0), InvalidInput, "`density` must be above 0.*What stores nothing"),
        (fs.Heat(conductivity=1.0, density="1 + t"), ExpressionError, "`density` must be constant in time"),
        (fs.Heat(conductivity="5 m"), UnitsError, "conductivity"),
        (
            fs.Heat(conductivity=np.ones(5)),
            InvalidInput,
            r"`conductivity` must be a number or an array of shape \(4,\)",
        ),
        (fs.Heat(conductivity=1.0, source="log(x - 2)"), NumericalFailure, "`source` must be finite"),
        (fs.Heat(conductivity=1.0, source="y"), ExpressionError, "unknown name 'y'"),
        (fs.Heat(conductivity=np.inf), NumericalFailure, "`conductivity` must be finite"),
        (fs.Diffusion(diffusivity=-1.0), InvalidInput, "`diffusivity` must be above 0"),
    ],
)
def test_wrong_coefficients_are_refused(model, error, message):
    mesh = fs.cartesian(x=(0, 1), cells=4)
    with pytest.raises(error, match=message):
        discretise(mesh, model.equation(), {"x-": fs.Value(0.0), "x+": fs.Value(0.0)})


def test_coefficients_may_be_fields_of_the_same_mesh():
    mesh, other = fs.cartesian(x=(0, 1), cells=4), fs.cartesian(x=(0, 1), cells=4)
    boundary = {"x-": fs.Value(0.0), "x+": fs.Value(0.0)}
    k = fs.ScalarField(mesh, "1 + x")
    volume = discretise(mesh, fs.Heat(conductivity=k).equation(), boundary)
    np.testing.assert_array_equal(volume.conductivity.values(0.0), k.values)
    with pytest.raises(InvalidInput, match="a field on the problem's own mesh"):
        discretise(other, fs.Heat(conductivity=k).equation(), boundary)


def test_quantities_are_read_in_the_units_of_the_model():
    mesh = fs.cartesian(x=(0, 1), cells=2)
    boundary = {"x-": fs.Value(0.0), "x+": fs.Value(0.0)}
    model = fs.Heat(conductivity="52 W/m/K", density="7.85 g/cm^3", capacity="0.46 kJ/kg/K")
    volume = discretise(mesh, model.equation(), boundary)
    np.testing.assert_allclose(volume.conductivity.values(0.0), 52.0)
    assert volume.storage is not None
    np.testing.assert_allclose(volume.storage, 7850 * 460 * 0.5)


@pytest.mark.parametrize(
    ("model", "units"),
    [
        (fs.Heat(1.0), ("K", "W/m^2", "K/m", "J", "W")),
        (fs.Diffusion(1.0), ("mol/m^3", "mol/m^2/s", "mol/m^4", "mol", "mol/s")),
        (fs.Diffusion(1.0, unit="kg/m^3"), ("kg/m^3", "kg/m^2/s", "kg/m^4", "kg", "kg/s")),
        (fs.Electrostatics(), ("V", "C/m^2", "V/m", "C", "C")),
        (fs.Gravity(1.0), ("J/kg", "m/s^2", "m/s^2", "m^3/s^2", "m^3/s^2")),
    ],
)
def test_units_of_the_models(model, units):
    from fieldsim.units import quantity_dimension_matches

    equation = model.equation()
    assert isinstance(equation, Equation)
    got = (equation.unit, equation.units.flux, equation.units.gradient, equation.amount, equation.rate)
    for unit, expected in zip(got, units, strict=True):
        assert quantity_dimension_matches(unit, expected), (unit, expected)
    # flux = conductivity * gradient, and flux over an area is a rate
    k = equation.conductivity.unit
    assert quantity_dimension_matches(
        f"{equation.units.gradient}*{k}" if k else equation.units.gradient, equation.units.flux
    )
    assert quantity_dimension_matches(f"{equation.units.flux}*m^2", equation.rate)
    assert quantity_dimension_matches(f"{equation.units.transfer}*{equation.unit}", equation.units.flux)
