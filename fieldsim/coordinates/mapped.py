"""Logical coordinates of a curvilinear mesh: a smooth map from a grid of corners, or given as a function.

Logical coordinates count cells (0 ... n along each axis) where only corners are known. Between corners the map is
interpolated; its inverse is found by Newton's method from the nearest known point.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from fieldsim.arrays import AnyArray, FloatArray
from fieldsim.coordinates.base import UNBOUNDED, Coordinates
from fieldsim.stencils import fornberg_weights

if TYPE_CHECKING:
    from scipy.spatial import cKDTree

_AXES = ("u", "v", "w")
# Points a direction for the interpolated map; the centres of a mesh known by its corners are interpolated alike.
POINTS = 10
# A look-up comes near with few points and finishes with all.
_ROUGH = 4
_NEWTON_STEPS = 30
MapFunction = Callable[[Sequence[FloatArray]], tuple[FloatArray, ...]]


@dataclass(frozen=True, eq=False)
class Mapped(Coordinates):
    """Logical coordinates u, v, w of a mesh known by its corners; not orthogonal in general.

    `knots` are the logical positions of the corners along each axis, `corners` their Cartesian coordinates
    (dim, n0 + 1, ...). `function`, where given, is the map itself; otherwise it is interpolated.
    """

    knots: tuple[FloatArray, ...]
    corners: FloatArray
    closed: tuple[bool, ...]
    function: MapFunction | None = field(default=None)
    name = "curvilinear"
    names = _AXES
    lengths = (0, 0, 0)
    limits = (UNBOUNDED,) * 3
    periods = (None,) * 3
    whole = ((0.0, 1.0),) * 3
    reference = (0.0,) * 3

    def __post_init__(self) -> None:
        dim = self.corners.shape[0]
        for name in ("names", "lengths", "limits", "periods", "whole", "reference"):
            object.__setattr__(self, name, getattr(type(self), name)[:dim])

    def to_cartesian(self, q: Sequence[AnyArray]) -> tuple[AnyArray, ...]:
        if self.function is not None:
            return self.function(q)
        shape = np.broadcast_shapes(*(np.shape(part) for part in q))
        flat = np.stack([np.broadcast_to(part, shape).ravel() for part in q])
        return tuple(x.reshape(shape) for x in self._evaluate(flat)[0])

    def from_cartesian(self, x: Sequence[FloatArray]) -> tuple[FloatArray, ...]:
        shape = np.broadcast_shapes(*(np.shape(part) for part in x))
        target = np.stack([np.broadcast_to(part, shape).ravel() for part in x])
        return tuple(part.reshape(shape) for part in self._invert(target))

    def scale_factors(self, q: Sequence[AnyArray]) -> tuple[AnyArray | float, ...]:
        flat = np.stack([np.ravel(part) for part in np.broadcast_arrays(*q)])
        _, slopes = self._evaluate(flat)
        return tuple(np.sqrt(np.einsum("kn,kn->n", s, s)).reshape(np.broadcast(*q).shape) for s in slopes)

    def basis(self, q: Sequence[FloatArray]) -> FloatArray:
        """Return the Cartesian unit vectors: the basis of vectors on a curvilinear mesh."""
        shape = np.broadcast_shapes(*(np.shape(part) for part in q))
        unit = np.eye(self.dim).reshape(self.dim, self.dim, *(1,) * len(shape))
        return np.asarray(np.broadcast_to(unit, (self.dim, self.dim, *shape)))

    @cached_property
    def _tree(self) -> cKDTree:
        from scipy.spatial import cKDTree  # a quarter of a second that only look-ups need

        return cKDTree(self.corners.reshape(self.dim, -1).T)

    def _invert(self, target: FloatArray) -> FloatArray:
        """Return logical coordinates of points (dim, n), NaN where Newton's method does not settle in the mesh."""
        finite = np.all(np.isfinite(target), axis=0)
        _, nearest = self._tree.query(np.where(finite, target, 0.0).T)
        index = np.unravel_index(nearest, self.corners.shape[1:])
        q = np.stack([knots[i] for knots, i in zip(self.knots, index, strict=True)])
        size = float(np.ptp(self.corners.reshape(self.dim, -1), axis=1).max())
        for points, tolerance in ((_ROUGH, 1e-3), (POINTS, 1e-13)):
            for _ in range(_NEWTON_STEPS):
                x, slopes = self._evaluate(q, points)
                miss = target - x
                settled = np.sqrt(np.einsum("kn,kn->n", miss, miss)) <= tolerance * size
                if np.all(settled | ~finite):
                    break
                # slopes[i, k] = dx_k/dq_i; the step solves sum_i slopes[i, k] dq_i = miss_k.
                matrices = np.moveaxis(slopes, 2, 0).transpose(0, 2, 1)
                step = np.linalg.solve(matrices, miss.T[:, :, None])[:, :, 0].T
                q = self._kept_near(np.where(finite, q + step, q))
        x, _ = self._evaluate(q)
        miss = target - x
        good = finite & (np.sqrt(np.einsum("kn,kn->n", miss, miss)) <= 1e-9 * size)
        return np.where(good, q, np.nan)

    def _kept_near(self, q: FloatArray) -> FloatArray:
        """Wrap closed axes and keep the others within one cell of the mesh, where the map is known."""
        result = q.copy()
        for i, knots in enumerate(self.knots):
            length = knots[-1] - knots[0]
            if self.closed[i]:
                result[i] = knots[0] + np.mod(q[i] - knots[0], length)
            else:
                margin = knots[1] - knots[0]
                result[i] = np.clip(q[i], knots[0] - margin, knots[-1] + margin)
        return result

    def _evaluate(self, q: FloatArray, points: int = POINTS) -> tuple[FloatArray, FloatArray]:
        """Return the map (dim, n) and its slopes (dim logical, dim Cartesian, n) at logical points (dim, n).

        Where the map is a function, only the slopes are interpolated, and few points will do for them.
        """
        if self.function is not None:
            points = _ROUGH
        starts, weights = [], []
        for i, knots in enumerate(self.knots):
            nodes, start = self._nodes(i, q[i], min(points, knots.size))
            starts.append(start)
            weights.append(fornberg_weights(q[i], nodes, 1))
        x = np.zeros((self.dim, q.shape[1]))
        slopes = np.zeros((self.dim, self.dim, q.shape[1]))
        for offsets in product(*(range(w.shape[2]) for w in weights)):
            index = tuple(self._wrapped(i, start + o) for i, (start, o) in enumerate(zip(starts, offsets, strict=True)))
            corner = np.stack([component[index] for component in self.corners])
            factors = [w[:, :, o] for w, o in zip(weights, offsets, strict=True)]
            x += corner * np.prod([f[0] for f in factors], axis=0)
            for i in range(self.dim):
                slopes[i] += corner * np.prod([f[int(k == i)] for k, f in enumerate(factors)], axis=0)
        if self.function is not None:
            x = np.stack([np.broadcast_to(part, q.shape[1:]) for part in self.function(tuple(q))])
        return x, slopes

    def _nodes(self, i: int, where: FloatArray, points: int) -> tuple[FloatArray, AnyArray]:
        """Return the positions of the knots around each place and the first knot's number."""
        knots = self.knots[i]
        start = np.searchsorted(knots, where, side="right") - points // 2
        if not self.closed[i]:
            start = np.clip(start, 0, knots.size - points)
            return knots[start[:, None] + np.arange(points)], start
        cells = knots.size - 1
        number = start[:, None] + np.arange(points)
        turns = np.floor_divide(number, cells)
        return knots[np.mod(number, cells)] + turns * (knots[-1] - knots[0]), start

    def _wrapped(self, i: int, number: AnyArray) -> AnyArray:
        return np.mod(number, self.knots[i].size - 1) if self.closed[i] else number
