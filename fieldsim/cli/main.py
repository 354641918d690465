"""The entry point `fieldsim`: commands, and what becomes of errors and signals.

Exit codes: 0 done, 1 our bug, 2 usage or scenario, 3 refused, 4 numerical, 5 storage, 6 check, 7 pictures, 130, 143.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from fieldsim.cli import file_commands, machine_commands, run_commands
from fieldsim.cli.console import (
    describe,
    discard_stdout,
    error_record,
    open_closed_streams,
    write_error,
    write_result,
)
from fieldsim.errors import FieldSimError
from fieldsim.scenario.interrupt import Interrupted, Signals

app = typer.Typer(
    name="fieldsim",
    help="Physical fields on structured meshes: from a scenario file to a picture, in one command.",
    epilog="Begin with: fieldsim list, then fieldsim run point_charge.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it so
    if wanted:
        from fieldsim import __version__

        write_result(f"fieldsim {__version__}")
        raise typer.Exit


Version = Annotated[
    bool, typer.Option("--version", help="Print the version and stop.", callback=_show_version, is_eager=True)
]


@app.callback()
def options(*, version: Version = False) -> None:
    """Physical fields on structured meshes: from a scenario file to a picture, in one command."""


run_commands.register(app)
file_commands.register(app)
machine_commands.register(app)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; never raises an Exception."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    signals = Signals()
    try:
        with signals.installed():
            app(args=given, prog_name="fieldsim", obj=signals)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 0 if stop.code is None else 1
    except Interrupted as stop:
        write_error(f"fieldsim: stopped by {stop}")
        return stop.exit_code
    except FieldSimError as error:
        return _report(error, as_json="--json" in given)
    except BrokenPipeError:
        discard_stdout()
        return 0
    except MemoryError:
        write_error("fieldsim: out of memory. Take fewer cells, or fewer outputs.")
        return 3
    except Exception as error:  # noqa: BLE001 - whatever is left is ours to mend, and users get no traceback
        return _bug(error)
    return 0


def _report(error: FieldSimError, *, as_json: bool) -> int:
    for line in describe(error):
        write_error(line)
    if as_json:
        import json

        write_result(json.dumps(error_record(error), indent=1, sort_keys=True))
    return error.exit_code


def _bug(error: Exception) -> int:
    import traceback

    last = traceback.extract_tb(error.__traceback__)[-1:]
    where = f" at {last[0].filename.rpartition('fieldsim')[2].lstrip('/')}:{last[0].lineno}" if last else ""
    write_error(
        f"fieldsim: this is a bug in fieldsim, not in your input: {type(error).__name__}: {error}{where}. "
        "Please report it with the command and the scenario. FIELDSIM_DEBUG=1 shows the details."
    )
    import os

    if os.environ.get("FIELDSIM_DEBUG"):
        write_error("".join(traceback.format_exception(error)))
    return 1


def entry() -> None:
    """Run the command line and leave the process with its exit code."""
    open_closed_streams()
    code = main()
    try:
        sys.stdout.flush()
    except OSError:
        discard_stdout()
    sys.exit(code)


if __name__ == "__main__":
    entry()
