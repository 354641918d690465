"""The steady state of coupled fields: Newton's method with a line search, from the initial values.

(K - A) delta = gain(u), u += share * delta, where share is halved until the rates fall; every field in its own scale.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fieldsim.arrays import FloatArray, frozen
from fieldsim.errors import InvalidInput, NumericalFailure
from fieldsim.fields import ScalarField
from fieldsim.physics.coupled_solver import CoupledSolver
from fieldsim.simulation.balance import Balance, steady_balance
from fieldsim.simulation.coupled import CoupledProblem
from fieldsim.simulation.coupled_result import CoupledResult
from fieldsim.simulation.coupled_scales import typical_scales
from fieldsim.simulation.line_search import norm, searched
from fieldsim.simulation.problem import check_kelvin, shown_values
from fieldsim.simulation.result import Result, SolverRecord

_STEPS = 60
_INNER_RTOL = 1e-9
_AT_ROUNDING = 1e-8
_CONSERVED = 1e-10
_SHOWN = 6
_LENGTH = 1.0


def solve_coupled(problem: CoupledProblem, *, solver: str, rtol: float) -> CoupledResult:
    """Return the steady state near the initial values: Newton's last step is below `rtol` of each field's size.

    Raises InvalidInput where data depend on time or nothing holds an amount, and NumericalFailure with a remedy.
    """
    if problem.data_vary:
        raise InvalidInput(
            f"A steady state needs data that do not change; {', '.join(problem.data_vary)} depends on t. "
            "Use evolve(problem, until=...), or put a fixed time into the formula."
        )
    law, start = problem.law, problem.initial_values
    _refuse_conserved(problem, start)
    newton = CoupledSolver(law, typical_scales(problem, _LENGTH), method=solver)
    state, history = start / newton.scales, [1.0]
    rate = _rate(newton, state)
    for _ in range(_STEPS):
        delta = newton.solve(0.0, state, rate, mass=0.0, shift=1.0, rtol=_INNER_RTOL)
        size = float((_largest(delta) / np.maximum(_largest(state), 1.0)).max())
        if not np.isfinite(size):
            raise NumericalFailure(_lost(history, "the linear system of a step was not solved"))
        history.append(size)
        trial, after = searched(lambda trial: _rate(newton, trial), state, delta, norm(rate))
        if trial is None:
            if size <= _AT_ROUNDING:
                break
            raise NumericalFailure(_lost(history, "no part of a step brought it nearer"))
        state, rate = trial, after
        if size <= rtol:
            break
    else:
        raise NumericalFailure(_lost(history, f"{_STEPS} steps were not enough"))
    return _result(problem, state * newton.scales, tuple(history))


def _rate(newton: CoupledSolver, state: FloatArray) -> FloatArray:
    law = newton.law
    return law.gain(0.0, state * newton.scales) / (law.capacity * newton.scales)


def _lost(history: list[float], why: str) -> str:
    last = ", ".join(f"{size:.2g}" for size in history[-_SHOWN:])
    return (
        f"the steady state was not found: {why}; relative steps ..., {last}. Give `initial` values near the answer, or "
        "follow it in time with evolve(problem, until=..., steady=1e-6), which cuts its steps until they can be solved."
    )


def _refuse_conserved(problem: CoupledProblem, state: FloatArray) -> None:
    """Raise InvalidInput where reactions only exchange an amount that nothing else drains: any of it is steady."""
    law, count = problem.law, len(problem.names)
    rows = np.zeros((count, count, problem.mesh.size))
    for (i, j), entry in law.growth(0.0, state).items():
        rows[i, j] = entry.ravel()
    # sizes of the fields' slopes are made equal, lest a small one pass for nought
    sizes = np.sqrt(np.square(rows).sum(axis=(1, 2)))
    unit = rows / np.where(sizes > 0.0, sizes, 1.0)[:, None, None]
    values, vectors = np.linalg.eigh(np.einsum("ijc,kjc->ik", unit, unit))
    for value, vector in zip(values, vectors.T, strict=True):
        part = np.abs(vector) > 1e-3 * np.abs(vector).max()
        held = [not law.volumes[name].loose for name, takes in zip(problem.names, part, strict=True) if takes]
        if value <= _CONSERVED and not any(held):
            names = " and ".join(name for name, takes in zip(problem.names, part, strict=True) if takes)
            raise InvalidInput(
                f"No steady state can be told: reactions conserve an amount of {names} that nothing holds or drains. "
                "Give a wall a Value, or follow it in time with evolve(problem, until=..., steady=1e-6)."
            )


def _result(problem: CoupledProblem, state: FloatArray, history: tuple[float, ...]) -> CoupledResult:
    why = "coupled: Newton's method with a line search"
    record = SolverRecord("gmres", why, state.size, history[-1], len(history) - 1, history=history)
    parts = {}
    for row, (name, own) in enumerate(problem.problems.items()):
        check_kelvin(own.volume, state[row])
        shown = frozen(shown_values(own.volume, 0.0, state[row]))
        field = ScalarField.from_values(problem.mesh, shown, unit=own.equation.unit, name=name)
        balance = _balance(problem, name, state)
        parts[name] = Result(own, (field,), balance, record, frozen([]), (balance,))
    return CoupledResult(problem, parts, record)


def _balance(problem: CoupledProblem, name: str, state: FloatArray) -> Balance:
    """Return the flows of one field, what reactions make included in the source."""
    law, own = problem.law, problem.problems[name]
    row = problem.names.index(name)
    made = law.production(0.0, state)[row]
    turned = sum(float(np.abs(entry * state[j]).sum()) for (i, j), entry in law.growth(0.0, state).items() if i == row)
    plain = steady_balance(own.volume, state[row], own.unit_of(own.equation.rate))
    return replace(
        plain,
        source=plain.source + float(made.sum()),
        made=plain.made + float(np.abs(made).sum()),
        content=plain.content + turned,
    )


def _largest(values: FloatArray) -> FloatArray:
    return np.asarray(np.abs(values).reshape(values.shape[0], -1).max(axis=1))
