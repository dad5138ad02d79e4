"""What is logged: which events, at which level, in which words; and what never is."""

from __future__ import annotations

import gzip
import io
import json
import logging
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from caveat import AuditLog, AuditUnavailable, Guard
from caveat.bulk import judging
from caveat.cli.app import run
from caveat.formats.schema_lines import RECORDS
from caveat.telemetry.log_lines import JsonLines, Words, written
from caveat.telemetry.logs import _SAYS, Event, listening
from strategies.trailing import GUARD, RULES, URLS, patient

POLICY = {"policy": "trail", "version": "1.0.0", "digest": GUARD.policy.digest}
Said = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def said() -> Iterator[Said]:
    """Return a function that gives the events so far, without what every line has; each is held against its model."""
    stream, handler = io.StringIO(), logging.StreamHandler()
    handler.setStream(stream)
    handler.setFormatter(JsonLines())
    logger = logging.getLogger("caveat")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)

    def events() -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in stream.getvalue().splitlines()]
        stream.seek(0)
        stream.truncate()
        for line in lines:
            RECORDS["caveat.log/1"].model_validate(line)
            assert list(line)[:6] == ["schema", "time", "level", "logger", "message", "event"]
        every = {"schema", "time", "logger", "message"}
        return [{name: value for name, value in line.items() if name not in every} for line in lines]

    yield events
    logger.removeHandler(handler)
    logger.setLevel(logging.NOTSET)


def held(verdict: str, ground: str, **more: Any) -> dict[str, Any]:
    level = "info" if verdict == "exclude" else "warning"
    told = {"level": level, "event": "check.held", "verdict": verdict, "evidence": "document", "release": "R4", "decisions": 1}
    return {**told, "ground": ground, "fault": None, **more, **POLICY}


# what is held


def test_what_is_held_is_told_with_url_and_location(said: Said) -> None:
    """The first decision that is as strict as the verdict, and of how many; what may be processed is not told."""
    for raw in (patient(), patient("understand"), patient("warn"), patient("review"), patient("review", "unknown")):
        GUARD.check(raw, source="CANARY")
    assert said() == [
        held("review", "rule", url=URLS["review"], location="Patient.modifierExtension[0]"),
        held("reject", "unknown", decisions=2, url=URLS["unknown"], location="Patient.modifierExtension[1]"),
    ]


def test_what_cannot_be_read_is_told_by_its_fault(said: Said) -> None:
    """It has no url and no location."""
    GUARD.check(b'{"CANARY"')
    assert said() == [held("reject", "unreadable", fault="truncated")]


def test_what_is_malformed_is_told_without_its_url(said: Said) -> None:
    """That may be anything; and the query of a url that is one may say whom it is about."""
    GUARD.check(b'{"resourceType":"Patient","modifierExtension":[{"url":"CANARY","valueCode":"a"}]}')
    GUARD.check(b'{"resourceType":"Patient","modifierExtension":[{"url":"http://x.example/y?CANARY","valueCode":"a"}]}')
    first, second = said()
    assert (first["ground"], first["url"]) == ("malformed", None)
    assert (second["ground"], second["url"]) == ("unknown", "http://x.example/y?…")


@pytest.mark.parametrize(
    "raw",
    [
        b'{"resourceType":"Patient","CANARY":{"modifierExtension":[{"url":"http://x.example/y"}]}}',
        b'{"resourceType":"Patient","contact":[{"CANARY":{"extension":[{"url":"%b"}]}}]}' % URLS["review"].encode(),
        b'<Patient xmlns="http://hl7.org/fhir"><CANARY><modifierExtension url="http://x.example/y"/></CANARY></Patient>',
    ],
)
def test_names_of_the_senders_own_making_are_not_told(said: Said, raw: bytes) -> None:
    """Where FHIR has no such place, what its parts are called may be anything: the resource is told, and no more."""
    GUARD.check(raw)
    (told,) = said()
    assert told["verdict"] == "reject"
    assert "CANARY" not in json.dumps(told)


def test_the_words_of_another_library_are_left_out() -> None:
    """A handler that is given more than Caveat's own logs writes lines still, with nothing of theirs in them."""
    for form in (JsonLines(), Words()):
        written_ = form.format(logging.makeLogRecord({"name": "x", "msg": {"CANARY": 1}, "args": ("CANARY",)}))
        assert "another library" in written_
        assert "CANARY" not in written_


def test_what_may_be_processed_in_part_is_information(said: Said) -> None:
    """A resource that loses an element is no refusal."""
    guard = Guard.from_text('caveat 1; policy "trail" version "1.0.0" { default exclude on Patient.contact; }')
    guard.check(b'{"resourceType":"Patient","contact":[{"modifierExtension":[{"url":"http://x.example/y"}]}]}')
    assert [(each["level"], each["event"]) for each in said()] == [("info", "policy.loaded"), ("warning", "check.held")]
    guard.check(
        b'{"resourceType":"Patient","contact":[{"name":{"text":"a"},"modifierExtension":[{"url":"http://x.example/y","valueCode":"b"}]}]}'
    )
    assert [(each["level"], each["verdict"]) for each in said()] == [("info", "exclude")]


# the rest


def test_a_policy_is_told_with_its_digest(said: Said, tmp_path: Path) -> None:
    """However it was loaded."""
    (tmp_path / "rules.caveat").write_text(RULES)
    Guard.from_text(RULES)
    Guard.from_files(tmp_path / "rules.caveat")
    assert said() == [{"level": "info", "event": "policy.loaded", **POLICY}] * 2


def test_an_entry_of_the_cache_that_is_not_trusted_is_told(said: Said, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Damaged, in a folder that others may write to, or stale, which is nothing to worry about; none at all is not told."""
    cache = tmp_path / "cache"
    monkeypatch.setenv("CAVEAT_CACHE", str(cache))
    (tmp_path / "names.caveat").write_text('caveat 1;\nextension e = "http://x.example/e";\n')
    (tmp_path / "rules.caveat").write_text(
        'caveat 1;\npolicy "p" version "1" { owner "o"; }\nimport "names.caveat" as n;\nreject r: n.e on Patient because "b";\n'
    )

    def reasons() -> list[tuple[str, str]]:
        Guard.from_files(tmp_path / "rules.caveat")
        return [(each["level"], each["reason"]) for each in said() if each["event"] == "policy.cache-rejected"]

    assert reasons() == []
    (entry,) = cache.iterdir()
    assert reasons() == []
    (tmp_path / "names.caveat").write_text('caveat 1;\n// more\nextension e = "http://x.example/e";\n')
    assert reasons() == [("debug", "stale")]
    entry.write_bytes(b"damaged\n{}")
    assert reasons() == [("warning", "entry")]
    cache.chmod(0o777)
    assert ("warning", "folder") in reasons()


def test_lines_of_a_file_are_told_in_one_event(said: Said, tmp_path: Path) -> None:
    """How many, of which verdicts, and whether the file was read to its end: when it is left, it was not."""
    file = tmp_path / "CANARY.ndjson"
    file.write_bytes(b"\n".join([patient("warn"), patient("review"), patient()]))
    told = {"level": "info", "event": "bulk.judged", "resources": 3, "held": 1, "bytes": file.stat().st_size, "whole": 1}
    for workers in (1, 2):
        list(GUARD.ndjson(file, workers=workers))
        assert said() == [{**told, "clear": 1, "warn": 1, "review": 1}]
    lines = GUARD.ndjson(file)
    next(lines)
    lines.close()  # type: ignore[attr-defined]  # it is a generator
    assert [each["whole"] for each in said()] == [0]


def test_a_damaged_file_is_told(said: Said, tmp_path: Path) -> None:
    """Its lines, and that what stands for the file itself is refused."""
    file = tmp_path / "x.ndjson.gz"
    file.write_bytes(gzip.compress(patient("warn") + b"\n" + patient("warn"))[:-4])
    list(GUARD.ndjson(file))
    assert [each["event"] for each in said()] == ["bulk.judged", "check.held"]


def test_a_line_that_caveat_fails_on_is_told_by_kind(said: Said, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not by its words, which may quote the line."""

    def fails(*_: object, **__: object) -> None:
        raise ZeroDivisionError("CANARY")

    monkeypatch.setattr(judging, "judge_bytes", fails)
    (tmp_path / "x.ndjson").write_bytes(patient())
    list(GUARD.ndjson(tmp_path / "x.ndjson"))
    assert said()[0] == {"level": "error", "event": "bulk.failed", "kind": "ZeroDivisionError"}


def test_a_trail_that_fails_is_told(said: Said, tmp_path: Path) -> None:
    """By the kind of its error, without its place; nothing is told of the resource, for nothing was answered."""
    log = AuditLog(tmp_path / "CANARY.db")
    with closing(sqlite3.connect(tmp_path / "CANARY.db")) as connection:
        connection.execute("DROP TABLE entries")
    with pytest.raises(AuditUnavailable):
        Guard(GUARD.policy, audit=log).check(patient("unknown"))
    assert said() == [{"level": "error", "event": "audit.unavailable", "system": "sqlite", "kind": "OperationalError"}]


def test_what_people_do_to_a_trail_is_told_by_numbers(said: Said, tmp_path: Path) -> None:
    """Not who did it, nor why."""
    with AuditLog(tmp_path / "audit.db") as log:
        guard = Guard(GUARD.policy, audit=log)
        report = guard.check(patient("review"))
        log.release(2, by="CANARY", because="CANARY")
        log.decline(2, by="CANARY", because="CANARY")
        log.record_reruns([(2, report)], GUARD.policy)
        log.checkpoint()
        assert log.checkpoint() is None
        log.prune(date(2099, 1, 1), by="CANARY")
    _, *told = said()
    assert told == [
        {"level": "info", "event": "audit.reviewed", "review": "release", "record": 3, "about": 2},
        {"level": "info", "event": "audit.reviewed", "review": "decline", "record": 4, "about": 2},
        {"level": "info", "event": "audit.rerun", "records": 1, "digest": GUARD.policy.digest},
        {"level": "info", "event": "audit.checkpoint", "number": 1, "last": 5},
        {"level": "info", "event": "audit.pruned", "through": 5, "waiting": 0},
    ]


# who listens


def test_without_a_handler_nothing_is_written() -> None:
    """A library that refuses a resource says so in its answer, and on nobody's terminal, though `logging` is there."""
    program = "import logging; from caveat import Guard; print(Guard.default().check(b'{').verdict.word)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("reject\n", "")


def test_logs_that_fail_change_no_answer(said: Said, tmp_path: Path) -> None:
    """A handler that raises neither hides an answer nor undoes what is done, and a trail that is lost is still said to be."""

    class Fails(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise RuntimeError(record.msg)

    (tmp_path / "x.ndjson").write_bytes(patient("review"))
    fails, logger = Fails(), logging.getLogger("caveat")
    logger.addHandler(fails)
    try:
        with AuditLog(tmp_path / "audit.db") as log:
            guard = Guard(GUARD.policy, audit=log)
            assert guard.check(patient("review")).verdict.word == "review"
            assert [each.report.verdict.word for each in guard.ndjson(tmp_path / "x.ndjson")] == ["review"]
            assert log.checkpoint() is not None
        with pytest.raises(AuditUnavailable):
            Guard(GUARD.policy, audit=AuditLog(tmp_path / "nowhere" / "audit.db")).check(patient())
    finally:
        logger.removeHandler(fails)
    assert {"check.held", "bulk.judged", "audit.checkpoint"} <= {each["event"] for each in said()}


def test_levels_are_obeyed(said: Said) -> None:
    """What nobody listens to is not even put together."""
    logging.getLogger("caveat").setLevel(logging.ERROR)
    GUARD.check(patient("unknown"))
    assert said() == []
    assert listening(Event.HELD, logging.WARNING) is None


def test_a_line_for_a_person(capsys: pytest.CaptureFixture[str]) -> None:
    """The same words on one line; the handler is gone when the context ends, and everything else is as it was."""
    logger = logging.getLogger("caveat")
    before = logger.level, logger.propagate, list(logger.handlers)
    with written(Words, logging.WARNING):
        GUARD.check(patient("unknown"))
    GUARD.check(patient("unknown"))
    (line,) = capsys.readouterr().err.splitlines()
    head, _, tail = line.partition(" warning caveat.check: a resource may not be processed as received ")
    assert head.endswith("Z")
    assert tail.startswith("verdict=reject evidence=document release=R4 decisions=1 ground=unknown url=https://example.org/")
    assert (logger.level, logger.propagate, list(logger.handlers)) == before


def test_an_exception_is_never_written() -> None:
    """Not even where somebody else logs one under a name of Caveat's."""
    error = ZeroDivisionError("CANARY")
    record = logging.LogRecord("caveat.x", logging.ERROR, "CANARY.py", 1, "said", (), (type(error), error, None))
    assert "CANARY" not in JsonLines().format(record) + Words().format(record)


@pytest.mark.parametrize(
    ("asked", "levels"),
    [
        ("json", ["info", "warning", "info"]),
        ("json:debug", ["info", "warning", "info"]),
        ("json:warning", ["warning"]),
        ("json:error", []),
    ],
)
def test_a_command_writes_what_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], asked: str, levels: list[str]
) -> None:
    """On standard error, among what the command says itself; standard output is as ever."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules.caveat").write_text(RULES)
    (tmp_path / "one.json").write_bytes(patient("unknown"))
    (tmp_path / "more.ndjson").write_bytes(patient("unknown"))
    call = ["check", "one.json", "more.ndjson", "-p", "rules.caveat", "--no-load"]
    assert run(call) == 1
    plain = capsys.readouterr()
    monkeypatch.setenv("CAVEAT_LOG", asked)
    assert run(call) == 1
    logged = capsys.readouterr()
    lines = [json.loads(line) for line in logged.err.splitlines() if line.startswith("{")]
    assert [each["level"] for each in lines] == levels
    assert logged.out == plain.out
    assert [line for line in logged.err.splitlines() if not line.startswith("{")] == plain.err.splitlines()
    assert logging.getLogger("caveat").handlers == []


@pytest.mark.parametrize("asked", ["yes", "json:loud", ":debug", "text:"])
def test_another_word_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], asked: str) -> None:
    """Whoever asks for logs and would get none is told."""
    monkeypatch.setenv("CAVEAT_LOG", asked)
    assert run(["rules"]) == 2
    assert f"CAVEAT_LOG={asked!r} means nothing" in capsys.readouterr().err


@pytest.mark.parametrize("asked", ["", "off"])
def test_nothing_asked_is_nothing_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], asked: str
) -> None:
    """And no handler is set."""
    monkeypatch.setenv("CAVEAT_LOG", asked)
    assert run(["check", "-p", "hl7", "--fhir", "R4", "nowhere.json"]) == 2
    assert "policy.loaded" not in capsys.readouterr().err


def test_every_event_is_on_the_page() -> None:
    """With its level and its words, as the tests above see them."""
    page = (Path(__file__).resolve().parents[3] / "docs" / "telemetry.md").read_text(encoding="utf-8")
    assert set(_SAYS) == set(Event)
    assert [each for each in Event if f"| `{each}` |" not in page] == []
