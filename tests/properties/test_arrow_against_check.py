"""Arrow, strict and by scan, says of random documents in one batch what `check` says of each; a scan misses nothing.

Each case is a random policy, and a batch of the documents that it and seven others were made for. Rows that are much alike, some
of them of several lines, are held against `check` too: that remembers nothing. `CAVEAT_CASES` is the number of
those, where it is more.
"""

from __future__ import annotations

import json
import os
import random
import re

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caveat import Guard
from caveat.arrow import apart_schema, asking, check_apart, check_parts, free_record
from caveat.arrow.judging import Part
from caveat.bulk import memory
from reference.generate import random_case, to_caveat
from strategies.batches import TODAY, batch, differences, expected, is_beyond_scan
from strategies.lines import line

BATCH = 8
LEAST = 6_000  # lines, without which too few are alike
CASES = max(LEAST, int(os.environ.get("CAVEAT_CASES", LEAST)))
ALIKE = 60
RULES = """caveat 1;
policy "p" version "1" { owner "x@x.example"; }
understand u: "http://example.org/unknown" on Patient.** because "x" assessed 2026-01-01;
"""
_WORD = re.compile(rb'"(?:[^"\\]|\\.)*"|[0-9]+|true')
_WORDS = [
    b'"x"', b'"\xc3\xa9"', b'"\xe9"', b'"a\\"b"', b'"a\nb"', b'"\n"', b'"\r"', b'"\x01"', b'"' + b"y" * 3000 + b'"', b'""', b"7",
    b"false", b"null", b"[]", b'"modifierExtension"', b'"implicitRules"', b'"SUBSETTED"', b'"http://example.org/unknown"',
]  # fmt: skip


@given(st.integers(0, 2**48))
def test_random_documents_are_judged_as_check_does(seed: int) -> None:
    """No difference, and nothing missed, for any seed of the generator that the reference is compared with too."""
    rng = random.Random(seed)
    cases = [random_case(rng) for _ in range(BATCH)]
    rows = [json.dumps(case.document, default=float).encode() for case in cases if case.wire == "fhir"]
    guard = Guard.from_text(to_caveat(cases[0].policy))
    assert differences(rows, guard, release=cases[0].release, intent=cases[0].intent) == []


def near(raw: bytes, dice: random.Random) -> bytes | None:
    """Return a document that differs from another in a word, in a byte, or in white space, or in nothing; or a null."""
    kind = dice.random()
    words = list(_WORD.finditer(raw))
    if kind < 0.55 and words:
        found = dice.choice(words)
        raw = raw[: found.start()] + dice.choice(_WORDS) + raw[found.end() :]
    elif kind < 0.7 and raw:
        at = dice.randrange(len(raw))
        raw = (
            raw[:at]
            + dice.choice([b"\n", b"\r", b" ", b'"', b"\\", bytes([dice.randrange(256)])])
            + raw[at + dice.randrange(2) :]
        )
    elif kind < 0.75:
        raw = dice.choice([raw + b"\n", raw + b"\r", raw + b"\r\n", b"\n" + raw, raw.replace(b",", b",\n"), raw + b"\n" + raw])
    return None if kind > 0.98 else raw


@pytest.mark.parametrize("guard", [Guard.default(), Guard.from_text(RULES)], ids=["none", "rules"])
def test_rows_alike_are_judged_as_check_does(guard: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever was remembered of rows before, in this batch and in others, each has the report of `check`, its id among it."""
    monkeypatch.setattr(memory, "_OFTEN", 1)
    monkeypatch.setattr(memory, "_HOT", 2)
    dice, tried, answered = random.Random(17), 0, []
    real = Part.add_alike
    monkeypatch.setattr(Part, "add_alike", lambda self, row, known: (real(self, row, known), answered.append(row)))
    bases = [line(dice) for _ in range(12)]
    strict, scan = (asking(guard, mode=mode, today=TODAY) for mode in ("strict", "scan"))
    while tried < CASES // 2:
        base = dice.choice(bases) if dice.random() < 0.5 else line(dice)
        rows = [base, base, *(near(base, dice) for _ in range(dice.randrange(ALIKE)))]
        made = batch([b"x", *rows]).slice(1)
        read = [row for part in check_parts(made, strict, column="raw") for row in part.to_pylist()]
        triaged = [row for part in check_parts(made, scan, column="raw") for row in part.to_pylist()]
        assert len(read) == len(triaged) == len(rows)
        for raw, one, other in zip(rows, read, triaged, strict=True):
            if raw is None:
                assert one == other
                assert one["problems"][0]["code"] == "null"
                continue
            said = expected(raw, guard)
            assert one == said, raw
            assert other == said or (other["evidence"] == "scanned" and is_beyond_scan(said)), raw
        assert together(made, scan) == triaged
        tried += len(rows)
    assert len(answered) > tried // 8


def together(made: pa.RecordBatch, asked: object) -> list[dict[str, object]]:
    """Return reports put together from reports apart, with and without sparing."""
    free = {"decisions_omitted": None, "native_omitted": None, **free_record(asked.question)}  # type: ignore[attr-defined]
    told = []
    for spares in (True, False):
        found = pa.Table.from_batches(check_apart(made, asked, column="raw", spares=spares), apart_schema())  # type: ignore[arg-type]
        rows = found.to_pylist()
        assert all(len(row["told"]) == (not row["is_free"]) for row in rows)
        assert spares or not any(row["is_free"] for row in rows)
        told.append([{**(row["told"] or [free])[0], "id": row["id"], "input_sha256": row["input_sha256"]} for row in rows])
    assert told[0] == told[1]
    return told[0]
