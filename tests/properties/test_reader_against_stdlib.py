"""Caveat's reader and a plain second one agree on every document: the same are read, and as the same trees."""

from __future__ import annotations

import json
import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from caveat.intake.json_reader import Unreadable, read_json
from reference import json_reader as reference

SUITE = Path(__file__).resolve().parents[2] / ".." / "shared" / "corpus" / "json-test-suite"
DUPLICATES = {"y_object_duplicated_key.json", "y_object_duplicated_key_and_value.json"}
CODES = {"empty", "size", "encoding", "duplicate-key", "depth", "number-limit", "truncated", "syntax"}


class Pairs(list):  # type: ignore[type-arg]  # an object whose names may stand twice
    """An object as it will be written: pairs in order, names perhaps twice."""


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=6) | st.sampled_from(
    ["", ":", '"', '":', " :", "\\", "a\n:", "é", "𝄞"]
)
names = texts | st.sampled_from(["a", "b", "url", "extension", "modifierExtension"])
numbers = st.one_of(
    st.integers(),
    st.decimals(allow_nan=False, allow_infinity=False, places=3),
    st.sampled_from(
        [10**127, 10**128, -(10**128), Decimal("1E+307"), Decimal("1E+308"), Decimal("1E-308"), Decimal("0." + "1" * 129)]
    ),
)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.lists(st.tuples(names, inner), max_size=5).map(Pairs),
    max_leaves=20,
)


def spell(text: str, dice: random.Random) -> str:
    """Write a string, some of its characters as escapes."""
    return '"' + "".join(spell_character(character, dice) for character in text) + '"'


def spell_character(character: str, dice: random.Random) -> str:
    """Write one character as itself, or as an escape where it must be or chance will have it."""
    if character in '"\\' or character < " " or dice.random() < 0.2:
        units = character.encode("utf-16-be").hex()
        return "".join("\\u" + units[at : at + 4] for at in range(0, len(units), 4))
    return character


def write(value: Any, dice: random.Random) -> str:
    """Write a value as JSON with chance white space and escapes."""
    space = "".join(dice.choices(" \t\r\n", k=dice.choice([0, 0, 0, 0, 1, 2])))
    if isinstance(value, Pairs):
        body = ",".join(f"{spell(name, dice)}{space}:{write(inner, dice)}" for name, inner in value)
        return f"{{{body}{space}}}"
    if isinstance(value, list):
        return f"[{','.join(write(inner, dice) for inner in value)}{space}]"
    if isinstance(value, str):
        return spell(value, dice) + space
    return space + (str(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else json.dumps(value))


def same(one: Any, other: Any) -> bool:
    """Whether two trees are equal in type, order and value; `json.dumps` shows order, and 1 apart from true."""
    return json.dumps(one, default=digits) == json.dumps(other, default=digits)


def digits(number: Decimal) -> list[str]:
    """Return a number in a form that tells 1.0 from 1.00."""
    return [str(number)]


def agree(raw: bytes) -> bool:
    """Return whether the two readers read the same, or both refuse, with a code that has a name."""
    found, expected = read_json(raw), reference_reading(raw)
    if expected is None:
        return isinstance(found, Unreadable) and found.code in CODES
    return not isinstance(found, Unreadable) and same([found], expected)


def reference_reading(raw: bytes) -> list[Any] | None:
    """Return what the second reader reads, in a list because it may be null; None where it refuses."""
    try:
        return [reference.read(raw)]
    except reference.RefusedError:
        return None


@given(values, st.randoms(use_true_random=False))
def test_written_values_are_read_alike(value: Any, dice: random.Random) -> None:
    """JSON in any spelling, duplicates and all, is read or refused by both."""
    raw = write(value, dice).encode()
    assert agree(raw), raw


@given(values, st.randoms(use_true_random=False), st.data())
def test_damaged_documents_are_read_alike(value: Any, dice: random.Random, data: st.DataObject) -> None:
    """A byte changed, dropped, doubled or put in is seen by both or by none."""
    raw = write(value, dice).encode()
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(raw)))
        end = data.draw(st.integers(start, min(len(raw), start + 4)))
        put = data.draw(
            st.binary(max_size=3)
            | st.sampled_from([b'"', b":", b'":', b" :", b",", b"\\", b"{", b"}", b"\\ud800", b"\xef\xbb\xbf", b"1e9"])
        )
        raw = raw[:start] + put + raw[end:]
    assert agree(raw), raw


@given(values, values, st.randoms(use_true_random=False), st.data())
def test_cut_and_spliced_documents_are_read_alike(one: Any, other: Any, dice: random.Random, data: st.DataObject) -> None:
    """The beginning of one document, alone and followed by the end of another, is read or refused by both."""
    first, second = write(one, dice).encode(), write(other, dice).encode()
    head = first[: data.draw(st.integers(0, len(first)))]
    assert agree(head), head
    spliced = head + second[data.draw(st.integers(0, len(second))) :]
    assert agree(spliced), spliced


@given(st.lists(st.sampled_from('{}[]",: \\ut0189aeE.+-'), max_size=40).map("".join))
@example('{"a":1,"\\u0061":2}')
@example("1" + "0" * 200)
@example('{"a": ":","a":1}')
@example('{"a":{"b":1,"c":":"},"a":{"b":":"}}')
def test_random_punctuation_is_read_alike(text: str) -> None:
    """Strings of JSON's own signs, most of them not JSON, are read or refused by both."""
    assert agree(text.encode()), text.encode()


@given(st.integers(120, 260), st.lists(st.sampled_from(["[", '{"a":']), min_size=260, max_size=260))
def test_deep_documents_are_read_alike(depth: int, openings: list[str]) -> None:
    """Nesting is refused beyond the same depth, of objects and arrays alike."""
    used = openings[:depth]
    raw = ("".join(used) + "1" + "".join("]" if opening == "[" else "}" for opening in reversed(used))).encode()
    assert agree(raw), raw


def suite(kind: str) -> list[Path]:
    """Return the files of JSONTestSuite of one kind, or skip and say so."""
    if not SUITE.is_dir():
        pytest.skip("../shared IS ABSENT: JSONTestSuite is not run")
    files = sorted(SUITE.rglob(f"{kind}_*.json"))
    assert len(files) > 30, "the suite is not where it was"
    return files


def test_json_test_suite_invalid_files_are_all_refused() -> None:
    """None of the files that no parser may accept is read."""
    assert [path.name for path in suite("n") if not isinstance(read_json(path.read_bytes()), Unreadable)] == []


def test_json_test_suite_valid_files_are_read_but_for_duplicates() -> None:
    """Of the files that every parser must accept, FHIR's rule of unique names refuses two."""
    assert {path.name for path in suite("y") if isinstance(read_json(path.read_bytes()), Unreadable)} == DUPLICATES


@pytest.mark.parametrize("kind", ["n", "y", "i"])
def test_json_test_suite_is_read_alike(kind: str) -> None:
    """Both readers say the same of every file, those included on which RFC 8259 leaves the choice."""
    for path in suite(kind):
        assert agree(path.read_bytes()), path
