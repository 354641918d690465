"""What crosses the faces of cells by two-point conduction, and the integral of K |grad u|^2."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from fieldsim.arrays import FloatArray
from fieldsim.boundary import WallState
from fieldsim.linear import GridOperator
from fieldsim.linear.grid_operator import differences


def flows_through(operator: GridOperator, walls: Iterable[WallState], u: FloatArray) -> tuple[FloatArray, ...]:
    """Return the flows along +axis through all faces of each axis, n + 1 along it."""
    result = []
    states = list(walls)
    for axis, (coupling, periodic) in enumerate(zip(operator.couplings, operator.periodic, strict=True)):
        inner = np.moveaxis(-coupling * differences(u, axis, periodic=periodic), axis, 0)
        flows = np.zeros((u.shape[axis] + 1, *inner.shape[1:]))
        if periodic:
            flows[1:] = inner
            flows[0] = inner[-1]
        else:
            flows[1:-1] = inner
        for state in states:
            side = state.wall.side
            if side.axis == axis:
                flows[-1 if side.end else 0] = state.flow_out if side.end else -state.flow_out
        result.append(np.moveaxis(flows, 0, axis))
    return tuple(result)


def dissipation(operator: GridOperator, walls: Iterable[WallState], u: FloatArray) -> float:
    """Return the integral of K |grad u|^2: the sum of flow times difference over all faces."""
    total = 0.0
    for axis, (coupling, periodic) in enumerate(zip(operator.couplings, operator.periodic, strict=True)):
        total += float((coupling * differences(u, axis, periodic=periodic) ** 2).sum())
    for state in walls:
        total += float((state.flow_out * (state.inner - state.surface)).sum())
    return total
