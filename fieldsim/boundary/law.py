"""One law a wall: what leaves through a face is slope * (inner value - reference) + flux, per area.

The wall cell's centre lies half a cell from the wall, behind the conductance k/d. A fixed value, a given flux, a
gradient and a convective film are different numbers in the same record; the surface value comes from it too:
u_surface = u_inner - flux_out / (k/d), never from extrapolation. Where a drift of speed w crosses the wall, k/d becomes
G = w / (1 - exp(-w d/k)), the steady profile of drift and diffusion in the half cell, and w u_surface leaves besides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Protocol

import numpy as np

from fieldsim.arrays import BoolArray, FloatArray
from fieldsim.boundary.place import Place
from fieldsim.errors import InvalidInput, NumericalFailure, must
from fieldsim.meshes import Mesh, Side

_ROUNDS = 100
_SAME = 1e-14
_STEEPEST = 300.0


@dataclass(frozen=True)
class Wall:
    """The wall faces of one side: areas (m^2), conductivity and distance (m) from the inner centre, over the side.

    `conductivity` is that of the half cell; `at_surface` that on the wall itself, where it follows the unknown.
    `drift` is what a flow through the wall carries out per area and unit of the unknown, None where none crosses it.
    """

    side: Side
    areas: FloatArray
    conductivity: FloatArray
    distance: FloatArray
    at_surface: FloatArray | None = None
    drift: FloatArray | None = None

    @property
    def conductance(self) -> FloatArray:
        """Conductance k/d between the inner centre and the wall, per area; G where a drift crosses it."""
        return self._still if self.drift is None else self._still * bernoulli(-self.peclet)

    @property
    def peclet(self) -> FloatArray:
        """Drift over the conductance without it, w d/k."""
        return zeros_like_wall(self) if self.drift is None else self.drift / self._still

    @property
    def _still(self) -> FloatArray:
        """k/d, but so much that exp(w d/k) stays within the range of numbers: beyond that, k hardly counts."""
        conductance = self.conductivity / self.distance
        return conductance if self.drift is None else np.maximum(conductance, np.abs(self.drift) / _STEEPEST)

    def part(self, mask: BoolArray) -> Wall:
        """Return some of the faces."""
        surface, drift = (None if x is None else x[mask] for x in (self.at_surface, self.drift))
        return Wall(self.side, self.areas[mask], self.conductivity[mask], self.distance[mask], surface, drift)


@dataclass(frozen=True)
class WallLaw:
    """flux_out = slope * (inner - reference) + flux, arrays over the side.

    Where a drift crosses the wall this is what diffuses into the surface; there `whole` marks the faces at which what
    leaves in all, drift included, is given.
    """

    slope: FloatArray
    reference: FloatArray
    flux: FloatArray
    whole: BoolArray | None = None

    def flux_out(self, inner: FloatArray) -> FloatArray:
        """Return what leaves per area, from the values in the wall cells."""
        return self.slope * (inner - self.reference) + self.flux

    def surface(self, inner: FloatArray, wall: Wall) -> FloatArray:
        """Return the value on the wall itself, by the same half-cell law."""
        return inner - self.flux_out(inner) / wall.conductance


@dataclass(frozen=True)
class WallState:
    """A wall at a moment: its law about the values in the cells along it."""

    wall: Wall
    law: WallLaw
    inner: FloatArray

    @property
    def flux_out(self) -> FloatArray:
        """What leaves per area: what reaches the surface, and what the drift carries away from there."""
        law, wall = self.law, self.wall
        if wall.drift is None:
            return law.flux_out(self.inner)
        decay = np.exp(-wall.peclet)
        total = law.flux_out(self.inner) * decay + wall.drift * self.inner
        return total if law.whole is None else np.where(law.whole, law.flux * decay, total)

    @property
    def slope(self) -> FloatArray:
        """Derivative of `flux_out` by the inner value."""
        law, wall = self.law, self.wall
        if wall.drift is None:
            return law.slope
        slope = law.slope * np.exp(-wall.peclet) + wall.drift
        return slope if law.whole is None else np.where(law.whole, 0.0, slope)

    @property
    def flow_out(self) -> FloatArray:
        """What leaves through each face."""
        return self.wall.areas * self.flux_out

    @property
    def surface(self) -> FloatArray:
        """The value on the wall itself."""
        return self.law.surface(self.inner, self.wall)


@dataclass(frozen=True)
class WallUnits:
    """SI units of the numbers that stand in conditions."""

    value: str
    flux: str
    gradient: str
    transfer: str


class BoundCondition(Protocol):
    """A condition read for one wall: it gives the wall's law at a time."""

    @property
    def varies(self) -> bool:
        """Whether the law depends on time."""

    @property
    def slope_varies(self) -> bool:
        """Whether the slope depends on time, so that matrices do too."""

    @property
    def follows(self) -> bool:
        """Whether the law depends on the surface value: it is then the tangent there."""

    def law(self, t: float, wall: Wall, surface: FloatArray) -> WallLaw:
        """Return the law at time `t` (s), linear about the surface values."""


class Condition(Protocol):
    """A condition as the user writes it."""

    def bind(self, place: Place, units: WallUnits, name: str) -> BoundCondition:
        """Read the numbers over the side `place`; raises InvalidInput."""


def place_on_side(mesh: Mesh, side: Side) -> Place:
    """Return the faces of one side as a place for numbers."""
    shape = tuple(n for axis, n in enumerate(mesh.shape) if axis != side.axis)
    return Place(shape, mesh.expression_names, lambda names: mesh.face_coordinates(side.name, names), "face")


def settled(
    condition: BoundCondition, t: float, inner: FloatArray, wall_at: Callable[[FloatArray], Wall], *, fixed: bool
) -> WallState:
    """Return the state of a wall at given inner values: the surface value that satisfies both half cell and law.

    `wall_at(surface)` gives the wall with its conductivity; `fixed` says that it does not depend on the surface.
    Newton's method, one face each; the tangent laws are monotone, so that it cannot miss.
    """
    surface = inner
    for _ in range(_ROUNDS):
        wall = wall_at(surface)
        state = WallState(wall, condition.law(t, wall, surface), inner)
        if fixed and not condition.follows:
            return state
        change = np.abs(state.surface - surface)
        surface = state.surface
        if (change <= _SAME * (np.abs(surface) + np.abs(inner))).all():
            return state
    raise NumericalFailure(
        f"the surface value on {wall.side.name} does not settle: it still changes by {float(change.max()):.3g}. "
        "Refine the mesh there, or smooth the coefficient's dependence on the unknown."
    )


def check_sides(mesh: Mesh, conditions: object) -> Mapping[str, object]:
    """Return conditions by wall; raises InvalidInput for missing, unknown or needless ones."""
    if not isinstance(conditions, Mapping):
        rule = "a mapping from side to condition"
        raise InvalidInput(must("boundary", rule, conditions, f"For example {_example(mesh)}."))
    for name in conditions:
        _check_side(mesh, name)
    missing = [name for name in mesh.walls if name not in conditions]
    if missing:
        needed = ", ".join(mesh.walls)
        raise InvalidInput(
            must(
                "boundary",
                f"given for every wall ({needed})",
                f"nothing for {', '.join(missing)}",
                f"Add {missing[0]!r}: FluxOut(0.0) for an insulated wall, or Value(...) for a fixed value.",
            )
        )
    return {name: conditions[name] for name in mesh.walls}


def _check_side(mesh: Mesh, name: object) -> None:
    if name not in mesh.sides:
        close = get_close_matches(str(name), mesh.sides, n=1, cutoff=0.3)
        remedy = f"Did you mean {close[0]!r}?" if close else "Sides are named by axis and end."
        raise InvalidInput(must("boundary", f"for the sides {', '.join(mesh.walls) or 'none'}", name, remedy))
    side = mesh.sides[str(name)]
    axis = mesh.axes[side.axis]
    if side.kind == "pole":
        place = axis.edges[-1] if side.end else axis.edges[0]
        raise InvalidInput(
            f"`boundary[{name!r}]` must be left out: {axis.name} = {place:.6g} is a line or a point of the body, a "
            f"face of zero area, where no condition can hold. Remove it, or let {axis.name} start away from it."
        )
    if side.kind == "seam":
        raise InvalidInput(
            f"`boundary[{name!r}]` must be left out: {axis.name} is periodic, its two ends are joined. Remove it, "
            f"or make a mesh on which {axis.name} is not periodic."
        )


def _example(mesh: Mesh) -> str:
    name = mesh.walls[0] if mesh.walls else "x-"
    return f"{{{name!r}: Value(100.0)}}"


def bernoulli(x: FloatArray) -> FloatArray:
    """Return x / (exp(x) - 1), 1 at x = 0, for |x| below 700: the weights of exponential fitting."""
    small = np.abs(x) < 1e-10
    safe = np.where(small, 1.0, x)
    return np.where(small, 1.0 - 0.5 * x, safe / np.expm1(safe))


def zeros_like_wall(wall: Wall) -> FloatArray:
    """Return zeros over the side of a wall."""
    return np.zeros(wall.areas.shape)
