"""The differential operators of vector calculus on every mesh."""

from fieldsim.operators.calculus import (
    curl,
    directional_derivative,
    divergence,
    gradient,
    hessian,
    jacobian,
    laplacian,
    partial,
)
from fieldsim.operators.prepared import PreparedOperator, operator

__all__ = [
    "PreparedOperator",
    "curl",
    "directional_derivative",
    "divergence",
    "gradient",
    "hessian",
    "jacobian",
    "laplacian",
    "operator",
    "partial",
]
