"""What a model demands of its walls, regions and bodies: each part is read over the mesh as the solver will read it.

Then the whole problem is built, so that what only shows between parts is told before a run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from math import prod
from typing import TYPE_CHECKING, Any

from fieldsim.errors import FieldSimError, InvalidInput, must
from fieldsim.scenario.amounts import Formula, Setting
from fieldsim.scenario.build_problem import make_coupled, make_law, make_model, make_problem, spelled
from fieldsim.scenario.faults import did_you_mean
from fieldsim.scenario.nodes import Path
from fieldsim.scenario.schema import Scenario
from fieldsim.scenario.schema_models import Law
from fieldsim.scenario.slots import CONTACT

if TYPE_CHECKING:
    from fieldsim.boundary import Place
    from fieldsim.meshes import Mesh
    from fieldsim.physics import Equation
    from fieldsim.simulation import CoupledProblem, Problem

Fault = tuple[Path, str]

# beyond these numbers of cells a mesh is not looked at before the run, which says the same
_MOST_READ = 4_000_000
_MOST_BUILT = 300_000
_SUBJECT = re.compile(r"`(?P<name>\w+)(?:\['(?P<side>[^']+)'\])?(?:\[(?P<number>\d+)\])?")
_INDEX = re.compile(r"^`?[^`\s]*?\[(\d+)\]")
# what the interface calls by a class is a key here
_KEYS = (
    (r"a Value or Convective condition", "a value or convective law"),
    (r"leave by FluxOut", "leave by flux_out"),
    (r"one wall a Value", "one wall a value"),
    (r"hold one of them with fixed=\[\.\.\.\]", "hold one of them under `fixed`"),
    (r",? ?(?:or )?follow it in time with evolve", ", or add `time` to follow it"),
    (r"Use evolve\(problem, until=\.\.\.\)", "Add `time`"),
    (r"Convective: h = 1/R", "a convective law, h = 1/R"),
)


def problem_faults(scenario: Scenario, setting: Setting, mesh: Mesh) -> list[Fault]:
    """Return what is wrong with the model of a scenario on its mesh, all parts at once."""
    if scenario.fields:
        return _coupled_faults(scenario, setting, mesh)
    if scenario.model is None:
        return []
    faults = [*_sides(scenario, mesh), *_films(scenario), *_names(scenario, mesh)]
    whole = scenario.mesh is None or not scenario.mesh.cells or mesh.size == prod(scenario.mesh.cells)
    if faults or not whole or mesh.size > _MOST_READ:
        return faults
    faults = list(_parts(scenario, setting, mesh))
    if faults or mesh.size > _MOST_BUILT:
        return faults
    return list(_whole(scenario, setting, mesh))


def _coupled_faults(scenario: Scenario, setting: Setting, mesh: Mesh) -> list[Fault]:
    """Return what is wrong with each of several fields, then with all of them together."""
    faults: list[Fault] = []
    for name, own in setting.fields.items():
        alone = scenario.alone(name)
        found = [*_sides(alone, mesh), *_films(alone), *_names(alone, mesh)] or list(_parts(alone, own, mesh))
        for path, message in found:
            shared = (
                bool(path)
                and path[0] in ("boundary", "fixed", "contact")
                and not getattr(scenario.fields[name], str(path[0]))
            )
            below = path[1:] if path and path[0] == "model" else path
            faults.append((path if shared else ("fields", name, *below), message))
    if faults or mesh.size > _MOST_BUILT:
        return faults
    problems: list[CoupledProblem] = []
    faults += _tried(("fields",), lambda: problems.append(make_coupled(scenario, setting, mesh)))
    if problems and scenario.time is not None:
        faults += _tried(("fields",), problems[0].require_time)
    return faults


def _sides(scenario: Scenario, mesh: Mesh) -> Iterator[Fault]:
    """Refuse laws for what is no wall, and walls without a law."""
    for name in scenario.boundary:
        if name not in mesh.sides:
            hint = did_you_mean(name, mesh.walls)
            yield (
                ("boundary", name),
                f"`{name}` must be a side of the mesh: {', '.join(mesh.walls)}. {hint}".strip(),
            )
        elif mesh.sides[name].kind != "wall":
            kind = {"seam": "joined to the other end", "pole": "an axis or a pole"}[mesh.sides[name].kind]
            yield ("boundary", name), f"`{name}` is {kind} and takes no law. Remove it."
    missing = [name for name in mesh.walls if name not in scenario.boundary]
    if missing:
        yield (
            ("boundary",),
            f"every side must have a law; none is given for {', '.join(missing)}. "
            f"Add for example {missing[0]}: {{flux_out: 0}} (insulated) or {missing[0]}: {{value: 0}}.",
        )


def _names(scenario: Scenario, mesh: Mesh) -> Iterator[Fault]:
    """Refuse names of bodies that another body or the mesh has."""
    taken = {"mesh", *mesh.sides}
    for number, body in enumerate(scenario.fixed):
        if body.name in taken:
            yield ("fixed", number, "name"), f"the name {body.name} is taken. Give each body a name of its own."
        taken |= {body.name} if body.name is not None else set()


def _films(scenario: Scenario) -> Iterator[Fault]:
    """Refuse films that would let heat flow from cold to warm."""
    for name, laws in scenario.boundary.items():
        for number, law in enumerate([laws] if isinstance(laws, Law) else laws):
            h = None if law.convective is None else law.convective.h
            if isinstance(h, float | int) and h < 0:
                below: Path = () if isinstance(laws, Law) else (number,)
                yield (
                    ("boundary", name, *below, "convective", "h"),
                    f"`h` must be at least 0: heat flows from warm to cold; got {h:g}. Give {-h:g}.",
                )


def _parts(scenario: Scenario, setting: Setting, mesh: Mesh) -> Iterator[Fault]:
    """Read every coefficient, side, body, hole, contact and initial value by itself."""
    from fieldsim.boundary import place_on_side, read_given
    from fieldsim.boundary.conditions import bind_condition
    from fieldsim.physics import place_of_cells
    from fieldsim.physics.contact import read_contacts

    if scenario.model is None:
        return
    kind, spec = scenario.model.chosen
    cells = place_of_cells(mesh)
    equation = _equation(scenario, setting)
    for name in type(spec).model_fields:
        # the source of one of several fields is read with all of them
        if name != equation.source.name or not setting.company:
            yield from _tried(("model", kind, name), _coefficient, equation, name, mesh)
    for side, laws in scenario.boundary.items():
        place = place_on_side(mesh, mesh.sides[side])
        law = make_law(laws, setting)
        yield from _tried(("boundary", side), bind_condition, law, place, equation.units, side)
    for key in ("fixed", "holes"):
        for number, part in enumerate(getattr(scenario, key)):
            yield from _tried((key, number), _hold_somewhere, part.where, cells)
    for number, contact in enumerate(scenario.contact):
        pair = (contact.where.resolved, spelled(contact.resistance, setting))
        yield from _tried(("contact", number), read_contacts, mesh, cells, [pair], setting.units[CONTACT])
    if scenario.initial is not None:
        initial = spelled(scenario.initial, setting)
        reading = partial(read_given, unit=equation.unit, name="initial", time=False)
        yield from _tried(("initial",), reading, initial, cells)


def _hold_somewhere(where: Formula, cells: Place) -> None:
    """Raise InvalidInput for a comparison that holds in no cell."""
    from fieldsim.boundary import read_where

    if not read_where(where.resolved, cells, "where").any():
        rule = "a comparison that holds in one cell or more"
        remedy = "Cells are taken by their centres: enlarge the part, move it, or refine the mesh."
        raise InvalidInput(must("where", rule, where.text, remedy))


def _equation(scenario: Scenario, setting: Setting) -> Equation:
    if scenario.model is None:
        raise ValueError("a scenario without a model has no equation.")
    equation: Equation = make_model(scenario.model, setting).equation()
    return equation


def _coefficient(equation: Equation, name: str, mesh: Mesh) -> None:
    """Read one coefficient of a model over the cells. Raises FieldSimError."""
    from fieldsim.boundary import read_given
    from fieldsim.physics import place_of_cells
    from fieldsim.physics.tensor import is_tensor, read_tensor

    place, following = place_of_cells(mesh), (equation.conductivity, equation.source)
    for coefficient in (*following, equation.sink, *equation.storage):
        if coefficient is None or coefficient.name != name or coefficient.value is None:
            continue
        unit, value = coefficient.unit, coefficient.value
        if is_tensor(value, mesh):
            read_tensor(value, mesh, place, unit=unit, name=name)
            continue
        unknown = equation.symbol if coefficient in following else ""
        timed = coefficient not in equation.storage
        read_given(value, place, unit=unit, name=name, time=timed, unknown=unknown)  # type: ignore[arg-type]


def _whole(scenario: Scenario, setting: Setting, mesh: Mesh) -> Iterator[Fault]:
    """Build the problem, and ask whether it can be run in time, or has a steady state."""
    problems: list[Problem] = []
    for path, message in _tried((), lambda: problems.append(make_problem(scenario, setting, mesh))):
        yield path or _named(message, scenario), message
    if not problems:
        return
    if scenario.time is not None:
        yield from _tried(("model",), problems[0].require_time)
        for path, message in _tried((), problems[0].volume.require_run):
            yield path or _named(message, scenario), message
    else:
        from fieldsim.simulation.steady import require_steady

        yield from _tried(("model",), require_steady, problems[0])


def _named(message: str, scenario: Scenario) -> Path:
    """Return the path of what a message of the interface begins with: `fixed[0]`, `boundary['x+']`, `capacity`."""
    found = _SUBJECT.match(message)
    if found is None or scenario.model is None:
        return ()
    name, side, number = found["name"], found["side"], found["number"]
    kind, spec = scenario.model.chosen
    if name in type(spec).model_fields:
        return ("model", kind, name)
    if name not in Scenario.model_fields:
        return ()
    below: Path = (side,) if side else ()
    return (name, *below, *([int(number)] if number else []))


def _tried(path: Path, attempt: Callable[..., Any], *arguments: Any) -> Iterator[Fault]:
    """Yield what an attempt raises, at `path` or at the numbered part below it that the message names."""
    try:
        attempt(*arguments)
    except FieldSimError as error:
        message = str(error)
        numbered = _INDEX.match(message)
        if numbered and path and not isinstance(path[-1], int):
            path = (*path, int(numbered[1]))
        yield path, in_keys(message)


def in_keys(message: str) -> str:
    """Return a message of the Python interface in the words of a scenario file."""
    for pattern, words in _KEYS:
        message = re.sub(pattern, words, message)
    return message
