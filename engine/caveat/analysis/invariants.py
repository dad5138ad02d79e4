"""CV180: whether what a policy must never do can happen, and how.

Rule 1: every lawful modifier counts, on every day, under both intents, in and out of scope; so do waivers of structural faults.
What FHIR itself refuses (`malformed`, `misplaced`) is not the policy's doing.
Rule 2: each decision comes from a rule, a waiver, a default or `reads`; so it is sought where one of them could give it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

from caveat.analysis.difference.sights import EMPTY, INCOMPLETE, MISPUT
from caveat.analysis.places import Class
from caveat.analysis.sites import elements_at
from caveat.analysis.space import Ask, Point
from caveat.analysis.subject import BOTH, Stated, Subject
from caveat.analysis.values import TooMany
from caveat.domain.decision import EXTENSIONS, MODIFIERS, RULES, Decision, Ground, Intent, Occurrence, Verdict
from caveat.domain.diagnostic import Diagnostic, Related, Span
from caveat.judge.scope import in_scope
from caveat.lang.diagnose import diagnose, quoted
from caveat.policy.policy import Waiver
from caveat.policy.selectors import UrlSelector
from caveat.spec.shape import tables

_FAULTS = {"wrong-slot": MISPUT, "empty": EMPTY, "incomplete": INCOMPLETE}

_SOFTENED = frozenset({Verdict.REVIEW})
"""What a waiver of `wrong-slot` comes to that would leave something out, or show the narrative."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A case in which an invariant does not hold, and what is decided there."""

    point: Point
    decision: Decision


def invariant_findings(subject: Subject) -> Iterator[Diagnostic]:
    """Give the invariants that can be broken, each with the first case found."""
    for stated in subject.invariants:
        try:
            broken = broken_by(subject, stated)
        except TooMany:
            subject.unproven[stated.statement.name.text] = "conditions can be combined in too many ways"
            continue
        if broken is not None:
            yield _finding(subject, stated, broken)
        else:
            subject.held.add(stated.statement.name.text)


def broken_by(subject: Subject, stated: Stated) -> Broken | None:
    """Return a case in which the invariant does not hold; None when there is none."""
    refused = frozenset(Verdict.of(word.text) for word in stated.statement.verdicts)
    for point in _candidates(subject, stated, refused):
        decision = subject.space.decision(subject.policy, point)
        if decision.verdict in refused:
            return Broken(point, decision)
    return None


def _candidates(subject: Subject, stated: Stated, refused: frozenset[Verdict]) -> Iterator[Point]:
    """Give the cases that may break an invariant: those that rules, waivers, defaults, scope could decide so."""
    places = subject.space.classes_on(stated.paths)
    yield from _of_rules(subject, stated, refused, places)
    yield from _of_waivers(subject, stated, refused, places)
    yield from _of_structure(subject, stated, refused)
    yield from _of_defaults(subject, stated, refused, places)
    if Verdict.CLEAR in refused:
        outside = tuple(place for place in places if not _is_read(subject, place))
        yield from subject.space.points(Ask(stated.urls, outside), (Intent.READ,))


def _of_rules(subject: Subject, stated: Stated, refused: frozenset[Verdict], places: tuple[Class, ...]) -> Iterator[Point]:
    """Give the cases of rules that could decide as they must not."""
    for rule in subject.policy.rules:
        if rule.verdict in refused or Verdict.REJECT in refused:
            mine = tuple(place for place in places if place.is_on(rule.paths))
            ask = Ask(_both(subject, rule.urls, stated.urls), mine, rule.period, rule.types)
            yield from subject.space.points(ask, BOTH)


def _of_waivers(subject: Subject, stated: Stated, refused: frozenset[Verdict], places: tuple[Class, ...]) -> Iterator[Point]:
    """Give the cases of waivers of rules and of the unknown."""
    for waiver in subject.policy.waivers:
        if waiver.urls is not None and (waiver.verdict in refused or Verdict.REJECT in refused) and waiver.kind != "wrong-slot":
            mine = tuple(place for place in places if place.is_on(waiver.paths))
            yield from subject.space.points(Ask(_both(subject, waiver.urls, stated.urls), mine, waiver.period), BOTH)


def _of_defaults(subject: Subject, stated: Stated, refused: frozenset[Verdict], places: tuple[Class, ...]) -> Iterator[Point]:
    """Give the cases that a default could decide as it must not."""
    policy = subject.policy
    if policy.default in refused or Verdict.REJECT in refused:
        yield from subject.space.points(Ask(stated.urls, places), BOTH)
        return
    for default in policy.path_defaults:
        if default.verdict in refused:
            mine = tuple(place for place in places if place.is_on(default.paths))
            yield from subject.space.points(Ask(stated.urls, mine), BOTH)


def _both(subject: Subject, one: UrlSelector, other: UrlSelector) -> UrlSelector:
    """Return a selector of the cells that two have in common, by literal urls: cells are few, and each is one url."""
    found = frozenset(url for url in subject.space.urls.cells(one) if other.matches(url))
    return UrlSelector(replace(one.include, literals=found, patterns=(), anything=False))


def _is_read(subject: Subject, place: Class) -> bool:
    return in_scope(subject.policy, place.site.carrier)


# structural faults that waivers soften


def _of_structure(subject: Subject, stated: Stated, refused: frozenset[Verdict]) -> Iterator[Point]:
    """Give the structural faults that a waiver could soften to what must not be."""
    for waiver in subject.policy.waivers:
        if waiver.kind not in _FAULTS or not (waiver.verdict in refused or Verdict.REJECT in refused or _SOFTENED & refused):
            continue
        for place in (*subject.space.classes_on(waiver.paths), *_elements(subject, waiver)):
            if place.is_on(stated.paths) and place.site.slot != RULES:
                yield from _waived(subject, stated, waiver, place)


def _elements(subject: Subject, waiver: Waiver) -> Iterator[Class]:
    """Give the elements that a waiver of `wrong-slot` names and that carry no modifiers: a known one in `extension` is one."""
    for path, release in product(waiver.paths if waiver.kind == "wrong-slot" else (), subject.space.releases):
        kind, *segments = path.name.split(".")
        if not path.deep and segments and kind in tables(release).resource_types:
            for site in elements_at(release, kind, segments):
                yield Class((site,), site.names, site.within)


def _waived(subject: Subject, stated: Stated, waiver: Waiver, place: Class) -> Iterator[Point]:
    """Give the faults at a place that a waiver softens, on its first and last day."""
    days = [day for day in (waiver.period.since, waiver.period.until) if day is not None]
    for url, today, intent in product(_waived_urls(subject, stated, waiver, place), days, BOTH):
        subject.space.tried += 1
        yield Point(_faulty(subject, waiver, place, url), place.site, today, intent)


def _waived_urls(subject: Subject, stated: Stated, waiver: Waiver, place: Class) -> Iterator[str | None]:
    """Give the urls that a waiver softens at a place: of `wrong-slot` those that are known, else none."""
    if waiver.kind != "wrong-slot" or waiver.urls is None:
        yield from [None] if stated.urls.matches("") else []
        return
    for url in subject.space.urls.cells(_both(subject, waiver.urls, stated.urls)):
        if _slot(subject, url, place) is not None:
            yield url


def _slot(subject: Subject, url: str, place: Class) -> str | None:
    """Return the slot in which a url is `wrong-slot` at a place; None where it is known to nobody, or can stand in neither."""
    kind = subject.space.grounds.kind(url, place.site.release)
    if kind is False:
        return MODIFIERS if place.site.steps == () or place in subject.space.classes else None
    return EXTENSIONS if kind is True or url in subject.policy.by_url else None


def _faulty(subject: Subject, waiver: Waiver, place: Class, url: str | None) -> Occurrence:
    """Return an occurrence with the fault that a waiver softens."""
    carrier, fault = place.site.carrier, _FAULTS[waiver.kind]
    if url is None:
        return Occurrence(None, f"{carrier.location}.{MODIFIERS}", MODIFIERS, carrier, fault=fault)
    slot = _slot(subject, url, place) or MODIFIERS
    extension = {"url": url, "valueBoolean": True}
    return Occurrence(url, f"{carrier.location}.{slot}[0]", slot, carrier, "boolean", extension, fault=fault)


# what is said


def _finding(subject: Subject, stated: Stated, broken: Broken) -> Diagnostic:
    point, decision, statement = broken.point, broken.decision, stated.statement
    name = quoted(statement.name.text)
    verdict = decision.verdict.word
    cause, remedy = _cause(subject, stated, broken)
    related = tuple(Related(span, f"decides `{verdict}`") for span in cause[1:2] if isinstance(span, Span))
    witness = f"{_case(point)}: {cause[0]}"
    return diagnose(
        "CV180",
        f"the invariant {name} can be broken: `{verdict}` is possible",
        statement.name.span,
        label=f"never {', '.join(word.text for word in statement.verdicts)}",
        notes=(witness,),
        remedy=remedy,
        related=related,
    )


def _case(point: Point) -> str:
    """Say a case in full: url, path, value, day and intent."""
    occurrence = point.occurrence
    url = quoted(occurrence.url) if occurrence.url is not None else "no url"
    value = _value(occurrence)
    slot = f" in `{occurrence.slot}`" if occurrence.fault is not None else ""
    return f"{url} on `{point.site.path}`{slot}{value}, {point.today.isoformat()}, intent {point.intent}"


def _value(occurrence: Occurrence) -> str:
    extension = occurrence.extension or {}
    shown = {key: value for key, value in extension.items() if key != "url"}
    twice = ", contradicted by another of the same url" if occurrence.contradicted else ""
    return f" = {quoted(_text(shown))}{twice}" if shown else ""


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(", ", ": "))


def _cause(subject: Subject, stated: Stated, broken: Broken) -> tuple[tuple[object, ...], str]:
    """Return what decides the case with its place, and what would mend it."""
    decision, verdict = broken.decision, broken.decision.verdict.word
    waivers = {waiver.name: waiver for waiver in subject.resolved.waivers}
    if decision.ground is Ground.OUT_OF_SCOPE:
        where = broken.point.occurrence.carrier.resource_type
        return ("`reads` leaves it out of scope",), f"write `reads all of {where};`, or take `clear` out of the invariant"
    if decision.ground is Ground.WAIVER and decision.rule in waivers:
        name = quoted(decision.rule)
        return (f"decided by the waiver {name}", waivers[decision.rule].waiver.name.span), f"delete the waiver {name}"
    if decision.verdict is Verdict.REJECT:
        why = {Ground.RULE: f"decided by {quoted(decision.rule or '')}", Ground.UNKNOWN: "no rule speaks of it"}
        said = why.get(decision.ground, "it cannot be decided, and that rejects")
        return (said, *_span(subject, decision)), "take `reject` out of the invariant"
    said = f"decided by {quoted(decision.rule)}" if decision.rule else f"the default is `{verdict}`"
    remedy = f"write `{_forbid(subject, stated)}`"
    if decision.rule:
        rule = quoted(decision.rule)
        remedy += f" in place of {rule}" if _is_within(subject, stated, decision.rule) else ""
        remedy += f", or change {rule}"
    return (said, *_span(subject, decision)), remedy


def _is_within(subject: Subject, stated: Stated, name: str) -> bool:
    """Return whether a rule decides nothing but what an invariant speaks of: a `forbid` of that leaves it nothing (CV130)."""
    rule = subject.by_name[name]
    mine = (point for point in subject.space.points(subject.space.matching(rule)) if not _speaks_of(stated, point))
    try:
        return not any(subject.is_by(subject.unscoped_decision(point), rule) for point in mine)
    except TooMany:
        return False


def _speaks_of(stated: Stated, point: Point) -> bool:
    place = Class((point.site,), point.site.names, point.site.within)
    return stated.urls.matches(point.url) and place.is_on(stated.paths)


def _span(subject: Subject, decision: Decision) -> tuple[Span, ...]:
    written = subject.written.get(decision.rule or "")
    return (written.rule.name.span,) if written is not None else ()


def _forbid(subject: Subject, stated: Stated) -> str:
    """Return the `forbid` that makes an invariant hold, as it may be written."""
    statement = stated.statement
    urls = subject.text(statement.urls.span)
    paths = ", ".join(path.text for path in statement.paths)
    taken = {*subject.by_name, *(waiver.name for waiver in subject.policy.waivers)}
    name = f"never-{statement.name.text}"
    while name in taken:
        name += "-again"
    return f'forbid {name}: {urls} on {paths} because "...";'
