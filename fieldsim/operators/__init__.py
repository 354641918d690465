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

__all__ = [
    "curl",
    "directional_derivative",
    "divergence",
    "gradient",
    "hessian",
    "jacobian",
    "laplacian",
    "partial",
]
