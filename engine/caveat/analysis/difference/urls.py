"""The urls that two policies may tell apart, each class with what the rules and waivers of both say of it.

Rule 1: a class is one literal url, or all urls that match the same patterns and are no literal of either policy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from caveat.analysis.space import ANYWHERE
from caveat.analysis.urls import Urls as Cut
from caveat.analysis.values import literals_of
from caveat.domain.change import Naming, Urls
from caveat.domain.decision import RULES
from caveat.policy.conditions import parts_of
from caveat.policy.policy import Policy, Rule, Waiver
from caveat.policy.selectors import UrlPattern
from caveat.spec.known import published_extensions, published_modifiers
from caveat.spec.release import Release

NO_URL = Urls(Naming.NONE, "")
Pair = tuple[Policy, Policy]


@dataclass(frozen=True, slots=True, eq=False)
class UrlClass:
    """Urls that both policies see alike: how they are told, one of them, and the rules and waivers of each that speak of it."""

    told: Urls
    example: str
    rules: tuple[tuple[Rule, ...], tuple[Rule, ...]]
    waivers: tuple[tuple[Waiver, ...], tuple[Waiver, ...]]


def cut_of(policies: Pair, more: Iterable[str] = ()) -> Cut:
    """Return every url term of two policies; `more` are literal urls besides."""
    named = [rule.urls for policy in policies for rule in policy.rules]
    named += [waiver.urls for policy in policies for waiver in policy.waivers if waiver.urls is not None]
    locked = [url for policy in policies for url in policy.library.definitions]
    return Cut.of(named, (*locked, *more))


def url_classes(policies: Pair, cut: Cut) -> Iterator[UrlClass]:
    """Give every class of urls: the literal ones, those of patterns, and those that nothing names."""
    literals = set(cut.literals)
    met: set[tuple[UrlPattern, ...]] = set()
    for url in cut.cells(ANYWHERE):
        if url in literals:
            yield class_of(policies, Urls(Naming.LITERAL, url), url)
            continue
        matched = tuple(pattern for pattern in cut.patterns if pattern.matches(url))
        if matched not in met:
            met.add(matched)
            yield class_of(policies, _told(matched), url)


def _told(matched: tuple[UrlPattern, ...]) -> Urls:
    """Return how urls that match some patterns are told: by the narrowest."""
    if not matched:
        return Urls(Naming.ANYTHING, "anything")
    narrowest = max(matched, key=lambda pattern: (len(pattern.prefix), not pattern.deep))
    return Urls(Naming.PATTERN, narrowest.text)


def class_of(policies: Pair, told: Urls, url: str) -> UrlClass:
    """Return the class that `url` is of, told as `told`."""
    old, new = policies
    return UrlClass(told, url, (_rules(old, url), _rules(new, url)), (_waivers(old, url), _waivers(new, url)))


def _rules(policy: Policy, url: str) -> tuple[Rule, ...]:
    return tuple(rule for rule in policy.rules_for(url) if rule.urls.matches(url))


def _waivers(policy: Policy, url: str) -> tuple[Waiver, ...]:
    return tuple(waiver for waiver in policy.waivers if waiver.urls is None or waiver.urls.matches(url))


def published_classes(policies: Pair, releases: Iterable[Release], *, plain: bool) -> Iterator[UrlClass]:
    """Give a class for each way in which waivers of `wrong-slot` speak of what HL7 publishes and neither policy names.

    Of plain extensions, else of modifiers; there is none where no waiver speaks of them.
    """
    waivers = [w for policy in policies for w in policy.waivers if w.kind == "wrong-slot" and w.urls is not None]
    if not waivers:
        return
    met: set[tuple[bool, ...]] = set()
    for url in sorted(_listed(releases, plain=plain) - _literals(policies)):
        speaks = tuple(_matches(waiver, url) for waiver in waivers)
        if any(speaks) and speaks not in met:
            met.add(speaks)
            patterns = {p for w in waivers if w.urls is not None for p in w.urls.include.patterns if p.matches(url)}
            text = _told(tuple(sorted(patterns))).text
            yield class_of(policies, Urls(Naming.PATTERN, text, "plain" if plain else "modifier"), url)


def _matches(waiver: Waiver, url: str) -> bool:
    return waiver.urls is not None and waiver.urls.matches(url)


def _listed(releases: Iterable[Release], *, plain: bool) -> set[str]:
    """Return the urls that HL7 lists as those of plain extensions, else of modifiers."""
    found: set[str] = set()
    for release in releases:
        found |= published_extensions(release) - published_modifiers(release) if plain else published_modifiers(release)
    return found


def _literals(policies: Pair) -> frozenset[str]:
    return frozenset(cut_of(policies).literals)


def conditional_texts(policies: Pair) -> Iterator[str]:
    """Give the texts that conditions of rules on `implicitRules` compare their value with."""
    for rule in (rule for policy in policies for rule in policy.rules):
        if rule.when is not None and any(path.name.endswith(RULES) for path in rule.paths):
            for atom in parts_of(rule.when):
                yield from (literal for literal in literals_of(atom) if isinstance(literal, str))
