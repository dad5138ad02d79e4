"""The result of judging one resource: all decisions, and the verdict that they fold to."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from caveat.domain.decision import Decision, Ground, Intent, Verdict

if TYPE_CHECKING:
    from datetime import date


@dataclass(frozen=True, slots=True)
class PolicyName:
    """Which policy judged: its name, version and digest (`sha256:` and 64 hexadecimal digits)."""

    name: str
    version: str
    digest: str


class Entry(NamedTuple):
    """The verdict on one entry of a Bundle whose entries stand for themselves; `index` counts from 0."""

    index: int  # type: ignore[assignment]  # it hides tuple.index, which nobody calls
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class NativeModifier:
    """One of FHIR's own modifier elements (`isModifier`) with a value that changes meaning: told, never decided.

    `location` has indexes and the property's own name (`Patient.deceasedBoolean`), `path` is the element's
    (`Patient.deceased[x]`). The value is the patient's, and not told.
    """

    location: str
    path: str


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a document as a whole, is to be noted of it, or fhir.resources says of it: a code, a sentence, a place.

    `location` is an element location, or None. Never a value of the document.
    """

    code: str
    message: str
    location: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """Everything decided on one resource.

    `evidence` says what was looked at: `document` (bytes, read strictly), `tree` or `model` (duplicate keys were already
    lost), `scanned`. `within` is None for a whole resource, `"none"` when nobody vouches for an element alone, else the
    digest of the report handed over. `received` are the bytes that were judged, None for a tree or model.
    `source` names where it came from, as the caller said; `line` counts NDJSON lines from 1. `native` are FHIR's own modifier
    elements with a value that changes meaning, which decide nothing here; `native_omitted` counts those beyond the limit.
    """

    verdict: Verdict
    decisions: tuple[Decision, ...]
    resource_type: str | None
    resource_id: str | None
    release: str
    evidence: str
    intent: Intent
    date: date
    policy: PolicyName
    received: bytes | None = field(default=None, repr=False)
    within: str | None = None
    entries: tuple[Entry, ...] = ()
    problems: tuple[Problem, ...] = ()
    not_checked: tuple[str, ...] = ()
    native: tuple[NativeModifier, ...] = ()
    native_omitted: int = 0
    input: str | None = None
    line: int | None = None
    source: str | None = None

    @property
    def input_sha256(self) -> str | None:
        """The SHA-256 of the bytes as received, in hexadecimal; None for a tree or model."""
        return None if self.received is None else hashlib.sha256(self.received).hexdigest()

    @property
    def may_process(self) -> bool:
        """Whether the resource may be processed as received."""
        return self.verdict <= Verdict.WARN

    @property
    def may_process_reduced(self) -> bool:
        """Whether it may be processed as received or in its reduced form."""
        return self.verdict <= Verdict.EXCLUDE

    def __str__(self) -> str:
        """Return the report as a person would say it: what, the verdict, and up to three reasons."""
        what = self.resource_type or "the document"
        told = [d for d in self.decisions if d.verdict is self.verdict]
        reasons = "; ".join(_reason(decision) for decision in told[:_TOLD])
        more = f"; and {len(told) - _TOLD} more" if len(told) > _TOLD else ""
        return f"{what}: {_SAYS[self.verdict]}" + (f", because {reasons}{more}" if reasons else "")


class _Draft(Report):
    __slots__ = ()
    __setattr__ = object.__setattr__  # it is no report yet
    __delattr__ = object.__delattr__


DRAFTS: Final[dict[type[Report], type[Report]]] = {Report: _Draft}
"""The class of a report that is being put together: its fields are set one by one, and then its class, in a sixth of the time."""


def of_line(report: Report, received: bytes | None, resource_id: str | None, line: int | None, name: str | None) -> Report:
    """Return `report` as that on another line, which says the same."""
    made: Any = _Draft.__new__(_Draft)
    made.verdict, made.decisions = report.verdict, report.decisions
    made.resource_type, made.resource_id = report.resource_type, resource_id
    made.release, made.evidence, made.intent, made.date = report.release, report.evidence, report.intent, report.date
    made.policy, made.received, made.within, made.entries = report.policy, received, report.within, report.entries
    made.problems, made.not_checked = report.problems, report.not_checked
    made.native, made.native_omitted = report.native, report.native_omitted
    made.input, made.line, made.source = name, line, report.source
    made.__class__ = Report
    return cast("Report", made)


def shares_findings(one: Report, other: Report) -> bool:
    """Return whether two reports surely say the same was found, for they share what says it."""
    return (
        one.decisions is other.decisions
        and one.verdict is other.verdict
        and one.native is other.native
        and one.problems is other.problems
        and one.entries is other.entries
    )


_TOLD = 3

_SAYS = {
    Verdict.CLEAR: "may be processed: no modifier concerns the application",
    Verdict.ACCEPT: "may be processed: every modifier is understood",
    Verdict.WARN: "may be processed with a warning",
    Verdict.EXCLUDE: "may be processed only without the excluded elements",
    Verdict.NARRATIVE: "only its narrative may be shown",
    Verdict.REVIEW: "a person must look at it first",
    Verdict.REJECT: "must not be processed",
}


def _reason(decision: Decision) -> str:
    """Say why one decision fell: the modifier, its place, and the reason of the rule's author, or what else was decisive."""
    occurrence = decision.occurrence
    if occurrence is None and decision.detail:
        return decision.detail
    url = f"`{occurrence.url}` " if occurrence is not None and occurrence.url else ""
    place = f"at {occurrence.location} " if occurrence is not None else ""
    by = f" ({decision.rule}: {decision.because})" if decision.because else ""
    return f"{url or ('' if place else 'it ')}{place}is {decision.detail or _GROUNDS[decision.ground]}{by}"


_GROUNDS = {
    Ground.RULE: "decided by a rule",
    Ground.WAIVER: "under a waiver",
    Ground.UNKNOWN: "a modifier that no rule names",
    Ground.UNDETERMINED: "a modifier whose condition cannot be decided",
    Ground.OUT_OF_SCOPE: "outside what the application reads",
    Ground.MALFORMED: "malformed",
    Ground.MISPLACED: "where FHIR allows no modifier extension",
    Ground.WRONG_SLOT: "in the wrong one of the two extension slots",
    Ground.UNREADABLE: "unreadable",
    Ground.INCOMPLETE: "from a source that may have left modifiers out",
    Ground.RELEASED: "released by a person who looked at it",
}
