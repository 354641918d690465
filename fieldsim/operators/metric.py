"""The metric as the operators need it: tables of derivatives, and factors split along one axis.

grad f = sum_i e_i (1/h_i) d_i f;  div F = (1/J) sum_i d_i((J/h_i) F_i);
(curl F)_i = eps_ijk (1/(h_j h_k)) d_j(h_k F_k), with J = h_1 h_2 h_3.
A factor under a derivative that is a product of a function of that coordinate and one of the others goes into the
weights, so that one kernel serves all coordinate systems.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from fieldsim.arrays import FloatArray
from fieldsim.errors import InvalidInput, must
from fieldsim.fields.continuation import continues
from fieldsim.meshes import Mesh
from fieldsim.stencils import ORDERS, WALL, End, Table, derivative_tables

Powers = Mapping[int, int]


def check_order(order: int) -> int:
    """Return `order` after checking that it is one of 2, 4, 6, 8."""
    if isinstance(order, bool) or order not in ORDERS:
        raise InvalidInput(must("order", "2, 4, 6 or 8", order, "2 is the usual choice; 4 for smooth fields."))
    return int(order)


def axis_order(mesh: Mesh, axis: int, order: int) -> int:
    """Return the order of the rows along `axis`: two more where the axis meets a pole.

    There the division by a scale factor that goes to zero costs one order (measured: METHODS in docs/operators.md).
    """
    number = mesh.axis_coordinate[axis]
    for side in mesh.sides.values():
        if side.pole is not None:
            meeting = {side.pole.axis} | {image.axis for image in side.pole.images}
            if number in meeting:
                return order + 2
    return order


def tables(mesh: Mesh, axis: int, order: int, *, second: bool = False) -> tuple[Table, Table]:
    """Return the tables of the first and second derivative along an array axis of the mesh."""
    a = mesh.axes[axis]
    ends = []
    for end in (0, 1):
        side = mesh.sides[a.name + "-+"[end]]
        if side.kind == "seam":
            ends.append(End("seam", a.length))
        elif side.kind == "pole" and continues(mesh, side):
            ends.append(End("pole", float(a.edges[-1] if end else a.edges[0])))
        else:
            ends.append(WALL)
    return derivative_tables(
        a.centers,
        order=axis_order(mesh, axis, order),
        lower=ends[0],
        upper=ends[1],
        second=second,
        name=a.name,
        asked=order,
    )


def product(mesh: Mesh, q: tuple[FloatArray, ...] | list[FloatArray], powers: Powers) -> FloatArray:
    """Return prod h_i^powers[i] at native coordinates `q`."""
    factors = mesh.coordinates.scale_factors(q)
    result: FloatArray = np.ones(())
    for i, power in powers.items():
        result = result * np.asarray(factors[i]) ** power
    return result


def own_factor(mesh: Mesh, axis: int, positions: FloatArray, powers: Powers) -> FloatArray | None:
    """Return the part of prod h_i^powers[i] that varies along `axis`, at `positions`, or None if it does not split."""
    number = mesh.axis_coordinate[axis]
    middle = [np.float64(q.flat[q.size // 2]) for q in mesh.open_centers]

    def along(where: FloatArray) -> FloatArray:
        q: list[FloatArray] = [np.asarray(value) for value in middle]
        q[number] = where
        return np.broadcast_to(product(mesh, q, powers), where.shape)

    reference = float(along(np.asarray(middle[number])))
    own = mesh.along(along(mesh.axes[axis].centers), axis) / reference
    others = list(mesh.open_centers)
    others[number] = np.full((1,) * mesh.ndim, middle[number])
    full = product(mesh, mesh.open_centers, powers)
    if not np.allclose(own * product(mesh, others, powers), full, rtol=1e-12, atol=0.0):
        return None
    return along(positions) / reference


def jacobian_powers(mesh: Mesh, *, without: int | None = None) -> dict[int, int]:
    """Return the powers of J = prod h_i, or of J / h_without."""
    return {i: 1 for i in range(mesh.dim) if i != without}
