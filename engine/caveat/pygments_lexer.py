"""Colours rule files wherever Pygments does: documentation, notebooks, terminals.

Rule 1: what a word is follows from where it stands, as in the grammar: `policy` begins a header, and is an element in `reads`.
Rule 2: every text is lexed without a loss; what is no word of the language is an error token, and the next word is read again.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pygments.lexer import RegexLexer, bygroups, default, include, words  # type: ignore[import-untyped]
from pygments.token import (  # type: ignore[import-untyped]
    Comment,
    Keyword,
    Literal,
    Name,
    Number,
    Operator,
    Punctuation,
    String,
    Whitespace,
)

_END = r"(?![A-Za-z0-9_-])"
_BLANK = r"(?:[ \t\r\n]|//[^\n]*(?:\n|\Z))*"
_NAME = r"[a-z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)*" + _END
_PATH = r"(?:\*|[A-Z][A-Za-z0-9]*)(?:\.[a-z][A-Za-z0-9]*(?:\[x\])?)*(?:\.\*\*)?"
_ELEMENT = r"[a-z][A-Za-z0-9]*(?:\[x\])?(?:\.[a-z][A-Za-z0-9]*(?:\[x\])?)*"
_CODE = r'([A-Z][A-Za-z0-9_]*)(#)("[^"\n]*"|[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?)'
_VERBS = "understand|warn|exclude|narrative|review|reject|forbid"
_STATEMENTS = ("caveat", "policy", "use", "extension", "deprecate", "govern", "invariant", "test", "waive")
_WORDS = (
    "all", "anything", "application", "approved", "assessed", "at", "because", "by", "context", "covers", "days",
    "default", "definitions", "every", "except", "expect", "fhir", "for", "from", "implemented", "intent", "kind",
    "modifier", "most", "never", "of", "on", "owner", "package", "publisher", "reason", "reassess", "record", "removed",
    "require", "resource", "rules", "see", "severity", "since", "status", "ticket", "today", "unchanged", "until",
    "version", "waivers", "when", "with",
)  # fmt: skip
_CONSTANTS = (
    "clear", "accept", "warn", "exclude", "narrative", "review", "reject",
    "rule", "waiver", "unknown", "undetermined", "out-of-scope",
    "malformed", "misplaced", "wrong-slot", "unreadable", "incomplete",
    "critical", "high", "medium", "low",
    "negation", "do-not-use", "repurposing", "participant-exclusion",
    "reliability", "conditional-status", "privacy", "qualifier",
    "draft", "active", "retired", "read", "modify", "empty", "true", "false",
)  # fmt: skip


class CaveatLexer(RegexLexer):  # type: ignore[misc]
    """The lexer of rule files, edition 1."""

    name = "Caveat"
    aliases: ClassVar = ["caveat"]
    filenames: ClassVar = ["*.caveat"]
    mimetypes: ClassVar = ["text/x-caveat"]

    tokens: ClassVar[dict[str, Any]] = {
        "root": [
            include("blank"),
            include("values"),
            (rf"(?:{_VERBS}){_END}(?={_BLANK}{_NAME}{_BLANK}:)", Keyword.Declaration),
            (rf"import{_END}", Keyword.Declaration, "import"),
            (rf"reads{_END}", Keyword.Declaration, "reads"),
            (rf"codesystem{_END}", Keyword.Declaration, "codesystem"),
            (words(_STATEMENTS, suffix=_END), Keyword.Declaration),
            (rf"as{_END}", Keyword, "types"),
            (rf"value{_END}", Keyword, "fields"),
            (rf"part{_END}", Keyword, ("fields", "part")),
            (words(("and", "or", "not", "in", "present"), suffix=_END), Operator.Word),
            (words(_WORDS, suffix=_END), Keyword),
            (words(_CONSTANTS, suffix=_END), Keyword.Constant),
            (rf"(?:R4B|R4|R5){_END}", Keyword.Constant),
            (_NAME, Name),
            (_PATH, Name.Class),
        ],
        "blank": [(r"[ \t\r\n]+", Whitespace), (r"//[^\n]*", Comment.Single)],
        "values": [
            (r'"(?=[^"\\\n]*(?:\\[^\n][^"\\\n]*)*")', String.Double, "string"),
            (_CODE, bygroups(Name.Namespace, Punctuation, Name.Constant)),
            (r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?![0-9])", Literal.Date),
            (r"-?[0-9]{1,30}(?:\.[0-9]{1,30})?(?![0-9A-Za-z])", Number),
            (r"!=|<=|>=|=|<|>", Operator),
            (r"[;:,.{}()\[\]|]", Punctuation),
        ],
        "string": [
            (r'[^"\\\n]+', String.Double),
            (r'\\(?:["\\nt/]|u[0-9A-Fa-f]{4})', String.Escape),
            (r'"', String.Double, "#pop"),
            default("#pop"),
        ],
        "import": [
            include("blank"),
            (rf"as{_END}", Keyword),
            (_NAME, Name),
            (r";", Punctuation, "#pop"),
            (r'"(?=[^"\\\n]*(?:\\[^\n][^"\\\n]*)*")', String.Double, "string"),
            default("#pop"),
        ],
        "reads": [
            include("blank"),
            (rf"(?:all|of){_END}", Keyword),
            (_PATH, Name.Class),
            (r";", Punctuation, "#pop"),
            (r"\{", Punctuation, ("#pop", "elements")),
            default("#pop"),
        ],
        "elements": [
            include("blank"),
            (_ELEMENT, Name.Attribute),
            (",", Punctuation),
            (r"\}", Punctuation, "#pop"),
            default("#pop"),
        ],
        "codesystem": [include("blank"), (r"[A-Z][A-Za-z0-9_]*" + _END, Name.Namespace, "#pop"), default("#pop")],
        "types": [
            include("blank"),
            (rf"(?:warn|exclude|narrative|review){_END}", Keyword.Constant, "#pop"),
            (r"[A-Za-z][A-Za-z0-9]*", Keyword.Type, "more types"),
            default("#pop"),
        ],
        "more types": [include("blank"), (r"\|", Punctuation, "#pop"), default("#pop:2")],
        "part": [
            include("blank"),
            (r"\(", Punctuation),
            (r'"(?=[^"\\\n]*(?:\\[^\n][^"\\\n]*)*")', String.Double, "string"),
            (r"\)", Punctuation, "#pop"),
            default("#pop"),
        ],
        "fields": [
            include("blank"),
            (r"(\.)([ \t\r\n]*)([a-z][A-Za-z0-9]*)", bygroups(Punctuation, Whitespace, Name.Attribute)),
            default("#pop"),
        ],
    }
