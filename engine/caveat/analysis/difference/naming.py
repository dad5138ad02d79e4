"""How a set of places is told: by the fewest paths that lead to these and to no others, as a person would write them.

Rule 1: a path is used only where it is exact; what no path says alone is said with `but on`, or place by place.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import or_

from caveat.analysis.difference.spots import Spot
from caveat.policy.selectors import PathSelector

_TRIED = 8
_EVERYWHERE = (PathSelector("*", deep=True), PathSelector("*"), PathSelector("*.implicitRules"))


@dataclass(frozen=True, slots=True, order=True)
class Told:
    """The paths that places are told by, and those that are not meant."""

    paths: tuple[str, ...]
    unless: tuple[str, ...] = ()

    @property
    def length(self) -> int:
        """How many paths it takes."""
        return len(self.paths) + len(self.unless)


class PathNaming:
    """Names sets of some places; each place is a bit of a number."""

    def __init__(self, spots: Iterable[Spot], selectors: Iterable[PathSelector]) -> None:
        """Take the places, and the paths that the policies use."""
        self.spots = tuple(spots)
        self._bits = {id(spot): 1 << number for number, spot in enumerate(self.spots)}
        masks = self._by_name()
        candidates = dict.fromkeys((*_EVERYWHERE, *selectors, *self._usual()))
        self._masks = [(each.text, masks[each]) for each in candidates if each in masks]
        self._by_text = {selector.text: mask for selector, mask in masks.items()}
        self._known: dict[int, Told] = {}

    def _usual(self) -> Iterable[PathSelector]:
        """Give each type with all below it, and each place by its own name."""
        kinds = dict.fromkeys(spot.carrier.resource_type for spot in self.spots)
        yield from (PathSelector(kind, deep=True) for kind in kinds)
        for spot in self.spots:
            short = spot.carrier.short_path
            yield PathSelector(short if short in spot.carrier.names else spot.carrier.path)

    def _by_name(self) -> Mapping[PathSelector, int]:
        """Return the places that each path leads to."""
        masks: defaultdict[PathSelector, int] = defaultdict(int)
        for spot in self.spots:
            bit = self._bits[id(spot)]
            for name in spot.carrier.names:
                masks[PathSelector(name)] |= bit
            for name in spot.carrier.within:
                masks[PathSelector(name, deep=True)] |= bit
        return masks

    def told(self, spots: Iterable[Spot]) -> Told:
        """Return how `spots`, which are among its places, are told."""
        wanted = sum({self._bits[id(spot)] for spot in spots})
        if wanted not in self._known:
            self._known[wanted] = self._told(wanted)
        return self._known[wanted]

    def reaches(self, told: Told, spots: Iterable[Spot]) -> bool:
        """Return whether paths that were told of other places lead to `spots` here, and to no others."""
        reached = self._reached(told.paths) & ~self._reached(told.unless)
        return reached == sum({self._bits[id(spot)] for spot in spots})

    def _reached(self, paths: Iterable[str]) -> int:
        masks = [self._by_text.get(path, 0) for path in paths]
        return reduce(or_, masks, 0)

    def _told(self, wanted: int) -> Told:
        chosen, left = self._cover(wanted, ~wanted)
        exact = Told(chosen)
        if not left and exact.length <= 1:
            return exact
        wide = [(text, mask) for text, mask in self._masks if mask & ~wanted and mask & wanted]
        wide.sort(key=lambda each: ((each[1] & ~wanted).bit_count() - (each[1] & wanted).bit_count(), each[0]))
        options = [] if left else [exact]
        for text, mask in wide[:_TRIED]:
            rest, missing = self._cover(wanted & ~mask, ~wanted)
            unless, too_many = self._cover(mask & ~wanted, wanted)
            if not missing and not too_many:
                options.append(Told(tuple(sorted((text, *rest))), unless))
        return min(options, key=_clumsiness) if options else self._told_by_exceptions(wanted)

    def _told_by_exceptions(self, wanted: int) -> Told:
        """Return how places are told that no path tells alone: two data types that stand at one path, say."""
        others = reduce(or_, (mask for _, mask in self._masks if not mask & wanted), 0)
        paths, left = self._cover(wanted, ~wanted & ~others)
        own = {spot.carrier.path for spot in self.spots if self._bits[id(spot)] & left}
        told = tuple(sorted({*paths, *own}))
        return Told(told, self._cover(self._reached(told) & ~wanted, wanted)[0])

    def _cover(self, wanted: int, forbidden: int) -> tuple[tuple[str, ...], int]:
        """Return paths that lead to the places `wanted` and to none `forbidden`, widest first in choosing, and what is left."""
        inside = [
            ((mask & wanted).bit_count(), text, mask) for text, mask in self._masks if mask & wanted and not mask & forbidden
        ]
        inside.sort(key=lambda each: (-each[0], len(each[1]), each[1]))
        chosen, left = [], wanted
        for _, text, mask in inside:
            if mask & left:
                chosen.append(text)
                left &= ~mask
            if not left:
                break
        return tuple(sorted(chosen)), left


def _clumsiness(told: Told) -> tuple[int, Told]:
    """Rank ways to tell the same: fewer paths are better, and exceptions are harder to read."""
    return told.length + 2 * bool(told.unless), told
