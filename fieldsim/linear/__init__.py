"""Linear systems A x = b on plain arrays: prepare once, solve often; answers carry a status and a remedy."""

from fieldsim.linear.grid_operator import GridOperator
from fieldsim.linear.result import LinearResult, Status
from fieldsim.linear.solver import COMPATIBLE, METHODS, Prepared, check_method, prepare, solve

__all__ = [
    "COMPATIBLE",
    "METHODS",
    "GridOperator",
    "LinearResult",
    "Prepared",
    "Status",
    "check_method",
    "prepare",
    "solve",
]
