"""The box around a solid picture: which of its edges are drawn, and where axis ticks and names go.

An edge between two faces turned to the viewer would lie in front of the picture and is left out; an axis
is written along a silhouette edge (one face turned here, one away), where nothing can hide it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fieldsim.view.camera import View, box_corners
from fieldsim.view.levels import nice_ticks
from fieldsim.view.scene import Array, Scene

_SHORTEST = 0.06  # an axis shorter than this share of the picture has no room for numbers


@dataclass(frozen=True)
class AxisMarks:
    """One axis in picture coordinates (0 to 1): tick ends, tick texts, the name and the outward direction."""

    ticks: Array
    texts: tuple[str, ...]
    middle: Array
    outward: Array
    name: str


def _faces_seen(view: View, corners: Array) -> dict[tuple[int, int], bool]:
    seen = {}
    for axis in range(3):
        for end in (0, 1):
            face = np.take(corners, end, axis=axis).reshape(-1, 3).mean(axis=0)
            normal = np.zeros(3)
            normal[axis] = 2.0 * end - 1.0
            seen[axis, end] = bool((view.position - face) @ normal > 0.0)
    return seen


def _edges(axis: int) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Return the four edges along `axis`, each as the two faces (axis, end) that meet in it."""
    one, two = (k for k in range(3) if k != axis)
    return [((one, i), (two, j)) for i in (0, 1) for j in (0, 1)]


def _ends(corners: Array, axis: int, edge: tuple[tuple[int, int], tuple[int, int]]) -> Array:
    place: list[int | slice] = [slice(None)] * 3
    for face_axis, end in edge:
        place[face_axis] = end
    return np.asarray(corners[tuple(place)], dtype=float)


def box_lines(scene: Scene, view: View) -> Array:
    """Return the drawn edges of the box as point pairs (2 m, 3) in drawn coordinates."""
    corners = box_corners(scene)
    seen = _faces_seen(view, corners)
    pieces = [
        _ends(corners, axis, edge)
        for axis in range(3)
        for edge in _edges(axis)
        if not (seen[edge[0]] and seen[edge[1]])
    ]
    return np.concatenate(pieces) if pieces else np.zeros((0, 3))


def axis_marks(scene: Scene, view: View) -> tuple[AxisMarks, ...]:
    """Return ticks and names of the three axes; an axis seen end-on, or flat, has none."""
    corners = box_corners(scene)
    seen = _faces_seen(view, corners)
    centre = view.project(corners.reshape(-1, 3).mean(axis=0))
    marks = []
    for axis in range(3):
        low, high = scene.frame.bounds[2 * axis], scene.frame.bounds[2 * axis + 1]
        silhouettes = [edge for edge in _edges(axis) if seen[edge[0]] != seen[edge[1]]]
        if not silhouettes or high <= low:
            continue
        # upright axes stand at the left, lying ones at the bottom
        component = 0 if axis == 2 else 1
        edges = [_ends(corners, axis, edge) for edge in silhouettes]
        line = min(edges, key=lambda edge: float(view.project(edge)[:, component].mean()))
        ends = view.project(line)
        length = float(np.linalg.norm(ends[1] - ends[0]))
        if length < _SHORTEST:
            continue
        factor = scene.frame.factors[axis]
        count = int(np.clip(length / 0.12, 2, 6))
        numbers, texts = nice_ticks(low * factor, high * factor, count)
        if len(numbers) < 2:
            numbers, texts = nice_ticks(low * factor, high * factor, count + 2)
        share = (np.asarray(numbers) / factor - low) / (high - low)
        ticks = view.project(line[0] + share[:, None] * (line[1] - line[0]))
        along = ends[1] - ends[0]
        outward = np.array([along[1], -along[0]])
        middle = ends.mean(axis=0)
        outward *= np.sign((middle - centre) @ outward) / np.linalg.norm(outward)
        marks.append(AxisMarks(ticks, texts, middle, outward, scene.frame.labels[axis]))
    return tuple(marks)
