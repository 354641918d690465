"""Checkpoints come back bit for bit, and one that changed in any bit, or lies about its sizes, never does."""

from __future__ import annotations

import hashlib
import json
import os
import random
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from storage_children import run, start

from fieldsim.errors import InvalidInput, StorageError
from fieldsim.storage import RunFolder, load, save

KINDS = ["?", "i1", "u2", "i4", "u8", "f2", "f4", "f8", ">f8", ">i4", "c8", "c16"]
ARRAYS = st.sampled_from(KINDS).flatmap(
    lambda kind: npst.arrays(kind, npst.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
)
META = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def forged(path: Path, header: dict[str, Any] | bytes, data: bytes = b"", *, version: int = 1) -> Path:
    """Write a checkpoint by the format's description alone, with digests that fit: a skilled forger's file."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    prelude = struct.pack("<16sII", b"\x89fieldsim-ck\r\n\x1a\n", version, len(text))
    body = prelude + hashlib.sha256(prelude + text).digest() + text
    if data:
        body += bytes(-len(body) % 64) + data
    path.write_bytes(body + hashlib.sha256(body).digest())
    return path


@settings(deadline=None, max_examples=150)
@given(
    arrays=st.dictionaries(st.text(max_size=5), ARRAYS, max_size=3),
    meta=st.dictionaries(st.text(), META, max_size=4),
)
def test_arrays_and_meta_come_back_bit_for_bit(
    tmp_path_factory: pytest.TempPathFactory, arrays: dict[str, np.ndarray], meta: dict[str, Any]
) -> None:
    path = tmp_path_factory.mktemp("checkpoint") / "checkpoint"
    written = save(path, arrays, meta)
    got = load(path)
    assert got.meta == meta
    assert got.arrays.keys() == arrays.keys()
    for name, array in arrays.items():
        native = array.astype(array.dtype.newbyteorder("="))
        assert got.arrays[name].dtype == native.dtype
        assert got.arrays[name].shape == array.shape
        assert got.arrays[name].tobytes() == native.tobytes()
        assert got.arrays[name].flags.writeable
    assert got.sha256 == written.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_views_give_the_bytes_of_copies_and_are_not_changed(tmp_path: Path) -> None:
    base = np.random.default_rng(0).normal(size=(60, 50, 40))
    base.flags.writeable = False
    views = {"a": base[::2, ::-1, 5:], "b": base.T, "c": np.broadcast_to(base[0], (3, 50, 40))}
    one = save(tmp_path / "one", views, {"t": 0.1 + 0.2})
    two = save(tmp_path / "two", {name: view.copy() for name, view in reversed(views.items())}, {"t": 0.1 + 0.2})
    assert one.sha256 == two.sha256


def test_a_file_made_by_the_format_alone_is_read(tmp_path: Path) -> None:
    entry = {"name": "u", "dtype": "<f8", "shape": [2], "offset": 0}
    path = forged(tmp_path / "a", {"meta": {"step": 7}, "arrays": [entry]}, struct.pack("<2d", 1.5, -2.0))
    got = load(path)
    assert got.meta == {"step": 7}
    np.testing.assert_array_equal(got.arrays["u"], [1.5, -2.0])


def test_none_of_200_random_bits_and_no_bit_of_the_header_flips_unseen(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint"
    save(
        path,
        {"u": np.random.default_rng(1).normal(size=(30, 20)), "mask": np.ones(7, bool)},
        {"t": 1.25, "step": 57},
    )
    whole = path.read_bytes()
    drawn = random.Random(20240229)
    bits = [
        *drawn.sample(range(8 * len(whole)), 200),
        *range(8 * 300),
        *range(8 * (len(whole) - 32), 8 * len(whole)),
    ]
    loaded = 0
    for bit in bits:
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        try:
            load(path)
            loaded += 1
        except StorageError:
            pass
    assert loaded == 0
    path.write_bytes(whole)
    assert load(path).meta["step"] == 57


def test_no_cut_and_no_addition_goes_unseen(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint"
    save(path, {"u": np.arange(9.0)}, {})
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(StorageError):
            load(path)
    for more in (b"\0", bytes(64), whole):
        path.write_bytes(whole + more)
        with pytest.raises(StorageError):
            load(path)


@settings(deadline=None)
@given(data=st.binary(max_size=400))
def test_any_bytes_are_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "checkpoint"
    path.write_bytes(data)
    with pytest.raises(StorageError):
        load(path)


ENTRY = {"name": "u", "dtype": "<f8", "shape": [1], "offset": 0}


@pytest.mark.parametrize(
    "changes",
    [
        {"shape": [1 << 37]},  # 1 TB
        {"shape": [1 << 62, 1 << 62]},  # overflows 64 bits
        {"shape": [0, 1 << 62, 1 << 62]},
        {"shape": [-1]},
        {"shape": [1.0]},
        {"shape": [True]},
        {"shape": 1},
        {"shape": [1] * 100},
        {"offset": 64},
        {"offset": -64},
        {"offset": 1 << 70},
        {"dtype": "|O"},
        {"dtype": "<f16"},
        {"dtype": ">f8"},
        {"dtype": "<M8[s]"},
        {"dtype": "<f8,<f8"},
        {"dtype": "<U2"},
        {"dtype": ["<f8"]},
        {"name": 5},
        {"name": None},
    ],
)
def test_a_header_that_lies_is_refused_before_anything_is_allocated(tmp_path: Path, changes: dict[str, Any]) -> None:
    path = forged(tmp_path / "a", {"meta": {}, "arrays": [{**ENTRY, **changes}]}, bytes(8))
    start_time = time.process_time()
    with pytest.raises(StorageError):
        load(path)
    assert time.process_time() - start_time < 1.0


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"null",
        b"[]",
        b'{"meta": {}}',
        b'{"meta": [], "arrays": []}',
        b'{"meta": {}, "arrays": {"a": 1}}',
        b'{"meta": {}, "arrays": [[]]}',
        b'{"meta": {}, "arrays": [{}]}',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"meta": ' + b"9" * 5000 + b', "arrays": []}',
        json.dumps({"meta": {}, "arrays": [{**ENTRY, "shape": [0]}] * 2}).encode(),
    ],
)
def test_a_header_that_is_none_is_refused(tmp_path: Path, header: bytes) -> None:
    with pytest.raises(StorageError, match="damaged"):
        load(forged(tmp_path / "a", header))


TERABYTE = """
path = Path(sys.argv[1])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    load(path)
except Refused as error:
    print(error.exit_code, "TiB" in str(error), "limit" in str(error))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000)
"""


def test_a_file_of_a_true_terabyte_is_refused_by_the_memory_guard(tmp_path: Path) -> None:
    path = forged(tmp_path / "a", {"meta": {}, "arrays": [{**ENTRY, "shape": [1 << 37]}]})
    start_of_data = -(-(path.stat().st_size - 32) // 64) * 64
    os.truncate(path, start_of_data + (1 << 40) + 32)  # sparse: it takes no space on the disk
    assert run(TERABYTE, path).splitlines() == ["3 True True", "True"]


def test_another_version_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="format 2; this fieldsim reads format 1"):
        load(forged(tmp_path / "a", {"meta": {}, "arrays": []}, version=2))


def test_a_foreign_file_is_named_as_such(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros(100))
    with pytest.raises(StorageError, match="not a fieldsim checkpoint"):
        load(tmp_path / "a.npy")


def test_every_difference_to_the_run_is_listed(tmp_path: Path) -> None:
    meta = {
        "scenario": "abc",
        "version": "0.1",
        "mesh": {"cells": [4, 4], "type": "polar"},
        "dtype": "float64",
        "t": 1.0,
    }
    save(tmp_path / "a", {}, meta)
    assert load(tmp_path / "a", expect={"scenario": "abc", "mesh": meta["mesh"]}).meta == meta
    expect = {**meta, "scenario": "abd", "mesh": {"cells": [4, 5], "type": "polar"}, "t": 1, "order": 2}
    with pytest.raises(StorageError) as caught:
        load(tmp_path / "a", expect=expect)
    assert str(caught.value).splitlines()[1:] == [
        "  mesh.cells: [4, 4] in the file, [4, 5] in this run",
        "  order: nothing in the file, 2 in this run",
        "  scenario: 'abc' in the file, 'abd' in this run",
        "  t: 1.0 in the file, 1 in this run",
    ]


@pytest.mark.parametrize(
    "make",
    [
        lambda: ({"u": np.array([object()])}, {}),
        lambda: ({"u": np.array(["a"])}, {}),
        lambda: ({"u": np.zeros(2, dtype=np.longdouble)}, {}),
        lambda: ({"u": np.zeros(2, dtype="f8,i4")}, {}),
        lambda: ({"u": np.zeros(2, dtype="M8[s]")}, {}),
        lambda: ({"u": np.ma.masked_array([1.0, 2.0], [True, False])}, {}),
        lambda: ({"u": [1.0, 2.0]}, {}),
        lambda: ({}, {"t": float("nan")}),
        lambda: ({}, {"t": [1.0, float("inf")]}),
        lambda: ({}, {"t": {1: 2}}),
        lambda: ({}, {"t": object()}),
    ],
)
def test_what_cannot_come_back_is_not_kept(tmp_path: Path, make: Callable[[], tuple[Any, Any]]) -> None:
    arrays, meta = make()
    save(tmp_path / "a", {}, {"old": True})
    with pytest.raises(InvalidInput):
        save(tmp_path / "a", arrays, meta)
    assert load(tmp_path / "a").meta == {"old": True}


def test_a_missing_checkpoint_is_an_error_not_a_fresh_start(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="ENOENT"):
        load(tmp_path / "checkpoint")


def test_a_waiting_fifo_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "checkpoint")
    with pytest.raises(StorageError, match="FIFO"):
        load(tmp_path / "checkpoint")


SAME_BYTES = """
arrays = {name: np.arange(5.0) for name in {"u", "v", "flux", "mask"}}
print(save(Path(sys.argv[1]) / "c", arrays, {name: 1 for name in {"t", "step", "seed"}}).sha256)
print(write_structured(Path(sys.argv[1]) / "f", {"u": arrays["u"]}, edges=[np.arange(6.0)], time=0.1).sha256)
"""


def test_the_hash_seed_changes_no_byte(tmp_path: Path) -> None:
    outputs = {run(SAME_BYTES, tmp_path, PYTHONHASHSEED=seed) for seed in ("0", "1", "random")}
    assert len(outputs) == 1


KILLED = """
folder = RunFolder.create(sys.argv[1], "run", resume=True)
step = load(folder.checkpoint).meta["step"]
print("ready", flush=True)
while True:
    step += 1
    u = np.random.default_rng(step).normal(size=50_000 + step % 7)
    write_structured(folder.field(step % 5), {"u": u}, edges=[np.arange(u.size + 1.0)], within=folder.path)
    write_json(folder.record, {"step": step}, within=folder.path)
    save(folder.checkpoint, {"u": u}, {"step": step}, within=folder.path)
"""


@pytest.mark.slow
def test_a_hundred_kills_leave_only_whole_files_and_the_run_goes_on(tmp_path: Path) -> None:
    with RunFolder.create(tmp_path, "run") as folder:
        save(folder.checkpoint, {"u": np.zeros(1)}, {"step": 0})
    drawn = random.Random(5)
    leftovers, last = 0, 0
    for _ in range(100):
        child = start(KILLED, tmp_path)
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        time.sleep(drawn.uniform(0.0, 0.1))
        child.kill()
        child.communicate()
        leftovers += sum(name.endswith(".part") for _, _, files in os.walk(folder.path) for name in files)
        got = load(folder.checkpoint)
        step = got.meta["step"]
        assert step >= last
        if step:
            expected = np.random.default_rng(step).normal(size=50_000 + step % 7)
            assert got.arrays["u"].tobytes() == expected.tobytes()
            assert json.loads(folder.record.read_text())["step"] >= step
        for path in folder.fields.glob("*"):
            if not path.name.endswith(".part"):
                assert path.read_bytes().endswith(b"</AppendedData>\n</VTKFile>\n")
        last = step
    assert last > 0
    assert leftovers > 0  # some kills did strike while a file was being written
    RunFolder.create(tmp_path, "run", resume=True).close()
    assert not [name for _, _, files in os.walk(folder.path) for name in files if name.endswith(".part")]
