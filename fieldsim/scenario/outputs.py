"""Write what a run computed: every output as a VTK file, the collection of them, and the table of probes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from fieldsim.scenario.compute import Solution, fields_at
from fieldsim.scenario.record import RunRecord

if TYPE_CHECKING:
    from fieldsim.storage import RunFolder, WrittenFile


def write_outputs(solution: Solution, folder: RunFolder, record: RunRecord) -> None:
    """Write every output with its derived fields, and the probe table over all outputs."""
    from fieldsim.scenario.measure import probe_columns, read_probes
    from fieldsim.storage import write_collection, write_csv

    entries, rows, columns = [], [], {}
    for number in range(len(solution.fields)):
        fields = fields_at(solution, number)
        written = write_vtk(solution, number, fields, folder)
        record.add_file(written)
        entries.append((solution.time_of(number), Path(written.path).relative_to(folder.path)))
        rows += read_probes(solution, fields, number)
        columns = probe_columns(solution, fields)
        _note_ranges(record, fields)
    record.add_file(write_collection(folder.collection, entries, within=folder.path))
    if rows:
        record.add_file(write_csv(folder.probes, columns, rows, within=folder.path))
        record.probes = [
            dict(zip(columns, row, strict=True)) | {"units": columns}
            for row in rows
            if record.loaded.scenario.probe[str(row[0])].line is None and row[2] == solution.time_of(solution.last)
        ]


def _note_ranges(record: RunRecord, fields: dict[str, Any]) -> None:
    """Widen the noted range of every field by one output."""
    import numpy as np

    for name, one in fields.items():
        finite = one.values[np.isfinite(one.values)]
        low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
        known = record.fields.get(name, {"min": low, "max": high})
        record.fields[name] = {
            "unit": one.unit,
            "components": one.values.ndim - one.mesh.ndim and one.values.shape[0],
            "min": min(low, known["min"]),
            "max": max(high, known["max"]),
        }


def write_vtk(solution: Solution, number: int, fields: dict[str, Any], folder: RunFolder) -> WrittenFile:
    """Write the fields of one output as cell data, vectors in Cartesian components."""
    from fieldsim.storage import write_structured

    mesh = solution.mesh
    arrays = {name: one.values if one.values.ndim == mesh.ndim else one.cartesian for name, one in fields.items()}
    units = {name: one.unit for name, one in fields.items()}
    straight = mesh.coordinates.name == "cartesian"
    return write_structured(
        folder.field(number),
        arrays,
        edges=[axis.edges for axis in mesh.axes] if straight else None,
        corners=None if straight else mesh.corners,
        units=units,
        time=solution.time_of(number) if solution.times else None,
        within=folder.path,
    )
