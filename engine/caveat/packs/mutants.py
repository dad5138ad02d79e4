"""The mutants of a policy: the same policy with one clause changed, as a slip of its author might have left it.

Rule 1: a mutant changes one thing, and says which, at the clause where that is written.
Rule 2: a change is made to the runnable policy, never to its text: what a mutant means is what the engine makes of it.
Rule 3: a change that leaves the policy as it is, is no mutant.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

from caveat.domain.decision import Verdict
from caveat.domain.diagnostic import Span
from caveat.lang import syntax
from caveat.lang.resolved import Resolved, ResolvedRule, ResolvedWaiver, UrlTerm
from caveat.policy.compiler import VERDICTS
from caveat.policy.conditions import Negation
from caveat.policy.policy import PathDefault, Period, Policy, Rule, Waiver
from caveat.policy.selectors import PathSelector, UrlPattern, UrlTerms

_VERBS = tuple(VERDICTS)
_VERDICTS = tuple(Verdict)[1:]
_HOST = 3  # the slashes of `https://host/`, above which a pattern cannot reach


@dataclass(frozen=True, slots=True)
class RuleChange:
    """One rule in another form; None where it is gone."""

    name: str
    rule: Rule | None


@dataclass(frozen=True, slots=True)
class WaiverChange:
    """One waiver in another form; None where it is gone."""

    name: str
    waiver: Waiver | None


@dataclass(frozen=True, slots=True)
class DefaultChange:
    """Another default: the general one (`index` None), else that with paths at `index`; None where that is gone."""

    index: int | None
    verdict: Verdict | None


Change = RuleChange | WaiverChange | DefaultChange


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of a policy.

    `kind` is `looser`, `stricter`, `removed`, `except`, `negated`, `unconditional`, `path`, `pattern`, `types` or `dates`;
    `message` says what was changed, of which rule, waiver (`rule`) or default (None), at `span`.
    """

    kind: str
    rule: str | None
    message: str
    span: Span
    change: Change


def mutants_of(policy: Policy, resolved: Resolved) -> list[Mutant]:
    """Return every mutant of `policy`, which came from `resolved`, in reading order."""
    rules = {rule.name: rule for rule in policy.rules}
    waivers = {waiver.name: waiver for waiver in policy.waivers}
    found = [
        *_default_mutants(policy, resolved),
        *(mutant for each in resolved.rules for mutant in _rule_mutants(each, rules[each.name])),
        *(mutant for each in resolved.waivers if each.name in waivers for mutant in _waiver_mutants(each, waivers[each.name])),
    ]
    return sorted(found, key=lambda mutant: (mutant.span, mutant.kind, mutant.message))


def changed(policy: Policy, change: Change) -> Policy:
    """Return `policy`, or any part of its rules, with `change` made; a rule that was not in the part is put there."""
    match change:
        case RuleChange(name, rule):
            others = [each for each in policy.rules if each.name != name]
            return replace(policy, rules=tuple(others if rule is None else [*others, rule]))
        case WaiverChange(name, waiver):
            kept = [each for each in policy.waivers if each.name != name]
            return replace(policy, waivers=tuple(kept if waiver is None else [*kept, waiver]))
        case DefaultChange(None, verdict):
            return replace(policy, default=verdict or policy.default)
        case DefaultChange(index, verdict):
            placed = enumerate(policy.path_defaults)
            some = [each if n != index else None if verdict is None else PathDefault(verdict, each.paths) for n, each in placed]
            return replace(policy, path_defaults=tuple(each for each in some if each is not None))


# rules


def _rule_mutants(written: ResolvedRule, rule: Rule) -> Iterator[Mutant]:
    """Give the mutants of one rule."""
    statement, name = written.rule, rule.name

    def mutant(kind: str, message: str, span: Span, other: Rule | None) -> Mutant:
        return Mutant(kind, name, message, span, RuleChange(name, other))

    for kind, verb in _beside(rule.verb, _VERBS):
        other = replace(rule, verb=verb, verdict=VERDICTS[verb])
        yield mutant(kind, f"`{rule.verb} {name}` made `{verb}`", statement.verb.span, other)
    yield mutant("removed", f"`{name}` removed", statement.name.span, None)
    for term in written.urls.exclude:
        rest = replace(rule.urls, exclude=_without(rule.urls.exclude, term))
        yield mutant("except", f"`except {_written(term)}` dropped from `{name}`", term.span, replace(rule, urls=rest))
    for pattern, span in _patterns(written):
        wide = replace(rule.urls, include=_with_pattern(rule.urls.include, pattern, _wider_pattern(pattern)))
        message = f"`{pattern.text}` of `{name}` widened to `{_wider_pattern(pattern).text}`"
        yield mutant("pattern", message, span, replace(rule, urls=wide))
    for word, paths in _widened(statement.paths, rule.paths):
        message = f"`{word.text}` of `{name}` widened to `{_wider(PathSelector.parse(word.text)).text}`"
        yield mutant("path", message, word.span, replace(rule, paths=paths))
    for clause in statement.clauses:
        for kind, message, other in _clause_mutants(clause, rule):
            yield mutant(kind, message, clause.span, other)


def _clause_mutants(clause: syntax.Clause, rule: Rule) -> Iterator[tuple[str, str, Rule]]:
    """Give the mutants of one clause of a rule."""
    name = rule.name
    match clause:
        case syntax.AsTypes():
            yield "types", f"`as` dropped from `{name}`", replace(rule, types=frozenset())
        case syntax.When() if rule.when is not None:
            yield "negated", f"the condition of `{name}` negated", replace(rule, when=Negation(rule.when))
            yield "unconditional", f"the condition of `{name}` dropped", replace(rule, when=None)
        case syntax.DayClause("from" | "until" as keyword):
            yield "dates", f"`{keyword}` dropped from `{name}`", replace(rule, period=_undated(rule.period, keyword))
        case _:
            pass


def _without(terms: UrlTerms, term: UrlTerm) -> UrlTerms:
    """Return `terms` without one of them."""
    return UrlTerms(
        literals=terms.literals - {term.text},
        patterns=tuple(each for each in terms.patterns if each.text != term.text),
        anything=terms.anything and term.kind != "anything",
    )


def _patterns(written: ResolvedRule) -> Iterator[tuple[UrlPattern, Span]]:
    """Give the patterns of a rule that can be wider, each once."""
    patterns = {term.text: term for term in written.urls.include if term.kind == "pattern"}
    for text, term in patterns.items():
        pattern = UrlPattern.parse(text)
        if _wider_pattern(pattern) != pattern:
            yield pattern, term.span


def _wider_pattern(pattern: UrlPattern) -> UrlPattern:
    """Return the next wider pattern: any depth in place of one step, else one step further up; the host is the top."""
    if not pattern.deep:
        return UrlPattern(pattern.prefix, deep=True)
    if pattern.prefix.count("/") <= _HOST:
        return pattern
    return UrlPattern(pattern.prefix.rstrip("/").rpartition("/")[0] + "/", deep=True)


def _with_pattern(terms: UrlTerms, old: UrlPattern, new: UrlPattern) -> UrlTerms:
    return replace(terms, patterns=tuple(sorted({new if each == old else each for each in terms.patterns})))


def _widened(
    words: Iterable[syntax.Word], paths: tuple[PathSelector, ...]
) -> Iterator[tuple[syntax.Word, tuple[PathSelector, ...]]]:
    """Give each path that can be wider, with all paths of its statement where it is."""
    for word in {word.text: word for word in words}.values():
        old = PathSelector.parse(word.text)
        new = _wider(old)
        if new != old and new not in paths:
            yield word, tuple(new if path == old else path for path in paths)


def _wider(path: PathSelector) -> PathSelector:
    """Return the next wider path: what is above and all below that; for a root all below it, and at last any resource.

    `implicitRules` is matched only by a path that names it, so that of one type becomes that of any.
    """
    head, dot, last = path.name.rpartition(".")
    if last == "implicitRules" and dot:
        return PathSelector("*.implicitRules")
    if dot:
        return PathSelector(head, deep=True)
    return PathSelector("*" if path.deep else path.name, deep=True)


def _undated(period: Period, keyword: str) -> Period:
    return replace(period, since=None) if keyword == "from" else replace(period, until=None)


def _written(term: UrlTerm) -> str:
    return "anything" if term.kind == "anything" else term.text


T = TypeVar("T")


def _beside(word: T, ordered: tuple[T, ...]) -> Iterator[tuple[str, T]]:
    """Give what stands beside `word` in an order from loose to strict, where there is such."""
    at = ordered.index(word)
    if at > 0:
        yield "looser", ordered[at - 1]
    if at + 1 < len(ordered):
        yield "stricter", ordered[at + 1]


# waivers and defaults


def _waiver_mutants(written: ResolvedWaiver, waiver: Waiver) -> Iterator[Mutant]:
    """Give the mutants of one waiver."""
    statement, name = written.waiver, waiver.name

    def mutant(kind: str, message: str, span: Span, other: Waiver | None) -> Mutant:
        return Mutant(kind, name, message, span, WaiverChange(name, other))

    yield mutant("removed", f"`{name}` removed", statement.name.span, None)
    for kind, verdict in _beside(waiver.verdict, _VERDICTS):
        message = f"`as {waiver.verdict.word}` of `{name}` made `as {verdict.word}`"
        yield mutant(kind, message, statement.verdict.span, replace(waiver, verdict=verdict))
    for word, paths in _widened(statement.paths, waiver.paths):
        message = f"`{word.text}` of `{name}` widened to `{_wider(PathSelector.parse(word.text)).text}`"
        yield mutant("path", message, word.span, replace(waiver, paths=paths))
    for clause in statement.clauses:
        if isinstance(clause, syntax.DayClause) and clause.keyword in {"from", "until"}:
            other = replace(waiver, period=_undated(waiver.period, clause.keyword))
            yield mutant("dates", f"`{clause.keyword}` dropped from `{name}`", clause.span, other)


def _default_mutants(policy: Policy, resolved: Resolved) -> Iterator[Mutant]:
    """Give each default one step looser, and each default with paths dropped."""
    placed = 0
    for default in resolved.defaults:
        index = placed if default.paths else None
        verdict = Verdict.of(default.verdict.text)
        softer = Verdict(verdict - 1)
        on = f" on {', '.join(path.text for path in default.paths)}" if default.paths else ""
        message = f"`default {verdict.word}{on}` softened to `{softer.word}`"
        yield Mutant("looser", None, message, default.span, DefaultChange(index, softer))
        if default.paths:
            placed += 1
            yield Mutant("removed", None, f"`default {verdict.word}{on}` removed", default.span, DefaultChange(index, None))
    if all(default.paths for default in resolved.defaults) and resolved.rules:
        start = resolved.rules[0].rule.span
        message = f"`default {policy.default.word}`, which stands nowhere, softened to `review`"
        yield Mutant("looser", None, message, replace(start, end=start.start), DefaultChange(None, Verdict.REVIEW))
