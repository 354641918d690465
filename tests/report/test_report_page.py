from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fieldsim.errors import InvalidInput
from fieldsim.report import CheckLine, Figure, ReportData, Table, report_page

CHECK = CheckLine("V(1 m)", "8.9875 V", "8.98755 V", "0.0006 %", "0.1 %", "kq/r", passed=True)


class Reader(HTMLParser):
    """Collects tags, text and addresses; notices tags that do not close."""

    VOID = frozenset({"meta", "img", "br"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.text: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attributes if name in ("src", "href")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    assert not reader.open
    return reader


def test_page_says_all_it_is_given() -> None:
    data = ReportData(
        title="A point charge",
        status="done",
        about="Look at the spheres.",
        question="Why?",
        figures=(Figure("figures/01 iso.png", "Equipotentials", ("Surfaces at 10, 20 V",)),),
        computed=(("mesh", "64 x 64 x 64 cells"),),
        how_wrong=("The error of V is below 0.1 %.",),
        checks=(CHECK,),
        tables=(Table("Probes", ("point", "V (V)"), (("centre", "12.5"),), "sampled at cell centres"),),
        balance=(("in", "1 W"), ("out", "1 W")),
        notes=("A ball of 6 cm is cut out around the charge.",),
        versions=(("numpy", "2.4"),),
        files=Table("", ("file", "bytes"), (("fields/0000.vti", "1024"),)),
    )
    reader = read(report_page(data))
    text = " ".join(reader.text)
    for part in (
        "A point charge",
        "Look at the spheres.",
        "Why?",
        "Equipotentials",
        "Surfaces at 10, 20 V",
        "64 x 64 x 64 cells",
        "below 0.1 %",
        "8.98755 V",
        "✓ met",
        "kq/r",
        "sampled at cell centres",
        "How wrong is it?",
        "fields/0000.vti",
    ):
        assert part in text
    assert reader.addresses == ["figures/01%20iso.png", "figures/01%20iso.png"]


def test_page_fetches_nothing_and_runs_nothing() -> None:
    page = report_page(ReportData("t", "done", figures=(Figure("figures/a.png", "a"),)))
    assert "script" not in read(page).tags
    assert "http://" not in page
    assert "https://" not in page
    assert "default-src 'none'" in page


def test_failed_check_is_told_apart() -> None:
    failed = CheckLine("V", "1", "2", "50 %", "1 %", "book", passed=False)
    page = report_page(ReportData("t", "check failed", passed=False, checks=(CHECK, failed)))
    assert page.count("✗ not met") == 1
    assert page.count("✓ met") == 1
    assert 'class="status bad"' in page


def test_empty_parts_leave_no_heading() -> None:
    page = report_page(ReportData("t", "done"))
    assert "<h2>" not in page


@given(st.text(max_size=60))
def test_no_text_becomes_markup(text: str) -> None:
    plain = read(report_page(ReportData("t", "done", about="x", question="x", notes=("x",), checks=(CHECK,))))
    data = ReportData(
        text,
        "done",
        about=f"x{text}",
        question=f"x{text}",
        notes=(text,),
        checks=(CheckLine(text, text, text, text, text, text, passed=True),),
    )
    assert read(report_page(data)).tags == plain.tags


@pytest.mark.parametrize("file", ["/etc/passwd", "../x.png", "figures/../../x.png", "http://x/y.png", "", "a\\b.png"])
def test_pictures_outside_the_run_are_refused(file: str) -> None:
    with pytest.raises(InvalidInput, match="inside the run's folder"):
        report_page(ReportData("t", "done", figures=(Figure(file, "a"),)))


def test_ragged_table_is_refused() -> None:
    with pytest.raises(InvalidInput, match="2 cells in every row"):
        report_page(ReportData("t", "done", tables=(Table("T", ("a", "b"), (("1",),)),)))


def test_a_check_of_another_question_is_called_not_held() -> None:
    unheld = CheckLine("V", "1", "2", "50 %", "1 %", "book", passed=False, held=False)
    met = CheckLine("V", "2", "2", "0 %", "1 %", "book", passed=True, held=True)
    page = report_page(ReportData(title="t", status="s", checks=(unheld, met)))
    assert "not held</td>" in page
    assert "not met" not in page
    assert "✓ met" in page
