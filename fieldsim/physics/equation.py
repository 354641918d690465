"""What a model tells the core: its coefficients, which of them store, and the names and units of everything.

storage du/dt = div(conductivity grad u) + factor * source - sink u, flux = -conductivity grad u
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from fieldsim.boundary import Number, WallUnits
from fieldsim.fields import ScalarField

Given: TypeAlias = Number | ScalarField


@dataclass(frozen=True)
class Coefficient:
    """A coefficient as the user gave it, with the name and SI unit it has in the model."""

    name: str
    value: Given
    unit: str


@dataclass(frozen=True)
class Equation:
    """One conservation law.

    `storage` is a product of coefficients, empty where the law has no time; `amount` is the unit of what is
    conserved (J, mol) and `rate` the unit of its flow (W, mol/s). The field's energy in J is `energy` times the
    integral of conductivity |grad u|^2, 0 where there is none.
    """

    symbol: str
    quantity: str
    unit: str
    conductivity: Coefficient
    source: Coefficient
    flux_name: str
    units: WallUnits
    amount: str
    rate: str
    storage: tuple[Coefficient, ...] = ()
    source_factor: float = 1.0
    sink: Coefficient | None = None
    energy: float = 0.0
