"""Compose a field over a plane as a landscape: height is the value, with contours and arrows down the slope.

A height in metres keeps the scale of the ground times an exaggeration, which the picture states; any other
quantity is drawn to a height of about a third of the ground's width.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fieldsim.arrays import FloatArray
from fieldsim.errors import InvalidInput, must
from fieldsim.fields import ScalarField, VectorField
from fieldsim.view import palette
from fieldsim.view.compose_plane import inside_mesh, plane_slice, rectangle
from fieldsim.view.contours import contour_lines
from fieldsim.view.grid import Walls, block
from fieldsim.view.labels import quantity, space_frame, unit_of, with_unit
from fieldsim.view.levels import engineering, number_text
from fieldsim.view.scales import choose
from fieldsim.view.scene import Arrows, Camera, Frame, Layer, Scene, Surface

_ARROWS = "#7a1420"
_ARROWS_ACROSS = 15
_NICE = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 8.0, 10.0, 15.0, 20.0, 30.0, 50.0, 100.0)


def relief(
    field: ScalarField,
    *,
    exaggeration: float | None = None,
    contours: bool | int | Sequence[float] = True,
    arrows: VectorField | None = None,
    limits: tuple[float, float] | None = None,
    colormap: str | None = None,
    title: str = "",
    walls: Walls | None = None,
) -> Scene:
    """Compose a scalar field over a plane as a warped surface.

    `exaggeration` multiplies heights; left out, it is chosen and, for a height in metres, noted. `arrows` (a
    vector field over the same plane, such as minus the gradient) are laid on the slope. Raises InvalidInput.
    """
    patch = block(field, walls=walls, fine=160)
    if patch.ndim != 2:
        raise InvalidInput(
            must("relief", "of a field over a plane", f"a field over {patch.ndim} axes", "Take a slice instead.")
        )
    name = field.name or "f"
    ground = space_frame([patch.points])
    number = contours if isinstance(contours, int) and not isinstance(contours, bool) else 8
    choice = choose(
        [patch.within(patch.values)],
        label=with_unit(name, field.unit),
        unit=field.unit,
        law="linear",
        count=number,
        levels=None if isinstance(contours, (bool, int)) else contours,
        limits=limits,
        colormap=colormap or (palette.TERRAIN if field.unit == "m" else None),
    )
    points = patch.points.copy()
    points[..., 2] = patch.values
    low, high = choice.scale.low, choice.scale.high
    width = max(ground.bounds[1] - ground.bounds[0], ground.bounds[3] - ground.bounds[2])
    factor = _exaggeration(width, float(np.nanmax(patch.values) - np.nanmin(patch.values)), field.unit, exaggeration)
    layers: list[Layer] = [Surface(points, patch.values, choice.scale)]
    if contours is not False:
        lift = np.array([0.0, 0.0, 0.002 * width / factor])
        layers.append(contour_lines(points, patch.values, choice.levels, width=1.2, lift=lift))
    notes = []
    if field.unit == "m" and factor != 1.0:
        times = f"{number_text(factor)} times" if factor > 1.0 else f"1/{number_text(round(1.0 / factor, 3))}"
        notes.append(f"Heights drawn {times} as high as they are")
    if arrows is not None:
        layers.append(_on_slope(field, arrows, ground, width, factor))
        reach = quantity(0.6 * width / _ARROWS_ACROSS * ground.factors[0], unit_of(ground), 2)
        notes.append(f"Arrows: direction of {arrows.name or 'the vector field'}, mean over {reach}")
    frame = _frame(
        ground, (min(low, float(np.nanmin(patch.values))), max(high, float(np.nanmax(patch.values)))), field, name
    )
    heading = title or f"{name} as a landscape"
    stand_in = plane_slice(
        field,
        arrows=arrows,
        contours=contours,
        scale="linear",
        limits=limits,
        colormap=choice.scale.colormap,
        title=heading,
        walls=walls,
    )
    return Scene(
        heading,
        tuple(layers),
        frame,
        Camera(-58.0, 38.0),
        stretch=(1.0, 1.0, factor),
        notes=tuple(notes),
        instead=stand_in,
    )


def _exaggeration(width: float, rise: float, unit: str, wanted: float | None) -> float:
    """Return the factor on heights: the one asked for, a round one for metres, or what gives a third of the width."""
    if wanted is not None:
        if not (np.isfinite(wanted) and wanted > 0.0):
            raise InvalidInput(must("exaggeration", "a positive number", wanted, "1 draws heights true to scale."))
        return float(wanted)
    if not rise > 0.0:
        return 1.0
    if unit != "m":
        return 0.42 * width / rise
    # a landscape is drawn a tenth to an eighth as high as it is wide; a steep body at most as high as wide
    fitting = (0.11 if rise < 0.11 * width else min(1.0, 0.8 * width / rise) * rise / width) * width / rise
    nice = (*(1.0 / step for step in _NICE), *_NICE)
    return min(nice, key=lambda step: abs(np.log(step / fitting)))


def _frame(ground: Frame, heights: tuple[float, float], field: ScalarField, name: str) -> Frame:
    factor, unit = 1.0, field.unit
    if field.unit == "m":
        factor, unit = engineering(max(abs(heights[0]), abs(heights[1])), "m")
    bounds = (*ground.bounds[:4], *heights)
    return Frame(bounds, (*ground.labels[:2], with_unit(name, unit)), (*ground.factors[:2], factor))


def _on_slope(field: ScalarField, arrows: VectorField, ground: Frame, width: float, factor: float) -> Arrows:
    """Return arrows that lie on the surface, all of one length on the map, along the vector field."""
    bounds = np.asarray(ground.bounds).reshape(3, 2)
    step = width / _ARROWS_ACROSS
    points = rectangle(
        bounds[:, 0] + 0.5 * step, bounds[:, 1] - 0.5 * step, (0, 1), np.zeros(3), _ARROWS_ACROSS
    ).reshape(-1, 3)
    points = inside_mesh(field.mesh, points)
    dim = field.mesh.dim
    vectors = np.zeros_like(points)
    vectors[:, :dim] = _mean_around(arrows, points, step)
    length = np.hypot(vectors[:, 0], vectors[:, 1])
    use = np.isfinite(length) & (length > 1e-6 * np.nanmax(np.where(np.isfinite(length), length, 0.0)))
    points, ahead = points[use], 0.66 * step * vectors[use, :2] / length[use, None]
    heights = _heights(field, points)
    tips = points.copy()
    tips[:, :2] += ahead
    rise = _heights(field, tips) - heights
    points[:, 2] = heights + 0.008 * width / factor
    known = np.isfinite(rise) & np.isfinite(points[:, 2])
    return Arrows(points[known], np.column_stack([ahead[known], rise[known]]), colour=_ARROWS)


def _mean_around(arrows: VectorField, points: FloatArray, step: float) -> FloatArray:
    """Return the mean of a vector field over the patch an arrow stands for: on rough ground one cell says little."""
    offsets = step * np.stack(np.meshgrid([-0.3, 0.0, 0.3], [-0.3, 0.0, 0.3]), axis=-1).reshape(-1, 2)
    sample = arrows.sampler()
    dim = arrows.mesh.dim
    shifted = np.pad(offsets, [(0, 0), (0, dim - 2)])
    values = np.stack([sample(points[:, :dim] + offset) for offset in shifted])
    count = np.isfinite(values).sum(axis=0)
    return np.asarray(np.where(count > 0, np.nansum(values, axis=0) / np.maximum(count, 1), np.nan))


def _heights(field: ScalarField, points: FloatArray) -> FloatArray:
    return field.at(points[:, : field.mesh.dim], outside="nan")
