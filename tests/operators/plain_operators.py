"""Gradient, divergence, curl and Laplacian by loops over cells: slow, and nothing shared with the kernels.

Each derivative takes the true positions of its points, weights from Lagrange's polynomials in rational numbers, and
walks through seams and poles one cell at a time. The choice of points is the documented one: centred, shifted inwards
at walls, an order higher by two on the axes that meet a pole.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache

import numpy as np
from oracles import cells_of, exact_weights

from fieldsim.fields.continuation import component_signs, continues


@cache
def _weights(at: float, nodes: tuple[float, ...], derivative: int) -> tuple[float, ...]:
    return tuple(float(w) for w in exact_weights(Fraction(at), [Fraction(x) for x in nodes], derivative))


def _row_order(mesh, axis, order):
    number = mesh.axis_coordinate[axis]
    poles = [side.pole for side in mesh.sides.values() if side.pole is not None]
    meets = any(number == pole.axis or number in [image.axis for image in pole.images] for pole in poles)
    return order + 2 if meets else order


def _step(mesh, axis, cell, number):
    """Return the cell that stands at place `number` along an axis, its position there and the pole passed, if any."""
    line, n = mesh.axes[axis], mesh.shape[axis]
    if line.periodic:
        turns, inside = divmod(number, n)
        return _at(cell, axis, inside), line.centers[inside] + turns * line.length, None
    if 0 <= number < n:
        return _at(cell, axis, number), line.centers[number], None
    side = mesh.sides[line.name + ("-" if number < 0 else "+")]
    mirrored = -1 - number if number < 0 else 2 * n - 1 - number
    there = list(_at(cell, axis, mirrored))
    for image in side.pole.images:
        other = mesh.coordinate_axis[image.axis]
        if other is not None and image.kind == "shift":
            there[other] = (there[other] + mesh.shape[other] // 2) % mesh.shape[other]
        elif other is not None:
            there[other] = mesh.shape[other] - 1 - there[other]
    return tuple(there), 2 * side.pole.at - line.centers[mirrored], side.pole


def _at(cell, axis, number):
    return (*cell[:axis], number, *cell[axis + 1 :])


def _places(mesh, axis, order, i, derivative):
    """Return the numbers of the points of row i."""
    line, n = mesh.axes[axis], mesh.shape[axis]
    low = high = 0
    for end in (0, 1):
        side = mesh.sides[line.name + "-+"[end]]
        more = order if side.kind == "seam" or (side.kind == "pole" and continues(mesh, side)) else 0
        low, high = (more, high) if end == 0 else (low, more)
    width = order + derivative
    start = min(max(i - order // 2, -low), n + high - width)
    numbers = [start + m for m in range(width)]
    if derivative == 2 and start == i - order // 2:
        positions = [_step(mesh, axis, (0,) * mesh.ndim, k)[1] for k in numbers[: order + 1]]
        gaps = np.diff(positions)
        if np.ptp(gaps) < 1e-9 * abs(gaps[0]):  # equally spaced and centred: one point less does
            numbers = numbers[: order + 1]
    return numbers


def plain_derivative(mesh, values, axis, order, *, derivative=1, width=None, factor=None, signs=None):
    """Return d^m (factor * values) along an axis; `signs(pole)` is what a component takes beyond one."""
    result = np.empty(mesh.shape)
    order = _row_order(mesh, axis, order)
    number = mesh.axis_coordinate[axis]
    for cell in cells_of(mesh):
        here = mesh.axes[axis].centers[cell[axis]]
        numbers = _places(mesh, axis, order, cell[axis], width or derivative)
        steps = [_step(mesh, axis, cell, k) for k in numbers]
        weights = _weights(float(here), tuple(float(position) for _, position, _ in steps), derivative)
        total = 0.0
        for weight, (there, position, pole) in zip(weights, steps, strict=True):
            term = values[there]
            if pole is not None and signs is not None:
                term *= signs(pole)
            if factor is not None:
                q = [float(np.broadcast_to(c, mesh.shape)[cell]) for c in mesh.open_centers]
                q[number] = position
                term *= factor(q)
            total += weight * term
        result[cell] = total
    return result


def _h(mesh, q):
    return [float(h) for h in mesh.coordinates.scale_factors([np.asarray(part) for part in q])]


def _h_here(mesh):
    return [np.broadcast_to(h, mesh.shape) for h in mesh.scale_factors]


def _component_sign(mesh, i):
    return lambda pole: component_signs(mesh.coordinates, pole)[i]


def plain_gradient(mesh, values, order):
    """grad f = sum_i e_i d_i f / h_i."""
    h = _h_here(mesh)
    result = np.zeros((mesh.dim, *mesh.shape))
    for axis, i in enumerate(mesh.axis_coordinate):
        result[i] = plain_derivative(mesh, values, axis, order) / h[i]
    return result


def plain_divergence(mesh, F, order):
    """div F = (1/J) sum_i d_i (J F_i / h_i)."""
    result = np.zeros(mesh.shape)
    volume = np.prod(_h_here(mesh), axis=0)
    for axis, i in enumerate(mesh.axis_coordinate):

        def face(q, i=i):
            h = _h(mesh, q)
            return np.prod(h) / h[i]

        result += plain_derivative(mesh, F[i], axis, order, factor=face, signs=_component_sign(mesh, i)) / volume
    return result


def plain_curl(mesh, F, order):
    """(curl F)_i = eps_ijk d_j (h_k F_k) / (h_j h_k)."""
    h = _h_here(mesh)
    result = np.zeros((3, *mesh.shape))
    for axis, j in enumerate(mesh.axis_coordinate):
        for k in range(mesh.dim):
            if k == j:
                continue
            i = 3 - j - k
            sign = 1.0 if (j, k) in ((0, 1), (1, 2), (2, 0)) else -1.0
            slope = plain_derivative(
                mesh, F[k], axis, order, factor=lambda q, k=k: _h(mesh, q)[k], signs=_component_sign(mesh, k)
            )
            result[i] += sign * slope / (h[j] * h[k])
    return result if mesh.dim == 3 else result[2]


def plain_laplacian(mesh, values, order):
    """lap f = sum_i (d_ii f + b_i d_i f) / h_i^2, b_i = d_i log(J / h_i^2)."""
    h = _h_here(mesh)
    result = np.zeros(mesh.shape)
    q = [np.broadcast_to(c, mesh.shape) for c in mesh.open_centers]
    for axis, i in enumerate(mesh.axis_coordinate):
        coarse, fine = (_slope(lambda where, i=i: _log_density(mesh, where, i), q, i, step) for step in (1e-4, 5e-5))
        b = (4 * fine - coarse) / 3
        first = plain_derivative(mesh, values, axis, order, width=2)
        second = plain_derivative(mesh, values, axis, order, derivative=2)
        result += (second + b * first) / h[i] ** 2
    return result


def _log_density(mesh, q, i):
    h = [np.broadcast_to(part, mesh.shape) for part in mesh.coordinates.scale_factors(q)]
    return np.log(np.prod(h, axis=0) / h[i] ** 2)


def _slope(function, q, i, step):
    up, down = list(q), list(q)
    up[i], down[i] = q[i] + step, q[i] - step
    return (function(up) - function(down)) / (2 * step)
