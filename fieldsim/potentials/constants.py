"""Constants of nature that potentials need, SI units, from CODATA 2022 (NIST SP 961, May 2024)."""

from __future__ import annotations

from math import pi
from typing import Final

EPSILON_0: Final = 8.8541878188e-12  # F/m
GRAVITATION: Final = 6.67430e-11  # m^3 kg^-1 s^-2
COULOMB: Final = 1.0 / (4.0 * pi * EPSILON_0)  # N m^2 C^-2
STANDARD_GRAVITY: Final = 9.80665  # m/s^2, exact by definition (3rd CGPM, 1901)
