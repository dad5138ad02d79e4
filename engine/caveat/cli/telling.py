"""Writes what is told of documents, in the form that was asked for.

Rule 1: in text a line that may be processed without a warning is counted, not shown.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Final, NamedTuple, TextIO

from caveat.bulk.judging import Part
from caveat.cli import options as opt
from caveat.cli.exits import say
from caveat.cli.output import is_coloured, plain, put, write_lines
from caveat.cli.report_forms import WHOLE
from caveat.domain.decision import Verdict
from caveat.domain.report import Report, shares_findings
from caveat.formats import outcome, record, text
from caveat.formats.printable import printable
from caveat.formats.shared import Shared
from caveat.formats.words import NOTES

_NOTES = frozenset({"r4-models", "no-model", *NOTES})


class Teller:
    """Writes to `file` in the form asked for; a form that is one document is written when all is told, and so held until then."""

    def __init__(self, form: opt.ReportForm, file: TextIO) -> None:
        """Write nothing yet."""
        self._form, self._file = form, file
        self._gathered: list[Report] = []

    def tell(self, report: Report) -> None:
        """Tell of one document."""
        if self._form in WHOLE:
            self._gathered.append(report)
        else:
            _WRITERS[self._form](report, self._file)

    def tell_part(self, part: Part) -> None:
        """Tell of a block of lines."""
        is_json, is_text, file = self._form is opt.ReportForm.JSON, self._form is opt.ReportForm.TEXT, self._file
        for told in part.told:
            if is_json or told.report is None:
                put(told.written or "", file)
            elif is_text:
                _write_text(told.report, file)
            else:
                self.tell(told.report)

    def finish(self) -> None:
        """Write what was held."""
        if self._form in WHOLE:
            WHOLE[self._form](self._gathered, self._file)


def complaints(report: Report) -> list[str]:
    """Return what fhir.resources says against a document that was let through; its mere notes left out."""
    found = [problem for problem in report.problems if problem.code not in _NOTES]
    return [f"{printable(problem.location or report.resource_type or '')}: {problem.message}" for problem in found]


def _write_text(report: Report, file: TextIO) -> None:
    if report.line is None or report.verdict > Verdict.ACCEPT:
        details = _DETAILS(report)
        if is_coloured(file):
            write_lines((text.headline(report), *details.lines), file)
        else:
            file.write(plain(text.headline(report)) + details.plain)
    if report.may_process_reduced:
        for complaint in complaints(report):
            say(f"note: {report.input}: fhir.resources cannot hold it: {complaint}")


class _Details(NamedTuple):
    """What the text says of a report after its first line; `plain` is the lines without styles."""

    lines: list[text.Line]
    plain: str


def _told(report: Report) -> _Details:
    lines = list(text.details(report))
    return _Details(lines, "".join(map(plain, lines)))


_DETAILS: Final = Shared(_told, shares_findings)
"""What the text says of a report after its first line, put together once for lines alike."""


def _write_json(report: Report, file: TextIO) -> None:
    put(record.to_json(report), file)


def _write_outcome(report: Report, file: TextIO) -> None:
    put(json.dumps(outcome.outcome(report)), file)


_WRITERS: dict[opt.ReportForm, Callable[[Report, TextIO], None]] = {
    opt.ReportForm.TEXT: _write_text,
    opt.ReportForm.JSON: _write_json,
    opt.ReportForm.OUTCOME: _write_outcome,
}
