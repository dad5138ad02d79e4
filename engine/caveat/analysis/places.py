"""The places that policies tell apart, each kind once: what paths, defaults, waivers and `reads` make of the sites of FHIR.

Rule 1: two places are of one kind when the same paths name them and they are alike as root, extension value, and in scope.
Rule 2: of the types of resources that no policy names, a few stand for all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from caveat.analysis.grounds import Grounds
from caveat.analysis.sites import Site, hosts_of, sites_at, sites_of, way_to
from caveat.domain.decision import RULES
from caveat.judge.scope import in_scope
from caveat.policy.policy import Policy, Reading
from caveat.policy.selectors import PathSelector
from caveat.spec.context import path_of
from caveat.spec.release import Release
from caveat.spec.shape import tables

_ORDINARY = ("Basic", "Account", "Appointment", "Bundle")
"""Types that stand for those that no policy names, where they are not named themselves."""
_VALUES = ("Timing", "Dosage")
"""Data types that an extension's value may have and that carry: where paths name one of them, the other stands for the rest."""


@dataclass(frozen=True, slots=True, eq=False)
class Class:
    """Places that the policies do not tell apart; `names` and `within` are the selectors' names that name them."""

    sites: tuple[Site, ...]
    names: frozenset[str]
    within: frozenset[str]

    @property
    def site(self) -> Site:
        """The place that stands for all."""
        return self.sites[0]

    def is_on(self, paths: Iterable[PathSelector]) -> bool:
        """Return whether one of some paths names these places."""
        return any(path.name in (self.within if path.deep else self.names) for path in paths)


@dataclass(eq=False)
class Places:
    """The places of some policies in some releases; `paths` are all that are named, `urls` the literal ones."""

    policies: tuple[Policy, ...]
    releases: tuple[Release, ...]
    paths: frozenset[PathSelector]
    urls: tuple[str, ...]
    grounds: Grounds

    @cached_property
    def classes(self) -> tuple[Class, ...]:
        """Every kind of place that the policies tell apart."""
        exact = frozenset(path.name for path in self.paths if not path.deep)
        deep = frozenset(path.name for path in self.paths if path.deep)
        grouped: defaultdict[tuple[Any, ...], list[Site]] = defaultdict(list)
        for site in self._sites():
            carrier = site.carrier
            scope = tuple(in_scope(policy, carrier) for policy in self.policies)
            told = (site.slot, carrier.is_root, carrier.in_extension_value, carrier.has_narrative, scope)
            grouped[site.names & exact, site.within & deep, told].append(site)
        return tuple(Class(tuple(sites), names, within) for (names, within, _), sites in grouped.items())

    def _sites(self) -> Iterator[Site]:
        """Give every place in the types of resources that the policies name, and in a few that they do not."""
        for release in self.releases:
            data_types = self._data_types(release)
            wanted = tuple(dict.fromkeys((*_VALUES, *data_types)))
            for kind in self._kinds(release):
                found = {site.steps if site.slot != RULES else RULES: site for site in sites_of(release, kind)}
                named = [*self._named_below[kind], *self._named_in(release, kind, data_types)]
                for name in (kind, *named) if data_types or named else ():
                    found |= {site.steps: site for site in sites_at(release, kind, name.split(".")[1:], wanted)}
                yield from found.values()

    def _data_types(self, release: Release) -> tuple[str, ...]:
        """Return the data types that paths begin with."""
        shapes = {name: tables(release).shape(name) for name in sorted(self._heads)}
        return tuple(name for name, shape in shapes.items() if shape is not None and shape.kind == "datatype")

    def _named_in(self, release: Release, kind: str, data_types: tuple[str, ...]) -> Iterator[str]:
        """Give the elements of a type of resource that paths which begin with a data type name."""
        for data_type in data_types:
            way = way_to(release, kind, data_type)
            if way is not None:
                yield way
                yield from (way + name.removeprefix(data_type) for name in self._named_below[data_type])

    @cached_property
    def _heads(self) -> frozenset[str]:
        return frozenset(path.name.partition(".")[0] for path in self.paths)

    @cached_property
    def _named_below(self) -> Mapping[str, tuple[str, ...]]:
        """The elements that paths and `reads` name, by type."""
        read = [element for reading in self._reads for element in reading.elements or ()]
        named = [path.name for path in self.paths if "." in path.name and not path.name.endswith(f".{RULES}")]
        found: defaultdict[str, list[str]] = defaultdict(list)
        for name in sorted({*named, *read}):
            found[name.partition(".")[0]].append(name)
        return defaultdict(tuple, {kind: tuple(names) for kind, names in found.items()})

    @property
    def _reads(self) -> Iterator[Reading]:
        return (reading for policy in self.policies for reading in policy.reads)

    def _kinds(self, release: Release) -> list[str]:
        """Return the types of resources to look at: those named, those of definitions, and of the others some of each shape."""
        read = tables(release)
        named = self._heads | {reading.type for reading in self._reads} | self._kinds_of_definitions(release)
        kinds = [kind for kind in sorted(read.resource_types) if kind in named]
        others = [kind for kind in (*_ORDINARY, *sorted(read.resource_types)) if kind not in named]
        kinds += [kind for kind in others if kind in read.resource_types][: len(_ORDINARY)]
        for head in self._data_types(release):
            kinds += [kind for kind in hosts_of(release, head) if kind not in kinds][:2]
        return list(dict.fromkeys(kinds))

    def _kinds_of_definitions(self, release: Release) -> frozenset[str]:
        """Return the types that the definitions of literal urls allow these on."""
        found = set()
        for url in self.urls:
            definition = self.grounds.definition(url, release)
            for context in definition.contexts if definition is not None and definition.is_whole else ():
                path = path_of(context.expression)
                shape = tables(release).shape(path.partition(".")[0]) if path else None
                if path and shape is not None and shape.kind == "datatype":
                    found |= set(hosts_of(release, shape.name))
                elif path:
                    found.add(path.partition(".")[0])
        return frozenset(found)

    @cached_property
    def _by_name(self) -> Mapping[tuple[str, bool], tuple[Class, ...]]:
        found: defaultdict[tuple[str, bool], list[Class]] = defaultdict(list)
        for each in self.classes:
            for name in each.names:
                found[name, False].append(each)
            for name in each.within:
                found[name, True].append(each)
        return {key: tuple(classes) for key, classes in found.items()}

    def classes_on(self, paths: Iterable[PathSelector]) -> tuple[Class, ...]:
        """Return the kinds of places that some paths name, each once."""
        return tuple(dict.fromkeys(c for path in paths for c in self._by_name.get((path.name, path.deep), ())))
