"""Descent on a landscape: x <- x - rate * grad f, with momentum, Nesterov's look-ahead, Adam, or Newton's method.

On f = (1/2) sum lambda_i x_i^2 the plain method multiplies x_i by 1 - rate lambda_i: it diverges above 2 / lambda_max;
with momentum b above 2 (1 + b) / lambda_max, with Nesterov's above 2 (1 + b) / ((1 + 2 b) lambda_max).
Sources: Polyak 1964; Nesterov 1983; Kingma, Ba, arXiv:1412.6980 (Adam).
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from math import inf
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from fieldsim.analysis.landscape import Landscape, LandscapeLike, landscape
from fieldsim.arrays import FloatArray
from fieldsim.errors import InvalidInput, must

Method: TypeAlias = Literal["gradient", "momentum", "nesterov", "adam", "newton"]
METHODS: tuple[Method, ...] = ("gradient", "momentum", "nesterov", "adam", "newton")

_ADAM = (0.9, 0.999, 1e-8)
# A gradient that has grown so much is not coming back.
_HOPELESS = 1e8
_LOOKS = 9


@dataclass(frozen=True, eq=False)
class Descent:
    """The way down: points (n, dim), values (n,) and slopes |grad f| (n,), the start first.

    `largest_rate` is the rate above which the method diverges on the most curved place of the way (infinite where no
    such limit is known); `reason` says why the descent ended, `eigenvalues` are those of the Hessian there.
    """

    points: FloatArray
    values: FloatArray
    slopes: FloatArray
    method: Method
    rate: float
    largest_rate: float
    converged: bool
    reason: str
    eigenvalues: FloatArray

    @property
    def end(self) -> FloatArray:
        """The last point (dim,)."""
        return np.asarray(self.points[-1])

    @property
    def steps(self) -> int:
        """Number of steps taken."""
        return len(self.points) - 1

    def __str__(self) -> str:
        def place(point: FloatArray) -> str:
            return "(" + ", ".join(f"{x:.6g}" for x in point) + ")"

        state = "converged" if self.converged else "not converged"
        limit = f" It diverges above rate {self.largest_rate:.6g}." if self.largest_rate < inf else ""
        return (
            f"{self.method} descent, rate {self.rate:g}: {place(self.points[0])} -> {place(self.end)} in {self.steps} "
            f"steps, f = {self.values[-1]:.6g}, {state}: {self.reason}{limit}"
        )


def descend(
    f: LandscapeLike,
    start: npt.ArrayLike,
    rate: float = 0.1,
    method: Method = "gradient",
    *,
    steps: int = 1000,
    tolerance: float = 1e-8,
    momentum: float = 0.9,
    gradient: Callable[[FloatArray], Any] | None = None,
) -> Descent:
    """Walk down from `start` (dim,), a Cartesian point, and return the path.

    `f` is a scalar field, a potential, or a function of a point (dim,) with its `gradient` (differences otherwise).
    Ends where the slope is `tolerance` of the largest met, after `steps`, or where it leaves the mesh or diverges: a
    status with its reason, never an error. Newton's method takes full steps and ignores `rate`; it goes to the nearest
    stationary point of any kind. Raises InvalidInput, RankError.
    """
    first = _checked_start(start)
    for name, value, low, high in (("rate", rate, 0.0, inf), ("tolerance", tolerance, 0.0, 1.0)):
        if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not low < float(value) < high:
            raise InvalidInput(must(name, f"a number above {low:g} and below {high:g}", value, "To climb, descend -f."))
    if isinstance(momentum, bool) or not isinstance(momentum, int | float | np.number) or not 0.0 <= momentum < 1.0:
        raise InvalidInput(must("momentum", "a number in [0, 1)", momentum, "0.9 is usual."))
    if isinstance(steps, bool) or not isinstance(steps, int | np.integer) or steps < 1:
        raise InvalidInput(must("steps", "a whole number of at least 1", steps, "It is the most steps to take."))
    if method not in METHODS:
        raise InvalidInput(must("method", f"one of {', '.join(METHODS)}", method, "gradient is the plain method."))
    ground = landscape(f, gradient)
    if not ground.inside(first):
        raise InvalidInput(
            must("start", "inside the mesh", tuple(first.tolist()), "Enlarge the mesh, or start within.")
        )
    walk = _walk(ground, first, float(rate), method, int(steps), float(tolerance), float(momentum))
    return _reported(ground, walk, float(rate), method, float(momentum))


def _checked_start(start: npt.ArrayLike) -> FloatArray:
    try:
        first = np.array(start, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidInput(must("start", "a Cartesian point", start, "For example (5, 3).")) from error
    if first.ndim != 1 or not first.size or not np.all(np.isfinite(first)):
        raise InvalidInput(must("start", "a Cartesian point of finite coordinates", start, "For example (5, 3)."))
    return first


# ---- walking


Ending: TypeAlias = Literal["flat", "steps", "left", "diverged", "stuck"]


@dataclass(frozen=True)
class _Walk:
    points: list[FloatArray]
    values: list[float]
    slopes: list[float]
    ending: Ending


def _walk(
    ground: Landscape, start: FloatArray, rate: float, method: Method, steps: int, tolerance: float, momentum: float
) -> _Walk:
    """Take steps until something ends the walk."""
    value, slope = ground.look(start)
    points, values, slopes = [start], [value], [float(np.linalg.norm(slope))]
    if not np.isfinite(slopes[0]):
        return _Walk(points, values, slopes, "left")
    moves = _moves(ground, rate, method, momentum)
    next(moves)
    steepest = slopes[0]
    while slopes[-1] > tolerance * steepest:
        if len(points) > steps:
            return _Walk(points, values, slopes, "steps")
        there = points[-1] + moves.send((points[-1], slope))
        if not np.all(np.isfinite(there)):
            return _Walk(points, values, slopes, "stuck")
        value, slope = ground.look(there) if ground.inside(there) else (np.nan, slope)
        if not (np.isfinite(value) and np.all(np.isfinite(slope))):
            return _Walk(points, values, slopes, "left")
        points.append(there)
        values.append(value)
        slopes.append(float(np.linalg.norm(slope)))
        steepest = max(steepest, slopes[-1])
        if slopes[-1] > _HOPELESS * slopes[0]:
            return _Walk(points, values, slopes, "diverged")
    return _Walk(points, values, slopes, "flat")


def _moves(
    ground: Landscape, rate: float, method: Method, momentum: float
) -> Generator[FloatArray, tuple[FloatArray, FloatArray], None]:
    """Yield the move from each point that is sent in with its gradient."""
    point, slope = yield np.zeros(0)
    velocity, square, count = np.zeros_like(point), np.zeros_like(point), 0
    while True:
        count += 1
        if method == "newton":
            move = _newton_move(ground, point, slope)
        elif method == "gradient":
            move = -rate * slope
        elif method == "momentum":
            move = velocity = momentum * velocity - rate * slope
        elif method == "nesterov":
            _, ahead = ground.look(point + momentum * velocity)
            move = velocity = momentum * velocity - rate * ahead
        else:
            mean, spread, small = _ADAM
            velocity = mean * velocity + (1.0 - mean) * slope
            square = spread * square + (1.0 - spread) * slope**2
            move = -rate * velocity / (1.0 - mean**count) / (np.sqrt(square / (1.0 - spread**count)) + small)
        point, slope = yield move


def _newton_move(ground: Landscape, point: FloatArray, slope: FloatArray) -> FloatArray:
    """Return -H^-1 g, NaN where the Hessian is singular."""
    try:
        return np.asarray(-np.linalg.solve(ground.hessian(point), slope))
    except np.linalg.LinAlgError:
        return np.full_like(point, np.nan)


# ---- what is said about it


def _reported(ground: Landscape, walk: _Walk, rate: float, method: Method, momentum: float) -> Descent:
    """Return the path with its limits and the reason for its end."""
    looks = np.unique(np.linspace(0, len(walk.points) - 1, _LOOKS).round().astype(int))
    curvatures = [_curvatures(ground, walk.points[i]) for i in looks]
    known = [c for c in curvatures if np.all(np.isfinite(c))]
    largest = max((float(c[-1]) for c in known), default=0.0)
    size = max((float(np.abs(c).max()) for c in known), default=0.0)
    eigenvalues = curvatures[-1]
    factor = {
        "gradient": 2.0,
        "momentum": 2.0 * (1.0 + momentum),
        "nesterov": 2.0 * (1.0 + momentum) / (1.0 + 2.0 * momentum),
    }.get(method, inf)
    limit = factor / largest if largest > 0.0 else inf
    return Descent(
        np.array(walk.points),
        np.array(walk.values),
        np.array(walk.slopes),
        method,
        rate,
        limit,
        walk.ending == "flat",
        _reason(walk, rate, limit, method, _what_is_flat(eigenvalues, size)),
        eigenvalues,
    )


def _curvatures(ground: Landscape, point: FloatArray) -> FloatArray:
    """Return the eigenvalues of the Hessian in rising order, NaN where it is not known."""
    hessian = ground.hessian(point)
    if not np.all(np.isfinite(hessian)):
        return np.full(point.shape, np.nan)
    return np.asarray(np.linalg.eigvalsh(hessian), dtype=np.float64)


def _reason(walk: _Walk, rate: float, limit: float, method: Method, flat: str) -> str:
    """Say in a sentence or two why the walk ended, and what to do."""
    above = ""
    if method != "newton" and rate >= limit * (1.0 - 1e-6):
        side = "above" if rate > limit * (1.0 + 1e-6) else "at"
        above = f" The rate {rate:g} is {side} {limit:.6g}, where it no longer converges: take less."
    if walk.ending == "flat":
        return flat
    if walk.ending == "left":
        return (
            f"the next step leaves where the function is known.{above or ' Enlarge the mesh, or take a smaller rate.'}"
        )
    if walk.ending == "diverged":
        return f"the gradient grew {_HOPELESS:.0e} times.{above or ' Take a smaller rate.'}"
    if walk.ending == "stuck":
        return "the Hessian is singular here, so Newton's method has no step. Take another method or start."
    return f"the steps are used up.{above or ' Take more steps, or another rate or method.'}"


def _what_is_flat(eigenvalues: FloatArray, size: float) -> str:
    """Name the stationary point at the end by its Hessian; `size` is that of curvatures on the way."""
    small = 1e-6 * size
    if eigenvalues[0] > small:
        return "the gradient vanishes and the Hessian is positive: a minimum."
    if eigenvalues[-1] < -small:
        kind = "this is a maximum"
    elif eigenvalues[0] < -small and eigenvalues[-1] > small:
        kind = "this is a saddle"
    else:
        kind = "this is degenerate, second derivatives do not decide"
    return f"the gradient vanishes, but zero gradient is not yet a minimum: by the Hessian {kind}."
