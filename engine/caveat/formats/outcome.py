"""A report as a FHIR OperationOutcome, for clients that speak FHIR.

Rule 1: an issue names location, url and ground, never a value.
Rule 2: refused is `error`; what a person must look at, a narrative, a reduced form or a warning are `warning`. A decision
stricter than the report's verdict stands on an element that is left out: it is told as `information`.
"""

from __future__ import annotations

from typing import Any, Final

from caveat.domain.decision import Decision, Ground, Verdict
from caveat.domain.report import Report
from caveat.formats.printable import printable
from caveat.formats.words import remedy, why

SYSTEM: Final = "urn:caveat:ground"
"""The code system of `issue.details.coding`: its codes are the grounds of a decision."""

MOST_ISSUES: Final = 1000

# FHIR R4 issue-type: an error is named by what is wrong, a warning by what is to be done.
_ERRORS: Final = {
    Ground.RULE: "business-rule",
    Ground.WAIVER: "business-rule",
    Ground.UNDETERMINED: "business-rule",
    Ground.UNKNOWN: "extension",
    Ground.OUT_OF_SCOPE: "informational",
    Ground.MALFORMED: "invalid",
    Ground.UNREADABLE: "invalid",
    Ground.MISPLACED: "structure",
    Ground.WRONG_SLOT: "structure",
    Ground.INCOMPLETE: "incomplete",
    Ground.RELEASED: "informational",
}
_WARNINGS: Final = {Verdict.WARN: "informational", Verdict.NARRATIVE: "extension", Verdict.REVIEW: "extension"}


def outcome(report: Report) -> dict[str, Any]:
    """Return `report` as an OperationOutcome that R4, R4B and R5 all allow; with nothing to say it says that all is well."""
    told = [decision for decision in report.decisions if decision.verdict >= Verdict.WARN]
    issues = [_issue(decision, report.verdict) for decision in told[:MOST_ISSUES]]
    if len(told) > MOST_ISSUES:
        issues.append(_information(f"{len(told) - MOST_ISSUES} more modifiers are not listed here"))
    return {"resourceType": "OperationOutcome", "issue": issues or [_information("All OK")]}


def _information(text: str) -> dict[str, Any]:
    """Return an issue that asks for nothing."""
    return {"severity": "information", "code": "informational", "details": {"text": text}}


def _issue(decision: Decision, verdict: Verdict) -> dict[str, Any]:
    """Return the issue of one decision in a report with that verdict."""
    severity, code = _weight(decision, verdict)
    ground = str(decision.ground)
    issue: dict[str, Any] = {
        "severity": severity,
        "code": code,
        "details": {"coding": [{"system": SYSTEM, "code": ground}], "text": f"{decision.verdict.word}: {ground}"},
        "diagnostics": _diagnostics(decision, verdict),
    }
    if decision.occurrence is not None:
        issue["expression"] = [printable(decision.occurrence.location)]
    return issue


def _weight(decision: Decision, verdict: Verdict) -> tuple[str, str]:
    """Return severity and code of the issue of one decision."""
    if decision.verdict > verdict:
        return "information", "informational"
    if decision.verdict is Verdict.REJECT:
        return "error", _ERRORS[decision.ground]
    return "warning", _WARNINGS.get(decision.verdict, _ERRORS[decision.ground])


def _diagnostics(decision: Decision, verdict: Verdict) -> str:
    """Say why, and what to do."""
    url = decision.occurrence.url if decision.occurrence is not None else None
    subject = f"{printable(url)}: " if url else ""
    counts = "; its element is left out, so it does not count" if decision.verdict > verdict else ""
    return f"{subject}{why(decision)}{counts}. To do: {remedy(decision)}."
