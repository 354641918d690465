"""The conditions users write: Value, FluxOut, GradientOut, Convective.

Their numbers may be constants, quantities ("100 degC"), arrays over the side, or formulas of place and time t.
A new condition is a frozen dataclass with `bind`, and a record that gives the three numbers of its WallLaw.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fieldsim.arrays import FloatArray
from fieldsim.boundary.given import Given, Number, Place, read_given
from fieldsim.boundary.law import BoundCondition, Condition, Wall, WallLaw, WallUnits, zeros_like_wall
from fieldsim.errors import InvalidInput, must

__all__ = ["Condition", "Convective", "FluxOut", "GradientOut", "Value"]


@dataclass(frozen=True)
class Value:
    """The wall is held at `value` (unit of the unknown)."""

    value: Number

    def bind(self, place: Place, units: WallUnits, name: str) -> BoundCondition:
        """Read `value` over the side."""
        return _HeldAt(read_given(self.value, place, unit=units.value, name=f"{name}.value"))


@dataclass(frozen=True)
class FluxOut:
    """`flux` leaves the body per area and time (W/m^2 for heat); 0 is an insulated wall."""

    flux: Number

    def bind(self, place: Place, units: WallUnits, name: str) -> BoundCondition:
        """Read `flux` over the side."""
        return _Leaving(read_given(self.flux, place, unit=units.flux, name=f"{name}.flux"))


@dataclass(frozen=True)
class GradientOut:
    """The derivative of the unknown along the outward normal is `gradient` (K/m for heat)."""

    gradient: Number

    def bind(self, place: Place, units: WallUnits, name: str) -> BoundCondition:
        """Read `gradient` over the side."""
        return _Sloping(read_given(self.gradient, place, unit=units.gradient, name=f"{name}.gradient"))


@dataclass(frozen=True)
class Convective:
    """What leaves is h (surface value - ambient), h >= 0 (W/m^2/K for heat)."""

    h: Number
    ambient: Number

    def bind(self, place: Place, units: WallUnits, name: str) -> BoundCondition:
        """Read `h` and `ambient` over the side; raises InvalidInput for a negative h."""
        h = read_given(self.h, place, unit=units.transfer, name=f"{name}.h")
        ambient = read_given(self.ambient, place, unit=units.value, name=f"{name}.ambient")
        _checked_h(h, 0.0)
        return _Film(h, ambient)


@dataclass(frozen=True)
class _HeldAt:
    value: Given
    slope_varies: bool = False

    @property
    def varies(self) -> bool:
        return self.value.varies

    def law(self, t: float, wall: Wall) -> WallLaw:
        return WallLaw(wall.conductance, self.value.values(t), zeros_like_wall(wall))


@dataclass(frozen=True)
class _Leaving:
    flux: Given
    slope_varies: bool = False

    @property
    def varies(self) -> bool:
        return self.flux.varies

    def law(self, t: float, wall: Wall) -> WallLaw:
        none = zeros_like_wall(wall)
        return WallLaw(none, none, self.flux.values(t))


@dataclass(frozen=True)
class _Sloping:
    gradient: Given
    slope_varies: bool = False

    @property
    def varies(self) -> bool:
        return self.gradient.varies

    def law(self, t: float, wall: Wall) -> WallLaw:
        none = zeros_like_wall(wall)
        return WallLaw(none, none, -wall.conductivity * self.gradient.values(t))


@dataclass(frozen=True)
class _Film:
    h: Given
    ambient: Given

    @property
    def varies(self) -> bool:
        return self.h.varies or self.ambient.varies

    @property
    def slope_varies(self) -> bool:
        return self.h.varies

    def law(self, t: float, wall: Wall) -> WallLaw:
        h = _checked_h(self.h, t)
        # the film and the half cell in series
        slope = h * wall.conductance / (h + wall.conductance)
        return WallLaw(slope, self.ambient.values(t), zeros_like_wall(wall))


def _checked_h(h: Given, t: float) -> FloatArray:
    values = h.values(t)
    if (values < 0.0).any():
        raise InvalidInput(
            must(h.name, "0 or more", float(np.min(values)), "A film passes heat from warm to cold, not back.")
        )
    return values
