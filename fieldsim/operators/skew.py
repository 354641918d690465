"""The operators on general curvilinear meshes, in Cartesian components.

With a_k = D_k x, a^i its inverse and J = det(a): grad f = a^i D_i f; div F = (1/J) D_i(JA^i . F), JA^i in the
conservative form JA^i_n = D_k(x_l D_j x_m) - D_j(x_l D_k x_m) (Thomas & Lombard, AIAA J. 17 (1979) 1030; Kopriva,
J. Sci. Comput. 26 (2006) 301); curl F = b_i eps_ijk D_j(a_k . F), b_i dual to JA^i. The D commute, so that a constant
stays constant, curl grad = 0 and div curl = 0 to rounding.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from fieldsim.arrays import FloatArray
from fieldsim.meshes import Mesh
from fieldsim.operators.fused import FusedCurl, FusedDivergence, FusedGradient, FusedSecondOrder, LineView
from fieldsim.operators.kept import kept
from fieldsim.operators.metric import tables
from fieldsim.operators.pointwise import Chain, Operator, Pointwise, SideBySide
from fieldsim.operators.terms import Plan, Term

_CYCLE = ((0, 1, 2), (1, 2, 0), (2, 0, 1))


@dataclass(frozen=True, eq=False)
class SkewMetric:
    """Metric arrays of a curvilinear mesh, all (dim, dim, *shape) with the Cartesian component second."""

    covariant: FloatArray  # a_k
    contravariant: FloatArray  # a^i
    flux: FloatArray  # JA^i, conservative
    dual: FloatArray  # b_i, with JA^i . b_k = delta_ik
    jacobian: FloatArray  # J, shape


def skew_metric(mesh: Mesh, order: int) -> SkewMetric:
    """Return the metric made with the derivatives of `order`, so that they cancel exactly against the operators."""
    return kept(mesh, ("skew_metric", order), lambda: _metric(mesh, order))


def derivative(mesh: Mesh, axis: int, values: FloatArray, order: int) -> FloatArray:
    """Return D_axis of one array."""
    out: FloatArray = np.empty(mesh.shape)
    logical_plan(mesh, axis, order).apply(values[None], out[None])
    return out


def logical_plan(mesh: Mesh, axis: int, order: int) -> Plan:
    """Return D_axis as a plan."""

    def build() -> Plan:
        return Plan(mesh, (_term(mesh, 0, 0, axis, order),), 1, 1)

    return kept(mesh, ("partial", axis, order), build)


def _metric(mesh: Mesh, order: int) -> SkewMetric:
    dim, x = mesh.dim, mesh.points
    covariant = np.stack([[derivative(mesh, k, x[n], order) for n in range(dim)] for k in range(dim)])
    contravariant, jacobian = _inverse(covariant)
    if dim == 3:
        flux = np.empty_like(covariant)
        for i, j, k in _CYCLE:
            for n, m, l in _CYCLE:  # noqa: E741
                forth = derivative(mesh, k, x[l] * covariant[j, m], order)
                back = derivative(mesh, j, x[l] * covariant[k, m], order)
                flux[i, n] = forth - back
        dual, _ = _inverse(flux)
    else:
        flux = contravariant * jacobian
        dual = covariant / jacobian
    return SkewMetric(covariant, contravariant, flux, dual, jacobian)


def _inverse(rows: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the vectors r^i with r^i . rows_k = delta_ik, and det(rows)."""
    dim = rows.shape[0]
    matrices = np.moveaxis(rows.reshape(dim, dim, -1), 2, 0)
    inverse = np.moveaxis(np.linalg.inv(matrices), 0, 2).transpose(1, 0, 2)
    determinant = np.linalg.det(matrices)
    return np.ascontiguousarray(inverse).reshape(rows.shape), determinant.reshape(rows.shape[2:])


def _term(
    mesh: Mesh, out: int, source: int, axis: int, order: int, scale: FloatArray | None = None, sign: float = 1.0
) -> Term:
    first, _ = tables(mesh, axis, order)
    table = first.scaled(np.full(first.rows, sign)) if sign != 1.0 else first
    return Term(out, source, axis, table, np.ones((1,) * mesh.ndim) if scale is None else scale)


def skew_gradient(mesh: Mesh, order: int) -> Operator:
    """Return grad f = sum_i a^i D_i f."""
    up = skew_metric(mesh, order).contravariant
    dim = mesh.dim
    terms = tuple(_term(mesh, n, 0, i, order, up[i, n]) for n in range(dim) for i in range(dim))
    return FusedGradient(Plan(mesh, terms, 1, dim), LineView(mesh, order), up)


def skew_divergence(mesh: Mesh, order: int) -> Operator:
    """Return div F = (1/J) sum_i D_i(JA^i . F)."""
    metric, dim = skew_metric(mesh, order), mesh.dim
    through = Pointwise(mesh, {(i, n): metric.flux[i, n] for i in range(dim) for n in range(dim)}, dim, dim)
    inverse = 1.0 / metric.jacobian
    terms = tuple(_term(mesh, 0, i, i, order, inverse) for i in range(dim))
    return FusedDivergence(Chain(through, Plan(mesh, terms, dim, 1)), LineView(mesh, order), metric.flux, inverse)


def skew_curl(mesh: Mesh, order: int) -> Operator:
    """Return curl F = sum b_i eps_ijk D_j(a_k . F); in the plane (1/J)(D_0(a_1 . F) - D_1(a_0 . F))."""
    metric, dim = skew_metric(mesh, order), mesh.dim
    along = Pointwise(mesh, {(k, n): metric.covariant[k, n] for k in range(dim) for n in range(dim)}, dim, dim)
    terms = []
    if dim == 2:
        inverse = 1.0 / metric.jacobian
        terms = [_term(mesh, 0, 1, 0, order, inverse), _term(mesh, 0, 0, 1, order, inverse, -1.0)]
        return Chain(along, Plan(mesh, tuple(terms), dim, 1))
    for n in range(3):
        for i, j, k in _CYCLE:
            terms.append(_term(mesh, n, k, j, order, metric.dual[i, n]))
            terms.append(_term(mesh, n, j, k, order, metric.dual[i, n], -1.0))
    plain = Chain(along, Plan(mesh, tuple(terms), dim, 3))
    return FusedCurl(plain, LineView(mesh, order), metric.covariant, metric.dual)


def skew_jacobian(mesh: Mesh, order: int) -> Operator:
    """Return d_b F_a = sum_i a^i_b D_i F_a, output a * dim + b."""
    return kept(mesh, ("skew_jacobian", order), lambda: _jacobian(mesh, order))


def _jacobian(mesh: Mesh, order: int) -> Operator:
    up, dim = skew_metric(mesh, order).contravariant, mesh.dim
    terms = [
        _term(mesh, a * dim + b, a, i, order, up[i, b]) for a in range(dim) for b in range(dim) for i in range(dim)
    ]
    return Plan(mesh, tuple(terms), dim, dim * dim)


def skew_laplacian(mesh: Mesh, order: int) -> Operator:
    """Return lap f = g^ij D_ij f - g^ij (a^k . D_ij x) D_k f, with second-derivative rows."""
    up = skew_metric(mesh, order).contravariant
    raised = np.einsum("in...,jn...->ij...", up, up)
    plain, dim = _second_order(mesh, order, {0: raised}), mesh.dim
    drift = -np.einsum("ij...,kij...->k...", raised, _bends(mesh, order))
    mixed = [2.0 * raised[i, j] for i in range(dim) for j in range(i + 1, dim)]
    coefficients = np.stack([*drift, *(raised[i, i] for i in range(dim)), *mixed])
    return FusedSecondOrder(plain, LineView(mesh, order), coefficients)


def skew_hessian(mesh: Mesh, order: int) -> Operator:
    """Return the Hessian in Cartesian components, output a * dim + b."""
    return kept(mesh, ("skew_hessian", order), lambda: _hessian(mesh, order))


def _hessian(mesh: Mesh, order: int) -> Operator:
    up = skew_metric(mesh, order).contravariant
    dim = mesh.dim
    weights = {a * dim + b: np.einsum("i...,j...->ij...", up[:, a], up[:, b]) for a in range(dim) for b in range(dim)}
    return _second_order(mesh, order, weights)


def _second_order(mesh: Mesh, order: int, weights: dict[int, FloatArray]) -> Operator:
    """Return out[o] = sum_ij w_ij (D_ij f - (a^k . D_ij x) D_k f) for each output's weights w."""
    dim = mesh.dim
    bends = _bends(mesh, order)
    # Inputs of the second stage: f itself, then D_j f for j = 1 ... dim - 1 (mixed derivatives D_i D_j, i < j).
    unit = Pointwise(mesh, {(0, 0): np.ones((1,) * mesh.ndim)}, 1, 1)
    first_stage = SideBySide((unit, *(logical_plan(mesh, j, order) for j in range(1, dim))))
    terms = []
    for out, w in weights.items():
        for i in range(dim):
            _, second = tables(mesh, i, order, second=True)
            terms.append(replace(_term(mesh, out, 0, i, order, np.ascontiguousarray(w[i, i])), table=second))
            for j in range(i + 1, dim):
                terms.append(_term(mesh, out, j, i, order, w[i, j] + w[j, i]))
        for k in range(dim):
            drift = -np.einsum("ij...,ij...->...", w, bends[k])
            terms.append(_term(mesh, out, 0, k, order, drift))
    return Chain(first_stage, Plan(mesh, tuple(terms), dim, len(weights)))


def _bends(mesh: Mesh, order: int) -> FloatArray:
    """Return a^k . D_ij x as (k, i, j, *shape): the Christoffel symbols of the mesh's map."""
    return kept(mesh, ("bends", order), lambda: _christoffel(mesh, order))


def _christoffel(mesh: Mesh, order: int) -> FloatArray:
    metric, dim = skew_metric(mesh, order), mesh.dim
    bend = np.empty((dim, dim, dim, *mesh.shape))  # i, j, n
    for i in range(dim):
        _, second = tables(mesh, i, order, second=True)
        twice = Plan(mesh, (replace(_term(mesh, 0, 0, i, order), table=second),), 1, 1)
        for n in range(dim):
            twice.apply(mesh.points[n][None], bend[i, i, n][None])
            for j in range(i + 1, dim):
                bend[i, j, n] = bend[j, i, n] = derivative(mesh, i, metric.covariant[j, n], order)
    return np.asarray(np.einsum("kn...,ijn...->kij...", metric.contravariant, bend))
