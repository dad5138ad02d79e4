"""Which part of the trail a report is about, and the sums over it that every answer is made from.

Rule 1: no clock is asked: the end of a period is an argument, or the day of the last record.
Rule 2: what is heavy is done by the database, once: a million decisions become the rows of a temporary table of their sums.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from caveat.audit.appending import run
from caveat.audit.reading import moment
from caveat.domain.errors import UsageError

if TYPE_CHECKING:
    from sqlalchemy import Connection

SUMS = "caveat_report_sums"
"""The temporary table: one row for each context, day, url, path, slot, verdict, ground, rule, waiver and fault."""

# CROSS JOIN: SQLite reads the records in their order then, and what is in order by day is sorted in half the time.
_KEYS = "e.context, substr(e.time, 1, 10) AS day, d.url, d.path, d.slot, d.verdict, d.ground, d.rule, d.waiver, d.fault"
_MAKE = (
    f"CREATE TEMPORARY TABLE {SUMS} AS SELECT {_KEYS}, count(*) AS decisions, min(e.sequence) AS first, max(e.sequence) AS last, "
    "min(e.time) AS first_time, max(e.time) AS last_time FROM entries e CROSS JOIN decisions d "
    "JOIN contexts c ON c.id = e.context WHERE d.sequence = e.sequence AND c.kind = 'check' AND e.time >= ? AND e.time <= ? "
    "GROUP BY e.context, substr(e.time, 1, 10), d.url, d.path, d.slot, d.verdict, d.ground, d.rule, d.waiver, d.fault"
)


@dataclass(frozen=True, slots=True)
class Period:
    """From a day until a day, both included. `start` and `end` bound the times of its records, as the trail writes them."""

    since: date
    until: date
    start: str
    end: str

    @property
    def bounds(self) -> tuple[str, str]:
        """What a statement's `time >= ? AND time <= ?` takes."""
        return self.start, self.end

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.until - self.since).days + 1

    def before(self) -> Period:
        """Return the period of the same length that ends the day before."""
        return period(self.since - timedelta(days=self.days), self.since - timedelta(days=1))


def period(since: date, until: date) -> Period:
    """Return the period from a day until a day; UsageError when it ends before it begins."""
    if until < since:
        raise UsageError(f"the period ends on {until}, before it begins on {since}")
    return Period(since, until, moment(since), moment(until + timedelta(days=1)))


def period_of(connection: Connection, since: date | None, until: date | None) -> Period | None:
    """Return the period asked for; its open ends are the days of the first and the last record, None when there is none."""
    found: list[Any] = run(connection, "SELECT min(time), max(time) FROM entries")
    first, last = found[0]
    if first is None:
        return None
    began, ended = date.fromisoformat(first[:10]), date.fromisoformat(last[:10])
    return period(since or min(began, until or began), until or max(ended, since or ended))


@contextmanager
def summed(connection: Connection, wanted: Period) -> Iterator[None]:
    """Make the temporary table of sums, and take it away again."""
    run(connection, f"DROP TABLE IF EXISTS {SUMS}")
    run(connection, _MAKE, *wanted.bounds)
    yield
    run(connection, f"DROP TABLE {SUMS}")
