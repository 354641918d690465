"""Compose the views of a scenario: each names a composition of fieldsim.view and gives it fields of the run."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from fieldsim.scenario.amounts import Formula
from fieldsim.scenario.charts import Charts, on_axis
from fieldsim.scenario.exact_values import at_points
from fieldsim.scenario.schema_views import View

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fieldsim.view.scene import Movie, Picture

    Array = NDArray[np.float64]


class Painter(Charts):
    """Turns views into pictures of one solution."""

    def picture(self, view: View) -> Picture | Movie:
        """Compose one view. Raises FieldSimError."""
        kind, spec = view.chosen
        compose: Callable[[Any], Picture | Movie] = getattr(self, f"_{kind}")
        return self._told(kind, spec, compose(spec))

    def _told(self, kind: str, spec: Any, picture: Picture | Movie) -> Picture | Movie:
        """Return the picture with what the view adds to it: the name of its exact curve, and the time it shows."""
        from fieldsim.view.labels import quantity
        from fieldsim.view.levels import clock
        from fieldsim.view.scene import Movie, Scene

        if isinstance(picture, Movie):
            return replace(picture, frames=tuple(_named(frame, spec) for frame in picture.frames))
        picture = _named(picture, spec)
        if not self.solution.times or kind == "history":
            return picture
        factor, unit = clock(self.solution.times[-1])
        note = f"t = {quantity(self.solution.time_of(self._number(spec)) * factor, unit)}"
        if isinstance(picture, Scene) and picture.instead is not None:
            picture = replace(picture, instead=replace(picture.instead, notes=(note, *picture.instead.notes)))
        return replace(picture, notes=(note, *picture.notes))

    def _sources(self) -> tuple[Any, ...]:
        """Return the point sources that lie in the mesh."""
        given = self.solution.given
        if given is None or given.potential is None:
            return ()
        inside = self.solution.mesh.contains
        dim = self.solution.mesh.dim
        found = given.potential.singularities
        return tuple(s for s in found if bool(inside(np.array(s.position[:dim]).reshape(dim, 1))[0]))

    def _exact_scalar(self, text: str) -> Callable[[Array], Array] | None:
        """Return the potential itself where the given field is drawn."""
        given = self.solution.given
        if given is None or given.potential is None or text.strip() != given.field.name:
            return None
        return given.potential.value if self._same_unit() else None

    def _exact_vector(self, text: str) -> Callable[[Array], Array] | None:
        """Return the exact gradient where minus (or plus) the gradient of the given potential is drawn."""
        given = self.solution.given
        derived = self.solution.loaded.scenario.derive.get(text.strip())
        if given is None or given.potential is None or not self._same_unit():
            return None
        expression = re.sub(r"\s", "", derived.expression if derived is not None else text)
        gradient = given.potential.gradient
        if expression == f"-grad({given.field.name})":
            return lambda points: -gradient(points)
        return gradient if expression == f"grad({given.field.name})" else None

    def _same_unit(self) -> bool:
        given = self.solution.given
        straight = self.solution.mesh.coordinates.name != "cylindrical"
        return (
            given is not None and given.potential is not None and straight and given.field.unit == given.potential.unit
        )

    def _isosurfaces(self, spec: Any) -> Picture:
        from fieldsim.view.compose_lines import field_lines
        from fieldsim.view.compose_solid import isosurfaces
        from fieldsim.view.scene import Markers

        number = self._number(spec)
        count = {} if spec.levels is None else {"count": spec.levels}
        scene = isosurfaces(
            self._scalar(spec.of, number),
            scale=spec.scale,
            sources=self._sources(),
            title=self._title(spec),
            walls=self._walls(spec.of, number),
            **count,
        )
        vector = self._vector(spec.lines, number)
        if vector is None:
            return scene
        lines = field_lines(vector, sources=self._sources(), exact=self._exact_vector(str(spec.lines)))
        layers = tuple(layer for layer in lines.layers if not isinstance(layer, Markers))
        return replace(scene, layers=scene.layers + layers, notes=scene.notes + lines.notes)

    def _field_lines(self, spec: Any) -> Picture:
        from fieldsim.view.compose_lines import field_lines

        number = self._number(spec)
        vector = self._vector(spec.of, number)
        return field_lines(
            vector,  # type: ignore[arg-type]  # `of` is always given here
            sources=self._sources(),
            exact=self._exact_vector(spec.of),
            count=spec.count,
            normal=spec.normal,
            title=self._title(spec),
        )

    def _arrows(self, spec: Any) -> Picture:
        from fieldsim.view.compose_lines import arrow_field

        vector = self._vector(spec.of, self._number(spec))
        return arrow_field(vector, count=spec.count, normal=spec.normal, title=self._title(spec))  # type: ignore[arg-type]

    def _slice(self, spec: Any) -> Picture:
        from fieldsim.view.compose_plane import plane_slice

        number = self._number(spec)
        return plane_slice(
            self._scalar(spec.of, number),
            normal=spec.normal,
            at=spec.at,
            arrows=self._vector(spec.arrows, number),
            contours=True if spec.levels is None else spec.levels or False,
            scale=spec.scale,
            sources=self._sources(),
            title=self._title(spec),
            walls=self._walls(spec.of, number),
            exact=self._exact_scalar(spec.of),
        )

    def _cutaway(self, spec: Any) -> Picture:
        from fieldsim.view.compose_solid import cutaway

        number = self._number(spec)
        walls = self._walls(spec.of, number)
        return cutaway(self._scalar(spec.of, number), title=self._title(spec), walls=walls)

    def _relief(self, spec: Any) -> Picture:
        from fieldsim.view.compose_relief import relief

        number = self._number(spec)
        return relief(
            self._scalar(spec.of, number),
            exaggeration=spec.exaggeration,
            arrows=self._vector(spec.arrows, number),
            title=self._title(spec),
            walls=self._walls(spec.of, number),
        )

    def _animation(self, spec: Any) -> Movie:
        from fieldsim.view.compose_movie import animation

        solution = self.solution
        frames = [self._scalar(spec.of, number) for number in range(len(solution.fields))]
        exact = None
        answer = self._answer(spec)
        if answer is not None:
            formula: float | Formula = answer

            def exact(positions: Array, time: float) -> Array:
                return at_points(formula, on_axis(solution.mesh, positions), solution.mesh, time)

        walls = [self._walls(spec.of, number) for number in range(len(frames))]
        return animation(
            frames,
            solution.times,
            normal=spec.normal,
            contours=True if spec.levels is None else spec.levels or False,
            exact=exact,
            title=spec.title or "",
            walls=None if walls[0] is None else walls,
        )


def _named(picture: Picture, spec: Any) -> Picture:
    """Return a chart whose exact curve bears the view's own label."""
    from fieldsim.view.scene import Chart

    label = getattr(spec, "label", None)
    if label is None or not isinstance(picture, Chart):
        return picture
    curves = tuple(replace(c, label=label) if c.label == "exact" else c for c in picture.curves)
    return replace(picture, curves=curves)
