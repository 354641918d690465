"""Array files: good ones come back to the bit, every bad one is refused with one sentence and little memory."""

from __future__ import annotations

import io
import os
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fieldsim import potentials as pot
from fieldsim.errors import FieldSimError, InvalidInput, Refused

SENTENCE = r"(?s)^`.+` must be .+; got .+\. .+"


def npy(header, data=b"", version=(1, 0)):
    text = header.encode("latin1") + b"\n"
    length = struct.pack("<H" if version == (1, 0) else "<I", len(text))
    return b"\x93NUMPY" + bytes(version) + length + text + data


def header(shape, descr="<f8", fortran=False):
    return repr({"descr": descr, "fortran_order": fortran, "shape": shape})


@pytest.mark.parametrize("dtype", ["<f8", ">f8", "<f4", "<f2", "<i2", ">i4", "|u1", "<u8", "<i8"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_npy_comes_back(tmp_path, dtype, order):
    values = np.asarray(np.arange(24).reshape(2, 3, 4), dtype=dtype, order=order)
    np.save(tmp_path / "a.npy", values)
    found = pot.load_array(tmp_path / "a.npy")
    assert found.dtype == np.float64
    assert found.flags.writeable
    np.testing.assert_array_equal(found, np.arange(24.0).reshape(2, 3, 4))


def test_npz_comes_back_by_name(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", one=np.arange(5), two=np.eye(3))
    np.testing.assert_array_equal(pot.load_array(tmp_path / "a.npz", member="two"), np.eye(3))
    assert sorted(pot.load_arrays(tmp_path / "a.npz")) == ["one", "two"]
    with pytest.raises(InvalidInput, match=r"one of \['one', 'two'\]"):
        pot.load_array(tmp_path / "a.npz")
    with pytest.raises(InvalidInput, match=r"one of \['one', 'two'\]"):
        pot.load_array(tmp_path / "a.npz", member="three")
    np.savez(tmp_path / "b.npz", only=np.array(2.5))
    assert pot.load_array(str(tmp_path / "b.npz")) == 2.5


@pytest.mark.parametrize(
    "text",
    [
        "1,2.5\n-3e2,4\n",
        "\ufeffx,y\n1, 2.5\n-3e2 ,4",
        "# made by hand\nx;y\n1;2.5\n\n-300;4 # last\n",
        "1 2.5\n  -300    4\n",
        "1\t2.5\r\n-300\t4\r\n",
    ],
)
def test_csv_comes_back(tmp_path, text):
    (tmp_path / "a.csv").write_text(text, encoding="utf-8", newline="")
    np.testing.assert_array_equal(pot.load_array(tmp_path / "a.csv"), [[1.0, 2.5], [-300.0, 4.0]])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "It is empty"),
        ("# nothing\n\n", "It is empty"),
        ("x,y\n", "It is empty"),
        ("1,2\n3\n", "line 2 of a.csv"),
        ("1,2\n3,\n", "line 2 of a.csv"),
        ("1,2\n3,nan\n", "line 2 of a.csv"),
        ("1,inf\n", "line 1 of a.csv"),
        ("1,1e400\n", "line 1 of a.csv"),
        ("1,2_000\n", "line 1 of a.csv"),
        ("1,2j\n", "line 1 of a.csv"),
        ("1;1,5\n", "Write 1.5, not 1,5"),
        ("x,y\nu,v\n1,2\n", "line 2 of a.csv"),
        ("1,5 m\n", "line 1 of a.csv"),
    ],
)
def test_bad_tables_name_the_line(tmp_path, text, told):
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInput, match=SENTENCE) as caught:
        pot.load_array(tmp_path / "a.csv")
    assert told in str(caught.value)


def test_a_table_that_is_not_text_is_refused(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"\xff\xfe1\x002\x00")
    with pytest.raises(InvalidInput, match="not UTF-8"):
        pot.load_array(tmp_path / "a.csv")


class Trap:
    """What a pickle could do."""

    def __reduce__(self):
        return (os.mkdir, ("trap-was-sprung",))


def test_pickles_are_never_opened(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    trap = np.array([Trap()], dtype=object)
    np.save("a.npy", trap, allow_pickle=True)
    np.savez("a.npz", trap=trap)
    for name in ("a.npy", "a.npz"):
        with pytest.raises(InvalidInput, match="`dtype` must be integers or floats; got 'object'"):
            pot.load_array(name)
    assert not os.path.exists("trap-was-sprung")


@pytest.mark.parametrize(
    "values",
    [
        np.array([1 + 2j]),
        np.array([True]),
        np.array(["a"]),
        np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]),
        np.array(["2020-01-01"], dtype="M8[D]"),
        np.array([1.0, np.nan]),
        np.array([[1.0, -np.inf]]),
        np.array([2**60 + 1]),
        np.array([2**63 + 5], dtype=np.uint64),
        np.array([-(2**60) - 1]),
        np.array([]),
        np.array([np.finfo(np.longdouble).max]),
    ],
)
def test_arrays_that_are_not_finite_real_numbers_are_refused(tmp_path, values):
    np.save(tmp_path / "a.npy", values, allow_pickle=False)
    with pytest.raises(InvalidInput, match=SENTENCE):
        pot.load_array(tmp_path / "a.npy")


def test_the_first_bad_index_is_named(tmp_path):
    values = np.zeros((3, 4))
    values[1, 2] = np.nan
    np.save(tmp_path / "a.npy", values)
    with pytest.raises(InvalidInput, match=r"a\.npy is not finite at index \(1, 2\)"):
        pot.load_array(tmp_path / "a.npy")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x93NUM",
        b"not an array at all",
        npy("{'descr': '<f8', 'fortran_order': False"),
        npy("{'descr': '<f8'}"),
        npy("__import__('os').mkdir('x')"),
        npy("[" * 5000),
        npy("(" * 200 + ")" * 200),
        npy(header((2,), "nonsense"), b"\0" * 16),
        npy(header("(2)"), b"\0" * 16),
        npy(header((2,), "|V0"), b""),
        npy(header((-2,)), b"\0" * 16),
        npy(header((2,)), b"\0" * 15),
        npy(header((2,)), b"\0" * 17),
        npy(header((1,) * 40), b"\0" * 8),
        npy(header((2,)), b"\0" * 16, version=(9, 0)),
        npy(header((0, 10**30))),
        npy(" " * 60000 + header((2,)), b"\0" * 16),
    ],
)
def test_damaged_array_files_are_refused(tmp_path, content, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.npy").write_bytes(content)
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("a.npy", content)
    for name in ("a.npy", "a.npz"):
        with pytest.raises(InvalidInput, match=SENTENCE):
            pot.load_array(tmp_path / name)
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("shape", [(10**12,), (10**6, 10**6), (10**30,), (2**31, 2**31, 2**31)])
def test_a_header_that_claims_a_terabyte_is_refused_before_allocation(tmp_path, shape):
    (tmp_path / "a.npy").write_bytes(npy(header(shape), b"\0" * 64))
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", npy(header(shape), b"\0" * 64))
    tracemalloc.start()
    for name in ("a.npy", "a.npz"):
        with pytest.raises(Refused, match=r"claims [0-9]+ bytes"):
            pot.load_array(tmp_path / name)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1e6


def test_an_archive_that_unpacks_to_more_than_it_may_is_refused(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", a=np.zeros(200_000), b=np.zeros(200_000))
    assert (tmp_path / "a.npz").stat().st_size < 10_000
    with pytest.raises(Refused, match="at most 1000000 bytes"):
        pot.load_array(tmp_path / "a.npz", member="a", largest=1_000_000)
    # each would fit alone: the limit is for all together
    with pytest.raises(Refused):
        pot.load_arrays(tmp_path / "a.npz", largest=2_000_000)
    # small integers grow eightfold as float64
    np.save(tmp_path / "b.npy", np.zeros(200_000, dtype=np.int8))
    with pytest.raises(Refused):
        pot.load_array(tmp_path / "b.npy", largest=1_000_000)
    (tmp_path / "c.csv").write_text("1,2\n" * 100_000)
    with pytest.raises(Refused):
        pot.load_array(tmp_path / "c.csv", largest=1_000_000)


def test_a_member_that_unpacks_to_more_than_its_header_claims_is_refused(tmp_path):
    # the directory says 24 bytes of data, the stream holds 10 MB of zeros
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", npy(header((3,))) + b"\0" * 10_000_000)
    raw = bytearray((tmp_path / "a.npz").read_bytes())
    true, told = len(npy(header((3,)))) + 10_000_000, len(npy(header((3,)))) + 24
    raw = raw.replace(struct.pack("<I", true), struct.pack("<I", told))
    (tmp_path / "a.npz").write_bytes(raw)
    tracemalloc.start()
    with pytest.raises(InvalidInput):
        pot.load_array(tmp_path / "a.npz")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4e6


def test_twice_the_same_member_is_refused(tmp_path):
    buffer = io.BytesIO()
    np.save(buffer, np.arange(3.0))
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("a.npy", buffer.getvalue())
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a.npy", buffer.getvalue())
    with pytest.raises(InvalidInput, match="once each"):
        pot.load_array(tmp_path / "a.npz")


def test_paths_that_are_no_files_are_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe.npy")
    (tmp_path / "folder.npy").mkdir()
    os.symlink(tmp_path / "nowhere", tmp_path / "loose.npy")
    for name in ("missing.npy", "pipe.npy", "folder.npy", "loose.npy", "bad\0name.npy"):
        with pytest.raises(InvalidInput, match="`path` must be a re"):
            pot.load_array(tmp_path / name)
    with pytest.raises(InvalidInput, match="`path` must be a regular file"):
        pot.load_array("/dev/zero", member=None)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_rights_is_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros(3))
    (tmp_path / "a.npy").chmod(0)
    with pytest.raises(InvalidInput, match="Permission denied"):
        pot.load_array(tmp_path / "a.npy")


def test_other_suffixes_and_members_of_single_files_are_refused(tmp_path):
    (tmp_path / "a.pkl").write_bytes(b"")
    np.save(tmp_path / "a.npy", np.zeros(3))
    with pytest.raises(InvalidInput, match=r"a file \.npy"):
        pot.load_array(tmp_path / "a.pkl")
    with pytest.raises(InvalidInput, match="`member` must be left out"):
        pot.load_array(tmp_path / "a.npy", member="a")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_damage_gets_past_the_family_of_errors(tmp_path, data):
    buffer = io.BytesIO()
    suffix = data.draw(st.sampled_from([".npz", ".npy"]))
    if suffix == ".npz":
        np.savez_compressed(buffer, a=np.arange(12.0).reshape(3, 4), b=np.arange(5, dtype=np.int16))
    else:
        np.save(buffer, np.arange(12.0).reshape(3, 4))
    raw = bytearray(buffer.getvalue())
    for place, byte in data.draw(
        st.lists(st.tuples(st.integers(0, len(raw) - 1), st.integers(0, 255)), min_size=1, max_size=4)
    ):
        raw[place] = byte
    raw = raw[: data.draw(st.integers(0, len(raw)))] if data.draw(st.booleans()) else raw
    (tmp_path / f"a{suffix}").write_bytes(raw)
    try:
        found = pot.load_array(tmp_path / f"a{suffix}", member="a" if suffix == ".npz" else None)
    except FieldSimError as error:
        message = str(error)
    else:
        message = ""
        assert np.isfinite(found).all()
    assert len(message) < 1000
    assert "\n" not in message
