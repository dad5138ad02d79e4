"""The urls that two policies may tell apart, each class with what the rules and waivers of both say of it.

Rule 1: a class is one literal url, or all urls that match the same patterns and are no literal of either policy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from caveat.analysis.urls import Urls as Cut
from caveat.domain.change import Naming, Urls
from caveat.policy.policy import Policy, Rule, Waiver
from caveat.policy.selectors import UrlPattern, UrlSelector, UrlTerms

_EVERY = UrlSelector(UrlTerms(anything=True))
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
    named = [each.urls for policy in policies for each in (*policy.rules, *policy.waivers) if each.urls is not None]
    locked = [url for policy in policies for url in policy.library.definitions]
    return Cut.of(named, (*locked, *more))


def url_classes(policies: Pair, cut: Cut) -> Iterator[UrlClass]:
    """Give every class of urls: the literal ones, those of patterns, and those that nothing names."""
    literals = set(cut.literals)
    met: set[tuple[UrlPattern, ...]] = set()
    for url in cut.cells(_EVERY):
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
