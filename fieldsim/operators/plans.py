"""The terms of each operator on a mesh, built once a mesh and order and kept while the mesh lives."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fieldsim.arrays import FloatArray
from fieldsim.meshes import Mesh
from fieldsim.operators.kept import kept
from fieldsim.operators.metric import jacobian_powers, own_factor, product, tables
from fieldsim.operators.pointwise import Chain, Operator, Pointwise
from fieldsim.operators.skew import skew_curl, skew_divergence, skew_gradient, skew_laplacian
from fieldsim.operators.terms import ComponentKind, Plan, Term


def partial_plan(mesh: Mesh, axis: int, order: int) -> Plan:
    """Return d f / d q_axis as a plan with one output."""
    return kept(mesh, ("partial", axis, order), lambda: _partial(mesh, axis, order))


def gradient_plan(mesh: Mesh, order: int) -> Operator:
    """Return (1/h_i) d_i f as a plan."""
    return kept(mesh, ("gradient", order), lambda: (_gradient if mesh.orthogonal else skew_gradient)(mesh, order))


def divergence_plan(mesh: Mesh, order: int) -> Operator:
    """Return (1/J) sum_i d_i((J/h_i) F_i) as a plan."""
    return kept(mesh, ("divergence", order), lambda: (_divergence if mesh.orthogonal else skew_divergence)(mesh, order))


def curl_plan(mesh: Mesh, order: int) -> Operator:
    """Return eps_ijk (1/(h_j h_k)) d_j(h_k F_k) as a plan; in the plane its one component."""
    return kept(mesh, ("curl", order), lambda: (_curl if mesh.orthogonal else skew_curl)(mesh, order))


def laplacian_plan(mesh: Mesh, order: int) -> Operator:
    """Return sum_i (1/h_i^2)(d_ii f + b_i d_i f), b_i = d_i log(J/h_i^2), as a plan."""
    return kept(mesh, ("laplacian", order), lambda: (_laplacian if mesh.orthogonal else skew_laplacian)(mesh, order))


def vector_partials_plan(mesh: Mesh, order: int) -> Plan:
    """Return (1/h_b) d_b F_a as output a * dim + b."""
    return kept(mesh, ("vector_partials", order), lambda: _vector_partials(mesh, order))


def _ones(mesh: Mesh) -> FloatArray:
    return np.ones((1,) * mesh.ndim)


def _mesh_shaped(mesh: Mesh, values: FloatArray) -> FloatArray:
    """Return values with one dimension a mesh axis."""
    return values.reshape((1,) * (mesh.ndim - values.ndim) + values.shape)


def _partial(mesh: Mesh, axis: int, order: int) -> Plan:
    first, _ = tables(mesh, axis, order)
    return Plan(mesh, (Term(0, 0, axis, first, _ones(mesh)),), 1, 1)


def _gradient(mesh: Mesh, order: int) -> Plan:
    terms = []
    for axis, i in enumerate(mesh.axis_coordinate):
        first, _ = tables(mesh, axis, order)
        terms.append(_over_scale(mesh, Term(i, 0, axis, first, _ones(mesh))))
    return Plan(mesh, tuple(terms), 1, mesh.dim)


def _divergence(mesh: Mesh, order: int) -> Operator:
    powers = {i: jacobian_powers(mesh, without=i) for i in mesh.axis_coordinate}
    rows = [(0, i, axis, 1.0, powers[i]) for axis, i in enumerate(mesh.axis_coordinate)]
    return _weighted(mesh, order, rows, outputs=1, kind="density", inner_powers=powers)


def _curl(mesh: Mesh, order: int) -> Operator:
    powers = {k: {k: 1} for k in range(mesh.dim)}
    rows = []
    for axis, j in enumerate(mesh.axis_coordinate):
        for k in range(mesh.dim):
            if k != j:
                i = 3 - j - k if mesh.dim == 3 else 0
                rows.append((i, k, axis, 1.0 if (j + 1) % 3 == k else -1.0, powers[k]))
    outputs = 3 if mesh.dim == 3 else 1
    return _weighted(mesh, order, rows, outputs=outputs, kind="covariant", inner_powers=powers)


def _weighted(
    mesh: Mesh,
    order: int,
    rows: list[tuple[int, int, int, float, dict[int, int]]],
    *,
    outputs: int,
    kind: ComponentKind,
    inner_powers: dict[int, dict[int, int]],
) -> Operator:
    """Return (sign / (h_i g)) d_i (g F_s), g = prod h^powers, for rows (out, s, axis, sign, powers).

    Where every g splits along its axis, it goes into the weights; else the input is multiplied by it first.
    """
    split, full = [], []
    for out, source, axis, sign, powers in rows:
        first, _ = tables(mesh, axis, order)
        first = first.scaled(np.full(first.rows, sign))
        outer = own_factor(mesh, axis, mesh.axes[axis].centers, powers)
        inner = own_factor(mesh, axis, first.nodes, powers)
        if outer is not None and inner is not None:
            split.append(_over_scale(mesh, Term(out, source, axis, first.scaled(1.0 / outer, inner), _ones(mesh))))
        whole = _mesh_shaped(mesh, 1.0 / product(mesh, mesh.open_centers, powers))
        full.append(_over_scale(mesh, Term(out, source, axis, first, whole)))
    if len(split) == len(rows):
        return Plan(mesh, tuple(split), mesh.dim, outputs, kind="vector")
    factors = [product(mesh, mesh.open_centers, inner_powers.get(i, {})) for i in range(mesh.dim)]
    weigh = Pointwise(
        mesh, {(i, i): _mesh_shaped(mesh, factor) for i, factor in enumerate(factors)}, mesh.dim, mesh.dim
    )
    return Chain(weigh, Plan(mesh, tuple(full), mesh.dim, outputs, kind=kind))


def _over_scale(mesh: Mesh, term: Term) -> Term:
    """Return the term divided by the scale factor of its axis, in the weights as far as that splits."""
    i = mesh.axis_coordinate[term.axis]
    inverse = _mesh_shaped(mesh, 1.0 / product(mesh, mesh.open_centers, {i: 1}))
    own = own_factor(mesh, term.axis, mesh.axes[term.axis].centers, {i: -1})
    if own is None or inverse.shape[term.axis] == 1:
        return replace(term, scale=term.scale * inverse)
    rest = np.take(inverse / mesh.along(own, term.axis), [mesh.shape[term.axis] // 2], axis=term.axis)
    return replace(term, table=term.table.scaled(own), scale=term.scale * rest)


def _laplacian(mesh: Mesh, order: int) -> Plan:
    terms = []
    for axis, i in enumerate(mesh.axis_coordinate):
        first, second = tables(mesh, axis, order, second=True)
        drift = _log_derivative(mesh, i)
        if drift.size == drift.shape[axis]:
            column = np.broadcast_to(drift.reshape(-1, 1), (second.rows, 1))
            joined = replace(second, weights=second.weights + column * first.weights)
            terms.append(_over_scale(mesh, _over_scale(mesh, Term(0, 0, axis, joined, _ones(mesh)))))
        else:
            terms.append(_over_scale(mesh, _over_scale(mesh, Term(0, 0, axis, second, _ones(mesh)))))
            terms.append(_over_scale(mesh, _over_scale(mesh, Term(0, 0, axis, first, drift))))
    return Plan(mesh, tuple(terms), 1, 1)


def _log_derivative(mesh: Mesh, i: int) -> FloatArray:
    """Return d_i log(J / h_i^2) at the centres, exact, with the fewest dimensions that vary."""
    q = [np.asarray(values) for values in mesh.open_centers]
    h = mesh.coordinates.scale_factors(q)
    dh = mesh.coordinates.scale_factor_derivatives(q, i)
    total: FloatArray = np.zeros((1,) * mesh.ndim)
    for k in range(mesh.dim):
        power = -1.0 if k == i else 1.0
        total = total + power * _mesh_shaped(mesh, np.asarray(dh[k] / h[k]))
    for axis in range(mesh.ndim):
        head = np.take(total, [0], axis=axis)
        if total.shape[axis] > 1 and np.allclose(total, head, rtol=1e-13, atol=0.0):
            total = head
    return total


def _vector_partials(mesh: Mesh, order: int) -> Plan:
    terms = []
    for axis, b in enumerate(mesh.axis_coordinate):
        first, _ = tables(mesh, axis, order)
        for a in range(mesh.dim):
            terms.append(_over_scale(mesh, Term(a * mesh.dim + b, a, axis, first, _ones(mesh))))
    return Plan(mesh, tuple(terms), mesh.dim, mesh.dim**2, kind="vector")
