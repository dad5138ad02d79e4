"""Whether a trail is as it was written: every record made again and compared, every checkpoint, everything kept beside them.

Rule 1: nothing that was stored is believed because it is there: each hash is made anew, by `remaking`.
Rule 2: what is wrong is a finding, never an exception; only a trail that cannot be reached at all is `AuditUnavailable`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from caveat.audit import reviewing
from caveat.audit.appending import driver, facts_of, run
from caveat.audit.chain import canonical_text, root
from caveat.audit.checkpoint import NONE, Checkpoint, read_line
from caveat.audit.extras import required
from caveat.audit.record import DECISION_COLUMNS, Shared
from caveat.audit.remaking import OWN, Pieces, hash_of, pieces_of
from caveat.audit.shape import shape_faults
from caveat.domain.errors import UsageError

if TYPE_CHECKING:
    from sqlalchemy import Connection

MOST = 100
"""How many findings are told; of more only the number."""
_CONTEXTS = 4096
"""How many contexts are remembered."""
_NO_CONTEXT = Shared(None, engine_version=None)  # type: ignore[arg-type]  # what a record has whose context is gone


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it was written; `sequence` is the record, None where it is the trail itself."""

    sequence: int | None
    message: str

    def __str__(self) -> str:
        """Return it on one line."""
        return self.message if self.sequence is None else f"record {self.sequence}: {self.message}"


@dataclass(slots=True)
class Verification:
    """What was verified, and what is wrong. `anchored` and `signed` are up to which record a kept line, or a signature, holds."""

    records: int = 0
    first: int = 0
    last: int = 0
    checkpoints: int = 0
    pruned: int = 0
    anchored: int = 0
    signed: int = 0
    findings: list[Finding] = field(default_factory=list)
    others: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings

    def find(self, sequence: int | None, message: str) -> None:
        """Add a finding."""
        if len(self.findings) < MOST:
            self.findings.append(Finding(sequence, message))
        else:
            self.others += 1


@dataclass(frozen=True, slots=True)
class _Context:
    """What records share; `pieces` of their form, None where it cannot be cut; `has_form` is False where there is none."""

    shared: Shared
    pieces: Pieces | None = None
    has_form: bool = True


@dataclass(slots=True)
class _Walk:
    """How far the records have been walked, and what they name that is kept beside them.

    `lines` are the checkpoints to come, the next one last; `segment` the hashes since the one before; `watched` the hash of each
    record that is asked for; `known` some of the contexts, `named` the numbers of all.
    """

    told: Verification
    previous: str
    expected: int
    lines: list[Checkpoint] = field(default_factory=list)
    segment: list[str] = field(default_factory=list)
    watched: dict[int, str] = field(default_factory=dict)
    held: dict[int, str] = field(default_factory=dict)
    known: dict[int, _Context] = field(default_factory=dict)
    named: set[int] = field(default_factory=set)
    policies: set[str] = field(default_factory=set)
    prunes: set[int] = field(default_factory=set)


def verify(connection: Connection, line: str | None = None, key: str | None = None) -> Verification:
    """Return what is wrong with a trail, and what it proves that nothing is.

    `line` is a checkpoint that was kept elsewhere; `key` the public key (hexadecimal) that checkpoints must be signed with.
    """
    required("rfc8785")
    kept = None if line is None else read_line(line)
    if key is not None or (kept is not None and kept.signature is not None):
        required("cryptography")
    told = Verification()
    try:
        _verify(connection, told, kept, key)
    except _unreadable() as error:
        if connection.dialect.name != "sqlite":
            raise
        told.find(None, f"the trail cannot be read to its end: {type(error).__name__}")
    return told


def _unreadable() -> tuple[type[Exception], ...]:
    """Return what a damaged file makes a reader raise."""
    import sqlite3  # noqa: PLC0415  a check without a trail does not need it

    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415  an extra

    return (SQLAlchemyError, sqlite3.Error, ArithmeticError, TypeError, ValueError)


def _verify(connection: Connection, told: Verification, kept: Checkpoint | None, key: str | None) -> None:
    for message in shape_faults(connection):
        told.find(None, message)
    facts = facts_of(reviewing.facts(connection))
    lines = list(_checkpoints(connection, told, facts.id, key))
    told.pruned = int(run(connection, "SELECT coalesce(max(through), 0) FROM prunings")[0][0])
    walk = _Walk(told, _start(told, lines, facts.start), told.pruned + 1)
    walk.lines = [each for each in reversed(lines) if each.last > told.pruned]
    walk.watched = {kept.last: ""} if kept is not None else {}
    told.first = walk.expected
    _walk(connection, walk)
    told.last = walk.expected - 1
    for each in reversed(walk.lines):
        told.find(None, f"records up to {each.last}, which checkpoint {each.number} covers, are missing")
    _prunings(connection, walk, lines)
    _beside(connection, walk)
    if kept is not None:
        _anchor(told, kept, lines, walk.watched, key=key, trail=facts.id)
    if key is not None and not told.signed:
        told.find(None, "no checkpoint is signed with the key given")


# the records


def _start(told: Verification, lines: list[Checkpoint], start: str) -> str:
    """Return the hash before the first record that is there."""
    if not told.pruned:
        return start
    before = next((each for each in lines if each.last == told.pruned), None)
    if before is None:
        told.find(None, f"the trail was pruned up to record {told.pruned}, and no checkpoint ends there")
    return NONE if before is None else before.head


def _walk(connection: Connection, walk: _Walk) -> None:
    """Make each record again, in sequence, with the decisions that are kept under its number."""
    below = _decisions(connection)
    number, rows = next(below, (None, []))
    for entry in _entries(connection):
        sequence = entry[0]
        while number is not None and number < sequence:
            walk.told.find(number, "there are decisions under this number, and no record")
            number, rows = next(below, (None, []))
        mine: list[Any] = []
        if number == sequence:
            mine = rows
            number, rows = next(below, (None, []))
        _record(connection, walk, entry, mine)
    while number is not None:
        walk.told.find(number, "there are decisions under this number, and no record")
        number, rows = next(below, (None, []))


def _entries(connection: Connection) -> Iterator[Any]:
    yield from _streamed(connection, f"SELECT {', '.join(OWN)}, context, hash FROM entries ORDER BY sequence")  # noqa: S608  our names


def _decisions(connection: Connection) -> Iterator[tuple[int | None, list[Any]]]:
    said = f"SELECT sequence, number, {', '.join(DECISION_COLUMNS)} FROM decisions ORDER BY sequence, number"  # noqa: S608  as above
    for sequence, rows in groupby(_streamed(connection, said), key=itemgetter(0)):
        yield sequence, list(rows)


def _streamed(connection: Connection, statement: str) -> Iterator[Any]:
    """Give rows as the driver has them: a million of them are read, and each would be wrapped."""
    if connection.dialect.name == "sqlite":
        yield from driver(connection).execute(statement)
    else:
        yield from map(tuple, connection.exec_driver_sql(statement, execution_options={"yield_per": 1000}))


def _record(connection: Connection, walk: _Walk, entry: Any, rows: list[Any]) -> None:
    """Make one record again, and compare."""
    told, sequence, number, stored = walk.told, entry[0], entry[6], entry[7]
    told.records += 1
    if sequence != walk.expected:
        message = f"records {walk.expected} to {sequence - 1} are missing" if sequence > walk.expected else "it is out of order"
        told.find(sequence, message)
    if rows and [row[1] for row in rows] != list(range(len(rows))):
        told.find(sequence, "its decisions are not numbered without a gap")
    context = walk.known.get(number) or _context(connection, walk, number)
    if _hash(entry[:6], context, [row[2:] for row in rows], walk.previous) != stored:
        told.find(sequence, "it is not as it was written, or not what was written after the one before")
    walk.previous, walk.expected = str(stored), sequence + 1
    _fixed(walk, sequence, str(stored))
    if entry[4] is not None:
        walk.held[sequence] = entry[4]
    shared = context.shared
    if shared.kind == "policy":
        walk.policies.add(str(shared.policy_digest))
    if shared.kind == "prune":
        walk.prunes.add(entry[5])


def _context(connection: Connection, walk: _Walk, number: int) -> _Context:
    """Return what a record shares with others, and remember it."""
    rows = run(connection, f"SELECT {', '.join(Shared._fields)} FROM contexts WHERE id = ?", number)  # noqa: S608  our names
    shared = Shared(*rows[0]) if rows else _NO_CONTEXT
    try:
        found = _Context(shared, pieces_of(shared))
    except ValueError:
        found = _Context(shared, has_form=False)
    if len(walk.known) >= _CONTEXTS:
        walk.known.clear()
    walk.known[number] = found
    walk.named.add(number)
    return found


def _hash(own: Any, context: _Context, rows: list[Any], previous: str) -> str | None:
    """Return the hash of a record, None for what has no canonical form, which was never written."""
    with suppress(TypeError, ValueError):
        return hash_of(context.shared, context.pieces, own, rows, previous) if context.has_form else None
    return None


# the checkpoints


def _checkpoints(connection: Connection, told: Verification, trail: str, key: str | None) -> Iterator[Checkpoint]:
    """Give the checkpoints that can be read, and say what is wrong with them but for their segments."""
    before: Checkpoint | None = None
    for number, line in run(connection, "SELECT number, line FROM checkpoints ORDER BY number"):
        told.checkpoints += 1
        try:
            found = read_line(str(line))
        except UsageError:
            told.find(None, f"checkpoint {number} is not as it was written")
            continue
        follows = (1, 1, NONE) if before is None else (before.number + 1, before.last + 1, before.digest)
        if (found.number, found.first, found.before) != follows or found.number != number or found.line != line:
            told.find(None, f"checkpoint {number} does not follow from the one before")
        if found.trail != trail:
            told.find(None, f"checkpoint {number} is of another trail, or what holds for the whole trail was changed")
        if found.last < found.first:
            told.find(None, f"checkpoint {number} is of no record")
        _signature(told, found, key)
        before = found
        yield found


def _signature(told: Verification, found: Checkpoint, key: str | None) -> None:
    if found.signature is None:
        return
    required("cryptography")
    if not found.is_signed:
        told.find(None, f"the signature of checkpoint {found.number} is false")
    elif key is not None and found.key != key:
        told.find(None, f"checkpoint {found.number} is signed with another key")
    elif key is not None:
        told.signed = max(told.signed, found.last)


def _fixed(walk: _Walk, sequence: int, stored: str) -> None:
    """Hold a record against the checkpoint that covers it: at the end of a segment its root is made again."""
    if sequence in walk.watched:
        walk.watched[sequence] = stored
    walk.segment.append(stored)
    while walk.lines and sequence >= walk.lines[-1].last:
        line, segment = walk.lines.pop(), walk.segment
        walk.segment = []
        if len(segment) != line.last - line.first + 1 or _root(segment) != line.root or stored != line.head:
            walk.told.find(None, f"checkpoint {line.number} is not of records {line.first} to {line.last} as they are")


def _root(segment: list[str]) -> str | None:
    """Return the root over hashes as they are stored, None for what is none."""
    with suppress(ValueError):
        return root(segment)
    return None


def _prunings(connection: Connection, walk: _Walk, lines: list[Checkpoint]) -> None:
    """Hold what was pruned against the records that say so."""
    ends = {each.last for each in lines}
    rows = {int(through) for (through,) in run(connection, "SELECT through FROM prunings")}
    for through in sorted(rows - ends - {walk.told.pruned}):
        walk.told.find(None, f"the trail says that it was pruned up to record {through}, where no checkpoint ends")
    if walk.told.pruned and walk.told.pruned not in walk.prunes:
        walk.told.find(None, f"records up to {walk.told.pruned} are gone, and no record says who pruned them")
    for through in sorted(walk.prunes - rows):
        walk.told.find(None, f"a record says that the trail was pruned up to record {through}, and the trail does not")


def _anchor(
    told: Verification, kept: Checkpoint, lines: list[Checkpoint], watched: dict[int, str], *, key: str | None, trail: str
) -> None:
    """Hold the trail against a line that was kept elsewhere."""
    before = len(told.findings)
    if kept.trail != trail:
        told.find(None, "the checkpoint given is of another trail, or what holds for the whole trail was changed")
    if kept.signature is not None and not kept.is_signed:
        told.find(None, "the signature of the checkpoint given is false")
    if key is not None and kept.key != key:
        told.find(None, "the checkpoint given is not signed with the key given")
    if kept.last > told.last:
        told.find(None, f"records {told.last + 1} to {kept.last}, which the checkpoint given covers, are missing")
    elif kept.last > told.pruned and watched[kept.last] != kept.head:
        told.find(kept.last, "it is not what the checkpoint given says, or something before it is not")
    if kept.line not in {each.line for each in lines}:
        told.find(None, f"the checkpoint given, number {kept.number}, is not in the trail")
    if len(told.findings) == before:
        told.anchored = kept.last


# what is kept beside the records


def _beside(connection: Connection, walk: _Walk) -> None:
    """Hold contexts, policies and what is held against the records that name them."""
    told = walk.told
    shared = ", ".join(Shared._fields)
    for number, digest, *values in _streamed(connection, f"SELECT id, digest, {shared} FROM contexts ORDER BY id"):  # noqa: S608  our names
        if number not in walk.named and not told.pruned:
            told.find(None, f"context {number} belongs to no record")
        elif number in walk.named and digest != sha256(canonical_text(values).encode()).hexdigest():
            told.find(None, f"the digest of context {number} is not as it was written")
    kept = dict(tuple(row) for row in run(connection, "SELECT digest, canonical_json FROM policies"))
    for digest in sorted(walk.policies - kept.keys()):
        told.find(None, f"the text of policy {digest} is missing")
    for digest, text in kept.items():
        if f"sha256:{sha256(str(text).encode()).hexdigest()}" != digest or not (told.pruned or digest in walk.policies):
            told.find(None, f"the text of policy {digest} is not as it was written")
    for sequence, envelope in _streamed(connection, "SELECT sequence, envelope FROM held ORDER BY sequence"):
        if sha256(envelope).hexdigest() != walk.held.pop(sequence, None):
            told.find(sequence, "what is kept of its bytes is not what was held")
    for sequence in walk.held:
        told.find(sequence, "the bytes that were held are missing")
