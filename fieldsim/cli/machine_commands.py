"""The commands about a run and about this machine: view and doctor."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(view)
    app.command()(doctor)


def view(run: Annotated[Path, typer.Argument(help="The folder of a run.")], *, as_json: AsJson = False) -> None:
    """Say what a run holds and where its report and pictures are."""
    from fieldsim.cli.console import Console
    from fieldsim.cli.outcome import describe_folder
    from fieldsim.storage import RunFolder, read_json

    console = Console(as_json=as_json)
    with RunFolder.open(run) as folder:
        record = read_json(folder.record)
    console.result(describe_folder(run, record))
    console.data(record | {"folder": str(run)})


def doctor(*, as_json: AsJson = False) -> None:
    """Say what this machine can draw and how much memory a run may take."""
    from fieldsim.cli.console import Console
    from fieldsim.cli.outcome import describe_machine

    console = Console(as_json=as_json)
    text, data = describe_machine()
    console.result(text)
    console.data(data)
