"""The byte operations that intake is built on, by stringzilla where it is installed and by `bytes` and `hashlib` where not.

Both answer alike; stringzilla is up to twenty times as fast on large documents.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Final

try:
    import stringzilla  # type: ignore[import-not-found]  # ships no annotations
except ImportError:
    stringzilla = None

Buffer = bytes | bytearray | memoryview
_LANES: Final = 64  # texts of which the digests are made together


def _bytes(raw: Buffer) -> bytes | bytearray:
    """Return a buffer as what can be searched without stringzilla; only a view is copied."""
    return bytes(raw) if isinstance(raw, memoryview) else raw


def _find(raw: Buffer, needle: bytes, start: int = 0, end: int | None = None) -> int:
    if not isinstance(raw, memoryview):
        return raw.find(needle, start, end)
    found = bytes(raw[start:end]).find(needle)
    return found if found < 0 else start + found


def _count(raw: Buffer, needle: bytes, *bounds: int) -> int:
    return _bytes(raw).count(needle, *bounds)


def _translate(raw: Buffer, table: bytes) -> bytes:
    return bytes(_bytes(raw).translate(table))


def _find_any(raw: Buffer, letters: bytes, start: int, end: int) -> int:
    part = bytes(raw[start:end])
    if len(part.translate(None, letters)) == len(part):
        return -1
    return start + min(part.index(letter) for letter in set(part).intersection(letters))


def _sha256(raw: memoryview, places: Sequence[tuple[int, int]]) -> list[bytes]:
    of = hashlib.sha256  # a name at hand: it is asked for every row
    return [of(raw[start:end]).digest() for start, end in places]


def _sha256_at_once(raw: memoryview, places: Sequence[tuple[int, int]]) -> list[bytes]:
    found: list[bytes] = []
    lanes = stringzilla.Sha256s(_LANES)
    for first in range(0, len(places), _LANES):
        texts: list[Buffer] = [raw[start:end] for start, end in places[first : first + _LANES]]
        lanes.reset()
        lanes.update(texts + [b""] * (_LANES - len(texts)))
        found += lanes.digest()
    return found[: len(places)]


ACCELERATED: Final = stringzilla is not None
"""Whether stringzilla was found."""
find: Callable[..., int] = stringzilla.find if ACCELERATED else _find
"""Return where the second argument first stands in the first, -1 if nowhere; a third and a fourth say from where until where."""
count: Callable[..., int] = stringzilla.count if ACCELERATED else _count
"""Return how often the second argument stands in the first, without overlaps; a third and a fourth say from where until where."""
translate: Callable[[Buffer, bytes], bytes] = stringzilla.translate if ACCELERATED else _translate
"""Return the first argument with each byte replaced by what stands at its number in the second, a table of 256 bytes."""

find_any: Callable[[Buffer, bytes, int, int], int] = stringzilla.find_first_of if ACCELERATED else _find_any
"""Return where one of the bytes in the second argument first stands in the first, from the third until the fourth, -1 if none."""

sha256: Callable[[memoryview, Sequence[tuple[int, int]]], list[bytes]] = (
    _sha256_at_once if hasattr(stringzilla, "Sha256s") else _sha256
)
"""Return the SHA-256 digests of parts of the first argument; the second says where each begins and ends."""
