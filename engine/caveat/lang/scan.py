"""Cuts any text into pieces, lawful or not, and the pieces into statements.

Rule 1: every text can be cut; no piece is lost; what is no word of the language becomes a piece of its own kind for `slips`.
Rule 2: a lawful file is cut exactly at its statements; a broken one where the next statement surely begins.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice, pairwise
from typing import NamedTuple

_DOUBLE = r"\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033"
_SINGLE = r"\u2018\u2019\u201a"
_KINDS = (
    ("space", r"[ \t\r\n]+"),
    ("comment", r"//[^\n]*"),
    ("block", r"/\*(?:[^*]|\*(?!/))*(?:\*/)?|<!--[^\n]*|(?<![^\s;{}])--(?=\s)[^\n]*"),
    ("string", r'"[^"\\\n]*(?:\\[^\n][^"\\\n]*)*"'),
    ("unclosed", r'"[^\n]*'),
    ("quoted", r"<https?:[^<>\s\"]*>|'[^'\n]*'|`[^`\n]*`"),
    # typographic quotes, double and single
    ("curly", rf"[{_DOUBLE}][^{_DOUBLE}\"\n]*[{_DOUBLE}\"]|[{_SINGLE}][^{_SINGLE}'\n]*[{_SINGLE}']"),
    ("url", r"(?:https?|urn|ftp):[^\s,;\"']*[^\s,;\"'.:(){}\[\]]"),
    ("regex", r"/(?=[^\s/*])[^/\n]*/[a-z]*"),
    ("package", r"[a-z][a-z0-9-]*(?:\.[a-z0-9-]+)++#[0-9A-Za-z](?:[\w.-]*\w)?"),
    ("code", r'[A-Za-z][A-Za-z0-9_]*#(?:"[^"\n]*"|[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?)'),
    ("hash", r"#(?![0-9])[^\n]*"),
    ("path", r"(?:\*|[A-Za-z][A-Za-z0-9]*)(?:\.[A-Za-z][A-Za-z0-9]*(?:\[[x0-9*]*\])?)*+\.\*\*|\*"),
    (
        "number",
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(?:Z|[+-][0-9:]+)?|[0-9][0-9./:-]*[0-9](?![A-Za-z0-9_])|-?[0-9]+(?:\.[0-9]+)?(?![A-Za-z0-9_])",
    ),
    (
        "word",
        # Nothing of a word is given back: a long one would keep hundreds of bytes for each letter.
        r"[A-Za-z_0-9](?:[A-Za-z0-9_]|-(?=[A-Za-z0-9_]))*+(?:\[x\])?(?:\.[A-Za-z_](?:[A-Za-z0-9_]|-(?=[A-Za-z0-9_]))*+(?:\[x\])?)*+",
    ),
    ("mark", r"===?|!==?|<=|>=|&&|\|\||=>|->|:=|<>|::|=~|[=<>!&|:;,.(){}\[\]]"),
    ("strange", r"(?s:.)"),
)
_PIECE = re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in _KINDS))
BLANK = frozenset({"comment", "block", "hash"})


class Piece(NamedTuple):
    """A stretch of text and what it looks like: one of the kinds of this module's table."""

    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        """The offset after it."""
        return self.start + len(self.text)


MAX_PIECES = 100_000


def pieces_of(text: str) -> list[Piece]:
    """Return all pieces of `text`, white space left out; of an absurdly long text more than `MAX_PIECES`, not all."""
    return [
        Piece(kind, match.group(), match.start())
        for match in islice(_PIECE.finditer(text), 2 * MAX_PIECES)
        if (kind := str(match.lastgroup)) != "space"
    ]


# A keyword begins a statement for sure when what follows it fits: in lawful statements these pairs stand nowhere else.
VERBS = frozenset({"understand", "warn", "exclude", "narrative", "review", "reject", "forbid"})
# What people write for the language's verbs.
OTHER_VERBS = {
    "accept": "understand", "allow": "understand", "permit": "understand", "trust": "understand", "understood": "understand",
    "deny": "reject", "block": "reject", "refuse": "reject", "fail": "reject", "rejects": "reject",
    "never": "forbid", "prohibit": "forbid", "forbidden": "forbid",
    "ignore": "exclude", "skip": "exclude", "drop": "exclude", "omit": "exclude",
    "alert": "warn", "warning": "warn", "flag": "warn",
    "ask": "review", "manual": "review", "escalate": "review", "render": "narrative",
    "waiver": "waive", "exempt": "waive", "exception": "waive",
    "include": "import", "ext": "extension", "alias": "extension", "system": "codesystem", "scope": "reads", "read": "reads",
    "assert": "invariant", "ensure": "invariant", "obsolete": "deprecate",
}  # fmt: skip
_NAMED = VERBS | {"waive", "govern", "invariant"} | OTHER_VERBS.keys()
_STRING_AFTER = frozenset({"policy", "import", "test", "use"})
_DEFINED = frozenset({"extension", "codesystem"})
INNER = {
    "policy": frozenset({"owner", "application", "fhir", "default", "waivers", "reassess"}),
    "test": frozenset({"modifier", "resource", "today", "fhir", "intent", "expect"}),
    "govern": frozenset({"require", "severity"}),
}


_GO_ON = frozenset({"on", "as", "when", "kind", "because", "severity", "implemented", "assessed", "until", "see"})


def begins_statement(code: list[Piece], at: int) -> bool:
    """Return whether a statement surely begins at piece `at`, whatever stands before it; case does not count."""
    word, following = code[at].text.lower(), code[at + 1 : at + 3]
    if code[at].kind != "word" or not following:
        return False
    first, second = following[0], following[-1].text
    if word in _NAMED:
        return first.kind == "word" and second == ":"
    if word in _STRING_AFTER:
        return first.kind in {"string", "unclosed"} and (word != "use" or second == ";")
    if word in _DEFINED:
        return first.kind == "word" and second == "="
    if word == "reads":
        return first.kind == "word" and second in {"{", "of"}
    return (word == "deprecate" and first.kind == "word" and second in {"from", "use", "because"}) or (
        word == "caveat" and first.kind == "number" and second == ";"
    )


def statements_of(pieces: list[Piece]) -> Iterator[list[Piece]]:
    """Yield the pieces of each statement, in order; together they are all pieces that are no comments."""
    code = [piece for piece in pieces if piece.kind not in BLANK]
    cuts = [*_cuts(code), len(code)]
    yield from (code[start:end] for start, end in pairwise(cuts) if start < end)


def _cuts(code: list[Piece]) -> Iterator[int]:
    yield 0
    depth, begun = 0, 0
    for at, piece in enumerate(code):
        if at > begun and begins_statement(code, at):
            depth, begun = 0, at
            yield at
        if piece.kind != "mark":
            continue
        if piece.text == "}":
            ends = depth <= 1 and not _braces_in_rule(code, begun, at)
        else:
            ends = (
                depth == 0
                and piece.text == ";"
                and not (_goes_on(code, begun, at) or _in_list(code, at) or _before_on(code, begun, at))
            )
        depth = depth + 1 if piece.text == "{" else max(0, depth - 1) if piece.text == "}" else depth
        if ends:
            begun = at + 1
            yield begun


def _goes_on(code: list[Piece], begun: int, at: int) -> bool:
    """Whether a block that lost its `{` goes on after this `;`: its words stand nowhere else."""
    inner = INNER.get(code[begun].text, frozenset())
    return at + 1 < len(code) and bool(inner) and (code[at + 1].text in inner or code[at + 1].text == "}")


def _braces_in_rule(code: list[Piece], begun: int, at: int) -> bool:
    """Whether this `}` stands in a statement that has no braces, and that goes on after it."""
    if at == begun or code[begun].text.lower() in INNER or code[begun].text.lower() == "reads" or at + 1 >= len(code):
        return False
    following = code[at + 1].text
    return following == ";" or (following in _GO_ON and code[begun].text.lower() in _NAMED)


def _before_on(code: list[Piece], begun: int, at: int) -> bool:
    """Whether this `;` stands between the urls of a rule and its `on`, with which no statement begins."""
    named = code[begun].text.lower() in _NAMED
    return named and at + 1 < len(code) and code[at + 1].text == "on" and all(p.text != "on" for p in code[begun:at])


def _in_list(code: list[Piece], at: int) -> bool:
    """Whether this `;` stands between the values of a list: a value follows, and then the list goes on or is closed."""
    following = code[at + 1 : at + 3]
    return len(following) > 1 and following[0].kind in {"code", "string", "number"} and following[1].text in {"]", ";", ","}
