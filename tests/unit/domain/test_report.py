"""Reports that are put together field by field are those that their class would have made."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields, replace
from datetime import date

import pytest

from caveat import Guard, results
from caveat.domain.decision import Intent, Verdict
from caveat.domain.report import DRAFTS, PolicyName, Report, of_line
from caveat.judge.check import judge_bytes

RAW = b'{"resourceType":"Patient","id":"a","active":false,"modifierExtension":[{"url":"http://a/b"}]}'
GUARD = Guard.default()
REPORT = judge_bytes(GUARD._usual_question("read", "fhir"), RAW).report


def test_a_report_on_a_line_has_every_field() -> None:
    """A field that is added to the report, and not to what puts one together, fails here."""
    line = of_line(REPORT, b"{}", "b", 7, "x")
    assert line == replace(REPORT, received=b"{}", resource_id="b", line=7, input="x")
    assert type(line) is Report


@pytest.mark.parametrize("kind", [Report, results.Report])
def test_a_judged_report_is_one_that_its_class_would_make(kind: type[Report]) -> None:
    """Whatever class it is of: every field is there, nothing can be set any more, and it is equal to a plain one."""
    made = judge_bytes(GUARD._usual_question("read", "fhir"), RAW, made=kind).report
    assert type(made) is kind
    told = {each.name: getattr(made, each.name) for each in fields(Report)}
    assert Report(**told) == REPORT
    assert kind in DRAFTS
    with pytest.raises(FrozenInstanceError):
        made.line = 3  # type: ignore[misc]


def test_of_line_keeps_what_it_is_not_told() -> None:
    """Every field with a value of its own comes along."""
    full = Report(
        verdict=Verdict.WARN, decisions=REPORT.decisions, resource_type="A", resource_id="i", release="R5", evidence="e",
        intent=Intent.MODIFY, date=date(2026, 1, 1), policy=PolicyName("p", "1", "d"), received=b"r", within="w",
        problems=REPORT.problems, not_checked=("n",), native=REPORT.native, native_omitted=3, input="i", line=1, source="s",
    )  # fmt: skip
    assert of_line(full, b"q", None, 2, "j") == replace(full, received=b"q", resource_id=None, line=2, input="j")
