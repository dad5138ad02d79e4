"""Judges what the command line names, one document after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from caveat import Guard, NotLoadable, Refused
from caveat import Report as GuardReport
from caveat.bulk.judging import Part
from caveat.cli.exits import Exit, fault, say
from caveat.cli.inputs import Absent, Document, Item, NotRead, items
from caveat.cli.options import day
from caveat.domain.decision import Intent
from caveat.domain.errors import UsageError
from caveat.domain.report import Problem, Report
from caveat.intake.reading import Form
from caveat.judge.check import Question

if TYPE_CHECKING:
    from caveat.audit.log import AuditLog

_QUICK = 256 * 1024
"""Up to how many bytes a document goes through fhir.resources where nobody said: that reads five million a second."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What every document of one run is asked. `load`: whether it also goes through fhir.resources, None when nobody said."""

    guard: Guard
    today: date
    fhir: str | None = None
    intent: str = Intent.READ
    at: str | None = None
    wire: str = "fhir"
    is_vouched_by_none: bool = False
    source: str | None = None
    load: bool | None = False
    approved: AuditLog | None = None

    @property
    def options(self) -> dict[str, Any]:
        """The options of `Guard.load`."""
        asked: dict[str, Any] = {"release": self.fhir, "today": self.today, "intent": self.intent, "at": self.at}
        asked |= {"source": self.source, "approved": self.approved}
        return {**asked, "within": None} if self.is_vouched_by_none else asked


@dataclass(slots=True)
class Run:
    """One run over the inputs: what was asked, where it is recorded, and the exit code so far for what could not be judged."""

    asked: Asked
    audit: AuditLog | None = None
    code: Exit = Exit.FINE

    def reports(self, names: Iterable[str], *, lines: bool = False) -> Iterator[Report]:
        """Give the report on each document of the inputs, once it is recorded where it is to be.

        What gives no report is said on stderr. AuditUnavailable when one cannot be recorded.
        """
        yield from self.recorded(items(names, lines=lines, limits=self.asked.guard.limits))

    def recorded(self, given: Iterable[Item]) -> Iterator[Report]:
        """Give the report on each of these, once it is recorded where it is to be."""
        judged = self._judged(given)
        if self.audit is not None:
            from caveat.audit.grouping import recorded  # noqa: PLC0415  a check without a trail does not need it

            judged = recorded(judged, self._keep)
        yield from (report for report, _ in judged)

    def _keep(self, group: Sequence[tuple[Report, Document | NotRead]]) -> None:
        """Record a group of reports."""
        self.record([report for report, _ in group], [item for _, item in group])

    @property
    def noting(self) -> Callable[[Report, bytes | None, str | None], object] | None:
        """What makes of each line that is judged what is recorded of it, None where nothing is recorded."""
        return None if self.audit is None else self.audit.noting(self.asked.guard.policy)

    def record_notes(self, notes: Sequence[Any]) -> int:
        """Record what was noted of lines in a trail that is there; return the number of the last record."""
        assert self.audit is not None  # noqa: S101  the caller asked
        from caveat.audit.quarantine import How  # noqa: PLC0415  as above

        how = How(Form.JSON, self.asked.at, self.asked.wire)
        return self.audit.record_notes(notes, self.asked.guard.policy, how)[-1]

    def record_part(self, part: Part) -> None:
        """Record what a block of lines came to, where it is to be."""
        if self.audit is not None and part.notes:
            self.record_notes(part.notes)

    def _judged(self, given: Iterable[Item]) -> Iterator[tuple[Report, Document | NotRead]]:
        """Give each document with its report."""
        for item in given:
            yield from ((report, item) for report in self.report_on(item) if not isinstance(item, Absent))

    def record(self, reports: Sequence[Report], items: Sequence[Document | NotRead | None]) -> None:
        """Record reports where they are to be recorded, before they are answered; an item of None is a line of JSON."""
        if self.audit is None or not reports:
            return
        from caveat.audit.quarantine import How  # noqa: PLC0415  a check without a trail does not need it

        hows = [How(Form.JSON if each is None else getattr(each, "form", None), self.asked.at, self.asked.wire) for each in items]
        self.audit.record_many(reports, self.asked.guard.policy, hows)

    def report_on(self, item: Item) -> Iterator[Report]:
        """Give the report on one document; what gives none is said on stderr."""
        if isinstance(item, Absent):
            say(f"caveat: {item.name} {item.message}")
            self.code = max(self.code, Exit.USAGE if item.fails else Exit.FINE)
            return
        try:
            report = _named(_judged(self.asked, item), item)
        except UsageError:
            raise
        except Exception as error:  # noqa: BLE001  one document that Caveat fails on must not hide the others
            self.code = max(self.code, fault(error, f"checking {item.name}"))
        else:
            _hint(report)
            yield report


def guard_of(policies: Sequence[str] | None, source: str | None = None) -> Guard:
    """Return the guard with the one policy named, or with no rule at all; UsageError when several are named."""
    if not policies:
        return Guard(Guard.default().policy, source=source)
    if len(policies) > 1:
        raise UsageError(
            "one policy judges: name one with --policy; to put several together, write a rule file that imports them"
        )
    return Guard.from_files(policies[0], source=source)


@contextmanager
def trail(
    url: str | None, identifier_key: Path | None, quarantine_key: Path | None, *, approved: bool = False, create: bool = True
) -> Iterator[AuditLog | None]:
    """Open the audit trail that the options name, None when they name none; with `create` it is made when there is none."""
    if url is None:
        if approved:
            raise UsageError("--approved goes with --audit: the trail has what was released")
        yield None
        return
    from caveat.audit.log import AuditLog  # noqa: PLC0415  a check without a trail does not need it

    with AuditLog(url, identifier_key=identifier_key, quarantine_key=quarantine_key, create=create) as log:
        yield log


def asked_of(guard: Guard, date_: str | None, **options: Any) -> Asked:
    """Return what is asked of each document, on the day that `date_` names."""
    asked = Asked(guard, day(date_), **options)
    if asked.at is None and asked.is_vouched_by_none:
        raise UsageError("--within goes with --at: a whole resource speaks for itself")
    try:
        question_of(asked)
    except UsageError as error:
        raise UsageError(_in_options(str(error))) from None
    return asked


def question_of(asked: Asked) -> Question:
    """Return what every document is asked."""
    options = {name: value for name, value in asked.options.items() if name != "approved"}
    return asked.guard._question(b"", None, wire=asked.wire, **options)  # noqa: SLF001  the guard's own words for it


def _hint(report: Report) -> None:
    """Say how lines are read, when standard input was not one document, and how a packed one is."""
    if report.input != "-" or report.line is not None:
        return
    if any(problem.code == "syntax" for problem in report.problems):
        say("note: standard input is read as one document; if it has one a line, add --ndjson")
    elif any(problem.code == "encoding" and "gzip" in problem.message for problem in report.problems):
        say("note: standard input is not unpacked; write `gzip -dc FILE.gz | caveat ... -`, or name the file")


def _in_options(message: str) -> str:
    """Say a message of the library in the words of the command line."""
    if "stands alone" in message:
        return f"{message.partition(':')[0]}: add `--within none` to say that nobody vouches for the resource around it"
    start, found, _ = message.partition("; pass `release=")
    return f"{start}; say so with `--fhir`" if found else message


def _judged(asked: Asked, item: Document | NotRead) -> Report:
    """Return the report on one document, with what fhir.resources says of it where that was asked for."""
    if isinstance(item, NotRead) or not _goes_through_models(asked, item):
        return asked.guard.check(item, wire=asked.wire, **asked.options)
    return _loaded(asked, item)


def _goes_through_models(asked: Asked, item: Document) -> bool:
    """Return whether a document goes through fhir.resources too; where nobody said, if it is no line and not large."""
    if asked.wire != "fhir":
        return False
    return (item.line is None and len(item.raw) <= _QUICK) if asked.load is None else asked.load


def _loaded(asked: Asked, item: Document) -> Report:
    """Return the report on a document that also goes through fhir.resources; its verdict is not changed by that."""
    try:
        return asked.guard.load(item, **asked.options).report
    except Refused as refused:
        return refused.report
    except NotLoadable as found:
        return replace(_plain(found.report), problems=(*found.report.problems, *found.problems))
    except UsageError as error:
        report = asked.guard.check(item, wire=asked.wire, **asked.options)
        return replace(_plain(report), problems=(*report.problems, Problem("no-model", str(error))))


def _named(report: Report, item: Item) -> Report:
    return replace(_plain(report), input=item.name, line=item.line if isinstance(item, Document) else None)


def _plain(report: Report) -> Report:
    """Return a report without the tree that the library keeps in it."""
    if not isinstance(report, GuardReport):
        return report
    return Report(**{name: getattr(report, name) for name in Report.__dataclass_fields__})
