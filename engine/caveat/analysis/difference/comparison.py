"""Everything that two policies decide differently: modifiers in their slot and out of it, `implicitRules`, and empty slots.

Rule 1: what both policies have the same to say of is decided alike, and is not looked at; everything else is.
Rule 2: what has the same to be said of is looked at once, whatever its url and path.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from caveat.analysis.difference import sights
from caveat.analysis.difference.cells import Found, differences
from caveat.analysis.difference.sights import Sight
from caveat.analysis.difference.speaking import UNNAMED, Listener, Voice, Voices
from caveat.analysis.difference.spots import SpotClass, Terrain, stance
from caveat.analysis.difference.urls import NO_URL, UrlClass, conditional_texts, cut_of, published_classes, url_classes
from caveat.analysis.difference.values import Drawn, Values
from caveat.analysis.grounds import Grounds
from caveat.domain.change import Naming, What, Where
from caveat.domain.decision import Fault
from caveat.domain.url import is_absolute_uri, is_absolute_url
from caveat.policy.policy import Policy
from caveat.spec.release import Release

_IN_SLOT = (*UNNAMED, "wrong-slot")
Releases = tuple[Release, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """One difference as it was found: what it is about, at which places, and with which of the values that were drawn."""

    what: What
    urls: UrlClass
    place: SpotClass
    found: Found
    drawn: Sequence[Drawn]
    releases: Releases


class Comparison:
    """Two policies side by side, in the releases that both are for."""

    def __init__(self, old: Policy, new: Policy, releases: Releases) -> None:
        """Gather what the policies name; nothing is decided before it is asked for."""
        self.policies = (old, new)
        self.releases = releases
        self.terrain = Terrain(self.policies, releases)
        self._listener = Listener(self.policies, self.terrain)
        self._values = Values(releases)
        self._grounds = (Grounds((old,)), Grounds((new,)))
        self._places = self.terrain.classes(self.terrain.modifiers)
        self._anywhere = self.terrain.classes((*self.terrain.modifiers, *self.terrain.elements))
        self._urls = tuple(url_classes(self.policies, cut_of(self.policies)))
        self._memo: dict[Hashable, list[Found]] = {}

    def all(self) -> Iterator[Seen]:
        """Give every difference."""
        for urls in (*self._urls, *published_classes(self.policies, self.releases, plain=True)):
            if is_absolute_url(urls.example):
                yield from self._in_slot(urls)
        yield from self._implicit_rules()
        yield from self._out_of_slot()
        yield from self._without_url(What.EMPTY, sights.EMPTY, "empty")
        yield from self._without_url(What.INCOMPLETE, sights.INCOMPLETE, "incomplete")

    # in modifierExtension

    def _in_slot(self, urls: UrlClass) -> Iterator[Seen]:
        """Give the differences on one class of urls, release by release where what is known of them differs."""
        apart: defaultdict[tuple[tuple[bool, bool], Release | None], list[Release]] = defaultdict(list)
        for release in self.releases:
            plain = self._is_plain(urls, release)
            is_held = not all(plain) and self._is_held(urls, release)
            apart[plain, release if is_held else None].append(release)
        for (plain, held_in), releases in apart.items():
            if held_in is not None:
                yield from self._of_defined(urls, plain, held_in)
            else:
                for place in self._in(releases):
                    yield from self._at(urls, place, plain, tuple(releases))

    def _is_plain(self, urls: UrlClass, release: Release) -> tuple[bool, bool]:
        """Return which policy knows a url as that of a plain extension."""
        if urls.told.naming is not Naming.LITERAL and urls.told.known is None:
            return False, False
        old, new = (grounds.kind(urls.example, release) is False for grounds in self._grounds)
        return old, new

    def _is_held(self, urls: UrlClass, release: Release) -> bool:
        """Return whether one policy has a definition that says what is lawful of a url."""
        is_literal = urls.told.naming is Naming.LITERAL
        return is_literal and any(grounds.types(urls.example, release) is not None for grounds in self._grounds)

    def _at(self, urls: UrlClass, place: SpotClass, plain: tuple[bool, bool], releases: Releases) -> Iterator[Seen]:
        """Give the differences on one class of urls at one class of places."""
        voices = self._listener.voices(urls, place, _IN_SLOT)
        if plain[0] == plain[1] and _are_alike(voices, is_plain=plain[0]):
            return
        drawn = self._drawn(voices)
        sight = sights.modifier(urls.example, drawn, plain)
        what = What.PLAIN if all(plain) else What.MODIFIER
        for found in self._found((what, plain), place, sight, drawn, voices):
            yield Seen(what, urls, place, found, drawn, releases)

    def _of_defined(self, urls: UrlClass, plain: tuple[bool, bool], release: Release) -> Iterator[Seen]:
        """Give the differences on a url whose definition says where it may stand, and what it may hold."""
        url = urls.example
        types = [grounds.types(url, release) for grounds in self._grounds]
        allowed = None if None in types else frozenset(chain.from_iterable(types))  # type: ignore[arg-type]
        base = next((made for grounds in self._grounds if (made := grounds.base(url, release)) is not None), None)
        same = plain[0] == plain[1] and self.policies[0].library == self.policies[1].library
        for every in self._in((release,)):
            voices = self._listener.voices(urls, every, _IN_SLOT)
            place = None if same and _are_alike(voices, is_plain=plain[0]) else self._lawful(every, url, plain, release)
            if place is None:
                continue
            drawn = [each for each in self._drawn(voices, allowed, base) if not each.value.contradicted]
            sight = sights.held(sights.modifier(url, drawn, plain), self.policies, place, release)
            for found in self._differences(place, sight, len(drawn), voices):
                yield Seen(What.MODIFIER, urls, place, found, drawn, (release,))

    def _lawful(self, place: SpotClass, url: str, plain: tuple[bool, bool], release: Release) -> SpotClass | None:
        """Return those of the places where a url is lawful for one policy, or where its definition does not matter to one."""
        members = tuple(
            spot
            for spot in place.members
            if release in spot.releases and (any(plain) or any(g.allow(url, spot.at(release)) for g in self._grounds))
        )
        return replace(place, carrier=members[0].carrier, members=members) if members else None

    def _drawn(self, voices: Voices, allowed: frozenset[str] | None = None, base: Any = None) -> list[Drawn]:
        return self._values.of([rule for voice in voices for rule in voice.rules], allowed, base)

    def _in(self, releases: Sequence[Release]) -> list[SpotClass]:
        """Return the classes of places in some of the releases."""
        return self._places if tuple(releases) == self.releases else _having(self._places, releases)

    # implicitRules

    def _implicit_rules(self) -> Iterator[Seen]:
        """Give the differences on `implicitRules`, whose url is their value."""
        texts = [text for text in conditional_texts(self.policies) if is_absolute_uri(text)]
        places = self.terrain.classes(self.terrain.rules)
        drawn = self._values.of(())
        for urls in url_classes(self.policies, cut_of(self.policies, texts)):
            for place in places if is_absolute_uri(urls.example) else ():
                voices = self._listener.voices(urls, place, UNNAMED)
                if not _are_alike(voices):
                    sight = sights.implicit_rules(urls.example)
                    for found in self._differences(place, sight, 1, voices):
                        yield Seen(What.RULES, urls, place, found, drawn, self.releases)

    # out of their slot, and without a url

    def _out_of_slot(self) -> Iterator[Seen]:
        """Give the differences on modifiers in plain `extension`: known to one policy alone, or waived otherwise."""
        literals = [urls for urls in self._urls if urls.told.naming is Naming.LITERAL]
        for urls in (*literals, *published_classes(self.policies, self.releases, plain=False)):
            apart: defaultdict[tuple[bool, bool], list[Release]] = defaultdict(list)
            for release in self.releases:
                apart[self._known(urls.example, release)].append(release)
            for known, releases in apart.items():
                if any(known):
                    yield from self._misput(urls, known, tuple(releases))

    def _known(self, url: str, release: Release) -> tuple[bool, bool]:
        """Return which policy knows a url as that of a modifier."""
        kinds = [grounds.kind(url, release) for grounds in self._grounds]
        old, new = (url in p.by_url if kind is None else kind for p, kind in zip(self.policies, kinds, strict=True))
        return old, new

    def _misput(self, urls: UrlClass, known: tuple[bool, bool], releases: Releases) -> Iterator[Seen]:
        """Give the differences on a modifier in plain `extension`."""
        drawn = self._values.of(())
        for place in _having(self._anywhere, releases):
            voices = self._listener.voices(urls, place, ("wrong-slot",))
            if not (all(known) and voices[0].waived("wrong-slot") == voices[1].waived("wrong-slot")):
                sight = sights.in_plain(urls.example, drawn, known)
                for found in self._found((What.MISPUT, known), place, sight, drawn, _unruled(voices)):
                    yield Seen(What.MISPUT, urls, place, found, drawn, releases)

    def _without_url(self, what: What, fault: Fault, kind: str) -> Iterator[Seen]:
        """Give the differences on a place that has no modifier to speak of: an empty slot, or one that was left out."""
        urls = UrlClass(NO_URL, "", ((), ()), (self.policies[0].waivers, self.policies[1].waivers))
        drawn = self._values.of(())
        for place in self._places:
            voices = self._listener.voices(urls, place, (kind,))
            if voices[0].waived(kind) != voices[1].waived(kind):
                for found in self._differences(place, sights.nothing(fault), 1, voices):
                    # What GraphQL left out below a root is in no embedded document: those have FHIR's own form.
                    if what is not What.INCOMPLETE or found.where in {None, Where.NO_NARRATIVE}:
                        yield Seen(what, urls, place, found, drawn, self.releases)

    # asking

    def _found(self, what: Hashable, place: SpotClass, sight: Sight, drawn: Sequence[Drawn], voices: Voices) -> list[Found]:
        """Return the differences at a place, found once for all that has the same to be said of."""
        key = what, tuple(voice.names for voice in voices), stance(place.carrier)
        if key not in self._memo:
            self._memo[key] = self._differences(place, sight, len(drawn), voices)
        return self._memo[key]

    def _differences(self, place: SpotClass, sight: Sight, count: int, voices: Voices) -> list[Found]:
        periods = chain.from_iterable(voice.periods() for voice in voices)
        verdicts = frozenset(chain.from_iterable(voice.verdicts() for voice in voices))
        return differences(self.policies, place.carrier, sight, count, periods, scopes=place.scopes, verdicts=verdicts)


def _are_alike(voices: Voices, *, is_plain: bool = False) -> bool:
    """Return whether both have the same to say; of a plain extension only waivers of `wrong-slot` speak."""
    old, new = voices
    return old.waived("wrong-slot") == new.waived("wrong-slot") if is_plain else old.content == new.content


def _unruled(voices: Voices) -> Voices:
    """Return voices that say nothing of the rules, which nobody asks about what is in the wrong slot."""
    old, new = (Voice((), voice.waivers, voice.defaults, voice.is_read) for voice in voices)
    return old, new


def _having(classes: Iterable[SpotClass], releases: Sequence[Release]) -> list[SpotClass]:
    """Return the classes with the places that one of some releases has."""
    told = []
    for each in classes:
        members = tuple(spot for spot in each.members if not set(spot.releases).isdisjoint(releases))
        told += [replace(each, carrier=members[0].carrier, members=members)] if members else []
    return told
