"""The places that two policies may tell apart, in all releases: what the paths, defaults and `reads` of both make of each.

Rule 1: places that nothing in either policy tells apart are one class, and decided once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache

from caveat.analysis.sites import Site, elements_at, hosts_of, sites_at, sites_of, value_types, values_of, way_to
from caveat.domain.decision import MODIFIERS, Carrier
from caveat.judge.scope import in_scope
from caveat.policy.policy import Policy
from caveat.policy.selectors import PathSelector
from caveat.spec.release import Release
from caveat.spec.shape import tables

_BESIDE = ("language", "id")


@dataclass(frozen=True, slots=True, eq=False)
class Spot:
    """One place: as each release has it, and its carrier, with a narrative where its type has one."""

    sites: tuple[Site, ...]
    carrier: Carrier

    @property
    def site(self) -> Site:
        """The place in the first release that has it."""
        return self.sites[0]

    @property
    def releases(self) -> tuple[Release, ...]:
        """The releases that have it."""
        return tuple(site.release for site in self.sites)

    def at(self, release: Release) -> Site:
        """Return the place as `release` has it, which must."""
        return next(site for site in self.sites if site.release is release)

    @property
    def in_value(self) -> bool:
        """Whether it lies in the value of an extension."""
        return self.carrier.in_extension_value


@dataclass(frozen=True, slots=True, eq=False)
class SpotClass:
    """Places that both policies see alike: `selected` has a bit for each selector that matches, `scopes` who reads it."""

    selected: int
    scopes: tuple[bool, bool]
    carrier: Carrier
    members: tuple[Spot, ...]


class Terrain:
    """All places for one comparison, and the paths by which the two policies speak of them."""

    def __init__(self, policies: tuple[Policy, Policy], releases: tuple[Release, ...]) -> None:
        """Gather the paths of both policies, and every place that they may tell apart."""
        self.selectors = tuple(sorted({path for policy in policies for path in _paths(policy)}))
        self.bits = {selector: 1 << number for number, selector in enumerate(self.selectors)}
        self._exact = {s.name: bit for s, bit in self.bits.items() if not s.deep}
        self._deep = {s.name: bit for s, bit in self.bits.items() if s.deep}
        reads = {e for policy in policies for r in policy.reads for e in (r.elements or ())}
        self.spots = tuple(_spots(releases, self.selectors, reads))
        self.modifiers = [spot for spot in self.spots if spot.site.slot == MODIFIERS]
        self.rules = [spot for spot in self.spots if spot.site.slot != MODIFIERS]
        self.elements = tuple(_elements(releases, policies))
        self._policies = policies

    def mask(self, paths: Iterable[PathSelector]) -> int:
        """Return the bits of some selectors of the policies."""
        return sum({self.bits[path] for path in paths})

    def classes(self, spots: Iterable[Spot]) -> list[SpotClass]:
        """Return `spots` in classes of those that both policies see alike."""
        found: defaultdict[tuple[object, ...], list[Spot]] = defaultdict(list)
        for spot in spots:
            carrier = spot.carrier
            scopes = (in_scope(self._policies[0], carrier), in_scope(self._policies[1], carrier))
            selected = sum(self._exact[name] for name in carrier.names & self._exact.keys())
            selected |= sum(self._deep[name] for name in carrier.within & self._deep.keys())
            found[selected, scopes, stance(carrier)].append(spot)
        return [SpotClass(key[0], key[1], each[0].carrier, tuple(each)) for key, each in found.items()]  # type: ignore[arg-type]


def stance(carrier: Carrier) -> tuple[bool, ...]:
    """Return what of a place matters to what a verdict becomes there."""
    must_stay = carrier.count - 1 < carrier.minimum
    return carrier.is_root, carrier.in_extension_value, carrier.has_narrative, must_stay


def _paths(policy: Policy) -> Iterator[PathSelector]:
    """Give every path that a policy decides by."""
    yield from (path for rule in policy.rules for path in rule.paths)
    yield from (path for waiver in policy.waivers for path in waiver.paths)
    yield from (path for default in policy.path_defaults for path in default.paths)


def _spots(releases: tuple[Release, ...], selectors: Collection[PathSelector], reads: Collection[str]) -> Iterator[Spot]:
    """Give every place once, with the releases that have it: what there is anyway, then what the policies single out."""
    usual = _usual(releases)
    yield from usual.values()
    found: defaultdict[tuple[object, ...], list[Site]] = defaultdict(list)
    for release in releases:
        for key, site in {_key(site): site for site in _singled_out(release, selectors, reads)}.items():
            if key not in usual:
                found[key].append(site)
    yield from map(_spot, found.values())


@cache
def _usual(releases: tuple[Release, ...]) -> dict[tuple[object, ...], Spot]:
    """Return the places that there are whatever the policies name, by what tells them apart."""
    found: defaultdict[tuple[object, ...], list[Site]] = defaultdict(list)
    for release in releases:
        for kind in sorted(tables(release).resource_types):
            for key, site in {_key(site): site for site in sites_of(release, kind)}.items():
                found[key].append(site)
    return {key: _spot(sites) for key, sites in found.items()}


def _elements(releases: tuple[Release, ...], policies: tuple[Policy, Policy]) -> Iterator[Spot]:
    """Give the elements, no carriers, that waivers of `wrong-slot` name: in plain `extension` a modifier may stand on any."""
    named = {path.name for p in policies for w in p.waivers if w.kind == "wrong-slot" for path in w.paths}
    found: defaultdict[tuple[object, ...], list[Site]] = defaultdict(list)
    for release in releases:
        for path in sorted({hosted for name in named for hosted in _hosted(release, name)}):
            kind, *segments = path.split(".")
            sites = (site for n in range(1, len(segments) + 1) for site in elements_at(release, kind, segments[:n]))
            for key, site in {_key(site): site for site in sites if not _can_carry(site)}.items():
                found[key].append(site)
    yield from map(_spot, found.values())


def _can_carry(site: Site) -> bool:
    return site.child is not None and site.child.shape is not None and site.child.shape.carries


def _spot(sites: list[Site]) -> Spot:
    return Spot(tuple(sites), _carrier(sites[0]))


def _carrier(site: Site) -> Carrier:
    """Return the carrier at a site, with as many beside it as must remain without it; what must be there once cannot go."""
    carrier = replace(site.carrier, names=site.names, within=site.within)
    repeats = site.child is not None and site.child.maximum != 1
    return replace(carrier, count=carrier.minimum + 1) if repeats else carrier


def _key(site: Site) -> tuple[object, ...]:
    """Return what tells places apart: the path, the slot, and the names, which a choice of types makes differ."""
    return site.path, site.slot, site.names


def _singled_out(release: Release, selectors: Collection[PathSelector], reads: Collection[str]) -> Iterator[Site]:
    """Give the sites of a release that the policies single out, and what stands beside them on the way."""
    types = _value_types(release, selectors)
    for kind in sorted(tables(release).resource_types) if types != ("Timing",) else ():
        yield from values_of(release, kind, (), types)
    named = {*(s.name for s in selectors if s.deep or s.name.count(".") > 1), *reads}
    for path in sorted({hosted for name in named for hosted in _hosted(release, name)}):
        kind, *segments = path.split(".")
        yield from sites_at(release, kind, segments, types)
        for depth in range(len(segments)):
            yield from sites_at(release, kind, segments[:depth], types)
            yield from _beside(release, kind, tuple(segments[:depth]), segments[depth], types)


def _beside(release: Release, kind: str, above: tuple[str, ...], segment: str, types: tuple[str, ...]) -> tuple[Site, ...]:
    """Return what stands in the extensions of an element beside the one that a path goes on to."""
    others = (sites_at(release, kind, (*above, other), types) for other in _BESIDE if other != segment)
    return next((found for found in others if found), ())


def _value_types(release: Release, selectors: Collection[PathSelector]) -> tuple[str, ...]:
    """Return the data types whose values of extensions the paths tell apart, and one that stands for the others."""
    heads = {selector.name.partition(".")[0] for selector in selectors}
    carrying = sorted(
        name for name, (_, child) in value_types(release).items() if child.shape is not None and child.shape.carries
    )
    named = [name for name in carrying if name in heads]
    if not named:
        return ("Timing",)
    return (*named, *[name for name in carrying if name not in heads and name != "Timing"][:1], "Timing")


def _hosted(release: Release, path: str) -> Iterator[str]:
    """Give a path in a resource; for one that begins with a data type, the same path where a resource has that type."""
    read = tables(release)
    head, dot, rest = path.partition(".")
    if head in read.resource_types:
        yield path
    elif head != "*" and read.shape(head) is not None:
        kind = next(iter(hosts_of(release, head)), None)
        way = way_to(release, kind, head) if kind else None
        if way is not None:
            yield f"{way}{dot}{rest}"
