"""What a document says of itself is shown bounded, and cannot drive a terminal."""

from __future__ import annotations

import pytest

from caveat.formats.printable import LONGEST, bounded, printable, url_told


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://example.org/a", "https://example.org/a"),
        ("Übergröße", "Übergröße"),
        ("a\x1b[31mb", "a\\u001b[31mb"),
        ("a\nb", "a\\u000ab"),
        ("a\u200bb\u202e", "a\\u200bb\\u202e"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_what_cannot_be_seen_is_escaped(text: str, shown: str) -> None:
    """Controls, line ends and invisible characters become visible; letters of any script stay."""
    assert printable(text) == shown


def test_long_text_is_cut_with_a_mark() -> None:
    """Text up to the bound is whole, longer text ends in a mark at the bound."""
    assert bounded("x" * LONGEST) == "x" * LONGEST
    assert bounded("x" * (LONGEST + 1)) == "x" * (LONGEST - 1) + "…"


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://example.org/a#b", "https://example.org/a#b"),
        ("https://example.org/a?patient=1", "https://example.org/a?…"),
        ("https://john:secret@example.org/a", "https://…@example.org/a"),
        ("https://john@example.org?x@y", "https://…@example.org?…"),
        ("https://example.org/a@b", "https://example.org/a@b"),
        ("urn:oid:1.2@3", "urn:oid:1.2@3"),
    ],
)
def test_a_url_loses_what_names_no_extension(url: str, told: str) -> None:
    """The query, and who is named before the host; nothing else."""
    assert url_told(url) == told
