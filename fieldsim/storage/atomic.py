"""Write a file so that it stands under its final name only when it is whole.

A hidden temporary file in the same folder is opened with O_EXCL and O_NOFOLLOW, written, fsynced and renamed
over the target, and the folder is fsynced. Every step goes through a descriptor of the folder, so that nobody
can swap the folder for a symbolic link in between. Files follow the umask and are never writable by
everybody.
"""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, Protocol

from fieldsim.errors import FieldSimError, StorageError, must

TEMPORARY_PREFIX = ".fieldsim-"
TEMPORARY_SUFFIX = ".part"

_FILE_MODE = 0o664  # the umask takes bits away; "others may write" is never asked for
_FOLDER_MODE = 0o775
_BLOCK = 1 << 20
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
_NON_BLOCKING = getattr(os, "O_NONBLOCK", 0)
_COMMON_FLAGS = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_HAS_FOLDER_DESCRIPTORS = os.open in os.supports_dir_fd and hasattr(os, "O_DIRECTORY")

_REMEDIES = {
    errno.ENOSPC: "Free some space or write to another disk (--out).",
    errno.EDQUOT: "Your disk quota is used up: remove files or write to another disk (--out).",
    errno.EFBIG: "The file is larger than this process may write (ulimit -f) or the file system allows.",
    errno.EROFS: "The file system is read-only: choose another folder (--out).",
    errno.EACCES: "You may not write there: change the permissions or choose another folder (--out).",
    errno.EPERM: "You may not write there: change the permissions or choose another folder (--out).",
    errno.ENOENT: "Correct the path; a folder to write to must be there.",
    errno.EEXIST: "A file stands where a folder is needed: choose another folder (--out).",
    errno.ENOTDIR: "A part of the path is a file or a link, not a folder: correct the path.",
    errno.ELOOP: "A symbolic link stands where a file or folder is expected: remove it.",
    errno.ENAMETOOLONG: "Choose a shorter name.",
    errno.EIO: "The disk reports a fault: check it and write to another one.",
    errno.EMFILE: "Too many files are open in this process (ulimit -n).",
}


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


def storage_error(error: OSError, path: str | os.PathLike[str], doing: str) -> StorageError:
    """Return the StorageError that says what failed on `path`, why, and what to do."""
    code = error.errno if error.errno is not None else errno.EIO
    reason = os.strerror(code)
    remedy = _REMEDIES.get(code, "Check the path and the disk.")
    name = errno.errorcode.get(code, str(code))
    return StorageError(f"cannot {doing} {os.fspath(path)!r}: {reason} ({name}). {remedy}")


@contextmanager
def whole_file(path: str | os.PathLike[str], *, within: str | os.PathLike[str] | None = None) -> Iterator[BinaryIO]:
    """Yield a binary stream whose bytes appear as `path` only if the block ends without an error.

    within: a folder that `path` lies in; folders between the two are created, and none of them may be a
    symbolic link. Raise StorageError for a full disk, a read-only folder, or a target that is not a plain
    file (link, FIFO, device).
    """
    target = Path(path)
    _check_path(target)
    folder = _Folder(target, within)
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
        raise StorageError(_not_plain(path, kind))
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


def can_be_path(path: str | os.PathLike[str]) -> bool:
    """Return whether the system can take `path` at all: no NUL and nothing it cannot encode."""
    try:
        return b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:
        return False


def is_leftover(name: str) -> bool:
    """Return whether `name` is that of a temporary file of `whole_file` (left behind by a killed process)."""
    return name.startswith(TEMPORARY_PREFIX) and name.endswith(TEMPORARY_SUFFIX)


class _Folder:
    """The folder of a target file, held open by a descriptor where the system has them."""

    def __init__(self, target: Path, within: str | os.PathLike[str] | None) -> None:
        self._descriptor: int | None = None
        self._path = target.parent
        if within is None:
            start, parts = target.parent, []
        else:
            start, parts = Path(within), _parts_below(target, Path(within))
        try:
            if _HAS_FOLDER_DESCRIPTORS:
                self._descriptor = _open_below(start, parts)
            else:
                _check_below(start, parts)
        except OSError as error:
            if isinstance(error, FieldSimError):
                raise
            raise storage_error(error, target.parent, "write in the folder") from error

    def _place(self, name: str) -> str:
        return name if self._descriptor is not None else str(self._path / name)

    def refuse_special(self, name: str) -> None:
        """Raise StorageError when `name` stands and is not a plain file."""
        try:
            kind = os.stat(self._place(name), dir_fd=self._descriptor, follow_symlinks=False).st_mode
        except FileNotFoundError:
            return
        if not stat.S_ISREG(kind):
            raise StorageError(_not_plain(self._path / name, kind))

    def create(self, name: str) -> BinaryIO:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW | _COMMON_FLAGS
        descriptor = os.open(self._place(name), flags, _FILE_MODE, dir_fd=self._descriptor)
        return open(descriptor, "wb", buffering=_BLOCK)

    def rename(self, old: str, new: str) -> None:
        os.replace(self._place(old), self._place(new), src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor)

    def remove(self, name: str) -> None:
        with suppress(OSError):
            os.unlink(self._place(name), dir_fd=self._descriptor)

    def sync(self) -> None:
        if self._descriptor is None:
            return
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            # Some network file systems cannot fsync a folder; the file itself is safe by then.
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):
                raise

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _open_below(start: Path, parts: list[str]) -> int:
    """Return a descriptor of start/parts, made where missing; no part may be a symbolic link."""
    flags = os.O_RDONLY | os.O_DIRECTORY | _COMMON_FLAGS
    descriptor = os.open(start, flags)
    for part in parts:
        try:
            with suppress(FileExistsError):
                os.mkdir(part, _FOLDER_MODE, dir_fd=descriptor)
            below = os.open(part, flags | _NO_FOLLOW, dir_fd=descriptor)
        finally:
            os.close(descriptor)
        descriptor = below
    return descriptor


def _check_below(start: Path, parts: list[str]) -> None:
    """Make start/parts by path, for systems without folder descriptors; no part may be a symbolic link."""
    place = start
    for part in parts:
        place = place / part
        with suppress(FileExistsError):
            os.mkdir(place, _FOLDER_MODE)
        if place.is_symlink():
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(place))


def _parts_below(target: Path, start: Path) -> list[str]:
    try:
        parts = list(target.relative_to(start).parts[:-1])
    except ValueError:
        parts = [".."]
    if ".." in parts:
        raise StorageError(must("path", f"inside {str(start)!r}", str(target), "Write inside the run's folder only."))
    return parts


def _check_path(target: Path) -> None:
    if target.name in ("", "..") or not can_be_path(target):
        raise StorageError(must("path", "the path of a file", str(target), "Give the file a plain name."))


def _is_ours(error: OSError, target: Path) -> bool:
    name = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else ""
    return is_leftover(Path(name).name) or Path(name).name == target.name


def _not_plain(path: str | os.PathLike[str], mode: int) -> str:
    kinds = (
        (stat.S_ISLNK, "a symbolic link"),
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISFIFO, "a FIFO"),
        (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"),
        (stat.S_ISSOCK, "a socket"),
    )
    kind = next((text for test, text in kinds if test(mode)), "something else")
    return f"{os.fspath(path)!r} must be a plain file; it is {kind}. Remove it or choose another path."
