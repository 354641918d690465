"""Floating conductors: bodies whose one unknown value follows from what they give off (Maxwell's capacitance matrix).

The unknowns x beside the bodies' values V obey A x + B V = r and C x + D V = s. With the same solver for A, one solve
a body gives W = A^-1 B, and (D - C W) V = s - C A^-1 r is the small system of capacitances.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from fieldsim.arrays import FloatArray
from fieldsim.boundary import Given, Number, Place, read_given
from fieldsim.errors import InvalidInput, must
from fieldsim.linear import LinearResult, Operator, Prepared
from fieldsim.meshes import Mesh
from fieldsim.physics.equation import Equation
from fieldsim.units import per_length

if TYPE_CHECKING:
    from fieldsim.physics.bodies import Bodies

_UNIT_RTOL = 1e-12


@dataclass(frozen=True)
class Floating:
    """A perfect conductor that nothing holds: its value is the same everywhere on it, and is an answer.

    `supply` is what it gives off in all: its charge in C (electrostatics), its power in W (heat), mol/s (diffusion);
    per metre in the plane. 0 is an uncharged conductor. In time it stores as the model says of its cells, starts at
    the mean of the initial values there, and the supply may be a formula of t.
    """

    supply: Number = 0.0

    def read(self, mesh: Mesh, equation: Equation, name: str) -> Given:
        """Read the supply, one number or a formula of t; raises InvalidInput and its children."""
        unit = per_length(equation.rate, 3 - mesh.dim) if mesh.dim < 3 else equation.rate
        place = Place((), frozenset(), lambda names: {}, "body")
        return read_given(self.supply, place, unit=unit, name=f"{name}.supply")


class PreparedWithBodies:
    """A prepared system with floating bodies: `solve` takes and returns arrays over the mesh, bodies' cells included.

    `prepared` solves for the unknowns with every body at nought, `whole` has the bodies' cells too, and the answer in
    a body's cells is its value times `weight`.
    """

    def __init__(self, prepared: Prepared, whole: Operator, bodies: Bodies, weight: FloatArray | None = None) -> None:
        self.prepared, self.whole, self.bodies = prepared, whole, bodies
        self.weight = np.ones(whole.shape) if weight is None else weight
        self.method, self.reason, self.nullspace = prepared.method, prepared.reason, prepared.nullspace
        self.iterations = 0
        self.responses, self.capacitance = self._units()

    def _sums(self, values: FloatArray) -> FloatArray:
        return np.array([values[body.cells].sum() for body in self.bodies.afloat])

    def _units(self) -> tuple[list[FloatArray], FloatArray]:
        """Return the response of the unknowns to each body at 1, and the matrix of capacitances."""
        responses, columns = [], []
        for body in self.bodies.afloat:
            image = self.whole.apply(np.where(body.cells, self.weight, 0.0))
            push = np.where(self.bodies.idle, 0.0, image)
            if not push.any():
                remedy = "Bodies and holes are all around it: leave a cell free beside it."
                raise InvalidInput(must(body.name, "a body that touches cells that are solved for", "none", remedy))
            answer = self.prepared.solve(push, rtol=_UNIT_RTOL)
            self.iterations += answer.iterations
            responses.append(np.where(self.bodies.idle, 0.0, answer.require()))
            columns.append(self._sums(image) - self._sums(self.whole.apply(responses[-1])))
        return responses, np.stack(columns, axis=1)

    def solve(self, b: FloatArray, *, rtol: float = 1e-10) -> LinearResult:
        """Solve for one right-hand side: `b` in a body's cells counts by its sum."""
        idle = self.bodies.idle
        inner = self.prepared.solve(np.where(idle, 0.0, b), rtol=rtol)
        x: FloatArray = np.where(idle, 0.0, inner.x)
        levels = np.linalg.solve(self.capacitance, self._sums(b) - self._sums(self.whole.apply(x)))
        for body, response, level in zip(self.bodies.afloat, self.responses, levels, strict=True):
            x -= level * response
            x[body.cells] = level * self.weight[body.cells]
        spent, self.iterations = self.iterations, 0
        return replace(inner, x=x, iterations=inner.iterations + spent)
