"""Writes diagnostics down: for people with the marked lines of the rule file, for machines as `caveat.diagnostic/1`.

Rule 1: nothing of a rule file reaches a terminal unseen: what cannot be printed is shown as a replacement character.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from caveat.domain.diagnostic import Diagnostic, Related, Span

_TAB = 4
_WIDEST = 160
_UNSEEN = "\N{REPLACEMENT CHARACTER}"


def render(diagnostic: Diagnostic, text: str | Mapping[str, str]) -> str:
    """Return a diagnostic in its human form: plain lines without colour, the last without a line end.

    `text` is the text of the diagnostic's file, or the texts of several files by the name that spans carry. A place in a
    file without text is told by name only.
    """
    texts = {diagnostic.span.file: text} if isinstance(text, str) else text
    spans = [diagnostic.span, *(related.span for related in diagnostic.related)]
    pad = " " * len(str(max(span.line for span in spans)))
    return "\n".join(
        (
            f"{diagnostic.severity}[{diagnostic.code}]: {_shown(diagnostic.message)}",
            f"{pad} --> {_place(diagnostic.span)}",
            *_frame(diagnostic, texts, pad),
            *(f"{pad}  = note: {_shown(note)}" for note in diagnostic.notes),
            *([f"{pad}  = help: {_shown(diagnostic.help)}"] if diagnostic.help else []),
        )
    )


def to_json(diagnostic: Diagnostic) -> dict[str, Any]:
    """Return a diagnostic in its wire form, `caveat.diagnostic/1`: lines and columns from 1, in characters."""
    return {
        "schema": "caveat.diagnostic/1",
        "code": diagnostic.code,
        "severity": str(diagnostic.severity),
        "message": diagnostic.message,
        **_span_json(diagnostic.span),
        "notes": list(diagnostic.notes),
        "help": diagnostic.help,
        "related": [{**_span_json(related.span), "label": related.label} for related in diagnostic.related],
    }


def _span_json(span: Span) -> dict[str, Any]:
    """Return a place as its file, lines and columns."""
    return {
        "file": span.file,
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
    }


def _place(span: Span) -> str:
    """Return a place as a terminal makes it a link: file, line and column."""
    return f"{_shown(span.file)}:{span.line}:{span.column}"


def _frame(diagnostic: Diagnostic, texts: Mapping[str, str], pad: str) -> Iterator[str]:
    """Yield the marked lines: the place itself, then the first related one; further ones by name."""
    marks = [(Related(diagnostic.span, diagnostic.label), "^"), *((related, "-") for related in diagnostic.related)]
    shown: Span | None = None
    for number, (mark, sign) in enumerate(marks):
        line = _line(texts, mark.span)
        is_here = mark.span.file == diagnostic.span.file
        if line is None or number > 1:
            if number:
                yield f"{pad} ::: {_place(mark.span)} {_shown(mark.label)}".rstrip()
            continue
        if number == 0 or not is_here:
            yield from [f"{pad} ::: {_place(mark.span)}"] if number else []
            yield f"{pad}  |"
        start, cut = _window(line, mark.span.column - 1)
        if shown is None or (shown.file, shown.line) != (mark.span.file, mark.span.line) or start:
            yield f" {mark.span.line:>{len(pad)}} | {_shown(cut)}".rstrip()
        yield f"{pad}  | {_underline(line, start, cut, mark.span, sign)} {_shown(mark.label)}".rstrip()
        shown = mark.span


def _line(texts: Mapping[str, str], span: Span) -> str | None:
    """Return the line that a span starts on, None when its text is not at hand."""
    lines = texts[span.file].split("\n") if span.file in texts else []
    return lines[span.line - 1].rstrip("\r") if span.line <= len(lines) else None


def _window(line: str, column: int) -> tuple[int, str]:
    """Return the part of a line that is shown, and where it starts: all of it, unless it is very long."""
    if len(line) <= _WIDEST:
        return 0, line
    start = max(0, min(column - _WIDEST // 2, len(line) - _WIDEST))
    return start, line[start : start + _WIDEST]


def _underline(line: str, start: int, cut: str, span: Span, sign: str) -> str:
    """Return the marks that stand under a span, to the end of the line when it goes on below; at least one."""
    first = span.column - 1 - start
    last = span.end_column - 1 - start if span.end_line == span.line else len(line) - start
    return " " * _width(cut[:first]) + sign * max(1, _width(cut[first:last]))


def _width(text: str) -> int:
    """Return how many columns a terminal gives to `text` as shown."""
    return sum(map(_columns, _shown(text)))


def _columns(character: str) -> int:
    """Return how many columns a terminal gives to one character."""
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def _shown(text: str) -> str:
    """Return `text` with tabs as spaces, and a replacement character for what cannot be printed."""
    return "".join(" " * _TAB if c == "\t" else c if c.isprintable() else _UNSEEN for c in text)
