"""Write fields as VTK XML files that ParaView, PyVista and VTK open: .vti, .vtr, .vts and a .pvd over time.

Values are cell data on the true cells; the corners come from the mesh. The numbers stand raw and
little-endian after the XML part (VTK's "appended" form), so that the same field gives the same bytes
everywhere, every write is checked, and neither VTK nor OpenGL is needed. Format: docs.vtk.org, "VTK XML file
formats".
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fieldsim.errors import InvalidInput, must
from fieldsim.storage.atomic import DigestingWriter, WrittenFile, whole_file, write_bytes
from fieldsim.storage.vtk_layout import CellArray, Grid, attribute, cell_array, number_array

_SUFFIXES = {"ImageData": ".vti", "RectilinearGrid": ".vtr", "StructuredGrid": ".vts"}
_COUNT = 8  # bytes of the UInt64 that stands before the numbers of each array


def structured_suffix(*, edges: Sequence[ArrayLike] | None = None, corners: ArrayLike | None = None) -> str:
    """Return ".vti" for uniform edges, ".vtr" for stretched ones, ".vts" for corners."""
    return _SUFFIXES[Grid.of(edges, corners).kind]


def write_structured(
    path: str | os.PathLike[str],
    arrays: Mapping[str, NDArray[Any]],
    *,
    edges: Sequence[ArrayLike] | None = None,
    corners: ArrayLike | None = None,
    units: Mapping[str, str] | None = None,
    time: float | None = None,
    within: str | os.PathLike[str] | None = None,
) -> WrittenFile:
    """Write cell values on a structured mesh; `path` gets the suffix .vti, .vtr or .vts where it lacks it.

    edges: 1 to 3 arrays of cell edges in m (Cartesian mesh); or corners: (1 to 3, n0 + 1, ...) Cartesian cell
    corners in m. arrays: name -> shape (n0, ...) for a scalar, (1 to 3, n0, ...) for a vector in Cartesian
    components, (d, d, n0, ...) for a tensor; NaN marks a cell that is cut out. units: name -> unit. time: s.
    Raise InvalidInput for a wrong shape or number type, StorageError when it cannot be written.
    """
    grid = Grid.of(edges, corners)
    target = _with_suffix(Path(path), _SUFFIXES[grid.kind])
    given = units or {}
    cells = [cell_array(name, values, grid.shape, given.get(name, "")) for name, values in arrays.items()]
    instant = [] if time is None else [_instant(time)]
    head = _head(grid, cells, instant)
    with whole_file(target, within=within) as stream:
        writer = DigestingWriter(stream)
        writer.write(head)
        for array in (*instant, *grid.arrays, *cells):
            writer.write(array.size.to_bytes(_COUNT, "little"))
            for block in array.blocks():
                writer.write(block.view(np.uint8).data)
        writer.write(b"\n  </AppendedData>\n</VTKFile>\n")
    return writer.result(target)


def write_collection(
    path: str | os.PathLike[str],
    entries: Iterable[tuple[float, str | os.PathLike[str]]],
    *,
    within: str | os.PathLike[str] | None = None,
) -> WrittenFile:
    """Write a .pvd file that lists (time in s, file); files lie in the folder of `path` or below it.

    A relative file is meant relative to that folder. Raise InvalidInput when one lies elsewhere or the times
    do not increase.
    """
    target = _with_suffix(Path(path), ".pvd")
    lines = ['<?xml version="1.0"?>', '<VTKFile type="Collection" version="0.1" byte_order="LittleEndian">']
    lines.append("  <Collection>")
    last = -math.inf
    for time, file in entries:
        if not (math.isfinite(time) and time > last):
            raise InvalidInput(must("time", f"finite and later than {last!r}", time, "List the files in order."))
        last = time
        name = attribute("file", _relative(Path(file), target.parent))
        lines.append(f'    <DataSet timestep="{float(time)!r}" group="" part="0"{name}/>')
    lines += ["  </Collection>", "</VTKFile>", ""]
    return write_bytes(target, "\n".join(lines).encode("utf-8"), within=within)


def _instant(time: float) -> CellArray:
    if not math.isfinite(time):
        raise InvalidInput(must("time", "finite", time, "Give the time in seconds."))
    return number_array("TimeValue", np.array([float(time)]))


def _head(grid: Grid, cells: Sequence[CellArray], instant: Sequence[CellArray]) -> bytes:
    """Return the XML part up to the underscore after which the numbers begin."""
    tags = []
    offset = 0
    for array in (*instant, *grid.arrays, *cells):
        tags.append(array.tag(offset))
        offset += _COUNT + array.size
    of_instant, of_grid = tags[: len(instant)], tags[len(instant) : len(tags) - len(cells)]
    extent = attribute("Extent", grid.extent)
    lines = ['<?xml version="1.0"?>']
    lines.append(f'<VTKFile type="{grid.kind}" version="1.0" byte_order="LittleEndian" header_type="UInt64">')
    lines.append(f"  <{grid.kind}{attribute('WholeExtent', grid.extent)}{grid.attributes}>")
    if instant:
        lines += ["    <FieldData>", *of_instant, "    </FieldData>"]
    lines.append(f"    <Piece{extent}>")
    if grid.arrays:
        lines += [
            f"      <{grid.place}>",
            *of_grid,
            f"      </{grid.place}>",
        ]
    lines.append(f"      <CellData{_active(cells)}>")
    lines += tags[len(tags) - len(cells) :]
    lines += [
        "      </CellData>",
        "    </Piece>",
        f"  </{grid.kind}>",
        '  <AppendedData encoding="raw">',
        "_",
    ]
    return "\n".join(lines).encode("utf-8")


def _active(cells: Sequence[CellArray]) -> str:
    """Name the first scalar, vector and tensor, which viewers show first."""
    text = ""
    for role, width in (("Scalars", 1), ("Vectors", 3), ("Tensors", 9)):
        name = next((array.name for array in cells if array.width == width), None)
        if name is not None:
            text += attribute(role, name)
    return text


def _with_suffix(path: Path, suffix: str) -> Path:
    if path.suffix == suffix:
        return path
    if path.suffix in (*_SUFFIXES.values(), ".pvd"):
        rule = f"a name ending in {suffix} for this mesh"
        raise InvalidInput(must("path", rule, str(path), "Leave the suffix out: it follows from the mesh."))
    return path.with_name(path.name + suffix)


def _relative(file: Path, folder: Path) -> str:
    try:
        relative = file.relative_to(folder) if file.is_absolute() else file
    except ValueError:
        relative = Path("..")
    if ".." in relative.parts:
        rule = f"below {str(folder)!r}"
        raise InvalidInput(must("file", rule, str(file), "Put the collection above its files."))
    return relative.as_posix()
