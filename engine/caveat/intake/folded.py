"""Letters put into classes, so that few searches of bytes find many words.

Rule 1: to merge letters can only add finds; what a find is worth is for whoever searches to tell.
"""

from __future__ import annotations

from typing import Final

from caveat.intake.byte_search import translate

_CLASSES: Final = (b'mx"', b"ptud", b"lebain1|", b"csorf0")  # each is written as its first letter
ODD: Final = ord("\\")
"""What is written for all that needs thought: the backslash, `+`, NUL, DEL, and what is beyond ASCII."""


def _fold() -> bytes:
    table = bytearray(bytes(range(256)).lower())
    for letters in _CLASSES:
        for letter in letters:
            table[letter] = table[ord(chr(letter).upper())] = letters[0]
    for odd in (0, *b"+\\\x7f", *range(128, 256)):
        table[odd] = ODD
    return bytes(table)


FOLD: Final = _fold()
"""What each byte is written as; what looks like a letter in ASCII is in the class of that letter."""
# INVARIANT: `mplici` folds to the first too, `"subse` and `"opera` to the second, and no end of the second begins it (a test
# says so).
NEEDLES: Final = (translate(b"xtensi", FOLD), translate(b"modifi", FOLD))
"""What `modifierExtension`, `extension`, `implicitRules`, `"SUBSETTED` and `"operation` fold to, or what is in that."""
# INVARIANT: it holds the first needle, and begins with the second.
BOTH: Final = translate(b"modifierextensi", FOLD)
"""The word that both needles find."""
