"""`caveat inventory`: which modifiers are in documents, what is known of them, and what the policy says of each."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TextIO

import typer

from caveat import Guard
from caveat.cli import options as opt
from caveat.cli.exits import Exit, answering, counted, say
from caveat.cli.judging import Run, asked_of, guard_of
from caveat.cli.output import opened, put, spare, whole, write_lines
from caveat.domain.decision import Intent
from caveat.domain.errors import UsageError
from caveat.formats import inventory as forms
from caveat.formats.inventory import Inventory
from caveat.judge.allowed import definitions_of
from caveat.spec.release import Release


class InventoryForm(StrEnum):
    """The forms of an inventory."""

    TEXT = "text"
    JSON = "json"
    HTML = "html"


@answering
def inventory(
    inputs: opt.Inputs,
    policy: opt.PolicyOption = None,
    fhir: opt.FhirOption = None,
    wire: opt.WireOption = opt.WireForm.FHIR,
    intent: opt.IntentOption = Intent.READ,
    date: opt.DateOption = None,
    lines: opt.LinesOption = False,
    most: Annotated[
        int,
        typer.Option("--most", metavar="N", min=1, max=1_000_000, help="Tell at most N kinds apart; what is beyond is counted."),
    ] = forms.MOST,
    write: Annotated[
        Path | None,
        typer.Option(
            "--write", metavar="FILE", help="Draft a rule file: a review rule and a test for each modifier that no rule names."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Let --write overwrite a file.")] = False,
    form: Annotated[
        InventoryForm, typer.Option("--format", help="A table, one JSON object a line, or one HTML page for a meeting.")
    ] = InventoryForm.TEXT,
    output: opt.OutputOption = None,
) -> Exit:
    """List the modifiers that are in documents.

    Of each: url, path, value type, how often and where first, what its published definition says, and what the policy decides.
    Structural faults are listed too, and so are FHIR's own modifier elements with a value that changes meaning, of which no
    policy says anything. Files are read as by check. The exit code is 0 whatever was found; 2 when an input is missing or there
    was nothing; 3 when there were more kinds than --most, so that the list is not whole.
    """
    _refuse_overwriting(write, force=force)
    spare(inputs, output)
    asked = asked_of(guard_of(policy), date, fhir=fhir, wire=wire, intent=intent)
    run, seen = Run(asked), Inventory(most)
    for report in run.reports(inputs, lines=lines):
        seen.add(report)
    _define(seen, asked.guard)
    with opened(output) as file:
        _write(seen, form, file, asked.guard, asked.today.isoformat())
    _conclude(seen)
    if write is not None:
        _draft(seen, write)
    incomplete = Exit.FINE if seen.is_whole else Exit.FAILURE
    return max(run.code, incomplete) if seen.resources else Exit.USAGE


def _refuse_overwriting(write: Path | None, *, force: bool) -> None:
    if write is not None and write.exists() and not force:
        raise UsageError(f"{write} is there already; --force overwrites it")


def _define(seen: Inventory, guard: Guard) -> None:
    """Fill in what the policy's packages, or HL7's published definitions, say of each url."""
    known = {release: definitions_of(guard.policy, Release(release)) for release in seen.releases}
    for row in seen.rows.values():
        row.definition = known[row.release](row.url) if row.url else None


def _write(seen: Inventory, form: InventoryForm, file: TextIO, guard: Guard, date: str) -> None:
    """Write the inventory: a line of JSON for each row, a page, or a table."""
    if form is InventoryForm.JSON:
        for record in forms.records(seen):
            put(json.dumps(record), file)
    elif form is InventoryForm.HTML:
        from caveat.formats.inventory_html import page  # noqa: PLC0415  only when it is asked for

        policy = guard.policy
        file.write(page(seen, policy=f"{policy.name} {policy.version}".strip(), date=date))
    else:
        from caveat.formats.inventory_text import lines  # noqa: PLC0415  as above

        write_lines(lines(seen), file)


def _conclude(seen: Inventory) -> None:
    """Say on stderr how much was seen, and whether all of it is listed."""
    found = counted(seen.total(), "modifier")
    natives = seen.total_natives()
    beside = f", and {counted(natives, 'native modifier')}" if natives else ""
    say(f"{counted(seen.resources, 'resource')}: {found} of {counted(len(seen.rows), 'kind')}{beside}")
    if not seen.is_whole:
        others = sum(seen.others.values()) + seen.other_natives
        say(f"caveat: the list is not whole: {others:,} more are of kinds that are not told apart; --most N tells more apart")


def _draft(seen: Inventory, target: Path) -> None:
    """Write a rule file for the unknown modifiers."""
    found = forms.unnamed(seen.listed())
    if not found:
        say(f"no modifier is unknown, so {target} is not written")
        return
    from caveat.formats.drafting import Head  # noqa: PLC0415  it needs Lark, which is slow to import
    from caveat.packs.drafts import drafted_file  # noqa: PLC0415  as above

    releases = tuple(release for release in Release if release in seen.releases)
    drafted = drafted_file(found, Head(target.stem, releases), "seen")
    with whole(target) as file:
        file.write(drafted.text)
    say(f"{target}: {drafted.rules} drafted; read each, then say what is to be done")
    if drafted.left_out:
        say(f"caveat: {drafted.left_out} more did not fit into one rule file; decide these, then draft again with -p")
