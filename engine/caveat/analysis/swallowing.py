"""CV112: an `exclude` and a `reject` that can meet, the one leaving out the element that the other would stop the resource for.

Rule 1: they meet in scope, on one day, as two modifiers on one element, of two urls or of one with two values, or the `reject`
on an element below.
Rule 2: each pair is found by the decisions of both, in one resource that both can stand in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import islice

from caveat.analysis.document import document_of
from caveat.analysis.places import Class
from caveat.analysis.sites import Site
from caveat.analysis.space import Ask, Point, boundaries
from caveat.analysis.subject import Subject
from caveat.analysis.values import TooMany
from caveat.domain.decision import MODIFIERS, Ground, Verdict
from caveat.domain.diagnostic import Diagnostic, Related
from caveat.judge.scope import in_scope
from caveat.lang.diagnose import diagnose, quoted
from caveat.policy.policy import Period, Rule
from caveat.spec.release import Release

_FEW = 3
_Key = tuple[Release, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Meeting:
    """Two cases in one resource: what is left out, and what is rejected there or below, which then no longer counts."""

    excluded: Point
    rejected: Point

    def document(self) -> dict[str, object]:
        """Return the least resource that has both."""
        one, other = self.excluded.occurrence, self.rejected.occurrence
        if self.is_of_one_url:  # they contradict each other, and want no third
            one, other = replace(one, contradicted=False), replace(other, contradicted=False)
        return document_of(self.excluded.site, [one], [(self.rejected.site, other)])

    @property
    def is_of_one_url(self) -> bool:
        """Whether one url stands twice on one element."""
        return self.excluded.site.way == self.rejected.site.way and self.excluded.url == self.rejected.url


def swallowing_findings(subject: Subject) -> Iterator[Diagnostic]:
    """Give the `reject` rules of which an exclusion can swallow the decision, once each."""
    search = Search(subject)
    excludes = [rule for rule, _ in subject.rules if rule.verb == "exclude"]
    for rule, _ in subject.rules if excludes else ():
        if rule.verb == "reject":
            met = list(islice(search.meetings(excludes, rule), _FEW))
            if met:
                yield _finding(subject, rule, met)


@dataclass(eq=False)
class Search:
    """The search for meetings in one policy; what was found of a rule at a place is kept."""

    subject: Subject
    _decided: dict[tuple[str, Site, Period, bool], list[Point]] = field(default_factory=dict)
    _ways: dict[Class, dict[_Key, Site]] = field(default_factory=dict)
    _holders: dict[str, tuple[Class, ...]] = field(default_factory=dict)
    _pairs: dict[tuple[Class, Class], tuple[Site, Site] | None] = field(default_factory=dict)

    def meetings(self, excludes: Iterable[Rule], reject: Rule) -> Iterator[tuple[Rule, Meeting]]:
        """Give the rules that swallow what `reject` decides, each with a resource in which it does."""
        for exclude in excludes:
            period = _overlap(exclude.period, reject.period)
            try:
                meeting = self._of(exclude, reject, period) if period is not None else None
            except TooMany:
                continue
            if meeting is not None:
                yield exclude, meeting

    def holders(self, exclude: Rule) -> tuple[Class, ...]:
        """Return the kinds of places at which a rule leaves something out."""
        if exclude.name not in self._holders:
            places = self.subject.space.classes_on(exclude.paths)
            able = [place for place in places if self._counts(place) and not place.site.carrier.is_root]
            leaving = (place for place in able if self._cases(exclude, exclude.period, place.site, Verdict.EXCLUDE))
            self._holders[exclude.name] = tuple(leaving)
        return self._holders[exclude.name]

    def _counts(self, place: Class) -> bool:
        """Return whether modifiers of a kind of places count: outside `reads` all is clear, and to modify nothing is left out."""
        return place.site.slot == MODIFIERS and in_scope(self.subject.policy, place.site.carrier)

    def _of(self, exclude: Rule, reject: Rule, period: Period) -> Meeting | None:
        targets = [place for place in self.subject.space.classes_on(reject.paths) if self._counts(place)]
        for holder in self.holders(exclude):
            for target in targets:
                pair = self._pair(holder, target)
                found = self._at(exclude, reject, period, pair) if pair is not None else None
                if found is not None:
                    return found
        return None

    def _pair(self, holder: Class, target: Class) -> tuple[Site, Site] | None:
        """Return two places of these kinds in one resource, the second the first or below it."""
        if (holder, target) not in self._pairs:
            ways = self._ways.get(target)
            if ways is None:
                ways = self._ways[target] = {}
                for site in target.sites:
                    for length in range(1, len(site.way) + 1):
                        ways.setdefault((site.release, site.way[:length]), site)
            met = ((site, ways.get((site.release, site.way))) for site in holder.sites)
            self._pairs[holder, target] = next(((one, other) for one, other in met if other is not None), None)
        return self._pairs[holder, target]

    def _at(self, exclude: Rule, reject: Rule, period: Period, pair: tuple[Site, Site]) -> Meeting | None:
        """Return a case of each rule at the two places, on one day, of two modifiers that are not one."""
        is_one = pair[0].way == pair[1].way
        for beside in (False, True) if is_one else (False,):
            for rejected in self._cases(reject, reject.period, pair[1], Verdict.REJECT, beside=beside):
                for excluded in self._cases(exclude, exclude.period, pair[0], Verdict.EXCLUDE, beside=beside):
                    is_apart = not is_one or (excluded.url == rejected.url) == beside
                    if is_apart and _can_share(excluded, rejected):
                        for day in self._days(excluded.url, rejected.url, period):
                            one, other = replace(excluded, today=day), replace(rejected, today=day)
                            if self._is(one, exclude, Verdict.EXCLUDE) and self._is(other, reject, Verdict.REJECT):
                                return Meeting(one, other)
        return None

    def _days(self, one: str, other: str, period: Period) -> list[date]:
        """Return a day of each stretch of `period` in which all that speaks of two urls holds or does not."""
        space, policy = self.subject.space, self.subject.unscoped
        rules = [rule for url in (one, other) for rule in space.narrowed(policy, url).rules]
        spoken = [*(rule.period for rule in rules), *(waiver.period for waiver in policy.waivers), period]
        return [day for day in boundaries(spoken) if period.holds(day)]

    def _cases(self, rule: Rule, period: Period, site: Site, verdict: Verdict, *, beside: bool = False) -> list[Point]:
        """Return cases in which a rule decides with a verdict at a place, one of each url, narrative and day.

        With `beside` another of the same url and another value stands on the element. Two rules that decide differently on one
        url, in one place on one day, do so of two values; so it is enough to know one case of each.
        """
        key = (rule.name, site, period, beside)
        if key not in self._decided:
            place = Class((site,), *self._names(site))
            found: dict[tuple[str, bool, date], Point] = {}
            for point in self.subject.space.points(Ask(rule.urls, (place,), period, rule.types, rule.when, beside=beside)):
                told = (point.url, point.occurrence.carrier.has_narrative, point.today)
                if told not in found and self._is(point, rule, verdict):
                    found[told] = point
            self._decided[key] = list(found.values())
        return self._decided[key]

    @staticmethod
    def _names(site: Site) -> tuple[frozenset[str], frozenset[str]]:
        return site.names, site.within

    def _is(self, point: Point, rule: Rule, verdict: Verdict) -> bool:
        decision = self.subject.unscoped_decision(point)
        return decision.rule == rule.name and decision.ground is Ground.RULE and decision.verdict is verdict


def _overlap(one: Period, other: Period) -> Period | None:
    since = max(filter(None, (one.since, other.since)), default=None)
    until = min(filter(None, (one.until, other.until)), default=None)
    return None if since is not None and until is not None and since > until else Period(since, until)


def _can_share(one: Point, other: Point) -> bool:
    """Return whether one resource can hold both cases: it has a narrative in both, or in neither."""
    return one.occurrence.carrier.has_narrative == other.occurrence.carrier.has_narrative


def _finding(subject: Subject, rule: Rule, met: list[tuple[Rule, Meeting]]) -> Diagnostic:
    first, meeting = met[0]
    left_out, lost = meeting.excluded.site.path, meeting.rejected.site.path
    what = "another modifier of it" if left_out == lost else f"a modifier on `{lost}`"
    what = "another of the same url" if meeting.is_of_one_url else what
    note = f"{quoted(first.name)} leaves `{left_out}` out, with {what} that {quoted(rule.name)} rejects: the rest is processed"
    return diagnose(
        "CV112",
        f"{quoted(rule.name)} does not stop a resource where {quoted(first.name)} leaves the element out",
        subject.written[rule.name].rule.verb.span,
        label="an exclusion swallows this",
        notes=(note,),
        remedy="write `forbid`: it counts within what is left out too",
        related=tuple(Related(subject.written[each.name].rule.verb.span, "leaves the element out") for each, _ in met),
    )
