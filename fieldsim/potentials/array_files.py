"""Arrays of real numbers from .npy, .npz and .csv files, checked before a byte is allocated.

A header is read first: what it claims must be real numbers, must fit the limit and must agree with the size
of the file (or of the archive member), so 200 bytes that claim a terabyte are refused at once. Pickles are
never opened; devices and pipes are never waited for; NaN, infinities and complex numbers are refused.
Format: numpy.lib.format, version 1.0 to 3.0.
"""

from __future__ import annotations

import io
import os
import stat
import struct
import zipfile
import zlib
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np

from fieldsim.errors import InvalidInput, Refused, must
from fieldsim.potentials.checks import FloatArray

LARGEST = 2 * 1024**3  # bytes of one array once it is float64
_LARGEST_TEXT = 256 * 1024**2
_MOST_MEMBERS = 1000
_MOST_AXES = 8
_EXACT_INTEGER = 2**53
# what zipfile and zlib raise on damaged, encrypted or unknown archives
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    OSError,
    ValueError,
    KeyError,
)
_REMEDY = "Save it with numpy.save, numpy.savez or as comma-separated numbers."


def load_array(
    path: str | os.PathLike[str], *, member: str | None = None, largest: int = LARGEST
) -> FloatArray:
    """Read one array of finite real numbers from a .npy, .npz or .csv file.

    `member` names the array of an .npz file that holds several; `largest` limits the bytes as float64.
    Returns a float64 array. Raises InvalidInput (missing, damaged, unsuitable), Refused (too large).
    """
    file = Path(path)
    suffix = file.suffix.lower()
    if suffix == ".npz":
        arrays = load_arrays(file, only=None if member is None else (member,), largest=largest)
        if len(arrays) != 1:
            raise InvalidInput(
                must("member", f"one of {sorted(arrays)} of {file.name}", member, "Name one of the arrays.")
            )
        return next(iter(arrays.values()))
    if member is not None:
        raise InvalidInput(
            must("member", "left out for a file of one array", member, "Only .npz has members.")
        )
    with _opened(file) as stream:
        if suffix == ".npy":
            return _finite(
                _read_npy(stream, os.fstat(stream.fileno()).st_size, file.name, largest), file.name
            )
        if suffix in (".csv", ".txt"):
            return _read_csv(stream, file.name, largest)
    raise InvalidInput(must("path", "a file .npy, .npz, .csv or .txt", str(path), _REMEDY))


def load_arrays(
    path: str | os.PathLike[str], *, only: tuple[str, ...] | None = None, largest: int = LARGEST
) -> dict[str, FloatArray]:
    """Read the arrays of an .npz file by name, each checked like `load_array` does.

    `only` names those to read (default all); `largest` limits the bytes of all together.
    Raises InvalidInput, Refused.
    """
    file = Path(path)
    with _opened(file) as stream:
        try:
            return _read_npz(stream, file.name, only, largest)
        except (InvalidInput, Refused):
            raise
        except _DAMAGE as error:
            raise InvalidInput(
                must("path", "an undamaged .npz archive", file.name, f"Write it again ({error}).")
            ) from None


def _opened(file: Path) -> IO[bytes]:
    """Open a regular file for reading; O_NONBLOCK so that a pipe is refused instead of waited for."""
    try:
        descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InvalidInput(
            must("path", "a readable file", str(file), f"{reason}: check the name and rights.")
        ) from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise InvalidInput(
            must("path", "a regular file", str(file), "Folders, pipes and devices hold no array.")
        )
    return os.fdopen(descriptor, "rb")


def _read_npz(
    stream: IO[bytes], name: str, only: tuple[str, ...] | None, largest: int
) -> dict[str, FloatArray]:
    with zipfile.ZipFile(stream) as archive:
        members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
        if not 1 <= len(archive.infolist()) <= _MOST_MEMBERS or len(members) != len(archive.infolist()):
            raise InvalidInput(
                must(
                    "path",
                    f"an archive of 1 to {_MOST_MEMBERS} arrays",
                    name,
                    "Save fewer arrays, once each.",
                )
            )
        wanted = tuple(members) if only is None else only
        for key in wanted:
            if key not in members:
                raise InvalidInput(
                    must("member", f"one of {sorted(members)} of {name}", key, "Name one of the arrays.")
                )
        arrays: dict[str, FloatArray] = {}
        left = largest
        for key in wanted:
            with archive.open(members[key]) as part:
                raw = _read_npy(part, members[key].file_size, f"{name}[{key}]", left)
            arrays[key] = _finite(raw, f"{name}[{key}]")
            left -= arrays[key].nbytes
    return arrays


def _read_npy(stream: IO[bytes], size: int, name: str, largest: int) -> np.ndarray[Any, np.dtype[Any]]:
    """Read one array; `size` is the length in bytes that the file or the archive claims for it."""
    try:
        version = np.lib.format.read_magic(stream)
        read = (
            np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        )
        shape, fortran, dtype = read(stream)
    except (
        ValueError,
        SyntaxError,
        TypeError,
        UnicodeError,
        RecursionError,
        MemoryError,
        OverflowError,
    ) as error:
        reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise InvalidInput(
            must("path", "an array file with a whole header", name, f"{_REMEDY} ({reason})")
        ) from None
    if dtype.kind not in "iuf":
        raise InvalidInput(
            must(
                "dtype",
                "integers or floats",
                str(dtype),
                f"Convert {name} to real numbers; pickles stay closed.",
            )
        )
    if len(shape) > _MOST_AXES or any(n < 0 for n in shape):
        raise InvalidInput(must("shape", f"of at most {_MOST_AXES} axes", shape, f"{name} is damaged."))
    needed = prod(shape) * max(dtype.itemsize, 8)
    if needed > largest:
        raise Refused(
            must(
                "shape",
                f"an array of at most {largest} bytes",
                shape,
                f"{name} claims {needed} bytes: thin it out.",
            )
        )
    wanted = prod(shape) * dtype.itemsize
    if size - stream.tell() != wanted:
        raise InvalidInput(
            must(
                "path",
                f"a file with the {wanted} bytes of data its header claims",
                f"{name} with {size - stream.tell()}",
                "It is cut short or damaged: write it again.",
            )
        )
    flat = np.empty(prod(shape), dtype=dtype)
    target = flat.view(np.uint8)
    filled = 0
    while filled < wanted:
        piece = stream.read(min(wanted - filled, 1 << 20))
        if not piece:
            raise InvalidInput(must("path", f"a file of {wanted} bytes of data", name, "It is cut short."))
        target[filled : filled + len(piece)] = np.frombuffer(piece, dtype=np.uint8)
        filled += len(piece)
    # one byte more makes zipfile hold its checksum against what was read
    if stream.read(1):
        raise InvalidInput(
            must("path", f"a file of {wanted} bytes of data", name, "It is longer than it claims.")
        )
    return flat.reshape(shape[::-1]).T if fortran else flat.reshape(shape)


def _finite(raw: np.ndarray[Any, np.dtype[Any]], name: str) -> FloatArray:
    if raw.size == 0:
        raise InvalidInput(must("path", "a file with at least one number", name, "The array is empty."))
    if raw.dtype.kind in "iu" and raw.dtype.itemsize == 8:
        inexact = (raw > _EXACT_INTEGER) | (raw < -_EXACT_INTEGER if raw.dtype.kind == "i" else False)
        if inexact.any():
            raise InvalidInput(
                must(
                    "values",
                    "integers up to 2^53",
                    int(raw[inexact][0]),
                    f"{name} overflows: save it as floats.",
                )
            )
    with np.errstate(over="ignore"):
        array = np.ascontiguousarray(raw, dtype=np.float64)
    bad = ~np.isfinite(array)
    if bad.any():
        where = tuple(int(i) for i in np.argwhere(bad)[0])
        raise InvalidInput(
            must(
                "values",
                "finite",
                float(array[where]),
                f"{name} is not finite at index {where}: fill or cut it.",
            )
        )
    return array.reshape(raw.shape)


def _read_csv(stream: IO[bytes], name: str, largest: int) -> FloatArray:
    """Read rows of numbers between commas, semicolons, tabs or spaces; one heading and # lines pass."""
    size = os.fstat(stream.fileno()).st_size
    # two characters a number is the densest a table can be
    if size > _LARGEST_TEXT or 4 * size > largest:
        raise Refused(
            must("path", f"a table below {min(_LARGEST_TEXT, largest // 4)} bytes", size, "Save it as .npy.")
        )
    rows: list[list[float]] = []
    headings = 0
    text_lines = io.TextIOWrapper(stream, encoding="utf-8-sig")
    try:
        for number, line in enumerate(text_lines, start=1):
            text = line.partition("#")[0].strip()
            if not text:
                continue
            cells = _cells(text)
            try:
                row = [_number(cell) for cell in cells]
            except ValueError:
                if not rows and headings == 0 and not any(_is_number(cell) for cell in cells):
                    headings = 1
                    continue
                raise InvalidInput(
                    must(
                        f"line {number} of {name}",
                        "finite numbers",
                        text,
                        "Write 1.5, not 1,5; no blanks or NaN.",
                    )
                ) from None
            if rows and len(row) != len(rows[0]):
                raise InvalidInput(
                    must(
                        f"line {number} of {name}",
                        f"of {len(rows[0])} numbers",
                        len(row),
                        "Fill or cut the row.",
                    )
                )
            rows.append(row)
    except UnicodeDecodeError as error:
        raise InvalidInput(
            must("path", "a UTF-8 text file", name, f"Byte {error.start} is not UTF-8: save it again.")
        ) from None
    finally:
        # the file belongs to the caller, who closes it
        text_lines.detach()
    if not rows:
        raise InvalidInput(must("path", "a table with at least one row of numbers", name, "It is empty."))
    return np.array(rows)


def _cells(text: str) -> list[str]:
    for separator in (";", ",", "\t"):
        if separator in text:
            return [cell.strip() for cell in text.split(separator)]
    return text.split()


def _number(cell: str) -> float:
    # float() also takes 1_000 and "nan": neither is a number in a table
    if "_" in cell:
        raise ValueError(cell)
    value = float(cell)
    if not np.isfinite(value):
        raise ValueError(cell)
    return value


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
