"""The slips that show by trial: two neighbours exchanged, or one word too many, when that alone makes the statement lawful.

Rule 1: a trial counts only when the whole statement reads; what reads further, but not to its end, proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from caveat.lang.slip import Repair, Situation, Slip

_SHORT = 40


def repaired(text: str, repair: Repair) -> str:
    """Return `text` with every replacement of `repair` made."""
    for start, end, written in sorted(repair, reverse=True):
        text = text[:start] + written + text[end:]
    return text


def by_trial(s: Situation, reads: Callable[[str], bool]) -> Slip | None:
    """Return the first change of one or two pieces near the place that makes the statement lawful, None without one."""
    return next((slip for slip in (*_exchanges(s), *_deletions(s)) if reads(repaired(s.text, slip.repair))), None)


def _exchanges(s: Situation) -> Iterator[Slip]:
    for at in (s.at - 1, s.at, s.at - 2):
        if not 0 <= at < len(s.pieces) - 1:
            continue
        first, second = s.pieces[at], s.pieces[at + 1]
        said = f"`{_shown(first.text)}` and `{_shown(second.text)}` stand in the wrong order"
        help_ = f"write `{_shown(second.text)} {_shown(first.text)}`"
        between = s.text[first.end : second.start] or " "
        repair = ((first.start, second.end, f"{second.text}{between}{first.text}"),)
        yield Slip("CV003", said, first.start, second.end, help_, (), repair)


def _deletions(s: Situation) -> Iterator[Slip]:
    for at in (s.at, s.at - 1):
        if 0 <= at < len(s.pieces):
            piece = s.pieces[at]
            repair = ((piece.start, piece.end, " "),)
            yield Slip("CV003", f"unexpected `{_shown(piece.text)}`", piece.start, piece.end, "delete it", (), repair)


def _shown(text: str) -> str:
    return text if len(text) <= _SHORT else f"{text[: _SHORT - 3]}..."
