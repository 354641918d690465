"""Truth from outside the package: exact fields with every derivative by hand, and slow plain twins of the kernels.

An exact field is a sum of products of functions of one Cartesian coordinate each, so that any partial derivative is
the sum of the products of one-dimensional derivatives. Nothing here differentiates numerically.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import pi, prod

import numpy as np
from numpy.polynomial import Polynomial

from fieldsim.fields import ScalarField, VectorField
from fieldsim.meshes import Mesh

# ---- exact fields


@dataclass(frozen=True)
class Wave:
    """cos(k x + phase); its n-th derivative is k^n cos(k x + phase + n pi/2)."""

    k: float
    phase: float = 0.0

    def d(self, x, n):
        return self.k**n * np.cos(self.k * x + self.phase + n * pi / 2)

    def wider(self, size):
        return Wave(self.k / size, self.phase)


@dataclass(frozen=True)
class Bell:
    """P(x) exp(-a x^2), a polynomial for a = 0; the derivative is (P' - 2 a x P) exp(-a x^2)."""

    coefficients: tuple[float, ...]
    a: float = 0.0

    def d(self, x, n):
        p = Polynomial(self.coefficients)
        for _ in range(n):
            p = p.deriv() - Polynomial((0.0, 2.0 * self.a)) * p
        return p(x) * (np.exp(-self.a * x * x) if self.a else 1.0)

    def wider(self, size):
        return Bell(tuple(c / size**k for k, c in enumerate(self.coefficients)), self.a / size**2)


ONE = Bell((1.0,))


class Places:
    """Cartesian points (dim, ...) that remember the one-dimensional functions already taken there."""

    def __init__(self, points):
        self.points, self.kept = points, {}

    def d(self, line, axis, n):
        if line == ONE:
            return 0.0 if n else 1.0
        if (line, axis, n) not in self.kept:
            self.kept[line, axis, n] = line.d(self.points[axis], n)
        return self.kept[line, axis, n]

    def __len__(self):
        return len(self.points)


def places(x):
    return x if isinstance(x, Places) else Places(np.asarray(x, dtype=float))


class Exact:
    """A scalar field sum_t c_t prod_k g_tk(x_k) in Cartesian coordinates."""

    def __init__(self, *terms):
        self.terms = terms

    def wider(self, size):
        """Return the field f(x / size)."""
        return Exact(*((c, tuple(g.wider(size) for g in lines)) for c, lines in self.terms))

    def __call__(self, x, *along):
        """Return the partial derivative along the given Cartesian axes at points (dim, ...)."""
        x = places(x)
        counts = [along.count(k) for k in range(len(x))]
        total = np.zeros(x.points.shape[1:])
        for c, lines in self.terms:
            total += c * prod(x.d(g, k, n) for k, (g, n) in enumerate(zip(lines, counts, strict=True)))
        return total


def gradient_of(f, x):
    return np.stack([f(x, k) for k in range(len(x))])


def hessian_of(f, x):
    return np.stack([[f(x, k, m) for m in range(len(x))] for k in range(len(x))])


def laplacian_of(f, x):
    return sum(f(x, k, k) for k in range(len(x)))


def values_of(F, x):
    return np.stack([part(x) for part in F])


def divergence_of(F, x):
    return sum(part(x, k) for k, part in enumerate(F))


def jacobian_of(F, x):
    return np.stack([gradient_of(part, x) for part in F])


def curl_of(F, x):
    if len(F) == 2:
        return F[1](x, 0) - F[0](x, 1)
    return np.stack([F[2](x, 1) - F[1](x, 2), F[0](x, 2) - F[2](x, 0), F[1](x, 0) - F[0](x, 1)])


def vector_laplacian_of(F, x):
    return np.stack([laplacian_of(part, x) for part in F])


@dataclass(frozen=True)
class Case:
    """A scalar and a vector field, each with its exact derivatives; `centred` ones fade away from the origin."""

    name: str
    scalar: Exact
    vector: tuple[Exact, ...]
    centred: bool = False

    def wider(self, size):
        return Case(self.name, self.scalar.wider(size), tuple(part.wider(size) for part in self.vector))


def _general(dim):
    waves = (Wave(1.1, 0.4), Wave(0.9, -0.3), Wave(0.7, 0.5))[:dim]
    cubes = tuple((1.0, tuple(Bell((0, 0, 0, 1)) if k == m else ONE for k in range(dim))) for m in range(min(dim, 1)))
    squares = tuple((-1.0, tuple(Bell((0, 0, 1)) if k == m else ONE for k in range(dim))) for m in range(1, dim))
    # x^3 - y^2 - z^2 + a wave: no symmetry at all.
    scalar = Exact((1.0, waves), *(cubes + squares))
    vector = tuple(
        Exact(
            (1.0, tuple(Wave(0.8 + 0.2 * ((m + k) % dim), 0.6 * k - 0.9 * m) for k in range(dim))),
            (0.5, tuple(Bell((0.3, 1.0)) if k == (m + 1) % dim else Bell((1.0, 0.0, 0.4)) for k in range(dim))),
        )
        for m in range(dim)
    )
    return Case("general", scalar, vector)


def _periodic(dim):
    """Period 1 along x, general along the rest."""
    rest = (Wave(0.9, -0.3), Wave(0.7, 0.5))[: dim - 1]
    scalar = Exact((0.2, (Wave(2 * pi, 0.4), *rest)))
    vector = tuple(Exact((0.2, (Wave(2 * pi, 0.7 * m), *rest))) for m in range(dim))
    return Case("period along x", scalar, vector)


def _periodic_all(dim):
    scalar = Exact((0.2, tuple(Wave(2 * pi, 0.3 + 0.5 * k) for k in range(dim))))
    vector = tuple(Exact((0.2, tuple(Wave(2 * pi, 0.7 * m - k) for k in range(dim)))) for m in range(dim))
    return Case("period along all", scalar, vector)


def _periodic_z():
    """Period 1 along z, no symmetry across."""
    scalar = Exact((0.2, (Wave(1.1, 0.4), Wave(0.9, -0.3), Wave(2 * pi, 0.5))))
    vector = tuple(Exact((0.2, (Wave(0.8, m), Wave(0.6, 0.3 - m), Wave(2 * pi, 0.7 * m)))) for m in range(3))
    return Case("period along z", scalar, vector)


def _flat():
    """Independent of z, with a component along it."""
    plane = _general(2)
    scalar = Exact(*((c, (*line, ONE)) for c, line in plane.scalar.terms))
    across = tuple(Exact(*((c, (*line, ONE)) for c, line in part.terms)) for part in plane.vector)
    return Case("independent of z", scalar, (*across, scalar))


def _round(dim, along_z):
    """Unchanged by turns about the z axis: f = e^-s g(z), F = (x A - y B, y A + x B, C), s = a (x^2 + y^2)."""
    g, h = (along_z, along_z) if along_z is ONE else (along_z, Wave(0.6, 1.0))
    z_part = lambda line: () if dim == 2 else (line,)  # noqa: E731
    bell, slope = Bell((1.0,), a=0.4), Bell((0.0, 1.0), a=0.4)
    scalar = Exact((1.0, (bell, bell, *z_part(g))))
    F = [
        Exact((1.0, (slope, bell, *z_part(g))), (-0.7, (bell, slope, *z_part(h)))),
        Exact((1.0, (bell, slope, *z_part(g))), (0.7, (slope, bell, *z_part(h)))),
    ]
    if dim == 3:
        F.append(Exact((0.8, (bell, bell, h))))
    name = "round" if along_z is not ONE else "round and independent of z"
    return Case(name, scalar, tuple(F), centred=True)


def _central():
    """Unchanged by every turn: f = e^-a r^2, F = (x, y, z) e^-a r^2."""
    bell, slope = Bell((1.0,), a=0.4), Bell((0.0, 1.0), a=0.4)
    F = tuple(Exact((1.0, tuple(slope if k == m else bell for k in range(3)))) for m in range(3))
    return Case("central", Exact((1.0, (bell,) * 3)), F, centred=True)


def cases(dim):
    """Return the exact fields in `dim` dimensions, those without symmetry first."""
    found = [_general(dim)]
    if dim == 3:
        found += [_periodic_z(), _flat(), _round(3, Wave(0.9, 0.3))]
    if dim > 1:
        found.append(_round(dim, ONE))
    if dim == 3:
        found.append(_central())
    return [*found, _periodic(dim), _periodic_all(dim)]


def case_for(mesh: Mesh, waves: float = 0.5) -> Case:
    """Return the first exact case that has the symmetries and the periods of the mesh.

    About `waves` radians of it fit across the mesh where no period fixes its length.
    """
    corners = mesh.corners.reshape(mesh.dim, -1)
    span, reach = np.ptp(corners, axis=1).max(), np.abs(corners).max()
    for case in cases(mesh.dim):
        size = 2.0 ** round(np.log2(reach if case.centred else span)) / waves
        for found in (case.wider(size), case):
            if _fits(mesh, found):
                return found
    raise LookupError(f"no exact field for {mesh!r}")


def _fits(mesh, case):
    system = mesh.coordinates
    here = [float(c.flat[c.size // 3]) for c in mesh.open_centers]
    moves = []
    for number, axis in enumerate(mesh.coordinate_axis):
        if axis is None:
            moves += [(number, here[number], here[number] + step) for step in (0.31, 0.73)]
        elif mesh.axes[axis].periodic:
            edges = mesh.axes[axis].edges
            moves += [(number, float(edges[0]), float(edges[-1]))]
    for number, first, second in moves:
        pair = []
        for place in (first, second):
            q = [np.array([value]) for value in here]
            q[number] = np.array([place])
            x = np.stack([np.broadcast_to(c, (1,)) for c in system.to_cartesian(q)])
            pair.append((case.scalar(x), np.einsum("ikn,kn->in", system.basis(q), values_of(case.vector, x))))
        if not (np.allclose(pair[0][0], pair[1][0], atol=1e-9) and np.allclose(pair[0][1], pair[1][1], atol=1e-9)):
            return False
    return True


def native_vector(mesh: Mesh, cartesian):
    """Turn Cartesian components (dim, ...) at the centres into the mesh's own."""
    return np.einsum("ik...,k...->i...", mesh.basis, cartesian)


def native_tensor(mesh: Mesh, cartesian):
    """Turn Cartesian components (dim, dim, ...) at the centres into the mesh's own."""
    basis = np.broadcast_to(mesh.basis, (mesh.dim, mesh.dim, *mesh.shape))
    return np.einsum("ak...,bl...,kl...->ab...", basis, basis, cartesian)


def sampled(mesh: Mesh, case: Case, x) -> tuple[ScalarField, VectorField]:
    """Return the case's fields on a mesh; `x` are its points or their `places`."""
    vector = np.ascontiguousarray(native_vector(mesh, values_of(case.vector, x)))
    return ScalarField(mesh, case.scalar(x)), VectorField(mesh, vector)


# ---- slow plain twins


def exact_weights(at: Fraction, nodes: list[Fraction], derivative: int) -> list[Fraction]:
    """Return the derivative of each Lagrange polynomial at `at`, in rational numbers: no recursion, no rounding."""
    result = []
    for j, own in enumerate(nodes):
        coefficients = [Fraction(1)]  # of prod (X - (x_m - at)) / (x_j - x_m), lowest first
        for m, other in enumerate(nodes):
            if m != j:
                shifted = [Fraction(0), *coefficients]
                coefficients = [
                    (up - (other - at) * down) / (own - other)
                    for up, down in zip(shifted, [*coefficients, Fraction(0)], strict=True)
                ]
        factorial = prod(range(1, derivative + 1), start=1)
        result.append(coefficients[derivative] * factorial if derivative < len(coefficients) else Fraction(0))
    return result


def lagrange_value(where, nodes, values):
    """Return the interpolating polynomial at `where`, straight from Lagrange's formula."""
    total = 0.0
    for j, (own, value) in enumerate(zip(nodes, values, strict=True)):
        total += value * prod((where - other) / (own - other) for m, other in enumerate(nodes) if m != j)
    return total


def cell_volume(mesh: Mesh, cell) -> float:
    """Return the volume of one cell from closed formulas of elementary geometry (basic systems only)."""
    spans = {}
    for name, whole in zip(mesh.coordinates.names, mesh.coordinates.whole, strict=True):
        spans[name] = whole
        if name in mesh.names:
            axis = mesh.names.index(name)
            spans[name] = tuple(mesh.axes[axis].edges[cell[axis] : cell[axis] + 2])
    length = {name: high - low for name, (low, high) in spans.items()}
    match mesh.coordinates.name:
        case "cartesian":
            return prod(length[name] for name in mesh.coordinates.names)
        case "polar":
            return (spans["r"][1] ** 2 - spans["r"][0] ** 2) / 2 * length["phi"]
        case "cylindrical":
            return (spans["r"][1] ** 2 - spans["r"][0] ** 2) / 2 * length["phi"] * length["z"]
        case "spherical":
            band = np.cos(spans["theta"][0]) - np.cos(spans["theta"][1])
            return (spans["r"][1] ** 3 - spans["r"][0] ** 3) / 3 * band * length["phi"]
    raise LookupError(mesh.coordinates.name)


def cells_of(mesh: Mesh):
    """Iterate over all cells by index."""
    return product(*(range(n) for n in mesh.shape))
