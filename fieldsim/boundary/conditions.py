"""The conditions users write: Value, FluxOut, GradientOut, Convective, Radiative, and pieces of a side.

Their numbers may be constants, quantities ("100 degC"), arrays over the side, or formulas of place and time t.
A new condition is a frozen dataclass with `bind`, and a record that gives the three numbers of its WallLaw.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fieldsim.arrays import BoolArray, FloatArray
from fieldsim.boundary.given import Given, Number, read_given
from fieldsim.boundary.law import (
    BoundCondition,
    Condition,
    Wall,
    WallLaw,
    WallUnits,
    check_sides,
    place_on_side,
    zeros_like_wall,
)
from fieldsim.boundary.pieces import read_pieces
from fieldsim.boundary.place import Place
from fieldsim.errors import InvalidInput, must
from fieldsim.expressions import CONSTANTS
from fieldsim.meshes import Mesh

__all__ = ["Condition", "Convective", "FluxOut", "GradientOut", "Radiative", "Value"]


@dataclass(frozen=True)
class Value:
    """The wall is held at `value` (unit of the unknown)."""

    value: Number

    def bind(self, place: Place, units: WallUnits, name: str) -> BoundCondition:
        """Read `value` over the side."""
        return _HeldAt(read_given(self.value, place, unit=units.value, name=f"{name}.value"))


@dataclass(frozen=True)
class FluxOut:
    """`flux` leaves the body per area and time (W/m^2 for heat), drift included; 0 is an insulated wall."""

    flux: Number

    def bind(self, place: Place, units: WallUnits, name: str) -> BoundCondition:
        """Read `flux` over the side."""
        return _Leaving(read_given(self.flux, place, unit=units.flux, name=f"{name}.flux"))


@dataclass(frozen=True)
class GradientOut:
    """The derivative of the unknown along the outward normal is `gradient` (K/m for heat).

    0 is the outlet of a flow: what arrives is carried out.
    """

    gradient: Number

    def bind(self, place: Place, units: WallUnits, name: str) -> BoundCondition:
        """Read `gradient` over the side."""
        return _Sloping(read_given(self.gradient, place, unit=units.gradient, name=f"{name}.gradient"))


@dataclass(frozen=True)
class Convective:
    """What leaves is h (surface value - ambient), h >= 0 (W/m^2/K for heat), besides what a flow carries out."""

    h: Number
    ambient: Number

    def bind(self, place: Place, units: WallUnits, name: str) -> BoundCondition:
        """Read `h` and `ambient` over the side; raises InvalidInput for a negative h."""
        h = read_given(self.h, place, unit=units.transfer, name=f"{name}.h")
        ambient = read_given(self.ambient, place, unit=units.value, name=f"{name}.ambient")
        _checked_h(h, 0.0)
        return _Film(h, ambient)


@dataclass(frozen=True)
class Radiative:
    """What leaves is emissivity sigma (T^4 - ambient^4), T in kelvin (Stefan 1879, Boltzmann 1884).

    `emissivity` is between 0 and 1, `ambient` the temperature of large black surroundings.
    """

    emissivity: Number
    ambient: Number

    def bind(self, place: Place, units: WallUnits, name: str) -> BoundCondition:
        """Read the numbers over the side; raises InvalidInput for values outside their range or not in kelvin."""
        if (units.value, units.flux) != ("K", "W/m^2"):
            remedy = "Use it with Heat, whose unit is then K."
            raise InvalidInput(must(name, "for a temperature in K", f"an unknown in {units.value or '1'}", remedy))
        emissivity = read_given(self.emissivity, place, unit="", name=f"{name}.emissivity")
        ambient = read_given(self.ambient, place, unit=units.value, name=f"{name}.ambient")
        bound = _Radiating(emissivity, ambient)
        bound.numbers(0.0)
        return bound


def bind_walls(mesh: Mesh, conditions: object, units: WallUnits) -> dict[str, BoundCondition]:
    """Read one condition for every wall of the mesh; raises InvalidInput for missing, unknown or needless ones."""
    return {
        name: bind_condition(condition, place_on_side(mesh, mesh.sides[name]), units, f"boundary[{name!r}]")
        for name, condition in check_sides(mesh, conditions).items()
    }


def bind_condition(condition: object, place: Place, units: WallUnits, name: str) -> BoundCondition:
    """Read one condition, or conditions on parts [(where, condition), ..., condition]; raises InvalidInput."""
    if isinstance(condition, list | tuple) and condition:
        pieces = read_pieces(condition, place, name)
        return _Parts(tuple((p.mask, bind_condition(p.thing, p.place, units, p.name)) for p in pieces))
    if isinstance(condition, type) or not hasattr(condition, "bind"):
        kinds = "Value, FluxOut, GradientOut, Convective, Radiative, FarField or a list of parts"
        rule = f"a condition such as fs.Value(100): {kinds}"
        remedy = "For example Value(100.0), or [('y > 0.5', Value(100.0)), FluxOut(0.0)]."
        got = f"the class {condition.__name__}, without numbers" if isinstance(condition, type) else condition
        raise InvalidInput(must(name, rule, got, remedy))
    bound: BoundCondition = condition.bind(place, units, name)
    return bound


@dataclass(frozen=True)
class _HeldAt:
    value: Given
    slope_varies: bool = False
    follows: bool = False

    @property
    def varies(self) -> bool:
        return self.value.varies

    def law(self, t: float, wall: Wall, surface: FloatArray) -> WallLaw:
        return WallLaw(wall.conductance, self.value.values(t), zeros_like_wall(wall))


@dataclass(frozen=True)
class _Leaving:
    flux: Given
    slope_varies: bool = False
    follows: bool = False

    @property
    def varies(self) -> bool:
        return self.flux.varies

    def law(self, t: float, wall: Wall, surface: FloatArray) -> WallLaw:
        none = zeros_like_wall(wall)
        if wall.drift is None:
            return WallLaw(none, none, self.flux.values(t))
        # what is given leaves in all: the surface value follows from it, and with it what diffuses there
        growth = np.exp(wall.peclet)
        return WallLaw(-wall.drift * growth, none, self.flux.values(t) * growth, np.ones_like(none, dtype=bool))


@dataclass(frozen=True)
class _Sloping:
    gradient: Given
    slope_varies: bool = False
    follows: bool = False

    @property
    def varies(self) -> bool:
        return self.gradient.varies

    def law(self, t: float, wall: Wall, surface: FloatArray) -> WallLaw:
        none = zeros_like_wall(wall)
        conductivity = wall.conductivity if wall.at_surface is None else wall.at_surface
        return WallLaw(none, none, -conductivity * self.gradient.values(t))


@dataclass(frozen=True)
class _Film:
    h: Given
    ambient: Given
    follows: bool = False

    @property
    def varies(self) -> bool:
        return self.h.varies or self.ambient.varies

    @property
    def slope_varies(self) -> bool:
        return self.h.varies

    def law(self, t: float, wall: Wall, surface: FloatArray) -> WallLaw:
        h = _checked_h(self.h, t)
        # the film and the half cell in series
        slope = h * wall.conductance / (h + wall.conductance)
        return WallLaw(slope, self.ambient.values(t), zeros_like_wall(wall))


@dataclass(frozen=True)
class _Radiating:
    """The tangent of the law at the surface value; odd below 0 K, so that an iteration may pass there."""

    emissivity: Given
    ambient: Given
    slope_varies: bool = True
    follows: bool = True

    @property
    def varies(self) -> bool:
        return self.emissivity.varies or self.ambient.varies

    def numbers(self, t: float) -> tuple[FloatArray, FloatArray]:
        emissivity, ambient = self.emissivity.values(t), self.ambient.values(t)
        if ((emissivity < 0.0) | (emissivity > 1.0)).any():
            worst = float(emissivity.flat[np.argmax(np.abs(emissivity - 0.5))])
            raise InvalidInput(must(self.emissivity.name, "between 0 and 1", worst, "A black body has 1."))
        if (ambient < 0.0).any():
            coldest = float(np.min(ambient))
            raise InvalidInput(
                must(self.ambient.name, "0 K or more", coldest, "Radiation takes kelvin: 20 degC is 293.15.")
            )
        return emissivity * CONSTANTS["sigma_SB"], ambient

    def law(self, t: float, wall: Wall, surface: FloatArray) -> WallLaw:
        strength, ambient = self.numbers(t)
        flux = strength * (np.abs(surface) * surface**3 - ambient**4)
        film = 4.0 * strength * np.abs(surface) ** 3
        # the tangent and the half cell in series
        share = wall.conductance / (film + wall.conductance)
        return WallLaw(film * share, surface, flux * share)


@dataclass(frozen=True)
class _Parts:
    parts: tuple[tuple[BoolArray, BoundCondition], ...]

    @property
    def varies(self) -> bool:
        return any(part.varies for _, part in self.parts)

    @property
    def slope_varies(self) -> bool:
        return any(part.slope_varies for _, part in self.parts)

    @property
    def follows(self) -> bool:
        return any(part.follows for _, part in self.parts)

    def law(self, t: float, wall: Wall, surface: FloatArray) -> WallLaw:
        slope, reference, flux = (zeros_like_wall(wall) for _ in range(3))
        whole = np.zeros_like(slope, dtype=bool)
        for mask, part in self.parts:
            law = part.law(t, wall.part(mask), surface[mask])
            slope[mask], reference[mask], flux[mask] = law.slope, law.reference, law.flux
            if law.whole is not None:
                whole[mask] = law.whole
        return WallLaw(slope, reference, flux, whole if whole.any() else None)


def _checked_h(h: Given, t: float) -> FloatArray:
    values = h.values(t)
    if (values < 0.0).any():
        raise InvalidInput(
            must(h.name, "0 or more", float(np.min(values)), "A film passes heat from warm to cold, not back.")
        )
    return values
