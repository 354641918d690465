"""What commands print about a scenario, a plan, a run, a verification and this machine."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fieldsim.scenario.load import Loaded
    from fieldsim.scenario.measure import CheckOutcome
    from fieldsim.scenario.record import RunRecord
    from fieldsim.scenario.verify import Verification

_WIDTH = 100


def describe_run(record: RunRecord) -> str:
    """Return what a run found, how far it can be trusted, and where its files are."""
    lines = [record.loaded.scenario.title, ""]
    axes = ", ".join(f"{n} {low:g} to {high:g} ({cells})" for n, (low, high, cells) in record.mesh["axes"].items())
    lines.append(f"mesh      {record.mesh['coordinates']}, {axes}: {record.mesh['cells']} cells")
    for name, entry in record.fields.items():
        lines.append(f"field     {name}: {entry['min']:.6g} to {entry['max']:.6g}{_after(entry['unit'])}")
    if record.solver:
        lines.append(f"solver    {_solver_text(record.solver)}")
    if record.balance:
        lines.append(f"balance   {record.balance['text']}")
    for row in record.probes:
        lines.append(f"probe     {_probe_text(record, row)}")
    unheld = record.unheld_checks
    lines += [f"check     {check_text(check, held=check not in unheld)}" for check in record.checks]
    lines += [f"accuracy  {line.sentence()}" for line in record.accuracy]
    lines += [f"note      {note}" for note in record.notes]
    lines += [f"picture   {record.folder / figure['file']}" for figure in record.figures]
    if record.status == "check failed":
        lines.append(f"FAILED    {record.message}")
    lines += ["", f"The run is in {record.folder}"]
    if "report.html" in record.files:
        lines[-1] += f"; open {record.folder / 'report.html'}"
    return "\n".join(lines)


def _solver_text(solver: Mapping[str, Any]) -> str:
    text = f"{solver['method']}, {solver['unknowns']} unknowns"
    if "steps" in solver:
        return f"{text}, {solver['steps']} steps of {solver['shortest']:.3g} to {solver['longest']:.3g} s"
    return f"{text}, relative residual {solver.get('residual', 0.0):.1e}"


def _probe_text(record: RunRecord, row: Mapping[str, Any]) -> str:
    from fieldsim.scenario.report_data import HIDDEN, probe_text

    units = row["units"]
    place = ", ".join(f"{row[n]:g}" for n in ("x", "y", "z") if n in row)
    values = [f"{n} = {probe_text(record, n, row[n])}{_after(units[n])}" for n in units if n not in HIDDEN]
    return f"{row['probe']} ({place}): {', '.join(values)}"


def _after(unit: str) -> str:
    """Return a unit as it follows its number; nothing for a pure number, whose unit is 1."""
    return f" {unit}" if unit not in ("", "1") else ""


def check_text(check: CheckOutcome, *, held: bool = True) -> str:
    """Return one line about a check; one that is not `held` belongs to another question than the one computed."""
    found = ", ".join(f"{v:.7g}" for v in check.found)
    expected = ", ".join(f"{v:.7g}" for v in check.expected)
    mark = "not held: --set changed the question:" if not held else "ok  " if check.passed else "FAIL"
    time = f" at t = {check.time:g} s" if check.time is not None else ""
    unit = _after(check.unit)
    return (
        f"{mark} {check.of} {check.where}{time}: {found}, expected {expected}{unit} "
        f"(off by {check.difference:.2g}, allowed {check.allowed:.2g}; {check.source})"
    )


def describe_plan(loaded: Loaded, folder: Path) -> dict[str, Any]:
    """Return what a run would do, as data with a text."""
    scenario = loaded.scenario
    cells = scenario.mesh.cells if scenario.mesh is not None else []
    plan: dict[str, Any] = {
        "status": "dry run",
        "title": scenario.title,
        "folder": str(folder),
        "cells": prod(cells) if cells else None,
        "derive": list(scenario.derive),
        "probes": list(scenario.probe),
        "checks": len(scenario.check),
        "views": [view.chosen[0] for view in scenario.view],
    }
    shape = " x ".join(map(str, cells)) if cells else "as the data has"
    lines = [
        scenario.title,
        f"mesh      {shape} cells",
        f"derive    {', '.join(scenario.derive) or 'nothing'}",
        f"probe     {', '.join(scenario.probe) or 'nothing'}",
        f"check     {len(scenario.check)}",
        f"view      {', '.join(plan['views']) or 'nothing'}",
        f"folder    {folder} (nothing was written)",
    ]
    return plan | {"text": "\n".join(lines)}


def describe_scenario(loaded: Loaded) -> str:
    """Return a scenario explained: title, what to look for, the question, the checks with sources, the file."""
    scenario = loaded.scenario
    parts = [scenario.title, textwrap.fill(scenario.about.strip(), _WIDTH)]
    if scenario.question:
        parts.append(textwrap.fill(f"Question: {scenario.question.strip()}", _WIDTH))
    if scenario.check:
        rows = [f"  {c.of}: {_expected(c.equals.values, c.equals.unit)} ({c.source})" for c in scenario.check]
        parts.append("Checks:\n" + "\n".join(rows))
    parts.append(f"File {loaded.path}:\n\n" + loaded.data.decode("utf-8").rstrip())
    parts.append(f"Run it: fieldsim run {loaded.name}    Edit a copy: fieldsim new {loaded.name} my.yaml")
    return "\n\n".join(parts)


def _expected(values: tuple[float, ...], unit: str | None) -> str:
    return f"{', '.join(f'{v:g}' for v in values)} {unit or ''}".rstrip()


def describe_verification(verification: Verification) -> str:
    """Return the checks of one scenario and, where asked for, the observed orders."""
    passed = sum(check.passed for check in verification.checks)
    lines = [f"{verification.name}: {passed} of {len(verification.checks)} checks passed"]
    lines += [f"  {check_text(check)}" for check in verification.checks]
    lines += [f"  order  {line}" for line in verification.orders]
    return "\n".join(lines)


def describe_folder(folder: Path, record: Mapping[str, Any]) -> str:
    """Return what a finished run's folder holds."""
    lines = [str(record.get("title", "")), f"status    {record.get('status')} {record.get('message')}".rstrip()]
    lines += [f"picture   {folder / figure['file']}" for figure in record.get("figures", [])]
    for name in ("report.html", "scene.html", "fields.pvd", "probes.csv", "check.json"):
        if (folder / name).is_file():
            lines.append(f"file      {folder / name}")
    return "\n".join(lines)


def describe_machine() -> tuple[str, dict[str, Any]]:
    """Return what this machine can draw and how much memory is free, as text and as data."""
    from fieldsim.scenario.library import shipped_folder
    from fieldsim.scenario.record import versions
    from fieldsim.storage import available_bytes, human_bytes
    from fieldsim.view.probe import opengl

    finding = opengl()
    data = {
        "versions": versions(),
        "opengl": finding.can_draw,
        "advice": finding.advice,
        "memory_bytes": available_bytes(),
        "scenarios": str(shipped_folder("scenarios")),
        "data": str(shipped_folder("data")),
    }
    lines = [f"{name:<12}{version}" for name, version in versions().items()]
    lines.append(f"{'memory':<12}{human_bytes(available_bytes())} may be allocated")
    lines.append(f"{'pictures':<12}{'3-D with OpenGL, off-screen' if finding.can_draw else finding.advice}")
    lines.append(f"{'scenarios':<12}{data['scenarios']}")
    return "\n".join(lines), data
