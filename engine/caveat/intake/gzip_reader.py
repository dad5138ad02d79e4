"""What a gzip file inflates to: all its members, wholly and checked, or the reason why it is not believed.

Rule 1: every member is read, for readers that stop after the first hide the others (RFC 1952: a file is a series of members).
Rule 2: nothing is inflated far beyond what the limits allow, and nothing of the file is kept: headers of any length pass by.
Rule 3: a fault is the last thing given, and never an exception; what was given before it is from a file that is refused.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import IO, Any, Final

from caveat.intake.json_reader import Unreadable
from caveat.intake.limits import Limits
from caveat.intake.pieces import PIECE

_MAGIC: Final = b"\x1f\x8b"
_GZIP: Final = 31  # for zlib: 32 kB of window, within a gzip header and trailer, which it checks
_READ: Final = 16 * 1024  # each member copies what is left of it
_IDLE: Final = 256 * 1024
"""How many bytes may follow each other without content: more than a header needs, whose fields but two are not bounded."""

NOT_GZIP: Final = Unreadable("not-gzip", "the file is called gzip, and is not")
TRUNCATED: Final = Unreadable("gzip-truncated", "the gzip file ends before it is complete")
CORRUPT: Final = Unreadable("gzip-corrupt", "the gzip file is damaged")
IDLE: Final = Unreadable("gzip-corrupt", "the gzip file has headers or members without content beyond all need")
TRAILING: Final = Unreadable("gzip-trailing", "something that is not gzip follows the gzip file's last member")
TOO_LARGE: Final = Unreadable("inflated-size", "the file inflates to more bytes than the limit allows")
TOO_DENSE: Final = Unreadable("inflated-ratio", "the file inflates to more bytes for each of its own than the limit allows")


class _Tally:
    """How much was inflated from how much, and how much since there was any content."""

    __slots__ = ("idle", "inflated", "limits", "taken")

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.taken = self.inflated = self.idle = 0

    def add(self, taken: int, content: bytes) -> Unreadable | None:
        """Count what one step took and gave, and return what limit that exceeds."""
        self.taken += taken
        self.inflated += len(content)
        self.idle = 0 if content else self.idle + taken
        if self.inflated > self.limits.inflated:
            return TOO_LARGE
        if not self.limits.allows(self.inflated, self.taken):
            return TOO_DENSE
        return IDLE if self.idle > _IDLE else None


def inflate(file: IO[bytes], limits: Limits) -> Iterator[bytes | Unreadable]:
    """Give what all members of `file` inflate to, in pieces that are not empty; the last is the fault, where there is one."""
    left = _filled(file, b"")
    if not left.startswith(_MAGIC):
        yield TRUNCATED if left == _MAGIC[:1] else NOT_GZIP
        return
    tally = _Tally(limits)
    while left:
        if not left.startswith(_MAGIC):
            yield TRUNCATED if left == _MAGIC[:1] else TRAILING
            return
        member: Any = zlib.decompressobj(_GZIP)
        piece: bytes | Unreadable = b""
        for piece in _member(member, left, file, tally):
            yield piece
        left = b"" if isinstance(piece, Unreadable) else _filled(file, member.unused_data)


def _filled(file: IO[bytes], left: bytes) -> bytes:
    """Return what is left, with more of the file where it is too short to tell what it begins as."""
    while len(left) < len(_MAGIC) and (more := file.read(_READ)):
        left += more
    return left


def _member(member: Any, left: bytes, file: IO[bytes], tally: _Tally) -> Iterator[bytes | Unreadable]:
    """Give what one member inflates to, which begins with `left`."""
    content = b""
    while not member.eof:
        if not left and len(content) < PIECE:  # else zlib may hold more of what it was given
            left = file.read(_READ)
            if not left:
                yield TRUNCATED
                return
        given = len(left)
        try:
            content = member.decompress(left, PIECE)
        except zlib.error:
            yield CORRUPT
            return
        left = member.unconsumed_tail
        fault = tally.add(given - len(left) - len(member.unused_data), content)
        if fault is not None:
            yield fault
            return
        if content:
            yield content
