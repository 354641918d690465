"""Potentials with exact gradients: charges, masses, hills, formulas and sampled data."""

from __future__ import annotations

from fieldsim.potentials.base import PointSource, Potential
from fieldsim.potentials.bodies import charged_ball, ideal_dipole, massive_ball
from fieldsim.potentials.point_sources import (
    dipole,
    point_charge,
    point_charges,
    point_mass,
    point_masses,
)
from fieldsim.potentials.simple import constant, height_hill, paraboloid, temperature_hill, uniform_gravity

__all__ = [
    "PointSource",
    "Potential",
    "charged_ball",
    "constant",
    "dipole",
    "height_hill",
    "ideal_dipole",
    "massive_ball",
    "paraboloid",
    "point_charge",
    "point_charges",
    "point_mass",
    "point_masses",
    "temperature_hill",
    "uniform_gravity",
]
