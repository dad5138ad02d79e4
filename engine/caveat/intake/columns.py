"""Gives the objects of a tree in groups, all that stand under one property of the group above at once: fast, and perhaps not all.

Rule 1: no object is given twice, and what is given is an object. Which are given follows from the first of each group, so that
whoever needs all of them counts what was given, and falls back on a walk where the count falls short.
Rule 2: the work is bounded by the size of the tree that comes out, whatever the document looks like.

It holds of trees that the reader made, where every object stands in one place only.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import chain
from operator import itemgetter
from typing import Any, NamedTuple

_FREE = 1_000  # look-ups that are never too many
_EACH = 8  # look-ups for each object that was given


class Group(NamedTuple):
    """Objects that stand under the property `key` of the objects of the group `above`; the root is in a group by itself."""

    members: list[dict[str, Any]]
    above: Group | None = None
    key: str = ""


def groups(tree: dict[str, Any]) -> Iterator[Group]:
    """Give the groups of a tree, the nearer to the root the sooner."""
    waiting = [Group([tree])]
    given = looked = 0
    for group in waiting:
        given += len(group.members)
        yield group
        for key, value in group.members[0].items():
            if value.__class__ is not dict and value.__class__ is not list:
                continue
            looked += len(group.members)
            if looked > _FREE + _EACH * given:
                return
            below = _below(group.members, key, in_lists=value.__class__ is list)
            if below:
                waiting.append(Group(below, group, key))


def ways_to(name: str, tree: dict[str, Any], number: int) -> frozenset[int] | None:
    """Return the identities of the objects that have a property `name`, and of all above them.

    None where other than `number` of them were found.
    """
    seen: list[Group] = []
    for group in groups(tree):
        seen.append(group)
        number -= sum([name in member for member in group.members])
        if number <= 0:
            break
    return _upward(name, seen) if number == 0 else None


def _upward(name: str, seen: list[Group]) -> frozenset[int]:
    """Return the identities of the objects with a property `name` in the groups that were seen, and of all above them."""
    found: dict[int, set[int]] = {}
    for group in reversed(seen):
        mine = found.setdefault(id(group), set())
        mine.update(id(member) for member in group.members if name in member)
        if group.above is not None and mine:
            above = found.setdefault(id(group.above), set())
            above.update(id(each) for each in group.above.members if _leads(each.get(group.key), mine))
    return frozenset(chain.from_iterable(found.values()))


def _leads(value: Any, to: Collection[int]) -> bool:
    """Return whether `value` is, or is a list that has, one of the objects of those identities."""
    return any(id(item) in to for item in value) if value.__class__ is list else id(value) in to


def _below(members: list[dict[str, Any]], key: str, *, in_lists: bool) -> list[dict[str, Any]]:
    """Return the objects under one property of `members`; none where something else stands there too."""
    try:
        values = list(map(itemgetter(key), members))
    except KeyError:
        values = [member[key] for member in members if key in member]
    if in_lists:
        if list(map(type, values)).count(list) != len(values):
            return []
        values = list(chain.from_iterable(values))
    return values if list(map(type, values)).count(dict) == len(values) else []
