"""The folder of one run: checked, locked and proved writable before any work; a name for every file.

Only files that a run writes are ever removed, and never through a symbolic link.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from fieldsim.errors import InvalidInput, StorageError, must
from fieldsim.storage.atomic import (
    WrittenFile,
    is_leftover,
    whole_file,
    write_bytes,
    write_text,
)
from fieldsim.storage.faults import can_be_path, storage_error
from fieldsim.storage.lock import LOCK_NAME, FolderLock
from fieldsim.storage.names import check_name
from fieldsim.storage.opened_folder import FOLDER_MODE
from fieldsim.storage.tables import read_json

_PROBE = 4096  # bytes: enough to meet a full disk or an unwritable folder before any work
_FILES = (
    "scenario.yaml", "resolved.yaml", "run.json", "log.txt", "fields.pvd", "probes.csv", "check.json",
    "scene.html", "report.html", "checkpoint",
)  # fmt: skip
_FOLDERS = {"fields": (".vti", ".vtr", ".vts"), "figures": (".png", ".gif")}
_SIGNS_OF_A_RUN = ("scenario.yaml", "resolved.yaml", "run.json", "checkpoint", "log.txt")


class RunFolder:
    """A run's folder: its files by name (`scenario`, `record`, ...) and whole-file writing inside it."""

    def __init__(self, path: Path, lock: FolderLock | None) -> None:
        self.path = path
        self._lock = lock

    @classmethod
    def create(
        cls, root: str | os.PathLike[str], name: str, *, overwrite: bool = False, resume: bool = False
    ) -> RunFolder:
        """Make or take over root/name, lock it, clear what a killed run left, prove that it can be written.

        overwrite: remove the files of the run that stands there; resume: keep them, a checkpoint must be
        among them. Raise InvalidInput for a bad name, StorageError when the folder is in use, holds a run
        already, holds other files, is a link or cannot be written.
        """
        check_name(name)
        if overwrite and resume:
            raise InvalidInput(must("overwrite, resume", "given one at a time", "both", "Choose one."))
        path, made = _make(Path(root), name)
        try:
            folder = cls(path, FolderLock(path))
            try:
                folder._prepare(overwrite=overwrite, resume=resume)
            except BaseException:
                folder.close()
                raise
        except BaseException:
            if made:  # what could not be prepared leaves nothing behind
                with suppress(OSError):
                    os.rmdir(path)
            raise
        return folder

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> RunFolder:
        """Return the folder of a run for reading, without a lock; raise StorageError if it is none."""
        place = Path(path)
        if not place.is_dir() or not (place / "run.json").is_file():
            raise StorageError(must("run", "a run's folder with run.json", str(place), "Give the folder a run wrote."))
        return cls(place, None)

    def __enter__(self) -> RunFolder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the folder back to other processes."""
        if self._lock is not None:
            self._lock.release()

    @property
    def scenario(self) -> Path:
        """Return where the scenario stands as it was given."""
        return self.path / "scenario.yaml"

    @property
    def resolved(self) -> Path:
        """Return where the scenario stands in SI, with defaults and settings filled in."""
        return self.path / "resolved.yaml"

    @property
    def record(self) -> Path:
        """Return where versions, hashes, timings, residuals and the status stand (run.json)."""
        return self.path / "run.json"

    @property
    def log(self) -> Path:
        """Return where the log stands."""
        return self.path / "log.txt"

    @property
    def fields(self) -> Path:
        """Return the folder of the VTK files."""
        return self.path / "fields"

    @property
    def collection(self) -> Path:
        """Return where the list of VTK files over time stands (fields.pvd)."""
        return self.path / "fields.pvd"

    @property
    def probes(self) -> Path:
        """Return where the probed values stand."""
        return self.path / "probes.csv"

    @property
    def check(self) -> Path:
        """Return where the outcome of the checks stands."""
        return self.path / "check.json"

    @property
    def figures(self) -> Path:
        """Return the folder of the pictures."""
        return self.path / "figures"

    @property
    def scene(self) -> Path:
        """Return where the web scene stands."""
        return self.path / "scene.html"

    @property
    def report(self) -> Path:
        """Return where the report stands."""
        return self.path / "report.html"

    @property
    def checkpoint(self) -> Path:
        """Return where the checkpoint stands."""
        return self.path / "checkpoint"

    def field(self, number: int) -> Path:
        """Return the path of field file `number` without its suffix (the mesh decides): fields/0007."""
        return self.fields / f"{number:04d}"

    def figure(self, name: str, suffix: str = ".png") -> Path:
        """Return the path of a picture after checking that `name` may name a file."""
        return self.figures / check_name(name + suffix, what="figure")

    def whole_file(self, path: str | os.PathLike[str]) -> AbstractContextManager[BinaryIO]:
        """Open a file of this folder for writing as `atomic.whole_file` does; links are refused."""
        return whole_file(self.path / path, within=self.path)

    def write_bytes(self, path: str | os.PathLike[str], data: bytes | memoryview) -> WrittenFile:
        """Write a file of this folder, whole or not at all."""
        return write_bytes(self.path / path, data, within=self.path)

    def write_text(self, path: str | os.PathLike[str], text: str) -> WrittenFile:
        """Write a file of this folder as UTF-8, whole or not at all."""
        return write_text(self.path / path, text, within=self.path)

    def _prepare(self, *, overwrite: bool, resume: bool) -> None:
        try:
            self._refuse_links()
            self._sweep()
            self._settle(overwrite=overwrite, resume=resume)
        except OSError as error:
            if isinstance(error, StorageError):
                raise
            raise storage_error(error, self.path, "prepare") from error
        self._prove_writable()

    def _settle(self, *, overwrite: bool, resume: bool) -> None:
        """Decide what becomes of the files that stand here."""
        names = {entry.name for entry in os.scandir(self.path)} - {LOCK_NAME}
        place = str(self.path)
        if resume:
            if "checkpoint" not in names:
                raise StorageError(f"nothing to resume: {place!r} holds no checkpoint. Run without --resume.")
            return
        if not names:
            return
        if not names & set(_SIGNS_OF_A_RUN):
            raise StorageError(f"the folder {place!r} holds files that no run wrote. Choose another --out.")
        if not overwrite and not self._came_to_nothing(names):
            ways = "--overwrite or --resume" if "checkpoint" in names else "--overwrite"
            raise StorageError(f"the folder {place!r} holds a run already. Give {ways}, or another --out.")
        self._clear()

    def _came_to_nothing(self, names: set[str]) -> bool:
        """Tell whether the run that stands here failed before it left anything worth keeping."""
        if not names <= {"scenario.yaml", "resolved.yaml", "run.json", "log.txt", *_FOLDERS}:
            return False
        if any((self.path / name).is_dir() and os.listdir(self.path / name) for name in _FOLDERS):
            return False
        try:
            record = read_json(self.record)
        except StorageError:
            return False
        return isinstance(record, dict) and record.get("status") == "failed"

    def _clear(self) -> None:
        """Remove the files of an earlier run, the record of it first, and leave everything else."""
        for name in sorted(_FILES, key=lambda name: name != "run.json"):
            with suppress(FileNotFoundError):
                os.unlink(self.path / name)
        for name, suffixes in _FOLDERS.items():
            folder = self.path / name
            if not folder.is_dir():
                continue
            for entry in os.scandir(folder):
                if entry.name.endswith(suffixes) and not entry.is_dir(follow_symlinks=False):
                    os.unlink(entry.path)
            with suppress(OSError):  # it holds something else, which stays
                os.rmdir(folder)

    def _refuse_links(self) -> None:
        """Refuse names of ours that are links, FIFOs or devices: writing there would go elsewhere."""
        for name in (*_FILES, *_FOLDERS):
            try:
                mode = os.lstat(self.path / name).st_mode
            except FileNotFoundError:
                continue
            wanted = stat.S_ISDIR if name in _FOLDERS else stat.S_ISREG
            if not wanted(mode):
                kind = "folder" if name in _FOLDERS else "file"
                raise StorageError(
                    f"{str(self.path / name)!r} must be a plain {kind}, not a link or a device. Remove it."
                )

    def _sweep(self) -> None:
        """Remove temporary files of a killed run; nobody else writes here, for we hold the lock."""
        for folder in (self.path, *(self.path / name for name in _FOLDERS)):
            if folder.is_dir():
                for entry in os.scandir(folder):
                    if is_leftover(entry.name):
                        os.unlink(entry.path)

    def _prove_writable(self) -> None:
        probe = self.path / "writable"
        write_bytes(probe, bytes(_PROBE), within=self.path)
        os.unlink(probe)


def _make(root: Path, name: str) -> tuple[Path, bool]:
    """Make root/name, return it and whether it is new; it must be a folder, not a link to one."""
    path = root / name
    if not can_be_path(root):
        raise InvalidInput(must("root", "a path", str(root), "Choose another --out."))
    made = False
    try:
        for parent in (*reversed(root.parents), root):
            if not parent.is_dir():
                with suppress(FileExistsError):
                    os.mkdir(parent, FOLDER_MODE)
        with suppress(FileExistsError):
            os.mkdir(path, FOLDER_MODE)
            made = True
        mode = os.lstat(path).st_mode
    except OSError as error:
        raise storage_error(error, path, "make the folder") from error
    if stat.S_ISLNK(mode):
        raise StorageError(f"{str(path)!r} must be a folder; it is a symbolic link. Remove it or choose another --out.")
    if not stat.S_ISDIR(mode):
        raise storage_error(OSError(errno.ENOTDIR, "", str(path)), path, "write in")
    return path, made
