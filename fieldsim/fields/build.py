"""Turn what a user gives as a field (formula, function, array, number, potential) into values at the cell centres."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt

from fieldsim.arrays import FloatArray, real_array, real_numbers
from fieldsim.errors import InvalidInput, NumericalFailure, must
from fieldsim.expressions import Expression, compile_expression
from fieldsim.meshes import Mesh
from fieldsim.meshes.names import COORDINATE_NAMES, why_absent
from fieldsim.storage.memory import guard


@runtime_checkable
class Potential(Protocol):
    """What fields need of a potential: values at Cartesian points, NaN where it is cut out, and its unit."""

    @property
    def unit(self) -> str:
        """Unit of the values."""

    def value(self, points: FloatArray) -> FloatArray:
        """Return the values at points (dim, ...)."""


# Fields of more cells are weighed against the memory there is before they are made.
_LARGE = 10_000_000
FieldLike: TypeAlias = str | float | Callable[[FloatArray], npt.ArrayLike] | npt.ArrayLike | Potential


def evaluate(mesh: Mesh, what: FieldLike, *, name: str) -> FloatArray:
    """Return `what` at the cell centres, shape mesh.shape, contiguous float64.

    Raises InvalidInput for the wrong shape or type, ExpressionError for a formula outside the language and
    NumericalFailure, naming the first cell, where the result is not finite.
    """
    if mesh.size > _LARGE:
        guard(8 * mesh.size, f"one field of {mesh.size} cells")
    if isinstance(what, Potential):
        _check_symmetric(mesh, what.value, name)
        return _without_sources(mesh, what)
    if isinstance(what, str):
        expression = _compiled(mesh, what, name)
        values = np.asarray(expression(mesh.coordinate_values(expression.names)))
    elif callable(what):
        _check_symmetric(mesh, what, name)
        values = np.asarray(_called(what, mesh.points, name))
    else:
        values = real_array(what, name)
    values = real_numbers(values, name)
    if isinstance(what, str) or values.shape == ():
        values = np.broadcast_to(values, mesh.shape)
    if values.shape != mesh.shape:
        raise InvalidInput(
            must(
                name,
                f"an array of the mesh's shape {mesh.shape}",
                f"an array of shape {values.shape}",
                "One value a cell, at the cell centre: evaluate it at mesh.points or mesh.centers.",
            )
        )
    check_finite(mesh, values, name)
    return np.ascontiguousarray(values)


def _compiled(mesh: Mesh, text: str, name: str) -> Expression:
    """Compile a formula; a coordinate that the mesh leaves out gets its own message."""
    absent = set(COORDINATE_NAMES) | set(mesh.coordinates.names)
    expression = compile_expression(text, mesh.expression_names | absent, where=name)
    for wrong in sorted(expression.names - mesh.expression_names):
        raise InvalidInput(why_absent(wrong, mesh.coordinates, mesh.names))
    return expression


def _without_sources(mesh: Mesh, potential: Potential) -> FloatArray:
    """Return the values of a potential, NaN in cells whose centre is one of its sources to rounding."""
    values = np.array(potential.value(mesh.points), dtype=np.float64, order="C")
    size = float(mesh.volumes.min()) ** (1.0 / mesh.dim)
    for source in getattr(potential, "singularities", ()):
        place = np.zeros(3)
        place[: len(source.position)] = source.position
        offset = mesh.points - place[: mesh.dim].reshape(-1, *(1,) * mesh.ndim)
        # In the plane a source off it is never met.
        if not np.any(place[mesh.dim :]):
            values[np.einsum("k...,k...->...", offset, offset) <= (1e-9 * size) ** 2] = np.nan
    return values


def _called(function: Callable[[FloatArray], npt.ArrayLike], points: FloatArray, name: str) -> npt.ArrayLike:
    """Call a function of place, telling a wrong number of arguments from errors of its own."""
    try:
        signature(function).bind(points)
    except TypeError as error:
        raise InvalidInput(
            must(name, "a function of one array of points (dim, ...)", function, "Write lambda p: p[0] * p[1].")
        ) from error
    except ValueError:  # a compiled function that does not tell its signature
        pass
    return function(points)


def _check_symmetric(mesh: Mesh, function: Callable[[FloatArray], npt.ArrayLike], name: str) -> None:
    """Refuse a function of place that varies along an axis the mesh leaves out as a symmetry."""
    left_out = [i for i, axis in enumerate(mesh.coordinate_axis) if axis is None]
    if not left_out:
        return
    moved = list(mesh.open_centers)
    for i in left_out:
        low, high = mesh.coordinates.whole[i]
        moved[i] = moved[i] * 0.0 + low + 0.3183 * (high - low)
    points = np.array([np.broadcast_to(x, mesh.shape) for x in mesh.coordinates.to_cartesian(moved)])
    here = np.asarray(_called(function, mesh.points, name), dtype=np.float64)
    there = np.asarray(_called(function, points, name), dtype=np.float64)
    scale = float(np.nanmax(np.abs(here), initial=0.0))
    if here.shape == there.shape and np.nanmax(np.abs(here - there), initial=0.0) > 1e-9 * scale:
        names = " and ".join(mesh.coordinates.names[i] for i in left_out)
        raise InvalidInput(
            f"`{name}` must not vary along {names}, which this mesh leaves out as a symmetry; it does. "
            "Give the mesh that axis too, or put the source on the axis of symmetry."
        )


def check_finite(mesh: Mesh, values: FloatArray, name: str) -> None:
    """Raise NumericalFailure naming the first cell that is not finite."""
    bad = ~np.isfinite(values)
    if np.any(bad):
        cell = tuple(int(i) for i in np.argwhere(bad)[0])
        place = ", ".join(f"{axis.name}={axis.centers[i]:.6g}" for axis, i in zip(mesh.axes, cell, strict=True))
        raise NumericalFailure(
            f"`{name}` must be finite in every cell; got {values[cell]} at cell {cell}, where {place}. "
            "Change the formula there, or shift the mesh so that no cell centre lies on the singular point."
        )
