"""What was proven of a policy, one sentence each, with counts: for `caveat lint --prove`."""

from __future__ import annotations

from collections.abc import Iterator

from caveat.analysis.deciding import example
from caveat.analysis.leftover import is_empty
from caveat.analysis.space import Ask
from caveat.analysis.subject import Subject
from caveat.analysis.values import TooMany
from caveat.domain.decision import Intent, Verdict
from caveat.lang.diagnose import quoted
from caveat.policy.policy import Policy, Rule, Waiver
from caveat.policy.selectors import UrlPattern, UrlSelector, UrlTerms

_PASSING = frozenset({Verdict.ACCEPT, Verdict.WARN, Verdict.EXCLUDE})
_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def proofs_of(subject: Subject) -> Iterator[str]:
    """Give the sentences: what unnamed urls reach, each invariant, each rule, and how many cases were tried."""
    yield from _unnamed(subject)
    for stated, urls in zip(subject.invariants, subject.resolved.invariant_urls, strict=True):
        name = stated.statement.name.text
        if name in subject.held and not is_empty(urls):
            yield f"the invariant {quoted(name)} holds"
    for written in subject.written_in_order:
        if written.name in subject.decides:
            yield f"{quoted(written.name)} decides, for example {example(subject.decides[written.name])}"
    for name, why in sorted(subject.unproven.items()):
        yield f"not proven of {quoted(name)}: {why}"
    count = subject.space.tried
    releases = ", ".join(release.value for release in subject.space.releases)
    yield f"{count:,} cases were tried, in {len(subject.space.classes):,} kinds of places of FHIR {releases}"


def _unnamed(subject: Subject) -> Iterator[str]:
    """Say through which patterns and defaults a url that no rule names reaches a verdict that lets data through."""
    patterns = [pattern for pattern in subject.space.urls.patterns if _may_reach(subject, pattern)]
    defaults = _default_reached(subject)
    said = "no unnamed url reaches accept, warn or exclude"
    if defaults:
        yield f"unnamed urls reach {defaults} by a default"
        said = "by a rule or waiver, no unnamed url reaches accept, warn or exclude"
    if not patterns:
        yield said
        return
    count = _WORDS[len(patterns)] if len(patterns) < len(_WORDS) else str(len(patterns))
    these = "this pattern" if len(patterns) == 1 else f"these {count} patterns"
    yield f"{said} outside {these}: {', '.join(quoted(pattern.text) for pattern in patterns)}"


def _may_reach(subject: Subject, pattern: UrlPattern) -> bool:
    """Return whether a pattern leads there, or nobody can say."""
    try:
        return _reached(subject, pattern)
    except TooMany:
        return True


def _reached(subject: Subject, pattern: UrlPattern) -> bool:
    """Return whether a url that only a pattern takes in reaches such a verdict by a rule or waiver."""
    within = UrlSelector(UrlTerms(patterns=(pattern,)))
    unnamed = frozenset(url for url in subject.space.urls.cells(within) if url not in subject.space.urls.literals)
    spoken: list[Rule | Waiver] = [*subject.policy.rules, *subject.policy.waivers]
    for each in spoken:
        if each.verdict not in _PASSING or each.urls is None or pattern not in each.urls.include.patterns:
            continue
        ask = Ask(UrlSelector(UrlTerms(literals=unnamed)), subject.space.classes_on(each.paths), each.period)
        for point in subject.space.points(ask, (Intent.READ,)):
            decision = subject.unscoped_decision(point)
            if decision.verdict in _PASSING and decision.ground != "unknown":
                return True
    return False


def _default_reached(subject: Subject) -> str:
    """Return the verdicts that let data through to which a default leads."""
    policy: Policy = subject.policy
    found = {policy.default, *(each.verdict for each in policy.path_defaults)} & _PASSING
    return " and ".join(sorted(verdict.word for verdict in found))
