"""Gradient, divergence, curl, Laplacian, Hessian and Jacobian of fields, at order 2, 4, 6 or 8 on every mesh.

The order holds up to the boundary, through r = 0, the poles and the seam. One-dimensional derivatives commute on a
tensor grid, so curl grad f = 0 and div curl F = 0 hold to rounding on every mesh at every order.
"""

from __future__ import annotations

from typing import TypeAlias, TypeVar, overload

import numpy as np
import numpy.typing as npt

from fieldsim.arrays import FloatArray, real_array
from fieldsim.errors import InvalidInput, RankError, must
from fieldsim.fields import ScalarField, TensorField, VectorField
from fieldsim.meshes import Mesh
from fieldsim.operators.connection import hessian_values, jacobian_values
from fieldsim.operators.metric import check_order
from fieldsim.operators.plans import (
    curl_plan,
    divergence_plan,
    gradient_plan,
    laplacian_plan,
    partial_plan,
)
from fieldsim.operators.vector_laplacian import vector_laplacian_values
from fieldsim.units import per_length, power, times

Kind = TypeVar("Kind", ScalarField, VectorField, TensorField)
Out: TypeAlias = "FloatArray | ScalarField | VectorField | TensorField | None"


def partial(f: ScalarField, name: str, order: int = 2, *, out: Out = None) -> ScalarField:
    """Return the partial derivative of `f` along the coordinate `name` (not divided by its scale factor).

    Along an angle it is per radian. Raises InvalidInput, RankError.
    """
    _need_scalar("partial", f)
    order = check_order(order)
    axis = f.mesh.axis_number(name)
    values = _target(out, f.mesh.shape, f.values)
    partial_plan(f.mesh, axis, order).apply(f.values[None], values[None])
    metres = f.mesh.coordinates.lengths[f.mesh.axis_coordinate[axis]]
    unit = per_length(f.unit) if metres == 1 else times(f.unit, power("m", -metres)) if metres else f.unit
    return _result(ScalarField, f, values, unit=unit, name=_label("d", f.name, f"/d{name}"))


def gradient(f: ScalarField, order: int = 2, *, out: Out = None) -> VectorField:
    """Return grad f = sum_i e_i (1/h_i) d_i f: the direction of steepest ascent, its length the slope.

    `out` takes a preallocated array (dim, *mesh.shape) or vector field. Raises InvalidInput, RankError.
    """
    _need_scalar("gradient", f)
    values = _target(out, (f.mesh.dim, *f.mesh.shape), f.values)
    gradient_plan(f.mesh, check_order(order)).apply(f.values[None], values)
    return _result(VectorField, f, values, unit=per_length(f.unit), name=_label("grad ", f.name))


def divergence(F: VectorField, order: int = 2, *, out: Out = None) -> ScalarField:
    """Return div F = (1/J) sum_i d_i((J/h_i) F_i): the outflow per volume.

    `out` takes a preallocated array of mesh.shape or scalar field. Raises InvalidInput, RankError.
    """
    _need_vector("divergence", F)
    values = _target(out, F.mesh.shape, F.values)
    divergence_plan(F.mesh, check_order(order)).apply(F.values, values[None])
    return _result(ScalarField, F, values, unit=per_length(F.unit), name=_label("div ", F.name))


def curl(F: VectorField, order: int = 2, *, out: Out = None) -> VectorField | ScalarField:
    """Return curl F: a vector field in space; in the plane a scalar field, its z component.

    `out` takes a preallocated array or field of the result's shape. Raises InvalidInput, RankError.
    """
    _need_vector("curl", F)
    mesh, name, unit = F.mesh, _label("curl ", F.name), per_length(F.unit)
    if mesh.dim == 1:
        raise RankError("curl takes a vector field in the plane or in space; this one lives on a line. Use a 2-D mesh.")
    plan = curl_plan(mesh, check_order(order))
    if mesh.dim == 2:
        values = _target(out, mesh.shape, F.values)
        plan.apply(F.values, values[None])
        return _result(ScalarField, F, values, unit=unit, name=name)
    values = _target(out, (3, *mesh.shape), F.values)
    plan.apply(F.values, values)
    return _result(VectorField, F, values, unit=unit, name=name)


@overload
def laplacian(f: ScalarField, order: int = 2, *, out: Out = None) -> ScalarField: ...
@overload
def laplacian(f: VectorField, order: int = 2, *, out: Out = None) -> VectorField: ...
def laplacian(f: ScalarField | VectorField, order: int = 2, *, out: Out = None) -> ScalarField | VectorField:
    """Return the Laplacian of a scalar field, or of a vector field (grad div F - curl curl F).

    The vector Laplacian is not the Laplacian of the components: on round meshes terms like -F_r/r^2 appear.
    Raises InvalidInput, RankError.
    """
    if isinstance(f, VectorField):
        values = _target(out, f.values.shape, f.values)
        vector_laplacian_values(f, check_order(order), values)
        return _result(VectorField, f, values, unit=per_length(f.unit, 2), name=_label("lap ", f.name))
    _need_scalar("laplacian", f)
    values = _target(out, f.mesh.shape, f.values)
    laplacian_plan(f.mesh, check_order(order)).apply(f.values[None], values[None])
    return _result(ScalarField, f, values, unit=per_length(f.unit, 2), name=_label("lap ", f.name))


def hessian(f: ScalarField, order: int = 2, *, out: Out = None) -> TensorField:
    """Return the Hessian grad grad f in orthonormal components, shape (dim, dim, *mesh.shape); its trace is lap f.

    Raises InvalidInput, RankError.
    """
    _need_scalar("hessian", f)
    values = _target(out, (f.mesh.dim, f.mesh.dim, *f.mesh.shape), f.values)
    hessian_values(f, check_order(order), values)
    return _result(TensorField, f, values, unit=per_length(f.unit, 2), name=_label("hess ", f.name))


def jacobian(F: VectorField, order: int = 2, *, out: Out = None) -> TensorField:
    """Return the Jacobian of F: values[a, b] is the derivative of component a along b; its trace is div F.

    Raises InvalidInput, RankError.
    """
    _need_vector("jacobian", F)
    values = _target(out, (F.mesh.dim, F.mesh.dim, *F.mesh.shape), F.values)
    jacobian_values(F, check_order(order), values)
    return _result(TensorField, F, values, unit=per_length(F.unit), name=_label("jac ", F.name))


def directional_derivative(
    f: ScalarField, direction: npt.ArrayLike | VectorField, order: int = 2, *, out: Out = None
) -> ScalarField:
    """Return grad f . u: the slope of `f` along the unit vector u of `direction`.

    `direction` is a Cartesian vector (dim,) or a vector field; it is normalised. Raises InvalidInput, RankError.
    """
    _need_scalar("directional_derivative", f)
    slope = gradient(f, order)
    toward = _direction(f.mesh, direction)
    # Scaled first: the square of a very long or short vector is not a number.
    largest = np.abs(toward).max(initial=0.0)
    toward = toward / largest if largest > 0.0 else toward
    length = np.sqrt(np.einsum("i...,i...->...", toward, toward))
    if np.any(length == 0.0):
        raise InvalidInput(must("direction", "different from zero", direction, "Its length does not matter."))
    values = _target(out, f.mesh.shape, f.values)
    values[...] = np.einsum("i...,i...->...", slope.values, toward) / length
    return _result(ScalarField, f, values, unit=slope.unit, name=_label("D_u ", f.name))


def _direction(mesh: Mesh, direction: npt.ArrayLike | VectorField) -> FloatArray:
    """Return a direction as components in the mesh's basis."""
    if isinstance(direction, VectorField):
        if direction.mesh is not mesh:
            raise InvalidInput(must("direction", "on the field's mesh", direction, "Build it on f.mesh."))
        return direction.values
    vector = real_array(direction, "direction")
    if not np.all(np.isfinite(vector)):
        raise InvalidInput(must("direction", "finite", direction, "Its length does not matter, its direction does."))
    if vector.shape != (mesh.dim,):
        raise InvalidInput(
            must("direction", f"a Cartesian vector of {mesh.dim} components", direction, "Or a vector field.")
        )
    constant = [np.full(mesh.shape, c) for c in vector]
    return VectorField(mesh, constant, basis="cartesian").values


def _target(out: Out, shape: tuple[int, ...], given: FloatArray) -> FloatArray:
    """Return the array to write to; it must not be the input, which the kernel reads while it writes."""
    array = getattr(out, "values", out)
    if array is None:
        return np.empty(shape)
    if not isinstance(array, np.ndarray) or array.shape != shape or array.dtype != np.float64:
        raise InvalidInput(
            must("out", f"a float64 array of shape {shape}", getattr(array, "shape", array), "Or leave it out.")
        )
    if np.may_share_memory(array, given):
        raise InvalidInput(must("out", "another array than the input", "the input itself", "Use numpy.empty(shape)."))
    if not (array.flags.c_contiguous and array.flags.writeable):
        raise InvalidInput(must("out", "contiguous and writeable", "an array that is not", "Use numpy.empty(shape)."))
    return array


def _result(kind: type[Kind], given: ScalarField | VectorField, values: FloatArray, *, unit: str, name: str) -> Kind:
    """Return a field of the values; cells cut out of the input are cut out of the result.

    A central row does not read its own cell, so it would give such a cell a number.
    """
    if given.cut:
        missing = np.isnan(given.values)
        values[..., missing if given.rank == 0 else missing.any(axis=0)] = np.nan
    return kind.from_values(given.mesh, values, unit=unit, name=name, cut=given.cut)


def _label(before: str, name: str, after: str = "") -> str:
    return f"{before}{name}{after}" if name else ""


def _need_scalar(operator: str, f: object) -> None:
    if isinstance(f, VectorField):
        raise RankError(
            f"{operator} takes a scalar field; this is a vector field: divergence, curl and jacobian take vectors."
        )
    if not isinstance(f, ScalarField):
        raise RankError(must("f", "a scalar field", f, "Make one: fieldsim.ScalarField(mesh, 'x**2 + y**2')."))


def _need_vector(operator: str, F: object) -> None:
    if isinstance(F, ScalarField):
        raise RankError(
            f"{operator} takes a vector field; this is a scalar field: gradient, laplacian and hessian take scalars."
        )
    if not isinstance(F, VectorField):
        raise RankError(must("F", "a vector field", F, "Make one: fieldsim.VectorField(mesh, ['-y', 'x'])."))
