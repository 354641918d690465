"""A problem: mesh x model x boundary x initial values, frozen; changed with `replace`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np

from fieldsim.arrays import FloatArray
from fieldsim.boundary import Condition, Given, Number, Where, read_given
from fieldsim.errors import InvalidInput, must
from fieldsim.fields import ScalarField
from fieldsim.linear import bytes_to_solve
from fieldsim.meshes import Mesh
from fieldsim.physics import Equation, FiniteVolume, Floating, Model, discretise, place_of_cells, require_time
from fieldsim.storage.memory import guard
from fieldsim.units import per_length


@dataclass(frozen=True, eq=False)
class Problem:
    """A conservation law on a mesh with its conditions: what `solve` and `evolve` take.

    `boundary` gives one condition for each of `mesh.walls`, or a list of parts [("y > 0.5", Value(1.0)), ...,
    FluxOut(0.0)], the first that holds at a face's centre; axes, poles and seams need none. `initial` is a number,
    a quantity, a formula, an array or a field. `exact` is the known answer, a formula of place and t, for
    comparison only. `fixed` holds whole cells inside at a value: [("x**2 + y**2 < 0.1", 0.0), ...], electrodes or
    thermostats, or lets them float: [(..., Floating("1 nC")), ...]. `holes` cuts cells out, with insulated faces:
    ["hypot(x, y) < 0.1"]; there fields are NaN.
    `contact` puts a resistance (m^2 K/W for heat) on the surface of a part: [("x < 0.1", 1e-4), ...].
    Everything is read and checked at once: raises InvalidInput and its children.
    """

    mesh: Mesh
    model: Model
    boundary: Mapping[str, Condition | Sequence[Any]] = field(default_factory=dict)
    initial: Number | ScalarField = 0.0
    exact: Number | None = None
    fixed: Sequence[tuple[Where, Number | Floating]] = ()
    holes: Sequence[Where] = ()
    contact: Sequence[tuple[Where, Number]] = ()

    def __post_init__(self) -> None:
        """Check the problem by discretising it."""
        if not isinstance(self.mesh, Mesh):
            raise InvalidInput(must("mesh", "a mesh", self.mesh, "For example cartesian(x=(0, 1), cells=64)."))
        if not isinstance(self.model, Model) or isinstance(self.model, type):
            rule = "Heat, Diffusion, Electrostatics or Gravity"
            raise InvalidInput(must("model", rule, self.model, "For example Heat(conductivity=52.0)."))
        if isinstance(self.boundary, Mapping):
            sides = {side: tuple(law) if isinstance(law, list) else law for side, law in self.boundary.items()}
            object.__setattr__(self, "boundary", MappingProxyType(sides))
        for name in ("fixed", "holes", "contact"):
            if isinstance(getattr(self, name), list):
                object.__setattr__(self, name, tuple(getattr(self, name)))
        _ = self.volume, self._exact
        check_kelvin(self.volume, self.initial_values)

    def replace(self, **changes: Any) -> Problem:
        """Return a problem with some parts changed: problem.replace(initial=20.0)."""
        return dataclasses.replace(self, **changes)

    @cached_property
    def equation(self) -> Equation:
        """The model's conservation law."""
        return self.model.equation()

    @cached_property
    def volume(self) -> FiniteVolume:
        """The law discretised on the mesh."""
        parts = {"fixed": self.fixed, "holes": self.holes, "contact": self.contact}
        return discretise(self.mesh, self.equation, self.boundary, **parts)

    @cached_property
    def initial_values(self) -> FloatArray:
        """The initial values, shape mesh.shape."""
        what = self.initial
        if isinstance(what, ScalarField):
            if what.mesh is not self.mesh:
                raise InvalidInput(must("initial", "a field on the problem's own mesh", what, "Build it there."))
            what = what.values
        place = place_of_cells(self.mesh)
        values = read_given(what, place, unit=self.equation.unit, name="initial", time=False).values(0.0)
        return self.volume.bodies.filled(0.0, self.volume.bodies.levelled(values))

    @property
    def data_vary(self) -> tuple[str, ...]:
        """Names of the data that depend on time."""
        return self.volume.data_vary

    def with_law(self, volume: FiniteVolume) -> Problem:
        """Return the problem with its law as a solution made it known: see `physics.far_field`."""
        changed = copy(self)
        changed.__dict__["volume"] = volume
        return changed

    def require_time(self) -> None:
        """Raise InvalidInput where a run in time cannot be: no time in the model, or no density or capacity."""
        require_time(self.equation)

    def unit_of(self, unit: str) -> str:
        """Return a total's unit on this mesh: a line is per m^2 and a plane per m of the body it stands for."""
        return per_length(unit, 3 - self.mesh.dim) if self.mesh.dim < 3 else unit

    def exact_values(self, t: float) -> FloatArray | None:
        """Return the exact answer at the cell centres at time `t` (s), if the problem knows it."""
        return None if self._exact is None else self._exact.values(t)

    @cached_property
    def _exact(self) -> Given | None:
        if self.exact is None:
            return None
        return read_given(self.exact, place_of_cells(self.mesh), unit=self.equation.unit, name="exact")


def check_kelvin(volume: FiniteVolume, u: FloatArray) -> None:
    """Raise InvalidInput for temperatures below 0 K where a wall radiates."""
    if not volume.radiates:
        return
    coldest = float(u[~volume.bodies.holes].min())
    if coldest < 0.0:
        remedy = "Radiation takes kelvin: 20 degC is 293.15."
        raise InvalidInput(must("temperature", "0 K or more where a wall radiates", coldest, remedy))


def shown_values(volume: FiniteVolume, t: float, u: FloatArray) -> FloatArray:
    """Return values as users see them: held bodies at their values, NaN in holes."""
    filled = volume.bodies.filled(t, u)
    return np.where(volume.bodies.holes, np.nan, filled) if volume.bodies.holes.any() else filled


def guard_memory(problem: Problem, fields: int = 1) -> None:
    """Raise Refused, before any matrix is built, where solving and keeping `fields` fields would not fit."""
    size = problem.mesh.size
    what = f"solving for {size} unknowns and keeping {fields} field(s)"
    each = bytes_to_solve(problem.mesh.shape) + problem.volume.bytes_to_assemble + 8.0 * fields
    guard(size * each, what, remedy="Take fewer cells or fewer outputs.")
