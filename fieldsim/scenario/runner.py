"""Run a scenario into a folder: compute, derive, probe, check, estimate the error, write, draw, report.

Every file appears whole; whatever happens, run.json ends with the status and what was written.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fieldsim.errors import FieldSimError
from fieldsim.scenario.build import guard_disk_space, guard_memory
from fieldsim.scenario.compute import Solution, solve
from fieldsim.scenario.conduct import Conduct, Progress, silent
from fieldsim.scenario.interrupt import Interrupted, Signals
from fieldsim.scenario.load import Loaded
from fieldsim.scenario.outputs import write_outputs, write_vtk
from fieldsim.scenario.pictures import begin_probe, draw_views
from fieldsim.scenario.record import RunRecord
from fieldsim.scenario.resolved import resolved_text
from fieldsim.scenario.solved import BrokenRun

if TYPE_CHECKING:
    from fieldsim.simulation import RunState
    from fieldsim.storage import RunFolder

# in K: what is shown in degrees and lies below was most likely given in degrees without saying so
_COLD = 120.0


@dataclass(frozen=True)
class RunOptions:
    """Where a run writes and what it leaves out."""

    out: Path
    overwrite: bool = False
    resume: bool = False
    draw: bool = True


def run(
    loaded: Loaded, options: RunOptions, *, progress: Progress = silent, signals: Signals | None = None
) -> RunRecord:
    """Run a scenario into its folder and return the record; failed checks are in it, not raised.

    Raises FieldSimError; on the way out the folder's run.json says what happened.
    """
    from fieldsim.kernels.jit import compilation_told
    from fieldsim.storage import RunFolder

    if loaded.scenario.mesh is not None:
        guard_memory(loaded.scenario, loaded.scenario.mesh)
    with RunFolder.create(
        options.out.parent, options.out.name, overwrite=options.overwrite, resume=options.resume
    ) as folder:
        record = RunRecord(loaded, folder.path)
        runner = _Runner(record, folder, options, progress, signals or Signals())
        try:
            with compilation_told(runner.say):
                runner.everything()
        except BrokenRun as error:
            runner.salvage(error.partial)
            runner.finish("failed", str(error), error.exit_code)
            raise
        except FieldSimError as error:
            runner.finish("failed", str(error), error.exit_code)
            raise
        except Interrupted as error:
            runner.finish("interrupted", f"stopped by {error}", error.exit_code)
            raise
        except BaseException as error:
            runner.finish("failed", f"{type(error).__name__}: {error}", 1)
            raise
        return record


class _Runner:
    """The steps of one run, in order, on one folder."""

    def __init__(
        self, record: RunRecord, folder: RunFolder, options: RunOptions, progress: Progress, signals: Signals
    ) -> None:
        self.record = record
        self.folder = folder
        self.options = options
        self._progress = progress
        self.signals = signals
        self._begun = time.monotonic()

    def say(self, message: str) -> None:
        """Report progress and keep it for the log."""
        self.record.log.append(f"{time.monotonic() - self._begun:9.3f} s  {message}")
        self._progress(message)

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        begun = time.monotonic()
        try:
            yield
        finally:
            self.record.timings[name] = time.monotonic() - begun

    def everything(self) -> None:
        """Do the whole run."""
        record, loaded = self.record, self.record.loaded
        if not self.options.resume:
            record.add_file(self.folder.write_bytes("scenario.yaml", loaded.data))
        record.add_file(self.folder.write_text("resolved.yaml", resolved_text(loaded)))
        self.write_record()
        guard_disk_space(loaded.scenario, self.folder.path)
        if self.options.draw:
            begin_probe(loaded.scenario.view)
        with self.timed("solve"):
            solution = self.solution()
        self.describe(solution)
        with self.timed("derive, probe and write"):
            self.write_fields(solution)
        if not record.complete(solution):
            raise Interrupted(self.signals.received or 15)
        with self.timed("check"):
            self.check(solution)
        with self.timed("error estimate"):
            self.estimate(solution)
        if self.options.draw:
            with self.timed("draw"):
                self.draw(solution)
        unheld = record.unheld_checks
        failed = [] if unheld else record.failed_checks
        if unheld:
            record.notes.append(f"{len(unheld)} of {len(record.checks)} checks not held: --set changed the question.")
        if record.undrawn and not failed:
            self.finish("pictures failed", record.undrawn[0], 7)
        elif failed:
            self.finish("check failed", f"{len(failed)} of {len(record.checks)} checks failed", 6)
        else:
            self.finish("done", "", 0)

    def solution(self) -> Solution:
        """Compute the field; a signal during a run in time ends it after the step in hand."""
        conduct = Conduct(self.say, self.signals.stop_requested, self.keep, self.state())
        with self.signals.gently():
            return solve(self.record.loaded, conduct=conduct)

    def identity(self) -> dict[str, Any]:
        """Return what a checkpoint must agree with: the scenario in SI, settings included, and the version."""
        resolved = hashlib.sha256(resolved_text(self.record.loaded).encode()).hexdigest()
        return {"resolved_sha256": resolved, "fieldsim": self.record.versions["fieldsim"]}

    def keep(self, state: RunState) -> None:
        """Write the state of a run in time as the checkpoint."""
        from fieldsim.storage import save

        meta = {**self.identity(), "run": state.meta}
        self.record.add_file(save(self.folder.checkpoint, state.arrays, meta, within=self.folder.path))

    def state(self) -> RunState | None:
        """Return the state to go on from, where that is asked for. Raises StorageError with every difference."""
        if not self.options.resume:
            return None
        from fieldsim.simulation import RunState
        from fieldsim.storage import load

        checkpoint = load(self.folder.checkpoint, expect=self.identity())
        run = checkpoint.meta["run"]
        first = next(iter(run["parts"].values())) if "parts" in run else run
        self.say(f"going on from t = {first['clock']['t']:g} s")
        return RunState(checkpoint.arrays, run)

    def salvage(self, partial: Solution) -> None:
        """Write the outputs that were reached before a run in time broke, without what is derived from them."""
        self.record.times = partial.times
        for number, kept in enumerate(partial.fields):
            self.record.add_file(write_vtk(partial, number, {kept.name: kept}, self.folder))
        self.record.notes.append(f"The run broke; {len(partial.fields)} outputs up to there were kept.")

    def describe(self, solution: Solution) -> None:
        """Note the mesh and what the solver said."""
        mesh = solution.mesh
        self.record.mesh = {
            "coordinates": mesh.coordinates.name,
            "axes": {a.name: [float(a.edges[0]), float(a.edges[-1]), a.cells] for a in mesh.axes},
            "cells": mesh.size,
        }
        self.record.times = solution.times
        if solution.result is not None:
            self.describe_result(solution)
        given = self.record.loaded.scenario.field
        if given is not None and given.cut is not None:
            self.record.notes.append(
                f"Balls of radius {given.cut:g} m around the point sources are cut out: the field is infinite there."
            )
        if given is not None and given.soften is not None:
            self.record.notes.append(f"Point sources are softened over {given.soften:g} m (Plummer).")
        if solution.given is not None and solution.given.source:
            self.record.notes.append(f"Data: {solution.given.source}.")

    def describe_result(self, solution: Solution) -> None:
        """Note how the answer was found and whether the books close."""
        result = solution.result
        book, solver = result.balance, result.solver
        for name, part in solution.parts.items():
            self.record.notes.append(f"Balance of {name}: {part.result.balance}.")
        self.record.solver = {key: value for key, value in asdict(solver).items() if value not in (None, "", 0)}
        if solution.parts:
            return
        self.note_cold(solution)
        self.record.balance = {
            "in": book.flow_in,
            "out": book.flow_out,
            "source": book.source,
            "stored": book.stored,
            "missing": book.missing,
            "relative": book.relative,
            "unit": book.unit,
            "through": dict(book.through),
            "text": str(book),
        }

    def note_cold(self, solution: Solution) -> None:
        """Note a temperature shown in degrees that only kelvin taken for degrees make so low."""
        import numpy as np

        from fieldsim.units import convert

        unit = solution.fields[-1].unit
        lowest = min(float(np.nanmin(one.values)) for one in solution.fields)
        if unit in ("degC", "degF") and float(convert(lowest, unit, "K")) < _COLD:
            remedy = f"A plain number is in kelvin: write 20 {unit} where degrees are meant."
            self.record.notes.append(f"The field falls to {lowest:g} {unit}. {remedy}")

    def write_fields(self, solution: Solution) -> None:
        """Write every output with its derived fields, and the probe table over all outputs."""
        self.say(f"deriving and writing {len(solution.fields)} output(s)")
        write_outputs(solution, self.folder, self.record)

    def check(self, solution: Solution) -> None:
        from fieldsim.scenario.measure import run_checks
        from fieldsim.storage import write_json

        self.record.checks = run_checks(solution)
        outcomes = [check.as_record() for check in self.record.checks]
        self.record.add_file(write_json(self.folder.check, outcomes, within=self.folder.path))

    def estimate(self, solution: Solution) -> None:
        from fieldsim.scenario.accuracy import estimate

        self.record.accuracy = estimate(solution, self.say)

    def draw(self, solution: Solution) -> None:
        """Draw the views; a machine that cannot draw gets a note, not a failure."""
        draw_views(solution, self.folder, self.record, self.say)

    def finish(self, status: str, message: str, exit_code: int) -> None:
        """Write report, log and the final record."""
        self.record.status, self.record.message, self.record.exit_code = status, message, exit_code
        self.record.timings["total"] = time.monotonic() - self._begun
        if status in ("done", "check failed", "pictures failed"):
            self.write_report()
        self.folder.write_text("log.txt", "\n".join([*self.record.log, f"{status} {message}".strip(), ""]))
        self.write_record()

    def write_report(self) -> None:
        """Write report.html from the record."""
        from fieldsim.report import report_page
        from fieldsim.scenario.report_data import report_data

        page = report_page(report_data(self.record))
        self.record.add_file(self.folder.write_text("report.html", page))

    def write_record(self) -> None:
        from fieldsim.storage import write_json

        write_json(self.folder.record, self.record.as_record(), within=self.folder.path)
