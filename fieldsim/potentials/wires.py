"""Charged wires: the ring and the straight line of finite length, each uniformly charged, in vacuum.

    ring    V = (2 C q / pi) K(m) / s,   s^2 = (rho + R)^2 + z^2,   m = 4 rho R / s^2
            dV/dz = -(2 C q / pi) E(m) z / (s d^2),   d^2 = (rho - R)^2 + z^2
            dV/drho = -(2 C q / pi) (2 R D(m) / s^2 - (R - rho) E(m) / d^2) / s
    line    V = (C q / L) log((a + b + L) / (a + b - L)),   a, b the distances from the ends
with C = 1/(4 pi epsilon0) and the complete elliptic integrals K, E, and D = (K - E) / m.
Source: Jackson, Classical Electrodynamics, 3rd ed., section 3.3; DLMF 19.25 for D = R_D(0, 1 - m, 1) / 3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from fieldsim.errors import InvalidInput, must
from fieldsim.potentials.checks import FloatArray, finite_number, finite_vector, unit_vector
from fieldsim.potentials.constants import COULOMB, EPSILON_0
from fieldsim.potentials.point_sources import Sourced


@dataclass(frozen=True, kw_only=True, eq=False)
class ChargedRing(Sourced):
    """A ring of `charge` (C) and `radius` (m) around `position`, in the plane normal to the unit vector `axis`."""

    charge: float
    radius: float
    position: tuple[float, float, float]
    axis: tuple[float, float, float]

    def _parts(self, x: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the radial vectors (3, n), the distances from the axis and the heights above the plane."""
        d = x - np.array(self.position)[:, np.newaxis]
        height = self.axis[0] * d[0] + self.axis[1] * d[1] + self.axis[2] * d[2]
        radial = d - np.array(self.axis)[:, np.newaxis] * height
        return radial, np.sqrt(np.sum(radial * radial, axis=0)), height

    def _clearance(self, x: FloatArray) -> FloatArray:
        _, rho, height = self._parts(x)
        return np.hypot(rho - self.radius, height)

    def _value(self, x: FloatArray) -> FloatArray:
        # imported here: slow to import, and only rings need it
        from scipy.special import ellipkm1

        _, rho, height = self._parts(x)
        far = (rho + self.radius) ** 2 + height**2
        near = (rho - self.radius) ** 2 + height**2
        # 1 - m = near / far, without the loss of digits that 1 - m has close to the wire
        return self.coefficient * self.charge * 2.0 / np.pi * ellipkm1(near / far) / np.sqrt(far)

    def _gradient(self, x: FloatArray) -> FloatArray:
        from scipy.special import ellipe, elliprd

        radial, rho, height = self._parts(x)
        far = (rho + self.radius) ** 2 + height**2
        near = (rho - self.radius) ** 2 + height**2
        second = ellipe(4.0 * rho * self.radius / far)
        third = elliprd(0.0, near / far, 1.0) / 3.0
        scale = -self.coefficient * self.charge * 2.0 / np.pi / np.sqrt(far)
        along = scale * second * height / near
        outward = scale * (2.0 * self.radius * third / far - (self.radius - rho) * second / near)
        # on the axis the slope outwards vanishes and there is no direction outwards
        direction = radial / np.where(rho == 0.0, 1.0, rho)
        gradient: FloatArray = outward * direction + np.array(self.axis)[:, np.newaxis] * along
        return gradient

    def _laplacian(self, x: FloatArray) -> FloatArray:
        return np.where(self._clearance(x) > 0.0, 0.0, np.nan)


@dataclass(frozen=True, kw_only=True, eq=False)
class ChargedLine(Sourced):
    """A straight wire of `charge` (C) from `start` to `end` (m)."""

    charge: float
    start: tuple[float, float, float]
    end: tuple[float, float, float]

    @property
    def length(self) -> float:
        """Return the length of the wire (m)."""
        return float(np.linalg.norm(np.subtract(self.end, self.start)))

    def _ends(self, x: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        a = x - np.array(self.start)[:, np.newaxis]
        b = x - np.array(self.end)[:, np.newaxis]
        return a, b, np.sqrt(np.sum(a * a, axis=0)), np.sqrt(np.sum(b * b, axis=0))

    def _clearance(self, x: FloatArray) -> FloatArray:
        along = np.subtract(self.end, self.start)
        a = x - np.array(self.start)[:, np.newaxis]
        part = np.clip((along @ a) / float(along @ along), 0.0, 1.0)
        return np.asarray(np.linalg.norm(a - along[:, np.newaxis] * part, axis=0))

    def _excess(self, a: FloatArray, b: FloatArray, first: FloatArray, second: FloatArray) -> FloatArray:
        """Return |a| + |b| - L without loss of digits beside the wire; 0 on it.

        (|a| + |b|)^2 - L^2 = 2 (|a| |b| + a . b), and |a| |b| + a . b = |a x b|^2 / (|a| |b| - a . b).
        """
        dot = np.sum(a * b, axis=0)
        product = first * second
        cross = np.cross(a, b, axis=0)
        beside = np.sum(cross * cross, axis=0) / np.where(dot < 0.0, product - dot, 1.0)
        excess: FloatArray = 2.0 * np.where(dot < 0.0, beside, product + dot) / (first + second + self.length)
        return excess

    def _value(self, x: FloatArray) -> FloatArray:
        a, b, first, second = self._ends(x)
        excess = self._excess(a, b, first, second)
        return self.coefficient * self.charge / self.length * np.log1p(2.0 * self.length / excess)

    def _gradient(self, x: FloatArray) -> FloatArray:
        a, b, first, second = self._ends(x)
        excess = self._excess(a, b, first, second)
        scale = -2.0 * self.coefficient * self.charge / (excess * (excess + 2.0 * self.length))
        gradient: FloatArray = scale * (a / first + b / second)
        return gradient

    def _laplacian(self, x: FloatArray) -> FloatArray:
        return np.where(self._clearance(x) > 0.0, 0.0, np.nan)


def charged_ring(
    charge: float,
    radius: float,
    at: ArrayLike = (0.0, 0.0, 0.0),
    axis: ArrayLike = (0.0, 0.0, 1.0),
    *,
    name: str = "V",
) -> ChargedRing:
    """Give a uniformly charged ring in vacuum: `charge` in C, `radius` > 0 and `at` in m, unit V.

    `axis` is any vector normal to its plane. The wire itself is a singular line: NaN. Raises InvalidInput.
    """
    x, y, z = unit_vector("axis", axis)
    return ChargedRing(
        charge=finite_number("charge", charge),
        radius=finite_number("radius", radius, positive=True),
        position=finite_vector("at", at),
        axis=(float(x), float(y), float(z)),
        coefficient=COULOMB,
        density_factor=-EPSILON_0,
        name=name,
        unit="V",
        quantity="electric potential",
    )


def charged_line(charge: float, start: ArrayLike, end: ArrayLike, *, name: str = "V") -> ChargedLine:
    """Give a uniformly charged straight wire in vacuum: `charge` in C, from `start` to `end` in m, unit V.

    The wire itself is a singular line: NaN. Raises InvalidInput when both ends coincide.
    """
    first, second = finite_vector("start", start), finite_vector("end", end)
    if first == second:
        raise InvalidInput(must("end", "apart from `start`", end, "Use point_charge for a charge of no length."))
    return ChargedLine(
        charge=finite_number("charge", charge),
        start=first,
        end=second,
        coefficient=COULOMB,
        density_factor=-EPSILON_0,
        name=name,
        unit="V",
        quantity="electric potential",
    )
