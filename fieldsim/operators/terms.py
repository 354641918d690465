"""An operator as a list of terms out[o] += scale * D(in[s]), applied by one kernel or assembled as one matrix."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Literal, TypeAlias

import numpy as np
import scipy.sparse as sp

from fieldsim.arrays import FloatArray, IntArray
from fieldsim.fields.continuation import component_signs, continues, layers_beyond
from fieldsim.kernels.lines import apply_terms
from fieldsim.meshes import Mesh
from fieldsim.operators.packing import KernelTables, block_shape, pack_tables, read_only
from fieldsim.stencils import Table

ComponentKind: TypeAlias = Literal["scalar", "vector", "covariant", "density"]


@dataclass(frozen=True)
class Term:
    """One derivative: row table along `axis` applied to component `source`, times `scale`, into component `out`.

    `scale` broadcasts against the mesh.
    """

    out: int
    source: int
    axis: int
    table: Table
    scale: FloatArray


@dataclass(frozen=True, eq=False)
class Plan:
    """Terms prepared for one mesh: compile once, apply many times.

    `components` is the number of input components. `kind` says how they go on beyond a pole: "scalar" keeps its
    value, "vector" are the mesh's own components, "covariant" those times h_i, "density" those times J / h_i.
    """

    mesh: Mesh
    terms: tuple[Term, ...]
    components: int
    outputs: int
    kind: ComponentKind = "scalar"

    # ---- application

    def apply(self, values: FloatArray, out: FloatArray) -> FloatArray:
        """Return the operator of `values` (components, *shape) in `out` (outputs, *shape)."""
        packed = self._packed
        present = {term.out for term in self.terms}
        for o in range(self.outputs):
            if o not in present:
                out[o] = 0.0
        if self.terms:
            apply_terms(
                out.reshape(-1),
                read_only(values).reshape(-1),
                self._ghosts(values),
                packed.sizes,
                packed.groups,
                packed.terms,
                packed.scales,
                packed.fields.reshape(-1),
                *packed.tables.arrays,
            )
        return out

    def _ghosts(self, values: FloatArray) -> FloatArray:
        """Return the layers beyond the poles of the slow kernel axes, one axis after the other, flat.

        Components that no term reads there are left as they are.
        """
        shapes: dict[int, tuple[int, ...]] = {}
        for axis in range(self.mesh.ndim - 1):
            if self._layers[axis]:
                cells = list(self.mesh.shape)
                cells[axis] = 2 * self._layers[axis]
                shapes[axis] = (self.components, *cells)
        result = np.empty(sum(prod(shape) for shape in shapes.values()))
        start = 0
        for axis, shape in shapes.items():
            part = result[start : start + prod(shape)].reshape(shape)
            for c in {term.source for term in self.terms if term.axis == axis}:
                self._set_ghosts(values[c], axis, c, part[c])
            start += prod(shape)
        return result

    def _set_ghosts(self, values: FloatArray, axis: int, component: int, out: FloatArray) -> None:
        """Write the layers beyond both ends of one axis for one component."""
        layers = self._layers[axis]
        for end in (0, 1):
            place = along_axis(axis, end * layers, (end + 1) * layers)
            side = self.mesh.sides[self.mesh.axes[axis].name + "-+"[end]]
            if continues(self.mesh, side):
                beyond = layers_beyond(self.mesh, side, values, layers)
                np.multiply(beyond, self._sign(axis, end, component), out=out[place])
            else:
                out[place] = 0.0

    def _sign(self, axis: int, end: int, component: int) -> int:
        """Return the sign of a component beyond the pole at an end of an axis."""
        pole = self.mesh.sides[self.mesh.axes[axis].name + "-+"[end]].pole
        if pole is None or self.kind == "scalar":
            return 1
        if self.kind == "vector":
            return component_signs(self.mesh.coordinates, pole)[component]
        directions = pole.signs(self.mesh.dim)
        return directions[component] * (prod(directions) if self.kind == "density" else 1)

    # ---- preparation

    @cached_property
    def _layers(self) -> tuple[int, ...]:
        """Number of ghost layers at each end of every axis."""
        layers = [0] * self.mesh.ndim
        for term in self.terms:
            if term.table.index.min() < 0:
                layers[term.axis] = term.table.layers
        return tuple(layers)

    @cached_property
    def _packed(self) -> _Packed:
        return _pack(self)

    def kernel_table(self, term: Term) -> Table:
        """Return the rows of a term, without ghosts where the kernel's last axis is meant."""
        if term.axis == self.mesh.ndim - 1 and term.table.index.min() < 0:
            return term.table.folded(self._sign(term.axis, 0, term.source), self._sign(term.axis, 1, term.source))
        return term.table

    # ---- the same operator as a matrix

    def matrix(self) -> sp.csr_array:
        """Return the sparse matrix (outputs * size, components * size) with the same entries."""
        size = self.mesh.size
        blocks: dict[tuple[int, int], sp.csr_array] = {}
        for term in self.terms:
            block = self._term_matrix(term)
            key = (term.out, term.source)
            blocks[key] = blocks[key] + block if key in blocks else block
        empty = sp.csr_array((size, size))
        rows = [[blocks.get((o, s), empty) for s in range(self.components)] for o in range(self.outputs)]
        return sp.csr_array(sp.block_array(rows, format="csr"))

    def _term_matrix(self, term: Term) -> sp.csr_array:
        """Return one term as a matrix over the cells."""
        mesh, size = self.mesh, self.mesh.size
        cell = np.arange(size).reshape(mesh.shape)
        scale = np.broadcast_to(term.scale, mesh.shape)
        layers = self._layers[term.axis]
        extended, signs = cell, np.ones(mesh.shape)
        if layers:
            parts, sign_parts = [cell], [signs]
            for end in (0, 1):
                side = mesh.sides[mesh.axes[term.axis].name + "-+"[end]]
                beyond = layers_beyond(mesh, side, cell.astype(np.float64), layers).astype(np.int64)
                parts.append(beyond)
                sign_parts.append(np.full(beyond.shape, float(self._sign(term.axis, end, term.source))))
            extended = np.concatenate(parts, axis=term.axis)
            signs = np.concatenate(sign_parts, axis=term.axis)
        n = mesh.shape[term.axis]
        index = np.where(term.table.index >= 0, term.table.index, n - 1 - term.table.index)
        rows, columns, entries = [], [], []
        for m in range(index.shape[1]):
            weight = mesh.along(term.table.weights[:, m], term.axis)
            column = np.take(extended, index[:, m], axis=term.axis).ravel()
            sign = np.take(signs, index[:, m], axis=term.axis)
            columns.append(column)
            entries.append((scale * weight * sign).ravel())
            rows.append(cell.ravel())
        coo = sp.coo_array(
            (np.concatenate(entries), (np.concatenate(rows), np.concatenate(columns))), shape=(size, size)
        )
        result = sp.csr_array(coo)
        result.eliminate_zeros()
        return result


@dataclass(frozen=True)
class _Packed:
    """The arrays that the kernel reads; see `kernels.lines.apply_terms`."""

    sizes: IntArray
    groups: IntArray
    terms: IntArray
    scales: FloatArray
    fields: FloatArray
    tables: KernelTables


def _pack(plan: Plan) -> _Packed:
    mesh = plan.mesh
    lead = 3 - mesh.ndim
    n0, n1, n2 = (1,) * lead + mesh.shape
    layers = (0,) * lead + tuple(2 * count if axis < mesh.ndim - 1 else 0 for axis, count in enumerate(plan._layers))
    fields: list[FloatArray] = []
    # Terms that share one factor array share its copy.
    numbers: dict[int, int] = {}
    parts = []
    for term in plan.terms:
        scale = np.asarray(term.scale).reshape((1,) * lead + (1,) * (mesh.ndim - term.scale.ndim) + term.scale.shape)
        field = -1
        if scale.shape[2] > 1:
            field = numbers.setdefault(id(term.scale), len(fields))
            if field == len(fields):
                fields.append(np.broadcast_to(scale, (n0, n1, n2)).reshape(n0 * n1, n2))
            scale = np.ones((1, 1, 1))
        parts.append((term.out, field, term.axis + lead, term, scale[:, :, 0]))
    # A group is what one output line sums, under one factor; its last axis comes last.
    parts.sort(key=lambda part: part[:3])
    packed = pack_tables([(plan.kernel_table(term), axis) for _, _, axis, term, _ in parts], (n0, n1, n2))
    groups: list[list[int]] = []
    for t, (out, field, *_) in enumerate(parts):
        if groups and (groups[-1][0], groups[-1][2]) == (out, field):
            groups[-1][4] = t + 1
        else:
            groups.append([out, bool(groups) and groups[-1][0] == out, field, t, t + 1])
    s0 = max((scale.shape[0] for *_, scale in parts), default=1)
    s1 = max((scale.shape[1] for *_, scale in parts), default=1)
    sizes = block_shape((n0, n1, n2), packed.width, plan.components)
    return _Packed(
        np.array([*sizes, layers[0], layers[1], plan.components], np.int64),
        np.array(groups, np.int64).reshape(-1, 5),
        np.array([(term.source, axis, t) for t, (_, _, axis, term, _) in enumerate(parts)], np.int64).reshape(-1, 3),
        np.array([np.broadcast_to(scale, (s0, s1)) for *_, scale in parts]).reshape(-1, s0, s1),
        np.ascontiguousarray(fields).reshape(len(fields), n0 * n1, n2),
        packed,
    )


def along_axis(axis: int, start: int, stop: int) -> tuple[slice, ...]:
    """Return the index of a slab start:stop along one axis."""
    return (*(slice(None),) * axis, slice(start, stop))
