"""Verify a scenario: hold its checks, and on request refine the mesh and report the observed order.

order = log2 (|f(2h) - f(h)| / |f(h) - f(h/2)|): it needs no exact value, so printed digits do not limit it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import dist, log2, prod
from typing import Any

from fieldsim.scenario.build_mesh import refined
from fieldsim.scenario.compute import solve
from fieldsim.scenario.conduct import Conduct, Progress, silent
from fieldsim.scenario.load import Loaded
from fieldsim.scenario.measure import CheckOutcome, run_checks

_ROUNDING = 1e-10
_MOST_CELLS = 3_000_000
_TOLERANCE = 1e-7


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
    from fieldsim.kernels.jit import compilation_told

    with compilation_told(progress):
        checks = run_checks(solve(loaded, conduct=Conduct(progress)))
        orders = _orders(loaded, checks, progress) if with_order else []
    return Verification(loaded.name, checks, orders)


def _orders(loaded: Loaded, checks: list[CheckOutcome], progress: Progress) -> list[str]:
    """Return one line a check: its error on three meshes and the order that they show."""
    spec = loaded.scenario.mesh
    if spec is None:
        return ["the data bring their own mesh: it cannot be refined"]
    if spec.corners is not None:
        return ["the mesh comes from a file: it cannot be refined"]
    if spec.stretch:
        return ["the mesh is stretched by a fixed ratio: refining it would change its shape"]
    finest = prod(spec.cells) * 2 ** len(spec.cells)
    factors = [(1, 2), (1, 1), (2, 1)] if finest <= _MOST_CELLS else [(1, 4), (1, 2), (1, 1)]
    exacting = _with_small_steps(loaded)
    series = []
    for factor in factors:
        if factor == (1, 1) and exacting is loaded:
            series.append(checks)
            continue
        mesh = refined(spec, *factor)
        progress(f"again on {' x '.join(map(str, mesh.cells))} cells")
        series.append(run_checks(solve(exacting, mesh)))
    return [_line([run[number] for run in series]) for number in range(len(checks))]


def _with_small_steps(loaded: Loaded) -> Loaded:
    """Return a scenario whose error in time is far below that of the mesh."""
    plan = loaded.scenario.time
    if plan is None or plan.step is not None:
        return loaded
    exacting = plan.model_copy(update={"tolerance": _TOLERANCE})
    return replace(loaded, scenario=loaded.scenario.model_copy(update={"time": exacting}))


def _line(runs: list[CheckOutcome]) -> str:
    """Return the errors of one check on three meshes, and the order that the steps between its values show."""
    coarse, middle, fine = runs
    shown = ", ".join(f"{run.difference:.2e}" for run in runs)
    text = f"{fine.of} {fine.where}: errors {shown}"
    steps = [dist(coarse.found, middle.found), dist(middle.found, fine.found)]
    size = max(fine.allowed, *(abs(value) for value in (*fine.found, *fine.expected)))
    if max(steps) <= _ROUNDING * size:
        return f"{text}; the same to rounding on every mesh"
    if min(steps) <= 0.0:
        return f"{text}; no order can be told"
    order = f"observed order {log2(steps[0] / steps[1]):.2f}"
    if fine.difference > 0.9 * middle.difference:
        # the order is that of the values, which go elsewhere than to what they are compared with
        return f"{text}; {order} of the values, but the errors do not fall: has `equals` enough digits?"
    return f"{text}; {order}"
