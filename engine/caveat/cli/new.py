"""`caveat new`: what a policy, or one more rule, begins with.

Rule 1: nothing that is there is written over without --force.
Rule 2: what is written was tried: it loads, and its tests pass.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from caveat.cli.exits import Exit, answering, counted, say
from caveat.cli.output import whole
from caveat.domain.errors import UsageError
from caveat.spec.release import Release

if TYPE_CHECKING:
    from caveat.packs.beginnings import Beginning
    from caveat.packs.policies import LoadedPolicy
    from caveat.spec.definition import ExtensionDefinition

new = typer.Typer(
    help="Begin a policy, or draft one more rule.", no_args_is_help=True, rich_markup_mode=None, add_completion=False
)
Releases = Annotated[
    list[str] | None,
    typer.Option(
        "--fhir",
        metavar="R4|R4B|R5",
        help="FHIR release; give it again for several. Else that of the rule file or package, else R4; for a rule all.",
        show_default=False,
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Overwrite files that are there.")]


DefinitionOption = Annotated[
    str,
    typer.Option(
        "--from-definition",
        metavar="URL|FILE",
        help="A modifier extension that HL7 or a locked package defines, or the file of a StructureDefinition.",
        show_default=False,
    ),
]


@new.command("policy")
@answering
def new_policy(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The policy's folder, which also names it.", show_default=False)],
    package: Annotated[
        str | None,
        typer.Option(
            "--from-package",
            metavar="NAME#VERSION",
            help="Draft a rule for each modifier extension of this FHIR package: a .tgz, a folder, or one of ~/.fhir/packages.",
            show_default=False,
        ),
    ] = None,
    fhir: Releases = None,
    owner: Annotated[
        str | None, typer.Option("--owner", metavar="WHO", help="Who answers for the rules.", show_default=False)
    ] = None,
    force: Force = False,
) -> Exit:
    """Make the folder of a new policy.

    It holds a rule file with one example, its tests, and a README that says how to go on. With --from-package each modifier
    extension that the package defines gets a `review` rule, with its reason and the elements that may carry it, and a test;
    the package is locked in DIR. Nothing is written when something of the same name is there, unless --force.
    """
    from caveat.packs.beginnings import package_files, policy_files  # noqa: PLC0415  it needs Lark, which is slow to import

    name = folder.resolve().name or "policy"
    releases = tuple(dict.fromkeys(Release.of(each) for each in fhir or ()))
    with _beside(folder) as made:
        if package is None:
            begun = policy_files(name, releases or (Release.R4,), owner)
        else:
            begun, _ = package_files(name, package, Path(made), releases, owner)
        _fill(Path(made), folder, begun, force=force)
    _tell(folder, begun)
    return Exit.FINE


@new.command("rule")
@answering
def new_rule(
    definition: DefinitionOption,
    fhir: Releases = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--dir",
            metavar="DIR",
            help="The folder with the lock of packages; else that of --write, else this one.",
            show_default=False,
        ),
    ] = None,
    write: Annotated[
        Path | None,
        typer.Option(
            "--write", metavar="FILE", help="Put the rule at the end of this rule file, or make it.", show_default=False
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Draft a rule even where one names the url already.")] = False,
) -> Exit:
    """Draft a rule from the definition of a modifier.

    A `review` rule and its test. The rule speaks of the elements and value types that the definition allows, and gives its
    reason. It is printed, to be put at the end of a rule file, or put there by --write.
    """
    from caveat.formats.draft_places import unnamed_of  # noqa: PLC0415  it needs Lark, which is slow to import
    from caveat.packs.drafts import drafted_rule  # noqa: PLC0415  as above
    from caveat.packs.finding import find_modifier  # noqa: PLC0415  as above

    beside = _loaded(write) if write is not None and write.exists() else None
    releases = _releases(fhir, beside)
    found = find_modifier(definition, folder or (write.parent if write is not None else Path()), releases)
    _refuse_again(found[0].url, beside, force=force)
    what = unnamed_of(found, releases)
    if not what.paths:
        raise UsageError(_nowhere(found[0], releases))
    if write is not None and beside is None:
        _make(what, write, releases)
        return Exit.FINE
    drafted = drafted_rule(what, "to-assess", releases, beside)
    if drafted.rules == 0:
        raise UsageError(f"no rule can name {found[0].url!r}")
    _keep(drafted.text, write)
    return Exit.FINE


def _nowhere(known: ExtensionDefinition, releases: tuple[Release, ...]) -> str:
    places = ", ".join(context.expression for context in known.contexts)
    return f"in FHIR {', '.join(releases)} no modifierExtension can stand where its definition allows it: {places}"


def _make(what: object, target: Path, releases: tuple[Release, ...]) -> None:
    """Write a rule file of its own for one modifier."""
    from caveat.formats.draft import Unnamed  # noqa: PLC0415  with what it belongs to
    from caveat.formats.drafting import Head  # noqa: PLC0415  as above
    from caveat.packs.drafts import drafted_file  # noqa: PLC0415  as above

    assert isinstance(what, Unnamed)  # noqa: S101
    text = drafted_file([what], Head(target.stem, releases), "to-assess").text
    with whole(target) as file:
        file.write(text)
    say(f"{target} is new")


def _keep(text: str, target: Path | None) -> None:
    """Print a draft, or put it at the end of a rule file."""
    if target is None:
        sys.stdout.write(text)
        return
    before = target.read_text(encoding="utf-8-sig")
    with whole(target) as file:
        file.write(f"{before.rstrip()}\n\n{text}")
    say(f"{target} has one rule more; read it, then say what is to be done")


def _loaded(path: Path) -> LoadedPolicy:
    """Return the policy of a rule file; RuleFileError when it does not load."""
    from caveat.cli.rule_files import loaded_policy  # noqa: PLC0415  it needs Lark, which is slow to import

    return loaded_policy(path)


def _releases(fhir: list[str] | None, beside: LoadedPolicy | None) -> tuple[Release, ...]:
    """Return the releases that are asked for, else those of the rule file, else all."""
    asked = tuple(dict.fromkeys(Release.of(each) for each in fhir or ()))
    stated = tuple(Release.of(each) for each in beside.resolved.releases) if beside is not None else ()
    return asked or stated or tuple(Release)


def _refuse_again(url: str, beside: LoadedPolicy | None, *, force: bool) -> None:
    """Refuse to draft a second rule for a url, unless that is wanted."""
    rules = beside.resolved.rules if beside is not None else ()
    named = next((each.name for each in rules if any(term.text == url for term in each.urls.include)), None)
    if named is not None and not force:
        raise UsageError(f"the rule `{named}` names {url!r} already; --force drafts another")


# the folder of a new policy


def _beside(folder: Path) -> tempfile.TemporaryDirectory[str]:
    """Make a folder in which a policy is put together, on the file system where it will stand."""
    try:
        return tempfile.TemporaryDirectory(prefix=".caveat-new-", dir=_nearest(folder.absolute().parent))
    except OSError as error:
        raise UsageError(f"cannot write beside {str(folder)!r}: {error.strerror}") from None


def _nearest(folder: Path) -> Path:
    """Return the folder, or the nearest above it that is there."""
    return folder if folder.is_dir() else _nearest(folder.parent)


def _fill(made: Path, folder: Path, begun: Beginning, *, force: bool) -> None:
    """Put the files of a new policy into its folder: all of them, or none when one is there already."""
    for file, text in begun.files.items():
        (made / file).write_text(text, encoding="utf-8", newline="\n")
    files = sorted(path.relative_to(made) for path in made.rglob("*") if path.is_file())
    there = [folder / name for name in files if (folder / name).exists()]
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{str(folder)!r} is there already, and is no folder")
    if there and not force:
        raise UsageError(f"{there[0]} is there already; --force overwrites it")
    try:
        for name in files:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.move(made / name, folder / name)
    except OSError as error:
        raise UsageError(f"cannot write {str(folder)!r}: {error.strerror}") from None


def _tell(folder: Path, begun: Beginning) -> None:
    untested = f", {begun.untested} of them without a test" if begun.untested else ""
    say(f"{folder}: {counted(begun.rules, 'rule')}{untested}; {folder / 'README.md'} says how to go on")
