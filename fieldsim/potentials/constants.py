"""Constants of nature that potentials need, SI units; their values stand in fieldsim.expressions."""

from __future__ import annotations

from math import pi
from typing import Final

from fieldsim.expressions import CONSTANTS

EPSILON_0: Final = CONSTANTS["epsilon0"]  # F/m
GRAVITATION: Final = CONSTANTS["G"]  # m^3 kg^-1 s^-2
COULOMB: Final = 1.0 / (4.0 * pi * EPSILON_0)  # N m^2 C^-2
STANDARD_GRAVITY: Final = CONSTANTS["g0"]  # m/s^2
