"""Take a person's release into account: the decisions `review` that were looked at no longer count, and the rest is folded again.

Rule 1: a release is for one input under one policy, and for the places that were looked at; it removes no other decision.
Rule 2: what it removes is still told: decided `accept`, on ground `released`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from caveat.domain.approval import Approval
from caveat.domain.decision import Decision, Ground, Verdict
from caveat.judge.check import Again, Judged
from caveat.judge.fold import entries_of, verdict_of


def released(judged: Judged, approvals: Iterable[Approval]) -> Judged:
    """Return `judged` with what `approvals` release, itself where they release nothing of it.

    An element alone that another report vouches for is released by nothing: what that report says is of another input.
    """
    report = judged.report
    tree = judged.tree.tree(report.received or b"") if isinstance(judged.tree, Again) else judged.tree
    if report.verdict < Verdict.REVIEW or tree is None or report.within not in {None, "none"}:
        return judged
    subject = (report.input_sha256, report.policy.digest)
    places = {place for each in approvals if (each.input_sha256, each.policy_digest) == subject for place in each.locations}
    decisions = tuple(_released(decision, places) for decision in report.decisions)
    if decisions == report.decisions:
        return judged
    folded = replace(report, decisions=decisions, verdict=verdict_of(decisions), entries=entries_of(tree, decisions))
    return replace(judged, report=folded)


def _released(decision: Decision, places: set[str]) -> Decision:
    """Return a decision, `accept` where it was a review that a person did."""
    occurrence = decision.occurrence
    if decision.verdict is not Verdict.REVIEW or occurrence is None or occurrence.location not in places:
        return decision
    return replace(decision, verdict=Verdict.ACCEPT, ground=Ground.RELEASED)
