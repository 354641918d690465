"""The commands that compute: run, verify and sweep."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

Target = Annotated[str, typer.Argument(help="A scenario file, or the name of a scenario that ships.")]
Settings = Annotated[
    list[str] | None, typer.Option("--set", help="Change a parameter or any key: d=0.1, mesh.cells='[32, 32]'.")
]
Out = Annotated[Path | None, typer.Option("--out", help="The run's folder (default: runs/NAME).")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace the run that stands in the folder.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(run)
    app.command()(verify)
    app.command()(sweep)


def run(
    context: typer.Context,
    scenario: Target,
    *,
    settings: Settings = None,
    out: Out = None,
    overwrite: Overwrite = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the folder's checkpoint.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, compute nothing.")] = False,
    no_view: Annotated[bool, typer.Option("--no-view", help="Draw no pictures.")] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Solve, derive, probe, check, draw and report a scenario."""
    from fieldsim.cli.console import Console
    from fieldsim.cli.outcome import describe_plan, describe_run
    from fieldsim.scenario.library import find_scenario
    from fieldsim.scenario.load import load
    from fieldsim.scenario.runner import RunOptions
    from fieldsim.scenario.runner import run as run_scenario

    if overwrite and resume:
        raise typer.BadParameter("--overwrite and --resume exclude each other. Give one of them.")
    console = Console(quiet=quiet, as_json=as_json)
    loaded = load(find_scenario(scenario), settings or [])
    folder = out_folder(out) if out is not None else Path("runs") / loaded.name
    if dry_run:
        plan = describe_plan(loaded, folder)
        console.result(plan["text"])
        console.data(plan)
        return
    options = RunOptions(folder, overwrite=overwrite, resume=resume, draw=not no_view)
    record = run_scenario(loaded, options, progress=console.progress, signals=context.obj)
    console.result(describe_run(record))
    console.data(record.as_record() | {"folder": str(folder)})
    if record.exit_code:
        raise typer.Exit(record.exit_code)


def out_folder(out: Path) -> Path:
    """Return the folder that --out means, ~ being the home folder. Raises BadParameter for .. in it."""
    if ".." in out.parts:
        raise typer.BadParameter(f"--out must not lead upwards; got {str(out)!r}. Write the path without '..'.")
    try:
        return out.expanduser()
    except RuntimeError:
        raise typer.BadParameter(f"--out {str(out)!r} names no home folder. Write the path in full.") from None


def verify(
    context: typer.Context,
    scenarios: Annotated[list[str], typer.Argument(help="Scenario files or names; `all` for all that ship.")],
    *,
    order: Annotated[bool, typer.Option("--order", help="Refine the mesh and report the order.")] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Run scenarios and hold every check; nothing is written."""
    from fieldsim.cli.console import Console
    from fieldsim.cli.outcome import describe_verification
    from fieldsim.scenario.library import find_scenario, scenario_names
    from fieldsim.scenario.load import load
    from fieldsim.scenario.verify import verify_scenario

    console = Console(quiet=quiet, as_json=as_json)
    names = scenario_names() if scenarios == ["all"] else scenarios
    loads = [load(find_scenario(name)) for name in names]
    records: list[dict[str, Any]] = []
    for loaded in loads:
        console.progress(f"verifying {loaded.name}")
        verification = verify_scenario(loaded, with_order=order, progress=console.progress)
        console.result(describe_verification(verification))
        records.append(verification.as_record())
        if context.obj is not None:
            context.obj.raise_if_requested()
    failed = [record["name"] for record in records if not record["passed"]]
    console.data({"scenarios": records, "failed": failed})
    if failed:
        console.progress(f"failed: {', '.join(failed)}")
        raise typer.Exit(6)


def sweep(
    context: typer.Context,
    scenario: Target,
    *,
    settings: Settings = None,
    out: Out = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Tabulate a scenario over lists of settings: --set d=0.1,0.2."""
    from fieldsim.cli.console import Console
    from fieldsim.scenario.library import find_scenario
    from fieldsim.scenario.sweep import run_sweep

    console = Console(quiet=quiet, as_json=as_json)
    path = find_scenario(scenario)
    folder = out_folder(out) if out is not None else Path("runs") / f"{path.stem}-sweep"
    table = run_sweep(path, settings or [], folder, overwrite=overwrite, progress=console.progress, signals=context.obj)
    console.result(table.as_text())
    console.data(table.as_record())
