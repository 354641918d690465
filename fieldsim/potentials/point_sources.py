"""Point charges and point masses, and the finite dipole made of two charges.

    V = sum_i C q_i / s_i,   grad V = -sum_i C q_i d_i / s_i^3,   s^2 = d . d + a^2
with C = 1/(4 pi epsilon0) for charges and C = -G for masses; a is the Plummer softening, whose density is
rho = 3 q a^2 / (4 pi s^5).
Source: Griffiths, Introduction to Electrodynamics, 4th ed., chapter 2; Binney and Tremaine, section 2.2.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from fieldsim.errors import InvalidInput, must
from fieldsim.potentials.base import PointSource, Potential
from fieldsim.potentials.checks import FloatArray, finite_number, finite_vector, real_array, unit_vector
from fieldsim.potentials.constants import COULOMB, EPSILON_0, GRAVITATION
from fieldsim.units import parse_quantity

if TYPE_CHECKING:
    from scipy.spatial import cKDTree

_Law = Callable[[FloatArray, FloatArray], Sequence[FloatArray]]

# pairs (point, source) held at once: 64k pairs are 0.5 MB a buffer, which stays in the cache
_PAIRS = 65536
# up to this many sources a plain loop over them is faster than a table of pairs
_FEW = 64


@dataclass(frozen=True, kw_only=True, eq=False)
class Sourced(Potential):
    """A potential C q f(r) with its field equation: C and what turns a Laplacian into a density."""

    coefficient: float
    density_factor: float

    def _density_factor(self) -> float | None:
        return self.density_factor


@dataclass(frozen=True, kw_only=True, eq=False)
class PointSources(Sourced):
    """Charges or masses at points: positions (m, 3) in metres, strengths (m,) in C or kg."""

    positions: FloatArray
    strengths: FloatArray
    softening: float = 0.0

    @property
    def singularities(self) -> tuple[PointSource, ...]:
        """Return one singularity a source; none once softened."""
        if self.softening > 0.0:
            return ()
        return tuple(
            PointSource((float(p[0]), float(p[1]), float(p[2])), float(q))
            for p, q in zip(self.positions, self.strengths, strict=True)
        )

    def soften(self, length: float) -> Potential:
        """Give every source the Plummer profile of scale `length` (m)."""
        return replace(self, softening=finite_number("length", length, positive=True))

    @cached_property
    def _tree(self) -> cKDTree:
        # imported here: only cuts need it, and it is slow to import
        from scipy.spatial import cKDTree

        return cKDTree(self.positions)

    def _clearance(self, x: FloatArray) -> FloatArray:
        out = np.full(x.shape[1], np.inf)
        if self.softening == 0.0:
            # a tree, not a table of distances: many charges and many points stay cheap
            known = np.isfinite(x).all(axis=0)
            out[known] = self._tree.query(x.T[known])[0]
        return out

    def _value(self, x: FloatArray) -> FloatArray:
        return self.coefficient * self._summed(x, 1, _inverse).reshape(-1)

    def _gradient(self, x: FloatArray) -> FloatArray:
        return -self.coefficient * self._summed(x, 3, _inverse_square)

    def _laplacian(self, x: FloatArray) -> FloatArray:
        if self.softening == 0.0:
            # zero everywhere but at a source, where there is no number
            return 0.0 * self._summed(x, 1, _inverse).reshape(-1)
        scale = -3.0 * self.coefficient * self.softening**2
        return scale * self._summed(x, 1, _inverse_fifth).reshape(-1)

    def _summed(self, x: FloatArray, rows: int, law: _Law) -> FloatArray:
        """Sum `law` over the sources, always in the same order whatever the number of points."""
        count = len(self.strengths)
        out = np.zeros((rows, x.shape[1]))
        if count <= _FEW:
            for place, strength in zip(self.positions, self.strengths, strict=True):
                d = x - place[:, np.newaxis]
                for row, term in enumerate(law(d, self._distance_squared(d))):
                    out[row] += strength * term
            return out
        width = min(count, 1024)
        step = max(1, _PAIRS // width)
        for first in range(0, x.shape[1], step):
            part = slice(first, first + step)
            for begin in range(0, count, width):
                some = slice(begin, begin + width)
                d = x[:, part, np.newaxis] - self.positions.T[:, np.newaxis, some]
                for row, term in enumerate(law(d, self._distance_squared(d))):
                    term *= self.strengths[some]
                    # summed along the contiguous axis: pairwise, so the error grows with log(count) only
                    out[row, part] += term.sum(axis=-1)
        return out

    def _distance_squared(self, d: FloatArray) -> FloatArray:
        squared: FloatArray = d[0] * d[0]
        squared += d[1] * d[1]
        squared += d[2] * d[2]
        squared += self.softening**2
        squared[squared == 0.0] = np.nan
        return squared


def _inverse(d: FloatArray, squared: FloatArray) -> Sequence[FloatArray]:
    return (1.0 / np.sqrt(squared),)


def _inverse_square(d: FloatArray, squared: FloatArray) -> Sequence[FloatArray]:
    # one division and three products are quicker than three divisions
    scale = 1.0 / (squared * np.sqrt(squared))
    return (d[0] * scale, d[1] * scale, d[2] * scale)


def _inverse_fifth(d: FloatArray, squared: FloatArray) -> Sequence[FloatArray]:
    return (1.0 / (squared * squared * np.sqrt(squared)),)


def point_charges(charges: ArrayLike, at: ArrayLike, *, name: str = "V") -> PointSources:
    """Superpose point charges in vacuum.

    `charges` (m,) in C, `at` (m, 3) in m, coordinates left out being zero. Unit V. Raises InvalidInput.
    """
    strengths, positions = _charges_and_places("charges", charges, at)
    return PointSources(
        positions=positions,
        strengths=strengths,
        coefficient=COULOMB,
        density_factor=-EPSILON_0,
        name=name,
        unit="V",
        quantity="electric potential",
    )


def point_charge(charge: float | str, at: ArrayLike = (0.0, 0.0, 0.0), *, name: str = "V") -> PointSources:
    """Give one point charge in vacuum, V = q / (4 pi epsilon0 r): `charge` in C or "2 nC", `at` in m, unit V."""
    return point_charges([_amount("charge", charge, "C")], [_place(at)], name=name)


def dipole(
    charge: float,
    separation: float,
    at: ArrayLike = (0.0, 0.0, 0.0),
    axis: ArrayLike = (0.0, 0.0, 1.0),
    *,
    name: str = "V",
) -> PointSources:
    """Give two opposite point charges: +charge at `at` + separation/2 along `axis`, -charge opposite.

    `charge` in C, `separation` > 0 and `at` in m, `axis` any nonzero vector. Unit V. Raises InvalidInput.
    """
    q = finite_number("charge", charge)
    half = 0.5 * finite_number("separation", separation, positive=True) * unit_vector("axis", axis)
    middle = np.array(finite_vector("at", at))
    return point_charges([q, -q], [middle + half, middle - half], name=name)


def point_masses(masses: ArrayLike, at: ArrayLike, *, name: str = "Phi") -> PointSources:
    """Superpose point masses, Phi = -G sum m_i / r_i.

    `masses` (m,) in kg, `at` (m, 3) in m. Unit J/kg. A negative mass is a missing one. Raises InvalidInput.
    """
    strengths, positions = _charges_and_places("masses", masses, at)
    return PointSources(
        positions=positions,
        strengths=strengths,
        coefficient=-GRAVITATION,
        density_factor=1.0 / (4.0 * np.pi * GRAVITATION),
        name=name,
        unit="J/kg",
        quantity="gravitational potential",
    )


def point_mass(mass: float | str, at: ArrayLike = (0.0, 0.0, 0.0), *, name: str = "Phi") -> PointSources:
    """Give one point mass, Phi = -G M / r: `mass` in kg or "3 t", `at` in m, unit J/kg."""
    return point_masses([_amount("mass", mass, "kg")], [_place(at)], name=name)


def _amount(name: str, value: object, unit: str) -> float:
    """Return a number, or a quantity such as "2 nC", in SI."""
    return finite_number(name, parse_quantity(value, unit, name=name) if isinstance(value, str) else value)


def _place(at: object) -> tuple[float, float, float]:
    """Return a place in m, of numbers and quantities such as "5 cm"."""
    if isinstance(at, list | tuple):
        at = [parse_quantity(x, "m", name="at") if isinstance(x, str) else x for x in at]
    return finite_vector("at", at)


def _charges_and_places(name: str, strengths: ArrayLike, at: ArrayLike) -> tuple[FloatArray, FloatArray]:
    rule = "a list of finite numbers, one a position"
    amounts = real_array(name, strengths, rule)
    if amounts.ndim != 1 or amounts.size == 0 or not np.isfinite(amounts).all():
        raise InvalidInput(must(name, rule, strengths, "Give at least one number, each finite, in SI units."))
    places = real_array("at", at, "an array (m, 3) of positions")
    if places.ndim != 2 or not 1 <= places.shape[1] <= 3 or not np.isfinite(places).all():
        raise InvalidInput(must("at", "an array (m, 3) of finite positions", at, "Give one row a source."))
    if len(places) != len(amounts):
        raise InvalidInput(
            must("at", f"as long as `{name}`, {len(amounts)}", len(places), "Give one position a source.")
        )
    positions = np.zeros((len(places), 3))
    positions[:, : places.shape[1]] = places
    amounts = amounts.copy()
    amounts.setflags(write=False)
    positions.setflags(write=False)
    return amounts, positions
