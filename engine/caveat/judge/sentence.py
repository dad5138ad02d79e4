"""How the words of a definition are put into a sentence: bounded, and with nothing in them that a terminal would obey.

Rule 1: a definition may come from anybody's package; a document's values never come here.
"""

from __future__ import annotations

from collections.abc import Iterable

_MOST = 6
_LONGEST = 120


def quoted(text: str) -> str:
    """Return `text` as a sentence holds it: cut to a bounded length, what cannot be printed replaced."""
    seen = "".join(c if c.isprintable() else "?" for c in text[: _LONGEST + 1])
    return seen if len(seen) <= _LONGEST else seen[:_LONGEST] + "..."


def listed(words: Iterable[str]) -> str:
    """Return words in a row, the first few of many, empty when there is none."""
    told = list(dict.fromkeys(words))
    more = f" and {len(told) - _MOST} more" if len(told) > _MOST else ""
    return ", ".join(told[:_MOST]) + more


def times(number: int) -> str:
    """Say how often something may be."""
    return {0: "never", 1: "once"}.get(number, f"{number} times")
