"""What whoever watches is told through OpenTelemetry: names, attributes, sums; and what it is when nobody watches."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from fhir.resources.R4B.patient import Patient
from opentelemetry import metrics, trace
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.trace import NoOpTracerProvider, StatusCode

from caveat import AuditLog, AuditUnavailable, Guard, NotLoadable, Refused, Report, UsageError
from caveat.arrow import check_batch
from caveat.cli.app import run
from caveat.telemetry import watching as module
from caveat.telemetry.instruments import NAMES, OTHER, Bounded, instruments
from strategies.trailing import GUARD, RULES, patient
from strategies.watching import Watcher, watched

ALIKE = {
    "caveat.fhir.release": "R4",
    "caveat.form": "json",
    "caveat.policy.name": "trail",
    "caveat.policy.digest": GUARD.policy.digest,
}
DAY = date(2026, 2, 1)
XML = b'<Patient xmlns="http://hl7.org/fhir"><active value="true"/></Patient>'
DOCUMENTS = (patient(), patient("understand"), patient("warn"), patient("review"), patient("unknown", "review"), b"{", b"[]", XML)


@pytest.fixture
def watcher() -> Iterator[Watcher]:
    with watched() as told:
        yield told


def attributes(watcher: Watcher) -> list[tuple[str, dict[str, Any]]]:
    return [(each.name, dict(each.attributes or {})) for each in watcher.spans]


def totals(reports: list[Report]) -> tuple[Counter[Any], Counter[Any]]:
    """Return what counters are to say of reports: a second count, of what `caveat.report/1` says of them."""
    records = [each.to_record() for each in reports]
    resources = Counter((each["verdict"], each["evidence"]) for each in records)
    decisions = Counter((one["verdict"], one["ground"]) for each in records for one in each["decisions"])
    return resources, decisions


# a check


def test_a_check_is_a_span_with_the_words_of_its_report(watcher: Watcher) -> None:
    """Verdict, evidence, release, form, policy: these and no others, and the same on the duration."""
    GUARD.check(patient("review"))
    words = {**ALIKE, "caveat.verdict": "review", "caveat.evidence": "document"}
    assert attributes(watcher) == [("caveat.check", words)]
    assert list(watcher.points()["caveat.check.duration"]) == [frozenset(words.items())]


def test_what_is_counted_is_what_the_reports_say(watcher: Watcher) -> None:
    """Resources by verdict and evidence, decisions by verdict and ground, and every byte."""
    reports = [GUARD.check(raw) for raw in DOCUMENTS] + [GUARD.check(json.loads(patient("warn")))]
    assert (
        watcher.sums("caveat.resources", "caveat.verdict", "caveat.evidence"),
        watcher.sums("caveat.decisions", "caveat.verdict", "caveat.ground"),
    ) == totals(reports)
    assert watcher.sums("caveat.input.io", "caveat.policy.name") == {"trail": sum(map(len, DOCUMENTS))}
    assert watcher.sums("caveat.check.duration", "caveat.verdict").total() == len(reports)


def test_the_form_is_as_stated_or_as_it_begins(watcher: Watcher) -> None:
    """What was handed over as a tree has none."""
    for data, form in ((XML, None), (patient(), None), (b"[]", "xml"), (json.loads(patient()), None)):
        GUARD.check(data, form=form)
    assert [dict(each.attributes or {}).get("caveat.form") for each in watcher.spans] == ["xml", "json", "xml", None]


def test_a_fault_is_told_by_its_code(watcher: Watcher) -> None:
    """What is unreadable and what is malformed say which it is."""
    Guard.default().check(b"{")
    Guard.default().check(
        b'{"resourceType":"Patient","modifierExtension":[{"url":"http://x.example","valueCode":"a","valueString":"b"}]}'
    )
    assert set(watcher.sums("caveat.decisions", "caveat.ground", "caveat.fault")) == {
        ("unreadable", "truncated"),
        ("malformed", "two-values"),
    }


def test_a_refusal_is_an_answer_and_no_error(watcher: Watcher) -> None:
    """`load` raises it all the same; the span is of the verdict."""
    with pytest.raises(Refused):
        GUARD.load(patient("unknown"), Patient)
    (span,) = watcher.spans
    assert (span.attributes or {})["caveat.verdict"] == "reject"
    assert (span.status.status_code, "error.type" in (span.attributes or {})) == (StatusCode.UNSET, False)


def test_a_failure_is_told_by_its_kind_alone(watcher: Watcher) -> None:
    """Neither its words nor a traceback, which may quote what was handed over; one of nobody's own is `_OTHER`."""
    with pytest.raises(UsageError):
        GUARD.check(b"{}", at="CANARY")
    with pytest.raises(NotLoadable):
        GUARD.load(patient(gender={"CANARY": 1}), Patient)
    with pytest.raises(ZeroDivisionError), module.watching("caveat.check"):
        raise ZeroDivisionError("CANARY")
    assert [(each.attributes or {})["error.type"] for each in watcher.spans] == ["UsageError", "NotLoadable", OTHER]
    assert {(each.status.status_code, each.status.description, each.events) for each in watcher.spans} == {
        (StatusCode.ERROR, None, ())
    }
    assert "CANARY" not in watcher.everything()


# many at once


@pytest.mark.parametrize(("workers", "scan"), [(1, False), (1, True), (2, False), (2, True)])
def test_blocks_are_counted_wherever_they_are_judged(watcher: Watcher, tmp_path: Path, workers: int, scan: bool) -> None:  # noqa: FBT001
    """The sums over a file of lines are those over its reports, with one process or several; each block is a span."""
    lines = [patient(*["warn"] * (n % 3 == 0), *["review"] * (n % 5 == 0), identity=f"p{n}") for n in range(500)]
    file = tmp_path / "CANARY.ndjson"
    file.write_bytes(b"\n".join([*lines, b"{", b""]))
    reports = [line.report for line in GUARD.ndjson(file, workers=workers, scan=scan, source="CANARY")]
    assert (
        watcher.sums("caveat.resources", "caveat.verdict", "caveat.evidence"),
        watcher.sums("caveat.decisions", "caveat.verdict", "caveat.ground"),
    ) == totals(reports)
    assert attributes(watcher) == [("caveat.bulk", ALIKE)]
    (span,) = watcher.spans
    assert (span.end_time or 0) > (span.start_time or 0) > 0
    assert watcher.sums("caveat.input.io", "caveat.policy.name") == {"trail": file.stat().st_size}
    assert "CANARY" not in watcher.everything()


@pytest.mark.parametrize("options", [[], ["--scan"], ["--jobs", "2"], ["--accepted", "a", "--held", "h"], ["--audit", "t.db"]])
def test_the_command_line_counts_every_line(
    watcher: Watcher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    """However lines are judged, each is counted once; the command is a span, and what it judges is below it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "r.caveat").write_text(RULES)
    lines = [patient(*["warn"] * (n % 2), *["unknown"] * (n % 10 == 0), identity=f"p{n}") for n in range(100)]
    (tmp_path / "x.ndjson").write_bytes(b"\n".join(lines))
    assert run(["check", "x.ndjson", "-p", "r.caveat", *options]) == 1
    assert watcher.sums("caveat.resources", "caveat.verdict") == {"warn": 50, "clear": 40, "reject": 10}
    command = watcher.spans[-1]
    assert (command.name, dict(command.attributes or {})) == (
        "caveat.command",
        {"caveat.command": "check", "process.exit.code": 1},
    )
    assert {each.parent.span_id for each in watcher.spans[:-1] if each.parent and each.name != "caveat.audit.commit"} == {
        command.context.span_id
    }


def test_lines_that_are_handed_over_are_counted_one_by_one(watcher: Watcher) -> None:
    """Those of an iterable as checks, and so is a file that ends damaged."""
    reports = [line.report for line in GUARD.ndjson([patient("warn"), b"{"])]
    assert [each.name for each in watcher.spans] == ["caveat.check"] * 2
    assert watcher.sums("caveat.resources", "caveat.verdict", "caveat.evidence") == totals(reports)[0]


@pytest.mark.parametrize("mode", ["strict", "scan"])
def test_a_batch_of_arrow_is_counted(watcher: Watcher, mode: str) -> None:
    """Row by row, what is scanned and what is null among them."""
    rows = [*DOCUMENTS[:-1], None]
    told = check_batch(
        pa.RecordBatch.from_pydict({"raw": pa.array(rows, pa.binary())}), GUARD, column="raw", mode=mode
    ).to_pylist()
    assert watcher.sums("caveat.resources", "caveat.verdict", "caveat.evidence") == Counter(
        (each["verdict"], each["evidence"]) for each in told
    )
    assert watcher.sums("caveat.decisions", "caveat.ground") == Counter(
        one["ground"] for each in told for one in each["decisions"]
    )
    assert watcher.sums("caveat.input.io", "caveat.policy.name") == {"trail": sum(map(len, DOCUMENTS[:-1]))}
    assert {each.name for each in watcher.spans} == {"caveat.bulk"}


# the trail


def test_a_commit_is_below_the_check_that_waits_for_it(watcher: Watcher, tmp_path: Path) -> None:
    """Its records are counted by their kind; the first check keeps the text of the policy too, which is its own business."""
    with AuditLog(tmp_path / "CANARY.db") as log:
        Guard(GUARD.policy, audit=log).check(patient("review"), source="CANARY")
        commit, check = watcher.spans
        assert (commit.name, commit.parent) == ("caveat.audit.commit", check.context)
        assert dict(commit.attributes or {}) == {"db.system.name": "sqlite"}
        log.record_reruns([(2, GUARD.check(patient("review")))], GUARD.policy)
    assert watcher.sums("caveat.audit.records", "caveat.audit.record.kind") == {"check": 1, "rerun": 1}
    assert "CANARY" not in watcher.everything()


def test_a_record_that_cannot_be_kept_is_an_error(watcher: Watcher, tmp_path: Path) -> None:
    """Of commit and check: no verdict is told, for none was given."""
    log = AuditLog(tmp_path / "audit.db")
    with closing(sqlite3.connect(tmp_path / "audit.db")) as connection:
        connection.execute("DROP TABLE entries")
    with pytest.raises(AuditUnavailable):
        Guard(GUARD.policy, audit=log).check(patient("warn"))
    assert [(each.attributes or {})["error.type"] for each in watcher.spans] == ["AuditUnavailable"] * 2
    assert "caveat.resources" not in watcher.points()


# bounds


def test_no_attribute_takes_ever_more_values(watcher: Watcher) -> None:
    """Ten thousand urls, ids, sources and policies later each attribute has a hundred values at most."""
    for number in range(200):
        rules = RULES.replace('"trail"', f'"p{number}"').replace("CANARY", "")
        guard = Guard.from_text(rules)
        for each in range(50):
            raw = patient("unknown", identity=f"p{number}-{each}").replace(b"/unknown", f"/u{number}-{each}".encode())
            guard.check(raw, source=f"s{number}-{each}", today=DAY)
    words = watcher.words()
    assert max(map(len, words.values())) <= 100
    assert OTHER in words["caveat.policy.name"]
    assert watcher.sums("caveat.resources", "caveat.verdict") == {"reject": 10_000}


def test_the_first_values_are_told_and_later_ones_are_not() -> None:
    """Those that were told stay so."""
    bounded = Bounded(2)
    assert [bounded(each) for each in ("a", "b", "c", "a")] == [("a",), ("b",), (OTHER,), ("a",)]


# nobody


def test_without_opentelemetry_nothing_is_imported() -> None:
    """A check, lines and a trail do not bring it in, nor `logging`; and where the API is not installed they work all the same."""
    program = """if True:
        import sys
        if {absent}:
            sys.modules["opentelemetry"] = None
        from caveat import Guard
        guard = Guard.default()
        reports = [guard.check(b'{{"resourceType":"Patient","modifierExtension":[{{"url":"http://x.example/y"}}]}}')]
        reports += [each.report for each in guard.ndjson([b"{{", b"[]"])]
        print(*[each.verdict.word for each in reports])
        print(sorted(each for each in sys.modules if "telemetry." in each or each == "logging"))
    """
    for absent in (False, True):
        said = subprocess.run(
            [sys.executable, "-c", program.format(absent=absent)], capture_output=True, text=True, check=True
        ).stdout
        own = ["caveat.telemetry.logs", "caveat.telemetry.seen", "caveat.telemetry.watching"]
        assert said == f"reject reject reject\n{own}\n"


def test_a_program_that_sets_no_provider_is_told_nothing() -> None:
    """Nor is one that sets the API's own, which do nothing."""
    assert instruments() is None
    assert module.watching("caveat.check") is module._NOBODY
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trace, "_TRACER_PROVIDER", NoOpTracerProvider())
        patch.setattr(metrics._internal, "_METER_PROVIDER", NoOpMeterProvider())
        assert instruments() is None
        assert not module.is_watched()


def test_a_provider_is_found_whenever_it_is_set() -> None:
    """A check before it changes nothing, and one after it is told; in a program of its own, as anybody writes it."""
    program = """if True:
        from caveat import Guard
        guard = Guard.default()
        guard.check(b"{}")
        from opentelemetry import trace
        guard.check(b"{}")
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import SimpleSpanProcessor
        from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
        exporter = InMemorySpanExporter()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        trace.set_tracer_provider(provider)
        guard.check(b"{}")
        print([each.name for each in exporter.get_finished_spans()])
    """
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert said == "['caveat.check']\n"


@pytest.mark.parametrize("which", ["tracer", "meter"])
def test_a_provider_that_the_environment_names_is_found(which: str) -> None:
    """The API makes it when it is first asked; Caveat asks where the environment names one."""
    program = "import opentelemetry.trace, sys; from caveat import Guard; Guard.default().check(b'{}'); "
    program += "from caveat.telemetry.watching import is_watched; print(is_watched())"
    named = {f"OTEL_PYTHON_{which.upper()}_PROVIDER": f"sdk_{which}_provider"}
    for environment, answer in (({}, "False\n"), (named, "True\n")):
        done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
        assert done.stdout == answer, done.stderr


@pytest.mark.parametrize("broken", ["get_tracer", "start_as_current_span", "start_span", "record", "add"])
def test_telemetry_that_fails_changes_no_answer(broken: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whatever part of it raises, a check answers, lines are judged and records are kept."""

    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("telemetry")

    with watched():
        made = instruments()
        assert made is not None
        if broken == "get_tracer":
            monkeypatch.setattr("caveat.telemetry.instruments.Instruments.watch", fails)
        elif broken == "record":
            monkeypatch.setattr("caveat.telemetry.instruments.Instruments.took", fails)
        elif broken == "add":
            monkeypatch.setattr("caveat.telemetry.instruments.Instruments.count", fails)
        else:
            monkeypatch.setattr(made.tracer, broken, fails)
        (tmp_path / "x.ndjson").write_bytes(patient("review"))
        with AuditLog(tmp_path / "audit.db") as log:
            guard = Guard(GUARD.policy, audit=log)
            assert guard.check(patient("warn")).verdict.word == "warn"
            assert [each.report.verdict.word for each in guard.ndjson(tmp_path / "x.ndjson")] == ["review"]
            assert len(list(log.records())) == 2


def test_every_name_is_on_the_page(watcher: Watcher, tmp_path: Path) -> None:
    """What is told by a run of everything, and what else there is to be told, is in docs/telemetry.md."""
    page = (Path(__file__).resolve().parents[3] / "docs" / "telemetry.md").read_text(encoding="utf-8")
    with AuditLog(tmp_path / "audit.db") as log:
        Guard(GUARD.policy, audit=log).check(b"{")
    (tmp_path / "x.ndjson").write_bytes(patient("review"))
    run(["check", str(tmp_path / "x.ndjson")])
    named = {each.name for each in watcher.spans} | set(watcher.points()) | set(watcher.words()) | set(NAMES.values())
    assert {each for each in named if f"`{each}`" not in page} == set()
    assert len(watcher.points()) == 8
