"""The times a march lands on, and steps that divide the way to the next one evenly."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

import numpy as np

from fieldsim.errors import InvalidInput, must


def landings(t: float, stops: Sequence[float], jumps: Sequence[float]) -> list[float]:
    """Return the times to land on, in order: the stops, and the jumps before the last of them."""
    times = np.asarray([float(s) for s in stops])
    if times.size and not (np.isfinite(times).all() and (np.diff(times) > 0).all() and times[0] >= t):
        raise InvalidInput(must("stops", f"finite, increasing, from {t:g} on", list(stops), "Sort them."))
    for jump in jumps:
        if not np.isfinite(jump):
            raise InvalidInput(must("jumps", "finite times", jump, "Name the times at which data jump."))
    inside = {float(jump) for jump in jumps if times.size and t < jump < times[-1]}
    return sorted(inside | {s for s in times.tolist() if s > t})


def even_share(rest: float, wanted: float) -> float:
    """Return the longest step not above `wanted` (to rounding) that divides the rest of the way evenly."""
    count = ceil(rest / wanted * (1.0 - 1e-9))
    return rest if count <= 1 else rest / count
