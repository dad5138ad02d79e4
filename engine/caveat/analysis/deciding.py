"""CV130 and CV131: rules that never decide, and rules that say what another says already."""

from __future__ import annotations

from collections.abc import Iterator

from caveat.analysis.cover import Covered, Decides, NoMatch, standing_of_rule, term_for
from caveat.analysis.space import Point
from caveat.analysis.subject import Subject
from caveat.analysis.values import TooMany
from caveat.domain.decision import RULES, Verdict
from caveat.domain.diagnostic import Diagnostic, Related
from caveat.lang.diagnose import diagnose, listed, quoted
from caveat.lang.resolved import ResolvedRule
from caveat.policy.policy import Rule
from caveat.spec.definition import ExtensionDefinition

_FEW = 4


def deciding_findings(subject: Subject) -> Iterator[Diagnostic]:
    """Give the rules that never decide; `subject.decides` then has a case for each of the others."""
    for rule, written in list(subject.rules):
        try:
            found = standing_of_rule(subject, rule)
        except TooMany:
            subject.unproven[rule.name] = "its conditions can be combined in too many ways"
            continue
        if isinstance(found, Decides):
            subject.decides[rule.name] = found.point
            continue
        diagnostic = _unasked(subject, rule, written) if isinstance(found, NoMatch) else _covered(subject, rule, written, found)
        if diagnostic is not None:
            subject.settled.add(rule.name)
            yield diagnostic


def _covered(subject: Subject, rule: Rule, written: ResolvedRule, found: Covered) -> Diagnostic:
    """Say who decides instead, and what would mend it."""
    others = [subject.written[name] for name in found.by]
    name, by = quoted(rule.name), listed([each.name for each in others[:_FEW]])
    deletion = f"delete {name}"
    remedy = f"{_excepting(subject, rule, written, found)}, or {deletion}" if found.repair else deletion
    label = f"every match is decided by {by}" + (" and others" if len(others) > _FEW else "")
    says = "decides" if len(others) == 1 else "decide"
    kind = "as strict, and named first" if found.equally else "stricter"
    related = tuple(Related(each.rule.name.span, kind) for each in others[:_FEW])
    span = written.rule.name.span
    if found.same:
        message = f"{name} is the same as {by}"
        note = "both match the same modifiers and decide the same; a report names the first in the alphabet"
        return diagnose("CV131", message, span, label="never named", notes=(note,), remedy=deletion, related=related)
    if found.equally:
        message = f"{name} is never the rule that is named: {by} {says} all that it matches"
        note = "between rules that are equally strict a report names a `forbid` first, then the first in the alphabet"
        return diagnose("CV131", message, span, label=label, notes=(note,), remedy=remedy, related=related)
    message = f"{name} never decides: stricter rules cover everything it matches"
    notes = _notes(rule, [subject.by_name[each] for each in found.by])
    return diagnose("CV130", message, span, label=label, notes=notes, remedy=remedy, related=related)


def _notes(rule: Rule, others: list[Rule]) -> tuple[str, ...]:
    if rule.verdict is Verdict.EXCLUDE and any(other.verdict < Verdict.REJECT for other in others):
        return ("an element that is checked alone cannot be left out: there, and only there, it would decide `reject`",)
    return ()


def _excepting(subject: Subject, rule: Rule, written: ResolvedRule, found: Covered) -> str:
    """Say which rules are to take the rule's url out."""
    wanted = term_for(rule, found.point.url)
    text = wanted if isinstance(wanted, str) else wanted.text if wanted is not None else ""
    term = next(each for each in written.urls.include if each.text == text)
    told = []
    for name in found.repair:
        other = subject.written[name]
        spelt = subject.spelt(term, other.file, written.file)
        told.append(f"add `{spelt}` to the `except` of" if other.urls.exclude else f"add `except {spelt}` to")
        told[-1] += f" {quoted(name)}"
    return " and ".join(told)


# never asked


def _unasked(subject: Subject, rule: Rule, written: ResolvedRule) -> Diagnostic | None:
    """Say why a rule is asked about nothing that it matches; None where that is not known."""
    places = subject.space.classes_on(rule.paths)
    name, span = quoted(rule.name), written.rule.name.span
    message = f"{name} never decides: no lawful modifier meets it"
    if places and all(place.site.slot == RULES for place in places) and rule.types and "uri" not in rule.types:
        note = "the value of `implicitRules` is a uri"
        return diagnose("CV130", message, span, notes=(note,), remedy=f"leave out the `as`, or delete {name}")
    if any(quoted(url) in subject.governed for url in rule.urls.include.literals):
        return None
    plain = [url for url in sorted(rule.urls.include.literals) if _is_plain(subject, url)]
    if plain and len(plain) == len(rule.urls.include.literals):
        whose = "the lock" if plain[0] in subject.policy.library.definitions else "HL7"
        note = f"{quoted(plain[0])} is a plain extension, as {whose} publishes it: in `modifierExtension` it is `wrong-slot`"
        related = tuple(Related(term.span, "plain") for term in written.urls.include if term.text == plain[0])
        label = "every match is rejected before rules are asked"
        return diagnose("CV130", message, span, label=label, notes=(note,), remedy=f"delete {name}", related=related)
    return _undefined(subject, rule, written, message)


def _is_plain(subject: Subject, url: str) -> bool:
    return all(subject.space.grounds.kind(url, release) is False for release in subject.space.releases)


def _undefined(subject: Subject, rule: Rule, written: ResolvedRule, message: str) -> Diagnostic | None:
    """Say that the definitions of a rule's urls allow none of its places, or none of its value types."""
    grounds, releases = subject.space.grounds, subject.space.releases
    url = next(iter(sorted(rule.urls.include.literals)), None)
    definition = grounds.definition(url, releases[0]) if url is not None else None
    places = subject.space.classes_on(rule.paths)
    if url is None or definition is None or not definition.is_whole or not places:
        return None
    allowed = grounds.types(url, releases[0]) or frozenset()
    is_placed = any(subject.space.lawful_site(url, place) is not None for place in places)
    if is_placed and not (rule.types and rule.types.isdisjoint(allowed)):
        return None
    note = f"the definition of {quoted(url)} allows it {_allowed(definition, allowed, is_placed=is_placed)}"
    remedy = f"correct the {'`as`' if is_placed else 'path'}, or delete {quoted(rule.name)}"
    label = "every match is rejected before rules are asked"
    return diagnose("CV130", message, written.rule.name.span, label=label, notes=(note,), remedy=remedy)


def _allowed(definition: ExtensionDefinition, types: frozenset[str], *, is_placed: bool) -> str:
    if is_placed:
        return f"as {listed(sorted(types))} only" if types else "with no value"
    contexts = sorted({each.expression for each in definition.contexts})
    return f"on {listed(contexts[:_FEW])} only" if contexts else "nowhere"


def example(point: Point) -> str:
    """Say a case in short: url, path and type."""
    return f"{quoted(point.url)} on `{point.site.path}` as {point.occurrence.value_type}"
