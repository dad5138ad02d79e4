"""What the tests of a policy touch: how often each rule and waiver decides, and what of the rules no test has shown.

Rule 1: a rule decides where a decision names it with ground `rule`; an undetermined one counts for nothing.
Rule 2: whether a condition was seen false or undetermined is asked of the condition itself, whichever rule decided in the end.
Rule 3: of a rule that never decides, that alone is said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from caveat.domain.decision import Decision, Ground, Occurrence
from caveat.domain.diagnostic import Span
from caveat.lang import syntax
from caveat.lang.resolved import Resolved, ResolvedRule, ResolvedWaiver, UrlTerm
from caveat.packs.cases import Outcome
from caveat.policy.conditions import Kleene, evaluate
from caveat.policy.policy import Policy, Rule, Waiver
from caveat.policy.selectors import PathSelector, UrlPattern

_DECIDED = frozenset({Ground.RULE, Ground.WAIVER})


@dataclass(frozen=True, slots=True)
class Coverage:
    """How often a rule or waiver decided in the tests, and how often it nearly did."""

    rule: str
    decided: int
    nearly: int


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that no test has shown, where it is written.

    `rule` names the rule or waiver, None for a default. `kind` is `decides`, `url`, `except`, `path`, `type`, `condition`, `date`
    or `default`.
    """

    rule: str | None
    kind: str
    message: str
    span: Span


@dataclass(frozen=True, slots=True)
class _Seen:
    """One decision of a test, on its occurrence, with the day that it was taken for."""

    decision: Decision
    occurrence: Occurrence
    today: date


def coverage(policy: Policy, outcomes: Iterable[Outcome]) -> list[Coverage]:
    """Count, for each rule and waiver of `policy`, the decisions it made and nearly made in `outcomes`.

    A decision with ground `undetermined` is neither: nobody knows whether the rule's condition was true.
    """
    decisions = [decision for outcome in outcomes for decision in outcome.decisions]
    decided = Counter(decision.rule for decision in decisions if decision.ground in _DECIDED)
    nearly = Counter(near.rule for decision in decisions for near in decision.near)
    names = [rule.name for rule in policy.rules] + [waiver.name for waiver in policy.waivers]
    return [Coverage(name, decided[name], nearly[name]) for name in names]


def gaps(policy: Policy, resolved: Resolved, outcomes: Iterable[Outcome]) -> list[Gap]:
    """Return what no test in `outcomes` has shown of `policy`, which came from `resolved`, in reading order."""
    seen = [
        _Seen(decision, decision.occurrence, outcome.today)
        for outcome in outcomes
        for decision in outcome.decisions
        if decision.occurrence is not None
    ]
    rules = {rule.name: rule for rule in policy.rules}
    waivers = {waiver.name: waiver for waiver in policy.waivers}
    found = [
        *_default_gaps(policy, resolved, seen),
        *(gap for each in resolved.rules for gap in _rule_gaps(each, rules[each.name], seen)),
        *(gap for each in resolved.waivers if each.name in waivers for gap in _waiver_gaps(each, waivers[each.name], seen)),
    ]
    return sorted(found, key=lambda gap: gap.span)


# rules


def _rule_gaps(written: ResolvedRule, rule: Rule, seen: list[_Seen]) -> Iterator[Gap]:
    """Give what no test has shown of one rule."""
    decided = [each for each in seen if each.decision.rule == rule.name and each.decision.ground is Ground.RULE]
    if not decided:
        yield Gap(rule.name, "decides", f"`{rule.name}` decides in no test", written.rule.name.span)
        return
    near = [each for each in seen if any(near.rule == rule.name for near in each.decision.near)]
    for term in written.urls.include:
        if not any(_is_of(term, each.occurrence.url or "") for each in decided):
            yield Gap(rule.name, "url", f"`{rule.name}` decides on {_shown(term)} in no test", term.span)
    for term in written.urls.exclude:
        if not any(_is_of(term, each.occurrence.url or "") for each in _missing(near, rule, "except")):
            yield Gap(rule.name, "except", f"no test shows that `{rule.name}` leaves {_shown(term)} alone", term.span)
    yield from _path_gaps(rule.name, written.rule.paths, decided)
    for clause in written.rule.clauses:
        yield from _clause_gaps(clause, rule, decided, near, seen)


def _path_gaps(name: str, paths: Iterable[syntax.Word], decided: list[_Seen]) -> Iterator[Gap]:
    for path in paths:
        if not any(PathSelector.parse(path.text).matches(each.occurrence.carrier) for each in decided):
            yield Gap(name, "path", f"`{name}` decides on `{path.text}` in no test", path.span)


def _clause_gaps(clause: syntax.Clause, rule: Rule, decided: list[_Seen], near: list[_Seen], seen: list[_Seen]) -> Iterator[Gap]:
    """Give what no test has shown of one clause of a rule."""
    name = rule.name
    match clause:
        case syntax.AsTypes(types):
            for kind in types:
                if not any(each.occurrence.value_type == kind.text for each in decided):
                    yield Gap(name, "type", f"`{name}` decides on a value of type `{kind.text}` in no test", kind.span)
            if not _missing(near, rule, "type"):
                yield Gap(name, "type", f"no test has a value of another type, which `{name}` leaves alone", clause.span)
        case syntax.When(condition) if rule.when is not None:
            answers = set(_answers(rule, seen))
            for answer, word in ((False, "false"), (None, "undetermined")):
                if answer not in answers and not (answer is None and _is_always_decided(condition)):
                    yield Gap(
                        name, "condition", f"no test has a value for which the condition of `{name}` is {word}", clause.span
                    )
        case syntax.DayClause("from" | "until" as keyword):
            if not any(
                _outside(rule.period.since, rule.period.until, each.today, keyword) for each in _missing(near, rule, "date")
            ):
                when = "before it begins" if keyword == "from" else "after it ended"
                yield Gap(name, "date", f"no test asks for `{name}` on a day {when}", clause.span)
        case _:
            pass


def _missing(near: list[_Seen], rule: Rule, part: str) -> list[_Seen]:
    """Return the decisions that `rule` nearly made, but for `part`."""
    return [s for s in near if any(n.rule == rule.name and n.missed == part for n in s.decision.near)]


def _answers(rule: Rule, seen: list[_Seen]) -> Iterator[Kleene]:
    """Give what the condition of a rule said of each occurrence that the rule speaks of."""
    for each in seen:
        found = each.occurrence
        if (
            rule.when is not None
            and found.fault is None
            and each.decision.ground is not Ground.OUT_OF_SCOPE
            and rule.period.holds(each.today)
            and rule.urls.matches(found.url or "")
            and any(path.matches(found.carrier) for path in rule.paths)
            and (not rule.types or found.value_type in rule.types)
        ):
            yield evaluate(rule.when, found.extension or {}, contradicted=found.contradicted)


def _is_always_decided(condition: syntax.Condition) -> bool:
    """Return whether a condition asks for presence only, which is never undetermined."""
    match condition:
        case syntax.Present():
            return True
        case syntax.Not(inner):
            return _is_always_decided(inner)
        case syntax.And(parts) | syntax.Or(parts):
            return all(_is_always_decided(part) for part in parts)
        case _:
            return False


def _outside(since: date | None, until: date | None, today: date, keyword: str) -> bool:
    """Return whether `today` lies before a period, or after it, as `keyword` asks."""
    return (since is not None and today < since) if keyword == "from" else (until is not None and today > until)


def _is_of(term: UrlTerm, url: str) -> bool:
    """Return whether `url` is what one term of a statement names."""
    match term.kind:
        case "literal":
            return term.text == url
        case "pattern":
            return UrlPattern.parse(term.text).matches(url)
        case _:
            return True


def _shown(term: UrlTerm) -> str:
    return "`anything`" if term.kind == "anything" else f"`{term.text}`"


# waivers and defaults


def _waiver_gaps(written: ResolvedWaiver, waiver: Waiver, seen: list[_Seen]) -> Iterator[Gap]:
    """Give what no test has shown of one waiver."""
    name = waiver.name
    decided = [each for each in seen if each.decision.rule == name and each.decision.ground is Ground.WAIVER]
    if not decided:
        yield Gap(name, "decides", f"`{name}` decides in no test", written.waiver.name.span)
        return
    yield from _path_gaps(name, written.waiver.paths, decided)
    concerned = [
        each
        for each in seen
        if (waiver.urls is None or waiver.urls.matches(each.occurrence.url or ""))
        and any(path.matches(each.occurrence.carrier) for path in waiver.paths)
    ]
    for clause in written.waiver.clauses:
        if isinstance(clause, syntax.DayClause) and clause.keyword in {"from", "until"}:
            period, keyword = waiver.period, clause.keyword
            if not any(_outside(period.since, period.until, each.today, keyword) for each in concerned):
                when = "before it begins" if keyword == "from" else "after it ended"
                yield Gap(name, "date", f"no test asks for `{name}` on a day {when}", clause.span)


def _default_gaps(policy: Policy, resolved: Resolved, seen: list[_Seen]) -> Iterator[Gap]:
    """Give the stated defaults that decide in no test, each path of one for itself."""
    unknown = [each.occurrence.carrier for each in seen if each.decision.ground is Ground.UNKNOWN]
    placed = [path for default in policy.path_defaults for path in default.paths]
    for default in resolved.defaults:
        word = default.verdict.text
        for path in default.paths:
            if not any(PathSelector.parse(path.text).matches(carrier) for carrier in unknown):
                yield Gap(None, "default", f"`default {word}` decides on `{path.text}` in no test", path.span)
        if not default.paths and not any(all(not path.matches(carrier) for path in placed) for carrier in unknown):
            yield Gap(None, "default", f"`default {word}` decides in no test", default.span)
