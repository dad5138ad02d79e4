"""What two policies decide differently, exactly: looser and stricter, with the days on which it is so, and a witness each.

Rule 1: every class of urls, places, values and days that the policies tell apart is decided by both, under both intents.
Rule 2: the unit is one occurrence: what exclusions make of several together is not compared.
Rule 3: a witness that does not show its change is a fault of Caveat, and nothing is claimed then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date

from caveat.analysis.difference.comparison import Comparison
from caveat.analysis.difference.showing import day_in, verdict_of
from caveat.analysis.difference.telling import changes
from caveat.domain.change import Change, Days
from caveat.policy.policy import Policy
from caveat.spec.release import Release


class Misbehaved(Exception):
    """A witness does not show its change: a fault of Caveat's own, and so no `CaveatError`."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What two policies decide differently in the `releases` that both are for; `gained` and `lost` are those of one alone."""

    changes: tuple[Change, ...]
    releases: tuple[Release, ...]
    gained: tuple[Release, ...]
    lost: tuple[Release, ...]


def compare(old: Policy, new: Policy, today: date, releases: Iterable[Release] = tuple(Release)) -> Difference:
    """Return what `new` decides otherwise than `old`, in those of `releases` that both are for.

    Witnesses are of `today` where the change holds on that day. Misbehaved when a witness does not show its change.
    """
    mine, others = _releases(old), _releases(new)
    both = tuple(release for release in releases if release in mine and release in others)
    found = changes(Comparison(old, new, both), today) if both else []
    for change in found:
        _check(change, old, new)
    gained = tuple(release for release in releases if release in others and release not in mine)
    lost = tuple(release for release in releases if release in mine and release not in others)
    return Difference(tuple(found), both, gained, lost)


def on_day(changes_: Iterable[Change], day: date) -> Iterator[Change]:
    """Give the changes that hold on one day, as they are on that day."""
    for change in changes_:
        if any(day_in(span, day) == day for span in change.days):
            yield replace(change, days=(Days(day, day),), witness=replace(change.witness, day=day))


def _releases(policy: Policy) -> tuple[Release, ...]:
    return tuple(Release.of(name) for name in policy.releases) or tuple(Release)


def _check(change: Change, old: Policy, new: Policy) -> None:
    """Raise Misbehaved when the witness of a change is not judged as the change says."""
    judged = verdict_of(old, change.witness), verdict_of(new, change.witness)
    if judged != (change.old.verdict, change.new.verdict):
        said = f"{change.old.verdict.word} and {change.new.verdict.word}"
        raise Misbehaved(f"a witness said to be {said} is {judged[0].word} and {judged[1].word}")
