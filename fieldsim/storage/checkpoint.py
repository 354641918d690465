"""One file that a run continues from to the same bits, never believed when a single bit of it changed.

magic (16) | version u32 | header length u32 | digest (32) | header JSON | arrays, 64-byte aligned | digest (32)

Both digests are SHA-256: the first covers what stands before it and the header, whose sizes are believed only
then; the last covers every byte before it. All numbers are little-endian. Nothing is ever unpickled.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BufferedReader
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fieldsim.errors import InvalidInput, StorageError, echo, must
from fieldsim.storage.atomic import DigestingWriter, WrittenFile, open_regular, whole_file
from fieldsim.storage.faults import storage_error
from fieldsim.storage.memory import guard
from fieldsim.storage.tables import plain, to_json

VERSION = 1

# Like PNG's: the high bit and the line ends show a file that went through a text-mode copy.
_MAGIC = b"\x89fieldsim-ck\r\n\x1a\n"
_PRELUDE = struct.Struct("<16sII")
_DIGEST = 32
_ALIGNMENT = 64
_LARGEST_HEADER = 4 << 20
_BLOCK = 4 << 20
_DTYPE = re.compile(r"[<|](b1|[iu][1248]|f[248]|c8|c16)")
_ABSENT = object()
_DAMAGED = "Take an earlier checkpoint or start the run again."


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint holds: `arrays` by name, `meta` (plain JSON values), SHA-256 of the file."""

    arrays: dict[str, NDArray[Any]]
    meta: dict[str, Any]
    sha256: str


@dataclass(frozen=True)
class _Entry:
    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    offset: int

    @property
    def size(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize


def save(
    path: str | os.PathLike[str],
    arrays: Mapping[str, NDArray[Any]],
    meta: Mapping[str, object],
    *,
    within: str | os.PathLike[str] | None = None,
) -> WrittenFile:
    """Write `arrays` (bool, integer, float or complex, any shape) and `meta` to `path`, whole or not at all.

    A checkpoint that stands there stays until the new one is whole. Raise InvalidInput for what cannot be
    kept (objects, masked arrays, NaN in `meta`), StorageError when it cannot be written.
    """
    kept = {name: _checked(name, array) for name, array in arrays.items()}
    header, entries = _header(kept, meta)
    with whole_file(path, within=within) as stream:
        writer = DigestingWriter(stream)
        writer.write(_PRELUDE.pack(_MAGIC, VERSION, len(header)))
        writer.write(hashlib.sha256(_PRELUDE.pack(_MAGIC, VERSION, len(header)) + header).digest())
        writer.write(header)
        for entry in entries:
            writer.write(bytes(_aligned(writer.size) - writer.size))
            _write_array(writer, kept[entry.name], entry.dtype)
        writer.write(writer.digest)
    return writer.result(path)


def load(path: str | os.PathLike[str], *, expect: Mapping[str, object] | None = None) -> Checkpoint:
    """Return what `path` holds after checking every byte of it.

    expect: values that `meta` must hold under the same names (scenario hash, mesh, version ...). Raise
    StorageError for a file that is missing, damaged, cut, of another version, or that differs from `expect`,
    listing every difference; Refused when its arrays do not fit into memory.
    """
    place = os.fspath(path)
    with open_regular(path) as stream:
        try:
            return _load(stream, place, expect)
        except OSError as error:
            if isinstance(error, StorageError):
                raise
            raise storage_error(error, place, "read") from error


def _load(stream: BufferedReader, place: str, expect: Mapping[str, object] | None) -> Checkpoint:
    whole = hashlib.sha256()
    size = os.fstat(stream.fileno()).st_size
    header = _read_header(stream, size, place, whole)
    entries, meta = _parse_header(header, place)
    position = _PRELUDE.size + _DIGEST + len(header)
    first = _aligned(position)
    _check_layout(entries, position, size, place)
    _check_expected(meta, expect, place)
    guard(sum(entry.size for entry in entries), f"the checkpoint {place!r}", remedy="Use a larger machine.")
    arrays = {}
    for entry in entries:
        whole.update(_exactly(stream, first + entry.offset - position, place))
        arrays[entry.name] = _read_array(stream, entry, place, whole)
        position = first + entry.offset + entry.size
    digest = _exactly(stream, _DIGEST, place)
    if digest != whole.digest():
        raise _damaged(place, "its bytes do not match its SHA-256")
    whole.update(digest)
    return Checkpoint(arrays, meta, whole.hexdigest())


def _checked(name: str, array: object) -> NDArray[Any]:
    if isinstance(array, np.ma.MaskedArray) or not isinstance(array, np.ndarray | np.generic):
        raise InvalidInput(must(f"arrays[{name!r}]", "a NumPy array", type(array), "Convert it first."))
    values = np.asarray(array)
    if _DTYPE.fullmatch(_little(values.dtype).str) is None:
        remedy = "Keep bool, integer, float or complex numbers."
        raise InvalidInput(must(f"arrays[{name!r}]", "of a plain number type", values.dtype, remedy))
    return values


def _little(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return dtype.newbyteorder("<")


def _aligned(position: int) -> int:
    return -(-position // _ALIGNMENT) * _ALIGNMENT


def _header(arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, object]) -> tuple[bytes, list[_Entry]]:
    """Return the header and the places of the arrays, counted from the first aligned byte after it."""
    described = []
    offset = 0
    entries = []
    for name in sorted(arrays):
        dtype = _little(arrays[name].dtype)
        entry = _Entry(name, dtype, arrays[name].shape, offset)
        described.append({"name": name, "dtype": dtype.str, "shape": list(entry.shape), "offset": offset})
        entries.append(entry)
        offset = _aligned(offset + entry.size)
    header = to_json({"arrays": described, "meta": plain(meta, "meta")})
    if len(header) > _LARGEST_HEADER:
        raise InvalidInput(must("meta", "at most 4 MiB as JSON", len(header), "Keep numbers as arrays."))
    return header, entries


def _write_array(writer: DigestingWriter, array: NDArray[Any], dtype: np.dtype[Any]) -> None:
    """Write `array` in C order as `dtype`, block by block along its first axis where it has to be copied."""
    if array.size == 0:
        return
    if array.flags.c_contiguous and array.dtype == dtype:
        writer.write(array.reshape(-1).view(np.uint8).data)
        return
    rows = array.reshape(1) if array.ndim == 0 else array
    step = max(1, _BLOCK // max(1, rows[0].nbytes))
    for first in range(0, rows.shape[0], step):
        block = np.ascontiguousarray(rows[first : first + step], dtype=dtype)
        writer.write(block.reshape(-1).view(np.uint8).data)


def _read_header(stream: BufferedReader, size: int, place: str, whole: hashlib._Hash) -> bytes:
    prelude = stream.read(_PRELUDE.size)
    if len(prelude) < _PRELUDE.size or not prelude.startswith(_MAGIC):
        raise StorageError(f"{place!r} is not a fieldsim checkpoint. {_DAMAGED}")
    _, version, length = _PRELUDE.unpack(prelude)
    if length > min(_LARGEST_HEADER, size):
        raise _damaged(place, f"its header claims {length} bytes and the file has {size}")
    digest = _exactly(stream, _DIGEST, place)
    header = _exactly(stream, length, place)
    if hashlib.sha256(prelude + header).digest() != digest:
        raise _damaged(place, "its header does not match its SHA-256")
    if version != VERSION:
        raise StorageError(
            f"{place!r} is a checkpoint of format {version}; this fieldsim reads format {VERSION}. {_DAMAGED}"
        )
    for part in (prelude, digest, header):
        whole.update(part)
    return header


def _parse_header(header: bytes, place: str) -> tuple[list[_Entry], dict[str, Any]]:
    try:
        value = json.loads(header.decode("utf-8"))
        meta, described = value["meta"], value["arrays"]
        entries = [_entry(item) for item in described]
        names = {entry.name for entry in entries}
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _damaged(place, f"its header cannot be read ({error})") from error
    if not isinstance(meta, dict) or len(names) != len(entries):
        raise _damaged(place, "its header is not what save() writes")
    return entries, meta


def _entry(item: dict[str, Any]) -> _Entry:
    name, dtype, shape, offset = item["name"], item["dtype"], item["shape"], item["offset"]
    if not isinstance(name, str) or not isinstance(dtype, str) or not isinstance(shape, list):
        raise ValueError("wrong kind of entry")
    if _DTYPE.fullmatch(dtype) is None:
        raise ValueError(f"number type {dtype!r}")
    for number in (offset, *shape):
        if type(number) is not int or number < 0:
            raise ValueError(f"size {number!r}")
    return _Entry(name, np.dtype(dtype), tuple(shape), offset)


def _check_layout(entries: list[_Entry], start: int, size: int, place: str) -> None:
    """Refuse sizes that do not add up to the size of the file, before anything is allocated."""
    expected = 0
    for entry in entries:
        if entry.offset != expected:
            raise _damaged(place, f"the array {entry.name!r} does not follow the one before it")
        expected = _aligned(entry.offset + entry.size)
    last = entries[-1].offset + entries[-1].size if entries else 0
    total = (_aligned(start) + last if entries else start) + _DIGEST
    if total != size:
        raise _damaged(place, f"its header describes {total} bytes and the file has {size}")


def _check_expected(meta: Mapping[str, Any], expect: Mapping[str, object] | None, place: str) -> None:
    wanted = plain(expect or {}, "expect")
    differences = list(_differences({name: meta[name] for name in wanted if name in meta}, wanted, ""))
    if differences:
        listed = "\n  ".join(differences)
        raise StorageError(
            f"the checkpoint {place!r} belongs to another run. Undo these changes or start anew:\n  {listed}"
        )


def _differences(found: Any, wanted: Any, where: str) -> Iterator[str]:
    """Yield one line for every value that differs, down to the innermost name."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        for name in sorted({*found, *wanted}):
            inside = f"{where}.{name}" if where else name
            yield from _differences(found.get(name, _ABSENT), wanted.get(name, _ABSENT), inside)
    elif type(found) is not type(wanted) or found != wanted:
        yield f"{where}: {_shown(found)} in the file, {_shown(wanted)} in this run"


def _shown(value: object) -> str:
    return "nothing" if value is _ABSENT else echo(value)


def _read_array(stream: BufferedReader, entry: _Entry, place: str, whole: hashlib._Hash) -> NDArray[Any]:
    try:
        array = np.empty(entry.shape, dtype=entry.dtype)
    except (ValueError, MemoryError) as error:
        raise _damaged(place, f"the array {entry.name!r} cannot be held ({error})") from error
    if array.size:
        view = array.reshape(-1).view(np.uint8).data
        for first in range(0, len(view), _BLOCK):
            part = view[first : first + _BLOCK]
            if _fill(stream, part) != len(part):
                raise _damaged(place, "it ends too early")
            whole.update(part)
    return array.astype(entry.dtype.newbyteorder("="), copy=False)


def _fill(stream: BufferedReader, part: memoryview) -> int:
    filled = 0
    while filled < len(part):
        count = stream.readinto(part[filled:])
        if not count:
            break
        filled += count
    return filled


def _exactly(stream: BufferedReader, count: int, place: str) -> bytes:
    data = stream.read(count)
    if len(data) != count:
        raise _damaged(place, "it ends too early")
    return data


def _damaged(place: str, why: str) -> StorageError:
    return StorageError(f"the checkpoint {place!r} is damaged: {why}. {_DAMAGED}")
