"""`caveat fmt`: rule files in their canonical form."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from caveat.cli.exits import Exit, answering, say
from caveat.cli.output import whole

if TYPE_CHECKING:
    from caveat.lang.parser import Parsed

_STDIN = "-"


@dataclass(frozen=True, slots=True)
class Source:
    """A rule file as it is: the name for messages, where it lies (None for standard input), and its bytes."""

    name: str
    path: Path | None
    raw: bytes


@answering
def fmt(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...", help="Rule files, folders, shipped packs, or - for standard input and output.", show_default=False
        ),
    ],
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 when a file would change.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Write nothing; show what would change.")] = False,
) -> Exit:
    """Write rule files in their canonical form.

    Each is written whole or not at all. A file that does not read is left as it is: what is wrong is shown, and the exit code
    is 2.
    """
    codes = [_format(source, check=check, diff=diff) for source in _sources(files)]
    return max(codes, default=Exit.USAGE)


def _sources(names: list[str]) -> list[Source]:
    """Return the files that `names` mean, standard input among them."""
    from caveat.cli.rule_files import source_files  # noqa: PLC0415  it needs Lark, which is slow to import

    found = [Source(_STDIN, None, sys.stdin.buffer.read())] if _STDIN in names else []
    paths = source_files(name for name in names if name != _STDIN)
    return found + [Source(str(path), path, path.read_bytes()) for path in paths]


def _format(source: Source, *, check: bool, diff: bool) -> Exit:
    """Format one file, or only say what would change."""
    from caveat.lang.parser import parse_bytes  # noqa: PLC0415  Lark is slow to import
    from caveat.lang.printer import print_file  # noqa: PLC0415  as above

    parsed = parse_bytes(source.raw, source.name)
    if parsed.diagnostics:
        _refuse(parsed)
        return Exit.USAGE
    formatted = print_file(parsed.file)
    is_changed = formatted.encode() != source.raw
    if diff and is_changed:
        sys.stdout.writelines(_difference(source, formatted))
    if check or diff:
        if check and is_changed:
            say(f"{source.name} is not in canonical form")
        return Exit.FINDINGS if check and is_changed else Exit.FINE
    _keep(source, formatted, is_changed=is_changed)
    return Exit.FINE


def _refuse(parsed: Parsed) -> None:
    """Show why a file cannot be formatted."""
    from caveat.formats.diagnostic import render  # noqa: PLC0415  only when something is wrong

    for each in parsed.diagnostics:
        say(render(each, parsed.file.text) + "\n")


def _difference(source: Source, formatted: str) -> list[str]:
    """Return what would change as a unified diff."""
    before = source.raw.decode("utf-8-sig").splitlines(keepends=True)
    return list(unified_diff(before, formatted.splitlines(keepends=True), source.name, f"{source.name} (formatted)"))


def _keep(source: Source, formatted: str, *, is_changed: bool) -> None:
    """Write the canonical form back: to the file, or for standard input to standard output."""
    if source.path is None:
        sys.stdout.write(formatted)
    elif is_changed:
        with whole(source.path) as file:
            file.write(formatted)
        say(f"{source.name} formatted")
