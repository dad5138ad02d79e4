"""What is told of what Caveat does, whoever listens: one resource, many at once, records kept, a command that ends.

Rule 1: what is told are the words of Caveat and the policy's name and digest; no url, id, path, value, source or file name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from time import time_ns
from types import TracebackType
from typing import Any, Self

from caveat.domain.decision import Verdict
from caveat.domain.report import Report
from caveat.telemetry.logs import log_held

_WARN = Verdict.WARN  # to ask the class costs a small check 0.4 %


class Seen:
    """Something that nobody watches; what is held of it is logged all the same."""

    __slots__ = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None, /) -> None:
        """End it."""

    def told(self, report: Report, form: str | None = None) -> None:  # noqa: ARG002  whoever watches wants it
        """Take in what became of a document; `form` is how it was said to be written."""
        if report.verdict > _WARN:
            log_held(report)

    def kept(self, kinds: Iterable[str], system: str) -> None:
        """Take in the records that a trail has kept, by their kinds, and what system it is in."""

    def ended(self, code: int) -> None:
        """Take in the exit code of a command."""


@dataclass(slots=True)
class Counted:
    """What a block of documents came to: how many of which verdict and evidence, and of which verdict, ground and fault.

    `began` and `ended` are points in time in nanoseconds, as `time.time_ns` gives them: a block may be judged elsewhere.
    """

    resources: Counter[tuple[str, str]] = field(default_factory=Counter)
    decisions: Counter[tuple[str, str, str | None]] = field(default_factory=Counter)
    began: int = field(default_factory=time_ns)
    ended: int = 0

    def take(self, report: Report, times: int = 1) -> None:
        """Count a report, or several that are alike."""
        self.resources[report.verdict.word, report.evidence] += times
        for each in decisions_of(report):
            self.decisions[each] += times

    def take_record(self, told: Mapping[str, Any], times: int = 1) -> None:
        """Count what was written of a report."""
        self.resources[told["verdict"], told["evidence"]] += times
        for each in told["decisions"]:
            fault = told["problems"][0]["code"] if each["ground"] == "unreadable" and told["problems"] else None
            self.decisions[each["verdict"], each["ground"], fault] += times

    def end(self) -> None:
        """Say that all is judged."""
        self.ended = time_ns()


def decisions_of(report: Report) -> list[tuple[str, str, str | None]]:
    """Return the verdict, the ground and the code of the fault of each decision; all are words of Caveat."""
    unread = report.problems[0].code if report.problems else None
    return [
        (
            each.verdict.word,
            each.ground.value,
            unread if each.occurrence is None else each.occurrence.fault.code if each.occurrence.fault is not None else None,
        )
        for each in report.decisions
    ]
