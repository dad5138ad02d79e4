"""The finite space of cases that policies can tell apart: urls, places, values, days; each a real occurrence for `decide`.

Rule 1: two cases that no rule, waiver, default or `reads` of the policies tells apart are one, and one of them stands for it.
Rule 2: cases are drawn where they are asked for: the whole product is never made.
Rule 3: what is structurally wrong before rules are asked is no case of a rule (`is_lawful` says why it never can be one).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property
from itertools import product
from typing import Any

from caveat.analysis.document import document_of
from caveat.analysis.grounds import Grounds
from caveat.analysis.places import Class, Places
from caveat.analysis.sites import Site, value_types
from caveat.analysis.urls import Urls
from caveat.analysis.values import COMPLEX, Value, kinds_for, literals_of, values
from caveat.domain.decision import RULES, Decision, Intent, Occurrence, Verdict
from caveat.domain.url import is_absolute_uri, is_absolute_url
from caveat.judge.evaluate import decide
from caveat.policy.conditions import Condition, evaluate, parts_of
from caveat.policy.policy import PathDefault, Period, Policy, Rule, Waiver
from caveat.policy.selectors import PathSelector, UrlSelector, UrlTerms
from caveat.spec.release import Release

ANYWHERE = UrlSelector(UrlTerms(anything=True))
ALWAYS = Period()
SOME_DAY = date(2026, 1, 1)
_DAY = timedelta(days=1)
_PLAIN_TYPES = ("boolean", "CodeableConcept")


@dataclass(frozen=True, slots=True)
class Ask:
    """Which cases are asked for: urls, kinds of places (None for all), days, value types (empty for any).

    `when` must be true of the value; `apart` are further conditions that values are told apart by. `beside` asks for values only
    that another of the same url, with another value, stands beside.
    """

    urls: UrlSelector = ANYWHERE
    classes: tuple[Class, ...] | None = None
    period: Period = ALWAYS
    types: frozenset[str] = frozenset()
    when: Condition | None = None
    apart: tuple[Condition, ...] = ()
    beside: bool = False

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Every condition that values are told apart by."""
        return (*((self.when,) if self.when is not None else ()), *self.apart)

    def takes(self, value: Value) -> bool:
        """Return whether a value meets the condition that is asked for."""
        return self.when is None or evaluate(self.when, value.extension(""), contradicted=value.contradicted) is True


ANY = Ask()
"""Every case."""


@dataclass(frozen=True, slots=True)
class Point:
    """One case: an occurrence, the release it is of, a day, and the intent."""

    occurrence: Occurrence
    site: Site
    today: date
    intent: Intent

    @property
    def release(self) -> Release:
        """The release that the document is of."""
        return self.site.release

    @property
    def url(self) -> str:
        """The url, or the value of `implicitRules`."""
        return self.occurrence.url or ""

    def decision(self, policy: Policy) -> Decision:
        """Return what `policy` decides in this case."""
        return decide(policy, self.occurrence, self.today, self.intent)

    def document(self) -> dict[str, Any]:
        """Return the least resource that has this case."""
        return document_of(self.site, [self.occurrence])


@dataclass(eq=False)
class Space:
    """The space of some policies together; `tried` counts the cases that were drawn.

    `also` are paths and urls of statements that decide nothing and are asked about all the same: invariants.
    """

    policies: tuple[Policy, ...]
    releases: tuple[Release, ...]
    also: tuple[tuple[UrlSelector, tuple[PathSelector, ...]], ...] = ()
    tried: int = 0
    _values: dict[Any, list[Value]] = field(default_factory=dict)
    _narrowed: dict[tuple[int, str], tuple[Policy, Policy]] = field(default_factory=dict)

    @classmethod
    def of(cls, *policies: Policy, releases: Sequence[Release] = (), also: Any = ()) -> Space:
        """Return the space of policies, in the releases that they are for, else in `releases`, else in all."""
        named = {Release.of(name) for policy in policies for name in policy.releases}
        return cls(policies, tuple(r for r in Release if r in (named or releases or set(Release))), tuple(also))

    @cached_property
    def urls(self) -> Urls:
        """The terms of all rules, waivers and invariants."""
        rules = (rule.urls for rule in self._rules)
        waivers = (waiver.urls for waiver in self._waivers if waiver.urls is not None)
        return Urls.of((*rules, *waivers, *(urls for urls, _ in self.also)))

    @cached_property
    def grounds(self) -> Grounds:
        """What decides before rules are asked."""
        return Grounds(self.policies)

    @cached_property
    def _rules(self) -> tuple[Rule, ...]:
        return tuple(rule for policy in self.policies for rule in policy.rules)

    @cached_property
    def _waivers(self) -> tuple[Waiver, ...]:
        return tuple(waiver for policy in self.policies for waiver in policy.waivers)

    @cached_property
    def _paths(self) -> frozenset[PathSelector]:
        """Every path that a policy names."""
        spoken: list[Rule | Waiver | PathDefault] = [
            *self._rules,
            *self._waivers,
            *(d for policy in self.policies for d in policy.path_defaults),
        ]
        return frozenset(path for each in spoken for path in each.paths) | {path for _, paths in self.also for path in paths}

    @cached_property
    def places(self) -> Places:
        """The places that the policies tell apart."""
        return Places(self.policies, self.releases, self._paths, self.urls.literals, self.grounds)

    @property
    def classes(self) -> tuple[Class, ...]:
        """Every kind of place."""
        return self.places.classes

    def classes_on(self, paths: Iterable[PathSelector]) -> tuple[Class, ...]:
        """Return the kinds of places that some paths name, each once."""
        return self.places.classes_on(paths)

    # cases

    def points(self, ask: Ask = ANY, intents: Sequence[Intent] = (Intent.READ,)) -> Iterator[Point]:
        """Give the cases that `ask` names: every combination of values, narrative, days and intents that is told apart.

        `TooMany` where conditions combine in too many ways.
        """
        places = self.classes if ask.classes is None else ask.classes
        for url in self.urls.cells(ask.urls):
            for place in places:
                yield from self._points_at(url, place, ask, intents)

    def matching(self, rule: Rule) -> Ask:
        """Ask for the cases in which `rule` matches: it is in force, and its condition is true."""
        return Ask(rule.urls, self.classes_on(rule.paths), rule.period, rule.types, rule.when)

    def _points_at(self, url: str, place: Class, ask: Ask, intents: Sequence[Intent]) -> Iterator[Point]:
        site = self.lawful_site(url, place)
        if site is None:
            return
        rules = self.rules_at(url, place)
        waivers = self.waivers_at(url, place)
        days = days_of(rules, waivers, ask.period)
        for value in self.values_at(url, site, rules, ask):
            for occurrence in self._occurrences(url, site, value, (*rules, *waivers)):
                for today, intent in product(days, intents):
                    self.tried += 1
                    yield Point(occurrence, site, today, intent)

    @staticmethod
    def _occurrences(url: str, site: Site, value: Value, spoken: Sequence[Rule | Waiver]) -> Iterator[Occurrence]:
        """Give the occurrence with a narrative and, where that makes a difference, without."""
        carrier = site.carrier
        is_rules = site.slot == RULES
        said = {"url": RULES, "valueUri": url} if is_rules else value.extension(url)
        location = carrier.location if is_rules else f"{carrier.location}.{site.slot}[0]"
        location = f"{location}.{RULES}" if is_rules else location
        made = Occurrence(url, location, site.slot, carrier, value.type, said, value.contradicted)
        yield made
        if any(each.verdict is Verdict.NARRATIVE for each in spoken):
            yield replace(made, carrier=replace(carrier, has_narrative=not carrier.has_narrative))

    def lawful_site(self, url: str, place: Class) -> Site | None:
        """Return a place of a kind at which `url` is lawful, None when rules are never asked about it there."""
        if place.site.slot == RULES:
            return place.site if is_absolute_uri(url) else None
        if not is_absolute_url(url):
            return None
        return next((site for site in place.sites if self.grounds.allow(url, site)), None)

    def rules_at(self, url: str, place: Class) -> list[Rule]:
        """Return the rules of all policies that speak of a url at a kind of place."""
        return [rule for policy in self.policies for rule in self.narrowed(policy, url).rules if place.is_on(rule.paths)]

    def narrowed(self, policy: Policy, url: str) -> Policy:
        """Return `policy` with only those rules that speak of `url`, on which it decides alike; made once for each url."""
        key = (id(policy), url)
        if key not in self._narrowed:
            rules = tuple(rule for rule in policy.rules_for(url) if rule.urls.matches(url))
            self._narrowed[key] = (policy, replace(policy, rules=rules))
        return self._narrowed[key][1]

    def decision(self, policy: Policy, point: Point) -> Decision:
        """Return what `policy` decides in a case; near misses by other urls left out."""
        return decide(self.narrowed(policy, point.url), point.occurrence, point.today, point.intent)

    def waivers_at(self, url: str, place: Class) -> list[Waiver]:
        """Return the waivers of all policies that speak of a url at a kind of place, whatever they waive."""
        return [w for w in self._waivers if (w.urls is None or w.urls.matches(url)) and place.is_on(w.paths)]

    # values

    def values_at(self, url: str, site: Site, rules: Sequence[Rule], ask: Ask) -> Iterator[Value]:
        """Give the values that the rules of a url at a place tell apart, as far as they are asked for."""
        if site.slot == RULES:
            value = Value("uri", {"valueUri": url}, contradicted=False, told=())
            if not ask.types or "uri" in ask.types:
                yield from filter(ask.takes, [value])
            return
        is_once = self.grounds.is_once(url, site.release)
        if ask.beside and not self.grounds.is_several(url, site.release):
            return
        beside = (False,) if is_once else (True,) if ask.beside else (False, True)
        for kind in self._types_at(url, site, rules, ask.types):
            mine = [rule.when for rule in rules if rule.when is not None and (not rule.types or kind in rule.types)]
            asked = dict.fromkeys([*mine, *ask.conditions])
            yield from filter(ask.takes, self._values_of(tuple(asked), kind, url, site, beside))

    def _types_at(self, url: str, site: Site, rules: Sequence[Rule], types: frozenset[str]) -> list[str]:
        """Return the value types that the rules tell apart, `types` only where some are named."""
        known = {*value_types(site.release), COMPLEX}
        named = {kind for rule in rules for kind in rule.types}
        for rule in rules:
            if rule.when is not None and not rule.types:
                named |= types_for(rule.when, site.release)
        allowed = self.grounds.types(url, site.release)
        usual = _PLAIN_TYPES if allowed is None else tuple(sorted(allowed))
        others = [kind for kind in (*usual, *sorted(known)) if kind not in named and kind != COMPLEX]
        chosen = sorted(types) if types else [*sorted(named), *others[:1], COMPLEX]
        return [kind for kind in dict.fromkeys(chosen) if kind in known and (allowed is None or kind in allowed)]

    def _values_of(
        self, conditions: tuple[Condition, ...], kind: str, url: str, site: Site, beside: tuple[bool, ...]
    ) -> list[Value]:
        base = self.grounds.base(url, site.release) if kind == COMPLEX else None
        key = (conditions, kind, site.release, url if base else None, beside)
        if key not in self._values:
            self._values[key] = values(conditions, kind, site.release, base, beside)
        return self._values[key]


def types_for(condition: Condition, release: Release) -> frozenset[str]:
    """Return the value types of which a condition without `as` may say something."""
    found: set[str] = set()
    for atom in parts_of(condition):
        if atom.operand.part is not None:
            found.add(COMPLEX)
        elif atom.operand.fields:
            first = atom.operand.fields[0]
            found |= {
                k for k, (_, c) in value_types(release).items() if not c.primitive and c.shape and first in c.shape.children
            }
        else:
            found |= {kind for literal in literals_of(atom) for kind in kinds_for(literal)} or {"boolean", "CodeableConcept"}
    return frozenset(found)


def days_of(rules: Iterable[Rule], waivers: Iterable[Waiver], period: Period) -> list[date]:
    """Return one day of each stretch of days in `period` on which the same rules and waivers hold."""
    spoken = [*(rule.period for rule in rules), *(waiver.period for waiver in waivers)]
    told: dict[tuple[bool, ...], date] = {}
    for day in boundaries([*spoken, period]):
        if period.holds(day):
            told.setdefault(tuple(each.holds(day) for each in spoken), day)
    return list(told.values())


def boundaries(periods: Iterable[Period]) -> list[date]:
    """Return the days about the ends of some periods: in each stretch between them there is one."""
    days = {SOME_DAY}
    for held in periods:
        days |= {held.since} if held.since else set()
        days |= {held.since - _DAY} if held.since and held.since > date.min else set()
        days |= {held.until} if held.until else set()
        days |= {held.until + _DAY} if held.until and held.until < date.max else set()
    return sorted(days)
