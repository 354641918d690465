"""Several fields in one scenario: a chain of reactions against formulas, sides and bodies by field, and every fault."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest
from stop_after import StopAfter

from fieldsim.cli.outcome import describe_run
from fieldsim.errors import InvalidInput, ScenarioError
from fieldsim.scenario.compute import fields_at, solve
from fieldsim.scenario.interrupt import Interrupted
from fieldsim.scenario.load import Loaded
from fieldsim.scenario.measure import run_checks
from fieldsim.scenario.resolved import resolved_text
from fieldsim.scenario.runner import RunOptions, run

Check = Callable[..., Loaded]
Faults = Callable[..., ScenarioError]

# A turns into B at rate 2/s, B decays at rate 1/s (Bateman 1910); A is held at 1 on a side, B is swept away there
CHAIN = """\
fieldsim: 1
title: A chain
parameters: {a: 2 1/s, b: 1 1/s}
mesh: {type: cartesian, x: [0, 1 m], cells: [32]}
fields:
  A: {diffusion: {diffusivity: 1e-3 m^2/s, source: -a*A}, initial: 1}
  B:
    diffusion: {diffusivity: 1e-2 m^2/s, source: a*A, sink: b}
    boundary: {x-: {flux_out: 0}, x+: {flux_out: 0}}
    initial: [{where: x < 20 cm, value: 0}, {value: 0 mol/m^3}]
boundary: {x-: {flux_out: 0}, x+: {flux_out: 0}}
time: {until: 1 s, outputs: 2, tolerance: 1e-6}
probe: {middle: [0.5]}
"""


def test_a_chain_of_reactions_follows_bateman(load_text: Check) -> None:
    left = math.exp(-2.0)
    made = 2.0 * (math.exp(-1.0) - math.exp(-2.0))
    checks = f"""\
check:
  - {{of: A, at: [0.5], equals: {left}, within: 0.01 %, source: formula}}
  - {{of: B, over: mesh, equals: {made} mol/m^2, within: 0.01 %, source: formula}}
  - {{of: A + B, at: [0.3], equals: {left + made}, within: 0.01 %, source: formula}}
  - {{of: outflow_A + flux_B, over: x+, equals: 0, within: 1e-9, source: insulated}}
  - {{of: B, over: x+, take: mean, equals: {made}, within: 0.01 %, source: formula}}
"""
    loaded = load_text(CHAIN + checks)
    once = resolved_text(loaded)
    assert resolved_text(load_text(once)) == once
    solution = solve(loaded)
    assert all(check.passed for check in run_checks(solution)), run_checks(solution)
    assert set(fields_at(solution, 0)) == {"A", "B"}


def test_a_run_of_several_fields_writes_and_reports_them_all(load_text: Check, tmp_path: Path) -> None:
    record = run(load_text(CHAIN), RunOptions(tmp_path / "run", draw=False))
    assert record.status == "done"
    assert {"A", "B"} <= set(record.fields)
    assert {"A", "B"} <= set(record.probes[0])


def test_an_interrupted_run_of_several_fields_goes_on_to_the_same_bits(load_text: Check, tmp_path: Path) -> None:
    whole = run(load_text(CHAIN), RunOptions(tmp_path / "whole", draw=False))
    with pytest.raises(Interrupted):
        run(load_text(CHAIN), RunOptions(tmp_path / "parts", draw=False), signals=StopAfter(9))
    rest = run(load_text(CHAIN), RunOptions(tmp_path / "parts", draw=False, resume=True))
    for name in (n for n in whole.files if n.startswith("fields/") or n == "probes.csv"):
        assert rest.files[name] == whole.files[name], name
    assert any("Balance of B" in note for note in rest.notes)
    assert "Balance of A" in describe_run(rest)


def test_a_pure_number_stands_without_a_unit(load_text: Check, tmp_path: Path) -> None:
    text = (
        CHAIN.replace("initial: 1}", 'initial: 1, unit: "1"}')
        .replace("0 mol/m^3", "0")
        .replace("    init", '    unit: "1"\n    init')
    )
    told = describe_run(run(load_text(text), RunOptions(tmp_path / "run", draw=False)))
    line = next(line for line in told.splitlines() if line.startswith("field     A"))
    assert line.split()[:2] == ["field", "A:"]
    assert len(line.split()) == 5


def test_questions_for_the_whole_name_a_field(load_text: Check) -> None:
    check = "check: [{of: content, equals: 1, within: 1, source: none}]\n"
    with pytest.raises(InvalidInput, match="of one field"):
        run_checks(solve(load_text(CHAIN + check)))


FAULTS = [
    ("diffusivity: 1e-3 m^2/s", "diffusivity: 1e-3 m/s", "fields.A.diffusion.diffusivity", "m^2/s"),
    ("source: -a*A", "source: -a*C", "fields.A.diffusion.source", "unknown name 'C'"),
    ("source: a*A", "sorce: a*A", "fields.B.diffusion.sorce", "Did you mean `source`?"),
    ("  A: {", "  x: {", "fields.x", "already has a meaning"),
    ("value: 0 mol/m^3", "value: 0 m", "fields.B.initial[1].value", "m^3"),
    ("x < 20 cm", "x < 20 s", "fields.B.initial[0].where", "lengths or angles"),
    ("x < 20 cm", "x > 2 m", "fields.B.initial[0]", "no earlier part has taken"),
    ("sink: b", "sink: b, velocity: 1 m", "fields.B.diffusion.velocity", "m/s"),
    ("initial: 1}", "initial: 1, unit: mmol/m^3}", "fields.A.unit", "SI unit"),
    ("initial: 1}", "heat: {conductivity: 1}}", "fields.A", "exactly one of the keys heat, diffusion"),
    ("x+: {flux_out: 0}}\n    initial", "}\n    initial", "fields.B.boundary", "none is given for x+"),
    ("x+: {flux_out: 0}}\ntime", "}\ntime", "boundary", "none is given for x+"),
    ("source: a*A", "source: A/(B - B)", "fields", "finite"),
    ("title", "model: {heat: {conductivity: 1}}\ntitle", "fields", "in place of"),
    ("title", "initial: 1\ntitle", "initial", "under `fields`"),
]


@pytest.mark.parametrize(("old", "new", "path", "words"), FAULTS, ids=[f"{f[2]}-{k}" for k, f in enumerate(FAULTS)])
def test_faults_name_the_field(faults_of: Faults, old: str, new: str, path: str, words: str) -> None:
    assert old in CHAIN
    found = {f.path: f.message for f in faults_of(CHAIN.replace(old, new, 1)).findings}
    assert path in found, found
    assert words in found[path]
