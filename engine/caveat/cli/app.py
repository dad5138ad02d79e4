"""The commands of `caveat`, put together.

Rule 1: a command is imported when it is called, so that a check pays for nothing that it does not use.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from typing import Annotated

import typer

from caveat import __version__
from caveat.cli.exits import Exit, say
from caveat.cli.logs import logging_asked
from caveat.domain.errors import UsageError
from caveat.telemetry.watching import watching

_COMMANDS: Mapping[str, tuple[str, str]] = {
    "check": ("caveat.cli.check", "check"),
    "audit": ("caveat.cli.audit_report", "audit"),
    "inventory": ("caveat.cli.inventory", "inventory"),
    "lint": ("caveat.cli.lint", "lint"),
    "fmt": ("caveat.cli.fmt", "fmt"),
    "test": ("caveat.cli.test", "run_rule_tests"),
    "diff": ("caveat.cli.diff", "diff"),
    "explain": ("caveat.cli.explain", "explain"),
    "new": ("caveat.cli.new", "new"),
    "packages": ("caveat.cli.packages", "packages"),
    "rules": ("caveat.cli.rules", "rules"),
}
"""The module of each command, and the function in it, or the typer with its commands."""
_INTERRUPTED = 130  # typer's own code, when no command was running yet: to every other part of Caveat it means nothing


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"caveat {__version__}")
        raise typer.Exit


def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version.", show_default=False)
    ] = False,
) -> None:
    """Take the options that stand before a command."""


def app_with(names: Iterable[str]) -> typer.Typer:
    """Return the command line with the commands `names`."""
    app = typer.Typer(
        name="caveat",
        help="Guard applications against FHIR modifier extensions that they do not understand.",
        epilog="Exit codes: 0 everything may be processed, or nothing was found; 1 something may not, or was found; 2 a wrong "
        "call, a rule file that does not load, or a missing input; 3 a failure inside, or a run that is not complete. To begin: "
        "`caveat inventory DATA` shows what is in your data, `caveat new policy DIR` makes a first policy.",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    app.callback()(_main)
    for name in names:
        module, attribute = _COMMANDS[name]
        command = getattr(import_module(module), attribute)
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name)
        else:
            app.command(name)(command)
    return app


def run(arguments: Sequence[str]) -> int:
    """Run the command that `arguments` spell, and return its exit code."""
    try:
        with logging_asked():
            return _watched(arguments)
    except UsageError as error:
        say(f"caveat: {error}")
        return int(Exit.USAGE)


def _watched(arguments: Sequence[str]) -> int:
    """Run a command, and tell whoever watches its name, where it is one, and its exit code."""
    named = next((argument for argument in arguments if not argument.startswith("-")), "")
    with watching("caveat.command", command=named if named in _COMMANDS else "_OTHER") as seen:
        code = _run(arguments, named)
        seen.ended(code)
    return code


def _run(arguments: Sequence[str], named: str) -> int:
    try:
        app_with([named] if named in _COMMANDS else _COMMANDS)(list(arguments), prog_name="caveat")
    except SystemExit as end:
        if end.code == _INTERRUPTED:
            say("caveat: interrupted")
            return int(Exit.FAILURE)
        return end.code if isinstance(end.code, int) else 0
    return 0
