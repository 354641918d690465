"""The folder of a file that is being written, held open by a descriptor where the system has them.

Every step then works inside that very folder, even when somebody swaps its path for a symbolic link meanwhile.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from fieldsim.errors import FieldSimError, StorageError, must
from fieldsim.storage.faults import not_plain, storage_error

FOLDER_MODE = 0o775  # the umask takes bits away; "others may write" is never asked for

_FILE_MODE = 0o664
_BLOCK = 1 << 20
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
_COMMON_FLAGS = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_HAS_FOLDER_DESCRIPTORS = os.open in os.supports_dir_fd and hasattr(os, "O_DIRECTORY")


class OpenedFolder:
    """The folder of `target`; with `within`, folders between the two are made and none may be a link."""

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
            raise StorageError(not_plain(self._path / name, kind))

    def create(self, name: str) -> BinaryIO:
        """Open a new file for writing; it must not exist."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW | _COMMON_FLAGS
        descriptor = os.open(self._place(name), flags, _FILE_MODE, dir_fd=self._descriptor)
        return open(descriptor, "wb", buffering=_BLOCK)

    def rename(self, old: str, new: str) -> None:
        """Put the file `old` in the place of `new`."""
        os.replace(self._place(old), self._place(new), src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor)

    def remove(self, name: str) -> None:
        """Remove a file if that is possible."""
        with suppress(OSError):
            os.unlink(self._place(name), dir_fd=self._descriptor)

    def sync(self) -> None:
        """Make the names in the folder last through a power cut."""
        if self._descriptor is None:
            return
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            # Some network file systems cannot fsync a folder; the file itself is safe by then.
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):
                raise

    def close(self) -> None:
        """Close the descriptor."""
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
                os.mkdir(part, FOLDER_MODE, dir_fd=descriptor)
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
            os.mkdir(place, FOLDER_MODE)
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
