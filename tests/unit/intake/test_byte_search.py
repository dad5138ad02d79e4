"""Searching bytes: stringzilla and what stands in for it answer alike, whatever the buffer and the bounds."""

from __future__ import annotations

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
