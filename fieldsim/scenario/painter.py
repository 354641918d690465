"""Compose the views of a scenario: each names a composition of fieldsim.view and gives it fields of the run."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from fieldsim.errors import InvalidInput, must
from fieldsim.scenario.compute import Solution, fields_at, value_of
from fieldsim.scenario.exact_values import at_points
from fieldsim.scenario.measure import probe_points
from fieldsim.scenario.schema_views import View
from fieldsim.scenario.slots import Formula

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fieldsim.fields import ScalarField, VectorField
    from fieldsim.view.scene import Movie, Picture

    Array = NDArray[np.float64]

_LOOKS = 33


class Painter:
    """Turns views into pictures of one solution; fields of an output are computed once."""

    def __init__(self, solution: Solution) -> None:
        self.solution = solution
        self._fields: dict[int, dict[str, Any]] = {}

    def picture(self, view: View) -> Picture | Movie:
        """Compose one view. Raises FieldSimError."""
        kind, spec = view.chosen
        compose: Callable[[Any], Picture | Movie] = getattr(self, f"_{kind}")
        return self._told(kind, spec, compose(spec))

    def _told(self, kind: str, spec: Any, picture: Picture | Movie) -> Picture | Movie:
        """Return the picture with what the view adds to it: the name of its exact curve, and the time it shows."""
        from fieldsim.view.labels import quantity
        from fieldsim.view.scene import Movie, Scene

        if isinstance(picture, Movie):
            return replace(picture, frames=tuple(_named(frame, spec) for frame in picture.frames))
        picture = _named(picture, spec)
        if not self.solution.times or kind == "history":
            return picture
        note = f"t = {quantity(self.solution.time_of(self._number(spec)), 's')}"
        if isinstance(picture, Scene) and picture.instead is not None:
            picture = replace(picture, instead=replace(picture.instead, notes=(note, *picture.instead.notes)))
        return replace(picture, notes=(note, *picture.notes))

    def _title(self, spec: Any) -> str:
        """Return a view's own title, or the scenario's."""
        return str(spec.title or self.solution.loaded.scenario.title)

    def _number(self, spec: Any) -> int:
        return self.solution.number_at(spec.time)

    def _fields_at(self, number: int) -> dict[str, Any]:
        if number not in self._fields:
            self._fields = {number: fields_at(self.solution, number)}
        return self._fields[number]

    def _value(self, text: str, number: int) -> Any:
        if text.strip() == self.solution.loaded.setting.unknown:
            return self.solution.fields[number]
        value = value_of(text, self.solution, number, self._fields_at(number))
        if not hasattr(value, "with_values"):
            raise InvalidInput(must("of", "a field", text, "Name a field or an expression of one."))
        return value if value.name else value.with_values(value.values, unit=value.unit, name=text)

    def _scalar(self, text: str, number: int) -> ScalarField:
        from fieldsim.fields import ScalarField

        value = self._value(text, number)
        if not isinstance(value, ScalarField):
            raise InvalidInput(must("of", "a scalar field", text, "Draw norm(...) of it, or its field lines."))
        return value

    def _vector(self, text: str | None, number: int) -> VectorField | None:
        from fieldsim.fields import VectorField

        if text is None:
            return None
        value = self._value(text, number)
        if not isinstance(value, VectorField):
            raise InvalidInput(must("of", "a vector field", text, "Draw -grad(...) of it."))
        return value

    def _walls(self, text: str, number: int) -> Any:
        """Return the values on the walls where the solved field itself is drawn."""
        solution = self.solution
        drawn = text.strip() == solution.loaded.setting.unknown
        # a mesh of one axis has single numbers on its walls, which the picture grid does not take
        if solution.result is None or not drawn or solution.mesh.ndim == 1:
            return None
        from fieldsim.scenario.solved import wall_values

        return wall_values(solution, number)

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

    def _profile(self, spec: Any) -> Picture:
        from fieldsim.view.compose_chart import profile

        number = self._number(spec)
        field = self._scalar(spec.of, number)
        line = None
        if self.solution.mesh.ndim > 1:
            line = self._line(spec.along)
        exact = self._exact_along(self._answer(spec), line, self.solution.time_of(number))
        return profile(
            field,
            line=line,
            exact=exact,
            title=spec.title or "",
            walls=self._walls(spec.of, number),
        )

    def _answer(self, spec: Any) -> float | Formula | None:
        """Return the exact formula of a view: its own, or the scenario's where the solved field is drawn."""
        if spec.exact is not None:
            return spec.exact  # type: ignore[no-any-return]
        loaded = self.solution.loaded
        return loaded.scenario.exact if spec.of.strip() == loaded.setting.unknown else None

    def _line(self, name: str | None) -> tuple[list[float], list[float]]:
        probe = self.solution.loaded.scenario.probe.get(str(name))
        if probe is None or probe.line is None:
            raise InvalidInput(must("along", "the name of a line probe", name, "Add one under `probe`."))
        return probe.line[0], probe.line[1]

    def _exact_along(
        self, exact: float | Formula | None, line: tuple[list[float], list[float]] | None, time: float
    ) -> Callable[[Array], Array] | None:
        """Return the exact formula as a function of the position along the axis, or of the distance along a line."""
        if exact is None:
            return None
        mesh = self.solution.mesh

        def along(positions: Array) -> Array:
            if line is None:
                points = _on_axis(mesh, positions)
            else:
                low, high = np.array(line[0]), np.array(line[1])
                towards = (high - low) / np.linalg.norm(high - low)
                points = low[:, np.newaxis] + towards[:, np.newaxis] * positions
            return at_points(exact, points, mesh, time)

        edges = mesh.axes[0].edges
        ends = (edges[0], edges[-1]) if line is None else (0.0, float(np.linalg.norm(np.subtract(line[1], line[0]))))
        # a curve without a single value would stand in the legend and nowhere else
        return along if np.isfinite(along(np.linspace(ends[0], ends[1], _LOOKS))).any() else None

    def _history(self, spec: Any) -> Picture:
        from fieldsim.view.compose_chart import chart

        solution = self.solution
        values, unit, name = self._over_time(spec)
        answer = self._answer(spec) if spec.at is not None else spec.exact
        exact = None
        if answer is not None:
            place = np.zeros((solution.mesh.dim, 1)) if spec.at is None else self._point(spec.at).T
            exact = np.array([at_points(answer, place, solution.mesh, t)[0] for t in solution.times])
        return chart(
            np.array(solution.times),
            values,
            x_name="t",
            x_unit="s",
            y_name=name,
            y_unit=unit,
            exact=exact,
            title=spec.title or f"{name} at {spec.at or spec.over}",
        )

    def _over_time(self, spec: Any) -> tuple[Array, str, str]:
        """Return values at every output, their unit and their name, at a point or on a side."""
        outputs = range(len(self.solution.fields))
        if spec.over is not None:
            from fieldsim.scenario.answers import over_side

            found = [over_side(self.solution, number, spec.of, spec.over, "integral") for number in outputs]
            return np.array([float(value[0]) for value, _ in found]), found[-1][1], spec.of
        point = self._point(spec.at)
        fields = [self._scalar(spec.of, number) for number in outputs]
        return np.array([float(one.at(point)[0]) for one in fields]), fields[-1].unit, fields[-1].name

    def _point(self, name: str) -> Array:
        return probe_points(self.solution.loaded.scenario.probe[name])

    def _animation(self, spec: Any) -> Movie:
        from fieldsim.view.compose_movie import animation

        solution = self.solution
        frames = [self._scalar(spec.of, number) for number in range(len(solution.fields))]
        exact = None
        answer = self._answer(spec)
        if answer is not None:
            formula: float | Formula = answer

            def exact(positions: Array, time: float) -> Array:
                return at_points(formula, _on_axis(solution.mesh, positions), solution.mesh, time)

        walls = [self._walls(spec.of, number) for number in range(len(frames))]
        return animation(
            frames,
            solution.times,
            normal=spec.normal,
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


def _on_axis(mesh: Any, positions: Array) -> Array:
    """Return Cartesian points (dim, n) at positions along a mesh's only axis, left-out ones at their reference."""
    name = mesh.names[0]
    native = [
        positions if coordinate == name else np.full_like(positions, mesh.coordinates.reference[k])
        for k, coordinate in enumerate(mesh.coordinates.names)
    ]
    return np.stack([np.broadcast_to(x, positions.shape) for x in mesh.coordinates.to_cartesian(native)])
