"""Records of checks from their reports as written down (`caveat.report/1`), which is how a cluster hands them over.

Rule 1: what is kept is what is kept of the report itself, but for what the written form has not: the code of a structural fault,
and values, even where a rule says `record value`. Decisions beyond those it lists are told by the problem `decisions-omitted`.
Rule 2: reports are kept in their order, in groups, of which one is in memory at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from caveat.audit.noting import Note
from caveat.audit.record import Shared, context_again, listed, shown, url_kept
from caveat.domain.decision import Ground
from caveat.policy.policy import Policy

if TYPE_CHECKING:
    from caveat.audit.log import AuditLog

GROUP: Final = 2000
OMITTED: Final = "decisions-omitted"
"""The problem of a record whose report listed only some of its decisions."""
COLUMNS: Final = (
    *("source", "evidence", "release", "resource_type", "resource_id", "verdict", "within", "intent", "date", "policy"),
    *("input_sha256", "problems", "not_checked", "decisions", "decisions_omitted"),
)
"""What of a report a record is made from."""


def keep(log: AuditLog, reports: Iterable[Mapping[str, Any]], policy: Policy | None = None, after: int | None = None) -> int:
    """Keep reports, each group durably before the next is asked for, and return how many there were.

    `policy` is the one that judged them; with it the trail keeps its text. `after` is the number of a record behind which an
    attempt that failed may have kept the first of them: those are found, and not kept again. AuditUnavailable when a group cannot
    be kept; those before it are.
    """
    number, source = 0, iter(reports)
    while notes := [noted(each) for each in islice(source, GROUP)]:
        number += len(notes)
        if after is not None:
            there, last = log.recorded(notes, after)
            notes, after = notes[there:], last if there == len(notes) else None
        if notes:
            log.record_notes(notes, policy)
    return number


def noted(told: Mapping[str, Any]) -> Note:
    """Return the note of a check from its report as written down."""
    policy, omitted = told["policy"], told.get("decisions_omitted")
    problems = (*(each["code"] for each in told["problems"]), *([OMITTED] if omitted else []))
    shared = Shared(
        kind="check",
        source=shown(told["source"]),
        evidence=told["evidence"],
        fhir_release=told["release"],
        resource_type=told["resource_type"],
        verdict=told["verdict"],
        within=told["within"],
        intent=told["intent"],
        judged_on=told["date"],
        policy_name=shown(policy["name"]),
        policy_version=shown(policy["version"]),
        policy_digest=policy["digest"],
        problems=listed(problems) if problems else None,
        not_checked=listed(tuple(told["not_checked"])) if told["not_checked"] else None,
    )
    identity = None if told["resource_id"] is None else f"{told['resource_type']}/{told['resource_id']}"
    below = tuple(_decision(each) for each in told["decisions"])
    return context_again(shared), told["input_sha256"], identity, below, None


def _decision(told: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the columns of one decision, in their order."""
    named, waived = shown(told["rule"]), told["ground"] == Ground.WAIVER
    head = (url_kept(told["url"]), shown(told["path"]), shown(told["location"]), told["slot"], told["value_type"])
    rule, waiver = (None, named) if waived else (named, None)
    return (*head, told["verdict"], told["ground"], int(told["final"]), rule, waiver, None, None)
