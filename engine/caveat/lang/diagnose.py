"""How the language layer builds diagnostics: each with the severity of its code, and the nearest known name as help."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from caveat.domain.diagnostic import CODES, Diagnostic, Related, Span

_LONGEST_QUOTE = 120


def diagnose(
    code: str,
    message: str,
    span: Span,
    *,
    label: str = "",
    notes: tuple[str, ...] = (),
    remedy: str | None = None,
    related: tuple[Related, ...] = (),
) -> Diagnostic:
    """Return a diagnostic with the severity that the table of codes gives to `code`."""
    return Diagnostic(code, message, span, CODES[code].severity, label, notes, remedy, related)


def quoted(text: str) -> str:
    """Return the author's own words in backticks on one line: what cannot be seen is escaped, what is long is cut."""
    shown = text if len(text) <= _LONGEST_QUOTE else text[: _LONGEST_QUOTE - 3] + "..."
    return "`" + "".join(c if c.isprintable() and c != "`" else f"\\u{ord(c):04x}" for c in shown) + "`"


def listed(words: Iterable[str]) -> str:
    """Return words in backticks as a person lists them: "`a`, `b` and `c`"."""
    marked = [quoted(word) for word in words]
    return marked[0] if len(marked) == 1 else ", ".join(marked[:-1]) + " and " + marked[-1]


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """Return a question naming the known name closest to `name`, None when none is close."""
    close = closest(name, known)
    return f"did you mean {quoted(close)}?" if close is not None else None


def closest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name closest to `name`, None when none is close."""
    close = get_close_matches(name, sorted(set(known)), n=1, cutoff=0.6)
    return close[0] if close else None


def sorted_findings(findings: Iterable[Diagnostic | None]) -> tuple[Diagnostic, ...]:
    """Return diagnostics in reading order, without those that repeat a code at a place."""
    first: dict[tuple[str, Span], Diagnostic] = {}
    for finding in filter(None, findings):
        first.setdefault((finding.code, finding.span), finding)
    return tuple(sorted(first.values(), key=lambda finding: finding.sort_key))
