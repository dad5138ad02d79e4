"""Decides again what an audit trail holds, under another policy."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import date

from caveat import AuditLog, CaveatError, Guard, Report, UsageError
from caveat.audit.grouping import recorded
from caveat.audit.quarantine import Held
from caveat.cli.exits import Exit, counted, say
from caveat.cli.options import TextOrJson
from caveat.cli.output import put
from caveat.guard import UNSAID


def rerun_held(log: AuditLog, policy: str, today: date, form: TextOrJson) -> Exit:
    """Decide what is held and not released again, record that, and say what changed."""
    guard, waiting = Guard.from_files(policy), [each for each in log.held(status=None) if each.status != "released"]
    left_out: Counter[str] = Counter()
    changed = 0

    def keep(group: list[tuple[Held, Report]]) -> None:
        log.record_reruns([(held.record.sequence, report) for held, report in group], guard.policy)

    for held, report in recorded(_decided(log, guard, waiting, today, left_out), keep):
        changed += held.record.verdict != report.verdict.word
        _put(held, report, form)
    for why, number in sorted(left_out.items()):
        say(f"note: {counted(number, 'resource')} cannot be decided again: {why}")
    decided = len(waiting) - left_out.total()
    say(f"{counted(decided, 'resource')} decided again under {guard.policy.name} {guard.policy.version}; {changed:,} changed")
    return Exit.FINE if not left_out else Exit.FINDINGS


def _decided(
    log: AuditLog, guard: Guard, waiting: list[Held], today: date, left_out: Counter[str]
) -> Iterator[tuple[Held, Report]]:
    """Give each that can be decided again with its new report; why not is counted in `left_out`."""
    for held in waiting:
        record = held.record
        if not held.has_bytes:
            left_out["only the digest was kept; hand the bytes to `caveat check`"] += 1
        elif record.within not in {None, "none"}:
            left_out["it is an element that the report on another document vouched for"] += 1
        else:
            try:
                yield held, _check(log, guard, held, today)
            except UsageError as error:
                left_out[str(error)] += 1


def _check(log: AuditLog, guard: Guard, held: Held, today: date) -> Report:
    record, kept = held.record, log.held_bytes(held)
    if kept is None:
        raise CaveatError(f"the bytes of record {record.sequence} are gone; `caveat audit verify` says more")
    raw, how = kept
    return guard.check(
        raw,
        release=record.fhir_release,
        today=today,
        intent=record.intent or "read",
        at=how.at,
        wire=how.wire,
        within=None if record.within == "none" else UNSAID,
        source=record.source,
        form=how.form,
    )


def _put(held: Held, report: Report, form: TextOrJson) -> None:
    old, new = held.record.verdict, report.verdict.word
    if form is TextOrJson.JSON:
        told = {"id": held.record.sequence, "resource_type": report.resource_type, "old": old, "new": new}
        put(json.dumps({"schema": "caveat.rerun/1", **told, "policy": report.policy.digest}))
    elif old != new:
        put(f"{held.record.sequence:>6}  {old} -> {new}  {report.resource_type or ''}  {held.record.source or ''}".rstrip())
