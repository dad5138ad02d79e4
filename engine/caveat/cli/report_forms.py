"""The forms of `caveat check` that are one document: everything is gathered, and written at the end."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TextIO

from caveat.cli.options import ReportForm
from caveat.cli.output import put
from caveat.domain.report import Report
from caveat.domain.version import __version__


def _write_sarif(reports: Sequence[Report], file: TextIO) -> None:
    from caveat.formats.sarif_report import to_sarif  # noqa: PLC0415  only when it is asked for

    put(json.dumps(to_sarif(reports, __version__), indent=1), file)


def _write_junit(reports: Sequence[Report], file: TextIO) -> None:
    from caveat.formats.junit_reports import to_junit  # noqa: PLC0415  as above

    put(to_junit(reports).rstrip("\n"), file)


def _write_html(reports: Sequence[Report], file: TextIO) -> None:
    from caveat.formats.answers_html import page  # noqa: PLC0415  as above
    from caveat.formats.run_answers import answers  # noqa: PLC0415  as above

    put(page(answers(reports)).rstrip("\n"), file)


def _write_csv(reports: Sequence[Report], file: TextIO) -> None:
    from caveat.formats.report_rows import COLUMNS, rows  # noqa: PLC0415  as above
    from caveat.formats.spreadsheet import write_rows  # noqa: PLC0415  as above

    write_rows([COLUMNS], file)
    for report in reports:
        write_rows(rows(report), file)


WHOLE: dict[ReportForm, Callable[[Sequence[Report], TextIO], None]] = {
    ReportForm.SARIF: _write_sarif,
    ReportForm.JUNIT: _write_junit,
    ReportForm.CSV: _write_csv,
    ReportForm.HTML: _write_html,
}
"""What writes each of them."""
