"""Units as text: quantities into SI, values between units, and the algebra of unit names.

Numbers are SI. pint is imported only where a unit has to be looked up; the algebra works without it.
"""

from __future__ import annotations

from fieldsim.units.algebra import per_length, power, pretty, times
from fieldsim.units.quantities import (
    check_unit,
    convert,
    looks_like_quantity,
    parse_quantity,
    quantity_dimension_matches,
    si_unit,
)

__all__ = [
    "check_unit",
    "convert",
    "looks_like_quantity",
    "parse_quantity",
    "per_length",
    "power",
    "pretty",
    "quantity_dimension_matches",
    "si_unit",
    "times",
]
