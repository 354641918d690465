"""What a scenario spells of models: regions, parts of sides, bodies, contacts, drift, tensors, methods, answers."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from fieldsim.errors import ScenarioError
from fieldsim.scenario.compute import solve
from fieldsim.scenario.json_schema import scenario_schema
from fieldsim.scenario.load import Loaded
from fieldsim.scenario.measure import CheckOutcome, run_checks
from fieldsim.scenario.painter import Painter
from fieldsim.scenario.resolved import resolved_text
from fieldsim.view.scene import Chart, Movie

Check = Callable[..., Loaded]
Faults = Callable[..., ScenarioError]

LINE = "mesh: {type: cartesian, x: [0, 1 m], cells: [40]}\n"
SQUARE = "mesh: {type: cartesian, x: [0, 1 m], y: [0, 1 m], cells: [20, 20]}\n"
SOURCED = "within: 1e-6, source: written beside the test"


def scenario(*lines: str) -> str:
    return "\n".join(["fieldsim: 1", "title: t", *lines, ""])


def held(load_text: Check, *lines: str) -> list[CheckOutcome]:
    """Solve a scenario and hold its checks; written out in SI it is the same scenario."""
    loaded = load_text(scenario(*lines))
    once = resolved_text(loaded)
    assert resolved_text(load_text(once)) == once
    checks = run_checks(solve(loaded))
    assert checks
    assert all(check.passed for check in checks), checks
    return checks


def test_parts_of_a_side_let_out_their_shares(load_text: Check) -> None:
    # 2 W/m^2 over the upper half and 4 over the lower: 3 W/m in all, which must come in by the other side
    held(
        load_text,
        SQUARE,
        "model: {heat: {conductivity: 1}}",
        "boundary:",
        "  x-: {value: 300 K}",
        "  x+: [{where: y > 50 cm, flux_out: 2 W/m^2}, {flux_out: 4}]",
        "  y-: {flux_out: 0}",
        "  y+: [{flux_out: 0}]",
        f"check: [{{of: flux, over: x+, equals: 3 W/m, {SOURCED}}}, {{of: -flux, over: x-, equals: 3 W/m, {SOURCED}}},",
        f"  {{of: missing, equals: 0 W/m, {SOURCED}}}, {{of: flow_in, equals: 3 W/m, {SOURCED}}}]",
    )


@pytest.mark.parametrize(("levels", "drawn"), [("", True), (", levels: 0", False)], ids=["contours", "none"])
def test_a_movie_can_do_without_contours(load_text: Check, levels: str, drawn: bool) -> None:
    loaded = load_text(
        scenario(
            SQUARE,
            "model: {diffusion: {diffusivity: 1}}",
            "boundary: {x-: {value: 0}, x+: {value: 1}, y-: {flux_out: 0}, y+: {flux_out: 0}}",
            "initial: x",
            "time: {until: 0.01 s, outputs: 1}",
            f"view: [{{animation: {{of: c{levels}}}}}]",
        )
    )
    movie = Painter(solve(loaded)).picture(loaded.scenario.view[0])
    assert isinstance(movie, Movie)
    assert any(note.startswith("Contours") for note in movie.frames[-1].notes) is drawn


def test_a_body_has_a_name_and_a_flow(load_text: Check) -> None:
    # a slab held at 10 K from 0.4 m to 0.6 m: 10 K/(0.4 m) to either side
    held(
        load_text,
        LINE,
        "parameters: {w: 10 cm}",
        "model: {heat: {conductivity: 2}}",
        "boundary: {x-: {value: 0}, x+: {value: 0}}",
        "fixed: [{name: heater, where: abs(x - 0.5) < w, value: 10}]",
        f"check: [{{of: -flux, over: heater, equals: 100 W/m^2, {SOURCED}}},",
        f"  {{of: T, over: heater, equals: 10 K, {SOURCED}}}, {{of: -flux, over: 'fixed[0]', equals: 100, {SOURCED}}},",
        f"  {{of: T, at: [0.2], equals: 5, {SOURCED}}}]",
    )


def test_a_floating_conductor_takes_the_potential_of_its_place(load_text: Check) -> None:
    # 1 V over two gaps of 0.3 m and 0.5 m in series; the capacitance is epsilon0/0.8 m
    held(
        load_text,
        LINE,
        "model: {electrostatics: {}}",
        "boundary: {x-: {value: 0}, x+: {value: 1 V}}",
        "fixed: [{name: plate, where: x > 0.3 and x < 0.5, floating: 0 C/m^2}]",
        f"check: [{{of: V, over: plate, equals: 0.375 V, {SOURCED}}},",
        f"  {{of: capacitance/epsilon0, between: [x+, x-], equals: 1.25, {SOURCED}}},",
        f"  {{of: energy/epsilon0, equals: 0.625, {SOURCED}}}]",
    )


def test_holes_are_left_out_of_integrals(load_text: Check) -> None:
    # a quarter of the square is cut away: 3/4 m^2 at 1 mol/m^3
    held(
        load_text,
        SQUARE,
        "model: {diffusion: {diffusivity: 1}}",
        "boundary: {x-: {value: 1}, x+: {value: 1}, y-: {flux_out: 0}, y+: {flux_out: 0}}",
        "holes: [x > 0.5 and y > 0.5]",
        f"check: [{{of: content, equals: 0.75 mol/m, {SOURCED}}}, {{of: c, over: mesh, equals: 0.75, {SOURCED}}}]",
    )


def test_a_velocity_carries(load_text: Check) -> None:
    # c = (exp(v x/D) - 1)/(exp(v L/D) - 1) between 0 and 1 (Patankar 1980, section 5.2), exact by exponential faces
    held(
        load_text,
        LINE,
        "model: {diffusion: {diffusivity: 0.5, velocity: 2 m/s, drift: exponential}}",
        "boundary: {x-: {value: 0}, x+: {value: 1}}",
        f"check: [{{of: c, at: [0.5125], equals: {(math.exp(2.05) - 1) / (math.exp(4.0) - 1)}, {SOURCED}}}]",
    )


def test_a_tensor_conducts_along_its_axes(load_text: Check) -> None:
    # 4 W/m/K along x and 1 along y, turned by 90 degrees: 1 along x
    held(
        load_text,
        SQUARE,
        "model: {heat: {conductivity: {principal: [4 W/m/K, 1], angle: 90 deg}}}",
        "boundary: {x-: {value: 0}, x+: {value: 1}, y-: {flux_out: 0}, y+: {flux_out: 0}}",
        f"check: [{{of: -flux, over: x+, equals: 1 W/m, {SOURCED}}}]",
    )
    held(
        load_text,
        SQUARE,
        "model: {heat: {conductivity: {tensor: [[4, 0], [0, 1]]}}}",
        "boundary: {x-: {value: 0}, x+: {value: 1}, y-: {flux_out: 0}, y+: {flux_out: 0}}",
        f"check: [{{of: -flux, over: x+, equals: 4 W/m, {SOURCED}}}]",
    )


def test_open_space_beyond_a_ball(load_text: Check) -> None:
    # -2 pi G rho R^2 in the centre of a ball, two thirds of it at the surface (Newton)
    held(
        load_text,
        "parameters: {R: 1000 km, rho: 5000 kg/m^3}",
        "mesh: {type: spherical, r: [0, 2*R], cells: [200]}",
        "model: {gravity: {density: [{where: r < R, value: rho}, 0]}}",
        "boundary: {r+: {far_field: 0 J/kg}}",
        "check: [{of: Phi/(-2*pi*G*rho*R**2), at: [0, 0, 0], equals: 1, within: 0.01 %, source: shell theorem},",
        "  {of: Phi/(-2*pi*G*rho*R**2), at: [R, 0, 0], equals: 0.666667, within: 0.01 %, source: shell theorem}]",
    )


ROD = [
    LINE,
    "model: {heat: {conductivity: 1, density: 1, capacity: 1}}",
    "boundary: {x-: {value: 0}, x+: {value: 0}}",
    "initial: sin(pi*x)",
    f"check: [{{of: T, at: [0.5], equals: {math.exp(-0.1 * math.pi**2)}, within: 0.2 %, source: Fourier}}]",
]


@pytest.mark.parametrize(
    "how",
    [
        "tr_bdf2",
        "esdirk4",
        "bdf2",
        "exponential",
        "rkl2",
        "rk4",
        "explicit_euler",
        "crank_nicolson, step: 2 ms",
        "trapezoidal, step: 2 ms",
        "backward_euler, tolerance: 1e-6, absolute_tolerance: 1e-6 degC",
    ],
)
def test_every_method_follows_the_decay_of_a_sine(load_text: Check, how: str) -> None:
    # exp(-pi^2 t) in the middle at t = 0.1 s (Carslaw and Jaeger, section 3.3)
    held(load_text, *ROD, f"time: {{until: 0.1 s, outputs: 2, method: {how}}}")


def test_a_run_ends_where_nothing_changes_any_more(load_text: Check) -> None:
    text = scenario(*ROD[:4], "time: {until: 1000 s, outputs: 4, steady: 1e-6, jumps: [0.01 s]}")
    solution = solve(load_text(text))
    assert solution.result.solver.steady
    assert solution.times[-1] < 1000.0
    assert float(abs(solution.fields[-1].values).max()) < 1e-3


def test_a_history_follows_what_flows_into_a_body(load_text: Check) -> None:
    # once steady, 1 K over half a metre on either side of a thermostat
    text = scenario(
        *ROD[:3],
        "initial: 0",
        "fixed: [{name: heater, where: abs(x - 0.5) < 5 cm, value: 1}]",
        "time: {until: 5 s, outputs: 4}",
        "view: [{history: {of: -flux, over: heater}}]",
    )
    loaded = load_text(text)
    picture = Painter(solve(loaded)).picture(loaded.scenario.view[0])
    assert isinstance(picture, Chart)
    assert picture.curves[0].y[-1] == pytest.approx(2.0 / 0.45)


def test_exact_curves_have_the_unit_that_is_shown(load_text: Check) -> None:
    # a straight line from 0 degC to 100 degC, given in kelvin as every formula of a solved field is
    text = scenario(
        LINE,
        "field: {name: T, unit: degC}",
        "model: {heat: {conductivity: 1}}",
        "boundary: {x-: {value: 0 degC}, x+: {value: 100 degC}}",
        "exact: 273.15 + 100*x",
        "view: [{profile: {of: T}}]",
    )
    loaded = load_text(text)
    picture = Painter(solve(loaded)).picture(loaded.scenario.view[0])
    assert isinstance(picture, Chart)
    exact = next(curve for curve in picture.curves if curve.label == "exact")
    assert exact.y[0] == pytest.approx(0.0, abs=1e-9)
    assert exact.y[-1] == pytest.approx(100.0)


def test_a_run_of_no_length_gives_the_start(load_text: Check) -> None:
    solution = solve(load_text(scenario(*ROD[:4], "time: {until: 0}")))
    assert solution.times == (0.0,)
    assert solution.fields[0].values.max() == pytest.approx(math.sin(math.pi * 0.4875))


def test_the_field_in_a_coefficient_has_the_unit_it_is_shown_in(load_text: Check) -> None:
    # k = 1 + T/100 with T in degC: mean conductivity 1.5 W/m/K from 0 to 100 degC (Kirchhoff 1894)
    for unit, law in (("degC", "1 + T/100"), ("K", "1 + (T - 273.15)/100")):
        held(
            load_text,
            LINE,
            f"field: {{name: T, unit: {unit}}}",
            f"model: {{heat: {{conductivity: {law}}}}}",
            "boundary: {x-: {value: 100 degC}, x+: {value: 0 degC}}",
            "initial: 20 degC",
            f"check: [{{of: flux, over: x+, equals: 150 W/m^2, {SOURCED}}}]",
        )


WALLS = "boundary: {x-: {value: 0}, x+: {value: 1}, y-: {flux_out: 0}, y+: {flux_out: 0}}"
HEAT = "model: {heat: {conductivity: 1}}"
FAULTS = [
    ("model: {heat: {conductivity: [{where: x < 1 s, value: 1}, 2]}}", "conductivity[0].where", "lengths or angles"),
    ("model: {heat: {conductivity: [{where: x, value: 1}, 2]}}", "conductivity[0].where", "a condition is needed"),
    ("model: {heat: {conductivity: [{where: q > 1, value: 1}, 2]}}", "conductivity[0].where", "unknown name 'q'"),
    ("model: {heat: {conductivity: [{where: t > 1, value: 1}, 2]}}", "conductivity[0].where", "unknown name 't'"),
    ("model: {heat: {conductivity: [{wher: x > 1, value: 1}, 2]}}", "conductivity[0].wher", "Did you mean `where`?"),
    ("model: {heat: {conductivity: [1, {where: x > 1, value: 1}]}}", "conductivity", "say `where` in every part but"),
    ("model: {heat: {conductivity: []}}", "conductivity", "at least one part"),
    ("model: {heat: {conductivity: [{where: x < 0.5, value: 1}]}}", "conductivity", "given for every cell"),
    ("model: {heat: {conductivity: [{where: x > 5, value: 1}, 2]}}", "conductivity[0]", "no earlier part has taken"),
    ("model: {heat: {conductivity: [{where: x > 0, value: 1 W}, 2]}}", "conductivity[0].value", "W/m/K"),
    ("model: {heat: {conductivity: {tensor: [[1, 2], [2, 1]]}}}", "conductivity", "positive"),
    ("model: {heat: {conductivity: {principal: [1, 2], angle: 1 m}}}", "conductivity.angle", "30 deg"),
    ("model: {heat: {conductivity: {principal: [1, 2], tensor: [[1]]}}}", "conductivity", "must have one of"),
    ("model: {heat: {conductivity: 1, density: 1 + T}}", "density", "unknown name 'T'"),
    ("model: {heat: {conductivity: 1, velocity: [1 m, 0]}}", "velocity[0]", "m/s"),
    ("model: {heat: {conductivity: 1, drift: upwinds}}", "drift", "Did you mean `upwind`?"),
]


@pytest.mark.parametrize(("model", "path", "words"), FAULTS, ids=[f"{f[1]}-{k}" for k, f in enumerate(FAULTS)])
def test_faults_of_coefficients(faults_of: Faults, model: str, path: str, words: str) -> None:
    found = {f.path: f.message for f in faults_of(scenario(SQUARE, model, WALLS)).findings}
    assert f"model.heat.{path}" in found, found
    assert words in found[f"model.heat.{path}"]


PARTS = [
    ("fixed: [{where: x < 0, value: 1}]", "fixed[0]", "holds in one cell"),
    ("fixed: [{where: x < 0.2}]", "fixed[0]", "exactly one of the keys value, floating"),
    ("fixed: [{where: x < 0.2, value: 1 V}]", "fixed[0].value", "not a temperature"),
    ("fixed: [{where: x < 0.2, floating: 1 C}]", "fixed[0].floating", "W"),
    ("fixed: [{where: x < 0.5, value: 1}, {where: x > 0.5, value: 2}]", "fixed", "free"),
    ("fixed: [{where: x < 0.3, value: 1}, {where: x > 0.3 and x < 0.5, value: 2}]", "fixed", "do not touch"),
    ("fixed: [{name: a, where: x < 0.3, value: 1}, {name: a, where: x > 0.6, value: 2}]", "fixed[1].name", "taken"),
    ("holes: [5]", "holes[0]", "a comparison of coordinates; got 5"),
    ("holes: [x < 0]", "holes[0]", "holds in one cell"),
    ("holes: [hypot(x < 0.5]", "holes[0]", "close its brackets; got 'hypot(x < 0.5'. Add the missing )"),
    ("contact: [{where: x < 0.5, resistance: 1 m}]", "contact[0].resistance", "W"),
    ("contact: [{where: x < 5, resistance: 1}]", "contact[0]", "surface inside the mesh"),
    ("initial: [{where: x < 0.5, value: 1 m}, 2]", "initial[0].value", "not a temperature"),
    ("time: {until: 1}\ninitial: 0", "model", "density"),
    ("check: [{of: T, equals: 1, within: 1, source: s}]", "check[0]", "must say where"),
    ("check: [{of: T, over: wire, equals: 1, within: 1, source: s}]", "check[0].over", "a side"),
    ("check: [{of: T, over: z+, equals: 1, within: 1, source: s}]", "check[0].over", "a wall of the mesh"),
    ("check: [{of: resistance, between: [x-], equals: 1, within: 1, source: s}]", "check[0].between", "2 values"),
    ("solver: fast_one", "solver", "must be one of"),
]


@pytest.mark.parametrize(("line", "path", "words"), PARTS, ids=[f"{p[1]}-{k}" for k, p in enumerate(PARTS)])
def test_faults_of_parts(faults_of: Faults, line: str, path: str, words: str) -> None:
    found = {f.path: f.message for f in faults_of(scenario(SQUARE, HEAT, WALLS, line)).findings}
    assert path in found, found
    assert words in found[path]


def test_heat_with_nowhere_to_go_is_told_before_the_run(faults_of: Faults) -> None:
    closed = "boundary: {x-: {flux_out: 0}, x+: {flux_out: 0}, y-: {flux_out: 0}, y+: {flux_out: 0}}"
    (found,) = faults_of(scenario(SQUARE, "model: {heat: {conductivity: 1, source: 1}}", closed)).findings
    assert found.path == "model"
    assert "nowhere to go" in found.message
    assert "evolve" not in found.message
    assert found.line is not None


def test_angles_in_degrees_are_hinted_at(faults_of: Faults) -> None:
    mesh = "mesh: {type: polar, r: [1, 2], phi: [0, 360], cells: [8, 8]}"
    (found,) = faults_of(scenario(mesh, "field: {name: f, expression: x}")).findings
    assert "360 deg" in found.message


def test_a_line_must_not_cross_the_hole_of_a_ring(faults_of: Faults) -> None:
    mesh = "mesh: {type: polar, r: [1, 2], phi: [0, 2*pi], cells: [8, 8]}"
    lines = "probe: {across: {line: [[-1.5, 0], [1.5, 0]]}, beside: {line: [[-1, 1.2], [1, 1.2]]}}"
    (found,) = faults_of(scenario(mesh, "field: {name: f, expression: x}", lines)).findings
    assert found.path == "probe.across.line"
    assert "stay in the mesh" in found.message


def test_a_film_given_by_a_formula_is_read_before_the_run(faults_of: Faults) -> None:
    walls = WALLS.replace("x+: {value: 1}", "x+: {convective: {h: y - 0.5, ambient: 0}}")
    (found,) = faults_of(scenario(SQUARE, HEAT, walls)).findings
    assert found.path == "boundary.x+"
    assert "0 or more" in found.message or "at least 0" in found.message


def test_long_formulas_are_called_long(faults_of: Faults) -> None:
    (found,) = faults_of(scenario(SQUARE, f"model: {{heat: {{conductivity: {'1 + ' * 600}x}}}}", WALLS)).findings
    assert "at most 2000 characters" in found.message


def test_open_space_is_for_the_steady_state(faults_of: Faults) -> None:
    walls = "boundary: {r+: {far_field: 0}}"
    model = "model: {heat: {conductivity: 1, density: 1, capacity: 1, source: 1}}"
    mesh = "mesh: {type: spherical, r: [0, 1], cells: [8]}"
    (found,) = faults_of(scenario(mesh, model, walls, "initial: 0", "time: {until: 1}")).findings
    assert found.path == "boundary.r+"
    assert "steady" in found.message


def test_faults_in_several_parts_are_told_at_once(faults_of: Faults) -> None:
    text = scenario(
        SQUARE,
        "model: {heat: {conductivity: [{where: x > 5, value: 1}, 2], source: [{where: y > 5, value: 1}, 0]}}",
        "boundary: {x-: [{where: y > 5, value: 1}, {value: 0}], x+: {value: 1}, y-: {flux_out: 0}, y+: {flux_out: 0}}",
        "holes: [x < 0]",
    )
    assert len(faults_of(text).findings) == 4


def test_editors_are_told_of_regions_and_parts() -> None:
    schema = scenario_schema()["$defs"]
    described = str(schema["HeatSpec"]["properties"]["conductivity"])
    assert "where" in described
    assert "principal" in described
    assert {"where", "radiative", "far_field"} <= set(schema["LawPart"]["properties"])
