"""The sheet a picture stands on: title, colour bars, axis ticks and notes, drawn by matplotlib's Agg.

Nothing here touches pyplot or any global state, so drawing is safe in threads and on servers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fieldsim.view import palette
from fieldsim.view.axes_box import AxisMarks, axis_marks
from fieldsim.view.camera import look
from fieldsim.view.levels import log_levels, nice_ticks, number_text
from fieldsim.view.scene import GREY, INK, Chart, ColourScale, Scene

Image = NDArray[np.uint8]
DPI = 100
TITLE, LABEL, TICK, NOTE = 27.0, 21.0, 18.0, 16.0
_TITLE_LENGTH, _NOTE_LENGTH = 66, 115  # letters that fit across the sheet at full size
TOP, BAR = 0.1, 0.155  # shares of the sheet for the title and for each colour bar


def new_sheet(picture: Scene | Chart) -> Any:
    """Return a white matplotlib figure of the picture's size with its title and notes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(picture.size[0] / DPI, picture.size[1] / DPI), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    if picture.title:
        add_title(figure, picture)
    if picture.notes:
        size = NOTE * font_scale(picture) * min(1.0, _NOTE_LENGTH / max(len(note) for note in picture.notes))
        figure.text(0.015, 0.012, "\n".join(picture.notes), size=size, color="#555555", ha="left", va="bottom")
    return figure


def add_title(figure: Any, picture: Scene | Chart) -> Any:
    """Write the title above the picture, in smaller letters where it is long; returns the text artist."""
    size = TITLE * font_scale(picture) * min(1.0, _TITLE_LENGTH / max(len(picture.title), 1))
    return figure.text(0.5, 1.0 - 0.5 * TOP, picture.title, size=size, color=INK, ha="center", va="center")


def font_scale(picture: Scene | Chart) -> float:
    """Return how much larger or smaller than on a 1600 x 1200 sheet letters are."""
    return picture.size[1] / 1200.0


def pixels(figure: Any) -> Image:
    """Draw the figure and return its picture (height, width, 3)."""
    figure.canvas.draw()
    return np.array(np.asarray(figure.canvas.buffer_rgba())[..., :3], dtype=np.uint8)


def picture_area(scene: Scene) -> tuple[int, int]:
    """Return the pixels (width, height) left for the geometry beside the bars and below the title."""
    width = scene.size[0] * (1.0 - BAR * len(scene.scales))
    return round(width), round(scene.size[1] * (1.0 - TOP - notes_height(scene)))


def notes_height(picture: Scene | Chart) -> float:
    """Return the share of the sheet's height that the notes take."""
    return 0.028 * len(picture.notes) + 0.005 * bool(picture.notes)


def solid_sheet(scene: Scene, geometry: Image) -> Image:
    """Return the finished picture of a solid scene: rendered geometry, ticks, axis names and bars."""
    figure = new_sheet(scene)
    height, width = geometry.shape[:2]
    total_width, total_height = scene.size
    axes = figure.add_axes((0.0, notes_height(scene), width / total_width, height / total_height))
    axes.imshow(geometry, extent=(0.0, 1.0, 0.0, 1.0), aspect="auto", interpolation="none")
    axes.set(xlim=(0.0, 1.0), ylim=(0.0, 1.0))
    axes.axis("off")
    view = look(scene, width / height)
    for marks in axis_marks(scene, view):
        _write_axis(axes, marks, width / height, font_scale(scene))
    add_bars(figure, scene)
    return pixels(figure)


def _write_axis(axes: Any, marks: AxisMarks, ratio: float, scale: float) -> None:
    across = np.array([1.0 / ratio, 1.0])
    square = marks.outward * np.array([ratio, 1.0])
    square /= np.linalg.norm(square)
    for place, text in zip(marks.ticks, marks.texts, strict=True):
        ends = np.stack([place, place + 0.012 * square * across])
        axes.plot(ends[:, 0], ends[:, 1], color=GREY, lw=1.6, clip_on=False)
        axes.text(*(place + 0.036 * square * across), text, size=TICK * scale, color=INK, ha="center", va="center")
    longest = max((len(text) for text in marks.texts), default=1)
    gap = 0.085 + 0.009 * max(0, longest - 2) * abs(square[0])
    axes.text(
        *(marks.middle + gap * square * across),
        marks.name,
        size=LABEL * scale,
        color=INK,
        ha="center",
        va="center",
        rotation=90.0 if abs(square[0]) > 0.97 else 0.0,
    )


def add_bars(figure: Any, scene: Scene) -> None:
    """Add one colour bar for each labelled scale of the scene along the right edge."""
    from matplotlib.ticker import NullLocator

    size = font_scale(scene)
    count = len(scene.scales)
    for index, scale in enumerate(scene.scales):
        left = 1.0 - BAR * (count - index) + 0.03
        axes = figure.add_axes((left, 0.17, 0.022, 0.62))
        ramp = np.linspace(0.0, 1.0, 256)[:, None]
        axes.imshow(
            ramp,
            cmap=palette.listed(scale.colormap),
            origin="lower",
            aspect="auto",
            extent=(0, 1, 0, 1),
        )
        numbers = bar_ticks(scale)
        axes.xaxis.set_major_locator(NullLocator())
        axes.yaxis.tick_right()
        axes.set_yticks(scale.fraction(np.array(numbers)), [_bar_text(v) for v in numbers])
        axes.tick_params(labelsize=TICK * size, color=GREY, length=5)
        axes.set_title(scale.label, size=LABEL * size, color=INK, pad=16, loc="center", x=1.2)
        for spine in axes.spines.values():
            spine.set_color(GREY)


def bar_ticks(scale: ColourScale) -> tuple[float, ...]:
    """Return the numbers beside a colour bar: the scale's own ticks, or round ones, thinned to fit."""
    if scale.ticks:
        numbers = [v for v in scale.ticks if scale.low <= v <= scale.high]
    elif scale.kind == "linear":
        numbers = list(nice_ticks(scale.low, scale.high, 6)[0])
    elif scale.kind == "log":
        numbers = list(log_levels(scale.low * (1 - 1e-9), scale.high * (1 + 1e-9), 5))
    else:
        top = max(abs(scale.low), abs(scale.high))
        steps = log_levels(scale.threshold, top * (1 + 1e-9), 4) if top > scale.threshold else (top,)
        numbers = [v for v in (*(-s for s in reversed(steps)), 0.0, *steps) if scale.low <= v <= scale.high]
    kept: list[float] = []
    for number in sorted(numbers, key=lambda v: (v != 0.0, -abs(v))):
        place = float(scale.fraction(number))
        if all(abs(place - float(scale.fraction(other))) > 0.045 for other in kept):
            kept.append(number)
    return tuple(sorted(kept))


def _bar_text(value: float) -> str:
    """Return a level as the bar shows it: round numbers whole, others to three digits."""
    return number_text(value if value == float(f"{value:.4g}") else float(f"{value:.3g}"))
