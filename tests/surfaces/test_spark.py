"""Spark says of each row what `check` says of the document, whatever the partitions; nothing is lost, and misuse is refused.

Real Spark, `local[2]`: without Java or PySpark these tests are skipped, and say so.
"""

from __future__ import annotations

import copy
import json
import os
import pickle
import random
import re
import runpy
import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from caveat import AuditLog, AuditUnavailable, CaveatError, Guard, UsageError
from reference.generate import random_case
from strategies.batches import GUARD, TODAY, expected, planted, told
from strategies.trailing import verified

pytest.importorskip("pyspark", reason="PYSPARK IS ABSENT: `make .venv/.spark` installs it")
if shutil.which("java") is None:
    pytest.skip("JAVA IS ABSENT: these tests run real Spark; install openjdk-17-jre-headless", allow_module_level=True)

from pyspark.errors import PythonException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812  as Spark's own documentation names it
from pyspark.sql.types import StructField, StructType

from caveat import __version__, spark
from caveat.arrow import report_schema
from caveat.spark import columns, workers

pytestmark = [
    pytest.mark.xdist_group("spark"),  # one JVM, not one for each worker of xdist
    pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::ResourceWarning"),  # Spark's own
]

ROOT = Path(__file__).resolve().parents[2]
EXPORT = ROOT / "examples/data/ImagingStudy.ndjson"
CLEAR = '{"resourceType": "Patient", "id": "p1"}'
UNKNOWN = '{"resourceType": "Patient", "modifierExtension": [{"url": "https://example.org/u", "valueString": "CANARY-4711"}]}'
ROWS = [("a", CLEAR), ("b", UNKNOWN), ("c", None), ("d", ""), ("e", "{"), ("f", CLEAR.replace("p1", "ü")), (None, UNKNOWN)]
RULES = """caveat 1;
policy "intake" version "1.0.0" { owner "pacs-team"; }
extension quality = "https://example.org/quality";
warn note: quality on Patient as string when value = "low" because "say so" assessed 2026-01-01;
"""
PLANTED = '''"""A path that fails wherever it is asked."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Failing:
    """Every question raises."""

    def matches(self, carrier):
        raise RuntimeError("CANARY-4711")
'''


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """Return a session whose workers run this Python."""
    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    quiet = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.memory": "1g",
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",  # it lives for a minute
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.warehouse.dir": str(tmp_path_factory.mktemp("warehouse")),
    }
    made = SparkSession.builder.master("local[2]").appName("caveat").config(map=quiet).getOrCreate()
    made.sparkContext.setLogLevel("OFF")
    yield made
    made.stop()


@pytest.fixture(scope="module")
def rows(session: SparkSession) -> DataFrame:
    """Return a small frame: a good document, unknown modifiers, a null, and what cannot be read."""
    return session.createDataFrame(ROWS, "key string, raw string").repartition(3)


def collected(frame: DataFrame, *, key: str = "id") -> list[dict[str, Any]]:
    """Return the rows of a frame as plain data, in the order of their ids."""
    return sorted((row.asDict(recursive=True) for row in frame.collect()), key=lambda row: row[key] or "")


# the same as check


@pytest.mark.parametrize("mode", ["strict", "scan"])
def test_the_reports_are_those_of_the_local_kernel(rows: DataFrame, mode: str) -> None:
    """One report a row, with its id: what `check_batch` gives of the same rows here, in the same columns."""
    frame = spark.check(rows, GUARD, column="raw", id="key", source="pacs-a", mode=mode, today=TODAY)
    here = told([raw if raw is None else raw.encode() for _, raw in ROWS], mode, source="pacs-a")
    said = sorted(({**row, "id": key} for (key, _), row in zip(ROWS, here, strict=True)), key=lambda row: row["id"] or "")
    assert collected(frame) == said


def test_the_columns_are_those_of_the_kernel_to_the_last_field(rows: DataFrame) -> None:
    """Names, types and what may be null are those of `report_schema`, by a scan too, where most of it is said by the plan."""
    for mode in ("strict", "scan"):
        found = spark.check(rows, GUARD, column="raw", mode=mode).schema
        decided = spark.decide(rows, GUARD, column="raw", mode=mode).schema
        assert found == columns.struct_of(report_schema())
        assert decided.fields[:-1] == rows.schema.fields
        assert decided["caveat_report"] == StructField("caveat_report", StructType(found.fields[1:]), nullable=False)


@pytest.mark.parametrize("source", ["pacs 'a' \"b\" \\ \\'", "é\u2019\n$x {y} `z` %s --", ""])
@pytest.mark.parametrize("is_literal", ["true", "false"])
def test_any_words_are_said_by_the_plan_as_they_are(rows: DataFrame, source: str, is_literal: str) -> None:
    """Quotes, backslashes and what SQL might take for its own are data, however Spark is told to read strings."""
    session, setting = rows.sparkSession, "spark.sql.parser.escapedStringLiterals"
    session.conf.set(setting, is_literal)
    try:
        frame = spark.check(rows, GUARD, column="raw", source=source, mode="scan", today=TODAY)
        found = {row["input_sha256"]: row for row in collected(frame)}
    finally:
        session.conf.unset(setting)
    here = told([raw if raw is None else raw.encode() for _, raw in ROWS], "scan", source=source)
    assert found == {row["input_sha256"]: row for row in here}
    assert {row["evidence"] for row in here} == {"scanned", "document"}


def test_a_row_of_which_nothing_is_told_is_rejected(session: SparkSession) -> None:
    """No worker gives one; if something ever does, it is free by no mistake."""
    apart = session.createDataFrame([("a", None, False, []), ("b", None, True, [])], columns.struct_apart())
    made = apart.selectExpr(*(f"{said} AS {name}" for name, said in columns.report_sql(spark.asking(GUARD)).items()))
    assert {row["id"]: (row["verdict"], row["may_process"]) for row in collected(made)} == {
        "a": ("reject", False),
        "b": ("clear", True),
    }


def test_what_nobody_asks_for_is_not_made(rows: DataFrame) -> None:
    """Who counts verdicts pays for no decisions of free rows: of all that the plan says of them, one word is left."""
    counted = spark.check(rows, GUARD, column="raw", mode="scan").groupBy("verdict").count()
    plan = counted._jdf.queryExecution().optimizedPlan().toString()
    (made,) = [line for line in plan.splitlines() if "is_free" in line and "clear" in line]
    assert "reject" in made
    assert "digest" not in made
    assert "not_checked" not in made


def test_bytes_and_text_and_any_partitions_are_alike(session: SparkSession) -> None:
    """Documents of the generator and hostile bytes: text, bytes, one partition and several, small batches."""
    rng = random.Random(5)
    raws = [json.dumps(case.document, default=float).encode() for case in (random_case(rng) for _ in range(120))]
    raws += [b'{"resourceType": "Patient", "id": "\xff"}', b"\xff\xfe{\x00}\x00", UNKNOWN.encode("utf-16"), b"", b"\x00"]
    said = [expected(raw)["verdict"] for raw in raws]
    assert {"clear", "reject"} <= set(said)
    frame = session.createDataFrame([(f"{n:04}", bytearray(raw)) for n, raw in enumerate(raws)], "id string, raw binary")
    text = frame.withColumn("raw", F.col("raw").cast("string"))  # Spark keeps bytes that are no UTF-8
    session.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", "7")
    try:
        for given in (frame.coalesce(1), frame.repartition(9), text.repartition(3)):
            found = collected(spark.check(given, GUARD, column="raw", id="id", today=TODAY))
            assert [row["verdict"] for row in found] == said
    finally:
        session.conf.unset("spark.sql.execution.arrow.maxRecordsPerBatch")


def test_an_export_read_as_text_is_judged_as_its_lines(session: SparkSession, shared: Path, tmp_path: Path) -> None:
    """An NDJSON file through `read.text` against `ndjson`: the same verdicts, strict and by scan."""
    rng = random.Random(9)
    files = sorted((shared / "corpus" / "bulk" / "synthea-r4-by-type").glob("*.ndjson"))
    lines = [planted(line, rng) for path in files for line in path.read_bytes().splitlines()[:60] if len(line) < 2**15]
    (tmp_path / "export.ndjson").write_bytes(b"\n".join(lines) + b"\n")
    said = sorted((line.report.input_sha256 or "", line.report.verdict.word) for line in GUARD.ndjson(tmp_path / "export.ndjson"))
    text = session.read.text(str(tmp_path / "export.ndjson"), lineSep="\n")
    for mode in ("strict", "scan"):
        found = spark.check(text, GUARD, column="value", mode=mode).select("input_sha256", "verdict").collect()
        assert sorted((row[0], row[1]) for row in found) == said
    assert {verdict for _, verdict in said} == {"clear", "reject"}


def test_empty_frames_and_partitions_give_no_rows(rows: DataFrame) -> None:
    """Nothing in, nothing out; one row among empty partitions is one report."""
    assert spark.check(rows.where("false"), GUARD, column="raw").count() == 0
    one = spark.check(rows.where("key = 'b'").repartition(8), GUARD, column="raw", id="key")
    assert [(row["id"], row["verdict"]) for row in one.collect()] == [("b", "reject")]


def test_the_rules_of_a_policy_hold_on_the_workers(session: SparkSession, tmp_path: Path) -> None:
    """A guard made from a file judges on workers as it does here, with the rule's name, reason and digest."""
    (tmp_path / "intake.caveat").write_text(RULES, encoding="utf-8")
    guard = Guard.from_files(tmp_path / "intake.caveat", source="pacs-b")
    modifier = {"url": "https://example.org/quality", "valueString": "low"}
    raw = json.dumps({"resourceType": "Patient", "modifierExtension": [modifier]})
    frame = spark.check(session.createDataFrame([(raw,)], "raw string"), guard, column="raw", today=TODAY)
    (row,) = collected(frame)
    assert row == {**expected(raw.encode(), guard), "id": None}
    assert (row["verdict"], row["decisions"][0]["rule"], row["source"]) == ("warn", "note", "pacs-b")
    assert row["policy"]["digest"] == guard.policy.digest


# split


@pytest.mark.parametrize(("mode", "lets_through"), [("strict", [0, 5]), ("scan", [0, 4, 5])])
def test_a_split_has_each_row_once_with_all_its_columns(session: SparkSession, mode: str, lets_through: list[int]) -> None:
    """Accepted and held together are the input, whatever types its columns have; each has its report.

    A scan lets the fifth through, which is cut off before any modifier: it does not say whether a document is whole.
    """
    made = [(n, {"k": [n]}, raw, bytearray(b"\xff"), date(2026, 1, 1)) for n, (_, raw) in enumerate(ROWS)]
    kinds = "n int, `a.nested` map<string, array<int>>, raw string, more binary, day date"
    frame = session.createDataFrame(made, kinds).repartition(4)
    accepted, held = spark.split(frame, GUARD, column="raw", mode=mode)
    assert accepted.columns == held.columns == [*frame.columns, "caveat_report"]
    good = sorted((row.asDict() for row in accepted.collect()), key=lambda row: row["n"])
    bad = sorted((row.asDict() for row in held.collect()), key=lambda row: row["n"])
    assert [row["n"] for row in good] == lets_through
    assert [row["n"] for row in bad] == [n for n in range(len(ROWS)) if n not in lets_through]
    assert all(row["caveat_report"]["may_process"] for row in good)
    assert not any(row["caveat_report"]["may_process"] for row in bad)
    kept = sorted(([row[name] for name in frame.columns] for row in good + bad), key=lambda row: row[0])
    assert kept == [[row[name] for name in frame.columns] for row in sorted(frame.collect(), key=lambda row: row["n"])]


def test_a_persisted_decision_is_taken_once(rows: DataFrame, session: SparkSession) -> None:
    """What `decide` gives may be persisted, and both sides filtered from it: then each row is judged once."""
    seen = session.sparkContext.accumulator(0)

    def counted(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            seen.add(batch.num_rows)
            yield batch

    decided = spark.decide(rows.mapInArrow(counted, rows.schema), GUARD, column="raw").persist()
    accepted, held = decided.where("caveat_report.may_process"), decided.where("NOT caveat_report.may_process")
    assert accepted.count() + held.count() == len(ROWS) == seen.value
    decided.unpersist()


# what goes wrong


@pytest.mark.parametrize("mode", ["strict", "scan"])
def test_a_row_on_which_a_worker_fails_is_held_and_no_other(session: SparkSession, tmp_path: Path, mode: str) -> None:
    """A policy that raises on a worker, where a rule is asked: its rows are rejected with a problem, the others are judged."""
    (tmp_path / "planted_failure.py").write_text(PLANTED, encoding="utf-8")
    session.sparkContext.addPyFile(str(tmp_path / "planted_failure.py"))
    guard = failing_guard(tmp_path)
    failing = UNKNOWN.replace("example.org/u", "example.org/quality")
    raws = [CLEAR, failing, UNKNOWN, failing]
    frame = session.createDataFrame([(str(n), raw) for n, raw in enumerate(raws)], "id string, raw string")
    found = collected(spark.check(frame.repartition(2), guard, column="raw", id="id", mode=mode))
    assert [row["verdict"] for row in found] == ["clear", "reject", "reject", "reject"]
    assert [[each["code"] for each in row["problems"]] for row in found][1::2] == [["internal-fault"]] * 2
    assert "CANARY" not in json.dumps(found)
    accepted, held = spark.split(frame, guard, column="raw", mode=mode)
    assert (accepted.count(), held.count()) == (1, 3)


def failing_guard(folder: Path) -> Guard:
    """Return a guard with a rule whose path raises wherever it is asked."""
    sys.path.insert(0, str(folder))
    try:
        import planted_failure  # type: ignore[import-not-found]  # noqa: PLC0415  made above
    finally:
        sys.path.remove(str(folder))
    policy = Guard.from_text(RULES).policy
    return Guard(replace(policy, rules=(replace(policy.rules[0], paths=(planted_failure.Failing(),)),)))


def test_a_policy_that_changed_on_its_way_fails_the_job(rows: DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    """A digest that is not that of the policy which arrived, or another version of Caveat, stops everything, loudly."""
    real = spark.task_of
    for change, said in (({"digest": "sha256:" + "0" * 64}, "digest"), ({"engine": "0.0.1"}, "0.0.1")):
        monkeypatch.setattr(spark, "task_of", lambda *args, change=change, **options: replace(real(*args, **options), **change))
        with pytest.raises(PythonException, match=said):
            spark.check(rows, GUARD, column="raw").count()


def test_the_digest_is_computed_and_not_believed() -> None:
    """A policy whose rules were changed under its digest is found out."""
    policy = Guard.from_text(RULES).policy
    forged = copy.deepcopy(policy)
    object.__setattr__(forged, "rules", ())
    with pytest.raises(CaveatError, match="digest"):
        workers.restored(pickle.dumps(forged), policy.digest, __version__)


# summary


def test_the_driver_records_what_workers_found(session: SparkSession, tmp_path: Path) -> None:
    """One record a row, in the order of the frame, as the library's own of each document; an attempt can be repeated."""
    frame = session.createDataFrame([(f"k{n}", ROWS[n % 6][1]) for n in range(500)], "key string, raw string").coalesce(3)
    reports = spark.check(frame, GUARD, column="raw", id="key", source="pacs-a", today=TODAY)
    with AuditLog(tmp_path / "a.db", identifiers="plain") as log, AuditLog(tmp_path / "b.db", identifiers="plain") as other:
        before = log.last
        assert spark.record(reports, log, GUARD, after=before) == 500
        assert spark.record(reports, log, GUARD, after=before) == 500
        guard = Guard(GUARD.policy, audit=other, source="pacs-a")
        for raw in [ROWS[n % 6][1] for n in range(500)]:
            if raw is not None:
                guard.check(raw, today=TODAY)
        mine = [(each.input_sha256, each.verdict, each.resource_id, each.source, each.decisions) for each in log.records()]
        assert len(mine) == 500
        wanted = [(each.input_sha256, each.verdict, each.resource_id, each.source, each.decisions) for each in other.records()]
        assert [each for each in mine if each[0] is not None] == wanted
        assert list(log.policies()) == [GUARD.policy.digest]
        assert verified(log).is_whole


def test_a_split_is_recorded_before_it_is_handed_out(session: SparkSession, tmp_path: Path) -> None:
    """Every row of both sides is in the trail when `split` returns, and no row is decided anew, whatever the input is then."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "x").write_text(f"{CLEAR}\n{UNKNOWN}\n" * 20)
    frame = session.read.text(str(tmp_path / "in"), lineSep="\n")
    with AuditLog(tmp_path / "a.db", identifiers="plain") as log:
        accepted, held = spark.split(frame, GUARD, column="value", audit=log)
        assert [each.verdict for each in log.records()] == ["clear", "reject"] * 20
        (tmp_path / "in" / "x").write_text(UNKNOWN)
        assert (accepted.count(), held.count()) == (20, 20)
        assert len(list(log.records())) == 40
        log.close()
        (tmp_path / "a.db").write_bytes(b"no database")
        with pytest.raises(AuditUnavailable):
            spark.split(frame, GUARD, column="value", audit=log)


def test_a_trail_that_would_be_passed_over_is_refused(rows: DataFrame, session: SparkSession, tmp_path: Path) -> None:
    """A guard that promises records is not taken where there are none; nor is a stream, a frame of no reports, or no trail."""
    with AuditLog(tmp_path / "a.db", identifiers="plain") as log:
        with pytest.raises(UsageError, match="split"):
            spark.check(rows, Guard(GUARD.policy, audit=log), column="raw")
        with pytest.raises(UsageError, match="no column `source`"):
            spark.record(rows, log)
        stream = session.readStream.text(str(tmp_path))
        with pytest.raises(UsageError, match="foreachBatch"):
            spark.split(stream, GUARD, column="value", audit=log)
    with pytest.raises(UsageError, match="AuditLog"):
        spark.record(spark.check(rows, GUARD, column="raw"), "a.db")  # type: ignore[arg-type]


def test_a_summary_counts_what_was_found(session: SparkSession) -> None:
    """Verdicts, grounds, modifiers and unknown urls, a resource counted once for each, over sources and days."""
    twice = json.dumps(
        {"resourceType": "Patient", "modifierExtension": [{"url": "https://example.org/u", "valueString": str(n)} for n in "ab"]}
    )
    frame = session.createDataFrame([(CLEAR,), (UNKNOWN,), (twice,), (None,)], "raw string")
    one = spark.check(frame, GUARD, column="raw", source="a", today=date(2026, 1, 1))
    two = spark.check(frame.where("raw IS NOT NULL"), GUARD, column="raw", source="b", today=date(2026, 1, 2), mode="scan")
    again = spark.check(frame.where(F.col("raw") == UNKNOWN), GUARD, column="raw", source="a", today=date(2026, 1, 3))
    made = spark.summary(one.union(two).union(again))
    assert plain(made.verdicts) == [
        ("clear", "document", 1, 0),
        ("clear", "scanned", 1, 0),
        ("reject", "document", 6, 0),
    ]
    assert plain(made.grounds) == [("reject", "unknown", None, 7, 5), ("reject", "unreadable", None, 1, 1)]
    assert plain(made.modifiers) == [("https://example.org/u", "Patient", "unknown", None, "reject", 7, 5)]
    assert plain(made.unknown) == [
        ("https://example.org/u", "a", 4, 3, "2026-01-01", "2026-01-03"),
        ("https://example.org/u", "b", 3, 2, "2026-01-02", "2026-01-02"),
    ]


def plain(frame: DataFrame) -> list[tuple[Any, ...]]:
    """Return the rows of a frame as tuples, sorted."""
    return sorted((tuple(row) for row in frame.collect()), key=str)


# streams


def test_a_stream_is_judged_as_it_comes(session: SparkSession, tmp_path: Path) -> None:
    """A stream of files: reports to a sink in memory, and rows split batch by batch; what comes later is judged too."""
    incoming, good, bad = tmp_path / "in", tmp_path / "good", tmp_path / "bad"
    incoming.mkdir()
    stream = session.readStream.option("lineSep", "\n").format("text").load(str(incoming))

    def route(batch: DataFrame, _: int) -> None:
        decided = spark.decide(batch, GUARD, column="value").persist()
        decided.where("caveat_report.may_process").select("value").write.mode("append").text(str(good))
        decided.where("NOT caveat_report.may_process").select("value").write.mode("append").text(str(bad))
        decided.unpersist()

    reports = spark.check(stream, GUARD, column="value", source="feed").writeStream.format("memory").queryName("reports").start()
    routed = stream.writeStream.foreachBatch(route).option("checkpointLocation", str(tmp_path / "state")).start()
    try:
        for name, lines in (("1", [CLEAR, UNKNOWN]), ("2", [UNKNOWN, "{"])):
            (incoming / f"{name}.ndjson").write_text("\n".join(lines) + "\n", encoding="utf-8")
            reports.processAllAvailable()
            routed.processAllAvailable()
    finally:
        reports.stop()
        routed.stop()
    told_of = session.table("reports").groupBy("verdict", "source").count().collect()
    assert sorted(tuple(row) for row in told_of) == [("clear", "feed", 1), ("reject", "feed", 3)]
    assert [row.value for row in session.read.text(str(good)).collect()] == [CLEAR]
    assert sorted(row.value for row in session.read.text(str(bad)).collect()) == sorted([UNKNOWN, UNKNOWN, "{"])


def test_the_day_of_a_stream_is_the_day_it_is_judged_on(rows: DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    """A query may run for weeks: without `today` each batch asks for the day; a frame at rest has the day of the call."""
    asked = spark.asking(GUARD, today=date(2020, 1, 1))
    assert workers.asked_now(workers.task_of(asked, "raw", None, is_dated=True)).question.today == date(2020, 1, 1)
    assert workers.asked_now(workers.task_of(asked, "raw", None, is_dated=False)).question.today > date(2026, 1, 1)
    dated = workers.task_of(asked, "raw", None, is_dated=True)
    before = workers.asked_now(dated)
    assert workers.asked_now(dated, before) is before  # with all that it remembers
    assert workers.asked_now(workers.task_of(asked, "raw", None, is_dated=False), before).question.today > TODAY - timedelta(1)
    given: list[bool] = []
    real = spark.task_of
    monkeypatch.setattr(spark, "task_of", lambda *args, is_dated: given.append(is_dated) or real(*args, is_dated=is_dated))
    spark.check(rows, GUARD, column="raw")
    stream = rows.sparkSession.readStream.format("rate").load().selectExpr("CAST(value AS string) AS raw")
    spark.check(stream, GUARD, column="raw")
    spark.check(stream, GUARD, column="raw", today=TODAY)
    assert given == [True, False, True]


# what is shown


def test_the_page_runs(session: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every block of `docs/spark.md` that is Python for Spark or Arrow runs as it stands; that for Ray and Dask compiles."""
    for name in ("incoming", "documents"):
        (tmp_path / name).mkdir()
        shutil.copy(EXPORT, tmp_path / name)
    places = {"export": str(EXPORT), "folder": str(tmp_path)}
    names: dict[str, Any] = {"spark": session, **places, **{name: str(tmp_path / name) for name in ("incoming", "documents")}}
    page = (ROOT / "docs/spark.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 8
    for block in blocks:
        exec(block, names)  # noqa: S102  the page is ours
    written = sum(session.read.parquet(f"{tmp_path}/stream-{side}").count() for side in ("accepted", "held"))
    assert written == len(EXPORT.read_bytes().splitlines())
    (others,) = re.findall(r"^```py\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    compile(others, "docs/spark.md", "exec")


def test_the_example_splits_an_export(session: SparkSession, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`spark_intake.py` routes each line once, and says which urls no rule names."""
    runpy.run_path(str(ROOT / "examples/spark_intake.py"))["main"](session, tmp_path)
    printed = capsys.readouterr().out
    assert "accepted 6, held 3" in printed
    assert "from pacs-a" in printed
    accepted = [row.value for row in session.read.text(str(tmp_path / "accepted")).collect()]
    held = [row.value for row in session.read.parquet(str(tmp_path / "held")).collect()]
    assert sorted(accepted + held) == sorted(EXPORT.read_text(encoding="utf-8").splitlines())


# misuse


def test_a_parsed_column_is_refused_with_the_reason(session: SparkSession) -> None:
    """Structs, arrays, maps and variants have lost what is sought; the message says so, and what to read instead."""
    parsed = session.range(1).selectExpr(
        "named_struct('id', 'x') AS struct", "array('x') AS array", "map('a', 'x') AS map", "parse_json('{}') AS variant"
    )
    for name in parsed.columns:
        for call in (spark.check, spark.split):
            with pytest.raises(UsageError, match=r"(?s)parsed already.*duplicate keys.*spark.read.text.*binaryFile"):
                call(parsed, GUARD, column=name)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"column": "value"}, "no column `value`.*`key`, `raw`, `n`"),
        ({"column": "n"}, "`n`: the column is int, and documents are text or bytes"),
        ({"column": "raw", "id": "n"}, r"`n` is int; cast it first: .*cast\(.string.\)"),
        ({"column": "raw", "id": "none"}, "no column `none`, which `id` asks for"),
        ({"column": 3}, "`column` is the name of a column"),
        ({"column": "raw", "mode": "fast"}, "'strict', 'scan'"),
    ],
)
def test_misuse_is_refused_on_the_driver(rows: DataFrame, options: dict[str, Any], said: str) -> None:
    """A call that means nothing is a UsageError before any job starts."""
    with pytest.raises(UsageError, match=said):
        spark.check(rows.selectExpr("*", "1 AS n"), GUARD, **options)


def test_names_that_spark_takes_for_one_another_are_refused(rows: DataFrame) -> None:
    """Two columns of one name, case apart: nobody could tell which was meant, and one of them might be lost."""
    for names in (["raw", "raw"], ["raw", "RAW"]):
        with pytest.raises(UsageError, match="two columns"):
            spark.check(rows.toDF(*names), GUARD, column="raw")
    twins = rows.selectExpr("raw", "key", "key AS Key")
    assert spark.check(twins, GUARD, column="raw").count() == len(ROWS)
    with pytest.raises(UsageError, match="`key` and `Key`"):
        spark.split(twins, GUARD, column="raw")
    with pytest.raises(UsageError, match="caveat_report"):
        spark.split(rows.withColumn("caveat_report", F.lit(1)), GUARD, column="raw")


def test_odd_names_of_columns_are_taken_as_they_are(rows: DataFrame) -> None:
    """Dots, blanks and backticks in a name are part of it."""
    odd = rows.toDF("a.b`c", "the raw.one")
    assert spark.check(odd, GUARD, column="the raw.one", id="a.b`c").where("id = 'b'").count() == 1


def test_frames_of_others_are_sent_elsewhere(rows: DataFrame) -> None:
    """What is no frame of Spark is for `check_batch`, and what is no frame of reports has no summary."""
    with pytest.raises(UsageError, match="check_batch"):
        spark.check(rows.toPandas(), GUARD, column="raw")
    with pytest.raises(UsageError, match="no column `id`"):
        spark.summary(rows)


@pytest.mark.parametrize("name", ["pyspark", "pandas", "pyarrow"])
def test_what_the_extra_needs_is_named(rows: DataFrame, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Where a part of the extra is missing or too old the call is refused: Spark itself would fall back, or fail in a worker."""
    monkeypatch.setattr(sys.modules[name], "__version__", "1.5.3")
    with pytest.raises(UsageError, match=rf"{name} 1.5.3 is too old.*caveat\[spark\]"):
        spark.check(rows, GUARD, column="raw")
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(UsageError, match=rf"{name} is missing.*caveat\[spark\]"):
        spark.check(rows, GUARD, column="raw")
