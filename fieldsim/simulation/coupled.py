"""Several fields on one mesh whose sources follow each other: reactions, and heat that they set free.

storage_i du_i/dt = div(K_i grad u_i) + source_i(u_1 ... u_m, place, t) - sink_i u_i
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np

from fieldsim.arrays import FloatArray
from fieldsim.boundary import Condition, Number, Where
from fieldsim.errors import InvalidInput, NumericalFailure, must
from fieldsim.fields import ScalarField
from fieldsim.meshes import Mesh
from fieldsim.physics import Equation, Model, place_of_cells
from fieldsim.physics.coupled import Reaction, check_names, read_reaction
from fieldsim.physics.coupled_law import CoupledLaw
from fieldsim.simulation.problem import Problem


@dataclass(frozen=True)
class Species:
    """The law of one field of several: its model's under the field's own name, without the source."""

    model: Model
    name: str

    def equation(self) -> Equation:
        """Return the model's conservation law, its source set to nothing: that is the reaction's."""
        own = self.model.equation()
        return dataclasses.replace(
            own,
            symbol=self.name,
            quantity=f"{own.quantity} {self.name}",
            source=dataclasses.replace(own.source, value=0.0),
        )


@dataclass(frozen=True, eq=False)
class FieldProblem(Problem):
    """One field of a coupled problem: mesh, conditions and units; no problem of its own without the others."""


def refuse_part(problem: object) -> None:
    """Raise InvalidInput for what is no problem, and for a field of a coupled one, which lacks its source."""
    if not isinstance(problem, Problem | CoupledProblem):
        remedy = "Put mesh, model and boundary together: fs.Problem(mesh, fs.Heat(52.0), {...})."
        raise InvalidInput(must("problem", "a Problem or a CoupledProblem", problem, remedy))
    if isinstance(problem, FieldProblem):
        got = f"its field {problem.equation.symbol} alone"
        raise InvalidInput(must("problem", "the whole coupled problem", got, "Its source follows the other fields."))


@dataclass(frozen=True, eq=False)
class CoupledProblem:
    """Several fields on a mesh, each with a model: what `solve` and `evolve` take where sources follow other fields.

    `models` gives a model for each name: {"u": Diffusion(2e-5, source="-u*v**2 + 0.04*(1-u)"), "v": ...}. A source may
    use all names, the place and t, or be a function of the fields by name: lambda u, v: -u*v**2; a conductivity may
    follow its own field. `boundary`, `fixed`, `holes` and `contact` are as in `Problem`, either one for all fields or
    a mapping from names; `initial` and `exact` likewise. `scales` gives typical sizes of unknowns that neither start
    nor are held at any value, {"w": 1e-6}; others are told from their data. Names may not be those of coordinates,
    constants, functions or t. Patterns whose reactions set the step are quickest with method="rkl2".
    Everything is read and checked at once: raises InvalidInput and its children.
    """

    mesh: Mesh
    models: Mapping[str, Model]
    boundary: Mapping[str, Any] = field(default_factory=dict)
    initial: Mapping[str, Number | ScalarField] | Number = 0.0
    exact: Mapping[str, Number] = field(default_factory=dict)
    fixed: Mapping[str, Sequence[Any]] | Sequence[Any] = ()
    holes: Sequence[Where] = ()
    contact: Mapping[str, Sequence[Any]] | Sequence[Any] = ()
    scales: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the problem by discretising all of it."""
        if not isinstance(self.mesh, Mesh):
            raise InvalidInput(must("mesh", "a mesh", self.mesh, "For example cartesian(x=(0, 1), cells=64)."))
        if not isinstance(self.models, Mapping) or not self.models:
            remedy = 'For example {"u": Diffusion(1e-5, source="-u*v"), "v": Diffusion(1e-5, source="u*v")}.'
            raise InvalidInput(must("models", "a mapping from names to models", self.models, remedy))
        check_names(tuple(self.models), self.mesh)
        object.__setattr__(self, "models", MappingProxyType(dict(self.models)))
        for name, scale in self._each("scales", 1.0).items():
            number = isinstance(scale, int | float | np.integer | np.floating) and not isinstance(scale, bool)
            if not (number and 0.0 < scale < np.inf):
                remedy = "It is the size that counts as 1 for tolerances."
                raise InvalidInput(must(f"scales[{name!r}]", "a number above 0", scale, remedy))
        _ = self.law, self.initial_values

    def replace(self, **changes: Any) -> CoupledProblem:
        """Return a problem with some parts changed: problem.replace(initial={"u": 1.0})."""
        return dataclasses.replace(self, **changes)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the fields."""
        return tuple(self.models)

    @cached_property
    def problems(self) -> Mapping[str, FieldProblem]:
        """Each field by itself: its mesh, units, conditions and initial values."""
        parts = {
            "boundary": self._boundaries(),
            "initial": self._each("initial", 0.0),
            "exact": self._each("exact", None),
            "fixed": self._each("fixed", ()),
            "holes": dict.fromkeys(self.names, self.holes),
            "contact": self._each("contact", ()),
        }
        return MappingProxyType({name: self._problem(name, parts) for name in self.names})

    @cached_property
    def law(self) -> CoupledLaw:
        """The laws and their reactions, discretised."""
        volumes = {name: problem.volume for name, problem in self.problems.items()}
        law = CoupledLaw(volumes, self.reactions)
        for name, volume in volumes.items():
            if volume.bodies.afloat:
                remedy = "Hold it at a value, or leave it out."
                raise InvalidInput(must(f"fixed of {name}", "of bodies held at a value", "a floating body", remedy))
        return law

    @cached_property
    def reactions(self) -> Mapping[str, Reaction]:
        """The source of each field."""
        place = place_of_cells(self.mesh)
        result = {}
        for name, model in self.models.items():
            source = model.equation().source
            value = source.value
            if isinstance(value, ScalarField):
                if value.mesh is not self.mesh:
                    rule = "a field on the problem's own mesh"
                    raise InvalidInput(must(f"{source.name} of {name}", rule, value, "Build it there."))
                value = value.values
            label = f"{source.name} of {name}"
            result[name] = read_reaction(value, place, self.names, unit=source.unit, name=label)
        return MappingProxyType(result)

    @cached_property
    def initial_values(self) -> FloatArray:
        """The initial values of all fields, shape (fields, *mesh.shape)."""
        values = np.stack([problem.initial_values for problem in self.problems.values()])
        made = self.law.production(0.0, values)
        for row, name in enumerate(self.names):
            bad = ~np.isfinite(made[row])
            if bad.any():
                cell = tuple(int(i) for i in np.argwhere(bad)[0])
                raise NumericalFailure(
                    f"`{self.reactions[name].name}` must be finite; got {made[row][cell]} first in cell {cell} at the "
                    "initial values. Change the formula or the values there."
                )
        return values

    @property
    def data_vary(self) -> tuple[str, ...]:
        """Names of the data that depend on time."""
        own = [f"{what} of {name}" for name, volume in self.law.volumes.items() for what in volume.data_vary]
        return (*own, *(reaction.name for reaction in self.reactions.values() if reaction.varies))

    def require_time(self) -> None:
        """Raise InvalidInput where a run in time cannot be: no time in a model, or no density or capacity."""
        for problem in self.problems.values():
            problem.require_time()

    def _problem(self, name: str, parts: Mapping[str, Mapping[str, Any]]) -> FieldProblem:
        model = self.models[name]
        if not isinstance(model, Model) or isinstance(model, type):
            remedy = "For example Diffusion(1e-5, source='-u*v')."
            raise InvalidInput(must(f"models[{name!r}]", "Heat, Diffusion or another model", model, remedy))
        try:
            return FieldProblem(self.mesh, Species(model, name), **{key: part[name] for key, part in parts.items()})
        except InvalidInput as error:
            error.add_note(f"This is about the field {name!r}; of its data, the source alone may follow other fields.")
            raise

    def _boundaries(self) -> dict[str, Mapping[str, Condition | Sequence[Any]]]:
        """Return the conditions of each field; a mapping from sides holds for all fields."""
        given = self.boundary
        if isinstance(given, Mapping) and any(key in self.models for key in given):
            return self._each("boundary", {})
        return dict.fromkeys(self.names, given)

    def _each(self, what: str, default: object) -> dict[str, Any]:
        """Return a part of the problem for each field."""
        given = getattr(self, what)
        if not isinstance(given, Mapping):
            return dict.fromkeys(self.names, given)
        for key in given:
            if key not in self.models:
                close = get_close_matches(str(key), self.names, n=1)
                remedy = f"Did you mean {close[0]!r}?" if close else "Name the fields."
                raise InvalidInput(must(what, f"a mapping from names among {', '.join(self.names)}", key, remedy))
        return {name: given.get(name, default) for name in self.names}
