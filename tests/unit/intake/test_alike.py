"""Texts alike: what a pattern matches is read as the text it is of, and what a value decides is caught or has no pattern."""

from __future__ import annotations

import json
import re

import pytest

from caveat.intake import alike
from caveat.intake.alike import Joined, Pattern, is_plain, join, longest, matched, outline, pattern_of
from caveat.intake.json_reader import Unreadable, read_json
from caveat.intake.limits import Limits
from caveat.spec.release import Release
from caveat.spec.shape import tables

LIMITS = Limits()
R4 = tables(Release.R4)
MODIFIER = '"modifierExtension":[{"url":"http://a/b","valueString":"x"}]'


def said(joined: Joined, match: re.Match[bytes] | None) -> tuple[int, tuple[bytes, ...]] | None:
    """Return which pattern a text matched, and what it says of its own."""
    if match is None:
        return None
    leaf = joined.leaves[match.lastindex or 0]
    return leaf.number, leaf.said(match)


def same(one: str, other: bytes) -> bool:
    """Return whether the engine would answer for `other` by `one`: by its outline, or where it stands in something."""
    raw = one.encode()
    pattern = pattern_of(raw, R4, LIMITS)
    assert pattern is not None
    joined = join([pattern])
    mine = said(joined, matched(joined, raw))
    assert mine is not None
    by_outline = outline(raw) == outline(other) and said(joined, matched(joined, other)) == mine
    around = b"\x80{" + other + b"\n"
    in_place = pattern.is_plain and said(joined, matched_in(joined, memoryview(around), 2, len(around) - 1)) == mine
    assert in_place or not by_outline or not pattern.is_plain or not other.isascii()
    return by_outline or in_place


def matched_in(joined: Joined, view: bytes | memoryview, start: int, end: int) -> re.Match[bytes] | None:
    """Return the match of a text where it stands, as `bulk.memory` asks for it: of plain texts alone."""
    return joined.expression.fullmatch(view, start, end) if is_plain(view, start, end) else None


PATIENT = '{"resourceType":"Patient","id":"a","active":true,"gender":"male","multipleBirthInteger":2,"name":[{"family":"x"}]}'


@pytest.mark.parametrize("other", [
    PATIENT, PATIENT.replace('"a"', '"b"'), PATIENT.replace('"x"', '"é"'), PATIENT.replace("2", "-1.5"),
    PATIENT.replace('"x"', '"modifierExtension"'), PATIENT.replace('"male"', '""'),
    PATIENT.replace('"x"', '"]},{["'),
])  # fmt: skip
def test_what_is_alike(other: str) -> None:
    """Values of the same kind may differ, where no value decides."""
    assert same(PATIENT, other.encode())


@pytest.mark.parametrize("other", [
    PATIENT.replace("true", "false"), PATIENT.replace("Patient", "Person"), PATIENT.replace('"male"', "1"),
    PATIENT.replace('"male"', "null"), PATIENT.replace('"gender"', '"active"'), PATIENT.replace("2", "1e5"),
    PATIENT.replace("2", "1" * 16), PATIENT.replace("2", "01"), PATIENT.replace('"x"', '"\\"'),
    PATIENT.replace('"x"', '"\\u0041"'),
    PATIENT.replace('"x"', '"\t"'), PATIENT.replace(",", ", "), PATIENT + " ", PATIENT[:-1],
])  # fmt: skip
def test_what_is_not_alike(other: str) -> None:
    """Another name, kind, structure, spelling, an escape, a control character, or a value that decides: another text."""
    assert not same(PATIENT, other.encode())


def test_bytes_that_are_no_text() -> None:
    """What is no UTF-8 is not answered for."""
    assert not same(PATIENT, PATIENT.encode().replace(b'"x"', b'"\xff"'))
    assert not same(PATIENT, PATIENT.encode().replace(b'"x"', b'"\xc0\x80"'))
    assert not same(PATIENT, PATIENT.encode().replace(b'"x"', b'"\xed\xa0\x80"'))


@pytest.mark.parametrize(("one", "other"), [
    (MODIFIER, MODIFIER.replace("a/b", "a/c")), (MODIFIER, MODIFIER.replace('"x"', '"y"')),
    ('"meta":{"tag":[{"code":"x"}]}', '"meta":{"tag":[{"code":"SUBSETTED"}]}'),
    ('"text":{"status":"generated"}', '"text":{"status":"empty"}'),
    ('"extension":[{"url":"http://a/b"}]', '"extension":[{"url":"http://a/c"}]'),
    (
        '"extension":[{"url":"u","valueQuantity":{"comparator":"<"}}]',
        '"extension":[{"url":"u","valueQuantity":{"comparator":">"}}]',
    ),
    ('"name":[{"use":"usual"}]', '"name":[{"use":"old"}]'),
    ('"deceasedDateTime":"2000"', '"deceasedDateTime":"2001"'),
])  # fmt: skip
def test_values_that_decide(one: str, other: str) -> None:
    """What a walk looks at tells texts apart; the rest of such a text may differ."""
    first, second = (f'{{"resourceType":"Patient","gender":"g",{text}}}' for text in (one, other))
    assert not same(first, second.encode())
    assert same(first, first.encode().replace(b'"g"', b'"h"'))


@pytest.mark.parametrize("text", [
    '"implicitRules":"x"', '"_implicitRules":{"id":"x"}', '"photo":[{"contentType":"x"}]', '"name":[null]', '"gender":null',
    '"unheard":1', '"_unheard":{"id":"x"}', '"_name":{"id":"x"}', '"contained":[{"resourceType":"Nothing"}]',
    '"contained":[{"id":"x"}]',
    '"name" : [ ]', '"gender":{"coding":[]}', '"multipleBirthInteger":1E2', '"modifierExtension":[null]', '"\\u0067ender":"x"',
])  # fmt: skip
def test_what_has_no_pattern(text: str) -> None:
    """Where a value may decide in another way, the tables know no such property, or the text is oddly set."""
    assert pattern_of(f'{{"resourceType":"Patient",{text}}}'.encode(), R4, LIMITS) is None


@pytest.mark.parametrize(
    "raw", [b"[]", b"", b"{}", b'{"resourceType":1}', b'{"resourceType":"Patient","gender":"a","gender":"a"}', b"{"]
)
def test_what_is_no_resource_has_no_pattern(raw: bytes) -> None:
    """What is refused by a strict read has none, nor what is no resource."""
    assert pattern_of(raw, R4, LIMITS) is None


def test_limits_are_kept() -> None:
    """A text so long that a limit may be reached has no pattern; where numbers may have few digits, no text has."""
    assert longest(LIMITS) == alike.LONGEST
    assert longest(Limits(bytes=100)) == 100
    assert longest(Limits(number_length=20)) == 0
    assert pattern_of(PATIENT.encode(), R4, Limits(bytes=50)) is None
    assert 0 < longest(Limits(memory=100_000)) < 1_000


def test_set_with_blanks_and_escapes() -> None:
    """The other way to set JSON, escapes of two characters, and companions of primitives have patterns too."""
    text = json.dumps({"resourceType": "Patient", "id": 'a"b', "contained": [{"resourceType": "Basic"}], "gender": "x\n\\"})
    assert same(text, text.replace('"b"', '"c"').encode())
    assert not same(text, text.replace("x", "\\u0041").encode())
    companion = '{"resourceType":"Patient","birthDate":"2000","_birthDate":{"id":"x"}}'
    assert same(companion, companion.replace('"x"', '"y"').encode())


def test_the_id_of_the_root() -> None:
    """It is caught apart, wherever it stands; ids elsewhere, and one that is no string, are values like others."""
    raw = b'{"resourceType":"Patient","active":true,"id":"a","name":[{"id":"n"}],%b}' % MODIFIER.encode()
    pattern = pattern_of(raw, R4, LIMITS)
    assert pattern is not None
    joined = join([pattern])
    match = matched(joined, raw)
    assert match is not None
    (leaf,) = joined.leaves.values()
    assert leaf.identity(match) == "a"
    assert leaf.said(match) == (b"true", b'[{"url":"http://a/b","valueString":"x"}]')
    for odd, identity in ((b'{"resourceType":"Patient","id":5}', None), (b'{"resourceType":"Patient","id":"\\"\xc3\xa9"}', '"é')):
        pattern = pattern_of(odd, R4, LIMITS)
        assert pattern is not None
        joined = join([pattern])
        match = matched(joined, odd)
        assert match is not None
        assert next(iter(joined.leaves.values())).identity(match) == identity


LIKE = [
    PATIENT, PATIENT.replace('"active":true,', ""), PATIENT.replace("2", "false"),
    PATIENT.replace("Patient", "Person").replace(',"multipleBirthInteger":2', ""),
    PATIENT[:-1] + f",{MODIFIER}}}", PATIENT.replace('"x"}', f'"x",{MODIFIER}}}'), PATIENT.replace('"x"}', '"x"},{"family":"x"}'),
    PATIENT.replace('"id":"a",', ""), PATIENT.replace('"id":"a",', "").replace('"male"', '"male","id":"b"'),
]  # fmt: skip


def test_patterns_that_are_joined() -> None:
    """Each text is told by its own pattern among others, in whatever order, and says what it says to that alone."""
    texts = [text.encode() for text in LIKE]
    patterns = [pattern_of(text, R4, LIMITS) for text in texts]
    for shift in range(len(texts)):
        order = [*range(shift, len(texts)), *range(shift)]
        joined = join([each for n in order if (each := patterns[n]) is not None])
        assert len(joined.leaves) == len(texts)
        for place, number in enumerate(order):
            match = matched(joined, texts[number])
            alone = join([pattern for pattern in [patterns[number]] if pattern is not None])
            mine = said(alone, matched(alone, texts[number]))
            assert mine is not None
            assert said(joined, match) == (place, mine[1])
            assert match is not None
            other = matched(alone, texts[number])
            assert other is not None
            assert joined.leaves[match.lastindex or 0].identity(match) == next(iter(alone.leaves.values())).identity(other)
    few = join([each for each in patterns[1:3] if each is not None])
    assert [matched(few, text) is not None for text in texts] == [n in {1, 2} for n in range(len(texts))]


def test_where_a_text_stands() -> None:
    """Only what lies between the bounds counts, and all of it."""
    joined = join([_pattern(PATIENT)])
    raw = PATIENT.encode()
    for before, behind in ((b"", b""), (b"", b"\r"), (b"\r", b""), (b"", b" "), (b" ", b"")):
        view = memoryview(b"x\n" + before + raw + behind + b"\n\\\x80")
        assert (matched_in(joined, view, 2, len(view) - 3) is not None) is (not before and not behind)


def test_what_is_plain() -> None:
    """ASCII without backslashes, and without control characters but the line feeds between lines."""
    for byte in range(256):
        raw = b"a" + bytes([byte]) + b"a"
        assert is_plain(raw, 0, 3) is (byte == ord("\n") or (32 <= byte < 128 and byte != ord("\\")))
        assert is_plain(raw, 2, 3)
        assert is_plain(memoryview(raw), 0, 1)


def _pattern(text: str) -> Pattern:
    found = pattern_of(text.encode(), R4, LIMITS)
    assert found is not None
    return found


def test_a_match_is_read() -> None:
    """Whatever matches a pattern and has its outline is read strictly, with the same names: every one-byte change is tried."""
    for seed in (PATIENT, json.dumps({"resourceType": "Patient", "gender": 'a"b\\', "multipleBirthInteger": 10})):
        raw, count = seed.encode(), 0
        joined, is_line_of_plain = join([_pattern(seed)]), _pattern(seed).is_plain
        for at in range(len(raw)):
            for new in [*(bytes([byte]) for byte in range(256)), b""]:
                other = raw[:at] + new + raw[at + 1 :]
                in_place = is_line_of_plain and new != b"\n" and matched_in(joined, other, 0, len(other)) is not None
                if in_place or (outline(other) == outline(raw) and matched(joined, other) is not None):
                    tree = read_json(other, LIMITS)
                    assert not isinstance(tree, Unreadable), other
                    assert re.findall(r'"(\w+)"\s*:', json.dumps(tree)) == re.findall(r'"(\w+)"\s*:', seed)
                    count += 1
        assert count > 200
