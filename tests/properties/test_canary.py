"""No value of a document reaches a record, message, log, span, metric or traceback: marked values are planted everywhere.

Every element of every resource type, through its data types, holds a string of its own that no Caveat could make up. What
Caveat says of such a document, whole or broken in every way that it can be, is searched for all of them.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import re
import sqlite3
import sys
import traceback
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from caveat import AuditLog, AuditUnavailable, CaveatError, Guard, Report
from caveat.audit.fhir_events import audit_event, provenance
from caveat.audit.keys import new_secret, write_once
from caveat.cli.app import run
from caveat.formats import text
from caveat.formats.sarif_report import to_sarif
from caveat.spec import Release, Shape, tables
from strategies.watching import watched

MARK = re.compile(r"CANARY\d{7}", re.IGNORECASE)
ENOUGH = 10_000
DEEPEST = 4
UNKNOWN = "http://example.org/fhir/StructureDefinition/not-known"
NOT_FILLED = {"extension", "modifierExtension", "implicitRules", "resourceType", "contained"}
TYPES = [(release, kind) for release in Release for kind in sorted(tables(release).resource_types)]
RULES = """caveat 1;
policy "canary" version "1" { default exclude on ImagingStudy.series.instance, Patient.contact; }
extension known = "https://example.org/fhir/StructureDefinition/known";
understand coded: known on *.** as CodeableConcept when value in [SYS#a] because "x" owner "o" assessed 2026-01-01;
codesystem SYS = "http://example.org/codes";
warn worded: known on *.** as string when value = "y" because "x" owner "o" assessed 2026-01-01;
"""
GUARDS = (Guard.default(), Guard.from_text(RULES))

numbers = count(1_000_000)


def mark() -> str:
    """Return a value that stands nowhere else."""
    return f"CANARY{next(numbers)}"


def filled(shape: Shape, depth: int = 0) -> dict[str, Any]:
    """Return an object of a shape with a marked value in every element, each type of a choice among them."""
    made: dict[str, Any] = {}
    for key, child in shape.children.items():
        if key in NOT_FILLED or child.shape is None:
            continue
        if child.primitive:
            value: Any = f"<div xmlns='http://www.w3.org/1999/xhtml'>{mark()}</div>" if key == "div" else mark()
        elif depth < DEEPEST - 2 * (child.shape.kind == "datatype"):
            value = filled(child.shape, depth + 1)
        else:
            continue
        made[key] = value if child.maximum == 1 else [value]
    return made


@cache
def resource(release: Release, kind: str) -> dict[str, Any]:
    """Return a resource of a type, marked; its `id` is not, for a record may name the resource."""
    return {"resourceType": kind, **filled(tables(release).required(kind)), "id": "r1"}


def modified(tree: dict[str, Any], shape: Shape) -> dict[str, Any]:
    """Return the tree with modifiers, unknown, known and malformed, at the root and in each backbone that may carry."""
    copy = {key: _modified(value, shape, key) for key, value in tree.items()}
    if not shape.carries:
        return copy
    known = "https://example.org/fhir/StructureDefinition/known"
    coded = {"coding": [{"system": "http://example.org/codes", "code": mark()}], "text": mark()}
    extensions: list[Any] = [
        {"url": UNKNOWN, "valueString": mark()},
        {"url": known, "valueCodeableConcept": coded},
        {"url": known, "valueString": mark(), "valueCode": mark()},
        {"url": UNKNOWN, "extension": [{"url": "part", "valueString": mark()}]},
        {"valueString": mark()},
        mark(),
    ]
    return {**copy, "modifierExtension": extensions, "extension": [{"url": UNKNOWN, "valueAddress": {"text": mark()}}]}


def _modified(value: Any, shape: Shape, key: str) -> Any:
    child = shape.children.get(key)
    if child is None or child.shape is None:
        return value
    if isinstance(value, list):
        return [_modified(item, shape, key) for item in value]
    return modified(value, child.shape) if isinstance(value, dict) else value


def broken(raw: bytes) -> Iterator[bytes]:
    """Give a document broken in each way that a reader has a word for, values around the break."""
    middle = raw.index(b"CANARY", len(raw) // 2)
    yield raw[: middle + 10]
    yield raw[:middle] + b"\xff" + raw[middle:]
    yield raw[:middle] + b"\n" + raw[middle:]
    yield raw[:-1] + b',"id":"' + mark().encode() + b'"}'
    yield raw + raw
    yield raw.replace(b'"resourceType": "', b'"resourceType": "' + mark().encode(), 1)
    yield raw[:-1] + b',"n":' + b"9" * 500 + b',"' + mark().encode() + b'":1}'
    yield raw[:-1] + b',"x":' + b"[" * 300 + b'"' + mark().encode() + b'"' + b"]" * 300 + b"}"
    yield b'{"' + mark().encode() + b'": ' + raw + b"}"


def said(report: Report) -> Iterator[str]:
    """Give everything that can be said of a report."""
    yield str(report)
    yield repr(report)
    yield json.dumps(report.to_record())
    yield json.dumps(report.to_outcome())
    yield json.dumps(to_sarif([report], "0"))
    yield "\n".join("".join(words for words, _ in line) for line in text.lines(report, verbose=True))


def loaded(guard: Guard, raw: bytes, release: Release) -> str:
    """Return what an application's log would show when it loads a document: the traceback, if there is one."""
    try:
        guard.load(raw, release=release)
    except CaveatError as error:
        return "".join(traceback.format_exception(error)) + "".join(map(str, getattr(error, "problems", ())))
    return ""


def logged(caplog: pytest.LogCaptureFixture) -> str:
    """Return all that is in the records of a log, and not only what a handler would write of them."""
    return "\n".join([caplog.text, *(repr(vars(record)) for record in caplog.records)])


def found(words: str) -> list[str]:
    """Return the marks in what was said."""
    return MARK.findall(words)


def test_there_are_enough_marked_values() -> None:
    """The search would prove little over a few values: ten thousand of them stand in the documents of each release."""
    for release in Release:
        marks = sum(len(found(json.dumps(resource(release, kind)))) for kind in sorted(tables(release).resource_types))
        assert marks > ENOUGH, release


@pytest.mark.parametrize(("release", "kind"), TYPES, ids=str)
def test_no_value_is_told(release: Release, kind: str, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever is said or measured of a document, whole, modified or broken, in whatever form, holds none of its values."""
    caplog.set_level(logging.DEBUG)
    plain = resource(release, kind)
    heavy = modified(plain, tables(release).required(kind))
    documents = [json.dumps(plain).encode(), json.dumps(heavy).encode()]
    told = []
    with watched() as watcher:
        for guard in GUARDS:
            for raw in (*documents, *broken(documents[1])):
                told += said(guard.check(raw, release=release))
            told += said(guard.check(heavy, release=release, intent="modify"))
        told.append(loaded(GUARDS[0], documents[0], release))
        list(GUARDS[1].ndjson([json.dumps(heavy).encode(), *broken(documents[1])], release=release))
        seen = watcher.everything()
    assert len(watcher.spans) > 2 * len(list(broken(documents[1])))
    assert found("\n".join([*told, seen, logged(caplog)])) == []
    assert UNKNOWN not in seen
    assert "check.held" in logged(caplog)


@pytest.mark.parametrize("form", ["text", "json", "outcome", "sarif", "junit", "csv", "html"])
def test_the_command_line_tells_no_value(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the command line writes, on either stream and in every form, holds no value of what it read."""
    kinds = ("ImagingStudy", "Patient", "Observation", "Bundle", "Parameters")
    heavy = [modified(resource(Release.R4B, kind), tables(Release.R4B).required(kind)) for kind in kinds]
    for number, raw in enumerate(json.dumps(each).encode() for each in heavy):
        (tmp_path / f"{number}.json").write_bytes(raw)
        for other, wrong in enumerate(broken(raw)):
            (tmp_path / f"{number}-{other}.json").write_bytes(wrong)
        (tmp_path / f"{number}.ndjson").write_bytes(raw + b"\n" + raw[:-5] + b"\n" + raw)
    monkeypatch.setenv("CAVEAT_DEBUG", "1")
    monkeypatch.setenv("CAVEAT_LOG", "json:debug")
    words = io.StringIO()
    with contextlib.redirect_stdout(words), contextlib.redirect_stderr(words):
        codes = {run(["check", "--fhir", "R4B", "--format", form, str(tmp_path)])}
        codes |= {run(["inventory", "--fhir", "R4B", str(tmp_path)]), run(["explain", "--fhir", "R4B", str(tmp_path)])}
    assert codes <= {0, 1}, words.getvalue()[-500:]
    assert len(words.getvalue()) > ENOUGH
    assert '"caveat.log/1"' in words.getvalue()
    assert found(words.getvalue()) == []
    assert sys.exc_info() == (None, None, None)


def kept_in(path: Path) -> str:
    """Return all that a trail holds: the bytes of its file and of what lies beside it, and every value of every table."""
    raw = "".join(each.read_bytes().decode("latin-1") for each in sorted(path.parent.glob(f"{path.name}*")))
    with closing(sqlite3.connect(path)) as connection:
        return raw + "\n".join(connection.iterdump())


@pytest.mark.parametrize("release", Release, ids=str)
def test_the_trail_and_the_quarantine_keep_no_value(
    release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Every type, modified and broken, its id marked too, is recorded, and held encrypted: no value shows."""
    monkeypatch.chdir(tmp_path)
    caplog.set_level(logging.DEBUG)
    write_once(tmp_path / "q.key", new_secret())
    log, marks = AuditLog(tmp_path / "audit.db", quarantine_key=tmp_path / "q.key"), 0
    for kind in sorted(tables(release).resource_types):
        heavy = modified({**resource(release, kind), "id": mark()}, tables(release).required(kind))
        raw = json.dumps(heavy).encode()
        documents = (raw, *list(broken(raw))[:2], heavy)
        marks += len(found(raw.decode()))
        for guard in GUARDS:
            log.record_many([guard.check(each, release=release, source="feed") for each in documents], guard.policy)
    held = [each for each in log.held() if each.has_bytes]
    assert marks > ENOUGH
    assert len(held) > 100
    events = [json.dumps([audit_event(each), provenance(each, {}), audit_event(each, "R5")]) for each in log.records()]
    told = [
        repr(log),
        *events,
        *map(repr, log.records(kinds=None)),
        *(repr(row) for each in held for row in each.rows()),
        logged(caplog),
    ]
    log.close()
    told.append(kept_in(tmp_path / "audit.db"))
    assert found("\n".join(told)) == []


def test_a_trail_that_fails_tells_no_value(tmp_path: Path) -> None:
    """The message and the traceback of a record that could not be kept name neither the resource nor a value of it."""
    heavy = modified({**resource(Release.R4B, "Patient"), "id": mark()}, tables(Release.R4B).required("Patient"))
    log = AuditLog(tmp_path / "audit.db", identifiers="plain")
    with closing(sqlite3.connect(tmp_path / "audit.db")) as connection:
        connection.execute("DROP TABLE entries")
    try:
        Guard(GUARDS[0].policy, audit=log).check(json.dumps(heavy).encode(), release="R4B")
    except AuditUnavailable as error:
        words = "".join(traceback.format_exception(error)) + str(error)
    assert found(words) == []


def test_the_commands_of_the_trail_tell_no_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `caveat check --audit` and every command of `caveat audit` write, and what they log and measure, holds no value."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CAVEAT_DEBUG", "1")
    monkeypatch.setenv("CAVEAT_LOG", "json:debug")
    for number, kind in enumerate(("ImagingStudy", "Patient", "Observation", "Bundle")):
        heavy = modified({**resource(Release.R4B, kind), "id": mark()}, tables(Release.R4B).required(kind))
        (tmp_path / f"{number}.json").write_bytes(json.dumps(heavy).encode())
    (tmp_path / "rules.caveat").write_text('caveat 1; policy "c" version "1" { owner "o"; default review; }')
    trail = ("--audit", "audit.db")
    commands = (
        ("audit", "keys", "q.key", "--for", "quarantine"),
        (
            "check",
            "--fhir",
            "R4B",
            "--format",
            "json",
            "-p",
            "rules.caveat",
            *trail,
            "--quarantine-key",
            "q.key",
            "-o",
            "out",
            ".",
        ),
        ("audit", "list", *trail, "--format", "json"),
        *(("audit", "report", *trail, "--format", form) for form in ("html", "md", "json", "csv")),
        ("audit", "list", "--held", *trail),
        ("audit", "list", "--held", *trail, "--format", "json"),
        ("audit", "decline", "2", *trail, "--by", "a", "--because", "b"),
        ("audit", "rerun", *trail, "-p", "rules.caveat", "--quarantine-key", "q.key"),
        ("audit", "checkpoint", *trail),
        ("audit", "verify", *trail),
    )
    words = io.StringIO()
    with watched() as watcher, contextlib.redirect_stdout(words), contextlib.redirect_stderr(words):
        codes = [run(command) for command in commands]
        seen = watcher.everything()
    assert codes == [0, 1, *[0] * 11], words.getvalue()[-500:]
    assert found(words.getvalue() + seen) == []
    assert {each.name for each in watcher.spans} == {"caveat.command", "caveat.check", "caveat.audit.commit"}
    assert '"audit.reviewed"' in words.getvalue()
    assert found(kept_in(tmp_path / "audit.db")) == []


def test_what_runs_are_watched_by_holds_nothing_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """No url, id, path of a file, source, name, reviewer or reason is in a span or a metric; in a log the url alone may be."""
    caplog.set_level(logging.DEBUG)
    url, other = f"http://example.org/{mark()}", f"http://example.org/x?{mark()}"
    feed, trail = tmp_path / f"{mark()}.ndjson", tmp_path / f"{mark()}.db"
    lines = [
        {"resourceType": "Patient", "id": mark(), mark(): mark()},
        {"resourceType": mark()},
        *(
            {"resourceType": "Patient", "id": mark(), "modifierExtension": [{"url": each, "valueString": mark()}]}
            for each in (url, other)
        ),
        {"resourceType": "Patient", "modifierExtension": [{"url": mark(), "valueString": mark()}]},
    ]
    feed.write_bytes(b"\n".join(json.dumps(each).encode() for each in lines))
    (tmp_path / "one.json").write_bytes(json.dumps(lines[2]).encode())
    with watched() as watcher, AuditLog(trail) as log:
        guard = Guard(Guard.from_text('caveat 1; policy "c" version "1" { owner "o"; default review; }').policy, audit=log)
        for workers, scan in ((1, False), (2, False), (2, True)):
            list(guard.ndjson(feed, source=mark(), workers=workers, scan=scan))
        report = guard.check(tmp_path / "one.json", source=mark())
        number = next(each.record.sequence for each in log.held() if each.record.verdict == "review")
        log.release(number, by=mark(), because=mark())
        log.decline(number, by=mark(), because=mark())
        log.record_reruns([(number, report)], guard.policy)
        log.checkpoint()
        with pytest.raises(CaveatError):
            guard.check(b"{}", at=mark(), source=mark())
        run(["check", str(feed), str(tmp_path / f"{mark()}.json"), mark(), "--audit", str(trail), "--source", mark()])
        seen = watcher.everything()
    assert len(watcher.spans) > 10
    assert found(seen) == []
    assert "example.org" not in seen
    assert set(found(logged(caplog))) == set(found(url))
