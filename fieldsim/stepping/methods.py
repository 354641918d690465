"""The methods by name."""

from __future__ import annotations

from difflib import get_close_matches

from fieldsim.errors import InvalidInput, must
from fieldsim.stepping.bdf2 import BDF2
from fieldsim.stepping.exact import EXPONENTIAL
from fieldsim.stepping.rkl2 import RKL2
from fieldsim.stepping.system import Method
from fieldsim.stepping.tableaux import (
    BACKWARD_EULER,
    CRANK_NICOLSON,
    ESDIRK4,
    EXPLICIT_EULER,
    RK4,
    TR_BDF2,
    TRAPEZOIDAL,
)

METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        TR_BDF2,
        ESDIRK4,
        BDF2,
        BACKWARD_EULER,
        CRANK_NICOLSON,
        TRAPEZOIDAL,
        EXPONENTIAL,
        RKL2,
        EXPLICIT_EULER,
        RK4,
    )
}


def method_named(name: str) -> Method:
    """Return a method by name ("tr_bdf2", "TR-BDF2", "explicit Euler"); raises InvalidInput."""
    key = name.lower().replace("-", "_").replace(" ", "_") if isinstance(name, str) else ""
    if key not in METHODS:
        close = get_close_matches(key, METHODS, n=1)
        remedy = f"Did you mean {close[0]!r}?" if close else "Choose one of them."
        raise InvalidInput(must("method", f"one of {', '.join(METHODS)}", name, remedy))
    return METHODS[key]
