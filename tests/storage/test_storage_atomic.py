"""Files are whole or absent: full disks, special files, links, modes, interruptions."""

from __future__ import annotations

import errno
import hashlib
import os
import socket
import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from storage_children import run

from fieldsim.errors import InvalidInput, StorageError
from fieldsim.storage import (
    atomic,
    file_sha256,
    open_regular,
    read_bytes,
    whole_file,
    write_bytes,
    write_text,
)


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


@given(data=st.binary(max_size=300))
@settings(deadline=None)
def test_bytes_come_back(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("bytes") / "a"
    written = write_bytes(path, data)
    assert path.read_bytes() == data
    assert (written.path, written.size, written.sha256) == (path, len(data), hashlib.sha256(data).hexdigest())
    assert file_sha256(path) == written.sha256
    assert names(path.parent) == ["a"]


def test_text_keeps_its_line_ends_and_escapes_what_utf8_has_not(tmp_path: Path) -> None:
    write_text(tmp_path / "a", "q = -k ∇T\r\nx\n\udcff")
    assert (tmp_path / "a").read_bytes() == "q = -k ∇T\r\nx\n\\udcff".encode()


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit, InvalidInput])
def test_an_error_in_the_block_leaves_the_old_file_and_no_other(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "a"
    write_bytes(path, b"old")

    def stop_half_way() -> None:
        with whole_file(path) as stream:
            stream.write(b"new, but not to the end")
            stream.flush()
            raise error

    with pytest.raises(error):
        stop_half_way()
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["a"]


def test_an_error_about_another_file_passes_unchanged(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught, whole_file(tmp_path / "a"):
        (tmp_path / "not-there").read_bytes()
    assert not isinstance(caught.value, StorageError)
    assert names(tmp_path) == []


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS])
@pytest.mark.parametrize("stage", ["open", "write", "fsync", "replace"])
def test_a_failure_at_any_stage_keeps_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: str, code: int
) -> None:
    path = tmp_path / "a"
    write_bytes(path, b"old")

    def fail(*_arguments: object, **_keywords: object) -> None:
        raise OSError(code, os.strerror(code))

    real_open = os.open

    def open_but_not_new(place: str, flags: int, *rest: int, **keywords: int) -> int:
        if flags & os.O_CREAT:
            fail()
        return real_open(place, flags, *rest, **keywords)

    with monkeypatch.context() as patch:
        if stage == "open":
            patch.setattr(atomic.os, "open", open_but_not_new)
        elif stage == "write":
            patch.setattr(atomic.DigestingWriter, "write", fail)
        else:
            patch.setattr(atomic.os, stage, fail)
        with pytest.raises(StorageError) as caught:
            write_bytes(path, b"new")
    assert errno.errorcode[code] in str(caught.value)
    assert str(path) in str(caught.value)
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["a"]


FILE_LIMIT = """
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
folder = Path(sys.argv[1])
writes = {
    "bytes": lambda: write_bytes(folder / "bytes", bytes(200_000)),
    "checkpoint": lambda: save(folder / "checkpoint", {"u": np.ones(20_000)}, {"step": 2}),
    "field": lambda: write_structured(folder / "field", {"u": np.ones(20_000)}, edges=[np.arange(20_001.0)]),
    "csv": lambda: write_csv(folder / "csv", {"x": "m"}, [(1.0,)] * 50_000),
    "json": lambda: write_json(folder / "json", list(range(50_000))),
}
for name, write in writes.items():
    try:
        write()
    except StorageError as error:
        print(name, error.exit_code, "EFBIG" in str(error))
print(load(folder / "checkpoint").meta["step"])
"""


def test_the_file_size_limit_ends_in_one_error_and_no_torn_file(tmp_path: Path) -> None:
    import numpy as np

    from fieldsim.storage import save

    save(tmp_path / "checkpoint", {"u": np.ones(3)}, {"step": 1})
    output = run(FILE_LIMIT, tmp_path).splitlines()
    assert output == [f"{name} 5 True" for name in ("bytes", "checkpoint", "field", "csv", "json")] + ["1"]
    assert names(tmp_path) == ["checkpoint"]


SMALL_DISK = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
NEW_USER, NEW_MOUNTS, READ_ONLY, REMOUNT = 0x10000000, 0x00020000, 1, 32
user, group = os.getuid(), os.getgid()
if libc.unshare(NEW_USER | NEW_MOUNTS):
    sys.exit(print("refused"))
for file, text in (("setgroups", "deny"), ("uid_map", f"0 {user} 1"), ("gid_map", f"0 {group} 1")):
    Path("/proc/self", file).write_text(text)
if libc.mount(b"none", sys.argv[1].encode(), b"tmpfs", 0, b"size=1m"):
    sys.exit(print("refused"))
folder = Path(sys.argv[1])
save(folder / "checkpoint", {"u": np.ones(30_000)}, {"step": 1})
for write in (
    lambda: save(folder / "checkpoint", {"u": np.ones(120_000)}, {"step": 2}),
    lambda: write_structured(folder / "u", {"u": np.ones(120_000)}, edges=[np.arange(120_001.0)]),
):
    try:
        write()
    except StorageError as error:
        print(error.exit_code, "ENOSPC" in str(error), "--out" in str(error))
print(sorted(os.listdir(folder)), load(folder / "checkpoint").meta["step"])
libc.mount(b"none", sys.argv[1].encode(), b"tmpfs", READ_ONLY | REMOUNT, None)
for name in ("new", "checkpoint"):
    try:
        RunFolder.create(folder, name) if name == "new" else write_bytes(folder / name, b"")
    except StorageError as error:
        print(error.exit_code, "EROFS" in str(error))
"""


def test_a_full_and_a_read_only_disk(tmp_path: Path) -> None:
    output = run(SMALL_DISK, tmp_path)
    if output == "refused":
        pytest.skip("this kernel lets no unprivileged process mount a tmpfs")
    assert output.splitlines() == ["5 True True"] * 2 + ["['checkpoint'] 1"] + ["5 True"] * 2


def make_special(path: Path, kind: str) -> None:
    if kind == "link to a file":
        path.symlink_to(path.parent / "outside")
    elif kind == "dangling link":
        path.symlink_to("nowhere")
    elif kind == "folder":
        path.mkdir()
    elif kind == "FIFO":
        os.mkfifo(path)
    else:
        with socket.socket(socket.AF_UNIX) as server:
            here = os.open(".", os.O_RDONLY)
            os.chdir(path.parent)  # a socket's path may have 107 bytes only
            try:
                server.bind(path.name)
            finally:
                os.chdir(here)
                os.close(here)


@pytest.mark.parametrize("kind", ["link to a file", "dangling link", "folder", "FIFO", "socket"])
def test_a_special_file_is_neither_written_nor_replaced_nor_read(tmp_path: Path, kind: str) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"precious")
    target = tmp_path / "a"
    make_special(target, kind)
    mode = os.lstat(target).st_mode
    with pytest.raises(StorageError):
        write_bytes(target, b"data")
    with pytest.raises(StorageError):
        open_regular(target)
    assert os.lstat(target).st_mode == mode
    assert outside.read_bytes() == b"precious"
    assert names(tmp_path) == ["a", "outside"]


@pytest.mark.parametrize("path", ["/dev/null", "/dev/full", "/dev/zero"])
def test_devices_are_refused(path: str) -> None:
    for action in (lambda: write_bytes(path, b"x"), lambda: read_bytes(path, largest=10)):
        with pytest.raises(StorageError, match="device"):
            action()


def test_a_target_that_becomes_a_link_while_it_is_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="symbolic link"), whole_file(tmp_path / "a"):
        (tmp_path / "a").symlink_to(tmp_path / "outside")
    assert names(tmp_path) == ["a"]


def test_a_folder_that_becomes_a_link_while_a_file_is_written_leads_nowhere(tmp_path: Path) -> None:
    fields, elsewhere = tmp_path / "fields", tmp_path / "elsewhere"
    elsewhere.mkdir()
    with whole_file(fields / "a", within=tmp_path) as stream:
        stream.write(b"data")
        fields.rename(tmp_path / "moved")
        fields.symlink_to(elsewhere)
    assert names(elsewhere) == []
    assert (tmp_path / "moved" / "a").read_bytes() == b"data"


@pytest.mark.parametrize("place", ["link/a", "link/below/a", "real/link/a"])
def test_folders_that_are_links_are_refused_within(tmp_path: Path, place: str) -> None:
    run_folder, outside = tmp_path / "run", tmp_path / "outside"
    (run_folder / "real").mkdir(parents=True)
    outside.mkdir()
    (run_folder / "link").symlink_to(outside)
    (run_folder / "real" / "link").symlink_to(outside)
    with pytest.raises(StorageError):
        write_bytes(run_folder / place, b"x", within=run_folder)
    assert names(outside) == []


@pytest.mark.parametrize("place", ["../a", "sub/../../a", "/tmp/a"])
def test_paths_out_of_the_folder_are_refused(tmp_path: Path, place: str) -> None:
    inside = tmp_path / "run"
    inside.mkdir()
    with pytest.raises(StorageError, match="inside"):
        write_bytes(inside / place, b"x", within=inside)
    assert names(tmp_path) == ["run"]


@pytest.mark.parametrize("bad", ["", "..", "a\0b", "\ud800"])
def test_impossible_paths_are_storage_errors(tmp_path: Path, bad: str) -> None:
    for action in (write_bytes, lambda path, _: open_regular(path)):
        with pytest.raises(StorageError):
            action(f"{tmp_path}/x/../{bad}" if bad == ".." else bad, b"x")


def test_a_missing_folder_and_a_long_name_are_storage_errors(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="ENOENT"):
        write_bytes(tmp_path / "no" / "a", b"x")
    with pytest.raises(StorageError, match="ENAMETOOLONG"):
        write_bytes(tmp_path / ("a" * 256), b"x")
    write_bytes(tmp_path / ("a" * 255), b"x")


@pytest.mark.parametrize(("mask", "file", "folder"), [(0o077, 0o600, 0o700), (0o022, 0o644, 0o755), (0, 0o664, 0o775)])
def test_files_follow_the_umask_and_are_never_writable_by_everybody(
    tmp_path: Path, mask: int, file: int, folder: int
) -> None:
    before = os.umask(mask)
    try:
        write_bytes(tmp_path / "sub" / "a", b"x", within=tmp_path)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "sub" / "a").stat().st_mode) == file
    assert stat.S_IMODE((tmp_path / "sub").stat().st_mode) == folder


def test_a_folder_with_setgid_hands_its_group_on(tmp_path: Path) -> None:
    groups = {*os.getgroups(), 4242 if os.geteuid() == 0 else os.getgid()}
    group = max(groups)
    os.chown(tmp_path, -1, group)
    tmp_path.chmod(0o2775)
    write_bytes(tmp_path / "sub" / "a", b"x", within=tmp_path)
    assert (tmp_path / "sub" / "a").stat().st_gid == group
    assert (tmp_path / "sub").stat().st_mode & stat.S_ISGID


def test_a_large_file_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(bytes(11))
    with pytest.raises(StorageError, match="at most 10 bytes"):
        read_bytes(tmp_path / "a", largest=10)
    assert read_bytes(tmp_path / "a", largest=11) == bytes(11)


def test_a_link_is_read_only_when_asked(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(StorageError, match="ELOOP"):
        open_regular(tmp_path / "b")
    with open_regular(tmp_path / "b", follow_link=True) as stream:
        assert stream.read() == b"x"


def test_systems_without_folder_descriptors_keep_the_same_promises(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fieldsim.storage.opened_folder._HAS_FOLDER_DESCRIPTORS", False)
    write_bytes(tmp_path / "new" / "deep" / "a", b"x", within=tmp_path)
    assert (tmp_path / "new" / "deep" / "a").read_bytes() == b"x"
    (tmp_path / "link").symlink_to(tmp_path / "new")
    for place in ("link/b", "new/../b"):
        with pytest.raises(StorageError):
            write_bytes(tmp_path / place, b"x", within=tmp_path)
    with pytest.raises(StorageError, match="symbolic link"):
        write_bytes(tmp_path / "link", b"x")
    with pytest.raises(ZeroDivisionError), whole_file(tmp_path / "c"):
        raise ZeroDivisionError
    assert names(tmp_path) == ["link", "new"]
    assert names(tmp_path / "new") == ["deep"]


def test_the_bytes_are_on_the_disk_before_the_name_and_the_name_before_the_return(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    real_fsync, real_replace = os.fsync, os.replace

    def fsync(descriptor: int) -> None:
        kind = os.fstat(descriptor)
        calls.append("folder" if stat.S_ISDIR(kind.st_mode) else f"file of {kind.st_size}")
        real_fsync(descriptor)

    def replace(*arguments: str, **keywords: int) -> None:
        calls.append("rename")
        real_replace(*arguments, **keywords)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", replace)
    write_bytes(tmp_path / "a", bytes(70_000))
    assert calls == ["file of 70000", "rename", "folder"]
