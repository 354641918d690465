"""Potentials of the first lessons: constant, uniform gravity, and hills of second degree.

U = m g h,   h = up . x           grad U = m g up, F = -grad U
f = top - sum_i c_i (x_i - a_i)^2   grad f = -2 c_i (x_i - a_i)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from fieldsim.errors import InvalidInput, must
from fieldsim.potentials.base import Potential
from fieldsim.potentials.checks import FloatArray, finite_number, finite_vector
from fieldsim.potentials.constants import GRAVITATION, STANDARD_GRAVITY

_AXES = {"x": 0, "y": 1, "z": 2}


@dataclass(frozen=True, kw_only=True, eq=False)
class Constant(Potential):
    """One number everywhere."""

    level: float

    def _value(self, x: FloatArray) -> FloatArray:
        return np.full(x.shape[1], self.level)

    def _gradient(self, x: FloatArray) -> FloatArray:
        return np.zeros(x.shape)

    def _laplacian(self, x: FloatArray) -> FloatArray:
        return np.zeros(x.shape[1])


@dataclass(frozen=True, kw_only=True, eq=False)
class Uniform(Potential):
    """A potential that rises evenly along one axis, `slope` a metre."""

    slope: float
    axis: int
    density_factor: float | None = None

    @property
    def needed_coordinates(self) -> int:
        """Return one more than the axis it rises along."""
        return self.axis + 1

    def _density_factor(self) -> float | None:
        return self.density_factor

    def _value(self, x: FloatArray) -> FloatArray:
        out: FloatArray = self.slope * x[self.axis]
        return out

    def _gradient(self, x: FloatArray) -> FloatArray:
        out = np.zeros(x.shape)
        out[self.axis] = self.slope
        return out

    def _laplacian(self, x: FloatArray) -> FloatArray:
        return np.zeros(x.shape[1])


@dataclass(frozen=True, kw_only=True, eq=False)
class Paraboloid(Potential):
    """A hill (or bowl) of second degree: `top` at `position`, falling by curvatures[i] d_i^2."""

    top: float
    curvatures: tuple[float, float, float]
    position: tuple[float, float, float]

    @property
    def needed_coordinates(self) -> int:
        """Return the last axis along which it falls."""
        return max((i + 1 for i, c in enumerate(self.curvatures) if c != 0.0), default=1)

    def _distance(self, x: FloatArray) -> FloatArray:
        d: FloatArray = x - np.array(self.position)[:, np.newaxis]
        return d

    def _value(self, x: FloatArray) -> FloatArray:
        d = self._distance(x)
        total = np.full(x.shape[1], self.top)
        for row, curvature in zip(d, self.curvatures, strict=True):
            if curvature != 0.0:
                total -= curvature * row * row
        return total

    def _gradient(self, x: FloatArray) -> FloatArray:
        return -2.0 * np.array(self.curvatures)[:, np.newaxis] * self._distance(x)

    def _laplacian(self, x: FloatArray) -> FloatArray:
        return np.full(x.shape[1], -2.0 * sum(self.curvatures))


def constant(level: float, unit: str = "", *, name: str = "", quantity: str = "") -> Constant:
    """Give one number everywhere, `level` in `unit`."""
    return Constant(level=finite_number("level", level), name=name, unit=unit, quantity=quantity)


def uniform_gravity(
    g: float = STANDARD_GRAVITY,
    mass: float | None = None,
    up: Literal["x", "y", "z"] = "z",
    *,
    name: str = "",
) -> Uniform:
    """Give the potential of uniform gravity: Phi = g h (J/kg), or U = m g h (J) when `mass` (kg) is given.

    `g` in m/s^2, h the coordinate named by `up`. Raises InvalidInput.
    """
    if up not in _AXES:
        raise InvalidInput(must("up", "one of 'x', 'y', 'z'", up, "Name the axis that points up."))
    strength = finite_number("g", g)
    factor = 1.0 / (4.0 * np.pi * GRAVITATION)
    if mass is None:
        return Uniform(
            slope=strength,
            axis=_AXES[up],
            density_factor=factor,
            name=name or "Phi",
            unit="J/kg",
            quantity="gravitational potential",
        )
    body = finite_number("mass", mass, positive=True)
    return Uniform(
        slope=body * strength,
        axis=_AXES[up],
        density_factor=factor / body,
        name=name or "U",
        unit="J",
        quantity="potential energy",
    )


def paraboloid(
    top: float,
    curvatures: ArrayLike,
    at: ArrayLike = (0.0, 0.0, 0.0),
    *,
    unit: str = "",
    name: str = "",
    quantity: str = "",
) -> Paraboloid:
    """Give top - sum c_i (x_i - a_i)^2: `top` in `unit`, `curvatures` in `unit`/m^2, `at` in m."""
    return Paraboloid(
        top=finite_number("top", top),
        curvatures=finite_vector("curvatures", curvatures),
        position=finite_vector("at", at),
        unit=unit,
        name=name,
        quantity=quantity,
    )


def temperature_hill(
    top: float = 100.0, curvature: float = 1.0, at: ArrayLike = (0.0, 0.0), *, name: str = "T"
) -> Paraboloid:
    """Give the temperature of the lesson, T = 100 - x^2 - y^2: `top` degC, `curvature` K/m^2, `at` m."""
    c = finite_number("curvature", curvature)
    return paraboloid(top, (c, c), at, unit="degC", name=name, quantity="temperature")


def height_hill(
    top: float = 1000.0, curvature: float = 0.5, at: ArrayLike = (0.0, 0.0), *, name: str = "h"
) -> Paraboloid:
    """Give the mountain of the lesson, h = 1000 - x^2/2 - y^2/2: `top` m, `curvature` 1/m, `at` m."""
    c = finite_number("curvature", curvature)
    return paraboloid(top, (c, c), at, unit="m", name=name, quantity="height")
