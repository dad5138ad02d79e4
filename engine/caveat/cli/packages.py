"""`caveat packages`: the FHIR packages of a policy's folder, and their lock.

Rule 1: a package is taken in by `add` or `lock` alone; no other command changes the folder, and none overwrites a package.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from caveat.cli import options as opt
from caveat.cli.exits import Exit, answering, counted, say
from caveat.cli.output import put, whole
from caveat.domain.errors import UsageError
from caveat.formats.printable import printable

if TYPE_CHECKING:
    from caveat.packs.lock import Lock, Locked
    from caveat.packs.packages import FhirPackage
    from caveat.spec.definition import Context, ExtensionDefinition

SCHEMA = "caveat.package/1"

packages = typer.Typer(
    help="Take in FHIR packages beside a rule file, and lock them.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)
Folder = Annotated[
    Path, typer.Option("--dir", metavar="DIR", help="The folder of the rule file, with `packages` and `caveat.lock` in it.")
]


@packages.command("add")
@answering
def add(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="A .tgz, a folder, or name#version in ~/.fhir/packages.")],
    folder: Folder = Path(),
    form: opt.FormatOption = opt.TextOrJson.TEXT,
) -> Exit:
    """Take in a package, and lock it.

    It is copied into DIR/packages; one of the cache (~/.fhir/packages) stays where it is. Then `use "name#version";` in a rule
    file of DIR takes its definitions. Nothing that is there is overwritten.
    """
    from caveat.packs.lock import Lock  # noqa: PLC0415  with what it belongs to
    from caveat.packs.taking import take_in  # noqa: PLC0415  as above

    taken = take_in(source, _existing(folder))
    lock = _lock(folder) or Lock()
    before = lock.packages.get(taken.label)
    if before is not None and before.sha256 != taken.sha256:
        raise UsageError(
            f"{taken.label} is locked with other bytes; `caveat packages lock` locks what is in {folder / 'packages'}"
        )
    _write(folder, lock.having(taken))
    _put(_shown(taken, "unchanged"), form)
    say(f"locked {taken.label}")
    return Exit.FINE


@packages.command("list")
@answering
def list_locked(folder: Folder = Path(), form: opt.FormatOption = opt.TextOrJson.TEXT) -> Exit:
    """List the locked packages.

    Of each, whether it is found where the lock says, and unchanged; exit code 1 when one is not.
    """
    from caveat.packs.lock import LockFault, verified  # noqa: PLC0415  with what it belongs to

    lock = _required(folder)
    wrong = 0
    for _, locked in sorted(lock.packages.items()):
        read = verified(folder, locked)
        if isinstance(read, LockFault):
            wrong += 1
            _put(_shown(locked, "faulty", problem=read.message), form)
            say(f"caveat: {locked.label} {read.message}; mend it with `{read.remedy}`")
        else:
            _put(_shown(locked, "unchanged", _modifiers(read)), form)
    return Exit.FINDINGS if wrong else Exit.FINE


@packages.command("show")
@answering
def show(
    name: Annotated[str, typer.Argument(metavar="NAME[#VERSION]", help="A locked package.")],
    folder: Folder = Path(),
    form: opt.FormatOption = opt.TextOrJson.TEXT,
) -> Exit:
    """Show what a locked package defines.

    Its extensions, modifiers first: where each may stand, what it holds, and why it modifies.
    """
    from caveat.packs.lock import LockFault, verified  # noqa: PLC0415  with what it belongs to

    lock = _required(folder)
    chosen = [locked for label, locked in sorted(lock.packages.items()) if name in {label, locked.name}]
    if not chosen:
        raise UsageError(f"the lock has no package {name!r}; it has: {', '.join(sorted(lock.packages)) or 'none'}")
    wrong = 0
    for locked in chosen:
        read = verified(folder, locked)
        if isinstance(read, LockFault):
            wrong += 1
            say(f"caveat: {locked.label} {read.message}; mend it with `{read.remedy}`")
        else:
            _put_definitions(locked, read, form)
    return Exit.FINDINGS if wrong else Exit.FINE


@packages.command("lock")
@answering
def lock_anew(folder: Folder = Path(), form: opt.FormatOption = opt.TextOrJson.TEXT) -> Exit:
    """Make the lock anew.

    It pins what is in DIR/packages, and what the rule files in DIR use from the cache (~/.fhir/packages), as they are now; what
    is no longer as it was locked before is said.
    """
    from caveat.packs.lock import Lock, read_lock  # noqa: PLC0415  with what it belongs to
    from caveat.packs.taking import lock_folder  # noqa: PLC0415  as above

    before = read_lock(_existing(folder))
    lock, faults = lock_folder(folder)
    if not lock.packages and not faults:
        raise UsageError(f"{str(folder)!r} has no packages, and no rule file in it uses one")
    _write(folder, lock)
    for _, locked in sorted(lock.packages.items()):
        _put(_shown(locked, "unchanged"), form)
    for fault in faults:
        say(f"caveat: {fault}")
    for label in _changed(before, lock) if isinstance(before, Lock) else ():
        say(f"caveat: {label} is not what was locked before; `caveat packages show {label}` says what it defines now")
    say(f"{counted(len(lock.packages), 'package')} locked")
    return Exit.FINDINGS if faults else Exit.FINE


# the lock


def _existing(folder: Path) -> Path:
    if not folder.is_dir():
        raise UsageError(f"there is no folder {str(folder)!r}")
    return folder


def _lock(folder: Path) -> Lock | None:
    from caveat.packs.lock import LockFault, read_lock  # noqa: PLC0415  with what it belongs to

    lock = read_lock(_existing(folder))
    if isinstance(lock, LockFault):
        raise UsageError(f"the lock {folder / 'caveat.lock'} {lock.message}; make it anew with `{lock.remedy}`")
    return lock


def _required(folder: Path) -> Lock:
    lock = _lock(folder)
    if lock is None:
        raise UsageError(f"there is no {folder / 'caveat.lock'}; `caveat packages add SOURCE` makes one")
    return lock


def _changed(before: Lock, after: Lock) -> list[str]:
    """Name the packages that are pinned otherwise than before."""
    both = sorted(before.packages.keys() & after.packages.keys())
    return [label for label in both if before.packages[label].sha256 != after.packages[label].sha256]


def _write(folder: Path, lock: Lock) -> None:
    from caveat.packs.lock import LOCK, lock_text  # noqa: PLC0415  with what it belongs to

    with whole(folder / LOCK) as file:
        file.write(lock_text(lock))


# what is shown


def _modifiers(read: FhirPackage) -> int:
    return sum(known.is_modifier for known in read.definitions.values())


def _shown(locked: Locked, state: str, modifiers: int | None = None, problem: str | None = None) -> dict[str, Any]:
    """Return the record of a package, without its definitions; `modifiers` is None where they were not read."""
    return {
        "schema": SCHEMA,
        "name": locked.name,
        "version": locked.version,
        "found": locked.found,
        "sha256": locked.sha256,
        "state": state,
        "problem": problem,
        "extensions": len(locked.extensions),
        "modifiers": modifiers,
    }


def _put(record: dict[str, Any], form: opt.TextOrJson) -> None:
    if form is opt.TextOrJson.JSON:
        put(json.dumps(record))
        return
    modifiers = "" if record["modifiers"] is None else f", {counted(record['modifiers'], 'modifier')}"
    held = f"{counted(record['extensions'], 'extension')}{modifiers}"
    put(f"{record['name']}#{record['version']}  {record['state']}  {held}  {record['found']}")


def _put_definitions(locked: Locked, read: FhirPackage, form: opt.TextOrJson) -> None:
    known = sorted(read.definitions.values(), key=lambda each: (not each.is_modifier, each.url))
    record = _shown(locked, "unchanged", _modifiers(read))
    if form is opt.TextOrJson.JSON:
        put(json.dumps(record | {"definitions": [_definition(each) for each in known]}))
        return
    _put(record, form)
    for each in known:
        for line in _lines(each):
            put(printable(line))


def _definition(known: ExtensionDefinition) -> dict[str, Any]:
    """Return what is told of one definition."""
    return {
        "url": known.url,
        "is_modifier": known.is_modifier,
        "title": known.title or known.name,
        "status": known.status,
        "contexts": [_place(context) for context in known.contexts],
        "value_types": sorted(known.content.types),
        "parts": sorted(known.content.parts),
        "reason": known.reason,
        "digest": known.digest,
    }


def _lines(known: ExtensionDefinition) -> Iterable[str]:
    yield f"  {'modifier' if known.is_modifier else 'plain   '}  {known.url}"
    places = ", ".join(map(_place, known.contexts))
    yield f"            {known.status or 'no status'}; on {places or 'no context'}; {_holds(known)}"
    if known.is_modifier:
        yield f"            reason: {known.reason or 'none given'}"


def _holds(known: ExtensionDefinition) -> str:
    """Say what an extension holds; all the types there are, by that word."""
    from caveat.spec.definition_reader import ANY_VALUE  # noqa: PLC0415  with what it belongs to

    types, parts = known.content.types, known.content.parts
    value = "any value" if types == ANY_VALUE else ", ".join(sorted(types))
    named = f"parts {', '.join(sorted(parts))}" if parts else ""
    return " or ".join(each for each in (value, named) if each) or "no value"


def _place(context: Context) -> str:
    bounds = [f"from {context.earliest}"] if context.earliest else []
    bounds += [f"to {context.latest}"] if context.latest else []
    where = context.expression if context.kind == "element" else f"{context.kind}:{context.expression}"
    return f"{where} ({' '.join(bounds)})" if bounds else where
