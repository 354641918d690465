"""Typical sizes of coupled unknowns: tolerances and norms count each field in units of its own.

A size is told from initial values, walls and held bodies, else from one crude implicit step across the run; powers of
two.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from fieldsim.arrays import FloatArray
from fieldsim.errors import InvalidInput, must
from fieldsim.physics import FiniteVolume
from fieldsim.physics.coupled_system import CoupledSystem
from fieldsim.simulation.coupled import CoupledProblem

_CRUDE = 1e-2


def typical_scales(problem: CoupledProblem, length: float) -> FloatArray:
    """Return a power of two for each field, near its typical size in a run of `length` s."""
    given = problem.scales
    found = np.array(
        [
            given.get(name, _known(volume, values))
            for (name, volume), values in zip(problem.law.volumes.items(), problem.initial_values, strict=True)
        ]
    )
    missing = found == 0.0
    if missing.any():
        found = np.where(missing, _reached(problem, np.where(missing, 1.0, found), length), found)
    found = np.where(found > 0.0, found, found.max(initial=0.0) or 1.0)
    return np.asarray(2.0 ** np.round(np.log2(found)))


def absolute(problem: CoupledProblem, atol: object, scales: FloatArray) -> FloatArray:
    """Return absolute tolerances over the scales: one number for all fields, or {"u": 1e-6} in their units."""
    each: Mapping[str, Any] = atol if isinstance(atol, Mapping) else dict.fromkeys(problem.names, atol)
    if not set(each) <= set(problem.names):
        raise InvalidInput(
            must("atol", f"a number, or numbers for {', '.join(problem.names)}", atol, "0 is the default.")
        )
    try:
        return np.array([float(each.get(name, 0.0)) for name in problem.names]) / scales
    except (TypeError, ValueError) as error:
        raise InvalidInput(must("atol", "a number, or a mapping from fields to numbers", atol, "Try 0.")) from error


def _known(volume: FiniteVolume, values: FloatArray) -> float:
    """Return the largest size of what a field starts with or is held at."""
    held = [body.value.values(0.0) for body in volume.bodies.held]
    held += [s.law.reference[s.law.slope > 0.0] for s in volume.wall_states(0.0, values).values()]
    return max(float(np.abs(part).max(initial=0.0)) for part in (values[~volume.bodies.holes], *held))


def _reached(problem: CoupledProblem, scales: FloatArray, length: float) -> FloatArray:
    """Return how far each field may get: a crude step across the run, or, failing that, its rates kept up."""
    system = CoupledSystem(problem.law, scales)
    start = problem.initial_values / system.scales
    rate = length * system.rate(0.0, start)
    step = system.correct(0.0, length, start, rate, rtol=_CRUDE)
    far = step if np.isfinite(step).all() else rate
    sizes = np.abs((start + far) * system.scales).reshape(len(scales), -1).max(axis=1)
    return np.where(np.isfinite(sizes), sizes, 0.0)
