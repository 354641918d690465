"""The gradient is perpendicular to level sets: measured, not assumed.

Around a point a short chord of the level set is found from values of the field alone; its cosine with the discrete
gradient should vanish as the mesh gets finer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fieldsim.analysis.smooth import Smooth, cartesian_directions
from fieldsim.arrays import FloatArray
from fieldsim.errors import InvalidInput, RankError, must
from fieldsim.fields import ScalarField
from fieldsim.operators import gradient

# Half the chord, in cells; flatter places than this part of the steepest have no direction worth measuring.
_HALF = 0.25
_FLAT = 1e-3
_CORRECTIONS = 4


@dataclass(frozen=True)
class LevelSetCheck:
    """The largest |cosine| between gradient and level set, the Cartesian place where it was met, the cells asked."""

    largest_cosine: float
    position: tuple[float, ...]
    cells: int

    def __str__(self) -> str:
        place = ", ".join(f"{x:.4g}" for x in self.position)
        return f"gradient and contours: |cos| at most {self.largest_cosine:.2e} (at ({place}), {self.cells} cells)"


def level_set_check(f: ScalarField, order: int = 2, *, cells: int = 4000) -> LevelSetCheck:
    """Return how far the discrete gradient of `order` is from perpendicular to the field's level sets.

    Asks at most `cells` cells, evenly spread, where the slope is at least a thousandth of the steepest and the whole
    chord lies in the mesh. Raises RankError, InvalidInput.
    """
    if not isinstance(f, ScalarField):
        raise RankError(must("f", "a scalar field", f, "Level sets belong to scalar fields."))
    mesh, directions = f.mesh, list(cartesian_directions(f.mesh))
    if len(directions) < 2:
        raise InvalidInput(must("f", "on a mesh with at least two axes", mesh, "On a line, level sets are points."))
    if isinstance(cells, bool) or not isinstance(cells, int | np.integer) or cells < 1:
        raise InvalidInput(must("cells", "a whole number of at least 1", cells, "4000 is plenty."))
    slope = gradient(f, order).cartesian[directions].reshape(len(directions), -1)
    length = np.sqrt((slope**2).sum(axis=0))
    steep = np.flatnonzero(np.isfinite(length) & (length > _FLAT * np.nanmax(length, initial=0.0)))
    if not steep.size:
        raise InvalidInput(must("f", "a field that is not flat everywhere", f, "A flat field has no level sets."))
    steep = steep[np.linspace(0, steep.size - 1, min(int(cells), steep.size)).round().astype(int)]
    points = mesh.points.reshape(mesh.dim, -1)[:, steep].T
    toward = np.zeros((steep.size, mesh.dim))
    toward[:, directions] = (slope[:, steep] / length[steep]).T
    smooth, largest, where, asked = Smooth(f), 0.0, points[0], 0
    for tangent in _tangents(toward, directions):
        long = _chord(smooth, points, toward, tangent, length[steep], _HALF)
        short = _chord(smooth, points, toward, tangent, length[steep], 0.5 * _HALF)
        # The chord's direction is the tangent's but for a term in the square of its length: that term cancels.
        chord = 8.0 * short - long
        cosine = np.abs(np.einsum("nd,nd->n", chord, toward)) / np.linalg.norm(chord, axis=1)
        known = np.isfinite(cosine)
        asked = max(asked, int(known.sum()))
        if known.any() and np.nanmax(cosine) >= largest:
            place = int(np.nanargmax(cosine))
            largest, where = float(cosine[place]), points[place]
    return LevelSetCheck(largest, tuple(float(x) for x in where), asked)


def _tangents(toward: FloatArray, directions: list[int]) -> list[FloatArray]:
    """Return unit vectors (n, dim) that with the gradient's direction span the mesh's directions."""
    if len(directions) == 2:
        i, j = directions
        turned = np.zeros_like(toward)
        turned[:, i], turned[:, j] = -toward[:, j], toward[:, i]
        return [turned]
    least = np.eye(3)[np.argmin(np.abs(toward), axis=1)]
    one = np.cross(toward, least)
    one /= np.linalg.norm(one, axis=1, keepdims=True)
    return [one, np.cross(toward, one)]


def _chord(
    smooth: Smooth, points: FloatArray, toward: FloatArray, tangent: FloatArray, length: FloatArray, reach: float
) -> FloatArray:
    """Return chords of the level sets through `points`, `reach` cells to both sides, NaN where they leave the mesh.

    Their ends start along `tangent` and move along the gradient until the values agree.
    """
    level = smooth.values(points)
    half = reach * smooth.widths(points).min(axis=0)[:, None]
    ends = []
    for sign in (-1.0, 1.0):
        end = points + sign * half * tangent
        for _ in range(_CORRECTIONS):
            end = end - ((smooth.values(end) - level) / length)[:, None] * toward
        inside = smooth.mesh.contains(np.where(np.isfinite(end), end, np.inf).T)
        ends.append(np.where(inside[:, None], end, np.nan))
    return np.asarray(ends[1] - ends[0])
