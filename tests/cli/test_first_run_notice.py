"""The first run says that kernels are compiled, once; a run whose kernels are in the cache says nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numba
import pytest

from fieldsim.kernels.jit import COMPILING, compilation_told

REPOSITORY = Path(__file__).parents[2]
HILL = """\
fieldsim: 1
title: A hill
mesh: {type: cartesian, x: [-5, 5], y: [-5, 5], cells: [20, 20]}
field: {name: T, unit: degC, expression: 100 - x**2 - y**2}
derive: {slope: grad(T)}
"""


def test_the_first_compilation_is_told_and_no_other() -> None:
    told: list[str] = []
    one, two, late = (numba.njit(function) for function in (lambda a: a + 1, lambda a: a + 2, lambda a: a + 3))
    with compilation_told(told.append):
        assert told == []
        assert (one(1), two(1)) == (2, 3)
        assert told == [COMPILING]
    with compilation_told(told.append):
        assert (one(2), two(2)) == (3, 4)
    assert late(1) == 4
    assert told == [COMPILING]


def test_the_listener_goes_with_an_error() -> None:
    told: list[str] = []
    with pytest.raises(ZeroDivisionError), compilation_told(told.append):
        raise ZeroDivisionError
    assert numba.njit(lambda a: a - 1)(1) == 0
    assert told == []


@pytest.mark.slow
def test_a_cold_cache_is_told_on_stderr_and_a_warm_one_is_not(tmp_path: Path) -> None:
    (tmp_path / "hill.yaml").write_text(HILL)
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    command = [sys.executable, "-m", "fieldsim.cli.main", "run", "hill.yaml", "--no-view", "--overwrite"]
    for expected, options in ((1, []), (0, []), (0, ["-q"])):
        done = subprocess.run([*command, *options], cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert done.stderr.count(COMPILING) == expected
        assert COMPILING not in done.stdout


@pytest.mark.slow
def test_an_unwritable_cache_costs_one_warning(tmp_path: Path) -> None:
    """Kernels still compile where no cache folder can be made: files stand where the folders would be."""
    package = tmp_path / "fieldsim"
    shutil.copytree(REPOSITORY / "fieldsim", package, ignore=shutil.ignore_patterns("__pycache__"))
    (package / "kernels" / "__pycache__").write_text("")
    (tmp_path / "cache").write_text("")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1", "HOME": str(tmp_path)}
    environment |= {"XDG_CACHE_HOME": str(tmp_path / "cache"), "NUMBA_CACHE_DIR": ""}
    code = (
        "import fieldsim as fs; mesh = fs.cartesian(x=(0, 1), cells=8); "
        "print(fs.gradient(fs.ScalarField(mesh, '3*x')).values.max(), fs.laplacian(fs.ScalarField(mesh, 'x')).unit)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(("3.0", "2.99"))
    assert done.stderr.count("cannot write compiled code to any cache folder") == 1
    assert "NUMBA_CACHE_DIR" in done.stderr
