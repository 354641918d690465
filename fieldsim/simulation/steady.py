"""The steady state: div(K grad u) + source - sink u = 0, solved for the deviation from a constant.

Starting from a constant, only differences enter the matrix's right-hand side, so that 300 K and 20 degC give the
same digits. Where nothing holds the value, in the whole body or in a part that holes cut off, supplies must cancel
and the mean stays that of `initial`.
"""

from __future__ import annotations

from typing import overload

import numpy as np

from fieldsim.arrays import BoolArray, FloatArray, frozen
from fieldsim.errors import InvalidInput, NumericalFailure, must
from fieldsim.fields import ScalarField
from fieldsim.linear import COMPATIBLE, Prepared, check_method, prepare
from fieldsim.physics import FiniteVolume, PreparedWithBodies, gone_far, opened, waiting
from fieldsim.simulation.balance import steady_balance
from fieldsim.simulation.coupled import CoupledProblem, refuse_part
from fieldsim.simulation.coupled_result import CoupledResult
from fieldsim.simulation.coupled_run import guard_coupled_memory
from fieldsim.simulation.coupled_steady import solve_coupled
from fieldsim.simulation.line_search import norm
from fieldsim.simulation.newton import solve_in_box, solve_nonlinear
from fieldsim.simulation.problem import Problem, check_kelvin, guard_memory, shown_values
from fieldsim.simulation.result import Result, SolverRecord

_REFINEMENTS = 3
_NOISE = 1e-14


@overload
def solve(problem: Problem, *, solver: str = ..., rtol: float = ...) -> Result: ...


@overload
def solve(problem: CoupledProblem, *, solver: str = ..., rtol: float = ...) -> CoupledResult: ...


def solve(problem: Problem | CoupledProblem, *, solver: str = "auto", rtol: float = 1e-10) -> Result | CoupledResult:
    """Return the steady state of a problem, of coupled fields the one near their initial values.

    `solver` is "auto", "direct" or "cg"; `rtol` bounds the relative residual of iterative ones and of Newton's
    method where coefficients or walls follow the unknown. Raises InvalidInput
    where no steady state exists or data depend on time, and NumericalFailure where the system is not solved.
    """
    check_method(solver, name="solver")
    refuse_part(problem)
    if not (np.isfinite(rtol) and 0.0 < rtol < 1.0):
        raise InvalidInput(must("rtol", "between 0 and 1", rtol, "1e-10 is the default."))
    if isinstance(problem, CoupledProblem):
        guard_coupled_memory(problem)
        return solve_coupled(problem, solver=solver, rtol=rtol)
    volume = _steady_volume(problem)
    guard_memory(problem)
    if volume.follows and not volume.loose:
        found = solve_nonlinear(problem, solver=solver, rtol=rtol)
        check_kelvin(volume, found.values)
        why = "nonlinear: Newton's method with a line search"
        history = found.history
        record = SolverRecord(found.method, why, found.values.size, found.residual, len(history) - 1, history=history)
        return _result(problem, found.values, record)
    if waiting(volume):
        problem = _with_electrodes(problem, solver, rtol)
    return _linear(problem, solver, rtol)


def _with_electrodes(problem: Problem, solver: str, rtol: float) -> Problem:
    """Return the problem with far fields that know what electrodes give off: two solutions tell, the law is linear."""
    law, holes = problem.volume, problem.volume.bodies.holes

    def leaving(charge: float) -> tuple[float, float]:
        trial = problem.with_law(opened(law, charge=charge))
        values = np.where(holes, 0.0, _linear(trial, solver, rtol).field.values)
        return gone_far(trial.volume, values), sum(
            float(np.abs(flow).sum()) for flow in trial.volume.outflows(0.0, values).values()
        )

    far, gross = leaving(0.0)
    if gross == 0.0:
        return problem
    # what leaves is far + rise * charge, and is the charge
    rise = (leaving(gross)[0] - far) / gross
    return problem.with_law(opened(law, charge=far / (1.0 - rise)))


def _linear(problem: Problem, solver: str, rtol: float) -> Result:
    law = problem.volume
    # where a drift's slopes alone follow the unknown, its upwind law leads near the answer
    volume = law.upwind if law.follows else law
    if volume.follows:
        part = _cut_off(volume, volume.loose[0])
        where = f" in {part}, which holes cut off" if part else ""
        raise InvalidInput(
            f"No steady state can be told: nothing holds the {problem.equation.quantity}{where}, and coefficients "
            "depend on it. Give a wall or a body there a value, or follow it in time with evolve."
        )
    loose, bodies = volume.loose, volume.bodies
    unknown = ~bodies.idle
    weights = np.where(unknown, volume.mesh.volumes if volume.storage is None else volume.storage, 0.0)
    # where nothing is held and nothing cut out, the mean is fixed; else a cell of each loose region is pinned:
    # supplies cancel there, so that nothing leaves by it, and the mean is set afterwards
    floats = bool(loose) and not bodies.any and volume.drift is None
    start = np.full(volume.mesh.shape, _mean(weights, problem.initial_values) if loose else _reference(volume))
    supply = volume.gain(0.0, start)
    pins = np.zeros(volume.mesh.shape)
    for region in loose:
        _refuse_surplus(problem, supply, region)
        pins.ravel()[int((region & unknown).argmax())] = 1.0
    derivative = volume.linearised(0.0, start)
    matrix, whole = derivative.operator, derivative.whole
    if loose and not floats:
        pins *= matrix.row_bounds().max()
        matrix, whole = matrix.shifted(pins), whole.shifted(pins)
    alone = prepare(matrix, method=solver, nullspace=floats, weights=weights)
    prepared: Prepared | PreparedWithBodies = alone
    if bodies.afloat:
        prepared = PreparedWithBodies(alone, whole, bodies)
    values, residual, iterations = _refined(volume, prepared, start, supply, rtol)
    for region in () if floats else loose:
        share = np.where(region, weights, 0.0)
        # what may be added without a supply: a constant, or where a drift gathers what it carries, the pinned cell's
        profile = np.where(region, 1.0, 0.0)
        if volume.drift is not None:
            profile = prepared.solve(np.where(region, pins, 0.0), rtol=rtol).require()
        level = _mean(share, problem.initial_values) - _mean(share, values)
        values = values + (level / _mean(share, profile)) * profile
    if law.follows:
        found = solve_in_box(law, values, loose, pins, weights, solver=solver, rtol=rtol)
        why, history = "nonlinear: Newton's method with a line search", found.history
        record = SolverRecord(found.method, why, values.size, found.residual, len(history) - 1, history=history)
        return _result(problem, found.values, record)
    return _result(problem, values, SolverRecord(prepared.method, prepared.reason, values.size, residual, iterations))


def require_steady(problem: Problem) -> None:
    """Raise InvalidInput where no steady state exists, told from the data without solving."""
    law = _steady_volume(problem)
    volume = law.upwind if law.follows else law
    if volume.follows or not volume.loose:
        return
    weights = np.where(~volume.bodies.idle, volume.mesh.volumes, 0.0)
    supply = volume.gain(0.0, np.full(volume.mesh.shape, _mean(weights, problem.initial_values)))
    for region in volume.loose:
        _refuse_surplus(problem, supply, region)


def _mean(weights: FloatArray, values: FloatArray) -> float:
    return float((weights * values).sum() / weights.sum())


def _result(problem: Problem, values: FloatArray, record: SolverRecord) -> Result:
    volume, equation = problem.volume, problem.equation
    balance = steady_balance(volume, values, problem.unit_of(equation.rate))
    shown = frozen(shown_values(volume, 0.0, values))
    field = ScalarField.from_values(problem.mesh, shown, unit=equation.unit, name=equation.symbol)
    return Result(problem, (field,), balance, record, frozen([]), (balance,))


def _steady_volume(problem: Problem) -> FiniteVolume:
    varying = problem.volume.data_vary
    if varying:
        raise InvalidInput(
            f"A steady state needs data that do not change; {', '.join(varying)} depends on t. "
            "Use evolve(problem, until=...), or put a fixed time into the formula."
        )
    return problem.volume


def _reference(volume: FiniteVolume) -> float:
    """Return the mean of the values that walls and bodies hold, weighted by how strongly, 0 where only sinks do."""
    total = weight = 0.0
    for state in volume.wall_states(0.0, np.zeros(volume.mesh.shape)).values():
        hold = state.wall.areas * state.law.slope
        total += float((hold * state.law.reference).sum())
        weight += float(hold.sum())
    if weight > 0.0:
        return total / weight
    held = [float(body.value.values(0.0).mean()) for body in volume.bodies.held]
    return sum(held) / len(held) if held else 0.0


def _refuse_surplus(problem: Problem, supply: FloatArray, region: BoolArray) -> None:
    net, gross = float(supply[region].sum()), float(np.abs(supply[region]).sum())
    if problem.volume.drift is not None:  # flows in and out of a cell cancel to rounding only
        passing = problem.volume.upwind.matrix_at(0.0).row_bounds() * np.abs(problem.initial_values).max()
        gross += _NOISE / COMPATIBLE * float(passing[region].sum())
    if abs(net) <= COMPATIBLE * gross:
        return
    unit, quantity = problem.unit_of(problem.equation.rate), problem.equation.quantity
    part = _cut_off(problem.volume, region)
    if part:
        raise InvalidInput(
            f"No steady state exists: the net source {net:+.6g} {unit} in {part} has nowhere to go, as holes cut them "
            f"off and nothing there holds the {quantity}. Make them part of the holes, hold one of them with "
            "fixed=[...], or follow it in time with evolve."
        )
    raise InvalidInput(
        f"No steady state exists: the net source {net:+.6g} {unit} has nowhere to go, as no wall holds the "
        f"{quantity} and nothing else drains it. Give one wall a Value or Convective "
        f"condition, let {net:.6g} {unit} leave by FluxOut, or follow it in time with evolve."
    )


def _cut_off(volume: FiniteVolume, region: BoolArray) -> str:
    """Return what to call a region that holes cut off, nothing for the whole body."""
    if region.sum() + volume.bodies.holes.sum() == region.size:
        return ""
    first = tuple(int(i) for i in np.argwhere(region)[0])
    return f"the {int(region.sum())} cells around cell {first}"


def _refined(
    volume: FiniteVolume, prepared: Prepared | PreparedWithBodies, start: FloatArray, supply: FloatArray, rtol: float
) -> tuple[FloatArray, float, int]:
    """Return values, relative residual and iterations; corrections are repeated while they gain a digit."""
    scale = norm(supply)
    values, left, iterations = start, supply, 0
    residual = 1.0 if scale > 0.0 else 0.0
    for attempt in range(_REFINEMENTS):
        if residual == 0.0 or (prepared.method != "direct" and residual <= rtol):
            break
        answer = prepared.solve(left, rtol=rtol)
        if attempt == 0:
            answer.require()
        corrected = values + answer.x
        remaining = volume.gain(0.0, corrected)
        if prepared.nullspace:
            remaining = remaining - remaining.mean()
        size = norm(remaining) / scale
        if attempt and not size < 0.1 * residual:
            break
        values, left, residual = corrected, remaining, size
        iterations += answer.iterations
    if not np.isfinite(values).all():
        raise NumericalFailure("the steady state is not finite. Look for extreme coefficients or sources.")
    return values, residual, iterations
