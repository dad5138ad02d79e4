"""Tests of caveat.audit.grouping: what is given was kept before, in order, whatever ends it."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from caveat.audit.grouping import recorded


def test_each_is_given_when_its_group_is_kept() -> None:
    """Groups are as large as they may be, the last one smaller; nothing is given before it is kept."""
    kept: list[int] = []
    sizes: list[int] = []
    seen = []
    for item in recorded(range(25), lambda group: (kept.extend(group), sizes.append(len(group))), most=10):
        assert item in kept
        seen.append(item)
    assert (seen, sizes) == (list(range(25)), [10, 10, 5])


def test_a_group_that_has_waited_is_closed() -> None:
    """With no time to wait every item is a group of its own."""
    sizes: list[int] = []
    assert list(recorded(range(3), lambda group: sizes.append(len(group)), longest=0)) == [0, 1, 2]
    assert sizes == [1, 1, 1]


def test_what_came_before_an_error_is_given_first() -> None:
    """The source raises: what it gave is kept and given, then the error is raised."""

    def source() -> Iterator[int]:
        yield from (1, 2)
        raise ValueError("no more")

    given = recorded(source(), lambda _: None)
    assert [next(given), next(given)] == [1, 2]
    with pytest.raises(ValueError, match="no more"):
        next(given)


def test_nothing_is_given_that_cannot_be_kept() -> None:
    """Whatever `keep` raises comes in place of the group, and the collector works again."""

    def keep(_: list[int]) -> None:
        raise OSError("full")

    with pytest.raises(OSError, match="full"):
        next(recorded(range(3), keep))
    assert gc.isenabled()


def test_the_collector_is_left_as_it_was() -> None:
    """It is on while items are used, and stays off for whoever switched it off."""
    assert [gc.isenabled() for _ in recorded(range(3), lambda _: None, most=2)] == [True] * 3
    gc.disable()
    try:
        assert [gc.isenabled() for _ in recorded(range(3), lambda _: None)] == [False] * 3
    finally:
        gc.enable()
