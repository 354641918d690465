"""Sources as points, their multipole moments about a centre, and the field of these outside.

In `dim` = 3 dimensions u = (q/r + p.r/r^3 + r.D r/(2 r^5))/(4 pi K) (Jackson, Classical Electrodynamics, 4.1); in the
plane u = (p.r/r^2 + r.D r/(2 r^4))/(2 pi K), without the logarithm of a net charge.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import pi

import numpy as np

from fieldsim.arrays import FloatArray
from fieldsim.meshes import Mesh
from fieldsim.physics.finite_volume import FiniteVolume

_ANGLES = 8


@dataclass(frozen=True)
class Cloud:
    """Sources as points: amounts (n,) at points (dim, n), cells of rings and shells at several places of theirs."""

    amounts: FloatArray
    points: FloatArray


@dataclass(frozen=True)
class Mirror:
    """A plane of symmetry: its unit normal, a point on it, and whether images have the same sign or the other."""

    normal: FloatArray
    point: FloatArray
    sign: float


@dataclass(frozen=True)
class Multipoles:
    """Moments about a centre in `dim` dimensions: q = sum q_i, p = sum q_i d, D = sum q_i (dim d d - d^2)."""

    dim: int
    charge: float
    dipole: FloatArray
    quadrupole: FloatArray

    def field(self, r: FloatArray, normals: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the potential at r (dim, ...) for unit K, and its derivative along the normals."""
        n, square = self.dim, (r**2).sum(axis=0)
        along = np.einsum("i...,i...->...", r, normals)
        turned = np.einsum("ij,j...->i...", self.quadrupole, r)
        p, pn = (np.einsum("i,i...->...", self.dipole, x) for x in (r, normals))
        d, dn = (np.einsum("i...,i...->...", turned, x) for x in (r, normals))
        value = p * square ** (-n / 2) + 0.5 * d * square ** (-n / 2 - 1)
        slope = (pn - n * p * along / square) * square ** (-n / 2)
        slope += (dn - 0.5 * (n + 2) * d * along / square) * square ** (-n / 2 - 1)
        if n == 3:
            value += self.charge * square**-0.5
            slope -= self.charge * along * square**-1.5
        full = 4.0 * pi if n == 3 else 2.0 * pi
        return value / full, slope / full


def sources_of(volume: FiniteVolume) -> Cloud:
    """Return the sources of a linear law, floating bodies included, at t = 0."""
    amounts = volume.supply(0.0, np.zeros(volume.mesh.shape))
    for body in volume.bodies.afloat:
        own = volume.mesh.volumes[body.cells]
        amounts[body.cells] = float(body.supply.values(0.0)) * own / own.sum()
    points, weights = places_of(volume.mesh)
    shared = np.broadcast_to(weights * amounts.ravel(), (len(weights), amounts.size))
    return Cloud(shared.ravel(), np.moveaxis(points, 0, 1).reshape(volume.mesh.dim, -1))


def places_of(mesh: Mesh) -> tuple[FloatArray, FloatArray]:
    """Return points (k, dim, cells) that stand for each cell of rings and shells, and their weights (k, 1 or cells)."""
    nodes: list[list[tuple[float, float]]] = []
    for number, axis in enumerate(mesh.coordinate_axis):
        low, high = mesh.coordinates.whole[number]
        if axis is not None:
            nodes.append([(0.0, 1.0)])
        elif mesh.coordinates.periods[number] is not None:
            nodes.append([(low + (high - low) * k / _ANGLES, 1.0) for k in range(_ANGLES)])
        else:
            x, w = np.polynomial.legendre.leggauss(_ANGLES)
            nodes.append(
                [(low + (high - low) * (0.5 + 0.5 * a), b) for a, b in zip(x.tolist(), w.tolist(), strict=True)]
            )
    points, weights = [], []
    for chosen in product(*nodes):
        q = list(mesh.open_centers)
        for number, axis in enumerate(mesh.coordinate_axis):
            if axis is None:
                q[number] = np.full((1,) * mesh.ndim, chosen[number][0])
        where = (
            mesh.points
            if len(nodes) == mesh.ndim
            else np.stack([np.broadcast_to(x, mesh.shape) for x in mesh.coordinates.to_cartesian(q)])
        )
        factor = np.prod([np.broadcast_to(h, mesh.shape) for h in mesh.coordinates.scale_factors(q)], axis=0)
        points.append(where.reshape(mesh.dim, -1))
        weights.append(np.prod([w for _, w in chosen]) * factor.ravel())
    stacked = np.stack(weights)
    return np.stack(points), stacked / stacked.sum(axis=0)


def moments_about(cloud: Cloud, center: FloatArray, mirrors: list[Mirror]) -> Multipoles:
    """Return the moments of the sources and their images in planes through the centre at right angles."""
    d, q = cloud.points - center[:, None], cloud.amounts
    dim = len(center)
    charge, dipole = float(q.sum()), d @ q
    quadrupole = dim * (d * q) @ d.T - np.eye(dim) * float(((d**2).sum(axis=0) * q).sum())
    for mirror in mirrors:
        turn = np.eye(dim) - 2.0 * np.outer(mirror.normal, mirror.normal)
        charge += mirror.sign * charge
        dipole = dipole + mirror.sign * turn @ dipole
        quadrupole = quadrupole + mirror.sign * turn @ quadrupole @ turn.T
    return Multipoles(dim, charge, dipole, quadrupole)
