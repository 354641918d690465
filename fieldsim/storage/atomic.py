"""Write a file so that it stands under its final name only when it is whole.

A hidden temporary file in the same folder is opened with O_EXCL and O_NOFOLLOW, written, fsynced and renamed
over the target, and the folder is fsynced. Files follow the umask and are never writable by everybody.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, Protocol

from fieldsim.errors import FieldSimError, StorageError, must
from fieldsim.storage.faults import can_be_path, not_plain, storage_error
from fieldsim.storage.opened_folder import OpenedFolder

TEMPORARY_PREFIX = ".fieldsim-"
TEMPORARY_SUFFIX = ".part"

_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
_NON_BLOCKING = getattr(os, "O_NONBLOCK", 0)
_COMMON_FLAGS = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


@dataclass(frozen=True)
class WrittenFile:
    """A file that was written whole: its path, its size in bytes and the SHA-256 of its bytes."""

    path: Path
    size: int
    sha256: str


class _Sink(Protocol):
    def write(self, data: bytes | memoryview, /) -> int: ...


class DigestingWriter:
    """Pass bytes on to a stream and keep their number and SHA-256."""

    def __init__(self, stream: _Sink) -> None:
        self._stream = stream
        self._hash = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes | memoryview) -> None:
        """Write `data` (bytes or a contiguous byte view)."""
        self._stream.write(data)
        self._hash.update(data)
        self.size += memoryview(data).nbytes

    @property
    def digest(self) -> bytes:
        """Return the SHA-256 of everything written so far."""
        return self._hash.digest()

    def result(self, path: str | os.PathLike[str]) -> WrittenFile:
        """Return the record of the file that these bytes make up."""
        return WrittenFile(Path(path), self.size, self._hash.hexdigest())


@contextmanager
def whole_file(path: str | os.PathLike[str], *, within: str | os.PathLike[str] | None = None) -> Iterator[BinaryIO]:
    """Yield a binary stream whose bytes appear as `path` only if the block ends without an error.

    within: a folder that `path` lies in; folders between the two are created, and none of them may be a
    symbolic link. Raise StorageError for a full disk, a read-only folder, or a target that is not a plain
    file (link, FIFO, device).
    """
    target = Path(path)
    _check_path(target)
    folder = OpenedFolder(target, within)
    try:
        folder.refuse_special(target.name)
        temporary = f"{TEMPORARY_PREFIX}{os.getpid()}-{secrets.token_hex(8)}{TEMPORARY_SUFFIX}"
        whole = False
        try:
            with folder.create(temporary) as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            folder.refuse_special(target.name)
            folder.rename(temporary, target.name)
            whole = True
        finally:
            if not whole:
                folder.remove(temporary)
        folder.sync()
    except FieldSimError:
        raise
    except OSError as error:
        # An error of the block about some other, named file is the block's own: pass it on unchanged.
        if error.filename is not None and not _is_ours(error, target):
            raise
        raise storage_error(error, target, "write") from error
    finally:
        folder.close()


def write_bytes(
    path: str | os.PathLike[str], data: bytes | memoryview, *, within: str | os.PathLike[str] | None = None
) -> WrittenFile:
    """Write `data` to `path`, whole or not at all; raise StorageError like `whole_file`."""
    with whole_file(path, within=within) as stream:
        writer = DigestingWriter(stream)
        writer.write(data)
    return writer.result(path)


def write_text(path: str | os.PathLike[str], text: str, *, within: str | os.PathLike[str] | None = None) -> WrittenFile:
    """Write `text` as UTF-8, line ends as they are, what UTF-8 has not escaped; raise like `whole_file`."""
    return write_bytes(path, text.encode("utf-8", errors="backslashreplace"), within=within)


def open_regular(path: str | os.PathLike[str], *, follow_link: bool = False) -> BufferedReader:
    """Open a plain file for reading; raise StorageError for anything else, and never wait for a FIFO."""
    flags = os.O_RDONLY | _NON_BLOCKING | _COMMON_FLAGS | (0 if follow_link else _NO_FOLLOW)
    _check_path(Path(path))
    try:
        descriptor = os.open(path, flags)
    except OSError as error:
        raise storage_error(error, path, "read") from error
    kind = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(kind):
        os.close(descriptor)
        raise StorageError(not_plain(path, kind))
    return open(descriptor, "rb")


def read_bytes(path: str | os.PathLike[str], *, largest: int) -> bytes:
    """Return the bytes of a plain file of at most `largest` bytes; raise StorageError otherwise."""
    with open_regular(path) as stream:
        size = os.fstat(stream.fileno()).st_size
        if size > largest:
            raise StorageError(
                must(str(path), f"a file of at most {largest} bytes", size, "Check that it is the right file.")
            )
        try:
            return stream.read(largest + 1)
        except OSError as error:
            raise storage_error(error, path, "read") from error


def file_sha256(path: str | os.PathLike[str]) -> str:
    """Return the SHA-256 of a plain file as hexadecimal digits; raise StorageError if it cannot be read."""
    with open_regular(path) as stream:
        try:
            return hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError as error:
            raise storage_error(error, path, "read") from error


def is_leftover(name: str) -> bool:
    """Return whether `name` is that of a temporary file of `whole_file` (left behind by a killed process)."""
    return name.startswith(TEMPORARY_PREFIX) and name.endswith(TEMPORARY_SUFFIX)


def _check_path(target: Path) -> None:
    if target.name in ("", "..") or not can_be_path(target):
        raise StorageError(must("path", "the path of a file", str(target), "Give the file a plain name."))


def _is_ours(error: OSError, target: Path) -> bool:
    name = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else ""
    return is_leftover(Path(name).name) or Path(name).name == target.name
