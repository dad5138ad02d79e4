"""The test that tells a mutant from its policy, found in the finite space of both.

Rule 1: a witness passes on the policy and fails on the mutant; both were tried.
Rule 2: a mutant is equal to its policy only when no case of the space of both is decided differently.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice, product
from typing import Any

from caveat.analysis.document import document_of
from caveat.analysis.sites import Site
from caveat.analysis.space import ANYWHERE, Ask, Point, Space
from caveat.analysis.values import TooMany
from caveat.domain.decision import RULES, SLOTS, Intent, Verdict
from caveat.judge.check import Question
from caveat.packs.mutants import Change, DefaultChange, Mutant, RuleChange, changed
from caveat.packs.witness import Modifier, Witness, expectation, literals_of, run, seen
from caveat.policy.policy import Policy, Rule, Waiver
from caveat.policy.selectors import PathSelector, UrlSelector, UrlTerms
from caveat.spec.known import published_kind

_TRIES = 16  # cases that are decided differently, of which the plainest becomes the test


@dataclass(frozen=True, slots=True)
class Search:
    """What came of looking: a test, or none; without one, `exhausted` says that nothing at all is decided differently."""

    witness: Witness | None = None
    exhausted: bool = True


@dataclass(frozen=True, slots=True)
class _Pair:
    """A policy and its mutant as they are asked, the space of both, what is between them, and the policy with all its rules."""

    asked: Question
    other: Question
    space: Space
    change: Change
    whole: Policy


def search(question: Question, mutant: Mutant) -> Search:
    """Look for a test that passes on the policy of `question` and fails on `mutant`, the plainest of the first that are found."""
    before = _part(question.policy, mutant.change)
    after = changed(before, mutant.change)
    asked, other = replace(question, policy=before), replace(question, policy=after)
    differed = False
    for releases in ((question.release.value,), before.releases):
        space = Space.of(replace(before, releases=releases), replace(after, releases=releases))
        try:
            some = list(_until_plain(islice(_tried(_Pair(asked, other, space, mutant.change, question.policy)), _TRIES)))
        except TooMany:
            return Search(exhausted=False)
        found = [each for each in some if each is not None]
        if found:
            return Search(min(found, key=lambda each: each.plainness))
        differed = differed or bool(some)
    return Search(exhausted=not differed)


def _until_plain(tried: Iterator[Witness | None]) -> Iterator[Witness | None]:
    """Give what was tried up to the first test that is as plain as any."""
    for each in tried:
        yield each
        if each is not None and each.is_plain:
            return


# what differs


def _part(policy: Policy, change: Change) -> Policy:
    """Return the policy with no more rules than can speak of a url of what is changed."""
    if isinstance(change, DefaultChange):
        return replace(policy, rules=tuple(rule for rule in policy.rules if rule.urls.include.anything))
    wanted = _spoken(policy, change)
    if wanted.include.anything:
        return policy
    return replace(policy, rules=tuple(rule for rule in policy.rules if rule.name == change.name or _meets(rule, wanted.include)))


def _meets(rule: Rule, terms: UrlTerms) -> bool:
    """Return whether a url may be of a rule and of some terms."""
    mine = rule.urls.include
    return (
        mine.anything
        or not mine.literals.isdisjoint(terms.literals)
        or any(mine.matches(url) for url in terms.literals)
        or any(terms.matches(url) for url in mine.literals)
        or any(a.prefix.startswith(b.prefix) or b.prefix.startswith(a.prefix) for a in mine.patterns for b in terms.patterns)
    )


def _spoken(policy: Policy, change: Change) -> UrlSelector:
    """Return the urls of what is changed, before and after."""
    if isinstance(change, DefaultChange):
        return ANYWHERE
    if isinstance(change, RuleChange):
        some = [rule.urls for rule in (*policy.rules, change.rule) if rule is not None and rule.name == change.name]
    else:
        waivers = [each for each in (*policy.waivers, change.waiver) if each is not None and each.name == change.name]
        some = [each.urls or ANYWHERE for each in waivers]
    return UrlSelector(
        UrlTerms(
            literals=frozenset().union(*(urls.include.literals for urls in some)),
            patterns=tuple(sorted({pattern for urls in some for pattern in urls.include.patterns})),
            anything=any(urls.include.anything for urls in some),
        )
    )


def _paths(policy: Policy, change: Change) -> tuple[PathSelector, ...] | None:
    """Return the paths of what is changed, before and after; None for any."""
    if isinstance(change, DefaultChange):
        return None if change.index is None else policy.path_defaults[change.index].paths
    new = change.rule if isinstance(change, RuleChange) else change.waiver
    spoken: tuple[Rule | Waiver | None, ...] = (*policy.rules, *policy.waivers, new)
    return tuple(dict.fromkeys(path for each in spoken if each is not None and each.name == change.name for path in each.paths))


def _tried(pair: _Pair) -> Iterator[Witness | None]:
    """Give the test that shows each case that is decided differently, None for a case that no test shows."""
    before, after = pair.asked.policy, pair.other.policy
    spoken, paths = _spoken(before, pair.change), _paths(before, pair.change)
    asked = Ask(spoken, None if paths is None else pair.space.classes_on(paths))
    for point in pair.space.points(asked, (Intent.READ, Intent.MODIFY)):
        old, new = point.decision(before), point.decision(after)
        if seen(old) != seen(new):
            yield _witness(pair, [point])
        elif old.final != new.final and point.intent is Intent.READ:
            yield from (_witness(pair, [point, above], whole=True) for above in islice(_leaving_out(pair.whole, point), 2))
    yield from _plain_ones(pair)


def _plain_ones(pair: _Pair) -> Iterator[Witness | None]:
    """Give the tests that a plain extension shows: a literal url of a rule makes it a modifier in the wrong slot."""
    for url in sorted(pair.asked.policy.by_url.keys() - pair.other.policy.by_url.keys()):
        if published_kind(url, pair.asked.release) is None and url not in pair.asked.policy.library.definitions:
            resource = {"resourceType": "Basic", "extension": [{"url": url, "valueBoolean": True}]}
            yield _verified(pair, Witness((), resource=_json(resource)))


def _leaving_out(policy: Policy, point: Point) -> Iterator[Point]:
    """Give cases that leave out the element of `point`, or one above it in the same resource.

    Of what a Bundle leaves out of itself nothing is tried: no statement of a test plants one resource in another.
    """
    space = Space.of(replace(policy, releases=(point.release.value,)))
    narrowed = (replace(c, sites=tuple(site for site in c.sites if _is_above(site, point.site))) for c in space.classes)
    above = [each for each in narrowed if each.sites]
    for urls in _leaving_urls(policy):
        for other in space.points(Ask(urls, tuple(above))):
            is_same = other.site.steps == point.site.steps and other.url == point.url
            if not is_same and other.decision(policy).verdict is Verdict.EXCLUDE:
                yield other


def _leaving_urls(policy: Policy) -> Iterator[UrlSelector]:
    """Give the urls for which a policy leaves anything out, of those that nothing names one for all."""
    yield from (rule.urls for rule in policy.rules if rule.verdict is Verdict.EXCLUDE)
    waivers = [waiver for waiver in policy.waivers if waiver.verdict is Verdict.EXCLUDE]
    yield from (waiver.urls for waiver in waivers if waiver.urls is not None)
    if any(each.verdict is Verdict.EXCLUDE for each in policy.path_defaults) or any(each.urls is None for each in waivers):
        yield ANYWHERE


def _is_above(site: Site, other: Site) -> bool:
    """Return whether a site is another, or holds it, in the same resource; a root is left out of nothing."""
    steps = site.steps
    return site.slot != RULES and site.release is other.release and len(steps) > 0 and other.steps[: len(steps)] == steps


# what a test can write


def _witness(pair: _Pair, points: list[Point], *, whole: bool = False) -> Witness | None:
    """Return a test of a case that passes on the policy and fails on the mutant, with a fixture where no statement can plant it.

    `whole`: on the policy with all of its rules, of which another one decides what stands above.
    """
    if whole:
        asked = replace(pair.asked, policy=pair.whole)
        pair = replace(pair, asked=asked, other=replace(asked, policy=changed(pair.whole, pair.change)))
    point = points[0]
    today = point.today if _is_dated(pair.asked.policy) else None
    release = None if point.release is pair.asked.release else point.release
    usual = Witness((), today, release, point.intent)
    for chosen in product(*(_modifiers(each) for each in points)):
        found = _verified(pair, replace(usual, modifiers=tuple(each for some in chosen for each in some)))
        if found is not None:
            return found
    above = points[-1]
    below = [(each.site, each.occurrence) for each in points[:-1]]
    return _verified(pair, replace(usual, resource=_json(document_of(above.site, [above.occurrence], below))))


def _verified(pair: _Pair, planted: Witness) -> Witness | None:
    """Return a test with what it expects, when it passes on the policy and fails on the mutant."""
    wanted = expectation(run(pair.asked, planted), run(pair.other, planted))
    if wanted is None:
        return None
    found = replace(planted, expect=wanted)
    return found if run(pair.asked, found).passed and not run(pair.other, found).passed else None


def _json(resource: Mapping[str, Any]) -> bytes:
    return (json.dumps(resource, indent=2, ensure_ascii=False) + "\n").encode()


def _is_dated(policy: Policy) -> bool:
    """Return whether anything in a policy begins or ends."""
    periods = [*(rule.period for rule in policy.rules), *(waiver.period for waiver in policy.waivers)]
    return any(period.since or period.until for period in periods)


def _modifiers(point: Point) -> list[tuple[Modifier, ...]]:
    """Return ways to plant the occurrence of a case: one modifier, or two that contradict each other; none where none can."""
    site, found = point.site, point.occurrence
    if any(step.child.segment in SLOTS for step in site.steps):
        return []
    if site.slot == RULES:
        return [(Modifier(point.url, site.path),)]
    content = {name: value for name, value in (found.extension or {}).items() if name != "url"}
    kind = found.value_type or "boolean"
    made = literals_of(point.url, kind, content, point.release)
    some = [Modifier(point.url, site.path, literal, kind) for literal in made] or [Modifier(point.url, site.path, True, kind)]
    if not found.contradicted:
        return [(each,) for each in some]
    others = (Modifier(point.url, site.path, "another value", "string"),)
    return [(each, *others) for each in some]
