"""The finite space of cases that policies can tell apart: urls, places, values, days; each a real occurrence for `decide`.

Rule 1: two cases that no rule, waiver, default or `reads` of the policies tells apart are one, and one of them stands for it.
Rule 2: cases are drawn where they are asked for: the whole product is never made.
Rule 3: what is structurally wrong before rules are asked is no case of a rule (`is_lawful` says why it never can be one).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property
from itertools import product
from typing import Any

from caveat.analysis.document import document_of
from caveat.analysis.grounds import Grounds
from caveat.analysis.sites import Site, hosts_of, sites_at, sites_of, value_types, way_to
from caveat.analysis.urls import Urls
from caveat.analysis.values import COMPLEX, Value, kinds_for, literals_of, values
from caveat.domain.decision import RULES, Decision, Intent, Occurrence, Verdict
from caveat.domain.url import is_absolute_uri, is_absolute_url
from caveat.judge.evaluate import decide
from caveat.judge.scope import in_scope
from caveat.policy.conditions import Condition, evaluate, parts_of
from caveat.policy.policy import PathDefault, Period, Policy, Rule, Waiver
from caveat.policy.selectors import PathSelector, UrlSelector, UrlTerms
from caveat.spec.context import path_of
from caveat.spec.release import Release
from caveat.spec.shape import tables

ANYWHERE = UrlSelector(UrlTerms(anything=True))
ALWAYS = Period()
SOME_DAY = date(2026, 1, 1)
_DAY = timedelta(days=1)
_PLAIN_TYPES = ("boolean", "CodeableConcept", COMPLEX)


@dataclass(frozen=True, slots=True, eq=False)
class Class:
    """Places that the policies do not tell apart; `names` and `within` are the selectors' names that name them."""

    sites: tuple[Site, ...]
    names: frozenset[str]
    within: frozenset[str]

    @property
    def site(self) -> Site:
        """The place that stands for all."""
        return self.sites[0]

    def is_on(self, paths: Iterable[PathSelector]) -> bool:
        """Return whether one of some paths names these places."""
        return any(path.name in (self.within if path.deep else self.names) for path in paths)


@dataclass(frozen=True, slots=True)
class Ask:
    """Which cases are asked for: urls, kinds of places (None for all), days, value types (empty for any).

    `when` must be true of the value; `apart` are further conditions that values are told apart by.
    """

    urls: UrlSelector = ANYWHERE
    classes: tuple[Class, ...] | None = None
    period: Period = ALWAYS
    types: frozenset[str] = frozenset()
    when: Condition | None = None
    apart: tuple[Condition, ...] = ()

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

    @classmethod
    def of(cls, *policies: Policy, releases: Sequence[Release] = (), also: Any = ()) -> Space:
        """Return the space of policies, in the releases that they are for, else in `releases`, else in all."""
        named = {Release.of(name) for policy in policies for name in policy.releases}
        return cls(policies, tuple(r for r in Release if r in (named or releases or set(Release))), tuple(also))

    # what the policies speak of

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

    # places

    @cached_property
    def classes(self) -> tuple[Class, ...]:
        """Every kind of place that the policies tell apart."""
        exact = frozenset(path.name for path in self._paths if not path.deep)
        deep = frozenset(path.name for path in self._paths if path.deep)
        grouped: defaultdict[tuple[Any, ...], list[Site]] = defaultdict(list)
        for site in self._sites():
            carrier = site.carrier
            scope = tuple(in_scope(policy, carrier) for policy in self.policies)
            told = (site.slot, carrier.is_root, carrier.in_extension_value, carrier.has_narrative, scope)
            grouped[site.names & exact, site.within & deep, told].append(site)
        return tuple(Class(tuple(sites), names, within) for (names, within, _), sites in grouped.items())

    def _sites(self) -> Iterator[Site]:
        """Give every place in the types of resources that the policies name, and in a few that they do not."""
        for release in self.releases:
            data_types = self._data_types(release)
            wanted = tuple(dict.fromkeys(("Timing", *data_types)))
            for kind in self._kinds(release):
                found = {site.steps if site.slot != RULES else RULES: site for site in sites_of(release, kind)}
                named = [*self._named_below[kind], *self._named_in(release, kind, data_types)]
                for name in (kind, *named) if data_types or named else ():
                    found |= {site.steps: site for site in sites_at(release, kind, name.split(".")[1:], wanted)}
                yield from found.values()

    def _data_types(self, release: Release) -> tuple[str, ...]:
        """Return the data types that paths begin with."""
        shapes = {name: tables(release).shape(name) for name in sorted(self._heads)}
        return tuple(name for name, shape in shapes.items() if shape is not None and shape.kind == "datatype")

    def _named_in(self, release: Release, kind: str, data_types: tuple[str, ...]) -> Iterator[str]:
        """Give the elements of a type of resource that paths which begin with a data type name."""
        for data_type in data_types:
            way = way_to(release, kind, data_type)
            if way is not None:
                yield way
                yield from (way + name.removeprefix(data_type) for name in self._named_below[data_type])

    @cached_property
    def _heads(self) -> frozenset[str]:
        return frozenset(path.name.partition(".")[0] for path in self._paths)

    @cached_property
    def _named_below(self) -> Mapping[str, tuple[str, ...]]:
        """The elements that paths and `reads` name, by type."""
        read = [element for reading in self._reads for element in reading.elements or ()]
        named = [path.name for path in self._paths if "." in path.name and not path.name.endswith(f".{RULES}")]
        found: defaultdict[str, list[str]] = defaultdict(list)
        for name in sorted({*named, *read}):
            found[name.partition(".")[0]].append(name)
        return defaultdict(tuple, {kind: tuple(names) for kind, names in found.items()})

    @property
    def _reads(self) -> Iterator[Any]:
        return (reading for policy in self.policies for reading in policy.reads)

    def _kinds(self, release: Release) -> list[str]:
        """Return the types of resources to look at: those named, those of definitions, and of the others some of each shape."""
        read = tables(release)
        named = self._heads | {reading.type for reading in self._reads} | self._kinds_of_definitions(release)
        kinds = [kind for kind in sorted(read.resource_types) if kind in named]
        others = [
            kind for kind in ("Basic", "Account", "Appointment", "Bundle", *sorted(read.resource_types)) if kind not in named
        ]
        kinds += [kind for kind in others if kind in read.resource_types][:4]
        for head in self._data_types(release):
            kinds += [kind for kind in hosts_of(release, head) if kind not in kinds][:2]
        return list(dict.fromkeys(kinds))

    def _kinds_of_definitions(self, release: Release) -> frozenset[str]:
        """Return the types that the definitions of literal urls allow these on."""
        found = set()
        for url in self.urls.literals:
            definition = self.grounds.definition(url, release)
            for context in definition.contexts if definition is not None and definition.is_whole else ():
                path = path_of(context.expression)
                shape = tables(release).shape(path.partition(".")[0]) if path else None
                if path and shape is not None and shape.kind == "datatype":
                    found |= set(hosts_of(release, shape.name))
                elif path:
                    found.add(path.partition(".")[0])
        return frozenset(found)

    @cached_property
    def _by_name(self) -> Mapping[tuple[str, bool], tuple[Class, ...]]:
        found: defaultdict[tuple[str, bool], list[Class]] = defaultdict(list)
        for each in self.classes:
            for name in each.names:
                found[name, False].append(each)
            for name in each.within:
                found[name, True].append(each)
        return {key: tuple(classes) for key, classes in found.items()}

    def classes_on(self, paths: Iterable[PathSelector]) -> tuple[Class, ...]:
        """Return the kinds of places that some paths name, each once."""
        return tuple(dict.fromkeys(c for path in paths for c in self._by_name.get((path.name, path.deep), ())))

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
        found = (rule for policy in self.policies for rule in policy.rules_for(url))
        return [rule for rule in found if rule.urls.matches(url) and place.is_on(rule.paths)]

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
        for kind in self._types_at(url, site, rules, ask.types):
            mine = [rule.when for rule in rules if rule.when is not None and (not rule.types or kind in rule.types)]
            asked = dict.fromkeys([*mine, *ask.conditions])
            for value in self._values_of(tuple(asked), kind, url, site):
                if not (value.contradicted and self.grounds.is_once(url, site.release)) and ask.takes(value):
                    yield value

    def _types_at(self, url: str, site: Site, rules: Sequence[Rule], types: frozenset[str]) -> list[str]:
        """Return the value types that the rules tell apart, `types` only where some are named."""
        known = {*value_types(site.release), COMPLEX}
        named = {kind for rule in rules for kind in rule.types}
        for rule in rules:
            if rule.when is not None and not rule.types:
                named |= types_for(rule.when, site.release)
        others = [kind for kind in (*_PLAIN_TYPES, *sorted(known)) if kind not in named]
        chosen = sorted(types) if types else [*sorted(named), *others[:1], COMPLEX]
        allowed = self.grounds.types(url, site.release)
        found = [kind for kind in dict.fromkeys(chosen) if kind in known and (allowed is None or kind in allowed)]
        if not found and allowed and not types:
            found = sorted(allowed & known)[:1]
        return found

    def _values_of(self, conditions: tuple[Condition, ...], kind: str, url: str, site: Site) -> list[Value]:
        base = self.grounds.base(url, site.release) if kind == COMPLEX else None
        key = (conditions, kind, site.release, url if base else None)
        if key not in self._values:
            self._values[key] = values(conditions, kind, site.release, base)
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
    starts = {SOME_DAY}
    for held in (*(rule.period for rule in rules), *(waiver.period for waiver in waivers), period):
        starts |= {held.since} if held.since else set()
        starts |= {held.since - _DAY} if held.since and held.since > date.min else set()
        starts |= {held.until} if held.until else set()
        starts |= {held.until + _DAY} if held.until and held.until < date.max else set()
    days = sorted(day for day in starts if period.holds(day))
    spoken = [*(rule.period for rule in rules), *(waiver.period for waiver in waivers)]
    told: dict[tuple[bool, ...], date] = {}
    for day in days:
        told.setdefault(tuple(each.holds(day) for each in spoken), day)
    return list(told.values())
