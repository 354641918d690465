"""Derivatives of plain arrays along one axis: any derivative, any order, even or uneven positions, periodic or not.

Row i is sum_j w_ij f_j with Fornberg's weights on the true positions (fieldsim.stencils). An even derivative takes one
point more where the positions are uneven, and every derivative m takes order + m points at the ends, so that the order
holds in every row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from fieldsim.arrays import AnyArray, FloatArray, IntArray
from fieldsim.errors import InvalidInput, RankError, must
from fieldsim.stencils import fornberg_weights, is_uniform

# Below so many values the compiled loops do not pay for being loaded.
_LARGE = 100_000
# Tiles (measured): short rows are merged to runs of so many values; long rows are cut to strips that the second cache
# holds with all the rows they read, yet long enough to stream.
_RUN = 1024
_STRIP = 16384
_ROWS_A_STRIP = 64
# Above so many rows of their own weights the weights too are computed by compiled loops.
_MANY_ROWS = 20_000
# Weights of longer rows are so large, and of such mixed signs, that rounding eats the order.
_MOST = 24

Positions: TypeAlias = float | npt.ArrayLike


def differentiate(
    values: npt.ArrayLike,
    coordinate: Positions,
    axis: int = -1,
    derivative: int = 1,
    order: int = 2,
    *,
    periodic: bool | float = False,
    out: AnyArray | None = None,
) -> AnyArray:
    """Return the derivative of an array along one axis, accurate to `order` in every row, the first and last included.

    `values` has any number of axes; float32, float64 and complex are kept, whole numbers give float64. `coordinate` is
    the spacing, or the positions along `axis` (rising or falling, even or not). `periodic=True` joins the ends of an
    evenly spaced axis, whose period is then n * spacing; with positions give the period itself, `periodic=2*np.pi`.
    The first point is not repeated at the end. `out` takes an array for the result. Raises InvalidInput.
    Source: B. Fornberg, Math. Comp. 51 (1988) 699.
    """
    array = _checked_values(values)
    number = _checked_axis(axis, array)
    m = _whole("derivative", derivative)
    p = _whole("order", order)
    if m + p > _MOST:
        raise InvalidInput(
            must("order", f"at most {_MOST - m} for derivative {m}", order, "Rounding would exceed the error gained.")
        )
    target = _checked_out(out, array)
    rows = _rows(array.shape[number], coordinate, m, p, periodic)
    if array.flags.f_contiguous and not array.flags.c_contiguous and out is None:
        return _applied(rows, array.T, array.ndim - 1 - number, None).T
    return _applied(rows, array, number, target)


# ---- checks


def _checked_values(values: object) -> AnyArray:
    if hasattr(values, "mesh"):
        raise RankError(
            must("values", "a plain array", values, "A field knows its mesh: use partial or gradient, or f.values.")
        )
    if isinstance(values, np.ma.MaskedArray):
        raise InvalidInput(
            must("values", "a plain array", "a masked array", "Use values.filled(numpy.nan): NaN spreads one stencil.")
        )
    try:
        array = np.asarray(values)
    except (TypeError, ValueError) as error:
        raise InvalidInput(must("values", "an array of numbers", values, "Give equally long rows.")) from error
    if array.dtype.kind in "iu":
        array = array.astype(np.float64)
    if array.dtype.kind not in "fc":
        raise InvalidInput(
            must("values", "real or complex numbers", f"dtype {array.dtype}", "Convert it: values.astype(float).")
        )
    if array.ndim == 0:
        raise InvalidInput(must("values", "an array with at least one axis", values, "One number has no derivative."))
    if array.dtype.kind == "f" and array.dtype.itemsize < 4:
        raise InvalidInput(
            must(
                "values", "float32 or wider", f"dtype {array.dtype}", "Differences of half floats are mostly rounding."
            )
        )
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _checked_axis(axis: int, array: AnyArray) -> int:
    whole = isinstance(axis, int | np.integer) and not isinstance(axis, bool)
    if not whole or not -array.ndim <= axis < array.ndim:
        raise InvalidInput(
            must(
                "axis", f"a whole number from {-array.ndim} to {array.ndim - 1}", axis, f"values has {array.ndim} axes."
            )
        )
    return int(axis) % array.ndim


def _whole(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not 1 <= value < _MOST:
        raise InvalidInput(must(name, f"a whole number from 1 to {_MOST - 1}", value, "1 and 2 are the usual choices."))
    return int(value)


def _checked_out(out: AnyArray | None, array: AnyArray) -> AnyArray | None:
    if out is None:
        return None
    fits = isinstance(out, np.ndarray) and out.shape == array.shape and out.dtype == array.dtype
    if not fits or not (out.flags.c_contiguous and out.flags.writeable):
        got = f"{out.dtype} {out.shape}" if isinstance(out, np.ndarray) else out
        raise InvalidInput(
            must("out", f"a contiguous, writeable {array.dtype} array of shape {array.shape}", got, "Or leave it out.")
        )
    if np.may_share_memory(out, array):
        raise InvalidInput("`out` must not share memory with `values`; got overlapping arrays. Use numpy.empty_like.")
    return out


def _spacing(count: int, coordinate: Positions) -> float | FloatArray:
    """Return the spacing where the coordinate is even, else the positions."""
    try:
        positions = np.asarray(coordinate)
    except (TypeError, ValueError) as error:
        raise InvalidInput(_coordinate_rule(count, coordinate)) from error
    if positions.dtype.kind not in "iuf" or positions.ndim > 1 or isinstance(coordinate, bool):
        got = coordinate if positions.ndim == 0 else f"dtype {positions.dtype} of shape {positions.shape}"
        raise InvalidInput(_coordinate_rule(count, got))
    positions = positions.astype(np.float64)
    bad = np.flatnonzero(~np.isfinite(positions))
    if bad.size:
        place = f" at index {bad[0]}" if positions.ndim else ""
        raise InvalidInput(must("coordinate", "finite", f"{positions.flat[bad[0]]}{place}", "Replace it."))
    if positions.ndim == 0:
        if positions == 0.0:
            raise InvalidInput(must("coordinate", "a spacing other than zero", 0.0, "Give the distance of neighbours."))
        return float(positions)
    if positions.size != count:
        raise InvalidInput(_coordinate_rule(count, f"{positions.size} positions"))
    steps = np.diff(positions)
    bad = np.flatnonzero(steps * np.sign(steps[:1]) <= 0.0) if count > 1 else np.array([], dtype=int)
    if bad.size:
        i = int(bad[0])
        raise InvalidInput(
            must(
                "coordinate",
                "strictly rising or strictly falling",
                f"{positions[i]:g} then {positions[i + 1]:g} at index {i + 1}",
                "Sort the positions, and the values with them.",
            )
        )
    # Most uneven axes show it in their first steps: the whole axis is looked at only where those agree.
    if count > 1 and is_uniform(positions[:9]) and is_uniform(positions):
        return float((positions[-1] - positions[0]) / (count - 1))
    return positions


def _coordinate_rule(count: int, got: object) -> str:
    return must(
        "coordinate",
        f"a spacing, or {count} positions, one for each value along the axis",
        got,
        "For example 0.1, or numpy.linspace(0, 1, n).",
    )


def _period(count: int, coordinate: Positions, place: float | FloatArray, periodic: object) -> float | None:
    """Return the period, signed like the steps, or None."""
    if periodic is False or periodic is None or (isinstance(periodic, np.bool_) and not periodic):
        return None
    given_positions = np.ndim(coordinate) == 1
    if isinstance(periodic, bool | np.bool_):
        if given_positions:
            raise InvalidInput(
                must(
                    "periodic",
                    "the period itself where positions are given",
                    periodic,
                    "For example periodic=2*numpy.pi: positions do not say how far the last is from the first.",
                )
            )
        return count * float(np.asarray(place))
    if not isinstance(periodic, int | float | np.integer | np.floating) or not 0.0 < float(periodic) < np.inf:
        raise InvalidInput(must("periodic", "True, False or the period (a positive length)", periodic, "See the docs."))
    length = float(periodic)
    if isinstance(place, float):
        span, whole = abs(place) * (count - 1), abs(place) * count
    else:
        span, whole = float(abs(place[-1] - place[0])), np.inf
    if length <= span * (1.0 + 1e-9):
        raise InvalidInput(
            must(
                "periodic",
                f"longer than the axis ({span:.6g} from the first position to the last)",
                length,
                "Leave out the last point where it repeats the first (numpy.linspace(..., endpoint=False)).",
            )
        )
    if not given_positions and abs(length - whole) > 1e-9 * whole:
        raise InvalidInput(
            must("periodic", f"n * spacing = {whole:.6g} for an evenly spaced axis", length, "Write periodic=True.")
        )
    direction = place if isinstance(place, float) else place[-1] - place[0]
    return length if direction > 0 else -length


# ---- rows


@dataclass(frozen=True)
class _Rows:
    """The stencil of an axis: interior rows that read the same offsets, and rows at the ends with their own points."""

    low: int
    high: int
    offsets: IntArray
    weights: FloatArray  # (points, 1) or (points, high - low)
    edge_rows: IntArray
    edge_index: IntArray
    edge_weights: FloatArray


def _rows(count: int, coordinate: Positions, m: int, p: int, periodic: object) -> _Rows:
    """Return the rows of derivative `m` at order `p` for `count` points."""
    place = _spacing(count, coordinate)
    period = _period(count, coordinate, place, periodic)
    if isinstance(place, float) and period is not None and abs(period - count * place) > 1e-9 * abs(period):
        # Even positions whose last gap, across the seam, is another: uneven after all.
        place = np.asarray(coordinate, dtype=np.float64)
    even = isinstance(place, float)
    reach = (p + 1) // 2 + (m - 1) // 2 + (0 if even or m % 2 else 1)
    sided = p + m
    needed = sided if period is None else 2 * reach + 1
    if count < needed:
        raise InvalidInput(
            must(
                "values",
                f"at least {needed} along the axis for derivative {m} at order {p}",
                f"{count}",
                "Take more points or a lower order.",
            )
        )
    low, high = min(reach, count), max(count - reach, min(reach, count))
    offsets = np.arange(-reach, reach + 1)
    edges = np.concatenate([np.arange(low), np.arange(high, count)])
    if period is not None:
        edge_index = (edges[:, None] + offsets) % count
    else:
        start = np.clip(edges - (sided - 1) // 2, 0, count - sided)
        edge_index = start[:, None] + np.arange(sided)
    if isinstance(place, float):
        central = _weights(np.zeros(1), offsets[None, :].astype(np.float64), m)
        if period is not None:
            edge_weights = np.repeat(central, edges.size, axis=0)
        else:
            edge_weights = _weights(np.zeros(edges.size), (edge_index - edges[:, None]).astype(np.float64), m)
        factor = 1.0 / place**m
        weights = factor * central.T
        edge_weights = factor * edge_weights
    else:
        weights = _interior_weights(place, low, high, reach, m)
        turns: FloatArray = np.zeros(1)
        if period is not None:
            turns = period * np.floor_divide(edges[:, None] + offsets, count)
        edge_weights = _uneven_weights(place, edges, edge_index, m, turns)
    used = weights[:, 0] != 0.0 if weights.shape[1] == 1 else np.ones(offsets.size, dtype=bool)
    return _Rows(
        low,
        high,
        offsets[used].astype(np.int64),
        np.ascontiguousarray(weights[used]),
        edges.astype(np.int64),
        np.ascontiguousarray(edge_index, dtype=np.int64),
        np.ascontiguousarray(edge_weights),
    )


def _weights(at: FloatArray, nodes: FloatArray, m: int) -> FloatArray:
    """Return weights on nodes a unit apart, with what cancels analytically exactly zero."""
    weights: FloatArray = fornberg_weights(at, nodes, m)[m]
    weights[np.abs(weights) < 1e-12 * np.abs(weights).max(axis=1, keepdims=True)] = 0.0
    return weights


def _interior_weights(positions: FloatArray, low: int, high: int, reach: int, m: int) -> FloatArray:
    """Return the weights (points, rows) of rows that read `reach` points to both sides."""
    if high - low < _MANY_ROWS:
        rows = np.arange(low, high)
        return _uneven_weights(positions, rows, rows[:, None] + np.arange(-reach, reach + 1), m, np.zeros(1)).T
    from fieldsim.kernels.arrays import central_weights

    weights = np.empty((2 * reach + 1, high - low))
    central_weights(np.ascontiguousarray(positions), low, high, reach, m, weights)
    return weights


def _uneven_weights(positions: FloatArray, rows: IntArray, index: IntArray, m: int, turns: FloatArray) -> FloatArray:
    """Return weights (rows, points) on true positions, each row computed in units of its own mean step."""
    nodes = positions[index] + turns - positions[rows][:, None]
    step = (nodes[:, -1] - nodes[:, 0]) / (nodes.shape[1] - 1)
    scaled = fornberg_weights(np.zeros(nodes.shape[0]), nodes / step[:, None], m)[m]
    return np.asarray(scaled / step[:, None] ** m)


# ---- application


def _applied(rows: _Rows, array: AnyArray, axis: int, out: AnyArray | None) -> AnyArray:
    """Return the rows applied along one axis."""
    array = np.ascontiguousarray(array)
    result = np.empty_like(array) if out is None else out
    source, target = _real_view(array), _real_view(result)
    n = array.shape[axis]
    before = int(np.prod(array.shape[:axis], dtype=np.int64))
    if array.size == 0:
        return result
    after = source.size // (before * n)
    if source.size < _LARGE or source.dtype.itemsize > 8:
        _apply_small(rows, source.reshape(before, n, after), target.reshape(before, n, after))
        return result
    from fieldsim.kernels.arrays import apply_rows

    merged = after <= _RUN
    apply_rows(
        target.reshape(before, n * after),
        source.reshape(before, n * after),
        after,
        rows.low,
        rows.high,
        rows.offsets,
        rows.weights,
        rows.edge_rows,
        rows.edge_index,
        rows.edge_weights,
        _RUN // after if merged else _ROWS_A_STRIP,
        min(after, _STRIP),
    )
    return result


def _real_view(array: AnyArray) -> npt.NDArray[Any]:
    """Return a contiguous array as a flat one of real numbers: a complex one as its parts, side by side."""
    if array.dtype.kind == "c":
        return array.reshape(-1).view(np.dtype(f"f{array.dtype.itemsize // 2}"))
    return array.reshape(-1)


def _apply_small(rows: _Rows, x: npt.NDArray[Any], out: npt.NDArray[Any]) -> None:
    """Apply the rows with NumPy alone; arrays (before, n, after)."""
    low, high = rows.low, rows.high
    wide = np.result_type(x.dtype, np.float64)
    if high > low:
        total = np.zeros((x.shape[0], high - low, x.shape[2]), wide)
        for offset, weights in zip(rows.offsets, rows.weights, strict=True):
            total += weights[None, :, None] * x[:, low + offset : high + offset]
        out[:, low:high] = total
    if rows.edge_rows.size:
        out[:, rows.edge_rows] = np.einsum("em,bemk->bek", rows.edge_weights, x[:, rows.edge_index], dtype=wide)
