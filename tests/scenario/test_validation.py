"""A scenario is checked as a whole: all faults at once, each with place, path and remedy."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fieldsim.errors import ScenarioError
from fieldsim.scenario.load import Loaded
from fieldsim.scenario.resolved import resolved_text

Check = Callable[..., Loaded]
Faults = Callable[..., ScenarioError]


def test_parameters_carry_units_into_numbers_and_formulas(given: str, load_text: Check) -> None:
    loaded = load_text(given)
    scenario = loaded.scenario
    assert scenario.mesh is not None
    assert scenario.mesh.x == pytest.approx([0.0, 0.1])
    assert scenario.mesh.cells == [8, 8]
    assert scenario.probe["here"].at == pytest.approx([0.05, 0.5])
    assert loaded.setting.parameters["T0"].value == pytest.approx(373.15)
    assert scenario.field is not None
    assert str(scenario.field.expression) == "100.0 - x ** 2 - y ** 2"


def test_temperatures_in_degrees_become_kelvin(solved: str, load_text: Check) -> None:
    scenario = load_text(solved).scenario
    assert scenario.initial == pytest.approx(293.15)
    assert scenario.boundary["x-"].chosen == ("value", pytest.approx(373.15))
    assert scenario.boundary["x+"].convective is not None
    assert scenario.boundary["x+"].convective.ambient == pytest.approx(273.15)


EDITS = [
    ("title: A hill", "titel: A hill", "titel", "Did you mean `title`?"),
    ("title: A hill", "title: 3", "title", "must be text; got 3"),
    ("title: A hill", "title:", "title", "must be text; got nothing"),
    ("fieldsim: 1", "fieldsim: 2", "fieldsim", "must be 1; got 2"),
    ("fieldsim: 1", "fieldsim: true", "fieldsim", "must be 1"),
    ("fieldsim: 1\n", "", "fieldsim", "`fieldsim` is required"),
    ("L: 10 cm", "L: 10 cn", "parameters.L", "'cn'"),
    ("L: 10 cm", "L: true", "parameters.L", "must be a number; got True"),
    ("L: 10 cm", "L: 'NaN'", "parameters.L", "finite"),
    ("L: 10 cm", "L: [1]", "parameters.L", "must be a number; got a list"),
    ("L: 10 cm", "x: 1, L: 10 cm", "parameters.x", "already has a meaning"),
    ("L: 10 cm", "2L: 1, L: 10 cm", "parameters.'2L'", "must be a letter followed by"),
    ("L: 10 cm", "\u0430: 1, L: 10 cm", "parameters.'\\u0430'", "\\u0430"),
    ("mesh: {", "m\u200besh: {", "'m\\u200besh'", "unknown key 'm\\u200besh'. Did you mean `mesh`?"),
    ("type: cartesian", "type: cartesain", "mesh.type", "Did you mean `cartesian`?"),
    ("type: cartesian, ", "", "mesh.type", "`type` is required"),
    ("y: [-1, 1 m]", "y: [-1, 1 s]", "mesh.y[1]", "time, not a length"),
    ("y: [-1, 1 m]", "y: [-1, '1,5']", "mesh.y[1]", "decimal point"),
    ("y: [-1, 1 m]", "y: [-1, 10 %]", "mesh.y[1]", "m"),
    ("y: [-1, 1 m]", "y: [1, -1]", "mesh.y", "low < high"),
    ("y: [-1, 1 m]", "y: [1, 1]", "mesh.y", "wider than zero"),
    ("y: [-1, 1 m]", "y: [0, 1e-320]", "mesh.y", "wide"),
    ("y: [-1, 1 m]", "y: [0, 1e300]", "mesh.y", "wide"),
    ("y: [-1, 1 m]", "y: [0]", "mesh.y", "at least 2 values"),
    ("y: [-1, 1 m]", "y: [0, T0]", "mesh.y[1]", "got the parameter T0, in K"),
    ("y: [-1, 1 m]", "y: [0, L2]", "mesh.y[1]", "did you mean 'L'?"),
    ("y: [-1, 1 m]", "r: [0, 1]", "mesh.r", "left out of a cartesian mesh"),
    ("cells: [8, n]", "cells: [8.5, n]", "mesh.cells[0]", "whole number"),
    ("cells: [8, n]", "cells: [8, true]", "mesh.cells[1]", "got True"),
    ("cells: [8, n]", "cells: [8, 0]", "mesh.cells[1]", "between 1 and"),
    ("cells: [8, n]", "cells: [8]", "mesh.cells", "one number for each of x, y"),
    ("unit: m,", "unit: VV,", "field.unit", "'VV'"),
    ("unit: m,", "unit: 5,", "field.unit", "unit as text; got 5"),
    ("name: h", "name: grad", "field.name", "already has a meaning"),
    ("expression: top", "expression: topp", "field.expression", "did you mean 'top'?"),
    ("top - x**2", "sqrt(theta) - x**2", "field.expression", "theta"),
    ("top - x**2", "__import__('os') - x", "field.expression", "not allowed"),
    ("top - x**2", "x.real - x", "field.expression", "attribute access not allowed"),
    ("slope: grad(h)", "slope: grdd(h)", "derive.slope", "did you mean 'grad'?"),
    ("slope: grad(h)", "slope: grad(steep)", "derive.slope", "must be derived above slope"),
    ("slope: grad(h)", "h: grad(h), slope: grad(h)", "derive.h", "taken"),
    ("slope: grad(h)", "slope: 5", "derive.slope", "expression of fields; got 5"),
    ("[5 cm, 0.5 m]", "[5 cm]", "probe.here", "2 Cartesian coordinates"),
    ("points: 5", "points: 1", "probe.across.points", "between 2 and"),
    ("line: [", "lime: [", "probe.across.lime", "Did you mean `line`?"),
    ("at: [5 cm, 0], ", "", "check[0]", "must say where"),
    ("equals: 99.9975 m, ", "", "check[0].equals", "`equals` is required"),
    (", source: formula", "", "check[0].source", "`source` is required"),
    ("within: 0.1 %", "within: -1 %", "check[0].within", "above zero"),
    ("within: 0.1 %", "within: 0.1 furlongz", "check[0].within", "furlongz"),
    ("slice: {of: h", "slise: {of: h", "view[0].slise", "Did you mean `slice`?"),
    ("arrows: slope", "arrows: slop", "view[0].slice.arrows", "did you mean 'slope'?"),
    ("{slice: {of: h, arrows: slope}}", "{profile: {of: h}}", "view[0].profile", "Add along: across."),
    ("view:\n", "time: {until: 1}\nview:\n", "time", "belongs to a model"),
    ("view:\n", "boundary: {x-: {value: 0}}\nview:\n", "boundary", "belongs to a model"),
]


@pytest.mark.parametrize(("old", "new", "path", "words"), EDITS, ids=[f"{e[2]}-{k}" for k, e in enumerate(EDITS)])
def test_one_fault_gives_its_path_and_says_what_to_do(
    given: str, faults_of: Faults, old: str, new: str, path: str, words: str
) -> None:
    assert old in given
    error = faults_of(given.replace(old, new, 1))
    found = {f.path: f.message for f in error.findings}
    assert path in found, error
    assert words in found[path]
    assert all(f.line is not None or f.path == "" for f in error.findings)
    assert str(error).isascii()


LAWS = [
    ("x+: {conv", "z+: {conv", "boundary.z+", "must be a side of the mesh: x-, x+"),
    ("x+: {convective: {h: h, ambient: 0 degC}}", "", "boundary", "none is given for x+"),
    ("x+: {conv", "lefft: {value: 1}, x+: {conv", "boundary.lefft", "unknown key lefft"),
    ("{value: T0}", "{value: T0, flux_out: 1}", "boundary.x-", "exactly one of the keys"),
    ("{value: T0}", "{}", "boundary.x-", "exactly one of the keys"),
    ("{value: T0}", "{valve: T0}", "boundary.x-.valve", "Did you mean `value`?"),
    ("{value: T0}", "{value: h}", "boundary.x-.value", "must be in K; got the parameter h"),
    ("{value: T0}", "{flux_out: 5 W}", "boundary.x-.flux_out", "W/m^2"),
    ("conductivity: 52 W/m/K", "conductivity: 52 W/m", "model.heat.conductivity", "W/m/K"),
    ("conductivity: 52 W/m/K, ", "", "model.heat.conductivity", "required"),
    ("heat: {cond", "heet: {cond", "model.heet", "Did you mean `heat`?"),
    ("initial: 20 degC\n", "", "time", "must begin somewhere"),
    ("until: 10 s", "until: -1 s", "time.until", "0 or more"),
    ("until: 10 s", "until: 10 m", "time.until", "length, not a time"),
    ("outputs: 4", "outputs: 4, at: [1, 2]", "time.at", "given once"),
    ("outputs: 4", "at: [2, 1]", "time.at", "must increase"),
    ("outputs: 4", "outputs: 4, method: trapezoidal", "time.method", "must be given a `step`"),
    ("initial: 20", "field: {name: T, expression: x}\ninitial: 20", "model", "got both"),
    ("initial: 20 degC", "initial: 20 + z", "initial", "z"),
    ("probe:", "view: [{history: {of: T, at: middel}}]\nprobe:", "view[0].history.at", "Did you mean `middle`?"),
    ("{h: h,", "{h: -5,", "boundary.x+.convective.h", "must be at least 0"),
    ("middle: [5 cm]", "middle: [5 m]", "probe.middle", "x from 0 to 0.1); got x = 5. Move it"),
    ("middle: [5 cm]", "m: {line: [[0], [11 cm]]}", "probe.m.line[1]", "must lie in the mesh"),
    ("probe:", "check: [{of: T, at: [-1], equals: 1, within: 1, source: x}]\nprobe:", "check[0].at", "lie in the mesh"),
    ("probe:", "check: [{of: T, at: [0], time: 11 s, equals: 1, within: 1, source: x}]\nprobe:", "check[0].time", "10"),
]


@pytest.mark.parametrize(("old", "new", "path", "words"), LAWS, ids=[f"{e[2]}-{k}" for k, e in enumerate(LAWS)])
def test_faults_of_models_and_sides(solved: str, faults_of: Faults, old: str, new: str, path: str, words: str) -> None:
    assert old in solved
    found = {f.path: f.message for f in faults_of(solved.replace(old, new, 1)).findings}
    assert path in found, found
    assert words in found[path]


@pytest.mark.parametrize(
    ("mesh", "words"),
    [
        ("{type: spherical, r: [-1, 1], cells: [8]}", "within [0, inf]"),
        ("{type: spherical, r: [0, 1], theta: [0, 4], cells: [8, 8]}", "within [0, 3.14159]"),
        ("{type: polar, r: [-0.1, 1], cells: [8]}", "within [0, inf]"),
        ("{type: polar, r: [0, 1], phi: [0, 7], cells: [8, 8]}", "full turn"),
        ("{type: polar, r: [0, 1], phi: [0, 3], cells: [8, 8], periodic: [r]}", "Only phi"),
        ("{type: cartesian, cells: [8]}", "given a range for x, y, z"),
        ("{type: cartesian, x: [0, 1], cells: [8], stretch: {y: {towards: [y-], ratio: 1.1}}}", "stretch"),
        ("{type: cartesian, x: [0, 1], cells: [8], stretch: {x: {towards: [y-], ratio: 1.1}}}", "towards x- or x+"),
        ("{type: cartesian, x: [0, 1], cells: [8], stretch: {x: {towards: [x-], ratio: 5}}}", "at most 2"),
        ("{type: cartesian, x: [0, 1], cells: [800], stretch: {x: {towards: [x-], ratio: 1.5}}}", "cells grow less"),
    ],
)
def test_meshes_that_cannot_be(faults_of: Faults, mesh: str, words: str) -> None:
    text = f"fieldsim: 1\ntitle: t\nmesh: {mesh}\nfield: {{name: f, expression: '1'}}\n"
    assert words in str(faults_of(text))


def test_all_faults_are_reported_at_once_in_the_order_of_the_file(given: str, faults_of: Faults) -> None:
    text = given
    for old, new, _, _ in [EDITS[0], EDITS[6], EDITS[17], EDITS[31], EDITS[38], EDITS[50]]:
        text = text.replace(old, new, 1)
    findings = faults_of(text).findings
    assert len(findings) >= 6
    lines = [f.line or 0 for f in findings]
    assert lines == sorted(lines)


def test_long_values_are_cut_in_messages(given: str, faults_of: Faults) -> None:
    for old, new in [("name: h", "name: " + "y" * 1_000_000), ("L: 10 cm", "L: '" + "z" * 900_000 + "'")]:
        error = faults_of(given.replace(old, new, 1))
        assert all(len(f.message) < 1000 for f in error.findings)


def test_a_parameter_in_degrees_does_not_slip_into_a_field_in_degrees(given: str, faults_of: Faults) -> None:
    text = given.replace("unit: m, expression: top", "unit: degC, expression: T0").replace("99.9975 m", "1")
    assert "held in K" in str(faults_of(text))


def test_settings_change_parameters_and_dotted_paths(given: str, load_text: Check) -> None:
    loaded = load_text(given, "L=20 cm", "mesh.cells=[4, 6]", "probe.across.points=7", "check.0.within=1 %")
    assert loaded.scenario.mesh is not None
    assert loaded.scenario.mesh.x == pytest.approx([0.0, 0.2])
    assert loaded.scenario.mesh.cells == [4, 6]
    assert loaded.scenario.probe["across"].points == 7
    assert loaded.scenario.check[0].within.relative == pytest.approx(0.01)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("l=1", "Did you mean `L`?"),
        ("mehs.cells=1", "Did you mean `mesh`?"),
        ("parameters.Lx=1", "Did you mean `L`?"),
        ("mesh.cell=[1, 1]", "Did you mean `cells`?"),
        ("check.7.within=1", "index below 1"),
        ("title.x=1", "has no keys"),
        ("L", "must be key=value"),
        ("=1", "must be key=value"),
        ("a..b=1", "empty part"),
        ("L=!!python/name:os.system x", "tags are not allowed"),
        ("mesh.x=[0, 5 s]", "from --set mesh.x=[0, 5 s]"),
        ("L=.nan", "finite"),
        ("L=[1", "not YAML"),
        ("\u0430=1", "\\u0430"),
    ],
)
def test_bad_settings_say_what_is_near(given: str, faults_of: Faults, setting: str, words: str) -> None:
    assert words in str(faults_of(given, setting))


def test_the_resolved_scenario_reads_back_to_the_same(given: str, solved: str, load_text: Check) -> None:
    for text in (given, solved):
        once = resolved_text(load_text(text))
        assert resolved_text(load_text(once)) == once


def test_refused_meshes_are_refused_at_once(given: str, load_text: Check) -> None:
    begun = time.process_time()
    load_text(given.replace("cells: [8, n]", "cells: [100000, 100000]"))
    assert time.process_time() - begun < 2.0


def test_stretched_edges_grow_by_the_ratio(load_text: Check) -> None:
    import numpy as np

    from fieldsim.scenario.build_mesh import make_mesh

    mesh = "{type: cartesian, x: [1, 3], cells: [20], stretch: {x: {towards: [x-, x+], ratio: 1.2}}}"
    spec = load_text(f"fieldsim: 1\ntitle: t\nmesh: {mesh}\nfield: {{name: f, expression: x}}\n").scenario.mesh
    assert spec is not None
    edges = make_mesh(spec, Path()).axes[0].edges
    widths = np.diff(edges)
    assert (edges[0], edges[-1]) == (1.0, 3.0)
    assert widths[1:10] / widths[:9] == pytest.approx(1.2)
    assert widths == pytest.approx(widths[::-1])
    assert math.fsum(widths) == pytest.approx(2.0)
