"""Mutated scenarios: whatever the text, the exit code is one of the promised ones and no traceback shows."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fieldsim.cli.main import main
from fieldsim.errors import FieldSimError
from fieldsim.scenario.load import load

ALLOWED = {0, 2, 3, 4, 5, 6}
TEXTS = (
    """fieldsim: 1
title: A hill
parameters: {L: 10 cm, top: 100, n: 8}
mesh: {type: cartesian, x: [0, L], y: [-1, 1 m], cells: [8, n]}
field: {name: h, unit: m, expression: top - x**2 - y**2}
derive: {slope: grad(h), steep: norm(slope)}
probe: {here: [5 cm, 0.5 m], across: {line: [[0, 0], [L, 0]], points: 5}}
check:
  - {of: h, at: [5 cm, 0], equals: 99.9975 m, within: 0.1 %, source: formula}
""",
    """fieldsim: 1
title: A charge
mesh: {type: spherical, r: [1, 2], theta: [0, pi], cells: [6, 6]}
field: {name: V, unit: V, potential: [{point_charge: {charge: 1 nC}}], cut: 1 cm}
derive: {E: -grad(V), rho: epsilon0*div(E)}
check:
  - {of: V, at: [1.5, 0, 0], equals: 5.99 V, within: 1 %, source: formula}
""",
    """fieldsim: 1
title: A wall
parameters: {T0: 100 degC, h: 750 W/m^2/K}
mesh: {type: cartesian, x: [0, 0.1], cells: [6], stretch: {x: {towards: [x-], ratio: 1.1}}}
model: {heat: {conductivity: 52 W/m/K, density: 7850, capacity: 460, source: 0}}
boundary: {x-: {value: T0}, x+: {convective: {h: h, ambient: 0 degC}}}
initial: 20 degC + 0*x
time: {until: 10 s, outputs: 3}
probe: {middle: [5 cm]}
check:
  - {of: flux, over: x-, take: mean, equals: 0, within: 1e9, source: none}
""",
    """fieldsim: 1
title: A plate
mesh: {type: polar, r: [0, 1], phi: [0, 2*pi], cells: [5, 6]}
model: {diffusion: {diffusivity: 1e-9 m^2/s, source: 1e-9}}
boundary: {r+: {value: 1 + x}}
check:
  - {of: c, over: mesh, take: mean, equals: 1, within: 1e9, source: none}
""",
)
NASTY = (
    "0", "-1", "1e308", "-1e-308", "1e400", ".nan", "nan", "1,5", "5 m", "5 cn", "true", "null", "''", "[]", "{}",
    "[0]", "[[0]]", "{a: 1}", "x", "x**999", "1/0", "sqrt(-1)", "T0", "__import__('os')", "((((((1))))))", "*a", "&a 1",
    "!x 1", "\u0430", "\u200b", "\t", "|", ">", "---", "...", "%", "@", "`", "é", "9" * 120, "0x1F", "grad", "grad(h)",
    "div(grad(V))", "2*pi", "1 %", "100 degC", "x-", "polar", "cartesian", "T", "h", "c", "t",
)  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """Return one of the texts after a few edits of tokens, lines or bytes."""
    text = draw(st.sampled_from(TEXTS))
    for _ in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(["token", "token", "token", "line", "swap"]))
        if kind == "token":
            tokens = [k for k, c in enumerate(text) if c in " [{,:"]
            start = draw(st.sampled_from(tokens)) + 1
            end = next((k for k in range(start, len(text)) if text[k] in ",]}\n"), len(text))
            text = text[:start] + draw(st.sampled_from(NASTY)) + text[end:]
        else:
            lines = text.splitlines()
            number = draw(st.integers(0, len(lines) - 1))
            if kind == "line":
                del lines[number]
            else:
                other = draw(st.integers(0, len(lines) - 1))
                lines[number], lines[other] = lines[other], lines[number]
            text = "\n".join(lines) + "\n" if lines else "x"
    data = bytearray(text.encode())
    for _ in range(draw(st.integers(0, 2))):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    return bytes(data)


def is_small(path: Path) -> bool:
    """Tell whether a scenario that loads can be run in a moment."""
    try:
        scenario = load(path).scenario
    except FieldSimError:
        return True
    plan = scenario.time
    steps = 0 if plan is None or plan.step is None else plan.until / plan.step
    return scenario.mesh is None or (math.prod(scenario.mesh.cells) <= 4000 and steps < 1000)


@settings(max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=mutated())
def test_mutated_scenarios_end_in_a_promised_code(capsys: pytest.CaptureFixture[str], data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "s.yaml")
        path.write_bytes(data)
        command = ["run", "--no-view", "--out", str(Path(folder, "out"))] if is_small(path) else ["validate"]
        code = main([*command, str(path)])
        out, err = capsys.readouterr()
        assert code in ALLOWED, err
        assert "Traceback" not in out + err
        assert code == 0 or err.strip()
        assert {p.name for p in Path(folder).iterdir()} <= {"s.yaml", "out"}


@settings(max_examples=200)
@given(data=st.binary(max_size=300))
def test_arbitrary_bytes_are_refused_as_a_scenario(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "s.yaml")
        path.write_bytes(data)
        assert main(["validate", str(path)]) == 2


@settings(max_examples=100)
@given(key=st.text(max_size=12), value=st.text(max_size=12))
def test_arbitrary_settings_end_in_a_promised_code(key: str, value: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "s.yaml")
        path.write_text(TEXTS[0])
        assert main(["validate", str(path), "--set", f"{key}={value}"]) in (0, 2)
