"""What scenes say, against formulas: levels, limits, labels with units, lines, arrows, heights. Nothing is drawn."""

from __future__ import annotations

from math import pi, tau

import numpy as np
import pytest

import fieldsim as fs
from fieldsim import potentials, view
from fieldsim.arrays import FloatArray
from fieldsim.errors import InvalidInput, RankError
from fieldsim.view.scene import Arrows, Isosurfaces, Layer, Lines, Markers, Scene, Surface

K_Q = 8.987552  # k q of 1 nC in V m (CODATA 2018)


def only(scene: Scene, kind: type) -> Layer:
    (layer,) = [layer for layer in scene.layers if isinstance(layer, kind)]
    return layer


@pytest.fixture(scope="module")
def charge() -> tuple[fs.ScalarField, potentials.Potential]:
    mesh = fs.cartesian(x=(-1, 1), y=(-1, 1), z=(-1, 1), cells=(32, 32, 32))
    potential = potentials.point_charge(1e-9).cut(0.12)
    return fs.ScalarField(mesh, potential, name="V"), potential


def test_isosurfaces_of_a_charge_are_geometric_close_inside_the_box_and_clear_the_hole(charge) -> None:
    field, potential = charge
    scene = view.isosurfaces(field, scale="geometric", sources=potential.singularities)
    shells = only(scene, Isosurfaces)
    assert isinstance(shells, Isosurfaces)
    ratios = np.divide(shells.levels[1:], shells.levels[:-1])
    assert len(ratios) >= 2
    assert np.allclose(ratios, ratios[0])
    radii = K_Q / np.array(shells.levels)
    assert radii.max() < 1.0
    assert radii.min() > 0.12
    assert shells.opening is not None
    assert scene.scales[0].label == "V (V)"
    assert set(scene.scales[0].ticks) == set(shells.levels)
    assert scene.notes[0].count(",") == len(shells.levels) - 1
    assert f"Surfaces at {shells.levels[0]:.3g}," in scene.notes[0]
    assert scene.notes[0].endswith(" V")
    assert scene.frame.labels == ("x (m)", "y (m)", "z (m)")
    assert scene.frame.bounds == (-1.0, 1.0, -1.0, 1.0, -1.0, 1.0)


def test_isosurfaces_take_the_levels_they_are_given(charge) -> None:
    scene = view.isosurfaces(charge[0], levels=[30.0, 15.0])
    shells = only(scene, Isosurfaces)
    assert isinstance(shells, Isosurfaces)
    assert shells.levels == (15.0, 30.0)


def test_surfaces_of_equal_values_on_both_signs_mirror() -> None:
    mesh = fs.cartesian(x=(-1, 1), y=(-1, 1), z=(-1, 1), cells=(32, 32, 32))
    pair = potentials.dipole(1e-9, 0.5).cut(0.1)
    scene = view.isosurfaces(fs.ScalarField(mesh, pair, name="V"), scale="log", sources=pair.singularities)
    shells = only(scene, Isosurfaces)
    balls = only(scene, Markers)
    assert isinstance(shells, Isosurfaces)
    assert isinstance(balls, Markers)
    assert np.allclose(shells.levels, -np.array(shells.levels)[::-1])
    scale = scene.scales[0]
    assert scale.low == -scale.high
    assert balls.labels == ("+", "−")
    assert balls.colours[0] != balls.colours[1]


def test_every_solid_scene_has_a_flat_stand_in(charge) -> None:
    field, _ = charge
    vector = fs.VectorField(field.mesh, ["x", "y", "1"], basis="cartesian", name="F")
    flat = fs.ScalarField(fs.cartesian(x=(0, 1), y=(0, 1), cells=(8, 8)), "x*y", name="h", unit="m")
    ball = fs.ScalarField(fs.spherical(r=(0, 1), cells=8), "r", name="T", unit="degC")
    for scene in (
        view.isosurfaces(field),
        view.field_lines(vector, count=3),
        view.arrow_field(vector),
        view.relief(flat),
        view.cutaway(ball),
    ):
        assert scene.flat is None
        assert scene.instead is not None
        assert scene.instead.flat is not None


def test_slice_holds_values_contours_and_arrows_of_the_gradient() -> None:
    """Contours of 100 - x^2 - y^2 are circles of radius sqrt(100 - T); the gradient at right angles to them."""
    mesh = fs.cartesian(x=(-10, 10), y=(-10, 10), cells=(60, 60))
    room = fs.ScalarField(mesh, "100 - x**2 - y**2", unit="degC", name="T")
    scene = view.plane_slice(room, contours=[51.0, 75.0], arrows=fs.gradient(room))
    (lines,) = [layer for layer in scene.layers if isinstance(layer, Lines)]
    radii = sorted(float(np.hypot(p[:, 0], p[:, 1]).mean()) for p in lines.pieces())
    assert radii == pytest.approx([5.0, 7.0], abs=2e-3)
    for piece in lines.pieces():
        assert np.ptp(np.hypot(piece[:, 0], piece[:, 1])) < 5e-3
    arrows = only(scene, Arrows)
    assert isinstance(arrows, Arrows)
    across = np.cross(arrows.points, arrows.vectors)
    assert np.abs(across).max() < 1e-9
    inwards = (arrows.points * arrows.vectors).sum(axis=1)
    assert np.all(inwards[np.linalg.norm(arrows.points, axis=1) > 0.1] < 0.0)
    assert scene.scales[0].label == "T (°C)"
    assert "K/m" in scene.notes[-1]


def test_slice_of_a_solid_lies_in_its_plane_and_says_which() -> None:
    mesh = fs.cartesian(x=(0, 1), y=(0, 1), z=(0, 1), cells=(8, 8, 8))
    scene = view.plane_slice(fs.ScalarField(mesh, "x + z", name="f"), normal="y", at=0.25)
    patch = only(scene, Surface)
    assert isinstance(patch, Surface)
    assert patch.values is not None
    assert np.allclose(patch.points[..., 1], 0.25)
    assert np.allclose(patch.values, patch.points[..., 0] + patch.points[..., 2])
    assert scene.flat == (0, 2)
    assert "y = 0.25 m" in scene.notes[0]


def test_slice_across_a_ball_is_sampled_and_ends_at_its_wall() -> None:
    mesh = fs.spherical(r=(0, 1), theta=(0, pi), phi=(0, tau), cells=(12, 12, 24))
    scene = view.plane_slice(fs.ScalarField(mesh, "x", name="f"), normal="z", at=0.6, contours=False)
    patch = only(scene, Surface)
    assert isinstance(patch, Surface)
    assert patch.values is not None
    known = np.isfinite(patch.values)
    radius = np.hypot(patch.points[..., 0], patch.points[..., 1])
    assert np.array_equal(known, radius <= 0.8 * (1 + 1e-9)) or np.abs(radius[known].max() - 0.8) < 0.01
    assert np.abs(patch.values - patch.points[..., 0])[known].max() < 1e-3


def test_axisymmetric_field_is_mirrored() -> None:
    mesh = fs.cylindrical(r=(0, 1), z=(0, 2), cells=(8, 10))
    scene = view.plane_slice(fs.ScalarField(mesh, "r**2*z", name="f"))
    bounds = scene.frame.bounds
    assert bounds == pytest.approx((-1.0, 1.0, 0.0, 0.0, 0.0, 2.0), abs=1e-12)
    for patch in (layer for layer in scene.layers if isinstance(layer, Surface)):
        assert patch.values is not None
        assert np.allclose(patch.values, patch.points[..., 0] ** 2 * patch.points[..., 2], atol=1e-9)


def test_exact_values_refine_a_slice(charge) -> None:
    field, potential = charge
    scene = view.plane_slice(field, sources=potential.singularities, exact=potential.value)
    patch = only(scene, Surface)
    assert isinstance(patch, Surface)
    assert patch.values is not None
    radius = np.linalg.norm(patch.points, axis=-1)
    known = np.isfinite(patch.values)
    assert np.allclose(patch.values[known], K_Q / radius[known], rtol=1e-6)
    assert np.array_equal(known, radius >= 0.12)
    assert patch.points.shape[0] > 150


def test_exact_values_beside_a_charge_that_is_not_cut_out_make_no_colour_limits() -> None:
    mesh = fs.cartesian(x=(-1, 1), y=(-1, 1), z=(-1, 1), cells=(12, 12, 12))
    potential = potentials.point_charge(1e-9, at=(0.01, 0.01, 0.01))
    field = fs.ScalarField(mesh, potential, name="V")
    scene = view.plane_slice(field, normal="z", at=0.0, exact=potential.value)
    patch = only(scene, Surface)
    assert isinstance(patch, Surface)
    assert patch.values is not None
    assert np.nanmax(patch.values) > 3.0 * field.values.max()
    assert field.values.min() <= scene.scales[0].low < scene.scales[0].high <= field.values.max()


@pytest.mark.parametrize("draw", [view.plane_slice, view.relief])
def test_the_bar_claims_no_value_that_no_cell_holds(draw) -> None:
    """x**2 continues below its first and above its last cell; a wall's given value is one that was found."""
    mesh = fs.cartesian(x=(0, 1), y=(0, 1), cells=(10, 10))
    field = fs.ScalarField(mesh, "x**2", name="slope")
    scale = draw(field).scales[0]
    assert (scale.low, scale.high) == pytest.approx((0.05**2, 0.95**2), rel=1e-12)
    scale = draw(field, walls={"x+": np.ones(10)}).scales[0]
    assert scale.high == 1.0


def test_slices_tell_their_contours() -> None:
    mesh = fs.cartesian(x=(0, 1), y=(0, 1), cells=(8, 8))
    field = fs.ScalarField(mesh, "100*x", name="T", unit="K")
    assert "Contours at 20, 40 K" in view.plane_slice(field, contours=[20.0, 40.0]).notes
    assert "Contours every 10 K from 10 to 90 K" in view.plane_slice(field, contours=list(range(10, 91, 10))).notes
    ratio = view.plane_slice(field, contours=[1.0, 3.0, 9.0, 27.0, 81.0]).notes
    assert "Contours from 1 to 81 K, each 3 times the last" in ratio
    assert view.plane_slice(field, contours=False).notes == ()


def test_colour_limits_are_those_given_or_those_of_the_cells() -> None:
    mesh = fs.cartesian(x=(0, 1), y=(0, 1), cells=(8, 8))
    field = fs.ScalarField(mesh, "300 + 10*x", name="T", unit="K")
    free = view.plane_slice(field).scales[0]
    assert (free.low, free.high) == pytest.approx((300.625, 309.375))
    fixed = view.plane_slice(field, limits=(0.0, 500.0)).scales[0]
    assert (fixed.low, fixed.high) == (0.0, 500.0)


def test_signed_fields_have_zero_in_the_middle_of_the_bar() -> None:
    mesh = fs.cartesian(x=(-1, 1), y=(-1, 1), cells=(8, 8))
    scale = view.plane_slice(fs.ScalarField(mesh, "x + 0.3", name="V", unit="V")).scales[0]
    assert scale.low == -scale.high


def test_field_lines_of_a_charge_on_the_mesh_are_straight(charge) -> None:
    field, potential = charge
    mesh = field.mesh
    vector = fs.VectorField.from_values(mesh, -potential.gradient(mesh.points), unit="V/m", name="E")
    scene = view.field_lines(vector, sources=potential.singularities, count=40)
    lines = only(scene, Lines)
    assert isinstance(lines, Lines)
    assert len(lines.starts) == 40
    for piece in lines.pieces():
        along = piece[-1] / np.linalg.norm(piece[-1])
        off = piece - (piece @ along)[:, None] * along
        assert np.abs(off).max() < 0.02
        assert np.abs(piece[-1]).max() == pytest.approx(1.0, abs=2e-3)
    assert scene.scales[0].label == "|E| (V/m)"
    assert "40 lines" in scene.notes[0]


def test_strength_along_the_lines_is_the_field(charge) -> None:
    field, potential = charge
    vector = fs.VectorField.from_values(field.mesh, -potential.gradient(field.mesh.points), unit="V/m", name="E")
    sharp = potentials.point_charge(1e-9)
    scene = view.field_lines(vector, sources=potential.singularities, count=12, exact=lambda x: -sharp.gradient(x))
    lines = only(scene, Lines)
    assert isinstance(lines, Lines)
    assert lines.values is not None
    assert np.allclose(lines.values, K_Q / (lines.points**2).sum(axis=1), rtol=1e-6)


def test_given_seeds_are_passed_through() -> None:
    mesh = fs.cartesian(x=(-1, 1), y=(-1, 1), cells=(20, 20))
    scene = view.field_lines(fs.VectorField(mesh, ["1", "0"]), seeds=np.array([[0.0, 0.25], [0.0, -0.5]]))
    lines = only(scene, Lines)
    assert isinstance(lines, Lines)
    heights = sorted(float(piece[:, 1].mean()) for piece in lines.pieces())
    assert heights == pytest.approx([-0.5, 0.25])
    assert all(np.ptp(piece[:, 0]) > 1.99 for piece in lines.pieces())


def test_streams_fill_a_field_without_sources() -> None:
    mesh = fs.cartesian(x=(-1, 1), y=(-1, 1), cells=(30, 30))
    scene = view.field_lines(fs.VectorField(mesh, ["-y", "x"], name="u", unit="m/s"))
    lines = only(scene, Lines)
    assert isinstance(lines, Lines)
    closed = [piece for piece in lines.pieces() if np.allclose(piece[0], piece[-1])]
    assert len(closed) >= 3
    for piece in closed:
        assert np.ptp(np.hypot(piece[:, 0], piece[:, 1])) < 5e-3


def test_arrows_are_no_longer_than_their_spacing_and_coloured_by_length() -> None:
    mesh = fs.cartesian(x=(0, 1), y=(0, 1), cells=(10, 10))
    scene = view.arrow_field(fs.VectorField(mesh, ["1 + x", "0"], name="u", unit="m/s"), count=10)
    arrows = only(scene, Arrows)
    assert isinstance(arrows, Arrows)
    assert arrows.values is not None
    length = np.linalg.norm(arrows.vectors, axis=1)
    assert length.max() <= 0.1
    assert np.allclose(arrows.values, 1.0 + arrows.points[:, 0])
    assert np.allclose(length / length.max(), arrows.values / arrows.values.max())
    assert "m/s" in scene.notes[0]


def test_relief_heights_are_the_values_and_the_exaggeration_is_told() -> None:
    mesh = fs.cartesian(x=(0, 1e4), y=(0, 1e4), cells=(30, 30))
    hill = fs.ScalarField(mesh, "300*exp(-((x-5000)**2 + (y-5000)**2)/4e6)", unit="m", name="h")
    scene = view.relief(hill, arrows=-1.0 * fs.gradient(hill), exaggeration=5.0)
    ground = only(scene, Surface)
    assert isinstance(ground, Surface)
    assert ground.values is not None
    assert np.array_equal(ground.points[..., 2], ground.values)
    assert scene.stretch == (1.0, 1.0, 5.0)
    assert "5 times" in scene.notes[0]
    assert scene.frame.labels == ("x (km)", "y (km)", "h (m)")
    arrows = only(scene, Arrows)
    assert isinstance(arrows, Arrows)
    from_top = arrows.points[:, :2] - 5000.0
    assert np.all((from_top * arrows.vectors[:, :2]).sum(axis=1) > 0.0)
    assert np.all(arrows.vectors[:, 2] < 0.0)


def test_cutaway_of_a_shell_takes_the_eighth_to_the_viewer() -> None:
    mesh = fs.spherical(r=(0.1, 0.2), cells=8)
    scene = view.cutaway(fs.ScalarField(mesh, "100*(0.2/r - 1)", unit="degC", name="T"))
    patches = [layer for layer in scene.layers if isinstance(layer, Surface)]
    walls = [p for p in patches if p.opening is not None]
    cuts = [p for p in patches if p.window is not None]
    radii = sorted(float(np.linalg.norm(p.points, axis=-1).mean()) for p in walls)
    assert radii == pytest.approx([0.1, 0.2])
    # planes through the poles meet the shell in two half-rings each
    assert len(cuts) == 5
    assert scene.frame.labels[0] == "x (cm)"


def test_cutaway_of_a_bent_body_has_its_cut_faces(monkeypatch: pytest.MonkeyPatch) -> None:
    """The quarter of a torus-like bar: no layer of corners lies in the cut planes, which are sampled then."""
    monkeypatch.setattr("fieldsim.view.compose_plane._SAMPLES", 9)
    monkeypatch.setattr("fieldsim.view.compose_solid._FACE_SAMPLES", 25)
    formulas = {"x": "(2 + u)*cos(v)", "y": "(2 + u)*sin(v)", "z": "w + 0.2*u + 0.1*sin(3*v)"}
    mesh = fs.curvilinear(map=formulas, u=(-0.5, 0.5), v=(0, pi / 2), w=(0, 1), cells=(6, 10, 6))
    scene = view.cutaway(fs.ScalarField(mesh, "x + 2*z", name="T"))
    cuts = [p for p in scene.layers if isinstance(p, Surface) and p.window is not None]
    assert len(cuts) == 3
    for cut in cuts:
        assert cut.values is not None
        known = np.isfinite(cut.values)
        assert known.mean() > 0.1
        x, _, z = np.moveaxis(cut.points[known], -1, 0)
        assert np.abs(cut.values[known] - x - 2.0 * z).max() < 0.2


def test_profile_reaches_both_walls_and_lays_the_formula_over_the_numbers() -> None:
    mesh = fs.cartesian(x=(0, 0.1), cells=16)
    rod = fs.ScalarField(mesh, "20 + 800*x", unit="degC", name="T")
    chart = view.profile(rod, exact=lambda x: 20.0 + 800.0 * x)
    exact, numbers = chart.curves
    assert (exact.style, numbers.style) == ("line", "points")
    assert numbers.x[[0, -1]] == pytest.approx([0.0, 10.0])
    assert np.allclose(numbers.y, 20.0 + 8.0 * numbers.x)
    assert np.allclose(exact.y, 20.0 + 8.0 * exact.x)
    assert (chart.x_label, chart.y_label) == ("x (cm)", "T (°C)")


def test_profile_along_a_line() -> None:
    mesh = fs.cartesian(x=(0, 3), y=(0, 4), cells=(30, 40))
    chart = view.profile(fs.ScalarField(mesh, "x + y", name="f"), line=((0, 0), (3, 4)), points=11)
    (curve,) = chart.curves
    assert curve.x[-1] == pytest.approx(5.0)
    assert np.allclose(curve.y, 1.4 * curve.x)


def test_profile_needs_a_line_in_more_than_one_dimension() -> None:
    mesh = fs.cartesian(x=(0, 1), y=(0, 1), cells=(4, 4))
    with pytest.raises(InvalidInput, match="line"):
        view.profile(fs.ScalarField(mesh, 1.0))
    with pytest.raises(InvalidInput, match="two different points"):
        view.profile(fs.ScalarField(mesh, 1.0), line=((0, 0), (0, 0)))


def test_movie_keeps_one_colour_range_and_names_the_time() -> None:
    mesh = fs.polar(r=(0, 1), phi=(0, tau), cells=(6, 12))
    fields = [fs.ScalarField(mesh, f"{k}*(1 - r**2)", unit="degC", name="T") for k in (1.0, 2.0, 3.0)]
    movie = view.animation(fields, [0.0, 1.0, 2.5])
    scenes = [frame for frame in movie.frames if isinstance(frame, Scene)]
    assert len(scenes) == 3
    assert len({(s.scales[0].low, s.scales[0].high) for s in scenes}) == 1
    assert scenes[0].scales[0].high == pytest.approx(max(f.values.max() for f in fields))
    assert scenes[2].title.endswith("t = 2.5 s")


def test_long_movies_are_thinned_with_both_ends_kept() -> None:
    mesh = fs.cartesian(x=(0, 1), cells=8)
    fields = [fs.ScalarField(mesh, float(k), name="T") for k in range(200)]
    movie = view.animation(fields, list(range(200)))
    assert len(movie.frames) <= 60
    assert movie.frames[0].title.endswith("t = 0 s")
    assert movie.frames[-1].title.endswith("t = 199 s")
    spans = {frame.y_limits for frame in movie.frames if isinstance(frame, view.Chart)}
    assert len(spans) == 1


def test_plot_chooses_the_picture_that_suits() -> None:
    line = fs.cartesian(x=(0, 1), cells=8)
    plane = fs.cartesian(x=(0, 1), y=(0, 1), cells=(8, 8))
    space = fs.cartesian(x=(0, 1), y=(0, 1), z=(0, 1), cells=(8, 8, 8))
    assert isinstance(view.plot(fs.ScalarField(line, "x")), view.Chart)
    flat = view.plot(fs.ScalarField(plane, "x"))
    assert isinstance(flat, Scene)
    assert flat.flat == (0, 1)
    solid = view.plot(fs.ScalarField(space, "x"))
    assert isinstance(solid, Scene)
    assert isinstance(only(solid, Isosurfaces), Isosurfaces)
    lines = view.plot(fs.VectorField(plane, ["1", "0"]))
    assert isinstance(lines, Scene)
    assert isinstance(only(lines, Lines), Lines)
    with pytest.raises(RankError, match="scalar or vector"):
        view.plot(fs.hessian(fs.ScalarField(plane, "x")))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("draw", "words"),
    [
        (lambda: view.isosurfaces(fs.ScalarField(fs.cartesian(x=(0, 1), cells=4), 1.0)), "profile"),
        (lambda: view.plane_slice(fs.ScalarField(fs.cartesian(x=(0, 1), cells=4), 1.0)), "profile"),
        (lambda: view.relief(fs.ScalarField(fs.cartesian(x=(0, 1), cells=4), 1.0)), "over a plane"),
        (lambda: view.plane_slice(_box(), normal="q"), "x, y or z"),
        (lambda: view.plane_slice(_box(), normal="z", at=7.0), "between 0 and 1"),
        (lambda: view.plane_slice(_box(), scale="cubic"), "linear, log, geometric, auto"),
        (lambda: view.plane_slice(_box(), colormap="virids"), "viridis"),
        (lambda: view.field_lines(fs.VectorField(_box().mesh, ["0", "0", "0"])), "not zero"),
        (lambda: view.animation([], []), "as many"),
    ],
)
def test_what_cannot_be_composed_is_refused_with_a_remedy(draw, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        view.png(draw())


def _box() -> fs.ScalarField:
    return fs.ScalarField(fs.cartesian(x=(0, 1), y=(0, 1), z=(0, 1), cells=(6, 6, 6)), "x")


def test_a_constant_field_still_has_a_picture() -> None:
    scale = view.plane_slice(fs.ScalarField(fs.cartesian(x=(0, 1), y=(0, 1), cells=(4, 4)), 5.0)).scales[0]
    assert scale.low < 5.0 < scale.high


def test_small_and_large_bodies_have_readable_axes() -> None:
    for size, unit, top in ((6.371e6, "km", 6371.0), (1e-4, "µm", 100.0)):
        mesh = fs.spherical(r=(0, size), cells=8)
        scene = view.plane_slice(fs.ScalarField(mesh, "r", name="f"))
        assert scene.frame.labels[0] == f"x ({unit})"
        assert scene.frame.bounds[1] * scene.frame.factors[0] == pytest.approx(top)


def points_of(scene: Scene) -> FloatArray:
    return np.concatenate([layer.points.reshape(-1, 3) for layer in scene.layers])


@pytest.mark.parametrize("kind", ["isosurfaces", "lines", "slice"])
def test_no_picture_leaves_its_frame(kind: str, charge) -> None:
    field, potential = charge
    vector = fs.VectorField.from_values(field.mesh, -potential.gradient(field.mesh.points), name="E")
    scene = {
        "isosurfaces": lambda: view.isosurfaces(field),
        "lines": lambda: view.field_lines(vector, sources=potential.singularities, count=8),
        "slice": lambda: view.plane_slice(field, arrows=vector),
    }[kind]()
    bounds = np.asarray(scene.frame.bounds).reshape(3, 2)
    cloud = points_of(scene)
    assert np.all(cloud >= bounds[:, 0] - 1e-9)
    assert np.all(cloud <= bounds[:, 1] + 1e-9)


def test_thin_bodies_are_stretched_and_say_so() -> None:
    wall = fs.cartesian(x=(0, 0.1), y=(0, 1), cells=(10, 20))
    scene = view.plane_slice(fs.ScalarField(wall, "x", name="T", unit="K"), arrows=fs.VectorField(wall, ["1", "0"]))
    assert scene.stretch == (4.0, 1.0, 1.0)
    assert "4 times as wide along x" in scene.notes[-1]
    arrows = only(scene, Arrows)
    assert isinstance(arrows, Arrows)
    assert np.unique(arrows.points[:, 0]).size >= 6
    # as drawn, no arrow is longer than the distance to the next
    assert np.abs(arrows.vectors[:, 0]).max() <= np.diff(np.unique(arrows.points[:, 0])).min() * 1.05
    stout = fs.cartesian(x=(0, 0.3), y=(0, 1), cells=(10, 20))
    assert view.plane_slice(fs.ScalarField(stout, "x")).stretch == (1.0, 1.0, 1.0)
