"""Compose the frames of a movie: the same picture at every output time, with one colour range for all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from fieldsim.arrays import FloatArray
from fieldsim.errors import InvalidInput, must
from fieldsim.fields import ScalarField
from fieldsim.view.compose_chart import common_limits, profile
from fieldsim.view.compose_plane import Normal, plane_slice
from fieldsim.view.grid import Walls
from fieldsim.view.labels import quantity
from fieldsim.view.levels import clock, fixed_limits
from fieldsim.view.scene import Movie, Picture

_MOST_FRAMES = 41
_SIZE = (960, 720)


def animation(
    fields: Sequence[ScalarField],
    times: Sequence[float],
    *,
    normal: Normal | None = None,
    at: float | None = None,
    contours: bool | int | Sequence[float] = True,
    limits: tuple[float, float] | None = None,
    exact: Callable[[FloatArray, float], FloatArray] | None = None,
    seconds: float = 0.1,
    title: str = "",
    walls: Sequence[Walls] | None = None,
) -> Movie:
    """Compose a movie of a field at increasing times (s), at most forty-one frames spread evenly over them.

    A field over one Cartesian axis is drawn as a moving profile (`exact(position, time)` as a curve), any other as a
    slice. The colour range, or the vertical axis, is that of all frames together. Raises InvalidInput.
    """
    if len(fields) != len(times) or not fields:
        raise InvalidInput(must("times", "as many as fields", (len(fields), len(times)), "Give one time a field."))
    chosen = np.unique(np.linspace(0, len(fields) - 1, min(len(fields), _MOST_FRAMES)).round().astype(int))
    wall_list: list[Walls | None] = list(walls) if walls is not None else [None] * len(fields)
    name = fields[0].name or "f"
    mesh = fields[0].mesh
    frames: list[Picture] = []
    if mesh.ndim == 1 and all(axis is not None for axis in mesh.coordinate_axis):
        span = limits or common_limits(fields)
        for k in chosen:
            formula = None if exact is None else _frozen(exact, float(times[k]))
            picture = profile(
                fields[k],
                exact=formula,
                limits=span,
                title=_heading(title or name, times[k], clock(times[-1])),
                walls=wall_list[k],
            )
            frames.append(replace(picture, size=_SIZE))
        return Movie(tuple(frames), seconds)
    span = limits or fixed_limits(field.values for field in fields)
    for k in chosen:
        scene = plane_slice(
            fields[k],
            normal=normal,
            at=at,
            contours=contours,
            limits=span,
            scale="linear",
            title=_heading(title or name, times[k], clock(times[-1])),
            walls=wall_list[k],
            fine=90,
        )
        frames.append(replace(scene, size=_SIZE))
    return Movie(tuple(frames), seconds)


def _frozen(exact: Callable[[FloatArray, float], FloatArray], time: float) -> Callable[[FloatArray], FloatArray]:
    return lambda where: exact(where, time)


def _heading(title: str, time: float, shown: tuple[float, str]) -> str:
    factor, unit = shown
    return f"{title}, t = {quantity(float(time) * factor, unit)}"
