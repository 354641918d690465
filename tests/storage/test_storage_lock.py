"""One process a folder: refusal with the holder's process id, recovery after a kill, forked children, threads."""

from __future__ import annotations

import os
import subprocess
import threading
from pathlib import Path

import pytest
from storage_children import run, start

from fieldsim.errors import StorageError
from fieldsim.storage import FolderLock, RunFolder

HOLD = """
lock = FolderLock(sys.argv[1])
print("held", flush=True)
signal.pause()
"""

TRY = """
try:
    FolderLock(sys.argv[1]).release()
    print("free")
except StorageError as error:
    print(error.exit_code, error)
"""


def holder(folder: Path) -> subprocess.Popen[str]:
    child = start(HOLD, folder)
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    return child


def test_the_second_process_is_told_who_holds_the_folder(tmp_path: Path) -> None:
    child = holder(tmp_path)
    try:
        with pytest.raises(StorageError, match=rf"in use by process {child.pid}\."):
            FolderLock(tmp_path)
    finally:
        child.kill()
        child.communicate()


def test_the_lock_of_a_killed_process_is_recovered(tmp_path: Path) -> None:
    child = holder(tmp_path)
    child.kill()
    child.communicate()
    assert (tmp_path / ".lock").read_text() == f"{child.pid}\n"  # its file is still there
    with FolderLock(tmp_path) as lock:
        assert lock.held
        assert (tmp_path / ".lock").read_text() == f"{os.getpid()}\n"
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("content", ["", "1\n", "999999999\n", "not a number", "\xff" * 4000])
def test_a_lock_file_that_nobody_holds_locks_nobody_out(tmp_path: Path, content: str) -> None:
    (tmp_path / ".lock").write_text(content)
    FolderLock(tmp_path).release()


def test_this_process_is_told_that_it_is_the_holder(tmp_path: Path) -> None:
    with FolderLock(tmp_path), pytest.raises(StorageError, match=rf"process {os.getpid()} \(this one\)"):
        FolderLock(tmp_path)
    with FolderLock(tmp_path) as lock:
        lock.release()
        lock.release()
        assert not lock.held
    assert run(TRY, tmp_path) == "free"


FORK = """
lock = FolderLock(sys.argv[1])
child = os.fork()
if child == 0:
    assert not lock.held
    lock.release()
    signal.pause()
print(child, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_forked_child_neither_keeps_nor_drops_the_lock(tmp_path: Path) -> None:
    parent = start(FORK, tmp_path)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.wait()
    try:
        FolderLock(tmp_path).release()  # the child lives on, its parent was killed
    finally:
        os.kill(child, 9)
        parent.communicate()


def test_a_child_that_ends_does_not_give_its_parents_folder_away(tmp_path: Path) -> None:
    with FolderLock(tmp_path):
        assert run(TRY, tmp_path).startswith("5 the folder")
        subprocess.run(["true"], check=True)
        assert run(TRY, tmp_path).startswith("5 the folder")


def test_of_many_threads_one_gets_the_lock(tmp_path: Path) -> None:
    won: list[FolderLock] = []
    refused: list[StorageError] = []
    gate = threading.Barrier(16)

    def try_it() -> None:
        gate.wait()
        try:
            won.append(FolderLock(tmp_path))
        except StorageError as error:
            refused.append(error)

    threads = [threading.Thread(target=try_it) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(won), len(refused)) == (1, 15)
    won[0].release()


RACE = """
import time
counter, taken = Path(sys.argv[1]) / "counter", 0
while taken < 200:
    try:
        with FolderLock(sys.argv[1]):
            counter.write_text(str(int(counter.read_text()) + 1))
        taken += 1
    except StorageError:
        time.sleep(0.0001)
"""


def test_processes_that_take_and_remove_the_lock_in_turns_never_overlap(tmp_path: Path) -> None:
    (tmp_path / "counter").write_text("0")
    children = [start(RACE, tmp_path) for _ in range(3)]
    for child in children:
        _, complaint = child.communicate(timeout=60)
        assert child.returncode == 0, complaint
    assert (tmp_path / "counter").read_text() == "600"


@pytest.mark.parametrize("kind", ["link", "FIFO", "folder"])
def test_a_lock_file_that_is_no_file_is_refused(tmp_path: Path, kind: str) -> None:
    place, outside = tmp_path / ".lock", tmp_path / "outside"
    if kind == "link":
        place.symlink_to(outside)
    elif kind == "FIFO":
        os.mkfifo(place)
    else:
        place.mkdir()
    with pytest.raises(StorageError):
        FolderLock(tmp_path)
    assert not outside.exists()


def test_a_run_folder_in_use_names_its_holder_and_stays_as_it_is(tmp_path: Path) -> None:
    with RunFolder.create(tmp_path, "run") as folder:
        folder.write_text("run.json", "{}")
        code = TRY.replace("FolderLock(sys.argv[1]).release()", 'RunFolder.create(sys.argv[1], "run", overwrite=True)')
        assert f"process {os.getpid()}" in run(code, tmp_path)
        assert folder.record.read_text() == "{}"
