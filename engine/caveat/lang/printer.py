"""Prints syntax in the one canonical form.

Rule 1: `parse(print_file(file)).file == file` for every file that reads without a diagnostic, and printing what was printed changes nothing.
Rule 2: no comment is lost: one on its own line stands before what it stood before, a trailing one after what it trailed.
Rule 3: layout depends on the nodes alone; only a blank line between statements is the author's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from caveat.domain.diagnostic import Span
from caveat.lang import syntax
from caveat.lang.scan import FORBIDDEN

WIDTH = 100
_INDENT = "    "


@dataclass(frozen=True, slots=True)
class _Line:
    """One printed line, and the offset in the source of what it begins with."""

    text: str
    start: int


_Chunks = Iterable[tuple[str, Span]]


def print_file(file: syntax.File) -> str:
    """Return the canonical text of `file`; a file with diagnostics prints only what could be read."""
    comments = list(file.comments)
    out: list[str] = []
    previous: syntax.Item | syntax.Header | None = None
    end_line = 1
    for item, lines in _statements(file):
        first = _flush(out, comments, lines[0].start, "", end_line)
        gap = _gap(previous, item, end_line, first) if out[: first.at] else False
        if gap:
            out.insert(first.at, "")
        if item is not None and first.last_line and item.span.line > first.last_line + 1:
            out.append("")
        _place(out, comments, lines)
        previous, end_line = item, item.span.end_line if item is not None else end_line
        end_line = max(end_line, first.last_line)
    _flush(out, comments, None, "", end_line)
    return "\n".join([*out, ""]) if out else ""
