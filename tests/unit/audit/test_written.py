"""Tests of caveat.audit.written: what is recorded of a report as written down is what is recorded of the report itself."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from caveat import AuditLog, AuditUnavailable, Guard, Report
from caveat.audit import noting, written
from caveat.audit.noting import Noting
from caveat.audit.record import DECISION_COLUMNS
from caveat.formats.record import to_json
from reference.generate import random_case, to_caveat
from strategies.trailing import RULES, patient, verified

FAULT = DECISION_COLUMNS.index("fault")
MANY = b'{"resourceType":"Patient","modifierExtension":[%s]}'
SEVEN = [patient(*["review"] * (number % 2), identity=f"p{number}") for number in range(7)]


def reports() -> Iterator[Report]:
    """Give reports of every kind: by rules and waivers, of faults, unreadable, of no bytes, with odd urls and many decisions."""
    rules = RULES + 'waive w: unknown for "https://x.example/w" on Patient as warn from 2020-01-01 until 2099-01-01 because "b";'
    guard = Guard.from_text(rules, source="a\u202eb\n")
    for name in ("w", "q?patient=4711", "\u202e", "long" * 900):
        url = f"https://x.example/{name}"
        yield guard.check(json.dumps({"resourceType": "Patient", "modifierExtension": [{"url": url, "valueBoolean": True}]}))
    for raw in (patient("warn"), patient("review", "unknown"), b"{", b"", b'{"resourceType":"Patient","id":"a","id":"b"}'):
        yield guard.check(raw)
    yield guard.check({"resourceType": "Patient", "id": "t"})
    yield guard.check(MANY % b",".join([b'{"url":"https://x.example/u","valueBoolean":true}'] * 1200))
    dice = random.Random(7)
    for case in [random_case(dice) for _ in range(150)]:
        if case.wire == "fhir" and case.at is None:
            raw = json.dumps(case.document, default=float)
            yield Guard.from_text(to_caveat(case.policy)).check(raw, release=case.release, today=case.date, intent=case.intent)


def test_the_notes_are_alike() -> None:
    """But for the code of a fault, and for decisions beyond those that are listed, whose number is not hidden."""
    grounds = set()
    for report in reports():
        told = json.loads(to_json(report))
        mine, wanted = written.noted(told), Noting()(report, report.received, report.resource_id)
        rows = [(*row[:FAULT], None, *row[FAULT + 1 :]) for row in wanted[3]]
        assert list(mine[3]) == rows[:1000]
        grounds |= {row[6] for row in rows}
        assert mine[1:3] == wanted[1:3]
        if len(rows) <= 1000:
            assert mine[0].shared == wanted[0].shared
        else:
            problems = json.loads(wanted[0].shared.problems or "[]")
            assert json.loads(mine[0].shared.problems or "[]") == [*problems, "decisions-omitted"]
    assert {"rule", "unknown", "waiver", "unreadable"} <= grounds


@pytest.fixture
def log(tmp_path: Path) -> Iterator[AuditLog]:
    with AuditLog(tmp_path / "a.db") as made:
        yield made


def told(number: int) -> list[dict[str, Any]]:
    guard = Guard.from_text(RULES)
    return [json.loads(to_json(guard.check(SEVEN[n % 7]))) for n in range(number)]


def test_reports_are_kept_in_groups_in_their_order(log: AuditLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each group is kept before the next is asked for; one record a report, in order, with the text of the policy."""
    monkeypatch.setattr(written, "GROUP", 3)
    asked, kept_then = [], []

    def source() -> Iterator[dict[str, Any]]:
        for each in told(7):
            kept_then.append(len(list(log.records())))
            asked.append(each["input_sha256"])
            yield each

    policy = Guard.from_text(RULES).policy
    assert written.keep(log, source(), policy) == 7
    assert kept_then == [0, 0, 0, 3, 3, 3, 6]
    assert [record.input_sha256 for record in log.records()] == asked
    assert list(log.policies()) == [policy.digest]
    assert verified(log).is_whole


def test_an_attempt_that_failed_is_gone_on_with(log: AuditLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an attempt kept before it failed is found by the next, wherever it stopped and whoever wrote between; once each."""
    monkeypatch.setattr(written, "GROUP", 3)
    wanted = told(14)
    log.record(Guard.from_text(RULES).check(SEVEN[0]))  # the same document, before
    after = log.last

    def failing(stop: int) -> Iterator[dict[str, Any]]:
        yield from wanted[:stop]
        raise ConnectionError

    for stop in (4, 7, 12):
        with pytest.raises(ConnectionError):
            written.keep(log, failing(stop), None, after)
        log.record(Guard.from_text(RULES, source="another").check(SEVEN[stop % 7]))
    assert written.keep(log, wanted, None, after) == 14
    mine = [record.input_sha256 for record in log.records(after=after) if record.source is None]
    assert mine == [each["input_sha256"] for each in wanted]
    assert written.keep(log, wanted, None, after) == 14
    assert len(list(log.records(after=after))) == 14 + 3
    assert verified(log).is_whole


def test_what_is_remembered_of_shared_reports_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """By their decisions, of which one report may have thousands; the notes are the same."""
    monkeypatch.setattr(noting, "_MOST", 6)
    shared = [replace(Guard.from_text(RULES).check(patient("review", "unknown")), received=None) for _ in range(5)]
    makes = Noting()
    for report in (*shared, *reversed(shared)):
        assert makes(report, b"", "a") == Noting()(report, b"", "a")
        assert sum(1 + len(each.decisions) for each in makes._alive) <= 6


def test_a_row_without_bytes_is_found_again(log: AuditLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever among the others it stands: a null in a frame has no digest, and all that is behind it is found too."""
    monkeypatch.setattr(written, "GROUP", 2)
    wanted = told(5)
    wanted[2] = {**wanted[2], "input_sha256": None}
    for _ in range(2):
        assert written.keep(log, wanted, None, 0) == 5
        assert [record.input_sha256 for record in log.records()] == [each["input_sha256"] for each in wanted]


def test_what_cannot_be_kept_is_said(log: AuditLog, tmp_path: Path) -> None:
    """A trail that cannot be written raises, and nothing of the group is there."""
    log.close()
    (tmp_path / "a.db").write_bytes(b"no database")
    with pytest.raises(AuditUnavailable):
        written.keep(log, told(2))
