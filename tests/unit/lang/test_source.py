"""Places: offsets become lines and columns, and stay the author's through any repair."""

from __future__ import annotations

import pytest

from caveat.lang.source import Draft, Edit, source_of

SOURCE = source_of("x", "one two\nthree\n")


@pytest.mark.parametrize(
    ("start", "end", "place"), [(0, 3, (1, 1, 1, 4)), (4, 13, (1, 5, 2, 6)), (8, 13, (2, 1, 2, 6)), (14, 14, (3, 1, 3, 1))]
)
def test_a_span_counts_lines_and_columns_from_one(start: int, end: int, place: tuple[int, int, int, int]) -> None:
    """The end is the column after the last character."""
    span = SOURCE.span(start, end)
    assert (span.line, span.column, span.end_line, span.end_column) == place


def test_edits_are_applied_in_order_of_place() -> None:
    """Whatever the order in which they were made."""
    draft = Draft(SOURCE, 0, 7).edited(Edit(4, 7, "2"))
    assert draft is not None
    again = draft.edited(Edit(0, 0, ">> "))
    assert again is not None
    assert again.text == ">> one 2"


def test_an_edit_that_touches_another_is_refused() -> None:
    """No place is repaired twice."""
    draft = Draft(SOURCE, 0, 7, (Edit(0, 3, "1"),))
    assert draft.edited(Edit(1, 2, "")) is None
    assert draft.edited(Edit(0, 3, "1")) is None


@pytest.mark.parametrize(
    ("found", "written"),
    [("2", "two"), ("one", "one"), ("three", "three"), ("1!", "")],
    ids=["replaced", "before", "after", "put in"],
)
def test_places_in_a_repaired_text_point_at_what_was_written(found: str, written: str) -> None:
    """A replacement points at what it replaces, an insertion at the place between."""
    draft = Draft(SOURCE, 0, 13, (Edit(3, 3, " 1!"), Edit(4, 7, "2")))
    at = draft.text.index(found)
    span = draft.span(at, at + len(found))
    assert SOURCE.text[span.start : span.end] == written


def test_a_split_draft_keeps_the_edits_of_each_part() -> None:
    """Both parts together read as the whole did."""
    draft = Draft(SOURCE, 0, 13, (Edit(0, 3, "1"), Edit(8, 13, "3")))
    before, after = draft.split(8)
    assert (before.text, after.text) == ("1 two\n", "3")
