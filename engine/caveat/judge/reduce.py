"""The reduced form: a resource without its excluded elements, and without what no longer holds when they are gone.

Rule 1: the original is never changed.
Rule 2: the reduced form says that it is one (SUBSETTED); it is never to be stored or sent as the resource, and supports no
negative finding.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any, NamedTuple

from caveat.judge.location import at_step

_UNTRUE = ("text", "signature", "numberOfInstances", "numberOfSeries")
_HOLDS_RESOURCES = frozenset({"contained", "resource", "outcome", "issues"})  # as ExampleScenario.instance does not
_TAG = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"}


def reduced(tree: Mapping[str, Any], absent: Iterable[str], root: str, *, whole: bool = True) -> dict[str, Any]:
    """Return a copy of `tree` without the elements at the locations `absent`, which begin with `root`, the tree's own.

    `whole` says that the tree is a resource, and not an element alone. An object that is left empty goes too.

    Along the way to each, narrative, counts of instances and series, totals and signatures are dropped, and every resource
    that lost something, directly or in a resource inside it, is tagged SUBSETTED.
    """
    result: dict[str, Any] = copy.deepcopy(dict(tree))
    ways = [list(_way(result, location[len(root) + 1 :], whole=whole)) for location in absent]
    doomed: defaultdict[tuple[int, str], set[int]] = defaultdict(set)
    for way in ways:
        for step in way:
            _drop_untrue(step)
        doomed[id(way[-1].holder), way[-1].name].add(id(way[-1].value))
    for way in ways:
        _remove(way[-1], doomed.pop((id(way[-1].holder), way[-1].name), set()))
    for way in ways:
        for above, here in reversed(list(pairwise(way))):
            if not here.holder:
                _remove(above, {id(here.holder)})
    if whole:
        _tag(result)
    return result


class _Step(NamedTuple):
    """One step of a way: an object, the property by which the way goes on, what stands there, and whether it is a resource."""

    holder: dict[str, Any]
    name: str
    value: Any
    is_resource: bool


def _way(tree: dict[str, Any], path: str, *, whole: bool) -> Iterator[_Step]:
    """Give each step of the way from `tree` to `path`."""
    at, is_resource = tree, whole
    for step in path.split("."):
        name, value = at_step(at, step)
        yield _Step(at, name, value, is_resource)
        at, is_resource = value, name in _HOLDS_RESOURCES and not {"resourceType", "__typename"}.isdisjoint(value)


def _drop_untrue(step: _Step) -> None:
    """Drop from an object what no longer holds once something in it is gone; a resource then says that it is reduced."""
    holder = step.holder
    untrue = _UNTRUE if step.is_resource else ("numberOfInstances",)
    for name in (*untrue, "total") if step.is_resource and "entry" in holder else untrue:
        holder.pop(name, None)
        holder.pop("_" + name, None)
    if step.is_resource:
        _tag(holder)


def _remove(step: _Step, doomed: set[int]) -> None:
    """Remove the objects of those identities from where a step goes on; FHIR allows no empty list."""
    if not doomed:
        return
    group = step.holder.get(step.name)
    left = [item for item in group if id(item) not in doomed] if isinstance(group, list) else []
    if left:
        step.holder[step.name] = left
    else:
        step.holder.pop(step.name, None)


def _tag(resource: dict[str, Any]) -> None:
    """Tag a resource SUBSETTED, once."""
    meta = resource["meta"] if isinstance(resource.get("meta"), dict) else {}
    tags = meta["tag"] if isinstance(meta.get("tag"), list) else []
    if not any(isinstance(tag, dict) and tag.items() >= _TAG.items() for tag in tags):
        tags = [*tags, dict(_TAG)]
    resource["meta"] = meta | {"tag": tags}
