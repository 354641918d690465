"""Small scenarios as text, and a way to check them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fieldsim.errors import ScenarioError
from fieldsim.scenario.load import Loaded, check_tree
from fieldsim.scenario.reader import read_text

GIVEN = """\
fieldsim: 1
title: A hill
parameters: {L: 10 cm, top: 100, T0: 100 degC, n: 8}
mesh: {type: cartesian, x: [0, L], y: [-1, 1 m], cells: [8, n]}
field: {name: h, unit: m, expression: top - x**2 - y**2}
derive: {slope: grad(h), steep: norm(slope)}
probe: {here: [5 cm, 0.5 m], across: {line: [[0, 0], [L, 0]], points: 5}}
check:
  - {of: h, at: [5 cm, 0], equals: 99.9975 m, within: 0.1 %, source: formula}
view:
  - {slice: {of: h, arrows: slope}}
"""

SOLVED = """\
fieldsim: 1
title: A wall
parameters: {T0: 100 degC, h: 750 W/m^2/K}
mesh: {type: cartesian, x: [0, 0.1], cells: [16]}
model: {heat: {conductivity: 52 W/m/K, density: 7850, capacity: 460}}
boundary: {x-: {value: T0}, x+: {convective: {h: h, ambient: 0 degC}}}
initial: 20 degC
time: {until: 10 s, outputs: 4}
probe: {middle: [5 cm]}
"""


def checked(text: str, *settings: str) -> Loaded:
    """Return a checked scenario given as text."""
    return check_tree(read_text(text, "s.yaml"), text.encode(), Path("s.yaml"), settings)


def faults(text: str, *settings: str) -> ScenarioError:
    """Return the faults of a scenario given as text."""
    with pytest.raises(ScenarioError) as caught:
        checked(text, *settings)
    return caught.value


@pytest.fixture
def given() -> str:
    return GIVEN


@pytest.fixture
def solved() -> str:
    return SOLVED


@pytest.fixture
def load_text() -> Callable[..., Loaded]:
    return checked


@pytest.fixture
def faults_of() -> Callable[..., ScenarioError]:
    return faults
