"""What Caveat writes to logs, under the names `caveat.*`: which events there are, and the few words that each of them has.

Rule 1: of a document a log has the url and the location of a modifier that holds it, and nothing else: no value, no id, no bytes,
no words of an exception, no name of a file or a source. The url of what is malformed is no url, and is left out.
Rule 2: a program that has not imported `logging` listens to no log, and nothing is made up for it. Where nobody has set a handler
nothing is made up either, and so nothing of a library appears on somebody's terminal.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import suppress
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Final

from caveat.domain.decision import Decision, Ground, Verdict
from caveat.domain.report import PolicyName, Report
from caveat.formats.printable import printable, url_told

if TYPE_CHECKING:
    from logging import Logger

Value = str | int | None
DEBUG, INFO, WARNING, ERROR = 10, 20, 30, 40
FIELDS: Final = "caveat"
"""The attribute of a log record under which the words of an event are."""


class Event(StrEnum):
    """What is logged; the part before the point is the name of its logger, behind `caveat.`."""

    HELD = "check.held"
    LOADED = "policy.loaded"
    CACHE = "policy.cache-rejected"
    BLOCK_FAILED = "bulk.failed"
    BULK = "bulk.judged"
    FEWER = "bulk.fewer-processes"
    UNAVAILABLE = "audit.unavailable"
    CHECKPOINT = "audit.checkpoint"
    REVIEW = "audit.reviewed"
    RERUN = "audit.rerun"
    PRUNED = "audit.pruned"


_SAYS: Final[Mapping[Event, str]] = {
    Event.HELD: "a resource may not be processed as received",
    Event.LOADED: "a policy is loaded",
    Event.CACHE: "an entry of the policy cache is not trusted; the policy is compiled",
    Event.BLOCK_FAILED: "Caveat failed on a line, which is refused",
    Event.BULK: "lines were judged",
    Event.FEWER: "not all processes that were asked for could be started; the others judge",
    Event.UNAVAILABLE: "the audit trail cannot be used; nothing is answered",
    Event.CHECKPOINT: "a checkpoint fixes the audit trail",
    Event.REVIEW: "what was held is reviewed",
    Event.RERUN: "what is held is decided again",
    Event.PRUNED: "old records are deleted",
}


def log(event: Event, level: int, **fields: Value) -> None:
    """Write an event, if anybody listens at its level; a filter or a handler that raises changes no answer."""
    logger = listening(event, level)
    if logger is not None:
        with suppress(Exception):
            logger.log(level, _SAYS[event], extra={FIELDS: {"event": event.value, **fields}})


def listening(event: Event, level: int) -> Logger | None:
    """Return the logger of an event, None where nobody listens to it at that level."""
    if "logging" not in sys.modules:
        return None
    logger = _logger(f"caveat.{event.partition('.')[0]}")
    return logger if logger.isEnabledFor(level) and logger.hasHandlers() else None


@cache
def _logger(name: str) -> Logger:
    import logging  # noqa: PLC0415  a check in a program without logs does not need it

    return logging.getLogger(name)


# the events with more to them


def log_held(report: Report) -> None:
    """Write that a resource is held or refused: by what decision, and of how many."""
    level = INFO if report.may_process_reduced else WARNING
    if listening(Event.HELD, level) is None:
        return
    strictest = [each for each in report.decisions if each.verdict is report.verdict]
    log(
        Event.HELD,
        level,
        verdict=report.verdict.word,
        evidence=report.evidence,
        release=report.release,
        decisions=len(report.decisions),
        **(_decision(strictest[0], report) if strictest else {}),
        **_policy(report.policy),
    )


def _decision(decision: Decision, report: Report) -> dict[str, Value]:
    """Return what is told of the first decision that is as strict as the verdict."""
    occurrence = decision.occurrence
    if occurrence is None:
        return {"ground": decision.ground.value, "fault": report.problems[0].code if report.problems else None}
    is_url = occurrence.url is not None and decision.ground is not Ground.MALFORMED
    return {
        "ground": decision.ground.value,
        "fault": occurrence.fault.code if occurrence.fault is not None else None,
        "url": url_told(occurrence.url or "") if is_url else None,
        "location": _location(occurrence.location, is_whole=not decision.ground.is_structural),
    }


def _location(location: str, *, is_whole: bool) -> str:
    """Return a location; of a structural fault only the resource that it is in, for its names may be of the sender's making."""
    return printable(location) if is_whole else f"{printable(location.partition('.')[0])}.…"


def log_policy(policy: PolicyName) -> None:
    """Write which policy is loaded."""
    log(Event.LOADED, INFO, **_policy(policy))


def _policy(policy: PolicyName) -> dict[str, Value]:
    return {"policy": printable(policy.name), "version": printable(policy.version), "digest": policy.digest}


def log_bulk(verdicts: Mapping[Verdict, int], size: int, *, is_whole: bool) -> None:
    """Write what a stream of lines came to, and whether it was read to its end."""
    counted = {verdict.word: number for verdict, number in sorted(verdicts.items()) if number}
    held = sum(number for verdict, number in verdicts.items() if verdict > Verdict.WARN)
    total = sum(counted.values())
    log(Event.BULK, INFO, resources=total, held=held, bytes=size, whole=int(is_whole), **counted)
