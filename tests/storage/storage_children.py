"""Run a few lines in a child process: its own limits, umask, user and file systems, and it may be killed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

PREAMBLE = """
import os, sys, resource, signal
import numpy as np
from pathlib import Path
from fieldsim.errors import *
from fieldsim.storage import *
"""


def start(code: str, *arguments: object, **environment: str) -> subprocess.Popen[str]:
    """Start `code` after the imports above; `sys.argv[1:]` are the arguments as text."""
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", PREAMBLE + code, *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1", **environment},
    )


def run(code: str, *arguments: object, **environment: str) -> str:
    """Run `code` to its end and return its output; fail with its traceback if it does not end well."""
    child = start(code, *arguments, **environment)
    output, complaint = child.communicate(timeout=60)
    assert child.returncode == 0, complaint
    return output.strip()
