"""What is known of a run: becomes run.json, the report, and what the command line prints."""

from __future__ import annotations

import platform
from dataclasses import dataclass, field
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fieldsim.scenario.load import Loaded

if TYPE_CHECKING:
    from fieldsim.scenario.accuracy import ErrorLine
    from fieldsim.scenario.compute import Solution
    from fieldsim.scenario.measure import CheckOutcome
    from fieldsim.storage import WrittenFile

_PACKAGES = ("fieldsim", "numpy", "scipy", "numba", "pyvista", "pydantic", "ruamel.yaml")


@dataclass
class RunRecord:
    """What is known of a run so far; becomes run.json and the report."""

    loaded: Loaded
    folder: Path
    status: str = "running"
    message: str = ""
    exit_code: int | None = None
    timings: dict[str, float] = field(default_factory=dict)
    mesh: dict[str, Any] = field(default_factory=dict)
    fields: dict[str, dict[str, Any]] = field(default_factory=dict)
    times: tuple[float, ...] = ()
    checks: list[CheckOutcome] = field(default_factory=list)
    accuracy: list[ErrorLine] = field(default_factory=list)
    probes: list[dict[str, Any]] = field(default_factory=list)
    balance: dict[str, Any] = field(default_factory=dict)
    solver: dict[str, Any] = field(default_factory=dict)
    figures: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    undrawn: list[str] = field(default_factory=list)
    log: list[str] = field(default_factory=list)

    @cached_property
    def versions(self) -> dict[str, str]:
        """Versions of what computed the run."""
        return versions()

    @property
    def failed_checks(self) -> list[CheckOutcome]:
        """The checks that were not met."""
        return [check for check in self.checks if not check.passed]

    @property
    def unheld_checks(self) -> list[CheckOutcome]:
        """The checks that were not met and need not be, because --set changed the question."""
        return self.failed_checks if self.loaded.question_changed else []

    def complete(self, solution: Solution) -> bool:
        """Tell whether a run in time reached its end, or a steady state before it."""
        plan = self.loaded.scenario.time
        steady = solution.result is not None and solution.result.solver.steady
        return plan is None or steady or solution.times[-1] >= plan.until * (1.0 - 1e-12)

    def add_file(self, written: WrittenFile) -> None:
        """Remember a file with its size and hash."""
        name = Path(written.path).relative_to(self.folder).as_posix()
        self.files[name] = {"bytes": written.size, "sha256": written.sha256}

    def as_record(self) -> dict[str, Any]:
        """Return the record as plain data."""
        scenario = self.loaded.scenario
        return {
            "format": 1,
            "status": self.status,
            "message": self.message,
            "exit_code": self.exit_code,
            "name": self.loaded.name,
            "title": scenario.title,
            "about": scenario.about.strip(),
            "question": (scenario.question or "").strip(),
            "scenario_sha256": self.loaded.sha256,
            "settings": list(self.loaded.settings),
            "checks_not_held": [check.number for check in self.unheld_checks],
            "versions": self.versions,
            "timings_s": {name: round(seconds, 4) for name, seconds in self.timings.items()},
            "mesh": self.mesh,
            "fields": self.fields,
            "times_s": list(self.times),
            "checks": [check.as_record() for check in self.checks],
            "accuracy": [line.as_record() | {"sentence": line.sentence()} for line in self.accuracy],
            "probes": self.probes,
            "balance": self.balance,
            "solver": self.solver,
            "figures": self.figures,
            "files": self.files,
            "notes": self.notes,
            "undrawn": self.undrawn,
        }


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that matter to the numbers."""
    found = {"python": platform.python_version(), "system": f"{platform.system()} {platform.machine()}"}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found
