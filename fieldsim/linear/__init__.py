"""Linear systems A x = b on plain arrays: prepare once, solve often; answers carry a status and a remedy."""

from fieldsim.linear.grid_operator import GridOperator
from fieldsim.linear.result import LinearResult, Status
from fieldsim.linear.solver import (
    COMPATIBLE,
    METHODS,
    Operator,
    Prepared,
    bytes_to_solve,
    check_method,
    prepare,
    solve,
    solve_led,
)
from fieldsim.linear.sparse_operator import SparseOperator

__all__ = [
    "COMPATIBLE",
    "METHODS",
    "GridOperator",
    "LinearResult",
    "Operator",
    "Prepared",
    "SparseOperator",
    "Status",
    "bytes_to_solve",
    "check_method",
    "prepare",
    "solve",
    "solve_led",
]
