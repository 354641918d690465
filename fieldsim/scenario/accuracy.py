"""Say how wrong a run is: against the exact gradient, or against the same run on a mesh of half as many cells.

For a scheme of second order the error of the fine mesh is about (fine - coarse) / 3 (Richardson 1911).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fieldsim.errors import InvalidInput
from fieldsim.scenario.build_mesh import refined
from fieldsim.scenario.compute import Solution, solve
from fieldsim.scenario.conduct import Progress, silent

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_FEWEST_CELLS = 8


@dataclass(frozen=True)
class ErrorLine:
    """One statement about the error: what was compared with what, and the numbers."""

    what: str
    against: str
    typical: float
    largest: float
    scale: float
    unit: str
    note: str = ""

    def as_record(self) -> dict[str, Any]:
        """Return the line as plain data."""
        return asdict(self)

    def sentence(self) -> str:
        """Return the line as text."""
        typical, largest = (_share(value, self.scale) for value in (self.typical, self.largest))
        text = f"{self.what} against {self.against}: typically {typical}, at worst {largest}"
        return f"{text} ({self.note})" if self.note else text


def _share(value: float, scale: float) -> str:
    if scale <= 0.0:
        return f"{value:.2g}"
    share = value / scale
    return f"{100.0 * share:.2g} %" if share >= 1e-9 else f"{share:.1g} of the largest value (rounding)"


def estimate(solution: Solution, progress: Progress = silent) -> list[ErrorLine]:
    """Return what can be said about the error of a solution."""
    lines = []
    known = _against_exact_gradient(solution) or _against_every_second_sample(solution)
    if known is not None:
        lines.append(known)
    if solution.result is not None:
        answer = _against_answer(solution)
        lines += [answer] if answer is not None else _against_half_mesh(solution, progress)
    return lines


def _against_exact_gradient(solution: Solution) -> ErrorLine | None:
    """Compare the numerical gradient of a given potential with its exact one, where both exist."""
    given = solution.given
    if given is None or given.potential is None or not _same_names(solution):
        return None
    from fieldsim.operators import gradient

    slope = gradient(given.field)
    exact = given.potential.gradient(solution.mesh.points)
    difference = np.linalg.norm(slope.cartesian - exact, axis=0)
    size = np.linalg.norm(np.broadcast_to(exact, slope.cartesian.shape), axis=0)
    known = np.isfinite(difference) & np.isfinite(size) & (size > 0.0)
    if not known.any():
        return None
    share = difference[known] / size[known]
    field = solution.loaded.scenario.field
    note = "worst beside the sources, where the field is cut out" if field is not None and field.cut else ""
    return ErrorLine(
        f"The numerical gradient of {given.field.name}",
        "the exact gradient of the potential, cell by cell",
        float(np.median(share)),
        float(share.max()),
        1.0,
        slope.unit,
        note,
    )


def _against_every_second_sample(solution: Solution) -> ErrorLine | None:
    """Compare the slope of a field of data with that of blocks of two by two (by two) samples."""
    mesh, given = solution.mesh, solution.given
    if given is None or given.potential is not None or mesh.coordinates.name != "cartesian" or min(mesh.shape) < 16:
        return None
    from fieldsim.fields import ScalarField
    from fieldsim.meshes import Axis, Mesh
    from fieldsim.operators import gradient

    axes = tuple(Axis(axis.name, axis.edges[: axis.cells // 2 * 2 + 1 : 2]) for axis in mesh.axes)
    coarse = gradient(ScalarField(Mesh(mesh.coordinates, axes), _halved(given.field.values, mesh.ndim))).values
    fine = gradient(given.field).values
    blocks = np.stack([_halved(component, mesh.ndim) for component in fine])
    difference = np.linalg.norm(blocks - coarse, axis=0)
    return ErrorLine(
        f"The slope of {given.field.name}",
        "the slope from samples twice as far apart",
        float(np.median(difference)),
        float(difference.max()),
        float(np.linalg.norm(fine, axis=0).max()),
        "",
        "as a share of the steepest slope: what a coarser survey would have made of it",
    )


def _halved(values: Array, ndim: int) -> Array:
    """Return the means of blocks of two along every axis; an odd last sample is left out."""
    for axis in range(ndim):
        pairs = values.shape[axis] // 2
        first = np.take(values, range(0, 2 * pairs, 2), axis=axis)
        values = 0.5 * (first + np.take(values, range(1, 2 * pairs, 2), axis=axis))
    return values


def _against_answer(solution: Solution) -> ErrorLine | None:
    """Compare the solved field with the known answer, over all outputs."""
    problem = solution.result.problem
    if problem.exact is None:
        return None
    times = solution.times or (0.0,)
    values = [field.values for field in solution.result.fields]
    errors = np.array([np.abs(u - problem.exact_values(t)) for u, t in zip(values, times, strict=True)])
    later = errors[1:] if len(solution.times) > 1 else errors
    later = later[np.isfinite(later)]
    return ErrorLine(
        solution.loaded.setting.unknown,
        "the exact solution, every cell at every output",
        float(np.median(later)),
        float(later.max()),
        float(np.nanmax(values) - np.nanmin(values)),
        solution.result.field.unit,
        "as a share of the field's range",
    )


def _same_names(solution: Solution) -> bool:
    """Tell whether r, theta and phi mean the same in a formula on the mesh and in one of points in space."""
    field = solution.loaded.scenario.field
    on_cylinder = solution.mesh.coordinates.name == "cylindrical"
    return not (on_cylinder and field is not None and field.expression is not None)


def _against_half_mesh(solution: Solution, progress: Progress) -> list[ErrorLine]:
    """Solve once more on half as many cells along each axis and compare, at the last output."""
    spec = solution.loaded.scenario.mesh
    if spec is None or min(solution.mesh.shape) < 2 * _FEWEST_CELLS or spec.stretch:
        return []
    from fieldsim.scenario.solved import values_at

    progress("solving again on half as many cells, to estimate the error")
    try:
        coarse = solve(solution.loaded, refined(spec, 1, 2))
    except InvalidInput:
        # a part too thin for cells twice as wide has no coarse copy
        return []
    fine_field, coarse_field = solution.fields[-1], coarse.fields[-1]
    points = coarse.mesh.points.reshape(coarse.mesh.dim, -1).T
    difference = np.abs(values_at(solution, solution.last, points) - coarse_field.values.reshape(-1)) / 3.0
    difference = difference[np.isfinite(difference)]
    if not difference.size:
        return []
    scale = float(np.nanmax(fine_field.values) - np.nanmin(fine_field.values))
    return [
        ErrorLine(
            f"{fine_field.name or 'the field'}",
            "the same on half as many cells (Richardson, second order)",
            float(np.median(difference)),
            float(difference.max()),
            scale,
            fine_field.unit,
            "as a share of the field's range",
        )
    ]
