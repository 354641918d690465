"""Charts of a scenario's views: profiles along a line, histories at a point or a side, with exact curves over them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from fieldsim.errors import InvalidInput, must
from fieldsim.scenario.amounts import Formula
from fieldsim.scenario.compute import Solution
from fieldsim.scenario.exact_values import at_points
from fieldsim.scenario.measure import probe_points
from fieldsim.scenario.shown import Shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fieldsim.view.scene import Picture

    Array = NDArray[np.float64]

Line: TypeAlias = tuple[list[float], list[float]]

_LOOKS = 33
_SAMPLES = 401


class Charts(Shown):
    """Composes charts of one solution."""

    def _profile(self, spec: Any) -> Picture:
        from fieldsim.view.compose_chart import profile

        number = self._number(spec)
        field = self._scalar(spec.of, number)
        line = None
        if self.solution.mesh.ndim > 1:
            line = self._line(spec.along)
        exact = self._exact_along(self._answer(spec), line, self.solution.time_of(number))
        if self._has_edges(spec.of):
            return self._sharp_profile(spec, line, exact)
        return profile(
            field,
            line=line,
            exact=exact,
            title=spec.title or "",
            walls=self._walls(spec.of, number),
        )

    def _has_edges(self, text: str) -> bool:
        from fieldsim.scenario.solved import has_edges

        loaded = self.solution.loaded
        return text.strip() == loaded.setting.unknown and has_edges(loaded.scenario)

    def _sharp_profile(self, spec: Any, line: Line | None, exact: Callable[[Array], Array] | None) -> Picture:
        """Return the profile of the solved field with its kinks and jumps, which smooth interpolation would round."""
        from fieldsim.scenario.solved import values_at
        from fieldsim.view.compose_chart import chart
        from fieldsim.view.levels import engineering

        mesh, number = self.solution.mesh, self._number(spec)
        if line is None:
            axis = mesh.axes[0]
            hair = 1e-9 * axis.length
            inner = axis.edges[1:-1]
            where = np.sort(np.concatenate([axis.centers, inner - hair, inner + hair, axis.edges[[0, -1]]]))
            points = on_axis(mesh, where).T
        else:
            low, high = np.array(line[0]), np.array(line[1])
            where = np.linspace(0.0, float(np.linalg.norm(high - low)), _SAMPLES)
            points = low + np.linspace(0.0, 1.0, _SAMPLES)[:, np.newaxis] * (high - low)
        factor, unit = engineering(float(np.abs(where).max()), "m")
        return chart(
            where * factor,
            values_at(self.solution, number, points),
            x_name="distance" if line is not None else mesh.axes[0].name,
            x_unit=unit,
            y_name=self.solution.loaded.setting.unknown,
            y_unit=self.solution.fields[number].unit,
            exact=None if exact is None else exact(where),
            title=str(spec.title or ""),
        )

    def _answer(self, spec: Any) -> float | Formula | None:
        """Return the exact formula of a view: its own, or the scenario's where the solved field is drawn.

        The scenario's is in SI and comes back in the unit that is shown.
        """
        if spec.exact is not None:
            return spec.exact  # type: ignore[no-any-return]
        part = self._part(spec.of)
        if part is None or part.loaded.scenario.exact is None:
            return None
        return self._in_shown_unit(part.loaded.scenario.exact, part)

    def _in_shown_unit(self, exact: float | Formula, part: Solution) -> float | Formula:
        from fieldsim.units import convert

        shown = part.fields[-1].unit
        solved = part.result.field.unit if part.result is not None else shown
        if shown == solved:
            return exact
        zero, one = (float(convert(value, solved, shown)) for value in (0.0, 1.0))
        if not isinstance(exact, Formula):
            return zero + (one - zero) * exact
        return Formula(exact.text, f"{one - zero!r}*({exact.resolved}) + {zero!r}")

    def _line(self, name: str | None) -> Line:
        probe = self.solution.loaded.scenario.probe.get(str(name))
        if probe is None or probe.line is None:
            raise InvalidInput(must("along", "the name of a line probe", name, "Add one under `probe`."))
        return probe.line[0], probe.line[1]

    def _exact_along(
        self, exact: float | Formula | None, line: Line | None, time: float
    ) -> Callable[[Array], Array] | None:
        """Return the exact formula as a function of the position along the axis, or of the distance along a line."""
        if exact is None:
            return None
        mesh = self.solution.mesh

        def along(positions: Array) -> Array:
            if line is None:
                points = on_axis(mesh, positions)
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
        from fieldsim.view.levels import clock

        solution = self.solution
        values, unit, name = self._over_time(spec)
        answer = self._answer(spec) if spec.at is not None else spec.exact
        exact = None
        if answer is not None:
            place = np.zeros((solution.mesh.dim, 1)) if spec.at is None else self._point(spec.at).T
            exact = np.array([at_points(answer, place, solution.mesh, t)[0] for t in solution.times])
        factor, time_unit = clock(solution.times[-1])
        return chart(
            np.array(solution.times) * factor,
            values,
            x_name="t",
            x_unit=time_unit,
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


def on_axis(mesh: Any, positions: Array) -> Array:
    """Return Cartesian points (dim, n) at positions along a mesh's only axis, left-out ones at their reference."""
    name = mesh.names[0]
    native = [
        positions if coordinate == name else np.full_like(positions, mesh.coordinates.reference[k])
        for k, coordinate in enumerate(mesh.coordinates.names)
    ]
    return np.stack([np.broadcast_to(x, positions.shape) for x in mesh.coordinates.to_cartesian(native)])
