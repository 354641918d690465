"""Turn pictures into files: PNG bytes of a scene or chart, GIF bytes of a movie.

Flat scenes and charts need matplotlib only. Solid scenes are drawn by PyVista after the probe has said
that this machine can, and as their flat stand-in otherwise.
"""

from __future__ import annotations

import io

import numpy as np

from fieldsim.errors import CannotDraw, InvalidInput, must
from fieldsim.view import probe
from fieldsim.view.scene import Chart, Movie, Picture
from fieldsim.view.sheet import Image, picture_area, solid_sheet


def image(picture: Picture) -> Image:
    """Return the picture as an RGB array (height, width, 3); CannotDraw where nothing can stand for it."""
    if isinstance(picture, Chart):
        from fieldsim.view.curves import draw_chart

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
    frames = [image(frame) for frame in movie.frames]
    if len({frame.shape for frame in frames}) > 1:
        raise CannotDraw("the frames of the movie differ in size. Give all scenes the same size.")
    sample = np.concatenate([frame[::4, ::4] for frame in (frames[0], frames[len(frames) // 2], frames[-1])])
    shared = Pillow.fromarray(sample).quantize(256, method=Pillow.Quantize.MEDIANCUT)
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
