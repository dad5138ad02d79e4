r"""Makes what a document says of itself fit to be shown: bounded, and with nothing in it that a terminal would obey.

Rule 1: what cannot be seen is written as its escape (`\u200b`), so that two names that differ look different.
"""

from __future__ import annotations

import re

LONGEST = 2048
"""How many characters of a location, a url or an id are shown."""

_CUT = "…"
_NAMED = re.compile(r"//[^/?#@]*@")


def bounded(text: str) -> str:
    """Return `text`, its end cut off when it is longer than `LONGEST`."""
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + _CUT


def printable(text: str) -> str:
    """Return `text` bounded, on one line, with an escape for each character that cannot be seen."""
    cut = text if len(text) <= LONGEST else bounded(text)
    return cut if cut.isprintable() else "".join(c if c.isprintable() else _escape(c) for c in cut)


def url_told(url: str) -> str:
    """Return a url fit to be shown, without what is no part of an extension's name and may say whom it is about.

    That is the query, and who is named before the host.
    """
    name, asked, _ = _NAMED.sub("//…@", url, count=1).partition("?")
    return printable(name + "?…" if asked else name)


def _escape(character: str) -> str:
    """Return a character as JSON would escape it, beyond the first plane with eight digits."""
    code = ord(character)
    return f"\\u{code:04x}" if character <= "\uffff" else f"\\U{code:08x}"
