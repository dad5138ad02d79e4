"""All ways through a file of lines say the same: in blocks of any size, by several processes, from gzip, and by a scan.

Each is held against `reference.lines`, which does one line after the other, and that against the standard library's reader.
`CAVEAT_PAIRS` is the number of lines.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import random
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from caveat import Guard, Limits
from caveat.bulk import blocks
from caveat.bulk.judging import SCANNED, Plan, judged
from caveat.bulk.streams import Stream
from caveat.domain.decision import Verdict
from caveat.formats.record import record
from caveat.intake import triage
from reference import json_reader
from reference import lines as reference
from strategies.lines import lines

COUNT = int(os.environ.get("CAVEAT_PAIRS", "20000"))
AT_ONCE = 5000
DAY = date(2026, 11, 25)
GUARD = Guard.default()
Record = dict[str, Any]

# What only reading shows, and a scan does not claim: null among objects, and that a line is no JSON or no resource.
_UNCLAIMED = {"null in an array of objects"}


Wanted = list[tuple[int, bytes, Record]]


def told(report: Any, line: int | None) -> Record:
    return {**record(report), "line": line}


def read(path: Path, guard: Guard = GUARD, **options: Any) -> list[tuple[int, bytes, Record]]:
    return [(each.number or 0, each.raw, record(each.report)) for each in guard.ndjson(path, today=DAY, **options)]


def test_all_ways_are_alike(tmp_path: Path) -> None:
    """Batch after batch, each line is judged as by the reference; a scan passes nothing of what that finds (MX-42)."""
    seen: Counter[str] = Counter()
    for seed in range(max(1, COUNT // AT_ONCE)):
        body = b"\n".join(lines(min(AT_ONCE, COUNT), seed)) + b"\n" * (seed % 2)
        wanted = [(n, raw, told(report, n)) for n, raw, report in reference.judged(GUARD, body, today=DAY)]
        agrees_with_the_standard_library(wanted)
        plain, packed = tmp_path / "a.ndjson", tmp_path / "a.ndjson.gz"
        plain.write_bytes(body)
        packed.write_bytes(gzip.compress(body, 1))
        assert read(plain) == wanted
        scanned = read(packed, scan=True)
        if seed % 2:
            assert read(packed, workers=2) == wanted
        else:
            assert read(plain, scan=True, workers=3) == scanned
        passes_nothing(scanned, wanted, seen)
    assert min(seen[SCANNED], seen["document"]) > COUNT // 10


def agrees_with_the_standard_library(wanted: Wanted) -> None:
    """Hold records against the standard library: what it refuses is unreadable, where it finds the slot is a rejection."""
    for _, raw, said in wanted:
        try:
            tree = json_reader.read(raw)
        except json_reader.RefusedError:
            assert [each["ground"] for each in said["decisions"]] == ["unreadable"]
            continue
        if holds(tree):
            assert said["verdict"] == "reject"


def holds(tree: object) -> bool:
    """Return whether a name anywhere is that of the slot, whatever its case."""
    if isinstance(tree, dict):
        return any(name.lower() == "modifierextension" or holds(value) for name, value in tree.items())
    return isinstance(tree, list) and any(map(holds, tree))


def passes_nothing(scanned: Wanted, wanted: Wanted, seen: Counter[str]) -> None:
    """Require that strict reading decides nothing on a line that was only scanned, but what is not claimed; others are equal."""
    assert [each[:2] for each in scanned] == [each[:2] for each in wanted]
    for (_, _, fast), (_, _, strict) in zip(scanned, wanted, strict=True):
        seen[fast["evidence"]] += 1
        if fast["evidence"] != SCANNED:
            assert fast == strict
            continue
        assert fast["verdict"] == "clear"
        grounds = {each["ground"] for each in strict["decisions"] if each["detail"] not in _UNCLAIMED}
        assert grounds <= {"unreadable"}, strict


@pytest.mark.parametrize("size", [3, 64, 1000])
def test_blocks_of_any_size(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However small blocks and pieces are, the same lines are told, by a scan too, and longer lines than a block are whole."""
    body = b"\n".join(lines(600, size))
    question = GUARD._question(b"", None, release=None, today=DAY, intent="read", source=None)
    for scans in (False, True):
        plan = Plan(question, scans=scans, tells_all=True)
        whole = [(each.line, each.verdict) for each in parted(plan, body, len(body) + 1)]
        with monkeypatch.context() as patch:
            patch.setattr(triage, "PIECE", 128)
            patch.setattr(triage, "_STEP", 128 - triage._OVERLAP)
            assert [(each.line, each.verdict) for each in parted(plan, body, size)] == whole


def parted(plan: Plan, body: bytes, size: int) -> list[Any]:
    stream = Stream("a.ndjson", io.BytesIO(body), plan.question.limits)
    room = bytearray(size)
    return [each for block in stream.blocks(lambda: room) for each in judged(plan, block).told]


@pytest.mark.parametrize("scan", [False, True])
@pytest.mark.parametrize("workers", [1, 2])
def test_lines_beyond_the_limit(tmp_path: Path, scan: bool, workers: int, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: FBT001  a table
    """A line longer than the limit is refused, whatever a scan finds in it, and the lines around it are judged."""
    guard = Guard(GUARD.policy, limits=Limits(bytes=300))
    long = b'{"resourceType":"Patient","a":"' + b"x" * 5000 + b'"}'
    body = b"\n".join(
        [b'{"resourceType":"Patient"}', long, b"", long * 700, b'{"resourceType":"Basic","modifierExtension":[]}', long]
    )
    path = tmp_path / "a.ndjson"
    path.write_bytes(body)
    found = list(guard.ndjson(path, scan=scan, workers=workers, today=DAY))
    assert [(each.number, each.report.verdict.word) for each in found] == [
        (1, "clear"), (2, "reject"), (4, "reject"), (5, "reject"), (6, "reject"),
    ]  # fmt: skip
    assert [len(each.raw) for each in found[1:3]] == [301, 301]
    assert [each.report.problems[0].code for each in found[1:3]] == ["size", "size"]


def test_blocks_are_the_stream() -> None:
    """Together the blocks of any stream are the stream, and each tells where it stands in it."""
    dice = random.Random(7)
    for _ in range(300):
        body = b"\n".join(b"x" * dice.choice([0, 1, 5, 60]) for _ in range(dice.randrange(12)))
        room = bytearray(dice.choice([1, 4, 9, 100]))
        offset, line, seen = 0, 1, b""
        for block in blocks.Blocks(io.BytesIO(body), dice.choice([3, 20, 1000]), lambda: room):  # noqa: B023  called at once
            assert (block.offset, block.line) == (offset, line)
            seen += bytes(block.view)
            offset, line = offset + block.end, line + block.lines
        assert seen == body


def test_reports_can_be_reduced_wherever_they_were_made(tmp_path: Path) -> None:
    """The reduced form of a line's report is that of its document's, made in another process or here."""
    path = tmp_path / "a.ndjson"
    path.write_bytes(b'{"resourceType":"Patient","id":"a"}\n')
    for workers in (1, 2):
        (line,) = GUARD.ndjson(path, workers=workers)
        assert line.report.reduced() == GUARD.check(path.read_bytes()[:-1]).reduced()
        assert line.report.verdict is Verdict.CLEAR
        assert json.loads(line.raw)["id"] == "a"
