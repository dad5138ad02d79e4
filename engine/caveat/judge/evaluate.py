"""Decide what to do about one occurrence.

Rule 1: a pure function of policy, occurrence, date and intent; it gives exactly one decision.
Rule 2: it lets data through only because a rule or waiver said so; whatever is open is refused.
Rule 3: the strictest match wins; order has no effect.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from caveat.domain.decision import Carrier, Decision, DecisionDraft, Ground, Intent, Near, Occurrence, Verdict
from caveat.judge.scope import in_scope
from caveat.policy.conditions import Kleene, evaluate
from caveat.policy.policy import Policy, Rule, Waiver

_PASSES_MODIFICATION = frozenset({Verdict.CLEAR, Verdict.ACCEPT})
_RANK = {Ground.RULE: 0, Ground.WAIVER: 1, Ground.UNDETERMINED: 2, Ground.UNKNOWN: 3}
_MOST = 2_048  # kinds of occurrence that are remembered
_LONGEST = 512  # letters of a url that is remembered
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


@dataclass(frozen=True, slots=True)
class _Bearing:
    """What of a policy bears on all occurrences of one url, at one kind of place, with one type of value, and perhaps one fault.

    `in_scope`: whether the application reads such places. `rules` are those in force that match, but for their conditions.
    `nearly` are those that match but for one part, or none: that part, None for a rule that all but its condition lets match.
    """

    in_scope: bool
    rules: tuple[Rule, ...]
    nearly: tuple[tuple[Rule, str | None], ...]
    near_urls: tuple[Near, ...]

    @property
    def is_settled(self) -> bool:
        """Whether no condition is to be asked, so that all such occurrences are decided alike."""
        return all(rule.when is None or missed == "type" for rule, missed in self.nearly)


_Said = tuple[Verdict, Ground, str | None, str | None, bool, tuple[Near, ...], str | None]
"""All of a decision but its occurrence, in the order of its fields: that of all occurrences alike."""
_Kept = dict[tuple[object, ...], tuple[_Bearing, _Said | None]]


def _said_in(decision: Decision) -> _Said:
    verdict, ground, rule, because = decision.verdict, decision.ground, decision.rule, decision.because
    return verdict, ground, rule, because, decision.final, decision.near, decision.detail


class Sitting:
    """The decisions by one policy, on one day, for one intent: what bears on an occurrence is found once for all that are alike.

    It may sit for many documents, in several threads at once; it keeps urls and places, and nothing else of a document.
    """

    def __init__(self, policy: Policy, today: date, intent: Intent = Intent.READ) -> None:
        """Decide by `policy`, as on `today`, for an application of that intent."""
        self._policy = policy
        self._today = today
        self._intent = intent
        self._kept: _Kept = {}

    def decide_all(self, occurrences: Sequence[Occurrence]) -> tuple[list[Decision], set[Verdict]]:
        """Return the one decision on each of `occurrences`, and which verdicts they have; most are like one met before."""
        decided: list[Decision] = []
        verdicts: set[Verdict] = set()
        passing: _Kept = {}
        # INVARIANT: `occurrences` holds what the identities are of, so that none is used again.
        places: dict[tuple[int, str | None, int], dict[str | None, _Said]] = {}
        alike, kind, fault = None, None, None
        here: dict[str | None, _Said] = {}
        for each in occurrences:
            if each.carrier.alike is not alike or each.value_type is not kind or each.fault is not fault:
                alike, kind, fault = each.carrier.alike, each.value_type, each.fault
                if len(places) >= _MOST:
                    places.clear()
                here = places.setdefault((id(alike), kind, id(fault)), {})
            try:
                said = here[each.url]
            except KeyError:
                said, is_settled = self._said(each, passing)
                verdicts.add(said[0])
                if is_settled:
                    here[each.url] = said
            made: Any = DecisionDraft()
            made.occurrence = each
            made.verdict, made.ground, made.rule, made.because, made.final, made.near, made.detail = said
            made.__class__ = Decision
            decided.append(made)
        return decided, verdicts

    def _said(self, occurrence: Occurrence, passing: _Kept) -> tuple[_Said, bool]:
        """Return what is decided of `occurrence`, and whether it is so of all that are alike.

        What does not last is kept in `passing`.
        """
        url, alike = occurrence.url, occurrence.carrier.alike
        if alike is None:
            return _said_in(decide(self._policy, occurrence, self._today, self._intent)), False
        lasting = self._kept if alike.lasts and (url is None or len(url) <= _LONGEST) else passing
        key = (url, occurrence.value_type, occurrence.fault, alike)
        kept = lasting.get(key)
        if kept is not None:
            bearing, settled = kept
            return (settled, True) if settled is not None else (_said_in(self._decided(occurrence, bearing)), False)
        bearing = _bearing(self._policy, occurrence, self._today)
        said = _said_in(self._decided(occurrence, bearing))
        if len(lasting) >= _MOST:
            lasting.clear()
        lasting[key] = (bearing, said if bearing.is_settled else None)
        return said, bearing.is_settled

    def _decided(self, occurrence: Occurrence, bearing: _Bearing) -> Decision:
        return for_intent(_read_decision(self._policy, occurrence, self._today, self._intent, bearing), self._intent)


def decide(policy: Policy, occurrence: Occurrence, today: date, intent: Intent = Intent.READ) -> Decision:
    """Return the one decision that `policy` takes on `occurrence` on `today`."""
    return for_intent(_read_decision(policy, occurrence, today, intent, _bearing(policy, occurrence, today)), intent)


def for_intent(decision: Decision, intent: Intent) -> Decision:
    """Return `decision`, `reject` for an application that will change data whose modifiers it does not wholly understand."""
    if intent is Intent.MODIFY and decision.verdict not in _PASSES_MODIFICATION:
        return replace(decision, verdict=Verdict.REJECT)
    return decision


def _read_decision(policy: Policy, occurrence: Occurrence, today: date, intent: Intent, bearing: _Bearing) -> Decision:
    """Decide as for reading; under intent `modify` everything is in scope."""
    if occurrence.fault is not None:
        return _structural(policy, occurrence, today, bearing)
    if intent is Intent.READ and not bearing.in_scope:
        return Decision(Verdict.CLEAR, Ground.OUT_OF_SCOPE, occurrence)
    matches = list(_matches(policy, occurrence, today, bearing)) or list(_unnamed(policy, occurrence, today))
    match = min(matches, key=lambda each: each.order)
    near = tuple(_near(occurrence, bearing))
    return Decision(match.verdict, match.ground, occurrence, match.name, match.because, match.final, near)


def _structural(policy: Policy, occurrence: Occurrence, today: date, bearing: _Bearing) -> Decision:
    """Reject a structural fault, in and out of scope, unless a waiver may and does soften it."""
    fault = occurrence.fault
    assert fault is not None  # noqa: S101  the caller asked
    # Ground `undetermined` is no kind of waiver: what cannot be told is softened by nobody.
    kind = "empty" if fault.empty and fault.ground is Ground.MALFORMED else str(fault.ground)
    waivers = list(_waivers(policy, kind, None, occurrence, today))
    if not waivers:
        near = tuple(_near(occurrence, bearing)) if fault.by_definition else bearing.near_urls
        return Decision(Verdict.REJECT, fault.ground, occurrence, near=near, detail=fault.message)
    if fault.ground is Ground.WRONG_SLOT:
        waivers = [replace(w, verdict=_WAIVED_AS.get(w.verdict, w.verdict)) for w in waivers]
    match = min((_waived(waiver, occurrence.carrier) for waiver in waivers), key=lambda each: each.order)
    return Decision(match.verdict, match.ground, occurrence, match.name, match.because, detail=fault.message)


# what speaks of an occurrence


def _bearing(policy: Policy, occurrence: Occurrence, today: date) -> _Bearing:
    """Find what of `policy` bears on an occurrence, and on all like it."""
    told = [(rule, tuple(_missed(rule, occurrence, today))) for rule in policy.rules_for(occurrence.url or "")]
    return _Bearing(
        in_scope(policy, occurrence.carrier),
        tuple(rule for rule, missed in told if not missed),
        tuple((rule, missed[0] if missed else None) for rule, missed in told if len(missed) < 2),  # noqa: PLR2004  one part
        tuple(_near_urls(policy, occurrence)),
    )


def _missed(rule: Rule, occurrence: Occurrence, today: date) -> Iterator[str]:
    """Give the parts of `rule` that do not match, its condition left out."""
    if rule.urls.exclude.matches(occurrence.url or ""):
        yield "except"
    if not any(path.matches(occurrence.carrier) for path in rule.paths):
        yield "path"
    if rule.types and occurrence.value_type not in rule.types:
        yield "type"
    if not rule.period.holds(today):
        yield "date"


def _matches(policy: Policy, occurrence: Occurrence, today: date, bearing: _Bearing) -> Iterator[_Match]:
    """Give what the rules in force decide, with their waivers put in their place."""
    for rule in bearing.rules:
        answer = _condition(rule, occurrence)
        if answer is None:
            yield _Match(Verdict.REJECT, Ground.UNDETERMINED, rule.name, rule.because, rule.final)
        elif answer:
            waivers = [] if rule.final else list(_waivers(policy, "rule", rule.name, occurrence, today))
            if waivers:
                yield from (_waived(waiver, occurrence.carrier) for waiver in waivers)
            else:
                verdict = _possible(rule.verdict, occurrence.carrier)
                yield _Match(verdict, Ground.RULE, rule.name, rule.because, rule.final)


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
    waivers = list(_waivers(policy, "unknown", None, occurrence, today))
    if waivers:
        yield from (_waived(waiver, occurrence.carrier) for waiver in waivers)
        return
    carrier = occurrence.carrier
    placed = [d.verdict for d in policy.path_defaults if any(path.matches(carrier) for path in d.paths)]
    for verdict in placed or [policy.default]:
        yield _Match(_possible(verdict, carrier), Ground.UNKNOWN)


def _waivers(policy: Policy, kind: str, rule: str | None, occurrence: Occurrence, today: date) -> Iterator[Waiver]:
    """Give the waivers of `kind`, and of `rule` if that is the kind, that hold on `today` for this url and place."""
    for waiver in policy.waivers_for(kind, rule, occurrence.url or ""):
        if (
            waiver.period.holds(today)
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


def _near(occurrence: Occurrence, bearing: _Bearing) -> Iterator[Near]:
    """Give the rules of this url that one part kept from deciding, and those whose url almost was this one."""
    for rule, missed in bearing.nearly:
        is_false = missed != "type" and _condition(rule, occurrence) is False
        if missed is not None and not is_false:
            yield Near(rule.name, missed)
        elif missed is None and is_false:
            yield Near(rule.name, "condition")
    yield from bearing.near_urls


def _near_urls(policy: Policy, occurrence: Occurrence) -> Iterator[Near]:
    """Give the rules with a literal url that differs only as urls are easily mistyped."""
    if occurrence.url is None:
        return
    for rule in policy.rules_of_similar(occurrence.url):
        if any(path.matches(occurrence.carrier) for path in rule.paths):
            yield Near(rule.name, "url")
