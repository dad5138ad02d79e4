"""Laws of text and syntax: printing and reading undo each other, comments stay, and no text whatever raises."""

from __future__ import annotations

import random
import time
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from caveat.lang import syntax
from caveat.lang.parser import parse, parse_bytes
from caveat.lang.printer import print_file
from caveat.lang.scan import pieces_of
from strategies.syntax import files

LAWFUL = "\n".join(
    path.read_text(encoding="utf-8") for path in sorted((Path(__file__).parents[1] / "golden" / "format").glob("*.caveat"))[:1]
)
FRAGMENTS = [
    '"',
    "'",
    "{",
    "}",
    ";",
    ":",
    "(",
    "[",
    "not",
    "==",
    "//",
    "/*",
    "#",
    "\\",
    "on",
    "reject a:",
    "caveat 1;",
    "é",
    "\x00",
    "\ud800",
]


@given(files)
def test_reading_what_was_printed_gives_it_back(file: syntax.File) -> None:
    """`parse(print(x)) == x` for every syntax tree, and the printed text has no mistakes."""
    printed = print_file(file)
    again = parse(printed, "x")
    assert again.diagnostics == ()
    assert again.file == file


@given(files)
def test_printing_is_idempotent(file: syntax.File) -> None:
    """What was printed prints as it stands."""
    printed = print_file(file)
    assert print_file(parse(printed, "x").file) == printed


@given(files, st.randoms(use_true_random=False))
def test_no_comment_is_lost(file: syntax.File, chance: random.Random) -> None:
    """Comments at the end of any line, and between any two lines, are all there after printing, in order; and twice is once."""
    lines: list[str] = []
    for number, line in enumerate(print_file(file).split("\n")):
        lines += [f"// before {number}", ""][: chance.randrange(3)]
        lines.append(f"{line} // after {number}" if chance.random() < 0.5 else line)
    commented = parse("\n".join(lines), "x")
    assert commented.diagnostics == ()
    printed = print_file(commented.file)
    again = parse(printed, "x")
    assert again.file == file
    assert [comment.text for comment in again.file.comments] == [comment.text for comment in commented.file.comments]
    assert print_file(again.file) == printed


@given(st.text(max_size=200) | st.lists(st.sampled_from(FRAGMENTS), max_size=40).map(" ".join))
def test_no_text_raises(text: str) -> None:
    """Any text is read or refused; what is refused has a diagnostic inside the text."""
    parsed = parse(text, "x")
    assert parsed.diagnostics or parsed.file.edition == 1
    for diagnostic in parsed.diagnostics:
        assert 0 <= diagnostic.span.start <= diagnostic.span.end <= len(text)


@given(st.binary(max_size=100))
def test_no_bytes_raise(data: bytes) -> None:
    """Any bytes are read or refused."""
    parsed = parse_bytes(data, "x")
    assert parsed.diagnostics or parsed.file.edition == 1


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 12), st.sampled_from(["", *FRAGMENTS])), min_size=1, max_size=4))
def test_a_damaged_rule_file_never_raises(damages: list[tuple[float, int, str]]) -> None:
    """Deleting and inserting anywhere in a rule file gives diagnostics within the text, or a file that prints and reads back."""
    text = LAWFUL
    for place, length, inserted in damages:
        at = int(place * len(text))
        text = text[:at] + inserted + text[at + length :]
    parsed = parse(text, "x")
    for diagnostic in parsed.diagnostics:
        assert 0 <= diagnostic.span.start <= diagnostic.span.end <= len(text)
    if not parsed.diagnostics:
        assert parse(print_file(parsed.file), "x").file == parsed.file


def test_one_missing_word_is_one_mistake() -> None:
    """A rule file that lacks any one of its words or marks is lawful still, or has exactly one mistake: there is no cascade."""
    for piece in pieces_of(LAWFUL):
        found = parse(LAWFUL[: piece.start] + LAWFUL[piece.end :], "x").diagnostics
        assert len(found) <= 1, (piece, found)


def test_the_worst_texts_end_quickly() -> None:
    """A mebibyte of anything is read or refused in a few seconds even on a slow machine (two on a fast one)."""
    worst = [
        "(" * (1 << 20),
        '"' * (1 << 20),
        "caveat 1;" + "reject a: x on P == 1;" * 40_000,
        "caveat 1; reject a: " + "x, " * 45_000 + "on P",
        "caveat 1; test " + '"x" {' * 20_000,
        "caveat 1;" + ";" * 99_000,
        'caveat 1; reject a: x on P because "' + "\\" * 1_000_000,
        "caveat 1; reject a: x on P when " + "not " * 90_000,
        "/*" * 500_000,
        "*" * (1 << 20),
        "a." * 500_000,
        "a-" * 500_000,
        "caveat 1;" + "\n" * 1_000_000 + "reject a x on P",
    ]
    for text in worst:
        started = time.perf_counter()
        assert parse(text, "x").diagnostics
        assert time.perf_counter() - started < 10, text[:40]
