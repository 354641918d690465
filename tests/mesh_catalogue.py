"""The meshes that tests run on: every registered coordinate system, whole, in part, reduced, stretched, periodic.

They are made from what a coordinate system says of itself, so that a new system is tested unasked.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf, tau

import numpy as np
from hypothesis import strategies as st

from fieldsim.coordinates import REGISTRY, Coordinates
from fieldsim.meshes import Mesh, build_mesh, curvilinear

SYSTEMS: dict[str, Coordinates] = {kind.__name__.lower(): kind() for kinds in REGISTRY.values() for kind in kinds}
# Systems whose whole range holds no point where the map itself is singular (foci, infinity).
REGULAR = ("cartesian", "polar", "cylindrical", "spherical")

Factory = Callable[[int], Mesh]


def _cells(system: Coordinates, names, n: int) -> list[int]:
    """Return cells an axis (n a multiple of four): different along each, even and twice as many around."""
    counts = []
    for name in names:
        number = system.names.index(name)
        counts.append(2 * n if system.periods[number] is not None else n + number * n // 4)
    return counts


def _part(low: float, high: float, first: float, last: float) -> tuple[float, float]:
    return low + first * (high - low), low + last * (high - low)


def _stretch(span: tuple[float, float], cells: int, amount: float = 0.08) -> np.ndarray:
    """Return smoothly stretched edges over a span: s + amount sin(2.2 s) scaled to fit."""
    s = np.linspace(0.0, 1.0, cells + 1)
    warped = s + amount * np.sin(2.2 * s)
    low, high = span
    edges = low + (high - low) * warped / warped[-1]
    edges[0], edges[-1] = low, high
    return edges


def _make(system: Coordinates, spans, *, periodic=(), stretched=()) -> Factory:
    names = [name for name in system.names if name in spans]

    def factory(n: int) -> Mesh:
        counts = dict(zip(names, _cells(system, names, n), strict=True))
        edges = {name: _stretch(spans[name], counts[name]) for name in stretched}
        plain = {name: spans[name] for name in names if name not in edges}
        return build_mesh(system, plain, cells=[counts[name] for name in plain], periodic=periodic, edges=edges or None)

    return factory


def _whole(system, *, without=()):
    return {n: w for n, w in zip(system.names, system.whole, strict=True) if n not in without}


def _sector(system):
    return {n: _part(*w, 0.3, 0.4) for n, w in zip(system.names, system.whole, strict=True)}


def _ring(system, *, without=(), keep=()):
    """Full turns where there is a period, away from every other end."""
    return {
        n: w if p is not None or n in keep else _part(*w, 1.2, 1.6) if high == inf else _part(*w, 0.6, 0.8)
        for n, w, p, (_, high) in zip(system.names, system.whole, system.periods, system.limits, strict=True)
        if n not in without
    }


def _catalogue() -> dict[str, Factory]:
    found: dict[str, Factory] = {}
    for label, system in SYSTEMS.items():
        straight = all(p is None for p in system.periods)
        sector = _sector(system)
        found[f"{label} part"] = _make(system, sector)
        found[f"{label} part stretched"] = _make(system, sector, stretched=system.names)
        regular = system.name in REGULAR
        if regular:
            found[f"{label} whole"] = _make(system, _whole(system))
            first = system.names[0]
            found[f"{label} whole stretched"] = _make(system, _whole(system), stretched=(first,))
        if not straight:
            found[f"{label} ring"] = _make(system, _ring(system))
        turning_poles = {system.names[p.axis] for p in system.poles if p.axis > 0}
        if turning_poles:
            found[f"{label} shell"] = _make(system, _ring(system, keep=turning_poles))
        open_names = [
            n
            for n, limit, p in zip(system.names, system.limits, system.periods, strict=True)
            if p is None and limit == (-inf, inf)
        ]
        if system.name == "cartesian":
            found[f"{label} periodic"] = _make(system, _whole(system), periodic=("x",))
            if system.dim > 1:
                found[f"{label} periodic all"] = _make(system, _whole(system), periodic=system.names)
        elif regular and "z" in open_names:
            found[f"{label} periodic"] = _make(system, _whole(system), periodic=("z",))
        for symmetry in system.symmetries:
            without = " without " + " and ".join(sorted(symmetry))
            found[f"{label} ring{without}"] = _make(system, _ring(system, without=symmetry))
            if regular:
                found[f"{label} whole{without}"] = _make(system, _whole(system, without=symmetry))
            if turning_poles and not turning_poles & symmetry:
                found[f"{label} shell{without}"] = _make(system, _ring(system, without=symmetry, keep=turning_poles))
    return found


MESHES: dict[str, Factory] = _catalogue()


# ---- meshes known by their corners or by a map: no system, no orthogonality


def _warped_plane(u, v):
    return u + 0.1 * np.sin(2 * v + 0.3), v + 0.12 * np.sin(3 * u) + 0.1 * u * v


def _annulus(u, v):
    radius = 1 + u + 0.1 * np.sin(v)
    return radius * np.cos(v), radius * np.sin(v)


def _warped_box(u, v, w):
    return u + 0.05 * np.sin(2 * v + w), v + 0.05 * np.sin(2 * w + 0.4), w + 0.05 * np.sin(2 * u) + 0.05 * v * w


def _torus(u, v, w):
    ring = 2 + (0.5 + 0.5 * u) * np.cos(w)
    return ring * np.cos(v), ring * np.sin(v), (0.5 + 0.5 * u) * np.sin(w)


def _from_corners(n: int) -> Mesh:
    u, v = np.meshgrid(np.linspace(0, 1, n + 1), np.linspace(0, 1, 5 * n // 4 + 1), indexing="ij")
    return curvilinear(np.stack(_warped_plane(u, v)))


WARPED: dict[str, Factory] = {
    "warped plane": lambda n: curvilinear(map=_warped_plane, cells=(n, 5 * n // 4)),
    "warped plane from corners": _from_corners,
    "annulus by a map": lambda n: curvilinear(map=_annulus, v=(0, tau), cells=(n, 3 * n), periodic=("v",)),
    "warped box": lambda n: curvilinear(map=_warped_box, cells=(n, 5 * n // 4, n)),
    "torus": lambda n: curvilinear(map=_torus, v=(0, tau), w=(0, tau), cells=(n, 2 * n, 2 * n), periodic=("v", "w")),
}
ALL: dict[str, Factory] = MESHES | WARPED


def has_pole(mesh: Mesh) -> bool:
    """Tell whether a side of the mesh is a pole, where rows stand two orders higher."""
    return any(side.kind == "pole" for side in mesh.sides.values())


# ---- meshes nobody thought of


@st.composite
def meshes(draw, least: int = 13, most: int = 16) -> Mesh:
    """A mesh of any registered system: any part of it, any cells, any seam, any symmetry left out."""
    system = SYSTEMS[draw(st.sampled_from(sorted(SYSTEMS)))]
    left_out = draw(st.sampled_from([frozenset(), *system.symmetries]))
    spans: dict[str, tuple[float, float]] = {}
    cells: dict[str, int] = {}
    edges: dict[str, np.ndarray] = {}
    periodic = []
    for number, name in enumerate(system.names):
        if name in left_out:
            continue
        whole, period = system.whole[number], system.periods[number]
        n = draw(st.integers(least, most))
        if period is not None and draw(st.booleans()):
            span, n = whole, n + n % 2
        elif system.name in REGULAR:
            low = draw(st.sampled_from([0.0, 0.0, 0.1, 0.35]))
            span = _part(*whole, low, draw(st.sampled_from([0.6, 0.8, 1.0])))
        else:
            span = _part(*whole, 0.3, draw(st.sampled_from([0.6, 0.8])))
        if system.name == "cartesian" and draw(st.booleans()):
            periodic.append(name)
        if draw(st.booleans()):
            spans[name], cells[name] = span, n
        else:
            widths = np.array(draw(st.lists(st.floats(0.6, 1.6), min_size=n, max_size=n)))
            inner = np.cumsum(widths)[:-1] / widths.sum()
            edges[name] = np.array([span[0], *_between(span, inner), span[1]])
    return build_mesh(system, spans, cells=[*cells.values()], periodic=periodic, edges=edges or None)


def _between(span: tuple[float, float], fractions: np.ndarray) -> np.ndarray:
    return span[0] + (span[1] - span[0]) * fractions
