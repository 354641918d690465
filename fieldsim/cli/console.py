"""What the command line prints: results on stdout, progress and errors on stderr; a closed pipe is no error."""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

from fieldsim.errors import FieldSimError, ScenarioError, StorageError

_SHOWN_FINDINGS = 50


class Console:
    """Writes results and progress; `quiet` keeps progress to itself, `as_json` leaves stdout to one JSON object."""

    def __init__(self, *, quiet: bool = False, as_json: bool = False) -> None:
        self.quiet = quiet
        self.as_json = as_json
        self._begun = time.monotonic()

    def progress(self, message: str) -> None:
        """Show one line of progress on stderr."""
        if not self.quiet:
            write_error(f"[{time.monotonic() - self._begun:6.1f} s] {message}")

    def result(self, text: str) -> None:
        """Print text that people read; nothing where JSON is asked for."""
        if not self.as_json:
            write_result(text)

    def data(self, value: Any) -> None:
        """Print an object as JSON where JSON is asked for."""
        if self.as_json:
            write_result(json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False, default=str))


def open_closed_streams() -> None:
    """Open the null device for each standard stream that is closed, so that no file of ours takes its number."""
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is not None:
            continue
        nowhere = os.open(os.devnull, os.O_RDWR)
        if nowhere != number:
            os.dup2(nowhere, number)
            os.close(nowhere)
        setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", closefd=False))


def write_result(text: str) -> None:
    """Print on stdout; a reader that has gone away is no error, a full disk is. Raises StorageError."""
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        discard_stdout()
    except UnicodeEncodeError:
        sys.stdout.write(text.encode("ascii", "backslashreplace").decode("ascii") + "\n")
    except OSError as error:
        discard_stdout()
        raise StorageError(f"stdout cannot be written: {error.strerror}. Send it elsewhere.") from None


def write_error(text: str) -> None:
    """Print on stderr; nothing can be done where that fails."""
    try:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()
    except UnicodeEncodeError:
        sys.stderr.write(text.encode("ascii", "backslashreplace").decode("ascii") + "\n")
    except OSError:
        return


def discard_stdout() -> None:
    """Point stdout nowhere, so that the interpreter's last flush does not fail."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    except (OSError, ValueError):
        return


def describe(error: FieldSimError) -> list[str]:
    """Return the lines that tell a user what is wrong."""
    if not isinstance(error, ScenarioError):
        return [f"fieldsim: {error}"]
    lines = error.lines()
    if len(lines) > _SHOWN_FINDINGS:
        lines = [*lines[:_SHOWN_FINDINGS], f"... and {len(lines) - _SHOWN_FINDINGS} more"]
    count = len(error.findings)
    return [*lines, f"fieldsim: {count} error{'' if count == 1 else 's'} in {error.file}"]


def error_record(error: FieldSimError) -> dict[str, Any]:
    """Return an error as plain data, for --json."""
    findings = []
    if isinstance(error, ScenarioError):
        findings = [{"path": f.path, "line": f.line, "column": f.column, "message": f.message} for f in error.findings]
    return {"status": "error", "exit_code": error.exit_code, "message": str(error), "findings": findings}
