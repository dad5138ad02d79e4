"""The reduced form: a resource without its excluded elements, and without what no longer holds when they are gone.

Rule 1: the original is never changed.
Rule 2: the reduced form says that it is one (SUBSETTED); it is never to be stored or sent as the resource, and supports no
negative finding.
"""

from __future__ import annotations

import copy
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

_STEP = re.compile(r"(?P<name>[^.\[\]]+)(?:\[(?P<index>\d+)\])?")
_UNTRUE = ("text", "signature", "numberOfInstances", "numberOfSeries")
_HOLDS_RESOURCES = frozenset({"contained", "resource", "outcome", "issues"})  # as ExampleScenario.instance does not
_TAG = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"}


def reduced(tree: Mapping[str, Any], absent: Iterable[str], root: str) -> dict[str, Any]:
    """Return a copy of `tree` without the elements at the locations `absent`, which begin with `root`, the tree's own.

    Along the way to each, narrative, counts of instances and series, totals and signatures are dropped, and every resource
    that lost something, directly or in a resource inside it, is tagged SUBSETTED.
    """
    result: dict[str, Any] = copy.deepcopy(dict(tree))
    doomed: defaultdict[int, set[int]] = defaultdict(set)
    lists: dict[int, tuple[dict[str, Any], str]] = {}
    for location in absent:
        *above, last = _way(result, location[len(root) + 1 :])
        for holder, _, _, is_resource in (*above, last):
            _drop_untrue(holder, is_resource=is_resource)
        holder, name, index, _ = last
        lists[id(holder.get(name))] = (holder, name)
        doomed[id(holder.get(name))].add(index or 0)
    for key, (holder, name) in lists.items():
        _remove(holder, name, doomed[key])
    _tag(result)
    return result


def _way(tree: dict[str, Any], path: str) -> Iterator[tuple[dict[str, Any], str, int | None, bool]]:
    """Give each object on the way to `path`, the property and index by which the way goes on, and whether it is a resource."""
    at, came_by = tree, "contained"
    for step in _STEP.finditer(path):
        name, index = step["name"], None if step["index"] is None else int(step["index"])
        yield at, name, index, came_by in _HOLDS_RESOURCES and "resourceType" in at
        at, came_by = at[name] if index is None else at[name][index], name


def _drop_untrue(holder: dict[str, Any], *, is_resource: bool) -> None:
    """Drop from an object what no longer holds once something in it is gone; a resource then says that it is reduced."""
    untrue = _UNTRUE if is_resource else ("numberOfInstances",)
    for name in (*untrue, "total") if holder.get("resourceType") == "Bundle" else untrue:
        holder.pop(name, None)
        holder.pop("_" + name, None)
    if is_resource:
        _tag(holder)


def _remove(holder: dict[str, Any], name: str, indexes: set[int]) -> None:
    """Remove the items at `indexes` of a list, or the one object that stands there; FHIR allows no empty list."""
    group = holder.get(name)
    left = [item for i, item in enumerate(group) if i not in indexes] if isinstance(group, list) else []
    if left:
        holder[name] = left
    else:
        holder.pop(name, None)


def _tag(resource: dict[str, Any]) -> None:
    """Tag a resource SUBSETTED, once."""
    if "resourceType" not in resource:
        return
    meta = resource["meta"] if isinstance(resource.get("meta"), dict) else {}
    tags = meta["tag"] if isinstance(meta.get("tag"), list) else []
    if not any(isinstance(tag, dict) and tag.items() >= _TAG.items() for tag in tags):
        tags = [*tags, dict(_TAG)]
    resource["meta"] = meta | {"tag": tags}
