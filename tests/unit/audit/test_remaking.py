"""Tests of caveat.audit.remaking: the hash that is made in pieces is the one of the library rfc8785 over all of a record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from caveat.audit import remaking
from caveat.audit.chain import leaf
from caveat.audit.record import DECISION_COLUMNS, Shared

# what SQLite can hold, whatever was written: the mark itself, fractions, bytes, and numbers that are too large
texts = st.text(max_size=8) | st.sampled_from(["\0", '"\0"', "\\u0000", '"', "\ud800", "é", "\U0001f600", "\x7f\x1f"])
lawful = st.none() | texts
stored = lawful | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.binary(max_size=4)
numbers = st.none() | st.integers(1, 2**53 - 1)


def records(values: st.SearchStrategy[Any], whole: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    shared = st.builds(Shared, *[values] * len(Shared._fields))
    own = st.tuples(whole, values, values, values, values, whole)
    rows = st.lists(st.tuples(*[values] * 7, whole, *[values] * 4), max_size=3)
    return st.tuples(shared, own, rows, texts)


def made(shared: Shared, own: tuple[Any, ...], rows: list[tuple[Any, ...]], previous: str) -> str | None:
    """Return the hash, None where there is none."""
    try:
        return remaking.hash_of(shared, remaking.pieces_of(shared), own, rows, previous)
    except (TypeError, ValueError):
        return None


def by_library(shared: Shared, own: tuple[Any, ...], rows: list[tuple[Any, ...]], previous: str) -> str | None:
    """Return the same from the library alone."""
    names = ("sequence", "time", "input_sha256", "resource_id", "held_sha256", "about")
    below = [dict(zip(DECISION_COLUMNS, row, strict=True)) for row in rows]
    told = {**shared._asdict(), **dict(zip(names, own, strict=True)), "decisions": below, "previous": previous}
    try:
        return leaf(rfc8785.dumps({**told, "schema": "caveat.audit/1"}))
    except ValueError:
        return None


@given(records(lawful, numbers))
def test_the_hash_is_that_of_the_library(record: tuple[Any, ...]) -> None:
    """Whatever texts and numbers a record has, its hash made in pieces is the one over the form that the library makes."""
    assert made(*record) == by_library(*record)


@given(records(stored, stored))
def test_what_was_never_written_has_another_hash_or_none(record: tuple[Any, ...]) -> None:
    """Of fractions, bytes and large numbers in any column there is the hash that the library gives, or none at all."""
    found = made(*record)
    assert found is None or found == by_library(*record)


def test_what_is_alike_is_spelt_once() -> None:
    """A hundred decisions that differ in location and value alone ask the library once; whoever changes one asks it again."""
    shared, own = Shared("check"), (1, "t", None, None, None, None)
    pieces, asked = remaking.pieces_of(shared), []
    dumps: Callable[[Any], bytes] = rfc8785.dumps
    remaking._alike.cache_clear()
    with patch("caveat.audit.remaking.canonical_by_library", lambda told: asked.append(told) or dumps(told)):
        rows = [("u", "p", f"l{n}", "s", "k", "v", "g", 1, None, None, None, f"{n}") for n in range(100)]
        whole = remaking.hash_of(shared, pieces, own, rows, "")
        assert len(asked) == 1
        changed = remaking.hash_of(shared, pieces, own, [*rows[1:], ("x", *rows[0][1:])], "")
    assert (len(asked), whole == changed) == (2, False)
    assert whole == by_library(shared, own, rows, "")


@pytest.mark.parametrize("column", range(len(DECISION_COLUMNS)))
def test_a_one_is_not_true(column: int) -> None:
    """What is remembered of a decision with 1 does not answer for one with `true`, as a server might have it."""
    row: list[Any] = ["a"] * len(DECISION_COLUMNS)
    shared, own = Shared("check"), (1, "t", None, None, None, None)
    row[column] = 1
    one = made(shared, own, [tuple(row)], "")
    row[column] = True
    assert one is None or made(shared, own, [tuple(row)], "") != one
