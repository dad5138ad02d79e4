"""Reads the trail: records with their decisions, in their order, by filters."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any

from caveat.audit.record import COLUMNS, DECISION_COLUMNS, KeptDecision, Record
from caveat.domain.errors import UsageError

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Select

REVIEWS = ("release", "decline")
"""The kinds of records that a review is."""
_PAGE = 500


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which records are wanted; what is None wants all.

    `since` and `until` are days, both inclusive, or points in time (UTC), by when a record was kept. `url` wants records with a
    decision on that url. `after` is the number of the last record not wanted.
    """

    kinds: Collection[str] | None = None
    since: date | None = None
    until: date | None = None
    verdicts: Collection[str] | None = None
    source: str | None = None
    url: str | None = None
    input_sha256: str | None = None
    policy_digest: str | None = None
    after: int = 0
    sequence: int | None = None


def records(connection: Connection, wanted: Wanted) -> Iterator[Record]:
    """Give the wanted records with their decisions, in sequence, a page at a time."""
    from sqlalchemy import select  # noqa: PLC0415  an extra

    from caveat.audit import schema  # noqa: PLC0415  as above

    table, after = schema.records, wanted.after
    asked = select(*(table.c[name] for name in COLUMNS)).where(*_conditions(wanted)).order_by(table.c.sequence).limit(_PAGE)
    while rows := _all(connection, asked.where(table.c.sequence > after)):
        after = rows[-1][0]
        below = _decisions(connection, [row[0] for row in rows])
        for row in rows:
            yield Record(**dict(zip(COLUMNS, row, strict=True)), decisions=tuple(below.get(row[0], ())))


def _all(connection: Connection, asked: Select[Any]) -> list[Any]:
    return list(connection.execute(asked).all())


def _decisions(connection: Connection, sequences: list[int]) -> dict[int, list[KeptDecision]]:
    from sqlalchemy import select  # noqa: PLC0415  an extra

    from caveat.audit import schema  # noqa: PLC0415  as above

    table = schema.decisions
    columns = [table.c.sequence, *(table.c[name] for name in DECISION_COLUMNS)]
    rows = connection.execute(
        select(*columns).where(table.c.sequence.in_(sequences)).order_by(table.c.sequence, table.c.number)
    ).all()
    return {key: [_decision(each[1:]) for each in group] for key, group in groupby(rows, key=lambda each: each[0])}


def _decision(row: Any) -> KeptDecision:
    told = dict(zip(DECISION_COLUMNS, row, strict=True))
    return KeptDecision(**{**told, "final": bool(told["final"])})


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    """Return the filters in SQL."""
    from sqlalchemy import select  # noqa: PLC0415  an extra

    from caveat.audit import schema  # noqa: PLC0415  as above

    columns = schema.records.c
    same = ("source", "input_sha256", "policy_digest", "sequence")
    asked = [columns[name] == getattr(wanted, name) for name in same if getattr(wanted, name) is not None]
    if wanted.kinds is not None:
        asked.append(columns.kind.in_(list(wanted.kinds)))
    if wanted.kinds == REVIEWS:
        asked.append(columns.about.is_not(None))  # there is an index of these
    if wanted.verdicts is not None:
        asked.append(columns.verdict.in_(list(wanted.verdicts)))
    if wanted.since is not None:
        asked.append(columns.time >= moment(wanted.since))
    if wanted.until is not None:
        asked.append(_not_after(columns.time, wanted.until))
    if wanted.url is not None:
        found = select(schema.decisions.c.sequence).where(schema.decisions.c.url == wanted.url)
        asked.append(columns.sequence.in_(found))
    return asked


def _not_after(time: ColumnElement[str], until: date) -> ColumnElement[bool]:
    """Return the filter for what was kept up to a day or a point in time, both included."""
    return time <= moment(until) if isinstance(until, datetime) else time < moment(until + timedelta(days=1))


def moment(when: date) -> str:
    """Return a day or a point in time as the trail writes the beginning of it; UsageError for a time of no zone."""
    if not isinstance(when, datetime):
        return when.isoformat()
    offset = when.utcoffset()
    if offset is None:
        raise UsageError("a point in time needs its zone, as in `datetime.now(UTC)`; or pass a day")
    return (when.replace(tzinfo=None) - offset).isoformat(timespec="microseconds") + "Z"
