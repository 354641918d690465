"""Bodies with one centre: the dipole of no size, the ball and the shell of uniform density.

    dipole    V = C p . d / s^3,   grad V = C (p / s^3 - 3 (p . d) d / s^5),   s^2 = r^2 + softening^2
    ball      V = C q (3 R^2 - r^2) / (2 R^3) inside,  C q / r outside;   shell  V = C q / max(r, R)
with C = 1/(4 pi epsilon0) for charges and -G for masses.
Source: Griffiths, Introduction to Electrodynamics, 4th ed., section 3.4 and problem 2.21.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from fieldsim.potentials.base import PointSource, Potential
from fieldsim.potentials.checks import FloatArray, finite_number, finite_vector
from fieldsim.potentials.constants import COULOMB, EPSILON_0, GRAVITATION
from fieldsim.potentials.point_sources import Sourced


@dataclass(frozen=True, kw_only=True, eq=False)
class IdealDipole(Sourced):
    """A dipole of no size: `moment` (C m) at `position` (m)."""

    moment: tuple[float, float, float]
    position: tuple[float, float, float]
    softening: float = 0.0

    @property
    def singularities(self) -> tuple[PointSource, ...]:
        """Return the dipole's place with the size of its moment; none once softened."""
        if self.softening > 0.0:
            return ()
        return (PointSource(self.position, float(np.linalg.norm(self.moment))),)

    def soften(self, length: float) -> Potential:
        """Give the dipole the Plummer profile of scale `length` (m)."""
        return replace(self, softening=finite_number("length", length, positive=True))

    def _clearance(self, x: FloatArray) -> FloatArray:
        if self.softening > 0.0:
            return np.full(x.shape[1], np.inf)
        return np.asarray(np.linalg.norm(x - np.array(self.position)[:, np.newaxis], axis=0))

    def _parts(self, x: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        d = x - np.array(self.position)[:, np.newaxis]
        squared = d[0] * d[0] + d[1] * d[1] + d[2] * d[2] + self.softening**2
        squared[squared == 0.0] = np.nan
        along = self.moment[0] * d[0] + self.moment[1] * d[1] + self.moment[2] * d[2]
        return d, squared, along

    def _value(self, x: FloatArray) -> FloatArray:
        _, squared, along = self._parts(x)
        return self.coefficient * along / (squared * np.sqrt(squared))

    def _gradient(self, x: FloatArray) -> FloatArray:
        d, squared, along = self._parts(x)
        cubed = squared * np.sqrt(squared)
        moment = np.array(self.moment)[:, np.newaxis]
        return self.coefficient * (moment / cubed - 3.0 * along * d / (cubed * squared))

    def _laplacian(self, x: FloatArray) -> FloatArray:
        _, squared, along = self._parts(x)
        seventh = squared**3 * np.sqrt(squared)
        return -15.0 * self.coefficient * self.softening**2 * along / seventh


@dataclass(frozen=True, kw_only=True, eq=False)
class UniformBall(Sourced):
    """A ball of uniform density: total `strength` (C or kg), `radius` and `position` in metres."""

    strength: float
    radius: float
    position: tuple[float, float, float]

    def _parts(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        d = x - np.array(self.position)[:, np.newaxis]
        return d, np.sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2])

    def _value(self, x: FloatArray) -> FloatArray:
        _, r = self._parts(x)
        inside = (3.0 - (r / self.radius) ** 2) / (2.0 * self.radius)
        return self.coefficient * self.strength * np.where(r < self.radius, inside, 1.0 / r)

    def _gradient(self, x: FloatArray) -> FloatArray:
        d, r = self._parts(x)
        over_r = np.where(r < self.radius, 1.0 / self.radius**3, 1.0 / (r * r * r))
        return -self.coefficient * self.strength * over_r * d

    def _laplacian(self, x: FloatArray) -> FloatArray:
        _, r = self._parts(x)
        inside = -3.0 * self.coefficient * self.strength / self.radius**3
        # a point that is not a number has no density
        return np.where(r < self.radius, inside, 0.0 * r)


@dataclass(frozen=True, kw_only=True, eq=False)
class UniformShell(Sourced):
    """A thin sphere of uniform surface density: total `strength` (C or kg), `radius`, `position` in metres."""

    strength: float
    radius: float
    position: tuple[float, float, float]

    def _parts(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        d = x - np.array(self.position)[:, np.newaxis]
        return d, np.sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2])

    def _value(self, x: FloatArray) -> FloatArray:
        _, r = self._parts(x)
        return self.coefficient * self.strength / np.maximum(r, self.radius)

    def _gradient(self, x: FloatArray) -> FloatArray:
        d, r = self._parts(x)
        # on the shell the middle of the two one-sided fields, which is what pulls at the shell itself
        part = np.heaviside(r - self.radius, 0.5)
        scale = -self.coefficient * self.strength * part / np.maximum(r, self.radius) ** 3
        gradient: FloatArray = scale * d
        return gradient

    def _laplacian(self, x: FloatArray) -> FloatArray:
        _, r = self._parts(x)
        return np.where(r == self.radius, np.nan, 0.0 * r)


def ideal_dipole(moment: ArrayLike, at: ArrayLike = (0.0, 0.0, 0.0), *, name: str = "V") -> IdealDipole:
    """Give a dipole of no size, V = p . d / (4 pi epsilon0 r^3): `moment` in C m, `at` in m, unit V."""
    return IdealDipole(
        moment=finite_vector("moment", moment),
        position=finite_vector("at", at),
        coefficient=COULOMB,
        density_factor=-EPSILON_0,
        name=name,
        unit="V",
        quantity="electric potential",
    )


def charged_ball(charge: float, radius: float, at: ArrayLike = (0.0, 0.0, 0.0), *, name: str = "V") -> UniformBall:
    """Give a ball of uniform charge density in vacuum: `charge` in C, `radius` > 0 and `at` in m, unit V."""
    return UniformBall(
        strength=finite_number("charge", charge),
        radius=finite_number("radius", radius, positive=True),
        position=finite_vector("at", at),
        coefficient=COULOMB,
        density_factor=-EPSILON_0,
        name=name,
        unit="V",
        quantity="electric potential",
    )


def charged_shell(charge: float, radius: float, at: ArrayLike = (0.0, 0.0, 0.0), *, name: str = "V") -> UniformShell:
    """Give a thin charged sphere in vacuum: `charge` in C, `radius` > 0 and `at` in m, unit V."""
    return UniformShell(
        strength=finite_number("charge", charge),
        radius=finite_number("radius", radius, positive=True),
        position=finite_vector("at", at),
        coefficient=COULOMB,
        density_factor=-EPSILON_0,
        name=name,
        unit="V",
        quantity="electric potential",
    )


def massive_shell(mass: float, radius: float, at: ArrayLike = (0.0, 0.0, 0.0), *, name: str = "Phi") -> UniformShell:
    """Give a thin massive sphere: `mass` in kg, `radius` > 0 and `at` in m, unit J/kg."""
    return UniformShell(
        strength=finite_number("mass", mass),
        radius=finite_number("radius", radius, positive=True),
        position=finite_vector("at", at),
        coefficient=-GRAVITATION,
        density_factor=1.0 / (4.0 * np.pi * GRAVITATION),
        name=name,
        unit="J/kg",
        quantity="gravitational potential",
    )


def massive_ball(density: float, radius: float, at: ArrayLike = (0.0, 0.0, 0.0), *, name: str = "Phi") -> UniformBall:
    """Give a ball of uniform mass density; a density contrast with the rock around it may be negative.

    `density` in kg/m^3, `radius` > 0 and `at` in m, unit J/kg. Buried: `at` lies below the ground.
    """
    rho = finite_number("density", density)
    size = finite_number("radius", radius, positive=True)
    return UniformBall(
        strength=rho * 4.0 / 3.0 * np.pi * size**3,
        radius=size,
        position=finite_vector("at", at),
        coefficient=-GRAVITATION,
        density_factor=1.0 / (4.0 * np.pi * GRAVITATION),
        name=name,
        unit="J/kg",
        quantity="gravitational potential",
    )
