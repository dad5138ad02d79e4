"""What is remembered of lines: only what was met often and is settled, and never more than it may take."""

from __future__ import annotations

import pickle
from datetime import date

import pytest

from caveat import Guard
from caveat.bulk import memory
from caveat.bulk.memory import Memory
from caveat.domain.decision import Verdict
from caveat.domain.report import Report
from caveat.judge.check import Question, judge_bytes

DAY = date(2026, 11, 25)
LINE = b'{"resourceType":"Patient","id":"a","gender":"x","modifierExtension":[{"url":"http://a/b","valueBoolean":true}]}'
RULES = """caveat 1;
policy "p" version "1" { owner "x@x.example"; }
reject r: "http://a/b" on *.** when value = true because "x";
"""
DEFINED = b"http://hl7.org/fhir/StructureDefinition/request-doNotPerform"


GUARD = Guard.default()


def question(guard: Guard = GUARD, **options: object) -> Question:
    asked = {"release": None, "today": DAY, "intent": "read", "source": None, **options}
    return guard._question(b"", None, **asked)  # type: ignore[arg-type]


def met(mind: Memory, asked: Question, raw: bytes, times: int = 24) -> Report:
    """Let a line be met so often."""
    report = judge_bytes(asked, raw, keep=False).report
    for _ in range(times):
        match = mind.find(raw)
        if match is not None and match.answer is None:
            mind.keep(match, raw, report)
    return report


def test_what_was_met_often_is_remembered() -> None:
    """Not the first time, nor before it pays; then for lines with another id, whose own it is."""
    asked = question()
    mind = Memory(asked)
    met(mind, asked, LINE, 23)
    first = mind.find(LINE)
    assert first is not None
    assert first.answer is None
    met(mind, asked, LINE, 1)
    match = mind.find(LINE.replace(b'"a"', b'"b"'))
    assert match is not None
    assert match.answer is not None
    assert (match.answer.verdict, match.identity(), match.answer.received) == (Verdict.REJECT, "b", None)
    other = mind.find(LINE.replace(b"a/b", b"a/c"))
    assert other is not None
    assert other.answer is None


@pytest.mark.parametrize(
    ("guard", "raw"),
    [
        (Guard.from_text(RULES), LINE),
        (Guard.default(), LINE.replace(b"http://a/b", DEFINED)),
        (Guard.default(), b'{"resourceType":"Patient","gender":"a","gender":"a"}'),
        (Guard.default(), b'{"resourceType":"Nothing"}'),
        (Guard.default(), b'{"resourceType":"Patient","meta":{"tag":[{"code":"SUBSETTED"}]}}'),
        (Guard.default(), b'{"resourceType":"Patient","modifierExtension":[{"valueBoolean":true}]}'),
        (Guard.default(), b'{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Patient"}}]}'),
    ],
)
def test_what_is_not_settled_is_not_remembered(guard: Guard, raw: bytes) -> None:
    """Conditions and definitions may look at all of a line; what was not read, or is no modifier extension, is judged again."""
    asked = question(guard)
    mind = Memory(asked)
    met(mind, asked, raw, 100)
    match = mind.find(raw)
    assert match is not None
    assert match.answer is None


def test_questions_about_parts_are_not_remembered() -> None:
    """An element alone, a GraphQL answer, and limits that a value may reach have no memory."""
    assert Memory(question(at="Patient.contact", within=None)).find(LINE) is None
    assert Memory(question(wire="graphql", at="Patient")).find(LINE) is None
    assert Memory(question()).find(b" " * 70_000) is None


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many lines differ, what is kept stays below a bound; the answers stay right."""
    monkeypatch.setattr(memory, "_MOST", 60_000)
    asked = question()
    mind = Memory(asked)
    for number in range(300):
        raw = LINE.replace(b"a/b", b"a/%d" % number).replace(b'"x"', b'"x","name":[%s]' % b",".join([b"{}"] * (number % 7)))
        report = met(mind, asked, raw)
        match = mind.find(raw)
        assert match is not None
        assert match.answer is None or match.answer.decisions == report.decisions
        assert mind._size <= 60_000
        assert len(mind._outlines) < 100


def test_another_process_begins_anew() -> None:
    """What is remembered is not sent to another process."""
    asked = question()
    mind = Memory(asked)
    met(mind, asked, LINE)
    again = pickle.loads(pickle.dumps(mind))  # noqa: S301  our own
    match = again.find(LINE)
    assert match is not None
    assert match.answer is None
