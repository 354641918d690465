"""Scalar, vector and tensor fields: one value, or one set of orthonormal components, at each cell centre."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from fieldsim.arrays import FloatArray, real_array
from fieldsim.errors import InvalidInput, RankError, must
from fieldsim.fields.arithmetic import FieldArithmetic
from fieldsim.fields.build import FieldLike, Potential, check_finite, evaluate
from fieldsim.fields.interpolate import Interpolator
from fieldsim.meshes import Mesh
from fieldsim.units import times

Basis: TypeAlias = Literal["mesh", "cartesian"]
Outside: TypeAlias = Literal["raise", "nan"]
VectorLike: TypeAlias = Sequence[FieldLike] | Callable[[FloatArray], npt.ArrayLike] | FloatArray


class ScalarField(FieldArithmetic):
    """A number at every cell centre.

    `values` is a formula in the mesh's coordinates ("x**2*y"), a function of the Cartesian points
    (dim, *mesh.shape), an array of mesh.shape, a number, or a potential; `unit` and `name` label it. An array that is
    contiguous float64 is kept, not copied. Raises InvalidInput, ExpressionError, NumericalFailure.
    """

    rank = 0

    def __init__(self, mesh: Mesh, values: FieldLike, *, unit: str | None = None, name: str = "") -> None:
        _check_mesh(mesh)
        self.mesh = mesh
        self.values: FloatArray = evaluate(mesh, values, name=name or "values")
        # Only potentials cut cells out; everything else was found finite.
        self._cut = None if isinstance(values, Potential) else False
        self.unit: str = unit if unit is not None else str(getattr(values, "unit", ""))
        self.name = name

    def __repr__(self) -> str:
        return _describe("scalar", self, self.values)

    def at(self, points: npt.ArrayLike, *, outside: Outside = "raise") -> FloatArray:
        """Return the values at Cartesian points (n, dim), shape (n,).

        Exact for cubics in the mesh's coordinates, fourth-order accurate elsewhere. A point outside the mesh raises
        InvalidInput, or gives NaN with outside="nan".
        """
        native, inside = _locate(self.mesh, points, outside)
        sampler = Interpolator(self.mesh, self.values[None], vector=False)
        result = np.full(inside.shape, np.nan)
        result[inside] = sampler(native[:, inside])[0]
        return result


class VectorField(FieldArithmetic):
    """A vector at every cell centre, as orthonormal components in the mesh's own basis.

    `components` is a list of formulas (or functions, arrays, numbers), a function of the points, or an array
    (dim, *mesh.shape); with basis="cartesian" they are Cartesian components. Raises InvalidInput.
    """

    rank = 1

    def __init__(
        self, mesh: Mesh, components: VectorLike, *, basis: Basis = "mesh", unit: str = "", name: str = ""
    ) -> None:
        _check_mesh(mesh)
        if basis not in ("mesh", "cartesian"):
            raise InvalidInput(must("basis", "'mesh' or 'cartesian'", basis, "'mesh' means e_r, e_phi, ..."))
        self.mesh, self.unit, self.name = mesh, unit, name
        values = _components(mesh, components, name or "components")
        if basis == "cartesian":
            _check_turns(mesh)
            values = np.einsum("ik...,k...->i...", mesh.basis, values)
        self.values: FloatArray = np.ascontiguousarray(values)

    def __repr__(self) -> str:
        return _describe("vector", self, self.values)

    @property
    def cartesian(self) -> FloatArray:
        """Cartesian components, shape (dim, *mesh.shape); left-out axes at their reference."""
        return np.asarray(np.einsum("ik...,i...->k...", self.mesh.basis, self.values))

    def component(self, name: str) -> ScalarField:
        """Return one component by coordinate name ("r", "phi", ...)."""
        names = self.mesh.coordinates.names
        if name not in names:
            raise InvalidInput(must("component", f"one of {', '.join(names)}", name, "These are the mesh's own."))
        label = f"{self.name}_{name}" if self.name else ""
        return ScalarField.from_values(self.mesh, self.values[names.index(name)], unit=self.unit, name=label)

    def norm(self) -> ScalarField:
        """Return the length of the vector in every cell."""
        values = np.sqrt(np.einsum("i...,i...->...", self.values, self.values))
        return ScalarField.from_values(self.mesh, values, unit=self.unit, name=f"|{self.name}|" if self.name else "")

    def dot(self, other: VectorField) -> ScalarField:
        """Return the scalar product with another vector field on the same mesh."""
        if not isinstance(other, VectorField) or other.mesh is not self.mesh:
            raise InvalidInput(must("other", "a vector field on the same mesh", other, "Build it on this mesh."))
        values = np.einsum("i...,i...->...", self.values, other.values)
        return ScalarField.from_values(self.mesh, values, unit=times(self.unit, other.unit))

    def sampler(self) -> Callable[[FloatArray], FloatArray]:
        """Return a function from Cartesian points (n, dim) to Cartesian components (n, dim), NaN outside the mesh."""
        lookup = Interpolator(self.mesh, self.values, vector=True)

        def sample(points: FloatArray) -> FloatArray:
            native, inside = _locate(self.mesh, points, "nan")
            return _sampled(self.mesh, lookup, native, inside)

        return sample

    def at(self, points: npt.ArrayLike, *, outside: Outside = "raise") -> FloatArray:
        """Return Cartesian components at Cartesian points (n, dim), shape (n, dim); see ScalarField.at."""
        native, inside = _locate(self.mesh, points, outside)
        return _sampled(self.mesh, Interpolator(self.mesh, self.values, vector=True), native, inside)


class TensorField(FieldArithmetic):
    """A tensor at every cell centre: values[a, b] are orthonormal components, shape (dim, dim, *mesh.shape).

    Of a Jacobian, values[a, b] is the derivative of component a along b; of a Hessian it is symmetric.
    """

    rank = 2

    def __init__(self, mesh: Mesh, values: npt.ArrayLike, *, unit: str = "", name: str = "") -> None:
        _check_mesh(mesh)
        self.mesh, self.unit, self.name = mesh, unit, name
        array = real_array(values, name or "values")
        if array.shape != (mesh.dim, mesh.dim, *mesh.shape):
            raise InvalidInput(
                must(
                    "values",
                    f"of shape {(mesh.dim, mesh.dim, *mesh.shape)}",
                    array.shape,
                    "Components come first.",
                )
            )
        self.values: FloatArray = array

    def __repr__(self) -> str:
        return _describe("tensor", self, self.values)

    @property
    def cartesian(self) -> FloatArray:
        """Cartesian components, shape (dim, dim, *mesh.shape)."""
        basis = np.broadcast_to(self.mesh.basis, (self.mesh.dim, self.mesh.dim, *self.mesh.shape))
        return np.asarray(np.einsum("ak...,bl...,ab...->kl...", basis, basis, self.values))

    def trace(self) -> ScalarField:
        """Return the sum of the diagonal: the divergence, or the Laplacian."""
        return ScalarField.from_values(self.mesh, np.einsum("aa...->...", self.values), unit=self.unit)


Field: TypeAlias = ScalarField | VectorField


def _check_mesh(mesh: object) -> None:
    if not isinstance(mesh, Mesh):
        raise InvalidInput(must("mesh", "a mesh", mesh, "Make one with fieldsim.cartesian(x=(0, 1), cells=64)."))


def _check_turns(mesh: Mesh) -> None:
    """Refuse Cartesian components where the basis turns along a left-out axis."""
    for name, here, there in mesh.turned_bases():
        if not np.allclose(here, there, atol=1e-12):
            raise InvalidInput(
                f"Cartesian components do not fit a mesh that leaves {name} out: the same vector "
                "has other Cartesian components at every angle. Give the components along "
                f"{', '.join('e_' + n for n in mesh.coordinates.names)} (basis='mesh')."
            )


def _components(mesh: Mesh, components: VectorLike, name: str) -> FloatArray:
    """Return components (dim, *shape) from whatever the user gave."""
    if callable(components):
        components = np.asarray(components(mesh.points))
    if isinstance(components, str) or not hasattr(components, "__len__"):
        raise InvalidInput(
            must(name, f"a list of {mesh.dim} components", components, "For example ['-y', 'x'] in the plane.")
        )
    if len(components) != mesh.dim:
        raise RankError(
            must(
                name,
                f"{mesh.dim} components ({', '.join(mesh.coordinates.names)})",
                f"{len(components)}",
                "A vector has one component for each coordinate, also for those left out as a symmetry.",
            )
        )
    if isinstance(components, np.ndarray) and components.dtype == np.float64:
        if components.shape != (mesh.dim, *mesh.shape):
            raise InvalidInput(
                must(
                    name,
                    f"of shape {(mesh.dim, *mesh.shape)}",
                    components.shape,
                    "The component comes first.",
                )
            )
        for i, part in enumerate(components):
            check_finite(mesh, part, f"{name}[{i}]")
        return np.ascontiguousarray(components)
    return np.stack([evaluate(mesh, part, name=f"{name}[{i}]") for i, part in enumerate(components)])


def _locate(mesh: Mesh, points: npt.ArrayLike, outside: Outside) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """Return native coordinates (dim, n) of points (n, dim) and which of them lie in the mesh."""
    if outside not in ("raise", "nan"):
        raise InvalidInput(must("outside", "'raise' or 'nan'", outside, "'nan' marks points outside the mesh."))
    array = np.atleast_2d(real_array(points, "points"))
    if array.ndim != 2 or array.shape[1] != mesh.dim:
        raise InvalidInput(must("points", f"of shape (n, {mesh.dim})", np.shape(points), "One Cartesian point a row."))
    native = mesh.native(array.T)
    inside = mesh.contains_native(native)
    if outside == "raise" and not np.all(inside):
        first = array[np.flatnonzero(~inside)[0]]
        raise InvalidInput(
            must(
                "points",
                "inside the mesh",
                tuple(float(x) for x in first),
                "Enlarge the mesh, or pass outside='nan'.",
            )
        )
    return native, inside


def _sampled(mesh: Mesh, lookup: Interpolator, native: FloatArray, inside: npt.NDArray[np.bool_]) -> FloatArray:
    """Return Cartesian components (n, dim) at native coordinates, NaN where not inside."""
    result = np.full((native.shape[1], mesh.dim), np.nan)
    places = native[:, inside]
    basis = mesh.coordinates.basis(list(_off_poles(mesh, places)))
    result[inside] = np.einsum("ikn,in->nk", basis, lookup(places))
    return result


def _off_poles(mesh: Mesh, native: FloatArray) -> FloatArray:
    """Move coordinates that lie exactly on a pole a hair away, where unit vectors exist."""
    moved = native.copy()
    for pole in mesh.coordinates.poles:
        close = np.abs(moved[pole.axis] - pole.at) < 1e-14
        inward = 1e-14 if pole.at <= mesh.coordinates.reference[pole.axis] else -1e-14
        moved[pole.axis, close] = pole.at + inward
    return moved


def _describe(kind: str, field: Any, values: FloatArray) -> str:
    finite = values[np.isfinite(values)]
    span = f"{finite.min():.6g} to {finite.max():.6g}" if finite.size else "no finite value"
    label = f" {field.name}" if field.name else ""
    unit = f" {field.unit}" if field.unit else ""
    return f"<{kind} field{label} on {field.mesh!r}: {span}{unit}>"
