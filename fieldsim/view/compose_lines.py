"""Compose the field lines of a vector field, coloured by its strength, with arrowheads; and fields of arrows.

Around point sources the number of lines is proportional to strength; elsewhere lines are spaced evenly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from fieldsim.analysis.field_lines import FieldLine, Source, trace
from fieldsim.analysis.seeding import even_lines, lines_of_sources, sphere_directions
from fieldsim.arrays import BoolArray, FloatArray
from fieldsim.errors import InvalidInput, must
from fieldsim.fields import VectorField
from fieldsim.meshes import Mesh
from fieldsim.view.charges import PointLike, markers
from fieldsim.view.compose_plane import Normal, rectangle, sized_arrows
from fieldsim.view.contours import join_lines
from fieldsim.view.grid import block
from fieldsim.view.labels import space_frame, thin_sides, unsqueezed, with_unit
from fieldsim.view.levels import log_levels
from fieldsim.view.scene import INK, Arrows, Camera, ColourScale, Layer, Lines, Markers, Scene

_STRENGTH = "plasma"
_INK_LINES = "#2b2f36"


def field_lines(
    field: VectorField,
    *,
    sources: Sequence[PointLike] = (),
    exact: Callable[[FloatArray], FloatArray] | None = None,
    count: int | None = None,
    seeds: FloatArray | None = None,
    normal: Normal | None = None,
    title: str = "",
) -> Scene:
    """Compose field lines, coloured by strength.

    `exact` gives Cartesian components (dim, n) at points (dim, n) in place of the mesh's values. `seeds` (n, dim) are
    points to pass through; left out, lines start at `sources` in proportion to strength, or are spread evenly.
    A field over a plane, and one in space with `normal` given, is drawn flat. Raises InvalidInput.
    """
    if field.mesh.dim == 1:
        raise InvalidInput(must("field_lines", "of a field in the plane or in space", "a line", "Draw a profile."))
    domain = _Domain(field, sources, exact)
    name = field.name or "F"
    flat = (0, 1) if domain.planar else None if normal is None else _flat(normal)
    lines = _traced(domain, count, seeds, flat)
    if not lines:
        raise InvalidInput(must("field_lines", "of a field that is not zero", name, "Check the field, or give seeds."))
    strength = _strengths(domain, lines)
    scale = _strength_scale(strength, with_unit(f"|{name}|", field.unit))
    heading = title or f"Field lines of {name}"
    frame = domain.frame
    layers = _layers(lines, strength, scale, domain, flat)
    balls = markers(sources, _source_unit(field.unit), domain.extent, 0.0)
    note = f"{len(lines)} lines" if len(lines) > 1 else "One line"
    if sources:
        note += ", the number at each source in proportion to its strength"
    if flat is not None:
        return unsqueezed(Scene(heading, (*layers, *balls), frame, flat=flat, notes=(note,)))
    stand_in = field_lines(field, sources=sources, exact=exact, count=count, normal="y", title=title)
    scene = Scene(heading, (*layers, *balls), frame, Camera(-52.0, 20.0), notes=(note,), instead=stand_in)
    return unsqueezed(scene)


def lines_through(
    scene: Scene,
    field: VectorField,
    *,
    sources: Sequence[PointLike] = (),
    exact: Callable[[FloatArray], FloatArray] | None = None,
    count: int | None = None,
) -> Scene:
    """Return a scene with the lines of a vector field drawn through it, all in ink: the colours are the scene's own.

    Arguments as for `field_lines`. The flat stand-in of a solid scene gets its lines too.
    """
    domain = _Domain(field, sources, exact)
    flat = (0, 1) if domain.planar else scene.flat
    lines = _traced(domain, count, None, flat)
    instead = scene.instead
    if instead is not None:
        instead = lines_through(instead, field, sources=sources, exact=exact, count=count)
    solid = [np.pad(line.points, [(0, 0), (0, 3 - domain.mesh.dim)]) for line in lines]
    drawn = join_lines(solid, colour=_INK_LINES, width=1.8, tube=0.0 if flat is not None else 0.0045)
    heads = _heads(solid, [np.ones(len(line)) for line in solid], None, domain)
    note = f"Lines: {field.name or 'the vector field'}"
    balls = tuple(layer for layer in scene.layers if isinstance(layer, Markers))
    rest = tuple(layer for layer in scene.layers if not isinstance(layer, Markers))
    return replace(scene, layers=(*rest, drawn, heads, *balls), notes=(*scene.notes, note), instead=instead)


def arrow_field(
    field: VectorField, *, count: int | None = None, normal: Normal | None = None, title: str = ""
) -> Scene:
    """Compose a vector field as arrows on an even grid, `count` along the longest side, coloured by strength.

    Without `normal` a field in space is drawn in space. Raises InvalidInput for a field on a line.
    """
    if field.mesh.dim == 1:
        raise InvalidInput(must("arrows", "of a field in the plane or in space", "a line", "Draw a profile."))
    domain = _Domain(field, (), None)
    flat = (0, 1) if domain.planar else None if normal is None else _flat(normal)
    number = count or (18 if flat is not None else 6)
    points, step = _even_points(domain, number, flat)
    layer, note = sized_arrows(field, points, 0.9 * step, flat=flat, stretch=domain.stretch)
    strength = np.linalg.norm(domain.sample(layer.points[:, : field.mesh.dim]), axis=1)
    name = field.name or "F"
    scale = _strength_scale([strength], with_unit(f"|{name}|", field.unit))
    layer = Arrows(layer.points, layer.vectors, strength, scale, centred=True)
    heading = title or f"{name} as arrows"
    frame = domain.frame
    if flat is not None:
        return unsqueezed(Scene(heading, (layer,), frame, flat=flat, notes=(note,)))
    stand_in = arrow_field(field, normal="y", title=title)
    return unsqueezed(Scene(heading, (layer,), frame, Camera(-52.0, 22.0), notes=(note,), instead=stand_in))


class _Domain:
    """The field as functions of Cartesian points, and the box it fills."""

    def __init__(
        self,
        field: VectorField,
        sources: Sequence[PointLike],
        exact: Callable[[FloatArray], FloatArray] | None,
    ) -> None:
        self.mesh: Mesh = field.mesh
        grid = block(field)
        cloud = grid.points.reshape(-1, 3)
        self.planar = bool(np.ptp(cloud[:, 2]) == 0.0)
        self.low, self.high = cloud.min(axis=0), cloud.max(axis=0)
        self.corners = np.stack([self.low, self.high])
        self.frame = space_frame([self.corners])
        self.stretch = np.asarray(thin_sides(self.frame))
        self.extent = 0.5 * float(np.max(self.high - self.low))
        self.size = float(np.linalg.norm(self.high - self.low))
        self.sample = field.sampler() if exact is None else _by_rows(exact)
        self.sources = [Source(np.array(s.position)[: self.mesh.dim], s.strength) for s in sources]
        self.radius = _clear_radius(self) if sources else 0.0

    def inside(self, points: FloatArray) -> BoolArray:
        """Tell which points (n, dim) lie in the mesh and in the picture (a periodic mesh has no end)."""
        slack = 1e-9 * self.size
        dim = self.mesh.dim
        boxed = ((points >= self.low[:dim] - slack) & (points <= self.high[:dim] + slack)).all(axis=1)
        return np.asarray(boxed & self.mesh.contains(points.T))


def _by_rows(exact: Callable[[FloatArray], FloatArray]) -> Callable[[FloatArray], FloatArray]:
    return lambda points: np.asarray(exact(points.T)).T


def _clear_radius(domain: _Domain) -> float:
    """Return the distance from sources at which lines start: the least at which the field is known all around."""
    radius = 0.008 * domain.size
    dim = domain.mesh.dim
    turn = np.linspace(0.0, 2.0 * np.pi, 90, endpoint=False)
    around = np.stack([np.cos(turn), np.sin(turn)], axis=1) if dim == 2 else sphere_directions(400)
    for _ in range(40):
        spheres = [source.position + radius * around for source in domain.sources]
        points = np.concatenate([sphere[domain.inside(sphere)] for sphere in spheres])
        if len(points) == 0 or np.isfinite(domain.sample(points)).all():
            break
        radius *= 1.12
    return radius


def _flat(normal: Normal) -> tuple[int, int]:
    return {"x": (1, 2), "y": (0, 2), "z": (0, 1)}[normal]


def _traced(
    domain: _Domain, count: int | None, seeds: FloatArray | None, flat: tuple[int, int] | None
) -> tuple[FieldLine, ...]:
    dim = domain.mesh.dim
    if seeds is not None:
        points = np.atleast_2d(np.asarray(seeds, dtype=float))
        if points.ndim != 2 or points.shape[1] != dim:
            raise InvalidInput(must("seeds", f"points of shape (n, {dim})", points.shape, "One point a row."))
        return trace(
            domain.sample,
            points,
            inside=domain.inside,
            size=domain.size,
            sources=domain.sources,
            capture=domain.radius,
        )
    if domain.sources:
        return lines_of_sources(
            domain.sample,
            domain.sources,
            count=count or (32 if flat is not None else 72),
            inside=domain.inside,
            size=domain.size,
            radius=domain.radius,
            flat=flat,
        )
    number = count or (15 if flat is not None else 6)
    candidates, step = _even_points(domain, number if flat is not None else max(number, 5), flat)
    sample = domain.sample if flat is None or domain.planar else _in_plane(domain, flat)
    # in a stretched space even distances are even as drawn; x' = s x and F' = s F have the same lines
    stretch = domain.stretch[:dim]
    lines = even_lines(
        lambda points: sample(points / stretch) * stretch,
        candidates[:, :dim] * stretch,
        inside=lambda points: domain.inside(points / stretch),
        size=float(np.linalg.norm((domain.high - domain.low) * domain.stretch)),
        separation=(0.85 if flat is not None else 0.75) * step,
    )
    return tuple(replace(line, points=line.points / stretch) for line in lines)


def _in_plane(domain: _Domain, flat: tuple[int, int]) -> Callable[[FloatArray], FloatArray]:
    """Return the field with its component across a plane removed."""
    keep = np.array([1.0 if k in flat else 0.0 for k in range(domain.mesh.dim)])
    return lambda points: domain.sample(points) * keep


def _even_points(domain: _Domain, count: int, flat: tuple[int, int] | None) -> tuple[FloatArray, float]:
    """Return points (n, 3) of an even grid inside the mesh, `count` along the longest side, and their distance."""
    step = 2.0 * domain.extent / count
    middle = 0.5 * (domain.low + domain.high)
    inset = 0.5 * step / domain.stretch
    low, high = np.minimum(domain.low + inset, middle), np.maximum(domain.high - inset, middle)
    if flat is not None:
        points = rectangle(low, high, flat, middle, count, domain.stretch).reshape(-1, 3)
    else:
        counts = np.maximum(1, np.round((high - low) * domain.stretch / step).astype(int) + 1)
        sides = [np.linspace(low[k], high[k], counts[k]) for k in range(3)]
        points = np.stack(np.meshgrid(*sides, indexing="ij"), axis=-1).reshape(-1, 3)
    return points[domain.mesh.contains(points[:, : domain.mesh.dim].T)], step


def _strengths(domain: _Domain, lines: Sequence[FieldLine]) -> list[FloatArray]:
    return [np.linalg.norm(domain.sample(line.points), axis=1) for line in lines]


def _strength_scale(strength: Sequence[FloatArray], label: str) -> ColourScale:
    """Return the colours of a strength: logarithmic where it spreads widely, dark for weak, never quite yellow."""
    joined = np.concatenate(list(strength))
    joined = joined[np.isfinite(joined) & (joined > 0.0)]
    if not joined.size:
        return ColourScale(0.0, 1.0, "linear", _STRENGTH, label)
    low, high = (float(v) for v in np.quantile(joined, [0.01, 0.99]))
    if high > 8.0 * low:
        ticks = log_levels(low, high, 3)
        return ColourScale(low, high * (high / low) ** 0.18, "log", _STRENGTH, label, ticks=ticks)
    return ColourScale(0.0, 1.15 * max(high, 1e-300), "linear", _STRENGTH, label)


def _layers(
    lines: Sequence[FieldLine],
    strength: Sequence[FloatArray],
    scale: ColourScale,
    domain: _Domain,
    flat: tuple[int, int] | None,
) -> tuple[Layer, ...]:
    solid = [np.pad(line.points, [(0, 0), (0, 3 - domain.mesh.dim)]) for line in lines]
    bare = join_lines(solid)
    values = np.concatenate(list(strength))
    tube = 0.0 if flat is not None else 0.0055
    drawn = Lines(bare.points, bare.starts, values, scale, width=2.6, tube=tube)
    return drawn, _heads(solid, strength, scale, domain)


def _heads(
    lines: Sequence[FloatArray], strength: Sequence[FloatArray], scale: ColourScale | None, domain: _Domain
) -> Arrows:
    """Return one arrowhead at the middle of every line that is long enough, pointing along it."""
    length = 0.062 * domain.extent
    points, vectors, values = [], [], []
    for line, strong in zip(lines, strength, strict=True):
        along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0) * domain.stretch, axis=1))])
        if along[-1] < 4.0 * length:
            continue
        k = int(np.clip(np.searchsorted(along, 0.55 * along[-1]), 1, len(line) - 1))
        direction = line[k] - line[k - 1]
        size = float(np.linalg.norm(direction * domain.stretch))
        if size > 0.0 and np.isfinite(strong[k]):
            points.append(line[k] - 0.5 * length * direction / size)
            vectors.append(length * direction / size)
            values.append(strong[k])
    shape = (len(points), 3)
    return Arrows(
        np.array(points).reshape(shape), np.array(vectors).reshape(shape), np.array(values), scale, INK, heads_only=True
    )


def _source_unit(unit: str) -> str:
    """Return the unit that tells masses from charges, from the unit of their field."""
    return "J/kg" if unit in {"m/s^2", "N/kg", "J/kg/m"} else unit
