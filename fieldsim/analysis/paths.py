"""Paths for line integrals: straight lines, polygons, circles and any parametrised curve, as frozen records.

A path is cut into panels with Gauss-Legendre points; `sample` gives points and the vectors dl = (dx/dt) w_t there.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from fieldsim.arrays import FloatArray
from fieldsim.errors import InvalidInput, must
from fieldsim.stencils import fornberg_weights

_GAUSS = 6
NODES, WEIGHTS = np.polynomial.legendre.leggauss(_GAUSS)
# SLOPES[i, j]: weight of the value at node j in the derivative at node i.
SLOPES = fornberg_weights(NODES, np.tile(NODES, (_GAUSS, 1)), 1)[1]

Point: TypeAlias = Sequence[float] | FloatArray


@dataclass(frozen=True)
class Path(ABC):
    """A curve with a direction of travel."""

    @property
    @abstractmethod
    def closed(self) -> bool:
        """Whether the path ends where it begins."""

    @abstractmethod
    def sample(self, panels: int) -> tuple[FloatArray, FloatArray]:
        """Return points (n, dim) and steps dl (n, dim) of a quadrature with `panels` panels a piece."""


@dataclass(frozen=True)
class Line(Path):
    """The straight line from `start` to `end`, Cartesian points of the same length."""

    start: Point
    end: Point

    def __post_init__(self) -> None:
        ends = _corners([self.start, self.end], "line")
        if np.array_equal(ends[0], ends[1]):
            raise InvalidInput(must("end", "different from the start", self.end, "Give two different points."))

    @property
    def closed(self) -> bool:
        """Whether the path ends where it begins: a line does not."""
        return False

    def sample(self, panels: int) -> tuple[FloatArray, FloatArray]:
        """Return points and steps."""
        return _along_corners(_corners([self.start, self.end], "line"), panels)


@dataclass(frozen=True)
class Polygon(Path):
    """Straight lines through `points` (n, dim) and back to the first."""

    points: npt.ArrayLike

    def __post_init__(self) -> None:
        _corners(self.points, "points")

    @property
    def closed(self) -> bool:
        """Whether the path ends where it begins: a polygon does."""
        return True

    def sample(self, panels: int) -> tuple[FloatArray, FloatArray]:
        """Return points and steps."""
        corners = _corners(self.points, "points")
        if not np.array_equal(corners[0], corners[-1]):
            corners = np.concatenate([corners, corners[:1]])
        return _along_corners(corners, panels)


@dataclass(frozen=True)
class Polyline(Path):
    """Straight lines through `points` (n, dim), from the first to the last."""

    points: npt.ArrayLike

    def __post_init__(self) -> None:
        _corners(self.points, "points")

    @property
    def closed(self) -> bool:
        """Whether the path ends where it begins."""
        corners = _corners(self.points, "points")
        return bool(np.array_equal(corners[0], corners[-1]))

    def sample(self, panels: int) -> tuple[FloatArray, FloatArray]:
        """Return points and steps."""
        return _along_corners(_corners(self.points, "points"), panels)


@dataclass(frozen=True)
class Circle(Path):
    """A circle, counterclockwise in the plane, or as seen from the tip of `normal` in space."""

    center: Point
    radius: float
    normal: Point | None = None

    def __post_init__(self) -> None:
        self.frame()

    @property
    def closed(self) -> bool:
        """Whether the path ends where it begins: a circle does."""
        return True

    def frame(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the centre and two orthonormal vectors of the circle's plane."""
        center = checked_point("center", self.center, (2, 3))
        checked_length("radius", self.radius)
        if center.size == 2:
            if self.normal is not None:
                raise InvalidInput(must("normal", "left out in the plane", self.normal, "It is the z axis."))
            return center, np.array([1.0, 0.0]), np.array([0.0, 1.0])
        if self.normal is None:
            raise InvalidInput(must("normal", "given for a circle in space", None, "For example normal=(0, 0, 1)."))
        one, two = plane_of(checked_point("normal", self.normal, (3,)))
        return center, one, two

    def sample(self, panels: int) -> tuple[FloatArray, FloatArray]:
        """Return points and steps: equal steps of the angle are spectrally accurate on a closed smooth curve."""
        center, one, two = self.frame()
        count = panels * _GAUSS
        angle = 2.0 * np.pi * (np.arange(count) + 0.5) / count
        c, s = np.cos(angle)[:, None], np.sin(angle)[:, None]
        radius = float(self.radius)
        return center + radius * (c * one + s * two), (2.0 * np.pi * radius / count) * (c * two - s * one)


@dataclass(frozen=True)
class Curve(Path):
    """The curve x(t) for t in `span`; `position` takes an array of t (n,) and returns points (n, dim)."""

    position: Callable[[FloatArray], npt.ArrayLike]
    span: tuple[float, float]

    def __post_init__(self) -> None:
        checked_range("span", self.span)
        self._at(np.linspace(self.span[0], self.span[1], 5))

    def _at(self, t: FloatArray) -> FloatArray:
        points = np.asarray(self.position(t), dtype=np.float64)
        if points.ndim != 2 or points.shape[0] != t.size:
            raise InvalidInput(
                must(
                    "position",
                    f"a function that gives points of shape ({t.size}, dim) for {t.size} parameters",
                    points.shape,
                    "For example lambda t: numpy.stack([numpy.cos(t), numpy.sin(t)], axis=1).",
                )
            )
        return points

    @property
    def closed(self) -> bool:
        """Whether the path ends where it begins, to rounding."""
        inside = self._at(np.linspace(self.span[0], self.span[1], 9))
        size = float(np.ptp(inside, axis=0).max())
        return bool(np.abs(inside[-1] - inside[0]).max() <= 1e-9 * size)

    def sample(self, panels: int) -> tuple[FloatArray, FloatArray]:
        """Return points and steps; the tangent is that of the polynomial through each panel's points."""
        edges = np.linspace(self.span[0], self.span[1], panels + 1)
        half = 0.5 * (edges[1:] - edges[:-1])[:, None]
        t = 0.5 * (edges[1:] + edges[:-1])[:, None] + half * NODES
        points = self._at(t.ravel()).reshape(panels, _GAUSS, -1)
        steps = np.einsum("ij,pjd->pid", SLOPES, points) * WEIGHTS[None, :, None]
        return points.reshape(-1, points.shape[2]), steps.reshape(-1, points.shape[2])


def as_path(path: object) -> Path:
    """Return a path from a path or from an array of points (n, dim)."""
    if isinstance(path, Path):
        return path
    if isinstance(path, str) or not hasattr(path, "__len__"):
        raise InvalidInput(
            must("path", "points of shape (n, dim) or a path", path, "For example Circle((0, 0), 1) or Line(a, b).")
        )
    return Polyline(np.asarray(path, dtype=np.float64))


# ---- checks and geometry shared with surfaces


def checked_point(name: str, value: object, dims: tuple[int, ...]) -> FloatArray:
    """Return a Cartesian point or vector with one of the allowed numbers of components."""
    words = " or ".join(str(d) for d in dims)
    try:
        point = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidInput(must(name, f"{words} numbers", value, "Give Cartesian components.")) from error
    if point.ndim != 1 or point.size not in dims or not np.all(np.isfinite(point)):
        raise InvalidInput(must(name, f"{words} finite numbers", value, "Give Cartesian components."))
    return point


def checked_length(name: str, value: object) -> float:
    """Return a positive finite length."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise InvalidInput(must(name, "a positive number", value, "Give a length in metres."))
    if not 0.0 < float(value) < np.inf:
        raise InvalidInput(must(name, "a positive number", value, "Give a length in metres."))
    return float(value)


def checked_range(name: str, value: object) -> tuple[float, float]:
    """Return two different finite numbers."""
    pair = checked_point(name, value, (2,))
    if pair[0] == pair[1]:
        raise InvalidInput(must(name, "two different numbers", value, "Give the first and the last parameter."))
    return float(pair[0]), float(pair[1])


def plane_of(normal: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return two unit vectors that form a right-handed triad with the direction of `normal`."""
    length = float(np.linalg.norm(normal))
    if length == 0.0:
        raise InvalidInput(must("normal", "different from zero", tuple(normal), "Its length does not matter."))
    unit = normal / length
    # The axis least along the normal; ties take the first, so that z gives x and y.
    one = np.eye(3)[int(np.argmin(np.abs(unit)))]
    one = one - (one @ unit) * unit
    one /= np.linalg.norm(one)
    return one, np.cross(unit, one)


def _corners(points: object, name: str) -> FloatArray:
    try:
        array = np.asarray(points, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidInput(must(name, "points of equal length", points, "One Cartesian point a row.")) from error
    if array.ndim != 2 or array.shape[0] < 2 or array.shape[1] not in (1, 2, 3) or not np.all(np.isfinite(array)):
        raise InvalidInput(
            must(name, "at least two finite points, shape (n, dim)", array.shape, "One Cartesian point a row.")
        )
    return array


def _along_corners(corners: FloatArray, panels: int) -> tuple[FloatArray, FloatArray]:
    """Return the quadrature of straight pieces, `panels` panels each."""
    middle = (np.arange(panels) + 0.5) / panels
    t = (middle[:, None] + NODES / (2 * panels)).ravel()
    w = np.tile(WEIGHTS / (2 * panels), panels)
    step = np.diff(corners, axis=0)
    points = corners[:-1, None] + t[None, :, None] * step[:, None]
    steps = w[None, :, None] * step[:, None]
    return points.reshape(-1, corners.shape[1]), steps.reshape(-1, corners.shape[1])
