"""A batch of documents becomes a batch of reports: one a row, in order, as `check` gives them; nothing is lost."""

from __future__ import annotations

import hashlib
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from caveat import Guard, Limits, UsageError, arrow
from caveat.arrow import check_batch, judging, report_schema
from caveat.bulk.memory import Memory
from caveat.formats.record import MOST_DECISIONS, record
from caveat.formats.schema import ReportRecord
from caveat.intake.alike import Leaf
from caveat.judge.check import judge_bytes
from strategies.batches import GUARD, KINDS, TEXTS, TODAY, batch, cast, differences, expected, is_beyond_scan, planted, told

CANARY = "CANARY-4711"
CLEAR = b'{"resourceType": "Patient", "id": "p1"}'
UNKNOWN = b'{"resourceType": "Patient", "modifierExtension": [{"url": "https://example.org/u", "valueString": "CANARY-4711"}]}'
ESCAPED = UNKNOWN.replace(b"modifierE", rb"modifi\u0065rE")
TWICE = b'{"resourceType": "Patient", "id": "1", "id": "2"}'
NO_TEXT = b'{"resourceType": "Patient", "id": "\xff"}'
HOSTILE = [
    CLEAR,
    UNKNOWN,
    ESCAPED,
    TWICE,
    NO_TEXT,
    b"",
    b" ",
    b"{",
    b"[]",
    b"null",
    UNKNOWN.decode().encode("utf-16"),
    b"<Patient/>",
]


# what a report is


def test_the_columns_are_the_fields_of_a_record() -> None:
    """After `id` the names, and their order, are those of `caveat.report/1`, also within decisions and all else that nests."""
    assert report_schema().names == ["id", *(f.alias or name for name, f in ReportRecord.model_fields.items())]
    made = record(GUARD.check(UNKNOWN, today=TODAY))
    (row,) = told([UNKNOWN])
    assert [name for name in row if name in made] == list(made)
    assert {name: row[name] for name in made} == made
    assert list(row["decisions"][0]) == list(made["decisions"][0])


def test_a_row_is_what_the_schema_of_a_record_promises() -> None:
    """What Arrow holds can be read back as a record, of every kind of report."""
    for row in told([*HOSTILE, None], "scan"):
        kept = {name: value for name, value in row.items() if value is not None or not name.endswith("_omitted")}
        del kept["id"]
        assert ReportRecord.model_validate(kept).verdict == row["verdict"]


# the same as check


@pytest.mark.parametrize("mode", ["strict", "scan"])
@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_every_kind_of_bytes_is_judged_as_check_does(kind: Any, mode: str) -> None:
    """Whatever holds the bytes, what was read has the report of `check`; what was not is nothing that a scan speaks of."""
    rows = told(list(HOSTILE), mode, kind=kind)
    for raw, row in zip(HOSTILE, rows, strict=True):
        said = expected(raw)
        assert row == said or (row["evidence"] == "scanned" and is_beyond_scan(said)), raw
    assert sum(row["evidence"] == "scanned" for row in rows) == (0 if mode == "strict" else 3)  # the first, TWICE, and the cut


@pytest.mark.parametrize("kind", TEXTS, ids=str)
def test_every_kind_of_text_is_judged_by_its_bytes(kind: Any) -> None:
    """Text is judged as the bytes that it is."""
    rows: list[bytes | None] = [raw for raw in HOSTILE if raw not in {NO_TEXT, HOSTILE[10]}]
    assert told(rows, kind=kind) == told(rows)
    assert told(rows, "scan", kind=kind) == told(rows, "scan")


@pytest.mark.parametrize("mode", ["strict", "scan"])
def test_a_column_of_text_that_is_no_utf8_is_refused_row_by_row(mode: str) -> None:
    """Spark writes such bytes into a column of text; nobody decodes them, and the row is unreadable."""
    good = pa.array([CLEAR, NO_TEXT, CLEAR], pa.binary())
    text = pa.Array.from_buffers(pa.string(), 3, good.buffers())
    rows = check_batch(pa.record_batch({"raw": text}), GUARD, column="raw", mode=mode).to_pylist()
    assert [row["verdict"] for row in rows] == ["clear", "reject", "clear"]


def test_a_scan_reads_what_may_hold_something_and_only_that() -> None:
    """What is proven free says so, and names its policy and the digest of its bytes; nothing is claimed of its content."""
    free, read = told([CLEAR, UNKNOWN], "scan", source="pacs-a")
    assert (free["evidence"], read["evidence"]) == ("scanned", "document")
    assert (free["resource_type"], free["source"]) == (None, "pacs-a")
    assert free["policy"] == read["policy"]
    assert free["input_sha256"] == hashlib.sha256(CLEAR).hexdigest()
    assert "native modifier elements" in free["not_checked"]


def test_slices_are_read_where_they_begin() -> None:
    """A batch that is a slice of another has its own rows, nulls and digests."""
    whole = batch([UNKNOWN, None, CLEAR, b"", UNKNOWN, None, CLEAR, CLEAR])
    for mode in ("strict", "scan"):
        all_rows = check_batch(whole, GUARD, column="raw", mode=mode, today=TODAY).to_pylist()
        for start in range(9):
            for count in range(9 - start):
                part = check_batch(whole.slice(start, count), GUARD, column="raw", mode=mode, today=TODAY)
                assert part.to_pylist() == all_rows[start : start + count]
                assert part.schema == report_schema()


def test_what_lies_in_the_buffer_of_a_null_concerns_nobody() -> None:
    """A null may have bytes behind it, which are no row's."""
    valid = pa.py_buffer(bytes([0b101]))
    _, offsets, data = pa.array([CLEAR, UNKNOWN, CLEAR], pa.binary()).buffers()
    array = pa.Array.from_buffers(pa.binary(), 3, [valid, offsets, data])
    for mode in ("strict", "scan"):
        rows = check_batch(pa.record_batch({"raw": array}), GUARD, column="raw", mode=mode).to_pylist()
        assert [row["verdict"] for row in rows] == ["clear", "reject", "clear"]
        assert rows[1]["input_sha256"] is None
        assert CANARY not in json.dumps(rows)


def test_rows_that_do_not_follow_each_other_are_all_read() -> None:
    """Arrow checks no offsets of a batch from elsewhere; where they go back, no row is called free for what nobody looked at."""
    bounds = b"".join(each.to_bytes(4, sys.byteorder) for each in (0, len(UNKNOWN), 20))
    array = pa.Array.from_buffers(pa.binary(), 2, [None, pa.py_buffer(bounds), pa.py_buffer(UNKNOWN)])
    for kind in (pa.binary(), pa.string()):
        for mode in ("strict", "scan"):
            rows = check_batch(pa.record_batch({"raw": array.view(kind)}), GUARD, column="raw", mode=mode).to_pylist()
            assert [row["verdict"] for row in rows] == ["reject", "reject"]


@pytest.mark.parametrize("mode", ["strict", "scan"])
def test_a_null_is_a_verdict(mode: str) -> None:
    """A row without a document is rejected as unreadable, with a code of its own."""
    (row,) = told([None], mode)
    assert (row["verdict"], row["decisions"][0]["ground"], row["problems"][0]["code"]) == ("reject", "unreadable", "null")
    assert (row["input_sha256"], row["evidence"]) == (None, "document")


def test_no_rows_are_no_reports() -> None:
    """An empty batch gives an empty batch with the same columns, whatever type its documents have."""
    for kind in (*KINDS, *TEXTS):
        made = check_batch(batch([], kind), GUARD, column="raw", mode="scan")
        assert (made.num_rows, made.schema) == (0, report_schema())


def test_a_document_beyond_the_limit_is_refused_also_by_a_scan() -> None:
    """How large a document may be holds for what needs no reading, too."""
    guard = Guard.from_text('caveat 1; policy "p" version "1" { owner "o"; }', limits=Limits(bytes=len(CLEAR)))
    rows = told([CLEAR, CLEAR + b" "], "scan", guard)
    assert [(row["verdict"], row["evidence"]) for row in rows] == [("clear", "scanned"), ("reject", "document")]


# against check, at length


def test_the_corpora_are_judged_as_check_does(shared: Path) -> None:
    """Arrow, strict and by scan, against `check`: every document of every corpus, in one batch a release."""
    paths = [path for path in sorted((shared / "corpus").rglob("*.json")) if path.stat().st_size < 2**18]
    rows = [path.read_bytes() for path in paths]
    assert len(rows) > 500
    for release in ("R4", "R5"):
        assert differences(rows, GUARD, release=release) == []


def test_lines_of_an_export_are_judged_as_ndjson_does(shared: Path, tmp_path: Path) -> None:
    """Arrow against `ndjson`: lines of real exports, one in ten with a modifier planted somewhere."""
    rng = random.Random(7)
    files = sorted((shared / "corpus" / "bulk" / "synthea-r4-by-type").glob("*.ndjson"))
    rows = [planted(line, rng) for path in files for line in path.read_bytes().splitlines()[:40] if len(line) < 2**16]
    lines = list(GUARD.ndjson(rows, today=TODAY))
    assert len(lines) == len(rows) > 300
    for mode in ("strict", "scan"):
        for line, row in zip(lines, told(list(rows), mode), strict=True):
            said = {"decisions_omitted": None, "native_omitted": None, **line.report.to_record(), "line": None, "id": None}
            assert row == said or (row["evidence"] == "scanned" and line.report.verdict.word == row["verdict"] == "clear")
    assert {line.report.verdict.word for line in lines} == {"clear", "reject"}


# what goes wrong stays in its row


@pytest.mark.parametrize("mode", ["strict", "scan"])
def test_a_row_on_which_caveat_fails_is_refused_and_no_other(monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    """An exception inside is that row's verdict, with a problem, and without what the exception says."""

    def judge(question: Any, raw: bytes, form: Any, **how: Any) -> Any:
        if b"fail" in raw:
            raise RuntimeError(CANARY)
        return judge_bytes(question, raw, form, **how)

    monkeypatch.setattr(judging, "judge_bytes", judge)
    failing = UNKNOWN.replace(b"https", b"fail")
    rows = told([CLEAR, failing, UNKNOWN, failing, CLEAR], mode)
    assert [row["verdict"] for row in rows] == ["clear", "reject", "reject", "reject", "clear"]
    assert [row["problems"][0]["code"] for row in (rows[1], rows[3])] == ["internal-fault"] * 2
    assert "RuntimeError" in rows[1]["problems"][0]["message"]
    assert rows[1]["input_sha256"] == hashlib.sha256(failing).hexdigest()
    assert CANARY not in json.dumps(rows)


@pytest.mark.parametrize("mode", ["strict", "scan"])
def test_a_row_that_was_passed_over_is_refused(monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    """No row is free but by triage: one that nobody judged, were there ever one, has the report of a failure."""
    monkeypatch.setattr(judging._Judging, "judge", lambda *_: None)
    rows = told([CLEAR, UNKNOWN, CLEAR], mode)
    assert [row["verdict"] for row in rows] == (["clear", "reject", "clear"] if mode == "scan" else ["reject"] * 3)
    assert rows[1]["problems"][0]["code"] == "internal-fault"


@pytest.mark.parametrize("broken", ["find", "keep", "recall"])
def test_where_memory_fails_every_row_is_read(monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    """A fault in what is remembered costs time, and no verdict."""

    def fail(*_: object) -> Any:
        raise MemoryError

    rows = [CLEAR.replace(b"p1", b"p%d" % n) for n in range(40)] + list(HOSTILE)
    said = told(rows)
    monkeypatch.setattr(Memory, broken, fail)
    assert told(rows) == said == [expected(raw) for raw in rows]


def test_where_an_id_fails_its_row_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that is known, and whose id cannot be told, is judged by itself."""
    rows = [CLEAR.replace(b"p1", b"p%d" % n) for n in range(40)]

    def fail(*_: object) -> Any:
        raise ValueError

    monkeypatch.setattr(Leaf, "identity", fail)
    assert told(list(rows)) == [expected(raw) for raw in rows]


def test_where_triage_fails_every_row_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault in the short cut costs time, and no verdict."""

    def hits(*_: object) -> Any:
        raise MemoryError

    monkeypatch.setattr(judging, "_hits", hits)
    assert told(list(HOSTILE), "scan") == told(list(HOSTILE))


def test_a_report_that_arrow_cannot_hold_is_refused_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of a surrogate pair in a record spoils its own row only."""
    real = judging.record

    def spoilt(report: Any) -> dict[str, Any]:
        made = real(report)
        return {**made, "resource_id": "\ud800"} if report.resource_id == "bad" else made

    monkeypatch.setattr(judging, "record", spoilt)
    rows = told([CLEAR, CLEAR.replace(b"p1", b"bad"), CLEAR])
    assert [row["verdict"] for row in rows] == ["clear", "reject", "clear"]
    assert rows[1]["problems"][0]["code"] == "internal-fault"


def test_many_decisions_come_in_parts_and_lose_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows with much to tell are cut into parts of bounded size; together they are what one part would be."""
    many = json.dumps(
        {"resourceType": "Patient", "modifierExtension": [{"url": f"https://e.org/{n}"} for n in range(1200)]}
    ).encode()
    rows: list[bytes | None] = [CLEAR, many, CLEAR, UNKNOWN, None, many, CLEAR]
    asked = arrow.asking(GUARD, today=TODAY, mode="scan")
    whole = told(rows, "scan")
    assert whole[1]["decisions_omitted"] == 1200 - MOST_DECISIONS
    monkeypatch.setattr(judging, "_MOST_PARTS", 500)
    parts = list(arrow.check_parts(batch(rows), asked, column="raw"))
    assert [part.num_rows for part in parts] == [2, 4, 1]
    assert [row for part in parts for row in part.to_pylist()] == whole == told(rows, "scan")


# misuse


def test_the_ids_go_into_the_reports() -> None:
    """Each report has the id of its row, null where the row has none, in any type of strings."""
    for kind in (pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())):
        ids = cast(pa.array(["a", None, "a"]), kind)
        rows = pa.record_batch({"raw": pa.array([CLEAR, UNKNOWN, None], pa.binary()), "key": ids})
        assert check_batch(rows, GUARD, column="raw", id="key")["id"].to_pylist() == ["a", None, "a"]


MISUSE = {
    "no batch": (lambda: check_batch([CLEAR], GUARD, column="raw"), "to_batches"),  # type: ignore[arg-type]
    "no guard": (lambda: check_batch(batch([CLEAR]), "imaging", column="raw"), "Guard.from_files"),  # type: ignore[arg-type]
    "no column": (lambda: check_batch(batch([CLEAR]), GUARD, column="value"), "no column of the name `value`.*it has `raw`"),
    "no name": (lambda: check_batch(batch([CLEAR]), GUARD, column=0), "`column` is the name"),  # type: ignore[arg-type]
    "two columns": (
        lambda: check_batch(pa.RecordBatch.from_arrays([pa.array(["{}"])] * 2, names=["a", "a"]), GUARD, column="a"),
        "2 columns of the name `a`",
    ),
    "a struct": (lambda: check_batch(pa.record_batch({"raw": pa.array([{"id": "x"}])}), GUARD, column="raw"), "parsed already"),
    "numbers": (lambda: check_batch(pa.record_batch({"raw": pa.array([1])}), GUARD, column="raw"), "int64, and documents are"),
    "numbers as ids": (
        lambda: check_batch(pa.record_batch({"raw": pa.array(["{}"]), "n": pa.array([1])}), GUARD, column="raw", id="n"),
        "`n` is int64; cast it to string",
    ),
    "a mode": (lambda: check_batch(batch([CLEAR]), GUARD, column="raw", mode="fast"), "'strict', 'scan'"),
    "a release": (lambda: check_batch(batch([CLEAR]), GUARD, column="raw", release="R3"), "write one of R4, R4B, R5"),
    "a day": (lambda: check_batch(batch([CLEAR]), GUARD, column="raw", today="2026-11-23"), "pass a date"),  # type: ignore[arg-type]
    "a source": (lambda: check_batch(batch([CLEAR]), GUARD, column="raw", source=1), "`source` is a str"),  # type: ignore[arg-type]
    "a form": (lambda: check_batch(batch([CLEAR]), GUARD, column="raw", form="yaml"), "'json', 'xml'"),
}


@pytest.mark.parametrize("kind", MISUSE)
def test_misuse_names_the_right_call(kind: str) -> None:
    """A call that means nothing is a UsageError that says what would."""
    call, said = MISUSE[kind]
    with pytest.raises(UsageError, match=said):
        call()


@pytest.mark.parametrize(
    ("there", "said"),
    [
        ("None", "needs pyarrow: pip install 'caveat[arrow]'"),
        ("types.SimpleNamespace(__version__='16.1.0')", "16.1.0 is too old, 17"),
    ],
)
def test_without_pyarrow_the_extra_is_named(there: str, said: str) -> None:
    """Where pyarrow is missing or too old, importing the module says what to install."""
    program = (
        f"import sys, types; sys.modules['pyarrow'] = {there}; sys.modules['pyarrow.compute'] = types.ModuleType('c')\n"
        "from caveat import UsageError\n"
        "if sys.modules['pyarrow']: sys.modules['pyarrow'].compute = None\n"
        "try: import caveat.arrow\n"
        "except UsageError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said in done.stdout
