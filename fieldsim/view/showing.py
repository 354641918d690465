"""One call from a field to a picture: compose it, show it in a window or a file, or hand the field to PyVista."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from fieldsim.errors import CannotDraw, InvalidInput, RankError, must
from fieldsim.fields import ScalarField, VectorField
from fieldsim.view import probe
from fieldsim.view.compose_chart import profile
from fieldsim.view.compose_lines import field_lines
from fieldsim.view.compose_plane import plane_slice
from fieldsim.view.compose_solid import isosurfaces
from fieldsim.view.drawing import gif, image, png
from fieldsim.view.scene import Movie, Picture, Scene


def plot(field: ScalarField | VectorField, *, title: str = "") -> Picture:
    """Compose the picture that suits a field; nothing is drawn yet.

    A scalar field gives a profile on a line, colours and contours on a plane and on round meshes that leave an
    angle out, surfaces of equal value in space; a vector field gives its lines. Raises RankError for a tensor.
    """
    if isinstance(field, VectorField):
        if field.mesh.ndim == 1:
            return profile(field.norm(), title=title)
        return field_lines(field, title=title)
    if not isinstance(field, ScalarField):
        raise RankError(
            must("field", "a scalar or vector field", field, "Draw a component, or the trace, of a tensor.")
        )
    whole = all(axis is not None for axis in field.mesh.coordinate_axis)
    if field.mesh.ndim == 1:
        return profile(field, title=title)
    return isosurfaces(field, title=title) if field.mesh.ndim == 3 and whole else plane_slice(field, title=title)


def show(picture: ScalarField | VectorField | Picture | Movie, *, file: str | Path | None = None) -> None:
    """Show a field or a picture in a window, or write it to `file` (PNG, or GIF for a movie).

    Raises CannotDraw where there is neither a display nor a file, StorageError where the file cannot be written.
    """
    ready = plot(picture) if isinstance(picture, (ScalarField, VectorField)) else picture
    if file is not None:
        _write(ready, Path(file))
        return
    if not _has_display():
        raise CannotDraw("this machine has no display to open a window on. Pass file='picture.png' to write a file.")
    if isinstance(ready, Scene) and ready.flat is None and probe.opengl().can_draw:
        from fieldsim.view.backend_pyvista import window

        window(ready)
        return
    from PIL import Image as Pillow

    Pillow.fromarray(image(ready.frames[-1] if isinstance(ready, Movie) else ready)).show()


def to_pyvista(field: ScalarField | VectorField) -> Any:
    """Return the field as a PyVista data set on its true cells: cell data, vectors as Cartesian 3-vectors.

    A uniform Cartesian mesh gives ImageData, a stretched one RectilinearGrid, any other StructuredGrid. Raises
    CannotDraw where VTK cannot be loaded.
    """
    if not isinstance(field, (ScalarField, VectorField)):
        raise RankError(must("field", "a scalar or vector field", field, "Convert the components of a tensor."))
    finding = probe.opengl()
    if not finding.can_draw:
        raise CannotDraw(finding.advice)
    from fieldsim.view.backend_pyvista import dataset

    return dataset(field)


def _write(picture: Picture | Movie, file: Path) -> None:
    from fieldsim.storage import write_bytes

    wanted = ".gif" if isinstance(picture, Movie) else ".png"
    if file.suffix.lower() != wanted:
        raise InvalidInput(must("file", f"named *{wanted}", str(file), "Change the ending of the name."))
    write_bytes(file, gif(picture) if isinstance(picture, Movie) else png(picture))


def _has_display() -> bool:
    return sys.platform in ("win32", "darwin") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
