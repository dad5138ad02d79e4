"""The byte operations that intake is built on, by stringzilla where it is installed and by `bytes` where not.

Both answer alike; stringzilla is up to twenty times as fast on large documents.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

try:
    import stringzilla  # type: ignore[import-not-found]  # ships no annotations
except ImportError:
    stringzilla = None

Buffer = bytes | bytearray | memoryview


def _bytes(raw: Buffer) -> bytes | bytearray:
    """Return a buffer as what can be searched without stringzilla; only a view is copied."""
    return bytes(raw) if isinstance(raw, memoryview) else raw


def _find(raw: Buffer, needle: bytes) -> int:
    return _bytes(raw).find(needle)


def _count(raw: Buffer, needle: bytes, *bounds: int) -> int:
    return _bytes(raw).count(needle, *bounds)


def _translate(raw: Buffer, table: bytes) -> bytes:
    return bytes(_bytes(raw).translate(table))


ACCELERATED: Final = stringzilla is not None
"""Whether stringzilla was found."""
find: Callable[[Buffer, bytes], int] = stringzilla.find if ACCELERATED else _find
"""Return where the second argument first stands in the first, -1 when it does not."""
count: Callable[..., int] = stringzilla.count if ACCELERATED else _count
"""Return how often the second argument stands in the first, without overlaps; a third and a fourth say from where until where."""
translate: Callable[[Buffer, bytes], bytes] = stringzilla.translate if ACCELERATED else _translate
"""Return the first argument with each byte replaced by what stands at its number in the second, a table of 256 bytes."""


def find_from(raw: Buffer, needle: bytes, start: int) -> int:
    """Return where `needle` first stands in `raw` from `start` on, -1 when it does not."""
    if not ACCELERATED:
        return _bytes(raw).find(needle, start)
    found = find(memoryview(raw)[start:], needle) if start < len(raw) else -1
    return found if found < 0 else start + found
