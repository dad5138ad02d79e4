"""Puts records at the end of the trail: numbers them, chains them, and makes a checkpoint when a segment is full.

Rule 1: all of it happens in a transaction that nobody else writes beside; what comes out of here is not kept until that commits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from caveat.audit.chain import beginning, canonical_text, leaf, root
from caveat.audit.checkpoint import NONE, Checkpoint, read_line, signed
from caveat.audit.record import DECISION_COLUMNS, Context, Drafted, Shared, form_of

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from sqlalchemy import Connection

_WRITTEN = ("sequence", "time", "input_sha256", "resource_id", "held_sha256", "about", "context", "hash")
_ID = 32
Contexts = dict[Context, int]
"""The numbers of what records share."""
_CONTEXT = ("id", "digest", *Shared._fields)


@dataclass(frozen=True, slots=True)
class Facts:
    """What holds for the whole trail: its id, how ids are kept, what tells the identifier key, and the first `previous` hash."""

    id: str
    identifiers: str
    key_check: str
    start: str


def now() -> str:
    """Return the time (UTC) as the trail writes it."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def head_of(connection: Connection, facts: Facts) -> tuple[int, str]:
    """Return the number and the hash of the last record; those of the last checkpoint when all records were pruned."""
    last = run(connection, "SELECT sequence, hash FROM entries ORDER BY sequence DESC LIMIT 1")
    if last:
        return int(last[0][0]), str(last[0][1])
    checkpoint = last_checkpoint(connection)
    return (0, facts.start) if checkpoint is None else (checkpoint.last, checkpoint.head)


def last_checkpoint(connection: Connection) -> Checkpoint | None:
    """Return the newest checkpoint, None when there is none."""
    lines = run(connection, "SELECT line FROM checkpoints ORDER BY number DESC LIMIT 1")
    return read_line(str(lines[0][0])) if lines else None


def append(connection: Connection, facts: Facts, drafts: Sequence[Drafted], known: Contexts | None = None) -> range:
    """Put `drafts` at the end, and return their numbers; `known` are contexts that are kept for sure, and learns new ones."""
    before, previous = head_of(connection, facts)
    rows: list[tuple[Any, ...]] = []
    below: list[tuple[Any, ...]] = []
    held: list[tuple[int, bytes]] = []
    contexts = {} if known is None else known
    time = now()
    for sequence, draft in enumerate(drafts, before + 1):
        shared, digest, identity, about, decisions, envelope = draft
        kept = None if envelope is None else sha256(envelope).hexdigest()
        own = (sequence, time, digest, identity, kept, about)
        previous = leaf(form_of(shared.pieces, own, decisions, previous).encode())
        rows.append((*own, contexts.get(shared) or _context(connection, contexts, shared), previous))
        if decisions:
            below += [(sequence, number, *row) for number, row in enumerate(decisions)]
        if envelope is not None:
            held.append((sequence, envelope))
    insert(connection, "entries", _WRITTEN, rows)
    insert(connection, "decisions", ("sequence", "number", *DECISION_COLUMNS), below)
    insert(connection, "held", ("sequence", "envelope"), held)
    return range(before + 1, before + 1 + len(rows))


def _context(connection: Connection, contexts: Contexts, context: Context) -> int:
    """Return the number of what records share, kept first if it is new."""
    shared = context.shared
    digest = sha256(canonical_text(shared).encode()).hexdigest()
    found = run(connection, "SELECT id FROM contexts WHERE digest = ?", digest)
    if found:
        number = int(found[0][0])
    else:
        number = 1 + int(run(connection, "SELECT coalesce(max(id), 0) FROM contexts")[0][0])
        insert(connection, "contexts", _CONTEXT, [(number, digest, *shared)])
    contexts[context] = number
    return number


def run(connection: Connection, statement: str, *values: Any) -> list[Any]:
    """Run a statement, with `?` for each of its values, and return its rows."""
    if connection.dialect.name == "sqlite":
        return list(driver(connection).execute(statement, values))
    done = connection.exec_driver_sql(statement.replace("?", "%s"), values)
    return list(done.all()) if done.returns_rows else []


def insert(connection: Connection, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows of values in the order of `columns`."""
    if not rows:
        return
    said = _inserting(connection.dialect.name, table, tuple(columns))
    if connection.dialect.name == "sqlite":
        driver(connection).executemany(said, rows)
    else:
        connection.exec_driver_sql(said, list(rows))


def driver(connection: Connection) -> Any:
    """Return a cursor of SQLite itself, in the open transaction: SQLAlchemy takes longer over a statement than SQLite."""
    if not connection.in_transaction():
        connection.begin()
    return connection.connection.cursor()


@lru_cache(maxsize=32)
def _inserting(dialect: str, table: str, columns: tuple[str, ...]) -> str:
    """Return the statement, by hand: SQLAlchemy's own takes as long to fill in its parameters as a small check takes."""
    mark = "?" if dialect == "sqlite" else "%s"
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join([mark] * len(columns))})"  # noqa: S608  our names


def checkpoint(connection: Connection, facts: Facts, key: Ed25519PrivateKey | None) -> Checkpoint | None:
    """Fix all records so far, and return the new checkpoint; None when there is no record since the last one."""
    before = last_checkpoint(connection)
    first = 1 if before is None else before.last + 1
    segment: list[Any] = run(connection, "SELECT sequence, hash FROM entries WHERE sequence >= ? ORDER BY sequence", first)
    if not segment:
        return None
    made = Checkpoint(
        trail=facts.id,
        number=1 if before is None else before.number + 1,
        first=first,
        last=int(segment[-1][0]),
        root=root([str(each[1]) for each in segment]),
        head=str(segment[-1][1]),
        before=NONE if before is None else before.digest,
        time=now(),
    )
    made = made if key is None else signed(made, key)
    insert(connection, "checkpoints", ("number", "line"), [(made.number, made.line)])
    return made


def facts_of(told: Mapping[str, str]) -> Facts:
    """Return the facts of a trail from its table; its id follows from them, so that a checkpoint fixes them too."""
    start = beginning(told)
    return Facts(start[:_ID], told.get("identifiers", ""), told.get("key_check", ""), start)
