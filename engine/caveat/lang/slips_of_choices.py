"""The slips where one of a few words must stand: severities, kinds, statuses, intents, verdicts."""

from __future__ import annotations

from difflib import get_close_matches

from caveat.lang.scan import VERBS
from caveat.lang.slip import Situation, Slip, put_before, put_for, slip_at

_FEW = {
    "SEVERITY": ("severity", "severities"),
    "KIND": ("kind", "kinds"),
    "STATUS": ("status", "statuses"),
    "INTENT": ("intent", "intents"),
    "VERDICT": ("verdict", "verdicts"),
}
_NEAREST = {
    "fatal": "critical", "severe": "critical", "blocker": "critical", "error": "high", "major": "high", "warning": "medium",
    "warn": "medium", "moderate": "medium", "normal": "medium", "minor": "low", "info": "low", "information": "low",
    "negated": "negation", "not": "negation", "status": "conditional-status", "confidential": "privacy", "security": "privacy",
    "uncertain": "reliability", "quality": "reliability", "excluded": "participant-exclusion", "purpose": "repurposing",
    "write": "modify", "update": "modify", "display": "read", "view": "read", "inactive": "retired", "final": "active",
    "pass": "accept", "ok": "accept", "error-out": "reject", "fail": "reject", "block": "reject",
}  # fmt: skip


def one_of_few(s: Situation) -> Slip | None:
    """Catch a word where one of a few must stand, in quotes, in several words, or of another scale."""
    piece = s.piece()
    kind = next((kind for kind in _FEW if s.kinds == {kind}), None)
    if kind is None or piece.kind not in {"word", "string", "number"}:
        return None
    what, all_of_them = _FEW[kind]
    bare = piece.text.strip('"')
    if bare in s.words:
        return slip_at(piece, f"a {what} stands without quotes", f"write `{bare}`", put_for(piece, bare))
    for count in (2, 3):
        run = s.pieces[s.at : s.at + count]
        if len(run) == count and (joined := "-".join(later.text for later in run)) in s.words:
            said = f"`{joined}` is one word"
            return Slip("CV003", said, piece.start, run[-1].end, f"write `{joined}`", (), ((piece.start, run[-1].end, joined),))
    close = get_close_matches(bare.lower(), sorted(s.words), n=1, cutoff=0.7)
    if close and piece.kind == "word":  # mistyped
        return None
    nearest = _NEAREST.get(bare.lower(), next(iter(get_close_matches(bare.lower(), sorted(s.words), n=1, cutoff=0.5)), ""))
    listed = [f"`{word}`" for word in sorted(s.words)]
    there_are = f"the {all_of_them} are {', '.join(listed[:-1])} and {listed[-1]}"
    help_ = f"did you mean `{nearest}`" if nearest in s.words else f"write one of {', '.join(listed)}"
    notes = (there_are,) if nearest in s.words else ()
    repair = put_for(piece, nearest if nearest in s.words else min(s.words))
    return slip_at(piece, f"there is no {what} `{bare}`", help_, repair, *notes)


def word_of_clause(s: Situation) -> Slip | None:
    """Catch a severity or a kind without the word before it."""
    piece = s.piece()
    if piece.kind != "word" or "SEMICOLON" not in s.kinds or s.verb not in VERBS:
        return None
    word = next((word for word, values in _VALUES_OF.items() if piece.text in values and word in s.words), None)
    if word is None:
        return None
    return slip_at(piece, f"missing `{word}` before `{piece.text}`", f"write `{word} {piece.text}`", put_before(s, f" {word}"))


_VALUES_OF = {
    "severity": frozenset({"critical", "high", "medium", "low"}),
    "kind": frozenset(
        {
            "negation",
            "do-not-use",
            "repurposing",
            "participant-exclusion",
            "reliability",
            "conditional-status",
            "qualifier",
        }
    ),
}
