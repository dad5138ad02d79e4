"""Reports as rows of a table, one a decision, one without a decision for a resource that has none; no value of a document."""

from __future__ import annotations

from collections.abc import Iterator

from caveat.domain.report import Report
from caveat.formats.printable import printable

COLUMNS = (
    "input",
    "line",
    "resource_type",
    "resource_id",
    "resource_verdict",
    "evidence",
    "policy",
    "policy_version",
    "location",
    "path",
    "url",
    "value_type",
    "verdict",
    "ground",
    "rule",
    "because",
)


def rows(report: Report) -> Iterator[tuple[str | int | None, ...]]:
    """Give the rows of a report."""
    shared = (
        _shown(report.input),
        report.line,
        report.resource_type,
        _shown(report.resource_id),
        report.verdict.word,
        report.evidence,
        report.policy.name,
        report.policy.version,
    )
    if not report.decisions:
        yield (*shared, *(None,) * (len(COLUMNS) - len(shared)))
    for each in report.decisions:
        at = each.occurrence
        place = (None,) * 4 if at is None else (_shown(at.location), _shown(at.carrier.path), _shown(at.url), at.value_type)
        yield (*shared, *place, each.verdict.word, str(each.ground), each.rule, _shown(each.because))


def _shown(text: str | None) -> str | None:
    return None if text is None else printable(text)
