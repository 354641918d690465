"""What a linear solve returns: the value, whether it can be trusted, and what to do if not."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from fieldsim.errors import NumericalFailure


class Status(StrEnum):
    """How a linear solve ended."""

    CONVERGED = "converged"
    NOT_CONVERGED = "not converged"
    INCOMPATIBLE = "incompatible"
    SINGULAR = "singular"
    NOT_FINITE = "not finite"


REMEDIES = {
    Status.CONVERGED: "",
    Status.NOT_CONVERGED: "Solve with solver='direct', or reduce the contrast of the coefficients.",
    Status.INCOMPATIBLE: "The right-hand side of a singular system must sum to zero: let the surplus leave.",
    Status.SINGULAR: "Give at least one side a condition that fixes the value, or declare the null space.",
    Status.NOT_FINITE: "Look for NaN or infinite coefficients, sources or boundary values.",
}


@dataclass(frozen=True)
class LinearResult:
    """The solution `x`, its true relative residual |b - A x| / |b|, and how it was found."""

    x: NDArray[np.float64]
    status: Status
    iterations: int
    residual: float
    method: str
    remedy: str = ""

    @property
    def converged(self) -> bool:
        """Whether `x` satisfies the system to the tolerance asked for."""
        return self.status is Status.CONVERGED

    def require(self) -> NDArray[np.float64]:
        """Return `x`, or raise NumericalFailure with the status and its remedy."""
        if not self.converged:
            raise NumericalFailure(
                f"the linear system is {self.status.value} after {self.iterations} iterations of "
                f"{self.method}: relative residual {self.residual:.3g}. {self.remedy}"
            )
        return self.x
