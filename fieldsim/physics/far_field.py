"""Walls that open into empty space: a condition from the sources' multipoles (Bayliss, Gunzburger & Turkel 1982).

With u_m the field of the sources' monopole, dipole and quadrupole about a centre, r from there, n the outward normal,
K d(u - u_m)/dn + K m (n.r)/r^2 (u - u_m) = 0: exact for what falls off as r^-m. m belongs to the lowest multipole
that the sources do not tell: 1 with electrodes, 2 with floating or dielectric bodies, 4 without; one less in the plane.
Planes of symmetry (FluxOut(0), or Value at the level of infinity) count by their mirror images.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations, product
from math import pi

import numpy as np

from fieldsim.arrays import FloatArray
from fieldsim.boundary import Convective, OpenSide, place_on_side
from fieldsim.errors import InvalidInput, must
from fieldsim.linear import COMPATIBLE
from fieldsim.meshes import Mesh, Side
from fieldsim.physics.finite_volume import FiniteVolume, wall_index

_SAME = 1e-9
_AROUND = 0.1
_ANGLES = 8


@dataclass(frozen=True)
class _Cloud:
    """Sources as points: amounts (n,) at points (dim, n), cells of rings and shells at several places of theirs."""

    amounts: FloatArray
    points: FloatArray


@dataclass(frozen=True)
class _Mirror:
    """A plane of symmetry: its unit normal, a point on it, and whether images have the same sign or the other."""

    normal: FloatArray
    point: FloatArray
    sign: float


@dataclass(frozen=True)
class _Multipoles:
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


def opened(volume: FiniteVolume) -> FiniteVolume:
    """Return the law with its open sides' numbers filled in; raises InvalidInput where open space cannot be."""
    sides = {name: c for name, c in volume.conditions.items() if isinstance(c, OpenSide)}
    if not sides:
        return volume
    first = next(iter(sides.values()))
    _refuse_laws(volume, first.name)
    about = _agreed(sides)
    cloud, mesh = _sources(volume), volume.mesh
    mirrors, inner = _mirrors(volume, sides, first.value)
    center = _center(volume, cloud, mirrors, about, first.name)
    moments = _moments(cloud, center, mirrors)
    order = _lowest_unknown(volume, mirrors, inner=inner)
    if mesh.dim == 2:
        _refuse_net(volume, moments, cloud, order, first.name)
    conductivity = _outer_conductivity(volume, sides)
    films, seen = {}, 0.0
    for name, condition in sides.items():
        side = mesh.sides[name]
        points, normals = _faces(mesh, side)
        r = points - center.reshape(-1, *(1,) * (points.ndim - 1))
        square, along = (r**2).sum(axis=0), (r * normals).sum(axis=0)
        if not (along > 0.0).all():
            rule = f"a wall that looks away from the centre of the sources, {tuple(center.tolist())}"
            raise InvalidInput(must(condition.name, rule, "one that looks towards it", "Give about=, or a Value."))
        area = np.broadcast_to(mesh.face_areas(side.axis)[wall_index(side)], along.shape)
        seen += float((area * along * square ** (-mesh.dim / 2)).sum())
        rate = (order + mesh.dim - 2) * along / square
        value, slope = moments.field(r, normals)
        law = Convective(h=conductivity * rate, ambient=condition.value + (value + slope / rate) / conductivity)
        bound = law.bind(place_on_side(mesh, side), volume.equation.units, condition.name)
        films[name] = replace(condition, film=bound)
    _refuse_gaps(mesh, seen, len(mirrors), first.name)
    return replace(volume, conditions={**volume.conditions, **films})


# ---- what the sources are


def _sources(volume: FiniteVolume) -> _Cloud:
    amounts = volume.supply(0.0, np.zeros(volume.mesh.shape))
    for body in volume.bodies.afloat:
        own = volume.mesh.volumes[body.cells]
        amounts[body.cells] = float(body.supply.values(0.0)) * own / own.sum()
    points, weights = _places(volume.mesh)
    shared = np.broadcast_to(weights * amounts.ravel(), (len(weights), amounts.size))
    return _Cloud(shared.ravel(), np.moveaxis(points, 0, 1).reshape(volume.mesh.dim, -1))


def _places(mesh: Mesh) -> tuple[FloatArray, FloatArray]:
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


def _moments(cloud: _Cloud, center: FloatArray, mirrors: list[_Mirror]) -> _Multipoles:
    d, q = cloud.points - center[:, None], cloud.amounts
    dim = len(center)
    charge, dipole = float(q.sum()), d @ q
    quadrupole = dim * (d * q) @ d.T - np.eye(dim) * float(((d**2).sum(axis=0) * q).sum())
    for mirror in mirrors:
        turn = np.eye(dim) - 2.0 * np.outer(mirror.normal, mirror.normal)
        charge += mirror.sign * charge
        dipole = dipole + mirror.sign * turn @ dipole
        quadrupole = quadrupole + mirror.sign * turn @ quadrupole @ turn.T
    return _Multipoles(dim, charge, dipole, quadrupole)


def _center(
    volume: FiniteVolume, cloud: _Cloud, mirrors: list[_Mirror], about: tuple[float, ...] | None, name: str
) -> FloatArray:
    """Return the centre: as given, or of the sources by their size, of the held bodies, or of the mesh."""
    mesh = volume.mesh
    size = np.abs(cloud.amounts)
    if not size.any():
        held = volume.bodies.fixed if volume.bodies.fixed.any() else np.ones(mesh.shape, dtype=bool)
        points, weights = _places(mesh)
        size = (weights * np.where(held, mesh.volumes, 0.0).ravel()).ravel()
    # only ratios matter: tiny charges must not vanish in the sum
    size = size / size.max()
    middle = (cloud.points * size).sum(axis=1) / size.sum()
    middle[np.abs(middle) < _SAME * np.abs(cloud.points).max()] = 0.0
    on_planes = middle if about is None else np.array(about)
    if about is not None and len(about) != mesh.dim:
        raise InvalidInput(must(f"{name}.about", f"a point with {mesh.dim} coordinates", about, "Give them in m."))
    for mirror in mirrors:
        on_planes = on_planes - mirror.normal * float(mirror.normal @ (on_planes - mirror.point))
    if about is not None:
        away = float(np.abs(on_planes - about).max())
        points, weights = _places(mesh)
        mean = np.abs((points * weights[:, None, :]).sum(axis=0)).max(axis=1)
        if None in mesh.coordinate_axis:
            off = [k for k in range(mesh.dim) if mean[k] < _SAME * np.abs(points).max()]
            away = max(away, *(abs(about[k]) for k in off), 0.0)
        if away > _SAME * float(np.abs(cloud.points).max()):
            remedy = "Leave it out, or move it there."
            raise InvalidInput(must(f"{name}.about", "on the axis and planes of symmetry", about, remedy))
    return on_planes


def _lowest_unknown(volume: FiniteVolume, mirrors: list[_Mirror], *, inner: bool) -> int:
    """Return the order of the lowest multipole that the sources do not tell."""
    bodies, constant = volume.bodies, volume.conductivity.constant
    odd = sum(mirror.sign < 0.0 for mirror in mirrors)
    if bodies.held or inner:
        return odd
    if bodies.any or volume.contacts.faces or constant is None or np.ptp(constant) > 0.0:
        return max(1, odd)
    return 3


# ---- where the walls are


def _faces(mesh: Mesh, side: Side) -> tuple[FloatArray, FloatArray]:
    """Return the Cartesian centres of a side's faces and the outward normals there, (dim, faces...)."""
    edges = mesh.axes[side.axis].edges
    number = mesh.axis_coordinate[side.axis]
    q = list(mesh.open_centers)
    q[number] = np.full((1,) * mesh.ndim, edges[-1] if side.end else edges[0])
    shape = tuple(1 if k == side.axis else n for k, n in enumerate(mesh.shape))
    points = np.stack([np.broadcast_to(x, shape) for x in mesh.coordinates.to_cartesian(q)])
    normals = np.broadcast_to(mesh.coordinates.basis(q)[number], points.shape)
    outward = normals if side.end else -normals
    return points.squeeze(axis=side.axis + 1), outward.squeeze(axis=side.axis + 1)


def _mirrors(volume: FiniteVolume, sides: dict[str, OpenSide], level: float) -> tuple[list[_Mirror], bool]:
    """Return the planes of symmetry among the other walls, and whether other walls are left."""
    mirrors: list[_Mirror] = []
    inner = False
    for name in volume.conditions:
        if name in sides:
            continue
        points, normals = _faces(volume.mesh, volume.mesh.sides[name])
        flat, normal = points.reshape(len(points), -1), normals.reshape(len(points), -1)
        sign = _parity(volume, name, level)
        size = float(np.abs(flat).max())
        plane = np.ptp(normal, axis=1).max() < _SAME and np.ptp(normal[:, 0] @ flat) < _SAME * size
        if sign is None or not plane:
            inner = True
            continue
        known = [m for m in mirrors if abs(abs(m.normal @ normal[:, 0]) - 1.0) < _SAME]
        if not any(abs(m.normal @ (flat[:, 0] - m.point)) < _SAME * size and m.sign == sign for m in known):
            mirrors.append(_Mirror(normal[:, 0], flat[:, 0], sign))
    for a, b in combinations(mirrors, 2):
        if abs(a.normal @ b.normal) > _SAME:
            rule = "beside planes of symmetry that meet at right angles"
            remedy = "Take a half or a quarter of the body, or the whole."
            raise InvalidInput(must(next(iter(sides.values())).name, rule, "other planes", remedy))
    return mirrors, inner


def _parity(volume: FiniteVolume, name: str, level: float) -> float | None:
    """Return 1 for a wall that mirrors, -1 for one that mirrors with the other sign, None for any other."""
    state = volume.wall_state(name, 0.0, np.full(volume.mesh.shape, level))
    law = state.law
    if law.flux.any():
        return None
    if not law.slope.any():
        return 1.0
    return -1.0 if (law.slope == state.wall.conductance).all() and (law.reference == level).all() else None


# ---- what cannot be


def _refuse_laws(volume: FiniteVolume, name: str) -> None:
    if not volume.mesh.orthogonal:
        raise InvalidInput(must(name, "on a mesh of orthogonal coordinates", volume.mesh, "Use a box or a sphere."))
    if volume.mesh.dim == 1:
        remedy = "Between plates the field does not fall off: give Value or FluxOut."
        raise InvalidInput(must(name, "in the plane or in space", "a line", remedy))
    left_out = [k for k, axis in enumerate(volume.mesh.coordinate_axis) if axis is None]
    long = [volume.mesh.coordinates.names[k] for k in left_out if volume.mesh.coordinates.lengths[k] == 1]
    if long:
        remedy = "Use a polar mesh, which is the plane."
        raise InvalidInput(must(name, "around a body of finite size", f"one without end along {long[0]}", remedy))
    others = {
        "a sink": volume.sink is not None,
        f"coefficients that follow {volume.equation.symbol}": volume.follows,
        "a velocity": volume.drift is not None,
        "a conductivity that depends on direction": type(volume) is not FiniteVolume,
    }
    for what, present in others.items():
        if present:
            rule = "for a linear law without sink, velocity or directions"
            raise InvalidInput(must(name, rule, what, "Put Value walls farther away."))


def _agreed(sides: dict[str, OpenSide]) -> tuple[float, ...] | None:
    first = next(iter(sides.values()))
    for other in sides.values():
        if (other.value, other.about) != (first.value, first.about):
            got = f"{first.name} and {other.name} that differ"
            raise InvalidInput(must("boundary", "given one far field", got, "There is one infinity: write them alike."))
    return first.about


def _outer_conductivity(volume: FiniteVolume, sides: dict[str, OpenSide]) -> float:
    values = volume.conductivity_at(0.0, np.zeros(volume.mesh.shape))
    outer = np.concatenate([np.ravel(values[wall_index(volume.mesh.sides[name])]) for name in sides])
    if np.ptp(outer) > _SAME * outer.max():
        got = f"{outer.min():.6g} to {outer.max():.6g}"
        remedy = "Space beyond them is one medium."
        raise InvalidInput(must(volume.conductivity.name, "the same along all far walls", got, remedy))
    return float(outer[0])


def _refuse_net(volume: FiniteVolume, moments: _Multipoles, cloud: _Cloud, order: int, name: str) -> None:
    net = abs(moments.charge) > COMPATIBLE * float(np.abs(cloud.amounts).sum())
    if net or order == 0:
        got = f"a net source of {moments.charge:.6g}" if net else "a body or wall whose flow is not known before"
        remedy = "In the plane its potential grows as ln r for ever: take a Value on a circle, or a mesh in space."
        raise InvalidInput(must(name, "for sources that cancel in the plane", got, remedy))


def _refuse_gaps(mesh: Mesh, seen: float, mirrors: int, name: str) -> None:
    whole = (4.0 * pi if mesh.dim == 3 else 2.0 * pi) / 2.0**mirrors
    if abs(seen - whole) > _AROUND * whole:
        got = f"far fields that cover {100.0 * seen / whole:.0f} % of the directions"
        remedy = "Give FarField on every outer wall; planes of symmetry take FluxOut(0.0) or Value(0.0)."
        raise InvalidInput(must(name, "around the sources on all sides", got, remedy))
