"""The tests of rule files as JUnit XML, which build servers show: each rule file a suite, each test a case.

Rule 1: junitparser, of the extra `junit`, is imported when it is needed; where it is missing that is said, and nothing written.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from caveat.domain.errors import UsageError

if TYPE_CHECKING:
    from junitparser import TestCase


@dataclass(frozen=True, slots=True)
class Case:
    """One test: its file and line, its name, and what is wrong with it in words; None when it passed."""

    file: str
    line: int
    name: str
    wrong: str | None


def to_junit(cases: Iterable[Case]) -> str:
    """Return tests as one JUnit XML document; UsageError when the extra is not installed."""
    try:
        from junitparser import JUnitXml, TestSuite  # noqa: PLC0415  an extra
    except ImportError:
        raise UsageError("JUnit XML needs the extra `junit`; install it with `pip install 'caveat[junit]'`") from None
    document = JUnitXml("caveat test")
    for file, some in groupby(sorted(cases, key=lambda case: case.file), key=lambda case: case.file):
        suite = TestSuite(file)
        for each in some:
            suite.add_testcase(_case(each))
        document.add_testsuite(suite)
    document.update_statistics()  # type: ignore[no-untyped-call]  # junitparser says no types for it
    written: bytes = document.tostring()  # type: ignore[no-untyped-call]  # as above
    return "<?xml version='1.0' encoding='utf-8'?>\n" + written.decode("utf-8")


def _case(case: Case) -> TestCase:
    """Return one case; what a build server cannot know of it is where it stands."""
    from junitparser import Failure, TestCase  # noqa: PLC0415  an extra

    made = TestCase(case.name, case.file)
    made._elem.set("file", case.file)  # noqa: SLF001  junitparser has no name for it, and build servers read it
    made._elem.set("line", str(case.line))  # noqa: SLF001  as above
    if case.wrong is not None:
        failure = Failure(case.wrong.partition("\n")[0], "expectation")
        failure.text = f"{case.file}:{case.line}\n{case.wrong}"
        made.result = [failure]
    return made
