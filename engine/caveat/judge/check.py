"""Judge one resource: read it, find every occurrence, decide each, fold them to a report.

Rule 1: never raises on data; whatever cannot be read is one decision, `reject`, ground `unreadable`.
Rule 2: the walk is skipped only when the strict read succeeded and the bytes can spell neither an occurrence nor, below the
root, a native modifier that is to be told.
"""

from __future__ import annotations

import copy
import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Any

from caveat.domain.decision import Decision, Ground, Intent, Occurrence, Verdict, strictest
from caveat.domain.report import Problem, Report
from caveat.intake.carrier import Frame, Memo
from caveat.intake.found import Found, keep_natives
from caveat.intake.json_reader import Unreadable, inspect_tree
from caveat.intake.limits import Limits
from caveat.intake.native import natives_at
from caveat.intake.reading import Form, form_of, read_document
from caveat.intake.root import Wire, root_type
from caveat.intake.scan import counts_one_resource, may_hold_modifier, may_spell
from caveat.intake.walk import survey
from caveat.judge.allowed import hold_to_definitions
from caveat.judge.evaluate import decide, for_intent
from caveat.judge.fold import entries_of, settle, verdict_of
from caveat.policy.policy import Policy
from caveat.spec.known import Known, published_kind
from caveat.spec.native import spellings_below
from caveat.spec.release import Release
from caveat.spec.shape import Place, Shape, tables

_LARGE = 64 * 1024  # bytes, from which on pausing the collector pays
NATIVE = "native modifier elements"
DUPLICATES = "duplicate keys, lost before the check"
_HOLDS_RESOURCES = frozenset({"contained", "entry", "parameter", "issues"})


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a document: by which policy, release, day and intent, and what the document is.

    `at` is the place of an element that stands alone, or the type expected; `inherited` are the decisions of the report on
    the resource that such an element is from, `within` what the report is to say of them.
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


@dataclass(frozen=True, slots=True)
class Judged:
    """A report, and the tree that it is about; None when there is none to speak of."""

    report: Report
    tree: Mapping[str, Any] | None


def judge_bytes(question: Question, raw: bytes, form: Form | None = None) -> Judged:
    """Judge a document as received; `form` says how it is written, None that it begins as what it is."""
    stated = form or (form_of(raw) if question.wire is Wire.FHIR else Form.JSON)
    with _collector_paused() if len(raw) > _LARGE else nullcontext():
        tree = read_document(raw, stated, tables(question.release), question.limits, question.at)
        skip = stated is Form.JSON and isinstance(tree, dict) and _holds_nothing(question, raw, tree)
        judged = _judge(question, tree, "document", skip=skip)
    return replace(judged, report=replace(judged.report, received=raw))


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Keep Python's cyclic garbage collector from looking at a large tree again and again while it grows.

    A tree holds no cycles, and is gone by reference counting. Threads that pause at the same time leave it as it was.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def judge_tree(question: Question, tree: object, evidence: str = "tree") -> Judged:
    """Judge a document that somebody else has read; duplicate keys in it are already lost, and the report says so."""
    fault = tree if isinstance(tree, Unreadable) else inspect_tree(tree, question.limits)
    judged = _judge(question, fault or tree, evidence, skip=False)
    if judged.report.verdict is not Verdict.EXCLUDE:
        return judged
    return replace(judged, tree=copy.deepcopy(judged.tree))  # its owner may change it before the reduced form is asked for


def known_kind(policy: Policy, release: Release) -> Known:
    """Return the function that says whether a url is a known modifier: by the lock, HL7's tables, or a literal url of a rule."""
    locked = policy.library.definitions

    def kind(url: str) -> bool | None:
        published = locked[url].is_modifier if url in locked else published_kind(url, release)
        return True if published is None and url in policy.by_url else published

    return kind


def _holds_nothing(question: Question, raw: bytes, tree: Mapping[str, Any]) -> bool:
    """Return whether it is proven that a walk would find nothing but on the root itself.

    That is: one resource, in bytes that can spell no occurrence, and no native modifier below the root that changes meaning.
    """
    read = tables(question.release)
    return (
        question.wire is Wire.FHIR
        and (question.at is None or question.at.path == tree.get("resourceType"))
        and isinstance(tree.get("resourceType"), str)
        and tree["resourceType"] in read.resource_types
        and _HOLDS_RESOURCES.isdisjoint(tree)
        and not may_hold_modifier(raw)
        and counts_one_resource(raw)
        and not may_spell(raw, spellings_below(read.required(tree["resourceType"])))
    )


def _judge(question: Question, tree: object, evidence: str, *, skip: bool) -> Judged:
    """Judge what was read, or say why nothing could be."""
    if isinstance(tree, Unreadable):
        return Judged(_unreadable(question, tree, None, evidence), None)
    if not isinstance(tree, dict):
        return Judged(_unreadable(question, Unreadable("not-object", "no JSON object"), None, evidence), None)
    found = _on_the_root(question, tree) if skip else _found(question, tree)
    if isinstance(found, Unreadable):
        return Judged(_unreadable(question, found, tree, evidence), tree)
    held = _held(question, tree, found.occurrences) if found.occurrences else []
    own = settle([decide(question.policy, each, question.today, question.intent) for each in held])
    decisions = own + _inherited(question)
    verdict = strictest([verdict_of(own), *(d.verdict for d in decisions[len(own) :])])
    report = _report(question, tree, decisions, verdict, evidence)
    told = replace(
        report,
        entries=entries_of(tree, own),
        native=tuple(found.native),
        native_omitted=found.native_omitted,
        problems=tuple(found.notes),
        not_checked=(*report.not_checked, *found.unseen),
    )
    return Judged(told, tree)


def _on_the_root(question: Question, tree: Mapping[str, Any]) -> Found:
    """Return what is to be told of a resource that needs no walk: the native modifiers of its root."""
    shape = tables(question.release).required(tree["resourceType"])
    found = Found()
    keep_natives(found, natives_at(Frame(tree, shape), Memo()), question.limits)
    return found


def _found(question: Question, tree: Mapping[str, Any]) -> Found | Unreadable:
    """Walk the tree in the tables of the question's release."""
    return survey(
        tree,
        tables(question.release),
        known_kind(question.policy, question.release),
        at=question.at,
        wire=question.wire,
        limits=question.limits,
    )


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


def _unreadable(question: Question, why: Unreadable, tree: Mapping[str, Any] | None, evidence: str) -> Report:
    """Return the report on a document that could not be read."""
    decision = Decision(Verdict.REJECT, Ground.UNREADABLE, detail=why.message)
    report = _report(question, tree or {}, (decision,), Verdict.REJECT, evidence)
    return replace(report, problems=(Problem(why.code, why.message),), not_checked=(NATIVE, *report.not_checked))


def _report(
    question: Question, tree: Mapping[str, Any], decisions: tuple[Decision, ...], verdict: Verdict, evidence: str
) -> Report:
    """Put a report together."""
    identity = tree.get("id")
    part = question.at.path if question.at is not None else None
    whole = question.at is None or question.at.is_root
    kind = root_type(tree, tables(question.release), question.at, question.wire) if whole else None
    return Report(
        verdict=verdict,
        decisions=decisions,
        resource_type=kind or part,
        resource_id=identity if isinstance(identity, str) else None,
        release=question.release.value,
        evidence=evidence,
        intent=question.intent,
        date=question.today,
        policy=question.policy.named,
        within=question.within,
        source=question.source,
        not_checked=() if evidence == "document" else (DUPLICATES,),
    )
