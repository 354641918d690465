"""Every way a scenario file can be broken as text ends in one finding with its place (FAULTS.md, YAML)."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from fieldsim.errors import ScenarioError
from fieldsim.scenario.nodes import plain
from fieldsim.scenario.reader import DEEPEST, MOST_NODES, read_file, read_text


def fault(text: str) -> ScenarioError:
    with pytest.raises(ScenarioError) as caught:
        read_text(text, "s.yaml")
    return caught.value


def place(error: ScenarioError) -> tuple[int | None, int | None]:
    return error.findings[0].line, error.findings[0].column


def test_values_follow_the_core_schema_of_yaml_1_2() -> None:
    text = "a: 1e-3\nb: 1e5\nc: 0x1F\nd: 0o17\ne: yes\nf: null\ng: '1'\nh: [.5, -3, +2.5e+1, true]\n"
    text += "i: 2001-01-01\nj: 1_000"
    assert plain(read_text(text, "s")) == {
        "a": 1e-3, "b": 1e5, "c": 31, "d": 15, "e": "yes", "f": None, "g": "1", "h": [0.5, -3, 25.0, True],
        "i": "2001-01-01", "j": "1_000",
    }  # fmt: skip


def test_every_node_knows_its_place() -> None:
    root = read_text("mesh:\n  x: [0, 1]\n  y: {low: 2}\n", "s")
    mesh = root.content["mesh"]
    assert (mesh.content["x"].place.line, mesh.content["x"].place.column) == (2, 6)
    assert mesh.content["x"].content[1].place.column == 10
    assert mesh.content["y"].content["low"].key_place.column == 7


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing here\n", "---\n", "null", "~"])
def test_empty_scenarios_are_named_so(text: str) -> None:
    assert "empty" in str(fault(text))


@pytest.mark.parametrize("text", ["[1, 2]", "words", "12", "- a: 1"])
def test_a_scenario_must_be_a_mapping(text: str) -> None:
    assert "mapping" in str(fault(text))


@pytest.mark.parametrize(
    ("data", "offset"),
    [
        (b"\xff\xfea\x00", "byte offset 0"),
        ("titre: été".encode("latin-1"), "byte offset 7"),
        (b"\xef\xbb\xbftitle: \xe9", "byte offset 10"),
        ("title: x".encode("utf-16"), "byte offset 0"),
    ],
)
def test_other_encodings_are_refused_with_the_byte_offset(tmp_path: Path, data: bytes, offset: str) -> None:
    path = tmp_path / "s.yaml"
    path.write_bytes(data)
    with pytest.raises(ScenarioError, match=offset):
        read_file(path)


def test_a_byte_order_mark_of_utf_8_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_bytes(b"\xef\xbb\xbftitle: \xc3\xa9t\xc3\xa9\r\n")
    root, data = read_file(path)
    assert plain(root) == {"title": "été"}
    assert data.startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("character", ["\x07", "\x00", "\x1b", "\x7f", "\u2028\x01", "\ufeff"])
def test_control_characters_are_refused_with_line_and_column(character: str) -> None:
    error = fault(f"title: fine\nabout: a{character}b")
    assert error.findings[0].line == 2
    assert "control character" in str(error)


def test_two_documents_are_refused_at_the_second() -> None:
    error = fault("a: 1\n---\nb: 2\n")
    assert place(error) == (2, 1)
    assert "one YAML document" in str(error)


@pytest.mark.parametrize(
    ("text", "first", "second"),
    [("k: 1\nj: 0\nk: 2", 1, 3), ("a:\n  b:\n    k: 1\n    k: 2", 3, 4), ("l: [0,\n {k: 1,\n k: 2}]", 2, 3)],
)
def test_duplicate_keys_name_both_lines_at_any_depth(text: str, first: int, second: int) -> None:
    error = fault(text)
    assert f"line {first} and again on line {second}" in str(error)
    assert error.findings[0].line == second


def test_all_duplicates_are_reported_at_once() -> None:
    assert len(fault("a: {k: 1, k: 2}\nb: {k: 1, k: 2}\na: 3").findings) == 3


@pytest.mark.parametrize(
    "value",
    [
        '!!python/object/apply:os.system ["touch MARKER"]',
        "!!python/name:os.system ''",
        "!include /etc/passwd",
        "!env HOME",
        "!!str 5",
        "!<tag:x> {a: 1}",
        "!x [1]",
    ],
)
def test_tags_are_refused_and_do_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.chdir(tmp_path)
    opened: list[str] = []
    recording = [True]

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if recording[0] and event in ("open", "os.system", "subprocess.Popen", "exec"):
            opened.append(f"{event} {arguments[0]!r}")

    read_text("warm: up", "s")
    sys.addaudithook(watch)
    error = fault(f"title: {value}")
    recording[0] = False
    assert "tags are not allowed" in str(error)
    assert place(error) == (1, 8)
    assert not [entry for entry in opened if "passwd" in entry or not entry.startswith("open")]
    assert not (tmp_path / "MARKER").exists()


@pytest.mark.parametrize("text", ["a: &a {b: *a}", "- &x [*x]", "a: &a\n  b: {c: [1, *a]}"])
def test_cyclic_aliases_are_refused(text: str) -> None:
    assert "cyclic alias" in str(fault(text))


def test_aliases_of_finished_values_are_followed() -> None:
    assert plain(read_text("a: &p [1, 2]\nb: *p\nc: {d: *p}", "s")) == {"a": [1, 2], "b": [1, 2], "c": {"d": [1, 2]}}
    assert "names nothing" in str(fault("a: *nowhere"))


def test_aliases_cannot_multiply_without_end() -> None:
    lines = ["a0: &a0 [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]"]
    lines += [f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 10)}]" for k in range(1, 12)]
    assert f"at most {MOST_NODES} values" in str(fault("\n".join(lines)))


@pytest.mark.parametrize("depth", [DEEPEST + 1, 1000, 5000])
@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_deep_nesting_is_refused_quickly(depth: int, opening: str) -> None:
    begun = time.process_time()
    assert "nested too deeply" in str(fault(opening * depth))
    assert time.process_time() - begun < 2.0


@pytest.mark.parametrize("value", ["9" * 5000, "-" + "1" * 101])
def test_integers_with_too_many_digits_are_refused(value: str) -> None:
    error = fault(f"a: 1\nb: {value}")
    assert "digits" in str(error)
    assert place(error) == (2, 4)


@pytest.mark.parametrize("value", [".nan", ".NaN", ".inf", "-.inf", "+.INF", "1e400", "-1e999"])
def test_numbers_that_are_not_finite_are_refused_with_their_path(value: str) -> None:
    error = fault(f"mesh: {{x: [0, {value}]}}")
    assert "finite" in str(error)
    assert error.findings[0].path == "mesh.x[1]"


@pytest.mark.parametrize("key", ["1", "1.5", "true", "null", "[1, 2]", "{a: 1}", "? [x]\n"])
def test_keys_must_be_text(key: str) -> None:
    assert "keys must be text" in str(fault(f"{key}: 2"))


@pytest.mark.parametrize(
    "text", ["a: [1, 2", "a: b: c", "a:\n\t- b", "a: 'x\n", "a: @b", "a: `", "a: &", "%FOO\n", "a: |x\n b"]
)
def test_what_is_no_yaml_is_told_with_its_place(text: str) -> None:
    error = fault(text)
    assert "not YAML" in str(error)
    assert error.findings[0].line is not None


def test_a_scenario_with_too_many_values_is_refused_quickly() -> None:
    begun = time.process_time()
    assert "data file" in str(fault("a: [" + "1," * 100_000 + "1]"))
    assert time.process_time() - begun < 2.0


def test_files_that_cannot_be_read_say_why(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="No such file"):
        read_file(tmp_path / "none.yaml")
    with pytest.raises(ScenarioError, match=r"folder|directory"):
        read_file(tmp_path)
    with pytest.raises(ScenarioError, match="regular file"):
        read_file("/dev/zero")
    with pytest.raises(ScenarioError, match="not a path"):
        read_file("a\0b")
    big = tmp_path / "big.yaml"
    big.write_bytes(b"#" * 2_000_001)
    with pytest.raises(ScenarioError, match="at most 2000000 bytes"):
        read_file(big)


def test_a_pipe_is_never_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(ScenarioError, match="regular file"):
        read_file(pipe)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_names_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text("a: 1")
    path.chmod(0)
    with pytest.raises(ScenarioError, match="Permission denied"):
        read_file(path)


@pytest.mark.parametrize("text", ["a: {s: where(x > 0, 1, 2), b: 1}", "a: [max(x, 1), 2]", "a: {b: dot(E, E)}"])
def test_a_formula_cut_at_its_comma_is_told_to_be_quoted(text: str) -> None:
    error = fault(text)
    assert len(error.findings) == 1
    assert "must stand in quotes" in str(error)
    quoted = "a: {s: 'where(x > 0, 1, 2)', t: (1 + 2), u: '(a', v: 0}\nb: where(x > 0, 1, 2)"
    assert plain(read_text(quoted, "s"))["b"] == "where(x > 0, 1, 2)"
