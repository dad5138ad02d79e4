"""A file gives its documents by its name, and never less than a word."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caveat import Guard, UsageError
from caveat.documents import READ, Absent, Document, Kind, NotRead, document_of, items_of, kind_of
from caveat.intake.limits import Limits
from caveat.intake.reading import Form

BASIC = b'{"resourceType":"Basic"}'
BAD = b'{"resourceType":"Basic","modifierExtension":[{"url":"http://a.b/c","valueBoolean":true}]}'
PRETTY = b'\n{\n  "resourceType": "Basic"\n}\n'
XML = b"<?xml version='1.0'?>\n<Basic xmlns='http://hl7.org/fhir'/>\n"
LINES = BASIC + b"\n" + BAD + b"\n"
GUARD = Guard.default()

Told = tuple[str, Form | None, int | None, bytes] | tuple[str, str]


def told(name: str, raw: bytes, limits: Limits = Limits(), kind: Kind | None = None) -> list[Told]:
    """Return name, form, line and bytes of each document, name and code of what was not read, name alone of what is absent."""
    found: list[Told] = []
    for item in items_of(name, io.BytesIO(raw), limits, kind):
        if isinstance(item, Document):
            found.append((item.name, item.form, item.line, item.raw))
        else:
            found.append((item.name, item.fault.code if isinstance(item, NotRead) else item.message))
    return found


NOTHING = "holds no line with anything on it"
CASES: dict[str, tuple[str, bytes, list[Told]]] = {
    "JSON": ("a.json", BASIC, [("a.json", Form.JSON, None, BASIC)]),
    "JSON in capitals": ("A.JSON", BASIC, [("A.JSON", Form.JSON, None, BASIC)]),
    "XML": ("a.xml", XML, [("a.xml", Form.XML, None, XML)]),
    "no ending": ("a", BASIC, [("a", None, None, BASIC)]),
    "NDJSON": ("a.ndjson", LINES, [("a.ndjson", Form.JSON, 1, BASIC), ("a.ndjson", Form.JSON, 2, BAD)]),
    "JSONL": ("a.jsonl", LINES, [("a.jsonl", Form.JSON, 1, BASIC), ("a.jsonl", Form.JSON, 2, BAD)]),
    "NDJSON of nothing": ("a.ndjson", b"\n\n", [("a.ndjson", NOTHING)]),
    "gzip of JSON": ("a.json.gz", gzip.compress(BASIC), [("a.json.gz", Form.JSON, None, BASIC)]),
    "gzip of lines that is named JSON": ("a.json.gz", gzip.compress(LINES), [("a.json.gz", Form.JSON, None, LINES)]),
    "gzip of XML": ("a.XML.GZ", gzip.compress(XML), [("a.XML.GZ", Form.XML, None, XML)]),
    "gzip of lines": ("a.jsonl.gz", gzip.compress(BASIC), [("a.jsonl.gz", Form.JSON, 1, BASIC)]),
    "gzip of no lines": ("a.ndjson.gz", gzip.compress(b""), [("a.ndjson.gz", NOTHING)]),
    "bare gzip of one document": ("a.gz", gzip.compress(BASIC + b"\n\n"), [("a.gz", None, None, BASIC + b"\n\n")]),
    "bare gzip of a pretty one": ("a.gz", gzip.compress(PRETTY), [("a.gz", None, None, PRETTY)]),
    "bare gzip of XML": ("a.gz", gzip.compress(XML), [("a.gz", None, None, XML)]),
    "bare gzip of lines": ("a.gz", gzip.compress(LINES), [("a.gz", Form.JSON, 1, BASIC), ("a.gz", Form.JSON, 2, BAD)]),
    "bare gzip of lines after blank ones": (
        "a.gz",
        gzip.compress(b"\n \r\n" + LINES),
        [("a.gz", Form.JSON, n, raw) for n, raw in ((3, BASIC), (4, BAD))],
    ),
    "bare gzip of lines, the first refused": (
        "a.gz",
        gzip.compress(b'{"a":1,"a":1}\n{}'),
        [("a.gz", Form.JSON, 1, b'{"a":1,"a":1}'), ("a.gz", Form.JSON, 2, b"{}")],
    ),
    "bare gzip of nothing": ("a.gz", gzip.compress(b""), [("a.gz", None, None, b"")]),
    "gzip of gzip": (
        "a.json.gz",
        gzip.compress(gzip.compress(BASIC, mtime=0)),
        [("a.json.gz", Form.JSON, None, gzip.compress(BASIC, mtime=0))],
    ),
    "no gzip": ("a.json.gz", BASIC, [("a.json.gz", "not-gzip")]),
    "no gzip of lines": ("a.ndjson.gz", LINES, [("a.ndjson.gz", "not-gzip")]),
    "a bare file that is no gzip": ("a.gz", BASIC, [("a.gz", "not-gzip")]),
    "a document cut": ("a.json.gz", gzip.compress(BASIC)[:-1], [("a.json.gz", "gzip-truncated")]),
    "lines cut": (
        "a.ndjson.gz",
        gzip.compress(LINES)[:-1],
        [("a.ndjson.gz", Form.JSON, 1, BASIC), ("a.ndjson.gz", Form.JSON, 2, BAD), ("a.ndjson.gz", "gzip-truncated")],
    ),
    "lines cut within a line": (
        "a.ndjson.gz",
        gzip.compress(BASIC + b"\n" + BASIC)[:-1],
        [("a.ndjson.gz", Form.JSON, 1, BASIC), ("a.ndjson.gz", "gzip-truncated")],
    ),
    "lines with trailing bytes": (
        "a.ndjson.gz",
        gzip.compress(LINES) + b"x",
        [("a.ndjson.gz", Form.JSON, 1, BASIC), ("a.ndjson.gz", Form.JSON, 2, BAD), ("a.ndjson.gz", "gzip-trailing")],
    ),
    "no archive": ("a.zip", BASIC, [("a.zip", "not-zip")]),
}


@pytest.mark.parametrize(("name", "raw", "expected"), CASES.values(), ids=CASES)
def test_a_file_gives_what_its_name_says(name: str, raw: bytes, expected: list[Told]) -> None:
    """Documents with name, form and line; a fault of the file comes last."""
    assert told(name, raw) == expected


@given(st.lists(st.sampled_from([b"\n", b" ", b"{}", b"[", BASIC, PRETTY]), max_size=6), st.integers(1, 5))
def test_a_bare_gzip_file_is_lines_where_its_first_is_whole_and_more_follows(parts: list[bytes], member: int) -> None:
    """However it is cut into members."""
    raw = b"".join(parts)
    packed = b"".join(gzip.compress(raw[at : at + member]) for at in range(0, len(raw), member)) or gzip.compress(b"")
    first, _, more = raw.lstrip(b" \r\n").partition(b"\n")
    lines = bool(more.strip()) and first.strip() in {b"{}", BASIC, b"{} ", b"[]"}
    found = told("a.gz", packed)
    assert (found[0][2:3] != (None,)) == lines
    plain = told("a", raw, kind=Kind.LINES if lines else Kind.ONE)
    assert [each[2:] for each in found] == [each[2:] for each in plain]


def test_a_line_cut_off_by_a_fault_is_not_reported() -> None:
    """What was lost of it may be what matters."""
    packed = gzip.compress(BASIC + b"\n") + gzip.compress(BAD)[:-12]
    assert told("a.ndjson.gz", packed)[0] == ("a.ndjson.gz", Form.JSON, 1, BASIC)
    assert told("a.ndjson.gz", packed)[1:] == [("a.ndjson.gz", "gzip-truncated")]


def test_a_document_is_never_held_beyond_its_limit() -> None:
    """It is cut one byte beyond, in every container, and its reader refuses it for its size."""
    limits = Limits(bytes=10)
    assert [len(each[3]) for each in told("a.json", BASIC, limits) if len(each) == 4] == [11]
    for name in ("a.json.gz", "a.ndjson.gz", "a.gz"):
        assert [len(each[3]) for each in told(name, gzip.compress(BASIC), limits) if len(each) == 4] == [11]
    assert [len(each[3]) for each in told("a.gz", gzip.compress(b"{}\n" + BASIC), limits) if len(each) == 4][-1] == 11


def archive(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name, content)
    return file.getvalue()


def test_an_archive_gives_its_members() -> None:
    """By their names, in the order they stand; what is not for Caveat is passed over, what is compressed again is said."""
    members = {
        "Patient.json": BASIC, "x/": b"", "x/a.ndjson": LINES, "x/b.xml": XML, "notes.txt": b"x",
        "c.json.gz": gzip.compress(BASIC), "d.zip": archive(), "e.tar": b"", "../f\x1b.JSON": BASIC,
    }  # fmt: skip
    assert told("e.zip", archive(**members)) == [
        ("e.zip/Patient.json", Form.JSON, None, BASIC),
        ("e.zip/x/a.ndjson", Form.JSON, 1, BASIC),
        ("e.zip/x/a.ndjson", Form.JSON, 2, BAD),
        ("e.zip/x/b.xml", Form.XML, None, XML),
        ("e.zip/c.json.gz", "not-inspected"),
        ("e.zip/d.zip", "not-inspected"),
        ("e.zip/e.tar", "not-inspected"),
        ("e.zip/../f\\u001b.JSON", Form.JSON, None, BASIC),
        ("e.zip", "has members of other names, which are not checked: 1"),
    ]
    assert told("e.zip", archive(**{"x/.json": BASIC})) == [("e.zip/x/.json", None, None, BASIC)]
    for empty in (archive(), archive(**{"notes.txt": b"x"}), archive(**{"a/": b""})):
        assert told("e.zip", empty) == [("e.zip", "holds no member that ends in .json, .xml, .ndjson, .jsonl")]
    assert told("e.zip", archive(**{"a.ndjson": b""})) == [("e.zip/a.ndjson", NOTHING)]


def test_a_damaged_member_is_refused_and_the_others_are_read() -> None:
    """The lines before the fault are given, then the fault."""
    raw = archive(**{"a.ndjson": LINES, "b.json": BASIC})
    checksum = raw[14:18]
    assert told("e.zip", raw.replace(checksum, b"abcd")) == [
        ("e.zip/a.ndjson", Form.JSON, 1, BASIC),
        ("e.zip/a.ndjson", Form.JSON, 2, BAD),
        ("e.zip/a.ndjson", "zip-corrupt"),
        ("e.zip/b.json", Form.JSON, None, BASIC),
    ]


def test_every_ending_says_what_a_file_holds() -> None:
    """Lines by the last ending before `.gz`; a bare `.gz` is looked into."""
    kinds = {ending: kind_of(f"a{ending}") for ending in (*READ, *(f"{ending}.gz" for ending in READ))}
    assert [ending for ending, kind in kinds.items() if kind is Kind.LINES] == [".ndjson", ".jsonl", ".ndjson.gz", ".jsonl.gz"]
    assert [ending for ending, kind in kinds.items() if kind is Kind.ONE] == [".json", ".xml", ".json.gz", ".xml.gz"]
    assert [ending for ending, kind in kinds.items() if kind is Kind.ARCHIVE] == [".zip"]


# the library


def codes(path: Path) -> list[str]:
    return [problem.code for problem in GUARD.check(path).problems]


def test_the_library_reads_files_by_their_names(tmp_path: Path) -> None:
    """One document, plain or as gzip; a fault of the file is the report's; `load` reads them too."""
    good, cut, plain = tmp_path / "a.json.gz", tmp_path / "b.gz", tmp_path / "c.json.gz"
    good.write_bytes(gzip.compress(b'{"resourceType":"Patient"}'))
    cut.write_bytes(gzip.compress(BASIC)[:-1])
    plain.write_bytes(BASIC)
    assert GUARD.check(good).may_process
    assert type(GUARD.load(good).resource).__name__ == "Patient"
    assert (codes(cut), codes(plain)) == (["gzip-truncated"], ["not-gzip"])
    assert not GUARD.check(cut).may_process
    assert GUARD.check(cut).to_record()["decisions"][0]["ground"] == "unreadable"
    assert document_of("x", io.BytesIO(BASIC), Limits()) == Document("x", BASIC)


def test_files_of_many_documents_are_asked_for_line_by_line(tmp_path: Path) -> None:
    """`check` says what to call; an archive is for the command line."""
    for name, words in (("a.ndjson", "ask `ndjson`"), ("a.jsonl.gz", "ask `ndjson`"), ("a.zip", "is an archive")):
        with pytest.raises(UsageError, match=words):
            GUARD.check(tmp_path / name)
    with pytest.raises(UsageError, match="cannot read"):
        GUARD.check(tmp_path / "absent.json.gz")


def test_lines_as_gzip(tmp_path: Path) -> None:
    """Each with its report, then one without number and bytes for the file where it is damaged."""
    file = tmp_path / "a.ndjson.gz"
    file.write_bytes(gzip.compress(LINES))
    assert [(line.number, line.raw, line.report.may_process) for line in GUARD.ndjson(file)] == [
        (1, BASIC, True),
        (2, BAD, False),
    ]
    file.write_bytes(gzip.compress(LINES)[:-1])
    *lines, last = GUARD.ndjson(str(file))
    assert [line.number for line in lines] == [1, 2]
    assert (last.number, last.raw, last.report.line, last.report.may_process) == (None, b"", None, False)
    assert [problem.code for problem in last.report.problems] == ["gzip-truncated"]
    (tmp_path / "empty.ndjson").write_bytes(b"\n")
    assert list(GUARD.ndjson(tmp_path / "empty.ndjson")) == []


@pytest.mark.parametrize(
    "raw", [gzip.compress(BASIC), archive(**{"a.json": BASIC}), b"PK", b"\x1f\x8b"], ids=["gzip", "zip", "PK", "1f 8b"]
)
def test_compressed_bytes_are_refused_with_the_way_out(raw: bytes) -> None:
    """They have no name to go by; the message says to hand over the file, or what is in it."""
    (problem,) = GUARD.check(raw).problems
    assert problem.code == "encoding"
    assert "decompress it first, or name its file" in problem.message


def test_an_absent_document_can_be_lawful() -> None:
    """A file without a line is none that fails."""
    (item,) = items_of("a.ndjson", io.BytesIO(b""), Limits())
    assert item == Absent("a.ndjson", NOTHING, fails=False)
