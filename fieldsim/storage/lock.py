"""One process a folder: an advisory lock on a hidden file, which the kernel drops when its holder dies.

The file carries the holder's process id, only so that the refusal can name it; a file left by a killed
process locks nobody out.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
import weakref
from pathlib import Path
from types import TracebackType

from fieldsim.errors import StorageError
from fieldsim.storage.faults import storage_error

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

LOCK_NAME = ".lock"

_ATTEMPTS = 100
_LONGEST_PID = 32
_BUSY = frozenset({errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK})


class FolderLock:
    """Hold a folder for this process, from construction until `release` or the end of the `with` block.

    Raise StorageError naming the holder's process id when another process (or this one) holds it already.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.path = Path(folder) / LOCK_NAME
        self._descriptor: int | None = self._acquire()
        _held.add(self)

    @property
    def held(self) -> bool:
        """Return whether this object holds the folder."""
        return self._descriptor is not None

    def release(self) -> None:
        """Give the folder back; the lock file goes away. Calling it again does nothing."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is None:
            return
        _held.discard(self)
        try:
            # Removed while still held: whoever opened it meanwhile finds another inode and tries again.
            if _same_file(descriptor, self.path):
                os.unlink(self.path)
        except OSError:
            pass  # a lock file that stays behind locks nobody out
        finally:
            os.close(descriptor)

    def __enter__(self) -> FolderLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _acquire(self) -> int:
        for _ in range(_ATTEMPTS):
            descriptor = self._open()
            try:
                _lock(descriptor)
            except OSError as error:
                holder = _read_pid(descriptor)
                os.close(descriptor)
                if error.errno in _BUSY:
                    raise StorageError(_busy(self.path.parent, holder)) from error
                raise storage_error(error, self.path, "lock") from error
            if _same_file(descriptor, self.path):
                _write_pid(descriptor, self.path)
                return descriptor
            os.close(descriptor)  # its holder removed it between our open and our lock
        raise StorageError(f"cannot lock {str(self.path.parent)!r}: other processes keep taking it. Try again.")

    def _open(self) -> int:
        flags = os.O_RDWR | os.O_CREAT
        for extra in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"):
            flags |= getattr(os, extra, 0)
        try:
            descriptor = os.open(self.path, flags, 0o664)
        except OSError as error:
            raise storage_error(error, self.path, "lock") from error
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise StorageError(f"{str(self.path)!r} must be a plain file. Remove it.")
        return descriptor

    def _forget(self) -> None:
        """Close our copy of the descriptor without unlocking (in a forked child)."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


_held: weakref.WeakSet[FolderLock] = weakref.WeakSet()


def _forget_all() -> None:
    # A lock belongs to the open file, which a forked child shares: without this a child that outlives its
    # parent would keep the folder locked.
    for lock in list(_held):
        lock._forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)


def _lock(descriptor: int) -> None:
    if sys.platform == "win32":
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _same_file(descriptor: int, path: Path) -> bool:
    try:
        there = os.stat(path, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return os.path.samestat(os.fstat(descriptor), there)


def _read_pid(descriptor: int) -> int | None:
    try:
        text = os.read(descriptor, _LONGEST_PID).decode("ascii", errors="replace").strip()
    except OSError:
        return None
    return int(text) if text.isascii() and text.isdigit() else None


def _write_pid(descriptor: int, path: Path) -> None:
    try:
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode("ascii"))
    except OSError as error:
        os.close(descriptor)
        raise storage_error(error, path, "lock") from error


def _busy(folder: Path, holder: int | None) -> str:
    who = "another process" if holder is None else f"process {holder}"
    if holder == os.getpid():
        who += " (this one)"
    return f"the folder {str(folder)!r} is in use by {who}. Wait until it ends, or write elsewhere (--out)."
