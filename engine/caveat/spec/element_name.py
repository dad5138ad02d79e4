"""The names that libraries give to FHIR's elements: `ImagingStudySeriesInstance` is `ImagingStudy.series.instance`.

Rule 1: a name that could mean two elements means none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import cache

from caveat.domain.errors import UsageError
from caveat.spec.release import Release
from caveat.spec.shape import Place, tables


def place_of(name: str, release: Release) -> Place:
    """Return the place that `name` stands for: a path, a class of fhir.resources, or a type of a GraphQL schema.

    UsageError when there is none, or when it is a choice or a place for any resource, which cannot be checked alone.
    """
    place = tables(release).resolve(_paths(release).get(name, name))
    if place is None:
        raise UsageError(f"no element `{name}` in FHIR {release}; write its path, as in `ImagingStudy.series.instance`")
    if len(place.shapes) != 1 or "[x]" in place.path or place.shapes[0].kind == "primitive":
        raise UsageError(f"`{name}` cannot be checked alone; name a resource type, a backbone element or a data type")
    return place


@cache
def _paths(release: Release) -> Mapping[str, str]:
    """Return the path of every nested element under its long name and, where that is unambiguous, under its short one."""
    named: defaultdict[str, set[str]] = defaultdict(set)
    for path in tables(release).names():
        head, *segments = path.split(".")
        if segments:
            words = [segment[0].upper() + segment[1:] for segment in segments]
            named[head + "".join(words)].add(path)
            named[head + words[-1]].add(path)
    return {name: paths.pop() for name, paths in named.items() if len(paths) == 1 and tables(release).shape(name) is None}
