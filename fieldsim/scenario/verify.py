"""Verify a scenario: hold its checks, and on request refine the mesh and report the observed order.

order = log2 of the ratio of errors on meshes of h and h/2; where no check gives the error, of differences between
successive meshes.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log2
from typing import Any

from fieldsim.scenario.build import refined
from fieldsim.scenario.compute import Progress, silent, solve
from fieldsim.scenario.load import Loaded
from fieldsim.scenario.measure import CheckOutcome, run_checks

_ROUNDING = 1e-10
_MOST_CELLS = 3_000_000


@dataclass(frozen=True)
class Verification:
    """The outcome of every check of a scenario, and lines about the observed order."""

    name: str
    checks: list[CheckOutcome]
    orders: list[str]

    @property
    def passed(self) -> bool:
        """Whether every check was met."""
        return all(check.passed for check in self.checks)

    def as_record(self) -> dict[str, Any]:
        """Return the outcome as plain data."""
        checks = [check.as_record() for check in self.checks]
        return {"name": self.name, "passed": self.passed, "checks": checks, "orders": self.orders}


def verify_scenario(loaded: Loaded, *, with_order: bool = False, progress: Progress = silent) -> Verification:
    """Solve a scenario and hold its checks; nothing is written. Raises FieldSimError."""
    checks = run_checks(solve(loaded, progress=progress))
    orders = _orders(loaded, checks, progress) if with_order else []
    return Verification(loaded.name, checks, orders)


def _orders(loaded: Loaded, checks: list[CheckOutcome], progress: Progress) -> list[str]:
    """Return one line a check: its error on three meshes and the order that they show."""
    spec = loaded.scenario.mesh
    if spec is None:
        return ["the data bring their own mesh: it cannot be refined"]
    if spec.stretch:
        return ["the mesh is stretched by a fixed ratio: refining it would change its shape"]
    cells = 1
    for count in spec.cells:
        cells *= count
    finer = cells * 2 ** len(spec.cells) <= _MOST_CELLS
    factors = [(1, 2), (1, 1), (2, 1)] if finer else [(1, 4), (1, 2), (1, 1)]
    series = []
    for factor in factors:
        if factor == (1, 1):
            series.append(checks)
            continue
        mesh = refined(spec, *factor)
        progress(f"again on {' x '.join(map(str, mesh.cells))} cells")
        series.append(run_checks(solve(loaded, mesh)))
    return [_line([run[number] for run in series], check) for number, check in enumerate(checks)]


def _line(runs: list[CheckOutcome], check: CheckOutcome) -> str:
    """Return the errors of one check on successive meshes and the observed order."""
    errors = [run.difference for run in runs]
    shown = ", ".join(f"{error:.2e}" for error in errors)
    size = max(abs(value) for value in check.expected) or 1.0
    text = f"{check.of} {check.where}: errors {shown}"
    if max(errors) <= _ROUNDING * size:
        return f"{text}: exact to rounding on every mesh"
    if min(errors) <= 0.0:
        return f"{text}: no order can be told"
    return f"{text}; observed order {log2(errors[0] / errors[1]):.2f}, {log2(errors[1] / errors[2]):.2f}"
