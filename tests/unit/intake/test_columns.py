"""Tests of caveat.intake.columns: what is found in groups, and when it is not relied on."""

from __future__ import annotations

from typing import Any

import pytest

from caveat.intake.columns import groups, ways_to

HELD: dict[str, Any] = {"m": 1}

FOUND: dict[str, tuple[dict[str, Any], list[dict[str, Any]]]] = {
    "on the root": (HELD, []),
    "in an object": ({"a": {"b": {"m": 1}}}, []),
    "in an array": ({"a": [{"x": 1}, {"m": 1}]}, []),
    "where not all have the property": ({"a": [{"b": [{"c": 1}]}, {"x": 1}, {"b": [{"m": 1}]}]}, []),
}


@pytest.mark.parametrize("tree", [tree for tree, _ in FOUND.values()], ids=FOUND)
def test_the_way_to_one(tree: dict[str, Any]) -> None:
    """The object that has the property, and those above it; nothing else."""
    way, at = set(), tree
    while True:
        way.add(id(at))
        below = [each for value in at.values() for each in (value if isinstance(value, list) else [value])]
        onward = [each for each in below if isinstance(each, dict) and "'m'" in repr(each)]
        if not onward:
            break
        at = onward[0]
    assert ways_to("m", tree, 1) == way


@pytest.mark.parametrize(
    "tree",
    [
        {"a": [{"x": 1}, {"b": {"m": 1}}]},  # the first does not have it
        {"a": [{"b": {}}, {"b": [{"m": 1}]}]},
        {"a": [{"b": [{}]}, {"b": {"m": 1}}]},
        {"a": [{"m": 1}, 1]},
        {"a": [[{"m": 1}]]},
        {"a": 1},
    ],
    ids=[
        "under another property",
        "in an array beside",
        "in no array beside",
        "beside a number",
        "in an array of arrays",
        "none",
    ],
)
def test_what_is_not_found(tree: dict[str, Any]) -> None:
    """The number falls short, and no way is given."""
    assert ways_to("m", tree, 1) is None


def test_more_than_there_should_be() -> None:
    """No way is given either: something is not as it was counted."""
    assert ways_to("m", {"m": 1, "a": [{"m": 1}, {"m": 1}]}, 2) is None


def test_the_work_is_bounded() -> None:
    """Of many properties that only the first of many objects has, few are looked up."""
    first = {f"k{number}": {} for number in range(5000)}
    given = sum(1 for _ in groups({"a": [first, *({} for _ in range(5000))]}))
    assert given < 20
