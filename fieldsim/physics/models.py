"""The equations on offer, as frozen records: heat (Fourier), diffusion (Fick), electrostatics, gravity.

A new one is a dataclass with its coefficients and `equation()`; nothing else has to know it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import pi
from typing import Protocol, runtime_checkable

from fieldsim.boundary import WallUnits
from fieldsim.expressions import CONSTANTS
from fieldsim.physics.equation import Coefficient, Equation, Given
from fieldsim.physics.velocity import VelocityLike
from fieldsim.units import per_length, times


@runtime_checkable
class Model(Protocol):
    """Anything that can state its conservation law."""

    def equation(self) -> Equation:
        """Return the conservation law."""


@dataclass(frozen=True)
class Heat:
    """density capacity dT/dt = div(conductivity grad T - density capacity v T) + source - sink T (Fourier 1822).

    q = -conductivity grad T + density capacity v T is the heat flux, v the velocity of what flows, if anything does.

    `conductivity` in W/m/K, `density` in kg/m^3, `capacity` in J/kg/K, `source` in W/m^3, `sink` >= 0 in W/m^3/K:
    a number, a quantity ("52 W/m/K"), a formula of place, an array over the cells, a field, or a list of regions
    [("x < 0.1", 52.0), ..., 0.04]. A run in time needs density and capacity, a steady state neither. All but these
    two may use t; conductivity and source may follow the temperature, as a formula in T or a function: "1 + T/100",
    lambda T: 1 + T/100. The conductivity may be a symmetric tensor: [[4, 1], [1, 2]] in Cartesian axes, or a
    `fs.Tensor` in the mesh's own. `unit` labels the temperature. `velocity` and `drift` are those of `Diffusion`; what
    flows needs density and capacity also in a steady state.
    """

    conductivity: Given
    density: Given | None = None
    capacity: Given | None = None
    source: Given = 0.0
    unit: str = "K"
    sink: Given = 0.0
    velocity: VelocityLike | None = None
    drift: str = "limited"

    def equation(self) -> Equation:
        """Return the conservation of energy."""
        return Equation(
            symbol="T",
            quantity="temperature",
            unit=self.unit,
            conductivity=Coefficient("conductivity", self.conductivity, "W/m/K"),
            storage=(
                Coefficient("density", self.density, "kg/m^3"),
                Coefficient("capacity", self.capacity, "J/kg/K"),
            ),
            source=Coefficient("source", self.source, "W/m^3"),
            sink=Coefficient("sink", self.sink, "W/m^3/K"),
            flux_name="heat flux",
            velocity=self.velocity,
            drift=self.drift,
            units=WallUnits(value=self.unit, flux="W/m^2", gradient="K/m", transfer="W/m^2/K"),
            amount="J",
            rate="W",
        )


@dataclass(frozen=True)
class Diffusion:
    """dc/dt = div(diffusivity grad c - v c) + source - sink c, J = -diffusivity grad c + v c (Fick 1855).

    `diffusivity` in m^2/s; `unit` is the unit of c, `source` is in that unit per second, `sink` (decay) in 1/s. See
    `Heat` for what a coefficient may be; here it may follow c: diffusivity="exp(c)".

    `velocity` in m/s carries c: one number, quantity or formula of place and t for each Cartesian direction
    ("-y", "x"); a dict by direction, {"z": "1 - r**2"} or {"r": "0.1/r"}, the others 0; or a VectorField. The amount is
    conserved whatever it is; where div v is not 0, c gathers or thins, and `result.summary()` says so. On walls FluxOut
    is all that leaves, GradientOut(0) an outlet, Value what an inflow brings, and Convective comes besides what is
    carried out: an inflow of given value is FluxOut(-v c) or, where diffusion hardly counts, Value(c).

    `drift` says how c is carried, P = v h/diffusivity being the Peclet number of a cell of length h:

    limited      second order, no new extremes: the default, accurate for every P. Not linear: method="rk4" is the
                 quick one in time where P is large
    exponential  linear, no new extremes; exact for steady profiles in one dimension, first order where P is large
    upwind       linear, no new extremes, first order: diffuses like v h/2 more
    central      linear, second order, swings about the answer where P > 2: for teaching

    The limited slopes are van Leer's on the true cells (see physics/slopes.py).
    """

    diffusivity: Given
    source: Given = 0.0
    unit: str = "mol/m^3"
    sink: Given = 0.0
    velocity: VelocityLike | None = None
    drift: str = "limited"

    def equation(self) -> Equation:
        """Return the conservation of the substance."""
        gradient = per_length(self.unit)
        amount = times(self.unit, "m^3")
        return Equation(
            symbol="c",
            quantity="concentration",
            unit=self.unit,
            conductivity=Coefficient("diffusivity", self.diffusivity, "m^2/s"),
            storage=(Coefficient("storage", 1.0, ""),),
            source=Coefficient("source", self.source, times(self.unit, "1/s")),
            sink=Coefficient("sink", self.sink, "1/s"),
            flux_name="diffusive flux" if self.velocity is None else "flux",
            velocity=self.velocity,
            drift=self.drift,
            units=WallUnits(self.unit, flux=times(gradient, "m^2/s"), gradient=gradient, transfer="m/s"),
            amount=amount,
            rate=times(amount, "1/s"),
        )


@dataclass(frozen=True)
class Electrostatics:
    """-div(permittivity grad V) = charge_density, D = -permittivity grad V (Gauss, Poisson).

    `permittivity` in F/m (vacuum by default), `charge_density` in C/m^3. The flux is the displacement D, and
    `FluxOut` its outward component in C/m^2. Steady only.
    """

    permittivity: Given = CONSTANTS["epsilon0"]
    charge_density: Given = 0.0

    def equation(self) -> Equation:
        """Return Gauss's law."""
        return Equation(
            symbol="V",
            quantity="electric potential",
            unit="V",
            conductivity=Coefficient("permittivity", self.permittivity, "F/m"),
            source=Coefficient("charge_density", self.charge_density, "C/m^3"),
            flux_name="electric displacement",
            units=WallUnits(value="V", flux="C/m^2", gradient="V/m", transfer="F/m^2"),
            amount="C",
            rate="C",
            energy=0.5,
        )


@dataclass(frozen=True)
class Gravity:
    """div grad Phi = 4 pi G density, g = -grad Phi (Poisson 1813).

    `density` in kg/m^3. The flux is the acceleration g in m/s^2. Steady only.
    """

    density: Given

    def equation(self) -> Equation:
        """Return Gauss's law for gravity: the source of g is -4 pi G density."""
        return Equation(
            symbol="Phi",
            quantity="gravitational potential",
            unit="J/kg",
            conductivity=Coefficient("permeability", 1.0, ""),
            source=Coefficient("density", self.density, "kg/m^3"),
            source_factor=-4.0 * pi * CONSTANTS["G"],
            flux_name="gravitational acceleration",
            units=WallUnits(value="J/kg", flux="m/s^2", gradient="m/s^2", transfer="1/m"),
            amount="m^3/s^2",
            rate="m^3/s^2",
            energy=-1.0 / (8.0 * pi * CONSTANTS["G"]),
        )
