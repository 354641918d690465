"""Arrays of real numbers from .npy, .npz and .csv files, checked before a byte is allocated.

A header is read first: what it claims must be real numbers, must fit the limit and must agree with the size
of the file (or of the archive member), so 200 bytes that claim a terabyte are refused at once. Pickles are
never opened; devices and pipes are never waited for; NaN, infinities and complex numbers are refused.
Format: numpy.lib.format, version 1.0 to 3.0.
"""

from __future__ import annotations

import os
import re
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
from fieldsim.potentials.number_tables import read_table

LARGEST = 2 * 1024**3  # bytes of one array once it is float64
_MOST_MEMBERS = 1000
_MOST_AXES = 8
_EXACT_INTEGER = 2**53
# what zipfile and zlib raise on damaged, encrypted or unknown archives (an unknown method is a RuntimeError)
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    RuntimeError,
    OSError,
    ValueError,
    KeyError,
)
_LENGTH_BYTES = {b"\x01\x00": 2, b"\x02\x00": 4, b"\x03\x00": 4}
_LONGEST_HEADER = 10_000
_HEADER = (
    r"['\"]descr['\"]\s*:\s*['\"]([<>|=]?[A-Za-z]\d{0,4}(?:\[\w+\])?)['\"]",
    r"['\"]fortran_order['\"]\s*:\s*(True|False)",
    r"['\"]shape['\"]\s*:\s*\(([\d,\s]{0,400})\)",
)
_REMEDY = "Save it with numpy.save, numpy.savez or as comma-separated numbers."


def load_array(path: str | os.PathLike[str], *, member: str | None = None, largest: int = LARGEST) -> FloatArray:
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
        raise InvalidInput(must("member", "left out for a file of one array", member, "Only .npz has members."))
    with _opened(file) as stream:
        if suffix == ".npy":
            return _finite(_read_npy(stream, os.fstat(stream.fileno()).st_size, file.name, largest), file.name)
        if suffix in (".csv", ".txt"):
            return read_table(stream, file.name, largest)
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
        raise InvalidInput(must("path", "a regular file", str(file), "Folders, pipes and devices hold no array."))
    return os.fdopen(descriptor, "rb")


def _read_npz(stream: IO[bytes], name: str, only: tuple[str, ...] | None, largest: int) -> dict[str, FloatArray]:
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
    dtype, fortran, shape = _read_header(stream, name)
    if dtype.kind not in "iuf":
        raise InvalidInput(
            must(
                "dtype",
                "integers or floats",
                str(dtype),
                f"Convert {name} to real numbers; pickles stay closed.",
            )
        )
    if len(shape) > _MOST_AXES or any(n < 1 for n in shape):
        raise InvalidInput(
            must(
                "shape",
                f"of at most {_MOST_AXES} axes of one cell or more",
                shape,
                f"{name} holds no number or is damaged.",
            )
        )
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
        raise InvalidInput(must("path", f"a file of {wanted} bytes of data", name, "It is longer than it claims."))
    return flat.reshape(shape[::-1]).T if fortran else flat.reshape(shape)


def _read_header(stream: IO[bytes], name: str) -> tuple[np.dtype[Any], bool, tuple[int, ...]]:
    """Read type, order and shape by patterns: nothing in the header is evaluated, as literals would be."""
    start = stream.read(8)
    width = _LENGTH_BYTES.get(start[6:])
    size = int.from_bytes(stream.read(width or 0), "little")
    if start[:6] != b"\x93NUMPY" or width is None or size > _LONGEST_HEADER:
        raise InvalidInput(must("path", "an array file of version 1 to 3", name, _REMEDY))
    text = stream.read(size).decode("latin1")
    found = [re.search(pattern, text) for pattern in _HEADER]
    if len(text) < size or None in found:
        raise InvalidInput(must("dtype", "integers or floats in a whole header", text, f"{name}: {_REMEDY}"))
    kind, order, shape = (match.group(1) for match in found if match is not None)
    try:
        dtype = np.dtype(kind)
    except TypeError:
        raise InvalidInput(must("dtype", "integers or floats", kind, f"{name}: {_REMEDY}")) from None
    return dtype, order == "True", tuple(int(n) for n in shape.replace(",", " ").split())


def _finite(raw: np.ndarray[Any, np.dtype[Any]], name: str) -> FloatArray:
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
