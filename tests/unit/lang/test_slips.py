"""One mistake is one diagnostic: words left out of the shipped rule files, neighbours exchanged, and names that stay known."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from caveat.lang.parser import parse
from caveat.lang.resolve import resolve
from caveat.lang.scan import Piece, pieces_of, statements_of

ROOT = Path(__file__).parents[3]
MISTAKES = sorted((ROOT / "tests" / "golden" / "mistakes").glob("*.caveat"))
LAWFUL = sorted(ROOT.glob("rules/*/*.caveat"))
KNOWN = "extension retake ="


def statements() -> Iterator[str]:
    """Yield every statement of the shipped rule files as a file of its own, with a rule after it."""
    for path in LAWFUL:
        text = path.read_text(encoding="utf-8")
        for code in statements_of(pieces_of(text)):
            if code[0].text != "caveat":
                yield f'caveat 1;\n{text[code[0].start : code[-1].end]}\nreject after: "https://x.example/a" on Patient;\n'


def words(text: str) -> list[Piece]:
    """Return the pieces of the statement under test."""
    return [piece for piece in pieces_of(text)[3:] if piece.kind != "comment" and piece.start < text.index("\nreject after")]


def test_a_word_left_out_is_one_mistake() -> None:
    """Whatever one word or mark any statement of the shipped files lacks, it is lawful still or has one diagnostic."""
    tried = 0
    for text in sorted(set(statements())):
        for piece in words(text):
            found = parse(text[: piece.start] + text[piece.end :], "x").diagnostics
            assert len(found) <= 1, (piece, [said.message for said in found])
            tried += 1
    assert tried > 2000


def test_most_words_left_out_have_help() -> None:
    """Of a hundred words left out at most three get no more than a list of what could stand there."""
    found = [
        said
        for text in sorted(set(statements()))
        for piece in words(text)
        for said in parse(text[: piece.start] + text[piece.end :], "x").diagnostics
    ]
    assert sum(said.help is None for said in found) * 100 <= 3 * len(found)


def test_neighbours_exchanged_are_seldom_more_than_two_mistakes() -> None:
    """Two words exchanged make a second statement of one at worst; more than two diagnostics are the exception."""
    chance = random.Random(7)
    all_of_them = sorted(set(statements()))
    cascades = 0
    for _ in range(600):
        text = chance.choice(all_of_them)
        pieces = words(text)
        at = chance.randrange(len(pieces) - 1)
        first, second = pieces[at : at + 2]
        wrong = text[: first.start] + second.text + text[first.end : second.start] + first.text + text[second.end :]
        cascades += len(parse(wrong, "x").diagnostics) > 2
    assert cascades <= 6


@pytest.mark.parametrize("path", MISTAKES, ids=lambda path: path.stem)
def test_a_slip_makes_no_name_unknown(path: Path) -> None:
    """A file that names its urls gets no second diagnostic that says that a name stands for nothing."""
    parsed = parse(path.read_text(encoding="utf-8", errors="replace"), "p.caveat")
    if KNOWN not in parsed.file.text:
        return
    resolved = resolve({"p.caveat": parsed.file}, "p.caveat", broken=["p.caveat"])
    assert [said.message for said in resolved.diagnostics if said.code in {"CV103", "CV123", "CV155"}] == []


def test_an_exchange_is_told_with_both_words() -> None:
    """The message shows the words as they stand, the help as they must stand."""
    (found,) = parse('caveat 1;\nextension = a "https://x.example/a";', "x").diagnostics
    assert found.message == "`=` and `a` stand in the wrong order"
    assert found.help == "write `a =`"


def test_a_word_too_many_is_told_alone() -> None:
    """When the statement reads without it, nothing else is said."""
    (found,) = parse('caveat 1;\nreject a: present "https://x.example/a" on Patient because "x";', "x").diagnostics
    assert (found.code, found.span.line, found.help is not None) == ("CV003", 2, True)


def test_many_mistakes_in_one_file_end_quickly() -> None:
    """What is tried out is bounded for a whole file: ten thousand broken words do not each cost a reading."""
    parsed = parse("caveat 1;\n" + 'reject a: b on Patient frobnicate "x" zz because "y";\n' * 3000, "x")
    assert parsed.diagnostics


@pytest.mark.parametrize(
    ("rule", "help_"),
    [
        ('reject a: "retake" on Patient because "x";', "write `retake` without quotes: it is the name of a url"),
        ('reject a: all on Patient because "x";', "every url is written `anything`"),
        ('reject a: retake on Patient as Coding as code because "x";', "list the types once, with `|` between them"),
        ('reject a: retake on Patient because "x" see "y" see "z";', "delete one of them"),
    ],
)
def test_slips_that_read_have_help_too(rule: str, help_: str) -> None:
    """What shows only when names are looked up is one diagnostic, and says what to write."""
    head = 'caveat 1;\npolicy "p" version "1" { owner "o"; }\nextension retake = "https://x.example/r";\n'
    parsed = parse(head + rule, "p.caveat")
    resolved = resolve({"p.caveat": parsed.file}, "p.caveat")
    assert [said.help for said in resolved.diagnostics] == [help_]
