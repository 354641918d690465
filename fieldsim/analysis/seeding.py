"""Choose which field lines to draw: around point sources by flux, elsewhere evenly spaced.

Around sources, seeds lie on small spheres, in number proportional to strength and at equal steps of solid
angle, so that the density of lines means flux. Elsewhere many lines are traced and thinned to even distances.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from fieldsim.analysis.field_lines import FieldFunction, FieldLine, Inside, Source, trace
from fieldsim.arrays import BoolArray, FloatArray


def lines_of_sources(
    field: FieldFunction,
    sources: Sequence[Source],
    *,
    count: int,
    inside: Inside,
    size: float,
    radius: float,
    flat: tuple[int, int] | None = None,
    tolerance: float = 1e-5,
) -> tuple[FieldLine, ...]:
    """Trace about `count` lines that leave or enter the sources, shared out by strength.

    Seeds lie at `radius` around every source; `flat` keeps them in the plane of two Cartesian components.
    Whether lines leave a source or enter it is read from the field. Lines between two sources are drawn once.
    """
    places = np.array([source.position for source in sources], dtype=float)
    strengths = np.abs([source.strength for source in sources])
    outflow = [_mean_outflow(field, place, radius * _directions(places, 32, flat)) for place in places]
    groups = [sum(s for s, o in zip(strengths, outflow, strict=True) if o * sign > 0) for sign in (1, -1)]
    share = count / max(groups) if max(groups) > 0 else 0.0
    lines: list[FieldLine] = []
    for number, place in enumerate(places):
        amount = max(1, round(share * strengths[number]))
        away = _directions(places, amount, flat)
        leaving = outflow[number] > 0
        own = trace(
            field,
            place + 1.001 * radius * away,
            inside=inside,
            size=size,
            direction="forward" if leaving else "backward",
            sources=sources,
            capture=radius,
            tolerance=tolerance,
        )
        if leaving:
            lines += [replace(line, beginning="source", start=number) for line in own]
        else:
            # a line that comes from a source has been traced from there already
            lines += [replace(line, ending="source", end=number) for line in own if line.start is None]
    return tuple(lines)


def even_lines(
    field: FieldFunction,
    candidates: FloatArray,
    *,
    inside: Inside,
    size: float,
    separation: float,
    sources: Sequence[Source] = (),
    capture: float = 0.0,
    tolerance: float = 1e-4,
) -> tuple[FieldLine, ...]:
    """Trace lines through many candidate seeds and keep a set that covers the domain evenly.

    The longest line is kept first; each further one is cut where it comes within half `separation` of those
    kept, and dropped where nothing of it is farther than `separation`. After Jobard and Lefer (1997).
    """
    from scipy.spatial import cKDTree

    lines = trace(
        field,
        candidates,
        inside=inside,
        size=size,
        sources=sources,
        capture=capture,
        tolerance=tolerance,
        longest=2.0,
        most_steps=200,
    )
    order = sorted(lines, key=lambda line: -_length(line.points))
    kept: list[FieldLine] = []
    cloud = np.zeros((0, candidates.shape[1]))
    for line in order:
        if len(cloud):
            distance = np.asarray(cKDTree(cloud).query(line.points)[0])
            piece = _longest_run(distance > 0.5 * separation)
            if piece is None or distance[piece].max() < separation:
                continue
            points = line.points[piece]
            whole = len(points) == len(line.points)
            line = line if whole else FieldLine(points, "length", "length")
        if _length(line.points) > 2.0 * separation or not kept:
            kept.append(line)
            cloud = np.concatenate([cloud, line.points])
    return tuple(kept)


def _mean_outflow(field: FieldFunction, centre: FloatArray, away: FloatArray) -> float:
    flow = (np.asarray(field(centre + away)) * away).sum(axis=1)
    return float(np.nansum(flow))


def _directions(places: FloatArray, count: int, flat: tuple[int, int] | None) -> FloatArray:
    """Return `count` unit vectors, evenly spread in angle or solid angle, that suit how the sources lie."""
    dim = places.shape[1]
    axis = _common_axis(places)
    if dim == 2 or flat is not None:
        return _in_plane(count, dim, flat or (0, 1), axis)
    if axis is not None:
        return _in_meridians(count, axis)
    return sphere_directions(count)


def sphere_directions(count: int) -> FloatArray:
    """Return `count` unit vectors (count, 3) spread evenly over all directions: a Fibonacci spiral."""
    k = np.arange(count) + 0.5
    cosine, angle = 1.0 - 2.0 * k / count, np.pi * (1.0 + np.sqrt(5.0)) * k
    sine = np.sqrt(1.0 - cosine**2)
    return np.stack([sine * np.cos(angle), sine * np.sin(angle), cosine], axis=1)


def _common_axis(places: FloatArray) -> FloatArray | None:
    """Return the unit vector along which all sources lie; None for one source or sources off one line."""
    away = places - places[0]
    far = away[np.argmax(np.linalg.norm(away, axis=1))]
    length = float(np.linalg.norm(far))
    if length == 0.0:
        return None
    axis = far / length
    off = away - (away @ axis)[:, None] * axis
    return np.asarray(axis) if float(np.linalg.norm(off, axis=1).max()) < 1e-9 * length else None


def _in_plane(count: int, dim: int, flat: tuple[int, int], axis: FloatArray | None) -> FloatArray:
    """Return directions in a plane; around a common axis of a solid field, at equal steps of solid angle."""
    one, two = np.eye(dim)[list(flat)]
    angle = 2.0 * np.pi * (np.arange(count) + 0.5) / count
    if dim == 3 and axis is not None and np.hypot(axis @ one, axis @ two) > 1.0 - 1e-9:
        rows = max(1, count // 2)
        polar = np.arccos(1.0 - (2.0 * np.arange(rows) + 1.0) / rows)
        angle = np.arctan2(axis @ two, axis @ one) + np.concatenate([polar, -polar])
    return np.asarray(np.cos(angle)[:, None] * one + np.sin(angle)[:, None] * two)


def _in_meridians(count: int, axis: FloatArray) -> FloatArray:
    """Return directions in planes through an axis, at equal steps of solid angle."""
    planes = max(4, 2 * round(np.sqrt(count / 2.0) * 0.7))
    rows = max(1, round(count / planes))
    side = np.cross(axis, np.eye(3)[np.argmin(np.abs(axis))])
    side /= np.linalg.norm(side)
    other = np.cross(axis, side)
    cosine = 1.0 - (2.0 * np.arange(rows) + 1.0) / rows
    turn = 2.0 * np.pi * (np.arange(planes) + 0.5) / planes
    c, t = (a.ravel() for a in np.meshgrid(cosine, turn, indexing="ij"))
    s = np.sqrt(1.0 - c**2)
    around = np.cos(t)[:, None] * side + np.sin(t)[:, None] * other
    return np.asarray(c[:, None] * axis + s[:, None] * around)


def _length(points: FloatArray) -> float:
    return float(np.linalg.norm(np.diff(points, axis=0), axis=1).sum())


def _longest_run(good: BoolArray) -> slice | None:
    """Return the longest stretch of True as a slice; None where there is none."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], good, [False]]).astype(int)))
    if not edges.size:
        return None
    starts, stops = edges[::2], edges[1::2]
    best = int(np.argmax(stops - starts))
    return slice(int(starts[best]), int(stops[best])) if stops[best] - starts[best] > 1 else None
