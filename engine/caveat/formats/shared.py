"""What is made of reports, once for those of lines alike, which share what was found.

Rule 1: what is kept is bounded by the lines that the reports are on, for a report weighs what its line does; a report on a long
line is not kept, and of none its line.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Generic, TypeVar

from caveat.domain.report import Report, of_line

T = TypeVar("T")
_MOST: Final = 4096
_LONGEST, _LINES = 16 * 1024, 2 * 1024 * 1024  # bytes of one line, and of all


class Shared(Generic[T]):
    """What `make` makes of a report without input, line, bytes and id; `is_alike` says whether it holds for another."""

    def __init__(self, make: Callable[[Report], T], is_alike: Callable[[Report, Report], bool]) -> None:
        """Keep nothing yet."""
        self._make, self._is_alike = make, is_alike
        self._kept: dict[object, tuple[Report, T]] = {}
        self._size = 0

    def __call__(self, report: Report, received: bytes | None) -> T:
        """Return what is made of `report`, on a line of these bytes, or was made of one that is alike."""
        kept = self._kept.get(id(report))
        if kept is not None and kept[0] is report:
            return kept[1]
        made = self._by_findings(report, size := 0 if received is None else len(received))
        if report.received is None and size <= _LONGEST:  # it stands for many lines, and shares what was found with what is kept
            self._keep(id(report), report, made)
        return made

    def _by_findings(self, report: Report, size: int) -> T:
        """Return what is made of `report`, on a line of that size, or was made of one that shares what was found."""
        key = (id(report.decisions), id(report.native), id(report.problems), report.resource_type)
        kept = self._kept.get(key)
        if kept is not None and self._is_alike(kept[0], report):
            return kept[1]
        bare = of_line(report, None, None, None, None)
        made = self._make(bare)
        if size <= _LONGEST:
            self._keep(key, bare, made, size)
        return made

    def _keep(self, key: object, report: Report, made: T, size: int = 0) -> None:
        """Keep what is made of a report, which takes as much as a line of that size."""
        self._size += size
        if len(self._kept) >= _MOST or self._size > _LINES:
            self._kept.clear()
            self._size = size
        self._kept[key] = (report, made)
