"""From a checked scenario to the objects of the Python interface: mesh, field, potential, problem.

Nothing is decided here that the interface does not decide; a scenario only spells its constructors.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

from fieldsim.errors import InvalidInput, must
from fieldsim.scenario.amounts import Formula
from fieldsim.scenario.build_mesh import make_mesh
from fieldsim.scenario.language import COORDINATES
from fieldsim.scenario.schema import Scenario
from fieldsim.scenario.schema_fields import GivenField
from fieldsim.scenario.schema_mesh import AXES, CURVILINEAR, MeshSpec
from fieldsim.scenario.schema_potentials import Term

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fieldsim.fields import ScalarField
    from fieldsim.meshes import Mesh
    from fieldsim.potentials import Potential

ELEVATION = "jacksboro_fault_dem.npz"
DEFAULT_OUTPUTS = 50


@dataclass(frozen=True)
class Given:
    """A field whose values stand in the scenario, with the potential it comes from where there is one."""

    mesh: Mesh
    field: ScalarField
    potential: Potential | None = None
    source: str = ""


def plain_value(value: float | Formula) -> float | str:
    """Return what the constructors take: a number, or the text of a formula without parameters."""
    return value.resolved if isinstance(value, Formula) else value


def guard_memory(scenario: Scenario, spec: MeshSpec) -> None:
    """Refuse, before anything is allocated, a run whose arrays do not fit. Raises Refused."""
    from fieldsim.storage.memory import guard, human_bytes

    cells = prod(spec.cells)
    per_field = 8.0 * cells
    arrays = 8 + 4 * len(scenario.derive) + 60 * (len(scenario.fields) or scenario.solves)
    # corners, volumes and the metric of a general mesh
    arrays += 30 if spec.type == CURVILINEAR else 0
    shape = " x ".join(map(str, spec.cells))
    guard(arrays * per_field, f"a mesh of {shape} cells ({human_bytes(per_field)} per field, {arrays} fields)")


def guard_disk_space(scenario: Scenario, folder: Path) -> None:
    """Refuse, before any work, a run whose files do not fit on the disk. Raises Refused."""
    from fieldsim.storage import guard_disk

    if scenario.mesh is None:
        return
    plan = scenario.time
    outputs = 1 if plan is None else len(plan.at) if plan.at is not None else (plan.outputs or DEFAULT_OUTPUTS) + 1
    vector = 3
    arrays = max(len(scenario.fields), 1) + vector * ((scenario.model is not None) + len(scenario.derive))
    cells = prod(scenario.mesh.cells)
    guard_disk(8.0 * cells * arrays * outputs, folder, f"writing {outputs} outputs of {arrays} arrays of {cells} cells")


def make_potential(given: GivenField) -> Potential | None:
    """Return the potential of a given field, or None where its values come from data."""
    from fieldsim import potentials

    if given.potential is not None:
        parts = [_term(term) for term in given.potential]
        total = reduce(lambda a, b: a + b, parts)
        if given.cut is not None:
            total = total.cut(given.cut)
        if given.soften is not None:
            total = total.soften(given.soften)
        return total.renamed(given.name, quantity=given.quantity)
    if given.expression is not None:
        if _native_names(given):
            return None
        gradient = None if given.gradient is None else [plain_value(part) for part in given.gradient]
        return potentials.formula(
            plain_value(given.expression),
            given.unit or "",
            gradient,
            name=given.name,
            quantity=given.quantity or "",
        )
    return None


def _native_names(given: GivenField) -> frozenset[str]:
    """Return the names in a given field's formula that mean something on its own mesh alone: no potential has them."""
    from fieldsim.expressions import compile_expression

    if not isinstance(given.expression, Formula):
        return frozenset()
    known = frozenset(name for names in AXES.values() for name in names) | COORDINATES
    return compile_expression(given.expression.resolved, known).names - COORDINATES


def _term(term: Term) -> Potential:
    from fieldsim.potentials.catalogue import CATALOGUE

    kind, spec = term.chosen
    arguments = {name: getattr(spec, name) for name in type(spec).model_fields}
    return CATALOGUE[kind].build(**{name: value for name, value in arguments.items() if value is not None})


def make_given(scenario: Scenario, mesh_spec: MeshSpec | None, folder: Path) -> Given:
    """Evaluate a given field on its mesh. Raises InvalidInput and NumericalFailure."""
    from fieldsim.fields import ScalarField

    given = scenario.field
    if given is None:
        raise InvalidInput(must("field", "given", None, "Add a field or a model."))
    if given.data is not None:
        return _from_data(given, mesh_spec, folder)
    if mesh_spec is None:
        raise InvalidInput(must("mesh", "given", None, "Only a field from data can do without."))
    mesh = make_mesh(mesh_spec, folder)
    potential = make_potential(given)
    what = plain_value(given.expression) if given.expression is not None else potential
    if what is None:
        raise InvalidInput(must("field", "a potential, an expression or data", None, "Add one."))
    unit = given.unit or (potential.unit if potential is not None else "")
    return Given(mesh, ScalarField(mesh, what, unit=unit, name=given.name), potential)


def _from_data(given: GivenField, spec: MeshSpec | None, folder: Path) -> Given:
    """Read a field from a file: terrain brings its own mesh, other arrays must have the mesh's shape."""
    from fieldsim import meshes
    from fieldsim.fields import ScalarField
    from fieldsim.potentials.terrain import load_elevation
    from fieldsim.scenario.library import find_data

    name = str(given.data)
    if Path(name).name == ELEVATION and find_data(name, folder) is None:
        terrain = load_elevation()
        if spec is not None:
            raise InvalidInput(must("mesh", "left out: the terrain brings its own", "a mesh", "Remove `mesh`."))
        rows, columns = terrain.height.shape
        mesh = meshes.cartesian(x=(0.0, terrain.width), y=(0.0, terrain.depth), cells=(columns, rows))
        field = ScalarField(mesh, terrain.height.T, unit=given.unit or "m", name=given.name)
        return Given(mesh, field, None, f"{terrain.source} ({terrain.licence})")
    path = find_data(name, folder)
    if path is None:
        raise InvalidInput(must("data", "a file beside the scenario or in data/", name, "Give its name there."))
    return _from_file(given, spec, path, folder)


def _from_file(given: GivenField, spec: MeshSpec | None, path: Path, folder: Path) -> Given:
    """Read an array; one with its own coordinates (.npz with x, y, z) fits any mesh, another has the mesh's shape."""
    from fieldsim import potentials
    from fieldsim.fields import ScalarField

    unit = given.unit or ""
    axes = _coordinates(path)
    if not axes:
        if spec is None:
            raise InvalidInput(must("mesh", "given for an array without coordinates", None, "Add a mesh."))
        mesh = make_mesh(spec, folder)
        return Given(mesh, ScalarField(mesh, potentials.load_array(path), unit=unit, name=given.name), None, path.name)
    potential = potentials.sampled_file(path, unit=unit, name=given.name)
    mesh = make_mesh(spec, folder) if spec is not None else _mesh_of(axes)
    return Given(mesh, ScalarField(mesh, potential, unit=unit, name=given.name), potential, path.name)


def _coordinates(path: Path) -> list[NDArray[np.float64]]:
    """Return the coordinates that a file of samples holds, in the order x, y, z."""
    from fieldsim.potentials import load_arrays

    if path.suffix.lower() != ".npz":
        return []
    arrays = load_arrays(path)
    return [arrays[name] for name in "xyz" if name in arrays]


def _mesh_of(axes: list[NDArray[np.float64]]) -> Mesh:
    """Return a Cartesian mesh whose cells lie around samples."""
    import numpy as np

    from fieldsim import meshes

    edges = {}
    for name, places in zip("xyz", axes, strict=False):
        if places.ndim != 1 or places.size < 2:
            raise InvalidInput(must(name, "two or more increasing places in the data file", places.shape, "Mend it."))
        inner = 0.5 * (places[1:] + places[:-1])
        edges[name] = np.concatenate([[2.0 * places[0] - inner[0]], inner, [2.0 * places[-1] - inner[-1]]])
    return meshes.cartesian(edges=edges)
