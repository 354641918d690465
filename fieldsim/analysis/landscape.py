"""A function to walk on: value, gradient and Hessian at one point, from a field, a potential or plain functions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt

from fieldsim.analysis.smooth import Derivatives, Smooth
from fieldsim.arrays import FloatArray
from fieldsim.errors import InvalidInput, RankError, must
from fieldsim.fields import ScalarField, VectorField


@runtime_checkable
class HasGradient(Protocol):
    """A potential: values (...) and exact gradients (dim, ...) at Cartesian points (dim, ...)."""

    def value(self, points: FloatArray) -> npt.ArrayLike:
        """Return values."""

    def gradient(self, points: FloatArray) -> npt.ArrayLike:
        """Return gradients."""


LandscapeLike: TypeAlias = ScalarField | HasGradient | Callable[[FloatArray], Any]


class Landscape(ABC):
    """What descents need to know of a function; nothing is known (NaN) outside of where it lives."""

    @abstractmethod
    def look(self, point: FloatArray) -> tuple[float, FloatArray]:
        """Return the value and the gradient (dim,) at a point (dim,)."""

    @abstractmethod
    def hessian(self, point: FloatArray) -> FloatArray:
        """Return the Hessian (dim, dim)."""

    def inside(self, point: FloatArray) -> bool:
        """Tell whether the function lives at a point."""
        return bool(np.all(np.isfinite(point)))


class FieldLandscape(Landscape):
    """A scalar field, by the smooth interpolant between its cells."""

    def __init__(self, f: ScalarField) -> None:
        self._smooth = Smooth(f)
        self._directions = tuple(range(f.mesh.dim))

    def look(self, point: FloatArray) -> tuple[float, FloatArray]:
        """Return the value and the gradient."""
        known = self._derivatives(point)
        return float(known.values[0]) + self._smooth.offset, np.asarray(known.gradient[0])

    def hessian(self, point: FloatArray) -> FloatArray:
        """Return the Hessian."""
        return np.asarray(self._derivatives(point).hessian[0])

    def _derivatives(self, point: FloatArray) -> Derivatives:
        steps, _ = self._smooth.steps_at(point[None])
        return self._smooth.derivatives(point[None], steps, self._directions)

    def inside(self, point: FloatArray) -> bool:
        """Tell whether a point lies in the mesh."""
        return super().inside(point) and bool(self._smooth.mesh.contains(point[:, None])[0])


class FunctionLandscape(Landscape):
    """Plain functions of a point (dim,); a gradient that is not given comes from differences, as does the Hessian."""

    def __init__(self, value: Callable[[FloatArray], Any], gradient: Callable[[FloatArray], Any] | None) -> None:
        self._value, self._gradient = value, gradient

    def look(self, point: FloatArray) -> tuple[float, FloatArray]:
        """Return the value and the gradient."""
        return self._number(point), self._slope(point)

    def hessian(self, point: FloatArray) -> FloatArray:
        """Return the Hessian from differences of the gradient."""
        matrix = np.stack([_difference(self._slope, point, i) for i in range(point.size)])
        return np.asarray(0.5 * (matrix + matrix.T))

    def _number(self, point: FloatArray) -> float:
        result = np.asarray(self._value(point), dtype=np.float64)
        if result.size != 1:
            raise InvalidInput(must("f", "a function that gives one number at a point", result.shape, "Return one."))
        return float(result.reshape(()))

    def _slope(self, point: FloatArray) -> FloatArray:
        if self._gradient is None:
            return np.array([_difference(self._number, point, i) for i in range(point.size)])
        result = np.asarray(self._gradient(point), dtype=np.float64)
        if result.shape != point.shape:
            raise InvalidInput(must("gradient", f"of shape {point.shape} at a point", result.shape, "One a direction."))
        return result


def landscape(f: object, gradient: Callable[[FloatArray], Any] | None) -> Landscape:
    """Return what descents walk on. Raises RankError or InvalidInput."""
    if isinstance(f, VectorField):
        raise RankError("descend takes a scalar field; this is a vector field. Give the field whose gradient it is.")
    if isinstance(f, ScalarField):
        if gradient is not None:
            raise InvalidInput(must("gradient", "left out for a field", gradient, "A field gives its own gradient."))
        return FieldLandscape(f)
    if isinstance(f, HasGradient) and gradient is None:
        return FunctionLandscape(f.value, f.gradient)
    if callable(f):
        return FunctionLandscape(f, gradient)
    raise RankError(must("f", "a scalar field, a potential or a function", f, "For example ScalarField(mesh, 'x**2')."))


def _difference(function: Callable[[FloatArray], Any], point: FloatArray, axis: int) -> Any:
    """Return the central difference of fourth order along one axis, with a thousandth of the coordinates as step."""
    step = 1e-3 * max(1.0, float(np.abs(point).max()))
    unit = np.zeros(point.size)
    unit[axis] = step
    near = function(point + unit) - function(point - unit)
    far = function(point + 2 * unit) - function(point - 2 * unit)
    return (8.0 * near - far) / (12.0 * step)
