"""Puts what is to be recorded into groups, so that many answers wait for the disk once.

Rule 1: a group is closed when it is large, or has waited; nothing of it is answered before all of it is recorded.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Final, TypeVar

T = TypeVar("T")

MOST: Final = 2000
"""How many a group has at most."""
LONGEST: Final = 0.5
"""How many seconds after its first a group takes another one in."""


def grouped(items: Iterable[T], most: int = MOST, longest: float = LONGEST) -> Iterator[list[T]]:
    """Give `items` in groups, in their order; where they raise, what came before is given first."""
    group: list[T] = []
    until = 0.0
    source = iter(items)
    while True:
        try:
            item = next(source)
        except StopIteration:
            break
        except Exception:
            if group:
                yield group
            raise
        if not group:
            until = time.monotonic() + longest
        group.append(item)
        if len(group) >= most or time.monotonic() >= until:
            yield group
            group = []
    if group:
        yield group
