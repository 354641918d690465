"""Tables and records for people and other programs: CSV with units in the header, JSON with sorted keys.

Both are written whole and give the same bytes for the same values; JSON never holds NaN or infinity.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from fieldsim.errors import InvalidInput, StorageError, must
from fieldsim.storage.atomic import WrittenFile, read_bytes, write_bytes, write_text

_LARGEST_JSON = 64 << 20
_QUOTED = frozenset(',"\r\n')


def write_csv(
    path: str | os.PathLike[str],
    columns: Mapping[str, str],
    rows: Iterable[Sequence[float | int | str | bool | None]],
    *,
    within: str | os.PathLike[str] | None = None,
) -> WrittenFile:
    """Write a table whose header is "name [unit]"; numbers keep all their digits.

    columns: name -> unit ("" for none), in order. rows: one value a column, None for an empty cell. Raise
    InvalidInput for a row of the wrong length, StorageError when it cannot be written.
    """
    lines = [_line([f"{name} [{unit}]" if unit else name for name, unit in columns.items()])]
    for number, row in enumerate(rows):
        if len(row) != len(columns):
            raise InvalidInput(
                must(f"rows[{number}]", f"{len(columns)} values long", len(row), "Give one value a column.")
            )
        lines.append(_line([_cell(value) for value in row]))
    return write_text(path, "".join(lines), within=within)


def write_json(
    path: str | os.PathLike[str], value: object, *, within: str | os.PathLike[str] | None = None
) -> WrittenFile:
    """Write `value` as JSON with sorted keys; numpy numbers and arrays become plain ones.

    Raise InvalidInput naming the place of a NaN, an infinity or a value JSON cannot hold.
    """
    return write_bytes(path, to_json(value, indent=1) + b"\n", within=within)


def read_json(path: str | os.PathLike[str]) -> Any:
    """Return what a JSON file of at most 64 MiB holds; raise StorageError when it is missing or damaged."""
    data = read_bytes(path, largest=_LARGEST_JSON)
    try:
        return json.loads(data.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise StorageError(f"{os.fspath(path)!r} is not JSON: {error}. Write it anew by running again.") from error


def to_json(value: object, *, indent: int | None = None) -> bytes:
    """Return `value` as UTF-8 JSON with sorted keys; raise InvalidInput for what JSON cannot hold."""
    separators = (",", ":") if indent is None else (",", ": ")
    text = json.dumps(
        plain(value),
        sort_keys=True,
        ensure_ascii=False,
        allow_nan=False,
        indent=indent,
        separators=separators,
    )
    # A lone surrogate (from a file name that is not UTF-8) becomes \udcXX, which is JSON's own escape for it.
    return text.encode("utf-8", errors="backslashreplace")


def plain(value: object, place: str = "value") -> Any:
    """Return `value` made of dict, list, str, int, float, bool, None only; raise InvalidInput otherwise."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, np.generic | np.ndarray):
        return plain(value.tolist(), place)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise InvalidInput(must(place, "finite", value, "JSON has no NaN or infinity: leave it out."))
        return float(value)
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, Mapping):
        return {_key(key, place): plain(item, f"{place}.{key}") for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item, f"{place}[{index}]") for index, item in enumerate(value)]
    raise InvalidInput(must(place, "numbers, text, lists and mappings", value, "Convert it first."))


def _key(key: object, place: str) -> str:
    if not isinstance(key, str):
        raise InvalidInput(must(place, "a mapping with text keys", key, "Turn the key into text."))
    return key


def _refuse_constant(text: str) -> float:
    raise ValueError(f"it holds {text}")


def _line(cells: list[str]) -> str:
    """Return one line of a table, quoted as RFC 4180 asks (Python's csv leaves a carriage return bare)."""
    if cells == [""]:
        return '""\n'  # an empty line would be no row at all
    quoted = ['"' + cell.replace('"', '""') + '"' if set(cell) & _QUOTED else cell for cell in cells]
    return ",".join(quoted) + "\n"


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float | np.floating):
        return repr(float(value))
    return str(value)
