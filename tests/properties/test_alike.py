"""What is answered for from lines alike is what reading each line says: on lines that differ from others in a byte, or a value.

Each is held against `Guard.check`, which remembers nothing. `CAVEAT_CASES` is the number of lines, where it is more.
"""

from __future__ import annotations

import os
import random
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from caveat import Guard
from caveat.bulk import memory
from caveat.bulk.blocks import Block
from caveat.bulk.judging import Plan, Told, judged
from caveat.bulk.memory import Unknown
from caveat.domain.decision import Verdict
from caveat.domain.report import Report
from caveat.formats import text
from caveat.formats.record import Writer, record, to_json
from caveat.judge.check import Question
from strategies.lines import line

LEAST = 12_000  # lines, without which too few are alike
CASES = max(LEAST, int(os.environ.get("CAVEAT_CASES", LEAST)))
ALIKE = 40  # lines made of one
WRITTEN = 0.2  # of them what is told is written too
DAY = date(2026, 11, 25)
RULES = b"""caveat 1;
policy "p" version "1" { owner "x@x.example"; }
understand u: "http://example.org/unknown" on Patient.** because "x" assessed 2026-01-01;
exclude e: "http://example.org/excluded" on *.** because "x";
reject asks: "http://example.org/asks" on *.** when value = true because "x";
"""
VALUES = [
    b'"SUBSETTED"', b'"entered-in-error"', b'"generated"', b'"empty"', b'"a\\"b"', b'"a\\\\"', b'"\\u0041"', b'"\xc3\xa9"',
    b'"\xe9"', b'"\x01"', b'"}],[{"', b'""', b"null", b"true", b"false", b"{}", b"[]", b"0", b"-0", b"01", b"1.5", b"1e5",
    b"1e999",    b"1" * 15, b"1" * 400, b'"http://example.org/unknown"', b'"http://example.org/excluded"', b'"http://example.org/asks"',
    b'"application/fhir+json"', b'"operation"', b'"modifierExtension"', b'"a":1,"a"', b'"x' + b"y" * 200 + b'"', b"NaN",
]  # fmt: skip
UNKNOWN = b'"modifierExtension":[{"url":"http://example.org/unknown","valueBoolean":true}]'
PLAIN = b'"extension":[{"url":"http://example.org/plain","valueString":"x"}]'
SEEDS = [
    b'{"resourceType":"Patient","id":"a","active":true,"contact":[{"name":{"family":"x"},%b}],"multipleBirthInteger":2}'
    % UNKNOWN,
    b'{"resourceType":"Observation","id":"a","meta":{"tag":[{"code":"x"}]},"status":"final","valueQuantity":{"value":1.5},'
    b'"text":{"status":"generated","div":"<div>x</div>"},%b}' % UNKNOWN,
    b'{"resourceType":"Observation","component":[{"valueInteger":1,%b},{"valueInteger":2}],"code":{"coding":[{"code":"1"}]}}'
    % UNKNOWN.replace(b"unknown", b"excluded"),
    b'{"resourceType":"Patient",%b,"_birthDate":{%b},"deceasedBoolean":false}' % (PLAIN, PLAIN),
    b'{"resourceType": "Patient", "id": "a\\"b", "contained": [{"resourceType": "Patient", "gender": "male"}], "gender": "male"}',
    b'{"resourceType":"Binary","contentType":"application/pdf","data":"eyJyZXNvdXJjZVR5cGUiOiJYIn0="}',
    b'{"resourceType":"DocumentReference","status":"current","content":[{"attachment":{"title":"x","size":5}}]}',
    b'{"resourceType":"Basic","modifierExtension":[{"url":"http://example.org/asks","valueBoolean":true}]}',
    b'{"resourceType":"Patient","name":[{"use":"old"},{"use":"usual"}],"modifierExtension":[%b,%b]}'
    % (
        b'{"url":"http://example.org/unknown","extension":[{"url":"a","valueCode":"b"},{"url":"c","valueDecimal":1.5}]}',
        b'{"url":"http://example.org/excluded","valueQuantity":{"value":1.5,"comparator":"<"}}',
    ),
    b'{"resourceType":"Bundle","type":"searchset","entry":[{"resource":{"resourceType":"Patient","id":"a"}}]}',
]
_SCALAR = re.compile(rb'(?<=[:\[,])(?: ?)("(?:[^"\\]|\\.)*"|-?[0-9.]+|true|false)')


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remember a line as soon as it was met, and join its pattern to others as soon as it answered twice."""
    monkeypatch.setattr(memory, "_OFTEN", 1)
    monkeypatch.setattr(memory, "_HOT", 2)
    monkeypatch.setattr(memory, "_WARM", 1)


def alike(raw: bytes, dice: random.Random) -> bytes:
    """Return a line that differs from another in a value, or in a byte or two; sometimes in nothing."""
    kind = dice.random()
    scalars = list(_SCALAR.finditer(raw))
    if kind < 0.7 and scalars:
        for _ in range(dice.choice([1, 1, 2])):
            found = dice.choice(list(_SCALAR.finditer(raw)) or scalars)
            same_kind = [each for each in VALUES if each[:1] == found[1][:1]] or VALUES
            new = dice.choice(same_kind if dice.random() < 0.6 else VALUES)
            raw = raw[: found.start(1)] + new + raw[found.end(1) :]
    elif kind < 0.95 and raw:
        at = dice.randrange(len(raw))
        raw = (
            raw[:at] + dice.choice([b"", bytes([dice.randrange(256)]), b'"', b"\\", b" ", b"]}"]) + raw[at + dice.randrange(2) :]
        )
    return raw.replace(b"\n", b" ") or b"{}"


def block(lines: list[bytes]) -> Block:
    body = b"\n".join(lines)
    return Block(bytearray(body), len(body), 1, len(lines), 0)


def is_written_as_by_itself(question: Question, lines: list[bytes], told: Sequence[Told]) -> None:
    """Require that what is written of lines is what is written of the report on each, whether all are told or some."""
    reports = [each.report for each in told if each.report is not None]
    for writer, alone in ((text.Writer("a"), in_text), (Writer("a"), to_json)):
        for tells_all in (True, False):
            plan = Plan(question, "a", tells_all=tells_all, write=writer, keeps=False)
            wanted = [replace(each, input="a") for each in reports if tells_all or each.verdict > Verdict.ACCEPT]
            assert [each.written for each in judged(plan, block(lines)).told] == list(map(alone, wanted))


def in_text(report: Report) -> str:
    return "\n".join("".join(text for text, _ in line) for line in text.lines(report))


def said(guard: Guard, raw: bytes, number: int) -> dict[str, Any]:
    return {**record(guard.check(raw, form="json", today=DAY)), "line": number}


@pytest.mark.parametrize("guard", [Guard.default(), Guard.from_text(RULES.decode())], ids=["none", "rules"])
def test_answers_from_memory(guard: Guard) -> None:
    """Every report on a line is that of the line by itself, whatever was remembered before; and much is remembered."""
    question = guard._question(b"", None, release=None, today=DAY, intent="read", source=None)
    dice, tried, answered = random.Random(11), 0, 0
    while tried < CASES // 2:
        base = dice.choice(SEEDS) if dice.random() < 0.7 else line(dice)
        lines = [base, base, *(alike(base, dice) for _ in range(ALIKE))]
        lines = [each for each in lines if each.strip(b" \t\r")]
        plan = Plan(question, tells_all=True)
        told = judged(plan, block(lines)).told
        assert len(told) == len(lines)
        for each, raw in zip(told, lines, strict=True):
            assert each.report is not None
            assert record(each.report) == said(guard, raw, each.line), raw
        answered += sum(
            isinstance(plan.memory.find(raw), tuple) and not isinstance(plan.memory.find(raw), Unknown) for raw in lines
        )
        quiet = judged(Plan(question), block(lines))
        assert quiet.quiet.total() == sum(each.verdict <= Verdict.ACCEPT for each in told)
        if dice.random() < WRITTEN:
            is_written_as_by_itself(question, lines, told)
        tried += len(lines)
    assert answered > tried // 8
