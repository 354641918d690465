"""Write a report as one self-contained web page: no script, nothing fetched, pictures by relative name.

All text is escaped, so that nothing in a scenario can become markup.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from urllib.parse import quote

from fieldsim.errors import InvalidInput, must
from fieldsim.report.data import CheckLine, Figure, Pairs, ReportData, Table
from fieldsim.report.style import STYLE


def report_page(data: ReportData) -> str:
    """Return the text of the page; writing it is the business of storage. Raises InvalidInput for a bad file name."""
    sections = [
        _header(data),
        _figures(data.figures),
        _section("How wrong is it?", _sentences(data.how_wrong) + _checks(data.checks)),
        _section("What was computed", _pairs(data.computed)),
        _section("Balance", _pairs(data.balance)),
        *(_table_section(table) for table in data.tables),
        _section("Notes", _sentences(data.notes)),
        _section("Files", _table(data.files) if data.files else ""),
        _section("Versions", _pairs(data.versions)),
    ]
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
            "img-src 'self' file: data:; style-src 'unsafe-inline'\">",
            f"<title>{escape(data.title)}</title>",
            f"<style>{STYLE}</style>",
            "</head>",
            "<body>",
            "<main>",
            *(section for section in sections if section),
            "</main>",
            "</body>",
            "</html>",
            "",
        ]
    )


def _header(data: ReportData) -> str:
    verdict = "good" if data.passed else "bad"
    lines = [
        "<header>",
        f"<h1>{escape(data.title)}</h1>",
        f'<p class="status {verdict}">{escape(data.status)}</p>',
    ]
    lines += [f"<p>{escape(part)}</p>" for part in (data.about.strip(),) if part]
    if data.question.strip():
        lines.append(f'<p class="question"><b>Question:</b> {escape(data.question.strip())}</p>')
    return "\n".join([*lines, "</header>"])


def _section(title: str, content: str) -> str:
    return f"<section>\n<h2>{escape(title)}</h2>\n{content}\n</section>" if content else ""


def _figures(figures: Sequence[Figure]) -> str:
    parts = []
    for figure in figures:
        source = _address(figure.file)
        caption = "<br>".join([f"<b>{escape(figure.title)}</b>", *(escape(note) for note in figure.notes)])
        parts.append(
            f'<figure><a href="{source}"><img src="{source}" alt="{escape(figure.title)}"></a>'
            f"<figcaption>{caption}</figcaption></figure>"
        )
    return "\n".join(['<section class="figures">', *parts, "</section>"]) if parts else ""


def _address(file: str) -> str:
    """Return a file name inside the run's folder as an address; absolute names and ways out are refused."""
    if not file or file.startswith(("/", "\\")) or ".." in file.split("/") or ":" in file or "\\" in file:
        raise InvalidInput(must("file", "a name inside the run's folder", file, "Put the picture under figures/."))
    return escape(quote(file))


def _sentences(sentences: Sequence[str]) -> str:
    items = [f"<li>{escape(sentence)}</li>" for sentence in sentences]
    return "\n".join(["<ul>", *items, "</ul>"]) if items else ""


def _pairs(pairs: Pairs) -> str:
    rows = [f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in pairs]
    return "\n".join(['<table class="pairs">', *rows, "</table>"]) if rows else ""


def _checks(checks: Sequence[CheckLine]) -> str:
    if not checks:
        return ""
    header = ("", "quantity", "computed", "expected", "deviation", "allowed", "source")
    rows = []
    for check in checks:
        sign, verdict = ("✓ met", "good") if check.passed else ("✗ not met", "bad")
        if not check.held and not check.passed:
            sign, verdict = "not held", "idle"
        cells = (check.what, check.computed, check.expected, check.deviation, check.tolerance, check.source)
        rows.append(
            f'<tr><td class="{verdict}">{sign}</td>' + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"
        )
    return _rows("Held against books and formulas", header, rows, "")


def _table_section(table: Table) -> str:
    return _section(table.title, _table(table)) if table.rows else ""


def _table(table: Table) -> str:
    for row in table.rows:
        if len(row) != len(table.header):
            rule = f"{len(table.header)} cells in every row"
            raise InvalidInput(must("rows", rule, len(row), "Give one cell a column."))
    rows = ["<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in table.rows]
    return _rows("", table.header, rows, table.remark)


def _rows(caption: str, header: Sequence[str], rows: Sequence[str], remark: str) -> str:
    parts = ['<div class="wide"><table>']
    if caption:
        parts.append(f"<caption>{escape(caption)}</caption>")
    parts.append("<tr>" + "".join(f"<th>{escape(name)}</th>" for name in header) + "</tr>")
    parts += [*rows, "</table></div>"]
    if remark:
        parts.append(f'<p class="remark">{escape(remark)}</p>')
    return "\n".join(parts)
