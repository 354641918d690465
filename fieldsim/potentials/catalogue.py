"""The potentials by name, with the unit of every argument: what a scenario file or a menu can offer.

A unit written `@` stands for the unit of the potential itself, as in "@/m^2"; None marks what is no quantity.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from fieldsim.potentials.base import Potential
from fieldsim.potentials.bodies import charged_ball, charged_shell, ideal_dipole, massive_ball, massive_shell
from fieldsim.potentials.earth_model import prem
from fieldsim.potentials.formulas import formula
from fieldsim.potentials.point_sources import dipole, point_charge, point_charges, point_mass, point_masses
from fieldsim.potentials.simple import constant, height_hill, paraboloid, temperature_hill, uniform_gravity
from fieldsim.potentials.wires import charged_line, charged_ring


@dataclass(frozen=True)
class Entry:
    """One kind of potential: the function that builds it and the SI unit of each of its arguments."""

    build: Callable[..., Potential]
    units: Mapping[str, str | None]
    meaning: str


CATALOGUE: Mapping[str, Entry] = MappingProxyType(
    {
        "point_charge": Entry(point_charge, {"charge": "C", "at": "m"}, "one point charge"),
        "point_charges": Entry(point_charges, {"charges": "C", "at": "m"}, "several point charges"),
        "dipole": Entry(
            dipole, {"charge": "C", "separation": "m", "at": "m", "axis": ""}, "two opposite point charges"
        ),
        "ideal_dipole": Entry(ideal_dipole, {"moment": "C*m", "at": "m"}, "a dipole of no size"),
        "charged_ball": Entry(
            charged_ball, {"charge": "C", "radius": "m", "at": "m"}, "a ball of uniform charge density"
        ),
        "charged_shell": Entry(charged_shell, {"charge": "C", "radius": "m", "at": "m"}, "a thin charged sphere"),
        "charged_ring": Entry(
            charged_ring, {"charge": "C", "radius": "m", "at": "m", "axis": ""}, "a thin charged ring"
        ),
        "charged_line": Entry(charged_line, {"charge": "C", "start": "m", "end": "m"}, "a straight charged wire"),
        "point_mass": Entry(point_mass, {"mass": "kg", "at": "m"}, "one point mass"),
        "point_masses": Entry(point_masses, {"masses": "kg", "at": "m"}, "several point masses"),
        "massive_ball": Entry(
            massive_ball, {"density": "kg/m^3", "radius": "m", "at": "m"}, "a ball of uniform mass density"
        ),
        "massive_shell": Entry(massive_shell, {"mass": "kg", "radius": "m", "at": "m"}, "a thin massive sphere"),
        "prem": Entry(prem, {"at": "m"}, "the layered Earth (PREM)"),
        "uniform_gravity": Entry(
            uniform_gravity, {"g": "m/s^2", "mass": "kg", "up": None}, "gravity near the ground, g h or m g h"
        ),
        "temperature_hill": Entry(
            temperature_hill, {"top": "degC", "curvature": "K/m^2", "at": "m"}, "T = 100 - x^2 - y^2"
        ),
        "height_hill": Entry(height_hill, {"top": "m", "curvature": "1/m", "at": "m"}, "h = 1000 - x^2/2 - y^2/2"),
        "paraboloid": Entry(
            paraboloid,
            {"top": "@", "curvatures": "@/m^2", "at": "m", "unit": None, "quantity": None},
            "a hill or bowl of second degree",
        ),
        "constant": Entry(constant, {"level": "@", "unit": None, "quantity": None}, "one number everywhere"),
        "formula": Entry(
            formula,
            {"expression": None, "unit": None, "gradient": None, "parameters": None, "system": None, "quantity": None},
            "a formula of x, y, z, r, theta, phi",
        ),
    }
)
