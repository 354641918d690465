"""What a conservation law on a mesh is made of, and what of it depends on time and on the unknown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from fieldsim.arrays import FloatArray
from fieldsim.boundary import BoundCondition, Given, OpenSide
from fieldsim.errors import InvalidInput, must
from fieldsim.meshes import Mesh
from fieldsim.physics.bodies import Bodies
from fieldsim.physics.contact import Contacts
from fieldsim.physics.drift import Drift
from fieldsim.physics.equation import Equation
from fieldsim.physics.tensor import GivenTensor


@dataclass(frozen=True, eq=False)
class Law:
    """The data of a conservation law, read on a mesh.

    `storage` holds storage coefficient times volume a cell, None where the law has no time; a coefficient left out
    counts as 1, good for weights only (see `Equation.require_storage`). `wall_conductivity` is given along each
    wall where the conductivity follows the unknown.
    """

    mesh: Mesh
    equation: Equation
    conductivity: Given | GivenTensor
    storage: FloatArray | None
    source: Given
    conditions: Mapping[str, BoundCondition]
    bodies: Bodies
    sink: Given | None = None
    wall_conductivity: Mapping[str, Given] = field(default_factory=dict)
    contacts: Contacts = field(default_factory=Contacts)
    drift: Drift | None = None

    @property
    def bytes_to_assemble(self) -> float:
        """Memory that the matrix takes before anything is solved, in bytes a cell."""
        return 0.0 if self.drift is None else self.drift.bytes_to_assemble

    @property
    def walls(self) -> tuple[str, ...]:
        """Names of the sides that have a condition."""
        return tuple(self.conditions)

    @property
    def exits(self) -> tuple[str, ...]:
        """Names of all through which something may leave: walls and held bodies."""
        return (*self.conditions, *(body.name for body in self.bodies.all))

    @cached_property
    def follows(self) -> bool:
        """Whether the law is nonlinear: coefficients, the source, a wall or the drift's slopes follow the unknown."""
        return self.data_follow or (self.drift is not None and self.drift.nonlinear)

    @cached_property
    def data_follow(self) -> bool:
        """Whether coefficients, the source or a wall follow the unknown."""
        walls = any(condition.follows for condition in self.conditions.values())
        return walls or self.conductivity.follows or self.source.follows

    @property
    def radiates(self) -> bool:
        """Whether a wall radiates, so that the unknown is an absolute temperature."""
        return any(condition.follows for condition in self.conditions.values())

    @cached_property
    def matrix_varies(self) -> bool:
        """Whether the matrix depends on time."""
        slopes = any(condition.slope_varies for condition in self.conditions.values())
        moving = self.conductivity.varies or bool(self.contacts.varying) or (self.drift or self.conductivity).varies
        return slopes or moving or (self.sink is not None and self.sink.varies)

    @property
    def data_vary(self) -> tuple[str, ...]:
        """Names of the data that depend on time: coefficients, sides, bodies."""
        given = [
            self.conductivity,
            self.source,
            *([self.sink] if self.sink else []),
            *(b.value for b in self.bodies.held),
            *(b.supply for b in self.bodies.afloat),
        ]
        walls = [f"boundary[{name!r}]" for name, c in self.conditions.items() if c.varies]
        flow = ["velocity"] if self.drift is not None and self.drift.varies else []
        return (*(g.name for g in given if g.varies), *walls, *self.contacts.varying, *flow)

    def require_run(self) -> None:
        """Raise InvalidInput where walls know the steady state only."""
        for condition in self.conditions.values():
            if isinstance(condition, OpenSide):
                remedy = "Put the walls far enough to feel nothing, and insulate them."
                rule = "for the steady state of one field"
                raise InvalidInput(must(condition.name, rule, "a far field in a run", remedy))

    def require_alone(self) -> None:
        """Raise InvalidInput where bodies or walls know one law only, and several are coupled."""
        for body in self.bodies.afloat:
            remedy = "Hold it at a value, or make it a region of large conductivity."
            raise InvalidInput(must(body.name, "held at a value among several fields", "a floating body", remedy))
        self.require_run()
