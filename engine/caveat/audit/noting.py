"""What is handed on of a judged document to whoever records it: what the trail keeps, but for the keys, which only the log has.

Rule 1: a note can cross to another process, and is small: the bytes of a document are in it only where they are held and kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

from caveat.audit.record import Context, context_of, kept_decisions
from caveat.domain.report import Report

_Kept = tuple[Context, tuple[tuple[Any, ...], ...]]
_MOST: Final = 16 * 1024  # decisions of shared reports that are remembered, a report without any being as much as one

Note = tuple[Context, str | None, str | None, tuple[tuple[Any, ...], ...], bytes | None]
"""A record of a check before the log has it, plain because a million are made: what it shares with others, the digest of its
bytes, `Type/id`, its decisions, and its bytes where they are held and kept."""


@dataclass(slots=True, eq=False)
class Noting:
    """Makes notes under a policy whose rules `recorded` let values into the trail. `keeps_held`: with the bytes of what is held.

    A report without bytes is one that many documents share; what is kept of it is made once.
    """

    recorded: frozenset[str] = frozenset()
    keeps_held: bool = False
    _shared: dict[int, _Kept] = field(default_factory=dict, init=False, repr=False, compare=False)
    _alive: list[Report] = field(default_factory=list, init=False, repr=False, compare=False)
    _size: int = field(default=0, init=False, repr=False, compare=False)

    def __reduce__(self) -> tuple[Any, ...]:
        return Noting, (self.recorded, self.keeps_held)

    def __call__(self, report: Report, raw: bytes | None, identity: str | None) -> Note:
        """Return the note of one document."""
        context, decisions = self._shared.get(id(report)) or self._kept(report)
        digest = None if raw is None else sha256(raw).hexdigest()
        named = None if identity is None else f"{report.resource_type}/{identity}"
        return context, digest, named, decisions, raw if self.keeps_held and not report.may_process else None

    def _kept(self, report: Report) -> _Kept:
        """Return what is kept of a report, and remember it of one that is shared."""
        kept = context_of(report), kept_decisions(report, self.recorded) if report.decisions else ()
        if report.received is None:
            size = 1 + len(report.decisions)
            self._size += size
            if self._size > _MOST:
                self._shared.clear()
                self._alive.clear()
                self._size = size
            self._shared[id(report)] = kept
            self._alive.append(report)  # as long as it is, no other has its number
        return kept
