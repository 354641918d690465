"""The pages under docs/ and the README run, and print what stands under their code."""

from __future__ import annotations

import contextlib
import io
import re
import textwrap
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FENCE = re.compile(r"^(?P<indent> *)```(?P<kind>\w*)\n(?P<body>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?")
# Numbers this small are rounding errors, which differ from machine to machine.
ROUNDING = 1e-11


def blocks(page):
    """Return (line, kind, text) of every fenced block."""
    text = page.read_text(encoding="utf-8")
    return [
        (text[: m.start("body")].count("\n") + 1, m["kind"], textwrap.dedent(m["body"])) for m in FENCE.finditer(text)
    ]


PAGES = [
    page
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    if page.exists() and any(kind == "python" for _, kind, _ in blocks(page))
]


def alike(found, expected):
    """Tell whether two printed numbers agree: whole numbers exactly, others to 5 % or one unit of the last digit."""
    if found == expected:
        return True
    if not re.search(r"[.e]", found + expected):
        return False
    a, b = float(found), float(expected)
    digits, _, power = expected.partition("e")
    unit = 10.0 ** (int(power) - len(digits.partition(".")[2])) if power else 0.0
    return abs(a - b) <= max(0.05 * abs(b), 1.01 * unit) or max(abs(a), abs(b)) < ROUNDING


def assert_printed(found, expected, place):
    """Hold printed lines: the words exactly, the numbers loosely."""
    assert len(found.strip().splitlines()) == len(expected.strip().splitlines()), f"{place}: printed\n{found}"
    for ours, theirs in zip(found.strip().splitlines(), expected.strip().splitlines(), strict=True):
        assert NUMBER.sub("#", ours).split() == NUMBER.sub("#", theirs).split(), f"{place}: {ours!r} for {theirs!r}"
        for a, b in zip(NUMBER.findall(ours), NUMBER.findall(theirs), strict=True):
            assert alike(a, b), f"{place}: {ours!r} for {theirs!r}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_page_runs_and_prints_what_it_says(page, tmp_path, monkeypatch):
    """All blocks of a page share one namespace; a text block after a Python block is what that block prints."""
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {"__name__": "__main__"}
    for (line, kind, code), (_, next_kind, expected) in pairwise([*blocks(page), (0, "", "")]):
        if kind != "python":
            continue
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile("\n" * line + code, str(page), "exec"), namespace)
        if next_kind == "text":
            assert_printed(printed.getvalue(), expected, f"{page.name}:{line}")


SCENARIOS = [
    pytest.param(text, id=f"{page.stem}-{line}")
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    for line, kind, text in blocks(page)
    if kind == "yaml" and text.startswith("fieldsim: 1")
]


@pytest.mark.parametrize("text", SCENARIOS)
def test_scenario_of_a_page_holds_its_checks(text, tmp_path):
    from fieldsim.scenario.load import load
    from fieldsim.scenario.runner import RunOptions, run

    file = tmp_path / "page.yaml"
    file.write_text(text, encoding="utf-8")
    record = run(load(file), RunOptions(tmp_path / "run", draw=False))
    assert record.checks
    assert (record.status, record.failed_checks) == ("done", [])


def test_the_layers_of_the_readme_can_be_set(tmp_path):
    from fieldsim.cli.main import main

    page = ROOT / "README.md"
    file = tmp_path / "composite_wall.yaml"
    file.write_text(next(text for _, kind, text in blocks(page) if kind == "yaml"), encoding="utf-8")
    commands = [
        line.partition("#")[0].split() for _, kind, text in blocks(page) if kind == "sh" for line in text.splitlines()
    ]
    ours = [words[1:] for words in commands if "composite_wall.yaml" in words]
    assert len(ours) == 3
    for words in ours:
        words = [str(file) if word == file.name else word for word in words]
        if words[0] == "run":
            place = str(tmp_path / f"run{len(words)}")
            words = [*(words[:-1] if "--out" in words else [*words, "--out"]), place, "--no-view"]
        assert main(words) == 0, words


def test_there_are_pages():
    assert {"README.md", "operators.md"} <= {page.name for page in PAGES}


@pytest.mark.parametrize(
    "page", [*sorted((ROOT / "docs").rglob("*.md")), ROOT / "README.md"], ids=lambda page: page.name
)
def test_links_of_a_page_lead_somewhere(page):
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name}: {target} does not exist"
