"""What a lawful url is, said once for the rules that name urls and for the documents that carry them.

Rule 1: nothing is trimmed, folded or repaired: a text is lawful as it stands, or not at all.
Rule 2: what nobody can see is listed here by code point, so no release of Unicode changes a verdict.
"""

from __future__ import annotations

import re

# Unicode's white space, the controls, and U+180E, U+200B to U+200D, U+2060 and U+FEFF. No other format character is among them.
_WHITE_SPACE = re.compile(r"[\x00-\x20\x7f-\xa0\u1680\u180e\u2000-\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]")
_URL = re.compile(r"(?!urn:)[a-z][a-z0-9+.-]*://[^/]", re.IGNORECASE | re.ASCII)
_URI = re.compile(r"[a-z][a-z0-9+.-]*:.", re.IGNORECASE | re.ASCII)


def has_white_space(text: str) -> bool:
    """Return whether `text` holds white space, a control character, or a character that nobody can see."""
    return _WHITE_SPACE.search(text) is not None


def is_absolute_url(text: str) -> bool:
    """Return whether a modifier extension may have `text` as its url: a scheme, `://`, and something after it.

    Relative urls, URNs, urls with a version (`url|version`) and urls with white space are not lawful. No host is looked for.
    """
    return _URL.match(text) is not None and "|" not in text and not has_white_space(text)


def is_absolute_uri(text: str) -> bool:
    """Return whether `implicitRules` may have `text` as its value: a scheme, `:`, and something after it, without white space.

    URNs are lawful, and so is a version.
    """
    return _URI.match(text) is not None and not has_white_space(text)
