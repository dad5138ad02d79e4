"""Tests of caveat.audit.log, record, reading and reviewing: what the trail keeps, and what it never does."""

from __future__ import annotations

import json
import os
import pickle
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from fhir.resources.R4B.patient import Patient

from caveat import AuditLog, AuditUnavailable, CaveatError, Guard, Refused, UsageError, Verdict
from caveat.audit import log as log_module
from caveat.audit import store
from caveat.audit.quarantine import How
from caveat.audit.record import Record
from reference import trail as reference
from strategies.trailing import DAY, GUARD, LOOSER, RULES, URLS, filled, keys, patient, verified


@pytest.fixture
def log(tmp_path: Path) -> AuditLog:
    return AuditLog(tmp_path / "audit.db")


@pytest.fixture
def guard(log: AuditLog) -> Guard:
    return Guard(GUARD.policy, audit=log, source="pacs-a")


def spoil(path: Path) -> None:
    """Take a table away from a trail, its triggers with it."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE entries")


def only(log: AuditLog, **wanted: Any) -> Record:
    (record,) = log.records(**wanted)
    return record


# what is kept


def test_one_record_a_resource(log: AuditLog, guard: Guard) -> None:
    """Every field that the trail promises, and its decisions, are those of the report."""
    raw = patient("warn", "review")
    report = guard.check(raw, today=DAY)
    record = only(log)
    assert (record.sequence, record.kind, record.source, record.evidence) == (2, "check", "pacs-a", "document")
    assert record.input_sha256 == report.input_sha256
    assert (record.fhir_release, record.resource_type, record.verdict) == ("R4", "Patient", "review")
    assert (record.policy_name, record.policy_version) == ("trail", "1.0.0")
    assert (record.policy_digest, record.engine_version) == (GUARD.policy.digest, "0.1.0")
    assert (record.intent, record.judged_on, record.within) == ("read", "2026-11-25", None)
    assert record.problems == '["no-narrative"]'
    warned, looked_at = record.decisions
    assert (warned.url, warned.path, warned.location) == (URLS["warn"], "Patient", "Patient.modifierExtension[0]")
    assert (warned.verdict, warned.ground, warned.rule, warned.waiver) == ("warn", "rule", "warned", None)
    assert (looked_at.rule, looked_at.value, looked_at.value_type, looked_at.final) == ("looked-at", None, "string", False)
    assert datetime.fromisoformat(record.time) - datetime.now(UTC) < timedelta(minutes=1)


def test_the_text_of_a_policy_is_kept_once(log: AuditLog, guard: Guard) -> None:
    """Whose rule, why and assessed when can be said from the trail alone."""
    for _ in range(3):
        guard.check(patient())
    assert [record.kind for record in log.records(kinds=None)] == ["policy", "check", "check", "check"]
    assert log.policies() == {GUARD.policy.digest: GUARD.policy.canonical_json()}


def test_an_id_is_a_keyed_hash(log: AuditLog, guard: Guard, tmp_path: Path) -> None:
    """The id is nowhere in the file; the same id gives the same hash, another type or another key another one."""
    for raw in (patient(identity="mrn-4711"), patient(identity="mrn-4711"), patient(identity="mrn-4712")):
        guard.check(raw)
    guard.check(json.dumps({"resourceType": "Group", "id": "mrn-4711", "type": "person", "actual": True}).encode())
    first, same, other, group = (record.resource_id for record in log.records())
    assert first == same
    assert len({first, other, group}) == 3
    elsewhere = AuditLog(tmp_path / "other.db")
    Guard(GUARD.policy, audit=elsewhere).check(patient(identity="mrn-4711"))
    assert only(elsewhere).resource_id != first
    log.close()
    assert b"mrn-4711" not in (tmp_path / "audit.db").read_bytes()


def test_plain_ids_are_asked_for(tmp_path: Path) -> None:
    """A trail that is made with plain identifiers has them, and no key; that is settled for good."""
    log = AuditLog(tmp_path / "plain.db", identifiers="plain")
    Guard(GUARD.policy, audit=log).check(patient(identity="mrn-4711"))
    assert only(log).resource_id == "mrn-4711"
    assert not (tmp_path / "plain.db.key").exists()
    assert AuditLog(tmp_path / "plain.db").facts.identifiers == "plain"
    with pytest.raises(UsageError, match="settled when a trail is made"):
        AuditLog(tmp_path / "plain.db", identifiers="keyed")


def test_the_key_of_ids_is_its_owners_and_must_be_the_same(tmp_path: Path, log: AuditLog) -> None:
    """The key file is readable to its owner only; with another key nothing is recorded, with none neither."""
    key = tmp_path / "audit.db.key"
    assert key.stat().st_mode & 0o077 == 0
    content = key.read_text()
    key.write_text("0" * 64)
    with pytest.raises(UsageError, match="not the identifier key"):
        Guard(GUARD.policy, audit=log).check(patient())
    key.unlink()
    with pytest.raises(UsageError, match="cannot read the key"):
        Guard(GUARD.policy, audit=log).check(patient())
    key.write_text(content)
    assert Guard(GUARD.policy, audit=log).check(patient()).may_process


def test_a_value_is_kept_where_a_rule_says_so(log: AuditLog, guard: Guard) -> None:
    """`record value` lets the value of what that rule decided in, and no other."""
    guard.check(patient("review", "kept"))
    assert [each.value for each in only(log).decisions] == [None, '{"valueString": "value of kept"}']


def test_a_waiver_is_named_as_one(log: AuditLog) -> None:
    """What a waiver decided names the waiver, and no rule."""
    waived = 'waive until-clear: unknown for "https://example.org/fhir/**" on Patient as warn from 2026-11-01 until 2026-11-30 '
    rules = f'caveat 1; policy "w" version "1" {{ owner "o"; }} {waived} owner "o" because "x";'
    Guard(Guard.from_text(rules).policy, audit=log).check(patient("unknown"), today=DAY)
    (decision,) = only(log).decisions
    assert (decision.ground, decision.rule, decision.waiver) == ("waiver", None, "until-clear")


def test_a_url_loses_its_query_and_what_cannot_be_seen(log: AuditLog) -> None:
    """What follows `?` may say whom it is about; what a terminal would obey is written out."""
    urls = ("https://example.org/x?patient=4711", "https://example.org/\u202ex", "https://example.org/" + "x" * 4000)
    extensions = [{"url": url, "valueBoolean": True} for url in urls]
    Guard.default().check(b"{}")
    Guard(Guard.default().policy, audit=log).check({"resourceType": "Patient", "modifierExtension": extensions})
    first, second, third = (each.url for each in only(log).decisions)
    assert (first, second) == ("https://example.org/x?…", "https://example.org/\\u202ex")
    assert third is not None
    assert len(third) == 2048


def test_a_tree_has_no_digest(log: AuditLog, guard: Guard) -> None:
    """What was not handed over as bytes is recorded by what it is evidence of."""
    guard.check(json.loads(patient()))
    record = only(log)
    assert (record.input_sha256, record.evidence) == (None, "tree")
    assert record.not_checked == '["duplicate keys, lost before the check"]'


def test_what_cannot_be_read_is_recorded(log: AuditLog, guard: Guard) -> None:
    """A document that is none has a record with a digest, one decision and the code of the problem."""
    guard.check(b"{")
    record = only(log)
    assert (record.verdict, record.problems, record.resource_type) == ("reject", '["truncated"]', None)
    assert [(each.ground, each.location) for each in record.decisions] == [("unreadable", None)]


# recorded before answered


def test_every_way_of_asking_is_recorded_once(log: AuditLog, guard: Guard, tmp_path: Path) -> None:
    """`check`, `load`, `ndjson` and `protects` leave one record for each answer, refusals among them."""
    guard.check(patient())
    guard.load(patient("warn"), Patient)
    with pytest.raises(Refused):
        guard.load(patient("review"), Patient)
    (tmp_path / "p.ndjson").write_bytes(b"\n".join([patient("warn"), b"", patient("unknown")]))
    assert [line.report.verdict.word for line in guard.ndjson(tmp_path / "p.ndjson")] == ["warn", "reject"]
    with pytest.raises(CaveatError, match="refuses the resource"):
        guard.load(b'{"resourceType": "Patient", "birthDate": "x"}', Patient)

    @guard.protects
    def stored(person: Patient) -> str:
        return str(person.id)

    assert stored(patient("understand")) == "p1"
    verdicts = [record.verdict for record in log.records()]
    assert verdicts == ["clear", "warn", "review", "warn", "reject", "clear", "accept"]


def test_a_line_is_answered_after_its_record(log: AuditLog, guard: Guard) -> None:
    """When a line arrives, it is in the trail already, whatever its group; nothing of a later group is."""
    lines = (patient(identity=f"p{number}") for number in range(25))
    with patch("caveat.audit.grouping.recorded.__defaults__", (10, 60.0)):
        seen = [(line.number, len(list(log.records()))) for line in guard.ndjson(lines)]
    assert seen == [(n, min(25, -(-n // 10) * 10)) for n in range(1, 26)]


def test_what_cannot_be_recorded_is_not_answered(log: AuditLog, guard: Guard, tmp_path: Path) -> None:
    """A trail that is locked, or damaged, gives AuditUnavailable in place of an answer, whatever is asked."""
    guard.check(patient())
    with patch.object(store, "_PATIENCE", 0.05):
        fresh = AuditLog(tmp_path / "audit.db")
        locked = Guard(GUARD.policy, audit=fresh)
        with closing(sqlite3.connect(tmp_path / "audit.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(AuditUnavailable, match="locked"):
                locked.check(patient())
            other.execute("ROLLBACK")
    spoil(tmp_path / "audit.db")
    asked: list[Callable[[], object]] = [
        lambda: guard.check(patient()),
        lambda: guard.load(patient(), Patient),
        lambda: guard.load(patient("review"), Patient),
        lambda: guard.load(b'{"resourceType": "Patient", "birthDate": "x"}', Patient),
        lambda: list(guard.ndjson([patient()])),
        lambda: guard.check(patient("review"), approved=log),
    ]
    for each in asked:
        with pytest.raises(AuditUnavailable, match="no such table"):
            each()


@pytest.mark.parametrize("how", ["lines", "file", "workers"])
def test_no_line_of_a_group_that_fails_is_answered(log: AuditLog, guard: Guard, tmp_path: Path, how: str) -> None:
    """When the third group cannot be recorded the lines of the first two were answered, all of them recorded, and no other."""
    raw = [patient(*["review"] * (n % 2), identity=f"p{n}") for n in range(25)]
    (tmp_path / "p.ndjson").write_bytes(b"\n".join(raw))
    told, left, append = [], [2], log.append.__func__  # type: ignore[attr-defined]

    def failing(self: AuditLog, *arguments: Any) -> range:
        left[0] -= 1
        if left[0] < 0:
            raise AuditUnavailable("the disk is full")
        return append(self, *arguments)  # type: ignore[no-any-return]

    given: Any = raw if how == "lines" else tmp_path / "p.ndjson"
    with patch("caveat.audit.grouping.recorded.__defaults__", (10, 60.0)), patch.object(AuditLog, "append", failing):
        lines = guard.ndjson(given, workers=2 if how == "workers" else 1)
        with pytest.raises(AuditUnavailable):
            told.extend(line.number for line in lines)
    assert list(lines) == []
    assert told == list(range(1, 21))
    assert [record.input_sha256 for record in log.records()] == [sha256(each).hexdigest() for each in raw[:20]]


def test_the_message_of_a_failure_has_no_data(log: AuditLog, guard: Guard, tmp_path: Path) -> None:
    """What was to be recorded is neither in the message nor in what it was raised from."""
    spoil(tmp_path / "audit.db")
    with pytest.raises(AuditUnavailable) as found:
        guard.check(patient("review", identity="mrn-4711"))
    assert "mrn-4711" not in str(found.value) + repr(found.value.__context__)
    assert found.value.__suppress_context__


# many writers


def test_threads_share_a_log(log: AuditLog, guard: Guard) -> None:
    """Eight threads at once: every record is there, the chain is whole."""
    threads = [threading.Thread(target=lambda: [guard.check(patient("warn")) for _ in range(10)]) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert [record.sequence for record in log.records()] == list(range(2, 82))
    assert verified(log).is_whole


def test_several_logs_write_one_trail(tmp_path: Path) -> None:
    """Two logs that know nothing of one another continue one chain, and keep a policy once."""
    logs = [AuditLog(tmp_path / "audit.db") for _ in range(2)]
    for number in range(10):
        Guard(GUARD.policy, audit=logs[number % 2]).check(patient("review"))
    assert [record.kind for record in logs[0].records(kinds=None)] == ["policy", *["check"] * 10]
    assert verified(logs[1]).is_whole


def test_a_log_works_on_both_sides_of_a_fork(log: AuditLog, guard: Guard, tmp_path: Path) -> None:
    """A child makes its own connection; a program that forks its workers after opening the trail is safe."""
    guard.check(patient())
    child = """
import os, sys
from caveat import AuditLog, Guard
guard = Guard(Guard.default().policy, audit=AuditLog(sys.argv[1]))
guard.check(b"{}")
if os.fork() == 0:
    guard.check(b"{}")
    os._exit(0)
os.wait()
guard.check(b"{}")
"""
    import subprocess  # noqa: PLC0415  only here
    import sys  # noqa: PLC0415  as above

    subprocess.run([sys.executable, "-W", "ignore", "-c", child, str(tmp_path / "audit.db")], check=True)
    assert len(list(log.records())) == 4
    assert verified(log).is_whole


def test_a_guard_with_a_trail_can_be_pickled(log: AuditLog, guard: Guard) -> None:
    """It opens the same trail where it is unpickled."""
    again = pickle.loads(pickle.dumps(guard))  # noqa: S301  our own
    again.check(patient())
    assert only(log).verdict == "clear"
    assert again.audit.url == log.url


# reading


def test_records_are_read_by_filters(tmp_path: Path) -> None:
    """Each filter leaves what it says, alone and together, in sequence."""
    log = filled(tmp_path / "a.db", tmp_path, 40)
    every = list(log.records())
    assert [record.sequence for record in every] == sorted(record.sequence for record in every)
    assert {record.kind for record in log.records(kinds=None)} == {"policy", "check", "release"}
    held = [each for each in every if each.verdict in {"review", "reject"}]
    assert list(log.records(verdicts=[Verdict.REVIEW, "reject"])) == held
    assert list(log.records(url=URLS["warn"])) == [each for each in every if any(d.url == URLS["warn"] for d in each.decisions)]
    assert list(log.records(after=20)) == [each for each in every if each.sequence > 20]
    assert list(log.records(input_sha256=every[0].input_sha256)) == [every[0]]
    assert list(log.records(source="elsewhere")) == []
    assert list(log.records(policy_digest=GUARD.policy.digest)) == every
    today = datetime.now(UTC).date()
    assert list(log.records(since=today - timedelta(days=1), until=today + timedelta(days=1))) == every
    assert list(log.records(since=today + timedelta(days=2))) == list(log.records(until=date(2020, 1, 1))) == []
    late = datetime.fromisoformat(every[9].time)
    assert {each.time for each in log.records(since=late)} == {each.time for each in every if each.time >= every[9].time}
    assert {each.time for each in log.records(until=late)} == {each.time for each in every if each.time <= every[9].time}
    with pytest.raises(UsageError, match="needs its zone"):
        list(log.records(since=datetime(2026, 1, 1)))  # noqa: DTZ001  that is the mistake


def test_reading_goes_by_pages(log: AuditLog, guard: Guard) -> None:
    """More records than a page holds come all, each with its own decisions."""
    for _ in guard.ndjson(patient(*["warn"] * (number % 3)) for number in range(1203)):
        pass
    assert [len(record.decisions) for record in log.records()] == [number % 3 for number in range(1203)]


# the quarantine


def test_what_is_not_let_through_as_received_is_held(log: AuditLog, guard: Guard) -> None:
    """Held is whatever is stricter than a warning, until a person has looked at it."""
    for verbs in ((), ("warn",), ("review",), ("unknown",)):
        guard.check(patient(*verbs))
    assert [(each.record.verdict, each.status, each.has_bytes) for each in log.held()] == [
        ("review", "pending", False),
        ("reject", "pending", False),
    ]


def test_the_rows_are_those_of_the_guide(log: AuditLog, guard: Guard) -> None:
    """The columns have HL7's names; a value is masked but where a rule says `record value` (MX-41)."""
    guard.check(patient("review", "kept"))
    (held,) = log.held()
    log.decline(held.record.sequence, by="dr. who", because="unclear")
    (held,) = log.held(status="declined")
    first, second = held.rows()
    assert [field for field in first.__dataclass_fields__] == [  # noqa: C416  the names, in their order
        "resource_type",
        "resource_id",
        "source_system",
        "modifier_extension_url",
        "modifier_extension_value",
        "date_quarantined",
        "review_status",
        "reviewer_notes",
    ]
    assert (first.resource_type, first.source_system, first.modifier_extension_url) == ("Patient", "pacs-a", URLS["review"])
    assert (first.review_status, first.reviewer_notes) == ("declined", "dr. who: unclear")
    assert (first.modifier_extension_value, second.modifier_extension_value) == ("***", '{"valueString": "value of kept"}')


def test_a_release_is_recorded_and_let_through(log: AuditLog, guard: Guard) -> None:
    """The released input passes, under its policy, by the release or by the trail; others do not."""
    raw = patient("review")
    guard.check(raw)
    (held,) = log.held()
    release = log.release(held.record.sequence, by="dr. who", because="looked at")
    record = only(log, kinds=["release"])
    assert (record.actor, record.reason, record.about) == ("dr. who", "looked at", held.record.sequence)
    assert [each.location for each in record.decisions] == ["Patient.modifierExtension[0]"]
    assert release.locations == {"Patient.modifierExtension[0]"}
    for approved in (release, [release], log):
        assert guard.check(raw, approved=approved).verdict is Verdict.ACCEPT
    assert guard.check(raw).verdict is Verdict.REVIEW
    assert guard.check(patient("review", identity="p2"), approved=log).verdict is Verdict.REVIEW
    looser = Guard.from_text(RULES.replace('"shown"', '"shown on every page"'))
    assert looser.check(raw, approved=log).verdict is Verdict.REVIEW
    assert [each.status for each in log.held(status=None)][:2] == ["released", "released"]
    assert verified(log).is_whole


def test_a_decline_ends_a_release(log: AuditLog, guard: Guard) -> None:
    """The newest review counts, both ways."""
    raw = patient("review")
    guard.check(raw)
    (held,) = log.held()
    number = held.record.sequence
    log.release(number, by="a", because="b")
    log.decline(number, by="c", because="d")
    assert guard.check(raw, approved=log).verdict is Verdict.REVIEW
    log.release(number, by="e", because="f")
    assert guard.check(raw, approved=log).verdict is Verdict.ACCEPT


def test_what_cannot_be_released_is_said(log: AuditLog, guard: Guard) -> None:
    """No record, a record that holds nothing, nothing to review, a tree, nobody or no reason: each is refused with its reason."""
    for data in (patient(), patient("unknown"), json.loads(patient("review")), patient("review")):
        guard.check(data)
    for number, said in ((99, "holds nothing"), (2, "holds nothing"), (3, "waits for a review"), (4, "is of no bytes")):
        with pytest.raises(UsageError, match=said):
            log.release(number, by="a", because="b")
    for by, because in (("", "b"), ("a", " ")):
        with pytest.raises(UsageError, match="who and why"):
            log.release(5, by=by, because=because)
        with pytest.raises(UsageError, match="who and why"):
            log.decline(5, by=by, because=because)
    assert log.decline(4, by="a", because="a tree may be declined") == 6
    assert [each.status for each in log.held(status=None)] == ["pending", "declined", "pending"]


def test_bytes_are_kept_encrypted(tmp_path: Path) -> None:
    """What was held can be had back, as received and how it was handed over, with the key only; the file has none of it."""
    quarantine, _ = keys(tmp_path)
    log = AuditLog(tmp_path / "audit.db", quarantine_key=quarantine)
    raw = patient("review", identity="mrn-4711")
    Guard(GUARD.policy, audit=log).check(raw, form="json", at="Patient")
    Guard(GUARD.policy, audit=log).check(patient("warn"))
    (held,) = log.held()
    assert held.has_bytes
    assert log.held_bytes(held) == (raw, How("json", "Patient", "fhir"))
    without = AuditLog(tmp_path / "audit.db")
    with pytest.raises(UsageError, match="encrypted"):
        without.held_bytes(held)
    other = tmp_path / "other.key"
    other.write_text("0" * 64)
    with pytest.raises(CaveatError, match="another key, or was changed"):
        AuditLog(tmp_path / "audit.db", quarantine_key=other).held_bytes(held)
    log.close()
    without.close()
    assert b"mrn-4711" not in (tmp_path / "audit.db").read_bytes()
    assert b"value of" not in (tmp_path / "audit.db").read_bytes()


def test_without_a_key_only_the_digest_is_kept(log: AuditLog, guard: Guard) -> None:
    """There are no bytes to have back, and that is no fault."""
    guard.check(patient("review"))
    (held,) = log.held()
    assert log.held_bytes(held) is None


# checkpoints and retention


def test_a_checkpoint_is_made_by_itself(log: AuditLog, guard: Guard) -> None:
    """After so many records, in whatever groups they come; `checkpoint` makes one of the rest, and none of nothing."""
    with patch.object(log_module, "EVERY", 10):
        for _ in range(25):
            guard.check(patient())
        list(guard.ndjson([patient()] * 30))
    assert [(each.first, each.last) for each in log.checkpoints()] == [(1, 10), (11, 20), (21, 56)]
    assert log.checkpoint() is None
    guard.check(patient())
    made = log.checkpoint()
    assert made is not None
    assert (made.first, made.last, made.signature) == (57, 57, None)
    assert verified(log, made.line).anchored == 57


def test_only_whole_segments_are_pruned(tmp_path: Path) -> None:
    """What a checkpoint covers and is old goes, with its decisions and bytes; its line stays, and the chain goes on from it."""
    log = filled(tmp_path / "a.db", tmp_path, 100, every=40)
    first, second = log.checkpoints()
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    assert log.prune(date(2020, 1, 1)) == (0, 0)
    through, waiting = log.prune(tomorrow, by="records office")
    assert through == second.last
    assert waiting > 0
    assert [record.sequence for record in log.records(kinds=None)] == list(range(through + 1, 102))
    assert only(log, kinds=["prune"]).about == through
    assert log.checkpoints() == [first, second]
    told = verified(log, first.line)
    assert told.is_whole, told.findings
    assert (told.pruned, told.anchored, told.first) == (through, first.last, through + 1)
    assert log.prune(tomorrow) == (0, 0)
    log.checkpoint()
    assert log.prune(tomorrow)[0] == 101
    assert verified(log).is_whole


def test_all_may_be_pruned_and_the_chain_goes_on(tmp_path: Path) -> None:
    """A trail whose every segment went is continued from its last checkpoint."""
    log = filled(tmp_path / "a.db", tmp_path, 50, every=50)
    log.checkpoint()
    log.prune(datetime.now(UTC).date() + timedelta(days=1))
    Guard(GUARD.policy, audit=log).check(patient())
    assert [(record.sequence, record.kind) for record in log.records(kinds=None)] == [(51, "prune"), (52, "check")]
    assert verified(log).is_whole


@pytest.mark.parametrize("statement", ["UPDATE entries SET time = 'x'", "DELETE FROM decisions", "DELETE FROM policies"])
def test_the_tables_refuse_to_be_changed(tmp_path: Path, statement: str) -> None:
    """A courtesy to whoever errs: the database says no."""
    filled(tmp_path / "a.db", tmp_path, 10).close()
    with closing(sqlite3.connect(tmp_path / "a.db")) as connection, pytest.raises(sqlite3.IntegrityError, match="never changed"):
        connection.execute(statement)


# misuse


def test_what_is_no_trail_is_refused(tmp_path: Path) -> None:
    """A trail that is nowhere, in memory, on another server, or another kind of file is named as what it is."""
    for where in ("", ":memory:", "mysql://x/y", "sqlite://", "no url://"):
        with pytest.raises(UsageError):
            AuditLog(where)
    with pytest.raises(UsageError, match="there is no audit trail"):
        AuditLog(tmp_path / "none.db", create=False)
    (tmp_path / "empty.db").touch()
    with pytest.raises(UsageError, match="holds no audit trail"):
        AuditLog(tmp_path / "empty.db", create=False)
    (tmp_path / "text.db").write_text("this is no database at all, but a text that is long enough to be read as one" * 20)
    with pytest.raises(AuditUnavailable, match="not a database"):
        AuditLog(tmp_path / "text.db")
    with pytest.raises(UsageError, match="means nothing"):
        AuditLog(tmp_path / "a.db", identifiers="hashed")
    with pytest.raises(UsageError, match="`audit` is an `AuditLog`"):
        Guard(GUARD.policy, audit="audit.db")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="records reports"):
        AuditLog(tmp_path / "a.db").record_many(["x"])  # type: ignore[list-item]


def test_a_trail_of_a_newer_caveat_is_refused(tmp_path: Path) -> None:
    """Tables that this Caveat does not know are not written to."""
    AuditLog(tmp_path / "a.db").close()
    with closing(sqlite3.connect(tmp_path / "a.db", isolation_level=None)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0002'")
    with pytest.raises(UsageError, match="newer Caveat"):
        AuditLog(tmp_path / "a.db")


def test_a_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without SQLAlchemy, or the driver of PostgreSQL, the message says what to install."""
    real = __import__("importlib.util").util.find_spec
    for missing, where, extra in (("sqlalchemy", tmp_path / "a.db", "audit"), ("psycopg", "postgresql://x/y", "postgres")):
        monkeypatch.setattr("caveat.audit.extras.find_spec", lambda name, gone=missing: None if name == gone else real(name))
        with pytest.raises(UsageError, match=rf"caveat\[{extra}\]"):
            AuditLog(where)


def test_a_trail_on_a_server_needs_a_key_of_its_own(tmp_path: Path) -> None:
    """There is no file beside a server; the reader of the message learns both ways out."""
    with pytest.raises((UsageError, AuditUnavailable)):
        AuditLog("postgresql://nobody@localhost:1/none")


def test_a_second_reader_has_the_policies(tmp_path: Path) -> None:
    """The text that is kept is the JSON whose SHA-256 the records name."""
    filled(tmp_path / "a.db", tmp_path, 10).close()
    assert reference.policies(tmp_path / "a.db")[GUARD.policy.digest]["name"] == "trail"


def test_what_was_held_is_decided_again(tmp_path: Path) -> None:
    """A rerun is a record of its own, about the one that held it, with the new policy and the new verdict."""
    log = filled(tmp_path / "a.db", tmp_path, 20)
    looser = Guard.from_text(LOOSER)
    held = next(each for each in log.held() if each.record.verdict == "review")
    kept = log.held_bytes(held)
    assert kept is not None
    report = looser.check(kept[0])
    log.record_reruns([(held.record.sequence, report)], looser.policy)
    (record,) = log.records(kinds=["rerun"])
    assert (record.about, record.policy_version, record.held_sha256) == (held.record.sequence, "2.0.0", None)
    assert verified(log).is_whole


def test_keys_are_written_once(tmp_path: Path) -> None:
    """A key is never written over, and a file that is none is named."""
    quarantine, signing = keys(tmp_path)
    with pytest.raises(FileExistsError):
        keys(tmp_path)
    assert os.stat(quarantine).st_mode & 0o777 == 0o600  # noqa: PTH116  the mode
    for wrong in ({"quarantine_key": signing}, {"signing_key": quarantine}, {"signing_key": tmp_path / "signing.key.pub"}):
        with pytest.raises(UsageError, match=r"is no (private )?key"):
            AuditLog(tmp_path / "a.db", **wrong)  # type: ignore[arg-type]
