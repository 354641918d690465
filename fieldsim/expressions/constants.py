"""Constants that a formula may use without declaring them, in SI units, each with its source.

A name given by the user (a coordinate, a parameter) takes precedence over a constant of the same name.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

_CODATA = "CODATA 2022"
_SI = "exact, SI Brochure 9th ed. (2019)"
_IAU = "IAU 2015 Resolution B3 (nominal value)"

# The numbers that define the SI.
_LIGHT = 299792458.0
_PLANCK = 6.62607015e-34
_CHARGE = 1.602176634e-19
_BOLTZMANN = 1.380649e-23
_AVOGADRO = 6.02214076e23
_STEFAN_BOLTZMANN = 2 * math.pi**5 * _BOLTZMANN**4 / (15 * _PLANCK**3 * _LIGHT**2)


@dataclass(frozen=True)
class Constant:
    """One named number: its SI value and unit, what it is and where it is published."""

    name: str
    value: float
    unit: str
    meaning: str
    source: str


CONSTANT_TABLE: tuple[Constant, ...] = (
    Constant("pi", math.pi, "", "circumference over diameter", "mathematics"),
    Constant("e", math.e, "", "base of the natural logarithm", "mathematics"),
    Constant("c0", _LIGHT, "m/s", "speed of light in vacuum", _SI),
    Constant("h_planck", _PLANCK, "J*s", "Planck constant", _SI),
    Constant("hbar", _PLANCK / math.tau, "J*s", "reduced Planck constant", _SI),
    Constant("q_e", _CHARGE, "C", "elementary charge", _SI),
    Constant("k_B", _BOLTZMANN, "J/K", "Boltzmann constant", _SI),
    Constant("N_A", _AVOGADRO, "1/mol", "Avogadro constant", _SI),
    Constant("R_gas", _AVOGADRO * _BOLTZMANN, "J/mol/K", "molar gas constant, N_A k_B", _SI),
    Constant("F_faraday", _AVOGADRO * _CHARGE, "C/mol", "Faraday constant, N_A q_e", _SI),
    Constant("sigma_SB", _STEFAN_BOLTZMANN, "W/m^2/K^4", "Stefan-Boltzmann constant", _SI),
    Constant("epsilon0", 8.8541878188e-12, "F/m", "electric permittivity of vacuum", _CODATA),
    Constant("mu0", 1.25663706127e-6, "H/m", "magnetic permeability of vacuum", _CODATA),
    Constant("G", 6.67430e-11, "m^3/kg/s^2", "Newtonian constant of gravitation", _CODATA),
    Constant("m_e", 9.1093837139e-31, "kg", "electron mass", _CODATA),
    Constant("m_p", 1.67262192595e-27, "kg", "proton mass", _CODATA),
    Constant("m_n", 1.67492750056e-27, "kg", "neutron mass", _CODATA),
    Constant("g0", 9.80665, "m/s^2", "standard acceleration of gravity", "3rd CGPM (1901)"),
    Constant("atm", 101325.0, "Pa", "standard atmosphere", "10th CGPM (1954)"),
    Constant("T_ice", 273.15, "K", "0 degC as an absolute temperature", "SI Brochure 9th ed. (2019)"),
    Constant("GM_earth", 3.986004e14, "m^3/s^2", "G times the mass of the Earth", _IAU),
    Constant("GM_sun", 1.3271244e20, "m^3/s^2", "G times the mass of the Sun", _IAU),
    Constant("R_earth", 6371008.7714, "m", "mean radius of the Earth, (2a + b)/3", "GRS 80, Moritz (2000)"),
)

CONSTANTS: Mapping[str, float] = MappingProxyType({entry.name: entry.value for entry in CONSTANT_TABLE})
