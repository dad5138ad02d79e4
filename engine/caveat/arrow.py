"""Arrow: a batch of documents in, a batch of reports out, row by row in the same order.

Rule 1: each row has exactly one report. A null, and a row on which Caveat itself fails, are verdicts: reject, unreadable.
Rule 2: what a report looks like is said in `formats.schema` and nowhere else; the columns here are made from it.
Rule 3: the bytes judged are those of the column's own buffer, never a decoded copy: text that is no UTF-8 is judged as it is.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import pairwise
from types import NoneType
from typing import Any, Final, Literal, get_args, get_origin

from pydantic import BaseModel

from caveat.asking import day_of, one_of, release_of, text_asked
from caveat.bulk.judging import failed, scanned
from caveat.bulk.needles import needles_of
from caveat.domain.decision import Intent
from caveat.domain.errors import UsageError
from caveat.formats.record import record
from caveat.formats.schema import ReportRecord
from caveat.guard import Guard
from caveat.intake.json_reader import Unreadable
from caveat.intake.reading import Form
from caveat.judge.check import Question, judge_bytes, judge_tree
from caveat.telemetry.seen import Counted
from caveat.telemetry.watching import is_watched, tell_block

try:
    import pyarrow as pa
    from pyarrow import compute as pc
except ImportError:
    raise UsageError("`caveat.arrow` needs pyarrow: pip install 'caveat[arrow]', or 'caveat[spark]' for Spark") from None

ID: Final = "id"
"""The column of reports that has what the column named by `id=` has, and null without one."""
_MOST_PARTS: Final = 10_000  # decisions and the like in one batch: a hostile feed must not fill a worker's memory with reports
_NULL: Final = Unreadable("null", "the row holds no document: its value is null")

_OLDEST: Final = 17
if int(pa.__version__.partition(".")[0]) < _OLDEST:
    raise UsageError(f"pyarrow {pa.__version__} is too old, {_OLDEST} is needed: pip install 'caveat[arrow]'")


class Mode(StrEnum):
    """How rows are judged: `strict` reads each, `scan` reads those of which the bytes alone do not prove that all is well."""

    STRICT = "strict"
    SCAN = "scan"


def check_batch(
    batch: pa.RecordBatch,
    guard: Guard,
    *,
    column: str,
    id: str | None = None,  # noqa: A002  it is what the interface calls it
    source: str | None = None,
    mode: str = "strict",
    release: str | None = None,
    today: date | None = None,
    intent: str = "read",
    form: str | None = None,
) -> pa.RecordBatch:
    """Return the reports on the documents in `column`, one row for each row of `batch`, in order; see `report_schema`.

    `column` is text or bytes, one document a row; `id` names a column of strings that goes into the reports as it is. With
    `mode="scan"` a row that is proven free of modifiers is not read, and its report says `scanned`; all others are checked as
    with `strict`. The other arguments are those of `Guard.check`. UsageError when the call means nothing; never for data.
    """
    asked = asking(guard, source=source, mode=mode, release=release, today=today, intent=intent, form=form)
    made = list(check_parts(batch, asked, column=column, id=id))
    return made[0] if len(made) == 1 else pa.concat_batches(made)


def report_schema() -> pa.Schema:
    """Return the columns of a batch of reports: `id`, then the fields of `caveat.report/1` as `formats.schema` has them.

    Fields that a record leaves out (`decisions_omitted`) are null.
    """
    return pa.schema([pa.field(ID, pa.string()), *_fields(ReportRecord)])


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of every row of a batch."""

    question: Question
    mode: Mode
    form: Form | None


def asking(
    guard: Guard,
    *,
    source: str | None = None,
    mode: str = "strict",
    release: str | None = None,
    today: date | None = None,
    intent: str = "read",
    form: str | None = None,
) -> Asked:
    """Return what a call asks, for any number of batches on one day; UsageError when it means nothing."""
    if not isinstance(guard, Guard):
        raise UsageError(f"`guard` is a Guard, not a {type(guard).__name__}; make one with `Guard.from_files(...)`")
    if guard.audit is not None:
        said = "this guard has an audit trail, and batches are not recorded by themselves: "
        said += "pass `dataclasses.replace(guard, audit=None)`"
        raise UsageError(f"{said}, and record the reports: `caveat.spark.record(...)`, `caveat.spark.split(..., audit=log)`")
    question = Question(
        policy=guard.policy,
        release=release_of(guard.policy, None, release),
        today=day_of(today),
        intent=one_of(Intent, intent, "intent"),
        limits=guard.limits,
        source=text_asked(source, "source") or guard.source,
    )
    return Asked(question, one_of(Mode, mode, "mode"), None if form is None else one_of(Form, form, "form"))


def check_parts(
    batch: pa.RecordBatch,
    asked: Asked,
    *,
    column: str,
    id: str | None = None,  # noqa: A002  as above
) -> Iterator[pa.RecordBatch]:
    """Give the reports on a batch in parts of bounded size, at least one, in order; together they have its rows."""
    if not isinstance(batch, pa.RecordBatch):
        given = type(batch).__name__
        raise UsageError(f"`check_batch` takes a pyarrow.RecordBatch, not a {given}; `table.to_batches()` gives them")
    rows = _rows(_column(batch, column, "column"))
    names = _identities(batch, id)
    counted = Counted() if is_watched() else None
    free = _free(asked, rows) if asked.mode is Mode.SCAN else bytearray(len(rows))
    start = 0
    for records, picks in _told(asked, rows, free):
        counted = _tell(asked, counted, rows, range(start, start + len(picks)), [records[pick] for pick in picks])
        own = {ID: names.slice(start, len(picks)), "input_sha256": _digests(rows, range(start, start + len(picks)))}
        yield _reports(asked, records, picks, own)
        start += len(picks)


def _tell(asked: Asked, counted: Counted | None, rows: _Rows, span: range, told: Sequence[dict[str, Any]]) -> Counted | None:
    """Tell whoever watches what a part of a batch came to, and return what the next part is counted in."""
    if counted is None:
        return None
    for each in told:
        counted.take_record(each)
    counted.end()
    question, size = asked.question, rows.bounds[span.stop] - rows.bounds[span.start]
    tell_block(counted, question.policy.named, question.release.value, asked.form and asked.form.value, size)
    return Counted()


# the rows


@dataclass(frozen=True, slots=True)
class _Rows:
    """The documents of a column as they lie in memory: where each starts in `data`, one bound more than rows; and the nulls."""

    documents: pa.Array
    data: memoryview
    bounds: memoryview
    nulls: frozenset[int]

    def __len__(self) -> int:
        return len(self.bounds) - 1

    def view(self, row: int) -> memoryview:
        """Return the bytes of one row, not copied."""
        return self.data[self.bounds[row] : self.bounds[row + 1]]


def _column(batch: pa.RecordBatch, name: str, argument: str) -> pa.Array:
    """Return the one column of that name."""
    if not isinstance(name, str):
        raise UsageError(f"`{argument}` is the name of a column, not a {type(name).__name__}")
    found = batch.schema.get_all_field_indices(name)
    if len(found) == 1:
        return batch.column(found[0])
    names = ", ".join(f"`{each}`" for each in batch.schema.names)
    what = f"{len(found)} columns" if found else "no column"
    raise UsageError(f"the batch has {what} of the name `{name}`, which `{argument}` asks for; it has {names or 'none'}")


def _identities(batch: pa.RecordBatch, name: str | None) -> pa.Array:
    """Return the ids of the rows, as strings; nulls when nothing was asked."""
    if name is None:
        return pa.nulls(batch.num_rows, pa.string())
    found = _decoded(_column(batch, name, "id"))
    if not _is_text(found.type):
        raise UsageError(f"`id` is a column of strings, and `{name}` is {found.type}; cast it to string first")
    return found.cast(pa.string())


def _rows(array: pa.Array) -> _Rows:
    """Return the documents of a column; of strings and binaries nothing is copied, views and dictionaries are unpacked first."""
    found = _decoded(array)
    if not (_is_text(found.type) or _is_bytes(found.type)):
        raise UsageError(not_raw(str(array.type), parsed=pa.types.is_nested(found.type)))
    wide = found.type in {pa.large_string(), pa.large_binary()}
    if not wide and found.type not in {pa.string(), pa.binary()}:
        found, wide = found.cast(pa.large_binary()), True
    _, offsets, data = found.buffers()
    nulls = frozenset(n for n, is_null in enumerate(found.is_null().to_pylist()) if is_null) if found.null_count else frozenset()
    if not len(found):
        return _Rows(found, memoryview(b""), memoryview(bytes(4)).cast("i"), nulls)
    bounds = memoryview(offsets).cast("B").cast("q" if wide else "i")[found.offset : found.offset + len(found) + 1]
    return _Rows(found, memoryview(b"" if data is None else data).cast("B"), bounds, nulls)


def not_raw(kind: str, *, parsed: bool) -> str:
    """Say why a column of type `kind` cannot be checked, and what to do instead."""
    if not parsed:
        return f"the column is {kind}, and documents are text or bytes; name the column that holds them as they were received"
    return (
        f"the column is {kind}: it has been parsed already, into the fields that a schema knows. Modifiers on elements that the "
        "schema leaves out, duplicate keys, and whatever a reader passes over are lost there, and no check can find them again. "
        'Check the raw documents instead: `spark.read.text(path, lineSep="\\n")` for NDJSON, '
        '`spark.read.format("binaryFile").load(path)` for one document a file; and parse what was let through'
    )


def _decoded(array: pa.Array) -> pa.Array:
    """Return an array without its dictionary, or the storage of one of an extension type."""
    while isinstance(array, (pa.DictionaryArray, pa.ExtensionArray)):
        array = array.dictionary_decode() if isinstance(array, pa.DictionaryArray) else array.storage
    return array


def _is_text(kind: pa.DataType) -> bool:
    return kind in {pa.string(), pa.large_string()} or pa.types.is_string_view(kind)


def _is_bytes(kind: pa.DataType) -> bool:
    return kind in {pa.binary(), pa.large_binary()} or pa.types.is_fixed_size_binary(kind) or pa.types.is_binary_view(kind)


# the reports


def _free(asked: Asked, rows: _Rows) -> bytearray:
    """Return 1 for each row of which the bytes prove that no modifier is in it, 0 for what is to be read.

    What does not begin as an object, is larger than the limit, or is null is to be read, as triage itself demands.
    """
    try:
        # INVARIANT: rows follow each other. A batch from elsewhere may say otherwise, and then bytes of a row would go unseen.
        _as_bytes(rows.documents).validate(full=True)
        begun = pc.starts_with(rows.documents, pattern="{")
        small = pc.less_equal(pc.binary_length(rows.documents), asked.question.limits.bytes)
        free = bytearray(pc.and_(begun, small).fill_null(False).cast(pa.uint8()).buffers()[1])[: len(rows)]
        for start, _ in _hits(asked.question, rows):
            free[bisect_right(rows.bounds, start) - 1] = 0
    except Exception:  # noqa: BLE001  triage is a short cut: where it fails every row is read
        return bytearray(len(rows))
    return free


def _as_bytes(documents: pa.Array) -> pa.Array:
    """Return the same documents as bytes, of which Arrow does not ask that they are UTF-8."""
    kind = documents.type
    return documents.view(pa.binary() if kind == pa.string() else pa.large_binary() if kind == pa.large_string() else kind)


def _hits(question: Question, rows: _Rows) -> list[tuple[int, int]]:
    """Return the bounds of each row in which the bytes show something, all rows looked at as they lie, without a gap."""
    first = rows.bounds[0]

    def row_at(position: int) -> tuple[int, int]:
        row = bisect_right(rows.bounds, position + first) - 1  # of rows that begin there, the last: the others are empty
        return rows.bounds[row] - first, rows.bounds[row + 1] - first

    hits = needles_of(question.policy).hits(rows.data[first : rows.bounds[-1]], row_at)
    return [(start + first, end + first) for start, end in hits]


def _told(asked: Asked, rows: _Rows, free: Sequence[int]) -> Iterator[tuple[list[dict[str, Any]], list[int]]]:
    """Give records, and for each row in turn which of them is its own, in parts of bounded size.

    The first is that of all rows that are free. At least one part comes, even for no rows.
    """
    clear = record(scanned(asked.question))
    records, picks, parts = [clear], list[int](), 0
    for row in range(len(rows)):
        if free[row]:
            picks.append(0)
            continue
        told = _record(asked, rows, row)
        picks.append(len(records))
        records.append(told)
        parts += len(told["decisions"]) + len(told["native"]) + len(told["entries"])
        if parts > _MOST_PARTS and row + 1 < len(rows):
            yield records, picks
            records, picks, parts = [clear], [], 0
    yield records, picks


def _record(asked: Asked, rows: _Rows, row: int) -> dict[str, Any]:
    """Return the record of one row, whatever happens."""
    if row in rows.nulls:
        return record(judge_tree(asked.question, _NULL, "document").report)
    try:
        return record(judge_bytes(asked.question, bytes(rows.view(row)), asked.form).report)
    except Exception as error:  # noqa: BLE001  whatever it is, it is this row's verdict, and no other row's
        return record(failed(asked.question, error))


def _digests(rows: _Rows, span: range) -> pa.Array:
    """Return the SHA-256 of each row in hexadecimal, null where there is nothing."""
    data, sha256 = rows.data, hashlib.sha256  # names at hand: this is the one thing done for every row by itself
    found: list[str | None] = [
        sha256(data[start:end]).hexdigest() for start, end in pairwise(rows.bounds[span.start : span.stop + 1].tolist())
    ]
    for row in rows.nulls:
        if row in span:
            found[row - span.start] = None
    return pa.array(found, pa.string())


def _reports(asked: Asked, records: list[dict[str, Any]], picks: list[int], own: Mapping[str, pa.Array]) -> pa.RecordBatch:
    """Return for each of `picks` the record of that number, with the columns `own`, which are the rows' and not the records'."""
    schema = report_schema()
    told = _converted(asked, records, schema).take(pa.array(picks, pa.int32()))
    columns = [own.get(name, told.column(number)) for number, name in enumerate(schema.names)]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _converted(asked: Asked, records: list[dict[str, Any]], schema: pa.Schema) -> pa.RecordBatch:
    """Return records as columns; one that Arrow cannot hold is that row's verdict."""
    try:
        return pa.RecordBatch.from_pylist(records, schema=schema)
    except Exception:  # noqa: BLE001  as in `_record`
        return pa.concat_batches([_one(asked, each, schema) for each in records])


def _one(asked: Asked, told: dict[str, Any], schema: pa.Schema) -> pa.RecordBatch:
    try:
        return pa.RecordBatch.from_pylist([told], schema=schema)
    except Exception as error:  # noqa: BLE001  as in `_record`
        return pa.RecordBatch.from_pylist([record(failed(asked.question, error))], schema=schema)


# the columns


def _fields(model: type[BaseModel]) -> list[Any]:
    """Return the fields of a model of the wire form as Arrow has them."""
    found = []
    for name, stated in model.model_fields.items():
        kinds = get_args(stated.annotation)
        is_open = NoneType in kinds
        kind = next(each for each in kinds if each is not NoneType) if is_open else stated.annotation
        found.append(pa.field(stated.alias or name, _type(kind), nullable=is_open))
    return found


def _type(kind: Any) -> Any:
    """Return the Arrow type of one kind of field."""
    if get_origin(kind) is list:
        return pa.list_(pa.field("element", _type(get_args(kind)[0]), nullable=False))
    if get_origin(kind) is Literal:
        return _type(type(get_args(kind)[0]))
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return pa.struct(_fields(kind))
    return {str: pa.string(), int: pa.int64(), bool: pa.bool_()}[kind]
