"""Puts what is to be recorded into groups, so that many answers wait for the disk once.

Rule 1: a group is closed when it is large, or has waited; nothing of it is answered before all of it is recorded.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeVar

from caveat.judge.collector import collector_paused

T = TypeVar("T")

MOST: Final = 2000
"""How many a group has at most."""
LONGEST: Final = 0.5
"""How many seconds after its first a group takes another one in."""


def recorded(items: Iterable[T], keep: Callable[[list[T]], object], most: int = MOST, longest: float = LONGEST) -> Iterator[T]:
    """Give `items` in their order, each when `keep` has kept its group; where they raise, what came before is given first."""
    source, stopped = iter(items), False
    while not stopped:
        with collector_paused():
            group, stopped, error = _filled(source, most, time.monotonic() + longest)
            if group:
                keep(group)
        group.reverse()
        while group:  # each is let go as it is given
            yield group.pop()
        if error is not None:
            raise error


def _filled(source: Iterator[T], most: int, until: float) -> tuple[list[T], bool, Exception | None]:
    """Return the next group, whether it is the last one, and what kept it from growing."""
    group: list[T] = []
    try:
        for item in source:
            group.append(item)
            if len(group) >= most or time.monotonic() >= until:
                return group, False, None
    except Exception as error:  # noqa: BLE001  whoever gives the group raises it again
        return group, True, error
    return group, True, None
