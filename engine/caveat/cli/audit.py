"""`caveat audit`: the audit trail, and what it holds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from caveat.cli import options as opt
from caveat.cli.exits import Exit, answering, counted, say
from caveat.cli.output import put
from caveat.domain.errors import UsageError

if TYPE_CHECKING:
    from caveat.audit.log import AuditLog
    from caveat.audit.verify import Verification

audit = typer.Typer(
    help="Verify the audit trail, fix it, review what it holds.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)
TrailOption = Annotated[
    str, typer.Option("--audit", metavar="URL", help="The trail: a file, or postgresql://user@host/database.", show_default=False)
]


class KeyFor(StrEnum):
    """What a key is for."""

    IDENTIFIERS = "identifiers"
    QUARANTINE = "quarantine"
    SIGNING = "signing"


def opened(url: str, *, quarantine_key: Path | None = None, signing_key: Path | None = None) -> AuditLog:
    """Open a trail that is there."""
    from caveat.audit.log import AuditLog  # noqa: PLC0415  it needs the extra

    return AuditLog(url, quarantine_key=quarantine_key, signing_key=signing_key, create=False)


@audit.command("verify")
@answering
def verify_trail(
    trail: TrailOption,
    checkpoint: Annotated[
        str | None, typer.Option("--checkpoint", metavar="LINE", help="A checkpoint that was kept elsewhere.", show_default=False)
    ] = None,
    key: Annotated[
        Path | None, typer.Option("--key", metavar="PUB", help="The public key (PEM) of the signatures.", show_default=False)
    ] = None,
    form: opt.FormatOption = opt.TextOrJson.TEXT,
) -> Exit:
    """Say whether a trail is as it was written, what that proves, and what it cannot.

    The exit code is 0 when nothing is wrong, 1 when something is, 3 when the trail cannot be read.
    """
    from caveat.audit.keys import public_hex, verifying_key  # noqa: PLC0415  with what it belongs to
    from caveat.audit.proving import cannot, proves  # noqa: PLC0415  as above
    from caveat.audit.verify import verify  # noqa: PLC0415  as above

    public = None if key is None else public_hex(verifying_key(key))
    with opened(trail) as log, log.reading() as connection:
        told = verify(connection, checkpoint, public)
    if form is opt.TextOrJson.JSON:
        put(json.dumps(_verification(told)))
    else:
        for line in (*_faults(told), *proves(told), *cannot(told)):
            put(line)
    return Exit.FINE if told.is_whole else Exit.FINDINGS


def _faults(told: Verification) -> Iterator[str]:
    for finding in told.findings:
        yield f"changed: {finding}"
    if told.others:
        yield f"changed: and {told.others:,} more"


def _verification(told: Verification) -> dict[str, Any]:
    from caveat.audit.proving import cannot, proves  # noqa: PLC0415  with what it belongs to

    numbers = ("records", "first", "last", "checkpoints", "pruned", "anchored", "signed")
    return {
        "schema": "caveat.verification/1",
        "whole": told.is_whole,
        **{name: getattr(told, name) for name in numbers},
        "findings": [{"record": each.sequence, "message": each.message} for each in told.findings],
        "findings_omitted": told.others,
        "proves": list(proves(told)),
        "cannot": list(cannot(told)),
    }


@audit.command("checkpoint")
@answering
def make_checkpoint(
    trail: TrailOption,
    key: Annotated[
        Path | None, typer.Option("--key", metavar="PRIVATE", help="Sign it with this key (PEM).", show_default=False)
    ] = None,
) -> Exit:
    """Fix all records so far, and print the line that fixes them; keep it where nobody who writes the trail can change it."""
    with opened(trail, signing_key=key) as log:
        made = log.checkpoint()
        if made is None:
            said = log.checkpoints()
            if not said:
                raise UsageError("the trail has no record yet")
            say("note: nothing was recorded since the last checkpoint, which is printed again")
            made = said[-1]
    put(made.line)
    return Exit.FINE


@audit.command("prune")
@answering
def prune(
    trail: TrailOption,
    before: Annotated[str, typer.Option("--before", metavar="YYYY-MM-DD", help="What was kept before this day goes.")],
    by: Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who does so; it is recorded.")] = None,
) -> Exit:
    """Delete old records, whole checkpointed segments only; their checkpoints stay, and that it was done is recorded."""
    day: date = opt.day(before)
    with opened(trail) as log:
        through, waiting = log.prune(day, by=by)
    if not through:
        say(f"no checkpointed segment ended before {day}; nothing was deleted")
        return Exit.FINE
    say(f"records up to {through:,} are deleted; {counted(waiting, 'resource')} in them still waited for a review")
    return Exit.FINE


@audit.command("keys")
@answering
def make_key(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the key is written; nothing is written over.")],
    purpose: Annotated[KeyFor, typer.Option("--for", help="What it is for.")],
) -> Exit:
    """Make a key; of a signing key the public part is written beside it, as FILE.pub."""
    from caveat.audit.keys import new_secret, signing_pair, write_once  # noqa: PLC0415  it needs the extra

    try:
        if purpose is KeyFor.SIGNING:
            private, public = signing_pair()
            write_once(file, private)
            write_once(file.with_name(file.name + ".pub"), public, 0o644)
        else:
            write_once(file, new_secret())
    except FileExistsError:
        raise UsageError(f"{file} is there already; a key is never written over") from None
    say(f"{file} is for {purpose}; whoever has it can do what it is for, so keep it apart from the trail")
    return Exit.FINE


# the quarantine


@audit.command("list")
@answering
def list_records(
    trail: TrailOption,
    held: Annotated[bool, typer.Option("--held", help="What was held, a row each modifier that holds it up.")] = False,
    status: Annotated[
        str, typer.Option("--status", metavar="pending|released|declined|all", help="With --held: what became of it.")
    ] = "pending",
    form: opt.FormatOption = opt.TextOrJson.TEXT,
) -> Exit:
    """List what was recorded, or what is held."""
    if status not in {"pending", "released", "declined", "all"}:
        raise UsageError(f"--status {status!r} means nothing; write pending, released, declined or all")
    with opened(trail) as log:
        return _list_held(log, status, form) if held else _list_records(log, form)


def _list_records(log: AuditLog, form: opt.TextOrJson) -> Exit:
    for each in log.records(kinds=None):
        if form is opt.TextOrJson.JSON:
            put(json.dumps({"schema": "caveat.audit/1", **asdict(each)}))
        else:
            what = (each.verdict or "", each.resource_type or "", each.source or "", each.actor or "", each.reason or "")
            put("  ".join((f"{each.sequence:>6}", each.time, f"{each.kind:<7}", *(word for word in what if word))))
    return Exit.FINE


def _list_held(log: AuditLog, status: str, form: opt.TextOrJson) -> Exit:
    number = 0
    for each in log.held(status=None if status == "all" else status):
        number += 1
        for row in each.rows():
            told = {"id": each.record.sequence, **asdict(row), "verdict": each.record.verdict, "has_bytes": each.has_bytes}
            if form is opt.TextOrJson.JSON:
                put(json.dumps({"schema": "caveat.held/1", **told}))
            else:
                put("  ".join((f"{told['id']:>6}", row.review_status, str(told["verdict"]), str(row.resource_type), _told(row))))
    say(f"{counted(number, 'resource')} held" + ("" if status == "all" else f", {status}"))
    return Exit.FINE


def _told(row: Any) -> str:
    told = (row.modifier_extension_url, row.source_system, row.date_quarantined, row.reviewer_notes)
    return "  ".join(word for word in told if word)


Number = Annotated[int, typer.Argument(metavar="ID", help="The number of the record that held it: `caveat audit list --held`.")]
ByOption = Annotated[str, typer.Option("--by", metavar="NAME", help="Who looked at it.")]
BecauseOption = Annotated[str, typer.Option("--because", metavar="TEXT", help="Why; without patient data, for it is recorded.")]


@audit.command("release")
@answering
def release(trail: TrailOption, number: Number, by: ByOption, because: BecauseOption) -> Exit:
    """Let what was held for review through: the same bytes, under the same policy, with `caveat check --audit URL --approved`."""
    with opened(trail) as log:
        made = log.release(number, by=by, because=because)
    places = counted(len(made.locations), "modifier")
    say(f"released, as record {made.sequence}: {places} of the input {made.input_sha256[:12]}, under {made.policy_digest[:19]}")
    return Exit.FINE


@audit.command("decline")
@answering
def decline(trail: TrailOption, number: Number, by: ByOption, because: BecauseOption) -> Exit:
    """Record that what was held was looked at and does not pass; a release of it ends."""
    with opened(trail) as log:
        made = log.decline(number, by=by, because=because)
    say(f"declined, as record {made}")
    return Exit.FINE


@audit.command("rerun")
@answering
def rerun(
    trail: TrailOption,
    policy: Annotated[str, typer.Option("--policy", "-p", metavar="RULES", help="Rule file, pack folder or shipped pack.")],
    quarantine_key: opt.QuarantineKeyOption = None,
    date_: opt.DateOption = None,
    form: opt.FormatOption = opt.TextOrJson.TEXT,
) -> Exit:
    """Decide again, under another policy, whatever is held and not released, and say what changed; each answer is recorded."""
    from caveat.cli.rerun import rerun_held  # noqa: PLC0415  only when it is asked for

    with opened(trail, quarantine_key=quarantine_key) as log:
        return rerun_held(log, policy, opt.day(date_), form)
