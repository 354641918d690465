"""Second derivatives and gradients of vectors: partial derivatives plus the turning of the basis.

For orthogonal coordinates e_a . d_b e_c = delta_ab (d_c h_a)/h_c - delta_bc (d_a h_b)/h_a for a != c.
Source: P. M. Morse & H. Feshbach, Methods of Theoretical Physics (1953), sec. 1.3.
"""

from __future__ import annotations

import numpy as np

from fieldsim.arrays import FloatArray
from fieldsim.fields import ScalarField, VectorField
from fieldsim.meshes import Mesh
from fieldsim.operators.kept import kept
from fieldsim.operators.metric import tables
from fieldsim.operators.plans import partial_plan, vector_partials_plan
from fieldsim.operators.skew import skew_hessian, skew_jacobian
from fieldsim.operators.terms import Plan, Term


def turning(mesh: Mesh) -> dict[tuple[int, int], FloatArray]:
    """Return, for (a, c) with a != c, (d_c h_a) / (h_a h_c) at the centres where it is not zero."""
    return kept(mesh, "turning", lambda: _turning(mesh))


def _turning(mesh: Mesh) -> dict[tuple[int, int], FloatArray]:
    if not mesh.orthogonal:
        return {}
    h = mesh.scale_factors
    q = list(mesh.open_centers)
    result = {}
    for c in range(mesh.dim):
        derivatives = mesh.coordinates.scale_factor_derivatives(q, c)
        for a in range(mesh.dim):
            value = np.asarray(derivatives[a] / (h[a] * h[c]))
            if a != c and np.any(np.abs(value) > 1e-14):
                result[a, c] = value
    return result


def jacobian_values(F: VectorField, order: int, out: FloatArray) -> None:
    """Write the Jacobian of F: out[a, b] = (1/h_b) d_b F_a + the turning of the basis along b."""
    mesh, dim = F.mesh, F.mesh.dim
    if not mesh.orthogonal:
        skew_jacobian(mesh, order).apply(F.values, out.reshape(dim * dim, *mesh.shape))
        return
    flat = out.reshape(dim * dim, *mesh.shape)
    vector_partials_plan(mesh, order).apply(F.values, flat)
    for (a, c), rate in turning(mesh).items():
        out[a, a] += rate * F.values[c]
        out[c, a] -= rate * F.values[a]


def hessian_values(f: ScalarField, order: int, out: FloatArray) -> None:
    """Write the Hessian of f in orthonormal components.

    H_aa = (1/h_a^2)(d_aa f - (d_a h_a / h_a) d_a f) + sum_c (d_c h_a)/(h_a h_c^2) d_c f;
    H_ab = (1/(h_a h_b))(d_a d_b f - (d_b h_a / h_a) d_a f - (d_a h_b / h_b) d_b f).
    """
    mesh, dim = f.mesh, f.mesh.dim
    if not mesh.orthogonal:
        skew_hessian(mesh, order).apply(f.values[None], out.reshape(dim * dim, *mesh.shape))
        return
    h = mesh.scale_factors
    slopes = np.zeros((dim, *mesh.shape))
    out[...] = 0.0
    for axis, a in enumerate(mesh.axis_coordinate):
        partial_plan(mesh, axis, order).apply(f.values[None], slopes[a][None])
        _second_plan(mesh, axis, order).apply(f.values[None], out[a, a][None])
        stretch = mesh.coordinates.scale_factor_derivatives(list(mesh.open_centers), a)[a] / h[a]
        out[a, a] = (out[a, a] - stretch * slopes[a]) / h[a] ** 2
        for other in range(axis):
            b = mesh.axis_coordinate[other]
            # Along different axes first derivatives compose without loss of order: the rows of one do not
            # change along the other.
            _mixed_plan(mesh, axis, b, order).apply(slopes, out[a, b][None])
            out[a, b] /= h[a] * h[b]
            out[b, a] = out[a, b]
    for (a, c), rate in turning(mesh).items():
        out[a, a] += rate * slopes[c] / h[c]
        out[a, c] -= rate * slopes[a] / h[a]
        out[c, a] -= rate * slopes[a] / h[a]


def _mixed_plan(mesh: Mesh, axis: int, component: int, order: int) -> Plan:
    """Return the derivative along `axis` of one covariant component, which may change sign beyond a pole."""

    def build() -> Plan:
        first, _ = tables(mesh, axis, order)
        term = Term(0, component, axis, first, np.ones((1,) * mesh.ndim))
        return Plan(mesh, (term,), mesh.dim, 1, kind="covariant")

    return kept(mesh, ("mixed", axis, component, order), build)


def _second_plan(mesh: Mesh, axis: int, order: int) -> Plan:
    """Return d_aa along one axis as a plan."""
    return kept(mesh, ("second", axis, order), lambda: _second(mesh, axis, order))


def _second(mesh: Mesh, axis: int, order: int) -> Plan:
    _, second = tables(mesh, axis, order, second=True)
    return Plan(mesh, (Term(0, 0, axis, second, np.ones((1,) * mesh.ndim)),), 1, 1)
