r"""Decide from the bytes alone where a document can hold a modifier, so that the walk may be left out; or "look closer".

What is claimed: where `read_json` reads `raw`, and `count_names(raw)` is 0, the tree has no name that is `modifierExtension`,
spelt so or as a near miss, no `implicitRules`, no string SUBSETTED, no null, no parameter `operation`, and no string with
`fhir+`, `+fhir` or `zip`; so a strict walk can find no occurrence, neither well placed nor misplaced, malformed, for left-out
elements, in a patch or in an embedded document, and nothing that it would note as not inspected: but for a known modifier in
the wrong slot. That is in no document without a name `extension`, and in none where `spells_modifier` is False.

Why it is sound. A JSON string spells a character as itself, as `\u` and four digits, or as a backslash and one of `"\/bfnrt`.
1. Where the bytes have no `\u`, letters and `+` stand for themselves: `extension`, `url`, `operation` and `SUBSETTED` are found
   as such, the others in any case, quoted or not; no character beyond ASCII becomes one of these letters in lower case by itself
   (a test goes through all). Null has one spelling. A url is told by its bytes where they have no backslash but in `\/`.
2. A near miss folds to the 17 letters of the word. Each of its characters folds to letters of the word or to nothing, and to
   no more letters than it has bytes (a test goes through all of Unicode), so it has 17 bytes or more. All of them are in the
   class `a` below: letters and digits that look like those of the word, what is passed over, bytes of characters beyond
   ASCII, and the backslash with `b`, `f`, `n`, `r`, `t`, which spell control characters. Being a name it stands between
   quotes, and a colon follows, after white space or none.
3. So in the classes of the bytes stands a quote, 17 or more `a`, a quote, and a colon after white space or none. Where that
   does not stand, there is no such name. Finding the quote and 17 `a` comes first, since it costs next to nothing.
4. UTF-16, UTF-32 and NULs are sent to a closer look, as is all that does not begin as an object.

What is not claimed: that the document is valid, that a reader laxer than RFC 8259 (`\m`, comments within the word) would see the
same, that resources have known types (see `names_one_type`), or anything about text within a string (base64, XML) that does
not declare FHIR content. Native modifiers are sought by `may_spell`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from caveat.intake.byte_search import count, find, translate
from caveat.intake.folded import FOLD, NEEDLES, ODD
from caveat.intake.json_reader import BOM
from caveat.spec.known import Known

_BEGINS_AS_OBJECT: Final = re.compile(rb"[ \t\r\n]*\{")
_ESCAPE: Final = rb"\u"
_NAME: Final = b'"modifierExtension"'
_NEEDLES: Final = (_ESCAPE, b'"operation"', b"SUBSETTED", b"null", b"\0")
_WORD: Final = b"modifierextension"
_WORDS: Final = (b"implicitrules", b"zip")
_ZIP: Final = translate(b"zip", FOLD)
_WORDS_WITH_PLUS: Final = (b"fhir+", b"+fhir")
_FEW: Final = 64  # places that are looked at one by one
_LOWER: Final = bytes(range(256)).lower()

# INVARIANT: every byte of every spelling of a near miss, escapes of two characters included, is in this class.
SPELLING: Final = frozenset(b"modifierextensionMODIFIEREXTENSION" + b"lL10|" + b" _-\x7f" + rb"\bfnrt" + bytes(range(128, 256)))
_KEPT: Final = {ord('"'): ord('"'), ord(":"): ord(":"), ord("\t"): ord(" "), ord("\r"): ord(" "), ord("\n"): ord(" ")}
CLASSES: Final = bytes(ord("a") if byte in SPELLING else _KEPT.get(byte, ord("b")) for byte in range(256))
"""The class of each byte, by which near misses are found: `a` for what may stand in one."""
BEGINNING: Final = b'"' + b"a" * 17
"""What every name that is a near miss begins with, in classes."""
# The space is in the class `a`, since a name may hold it; so `a` may also stand between the name and its colon.
LOOKS_LIKE_IT: Final = re.compile(BEGINNING + rb'a*"[a ]*:')
"""What every such name looks like in classes, with its colon."""
URL: Final = re.compile(rb'"url"[ \t\r\n]*:[ \t\r\n]*"([^"]*)"')
"""A property `url`, and its value up to the first quote, which may be one of a string with a backslash before it."""


def count_names(raw: bytes) -> int | None:
    """Return how often `"modifierExtension"` stands in `raw`, where an occurrence can stand in a property of this name only.

    Known modifiers in plain `extension` are left out of that (see `spells_modifier`). None says to look closer. Each such
    property is one of those counted; a string of this value is one too.
    """
    if raw.startswith(b"{") and _spells_nothing(raw):  # most documents: as few steps as possible
        return None if _near_misses(raw) else 0
    lower = translate(raw, _LOWER)
    number = count(raw, _NAME)
    return None if count(lower, _WORD) != number or _else_where(raw, lower) or _near_misses(raw) else number


def _spells_nothing(raw: bytes) -> bool:
    """Return True only where nothing that is sought is spelt in `raw`, near misses of the word left out.

    `FOLD` puts letters of both cases into classes, so that `xtensi` and `mplici` become one needle, `modifi`, `"subse` and
    `"opera` another, and with one of them each of the words begins or goes on; and it makes one byte of the backslash, `+`, NUL
    and what is beyond ASCII. `null` and `zip` fold to needles of their own, which are looked at as they are where found.
    """
    folded = translate(raw, FOLD)
    if ODD in folded or find(folded, NEEDLES[0]) >= 0 or find(folded, NEEDLES[1]) >= 0 or find(raw, b"null") >= 0:
        return False
    return find(folded, _ZIP) < 0 or find(translate(raw, _LOWER), b"zip") < 0


def _else_where(raw: bytes, lower: bytes) -> bool:
    """Return whether something may be found in `raw`, which is `lower` in lower case, that the word itself does not spell."""
    if not _BEGINS_AS_OBJECT.match(raw, len(BOM) if raw.startswith(BOM) else 0):
        return True
    for needle in _NEEDLES:
        if find(raw, needle) >= 0:
            return True
    words = _WORDS if find(raw, b"+") < 0 else _WORDS + _WORDS_WITH_PLUS
    for word in words:  # noqa: SIM110  as below
        if find(lower, word) >= 0:
            return True
    return False


def _near_misses(raw: bytes) -> bool:
    """Return whether a property may have a name that looks like the word and is not spelt as it is."""
    classes = translate(raw, CLASSES)
    at = find(classes, BEGINNING)
    while at >= 0:
        if not raw.startswith(_NAME, at) and LOOKS_LIKE_IT.match(classes, at):
            return True
        at = classes.find(BEGINNING, at + 1)
    return False


def holds_extensions(raw: bytes) -> bool:
    """Return whether a name `extension` may stand in `raw`; sound where `count_names` gives a number, which excludes escapes."""
    return find(raw, b'"extension"') >= 0


def spells_modifier(raw: bytes, known: Known) -> bool:
    """Return whether a url in `raw` is a known modifier, or is spelt so that it must be read to tell; sound as above."""
    return any(is_modifier(found[1], known) for found in URL.finditer(raw))


def is_modifier(spelt: bytes, known: Known) -> bool:
    r"""Return whether a url is a known modifier, or is spelt so that it must be read to tell: with an escape other than `\/`."""
    url = spelt.replace(rb"\/", b"/")
    try:
        return b"\\" in url or known(url.decode()) is True
    except UnicodeDecodeError:
        return True


def may_spell(raw: bytes, spellings: Iterable[tuple[bytes, re.Pattern[bytes]]]) -> bool:
    """Return whether one of `spellings`, a name in quotes and what finds it with a telling value, stands in `raw`.

    Sound only where `count_names` gives a number, which excludes escapes.
    """
    for name, spelling in spellings:  # noqa: SIM110  a generator costs a small check more than the search
        if find(raw, name) >= 0 and _is_spelt(raw, name, spelling):
            return True
    return False


def _is_spelt(raw: bytes, name: bytes, spelling: re.Pattern[bytes]) -> bool:
    """Return whether `spelling`, which begins with `name`, stands in `raw`: it is asked where the name does, of many at once."""
    at = find(raw, name)
    for _ in range(_FEW):
        if at < 0:
            return False
        if spelling.match(raw, at) is not None:
            return True
        at = raw.find(name, at + 1)
    return at >= 0 and spelling.search(raw, at) is not None


def names_one_type(raw: bytes) -> bool:
    """Return True only where the JSON document that `raw` spells has one `resourceType`.

    Sound only where `count_names` gives a number, which excludes escapes. Where the root has it, and no property in
    which a second resource may stand (`glance` asks), the root is the only resource, so nothing is left for a walk to find.
    """
    return count(raw, b"resourceType") == 1
