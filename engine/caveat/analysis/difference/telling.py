"""From differences as they were found to changes as a person would say them: what has one cause is said once.

Rule 1: nothing is left out and nothing is added: urls, places, values and days are joined only where they change alike.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date

from caveat.analysis.difference.cells import Found
from caveat.analysis.difference.comparison import Comparison, Seen
from caveat.analysis.difference.describing import Meant, meant
from caveat.analysis.difference.naming import PathNaming, Told
from caveat.analysis.difference.showing import witness
from caveat.analysis.difference.sights import EMPTY, INCOMPLETE, Sight, implicit_rules, in_plain, modifier, nothing
from caveat.analysis.difference.spots import Spot
from caveat.domain.change import Among, Change, Naming, What, Witness
from caveat.domain.decision import Intent
from caveat.spec.release import Release

_ORDER = tuple(What)


@dataclass(slots=True)
class _Told:
    """Differences on one class of urls that are told together, and the places where they are."""

    seen: Seen
    meant: Meant
    spots: dict[Spot, None] = field(default_factory=dict)
    releases: dict[Release, None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Placed:
    """Some of them at places that are told together."""

    told: _Told
    spots: tuple[Spot, ...]
    paths: Told
    among: Among | None


def changes(comparison: Comparison, today: date) -> list[Change]:
    """Return every change, the looser ones first; witnesses are of `today` where that may be."""
    by_url: dict[Hashable, _Told] = {}
    for seen in comparison.all():
        for each in meant(seen.drawn, seen.found.values):
            _add(by_url.setdefault(_key(seen, each), _Told(seen, each)), seen)
    namings = _Namings(comparison)
    together: defaultdict[Hashable, list[_Placed]] = defaultdict(list)
    for key, told in by_url.items():
        for placed in _placed(told, namings):
            together[key[1:], placed.paths, placed.among].append(placed)  # type: ignore[index]
    return _in_order(_change(group, today) for group in together.values())


def _key(seen: Seen, values: Meant) -> Hashable:
    """Return what differences have in common that are told together; the urls, which come first, may be joined later."""
    found = seen.found
    return seen.urls.told, seen.what, found.answers, found.days, found.intent, found.where, values.types, values.values


def _add(told: _Told, seen: Seen) -> None:
    for spot in seen.place.members:
        mine = [release for release in spot.releases if release in seen.releases]
        if mine:
            told.spots[spot] = None
            told.releases.update(dict.fromkeys(mine))


class _Namings:
    """How places are named: modifiers in elements, in the values of extensions, and `implicitRules`."""

    def __init__(self, comparison: Comparison) -> None:
        terrain = comparison.terrain
        self._plain = PathNaming((s for s in terrain.modifiers if not s.in_value), terrain.selectors)
        self._valued = PathNaming((s for s in terrain.modifiers if s.in_value), terrain.selectors)
        self._rules = PathNaming(terrain.rules, terrain.selectors)
        elements = (*(s for s in terrain.modifiers if not s.in_value), *terrain.elements)
        self._misput = PathNaming(elements, terrain.selectors) if terrain.elements else self._plain

    def of(self, what: What, *, in_value: bool) -> PathNaming:
        """Return the naming of one kind of places."""
        if what is What.RULES:
            return self._rules
        return self._valued if in_value else self._misput if what is What.MISPUT else self._plain


def _placed(told: _Told, namings: _Namings) -> Iterator[_Placed]:
    """Give the places in elements and in values of extensions together where they are named alike, else apart."""
    what = told.seen.what
    groups = [tuple(s for s in told.spots if s.in_value is in_value) for in_value in (False, True)]
    plain, valued = groups
    told_plain = namings.of(what, in_value=False).told(plain) if plain else None
    if told_plain is not None and valued and namings.of(what, in_value=True).reaches(told_plain, valued):
        yield _Placed(told, (*plain, *valued), told_plain, None)
        return
    if told_plain is not None:
        leads_on = not namings.of(what, in_value=True).reaches(told_plain, ())
        yield _Placed(told, plain, told_plain, Among.ELEMENTS if leads_on else None)
    if valued:
        yield _Placed(told, valued, namings.of(what, in_value=True).told(valued), Among.VALUES)


def _change(group: list[_Placed], today: date) -> Change:
    """Return the change that all of `group` are."""
    first = group[0]
    found, told = first.told.seen.found, first.told
    releases = dict.fromkeys(release for each in group for release in each.told.releases)
    return Change(
        old=found.answers[0],
        new=found.answers[1],
        what=told.seen.what,
        urls=tuple(sorted({each.told.seen.urls.told for each in group})),
        paths=first.paths.paths,
        unless=first.paths.unless,
        places=frozenset(spot.carrier.path for each in group for spot in each.spots),
        types=told.meant.types,
        values=told.meant.values,
        days=found.days,
        intent=found.intent,
        where=found.where,
        among=first.among,
        releases=tuple(release.value for release in Release if release in releases),
        witness=_witness(first, found, today),
    )


def _witness(placed: _Placed, found: Found, today: date) -> Witness:
    """Return the witness of a difference, in the first release that has its place and its type of value."""
    told, number = placed.told, placed.told.meant.number
    having = set(told.seen.drawn[number].releases) & set(told.releases)
    spot, release = next((spot, r) for spot in placed.spots for r in spot.releases if r in having)
    occurrence = _sight(told.seen)(0, spot.carrier, number)
    assert occurrence is not None  # noqa: S101  it is seen as by a policy that knows its url
    site = spot.at(release)
    planted = replace(occurrence, carrier=replace(spot.carrier, location=site.carrier.location))
    return witness(told.seen.what, site, planted, found, today)


def _sight(seen: Seen) -> Sight:
    """Return what was seen, whatever is known of it."""
    match seen.what:
        case What.RULES:
            return implicit_rules(seen.urls.example)
        case What.EMPTY:
            return nothing(EMPTY)
        case What.INCOMPLETE:
            return nothing(INCOMPLETE)
        case What.MISPUT:
            return in_plain(seen.urls.example, seen.drawn, (True, True))
        case _:
            return modifier(seen.urls.example, seen.drawn, (False, False))


def _in_order(changes_: Iterable[Change]) -> list[Change]:
    """Return changes with those of one cause one after the other: what weighs most first, the looser ones before all."""
    causes: defaultdict[Hashable, list[Change]] = defaultdict(list)
    for change in sorted(changes_, key=_rank):
        causes[change.cause].append(change)
    return [change for group in causes.values() for change in group]


def _rank(change: Change) -> tuple[object, ...]:
    """Sort the looser ones first, then what matters most: modifiers in their slot, then the largest step."""
    step = abs(change.old.verdict - change.new.verdict)
    is_narrow = change.intent is Intent.MODIFY, change.where is not None, change.among is Among.VALUES
    weight = not change.is_looser, is_narrow, _ORDER.index(change.what), -step
    names = change.old.rule or "", change.new.rule or ""
    told = change.paths, str(change.days), change.types, tuple(value.text for value in change.values)
    return weight, names, Naming.ANYTHING not in {url.naming for url in change.urls}, change.urls, told
