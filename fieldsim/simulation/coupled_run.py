"""How a run of coupled fields begins: the system for the time loop, and a recording that is new or resumed."""

from __future__ import annotations

from fieldsim.linear import bytes_to_solve
from fieldsim.linear.gmres import BASIS
from fieldsim.physics.coupled_system import CoupledSystem
from fieldsim.simulation.coupled import CoupledProblem
from fieldsim.simulation.coupled_record import CoupledRecording
from fieldsim.simulation.coupled_scales import typical_scales
from fieldsim.simulation.record import RunState
from fieldsim.storage.memory import guard


def opened(
    problem: CoupledProblem, solver: str, until: float, resume: RunState | None
) -> tuple[CoupledSystem, CoupledRecording]:
    """Return what steps and what records; raises InvalidInput where there is no run in time."""
    problem.require_time()
    if resume is None:
        run = CoupledRecording(problem, typical_scales(problem, until))
    else:
        run = CoupledRecording.resumed(problem, resume)
    return CoupledSystem(problem.law, run.scales.ravel(), solver=solver), run


def guard_coupled_memory(problem: CoupledProblem, fields: int = 1) -> None:
    """Raise Refused where solving for all fields and keeping each of them `fields` times would not fit."""
    count, size = len(problem.names), problem.mesh.size
    # two arrays a direction of the Krylov space
    each = bytes_to_solve(problem.mesh.shape) + 8.0 * (2 * BASIS + fields)
    what = f"solving for {count} fields of {size} unknowns and keeping each {fields} time(s)"
    guard(count * size * each, what, remedy="Take fewer cells or fewer outputs.")
