"""Turn pictures into files: PNG bytes of a scene or chart, GIF bytes of a movie.

Flat scenes and charts need matplotlib only. Solid scenes are drawn by PyVista after the probe has said
that this machine can, and as their flat stand-in otherwise.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from fieldsim.arrays import FloatArray
from fieldsim.errors import CannotDraw, InvalidInput, must
from fieldsim.view import palette, probe
from fieldsim.view.curves import CYCLE, draw_chart
from fieldsim.view.scene import Chart, Movie, Picture, Scene
from fieldsim.view.sheet import Image, picture_area, solid_sheet

_GREYS = 36


def image(picture: Picture) -> Image:
    """Return the picture as an RGB array (height, width, 3); CannotDraw where nothing can stand for it."""
    if isinstance(picture, Chart):
        return draw_chart(picture)
    if picture.flat is None and probe.opengl().can_draw:
        from fieldsim.view.backend_pyvista import render

        return solid_sheet(picture, render(picture, picture_area(picture)))
    from fieldsim.view.backend_matplotlib import draw_flat

    return draw_flat(picture)


def png(picture: Picture) -> bytes:
    """Return the picture as the bytes of a PNG file."""
    from PIL import Image as Pillow

    buffer = io.BytesIO()
    Pillow.fromarray(image(picture)).save(buffer, format="PNG", compress_level=6)
    return buffer.getvalue()


def gif(movie: Movie) -> bytes:
    """Return the movie as the bytes of an endless GIF; all frames share one palette."""
    from PIL import Image as Pillow

    if not movie.frames:
        raise InvalidInput(must("frames", "at least one picture", 0, "Ask for more outputs."))
    frames = _frames(movie)
    if len({frame.shape for frame in frames}) > 1:
        raise CannotDraw("the frames of the movie differ in size. Give all scenes the same size.")
    shared = _palette(movie)
    indexed = [Pillow.fromarray(f).quantize(palette=shared, dither=Pillow.Dither.NONE) for f in frames]
    buffer = io.BytesIO()
    indexed[0].save(
        buffer,
        format="GIF",
        save_all=True,
        append_images=indexed[1:],
        duration=round(1000.0 * movie.seconds),
        loop=0,
        optimize=False,
    )
    return buffer.getvalue()


def _frames(movie: Movie) -> list[Image]:
    """Return the drawn frames; flat ones share one sheet."""
    from fieldsim.view.backend_matplotlib import draw_frames

    flat = [frame for frame in movie.frames if isinstance(frame, Scene) and frame.flat is not None]
    return draw_frames(flat) if len(flat) == len(movie.frames) else [image(frame) for frame in movie.frames]


def _palette(movie: Movie) -> Any:
    """Return the 256 colours of a movie: those of its bars, or of its curves fading into white, and greys."""
    from PIL import Image as Pillow

    first = movie.frames[0]
    scales = () if isinstance(first, Chart) else first.scales
    fade = np.linspace(0.0, 1.0, _GREYS)[:, None]
    parts = [np.repeat(fade, 3, axis=1)]
    if scales:
        each = (256 - _GREYS) // len(scales)
        parts += [palette.table(scale.colormap)[np.linspace(0, 255, each).round().astype(int)] for scale in scales]
    else:
        steps = np.linspace(0.0, 0.95, (256 - _GREYS) // len(CYCLE))[:, None]
        parts += [_rgb(colour) * (1.0 - steps) + steps for colour in CYCLE]
    shared = Pillow.new("P", (1, 1))
    shared.putpalette((255.0 * np.concatenate(parts)).round().astype(np.uint8).tobytes())
    return shared


def _rgb(colour: str) -> FloatArray:
    """Return "#rrggbb" as three numbers in [0, 1]."""
    return np.array([int(colour[k : k + 2], 16) / 255.0 for k in (1, 3, 5)])
