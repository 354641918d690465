"""What the storage floor says when a path or a disk fails: which file, why, and what to do about it."""

from __future__ import annotations

import errno
import os
import stat

from fieldsim.errors import StorageError

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


def storage_error(error: OSError, path: str | os.PathLike[str], doing: str) -> StorageError:
    """Return the StorageError that says what failed on `path`, why, and what to do."""
    code = error.errno if error.errno is not None else errno.EIO
    reason = os.strerror(code)
    remedy = _REMEDIES.get(code, "Check the path and the disk.")
    name = errno.errorcode.get(code, str(code))
    return StorageError(f"cannot {doing} {os.fspath(path)!r}: {reason} ({name}). {remedy}")


def not_plain(path: str | os.PathLike[str], mode: int) -> str:
    """Return the sentence that refuses `path`, whose `mode` (of stat) is not that of a plain file."""
    kinds = (
        (stat.S_ISLNK, "a symbolic link"),
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISFIFO, "a FIFO"),
        (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"),
        (stat.S_ISSOCK, "a socket"),
    )
    kind = next((text for test, text in kinds if test(mode)), "something else")
    remedy = "Choose another path." if kind == "a device" else "Remove it or choose another path."
    return f"{os.fspath(path)!r} must be a plain file; it is {kind}. {remedy}"


def can_be_path(path: str | os.PathLike[str]) -> bool:
    """Return whether the system can take `path` at all: no NUL and nothing it cannot encode."""
    try:
        return b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:
        return False
