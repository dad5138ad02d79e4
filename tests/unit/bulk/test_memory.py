"""What is remembered of lines: only what was met often and is settled, and never more than it may take."""

from __future__ import annotations

import pickle
import re
from collections import Counter
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from caveat import Guard
from caveat.bulk import memory
from caveat.bulk.memory import Known, Memory, Unknown
from caveat.domain.decision import Verdict
from caveat.domain.report import Report, of_line
from caveat.intake.alike import Pattern, join, pattern_of
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


def met(mind: Memory, asked: Question, raw: bytes, times: int = memory._OFTEN) -> Report:
    """Let a line be met so often."""
    report = judge_bytes(asked, raw, keep=False).report
    for _ in range(times):
        found = mind.find(raw)
        if isinstance(found, Unknown):
            mind.keep(found, raw, report)
    return report


def report_of(found: Known, raw: bytes, line: int, name: str | None) -> Report:
    """Return the report on a line for which there is an answer, as a block tells it."""
    (_, answer), leaf, match = found
    return of_line(answer, raw, leaf.identity(match), line, name)


def known(found: Known | Unknown | None) -> Known | None:
    """Return what was found, None unless it answers."""
    return None if isinstance(found, Unknown) else found


def test_what_was_met_often_is_remembered() -> None:
    """Not the first time, nor before it pays; then for lines with another id, whose own it is."""
    asked = question()
    mind = Memory(asked)
    met(mind, asked, LINE, memory._OFTEN - 1)
    assert isinstance(mind.find(LINE), Unknown)
    met(mind, asked, LINE, 1)
    raw = LINE.replace(b'"a"', b'"b"')
    found = known(mind.find(raw))
    assert found is not None
    assert found[0].verdict is Verdict.REJECT
    alone = judge_bytes(asked, raw, keep=False).report
    assert report_of(found, raw, 7, "x") == replace(alone, line=7, input="x")
    assert isinstance(mind.find(LINE.replace(b"a/b", b"a/c")), Unknown)


def test_what_answers_often_is_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pattern that answered often enough is tried where a line stands, with others; it says what it says alone."""
    monkeypatch.setattr(memory, "_HOT", 3)
    monkeypatch.setattr(memory, "_WARM", 3)
    monkeypatch.setattr(memory, "_OFTEN", 1)
    monkeypatch.setattr(memory, "_MOST_JOINED", 4)
    asked = question()
    mind = Memory(asked)
    lines = [LINE.replace(b'"x"', b'"x","name":[%b]' % b",".join([b"{}"] * number)) for number in range(1, 7)]
    lines = [*lines, LINE.replace(b'"x"', rb'"\n"'), LINE.replace(b'"x"', b'"%b"' % (b"x" * memory._LONGEST_JOINED))]
    for number, raw in enumerate(lines):
        report = met(mind, asked, raw, 1)
        view = memoryview(b"\n" + raw + b"\r\n")
        for _ in range(3 * (number + 1)):
            assert recalled(mind, view, 1, len(view) - 1) is None
            assert known(mind.find(raw)) is not None
        found = recalled(mind, view, 1, len(view) - 1)
        assert (found is not None) is (number < 4)
        if found is not None:
            assert report_of(found, raw, 1, "x") == replace(report, line=1, input="x")
            assert recalled(mind, view, 1, len(view) - 3) is None
            assert recalled(mind, raw.replace(b"a/b", b"a/c")) is None
            assert recalled(mind, raw.replace(b'"a"', b'"\xc3\xa9"')) is None
            assert recalled(mind, raw.replace(b'"a"', b'"\\t"')) is None
    assert [len(hot.forms) for hot in mind._hot.values()] == [4]
    assert recalled(mind, b"{}") is None
    assert recalled(mind, LINE * 1000) is None


def recalled(mind: Memory, view: bytes | memoryview, start: int = 0, end: int | None = None) -> Known | None:
    """Return what is remembered of one line by patterns that answered often; that is the same for it among many."""
    bounds = (start, len(view) if end is None else end)
    ((_, found),) = mind.recall(view, [bounds], None)
    (*_, (_, last)) = mind.recall(view, [bounds] * 100, None)
    assert (found is None) == (last is None)
    assert found is None or last is None or (found[:2] == last[:2] and found[2].groups() == last[2].groups())
    return found


def test_what_is_warm_is_joined_along(monkeypatch: pytest.MonkeyPatch) -> None:
    """Patterns that answered some times are joined along with the one that is due; what is cold, or odd, is not."""
    monkeypatch.setattr(memory, "_HOT", 8)
    monkeypatch.setattr(memory, "_WARM", 2)
    monkeypatch.setattr(memory, "_OFTEN", 1)
    joins: list[int] = []
    monkeypatch.setattr(memory, "join", lambda patterns: joins.append(len(patterns)) or join(patterns))
    asked = question()
    mind = Memory(asked)
    due, warm, cold = (LINE.replace(b'"x"', b'"x","name":[%b]' % b",".join([b"{}"] * number)) for number in (1, 2, 3))
    odd, other = LINE.replace(b'"x"', rb'"\n"'), b'{"resourceType":"Person","gender":"x"}'
    for raw, times in ((due, 7), (warm, 2), (cold, 1), (odd, 7), (other, 7)):
        met(mind, asked, raw, 1 + times)
        assert recalled(mind, raw) is None
    del joins[:]
    assert known(mind.find(due)) is not None
    assert joins == [2]
    assert [recalled(mind, raw) is not None for raw in (due, warm, cold, odd, other)] == [True, True, False, False, False]
    for raw in (due, warm, due, warm):
        found = recalled(mind, raw)
        assert found is not None
        alone = judge_bytes(asked, raw, keep=False).report
        assert report_of(found, raw, 1, "x") == replace(alone, line=1, input="x")
    met(mind, asked, cold, 14)
    assert joins == [2]
    met(mind, asked, cold, 9)  # three that are joined answer for as much as it costs to join them
    assert joins == [2, 3]
    assert all(recalled(mind, raw) is not None for raw in (due, warm, cold))


def test_lines_of_another_sign_are_joined_by_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the byte that tells patterns apart is one of the id, a pattern is joined for each such byte that is met often."""
    monkeypatch.setattr(memory, "_OFTEN", 1)
    asked = question()
    mind = Memory(asked)
    lines = [b'{"id":"%b","resourceType":"Patient","gender":"x"}' % (bytes([sign]) * 20) for sign in b"ab"]
    met(mind, asked, lines[0], 2)
    for _ in range(memory._HOT):
        for raw in (*lines, lines[1]):
            assert known(mind.find(raw)) is not None
    assert {sign: len(hot.forms) for sign, hot in mind._hot.items()} == {ord("a"): 1, ord("b"): 1}
    assert all(recalled(mind, raw) is not None for raw in lines)


def test_what_may_be_processed_without_a_word_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of lines that are known the others are returned, by their number, and so are those that nothing is known of."""
    monkeypatch.setattr(memory, "_HOT", 1)
    monkeypatch.setattr(memory, "_WARM", 1)
    monkeypatch.setattr(memory, "_OFTEN", 1)
    asked = question()
    mind = Memory(asked)
    clear, bad, other = b'{"resourceType":"Patient","gender":"x"}', LINE, b'{"resourceType":"Patient","gender":5}'
    for raw in (clear, bad):
        met(mind, asked, raw, 3)
    body = b"\n".join([clear, bad, other, clear, b"", bad])
    lines, start = [], 0
    for raw in body.split(b"\n"):
        lines.append((start, start + len(raw)))
        start += len(raw) + 1
    quiet: Counter[Verdict] = Counter()
    left = mind.recall(memoryview(body), lines, quiet)
    assert quiet == {Verdict.CLEAR: 2}
    assert [(number, found and found[0].verdict) for number, found in left] == [
        (1, Verdict.REJECT), (2, None), (4, None), (5, Verdict.REJECT),
    ]  # fmt: skip
    assert [number for number, _ in mind.recall(body, lines, None)] == [0, 1, 2, 3, 4, 5]


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
    assert isinstance(mind.find(raw), Unknown)


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
        found = known(mind.find(raw))
        assert found is None or report_of(found, raw, 1, "x") == replace(report, line=1, input="x")
        assert mind._size <= 60_000
        assert len(mind._outlines) < 100


@pytest.mark.parametrize("raw", [LINE + b" ", LINE.replace(b":", b" :"), LINE.replace(b'"x"', b'"\\u0041"')])
def test_what_has_no_pattern_is_not_sought_for_ever(monkeypatch: pytest.MonkeyPatch, raw: bytes) -> None:
    """Lines set otherwise cost a few tries and no more."""
    tries: list[bytes] = []

    def tried(raw: bytes, *asked: Any) -> Pattern | None:
        tries.append(raw)
        return pattern_of(raw, *asked)

    monkeypatch.setattr(memory, "pattern_of", tried)
    asked = question()
    mind = Memory(asked)
    met(mind, asked, raw, memory._OFTEN * 20)
    assert len(tries) == 4


def test_lines_of_a_file_with_crlf() -> None:
    """A carriage return behind a line is white space: such lines are alike, and their bytes are told as received."""
    asked = question()
    mind = Memory(asked)
    met(mind, asked, LINE + b"\r")
    for raw in (LINE, LINE + b"\r"):
        found = known(mind.find(raw))
        assert found is not None
        assert report_of(found, raw, 1, None).received == raw
    assert isinstance(mind.find(LINE + b"\r\r"), Unknown)


def test_what_re_keeps_is_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python keeps the last 512 expressions by itself, whatever their size; those of a run are forgotten before they are many."""
    purged: list[bool] = []
    monkeypatch.setattr(memory, "_MOST", 60_000)
    monkeypatch.setattr(re, "purge", lambda: purged.append(True))
    asked = question()
    mind = Memory(asked)
    for number in range(100):
        met(mind, asked, LINE.replace(b'"x"', b'"x","name":[%s]' % b",".join([b"{}"] * number)))
        assert mind._expressions <= 60_000
    assert purged


def test_another_process_begins_anew() -> None:
    """What is remembered is not sent to another process."""
    asked = question()
    mind = Memory(asked)
    met(mind, asked, LINE)
    again = pickle.loads(pickle.dumps(mind))  # noqa: S301  our own
    assert isinstance(again.find(LINE), Unknown)


def patterns(mind: Memory) -> int:
    return sum(len(each.forms) for each in mind._outlines.values())


def shaped(number: int, more: int = 0) -> bytes:
    """Return a line of a structure of its own."""
    return b'{"resourceType":"Patient","address":[%b],"id":"a"}' % b",".join([b'{"line":["%b"]}' % (b"x" * more)] * number)


def test_patterns_are_earned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines that never come again do not have one pattern after another made of them; those that are answered for do."""
    monkeypatch.setattr(memory, "_FREE", 300)
    asked = question()
    mind = Memory(asked)
    for number in range(1, 30):
        met(mind, asked, shaped(number), memory._OFTEN)
    assert 0 < patterns(mind) < 5
    few = patterns(mind)
    for _ in range(500):
        assert known(mind.find(shaped(1))) is not None
    for number in range(30, 40):
        met(mind, asked, shaped(number), memory._OFTEN)
    assert patterns(mind) > few + 5


def test_all_that_a_line_says_is_accounted() -> None:
    """A modifier with many parts weighs what its parts do."""
    asked = question()
    mind = Memory(asked)
    parts = b",".join([b'{"url":"p","valueCode":"c"}'] * 100)
    line = b'{"resourceType":"Patient","modifierExtension":[{"url":"http://a/b","extension":[%b]}]}' % parts
    met(mind, asked, line)
    assert known(mind.find(line)) is not None
    assert mind._size > 100 * 2 * memory._SAID
