"""Decide what to do about one occurrence.

Rule 1: a pure function of policy, occurrence, date and intent; it gives exactly one decision.
Rule 2: it lets data through only because a rule or waiver said so; whatever is open is refused.
Rule 3: the strictest match wins; order has no effect.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from caveat.domain.decision import Carrier, Decision, Ground, Intent, Near, Occurrence, Verdict
from caveat.judge.scope import in_scope
from caveat.policy.conditions import Kleene, evaluate
from caveat.policy.policy import Policy, Rule, Waiver

_PASSES_MODIFICATION = frozenset({Verdict.CLEAR, Verdict.ACCEPT})
_RANK = {Ground.RULE: 0, Ground.WAIVER: 1, Ground.UNDETERMINED: 2, Ground.UNKNOWN: 3}
_WAIVED_AS = {Verdict.EXCLUDE: Verdict.REVIEW, Verdict.NARRATIVE: Verdict.REVIEW}


@dataclass(frozen=True, slots=True)
class _Match:
    """One thing that speaks of an occurrence: a rule, a waiver or a default, and what it decides there."""

    verdict: Verdict
    ground: Ground
    name: str | None = None
    because: str | None = None
    final: bool = False

    @property
    def order(self) -> tuple[int, bool, int, str]:
        """Sort the one that decides first: strictest, then final, then by ground, then by name."""
        return (-self.verdict, not self.final, _RANK[self.ground], self.name or "")


def decide(policy: Policy, occurrence: Occurrence, today: date, intent: Intent = Intent.READ) -> Decision:
    """Return the one decision that `policy` takes on `occurrence` on `today`."""
    return for_intent(_read_decision(policy, occurrence, today, intent), intent)


def for_intent(decision: Decision, intent: Intent) -> Decision:
    """Return `decision`, `reject` for an application that will change data whose modifiers it does not wholly understand."""
    if intent is Intent.MODIFY and decision.verdict not in _PASSES_MODIFICATION:
        return replace(decision, verdict=Verdict.REJECT)
    return decision


def _read_decision(policy: Policy, occurrence: Occurrence, today: date, intent: Intent) -> Decision:
    """Decide as for reading; under intent `modify` everything is in scope."""
    if occurrence.fault is not None:
        return _structural(policy, occurrence, today)
    if intent is Intent.READ and not in_scope(policy, occurrence.carrier):
        return Decision(Verdict.CLEAR, Ground.OUT_OF_SCOPE, occurrence)
    matches = list(_matches(policy, occurrence, today)) or list(_unnamed(policy, occurrence, today))
    match = min(matches, key=lambda each: each.order)
    near = tuple(_near(policy, occurrence, today))
    return Decision(match.verdict, match.ground, occurrence, match.name, match.because, match.final, near)


def _structural(policy: Policy, occurrence: Occurrence, today: date) -> Decision:
    """Reject a structural fault, in and out of scope, unless a waiver may and does soften it."""
    fault = occurrence.fault
    assert fault is not None  # noqa: S101  the caller asked
    # Ground `undetermined` is no kind of waiver: what cannot be told is softened by nobody.
    kind = "empty" if fault.empty and fault.ground is Ground.MALFORMED else str(fault.ground)
    waivers = list(_waivers(policy, kind, occurrence, today))
    if not waivers:
        near = tuple(_near(policy, occurrence, today) if fault.by_definition else _near_urls(policy, occurrence))
        return Decision(Verdict.REJECT, fault.ground, occurrence, near=near, detail=fault.message)
    if fault.ground is Ground.WRONG_SLOT:
        waivers = [replace(w, verdict=_WAIVED_AS.get(w.verdict, w.verdict)) for w in waivers]
    match = min((_waived(waiver, occurrence.carrier) for waiver in waivers), key=lambda each: each.order)
    return Decision(match.verdict, match.ground, occurrence, match.name, match.because, detail=fault.message)


# what speaks of an occurrence


def _matches(policy: Policy, occurrence: Occurrence, today: date) -> Iterator[_Match]:
    """Give what the rules in force decide, with their waivers put in their place."""
    for rule in policy.rules_for(occurrence.url or ""):
        if not _speaks_of(rule, occurrence, today):
            continue
        answer = _condition(rule, occurrence)
        if answer is None:
            yield _Match(Verdict.REJECT, Ground.UNDETERMINED, rule.name, rule.because, rule.final)
        elif answer:
            waivers = [] if rule.final else [w for w in _waivers(policy, "rule", occurrence, today) if w.rule == rule.name]
            if waivers:
                yield from (_waived(waiver, occurrence.carrier) for waiver in waivers)
            else:
                verdict = _possible(rule.verdict, occurrence.carrier)
                yield _Match(verdict, Ground.RULE, rule.name, rule.because, rule.final)


def _speaks_of(rule: Rule, occurrence: Occurrence, today: date) -> bool:
    """Return whether a rule in force matches by url, path and value type."""
    return (
        rule.period.holds(today)
        and rule.urls.matches(occurrence.url or "")
        and any(path.matches(occurrence.carrier) for path in rule.paths)
        and (not rule.types or occurrence.value_type in rule.types)
    )


def _condition(rule: Rule, occurrence: Occurrence) -> Kleene:
    """Return whether the condition of `rule` holds; an error inside Caveat leaves it undetermined."""
    if rule.when is None:
        return True
    try:
        return evaluate(rule.when, occurrence.extension or {}, contradicted=occurrence.contradicted)
    except Exception:  # noqa: BLE001  whatever goes wrong in here must end in a refusal, not in an answer
        return None


def _unnamed(policy: Policy, occurrence: Occurrence, today: date) -> Iterator[_Match]:
    """Give what becomes of an occurrence of which no rule speaks: its waivers, else the default."""
    waivers = list(_waivers(policy, "unknown", occurrence, today))
    if waivers:
        yield from (_waived(waiver, occurrence.carrier) for waiver in waivers)
        return
    carrier = occurrence.carrier
    placed = [d.verdict for d in policy.path_defaults if any(path.matches(carrier) for path in d.paths)]
    for verdict in placed or [policy.default]:
        yield _Match(_possible(verdict, carrier), Ground.UNKNOWN)


def _waivers(policy: Policy, kind: str, occurrence: Occurrence, today: date) -> Iterator[Waiver]:
    """Give the waivers of `kind` that hold on `today` for this url and place."""
    for waiver in policy.waivers:
        if (
            waiver.kind == kind
            and waiver.period.holds(today)
            and (waiver.urls is None or waiver.urls.matches(occurrence.url or ""))
            and any(path.matches(occurrence.carrier) for path in waiver.paths)
        ):
            yield waiver


def _waived(waiver: Waiver, carrier: Carrier) -> _Match:
    return _Match(_possible(waiver.verdict, carrier), Ground.WAIVER, waiver.name, waiver.because)


def _possible(verdict: Verdict, carrier: Carrier) -> Verdict:
    """Return `verdict`, or `reject` where nothing can be left out, or no narrative can stand for the data."""
    if verdict is Verdict.EXCLUDE and (carrier.is_root or carrier.in_extension_value):
        return Verdict.REJECT
    if verdict is Verdict.NARRATIVE and not carrier.has_narrative:
        return Verdict.REJECT
    return verdict


# near misses


def _near(policy: Policy, occurrence: Occurrence, today: date) -> Iterator[Near]:
    """Give the rules of this url that one part kept from deciding, and those whose url almost was this one."""
    for rule in policy.rules_for(occurrence.url or ""):
        missed = list(_missed(rule, occurrence, today))
        if len(missed) == 1:
            yield Near(rule.name, missed[0])
    yield from _near_urls(policy, occurrence)


def _missed(rule: Rule, occurrence: Occurrence, today: date) -> Iterator[str]:
    """Give the parts of `rule` that do not match."""
    if rule.urls.exclude.matches(occurrence.url or ""):
        yield "except"
    if not any(path.matches(occurrence.carrier) for path in rule.paths):
        yield "path"
    if rule.types and occurrence.value_type not in rule.types:
        yield "type"
    elif _condition(rule, occurrence) is False:
        yield "condition"
    if not rule.period.holds(today):
        yield "date"


def _near_urls(policy: Policy, occurrence: Occurrence) -> Iterator[Near]:
    """Give the rules with a literal url that differs only as urls are easily mistyped."""
    if occurrence.url is None:
        return
    for rule in policy.rules_of_similar(occurrence.url):
        if any(path.matches(occurrence.carrier) for path in rule.paths):
            yield Near(rule.name, "url")
