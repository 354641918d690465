"""What fieldsim raises: one family, each message "`name` must be RULE; got VALUE. REMEDY."

Every class carries the exit code that the command line returns for it.
"""

from __future__ import annotations

from dataclasses import dataclass

_LONGEST_ECHO = 200


class FieldSimError(Exception):
    """Base of everything fieldsim raises on purpose."""

    exit_code = 1


class InvalidInput(FieldSimError, ValueError):
    """A value given by the user breaks a rule."""

    exit_code = 2


class RankError(InvalidInput, TypeError):
    """An operator was given a field of the wrong rank (a vector for a scalar, or the reverse)."""


class ExpressionError(InvalidInput):
    """A formula is not in the allowed language, or does not evaluate to what is needed."""


class UnitsError(InvalidInput):
    """A quantity cannot be read, or has the wrong dimension."""


class Refused(FieldSimError):
    """A guard refused to start: memory, disk, or an unstable step."""

    exit_code = 3


class NumericalFailure(FieldSimError):
    """A computation produced non-finite numbers or did not converge."""

    exit_code = 4


class StorageError(FieldSimError, OSError):
    """The disk is full, a folder is locked or unwritable, or a file is damaged."""

    exit_code = 5


class CheckFailed(FieldSimError):
    """A scenario's `check` was not met."""

    exit_code = 6


class CannotDraw(FieldSimError):
    """Pictures were required and this machine cannot draw them."""

    exit_code = 7


@dataclass(frozen=True)
class Finding:
    """One fault of a scenario file: where it is, which rule it breaks, what to do."""

    message: str
    path: str = ""
    line: int | None = None
    column: int | None = None


class ScenarioError(InvalidInput):
    """A scenario file has one or more faults; `findings` lists all of them."""

    def __init__(self, file: str, findings: list[Finding]) -> None:
        self.file = file
        self.findings = findings
        super().__init__("\n".join(self.lines()))

    def lines(self) -> list[str]:
        """Return one line a finding: ``file:line:column: path: message``."""
        result = []
        for finding in self.findings:
            place = self.file
            if finding.line is not None:
                place += f":{finding.line}"
                if finding.column is not None:
                    place += f":{finding.column}"
            path = f" {finding.path}:" if finding.path else ""
            result.append(f"{place}:{path} {finding.message}")
        return result


def echo(value: object) -> str:
    """Return `value` as a message may show it: its repr, cut at 200 characters."""
    text = repr(value)
    return text if len(text) <= _LONGEST_ECHO else text[: _LONGEST_ECHO - 3] + "..."


def must(name: str, rule: str, got: object, remedy: str) -> str:
    """Return the one sentence shape of all input errors."""
    return f"`{name}` must be {rule}; got {echo(got)}. {remedy}"
