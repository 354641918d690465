"""The preliminary reference Earth model (PREM): density by ten polynomials, mass, gravity and potential.

    rho(r) = 1000 sum_k c_k (r / R)^k kg/m^3,   M(r) = 4 pi int_0^r rho s^2 ds,   g = G M(r) / r^2
    Phi(r) = -G M(r) / r - 4 pi G int_r^R rho s ds,   R = 6371 km
with the integrals in closed form, layer by layer. The coefficients are in data/prem.csv.
Source: Dziewonski and Anderson, Phys. Earth Planet. Inter. 25, 297-356 (1981), table I.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import pi
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from fieldsim.errors import InvalidInput, must
from fieldsim.potentials.array_files import load_array
from fieldsim.potentials.base import Potential
from fieldsim.potentials.checks import FloatArray, finite_vector, real_array
from fieldsim.potentials.constants import GRAVITATION

EARTH_RADIUS: Final = 6.371e6  # m, the radius of the model
INNER_CORE_RADIUS: Final = 1.2215e6  # m
CORE_RADIUS: Final = 3.480e6  # m
_COLUMNS = 5


def data_file(name: str) -> Path:
    """Return the path of a file that ships with fieldsim, installed or in a source tree.

    Raises InvalidInput when it is in neither place.
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "shipped" / "data", package.parent / "data"):
        if (folder / name).is_file():
            return folder / name
    raise InvalidInput(must("name", "a file that ships with fieldsim", name, "Install fieldsim again."))


@dataclass(frozen=True, eq=False)
class _Layers:
    """Layer bounds as parts of the radius, density coefficients, integrals below and above each layer."""

    lower: FloatArray
    upper: FloatArray
    density: FloatArray  # (layers, powers), kg/m^3
    mass_below: FloatArray  # kg
    shell_above: FloatArray  # int rho s ds over the layers above, kg/m

    def find(self, u: FloatArray) -> np.ndarray[tuple[int, ...], np.dtype[np.intp]]:
        # an interface belongs to the layer below it
        return np.minimum(np.searchsorted(self.upper, u, side="left"), len(self.upper) - 1)

    def integral(self, u: FloatArray, power: int, *, downwards: bool) -> FloatArray:
        """Integrate density u^power from the layer's bottom up to u, or from u to its top (`downwards`)."""
        layer = self.find(u)
        fixed = self.upper[layer] if downwards else self.lower[layer]
        total = np.zeros(u.shape)
        for k in range(self.density.shape[1]):
            n = k + power + 1
            total += self.density[layer, k] * (u**n - fixed**n) / n
        return -total if downwards else total


@cache
def _layers() -> _Layers:
    table = load_array(data_file("prem.csv"))
    if table.shape[1] != _COLUMNS or not np.all(np.diff(table[:, 0]) > 0.0):
        raise InvalidInput(
            must("prem.csv", "rows (outer radius, c0 ... c3), outwards", table.shape, "Install fieldsim again.")
        )
    upper = table[:, 0] * 1e3 / EARTH_RADIUS
    lower = np.concatenate([[0.0], upper[:-1]])
    density = 1e3 * table[:, 1:]
    bare = _Layers(lower, upper, density, np.zeros(len(upper)), np.zeros(len(upper)))
    masses = 4.0 * pi * EARTH_RADIUS**3 * bare.integral(upper, 2, downwards=False)
    shells = EARTH_RADIUS**2 * bare.integral(upper, 1, downwards=False)
    mass_below = np.concatenate([[0.0], np.cumsum(masses)[:-1]])
    shell_above = np.concatenate([np.cumsum(shells[::-1])[::-1][1:], [0.0]])
    return _Layers(lower, upper, density, mass_below, shell_above)


def prem_density(r: ArrayLike) -> FloatArray:
    """Return the density of the Earth at radius `r` (m, any shape) in kg/m^3; 0 above 6371 km.

    At an interface the layer below counts. Raises InvalidInput for negative radii.
    """
    u = _radii(r) / EARTH_RADIUS
    layers = _layers()
    layer = layers.find(u)
    total = np.zeros(u.shape)
    for k in reversed(range(layers.density.shape[1])):
        total = total * u + layers.density[layer, k]
    # nothing above the ocean, and no number where there is none
    return np.where(u > 1.0, 0.0, np.where(np.isnan(u), np.nan, total))


def prem_mass(r: ArrayLike) -> FloatArray:
    """Return the mass of the Earth within radius `r` (m, any shape) in kg; 5.9732e24 kg from 6371 km on."""
    return _mass(_radii(r))


def prem_gravity(r: ArrayLike) -> FloatArray:
    """Return the strength of gravity at radius `r` (m, any shape) in m/s^2, pointing down."""
    radius = _radii(r)
    # at the centre the mass is zero and so is gravity
    gravity: FloatArray = GRAVITATION * _mass(radius) / np.where(radius == 0.0, 1.0, radius) ** 2
    return gravity


def prem(at: ArrayLike = (0.0, 0.0, 0.0), *, name: str = "Phi") -> LayeredEarth:
    """Give the gravitational potential of the layered Earth, centre `at` (m), unit J/kg, exact."""
    return LayeredEarth(position=finite_vector("at", at), name=name, unit="J/kg", quantity="gravitational potential")


@dataclass(frozen=True, kw_only=True, eq=False)
class LayeredEarth(Potential):
    """The potential of PREM around `position` (m)."""

    position: tuple[float, float, float]

    def _density_factor(self) -> float | None:
        return 1.0 / (4.0 * pi * GRAVITATION)

    def _parts(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        d = x - np.array(self.position)[:, np.newaxis]
        return d, np.sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2])

    def _value(self, x: FloatArray) -> FloatArray:
        _, r = self._parts(x)
        layers = _layers()
        u = np.minimum(r / EARTH_RADIUS, 1.0)
        shells = layers.shell_above[layers.find(u)] + EARTH_RADIUS**2 * layers.integral(u, 1, downwards=True)
        return -GRAVITATION * (_mass(r) / np.where(r == 0.0, 1.0, r) + 4.0 * pi * shells)

    def _gradient(self, x: FloatArray) -> FloatArray:
        d, r = self._parts(x)
        gradient: FloatArray = GRAVITATION * _mass(r) / np.where(r == 0.0, 1.0, r) ** 3 * d
        return gradient

    def _laplacian(self, x: FloatArray) -> FloatArray:
        _, r = self._parts(x)
        return 4.0 * pi * GRAVITATION * prem_density(r)


def _mass(r: FloatArray) -> FloatArray:
    layers = _layers()
    u = np.minimum(r / EARTH_RADIUS, 1.0)
    return layers.mass_below[layers.find(u)] + 4.0 * pi * EARTH_RADIUS**3 * layers.integral(u, 2, downwards=False)


def _radii(r: ArrayLike) -> FloatArray:
    radius = real_array("r", r, "radii in metres")
    if (radius < 0.0).any():
        raise InvalidInput(must("r", "zero or positive", float(radius.min()), "Give a distance from the centre."))
    return radius
