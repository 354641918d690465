"""How much may still be written to a folder, and a guard that refuses before a run fills the disk."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from fieldsim.errors import Refused
from fieldsim.storage.faults import storage_error
from fieldsim.storage.memory import human_bytes


def free_bytes(folder: str | os.PathLike[str]) -> int:
    """Return the bytes free for this user on the disk of `folder` (or of its nearest parent that exists)."""
    place = Path(folder).absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    try:
        return shutil.disk_usage(place).free
    except OSError as error:
        raise storage_error(error, place, "read the free space of") from error


def guard_disk(
    needed_bytes: float, folder: str | os.PathLike[str], what: str, *, remedy: str = "Write fewer outputs."
) -> None:
    """Raise Refused, quoting need and limit, when `needed_bytes` exceed the free space of `folder`."""
    free = free_bytes(folder)
    if not needed_bytes <= free:  # NaN is refused too
        raise Refused(
            f"{what} needs {human_bytes(needed_bytes)} on disk; {human_bytes(free)} are free in "
            f"{os.fspath(folder)!r}. {remedy}"
        )
