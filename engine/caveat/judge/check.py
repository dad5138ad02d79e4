"""Judge one resource: read it, find every occurrence, decide each, fold them to a report.

Rule 1: never raises on data; whatever cannot be read is one decision, `reject`, ground `unreadable`.
Rule 2: only `judge.glance` says that less than all of a document is read or walked, and the report is the same as with all of it,
but that a limit on what is found is not reached by what is passed by.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple, cast

from caveat.domain.decision import MODIFIERS, Decision, Ground, Intent, Occurrence, Verdict, strictest
from caveat.domain.report import DRAFTS, Entry, Problem, Report
from caveat.intake.carrier import Frame, Memo
from caveat.intake.columns import ways_to
from caveat.intake.found import Found, keep_natives
from caveat.intake.json_reader import Unreadable, inspect_tree, read_json
from caveat.intake.limits import Limits
from caveat.intake.native import is_ordinary, natives_at
from caveat.intake.reading import Form, form_of, read_document
from caveat.intake.root import Wire, root_type
from caveat.intake.walk import survey, survey_on
from caveat.judge.allowed import hold_to_definitions
from caveat.judge.collector import collector_paused
from caveat.judge.evaluate import Sitting, for_intent
from caveat.judge.fold import entries_of, folded
from caveat.judge.glance import Seen, glance
from caveat.policy.policy import Policy
from caveat.spec.known import Known, published_kind
from caveat.spec.release import Release
from caveat.spec.shape import Place, Shape, tables

_LARGE = 64 * 1024  # bytes, from which on pausing the collector pays
NATIVE = "native modifier elements"
_NOTHING = Found()  # never changed
_JSON, _FHIR, _CLEAR = Form.JSON, Wire.FHIR, Verdict.CLEAR  # to ask the class for a member costs a small check 0.4 % each time
DUPLICATES = "duplicate keys, lost before the check"


class Again(NamedTuple):
    """How the tree of a judged JSON document is read again from its bytes."""

    limits: Limits

    def tree(self, raw: bytes) -> Mapping[str, Any] | None:
        """Return the tree of `raw`, None when it is no object."""
        tree = read_json(raw, self.limits)
        return tree if isinstance(tree, dict) else None


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a document: by which policy, release, day and intent, and what the document is.

    `at` is the place of an element that stands alone, or the type expected; `inherited` are the decisions of the report on
    the resource that such an element is from, `within` what the report is to say of them. `again` is how it is read again.
    """

    policy: Policy
    release: Release
    today: date
    intent: Intent = Intent.READ
    at: Place | None = None
    wire: Wire = Wire.FHIR
    limits: Limits = Limits()
    inherited: tuple[Decision, ...] = ()
    within: str | None = None
    source: str | None = None
    again: Again = field(init=False, repr=False, compare=False)
    sitting: Sitting = field(init=False, repr=False, compare=False)
    told_release: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Say once how what was asked about is read again, by whom it is decided, and what reports call its release."""
        object.__setattr__(self, "told_release", self.release.value)
        object.__setattr__(self, "again", Again(self.limits))
        object.__setattr__(self, "sitting", Sitting(self.policy, self.today, self.intent))

    @property
    def known(self) -> Known:
        """Whether a url is a known modifier: by the policy and its library, or as published for the release."""
        return known_kind(self.policy, self.release)


@dataclass(slots=True)
class Judged:
    """A report, and the tree that it is about: None when there is none to speak of, `Again` when it was not kept.

    It is never changed; one that is frozen takes three times as long to make.
    """

    report: Report
    tree: Mapping[str, Any] | Again | None


def judge_bytes(
    question: Question, raw: bytes, form: Form | None = None, *, keep: bool = True, made: type[Report] = Report
) -> Judged:
    """Judge a document as received; `form` says how it is written, None that it begins as what it is.

    Without `keep` the tree of a JSON document is not handed out, and so need not be whole. `made` is the class of the report.
    """
    stated = form or (form_of(raw) if question.wire is _FHIR else _JSON)
    document = Read("document", raw, made, None if keep or stated is not _JSON else question.again)
    if len(raw) <= _LARGE:
        return _judge_read(question, document, raw, stated, in_short=not keep)
    with collector_paused():
        return _judge_read(question, document, raw, stated, in_short=not keep)


def _judge_read(question: Question, read: Read, raw: bytes, form: Form, *, in_short: bool) -> Judged:
    """Judge a document that is written in `form`."""
    seen = glance(question, raw, in_short=in_short) if form is _JSON else None
    if seen is None:
        return _judge(question, read_document(raw, form, tables(question.release), question.limits, question.at), read)
    return _judge(question, seen.tree, read, seen)


def judge_tree(question: Question, tree: object, evidence: str = "tree") -> Judged:
    """Judge a document that somebody else has read; duplicate keys in it are already lost, and the report says so."""
    fault = tree if isinstance(tree, Unreadable) else inspect_tree(tree, question.limits)
    judged = _judge(question, fault or tree, Read(evidence))
    if judged.report.verdict is not Verdict.EXCLUDE:
        return judged
    return replace(judged, tree=copy.deepcopy(judged.tree))  # its owner may change it before the reduced form is asked for


def known_kind(policy: Policy, release: Release, defined: set[str] | None = None) -> Known:
    """Return the function that says whether a url is a known modifier: by the lock, HL7's tables, or a literal url of a rule.

    What was asked for and is a modifier by its definition, of the lock or of HL7, is added to `defined`.
    """
    locked = policy.library.definitions

    told: dict[str, bool | None] = {}

    def kind(url: str) -> bool | None:
        """Return whether `url` is a modifier, None where nobody says."""
        if url not in told:
            published = locked[url].is_modifier if url in locked else published_kind(url, release)
            told[url] = True if published is None and url in policy.by_url else published
            if published and defined is not None:
                defined.add(url)
        return told[url]

    return kind


@dataclass(slots=True)
class Read:
    """What a report is to say of what was looked at: the kind of evidence, and the bytes; and the class of that report.

    `again` is what is handed out in place of a tree that can be read again. It is never changed, as what was judged.
    """

    evidence: str
    raw: bytes | None = None
    made: type[Report] = Report
    again: Again | None = None


def _judge(question: Question, tree: object, read: Read, seen: Seen | None = None) -> Judged:
    """Judge what was read, or say why nothing could be."""
    if isinstance(tree, Unreadable):
        return Judged(_unreadable(question, tree, None, read), None)
    if not isinstance(tree, dict):
        return Judged(_unreadable(question, Unreadable("not-object", "no JSON object"), None, read), None)
    found = _found(question, tree, seen)
    if found is _NOTHING and question.at is None:
        return Judged(_report(question, tree, (), _CLEAR, read, found=found, kind=tree["resourceType"]), read.again or tree)
    if isinstance(found, Unreadable):
        return Judged(_unreadable(question, found, tree, read), read.again or tree)
    held = found.occurrences
    if held and found.has_defined:
        if seen is not None and seen.is_short and read.raw is not None:
            return _judge(question, read_json(read.raw, question.limits), read)  # an expression may look at all of it
        held = _held(question, tree, held)
    own, verdict = folded(*question.sitting.decide_all(held))
    if inherited := _inherited(question):
        verdict = strictest([verdict, *(each.verdict for each in inherited)])
    kind = tree["resourceType"] if seen is not None and seen.shape is not None else None
    report = _report(question, tree, own + inherited, verdict, read, found=found, entries=entries_of(tree, own), kind=kind)
    return Judged(report, read.again or tree)


def _found(question: Question, tree: dict[str, Any], seen: Seen | None) -> Found | Unreadable:
    """Find what is in the tree, by a walk in the tables of the question's release; only the root where all else holds nothing."""
    shape, names = (seen.shape, seen.names) if seen is not None else (None, None)
    if shape is not None and names == 0:
        return _NOTHING if is_ordinary(tree, shape) else _natives(Frame(tree, shape), question.limits)
    defined: set[str] = set()
    read, known = tables(question.release), known_kind(question.policy, question.release, defined)
    if shape is not None and names is not None and (ways := ways_to(MODIFIERS, tree, names)) is not None:
        found = survey_on(ways, Frame(tree, shape), read, known, question.limits)
    else:
        found = survey(tree, read, known, at=question.at, wire=question.wire, limits=question.limits)
    if defined and isinstance(found, Found):
        found.has_defined = True
    return found


def _natives(root: Frame, limits: Limits) -> Found:
    """Return the native modifiers of a resource that holds nothing else."""
    found = Found()
    keep_natives(found, natives_at(root, Memo()), limits)
    return found


def _held(question: Question, tree: Mapping[str, Any], found: list[Occurrence]) -> list[Occurrence]:
    """Hold what was found against its own definitions.

    A GraphQL answer has only what was asked for, and around an element alone nothing is seen: what is to be true of the whole
    resource cannot be told from either.
    """
    is_whole = question.wire is Wire.FHIR and (question.at is None or question.at.is_root)
    return hold_to_definitions(found, tree, question.policy, question.release, is_whole=is_whole)


def _inherited(question: Question) -> tuple[Decision, ...]:
    """Return what the resource around an element alone says of it: what is on its ancestors counts for it too.

    What the resource would have left out, or shown as narrative only, is the whole of what is checked here: rejected.
    """
    if question.at is None:
        return ()
    paths = _paths_above(question.at.path, question.release)
    above_it = (d for d in question.inherited if d.occurrence is None or _concerns(question, d.occurrence, paths))
    return tuple(_for_the_part(decision, question.intent) for decision in above_it)


@lru_cache(maxsize=256)
def _paths_above(path: str, release: Release) -> frozenset[str]:
    """Return the short paths of all that an element may stand in: what recurs, or is referred to, stands in several places.

    `Questionnaire.item` may stand in another one, and fhir.resources has one class for all depths.
    """
    read, steps = tables(release), path.split(".")
    paths = {".".join(steps[:n]) for n in range(1, len(steps))}
    below = {shape for n in range(2, len(steps) + 1) for shape in _nested(read.resolve(".".join(steps[:n])))}
    named = [read.required(name) for name in read.names() if name.partition(".")[0] == steps[0]]
    while holders := {s.name for s in named if s.name not in paths and any(c.shape in below for c in s.children.values())}:
        paths |= holders
        below |= {read.required(name) for name in holders if "." in name}
    return frozenset(paths)


def _nested(place: Place | None) -> Iterator[Shape]:
    """Give the shapes of a place that are of one resource type alone."""
    yield from (shape for shape in (place.shapes if place is not None else ()) if "." in shape.name)


def _concerns(question: Question, occurrence: Occurrence, paths: frozenset[str]) -> bool:
    """Return whether an occurrence elsewhere in a resource concerns a part of it: it is on an ancestor, or nobody can tell."""
    place = tables(question.release).resolve(_carrier_path(occurrence))
    if place is None:
        return occurrence.fault is not None
    return place.path in paths or place.short_path in paths


def _carrier_path(occurrence: Occurrence) -> str:
    """Return the path of the element that an occurrence modifies: for implicitRules the resource."""
    return occurrence.carrier.path.removesuffix(".implicitRules")


def _for_the_part(decision: Decision, intent: Intent) -> Decision:
    """Return what a decision on something above means for the part, which is to be read or modified."""
    if decision.verdict in {Verdict.EXCLUDE, Verdict.NARRATIVE}:
        return replace(decision, verdict=Verdict.REJECT)
    return for_intent(decision, intent)


def _unreadable(question: Question, why: Unreadable, tree: Mapping[str, Any] | None, read: Read) -> Report:
    """Return the report on a document that could not be read."""
    decision = Decision(Verdict.REJECT, Ground.UNREADABLE, detail=why.message)
    found = Found(notes=[Problem(why.code, why.message)])
    report = _report(question, tree or {}, (decision,), Verdict.REJECT, read, found=found)
    return replace(report, not_checked=(NATIVE, *report.not_checked))


def _report(
    question: Question,
    tree: Mapping[str, Any],
    decisions: tuple[Decision, ...],
    verdict: Verdict,
    read: Read,
    *,
    found: Found,
    entries: tuple[Entry, ...] = (),
    kind: str | None = None,
) -> Report:
    """Put a report together; `kind` is the type of the resource where that is known."""
    identity = tree.get("id")
    part = question.at.path if question.at is not None else None
    whole = question.at is None or question.at.is_root
    if kind is None and whole:
        kind = root_type(tree, tables(question.release), question.at, question.wire)
    made = DRAFTS[read.made]
    draft: Any = made.__new__(made)
    draft.verdict, draft.decisions = verdict, decisions
    draft.resource_type, draft.resource_id = kind or part, identity if isinstance(identity, str) else None
    draft.release, draft.evidence, draft.intent, draft.date = (
        question.told_release,
        read.evidence,
        question.intent,
        question.today,
    )
    draft.policy, draft.received, draft.within, draft.entries = question.policy.named, read.raw, question.within, entries
    draft.problems, draft.native, draft.native_omitted = tuple(found.notes), tuple(found.native), found.native_omitted
    draft.not_checked = tuple(found.unseen) if read.evidence == "document" else (DUPLICATES, *found.unseen)
    draft.input, draft.line, draft.source = None, None, question.source
    draft.__class__ = read.made
    return cast("Report", draft)
