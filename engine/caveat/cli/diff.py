"""`caveat diff`: what two policies decide differently, each difference with a witness."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from caveat.cli import options as opt
from caveat.cli.exits import Exit, answering, say
from caveat.cli.output import put, whole, write_lines
from caveat.domain.errors import UsageError
from caveat.spec.release import Release

if TYPE_CHECKING:
    from caveat.analysis.diff import Difference
    from caveat.domain.change import Change
    from caveat.packs.policies import LoadedPolicy
    from caveat.policy.policy import Policy


class FailOn(StrEnum):
    """Which changes give exit code 1."""

    LOOSER = "looser"
    ANY = "any"


@answering
def diff(
    old: Annotated[str, typer.Argument(metavar="OLD", help="Rule file, pack folder or shipped pack.", show_default=False)],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The same, as it is to be.", show_default=False)],
    fhir: opt.FhirOption = None,
    day: Annotated[
        str | None,
        typer.Option("--date", metavar="YYYY-MM-DD", help="Only what differs on this day (UTC).", show_default="all days"),
    ] = None,
    fail_on: Annotated[FailOn | None, typer.Option("--fail-on", help="Exit with 1 on looser changes, or on any.")] = None,
    save: Annotated[
        Path | None, typer.Option("--save", metavar="DIR", help="Save the witnesses, and an index of them, in a new folder.")
    ] = None,
    witness: Annotated[bool, typer.Option("--witness", help="Print the witness below each change.")] = False,
    replay: Annotated[
        list[str] | None,
        typer.Option(
            "--replay", metavar="RECORDS", help="Instead, decide past reports again: what check --format json wrote, also .gz."
        ),
    ] = None,
    form: opt.FormatOption = opt.TextOrJson.TEXT,
) -> Exit:
    """Say what NEW decides otherwise than OLD: which modifiers, where, with which values, on which days.

    Exactly: nothing is left out, and each change has a witness, a least document that both policies were run on. The exit code
    is 0 when the policies were compared, 1 on what --fail-on names, 2 when one does not load.
    """
    releases = (Release.of(fhir),) if fhir else tuple(Release)
    pair = _loaded(old, releases), _loaded(new, releases)
    _refuse_mixing(replay, save, witness=witness)
    if replay:
        from caveat.cli.replay import replayed  # noqa: PLC0415  only when it is asked for

        return replayed(replay, (_policy(pair[0]), _policy(pair[1])), opt.day(day), form, fail_on)
    folder = _new_folder(save)
    found = _compared(pair, day, releases)
    if found is None:
        return Exit.FAILURE
    changes = _shown(found, day)
    files = [f"{number:03}-{_word(change)}.json" for number, change in enumerate(changes, 1)]
    if folder is not None:
        _save(folder, (old, new), list(zip(files, changes, strict=True)))
    names = _names(pair)
    if form is opt.TextOrJson.JSON:
        _write_json(changes, names, files if folder is not None else None)
    else:
        _write_text(changes, names, [release.value for release in found.releases], show=witness)
    _conclude(found, changes)
    return _code(found, changes, fail_on)


def _refuse_mixing(replay: list[str] | None, save: Path | None, *, witness: bool) -> None:
    """Refuse to promise witnesses of past reports, which hold no documents to make them from."""
    if replay and (save is not None or witness):
        raise UsageError(
            "--replay decides past reports again, of which there are no witnesses; --save and --witness do not go with it"
        )


def _loaded(name: str, releases: tuple[Release, ...]) -> LoadedPolicy:
    """Return the policy named; RuleFileError when it does not load."""
    from caveat.cli.rule_files import loaded_policy  # noqa: PLC0415  it needs Lark, which is slow to import

    return loaded_policy(name, releases)


def _policy(loaded: LoadedPolicy) -> Policy:
    assert loaded.policy is not None  # noqa: S101  it was loaded, or its diagnostics were raised
    return loaded.policy


def _compared(pair: tuple[LoadedPolicy, LoadedPolicy], day: str | None, releases: tuple[Release, ...]) -> Difference | None:
    """Return what the policies decide differently; None, once it was said, where nobody can tell exactly."""
    from caveat.analysis.diff import compare  # noqa: PLC0415  it needs the tables of every release
    from caveat.analysis.values import TooMany  # noqa: PLC0415  as above

    try:
        found = compare(_policy(pair[0]), _policy(pair[1]), opt.day(day), releases)
    except TooMany:
        say("caveat: conditions on one url combine in too many ways to compare the policies exactly; nothing is said")
        return None
    if not found.releases:
        raise UsageError("there is no FHIR release that both policies are for")
    return found


def _shown(found: Difference, day: str | None) -> list[Change]:
    """Return the changes, only those of one day where one is named."""
    from caveat.analysis.diff import on_day  # noqa: PLC0415  as above

    return list(found.changes if day is None else on_day(found.changes, opt.day(day)))


def _word(change: Change) -> str:
    return "looser" if change.is_looser else "stricter"


def _names(pair: tuple[LoadedPolicy, LoadedPolicy]) -> dict[str, str]:
    """Return what the rule files call urls, the new ones before the old."""
    return {url: name for loaded in pair for name, url in sorted(loaded.resolved.extensions.items(), reverse=True)}


# what is written


def _write_json(changes: list[Change], names: Mapping[str, str], files: list[str] | None) -> None:
    from caveat.formats.change import records, to_json  # noqa: PLC0415  only when something is to be said

    group = 0
    for number, change in enumerate(changes, 1):
        group += not _is_like(changes, number)
        for record in records(number, group, change, names, files[number - 1] if files else None):
            put(to_json(record))


def _write_text(changes: list[Change], names: Mapping[str, str], releases: list[str], *, show: bool) -> None:
    from caveat.formats.change import lines  # noqa: PLC0415  as above

    for number, change in enumerate(changes, 1):
        if number == 1 or changes[number - 2].is_looser is not change.is_looser:
            write_lines([[(_word(change), "place")]], sys.stdout)
        write_lines(lines(number, change, names, releases, is_like=_is_like(changes, number)), sys.stdout)
        if show:
            write_lines(_witness(change), sys.stdout)


def _is_like(changes: list[Change], number: int) -> bool:
    """Return whether a change has the same cause as the one before it."""
    return number > 1 and changes[number - 2].cause == changes[number - 1].cause


def _witness(change: Change) -> Iterator[list[tuple[str, str]]]:
    """Give the witness of a change, and what to check it with."""
    yield [(f"     witness, to be checked with {' '.join(_options(change))}", "faint")]
    yield from ([(f"       {line}", "")] for line in json.dumps(change.witness.document, indent=2).splitlines())


def _conclude(found: Difference, changes: list[Change]) -> None:
    """Say how many changes there are, and which releases only one policy is for."""
    from caveat.formats.change import heading  # noqa: PLC0415  as above

    say(f"{heading(changes)} (FHIR {', '.join(release.value for release in found.releases)})")
    for releases, whose in ((found.gained, "NEW"), (found.lost, "OLD")):
        if releases:
            listed = ", ".join(release.value for release in releases)
            say(f"note: only {whose} is for FHIR {listed}; the other refuses its documents")


def _code(found: Difference, changes: list[Change], fail_on: FailOn | None) -> Exit:
    """Return the exit code; documents of a release that only NEW is for were refused before."""
    looser = any(change.is_looser for change in changes) or bool(found.gained)
    fails = looser if fail_on is FailOn.LOOSER else fail_on is FailOn.ANY and (looser or bool(changes) or bool(found.lost))
    return Exit.FINDINGS if fails else Exit.FINE


# witnesses


def _new_folder(folder: Path | None) -> Path | None:
    """Make the folder for witnesses; UsageError where there is something in it already."""
    if folder is None:
        return None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        is_empty = not any(folder.iterdir())
    except OSError as error:
        raise UsageError(f"cannot write to {folder}: {error.strerror}") from None
    if not is_empty:
        raise UsageError(f"{folder} is not empty; witnesses go to a new folder, so that none is from another comparison")
    return folder


def _save(folder: Path, policies: tuple[str, str], files: list[tuple[str, Change]]) -> None:
    """Save every witness, and the index."""
    from caveat.analysis.difference.showing import written  # noqa: PLC0415  as above

    for name, change in files:
        with whole(folder / name) as file:
            file.write(written(change.witness.document).decode())
    index = [_entry(number, folder / name, change, policies) for number, (name, change) in enumerate(files, 1)]
    with whole(folder / "index.json") as file:
        file.write(
            json.dumps({"schema": "caveat.witnesses/1", "old": policies[0], "new": policies[1], "witnesses": index}, indent=2)
        )
        file.write("\n")


def _entry(number: int, file: Path, change: Change, policies: tuple[str, str]) -> dict[str, Any]:
    """Return a witness's line in the index: the file, what is said of it, and how to check it."""
    old, new = (["caveat", "check", "-p", policy, *_options(change), str(file)] for policy in policies)
    return {
        "number": number,
        "file": file.name,
        "change": _word(change),
        "old": change.old.verdict.word,
        "new": change.new.verdict.word,
        "check_old": old,
        "check_new": new,
    }


def _options(change: Change) -> list[str]:
    """Return the options of `caveat check` by which a witness is judged as it was here."""
    seen = change.witness
    options = ["--date", seen.day.isoformat(), "--fhir", seen.release, "--intent", str(seen.intent), "--no-load"]
    return [*options, "--wire", "graphql", "--at", seen.at] if seen.at else options
