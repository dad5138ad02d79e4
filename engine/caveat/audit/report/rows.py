"""The rows behind a report: each check of a period with each of its decisions, for a page, a spreadsheet or a data frame."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from caveat.audit.appending import run
from caveat.audit.report.period import SUMS, Period
from caveat.audit.report.policies import policy_named
from caveat.audit.report.sums import OUTCOMES
from caveat.formats.answers import Rows

if TYPE_CHECKING:
    from sqlalchemy import Connection

ON_PAGE = (
    ("record", "Record"),
    ("time", "Time (UTC)"),
    ("source", "Source"),
    ("type", "Resource type"),
    ("outcome", "Resource"),
    ("url", "Modifier"),
    ("path", "Path"),
    ("verdict", "Decision"),
    ("ground", "Ground"),
    ("by", "Rule or waiver"),
    ("policy", "Policy"),
)
"""The columns of the rows on a page."""

EXPORTED = {
    "sequence": "e.sequence",
    "time": "e.time",
    "source": "c.source",
    "input_sha256": "e.input_sha256",
    "evidence": "c.evidence",
    "fhir_release": "c.fhir_release",
    "resource_type": "c.resource_type",
    "resource_id": "e.resource_id",
    "verdict": "c.verdict",
    "policy_name": "c.policy_name",
    "policy_version": "c.policy_version",
    "policy_digest": "c.policy_digest",
    "decision": "d.number",
    "url": "d.url",
    "path": "d.path",
    "location": "d.location",
    "slot": "d.slot",
    "value_type": "d.value_type",
    "decision_verdict": "d.verdict",
    "ground": "d.ground",
    "final": "d.final",
    "rule": "d.rule",
    "waiver": "d.waiver",
    "fault": "d.fault",
}
"""The columns of an export, and where they are from: no value of a document, recorded or not, is among them."""
_PAGE = 5000


def page_rows(connection: Connection, wanted: Period, most: int) -> Rows:
    """Return the newest decisions of a period, at most `most`; the sums must be there."""
    said = (
        "SELECT e.sequence, substr(e.time, 1, 19), c.source, c.resource_type, c.verdict, d.url, d.path, d.verdict, d.ground, "
        "coalesce(d.rule, d.waiver), u.sequence, c.policy_name, c.policy_version, c.policy_digest "
        "FROM decisions d JOIN entries e ON e.sequence = d.sequence JOIN contexts c ON "
        "c.id = e.context "
        "LEFT JOIN (SELECT DISTINCT sequence FROM decisions WHERE ground = 'unreadable') u ON u.sequence = e.sequence "
        "WHERE c.kind = 'check' AND e.time >= ? AND e.time <= ? ORDER BY d.sequence DESC, d.number LIMIT ?"
    )
    told = tuple(_on_page(row) for row in run(connection, said, *wanted.bounds, most))
    number = run(connection, f"SELECT coalesce(sum(decisions), 0) FROM {SUMS}")
    return Rows(ON_PAGE, told, int(number[0][0]))


def _on_page(row: Any) -> tuple[str | int | None, ...]:
    outcome = OUTCOMES[row[4]] if row[10] is None else "unreadable"
    return (row[0], f"{row[1][:10]} {row[1][11:]}", row[2], row[3], outcome, *row[5:10], policy_named(*row[11:14]))


def exported(connection: Connection, wanted: Period) -> Iterator[tuple[Any, ...]]:
    """Give every check of a period, once for each of its decisions, once without one where it has none; in sequence."""
    columns = ", ".join(EXPORTED.values())
    said = (
        f"SELECT {columns} FROM entries e JOIN contexts c ON c.id = e.context LEFT JOIN decisions d ON d.sequence = e.sequence "
        "WHERE c.kind = 'check' AND e.time >= ? AND e.time <= ? AND e.sequence > ? AND e.sequence <= ? "
        "ORDER BY e.sequence, d.number"
    )
    bounds = run(connection, "SELECT coalesce(min(sequence), 0) - 1, coalesce(max(sequence), 0) FROM entries")
    after, last = bounds[0]
    while after < last:
        yield from (tuple(row) for row in run(connection, said, *wanted.bounds, after, after + _PAGE))
        after += _PAGE
