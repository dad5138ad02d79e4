"""Decide whether a name is `modifierExtension` misspelt so that a person, or a lenient reader, would take it for the name.

Rule 1: only what cannot be any other FHIR name is a near miss; no element of any release folds to this word.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

from caveat.domain.decision import MODIFIERS

# Letters, digits and signs that look like a letter of the word, as hexadecimal code points after NFKD and case folding.
# Source: Unicode Technical Standard 39, confusables.txt, for these letters in both cases, their small capitals,
# and their forms with a stroke or a hook. `l`, `1` and `|` count as `i`, `0` as `o`. `f` counts as `s`, because the long s
# looks like the one and folds to the other.
_LOOK_ALIKES: Final[dict[str, str]] = {
    "m": ("028D 03BC 03FB 043C 04CE 13B7 15F0 16D6 1D0D 2C99 A4DF 102B0 10311 "),
    "o": (
        "0030 00F8 0275 03B8 03BF 03C3 043E 0473 04E9 0585 05E1 0647 0665 06BE 06C1 06D5 06F5 06FF 07C0 0966 09E6 0A66 "
        "0AE6 0B20 0B66 0BE6 0C66 0CE6 0D20 0D66 0E50 0ED0 1010 101D 1040 10FF 12D0 13A4 13BE 13EB 1D0F 1D11 2296 229D "
        "236C 2C9F 2D31 2D41 2D54 3007 A4F3 A74B AB3D AB3E 10292 102AB 1042C 104EA 10516 114D0 118C8 118D5 118D7 118E0 "
        "1D21A 1F714 "
    ),
    "d": ("00F0 0111 018C 0256 0257 0501 13A0 13E7 146F 15DE 15EA 1D05 20AB A4D2 A4D3 "),
    "i": (
        "0031 006C 007C 0131 01C0 0268 0269 026A 03B9 0456 04CF 05C0 05D5 05DF 0627 0661 06F1 07CA 13A5 16C1 1D7B "
        "1D7C 2223 2373 2378 23FD 2502 2C93 2D4F A4F2 A647 1028A 10309 10320 118C3 16F28 1E8C7 "
    ),
    "s": (
        "0066 0192 01BD 0282 03DD 0455 057F 0584 13D5 13DA 15B4 1D6E 1D74 1E9D A4DD A4E2 A730 A731 A799 AB35 10287 "
        "10296 102A5 10448 10525 118C1 118C2 16F3A 1D213 "
    ),
    "e": ("0247 03B5 0435 04BD 04BF 13AC 1D07 212E 22FF 2D39 A4F0 AB32 10286 118C6 118CE "),
    "r": ("024D 027C 027D 0280 0433 0493 13A1 13B1 13D2 1587 1D26 1D72 2C85 A4E3 AB47 AB48 104DC 16F35 1D216 "),
    "t": ("0167 01AD 0288 03C4 0442 04AD 13A2 1D1B 1D75 20AE 22A4 2361 27D9 2C66 2CA7 A4D4 10297 102B1 10315 118DC 16F0A 1F768 "),
    "x": (
        "00D7 03C7 0445 04B3 1541 157D 166D 166E 16B7 2573 292B 292C 2A2F 2A30 2CAD 2D5D A4EB AB53 10196 10290 102B4 "
        "10317 10322 10527 118EC "
    ),
    "n": ("019E 0272 0273 0274 03B7 03BD 0578 057C 1D70 2C9B A4E0 1018E 10513 "),
}
_LETTERS: Final = {int(point, 16): letter for letter, points in _LOOK_ALIKES.items() for point in points.split()}
# White space, controls, formats, marks, underscores and hyphens.
_IGNORED_CATEGORIES: Final = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf", "Mn", "Mc", "Me", "Pc", "Pd"})
# Letters that are blank, and code points that Unicode keeps for invisible characters although none is assigned yet.
_INVISIBLE: Final = frozenset({0x115F, 0x1160, 0x2065, 0x2800, 0x3164, 0xFFA0, *range(0xFFF0, 0xFFF9), *range(0xE0000, 0xE1000)})
# A character folds to three letters of the word at most (a test goes through all), so shorter names cannot be it.
_SHORTEST: Final = 6
# What is passed over most is taken out at once, so that names of many MB made of it cost little.
_COMMON: Final = re.compile("[ _\x7f\u0300-\u0344\u0346-\u036f\u200b-\u200f\ufe00-\ufe0f-]+")


def skeleton(name: str) -> str:
    """Return what is left of `name` when only the shapes of its letters count; equal skeletons look alike.

    It works character by character, which is linear in the length (to normalise a long row of combining marks as one string is
    not), but for `rn`, which looks like `m`.
    """
    return "".join(map(_folded, name)).replace("rn", "m")


def is_near_miss(key: str) -> bool:
    """Return whether `key` is not `modifierExtension` but differs from it only in what people and lenient readers overlook.

    That is: case, width, compatibility forms, look-alike letters of other scripts, white space, control and zero-width
    characters, combining marks, underscores and hyphens.
    """
    if len(key) < _SHORTEST or (len(key) < len(MODIFIERS) and key.isascii()):
        return False
    if key == MODIFIERS:
        return False
    if key.isascii():
        return key.translate(_ASCII).replace("rn", "m") == _SKELETON
    seen = ""
    for letters in filter(None, map(_folded, _COMMON.sub("", key))):
        seen = (seen + letters).replace("rn", "m")
        if not _SKELETON.startswith(seen.removesuffix("r")):
            return False  # most names show by their first letter that they are another
    return seen == _SKELETON


@lru_cache(maxsize=16384)  # more than there are characters that are passed over
def _folded(character: str) -> str:
    """Return the letters that one character looks like, nothing for one that is passed over."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
    return "".join(each for each in plain if not _is_ignored(each)).translate(_LETTERS)


def _is_ignored(character: str) -> bool:
    return unicodedata.category(character) in _IGNORED_CATEGORIES or ord(character) in _INVISIBLE


_SKELETON: Final = skeleton(MODIFIERS)
_ASCII: Final = {code: _folded(chr(code)) or None for code in range(128)}
