"""Sources as points, their multipole moments about a centre, and the field of these outside.

In `dim` = 3 dimensions u = (q/r + p.r/r^3 + r.D r/(2 r^5))/(4 pi K) (Jackson, Classical Electrodynamics, 4.1); in the
plane u = (p.r/r^2 + r.D r/(2 r^4))/(2 pi K), without the logarithm of a net charge.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import pi

import numpy as np

from fieldsim.arrays import BoolArray, FloatArray
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
    return as_points(volume.mesh, amounts)


def as_points(mesh: Mesh, amounts: FloatArray) -> Cloud:
    """Return amounts a cell as points at the centres, only where there is any."""
    cells = amounts != 0.0
    points, weights = places_of(mesh, cells)
    return Cloud((weights * amounts[cells]).ravel(), np.moveaxis(points, 0, 1).reshape(mesh.dim, -1))


def places_of(mesh: Mesh, cells: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Return points (k, dim, n) that stand for each of n cells, several for rings and shells, and weights (k, n)."""
    nodes: list[list[tuple[float, float]]] = []
    for number, axis in enumerate(mesh.coordinate_axis):
        low, high = mesh.coordinates.whole[number]
        if axis is not None:
            nodes.append([(0.0, 1.0)])
        elif mesh.coordinates.periods[number] is not None:
            nodes.append([(low + (high - low) * k / _ANGLES, 1.0) for k in range(_ANGLES)])
        else:
            x, w = (a.tolist() for a in np.polynomial.legendre.leggauss(_ANGLES))
            nodes.append([(low + (high - low) * (0.5 + 0.5 * a), b) for a, b in zip(x, w, strict=True)])
    own = [np.broadcast_to(q, mesh.shape)[cells] for q in mesh.open_centers]
    points, weights = [], []
    for chosen in product(*nodes):
        q = [
            np.full_like(own[0], chosen[number][0]) if axis is None else own[number]
            for number, axis in enumerate(mesh.coordinate_axis)
        ]
        points.append(np.stack(np.broadcast_arrays(*mesh.coordinates.to_cartesian(q))))
        share: FloatArray | float = float(np.prod([weight for _, weight in chosen]))
        for factor in mesh.coordinates.scale_factors(q):
            share = share * factor
        weights.append(np.broadcast_to(share, own[0].shape))
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
