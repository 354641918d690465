"""How much memory this process may still take, and a guard that refuses before anything is allocated.

limit = min(control group, memory available on the machine, address space and data limits of the process)
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from fieldsim.errors import Refused

if sys.platform != "win32":
    import resource

_KEEP_FREE = 0.05  # of the limit: the interpreter, the libraries and the page tables need some too
_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
_LARGEST_SHOWN = 999 * 2**60


def human_bytes(count: float) -> str:
    """Return a number of bytes as text with binary units: 7.1 PiB."""
    if count > _LARGEST_SHOWN:
        return f"more than {human_bytes(_LARGEST_SHOWN)}"
    value = float(count)
    for unit in _UNITS:
        if value < 1024.0 or unit == _UNITS[-1]:
            break
        value /= 1024.0
    return f"{int(value)} bytes" if unit == "bytes" else f"{value:.4g} {unit}"


def memory_limits() -> dict[str, int]:
    """Return every limit that is known here, by name, in bytes that may still be allocated."""
    limits = dict(_process_limits())
    machine = _machine_available()
    if machine is not None:
        limits["memory available on this machine"] = machine
    group = _control_group_available()
    if group is not None:
        limits["limit of the control group (container)"] = group
    return limits


def available_bytes() -> int:
    """Return the bytes this process may still allocate (`sys.maxsize` where no limit is known)."""
    return min(memory_limits().values(), default=sys.maxsize)


def guard(needed_bytes: float, what: str, *, remedy: str = "Take fewer cells.") -> None:
    """Raise Refused when `needed_bytes` for `what` exceed the memory limit; quote the need and the limit."""
    limits = memory_limits()
    if not limits:
        return
    name, limit = min(limits.items(), key=lambda item: item[1])
    allowed = int(limit * (1.0 - _KEEP_FREE))
    if not needed_bytes <= allowed:  # NaN is refused too
        raise Refused(
            f"{what} needs {human_bytes(needed_bytes)}; the limit is {human_bytes(allowed)} ({name}). {remedy}"
        )


def _process_limits() -> dict[str, int]:
    if sys.platform == "win32":
        return {}
    found = {}
    in_use = _own_pages()
    for name, kind, used in (
        ("RLIMIT_AS of this process", resource.RLIMIT_AS, in_use[0]),
        ("RLIMIT_DATA of this process", resource.RLIMIT_DATA, in_use[1]),
    ):
        soft, _ = resource.getrlimit(kind)
        if soft != resource.RLIM_INFINITY:
            found[name] = max(0, soft - used)
    return found


def _own_pages() -> tuple[int, int]:
    """Return the bytes of address space and of data that this process has mapped (0, 0 where unknown)."""
    try:
        fields = Path("/proc/self/statm").read_text().split()
    except OSError:
        return 0, 0
    page = os.sysconf("SC_PAGE_SIZE")
    return int(fields[0]) * page, int(fields[5]) * page


def _machine_available() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return _physical_memory()
    for line in lines:
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return _physical_memory()


def _physical_memory() -> int | None:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None


def _control_group_available(
    membership: Path = Path("/proc/self/cgroup"), root: Path = Path("/sys/fs/cgroup")
) -> int | None:
    """Return what the tightest memory control group around this process (version 1 or 2) leaves, or None."""
    try:
        lines = membership.read_text().splitlines()
    except OSError:
        return None
    found: list[int] = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            for base in (root, root / "unified"):
                found += _walk_groups(base, path, "memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            found += _walk_groups(
                root / "memory", path, "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"
            )
    return min(found, default=None)


def _walk_groups(base: Path, path: str, limit: str, usage: str, reclaimable: str) -> list[int]:
    """Return what each group from `path` up leaves; inside a container only the root may be visible."""
    parts = [part for part in path.split("/") if part not in ("", "..")]
    found = []
    for depth in range(len(parts), -1, -1):
        folder = base.joinpath(*parts[:depth])
        most = _read_number(folder / limit)
        if most is None or most >= 1 << 60:  # version 1 writes a number near 2**63 for "no limit"
            continue
        used = (_read_number(folder / usage) or 0) - _read_statistic(folder / "memory.stat", reclaimable)
        found.append(max(0, most - max(0, used)))
    return found


def _read_number(path: Path) -> int | None:
    try:
        text = path.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None


def _read_statistic(path: Path, name: str) -> int:
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return 0
    for line in lines:
        key, _, value = line.partition(" ")
        if key == name and value.isdigit():
            return int(value)
    return 0
