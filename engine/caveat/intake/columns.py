"""Gives the objects of a tree in groups, all that stand under one property of the group above at once: fast, and perhaps not all.

Rule 1: no object is given twice, and what is given is an object. Which are given follows from the first of each group, so that
whoever needs all of them counts what was given, and falls back on a walk where the count falls short.
Rule 2: the work is bounded by the size of the tree that comes out, whatever the document looks like.

It holds of trees that the reader made, where every object stands in one place only.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Iterator
from itertools import accumulate, chain, compress, count, repeat
from operator import contains
from typing import Any, NamedTuple

_FREE = 1_000  # look-ups that are never too many
_EACH = 8  # look-ups for each object that was given
_MOST = 40_000  # objects on the way: beyond it to note where to look on costs more memory than to look everywhere

Steps = dict[str, list[tuple[int | None, dict[str, Any]]]]
"""Under which properties of an object to look on: the objects there, each with its index, None where it stands in no array."""


class Group(NamedTuple):
    """Objects that stand under the property `key` of the objects of the group `above`; the root is in a group by itself.

    `in_lists` says that they stand in arrays there. All of them that there are, are members, in the order of `above`.
    """

    members: list[dict[str, Any]]
    above: Group | None = None
    key: str = ""
    in_lists: bool = False


def groups(tree: dict[str, Any], besides: str) -> Iterator[Group]:
    """Give the groups of a tree, the nearer to the root the sooner; none that stands under a property `besides`."""
    root = Group([tree])
    yield root
    waiting = [root]
    given = looked = 0
    for group in waiting:
        given += len(group.members)
        for key, value in group.members[0].items():
            if (value.__class__ is not dict and value.__class__ is not list) or key == besides:
                continue
            looked += len(group.members)
            if looked > _FREE + _EACH * given:
                return
            in_lists = value.__class__ is list
            members = _below(group.members, key, in_lists=in_lists)
            if members:
                waiting.append(Group(members, group, key, in_lists))
                yield waiting[-1]


def ways_to(name: str, tree: dict[str, Any], number: int) -> dict[int, Steps] | None:
    """Return the steps towards each object with a property `name` from all above it, by their identities; its own lead nowhere.

    None where other than `number` of them were found, or the ways are many. What stands within such a property is not looked at.
    """
    seen: list[Group] = []
    held: dict[int, set[int]] = {}
    for group in groups(tree, name):
        seen.append(group)
        if places := set(compress(count(), map(contains, group.members, repeat(name)))):
            held[id(group)] = places
            number -= len(places)
        if number <= 0:
            break
    return _onward(seen, held) if number == 0 else None


def _onward(seen: list[Group], held: dict[int, set[int]]) -> dict[int, Steps] | None:
    """Return the steps to the members at the places `held` of each of the groups seen, by its identity; None if too many."""
    onward: dict[int, Steps] = {id(group.members[at]): {} for group in seen for at in held.get(id(group), ())}
    for group in reversed(seen):  # it stands behind the one above it
        places = held.get(id(group))
        if places is None or group.above is None:
            continue
        if len(onward) > _MOST:
            return None
        above = held.setdefault(id(group.above), set())
        for holder, index, member in _steps(group, group.above, sorted(places)):
            onward.setdefault(id(group.above.members[holder]), {}).setdefault(group.key, []).append((index, member))
            above.add(holder)
    return onward


def _steps(group: Group, above: Group, places: Iterable[int]) -> Iterator[tuple[int, int | None, dict[str, Any]]]:
    """Give each member at one of those places: which of those above has it, at which index, and the member."""
    key = group.key
    sizes = [len(each.get(key, ())) if group.in_lists else key in each for each in above.members]
    ends = list(accumulate(sizes))
    for at in places:
        holder = bisect(ends, at)
        yield holder, at - ends[holder] + sizes[holder] if group.in_lists else None, group.members[at]


def _below(members: list[dict[str, Any]], key: str, *, in_lists: bool) -> list[dict[str, Any]]:
    """Return the objects under one property of `members`; none where something else stands there too."""
    try:
        values = [member[key] for member in members]
    except KeyError:
        values = [member[key] for member in members if key in member]
    if in_lists:
        if [*map(type, values)].count(list) != len(values):
            return []
        values = [*chain.from_iterable(values)]
    return values if [*map(type, values)].count(dict) == len(values) else []
