"""What the database is asked for a report: each function one statement, and what it gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from caveat.audit.appending import run
from caveat.audit.quarantine import HELD
from caveat.audit.report.period import SUMS, Period
from caveat.domain.decision import Ground, Verdict

if TYPE_CHECKING:
    from sqlalchemy import Connection

MOST = 200
"""How many rows a table of the report shows; of the others their number is said."""
_LISTED = ", ".join(f"'{word}'" for word in HELD)
_CHECKED = "JOIN contexts c ON c.id = e.context WHERE c.kind = 'check' AND e.time >= ? AND e.time <= ?"


class Checked(NamedTuple):
    """How many resources were checked alike on one day; `unreadable` of them are documents that could not be read."""

    context: int
    day: str
    records: int
    first: int
    last: int
    unreadable: int
    source: str | None
    evidence: str | None
    resource_type: str | None
    verdict: str
    within: str | None
    intent: str | None
    policy_name: str | None
    policy_version: str | None
    policy_digest: str | None
    engine_version: str
    problems: str | None
    not_checked: str | None

    @property
    def outcome(self) -> str:
        """What became of those that could be read."""
        return OUTCOMES[self.verdict]


OUTCOMES = {
    Verdict.CLEAR.word: "passed",
    Verdict.ACCEPT.word: "passed",
    Verdict.WARN.word: "warned",
    Verdict.EXCLUDE.word: "reduced",
    Verdict.NARRATIVE.word: "held",
    Verdict.REVIEW.word: "held",
    Verdict.REJECT.word: "refused",
}
"""What each verdict means for a resource as received."""

_SHARED = (
    "source, evidence, resource_type, verdict, within, intent, policy_name, policy_version, policy_digest, engine_version, "
    "problems, not_checked"
)


def checked(connection: Connection, wanted: Period) -> list[Checked]:
    """Return what was checked in a period, by day and by what records share."""
    unreadable = {
        (row[0], row[1]): row[2]
        for row in run(
            connection,
            "SELECT e.context, substr(e.time, 1, 10), count(DISTINCT d.sequence) FROM decisions d "
            f"JOIN entries e ON e.sequence = d.sequence {_CHECKED} AND d.ground = ? GROUP BY e.context, substr(e.time, 1, 10)",
            *wanted.bounds,
            str(Ground.UNREADABLE),
        )
    }
    shared: dict[Any, Any] = {row[0]: row[1:] for row in run(connection, f"SELECT id, {_SHARED} FROM contexts")}
    said = (
        "SELECT e.context, substr(e.time, 1, 10), count(*), min(e.sequence), max(e.sequence) FROM entries e "
        f"{_CHECKED} GROUP BY e.context, substr(e.time, 1, 10) ORDER BY 2, 1"
    )
    rows = run(connection, said, *wanted.bounds)
    return [Checked._make((*row, unreadable.get((row[0], row[1]), 0), *shared[row[0]])) for row in rows]


class Seen(NamedTuple):
    """How often something was decided: what, how many decisions, and the first and last time in the period."""

    what: tuple[Any, ...]
    decisions: int
    first: int
    last: int
    first_time: str
    last_time: str


def decided(
    connection: Connection, by: str, where: str = "1 = 1", *values: Any, most: int = MOST, newest: bool = False
) -> list[Seen]:
    """Return the decisions of the period summed by some columns, the most frequent first, or what was first seen last.

    `by` names columns of the sums (`s.`) or of what records share (`c.`), `where` is a condition on them.
    """
    columns = [name.strip() for name in by.split(",")]
    order = "min(s.first) DESC" if newest else "sum(s.decisions) DESC, min(s.first)"
    said = (
        f"SELECT {by}, sum(s.decisions), min(s.first), max(s.last), min(s.first_time), max(s.last_time) FROM {SUMS} s "
        f"JOIN contexts c ON c.id = s.context WHERE {where} GROUP BY {by} ORDER BY {order}, {by} LIMIT {most}"
    )
    rows = run(connection, said, *values)
    width = len(columns)
    return [Seen(tuple(row[:width]), int(row[width]), *row[width + 1 :]) for row in rows]


def number_of(connection: Connection, by: str, where: str = "1 = 1", *values: Any) -> int:
    """Return how many different ones there are: how many rows `decided` would give."""
    said = f"SELECT count(*) FROM (SELECT DISTINCT {by} FROM {SUMS} s JOIN contexts c ON c.id = s.context WHERE {where}) AS found"
    return int(run(connection, said, *values)[0][0])


def total(connection: Connection, where: str = "1 = 1", *values: Any) -> int:
    """Return how many decisions of the period a condition holds for."""
    said = f"SELECT coalesce(sum(s.decisions), 0) FROM {SUMS} s JOIN contexts c ON c.id = s.context WHERE {where}"
    return int(run(connection, said, *values)[0][0])


def days_of(connection: Connection, urls: list[str], where: str) -> dict[str, dict[str, int]]:
    """Return how often each of `urls` was decided on each day."""
    found: dict[str, dict[str, int]] = {url: {} for url in urls}
    if urls:
        marks = ", ".join("?" * len(urls))
        said = f"SELECT s.url, s.day, sum(s.decisions) FROM {SUMS} s WHERE s.url IN ({marks}) AND {where} GROUP BY s.url, s.day"
        for url, day, number in run(connection, said, *urls):
            found[url][day] = int(number)
    return found


@dataclass(frozen=True, slots=True)
class Affected:
    """How many resources have a modifier: checks of them, different ones among those with an id, and checks without an id."""

    records: int
    resources: int
    without_id: int


def affected(connection: Connection, wanted: Period) -> Affected:
    """Return how many resources the decisions of a period are about; documents that could not be read have none."""
    said = (
        "SELECT count(*), count(DISTINCT e.resource_id), count(CASE WHEN e.resource_id IS NULL THEN 1 END) "
        f"FROM entries e {_CHECKED} "
        "AND EXISTS (SELECT 1 FROM decisions d WHERE d.sequence = e.sequence AND d.location IS NOT NULL)"
    )
    return Affected(*run(connection, said, *wanted.bounds)[0])


def affected_by(connection: Connection, wanted: Period, urls: list[str]) -> dict[str, Affected]:
    """Return the same for each url."""
    if not urls:
        return {}
    marks = ", ".join("?" * len(urls))
    said = (
        "SELECT d.url, count(DISTINCT d.sequence), count(DISTINCT e.resource_id), count(DISTINCT CASE WHEN e.resource_id IS NULL "
        f"THEN d.sequence END) FROM entries e CROSS JOIN decisions d {_CHECKED} AND d.sequence = e.sequence "
        f"AND d.url IN ({marks}) "
        "GROUP BY d.url"
    )
    return {row[0]: Affected(*row[1:]) for row in run(connection, said, *wanted.bounds, *urls)}


def first_seen(connection: Connection, wanted: Period, urls: list[str]) -> dict[str, tuple[int, str]]:
    """Return the record and the time at which each url was seen first, in the whole trail.

    What was checked in the period is in the sums; of all else each decision is looked at.
    """
    if not urls:
        return {}
    marks = ", ".join("?" * len(urls))
    own = f"SELECT s.url, min(s.first) FROM {SUMS} s WHERE s.url IN ({marks}) GROUP BY s.url"
    others = (
        "SELECT d.url, min(d.sequence) FROM entries e CROSS JOIN decisions d JOIN contexts c ON c.id = e.context "
        "WHERE d.sequence = e.sequence AND (c.kind <> 'check' OR e.time < ? OR e.time > ?) "
        f"AND d.url IN ({marks}) GROUP BY d.url"
    )
    found: dict[str, int] = {}
    for url, first in (*run(connection, own, *urls), *run(connection, others, *wanted.bounds, *urls)):
        found[url] = min(found.get(url, first), first)
    marks = ", ".join("?" * len(found))
    times = dict(map(tuple, run(connection, f"SELECT sequence, time FROM entries WHERE sequence IN ({marks})", *found.values())))
    return {url: (first, times[first]) for url, first in found.items()}


def urls_before(connection: Connection, wanted: Period) -> list[str]:
    """Return the urls of the period before that this one has none of, at most as many as a table shows and one more."""
    said = (
        "SELECT DISTINCT d.url FROM decisions d JOIN entries e ON e.sequence = d.sequence "
        f"{_CHECKED} AND d.url IS NOT NULL AND d.url NOT IN (SELECT s.url FROM {SUMS} s WHERE s.url IS NOT NULL) "
        f"ORDER BY d.url LIMIT {MOST + 1}"
    )
    return [row[0] for row in run(connection, said, *wanted.before().bounds)]


def new_urls(connection: Connection, wanted: Period) -> tuple[int, list[tuple[str, int, str]]]:
    """Return how many urls of the period the trail had never seen before, and the newest: url, first record, its time."""
    inner = (
        f"SELECT s.url, min(s.first) AS first, min(s.first_time) AS time FROM {SUMS} s WHERE s.url IS NOT NULL AND s.url NOT IN "
        "(SELECT d.url FROM decisions d JOIN entries e ON e.sequence = d.sequence WHERE d.url IS NOT NULL AND e.time < ?) "
        "GROUP BY s.url"
    )
    number = int(run(connection, f"SELECT count(*) FROM ({inner}) AS found", wanted.start)[0][0])
    rows = run(connection, f"SELECT url, first, time FROM ({inner}) AS found ORDER BY first DESC, url LIMIT {MOST}", wanted.start)
    return number, [tuple(row) for row in rows]


class Waiting(NamedTuple):
    """How many records of one verdict, source and day are held and were not reviewed."""

    verdict: str
    source: str | None
    day: str
    records: int
    first: int


def waiting(connection: Connection, wanted: Period) -> list[Waiting]:
    """Return what was held up to the end of a period, before it too, and not reviewed until then; the oldest first."""
    said = (
        "SELECT c.verdict, c.source, substr(e.time, 1, 10), count(*), min(e.sequence) FROM entries e "
        f"JOIN contexts c ON c.id = e.context WHERE c.kind = 'check' AND c.verdict IN ({_LISTED}) AND e.time <= ? "
        "AND NOT EXISTS (SELECT 1 FROM entries r "
        "JOIN contexts k ON k.id = r.context WHERE r.about IS NOT NULL AND k.kind IN ('release', 'decline') AND r.time <= ? "
        "AND k.policy_digest = c.policy_digest AND (r.input_sha256 = e.input_sha256 "
        "OR (r.input_sha256 IS NULL AND r.about = e.sequence))) "
        "GROUP BY c.verdict, c.source, substr(e.time, 1, 10) ORDER BY 3, 1, 2"
    )
    return [Waiting(*row) for row in run(connection, said, wanted.end, wanted.end)]


class Review(NamedTuple):
    """What a person did: when, what, about which record, who and why."""

    sequence: int
    time: str
    kind: str
    about: int
    actor: str | None
    reason: str | None


def reviews(connection: Connection, wanted: Period) -> list[Review]:
    """Return the reviews of a period, the newest first."""
    said = (
        "SELECT e.sequence, e.time, c.kind, e.about, c.actor, c.reason FROM entries e JOIN contexts c ON c.id = e.context "
        "WHERE e.about IS NOT NULL AND c.kind IN ('release', 'decline') AND e.time >= ? AND e.time <= ? ORDER BY e.sequence DESC"
    )
    return [Review(*row) for row in run(connection, said, *wanted.bounds)]
