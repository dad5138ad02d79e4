"""Whether somebody watches, and what they are told: where nobody does, it costs a look at what is imported.

Rule 1: OpenTelemetry is looked at only where the program has imported it itself: without it nobody can have set a provider.
Rule 2: telemetry changes no answer: whatever goes wrong in it is passed over.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from caveat.domain.report import PolicyName
from caveat.telemetry.seen import Counted, Seen

if TYPE_CHECKING:
    from caveat.telemetry.instruments import Instruments

_MODULES = sys.modules
_NOBODY = Seen()


def watching(name: str, **words: str) -> Seen:
    """Return what is to be told of something that begins now, a span of that name; it ends as a `with` statement does.

    `words` are attributes by the name that Caveat knows them by.
    """
    if "opentelemetry" not in _MODULES:
        return _NOBODY
    try:
        found = _finder()()
        return _NOBODY if found is None else found.watch(name, words)
    except Exception:  # noqa: BLE001  rule 2
        return _NOBODY


def is_watched() -> bool:
    """Return whether anybody watches."""
    return "opentelemetry" in _MODULES and _instruments() is not None


def _instruments() -> Instruments | None:
    try:
        return _finder()()
    except Exception:  # noqa: BLE001  rule 2
        return None


@cache
def _finder() -> Callable[[], Instruments | None]:
    """Return what finds the instruments, which are none where the API cannot be had, though something of its name is there."""
    try:
        from caveat.telemetry.instruments import instruments  # noqa: PLC0415  an extra
    except Exception:  # noqa: BLE001  rule 2: versions that clash, for one
        return lambda: None
    return instruments


def tell_block(counted: Counted | None, policy: PolicyName, release: str, form: str | None, size: int) -> None:
    """Tell whoever watches of a block of documents that was judged; None where nobody watched when that began."""
    if counted is None:
        return
    found = _instruments()
    if found is not None:
        found.tell_block(counted, policy, release, form, size)
