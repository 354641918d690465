"""Point sources in a picture: their markers, and the part of space that is cut out around them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from fieldsim.arrays import BoolArray, FloatArray
from fieldsim.view.scene import Colour, Markers

POSITIVE: Colour = "#c8401f"
NEGATIVE: Colour = "#1f4e9c"
MASS: Colour = "#4a4f57"


class PointLike(Protocol):
    """Anything with a position (three coordinates, m) and a strength: `potentials.PointSource` is one."""

    @property
    def position(self) -> Sequence[float]:
        """Cartesian coordinates in metres."""

    @property
    def strength(self) -> float:
        """Charge (C) or mass (kg)."""


def positions(sources: Sequence[PointLike]) -> FloatArray:
    """Return the positions (n, 3)."""
    return np.array([tuple(source.position) for source in sources], dtype=float).reshape(-1, 3)


def markers(sources: Sequence[PointLike], unit: str, extent: float, hole: float = 0.0) -> tuple[Markers, ...]:
    """Return balls for the sources, red for plus, blue for minus, grey for masses (`unit` "J/kg").

    `extent` is half the width of the picture, `hole` the radius cut out around a source; both in metres.
    """
    if not sources:
        return ()
    masses = unit in {"J/kg", "m/s^2"}
    colours = tuple(MASS if masses else POSITIVE if s.strength > 0 else NEGATIVE for s in sources)
    signs = tuple("" if masses else "+" if s.strength > 0 else "\N{MINUS SIGN}" for s in sources)
    size = min(max(0.028, hole / extent), 0.12)
    return (Markers(positions(sources), colours, size, signs),)


def hole_radius(points: FloatArray, values: FloatArray, sources: Sequence[PointLike]) -> float:
    """Return how far the facets that are left out reach from the source next to them; 0 where none is."""
    missing = np.isnan(values)
    if not sources or not missing.any():
        return 0.0
    away = points[missing | beside(missing)][:, None, :] - positions(sources)[None]
    return float(np.linalg.norm(away, axis=2).min(axis=1).max())


def beside(missing: BoolArray) -> BoolArray:
    """Return the points that share a cell of the grid with a missing one."""
    result = missing.copy()
    for axis in range(missing.ndim):
        before = result.copy()
        ahead: list[slice] = [slice(None)] * missing.ndim
        behind: list[slice] = [slice(None)] * missing.ndim
        ahead[axis], behind[axis] = slice(1, None), slice(None, -1)
        result[tuple(behind)] |= before[tuple(ahead)]
        result[tuple(ahead)] |= before[tuple(behind)]
    return np.asarray(result & ~missing)
