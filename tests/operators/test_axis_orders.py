"""Orders 2, 4, 6 and 8 within five per cent, axis by axis, on the first function that rows do not get exactly.

Along a walled axis that is one power more than the rows are exact for: its error has one term only, so the order shows
without being masked by the next term. Along a seam it is a wave. Truth: g', g'' and the metric at the centres.
"""

from __future__ import annotations

from math import tau

import numpy as np
import pytest
from mesh_catalogue import MESHES, has_pole

import fieldsim as fs

# The highest order would show any fault of the lower ones; those run in the slow tier.
ORDERS = (8, *(pytest.param(order, marks=pytest.mark.slow) for order in (2, 4, 6)))
UNPOLED = [name for name in MESHES if not has_pole(MESHES[name](4))]


def profile(mesh, axis, degree):
    """Return g, g' and g'' along an axis: a power of the distance from its middle, or a wave around a seam."""
    line = mesh.axes[axis]
    q = mesh.along(line.centers, axis)
    half = line.length / 2
    if line.periodic:
        # Short enough to stand clear of rounding, long enough for the cells; angles have twice as many.
        around = mesh.coordinates.periods[mesh.axis_coordinate[axis]] is not None
        waves = (1 if degree < 7 else 2 if degree < 9 else 3) - (not around and degree >= 7)
        k = waves * tau / line.length
        return np.cos(k * q + 1), -k * np.sin(k * q + 1), -k * k * np.cos(k * q + 1)
    s = (q - line.edges[0] - half) / half
    return s**degree, degree * s ** (degree - 1) / half, degree * (degree - 1) * s ** (degree - 2) / half**2


def cells(mesh, order):
    """Return how many cells make the coarser mesh: enough for the rows, few enough to stay clear of rounding."""
    return {1: 20, 2: 20, 3: 12 if order < 8 else 16}[mesh.ndim]


def observed(name, order, error):
    n = cells(MESHES[name](4), order)
    coarse, fine = error(MESHES[name](n)), error(MESHES[name](2 * n))
    return np.log2(coarse / fine)


def metric(mesh):
    h = [np.broadcast_to(part, mesh.shape) for part in mesh.scale_factors]
    return h, np.prod(h, axis=0)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", UNPOLED)
def test_first_derivatives(name, order):
    """grad g(q_i), div of F_i = g h_i / J and curl of F_k = g / h_k have one derivative of g each."""
    for axis, i in enumerate(MESHES[name](4).axis_coordinate):

        def gradient_error(mesh, axis=axis, i=i):
            g, slope, _ = profile(mesh, axis, order + 1)
            f = fs.ScalarField(mesh, np.array(np.broadcast_to(g, mesh.shape)))
            h, _ = metric(mesh)
            return np.abs(h[i] * fs.gradient(f, order).values[i] - slope).max()

        def divergence_error(mesh, axis=axis, i=i):
            g, slope, _ = profile(mesh, axis, order + 1)
            h, J = metric(mesh)
            F = np.zeros((mesh.dim, *mesh.shape))
            F[i] = g * h[i] / J
            return np.abs(J * fs.divergence(fs.VectorField(mesh, F), order).values - slope).max()

        def curl_error(mesh, axis=axis, i=i):
            g, slope, _ = profile(mesh, axis, order + 1)
            h, _ = metric(mesh)
            k = (i + 1) % mesh.dim
            F = np.zeros((mesh.dim, *mesh.shape))
            F[k] = g / h[k]
            curl = fs.curl(fs.VectorField(mesh, F), order).values
            component = curl if mesh.dim == 2 else curl[3 - i - k]
            # d_i (h_k F_k) stands in the plane with the sign of the axes' order, in space always with +.
            sign = -1.0 if mesh.dim == 2 and i == 1 else 1.0
            return np.abs(h[i] * h[k] * component - sign * slope).max()

        for error in (gradient_error, divergence_error, *([curl_error] if MESHES[name](4).dim > 1 else [])):
            seen = observed(name, order, error)
            assert 0.95 * order <= seen <= 1.05 * order, (error.__name__, MESHES[name](4).names[axis], seen)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", UNPOLED)
def test_second_derivatives(name, order):
    """lap g(q_i) = (g'' + g' d_i log(J / h_i^2)) / h_i^2; the second derivative keeps its order on stretched axes."""
    for axis, i in enumerate(MESHES[name](4).axis_coordinate):

        def laplacian_error(mesh, axis=axis, i=i):
            g, slope, bend = profile(mesh, axis, order + 2)
            h, _ = metric(mesh)
            dh = mesh.coordinates.scale_factor_derivatives(list(mesh.open_centers), i)
            drift = sum((-1.0 if k == i else 1.0) * part / h[k] for k, part in enumerate(dh))
            f = fs.ScalarField(mesh, np.array(np.broadcast_to(g, mesh.shape)))
            return np.abs(h[i] ** 2 * fs.laplacian(f, order).values - bend - drift * slope).max()

        def hessian_error(mesh, axis=axis, i=i):
            g, slope, bend = profile(mesh, axis, order + 2)
            h, _ = metric(mesh)
            own = mesh.coordinates.scale_factor_derivatives(list(mesh.open_centers), i)[i] / h[i]
            f = fs.ScalarField(mesh, np.array(np.broadcast_to(g, mesh.shape)))
            return np.abs(h[i] ** 2 * fs.hessian(f, order).values[i, i] - bend + own * slope).max()

        for error in (laplacian_error, hessian_error):
            seen = observed(name, order, error)
            assert 0.95 * order <= seen <= 1.05 * order, (error.__name__, MESHES[name](4).names[axis], seen)
