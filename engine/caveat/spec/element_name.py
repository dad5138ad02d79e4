"""The names that libraries give to FHIR's elements: `ImagingStudySeriesInstance` is `ImagingStudy.series.instance`.

Rule 1: a name that could mean two elements means none.
Rule 2: what cannot say of itself where it stands cannot be checked alone: an Extension does not know its slot.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import chain

from caveat.domain.errors import UsageError
from caveat.spec.release import Release
from caveat.spec.shape import Place, Tables, tables

_ABSTRACT = frozenset({"Element", "BackboneElement", "BackboneType", "DataType", "PrimitiveType", "Base"})


def place_of(name: str, release: Release) -> Place:
    """Return the place that `name` stands for: a path, a class of fhir.resources, or a type of a GraphQL schema.

    UsageError when there is none, or when it is an abstract type, an extension, a choice or a place for any resource, none of
    which can be checked alone.
    """
    return _place(name, _paths(release).get(name, name), release)


def place_of_class(name: str, release: Release) -> Place:
    """Return the place that the class `name` of fhir.resources stands for; UsageError as for `place_of`.

    Its classes are named by all segments of the path, so that some names mean one element here and two in a GraphQL schema.
    """
    return _place(name, _long_names(release).get(name, name), release)


def _place(name: str, path: str, release: Release) -> Place:
    place = tables(release).resolve(path)
    if place is None:
        raise UsageError(f"no element `{name}` in FHIR {release}; write its path, as in `ImagingStudy.series.instance`")
    if not _may_stand_alone(place, tables(release)):
        raise UsageError(f"`{name}` cannot be checked alone; name a resource type, a backbone element or a data type")
    return place


def class_name(path: str) -> str:
    """Return what fhir.resources calls the class of the element at `path`."""
    return "".join(segment[0].upper() + segment[1:] for segment in path.split("."))


def _may_stand_alone(place: Place, read: Tables) -> bool:
    """Return whether an object can be looked at as what stands at `place`, without what is around it."""
    if len(place.shapes) != 1 or "[x]" in place.path or place.shapes[0].kind == "primitive":
        return False
    name = place.shapes[0].name
    return name not in _ABSTRACT | {"Extension"} and (place.shapes[0].kind != "resource" or name in read.resource_types)


@cache
def _long_names(release: Release) -> Mapping[str, str]:
    """Return the path of every nested element under the name of its class."""
    return _unambiguous(((class_name(path), path) for path in _nested(release)), release)


@cache
def _paths(release: Release) -> Mapping[str, str]:
    """Return the path of every nested element under its long name and under its type and last segment."""
    long = ((class_name(path), path) for path in _nested(release))
    short = ((class_name(f"{path.partition('.')[0]}.{path.rpartition('.')[2]}"), path) for path in _nested(release))
    return _unambiguous(chain(long, short), release)


def _nested(release: Release) -> list[str]:
    """List the paths of the nested elements of a release."""
    return [path for path in tables(release).names() if "." in path]


def _unambiguous(named: Iterable[tuple[str, str]], release: Release) -> Mapping[str, str]:
    """Return the names that mean one path, and no type."""
    paths: defaultdict[str, set[str]] = defaultdict(set)
    for name, path in named:
        paths[name].add(path)
    return {name: each.pop() for name, each in paths.items() if len(each) == 1 and tables(release).shape(name) is None}
