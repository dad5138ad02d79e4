"""Which documents a run that was killed had recorded already, so that the one that goes on does not record them again.

Rule 1: only records in the order of the documents, with the same bytes, id, verdict, source, policy and day, are theirs; others
may stand between. What is not found so is recorded: twice rather than not at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from caveat.audit.appending import run
from caveat.audit.chain import canonical_text
from caveat.audit.record import Context, Drafted

if TYPE_CHECKING:
    from sqlalchemy import Connection

# What has no bytes has no digest: a row of a frame that is null. A digest is never empty.
_FIRST = "SELECT min(sequence) FROM entries WHERE sequence > ? AND context = ? AND coalesce(input_sha256, '') = ?"
_NEXT = "SELECT context, input_sha256, resource_id FROM entries WHERE sequence >= ? ORDER BY sequence LIMIT ?"


def found(connection: Connection, drafts: Sequence[Drafted], after: int) -> tuple[int, int]:
    """Return how many of `drafts`, from the first on, are recorded behind the record `after`, and the last of their records."""
    contexts = {draft[0]: _number(connection, draft[0]) for draft in drafts}
    wanted = [(contexts[draft[0]], *draft[1:3]) for draft in drafts]
    count, last = 0, after
    while count < len(wanted):
        context, digest, _ = wanted[count]
        first = run(connection, _FIRST, last, context, digest or "")[0][0]
        if first is None:
            break
        alike = _alike(run(connection, _NEXT, first, len(wanted) - count), wanted[count:])
        count, last = count + alike, first + max(alike, 1) - 1
    return count, last


def _alike(rows: Sequence[Any], wanted: Sequence[tuple[Any, ...]]) -> int:
    """Return how many records, from the first on, are the wanted ones."""
    return next((n for n, (row, each) in enumerate(zip(rows, wanted, strict=False)) if tuple(row) != each), len(rows))


def _number(connection: Connection, context: Context) -> int | None:
    """Return the number of what records share, None where no record has it."""
    digest = sha256(canonical_text(context.shared).encode()).hexdigest()
    there = run(connection, "SELECT id FROM contexts WHERE digest = ?", digest)
    return int(there[0][0]) if there else None
