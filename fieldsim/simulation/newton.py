"""The steady state of a nonlinear law: Newton's method with a line search, in Kirchhoff's variable.

J delta = gain(u), u += share * delta, where share is halved until the residual falls. It starts from the constant
at which as much leaves as enters, and, should that fail, from the initial values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import brentq

from fieldsim.arrays import BoolArray, FloatArray
from fieldsim.errors import NumericalFailure
from fieldsim.linear import Prepared, prepare, solve_led
from fieldsim.physics import FiniteVolume, PreparedWithBodies
from fieldsim.simulation.line_search import norm, searched
from fieldsim.simulation.problem import Problem

_STEPS = 60
_ROUNDING = 1e-13
_INEXACT = 1e-3  # Newton's steps gain no more than this where slopes are limited
_DOUBLINGS = 200
_SHOWN = 6


@dataclass(frozen=True)
class Found:
    """The answer, its residual relative to the flows, the residual after each step, and the solver's method."""

    values: FloatArray
    residual: float
    history: tuple[float, ...]
    method: str
    converged: bool


def solve_nonlinear(problem: Problem, *, solver: str, rtol: float) -> Found:
    """Return the steady state; raises NumericalFailure with the history of residuals and a remedy."""
    volume = problem.volume
    tried: list[Found] = []
    failure: NumericalFailure | None = None
    for start in (balanced_start(problem), problem.initial_values):
        if not np.isfinite(start).all():
            continue
        try:
            found = _newton(volume, start, solver, rtol)
        except NumericalFailure as error:  # a coefficient is out of its range at this start
            failure = error
            continue
        if found.converged:
            return found
        tried.append(found)
    if failure is not None and not tried:
        raise failure
    best = min(tried, key=lambda found: found.residual)
    last = ", ".join(f"{size:.2g}" for size in best.history[-_SHOWN:])
    raise NumericalFailure(
        f"the steady state was not found in {len(best.history) - 1} Newton steps: relative residuals ..., {last}. Give "
        "`initial` values near the answer, refine the mesh where it is steep, or follow it in time with "
        "evolve(problem, until=...), which cuts its steps until they can be solved."
    )


def solve_in_box(
    volume: FiniteVolume,
    start: FloatArray,
    regions: Sequence[BoolArray],
    pins: FloatArray,
    weights: FloatArray,
    *,
    solver: str,
    rtol: float,
) -> Found:
    """Return the steady state of a limited drift in regions that nothing leaves, of the content that `start` has.

    `pins` hold one cell of each region while the rest is sought; the content is put right by a multiple of the
    answer, or by a constant where the drift leaves constants alone. Raises NumericalFailure where neither will do.
    """
    found = _newton(volume, start, solver, rtol, pins)
    values = found.values
    for region in regions:
        share = np.where(region, weights, 0.0)
        wanted, got = float((share * start).sum()), float((share * values).sum())
        scaled = np.where(region, values * (wanted / got) if got != 0.0 else values, values)
        moved = np.where(region, values + (wanted - got) / float(share.sum()), values)
        values = min((moved, scaled), key=lambda trial: norm(volume.gain(0.0, trial)))
    left = norm(volume.gain(0.0, values)) / _passing(volume, values)
    if left > max(rtol, 10.0 * _ROUNDING):
        raise NumericalFailure(
            f"the steady state of the drift in a closed box was not found: a relative residual of {left:.2g} is left. "
            "Take drift='exponential', which is linear, or follow it in time with evolve(problem, until=...)."
        )
    return replace(found, values=values, residual=left, converged=True)


def _passing(volume: FiniteVolume, u: FloatArray) -> float:
    """Return the size of what passes through the cells, with which a residual is compared where nothing leaves."""
    return max(norm(volume.upwind.matrix_at(0.0).row_bounds() * u), np.finfo(float).tiny)


def _newton(volume: FiniteVolume, start: FloatArray, solver: str, rtol: float, pins: FloatArray | None = None) -> Found:
    u, method = volume.bodies.filled(0.0, start), solver
    left, leader = volume.gain(0.0, u), _leader(volume, solver, pins)
    scale = norm(left) if pins is None else _passing(volume, u)
    history = [1.0 if scale > 0.0 else 0.0]
    while history[-1] > _ROUNDING and len(history) <= _STEPS:
        delta, method = _correction(volume, u, left, solver, min(1e-4, rtol), pins, leader)
        if not np.isfinite(delta).all():
            break
        scale = max(scale, _throughput(volume, u))
        trial, remaining = searched(lambda trial: volume.gain(0.0, trial), u, delta, norm(left))
        size = norm(remaining) / scale
        if trial is None or not size < history[-1]:
            break
        u, left = trial, remaining
        history.append(size)
    return Found(u, history[-1], tuple(history), method, history[-1] <= rtol)


def _leader(volume: FiniteVolume, solver: str, pins: FloatArray | None) -> Prepared | None:
    """Return the solver of the upwind law where a drift's slopes alone follow the unknown: it serves every step."""
    if volume.data_follow or volume.bodies.afloat:
        return None
    matrix = volume.upwind.matrix_at(0.0)
    return prepare(matrix if pins is None else matrix.shifted(pins), method=solver)


def _correction(
    volume: FiniteVolume,
    u: FloatArray,
    left: FloatArray,
    solver: str,
    rtol: float,
    pins: FloatArray | None,
    leader: Prepared | None,
) -> tuple[FloatArray, str]:
    """Return Newton's correction and the method that found it."""
    derivative = volume.linearised(0.0, u)
    matrix = derivative.operator if pins is None else derivative.operator.shifted(pins)
    delta = None if leader is None else solve_led(matrix, leader, left, _INEXACT)
    if delta is not None:
        return delta, "gmres"
    alone = prepare(matrix, method=solver)
    prepared: Prepared | PreparedWithBodies = alone
    if volume.bodies.afloat:
        prepared = PreparedWithBodies(alone, derivative.whole, volume.bodies, derivative.weight)
    delta = prepared.solve(left, rtol=rtol).x
    return delta if derivative.weight is None else delta / derivative.weight, prepared.method


def _throughput(volume: FiniteVolume, u: FloatArray) -> float:
    """Return the size of the flows that a residual is compared with."""
    return float(np.sqrt(sum(np.square(flow).sum() for flow in volume.outflows(0.0, u).values())))


def balanced_start(problem: Problem) -> FloatArray:
    """Return the constant at which as much leaves as enters; NaN where there is none.

    The net gain falls as the constant rises, so that doubling steps bracket it.
    """
    volume, mean = problem.volume, float(problem.initial_values[~problem.volume.bodies.idle].mean())
    shape = volume.mesh.shape

    def net(level: float) -> float:
        try:
            return float(volume.gain(0.0, np.full(shape, level)).sum())
        except NumericalFailure:
            return np.nan

    here = net(mean)
    if here == 0.0:
        return np.full(shape, mean)
    low, step = mean, np.copysign(max(abs(mean), 1.0) * 1e-3, here)
    for _ in range(_DOUBLINGS):
        there = net(mean + step)
        if not np.isfinite(there):
            break
        if here * there <= 0.0:
            level = brentq(net, low, mean + step, rtol=1e-6)
            return np.full(shape, float(level))
        low, step = mean + step, 2.0 * step
    return np.full(shape, np.nan)
