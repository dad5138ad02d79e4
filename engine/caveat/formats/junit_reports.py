"""Reports as JUnit XML, which build servers show: each input a suite, each resource a case that fails when it may not pass.

Rule 1: junitparser, of the extra `junit`, is imported when it is needed; where it is missing that is said, and nothing written.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import TYPE_CHECKING

from caveat.domain.errors import UsageError
from caveat.domain.report import Report
from caveat.formats.printable import printable

if TYPE_CHECKING:
    from junitparser import TestCase


def to_junit(reports: Iterable[Report]) -> str:
    """Return reports as one JUnit XML document; UsageError when the extra is not installed."""
    try:
        from junitparser import JUnitXml, TestSuite  # noqa: PLC0415  of an extra
    except ImportError:
        raise UsageError("JUnit needs the extra `junit`, which is not installed: pip install 'caveat[junit]'") from None
    made = JUnitXml("caveat check")
    for name, group in groupby(reports, key=lambda each: each.input or "-"):
        suite = TestSuite(printable(name))
        suite.add_testcases([_case(each) for each in group])
        made.add_testsuite(suite)
    made.update_statistics()  # type: ignore[no-untyped-call]  # junitparser says no types for it
    written: bytes = made.tostring()  # type: ignore[no-untyped-call]  # as above
    return "<?xml version='1.0' encoding='utf-8'?>\n" + written.decode()


def _case(report: Report) -> TestCase:
    """Return one resource as a case: what it is, and why it may not be processed."""
    from junitparser import Failure, TestCase  # noqa: PLC0415  of an extra

    where = f"line {report.line}: " if report.line is not None else ""
    case = TestCase(f"{where}{report.resource_type or 'the document'}", classname=printable(report.input or "-"))
    if not report.may_process:
        case.result = [Failure(printable(str(report)), type_=report.verdict.word)]
    return case
