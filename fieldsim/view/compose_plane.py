"""Compose flat pictures: a plane through a field in space, or a field in the plane, with contours and arrows.

Where the plane is a surface of constant array index (any plane on a straight mesh, the planes through the axis of a
round one) the picture grid itself is drawn, up to curved walls; elsewhere the field is sampled in the plane.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np

from fieldsim.arrays import FloatArray
from fieldsim.errors import InvalidInput, must
from fieldsim.fields import ScalarField, VectorField
from fieldsim.meshes import Mesh
from fieldsim.view.charges import PointLike, hole_radius, markers, positions
from fieldsim.view.contours import contour_lines, plane_patches
from fieldsim.view.grid import Block, Walls, block
from fieldsim.view.labels import quantity, space_frame, spelled_levels, thin_sides, unit_of, unsqueezed, with_unit
from fieldsim.view.levels import number_text
from fieldsim.view.scales import Choice, Law, choose
from fieldsim.view.scene import INK, Arrows, Frame, Layer, Lines, Scene, Surface

Normal = Literal["x", "y", "z"]
Patch = tuple[FloatArray, FloatArray]
_SAMPLES = 301
_MOST_INK = 45.0  # length of all contours, in widths of the picture
_EVEN = 6.0  # arrows whose lengths differ by more than this factor are drawn equally long


def plane_slice(
    field: ScalarField,
    *,
    normal: Normal | None = None,
    at: float | None = None,
    arrows: VectorField | None = None,
    contours: bool | int | Sequence[float] = True,
    scale: Law = "auto",
    sources: Sequence[PointLike] = (),
    limits: tuple[float, float] | None = None,
    colormap: str | None = None,
    title: str = "",
    walls: Walls | None = None,
    exact: Callable[[FloatArray], FloatArray] | None = None,
    arrow_count: int = 17,
    fine: int = 160,
) -> Scene:
    """Compose a field over a plane, coloured, with contours and, on request, the arrows of a vector field.

    In space the plane is `normal` = `at` (in metres; through the sources, or the middle, when left out). `contours`
    is True, a number of lines, or their values; `exact` gives the field itself at points (dim, n), for a picture finer
    than the mesh. Raises InvalidInput for a field on a line or a plane that misses it.
    """
    name = field.name or "f"
    grid = block(field, walls=walls, fine=fine)
    flat, patches, place = _patches(field, grid, normal, at, sources)
    # what is continued to walls, or grows without bound between cells beside a charge, makes no colour limits
    values = [grid.within(patch[1]) for patch in patches]
    if exact is not None:
        patches = [_refined(patch, field.mesh, exact) for patch in patches]
    chosen = None if isinstance(contours, (bool, int)) else contours
    choice = choose(
        values,
        label=with_unit(name, field.unit),
        unit=field.unit,
        law=scale,
        count=contours if isinstance(contours, int) and not isinstance(contours, bool) else 8,
        levels=chosen,
        limits=limits,
        colormap=colormap,
    )
    frame = space_frame([patch[0] for patch in patches])
    layers: list[Layer] = [Surface(points, shown, choice.scale, lit=False) for points, shown in patches]
    drawn = choice.levels if contours is not False else ()
    if contours is True:
        drawn = _readable(patches, choice, frame)
    layers += _contours(patches, drawn, choice)
    notes = [f"Contours {spelled_levels(drawn, field.unit)}"] if drawn else []
    if arrows is not None:
        layer, note = _plane_arrows(arrows, frame, flat, place, arrow_count)
        layers.append(layer)
        notes.append(note)
    across = next(k for k in range(3) if k not in flat)
    if field.mesh.dim == 3:
        where = place[across] * frame.factors[across]
        notes.insert(0, f"Plane {'xyz'[across]} = {number_text(float(f'{where:.4g}'))} {unit_of(frame)}")
    extent = 0.5 * max(frame.bounds[2 * k + 1] - frame.bounds[2 * k] for k in flat)
    near = [s for s in sources if abs(tuple(s.position)[across] - place[across]) < 1e-6 * extent]
    hole = max((hole_radius(*patch, near) for patch in patches), default=0.0)
    layers += markers(near, field.unit, extent, hole)
    return unsqueezed(Scene(title or name, tuple(layers), frame, flat=flat, notes=tuple(notes)))


def _readable(patches: Sequence[Patch], choice: Choice, frame: Frame) -> tuple[float, ...]:
    """Return all levels, every second or fourth, or none: on rough data their contours would be all ink."""
    size = float(np.max(np.ptp(np.asarray(frame.bounds).reshape(3, 2), axis=1)))
    for step in (1, 2, 4):
        levels = choice.levels[::step]
        if sum(_ink(layer) for layer in _contours(patches, levels, choice)) < _MOST_INK * size:
            return levels
    return ()


def _ink(layer: Lines) -> float:
    return sum(float(np.linalg.norm(np.diff(piece, axis=0), axis=1).sum()) for piece in layer.pieces())


def _contours(patches: Sequence[Patch], levels: Sequence[float], choice: Choice) -> list[Lines]:
    layers: list[Lines] = []
    for points, values in patches if levels else ():
        zero = [v for v in levels if v == 0.0]
        rest = [v for v in levels if v != 0.0]
        layers.append(contour_lines(points, values, rest, scale=choice.scale, colour=INK, width=1.5))
        if zero:
            layers.append(contour_lines(points, values, zero, scale=choice.scale, colour=INK, width=3.0))
    return layers


def _patches(
    field: ScalarField,
    grid: Block,
    normal: Normal | None,
    at: float | None,
    sources: Sequence[PointLike],
) -> tuple[tuple[int, int], list[Patch], FloatArray]:
    """Return the two components of the plane, the patches in it and a point of it."""
    if grid.ndim == 1:
        raise InvalidInput(
            must(
                "slice",
                "of a field over a plane or in space",
                f"a field along {field.mesh.names[0]}",
                "Draw a profile.",
            )
        )
    if grid.ndim == 2:
        return (0, 1), [(grid.points, grid.values)], grid.points[0, 0]
    # a round mesh without its angle is symmetric about z: the plane through that axis shows most
    default: Normal = "z" if all(axis is not None for axis in field.mesh.coordinate_axis) else "y"
    across = "xyz".index(_checked_normal(normal or default))
    flat = ((1, 2), (0, 2), (0, 1))[across]
    cloud = grid.points.reshape(-1, 3)
    low, high = cloud.min(axis=0), cloud.max(axis=0)
    place = positions(sources).mean(axis=0) if sources else 0.5 * (low + high)
    if at is not None:
        place[across] = at
    if not low[across] <= place[across] <= high[across]:
        raise InvalidInput(
            must(
                "at",
                f"between {low[across]:g} and {high[across]:g} m along {'xyz'[across]}",
                float(place[across]),
                "Choose a plane that meets the mesh.",
            )
        )
    cut = plane_patches(grid.points, [grid.values], np.eye(3)[across], float(place[across]))
    if cut is not None:
        return flat, [(points, arrays[0]) for points, arrays in cut], place
    return flat, [sampled(field, low, high, flat, place, _SAMPLES)], place


def _checked_normal(normal: str) -> str:
    if normal not in ("x", "y", "z"):
        raise InvalidInput(must("normal", "x, y or z", normal, "Name the axis that the plane is square to."))
    return normal


def sampled(
    field: ScalarField, low: FloatArray, high: FloatArray, flat: tuple[int, int], place: FloatArray, count: int
) -> Patch:
    """Return the field sampled over a rectangle of the plane, NaN outside the mesh."""
    points = rectangle(low, high, flat, place, count)
    values = field.at(points.reshape(-1, 3)[:, : field.mesh.dim], outside="nan")
    return points, values.reshape(points.shape[:2])


def _refined(patch: Patch, mesh: Mesh, exact: Callable[[FloatArray], FloatArray]) -> Patch:
    """Return a patch with points between its own, valued by the exact field; what the patch lacks stays out."""
    points = patch[0]
    for axis in (0, 1):
        parts = max(1, round(_SAMPLES / points.shape[axis]))
        at = np.arange(parts * (points.shape[axis] - 1) + 1) / parts
        low = np.minimum(at.astype(int), points.shape[axis] - 2)
        share = (at - low).reshape([-1 if k == axis else 1 for k in range(3)])
        points = (1.0 - share) * np.take(points, low, axis=axis) + share * np.take(points, low + 1, axis=axis)
    values = np.asarray(exact(points.reshape(-1, 3)[:, : mesh.dim].T), dtype=float)
    return points, values.reshape(points.shape[:2])


def rectangle(
    low: FloatArray,
    high: FloatArray,
    flat: tuple[int, int],
    place: FloatArray,
    count: int,
    stretch: FloatArray | None = None,
) -> FloatArray:
    """Return a grid (a, b, 3) of points over the rectangle between two corners in a plane through `place`.

    It is even as drawn, lengths multiplied by `stretch`, with `count` points along the longer side.
    """
    one, two = flat
    width, height = high[one] - low[one], high[two] - low[two]
    if stretch is not None:
        width, height = width * stretch[one], height * stretch[two]
    longest = max(width, height)
    shape = (max(2, round(count * width / longest)), max(2, round(count * height / longest)))
    points = np.empty((*shape, 3))
    points[...] = place
    points[..., one] = np.linspace(low[one], high[one], shape[0])[:, None]
    points[..., two] = np.linspace(low[two], high[two], shape[1])[None, :]
    return points


def _plane_arrows(
    field: VectorField, frame: Frame, flat: tuple[int, int], place: FloatArray, count: int
) -> tuple[Arrows, str]:
    """Return arrows on an even grid in the plane, and the note that says what their length means."""
    bounds, stretch = np.asarray(frame.bounds).reshape(3, 2), np.asarray(thin_sides(frame))
    step = float(max((bounds[k, 1] - bounds[k, 0]) * stretch[k] for k in flat)) / count
    low, high = bounds[:, 0] + 0.5 * step / stretch, bounds[:, 1] - 0.5 * step / stretch
    points = rectangle(low, np.maximum(high, low), flat, place, count, stretch).reshape(-1, 3)
    return sized_arrows(field, points, 0.85 * step, flat=flat, stretch=stretch)


def sized_arrows(
    field: VectorField,
    points: FloatArray,
    longest: float,
    *,
    flat: tuple[int, int] | None = None,
    stretch: FloatArray | None = None,
) -> tuple[Arrows, str]:
    """Return arrows of a vector field at points (n, 3), none drawn longer than `longest`, with a note on their length.

    `flat` keeps only the two components in a plane. Where lengths would differ too much all are equally long.
    """
    vectors = np.zeros((len(points), 3))
    vectors[:, : field.mesh.dim] = field.sampler()(points[:, : field.mesh.dim])
    if flat is not None:
        vectors[:, [k for k in range(3) if k not in flat]] = 0.0
    length = np.linalg.norm(vectors, axis=1)
    as_drawn = length if stretch is None else np.linalg.norm(vectors * stretch, axis=1)
    known = np.isfinite(length) & (length > 0.0)
    name = field.name or "vectors"
    if not known.any():
        return Arrows(points[known], vectors[known], centred=True), f"{name}: zero everywhere here"
    top = float(length[known].max())
    if top > _EVEN * float(np.median(length[known])):
        known &= length > 1e-9 * top
        drawn = longest * vectors[known] / as_drawn[known, None]
        return Arrows(points[known], drawn, centred=True), f"Arrows: direction of {name}, all of one length"
    note = f"Arrows: {name}, the longest {quantity(top, field.unit)}"
    return Arrows(points[known], longest * vectors[known] / as_drawn[known].max(), centred=True), note


def inside_mesh(mesh: Mesh, points: FloatArray) -> FloatArray:
    """Return those of the points (n, 3) that lie in the mesh."""
    return points[mesh.contains(points[:, : mesh.dim].T)]
