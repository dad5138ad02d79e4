"""Texts alike: what a pattern matches is read as the text it is of, and what a value decides is caught or has no pattern."""

from __future__ import annotations

import json
import re

import pytest

from caveat.intake import alike
from caveat.intake.alike import longest, outline, pattern_of
from caveat.intake.json_reader import Unreadable, read_json
from caveat.intake.limits import Limits
from caveat.spec.release import Release
from caveat.spec.shape import tables

LIMITS = Limits()
R4 = tables(Release.R4)
MODIFIER = '"modifierExtension":[{"url":"http://a/b","valueString":"x"}]'


def same(one: str, other: bytes) -> bool:
    """Return whether the engine would answer for `other` by `one`."""
    raw = one.encode()
    pattern = pattern_of(raw, R4, LIMITS)
    assert pattern is not None
    mine, its = pattern.likeness(raw), pattern.likeness(other) if outline(raw) == outline(other) else None
    return mine is not None and its is not None and mine.telling == its.telling


PATIENT = '{"resourceType":"Patient","id":"a","active":true,"gender":"male","multipleBirthInteger":2,"name":[{"family":"x"}]}'


@pytest.mark.parametrize("other", [
    PATIENT, PATIENT.replace('"a"', '"b"'), PATIENT.replace('"x"', '"é"'), PATIENT.replace("2", "-1.5"),
    PATIENT.replace('"x"', '"modifierExtension"'), PATIENT.replace('"male"', '""'),
])  # fmt: skip
def test_what_is_alike(other: str) -> None:
    """Values of the same kind may differ, where no value decides."""
    assert same(PATIENT, other.encode())


@pytest.mark.parametrize("other", [
    PATIENT.replace("true", "false"), PATIENT.replace("Patient", "Person"), PATIENT.replace('"male"', "1"),
    PATIENT.replace('"male"', "null"), PATIENT.replace('"gender"', '"active"'), PATIENT.replace("2", "1e5"),
    PATIENT.replace("2", "1" * 16), PATIENT.replace("2", "01"), PATIENT.replace('"x"', '"\\"'),
    PATIENT.replace('"x"', '"\\u0041"'),
    PATIENT.replace('"x"', '"\t"'), PATIENT.replace('"x"', '"]"'), PATIENT.replace(",", ", "), PATIENT + " ", PATIENT[:-1],
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
    found = pattern.likeness(raw)
    assert found is not None
    assert found.id == b'"a"'
    assert found.telling == (b"true", b'"http://a/b"', b'"x"')
    assert pattern_of(b'{"resourceType":"Patient","id":5}', R4, LIMITS) is not None


def test_a_match_is_read() -> None:
    """Whatever matches a pattern and has its outline is read strictly, with the same names: every one-byte change is tried."""
    for seed in (PATIENT, json.dumps({"resourceType": "Patient", "gender": 'a"b\\', "multipleBirthInteger": 10})):
        raw, matched = seed.encode(), 0
        pattern = pattern_of(raw, R4, LIMITS)
        assert pattern is not None
        for at in range(len(raw)):
            for new in [*(bytes([byte]) for byte in range(256)), b""]:
                other = raw[:at] + new + raw[at + 1 :]
                if outline(other) == outline(raw) and pattern.likeness(other) is not None:
                    tree = read_json(other, LIMITS)
                    assert not isinstance(tree, Unreadable), other
                    assert re.findall(r'"(\w+)"\s*:', json.dumps(tree)) == re.findall(r'"(\w+)"\s*:', seed)
                    matched += 1
        assert matched > 200
