"""The lexer for Pygments says of every word what the grammar says of it, loses nothing, and finds no error in a lawful file."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pygments.lexers import get_lexer_by_name, get_lexer_for_filename
from pygments.token import Comment, Error, Keyword, Literal, Name, Number, Operator, Punctuation, String, Whitespace

from caveat.lang.parser import _lark, parse
from caveat.lang.printer import print_file
from caveat.lang.scan import pieces_of, statements_of
from caveat.lang.spelling import RESERVED
from caveat.pygments_lexer import CaveatLexer
from strategies.syntax import files

ROOT = Path(__file__).resolve().parents[2]
FILES = [
    path
    for folder in ("rules", "examples", "tests/golden/format", "tests/golden/findings", "tests/golden/governed")
    for path in sorted((ROOT / folder).rglob("*.caveat"))
]
STATEMENTS = {
    "VERB", "_CAVEAT", "_POLICY", "_USE", "_IMPORT", "_EXTENSION", "_CODESYSTEM", "_READS", "_WAIVE", "_DEPRECATE", "_GOVERN",
    "_INVARIANT", "_TEST",
}  # fmt: skip
CONSTANTS = {
    "DEFAULT", "WAIVED", "VERDICT", "GROUND", "FHIRVER", "SEVERITY", "KIND", "STATUS", "INTENT", "TRUTH", "WAIVED_ALONE",
    "WAIVED_URLS",
}  # fmt: skip
OTHERS = {
    "STRING": String.Double,
    "DATE": Literal.Date,
    "NUMBER": Number,
    "INT": Number,
    "CODE": Name.Namespace,
    "CSNAME": Name.Namespace,
    "PATH": Name.Class,
    "ELEMENT": Name.Attribute,
    "FIELD": Name.Attribute,
    "DTYPE": Keyword.Type,
    "NAME": Name,
    "CMP": Operator,
    "EQUAL": Operator,
    **dict.fromkeys(("_AND", "_OR", "_NOT", "_IN", "_PRESENT"), Operator.Word),
    **dict.fromkeys(
        ("COLON", "SEMICOLON", "COMMA", "DOT", "LBRACE", "RBRACE", "LPAR", "RPAR", "LSQB", "RSQB", "VBAR"), Punctuation
    ),
}


def by_the_grammar(text: str) -> Iterator[tuple[int, Any]]:
    """Give where each word of a lawful file begins, and what the grammar says it is."""
    for statement in statements_of(pieces_of(text)):
        start, end = statement[0].start, statement[-1].end
        for token in _lark().parse_interactive(text[start:end]).iter_parse():
            yield start + token.start_pos, _kind(token.type)


def _kind(terminal: str) -> Any:
    if terminal in STATEMENTS:
        return Keyword.Declaration
    return Keyword.Constant if terminal in CONSTANTS else OTHERS.get(terminal, Keyword)


def lexed(text: str) -> list[tuple[int, Any, str]]:
    """Return the tokens of the lexer."""
    return list(CaveatLexer().get_tokens_unprocessed(text))


def joined(tokens: list[tuple[int, Any, str]]) -> str:
    """Return the text of tokens, each of which begins where the one before ended."""
    text = "".join(value for *_, value in tokens)
    assert all(text.startswith(value, at) for at, _, value in tokens)
    return text


def disagreements(text: str) -> list[object]:
    """Return where the lexer and the grammar differ on a lawful file."""
    tokens = lexed(text)
    assert joined(tokens) == text
    starts = {at: kind for at, kind, _ in tokens}
    expected = dict(by_the_grammar(text))
    if any(kind is Name and value in RESERVED for at, _, value in tokens if (kind := expected.get(at))):
        return []  # a reserved word as a name parses, and is refused (CV105)
    assert expected
    inside = {Name.Constant, String.Double, String.Escape, Punctuation, Name.Attribute}  # parts of codes, strings and fields
    errors = [each for each in tokens if each[1] is Error]
    others = [(at, starts.get(at), kind) for at, kind in expected.items() if starts.get(at) is not kind]
    more = [(at, kind) for at, kind in starts.items() if at not in expected and kind not in {Comment.Single, Whitespace, *inside}]
    return [*errors, *others, *more]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_lawful_file(path: Path) -> None:
    """Every rule file of the packs, the examples and the golden tests is coloured by the grammar; a broken one loses nothing."""
    text = path.read_bytes().decode("utf-8-sig")
    lexed(text)
    assert parse(text, "x").diagnostics or disagreements(text) == []


def test_most_files_are_lawful() -> None:
    """The comparison is not empty, and meets every kind of word that the lexer knows."""
    lawful = [text for path in FILES if not parse(text := path.read_bytes().decode("utf-8-sig"), "x").diagnostics]
    assert len(lawful) > 50
    met = {kind for text in lawful for _, kind, _ in lexed(text)}
    assert met >= {Keyword.Declaration, Keyword.Constant, Keyword.Type, *OTHERS.values(), Comment.Single, String.Escape}


@given(files)
def test_any_lawful_file(file: Any) -> None:
    """Whatever the language can say, in canonical form, is coloured by the grammar."""
    text = print_file(file)
    assert parse(text, "x").diagnostics or not text.strip() or disagreements(text) == []


@pytest.mark.parametrize(
    "path", sorted((ROOT / "tests" / "golden" / "mistakes").glob("*.caveat"))[::5], ids=lambda path: path.stem
)
def test_a_broken_file_is_lexed_without_a_loss(path: Path) -> None:
    """Editors colour files that are being written."""
    text = path.read_bytes().decode("utf-8", "replace")
    assert joined(lexed(text)) == text


@given(st.text(max_size=60) | st.from_regex(r'[a-z "#:;{}.=*\\/R4-]{1,40}', fullmatch=True))
def test_any_text_is_lexed_without_a_loss(text: str) -> None:
    """No text raises, and none is changed."""
    assert joined(lexed(text)) == text


def test_it_is_found_by_name_and_by_file() -> None:
    """Pygments finds it in the installed package."""
    assert [point.value for point in entry_points(group="pygments.lexers") if point.name == "caveat"] == [
        "caveat.pygments_lexer:CaveatLexer"
    ]
    assert isinstance(get_lexer_by_name("caveat"), CaveatLexer)
    assert isinstance(get_lexer_for_filename("rules.caveat"), CaveatLexer)
