"""How grounds, verdicts and near misses are said to people, in every form alike."""

from __future__ import annotations

from caveat.domain.decision import Decision, Ground, Near, Verdict
from caveat.formats.printable import printable

SAYS = {
    Verdict.CLEAR: "may be processed: no modifier concerns the application",
    Verdict.ACCEPT: "may be processed: every modifier is understood",
    Verdict.WARN: "may be processed, with a warning on every output",
    Verdict.EXCLUDE: "may be processed only in its reduced form",
    Verdict.NARRATIVE: "only its narrative may be shown",
    Verdict.REVIEW: "a person must look at it first",
    Verdict.REJECT: "must not be processed",
}
"""What a verdict says of a resource."""

GROUNDS = {
    Ground.RULE: "decided by a rule",
    Ground.WAIVER: "decided by a waiver",
    Ground.UNKNOWN: "no rule names this modifier",
    Ground.UNDETERMINED: "the condition of a rule that matches cannot be decided on it",
    Ground.OUT_OF_SCOPE: "the application does not read what it modifies",
    Ground.MALFORMED: "it is no lawful Extension",
    Ground.MISPLACED: "FHIR allows no modifier extension there",
    Ground.WRONG_SLOT: "it stands in the wrong one of the two extension slots",
    Ground.UNREADABLE: "the document cannot be read",
    Ground.INCOMPLETE: "the source may have left modifiers out",
    Ground.RELEASED: "a person looked at it and released it",
}
"""Why a decision fell."""

REMEDIES = {
    Ground.RULE: "send data without this modifier, or decide otherwise in the rule",
    Ground.WAIVER: "settle what the waiver waits for before it ends",
    Ground.UNKNOWN: "assess what it means, then write a rule for it",
    Ground.UNDETERMINED: "send the value that the rule's condition asks for, or write a rule for its absence",
    Ground.OUT_OF_SCOPE: "nothing is to be done",
    Ground.MALFORMED: "correct it at the source",
    Ground.MISPLACED: "correct it at the source",
    Ground.WRONG_SLOT: "correct it at the source",
    Ground.UNREADABLE: "send one well-formed FHIR document, in JSON or XML",
    Ground.INCOMPLETE: "ask for the complete resource",
    Ground.RELEASED: "nothing is to be done",
}
"""What is to be done about it."""

NOTES = {"no-narrative": "", "not-inspected": "not inspected: "}
"""What is noted of a document and decides nothing, by code: what goes before the note's own words."""

_REMEDY_OF_OPEN_FAULT = "send it where its definition plainly allows it, or check the whole resource with the extra `fhirpath`"

_MISSED = {
    "url": "the url is spelt otherwise there",
    "except": "its `except` leaves this url out",
    "path": "it names other paths",
    "type": "it names other value types",
    "condition": "its condition is not met",
    "date": "it is not in force on this day",
}


def why(decision: Decision) -> str:
    """Return why a decision fell: what is structurally wrong, else its ground, with the rule or waiver and its reason."""
    reason = decision.detail or GROUNDS[decision.ground]
    if decision.ground is Ground.RULE or (decision.ground is Ground.WAIVER and not decision.detail):
        reason = f"decided by the {decision.ground} `{decision.rule}`"
    elif decision.rule:
        reason = f"{reason} (`{decision.rule}`)"
    return f"{reason}: {printable(decision.because)}" if decision.because else reason


def remedy(decision: Decision) -> str:
    """Return what is to be done about a decision."""
    return _REMEDY_OF_OPEN_FAULT if decision.is_open_fault else REMEDIES[decision.ground]


def nearly(near: Near) -> str:
    """Return how a rule nearly decided."""
    return f"`{near.rule}` nearly decided this: {_MISSED.get(near.missed, near.missed)}"
