"""Pictures: compose a Scene or a Chart from fields, then draw it to PNG or GIF, or in a window.

Composing needs no display and no graphics library; drawing imports PyVista or matplotlib when it is asked to.
"""

from __future__ import annotations

from fieldsim.view.compose_chart import chart, profile
from fieldsim.view.compose_lines import arrow_field, field_lines, lines_through
from fieldsim.view.compose_movie import animation
from fieldsim.view.compose_plane import plane_slice
from fieldsim.view.compose_relief import relief
from fieldsim.view.compose_solid import cutaway, isosurfaces
from fieldsim.view.drawing import gif, image, png
from fieldsim.view.scene import Chart, ColourScale, Movie, Picture, Scene
from fieldsim.view.showing import plot, show, to_pyvista

__all__ = [
    "Chart",
    "ColourScale",
    "Movie",
    "Picture",
    "Scene",
    "animation",
    "arrow_field",
    "chart",
    "cutaway",
    "field_lines",
    "gif",
    "image",
    "isosurfaces",
    "lines_through",
    "plane_slice",
    "plot",
    "png",
    "profile",
    "relief",
    "show",
    "to_pyvista",
]
