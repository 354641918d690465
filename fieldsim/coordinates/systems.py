"""The coordinate systems: Cartesian, polar, cylindrical, spherical (ISO 80000-2: theta from +z, phi azimuth).

Further orthogonal systems stand in `focal`; the registry of all is in `registry`, and the tests iterate over it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, pi, tau

import numpy as np

from fieldsim.arrays import AnyArray, FloatArray
from fieldsim.coordinates.base import UNBOUNDED, Coordinates, Image, Pole


def azimuth(x: FloatArray, y: FloatArray) -> FloatArray:
    """Return atan2(y, x) in [0, 2 pi)."""
    angle = np.arctan2(y, x)
    return np.where(angle < 0.0, angle + tau, angle)


class _Straight(Coordinates):
    """Cartesian coordinates in one, two or three dimensions."""

    def to_cartesian(self, q: Sequence[AnyArray]) -> tuple[AnyArray, ...]:
        return tuple(q)

    def from_cartesian(self, x: Sequence[FloatArray]) -> tuple[FloatArray, ...]:
        return tuple(x)

    def scale_factors(self, q: Sequence[AnyArray]) -> tuple[AnyArray | float, ...]:
        return (1.0,) * self.dim


@dataclass(frozen=True)
class Cartesian1(_Straight):
    """The line: x."""

    name = "cartesian"
    names = ("x",)
    lengths = (1,)
    limits = (UNBOUNDED,)
    periods = (None,)
    whole = ((0.0, 1.0),)
    reference = (0.0,)


@dataclass(frozen=True)
class Cartesian2(_Straight):
    """The plane: x, y."""

    name = "cartesian"
    names = ("x", "y")
    lengths = (1, 1)
    limits = (UNBOUNDED,) * 2
    periods = (None,) * 2
    whole = ((0.0, 1.0),) * 2
    reference = (0.0,) * 2


@dataclass(frozen=True)
class Cartesian3(_Straight):
    """Space: x, y, z."""

    name = "cartesian"
    names = ("x", "y", "z")
    lengths = (1, 1, 1)
    limits = (UNBOUNDED,) * 3
    periods = (None,) * 3
    whole = ((0.0, 1.0),) * 3
    reference = (0.0,) * 3


@dataclass(frozen=True)
class Polar(Coordinates):
    """Plane polar coordinates: x = r cos phi, y = r sin phi."""

    name = "polar"
    names = ("r", "phi")
    lengths = (1, 0)
    limits = ((0.0, inf), UNBOUNDED)
    periods = (None, tau)
    whole = ((0.0, 1.0), (0.0, tau))
    reference = (1.0, 0.0)
    symmetries = (frozenset({"phi"}),)
    poles = (Pole(0, 0.0, (Image(1, "shift", pi),)),)

    def to_cartesian(self, q: Sequence[AnyArray]) -> tuple[AnyArray, ...]:
        r, phi = q
        return r * np.cos(phi), r * np.sin(phi)

    def from_cartesian(self, x: Sequence[FloatArray]) -> tuple[FloatArray, ...]:
        return np.hypot(x[0], x[1]), azimuth(x[0], x[1])

    def scale_factors(self, q: Sequence[AnyArray]) -> tuple[AnyArray | float, ...]:
        return 1.0, q[0]


@dataclass(frozen=True)
class Cylindrical(Coordinates):
    """Circular cylindrical coordinates: x = r cos phi, y = r sin phi, z."""

    name = "cylindrical"
    names = ("r", "phi", "z")
    lengths = (1, 0, 1)
    limits = ((0.0, inf), UNBOUNDED, UNBOUNDED)
    periods = (None, tau, None)
    whole = ((0.0, 1.0), (0.0, tau), (0.0, 1.0))
    reference = (1.0, 0.0, 0.0)
    symmetries = (frozenset({"phi"}), frozenset({"z"}), frozenset({"phi", "z"}))
    poles = (Pole(0, 0.0, (Image(1, "shift", pi),)),)

    def to_cartesian(self, q: Sequence[AnyArray]) -> tuple[AnyArray, ...]:
        r, phi, z = q
        return r * np.cos(phi), r * np.sin(phi), z

    def from_cartesian(self, x: Sequence[FloatArray]) -> tuple[FloatArray, ...]:
        return np.hypot(x[0], x[1]), azimuth(x[0], x[1]), np.asarray(x[2])

    def scale_factors(self, q: Sequence[AnyArray]) -> tuple[AnyArray | float, ...]:
        return 1.0, q[0], 1.0


@dataclass(frozen=True)
class Spherical(Coordinates):
    """Spherical coordinates: x = r sin theta cos phi, y = r sin theta sin phi, z = r cos theta."""

    name = "spherical"
    names = ("r", "theta", "phi")
    lengths = (1, 0, 0)
    limits = ((0.0, inf), (0.0, pi), UNBOUNDED)
    periods = (None, None, tau)
    whole = ((0.0, 1.0), (0.0, pi), (0.0, tau))
    reference = (1.0, pi / 2.0, 0.0)
    symmetries = (frozenset({"phi"}), frozenset({"theta", "phi"}))
    poles = (
        Pole(0, 0.0, (Image(1, "flip", pi), Image(2, "shift", pi))),
        Pole(1, 0.0, (Image(2, "shift", pi),)),
        Pole(1, pi, (Image(2, "shift", pi),)),
    )

    def to_cartesian(self, q: Sequence[AnyArray]) -> tuple[AnyArray, ...]:
        r, theta, phi = q
        rho = r * np.sin(theta)
        return rho * np.cos(phi), rho * np.sin(phi), r * np.cos(theta)

    def from_cartesian(self, x: Sequence[FloatArray]) -> tuple[FloatArray, ...]:
        rho = np.hypot(x[0], x[1])
        return np.hypot(rho, x[2]), np.arctan2(rho, x[2]), azimuth(x[0], x[1])

    def scale_factors(self, q: Sequence[AnyArray]) -> tuple[AnyArray | float, ...]:
        r, theta, _ = q
        return 1.0, r, r * np.sin(theta)
