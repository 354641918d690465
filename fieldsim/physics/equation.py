"""What a model tells the core: its coefficients, which of them store, and the names and units of everything.

storage du/dt = div(conductivity grad u - storage v u) + factor * source - sink u,
flux = -conductivity grad u + storage v u
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from fieldsim.boundary import Number, WallUnits
from fieldsim.errors import InvalidInput, must
from fieldsim.fields import ScalarField, TensorField
from fieldsim.physics.tensor import Tensor
from fieldsim.physics.velocity import VelocityLike

Given: TypeAlias = Number | ScalarField | Tensor | TensorField


@dataclass(frozen=True)
class Coefficient:
    """A coefficient as the user gave it (None: not at all), with the name and SI unit it has in the model."""

    name: str
    value: Given | None
    unit: str


@dataclass(frozen=True)
class Equation:
    """One conservation law.

    `storage` is a product of coefficients, empty where the law has no time; `amount` is the unit of what is
    conserved (J, mol) and `rate` the unit of its flow (W, mol/s). The field's energy in J is `energy` times the
    integral of conductivity |grad u|^2, 0 where there is none. `velocity` (m/s) carries what is stored, by the scheme
    `drift`.
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
    velocity: VelocityLike | None = None
    drift: str = "limited"

    def require_storage(self, what: str) -> None:
        """Raise InvalidInput where a coefficient that stores was not given, and `what` ("a run in time") needs it."""
        missing = [coefficient for coefficient in self.storage if coefficient.value is None]
        if missing:
            needed = " and ".join(f"{coefficient.name} in {coefficient.unit}" for coefficient in missing)
            remedy = f"Give {needed}; steel has density=7850.0 and capacity=460.0."
            raise InvalidInput(must(missing[0].name, f"given for {what}", None, remedy))
