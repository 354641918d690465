"""Potentials given by samples on a tensor grid of one to three axes, interpolated by tensor-product splines.

    f(x, y) = sum_ij c_ij B_i(x) B_j(y),   grad f = the exact derivative of that sum
with linear (degree 1) or cubic (degree 3, not-a-knot) B-splines through every sample. Up to half a spacing
beyond the outermost samples (the edge of their cells) the spline is continued; further out is no data.
Source: de Boor, A Practical Guide to Splines, chapters IX and XVII.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fieldsim.errors import InvalidInput, must
from fieldsim.potentials.array_files import load_array, load_arrays
from fieldsim.potentials.base import Potential
from fieldsim.potentials.checks import MOST_COORDINATES, FloatArray, finite_number, real_array

if TYPE_CHECKING:
    from scipy.interpolate import NdBSpline

BoolArray = NDArray[np.bool_]

_AXIS_NAMES = ("x", "y", "z")
_DEGREES = {"linear": 1, "cubic": 3}
# rounding of mesh coordinates must not push a point off the grid
_SLACK = 1e-9


@dataclass(frozen=True, kw_only=True, eq=False)
class Sampled(Potential):
    """A spline through samples; `lower` and `upper` bound what is known, `outside` rules what is beyond."""

    spline: NdBSpline
    lower: FloatArray
    upper: FloatArray
    outside: Literal["error", "nan"]

    @property
    def needed_coordinates(self) -> int:
        """Return the number of axes of the grid."""
        return len(self.lower)

    def _value(self, x: FloatArray) -> FloatArray:
        q, known = self._inside(x)
        return self._evaluated(q, known, (0,) * len(self.lower))

    def _gradient(self, x: FloatArray) -> FloatArray:
        q, known = self._inside(x)
        out = np.zeros(x.shape)
        for axis in range(len(self.lower)):
            order = tuple(int(other == axis) for other in range(len(self.lower)))
            out[axis] = self._evaluated(q, known, order)
        out[:, ~known] = np.nan
        return out

    def _evaluated(self, q: FloatArray, known: BoolArray, order: tuple[int, ...]) -> FloatArray:
        out = np.full(len(q), np.nan)
        if known.any():
            out[known] = self.spline(q[known], nu=order, extrapolate=True)
        return out

    def _inside(self, x: FloatArray) -> tuple[FloatArray, BoolArray]:
        q = np.ascontiguousarray(x[: len(self.lower)].T)
        slack = _SLACK * (self.upper - self.lower)
        beyond: BoolArray = np.asarray(((q < self.lower - slack) | (q > self.upper + slack)).any(axis=1))
        if beyond.any() and self.outside == "error":
            first = q[np.argmax(beyond)].tolist()
            raise InvalidInput(
                must(
                    "points",
                    f"within the data, {self.lower.tolist()} to {self.upper.tolist()}",
                    first,
                    "Shrink the mesh to the data, or build the potential with outside='nan'.",
                )
            )
        return q, ~beyond & np.isfinite(q).all(axis=1)


def sampled(
    values: ArrayLike,
    *,
    spacing: float | Sequence[float] | None = None,
    coordinates: Sequence[ArrayLike] | None = None,
    origin: ArrayLike | None = None,
    unit: str = "",
    name: str = "",
    quantity: str = "",
    interpolation: Literal["linear", "cubic"] = "cubic",
    outside: Literal["error", "nan"] = "error",
) -> Sampled:
    """Interpolate samples on a grid: axis n of `values` (one to three axes) is coordinate n.

    Give `coordinates` (one increasing array an axis, m), or `spacing` (m) with the place of the first
    sample, `origin` (default zeros). Raises InvalidInput for samples that are not finite, grids that do not
    match, fewer than four samples an axis (two for linear), and, when evaluated, for points beyond the data
    unless `outside` is "nan".
    """
    array = real_array("values", values, "an array of real samples")
    if not 1 <= array.ndim <= MOST_COORDINATES:
        raise InvalidInput(must("values", "an array of one to three axes", array.shape, "Give samples on a grid."))
    bad = ~np.isfinite(array)
    if bad.any():
        where = tuple(int(i) for i in np.argwhere(bad)[0])
        raise InvalidInput(
            must("values", f"finite, first broken at index {where}", float(array[where]), "Fill the gap.")
        )
    if interpolation not in _DEGREES:
        raise InvalidInput(must("interpolation", "'linear' or 'cubic'", interpolation, "Choose one of the two."))
    if outside not in ("error", "nan"):
        raise InvalidInput(must("outside", "'error' or 'nan'", outside, "Choose one of the two."))
    axes = _axes(array.shape, spacing, coordinates, origin, _DEGREES[interpolation] + 1)
    spline = _spline(array, axes, _DEGREES[interpolation])
    return Sampled(
        spline=spline,
        lower=np.array([q[0] - 0.5 * (q[1] - q[0]) for q in axes]),
        upper=np.array([q[-1] + 0.5 * (q[-1] - q[-2]) for q in axes]),
        outside=outside,
        unit=unit,
        name=name,
        quantity=quantity,
    )


def sampled_file(
    path: str | os.PathLike[str],
    *,
    spacing: float | Sequence[float] | None = None,
    origin: ArrayLike | None = None,
    unit: str = "",
    name: str = "",
    quantity: str = "",
    interpolation: Literal["linear", "cubic"] = "cubic",
    outside: Literal["error", "nan"] = "error",
) -> Sampled:
    """Interpolate samples from a file: .npy or .csv with `spacing`, or .npz that holds its own coordinates.

    An .npz file holds the samples (axis n is coordinate n) and may hold `x`, `y`, `z`, one increasing array an
    axis, in place of `spacing` and `origin`. Raises what `load_array` and `sampled` raise.
    """
    if Path(path).suffix.lower() != ".npz":
        values, axes = load_array(path), []
    else:
        arrays = load_arrays(path)
        axes = [arrays.pop(axis) for axis in _AXIS_NAMES if axis in arrays]
        if len(arrays) != 1:
            raise InvalidInput(
                must("path", "a file of one array beside x, y and z", sorted(arrays), "Keep the samples only.")
            )
        values = next(iter(arrays.values()))
    return sampled(
        values,
        spacing=spacing,
        origin=origin,
        coordinates=axes or None,
        unit=unit,
        name=name,
        quantity=quantity,
        interpolation=interpolation,
        outside=outside,
    )


def _spline(values: FloatArray, axes: list[FloatArray], degree: int) -> NdBSpline:
    # imported here: slow to import, and only sampled potentials need it
    from scipy.interpolate import NdBSpline, make_interp_spline

    coefficients = values
    knots = []
    for axis, q in enumerate(axes):
        one = make_interp_spline(q, coefficients, k=degree, axis=axis)
        # the spline keeps its own axis first
        coefficients = np.moveaxis(one.c, 0, axis)
        knots.append(one.t)
    return NdBSpline(tuple(knots), np.ascontiguousarray(coefficients), degree)


def _axes(
    shape: tuple[int, ...],
    spacing: float | Sequence[float] | None,
    coordinates: Sequence[ArrayLike] | None,
    origin: ArrayLike | None,
    least: int,
) -> list[FloatArray]:
    if (spacing is None) == (coordinates is None):
        raise InvalidInput(must("spacing", "given, or `coordinates`, not both", spacing, "Give exactly one of them."))
    for axis, count in enumerate(shape):
        if count < least:
            raise InvalidInput(
                must(
                    "values",
                    f"at least {least} samples along axis {axis}",
                    count,
                    "Sample more, or use 'linear'.",
                )
            )
    if coordinates is not None:
        if origin is not None:
            raise InvalidInput(must("origin", "left out with `coordinates`", origin, "The coordinates already say it."))
        if len(coordinates) != len(shape):
            raise InvalidInput(must("coordinates", f"{len(shape)} arrays", len(coordinates), "Give one an axis."))
        return [_increasing(axis, q, count) for axis, (q, count) in enumerate(zip(coordinates, shape, strict=True))]
    steps = real_array("spacing", spacing, "a number, or one an axis").reshape(-1)
    steps = np.full(len(shape), steps[0]) if steps.size == 1 else steps
    starts = np.zeros(len(shape)) if origin is None else real_array("origin", origin, "one number an axis").reshape(-1)
    if len(steps) != len(shape) or len(starts) != len(shape):
        raise InvalidInput(must("spacing", f"one number an axis, {len(shape)}", spacing, "Match the samples' axes."))
    result = []
    for start, step, count in zip(starts, steps, shape, strict=True):
        pace = finite_number("spacing", step, positive=True)
        result.append(finite_number("origin", start) + pace * np.arange(count, dtype=np.float64))
    return result


def _increasing(axis: int, values: ArrayLike, count: int) -> FloatArray:
    name = f"coordinates[{axis}]"
    q = real_array(name, values, f"{count} increasing numbers")
    if q.shape != (count,):
        raise InvalidInput(must(name, f"an array of {count} numbers", q.shape, "Match the samples' axis."))
    wrong = ~np.isfinite(q)
    wrong[1:] |= ~(np.diff(q) > 0.0)
    if wrong.any():
        first = int(np.argmax(wrong))
        raise InvalidInput(must(name, "finite and increasing", float(q[first]), f"The first bad index is {first}."))
    return q
