"""How rule files spell strings, and which words they keep for themselves."""

from __future__ import annotations

import re

_BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
# Control characters, halves of surrogate pairs, and those that turn the direction of writing, so that a reader sees other code
# than the parser (CVE-2021-42574).
FORBIDDEN = re.compile(f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\ufeff{_BIDI}]|\r(?!\n)")

_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}

RESERVED = frozenset(
    """
    accept all and anything application approved as assessed at because by caveat clear codesystem context covers days
    default definitions deprecate empty every except exclude expect extension false fhir for forbid from govern
    implemented import in incomplete intent invariant kind malformed misplaced modifier most narrative never not of on or
    out-of-scope owner package part policy present publisher reads reason reassess record reject removed require
    resource review rule rules see severity since status test ticket today true unchanged undetermined understand unknown
    unreadable until use value version waive waiver waivers warn when with wrong-slot
    """.split()  # noqa: SIM905 - a list of a hundred quoted words is harder to read
)
"""The words that no name may be: the grammar's keywords, verdicts and grounds."""


def quoted_string(value: str) -> str:
    """Return a text as rule files write strings; characters that may not stand in a rule file are escaped."""
    short = "".join(_SHORT.get(char, char) for char in value)
    return '"' + FORBIDDEN.sub(lambda match: f"\\u{ord(match[0]):04X}", short) + '"'
