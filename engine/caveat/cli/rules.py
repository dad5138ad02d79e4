"""`caveat rules`: the rule packs that come with Caveat."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from caveat.cli.exits import Exit, answering, counted, say
from caveat.cli.output import put
from caveat.domain.errors import UsageError

rules = typer.Typer(
    help="List the rule packs that come with Caveat.", invoke_without_command=True, rich_markup_mode=None, add_completion=False
)
PackName = Annotated[str, typer.Argument(metavar="NAME", help="A shipped pack.", show_default=False)]


@rules.callback(invoke_without_command=True)
def _rules(context: typer.Context) -> None:
    """List the rule packs that come with Caveat."""
    if context.invoked_subcommand is None:
        _list()


@answering
def _list() -> Exit:
    from caveat.packs.policies import load_policy, shipped_packs  # noqa: PLC0415  it needs Lark, which is slow to import

    packs = shipped_packs()
    if not packs:
        say("caveat: this installation has no rule packs")
        return Exit.USAGE
    width = max(map(len, packs))
    for name, folder in packs.items():
        resolved = load_policy(folder).resolved
        held = f"{counted(len(resolved.rules), 'rule')}, {counted(len(resolved.tests), 'test')}"
        put(f"{name:<{width}}  {resolved.version:<8}  {', '.join(resolved.releases) or 'any release':<11}  {held}")
    return Exit.FINE


@rules.command("show")
@answering
def show(name: PackName) -> Exit:
    """Print the rule files of a pack."""
    for path in sorted(_folder(name).rglob("*.caveat")):
        put(f"// {name}/{path.relative_to(_folder(name)).as_posix()}\n{path.read_text(encoding='utf-8')}")
    return Exit.FINE


@rules.command("copy")
@answering
def copy(name: PackName, folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the copy goes.")]) -> Exit:
    """Copy a pack into DIR/NAME.

    There it can be changed. Nothing that is there is overwritten.
    """
    target = folder / name
    if target.exists():
        raise UsageError(f"{target} is there already; nothing is overwritten")
    shutil.copytree(_folder(name), target)
    say(f"copied to {target}")
    return Exit.FINE


def _folder(name: str) -> Path:
    """Return the folder of a shipped pack; UsageError, naming those there are, when there is none of that name."""
    from caveat.packs.policies import shipped_packs  # noqa: PLC0415  it needs Lark, which is slow to import

    packs = shipped_packs()
    if name not in packs:
        raise UsageError(f"there is no shipped pack {name!r}; there are: {', '.join(packs) or 'none'}")
    return packs[name]
