"""Writes what is told of documents, in the form that was asked for.

Rule 1: in text a line that may be processed without a warning is counted, not shown.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TextIO

from caveat.bulk.judging import Part
from caveat.cli import options as opt
from caveat.cli.exits import say
from caveat.cli.output import is_coloured, put, write_lines
from caveat.cli.report_forms import WHOLE
from caveat.domain.decision import Verdict
from caveat.domain.report import Report
from caveat.formats import outcome, record, text
from caveat.formats.printable import printable
from caveat.formats.words import NOTES

_NOTES = frozenset({"r4-models", "no-model", *NOTES})


class Teller:
    """Writes to `file` in the form asked for; a form that is one document is written when all is told, and so held until then.

    `is_plain` says that text is without colour.
    """

    def __init__(self, form: opt.ReportForm, file: TextIO) -> None:
        """Write nothing yet."""
        self.is_plain = not is_coloured(file)
        self._form, self._file = form, file
        self._gathered: list[Report] = []
        self._text = text.Writer(None)

    def tell(self, report: Report) -> None:
        """Tell of one document."""
        if self._form in WHOLE:
            self._gathered.append(report)
        elif self._form is opt.ReportForm.TEXT:
            self._tell_in_text(report)
        else:
            _WRITERS[self._form](report, self._file)

    def tell_part(self, part: Part) -> None:
        """Tell of a block of lines."""
        for told in part.told:
            if told.report is not None:
                self.tell(told.report)
        self._file.writelines(f"{told.written}\n" for told in part.told if told.report is None)

    def finish(self) -> None:
        """Write what was held."""
        if self._form in WHOLE:
            WHOLE[self._form](self._gathered, self._file)

    def _tell_in_text(self, report: Report) -> None:
        if report.line is None or report.verdict > Verdict.ACCEPT:
            self._write_text(report)
        if report.may_process_reduced:
            for complaint in complaints(report):
                say(f"note: {report.input}: fhir.resources cannot hold it: {complaint}")

    def _write_text(self, report: Report) -> None:
        """Write the lines of a report; what those on lines alike share is put together once."""
        if report.line is None or not self.is_plain:
            write_lines(text.lines(report), self._file)
            return
        if self._text.name != report.input:
            self._text = text.Writer(report.input)
        put(self._text(report, report.received, report.resource_id, report.line), self._file)


def complaints(report: Report) -> list[str]:
    """Return what fhir.resources says against a document that was let through; its mere notes left out."""
    found = [problem for problem in report.problems if problem.code not in _NOTES]
    return [f"{printable(problem.location or report.resource_type or '')}: {problem.message}" for problem in found]


def _write_json(report: Report, file: TextIO) -> None:
    put(record.to_json(report), file)


def _write_outcome(report: Report, file: TextIO) -> None:
    put(json.dumps(outcome.outcome(report)), file)


_WRITERS: dict[opt.ReportForm, Callable[[Report, TextIO], None]] = {
    opt.ReportForm.JSON: _write_json,
    opt.ReportForm.OUTCOME: _write_outcome,
}
