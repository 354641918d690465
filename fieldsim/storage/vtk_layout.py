"""How NumPy arrays lie in a VTK file: x runs fastest, components stand together, always three axes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fieldsim.errors import InvalidInput, must

_BLOCK = 8 << 20
_UNIFORM = 1e-10  # of a cell: far below any stretching on purpose, above the rounding of linspace
_TYPES = {
    "b1": "UInt8",
    **{f"f{size}": f"Float{8 * size}" for size in (4, 8)},
    **{f"i{size}": f"Int{8 * size}" for size in (1, 2, 4, 8)},
    **{f"u{size}": f"UInt{8 * size}" for size in (1, 2, 4, 8)},
}
_COMPONENTS = {3: ("x", "y", "z"), 9: tuple(a + b for a in "xyz" for b in "xyz")}


@dataclass(frozen=True)
class CellArray:
    """One array of the file: `values` (components, n0, n1, n2); component c goes to `slots[c]` of `width`."""

    name: str
    values: NDArray[Any]
    slots: tuple[int, ...] = (0,)
    width: int = 1
    unit: str = ""
    vtk_type: str = "Float64"
    in_field: bool = False

    @property
    def size(self) -> int:
        """Return the number of bytes in the file."""
        return math.prod(self.values.shape[1:]) * self.width * self.values.dtype.itemsize

    def blocks(self) -> Iterator[NDArray[Any]]:
        """Yield the numbers in VTK's order as flat little-endian arrays of a few megabytes."""
        dtype = self.values.dtype.newbyteorder("<")
        turned = self.values.transpose(3, 2, 1, 0)
        cut = next((axis for axis in range(3) if turned.shape[axis] > 1), 2)
        row = max(1, self.size // turned.shape[cut])
        step = max(1, _BLOCK // row)
        for first in range(0, turned.shape[cut], step):
            part = turned[(slice(None),) * cut + (slice(first, first + step),)]
            block = np.zeros((*part.shape[:3], self.width), dtype=dtype)
            block[..., list(self.slots)] = part
            yield block.reshape(-1)

    def tag(self, offset: int) -> str:
        """Return the XML element of the array, whose numbers stand `offset` bytes after the underscore."""
        text = f'        <DataArray type="{self.vtk_type}"{attribute("Name", self.name)}'
        if self.in_field:
            text += f' NumberOfTuples="{self.values.size}"'
        else:
            text += f' NumberOfComponents="{self.width}"'
            for slot, label in enumerate(_COMPONENTS.get(self.width, ())):
                text += f' ComponentName{slot}="{label}"'
        text += f' format="appended" offset="{offset}"'
        if not self.unit:
            return text + "/>"
        key = f'<InformationKey name="UNITS_LABEL" location="vtkDataArray">{escape(self.unit)}</InformationKey>'
        return f"{text}>{key}</DataArray>"


@dataclass(frozen=True)
class Grid:
    """Where the cells are: VTK's kind of data set, the cell shape, XML attributes and arrays of numbers."""

    kind: str
    shape: tuple[int, ...]
    attributes: str = ""
    arrays: tuple[CellArray, ...] = ()

    @property
    def extent(self) -> str:
        """Return VTK's extent: first and last corner of three axes (0 0 for an axis the mesh has not)."""
        return " ".join(f"0 {count}" for count in (*self.shape, 0, 0)[:3])

    @property
    def place(self) -> str:
        """Return the XML element that holds the arrays."""
        return "Coordinates" if self.kind == "RectilinearGrid" else "Points"

    @classmethod
    def of(cls, edges: Sequence[ArrayLike] | None, corners: ArrayLike | None) -> Grid:
        """Return the simplest grid that holds these cells; raise InvalidInput for what describes none."""
        if edges is not None and corners is None:
            return _cartesian([_edge(axis, edge) for axis, edge in enumerate(edges)])
        if corners is not None and edges is None:
            return _curvilinear(np.asarray(corners, dtype=np.float64))
        got = "neither" if edges is None else "both"
        raise InvalidInput(must("edges, corners", "given one without the other", got, "Give edges= or corners=."))


def cell_array(name: str, values: NDArray[Any], shape: tuple[int, ...], unit: str) -> CellArray:
    """Return `values` as an array of the file: a scalar, vector or tensor a cell of a mesh of `shape`."""
    where = f"arrays[{name!r}]"
    if not name or not name.isprintable() or not unit.isprintable():
        rule = "named and given a unit in printable characters"
        raise InvalidInput(must(where, rule, f"{name} [{unit}]", "Choose another name or unit."))
    array = np.asarray(values)
    extra = array.ndim - len(shape)
    lead = array.shape[: max(extra, 0)]
    if array.shape[max(extra, 0) :] != shape or extra not in (0, 1, 2) or any(not 1 <= n <= 3 for n in lead):
        rule = f"of shape {shape} with at most two component axes of length 1 to 3 before it"
        raise InvalidInput(must(where, rule, array.shape, "Give one value, vector or tensor a cell."))
    kind = array.dtype.str[1:]
    if kind not in _TYPES:
        raise InvalidInput(must(where, "of a real number type", array.dtype, "Write real and imaginary parts."))
    slots = {
        0: (0,),
        1: tuple(range(lead[0])) if extra == 1 else (),
        2: tuple(3 * a + b for a in range(lead[0]) for b in range(lead[1])) if extra == 2 else (),
    }[extra]
    full = array.reshape((len(slots), *(*shape, 1, 1)[:3]))
    return CellArray(name, full, slots, (1, 3, 9)[extra], unit, _TYPES[kind])


def number_array(name: str, values: NDArray[np.float64]) -> CellArray:
    """Return numbers that belong to the whole data set."""
    return CellArray(name, values.reshape(1, -1, 1, 1), in_field=True)


def attribute(name: str, value: str) -> str:
    """Return an XML attribute with a space before it."""
    return f" {name}={quoteattr(value)}"


def _edge(axis: int, edge: ArrayLike) -> NDArray[np.float64]:
    values = np.asarray(edge, dtype=np.float64)
    if values.ndim != 1 or values.size < 2 or not np.all(np.isfinite(values)) or not np.all(np.diff(values) > 0):
        rule = "at least two finite, increasing positions"
        raise InvalidInput(must(f"edges[{axis}]", rule, edge, "Give the edges of the cells in m."))
    return values


def _cartesian(edges: list[NDArray[np.float64]]) -> Grid:
    if not 1 <= len(edges) <= 3:
        raise InvalidInput(must("edges", "given for 1 to 3 axes", len(edges), "Give one array an axis."))
    shape = tuple(edge.size - 1 for edge in edges)
    if all(_is_uniform(edge) for edge in edges):
        origin = [float(edge[0]) for edge in edges] + [0.0] * (3 - len(edges))
        spacing = [float(edge[-1] - edge[0]) / (edge.size - 1) for edge in edges] + [1.0] * (3 - len(edges))
        text = attribute("Origin", " ".join(map(repr, origin))) + attribute("Spacing", " ".join(map(repr, spacing)))
        return Grid("ImageData", shape, text)
    full = [*edges, *[np.zeros(1)] * (3 - len(edges))]
    arrays = [CellArray(name, edge.reshape(1, -1, 1, 1)) for name, edge in zip("xyz", full, strict=True)]
    return Grid("RectilinearGrid", shape, "", tuple(arrays))


def _is_uniform(edge: NDArray[np.float64]) -> bool:
    spacing = (edge[-1] - edge[0]) / (edge.size - 1)
    ideal = edge[0] + spacing * np.arange(edge.size)
    rounding = 8.0 * np.finfo(np.float64).eps * np.max(np.abs(edge))
    return bool(np.all(np.abs(edge - ideal) <= _UNIFORM * spacing + rounding))


def _curvilinear(corners: NDArray[np.float64]) -> Grid:
    shape = tuple(count - 1 for count in corners.shape[1:])
    if corners.ndim not in (2, 3, 4) or not 1 <= corners.shape[0] <= 3 or min(shape, default=0) < 1:
        rule = "of shape (1 to 3, n0 + 1, ...) with 1 to 3 axes"
        raise InvalidInput(must("corners", rule, corners.shape, "Give the Cartesian corners of the cells in m."))
    if not np.all(np.isfinite(corners)):
        raise InvalidInput(must("corners", "finite", "NaN or infinity", "Give the corners of the cells in m."))
    full = corners.reshape((corners.shape[0], *(*corners.shape[1:], 1, 1)[:3]))
    points = CellArray("Points", full, tuple(range(corners.shape[0])), 3)
    return Grid("StructuredGrid", shape, "", (points,))
