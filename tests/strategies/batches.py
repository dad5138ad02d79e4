"""Documents as rows of Arrow batches, and what is to be said of them: what `check` says of each by itself."""

from __future__ import annotations

import json
import random
from datetime import date
from typing import Any

import pyarrow as pa

from caveat import Guard
from caveat.arrow import check_batch

TODAY = date(2026, 11, 23)
GUARD = Guard.default()
KINDS = [pa.binary(), pa.large_binary(), pa.binary_view(), pa.dictionary(pa.int32(), pa.binary())]
TEXTS = [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())]


def batch(rows: list[bytes | None], kind: Any = None) -> pa.RecordBatch:
    """Return documents as a batch with one column, `raw`."""
    values = pa.array(rows, pa.binary())
    if kind in TEXTS:
        values = pa.array([None if row is None else row.decode() for row in rows], pa.string())
    return pa.record_batch({"raw": values if kind is None else cast(values, kind)})


def cast(values: pa.Array, kind: Any) -> pa.Array:
    """Return an array in another of the types that hold bytes."""
    return values.dictionary_encode().cast(kind) if pa.types.is_dictionary(kind) else values.cast(kind)


def told(rows: list[bytes | None], mode: str = "strict", guard: Guard = GUARD, **options: Any) -> list[dict[str, Any]]:
    """Return the reports on rows, as plain data."""
    return check_batch(batch(rows, options.pop("kind", None)), guard, column="raw", mode=mode, today=TODAY, **options).to_pylist()


def expected(raw: bytes, guard: Guard = GUARD, **options: Any) -> dict[str, Any]:
    """Return the record that `check` gives of one document, with the columns that only a batch has."""
    made = guard.check(raw, today=TODAY, **options).to_record()
    return {"id": None, "decisions_omitted": None, "native_omitted": None, **made}


def differences(rows: list[bytes], guard: Guard, **options: Any) -> list[str]:
    """Return what Arrow says otherwise than `check` does, of rows in one batch."""
    wrong = []
    strict = told(list(rows), "strict", guard, **options)
    triaged = told(list(rows), "scan", guard, **options)
    for raw, one, other in zip(rows, strict, triaged, strict=True):
        said = expected(raw, guard, **options)
        if one != said:
            wrong.append(f"strict: {raw[:80]!r}")
        if other["evidence"] == "scanned":
            if not is_beyond_scan(said):
                wrong.append(f"missed: {raw[:80]!r}")
        elif other != said:
            wrong.append(f"scan: {raw[:80]!r}")
    return wrong


def is_beyond_scan(report: dict[str, Any]) -> bool:
    """Whether a report has nothing that a scan speaks of: a document that cannot be read, or null among objects, is beyond it."""
    beyond = ("unreadable", "null in an array of objects")
    return all(decision["ground"] in beyond or decision["detail"] in beyond for decision in report["decisions"])


def planted(line: bytes, rng: random.Random) -> bytes:
    """Return a line as it is, or with a modifier on one of its elements."""
    tree = json.loads(line)
    if rng.randrange(10):
        return line
    elements = [tree, *(each for value in tree.values() if isinstance(value, list) for each in value if isinstance(each, dict))]
    rng.choice(elements)["modifierExtension"] = [{"url": f"https://example.org/{rng.randrange(9)}", "valueBoolean": True}]
    return json.dumps(tree).encode()
