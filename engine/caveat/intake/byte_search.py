"""The three byte operations that intake is built on, by stringzilla where it is installed and by `bytes` where not.

Both answer alike; stringzilla is up to twenty times as fast on large documents.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

find: Callable[[bytes, bytes], int]
"""Return where the second argument first stands in the first, -1 when it does not."""
count: Callable[..., int]
"""Return how often the second argument stands in the first, without overlaps; a third and a fourth say from where until where."""
translate: Callable[[bytes, bytes], bytes]
"""Return the first argument with each byte replaced by what stands at its number in the second, a table of 256 bytes."""

try:
    import stringzilla  # type: ignore[import-not-found]  # ships no annotations
except ImportError:
    find, count, translate = bytes.find, bytes.count, bytes.translate
else:
    find, count, translate = stringzilla.find, stringzilla.count, stringzilla.translate

ACCELERATED: Final = translate is not bytes.translate
"""Whether stringzilla was found."""
