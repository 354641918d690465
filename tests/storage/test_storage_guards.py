"""Memory and disk: the need is compared with the true limit before anything is allocated; light imports."""

from __future__ import annotations

import math
import shutil
import sys
from pathlib import Path

import pytest
from storage_children import run

from fieldsim.errors import Refused, StorageError
from fieldsim.storage import (
    available_bytes,
    free_bytes,
    guard,
    guard_disk,
    human_bytes,
    memory,
    memory_limits,
)

linux = pytest.mark.skipif(sys.platform != "linux", reason="limits of Linux")


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 bytes"),
        (1023, "1023 bytes"),
        (1024, "1 KiB"),
        (20.44 * 2**30, "20.44 GiB"),
        (8 * 10**15, "7.105 PiB"),
    ],
)
def test_sizes_in_words(count: float, text: str) -> None:
    assert human_bytes(count) == text


def test_sizes_beyond_floating_point() -> None:
    assert human_bytes(8 * 10**400) == "more than 999 EiB"


def test_small_needs_pass_and_impossible_ones_are_refused_with_need_and_limit() -> None:
    guard(1, "one byte")
    # FAULTS: shape [100000, 100000, 100000], float64: 8e15 bytes = 7.1 PiB
    with pytest.raises(Refused, match=r"a field needs 7\.105 PiB; the limit is .* Take fewer cells") as caught:
        guard(8 * 100_000**3, "a field")
    assert caught.value.exit_code == 3
    for need in (8 * 10**400, math.inf, math.nan):
        with pytest.raises(Refused):
            guard(need, "a field")


def test_the_need_may_come_close_to_the_limit_and_not_beyond() -> None:
    limit = available_bytes()
    guard(0.9 * limit, "nearly all")
    with pytest.raises(Refused):
        guard(1.1 * limit, "more than all")


@linux
def test_the_machine_limit_is_what_the_kernel_says() -> None:
    lines = Path("/proc/meminfo").read_text().splitlines()
    available = 1024 * next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable"))
    assert memory_limits()["memory available on this machine"] == pytest.approx(available, rel=0.1)
    assert 0 < available_bytes() <= min(memory_limits().values()) * 1.1


ADDRESS_SPACE = """
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
try:
    guard(3 << 30, "a field")
except Refused as error:
    print(error.exit_code, "RLIMIT_AS" in str(error))
free = available_bytes()
print(0 < free < 2 << 30)
guard(int(0.9 * free), "a field")
np.empty(int(0.9 * free) // 8)  # what the guard lets pass can be had
print("allocated")
"""


@linux
def test_the_address_space_limit_counts() -> None:
    assert run(ADDRESS_SPACE).splitlines() == ["3 True", "True", "allocated"]


def make_group(folder: Path, limit: str, usage: str, stat: str, values: tuple[str, int, int]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / limit).write_text(f"{values[0]}\n")
    (folder / usage).write_text(f"{values[1]}\n")
    (folder / "memory.stat").write_text(f"anon 5\n{stat} {values[2]}\nactive_file 9\n")


VERSION_2 = ("memory.max", "memory.current", "inactive_file")
VERSION_1 = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")


def test_control_groups_of_version_2_count_the_tightest_level(tmp_path: Path) -> None:
    (tmp_path / "membership").write_text("0::/user/job\n")
    make_group(tmp_path / "fs" / "user" / "job", *VERSION_2, ("max", 1, 0))
    make_group(tmp_path / "fs" / "user", *VERSION_2, ("1000000", 600_000, 250_000))
    # the cache that can be dropped (inactive_file) does not count as used: 1000000 - (600000 - 250000)
    assert memory._control_group_available(tmp_path / "membership", tmp_path / "fs") == 650_000


def test_control_groups_of_version_1(tmp_path: Path) -> None:
    (tmp_path / "membership").write_text("5:cpu,cpuacct:/\n4:memory:/job\n0::/\n")
    make_group(tmp_path / "fs" / "memory", *VERSION_1, ("9223372036854771712", 1, 0))
    make_group(tmp_path / "fs" / "memory" / "job", *VERSION_1, ("500000", 100_000, 0))
    assert memory._control_group_available(tmp_path / "membership", tmp_path / "fs") == 400_000


def test_a_container_sees_its_own_group_as_the_root(tmp_path: Path) -> None:
    (tmp_path / "membership").write_text("0::/../../docker/abc\n")
    make_group(tmp_path / "fs", *VERSION_2, ("300000", 400_000, 0))
    assert memory._control_group_available(tmp_path / "membership", tmp_path / "fs") == 0


def test_no_control_group_is_no_limit(tmp_path: Path) -> None:
    assert memory._control_group_available(tmp_path / "membership", tmp_path / "fs") is None
    (tmp_path / "membership").write_text("0::/\n")
    assert memory._control_group_available(tmp_path / "membership", tmp_path / "fs") is None


def test_the_disk_guard_quotes_need_and_room(tmp_path: Path) -> None:
    assert free_bytes(tmp_path / "not" / "yet") == pytest.approx(shutil.disk_usage(tmp_path).free, rel=0.1)
    guard_disk(1, tmp_path, "one byte")
    with pytest.raises(Refused, match=r"1e9 files needs 888\.2 PiB on disk.*Write fewer outputs") as caught:
        guard_disk(1e18, tmp_path / "runs", "1e9 files")
    assert caught.value.exit_code == 3
    with pytest.raises(Refused):
        guard_disk(math.nan, tmp_path, "nothing known")
    assert not issubclass(Refused, StorageError)


LIGHT = """
write_structured(Path(sys.argv[1]) / "a", {"T": np.zeros(2)}, edges=[np.arange(3.0)])
heavy = ("pyvista", "vtkmodules", "matplotlib", "pint", "numba", "scipy", "pydantic", "typer")
print([name for name in heavy if name in sys.modules])
print([line for line in open("/proc/self/maps") if "libGL" in line or "libX11" in line])
"""


@linux
def test_writing_loads_neither_vtk_nor_opengl(tmp_path: Path) -> None:
    assert run(LIGHT, tmp_path).splitlines() == ["[]", "[]"]


READ_BACK = """
from vtkmodules.vtkIOXML import vtkXMLImageDataReader
path = write_structured(Path(sys.argv[1]) / "a", {"T": np.zeros(2)}, edges=[np.arange(3.0)]).path
reader = vtkXMLImageDataReader()
reader.SetFileName(str(path))
reader.Update()
print(reader.GetOutput().GetNumberOfCells())
print([line for line in open("/proc/self/maps") if "libGL" in line or "libX11" in line or "OpenGL" in line])
"""


@linux
def test_reading_with_vtk_needs_no_opengl(tmp_path: Path) -> None:
    assert run(READ_BACK, tmp_path).splitlines() == ["2", "[]"]
