"""Meshes from a map, from corners, and of every registered coordinate system, as a scenario spells them."""

from __future__ import annotations

from collections.abc import Callable
from math import cosh, pi, sin, sinh
from pathlib import Path

import numpy as np
import pytest

from fieldsim.coordinates import REGISTRY
from fieldsim.errors import Finding, ScenarioError
from fieldsim.meshes import Mesh
from fieldsim.scenario.build_mesh import make_mesh
from fieldsim.scenario.json_schema import scenario_schema
from fieldsim.scenario.load import Loaded, load
from fieldsim.scenario.resolved import resolved_text
from fieldsim.scenario.schema_mesh import AXES
from fieldsim.scenario.verify import verify_scenario

Check = Callable[..., Loaded]
Faults = Callable[..., ScenarioError]

ANNULUS = (
    '{type: curvilinear, map: {x: "a*u*cos(v)", y: "a*u*sin(v)"}, '
    "u: [1, 2], v: [0, 2*pi], cells: [24, 48], periodic: [v]}"
)
TORUS = (
    '{type: curvilinear, map: {x: "(R + u*cos(v))*cos(w)", y: "(R + u*cos(v))*sin(w)", z: "-u*sin(v)"}, '
    "u: [20 cm, 0.5], v: [0, 360 deg], w: [0, 2*pi], cells: [6, 24, 48], periodic: [v, w]}"
)


def scenario(mesh: str, rest: str = "field: {name: f, expression: '1'}") -> str:
    return f"fieldsim: 1\ntitle: t\nparameters: {{a: 50 cm, R: 2 m}}\nmesh: {mesh}\n{rest}\n"


def built(text: str, load_text: Check) -> Mesh:
    spec = load_text(text).scenario.mesh
    assert spec is not None
    return make_mesh(spec, Path())


def test_a_map_with_parameters_gives_the_area_of_the_ring(load_text: Check) -> None:
    mesh = built(scenario(ANNULUS), load_text)
    assert mesh.shape == (24, 48)
    assert mesh.walls == ("u-", "u+")
    # the straight-edged ring of n sides between radii 1/2 and 1: (n/2) sin(2 pi/n) (1 - 1/4)
    assert mesh.volumes.sum() == pytest.approx(24 * sin(2 * pi / 48) * 0.75, rel=1e-12)


def test_a_map_in_space_with_units_gives_the_volume_of_the_torus(load_text: Check) -> None:
    mesh = built(scenario(TORUS), load_text)
    assert (mesh.shape, mesh.walls) == ((6, 24, 48), ("u-", "u+"))
    # Pappus: 2 pi R times the area of the ring
    assert mesh.volumes.sum() == pytest.approx(2 * pi * 2.0 * pi * (0.5**2 - 0.2**2), rel=0.02)


SYSTEMS = {
    "parabolic": ("sigma: [0.5, 2], tau: [0.5, 1]", [(2.0**2 - 1.0) / 2.0, 2.0]),
    "elliptic_cylinder": ("mu: [0.5, 1], nu: [0, pi/2], z: [0, 1 m]", [0.0, 0.5 * sinh(1.0), 1.0]),
    "bipolar": ("sigma: [pi/2, 180 deg], tau: [-1, 1]", [0.5 * sinh(1.0) / (cosh(1.0) + 1.0), 0.0]),
    "prolate_spheroidal": ("mu: [0.5, 1], nu: [0, pi/2], phi: [0, pi]", [-0.5 * sinh(1.0), 0.0, 0.0]),
    "toroidal": ("tau: [1, 2], sigma: [0, pi], phi: [0, pi/2]", [0.0, 0.5 * sinh(2.0) / (cosh(2.0) + 1.0), 0.0]),
}


@pytest.mark.parametrize("name", SYSTEMS)
def test_systems_with_foci_are_meshes_by_name(name: str, load_text: Check) -> None:
    axes, corner = SYSTEMS[name]
    cells = "[4, 4, 4]" if len(corner) == 3 else "[4, 4]"
    focus = "" if name == "parabolic" else "focus: 50 cm, "
    mesh = built(scenario(f"{{type: {name}, {axes}, {focus}cells: {cells}}}"), load_text)
    assert mesh.coordinates.name == name
    assert mesh.orthogonal
    # Moon and Spencer, Field Theory Handbook (1961), at the last corner
    assert mesh.corners.reshape(mesh.dim, -1)[:, -1] == pytest.approx(corner, abs=1e-12)


def test_every_registered_system_can_be_spelt() -> None:
    assert {name: kinds[-1].names for name, kinds in REGISTRY.items()}.items() <= AXES.items()
    mesh = scenario_schema()["$defs"]["MeshSpec"]["properties"]
    assert set(REGISTRY) < set(mesh["type"]["enum"])
    assert {name for names in AXES.values() for name in names} | {"map", "corners", "focus"} <= set(mesh)
    assert set(mesh["map"]["anyOf"][0]["propertyNames"]["enum"]) == set("xyz")


def fault(text: str, faults_of: Faults, path: str) -> Finding:
    found = {finding.path: finding for finding in faults_of(text).findings}
    assert path in found, found
    return found[path]


FAULTY = [
    (ANNULUS.replace("a*u*cos(v)", "a*u*cost(v)"), "mesh.map.x", "did you mean 'cos'?"),
    (ANNULUS.replace("a*u*cos(v)", "a*b*cos(v)"), "mesh.map.x", "'b'"),
    (ANNULUS.replace("a*u*cos(v)", "a*x*cos(v)"), "mesh.map.x", "'x'"),
    (ANNULUS.replace("a*u*cos(v)", "a*w*cos(v)"), "mesh.map.x", "'w'"),
    (ANNULUS.replace("x: ", "X: "), "mesh.map.X", "Did you mean `x`?"),
    (ANNULUS.replace("x: ", "z: "), "mesh.map", "formulas for x and y"),
    (ANNULUS.replace("u: [1, 2], ", ""), "mesh", "a range for u, v"),
    (ANNULUS.replace("u: [1, 2]", "u: [1, 2], w: [0, 1]"), "mesh.w", "2 formulas"),
    (ANNULUS.replace("u: [1, 2]", "u: [1, 2], r: [0, 1]"), "mesh.r", "left out of a curvilinear mesh"),
    (ANNULUS.replace("u: [1, 2]", "u: [2, 1]"), "mesh.u", "low < high"),
    (ANNULUS.replace("[24, 48]", "[24]"), "mesh.cells", "one number for each of u, v"),
    (ANNULUS.replace("cells: [24, 48], ", ""), "mesh.cells", "one number for each of u, v"),
    (ANNULUS.replace("2*pi", "pi"), "mesh.corners", "Close it"),
    (ANNULUS.replace("periodic: [v]", "periodic: [u]"), "mesh.corners", "Close it"),
    (ANNULUS.replace("periodic: [v]", "periodic: [q]"), "mesh.periodic[0]", "must be one of"),
    (ANNULUS.replace("periodic: [v]", "stretch: {u: {towards: [u-], ratio: 1.1}}"), "mesh.stretch", "by the map"),
    (ANNULUS.replace("periodic: [v]", "focus: 1 m"), "mesh.focus", "no foci"),
    (ANNULUS.replace("periodic: [v]", "corners: c.npz"), "mesh", "got 'both'"),
    ("{type: curvilinear, cells: [4, 4]}", "mesh", "got 'neither'"),
    ("{type: curvilinear, corners: c.npz}", "mesh.corners", "a file beside the scenario"),
    ("{type: curvilinear, corners: c.npz, cells: [3]}", "mesh.cells", "the file has them"),
    ("{type: polar, r: [0, 1], cells: 4, map: {x: u, y: v}}", "mesh.map", "type: curvilinear"),
    ("{type: polar, r: [0, 1], cells: 4, focus: 1}", "mesh.focus", "no foci"),
    ("{type: parabolic, sigma: [0, 1], tau: [0, 1], focus: 1, cells: [4, 4]}", "mesh.focus", "no foci"),
    ("{type: bipolar, sigma: [0, 1], tau: [0, 1], focus: -1 m, cells: [4, 4]}", "mesh.focus", "positive"),
    ("{type: bipolar, sigma: [0, 1], tau: [0, 1 m], cells: [4, 4]}", "mesh.tau[1]", "length"),
    ("{type: bipolar, sigma: [0, 1], mu: [0, 1], cells: [4, 4]}", "mesh.mu", "left out of a bipolar mesh"),
    ("{type: toroidal, tau: [-1, 1], sigma: [0, 1], cells: [4, 4]}", "mesh.tau", "within [0, inf]"),
    ("{type: bipolra, sigma: [0, 1], tau: [0, 1], cells: [4, 4]}", "mesh.type", "Did you mean `bipolar`?"),
]


@pytest.mark.parametrize(("mesh", "path", "words"), FAULTY, ids=[f"{f[1]}-{k}" for k, f in enumerate(FAULTY)])
def test_faults_of_meshes_have_line_and_column(mesh: str, path: str, words: str, faults_of: Faults) -> None:
    found = fault(scenario(mesh), faults_of, path)
    assert words in found.message
    assert found.line == 4
    assert found.column is not None
    assert found.column > 1 or path == "mesh"


def test_a_folded_cell_is_named_by_its_index(faults_of: Faults) -> None:
    # x turns back at u = 1/2: with cells of 1/8 the fifth is the first that is folded
    fold = '{type: curvilinear, map: {x: "u - u**2", y: v}, u: [0, 1], v: [0, 1], cells: [8, 4]}'
    found = fault(scenario(fold), faults_of, "mesh.corners")
    assert "folded or flat cells; got 'cell (4, 0)'" in found.message


def test_corners_come_from_a_file(tmp_path: Path) -> None:
    u, v = np.meshgrid(np.linspace(0.0, 2.0, 9), np.linspace(0.0, 1.0, 5), indexing="ij")
    corners = np.stack([u + 0.2 * v, v])
    rest = (
        "field: {name: f, unit: V, expression: 3*x + y}\n"
        "check: [{of: grad(f), at: [1, 0.5], equals: [3 V/m, 1 V/m], within: 1e-9 V/m, source: by hand}]"
    )
    saved: dict[str, Callable[[Path], None]] = {
        "c.npz": lambda path: np.savez(path, corners=corners),
        "xy.npz": lambda path: np.savez(path, x=corners[0], y=corners[1]),
        "c.npy": lambda path: np.save(path, corners),
    }
    for name, save in saved.items():
        save(tmp_path / name)
        file = tmp_path / "s.yaml"
        file.write_text(scenario(f"{{type: curvilinear, corners: {name}}}", rest))
        verification = verify_scenario(load(file), with_order=True)
        assert verification.passed
        assert verification.orders == ["the mesh comes from a file: it cannot be refined"]


def test_corners_of_another_shape_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(scenario("{type: curvilinear, corners: c.npz}"))
    for arrays, words in (({"a": np.zeros((3, 3))}, "`corners`, or x, y"), ({"corners": np.zeros((2, 3))}, "of shape")):
        np.savez(tmp_path / "c.npz", **arrays)
        with pytest.raises(ScenarioError) as caught:
            load(file)
        (found,) = caught.value.findings
        assert found.path == "mesh.corners"
        assert words in found.message


def test_models_are_solved_on_general_meshes(load_text: Check) -> None:
    model = "model: {heat: {conductivity: 1}}\nboundary: {u-: {value: 0}, u+: {value: 1}}"
    check = (
        "check: [{of: T, at: [0.75, 0], equals: 0.5849625, within: 0.1 %, "
        "source: 'ln(r/a)/ln(b/a) at r = 1.5 a, b = 2 a (Carslaw and Jaeger, section 7.2)'}]"
    )
    assert verify_scenario(load_text(scenario(ANNULUS, f"{model}\n{check}"))).passed
    bipolar = "{type: bipolar, sigma: [1, 5], tau: [-1, 1], cells: [4, 4]}"
    laws = "boundary: {sigma-: {flux_out: 0}, sigma+: {flux_out: 0}, tau-: {value: 0}, tau+: {value: 1}}"
    assert load_text(scenario(bipolar, f"model: {{heat: {{conductivity: 1}}}}\n{laws}"))


def test_native_names_are_names_on_their_own_mesh_alone(faults_of: Faults, load_text: Check) -> None:
    bipolar = "{type: bipolar, sigma: [1, 5], tau: [-1, 1], cells: [8, 8]}"
    loaded = load_text(scenario(bipolar, "field: {name: V, expression: a*tau + x}"))
    assert str(loaded.scenario.field.expression) == "0.5 * tau + x"  # type: ignore[union-attr]
    named = scenario(bipolar).replace("a: 50 cm", "tau: 50 cm")
    assert "already has a meaning" in fault(named, faults_of, "parameters.tau").message
    straight = "{type: cartesian, x: [0, 1], cells: [8]}"
    assert load_text(scenario(straight).replace("a: 50 cm", "tau: 50 cm")).setting.values["tau"] == 0.5
    wrong = scenario(straight, "field: {name: V, expression: tau + x}")
    assert "'tau'" in fault(wrong, faults_of, "field.expression").message
    sloped = "field: {name: V, expression: tau, gradient: [x, y]}"
    assert "must belong to" in fault(scenario(bipolar, sloped), faults_of, "field.gradient").message


def test_meshes_of_every_kind_are_resolved_to_themselves(load_text: Check) -> None:
    for mesh in (ANNULUS, TORUS, "{type: bipolar, sigma: [1, 5], tau: [-1, 1], focus: 5 cm, cells: [8, 8]}"):
        once = resolved_text(load_text(scenario(mesh)))
        assert resolved_text(load_text(once)) == once


def test_huge_maps_are_checked_at_once(load_text: Check) -> None:
    import time

    begun = time.process_time()
    load_text(scenario(ANNULUS.replace("[24, 48]", "[30000, 30000]")))
    assert time.process_time() - begun < 3.0


def test_derivatives_probes_and_checks_hold_on_a_general_mesh(load_text: Check) -> None:
    rest = """\
field: {name: V, unit: V, expression: x**2 - y**2 + u}
derive: {E: -grad(V), rho: div(E), whirl: curl(E), lap: laplacian(V)}
probe: {p: [0.75, 0]}
check:
  - {of: E, at: [0, 0.75], equals: [0, -0.5], within: 0.1 %, source: "-(2x, -2y) - e_r/a at (0, 3/4)"}
  - {of: lap, at: [0.75, 0], equals: 2.666667, within: 4 %, source: "lap(r/a) = 1/(a r)"}
  - {of: rho, at: [0.75, 0], equals: -2.666667, within: 4 %, source: "-lap V"}
  - {of: whirl, over: mesh, take: max, equals: 0, within: 1e-9, source: curl grad = 0}
"""
    verification = verify_scenario(load_text(scenario(ANNULUS, rest)), with_order=True)
    assert verification.passed, verification.checks
    orders = [float(line.rpartition(" ")[2]) for line in verification.orders if line.startswith(("lap", "rho"))]
    assert orders == pytest.approx([2.0, 2.0], abs=0.1)
