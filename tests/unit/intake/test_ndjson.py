"""NDJSON is cut at line feeds, whatever else a line holds and however long it is."""

from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st

from caveat.intake.ndjson import bounded_lines, documents


@given(
    st.lists(st.sampled_from([b"\n", b"\r", b"a", b" ", b"\t", b"\x0b", b"\x0c", b"\x85", "\u2028".encode(), b"{}"])),
    st.integers(1, 5),
)
def test_lines_are_those_of_a_simple_split(parts: list[bytes], limit: int) -> None:
    """Cut at 0x0A alone, numbered from 1, the empty ones counted and left out, the long ones cut one byte beyond the limit.

    A long one is never left out, whatever it begins with: blanks may have a modifier behind them that is cut off.
    """
    raw = b"".join(parts)
    split = list(enumerate(raw.split(b"\n"), 1))
    expected = [(number, line[: limit + 1]) for number, line in split if line.strip(b" \t\r") or len(line) > limit]
    assert list(documents(bounded_lines(io.BytesIO(raw), limit), limit)) == expected


def test_what_a_fault_cuts_off_is_no_line() -> None:
    """A last line without its line feed counts in a whole file only."""
    for raw, limit in ((b"a\nbcdef", 10), (b"a\nbcdef", 1)):
        lines = list(bounded_lines(io.BytesIO(raw), limit))
        assert [lines[0], len(lines)] == [b"a", 2]
        assert list(bounded_lines(io.BytesIO(raw), limit, lambda: False)) == [b"a"]
    assert list(bounded_lines(io.BytesIO(b"a\n"), 10, lambda: False)) == [b"a"]
