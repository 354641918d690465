"""The commands about scenario files and what may stand in them: validate, list, show, new, schema and formulas."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Settings = Annotated[
    list[str] | None, typer.Option("--set", help="Change a parameter or any key: d=0.1, mesh.cells='[32, 32]'.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(validate)
    app.command("list")(list_scenarios)
    app.command()(show)
    app.command()(new)
    app.command()(schema)
    app.command()(formulas)


def validate(
    scenario: Annotated[str, typer.Argument(help="A scenario file, or the name of one that ships.")],
    *,
    settings: Settings = None,
    as_json: AsJson = False,
) -> None:
    """Report every error at once, with line, column and remedy."""
    from fieldsim.cli.console import Console
    from fieldsim.scenario.library import find_scenario
    from fieldsim.scenario.load import load

    console = Console(as_json=as_json)
    path = find_scenario(scenario)
    loaded = load(path, settings or [])
    console.result(f"{path}: no errors")
    console.data({"status": "ok", "file": str(path), "title": loaded.scenario.title, "findings": []})


def list_scenarios(*, as_json: AsJson = False) -> None:
    """List the scenarios that ship with fieldsim."""
    from fieldsim.cli.console import Console
    from fieldsim.scenario.library import shipped_titles

    console = Console(as_json=as_json)
    titles = shipped_titles()
    width = max((len(name) for name in titles), default=0)
    console.result("\n".join(f"{name:<{width}}  {title}" for name, title in titles.items()))
    console.data(titles)


def show(
    name: Annotated[str, typer.Argument(help="The name of a scenario that ships, or a file.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Explain a scenario: what it asks, what it checks, and its file."""
    from fieldsim.cli.console import Console
    from fieldsim.cli.outcome import describe_scenario
    from fieldsim.scenario.library import find_scenario
    from fieldsim.scenario.load import load
    from fieldsim.scenario.resolved import resolved_tree

    console = Console(as_json=as_json)
    loaded = load(find_scenario(name))
    console.result(describe_scenario(loaded))
    console.data(resolved_tree(loaded))


def new(
    name: Annotated[str, typer.Argument(help="A scenario to copy; or the file to write a commented template to.")],
    file: Annotated[Path | None, typer.Argument(help="The file to write the copy to.")] = None,
) -> None:
    """Write a file to edit: a commented template, or with two arguments a copy of a scenario that ships."""
    from fieldsim.cli.console import write_result
    from fieldsim.scenario.library import copy_scenario, scenario_names

    if file is None and name in scenario_names():
        raise typer.BadParameter(f"to copy {name}, name a file too: fieldsim new {name} my.yaml")
    target = Path(name) if file is None else file
    copy_scenario(None if file is None else name, target)
    what = "a commented template" if file is None else f"a copy of {name}"
    write_result(f"{target} is {what}. Edit it, then: fieldsim validate {target}")


def schema() -> None:
    """Print the JSON Schema of scenario files, for editors."""
    import json

    from fieldsim.cli.console import write_result
    from fieldsim.scenario.json_schema import scenario_schema

    write_result(json.dumps(scenario_schema(), indent=1))


def formulas(
    name: Annotated[str, typer.Argument(help="A coordinate system: spherical, toroidal, ..., or curvilinear.")],
    *,
    latex: Annotated[bool, typer.Option("--latex", help="Print LaTeX (an align* environment of amsmath).")] = False,
    axes: Annotated[
        str | None, typer.Option("--axes", help="What a field varies along, e.g. r,theta; else everything.")
    ] = None,
) -> None:
    """Print gradient, divergence, curl and Laplacian in a coordinate system, made from the metric the code uses."""
    from fieldsim.cli.console import write_result
    from fieldsim.coordinates.formulas import formula_sheet

    chosen = None if axes is None else [part.strip() for part in axes.split(",") if part.strip()]
    if chosen is not None and (not chosen or name == "curvilinear"):
        raise typer.BadParameter("--axes must name coordinates of an orthogonal system, for example --axes r,theta.")
    sheet = formula_sheet(name, chosen)
    write_result((sheet.latex if latex else sheet.text).rstrip())
