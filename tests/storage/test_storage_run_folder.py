"""The run's folder: names, links, what overwrite and resume keep, and refusal before any work."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from storage_children import run

from fieldsim.errors import InvalidInput, StorageError
from fieldsim.storage import RunFolder, check_name, load, save, write_structured

BAD_NAMES = [
    "", ".", "..", "...", "a/b", "/etc", "a\\b", "a\0", "a\nb", "a\x07", "-rf", "--out", ".hidden", "~", " a",
    "a ", "a.", "a" * 256, "ä" * 128, "a\u200bb", "a\u202eb", "\ud800", "nul", "CON.txt", "com1", "a:b", "a*",
]  # fmt: skip
GOOD_NAMES = ["heat_wall-2", "d=0.1,k=5", "Wärme", "a" * 255, "ä" * 127, "point charge", "1", "熱"]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_bad_names_are_refused_and_nothing_is_made(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        RunFolder.create(tmp_path / "runs", name)
    assert caught.value.exit_code == 2
    assert len(str(caught.value)) < 500
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", GOOD_NAMES)
def test_plain_names_are_taken(tmp_path: Path, name: str) -> None:
    with RunFolder.create(tmp_path, name) as folder:
        assert folder.path == tmp_path / name
    assert os.listdir(tmp_path) == [name]


@settings(deadline=None, max_examples=200)
@given(name=st.text(max_size=12))
def test_any_name_gives_one_folder_right_there_or_an_error(name: str) -> None:
    with tempfile.TemporaryDirectory() as root:
        inside = Path(root) / "runs"
        inside.mkdir()
        try:
            check_name(name)
        except InvalidInput:
            return
        RunFolder.create(inside, name).close()
        assert os.listdir(root) == ["runs"]
        assert os.listdir(inside) == [name]


def fill(folder: RunFolder) -> None:
    """Write one file of every kind a run writes."""
    for name in (
        "scenario.yaml",
        "resolved.yaml",
        "run.json",
        "log.txt",
        "probes.csv",
        "check.json",
        "scene.html",
    ):
        folder.write_text(name, "old")
    folder.write_text("report.html", "old")
    folder.write_bytes("fields.pvd", b"old")
    folder.write_bytes(folder.figure("T").relative_to(folder.path), b"old")
    write_structured(folder.field(0), {"T": np.zeros(2)}, edges=[[0, 1, 2]], within=folder.path)
    save(folder.checkpoint, {"T": np.zeros(2)}, {"step": 3}, within=folder.path)


def test_the_layout_is_that_of_the_contract(tmp_path: Path) -> None:
    with RunFolder.create(tmp_path, "run") as folder:
        fill(folder)
    found = sorted(str(path.relative_to(folder.path)) for path in folder.path.rglob("*") if path.is_file())
    assert found == [
        "check.json", "checkpoint", "fields.pvd", "fields/0000.vti", "figures/T.png", "log.txt", "probes.csv",
        "report.html", "resolved.yaml", "run.json", "scenario.yaml", "scene.html",
    ]  # fmt: skip
    places = [folder.scenario, folder.resolved, folder.record, folder.log, folder.collection, folder.probes]
    places += [folder.check, folder.scene, folder.report, folder.checkpoint]
    assert all(place.is_file() for place in places)
    assert folder.fields.is_dir()
    assert folder.figures.is_dir()


def test_a_run_is_neither_overwritten_nor_resumed_unasked(tmp_path: Path) -> None:
    with RunFolder.create(tmp_path, "run") as folder:
        fill(folder)
    with pytest.raises(StorageError, match="--overwrite or --resume"):
        RunFolder.create(tmp_path, "run")
    assert load(folder.checkpoint).meta == {"step": 3}


def test_overwrite_removes_what_runs_write_and_nothing_else(tmp_path: Path) -> None:
    with RunFolder.create(tmp_path, "run") as folder:
        fill(folder)
    for mine in ("notes.txt", "figures/mine.svg", "fields/mine.txt"):
        (folder.path / mine).write_text("mine")
    with RunFolder.create(tmp_path, "run", overwrite=True):
        pass
    found = sorted(str(path.relative_to(folder.path)) for path in folder.path.rglob("*") if path.is_file())
    assert found == ["fields/mine.txt", "figures/mine.svg", "notes.txt"]


def test_overwrite_of_a_plain_run_leaves_an_empty_folder(tmp_path: Path) -> None:
    with RunFolder.create(tmp_path, "run") as folder:
        fill(folder)
    RunFolder.create(tmp_path, "run", overwrite=True).close()
    assert os.listdir(folder.path) == []


def test_resume_keeps_everything_and_needs_a_checkpoint(tmp_path: Path) -> None:
    with RunFolder.create(tmp_path, "run") as folder:
        fill(folder)
    before = sorted(folder.path.rglob("*"))
    RunFolder.create(tmp_path, "run", resume=True).close()
    assert sorted(folder.path.rglob("*")) == before
    folder.checkpoint.unlink()
    with pytest.raises(StorageError, match="no checkpoint"):
        RunFolder.create(tmp_path, "run", resume=True)
    with pytest.raises(StorageError, match="no checkpoint"):
        RunFolder.create(tmp_path, "fresh", resume=True)
    assert os.listdir(tmp_path) == ["run"]


def failed(root: Path, status: str = "failed") -> RunFolder:
    """Leave what a refused run leaves: its question and why it was refused."""
    with RunFolder.create(root, "run") as folder:
        for name in ("scenario.yaml", "resolved.yaml", "log.txt"):
            folder.write_text(name, "old")
        folder.write_text("run.json", f'{{"status": "{status}"}}')
    return folder


def test_a_failed_run_that_left_nothing_is_replaced_unasked(tmp_path: Path) -> None:
    folder = failed(tmp_path)
    RunFolder.create(tmp_path, "run").close()
    assert os.listdir(folder.path) == []


@pytest.mark.parametrize("kept", ["fields/0000.vti", "checkpoint", "notes.txt", "figures/mine.svg"])
def test_a_failed_run_that_left_something_is_not_replaced_unasked(tmp_path: Path, kept: str) -> None:
    folder = failed(tmp_path)
    (folder.path / kept).parent.mkdir(exist_ok=True)
    (folder.path / kept).write_text("kept")
    with pytest.raises(StorageError, match="--overwrite") as caught:
        RunFolder.create(tmp_path, "run")
    assert ("--resume" in str(caught.value)) == (kept == "checkpoint")
    assert (folder.path / kept).read_text() == "kept"


@pytest.mark.parametrize("status", ["done", "running", "interrupted", "check failed"])
def test_a_run_that_did_not_fail_is_not_replaced_unasked(tmp_path: Path, status: str) -> None:
    failed(tmp_path, status)
    with pytest.raises(StorageError, match="Give --overwrite, or another --out"):
        RunFolder.create(tmp_path, "run")


def test_overwrite_and_resume_exclude_each_other(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="one at a time"):
        RunFolder.create(tmp_path, "run", overwrite=True, resume=True)


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_of_other_files_is_never_touched(tmp_path: Path, overwrite: bool) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "report.html").write_text("mine")
    with pytest.raises(StorageError, match="no run wrote"):
        RunFolder.create(tmp_path, "thesis", overwrite=overwrite)
    assert (tmp_path / "thesis" / "report.html").read_text() == "mine"
    assert os.listdir(tmp_path / "thesis") == ["report.html"]


def test_leftovers_of_a_killed_run_are_swept(tmp_path: Path) -> None:
    with RunFolder.create(tmp_path, "run") as folder:
        fill(folder)
    for place in (".fieldsim-1-ab.part", "fields/.fieldsim-1-cd.part", "figures/.fieldsim-2-ef.part"):
        (folder.path / place).write_bytes(b"torn")
    RunFolder.create(tmp_path, "run", resume=True).close()
    assert not list(folder.path.rglob(".*"))


@pytest.mark.parametrize("name", ["fields", "figures", "run.json", "checkpoint", "log.txt"])
@pytest.mark.parametrize("kind", ["link", "FIFO"])
@pytest.mark.parametrize("how", ["new", "overwrite", "resume"])
def test_a_link_or_fifo_under_a_name_of_ours_is_refused(tmp_path: Path, name: str, kind: str, how: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "0000.vti").write_text("precious")
    place = tmp_path / "run" / name
    place.parent.mkdir()
    (tmp_path / "run" / "scenario.yaml").write_text("old")
    if kind == "link":
        place.symlink_to(outside)
    else:
        os.mkfifo(place)
    with pytest.raises(StorageError, match="must be a plain"):
        RunFolder.create(tmp_path, "run", overwrite=how == "overwrite", resume=how == "resume")
    assert os.listdir(outside) == ["0000.vti"]
    assert sorted(os.listdir(tmp_path / "run")) == sorted(["scenario.yaml", name])


def test_a_run_folder_that_is_a_link_or_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "outside")
    (tmp_path / "file").write_text("")
    for name in ("link", "file"):
        with pytest.raises(StorageError):
            RunFolder.create(tmp_path, name)
    with pytest.raises(StorageError):
        RunFolder.create(tmp_path / "file", "run")
    assert os.listdir(tmp_path / "outside") == []


def test_a_root_that_is_a_link_is_the_users_choice(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "runs").symlink_to(tmp_path / "disk")
    with RunFolder.create(tmp_path / "runs", "run") as folder:
        folder.write_text("log.txt", "x")
    assert (tmp_path / "disk" / "run" / "log.txt").read_text() == "x"


def test_links_made_during_the_run_are_refused(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    with RunFolder.create(tmp_path, "run") as folder:
        folder.fields.symlink_to(outside)
        with pytest.raises(StorageError):
            write_structured(folder.field(0), {}, edges=[[0, 1]], within=folder.path)
        with pytest.raises(StorageError):
            folder.write_bytes("../escaped", b"x")
        with pytest.raises(StorageError):
            folder.write_bytes(tmp_path / "escaped", b"x")
        with pytest.raises(InvalidInput):
            folder.figure("../escaped")
    assert os.listdir(outside) == []
    assert sorted(os.listdir(tmp_path)) == ["outside", "run"]


UNWRITABLE = """
if os.geteuid() == 0:
    os.setuid(65534)  # the superuser may write anywhere
for root, name in ((sys.argv[1] + "/closed", "run"), (sys.argv[1], "run")):
    try:
        RunFolder.create(root, name)
    except StorageError as error:
        print(error.exit_code, "EACCES" in str(error), "--out" in str(error))
"""


def test_an_unwritable_folder_is_refused_before_any_work() -> None:
    root = Path(tempfile.mkdtemp())  # not tmp_path, whose parents are closed to other users
    try:
        root.chmod(0o755)
        for name in ("closed", "run"):
            (root / name).mkdir(mode=0o555)
        assert run(UNWRITABLE, root).splitlines() == ["5 True True"] * 2
        assert os.listdir(root / "closed") == os.listdir(root / "run") == []
    finally:
        for name in ("closed", "run"):
            (root / name).rmdir()
        root.rmdir()


FULL = """
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    RunFolder.create(sys.argv[1], "run")
except StorageError as error:
    print(error.exit_code, "EFBIG" in str(error))
print(os.listdir(sys.argv[1]))
"""


def test_a_disk_without_room_is_refused_before_any_work_and_nothing_stays(tmp_path: Path) -> None:
    assert run(FULL, tmp_path).splitlines() == ["5 True", "[]"]


@pytest.mark.parametrize(("mask", "mode"), [(0o077, 0o700), (0, 0o775)])
def test_folders_follow_the_umask(tmp_path: Path, mask: int, mode: int) -> None:
    before = os.umask(mask)
    try:
        with RunFolder.create(tmp_path / "a" / "b", "run") as folder:
            folder.write_bytes("fields/x", b"")
            places = [folder.path, folder.path.parent, folder.path.parent.parent, folder.fields]
            assert {stat.S_IMODE(place.stat().st_mode) for place in places} == {mode}
            files = [folder.fields / "x", folder.path / ".lock"]
            assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {mode & 0o666}
    finally:
        os.umask(before)


def test_open_takes_only_the_folder_of_a_run(tmp_path: Path) -> None:
    with RunFolder.create(tmp_path, "run") as folder:
        with pytest.raises(StorageError, match=r"run\.json"):
            RunFolder.open(folder.path)
        folder.write_text("run.json", "{}")
        assert RunFolder.open(folder.path).record == folder.record  # reading needs no lock
    with pytest.raises(StorageError):
        RunFolder.open(tmp_path / "not-there")


def test_a_root_no_system_can_take_is_refused() -> None:
    with pytest.raises(InvalidInput):
        RunFolder.create("a\0b", "run")


def test_field_files_are_numbered(tmp_path: Path) -> None:
    with RunFolder.create(tmp_path, "run") as folder:
        assert folder.field(7) == folder.path / "fields" / "0007"
        assert folder.field(12345).name == "12345"
