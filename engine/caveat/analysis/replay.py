"""What would be decided now on what was decided then: past reports, which hold no values, under another policy.

Rule 1: nothing is guessed: what depends on a value, or on a part of the document that reports do not hold, is tried in every way
that agrees with what was decided; where the answers differ it cannot be told.
Rule 2: what a policy did not see is in no report: a modifier in plain `extension` that only the new policy knows is not found.
Rule 3: what was structurally wrong is known by its code. Reports of before there were codes are known by what they say of it.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from itertools import product
from typing import Any

from caveat.analysis.difference import sights
from caveat.analysis.difference.cells import answer_of
from caveat.analysis.difference.sights import Sight
from caveat.analysis.difference.values import Drawn, Values
from caveat.analysis.grounds import Grounds
from caveat.analysis.sites import Site, elements_at, value_types
from caveat.analysis.values import TooMany
from caveat.domain.change import Answer
from caveat.domain.decision import EXTENSIONS, RULES, Carrier, Decision, Ground, Intent, Occurrence, Verdict
from caveat.judge.evaluate import decide
from caveat.judge.fold import verdict_of
from caveat.policy.policy import Policy
from caveat.spec.release import Release
from caveat.spec.shape import tables

_MISUSED = frozenset(
    {
        "cardinality", "context", "context-open", "definition-open", "invariant", "invariant-open", "part-absent", "part-often",
        "part-unknown", "parts", "value-absent", "value-present",
    }
)  # fmt: skip
"""The codes of what a definition does not allow; so is `value-type` of a type that FHIR allows there (`_code`)."""
_BY_DEFINITION = "by-definition"  # stands for any of them
_SAID = (
    ("misused:", _BY_DEFINITION),
    ("not verifiable:", _BY_DEFINITION),
    ("from a source that", sights.INCOMPLETE.code),
    ("from a query that", sights.INCOMPLETE.code),
    (sights.EMPTY.message, sights.EMPTY.code),
)
"""How reports without codes say what is told apart here: the first words, never to be changed, and the code."""
Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Told:
    """One decision of a past report: what it was on, what was decided, and what would be now.

    `now` None: it cannot be told. `is_final`: nothing would remove it. `is_needed`: it is on an element of which there must
    be some, so that one that would be left out may be rejected.
    """

    location: str | None
    path: str | None
    slot: str | None
    url: str | None
    value_type: str | None
    then: Answer
    now: Answer | None
    is_final: bool = False
    is_needed: bool = False


@dataclass(frozen=True, slots=True)
class Replayed:
    """A past report: its verdict, the one that it would have now (None: it cannot be told), and its decisions."""

    then: Verdict
    now: Verdict | None
    decisions: tuple[Told, ...]


class Replay:
    """Decides past reports again."""

    def __init__(self, old: Policy, new: Policy, today: date) -> None:
        """Take the policy that is thought to have made the reports, and the one to decide by on `today`."""
        self._policies = (old, new)
        self._today = today
        self._grounds = (Grounds((old,)), Grounds((new,)))
        self._values = {release: Values((release,)) for release in Release}
        self._known: dict[Hashable, tuple[Answer, bool] | None] = {}

    def record(self, record: Json) -> Replayed:
        """Return what would be decided now on a report of the form `caveat.report/1`."""
        is_whole = not record.get("decisions_omitted")
        decisions = _kept_where_needed([self._told(record, past) for past in record["decisions"]], is_whole=is_whole)
        return Replayed(Verdict.of(record["verdict"]), _folded(decisions, is_whole=is_whole), decisions)

    # one decision

    def _told(self, record: Json, past: Json) -> Told:
        """Return one decision as it was and as it would be; what is alike is found once."""
        same = ("path", "slot", "url", "value_type", "verdict", "ground", "rule", "detail", "fault")
        around = (record["release"], record["intent"], record["date"], record["within"] is None, record["policy"]["digest"])
        key = (*around, *(past.get(name) for name in same))
        if key not in self._known:
            self._known[key] = self._now(record, past)
        now, is_final = self._known[key] or (None, False)
        place = (past["location"], past["path"], past["slot"], past["url"], past["value_type"])
        is_needed = past["path"] is not None and _is_needed(Release(record["release"]), past["path"])
        return Told(*place, _then(past), now, is_final, is_needed)

    def _now(self, record: Json, past: Json) -> tuple[Answer, bool] | None:
        """Return what would be decided, and whether that is final; None where it cannot be told."""
        try:
            possible = list(self._possible(record, past))
        except TooMany:
            return None
        verdicts = {answer.verdict for answer, _ in possible}
        return possible[0] if len(verdicts) == 1 else None

    def _possible(self, record: Json, past: Json) -> Iterator[tuple[Answer, bool]]:
        """Give what may be decided now, in every way that agrees with what was decided."""
        release, intent = Release(record["release"]), Intent(record["intent"])
        code = _code(past, release)
        if _is_settled(past, code):
            if code != _BY_DEFINITION or self._is_defined_alike(past["url"], release):
                yield _then(past), False
            return
        is_of_old = record["policy"]["digest"] == self._policies[0].digest
        then = date.fromisoformat(record["date"])
        for old, new in self._seen(record, past, release):
            if is_of_old and not _agrees(self._decided(0, old, then, intent), past, release):
                continue
            decision = self._decided(1, new, self._today, intent)
            yield (Answer(Verdict.CLEAR), False) if decision is None else (answer_of(decision), decision.final)

    def _decided(self, which: int, seen: Occurrence | None, today: date, intent: Intent) -> Decision | None:
        return None if seen is None else decide(self._policies[which], seen, today, intent)

    def _is_defined_alike(self, url: str | None, release: Release) -> bool:
        """Return whether both policies have the same definition of a url."""
        old, new = (grounds.definition(url or "", release) for grounds in self._grounds)
        return old == new

    # what may have been seen

    def _seen(self, record: Json, past: Json, release: Release) -> Iterator[tuple[Occurrence | None, Occurrence | None]]:
        """Give what the old policy may have seen, with what the new one sees of the same."""
        if past["slot"] != RULES and not self._is_defined_alike(past["url"], release):
            return
        drawn = self._drawn(past, release)
        sight = self._sight(past, drawn, release)
        for site in _sites(release, past["path"]):
            for carrier, number in product(_stances(site, record, past), range(len(drawn))):
                yield sight(0, carrier, number), sight(1, carrier, number)

    def _drawn(self, past: Json, release: Release) -> Sequence[Drawn]:
        """Return the values that it may have had, of the type that the report states."""
        values, kind = self._values[release], past["value_type"]
        if past["slot"] in {RULES, EXTENSIONS} or past["url"] is None or kind is None:
            return values.of(())
        rules = [r for policy in self._policies for r in policy.rules_for(past["url"]) if r.urls.matches(past["url"])]
        return values.of(rules, frozenset((kind,)))

    def _sight(self, past: Json, drawn: Sequence[Drawn], release: Release) -> Sight:
        """Return how both policies see it."""
        url, code = past["url"] or "", _code(past, release)
        if code == sights.EMPTY.code:
            return sights.nothing(sights.EMPTY)
        if code == sights.INCOMPLETE.code:
            return sights.nothing(sights.INCOMPLETE)
        if past["slot"] == RULES:
            return sights.implicit_rules(url)
        kinds = [grounds.kind(url, release) for grounds in self._grounds]
        if past["slot"] == EXTENSIONS:
            known = [url in p.by_url if kind is None else kind for p, kind in zip(self._policies, kinds, strict=True)]
            return sights.in_plain(url, drawn, (known[0], known[1]))
        return sights.modifier(url, drawn, (kinds[0] is False, kinds[1] is False))


def _code(past: Json, release: Release) -> str | None:
    """Return what was structurally wrong: its code, one code for all that a definition does not allow, None for nothing."""
    code: str | None = past.get("fault")
    if code is None:
        detail = past["detail"] or ""
        return next((known for said, known in _SAID if detail.startswith(said)), None)
    # FHIR's own word comes first: only a type that it allows in an extension is held against a definition.
    is_misused = code in _MISUSED or (code == "value-type" and past["value_type"] in value_types(release))
    return _BY_DEFINITION if is_misused else code


def _is_settled(past: Json, code: str | None) -> bool:
    """Return whether no policy decides otherwise: what is structurally wrong in a way that nothing softens."""
    ground = past["ground"]
    is_open = ground == Ground.UNDETERMINED and past["rule"] is None
    is_bad = ground in {Ground.UNREADABLE, Ground.MISPLACED, Ground.MALFORMED} and code != sights.EMPTY.code
    return is_open or is_bad or past["path"] is None


def _sites(release: Release, path: str) -> tuple[Site, ...]:
    """Return the places that a path of a report may be, of several types where it is a choice."""
    kind, *segments = path.removesuffix(f".{RULES}").split(".")
    if tables(release).shape(kind) is None:
        return ()
    return elements_at(release, kind, segments)


def _stances(site: Site, record: Json, past: Json) -> Iterator[Carrier]:
    """Give the carrier in every way that it may have stood: reports say nothing of narratives and of what was around it."""
    carrier = replace(site.carrier, names=site.names, within=site.within, count=1, minimum=0)
    if past["slot"] == RULES:
        kind = site.carrier.path
        names = frozenset({f"{kind}.{RULES}", f"*.{RULES}"})
        carrier = replace(carrier, path=f"{kind}.{RULES}", short_path=f"{kind}.{RULES}", names=names, within=frozenset())
    if record["within"] is not None and record["resource_type"] == carrier.path:
        carrier = replace(carrier, is_root=True)
    for has_narrative, in_value in product((True, False), {carrier.in_extension_value, True}):
        yield replace(carrier, has_narrative=has_narrative, in_extension_value=in_value)


def _then(past: Json) -> Answer:
    return Answer(Verdict.of(past["verdict"]), Ground(past["ground"]), past["rule"])


def _agrees(decision: Decision | None, past: Json, release: Release) -> bool:
    """Return whether a decision may be the one that was reported, with the same near misses."""
    if decision is None:
        return False
    then, may_stay = _then(past), decision.verdict is Verdict.EXCLUDE and _is_needed(release, past["path"])
    if answer_of(decision) != then and not (may_stay and answer_of(replace(decision, verdict=Verdict.REJECT)) == then):
        return False
    return {(near.rule, near.missed) for near in decision.near} == {(near["rule"], near["missed"]) for near in past["near"]}


# the whole report


@cache
def _is_needed(release: Release, path: str) -> bool:
    """Return whether there must be some of the elements of a path."""
    return any(site.carrier.minimum for site in _sites(release, path))


def _kept_where_needed(decisions: Sequence[Told], *, is_whole: bool) -> tuple[Told, ...]:
    """Return decisions as they are after elements are left out: one that leaves out what is needed is as it was where all are.

    Else it cannot be told: reports do not say how many elements there were.
    """
    if is_whole and all(each.now == each.then for each in decisions):
        return tuple(decisions)
    return tuple(replace(each, now=None) if each.is_needed and _leaves_out(each.now) else each for each in decisions)


def _leaves_out(answer: Answer | None) -> bool:
    return answer is not None and answer.verdict is Verdict.EXCLUDE


def _folded(decisions: Sequence[Told], *, is_whole: bool) -> Verdict | None:
    """Return the verdict that the report would have, None where a decision that cannot be told may change it."""
    told = [_decision(each) for each in decisions if each.now is not None]
    verdict = verdict_of(told)
    if verdict is Verdict.REJECT and any(each.verdict is Verdict.REJECT and each.stands for each in told):
        return verdict
    return verdict if is_whole and len(told) == len(decisions) else None


def _decision(told: Told) -> Decision:
    """Return what would be decided as what folds to a verdict."""
    now = told.now
    assert now is not None  # noqa: S101  the caller leaves out what cannot be told
    location = _holder(told)
    carrier = Carrier(location, told.path or "", "", "", frozenset(), frozenset(), "", siblings=location)
    occurrence = Occurrence(told.url, told.location or "", told.slot or "", carrier) if told.location else None
    return Decision(now.verdict, now.ground or Ground.OUT_OF_SCOPE, occurrence, now.rule, final=told.is_final)


def _holder(told: Told) -> str:
    """Return the location of what carries it: the location itself, without its last step."""
    return (told.location or "").rpartition(".")[0]
