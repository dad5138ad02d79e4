"""Tests of caveat.intake.mapping."""

from __future__ import annotations

from collections import ChainMap, OrderedDict, UserDict, defaultdict
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import pytest

from caveat.intake.mapping import tree_of

PLAIN = {"resourceType": "Patient", "modifierExtension": []}


def test_a_dict_is_taken_as_it_is() -> None:
    """Nothing is copied that need not be."""
    assert tree_of(PLAIN) is PLAIN


@pytest.mark.parametrize(
    "data",
    [OrderedDict(PLAIN), defaultdict(list, PLAIN), UserDict(PLAIN), MappingProxyType(PLAIN), ChainMap({}, PLAIN)],
    ids=lambda data: type(data).__name__,
)
def test_pythons_own_mappings_become_dicts(data: Mapping[str, Any]) -> None:
    """All their items are in the copy."""
    tree = tree_of(data)
    assert type(tree) is dict
    assert tree == PLAIN


class Derived(dict[str, Any]):
    """A dict that could answer as it likes."""


class Odd(Mapping[str, Any]):
    """A mapping with a length, keys and items that a test chooses."""

    def __init__(self, length: int, names: list[str], *, holds: bool = True) -> None:
        self.length, self.names, self.holds = length, names, holds

    def __len__(self) -> int:
        return self.length

    def __iter__(self) -> Iterator[str]:
        yield from self.names

    def __getitem__(self, name: str) -> Any:
        if name == "raises":
            raise RuntimeError
        return PLAIN.get(name)

    def __contains__(self, name: object) -> bool:
        return self.holds


class Changing(Odd):
    """A mapping whose keys are others each time that it is asked."""

    def __iter__(self) -> Iterator[str]:
        self.names.append(f"{self.names.pop()}x")
        yield from self.names


@pytest.mark.parametrize(
    "data",
    [
        Derived(PLAIN),
        Odd(5, ["resourceType"]),
        Odd(1, ["resourceType"], holds=False),
        Odd(1, ["raises"]),
        Changing(1, ["resourceType"]),
    ],
    ids=["derived from dict", "another length", "does not hold its keys", "raises", "changes"],
)
def test_a_mapping_that_may_deceive_is_handed_back_to_be_refused(data: Mapping[str, Any]) -> None:
    """What comes back is no dict of Python's own, and so no tree."""
    assert tree_of(data) is data
    assert type(data) is not dict


def test_an_honest_mapping_of_a_callers_own_is_copied() -> None:
    """Any class of mapping will do that answers the same to each question."""
    assert tree_of(Odd(1, ["resourceType"])) == {"resourceType": "Patient"}
