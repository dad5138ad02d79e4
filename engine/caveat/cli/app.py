"""The commands of `caveat`, put together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from caveat import __version__
from caveat.cli.check import check
from caveat.cli.explain import explain
from caveat.cli.fmt import fmt
from caveat.cli.inventory import inventory
from caveat.cli.lint import lint
from caveat.cli.packages import packages
from caveat.cli.rules import rules
from caveat.cli.test import run_rule_tests

app = typer.Typer(
    name="caveat",
    help="Guard applications against FHIR modifier extensions that they do not understand.",
    epilog="Exit: 0 all may be processed, no finding; 1 something may not, or findings; 2 usage, rule file, missing input; "
    "3 internal failure.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"caveat {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version.", show_default=False)
    ] = False,
) -> None:
    """Take the options that stand before a command."""


app.command("check")(check)
app.command("inventory")(inventory)
app.command("lint")(lint)
app.command("fmt")(fmt)
app.command("test")(run_rule_tests)
app.command("explain")(explain)
app.add_typer(rules, name="rules")
app.add_typer(packages, name="packages")


def run(arguments: Sequence[str]) -> int:
    """Run the command that `arguments` spell, and return its exit code."""
    try:
        app(list(arguments), prog_name="caveat")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    return 0
