"""Numbers of a solved field that belong to a side, a body, a pair of these or the whole: flows, contents, capacitance.

A check names them in its expression; where it says neither `at` nor `over` nor `between`, it means the whole answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from fieldsim.errors import InvalidInput, must
from fieldsim.scenario.language import Amount, evaluate_numbers
from fieldsim.scenario.units_shown import in_unit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fieldsim.scenario.compute import Solution
    from fieldsim.simulation import Result, SideResult

    Array = NDArray[np.float64]

BETWEEN = ("capacitance", "resistance")
OF_THE_WHOLE = ("energy", "content", "total_source", "flow_in", "flow_out", "source", "stored", "missing")
_IN_THE_BOOKS = frozenset({"flow_in", "flow_out", "source", "stored", "missing"})


def over_side(solution: Solution, number: int, text: str, side: str, take: str) -> tuple[Array, str]:
    """Return an expression of what a side or a body knows, and its unit.

    The names are the field's (its values there), `flux` (what leaves through it) and `outflow` (what has left since
    the start); the first two are reduced by `take` on sides. Raises InvalidInput.
    """
    if solution.parts:
        return _evaluated(solution, number, text, _of_all(solution, number, side, take))
    result: Result = solution.result
    exit_name = solution.loaded.setting.bodies.get(side, side)
    is_body = side in solution.loaded.setting.bodies
    known = _of_body(solution, number, exit_name) if is_body else _of_side(solution, number, side, take)
    book = result.balances[number]
    known["outflow"] = Amount(book.through[exit_name], book.unit)
    return _evaluated(solution, number, text, known)


def _of_all(solution: Solution, number: int, side: str, take: str) -> dict[str, Any]:
    """Return what a side knows of each of several fields: u, flux_u and outflow_u."""
    known: dict[str, Any] = {}
    for name, part in solution.parts.items():
        own = part.loaded.setting.bodies.get(side, side)
        found = _of_body(part, number, own) if own != side else _of_side(part, number, side, take)
        book = part.result.balances[number]
        known |= {name: found[name], f"flux_{name}": found["flux"]}
        known[f"outflow_{name}"] = Amount(book.through[own], book.unit)
    return known


def _of_side(solution: Solution, number: int, side: str, take: str) -> dict[str, Any]:
    wall = solution.result.at_boundary(side, number)
    unit = solution.fields[number].unit
    on_wall = in_unit(wall.value, wall.value_unit, unit)
    flux_unit = wall.flow_unit if take == "integral" else wall.flux_unit
    return {
        solution.loaded.setting.unknown: Amount(_reduced(on_wall, wall, take), unit),
        "flux": Amount(_reduced(wall.flux_out, wall, take), flux_unit),
    }


def _of_body(solution: Solution, number: int, body: str) -> dict[str, Any]:
    value, flow = solution.result.value_of(body, number), solution.result.flow_out(body, number)
    unit = solution.fields[number].unit
    shown = in_unit(np.array(value.value), value.unit, unit)
    return {solution.loaded.setting.unknown: Amount(float(shown), unit), "flux": Amount(flow.value, flow.unit)}


def _reduced(values: Array, wall: SideResult, take: str) -> float:
    if take in ("min", "max"):
        return float(values.min() if take == "min" else values.max())
    total = float((wall.areas * values).sum())
    return total / float(wall.areas.sum()) if take == "mean" else total


def between(solution: Solution, text: str, start: str, end: str) -> tuple[Array, str]:
    """Return an expression of `capacitance` or `resistance` between two sides or bodies, and its unit."""
    result: Result = solution.result
    bodies = solution.loaded.setting.bodies
    ends = bodies.get(start, start), bodies.get(end, end)
    ask: dict[str, Callable[..., Any]] = {"capacitance": result.capacitance, "resistance": result.resistance}
    known = {name: ask[name](*ends) for name in BETWEEN if name in _words(text)}
    return _evaluated(solution, solution.last, text, {k: Amount(a.value, a.unit) for k, a in known.items()})


def of_the_whole(solution: Solution, number: int, text: str) -> tuple[Array, str]:
    """Return an expression of the whole answer's numbers, and its unit."""
    if solution.parts:
        raise InvalidInput(must("of", "asked of one field", text, "Among several, say where: `over: mesh`, for one."))
    result: Result = solution.result
    book = result.balances[number]
    known = {}
    for name in OF_THE_WHOLE:
        if name not in _words(text):
            continue
        if name in _IN_THE_BOOKS:
            known[name] = Amount(getattr(book, name), book.unit)
        else:
            answer = getattr(result, name)(number)
            known[name] = Amount(answer.value, answer.unit)
    if not known:
        rule = f"an expression of {', '.join(OF_THE_WHOLE)}"
        raise InvalidInput(must("of", rule, text, "Or say where: `at`, `over` or `between`."))
    return _evaluated(solution, number, text, known)


def _words(text: str) -> frozenset[str]:
    import re

    return frozenset(re.findall(r"[A-Za-z_]\w*", text))


def _evaluated(solution: Solution, number: int, text: str, known: dict[str, Any]) -> tuple[Array, str]:
    known["t"] = Amount(solution.time_of(number), "s")
    value = evaluate_numbers(text, known | solution.loaded.setting.amounts)
    return np.array([float(value)]), value.unit if isinstance(value, Amount) else ""
