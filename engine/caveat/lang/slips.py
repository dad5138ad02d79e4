"""What to tell a person where reading stopped: the slips that people really make first, then what could have stood there.

Rule 1: a slip's message says what was meant; the list of what could stand there is for what nobody foresaw.
Rule 2: a repair never makes a rule out of what was none; it lets the rest of the statement be read, under a diagnostic.
"""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches

from caveat.lang import slips_of_structure, slips_of_values
from caveat.lang.slip import Situation, Slip
from caveat.lang.slips_by_trial import by_trial, repaired

_KINDS = {
    "STRING": "a text in quotes",
    "NAME": "a name",
    "CSNAME": "the name of a code system, in upper case",
    "PATH": "a path such as `ImagingStudy.series`",
    "ELEMENT": "an element such as `series.uid`",
    "DTYPE": "a FHIR data type",
    "DATE": "a date such as `2026-06-30`",
    "NUMBER": "a number",
    "INT": "a whole number",
    "CODE": "a code such as `DCM#113001`",
    "FIELD": "a field",
    "CMP": "a comparison",
    "COLON": "`:`",
    "SEMICOLON": "`;`",
    "COMMA": "`,`",
    "EQUAL": "`=`",
    "DOT": "`.`",
    "VBAR": "`|`",
    "LBRACE": "`{`",
    "RBRACE": "`}`",
    "LSQB": "`[`",
    "RSQB": "`]`",
    "LPAR": "`(`",
    "RPAR": "`)`",
}
_MOST_LISTED = 20
_LONGEST_WORD = 40


def explain(situation: Situation, reads: Callable[[str], bool]) -> Slip:
    """Return what to say where reading stopped; `reads` tells whether a text is a lawful statement."""
    slip = _foreseen(situation)
    if slip.help is not None and (slip.fatal or reads(repaired(situation.text, slip.repair))):
        return slip
    return by_trial(situation, reads) or slip


def _foreseen(situation: Situation) -> Slip:
    for slip in (*slips_of_structure.SLIPS, *slips_of_values.SLIPS, _close_word, _one_word_missing):
        found = slip(situation)
        if found is not None:
            return found
    return _unexpected(situation)


def _close_word(s: Situation) -> Slip | None:
    """Catch a keyword mistyped."""
    piece = s.piece()
    likely = piece.kind == "word" and len(piece.text) <= _LONGEST_WORD
    close = get_close_matches(piece.text.lower(), sorted(s.words), n=1, cutoff=0.7) if likely else []
    if not close or (s.on_new_line and "SEMICOLON" in s.kinds and len(s.words) == 1):
        return None
    repair = ((piece.start, piece.end, close[0]),)
    return Slip("CV003", f"unexpected `{piece.text}`", piece.start, piece.end, f"did you mean `{close[0]}`", (), repair)


def _one_word_missing(s: Situation) -> Slip | None:
    """Catch that exactly one word could stand there, and it is not there."""
    if len(s.words) != 1 or s.kinds & set(_KINDS):
        return None
    (word,) = s.words
    at, piece = s.after_previous, s.piece()
    if piece.kind == "word" and s.piece(1).kind == "end":
        return None
    return Slip(
        "CV003",
        f"missing `{word}`",
        piece.start,
        max(piece.end, piece.start),
        f"write `{word}` before it",
        (),
        ((at, at, f" {word} "),),
    )


def could(s: Situation) -> str:
    """Return the note that lists what could stand there."""
    listed = [f"`{word}`" for word in sorted(s.words)] + [said for kind, said in _KINDS.items() if kind in s.kinds]
    shown = ", ".join(listed[:_MOST_LISTED]) + (", ..." if len(listed) > _MOST_LISTED else "")
    return f"here could stand: {shown}"


def _unexpected(s: Situation) -> Slip:
    piece = s.piece()
    if piece.kind == "end":
        end = s.after_previous
        start = s.pieces[-1].start if s.pieces else 0
        return Slip("CV003", "the statement ends too early", start, end, None, (could(s),), fatal=True)
    only = could(s).removeprefix("here could stand: ")
    help_ = f"write {only} here" if len(s.words) + len(s.kinds & _KINDS.keys()) == 1 else None
    start = piece.start if piece.kind in {"string", "unclosed", "code"} else max(piece.start, s.offset)
    said = f"unexpected `{_shortened(s.text[start : piece.end])}`"
    return Slip("CV003", said, start, piece.end, help_, (could(s),) if help_ is None else (), skipped(s, start))


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_WORD else f"{text[: _LONGEST_WORD - 3]}..."


def skipped(s: Situation, start: int) -> tuple[tuple[int, int, str], ...]:
    """Return the repair that leaves out what stands before the next clause, or inside braces the broken line, or nothing."""
    if "SEMICOLON" in s.kinds:
        for piece in s.pieces[s.at :]:
            if piece.start >= start and (piece.text in s.words or piece.text in {";", "}"}):
                return ((start, piece.start, " "),)
    opened = next((at for at in range(s.at - 1, -1, -1) if s.pieces[at].text in {"{", ";"}), None)
    if opened is None or s.pieces[0].text == "reads":
        return ()
    closed = next((at for at in range(s.at, len(s.pieces)) if s.pieces[at].text in {";", "}"}), None)
    if closed is None:
        return ()
    end = s.pieces[closed].end if s.pieces[closed].text == ";" else s.pieces[closed].start
    return ((s.pieces[opened].end, end, " "),)
