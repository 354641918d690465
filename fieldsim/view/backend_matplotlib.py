"""Draw flat scenes with matplotlib: coloured patches, contours, field lines and arrows in a plane.

Also the stand-in where there is no OpenGL: a solid scene is then drawn as its flat `instead`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from fieldsim.errors import CannotDraw
from fieldsim.view import palette
from fieldsim.view.levels import nice_ticks
from fieldsim.view.scene import GREY, INK, Array, Arrows, Layer, Lines, Markers, Scene, Surface
from fieldsim.view.sheet import (
    BAR,
    DPI,
    LABEL,
    TICK,
    TOP,
    Image,
    add_bars,
    add_title,
    font_scale,
    new_sheet,
    notes_height,
)

_TICK_ROOM = 0.07, 0.06  # shares of the sheet's width and height that one tick's number takes


def draw_flat(scene: Scene) -> Image:
    """Return the picture (height, width, 3) of a flat scene; a solid one is drawn as its stand-in."""
    return draw_frames([scene])[0]


def draw_frames(scenes: Sequence[Scene]) -> list[Image]:
    """Return the pictures of flat scenes, each (height, width, 3); solid ones are drawn as their stand-ins.

    The sheet with axes and bars is drawn once for all scenes that share it.
    """
    sheet: _Sheet | None = None
    pictures = []
    for scene in scenes:
        flat = _standing_in(scene)
        if sheet is None or not sheet.suits(flat):
            sheet = _Sheet(flat)
        pictures.append(sheet.draw(flat))
    return pictures


def _standing_in(scene: Scene) -> Scene:
    if scene.flat is not None:
        return scene
    if scene.instead is None:
        raise CannotDraw(f"the picture {scene.title!r} is solid and has no flat stand-in. Install OpenGL to draw it.")
    return _standing_in(scene.instead)


class _Sheet:
    """What does not change between the frames of a movie: axes, bars and notes, drawn and kept as pixels."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.figure = new_sheet(replace(scene, title=""))
        self.axes = _plane(self.figure, scene, scene.flat or (0, 1))
        add_bars(self.figure, scene)
        self.figure.canvas.draw()
        self.background = self.figure.canvas.copy_from_bbox(self.figure.bbox)

    def suits(self, scene: Scene) -> bool:
        """Tell whether a scene differs in its title and layers alone."""
        ours = self.scene
        return (scene.frame, scene.flat, scene.scales, scene.notes, scene.size, scene.stretch) == (
            ours.frame,
            ours.flat,
            ours.scales,
            ours.notes,
            ours.size,
            ours.stretch,
        )

    def draw(self, scene: Scene) -> Image:
        """Return the sheet with the layers and the title of a scene."""
        canvas = self.figure.canvas
        canvas.restore_region(self.background)
        kept = set(self.axes.get_children())
        for layer in scene.layers:
            _add(self.axes, layer, scene)
        # in the order they were added: matplotlib sorts by kind otherwise
        added = [artist for artist in self.axes.get_children() if artist not in kept]
        for artist in sorted(added, key=lambda one: one.get_zorder()):
            self.axes.draw_artist(artist)
            artist.remove()
        for spine in self.axes.spines.values():
            self.axes.draw_artist(spine)
        title = add_title(self.figure, scene)
        self.figure.draw_artist(title)
        title.remove()
        return np.array(np.asarray(canvas.buffer_rgba())[..., :3], dtype=np.uint8)


def _add(axes: Any, layer: Layer, scene: Scene) -> None:
    flat = scene.flat or (0, 1)
    order = next(k for k, one in enumerate(scene.layers) if one is layer)
    if isinstance(layer, Surface):
        _draw_surface(axes, layer, flat, order)
    elif isinstance(layer, Lines):
        _draw_lines(axes, layer, flat, order)
    elif isinstance(layer, Arrows):
        _draw_arrows(axes, layer, flat, order)
    elif isinstance(layer, Markers):
        _draw_markers(axes, layer, scene, order)
    else:
        raise CannotDraw(f"the flat picture {scene.title!r} holds surfaces in space. Draw it in 3-D.")


def _plane(figure: Any, scene: Scene, flat: tuple[int, int]) -> Any:
    size = font_scale(scene)
    left, bottom = 0.12, 0.105 + notes_height(scene)
    width, height = 1.0 - BAR * len(scene.scales) - left - 0.02, 1.0 - TOP - bottom - 0.005
    axes = figure.add_axes((left, bottom, width, height))
    lows = [scene.frame.bounds[2 * k] for k in flat]
    highs = [scene.frame.bounds[2 * k + 1] for k in flat]
    axes.set_xlim(lows[0], highs[0])
    axes.set_ylim(lows[1], highs[1])
    axes.set_aspect(scene.stretch[flat[1]] / scene.stretch[flat[0]], adjustable="box", anchor="C")
    axes.apply_aspect()
    box = axes.get_window_extent()
    room = (box.width / (scene.size[0] * _TICK_ROOM[0]), box.height / (scene.size[1] * _TICK_ROOM[1]))
    for k, setter, most in zip(flat, (axes.set_xticks, axes.set_yticks), room, strict=True):
        factor = scene.frame.factors[k]
        count = int(np.clip(most, 1, 6))
        numbers, texts = nice_ticks(scene.frame.bounds[2 * k] * factor, scene.frame.bounds[2 * k + 1] * factor, count)
        setter(np.asarray(numbers) / factor, texts)
    axes.set_xlabel(scene.frame.labels[flat[0]], size=LABEL * size, color=INK, labelpad=6)
    axes.set_ylabel(scene.frame.labels[flat[1]], size=LABEL * size, color=INK, labelpad=8)
    axes.tick_params(labelsize=TICK * size, color=GREY, length=6)
    for spine in axes.spines.values():
        spine.set_color(GREY)
    return axes


def _draw_surface(axes: Any, layer: Surface, flat: tuple[int, int], order: int) -> None:

    if layer.values is None or layer.scale is None:
        return
    from matplotlib.tri import Triangulation

    shown = layer.scale.fraction(layer.values)
    known = np.isfinite(shown) & np.isfinite(layer.points).all(axis=-1)
    style = {"cmap": palette.listed(layer.scale.colormap), "vmin": 0.0, "vmax": 1.0, "shading": "gouraud"}
    x, y = (np.where(known, layer.points[..., k], 0.0) for k in flat)
    if known.all() and np.ptp(x, axis=1).max() == 0.0 and np.ptp(y, axis=0).max() == 0.0:
        _draw_straight(axes, x[:, 0], y[0], shown, layer, order)
        return
    if known.all():
        axes.pcolormesh(x, y, shown, rasterized=True, zorder=order, **style)
        return
    index = np.arange(shown.size).reshape(shown.shape)
    corners = [index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]]
    triangles = np.concatenate(
        [np.stack([corners[0], corners[k], corners[k + 1]], axis=-1).reshape(-1, 3) for k in (1, 2)]
    )
    whole = known.ravel()[triangles].all(axis=1)
    mesh = Triangulation(x.ravel(), y.ravel(), triangles[whole])
    axes.tripcolor(mesh, np.nan_to_num(shown).ravel(), rasterized=True, zorder=order, **style)


def _draw_straight(axes: Any, x: Array, y: Array, shown: Array, layer: Surface, order: int) -> None:
    """Draw a patch with straight grid lines as an image: hundreds of times faster than by triangles."""
    from matplotlib.colors import Normalize
    from matplotlib.image import NonUniformImage
    from matplotlib.patches import Rectangle

    ends = (x.min(), x.max(), y.min(), y.max())
    cmap = palette.listed(layer.scale.colormap if layer.scale else palette.SEQUENTIAL)
    picture = NonUniformImage(axes, interpolation="bilinear", extent=ends, cmap=cmap, norm=Normalize(0.0, 1.0))
    rows, columns = np.argsort(x), np.argsort(y)
    picture.set_data(x[rows], y[columns], shown[rows][:, columns].T)
    picture.set_zorder(order)
    axes.add_image(picture)
    frame = Rectangle((ends[0], ends[2]), ends[1] - ends[0], ends[3] - ends[2], transform=axes.transData)
    picture.set_clip_path(frame)


def _draw_lines(axes: Any, layer: Lines, flat: tuple[int, int], order: int) -> None:
    from matplotlib.collections import LineCollection

    pieces = [piece[:, list(flat)] for piece in layer.pieces()]
    if layer.values is None or layer.scale is None:
        axes.add_collection(LineCollection(pieces, colors=layer.colour, linewidths=layer.width, zorder=order))
        return
    segments, shades = [], []
    for piece, value in zip(pieces, np.split(layer.values, layer.starts[1:]), strict=True):
        segments.append(np.stack([piece[:-1], piece[1:]], axis=1))
        shades.append(palette.colours(layer.scale, 0.5 * (value[:-1] + value[1:])))
    axes.add_collection(
        LineCollection(
            list(np.concatenate(segments)),
            colors=np.concatenate(shades),
            linewidths=layer.width,
            zorder=order,
        )
    )


def _draw_arrows(axes: Any, layer: Arrows, flat: tuple[int, int], order: int) -> None:
    start, vector = layer.points[:, list(flat)], layer.vectors[:, list(flat)]
    use = np.isfinite(vector).all(axis=1) & (np.linalg.norm(vector, axis=1) > 0.0)
    if not use.any():
        return
    colours: Array | str = layer.colour
    if layer.values is not None and layer.scale is not None:
        colours = palette.colours(layer.scale, layer.values[use])
    if layer.heads_only:
        _draw_heads(axes, start[use], vector[use], colours, order)
        return
    axes.quiver(
        start[use, 0],
        start[use, 1],
        vector[use, 0],
        vector[use, 1],
        color=colours,
        angles="xy",
        scale_units="xy",
        scale=1.0,
        pivot="mid" if layer.centred else "tail",
        width=0.0042,
        headwidth=4.2,
        headlength=5.0,
        headaxislength=4.6,
        zorder=order,
    )


def _draw_heads(axes: Any, start: Array, vector: Array, colours: Array | str, order: int) -> None:
    from matplotlib.collections import PolyCollection

    side = 0.36 * np.stack([-vector[:, 1], vector[:, 0]], axis=1)
    heads = np.stack([start + vector, start + side, start - side], axis=1)
    axes.add_collection(PolyCollection(list(heads), facecolors=colours, edgecolors="none", zorder=order))


def _draw_markers(axes: Any, layer: Markers, scene: Scene, order: int) -> None:
    size = font_scale(scene)
    one, two = scene.flat or (0, 1)
    bounds = scene.frame.bounds
    axes.apply_aspect()
    dots = axes.get_window_extent().width / (bounds[2 * one + 1] - bounds[2 * one])
    extent = 0.5 * max(bounds[2 * k + 1] - bounds[2 * k] for k in (one, two))
    # wide enough for the sign, and never smaller than what is cut out
    width = max(2.0 * layer.size * extent * dots * 72.0 / DPI, 22.0 * size)
    texts = layer.labels or ("",) * len(layer.points)
    for point, colour, text in zip(layer.points, layer.colours, texts, strict=True):
        here = (point[one], point[two])
        axes.plot(*here, "o", ms=width, color=colour, mec="white", mew=1.5, zorder=order)
        if text:
            axes.text(*here, text, size=LABEL * size, color="white", ha="center", va="center_baseline", zorder=order)
