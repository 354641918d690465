"""Contour lines of a structured patch, and its plane sections: marching over array indices, mapped into space.

Values are taken on the axis of the colour scale's law first: in log(v) the contours of 1/r are rounder.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fieldsim.arrays import FloatArray
from fieldsim.view.scene import ColourScale, Lines, transform


def contour_lines(
    points: FloatArray,
    values: FloatArray,
    levels: Sequence[float],
    *,
    scale: ColourScale | None = None,
    colour: str = "#1b1b1f",
    width: float = 1.6,
    lift: FloatArray | None = None,
) -> Lines:
    """Return the lines of equal value on a patch: points (a, b, 3), values (a, b), NaN left out.

    `scale` gives the law in which values are interpolated; `lift` (3,) moves the lines off their surface.
    """
    import contourpy

    kind, threshold = (scale.kind, scale.threshold) if scale else ("linear", 0.0)
    stretched = np.ma.masked_invalid(transform(values, kind, threshold))
    generator = contourpy.contour_generator(z=stretched, name="serial", line_type="Separate")
    pieces: list[FloatArray] = []
    for level in levels:
        height = float(transform(np.asarray(level, dtype=float), kind, threshold))
        for line in generator.lines(height):
            pieces.append(_along_patch(points, np.asarray(line, dtype=float)))
    if lift is not None:
        pieces = [piece + lift for piece in pieces]
    return join_lines(pieces, colour=colour, width=width)


def join_lines(
    pieces: Sequence[FloatArray], *, colour: str = "#1b1b1f", width: float = 1.6, tube: float = 0.0
) -> Lines:
    """Return polylines (m, 3) as one layer."""
    kept = [piece for piece in pieces if len(piece) > 1]
    counts = [len(piece) for piece in kept]
    points = np.concatenate(kept) if kept else np.zeros((0, 3))
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int64) if kept else np.zeros(0, np.int64)
    return Lines(points, starts, colour=colour, width=width, tube=tube)


def _along_patch(points: FloatArray, line: FloatArray) -> FloatArray:
    """Return positions (m, 3) of fractional indices (m, 2) = (column, row) on a patch."""
    rows, columns = points.shape[:2]
    i = np.clip(line[:, 1].astype(int), 0, rows - 2)
    j = np.clip(line[:, 0].astype(int), 0, columns - 2)
    s, t = (line[:, 1] - i)[:, None], (line[:, 0] - j)[:, None]
    low = points[i, j] * (1.0 - t) + points[i, j + 1] * t
    high = points[i + 1, j] * (1.0 - t) + points[i + 1, j + 1] * t
    return np.asarray(low * (1.0 - s) + high * s)


def plane_patches(
    points: FloatArray, arrays: Sequence[FloatArray], normal: FloatArray, offset: float
) -> list[tuple[FloatArray, list[FloatArray]]] | None:
    """Cut a solid block by the plane normal . x = offset where that is a surface of constant array index.

    Returns one (points (a, b, 3), arrays (a, b, ...)) for every such surface; None where the plane cuts
    across the block in another way, or misses it.
    """
    distance = points @ normal - offset
    slack = 1e-9 * float(np.ptp(points @ normal) or 1.0)
    distance = np.where(np.abs(distance) < slack, 0.0, distance)
    for axis in range(3):
        patches = _index_surfaces(points, arrays, np.moveaxis(distance, axis, 0), axis)
        if patches:
            return patches
    return None


def _index_surfaces(
    points: FloatArray, arrays: Sequence[FloatArray], distance: FloatArray, axis: int
) -> list[tuple[FloatArray, list[FloatArray]]]:
    """Return the surfaces of constant index along one axis on which the distance vanishes everywhere."""
    patches: list[tuple[FloatArray, list[FloatArray]]] = []
    degenerate = (distance == 0.0).all(axis=0)
    for k in range(distance.shape[0] - 1):
        low, high = distance[k], distance[k + 1]
        crosses = (low < 0.0) & (high >= 0.0) | (low > 0.0) & (high <= 0.0) | (low == 0.0) & (k == 0)
        if not (crosses & ~degenerate).any():
            continue
        if not (crosses | degenerate).all():
            return []
        share = np.divide(low, low - high, out=np.full(low.shape, np.nan), where=low != high)
        place = float(np.nanmedian(share))
        if np.nanmax(np.abs(share - place)) > 1e-6:
            return []
        where = _between(points, axis, k, place)
        if is_flattened(where):
            continue
        # a seam is met at its beginning and again at its end
        if not any(np.allclose(where, other, rtol=0.0, atol=1e-9 * np.ptp(points)) for other, _ in patches):
            patches.append((where, [_between(array, axis, k, place) for array in arrays]))
    return patches


def _between(array: FloatArray, axis: int, k: int, share: float) -> FloatArray:
    low, high = np.take(array, k, axis=axis), np.take(array, k + 1, axis=axis)
    if share < 1e-9:
        return np.asarray(low)
    if share > 1.0 - 1e-9:
        return np.asarray(high)
    return np.asarray((1.0 - share) * low + share * high)


def is_flattened(patch: FloatArray) -> bool:
    """Tell whether a patch (a, b, 3) has shrunk to a line or a point, as it does on an axis or a pole."""
    span = float(np.ptp(patch.reshape(-1, 3), axis=0).max())
    return any(float(np.linalg.norm(np.diff(patch, axis=k), axis=2).max()) <= 1e-9 * span for k in (0, 1))
