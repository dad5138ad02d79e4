"""Cutting text into pieces and statements."""

from __future__ import annotations

import pytest

from caveat.lang.scan import pieces_of, statements_of


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ('reject a: "u" // x', ["word", "word", "mark", "string", "comment"]),
        ("ImagingStudy.** *.** value.code A#b 2026-01-01 -1.5", ["path", "path", "word", "code", "number", "number"]),
        ("a == b != c", ["word", "mark", "word", "mark", "word"]),
        ("https://x.example/a/**;", ["url", "mark"]),
        ("'x' \u201cx\u201d `x`", ["quoted", "curly", "quoted"]),
        ('"open\nnext', ["unclosed", "word"]),
        ("# x\n/* y\nz */ /re.*/", ["hash", "block", "regex"]),
        ("\u00e9 @", ["strange", "strange"]),
    ],
)
def test_pieces_have_kinds(text: str, kinds: list[str]) -> None:
    """Everything but white space is a piece of some kind."""
    assert [piece.kind for piece in pieces_of(text)] == kinds


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("a; b; c;", 3),
        ('test "t" { a; b; } c;', 2),
        ("reads X { a, b } reads Y { }", 2),
        ("use x\nreject a: b; c", 3),
        ('policy "p" { fhir R4; reject a: b;', 2),
        ('policy "p" version "1" fhir R4; owner "o"; } a;', 2),
        ("reads Consent { policy, use, test }", 1),
        ("// only\n/* comments */", 0),
    ],
)
def test_statements_end_where_they_must(text: str, count: int) -> None:
    """At `;` and `}`, or where the next one surely begins; a block that lost its `{` stays together."""
    assert len(list(statements_of(pieces_of(text)))) == count
