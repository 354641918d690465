"""Operators as objects: applied to fields, or as sparse matrices and SciPy linear operators with the same entries."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import LinearOperator

from fieldsim.arrays import FloatArray
from fieldsim.errors import InvalidInput, must
from fieldsim.meshes import Mesh
from fieldsim.operators.metric import check_order
from fieldsim.operators.plans import curl_plan, divergence_plan, gradient_plan, laplacian_plan, partial_plan
from fieldsim.operators.pointwise import Operator

_PLANS = {
    "gradient": gradient_plan,
    "divergence": divergence_plan,
    "curl": curl_plan,
    "laplacian": laplacian_plan,
}


@dataclass(frozen=True, eq=False)
class PreparedOperator:
    """One operator on one mesh, prepared: the unknowns are the components one after the other, cells in C order."""

    name: str
    order: int
    operator: Operator

    @property
    def mesh(self) -> Mesh:
        """The mesh it acts on."""
        return self.operator.mesh

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the matrix."""
        return self.operator.outputs * self.mesh.size, self.operator.components * self.mesh.size

    def __call__(self, values: FloatArray) -> FloatArray:
        """Return the result (outputs, *mesh.shape) for components (components, *mesh.shape)."""
        array = np.ascontiguousarray(values, dtype=np.float64).reshape(self.operator.components, *self.mesh.shape)
        return self.operator.apply(array, np.empty((self.operator.outputs, *self.mesh.shape)))

    def as_matrix(self) -> sp.csr_array:
        """Return the sparse matrix; it equals the kernel to rounding."""
        return self.operator.matrix()

    def as_linear_operator(self) -> LinearOperator:
        """Return a SciPy linear operator that runs the kernel and stores no matrix; its adjoint uses the matrix."""

        def adjoint(vector: FloatArray) -> FloatArray:
            return np.asarray(self.as_matrix().T @ vector)

        return LinearOperator(self.shape, matvec=lambda v: self(v).ravel(), rmatvec=adjoint, dtype=np.float64)


def operator(name: str, mesh: Mesh, order: int = 2) -> PreparedOperator:
    """Return "gradient", "divergence", "curl", "laplacian", or "partial:NAME" of a mesh, prepared.

    Use `.as_matrix()` for a sparse matrix and `.as_linear_operator()` for Krylov solvers. Raises InvalidInput.
    """
    order = check_order(order)
    if name.startswith("partial:"):
        axis = mesh.axis_number(name.removeprefix("partial:"))
        return PreparedOperator(name, order, partial_plan(mesh, axis, order))
    if name not in _PLANS:
        close = get_close_matches(name, _PLANS, n=1)
        remedy = f"Did you mean {close[0]!r}?" if close else "Use one of these."
        raise InvalidInput(must("name", f"one of {', '.join(_PLANS)}, partial:AXIS", name, remedy))
    if name == "curl" and mesh.dim == 1:
        raise InvalidInput("curl needs a mesh in the plane or in space; this one is a line. Use a 2-D mesh.")
    return PreparedOperator(name, order, _PLANS[name](mesh, order))
