"""CV112: an `exclude` and a `reject` that can meet, the one leaving out the element that the other would stop the resource for.

Rule 1: they meet on one day, as two different modifiers on one element, or the `reject` on an element below.
Rule 2: each pair is found by the decisions of both, in one resource that both can stand in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from caveat.analysis.document import document_of
from caveat.analysis.sites import Site
from caveat.analysis.space import Ask, Class, Point
from caveat.analysis.subject import Subject
from caveat.analysis.values import TooMany
from caveat.domain.decision import MODIFIERS, Ground, Verdict
from caveat.domain.diagnostic import Diagnostic, Related
from caveat.lang.diagnose import diagnose, quoted
from caveat.policy.policy import Period, Rule

_FEW = 3


@dataclass(frozen=True, slots=True)
class Meeting:
    """Two cases in one resource: what is left out, and what is rejected there or below, which then no longer counts."""

    excluded: Point
    rejected: Point

    def document(self) -> dict[str, object]:
        """Return the least resource that has both."""
        return document_of(self.excluded.site, [self.excluded.occurrence], [(self.rejected.site, self.rejected.occurrence)])


def swallowing_findings(subject: Subject) -> Iterator[Diagnostic]:
    """Give the `reject` rules of which an exclusion can swallow the decision, once each."""
    excludes = [(rule, _holders(subject, rule)) for rule, _ in subject.rules if rule.verb == "exclude"]
    excludes = [(rule, holders) for rule, holders in excludes if holders]
    if not excludes:
        return
    for rule, written in subject.rules:
        if rule.verb != "reject":
            continue
        met = []
        for exclude, holders in excludes:
            if len(met) < _FEW and (meeting := meeting_of(subject, exclude, holders, rule)) is not None:
                met.append((exclude, meeting))
        if met:
            yield _finding(subject, rule, written.rule.verb.span, met)


def _holders(subject: Subject, rule: Rule) -> tuple[Class, ...]:
    """Return the kinds of places at which an exclusion leaves something out."""
    places = subject.space.classes_on(rule.paths)
    return tuple(
        p for p in places if not (p.site.carrier.is_root or p.site.carrier.in_extension_value) and p.site.slot == MODIFIERS
    )


def meeting_of(subject: Subject, exclude: Rule, holders: tuple[Class, ...], reject: Rule) -> Meeting | None:
    """Return a resource in which `exclude` swallows `reject`; None when there is none."""
    period = _overlap(exclude.period, reject.period)
    if period is None:
        return None
    targets = subject.space.classes_on(reject.paths)
    try:
        for holder in holders:
            for target in targets:
                pair = _pair(holder, target)
                if pair is not None:
                    found = _meeting(subject, exclude, reject, period, (holder, target), pair)
                    if found is not None:
                        return found
    except TooMany:
        return None
    return None


def _overlap(one: Period, other: Period) -> Period | None:
    since = max(filter(None, (one.since, other.since)), default=None)
    until = min(filter(None, (one.until, other.until)), default=None)
    return None if since is not None and until is not None and since > until else Period(since, until)


def _pair(holder: Class, target: Class) -> tuple[Site, Site] | None:
    """Return two places of these kinds in one resource, the second the first or below it."""
    if target.site.slot != MODIFIERS:
        return None
    below = {}
    for site in target.sites:
        for length in range(1, len(site.steps) + 1):
            below.setdefault((site.release, site.carrier.resource_type, site.steps[:length]), site)
    for site in holder.sites:
        found = below.get((site.release, site.carrier.resource_type, site.steps))
        if found is not None:
            return site, found
    return None


def _meeting(
    subject: Subject, exclude: Rule, reject: Rule, period: Period, places: tuple[Class, Class], pair: tuple[Site, Site]
) -> Meeting | None:
    """Return a case of each rule at the two places, on one day, of two modifiers that are not one."""
    holder, target = (Class((site,), place.names, place.within) for site, place in zip(pair, places, strict=True))
    wanted = _decided(subject, exclude, period, holder, Verdict.EXCLUDE)
    for rejected in _decided(subject, reject, period, target, Verdict.REJECT):
        for excluded in wanted:
            apart = pair[0] is not pair[1] and pair[0].steps != pair[1].steps
            if (apart or excluded.url != rejected.url) and _is_one_resource(excluded, rejected):
                on_the_day = replace(excluded, today=rejected.today)
                if _is(subject, on_the_day, exclude, Verdict.EXCLUDE):
                    return Meeting(on_the_day, rejected)
    return None


def _is_one_resource(one: Point, other: Point) -> bool:
    return one.occurrence.carrier.has_narrative == other.occurrence.carrier.has_narrative


def _decided(subject: Subject, rule: Rule, period: Period, place: Class, verdict: Verdict) -> list[Point]:
    """Return cases in which a rule decides with a verdict at a place, one of each url, narrative and day."""
    ask = Ask(rule.urls, (place,), period, rule.types, rule.when)
    found: dict[object, Point] = {}
    for point in subject.space.points(ask):
        key = (point.url, point.occurrence.carrier.has_narrative, point.today)
        if key not in found and _is(subject, point, rule, verdict):
            found[key] = point
            if len({url for url, _, _ in found}) > 1 and len(found) > _FEW:  # type: ignore[misc]  # keys are triples
                break
    return list(found.values())


def _is(subject: Subject, point: Point, rule: Rule, verdict: Verdict) -> bool:
    decision = subject.unscoped_decision(point)
    return decision.rule == rule.name and decision.ground is Ground.RULE and decision.verdict is verdict


def _finding(subject: Subject, rule: Rule, span: object, met: list[tuple[Rule, Meeting]]) -> Diagnostic:
    first, meeting = met[0]
    where = f"`{meeting.rejected.site.path}`"
    note = (
        f"a modifier that {quoted(first.name)} excludes by, on `{meeting.excluded.site.path}`, and one that {quoted(rule.name)} "
        f"rejects, on {where}: the element is left out, and the rest is processed"
    )
    related = tuple(Related(subject.written[each.name].rule.verb.span, "leaves the element out") for each, _ in met)
    return diagnose(
        "CV112",
        f"{quoted(rule.name)} does not stop a resource where {quoted(first.name)} leaves the element out",
        subject.written[rule.name].rule.verb.span,
        label="an exclusion swallows this",
        notes=(note,),
        remedy="write `forbid`: it stands below what is left out",
        related=related,
    )
