"""Searching bytes: stringzilla and what stands in for it answer alike, whatever the buffer and the bounds."""

from __future__ import annotations

import hashlib
import random

import pytest

from caveat.intake import byte_search
from unit.intake.test_scan import PLAIN

DICE = random.Random(3)
TEXTS = [bytes(DICE.choice(b'ab"\\\n\x00\x80') for _ in range(DICE.randrange(40))) for _ in range(200)]


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_both_answer_alike(kind: type) -> None:
    """Where something stands, from where until where, and how often; in bytes, in a buffer and in a view of one."""
    for text in TEXTS:
        raw = kind(text)
        start, end = sorted((DICE.randrange(len(text) + 1), DICE.randrange(len(text) + 1)))
        for needle in (b"a", b"ab", b'"', b"ba", b"\x00"):
            wanted = text.find(needle, start, end)
            for search in (byte_search, PLAIN):
                assert search.find(raw, needle) == text.find(needle)
                assert search.find(raw, needle, start) == text.find(needle, start)
                assert search.find(raw, needle, start, end) == wanted
                assert search.count(raw, needle) == text.count(needle)
        wanted = next((at for at in range(start, end) if text[at] in b"\x00\x80"), -1)
        for search in (byte_search, PLAIN):
            assert search.find_any(raw, b"\x80\x00", start, end) == wanted


@pytest.mark.parametrize("number", [0, 1, 63, 64, 65, 200])
def test_digests_are_those_of_the_standard_library(number: int) -> None:
    """Of as many parts as one likes, which may be empty, long, and lie over each other."""
    raw = memoryview(DICE.randbytes(300_000))
    lengths = [DICE.choice([0, 1, 55, 56, 63, 64, 65, 1400, 9000, 100_000]) for _ in range(number)]
    places = [(start := DICE.randrange(len(raw) - length), start + length) for length in lengths]
    wanted = [hashlib.sha256(raw[start:end]).digest() for start, end in places]
    for search in (byte_search, PLAIN):
        assert search.sha256(raw, places) == wanted
