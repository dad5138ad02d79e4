"""What a block comes to: counted, told, refused, and never passed over."""

from __future__ import annotations

import pickle
from collections import Counter
from dataclasses import replace
from datetime import date

import pytest

from caveat import Guard
from caveat.bulk import judging
from caveat.bulk.blocks import Block
from caveat.bulk.judging import Plan, judged, judged_line
from caveat.bulk.needles import needles_of
from caveat.domain.decision import Verdict
from caveat.formats import record
from caveat.intake.limits import Limits
from caveat.judge.check import Question

DAY = date(2026, 11, 25)
CLEAR, BAD = b'{"resourceType":"Patient"}', b'{"resourceType":"Patient","modifierExtension":[{"url":"http://a/b"}]}'
QUESTION: Question = Guard.default()._question(b"", None, release=None, today=DAY, intent="read", source="s")


def block(*lines: bytes) -> Block:
    body = b"\n".join(lines)
    return Block(bytearray(body), len(body), 5, len(lines), 0)


def test_quiet_documents_are_counted_and_others_told() -> None:
    """What may be processed without a word is counted; the rest is told with line and place."""
    for scans in (False, True):
        part = judged(Plan(QUESTION, "x", scans=scans), block(CLEAR, BAD, CLEAR))
        assert part.quiet == Counter({Verdict.CLEAR: 2})
        (told,) = part.told
        assert (told.line, told.start, told.end) == (6, len(CLEAR) + 1, len(CLEAR) + 1 + len(BAD))
        assert told.report is not None
        assert (told.report.line, told.report.input, told.report.source, told.verdict) == (6, "x", "s", Verdict.REJECT)
        assert part.documents == 3


def test_a_scanned_line_says_so() -> None:
    """Its evidence is `scanned`, its verdict clear, and the report says what nobody looked at."""
    report = judged_line(Plan(QUESTION, "x", scans=True), CLEAR, 3)
    assert (report.evidence, report.verdict, report.line, report.received) == ("scanned", Verdict.CLEAR, 3, CLEAR)
    assert len(report.not_checked) == 3
    assert record.record(report)["evidence"] == "scanned"
    assert judged_line(Plan(QUESTION, scans=True), BAD, 3).evidence == "document"
    assert judged_line(Plan(QUESTION), CLEAR, 3).evidence == "document"


@pytest.mark.parametrize("scans", [False, True])
def test_what_hides_behind_blanks_beyond_the_limit_is_refused(*, scans: bool) -> None:
    """A line is not looked at beyond the limit, so that one which is blank up to there is no blank line."""
    question = replace(QUESTION, limits=Limits(bytes=200))
    part = judged(Plan(question, scans=scans), block(CLEAR, b" " * 201 + BAD, b" " * 200, CLEAR))
    assert part.quiet == Counter({Verdict.CLEAR: 2})
    (told,) = part.told
    assert (told.line, told.verdict) == (6, Verdict.REJECT)


@pytest.mark.parametrize("odd", [b"", b" ", b"\xef\xbb\xbf{}", b"[]", b"x", b"\0"])
def test_a_line_that_begins_as_no_object_is_read(odd: bytes) -> None:
    """Where one line does not begin as an object, every line of the block is looked at; an empty one is no document."""
    part = judged(Plan(QUESTION, scans=True), block(CLEAR, odd, BAD))
    strict = judged(Plan(QUESTION), block(CLEAR, odd, BAD))
    assert [(each.line, each.verdict) for each in part.told] == [(each.line, each.verdict) for each in strict.told]
    assert part.quiet == strict.quiet


def test_a_report_is_written_where_it_is_made() -> None:
    """With `write` what is told is text, and the report goes along only where it is kept; all of it can be pickled."""
    part = judged(Plan(QUESTION, tells_all=True, write=record.Writer(None), keeps=False), block(CLEAR, BAD))
    assert [each.report for each in part.told] == [None, None]
    assert all((each.written or "").startswith('{"schema": "caveat.report/1"') for each in part.told)
    assert pickle.loads(pickle.dumps(part)).told == part.told  # noqa: S301  our own
    assert not part.quiet


def test_a_line_that_caveat_fails_on_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error within Caveat is that line's refusal, told by its kind; the others are judged."""
    real = judging.judge_bytes

    def fails(question: Question, raw: bytes, form: object, **options: object) -> object:
        if raw == BAD:
            raise ZeroDivisionError("patient data")
        return real(question, raw, form, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(judging, "judge_bytes", fails)
    part = judged(Plan(QUESTION), block(BAD, CLEAR))
    assert part.failed == [(5, "ZeroDivisionError")]
    assert part.told[0].verdict is Verdict.REJECT
    assert part.told[0].report is not None
    assert part.told[0].report.problems[0].code == "internal-fault"
    assert part.quiet == Counter({Verdict.CLEAR: 1})


def test_the_policy_says_which_urls_are_modifiers() -> None:
    """HL7's of any release, and the literal urls of rules; a plan with all of that can be pickled."""
    rules = 'caveat 1;\npolicy "p" version "1" { owner "x"; }\nreject r: "https://own.example/not-done" on Patient because "x";\n'
    needles = pickle.loads(pickle.dumps(needles_of(Guard.from_text(rules).policy)))  # noqa: S301  our own
    body = b'{"resourceType":"Patient","extension":[{"url":"%s"}]}'
    assert needles.may_hold(body % b"https://own.example/not-done")
    assert needles.may_hold(body % b"http://hl7.org/fhir/StructureDefinition/request-doNotPerform")
    assert needles.may_hold(body % b"http://hl7.org/fhir/5.0/StructureDefinition/extension-ServiceRequest.doNotPerform")
    assert not needles.may_hold(body % b"http://hl7.org/fhir/StructureDefinition/patient-birthPlace")
