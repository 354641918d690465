"""What a benchmark needs of the machine: its description, a median timer, the time of one array copy."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np


def median_time(run: Callable[[], object], repeats: int = 7) -> float:
    """Return the median of several runs in seconds, after one to warm up."""
    run()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def copy_time(shape: tuple[int, ...]) -> float:
    """Return the time to copy one float64 array of `shape`."""
    source, target = np.random.default_rng(0).random(shape), np.empty(shape)
    return median_time(lambda: np.copyto(target, source), repeats=15)


def describe() -> str:
    """Return one line about the processor, cores, Python and NumPy."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        model = lines[0].split(":", 1)[1].strip() if lines else model
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{model}, {cores} cores, Python {platform.python_version()}, NumPy {np.__version__}"
