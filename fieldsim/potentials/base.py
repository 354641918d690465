"""What every potential can do: value, exact gradient, Laplacian, source density, sums and multiples.

A potential is a scalar function of Cartesian points. Points are arrays (dim, ...) with dim 1, 2 or 3;
coordinates that are missing are zero, so (2, n) means the plane z = 0. Work goes block by block: the memory
beside the answer does not grow with the points, and a point's bits do not depend on its neighbours.
At a singularity the answer is NaN, never infinite, never a warning.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from fieldsim.errors import InvalidInput, must
from fieldsim.potentials.checks import (
    MOST_COORDINATES,
    FloatArray,
    checked_points,
    finite_number,
    finite_vector,
)

# points worked on at once: 64 kB a row, so that what is in between stays in the cache
_BLOCK = 8192


@dataclass(frozen=True)
class PointSource:
    """A place where a potential is infinite; the charge (C), mass (kg) or moment (C m) sitting there."""

    position: tuple[float, float, float]
    strength: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Potential(ABC):
    """A scalar field given by a formula or by data, with the exact gradient of what `value` returns."""

    name: str = ""
    unit: str = ""
    quantity: str = ""

    @property
    def needed_coordinates(self) -> int:
        """Return the least number of coordinates a point must have."""
        return 1

    @property
    def singularities(self) -> tuple[PointSource, ...]:
        """Return the places where the potential is infinite, with what sits there."""
        return ()

    def value(self, points: ArrayLike) -> FloatArray:
        """Evaluate at Cartesian points.

        `points` (dim, ...) in metres; returns (...) in `unit`, NaN at singularities. Raises InvalidInput
        for arrays that are not real or have the wrong first axis.
        """
        array = checked_points(points, self.needed_coordinates, self.name)
        flat = array.reshape(array.shape[0], -1)
        out = np.empty(flat.shape[1])
        with np.errstate(all="ignore"):
            for start in range(0, flat.shape[1], _BLOCK):
                stop = start + _BLOCK
                out[start:stop] = self._value(_three(flat[:, start:stop]))
        _tidy(out)
        return out.reshape(array.shape[1:])

    def __call__(self, points: ArrayLike) -> FloatArray:
        """Evaluate at Cartesian points: the same as `value`."""
        return self.value(points)

    def gradient(self, points: ArrayLike) -> FloatArray:
        """Evaluate the exact gradient at Cartesian points.

        `points` (dim, ...) in metres; returns the first dim Cartesian components, (dim, ...) in `unit`/m.
        """
        array = checked_points(points, self.needed_coordinates, self.name)
        flat = array.reshape(array.shape[0], -1)
        out = np.empty(flat.shape)
        with np.errstate(all="ignore"):
            for start in range(0, flat.shape[1], _BLOCK):
                stop = start + _BLOCK
                out[:, start:stop] = self._gradient(_three(flat[:, start:stop]))[: flat.shape[0]]
        _tidy(out)
        return out.reshape(array.shape)

    def laplacian(self, points: ArrayLike) -> FloatArray | None:
        """Evaluate the exact Laplacian in three dimensions, (...) in `unit`/m^2; None when unknown."""
        array = checked_points(points, self.needed_coordinates, self.name)
        flat = array.reshape(array.shape[0], -1)
        out = np.empty(flat.shape[1])
        with np.errstate(all="ignore"):
            # an empty set of points is still asked once, so that "unknown" is told apart from "nothing"
            for start in range(0, max(flat.shape[1], 1), _BLOCK):
                stop = start + _BLOCK
                part = self._laplacian(_three(flat[:, start:stop]))
                if part is None:
                    return None
                out[start:stop] = part
        _tidy(out)
        return out.reshape(array.shape[1:])

    def source_density(self, points: ArrayLike) -> FloatArray | None:
        """Evaluate the density the field equation asks for; None when the potential obeys none that is known.

        Electric: rho = -epsilon0 laplacian(V), C/m^3. Gravity: rho = laplacian(Phi)/(4 pi G), kg/m^3.
        Point charges and masses themselves are in `singularities`; away from them the density is zero.
        """
        factor = self._density_factor()
        if factor is None:
            return None
        laplacian = self.laplacian(points)
        return None if laplacian is None else factor * laplacian

    # sums and multiples are themselves potentials: their module is imported where it is used

    def __add__(self, other: object) -> Potential:
        """Superpose two potentials of equal unit."""
        if isinstance(other, Potential):
            from fieldsim.potentials.combinations import Sum

            return Sum.of(self, other)
        return NotImplemented

    def __radd__(self, other: object) -> Potential:
        """Let the built-in sum() start from its zero."""
        if isinstance(other, int) and other == 0:
            return self
        return NotImplemented

    def __sub__(self, other: object) -> Potential:
        """Superpose a potential and the negative of another."""
        if isinstance(other, Potential):
            from fieldsim.potentials.combinations import Sum

            return Sum.of(self, -other)
        return NotImplemented

    def __mul__(self, factor: object) -> Potential:
        """Multiply by a number without unit."""
        if isinstance(factor, (int, float, np.integer, np.floating)):
            from fieldsim.potentials.combinations import Multiple

            return Multiple.of(self, finite_number("factor", factor))
        return NotImplemented

    __rmul__ = __mul__

    def __truediv__(self, factor: object) -> Potential:
        """Divide by a number without unit."""
        if isinstance(factor, (int, float, np.integer, np.floating)):
            number = finite_number("divisor", factor)
            if number == 0.0:
                raise InvalidInput(must("divisor", "other than zero", factor, "Divide by a nonzero number."))
            from fieldsim.potentials.combinations import Multiple

            return Multiple.of(self, 1.0 / number)
        return NotImplemented

    def __neg__(self) -> Potential:
        """Turn the sign."""
        from fieldsim.potentials.combinations import Multiple

        return Multiple.of(self, -1.0)

    def shifted(self, vector: ArrayLike) -> Potential:
        """Move the potential by `vector`, one to three Cartesian components in metres."""
        from fieldsim.potentials.combinations import Shifted

        return Shifted(
            inner=self,
            vector=finite_vector("vector", vector),
            name=self.name,
            unit=self.unit,
            quantity=self.quantity,
        )

    def cut(self, radius: float) -> Potential:
        """Blank a ball around every singularity: NaN where the distance is below `radius` (m)."""
        from fieldsim.potentials.combinations import Cut

        return Cut(
            inner=self,
            radius=finite_number("radius", radius, positive=True),
            name=self.name,
            unit=self.unit,
            quantity=self.quantity,
        )

    def soften(self, length: float) -> Potential:
        """Replace r by sqrt(r^2 + length^2) in every point source; `length` in metres.

        What has no singularity is returned unchanged. Source: Plummer, MNRAS 71, 460 (1911).
        """
        finite_number("length", length, positive=True)
        return self

    def renamed(self, name: str, *, quantity: str | None = None) -> Potential:
        """Return the same potential under another name, and another quantity if one is given."""
        return replace(self, name=name, quantity=self.quantity if quantity is None else quantity)

    def _clearance(self, x: FloatArray) -> FloatArray:
        """Return the distance of each point to the nearest place where the potential is infinite."""
        return np.full(x.shape[1], np.inf)

    def _density_factor(self) -> float | None:
        return None

    @abstractmethod
    def _value(self, x: FloatArray) -> FloatArray: ...

    @abstractmethod
    def _gradient(self, x: FloatArray) -> FloatArray: ...

    def _laplacian(self, x: FloatArray) -> FloatArray | None:
        return None


def _three(flat: FloatArray) -> FloatArray:
    """Return the points as (3, n) contiguous, zeros standing for coordinates that are missing."""
    out = np.zeros((MOST_COORDINATES, flat.shape[1]))
    out[: flat.shape[0]] = flat
    return out


def _tidy(values: FloatArray) -> None:
    """Replace overflow next to a singularity by NaN, and -0 by 0, which a lesson should not show."""
    values += 0.0
    infinite = np.isinf(values)
    if infinite.any():
        values[infinite] = np.nan
