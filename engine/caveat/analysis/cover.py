"""Whether a rule ever decides: the first case in which it does, else which rules cover all that it matches.

Rule 1: a rule decides where its condition is true and the decision, or the waiver that stands for it, is its own. That an
undetermined condition rejects is no decision of the rule.
Rule 2: the evaluator says so, case by case, without `reads` and to read; a short cut only ever proves what the cases would.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from caveat.analysis.space import Point
from caveat.analysis.subject import Subject
from caveat.domain.decision import Verdict
from caveat.judge.evaluate import decide
from caveat.policy.policy import Policy, Rule
from caveat.policy.selectors import UrlPattern, UrlSelector, UrlTerms

_PATIENCE = 64
"""How many cases are tried before a short cut is looked for."""
_FEW = 200
_KEPT = frozenset({Verdict.ACCEPT, Verdict.WARN, Verdict.REVIEW})
"""Verdicts that are what they are everywhere: nothing makes `reject` of them."""


@dataclass(frozen=True, slots=True)
class Decides:
    """A case in which the rule decides."""

    point: Point


@dataclass(frozen=True, slots=True)
class Covered:
    """The rules that decide everything that the rule matches; `equally` says that some are only as strict, and named first.

    `repair` are those whose `except` of `term` lets the rule decide at `point`; empty where there is no such way.
    """

    by: tuple[str, ...]
    equally: bool
    same: bool
    point: Point
    repair: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NoMatch:
    """There is no case in which the rule is asked and matches."""


def standing_of_rule(subject: Subject, rule: Rule) -> Decides | Covered | NoMatch:
    """Return whether `rule` decides in any case."""
    points = subject.space.points(subject.space.matching(rule))
    tried: list[Point] = []
    for point in islice(points, _PATIENCE):
        if subject.is_by(subject.unscoped_decision(point), rule):
            return Decides(point)
        tried.append(point)
    if not tried:
        return NoMatch()
    if len(tried) == _PATIENCE:
        cover = next(_whole_covers(subject, rule), None)
        if cover is not None:
            return _covered(subject, rule, [cover.name], tried)
        for point in points:
            if subject.is_by(subject.unscoped_decision(point), rule):
                return Decides(point)
            tried.append(point)
    return _covered(subject, rule, _coverers(subject, rule, tried), tried)


# who covers


def _coverers(subject: Subject, rule: Rule, points: Sequence[Point]) -> list[str]:
    """Return the fewest rules, as far as easily found, that cover all cases: one alone where one does."""
    winners = Counter(_winner(subject, point) for point in points)
    named = [name for name, _ in sorted(winners.items(), key=lambda each: (-each[1], each[0])) if name in subject.by_name]
    for name in named:
        if all(beats(subject, subject.by_name[name], rule, point) for point in points):
            return [name]
    chosen: list[str] = []
    open_points = list(points)
    for name in named:
        left = [point for point in open_points if not beats(subject, subject.by_name[name], rule, point)]
        if len(left) < len(open_points):
            chosen.append(name)
            open_points = left
    return chosen or named


def _winner(subject: Subject, point: Point) -> str:
    """Return the rule that decides a case, or whose waiver does."""
    name = subject.unscoped_decision(point).rule or ""
    return subject.waived.get(name, name)


def beats(subject: Subject, other: Rule, rule: Rule, point: Point) -> bool:
    """Return whether `other` alone keeps `rule` from deciding in a case."""
    return not subject.is_by(decide(duel(subject, rule, other), point.occurrence, point.today), rule)


def duel(subject: Subject, *rules: Rule) -> Policy:
    """Return the policy with only some rules, and their waivers; each is made once."""
    key = tuple(sorted(rule.name for rule in rules))
    if key not in subject.duels:
        names = set(key)
        waivers = tuple(waiver for waiver in subject.policy.waivers if waiver.rule in names)
        subject.duels[key] = replace(subject.unscoped, rules=tuple(rules), waivers=waivers, path_defaults=())
    return subject.duels[key]


def _covered(subject: Subject, rule: Rule, by: list[str], points: list[Point]) -> Covered:
    """Put together what is to be said of a covered rule."""
    is_waived = not subject.waived_rules.isdisjoint({rule.name, *by})
    is_plain = not is_waived and rule.verdict in _KEPT and all(subject.by_name[name].verdict > rule.verdict for name in by)
    equally = not is_plain and any(_is_equal(subject, rule, point) for point in points)
    point, repair = _way_out(subject, rule, points)
    same = equally and len(by) == 1 and _is_same(subject, rule, subject.by_name[by[0]])
    return Covered(tuple(by), equally, same, point, repair)


def _is_equal(subject: Subject, rule: Rule, point: Point) -> bool:
    """Return whether what decides a case is no stricter than `rule` is there, only named first."""
    mine = decide(duel(subject, rule), point.occurrence, point.today)
    theirs = subject.unscoped_decision(point)
    return (mine.verdict, mine.final) == (theirs.verdict, theirs.final)


def _is_same(subject: Subject, rule: Rule, other: Rule) -> bool:
    """Return whether `other` matches nothing but what `rule` matches, as strictly."""
    alone = duel(subject, rule)
    for point in islice(subject.space.points(subject.space.matching(other)), _FEW * 10):
        mine, theirs = decide(alone, point.occurrence, point.today), decide(duel(subject, other), point.occurrence, point.today)
        if not subject.is_by(mine, rule) or (mine.verdict, mine.final) != (theirs.verdict, theirs.final):
            return False
    return True


# what would mend it


def _way_out(subject: Subject, rule: Rule, points: list[Point]) -> tuple[Point, tuple[str, ...]]:
    """Return a case, and the rules that `except` of its url lets `rule` decide it; none where `except` is no way."""
    for point in points[:_FEW]:
        others = [each for each in subject.space.narrowed(subject.unscoped, point.url).rules if each.name != rule.name]
        stronger = [each for each in others if beats(subject, each, rule, point)]
        if stronger and all(_can_except(subject, rule, each, point.url) for each in stronger):
            return point, tuple(each.name for each in stronger)
    return points[0], ()


def _can_except(subject: Subject, rule: Rule, other: Rule, url: str) -> bool:
    """Return whether something is left of the urls of `other` without the term of `rule` that takes in `url`."""
    if url in other.urls.include.literals:
        return False
    term = term_for(rule, url)
    if term is None:
        return False
    left = replace(other.urls, exclude=_with(other.urls.exclude, term))
    return next(subject.space.urls.cells(left), None) is not None


def term_for(rule: Rule, url: str) -> str | UrlPattern | None:
    """Return the literal or pattern of `rule` that takes in `url`; None for `anything`."""
    if url in rule.urls.include.literals:
        return url
    return next((pattern for pattern in rule.urls.include.patterns if pattern.matches(url)), None)


def _with(terms: UrlTerms, term: str | UrlPattern) -> UrlTerms:
    if isinstance(term, str):
        return replace(terms, literals=terms.literals | {term})
    return replace(terms, patterns=(*terms.patterns, term))


# a short cut


def _whole_covers(subject: Subject, rule: Rule) -> Iterator[Rule]:
    """Give rules of which it can be seen without trying that they cover `rule` wholly."""
    places = set(subject.space.classes_on(rule.paths))
    for other in sorted(subject.policy.rules, key=lambda each: (not each.final, -each.verdict, each.name)):
        if other is rule or other.when is not None or (other.name in subject.waived_rules and not other.final):
            continue
        is_wide = other.types >= rule.types if rule.types and other.types else not other.types
        covers = is_wide and _is_stronger(other, rule) and _is_longer(other, rule) and holds_all(other.urls, rule.urls)
        if covers and places <= set(subject.space.classes_on(other.paths)):
            yield other


def _is_stronger(other: Rule, rule: Rule) -> bool:
    """Return whether `other` beats `rule` wherever both match: neither becomes `reject` somewhere, but for one that is."""
    if other.verdict in {Verdict.EXCLUDE, Verdict.NARRATIVE}:
        return False
    if rule.verdict in _KEPT:
        return other.verdict > rule.verdict or (other.verdict is rule.verdict and other.name < rule.name)
    return other.verdict is Verdict.REJECT and (not other.final, other.name) < (not rule.final, rule.name)


def _is_longer(other: Rule, rule: Rule) -> bool:
    mine, theirs = rule.period, other.period
    starts = theirs.since is None or (mine.since is not None and theirs.since <= mine.since)
    ends = theirs.until is None or (mine.until is not None and mine.until <= theirs.until)
    return starts and ends


def holds_all(wide: UrlSelector, urls: UrlSelector) -> bool:
    """Return whether it can be seen that `wide` matches every url that `urls` does."""
    if urls.include.anything:
        return wide.include.anything and not (wide.exclude.literals or wide.exclude.patterns)
    if any(literal not in urls.exclude.literals and not wide.matches(literal) for literal in urls.include.literals):
        return False
    within = all(wide.include.anything or any(_holds(q, p) for q in wide.include.patterns) for p in urls.include.patterns)
    kept = all(not urls.include.matches(literal) for literal in wide.exclude.literals)
    apart = all(not (_meet(p, q)) for q in wide.exclude.patterns for p in urls.include.patterns)
    return within and kept and apart


def _holds(wide: UrlPattern, narrow: UrlPattern) -> bool:
    return wide == narrow or (wide.deep and narrow.prefix.startswith(wide.prefix))


def _meet(one: UrlPattern, other: UrlPattern) -> bool:
    return one.prefix.startswith(other.prefix) or other.prefix.startswith(one.prefix)
