"""Turn what a user gives as a field (formula, function, array, number, potential) into values at the cell centres."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt

from fieldsim.arrays import FloatArray
from fieldsim.errors import InvalidInput, NumericalFailure, must
from fieldsim.expressions import compile_expression
from fieldsim.meshes import Mesh


@runtime_checkable
class Potential(Protocol):
    """What fields need of a potential: values at Cartesian points, NaN where it is cut out, and its unit."""

    @property
    def unit(self) -> str:
        """Unit of the values."""

    def value(self, points: FloatArray) -> FloatArray:
        """Return the values at points (dim, ...)."""


FieldLike: TypeAlias = str | float | Callable[[FloatArray], npt.ArrayLike] | npt.ArrayLike | Potential


def evaluate(mesh: Mesh, what: FieldLike, *, name: str) -> FloatArray:
    """Return `what` at the cell centres, shape mesh.shape, contiguous float64.

    Raises InvalidInput for the wrong shape or type, ExpressionError for a formula outside the language and
    NumericalFailure, naming the first cell, where the result is not finite.
    """
    if isinstance(what, Potential):
        return np.ascontiguousarray(what.value(mesh.points), dtype=np.float64)
    if isinstance(what, str):
        expression = compile_expression(what, mesh.expression_names, where=name)
        values = np.asarray(expression(mesh.coordinate_values(expression.names)))
    elif callable(what):
        values = np.asarray(what(mesh.points))
    else:
        values = real_array(what, name)
    values = _real(values, name)
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


def real_array(what: object, name: str) -> FloatArray:
    """Return array-like input as float64, refusing what is not plain real numbers."""
    if isinstance(what, np.ma.MaskedArray):
        raise InvalidInput(
            must(name, "a plain array", "a masked array", "Use what.filled(...) to say what stands there.")
        )
    try:
        array = np.asarray(what)
    except (TypeError, ValueError) as error:
        raise InvalidInput(
            must(name, "a formula, a function, an array or a number", what, "See the docstring for examples.")
        ) from error
    return _real(array, name)


def _real(values: npt.NDArray[np.generic], name: str) -> FloatArray:
    """Return real numbers as float64."""
    if values.dtype.kind not in "iuf":
        raise InvalidInput(
            must(name, "made of real numbers", f"dtype {values.dtype}", "Give a formula, an array or a number.")
        )
    return np.asarray(values, dtype=np.float64)
