"""Symmetric tensors as coefficients: flux = -K grad u with K a matrix, in Cartesian axes or the mesh's own.

K = sum of k_i n_i n_i^T with principal values k_i > 0 along the directions n_i. On orthogonal meshes K is turned into
the mesh's own basis, on curvilinear ones into the Cartesian.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product
from math import cos, sin
from typing import Any, Literal, TypeAlias, TypeGuard

import numpy as np

from fieldsim.arrays import BoolArray, FloatArray, frozen
from fieldsim.boundary import Given, Place, is_pieces, read_given
from fieldsim.boundary.pieces import read_pieces
from fieldsim.errors import InvalidInput, NumericalFailure, must
from fieldsim.fields import ScalarField, TensorField
from fieldsim.meshes import Mesh
from fieldsim.units import parse_quantity

Basis: TypeAlias = Literal["cartesian", "mesh"]
_SAME = 1e-12


@dataclass(frozen=True)
class Tensor:
    """A symmetric tensor coefficient: fs.Tensor([[4, 1], [1, 2]]), or fs.Tensor((10, 1, 1)) for a diagonal one.

    Entries are numbers, quantities, formulas of place and time, or arrays over the cells. They belong to the Cartesian
    axes, or with basis="mesh" to the unit vectors along the mesh's own axes (wood in a cylinder: r, phi, z).
    """

    values: Any
    basis: Basis = "cartesian"
    directions: tuple[tuple[float, ...], ...] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        """Check the basis."""
        if self.basis not in ("cartesian", "mesh"):
            raise InvalidInput(must("basis", "'cartesian' or 'mesh'", self.basis, "'mesh' means e_r, e_phi, ..."))

    @classmethod
    def principal(
        cls,
        values: Sequence[Any],
        *,
        angle: float | str | None = None,
        axis: Sequence[float] | None = None,
        basis: Basis = "cartesian",
    ) -> Tensor:
        """Return the tensor of given principal values in turned axes.

        With `angle` (rad, or "30 deg") the first two axes are turned about the third: values=(10, 1), angle="30 deg".
        With `axis`, a direction in space, values=(along, across). Raises InvalidInput.
        """
        given = _entries(values)
        if (angle is None) == (axis is None):
            raise InvalidInput(must("angle", "given, or axis instead", "both or neither", "Give exactly one."))
        if axis is not None:
            return _about(axis, given, basis)
        if given is None or len(given) not in (2, 3):
            raise InvalidInput(must("values", "two or three principal values", values, "For example (10, 1)."))
        turn = parse_quantity(angle, "rad", name="angle") if angle is not None else 0.0
        rows = np.eye(len(given))
        rows[:2, :2] = [[cos(turn), sin(turn)], [-sin(turn), cos(turn)]]
        return cls(tuple(given), basis, directions=tuple(tuple(row) for row in rows.tolist()))


def _about(axis: Sequence[float], given: list[Any] | None, basis: Basis) -> Tensor:
    direction = np.asarray(axis, dtype=float)
    if direction.shape not in ((2,), (3,)) or not 0.0 < np.abs(direction).max() < np.inf:
        raise InvalidInput(must("axis", "a direction of two or three components", axis, "For example (1, 0, 1)."))
    if given is None or len(given) != 2:
        raise InvalidInput(must("values", "two: along the axis and across it", given, "For example (10, 1)."))
    rows = np.linalg.svd(direction[None])[2]
    values = (given[0], *[given[1]] * (direction.size - 1))
    return Tensor(values, basis, directions=tuple(tuple(row) for row in rows.tolist()))


@dataclass(frozen=True)
class _Part:
    """A tensor over a part of the cells: its entries in the rows of `frame`, (d, d, cells or 1)."""

    mask: BoolArray
    entries: tuple[tuple[Given, ...], ...]
    frame: FloatArray
    active: tuple[int, ...]

    def values(self, t: float) -> FloatArray:
        """Return K in the basis of conduction, (m, m, cells); raises InvalidInput where it leaves the mesh's axes."""
        own = np.array([[entry.values(t) for entry in row] for row in self.entries])
        own = np.einsum("ai...,ab...,bj...->ij...", self.frame, own, self.frame)
        active = list(self.active)
        left = [i for i in range(len(own)) if i not in active]
        size = float(np.abs(own).max())
        if left and float(np.abs(own[np.ix_(active, left)]).max()) > _SAME * size:
            raise InvalidInput(
                must(
                    _base(self.entries[0][0].name),
                    "a tensor that keeps the flux along the mesh's own axes",
                    f"{float(np.abs(own[np.ix_(active, left)]).max()):.6g} towards an axis that the mesh leaves out",
                    "Give the mesh that axis too.",
                )
            )
        return np.asarray(own[np.ix_(active, active)])


@dataclass(frozen=True)
class GivenTensor:
    """A tensor over the cells, ready to be evaluated; it has the interface of a Given, but (m, m, *shape) values."""

    name: str
    shape: tuple[int, ...]
    parts: tuple[_Part, ...]
    varies: bool
    constant: FloatArray | None = None
    follows: bool = False

    def values(self, t: float, u: FloatArray | None = None) -> FloatArray:
        """Return K at time `t` in the basis of conduction; raises NumericalFailure where it is not positive."""
        return self.constant if self.constant is not None else self.evaluated(t)

    def evaluated(self, t: float) -> FloatArray:
        """Return K at time `t`, checked."""
        m = len(self.parts[0].active)
        result = np.empty((m, m, *self.shape))
        for part in self.parts:
            result[:, :, part.mask] = part.values(t)
        result = 0.5 * (result + np.swapaxes(result, 0, 1))
        self._check_positive(result, t)
        return result

    def _check_positive(self, values: FloatArray, t: float) -> None:
        matrices = np.moveaxis(values, (0, 1), (-2, -1))
        least = np.linalg.eigvalsh(matrices)[..., 0]
        # a matrix that is singular but for rounding counts as singular
        bad = ~(least > _SAME * np.abs(matrices).max(axis=(-2, -1)))
        if bad.any():
            worst = np.unravel_index(int(np.argmin(np.where(bad, least, np.inf))), least.shape)
            got = f"{least[worst]:.6g} as the smallest eigenvalue in cell {tuple(int(i) for i in worst)}"
            got += f" at t = {t:.6g} s" if self.varies else ""
            remedy = "In the plane kxx > 0 and kxx kyy > kxy^2."
            error = NumericalFailure if self.varies and t > 0.0 else InvalidInput
            raise error(must(self.name, "a positive definite tensor", got, remedy))

    @property
    def diagonal(self) -> bool:
        """Whether K is diagonal in the basis of conduction, at all times."""
        if self.constant is None:
            return all(_stays_diagonal(part) for part in self.parts)
        off = self.constant[~np.eye(len(self.constant), dtype=bool)]
        return not off.size or bool((np.abs(off) <= _SAME * np.abs(self.constant).max()).all())


def is_tensor(what: object, mesh: Mesh) -> TypeGuard[Any]:
    """Return whether a coefficient is written as a tensor, or as pieces of which one is."""
    if is_pieces(what):
        return any(is_tensor(item[1] if isinstance(item, tuple) else item, mesh) for item in what)
    if isinstance(what, Tensor | TensorField):
        return True
    if isinstance(what, np.ndarray):
        return what.shape != mesh.shape and what.ndim in (2, 2 + mesh.ndim) and what.shape[0] == what.shape[1]
    if not isinstance(what, list | tuple) or not all(isinstance(row, list | tuple) for row in what):
        return False
    square = 2 <= len(what) <= 3 and all(len(row) == len(what) for row in what)
    return square and (len(what) == mesh.dim or mesh.shape != (len(what),) * 2)


def read_tensor(what: object, mesh: Mesh, place: Place, *, unit: str, name: str) -> GivenTensor:
    """Read a tensor, or pieces of tensors and numbers, over the cells; raises InvalidInput and its children."""
    if is_pieces(what):
        parts = []
        for piece in read_pieces(what, place, name):
            parts.append(_part(piece.thing, mesh, piece.place, piece.mask, unit, piece.name))
    else:
        parts = [_part(what, mesh, place, np.ones(mesh.shape, dtype=bool), unit, name)]
    varies = any(entry.varies for part in parts for row in part.entries for entry in row)
    result = GivenTensor(name, mesh.shape, tuple(parts), varies)
    first = result.evaluated(0.0)
    return result if varies else GivenTensor(name, mesh.shape, tuple(parts), varies, frozen(first))


def _part(what: object, mesh: Mesh, place: Place, mask: BoolArray, unit: str, name: str) -> _Part:
    # a part of the cells has one row of them; so have all of them here
    place = place if place.mask is not None else place.part(mask)
    tensor = _as_tensor(what, mesh, name)
    dim, size = mesh.dim, _size(tensor.values)
    short = tensor.basis == "mesh" and size == mesh.ndim
    if size != dim and not short:
        rule = f"a symmetric matrix of {dim} rows" + (f" (or {mesh.ndim}, basis='mesh')" if mesh.ndim < dim else "")
        raise InvalidInput(must(name, rule, tensor.values, "For example [[4, 1], [1, 2]] in the plane."))
    entries = _read_entries(tensor, size, place, unit, name)
    frame = np.array(tensor.directions or np.eye(size))
    if frame.shape != (size, size):
        raise InvalidInput(must(name, f"turned in {size} dimensions", f"{len(frame)}", "Give as many values as axes."))
    frame = frame.reshape(size, size, 1)
    active = tuple(range(size)) if short else mesh.axis_coordinate
    if tensor.basis == "cartesian" and mesh.orthogonal:
        _check_symmetric_turn(mesh, tensor, entries, frame, name)
        basis = np.broadcast_to(mesh.basis, (dim, dim, *mesh.shape))[:, :, mask]
        frame = np.einsum("ak...,ik...->ai...", frame, basis)
    return _Part(mask, entries, np.asarray(frame), active)


def _as_tensor(what: object, mesh: Mesh, name: str) -> Tensor:
    """Return what is given as a Tensor: fields and numbers too."""
    if isinstance(what, Tensor):
        return what
    if isinstance(what, TensorField):
        if what.mesh is not mesh:
            raise InvalidInput(must(name, "a field on the problem's own mesh", what, "Build it there."))
        return Tensor([list(row) for row in what.values], "mesh")
    if isinstance(what, np.ndarray) and is_tensor(what, mesh):
        return Tensor([list(row) for row in what])
    if isinstance(what, ScalarField):
        what = what.values
    if isinstance(what, list | tuple) and all(isinstance(row, list | tuple) for row in what):
        return Tensor(what)
    return Tensor((what,) * mesh.ndim, "mesh")


def _size(values: object) -> int:
    rows = _entries(values)
    return len(rows) if rows is not None else 0


def _entries(values: object) -> list[Any] | None:
    if isinstance(values, np.ndarray):
        return [list(row) if np.ndim(row) else row for row in values] if values.ndim else None
    return list(values) if isinstance(values, list | tuple) else None


def _read_entries(tensor: Tensor, size: int, place: Place, unit: str, name: str) -> tuple[tuple[Given, ...], ...]:
    rows = _entries(tensor.values) or []
    square = all(isinstance(row, list | tuple) and len(row) == size for row in rows)
    diagonal = not any(isinstance(row, list | tuple) for row in rows)
    if not diagonal and (not square or tensor.directions):
        rule = f"a symmetric matrix of {size} rows and columns"
        raise InvalidInput(must(name, rule, tensor.values, "For example [[4, 1], [1, 2]] in the plane."))
    entries = []
    for i in range(size):
        row = []
        for j in range(size):
            what = (rows[i] if i == j else 0.0) if diagonal else rows[i][j]
            row.append(read_given(what, place, unit=unit, name=f"{name}[{i}][{j}]"))
        entries.append(tuple(row))
    for i, j in product(range(size), repeat=2):
        upper, lower = entries[i][j].values(0.0), entries[j][i].values(0.0)
        apart = np.abs(upper - lower)
        if (apart > _SAME * np.maximum(np.abs(upper), np.abs(lower))).any():
            cell = place.index((int(np.argmax(apart)),))
            own = np.array([[float(e.values(0.0)[int(np.argmax(apart))]) for e in row] for row in entries])
            least = float(np.linalg.eigvalsh(0.5 * (own + own.T))[0])
            got = f"{upper.flat[np.argmax(apart)]:.6g} at [{i}][{j}] and {lower.flat[np.argmax(apart)]:.6g} at"
            got += f" [{j}][{i}] in cell {cell} (smallest eigenvalue of its symmetric half {least:.6g})"
            raise InvalidInput(must(name, "symmetric", got, "Give both the same number."))
    return tuple(entries)


def _check_symmetric_turn(
    mesh: Mesh, tensor: Tensor, entries: tuple[tuple[Given, ...], ...], frame: FloatArray, name: str
) -> None:
    """Refuse Cartesian components that are not the same all round an axis that the mesh leaves out."""
    own = np.array([[entry.values(0.0).flat[0] for entry in row] for row in entries])
    own = frame[..., 0].T @ own @ frame[..., 0]
    for left, here, there in mesh.turned_bases():
        if not np.allclose(here @ own @ here.T, there @ own @ there.T, rtol=0.0, atol=1e-9 * np.abs(own).max()):
            raise InvalidInput(
                must(
                    name,
                    f"the same at every {left}, which the mesh leaves out",
                    tensor.values,
                    f"Give it along {', '.join('e_' + n for n in mesh.coordinates.names)}: "
                    "fs.Tensor(values, basis='mesh').",
                )
            )


def _stays_diagonal(part: _Part) -> bool:
    straight = bool((np.abs(part.frame - np.eye(len(part.entries))[..., None]) <= _SAME).all())
    off = [entry for i, row in enumerate(part.entries) for j, entry in enumerate(row) if i != j]
    return straight and all(entry.constant is not None and not entry.constant.any() for entry in off)


def _base(name: str) -> str:
    return name.split("[0][0]")[0]
