"""What a report says, as frozen data: every number is already text with its unit."""

from __future__ import annotations

from dataclasses import dataclass

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Figure:
    """A picture: its file relative to the report, its title and what to know about it."""

    file: str
    title: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """A table: its title, the header with units, rows of texts, and a remark below it."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    remark: str = ""


@dataclass(frozen=True)
class CheckLine:
    """One number held against a book: what, the computed and the expected value, tolerance, source, verdict.

    `held` is false where the question was changed, so that the expected value is not the answer.
    """

    what: str
    computed: str
    expected: str
    deviation: str
    tolerance: str
    source: str
    passed: bool
    held: bool = True


@dataclass(frozen=True)
class ReportData:
    """Everything on the page. `how_wrong` are sentences about the error of the numbers and pictures."""

    title: str
    status: str
    passed: bool = True
    about: str = ""
    question: str = ""
    figures: tuple[Figure, ...] = ()
    computed: Pairs = ()
    how_wrong: tuple[str, ...] = ()
    checks: tuple[CheckLine, ...] = ()
    tables: tuple[Table, ...] = ()
    balance: Pairs = ()
    notes: tuple[str, ...] = ()
    versions: Pairs = ()
    files: Table | None = None
