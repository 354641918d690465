"""Drawn pictures: of the size asked for, not blank, with the colours the scene says, and without OpenGL too."""

from __future__ import annotations

import ast
import io
import subprocess
import sys
from dataclasses import replace
from math import tau
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

import fieldsim as fs
from fieldsim import potentials, view
from fieldsim.errors import CannotDraw, InvalidInput
from fieldsim.view import palette, probe
from fieldsim.view.axes_box import axis_marks, box_lines
from fieldsim.view.camera import box_corners, drawn_space, look
from fieldsim.view.probe import Finding, judge
from fieldsim.view.scene import Chart, Curve, Frame, Movie, Scene
from fieldsim.view.sheet import bar_ticks

PACKAGE = Path(view.__file__).parent.parent

needs_opengl = pytest.mark.skipif(not probe.opengl().can_draw, reason="no OpenGL on this machine")


def solid_scene() -> Scene:
    mesh = fs.cartesian(x=(-1, 1), y=(-1, 1), z=(-1, 1), cells=(24, 24, 24))
    potential = potentials.point_charge(1e-9).cut(0.15)
    field = fs.ScalarField(mesh, potential, name="V")
    return replace(view.isosurfaces(field, sources=potential.singularities, title="Charge"), size=(800, 600))


def flat_scene() -> Scene:
    mesh = fs.polar(r=(0.2, 1), phi=(0, tau), cells=(8, 24))
    field = fs.ScalarField(mesh, "x", name="T", unit="degC")
    return replace(view.plane_slice(field, title="Ring"), size=(640, 480))


def inked(picture: np.ndarray) -> float:
    """Share of pixels that are not white."""
    return float((picture.min(axis=2) < 250).mean())


@needs_opengl
def test_solid_picture_has_its_size_and_is_not_blank() -> None:
    scene = solid_scene()
    picture = view.image(scene)
    assert picture.shape == (600, 800, 3)
    assert 0.05 < inked(picture) < 0.9
    # the outermost shell, in its own colour up to light and shade, covers the middle
    level = scene.scales[0].ticks[0]
    red, _, blue = palette.colours(scene.scales[0], np.asarray(level))
    middle = picture[320:420, 250:400].reshape(-1, 3).astype(float)
    assert red > blue
    assert (middle[:, 0] > middle[:, 2]).mean() > 0.8


@needs_opengl
def test_solid_picture_draws_the_same_twice() -> None:
    assert np.array_equal(view.image(solid_scene()), view.image(solid_scene()))


@needs_opengl
def test_every_kind_of_solid_picture_draws() -> None:
    plane = fs.cartesian(x=(0, 1), y=(0, 1), cells=(12, 12))
    space = fs.cartesian(x=(0, 1), y=(0, 1), z=(0, 1), cells=(8, 8, 8))
    stream = fs.VectorField(space, ["1", "x", "0"], basis="cartesian", name="u")
    scenes = [
        view.relief(fs.ScalarField(plane, "x*y", name="h", unit="m"), arrows=fs.VectorField(plane, ["y", "x"])),
        view.cutaway(fs.ScalarField(fs.spherical(r=(0.5, 1), cells=6), "r", name="T")),
        view.field_lines(stream, count=4),
        view.arrow_field(stream, count=4),
        view.lines_through(view.isosurfaces(fs.ScalarField(space, "y", name="V")), stream, count=3),
    ]
    for scene in scenes:
        picture = view.image(replace(scene, size=(400, 300)))
        assert picture.shape == (300, 400, 3)
        assert inked(picture) > 0.02


def test_flat_picture_shows_its_colours_and_leaves_the_hole_white() -> None:
    scene = flat_scene()
    picture = view.image(scene)
    assert picture.shape == (480, 640, 3)
    # the ring's hole: found from the axes, whose middle is the ring's
    rows, columns = np.nonzero(picture.min(axis=2) < 200)
    assert inked(picture) > 0.1
    scale = scene.scales[0]
    warm = palette.colours(scale, np.asarray(0.9)) * 255.0
    cold = palette.colours(scale, np.asarray(-0.9)) * 255.0
    left, right = picture[240, columns.min() + 70], picture[240, 400]
    for pixel, near, far in ((right, warm, cold), (left, cold, warm)):
        assert np.abs(pixel - near).sum() < np.abs(pixel - far).sum()
    assert rows.size


def test_png_and_gif_are_whole_files() -> None:
    scene = flat_scene()
    with Pillow.open(io.BytesIO(view.png(scene))) as still:
        assert (still.format, still.size) == ("PNG", (640, 480))
        still.load()
    with Pillow.open(io.BytesIO(view.gif(Movie((scene, replace(scene, title="later")), 0.2)))) as moving:
        assert (moving.format, moving.n_frames, moving.info["duration"]) == ("GIF", 2, 200)


def test_pictures_are_short_in_words_and_show_themselves_in_a_notebook() -> None:
    scene, drawn = flat_scene(), Chart("Decay", (Curve(np.arange(3.0), np.arange(3.0)),), "t (s)", "T (K)")
    assert repr(scene).startswith(f"Scene({scene.title!r}, Surface")
    assert repr(drawn) == "Chart('Decay', T (K) over t (s), curves: 1)"
    movie = Movie((scene, scene), 0.2)
    assert repr(movie) == f"Movie({scene.title!r}, frames: 2, 0.2 s each)"
    assert scene._repr_png_() == movie._repr_png_()
    assert scene._repr_png_().startswith(b"\x89PNG")
    assert drawn._repr_png_().startswith(b"\x89PNG")
    assert Movie(())._repr_png_() is None


def test_frames_on_one_sheet_equal_pictures_drawn_alone() -> None:
    from fieldsim.view.backend_matplotlib import draw_flat, draw_frames

    one, two = flat_scene(), replace(flat_scene(), title="second")
    together = draw_frames([one, two, one])
    assert np.array_equal(together[0], draw_flat(one))
    assert np.array_equal(together[1], draw_flat(two))
    assert np.array_equal(together[2], together[0])
    assert not np.array_equal(together[1], together[0])


def test_movie_colours_do_not_jitter() -> None:
    """The same value has the same colour in every frame of the GIF: the bar, which never changes, stays alike."""
    mesh = fs.cartesian(x=(0, 1), y=(0, 1), cells=(8, 8))
    fields = [fs.ScalarField(mesh, f"{k}*x", name="T", unit="K") for k in (1.0, 5.0, 2.0)]
    data = view.gif(view.animation(fields, [0.0, 1.0, 2.0]))
    bars = []
    with Pillow.open(io.BytesIO(data)) as moving:
        for k in range(moving.n_frames):
            moving.seek(k)
            frame = np.asarray(moving.convert("RGB"))
            bars.append(frame[:, int(0.86 * frame.shape[1]) :])
    assert inked(bars[0]) > 0.02
    assert np.array_equal(bars[0], bars[1])
    assert np.array_equal(bars[0], bars[2])


def test_chart_draws_curve_and_points() -> None:
    x = np.linspace(0.0, 1.0, 9)
    chart = view.chart(x, x**2, x_name="t", y_name="T", x_unit="s", y_unit="K", exact=x**2)
    assert chart.x_label == "t (s)"
    assert chart.y_label == "T (K)"
    picture = view.image(chart)
    assert picture.shape == (1200, 1600, 3)
    assert 0.005 < inked(picture) < 0.3
    empty = view.image(Chart("t", (Curve(x, np.full(9, np.nan)),), "x", "y", x_limits=(0, 1), y_limits=(0, 1)))
    assert inked(empty) < inked(picture)


def test_empty_movie_is_refused() -> None:
    with pytest.raises(InvalidInput, match="at least one picture"):
        view.gif(Movie(()))


# ---- where there is no OpenGL


def test_without_opengl_the_flat_stand_in_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "opengl", lambda: Finding(can_draw=False, reason="none"))
    scene = solid_scene()
    picture = view.image(scene)
    assert np.array_equal(picture, view.image(scene.instead))
    assert inked(picture) > 0.05


def test_without_opengl_and_stand_in_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "opengl", lambda: Finding(can_draw=False, reason="none"))
    with pytest.raises(CannotDraw, match="Install OpenGL"):
        view.image(replace(solid_scene(), instead=None))
    with pytest.raises(CannotDraw, match="libegl1 libgl1 libopengl0 libxrender1"):
        view.to_pyvista(fs.ScalarField(fs.cartesian(x=(0, 1), cells=4), 1.0))


@pytest.mark.parametrize(
    ("code", "errors", "words"),
    [
        (-11, "", "signal 11"),
        (139, "", "signal 11"),
        (1, "Traceback\nImportError: libGL.so.1: cannot open shared object file", "libGL.so.1"),
        (1, "", "exit code 1"),
    ],
)
def test_crashes_and_missing_libraries_become_findings(code: int, errors: str, words: str) -> None:
    finding = judge(code, errors)
    assert not finding.can_draw
    assert words in finding.reason
    for package in ("libegl1", "libgl1", "libopengl0", "libxrender1"):
        assert package in finding.advice


def test_a_working_machine_needs_no_advice() -> None:
    assert judge(0, "") == Finding(can_draw=True)
    assert judge(0, "").advice == ""


@pytest.mark.parametrize(
    ("child", "can_draw", "words"),
    [
        ("pass", True, ""),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", False, "signal 11"),
        ("import time; time.sleep(60)", False, "not ready after"),
    ],
)
def test_probe_survives_its_child(monkeypatch: pytest.MonkeyPatch, child: str, can_draw: bool, words: str) -> None:
    monkeypatch.setattr(probe, "_CHILD", child)
    monkeypatch.setattr(probe, "_cache", [])
    monkeypatch.setattr(probe, "_running", [])
    finding = probe.opengl(timeout=2.0)
    assert finding.can_draw is can_draw
    assert words in finding.reason
    assert probe.opengl() is finding


# ---- cameras and axes


def test_camera_sees_the_whole_box_in_the_middle() -> None:
    scene = solid_scene()
    for azimuth in (-60.0, 10.0, 200.0):
        turned = replace(scene, camera=replace(scene.camera, azimuth=azimuth))
        seen = look(turned, 4.0 / 3.0).project(box_corners(turned).reshape(-1, 3))
        assert seen.min() > 0.02
        assert seen.max() < 0.98
        assert 0.5 * (seen.min(axis=0) + seen.max(axis=0)) == pytest.approx([0.5, 0.5], abs=0.01)


@needs_opengl
def test_projection_is_that_of_the_renderer() -> None:
    """A small ball lands on the pixels where the camera's arithmetic puts its centre."""
    from fieldsim.view.backend_pyvista import render
    from fieldsim.view.scene import Markers

    place = np.array([[0.5, -0.4, 0.7]])
    frame = Frame((-1, 1, -1, 1, -1, 1), ("x", "y", "z"))
    scene = Scene("", (Markers(place, ("#ff0000",), 0.02),), frame)
    picture = render(scene, (400, 300)).astype(int)
    rows, columns = np.nonzero(picture[..., 0] - picture[..., 1] > 60)
    expected = look(scene, 4.0 / 3.0).project(drawn_space(scene)(place))[0]
    assert columns.mean() / 400 == pytest.approx(expected[0], abs=0.01)
    assert 1.0 - rows.mean() / 300 == pytest.approx(expected[1], abs=0.01)


def test_axes_carry_true_numbers_whatever_the_exaggeration() -> None:
    frame = Frame((0, 1e4, 0, 1e4, 200, 900), ("x (km)", "y (km)", "h (m)"), (1e-3, 1e-3, 1.0))
    scene = Scene("", (), frame, stretch=(1.0, 1.0, 5.0))
    marks = {m.name: m for m in axis_marks(scene, look(scene, 4.0 / 3.0))}
    assert (marks["x (km)"].texts[0], marks["x (km)"].texts[-1]) == ("0", "10")
    assert len(marks["h (m)"].texts) >= 2
    assert set(marks["h (m)"].texts) <= {str(height) for height in range(200, 901, 50)}


def test_box_edges_in_front_of_the_picture_are_left_out() -> None:
    scene = solid_scene()
    edges = box_lines(scene, look(scene, 4.0 / 3.0))
    assert edges.shape == (18, 3)  # nine of the twelve edges, as pairs of ends


def test_bar_ticks_do_not_run_into_each_other() -> None:
    levels = tuple(float(v) for v in range(1, 100))
    scale = view.ColourScale(0.0, 100.0, ticks=levels)
    ticks = bar_ticks(scale)
    assert len(ticks) < 25
    assert np.diff([float(scale.fraction(t)) for t in ticks]).min() > 0.04


# ---- layers


def test_only_one_file_imports_pyvista() -> None:
    found = []
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if any(name.split(".")[0] == "pyvista" for name in names):
                found.append(file.name)
    assert found == ["backend_pyvista.py"]


def test_composing_imports_no_graphics_library() -> None:
    code = (
        "import sys, fieldsim as fs; from fieldsim import view;"
        "m = fs.cartesian(x=(0, 1), y=(0, 1), z=(0, 1), cells=(6, 6, 6));"
        "view.isosurfaces(fs.ScalarField(m, 'x'));"
        "view.relief(fs.ScalarField(fs.polar(r=(0, 1), phi=(0, 1), cells=(4, 4)), 'x'), contours=False);"
        "print([n for n in ('pyvista', 'vtkmodules', 'matplotlib.figure', 'matplotlib.pyplot') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_drawing_leaves_pyplot_alone() -> None:
    code = (
        "import sys, numpy as np; from fieldsim import view;"
        "view.image(view.chart(np.arange(3.0), np.arange(3.0), x_name='x', y_name='y'));"
        "print('matplotlib.pyplot' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "False"


@needs_opengl
@pytest.mark.parametrize(
    ("mesh", "kind", "cells"),
    [
        (lambda: fs.cartesian(x=(0, 1), y=(0, 2), z=(0, 3), cells=(2, 3, 4)), "ImageData", 24),
        (lambda: fs.cartesian(edges={"x": [0, 1, 3], "y": [0, 1, 2]}), "RectilinearGrid", 4),
        (lambda: fs.spherical(r=(0.5, 1), theta=(0.5, 2.5), phi=(0, tau), cells=(3, 4, 8)), "StructuredGrid", 96),
        (lambda: fs.polar(r=(0, 1), phi=(0, tau), cells=(4, 8)), "StructuredGrid", 32),
    ],
)
def test_to_pyvista_keeps_cells_values_and_places(mesh, kind: str, cells: int) -> None:
    grid_mesh = mesh()
    field = fs.ScalarField(grid_mesh, "x + y", name="f")
    data = view.to_pyvista(field)
    assert type(data).__name__ == kind
    assert data.n_cells == cells
    centres = np.asarray(data.cell_centers().points)
    values = np.asarray(data.cell_data["f"])
    # the middle of a curved cell's corners lies a little inside its true centre
    assert np.allclose(values, centres[:, 0] + centres[:, 1], atol=1e-9 if kind != "StructuredGrid" else 0.25)


@needs_opengl
def test_to_pyvista_gives_cartesian_vectors() -> None:
    mesh = fs.spherical(r=(0.5, 1), theta=(0, np.pi), phi=(0, tau), cells=(3, 4, 8))
    field = fs.VectorField(mesh, ["1", "0", "0"], name="F")
    data = view.to_pyvista(field)
    centres = np.asarray(data.cell_centers().points)
    outward = centres / np.linalg.norm(centres, axis=1, keepdims=True)
    assert np.allclose(np.linalg.norm(data.cell_data["F"], axis=1), 1.0)
    assert ((np.asarray(data.cell_data["F"]) * outward).sum(axis=1) > 0.97).all()


def test_show_without_a_display_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    with pytest.raises(CannotDraw, match="no display"):
        view.show(flat_scene())
    target = tmp_path / "ring.png"
    view.show(flat_scene(), file=target)
    with Pillow.open(target) as still:
        assert still.size == (640, 480)
    with pytest.raises(InvalidInput, match=r"\*\.png"):
        view.show(flat_scene(), file=tmp_path / "ring.jpg")
