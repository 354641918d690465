"""Physical fields on structured meshes: vector calculus, potentials, conservation laws and pictures.

Every public name stands here; each is imported the first time it is used, so that `import fieldsim` stays quick.
`__init__.pyi` says the same to type checkers.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_WHERE = {
    "cartesian": "fieldsim.meshes",
    "polar": "fieldsim.meshes",
    "cylindrical": "fieldsim.meshes",
    "spherical": "fieldsim.meshes",
    "curvilinear": "fieldsim.meshes",
    "orthogonal": "fieldsim.meshes",
    "Mesh": "fieldsim.meshes",
    "ScalarField": "fieldsim.fields",
    "VectorField": "fieldsim.fields",
    "TensorField": "fieldsim.fields",
    "gradient": "fieldsim.operators",
    "divergence": "fieldsim.operators",
    "curl": "fieldsim.operators",
    "laplacian": "fieldsim.operators",
    "hessian": "fieldsim.operators",
    "jacobian": "fieldsim.operators",
    "operator": "fieldsim.operators",
    "partial": "fieldsim.operators",
    "directional_derivative": "fieldsim.operators",
    "differentiate": "fieldsim.operators.arrays",
    "formula_sheet": "fieldsim.coordinates.formulas",
    "Problem": "fieldsim.simulation",
    "CoupledProblem": "fieldsim.simulation",
    "Result": "fieldsim.simulation",
    "CoupledResult": "fieldsim.simulation",
    "solve": "fieldsim.simulation",
    "evolve": "fieldsim.simulation",
    "Heat": "fieldsim.physics",
    "Diffusion": "fieldsim.physics",
    "Electrostatics": "fieldsim.physics",
    "Gravity": "fieldsim.physics",
    "Tensor": "fieldsim.physics",
    "Floating": "fieldsim.physics",
    "Value": "fieldsim.boundary",
    "FluxOut": "fieldsim.boundary",
    "GradientOut": "fieldsim.boundary",
    "Convective": "fieldsim.boundary",
    "Radiative": "fieldsim.boundary",
    "FarField": "fieldsim.boundary",
    "estimate_error": "fieldsim.simulation",
    "integrate": "fieldsim.analysis.integrals",
    "flux": "fieldsim.analysis.integrals",
    "circulation": "fieldsim.analysis.integrals",
    "work": "fieldsim.analysis.integrals",
    "Sphere": "fieldsim.analysis.surfaces",
    "Box": "fieldsim.analysis.surfaces",
    "Disc": "fieldsim.analysis.surfaces",
    "Cylinder": "fieldsim.analysis.surfaces",
    "Parallelogram": "fieldsim.analysis.surfaces",
    "Line": "fieldsim.analysis.paths",
    "Polygon": "fieldsim.analysis.paths",
    "Circle": "fieldsim.analysis.paths",
    "Curve": "fieldsim.analysis.paths",
    "stationary_points": "fieldsim.analysis.stationary",
    "descend": "fieldsim.analysis.descent",
    "observed_order": "fieldsim.analysis.accuracy",
    "level_set_check": "fieldsim.analysis.level_sets",
    "conservative_check": "fieldsim.analysis.conservative",
    "plot": "fieldsim.view",
    "show": "fieldsim.view",
    "FieldSimError": "fieldsim.errors",
    "InvalidInput": "fieldsim.errors",
    "RankError": "fieldsim.errors",
    "ExpressionError": "fieldsim.errors",
    "UnitsError": "fieldsim.errors",
    "ScenarioError": "fieldsim.errors",
    "Refused": "fieldsim.errors",
    "NumericalFailure": "fieldsim.errors",
    "StorageError": "fieldsim.errors",
    "CheckFailed": "fieldsim.errors",
    "CannotDraw": "fieldsim.errors",
}
_MODULES = ("analysis", "potentials", "view")

__all__ = ["__version__", *_WHERE, *_MODULES]


def __getattr__(name: str) -> Any:
    """Import a public name the first time it is used."""
    if name in _WHERE:
        return getattr(importlib.import_module(_WHERE[name]), name)
    if name in _MODULES:
        return importlib.import_module(f"fieldsim.{name}")
    raise AttributeError(f"module 'fieldsim' has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
