"""Is a vector field conservative? curl F = 0, and the work between two points does not depend on the path.

Both are measured: the curl against the size of F's derivatives, the work around rectangles against the integral of |F|.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations

import numpy as np

from fieldsim.analysis.integrals import work
from fieldsim.analysis.paths import Polygon, Polyline
from fieldsim.arrays import FloatArray
from fieldsim.errors import InvalidInput, RankError, must
from fieldsim.fields import VectorField
from fieldsim.operators import curl, jacobian


@dataclass(frozen=True)
class ConservativeCheck:
    """How far a field is from conservative.

    `curl` is the largest |curl F|, `relative_curl` its share of the largest derivative; `loop_work` is the largest
    |work| around the rectangles tried, `relative_loop_work` its share of what |F| could do along them. `conservative`
    says whether both shares are below `tolerance`.
    """

    curl: float
    relative_curl: float
    loop_work: float
    relative_loop_work: float
    tolerance: float

    @property
    def conservative(self) -> bool:
        """Whether the field is conservative within the tolerance."""
        return self.relative_curl <= self.tolerance and self.relative_loop_work <= self.tolerance

    def __str__(self) -> str:
        verdict = "conservative" if self.conservative else "not conservative"
        return (
            f"{verdict}: curl at most {self.curl:.3g} ({self.relative_curl:.1e} of the derivatives), "
            f"work around a loop at most {self.loop_work:.3g} ({self.relative_loop_work:.1e} of the path's)"
        )


def conservative_check(F: VectorField, order: int = 4, *, tolerance: float = 1e-3) -> ConservativeCheck:
    """Return how far F is from conservative, by its curl and by its work around rectangles in the mesh.

    Raises RankError, InvalidInput (on a line every field is conservative).
    """
    if not isinstance(F, VectorField):
        raise RankError(must("F", "a vector field", F, "Make one: fieldsim.VectorField(mesh, ['-y', 'x'])."))
    if F.mesh.dim < 2:
        raise InvalidInput(must("F", "in the plane or in space", F, "On a line every field is conservative."))
    if isinstance(tolerance, bool) or not 0.0 < float(tolerance) < 1.0:
        raise InvalidInput(must("tolerance", "a number in (0, 1)", tolerance, "1e-3 is one per mille."))
    turning = np.abs(curl(F, order).values)
    turning = np.sqrt((turning**2).sum(axis=0)) if F.mesh.dim == 3 else turning
    derivatives = jacobian(F, order).values
    size = float(np.nanmax(np.abs(derivatives), initial=0.0))
    largest = float(np.nanmax(turning, initial=0.0))
    done, possible = _around_rectangles(F)
    return ConservativeCheck(
        largest,
        largest / size if size > 0.0 else 0.0,
        done,
        done / possible if possible > 0.0 else 0.0,
        float(tolerance),
    )


def path_difference(F: VectorField, start: FloatArray, end: FloatArray) -> float:
    """Return the largest difference of the work of F from `start` to `end` along the edges of the box they span.

    Zero for a conservative field. Every order of the axes gives a path. Raises InvalidInput where one leaves the mesh.
    """
    first, last = np.asarray(start, dtype=np.float64), np.asarray(end, dtype=np.float64)
    results = []
    for axes in permutations(range(F.mesh.dim)):
        corners = [first]
        for axis in axes:
            corner = corners[-1].copy()
            corner[axis] = last[axis]
            if not np.array_equal(corner, corners[-1]):
                corners.append(corner)
        if len(corners) > 1:
            results.append(work(F, Polyline(np.array(corners))))
    return max(results) - min(results) if results else 0.0


def _around_rectangles(F: VectorField) -> tuple[float, float]:
    """Return the largest |work| around axis-parallel squares here and there, and the size to compare with."""
    mesh = F.mesh
    points = mesh.points.reshape(mesh.dim, -1)
    lowest, highest = points.min(axis=1), points.max(axis=1)
    reach = 0.25 * float((highest - lowest).max())
    chosen = points[:, np.linspace(0, points.shape[1] - 1, 7).round().astype(int)[1:-1]]
    centers = np.concatenate([0.5 * (lowest + highest)[:, None], chosen], axis=1).T
    done, possible = 0.0, 0.0
    length = float(np.nanmax(np.linalg.norm(F.values, axis=0), initial=0.0))
    for center in centers:
        for i in range(mesh.dim):
            for j in range(i + 1, mesh.dim):
                corners = np.tile(center, (4, 1))
                corners[:, i] += 0.5 * reach * np.array([-1.0, 1.0, 1.0, -1.0])
                corners[:, j] += 0.5 * reach * np.array([-1.0, -1.0, 1.0, 1.0])
                loop = Polygon(corners)
                track, _ = loop.sample(16)
                if not np.all(mesh.contains(track.T)) or not np.all(np.isfinite(F.at(track))):
                    continue
                done = max(done, abs(work(F, loop)))
                possible = max(possible, 4.0 * reach * length)
    return done, possible
