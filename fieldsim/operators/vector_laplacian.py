"""The vector Laplacian: grad div F - curl curl F, not the Laplacian of the components.

Composing first derivatives costs one order where the rows change near a wall, so the inner and outer rows are two
orders above the order promised. On a straight mesh the components decouple and second-derivative rows are used instead.
"""

from __future__ import annotations

import numpy as np

from fieldsim.arrays import FloatArray
from fieldsim.fields import VectorField
from fieldsim.operators.connection import turning
from fieldsim.operators.plans import (
    curl_plan,
    divergence_plan,
    gradient_plan,
    laplacian_plan,
)


def vector_laplacian_values(F: VectorField, order: int, out: FloatArray) -> None:
    """Write the vector Laplacian of F, components (dim, *mesh.shape)."""
    mesh = F.mesh
    if not turning(mesh):
        plan = laplacian_plan(mesh, order)
        for component, target in zip(F.values, out, strict=True):
            plan.apply(component[None], target[None])
        return
    higher = order + 2
    spread = divergence_plan(mesh, higher).apply(F.values, np.empty((1, *mesh.shape)))
    gradient_plan(mesh, higher).apply(spread, out)
    if mesh.dim == 3:
        whirl = curl_plan(mesh, higher).apply(F.values, np.empty_like(F.values))
        out -= curl_plan(mesh, higher).apply(whirl, np.empty_like(whirl))
        return
    spin = curl_plan(mesh, higher).apply(F.values, np.empty((1, *mesh.shape)))
    slope = gradient_plan(mesh, higher).apply(spin, np.empty_like(F.values))
    # In the plane curl(w e_z) = (grad w) x e_z = (g_2, -g_1).
    out[0] -= slope[1]
    out[1] += slope[0]
