"""The record of a run as the data of its report: every number becomes text with its unit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fieldsim.report import CheckLine, Figure, ReportData, Table

if TYPE_CHECKING:
    from fieldsim.scenario.measure import CheckOutcome
    from fieldsim.scenario.record import RunRecord

_STATUS = {
    "done": "done, every check met",
    "check failed": "done, but a check failed",
    "pictures failed": "done, but pictures could not be drawn",
}
_ROUNDING = 1e-13
HIDDEN = frozenset({"probe", "index", "t", "x", "y", "z", "units"})


def report_data(record: RunRecord) -> ReportData:
    """Return what the report of a run says."""
    scenario = record.loaded.scenario
    status = _STATUS.get(record.status, record.status)
    if record.status == "done" and record.unheld_checks:
        status = "done; --set changed the question, so the checks of the file are not held"
    elif record.status == "done" and not record.checks:
        status = "done; the scenario has no checks"
    return ReportData(
        title=scenario.title,
        status=status,
        passed=record.status == "done",
        about=scenario.about.strip(),
        question=(scenario.question or "").strip(),
        figures=tuple(Figure(f["file"], f["title"], tuple(f["notes"])) for f in record.figures),
        computed=tuple(_computed(record)),
        how_wrong=tuple(line.sentence() + "." for line in record.accuracy)
        or ("Nothing could be compared with this run: hold it against a finer mesh (fieldsim verify --order).",),
        checks=tuple(_check_line(check, held=check not in record.unheld_checks) for check in record.checks),
        tables=tuple(_tables(record)),
        balance=tuple(_balance(record.balance)),
        notes=(*record.notes, *record.undrawn),
        versions=tuple(record.versions.items()),
        files=_files(record),
    )


def with_unit(number: float, unit: str, digits: int = 6) -> str:
    """Return a number with its unit as people read it."""
    from fieldsim.units import pretty

    return f"{number:.{digits}g} {pretty(unit)}".rstrip()


def _computed(record: RunRecord) -> list[tuple[str, str]]:
    axes = record.mesh["axes"].items()
    spans = ", ".join(f"{name} from {low:.6g} to {high:.6g} in {count}" for name, (low, high, count) in axes)
    pairs = [("Mesh", f"{record.mesh['coordinates']}, {spans}: {record.mesh['cells']} cells")]
    for name, entry in record.fields.items():
        kind = "components" if entry["components"] else "values"
        pairs.append((name, f"{kind} from {entry['min']:.6g} to {with_unit(entry['max'], entry['unit'])}"))
    if record.times:
        pairs.append(("Time", f"{len(record.times)} outputs from 0 to {with_unit(record.times[-1], 's')}"))
    pairs += [
        (f"Solver: {key}", f"{value:.4g}" if isinstance(value, float) else str(value))
        for key, value in record.solver.items()
    ]
    pairs.append(("Settings", " ".join(record.loaded.settings) or "none"))
    pairs += [(f"Seconds to {name}", f"{seconds:.2f}") for name, seconds in record.timings.items() if name != "total"]
    return pairs


def _check_line(check: CheckOutcome, *, held: bool) -> CheckLine:
    time = f", t = {with_unit(check.time, 's')}" if check.time is not None else ""
    return CheckLine(
        what=f"{check.of} {check.where}{time}",
        computed=_several(check.found, check.unit, 7),
        expected=_several(check.expected, check.unit, 7),
        deviation=with_unit(check.difference, check.unit, 2),
        tolerance=with_unit(check.allowed, check.unit, 2),
        source=check.source,
        passed=check.passed,
        held=held,
    )


def _several(numbers: tuple[float, ...], unit: str, digits: int) -> str:
    if len(numbers) == 1:
        return with_unit(numbers[0], unit, digits)
    return f"({', '.join(f'{n:.{digits}g}' for n in numbers)}) {with_unit(0.0, unit)[2:]}".rstrip()


def _tables(record: RunRecord) -> list[Table]:
    if not record.probes:
        return []
    units: Mapping[str, str] = record.probes[0]["units"]
    shown = [name for name in units if name not in HIDDEN]
    header = (
        "Probe",
        "Place (m)",
        *(f"{name} ({units[name]})" if units[name] not in ("", "1") else name for name in shown),
    )
    rows = [
        (str(row["probe"]), _place(row), *(probe_text(record, name, row[name]) for name in shown))
        for row in record.probes
    ]
    remark = "All outputs and the probes along lines are in probes.csv."
    return [Table("Probes at the last output", header, tuple(rows), remark)]


def _place(row: Mapping[str, Any]) -> str:
    return ", ".join(f"{row[name]:g}" for name in ("x", "y", "z") if row.get(name) is not None)


def probe_text(record: RunRecord, name: str, value: float | None) -> str:
    """Return a probed value as text; what is rounding beside the field's range is 0."""
    if value is None:
        return "cut out"
    entry = record.fields.get(name) or record.fields.get(name.rpartition("_")[0], {"min": 0.0, "max": 0.0})
    largest = max(abs(entry["min"]), abs(entry["max"]))
    return "0" if abs(value) <= _ROUNDING * largest else f"{value:.6g}"


def _balance(book: Mapping[str, Any]) -> list[tuple[str, str]]:
    if not book:
        return []
    names = {"in": "Came in", "out": "Went out", "source": "Was made", "stored": "Was stored", "missing": "Is missing"}
    pairs = [(text, with_unit(book[key], book["unit"])) for key, text in names.items()]
    pairs.append(("Missing, relative", f"{book['relative']:.1e}"))
    return pairs + [(f"Out through {side}", with_unit(value, book["unit"])) for side, value in book["through"].items()]


def _files(record: RunRecord) -> Table:
    shown = [(name, entry) for name, entry in record.files.items() if not name.startswith("figures/")]
    rows = tuple((name, str(entry["bytes"]), entry["sha256"][:16]) for name, entry in shown[:40])
    remark = f"and {len(shown) - 40} more; all are listed in run.json" if len(shown) > 40 else ""
    return Table("Files", ("File", "Bytes", "SHA-256 begins"), rows, remark)
