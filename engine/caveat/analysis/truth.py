"""CV133 and CV135, by trying: conditions that are never true, never false, or open for want of a `present`.

Rule 1: a condition is tried on every value that it can tell apart, of every type that its rule takes.
Rule 2: a field or part is blamed only where the condition is open and would be decided if the field or part were there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import product, zip_longest
from typing import Any

from caveat.analysis.ill_typed import is_typed_throughout, type_findings
from caveat.analysis.space import Ask, types_for
from caveat.analysis.subject import Subject
from caveat.analysis.values import TooMany, Value
from caveat.domain.decision import RULES
from caveat.domain.diagnostic import Diagnostic, Severity
from caveat.lang.clauses import clauses_of
from caveat.lang.diagnose import diagnose, quoted
from caveat.lang.resolved import ResolvedRule
from caveat.policy.conditions import (
    Comparison,
    Condition,
    Conjunction,
    Disjunction,
    Kleene,
    Membership,
    Negation,
    Operand,
    Presence,
    answers,
    conjunction,
    disjunction,
    evaluate,
    negation,
    parts_of,
)
from caveat.policy.policy import Rule

_FEW = 6
"""How many missing fields and parts are tried with every answer; those beyond answer no."""
_REJECTED = "what its condition leaves undetermined is rejected, whatever the rule says"


def condition_findings(subject: Subject) -> Iterator[Diagnostic]:
    """Give what is wrong with the conditions of rules, each mistake once: of what is ill-typed nothing more is said."""
    for rule, written in subject.rules:
        if rule.when is None or written.when is None:
            continue
        found = type_findings(subject, rule, written)
        try:
            found = found or list(_tried(subject, rule, rule.when, written))
        except TooMany:
            subject.unproven[rule.name] = "its condition can come out in too many ways"
        if any(each.code == "CV133" and each.severity is Severity.ERROR for each in found):
            subject.settled.add(rule.name)
        yield from found


def _tried(subject: Subject, rule: Rule, when: Condition, written: ResolvedRule) -> Iterator[Diagnostic]:
    """Give what trying the condition shows."""
    operands = list(dict.fromkeys(part.operand for part in parts_of(when)))
    values = list(_values(subject, rule, when, tuple(Presence(each) for each in operands)))
    told = {evaluate(when, value.extension(url), contradicted=value.contradicted) for url, value in values}
    if not told:
        return
    if True not in told:
        yield _never(rule, written, is_open=None in told)
    elif False not in told and (None not in told or is_typed_throughout(subject, rule, written)):
        yield _always(rule, written, is_open=None in told)
    else:
        unguarded = _unguarded(subject, rule, when, [value for _, value in values if not value.contradicted])
        if unguarded:
            yield _open(subject, rule, written, unguarded)


def _values(subject: Subject, rule: Rule, when: Condition, apart: tuple[Condition, ...]) -> Iterator[tuple[str, Value]]:
    """Give the values that a rule may meet and its condition tells apart, with their urls."""
    space = subject.space
    types = rule.types or types_for(when, space.releases[0])
    ask = Ask(rule.urls, space.classes_on(rule.paths), types=types, apart=(when, *apart))
    seen: set[tuple[object, ...]] = set()
    for url, place in product(space.urls.cells(rule.urls), ask.classes or ()):
        site = space.lawful_site(url, place)
        if site is None:
            continue
        key = (site.release, space.grounds.types(url, site.release), url if site.slot == RULES else "")
        if key not in seen:
            seen.add(key)
            yield from ((url, value) for value in space.values_at(url, site, [], ask))


def _never(rule: Rule, written: ResolvedRule, *, is_open: bool) -> Diagnostic:
    notes = ("no value of the types that the rule takes meets it", *((_REJECTED,) if is_open else ()))
    span = clauses_of(written.rule).by_keyword["when"].span
    remedy = f"correct the condition, or delete {quoted(rule.name)}"
    return diagnose("CV133", f"the condition of {quoted(rule.name)} is never true", span, notes=notes, remedy=remedy)


def _always(rule: Rule, written: ResolvedRule, *, is_open: bool) -> Diagnostic:
    what = "is true of every value that it can decide" if is_open else "is always true"
    notes = (_REJECTED,) if is_open else ()
    span = clauses_of(written.rule).by_keyword["when"].span
    remedy = "correct the condition, or leave out the `when`" if is_open else "leave out the `when`"
    found = diagnose("CV133", f"the condition of {quoted(rule.name)} {what}", span, notes=notes, remedy=remedy)
    return replace(found, severity=Severity.WARNING)


# what is missing


def _unguarded(subject: Subject, rule: Rule, when: Condition, values: list[Value]) -> list[Operand]:
    """Return the operands that leave the condition open by being absent, no other one having to be."""
    absent = [missing for value in values if (missing := _missing(when, value))]
    least = [each for each in absent if not any(other < each for other in absent)]
    found = [part.operand for part in parts_of(when) if any(part.operand in each for each in least)]
    return [each for each in dict.fromkeys(found) if not _is_demanded(subject, rule, each)]


def _missing(when: Condition, value: Value) -> frozenset[Operand]:
    """Return the fields and parts that are compared and not there, where the condition is open and would not be if they were."""
    extension = value.extension("")
    told = answers(when, extension, contradicted=False)
    absent = [index for index, part in enumerate(parts_of(when)) if told[index] is None and _is_absent(part, extension)]
    if not absent or _folded(when, iter(told)) is not None:
        return frozenset()
    for chosen in product((True, False), repeat=min(len(absent), _FEW)):
        forced = list(told)
        for index, answer in zip_longest(absent, chosen, fillvalue=False):
            forced[index] = answer
        if _folded(when, iter(forced)) is not None:
            return frozenset(parts_of(when)[index].operand for index in absent)
    return frozenset()


def _is_absent(part: Comparison | Membership | Presence, extension: Mapping[str, Any]) -> bool:
    """Return whether a field or part that is compared is not there; the value itself is no field."""
    operand = part.operand
    is_optional = operand.part is not None or bool(operand.fields)
    return is_optional and not isinstance(part, Presence) and not evaluate(Presence(operand), extension, contradicted=False)


def _folded(when: Condition, told: Iterator[Kleene]) -> Kleene:
    """Return what a condition comes to when its comparisons and tests of presence answer as told, in their order."""
    match when:
        case Negation(inner):
            return negation(_folded(inner, told))
        case Conjunction(conditions):
            return conjunction([_folded(each, told) for each in conditions])
        case Disjunction(conditions):
            return disjunction([_folded(each, told) for each in conditions])
        case _:
            return next(told)


def _is_demanded(subject: Subject, rule: Rule, operand: Operand) -> bool:
    """Return whether the definitions of a rule's urls demand a part, so that a modifier without it is malformed already."""
    if operand.part is None or operand.fields:
        return False
    space = subject.space
    urls = list(space.urls.cells(rule.urls))
    held = [space.grounds.definition(url, release) for url in urls for release in space.releases]
    return bool(held) and all(
        each is not None and each.is_whole and operand.part in each.content.parts and each.content.parts[operand.part].minimum > 0
        for each in held
    )


def _open(subject: Subject, rule: Rule, written: ResolvedRule, operands: list[Operand]) -> Diagnostic:
    span = clauses_of(written.rule).by_keyword["when"].span
    condition = subject.text(written.when.span) if written.when is not None else ""
    guards = " and ".join(f"{_spelt(each)} present" for each in operands)
    names = " and ".join(f"`{_spelt(each)}`" for each in operands)
    verb = "is" if len(operands) == 1 else "are"
    message = f"the condition of {quoted(rule.name)} is undetermined where {names} {verb} missing"
    return diagnose(
        "CV135",
        message,
        span,
        label=f"`{_spelt(operands[0])}` is optional",
        notes=(_REJECTED,),
        remedy=f"write `when {guards} and ({condition})`",
    )


def _spelt(operand: Operand) -> str:
    return ".".join([f'part("{operand.part}")' if operand.part is not None else "value", *operand.fields])
