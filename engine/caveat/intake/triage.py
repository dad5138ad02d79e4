r"""Say of many bytes at once where a modifier may stand, without reading them as JSON; what `scan` and bulk checks begin with.

What is claimed. Let a row (one document, one line, one cell) be read by a reader of RFC 8259 and UTF-8. Where `hits` does not
name the row, or `may_hold` is False, it has
1. no name `modifierExtension`, in whatever case, wherever it stands, lawful or misplaced, once or twice, and however it is
   escaped; and no near miss of it that `near_miss` knows (width, look-alikes, marks, what is passed over), but for one in a row
   of ASCII without backslash, plus sign and DEL that has blanks, hyphens or underscores within `xtensi`, and also within
   `modifi` or `rn` for its `m`;
2. no name `implicitRules` or `_implicitRules`, in whatever case;
3. no url that `known` says to be a modifier, in a row that has a name `extension`: so no known modifier in the wrong slot;
4. no string `SUBSETTED`, no string `operation` (a patch), and no string with `fhir+` or `+fhir`, in whatever case (FHIR within a
   Binary or an Attachment, whose base64 is not looked into).
So a strict walk finds no occurrence in such a row, but for what is not claimed.

Why it is sound. JSON spells a character as itself, as `\u` and four digits, or as a backslash and one of `"\/bfnrt`.
1. `FOLD` puts letters into classes, whatever their case, so that `xtensi` and `mplici` become one needle, and `modifi`,
   `"subse` and `"opera` another. To merge letters can only add hits. Where the words are not escaped they are found, since each
   letter stands for itself. What looks like a letter in ASCII (`l`, `1` and `|` like `i`, `0` like `o`, `f` like `s`) is in the
   class of that letter; so of a near miss `modifi` or `xtensi` is found, where one of them is not broken, or `rn` for its `m`.
   In a piece where the second needle is nowhere but at the beginning of `modifierextensi`, which holds the first, the first
   finds all there is.
2. `FOLD` makes one byte of all that needs thought: the backslash, `+`, NUL, DEL, and what is beyond ASCII. Without it in the
   bytes nothing is escaped, nothing says `fhir+`, and nothing is UTF-16 or UTF-32, which spell `{` with a NUL.
3. With it: a name with any `\u` in it is a hit (from its last `\u` to its end stands no quote, for none of the names sought has
   one). A value sought is of letters and `+`, whose escapes begin `\u004` to `\u007`, or are `\u002b`: those are hits wherever
   they stand; `\u00e9` in a value is none. A url with a backslash other than in `\/` is a hit. Near misses begin with a quote and
   17 bytes of the class `a`, as `scan` proves, and are sought in pieces that have such a byte. A row that lies in one that has
   and in one that has not is a hit too. NUL and bytes that no UTF-8 has are hits.
   What is then read is so for what is in the row, whatever stands beside it.
4. No needle holds a line feed, and a line feed within a string is no JSON; so what stands in a line is found in it.

What is not claimed: that a row is valid, that its names are unique, or that its type is known, for these need reading; native
modifier elements; `null` among objects; a document that is cut off; base64 that does not declare FHIR; a reader that takes `\m`
or `\x6d`; and the near misses that are broken in both words, which are no reader's `modifierExtension` although a person might
misread them. A strict check refuses all of these.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from mmap import mmap
from typing import Final, NamedTuple

from caveat.intake.byte_search import Buffer, count, find, translate
from caveat.intake.folded import BOTH, FOLD, NEEDLES, ODD
from caveat.intake.scan import BEGINNING, CLASSES, LOOKS_LIKE_IT, URL, is_modifier
from caveat.spec.known import Known

Row = tuple[int, int]
"""The first byte of a row, and the byte after its last."""
Rows = Callable[[int], Row]
"""From a position to the row that it is in."""

_OVERLAP: Final = 64  # bytes, more than any needle has
_STEP: Final = 256 * 1024
PIECE: Final = _STEP + _OVERLAP
"""How many bytes are best looked at together: as much as the cache of a core holds, with what they fold to."""

_FEW: Final = 8  # words of which it is looked what they begin, before it is counted
_OPENS: Final = ord("{")
_LINE_FEED: Final = b"\n"
_NEXT_OBJECT: Final = b"\n{"
_SLOT: Final = b"modifierExtension"

_FHIR: Final = (translate(b"fhir+", FOLD), translate(b"+fhir", FOLD))
_LOWER: Final = bytes(range(256)).lower()
_ESCAPE: Final = rb"\u"
# NUL, and the bytes that stand nowhere in UTF-8: of overlong forms of ASCII, and beyond U+10FFFF.
_NEVER: Final = bytes(byte in {0, 0xC0, 0xC1, *range(0xF5, 0x100)} for byte in range(256))
_YES: Final = b"\1"

_TELLING: Final = re.compile(rb"\\u00(?:2[bB]|[4-7])")
_ESCAPED: Final = re.compile(rb'\\u[^"]*"([ \t\r\n]*:)?')  # each takes what it looks at, so that a long string costs its length
_BEGINS_AS_OBJECT: Final = re.compile(rb"(?:\xef\xbb\xbf)?[ \t\r\n]*\{")
_MOST_URLS, _LONGEST_URL = 10_000, 256  # remembered, of so many bytes at most


@dataclass(frozen=True, slots=True)
class Needles:
    """What is looked for. `known` says which urls are modifiers, in every release that a row may be judged by."""

    known: Known
    _kinds: dict[bytes, bool] = field(default_factory=dict, init=False, repr=False, compare=False)

    def may_hold(self, raw: Buffer) -> bool:
        """Return False only where the document `raw` is free of all that is claimed above, and begins as an object."""
        if 0 < len(raw) <= PIECE and raw[0] == _OPENS:  # most documents: as few steps as possible
            folded = translate(raw, FOLD)
            if ODD not in folded and not _has_word(folded):
                return False
        elif not _BEGINS_AS_OBJECT.match(raw):
            return True
        return _is_near(memoryview(raw)) and self.looks_closer(bytes(raw))

    def hits(self, buffer: Buffer, rows: Rows) -> list[Row]:
        """Return the bounds of each row of `buffer` that must be read, in order; the others are free of what is claimed.

        `buffer` holds whole rows, as many as one likes; PIECE bytes at a time are fastest. Rows are looked up where something
        was found, and nowhere else.
        """
        view = memoryview(buffer)
        looking = _Looking(view, rows, partial(_in_rows, rows))
        near: list[Row] = []
        for start in _starts(len(view)):
            _add(near, looking.near(start, min(start + PIECE, len(view))))
        return [row for row in near if self.must_be_read(view, *row)]

    def near_in_lines(self, room: bytes | bytearray | mmap, end: int) -> tuple[list[Row], int]:
        """Return the bounds of lines of NDJSON, the first `end` bytes of `room`, and how many after the first begin with `{`.

        The lines are those in which anything was found, in order; the others are free of what is claimed, and so are those that
        `must_be_read` says no to. Both are found piece by piece, while the piece is in the cache of a core.
        """
        view = memoryview(room)[:end]
        looking = _Looking(view, lines_of(room, end), partial(_in_lines, room, end))
        near: list[Row] = []
        objects = 0
        for start in _starts(end):
            _add(near, looking.near(start, min(start + PIECE, end)))
            last = start + PIECE >= end
            objects += count(view[start:end] if last else view[start : start + _STEP + 1], _NEXT_OBJECT)
        return near, objects

    def must_be_read(self, view: memoryview, start: int, end: int) -> bool:
        """Return whether a row in which something was found must be read after all."""
        return find(view, _SLOT, start, end) >= 0 or self.looks_closer(bytes(view[start:end]))

    def looks_closer(self, row: bytes) -> bool:
        """Return whether one row in which something was found must be read: what was found is looked at, piece by piece."""
        lower = translate(row, _LOWER)
        if find(lower, b"modifierextension") >= 0 or find(lower, b"implicitrules") >= 0:
            return True
        if find(row, b'"SUBSETTED') >= 0 or find(row, b'"operation"') >= 0 or (_has_near_miss(row) and _is_near_alone(row)):
            return True
        if find(lower, b"fhir+") >= 0 or find(lower, b"+fhir") >= 0 or find(translate(row, _NEVER), _YES) >= 0:
            return True
        if find(row, _ESCAPE) >= 0 and (_TELLING.search(row) or any(found[1] is not None for found in _ESCAPED.finditer(row))):
            return True
        return find(row, b'"extension"') >= 0 and any(map(self._is_modifier, URL.findall(row)))

    def _is_modifier(self, spelt: bytes) -> bool:
        """Return whether a url is a known modifier, or is spelt so that it must be read to tell."""
        if len(spelt) > _LONGEST_URL:
            return is_modifier(spelt, self.known)
        known = self._kinds.get(spelt)
        if known is None:
            if len(self._kinds) >= _MOST_URLS:
                self._kinds.clear()
            known = self._kinds[spelt] = is_modifier(spelt, self.known)
        return known


def _starts(size: int) -> range:
    """Return where pieces begin that overlap by `_OVERLAP` bytes, and are together `size` bytes."""
    return range(0, max(size - _OVERLAP, 1), _STEP)


def lines_of(buffer: bytes | bytearray | mmap, end: int) -> Rows:
    """Return the rows of NDJSON in `buffer`, of which `end` bytes count: lines, without their line feeds."""

    def line(position: int) -> Row:
        stop = buffer.find(b"\n", position, end)
        return buffer.rfind(b"\n", 0, position) + 1, end if stop < 0 else stop

    return line


def _is_near(view: memoryview) -> bool:
    """Return whether anything is found in a row at all."""
    kinds = set()
    for start in _starts(len(view)):
        raw = view[start : start + PIECE]
        folded = translate(raw, FOLD)
        is_odd = ODD in folded
        if _has_word(folded) or (is_odd and any(find(text, needle) >= 0 for text, needle in _odd(raw, folded))):
            return True
        kinds.add(is_odd)
    return len(kinds) > 1


def _has_word(folded: bytes) -> bool:
    for needle in NEEDLES:  # noqa: SIM110  a generator costs a small document more than the search
        if find(folded, needle) >= 0:
            return True
    return False


def _odd(raw: Buffer, folded: bytes) -> Iterator[tuple[Buffer, bytes]]:
    """Give what to look for, and in what, where there is a byte that needs thought."""
    yield raw, _ESCAPE
    yield folded, _FHIR[0]
    yield folded, _FHIR[1]
    yield translate(raw, _NEVER), _YES
    yield translate(raw, CLASSES), BEGINNING


class _Piece(NamedTuple):
    """A piece of a buffer: where it begins there, and what it folds to."""

    offset: int
    folded: bytes


_Found = Callable[[_Piece, Buffer, bytes], list[Row]]
"""From a piece, a text as long as that, and a needle to the rows in which the needle stands, each once, in order."""


@dataclass(slots=True)
class _Looking:
    """Looks at the pieces of a buffer, one after the other; `was_odd` says whether the last had a byte that needs thought."""

    view: memoryview
    rows: Rows
    found: _Found
    was_odd: bool | None = None

    def near(self, start: int, end: int) -> list[Row]:
        """Return the bounds of the rows of the next piece in which anything is found, each once, in order."""
        raw = self.view[start:end]
        piece = _Piece(start, folded := translate(raw, FOLD))
        first, second = NEEDLES
        near = self.found(piece, folded, first)
        if _is_beside(folded, len(near)):  # else the same rows would be found again
            _add(near, self.found(piece, folded, second))
        is_odd = ODD in folded
        if is_odd:
            for text, needle in _odd(raw, folded):
                _add(near, self.found(piece, text, needle))
        if self.was_odd is not None and self.was_odd is not is_odd:
            _add(near, [self.rows(start if self.was_odd else start + _OVERLAP - 1)])  # the byte next to the odd piece
        self.was_odd = is_odd
        return near


def _add(rows: list[Row], more: list[Row]) -> None:
    """Add rows to others; both are in order, each once, and so is what comes of it."""
    is_behind = not rows or not more or rows[-1] < more[0]
    rows += more
    if not is_behind:
        rows[:] = sorted(set(rows))


def _is_beside(folded: bytes, rows: int) -> bool:
    """Return whether the second needle stands anywhere but in the word that both needles find, in a piece with so many `rows`."""
    second = NEEDLES[1]
    position = find(folded, second)
    for _ in range(_FEW if rows <= _FEW else 0):
        if position < 0 or not folded.startswith(BOTH, position):
            return position >= 0
        position = find(folded, second, position + len(second))
    return position >= 0 and count(folded, second) != count(folded, BOTH)


def _in_rows(rows: Rows, piece: _Piece, text: Buffer, needle: bytes) -> list[Row]:
    """Return the bounds of each row in which `needle` stands, as `rows` has them."""
    found: list[Row] = []
    position = find(text, needle)
    while position >= 0:
        bounds = rows(piece.offset + position)
        found.append(bounds)
        behind = bounds[1] - piece.offset
        position = find(text, needle, behind if behind > position else position + 1)
    return found


def _in_lines(room: bytes | bytearray | mmap, end: int, piece: _Piece, text: Buffer, needle: bytes) -> list[Row]:
    """Return what `_in_rows` does by `lines_of(room, end)`; bounds are sought in what is folded, for a core's cache has that."""
    offset, folded = piece
    found: list[Row] = []
    position = find(text, needle)
    while position >= 0:
        before, behind = folded.rfind(_LINE_FEED, 0, position), find(folded, _LINE_FEED, position)
        start = offset + before if before >= 0 else room.rfind(_LINE_FEED, 0, offset)
        if behind < 0:
            stop = room.find(_LINE_FEED, offset + len(folded), end)
            found.append((start + 1, stop if stop >= 0 else end))
            break
        found.append((start + 1, offset + behind))
        position = find(text, needle, behind)
    return found


def _is_near_alone(row: bytes) -> bool:
    """Return whether a row would be found wherever it stands, and not only because of what stands beside it."""
    folded = translate(row, FOLD)
    return ODD in folded or _has_word(folded)


def _has_near_miss(row: bytes) -> bool:
    """Return whether a name in `row` may be a near miss of `modifierExtension`."""
    classes = translate(row, CLASSES)
    return find(classes, BEGINNING) >= 0 and LOOKS_LIKE_IT.search(classes) is not None
