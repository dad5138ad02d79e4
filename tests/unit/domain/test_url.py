"""Tests of caveat.domain.url: what a lawful url is."""

from __future__ import annotations

import sys
import unicodedata

import pytest

from caveat.domain.url import has_white_space, is_absolute_uri, is_absolute_url

# Unicode's property White_Space, written out; it has not changed since Unicode 6.3.
WHITE = {*range(0x09, 0x0E), 0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000}
NAMED = {0x180E, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF}


def test_white_space_is_what_the_language_lists() -> None:
    """Of all code points, the white space, the controls and the six named ones count, and no other."""
    found = {point for point in range(sys.maxunicode + 1) if has_white_space(f"a{chr(point)}b")}
    controls = {point for point in range(0x100) if unicodedata.category(chr(point)) == "Cc"}
    assert found == WHITE | NAMED | controls


@pytest.mark.parametrize(
    "text",
    [
        "http://h",
        "HTTP://H",
        "a+b-c.1://h",
        "http://u@/x",
        "http://:80/x",
        "http://?x",
        "http://h/*",
        "http://h/\u00ad",
        "http://h/\u2061",
        "urns://h",
    ],
)
def test_a_scheme_two_slashes_and_something_after_make_a_url(text: str) -> None:
    """The host is not looked into, and only the characters of the list are refused."""
    assert is_absolute_url(text)
    assert is_absolute_uri(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "//h",
        "http:",
        "http:/h",
        "http://",
        "http:///x",
        "mailto:a@h",
        "urn:a:b",
        "urn://x/y",
        "http://h|1",
        "http://h /",
    ],
)
def test_nothing_else_is_a_url(text: str) -> None:
    """Relative urls, URNs, versions, white space, and a scheme with nothing to stand for a host are refused."""
    assert not is_absolute_url(text)


@pytest.mark.parametrize(
    ("text", "lawful"), [("urn:a", "lawful"), ("http://h|1", "lawful"), ("a:b", "lawful"), ("urn:", ""), (":a", "")]
)
def test_a_uri_may_be_a_urn_and_carry_a_version(text: str, lawful: str) -> None:
    """A scheme and something after it are enough, and both are needed."""
    assert is_absolute_uri(text) is bool(lawful)
    assert not is_absolute_uri(text + "\u200b")
