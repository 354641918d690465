"""How wrong a steady answer is, from a second mesh of half as many cells a side (Richardson 1911).

The error falls as h^2, so that u_h - u = (u_2h - u_h)/3 to leading order; flows likewise. With upstream values of a
drift it falls as h, and the difference is the estimate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from fieldsim.arrays import frozen
from fieldsim.errors import InvalidInput, must
from fieldsim.meshes import Axis, CurvilinearMesh, Mesh
from fieldsim.simulation.coupled import FieldProblem
from fieldsim.simulation.result import Result
from fieldsim.simulation.steady import solve


@dataclass(frozen=True)
class ErrorEstimate:
    """Estimated errors of a steady answer: of the field (largest and root mean square, its unit) and of flows.

    `flows` gives for each wall and held body the estimated error of what leaves by it; `better` the flow freed
    of that error.
    """

    largest: float
    rms: float
    unit: str
    flows: Mapping[str, float]
    better: Mapping[str, float]
    flow_unit: str

    def __str__(self) -> str:
        """Return the estimate in one line."""
        flows = ", ".join(
            f"{name} {self.better[name]:.6g} ± {abs(e):.2g} {self.flow_unit}" for name, e in self.flows.items()
        )
        return f"field ± {self.largest:.2g} {self.unit} (rms {self.rms:.2g}); flows {flows or 'none'}"


def estimate_error(result: Result) -> ErrorEstimate:
    """Estimate the error of a steady answer by solving it again on a mesh of half as many cells along each axis.

    Every axis needs an even number of cells, 4 or more; numbers given as arrays or fields fit one mesh only. It tells
    what shrinks with the cells: a region that ends inside a cell is rounded to the same faces on both meshes, and that
    error is not seen. Raises InvalidInput for what fits one mesh only and for runs in time.
    """
    if not isinstance(result, Result) or isinstance(result.problem, FieldProblem):
        rule = "the Result of a problem of one field"
        remedy = "Give it what solve(problem) returns; of coupled fields compare two meshes by hand."
        raise InvalidInput(must("result", rule, type(result).__name__, remedy))
    problem = result.problem
    if result.times.size:
        raise InvalidInput(
            must("result", "a steady answer", f"a run to {result.time:g} s", "Vary rtol and cells for runs.")
        )
    mesh = _coarser(problem.mesh)
    try:
        coarse = solve(problem.replace(mesh=mesh, exact=None))
    except InvalidInput as error:
        raise InvalidInput(f"The second mesh does not fit the problem. {error}") from error
    points = mesh.points.reshape(mesh.dim, -1).T
    drift = problem.volume.drift
    gained = 3.0 if drift is None or drift.order == 2 else 1.0
    change = (coarse.field.values.ravel() - result.field.at(points)) / gained
    known = np.isfinite(change)
    weights = mesh.volumes.ravel()[known]
    rms = float(np.sqrt((weights * change[known] ** 2).sum() / weights.sum()))
    fine, rough = result.balance.through, coarse.balance.through
    flows = {name: (rough[name] - fine[name]) / gained for name in fine}
    return ErrorEstimate(
        float(np.abs(change[known]).max()),
        rms,
        problem.equation.unit,
        flows,
        {name: fine[name] - error for name, error in flows.items()},
        result.balance.unit,
    )


def _coarser(mesh: Mesh) -> Mesh:
    """Return the mesh with every two cells along each axis made one."""
    for axis in mesh.axes:
        if axis.cells % 2 or axis.cells < 4:
            rule = f"of an even number of cells, 4 or more, along {axis.name}"
            raise InvalidInput(must("mesh", rule, axis.cells, "Add a cell."))
    axes = tuple(Axis(axis.name, axis.edges[::2], axis.periodic) for axis in mesh.axes)
    if isinstance(mesh, CurvilinearMesh):
        every = (slice(None), *(slice(None, None, 2) for _ in axes))
        knots, corners = tuple(k[::2] for k in mesh.coordinates.knots), mesh.coordinates.corners[every]
        return CurvilinearMesh(replace(mesh.coordinates, knots=knots, corners=frozen(corners)), axes)
    return Mesh(mesh.coordinates, axes)
