"""What a coordinate system is: names, a map to Cartesian coordinates and back, scale factors, singular ends.

Orthogonal coordinates q have covariant basis vectors a_i = dx/dq_i of length h_i (the scale factors); the unit vectors
are e_i = a_i / h_i. Everything else in the package that depends on geometry is derived from these.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import ClassVar, Literal

import numpy as np

from fieldsim.arrays import AnyArray, FloatArray

# Far below rounding: a complex step differentiates an analytic function to the last digit
# (Squire & Trapp, SIAM Rev. 40 (1998) 110).
_STEP = 1e-30


@dataclass(frozen=True)
class Image:
    """How one other coordinate changes on the way through a pole: q -> about - q, or q -> q + about."""

    axis: int
    kind: Literal["flip", "shift"]
    about: float


@dataclass(frozen=True)
class Pole:
    """An end where faces shrink to nothing and the axis comes back on the other side.

    A point just beyond `at` on `axis` is the point just before it with the `images` applied.
    """

    axis: int
    at: float
    images: tuple[Image, ...] = ()

    def signs(self, dim: int) -> tuple[int, ...]:
        """Return, a coordinate, -1 where the way through the pole reverses its direction, else 1."""
        reversed_axes = {self.axis} | {image.axis for image in self.images if image.kind == "flip"}
        return tuple(-1 if i in reversed_axes else 1 for i in range(dim))


@dataclass(frozen=True)
class Coordinates(ABC):
    """A right-handed orthogonal coordinate system; subclasses are a map, its inverse and the scale factors."""

    name: ClassVar[str]
    names: ClassVar[tuple[str, ...]]
    limits: ClassVar[tuple[tuple[float, float], ...]]
    periods: ClassVar[tuple[float | None, ...]]
    # The range an axis stands for, and the place it is drawn at, when a mesh leaves it out as a symmetry.
    whole: ClassVar[tuple[tuple[float, float], ...]]
    reference: ClassVar[tuple[float, ...]]
    # Each set of axes that may be left out together.
    symmetries: ClassVar[tuple[frozenset[str], ...]] = ()
    poles: ClassVar[tuple[Pole, ...]] = ()
    # The power of the metre each coordinate is measured in: 1 for lengths, 0 for angles and pure numbers.
    lengths: ClassVar[tuple[float, ...]]

    @property
    def dim(self) -> int:
        """Number of Cartesian axes, which is the number of components of a vector."""
        return len(self.names)

    @abstractmethod
    def to_cartesian(self, q: Sequence[AnyArray]) -> tuple[AnyArray, ...]:
        """Return the Cartesian coordinates of the point with native coordinates `q`."""

    @abstractmethod
    def from_cartesian(self, x: Sequence[FloatArray]) -> tuple[FloatArray, ...]:
        """Return the native coordinates of Cartesian points, within `limits`."""

    @abstractmethod
    def scale_factors(self, q: Sequence[AnyArray]) -> tuple[AnyArray | float, ...]:
        """Return h_i(q), analytic in q: beyond a pole they may be negative."""

    def scale_factor_derivatives(self, q: Sequence[FloatArray], axis: int) -> tuple[FloatArray, ...]:
        """Return dh_i/dq_axis, exact to rounding (complex step)."""
        stepped = self._stepped(q, axis)
        return tuple(np.asarray(np.imag(h)) / _STEP for h in self.scale_factors(stepped))

    def tangents(self, q: Sequence[FloatArray], axis: int) -> tuple[FloatArray, ...]:
        """Return the Cartesian components of dx/dq_axis, exact to rounding (complex step)."""
        stepped = self._stepped(q, axis)
        return tuple(np.asarray(np.imag(x)) / _STEP for x in self.to_cartesian(stepped))

    def basis(self, q: Sequence[FloatArray]) -> FloatArray:
        """Return e[i, k]: Cartesian component k of the unit vector along coordinate i."""
        shape = np.broadcast_shapes(*(np.shape(qi) for qi in q))
        result = np.empty((self.dim, self.dim, *shape))
        factors = self.scale_factors(q)
        for i in range(self.dim):
            for k, component in enumerate(self.tangents(q, i)):
                result[i, k] = component / factors[i]
        return result

    def _stepped(self, q: Sequence[FloatArray], axis: int) -> list[AnyArray]:
        """Return `q` with an imaginary step along one coordinate."""
        stepped: list[AnyArray] = [np.asarray(qi, dtype=np.float64) for qi in q]
        stepped[axis] = stepped[axis] + 1j * _STEP
        return stepped


UNBOUNDED = (-inf, inf)
