"""Running scenarios: units of what comes out, sides, error estimates, pictures on machines that cannot draw."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest
from stop_after import StopAfter

from fieldsim.errors import InvalidInput, StorageError, UnitsError
from fieldsim.scenario.accuracy import estimate
from fieldsim.scenario.compute import fields_at, solve
from fieldsim.scenario.interrupt import Interrupted
from fieldsim.scenario.load import Loaded
from fieldsim.scenario.measure import run_checks
from fieldsim.scenario.painter import Painter
from fieldsim.scenario.runner import RunOptions, run
from fieldsim.view.scene import Chart, Movie

Check = Callable[..., Loaded]

SLAB = """\
fieldsim: 1
title: A composite question
parameters: {L: 20 cm, k: 2 W/m/K}
mesh: {type: cartesian, x: [0, L], cells: [20]}
field: {name: T, unit: degC}
model: {heat: {conductivity: k}}
boundary: {x-: {value: 100 degC}, x+: {convective: {h: 10 W/m^2/K, ambient: 0 degC}}}
probe: {middle: [L/2]}
"""


def test_solved_temperatures_come_out_in_the_unit_that_is_asked_for(load_text: Check) -> None:
    # two resistances in series, L/k and 1/h (Incropera, section 3.1): T_wall = 100 (1/h)/(L/k + 1/h) = 50 degC
    checks = """check:
  - {of: T, at: [L/2], equals: 75 degC, within: 1e-9 K, source: series}
  - {of: T, over: x+, take: mean, equals: 50 degC, within: 1e-9 K, source: series}
  - {of: flux, over: x+, take: mean, equals: 500 W/m^2, within: 1e-6, source: series}
  - {of: -flux, over: x-, equals: 500 W/m^2, within: 1e-6, source: series}
"""
    solution = solve(load_text(SLAB + checks))
    assert solution.fields[0].unit == "degC"
    assert all(check.passed for check in run_checks(solution)), run_checks(solution)


def test_derived_fields_carry_units_through_constants_and_parameters(load_text: Check) -> None:
    text = """fieldsim: 1
title: Units
parameters: {k: 2 W/m/K}
mesh: {type: cartesian, x: [0, 1], y: [0, 1], cells: [8, 8]}
field: {name: V, unit: V, expression: x**2 + y**2}
derive: {E: -grad(V), rho: epsilon0*div(E), D: epsilon0*E, twice: 2*V, heat: k*V, mV: {expression: V, unit: mV}}
"""
    fields = fields_at(solve(load_text(text)), 0)
    assert fields["E"].unit == "V/m"
    assert fields["rho"].unit == "C/m^3"
    assert fields["rho"].values == pytest.approx(-4 * 8.8541878188e-12)
    assert fields["twice"].unit == "V"
    assert fields["heat"].unit in ("V*W/m/K", "W*V/m/K")
    assert fields["mV"].values == pytest.approx(1000 * fields["V"].values)
    with pytest.raises(UnitsError, match=r"derive\.wrong"):
        fields_at(solve(load_text(text.replace("twice: 2*V", "wrong: {expression: V, unit: m}"))), 0)


def test_a_check_in_another_unit_is_refused(load_text: Check, given: str) -> None:
    with pytest.raises(UnitsError, match=r"check\[0\]"):
        run_checks(solve(load_text(given.replace("99.9975 m", "99.9975 V"))))
    with pytest.raises(InvalidInput, match="components"):
        run_checks(solve(load_text(given.replace("99.9975 m", "[1 m, 2 m]"))))
    with pytest.raises(InvalidInput, match="must lie in the mesh"):
        run_checks(solve(load_text(given.replace("at: [5 cm, 0]", "at: [5 m, 0]"))))


def test_checks_convert_units_and_take_integrals(load_text: Check) -> None:
    text = """fieldsim: 1
title: Integrals
mesh: {type: polar, r: [0, 2], phi: [0, 2*pi], cells: [8, 8]}
field: {name: h, unit: m, expression: 3 + 0*x}
check:
  - {of: h, at: [1, 1], equals: 300 cm, within: 1 mm, source: constant}
  - {of: h, over: mesh, equals: 37.699112 m^3, within: 1e-6, source: 3 pi 2^2}
  - {of: h, over: mesh, take: mean, equals: 3, within: 1e-9 m, source: constant}
  - {of: h, over: mesh, take: max, equals: 3 m, within: 1e-9 m, source: constant}
"""
    outcomes = run_checks(solve(load_text(text)))
    assert [check.passed for check in outcomes] == [True] * 4
    assert outcomes[1].found[0] == pytest.approx(12 * math.pi)


def test_the_error_is_estimated_where_no_answer_is_known(load_text: Check, solved: str) -> None:
    line = estimate(solve(load_text(solved)))[0]
    assert "half as many cells" in line.sentence()
    assert 0.0 < line.typical < 0.02 * line.scale


def test_the_estimate_is_near_the_true_error(load_text: Check) -> None:
    # -T'' = pi^2 sin(pi x) with cold ends: T = sin(pi x)
    text = """fieldsim: 1
title: Source
mesh: {type: cartesian, x: [0, 1], cells: [32]}
model: {heat: {conductivity: 1, source: pi**2*sin(pi*x)}}
boundary: {x-: {value: 0}, x+: {value: 0}}
"""
    guess = estimate(solve(load_text(text)))[0].largest
    truth = estimate(solve(load_text(text + "exact: sin(pi*x)\n")))[0].largest
    assert guess == pytest.approx(truth, rel=0.2)


def test_without_opengl_the_run_ends_with_flat_pictures_and_advice(
    tmp_path: Path, load_text: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fieldsim.view import probe

    monkeypatch.setattr(probe, "_cache", [probe.Finding(can_draw=False, reason="no libGL")])
    text = """fieldsim: 1
title: A charge
mesh: {type: cartesian, x: [-1, 1], y: [-1, 1], z: [-1, 1], cells: [12, 12, 12]}
field: {name: V, unit: V, potential: [{point_charge: {charge: 1 nC}}], cut: 0.3}
derive: {E: -grad(V)}
view: [{isosurfaces: {of: V, lines: E}}, {slice: {of: V, arrows: E}}]
"""
    record = run(load_text(text), RunOptions(tmp_path / "out"))
    assert (record.status, record.exit_code) == ("done", 0)
    assert len(record.figures) == 2
    assert all((tmp_path / "out" / figure["file"]).stat().st_size > 5000 for figure in record.figures)
    assert any("libegl1" in note for note in record.notes)


def test_pictures_that_cannot_be_drawn_leave_code_7_and_the_run(
    tmp_path: Path, load_text: Check, given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fieldsim.errors import CannotDraw

    def refuse(picture: object) -> bytes:
        raise CannotDraw("nothing to draw with")

    monkeypatch.setattr("fieldsim.view.drawing.png", refuse)
    record = run(load_text(given), RunOptions(tmp_path / "out"))
    assert (record.status, record.exit_code) == ("pictures failed", 7)
    assert "nothing to draw with" in (tmp_path / "out" / "report.html").read_text()


def test_every_kind_of_view_is_drawn(tmp_path: Path, load_text: Check) -> None:
    text = """fieldsim: 1
title: All views
mesh: {type: cylindrical, r: [0, 1], phi: [0, 2*pi], z: [0, 1], cells: [8, 12, 8]}
model: {heat: {conductivity: 1, density: 1, capacity: 1}}
boundary: {r+: {value: 0}, z-: {flux_out: 0}, z+: {flux_out: 0}}
initial: 1 + x
time: {until: 0.1, outputs: 2}
derive: {q: -grad(T)}
probe: {axis: [0.1, 0, 0.5], across: {line: [[-0.9, 0, 0.5], [0.9, 0, 0.5]], points: 9}}
view:
  - {isosurfaces: {of: T, levels: 3, scale: linear}}
  - {field_lines: {of: q, count: 8}}
  - {arrows: {of: q, normal: z}}
  - {slice: {of: norm(q), normal: z, at: 0.5, arrows: q}}
  - {cutaway: T}
  - {profile: {of: T, along: across}}
  - {history: {of: T, at: axis}}
  - {history: {of: outflow, over: r+}}
  - {animation: {of: T, normal: z}}
"""
    record = run(load_text(text), RunOptions(tmp_path / "out"))
    assert record.status == "done"
    assert [figure["kind"] for figure in record.figures] == [
        "isosurfaces", "field_lines", "arrows", "slice", "cutaway", "profile", "history", "history", "animation",
    ]  # fmt: skip
    assert record.balance["relative"] < 1e-12


def test_a_run_that_breaks_keeps_the_outputs_before(tmp_path: Path, load_text: Check) -> None:
    from fieldsim.errors import NumericalFailure

    text = """fieldsim: 1
title: A source that blows up
mesh: {type: cartesian, x: [0, 1], cells: [8]}
model: {heat: {conductivity: 1, density: 1, capacity: 1, source: '1/(0.55 - t)**2*where(t < 0.52, 1, 1/(0*t))'}}
boundary: {x-: {value: 0}, x+: {value: 0}}
initial: 0
time: {until: 1, outputs: 10, step: 0.01, method: backward_euler}
"""
    with pytest.raises(NumericalFailure, match=r"t = 0\.5"):
        run(load_text(text), RunOptions(tmp_path / "out", draw=False))
    assert len(list((tmp_path / "out" / "fields").glob("*.vti"))) == 6
    assert '"status": "failed"' in (tmp_path / "out" / "run.json").read_text()


def test_more_output_than_the_disk_holds_is_refused(tmp_path: Path, load_text: Check, solved: str) -> None:
    from fieldsim.errors import Refused

    text = solved.replace("cells: [16]", "cells: [100000000]").replace("outputs: 4", "outputs: 100000")
    with pytest.raises(Refused):
        run(load_text(text), RunOptions(tmp_path / "out", draw=False))
    assert not list((tmp_path / "out").glob("fields*"))


def test_data_files_bring_their_mesh_or_fit_one(tmp_path: Path) -> None:
    import numpy as np

    from fieldsim.scenario.load import load

    x, y = np.linspace(0, 2, 21), np.linspace(0, 1, 11)
    np.savez(tmp_path / "own.npz", h=x[:, None] ** 2 + y**2, x=x, y=y)
    np.save(tmp_path / "bare.npy", np.full((4, 5), 7.0))
    head = "fieldsim: 1\ntitle: Data\nfield: {name: h, unit: m, data: %s}\n"
    path = tmp_path / "s.yaml"
    path.write_text(head % "own.npz" + "mesh: {type: cartesian, x: [0, 2], y: [0, 1], cells: [10, 10]}\n")
    solution = solve(load(path))
    assert solution.fields[0].at([[1.0, 0.5]]) == pytest.approx(1.25)
    path.write_text(head % "bare.npy" + "mesh: {type: cartesian, x: [0, 1], y: [0, 1], cells: [4, 5]}\n")
    assert solve(load(path)).fields[0].values == pytest.approx(7.0)
    path.write_text(head % "bare.npy" + "mesh: {type: cartesian, x: [0, 1], y: [0, 1], cells: [5, 4]}\n")
    with pytest.raises(InvalidInput, match="shape"):
        solve(load(path))
    for name in ("../own.npz", "/etc/passwd", "none.npz"):
        path.write_text(head % name + "mesh: {type: cartesian, x: [0, 1], y: [0, 1], cells: [4, 5]}\n")
        with pytest.raises(InvalidInput, match="beside the scenario"):
            solve(load(path))


def test_every_potential_of_the_catalogue_can_stand_in_a_scenario(load_text: Check) -> None:
    import numpy as np

    terms = {
        "V": [
            "point_charge: {charge: 1 nC, at: [3 m, 0, 0]}",
            "point_charges: {charges: [1 nC, -1 nC], at: [[3, 0, 0], [-3, 0, 0]]}",
            "dipole: {charge: 1 nC, separation: 1 cm, at: [0, 0, 9]}",
            "charged_ring: {charge: 1 nC, radius: 10 cm, at: [0, 0, 5]}",
            "charged_line: {charge: 1 nC, start: [9, 0, 0], end: [9, 1, 0]}",
        ],
        "degC": ["temperature_hill: {top: 100 degC, curvature: 1 K/m^2}", "temperature_hill: {}"],
        "J/kg": ["point_mass: {mass: 5 kg, at: [0, 0, 3]}", "uniform_gravity: {g: 9.81 m/s^2}"],
        "m": ["height_hill: {top: 1 km}"],
    }
    for unit, lines in terms.items():
        text = f"""fieldsim: 1
title: Potentials
mesh: {{type: cartesian, x: [-1, 1], y: [-1, 1], z: [-1, 1], cells: [4, 4, 4]}}
field: {{name: f, unit: {unit}, potential: [{{{"}, {".join(lines)}}}]}}
"""
        assert np.isfinite(solve(load_text(text)).fields[0].values).all()
    hills = solve(
        load_text(text.replace("unit: m", "unit: degC").replace("height_hill: {top: 1 km}", terms["degC"][0]))
    )
    assert hills.fields[0].at([[0.5, 0.5, 0.0]]) == pytest.approx(99.5)


@pytest.mark.parametrize("steps", [1, 7, 30])
def test_an_interrupted_run_goes_on_to_the_same_bits(tmp_path: Path, load_text: Check, solved: str, steps: int) -> None:
    whole = run(load_text(solved), RunOptions(tmp_path / "whole", draw=False))
    with pytest.raises(Interrupted):
        run(load_text(solved), RunOptions(tmp_path / "parts", draw=False), signals=StopAfter(steps))
    assert '"status": "interrupted"' in (tmp_path / "parts" / "run.json").read_text()
    rest = run(load_text(solved), RunOptions(tmp_path / "parts", draw=False, resume=True))
    assert rest.status == "done"
    for name in (n for n in whole.files if n.startswith("fields/") or n == "probes.csv"):
        assert rest.files[name] == whole.files[name], name
    assert rest.balance == whole.balance


def test_another_scenario_cannot_go_on_from_a_checkpoint(tmp_path: Path, load_text: Check, solved: str) -> None:
    options = RunOptions(tmp_path / "out", draw=False)
    with pytest.raises(Interrupted):
        run(load_text(solved), options, signals=StopAfter(3))
    with pytest.raises(StorageError, match="resolved_sha256"):
        run(load_text(solved, "T0=90 degC"), RunOptions(tmp_path / "out", draw=False, resume=True))
    with pytest.raises(StorageError, match="nothing to resume"):
        run(load_text(solved), RunOptions(tmp_path / "new", draw=False, resume=True))


def test_pictures_of_a_run_in_time_say_when_and_what_their_curve_is(solved: str, load_text: Check) -> None:
    views = """view:
  - {profile: {of: T, time: 5 s, exact: 300, label: a guess}}
  - {profile: {of: T}}
  - {history: {of: T, at: middle, exact: 300, label: a guess}}
  - {animation: {of: T, exact: 300, label: a guess}}
"""
    solution = solve(load_text(solved + views))
    painter = Painter(solution)
    early, last, history, movie = [painter.picture(view) for view in solution.loaded.scenario.view]
    assert isinstance(early, Chart)
    assert isinstance(last, Chart)
    assert isinstance(history, Chart)
    assert isinstance(movie, Movie)
    assert early.notes == ("t = 5 s",)
    assert last.notes == ("t = 10 s",)
    assert history.notes == ()
    for chart in (early, history, movie.frames[-1]):
        assert isinstance(chart, Chart)
        assert [curve.label for curve in chart.curves] == ["a guess", "computed"]


def test_pictures_of_a_steady_field_have_no_time(load_text: Check) -> None:
    solution = solve(load_text(SLAB + "view: [{profile: {of: T}}]"))
    picture = Painter(solution).picture(solution.loaded.scenario.view[0])
    assert isinstance(picture, Chart)
    assert picture.notes == ()


def test_an_expected_number_with_too_few_digits_is_told() -> None:
    # sin of a half to one digit: the values close in on 0.4794 with order 2, the errors on 0.02
    from fieldsim.scenario.measure import CheckOutcome
    from fieldsim.scenario.verify import _line

    exact = math.sin(0.5)
    for expected, told in ((exact, False), (0.5, True)):
        runs = [
            CheckOutcome(0, "f", "here", (exact + h * h,), (expected,), "", abs(exact + h * h - expected), 1, True, "")
            for h in (0.04, 0.02, 0.01)
        ]
        line = _line(runs)
        assert "observed order 2.00" in line
        assert ("enough digits" in line) is told


@pytest.mark.parametrize(("hot", "told"), [("100 degC", False), ("100", True)], ids=["degrees", "plain"])
def test_kelvin_taken_for_degrees_are_noted(load_text: Check, tmp_path: Path, hot: str, told: bool) -> None:
    record = run(load_text(SLAB.replace("value: 100 degC", f"value: {hot}")), RunOptions(tmp_path / "run", draw=False))
    assert any("plain number is in kelvin" in note.lower() for note in record.notes) is told
