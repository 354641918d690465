"""Orthogonal systems with foci: parabolic, elliptic cylinder, bipolar, prolate spheroidal, toroidal.

Definitions after P. Moon & D. E. Spencer, Field Theory Handbook (1961), with the axes ordered to be right-handed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, pi, tau

import numpy as np

from fieldsim.arrays import AnyArray, FloatArray
from fieldsim.coordinates.base import UNBOUNDED, Coordinates, Image, Pole
from fieldsim.coordinates.systems import azimuth


@dataclass(frozen=True)
class Parabolic(Coordinates):
    """Plane parabolic coordinates: x = (sigma^2 - tau^2) / 2, y = sigma tau."""

    name = "parabolic"
    names = ("sigma", "tau")
    lengths = (0.5, 0.5)
    limits = (UNBOUNDED, (0.0, inf))
    periods = (None, None)
    whole = ((0.0, 1.0),) * 2
    reference = (1.0, 1.0)

    def to_cartesian(self, q: Sequence[AnyArray]) -> tuple[AnyArray, ...]:
        sigma, t = q
        return 0.5 * (sigma * sigma - t * t), sigma * t

    def from_cartesian(self, x: Sequence[FloatArray]) -> tuple[FloatArray, ...]:
        distance = np.hypot(x[0], x[1])
        sigma = np.copysign(np.sqrt(np.maximum(distance + x[0], 0.0)), x[1])
        return sigma, np.sqrt(np.maximum(distance - x[0], 0.0))

    def scale_factors(self, q: Sequence[AnyArray]) -> tuple[AnyArray | float, ...]:
        h = np.sqrt(q[0] * q[0] + q[1] * q[1])
        return h, h


@dataclass(frozen=True)
class EllipticCylinder(Coordinates):
    """Elliptic cylinder coordinates: x = a cosh(mu) cos(nu), y = a sinh(mu) sin(nu), z; foci at x = +-a."""

    focus: float = 1.0
    name = "elliptic_cylinder"
    names = ("mu", "nu", "z")
    lengths = (0, 0, 1)
    limits = ((0.0, inf), UNBOUNDED, UNBOUNDED)
    periods = (None, tau, None)
    whole = ((0.0, 1.0), (0.0, tau), (0.0, 1.0))
    reference = (1.0, 1.0, 0.0)
    symmetries = (frozenset({"z"}),)

    def to_cartesian(self, q: Sequence[AnyArray]) -> tuple[AnyArray, ...]:
        mu, nu, z = q
        return self.focus * np.cosh(mu) * np.cos(nu), self.focus * np.sinh(mu) * np.sin(nu), z

    def from_cartesian(self, x: Sequence[FloatArray]) -> tuple[FloatArray, ...]:
        w = np.arccosh((np.asarray(x[0]) + 1j * np.asarray(x[1])) / self.focus)
        # arccosh has its cut on the slit; the branch with mu >= 0 is the one wanted.
        w = np.where(w.real < 0.0, -w, w)
        return w.real, np.mod(w.imag, tau), np.asarray(x[2])

    def scale_factors(self, q: Sequence[AnyArray]) -> tuple[AnyArray | float, ...]:
        h = self.focus * np.sqrt(np.sinh(q[0]) ** 2 + np.sin(q[1]) ** 2)
        return h, h, 1.0


@dataclass(frozen=True)
class Bipolar(Coordinates):
    """Plane bipolar coordinates: x = a sinh(tau) / (cosh(tau) - cos(sigma)), y = a sin(sigma) / (same)."""

    focus: float = 1.0
    name = "bipolar"
    names = ("sigma", "tau")
    lengths = (0, 0)
    limits = ((0.0, tau), UNBOUNDED)
    periods = (tau, None)
    whole = ((0.0, tau), (0.0, 1.0))
    reference = (1.0, 1.0)

    def to_cartesian(self, q: Sequence[AnyArray]) -> tuple[AnyArray, ...]:
        sigma, t = q
        below = np.cosh(t) - np.cos(sigma)
        return self.focus * np.sinh(t) / below, self.focus * np.sin(sigma) / below

    def from_cartesian(self, x: Sequence[FloatArray]) -> tuple[FloatArray, ...]:
        a = self.focus
        t = np.arctanh(2.0 * a * x[0] / (x[0] ** 2 + x[1] ** 2 + a * a))
        return azimuth(x[0] ** 2 + x[1] ** 2 - a * a, 2.0 * a * x[1]), t

    def scale_factors(self, q: Sequence[AnyArray]) -> tuple[AnyArray | float, ...]:
        h = self.focus / (np.cosh(q[1]) - np.cos(q[0]))
        return h, h


@dataclass(frozen=True)
class ProlateSpheroidal(Coordinates):
    """Prolate spheroidal coordinates: rho = a sinh(mu) sin(nu), z = a cosh(mu) cos(nu), azimuth phi."""

    focus: float = 1.0
    name = "prolate_spheroidal"
    names = ("mu", "nu", "phi")
    lengths = (0, 0, 0)
    limits = ((0.0, inf), (0.0, pi), UNBOUNDED)
    periods = (None, None, tau)
    whole = ((0.0, 1.0), (0.0, pi), (0.0, tau))
    reference = (1.0, 1.0, 0.0)
    symmetries = (frozenset({"phi"}),)
    poles = (
        Pole(0, 0.0, (Image(2, "shift", pi),)),
        Pole(1, 0.0, (Image(2, "shift", pi),)),
        Pole(1, pi, (Image(2, "shift", pi),)),
    )

    def to_cartesian(self, q: Sequence[AnyArray]) -> tuple[AnyArray, ...]:
        mu, nu, phi = q
        rho = self.focus * np.sinh(mu) * np.sin(nu)
        return rho * np.cos(phi), rho * np.sin(phi), self.focus * np.cosh(mu) * np.cos(nu)

    def from_cartesian(self, x: Sequence[FloatArray]) -> tuple[FloatArray, ...]:
        rho = np.hypot(x[0], x[1])
        far, near = np.hypot(rho, x[2] + self.focus), np.hypot(rho, x[2] - self.focus)
        mu = np.arccosh(np.maximum((far + near) / (2.0 * self.focus), 1.0))
        nu = np.arccos(np.clip((far - near) / (2.0 * self.focus), -1.0, 1.0))
        return mu, nu, azimuth(x[0], x[1])

    def scale_factors(self, q: Sequence[AnyArray]) -> tuple[AnyArray | float, ...]:
        h = self.focus * np.sqrt(np.sinh(q[0]) ** 2 + np.sin(q[1]) ** 2)
        return h, h, self.focus * np.sinh(q[0]) * np.sin(q[1])


@dataclass(frozen=True)
class Toroidal(Coordinates):
    """Toroidal coordinates: rho = a sinh(tau) / (cosh(tau) - cos(sigma)), z = a sin(sigma) / (same), azimuth phi."""

    focus: float = 1.0
    name = "toroidal"
    names = ("tau", "sigma", "phi")
    lengths = (0, 0, 0)
    limits = ((0.0, inf), UNBOUNDED, UNBOUNDED)
    periods = (None, tau, tau)
    whole = ((0.0, 1.0), (0.0, tau), (0.0, tau))
    reference = (1.0, 1.0, 0.0)
    symmetries = (frozenset({"phi"}),)
    poles = (Pole(0, 0.0, (Image(2, "shift", pi),)),)

    def to_cartesian(self, q: Sequence[AnyArray]) -> tuple[AnyArray, ...]:
        t, sigma, phi = q
        below = np.cosh(t) - np.cos(sigma)
        rho = self.focus * np.sinh(t) / below
        return rho * np.cos(phi), rho * np.sin(phi), self.focus * np.sin(sigma) / below

    def from_cartesian(self, x: Sequence[FloatArray]) -> tuple[FloatArray, ...]:
        a, rho = self.focus, np.hypot(x[0], x[1])
        t = np.arctanh(2.0 * a * rho / (rho**2 + x[2] ** 2 + a * a))
        return t, azimuth(rho**2 + x[2] ** 2 - a * a, 2.0 * a * x[2]), azimuth(x[0], x[1])

    def scale_factors(self, q: Sequence[AnyArray]) -> tuple[AnyArray | float, ...]:
        h = self.focus / (np.cosh(q[0]) - np.cos(q[1]))
        return h, h, h * np.sinh(q[0])
