"""Two-point conduction: the face conductances A / (d_i/K_i + R + d_j/K_j) between neighbouring cells.

The distance-weighted harmonic mean is exact for layers, R is a contact's resistance. Where K follows the unknown, K_i
is its mean over the values between u_i and u_j (Kirchhoff 1894), exact for K(u). Nothing resists inside a held body,
and nothing passes into a hole.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fieldsim.arrays import FloatArray
from fieldsim.boundary import Given
from fieldsim.errors import InvalidInput, NumericalFailure, must
from fieldsim.linear import GridOperator
from fieldsim.meshes import Mesh
from fieldsim.physics.bodies import Bodies
from fieldsim.physics.contact import Contacts, up_to_surfaces
from fieldsim.physics.tensor import GivenTensor

# Gauss-Legendre: exact for polynomials K(u) up to degree five
_POINTS, _WEIGHTS = (0.5 * x for x in np.polynomial.legendre.leggauss(3))
_POINTS = _POINTS + 0.5


@dataclass(frozen=True, eq=False)
class Conduction:
    """The conductivity on a mesh with its bodies and contacts; a tensor is diagonal in the mesh's directions."""

    mesh: Mesh
    conductivity: Given | GivenTensor
    bodies: Bodies
    contacts: Contacts

    def values(self, t: float, u: FloatArray) -> FloatArray:
        """Return the conductivity in every cell, (ndim, ndim, *shape) for a tensor."""
        return self.checked(self.conductivity.values(t, u))

    def along(self, t: float, u: FloatArray, axis: int) -> FloatArray:
        """Return the conductivity in every cell, where it is a tensor that along an axis."""
        values = self.values(t, u)
        return np.asarray(values[axis, axis]) if isinstance(self.conductivity, GivenTensor) else values

    def mean(self, conductivity: Given, t: float, u: FloatArray, other: FloatArray) -> FloatArray:
        """Return the mean of a conductivity that follows the unknown over the values between u and other."""
        step = other - u
        total = np.zeros_like(u)
        for point, weight in zip(_POINTS, _WEIGHTS, strict=True):
            total += weight * self.checked(conductivity.values(t, u + point * step))
        return total

    def checked(self, values: FloatArray) -> FloatArray:
        """Return conductivities above 0; raises NumericalFailure. Constant ones were checked when they were read."""
        if isinstance(self.conductivity, GivenTensor) or not (self.conductivity.varies or self.conductivity.follows):
            return values
        return positive(values, self.conductivity.name, moving=True)

    def operator(self, t: float, u: FloatArray) -> GridOperator:
        """Return the conductances between all neighbouring cells, without the walls."""
        changing = self.conductivity.varies or self.conductivity.follows or self.contacts.varying
        return self._operator(t, u) if changing else self._constant

    @cached_property
    def _constant(self) -> GridOperator:
        return self._operator(0.0, np.zeros(self.mesh.shape))

    def _operator(self, t: float, u: FloatArray) -> GridOperator:
        periodic = tuple(axis.periodic for axis in self.mesh.axes)
        follows = isinstance(self.conductivity, Given) and self.conductivity.follows
        across = self._across_following if follows else self._across
        couplings = tuple(
            self._conductances(axis, across(axis, t, u, self.contacts.across(axis, t)))
            for axis in range(self.mesh.ndim)
        )
        return GridOperator(np.zeros(self.mesh.shape), couplings, periodic)

    def _conductances(self, axis: int, resistance: FloatArray) -> FloatArray:
        """Return area over resistance; 0 inside a held body, where nothing resists and nothing flows."""
        count = self.mesh.shape[axis] - (not self.mesh.axes[axis].periodic)
        areas = _narrow(_part(self.mesh.face_areas(axis), axis, 1, count + 1, of=self.mesh.shape[axis] + 1))
        shape = tuple(count if k == axis else n for k, n in enumerate(self.mesh.shape))
        if resistance.shape == shape and not self.bodies.any:
            return np.divide(areas, resistance, out=resistance)
        flat = np.zeros(np.broadcast_shapes(areas.shape, resistance.shape))
        np.divide(areas, resistance, out=flat, where=resistance > 0.0)
        return flat if flat.shape == shape else np.array(np.broadcast_to(flat, shape))

    def _across(self, axis: int, t: float, u: FloatArray, extra: FloatArray | None) -> FloatArray:
        """Return the resistance per area between neighbours, of size 1 along axes on which nothing depends."""
        n = self.mesh.shape[axis]
        to_lower, to_upper = (_narrow(distance) for distance in self.mesh.half_distances(axis))
        conductivity = _narrow(self.along(t, u, axis))
        below, above = self._resistance(to_upper, conductivity), self._resistance(to_lower, conductivity)
        if self.mesh.axes[axis].periodic:
            total = below + np.roll(above, -1, axis)
        else:
            total = _part(below, axis, 0, n - 1, of=n) + _part(above, axis, 1, n, of=n)
        return total if extra is None else total + extra

    def _across_following(self, axis: int, t: float, u: FloatArray, extra: FloatArray | None) -> FloatArray:
        """Return the resistance per area between neighbours where the conductivity follows their values."""
        conductivity, periodic = self.conductivity, self.mesh.axes[axis].periodic
        n = self.mesh.shape[axis]
        count = n - (not periodic)
        to_lower, to_upper = self.mesh.half_distances(axis)
        if not isinstance(conductivity, Given):
            raise TypeError("a tensor does not follow the unknown")

        def halves(above: FloatArray, below: FloatArray) -> tuple[FloatArray, FloatArray]:
            lower = self._resistance(to_upper, self.mean(conductivity, t, u, above))
            upper = np.roll(self._resistance(to_lower, self.mean(conductivity, t, u, below)), -1, axis)
            return _part(lower, axis, 0, count, of=n), _part(upper, axis, 0, count, of=n)

        ends = (_neighbour(u, axis, 1, periodic=periodic), _neighbour(u, axis, -1, periodic=periodic))
        lower, upper = halves(*ends)
        if extra is None:
            return lower + upper
        lower, upper = up_to_surfaces(halves, u, axis, *ends, extra)
        return lower + upper + extra

    def _resistance(self, distance: FloatArray, conductivity: FloatArray) -> FloatArray:
        if not self.bodies.any:
            return distance / conductivity
        result = np.where(self.bodies.fixed, 0.0, distance / conductivity)
        result[self.bodies.holes] = np.inf
        return result


def positive(
    values: FloatArray,
    name: str,
    *,
    moving: bool = False,
    remedy: str = "An insulator has a small value, not zero.",
) -> FloatArray:
    """Return values above 0; raises InvalidInput, or NumericalFailure for a coefficient that is `moving`."""
    bad = ~(values > 0.0)
    if not bad.any():
        return values
    cell = tuple(int(i) for i in np.argwhere(bad)[0])
    where = f"{values[cell]:.6g} in cell {cell}" if values.size > 1 else f"{values[cell]:.6g}"
    if moving or not np.isfinite(values[cell]):
        raise NumericalFailure(
            must(name, "above 0 for every value of the unknown", where, "Bound it: max(0.1, 1 - T/1000), say.")
        )
    raise InvalidInput(must(name, "above 0 everywhere", where, remedy))


def _narrow(values: FloatArray) -> FloatArray:
    """Return a broadcast array with size 1 along the axes that store nothing."""
    return values[tuple(slice(0, 1) if stride == 0 else slice(None) for stride in values.strides)]


def _part(values: FloatArray, axis: int, first: int, last: int, *, of: int) -> FloatArray:
    """Return a slab of `of` layers along one axis; of what is the same along it, all."""
    if values.shape[axis] < of:
        return values
    return values[(slice(None),) * axis + (slice(first, last),)]


def _neighbour(u: FloatArray, axis: int, step: int, *, periodic: bool) -> FloatArray:
    """Return each cell's neighbour's value along an axis; at the ends of an open axis the cell's own."""
    rolled = np.roll(u, -step, axis)
    if not periodic:
        end = (slice(None),) * axis + (-1 if step > 0 else 0,)
        rolled[end] = u[end]
    return rolled
