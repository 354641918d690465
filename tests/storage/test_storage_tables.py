"""CSV and JSON, read back with Python's own readers."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldsim.errors import InvalidInput, StorageError
from fieldsim.storage import read_json, write_csv, write_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


def rows_of(path: Path) -> list[list[str]]:
    with open(path, newline="", encoding="utf-8") as stream:
        return list(csv.reader(stream))


@settings(deadline=None)
@given(rows=st.lists(st.tuples(st.floats(), st.integers(), st.text(st.characters(codec="utf-8")))))
def test_rows_come_back_with_all_digits(tmp_path_factory: pytest.TempPathFactory, rows: list[Any]) -> None:
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    write_csv(path, {"T": "degC", "n": "", 'a "b", c': "W/m²"}, rows)
    header, *got = rows_of(path)
    assert header == ["T [degC]", "n", 'a "b", c [W/m²]']
    assert len(got) == len(rows)
    for (number, count, text), (x, n, word) in zip(got, rows, strict=True):
        assert float(number) == x or (math.isnan(float(number)) and math.isnan(x))
        assert int(count) == n
        assert text == word


def test_an_empty_cell_alone_is_still_a_row(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", {"a": ""}, [(None,), (1.0,)])
    assert rows_of(tmp_path / "a.csv") == [["a"], [""], ["1.0"]]


def test_numpy_numbers_flags_and_gaps(tmp_path: Path) -> None:
    row = [np.float64(0.1), np.int32(3), np.bool_(True), False, None, np.float32(0.5)]
    write_csv(tmp_path / "a.csv", dict.fromkeys("abcdef", ""), [row])
    assert rows_of(tmp_path / "a.csv")[1] == ["0.1", "3", "true", "false", "", "0.5"]


def test_a_row_of_the_wrong_length_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"rows\[1\]"):
        write_csv(tmp_path / "a.csv", {"a": "", "b": ""}, [(1, 2), (1,)])
    assert not (tmp_path / "a.csv").exists()


@settings(deadline=None)
@given(value=VALUES)
def test_json_comes_back_and_is_strict(tmp_path_factory: pytest.TempPathFactory, value: Any) -> None:
    path = tmp_path_factory.mktemp("json") / "a.json"
    write_json(path, value)
    assert read_json(path) == value
    assert json.loads(path.read_bytes()) == value


def test_the_order_of_keys_changes_no_byte(tmp_path: Path) -> None:
    one = write_json(tmp_path / "one", {"b": 1, "a": {"d": 1, "c": 2}})
    two = write_json(tmp_path / "two", {"a": {"c": 2, "d": 1}, "b": 1})
    assert one.sha256 == two.sha256


def test_numpy_and_paths_become_plain(tmp_path: Path) -> None:
    value = {"a": np.float32(0.5), "b": np.arange(3), "c": (np.bool_(True), np.int64(4)), "d": Path("x/y")}
    write_json(tmp_path / "a", value)
    assert read_json(tmp_path / "a") == {"a": 0.5, "b": [0, 1, 2], "c": [True, 4], "d": "x/y"}


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"a": [1.0, {"b": math.nan}]}, "value.a[1].b"),
        (np.array([1.0, np.inf]), "value[1]"),
        ({"a": np.float64("-inf")}, "value.a"),
        ({1: 2}, "value"),
        ({"a": {1, 2}}, "value.a"),
        ({"a": 1j}, "value.a"),
        ({"a": np.array([object()])}, "value.a[0]"),
    ],
)
def test_what_json_cannot_hold_is_named(tmp_path: Path, value: Any, place: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        write_json(tmp_path / "a", value)
    assert f"`{place}`" in str(caught.value)
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("data", [b"", b"{", b'{"a": NaN}', b"\xff", b"[" * 100_000, b"1" * 5000, b"{} {}"])
def test_damaged_json_is_a_storage_error(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a").write_bytes(data)
    with pytest.raises(StorageError, match="is not JSON"):
        read_json(tmp_path / "a")
