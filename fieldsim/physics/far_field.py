"""Walls that open into empty space: a condition from the sources' multipoles (Bayliss, Gunzburger & Turkel 1982).

With u_m the field of the sources' monopole, dipole and quadrupole about a centre, r from there, n the outward normal,
K d(u - u_m)/dn + K m (n.r)/r^2 (u - u_m) = 0: exact for what falls off as r^-m. m belongs to the lowest multipole
that the sources do not tell: 2 with bodies or dielectrics, 4 without; one less in the plane. The monopole of electrodes
is what they turn out to give off. Planes of symmetry (FluxOut(0), or Value as far away) count by their mirror images.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from itertools import combinations
from math import pi

import numpy as np

from fieldsim.arrays import FloatArray
from fieldsim.boundary import Convective, OpenSide, Place, place_on_side, read_given
from fieldsim.errors import InvalidInput, must
from fieldsim.linear import COMPATIBLE
from fieldsim.meshes import Mesh, Side
from fieldsim.meshes.names import coordinate_formulas
from fieldsim.physics.finite_volume import FiniteVolume, wall_index
from fieldsim.physics.multipoles import Cloud, Mirror, Multipoles, as_points, moments_about, places_of, sources_of
from fieldsim.physics.tensor import GivenTensor

_SAME = 1e-9
_AROUND = 0.1
# a slope exact for polynomials up to degree four
_SHIFTS = (-0.2, -0.1, 0.1, 0.2)
_SLOPES = (1 / 1.2, -8 / 1.2, 8 / 1.2, -1 / 1.2)


def opened(volume: FiniteVolume, charge: float | None = None) -> FiniteVolume:
    """Return the law with its open sides' numbers filled in; raises InvalidInput where open space cannot be.

    `charge` is what goes to infinity through these sides in all; left out, what the sources give.
    """
    sides = {name: c for name, c in volume.conditions.items() if isinstance(c, OpenSide)}
    if not sides:
        return volume
    first = next(iter(sides.values()))
    _refuse_laws(volume, first.name)
    _refuse_differences(sides)
    cloud, mesh = sources_of(volume), volume.mesh
    backgrounds = {name: _background(volume, name, first.value) for name in sides}
    largest = max(float(np.abs(level).max()) for level, _ in backgrounds.values())
    mirrors, inner = _mirrors(volume, sides, first.value, largest)
    if not mirrors:
        _refuse_sources(volume, backgrounds, first)
    extent = max(float(np.abs(_faces(mesh, mesh.sides[name])[0]).max()) for name in sides)
    center = _center(volume, cloud, mirrors, first, extent)
    moments = moments_about(cloud, center, mirrors)
    if charge is not None:
        moments = replace(moments, charge=charge * 2.0 ** len(mirrors))
    order = _lowest_unknown(volume, mirrors, inner=inner)
    waits = order == 0
    if mesh.dim == 2:
        _refuse_net(moments, cloud, order, first.name)
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
        rate = (max(order, 1) + mesh.dim - 2) * along / square
        value, slope = moments.field(r, normals)
        level, rise = backgrounds[name]
        ambient = level + rise / rate + (value + slope / rate) / conductivity
        law = Convective(h=conductivity * rate, ambient=ambient)
        bound = law.bind(place_on_side(mesh, side), volume.equation.units, condition.name)
        films[name] = replace(condition, film=bound, waits=waits)
    _refuse_gaps(mesh, seen, len(mirrors), first.name)
    return replace(volume, conditions={**volume.conditions, **films})


def gone_far(volume: FiniteVolume, u: FloatArray) -> float:
    """Return what goes to infinity in all through the open sides of a steady law."""
    flows = volume.outflows(0.0, u)
    return sum(float(flows[name].sum()) for name, c in volume.conditions.items() if isinstance(c, OpenSide))


def waiting(volume: FiniteVolume) -> bool:
    """Return whether what goes to infinity is known from a solution only."""
    return any(isinstance(c, OpenSide) and c.waits for c in volume.conditions.values())


# ---- what the sources do not tell


def _center(volume: FiniteVolume, cloud: Cloud, mirrors: list[Mirror], first: OpenSide, extent: float) -> FloatArray:
    """Return the centre: as given, or of the sources by their size, of the bodies, or of the mesh."""
    mesh, about = volume.mesh, first.about
    if about is not None and len(about) != mesh.dim:
        rule = f"a point with {mesh.dim} coordinates"
        raise InvalidInput(must(f"{first.name}.about", rule, about, "Give them in m."))
    if not cloud.amounts.size:
        bodies = volume.bodies.fixed if volume.bodies.fixed.any() else np.ones(mesh.shape, dtype=bool)
        cloud = as_points(mesh, np.where(bodies, mesh.volumes, 0.0))
    # only ratios matter: tiny charges must not vanish in the sum
    size = np.abs(cloud.amounts) / np.abs(cloud.amounts).max()
    middle = (cloud.points * size).sum(axis=1) / size.sum() if about is None else np.array(about)
    center = middle
    for mirror in mirrors:
        center = center - mirror.normal * float(mirror.normal @ (center - mirror.point))
    if None in mesh.coordinate_axis:
        points, weights = places_of(mesh, np.ones(mesh.shape, dtype=bool))
        mean = np.abs((points * weights[:, None, :]).sum(axis=0)).max(axis=1)
        center = np.where(mean < _SAME * extent, 0.0, center)
    if about is not None and np.abs(center - middle).max() > _SAME * extent:
        rule = "on the axis and planes of symmetry"
        raise InvalidInput(must(f"{first.name}.about", rule, about, "Leave it out, or move it there."))
    return center


def _lowest_unknown(volume: FiniteVolume, mirrors: list[Mirror], *, inner: bool) -> int:
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


def _background(volume: FiniteVolume, name: str, value: float | str) -> tuple[FloatArray, FloatArray]:
    """Return the field without what is inside, and its derivative along the outward normal, over a side."""
    mesh = volume.mesh
    side = mesh.sides[name]
    number, edges = mesh.axis_coordinate[side.axis], mesh.axes[side.axis].edges
    end, step = (edges[-1], edges[-1] - edges[-2]) if side.end else (edges[0], edges[0] - edges[1])
    levels = []
    for shift in (0.0, *_SHIFTS):
        q = list(mesh.open_centers)
        q[number] = np.full((1,) * mesh.ndim, end + shift * step)
        place = _place_at(mesh, side, q)
        given = read_given(value, place, unit=volume.equation.unit, name=f"boundary[{name!r}].value", time=False)
        levels.append(given.values(0.0))
    q[number] = np.full((1,) * mesh.ndim, end)
    shape = tuple(1 if k == side.axis else n for k, n in enumerate(mesh.shape))
    scale = np.broadcast_to(mesh.coordinates.scale_factors(q)[number], shape).squeeze(axis=side.axis)
    rise = np.tensordot(_SLOPES, np.stack(levels[1:]) - levels[0], 1) / (abs(step) * np.abs(scale))
    return levels[0], rise


def _place_at(mesh: Mesh, side: Side, q: list[FloatArray]) -> Place:
    shape = tuple(1 if k == side.axis else n for k, n in enumerate(mesh.shape))

    def coordinates(names: Collection[str]) -> Mapping[str, FloatArray]:
        formulas = coordinate_formulas(mesh.coordinates, frozenset(mesh.names))
        return {n: np.broadcast_to(np.asarray(formulas[n](q)), shape).squeeze(axis=side.axis) for n in names}

    return Place(tuple(np.delete(mesh.shape, side.axis).tolist()), mesh.expression_names, coordinates, "face")


def _refuse_sources(
    volume: FiniteVolume, backgrounds: dict[str, tuple[FloatArray, FloatArray]], first: OpenSide
) -> None:
    """Raise InvalidInput where the field without what is inside has sources inside nevertheless."""
    flows = []
    for name, (_, rise) in backgrounds.items():
        side = volume.mesh.sides[name]
        flows.append(np.ravel(rise * volume.mesh.face_areas(side.axis)[wall_index(side)]))
    flow = np.concatenate(flows)
    if abs(float(flow.sum())) > _AROUND * float(np.abs(flow).sum()):
        remedy = "Its Laplacian must vanish: '-E0*z', say; the sources inside belong to the model."
        raise InvalidInput(must(f"{first.name}.value", "a field without sources", first.value, remedy))


def _mirrors(
    volume: FiniteVolume, sides: dict[str, OpenSide], value: float | str, largest: float
) -> tuple[list[Mirror], bool]:
    """Return the planes of symmetry among the other walls, and whether other walls are left."""
    mirrors: list[Mirror] = []
    inner = False
    for name in volume.conditions:
        if name in sides:
            continue
        points, normals = _faces(volume.mesh, volume.mesh.sides[name])
        flat, normal = points.reshape(len(points), -1), normals.reshape(len(points), -1)
        sign = _parity(volume, name, value, largest)
        size = float(np.abs(flat).max())
        plane = np.ptp(normal, axis=1).max() < _SAME and np.ptp(normal[:, 0] @ flat) < _SAME * size
        if sign is None or not plane:
            inner = True
            continue
        known = [m for m in mirrors if abs(abs(m.normal @ normal[:, 0]) - 1.0) < _SAME]
        if not any(abs(m.normal @ (flat[:, 0] - m.point)) < _SAME * size and m.sign == sign for m in known):
            mirrors.append(Mirror(normal[:, 0], flat[:, 0], sign))
    for a, b in combinations(mirrors, 2):
        if abs(a.normal @ b.normal) > _SAME:
            rule = "beside planes of symmetry that meet at right angles"
            remedy = "Take a half or a quarter of the body, or the whole."
            raise InvalidInput(must(next(iter(sides.values())).name, rule, "other planes", remedy))
    return mirrors, inner


def _parity(volume: FiniteVolume, name: str, value: float | str, largest: float) -> float | None:
    """Return 1 for a wall that mirrors, -1 for one that mirrors with the other sign, None for any other.

    `largest` is the size of the field without what is inside, which must have the symmetry too.
    """
    state = volume.wall_state(name, 0.0, np.zeros(volume.mesh.shape))
    law, wall = state.law, state.wall
    level, rise = _background(volume, name, value)
    if law.flux.any():
        return None
    if not law.slope.any():
        return 1.0 if (np.abs(rise) * wall.distance).max() <= _SAME * largest else None
    held = (law.slope == wall.conductance).all()
    return -1.0 if held and np.abs(law.reference - level).max() <= _SAME * largest else None


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
        "a velocity": volume.drift is not None,
        f"coefficients that follow {volume.equation.symbol}": volume.follows,
        "a conductivity that depends on direction": isinstance(volume.conductivity, GivenTensor),
    }
    for what, present in others.items():
        if present:
            rule = "for a linear law without sink, velocity or directions"
            raise InvalidInput(must(name, rule, what, "Put Value walls farther away."))


def _refuse_differences(sides: dict[str, OpenSide]) -> None:
    first = next(iter(sides.values()))
    for other in sides.values():
        if (other.value, other.about) != (first.value, first.about):
            got = f"{first.name} and {other.name} that differ"
            raise InvalidInput(must("boundary", "given one far field", got, "There is one infinity: write them alike."))


def _outer_conductivity(volume: FiniteVolume, sides: dict[str, OpenSide]) -> float:
    values = volume.conductivity_at(0.0, np.zeros(volume.mesh.shape))
    outer = np.concatenate([np.ravel(values[wall_index(volume.mesh.sides[name])]) for name in sides])
    if np.ptp(outer) > _SAME * outer.max():
        got = f"{outer.min():.6g} to {outer.max():.6g}"
        remedy = "Space beyond them is one medium."
        raise InvalidInput(must(volume.conductivity.name, "the same along all far walls", got, remedy))
    return float(outer[0])


def _refuse_net(moments: Multipoles, cloud: Cloud, order: int, name: str) -> None:
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
