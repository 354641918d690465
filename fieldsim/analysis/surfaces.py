"""Surfaces for flux integrals, open or closed, as frozen records; closed ones have outward normals.

`sample` gives points and oriented areas n dA: Gauss-Legendre points along open parameters, equal steps
along closed ones.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fieldsim.analysis.paths import (
    NODES,
    SLOPES,
    WEIGHTS,
    Path,
    Point,
    Polygon,
    checked_length,
    checked_point,
    checked_range,
    plane_of,
)
from fieldsim.arrays import FloatArray
from fieldsim.errors import InvalidInput, must


@dataclass(frozen=True)
class Surface(ABC):
    """A surface in space with a positive side."""

    @abstractmethod
    def sample(self, panels: int) -> tuple[FloatArray, FloatArray]:
        """Return points (n, 3) and oriented areas n dA (n, 3) of a quadrature that `panels` makes finer."""


@dataclass(frozen=True)
class Sphere(Surface):
    """A closed sphere with its outward normal."""

    center: Point
    radius: float

    def __post_init__(self) -> None:
        if np.size(self.center) == 2:
            raise InvalidInput(must("center", "3 numbers", self.center, "In the plane use Circle(center, radius)."))
        checked_point("center", self.center, (3,))
        checked_length("radius", self.radius)

    def sample(self, panels: int) -> tuple[FloatArray, FloatArray]:
        """Return points and oriented areas: Gauss points in cos(theta), equal steps in phi."""
        count = 4 * panels
        cosine, weights = np.polynomial.legendre.leggauss(count)
        phi = np.pi * (np.arange(2 * count) + 0.5) / count
        sine = np.sqrt(1.0 - cosine**2)
        normal = np.stack(
            [
                np.outer(sine, np.cos(phi)),
                np.outer(sine, np.sin(phi)),
                np.broadcast_to(cosine[:, None], (count, 2 * count)),
            ],
            axis=-1,
        ).reshape(-1, 3)
        area = np.repeat(weights * np.pi / count, 2 * count) * float(self.radius) ** 2
        return np.asarray(self.center, float) + float(self.radius) * normal, area[:, None] * normal


@dataclass(frozen=True)
class Disc(Surface):
    """A flat disc whose positive side is that of `normal`."""

    center: Point
    radius: float
    normal: Point

    def __post_init__(self) -> None:
        checked_point("center", self.center, (3,))
        checked_length("radius", self.radius)
        plane_of(checked_point("normal", self.normal, (3,)))

    def sample(self, panels: int) -> tuple[FloatArray, FloatArray]:
        """Return points and oriented areas."""
        normal = np.asarray(self.normal, float)
        one, two = plane_of(normal)
        count = 4 * panels
        r, weights = np.polynomial.legendre.leggauss(count)
        r, weights = 0.5 * float(self.radius) * (r + 1.0), 0.5 * float(self.radius) * weights
        phi = np.pi * (np.arange(2 * count) + 0.5) / count
        around = np.cos(phi)[:, None] * one + np.sin(phi)[:, None] * two
        points = np.asarray(self.center, float) + r[:, None, None] * around
        area = np.repeat(r * weights * np.pi / count, phi.size)
        return points.reshape(-1, 3), area[:, None] * (normal / np.linalg.norm(normal))


@dataclass(frozen=True)
class Parallelogram(Surface):
    """The flat patch corner + s first + t second, s and t in [0, 1]; its positive side is that of first x second."""

    corner: Point
    first: Point
    second: Point

    def __post_init__(self) -> None:
        checked_point("corner", self.corner, (3,))
        first, second = checked_point("first", self.first, (3,)), checked_point("second", self.second, (3,))
        if np.linalg.norm(np.cross(first, second)) == 0.0:
            raise InvalidInput(must("second", "not along first", self.second, "The two edges must span an area."))

    def sample(self, panels: int) -> tuple[FloatArray, FloatArray]:
        """Return points and oriented areas."""
        corner, first, second = (np.asarray(v, float) for v in (self.corner, self.first, self.second))
        t, w = _panels(panels)
        points = corner + t[:, None, None] * first + t[None, :, None] * second
        return points.reshape(-1, 3), np.outer(w, w).reshape(-1, 1) * np.cross(first, second)


@dataclass(frozen=True)
class Box(Surface):
    """The closed box between two opposite corners, with its outward normal; in the plane the closed rectangle."""

    low: Point
    high: Point

    def __post_init__(self) -> None:
        low = checked_point("low", self.low, (2, 3))
        high = checked_point("high", self.high, (low.size,))
        if not np.all(low < high):
            raise InvalidInput(must("high", "beyond low along every axis", self.high, "Give opposite corners."))

    def outline(self) -> Path | None:
        """Return the rectangle's outline, counterclockwise, where the box is flat."""
        low, high = np.asarray(self.low, float), np.asarray(self.high, float)
        if low.size == 3:
            return None
        return Polygon(np.array([low, (high[0], low[1]), high, (low[0], high[1])]))

    def sample(self, panels: int) -> tuple[FloatArray, FloatArray]:
        """Return points and oriented areas of the six faces."""
        low, high = np.asarray(self.low, float), np.asarray(self.high, float)
        points, areas = [], []
        for axis in range(3):
            edges = np.diag(high - low)
            first, second = edges[(axis + 1) % 3], edges[(axis + 2) % 3]
            for corner, outward in ((low, -1.0), (low + edges[axis], 1.0)):
                place, area = Parallelogram(corner, first, second).sample(panels)
                points.append(place)
                areas.append(outward * area)
        return np.concatenate(points), np.concatenate(areas)


@dataclass(frozen=True)
class Cylinder(Surface):
    """The surface of a round cylinder from `start` to `end` on its axis, normal outward.

    With `caps=False` only the curved side.
    """

    start: Point
    end: Point
    radius: float
    caps: bool = True

    def __post_init__(self) -> None:
        start, end = checked_point("start", self.start, (3,)), checked_point("end", self.end, (3,))
        checked_length("radius", self.radius)
        if np.array_equal(start, end):
            raise InvalidInput(must("end", "different from the start", self.end, "They are the ends of the axis."))

    def sample(self, panels: int) -> tuple[FloatArray, FloatArray]:
        """Return points and oriented areas."""
        start, end, radius = np.asarray(self.start, float), np.asarray(self.end, float), float(self.radius)
        one, two = plane_of(end - start)
        t, w = _panels(panels)
        count = 8 * panels
        phi = 2.0 * np.pi * (np.arange(count) + 0.5) / count
        normal = np.cos(phi)[:, None] * one + np.sin(phi)[:, None] * two
        points = (start + t[:, None] * (end - start))[:, None] + radius * normal
        length = float(np.linalg.norm(end - start))
        areas = (length * radius * 2.0 * np.pi / count) * w[:, None, None] * normal
        parts = [(points.reshape(-1, 3), areas.reshape(-1, 3))]
        if self.caps:
            parts.append(Disc(start, radius, start - end).sample(panels))
            parts.append(Disc(end, radius, end - start).sample(panels))
        return np.concatenate([p for p, _ in parts]), np.concatenate([a for _, a in parts])


@dataclass(frozen=True)
class Patch(Surface):
    """The surface x(u, v); its positive side is that of dx/du x dx/dv.

    `position` takes two arrays of shape (n,) and returns points (n, 3); `u` and `v` are the parameters' ranges.
    """

    position: Callable[[FloatArray, FloatArray], npt.ArrayLike]
    u: tuple[float, float]
    v: tuple[float, float]

    def __post_init__(self) -> None:
        checked_range("u", self.u)
        checked_range("v", self.v)
        self.sample(1)

    def sample(self, panels: int) -> tuple[FloatArray, FloatArray]:
        """Return points and oriented areas; tangents are those of the polynomial through each panel's points."""
        u, v = _scaled(self.u, panels), _scaled(self.v, panels)
        grid = np.meshgrid(u, v, indexing="ij")
        points = np.asarray(self.position(grid[0].ravel(), grid[1].ravel()), dtype=np.float64)
        if points.shape != (grid[0].size, 3):
            raise InvalidInput(
                must(
                    "position",
                    f"a function that gives points of shape ({grid[0].size}, 3)",
                    points.shape,
                    "It takes two arrays u and v and stacks x, y, z along the last axis.",
                )
            )
        m = NODES.size
        net = points.reshape(panels, m, panels, m, 3)
        along_u = np.einsum("ij,pjqkd->piqkd", SLOPES, net)
        along_v = np.einsum("kl,piqld->piqkd", SLOPES, net)
        area = np.cross(along_u, along_v) * WEIGHTS[None, :, None, None, None] * WEIGHTS[None, None, None, :, None]
        return points, area.reshape(-1, 3)


def _panels(panels: int) -> tuple[FloatArray, FloatArray]:
    """Return Gauss points and weights on [0, 1] in `panels` panels."""
    middle = (np.arange(panels) + 0.5) / panels
    return (middle[:, None] + NODES / (2 * panels)).ravel(), np.tile(WEIGHTS / (2 * panels), panels)


def _scaled(span: tuple[float, float], panels: int) -> FloatArray:
    """Return the Gauss points of `panels` panels on a range."""
    t, _ = _panels(panels)
    return span[0] + (span[1] - span[0]) * t
