"""Draw the views of a scenario into a run's folder and note them in its record."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from fieldsim.errors import CannotDraw, FieldSimError
from fieldsim.scenario.compute import Solution
from fieldsim.scenario.conduct import Progress, silent
from fieldsim.scenario.painter import Painter
from fieldsim.scenario.schema_views import View

if TYPE_CHECKING:
    from fieldsim.view.scene import Movie, Picture

_CAPTIONS = {
    "isosurfaces": "Surfaces of equal {of}",
    "field_lines": "Lines of {of}",
    "arrows": "{of} as arrows",
    "slice": "{of} over a plane",
    "cutaway": "{of} inside the body",
    "relief": "{of} as a landscape",
    "animation": "{of} over time",
}
_SOLID = ("isosurfaces", "field_lines", "cutaway", "relief", "arrows")


def begin_probe(solution_views: list[View]) -> None:
    """Start asking whether this machine can draw in 3-D, so that the answer is there when it is needed."""
    if any(view.chosen[0] in _SOLID for view in solution_views):
        from fieldsim.view import probe

        probe.begin()


def draw_views(solution: Solution, folder: Any, record: Any, progress: Progress = silent) -> None:
    """Draw every view into the run's folder and note it in the record; what cannot be drawn is noted too."""
    from fieldsim.view.drawing import gif, png
    from fieldsim.view.scene import Movie

    painter = Painter(solution)
    for number, view in enumerate(solution.loaded.scenario.view):
        kind, spec = view.chosen
        progress(f"drawing {kind} of {spec.of}")
        name = f"{number + 1:02d}-{kind}-{re.sub(r'[^A-Za-z0-9]+', '_', spec.of).strip('_')[:40]}"
        try:
            picture = painter.picture(view)
            moving = isinstance(picture, Movie)
            data = gif(picture) if isinstance(picture, Movie) else png(picture)
        except CannotDraw as error:
            record.undrawn.append(f"view[{number}].{kind}: {error}")
            continue
        except FieldSimError as error:
            raise type(error)(f"view[{number}].{kind}: {error}") from error
        path = folder.figure(name, ".gif" if moving else ".png")
        record.add_file(folder.write_bytes(path.relative_to(folder.path), data))
        record.figures.append(_figure(path.relative_to(folder.path).as_posix(), kind, spec, picture))
    _note_stand_ins(solution, record, progress)


def _note_stand_ins(solution: Solution, record: Any, progress: Progress) -> None:
    """Say so where flat pictures stand in for solid ones, with the packages to install."""
    if not any(view.chosen[0] in _SOLID for view in solution.loaded.scenario.view):
        return
    from fieldsim.view import probe

    advice = probe.opengl().advice
    if advice:
        record.notes.append(advice)
        progress(advice)


def _figure(file: str, kind: str, spec: Any, picture: Picture | Movie) -> dict[str, Any]:
    """Return what the record says of a picture: its file, title, notes and colour ranges."""
    from fieldsim.view.scene import Movie, Scene

    still = picture.frames[0] if isinstance(picture, Movie) else picture
    caption = spec.title or _CAPTIONS.get(kind, still.title).format(of=spec.of)
    entry: dict[str, Any] = {"file": file, "kind": kind, "of": spec.of, "title": caption, "notes": list(still.notes)}
    if isinstance(still, Scene):
        entry["ranges"] = [{"label": s.label, "low": s.low, "high": s.high, "scale": s.kind} for s in still.scales]
    return entry
