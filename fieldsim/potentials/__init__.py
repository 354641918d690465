"""Potentials with exact gradients: charges, masses, hills, formulas and sampled data."""

from __future__ import annotations

from fieldsim.potentials.array_files import load_array, load_arrays
from fieldsim.potentials.base import PointSource, Potential
from fieldsim.potentials.bodies import charged_ball, charged_shell, ideal_dipole, massive_ball, massive_shell
from fieldsim.potentials.catalogue import CATALOGUE, Entry
from fieldsim.potentials.earth_model import data_file, prem, prem_density, prem_gravity, prem_mass
from fieldsim.potentials.formulas import formula
from fieldsim.potentials.point_sources import (
    dipole,
    point_charge,
    point_charges,
    point_mass,
    point_masses,
)
from fieldsim.potentials.samples import sampled, sampled_file
from fieldsim.potentials.simple import constant, height_hill, paraboloid, temperature_hill, uniform_gravity
from fieldsim.potentials.terrain import Elevation, load_elevation
from fieldsim.potentials.wires import charged_line, charged_ring

__all__ = [
    "CATALOGUE",
    "Elevation",
    "Entry",
    "PointSource",
    "Potential",
    "charged_ball",
    "charged_line",
    "charged_ring",
    "charged_shell",
    "constant",
    "data_file",
    "dipole",
    "formula",
    "height_hill",
    "ideal_dipole",
    "load_array",
    "load_arrays",
    "load_elevation",
    "massive_ball",
    "massive_shell",
    "paraboloid",
    "point_charge",
    "point_charges",
    "point_mass",
    "point_masses",
    "prem",
    "prem_density",
    "prem_gravity",
    "prem_mass",
    "sampled",
    "sampled_file",
    "temperature_hill",
    "uniform_gravity",
]
