"""The times of a run as users give them: its end, its outputs, and the jumps in its data."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fieldsim.errors import InvalidInput, must
from fieldsim.units import parse_quantity

_MOST_OUTPUTS = 1_000_000


def time_in_seconds(name: str, value: object) -> float:
    """Return a time in s, 0 or later; raises InvalidInput."""
    time = parse_quantity(value, "s", name=name) if isinstance(value, str) else value
    number = isinstance(time, int | float | np.integer | np.floating) and not isinstance(time, bool)
    if not number or not 0.0 <= float(time) < np.inf:  # type: ignore[arg-type]
        raise InvalidInput(must(name, "a time in s, 0 or later", value, f"For example {name}=10.0."))
    return float(time)  # type: ignore[arg-type]


def jump_times(jumps: object, until: float) -> tuple[float, ...]:
    """Return the times of jumps in s; raises InvalidInput for what is no list of times up to `until`."""
    if isinstance(jumps, np.ndarray):
        jumps = jumps.tolist()
    if isinstance(jumps, str) or not isinstance(jumps, Sequence):
        raise InvalidInput(must("jumps", "a list of times in s", jumps, "For example jumps=[0.5]."))
    times = tuple(time_in_seconds(f"jumps[{number}]", jump) for number, jump in enumerate(jumps))
    late = [time for time in times if time > until]
    if late:
        remedy = "Follow the run for longer, or leave the jump out."
        raise InvalidInput(must("jumps", f"times up to until = {until:g} s", late[0], remedy))
    return times


def output_times(until: float, outputs: int | Sequence[float]) -> list[float]:
    """Return the output times after 0."""
    if until == 0.0:
        return []
    if isinstance(outputs, int | np.integer) and not isinstance(outputs, bool):
        if not 1 <= outputs <= _MOST_OUTPUTS:
            rule = f"between 1 and {_MOST_OUTPUTS}"
            raise InvalidInput(must("outputs", rule, outputs, "outputs=50 gives 51 fields, the start included."))
        times = np.linspace(0.0, until, int(outputs) + 1)[1:].tolist()
        return [*times[:-1], float(until)]
    try:
        times = np.asarray(outputs, dtype=float)
    except (TypeError, ValueError) as error:
        raise InvalidInput(must("outputs", "a number or a list of times", outputs, "outputs=50.")) from error
    good = times.ndim == 1 and times.size > 0 and np.isfinite(times).all() and (np.diff(times) > 0).all()
    if not good or times[0] < 0.0 or times[-1] > until * (1 + 1e-12):
        rule = f"increasing times from 0 to until = {until:g} s"
        raise InvalidInput(must("outputs", rule, outputs, "For example outputs=[0.1, 1.0]."))
    later = [min(t, float(until)) for t in times.tolist() if t > 0.0]
    return later if later and later[-1] == until else [*later, float(until)]
