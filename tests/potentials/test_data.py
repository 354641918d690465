"""The page of the data folder against the files it speaks of."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from fieldsim import potentials as pot
from fieldsim.potentials import terrain

FOLDER = Path(__file__).resolve().parents[2] / "data"


def listed():
    rows = re.findall(r"^\| `([^`]+)`.*\| ([^|]+) \| `([0-9a-f]{64})` \|$", (FOLDER / "README.md").read_text(), re.M)
    return {name: (licence.strip(), digest) for name, licence, digest in rows}


@pytest.mark.parametrize(
    ("name", "path"),
    [("prem.csv", FOLDER / "prem.csv"), ("jacksboro_fault_dem.npz", terrain.elevation_path())],
)
def test_checksums_are_those_of_the_files(name, path):
    licence, digest = listed()[name]
    assert licence
    assert hashlib.sha256(path.read_bytes()).hexdigest() == digest


def test_every_file_is_listed():
    assert {path.name for path in FOLDER.iterdir()} - {"README.md"} <= set(listed())


def test_the_shipped_file_is_found():
    assert pot.data_file("prem.csv").read_bytes() == (FOLDER / "prem.csv").read_bytes()
