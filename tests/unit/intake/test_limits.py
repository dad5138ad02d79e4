"""Limits that mean nothing are a mistake of the caller."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from caveat.domain.errors import UsageError
from caveat.intake.limits import DEEPEST, Limits


def test_the_promised_numbers() -> None:
    """The defaults are the ones that the documents name."""
    assert Limits() == Limits(25_165_824, 128, 750_000, 30_000, 128, 307, 234_881_024, 2**40, 250, 10_000)


@pytest.mark.parametrize("name", [field.name for field in fields(Limits)])
def test_no_limit_is_negative(name: str) -> None:
    """A negative limit is refused by its name."""
    with pytest.raises(UsageError, match=name):
        Limits(**{name: -1})


@pytest.mark.parametrize("depth", [0, DEEPEST + 1])
def test_depth_is_within_what_the_parser_can_answer_for(depth: int) -> None:
    """A limit that the parser cannot keep is not promised."""
    with pytest.raises(UsageError, match="depth"):
        Limits(depth=depth)


def test_the_deepest_limit_is_kept() -> None:
    """At the highest limit the depth is still exact."""
    from caveat.intake.json_reader import Unreadable, read_json  # noqa: PLC0415  beside what it is about

    deepest = b"[" * DEEPEST + b"1" + b"]" * DEEPEST
    assert not isinstance(read_json(deepest, Limits(depth=DEEPEST)), Unreadable)
    assert isinstance(read_json(b"[" + deepest + b"]", Limits(depth=DEEPEST)), Unreadable)


@pytest.mark.parametrize("value", [None, "8", 1e6])
def test_a_limit_is_a_whole_number(value: object) -> None:
    """What does not count is refused by the limit's name."""
    limits: Any = Limits
    with pytest.raises(UsageError, match="`bytes` is a limit and must be an int, not a "):
        limits(bytes=value)
