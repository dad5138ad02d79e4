"""What happens to a trail besides checks: it begins, learns a policy, is reviewed, and loses old segments. Each is a record.

Rule 1: a review is of one input under one policy; the newest one counts.
Rule 2: a release names the decisions `review` that were looked at, and releases no other.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import astuple
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from caveat.audit import reading
from caveat.audit.appending import Facts, append, insert, now, run
from caveat.audit.checkpoint import Checkpoint, read_line
from caveat.audit.quarantine import HELD, Held
from caveat.audit.reading import REVIEWS, Wanted
from caveat.audit.record import Context, Draft, Record, Shared
from caveat.domain.approval import Approval
from caveat.domain.decision import Verdict
from caveat.domain.errors import UsageError
from caveat.formats.printable import printable
from caveat.policy.policy import Policy

if TYPE_CHECKING:
    from sqlalchemy import Connection

_STATUS = {"release": "released", "decline": "declined"}


# the beginning


def facts(connection: Connection) -> dict[str, str]:
    """Return what holds for the whole trail, nothing when it was not begun."""
    return {str(name): str(value) for name, value in run(connection, "SELECT name, value FROM trail ORDER BY name")}


def begin(connection: Connection, identifiers: str, check: str) -> dict[str, str]:
    """Begin a trail, and return what holds for it."""
    told = {"nonce": os.urandom(16).hex(), "identifiers": identifiers, "key_check": check, "created": now()}
    insert(connection, "trail", ("name", "value"), list(told.items()))
    return told


def keep_policy(connection: Connection, trail: Facts, policy: Policy) -> None:
    """Keep the text of a policy, unless it is there, and record that it was."""
    if run(connection, "SELECT 1 FROM policies WHERE digest = ?", policy.digest):
        return
    insert(connection, "policies", ("digest", "canonical_json"), [(policy.digest, policy.canonical_json())])
    name, version = printable(policy.name), printable(policy.version)
    named = Shared("policy", policy_name=name, policy_version=version, policy_digest=policy.digest)
    append(connection, trail, [Draft(Context.of(named))])


def checkpoints(connection: Connection) -> list[Checkpoint]:
    """Return every checkpoint, the oldest first."""
    return [read_line(str(line)) for (line,) in run(connection, "SELECT line FROM checkpoints ORDER BY number")]


@lru_cache(maxsize=1024)
def plain_id(text: str) -> str:
    """Return `Type/id` without its type, as a trail with plain identifiers keeps it."""
    return printable(text.partition("/")[2])


# reviews


def held(connection: Connection, status: str | None, after: int) -> Iterator[Held]:
    """Give what was held with the status asked for."""
    reviews = _reviews(connection)
    for record in reading.records(connection, Wanted(kinds=("check",), verdicts=HELD, after=after)):
        found = _as_held(record, reviews)
        if status is None or found.status == status:
            yield found


def _reviews(connection: Connection) -> Mapping[tuple[str | None, str | None], Record]:
    """Return the newest review of each input under each policy; one without a digest is reviewed by its number."""
    told = reading.records(connection, Wanted(kinds=REVIEWS))
    return {_subject(each, each.about): each for each in told}


def _subject(record: Record, sequence: int | None) -> tuple[str | None, str | None]:
    return (record.input_sha256 or f"#{sequence}", record.policy_digest)


def _as_held(record: Record, reviews: Mapping[tuple[str | None, str | None], Record]) -> Held:
    review = reviews.get(_subject(record, record.sequence))
    if review is None:
        return Held(record, "pending")
    return Held(record, _STATUS[review.kind], review.actor, review.reason)


def envelope(connection: Connection, sequence: int) -> bytes | None:
    """Return what is kept, encrypted, of what a record held."""
    found = run(connection, "SELECT envelope FROM held WHERE sequence = ?", sequence)
    return bytes(found[0][0]) if found else None


def release(connection: Connection, trail: Facts, sequence: int, by: str, because: str) -> Approval:
    """Record that a person lets what a record held through."""
    record = _held_record(connection, sequence)
    looked_at = [each for each in record.decisions if each.verdict == Verdict.REVIEW.word]
    if record.input_sha256 is None or record.policy_digest is None:
        raise UsageError(
            f"record {sequence} is of no bytes, which a release is for: check the document as received, not a tree of it"
        )
    if not looked_at:
        raise UsageError(f"nothing in record {sequence} waits for a review; a release lets nothing through that is rejected")
    (number,) = append(connection, trail, [_review("release", record, by, because, tuple(_row(each) for each in looked_at))])
    places = frozenset(each.location for each in looked_at if each.location is not None)
    return Approval(record.input_sha256, record.policy_digest, places, by, because, number)


def decline(connection: Connection, trail: Facts, sequence: int, by: str, because: str) -> int:
    """Record that a person does not let what a record held through."""
    (number,) = append(connection, trail, [_review("decline", _held_record(connection, sequence), by, because)])
    return number


def approval(connection: Connection, input_sha256: str, policy_digest: str) -> Approval | None:
    """Return the release that holds, if the newest review is one."""
    wanted = Wanted(kinds=REVIEWS, input_sha256=input_sha256, policy_digest=policy_digest)
    newest = max(reading.records(connection, wanted), key=lambda each: each.sequence, default=None)
    if newest is None or newest.kind != "release":
        return None
    places = frozenset(each.location for each in newest.decisions if each.location is not None)
    return Approval(input_sha256, policy_digest, places, newest.actor or "", newest.reason or "", newest.sequence)


def _held_record(connection: Connection, sequence: int) -> Record:
    found = next(reading.records(connection, Wanted(kinds=("check",), sequence=sequence)), None)
    if found is None or found.verdict not in HELD:
        raise UsageError(f"record {sequence} holds nothing; `caveat audit list --held` says what does")
    return found


def _review(kind: str, record: Record, by: str, because: str, looked_at: tuple[tuple[Any, ...], ...] = ()) -> Draft:
    same = ("source", "fhir_release", "resource_type", "intent", "policy_name", "policy_version", "policy_digest")
    told = {name: getattr(record, name) for name in same}
    shared = Shared(kind, actor=printable(by), reason=printable(because), **told)
    return Draft(Context.of(shared), record.input_sha256, record.resource_id, record.sequence, looked_at)


def _row(decision: Any) -> tuple[Any, ...]:
    told = astuple(decision)
    return tuple(int(each) if isinstance(each, bool) else each for each in told)


# retention


def prune(connection: Connection, trail: Facts, before: str, by: str | None) -> tuple[int, int]:
    """Delete the whole segments that ended before `before`; return up to which record, and how many in them were pending."""
    through = 0
    for each in checkpoints(connection):
        newest = run(connection, "SELECT time FROM entries WHERE sequence = ?", each.last)
        if newest and str(newest[0][0]) >= before:
            break
        through = each.last
    if not run(connection, "SELECT 1 FROM entries WHERE sequence <= ? LIMIT 1", through):
        return 0, 0
    waiting = sum(each.record.sequence <= through for each in held(connection, "pending", 0))
    insert(connection, "prunings", ("through",), [(through,)])
    for table in ("held", "decisions", "entries"):
        run(connection, f"DELETE FROM {table} WHERE sequence <= ?", through)  # noqa: S608  our own names
    reason = f"older than {before}"
    append(connection, trail, [Draft(Context.of(Shared("prune", actor=by and printable(by), reason=reason)), about=through)])
    return through, waiting
