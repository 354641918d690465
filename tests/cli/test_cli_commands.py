"""The command line: what each command prints and which exit code it leaves."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fieldsim.cli.main import main

REPOSITORY = Path(__file__).parents[2]
GIVEN = """\
fieldsim: 1
title: A hill
about: A hill.
parameters: {top: 100}
mesh: {type: cartesian, x: [-5, 5], y: [-5, 5], cells: [20, 20]}
field: {name: T, unit: degC, expression: top - x**2 - y**2}
derive: {slope: grad(T)}
probe: {corner: [3, 4], across: {line: [[-4, 0], [4, 0]], points: 9}}
check:
  - {of: slope, at: [3, 4], equals: [-6 K/m, -8 K/m], within: 1e-9 K/m, source: "(-2x, -2y)"}
"""
SLOW = """\
fieldsim: 1
title: A slow run
mesh: {type: cartesian, x: [0, 1], y: [0, 1], cells: [80, 80]}
model: {heat: {conductivity: 1, density: 1, capacity: 1}}
boundary: {x-: {value: sin(200*t)}, x+: {value: 0}, y-: {flux_out: 0}, y+: {flux_out: 0}}
initial: 0
time: {until: 10 s, outputs: 100, step: 0.1 ms, method: backward_euler}
"""

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs the command line in an empty folder: code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> tuple[int, str, str]:
        code = main(arguments)
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return code, out, err

    return call


def child(*arguments: str, cwd: Path, **options: object) -> subprocess.Popen[str]:
    """Start the command line in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    return subprocess.Popen(
        [sys.executable, "-m", "fieldsim.cli.main", *arguments],
        cwd=cwd, env=environment, stderr=subprocess.PIPE, text=True, **options,  # type: ignore[call-overload]
    )  # fmt: skip


def _children_seconds() -> float:
    """Return the processor time of finished child processes: it does not grow while other work holds the cores."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_help_is_quick_and_imports_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys; from fieldsim.cli.main import main; main(['--help']);"
        "bad = {'numpy', 'scipy', 'pyvista', 'matplotlib', 'numba', 'pint', 'pydantic', 'ruamel'} & set(sys.modules);"
        "sys.exit(f'imported {bad}' if bad else 0)"
    )
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-c", code]
    times = []
    for _ in range(3):
        begun = _children_seconds()
        done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=tmp_path, check=False)
        times.append(_children_seconds() - begun)
        assert done.returncode == 0, done.stderr
    assert "run" in done.stdout
    assert min(times) < 0.4


def test_run_writes_the_whole_folder_and_reports(run: Run, tmp_path: Path) -> None:
    Path("hill.yaml").write_text(GIVEN)
    code, out, err = run("run", "hill.yaml", "--no-view")
    assert code == 0
    folder = tmp_path / "runs" / "hill"
    for name in ("scenario.yaml", "resolved.yaml", "run.json", "log.txt", "fields.pvd", "probes.csv", "check.json"):
        assert (folder / name).is_file(), name
    assert (folder / "fields" / "0000.vti").is_file()
    assert (folder / "report.html").is_file()
    assert (folder / "scenario.yaml").read_text() == GIVEN
    assert "ok   slope" in out
    assert "runs/hill" in out
    assert "evaluating" in err
    record = json.loads((folder / "run.json").read_text())
    assert (record["status"], record["exit_code"]) == ("done", 0)
    assert record["files"]["probes.csv"]["sha256"]


def test_probes_are_those_of_the_formula(run: Run, tmp_path: Path) -> None:
    Path("hill.yaml").write_text(GIVEN)
    run("run", "hill.yaml", "--no-view", "-q", "--out", "here")
    rows = (tmp_path / "here" / "probes.csv").read_text().splitlines()
    assert rows[0] == "probe,index,t [s],x [m],y [m],T [degC],slope_x [K/m],slope_y [K/m]"
    values = [float(cell) for cell in rows[1].split(",")[1:]]
    assert values == pytest.approx([0, 0, 3, 4, 75, -6, -8], abs=1e-9)
    assert len(rows) == 1 + 1 + 9


def test_a_second_run_needs_overwrite(run: Run) -> None:
    Path("hill.yaml").write_text(GIVEN)
    assert run("run", "hill.yaml", "--no-view", "-q")[0] == 0
    code, _, err = run("run", "hill.yaml", "--no-view", "-q")
    assert code == 5
    assert "--overwrite" in err
    assert run("run", "hill.yaml", "--no-view", "-q", "--overwrite")[0] == 0
    assert run("run", "hill.yaml", "--overwrite", "--resume")[0] == 2


def test_a_failed_check_leaves_the_run_and_code_6(run: Run, tmp_path: Path) -> None:
    Path("hill.yaml").write_text(GIVEN.replace("-6 K/m", "-5 K/m"))
    code, out, _ = run("run", "hill.yaml", "--no-view", "-q")
    assert code == 6
    assert "FAIL slope" in out
    assert json.loads((tmp_path / "runs/hill/run.json").read_text())["status"] == "check failed"
    assert run("verify", "hill.yaml", "-q")[0] == 6


@pytest.mark.parametrize(
    ("setting", "code"), [("top=50", 0), ("field.expression=x*y", 0), ("mesh.cells=[16, 16]", 6), ("title=Hill", 6)]
)
def test_checks_are_held_unless_set_changes_the_question(run: Run, tmp_path: Path, setting: str, code: int) -> None:
    Path("hill.yaml").write_text(GIVEN.replace("-6 K/m", "-5 K/m"))
    found, out, _ = run("run", "hill.yaml", "--no-view", "-q", "--set", setting)
    assert found == code
    assert ("not held: --set changed the question" in out) == (code == 0)
    assert ("FAIL slope" in out) == (code == 6)
    record = json.loads((tmp_path / "runs/hill/run.json").read_text())
    assert record["checks_not_held"] == ([0] if code == 0 else [])
    assert "every check met" not in (tmp_path / "runs/hill/report.html").read_text()


def test_json_is_the_only_thing_on_stdout(run: Run) -> None:
    Path("hill.yaml").write_text(GIVEN)
    code, out, err = run("run", "hill.yaml", "--no-view", "--json")
    assert code == 0
    assert json.loads(out)["checks"][0]["passed"] is True
    assert err != ""
    for command in (
        ["list"],
        ["show", "hill.yaml"],
        ["validate", "hill.yaml"],
        ["verify", "hill.yaml"],
        ["view", "runs/hill"],
    ):
        code, out, _ = run(*command, "--json")
        assert code == 0
        json.loads(out)


def test_errors_come_as_json_too(run: Run) -> None:
    Path("bad.yaml").write_text(GIVEN.replace("title", "titel"))
    code, out, err = run("validate", "bad.yaml", "--json")
    answer = json.loads(out)
    assert code == answer["exit_code"] == 2
    assert {f["path"] for f in answer["findings"]} == {"title", "titel"}
    assert "bad.yaml:2:1: titel: unknown key titel. Did you mean `title`?" in err


def test_dry_run_writes_nothing(run: Run, tmp_path: Path) -> None:
    Path("hill.yaml").write_text(GIVEN)
    code, out, _ = run("run", "hill.yaml", "--dry-run")
    assert code == 0
    assert "nothing was written" in out
    assert [p.name for p in tmp_path.iterdir()] == ["hill.yaml"]


def test_settings_reach_the_run(run: Run, tmp_path: Path) -> None:
    Path("hill.yaml").write_text(GIVEN)
    assert run("run", "hill.yaml", "--no-view", "-q", "--set", "top=50", "--set", "mesh.cells=[10, 10]")[0] == 0
    record = json.loads((tmp_path / "runs/hill/run.json").read_text())
    assert record["settings"] == ["top=50", "mesh.cells=[10, 10]"]
    assert record["mesh"]["cells"] == 100
    code, _, err = run("run", "hill.yaml", "--set", "topp=50")
    assert code == 2
    assert "Did you mean `top`?" in err


def test_names_of_scenarios_are_found_and_near_ones_suggested(run: Run, tmp_path: Path) -> None:
    code, out, _ = run("list")
    assert code == 0
    assert {line.split()[0] for line in out.splitlines()} >= {"point_charge", "terrain", "quenched_ball"}
    code, out, _ = run("show", "mountain")
    assert code == 0
    assert "grad h = (-x, -y)" in out
    code, _, err = run("run", "point_chrage")
    assert code == 2
    assert "Did you mean `point_charge`?" in err
    assert run("new", "mountain", "mine.yaml")[0] == 0
    assert run("validate", "mine.yaml")[0] == 0
    assert run("new", "mountain", "mine.yaml")[0] == 2
    assert run("new", "mountain")[0] == 2
    assert run("new", "fresh.yaml")[0] == 0
    assert run("run", "fresh.yaml", "--no-view", "-q")[0] == 0
    assert run("run", "fresh.yaml", "--no-view", "-q", "--set", "L=20cm", "--out", "thick")[0] == 0


def test_schema_is_json_schema(run: Run) -> None:
    code, out, _ = run("schema")
    assert code == 0
    schema = json.loads(out)
    assert schema["properties"]["fieldsim"] == {"const": 1, "title": "Fieldsim"} or "fieldsim" in schema["properties"]
    assert "mesh" in schema["properties"]


def test_formulas_are_those_of_the_book(run: Run) -> None:
    code, out, _ = run("formulas", "spherical", "--axes", "r,theta")
    assert code == 0
    # Griffiths, Introduction to Electrodynamics (2017), inside the cover, without phi
    assert "grad f = df/dr e_r + (1/r) df/dtheta e_theta" in out
    assert "lap f = (1/r^2) d(r^2 df/dr)/dr + (1/(r^2 sin(theta))) d(sin(theta) df/dtheta)/dtheta" in out
    assert "df/dphi" in run("formulas", "spherical")[1]
    code, out, _ = run("formulas", "toroidal", "--latex")
    assert code == 0
    assert out.startswith(r"\begin{align*}")
    assert r"\cosh \tau - \cos \sigma" in out
    assert "curvilinear (u, v, w)" in run("formulas", "curvilinear")[1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["sphercal"], "Did you mean 'spherical'?"),
        (["bipolar", "--axes", "tua"], "among sigma, tau; got 'tua'"),
        (["bipolar", "--axes", ","], "--axes must name"),
        (["curvilinear", "--axes", "u"], "--axes must name"),
        ([], "Missing argument"),
    ],
)
def test_formulas_of_nothing_known_are_refused(run: Run, arguments: list[str], words: str) -> None:
    code, out, err = run("formulas", *arguments)
    assert (code, out) == (2, "")
    assert words in err


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["run"], 2),
        (["run", "a", "b"], 2),
        (["fly"], 2),
        (["run", "--fast", "mountain"], 2),
        (["run", "nothing.yaml"], 2),
        (["run", "."], 2),
        (["run", "a\0b.yaml"], 2),
        (["run", "mountain", "--out", "a\nb"], 2),
        (["run", "mountain", "--out", "x" * 300], 2),
        (["run", "mountain", "--out", "/proc/none"], 5),
        (["view", "nowhere"], 5),
        (["validate", "/etc/passwd"], 2),
        (["--help"], 0),
        (["--version"], 0),
        (["run", "--help"], 0),
    ],
)
def test_exit_codes(run: Run, arguments: list[str], code: int) -> None:
    given, out, err = run(*arguments)
    assert given == code, err
    assert out + err != ""


@pytest.mark.parametrize(("cells", "words"), [("[100000, 100000, 100000]", "7.1"), ("[30000, 30000, 30000]", "limit")])
def test_meshes_beyond_the_memory_are_refused_at_once(run: Run, tmp_path: Path, cells: str, words: str) -> None:
    text = GIVEN.replace("y: [-5, 5], cells: [20, 20]", f"y: [-5, 5], z: [0, 1], cells: {cells}")
    text = text.replace("[3, 4]", "[3, 4, 0]").replace("[-4, 0], [4, 0]", "[-4, 0, 0], [4, 0, 0]")
    Path("big.yaml").write_text(text.replace("-8 K/m]", "-8 K/m, 0 K/m]"))
    begun = time.process_time()
    code, _, err = run("run", "big.yaml")
    assert code == 3
    assert words in err
    assert time.process_time() - begun < 2.0
    assert [p.name for p in tmp_path.iterdir() if p.name != "runs"] == ["big.yaml"]


@pytest.mark.parametrize("formula", ["1/(x - 0.25)", "sqrt(-1 - x**2)", "log(0*x)", "0*x/0"])
def test_values_that_are_not_finite_name_the_cell(run: Run, formula: str) -> None:
    Path("bad.yaml").write_text(GIVEN.replace("top - x**2 - y**2", formula))
    code, _, err = run("run", "bad.yaml", "--no-view", "-q")
    assert code in (2, 4)
    if code == 4:
        assert "cell" in err


def test_a_closed_pipe_and_a_full_disk_on_stdout_are_no_crash(tmp_path: Path) -> None:
    (tmp_path / "hill.yaml").write_text(GIVEN)
    reader, writer = os.pipe()
    os.close(reader)
    process = child("run", "hill.yaml", "--no-view", "-q", cwd=tmp_path, stdout=writer)
    os.close(writer)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert json.loads((tmp_path / "runs/hill/run.json").read_text())["status"] == "done"
    with open("/dev/full", "w") as full:
        process = child("show", "hill.yaml", cwd=tmp_path, stdout=full)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 5
    assert "Traceback" not in err


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_run_and_keeps_what_was_computed(tmp_path: Path, number: signal.Signals, code: int) -> None:
    (tmp_path / "slow.yaml").write_text(SLOW)
    process = child("run", "slow.yaml", "--no-view", cwd=tmp_path, stdout=subprocess.PIPE)
    assert process.stderr is not None
    while "solving" not in process.stderr.readline():
        assert process.poll() is None
    time.sleep(1.5)
    begun = time.monotonic()
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == code, err
    # 5 s are promised to a user; here other workers hold the cores.
    assert time.monotonic() - begun < 15.0
    assert "Traceback" not in err
    record = json.loads((tmp_path / "runs/slow/run.json").read_text())
    assert (record["status"], record["exit_code"]) == ("interrupted", code)
    assert list((tmp_path / "runs/slow/fields").glob("*.vti"))


def test_two_runs_in_one_folder_exclude_each_other(run: Run, tmp_path: Path) -> None:
    from fieldsim.storage import RunFolder

    Path("hill.yaml").write_text(GIVEN)
    with RunFolder.create("runs", "hill"):
        code, _, err = run("run", "hill.yaml", "--no-view", "-q")
    assert code == 5
    assert str(os.getpid()) in err


def test_the_same_run_twice_gives_the_same_files(run: Run, tmp_path: Path) -> None:
    Path("hill.yaml").write_text(GIVEN)
    hashes = []
    for name in ("one", "two"):
        assert run("run", "hill.yaml", "--no-view", "-q", "--out", name)[0] == 0
        files = json.loads((tmp_path / name / "run.json").read_text())["files"]
        hashes.append({file: entry["sha256"] for file, entry in files.items() if file != "report.html"})
    assert hashes[0] == hashes[1]


def test_what_we_did_not_foresee_is_called_our_bug(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object, **named: object) -> None:
        raise ZeroDivisionError("boom")

    monkeypatch.setattr("fieldsim.scenario.load.load", broken)
    code, _, err = run("validate", "mountain")
    assert code == 1
    assert "bug in fieldsim" in err
    assert "boom" in err


def test_sweep_runs_every_combination(run: Run) -> None:
    Path("hill.yaml").write_text(GIVEN)
    code, out, _ = run(
        "sweep", "hill.yaml", "--set", "top=10,20", "--set", "mesh.cells=[10, 10],[12, 12]", "-q", "--json"
    )
    assert code == 0
    rows = json.loads(out)["runs"]
    assert [row["corner.T"] for row in rows] == pytest.approx([-15, -15, -5, -5])
    assert run("sweep", "hill.yaml", "--set", "top", "-q")[0] == 2


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_costs_no_run(tmp_path: Path, closed: str) -> None:
    (tmp_path / "hill.yaml").write_text(GIVEN)
    command = f'exec "{sys.executable}" -m fieldsim.cli.main run hill.yaml --no-view {closed}'
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert json.loads((tmp_path / "runs/hill/run.json").read_text())["status"] == "done"


def test_a_mended_run_needs_no_overwrite(run: Run, tmp_path: Path) -> None:
    heated = """\
fieldsim: 1
title: Heat with nowhere to go
mesh: {type: cartesian, x: [0, 1], cells: [8]}
model: {heat: {conductivity: 1, source: 1}}
boundary: {x-: {flux_out: 0}, x+: {flux_out: 0}}
"""
    Path("bar.yaml").write_text(heated)
    assert run("run", "bar.yaml", "-q")[0] != 0
    Path("bar.yaml").write_text(heated.replace("x+: {flux_out: 0}", "x+: {value: 0}"))
    assert run("run", "bar.yaml", "-q")[0] == 0
    code, _, err = run("run", "bar.yaml", "-q")
    assert code == 5
    assert "--resume" not in err


def test_out_expands_home_and_leads_nowhere_else(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    Path("hill.yaml").write_text(GIVEN)
    assert run("run", "hill.yaml", "--no-view", "-q", "--out", "~/hill")[0] == 0
    assert (tmp_path / "home/hill/run.json").is_file()
    assert not (tmp_path / "~").exists()
    for command in ("run", "sweep"):
        code, _, err = run(command, "hill.yaml", "--out", "here/../../there")
        assert code == 2
        assert "Write the path without '..'" in err
    assert not (tmp_path / "here").exists()
    assert run("run", "hill.yaml", "--out", "~no-such-user/hill")[0] == 2
