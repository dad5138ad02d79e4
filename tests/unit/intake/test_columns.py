"""Tests of caveat.intake.columns: what is found in groups, and when it is not relied on."""

from __future__ import annotations

from typing import Any

import pytest

from caveat.intake import columns
from caveat.intake.columns import groups, ways_to

FOUND: dict[str, dict[str, Any]] = {
    "on the root": {"m": 1},
    "in an object": {"a": {"b": {"m": 1}}},
    "in an array": {"a": [{"x": 1}, {"m": 1}]},
    "where not all have the property": {"a": [{"b": [{"c": 1}]}, {"x": 1}, {"b": [{"m": 1}]}]},
    "where not all objects have the property": {"a": [{"b": {"c": 1}}, {"x": 1}, {"b": {"m": 1}}]},
}


@pytest.mark.parametrize("tree", FOUND.values(), ids=FOUND)
def test_the_way_to_one(tree: dict[str, Any]) -> None:
    """From the root each step leads to an object that has the property, or from which others lead there; there is no other."""
    ways, at, taken = ways_to("m", tree, 1), tree, 0
    assert ways is not None
    while steps := ways[id(at)]:
        ((key, [(index, below)]),) = steps.items()
        assert below is (at[key] if index is None else at[key][index])
        at, taken = below, taken + 1
    assert "m" in at
    assert len(ways) == taken + 1


def test_the_ways_to_several() -> None:
    """Each object gives its own, under whatever properties, those in an array in its order; what holds one may lead on."""
    first, last = {"m": 1}, {"m": 1}
    tree = {"a": [{"b": [{"x": 1}, first]}, {"x": 1}, {"b": [], "m": 1}, {"b": [last, {"m": 1}]}], "c": {"m": 1}}
    ways = ways_to("m", tree, 5)
    assert ways is not None
    assert {key: [index for index, _ in steps] for key, steps in ways[id(tree)].items()} == {"a": [0, 2, 3], "c": [None]}
    rows = tree["a"]
    assert isinstance(rows, list)
    assert [ways.get(id(each)) for each in rows] == [{"b": [(1, first)]}, None, {}, {"b": [(0, last), (1, {"m": 1})]}]


def test_one_may_hold_another() -> None:
    """Then it leads on."""
    tree = {"m": 1, "a": {"m": 1}}
    assert ways_to("m", tree, 2) == {id(tree): {"a": [(None, {"m": 1})]}, id(tree["a"]): {}}


@pytest.mark.parametrize(
    "tree",
    [
        {"a": [{"x": 1}, {"b": {"m": 1}}]},  # the first does not have it
        {"a": [{"b": {}}, {"b": [{"m": 1}]}]},
        {"a": [{"b": [{}]}, {"b": {"m": 1}}]},
        {"a": [{"m": 1}, 1]},
        {"a": [[{"m": 1}]]},
        {"a": 1},
        {"m": {"m": 1}},
    ],
    ids=[
        "under another property",
        "in an array beside",
        "in no array beside",
        "beside a number",
        "in an array of arrays",
        "none",
        "within another",
    ],
)
def test_what_is_not_found(tree: dict[str, Any]) -> None:
    """The number falls short, and no way is given."""
    assert ways_to("m", tree, 1 + ("m" in tree)) is None


def test_more_than_there_should_be() -> None:
    """No way is given either: something is not as it was counted."""
    assert ways_to("m", {"m": 1, "a": [{"m": 1}, {"m": 1}]}, 2) is None


def test_the_work_is_bounded() -> None:
    """Of many properties that only the first of many objects has, few are looked up."""
    first = {f"k{number}": {} for number in range(5000)}
    given = sum(1 for _ in groups({"a": [first, *({} for _ in range(5000))]}, "m"))
    assert given < 20


def test_many_ways_are_not_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    """What leads to very many objects is walked as a whole, in the memory that a walk needs."""
    tree = {"a": [{"b": [{"m": 1}]} for _ in range(5)]}
    assert ways_to("m", tree, 5) is not None
    monkeypatch.setattr(columns, "_MOST", 7)
    assert ways_to("m", tree, 5) is None
