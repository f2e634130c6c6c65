"""The ``cxrdesk`` command: what it is called with, and what becomes of errors."""

from __future__ import annotations

import errno
import os
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from cxrdesk import DISCLAIMER, __version__
from cxrdesk.cli import analyze, data, evaluate, exits, faults, phantom, plugins, quick, train, viewer
from cxrdesk.cli.exits import Exit

OPEN = "open"


class Commands(TyperGroup):
    """Commands; what is none, but may be a file, is opened. Every error ends here."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """``cxrdesk film.dcm`` is ``cxrdesk open film.dcm``; a misspelt command stays one."""
        if args and args[0] not in self.commands and _may_be_file(args[0]):
            return OPEN, self.commands[OPEN], args
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; users' errors become one sentence, faults of ours a log and exit code 70."""
        from cxrdesk.imaging.errors import UserError

        try:
            return super().invoke(ctx)
        except UserError as error:
            raise typer.Exit(faults.ended(error)) from None
        except Exception as error:
            # typer's own exceptions know their exit code; a closed pipe is typer's too.
            if hasattr(error, "exit_code") or isinstance(error, typer.Abort) or _is_closed_pipe(error):
                raise
            raise typer.Exit(faults.ended(error)) from None


def _may_be_file(name: str) -> bool:
    return not name.startswith("-") and (quick.there(name) or any(mark in name for mark in "./\\"))


def _is_closed_pipe(error: Exception) -> bool:
    return isinstance(error, OSError) and error.errno == errno.EPIPE


def _wait_without_spinning() -> None:
    """Spinning threads stall as soon as another program uses one of their cores; said before torch is imported."""
    from cxrdesk.inference.devices import child_environment

    for name, value in child_environment(None).items():
        if name in ("OMP_WAIT_POLICY", "KMP_BLOCKTIME"):
            os.environ.setdefault(name, value)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"cxrdesk {__version__}")
        raise typer.Exit


app = typer.Typer(
    cls=Commands,
    name="cxrdesk",
    help=f"Open, offline workstation for chest radiographs. {DISCLAIMER}. 'cxrdesk FILE...' opens films.",
    epilog=exits.HELP,
    invoke_without_command=True,
    no_args_is_help=False,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def _cxrdesk(
    ctx: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
    debugging: Annotated[
        bool, typer.Option("--debug", help=f"Show tracebacks of faults; {faults.DEBUG_VARIABLE}=1 does the same.")
    ] = False,
) -> None:
    if debugging:
        os.environ[faults.DEBUG_VARIABLE] = "1"
    if ctx.invoked_subcommand is None:
        viewer.open_films([])


app.command(OPEN)(viewer.open_films)
app.command("demo")(viewer.demo)
app.command("analyze", epilog=exits.HELP)(analyze.analyze)
app.add_typer(plugins.app, name="plugins")
app.add_typer(data.app, name="data")
app.command("train")(train.train)
app.command("phantom", epilog=exits.HELP)(phantom.phantom)
app.command("evaluate", epilog=exits.HELP)(evaluate.evaluate)


def run(arguments: list[str] | None = None) -> int:
    """Run a command line and return its exit code."""
    _wait_without_spinning()
    try:
        app(arguments if arguments is not None else sys.argv[1:], prog_name="cxrdesk")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else Exit.DONE if end.code is None else Exit.PARTLY
    return Exit.DONE
