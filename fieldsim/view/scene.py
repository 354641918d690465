"""The picture as data: frozen layers, colour scales, labels with units and a camera; no display is touched.

Positions are Cartesian coordinates in SI (metres as a rule), always with three components. A backend draws
a position p as (p * scene.stretch), so exaggerated reliefs and plots with unlike axes keep true numbers on
their axes. Values stay physical; a `ColourScale` maps them to colours.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fieldsim.errors import InvalidInput, must

Array = NDArray[np.float64]
Colour = str  # any name or "#rrggbb" that both backends know
ScaleKind = Literal["linear", "log", "symlog"]

INK: Colour = "#1b1b1f"
GREY: Colour = "#8a8f98"


@dataclass(frozen=True)
class ColourScale:
    """Map values to [0, 1]: limits, law (linear, log, log on both signs), colour map, label of the bar."""

    low: float
    high: float
    kind: ScaleKind = "linear"
    colormap: str = "viridis"
    label: str = ""
    threshold: float = 0.0
    ticks: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise InvalidInput(
                must("limits", "two finite numbers, low < high", (self.low, self.high), "Give other limits.")
            )
        if self.kind == "log" and self.low <= 0.0:
            raise InvalidInput(
                must("limits", "positive on a logarithmic scale", self.low, "Use a linear or symlog scale.")
            )
        if self.kind == "symlog" and self.threshold <= 0.0:
            raise InvalidInput(
                must("threshold", "positive on a symlog scale", self.threshold, "Give the smallest level.")
            )

    def stretched(self, values: Array | float) -> Array:
        """Return values on the scale's own axis (log10, signed log10 or unchanged)."""
        return transform(np.asarray(values, dtype=float), self.kind, self.threshold)

    def fraction(self, values: Array | float) -> Array:
        """Return the position of values on the bar, clipped to [0, 1]; NaN stays NaN."""
        ends = self.stretched(np.array([self.low, self.high]))
        return np.asarray(np.clip((self.stretched(values) - ends[0]) / (ends[1] - ends[0]), 0.0, 1.0))


def transform(values: Array, kind: ScaleKind, threshold: float = 0.0) -> Array:
    """Return log10(v), sign(v) log10(1 + |v|/threshold), or v: the axis on which a scale is linear."""
    if kind == "log":
        return np.asarray(np.log10(np.where(values > 0.0, values, np.nan)), dtype=float)
    if kind == "symlog":
        result: Array = np.sign(values) * np.log10(1.0 + np.abs(values) / threshold)
        return result
    return values


@dataclass(frozen=True)
class Surface:
    """A patch of a structured surface: points (a, b, 3), values (a, b) coloured by `scale`, or one colour.

    Points with a NaN value are left out, with every facet that touches them. `opening` and `window`, each
    (origin, normals (m, 3)), name the wedge on the positive side of all these planes: the opening is taken
    away, of the rest only what lies in the window is kept.
    """

    points: Array
    values: Array | None = None
    scale: ColourScale | None = None
    colour: Colour = "#d9dde3"
    opacity: float = 1.0
    lit: bool = True
    opening: tuple[Array, Array] | None = None
    window: tuple[Array, Array] | None = None


@dataclass(frozen=True)
class Isosurfaces:
    """Surfaces of equal value in a structured block: points (a, b, c, 3), values (a, b, c), one a level.

    `kind` and `threshold` name the law in which values are interpolated between points: 1/r is far
    straighter in log(v) than in v. `opening` = (origin, normals (m, 3)) cuts the surfaces open: what lies
    on the positive side of every one of these planes through the origin is taken away.
    """

    points: Array
    values: Array
    levels: tuple[float, ...]
    scale: ColourScale
    kind: ScaleKind = "linear"
    threshold: float = 0.0
    opacity: float = 0.35
    opening: tuple[Array, Array] | None = None


@dataclass(frozen=True)
class Lines:
    """Polylines in one array: points (n, 3), line k runs from starts[k] to starts[k+1] (the last to n)."""

    points: Array
    starts: NDArray[np.int64]
    values: Array | None = None
    scale: ColourScale | None = None
    colour: Colour = INK
    width: float = 2.0
    tube: float = 0.0  # radius in drawn units of the whole picture (0.004 is slim); 0 draws flat lines

    def pieces(self) -> list[Array]:
        """Return the polylines one by one, each (m, 3)."""
        return [piece for piece in np.split(self.points, self.starts[1:]) if len(piece)]


@dataclass(frozen=True)
class Arrows:
    """Arrows at points (n, 3), starting there or centred, with vectors (n, 3) as long as they are drawn."""

    points: Array
    vectors: Array
    values: Array | None = None
    scale: ColourScale | None = None
    colour: Colour = INK
    heads_only: bool = False
    centred: bool = False


@dataclass(frozen=True)
class Markers:
    """Small balls at points (n, 3): charges, masses, extrema; `size` is the radius in drawn units."""

    points: Array
    colours: tuple[Colour, ...]
    size: float = 0.02
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Frame:
    """The box around the picture: bounds (x0, x1, y0, y1, z0, z1) and the label of each axis with its unit.

    Numbers on axis k are coordinate * factors[k]: 1e-3 writes metres as kilometres.
    """

    bounds: tuple[float, float, float, float, float, float]
    labels: tuple[str, str, str]
    factors: tuple[float, float, float] = (1.0, 1.0, 1.0)


@dataclass(frozen=True)
class Camera:
    """Where the picture is seen from: azimuth from +x to +y and elevation above xy, in degrees."""

    azimuth: float = -60.0
    elevation: float = 22.0
    zoom: float = 1.0


Layer = Surface | Isosurfaces | Lines | Arrows | Markers


@dataclass(frozen=True)
class Scene:
    """One picture. `flat` names the two Cartesian components of a plane picture (horizontal, vertical).

    `instead` is what stands for a solid picture where there is no OpenGL: a flat scene of the same field.
    """

    title: str
    layers: tuple[Layer, ...]
    frame: Frame
    camera: Camera = field(default_factory=Camera)
    stretch: tuple[float, float, float] = (1.0, 1.0, 1.0)
    flat: tuple[int, int] | None = None
    notes: tuple[str, ...] = ()
    size: tuple[int, int] = (1600, 1200)
    instead: Scene | None = None

    def __repr__(self) -> str:
        return f"Scene({self.title!r}, {', '.join(type(layer).__name__ for layer in self.layers) or 'empty'})"

    def _repr_png_(self) -> bytes:
        return _drawn(self)

    @property
    def scales(self) -> tuple[ColourScale, ...]:
        """Return the labelled colour scales of the layers, each once, in drawing order."""
        found: list[ColourScale] = []
        for layer in self.layers:
            scale = None if isinstance(layer, Markers) else layer.scale
            if scale is not None and scale.label and scale not in found:
                found.append(scale)
        return tuple(found)


@dataclass(frozen=True)
class Curve:
    """One line of a chart: y over x, drawn as a line ("line", "dashed") or as points ("points")."""

    x: Array
    y: Array
    label: str = ""
    style: Literal["line", "dashed", "points"] = "line"
    colour: Colour | None = None


@dataclass(frozen=True)
class Chart:
    """A line plot: curves, axis labels with units, log or linear axes, fixed limits where given."""

    title: str
    curves: tuple[Curve, ...]
    x_label: str
    y_label: str
    x_log: bool = False
    y_log: bool = False
    x_limits: tuple[float, float] | None = None
    y_limits: tuple[float, float] | None = None
    notes: tuple[str, ...] = ()
    size: tuple[int, int] = (1600, 1200)

    def __repr__(self) -> str:
        return f"Chart({self.title!r}, {self.y_label} over {self.x_label}, curves: {len(self.curves)})"

    def _repr_png_(self) -> bytes:
        return _drawn(self)


def _drawn(picture: Scene | Chart) -> bytes:
    """Return the PNG that a notebook shows; drawing is imported only then, for composing needs no graphics."""
    from fieldsim.view.drawing import png

    return png(picture)


Picture = Scene | Chart


@dataclass(frozen=True)
class Movie:
    """Pictures in time order, drawn with one colour range; `seconds` is the time each frame stands."""

    frames: tuple[Picture, ...]
    seconds: float = 0.1

    def __repr__(self) -> str:
        title = self.frames[0].title if self.frames else ""
        return f"Movie({title!r}, frames: {len(self.frames)}, {self.seconds:g} s each)"

    def _repr_png_(self) -> bytes | None:
        """Return the last frame, for notebooks; None of an empty movie."""
        return _drawn(self.frames[-1]) if self.frames else None
