"""What two policies decide differently at one place on the urls of one class: with which values, on which days, for what.

Rule 1: the evaluator is asked, for both policies, on every value, day and intent that could matter; nothing is concluded.
Rule 2: what an exclusion becomes where nothing can be left out, and a narrative where none may be shown, is looked at too, and
told apart only where it is not the same change.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from caveat.analysis.difference.sights import Sight
from caveat.domain.change import Answer, Days, Where
from caveat.domain.decision import Carrier, Decision, Intent, Occurrence, Verdict
from caveat.judge.evaluate import decide
from caveat.judge.fold import settle
from caveat.policy.policy import Period, Policy

Pair = tuple[Answer, Answer]
_DAY = timedelta(days=1)
_SOME_DAY = date(2000, 1, 1)
_CONDITIONAL = frozenset({Verdict.EXCLUDE, Verdict.NARRATIVE})
_PARTS = (Where.NO_NARRATIVE, Where.NOTHING_LEFT_OUT)
NOTHING = Answer(Verdict.CLEAR)


@dataclass(frozen=True, slots=True)
class Found:
    """A difference at one place: the answers, when, for which intent, what is so of the place, and the numbers of the values."""

    answers: Pair
    days: tuple[Days, ...]
    intent: Intent
    where: Where | None
    values: frozenset[int]


def differences(
    policies: tuple[Policy, Policy],
    carrier: Carrier,
    sight: Sight,
    count: int,
    periods: Iterable[Period],
    *,
    scopes: tuple[bool, bool],
    verdicts: frozenset[Verdict],
) -> list[Found]:
    """Return every difference on `carrier`, with `count` values to ask about.

    `periods` are those of whatever may speak there, `verdicts` what that may decide; `scopes` says who reads the place.
    """
    spans = spans_of(periods)
    found: defaultdict[tuple[Intent, Where | None, Pair], defaultdict[int, list[Days]]] = defaultdict(lambda: defaultdict(list))
    for where, stands in _stances(carrier, verdicts):
        for number in range(count):
            asked = [(policy, sight(which, stands, number)) for which, policy in enumerate(policies)]
            for span in spans:
                for intent, pair in _pairs(asked, span.since or span.until or _SOME_DAY, is_read=all(scopes)):
                    found[intent, where, pair][number].append(span)
    return list(_told(found))


def _pairs(asked: list[tuple[Policy, Occurrence | None]], day: date, *, is_read: bool) -> Iterator[tuple[Intent, Pair]]:
    """Give the answers that differ, for reading, else for writing back; where both read the place the latter adds nothing."""
    for intent in (Intent.READ,) if is_read else (Intent.READ, Intent.MODIFY):
        old, new = (_answer(policy, each, day, intent) for policy, each in asked)
        if old.verdict is not new.verdict:
            yield intent, (old, new)
            return


def _answer(policy: Policy, occurrence: Occurrence | None, day: date, intent: Intent) -> Answer:
    return NOTHING if occurrence is None else answer_of(settle((decide(policy, occurrence, day, intent),))[0])


def answer_of(decision: Decision) -> Answer:
    """Return a decision as an answer."""
    return Answer(decision.verdict, decision.ground, decision.rule)


def _stances(carrier: Carrier, verdicts: frozenset[Verdict]) -> Iterator[tuple[Where | None, Carrier]]:
    """Give the carrier as it stands, then where it has no narrative and where nothing can be left out, if that matters."""
    yield None, carrier
    if _CONDITIONAL.isdisjoint(verdicts):
        return
    bare = replace(carrier, has_narrative=False)
    told = [(Where.NO_NARRATIVE, bare)] if carrier.has_narrative else []
    if not (carrier.is_root or carrier.in_extension_value):
        told.append((Where.NOTHING_LEFT_OUT, replace(carrier, in_extension_value=True)))
        told += [(Where.NEITHER, replace(bare, in_extension_value=True))] if carrier.has_narrative else []
    yield from told


def spans_of(periods: Iterable[Period]) -> list[Days]:
    """Return the spans of days between which nothing begins or ends; together they are all days."""
    listed = list(periods)
    starts = {p.since for p in listed if p.since} | {p.until + _DAY for p in listed if p.until and p.until < date.max}
    edges = sorted(starts - {date.min})
    return [Days(since, until - _DAY if until else None) for since, until in zip([None, *edges], [*edges, None], strict=True)]


def merged(spans: list[Days]) -> tuple[Days, ...]:
    """Return spans in order, those that follow each other as one."""
    told: list[Days] = []
    for span in spans:
        if told and told[-1].until is not None and told[-1].until + _DAY == span.since:
            told[-1] = Days(told[-1].since, span.until)
        else:
            told.append(span)
    return tuple(told)


def _told(found: defaultdict[tuple[Intent, Where | None, Pair], defaultdict[int, list[Days]]]) -> Iterator[Found]:
    """Give what was found, values of the same days together; what the same change elsewhere explains is left out."""
    plain = {(intent, pair): days for (intent, where, pair), days in found.items() if where is None}
    for (intent, where, pair), by_value in list(found.items()):
        together: defaultdict[tuple[Days, ...], set[int]] = defaultdict(set)
        for number, spans in by_value.items():
            left = spans if where is None else [s for s in spans if not _is_explained(plain, pair, number, s)]
            if where is Where.NEITHER:
                left = [s for s in left if not any(s in found[intent, part, pair].get(number, ()) for part in _PARTS)]
            if left:
                together[merged(left)].add(number)
        yield from (Found(pair, days, intent, where, frozenset(numbers)) for days, numbers in together.items())


def _is_explained(plain: dict[tuple[Intent, Pair], defaultdict[int, list[Days]]], pair: Pair, number: int, span: Days) -> bool:
    """Return whether the same rules make the same change, or one in the same direction, where the verdicts can hold."""
    return any(
        span in days.get(number, ()) and _cause(other) == _cause(pair) and _is_looser(other) == _is_looser(pair)
        for (_, other), days in plain.items()
    )


def _cause(pair: Pair) -> tuple[object, ...]:
    return tuple((answer.ground, answer.rule) for answer in pair)


def _is_looser(pair: Pair) -> bool:
    return pair[1].verdict < pair[0].verdict
