"""Find out in a child process whether this machine can draw in 3-D; VTK kills the interpreter if not.

The child renders one tiny off-screen picture. A crash (exit 139), a missing libGL or a hang becomes a
finding that names the packages to install. The answer is kept for the life of the process; `begin`
starts the child early so that the wait overlaps with the computation.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
from dataclasses import dataclass

PACKAGES = "libegl1 libgl1 libopengl0 libxrender1"
_TIMEOUT = 30.0
_CHILD = "from fieldsim.view.backend_pyvista import self_test; self_test()"


@dataclass(frozen=True)
class Finding:
    """What the probe saw: whether 3-D pictures can be drawn, and the reason with its remedy where not."""

    can_draw: bool
    reason: str = ""

    @property
    def advice(self) -> str:
        """Return the sentence for the user; empty where drawing works."""
        if self.can_draw:
            return ""
        return (
            f"3-D pictures cannot be drawn here: {self.reason}. Install OpenGL, on Debian or Ubuntu with "
            f"`apt-get install {PACKAGES}`; until then flat pictures stand in for them."
        )


_cache: list[Finding] = []
_running: list[subprocess.Popen[bytes]] = []


def begin() -> None:
    """Start the probe without waiting for it; does nothing when it runs or has an answer."""
    if _cache or _running:
        return
    # the child finds the package where this process did; an interrupt meant for us is not for it
    _running.append(
        subprocess.Popen(
            [sys.executable, "-c", _CHILD],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
            start_new_session=True,
        )
    )
    atexit.register(_abandon)


def opengl(timeout: float = _TIMEOUT) -> Finding:
    """Return the finding, waiting at most `timeout` seconds for the child; cached per process."""
    if not _cache:
        begin()
        _cache.append(_wait(_running.pop(), timeout))
    return _cache[0]


def forget() -> None:
    """Drop the cached answer, so that the next question probes again."""
    _cache.clear()


def _abandon() -> None:
    """End a probe that nobody asked for the answer of."""
    while _running:
        child = _running.pop()
        child.kill()
        child.communicate()


def _wait(child: subprocess.Popen[bytes], timeout: float) -> Finding:
    try:
        _, errors = child.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
        return Finding(can_draw=False, reason=f"the test picture was not ready after {timeout:g} s")
    return judge(child.returncode, errors.decode("utf-8", "replace"))


def judge(code: int, errors: str) -> Finding:
    """Turn the child's exit code and error text into a finding."""
    if code == 0:
        return Finding(can_draw=True)
    if code < 0 or code >= 128:
        number = -code if code < 0 else code - 128
        return Finding(can_draw=False, reason=f"VTK ended the process with signal {number} (no usable OpenGL)")
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    return Finding(can_draw=False, reason=lines[-1] if lines else f"the test ended with exit code {code}")
