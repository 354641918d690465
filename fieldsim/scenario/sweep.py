"""Run a scenario for every combination of settings and tabulate checks and probes."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fieldsim.errors import Finding, ScenarioError
from fieldsim.scenario.conduct import Progress, silent
from fieldsim.scenario.interrupt import Signals
from fieldsim.scenario.load import load
from fieldsim.scenario.runner import RunOptions, run

_MOST_RUNS = 1000


@dataclass(frozen=True)
class SweepTable:
    """One row a run: its settings, status and what its checks and point probes found."""

    rows: list[dict[str, Any]]

    def as_text(self) -> str:
        """Return the rows as aligned columns."""
        names = list(dict.fromkeys(name for row in self.rows for name in row))
        cells = [names, *([_cell(row.get(name)) for name in names] for row in self.rows)]
        widths = [max(len(line[k]) for line in cells) for k in range(len(names))]
        return "\n".join("  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) for line in cells)

    def as_record(self) -> dict[str, Any]:
        """Return the rows as plain data."""
        return {"runs": self.rows}


def _cell(value: Any) -> str:
    return f"{value:.7g}" if isinstance(value, float) else "" if value is None else str(value)


def combinations(settings: Sequence[str], name: str) -> list[list[str]]:
    """Return every combination of ``key=a,b,c``; commas inside brackets do not separate."""
    axes = []
    for text in settings:
        key, equals, values = text.partition("=")
        if not equals:
            raise ScenarioError(name, [Finding(f"--set {text[:80]}: must be key=value,value. For example d=1,2.")])
        axes.append([f"{key}={value}" for value in _split(values)])
    result = [list(one) for one in itertools.product(*axes)]
    if len(result) > _MOST_RUNS:
        raise ScenarioError(name, [Finding(f"a sweep must have at most {_MOST_RUNS} runs; got {len(result)}.")])
    return result


def _split(text: str) -> list[str]:
    """Split at commas that stand outside brackets."""
    parts, depth = [""], 0
    for character in text:
        depth += (character in "[{(") - (character in ")}]")
        if character == "," and depth <= 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts]


def run_sweep(
    path: Path,
    settings: Sequence[str],
    folder: Path,
    *,
    overwrite: bool = False,
    progress: Progress = silent,
    signals: Signals | None = None,
) -> SweepTable:
    """Run all combinations, each in its own folder below `folder`. Raises FieldSimError at the first that fails."""
    runs = [(one, load(path, one)) for one in combinations(settings, str(path))]
    rows = []
    for number, (one, loaded) in enumerate(runs):
        progress(f"run {number + 1} of {len(runs)}: {' '.join(one)}")
        options = RunOptions(folder / f"{number:03d}", overwrite=overwrite, draw=False)
        record = run(loaded, options, progress=progress, signals=signals)
        row: dict[str, Any] = dict(setting.split("=", 1) for setting in one)
        row["status"] = record.status
        for probe in record.probes:
            skipped = {"probe", "index", "t", "x", "y", "z", "units"}
            row |= {f"{probe['probe']}.{name}": v for name, v in probe.items() if name not in skipped}
        rows.append(row | {"folder": str(options.out)})
    return SweepTable(rows)
