"""What came in, went out, was made and is stored: in - out + source - stored = 0 to rounding.

Over a run each amount is integrated by the very formula that makes the step, so that the books close however large
the steps are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from fieldsim.arrays import FloatArray
from fieldsim.physics import FiniteVolume, flows_of

_IDLE = 1e-4


@dataclass(frozen=True)
class Balance:
    """The books of a steady state (flows, W) or of a run from its start (amounts, J).

    `through` is the net outflow a side and into each held body, `source` what sources gave less what sinks took;
    `content` is what flows are compared with where nothing flows; `made` sums sources and sinks by their size.
    """

    flow_in: float
    flow_out: float
    source: float
    stored: float
    unit: str
    through: Mapping[str, float] = field(default_factory=dict)
    content: float = 0.0
    made: float = 0.0

    @property
    def missing(self) -> float:
        """in - out + source - stored: what the numerics lost or made."""
        return self.flow_in - self.flow_out + self.source - self.stored

    @property
    def relative(self) -> float:
        """`missing` relative to the largest entry of the books."""
        entries = (self.flow_in, self.flow_out, abs(self.source), self.made, abs(self.stored), _IDLE * self.content)
        return abs(self.missing) / max(entries) if max(entries) > 0.0 else 0.0

    def __str__(self) -> str:
        """Return the books in one line."""
        return (
            f"in {self.flow_in:.6g} - out {self.flow_out:.6g} + source {self.source:.6g} - stored "
            f"{self.stored:.6g} = {self.missing:.2g} {self.unit} (relative {self.relative:.1e})"
        )


def books(
    volume: FiniteVolume, amounts: FloatArray, unit: str, *, stored: float, content: float, made: float = 0.0
) -> Balance:
    """Return the books for `amounts` in the order of `flows_of`: in and out by each exit, and what sources gave."""
    count = len(volume.exits)
    inward, outward, source = amounts[:count], amounts[count : 2 * count], float(amounts[-1])
    through = dict(zip(volume.exits, (outward - inward).tolist(), strict=True))
    return Balance(float(inward.sum()), float(outward.sum()), source, stored, unit, through, content, made)


def steady_balance(volume: FiniteVolume, u: FloatArray, unit: str) -> Balance:
    """Return the flows of a steady state."""
    held = volume.linearised(0.0, u).operator.diagonal[~volume.bodies.idle]
    content = float((held * np.abs(u[~volume.bodies.idle])).sum() + np.abs(volume.supply(0.0, u)).sum())
    made = float(np.abs(volume.supply(0.0, volume.bodies.filled(0.0, u))).sum())
    return books(volume, flows_of(volume, 0.0, u), unit, stored=0.0, content=content, made=made)
